//! What stands on one side only, and its missing counterpart.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::update::{plan_tags, unfit};
use crate::reconcile::decide::fit::{self, Fit};
use crate::reconcile::decide::{TagNews, is_mark};
use crate::reconcile::model::{Change, Family, HeldReason, LinkRef, Settle, Subject, UNKNOWN, Unlinked};
use crate::record::{Action, Both, Field, Ids, Kind, Record, Side, Target, Value, Write, canonical_line, fold_tag};

/// What a create carries, and what it has to leave out.
pub struct Content {
    /// What is sent.
    pub set: BTreeMap<Field, Value>,
    /// What cannot be expressed, in a person's words.
    pub cannot: Vec<String>,
    /// Mapped fields whose value is none that the field takes.
    pub unfit: Vec<(Field, HeldReason, String)>,
}

/// A field that the create leaves out and a later run looks at again: its direction is another one, or Cliengo's create
/// does not take it.
fn is_left(draft: &Draft<'_>, kind: Kind, side: Side, field: &Field) -> bool {
    let open = draft.input.pair.field_policy(kind, field).direction.writes(side);
    !open || side == Side::Cliengo && draft.input.mapped(field).is_some()
}

/// What a create of `source` carries on `side`, without the fields that are left to a later run.
pub fn content(
    draft: &Draft<'_>,
    kind: Kind,
    side: Side,
    source: &Record,
    is_left: impl Fn(&Field) -> bool,
) -> Content {
    let mut content = Content { set: BTreeMap::new(), cannot: Vec::new(), unfit: Vec::new() };
    for (field, value) in source.fields.iter().filter(|(field, _)| **field != Field::Tags) {
        let mapped = draft.input.mapped(field);
        if is_left(field) {
            continue;
        }
        if let Some(objection) = mapped.and_then(|mapped| mapped.objection(value)) {
            content.unfit.push((field.clone(), unfit(mapped, value), objection));
            continue;
        }
        let target = fit::Target {
            side,
            capabilities: draft.input.capabilities.of(side),
            kind,
            current: None,
            default_due: draft.input.pair.tasks.default_due,
            mapped,
        };
        match target.fit(field, source) {
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

/// Plans the counterpart of a contact on the other side. `retires` is the link that a recreated contact leaves behind.
/// `None` where it cannot be created: it is then held or said to be unsupported.
pub fn plan_contact(draft: &mut Draft<'_>, contact: &Unlinked, retires: Option<i64>) -> Option<Family> {
    let source = contact.id.side();
    let side = source.other();
    let subject = Subject {
        kind: Kind::Contact,
        ids: Ids::one(contact.id.clone()),
        label: contact.record.label(),
        link: retires,
    };
    if !draft.input.policy(Kind::Contact).direction.writes(side) {
        return None;
    }
    if draft.input.pending.contains(&(Kind::Contact, contact.id.clone())) {
        draft.hold(&subject, HeldReason::UnknownOutcome, UNKNOWN);
        return None;
    }
    if !draft.input.can(side, Kind::Contact).create {
        draft.cannot(&subject, side, Action::Create, format!("{} cannot create contacts", side.title()));
        return None;
    }
    if !draft.input.listings.of(side).contact.complete {
        let why = draft.input.listings.of(side).contact.why.clone().unwrap_or_default();
        let detail =
            format!("{}'s listing is not complete ({why}), so its counterpart may be there already", side.title());
        draft.hold(&subject, HeldReason::Unlisted, detail);
        return None;
    }
    let number = draft.next_family();
    let tags = draft.input.capabilities.of(side).tags;
    let left = |field: &Field| is_left(draft, Kind::Contact, side, field);
    let content = content(draft, Kind::Contact, side, &contact.record, left);
    let takes_tags = draft.input.pair.field_policy(Kind::Contact, &Field::Tags).direction.writes(side);
    let all: Vec<String> = if tags.add && takes_tags {
        contact.record.tags().iter().filter(|tag| !is_mark(tag)).map(str::to_owned).collect()
    } else {
        Vec::new()
    };
    let mut sent: Vec<String> =
        all.iter().map(|tag| if tags.lowercase { fold_tag(tag) } else { canonical_line(tag) }).collect();
    // `semantics` 11: what is created satisfies the scope of its side.
    let required = draft.input.pair.scope.ghl_tags.first().filter(|_| side == Side::Ghl);
    let satisfied = draft.input.pair.scope.ghl_tags.iter().any(|tag| sent.contains(&fold_tag(tag)));
    sent.extend(required.filter(|_| !satisfied).map(|tag| fold_tag(tag)));
    sent.sort();
    let with_create = tags.with_create && !sent.is_empty();
    let mut settle = Settle { retires, ..Settle::default() };
    let mut listed = contact.record.fields.clone();
    if listed.contains_key(&Field::Tags) && !tags.with_create {
        // The tags follow in an operation of their own, and become the shadow with it.
        listed.insert(Field::Tags, Value::Empty);
    }
    for (field, reason, objection) in &content.unfit {
        draft.hold(&subject, *reason, objection.clone());
        listed.remove(field);
    }
    listed.retain(|field, _| *field == Field::Tags || !is_left(draft, Kind::Contact, side, field));
    *settle.shadows.of_mut(side) = left_out(&listed, &content.set);
    *settle.shadows.of_mut(source) = listed;
    if tags.read {
        let first = if with_create { Value::tags(sent.iter().collect()) } else { Value::Empty };
        settle.shadows.of_mut(side).insert(Field::Tags, first);
    }
    let mut changes = changes(&content.set, source);
    if with_create {
        changes.push(Change::Tags { field: Field::Tags, added: sent.clone(), removed: Vec::new() });
    }
    let write = Write {
        kind: Kind::Contact,
        action: Action::Create,
        target: None,
        parent: None,
        set: content.set,
        before: BTreeMap::new(),
        add_tags: if with_create { sent } else { Vec::new() },
        remove_tags: Vec::new(),
    };
    let made = draft.add((number, &subject.label), &Ids::default(), &subject, write, side, changes, settle)?;
    say_cannot(draft, &subject, side, content.cannot);
    let mut targets = Both::from_fn(|_| Target::Existing(contact.id.clone()));
    *targets.of_mut(side) = Target::CreatedBy(made);
    let family = Family {
        number,
        contact: subject.label.clone(),
        ids: subject.ids.clone(),
        link: LinkRef::MadeBy(made),
        targets,
    };
    if !tags.with_create && !all.is_empty() {
        let news = TagNews { add: all, ..TagNews::default() };
        plan_tags(draft, &family, &subject, family.link, side, &Target::CreatedBy(made), &news, None);
    }
    Some(family)
}

/// Plans the counterpart of a task or note under its contact on the other side.
pub fn plan_child(draft: &mut Draft<'_>, family: &Family, child: &Unlinked, retires: Option<i64>) {
    let source = child.id.side();
    let side = source.other();
    let subject =
        Subject { kind: child.kind, ids: Ids::one(child.id.clone()), label: child.record.label(), link: retires };
    if !draft.input.policy(child.kind).direction.writes(side) {
        return;
    }
    if draft.input.pending.contains(&(child.kind, child.id.clone())) {
        return draft.hold(&subject, HeldReason::UnknownOutcome, UNKNOWN);
    }
    if !draft.input.can(side, child.kind).create {
        let detail = format!("{} cannot create {}s", side.title(), child.kind);
        return draft.cannot(&subject, side, Action::Create, detail);
    }
    let content = content(draft, child.kind, side, &child.record, |field| is_left(draft, child.kind, side, field));
    let required = if child.kind == Kind::Task { Field::Title } else { Field::Body };
    if !content.set.contains_key(&required) {
        let detail = format!("it has no {required}, and {} takes no {} without one", side.title(), child.kind);
        return draft.cannot(&subject, side, Action::Create, detail);
    }
    let settle = Settle {
        parent: Some(family.link),
        shadows: Both::from_fn(|each| {
            if each == source { child.record.fields.clone() } else { left_out(&child.record.fields, &content.set) }
        }),
        retires,
        ..Settle::default()
    };
    let changes = changes(&content.set, source);
    let write = Write {
        kind: child.kind,
        action: Action::Create,
        target: None,
        parent: Some(family.targets.of(side).clone()),
        set: content.set,
        before: BTreeMap::new(),
        add_tags: Vec::new(),
        remove_tags: Vec::new(),
    };
    let contact = (family.number, family.contact.as_str());
    if draft.add(contact, &family.ids, &subject, write, side, changes, settle).is_some() {
        say_cannot(draft, &subject, side, content.cannot);
    }
}

/// What the new record will not have: known to be empty there, so that it is not news next night.
pub fn left_out(source: &BTreeMap<Field, Value>, set: &BTreeMap<Field, Value>) -> BTreeMap<Field, Value> {
    let missing = source.keys().filter(|field| **field != Field::Tags && !set.contains_key(field));
    missing.map(|field| (field.clone(), Value::Empty)).collect()
}

fn say_cannot(draft: &mut Draft<'_>, subject: &Subject, side: Side, cannot: Vec<String>) {
    for detail in cannot {
        draft.cannot(subject, side, Action::Create, detail);
    }
}

/// What a create sends, as a person is shown it.
pub fn changes(set: &BTreeMap<Field, Value>, origin: Side) -> Vec<Change> {
    set.iter()
        .map(|(field, value)| Change::Value {
            field: field.clone(),
            before: serde_json::Value::Null,
            after: value.json(),
            origin,
        })
        .collect()
}
