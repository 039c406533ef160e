//! Contacts and their tags (Cliengo API notes, 1.6, 2.5 and 2.6).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, Identity, Moment, parse_date, wire_date};
use super::data::CliengoContact;
use super::{Manner, refusal};

const LARGEST_OFFSET: usize = 1000;
const LARGEST_PAGE: usize = 100;
const DEFAULT_PAGE: usize = 50;

/// What POST takes besides `websiteId`: everything else is ignored without a word.
const CREATE_FIELDS: [&str; 8] =
    ["name", "email", "phone", "message", "status", "assignedTo", "entryMethod", "utmSource"];

/// What PATCH takes, by its own name, and the name under which it is read back.
const UPDATE_FIELDS: [(&str, &str); 13] = [
    ("name", "name"),
    ("email", "email"),
    ("phone", "phone"),
    ("status", "status"),
    ("subStatus", "subStatus"),
    ("rating", "rating"),
    ("assignedTo", "assignedTo"),
    ("dueDate", "dueDate"),
    ("contactMethod", "entryMethod"),
    ("sellPrice", "sellPrice"),
    ("sellSuscription", "sellSuscription"),
    ("cancelReason", "cancelReason"),
    ("scheduleStatusTo", "scheduleStatusTo"),
];

/// Fields that every contact shows, `null` where it has none.
const SHOWN_FIELDS: [&str; 12] = [
    "name",
    "lastName",
    "email",
    "phone",
    "status",
    "subStatus",
    "rating",
    "entryMethod",
    "message",
    "utmCampaign",
    "assignedTo",
    "dueDate",
];

/// A contact as the wire shows it.
pub(crate) fn shown(contact: &CliengoContact, identity: &Identity, hide_tags: bool) -> Value {
    let mut record = contact.fields.clone();
    for field in SHOWN_FIELDS {
        record.entry(field).or_insert(Value::Null);
    }
    let city = record.remove("city");
    record.entry("leadFields").or_insert_with(|| json!({}));
    let fixed = [
        ("id", json!(contact.id)),
        ("accountId", json!(identity.account_id)),
        ("accountName", json!("Demo")),
        ("websiteId", json!(contact.website_id)),
        ("websiteName", json!("demo.example.com")),
        // Embedded children are never filled in; their own endpoints are.
        ("notes", json!([])),
        ("calls", json!([])),
        ("logs", json!([])),
        ("duplicatedContact", json!(false)),
        ("geoip", city.map_or_else(|| json!({}), |city| json!({ "city": city }))),
        ("creationDate", json!(wire_date(contact.created))),
        ("lastUpdateDate", json!(wire_date(contact.updated))),
    ];
    for (field, value) in fixed {
        record.insert(field.to_owned(), value);
    }
    if !hide_tags {
        record.insert("tags".to_owned(), json!(contact.tags));
    }
    Value::Object(record)
}

fn answer(data: &Data, contact: &CliengoContact, manner: Manner) -> Answer {
    Answer::ok(shown(contact, &data.identity, manner.hide_tags))
}

pub(super) fn find<'data>(data: &'data Data, id: &str) -> Result<&'data Arc<CliengoContact>, Answer> {
    data.cliengo.contacts.get(id).ok_or_else(|| refusal(404, "Contact not found"))
}

/// `GET /contacts`: newest first; only `limit`, `offset`, `since` and `until` mean anything.
pub(super) fn list(data: &Data, call: &Call, manner: Manner) -> Answered {
    let number = |name| call.parameter(name).and_then(|text| text.parse::<usize>().ok());
    let offset = number("offset").unwrap_or(0);
    if offset > LARGEST_OFFSET {
        return Err(refusal(400, "Offset cannot be greater than 1000"));
    }
    let limit = number("limit").unwrap_or(DEFAULT_PAGE).clamp(1, LARGEST_PAGE);
    let instant = |name| call.parameter(name).and_then(parse_date);
    let order = data.cliengo.contacts.order();
    let start = instant("since").map_or(0, |since| order.partition_point(|(at, _)| *at < since));
    let end = instant("until").map_or(order.len(), |until| order.partition_point(|(at, _)| *at < until));
    let window = order.get(start..end).unwrap_or_default();
    let rows = window.iter().rev().skip(offset).take(limit);
    let results: Vec<Value> = rows
        .filter_map(|(_, id)| data.cliengo.contacts.get(id))
        .map(|contact| shown(contact, &data.identity, manner.hide_tags))
        .collect();
    let page = offset / limit;
    Ok(Answer::ok(json!({ "results": results, "paging": { "total": window.len(), "page": page } })))
}

