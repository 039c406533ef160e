//! Counts that more than one renderer shows.

use std::collections::BTreeSet;

use serde::Serialize;

use super::screen::visible;
use crate::reconcile::{ListingCount, Plan, Reading};
use crate::record::{Ids, Kind};
use crate::run::{OperationOutcome, RunRecord};

/// How many operations ended in which way; their sum is what was planned. (I49)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Outcomes {
    pub(super) applied: u64,
    pub(super) refused: u64,
    pub(super) failed: u64,
    pub(super) unknown: u64,
    pub(super) skipped_stale: u64,
    pub(super) not_started: u64,
}

impl Outcomes {
    pub(super) fn of(plan: &Plan, run: &RunRecord) -> Self {
        let mut outcomes = Self::default();
        for operation in &plan.operations {
            *outcomes.count_mut(ended(run, operation.id)) += 1;
        }
        outcomes
    }

    fn count_mut(&mut self, outcome: OperationOutcome) -> &mut u64 {
        match outcome {
            OperationOutcome::Applied => &mut self.applied,
            OperationOutcome::Refused => &mut self.refused,
            OperationOutcome::Failed => &mut self.failed,
            OperationOutcome::Unknown => &mut self.unknown,
            OperationOutcome::SkippedStale => &mut self.skipped_stale,
            OperationOutcome::NotStarted => &mut self.not_started,
        }
    }

    /// Every outcome with its count, in the order they are shown.
    pub(super) const fn each(self) -> [(OperationOutcome, u64); 6] {
        [
            (OperationOutcome::Applied, self.applied),
            (OperationOutcome::Refused, self.refused),
            (OperationOutcome::Failed, self.failed),
            (OperationOutcome::Unknown, self.unknown),
            (OperationOutcome::SkippedStale, self.skipped_stale),
            (OperationOutcome::NotStarted, self.not_started),
        ]
    }

    pub(super) fn planned(self) -> u64 {
        self.each().iter().map(|(_, count)| count).sum()
    }
}

/// The command that shows what was refused or failed, where something was. What got no answer is read back first.
pub(super) fn failed_command(plan: &Plan, run: &RunRecord) -> Option<String> {
    let outcomes = Outcomes::of(plan, run);
    let failed = outcomes.refused + outcomes.failed;
    (!run.refused && failed > 0).then(|| format!("concord quarantine --pair {}", visible(&plan.pair)))
}

/// What came of an operation. One that the run says nothing of was not its turn.
pub(super) fn ended(run: &RunRecord, operation: u32) -> OperationOutcome {
    run.outcomes.get(&operation).map_or(OperationOutcome::NotStarted, |ended| ended.outcome)
}

/// How many records wait for a person, each counted once.
pub(super) fn waiting(plan: &Plan) -> usize {
    let held = plan.held.iter().filter(|held| held.needs_a_person());
    let mut known: BTreeSet<(Kind, &Ids)> = plan.undecided().map(|conflict| (conflict.kind, &conflict.ids)).collect();
    let mut nameless = 0;
    for record in held {
        if record.ids == Ids::default() {
            nameless += 1;
        } else {
            known.insert((record.kind, &record.ids));
        }
    }
    known.len() + nameless
}

/// Whether a listing did not reach its end. A kind that takes no part is not listed at all.
pub(super) fn is_incomplete(listing: &ListingCount) -> bool {
    !listing.complete && *listing != ListingCount::default()
}

/// Whether a listing is of the people that `--contact` names: it misses none of them, and says nothing of others.
pub(super) fn is_of_these(plan: &Plan, listing: &ListingCount) -> bool {
    !plan.only.is_empty() && listing.reading == Reading::Whole
}
