//! What stands on one side only, and its missing counterpart.

use std::collections::BTreeMap;

use super::enrolment;
use super::fit::{self, Fit, unfit};
use super::merge::{TagNews, is_mark};
use super::tags::write_tags;
use crate::reconcile::model::{Family, HeldReason, Input, LinkRef, Making, Place, Settle, Subject, Unlinked, Verdict};
use crate::record::{Action, Both, Field, Fields, Kind, Record, Side, Target, Value, Write, canonical_line, fold_tag};

/// What a create carries, and what it has to leave out.
pub struct Content {
    /// What is sent.
    pub set: Fields,
    /// What cannot be expressed, in a person's words.
    pub cannot: Vec<String>,
    /// Mapped fields whose value is none that the field takes.
    pub unfit: Vec<(Field, HeldReason, String)>,
}

/// A field that the create leaves out and a later run looks at again: its direction is another one, or Cliengo's create
/// does not take it.
fn is_left(input: &Input<'_>, kind: Kind, side: Side, field: &Field) -> bool {
    let open = input.pair.field_policy(kind, field).direction.writes(side);
    !open || side == Side::Cliengo && kind == Kind::Contact && input.mapped(kind, field).is_some()
}

/// What a create of `source` carries on `side`, without the fields that are left to a later run.
pub fn content(
    input: &Input<'_>,
    kind: Kind,
    side: Side,
    source: &Record,
    is_left: impl Fn(&Field) -> bool,
) -> Content {
    let mut content = Content { set: Fields::new(), cannot: Vec::new(), unfit: Vec::new() };
    for (field, value) in source.fields.iter().filter(|(field, _)| **field != Field::Tags) {
        let mapped = input.mapped(kind, field);
        if is_left(field) {
            continue;
        }
        if let Some(objection) = mapped.and_then(|mapped| mapped.objection(side, value)) {
            content.unfit.push((field.clone(), unfit(mapped, value), objection));
            continue;
        }
        match fit::Target::of(input, side, kind, None, field).fit(field, source) {
            Fit::Write(value) => {
                content.set.insert(field.clone(), value);
            }
            Fit::Partly(value, cannot) => {
                content.set.insert(field.clone(), value);
                content.cannot.push(cannot);
            }
            Fit::Same => {}
            Fit::Cannot(cannot) => content.cannot.push(cannot),
        }
    }
    content
}

/// Why a contact's counterpart is not created now.
fn is_put_off(input: &Input<'_>, side: Side, subject: &Subject, contact: &Unlinked) -> Option<Verdict> {
    if let Some(why) = input.unknown_outcome(contact) {
        return Some(Verdict::held(subject, HeldReason::UnknownOutcome, why));
    }
    if !input.can(side, Kind::Contact).create {
        let detail = format!("{} cannot create contacts", side.title());
        return Some(Verdict::unsupported(subject, side, Action::Create, detail));
    }
    let listing = &input.listings.of(side).contact;
    (!listing.complete && !input.known_alone.contains(&contact.id)).then(|| {
        let why = listing.why.clone().unwrap_or_default();
        let detail =
            format!("{}'s listing is not complete ({why}), so its counterpart may be there already", side.title());
        Verdict::held(subject, HeldReason::Unlisted, detail)
    })
}

/// The tags of a contact that go to its counterpart, as they are; and, as that side spells them, with the one that its scope
/// asks for (`semantics` 11).
fn carried_tags(input: &Input<'_>, side: Side, contact: &Record) -> (Vec<String>, Vec<String>) {
    let tags = input.capabilities.of(side).tags;
    let takes_tags = input.pair.field_policy(Kind::Contact, &Field::Tags).direction.writes(side);
    let all: Vec<String> = if tags.add && takes_tags {
        contact.tags().iter().filter(|tag| !is_mark(tag)).map(str::to_owned).collect()
    } else {
        Vec::new()
    };
    let mut sent: Vec<String> =
        all.iter().map(|tag| if tags.lowercase { fold_tag(tag) } else { canonical_line(tag) }).collect();
    let required = input.pair.scope.ghl_tags.first().filter(|_| side == Side::Ghl);
    let satisfied = input.pair.scope.ghl_tags.iter().any(|tag| sent.contains(&fold_tag(tag)));
    sent.extend(required.filter(|_| !satisfied).map(|tag| fold_tag(tag)));
    sent.sort();
    (all, sent)
}

