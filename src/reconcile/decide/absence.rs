//! A record that one side no longer has. A missing record is a question, not a fact: only `Gone` is an answer. (I20)

use std::collections::BTreeSet;

use super::merge::mark_of;
use super::suspected_merge::{children_stand_elsewhere, merged_into, stands_for_others};
use super::{create, suspected_merge, telling};
use crate::config::OnDelete;
use crate::reconcile::model::{
    BaseUpdate, Children, Family, HeldReason, Input, LinkRef, Linked, Now, Place, Settle, Subject, Unlinked, Verdict,
    Work,
};
use crate::record::{Action, Both, Field, Ids, Kind, MatchKey, Record, Side, SideId, Target, Write};

/// Which sides say that the record is gone, and whether the survivor was seen.
enum Absence<'a> {
    /// At least one side is not known: nothing can be decided.
    Unknown,
    /// Neither side has it.
    Both,
    /// One side has it; the other says that it is gone.
    One { gone: Side, survivor: &'a Record },
}

fn absence(linked: &Linked) -> Absence<'_> {
    let gone = Both::from_fn(|side| matches!(linked.sides.of(side).now, Now::Gone(_)));
    match (gone.cliengo, gone.ghl) {
        (true, true) => return Absence::Both,
        (false, false) => return Absence::Unknown,
        _ => {}
    }
    let gone = if gone.cliengo { Side::Cliengo } else { Side::Ghl };
    match linked.sides.of(gone.other()).seen() {
        Some(survivor) => Absence::One { gone, survivor },
        None => Absence::Unknown,
    }
}

/// Whether neither side has a contact: also where GHL answers with the one that it was merged into.
pub fn is_gone_on_both(input: &Input<'_>, contact: &Linked) -> bool {
    let became_another = input.lost.get(&contact.link).is_some_and(|lost| lost.led_to.is_some());
    match absence(contact) {
        Absence::Both => true,
        Absence::Unknown => became_another && matches!(contact.sides.cliengo.now, Now::Gone(_)),
        Absence::One { .. } => false,
    }
}

/// What follows when a linked task or note is gone on one side while its contact is not.
pub fn child(input: &Input<'_>, at: u32, family: &Family, subject: &Subject, linked: &Linked) -> Verdict {
    let mut verdict = Verdict::at(at);
    verdict.busy.insert(linked.link);
    match absence(linked) {
        Absence::Unknown => {
            let matters = |side| !family.is_listed(input, side, linked.kind);
            verdict.and(say_unlisted(input, subject, linked, matters));
        }
        Absence::Both => verdict.base_updates.push(BaseUpdate::Drop { link: linked.link }),
        Absence::One { gone, survivor } => {
            let survivor_side = gone.other();
            if let Some(stays) = stays(input, at, subject, linked, gone, survivor) {
                verdict.and(stays);
            } else if linked.is_edited(survivor_side) {
                // I21: an edit beats a delete.
                if let Some(id) = linked.ids.tagged(survivor_side) {
                    verdict.and(make_again(input, linked, id, survivor, |child| {
                        create::child(input, at, family, child, Some(linked.link))
                    }));
                }
            } else {
                let target = |id| (Target::Existing(id), family.parent(subject.kind, survivor_side));
                let target = subject.ids.tagged(survivor_side).map(target);
                let place = family.place(subject.kind);
                verdict.and(delete(input, at, place, subject, linked.link, survivor_side, target, survivor));
            }
        }
    }
    verdict
}

/// A record that stands alone now is made again on the side that lost it, of what that side itself held where the survivor
/// has only the stored form of it. (`semantics` 41) The survivor's own base stays what it shows.
fn make_again(
    input: &Input<'_>,
    linked: &Linked,
    id: SideId,
    survivor: &Record,
    create: impl FnOnce(&Unlinked) -> Verdict,
) -> Verdict {
    let side = id.side();
    let bases = linked.sides.of(side.other()).base.as_ref().zip(linked.sides.of(side).base.as_ref());
    let contact = Unlinked { kind: linked.kind, id, parent: None, record: survivor.clone(), retires: None };
    of_what_it_was(input, &contact, bases, create)
}

