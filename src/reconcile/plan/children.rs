//! Tasks and notes, each under its contact.

use std::collections::BTreeMap;

use super::alike::{due_at_once, is_one_text, key, says_the_same};
use super::renewed;
use crate::reconcile::decide::{Versions, absence, create, fields, task_mirror, timeline};
use crate::reconcile::model::{
    Astray, Children, Family, HeldReason, Input, Linked, MatchedBy, Subject, Unlinked, Verdict,
};
use crate::record::{Both, Ids, Kind, Side, SideId, beginning, is_beginning};

/// Everything under one contact that both sides have, or will have, after what is planned for the contact itself.
pub fn plan_children(input: &Input<'_>, planned: Verdict, family: &Family, children: &Children<'_>) -> Verdict {
    let mut verdict = planned;
    let renewed = renewed::find(input, children);
    for linked in &children.linked {
        match renewed.iter().find(|renewed| renewed.link() == linked.link) {
            Some(renewed) => verdict.and(renewed.relink(input, verdict.next(), family)),
            None => verdict.and(plan_linked(input, verdict.next(), family, linked)),
        }
    }
    let left = (!renewed.is_empty()).then(|| {
        let mut left = children.clone();
        for side in Side::BOTH {
            let is_new = |child: &&Unlinked| renewed.iter().all(|renewed| renewed.now().id != child.id);
            left.unlinked_children.of_mut(side).retain(is_new);
        }
        left
    });
    let children = left.as_ref().unwrap_or(children);
    for kind in Kind::CHILDREN {
        let both_list = Side::BOTH.into_iter().all(|side| input.can(side, kind).list);
        if both_list {
            verdict.and(pair_off(input, verdict.next(), family, children, kind));
        }
    }
    let verdict = task_mirror::tell(input, verdict, family, &children.telling);
    timeline::tell(input, verdict, family, children)
}

fn plan_linked(input: &Input<'_>, at: u32, family: &Family, linked: &Linked) -> Verdict {
    let subject =
        Subject { kind: linked.kind, ids: linked.ids.clone(), label: linked.label(), link: Some(linked.link) };
    match Versions::of(linked) {
        Some(versions) => fields::linked(input, at, family, &subject, linked.link, versions),
        None => absence::child(input, at, family, &subject, linked),
    }
}

/// `semantics` 9: equal keys pair off in order of creation; only the surplus is created.
fn pair_off(input: &Input<'_>, at: u32, family: &Family, children: &Children<'_>, kind: Kind) -> Verdict {
    let mut verdict = Verdict::at(at);
    let mut piles: BTreeMap<String, Both<Vec<&Unlinked>>> = BTreeMap::new();
    let begun = Both::from_fn(|side: Side| {
        let texts = children
            .unlinked_children
            .of(side)
            .iter()
            .filter(|child| child.kind == kind)
            .map(|child| key(&child.record));
        texts.filter_map(|text| beginning(&text, side.other()).map(str::to_owned)).collect::<Vec<String>>()
    });
    for side in Side::BOTH {
        for child in children.unlinked_children.of(side).iter().filter(|child| child.kind == kind) {
            if let Some(detail) = input.excluded(child) {
                verdict.hold(&Subject::of(child), HeldReason::Apart, detail);
                continue;
            }
            piles.entry(shared(key(&child.record), side, &begun)).or_default().of_mut(side).push(child);
        }
    }
    let default_due = input.pair.tasks.default_due;
    let mut surplus = Both::<Vec<&Unlinked>>::default();
    for (_, mut pile) in piles {
        for side in Side::BOTH {
            pile.of_mut(side).sort_by_key(|child| (child.record.created, child.id.clone()));
        }
        // The very instant first, then what a date without a time, or none, can mean; of equal ones those that say the same.
        for (exactly, alike) in [(true, true), (true, false), (false, true), (false, false)] {
            let mut left = Vec::new();
            for cliengo in std::mem::take(&mut pile.cliengo) {
                let is_it = |ghl: &&Unlinked| {
                    due_at_once(&cliengo.record, &ghl.record, exactly, default_due)
                        && (!alike || says_the_same(&cliengo.record, &ghl.record))
                };
                match pile.ghl.iter().position(is_it) {
                    Some(at) => verdict.and(link(input, verdict.next(), family, cliengo, pile.ghl.remove(at))),
                    None => left.push(cliengo),
                }
            }
            pile.cliengo = left;
        }
        surplus.cliengo.append(&mut pile.cliengo);
        surplus.ghl.append(&mut pile.ghl);
    }
    // Notes of one text, one of them in the form in which a CRM stored it.
    for cliengo in std::mem::take(&mut surplus.cliengo) {
        match surplus.ghl.iter().position(|ghl| is_one_text(&cliengo.record, &ghl.record)) {
            Some(at) => verdict.and(link(input, verdict.next(), family, cliengo, surplus.ghl.remove(at))),
            None => surplus.cliengo.push(cliengo),
        }
    }
    verdict.and(create_surplus(input, verdict.next(), family, kind, &surplus));
    verdict
}

