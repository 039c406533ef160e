//! Taking back what a run did, record by record, from what was kept of it. (`semantics` 33)
//!
//! An undo is no merge: it changes the written side alone. What it writes becomes that side's base, and the other side's
//! stays, so that neither value is news and both differ on purpose until a person changes one.

mod common;
mod remake;
mod remove;
mod restore;

use std::collections::BTreeMap;

use common::{place_of, subject_of};

use super::model::{BaseUpdate, Input, Plan, Subject, UndoRecord, Undoing, Verdict};
use super::plan::draft::Draft;
use crate::record::{Action, Ids, Kind, Side, SideId};

/// Plans the reverse of what a run did.
#[must_use]
pub fn undo(input: &Input<'_>, undoing: &Undoing) -> Plan {
    let mut draft = Draft::new(input);
    for undo_records in families(&undoing.undo_records) {
        draft.take(reverse(input, draft.next(), undoing, &undo_records));
    }
    draft.take(say_what_stays_linked(&input.pair.name, undoing));
    // Nothing was compared, so nothing is known to be in sync.
    Plan { undoes: Some(undoing.run), in_sync: 0, unseen: 0, ..draft.finish() }
}

/// Two contacts that were there before and that the run linked stay linked: where that was wrong, a person says so.
fn say_what_stays_linked(pair: &str, undoing: &Undoing) -> Verdict {
    let mut said = Verdict::default();
    let is_made = |ids: &Ids| {
        let made = undoing
            .undo_records
            .iter()
            .filter(|undo_record| undo_record.kind == Kind::Contact && undo_record.action == Action::Create);
        made.filter_map(|undo_record| undo_record.trace.ids.tagged(undo_record.side))
            .any(|id| ids.tagged(id.side()) == Some(id))
    };
    for (link, ids) in undoing.links.iter().filter(|(_, ids)| !is_made(ids)) {
        let touched =
            |undo_record: &&UndoRecord| contact_of(undo_record).is_some_and(|id| ids.tagged(id.side()) == Some(id));
        let Some(undo_record) = undoing.undo_records.iter().find(touched) else { continue };
        let subject =
            Subject { kind: Kind::Contact, ids: ids.clone(), label: place_of(0, undo_record).contact, link: None };
        let detail = format!(
            "run {} linked these two, and they stay linked. If they are two people: concord links remove {link} --pair {pair}",
            undoing.run
        );
        // A link is of both sides: all of them stand in one list.
        said.and(Verdict::unsupported(&subject, Side::Ghl, Action::Link, detail));
    }
    said
}

/// The undo records of each contact and of what hangs under it, on one side, in order.
fn families(undo_records: &[UndoRecord]) -> Vec<Vec<&UndoRecord>> {
    let mut families: Vec<Vec<&UndoRecord>> = Vec::new();
    let mut known: BTreeMap<SideId, usize> = BTreeMap::new();
    for undo_record in undo_records {
        let at = contact_of(undo_record).map_or(families.len(), |id| *known.entry(id).or_insert(families.len()));
        match families.get_mut(at) {
            Some(family) => family.push(undo_record),
            None => families.push(vec![undo_record]),
        }
    }
    families
}

fn contact_of(undo_record: &UndoRecord) -> Option<SideId> {
    let ids = if undo_record.kind == Kind::Contact { &undo_record.trace.ids } else { &undo_record.trace.parent };
    ids.tagged(undo_record.side)
}

/// What takes back what was done to one contact and what hangs under it.
fn reverse(input: &Input<'_>, at: u32, undoing: &Undoing, undo_records: &[&UndoRecord]) -> Verdict {
    let of_contact = |action| {
        undo_records.iter().find(|undo_record| undo_record.kind == Kind::Contact && undo_record.action == action)
    };
    if let Some(made) = of_contact(Action::Create).filter(|made| !made.trace.adopted) {
        return remove::contact(input, at, undoing, made, undo_records);
    }
    if let Some(deleted) = of_contact(Action::Delete).filter(|undo_record| !undo_record.trace.remade) {
        return remake::contact(input, at, undoing.run, deleted, undo_records);
    }
    let mut verdict = Verdict::at(at);
    for undo_record in undo_records {
        let next = verdict.next();
        verdict.and(match undo_record.action {
            Action::Create if undo_record.trace.adopted => part(undo_record),
            Action::Create => remove::child(input, (at, next), undo_record),
            Action::Delete if undo_record.trace.remade => restore::tags(input, (at, next), undo_record),
            Action::Delete => remake::child(input, (at, next), undoing, undo_record),
            Action::Update | Action::Complete => restore::fields(input, (at, next), undo_record),
            Action::Tag => restore::tags(input, (at, next), undo_record),
            Action::Link => move_back(undo_record),
            // Whoever was put into something stays there: it leaves no undo record.
            Action::Enrol => Verdict::default(),
        });
    }
    verdict
}

/// The link went along with a contact that was merged in GHL: it stands for that one again, which is gone. (`semantics` 10)
fn move_back(undo_record: &UndoRecord) -> Verdict {
    let Some(before) = &undo_record.trace.moved else { return Verdict::default() };
    let back = undo_record.link.is_some();
    let detail = if back {
        format!(
            "its link is put back to {}, which was merged into another contact in GHL and stays gone there: it waits, and the merge \
             is not followed again",
            before.ghl
        )
    } else {
        "its link went on since: it stays as it is".to_owned()
    };
    let mut verdict = Verdict::unsupported(&subject_of(undo_record), undo_record.side, Action::Link, detail);
    if back {
        verdict.base_updates.push(BaseUpdate::MoveBack { undo_record: undo_record.id });
    }
    verdict
}

/// What no CRM answered to have created stays; the run linked it, so its link goes. (`semantics` 61)
fn part(undo_record: &UndoRecord) -> Verdict {
    let detail = format!(
        "{} did not say that the run created this {}: it was there, or was found by reading. It stays, with its \
         counterpart; their link is removed",
        undo_record.side.title(),
        undo_record.kind
    );
    let mut verdict = Verdict::unsupported(&subject_of(undo_record), undo_record.side, Action::Delete, detail);
    verdict.base_updates.push(BaseUpdate::Part { link: undo_record.link, undo_record: undo_record.id });
    verdict
}
