//! Fields that the configuration maps: what they hold, and how a value of one CRM becomes one of the other.
//!
//! A Cliengo value is read in GHL's terms (its transform and its words applied), so that both sides compare as they are.

mod amount;
mod day;
mod holds;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;

use amount::{Amount, amount, exactly, has_too_many_digits, number_in};
use day::{day, day_at, day_in};
pub use holds::Holds;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::text::folded_case;
use super::user::{User, nobody};
use super::{Field, Kind, PlainField, Side, Value, canonical_line};

/// A field that both sides have by configuration, resolved against the GHL location.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// Whose field it is.
    pub kind: Kind,
    /// The field.
    pub field: Field,
    /// Where Cliengo has it: a key, or `leadFields.KEY`.
    pub cliengo: String,
    /// Where GHL has it.
    pub ghl: GhlPlace,
    /// What GHL keeps in it.
    pub holds: Holds,
    /// What is done with Cliengo's value.
    pub transform: Vec<Step>,
    /// Cliengo's words and GHL's.
    pub values: Vec<(String, String)>,
}

/// Where GHL has a field (`GHL API notes, 3.1 and 3.5`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GhlPlace {
    /// A field of the record itself.
    Plain(PlainField),
    /// A custom field, by id.
    Custom(String),
}

/// A list or an object where one value belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a list or an object where one value belongs")]
pub struct OfAnotherShape;

/// What Cliengo calls how far a contact is (`Cliengo API notes, 2.5`).
pub const STATUSES: [&str; 4] = ["NEW", "ACTIVE", "LONG_TERM", "CLIENT"];

/// How Cliengo says that a contact is assigned to nobody (`Cliengo API notes, 2.5`).
const UNASSIGNED: &str = "UNASSIGNED";

/// A step of a transform, from Cliengo to GHL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Without outer blanks.
    Trim,
    /// In lower case.
    Lower,
    /// In capitals.
    Upper,
    /// As a number: `$ 1.500,50` is 1500.5.
    Number,
    /// As `true` or `false`.
    Boolean,
    /// A day in this format (as strftime names it).
    Date(String),
    /// Where it is blank: the first of these that is not.
    First(Vec<String>),
    /// A list as one text, with this between its parts.
    Join(String),
    /// The n-th part, from 1, between these.
    Split(String, usize),
}

impl Step {
    /// Whether Cliengo's value can be told from GHL's.
    #[must_use]
    pub const fn is_invertible(&self) -> bool {
        matches!(self, Self::Trim | Self::Number)
    }

    fn apply(&self, value: Json, contact: &Map<String, Json>) -> Json {
        let takes_lists = matches!(self, Self::Trim | Self::Lower | Self::Upper | Self::First(_));
        let takes_parts = matches!(self, Self::Join(_)) && has_parts(&value);
        if value.is_object() || value.is_array() && !takes_lists && !takes_parts {
            return value;
        }
        let text = |change: fn(&str) -> String| match &value {
            Json::String(text) => Json::String(change(text)),
            Json::Array(items) => items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.clone(), |text| change(text).into()))
                .collect(),
            other => other.clone(),
        };
        match self {
            Self::Trim => text(|text| text.trim().to_owned()),
            Self::Lower => text(str::to_lowercase),
            Self::Upper => text(str::to_uppercase),
            Self::Number if value.is_number() => value,
            Self::Number => number_in(&shown(&value)).map_or(value, |number| Value::Number(number).json()),
            Self::Boolean => truth(&shown(&value)).map_or(value, |truth| truth.to_string().into()),
            Self::Date(format) => day_in(format, shown(&value).trim()).map_or(value, |day| day.to_string().into()),
            Self::First(others) if is_blank(&value) => {
                let first = others.iter().filter_map(|path| at(contact, path)).find(|found| !is_blank(found));
                first.cloned().unwrap_or(value)
            }
            Self::First(_) => value,
            Self::Join(separator) => match &value {
                Json::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(separator).into(),
                _ => value,
            },
            Self::Split(separator, nth) => {
                let text = shown(&value);
                text.split(separator.as_str()).nth(nth.saturating_sub(1)).unwrap_or_default().to_owned().into()
            }
        }
    }
}

