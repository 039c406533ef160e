//! The fields that both sides share, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A field of a canonical record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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
}

impl Field {
    /// The name used in plans and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Tags => "tags",
            Self::Title => "title",
            Self::Body => "body",
            Self::Due => "due",
            Self::Completed => "completed",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
