//! `turn`: one pair's run for the daemon, in a process of its own. Hidden: nobody but the daemon gives it its orders.

use std::io::{BufRead, Read};

use anyhow::Context;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::pair_result::PairResult;
use super::usage::Usage;
use super::{Session, code, credentials, kept_reports, output, pairs, plan, shared, sync, told};
use crate::config::{Config, Overrides, Pair, ScheduledRun};
use crate::notify::Told;
use crate::reconcile::Mode;
use crate::run::{Consent, Finished, RunError};
use crate::schedule::Turn;

/// Takes its orders from stdin, runs, and prints what may be told as JSON.
pub(super) async fn run(session: &Session) -> anyhow::Result<u8> {
    let turn = orders(session.stop.clone()).await?;
    let overrides = Overrides { state_dir: session.global.state_dir.clone() };
    let config = Config::of(&turn.documents, &overrides)?;
    let Some(pair) = config.pair(&turn.pair) else { return Err(misused()) };
    let result = pairs::contained(Box::pin(one(session, &config, pair, turn.run, turn.only.clone()))).await;
    let interrupted = session.stop.is_cancelled();
    let exit = |finished: &Finished| match turn.run {
        ScheduledRun::Plan => plan::exit(finished, false),
        ScheduledRun::Sync | ScheduledRun::Full => sync::exit(finished, interrupted),
    };
    let used = turn.run != ScheduledRun::Plan && result.is_ok();
    let notices = if used { credentials::notices(session, &config, pair) } else { Vec::new() };
    let mut told = Told { notices, ..told::told(&config, pair, &result, exit) };
    if !turn.only.is_empty() && is_nobody(&result) {
        // A hook is a hint: that neither CRM has whom it names is no run that failed.
        told.code = code::DONE;
    }
    if let Ok(finished) = pairs::as_shown(&config, result) {
        kept_reports::leave(session, &config, pair, &finished);
    }
    output::print(&format!("{}\n", serde_json::to_string(&told)?))?;
    Ok(code::DONE)
}

async fn one(session: &Session, config: &Config, pair: &Pair, run: ScheduledRun, only: Vec<String>) -> PairResult {
    if let Some(shared) = shared::by_asking(session, config, &[pair]).await.remove(&pair.name) {
        return Err(shared.into());
    }
    if !only.is_empty() {
        return named(session, config, pair, only).await;
    }
    match run {
        ScheduledRun::Plan => plan::plan(session, config, pair, Mode::Incremental, &[]).await,
        ScheduledRun::Sync => sync::sync(session, config, pair, Mode::Incremental, Consent::default(), &[]).await,
        ScheduledRun::Full => sync::sync(session, config, pair, Mode::Full, Consent::default(), &[]).await,
    }
}

fn is_nobody(result: &PairResult) -> bool {
    result.as_ref().is_err_and(|error| matches!(error.downcast_ref(), Some(RunError::Nobody { .. })))
}

/// A run of whom hooks named. Whoever is in neither CRM keeps nobody else waiting.
async fn named(session: &Session, config: &Config, pair: &Pair, mut only: Vec<String>) -> PairResult {
    loop {
        let result = sync::sync(session, config, pair, Mode::Incremental, Consent::default(), &only).await;
        let nobody = match &result {
            Err(error) => match error.downcast_ref() {
                Some(RunError::Nobody { asked, .. }) => asked.clone(),
                _ => return result,
            },
            Ok(_) => return result,
        };
        only.retain(|name| !nobody.contains(name));
        if only.is_empty() || nobody.is_empty() {
            return result;
        }
    }
}

/// Reads the first line of stdin. When stdin ends, the run stops: the daemon says so, or is gone.
async fn orders(stop: CancellationToken) -> anyhow::Result<Turn> {
    let (give, take) = oneshot::channel();
    // A thread of its own, which the end of the process ends too: a runtime would wait for its reading.
    std::thread::Builder::new()
        .spawn(move || {
            let mut stdin = std::io::stdin().lock();
            let mut line = String::new();
            let read = stdin.read_line(&mut line).map(|_| line);
            // The other end is there until it has taken this.
            let _ = give.send(read);
            // What comes after the orders means nothing; its end does.
            let _ = std::io::copy(&mut stdin.by_ref(), &mut std::io::sink());
            stop.cancel();
        })
        .context("cannot read its orders")?;
    let line = take.await.context("cannot read its orders")?.context("cannot read its orders")?;
    serde_json::from_str(&line).map_err(|_| misused())
}

fn misused() -> anyhow::Error {
    let message = "`turn` takes its orders from the daemon".to_owned();
    Usage { message, hint: "run every pair by hand with: concord sync".to_owned() }.into()
}
