//! What a finished run tells: the plan, and what came of each of its operations.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::crm::Usage;
use crate::exit_code;
use crate::reconcile::{Held, HeldReason, ListingCount, Plan, Reading, Unsupported};
use crate::record::{Both, Kind, Side};
use crate::state::StateError;

/// What came of one operation. Planned = the sum of these, always. (I49)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationOutcome {
    /// Done, and the answer is the new base.
    Applied,
    /// The CRM said no.
    Refused,
    /// It could not be tried or read back; nothing was done.
    Failed,
    /// It may or may not have been done; a later run reads it back.
    Unknown,
    /// The record changed between listing and writing; planned again next run.
    SkippedStale,
    /// It was not its turn when the run ended, or what it depends on failed.
    NotStarted,
}

impl OperationOutcome {
    /// The name used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::SkippedStale => "skipped_stale",
            Self::NotStarted => "not_started",
        }
    }
}

/// An outcome with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// What came of it.
    pub outcome: OperationOutcome,
    /// Why, in a person's words; `None` where it was simply applied.
    pub reason: Option<String>,
}

/// How far a first sync is that takes several runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ToGo {
    /// Contacts that are linked.
    pub linked: u64,
    /// Contacts that are to be.
    pub contacts: u64,
    /// About how many further runs it takes, at least one.
    pub runs: u64,
}

/// The run that applied a plan.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// Its number in the pair's history.
    pub id: i64,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// By operation number.
    pub outcomes: BTreeMap<u32, Ended>,
    /// What went over without a value that a CRM refused, until the plan says it.
    pub left_out: Vec<Unsupported>,
    /// Creates of earlier runs whose outcome was unknown and is now known.
    pub recovered: u64,
    /// Whether the plan was stopped by a guard; then nothing was written.
    pub refused: bool,
    /// The approval that was given and is of no plan; then nothing was written.
    pub unfit_approval: Option<String>,
    /// How far a first sync is that the day's quota spreads over several runs; `None`: it does not.
    pub to_go: Option<ToGo>,
    /// Why the run could not go on to its end. What it had done before stands in `outcomes`.
    pub failure: Option<String>,
    /// Whether a CRM took nothing, since the credentials may not write there.
    pub unauthorized: bool,
}

/// How many operations of one sort a run had, as its summary keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationCount {
    /// Where they went.
    pub side: Side,
    /// The kind of record.
    pub kind: Kind,
    /// What they did.
    pub action: String,
    /// What came of them.
    pub outcome: OperationOutcome,
    /// How many there were.
    pub count: u64,
}

/// What a run asked of each CRM, as its summary keeps it.
pub(super) fn requests(usage: &Both<Usage>) -> serde_json::Value {
    let of = |usage: &Usage| {
        serde_json::json!({
            "reads": usage.reads,
            "writes": usage.writes,
            "throttled": usage.throttled,
            "daily_remaining": usage.daily_remaining,
        })
    };
    serde_json::json!({ "cliengo": of(&usage.cliengo), "ghl": of(&usage.ghl) })
}

impl RunRecord {
    /// A run that has done nothing yet.
    pub(super) fn begun(id: i64, started: Timestamp, recovered: u64) -> Self {
        let outcomes = BTreeMap::new();
        Self {
            id,
            started,
            finished: started,
            outcomes,
            left_out: Vec::new(),
            recovered,
            refused: false,
            unfit_approval: None,
            to_go: None,
            failure: None,
            unauthorized: false,
        }
    }
}

/// A plan, and the run that applied it where there was one.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What was planned.
    pub plan: Plan,
    /// When it was made.
    pub generated_at: Timestamp,
    /// Requests made.
    pub usage: Both<Usage>,
    /// `None` for a dry run.
    pub run: Option<RunRecord>,
}