/// The value under a path such as `leadFields.budget`; `None` where the key is not there.
#[must_use]
pub fn at<'a>(contact: &'a Map<String, Json>, path: &str) -> Option<&'a Json> {
    let mut parts = path.split('.');
    let first = contact.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

fn is_blank(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty() || !text.is_ascii() && canonical_line(text).is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Whether it is a list of single values.
fn has_parts(value: &Json) -> bool {
    value.as_array().is_some_and(|items| !items.iter().any(|item| item.is_array() || item.is_object()))
}

fn shown(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Number(number) if number.is_f64() => Value::Number(number.as_f64().unwrap_or_default()).shown(),
        other => other.to_string(),
    }
}

/// The addresses of files, or the texts of boxes.
fn texts_in(value: &Json) -> Vec<String> {
    match value {
        Json::String(text) => vec![text.clone()],
        Json::Array(items) => items.iter().flat_map(texts_in).collect(),
        Json::Object(fields) => match fields.get("url").and_then(Json::as_str) {
            Some(url) => vec![url.to_owned()],
            None => fields.values().flat_map(texts_in).collect(),
        },
        Json::Number(number) => vec![number.to_string()],
        _ => Vec::new(),
    }
}

fn truth(text: &str) -> Option<bool> {
    match canonical_line(text).to_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "si" | "sí" | "s" | "x" => Some(true),
        "false" | "0" | "no" | "n" => Some(false),
        _ => None,
    }
}

impl Mapped {
    /// Cliengo's value, in GHL's terms; `None` is unknown.
    ///
    /// # Errors
    /// [`OfAnotherShape`].
    pub fn of_cliengo(&self, contact: &Map<String, Json>) -> Result<Option<Value>, OfAnotherShape> {
        let found = at(contact, &self.cliengo);
        // Where the object that holds them is there, a key that is not there is empty, unless it was known.
        let is_there = |object: &str| contact.get(object).is_some_and(|object| object.is_object() || object.is_null());
        let inside = self.cliengo.split_once('.').is_some_and(|(object, _)| is_there(object));
        let instead = self.transform.iter().any(|step| matches!(step, Step::First(_)));
        let raw = match found {
            Some(found) => found.clone(),
            None if inside || instead => Json::Null,
            None => return Ok(None),
        };
        let value = self.transform.iter().fold(raw, |value, step| step.apply(value, contact));
        self.value(&self.translated(value)).map(Some)
    }

    /// Whether the contact says what the value is made of: what is composed of parts is unknown when a part that counts is.
    /// (`semantics` 40)
    #[must_use]
    pub fn is_said(&self, contact: &Map<String, Json>) -> bool {
        let others = self.transform.iter().flat_map(|step| match step {
            Step::First(others) => others.as_slice(),
            _ => &[],
        });
        let mut parts = std::iter::once(&self.cliengo).chain(others).map(|path| at(contact, path));
        parts.find(|part| part.is_none_or(|part| !is_blank(part))) != Some(None) && !self.joins_an_unknown(contact)
    }

    /// The place of the part that the value is made of.
    #[must_use]
    pub fn told_by(&self, contact: &Map<String, Json>) -> &str {
        let others = self.transform.iter().flat_map(|step| match step {
            Step::First(others) => others.as_slice(),
            _ => &[],
        });
        let counts = |path: &&String| at(contact, path).is_some_and(|part| !is_blank(part));
        std::iter::once(&self.cliengo).chain(others).find(counts).unwrap_or(&self.cliengo)
    }

    /// Whether an item of a list that is joined is null.
    fn joins_an_unknown(&self, contact: &Map<String, Json>) -> bool {
        let items = at(contact, &self.cliengo).and_then(Json::as_array);
        let joins = self.transform.iter().any(|step| matches!(step, Step::Join(_)));
        joins && items.is_some_and(|items| items.iter().any(Json::is_null))
    }

    fn translated(&self, value: Json) -> Json {
        self.worded(value, |(cliengo, _)| cliengo)
    }

    /// The words of a value that stand on one side of the table, as GHL's; in any case where no other is meant.
    fn worded(&self, value: Json, of: impl Fn(&(String, String)) -> &String) -> Json {
        let word = |text: &str| {
            let known = self.known_word(&of, &canonical_line(text));
            known.map(|(_, ghl)| ghl.clone())
        };
        match &value {
            Json::Array(items) => {
                items.iter().map(|item| word(&shown(item)).map_or_else(|| item.clone(), Json::String)).collect()
            }
            other => word(&shown(other)).map_or(value, Json::String),
        }
    }

