//! The location's own record, its tags, custom fields and users (GHL API notes, 3.5).

use serde_json::{Value, json};

use super::super::account::ghl::Duplicate;
use super::super::call::{Answer, Call};
use super::super::data::{Data, USERS, wire_date};

pub(super) fn read(data: &Data) -> Answer {
    let identity = &data.identity;
    let unique = match data.account.ghl.duplicate {
        Duplicate::Allowed => &[][..],
        Duplicate::UniqueEmail => &["email"],
        Duplicate::UniquePhone => &["phone"],
        Duplicate::Refused | Duplicate::RefusedWithoutField | Duplicate::Unprocessable => &["email", "phone"],
    };
    Answer::ok(json!({ "location": {
        "id": identity.location_id,
        "companyId": identity.company_id,
        "name": "Sucursal Centro",
        "country": "AR",
        "timezone": "America/Argentina/Buenos_Aires",
        "settings": { "allowDuplicateContact": unique.is_empty(), "contactUniqueIdentifiers": unique },
    } }))
}

pub(super) fn tags(data: &Data) -> Answer {
    let location = &data.identity.location_id;
    let tags = data.ghl.tags.all();
    let tags: Vec<Value> = tags.map(|tag| json!({ "id": tag.id, "name": tag.name, "locationId": location })).collect();
    Answer::ok(json!({ "tags": tags }))
}

/// The contacts of a business, in pages of 25 unless asked otherwise (GHL API notes, 3.1).
pub(super) fn of_business(data: &Data, business: &str, call: &Call) -> Answer {
    let number = |name: &str, usual: usize| call.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let all: Vec<_> = data.ghl.contacts.all().filter(|contact| contact.text("businessId") == business).collect();
    let page = all.iter().skip(number("skip", 0)).take(number("limit", 25).min(100));
    let rows: Vec<Value> = page
        .map(|contact| {
            json!({
                "id": contact.id, "locationId": data.identity.location_id, "email": contact.text("email"),
                "dateAdded": wire_date(contact.created), "tags": contact.tags, "businessId": business,
            })
        })
        .collect();
    Answer::ok(json!({ "contacts": rows, "count": all.len() }))
}

pub(super) fn users(data: &Data) -> Answer {
    let people = data.identity.ghl_users.iter().zip(USERS);
    let users: Vec<Value> = people
        .map(|(id, (first, last, email))| {
            json!({
                "id": id, "name": format!("{first} {last}"), "firstName": first, "lastName": last, "email": email,
                "roles": { "type": "account", "role": "admin", "locationIds": [data.identity.location_id] },
                "deleted": false,
            })
        })
        .collect();
    let count = users.len();
    Answer::ok(json!({ "users": users, "count": count }))
}
