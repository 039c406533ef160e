//! Tasks of GHL as an account without tasks can show them: as notes, or as the contact's due date (`semantics` 27).
//!
//! One way, and by memory: what Cliengo was told once is not told again, whatever became of it there. Nothing that was
//! told is ever removed.

use std::collections::btree_map::Entry;

use jiff::tz::TimeZone;

use super::telling::mark;
use crate::config::TasksMode;
use crate::reconcile::model::{
    BaseUpdate, Change, Family, HeldReason, Input, LinkRef, Operation, Settle, SourceTask, Subject, Telling, UNKNOWN,
    Updating, Verdict, Work,
};
use crate::record::{
    Action, Due, Facet, Field, Fields, Ids, Kind, Projection, RemoteId, Side, SideId, Target, Told, Value, Write,
};

/// What is still to be told of `task`, given what was told.
#[must_use]
pub fn untold(task: &SourceTask, told: &Told) -> Option<Facet> {
    let id = task.id.as_str().to_owned();
    let is_done = matches!(task.record.get(&Field::Completed), Some(Value::Flag(true)));
    let (has_task, has_done) =
        (told.contains_key(&(Facet::Task, id.clone())), told.contains_key(&(Facet::Done, id.clone())));
    // A task that was done before anybody heard of it needs no telling any more.
    match (is_done, has_task, has_done) {
        _ if task.linked => None,
        (false, false, _) => Some(Facet::Task),
        (true, true, false) => Some(Facet::Done),
        _ => None,
    }
}

fn words(task: &SourceTask, facet: Facet, zone: &TimeZone) -> String {
    let title = task.record.get(&Field::Title).map(Value::shown).unwrap_or_default();
    let id = &task.id;
    if facet == Facet::Done {
        return format!("Task done: {title}\n{}", mark(facet, id.as_str()));
    }
    let due = match task.record.get(&Field::Due) {
        Some(Value::Due(due)) if due.timed => {
            format!(" (due {})", due.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M"))
        }
        Some(Value::Due(due)) => format!(" (due {})", due.date),
        _ => String::new(),
    };
    format!("Task: {title}{due}\n{}", mark(facet, id.as_str()))
}

/// When the earliest open task is due.
#[must_use]
pub fn earliest(tasks: &[SourceTask]) -> Option<Due> {
    let open = tasks.iter().filter(|task| !matches!(task.record.get(&Field::Completed), Some(Value::Flag(true))));
    let dues = open.filter_map(|task| match task.record.get(&Field::Due) {
        Some(Value::Due(due)) => Some(*due),
        _ => None,
    });
    dues.min_by_key(|due| due.at)
}

/// Tells Cliengo of the tasks of one contact, where the configuration says how, besides what is planned for it already.
pub fn tell(input: &Input<'_>, planned: Verdict, family: &Family, telling: &[Telling<'_>]) -> Verdict {
    let Some(SideId::Ghl(contact)) = family.ids.tagged(Side::Ghl) else { return planned };
    let (Some(tasks), true) = (input.tasks.get(&contact), input.pair.projects_tasks()) else { return planned };
    let told = existing(family).and_then(|link| input.told.get(&link)).cloned().unwrap_or_default();
    match input.pair.cliengo.tasks {
        TasksMode::Notes => tell_notes(input, planned, family, tasks, told, telling),
        TasksMode::DueDate => tell_due(input, planned, family, tasks, &told),
        TasksMode::Auto | TasksMode::Resource | TasksMode::Off => planned,
    }
}

/// The contact's link, where it has one already.
const fn existing(family: &Family) -> Option<i64> {
    match family.link {
        LinkRef::Existing(link) => Some(link),
        LinkRef::MadeBy(_) => None,
    }
}

