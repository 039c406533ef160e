//! A plan is held against its guards, applied and settled.

use std::sync::Mutex;

use tracing::info;

use super::apply::{self, Done};
use super::budget::Budget;
use super::consent::Consent;
use super::finished::{Finished, OperationOutcome, RunRecord, ToGo};
use super::pulled::Pulled;
use super::session::{BEGUN, DONE, FIRST_SYNC, Job, lock};
use super::{Approval, RunError, approval, backup};
use crate::crm::Writers;
use crate::reconcile::{Mode, Plan};
use crate::record::{Action, Forms, Kind, Side};
use crate::state::{Stage, State, StateError};
/// Holds a plan against its guards and a person's consent, and applies it where it passes. `before` writes it down,
/// `after` settles what needs no request, and is told whether every operation had its turn.
#[expect(clippy::too_many_arguments, reason = "what a plan is applied with, each of its own type")]
pub(super) async fn carry_out(
    (job, writers): (&Job<'_>, Writers<'_>),
    consent: &Consent,
    state: &Mutex<State>,
    stage: &Mutex<Stage>,
    plan: &Plan,
    forms: &Forms,
    budget: &Budget,
    record: &mut RunRecord,
    before: impl FnOnce(&mut State) -> Result<(), StateError>,
    after: impl FnOnce(&mut State, &Done) -> Result<(), StateError>,
) -> Result<(), RunError> {
    let approval = Approval::of(consent, plan, &lock(state))?;
    if approval.refuses(plan) {
        record.refused = true;
        record.unfit_approval = approval.unfit().map(str::to_owned);
        lock(state).keep_refused(&plan.id(), record.id, &approval::guarded(plan))?;
        return Ok(());
    }
    if job.mode != Mode::Rebuild && !job.pair.is_sandbox() {
        lock(state).keep_witness()?;
    }
    backup::before_a_large_run(&lock(state), plan, record.started)?;
    before(&mut lock(state))?;
    let mut done = apply::apply((job, writers), state, stage, record.id, plan, forms, budget).await;
    let settled = match done.failure.take() {
        Some(failure) => Err(failure),
        None => after(&mut lock(state), &done),
    };
    record.outcomes = done.outcomes;
    record.left_out = done.left_out;
    let given_up = done.broken.map(|(_, why)| format!("{why}; what was left is planned again"));
    record.unauthorized = settled.is_ok() && done.unauthorized.is_some();
    record.failure = settled.err().map(|why| why.to_string()).or(done.unauthorized).or(given_up);
    Ok(())
}

/// Whether everybody was seen once: before that, some people alone would be a part of a first sync that nobody approved.
pub(super) fn first_sync_was_made(state: &State) -> Result<bool, StateError> {
    Ok(state.has_contacts()? && state.meta(FIRST_SYNC)?.as_deref() != Some(BEGUN))
}

/// A first sync that came to its end is over, whatever was refused in it.
pub(super) fn first_sync_is_done(state: &State) -> Result<(), StateError> {
    match state.meta(FIRST_SYNC)?.as_deref() {
        Some(BEGUN) => state.set_meta(FIRST_SYNC, DONE),
        _ => Ok(()),
    }
}

/// `semantics` 65: how far a first sync is that the day's quota spreads over several runs.
pub(super) fn to_go(
    state: &Mutex<State>,
    plan: &Plan,
    record: &RunRecord,
    pulled: &Pulled,
    budget: &Budget,
) -> Result<Option<ToGo>, StateError> {
    let goes_on = lock(state).meta(FIRST_SYNC)?.as_deref() == Some(BEGUN);
    let is_short = budget.is_spent() || pulled.visited.left > 0;
    if !goes_on || !is_short || record.refused || record.failure.is_some() {
        return Ok(None);
    }
    let linked = lock(state).link_counts()?.contact;
    let left = plan.operations.iter().filter(|operation| {
        let ended = record.outcomes.get(&operation.id);
        ended.is_none_or(|ended| ended.outcome != OperationOutcome::Applied)
    });
    let (mut contacts, mut requests) = (linked, pulled.visited.never);
    for operation in left {
        let is_new = (operation.kind, operation.action()) == (Kind::Contact, Action::Create);
        contacts += u64::from(is_new);
        requests += if operation.side == Side::Ghl { 1 + 2 * u64::from(is_new) } else { 0 };
    }
    Ok(Some(ToGo { linked, contacts, runs: budget.runs_for(requests) }))
}

/// The finished run, written into the history.
pub(super) fn ended(job: &Job<'_>, state: &Mutex<State>, mut plan: Plan, mut record: RunRecord) -> Finished {
    let (run, started) = (record.id, record.started);
    plan.unsupported.append(&mut record.left_out);
    record.finished = job.clock.now();
    let mut finished = Finished { plan, generated_at: started, usage: job.usage(), run: Some(record) };
    let (status, summary) = finished.summary();
    let kept = lock(state).finish_run(run, status, &summary, job.clock.now());
    finished.fails(kept);
    info!(status, "run ends");
    finished
}
