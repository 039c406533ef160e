//! Contacts by id, creation and the duplicate check (GHL API notes, 3.1).

use serde_json::{Map, Value, json};

use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, Moment, is_blank};
use super::data::GhlContact;
use super::refusal::{Holds, Property, invalid, properties, texts, unprocessable};
use super::{custom, define, find, here, shape, succeeded, tidy};

/// What PUT takes, and which of it may be `null`.
const UPDATE: [Property; 20] = [
    ("firstName", Holds::TextOrNull),
    ("lastName", Holds::TextOrNull),
    ("name", Holds::TextOrNull),
    ("email", Holds::EmailOrNull),
    ("phone", Holds::TextOrNull),
    ("address1", Holds::TextOrNull),
    ("city", Holds::TextOrNull),
    ("state", Holds::TextOrNull),
    ("postalCode", Holds::Text),
    ("website", Holds::TextOrNull),
    ("timezone", Holds::TextOrNull),
    ("dnd", Holds::Flag),
    ("dndSettings", Holds::Object),
    ("inboundDndSettings", Holds::Object),
    ("tags", Holds::Texts),
    ("customFields", Holds::List),
    ("source", Holds::TextOrNull),
    ("dateOfBirth", Holds::TextOrNull),
    ("country", Holds::Text),
    ("assignedTo", Holds::TextOrNull),
];

/// What POST takes besides.
const CREATE_ONLY: [Property; 3] =
    [("locationId", Holds::Text), ("gender", Holds::Text), ("companyName", Holds::TextOrNull)];

/// A number as GHL keeps it: as given when it starts with `+`, else with the location's country code put in front.
fn e164(phone: &str) -> String {
    let phone = phone.trim();
    if phone.starts_with('+') || phone.is_empty() {
        return phone.to_owned();
    }
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    format!("+54{}", digits.trim_start_matches('0'))
}

/// Puts one plain field on a contact; `null` or an empty text takes it away.
pub(crate) fn set_field(contact: &mut GhlContact, name: &str, value: &Value) {
    if name == "name" {
        let full = value.as_str().unwrap_or_default().trim();
        let (first, last) = full.split_once(' ').unwrap_or((full, ""));
        set_field(contact, "firstName", &json!(first));
        set_field(contact, "lastName", &json!(last.trim()));
    } else if is_blank(value) {
        contact.fields.remove(name);
    } else {
        let kept = match (name, value.as_str()) {
            ("phone", Some(phone)) => json!(e164(phone)),
            _ => value.clone(),
        };
        contact.fields.insert(name.to_owned(), kept);
    }
}

/// Takes a validated body over; the parts of a name win over the whole.
fn take(data: &mut Data, contact: &mut GhlContact, body: &Map<String, Value>, moment: Moment) -> Result<(), Answer> {
    if let Some(name) = body.get("name").filter(|_| !body.contains_key("firstName")) {
        set_field(contact, "name", name);
    }
    for (name, value) in body {
        match name.as_str() {
            "name" | "locationId" => {}
            "tags" => {
                contact.tags = tidy(&texts(Some(value)));
                define(data, &contact.tags, moment);
            }
            "customFields" => custom::merge(data, contact, value)?,
            _ => set_field(contact, name, value),
        }
    }
    Ok(())
}

/// Refuses what would be a second contact with the same e-mail or phone.
fn refuse_duplicate(data: &Data, contact: &GhlContact) -> Result<(), Answer> {
    for field in ["email", "phone"] {
        let key = contact.text(field);
        let found = if field == "email" { data.ghl.with_email(key) } else { data.ghl.with_phone(key) };
        let other = found.into_iter().find(|id| !key.is_empty() && *id != contact.id);
        if let Some(other) = other.and_then(|id| data.ghl.contacts.get(id)) {
            return Err(Answer::json(
                400,
                json!({
                    "statusCode": 400,
                    "message": "This location does not allow duplicated contacts.",
                    "meta": { "contactId": other.id, "contactName": other.full_name(), "matchingField": field },
                }),
            ));
        }
    }
    Ok(())
}

pub(super) fn create(data: &mut Data, call: &Call, moment: Moment) -> Answered {
    let allowed: Vec<Property> = UPDATE.into_iter().chain(CREATE_ONLY).collect();
    let body = properties(call, &allowed, &["locationId"])?;
    here(data, body.get("locationId").and_then(Value::as_str).unwrap_or_default())?;
    let says_who = |name: &&str| body.get(*name).is_some_and(|value| !is_blank(value));
    if !["email", "phone", "firstName", "lastName", "name"].iter().any(says_who) {
        // The body's code is not the answer's (GHL API notes, 3.1).
        let mut refusal = unprocessable(&["at least one of email, phone, name should not be empty".to_owned()]);
        refusal.status = 400;
        return Err(refusal);
    }
    let mut contact = GhlContact {
        id: data.ghl_id(),
        fields: Map::from_iter([("country".to_owned(), json!("AR"))]),
        tags: Vec::new(),
        additional_emails: Vec::new(),
        additional_phones: Vec::new(),
        custom_fields: Vec::new(),
        created: moment.now,
        updated: moment.now,
    };
    take(data, &mut contact, body, moment)?;
    refuse_duplicate(data, &contact)?;
    let answer = Answer::json(201, json!({ "contact": shape::by_id(&contact, &data.identity) }));
    data.ghl.save_contact(contact, moment);
    Ok(answer)
}

pub(super) fn read(data: &Data, id: &str) -> Answered {
    Ok(Answer::ok(json!({ "contact": shape::by_id(find(data, id)?, &data.identity) })))
}

/// `PUT /contacts/{id}`: partial; `tags` replaces them all.
pub(super) fn update(data: &mut Data, id: &str, call: &Call, moment: Moment) -> Answered {
    let mut contact = GhlContact::clone(find(data, id)?);
    let body = properties(call, &UPDATE, &[])?;
    take(data, &mut contact, body, moment)?;
    if ["email", "phone"].iter().any(|key| body.contains_key(*key)) {
        refuse_duplicate(data, &contact)?;
    }
    contact.updated = moment.now;
    let shown = shape::by_id(&contact, &data.identity);
    data.ghl.save_contact(contact, moment);
    Ok(Answer::ok(json!({ "succeded": true, "succeeded": true, "contact": shown })))
}

pub(super) fn delete(data: &mut Data, id: &str, moment: Moment) -> Answered {
    find(data, id)?;
    data.ghl.remove_contact(id, moment);
    Ok(succeeded())
}

/// `GET /contacts/search/duplicate`: the primary store, e-mail before phone.
pub(super) fn duplicate(data: &Data, call: &Call) -> Answered {
    let Some(location) = call.parameter("locationId") else {
        return Err(invalid("locationId must be a string"));
    };
    here(data, location)?;
    let by_email = call.parameter("email").and_then(|email| data.ghl.with_email(email).first().copied());
    let number = call.parameter("number").map(e164);
    let by_phone = number.and_then(|number| data.ghl.with_phone(&number).first().copied());
    let found = by_email.map(|id| (id, "email")).or(by_phone.map(|id| (id, "phone")));
    let body = match found.and_then(|(id, field)| data.ghl.contacts.get(id).map(|contact| (contact, field))) {
        Some((contact, field)) => {
            json!({ "contact": shape::by_id(contact, &data.identity), "matchingField": field })
        }
        None => json!({ "contact": null }),
    };
    Ok(Answer::ok(body))
}
