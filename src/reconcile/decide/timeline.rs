//! What happened on one side as notes on the other: appointments, days of talk, where a lead came from.
//!
//! One way, and by memory, as tasks that are told: a note of these is none of the notes, and what a person makes of it stays.

use super::fit::shortened;
use super::telling::{is_what_was_told, mark, told_on};
use crate::reconcile::model::{
    BaseUpdate, Children, Family, HeldReason, Input, LinkRef, Settle, Subject, Telling, UNKNOWN, Unlinked, Verdict,
};
use crate::record::{
    Facet, Field, Fields, Ids, Kind, Moment, Projection, Side, SideId, Target, Told, Value, Write, talk_going_on,
};

/// Tells what happened with a contact on either side on the other one, besides what is planned for it already.
pub fn tell(input: &Input<'_>, planned: Verdict, family: &Family, children: &Children<'_>) -> Verdict {
    let mut verdict = planned;
    let LinkRef::Existing(link) = family.link else { return verdict };
    let told = input.told.get(&link).cloned().unwrap_or_default();
    for moment in input.timeline.get(&link).into_iter().flatten() {
        verdict.and(one(input, verdict.next(), family, link, moment, &told, children));
    }
    if let Some(why) = input.untold.get(&link) {
        let (ids, label) = (family.ids.clone(), family.contact.clone());
        let subject = Subject { kind: Kind::Contact, ids, label, link: None };
        let detail = format!("its appointments or conversations could not be read: {why}");
        verdict.hold(&subject, HeldReason::Unlisted, detail);
    }
    verdict
}

fn one(
    input: &Input<'_>,
    at: u32,
    family: &Family,
    link: i64,
    moment: &Moment,
    told: &Told,
    children: &Children<'_>,
) -> Verdict {
    let mut verdict = Verdict::at(at);
    let Some(side) = told_on(moment.facet) else { return verdict };
    let can = input.can(side, Kind::Note);
    let is_listed = family.is_listed(input, side, Kind::Note);
    if !input.policy(Kind::Note).direction.writes(side) || !can.create || !is_listed {
        return verdict;
    }
    let tail = format!("\n{}", mark(moment.facet, &moment.id));
    let key = (moment.facet, moment.id.clone());
    let so_far = told.get(&key).and_then(|said| said.strip_suffix(&tail));
    let words = match so_far {
        Some(so_far) if moment.facet == Facet::Talk => talk_going_on(so_far, &Value::body(&moment.words).shown()),
        _ => moment.words.clone(),
    };
    let short = shortened(side, input.pair.longest_text(side), &words, &tail);
    let words = Value::body(&format!("{}{tail}", short.unwrap_or(words)));
    let said = words.shown();
    // Where notes cannot be changed there are several: the youngest is how it was told last.
    let is_it = |one: &&Telling<'_>| one.note.id.side() == side && (one.facet, &one.id) == (moment.facet, &moment.id);
    let note = children.telling.iter().filter(is_it).map(|one| one.note).max_by_key(|note| note.record.created);
    let reads = |said: &str| note.is_some_and(|note| is_what_was_told(&note.record, said, false));
    let projection = Projection { facet: moment.facet, task: moment.id.clone(), said: said.clone() };
    let remember = |projection| BaseUpdate::Told { link, projection };
    match (told.get(&key), note) {
        (Some(before), _) if *before == said => {}
        // It was written, and no answer came; or the state was lost: whether a person wrote into it since cannot be told.
        (told, Some(_)) if told.is_none() || reads(&said) => verdict.base_updates.push(remember(projection)),
        (Some(before), Some(note)) if can.update && reads(before) => {
            return update(input, at, family, side, note, (words, projection));
        }
        // A note that cannot be changed, or that a person wrote into, is followed by another one.
        (Some(before), Some(_)) => {
            let earlier = Projection::earlier(told, moment.facet, &moment.id, before);
            verdict.base_updates.push(remember(earlier));
            verdict.and(create(input, at, family, side, moment, (words, projection)));
        }
        (None, None) => return create(input, at, family, side, moment, (words, projection)),
        // A person removed it: it stays so.
        (_, _) => verdict.base_updates.push(remember(projection)),
    }
    verdict
}

fn create(
    input: &Input<'_>,
    at: u32,
    family: &Family,
    side: Side,
    moment: &Moment,
    (words, projection): (Value, Projection),
) -> Verdict {
    let source = SideId::new(side.other(), format!("{}:{}", moment.facet.as_str(), moment.id));
    let label = moment.words.lines().next().unwrap_or_default().to_owned();
    let subject = Subject { kind: Kind::Note, ids: Ids::one(source.clone()), label, link: None };
    if input.pending.contains(&(Kind::Note, source)) {
        return Verdict::held(&subject, HeldReason::UnknownOutcome, UNKNOWN);
    }
    let set = Fields::from([(Field::Body, words)]);
    let write = Write::create(Kind::Note, Some(family.targets.of(side).clone()), set);
    let settle = Settle::Tell { contact: family.link, projects: Box::new(projection) };
    let mut verdict = Verdict::at(at);
    verdict.write(input, family.place(Kind::Note), &subject, side, side.other(), (write, settle));
    verdict
}

fn update(
    input: &Input<'_>,
    at: u32,
    family: &Family,
    side: Side,
    note: &Unlinked,
    (words, projection): (Value, Projection),
) -> Verdict {
    let subject = Subject { kind: Kind::Note, ids: Ids::one(note.id.clone()), label: note.record.label(), link: None };
    let set = Fields::from([(Field::Body, words)]);
    let target = (Target::Existing(note.id.clone()), Some(family.targets.of(side).clone()));
    let write = Write::update(Kind::Note, target, set, &note.record.fields, false);
    let settle = Settle::Tell { contact: family.link, projects: Box::new(projection) };
    let mut verdict = Verdict::at(at);
    verdict.write(input, family.place(Kind::Note), &subject, side, side.other(), (write, settle));
    verdict
}
