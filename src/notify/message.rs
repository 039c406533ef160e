//! What is said of a round: a subject, a text, and the same as JSON in the shape that Slack takes.

use serde_json::{Value, json};

use super::{Gravity, Round, Told};
use crate::config::Language;
use crate::exit_code;
use crate::report::language::{Messages, Sentence, messages};

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
    pub fn of(round: Round<'_>, language: Language) -> Self {
        let words = messages(language);
        let code = round.code();
        let subject = format!("Concord {}: {}", round.name, headline(round, words));
        // A summary first, and then what is worst.
        let mut pairs: Vec<&Told> = round.pairs.iter().collect();
        pairs.sort_by_key(|told| std::cmp::Reverse(Gravity::of(told.code)));
        let mut text = format!("{subject} ({})\n", words.sentence(Sentence::ExitCode(code)));
        for told in pairs.iter().take(PAIRS) {
            let lines = told.lines.iter().take(if told.code == exit_code::DONE { 1 } else { usize::MAX });
            for (number, line) in lines.enumerate() {
                text.push_str(if number == 0 { "• " } else { "   " });
                text.push_str(&words.say(line));
                text.push('\n');
            }
            told.notices.iter().for_each(|notice| text.push_str(&format!("   {}\n", words.say(notice))));
        }
        if pairs.len() > PAIRS {
            text.push_str(&words.sentence(Sentence::MorePairs(pairs.len() - PAIRS)));
            text.push('\n');
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

fn headline(round: Round<'_>, words: &dyn Messages) -> String {
    let count = |gravity| round.pairs.iter().filter(|told| Gravity::of(told.code) == gravity).count();
    let (held, failed) = (count(Gravity::Held), count(Gravity::Failed));
    words.sentence(Sentence::Round { all: round.pairs.len(), held, failed })
}
