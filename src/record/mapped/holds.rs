//! What a field of GHL's keeps.

use crate::record::Both;
use crate::record::user::User;

/// What a GHL field keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// One line of text.
    Text,
    /// Text of several lines.
    Lines,
    /// Files, a signature or a list of boxes: read only, and read as their addresses or texts. (`semantics` 50)
    Opaque,
    /// A number.
    Number,
    /// A day, as `2026-12-24`.
    Date,
    /// One of these.
    Option(Vec<String>),
    /// Any of these.
    Options(Vec<String>),
    /// Yes or no.
    Flag,
    /// One of these users. Cliengo's ids become those of GHL's by the field's words.
    User(Box<Both<Vec<User>>>),
    /// Any of these users of GHL: read only, and read as their e-mails.
    Followers(Vec<User>),
}

impl Holds {
    /// Whether it is to be known who the users are.
    #[must_use]
    pub const fn needs_users(&self) -> bool {
        matches!(self, Self::User(_) | Self::Followers(_))
    }
}
