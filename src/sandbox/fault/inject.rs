//! What a fault does to a request and to its answer.

use serde_json::{Value, json};

use super::{Fault, hostile};
use crate::record::Side;
use crate::sandbox::account::Profile;
use crate::sandbox::account::cliengo::TooMany;
use crate::sandbox::account::ghl::{ServerError, ServerErrorComes};
use crate::sandbox::call::{Answer, Call, Content};
use crate::sandbox::limit::retry_after;
use crate::sandbox::{cliengo, ghl};

const HTML: &str = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";

const BLOCKED: &str = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>\
    <body><h1>Sorry, you have been blocked</h1></body></html>";

const JSON: &str = "application/json; charset=utf-8";

/// What half a surrogate pair is written as, until the answer is bytes.
const SURROGATE: &str = "\u{E0D8}";

const CLOUDFLARE: &str = "<!DOCTYPE html><html><head><title>520: Web server is returning an unknown error</title></head>\
    <body>Error code 520</body></html>";

/// The keys under which listings put their rows.
const ARRAYS: [&str; 4] = ["results", "contacts", "tasks", "notes"];

/// The request as the CRM takes it.
pub(in crate::sandbox) fn call_of(fault: &Fault, mut call: Call) -> Call {
    if *fault == Fault::RepeatCursor {
        call.query.retain(|(name, _)| name != "offset");
        if let Some(Value::Object(body)) = &mut call.body {
            body.retain(|name, _| !["searchAfter", "skip", "page"].contains(&name.as_str()));
        }
    }
    if let (Fault::IgnoreField(field) | Fault::ForgetField(field), Some(Value::Object(body))) = (fault, &mut call.body)
    {
        body.remove(field);
    }
    call
}

/// The answer that claims a field was kept.
pub(in crate::sandbox) fn claim(answer: &mut Answer, field: &str, sent: Value) {
    let Some(Value::Object(body)) = answer.json_mut() else { return };
    let record = match body.get_mut("contact") {
        Some(Value::Object(contact)) => contact,
        _ => body,
    };
    record.insert(field.to_owned(), sent);
}

/// The answer that comes instead of any work, `now` in milliseconds.
pub(in crate::sandbox) fn before(fault: &Fault, call: &Call, account: &Profile, now: i64) -> Option<Answer> {
    let side = call.side;
    match fault {
        Fault::Gateway404 => Some(Answer::json(404, json!({ "message": "no Route matched with those values" }))),
        Fault::Firewall => Some(page(403, BLOCKED)),
        Fault::Refusal200 => Some(match side {
            Side::Cliengo => Answer::ok(json!({ "message": "You couldn't be authenticated" })),
            Side::Ghl => Answer::ok(json!({ "statusCode": 401, "message": "Invalid JWT", "error": "Unauthorized" })),
        }),
        Fault::Gone => Some(gone(call, account)),
        Fault::Redirect(host) => Some(hostile::redirect(call, host.as_deref())),
        Fault::Echo => Some(hostile::echo(call)),
        Fault::Bomb(mebibytes) => Some(hostile::bomb(*mebibytes)),
        Fault::TooMany { retry_after: told } => {
            let mut answer = too_many(side, "x-ratelimit-remaining");
            let wait = told.map(|seconds| seconds.to_string()).or_else(|| match side {
                Side::Ghl => retry_after(&account.ghl, now),
                Side::Cliengo => (account.cliengo.too_many == TooMany::Seconds).then(|| "1".to_owned()),
            });
            answer.headers.extend(wait.map(|wait| ("retry-after".into(), wait)));
            Some(answer)
        }
        Fault::ServerError if account.ghl.server_error_comes == ServerErrorComes::Before => {
            Some(server_error(account.ghl.server_error))
        }
        Fault::DailyExhausted => Some(too_many(side, "x-ratelimit-daily-remaining")),
        Fault::Status(status) => Some(failure(*status)),
        Fault::Html => Some(page(502, HTML)),
        Fault::Answer(stated) if !stated.after_work => Some(stated.answer()),
        Fault::ExpiredToken => Some(match side {
            Side::Ghl => ghl::unauthorized(),
            Side::Cliengo => cliengo::unauthenticated(&account.cliengo),
        }),
        _ => None,
    }
}

/// The record that a path names is gone, in the account's words.
fn gone(call: &Call, account: &Profile) -> Answer {
    let (what, id) = match call.segments().as_slice() {
        [_, contact] | [_, contact, _] => ("Contact", *contact),
        [_, _, "notes", note] => ("Note", *note),
        [.., task] => ("Task", *task),
        [] => ("Contact", ""),
    };
    match call.side {
        Side::Ghl => ghl::gone(&account.ghl, what, id),
        Side::Cliengo => cliengo::gone(&account.cliengo, id),
    }
}

/// A 429; GHL's says by a header what is used up.
fn too_many(side: Side, used_up: &'static str) -> Answer {
    match side {
        Side::Cliengo => Answer::json(429, json!({ "message": "Too Many Requests" })),
        Side::Ghl => {
            let mut answer = ghl::too_many();
            answer.headers.push((used_up.into(), "0".to_owned()));
            answer
        }
    }
}

