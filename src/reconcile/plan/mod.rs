//! Walks the people and what hangs under them, and makes the plan.

mod children;
pub(super) mod create;
pub(super) mod draft;
mod missing;
mod rest;
mod scope;
mod task_mirror;
mod update;

use std::collections::BTreeMap;

use children::plan_children;
use draft::Draft;
pub use task_mirror::untold;
use update::{Story, plan_linked, plan_pair};

use super::decide::{correlate, is_too_young, too_young};
use super::model::{
    Children, Family, HeldReason, Input, LinkRef, Linked, MatchedBy, Now, Plan, Settle, Settlement, Subject, Unlinked,
    Unread,
};
use crate::config::Direction;
use crate::record::{Action, Both, Field, Ids, Kind, Role, Side, SideId, Target, Value};

/// Makes the plan: everything that has to be done so that both sides tell the same stories, and why the rest waits.
#[must_use]
pub fn reconcile(input: &Input<'_>) -> Plan {
    let mut draft = Draft::new(input);
    let (mut broods, mut loose) = broods(input);
    let mut linked: BTreeMap<i64, Option<&Linked>> = input.parents.keys().map(|link| (*link, None)).collect();
    linked.extend(input.contacts.iter().map(|contact| (contact.link, Some(contact))));
    for (link, contact) in linked {
        let mut brood = broods.remove(&link).unwrap_or_default();
        let ids = contact.map(|contact| &contact.ids).or_else(|| input.parents.get(&link).map(|parent| &parent.ids));
        adopt_loose(&mut brood, &mut loose, ids);
        plan_contact(&mut draft, link, contact, &brood);
    }
    plan_unlinked(&mut draft, &mut loose);
    for secondary in &input.secondaries {
        if matches!(secondary.sides.cliengo.now, Now::Gone(_)) {
            draft.settlements.push(Settlement::Drop { link: secondary.link });
        }
    }
    hold_unparsable(&mut draft);
    hold_inconclusive(&mut draft);
    hold_unread(&mut draft);
    say_missing_kinds(&mut draft);
    rest::say_rest(&mut draft);
    draft.finish()
}

/// Tasks and notes that came through the sieve: linked ones by their contact's link, the others by their contact's id.
fn broods<'a>(input: &'a Input<'_>) -> (BTreeMap<i64, Children<'a>>, BTreeMap<SideId, Vec<&'a Unlinked>>) {
    let mut broods: BTreeMap<i64, Children<'_>> = BTreeMap::new();
    for child in &input.children {
        if let Some(parent) = child.parent {
            broods.entry(parent).or_default().linked.push(child);
        }
    }
    let mut loose: BTreeMap<SideId, Vec<&Unlinked>> = BTreeMap::new();
    for child in Side::BOTH.into_iter().flat_map(|side| input.loose.of(side)) {
        if let Some(parent) = &child.parent {
            loose.entry(parent.clone()).or_default().push(child);
        }
    }
    (broods, loose)
}

fn adopt_loose<'a>(brood: &mut Children<'a>, loose: &mut BTreeMap<SideId, Vec<&'a Unlinked>>, ids: Option<&Ids>) {
    for side in Side::BOTH {
        if let Some(id) = ids.and_then(|ids| ids.tagged(side)) {
            // `semantics` 27: a note that tells of a task is none of the notes.
            let (marked, others): (Vec<_>, Vec<_>) =
                loose.remove(&id).unwrap_or_default().into_iter().partition(|child| {
                    side == Side::Cliengo && child.kind == Kind::Note && task_mirror::marked(&child.record).is_some()
                });
            brood.marked.extend(marked);
            brood.loose.of_mut(side).extend(others);
        }
    }
}

/// A family that stands on both sides, under a link that exists or that the next operation makes.
fn existing(draft: &mut Draft<'_>, link: LinkRef, ids: &Ids, label: &str) -> Option<Family> {
    let (cliengo, ghl) = (ids.tagged(Side::Cliengo)?, ids.tagged(Side::Ghl)?);
    Some(Family {
        number: draft.next_family(),
        contact: label.to_owned(),
        ids: ids.clone(),
        link,
        targets: Both { cliengo: Target::Existing(cliengo), ghl: Target::Existing(ghl) },
    })
}

