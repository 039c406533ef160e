//! A story that one side no longer tells. A missing record is a question, not a fact: only `Gone` is an answer. (I20)

use std::collections::{BTreeMap, BTreeSet};

use super::create;
use super::draft::Draft;
use crate::config::OnDelete;
use crate::reconcile::decide::mark_of;
use crate::reconcile::model::{
    Change, Children, Family, HeldReason, LinkRef, Linked, Now, Settle, Settlement, Subject, Unlinked,
};
use crate::record::{Action, Both, Field, Ids, Kind, MatchKey, Record, Side, Target, Write};

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

/// Plans what follows when a linked task or note is gone on one side while its contact is not.
pub fn plan_child(draft: &mut Draft<'_>, family: &Family, subject: &Subject, linked: &Linked) {
    draft.busy.insert(linked.link);
    match absence(linked) {
        Absence::Unknown => {
            say_unlisted(draft, subject, linked, |draft, side| !family.is_listed(draft.input, side, linked.kind));
        }
        Absence::Both => draft.settlements.push(Settlement::Drop { link: linked.link }),
        Absence::One { gone, survivor } => {
            let survivor_side = gone.other();
            if stays(draft, subject, linked, gone, survivor) {
                return;
            }
            if linked.is_edited(survivor_side) {
                // I21: an edit beats a delete.
                recreate_child(draft, family, linked, survivor_side, survivor);
            } else {
                delete(draft, family, subject, linked.link, survivor_side, survivor);
            }
        }
    }
}

/// An edit that cannot be carried over because nothing is known of its counterpart, and `matters` of it.
fn say_unlisted(draft: &mut Draft<'_>, subject: &Subject, linked: &Linked, matters: impl Fn(&Draft<'_>, Side) -> bool) {
    // What cannot be understood, or was asked for in vain, is said already.
    let is_it = |kind: Kind, ids: &Ids| kind == subject.kind && *ids == subject.ids;
    if draft.input.unparsable.iter().any(|record| is_it(record.kind, &record.ids))
        || draft.input.inconclusive.iter().any(|record| is_it(record.kind, &record.ids))
    {
        return;
    }
    for side in Side::BOTH {
        let Now::Unknown(why) = &linked.sides.of(side).now else { continue };
        if linked.is_dirty(side.other()) && matters(draft, side) {
            let (side, other) = (side.title(), side.other().title());
            let detail = format!("changed in {other}, and nothing is known of it in {side}: {why}");
            return draft.hold(subject, HeldReason::Unlisted, detail);
        }
    }
}

fn recreate_child(draft: &mut Draft<'_>, family: &Family, linked: &Linked, side: Side, survivor: &Record) {
    let Some(id) = linked.ids.tagged(side) else { return };
    let child = Unlinked { kind: linked.kind, id, parent: None, record: survivor.clone(), retires: None };
    create::plan_child(draft, family, &child, Some(linked.link));
}

/// What follows when a linked contact is gone on one side.
pub fn plan_contact(draft: &mut Draft<'_>, subject: &Subject, linked: &Linked, brood: &Children<'_>) {
    draft.busy.insert(linked.link);
    draft.busy.extend(brood.linked.iter().map(|child| child.link));
    match absence(linked) {
        Absence::Unknown => say_unlisted(draft, subject, linked, |_, _| true),
        Absence::Both => {
            draft.settlements.push(Settlement::Drop { link: linked.link });
            for side in Side::BOTH {
                leave_duplicates(draft, linked, side);
            }
        }
        Absence::One { gone, survivor } => {
            if let Some(holder) = merged_into(draft, linked, gone) {
                let detail = format!(
                    "missing in {}, but its e-mail or phone stands on {holder} there: most likely merged. \
                     Nothing is deleted; delete or relink it by hand",
                    gone.title()
                );
                return draft.hold(subject, HeldReason::SuspectedMerge, detail);
            }
            if stays(draft, subject, linked, gone, survivor) {
                return;
            }
            decide_contact(draft, subject, linked, brood, gone, survivor);
        }
    }
}

fn decide_contact(
    draft: &mut Draft<'_>,
    subject: &Subject,
    linked: &Linked,
    brood: &Children<'_>,
    gone: Side,
    survivor: &Record,
) {
    let side = gone.other();
    if linked.is_edited(side) {
        return recreate_contact(draft, linked, brood, side, survivor);
    }
    if !brood_is_listed(draft, linked, brood, side) {
        let detail =
            format!("gone in {}; not all of its tasks and notes in {} could be listed", gone.title(), side.title());
        return draft.hold(subject, HeldReason::Unlisted, detail);
    }
    let kept_news = draft.input.kept_news.contains(&linked.link);
    let news = kept_news || brood.linked.iter().any(|child| child.is_edited(side)) || !brood.loose.of(side).is_empty();
    if news {
        let detail = format!(
            "gone in {}, but a task or note of it is new or changed in {}: delete it there too, or keep it by hand",
            gone.title(),
            side.title()
        );
        return draft.hold(subject, HeldReason::DirtyChild, detail);
    }
    let number = draft.next_family();
    let targets = Both::from_fn(|each| {
        Target::Existing(linked.ids.tagged(each).unwrap_or_else(|| crate::record::SideId::new(each, "")))
    });
    let family = Family {
        number,
        contact: subject.label.clone(),
        ids: Ids::default(),
        link: LinkRef::Existing(linked.link),
        targets,
    };
    if delete(draft, &family, subject, linked.link, side, survivor) {
        leave_duplicates(draft, linked, side);
        name_secondaries(draft, linked, gone);
    }
}

