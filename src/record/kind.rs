//! The kinds of record, and all that differs between them by nature.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::field::Field;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person.
    Contact,
    /// Something to do for a contact.
    Task,
    /// A text about a contact.
    Note,
}

impl Kind {
    /// All kinds, parents first.
    pub const ALL: [Kind; 3] = [Kind::Contact, Kind::Task, Kind::Note];

    /// What stands under a contact.
    pub const CHILDREN: [Kind; 2] = [Kind::Task, Kind::Note];

    /// Whether it stands under a contact.
    #[must_use]
    pub const fn is_child(self) -> bool {
        match self {
            Kind::Contact => false,
            Kind::Task | Kind::Note => true,
        }
    }

    /// The field without which no CRM takes one; a contact may lack any.
    #[must_use]
    pub const fn required(self) -> Option<&'static Field> {
        self.row().required.as_ref()
    }

    /// The fields without which nothing can be done with one, linked or not. (`semantics` 40, 49)
    #[must_use]
    pub const fn needed(self, is_linked: bool) -> &'static [Field] {
        if is_linked { self.row().needed_when_linked } else { self.row().needed }
    }

    /// The fields that tell whether two are one.
    #[must_use]
    pub const fn told_by(self) -> &'static [Field] {
        self.row().told_by
    }

    /// The name used in files and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().word
    }

    /// Several: the configuration's table of them, and the CRMs' paths below a contact.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        self.row().words
    }

    const fn row(self) -> &'static Row {
        match self {
            Kind::Contact => &CONTACT,
            Kind::Task => &TASK,
            Kind::Note => &NOTE,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What differs between kinds, besides where both CRMs have their fields (`place.rs`).
struct Row {
    word: &'static str,
    words: &'static str,
    required: Option<Field>,
    needed: &'static [Field],
    needed_when_linked: &'static [Field],
    told_by: &'static [Field],
}

static CONTACT: Row = Row {
    word: "contact",
    words: "contacts",
    required: None,
    // A person could be doubled where it cannot be told who it is.
    needed: &[Field::Name, Field::Email, Field::Phone],
    needed_when_linked: &[],
    told_by: &[Field::Email, Field::Phone],
};

static TASK: Row = Row {
    word: "task",
    words: "tasks",
    required: Some(Field::Title),
    needed: &[Field::Title, Field::Due, Field::Completed],
    needed_when_linked: &[],
    told_by: &[Field::Title, Field::Completed],
};

static NOTE: Row = Row {
    word: "note",
    words: "notes",
    required: Some(Field::Body),
    needed: &[Field::Body],
    needed_when_linked: &[Field::Body],
    told_by: &[Field::Body],
};

/// One `T` for each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByKind<T> {
    /// For contacts.
    pub contact: T,
    /// For tasks.
    pub task: T,
    /// For notes.
    pub note: T,
}

impl<T> ByKind<T> {
    /// Builds all three from one function.
    pub fn from_fn(mut make: impl FnMut(Kind) -> T) -> Self {
        Self { contact: make(Kind::Contact), task: make(Kind::Task), note: make(Kind::Note) }
    }

    /// The one of `kind`.
    #[must_use]
    pub fn of(&self, kind: Kind) -> &T {
        match kind {
            Kind::Contact => &self.contact,
            Kind::Task => &self.task,
            Kind::Note => &self.note,
        }
    }

    /// The one of `kind`, to change.
    pub fn of_mut(&mut self, kind: Kind) -> &mut T {
        match kind {
            Kind::Contact => &mut self.contact,
            Kind::Task => &mut self.task,
            Kind::Note => &mut self.note,
        }
    }
}

impl ByKind<u64> {
    /// All kinds together.
    #[must_use]
    pub fn total(&self) -> u64 {
        Kind::ALL.iter().map(|kind| self.of(*kind)).sum()
    }
}
