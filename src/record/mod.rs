//! Canonical records and their forms: pure.
//!
//! Whatever a CRM sends becomes a [`Record`] at the edge of its room and stays one until it is written again. Two
//! values are compared by what they mean ([`Value::same`]), never by how they are spelt.

mod body;
mod capabilities;
mod due;
mod effect;
mod email;
mod field;
mod fields;
mod kind;
mod mapped;
mod name;
mod phone;
mod place;
mod recognised;
mod side;
mod stored;
mod tags;
mod take;
mod talk;
mod text;
mod told;
mod user;
mod value;
mod write;

use std::collections::{BTreeMap, BTreeSet};

pub use body::{Body, beginning, cut, html_from_text, is_beginning};
pub use capabilities::*;
pub use due::{Due, latest_instant};
pub use effect::{Effect, Effects, Enrolment, NoEffect};
pub use email::{canonical_email, fits_pattern, is_address, is_placeholder_email};
pub use field::Field;
pub use fields::Fields;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
pub use kind::*;
pub use mapped::{GhlPlace, Holds, Mapped, OfAnotherShape, STATUSES, Step};
pub use name::PersonName;
pub use phone::{Extension, NoPhone, Phone, Region};
pub use place::{FOLLOWERS, Places, PlainField, holds_a_user};
pub use recognised::Recognised;
use serde::{Deserialize, Serialize};
pub use side::*;
pub use tags::{Tags, fold_tag};
pub use take::{Take, typed};
pub use talk::{day_of_talk, talk_going_on};
pub use text::{canonical_line, canonical_text, folded_case};
pub use told::{Facet, Moment, Projection, Told, all_told, id_told_of};
pub use user::{User, paired};
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
    /// Names that are fillers, as patterns in which `*` stands for anything (`semantics` 39).
    pub placeholder_names: Vec<String>,
    /// Fields that the configuration maps.
    pub mapped: Vec<Mapped>,
    /// Fields that it maps and that wait, since what they depend on could not be looked up: unknown on both sides.
    /// (`semantics` 52)
    pub waiting: BTreeSet<(Kind, Field)>,
    /// Who is a member of the business that the scope names; `None`: the rows say it, or it names none.
    pub members: Option<Members>,
}

/// A business of GHL's and the ids of its contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members {
    /// Its id.
    pub business: String,
    /// Its contacts; `None`: who they are could not be looked up, or is doubted.
    pub contacts: Option<BTreeSet<String>>,
}

impl Members {
    /// Where a contact is filed: there, or nowhere; `None` is unknown.
    #[must_use]
    pub fn place(&self, contact: &str) -> Option<String> {
        let is_member = self.contacts.as_ref()?.contains(contact);
        Some(if is_member { self.business.clone() } else { String::new() })
    }
}

impl Forms {
    /// How a mapped field is read and written; `None` for the others.
    #[must_use]
    pub fn mapped(&self, kind: Kind, field: &Field) -> Option<&Mapped> {
        self.of(kind).find(|mapped| mapped.field == *field)
    }

    /// Whether a mapped field waits.
    #[must_use]
    pub fn is_waiting(&self, kind: Kind, field: &Field) -> bool {
        self.waiting.iter().any(|(of, waiting)| (*of, waiting) == (kind, field))
    }

    /// Whether a mapped field of the kind waits: of no record of it all is known.
    #[must_use]
    pub fn waits(&self, kind: Kind) -> bool {
        self.waiting.iter().any(|(of, _)| *of == kind)
    }

    /// The mapped fields of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Mapped> {
        self.mapped.iter().filter(move |mapped| mapped.kind == kind)
    }
}

/// How far a record is what a create was to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// It says what was sent.
    Same,
    /// Its CRM may have stored what was sent as this. (`semantics` 41)
    Stored,
    /// It is a task of that title and date, and says something else besides.
    Edited,
    /// It says something else, and somebody may have made that of it.
    Resembles,
    /// It says something else.
    Other,
}

/// Whether half of the words of the shorter text are in the other one too.
fn shares_half(one: &str, other: &str) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    let (ours, theirs) = (words(one), words(other));
    let shared = ours.intersection(&theirs).count();
    shared > 0 && shared * 2 >= ours.len().min(theirs.len())
}