/// The same of a contact whose counterpart an earlier run deleted, and that a person restored on one side alone.
pub fn restored(input: &Input<'_>, contact: &Unlinked, create: impl FnOnce(&Unlinked) -> Verdict) -> Verdict {
    let side = contact.id.side();
    let known = input.deleted.get(&contact.id).map(|both| (both.of(side.other()), both.of(side)));
    of_what_it_was(input, contact, known, create)
}

/// `bases`: what the lost record said, and what was agreed with its survivor by then.
fn of_what_it_was(
    input: &Input<'_>,
    survivor: &Unlinked,
    bases: Option<(&Record, &Record)>,
    create: impl FnOnce(&Unlinked) -> Verdict,
) -> Verdict {
    let Some(bases) = bases else { return create(survivor) };
    let side = survivor.id.side();
    // What is shorter may be an edit that could not go over.
    let takes_edits = input.can(side.other(), survivor.kind).update;
    let mut contact = survivor.clone();
    for (field, now) in &survivor.record.fields {
        let known = bases.0.get(field).zip(bases.1.get(field));
        let Some((lost, _)) = known.filter(|(_, own)| own.same(now)) else { continue };
        let is_cut = now.is_beginning_of(lost) && !lost.is_beginning_of(now);
        let is_stored = if is_cut && *field != Field::Name { takes_edits } else { now.is_poorer_form_of(lost) };
        if is_stored {
            contact.record.fields.insert(field.clone(), lost.clone());
        }
    }
    let mut verdict = create(&contact);
    for operation in verdict.operations.iter_mut().filter(|operation| operation.kind == survivor.kind) {
        let Work::Write(_, Settle::Create { made, .. }) = &mut operation.work else { continue };
        let bases = made.bases.of_mut(side);
        for (field, now) in survivor.record.fields.iter().filter(|(field, _)| **field != Field::Tags) {
            if bases.contains_key(field) {
                bases.insert(field.clone(), now.clone());
            }
        }
    }
    verdict
}

/// An edit that cannot be carried over because nothing is known of its counterpart, and `matters` of it.
fn say_unlisted(input: &Input<'_>, subject: &Subject, linked: &Linked, matters: impl Fn(Side) -> bool) -> Verdict {
    // What cannot be understood, or was asked for in vain, is said already.
    let is_it = |kind: Kind, ids: &Ids| kind == subject.kind && *ids == subject.ids;
    if input.unparsable.iter().any(|record| is_it(record.kind, &record.ids))
        || input.inconclusive.iter().any(|record| is_it(record.kind, &record.ids))
    {
        return Verdict::default();
    }
    for side in Side::BOTH {
        let why = match &linked.sides.of(side).now {
            Now::Unknown(why) => why.as_str(),
            Now::Missed => "missing for the first time",
            Now::Unchanged | Now::Changed(_) | Now::Gone(_) => continue,
        };
        if linked.is_dirty(side.other()) && matters(side) {
            let (side, other) = (side.title(), side.other().title());
            let detail = format!("changed in {other}, and nothing is known of it in {side}: {why}");
            return Verdict::held(subject, HeldReason::Unlisted, detail);
        }
    }
    Verdict::default()
}

