//! `plan`: the dry run.

use super::arguments::PlanOptions;
use super::pairs::PairResult;
use super::{Session, arguments, clients, code, output, pairs};
use crate::config::{Config, Pair};
use crate::reconcile::{GuardName, Mode};
use crate::run::{self, Finished, SavedPlan};

pub(super) async fn run(session: &Session, options: &PlanOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    let selected = pairs::selected(session, &config)?;
    let mode = arguments::mode(options.full, options.rebuild);
    let results = pairs::each(session, &config, &selected, |pair| plan(session, &config, pair, mode)).await?;
    if let Some(path) = &options.save {
        let mut saved = Vec::new();
        for (pair, result) in &results {
            if let Ok(finished) = result {
                saved.push(SavedPlan::bind(pair, &config.state_dir, mode, finished.plan.id(), session.clock.now())?);
            }
        }
        output::write_whole(path, &format!("{}\n", serde_json::to_string_pretty(&saved)?))?;
    }
    let detailed = options.detailed_exitcode;
    let results = pairs::as_shown(&config, results);
    pairs::deliver(session, &results, options.format, options.out.as_deref(), |finished| exit(finished, detailed))
}

async fn plan(session: &Session, config: &Config, pair: &Pair, mode: Mode) -> PairResult {
    let clients = clients::connect(session, &config.state_dir, pair).await?;
    let job = clients.job(session, config, pair, mode);
    Ok(run::plan(&job).await?)
}

/// The exit code of a dry run.
pub(super) fn exit(finished: &Finished, detailed: bool) -> u8 {
    let guarded = finished.plan.tripped().any(|guard| guard.guard != GuardName::FirstSync);
    if guarded {
        code::REFUSED
    } else if detailed && !finished.plan.operations.is_empty() {
        code::PENDING
    } else if detailed && finished.needs_a_person() {
        code::PERSON
    } else {
        code::DONE
    }
}
