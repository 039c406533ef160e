//! Businesses, and who is a member of one (GHL API notes, 3.1 and 3.5).

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, GhlContact, GhlResource, Moment, What, wire_date};
use super::refusal::{Holds, Property, properties, texts};
use super::resource;
use super::{find, here};

const TAKEN: [Property; 10] = [
    ("name", Holds::Text),
    ("phone", Holds::Text),
    ("email", Holds::Text),
    ("website", Holds::Text),
    ("address", Holds::Text),
    ("city", Holds::Text),
    ("postalCode", Holds::Text),
    ("state", Holds::Text),
    ("country", Holds::Text),
    ("description", Holds::Text),
];

fn shown(data: &Data, row: &GhlResource) -> Value {
    let mut fields = row.fields.clone();
    for (name, value) in [
        ("id", json!(row.id)),
        ("locationId", json!(data.identity.location_id)),
        ("createdAt", json!(wire_date(row.created))),
        ("updatedAt", json!(wire_date(row.updated))),
    ] {
        fields.insert(name.to_owned(), value);
    }
    Value::Object(fields)
}

/// The word is misspelt there too.
fn written(status: u16, data: &Data, row: &GhlResource) -> Answer {
    Answer::json(status, json!({ "success": true, "buiseness": shown(data, row) }))
}

/// The rows of a page, as `limit` and `skip` ask for them.
pub(super) fn page<T>(call: &Call, usual: usize, rows: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    let number = |name: &str| call.parameter(name).and_then(|text| text.parse().ok());
    rows.skip(number("skip").unwrap_or(0)).take(number("limit").unwrap_or(usual).min(100))
}

/// Answers `/businesses/…`.
pub(super) fn answer(data: &mut Data, call: &Call, rest: &[&str], moment: Moment) -> Option<Answered> {
    Some(match (call.method.as_str(), rest) {
        ("GET", [""]) => here(data, call.parameter("locationId").unwrap_or_default()).map(|()| {
            let rows = page(call, 100, resource::all(data, What::Business)).map(|row| shown(data, row));
            Answer::ok(json!({ "businesses": rows.collect::<Vec<_>>() }))
        }),
        ("POST", [""]) => create(data, call, moment),
        ("GET", [id]) => {
            resource::find(data, What::Business, id).map(|row| Answer::ok(json!({ "business": shown(data, row) })))
        }
        ("PUT", [id]) => properties(call, &TAKEN, &[])
            .cloned()
            .and_then(|body| resource::change(data, What::Business, id, body, moment))
            .map(|row| written(200, data, &row)),
        ("DELETE", [id]) => remove(data, id, moment),
        _ => return None,
    })
}

fn create(data: &mut Data, call: &Call, moment: Moment) -> Answered {
    let allowed: Vec<Property> = TAKEN.into_iter().chain([("locationId", Holds::Text)]).collect();
    let mut body = properties(call, &allowed, &["name", "locationId"])?.clone();
    let location = body.remove("locationId").unwrap_or_default();
    here(data, location.as_str().unwrap_or_default())?;
    let row = resource::make(data, What::Business, None, body, moment);
    Ok(written(201, data, &row))
}

fn remove(data: &mut Data, id: &str, moment: Moment) -> Answered {
    resource::remove(data, What::Business, id)?;
    for contact in members(data, id) {
        join(data, &contact, &Value::Null, moment);
    }
    Ok(Answer::ok(json!({ "success": true })))
}

fn members(data: &Data, business: &str) -> Vec<Arc<GhlContact>> {
    data.ghl.contacts.all().filter(|contact| contact.text("businessId") == business).cloned().collect()
}

fn join(data: &mut Data, contact: &GhlContact, business: &Value, moment: Moment) {
    let mut contact = contact.clone();
    if business.is_null() {
        contact.fields.remove("businessId");
    } else {
        contact.fields.insert("businessId".to_owned(), business.clone());
    }
    contact.updated = moment.now;
    data.ghl.save_contact(contact, moment);
}

/// `POST /contacts/bulk/business`: into one, or with `null` out of any.
pub(super) fn assign(data: &mut Data, call: &Call, moment: Moment) -> Answered {
    let allowed = [("locationId", Holds::Text), ("ids", Holds::Texts), ("businessId", Holds::TextOrNull)];
    let body = properties(call, &allowed, &["locationId", "ids", "businessId"])?;
    here(data, body.get("locationId").and_then(Value::as_str).unwrap_or_default())?;
    let business = body.get("businessId").cloned().unwrap_or_default();
    if let Some(id) = business.as_str() {
        resource::find(data, What::Business, id)?;
    }
    let ids = texts(body.get("ids"));
    let contacts = ids.iter().map(|id| find(data, id).cloned()).collect::<Result<Vec<_>, _>>()?;
    for contact in contacts {
        join(data, &contact, &business, moment);
    }
    Ok(Answer::ok(json!({ "success": true, "ids": ids })))
}

/// The contacts of a business, in pages of 25 unless asked otherwise (GHL API notes, 3.1).
pub(super) fn contacts(data: &Data, business: &str, call: &Call) -> Answered {
    here(data, call.parameter("locationId").unwrap_or_default())?;
    let all = members(data, business);
    let rows = page(call, 25, all.iter()).map(|contact| {
        json!({
            "id": contact.id, "locationId": data.identity.location_id, "email": contact.text("email"),
            "dateAdded": wire_date(contact.created), "tags": contact.tags, "businessId": business,
        })
    });
    let rows: Vec<Value> = rows.collect();
    Ok(Answer::ok(json!({ "contacts": rows, "count": all.len() })))
}
