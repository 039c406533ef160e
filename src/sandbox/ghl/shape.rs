//! A contact as GET by id, POST and PUT show it: what it does not have is left out (GHL API notes, 3.1).

use serde_json::{Map, Value, json};

use super::super::data::{GhlContact, Identity, wire_date};

/// Plain fields of this shape, under their write names.
const FIELDS: [&str; 18] = [
    "firstName",
    "lastName",
    "email",
    "phone",
    "address1",
    "city",
    "state",
    "postalCode",
    "country",
    "website",
    "timezone",
    "source",
    "companyName",
    "assignedTo",
    "businessId",
    "dateOfBirth",
    "gender",
    "dnd",
];

pub(super) fn by_id(contact: &GhlContact, identity: &Identity) -> Value {
    let mut record = Map::new();
    for field in FIELDS {
        if let Some(value) = contact.fields.get(field) {
            record.insert(field.to_owned(), value.clone());
        }
    }
    let followers = Some(followers(contact)).filter(|followers| *followers != json!([]));
    record.extend(followers.map(|followers| ("followers".to_owned(), followers)));
    let lowered = [
        ("firstNameLowerCase", contact.text("firstName").to_lowercase()),
        ("lastNameLowerCase", contact.text("lastName").to_lowercase()),
        ("fullNameLowerCase", contact.full_name().to_lowercase()),
        ("emailLowerCase", contact.text("email").to_lowercase()),
    ];
    for (field, value) in lowered.into_iter().filter(|(_, value)| !value.is_empty()) {
        record.insert(field.to_owned(), json!(value));
    }
    let added = wire_date(contact.created);
    let created_by = json!({
        "source": "INTEGRATION", "channel": "OAUTH", "sourceId": identity.company_id, "timestamp": added,
    });
    let fixed = [
        ("id", json!(contact.id)),
        ("locationId", json!(identity.location_id)),
        ("type", json!("lead")),
        ("createdBy", created_by),
        ("tags", json!(contact.tags)),
        ("customFields", custom_fields(contact)),
        ("additionalEmails", additional_emails(contact)),
        ("additionalPhones", additional_phones(contact)),
        ("dateAdded", json!(added)),
        ("dateUpdated", json!(wire_date(contact.updated))),
    ];
    for (field, value) in fixed {
        record.insert(field.to_owned(), value);
    }
    Value::Object(record)
}

/// Users who follow a contact.
pub(super) fn followers(contact: &GhlContact) -> Value {
    contact.fields.get("followers").cloned().unwrap_or_else(|| json!([]))
}

pub(super) fn custom_fields(contact: &GhlContact) -> Value {
    contact.custom_fields.iter().map(|custom| json!({ "id": custom.id, "value": custom.value })).collect()
}

pub(super) fn additional_emails(contact: &GhlContact) -> Value {
    contact.additional_emails.iter().map(|email| json!({ "email": email })).collect()
}

pub(super) fn additional_phones(contact: &GhlContact) -> Value {
    contact.additional_phones.iter().map(|phone| json!({ "phone": phone })).collect()
}
