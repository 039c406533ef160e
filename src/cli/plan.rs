//! `plan`: the dry run.

use std::cell::RefCell;

use super::arguments::PlanOptions;
use super::pair_result::PairResult;
use super::{Session, arguments, clients, code, output, pairs, whom};
use crate::config::{Config, Pair};
use crate::reconcile::{GuardName, Mode};
use crate::run::{self, Finished, Job};
use crate::state::State;

pub(super) async fn run(session: &Session, options: &PlanOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    whom::check(&options.contact)?;
    let selected = pairs::in_shard(session, &config, options.shard)?;
    let mode = arguments::mode(options.full, options.rebuild);
    if options.rebuild && !session.global.quiet {
        warn_of_sound_states(session, &config, &selected);
    }
    options.save.as_deref().map_or(Ok(()), output::check_writable)?;
    let saved = RefCell::new(Vec::new());
    let work = |pair| {
        let saved = &saved;
        let config = &config;
        async move {
            if options.save.is_none() {
                return plan(session, config, pair, mode, &options.contact).await;
            }
            let clients = clients::connect(session, config, pair).await?;
            let job = clients.job(session, config, pair, mode);
            let (finished, plan) = run::plan_to_save(&job).await?;
            saved.borrow_mut().extend(plan);
            Ok(finished)
        }
    };
    let detailed = options.detailed_exitcode;
    let to = (options.format, options.out.as_deref());
    let code =
        pairs::run(session, &config, &selected, to, work, |_, _| {}, |finished| exit(finished, detailed)).await?;
    if let Some(path) = &options.save {
        let mut saved = saved.into_inner();
        saved.sort_by(|one, other| one.pair.cmp(&other.pair));
        output::write_whole(path, &format!("{}\n", serde_json::to_string_pretty(&saved)?))?;
    }
    Ok(code)
}

/// A rebuild is for states that were lost or are damaged; another one only loses by it.
fn warn_of_sound_states(session: &Session, config: &Config, pairs: &[&Pair]) {
    for pair in pairs {
        let state = State::open_read_only(&State::path_of(&config.state_dir, &pair.name));
        if matches!(state, Ok(Some(_))) {
            let said = "the state is sound and needs no rebuild: one would set its base and history aside";
            output::complain(&format!("{}: {}\n", pair.name, session.say(said)));
        }
    }
}

pub(super) async fn plan(session: &Session, config: &Config, pair: &Pair, mode: Mode, only: &[String]) -> PairResult {
    let clients = clients::connect(session, config, pair).await?;
    let job = Job { only: only.to_vec(), ..clients.job(session, config, pair, mode) };
    Ok(run::plan(&job).await?)
}

/// The exit code of a dry run.
pub(super) fn exit(finished: &Finished, detailed: bool) -> u8 {
    // A first sync that waits is what a look before it is for: it stops nothing that was not meant to be stopped.
    let waits = finished.plan.tripped().any(|guard| detailed || guard.guard != GuardName::FirstSync);
    if finished.failure().is_some() {
        code::FAILED
    } else if waits {
        code::REFUSED
    } else if detailed && !finished.plan.operations.is_empty() {
        code::PENDING
    } else if detailed && finished.needs_a_person() {
        code::PERSON
    } else {
        code::DONE
    }
}