    /// The words of the table that a text is one of: as it is spelt, or in another case. Ids have none.
    fn known_word(&self, of: &impl Fn(&(String, String)) -> &String, text: &str) -> Option<&(String, String)> {
        let spelt = self.values.iter().find(|words| of(words) == text);
        let has_case = !matches!(self.holds, Holds::User(_));
        let is_in_another_case = |words: &&(String, String)| has_case && folded_case(of(words)) == folded_case(text);
        spelt.or_else(|| self.values.iter().find(is_in_another_case))
    }

    /// GHL's value.
    ///
    /// # Errors
    /// [`OfAnotherShape`].
    pub fn of_ghl(&self, value: &Json) -> Result<Value, OfAnotherShape> {
        if self.is_of_another_shape(value) {
            return Err(OfAnotherShape);
        }
        if self.values.is_empty() {
            return self.value(value);
        }
        self.value(&self.worded(value.clone(), |(_, ghl)| ghl))
    }

    /// Whether a list or an object stands where one value belongs: what it means is unknown. (`semantics` 49)
    fn is_of_another_shape(&self, value: &Json) -> bool {
        match (&self.holds, value) {
            (Holds::Opaque, _) => false,
            (Holds::Options(_) | Holds::Followers(_), Json::Array(_)) => !has_parts(value),
            (Holds::User(_), Json::Object(user)) => !user.get("id").is_some_and(Json::is_string),
            (_, Json::Array(_) | Json::Object(_)) => true,
            _ => false,
        }
    }

    fn value(&self, value: &Json) -> Result<Value, OfAnotherShape> {
        if self.is_of_another_shape(value) {
            return Err(OfAnotherShape);
        }
        if is_blank(value) {
            return Ok(Value::Empty);
        }
        Ok(match &self.holds {
            Holds::Number => match (exactly(value), amount(&shown(value))) {
                (Some(number), _) => Value::Number(number),
                (None, Amount::Is(number)) if !value.is_number() => Value::Number(number),
                _ => Value::line(&shown(value)),
            },
            Holds::Lines => Value::body(&shown(value)),
            Holds::Opaque => Value::body(&texts_in(value).join("\n")),
            Holds::Options(_) => {
                let items = match value {
                    Json::Array(items) => items.iter().map(shown).collect(),
                    other => vec![shown(other)],
                };
                Value::choices(items.iter().map(String::as_str))
            }
            Holds::Date => {
                let text = canonical_line(&shown(value));
                let told = day(&text).or_else(|| day_at(value.as_i64()));
                told.map_or_else(|| Value::line(&text), |day| Value::Line(day.to_string()))
            }
            Holds::Flag => {
                value.as_bool().or_else(|| truth(&shown(value))).map_or_else(|| Value::line(&shown(value)), Value::Flag)
            }
            Holds::User(_) => match value.get("id").map_or_else(|| shown(value), shown) {
                nobody if nobody == UNASSIGNED => Value::Empty,
                id => Value::line(&id),
            },
            Holds::Followers(users) => {
                let called = |id: &String| users.iter().find(|user| user.id == *id).map_or(id.clone(), User::address);
                let followers: BTreeSet<String> = texts_in(value).iter().map(called).collect();
                Value::line(&followers.into_iter().collect::<Vec<_>>().join(", "))
            }
            Holds::Text | Holds::Option(_) => Value::line(&shown(value)),
        })
    }

