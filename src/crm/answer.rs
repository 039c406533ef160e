//! What a CRM answered, and how much of it may be repeated in a message.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::record::Kind;

/// Long enough for every message seen on the wire.
const SHOWN: usize = 200;

/// No answer of either CRM is nested a tenth as deep. Below the 128 at which a tree is no longer built, so that what passes here
/// can be read everywhere.
pub(super) const DEEPEST: usize = 100;

/// What is said of a body that [`is_json`] does not accept.
pub(super) const NOT_JSON: &str = "it answered something that is not JSON";

/// What is said of a 403 that is a page.
pub(super) const BLOCKED: &str =
    "blocked, a page of HTML: a firewall in front of the CRM refused this machine or what was sent, not the key";

/// The answer to a read.
#[derive(Debug)]
pub(super) enum Answer {
    /// A 2xx with JSON.
    Body(String),
    /// A status that asking again would not change.
    No(No),
}

/// A 4xx that is about the request, not about the moment.
#[derive(Debug)]
pub(super) struct No {
    /// The HTTP status.
    pub status: u16,
    /// The body, whatever it is.
    pub body: String,
}

/// Whether a body is JSON to its end, and not nested without an end.
pub(super) fn is_json(body: &str) -> bool {
    first_depth(body, |depth| depth > DEEPEST).is_none() && serde_json::from_str::<IgnoredAny>(body).is_ok()
}

/// After which byte of a JSON text lists and objects first stand in each other as deep as is `wanted`, and how deep that is.
pub(super) fn first_depth(text: &str, wanted: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if wanted(depth) {
            return Some((at, depth));
        }
    }
    None
}

/// Whether a body is a page, or the bare line, of a firewall: no CRM's own words.
pub(super) fn is_page(body: &str) -> bool {
    let body = body.trim_start();
    body.starts_with('<') || body.starts_with("error code: 1")
}

/// The message in a body: `message` (text or a list), else `error`, else the text itself.
pub(super) fn message(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(object)) => said_in(&object).unwrap_or_default(),
        Ok(Value::String(text)) => text,
        Ok(_) => String::new(),
        Err(_) if body.trim_start().starts_with('<') => "an HTML page".to_owned(),
        Err(_) => body.trim().to_owned(),
    }
}

/// The status that counts: an error that a body states in `statusCode` is one, also where the answer itself says that all is
/// well.
pub(super) fn stated_status(status: u16, body: &str) -> u16 {
    if !(200..300).contains(&status) || !body.contains("\"statusCode\"") {
        return status;
    }
    let body = serde_json::from_str::<Value>(body).unwrap_or_default();
    let stated = body.get("statusCode").and_then(Value::as_u64).and_then(|stated| u16::try_from(stated).ok());
    stated.filter(|stated| (400..600).contains(stated)).unwrap_or(status)
}

/// The message of a 2xx that holds nothing but one: a refusal is a refusal, whatever its status.
pub(super) fn message_alone(body: &str) -> Option<String> {
    // Most answers need no second reading.
    if !SAYS.iter().any(|key| body.contains(key)) {
        return None;
    }
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(body) else { return None };
    let is_record = ["id", "_id", "ID", "results", "jwt"].iter().any(|key| object.contains_key(*key));
    if is_record { None } else { said_in(&object) }
}

/// What a 2xx says of a write.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Nothing against it.
    Yes,
    /// That it was not done.
    No(String),
    /// Something that may be either: a message alone, or of a delete a record that is not said to be deleted.
    Either(String),
}

