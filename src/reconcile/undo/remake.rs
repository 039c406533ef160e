//! What a run deleted is made again, as new records: no CRM brings a deleted one back.

use std::collections::BTreeMap;

use super::{still_there, subject_of};
use crate::reconcile::model::{Change, Deed, HeldReason, LinkRef, Settle, Still, Subject, TagDelta, Undoing};
use crate::reconcile::plan::create::{changes, content, left_out};
use crate::reconcile::plan::draft::Draft;
use crate::record::{Action, Both, Field, Ids, Kind, Record, Side, Target, Value, Write, fold_tag};

/// Where something is made again.
struct Place<'a> {
    family: (u32, &'a str),
    /// The contact that tasks and notes go under.
    parent: Option<Target>,
    /// Its link.
    link: Option<LinkRef>,
}

/// Makes a contact again, with the tasks and notes that went with it.
pub(super) fn contact(draft: &mut Draft<'_>, run: i64, number: u32, deleted: &Deed, deeds: &[&Deed]) {
    if still_there(draft, deleted).is_some() || !matches!(deleted.now, Still::Gone) {
        // Somebody brought it back already, or it could not be read.
        return;
    }
    let subject = remade(deleted);
    match &deleted.taken {
        Ok(None) => {}
        Ok(Some(holder)) => {
            let detail = format!("contact {holder} has its e-mail or phone now: it is not made again");
            return draft.hold(&subject, HeldReason::DuplicateOf, detail);
        }
        Err(why) => {
            let detail = format!("who has its e-mail or phone now could not be read: {why}");
            return draft.hold(&subject, HeldReason::Unlisted, detail);
        }
    }
    let Some(before) = before(draft, deleted) else { return };
    let place = Place { family: (number, &deleted.trace.label), parent: None, link: None };
    let Some(made) = make(draft, &place, deleted, before) else { return };
    tags_after(draft, &place, deleted, before, made);
    let under: Vec<&&Deed> = deeds.iter().filter(|deed| deed.cascaded).collect();
    say_what_is_lost(draft, run, &subject, deleted.side, &under);
    let place = Place { parent: Some(Target::CreatedBy(made)), link: Some(LinkRef::MadeBy(made)), ..place };
    for child in under {
        if let Some(record) = self::before(draft, child) {
            make(draft, &place, child, record);
        }
    }
}

/// Makes a task or note again under its contact.
pub(super) fn child(draft: &mut Draft<'_>, undoing: &Undoing, number: u32, deleted: &Deed) {
    if still_there(draft, deleted).is_some() || !matches!(deleted.now, Still::Gone) {
        return;
    }
    let parent = deleted.trace.parent.tagged(deleted.side);
    let subject = remade(deleted);
    match parent.as_ref().and_then(|id| undoing.contacts.get(id)) {
        Some(Still::There(_)) => {}
        Some(Still::Gone) => {
            return draft.hold(
                &subject,
                HeldReason::EditedSince,
                "its contact was removed since: it is not made again",
            );
        }
        Some(Still::Unknown(why)) => {
            return draft.hold(&subject, HeldReason::Unlisted, format!("its contact could not be read: {why}"));
        }
        None => return draft.hold(&subject, HeldReason::Unlisted, "its contact is not known"),
    }
    let Some(before) = before(draft, deleted) else { return };
    let place = Place {
        family: (number, &deleted.trace.contact),
        parent: parent.map(Target::Existing),
        link: deleted.contact_link.map(LinkRef::Existing),
    };
    make(draft, &place, deleted, before);
}

/// The record that is made again is a new one: only its counterpart's id stands.
fn remade(deleted: &Deed) -> Subject {
    let ids = deleted.trace.ids.tagged(deleted.side.other()).map(Ids::one).unwrap_or_default();
    Subject { ids, ..subject_of(deleted) }
}

fn before<'a>(draft: &mut Draft<'_>, deleted: &'a Deed) -> Option<&'a Record> {
    if deleted.before.is_none() {
        let detail = "what stood there before cannot be understood any more";
        draft.hold(&remade(deleted), HeldReason::Unparsable, detail);
    }
    deleted.before.as_ref()
}

