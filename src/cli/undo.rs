//! `undo`: takes back what a run wrote, through the same plan, guards and journal as a sync.

use super::arguments::UndoOptions;
use super::pair_result::PairResult;
use super::usage::Usage;
use super::{Session, clients, pairs, plan, sync};
use crate::config::{Config, Pair};
use crate::reconcile::Mode;
use crate::run::{self, Consent, Finished};

pub(super) async fn run(session: &Session, options: &UndoOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    let selected = pairs::selected(session, &config)?;
    if selected.len() != 1 {
        let message = "a run's number is one pair's".to_owned();
        return Err(Usage { message, hint: pairs::say_which(&selected) }.into());
    }
    let to = (options.format, options.out.as_deref());
    let work = |pair| undo(session, &config, pair, options);
    let interrupted = || session.stop.is_cancelled();
    let exit = |finished: &Finished| {
        if options.dry_run { plan::exit(finished, false) } else { sync::exit(finished, interrupted()) }
    };
    pairs::run(session, &config, &selected, to, work, |_, _| {}, exit).await
}

async fn undo(session: &Session, config: &Config, pair: &Pair, options: &UndoOptions) -> PairResult {
    let clients = clients::connect(session, config, pair).await?;
    let job = clients.job(session, config, pair, Mode::Undo);
    if options.dry_run {
        return Ok(run::plan_undo(&job, options.run).await?);
    }
    let consent = Consent { approve: options.approve.clone(), allow_empty: options.allow_empty.clone(), saved: None };
    Ok(run::undo(&job, clients.writers(), options.run, &consent).await?)
}