/// How far two clocks may be apart before a record counts as older than a moment of the other.
const CLOCKS_APART: SignedDuration = SignedDuration::from_hours(48);

/// One record as one side tells it.
///
/// A field that is missing from `fields` is *unknown* (the payload did not carry it): never a change, never a reason
/// to clear anything. A field that is known to be empty is [`Value::Empty`]. (`semantics` 1)
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What is known of it.
    pub fields: Fields,
    /// When its CRM says that it came to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When its CRM says that it last changed. A hint for `newest`; never by itself a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// Where its CRM files it: a Cliengo contact's website, a GHL contact's business; blank is nowhere, `None` unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// How far Cliengo says that a contact is (`status`); blank where it says nothing of it, `None` unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<str>>,
    /// Whether its e-mail fits a pattern of placeholders.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub placeholder: bool,
    /// Whether its name fits a pattern of fillers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub filler_name: bool,
    /// Fields that read as empty because nothing was said of them: unknown where something was known. (`semantics` 40)
    #[serde(skip)]
    pub unsaid: BTreeSet<Field>,
    /// Further e-mails and phones it can be recognised by; read only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<MatchKey>,
    /// Fields that came and cannot be read, with what is wrong: each is unknown. (`semantics` 49)
    #[serde(skip)]
    pub unreadable: BTreeMap<Field, String>,
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
            Some(Value::Email(email)) if self.has_own_email() => Some(MatchKey::Email(canonical_email(email))),
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
            Some(Value::Email(email)) if is_address(&canonical_email(email)) => {
                shares(&Field::Email) || other.also.contains(&MatchKey::Email(canonical_email(email)))
            }
            _ => shares(&Field::Phone) && !self.is_named_otherwise(other),
        }
    }

    /// The name of the person, unless there is none or a channel made it up. (`semantics` 39)
    #[must_use]
    pub fn own_name(&self) -> Option<&PersonName> {
        match self.get(&Field::Name) {
            Some(Value::Name(name)) if !self.filler_name && !name.is_filler() => Some(name),
            _ => None,
        }
    }

    /// Whether both have a name, the names cannot be one person's, and no e-mail makes them one. (`semantics` 38)
    #[must_use]
    pub fn is_named_otherwise(&self, other: &Record) -> bool {
        let email = |record: &Record| record.get(&Field::Email).filter(|_| record.has_own_email()).cloned();
        let same_email = matches!((email(self), email(other)), (Some(one), Some(two)) if one.same(&two));
        !same_email && matches!((self.own_name(), other.own_name()), (Some(one), Some(two)) if !one.can_be_one(two))
    }

    /// Whether it can still be the person that `other` is: they share a key, or have names that can be one person's; or
    /// nothing is left of it to tell.
    #[must_use]
    pub fn can_still_be(&self, other: &Record) -> bool {
        let ours: Vec<MatchKey> = self.all_keys().collect();
        let shares_key = ours.is_empty() || other.all_keys().any(|key| ours.contains(&key));
        if shares_key {
            return !self.is_named_otherwise(other);
        }
        matches!((self.own_name(), other.own_name()), (Some(one), Some(two)) if one.can_be_one(two))
    }

    /// Whether it has an e-mail that can be one, and that is no filler.
    #[must_use]
    pub fn has_own_email(&self) -> bool {
        let is_address = |email: &str| is_address(&canonical_email(email));
        matches!(self.get(&Field::Email), Some(Value::Email(email)) if is_address(email))
            && !self.has_placeholder_email()
    }

    /// Why an e-mail or a phone that stands there is neither matched nor sent; `None`: it is, or nothing stands there.
    #[must_use]
    pub fn unusable(&self, field: &Field) -> Option<String> {
        match (field, self.get(field)?) {
            (Field::Email, Value::Email(email)) if self.has_placeholder_email() => {
                Some(format!("its e-mail {email:?} is a placeholder, and is not sent"))
            }
            (Field::Email, Value::Email(email)) if !is_address(&canonical_email(email)) => {
                Some(format!("its e-mail {email:?} is no address, and is not sent"))
            }
            (Field::Phone, Value::Phone(Phone { raw, unusable: Some(why), .. })) => {
                Some(format!("its phone {raw:?} is not sent: {why}"))
            }
            (Field::Phone, Value::Phone(Phone { raw, e164: None, extension: None, .. })) => {
                Some(format!("its phone {raw:?} is not sent: it is no number"))
            }
            _ => None,
        }
    }

    /// Whether it has the value of `field` among its further e-mails or phones. (`semantics` 43)
    #[must_use]
    pub fn has_besides(&self, field: &Field, value: &Value) -> bool {
        let key = match (field, value) {
            (Field::Email, Value::Email(email)) => Some(MatchKey::Email(canonical_email(email))),
            (Field::Phone, Value::Phone(phone)) => phone.match_key().map(MatchKey::Phone),
            _ => None,
        };
        key.is_some_and(|key| self.also.contains(&key))
    }

    /// How far `other` is what the creation of this record made after `since`; `None` where too little of it can be read to
    /// tell. Who was there long before was not made then.
    #[must_use]
    pub fn compared_with_made(&self, kind: Kind, other: &Record, since: Timestamp) -> Option<Likeness> {
        let is_older = other.created.is_some_and(|created| since.duration_since(created) > CLOCKS_APART);
        let is_it = if kind.is_child() { self.may_be_stored_as(other) } else { self.is_same_person(other) };
        let unknown = if kind.is_child() {
            is_it && kind.told_by().iter().any(|key| other.get(key).is_none())
        } else {
            !is_it && kind.told_by().iter().any(|key| other.unreadable.contains_key(key))
        };
        match (unknown, is_it) {
            (true, _) => is_older.then_some(Likeness::Other),
            (false, true) if !kind.is_child() || self.says_the_same(other) => Some(Likeness::Same),
            (false, true) => Some(Likeness::Stored),
            (false, false) if kind == Kind::Task && self.is_titled_as(other) => Some(Likeness::Edited),
            (false, false) if kind.is_child() && self.resembles(other) => Some(Likeness::Resembles),
            (false, false) => Some(Likeness::Other),
        }
    }

    /// Whether a task has this one's title and date.
    fn is_titled_as(&self, other: &Record) -> bool {
        [Field::Title, Field::Due].iter().all(|field| match (self.get(field), other.get(field)) {
            (Some(ours), Some(theirs)) => ours.same(theirs),
            (ours, theirs) => ours.is_none_or(Value::is_empty) && theirs.is_none_or(Value::is_empty),
        })
    }

    /// Whether a task or note could be this one after somebody edited it: half of the words of a text are the other's too, or
    /// both are due at once.
    fn resembles(&self, other: &Record) -> bool {
        let shown = |record: &Record, field: &Field| record.get(field).map(Value::shown).unwrap_or_default();
        let share = |field: &Field| shares_half(&shown(self, field), &shown(other, field));
        let due = [self, other].map(|record| record.get(&Field::Due).filter(|due| !due.is_empty()));
        share(&Field::Title) || share(&Field::Body) || matches!(due, [Some(ours), Some(theirs)] if ours.same(theirs))
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

    /// Whether both agree but for mapped fields: who has a task, or wrote a note, may be another one there.
    #[must_use]
    pub fn says_the_same(&self, other: &Record) -> bool {
        self.agrees_in(other, Value::same)
    }

    /// The same, or what a CRM may have made of it when it stored it. (`semantics` 41)
    fn may_be_stored_as(&self, other: &Record) -> bool {
        self.agrees_in(other, |sent, theirs| sent.same(theirs) || theirs.is_stored_form_of(sent))
    }

    fn agrees_in(&self, other: &Record, agree: impl Fn(&Value, &Value) -> bool) -> bool {
        let built_in = self.fields.iter().filter(|(field, _)| !matches!(field, Field::Mapped(_)));
        built_in.into_iter().all(|(field, value)| other.get(field).is_none_or(|theirs| agree(value, theirs)))
    }

    /// Whether every field known on both is the same on both.
    #[must_use]
    pub fn agrees_with(&self, other: &Record) -> bool {
        self.fields.iter().all(|(field, value)| other.get(field).is_none_or(|theirs| value.same(theirs)))
    }
}