/// A linked contact, or one whose tasks and notes alone came through the sieve.
fn plan_contact(draft: &mut Draft<'_>, link: i64, contact: Option<&Linked>, brood: &Children<'_>) {
    let Some(contact) = contact else {
        let Some(parent) = draft.input.parents.get(&link) else { return };
        if let Some(family) = existing(draft, LinkRef::Existing(link), &parent.ids, &parent.label) {
            plan_children(draft, &family, brood);
        }
        return;
    };
    let subject = Subject { kind: Kind::Contact, ids: contact.ids.clone(), label: contact.label(), link: Some(link) };
    let takes_part = draft.input.policy(Kind::Contact).direction != Direction::Off;
    if scope::stands_outside(draft, &subject, contact, brood) {
        return;
    }
    let Some(story) = Story::of(contact) else {
        if takes_part && !promote(draft, contact) {
            missing::plan_contact(draft, &subject, contact, brood);
        }
        return;
    };
    let Some(family) = existing(draft, LinkRef::Existing(link), &contact.ids, &subject.label) else { return };
    if takes_part {
        plan_linked(draft, &family, &subject, link, story);
    }
    plan_children(draft, &family, brood);
}

/// `semantics` 5: where the primary is gone in Cliengo, the next of that person's contacts takes its place, as in a first
/// sync; nothing is deleted.
fn promote(draft: &mut Draft<'_>, lost: &Linked) -> bool {
    let (Now::Gone(_), Some(ghl)) = (&lost.sides.cliengo.now, lost.sides.ghl.seen()) else { return false };
    let Some(next) = draft.input.successors.get(&lost.link).and_then(|next| next.first()) else { return false };
    let mut ids = Ids::one(next.id.clone());
    ids.extend(lost.ids.tagged(Side::Ghl));
    let subject = Subject { kind: Kind::Contact, ids: ids.clone(), label: lost.label(), link: Some(lost.link) };
    let link = LinkRef::MadeBy(draft.next_id());
    let Some(family) = existing(draft, link, &ids, &subject.label) else { return false };
    let story = Story::new(&next.record, ghl);
    // What hangs under it leaves its old links: the next run sees all of it.
    let matched_by =
        next.record.match_keys().iter().find(|key| ghl.all_keys().any(|theirs| theirs == **key)).map(MatchedBy::of);
    plan_pair(draft, &family, &subject, story, Some(lost.link), matched_by);
    true
}

fn plan_unlinked(draft: &mut Draft<'_>, loose: &mut BTreeMap<SideId, Vec<&Unlinked>>) {
    if draft.input.policy(Kind::Contact).direction == Direction::Off {
        return;
    }
    let correlated = correlate(draft.input);
    for (pair, matched_by) in &correlated.pairs {
        let mut ids = Ids::one(pair.cliengo.id.clone());
        ids.insert(pair.ghl.id.clone());
        let label =
            if pair.ghl.record.label().is_empty() { pair.cliengo.record.label() } else { pair.ghl.record.label() };
        let link = LinkRef::MadeBy(draft.next_id());
        let Some(family) = existing(draft, link, &ids, &label) else { continue };
        let subject = Subject { kind: Kind::Contact, ids, label, link: None };
        let story = Story::new(&pair.cliengo.record, &pair.ghl.record);
        let retires = pair.ghl.retires.or(pair.cliengo.retires);
        if let Some(why) = outside(draft, pair) {
            link_outside(draft, &family, &subject, story, &why, (retires, *matched_by));
            adopt_loose(&mut Children::default(), loose, Some(&family.ids));
            continue;
        }
        plan_pair(draft, &family, &subject, story, retires, Some(*matched_by));
        let mut brood = Children::default();
        adopt_loose(&mut brood, loose, Some(&family.ids));
        // A survivor's tasks and notes leave their old links with it: the next run sees all of them.
        if retires.is_none() {
            plan_children(draft, &family, &brood);
        }
    }
    for contact in &correlated.single {
        let mut brood = Children::default();
        adopt_loose(&mut brood, loose, Some(&Ids::one(contact.id.clone())));
        if draft.alone.contains(&contact.id) || scope::leaves_out(draft, contact) {
            continue;
        }
        let subject = Subject::of(contact);
        if is_too_young(draft.input, contact) {
            draft.hold(&subject, HeldReason::TooYoung, too_young(contact));
        } else if let Some(family) = create::plan_contact(draft, contact, None) {
            plan_children(draft, &family, &brood);
        }
    }
    for (contact, ghl, matched_by) in &correlated.secondaries {
        // `semantics` 5: nothing is written because of it, nor of what hangs under it.
        loose.remove(&contact.id);
        if draft.alone.contains(&contact.id) {
            continue;
        }
        let mut ids = Ids::one(contact.id.clone());
        ids.insert(ghl.clone());
        let subject = Subject { ids, ..Subject::of(contact) };
        let shadows = Both { cliengo: contact.record.fields.clone(), ghl: BTreeMap::new() };
        let settle = Settle { shadows, retires: contact.retires, role: Role::Secondary, ..Settle::default() };
        let number = draft.next_family();
        draft.add_link((number, &subject.label), &Ids::default(), &subject, settle, Some(*matched_by));
    }
    for (contact, reason, detail) in &correlated.held {
        // What waits with its contact is not said one by one.
        loose.remove(&contact.id);
        if draft.alone.contains(&contact.id) {
            continue;
        }
        if *reason == HeldReason::UnknownOutcome || !scope::leaves_out(draft, contact) {
            draft.hold(&Subject::of(contact), *reason, detail.clone());
        }
    }
}