/// Plans the create; `None` where the CRM cannot take it.
fn make(draft: &mut Draft<'_>, place: &Place<'_>, deleted: &Deed, before: &Record) -> Option<u32> {
    let (side, kind, subject) = (deleted.side, deleted.kind, remade(deleted));
    if deleted.pending {
        let detail =
            "an earlier undo tried to make it again and got no answer; undo the run again later: it looks first";
        draft.hold(&subject, HeldReason::UnknownOutcome, detail);
        return None;
    }
    if !draft.input.can(side, kind).create {
        draft.cannot(&subject, side, Action::Create, format!("{} cannot create {kind}s", side.title()));
        return None;
    }
    let too_early = |field: &Field| side == Side::Cliengo && draft.input.mapped(field).is_some();
    let content = content(draft, kind, side, before, too_early);
    let required = if kind == Kind::Note { Some(Field::Body) } else { (kind == Kind::Task).then_some(Field::Title) };
    if let Some(field) = required.filter(|field| !content.set.contains_key(field)) {
        let detail = format!("it had no {field}, and {} takes no {kind} without one", side.title());
        draft.cannot(&subject, side, Action::Create, detail);
        return None;
    }
    let lost = before.fields.iter().filter(|(field, value)| too_early(field) && !value.is_empty());
    let lost = lost.map(|(field, value)| format!("its {field} ({}) has to be set by hand", value.shown()));
    let cannot: Vec<String> =
        lost.chain(content.cannot).chain(content.unfit.into_iter().map(|(_, _, why)| why)).collect();
    for why in cannot {
        draft.cannot(&subject, side, Action::Create, why);
    }
    let tags = first_tags(draft, deleted, before);
    let mut changes = changes(&content.set, side);
    if !tags.is_empty() {
        changes.push(Change::Tags { field: Field::Tags, added: tags.clone(), removed: Vec::new() });
    }
    let settle = settle(draft, place, deleted, before, &content.set, &tags);
    let write = Write {
        kind,
        action: Action::Create,
        target: None,
        parent: place.parent.clone(),
        set: content.set,
        before: BTreeMap::new(),
        add_tags: tags,
        remove_tags: Vec::new(),
    };
    draft.add(place.family, &deleted.trace.parent, &subject, write, side, changes, settle)
}

/// Its counterpart is gone on the other side: the new link is kept, so that the next night does not make that again.
fn settle(
    draft: &Draft<'_>,
    place: &Place<'_>,
    deleted: &Deed,
    before: &Record,
    set: &BTreeMap<Field, Value>,
    tags: &[String],
) -> Settle {
    let side = deleted.side;
    let mut shadows: Both<BTreeMap<Field, Value>> = Both::default();
    *shadows.of_mut(side) = left_out(&before.fields, set);
    if deleted.kind == Kind::Contact && draft.input.capabilities.of(side).tags.read {
        shadows.of_mut(side).insert(Field::Tags, Value::tags(tags.iter().collect()));
    }
    shadows.of_mut(side.other()).clone_from(&deleted.trace.other);
    Settle {
        parent: place.link,
        shadows,
        retires: deleted.link,
        keeps: Some(side.other()),
        undoes: vec![deleted.id],
        tags_follow: following_tags(draft, deleted, before),
        ..Settle::default()
    }
}

/// The tags that go with a contact's create, as its CRM spells them.
fn first_tags(draft: &Draft<'_>, deleted: &Deed, before: &Record) -> Vec<String> {
    let tags = draft.input.capabilities.of(deleted.side).tags;
    if deleted.kind != Kind::Contact || !tags.with_create {
        return Vec::new();
    }
    before.tags().iter().map(|tag| if tags.lowercase { fold_tag(tag) } else { tag.to_owned() }).collect()
}

/// The tags that follow where a contact's create takes none.
fn following_tags(draft: &Draft<'_>, deleted: &Deed, before: &Record) -> Vec<String> {
    let tags = draft.input.capabilities.of(deleted.side).tags;
    if deleted.kind != Kind::Contact || tags.with_create || !tags.add {
        return Vec::new();
    }
    before.tags().iter().map(str::to_owned).collect()
}

fn tags_after(draft: &mut Draft<'_>, place: &Place<'_>, deleted: &Deed, before: &Record, made: u32) {
    let tags = following_tags(draft, deleted, before);
    if tags.is_empty() {
        return;
    }
    let write = Write {
        kind: Kind::Contact,
        action: Action::Tag,
        target: Some(Target::CreatedBy(made)),
        parent: None,
        set: BTreeMap::new(),
        before: BTreeMap::new(),
        add_tags: tags.clone(),
        remove_tags: Vec::new(),
    };
    let changes = vec![Change::Tags { field: Field::Tags, added: tags.clone(), removed: Vec::new() }];
    let settle = Settle {
        link: Some(LinkRef::MadeBy(made)),
        tags: TagDelta { added: tags, removed: Vec::new() },
        undoes: vec![deleted.id],
        ..Settle::default()
    };
    draft.add(place.family, &Ids::default(), &remade(deleted), write, deleted.side, changes, settle);
}

fn say_what_is_lost(draft: &mut Draft<'_>, run: i64, subject: &Subject, side: Side, under: &[&&Deed]) {
    let counted = |kind: Kind| match under.iter().filter(|deed| deed.kind == kind).count() {
        0 => None,
        1 => Some(format!("1 {kind}")),
        several => Some(format!("{several} {kind}s")),
    };
    let with: Vec<String> = [Kind::Task, Kind::Note].into_iter().filter_map(counted).collect();
    let with = if with.is_empty() { String::new() } else { format!(", with {} as they were", with.join(" and ")) };
    let detail = format!(
        "{} does not bring a deleted contact back: it is made again as a new one{with}. What else hung under it, and fields \
         that are not kept in step, are gone; what is known of them: concord history {run} --format json",
        side.title()
    );
    draft.cannot(subject, side, Action::Delete, detail);
}
