//! Tasks and notes, each under its contact.

use std::collections::BTreeMap;
use std::time::Duration;

use super::create::plan_child;
use super::draft::{Draft, Family, Subject};
use super::fit::synthetic_due;
use super::input::{Linked, Now, Unlinked};
use super::missing;
use super::update::{Story, plan_linked, plan_pair};
use crate::record::{Both, Field, Ids, Kind, Record, Side, Target, Value};

/// What hangs under one contact and came through the sieve.
#[derive(Clone, Debug, Default)]
pub struct Brood<'a> {
    /// Linked tasks and notes.
    pub linked: Vec<&'a Linked>,
    /// Those without a link, per side.
    pub loose: Both<Vec<&'a Unlinked>>,
}

/// Plans everything under one contact that both sides have, or will have.
pub fn plan_brood(draft: &mut Draft<'_>, family: &Family, brood: &Brood<'_>) {
    for linked in &brood.linked {
        plan_one(draft, family, linked);
    }
    for kind in [Kind::Task, Kind::Note] {
        let both_list = Side::BOTH.into_iter().all(|side| draft.input.can(side, kind).list);
        if both_list {
            pair_off(draft, family, brood, kind);
        }
    }
}

fn plan_one(draft: &mut Draft<'_>, family: &Family, linked: &Linked) {
    let subject =
        Subject { kind: linked.kind, ids: linked.ids.clone(), label: linked.label(), link: Some(linked.link) };
    match (linked.sides.cliengo.seen(), linked.sides.ghl.seen()) {
        (Some(cliengo), Some(ghl)) => {
            let base = Both::from_fn(|side| linked.sides.of(side).base.as_ref());
            plan_linked(draft, family, &subject, linked.link, Story { base, now: Both { cliengo, ghl } });
        }
        _ => missing::plan_child(draft, family, &subject, linked),
    }
}

/// `semantics` 9: equal keys pair off in order of creation; only the surplus is created.
fn pair_off(draft: &mut Draft<'_>, family: &Family, brood: &Brood<'_>, kind: Kind) {
    let mut piles: BTreeMap<(String, String), Both<Vec<&Unlinked>>> = BTreeMap::new();
    for side in Side::BOTH {
        for child in brood.loose.of(side).iter().filter(|child| child.kind == kind) {
            piles.entry(key(&child.record, draft.input.pair.tasks.default_due)).or_default().of_mut(side).push(child);
        }
    }
    // A side that could not list this contact's children may hold the counterparts: nothing is created there.
    let listed = Both::from_fn(|side| is_listed(draft, family, side, kind));
    let mut surplus = Vec::new();
    for (_, mut pile) in piles {
        for side in Side::BOTH {
            pile.of_mut(side).sort_by_key(|child| (child.record.created, child.id.clone()));
        }
        let paired = pile.cliengo.len().min(pile.ghl.len());
        for (cliengo, ghl) in pile.cliengo.iter().zip(&pile.ghl) {
            link_children(draft, family, cliengo, ghl);
        }
        for side in Side::BOTH {
            surplus.extend(pile.of(side).iter().skip(paired).copied().filter(|_| *listed.of(side.other())));
        }
    }
    surplus.sort_by_key(|child| (child.id.side(), child.record.created, child.id.clone()));
    for child in surplus {
        plan_child(draft, family, child, None);
    }
}

fn link_children(draft: &mut Draft<'_>, family: &Family, cliengo: &Unlinked, ghl: &Unlinked) {
    let mut ids = Ids::one(cliengo.id.clone());
    ids.insert(ghl.id.clone());
    let subject = Subject { kind: cliengo.kind, ids, label: ghl.record.label(), link: None };
    let story = Story { base: Both::default(), now: Both { cliengo: &cliengo.record, ghl: &ghl.record } };
    plan_pair(draft, &mut family.clone(), &subject, story);
}

/// Whether the children of this contact were all seen on `side`; one that is only to be created has none.
fn is_listed(draft: &Draft<'_>, family: &Family, side: Side, kind: Kind) -> bool {
    if matches!(family.targets.of(side), Target::CreatedBy(_)) {
        return true;
    }
    let listing = draft.input.listings.of(side).of(kind);
    match (&listing.parents, family.ids.tagged(side)) {
        (None, _) => listing.complete,
        (Some(_), Some(id)) => draft.input.covered.contains(&(kind, id)),
        (Some(_), None) => false,
    }
}

/// What makes two children of one contact the same: a note's text, a task's title and due date. A task without a date
/// counts with the one that its counterpart is given.
fn key(record: &Record, default_due: Duration) -> (String, String) {
    let shown = |field: Field| record.get(&field).map(Value::shown).unwrap_or_default();
    let due = match record.get(&Field::Due) {
        Some(Value::Due(due)) if due.timed => due.at.as_second().to_string(),
        Some(Value::Due(due)) => due.date.to_string(),
        _ => synthetic_due(record, default_due).map(|due| due.at.as_second().to_string()).unwrap_or_default(),
    };
    if record.get(&Field::Title).is_some() { (shown(Field::Title), due) } else { (shown(Field::Body), String::new()) }
}

/// Whether a linked child was changed by a person on `side` since it was last agreed.
#[must_use]
pub fn is_dirty(linked: &Linked, side: Side) -> bool {
    linked.sides.of(side).is_dirty()
}

/// Whether nothing is known of a linked child on `side`.
#[must_use]
pub fn is_unknown(linked: &Linked, side: Side) -> bool {
    matches!(linked.sides.of(side).now, Now::Unknown(_))
}