pub(super) fn read(data: &Data, id: &str, manner: Manner) -> Answered {
    Ok(answer(data, find(data, id)?, manner))
}

/// `POST /contacts`: always a new contact, whoever it may be (Cliengo API notes, 4).
pub(super) fn create(data: &mut Data, call: &Call, moment: Moment, manner: Manner) -> Answered {
    let Some(website_id) = call.text("websiteId").filter(|id| !id.is_empty()) else {
        return Err(refusal(400, "websiteId is required"));
    };
    let mut fields = Map::new();
    for name in CREATE_FIELDS {
        if let Some(value) = call.body.as_ref().and_then(|body| body.get(name)) {
            fields.insert(name.to_owned(), stored(name, value));
        }
    }
    fields.entry("status").or_insert_with(|| json!("NEW"));
    fields.entry("entryMethod").or_insert_with(|| json!("API"));
    let contact = CliengoContact {
        id: data.cliengo_id(),
        website_id: website_id.to_owned(),
        fields,
        tags: Vec::new(),
        created: moment.now,
        updated: moment.now,
    };
    let answer = answer(data, &contact, manner);
    data.cliengo.contacts.save(contact);
    Ok(answer)
}

/// A status comes in any case and is kept in capitals.
fn stored(name: &str, value: &Value) -> Value {
    match (name, value.as_str()) {
        ("status", Some(status)) => json!(status.to_uppercase()),
        _ => value.clone(),
    }
}

fn change(
    data: &mut Data,
    id: &str,
    moment: Moment,
    manner: Manner,
    edit: impl FnOnce(&mut CliengoContact),
) -> Answered {
    let mut contact = CliengoContact::clone(find(data, id)?);
    edit(&mut contact);
    contact.updated = moment.now;
    let answer = answer(data, &contact, manner);
    data.cliengo.contacts.save(contact);
    Ok(answer)
}

/// `PATCH /contacts/{id}`: the documented fields; the rest is ignored. `extraParams` merges.
pub(super) fn update(data: &mut Data, id: &str, call: &Call, moment: Moment, manner: Manner) -> Answered {
    change(data, id, moment, manner, |contact| {
        let Some(body) = call.body.as_ref().and_then(Value::as_object) else { return };
        for (name, read_as) in UPDATE_FIELDS {
            if let Some(value) = body.get(name) {
                contact.fields.insert(read_as.to_owned(), stored(name, value));
            }
        }
        if let Some(extra) = body.get("extraParams").and_then(Value::as_object) {
            let kept = contact.fields.entry("leadFields").or_insert_with(|| json!({}));
            if let Some(kept) = kept.as_object_mut() {
                kept.extend(extra.clone());
            }
        }
    })
}

pub(super) fn status(data: &mut Data, id: &str, call: &Call, moment: Moment, manner: Manner) -> Answered {
    let Some(status) = call.text("externalStatus") else {
        return Err(refusal(400, "externalStatus is required"));
    };
    change(data, id, moment, manner, |contact| {
        contact.fields.insert("status".to_owned(), json!(status.to_uppercase()));
    })
}

fn tag(call: &Call) -> Result<&str, Answer> {
    call.text("tag").filter(|tag| !tag.is_empty()).ok_or_else(|| refusal(400, "tag is required"))
}

/// `POST /contacts/{id}/tags`: another spelling of a tag is another tag.
pub(super) fn add_tag(data: &mut Data, id: &str, call: &Call, moment: Moment, manner: Manner) -> Answered {
    let tag = tag(call)?;
    let contact = find(data, id)?;
    if contact.tags.iter().any(|present| present == tag) {
        return Ok(answer(data, contact, manner));
    }
    change(data, id, moment, manner, |contact| contact.tags.push(tag.to_owned()))
}

/// `DELETE /contacts/{id}/tags` (extended): exactly that spelling.
pub(super) fn remove_tag(data: &mut Data, id: &str, call: &Call, moment: Moment, manner: Manner) -> Answered {
    let tag = call.text("tag").or_else(|| call.parameter("tag")).unwrap_or_default();
    let contact = find(data, id)?;
    if !contact.tags.iter().any(|present| present == tag) {
        return Ok(answer(data, contact, manner));
    }
    change(data, id, moment, manner, |contact| contact.tags.retain(|present| present != tag))
}

/// `DELETE /contacts/{id}`: for good, with its notes and tasks.
pub(super) fn delete(data: &mut Data, id: &str) -> Answered {
    find(data, id)?;
    data.cliengo.remove_contact(id);
    Ok(Answer::ok(json!({ "id": id, "status": "DELETED" })))
}
