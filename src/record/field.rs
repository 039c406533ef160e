//! The fields that both sides share, by name.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A field of a canonical record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Arc<str>", into = "Arc<str>")]
pub enum Field {
    /// A contact's full name.
    Name,
    /// A contact's e-mail.
    Email,
    /// A contact's phone.
    Phone,
    /// A contact's tags.
    Tags,
    /// A task's title.
    Title,
    /// A task's description, or a note's text.
    Body,
    /// A task's due date.
    Due,
    /// Whether a task is done.
    Completed,
    /// A contact's field that the configuration maps (`[[pair.NAME.map]]`), by a name that no field above has.
    Mapped(Arc<str>),
}

impl Field {
    /// The fields that need no mapping.
    pub const BUILT_IN: [Field; 8] =
        [Self::Name, Self::Email, Self::Phone, Self::Tags, Self::Title, Self::Body, Self::Due, Self::Completed];

    /// The name used in plans, reports and bases.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Tags => "tags",
            Self::Title => "title",
            Self::Body => "body",
            Self::Due => "due",
            Self::Completed => "completed",
            Self::Mapped(name) => name,
        }
    }
}

impl From<Arc<str>> for Field {
    fn from(name: Arc<str>) -> Self {
        let built_in = Self::BUILT_IN.into_iter().find(|field| field.as_str() == &*name);
        built_in.unwrap_or(Self::Mapped(name))
    }
}

impl From<Field> for Arc<str> {
    fn from(field: Field) -> Self {
        match field {
            Field::Mapped(name) => name,
            built_in => built_in.as_str().into(),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
