//! `sync`: plan, guards, apply, settle, report.

use super::arguments::SyncOptions;
use super::explain::Usage;
use super::pairs::PairResult;
use super::{Session, arguments, clients, code, pairs};
use crate::config::{Config, Pair};
use crate::reconcile::Mode;
use crate::run::{self, Consent, Finished, SavedPlan};

pub(super) async fn run(session: &Session, options: &SyncOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    let mut selected = pairs::selected(session, &config)?;
    if options.approve.is_some() && selected.len() > 1 {
        return Err(Usage {
            message: "--approve names the plan of one pair".to_owned(),
            hint: "add --pair NAME".to_owned(),
        }
        .into());
    }
    let saved = options.plan.as_deref().map(SavedPlan::read).transpose()?;
    if let Some(saved) = &saved {
        selected.retain(|pair| saved.iter().any(|plan| plan.pair == pair.name));
        if selected.is_empty() {
            return Err(Usage {
                message: "the saved plan is of no pair that is selected here".to_owned(),
                hint: "make one with: concord plan --save FILE".to_owned(),
            }
            .into());
        }
    }
    let mode = arguments::mode(options.full, options.rebuild);
    let results = pairs::each(session, &config, &selected, |pair| {
        let saved = saved.iter().flatten().find(|plan| plan.pair == pair.name).cloned();
        let mode = saved.as_ref().map_or(mode, |saved| saved.mode);
        let consent = Consent { approve: options.approve.clone(), allow_empty: options.allow_empty.clone(), saved };
        sync(session, &config, pair, mode, consent)
    })
    .await?;
    let interrupted = session.stop.is_cancelled();
    let results = pairs::as_shown(&config, results);
    pairs::deliver(session, &results, options.format, options.out.as_deref(), |finished| exit(finished, interrupted))
}

async fn sync(session: &Session, config: &Config, pair: &Pair, mode: Mode, consent: Consent) -> PairResult {
    let clients = clients::connect(session, &config.state_dir, pair).await?;
    let job = clients.job(session, config, pair, mode);
    Ok(run::sync(&job, &consent).await?)
}

/// The exit code of a run.
pub(super) fn exit(finished: &Finished, interrupted: bool) -> u8 {
    if interrupted {
        code::INTERRUPTED
    } else if finished.failure().is_some() {
        code::FAILED
    } else if finished.is_refused() {
        code::REFUSED
    } else if finished.needs_a_person() {
        code::PERSON
    } else {
        code::DONE
    }
}
