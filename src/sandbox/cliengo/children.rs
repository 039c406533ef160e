//! Notes, and the tasks of the extended profile (Cliengo API notes, 2.7; contract, 5).

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::call::{Answer, Answered, Call};
use super::super::data::{CliengoNote, CliengoTask, Data, Moment, parse_date, wire_date};
use super::contacts::find;
use super::{child_written, listing, manner, refusal};

/// A note as the wire shows it, with its irregular names.
fn shown_note(note: &CliengoNote, data: &Data) -> Value {
    manner::note(note_record(note, data), &data.account.cliengo)
}

fn note_record(note: &CliengoNote, data: &Data) -> Value {
    let date = |at| manner::date(at, &data.account.cliengo);
    json!({
        "ID": note.id,
        "message": note.message,
        "creatorId": note.creator_id,
        "creationDate": date(note.created),
        "lastUpdate": date(note.updated),
    })
}

fn shown_task(task: &CliengoTask) -> Value {
    json!({
        "id": task.id,
        "title": task.title,
        "description": task.description,
        "dueDate": task.due_date,
        "completed": task.completed,
        "assignedTo": task.assigned_to,
        "creationDate": wire_date(task.created),
        "lastUpdate": wire_date(task.updated),
    })
}

fn deleted(id: &str) -> Answer {
    Answer::ok(json!({ "id": id, "status": "DELETED" }))
}

pub(super) fn notes(data: &Data, contact: &str) -> Answered {
    find(data, contact)?;
    let shown = data.cliengo.notes.newest_of(contact).into_iter().map(|note| note_record(note, data)).collect();
    Ok(manner::notes(shown, contact, &data.account.cliengo))
}

fn message(call: &Call) -> Result<String, Answer> {
    let text = call.text("message").filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| refusal(400, "message is required"))
}

/// `POST /contacts/{id}/notes`: the contact's `lastUpdateDate` does not move.
pub(super) fn create_note(data: &mut Data, contact: &str, call: &Call, moment: Moment) -> Answered {
    find(data, contact)?;
    let note = CliengoNote {
        message: message(call)?,
        id: data.cliengo_id(),
        contact_id: contact.to_owned(),
        creator_id: data.identity.cliengo_users[0].clone(),
        created: moment.now,
        updated: moment.now,
    };
    let answer = Answer::ok(shown_note(&note, data));
    data.cliengo.notes.save(note);
    child_written(data, contact, moment);
    Ok(answer)
}

fn find_note<'data>(data: &'data Data, contact: &str, id: &str) -> Result<&'data Arc<CliengoNote>, Answer> {
    find(data, contact)?;
    let note = data.cliengo.notes.get(id).filter(|note| note.contact_id == contact);
    note.ok_or_else(|| refusal(404, "Note not found"))
}

pub(super) fn update_note(data: &mut Data, contact: &str, id: &str, call: &Call, moment: Moment) -> Answered {
    let mut note = CliengoNote::clone(find_note(data, contact, id)?);
    note.message = message(call)?;
    note.updated = moment.now;
    let answer = Answer::ok(shown_note(&note, data));
    data.cliengo.notes.save(note);
    child_written(data, contact, moment);
    Ok(answer)
}

pub(super) fn delete_note(data: &mut Data, contact: &str, id: &str, moment: Moment) -> Answered {
    find_note(data, contact, id)?;
    data.cliengo.notes.remove(id);
    child_written(data, contact, moment);
    Ok(deleted(id))
}

pub(super) fn tasks(data: &Data, contact: &str) -> Answered {
    find(data, contact)?;
    let shown: Vec<Value> = data.cliengo.tasks.newest_of(contact).into_iter().map(|task| shown_task(task)).collect();
    Ok(listing(&shown))
}

/// Takes what the body names into `task`; refuses a value of the wrong type.
fn take(task: &mut CliengoTask, call: &Call) -> Result<(), Answer> {
    let Some(body) = call.body.as_ref().and_then(Value::as_object) else { return Ok(()) };
    let text = |name: &str, value: &Value| match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(refusal(400, &format!("{name} must be a string"))),
    };
    for (name, value) in body {
        match name.as_str() {
            "title" => task.title = text(name, value)?.unwrap_or_default(),
            "description" => task.description = text(name, value)?,
            "dueDate" => task.due_date = text(name, value)?,
            "assignedTo" => task.assigned_to = text(name, value)?,
            "completed" => {
                task.completed = value.as_bool().ok_or_else(|| refusal(400, "completed must be a boolean"))?;
            }
            _ => {}
        }
    }
    if task.title.is_empty() {
        return Err(refusal(400, "title is required"));
    }
    match task.due_date.as_deref() {
        Some(due) if parse_date(due).is_none() => Err(refusal(400, "dueDate must be a date")),
        _ => Ok(()),
    }
}

pub(super) fn create_task(data: &mut Data, contact: &str, call: &Call, moment: Moment) -> Answered {
    find(data, contact)?;
    let mut task = CliengoTask {
        id: data.cliengo_id(),
        contact_id: contact.to_owned(),
        title: String::new(),
        description: None,
        due_date: None,
        completed: false,
        assigned_to: None,
        created: moment.now,
        updated: moment.now,
    };
    take(&mut task, call)?;
    let answer = Answer::ok(shown_task(&task));
    data.cliengo.tasks.save(task);
    child_written(data, contact, moment);
    Ok(answer)
}

fn find_task<'data>(data: &'data Data, contact: &str, id: &str) -> Result<&'data Arc<CliengoTask>, Answer> {
    find(data, contact)?;
    let task = data.cliengo.tasks.get(id).filter(|task| task.contact_id == contact);
    task.ok_or_else(|| refusal(404, "Task not found"))
}

/// `PUT …/tasks/{id}`: partial.
pub(super) fn update_task(data: &mut Data, contact: &str, id: &str, call: &Call, moment: Moment) -> Answered {
    let mut task = CliengoTask::clone(find_task(data, contact, id)?);
    take(&mut task, call)?;
    task.updated = moment.now;
    let answer = Answer::ok(shown_task(&task));
    data.cliengo.tasks.save(task);
    child_written(data, contact, moment);
    Ok(answer)
}

pub(super) fn delete_task(data: &mut Data, contact: &str, id: &str, moment: Moment) -> Answered {
    find_task(data, contact, id)?;
    data.cliengo.tasks.remove(id);
    child_written(data, contact, moment);
    Ok(deleted(id))
}
