//! A contact's notes, newest first; a note never moves its contact's dates (GHL API notes, 3.4).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::account::ghl::{NoteFields, NoteStored, Switches};
use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, GhlNote, Moment, is_blank, wire_date};
use super::refusal::{Holds, Property, not_found, properties};
use super::{child_written, find, manner, succeeded};

const TAKEN: [Property; 5] = [
    ("body", Holds::Text),
    ("userId", Holds::Text),
    ("title", Holds::Text),
    ("color", Holds::Text),
    ("pinned", Holds::Flag),
];

/// A note as the wire shows it.
pub(crate) fn shown(note: &GhlNote) -> Value {
    let mut record = Map::from_iter([
        ("id".to_owned(), json!(note.id)),
        ("body".to_owned(), json!(note.body)),
        ("bodyText".to_owned(), json!(plain(&note.body))),
        ("userId".to_owned(), json!(note.user_id)),
        ("dateAdded".to_owned(), json!(wire_date(note.created))),
        ("contactId".to_owned(), json!(note.contact_id)),
        ("pinned".to_owned(), json!(note.pinned)),
        ("relations".to_owned(), json!([])),
    ]);
    for (name, value) in [("title", &note.title), ("color", &note.color)] {
        if let Some(value) = value {
            record.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(record)
}

/// HTML without its tags; text without any comes back unchanged.
fn plain(body: &str) -> String {
    if !body.contains("</") && !body.contains("<br") {
        return body.to_owned();
    }
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, behind) = after.split_once('>').unwrap_or((after, ""));
        let ends_a_line = tag.starts_with("br") || tag == "/p" || tag == "/li" || tag == "/div";
        text.push_str(if ends_a_line { "\n" } else { "" });
        rest = behind;
    }
    text.push_str(rest);
    let entities = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    for (entity, character) in entities {
        text = text.replace(entity, character);
    }
    text.trim().to_owned()
}

fn find_note<'data>(data: &'data Data, contact: &str, id: &str) -> Result<&'data Arc<GhlNote>, Answer> {
    find(data, contact)?;
    let note = data.ghl.notes.get(id).filter(|note| note.contact_id == contact);
    note.ok_or_else(|| not_found(data, "Note", id))
}

/// A text as the location stores it.
pub(crate) fn stored(text: &str, account: &Switches) -> String {
    match account.note_stored {
        NoteStored::AsSent => text.to_owned(),
        NoteStored::Breaks => text.replace('\n', "<br>"),
        NoteStored::Paragraph => format!("<p>{text}</p>"),
        NoteStored::Escaped => text.replace('&', "&amp;"),
        NoteStored::Cut => text.chars().take(5000).collect(),
    }
}

fn take(note: &mut GhlNote, body: &Map<String, Value>, account: &Switches) {
    let text = |value: &Value| (!is_blank(value)).then(|| value.as_str().unwrap_or_default().to_owned());
    for (name, value) in body {
        match name.as_str() {
            "body" => note.body = stored(&text(value).unwrap_or_default(), account),
            "userId" => note.user_id = text(value),
            "title" => note.title = text(value),
            "color" => note.color = text(value),
            "pinned" => note.pinned = value.as_bool().unwrap_or(note.pinned),
            _ => {}
        }
    }
}

pub(super) fn list(data: &Data, contact: &str) -> Answered {
    find(data, contact)?;
    let notes = data.ghl.notes.newest_of(contact).into_iter();
    let notes: Vec<Value> = notes.map(|note| manner::note(shown(note), &data.account.ghl)).collect();
    Ok(Answer::ok(json!({ "notes": notes })))
}

pub(super) fn create(data: &mut Data, contact: &str, call: &Call, moment: Moment) -> Answered {
    find(data, contact)?;
    let body = properties(call, &TAKEN, &["body"])?;
    let mut note = GhlNote {
        id: data.ghl_id(),
        contact_id: contact.to_owned(),
        body: String::new(),
        user_id: None,
        title: None,
        color: None,
        pinned: false,
        created: moment.now,
    };
    let account = data.account.ghl;
    take(&mut note, body, &account);
    let answer = Answer::json(201, json!({ "note": manner::note(shown(&note), &account) }));
    data.ghl.notes.save(note);
    child_written(data, contact, moment);
    Ok(answer)
}

pub(super) fn read(data: &Data, contact: &str, id: &str) -> Answered {
    Ok(Answer::ok(json!({ "note": manner::note(shown(find_note(data, contact, id)?), &data.account.ghl) })))
}

pub(super) fn update(data: &mut Data, contact: &str, id: &str, call: &Call, moment: Moment) -> Answered {
    let mut note = GhlNote::clone(find_note(data, contact, id)?);
    let body = properties(call, &TAKEN, &[])?;
    let account = data.account.ghl;
    if account.note_fields == NoteFields::Lost {
        (note.title, note.user_id) = (None, None);
    }
    take(&mut note, body, &account);
    let answer = Answer::ok(json!({ "note": manner::note(shown(&note), &account) }));
    data.ghl.notes.save(note);
    child_written(data, contact, moment);
    Ok(answer)
}

pub(super) fn delete(data: &mut Data, contact: &str, id: &str, moment: Moment) -> Answered {
    find_note(data, contact, id)?;
    data.ghl.notes.remove(id);
    child_written(data, contact, moment);
    Ok(succeeded())
}