/// What a 2xx says of a write: a refusal is a refusal, whatever its status. (`semantics` 57)
pub(super) fn says(body: &str, is_delete: bool) -> Says {
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(body) else { return Says::Yes };
    let flags = ["succeded", "succeeded", "success", "ok"].iter().filter_map(|key| object.get(*key)?.as_bool());
    let (mut is_done, mut is_refused) = (false, false);
    for flag in flags {
        is_done |= flag;
        is_refused |= !flag;
    }
    let status = object.get("status").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let records = RECORDS.into_iter().chain(Kind::ALL.map(Kind::as_str));
    let is_record = records.into_iter().any(|key| object.get(key).is_some_and(|value| !value.is_null()));
    let speaks_of_error = ["error", "errors"].iter().any(|key| object.get(*key).is_some_and(is_something));
    let failed = matches!(status.as_str(), "error" | "fail" | "failed" | "failure" | "refused" | "rejected");
    if is_refused || !is_record && (failed || speaks_of_error && !is_done) {
        return Says::No(shown(body));
    }
    let is_gone = status == "deleted" || object.get("deleted").and_then(Value::as_bool) == Some(true);
    let is_silent = object.keys().all(|key| key == "traceId");
    let is_told = if is_delete { is_gone || is_silent } else { is_record || said_in(&object).is_none() };
    let words = shown(body);
    match (is_done || is_told, words.is_empty()) {
        (true, _) => Says::Yes,
        (false, true) => Says::Either("its answer does not say whether it was done".to_owned()),
        (false, false) => Says::Either(format!("it answered {words}")),
    }
}

/// Keys that only what was written has, beside what it is.
const RECORDS: [&str; 7] = ["id", "_id", "ID", "results", "tags", "tagsAdded", "tagsRemoved"];

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// Where a message stands.
const SAYS: [&str; 4] = ["message", "error", "errors", "detail"];

fn said_in(object: &Map<String, Value>) -> Option<String> {
    let mut said = SAYS.iter().filter_map(|key| object.get(*key)).filter_map(|value| Some((value, text_of(value)?)));
    let (_, first) = said.next()?;
    // A message may only say that something is wrong, and a list beside it with what.
    let lists = said.filter(|(value, _)| !value.is_string()).map(|(_, text)| text);
    Some(std::iter::once(first).chain(lists).collect::<Vec<_>>().join("; "))
}

/// Under which keys an error names the field that it is about.
const FIELD: [&str; 7] = ["field", "property", "param", "parameter", "attribute", "path", "loc"];

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => {
            let texts: Vec<String> = list.iter().filter_map(text_of).collect();
            (!texts.is_empty()).then(|| texts.join("; "))
        }
        Value::Object(object) => error_of(object),
        _ => None,
    }
}

/// What one error says, with the field that it names: `{"field":"email","message":"bad"}` or `{"email":["bad"]}`.
fn error_of(object: &Map<String, Value>) -> Option<String> {
    let field = FIELD.iter().filter_map(|key| object.get(*key)).find_map(text_of);
    let said = ["message", "msg"].iter().find_map(|key| object.get(*key)?.as_str());
    match (field, said) {
        (Some(field), Some(said)) => Some(format!("{field}: {said}")),
        (None, Some(said)) => Some(said.to_owned()),
        (Some(field), None) => Some(field),
        (None, None) => {
            let lists = object.iter().filter(|(_, value)| value.is_array() || value.is_object());
            let texts: Vec<String> =
                lists.filter_map(|(key, value)| Some(format!("{key}: {}", text_of(value)?))).collect();
            (!texts.is_empty()).then(|| texts.join("; "))
        }
    }
}

/// The message as it may be shown: on one line, short, with e-mails, phones, web addresses and keys left out.
pub(super) fn shown(body: &str) -> String {
    let message = message(body);
    let words: Vec<&str> = message.split_whitespace().map(|word| if is_private(word) { "…" } else { word }).collect();
    words.join(" ").chars().take(SHOWN).collect()
}

fn is_private(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    word.contains('@')
        || word.contains("://")
        || is_key(word)
        || (digits >= 6 && word.chars().all(|c| c.is_ascii_digit() || c.is_ascii_punctuation()))
}

/// Whether a word has the form of a key of either CRM, or of a token: a CRM may quote what it was sent.
fn is_key(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_uuid = word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    is_uuid || ["pit-", "eyJ", "sk_"].iter().any(|start| word.starts_with(start))
}

