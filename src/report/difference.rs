//! A change as two columns: what was there, with what goes, and what will be there, with what comes.

use serde_json::Value as Json;

use super::diff::{Stretch, stretches};
use super::escape::on_one_line;
use super::language::Label;
use super::value::Report;
use crate::reconcile::Change;

/// Letters from which on two texts are compared word by word.
const LONG: usize = 40;

/// Of an unchanged stretch longer than twice this, only so many letters at each end are shown.
const CONTEXT: usize = 160;

/// What becomes of a piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stays,
    Goes,
    Comes,
    /// There is no value: said in words of ours.
    Absent,
}

/// A piece of a text and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub text: String,
    pub fate: Fate,
}

/// Before and after.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub before: Vec<Piece>,
    pub after: Vec<Piece>,
}

impl Report<'_> {
    /// What a change makes of a field.
    pub(super) fn difference(&self, change: &Change) -> Difference {
        match change {
            Change::Tags { added, removed, .. } => Difference {
                before: removed.iter().map(|tag| piece(&format!("−{}", on_one_line(tag)), Fate::Goes)).collect(),
                after: added.iter().map(|tag| piece(&format!("+{}", on_one_line(tag)), Fate::Comes)).collect(),
            },
            Change::Value { before: Json::String(before), after: Json::String(after), .. }
                if !before.is_empty()
                    && [before, after].iter().any(|text| text.contains('\n') || text.chars().count() > LONG) =>
            {
                words(before, after)
            }
            Change::Value { field, before, after, .. } => {
                let cell = |value: &Json| match value {
                    Json::Null => piece(self.label(Label::Empty), Fate::Absent),
                    value => piece(&self.value(field, value), Fate::Stays),
                };
                Difference { before: vec![cell(before)], after: vec![cell(after)] }
            }
        }
    }
}

fn piece(text: &str, fate: Fate) -> Piece {
    Piece { text: text.to_owned(), fate }
}

/// Two long texts, word by word.
fn words(before: &str, after: &str) -> Difference {
    let stretches = stretches(before, after);
    let last = stretches.len().saturating_sub(1);
    let mut difference = Difference::default();
    for (at, stretch) in stretches.into_iter().enumerate() {
        match stretch {
            Stretch::Same(text) => {
                let same = piece(&shortened(&text, at > 0, at < last), Fate::Stays);
                difference.before.push(same.clone());
                difference.after.push(same);
            }
            Stretch::Changed { removed, added } => {
                let some = |text: &String| !text.is_empty();
                difference.before.extend(Some(&removed).filter(|text| some(text)).map(|text| piece(text, Fate::Goes)));
                difference.after.extend(Some(&added).filter(|text| some(text)).map(|text| piece(text, Fate::Comes)));
            }
        }
    }
    difference
}

/// An unchanged stretch, without its middle where it is long.
fn shortened(text: &str, follows_change: bool, precedes_change: bool) -> String {
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    if letters.len() <= 2 * CONTEXT {
        return text.to_owned();
    }
    let at = |letter: usize| letters.get(letter).map_or(text.len(), |(at, _)| *at);
    let head = if follows_change { text.get(..at(CONTEXT)).unwrap_or_default() } else { "" };
    let tail = if precedes_change { text.get(at(letters.len() - CONTEXT)..).unwrap_or_default() } else { "" };
    format!("{head} […] {tail}")
}
