//! Enrolments that got no answer: nothing of them can be read back, so they wait for a person in the report of the run that
//! sent them.

use super::finished::{OperationOutcome, RunRecord};
use crate::reconcile::{Held, HeldReason, Plan, held_id, unanswered};
use crate::record::Kind;
use crate::state::{State, StateError};

/// Adds to `plan` what the run sent and got no answer to, as the next run will say it. Whether there was something.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn hold(state: &State, plan: &mut Plan, run: &RunRecord) -> Result<bool, StateError> {
    let waiting = state.unanswered_operations()?;
    let mut held = Vec::new();
    for operation in &plan.operations {
        let Some(enrolment) = operation.enrols() else { continue };
        let id = operation.failed_operation_id(&plan.pair);
        let is_unknown =
            run.outcomes.get(&operation.id).is_some_and(|ended| ended.outcome == OperationOutcome::Unknown);
        if !is_unknown || !waiting.contains(&id) {
            continue;
        }
        let link = state.link_of(Kind::Contact, &enrolment.contact())?;
        let (kind, ids) = (Kind::Contact, link.map_or_else(|| operation.ids.clone(), |link| link.ids));
        let reason = HeldReason::UnknownOutcome;
        let own = held_id(&plan.pair, kind, &ids, reason);
        let is_it = |one: &&Held| (one.kind, &one.ids, one.reason) == (kind, &ids, reason);
        let id_of_held = match plan.held.iter().chain(&held).filter(is_it).count() {
            0 => own,
            others => format!("{own}-{}", others + 1),
        };
        let (label, detail) = (operation.label.clone(), unanswered(&enrolment.effect, &id));
        held.push(Held { id: id_of_held, kind, ids, label, reason, detail, known: false });
    }
    let is_some = !held.is_empty();
    plan.held.extend(held);
    Ok(is_some)
}
