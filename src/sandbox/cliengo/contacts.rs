//! Contacts and their tags (Cliengo API notes, 1.6, 2.5 and 2.6).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::account::cliengo::{
    Dates, Deleted, ExtraParams, KnownPerson, NameStored, OffsetCap, Order, PatchAnswer, PatchEmpty, PhoneStored,
    SubDay, Switches, TagStored, Total, Until, Unusual,
};
use super::super::call::{Answer, Answered, Call};
use super::super::data::{
    CliengoContact, Data, Identity, Moment, folded, is_blank, parse_date, wire_date, without_emoji,
};
use super::{Manner, manner, refusal};

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

/// A contact as the account shows it.
fn as_shown(data: &Data, contact: &CliengoContact, manner: Manner) -> Value {
    manner::contact(shown(contact, &data.identity, manner.hide_tags), contact, data)
}

fn answer(data: &Data, contact: &CliengoContact, manner: Manner) -> Answer {
    Answer::ok(as_shown(data, contact, manner))
}

pub(super) fn find<'data>(data: &'data Data, id: &str) -> Result<&'data Arc<CliengoContact>, Answer> {
    data.cliengo.contacts.get(id).ok_or_else(|| {
        let was_there = data.cliengo.deleted.get(id).is_some();
        match data.account.cliengo.deleted {
            Deleted::Gone if was_there => refusal(410, "Contact has been deleted"),
            _ => refusal(404, "Contact not found"),
        }
    })
}

/// A deleted contact, where the account still shows it.
fn deleted(data: &Data, contact: &CliengoContact, manner: Manner) -> Value {
    let mut record = as_shown(data, contact, manner);
    if let Some(fields) = record.as_object_mut() {
        fields.insert("status".to_owned(), json!("DELETED"));
    }
    record
}

/// The bounds of a list: creation from the first, up to the second.
fn window(data: &Data, call: &Call) -> (i64, i64) {
    const DAY: i64 = 86_400_000;
    let account = &data.account.cliengo;
    // A plain date begins at midnight in UTC, or where the account is.
    let offset = if account.dates == Dates::AccountZone { 3 * DAY / 24 } else { 0 };
    let instant = |name: &str| {
        let text = call.parameter(name)?;
        let at = parse_date(text)?;
        let is_date = text.len() == 10;
        let cut = !is_date && account.sub_day == SubDay::Cut;
        let day = if cut { at - (at - offset).rem_euclid(DAY) } else { at };
        Some((if is_date { at + offset } else { day }, is_date || cut))
    };
    let since = instant("since").map_or(i64::MIN, |(at, _)| at);
    let until = instant("until").map_or(i64::MAX, |(at, is_day)| match account.until {
        Until::Exclusive => at,
        Until::Inclusive => at + if is_day { DAY } else { 1 },
    });
    (since, until)
}

/// `GET /contacts`: newest first; only `limit`, `offset`, `since` and `until` mean anything.
pub(super) fn list(data: &Data, call: &Call, manner: Manner) -> Answered {
    let account = &data.account.cliengo;
    let number = |name| call.parameter(name).and_then(|text| text.parse::<usize>().ok());
    let offset = number("offset").unwrap_or(0);
    if offset > LARGEST_OFFSET && account.offset_cap != OffsetCap::None {
        let status = if account.offset_cap == OffsetCap::ServerError { 500 } else { 400 };
        return Err(refusal(status, "Offset cannot be greater than 1000"));
    }
    let limit = number("limit").unwrap_or(DEFAULT_PAGE).clamp(1, LARGEST_PAGE);
    let (since, until) = window(data, call);
    let found = rows(data, since, until);
    let mut total = found.len();
    let page = found.into_iter().skip(offset).take(limit);
    let mut results: Vec<Value> = page
        .map(
            |(contact, is_deleted)| {
                if is_deleted { deleted(data, contact, manner) } else { as_shown(data, contact, manner) }
            },
        )
        .collect();
    let is_last = results.len() < limit;
    let is_due = account.unusual == Unusual::UnreadableRow && (since..until).contains(&manner::UNREADABLE_SINCE);
    manner::page(&mut results, data, is_last, is_due);
    if is_due {
        total += 1;
    }
    let mut paging = json!({ "total": total, "page": offset / limit });
    if let Some(paging) = paging.as_object_mut() {
        match account.total {
            Total::Whole => {}
            Total::Page => _ = paging.insert("total".to_owned(), json!(results.len())),
            Total::LeftOut => _ = paging.remove("total"),
            Total::Text => _ = paging.insert("total".to_owned(), json!(total.to_string())),
        }
    }
    Ok(Answer::ok(json!({ "results": results, "paging": paging })))
}

