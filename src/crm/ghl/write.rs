//! GHL's requests for a write, and what their answers say (`GHL API notes, 3`).
//!
//! Never upsert, never `name`, never `tags` in a PUT: that would replace them all.

use serde_json::{Map, Value as Json, json};

use super::{api, kept};
use crate::crm::path::{encode, segment};
use crate::crm::row::Row;
use crate::crm::wire::Said;
use crate::crm::wire::tell_tags;
use crate::crm::{Answered, Shape, Unparsable};
use crate::record::{
    Action, Effect, Field, Forms, GhlId, GhlPlace, Kind, Method, PersonName, Record, RemoteId, Request, Target, Value,
    Write, html_from_text,
};

/// Under which key v3 has a custom field's value.
const V3: &str = "fieldValue";

/// What differs from location to location in what is sent.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    /// The location.
    pub location_id: String,
    /// Under which key a custom field's value goes: v3 has another one (`GHL API notes, 1`).
    pub value_key: &'static str,
}

impl Manner {
    pub fn of(location_id: String, version: &str) -> Self {
        Self { location_id, value_key: if version == "v3" { V3 } else { "field_value" } }
    }

    /// Whether the third version is spoken.
    pub fn is_v3(&self) -> bool {
        self.value_key == V3
    }
}

/// The requests that `write` becomes, in order.
pub(super) fn requests(manner: &Manner, write: &Write, was: Option<&str>, forms: &Forms) -> Vec<Request> {
    match write.action {
        Action::Create => create(manner, write, was, forms).into_iter().collect(),
        Action::Update => {
            let mut requests: Vec<Request> = update(manner, write, was, forms).into_iter().collect();
            requests.extend(tags(write));
            requests
        }
        Action::Complete => complete(write).into_iter().collect(),
        Action::Tag => tags(write),
        Action::Delete => at(write).map(|path| Request::new(Method::Delete, path)).into_iter().collect(),
        Action::Enrol => enrolments(write),
        Action::Link => Vec::new(),
    }
}

fn create(manner: &Manner, write: &Write, was: Option<&str>, forms: &Forms) -> Option<Request> {
    let mut body: Map<String, Json> =
        fields(manner, write, forms).into_iter().filter(|(_, value)| !value.is_null()).collect();
    let path = if write.kind == Kind::Contact {
        body.insert("locationId".to_owned(), json!(manner.location_id));
        let tags = first_tags(write);
        if !tags.is_empty() {
            body.insert("tags".to_owned(), json!(tags));
        }
        "/contacts/".to_owned()
    } else {
        below(write.kind, write.parent.as_ref()?)
    };
    if write.kind == Kind::Task {
        // A task without it is refused with 422.
        body.entry("completed").or_insert(json!(false));
    }
    kept::complete(write.kind, write.action, &mut body, was);
    Some(Request::new(Method::Post, path).with_body(Json::Object(body)))
}

fn first_tags(write: &Write) -> Vec<String> {
    let set = match write.set.get(&Field::Tags) {
        Some(Value::Tags(tags)) => tags.iter().map(str::to_lowercase).collect(),
        _ => Vec::new(),
    };
    let mut tags = write.add_tags.clone();
    tags.extend(set);
    tags.sort();
    tags.dedup();
    tags
}

fn update(manner: &Manner, write: &Write, was: Option<&str>, forms: &Forms) -> Option<Request> {
    let mut body = fields(manner, write, forms);
    let path = at(write)?;
    if !body.is_empty() {
        kept::complete(write.kind, write.action, &mut body, was);
    }
    (!body.is_empty()).then(|| Request::new(Method::Put, path).with_body(Json::Object(body)))
}

fn complete(write: &Write) -> Option<Request> {
    let Some(Value::Flag(flag)) = write.set.get(&Field::Completed) else { return None };
    Some(Request::new(Method::Put, format!("{}/completed", at(write)?)).with_body(json!({ "completed": flag })))
}

fn tags(write: &Write) -> Vec<Request> {
    let Some(path) = at(write).map(|path| format!("{path}/tags")) else { return Vec::new() };
    [(Method::Post, &write.add_tags), (Method::Delete, &write.remove_tags)]
        .into_iter()
        .filter(|(_, tags)| !tags.is_empty())
        .map(|(method, tags)| Request::new(method, path.clone()).with_body(json!({ "tags": tags })))
        .collect()
}

