//! What one pair's run came to, without contact data: what may leave the machine.

use serde::{Deserialize, Serialize};

use crate::exit_code;
use crate::report::{self, Audience};
use crate::run::{Finished, OperationOutcome};

/// What one pair's run came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The pair.
    pub pair: String,
    /// The run's number in its history; `None` for a dry run, or where none began.
    pub run: Option<i64>,
    /// The exit code.
    pub code: u8,
    /// The last lines, as `--quiet` prints them.
    pub lines: Vec<String>,
    /// How many of what; `None` where there was no plan.
    pub counts: Option<Counts>,
    /// What is to be told even where all is well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// How many of what a run had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Operations.
    pub planned: u64,
    /// Operations that were applied.
    pub applied: u64,
    /// Records that wait.
    pub held: u64,
    /// Fields that both sides changed.
    pub conflicts: u64,
}

impl Told {
    /// Of a run that went to its end, or that says itself why it did not.
    #[must_use]
    pub fn finished(finished: &Finished, code: u8, audience: &Audience) -> Self {
        let applied = finished.counts().get(&OperationOutcome::Applied).copied().unwrap_or_default();
        let plan = &finished.plan;
        let counts = Counts {
            planned: plan.operations.len() as u64,
            applied,
            held: plan.held.len() as u64,
            conflicts: plan.conflicts.len() as u64,
        };
        Self {
            pair: plan.pair.clone(),
            run: finished.run.as_ref().map(|run| run.id),
            code,
            lines: report::brief(finished, audience).lines().map(without_contacts).collect(),
            counts: Some(counts),
            notices: Vec::new(),
        }
    }

    /// Of a run that has nothing to show but why.
    #[must_use]
    pub fn failed(pair: &str, code: u8, why: &str) -> Self {
        let line = format!("{pair}: {}", without_contacts(why.lines().next().unwrap_or_default()));
        Self { pair: pair.to_owned(), run: None, code, lines: vec![line], counts: None, notices: Vec::new() }
    }

    /// Of a run whose process ended without a word.
    #[must_use]
    pub fn died(pair: &str, how: &str) -> Self {
        Self::failed(
            pair,
            exit_code::FAILED,
            &format!("the run ended unexpectedly ({how}); the next one goes on from there"),
        )
    }
}

/// A line without what may be a person's: what stands in quotes, and what looks like an e-mail or a phone.
#[must_use]
pub fn without_contacts(line: &str) -> String {
    let mut kept = String::new();
    for (number, part) in line.split(['"', '“', '”', '`']).enumerate() {
        // Every second part stood between quotes.
        kept.push_str(if number % 2 == 1 { "…" } else { part });
    }
    let word = |word: &str| if is_contact(word) { "…".to_owned() } else { word.to_owned() };
    kept.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn is_contact(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_phone = digits >= 7 && word.chars().all(|letter| letter.is_ascii_digit() || "+-().".contains(letter));
    word.contains('@') || is_phone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_e_mails_and_phones_do_not_leave() {
        let line = "the record \"Ana Gómez\" (ana@example.com, +5491150293003) of run 12 cannot be read";
        assert_eq!(without_contacts(line), "the record … … … of run 12 cannot be read");
        let command = "Approve with: concord sync --pair acme --approve 9e9e88f1b1fec20f";
        assert_eq!(without_contacts(command), command);
    }
}
