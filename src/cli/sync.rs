//! `sync`: plan, guards, apply, settle, report.

use std::sync::Arc;

use tracing::warn;

use super::arguments::SyncOptions;
use super::environment::environment;
use super::pair_result::PairResult;
use super::usage::Usage;
use super::{Session, arguments, clients, code, credentials, pairs, told, whom};
use crate::config::{Config, Pair};
use crate::notify::{Notifier, Round, Told};
use crate::reconcile::Mode;
use crate::run::{self, Consent, Finished, Job, SavedPlan};

pub(super) async fn run(session: &Session, options: &SyncOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    whom::check(&options.contact)?;
    let mut selected = pairs::in_shard(session, &config, options.shard)?;
    if options.approve.is_some() && selected.len() > 1 {
        return Err(Usage {
            message: "--approve names the plan of one pair".to_owned(),
            hint: pairs::say_which(&selected),
        }
        .into());
    }
    let saved = options.plan.as_deref().map(SavedPlan::read).transpose()?;
    if let Some(saved) = &saved {
        selected.retain(|pair| saved.iter().any(|plan| plan.pair == pair.name));
        if selected.is_empty() {
            return Err(Usage {
                message: "the saved plan is of no pair that is selected here".to_owned(),
                hint: "make one with: concord plan --save plan.json".to_owned(),
            }
            .into());
        }
    }
    let mode = arguments::mode(options.full, options.rebuild);
    let notifier = Arc::new(notifier(&config));
    let teller = Arc::clone(&notifier);
    let begins = tokio::spawn(async move { teller.begins().await });
    let to = (options.format, options.out.as_deref());
    let exit = |finished: &Finished| exit(finished, session.stop.is_cancelled());
    let mut told: Vec<Told> = Vec::new();
    let code = pairs::run(
        session,
        &config,
        &selected,
        to,
        |pair| {
            let saved = saved.iter().flatten().find(|plan| plan.pair == pair.name).cloned();
            let mode = saved.as_ref().map_or(mode, |saved| saved.mode);
            let consent = Consent { approve: options.approve.clone(), allow_empty: options.allow_empty.clone(), saved };
            sync(session, &config, pair, mode, consent, &options.contact)
        },
        |pair, result| {
            // A run that did not come about used no credential.
            let notices = if result.is_ok() { credentials::notices(session, &config, pair) } else { Vec::new() };
            told.push(Told { notices, ..told::told(&config, pair, result, exit) });
        },
        exit,
    )
    .await;
    // First what a person waits for, then whoever is elsewhere. And first that it began; a telling that broke off says so
    // itself.
    let _ = begins.await;
    told.sort_by(|one, other| one.pair.cmp(&other.pair));
    notifier.ended(Round { name: "sync", pairs: &told }).await;
    code
}

/// Whoever hears of it. Nobody does where a secret of `[notify]` is missing: that is no reason not to run.
fn notifier(config: &Config) -> Notifier {
    Notifier::new(&config.notify, config.report.language, &environment).unwrap_or_else(|why| {
        warn!("nobody is told of this run: {why}");
        Notifier::default()
    })
}

pub(super) async fn sync(
    session: &Session,
    config: &Config,
    pair: &Pair,
    mode: Mode,
    consent: Consent,
    only: &[String],
) -> PairResult {
    let clients = clients::connect(session, config, pair).await?;
    let job = Job { only: only.to_vec(), ..clients.job(session, config, pair, mode) };
    Ok(run::sync(&job, clients.writers(), &consent).await?)
}

/// The exit code of a run.
pub(super) fn exit(finished: &Finished, interrupted: bool) -> u8 {
    if interrupted { code::INTERRUPTED } else { finished.exit_code() }
}