/// What puts a contact into something (`GHL API notes, 3.1`).
fn enrolments(write: &Write) -> Vec<Request> {
    let Some(contact) = at(write) else { return Vec::new() };
    let effects = write.set.iter().filter_map(|(field, value)| Effect::of(field, value.shown()));
    let request = |effect: Effect| match effect {
        Effect::Tag(tag) => Request::new(Method::Post, format!("{contact}/tags")).with_body(json!({ "tags": [tag] })),
        Effect::Workflow(id) => {
            Request::new(Method::Post, format!("{contact}/workflow/{}", encode(&id))).with_body(json!({}))
        }
        Effect::Campaign(id) => {
            Request::new(Method::Post, format!("{contact}/campaigns/{}", encode(&id))).with_body(json!({}))
        }
    };
    effects.map(request).collect()
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

fn fields(manner: &Manner, write: &Write, forms: &Forms) -> Map<String, Json> {
    let mut body = Map::new();
    let mut custom = Vec::new();
    for (field, value) in &write.set {
        if *field == Field::Name {
            name(write, value, &mut body);
        } else if let Some(mapped) = forms.mapped(write.kind, field) {
            match &mapped.ghl {
                GhlPlace::Plain(field) => _ = body.insert(field.key.to_owned(), value.json()),
                GhlPlace::Custom(id) => custom.push(json!({ "id": id, (manner.value_key): value.json() })),
            }
        } else if let Some((key, value)) = wire(write.kind, field, value) {
            body.insert(key.to_owned(), value);
        }
    }
    if !custom.is_empty() {
        // Merged by id: fields that are not named stay (`GHL API notes, 3.5`).
        body.insert("customFields".to_owned(), Json::Array(custom));
    }
    body
}

/// One field as GHL takes it; `None` for what cannot be sent.
fn wire(kind: Kind, field: &Field, value: &Value) -> Option<(&'static str, Json)> {
    let sent = match (field, value) {
        (Field::Email, Value::Empty) => ("email", Json::Null),
        (Field::Phone, Value::Empty) => ("phone", Json::Null),
        (Field::Tags, _) | (_, Value::Empty) => return None,
        (Field::Email, email) => ("email", json!(email.shown())),
        // A phone that is no number is never sent (`semantics` 8).
        (Field::Phone, Value::Phone(phone)) => ("phone", json!(phone.e164.as_ref()?)),
        (Field::Title, title) => ("title", json!(title.shown())),
        // Only notes are kept as HTML.
        (Field::Body, body) if kind == Kind::Note => ("body", json!(html_from_text(&body.shown()))),
        (Field::Body, body) => ("body", json!(body.shown())),
        (Field::Due, Value::Due(due)) => ("dueDate", json!(due.at.to_string())),
        (Field::Completed, Value::Flag(flag)) => ("completed", json!(flag)),
        _ => return None,
    };
    Some(sent)
}

/// The parts of a name that differ from what stands there: split for a new contact, fitted to an existing one.
fn name(write: &Write, value: &Value, body: &mut Map<String, Json>) {
    let before = match write.before.get(&Field::Name) {
        Some(Value::Name(before)) => before.clone(),
        _ => PersonName::default(),
    };
    let after = match value {
        Value::Name(name) if write.action == Action::Create => name.split(),
        Value::Name(name) => name.fitted_to(&before),
        _ => PersonName::default(),
    };
    for (key, before, after) in [("firstName", before.first, after.first), ("lastName", before.last, after.last)] {
        if before != after {
            body.insert(key.to_owned(), if after.is_empty() { Json::Null } else { json!(after) });
        }
    }
}

/// Reads the answer of an applied request.
pub(super) fn answered(write: &Write, body: &str, forms: &Forms) -> Result<Answered<GhlId>, Unparsable> {
    if matches!(write.action, Action::Delete | Action::Enrol) || body.trim().is_empty() {
        return Ok(Answered::default());
    }
    let Some(payload) = api::unwrapped(write.kind, body).or_else(|| bare(body)) else {
        return match write.action {
            Action::Create => Err(Unparsable(format!("the {} that was created did not come back", write.kind))),
            _ => tags_answered(body),
        };
    };
    let record = api::parse(write.kind, &payload, Shape::Answer, forms)?;
    let row = Row::read(&payload);
    let id = row.as_ref().and_then(|row| row.first_text(&api::ID)).map(GhlId::new);
    let created = row.and_then(|row| row.text("dateAdded")?.parse().ok());
    if write.action == Action::Create && id.is_none() {
        return Err(Unparsable(format!("the {} that was created came back without its id", write.kind)));
    }
    if id.as_ref().is_some_and(|id| write.changes_another_than(id.as_str())) {
        return Err(Unparsable(format!("it answered with another {}", write.kind)));
    }
    Ok(Answered { id: id.filter(|_| write.action == Action::Create), record, payload: Some(payload), created })
}

/// The answer to a request about tags: the whole list after it.
fn tags_answered(body: &str) -> Result<Answered<GhlId>, Unparsable> {
    let row = Row::read(body).ok_or_else(|| Unparsable("the answer is not an object".to_owned()))?;
    let mut record = Record::default();
    if let Some(tags) = row.raw("tags") {
        let tags: Vec<String> =
            serde_json::from_str(tags.get()).map_err(|_| Unparsable("the answer's tags are not a list".to_owned()))?;
        tell_tags(&mut record, Ok(Said::Is(tags)));
    }
    Ok(Answered { record, ..Answered::default() })
}

/// A record that comes as it is, and in nothing.
fn bare(body: &str) -> Option<String> {
    Row::read(body)?.first_text(&api::ID).map(|_| body.to_owned())
}
