//! One field's value: compared by what it means, shown as it stands.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::email::{address_in, canonical_email};
use super::text::canonical_line;
use super::{Body, Due, PersonName, Phone, Tags, fold_tag, stored};

/// The value of a field that is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "type", content = "value")]
pub enum Value {
    /// Known to be empty: null, `""` and blank are the same.
    Empty,
    /// A person's name.
    Name(PersonName),
    /// An e-mail, as spelt.
    Email(String),
    /// A phone.
    Phone(Phone),
    /// A set of tags.
    Tags(Tags),
    /// One line of text.
    Line(String),
    /// A text that may be HTML.
    Body(Body),
    /// A due date.
    Due(Due),
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(f64),
    /// Some of a field's options.
    Choices(BTreeSet<String>),
}

impl Value {
    /// A name; empty where both parts are.
    #[must_use]
    pub fn name(first: &str, last: &str) -> Self {
        let name = PersonName::new(first, last);
        if name.is_empty() { Self::Empty } else { Self::Name(name) }
    }

    /// A name whose first part may hold the last one too; empty where both are.
    #[must_use]
    pub fn joined_name(name: &str, last: &str) -> Self {
        let name = PersonName::joined(name, last);
        if name.is_empty() { Self::Empty } else { Self::Name(name) }
    }

    /// An e-mail, without what programs wrap around it; empty where blank.
    #[must_use]
    pub fn email(raw: &str) -> Self {
        if canonical_line(raw).is_empty() { Self::Empty } else { Self::Email(address_in(raw)) }
    }

    /// A phone; empty where blank.
    #[must_use]
    pub fn phone(raw: &str, region: Option<super::Region>) -> Self {
        let phone = Phone::new(raw, region);
        if phone.raw.is_empty() { Self::Empty } else { Self::Phone(phone) }
    }

    /// A line of text; empty where blank.
    #[must_use]
    pub fn line(raw: &str) -> Self {
        let line = canonical_line(raw);
        if line.is_empty() { Self::Empty } else { Self::Line(line) }
    }

    /// What a side that shows this holds instead of what was `sent`, where it did not keep that: what stood there `before`,
    /// or of a name one part of it. `None` where it was kept, or a person changed it.
    #[must_use]
    pub fn not_kept(&self, before: &Self, sent: &Self) -> Option<Self> {
        match (self, before, sent) {
            _ if self.same(sent) => None,
            _ if self.same(before) => Some(self.clone()),
            (Self::Name(shown), Self::Name(before), Self::Name(sent)) => {
                shown.is_between(before, sent).then(|| self.clone())
            }
            _ => None,
        }
    }

    /// This edit of a text that a side had `stored` with its marks as entities, without them: what a CRM made of what was
    /// `sent` is nobody's. `None` where it had stored it as it is. (`semantics` 41)
    #[must_use]
    pub fn as_sent(&self, stored: &Self, sent: &Self) -> Option<Self> {
        let text = |value: &Self| match value {
            Self::Body(body) if body.is_rich() => None,
            Self::Line(_) | Self::Body(_) => Some(value.shown()),
            _ => None,
        };
        let plain = stored::as_sent(&text(self)?, &text(stored)?, &text(sent)?)?;
        Some(if matches!(self, Self::Line(_)) { Self::Line(plain) } else { Self::Body(Body::plain(plain)) })
    }

    /// Whether this is what a CRM may have made of `sent` when it stored it: cut, rounded, in other case or blanks, with `?` for
    /// what it does not know, or the same line written otherwise. (`semantics` 41)
    #[must_use]
    pub fn is_stored_form_of(&self, sent: &Self) -> bool {
        match (self, sent) {
            _ if self.same(sent) => false,
            (Self::Phone(stored), Self::Phone(sent)) => {
                stored.match_key().is_some() && stored.match_key() == sent.match_key()
            }
            (
                Self::Name(_) | Self::Email(_) | Self::Line(_) | Self::Body(_),
                Self::Name(_) | Self::Email(_) | Self::Line(_) | Self::Body(_),
            ) => stored::is_form_of(&self.shown(), &sent.shown()),
            (Self::Number(stored), Self::Number(sent)) => stored::is_rounded(*stored, *sent),
            (Self::Choices(stored), Self::Choices(sent)) => {
                let is_form = |(stored, sent): (&String, &String)| stored == sent || stored::is_form_of(stored, sent);
                let fold = |chosen: &BTreeSet<String>| chosen.iter().map(|one| fold_tag(one)).collect::<BTreeSet<_>>();
                stored.len() == sent.len() && (fold(stored) == fold(sent) || stored.iter().zip(sent).all(is_form))
            }
            _ => false,
        }
    }

    /// Whether of two forms of one value this is the one that was stored, and `sent` the one that it was made of.
    /// (`semantics` 41)
    #[must_use]
    pub fn is_poorer_form_of(&self, sent: &Self) -> bool {
        let are_texts = !matches!(self, Self::Phone(_) | Self::Number(_) | Self::Choices(_));
        self.is_stored_form_of(sent)
            && (!sent.is_stored_form_of(self) || are_texts && stored::is_poorer(&self.shown(), &sent.shown()))
    }

    /// Whether this is how the text that was `sent` begins, however little is left of it: a cut where nobody changed it since.
    /// (`semantics` 41)
    #[must_use]
    pub fn is_beginning_of(&self, sent: &Self) -> bool {
        let texts = matches!(
            (self, sent),
            (Self::Name(_) | Self::Line(_) | Self::Body(_), Self::Name(_) | Self::Line(_) | Self::Body(_))
        );
        texts && !self.same(sent) && stored::is_beginning_of(&self.shown(), &sent.shown())
    }