/// What follows when a linked contact is gone on one side.
pub fn contact(input: &Input<'_>, at: u32, subject: &Subject, linked: &Linked, children: &Children<'_>) -> Verdict {
    let mut verdict = Verdict::at(at);
    verdict.busy.insert(linked.link);
    verdict.busy.extend(children.linked.iter().map(|child| child.link));
    if is_gone_on_both(input, linked) {
        verdict.base_updates.push(BaseUpdate::Drop { link: linked.link });
        for side in Side::BOTH {
            verdict.and(leave_duplicates(input, linked, side));
        }
        return verdict;
    }
    match absence(linked) {
        Absence::Unknown | Absence::Both => verdict.and(say_unlisted(input, subject, linked, |_| true)),
        Absence::One { gone, survivor } => {
            if let Some(holder) = merged_into(input, linked, gone) {
                let detail = format!(
                    "missing in {}, but its e-mail or phone stands on {holder} there: most likely merged. \
                     Nothing is deleted; delete or relink it by hand",
                    gone.title()
                );
                verdict.and(suspected_merge::waits(subject, linked.link, &holder, detail));
            } else if let Some(holder) = children_stand_elsewhere(input, linked, gone) {
                let detail = format!(
                    "missing in {}, but tasks or notes of it stand under {holder} there: most likely merged. Nothing is \
                     deleted; delete or relink it by hand",
                    gone.title()
                );
                verdict.and(suspected_merge::waits(subject, linked.link, holder, detail));
            } else if let Some(stays) = stays(input, at, subject, linked, gone, survivor) {
                verdict.and(stays);
            } else {
                verdict.and(gone_contact(input, at, subject, linked, children, (gone, survivor)));
            }
        }
    }
    verdict
}

/// A contact that is gone on one side, and is to follow on the other or to come back.
fn gone_contact(
    input: &Input<'_>,
    at: u32,
    subject: &Subject,
    linked: &Linked,
    children: &Children<'_>,
    (gone, survivor): (Side, &Record),
) -> Verdict {
    let side = gone.other();
    if linked.is_edited(side) {
        return recreate(input, at, linked, children, side, survivor);
    }
    if !are_listed(input, linked, children, side) {
        let detail =
            format!("gone in {}; not all of its tasks and notes in {} could be listed", gone.title(), side.title());
        return Verdict::held(subject, HeldReason::Unlisted, detail);
    }
    let kept_news = input.kept_news.contains(&linked.link);
    let news = kept_news
        || children.linked.iter().any(|child| child.is_edited(side))
        || !children.unlinked_children.of(side).is_empty()
        || telling::is_any_edited(children, side, input.told.get(&linked.link));
    if news {
        let detail = format!(
            "gone in {}, but a task or note of it is new or changed in {}: delete it there too, or keep it by hand",
            gone.title(),
            side.title()
        );
        return Verdict::held(subject, HeldReason::DirtyChild, detail);
    }
    if let Some(whose) = stands_for_others(input, linked, gone) {
        let detail = format!(
            "gone in Cliengo, but in GHL {whose} stands on it too, who was most likely merged into it: nothing is deleted; \
             delete or relink it by hand"
        );
        return Verdict::held(subject, HeldReason::SuspectedMerge, detail);
    }
    if input.suspected.contains(&linked.link) {
        let detail = format!(
            "gone in {}, and an earlier run saw that it was most likely merged into another contact there: nothing is deleted; \
             delete or relink it by hand",
            gone.title()
        );
        return Verdict::held(subject, HeldReason::SuspectedMerge, detail);
    }
    let target = subject.ids.tagged(side).map(|id| (Target::Existing(id), None));
    let mut verdict = delete(input, at, Place::of_contact(at, subject), subject, linked.link, side, target, survivor);
    if !verdict.operations.is_empty() {
        verdict.and(leave_duplicates(input, linked, side));
        verdict.and(name_secondaries(input, linked, gone));
    }
    verdict
}

