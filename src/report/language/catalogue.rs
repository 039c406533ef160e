//! Sentences in another language. Concord makes them in English, which scripts rely on and the state keeps; a catalogue in
//! gettext's form has each of them in the reader's language, and puts the values where they belong there.

use std::collections::HashMap;

use crate::record::{Kind, Side};

/// Every sentence of a language, by the English one.
#[derive(Debug)]
pub(super) struct Catalogue {
    exact: HashMap<String, String>,
    /// Those with holes, the most specific first.
    patterns: Vec<Pattern>,
}

/// An English sentence with holes, and the same in the language.
#[derive(Debug)]
struct Pattern {
    english: Vec<Part>,
    said: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    /// A value, by its name in the catalogue.
    Hole(String),
}

/// What parts of a sentence stand between, the widest first.
const SEPARATORS: [&str; 5] = ["\n", "; ", ". ", ": ", ", "];

/// So many parts may be one sentence.
const TOGETHER: usize = 4;

impl Catalogue {
    /// Reads a catalogue.
    pub fn read(text: &str) -> Self {
        let (mut exact, mut patterns) = (HashMap::new(), Vec::new());
        for (english, said) in entries(text) {
            if english.contains('{') {
                patterns.push(Pattern { english: parts(&english), said: parts(&said) });
            } else {
                exact.insert(english, said);
            }
        }
        patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.weight()));
        Self { exact, patterns }
    }

    /// A sentence in the language. What the catalogue does not have is said in parts; a part that it does not have, such as
    /// the words of a CRM, is left as it is.
    pub fn say(&self, english: &str) -> String {
        if english.trim().is_empty() {
            return english.to_owned();
        }
        self.whole(english).unwrap_or_else(|| self.in_parts(english))
    }

    /// A word or a heading that stands alone.
    pub fn word(&'static self, english: &'static str) -> &'static str {
        self.exact.get(english).map_or(english, String::as_str)
    }

    fn whole(&self, english: &str) -> Option<String> {
        let exact = self.exact.get(english).cloned();
        exact.or_else(|| self.patterns.iter().find_map(|pattern| pattern.say(self, english)))
    }

    fn in_parts(&self, english: &str) -> String {
        if let Some(sentence) = english.strip_suffix('.')
            && let Some(said) = self.whole(sentence).filter(|_| sentence.contains(' '))
        {
            return format!("{said}.");
        }
        let trimmed = english.trim_start();
        if trimmed.len() < english.len() {
            let (blank, _) = english.split_at(english.len() - trimmed.len());
            return format!("{blank}{}", self.say(trimmed));
        }
        for separator in SEPARATORS {
            let pieces = split(english, separator);
            if pieces.len() > 1 {
                return self.joined(&pieces, separator);
            }
        }
        english.to_owned()
    }

    /// Pieces, each said by itself; several of them together where they are one sentence.
    fn joined(&self, pieces: &[&str], separator: &str) -> String {
        let (mut said, mut rest) = (Vec::new(), pieces);
        while let Some((first, others)) = rest.split_first() {
            let together = (2..=rest.len().min(TOGETHER)).rev().filter(|many| *many < pieces.len()).find_map(|many| {
                let (some, after) = rest.split_at(many);
                Some((self.whole(&some.join(separator))?, after))
            });
            let (text, after) = together.unwrap_or_else(|| {
                // A word alone may be somebody's name.
                (if first.contains(' ') { self.say(first) } else { (*first).to_owned() }, others)
            });
            said.push(text);
            rest = after;
        }
        said.join(separator)
    }

    /// A value, as it is said in a hole of this name.
    fn value(&self, name: &str, value: &str) -> String {
        match class(name) {
            "text" => self.say(value),
            "field" | "word" => self.exact.get(value).cloned().unwrap_or_else(|| value.to_owned()),
            "fields" => value.split(", ").map(|field| self.value("field", field)).collect::<Vec<_>>().join(", "),
            "n" => value.replace(',', "."),
            // `a kind`, `kinds`: the form is an entry of its own.
            name if name.contains("kind") => {
                let form = name.replace("kind", value);
                self.exact.get(&form).cloned().unwrap_or(form)
            }
            _ => value.to_owned(),
        }
    }
}

impl Pattern {
    /// How much of it is fixed.
    fn weight(&self) -> usize {
        let length = |part: &Part| if let Part::Text(text) = part { text.len() } else { 0 };
        self.english.iter().map(length).sum()
    }

