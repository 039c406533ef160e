//! Canonical records and their forms: pure.
//!
//! Whatever a CRM sends becomes a [`Record`] at the edge of its room and stays one until it is written again. Two
//! values are compared by what they mean ([`Value::same`]), never by how they are spelt.

mod body;
mod capabilities;
mod due;
mod field;
mod mapped;
mod name;
mod phone;
mod side;
mod tags;
mod take;
mod text;
mod told;
mod value;
mod write;

use std::collections::BTreeMap;

pub use body::{Body, html_from_text, looks_like_html};
pub use capabilities::*;
pub use due::Due;
pub use field::Field;
use jiff::Timestamp;
use jiff::tz::TimeZone;
pub use mapped::{CLIENGO_FIELDS, GHL_FIELDS, GhlPlace, Holds, Mapped, PlainField, Step};
pub use name::PersonName;
pub use phone::{Phone, Region};
use serde::{Deserialize, Serialize};
pub use side::*;
pub use tags::{Tags, fold_tag};
pub use take::{Take, typed};
pub use text::{canonical_email, canonical_line, canonical_text, fits_pattern, is_placeholder_email};
pub use told::{Facet, Projection, Told};
pub use value::{MatchKey, Value};
pub use write::*;

/// What a reader needs to know to make a pair's values canonical.
#[derive(Clone, Debug)]
pub struct Forms {
    /// Where a phone without a country code is from.
    pub region: Option<Region>,
    /// The zone in which a date without a time stands.
    pub zone: TimeZone,
    /// E-mails that are fillers, as patterns in which `*` stands for anything (`semantics` 8).
    pub placeholders: Vec<String>,
    /// Fields that the configuration maps.
    pub mapped: Vec<Mapped>,
}

impl Forms {
    /// How a mapped field is read and written; `None` for the others.
    #[must_use]
    pub fn mapped(&self, field: &Field) -> Option<&Mapped> {
        self.mapped.iter().find(|mapped| mapped.field == *field)
    }
}

/// One record as one side tells it.
///
/// A field that is missing from `fields` is *unknown* (the payload did not carry it): never a change, never a reason
/// to clear anything. A field that is known to be empty is [`Value::Empty`]. (`semantics` 1)
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What is known of it.
    pub fields: BTreeMap<Field, Value>,
    /// When its CRM says that it came to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When its CRM says that it last changed. A hint for `newest`; never by itself a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// Where its CRM files it: a Cliengo contact's website, a GHL contact's business; blank is nowhere, `None` unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Whether its e-mail fits a pattern of placeholders.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub placeholder: bool,
    /// Further e-mails and phones it can be recognised by; read only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<MatchKey>,
}

impl Record {
    /// The value of `field`; `None` is unknown.
    #[must_use]
    pub fn get(&self, field: &Field) -> Option<&Value> {
        self.fields.get(field)
    }

    /// The same record with `field` set.
    #[must_use]
    pub fn with(mut self, field: Field, value: Value) -> Self {
        self.fields.insert(field, value);
        self
    }

    /// The contact's tags; unknown and empty are both the empty set.
    #[must_use]
    pub fn tags(&self) -> Tags {
        match self.get(&Field::Tags) {
            Some(Value::Tags(tags)) => tags.clone(),
            _ => Tags::default(),
        }
    }

    /// What the contact can be recognised by, in order: its e-mail unless it is a placeholder, its phone where valid
    /// (`semantics` 8).
    #[must_use]
    pub fn match_keys(&self) -> Vec<MatchKey> {
        let phone = match self.get(&Field::Phone) {
            Some(Value::Phone(phone)) => Some(phone),
            _ => None,
        };
        let email = match self.get(&Field::Email) {
            Some(Value::Email(email)) if !self.has_placeholder_email() => Some(MatchKey::Email(canonical_email(email))),
            _ => None,
        };
        email.into_iter().chain(phone.and_then(Phone::match_key).map(MatchKey::Phone)).collect()
    }

    /// Everything that a contact can be recognised by: its own e-mail and phone, and what it has besides.
    pub fn all_keys(&self) -> impl Iterator<Item = MatchKey> + use<'_> {
        self.match_keys().into_iter().chain(self.also.iter().cloned())
    }

    /// Whether two contacts share their e-mail, an additional one too, or, where the first has none, their phone.
    #[must_use]
    pub fn is_same_person(&self, other: &Record) -> bool {
        let shares = |field: &Field| match (self.get(field), other.get(field)) {
            (Some(one), Some(two)) => !one.is_empty() && one.same_for_linking(two),
            _ => false,
        };
        match self.get(&Field::Email) {
            Some(Value::Email(email)) => {
                shares(&Field::Email) || other.also.contains(&MatchKey::Email(canonical_email(email)))
            }
            _ => shares(&Field::Phone),
        }
    }

    /// Whether the e-mail is no address but a filler: made of the contact's own phone, or of a configured pattern.
    #[must_use]
    pub fn has_placeholder_email(&self) -> bool {
        match (self.get(&Field::Email), self.get(&Field::Phone)) {
            (Some(Value::Email(_)), _) if self.placeholder => true,
            (Some(Value::Email(email)), Some(Value::Phone(phone))) => is_placeholder_email(email, &phone.digits()),
            _ => false,
        }
    }

    /// The name to show a person: a contact's name, e-mail or phone; a task's title; a note's first line.
    #[must_use]
    pub fn label(&self) -> String {
        [Field::Name, Field::Title, Field::Body, Field::Email, Field::Phone]
            .iter()
            .filter_map(|field| self.get(field))
            .map(Value::shown)
            .find(|shown| !shown.is_empty())
            .map(|shown| shown.lines().next().unwrap_or_default().chars().take(60).collect())
            .unwrap_or_default()
    }

    /// Whether every field known on both is the same on both.
    #[must_use]
    pub fn agrees_with(&self, other: &Record) -> bool {
        self.fields.iter().all(|(field, value)| other.get(field).is_none_or(|theirs| value.same(theirs)))
    }
}