/// Whom somebody removed does not come back out of a duplicate: contacts of `side` that have the e-mail or phone of a
/// removed person stay alone there, and are named once. (`semantics` 61)
fn leave_duplicates(input: &Input<'_>, linked: &Linked, side: Side) -> Verdict {
    let mut verdict = Verdict::default();
    let bases = Side::BOTH.into_iter().filter_map(|side| linked.sides.of(side).base.as_ref());
    let keys: BTreeSet<MatchKey> = bases.flat_map(Record::all_keys).collect();
    let shares = |contact: &&Unlinked| contact.record.all_keys().any(|key| keys.contains(&key));
    // Somebody new on the other side may be the counterpart.
    if input.unlinked.of(side.other()).iter().any(|contact| shares(&contact)) {
        return verdict;
    }
    for contact in input.unlinked.of(side).iter().filter(shares).filter(|contact| contact.retires.is_none()) {
        let other = side.other().title();
        let detail = format!(
            "a duplicate of a contact that was removed in {other}: it stays in {}, and is not created in {other}",
            side.title()
        );
        verdict.hold(&Subject::of(contact), HeldReason::RemovedElsewhere, detail);
        let (id, fields) = (contact.id.clone(), contact.record.fields.clone());
        verdict.alone.insert(id.clone());
        verdict.base_updates.push(BaseUpdate::Alone { id, fields });
    }
    verdict
}

/// Further Cliengo contacts of a person whose GHL contact somebody removed stay as they are: each is named, since it may be
/// a lead that nobody has seen yet. (`semantics` 5)
fn name_secondaries(input: &Input<'_>, linked: &Linked, gone: Side) -> Verdict {
    let mut verdict = Verdict::default();
    let secondaries = input.successors.get(&linked.link).filter(|_| gone == Side::Ghl);
    for secondary in secondaries.into_iter().flatten() {
        let detail = "the GHL contact that it shared with an older one was removed: it stays in Cliengo, and is not created \
                      in GHL";
        verdict.hold(&Subject::of(secondary), HeldReason::RemovedElsewhere, detail);
    }
    verdict
}

/// The contact and everything under it is made again on the side that lost it, as new records. (`semantics` 23)
fn recreate(
    input: &Input<'_>,
    at: u32,
    linked: &Linked,
    children: &Children<'_>,
    side: Side,
    survivor: &Record,
) -> Verdict {
    let Some(id) = linked.ids.tagged(side) else { return Verdict::default() };
    let mut family = None;
    let mut verdict = make_again(input, linked, id, survivor, |contact| {
        let (made, its_family) = create::contact(input, at, contact, Some(linked.link));
        family = its_family;
        made
    });
    let Some(family) = family else { return verdict };
    verdict.and(say_what_stays_behind(linked, side.other()));
    for child in &children.linked {
        if let (Some(id), Some(record)) = (child.ids.tagged(side), child.sides.of(side).seen()) {
            let next = verdict.next();
            verdict.and(make_again(input, child, id, record, |child| create::child(input, next, &family, child, None)));
        }
    }
    for child in children.unlinked_children.of(side) {
        verdict.and(create::child(input, verdict.next(), &family, child, None));
    }
    verdict
}

/// `semantics` 50: what hung on the removed contact and is not synchronized.
fn say_what_stays_behind(linked: &Linked, gone: Side) -> Verdict {
    let ids = linked.ids.tagged(gone.other()).map(Ids::one).unwrap_or_default();
    let subject = Subject { kind: Kind::Contact, ids, label: linked.label(), link: Some(linked.link) };
    let detail = format!(
        "removed in {side} and changed in {other} since: {side} gets a new contact. What is not synchronized (appointments, \
         enrolments, conversations, owner) does not come back with it",
        side = gone.title(),
        other = gone.other().title()
    );
    Verdict::unsupported(&subject, gone, Action::Create, detail)
}

