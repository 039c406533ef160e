//! Operations grouped per contact, in the order of the plan.

use std::collections::HashMap;

use crate::reconcile::{Operation, Plan};
use crate::record::{Action, Ids, Kind, Role, Side};

/// A contact and what is done for it.
pub(super) struct Group<'a> {
    pub(super) name: &'a str,
    pub(super) ids: Ids,
    /// What sends something.
    pub(super) operations: Vec<&'a Operation>,
    /// What only remembers that two records are one.
    pub(super) links: Vec<&'a Operation>,
}

/// Groups the plan's operations. Two operations are of one contact when any of its ids is the same.
pub(super) fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut by_id: HashMap<(Side, String), usize> = HashMap::new();
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for operation in
        plan.operations.iter().filter(|operation| operation.link().is_none_or(|link| link.role == Role::Primary))
    {
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
        if operation.action() == Action::Link { group.links.push(operation) } else { group.operations.push(operation) }
    }
    groups
}
