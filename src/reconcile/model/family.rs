//! A contact with all that hangs under it, while it is decided.

use super::input::{Input, Linked, Unlinked};
use super::operation::LinkRef;
use crate::record::{Both, Ids, Kind, Side, Target};

/// One contact and what hangs under it, while its operations are planned.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its number.
    pub number: u32,
    /// The contact's name for a person.
    pub contact: String,
    /// The contact's ids.
    pub ids: Ids,
    /// The contact's link: one that exists, or that an operation makes.
    pub link: LinkRef,
    /// Where its tasks and notes go, on each side.
    pub targets: Both<Target>,
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

/// What hangs under one contact and came through the sieve.
#[derive(Clone, Debug, Default)]
pub struct Children<'a> {
    /// Linked tasks and notes.
    pub linked: Vec<&'a Linked>,
    /// Those without a link, per side.
    pub loose: Both<Vec<&'a Unlinked>>,
    /// Cliengo's notes that tell of tasks. (`semantics` 27)
    pub marked: Vec<&'a Unlinked>,
}

impl Family {
    /// Whether its tasks or notes were all seen on `side`; one that is only to be created there has none.
    #[must_use]
    pub fn is_listed(&self, input: &Input<'_>, side: Side, kind: Kind) -> bool {
        if matches!(self.targets.of(side), Target::CreatedBy(_)) {
            return true;
        }
        let listing = input.listings.of(side).of(kind);
        let id = self.ids.tagged(side);
        if id.as_ref().is_some_and(|id| input.has_unreadable_child(kind, id)) {
            return false;
        }
        match (&listing.parents, id) {
            (None, _) => listing.complete,
            (Some(_), Some(id)) => input.covered.contains(&(kind, id)),
            (Some(_), None) => false,
        }
    }
}

impl Subject {
    /// A record that has no link.
    #[must_use]
    pub fn of(record: &Unlinked) -> Self {
        Self { kind: record.kind, ids: Ids::one(record.id.clone()), label: record.record.label(), link: None }
    }
}
