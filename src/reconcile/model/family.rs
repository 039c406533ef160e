//! A contact with all that hangs under it, while it is decided.

use super::input::{Input, Linked, Unlinked};
use super::settle::LinkRef;
use super::subject::{Place, Subject};
use crate::record::{Both, Facet, Ids, Kind, Side, Target};

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

/// What hangs under one contact and came through change detection.
#[derive(Clone, Debug, Default)]
pub struct Children<'a> {
    /// Linked tasks and notes.
    pub linked: Vec<&'a Linked>,
    /// Those without a link, per side.
    pub unlinked_children: Both<Vec<&'a Unlinked>>,
    /// Notes that tell of something on the other side. (`semantics` 27)
    pub telling: Vec<Telling<'a>>,
}

/// A note that tells of something on the other side, and of what.
#[derive(Clone, Debug)]
pub struct Telling<'a> {
    /// The note.
    pub note: &'a Unlinked,
    /// What sort of thing.
    pub facet: Facet,
    /// Its id, or its day.
    pub id: String,
}

impl Family {
    /// A family that stands on both sides, under a link that exists or that an operation makes.
    #[must_use]
    pub fn existing(number: u32, link: LinkRef, ids: &Ids, label: &str) -> Option<Self> {
        let (cliengo, ghl) = (ids.tagged(Side::Cliengo)?, ids.tagged(Side::Ghl)?);
        let targets = Both { cliengo: Target::Existing(cliengo), ghl: Target::Existing(ghl) };
        Some(Self { number, contact: label.to_owned(), ids: ids.clone(), link, targets })
    }

    /// Where operations of the contact, or of a task or note under it, stand.
    #[must_use]
    pub fn place(&self, kind: Kind) -> Place {
        let parent = if kind == Kind::Contact { Ids::default() } else { self.ids.clone() };
        Place { family: self.number, contact: self.contact.clone(), parent }
    }

    /// What a task or note is written under on `side`; `None` for the contact itself.
    #[must_use]
    pub fn parent(&self, kind: Kind, side: Side) -> Option<Target> {
        (kind != Kind::Contact).then(|| self.targets.of(side).clone())
    }

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
