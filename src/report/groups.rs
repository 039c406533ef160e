//! Operations grouped per contact, in the order of the plan.

use std::collections::HashMap;

use crate::reconcile::{Operation, Plan};
use crate::record::{Action, Ids, Kind, Role, Side};

use super::words;

/// A contact and what is done for it.
pub(super) struct Group<'a> {
    pub(super) name: &'a str,
    pub(super) ids: Ids,
    /// What sends something.
    pub(super) operations: Vec<&'a Operation>,
    /// What only remembers that two records are one.
    pub(super) links: Vec<&'a Operation>,
}

/// How many records of each kind are linked.
#[derive(Clone, Copy, Default)]
pub(super) struct Linked {
    pub(super) contacts: usize,
    pub(super) tasks: usize,
    pub(super) notes: usize,
}

impl Linked {
    pub(super) fn of<'a>(links: impl Iterator<Item = &'a Operation>) -> Self {
        let mut linked = Self::default();
        for link in links {
            match link.kind {
                Kind::Contact => linked.contacts += 1,
                Kind::Task => linked.tasks += 1,
                Kind::Note => linked.notes += 1,
            }
        }
        linked
    }

    /// `1 contact, 2 tasks, 3 notes`, as far as there are any.
    pub(super) fn shown(self, with_contacts: bool) -> String {
        let contacts = if with_contacts { self.contacts } else { 0 };
        let counts = [(contacts, "contact"), (self.tasks, "task"), (self.notes, "note")];
        let some = counts.iter().filter(|(count, _)| *count > 0);
        some.map(|(count, noun)| words::counted(*count, noun)).collect::<Vec<_>>().join(", ")
    }
}

/// Groups the plan's operations. Two operations are of one contact when any of its ids is the same.
pub(super) fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut by_id: HashMap<(Side, String), usize> = HashMap::new();
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for operation in plan.operations.iter().filter(|operation| operation.settle.role == Role::Primary) {
        let ids = if operation.kind == Kind::Contact { &operation.ids } else { &operation.parent };
        let known = Side::BOTH.iter().find_map(|side| by_id.get(&(*side, ids.of(*side)?.to_owned())).copied());
        let nameless = *ids == Ids::default();
        let known = known.or_else(|| by_name.get(operation.contact.as_str()).copied().filter(|_| nameless));
        let at = known.unwrap_or(groups.len());
        if known.is_none() {
            groups.push(Group {
                name: &operation.contact,
                ids: Ids::default(),
                operations: Vec::new(),
                links: Vec::new(),
            });
        }
        if nameless {
            by_name.insert(&operation.contact, at);
        }
        let Some(group) = groups.get_mut(at) else { continue };
        for side in Side::BOTH {
            if let Some(id) = ids.tagged(side) {
                by_id.insert((side, id.as_str().to_owned()), at);
                group.ids.insert(id);
            }
        }
        if operation.action == Action::Link { group.links.push(operation) } else { group.operations.push(operation) }
    }
    groups
}