/// The contacts of a window in the account's order, and whether each is deleted.
fn rows(data: &Data, since: i64, until: i64) -> Vec<(&CliengoContact, bool)> {
    let account = &data.account.cliengo;
    let (contacts, deleted) = (&data.cliengo.contacts, &data.cliengo.deleted);
    let order = contacts.order();
    let start = order.partition_point(|(at, _)| *at < since);
    let end = order.partition_point(|(at, _)| *at < until);
    let window = order.get(start..end).unwrap_or_default();
    let newest = window.iter().rev().filter_map(|(_, id)| contacts.get(id));
    let mut found: Vec<_> = newest.map(|contact| (contact.as_ref(), false)).collect();
    if account.deleted == Deleted::Listed {
        let within = deleted.all().map(|contact| &contact.0);
        found.extend(within.filter(|contact| (since..until).contains(&contact.created)).map(|contact| (contact, true)));
        found.sort_by(|(one, _), (other, _)| (other.created, &other.id).cmp(&(one.created, &one.id)));
    }
    match account.order {
        Order::NewestFirst => {}
        Order::LastUpdate => found.sort_by_key(|(contact, _)| std::cmp::Reverse(contact.updated)),
        Order::None => found.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id)),
    }
    found
}

pub(super) fn read(data: &Data, id: &str, manner: Manner) -> Answered {
    let account = &data.account.cliengo;
    if matches!(account.deleted, Deleted::StatusDeleted | Deleted::Listed)
        && let Some(contact) = data.cliengo.deleted.get(id)
    {
        return Ok(Answer::ok(deleted(data, &contact.0, manner)));
    }
    if manner::is_unreadable(data, id) {
        return Ok(Answer::ok(manner::unreadable(data)));
    }
    Ok(answer(data, find(data, id)?, manner))
}

/// The contact that has the e-mail or the phone of a new one.
fn known<'data>(data: &'data Data, call: &Call) -> Option<&'data Arc<CliengoContact>> {
    let digits = |phone: &str| phone.chars().filter(char::is_ascii_digit).collect::<String>();
    let email = call.text("email").map(folded).filter(|email| !email.is_empty());
    let phone = call.text("phone").map(digits).filter(|phone| !phone.is_empty());
    data.cliengo.contacts.all().find(|contact| {
        email.as_ref().is_some_and(|email| folded(contact.text("email")) == *email)
            || phone.as_ref().is_some_and(|phone| digits(contact.text("phone")) == *phone)
    })
}

/// `POST /contacts`: a new contact, whoever it may be; some accounts unify (Cliengo API notes, 4).
pub(super) fn create(data: &mut Data, call: &Call, moment: Moment, manner: Manner) -> Answered {
    let Some(website_id) = call.text("websiteId").filter(|id| !id.is_empty()) else {
        return Err(refusal(400, "websiteId is required"));
    };
    let account = data.account.cliengo;
    if account.known_person != KnownPerson::Another
        && let Some(existing) = known(data, call)
    {
        let body = as_shown(data, existing, manner);
        return match account.known_person {
            KnownPerson::Conflict => Err(refusal(409, "Contact already exists")),
            KnownPerson::ExistingCreated => Ok(Answer::json(201, body)),
            KnownPerson::Existing | KnownPerson::Another => Ok(Answer::ok(body)),
        };
    }
    let mut fields = Map::new();
    for name in CREATE_FIELDS {
        if let Some(value) = call.body.as_ref().and_then(|body| body.get(name)) {
            put(&mut fields, name, value, &account);
        }
    }
    fields.entry("status").or_insert_with(|| json!("NEW"));
    fields.entry("entryMethod").or_insert_with(|| json!("API"));
    let contact = CliengoContact {
        id: data.cliengo_id(),
        website_id: website_id.to_owned(),
        fields,
        tags: Vec::new(),
        had_tags: false,
        created: moment.now,
        updated: moment.now,
    };
    let answer = answer(data, &contact, manner);
    data.cliengo.contacts.save(contact);
    Ok(answer)
}