/// Whom somebody removed does not come back out of a duplicate: contacts of `side` that have the e-mail or phone of a
/// removed person stay alone there, and are named once. (`semantics` 61)
fn leave_duplicates(draft: &mut Draft<'_>, linked: &Linked, side: Side) {
    let bases = Side::BOTH.into_iter().filter_map(|side| linked.sides.of(side).base.as_ref());
    let keys: BTreeSet<MatchKey> = bases.flat_map(Record::all_keys).collect();
    let shares = |contact: &&Unlinked| contact.record.all_keys().any(|key| keys.contains(&key));
    let input = draft.input;
    // Somebody new on the other side may be the counterpart.
    if input.unlinked.of(side.other()).iter().any(|contact| shares(&contact)) {
        return;
    }
    for contact in input.unlinked.of(side).iter().filter(shares).filter(|contact| contact.retires.is_none()) {
        let label = contact.record.label();
        let subject = Subject { kind: Kind::Contact, ids: Ids::one(contact.id.clone()), label, link: None };
        let other = side.other().title();
        let detail = format!(
            "a duplicate of a contact that was removed in {other}: it stays in {}, and is not created in {other}",
            side.title()
        );
        draft.hold(&subject, HeldReason::RemovedElsewhere, detail);
        let (id, fields) = (contact.id.clone(), contact.record.fields.clone());
        draft.alone.insert(id.clone());
        draft.settlements.push(Settlement::Alone { id, fields });
    }
}

/// Further Cliengo contacts of a person whose GHL contact somebody removed stay as they are: each is named, since it may be
/// a lead that nobody has seen yet. (`semantics` 5)
fn name_secondaries(draft: &mut Draft<'_>, linked: &Linked, gone: Side) {
    let secondaries = draft.input.successors.get(&linked.link).filter(|_| gone == Side::Ghl);
    for secondary in secondaries.into_iter().flatten() {
        let (ids, label) = (Ids::one(secondary.id.clone()), secondary.record.label());
        let subject = Subject { kind: Kind::Contact, ids, label, link: None };
        let detail = "the GHL contact that it shared with an older one was removed: it stays in Cliengo, and is not created \
                      in GHL";
        draft.hold(&subject, HeldReason::RemovedElsewhere, detail);
    }
}

/// The contact and everything under it is made again on the side that lost it, as new records. (`semantics` 23)
fn recreate_contact(draft: &mut Draft<'_>, linked: &Linked, brood: &Children<'_>, side: Side, survivor: &Record) {
    let Some(id) = linked.ids.tagged(side) else { return };
    let contact = Unlinked { kind: Kind::Contact, id, parent: None, record: survivor.clone(), retires: None };
    let Some(family) = create::plan_contact(draft, &contact, Some(linked.link)) else { return };
    say_what_stays_behind(draft, linked, side.other());
    for child in &brood.linked {
        if let (Some(id), Some(record)) = (child.ids.tagged(side), child.sides.of(side).seen()) {
            let child = Unlinked { kind: child.kind, id, parent: None, record: record.clone(), retires: None };
            create::plan_child(draft, &family, &child, None);
        }
    }
    for child in brood.loose.of(side) {
        create::plan_child(draft, &family, child, None);
    }
}

/// `semantics` 50: what hung on the removed contact and is not synchronized.
fn say_what_stays_behind(draft: &mut Draft<'_>, linked: &Linked, gone: Side) {
    let ids = linked.ids.tagged(gone.other()).map(Ids::one).unwrap_or_default();
    let subject = Subject { kind: Kind::Contact, ids, label: linked.label(), link: Some(linked.link) };
    let detail = format!(
        "removed in {side} and changed in {other} since: {side} gets a new contact. What is not synchronized (appointments, \
         enrolments, conversations, owner) does not come back with it",
        side = gone.title(),
        other = gone.other().title()
    );
    draft.cannot(&subject, gone, Action::Create, detail);
}

