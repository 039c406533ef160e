//! What GHL takes or shows of several contacts at once, and what takes one that is there or not (GHL API notes, 3.1).

use serde_json::{Map, Value, json};

use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, GhlContact, Moment, is_blank, wire_date};
use super::refusal::{Holds, bad_request, invalid, properties, texts};
use super::tags::{define, tidy, updated};
use super::{contacts, find, here, manner, shape};

/// `GET /contacts/`, deprecated: newest first, and its cursor is both a time and an id.
pub(super) fn listed(data: &Data, call: &Call) -> Answered {
    here(data, call.parameter("locationId").unwrap_or_default())?;
    let limit = call.parameter("limit").map_or(Some(20), |text| text.parse().ok()).unwrap_or(0);
    if !(1..=100).contains(&limit) {
        return Err(invalid("limit must not be greater than 100"));
    }
    let query = call.parameter("query").unwrap_or_default().to_lowercase();
    let said = |contact: &GhlContact| {
        let all = [contact.full_name().as_str(), contact.text("email"), contact.text("phone")].join(" ");
        all.to_lowercase().contains(&query)
    };
    let index = &data.ghl.index.contacts;
    let found = index.order().iter().rev().filter_map(|(_, id)| index.get(id));
    let found: Vec<_> = found.filter(|contact| said(contact)).collect();
    // The time alone leads to the first page, over and over.
    let after = call.parameter("startAfter").and_then(|at| at.parse::<i64>().ok()).zip(call.parameter("startAfterId"));
    let start =
        after.map_or(0, |after| found.partition_point(|contact| (contact.created, contact.id.as_str()) >= after));
    let page: Vec<_> = found.iter().skip(start).take(limit).collect();
    let last = page.last().map(|contact| json!([contact.created, contact.id]));
    let rows: Vec<Value> = page.iter().map(|contact| row(data, contact)).collect();
    let cursor = |at: usize| last.as_ref().and_then(|last| last.get(at)).cloned().unwrap_or_default();
    Ok(Answer::ok(json!({
        "contacts": rows, "count": found.len(),
        "meta": { "total": found.len(), "startAfter": cursor(0), "startAfterId": cursor(1) },
    })))
}

/// As this list shows a contact: names in lower case, and as they were written under another key.
fn row(data: &Data, contact: &GhlContact) -> Value {
    let text = |name: &str| contact.text(name);
    let mut fields = Map::from_iter([
        ("id".to_owned(), json!(contact.id)),
        ("locationId".to_owned(), json!(data.identity.location_id)),
        ("contactName".to_owned(), json!(contact.full_name().to_lowercase())),
        ("firstName".to_owned(), json!(text("firstName").to_lowercase())),
        ("lastName".to_owned(), json!(text("lastName").to_lowercase())),
        ("firstNameRaw".to_owned(), json!(text("firstName"))),
        ("lastNameRaw".to_owned(), json!(text("lastName"))),
        ("dateAdded".to_owned(), json!(wire_date(contact.created))),
        ("tags".to_owned(), json!(contact.tags)),
        ("customFields".to_owned(), shape::custom_fields(contact)),
        ("followers".to_owned(), shape::followers(contact)),
    ]);
    for name in ["email", "phone", "timezone", "country", "source", "businessId"] {
        fields.extend(contact.fields.get(name).map(|value| (name.to_owned(), value.clone())));
    }
    Value::Object(fields)
}

/// `POST /contacts/upsert`: whoever has the e-mail, else the phone, or somebody new.
pub(super) fn upsert(data: &mut Data, call: &Call, moment: Moment) -> Answered {
    let Some(mut body) = call.body.as_ref().and_then(Value::as_object).cloned() else {
        return Err(bad_request("Unexpected end of JSON input"));
    };
    let anyway = body.remove("createNewIfDuplicateAllowed") == Some(json!(true));
    if ["email", "phone"].iter().all(|key| body.get(*key).is_none_or(is_blank)) {
        return Err(invalid("email or phone is required"));
    }
    let known = if anyway { None } else { contacts::with_key_of(data, &body) };
    let is_new = known.is_none();
    let answered = match known {
        None => contacts::create(data, &with_body(call, body), moment)?,
        Some(id) => {
            // What a PUT does not take is taken and dropped.
            body.retain(|name, _| !["locationId", "gender", "companyName"].contains(&name.as_str()));
            contacts::update(data, &id, &with_body(call, body), moment)?
        }
    };
    let mut answered = answered;
    answered.status = 200;
    if let Some(fields) = answered.json_mut().and_then(Value::as_object_mut) {
        fields.remove("succeeded");
        fields.insert("succeded".to_owned(), json!(true));
        fields.insert("new".to_owned(), json!(is_new));
    }
    Ok(answered)
}

