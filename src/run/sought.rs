//! What was said of contacts that were asked for by id, since the listing says another thing of them than the state: what
//! stands under one that is there is read as well. (`semantics` 51, 52)

use std::collections::{BTreeMap, BTreeSet};

use crate::crm::{CrmError, Lookup};
use crate::reconcile::Inconclusive;
use crate::record::{Both, SideId};

/// What was said of contacts that were asked for by id.
#[derive(Debug, Default)]
pub(super) struct Sought {
    /// Every answer.
    pub answers: BTreeMap<SideId, Result<Lookup, CrmError>>,
    /// The contacts that are there although they were not listed.
    pub left_out: BTreeSet<SideId>,
    /// Their links.
    pub links: BTreeSet<i64>,
    /// Deleted contacts that a person restored.
    pub lifted: Vec<SideId>,
    /// Deleted contacts that are listed, and nobody can tell why.
    pub unclear: Vec<Inconclusive>,
    /// How many of a side's contacts are listed although they are gone.
    pub buried: Both<u64>,
}

impl Sought {
    /// What was said of this contact, where it was asked for.
    pub fn answer(&self, id: &SideId) -> Option<Result<Lookup, CrmError>> {
        self.answers.get(id).cloned()
    }

    /// Whether a contact is there although it was not listed.
    pub fn is_there(&self, id: &SideId) -> bool {
        self.left_out.contains(id)
    }
}
