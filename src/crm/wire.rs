//! Reading the fields of one payload: present, empty or unknown; a wrong type is never any of them. (I30)

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::path::is_id;
use super::secrets::WITHHELD;
use super::{Shape, Unparsable};
use crate::record::{Field, Forms, Kind, Record, Tags, Value, fits_pattern};

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

    /// A list, each item as `read` makes it; null is unknown (`semantics` 40), unless what is missing is empty too.
    pub fn list<T>(&self, key: &str, read: impl Fn(&Json) -> Option<T>) -> Result<Said<Vec<T>>, Unparsable> {
        match self.keys.get(key) {
            None | Some(Json::Null) => Ok(self.missing()),
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

    /// The complaint about a value that is not what it should be. It names the field, never the value.
    pub fn wrong(&self, key: &str, expected: &str) -> Unparsable {
        Unparsable(format!("the {}'s {key} is not {expected}", self.kind))
    }

    fn missing<T>(&self) -> Said<T> {
        if self.missing_is_empty { Said::Empty } else { Said::Unknown }
    }
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
pub(super) fn tell_tags(record: &mut Record, said: Said<Vec<String>>) {
    tell(record, Field::Tags, said, |tags| Value::tags(tags.into_iter().collect::<Tags>()));
}

/// Whether a contact's e-mail fits a pattern of placeholders.
pub(super) fn is_placeholder(wire: &Wire, forms: &Forms) -> Result<bool, Unparsable> {
    let Said::Is(email) = wire.text("email")? else { return Ok(false) };
    Ok(forms.placeholders.iter().any(|pattern| fits_pattern(email, pattern)))
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
