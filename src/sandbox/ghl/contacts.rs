//! Contacts by id, creation and the duplicate check (GHL API notes, 3.1).

use serde_json::{Map, Value, json};

use super::super::account::ghl::{CreateAnswer, Duplicate, EmailStored, NameStored, PhoneStored, PutNull, Switches};
use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, GhlContact, Moment, is_blank, without_emoji};
use super::refusal::{Holds, Property, bad_request, invalid, properties, texts, unprocessable};
use super::{custom, define, find, here, manner, shape, succeeded, survivor, tidy};

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

/// A phone as the location stores it.
fn stored_phone(phone: &str, account: &Switches) -> String {
    match account.phone_stored {
        PhoneStored::E164 => e164(phone),
        PhoneStored::AsSent => phone.to_owned(),
        PhoneStored::WithoutNine => e164(phone).replacen("+549", "+54", 1),
        PhoneStored::WithoutOne => e164(phone).replacen("+521", "+52", 1),
    }
}

/// A name as the location stores it.
fn stored_name(name: &str, account: &Switches) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    match account.name_stored {
        NameStored::AsSent => name.to_owned(),
        NameStored::Capitalised => name.split(' ').map(capitalised).collect::<Vec<_>>().join(" "),
        NameStored::Trimmed => name.split_whitespace().collect::<Vec<_>>().join(" "),
        NameStored::Cut => name.chars().take(100).collect(),
        NameStored::WithoutEmoji => without_emoji(name),
    }
}

/// Puts one plain field on a contact; `null` or an empty text takes it away.
pub(crate) fn set_field(contact: &mut GhlContact, name: &str, value: &Value, account: &Switches) {
    if name == "name" {
        let full = value.as_str().unwrap_or_default().trim();
        let (first, last) = full.split_once(' ').unwrap_or((full, ""));
        set_field(contact, "firstName", &json!(first), account);
        set_field(contact, "lastName", &json!(last.trim()), account);
    } else if is_blank(value) {
        contact.fields.remove(name);
    } else {
        let kept = match (name, value.as_str()) {
            ("phone", Some(phone)) => json!(stored_phone(phone, account)),
            ("firstName" | "lastName", Some(name)) => json!(stored_name(name, account)),
            ("email", Some(email)) if account.email_stored == EmailStored::LowerCase => json!(email.to_lowercase()),
            _ => value.clone(),
        };
        contact.fields.insert(name.to_owned(), kept);
    }
}

/// Takes a validated body over; the parts of a name win over the whole.
fn take(data: &mut Data, contact: &mut GhlContact, body: &Map<String, Value>, moment: Moment) -> Result<(), Answer> {
    let account = data.account.ghl;
    refuse_email(body, &account)?;
    if let Some(name) = body.get("name").filter(|_| !body.contains_key("firstName")) {
        set_field(contact, "name", name, &account);
    }
    for (name, value) in body {
        match name.as_str() {
            "name" | "locationId" => {}
            "tags" => {
                contact.tags = tidy(&texts(Some(value)), account.tag_stored);
                define(data, &contact.tags, moment);
            }
            "customFields" => custom::merge(data, contact, value)?,
            _ => set_field(contact, name, value, &account),
        }
    }
    Ok(())
}

/// Refuses an e-mail with a plus sign, where the location does.
fn refuse_email(body: &Map<String, Value>, account: &Switches) -> Result<(), Answer> {
    let is_unusual = body.get("email").and_then(Value::as_str).is_some_and(|email| email.contains('+'));
    match account.email_stored {
        EmailStored::RefusedByName if is_unusual => Err(bad_request("email must be an email")),
        EmailStored::RefusedAsList if is_unusual => Err(invalid("email must be an email")),
        _ => Ok(()),
    }
}