fn outside(draft: &Draft<'_>, pair: &Both<&Unlinked>) -> Option<String> {
    let scope = &draft.input.pair.scope;
    Side::BOTH.into_iter().find_map(|side| scope::outside(scope, side, &pair.of(side).record, false))
}

/// `semantics` 11: they are one person, and nothing is written for them; what differs is merged when they come back.
fn link_outside(
    draft: &mut Draft<'_>,
    family: &Family,
    subject: &Subject,
    story: Story<'_>,
    why: &str,
    (retires, matched_by): (Option<i64>, MatchedBy),
) {
    let same = |side: Side, field: &Field, value: &Value| {
        let theirs = story.now.of(side.other()).get(field);
        *field != Field::Tags && theirs.is_some_and(|theirs| value.same_for_linking(theirs))
    };
    let agreed = |side: Side| {
        let fields = story.now.of(side).fields.iter().filter(|(field, value)| same(side, field, value));
        fields.map(|(field, value)| (field.clone(), value.clone())).collect()
    };
    let settle = Settle { shadows: Both::from_fn(agreed), retires, outside: true, ..Settle::default() };
    let differs = |(field, value): (&Field, &Value)| *field != Field::Tags && !same(Side::Cliengo, field, value);
    if story.now.cliengo.fields.iter().any(differs) {
        draft.hold(subject, HeldReason::OutOfScope, format!("{why}: linked, and left as it is"));
    }
    draft.add_link((family.number, &family.contact), &Ids::default(), subject, settle, Some(matched_by));
}

fn hold_unparsable(draft: &mut Draft<'_>) {
    for unreadable in &draft.input.unparsable {
        let subject = Subject { kind: unreadable.kind, ids: unreadable.ids.clone(), label: String::new(), link: None };
        draft.hold(&subject, HeldReason::Unparsable, unreadable.why.clone());
    }
}

/// `semantics` 55: neither there nor gone; nothing rests on it, and it is said.
fn hold_inconclusive(draft: &mut Draft<'_>) {
    for asked in &draft.input.inconclusive {
        let subject = Subject { kind: asked.kind, ids: asked.ids.clone(), label: asked.label.clone(), link: None };
        draft.hold(&subject, HeldReason::Inconclusive, asked.why.clone());
    }
}

/// `semantics` 51: whose tasks or notes could not be read in two runs in a row is named.
fn hold_unread(draft: &mut Draft<'_>) {
    for unread in draft.input.unread.iter().filter(|unread| unread.runs > 1) {
        let Unread { kind, side, ids, label, runs, why } = unread;
        let subject = Subject { kind: Kind::Contact, ids: ids.clone(), label: label.clone(), link: None };
        let detail = format!("its {kind}s in {} could not be read in {runs} runs in a row: {why}", side.title());
        draft.hold(&subject, HeldReason::Unlisted, detail);
    }
}

/// A kind that one side does not have at all is said once for the pair, not for each record.
fn say_missing_kinds(draft: &mut Draft<'_>) {
    for kind in [Kind::Task, Kind::Note] {
        for side in Side::BOTH {
            let takes_part = draft.input.policy(kind).direction != Direction::Off;
            let what = format!("pair:{side}:{kind}");
            let told_otherwise = kind == Kind::Task && draft.input.pair.projects_tasks();
            if takes_part
                && !told_otherwise
                && !draft.input.can(side, kind).list
                && !draft.input.remembered.contains(&what)
            {
                let subject = Subject { kind, ids: Ids::default(), label: String::new(), link: None };
                let detail = format!("{} has no {kind}s: they stay in {}", side.title(), side.other().title());
                draft.cannot(&subject, side, Action::Create, detail);
                draft.settlements.push(Settlement::Remember { what, link: None });
            }
        }
    }
}
