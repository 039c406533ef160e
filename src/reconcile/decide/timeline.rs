//! What happened on one side as notes on the other: appointments, days of talk, where a lead came from.
//!
//! One way, and by memory, as tasks that are told: a note of these is none of the notes, and what a person makes of it stays.

use super::fit::shortened;
use crate::reconcile::model::{
    BaseUpdate, Children, Family, HeldReason, Input, LinkRef, Settle, Subject, UNKNOWN, Unlinked, Verdict,
};
use crate::record::{
    Facet, Field, Fields, Ids, Kind, Moment, Projection, Record, Side, SideId, Target, Told, Value, Write,
    talk_going_on,
};

/// What begins the mark of each.
const MARKS: [(Facet, &str); 3] =
    [(Facet::Appointment, "[ghl-appointment:"), (Facet::Talk, "[cliengo-talk:"), (Facet::Lead, "[cliengo-lead:")];

/// What a note tells of, where it bears a mark of its side.
#[must_use]
pub fn marked(side: Side, note: &Record) -> Option<(Facet, String)> {
    let text = note.get(&Field::Body)?.shown();
    MARKS.into_iter().filter(|(facet, _)| told_on(*facet) == Some(side)).find_map(|(facet, mark)| {
        let (_, rest) = text.rsplit_once(mark)?;
        let (id, _) = rest.split_once(']')?;
        Some((facet, id.to_owned()))
    })
}

/// The side on which it is told.
const fn told_on(facet: Facet) -> Option<Side> {
    match facet {
        Facet::Appointment => Some(Side::Cliengo),
        Facet::Talk | Facet::Lead => Some(Side::Ghl),
        Facet::Task | Facet::Done | Facet::Due => None,
    }
}

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
    let mark = MARKS.into_iter().find(|(facet, _)| *facet == moment.facet).map_or("", |(_, mark)| mark);
    let tail = format!("\n{mark}{}]", moment.id);
    let key = (moment.facet, moment.id.clone());
    let so_far = told.get(&key).and_then(|said| said.strip_suffix(&tail));
    let words = match so_far {
        Some(so_far) if moment.facet == Facet::Talk => talk_going_on(so_far, &Value::body(&moment.words).shown()),
        _ => moment.words.clone(),
    };
    let short = shortened(side, input.pair.longest_text(side), &words, &tail);
    let words = Value::body(&format!("{}{tail}", short.unwrap_or(words)));
    let said = words.shown();
    let is_it = |note: &&&Unlinked| note.id.side() == side && marked(side, &note.record).as_ref() == Some(&key);
    // Where notes cannot be changed there are several: the youngest is how it was told last.
    let note = children.marked.iter().filter(is_it).max_by_key(|note| note.record.created);
    let stands = note.and_then(|note| note.record.get(&Field::Body)).map(Value::shown);
    let projection = Projection { facet: moment.facet, task: moment.id.clone(), said: said.clone() };
    let remember = |projection| BaseUpdate::Told { link, projection };
    match (told.get(&key), note) {
        (Some(before), _) if *before == said => {}
        // It was written, and no answer came; or the state was lost.
        (_, Some(_)) if stands.as_ref() == Some(&said) => verdict.base_updates.push(remember(projection)),
        (None, Some(_)) => {
            verdict.base_updates.push(remember(Projection { said: stands.unwrap_or_default(), ..projection }));
        }
        (None, None) => return create(input, at, family, side, moment, (words, projection)),
        (Some(before), Some(note)) if can.update && stands.as_ref() == Some(before) => {
            return update(input, at, family, side, note, (words, projection));
        }
        // A note that cannot be changed is followed by another one.
        (Some(_), Some(_)) if !can.update => return create(input, at, family, side, moment, (words, projection)),
        // A person edited it, or removed it: theirs stays.
        (Some(_), _) => verdict.base_updates.push(remember(projection)),
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
