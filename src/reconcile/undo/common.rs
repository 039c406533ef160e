//! What is known of a record that is to be as it was: who it is, where it stands, whether somebody changed it since.

use crate::reconcile::model::{HeldReason, Place, Still, Subject, UndoRecord, Verdict};
use crate::record::{Field, Kind, Record, Target, Value};

/// Who it is about.
pub(super) fn subject_of(undo_record: &UndoRecord) -> Subject {
    Subject {
        kind: undo_record.kind,
        ids: undo_record.trace.ids.clone(),
        label: undo_record.trace.label.clone(),
        link: undo_record.link,
    }
}

/// Where an operation on it stands.
pub(super) fn place_of(family: u32, undo_record: &UndoRecord) -> Place {
    let contact = if undo_record.kind == Kind::Contact { &undo_record.trace.label } else { &undo_record.trace.contact };
    Place { family, contact: contact.clone(), parent: undo_record.trace.parent.clone() }
}

/// Where a task or note stands.
pub(super) fn parent_of(undo_record: &UndoRecord) -> Option<Target> {
    let parent =
        (undo_record.kind != Kind::Contact).then(|| undo_record.trace.parent.tagged(undo_record.side)).flatten();
    parent.map(Target::Existing)
}

/// The record where it is there. What could not be read waits, and is said.
pub(super) fn still_there(undo_record: &UndoRecord) -> Result<Option<&Record>, Box<Verdict>> {
    match &undo_record.now {
        Still::There(record) => Ok(Some(record)),
        Still::Gone => Ok(None),
        Still::Unknown(why) => {
            let detail = format!("it could not be read: {why}");
            Err(Box::new(Verdict::held(&subject_of(undo_record), HeldReason::Unlisted, detail)))
        }
    }
}

/// The first field that is no longer as it was written.
pub(super) fn edited<'a>(now: &Record, wrote: impl IntoIterator<Item = (&'a Field, &'a Value)>) -> Option<&'a Field> {
    let differs = |(field, wrote): &(&Field, &Value)| now.get(field).is_some_and(|now| !now.same(wrote));
    wrote.into_iter().find(differs).map(|(field, _)| field)
}

/// What is said of a record that somebody changed.
pub(super) fn stays(field: &Field) -> String {
    format!("its {field} was changed since: it stays as it is")
}

/// What somebody changed in a record that the run made, in a person's words: in our fields, or in others.
pub(super) fn worked_on<'a>(
    made: &UndoRecord,
    now: &Record,
    wrote: impl IntoIterator<Item = (&'a Field, &'a Value)>,
) -> Option<String> {
    let unmapped = made.unmapped.first().map(|key| format!("its {key} was changed since: it stays as it is"));
    edited(now, wrote).map(stays).or(unmapped)
}
