//! How an account shows what it has, and what it says no to (`account::cliengo`).

use jiff::tz::{Offset, TimeZone};
use serde_json::{Map, Value, json};

use super::super::account::cliengo::{
    AccountId, Dates, EmptyField, LeadFields, NoteCap, NoteId, NoteList, NoteOrder, Refusal, Switches, SystemNotes,
    Tags, Tasks, Unusual,
};
use super::super::call::{Answer, Content};
use super::super::data::{CliengoContact, Data, wire_date};
use super::{listing, refusal};

/// What a lone surrogate is written as, until the answer is bytes.
const SURROGATE: &str = "\u{E0D8}";

/// The account's zone, as `/account` tells it.
pub(super) fn zone() -> TimeZone {
    TimeZone::fixed(Offset::constant(-3))
}

/// An instant as the account writes it.
pub(super) fn date(milliseconds: i64, account: &Switches) -> String {
    let utc = wire_date(milliseconds);
    match account.dates {
        Dates::Utc => utc,
        Dates::WithoutOffset => utc.trim_end_matches('Z').to_owned(),
        Dates::DateOnly => utc.get(..10).unwrap_or_default().to_owned(),
        Dates::AccountZone => {
            let at = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default();
            at.to_zoned(zone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
        }
    }
}

/// A contact, wherever it is shown.
pub(super) fn contact(mut record: Value, contact: &CliengoContact, data: &Data) -> Value {
    let account = &data.account.cliengo;
    let Some(fields) = record.as_object_mut() else { return record };
    fields.insert("creationDate".to_owned(), json!(date(contact.created, account)));
    fields.insert("lastUpdateDate".to_owned(), json!(date(contact.updated, account)));
    if account.lead_fields == LeadFields::LeftOut {
        fields.remove("leadFields");
    }
    match account.account_id {
        AccountId::There => {}
        AccountId::LeftOut => _ = fields.remove("accountId"),
        AccountId::Another => {
            let other: String = data.identity.account_id.chars().rev().collect();
            fields.insert("accountId".to_owned(), json!(other));
        }
    }
    tags(fields, contact.had_tags, account);
    empty_fields(fields, account);
    record
}

fn tags(fields: &mut Map<String, Value>, had_some: bool, account: &Switches) {
    let Some(tags) = fields.get_mut("tags") else { return };
    let has_none = tags.as_array().is_none_or(Vec::is_empty);
    match account.tags {
        Tags::Objects => {
            let items = tags.as_array().into_iter().flatten();
            *tags = items.map(|tag| json!({ "name": tag, "color": "#1d9bf0" })).collect();
        }
        Tags::NullWhenNone if has_none => *tags = Value::Null,
        Tags::LeftOutUntilOne if has_none && !had_some => _ = fields.remove("tags"),
        Tags::LeftOut => _ = fields.remove("tags"),
        Tags::Texts | Tags::NullWhenNone | Tags::LeftOutUntilOne => {}
    }
}

fn empty_fields(fields: &mut Map<String, Value>, account: &Switches) {
    let is_empty = |value: &Value| value.is_null() || value.as_str() == Some("");
    // The fields that a person fills in.
    let plain = ["name", "lastName", "email", "phone", "subStatus", "utmCampaign", "assignedTo"];
    for name in plain {
        let Some(value) = fields.get_mut(name).filter(|value| is_empty(value)) else { continue };
        match account.empty_field {
            EmptyField::AsWritten => {}
            EmptyField::Empty => *value = json!(""),
            EmptyField::Null => *value = Value::Null,
            EmptyField::LeftOut => _ = fields.remove(name),
        }
    }
}

/// Makes one page of the contact list as unusual as the account's are; the last one has an unreadable row where it `is_due`.
pub(super) fn page(rows: &mut Vec<Value>, data: &Data, is_last: bool, is_due: bool) {
    let first = data.cliengo.contacts.all().next().map(|contact| contact.id.as_str());
    let odd = rows.iter_mut().filter(|row| row.get("id").and_then(Value::as_str) == first);
    match data.account.cliengo.unusual {
        Unusual::NullList => {
            for fields in odd.filter_map(Value::as_object_mut) {
                for name in ["tags", "notes", "calls", "logs"] {
                    if let Some(list) = fields.get_mut(name) {
                        *list = Value::Null;
                    }
                }
            }
        }
        Unusual::LoneSurrogate => {
            odd.for_each(|row| set(row, "message", json!(format!("Hola {SURROGATE} ¿cuánto sale?"))));
        }
        Unusual::UnreadableDate => odd.for_each(|row| set(row, "creationDate", json!("ayer"))),
        Unusual::RepeatedRow if is_last => rows.extend(rows.last().cloned()),
        Unusual::UnreadableRow if is_last && is_due => rows.push(unreadable(data)),
        Unusual::Nothing | Unusual::RepeatedRow | Unusual::UnreadableRow => {}
    }
}

fn set(row: &mut Value, name: &str, value: Value) {
    if let Some(fields) = row.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// When the unreadable contact was created: 2026-01-01T11:00:00Z.
pub(super) const UNREADABLE_SINCE: i64 = 1_767_265_200_000;

/// A row whose values are of the wrong kinds.
pub(super) fn unreadable(data: &Data) -> Value {
    json!({
        "id": data.identity.further_websites()[0].chars().rev().collect::<String>(),
        "accountId": data.identity.account_id,
        "name": { "first": ["?"] }, "lastName": 7, "email": ["?"], "phone": { "type": "unknown" },
        "creationDate": wire_date(UNREADABLE_SINCE), "lastUpdateDate": wire_date(UNREADABLE_SINCE), "tags": "?",
    })
}

/// Whether an id is the unreadable contact's.
pub(super) fn is_unreadable(data: &Data, id: &str) -> bool {
    data.account.cliengo.unusual == Unusual::UnreadableRow
        && unreadable(data).get("id").and_then(Value::as_str) == Some(id)
}

/// The answer with what no text of Rust can hold.
pub(super) fn finished(answer: Answer, account: &Switches) -> Answer {
    match &answer.body {
        Content::Json(body) if account.unusual == Unusual::LoneSurrogate => {
            let text = body.to_string().replace(SURROGATE, "\\ud83d");
            let body = Content::Raw("application/json; charset=utf-8".into(), text.into_bytes());
            Answer { body, ..answer }
        }
        _ => answer,
    }
}

/// A contact's notes, newest first, in the account's envelope.
pub(super) fn notes(mut notes: Vec<Value>, contact: &str, account: &Switches) -> Answer {
    let has_system_note = u8::from_str_radix(contact.get(contact.len() - 1..).unwrap_or_default(), 16)
        .is_ok_and(|digit| digit.is_multiple_of(4));
    if account.system_notes == SystemNotes::WithoutText && has_system_note {
        notes.push(json!({
            "ID": contact.chars().rev().collect::<String>(), "type": "SYSTEM", "creatorId": "system",
            "creationDate": date(1_767_265_200_000, account),
        }));
    }
    if account.note_cap == NoteCap::Fifty {
        notes.truncate(50);
    }
    if account.note_order == NoteOrder::OldestFirst {
        notes.reverse();
    }
    let notes: Vec<Value> = notes.into_iter().map(|note| self::note(note, account)).collect();
    match account.note_list {
        NoteList::Results => listing(&notes),
        NoteList::Bare => Answer::ok(json!(notes)),
        NoteList::Notes => Answer::ok(json!({ "notes": notes })),
        NoteList::Data => Answer::ok(json!({ "data": notes })),
    }
}

/// A note.
pub(super) fn note(mut record: Value, account: &Switches) -> Value {
    if account.note_id == NoteId::Plain
        && let Some(fields) = record.as_object_mut()
        && let Some(id) = fields.remove("ID")
    {
        fields.insert("id".to_owned(), id);
    }
    record
}

/// What stands where the tasks would be.
pub(super) fn no_tasks(account: &Switches) -> Option<Answer> {
    match account.tasks {
        Tasks::Resource => None,
        Tasks::NotFound => Some(refusal(404, "Not Found")),
        Tasks::Unauthorized => Some(refusal(401, "Unauthorized")),
        Tasks::Forbidden => Some(refusal(403, "Forbidden")),
        Tasks::ServerError => Some(refusal(500, "Internal Server Error")),
        Tasks::Page => Some(html(200, "<!DOCTYPE html><html><body><div id=\"app\"></div></body></html>")),
        Tasks::Unrelated => Some(listing(&[
            json!({ "id": "600000000000000000000001", "type": "STATUS", "from": "NEW", "to": "ACTIVE" }),
        ])),
    }
}

fn html(status: u16, page: &'static str) -> Answer {
    Answer { status, body: Content::Raw("text/html; charset=utf-8".into(), page.into()), headers: Vec::new() }
}

/// How a wrong key is refused.
pub(in crate::sandbox) fn unauthenticated(account: &Switches) -> Answer {
    let why = "You couldn't be authenticated";
    match account.refusal {
        Refusal::Unauthorized => refusal(401, why),
        Refusal::Forbidden => refusal(403, why),
        Refusal::Message => refusal(200, why),
        Refusal::Error => Answer::ok(json!({ "error": why })),
        Refusal::Login => {
            let headers = vec![("location".into(), "https://app.cliengo.com/login".to_owned())];
            Answer { headers, ..html(302, "<html><body>Found</body></html>") }
        }
    }
}
