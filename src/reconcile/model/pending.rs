//! What waits from one run to the next: operations that keep failing, and conflicts that a person decides. (I44)

use super::findings::HeldReason;
use crate::record::{Both, Field, Ids, Kind, Side, Take, Value};

/// So often an operation is tried before it is set aside. With the pauses of [`pause`], every night, that is a week: long
/// enough for a CRM's bad days, short enough that a person still knows what it was about.
pub const ATTEMPTS: u32 = 4;

/// How many runs later an operation is tried again that failed so often: 1, 2, 4.
#[must_use]
pub const fn pause(attempts: u32) -> u64 {
    match 1_u64.checked_shl(attempts.saturating_sub(1)) {
        Some(runs) => runs,
        None => u64::MAX,
    }
}

/// What becomes of an operation that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryState {
    /// It is tried again now.
    Due,
    /// It is tried again so many runs later.
    Rests(u64),
    /// It failed too often, and waits for a person or a change.
    Aside,
    /// A person gave it up: nothing is said of it until it changes.
    Dropped,
}

impl RetryState {
    /// Where an operation stands that failed `attempts` times and is due from generation `due` on.
    #[must_use]
    pub const fn at(attempts: u32, dropped: bool, due: u64, generation: u64) -> Self {
        if dropped {
            Self::Dropped
        } else if attempts >= ATTEMPTS {
            Self::Aside
        } else if generation < due {
            Self::Rests(due - generation)
        } else {
            Self::Due
        }
    }
}

/// An operation of earlier runs that failed for a reason of its own record.
#[derive(Clone, Debug)]
pub struct FailedOperation {
    /// Its id.
    pub id: String,
    /// The kind of record.
    pub kind: Kind,
    /// The record's ids, as planned.
    pub ids: Ids,
    /// Its name for a person.
    pub label: String,
    /// The operation's fingerprint: another one is no repetition.
    pub fingerprint: String,
    /// How often it failed.
    pub attempts: u32,
    /// What the CRM said last.
    pub words: String,
    /// What becomes of it.
    pub standing: RetryState,
    /// Whether this run knows its record, so that an operation that is not planned is not needed any more.
    pub known: bool,
}

impl FailedOperation {
    /// What a person is told of it in a report; `None` where it is tried again, or was given up.
    #[must_use]
    pub fn held(&self) -> Option<(HeldReason, String)> {
        let times = if self.attempts == 1 { "once".to_owned() } else { format!("{} times", self.attempts) };
        match self.standing {
            RetryState::Due | RetryState::Dropped => None,
            RetryState::Rests(runs) => {
                let when = if runs == 1 {
                    "the next run tries it again".to_owned()
                } else {
                    format!("tried again in {runs} runs")
                };
                Some((HeldReason::Retrying, format!("failed {times}, {when}: {}", self.words)))
            }
            RetryState::Aside => {
                let what = format!("failed {times} and is quarantined: {}", self.words);
                let command = format!("mend it, or try again with: concord quarantine retry {}", self.id);
                Some((HeldReason::Quarantined, format!("{what}; {command}")))
            }
        }
    }
}

/// A conflict that an earlier run left to a person.
#[derive(Clone, Debug)]
pub struct PendingConflict {
    /// Its id.
    pub id: String,
    /// The kind of record.
    pub kind: Kind,
    /// The record's ids.
    pub ids: Ids,
    /// Its name for a person.
    pub label: String,
    /// The field.
    pub field: Field,
    /// The values that the person was shown.
    pub seen: Both<Value>,
    /// The person's choice.
    pub take: Option<Take>,
    /// Whether this run knows its record on both sides.
    pub known: bool,
}

impl PendingConflict {
    /// The chosen value, as long as both sides still show what the person was shown, or have it already.
    #[must_use]
    pub fn chosen(&self, now: Both<&Value>) -> Option<&Value> {
        let value = match self.take.as_ref()? {
            Take::Side(side) => self.seen.of(*side),
            Take::Value(value) => value,
        };
        let stands = |side: Side| now.of(side).same(self.seen.of(side)) || now.of(side).same(value);
        Side::BOTH.into_iter().all(stands).then_some(value)
    }
}

/// What a person is told of a field that waits for a choice.
#[must_use]
pub fn choose(field: &Field) -> String {
    format!("two values for {field}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_fails_is_tried_again_after_1_2_and_4_runs_and_then_set_aside() {
        let mut generation = 10;
        for runs in [1, 2, 4] {
            let attempts = u32::try_from(runs).unwrap().trailing_zeros() + 1;
            let due = generation + pause(attempts);
            assert_eq!(due - generation, runs);
            for waited in 1..runs {
                let left = runs - waited;
                assert_eq!(RetryState::at(attempts, false, due, generation + waited), RetryState::Rests(left));
            }
            generation = due;
            assert_eq!(RetryState::at(attempts, false, due, generation), RetryState::Due);
        }
        assert_eq!(RetryState::at(ATTEMPTS, false, 0, u64::MAX), RetryState::Aside);
        assert_eq!(RetryState::at(1, true, 0, 5), RetryState::Dropped);
    }

    #[test]
    fn a_person_is_told_how_often_it_failed_and_when_it_is_tried_again() {
        let told = |attempts, standing| {
            let (id, words) = ("bcdf".to_owned(), "GHL said no".to_owned());
            let (ids, label, fingerprint) = (Ids::default(), String::new(), String::new());
            FailedOperation { id, kind: Kind::Note, ids, label, fingerprint, attempts, words, standing, known: true }
                .held()
        };
        let retrying = |detail: &str| Some((HeldReason::Retrying, detail.to_owned()));
        assert_eq!(told(1, RetryState::Rests(1)), retrying("failed once, the next run tries it again: GHL said no"));
        assert_eq!(told(3, RetryState::Rests(4)), retrying("failed 3 times, tried again in 4 runs: GHL said no"));
        let aside = "failed 4 times and is quarantined: GHL said no; mend it, or try again with: concord quarantine retry \
                     bcdf";
        assert_eq!(told(4, RetryState::Aside), Some((HeldReason::Quarantined, aside.to_owned())));
        assert_eq!((told(4, RetryState::Due), told(4, RetryState::Dropped)), (None, None));
    }
}
