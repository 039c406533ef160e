//! Cliengo's requests for a write, and what their answers say (`Cliengo API notes, 2.5 to 2.7`).
//!
//! Cliengo is never sent null or an empty value: what that does is undocumented (`semantics` 2).

use serde_json::{Map, Value as Json, json};

use super::api;
use crate::crm::path::segment;
use crate::crm::row::Row;
use crate::crm::{Answered, Shape, Unparsable};
use crate::record::{
    Action, CliengoId, Field, Forms, Kind, Method, PersonName, RemoteId, Request, Target, Value, Write,
};

/// The requests that `write` becomes, in order.
pub(super) fn requests(website_id: &str, write: &Write, listed: Option<&str>, forms: &Forms) -> Vec<Request> {
    match write.action {
        Action::Create => create(website_id, write, forms).into_iter().collect(),
        Action::Update | Action::Complete => {
            let mut requests: Vec<Request> = update(write, listed, forms).into_iter().collect();
            requests.extend(tags(write));
            requests
        }
        Action::Tag => tags(write),
        Action::Delete => at(write).map(|path| Request::new(Method::Delete, path)).into_iter().collect(),
        // Only GHL has something to put people into.
        Action::Enrol | Action::Link => Vec::new(),
    }
}

fn create(website_id: &str, write: &Write, forms: &Forms) -> Option<Request> {
    let mut body = fields(write, forms);
    let path = if write.kind == Kind::Contact {
        body.insert("websiteId".to_owned(), json!(website_id));
        "/contacts".to_owned()
    } else {
        below(write.kind, write.parent.as_ref()?)
    };
    Some(Request::new(Method::Post, path).with_body(Json::Object(body)))
}

fn update(write: &Write, listed: Option<&str>, forms: &Forms) -> Option<Request> {
    let mut body = fields(write, forms);
    if let Some(Json::Object(extra)) = body.get_mut("extraParams") {
        complete(extra, listed);
    }
    let method = if write.kind == Kind::Contact { Method::Patch } else { Method::Put };
    let path = at(write)?;
    (!body.is_empty()).then(|| Request::new(method, path).with_body(Json::Object(body)))
}

/// Whether a write of `extraParams` adds to `leadFields` or replaces them all is not documented: what a contact has there
/// goes along, so that neither loses anything (`Cliengo API notes, 2.5`).
fn complete(extra: &mut Map<String, Json>, listed: Option<&str>) {
    let contact = listed.and_then(|listed| serde_json::from_str::<Map<String, Json>>(listed).ok());
    let Some(Json::Object(fields)) = contact.and_then(|mut contact| contact.remove("leadFields")) else { return };
    for (key, value) in fields.into_iter().filter(|(_, value)| !(value.is_null() || value.as_str() == Some(""))) {
        extra.entry(key).or_insert(value);
    }
}

/// One request per tag, and per spelling of a tag that goes.
fn tags(write: &Write) -> Vec<Request> {
    let Some(path) = at(write).map(|path| format!("{path}/tags")) else { return Vec::new() };
    let request = |method, tag: &String| Request::new(method, path.clone()).with_body(json!({ "tag": tag }));
    let added = write.add_tags.iter().map(|tag| request(Method::Post, tag));
    let removed = write.remove_tags.iter().map(|tag| request(Method::Delete, tag));
    added.chain(removed).collect()
}

/// The path of the record that is written to.
fn at(write: &Write) -> Option<String> {
    let id = segment(write.target.as_ref()?);
    match write.kind {
        Kind::Contact => Some(format!("/contacts/{id}")),
        kind => Some(format!("{}/{id}", below(kind, write.parent.as_ref()?))),
    }
}

fn below(kind: Kind, parent: &Target) -> String {
    format!("/contacts/{}/{}", segment(parent), kind.plural())
}

