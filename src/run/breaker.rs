//! The circuit breaker: a CRM that keeps failing is left alone for the rest of the run, and so is the other one. (I44)
//!
//! A refusal is its record's, however many come in a row: only a failing read of something known good makes it the CRM's
//! (`semantics` 57).

use std::sync::Mutex;

use super::finished::OperationOutcome;
use super::session::lock;
use crate::record::{Both, Side};

/// After so many operations in a row of which none got through, something known good is read.
const ENOUGH: u32 = 5;

/// A CRM that answers, and yet does not take so many writes in a row, takes none.
const TOO_MANY: u32 = 20;

/// What a side did lately.
#[derive(Debug, Default)]
struct Lately {
    /// Operations in a row that failed for no fault of their record.
    failed: u32,
    /// Operations that did not get through since the last one that did, or since something known good was read.
    doubtful: u32,
    /// Why the side is left alone.
    given_up: Option<String>,
    /// Writes that were refused since the credentials may not make them, and what was said of the last one.
    unauthorized: (u32, String),
    /// Whether it took a write.
    took: bool,
}

/// Counts, per side, the operations in a row that did not get through.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Both<Lately>>);

impl Breaker {
    /// Takes note of an operation that was tried.
    pub(super) fn note(&self, side: Side, outcome: OperationOutcome) {
        let mut lately = lock(&self.0);
        let lately = lately.of_mut(side);
        match outcome {
            OperationOutcome::Failed | OperationOutcome::Unknown => {
                lately.failed += 1;
                lately.doubtful += 1;
            }
            OperationOutcome::Applied | OperationOutcome::SkippedStale => {
                lately.took |= outcome == OperationOutcome::Applied;
                lately.failed = 0;
                lately.doubtful = 0;
            }
            // It answered, be it with a no.
            OperationOutcome::Refused => lately.failed = 0,
            OperationOutcome::NotStarted => {}
        }
    }

    /// The CRM answered, if only about this one record: it does not keep failing.
    pub(super) fn heard(&self, side: Side) {
        lock(&self.0).of_mut(side).failed = 0;
    }

    /// A write was refused as one that the credentials may not make.
    pub(super) fn refused(&self, side: Side, said: &str) {
        let mut lately = lock(&self.0);
        let (count, last) = &mut lately.of_mut(side).unauthorized;
        *count += 1;
        said.clone_into(last);
    }

    /// Why a side took nothing at all: its credentials may read and not write.
    pub(super) fn unauthorized(&self) -> Option<String> {
        let lately = lock(&self.0);
        Side::BOTH.into_iter().find_map(|side| {
            let Lately { unauthorized: (count, said), took, .. } = lately.of(side);
            let title = side.title();
            (*count > 0 && !took).then(|| {
                format!(
                    "{title}'s key or token may read there and not write (refused: {count}; {said}). Nothing was changed \
                     there; give it the scopes to write, and see them with: concord check"
                )
            })
        })
    }

    /// Something in front of the CRM answered in its place.
    pub(super) fn suspect(&self, side: Side) {
        lock(&self.0).of_mut(side).doubtful += 1;
    }

    /// Whether it is time to read something known good. Says so once.
    pub(super) fn asks(&self, side: Side) -> bool {
        let mut lately = lock(&self.0);
        let lately = lately.of_mut(side);
        let asks = lately.doubtful >= ENOUGH && lately.given_up.is_none();
        if asks {
            lately.doubtful = 0;
        }
        asks
    }

    /// Takes note of what that read came to: why it failed, where it did.
    pub(super) fn judge(&self, side: Side, failed: Option<String>) {
        let mut lately = lock(&self.0);
        let lately = lately.of_mut(side);
        if let Some(why) = failed {
            lately.given_up = Some(why);
        } else if lately.failed >= TOO_MANY {
            lately.given_up = Some(format!("{} answers, and took none of {} writes", side.title(), lately.failed));
        }
    }

    /// The side that is given up, and why: nothing further is sent to either.
    pub(super) fn open(&self) -> Option<(Side, String)> {
        let lately = lock(&self.0);
        Side::BOTH.into_iter().find_map(|side| Some((side, lately.of(side).given_up.clone()?)))
    }
}
