//! What a run deleted is made again, as new records: no CRM brings a deleted one back.

use super::common::{parent_of, place_of, still_there, subject_of};
use crate::reconcile::decide::create::{Content, content, left_out};
use crate::reconcile::model::{
    HeldReason, Input, LinkRef, Making, Place, Remade, Settle, Still, Subject, TagDelta, Tagging, UndoRecord, Undoing,
    Verdict,
};
use crate::record::{Action, Both, Field, Fields, Ids, Kind, Record, Side, Target, Value, Write, fold_tag};

/// Where something is made again: as the plan shows it, and under which contact and link it goes.
struct Spot {
    place: Place,
    parent: Option<Target>,
    link: Option<LinkRef>,
}

/// Makes a contact again, with the tasks and notes that went with it.
pub(super) fn contact(
    input: &Input<'_>,
    at: u32,
    run: i64,
    deleted: &UndoRecord,
    undo_records: &[&UndoRecord],
) -> Verdict {
    if let Some(verdict) = is_not_gone(deleted) {
        return verdict;
    }
    let subject = remade(deleted);
    match &deleted.taken {
        Ok(None) => {}
        Ok(Some(holder)) => {
            let detail = format!("contact {holder} has its e-mail or phone now: it is not made again");
            return Verdict::held(&subject, HeldReason::DuplicateOf, detail);
        }
        Err(why) => {
            let detail = format!("who has its e-mail or phone now could not be read: {why}");
            return Verdict::held(&subject, HeldReason::Unlisted, detail);
        }
    }
    let before = match before(deleted) {
        Ok(before) => before,
        Err(verdict) => return *verdict,
    };
    let spot = Spot { place: place_of(at, deleted), parent: None, link: None };
    let (mut verdict, made) = make(input, at, &spot, deleted, before);
    let Some(made) = made else { return verdict };
    verdict.and(tags_after(input, verdict.next(), &spot, deleted, before, made));
    let under: Vec<&UndoRecord> = undo_records.iter().filter(|undo_record| undo_record.cascaded).copied().collect();
    verdict.and(say_what_is_lost(run, &subject, deleted.side, &under));
    for child in under {
        let spot = Spot {
            place: Place { parent: child.trace.parent.clone(), ..spot.place.clone() },
            parent: Some(Target::CreatedBy(made)),
            link: Some(LinkRef::MadeBy(made)),
        };
        match self::before(child) {
            Ok(record) => verdict.and(make(input, verdict.next(), &spot, child, record).0),
            Err(unknown) => verdict.and(*unknown),
        }
    }
    verdict
}

/// Makes a task or note again under its contact.
pub(super) fn child(input: &Input<'_>, (family, at): (u32, u32), undoing: &Undoing, deleted: &UndoRecord) -> Verdict {
    if let Some(verdict) = is_not_gone(deleted) {
        return verdict;
    }
    let parent = deleted.trace.parent.tagged(deleted.side);
    let (reason, detail) = match parent.as_ref().and_then(|id| undoing.contacts.get(id)) {
        Some(Still::There(_)) => match before(deleted) {
            Ok(before) => {
                let link = deleted.contact_link.map(LinkRef::Existing);
                let spot = Spot { place: place_of(family, deleted), parent: parent_of(deleted), link };
                return make(input, at, &spot, deleted, before).0;
            }
            Err(verdict) => return *verdict,
        },
        Some(Still::Gone) => {
            (HeldReason::EditedSince, "its contact was removed since: it is not made again".to_owned())
        }
        Some(Still::Unknown(why)) => (HeldReason::Unlisted, format!("its contact could not be read: {why}")),
        None => (HeldReason::Unlisted, "its contact is not known".to_owned()),
    };
    Verdict::held(&remade(deleted), reason, detail)
}

/// Nothing is made again where somebody brought it back already, or where it could not be read.
fn is_not_gone(deleted: &UndoRecord) -> Option<Verdict> {
    match still_there(deleted) {
        Ok(None) => None,
        Ok(Some(_)) => Some(Verdict::default()),
        Err(verdict) => Some(*verdict),
    }
}

/// The record that is made again is a new one: only its counterpart's id stands.
fn remade(deleted: &UndoRecord) -> Subject {
    let ids = deleted.trace.ids.tagged(deleted.side.other()).map(Ids::one).unwrap_or_default();
    Subject { ids, ..subject_of(deleted) }
}

fn before(deleted: &UndoRecord) -> Result<&Record, Box<Verdict>> {
    deleted.before.as_ref().ok_or_else(|| {
        let detail = "what stood there before cannot be understood any more";
        Box::new(Verdict::held(&remade(deleted), HeldReason::Unparsable, detail))
    })
}

/// Why nothing is made again, or what it carries.
fn carried(
    input: &Input<'_>,
    deleted: &UndoRecord,
    before: &Record,
    too_early: impl Fn(&Field) -> bool,
) -> Result<Content, Box<Verdict>> {
    let (side, kind, subject) = (deleted.side, deleted.kind, remade(deleted));
    if deleted.pending {
        let detail =
            "an earlier undo tried to make it again and got no answer; undo the run again later: it looks first";
        return Err(Box::new(Verdict::held(&subject, HeldReason::UnknownOutcome, detail)));
    }
    if !input.can(side, kind).create {
        let detail = format!("{} cannot create {kind}s", side.title());
        return Err(Box::new(Verdict::unsupported(&subject, side, Action::Create, detail)));
    }
    let content = content(input, kind, side, before, too_early);
    match kind.required().filter(|field| !content.set.contains_key(field)) {
        Some(field) => {
            let detail = format!("it had no {field}, and {} takes no {kind} without one", side.title());
            Err(Box::new(Verdict::unsupported(&subject, side, Action::Create, detail)))
        }
        None => Ok(content),
    }
}