/// `semantics` 21: where a delete is not carried over, the survivor stays and the link remembers it. Said once.
fn stays(draft: &mut Draft<'_>, subject: &Subject, linked: &Linked, gone: Side, record: &Record) -> bool {
    let (link, survivor) = (linked.link, gone.other());
    let edited = linked.is_edited(survivor);
    let policy = draft.input.policy(subject.kind);
    let detail = if !policy.direction.writes(survivor) {
        format!("removed in {}, which only receives: it is not made there again", gone.title())
    } else if policy.on_delete == OnDelete::Mark && draft.input.capabilities.of(survivor).tags.add {
        mark(draft, subject, link, gone, record);
        return true;
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
    } else if edited || draft.input.can(survivor, subject.kind).delete {
        // I21: an edit beats the delete, which is then not needed.
        return false;
    } else {
        let detail = format!("{} cannot delete a {}: it stays there", survivor.title(), subject.kind);
        draft.cannot(subject, survivor, Action::Delete, detail);
        draft.settlements.push(Settlement::Keep { link, gone });
        return true;
    };
    draft.hold(subject, HeldReason::RemovedElsewhere, detail);
    draft.settlements.push(Settlement::Keep { link, gone });
    true
}

/// `semantics` 21: the survivor is told by a tag, and stays.
fn mark(draft: &mut Draft<'_>, subject: &Subject, link: i64, gone: Side, survivor: &Record) {
    let side = gone.other();
    let Some(id) = subject.ids.tagged(side) else { return };
    let tag = mark_of(gone);
    if survivor.tags().contains(tag) {
        return draft.settlements.push(Settlement::Keep { link, gone });
    }
    let write = Write {
        kind: Kind::Contact,
        action: Action::Tag,
        target: Some(Target::Existing(id)),
        parent: None,
        set: BTreeMap::new(),
        before: survivor.fields.clone(),
        add_tags: vec![tag.to_owned()],
        remove_tags: Vec::new(),
    };
    let changes = vec![Change::Tags { field: Field::Tags, added: vec![tag.to_owned()], removed: Vec::new() }];
    let settle = Settle { link: Some(LinkRef::Existing(link)), keeps: Some(gone), ..Settle::default() };
    let number = draft.next_family();
    draft.add((number, &subject.label), &Ids::default(), subject, write, side, changes, settle);
}

/// Whether it is planned: what failed before may wait.
fn delete(draft: &mut Draft<'_>, family: &Family, subject: &Subject, link: i64, side: Side, survivor: &Record) -> bool {
    let Some(id) = subject.ids.tagged(side) else { return false };
    let is_contact = subject.kind == Kind::Contact;
    let write = Write {
        kind: subject.kind,
        action: Action::Delete,
        target: Some(Target::Existing(id)),
        parent: (!is_contact).then(|| family.targets.of(side).clone()),
        set: BTreeMap::new(),
        before: survivor.fields.clone(),
        add_tags: Vec::new(),
        remove_tags: Vec::new(),
    };
    let settle = Settle { link: Some(LinkRef::Existing(link)), ..Settle::default() };
    draft.add((family.number, &family.contact), &family.ids, subject, write, side, Vec::new(), settle).is_some()
}

/// `semantics` 22: every task and note of the survivor was listed in this run.
fn brood_is_listed(draft: &Draft<'_>, linked: &Linked, brood: &Children<'_>, side: Side) -> bool {
    if brood.linked.iter().any(|child| child.is_unknown(side)) {
        return false;
    }
    let Some(id) = linked.ids.tagged(side) else { return false };
    if [Kind::Task, Kind::Note].into_iter().any(|kind| draft.input.has_unreadable_child(kind, &id)) {
        return false;
    }
    [Kind::Task, Kind::Note].into_iter().filter(|kind| draft.input.can(side, *kind).list).all(|kind| {
        let listing = draft.input.listings.of(side).of(kind);
        match listing.parents {
            None => listing.complete,
            Some(_) => draft.input.covered.contains(&(kind, id.clone())),
        }
    })
}

/// `semantics` 10: the live contact of `side` that now holds the missing one's e-mail or phone.
fn merged_into(draft: &Draft<'_>, linked: &Linked, gone: Side) -> Option<String> {
    let base = linked.sides.of(gone).base.as_ref()?;
    let keys: Vec<_> = base.all_keys().collect();
    let held = keys.iter().flat_map(|key| draft.input.holders.of(gone).get(key).into_iter().flatten());
    let linked_holder = held.filter(|holder| holder.link != linked.link).find_map(|holder| holder.ids.tagged(gone));
    let unlinked_holder = || {
        draft.input.unlinked.of(gone).iter().find(|contact| {
            let theirs = contact.record.match_keys();
            keys.iter().any(|key| theirs.contains(key) || contact.record.also.contains(key))
        })
    };
    linked_holder.or_else(|| unlinked_holder().map(|contact| contact.id.clone())).map(|id| id.to_string())
}