/// Whether a contact that is made of this could be told from another one.
fn has_key(set: &Fields) -> bool {
    [Field::Email, Field::Phone].iter().any(|key| set.get(key).is_some_and(|value| !value.is_empty()))
}

/// `semantics` 8: a contact by name alone is found by nobody, should the answer to its create be lost.
fn without_key(side: Side, cannot: &[String]) -> String {
    let side = side.title();
    let why = format!("it would come to {side} without e-mail and phone, where nothing could tell it from a duplicate");
    if cannot.is_empty() { why } else { format!("{why}: {}", cannot.join("; ")) }
}

/// The counterpart of a contact on the other side. `retires` is the link that a recreated contact leaves behind. No family
/// where it cannot be created: it is then held or said to be unsupported.
pub fn contact(input: &Input<'_>, at: u32, contact: &Unlinked, retires: Option<i64>) -> (Verdict, Option<Family>) {
    let source = contact.id.side();
    let side = source.other();
    let subject = Subject { link: retires, ..Subject::of(contact) };
    if !input.policy(Kind::Contact).direction.writes(side) {
        return (Verdict::at(at), None);
    }
    if let Some(verdict) = is_put_off(input, side, &subject, contact) {
        return (verdict, None);
    }
    let mut verdict = Verdict::at(at);
    let tags = input.capabilities.of(side).tags;
    let content =
        content(input, Kind::Contact, side, &contact.record, |field| is_left(input, Kind::Contact, side, field));
    if retires.is_none() && !has_key(&content.set) {
        return (Verdict::held(&subject, HeldReason::NoMatchKey, without_key(side, &content.cannot)), None);
    }
    let (all, mut sent) = carried_tags(input, side, &contact.record);
    sent.extend(enrolment::tags_of_create(input, source, retires.is_none()));
    sent.sort();
    sent.dedup();
    let with_create = tags.with_create && !sent.is_empty();
    let mut listed = contact.record.fields.clone();
    if listed.contains_key(&Field::Tags) && !tags.with_create {
        // The tags follow in an operation of their own, and become the base with it.
        listed.insert(Field::Tags, Value::Empty);
    }
    for (field, reason, objection) in &content.unfit {
        verdict.hold(&subject, *reason, objection.clone());
        listed.remove(field);
    }
    listed.retain(|field, _| *field == Field::Tags || !is_left(input, Kind::Contact, side, field));
    let mut bases: Both<Fields> = Both::default();
    *bases.of_mut(side) = left_out(&listed, &content.set);
    *bases.of_mut(source) = listed;
    if tags.read {
        let first = if with_create { Value::tags(sent.iter().collect()) } else { Value::Empty };
        bases.of_mut(side).insert(Field::Tags, first);
    }
    let add_tags = if with_create { sent } else { Vec::new() };
    let write = Write { add_tags, ..Write::create(Kind::Contact, None, content.set) };
    let place = Place::of_contact(at, &subject);
    let settle = Settle::create(Making { parent: None, bases, retires });
    let Some(made) = verdict.write(input, place, &subject, side, source, (write, settle)) else {
        return (verdict, None);
    };
    say_cannot(&mut verdict, &subject, side, content.cannot);
    let mut targets = Both::from_fn(|_| Target::Existing(contact.id.clone()));
    *targets.of_mut(side) = Target::CreatedBy(made);
    let family = Family {
        number: at,
        contact: subject.label.clone(),
        ids: subject.ids.clone(),
        link: LinkRef::MadeBy(made),
        targets,
    };
    if !tags.with_create && !all.is_empty() {
        let news = TagNews { add: all, ..TagNews::default() };
        let target = Target::CreatedBy(made);
        verdict.and(write_tags(input, verdict.next(), &family, &subject, family.link, (side, target), &news, None));
    }
    if retires.is_none() {
        verdict.and(enrolment::created(input, verdict.next(), &family, &subject, &contact.record));
    }
    (verdict, Some(family))
}