/// The create, and its number; none where the CRM cannot take it.
fn make(input: &Input<'_>, at: u32, spot: &Spot, deleted: &UndoRecord, before: &Record) -> (Verdict, Option<u32>) {
    let (side, kind, subject) = (deleted.side, deleted.kind, remade(deleted));
    let too_early =
        |field: &Field| side == Side::Cliengo && kind == Kind::Contact && input.mapped(kind, field).is_some();
    let content = match carried(input, deleted, before, too_early) {
        Ok(content) => content,
        Err(verdict) => return (*verdict, None),
    };
    let lost = before.fields.iter().filter(|(field, value)| too_early(field) && !value.is_empty());
    let lost = lost.map(|(field, value)| format!("its {field} ({}) has to be set by hand", value.shown()));
    let mut verdict = Verdict::at(at);
    for why in lost.chain(content.cannot).chain(content.unfit.into_iter().map(|(_, _, why)| why)) {
        verdict.cannot(&subject, side, Action::Create, why);
    }
    let add_tags = first_tags(input, deleted, before);
    let settle = settle(input, spot, deleted, before, &content.set, &add_tags);
    let write = Write { add_tags, ..Write::create(kind, spot.parent.clone(), content.set) };
    let made = verdict.write(input, spot.place.clone(), &subject, side, side, (write, settle));
    (verdict, made)
}

/// Its counterpart is gone on the other side: the new link is kept, so that the next night does not make that again.
fn settle(
    input: &Input<'_>,
    spot: &Spot,
    deleted: &UndoRecord,
    before: &Record,
    set: &Fields,
    tags: &[String],
) -> Settle {
    let side = deleted.side;
    let mut bases: Both<Fields> = Both::default();
    *bases.of_mut(side) = left_out(&before.fields, set);
    if deleted.kind == Kind::Contact && input.capabilities.of(side).tags.read {
        bases.of_mut(side).insert(Field::Tags, Value::tags(tags.iter().collect()));
    }
    bases.of_mut(side.other()).clone_from(&deleted.trace.other);
    let made = Making { parent: spot.link, bases, retires: deleted.link };
    let tags_follow = following_tags(input, deleted, before);
    let remade = Remade { gone: side.other(), undoes: vec![deleted.id], tags_follow };
    Settle::Create { made, chosen: Vec::new(), remade: Some(Box::new(remade)) }
}

/// The tags that go with a contact's create, as its CRM spells them.
fn first_tags(input: &Input<'_>, deleted: &UndoRecord, before: &Record) -> Vec<String> {
    let tags = input.capabilities.of(deleted.side).tags;
    if deleted.kind != Kind::Contact || !tags.with_create {
        return Vec::new();
    }
    before.tags().iter().map(|tag| if tags.lowercase { fold_tag(tag) } else { tag.to_owned() }).collect()
}

/// The tags that follow where a contact's create takes none.
fn following_tags(input: &Input<'_>, deleted: &UndoRecord, before: &Record) -> Vec<String> {
    let tags = input.capabilities.of(deleted.side).tags;
    if deleted.kind != Kind::Contact || tags.with_create || !tags.add {
        return Vec::new();
    }
    before.tags().iter().map(str::to_owned).collect()
}

fn tags_after(input: &Input<'_>, at: u32, spot: &Spot, deleted: &UndoRecord, before: &Record, made: u32) -> Verdict {
    let mut verdict = Verdict::at(at);
    let tags = following_tags(input, deleted, before);
    if tags.is_empty() {
        return verdict;
    }
    let write = Write::tags(Target::CreatedBy(made), tags.clone(), Vec::new());
    let tagging = Tagging {
        link: Some(LinkRef::MadeBy(made)),
        tags: TagDelta { added: tags, removed: Vec::new() },
        bases: Both::default(),
        undoes: vec![deleted.id],
    };
    let place = Place { parent: Ids::default(), ..spot.place.clone() };
    verdict.write(input, place, &remade(deleted), deleted.side, deleted.side, (write, Settle::Tag(Box::new(tagging))));
    verdict
}

fn say_what_is_lost(run: i64, subject: &Subject, side: Side, under: &[&UndoRecord]) -> Verdict {
    let counted = |kind: Kind| match under.iter().filter(|undo_record| undo_record.kind == kind).count() {
        0 => None,
        1 => Some(format!("1 {kind}")),
        several => Some(format!("{several} {kind}s")),
    };
    let with: Vec<String> = Kind::CHILDREN.into_iter().filter_map(counted).collect();
    let with = if with.is_empty() { String::new() } else { format!(", with {} as they were", with.join(" and ")) };
    let detail = format!(
        "{} does not bring a deleted contact back: it is made again as a new one{with}. What else hung under it, and fields \
         that are not kept in step, are gone; what is known of them: concord history {run} --format json",
        side.title()
    );
    Verdict::unsupported(subject, side, Action::Delete, detail)
}