fn fields(write: &Write, forms: &Forms) -> Map<String, Json> {
    let mut body: Map<String, Json> = write.set.iter().filter_map(|(field, value)| wire(write, field, value)).collect();
    let mut extra = Map::new();
    for (field, value) in &write.set {
        let Some(mapped) = forms.mapped(write.kind, field) else { continue };
        if value.is_empty() {
            body.extend(mapped.emptied_in_cliengo().map(|word| (mapped.cliengo.clone(), json!(word))));
            continue;
        }
        match mapped.cliengo.strip_prefix("leadFields.") {
            Some(key) => extra.insert(key.to_owned(), mapped.in_cliengo(value)),
            None => body.insert(mapped.cliengo.clone(), mapped.in_cliengo(value)),
        };
    }
    if !extra.is_empty() {
        // What is read in `leadFields` is written as `extraParams` (`Cliengo API notes, 2.5`).
        body.insert("extraParams".to_owned(), Json::Object(extra));
    }
    body
}

/// One field as Cliengo takes it; `None` for what cannot be sent.
fn wire(write: &Write, field: &Field, value: &Value) -> Option<(String, Json)> {
    let (key, value) = match (field, value) {
        (_, Value::Empty) | (Field::Tags, _) => return None,
        (Field::Name, Value::Name(name)) => ("name", json!(writable_name(name, write.before.get(&Field::Name))?)),
        // A phone that is no number is never sent (`semantics` 8).
        (Field::Phone, Value::Phone(phone)) => ("phone", json!(phone.e164.as_ref()?)),
        (Field::Email, email) => ("email", json!(email.shown())),
        (Field::Title, title) => ("title", json!(title.shown())),
        (Field::Body, body) if write.kind == Kind::Note => ("message", json!(body.shown())),
        (Field::Body, body) => ("description", json!(body.shown())),
        (Field::Due, due) => ("dueDate", json!(due.shown())),
        (Field::Completed, Value::Flag(flag)) => ("completed", json!(flag)),
        _ => return None,
    };
    Some((key.to_owned(), value))
}

/// What goes to `name`: the full name, or only the first where a last name stands that cannot be written
/// (`semantics` 12). `None` where nothing of the change can be expressed.
fn writable_name(name: &PersonName, before: Option<&Value>) -> Option<String> {
    let full = name.full();
    let Some(Value::Name(current)) = before.filter(|before| !before.is_empty()) else { return Some(full) };
    if current.last.is_empty() || current.whole || name.whole && name.last.is_empty() {
        return Some(full).filter(|full| *full != current.full());
    }
    let first = full.strip_suffix(&current.last).and_then(|rest| rest.strip_suffix(' '));
    let first = first.map(str::to_owned).or_else(|| (!name.last.is_empty()).then(|| name.first.clone()));
    first.filter(|first| !first.is_empty() && *first != current.first)
}

/// Reads the answer of an applied request.
pub(super) fn answered(write: &Write, body: &str, forms: &Forms) -> Result<Answered<CliengoId>, Unparsable> {
    if write.action == Action::Delete || body.trim().is_empty() {
        return Ok(Answered::default());
    }
    let id = api::id_of(body).map(CliengoId::new);
    // What is new has no last name but the one that is shown.
    let is_whole = write.action == Action::Create && write.kind == Kind::Contact && id.is_some();
    let record = api::parse(write.kind, body, if is_whole { Shape::Single } else { Shape::Answer }, forms)?;
    if write.action == Action::Create && id.is_none() {
        return Err(Unparsable(format!("the {} that was created came back without its id", write.kind)));
    }
    if id.as_ref().is_some_and(|id| write.changes_another_than(id.as_str())) {
        return Err(Unparsable(format!("it answered with another {}", write.kind)));
    }
    Ok(Answered {
        id: id.filter(|_| write.action == Action::Create),
        record,
        payload: Some(body.to_owned()),
        created: Row::read(body).and_then(|row| row.text("creationDate")?.parse().ok()),
    })
}
