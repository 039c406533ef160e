//! The circuit breaker: a CRM that keeps failing is left alone for the rest of the run, and so is the other one. (I44)

use std::sync::Mutex;

use super::{OperationOutcome, held};
use crate::record::{Both, Side};

/// So many operations in a row, each after its own retries, are no accident.
const ENOUGH: u32 = 5;

/// Counts, per side, the operations in a row that failed for no fault of their record.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Both<u32>>);

impl Breaker {
    /// Takes note of an operation that was tried.
    pub(super) fn note(&self, side: Side, outcome: OperationOutcome) {
        let mut failed = held(&self.0);
        let failed = failed.of_mut(side);
        match outcome {
            OperationOutcome::Failed | OperationOutcome::Unknown => *failed += 1,
            // It answered, be it with a no.
            OperationOutcome::Applied | OperationOutcome::Refused | OperationOutcome::SkippedStale => *failed = 0,
            OperationOutcome::NotStarted => {}
        }
    }

    /// The CRM answered, if only about this one record: it does not keep failing.
    pub(super) fn heard(&self, side: Side) {
        *held(&self.0).of_mut(side) = 0;
    }

    /// The side that keeps failing: nothing further is sent to either.
    pub(super) fn open(&self) -> Option<Side> {
        let failed = held(&self.0);
        if failed.cliengo >= ENOUGH {
            Some(Side::Cliengo)
        } else if failed.ghl >= ENOUGH {
            Some(Side::Ghl)
        } else {
            None
        }
    }
}
