//! Operations that fail for a reason of their own are counted, so that they are tried again with pauses and then set
//! aside. (I44)

use std::collections::BTreeMap;

use super::apply::Done;
use super::finished::OperationOutcome;
use super::saved::generation;
use super::without_request::Settles;
use crate::reconcile::{Operation, Plan, Settle, pause};
use crate::record::Side;
use crate::state::{FailedOperationRow, State, StateError};

/// Takes note of what failed, and of what got through after it had failed, in one transaction.
///
/// # Errors
/// When it cannot be written.
pub(super) fn note(state: &mut State, plan: &Plan, done: &Done, run: i64) -> Result<(), StateError> {
    let known: BTreeMap<String, FailedOperationRow> =
        state.failed_operations()?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let ended = |operation: &Operation| done.outcomes.get(&operation.id).map(|ended| ended.outcome);
    let failed = plan.operations.iter().filter(|operation| done.is_its_own(operation, plan));
    let failed: Vec<&Operation> = failed.collect();
    if known.is_empty() && failed.is_empty() {
        return Ok(());
    }
    let now: u64 = generation(Some(state))?.parse().unwrap_or(0);
    state.atomically(|state| {
        for operation in &plan.operations {
            if ended(operation) == Some(OperationOutcome::Applied) || done.set_aside.contains(&operation.id) {
                let id = operation.failed_operation_id(&plan.pair);
                if known.contains_key(&id) {
                    state.lift_failed_operation(&id)?;
                }
            }
        }
        for operation in failed {
            let id = operation.failed_operation_id(&plan.pair);
            let fingerprint = operation.fingerprint();
            let before = known.get(&id).filter(|row| row.fingerprint == fingerprint);
            let attempts = before.map_or(0, |row| row.attempts).saturating_add(1);
            let words = done.outcomes.get(&operation.id).and_then(|ended| ended.reason.clone());
            state.keep_failed_operation(&FailedOperationRow {
                id,
                kind: operation.kind,
                side: operation.side,
                action: operation.action().as_str().to_owned(),
                ids: operation.ids.clone(),
                parent: operation.parent.clone(),
                label: operation.label.clone(),
                fingerprint,
                attempts,
                words: words.unwrap_or_default(),
                run,
                due: now.saturating_add(pause(attempts)),
                dropped: false,
            })?;
        }
        Ok(())
    })
}

impl Done {
    /// Whether an operation failed for a reason of its own record. That is no attempt: a 429, a quota that is used up, a
    /// refused credential, a CRM that cannot be reached or keeps failing, a run that was stopped. An outcome that is not
    /// known counts where the same CRM took other writes in the same run: then it is not the CRM that fails.
    fn is_its_own(&self, operation: &Operation, plan: &Plan) -> bool {
        let Some(ended) = self.outcomes.get(&operation.id) else { return false };
        let stopped = self.broken.as_ref().is_some_and(|(side, _)| *side == operation.side);
        match ended.outcome {
            // It waits for a person's answer, and is no attempt.
            OperationOutcome::Unknown if operation.enrols().is_some_and(|one| !one.effect.can_be_read()) => false,
            OperationOutcome::Refused => !self.set_aside.contains(&operation.id),
            OperationOutcome::Failed => !stopped && self.own.contains(&operation.id),
            OperationOutcome::Unknown => {
                !stopped && (self.own.contains(&operation.id) || self.took(operation.side, plan))
            }
            OperationOutcome::Applied | OperationOutcome::SkippedStale | OperationOutcome::NotStarted => false,
        }
    }

    fn took(&self, side: Side, plan: &Plan) -> bool {
        plan.operations.iter().any(|operation| {
            let outcome = self.outcomes.get(&operation.id).map(|ended| ended.outcome);
            operation.side == side && operation.write().is_some() && outcome == Some(OperationOutcome::Applied)
        })
    }

    /// What settles besides the operations.
    pub(super) fn settles(&self, plan: &Plan) -> Settles {
        let left = plan.operations.iter().filter(|operation| {
            let ended = self.outcomes.get(&operation.id);
            ended.is_none_or(|ended| ended.outcome == OperationOutcome::NotStarted)
        });
        let contacts = left.map(|one| if one.kind.is_child() { &one.parent } else { &one.ids });
        let unfinished = contacts.flat_map(|ids| Side::BOTH.into_iter().filter_map(|side| ids.tagged(side))).collect();
        Settles { chosen: self.chosen(plan), unfinished }
    }

    /// The conflicts whose chosen value was written wherever it was to be.
    fn chosen(&self, plan: &Plan) -> Vec<String> {
        let mut chosen: BTreeMap<&str, bool> = BTreeMap::new();
        for operation in &plan.operations {
            let outcome = self.outcomes.get(&operation.id).map(|ended| ended.outcome);
            for id in operation.settle().map(Settle::chosen).unwrap_or_default() {
                *chosen.entry(id).or_insert(true) &= outcome == Some(OperationOutcome::Applied);
            }
        }
        chosen.into_iter().filter(|(_, done)| *done).map(|(id, _)| id.to_owned()).collect()
    }
}