/// `semantics` 21: where a delete is not carried over, the survivor stays and the link remembers it. Said once.
fn stays(
    input: &Input<'_>,
    at: u32,
    subject: &Subject,
    linked: &Linked,
    gone: Side,
    record: &Record,
) -> Option<Verdict> {
    let (link, survivor) = (linked.link, gone.other());
    let edited = linked.is_edited(survivor);
    let policy = input.policy(subject.kind);
    let mut verdict = Verdict::at(at);
    let detail = if !policy.direction.writes(survivor) {
        format!("removed in {}, which only receives: it is not made there again", gone.title())
    } else if policy.on_delete == OnDelete::Mark && input.capabilities.of(survivor).tags.add {
        return Some(mark(input, at, subject, link, gone, record));
    } else if policy.on_delete == OnDelete::Mark {
        format!(
            "removed in {}; {} takes no tags that could say so, so it stays as it is",
            gone.title(),
            survivor.title()
        )
    } else if policy.on_delete == OnDelete::Ignore {
        format!("removed in {}; it stays in {}, as on_delete = \"ignore\" says", gone.title(), survivor.title())
    } else if edited && !policy.direction.writes(gone) {
        format!(
            "removed in {}, and changed in {} since, which only receives: it stays there",
            gone.title(),
            survivor.title()
        )
    } else if edited || input.can(survivor, subject.kind).delete {
        // I21: an edit beats the delete, which is then not needed.
        return None;
    } else {
        let detail = format!("{} cannot delete a {}: it stays there", survivor.title(), subject.kind);
        verdict.cannot(subject, survivor, Action::Delete, detail);
        verdict.base_updates.push(BaseUpdate::Keep { link, gone });
        return Some(verdict);
    };
    verdict.hold(subject, HeldReason::RemovedElsewhere, detail);
    verdict.base_updates.push(BaseUpdate::Keep { link, gone });
    Some(verdict)
}

/// `semantics` 21: the survivor is told by a tag, and stays.
fn mark(input: &Input<'_>, at: u32, subject: &Subject, link: i64, gone: Side, survivor: &Record) -> Verdict {
    let side = gone.other();
    let mut verdict = Verdict::at(at);
    let Some(id) = subject.ids.tagged(side) else { return verdict };
    let tag = mark_of(gone);
    if survivor.tags().contains(tag) {
        verdict.base_updates.push(BaseUpdate::Keep { link, gone });
        return verdict;
    }
    let write = Write {
        before: survivor.fields.clone(),
        ..Write::tags(Target::Existing(id), vec![tag.to_owned()], Vec::new())
    };
    let settle = Settle::Mark { link: LinkRef::Existing(link), gone };
    verdict.write(input, Place::of_contact(at, subject), subject, side, gone, (write, settle));
    verdict
}

/// The removal of the survivor; nothing where it waits, because it failed before.
#[expect(clippy::too_many_arguments, reason = "the parts of a delete, each of its own type")]
fn delete(
    input: &Input<'_>,
    at: u32,
    place: Place,
    subject: &Subject,
    link: i64,
    side: Side,
    target: Option<(Target, Option<Target>)>,
    survivor: &Record,
) -> Verdict {
    let mut verdict = Verdict::at(at);
    if let Some(target) = target {
        let write = Write::delete(subject.kind, target, &survivor.fields);
        let settle = Settle::Delete { link: LinkRef::Existing(link) };
        verdict.write(input, place, subject, side, side.other(), (write, settle));
    }
    verdict
}

/// `semantics` 22: every task and note of the survivor was listed in this run.
fn are_listed(input: &Input<'_>, linked: &Linked, children: &Children<'_>, side: Side) -> bool {
    if children.linked.iter().any(|child| child.is_unknown(side)) {
        return false;
    }
    let Some(id) = linked.ids.tagged(side) else { return false };
    if Kind::CHILDREN.into_iter().any(|kind| input.has_unreadable_child(kind, &id)) {
        return false;
    }
    Kind::CHILDREN.into_iter().filter(|kind| input.can(side, *kind).list).all(|kind| {
        let listing = input.listings.of(side).of(kind);
        match listing.parents {
            None => listing.complete,
            Some(_) => input.covered.contains(&(kind, id.clone())),
        }
    })
}