fn create_surplus(input: &Input<'_>, at: u32, family: &Family, kind: Kind, surplus: &Both<Vec<&Unlinked>>) -> Verdict {
    let mut verdict = Verdict::at(at);
    for side in Side::BOTH {
        let other = side.other();
        // What a create with an unknown outcome may have made on this side has its source on the other one already.
        let sources = surplus.of(other).iter().map(|child| (kind, child.id.clone()));
        let sources: Vec<_> = sources.filter(|source| input.pending.contains(source)).collect();
        let candidates: Vec<_> = sources.iter().filter_map(|source| input.candidates.get(source)).collect();
        if candidates.len() < sources.len() {
            continue;
        }
        let mut children = surplus.of(side).clone();
        children.retain(|child| !candidates.iter().any(|candidates| candidates.contains(&child.id)));
        children.sort_by_key(|child| (child.record.created, child.id.clone()));
        // A side that could not list this contact's children may hold the counterparts: nothing is created there.
        let is_listed = family.is_listed(input, other, kind);
        for child in children {
            // Its counterpart came from a contact that is gone on both sides: the next run sees both without a link.
            if family.ids.tagged(other).is_some_and(|contact| is_among(&input.leaving, &contact, child)) {
                continue;
            }
            let of_a_lost_one = |contact| is_among(&input.astray, contact, child);
            if side == Side::Ghl && child.parent.as_ref().is_some_and(of_a_lost_one) {
                let detail = format!(
                    "it may have come with another contact that was merged into this one: GHL's list lacks a contact of the same \
                     e-mail or phone that has the same {kind}, so nothing is created until a run knows what became of that one"
                );
                verdict.hold(&Subject::of(child), HeldReason::Unlisted, detail);
                continue;
            }
            if is_listed {
                verdict.and(create::child(input, verdict.next(), family, child, None));
            } else if input.policy(kind).direction.writes(other) {
                let other = other.title();
                let detail =
                    format!("the {kind}s of its contact in {other} could not be read: it may be there already");
                verdict.hold(&Subject::of(child), HeldReason::Unlisted, detail);
            }
        }
    }
    verdict
}

/// Whether the same task or note is among those that are known by `contact`.
fn is_among(known: &BTreeMap<SideId, Vec<Astray>>, contact: &SideId, child: &Unlinked) -> bool {
    let mut known = known.get(contact).into_iter().flatten();
    known.any(|one| one.kind == child.kind && renewed::is_one(one.kind, &one.base, &child.record))
}

fn link(input: &Input<'_>, at: u32, family: &Family, cliengo: &Unlinked, ghl: &Unlinked) -> Verdict {
    let mut ids = Ids::one(cliengo.id.clone());
    ids.insert(ghl.id.clone());
    let subject = Subject { kind: cliengo.kind, ids, label: ghl.record.label(), link: None };
    let matched_by = MatchedBy::child(cliengo.kind);
    let versions = Versions::new(&cliengo.record, &ghl.record);
    fields::pair(input, at, family, &subject, versions, (None, Some(matched_by)))
}

/// The key of a child of `side`: of a text that was cut what it holds of the whole, and of the whole what the other side holds.
fn shared(key: String, side: Side, begun: &Both<Vec<String>>) -> String {
    if let Some(held) = beginning(&key, side.other()) {
        return held.to_owned();
    }
    let held = begun.of(side.other()).iter().find(|held| is_beginning(held, &key)).cloned();
    held.unwrap_or(key)
}