/// Stores one field as the account does.
fn put(fields: &mut Map<String, Value>, name: &str, value: &Value, account: &Switches) {
    let parted = match (name, account.name_stored, value.as_str()) {
        ("name", NameStored::Parted | NameStored::FullAndLast, Some(full)) => full.trim().rsplit_once(' '),
        _ => None,
    };
    let Some((first, last)) = parted else {
        fields.insert(name.to_owned(), stored(name, value, account));
        return;
    };
    let whole = if account.name_stored == NameStored::Parted { json!(first) } else { value.clone() };
    fields.insert("name".to_owned(), whole);
    fields.insert("lastName".to_owned(), json!(last));
}

/// A status comes in any case and is kept in capitals.
fn stored(name: &str, value: &Value, account: &Switches) -> Value {
    match (name, value.as_str()) {
        ("status", Some(status)) => json!(status.to_uppercase()),
        ("phone", Some(phone)) if !phone.is_empty() => json!(stored_phone(phone, account)),
        ("name", Some(name)) => match account.name_stored {
            NameStored::Cut => json!(name.chars().take(50).collect::<String>()),
            NameStored::WithoutEmoji => json!(without_emoji(name)),
            NameStored::AsSent | NameStored::Parted | NameStored::FullAndLast => value.clone(),
        },
        _ => value.clone(),
    }
}

fn stored_phone(phone: &str, account: &Switches) -> String {
    let digits = || phone.chars().filter(char::is_ascii_digit).collect::<String>();
    match account.phone_stored {
        PhoneStored::AsSent => phone.to_owned(),
        PhoneStored::Digits => digits(),
        PhoneStored::ChatId => format!("{}@c.us", digits()),
        PhoneStored::WithChannel => format!("{phone} (WhatsApp)"),
    }
}

/// A tag as the account stores it.
pub(crate) fn stored_tag(tag: &str, account: &Switches) -> String {
    match account.tag_stored {
        TagStored::AsSent => tag.to_owned(),
        TagStored::Trimmed => tag.trim().to_owned(),
        TagStored::LowerCase => tag.to_lowercase(),
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

/// `PATCH /contacts/{id}`: the documented fields; the rest is ignored.
pub(super) fn update(data: &mut Data, id: &str, call: &Call, moment: Moment, manner: Manner) -> Answered {
    let account = data.account.cliengo;
    let empty = Map::new();
    let body = call.body.as_ref().and_then(Value::as_object).unwrap_or(&empty);
    find(data, id)?;
    if account.patch_empty == PatchEmpty::Refused && body.values().any(is_blank) {
        return Err(refusal(400, "Empty values are not allowed"));
    }
    let whole = change(data, id, moment, manner, |contact| {
        for (name, read_as) in UPDATE_FIELDS {
            let value = body.get(name);
            let value = value.filter(|value| account.patch_empty == PatchEmpty::Applied || !is_blank(value));
            if let Some(value) = value {
                put(&mut contact.fields, read_as, value, &account);
            }
        }
        if let Some(extra) = body.get("extraParams").and_then(Value::as_object) {
            let kept = contact.fields.entry("leadFields").or_insert_with(|| json!({}));
            if let Some(kept) = kept.as_object_mut() {
                if account.extra_params == ExtraParams::Replaced {
                    kept.clear();
                }
                kept.extend(extra.clone());
            }
        }
    })?;
    Ok(match account.patch_answer {
        PatchAnswer::Contact => whole,
        PatchAnswer::Ok => Answer::ok(json!({ "ok": true })),
        PatchAnswer::NoContent => Answer::empty(204),
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
    let tag = stored_tag(tag(call)?, &data.account.cliengo);
    let contact = find(data, id)?;
    if contact.tags.contains(&tag) {
        return Ok(answer(data, contact, manner));
    }
    change(data, id, moment, manner, |contact| contact.tags.push(tag))
}

/// `DELETE /contacts/{id}/tags` (extended): exactly that spelling.
pub(super) fn remove_tag(data: &mut Data, id: &str, call: &Call, moment: Moment, manner: Manner) -> Answered {
    let tag = call.text("tag").or_else(|| call.parameter("tag")).unwrap_or_default();
    let contact = find(data, id)?;
    if !contact.tags.iter().any(|present| present == tag) {
        return Ok(answer(data, contact, manner));
    }
    change(data, id, moment, manner, |contact| {
        contact.tags.retain(|present| present != tag);
        contact.had_tags = true;
    })
}

/// `DELETE /contacts/{id}`: for good, with its notes and tasks.
pub(super) fn delete(data: &mut Data, id: &str) -> Answered {
    find(data, id)?;
    data.cliengo.remove_contact(id);
    Ok(Answer::ok(json!({ "id": id, "status": "DELETED" })))
}
