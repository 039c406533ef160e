//! What contacts are put into in GHL: in the plan before it happens, and once for ever. Nothing of it can be read back, so
//! what got no answer is never sent again by itself.

use std::collections::BTreeSet;

use super::carry::Versions;
use crate::reconcile::model::{
    BaseUpdate, Change, Due, Family, HeldReason, Input, LinkRef, Mode, Operation, Owed, RetryState, Settle, Subject,
    Verdict, enrolment_id, still_owed, unanswered,
};
use crate::record::{Effect, Enrolment, Field, Kind, NoEffect, Record, Side, Value, Write};

/// Whether contacts that are created from Cliengo are put into anything in this run.
fn takes_part(input: &Input<'_>) -> bool {
    let is_first = input.first_sync || input.first_sync_goes_on;
    input.mode != Mode::Rebuild && (!is_first || input.pair.triggers.at_first_sync)
}

/// The tags that a contact is created with because of a trigger.
pub fn tags_of_create(input: &Input<'_>, source: Side, is_first: bool) -> Vec<String> {
    if source != Side::Cliengo || !is_first || !takes_part(input) {
        return Vec::new();
    }
    let tag = |effect: &Effect| if let Effect::Tag(tag) = effect { Some(tag.clone()) } else { None };
    input.pair.triggers.created.iter().filter_map(tag).collect()
}

/// What a contact is put into that is new from one side, and that the family's first operation creates on the other.
pub fn created(input: &Input<'_>, at: u32, family: &Family, subject: &Subject, record: &Record) -> Verdict {
    let mut verdict = Verdict::at(at);
    let Some(contact) = Side::BOTH.into_iter().find_map(|side| subject.ids.tagged(side)) else { return verdict };
    let mut effects: Vec<&Effect> = Vec::new();
    if takes_part(input) {
        let triggers = &input.pair.triggers;
        // Its tag went with the create.
        let of_a_lead = triggers.created.iter().filter(|effect| !matches!(effect, Effect::Tag(_)));
        effects.extend(of_a_lead.filter(|_| contact.side() == Side::Cliengo));
        let became = triggers.becomes.iter().filter(|one| is(record, &one.field, &one.value));
        effects.extend(became.map(|one| &one.effect));
    }
    let owed = input.owed.iter().filter(|owed| owed.enrolment.is_of(&subject.ids) && owed.due != Due::Done);
    effects.extend(owed.map(|owed| &owed.enrolment.effect));
    effects.sort();
    for effect in each_once(input, effects) {
        verdict.and(enrol(input, verdict.next(), family, subject, Enrolment::of(&contact, effect.clone())));
    }
    verdict
}

/// What a linked contact is put into because a field or a tag became something.
pub fn changed(input: &Input<'_>, at: u32, family: &Family, subject: &Subject, versions: Versions<'_>) -> Verdict {
    let mut verdict = Verdict::at(at);
    let Some(contact) = subject.ids.tagged(Side::Cliengo) else { return verdict };
    let (was, now) =
        (Side::BOTH.map(|side| *versions.base.of(side)), Side::BOTH.map(|side| Some(*versions.now.of(side))));
    let holds = |records: &[Option<&Record>; 2], field: &Field, value: &str| {
        records.iter().flatten().any(|record| is(record, field, value))
    };
    let became = |field: &Field, value: &str| holds(&now, field, value) && !holds(&was, field, value);
    let met = input.pair.triggers.becomes.iter().filter(|one| became(&one.field, &one.value));
    for effect in each_once(input, met.map(|one| &one.effect)) {
        verdict.and(enrol(input, verdict.next(), family, subject, Enrolment::of(&contact, effect.clone())));
    }
    verdict
}

/// What is sent for it, as far as that is known.
fn sent<'a>(input: &'a Input<'_>, effect: &'a Effect) -> &'a str {
    match input.effects.get(effect) {
        Some(Ok(id)) => id,
        _ => effect.name(),
    }
}

/// Whether two triggers name one thing, by its name, its id, or in other case.
fn is_one(input: &Input<'_>, one: &Effect, other: &Effect) -> bool {
    let folded = |effect: &Effect| effect.name().trim().to_lowercase();
    one.kind() == other.kind() && (sent(input, one) == sent(input, other) || folded(one) == folded(other))
}

/// Whether what was written down is this, also where the configuration had another word for it then.
fn is_known_as(input: &Input<'_>, owed: &Owed, effect: &Effect) -> bool {
    let known = &owed.enrolment.effect;
    let by_its_id = known.kind() == effect.kind() && owed.sent.as_deref() == Some(sent(input, effect));
    by_its_id || is_one(input, known, effect)
}

/// What several triggers name, each thing once.
fn each_once<'a>(input: &Input<'_>, effects: impl IntoIterator<Item = &'a Effect>) -> Vec<&'a Effect> {
    let mut once: Vec<&Effect> = Vec::new();
    for effect in effects {
        if !once.iter().any(|known| is_one(input, known, effect)) {
            once.push(effect);
        }
    }
    once
}

