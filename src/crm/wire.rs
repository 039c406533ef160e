//! Reading the fields of one payload: present, empty or unknown; a wrong type is never any of them. (I30)

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};

use super::path::is_id;
use super::secrets::WITHHELD;
use super::{Shape, Unparsable};
use crate::record::{Due, Field, Forms, Kind, Record, Tags, User, Value, fits_pattern, latest_instant};

/// What a payload says under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said<T> {
    /// The key is not there, and its absence says nothing.
    Unknown,
    /// Known to be empty.
    Empty,
    /// This.
    Is(T),
}

/// A payload, and how much its missing keys say.
pub(super) struct Wire {
    kind: Kind,
    keys: Map<String, Json>,
    missing_is_empty: bool,
}

impl Wire {
    /// Reads a payload. `missing_is_empty` where the CRM leaves out what is empty (`semantics` 1).
    pub fn read(kind: Kind, payload: &str, missing_is_empty: bool) -> Result<Self, Unparsable> {
        if payload.contains(WITHHELD) {
            let why = format!(
                "the {kind} holds a secret of this configuration; take it out of the CRM, and give out a new one"
            );
            return Err(Unparsable(why));
        }
        match serde_json::from_str(payload) {
            Ok(Json::Object(keys)) => Ok(Self { kind, keys, missing_is_empty }),
            Ok(_) => Err(Unparsable(format!("the {kind} is not an object"))),
            Err(_) => Err(Unparsable(format!("the {kind} is not JSON"))),
        }
    }

    /// Checks that a record has its id; the answer to a write may leave it out.
    pub fn must_have_id(&self, keys: &[&str], shape: Shape) -> Result<(), Unparsable> {
        let id = keys.iter().find_map(|key| self.keys.get(*key)).and_then(Json::as_str);
        match id {
            Some(id) if is_id(id) => Ok(()),
            None | Some("") if shape == Shape::Answer => Ok(()),
            None | Some("") => Err(Unparsable(format!("the {} has no id", self.kind))),
            Some(_) => Err(Unparsable(format!("the {}'s id can be no id", self.kind))),
        }
    }

    /// Whether the key is there, whatever it holds.
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// A text; null and blank are empty.
    pub fn text(&self, key: &str) -> Result<Said<&str>, Unparsable> {
        match self.keys.get(key) {
            None => Ok(self.missing()),
            Some(Json::Null) => Ok(Said::Empty),
            Some(Json::String(text)) if text.trim().is_empty() => Ok(Said::Empty),
            Some(Json::String(text)) => Ok(Said::Is(text)),
            Some(_) => Err(self.wrong(key, "a text")),
        }
    }

    /// Whatever stands there; null is empty.
    pub fn json(&self, key: &str) -> Said<&Json> {
        match self.keys.get(key) {
            None => self.missing(),
            Some(Json::Null) => Said::Empty,
            Some(value) => Said::Is(value),
        }
    }

    /// Every key.
    pub const fn keys(&self) -> &Map<String, Json> {
        &self.keys
    }

    /// A yes or no; null is unknown. (`semantics` 40)
    pub fn flag(&self, key: &str) -> Result<Said<bool>, Unparsable> {
        match self.keys.get(key) {
            None | Some(Json::Null) => Ok(Said::Unknown),
            Some(Json::Bool(flag)) => Ok(Said::Is(*flag)),
            Some(_) => Err(self.wrong(key, "true or false")),
        }
    }

    /// A list, each item as `read` makes it. One that is null is unknown, and so is one of which an item cannot be read.
    /// (`semantics` 40)
    pub fn list<T>(&self, key: &str, read: impl Fn(&Json) -> Option<T>) -> Result<Said<Vec<T>>, Unparsable> {
        match self.keys.get(key) {
            None => Ok(self.missing()),
            Some(Json::Null) => Ok(Said::Unknown),
            Some(Json::Array(items)) => {
                let items: Option<Vec<T>> = items.iter().map(read).collect();
                items.map(Said::Is).ok_or_else(|| self.wrong(key, "a list of texts"))
            }
            Some(_) => Err(self.wrong(key, "a list")),
        }
    }

    /// An instant, where one can be read: a hint, never a reason to hold a record.
    pub fn instant(&self, keys: &[&str]) -> Option<Timestamp> {
        keys.iter().find_map(|key| self.keys.get(*key)?.as_str()?.parse().ok())
    }

