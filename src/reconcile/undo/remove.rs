//! What a run made is removed, unless somebody worked on it since.

use super::common::{edited, parent_of, place_of, still_there, subject_of, worked_on};
use crate::reconcile::model::{HeldReason, Input, LinkRef, Listed, Settle, UndoRecord, Undoing, Verdict};
use crate::record::{Action, Field, Fields, Record, SideId, Target, Value, Write};

/// Removes a contact that the run made, and with it what the run made under it (I19). Where somebody changed one of them
/// or added to them, all of them stay: it is somebody's work now.
pub(super) fn contact(
    input: &Input<'_>,
    at: u32,
    undoing: &Undoing,
    made: &UndoRecord,
    undo_records: &[&UndoRecord],
) -> Verdict {
    let subject = subject_of(made);
    let (id, now) = match stands(input, made, "it stays, with its tasks and notes") {
        Ok(stands) => stands,
        Err(verdict) => return *verdict,
    };
    if let Some(detail) = worked_on(made, now, &expected(made, undo_records)) {
        return Verdict::held(&subject, HeldReason::EditedSince, detail);
    }
    let (reason, detail) = match undoing.under.get(&id) {
        Some(Ok(under)) if under.iter().all(|child| is_as_made(child, undo_records)) => {
            let undoes = undo_records.iter().map(|undo_record| undo_record.id).collect();
            return remove(input, (at, at), made, id, now, undoes);
        }
        Some(Ok(_)) => {
            let detail = "a task or note under it is new or was changed since: it stays, with all of them";
            (HeldReason::EditedSince, detail.to_owned())
        }
        Some(Err(why)) => {
            (HeldReason::Unlisted, format!("its tasks and notes could not be read ({why}), and would go with it"))
        }
        None => (HeldReason::Unlisted, "its tasks and notes are not known".to_owned()),
    };
    Verdict::held(&subject, reason, detail)
}

/// Removes a task or note that the run made under a contact that was there.
pub(super) fn child(input: &Input<'_>, at: (u32, u32), made: &UndoRecord) -> Verdict {
    let (id, now) = match stands(input, made, "it stays") {
        Ok(stands) => stands,
        Err(verdict) => return *verdict,
    };
    if let Some(detail) = worked_on(made, now, &made.trace.wrote) {
        return Verdict::held(&subject_of(made), HeldReason::EditedSince, detail);
    }
    remove(input, at, made, id, now, vec![made.id])
}

/// The record that the run made, where it is known, is there still, and can be removed; else what is said of it.
fn stands<'a>(
    input: &Input<'_>,
    made: &'a UndoRecord,
    consequence: &str,
) -> Result<(SideId, &'a Record), Box<Verdict>> {
    let subject = subject_of(made);
    let Some(id) = made.trace.ids.tagged(made.side) else {
        let detail = "whether it was created is not known yet: a sync reads it back; undo the run again then";
        return Err(Box::new(Verdict::held(&subject, HeldReason::UnknownOutcome, detail)));
    };
    let now = still_there(made)?.ok_or_else(Box::<Verdict>::default)?;
    if !input.can(made.side, made.kind).delete {
        let detail = format!("{} cannot delete a {}: {consequence}", made.side.title(), made.kind);
        return Err(Box::new(Verdict::unsupported(&subject, made.side, Action::Delete, detail)));
    }
    Ok((id, now))
}

/// What the contact held when the run was done with it: tags may have followed in operations of their own.
fn expected(made: &UndoRecord, undo_records: &[&UndoRecord]) -> Fields {
    let mut wrote = made.trace.wrote.clone();
    let mut tags = match wrote.get(&Field::Tags) {
        Some(Value::Tags(tags)) => tags.clone(),
        Some(_) => crate::record::Tags::default(),
        // Nobody knows its tags.
        None => return wrote,
    };
    for undo_record in undo_records.iter().filter(|undo_record| undo_record.action == Action::Tag) {
        undo_record.trace.tags.added.iter().for_each(|tag| tags.insert(tag));
    }
    wrote.insert(Field::Tags, Value::tags(tags));
    wrote
}

/// Whether the run made this task or note, and nobody changed it since.
fn is_as_made(child: &Listed, undo_records: &[&UndoRecord]) -> bool {
    let is_it = |undo_record: &&&UndoRecord| {
        undo_record.action == Action::Create
            && undo_record.kind == child.kind
            && undo_record.trace.ids.of(child.id.side()) == Some(child.id.as_str())
    };
    undo_records.iter().find(is_it).is_some_and(|undo_record| edited(&child.record, &undo_record.trace.wrote).is_none())
}

fn remove(
    input: &Input<'_>,
    (family, at): (u32, u32),
    made: &UndoRecord,
    id: SideId,
    now: &Record,
    undoes: Vec<i64>,
) -> Verdict {
    let write = Write::delete(made.kind, (Target::Existing(id), parent_of(made)), &now.fields);
    // Its source is there still: the link is kept, so that the next night does not make it again.
    let settle = Settle::Unmake { link: made.link.map(LinkRef::Existing), gone: made.side, undoes };
    let mut verdict = Verdict::at(at);
    verdict.write(input, place_of(family, made), &subject_of(made), made.side, made.side, (write, settle));
    verdict
}
