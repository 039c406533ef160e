//! Walks the people and what hangs under them, and makes the plan.

mod alike;
mod children;
pub(super) mod draft;
mod merged;
mod renewed;
mod rest;
mod said;

use std::collections::{BTreeMap, BTreeSet};

use children::plan_children;
use draft::Draft;
use merged::Merge;

use super::decide::{
    Correlated, Versions, absence, correlate, create, enrolment, fields, is_too_young, linked_before, scope, telling,
    too_young,
};
use super::model::{
    Children, Family, HeldReason, Input, Link, LinkRef, Linked, Making, MatchedBy, Now, Place, Plan, Subject, Unlinked,
    Verdict,
};
use crate::config::Direction;
use crate::record::{Both, Fields, Ids, Kind, Role, Side, SideId, Told};

/// Tasks and notes without a link, by their contact.
type UnlinkedChildren<'a> = BTreeMap<SideId, Vec<&'a Unlinked>>;

/// Makes the plan: everything that has to be done so that both sides say the same, and why the rest waits.
#[must_use]
pub fn reconcile(input: &Input<'_>) -> Plan {
    let mut draft = Draft::new(input);
    let merges = merged::find(input);
    let (mut linked_children, mut unlinked_children) = children_of_all(input, &merges);
    let mut linked: BTreeMap<i64, Option<&Linked>> = input.parents.keys().map(|link| (*link, None)).collect();
    linked.extend(input.contacts.iter().map(|contact| (contact.link, Some(contact))));
    for (link, contact) in linked {
        let mut children = linked_children.remove(&link).unwrap_or_default();
        let ids = contact.map(|contact| &contact.ids).or_else(|| input.parents.get(&link).map(|parent| &parent.ids));
        let merge = merges.get(&link);
        let merged_ids = merge.and_then(Merge::ids);
        adopt_unlinked(&mut children, &mut unlinked_children, merged_ids.as_ref().or(ids), input.told.get(&link));
        draft.take(plan_contact(input, draft.next(), link, (contact, merge), &children));
    }
    if input.policy(Kind::Contact).direction != Direction::Off {
        plan_unlinked(&mut draft, &mut unlinked_children);
    }
    draft.take(enrolment::owed(input, draft.next(), draft.enrolled()));
    draft.take(said::dropped_secondaries(input));
    draft.take(said::unreadable(input, &merges));
    draft.take(linked_before::said_once(input));
    draft.take(said::missing_kinds(input));
    draft.take(rest::rest(&draft));
    draft.finish()
}

/// Tasks and notes that changed: linked ones by their contact's link, the others by their contact's id.
fn children_of_all<'a>(
    input: &'a Input<'_>,
    merges: &BTreeMap<i64, Merge<'_>>,
) -> (BTreeMap<i64, Children<'a>>, UnlinkedChildren<'a>) {
    let renewed: BTreeSet<&SideId> = merges.values().flat_map(Merge::renewed).collect();
    let mut linked: BTreeMap<i64, Children<'_>> = BTreeMap::new();
    for child in &input.children {
        if let Some(parent) = child.parent {
            linked.entry(parent).or_default().linked.push(child);
        }
    }
    let mut unlinked_children: UnlinkedChildren<'_> = BTreeMap::new();
    let unlinked = Side::BOTH.into_iter().flat_map(|side| input.unlinked_children.of(side));
    for child in unlinked.filter(|child| !renewed.contains(&child.id)) {
        if let Some(parent) = &child.parent {
            unlinked_children.entry(parent.clone()).or_default().push(child);
        }
    }
    (linked, unlinked_children)
}

fn adopt_unlinked<'a>(
    children: &mut Children<'a>,
    unlinked_children: &mut UnlinkedChildren<'a>,
    ids: Option<&Ids>,
    told: Option<&Told>,
) {
    for side in Side::BOTH {
        if let Some(id) = ids.and_then(|ids| ids.tagged(side)) {
            for child in unlinked_children.remove(&id).unwrap_or_default() {
                // `semantics` 27: a note that tells of a task, or of what happened elsewhere, is none of the notes.
                match telling::of(child, told) {
                    Some(telling) => children.telling.push(telling),
                    None => children.unlinked_children.of_mut(side).push(child),
                }
            }
        }
    }
}

