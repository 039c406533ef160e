//! A contact's tasks; this shape has no timestamps (GHL API notes, 3.3).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, GhlTask, Moment, is_blank, parse_date, wire_date};
use super::refusal::{Holds, Property, not_found, properties};
use super::{child_written, find, succeeded};

const TAKEN: [Property; 5] = [
    ("title", Holds::Text),
    ("body", Holds::Text),
    ("dueDate", Holds::Date),
    ("completed", Holds::Flag),
    ("assignedTo", Holds::TextOrNull),
];

fn shown(task: &GhlTask) -> Value {
    let mut record = Map::from_iter([
        ("id".to_owned(), json!(task.id)),
        ("title".to_owned(), json!(task.title)),
        ("dueDate".to_owned(), json!(wire_date(task.due))),
        ("completed".to_owned(), json!(task.completed)),
        ("contactId".to_owned(), json!(task.contact_id)),
    ]);
    for (name, value) in [("body", &task.body), ("assignedTo", &task.assigned_to)] {
        if let Some(value) = value {
            record.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(record)
}

fn find_task<'data>(data: &'data Data, contact: &str, id: &str) -> Result<&'data Arc<GhlTask>, Answer> {
    find(data, contact)?;
    let task = data.ghl.tasks.get(id).filter(|task| task.contact_id == contact);
    task.ok_or_else(|| not_found(data, "Task", id))
}

fn take(task: &mut GhlTask, body: &Map<String, Value>) {
    let text = |value: &Value| (!is_blank(value)).then(|| value.as_str().unwrap_or_default().to_owned());
    for (name, value) in body {
        match name.as_str() {
            "title" => task.title = text(value).unwrap_or_default(),
            "body" => task.body = text(value),
            "assignedTo" => task.assigned_to = text(value),
            "completed" => task.completed = value.as_bool().unwrap_or(task.completed),
            "dueDate" => task.due = value.as_str().and_then(parse_date).unwrap_or(task.due),
            _ => {}
        }
    }
}

pub(super) fn list(data: &Data, contact: &str) -> Answered {
    find(data, contact)?;
    let tasks: Vec<Value> = data.ghl.tasks.newest_of(contact).into_iter().map(|task| shown(task)).collect();
    Ok(Answer::ok(json!({ "tasks": tasks })))
}

pub(super) fn create(data: &mut Data, contact: &str, call: &Call, moment: Moment) -> Answered {
    find(data, contact)?;
    let body = properties(call, &TAKEN, &["title", "dueDate", "completed"])?;
    let mut task = GhlTask {
        id: data.ghl_id(),
        contact_id: contact.to_owned(),
        title: String::new(),
        body: None,
        assigned_to: None,
        due: moment.now,
        completed: false,
        created: moment.now,
        updated: moment.now,
    };
    take(&mut task, body);
    let answer = Answer::json(201, json!({ "task": shown(&task) }));
    data.ghl.save_task(task, moment);
    child_written(data, contact, moment);
    Ok(answer)
}

pub(super) fn read(data: &Data, contact: &str, id: &str) -> Answered {
    Ok(Answer::ok(json!({ "task": shown(find_task(data, contact, id)?) })))
}

fn change(data: &mut Data, contact: &str, id: &str, body: &Map<String, Value>, moment: Moment) -> Answered {
    let mut task = GhlTask::clone(find_task(data, contact, id)?);
    take(&mut task, body);
    task.updated = moment.now;
    let answer = Answer::ok(json!({ "task": shown(&task) }));
    data.ghl.save_task(task, moment);
    child_written(data, contact, moment);
    Ok(answer)
}

pub(super) fn update(data: &mut Data, contact: &str, id: &str, call: &Call, moment: Moment) -> Answered {
    find_task(data, contact, id)?;
    change(data, contact, id, properties(call, &TAKEN, &[])?, moment)
}

pub(super) fn complete(data: &mut Data, contact: &str, id: &str, call: &Call, moment: Moment) -> Answered {
    find_task(data, contact, id)?;
    let body = properties(call, &[("completed", Holds::Flag)], &["completed"])?;
    change(data, contact, id, body, moment)
}

pub(super) fn delete(data: &mut Data, contact: &str, id: &str, moment: Moment) -> Answered {
    find_task(data, contact, id)?;
    data.ghl.remove_task(id, moment);
    child_written(data, contact, moment);
    Ok(succeeded())
}