fn page(status: u16, html: &'static str) -> Answer {
    Answer { status, body: Content::Raw("text/html; charset=utf-8".into(), html.into()), headers: Vec::new() }
}

fn server_error(kind: ServerError) -> Answer {
    match kind {
        ServerError::Gateway => page(502, HTML),
        ServerError::Json => failure(500),
        ServerError::Cloudflare => page(520, CLOUDFLARE),
    }
}

fn failure(status: u16) -> Answer {
    Answer::json(status, json!({ "statusCode": status, "message": "Something went wrong" }))
}

/// The answer after the work, as the fault leaves it.
pub(in crate::sandbox) fn alter(fault: &Fault, mut answer: Answer, account: &Profile) -> Answer {
    match fault {
        Fault::ServerError => return server_error(account.ghl.server_error),
        Fault::StatusAfterWrite(status) => return failure(*status),
        Fault::Answer(stated) => return stated.answer(),
        Fault::CreatedBut422 => return ghl::unprocessable(&["Unprocessable Entity".to_owned()]),
        Fault::TruncatedJson => {
            if let Content::Json(body) = &answer.body {
                let text = body.to_string();
                let half = text.chars().count() / 2;
                let cut: String = text.chars().take(half).collect();
                answer.body = Content::Raw("application/json; charset=utf-8".into(), cut.into_bytes());
            }
        }
        Fault::DropField(field) => {
            if let Some(body) = answer.json_mut() {
                drop_field(body, field);
            }
        }
        Fault::NoArray => {
            if let Some(Value::Object(body)) = answer.json_mut() {
                body.retain(|name, _| !ARRAYS.contains(&name.as_str()));
            }
        }
        Fault::EmptyListing => {
            with_rows(&mut answer, Vec::clear);
            if let Some(total) = answer.json_mut().and_then(|body| body.get_mut("total")) {
                *total = json!(0);
            }
            if let Some(total) = answer.json_mut().and_then(|body| body.pointer_mut("/paging/total")) {
                *total = json!(0);
            }
        }
        Fault::ShortListing => with_rows(&mut answer, |rows| rows.truncate(rows.len() / 2)),
        Fault::RepeatRow => with_rows(&mut answer, |rows| rows.extend(rows.last().cloned())),
        Fault::OrphanTask => with_rows(&mut answer, orphan),
        Fault::NullLists => with_rows(&mut answer, |rows| {
            let fields = rows.iter_mut().filter_map(Value::as_object_mut).flat_map(serde_json::Map::values_mut);
            fields.filter(|value| value.is_array()).for_each(|list| *list = Value::Null);
        }),
        Fault::Large(mebibytes) => hostile::with_text(&mut answer, |_| "x".repeat(mebibytes << 20)),
        Fault::ControlCharacters => {
            hostile::with_text(&mut answer, |text| format!("{text}\u{1b}[2J\r\nApplied 0 of 0 operations\u{7}"));
        }
        Fault::Surrogate => {
            hostile::with_text(&mut answer, |text| format!("{text}{SURROGATE}"));
            hostile::with_bytes(&mut answer, JSON, |text| text.replace(SURROGATE, "\\ud83d").into_bytes());
        }
        Fault::Charset => hostile::with_bytes(&mut answer, JSON, |text| hostile::latin(&text)),
        Fault::ByteOrderMark => hostile::with_bytes(&mut answer, JSON, |text| format!("\u{feff}{text}").into_bytes()),
        Fault::TornPage => with_rows(&mut answer, |rows| {
            if rows.len() > 1 {
                rows.remove(0);
                rows.extend(rows.last().cloned());
            }
        }),
        _ => {}
    }
    answer
}

fn with_rows(answer: &mut Answer, change: impl FnOnce(&mut Vec<Value>)) {
    let Some(Value::Object(body)) = answer.json_mut() else { return };
    let name = ARRAYS.into_iter().find(|name| body.get(*name).is_some_and(Value::is_array));
    if let Some(Value::Array(rows)) = name.and_then(|name| body.get_mut(name)) {
        change(rows);
    }
}

/// One more task, of a contact that nobody knows.
fn orphan(rows: &mut Vec<Value>) {
    let Some(mut task) = rows.last().cloned() else { return };
    let Some(fields) = task.as_object_mut().filter(|task| task.contains_key("contactId")) else { return };
    for id in ["_id", "id"] {
        if let Some(id) = fields.get_mut(id) {
            *id = json!("0rphan0rphan0rphan00");
        }
    }
    fields.insert("contactId".to_owned(), json!("n0b0dyn0b0dyn0b0dy00"));
    rows.push(task);
}

fn drop_field(value: &mut Value, field: &str) {
    match value {
        Value::Object(record) => {
            record.remove(field);
            record.values_mut().for_each(|inner| drop_field(inner, field));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| drop_field(item, field)),
        _ => {}
    }
}