    /// What Cliengo is sent where the value is emptied; `None`: it cannot be emptied there.
    #[must_use]
    pub fn emptied_in_cliengo(&self) -> Option<&'static str> {
        (self.kind == Kind::Contact && matches!(self.holds, Holds::User(_))).then_some(UNASSIGNED)
    }

    /// Whether the value is an amount that can mean two. (`semantics` 50)
    #[must_use]
    pub fn is_ambiguous(&self, value: &Value) -> bool {
        self.holds == Holds::Number && matches!(value, Value::Line(line) if amount(line) == Amount::Ambiguous)
    }

    /// A word that would be written as Cliengo's status and is none, where the others have their words.
    fn unknown_status(&self, value: &Value) -> Option<String> {
        let is_table = self.cliengo == "status" && !self.values.is_empty() && !value.is_empty();
        let word = is_table.then(|| self.in_cliengo(value))?.as_str().map(str::to_owned)?;
        let ours = self.values.iter().map(|(cliengo, _)| cliengo.as_str());
        let is_known = ours.chain(STATUSES).any(|status| folded_case(status) == folded_case(&word));
        (!is_known).then_some(word)
    }

    /// What is wrong with writing `value` to `side`; `None`: it fits. Cliengo takes whatever text it is sent.
    #[must_use]
    pub fn objection(&self, side: Side, value: &Value) -> Option<String> {
        if let (Holds::User(users), false) = (&self.holds, value.is_empty()) {
            return nobody(side, &value.shown(), users, &self.values);
        }
        if side == Side::Cliengo {
            if let Some(word) = self.unknown_status(value) {
                return Some(format!(
                    "{word:?} is no status that Cliengo has: give {} its word in values, or one of {}",
                    self.field,
                    STATUSES.join(", ")
                ));
            }
            return self.is_ambiguous(value).then(|| {
                format!(
                    "{:?} for {} can mean two amounts: write it with two decimals, as 1500.00 or 1.50",
                    value.shown(),
                    self.field
                )
            });
        }
        let unknown = |options: &[String], chosen: &str| {
            (!options.iter().any(|option| option == chosen))
                .then(|| format!("{chosen:?} is none of the options of {} in GHL: {}", self.field, options.join(", ")))
        };
        match (&self.holds, value) {
            (_, Value::Empty)
            | (Holds::Text | Holds::Lines | Holds::User(_), _)
            | (Holds::Number, Value::Number(_))
            | (Holds::Flag, Value::Flag(_)) => None,
            (Holds::Flag, other) => {
                Some(format!("{:?} is neither yes nor no, and {} in GHL takes nothing else", other.shown(), self.field))
            }
            (Holds::Opaque, _) => Some(format!("{} in GHL holds no text and is never written", self.field)),
            (Holds::Followers(_), _) => Some(format!("{} in GHL is only read", self.field)),
            (Holds::Number, other) if self.is_ambiguous(other) => Some(format!(
                "{:?} for {} can mean two amounts: write it with two decimals, as 1500.00 or 1.50, or map it with transform = [\"number\"]",
                other.shown(),
                self.field
            )),
            (Holds::Number, other) if has_too_many_digits(&other.shown()) => Some(format!(
                "{:?} has more digits than a number keeps, and {} in GHL takes nothing else",
                other.shown(),
                self.field
            )),
            (Holds::Number, other) => {
                Some(format!("{:?} is no number, and {} in GHL takes nothing else", other.shown(), self.field))
            }
            (Holds::Date, value) => day(&value.shown()).is_none().then(|| {
                format!(
                    "{:?} is no date such as 2026-12-24, and {} in GHL takes nothing else",
                    value.shown(),
                    self.field
                )
            }),
            (Holds::Options(options), Value::Choices(chosen)) => chosen.iter().find_map(|one| unknown(options, one)),
            (Holds::Option(options) | Holds::Options(options), value) => unknown(options, &value.shown()),
        }
    }

    /// A value in Cliengo's words.
    #[must_use]
    pub fn in_cliengo(&self, value: &Value) -> Json {
        let word = |text: String| {
            let known = self.known_word(&|(_, ghl)| ghl, &text);
            known.map_or(text, |(cliengo, _)| cliengo.clone())
        };
        match value {
            Value::Choices(chosen) => chosen.iter().map(|one| word(one.clone())).collect::<Vec<_>>().into(),
            Value::Line(line) => word(line.clone()).into(),
            Value::Flag(flag) => {
                let known = self.values.iter().find(|(_, ghl)| truth(ghl) == Some(*flag));
                known.map_or_else(|| value.json(), |(cliengo, _)| cliengo.clone().into())
            }
            Value::Number(_) => {
                let known = self.known_word(&|(_, ghl)| ghl, &value.shown());
                known.map_or_else(|| value.json(), |(cliengo, _)| cliengo.clone().into())
            }
            other => other.json(),
        }
    }
}