    /// Whether both are one note's text, one of them as a CRM stores it: with other blanks, or its marks as entities.
    /// (`semantics` 9, 41)
    #[must_use]
    pub fn is_one_text_with(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Body(_), Self::Body(_))) && stored::is_one_text(&self.shown(), &other.shown())
    }

    /// Whether this is what was `known`, as far as it says: a name that came without its last one says nothing of that.
    /// (`semantics` 40)
    #[must_use]
    pub fn same_as_far_as_said(&self, known: &Self) -> bool {
        match (self, known) {
            (Self::Name(now), Self::Name(known)) if now.without_last => {
                Self::joined_name(&now.first, &known.last).same(&Self::Name(known.clone()))
            }
            _ => self.same(known),
        }
    }

    /// A body of a side that keeps plain text; empty where it reads as nothing.
    #[must_use]
    pub fn body(raw: &str) -> Self {
        Self::read(Body::plain(raw))
    }

    /// A body of a side that shows markup; empty where it reads as nothing.
    #[must_use]
    pub fn markup(raw: &str) -> Self {
        Self::read(Body::markup(raw))
    }

    fn read(body: Body) -> Self {
        if body.text().is_empty() { Self::Empty } else { Self::Body(body) }
    }

    /// Tags; none is empty.
    #[must_use]
    pub fn tags(tags: Tags) -> Self {
        if tags.is_empty() { Self::Empty } else { Self::Tags(tags) }
    }

    /// Some options; none is empty.
    #[must_use]
    pub fn choices<'a>(chosen: impl Iterator<Item = &'a str>) -> Self {
        let chosen: BTreeSet<String> = chosen.map(canonical_line).filter(|one| !one.is_empty()).collect();
        if chosen.is_empty() { Self::Empty } else { Self::Choices(chosen) }
    }

    /// Whether it is known to be empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether both mean the same.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Due(one), Self::Due(two)) => one.same(two),
            (Self::Tags(one), Self::Tags(two)) => one.same(two),
            (Self::Phone(one), Self::Phone(two)) => one.same(two),
            (Self::Body(one), Self::Body(two)) => one.same(two),
            (Self::Flag(one), Self::Flag(two)) => one == two,
            // What an older version kept may hold what a line now leaves out.
            (Self::Line(one), Self::Line(two)) => one == two || canonical_line(one) == canonical_line(two),
            (Self::Email(one), Self::Email(two)) if one == two => true,
            (Self::Name(one), Self::Name(two)) if one == two => true,
            _ => self.key() == other.key(),
        }
    }

    /// Whether both ring the same line, are the same address, and so on: what linking two records accepts as equal.
    #[must_use]
    pub fn same_for_linking(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Phone(one), Self::Phone(two)) if one.match_key().is_some() => one.match_key() == two.match_key(),
            _ => self.same(other),
        }
    }

    /// The form that is compared, for kinds of value that have one.
    fn key(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Name(name) => Cow::Owned(name.full()),
            Self::Email(email) => Cow::Owned(canonical_email(email)),
            Self::Phone(phone) => Cow::Owned(phone.key()),
            Self::Line(line) => Cow::Borrowed(line),
            Self::Body(body) => Cow::Borrowed(body.text()),
            Self::Tags(_) | Self::Due(_) | Self::Flag(_) | Self::Number(_) | Self::Choices(_) => {
                Cow::Owned(self.shown())
            }
        }
    }

    /// As a person is shown it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Name(name) => name.full(),
            Self::Email(email) => email.clone(),
            Self::Phone(phone) => phone.e164.clone().unwrap_or_else(|| phone.raw.clone()),
            Self::Tags(tags) => tags.iter().collect::<Vec<_>>().join(", "),
            Self::Line(line) => line.clone(),
            Self::Body(body) => body.text().to_owned(),
            Self::Due(due) => due.shown(),
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Choices(chosen) => chosen.iter().cloned().collect::<Vec<_>>().join(", "),
        }
    }

    /// As it stands in a plan's JSON: null, a string, a boolean, or a list of tags.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::Empty => serde_json::Value::Null,
            Self::Tags(tags) => tags.iter().collect::<Vec<_>>().into(),
            Self::Flag(flag) => (*flag).into(),
            Self::Number(number) => whole(*number).map_or_else(|| (*number).into(), Into::into),
            Self::Choices(chosen) => chosen.iter().cloned().collect::<Vec<_>>().into(),
            _ => self.shown().into(),
        }
    }
}

/// A number without decimals as an integer, so that it is written without them; above 2⁵³ there is none.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

/// What a contact can be recognised by, in comparable form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchKey {
    /// A canonical e-mail.
    Email(String),
    /// A phone's match key.
    Phone(String),
}

impl MatchKey {
    /// The key in one line, for an index.
    #[must_use]
    pub fn indexed(&self) -> String {
        match self {
            Self::Email(email) => format!("email:{email}"),
            Self::Phone(phone) => format!("phone:{phone}"),
        }
    }

    /// The key that [`MatchKey::indexed`] wrote.
    #[must_use]
    pub fn read(indexed: &str) -> Option<Self> {
        match indexed.split_once(':')? {
            ("email", email) => Some(Self::Email(email.to_owned())),
            ("phone", phone) => Some(Self::Phone(phone.to_owned())),
            _ => None,
        }
    }
}
