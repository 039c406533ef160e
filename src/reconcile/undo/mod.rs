//! Taking back what a run did, record by record, from what was kept of it. (`semantics` 33)
//!
//! An undo is no merge: it changes the written side alone. What it writes becomes that side's shadow, and the other side's
//! stays, so that neither value is news and both differ on purpose until a person changes one.

mod remake;
mod remove;
mod restore;

use std::collections::BTreeMap;

use super::model::{Deed, HeldReason, Input, Plan, Settlement, Still, Subject, Undoing};
use super::plan::draft::Draft;
use crate::record::{Action, Field, Kind, Record, SideId, Target, Value};

/// Plans the reverse of what a run did.
#[must_use]
pub fn undo(input: &Input<'_>, undoing: &Undoing) -> Plan {
    let mut draft = Draft::new(input);
    for deeds in families(&undoing.deeds) {
        plan_family(&mut draft, undoing, &deeds);
    }
    // Nothing was compared, so nothing is known to be in sync.
    Plan { undoes: Some(undoing.run), in_sync: 0, unseen: 0, ..draft.finish() }
}

/// The deeds of each contact and of what hangs under it, on one side, in order.
fn families(deeds: &[Deed]) -> Vec<Vec<&Deed>> {
    let mut families: Vec<Vec<&Deed>> = Vec::new();
    let mut known: BTreeMap<SideId, usize> = BTreeMap::new();
    for deed in deeds {
        let at = contact_of(deed).map_or(families.len(), |id| *known.entry(id).or_insert(families.len()));
        match families.get_mut(at) {
            Some(family) => family.push(deed),
            None => families.push(vec![deed]),
        }
    }
    families
}

fn contact_of(deed: &Deed) -> Option<SideId> {
    let ids = if deed.kind == Kind::Contact { &deed.trace.ids } else { &deed.trace.parent };
    ids.tagged(deed.side)
}

fn plan_family(draft: &mut Draft<'_>, undoing: &Undoing, deeds: &[&Deed]) {
    let number = draft.next_family();
    let of_contact = |action| deeds.iter().find(|deed| deed.kind == Kind::Contact && deed.action == action);
    if let Some(made) = of_contact(Action::Create).filter(|made| !made.trace.adopted) {
        return remove::contact(draft, undoing, number, made, deeds);
    }
    if let Some(deleted) = of_contact(Action::Delete).filter(|deed| !deed.trace.remade) {
        return remake::contact(draft, undoing.run, number, deleted, deeds);
    }
    for deed in deeds {
        match deed.action {
            Action::Create if deed.trace.adopted => part(draft, deed),
            Action::Create => remove::child(draft, number, deed),
            Action::Delete if deed.trace.remade => restore::tags(draft, number, deed),
            Action::Delete => remake::child(draft, undoing, number, deed),
            Action::Update | Action::Complete => restore::fields(draft, number, deed),
            Action::Tag => restore::tags(draft, number, deed),
            Action::Link => {}
        }
    }
}

/// What no CRM answered to have created stays; the run linked it, so its link goes. (`semantics` 61)
fn part(draft: &mut Draft<'_>, deed: &Deed) {
    let detail = format!(
        "{} did not say that the run created this {}: it was there, or was found by reading. It stays, with its \
         counterpart; their link is removed",
        deed.side.title(),
        deed.kind
    );
    draft.cannot(&subject_of(deed), deed.side, Action::Delete, detail);
    draft.settlements.push(Settlement::Part { link: deed.link, deed: deed.id });
}

fn subject_of(deed: &Deed) -> Subject {
    Subject { kind: deed.kind, ids: deed.trace.ids.clone(), label: deed.trace.label.clone(), link: deed.link }
}

/// Where a task or note stands.
fn parent_of(deed: &Deed) -> Option<Target> {
    let parent = (deed.kind != Kind::Contact).then(|| deed.trace.parent.tagged(deed.side)).flatten();
    parent.map(Target::Existing)
}

/// The record where it is there, and could be read. What could not be read waits, and is said.
fn still_there<'a>(draft: &mut Draft<'_>, deed: &'a Deed) -> Option<&'a Record> {
    match &deed.now {
        Still::There(record) => Some(record),
        Still::Gone => None,
        Still::Unknown(why) => {
            draft.hold(&subject_of(deed), HeldReason::Unlisted, format!("it could not be read: {why}"));
            None
        }
    }
}

/// The first field that is no longer as it was written.
fn edited<'a>(now: &Record, wrote: impl IntoIterator<Item = (&'a Field, &'a Value)>) -> Option<&'a Field> {
    let differs = |(field, wrote): &(&Field, &Value)| now.get(field).is_some_and(|now| !now.same(wrote));
    wrote.into_iter().find(differs).map(|(field, _)| field)
}

fn stays(field: &Field) -> String {
    format!("its {field} was changed since: it stays as it is")
}

/// What somebody changed in a record that the run made, in a person's words: in our fields, or in others.
fn worked_on<'a>(made: &Deed, now: &Record, wrote: impl IntoIterator<Item = (&'a Field, &'a Value)>) -> Option<String> {
    let unmapped = made.unmapped.first().map(|key| format!("its {key} was changed since: it stays as it is"));
    edited(now, wrote).map(stays).or(unmapped)
}
