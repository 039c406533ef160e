//! Who an operation is about, and where it stands.

use crate::record::{Ids, Kind};

/// Where an operation stands: its family, that family's contact, and the contact that it is under.
#[derive(Clone, Debug)]
pub struct Place {
    /// The family's number.
    pub family: u32,
    /// The contact's name for a person.
    pub contact: String,
    /// The ids of the contact that a task or note is under.
    pub parent: Ids,
}

impl Place {
    /// The place of a contact itself.
    #[must_use]
    pub fn of_contact(family: u32, subject: &Subject) -> Self {
        Self { family, contact: subject.label.clone(), parent: Ids::default() }
    }
}

/// Who an operation is about.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What it is.
    pub kind: Kind,
    /// Its ids.
    pub ids: Ids,
    /// Its name for a person.
    pub label: String,
    /// Its link, where it has one.
    pub link: Option<i64>,
}
