//! Enrolments: written down before they are sent, and never sent again by themselves where no answer came.

use super::{Applying, ended};
use crate::crm::Refusal;
use crate::reconcile::Operation;
use crate::record::Side;
use crate::run::finished::{Ended, OperationOutcome};
use crate::run::session::lock;
use crate::state::{EnrolmentStatus, IntentState, StateError};

impl Applying<'_> {
    /// It was not done: a later run does it.
    pub(super) fn owe_again(&self, operation: &Operation) -> Result<(), StateError> {
        let enrolment = operation.enrols();
        enrolment.map_or(Ok(()), |enrolment| lock(self.state).enrolled(enrolment, EnrolmentStatus::Owed))
    }

    /// GHL said no: a workflow that was deleted, a contact that may not begin it again.
    pub(super) fn not_enrolled(
        &self,
        operation: &Operation,
        intent: i64,
        refusal: &Refusal,
    ) -> Result<Ended, StateError> {
        lock(self.state).close_intent(intent, IntentState::Refused, Some(&refusal.message), None)?;
        self.owe_again(operation)?;
        let outcome = if matches!(refusal.status, 401 | 403) && !refusal.is_page {
            OperationOutcome::Failed
        } else {
            OperationOutcome::Refused
        };
        Ok(ended(outcome, format!("{} {}: {}", Side::Ghl.title(), refusal.status, refusal.message)))
    }

    /// No answer came: whether it was done cannot be read back, so a person says.
    pub(super) fn enrolment_unknown(&self, operation: &Operation, why: &str) -> Result<Ended, StateError> {
        let state = lock(self.state);
        let rows = state.enrolments()?;
        if let Some(row) = rows.iter().find(|row| Some(&row.enrolment) == operation.enrols()) {
            state.unanswered(row, &operation.fingerprint(), why)?;
        }
        Ok(ended(OperationOutcome::Unknown, why))
    }
}