    /// An instant that may come without an offset or a time, as late as it can be meant.
    pub fn latest_instant(&self, key: &str, forms: &Forms) -> Option<Timestamp> {
        latest_instant(self.keys.get(key)?.as_str()?, &forms.zone)
    }

    /// The complaint about a value that is not what it should be. It names the field, never the value.
    pub fn wrong(&self, key: &str, expected: &str) -> Unparsable {
        Unparsable(format!("the {}'s {key} is not {expected}", self.kind))
    }

    fn missing<T>(&self) -> Said<T> {
        if self.missing_is_empty { Said::Empty } else { Said::Unknown }
    }
}

/// What was said of a field; one that cannot be read is unknown, and noted. (`semantics` 49)
pub(super) fn read<T>(record: &mut Record, field: Field, said: Result<Said<T>, Unparsable>) -> Said<T> {
    said.unwrap_or_else(|why| {
        record.unreadable.insert(field, why.to_string());
        Said::Unknown
    })
}

/// Puts what was said of a field into a record.
pub(super) fn tell<T>(record: &mut Record, field: Field, said: Said<T>, make: impl FnOnce(T) -> Value) {
    match said {
        Said::Unknown => {}
        Said::Empty => _ = record.fields.insert(field, Value::Empty),
        Said::Is(value) => _ = record.fields.insert(field, make(value)),
    }
}

/// Puts the tags that were said into a record.
pub(super) fn tell_tags(record: &mut Record, said: Result<Said<Vec<String>>, Unparsable>) {
    let said = read(record, Field::Tags, said);
    tell(record, Field::Tags, said, |tags| Value::tags(tags.into_iter().collect::<Tags>()));
}

/// Whether a contact's e-mail fits a pattern of placeholders.
pub(super) fn is_placeholder(wire: &Wire, forms: &Forms) -> bool {
    let Ok(Said::Is(email)) = wire.text("email") else { return false };
    forms.placeholders.iter().any(|pattern| fits_pattern(email, pattern))
}

/// Where a record is filed; what cannot be read is unknown.
pub(super) fn place(wire: &Wire, key: &str) -> Option<String> {
    match wire.text(key) {
        Ok(Said::Is(place)) => Some(place.to_owned()),
        Ok(Said::Empty) => Some(String::new()),
        Ok(Said::Unknown) | Err(_) => None,
    }
}

/// A due date as it was said.
pub(super) fn tell_due(record: &mut Record, wire: &Wire, forms: &Forms) {
    let due = match wire.text("dueDate") {
        Ok(Said::Is(due)) => match Due::parse(due, &forms.zone) {
            Some(due) => Ok(Said::Is(due)),
            None => Err(wire.wrong("dueDate", "a date")),
        },
        Ok(Said::Empty) => Ok(Said::Empty),
        Ok(Said::Unknown) => Ok(Said::Unknown),
        Err(why) => Err(why),
    };
    let due = read(record, Field::Due, due);
    tell(record, Field::Due, due, Value::Due);
}

/// A count that may come as a text; what is neither is no count.
pub(super) fn count<'de, D: Deserializer<'de>>(told: D) -> Result<Option<usize>, D::Error> {
    let told = Json::deserialize(told)?;
    let number = told.as_u64().and_then(|number| usize::try_from(number).ok());
    Ok(number.or_else(|| told.as_str()?.trim().parse().ok()))
}

/// Whether a contact's name fits a pattern of fillers.
pub(super) fn fits_a_filler(record: &Record, forms: &Forms) -> bool {
    let name = record.get(&Field::Name).map(Value::shown).unwrap_or_default();
    !name.is_empty() && forms.placeholder_names.iter().any(|pattern| fits_pattern(&name, pattern))
}

/// A text, or the text in an object under one of `keys`.
pub(super) fn text_in(item: &Json, keys: &[&str]) -> Option<String> {
    item.as_str().or_else(|| keys.iter().find_map(|key| item.get(*key)?.as_str())).map(str::to_owned)
}

/// A user, as both CRMs write one; none who was deleted.
pub(super) fn user_in(row: &Json) -> Option<User> {
    let text = |key: &str| row.get(key).and_then(Json::as_str).unwrap_or_default().trim().to_owned();
    let is_deleted = row.get("deleted").and_then(Json::as_bool).unwrap_or(false);
    let (id, email, name) = (text("id"), text("email"), text("name"));
    let name =
        if name.is_empty() { format!("{} {}", text("firstName"), text("lastName")).trim().to_owned() } else { name };
    (!is_deleted && is_id(&id)).then_some(User { id, email, name })
}