fn tell_notes(
    input: &Input<'_>,
    planned: Verdict,
    family: &Family,
    tasks: &[SourceTask],
    mut told: Told,
    telling: &[Telling<'_>],
) -> Verdict {
    let mut verdict = planned;
    // The marks say what was told before the state was lost.
    for Telling { note, facet, id: task } in telling.iter().filter(|one| matches!(one.facet, Facet::Task | Facet::Done))
    {
        let said = note.record.get(&Field::Body).map(Value::shown).unwrap_or_default();
        if let Entry::Vacant(place) = told.entry((*facet, task.clone())) {
            // Whether a person wrote into it since cannot be told: what stands there is not taken for what was told.
            let known = tasks.iter().find(|one| one.id.as_str() == task);
            let words = known.map(|one| Value::body(&words(one, *facet, input.zone)).shown());
            let projection =
                Projection { facet: *facet, task: task.clone(), said: words.unwrap_or_else(|| said.clone()) };
            verdict.base_updates.extend(remember(family, projection));
            place.insert(said);
        }
    }
    for task in tasks {
        match untold(task, &told) {
            Some(facet) if family.is_listed(input, Side::Cliengo, Kind::Note) => {
                verdict.and(tell_note(input, verdict.next(), family, task, facet));
            }
            Some(_) => {}
            None => verdict.and(say_changed(input, family, task, &told)),
        }
    }
    verdict
}

fn tell_note(input: &Input<'_>, at: u32, family: &Family, task: &SourceTask, facet: Facet) -> Verdict {
    let source = SideId::Ghl(task.id.clone());
    let words = words(task, facet, input.zone);
    let label = words.lines().next().unwrap_or_default().to_owned();
    let subject = Subject { kind: Kind::Note, ids: Ids::one(source.clone()), label, link: None };
    if input.pending.contains(&(Kind::Note, source)) {
        return Verdict::held(&subject, HeldReason::UnknownOutcome, UNKNOWN);
    }
    let body = Value::body(&words);
    let set = Fields::from([(Field::Body, body.clone())]);
    let write = Write::create(Kind::Note, Some(family.targets.cliengo.clone()), set);
    let projects = Box::new(Projection { facet, task: task.id.to_string(), said: body.shown() });
    let settle = Settle::Tell { contact: family.link, projects };
    let mut verdict = Verdict::at(at);
    verdict.write(input, family.place(Kind::Note), &subject, Side::Cliengo, Side::Ghl, (write, settle));
    verdict
}

/// A note that tells of a task stays as it was written: its new words are said once.
fn say_changed(input: &Input<'_>, family: &Family, task: &SourceTask, told: &Told) -> Verdict {
    let mut verdict = Verdict::default();
    let is_done = matches!(task.record.get(&Field::Completed), Some(Value::Flag(true)));
    let Some(before) = told.get(&(Facet::Task, task.id.to_string())).filter(|_| !is_done && !task.linked) else {
        return verdict;
    };
    let now = Value::body(&words(task, Facet::Task, input.zone)).shown();
    if *before != now {
        let ids = Ids::one(SideId::Ghl(task.id.clone()));
        let subject = Subject { kind: Kind::Task, ids, label: task.record.label(), link: None };
        let detail = "the note in Cliengo that tells of it keeps the old words";
        verdict.cannot(&subject, Side::Cliengo, Action::Update, detail);
        let known = existing(family)
            .and_then(|link| input.told.get(&link))
            .filter(|known| known.values().any(|said| said == before));
        let earlier = known.map(|known| Projection::earlier(known, Facet::Task, task.id.as_str(), before));
        let projection = Projection { facet: Facet::Task, task: task.id.to_string(), said: now };
        verdict.base_updates.extend(earlier.into_iter().chain([projection]).filter_map(|told| remember(family, told)));
    }
    verdict
}

/// Under a link that is only to be made it is seen again the next night.
fn remember(family: &Family, projection: Projection) -> Option<BaseUpdate> {
    existing(family).map(|link| BaseUpdate::Told { link, projection })
}

/// The earliest due date, in the contact's own update where it has one. Never cleared: Cliengo is sent no empty value.
fn tell_due(input: &Input<'_>, planned: Verdict, family: &Family, tasks: &[SourceTask], told: &Told) -> Verdict {
    let mut verdict = planned;
    let all_known = input.listings.ghl.task.complete || family.is_listed(input, Side::Ghl, Kind::Task);
    let Some(due) = earliest(tasks).filter(|_| all_known) else { return verdict };
    let before = told.get(&(Facet::Due, String::new()));
    let said = due.shown();
    if before == Some(&said) {
        return verdict;
    }
    let projects = Some(Box::new(Projection { facet: Facet::Due, task: String::new(), said }));
    let value = Value::Due(due);
    let change = Change::Value {
        field: Field::Due,
        before: before.map_or(serde_json::Value::Null, |before| serde_json::json!(before)),
        after: value.json(),
        origin: Side::Ghl,
    };
    let update = verdict.operations.iter_mut().find(|operation| {
        let is_contacts = operation.family == family.number && operation.kind == Kind::Contact;
        is_contacts && operation.side == Side::Cliengo && operation.action() == Action::Update
    });
    if let Some(operation) = update
        && let Work::Write(write, Settle::Update(update)) = &mut operation.work
    {
        write.set.insert(Field::Due, value);
        operation.changes.push(change);
        update.projects = projects;
        return verdict;
    }
    if matches!(family.targets.cliengo, Target::CreatedBy(_)) {
        // A contact's create takes no due date: the next night tells it.
        return verdict;
    }
    let link = existing(family);
    let subject = Subject { kind: Kind::Contact, ids: family.ids.clone(), label: family.contact.clone(), link };
    let set = Fields::from([(Field::Due, value)]);
    let target = (family.targets.cliengo.clone(), None);
    let write = Write::update(Kind::Contact, target, set, &Fields::new(), false);
    let settle = Settle::Update(Box::new(Updating { link: Some(family.link), projects, ..Updating::default() }));
    let (place, next) = (family.place(Kind::Contact), verdict.next());
    let operation = Operation::writing(next, place, &subject, Side::Cliengo, Side::Ghl, write, settle);
    // What it was told before is no field that Cliengo shows.
    verdict.add(input, &subject, Operation { changes: vec![change], ..operation });
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{GhlId, Record};

    #[test]
    fn a_note_names_the_hour_of_a_task_only_where_it_has_one() {
        let zone = TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
        let told = |due: Value| {
            let record = Record::default().with(Field::Title, Value::line("Visitar")).with(Field::Due, due);
            words(&SourceTask { id: GhlId::new("t1"), record, linked: false }, Facet::Task, &zone)
        };
        let timed = Due::at("2026-12-24T15:00:00Z".parse().unwrap(), &zone);
        let dated = Due::on("2026-12-24".parse().unwrap(), &zone).unwrap();
        assert_eq!(told(Value::Due(timed)), "Task: Visitar (due 2026-12-24 12:00)\n[ghl-task:t1]");
        assert_eq!(told(Value::Due(dated)), "Task: Visitar (due 2026-12-24)\n[ghl-task:t1]");
        assert_eq!(told(Value::Empty), "Task: Visitar\n[ghl-task:t1]");
    }
}
