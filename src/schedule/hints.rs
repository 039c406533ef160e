//! Whom a hook named: looked at soon, several at once, and forgotten where the daemon ends. The nightly run sees all.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use crate::notify::{Gravity, Told};

/// So long is waited for further hints of a pair.
pub const QUIET: SignedDuration = SignedDuration::from_secs(2);
/// So many people are looked at in one run.
const AT_ONCE: usize = 50;
/// So many wait for each pair; further ones are left to the nightly run.
const MOST: usize = 1_000;

/// Somebody to look at: an id, an e-mail or a phone, and nothing else of what a hook said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The pair.
    pub pair: String,
    /// An id of either CRM, an e-mail or a phone.
    pub who: String,
    /// How long it has to wait besides: a contact that is too young is left alone.
    pub after: SignedDuration,
}

/// Who is to be looked at, and from when on.
#[derive(Debug, Default)]
pub(super) struct Hints(BTreeMap<String, BTreeMap<String, Timestamp>>);

impl Hints {
    /// Takes a hint; somebody who waits already waits no longer. `false` where too many wait.
    pub fn add(&mut self, hint: Hint, now: Timestamp) -> bool {
        let waiting = self.0.entry(hint.pair).or_default();
        let at = now.checked_add(hint.after.saturating_add(QUIET)).unwrap_or(now);
        if waiting.len() >= MOST && !waiting.contains_key(&hint.who) {
            return false;
        }
        waiting.entry(hint.who).or_insert(at);
        true
    }

    /// Takes who is due of a pair that is not `busy`.
    pub fn take(&mut self, now: Timestamp, busy: impl Fn(&str) -> bool) -> Option<(String, Vec<String>)> {
        let is_due = |waiting: &BTreeMap<String, Timestamp>| waiting.values().any(|at| *at <= now);
        let (pair, waiting) = self.0.iter_mut().find(|(pair, waiting)| is_due(waiting) && !busy(pair))?;
        // Who came a moment later goes along.
        let soon = now.checked_add(QUIET).unwrap_or(now);
        let mut due: Vec<(Timestamp, String)> =
            waiting.iter().filter(|(_, at)| **at <= soon).map(|(who, at)| (*at, who.clone())).collect();
        due.sort();
        let who: Vec<String> = due.into_iter().take(AT_ONCE).map(|(_, who)| who).collect();
        waiting.retain(|waits, _| !who.contains(waits));
        Some((pair.clone(), who))
    }

    /// When the next one is due.
    pub fn next(&self) -> Option<Timestamp> {
        self.0.values().flat_map(BTreeMap::values).min().copied()
    }
}

/// Says that those whom hooks named were looked at. Only the schedule's runs are reported.
pub(super) fn looked(pair: &str, told: Option<Told>) {
    let told = told.unwrap_or_else(|| Told::died(pair, "a part of the daemon panicked"));
    let lines = told.lines.join(" / ");
    match Gravity::of(told.code) {
        Gravity::Failed => warn!(pair, code = told.code, "the run for a hook ended: {lines}"),
        Gravity::Held | Gravity::Fine => info!(pair, code = told.code, "the run for a hook ended: {lines}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(who: &str, after: i64) -> Hint {
        Hint { pair: "acme".to_owned(), who: who.to_owned(), after: SignedDuration::from_secs(after) }
    }

    #[test]
    fn hints_of_a_moment_are_one_run_and_a_pair_at_work_waits() {
        let now: Timestamp = "2026-11-23T03:00:00Z".parse().unwrap();
        let later = |seconds: i64| now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        let mut hints = Hints::default();
        for (who, after) in [("b", 0), ("a", 0), ("young", 900), ("a", 0)] {
            assert!(hints.add(hint(who, after), now));
        }
        assert!(hints.add(hint("c", 1), now));
        assert_eq!(hints.take(now, |_| false), None, "further ones may come");
        assert_eq!(hints.next(), Some(later(2)));
        assert_eq!(hints.take(later(2), |_| true), None, "it runs already");
        assert_eq!(
            hints.take(later(2), |_| false),
            Some(("acme".to_owned(), vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]))
        );
        assert_eq!(hints.take(later(3), |_| false), None);
        assert_eq!(hints.take(later(902), |_| false), Some(("acme".to_owned(), vec!["young".to_owned()])));
        assert_eq!(hints.next(), None);
    }

    #[test]
    fn a_flood_is_left_to_the_nightly_run() {
        let now: Timestamp = "2026-11-23T03:00:00Z".parse().unwrap();
        let mut hints = Hints::default();
        let taken = (0..2_000).filter(|number| hints.add(hint(&number.to_string(), 0), now)).count();
        assert_eq!(taken, MOST);
        let at = now.checked_add(QUIET).unwrap();
        assert_eq!(hints.take(at, |_| false).unwrap().1.len(), AT_ONCE);
    }
}
