//! How GHL says no (GHL API notes, 4), and what its validation lets through.

use serde_json::{Map, Value, json};

use super::super::account::ghl::{Gone, Switches};
use super::super::call::{Answer, Call};
use super::super::data::Data;

pub(crate) fn unprocessable(messages: &[String]) -> Answer {
    Answer::json(422, json!({ "message": messages, "error": "Unprocessable Entity", "statusCode": 422 }))
}

pub(super) fn invalid(message: &str) -> Answer {
    unprocessable(&[message.to_owned()])
}

pub(super) fn bad_request(message: &str) -> Answer {
    Answer::json(400, json!({ "message": message, "error": "Bad Request", "statusCode": 400 }))
}

/// "Gone", in the location's words.
pub(super) fn not_found(data: &Data, what: &str, id: &str) -> Answer {
    gone(&data.account.ghl, what, id)
}

pub(crate) fn gone(account: &Switches, what: &str, id: &str) -> Answer {
    let with_id = |status: u16| json!({ "error": format!("{what} with id {id} not found"), "status": status });
    let for_id = |status: u16| json!({ "statusCode": status, "message": format!("{what} not found for id:{id}") });
    match account.gone {
        Gone::WithIdNotFound => Answer::json(400, with_id(400)),
        Gone::WithIdNotFound404 => Answer::json(404, with_id(404)),
        Gone::NotFoundForId => Answer::json(400, for_id(400)),
        Gone::NotFoundForId404 => Answer::json(404, for_id(404)),
    }
}

pub(crate) fn unauthorized() -> Answer {
    let message = "Invalid token: access token is invalid";
    Answer::json(401, json!({ "statusCode": 401, "message": message, "error": "Unauthorized" }))
}

pub(super) fn wrong_location() -> Answer {
    let message = "The token does not have access to this location";
    Answer::json(403, json!({ "statusCode": 403, "message": message, "error": "Forbidden" }))
}

pub(crate) fn too_many() -> Answer {
    Answer::json(429, json!({ "statusCode": 429, "message": "Too Many Requests" }))
}

/// What a property may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    /// A text, or `null` to clear it.
    TextOrNull,
    EmailOrNull,
    Flag,
    Number,
    Texts,
    List,
    Object,
    Date,
}

/// One property that an endpoint takes.
pub(super) type Property = (&'static str, Holds);

/// The body's properties, or the 422 that names every unknown, missing and mistyped one.
pub(super) fn properties<'call>(
    call: &'call Call,
    allowed: &[Property],
    required: &[&str],
) -> Result<&'call Map<String, Value>, Answer> {
    let body = match &call.body {
        Some(Value::Object(body)) => body,
        _ if required.is_empty() => return Err(bad_request("Unexpected end of JSON input")),
        _ => return Err(unprocessable(&required.iter().map(|name| missing(name, allowed)).collect::<Vec<_>>())),
    };
    let mut messages = Vec::new();
    for (name, value) in body {
        match allowed.iter().find(|(known, _)| known == name) {
            None => messages.push(format!("property {name} should not exist")),
            Some((_, holds)) => messages.extend(wrong(name, value, *holds)),
        }
    }
    let absent = required.iter().filter(|name| !body.contains_key(**name));
    messages.extend(absent.map(|name| missing(name, allowed)));
    if messages.is_empty() { Ok(body) } else { Err(unprocessable(&messages)) }
}

fn missing(name: &str, allowed: &[Property]) -> String {
    let holds = allowed.iter().find(|(known, _)| *known == name).map_or(Holds::Text, |(_, holds)| *holds);
    format!("{name} {}", rule(holds))
}

fn rule(holds: Holds) -> &'static str {
    match holds {
        Holds::Text | Holds::TextOrNull => "must be a string",
        Holds::EmailOrNull => "must be an email",
        Holds::Flag => "must be a boolean value",
        Holds::Number => "must be a number conforming to the specified constraints",
        Holds::Texts => "must be an array of strings",
        Holds::List => "must be an array",
        Holds::Object => "must be an object",
        Holds::Date => "must be a valid ISO 8601 date string",
    }
}

fn wrong(name: &str, value: &Value, holds: Holds) -> Option<String> {
    let is_email = |value: &Value| value.as_str().is_some_and(|text| text.contains('@') && !text.contains(' '));
    let fits = match holds {
        Holds::Text => value.is_string(),
        Holds::TextOrNull => value.is_string() || value.is_null(),
        Holds::EmailOrNull => value.is_null() || is_email(value),
        Holds::Flag => value.is_boolean(),
        Holds::Number => value.is_number(),
        Holds::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        Holds::List => value.is_array(),
        Holds::Object => value.is_object(),
        Holds::Date => value.as_str().is_some_and(|text| super::super::data::parse_date(text).is_some()),
    };
    (!fits).then(|| format!("{name} {}", rule(holds)))
}

/// A list of texts; empty when it is none.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
