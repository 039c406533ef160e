//! The words that change in a long text.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::screen::{Line, Paint, visible};

/// How long one text may be compared; what is left then counts as changed.
const PATIENCE: Duration = Duration::from_millis(200);

/// Of an unchanged stretch longer than twice this, only so many letters at each end are shown.
const CONTEXT: usize = 60;

/// Texts longer than this together are not compared word by word: one replaces the other.
const LONGEST: usize = 250_000;

/// A stretch of a text that either stays or is replaced.
pub(super) enum Stretch {
    Same(String),
    Changed { removed: String, added: String },
}

/// The text with what goes and what comes, as `[-gone-]{+new+}`: colours only repeat it.
pub(super) fn word_diff(before: &str, after: &str) -> Line {
    let stretches = stretches(before, after);
    let last = stretches.len().saturating_sub(1);
    let mut line = Line::default();
    for (at, stretch) in stretches.into_iter().enumerate() {
        line = match stretch {
            Stretch::Same(text) => line.then(shortened(&text, at > 0, at < last)),
            Stretch::Changed { removed, added } => line.join(marked(&removed, &added)),
        };
    }
    line
}

/// What stays of a text and what is replaced, word by word; harmless to show.
pub(super) fn stretches(before: &str, after: &str) -> Vec<Stretch> {
    let (before, after) = (visible(before), visible(after));
    if before.len() + after.len() > LONGEST {
        return vec![Stretch::Changed { removed: before, added: after }];
    }
    let diff = TextDiff::configure().timeout(PATIENCE).diff_unicode_words(&before, &after);
    let mut stretches: Vec<Stretch> = Vec::new();
    for change in diff.iter_all_changes() {
        let text = change.value();
        match (change.tag(), stretches.last_mut()) {
            (ChangeTag::Equal, Some(Stretch::Same(same))) => same.push_str(text),
            (ChangeTag::Equal, _) => stretches.push(Stretch::Same(text.to_owned())),
            (ChangeTag::Delete, Some(Stretch::Changed { removed, .. })) => removed.push_str(text),
            (ChangeTag::Insert, Some(Stretch::Changed { added, .. })) => added.push_str(text),
            (ChangeTag::Delete, _) => {
                stretches.push(Stretch::Changed { removed: text.to_owned(), added: String::new() });
            }
            (ChangeTag::Insert, _) => {
                stretches.push(Stretch::Changed { removed: String::new(), added: text.to_owned() });
            }
        }
    }
    joined(stretches)
}

/// Two replaced words with only a blank between them read better as one replaced phrase.
fn joined(stretches: Vec<Stretch>) -> Vec<Stretch> {
    let mut joined: Vec<Stretch> = Vec::new();
    for stretch in stretches {
        if let Stretch::Changed { removed, added } = &stretch
            && !removed.is_empty()
            && !added.is_empty()
            && let [.., Stretch::Changed { removed: old, added: new }, Stretch::Same(between)] = joined.as_mut_slice()
            && between == " "
            && !old.is_empty()
            && !new.is_empty()
        {
            *old = format!("{old} {removed}");
            *new = format!("{new} {added}");
            joined.pop();
        } else {
            joined.push(stretch);
        }
    }
    joined
}

fn marked(removed: &str, added: &str) -> Line {
    let mut line = Line::default();
    if !removed.is_empty() {
        let gone = removed.replace('\n', "⏎");
        line = line.paint(format!("[-{gone}-]"), Paint::Gone);
    }
    if !added.is_empty() {
        line = line.paint(format!("{{+{added}+}}"), Paint::Green);
    }
    line
}

/// An unchanged stretch, without its middle where it is long. The end next to no change is left out too.
fn shortened(text: &str, follows_change: bool, precedes_change: bool) -> String {
    if text.chars().count() <= 2 * CONTEXT {
        return text.to_owned();
    }
    let head = if follows_change { head(text) } else { "" };
    let tail = if precedes_change { tail(text) } else { "" };
    format!("{head}[…]{tail}")
}

/// The first letters, up to the blank that ends a word.
fn head(text: &str) -> &str {
    let end = text.char_indices().nth(CONTEXT).map_or(text.len(), |(at, _)| at);
    let cut = text.get(..end).unwrap_or(text);
    cut.rfind(char::is_whitespace).and_then(|at| text.get(..=at)).unwrap_or(cut)
}

/// The last letters, from the blank that begins a word.
fn tail(text: &str) -> &str {
    let start = text.char_indices().rev().nth(CONTEXT).map_or(0, |(at, _)| at);
    let cut = text.get(start..).unwrap_or(text);
    cut.find(char::is_whitespace).and_then(|at| cut.get(at..)).unwrap_or(cut)
}

#[cfg(test)]
mod tests {
    use super::super::screen::{Page, Style};
    use super::*;

    fn shown(before: &str, after: &str) -> String {
        let mut page = Page::new(Style { colour: false, width: 120 });
        page.flow(Line::default(), 0, word_diff(before, after));
        page.finish()
    }

    #[test]
    fn replaced_words_stand_beside_what_replaces_them() {
        let shown = shown("Llamar el lunes por la tarde", "Llamar el martes muy temprano por la tarde");
        assert_eq!(shown, "Llamar el [-lunes-]{+martes muy temprano+} por la tarde\n");
    }

    #[test]
    fn a_long_unchanged_stretch_is_left_out() {
        let long = "palabra ".repeat(100);
        let shown = shown(&format!("{long}uno {long}"), &format!("{long}dos {long}"));
        assert!(shown.starts_with("[…] palabra"), "{shown}");
        assert!(shown.contains("palabra [-uno-]{+dos+} palabra"), "{shown}");
        assert!(shown.trim_end().ends_with("palabra […]"), "{shown}");
        assert!(shown.len() < 200, "{shown}");
    }
}
