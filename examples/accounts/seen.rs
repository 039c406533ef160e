//! What both CRMs' own stores show, read with none of the program's code.

use std::collections::{BTreeMap, BTreeSet};

use concord::record::Side;
use serde_json::Value;

/// A note as it reads, by its mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub mark: String,
    pub text: String,
}

/// What one side shows of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub id: String,
    pub email: String,
    /// `name` and `phone`, as they compare.
    pub fields: BTreeMap<&'static str, String>,
    /// As they compare, with their spelling.
    pub tags: BTreeMap<String, String>,
    /// The last name in a field of its own.
    pub last: String,
    pub notes: Vec<Read>,
    pub tasks: Vec<(Read, bool)>,
    /// The ids of its notes and tasks, by mark.
    pub ids: BTreeMap<String, String>,
}

impl Seen {
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }

    pub fn tag_names(&self) -> BTreeSet<&String> {
        self.tags.keys().collect()
    }

    /// What was written under it, by mark.
    pub fn reads(&self, mark: &str) -> Vec<&str> {
        let tasks = self.tasks.iter().map(|(read, _)| read);
        self.notes.iter().chain(tasks).filter(|read| read.mark == mark).map(|read| read.text.as_str()).collect()
    }
}

fn text<'a>(row: &'a Value, keys: &[&str]) -> &'a str {
    keys.iter().find_map(|key| row.get(*key)?.as_str()).unwrap_or_default().trim()
}

fn rows<'a>(dump: &'a Value, side: Side, kinds: &str) -> impl Iterator<Item = &'a Value> {
    dump.get(side.as_str()).and_then(|side| side.get(kinds)).and_then(Value::as_array).into_iter().flatten()
}

/// Everybody on one side.
pub fn everybody(dump: &Value, side: Side) -> Vec<Seen> {
    let mut by_id: BTreeMap<String, Seen> = BTreeMap::new();
    for row in rows(dump, side, "contacts") {
        let (first, last) = (text(row, &["firstName", "name"]), text(row, &["lastName"]));
        // Some accounts hold the last name in both fields.
        let name =
            if side == Side::Cliengo && first.ends_with(last) { first.to_owned() } else { format!("{first} {last}") };
        let tags = row.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let seen = Seen {
            id: text(row, &["id"]).to_owned(),
            email: bare_email(text(row, &["email"])),
            fields: BTreeMap::from([("name", name_key(&name)), ("phone", line(text(row, &["phone"])))]),
            tags: tags
                .map(|tag| (tag_key(tag), tag.to_owned()))
                .filter(|(tag, _)| !tag.starts_with("removed-from-"))
                .collect(),
            last: last.to_owned(),
            ..Seen::default()
        };
        by_id.insert(seen.id.clone(), seen);
    }
    for (kinds, keys) in [("notes", &["message", "body"][..]), ("tasks", &["title"][..])] {
        for row in rows(dump, side, kinds) {
            let Some(seen) = by_id.get_mut(text(row, &["contact_id", "contactId"])) else { continue };
            let read = read(text(row, keys), side == Side::Ghl && kinds == "notes");
            seen.ids.insert(read.mark.clone(), text(row, &["id", "_id"]).to_owned());
            match kinds {
                "notes" => seen.notes.push(read),
                _ => seen.tasks.push((read, row.get("completed").and_then(Value::as_bool).unwrap_or_default())),
            }
        }
    }
    by_id.into_values().collect()
}

fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}' | '\u{200d}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{ad}' | '\u{feff}')
}

pub fn tag_key(tag: &str) -> String {
    let visible: String = tag.chars().filter(|letter| !is_invisible(*letter)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A name as it compares: its letters. What a CRM stores otherwise (emoji, marks, blanks, case) is not compared.
pub fn name_key(name: &str) -> String {
    let mut key = String::new();
    for letter in name.chars().filter(|letter| !is_invisible(*letter)) {
        match letter {
            '\u{300}'..='\u{36f}' => {}
            'á' | 'Á' => key.push('a'),
            'é' | 'É' => key.push('e'),
            'í' | 'Í' => key.push('i'),
            'ó' | 'Ó' => key.push('o'),
            'ú' | 'Ú' => key.push('u'),
            'ñ' | 'Ñ' => key.push('n'),
            _ if letter.is_alphanumeric() => key.extend(letter.to_lowercase()),
            _ => key.push(' '),
        }
    }
    key.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether one is the other, or what is left of it after 50 or 100 letters.
pub fn is_one_name(one: &str, other: &str) -> bool {
    let is_cut = |cut: &str, whole: &str| cut.chars().count() >= 35 && whole.starts_with(cut);
    one == other || is_cut(one, other) || is_cut(other, one)
}

/// The last seven digits: the same line, however it is written.
pub fn line(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    digits.get(digits.len().saturating_sub(7)..).unwrap_or_default().iter().collect()
}

/// An e-mail without what people and programs wrap around it.
pub fn bare_email(text: &str) -> String {
    let visible: String = text.chars().filter(|letter| !is_invisible(*letter)).collect();
    let mut words = visible.split(|letter: char| letter.is_whitespace() || "<>,:;".contains(letter));
    words.rfind(|word| word.contains('@')).unwrap_or_default().to_lowercase()
}

/// Without invisible characters and doubled blanks, and as one letter what is one.
fn visible(text: &str) -> String {
    let text: String = text.replace("e\u{301}", "é").chars().filter(|letter| !is_invisible(*letter)).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text with its mark; HTML as it is shown, but for its tags.
fn read(text: &str, is_html: bool) -> Read {
    let mut text = text.to_owned();
    loop {
        // Some locations escape what is escaped.
        let entities = [
            ("&amp;", "&"),
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&#39;", "'"),
            ("&nbsp;", " "),
            ("<br>", " "),
        ];
        let plain = entities.iter().fold(text.clone(), |text, (entity, letter)| text.replace(entity, letter));
        if !is_html || plain == text {
            break;
        }
        text = plain;
    }
    let text = visible(&text);
    Read { mark: mark_of(&text), text }
}

/// The words that begin a mark.
pub const MARKS: [&str; 3] = ["Nota ", "Tarea ", "Cambiada "];

fn mark_of(text: &str) -> String {
    let found = MARKS.iter().find_map(|word| {
        let rest = text.get(text.find(word)?..)?;
        Some(rest.get(..=rest.find('.')?)?.to_owned())
    });
    found.unwrap_or_else(|| text.to_owned())
}

/// Whether a side shows every part of what was written.
pub fn shows(text: &str, part: &str) -> bool {
    let part = visible(part);
    let unescaped = ["&amp;", "&lt;", "&gt;"].iter().any(|entity| part.contains(entity));
    text.contains(&part)
        || unescaped && {
            // What was written as an entity is read as its letter by a page that shows the text.
            let plain = part.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            text.contains(&plain)
        }
}
