//! What is said of a round: a subject, a text, and the same as JSON in the shape that Slack takes.

use serde_json::{Value, json};

use super::{Gravity, Round, Told};
use crate::exit_code;

/// How many pairs are told in full.
const PAIRS: usize = 20;

/// A round, in words.
#[derive(Debug)]
pub(super) struct Message {
    pub subject: String,
    pub text: String,
    pub json: Value,
}

impl Message {
    pub fn of(round: Round<'_>) -> Self {
        let code = round.code();
        let subject = format!("Concord {}: {}", round.name, headline(round));
        // A summary first, and then what is worst.
        let mut pairs: Vec<&Told> = round.pairs.iter().collect();
        pairs.sort_by_key(|told| std::cmp::Reverse(Gravity::of(told.code)));
        let mut text = format!("{subject} (exit code {code}: {})\n", meaning(code));
        for told in pairs.iter().take(PAIRS) {
            let lines = told.lines.iter().take(if told.code == exit_code::DONE { 1 } else { usize::MAX });
            for (number, line) in lines.enumerate() {
                text.push_str(if number == 0 { "• " } else { "   " });
                text.push_str(line);
                text.push('\n');
            }
            told.notices.iter().for_each(|notice| text.push_str(&format!("   {notice}\n")));
        }
        if pairs.len() > PAIRS {
            text.push_str(&format!("and {} more pairs: concord status\n", pairs.len() - PAIRS));
        }
        let told = pairs.iter().take(PAIRS).map(|told| {
            json!({ "id": told.pair, "run": told.run, "code": told.code, "counts": told.counts, "reasons": told.lines, "notices": told.notices })
        });
        let told: Vec<Value> = told.collect();
        let concord = json!({ "name": round.name, "code": code, "pairs": round.pairs.len(), "told": told });
        let json = json!({ "text": text, "concord": concord });
        Self { subject, text, json }
    }
}

fn headline(round: Round<'_>) -> String {
    let count = |gravity| round.pairs.iter().filter(|told| Gravity::of(told.code) == gravity).count();
    let all = round.pairs.len();
    let (held, failed) = (count(Gravity::Held), count(Gravity::Failed));
    let pairs = if all == 1 { "pair" } else { "pairs" };
    match (held, failed) {
        (0, 0) => format!("{all} {pairs} done"),
        (held, 0) => format!("{held} of {all} {pairs} for a person to look at"),
        (0, failed) => format!("{failed} of {all} {pairs} failed"),
        (held, failed) => format!("{failed} of {all} {pairs} failed, {held} for a person to look at"),
    }
}

const fn meaning(code: u8) -> &'static str {
    match code {
        exit_code::DONE => "done",
        exit_code::PERSON => "a person is needed, or something did not get through",
        exit_code::REFUSED => "stopped before writing",
        exit_code::STALE => "the saved plan is stale",
        exit_code::CONFIGURATION => "the configuration is wrong",
        exit_code::LOCKED => "another run was at work",
        exit_code::CREDENTIALS => "a CRM refused the credentials",
        exit_code::INTERRUPTED => "interrupted",
        _ => "failed",
    }
}