impl Finished {
    /// Whether a guard stopped the plan.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.refused)
    }

    /// Why the run could not go on to its end, or which CRM could not be read (`semantics` 52).
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        let failed = self.run.as_ref().and_then(|run| run.failure.clone());
        failed.or_else(|| self.plan.unreadable())
    }

    /// Takes note of what went wrong after the plan was made; what went wrong first stays.
    pub(super) fn fails(&mut self, done: Result<(), StateError>) {
        if let (Err(why), Some(run)) = (done, &mut self.run) {
            run.failure.get_or_insert_with(|| why.to_string());
        }
    }

    /// How many operations had each outcome.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<OperationOutcome, u64> {
        let mut counts = BTreeMap::new();
        for ended in self.run.iter().flat_map(|run| run.outcomes.values()) {
            *counts.entry(ended.outcome).or_default() += 1;
        }
        counts
    }

    /// The exit code of this run, where nobody interrupted it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let failed_itself = self.run.as_ref().is_some_and(|run| run.failure.is_some());
        let lists_failed = self.plan.gaps().any(|(_, _, listing)| listing.reading == Reading::Failed);
        let is_refused_alone =
            !failed_itself && !lists_failed && self.plan.look_ups.iter().any(|missed| missed.refused);
        if is_refused_alone || self.run.as_ref().is_some_and(|run| run.unauthorized) {
            exit_code::CREDENTIALS
        } else if self.failure().is_some() {
            exit_code::FAILED
        } else if self.is_refused() {
            exit_code::REFUSED
        } else if self.needs_a_person() {
            exit_code::PERSON
        } else {
            exit_code::DONE
        }
    }

    /// Whether something waits for a person, did not get through, or was not seen (exit code 3).
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        let manual = self.plan.undecided().next().is_some();
        let held = self.plan.held.iter().any(Held::needs_a_person);
        let failed = self.counts().keys().any(|outcome| *outcome != OperationOutcome::Applied);
        // Who knows of it has not seen it either.
        manual || held || failed || !self.plan.unseen_in_words().is_empty()
    }

    /// How many lists were not read to the end; a kind that takes no part has none.
    fn incomplete(&self) -> usize {
        let lists = Side::BOTH.iter().flat_map(|side| Kind::ALL.iter().map(move |kind| (*side, *kind)));
        let lists = lists.map(|(side, kind)| self.plan.listings.of(side).of(kind));
        lists.filter(|listing| !listing.complete && **listing != ListingCount::default()).count()
    }

    /// Held records, by reason.
    fn held_by(&self) -> BTreeMap<HeldReason, u64> {
        let mut counts = BTreeMap::new();
        for held in &self.plan.held {
            *counts.entry(held.reason).or_default() += 1;
        }
        counts
    }

    /// Operations by side, kind, action and outcome.
    fn operations_by(&self) -> Vec<OperationCount> {
        let mut counts: BTreeMap<(Side, Kind, &str, OperationOutcome), u64> = BTreeMap::new();
        for operation in &self.plan.operations {
            let ended = self.run.as_ref().and_then(|run| run.outcomes.get(&operation.id));
            let outcome = ended.map_or(OperationOutcome::NotStarted, |ended| ended.outcome);
            *counts.entry((operation.side, operation.kind, operation.action().as_str(), outcome)).or_default() += 1;
        }
        let row = |((side, kind, action, outcome), count): (_, u64)| {
            let action = str::to_owned(action);
            OperationCount { side, kind, action, outcome, count }
        };
        counts.into_iter().map(row).collect()
    }

    /// The run's status and counts for the history.
    pub(super) fn summary(&self) -> (&'static str, serde_json::Value) {
        let status = match self.failure() {
            Some(_) => "failed",
            None if self.is_refused() => "refused",
            None => "done",
        };
        let summary = serde_json::json!({
            "operations": self.plan.operations.len(),
            "outcomes": self.counts(),
            "in_sync": self.plan.in_sync,
            "conflicts": self.plan.conflicts.len(),
            "held": self.plan.held.len(),
            "known": self.plan.held.iter().filter(|held| held.known).count(),
            "held_by": self.held_by(),
            "by": self.operations_by(),
            "requests": requests(&self.usage),
            "unsupported": self.plan.unsupported.len(),
            "incomplete": self.incomplete(),
            "needs_a_person": self.needs_a_person(),
            "unseen": self.plan.unseen_in_words(),
            "error": self.failure(),
            "recovered": self.run.as_ref().map(|run| run.recovered),
        });
        (status, summary)
    }
}