/// What earlier runs owe, and this plan has not come to.
pub fn owed(input: &Input<'_>, at: u32, planned: &BTreeSet<Enrolment>) -> Verdict {
    let mut verdict = Verdict::at(at);
    let left = input.owed.iter().filter(|owed| owed.due != Due::Done && !planned.contains(&owed.enrolment));
    for owed in left {
        let (ids, label) = (owed.ids.clone(), owed.label.clone());
        let subject = Subject { kind: Kind::Contact, ids: ids.clone(), label: label.clone(), link: owed.link };
        // Also of a contact that has no link by now: let go of here, it would be sent again by itself once it has one.
        let id = enrolment_id(&input.pair.name, &owed.enrolment);
        let waiting = waits_for_an_answer(input, &subject, &owed.enrolment.effect, &id);
        if let Some(waiting) = waiting.filter(|_| owed.due == Due::Unknown) {
            verdict.and(waiting);
            continue;
        }
        let Some(link) = owed.link else {
            verdict.and(kept_separate(input, &subject, &owed.enrolment, &id));
            continue;
        };
        let Some(family) = Family::existing(verdict.next(), LinkRef::Existing(link), &ids, &label) else { continue };
        let enrolment = in_force(input, owed);
        if !input.effects.contains_key(&enrolment.effect) || !is_known_as(input, owed, &enrolment.effect) {
            verdict.base_updates.push(BaseUpdate::OweNoMore { enrolment: owed.enrolment.clone() });
        }
        verdict.and(enrol(input, verdict.next(), &family, &subject, enrolment));
    }
    verdict
}

/// What is owed to somebody whose link a person removed is said, and done once they are linked again.
fn kept_separate(input: &Input<'_>, subject: &Subject, enrolment: &Enrolment, id: &str) -> Verdict {
    let mut verdict = Verdict::default();
    let is_dropped = input.failed_operations.get(id).is_some_and(|failed| failed.standing == RetryState::Dropped);
    let why = input.kept_separate(Kind::Contact, &enrolment.contact(), None).filter(|_| !is_dropped);
    if let Some(why) = why {
        verdict.hold(subject, HeldReason::Apart, still_owed(&enrolment.effect, &why));
    }
    verdict
}

/// What the configuration names now in the place of what was owed: the same by another name, or what new leads are put into.
fn in_force(input: &Input<'_>, owed: &Owed) -> Enrolment {
    let contact = owed.enrolment.contact();
    if input.effects.contains_key(&owed.enrolment.effect) {
        return owed.enrolment.clone();
    }
    let triggers = &input.pair.triggers;
    let mut same = triggers.effects().filter(|effect| is_known_as(input, owed, effect));
    // What every new lead is put into is for nobody else.
    let mut of_a_lead = triggers.created.iter().filter(|effect| effect.kind() == owed.enrolment.effect.kind());
    let instead = || of_a_lead.next_back().filter(|_| contact.side() == Side::Cliengo);
    match same.next().or_else(instead) {
        Some(effect) => Enrolment::of(&contact, effect.clone()),
        None => owed.enrolment.clone(),
    }
}

/// Whether a field holds the value, or the tags the tag.
fn is(record: &Record, field: &Field, value: &str) -> bool {
    if *field == Field::Tags {
        return record.tags().contains(value);
    }
    let same = |held: &str| held.trim().to_lowercase() == value.trim().to_lowercase();
    record.get(field).is_some_and(|held| match held {
        Value::Choices(chosen) if chosen.iter().any(|one| same(one)) => true,
        held => !held.is_empty() && same(&held.shown()),
    })
}

/// What got no answer waits until a person says whether it was done; `None`: somebody said that it was not.
fn waits_for_an_answer(input: &Input<'_>, subject: &Subject, effect: &Effect, id: &str) -> Option<Verdict> {
    let failed_operation = input.failed_operations.get(id)?;
    let mut verdict = Verdict::default();
    verdict.met.insert(id.to_owned());
    if failed_operation.standing != RetryState::Dropped {
        verdict.hold(subject, HeldReason::UnknownOutcome, unanswered(effect, id));
    }
    Some(verdict)
}

fn enrol(input: &Input<'_>, at: u32, family: &Family, subject: &Subject, enrolment: Enrolment) -> Verdict {
    let mut verdict = Verdict::at(at);
    // Once for ever, under whichever id and name it had first.
    let is_it = |owed: &&Owed| {
        is_known_as(input, owed, &enrolment.effect)
            && (owed.enrolment.contact() == enrolment.contact() || owed.enrolment.is_of(&subject.ids))
    };
    let known = input.owed.iter().filter(is_it).max_by_key(|owed| owed.due);
    let due = known.map(|owed| owed.due);
    let effect = &enrolment.effect.clone();
    let enrolment = known.map_or(enrolment, |owed| owed.enrolment.clone());
    verdict.enrolled.insert(enrolment.clone());
    let id = enrolment_id(&input.pair.name, &enrolment);
    if due == Some(Due::Done) {
        return verdict;
    }
    // What may have been done is not owed, whatever the configuration and GHL's lists say by now.
    if let Some(waiting) = waits_for_an_answer(input, subject, effect, &id).filter(|_| due == Some(Due::Unknown)) {
        verdict.and(waiting);
        return verdict;
    }
    let sent = match input.effects.get(effect) {
        Some(Ok(sent)) => effect.named(sent.clone()),
        Some(Err(why)) => {
            let reason = match why {
                NoEffect::NotThere(_) => HeldReason::NoSuchEffect,
                NoEffect::Unread(_) => HeldReason::Unlisted,
            };
            verdict.hold(subject, reason, why.why());
            let label = subject.label.clone();
            verdict.base_updates.push(BaseUpdate::Owe { enrolment, id, label });
            return verdict;
        }
        None => return verdict,
    };
    let write = Write::enrol(family.targets.ghl.clone(), &sent);
    let (field, after) = (effect.field(), serde_json::Value::String(effect.name().to_owned()));
    let changes = vec![Change::Value { field, before: serde_json::Value::Null, after, origin: Side::Cliengo }];
    let settle = Settle::Enrol { link: family.link, enrolment: Box::new(enrolment.clone()) };
    let place = family.place(Kind::Contact);
    let operation = Operation::writing(verdict.next(), place, subject, Side::Ghl, Side::Cliengo, write, settle);
    verdict.add(input, subject, Operation { changes, ..operation });
    verdict
}
