//! What is known of a record that is to be as it was: who it is, where it stands, whether somebody changed it since.

use crate::reconcile::model::{Deed, HeldReason, Place, Still, Subject, Verdict};
use crate::record::{Field, Kind, Record, Target, Value};

/// Who it is about.
pub(super) fn subject_of(deed: &Deed) -> Subject {
    Subject { kind: deed.kind, ids: deed.trace.ids.clone(), label: deed.trace.label.clone(), link: deed.link }
}

/// Where an operation on it stands.
pub(super) fn place_of(family: u32, deed: &Deed) -> Place {
    let contact = if deed.kind == Kind::Contact { &deed.trace.label } else { &deed.trace.contact };
    Place { family, contact: contact.clone(), parent: deed.trace.parent.clone() }
}

/// Where a task or note stands.
pub(super) fn parent_of(deed: &Deed) -> Option<Target> {
    let parent = (deed.kind != Kind::Contact).then(|| deed.trace.parent.tagged(deed.side)).flatten();
    parent.map(Target::Existing)
}

/// The record where it is there. What could not be read waits, and is said.
pub(super) fn still_there(deed: &Deed) -> Result<Option<&Record>, Box<Verdict>> {
    match &deed.now {
        Still::There(record) => Ok(Some(record)),
        Still::Gone => Ok(None),
        Still::Unknown(why) => {
            let detail = format!("it could not be read: {why}");
            Err(Box::new(Verdict::held(&subject_of(deed), HeldReason::Unlisted, detail)))
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
    made: &Deed,
    now: &Record,
    wrote: impl IntoIterator<Item = (&'a Field, &'a Value)>,
) -> Option<String> {
    let unmapped = made.unmapped.first().map(|key| format!("its {key} was changed since: it stays as it is"));
    edited(now, wrote).map(stays).or(unmapped)
}