/// The id of the record that a refused duplicate collided with (`GHL API notes, 4`).
pub(super) fn existing(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    body.pointer("/meta/contactId")?.as_str().map(str::to_owned)
}

/// The field by which a refused duplicate collided.
pub(super) fn taken(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    body.pointer("/meta/matchingField")?.as_str().map(str::to_owned)
}

/// The id of the record that a conflict names; where Cliengo says it is not documented.
pub(super) fn unified(body: &str) -> Option<String> {
    let parsed: Value = serde_json::from_str(body).ok()?;
    let places = ["/contact/id", "/contactId", "/data/id", "/id"];
    existing(body).or_else(|| places.iter().find_map(|place| parsed.pointer(place)?.as_str().map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_2xx_that_says_no_is_a_no_and_one_that_says_nothing_is_none() {
        let cases = [
            (r#"{"error":"tag limit reached"}"#, false, "no"),
            (r#"{"ok":false}"#, false, "no"),
            (r#"{"succeded":false,"succeeded":false}"#, true, "no"),
            (r#"{"status":"error"}"#, false, "no"),
            (r#"{"errors":[{"field":"email"}]}"#, false, "no"),
            (r#"{"id":"1","error":null,"message":"Hola"}"#, false, "yes"),
            (r#"{"succeded":true,"message":"ok"}"#, false, "yes"),
            (r#"{"ok":true}"#, true, "yes"),
            (r#"{"message":"Contact has open deals"}"#, true, "either"),
            (r#"{"message":"Contact updated"}"#, false, "either"),
            (r#"{"status":"ACTIVE"}"#, true, "either"),
            (r#"{"id":"1","status":"ACTIVE"}"#, true, "either"),
            (r#"{"id":"1","status":"DELETED"}"#, true, "yes"),
            (r#"{"traceId":"x"}"#, true, "yes"),
            ("{}", true, "yes"),
            ("", true, "yes"),
        ];
        for (body, is_delete, wanted) in cases {
            let told = match says(body, is_delete) {
                Says::Yes => "yes",
                Says::No(_) => "no",
                Says::Either(_) => "either",
            };
            assert_eq!(told, wanted, "{body}");
        }
    }

    #[test]
    fn a_message_is_text_or_a_list_or_an_error_alone() {
        assert_eq!(
            shown(r#"{"message":["property a should not exist","b"],"error":"X"}"#),
            "property a should not exist; b"
        );
        assert_eq!(shown(r#"{"error":"Contact with id X not found","status":400}"#), "Contact with id X not found");
        assert_eq!(shown(r#"{"error":{"message":"Invalid api_key"}}"#), "Invalid api_key");
        assert_eq!(shown(r#"{"errors":[{"field":"email","message":"bad"}]}"#), "email: bad");
        assert_eq!(shown(r#"{"error":{"email":["invalid"]}}"#), "email: invalid");
        let beside = r#"{"message":"Validation failed","errors":[{"property":"phone","constraints":{"a":"b"}}]}"#;
        assert_eq!(shown(beside), "Validation failed; phone");
        assert_eq!(shown("<html><body>bad gateway"), "an HTML page");
        assert_eq!(shown(""), "");
    }

    #[test]
    fn brackets_are_counted_outside_of_texts_only() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_json(&nested(DEEPEST)) && !is_json(&nested(DEEPEST + 1)));
        assert!(is_json(&format!(r#"["{}\"[[", {{}}]"#, "[".repeat(DEEPEST + 1))));
        assert!(is_json(&format!("[{}]", vec!["{}"; DEEPEST * 2].join(","))));
    }

    #[test]
    fn contact_data_and_addresses_are_left_out() {
        let said =
            shown(r#"{"message":"ana@example.com or +54 11 5566-7788 or +5491155667788 at https://x/?api_key=k"}"#);
        assert_eq!(said, "… or +54 11 … or … at …");
        let said = shown(r#"{"message":"key '01234567-89ab-cdef-0123-456789abcdef' or eyJhbGci.x.y is no key"}"#);
        assert_eq!(said, "key … or … is no key");
    }
}