fn with_body(call: &Call, body: Map<String, Value>) -> Call {
    Call {
        side: call.side,
        method: call.method.clone(),
        path: call.path.clone(),
        query: Vec::new(),
        body: Some(Value::Object(body)),
        authorization: None,
        version: call.version.clone(),
    }
}

/// `POST /contacts/bulk/tags/update/{add or remove}`: said one by one what came of it.
pub(super) fn tags(data: &mut Data, how: &str, call: &Call, moment: Moment) -> Answered {
    let adds = match how {
        "add" => true,
        "remove" => false,
        _ => return Err(bad_request("type must be add or remove")),
    };
    let allowed = [
        ("contacts", Holds::Texts),
        ("tags", Holds::Texts),
        ("locationId", Holds::Text),
        ("removeAllTags", Holds::Flag),
    ];
    let body = properties(call, &allowed, &["contacts", "tags", "locationId"])?;
    here(data, body.get("locationId").and_then(Value::as_str).unwrap_or_default())?;
    let tags = tidy(&texts(body.get("tags")), data.account.ghl.tag_stored);
    let everything = !adds && body.get("removeAllTags") == Some(&json!(true));
    let ids = texts(body.get("contacts"));
    let mut said = Vec::with_capacity(ids.len());
    for id in &ids {
        let Ok(contact) = find(data, id).cloned() else {
            said.push(json!({ "contactId": id, "message": "Contact not found", "type": "error" }));
            continue;
        };
        let mut contact = GhlContact::clone(&contact);
        let old = contact.tags.clone();
        if adds {
            contact.tags.extend(tags.iter().filter(|tag| !old.contains(tag)).cloned());
        } else {
            contact.tags.retain(|tag| !everything && !tags.contains(tag));
        }
        let only_in = |one: &[String], other: &[String]| -> Vec<String> {
            one.iter().filter(|tag| !other.contains(tag)).cloned().collect()
        };
        let (added, removed) = (only_in(&contact.tags, &old), only_in(&old, &contact.tags));
        said.push(json!({
            "contactId": id, "message": "Tags updated", "type": "success",
            "oldTags": old, "tagsAdded": added, "tagsRemoved": removed,
        }));
        if !added.is_empty() || !removed.is_empty() {
            define(data, &added, moment);
            contact.updated = updated(data, &contact, moment);
            data.ghl.save_contact(contact, moment);
        }
    }
    let errors = said.iter().filter(|one| one.get("type") == Some(&json!("error"))).count();
    Ok(Answer::json(201, json!({ "succeded": true, "errorCount": errors, "responses": said })))
}

/// `POST` and `DELETE /contacts/{id}/followers`.
pub(super) fn followers(data: &mut Data, id: &str, call: &Call, moment: Moment) -> Answered {
    let mut contact = GhlContact::clone(find(data, id)?);
    let body = properties(call, &[("followers", Holds::Texts)], &["followers"])?;
    let (given, mut now) = (texts(body.get("followers")), texts(contact.fields.get("followers")));
    let adds = call.method == "POST";
    let changed: Vec<String> = given.into_iter().filter(|user| now.contains(user) != adds).collect();
    if adds {
        now.extend(changed.iter().cloned());
    } else {
        now.retain(|user| !changed.contains(user));
    }
    let (status, key) = if adds { (201, "followersAdded") } else { (200, "followersRemoved") };
    if !changed.is_empty() {
        contact.fields.insert("followers".to_owned(), json!(now));
        contact.updated = moment.now;
        data.ghl.save_contact(contact, moment);
    }
    Ok(Answer::json(status, json!({ "followers": now, key: changed })))
}

/// Whether the list of contacts is there: the newest version has none.
pub(super) fn has_list(data: &Data, call: &Call) -> Result<(), Answer> {
    if call.version.as_deref() == Some("v3") { Err(manner::nowhere(&data.account.ghl)) } else { Ok(()) }
}
