//! What a run made is removed, unless somebody worked on it since.

use std::collections::BTreeMap;

use super::{edited, parent_of, still_there, subject_of, worked_on};
use crate::reconcile::model::{Deed, HeldReason, LinkRef, Listed, Settle, Undoing};
use crate::reconcile::plan::draft::Draft;
use crate::record::{Action, Field, Kind, Record, SideId, Target, Value, Write};

/// Removes a contact that the run made, and with it what the run made under it (I19). Where somebody changed one of them
/// or added to them, all of them stay: it is somebody's work now.
pub(super) fn contact(draft: &mut Draft<'_>, undoing: &Undoing, number: u32, made: &Deed, deeds: &[&Deed]) {
    let subject = subject_of(made);
    let Some(id) = known_id(draft, made) else { return };
    let Some(now) = still_there(draft, made) else { return };
    if !may_remove(draft, made, "it stays, with its tasks and notes") {
        return;
    }
    if let Some(detail) = worked_on(made, now, &expected(made, deeds)) {
        return draft.hold(&subject, HeldReason::EditedSince, detail);
    }
    match undoing.under.get(&id) {
        Some(Ok(under)) if under.iter().all(|child| is_as_made(child, deeds)) => {}
        Some(Ok(_)) => {
            let detail = "a task or note under it is new or was changed since: it stays, with all of them";
            return draft.hold(&subject, HeldReason::EditedSince, detail);
        }
        Some(Err(why)) => {
            let detail = format!("its tasks and notes could not be read ({why}), and would go with it");
            return draft.hold(&subject, HeldReason::Unlisted, detail);
        }
        None => return draft.hold(&subject, HeldReason::Unlisted, "its tasks and notes are not known"),
    }
    let undoes = deeds.iter().map(|deed| deed.id).collect();
    remove(draft, number, made, id, now, undoes);
}

/// Removes a task or note that the run made under a contact that was there.
pub(super) fn child(draft: &mut Draft<'_>, number: u32, made: &Deed) {
    let Some(id) = known_id(draft, made) else { return };
    let Some(now) = still_there(draft, made) else { return };
    if !may_remove(draft, made, "it stays") {
        return;
    }
    if let Some(detail) = worked_on(made, now, &made.trace.wrote) {
        return draft.hold(&subject_of(made), HeldReason::EditedSince, detail);
    }
    remove(draft, number, made, id, now, vec![made.id]);
}

fn known_id(draft: &mut Draft<'_>, made: &Deed) -> Option<SideId> {
    let id = made.trace.ids.tagged(made.side);
    if id.is_none() {
        let detail = "whether it was created is not known yet: a sync reads it back; undo the run again then";
        draft.hold(&subject_of(made), HeldReason::UnknownOutcome, detail);
    }
    id
}

fn may_remove(draft: &mut Draft<'_>, made: &Deed, consequence: &str) -> bool {
    let can = draft.input.can(made.side, made.kind).delete;
    if !can {
        let detail = format!("{} cannot delete a {}: {consequence}", made.side.title(), made.kind);
        draft.cannot(&subject_of(made), made.side, Action::Delete, detail);
    }
    can
}

/// What the contact held when the run was done with it: tags may have followed in operations of their own.
fn expected(made: &Deed, deeds: &[&Deed]) -> BTreeMap<Field, Value> {
    let mut wrote = made.trace.wrote.clone();
    let mut tags = match wrote.get(&Field::Tags) {
        Some(Value::Tags(tags)) => tags.clone(),
        Some(_) => crate::record::Tags::default(),
        // Nobody knows its tags.
        None => return wrote,
    };
    for deed in deeds.iter().filter(|deed| deed.action == Action::Tag) {
        deed.trace.tags.added.iter().for_each(|tag| tags.insert(tag));
    }
    wrote.insert(Field::Tags, Value::tags(tags));
    wrote
}

/// Whether the run made this task or note, and nobody changed it since.
fn is_as_made(child: &Listed, deeds: &[&Deed]) -> bool {
    let is_it = |deed: &&&Deed| {
        deed.action == Action::Create
            && deed.kind == child.kind
            && deed.trace.ids.of(child.id.side()) == Some(child.id.as_str())
    };
    deeds.iter().find(is_it).is_some_and(|deed| edited(&child.record, &deed.trace.wrote).is_none())
}

fn remove(draft: &mut Draft<'_>, number: u32, made: &Deed, id: SideId, now: &Record, undoes: Vec<i64>) {
    let write = Write {
        kind: made.kind,
        action: Action::Delete,
        target: Some(Target::Existing(id)),
        parent: parent_of(made),
        set: BTreeMap::new(),
        before: now.fields.clone(),
        add_tags: Vec::new(),
        remove_tags: Vec::new(),
    };
    // Its source is there still: the link is kept, so that the next night does not make it again.
    let settle = Settle { link: made.link.map(LinkRef::Existing), keeps: Some(made.side), undoes, ..Settle::default() };
    let label = if made.kind == Kind::Contact { &made.trace.label } else { &made.trace.contact };
    draft.add((number, label), &made.trace.parent, &subject_of(made), write, made.side, Vec::new(), settle);
}