/// The counterpart of a task or note under its contact on the other side.
pub fn child(input: &Input<'_>, at: u32, family: &Family, source: &Unlinked, retires: Option<i64>) -> Verdict {
    choosing(input, at, family, source, retires, Vec::new())
}

/// The same, with the conflicts whose chosen value it writes.
fn choosing(
    input: &Input<'_>,
    at: u32,
    family: &Family,
    child: &Unlinked,
    retires: Option<i64>,
    chosen: Vec<String>,
) -> Verdict {
    let source = child.id.side();
    let side = source.other();
    let subject = Subject { link: retires, ..Subject::of(child) };
    if !input.policy(child.kind).direction.writes(side) {
        return Verdict::at(at);
    }
    if let Some(why) = input.unknown_outcome(child) {
        return Verdict::held(&subject, HeldReason::UnknownOutcome, why);
    }
    if !input.can(side, child.kind).create {
        let detail = format!("{} cannot create {}s", side.title(), child.kind);
        return Verdict::unsupported(&subject, side, Action::Create, detail);
    }
    let content = content(input, child.kind, side, &child.record, |field| is_left(input, child.kind, side, field));
    if let Some(required) = child.kind.required().filter(|field| !content.set.contains_key(field)) {
        let detail = format!("it has no {required}, and {} takes no {} without one", side.title(), child.kind);
        return Verdict::unsupported(&subject, side, Action::Create, detail);
    }
    let mut listed = child.record.fields.clone();
    let is_unfit = |field: &Field| content.unfit.iter().any(|(unfit, ..)| unfit == field);
    listed.retain(|field, _| !is_unfit(field) && !is_left(input, child.kind, side, field));
    let mut bases: Both<Fields> = Both::default();
    *bases.of_mut(side) = left_out(&listed, &content.set);
    *bases.of_mut(source) = listed;
    let made = Making { parent: Some(family.link), bases, retires };
    let settle = Settle::Create { made, chosen, remade: None };
    let write = Write::create(child.kind, Some(family.targets.of(side).clone()), content.set);
    let mut verdict = Verdict::at(at);
    for (_, reason, objection) in content.unfit {
        verdict.hold(&subject, reason, objection);
    }
    if verdict.write(input, family.place(child.kind), &subject, side, source, (write, settle)).is_some() {
        say_cannot(&mut verdict, &subject, side, content.cannot);
    }
    verdict
}

/// A further record with what its source says now, in the place of one that `side` cannot change: that one stays as it is, and
/// is no part of the link any more.
pub fn instead(
    input: &Input<'_>,
    at: u32,
    family: &Family,
    subject: &Subject,
    (link, side, source): (i64, Side, &Record),
    chosen: &BTreeMap<Field, String>,
) -> Verdict {
    let Some(id) = subject.ids.tagged(side.other()) else { return Verdict::at(at) };
    let source = Unlinked { kind: subject.kind, id, parent: None, record: source.clone(), retires: None };
    choosing(input, at, family, &source, Some(link), chosen.values().cloned().collect())
}

/// What the new record will not have: known to be empty there, so that it is not news next night.
pub fn left_out(source: &Fields, set: &Fields) -> Fields {
    let missing = source.keys().filter(|field| **field != Field::Tags && !set.contains_key(field));
    missing.map(|field| (field.clone(), Value::Empty)).collect()
}

fn say_cannot(verdict: &mut Verdict, subject: &Subject, side: Side, cannot: Vec<String>) {
    for detail in cannot {
        verdict.cannot(subject, side, Action::Create, detail);
    }
}