/// What hangs under a contact that has no link yet.
fn unlinked_under<'a>(unlinked_children: &mut UnlinkedChildren<'a>, ids: &Ids) -> Children<'a> {
    let mut children = Children::default();
    adopt_unlinked(&mut children, unlinked_children, Some(ids), None);
    children
}

/// A linked contact, or one whose tasks and notes alone changed.
fn plan_contact(
    input: &Input<'_>,
    at: u32,
    link: i64,
    (contact, merge): (Option<&Linked>, Option<&Merge<'_>>),
    children: &Children<'_>,
) -> Verdict {
    let verdict = Verdict::at(at);
    let Some(contact) = contact else {
        let Some(parent) = input.parents.get(&link) else { return verdict };
        let family = Family::existing(at, LinkRef::Existing(link), &parent.ids, &parent.label);
        return match family {
            Some(family) => plan_children(input, verdict, &family, children),
            None => verdict,
        };
    };
    let subject = Subject { kind: Kind::Contact, ids: contact.ids.clone(), label: contact.label(), link: Some(link) };
    let takes_part = input.policy(Kind::Contact).direction != Direction::Off;
    let (is_outside, mut verdict) = scope::stands_outside(input, &subject, contact, children);
    if is_outside {
        return verdict;
    }
    let Some(versions) = Versions::of(contact) else {
        if let Some(merge) = merge.filter(|_| takes_part) {
            verdict.and(merge.follow(input, at, children));
        } else if takes_part {
            let promoted = promote(input, at, contact);
            verdict.and(promoted.unwrap_or_else(|| absence::contact(input, at, &subject, contact, children)));
        }
        return verdict;
    };
    let Some(family) = Family::existing(at, LinkRef::Existing(link), &contact.ids, &subject.label) else {
        return verdict;
    };
    let mut planned = Verdict::at(at);
    planned.and(verdict);
    if takes_part {
        planned.and(fields::linked(input, at, &family, &subject, link, versions));
    }
    plan_children(input, planned, &family, children)
}

/// `semantics` 5: where the primary is gone in Cliengo, the next of that person's contacts takes its place, as in a first
/// sync; nothing is deleted. One that has become somebody else's does not.
fn promote(input: &Input<'_>, at: u32, lost: &Linked) -> Option<Verdict> {
    let (Now::Gone(_), Some(ghl)) = (&lost.sides.cliengo.now, lost.sides.ghl.seen()) else { return None };
    let next = input.successors.get(&lost.link)?.iter().find(|next| next.record.can_still_be(ghl))?;
    let mut ids = Ids::one(next.id.clone());
    ids.extend(lost.ids.tagged(Side::Ghl));
    let subject = Subject { kind: Kind::Contact, ids: ids.clone(), label: lost.label(), link: Some(lost.link) };
    let family = Family::existing(at, LinkRef::MadeBy(at), &ids, &subject.label)?;
    let versions = Versions::new(&next.record, ghl);
    // What hangs under it leaves its old links: the next run sees all of it.
    let matched_by =
        next.record.match_keys().iter().find(|key| ghl.all_keys().any(|theirs| theirs == **key)).map(MatchedBy::of);
    let planned = fields::pair(input, at, &family, &subject, versions, (Some(lost.link), matched_by));
    Some(planned.recognised(&next.record, ghl))
}

fn plan_unlinked(draft: &mut Draft<'_>, unlinked_children: &mut UnlinkedChildren<'_>) {
    let input = draft.input;
    let Correlated { pairs, single, secondaries, held } = correlate(input);
    for (pair, matched_by) in &pairs {
        draft.take(plan_pair(input, draft.next(), pair, *matched_by, unlinked_children));
    }
    for contact in &single {
        let children = unlinked_under(unlinked_children, &Ids::one(contact.id.clone()));
        if !draft.is_alone(&contact.id) && !leaves_out(draft, contact) {
            draft.take(plan_single(input, draft.next(), contact, &children));
        }
    }
    for (contact, ghl, matched_by) in &secondaries {
        // `semantics` 5: nothing is written because of it, nor of what hangs under it.
        unlinked_children.remove(&contact.id);
        if !draft.is_alone(&contact.id) {
            draft.take(link_secondary(draft.next(), contact, ghl, *matched_by));
        }
    }
    for (contact, reason, detail) in &held {
        // What waits with its contact is not said one by one.
        unlinked_children.remove(&contact.id);
        if draft.is_alone(&contact.id) {
            continue;
        }
        if *reason == HeldReason::UnknownOutcome || !leaves_out(draft, contact) {
            draft.take(Verdict::held(&Subject::of(contact), *reason, detail.clone()));
        }
    }
}

fn leaves_out(draft: &mut Draft<'_>, contact: &Unlinked) -> bool {
    let (is_outside, counts) = scope::leaves_out(draft.input, contact);
    draft.outside += u64::from(counts);
    is_outside
}

/// Two contacts that were found to be one person.
fn plan_pair(
    input: &Input<'_>,
    at: u32,
    pair: &Both<&Unlinked>,
    matched_by: MatchedBy,
    unlinked_children: &mut UnlinkedChildren<'_>,
) -> Verdict {
    let mut ids = Ids::one(pair.cliengo.id.clone());
    ids.insert(pair.ghl.id.clone());
    let label = if pair.ghl.record.label().is_empty() { pair.cliengo.record.label() } else { pair.ghl.record.label() };
    let Some(family) = Family::existing(at, LinkRef::MadeBy(at), &ids, &label) else { return Verdict::at(at) };
    let subject = Subject { kind: Kind::Contact, ids, label, link: None };
    let versions = Versions::new(&pair.cliengo.record, &pair.ghl.record);
    let retires = pair.ghl.retires.or(pair.cliengo.retires);
    let children = unlinked_under(unlinked_children, &family.ids);
    let (ours, theirs) = (&pair.cliengo.record, &pair.ghl.record);
    if let Some(why) = scope::pair_outside(input, pair) {
        let planned = scope::link_outside(at, &family, &subject, versions, &why, (retires, matched_by));
        return planned.recognised(ours, theirs);
    }
    let planned = fields::pair(input, at, &family, &subject, versions, (retires, Some(matched_by)));
    let planned = planned.recognised(ours, theirs);
    // A survivor's tasks and notes leave their old links with it: the next run sees all of them.
    if retires.is_some() { planned } else { plan_children(input, planned, &family, &children) }
}

/// A contact that stands on one side only.
fn plan_single(input: &Input<'_>, at: u32, contact: &Unlinked, children: &Children<'_>) -> Verdict {
    if is_too_young(input, contact) {
        return Verdict::held(&Subject::of(contact), HeldReason::TooYoung, too_young(contact));
    }
    let mut family = None;
    let planned = absence::restored(input, contact, |contact| {
        let (made, its_family) = create::contact(input, at, contact, None);
        family = its_family;
        made
    });
    match family {
        Some(family) => plan_children(input, planned, &family, children),
        None => planned,
    }
}

/// A further contact of a person who is linked already. (`semantics` 5)
fn link_secondary(at: u32, contact: &Unlinked, ghl: &SideId, matched_by: MatchedBy) -> Verdict {
    let mut ids = Ids::one(contact.id.clone());
    ids.insert(ghl.clone());
    let subject = Subject { ids, ..Subject::of(contact) };
    let bases = Both { cliengo: contact.record.fields.clone(), ghl: Fields::new() };
    let made = Making { parent: None, bases, retires: contact.retires };
    let link = Link { made, role: Role::Secondary, matched_by: Some(matched_by), ..Link::default() };
    let mut verdict = Verdict::at(at);
    verdict.link(Place::of_contact(at, &subject), &subject, link);
    verdict
}
