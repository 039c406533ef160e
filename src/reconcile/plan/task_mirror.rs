//! Tasks of GHL as an account without tasks can show them: as notes, or as the contact's due date (`semantics` 27).
//!
//! One way, and by memory: what Cliengo was told once is not told again, whatever became of it there. Nothing that was
//! told is ever removed.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::draft::Draft;
use crate::config::TasksMode;
use crate::reconcile::model::{
    Change, Children, Family, HeldReason, LinkRef, Settle, Settlement, SourceTask, Subject, UNKNOWN, Unlinked,
};
use crate::record::{
    Action, Due, Facet, Field, Ids, Kind, Projection, Record, RemoteId, Side, SideId, Target, Told, Value, Write,
};

/// What begins the mark in a note that tells of a task: `[ghl-task:ID]`, or `[ghl-task:ID done]`.
const MARK: &str = "[ghl-task:";

/// Which task a note tells of, where it bears the mark.
#[must_use]
pub fn marked(note: &Record) -> Option<(Facet, String)> {
    let text = note.get(&Field::Body)?.shown();
    let (_, mark) = text.rsplit_once(MARK)?;
    let (mark, _) = mark.split_once(']')?;
    Some(match mark.split_once(' ') {
        Some((task, "done")) => (Facet::Done, task.to_owned()),
        Some(_) => return None,
        None => (Facet::Task, mark.to_owned()),
    })
}

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
        return format!("Task done: {title}\n{MARK}{id} done]");
    }
    let due = match task.record.get(&Field::Due) {
        Some(Value::Due(due)) if due.timed => {
            format!(" (due {})", due.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M"))
        }
        Some(Value::Due(due)) => format!(" (due {})", due.date),
        _ => String::new(),
    };
    format!("Task: {title}{due}\n{MARK}{id}]")
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

/// Tells Cliengo of the tasks of one contact, where the configuration says how.
pub fn plan(draft: &mut Draft<'_>, family: &Family, brood: &Children<'_>) {
    let input = draft.input;
    let Some(SideId::Ghl(contact)) = family.ids.tagged(Side::Ghl) else { return };
    let (Some(tasks), true) = (input.tasks.get(&contact), input.pair.projects_tasks()) else { return };
    let told = existing(family).and_then(|link| input.told.get(&link)).cloned().unwrap_or_default();
    match input.pair.cliengo.tasks {
        TasksMode::Notes => tell_notes(draft, family, tasks, told, &brood.marked),
        TasksMode::DueDate => tell_due(draft, family, tasks, &told),
        TasksMode::Auto | TasksMode::Resource | TasksMode::Off => {}
    }
}

/// The contact's link, where it has one already.
fn existing(family: &Family) -> Option<i64> {
    match family.link {
        LinkRef::Existing(link) => Some(link),
        LinkRef::MadeBy(_) => None,
    }
}

fn tell_notes(
    draft: &mut Draft<'_>,
    family: &Family,
    tasks: &[SourceTask],
    mut told: Told,
    marked_notes: &[&Unlinked],
) {
    // The marks say what was told before the state was lost.
    for note in marked_notes {
        let Some((facet, task)) = marked(&note.record) else { continue };
        let said = note.record.get(&Field::Body).map(Value::shown).unwrap_or_default();
        if !told.contains_key(&(facet, task.clone())) {
            remember(draft, family, Projection { facet, task: task.clone(), said: said.clone() });
            told.insert((facet, task), said);
        }
    }
    for task in tasks {
        match untold(task, &told) {
            Some(facet) if family.is_listed(draft.input, Side::Cliengo, Kind::Note) => {
                tell_note(draft, family, task, facet);
            }
            Some(_) => {}
            None => say_changed(draft, family, task, &told),
        }
    }
}

fn tell_note(draft: &mut Draft<'_>, family: &Family, task: &SourceTask, facet: Facet) {
    let source = SideId::Ghl(task.id.clone());
    let words = words(task, facet, draft.input.zone);
    let label = words.lines().next().unwrap_or_default().to_owned();
    let subject = Subject { kind: Kind::Note, ids: Ids::one(source.clone()), label, link: None };
    if draft.input.pending.contains(&(Kind::Note, source)) {
        return draft.hold(&subject, HeldReason::UnknownOutcome, UNKNOWN);
    }
    let body = Value::body(&words);
    let changes = vec![Change::Value {
        field: Field::Body,
        before: serde_json::Value::Null,
        after: body.json(),
        origin: Side::Ghl,
    }];
    let write = Write {
        kind: Kind::Note,
        action: Action::Create,
        target: None,
        parent: Some(family.targets.cliengo.clone()),
        set: BTreeMap::from([(Field::Body, body.clone())]),
        before: BTreeMap::new(),
        add_tags: Vec::new(),
        remove_tags: Vec::new(),
    };
    let projects = Some(Projection { facet, task: task.id.to_string(), said: body.shown() });
    let settle = Settle { parent: Some(family.link), projects, ..Settle::default() };
    draft.add((family.number, &family.contact), &family.ids, &subject, write, Side::Cliengo, changes, settle);
}

/// A note that tells of a task stays as it was written: its new words are said once.
fn say_changed(draft: &mut Draft<'_>, family: &Family, task: &SourceTask, told: &Told) {
    let is_done = matches!(task.record.get(&Field::Completed), Some(Value::Flag(true)));
    let Some(before) = told.get(&(Facet::Task, task.id.to_string())).filter(|_| !is_done && !task.linked) else {
        return;
    };
    let now = Value::body(&words(task, Facet::Task, draft.input.zone)).shown();
    if *before != now {
        let subject = Subject {
            kind: Kind::Task,
            ids: Ids::one(SideId::Ghl(task.id.clone())),
            label: task.record.label(),
            link: None,
        };
        let detail = "the note in Cliengo that tells of it keeps the old words";
        draft.cannot(&subject, Side::Cliengo, Action::Update, detail);
        remember(draft, family, Projection { facet: Facet::Task, task: task.id.to_string(), said: now });
    }
}

fn remember(draft: &mut Draft<'_>, family: &Family, projection: Projection) {
    // Under a link that is only to be made it is seen again the next night.
    if let Some(link) = existing(family) {
        draft.settlements.push(Settlement::Told { link, projection });
    }
}

/// The earliest due date, in the contact's own update where it has one. Never cleared: Cliengo is sent no empty value.
fn tell_due(draft: &mut Draft<'_>, family: &Family, tasks: &[SourceTask], told: &Told) {
    let Some(due) = earliest(tasks).filter(|_| draft.input.listings.ghl.task.complete) else { return };
    let before = told.get(&(Facet::Due, String::new()));
    let said = due.shown();
    if before == Some(&said) {
        return;
    }
    let projects = Some(Projection { facet: Facet::Due, task: String::new(), said });
    let value = Value::Due(due);
    let change = Change::Value {
        field: Field::Due,
        before: before.map_or(serde_json::Value::Null, |before| serde_json::json!(before)),
        after: value.json(),
        origin: Side::Ghl,
    };
    let update = draft.operations.iter_mut().find(|operation| {
        let is_contacts = operation.family == family.number && operation.kind == Kind::Contact;
        is_contacts && operation.side == Side::Cliengo && operation.action == Action::Update
    });
    if let Some(operation) = update
        && let Some(write) = &mut operation.write
    {
        write.set.insert(Field::Due, value);
        operation.changes.push(change);
        operation.settle.projects = projects;
        return;
    }
    if matches!(family.targets.cliengo, Target::CreatedBy(_)) {
        // A contact's create takes no due date: the next night tells it.
        return;
    }
    let link = existing(family);
    let subject = Subject { kind: Kind::Contact, ids: family.ids.clone(), label: family.contact.clone(), link };
    let write = Write {
        kind: Kind::Contact,
        action: Action::Update,
        target: Some(family.targets.cliengo.clone()),
        parent: None,
        set: BTreeMap::from([(Field::Due, value)]),
        before: BTreeMap::new(),
        add_tags: Vec::new(),
        remove_tags: Vec::new(),
    };
    let settle = Settle { link: Some(family.link), projects, ..Settle::default() };
    draft.add((family.number, &family.contact), &Ids::default(), &subject, write, Side::Cliengo, vec![change], settle);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::GhlId;

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