    fn say(&self, catalogue: &Catalogue, english: &str) -> Option<String> {
        let mut values = Vec::new();
        if !matches(&self.english, english, &mut values) {
            return None;
        }
        let of = |hole: &str| {
            let base = if class(hole).contains("kind") { kind_hole(hole) } else { hole };
            let value = values.iter().find(|(name, _)| *name == base)?.1;
            Some(catalogue.value(hole, value))
        };
        let said = self.said.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Hole(hole) => of(hole).unwrap_or_default(),
        });
        Some(said.collect())
    }
}

/// Fills the holes with the parts of `text` that stand where they are.
fn matches<'a>(parts: &'a [Part], text: &'a str, values: &mut Vec<(&'a str, &'a str)>) -> bool {
    let Some((first, rest)) = parts.split_first() else { return text.is_empty() };
    match (first, rest.first()) {
        (Part::Text(fixed), _) => text.strip_prefix(fixed.as_str()).is_some_and(|text| matches(rest, text, values)),
        (Part::Hole(name), Some(Part::Text(next))) => text.match_indices(next.as_str()).any(|(at, _)| {
            let (value, after) = text.split_at(at);
            let before = values.len();
            let is_it = fits(name, value) && {
                values.push((name, value));
                matches(rest, after, values)
            };
            if !is_it {
                values.truncate(before);
            }
            is_it
        }),
        (Part::Hole(name), _) => {
            values.push((name, text));
            rest.is_empty() && fits(name, text)
        }
    }
}

/// Whether such a value can stand in a hole of this name.
fn fits(name: &str, value: &str) -> bool {
    match class(name) {
        "side" => Side::BOTH.iter().any(|side| side.title() == value),
        "kind" => Kind::ALL.iter().any(|kind| kind.as_str() == value),
        "n" => value.starts_with(|first: char| first.is_ascii_digit()) && !value.contains(' '),
        "id" | "word" => !value.is_empty() && !value.contains(' '),
        "text" | "quoted" => !value.is_empty(),
        // What stands there would be of another sentence.
        _ => !value.is_empty() && !value.contains('\n') && split(value, "; ").len() == 1,
    }
}

/// What a hole is of: `side2` is a side.
fn class(name: &str) -> &str {
    name.trim_end_matches(|last: char| last.is_ascii_digit())
}

/// `a kind` and `kinds2` are filled by `kind` and `kind2`.
fn kind_hole(hole: &str) -> &str {
    if hole.ends_with('2') { "kind2" } else { "kind" }
}

/// The pieces between a separator that does not stand in quotes.
fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut pieces, mut rest, mut from) = (Vec::new(), text, 0);
    while let Some(at) = rest.get(from..).and_then(|after| after.find(separator)).map(|at| at + from) {
        let (piece, after) = rest.split_at(at);
        if piece.matches(['"', '`']).count().is_multiple_of(2) {
            pieces.push(piece);
            rest = after.strip_prefix(separator).unwrap_or(after);
            from = 0;
        } else {
            from = at + separator.len();
        }
    }
    pieces.push(rest);
    pieces
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((hole, after)) = after.split_once('}') else { break };
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        parts.push(Part::Hole(hole.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    parts
}

/// The entries of a catalogue: `msgid` and `msgstr`, over as many lines as they need.
fn entries(text: &str) -> Vec<(String, String)> {
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut is_english = true;
    for line in text.lines() {
        let line = line.trim();
        let quoted = if let Some(quoted) = line.strip_prefix("msgid ") {
            entries.push(Default::default());
            is_english = true;
            quoted
        } else if let Some(quoted) = line.strip_prefix("msgstr ") {
            is_english = false;
            quoted
        } else if line.starts_with('"') {
            line
        } else {
            continue;
        };
        if let Some((english, said)) = entries.last_mut() {
            let to = if is_english { english } else { said };
            to.push_str(&unquoted(quoted));
        }
    }
    // The first entry of gettext's form is about the catalogue.
    entries.retain(|(english, said)| !english.is_empty() && !said.is_empty());
    entries
}

fn unquoted(quoted: &str) -> String {
    let inner = quoted.trim().trim_start_matches('"');
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    inner.replace("\\n", "\n").replace("\\\"", "\"")
}