/// Refuses what would be a second contact with the same e-mail or phone.
fn refuse_duplicate(data: &Data, contact: &GhlContact) -> Result<(), Answer> {
    let rule = data.account.ghl.duplicate;
    let unique: &[&str] = match rule {
        Duplicate::Allowed => &[],
        Duplicate::UniqueEmail => &["email"],
        Duplicate::UniquePhone => &["phone"],
        Duplicate::Refused | Duplicate::RefusedWithoutField | Duplicate::Unprocessable => &["email", "phone"],
    };
    for field in unique.iter().copied() {
        let key = contact.text(field);
        let found = if field == "email" { data.ghl.with_email(key) } else { data.ghl.with_phone(key) };
        let other = found.into_iter().find(|id| !key.is_empty() && *id != contact.id);
        if let Some(other) = other.and_then(|id| data.ghl.contacts.get(id)) {
            let message = "This location does not allow duplicated contacts.";
            if rule == Duplicate::Unprocessable {
                return Err(invalid(message));
            }
            let mut meta = json!({ "contactId": other.id, "contactName": other.full_name() });
            if let Some(meta) = meta.as_object_mut().filter(|_| rule != Duplicate::RefusedWithoutField) {
                meta.insert("matchingField".to_owned(), json!(field));
            }
            let body = json!({ "statusCode": 400, "message": message, "meta": meta });
            return Err(Answer::json(400, body));
        }
    }
    Ok(())
}

/// Whoever has the e-mail of a body, else its phone.
pub(super) fn with_key_of(data: &Data, body: &Map<String, Value>) -> Option<String> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let by_email = text("email").and_then(|email| data.ghl.with_email(email).first().copied());
    let phone = text("phone").map(|phone| stored_phone(phone, &data.account.ghl));
    by_email.or_else(|| data.ghl.with_phone(&phone?).first().copied()).map(str::to_owned)
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
    let whole = shown(data, &contact);
    let id = json!({ "id": contact.id });
    let body = match data.account.ghl.create_answer {
        CreateAnswer::Whole => json!({ "contact": whole }),
        CreateAnswer::WholeBare => whole,
        CreateAnswer::Id => json!({ "contact": id }),
        CreateAnswer::IdBare => id,
    };
    data.ghl.save_contact(contact, moment);
    Ok(Answer::json(201, body))
}

/// A contact by id, as the location shows it.
fn shown(data: &Data, contact: &GhlContact) -> Value {
    manner::contact(shape::by_id(contact, &data.identity), data)
}

pub(super) fn read(data: &Data, id: &str) -> Answered {
    Ok(Answer::ok(json!({ "contact": shown(data, find(data, survivor(data, id))?) })))
}

/// A body without its `null`s, or the 422 for them, as the location takes them.
fn without_nulls(body: &Map<String, Value>, account: &Switches) -> Result<Map<String, Value>, Answer> {
    let nulls: Vec<&String> = body.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name).collect();
    match account.put_null {
        PutNull::Refused if !nulls.is_empty() => {
            Err(unprocessable(&nulls.iter().map(|name| format!("{name} must be a string")).collect::<Vec<_>>()))
        }
        PutNull::Ignored => Ok(body
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()),
        PutNull::Clears | PutNull::Refused => Ok(body.clone()),
    }
}

/// `PUT /contacts/{id}`: partial; `tags` replaces them all.
pub(super) fn update(data: &mut Data, id: &str, call: &Call, moment: Moment) -> Answered {
    let mut contact = GhlContact::clone(find(data, id)?);
    let body = &without_nulls(properties(call, &UPDATE, &[])?, &data.account.ghl)?;
    take(data, &mut contact, body, moment)?;
    if ["email", "phone"].iter().any(|key| body.contains_key(*key)) {
        refuse_duplicate(data, &contact)?;
    }
    contact.updated = moment.now;
    let shown = shown(data, &contact);
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
            json!({ "contact": shown(data, contact), "matchingField": field })
        }
        None => json!({ "contact": null }),
    };
    Ok(Answer::ok(body))
}
