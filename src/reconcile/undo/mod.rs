//! Taking back what a run did, record by record, from what was kept of it. (`semantics` 33)
//!
//! An undo is no merge: it changes the written side alone. What it writes becomes that side's shadow, and the other side's
//! stays, so that neither value is news and both differ on purpose until a person changes one.

mod common;
mod remake;
mod remove;
mod restore;

use std::collections::BTreeMap;

use common::subject_of;

use super::model::{Deed, Input, Plan, Settlement, Subject, Undoing, Verdict};
use super::plan::draft::Draft;
use crate::record::{Action, Ids, Kind, SideId};

/// Plans the reverse of what a run did.
#[must_use]
pub fn undo(input: &Input<'_>, undoing: &Undoing) -> Plan {
    let mut draft = Draft::new(input);
    for deeds in families(&undoing.deeds) {
        draft.take(reverse(input, draft.next(), undoing, &deeds));
    }
    draft.take(say_what_stays_linked(undoing));
    // Nothing was compared, so nothing is known to be in sync.
    Plan { undoes: Some(undoing.run), in_sync: 0, unseen: 0, ..draft.finish() }
}

/// Two contacts that were there before and that the run linked stay linked: where that was wrong, a person says so.
fn say_what_stays_linked(undoing: &Undoing) -> Verdict {
    let mut said = Verdict::default();
    let is_made = |ids: &Ids| {
        let made = undoing.deeds.iter().filter(|deed| deed.kind == Kind::Contact && deed.action == Action::Create);
        made.filter_map(|deed| deed.trace.ids.tagged(deed.side)).any(|id| ids.tagged(id.side()) == Some(id))
    };
    for (link, ids) in undoing.links.iter().filter(|(_, ids)| !is_made(ids)) {
        let touched = |deed: &&Deed| contact_of(deed).is_some_and(|id| ids.tagged(id.side()) == Some(id));
        let Some(deed) = undoing.deeds.iter().find(touched) else { continue };
        let subject = Subject { kind: Kind::Contact, ids: ids.clone(), label: deed.trace.label.clone(), link: None };
        let detail = format!(
            "run {} linked these two, and they stay linked. If they are two people: concord links remove {link}",
            undoing.run
        );
        said.and(Verdict::unsupported(&subject, deed.side, Action::Link, detail));
    }
    said
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

/// What takes back what was done to one contact and what hangs under it.
fn reverse(input: &Input<'_>, at: u32, undoing: &Undoing, deeds: &[&Deed]) -> Verdict {
    let of_contact = |action| deeds.iter().find(|deed| deed.kind == Kind::Contact && deed.action == action);
    if let Some(made) = of_contact(Action::Create).filter(|made| !made.trace.adopted) {
        return remove::contact(input, at, undoing, made, deeds);
    }
    if let Some(deleted) = of_contact(Action::Delete).filter(|deed| !deed.trace.remade) {
        return remake::contact(input, at, undoing.run, deleted, deeds);
    }
    let mut verdict = Verdict::at(at);
    for deed in deeds {
        let next = verdict.next();
        verdict.and(match deed.action {
            Action::Create if deed.trace.adopted => part(deed),
            Action::Create => remove::child(input, (at, next), deed),
            Action::Delete if deed.trace.remade => restore::tags(input, (at, next), deed),
            Action::Delete => remake::child(input, (at, next), undoing, deed),
            Action::Update | Action::Complete => restore::fields(input, (at, next), deed),
            Action::Tag => restore::tags(input, (at, next), deed),
            // Whoever was put into something stays there: it leaves no deed.
            Action::Enrol | Action::Link => Verdict::default(),
        });
    }
    verdict
}

/// What no CRM answered to have created stays; the run linked it, so its link goes. (`semantics` 61)
fn part(deed: &Deed) -> Verdict {
    let detail = format!(
        "{} did not say that the run created this {}: it was there, or was found by reading. It stays, with its \
         counterpart; their link is removed",
        deed.side.title(),
        deed.kind
    );
    let mut verdict = Verdict::unsupported(&subject_of(deed), deed.side, Action::Delete, detail);
    verdict.settlements.push(Settlement::Part { link: deed.link, deed: deed.id });
    verdict
}
