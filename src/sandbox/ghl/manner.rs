//! How a location shows what it has, and what it says no to (`account::ghl`).

use serde_json::{Map, Value, json};

use super::super::account::ghl::{
    Additional, CustomValues, Firewall, LowerCaseNames, MissingPath, MissingScope, NoteFields, NoteText, ScopeRefusal,
    Switches, TaskId, TaskSearch, Token,
};
use super::super::call::{Answer, Call, Content};
use super::super::data::{Data, Moment};

/// Requests until the firewall takes against the caller, and for how long it does.
const PATIENCE: u64 = 60;
const MINUTE: i64 = 60_000;

const BLOCKED: &str = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>\
    <body><h1>Sorry, you have been blocked</h1></body></html>";

/// A contact of either shape.
pub(super) fn contact(mut record: Value, data: &Data) -> Value {
    let account = &data.account.ghl;
    let Some(fields) = record.as_object_mut() else { return record };
    if account.lower_case_names == LowerCaseNames::LeftOut {
        fields.retain(|name, _| !name.ends_with("LowerCase"));
    }
    for (name, key) in [("additionalEmails", "email"), ("additionalPhones", "phone")] {
        let Some(list) = fields.get_mut(name) else { continue };
        match account.additional {
            Additional::Objects => {}
            Additional::Null => *list = Value::Null,
            Additional::Texts => {
                let items = list.as_array().into_iter().flatten();
                *list = items.map(|item| item.get(key).cloned().unwrap_or_default()).collect();
            }
            Additional::LeftOut => _ = fields.remove(name),
        }
    }
    custom_values(fields, data);
    record
}

fn custom_values(fields: &mut Map<String, Value>, data: &Data) {
    let Some(Value::Array(values)) = fields.get_mut("customFields") else { return };
    match data.account.ghl.custom_values {
        CustomValues::Texts => {
            for value in values.iter_mut().filter_map(|item| item.get_mut("value")).filter(|value| value.is_number()) {
                *value = json!(value.to_string());
            }
        }
        CustomValues::NullForEmpty => {
            let identity = &data.identity;
            for id in std::iter::once(&identity.budget_field).chain(&identity.custom_fields) {
                if !values.iter().any(|item| item.get("id").and_then(Value::as_str) == Some(id)) {
                    values.push(json!({ "id": id, "value": null }));
                }
            }
        }
        CustomValues::LeftOutWhenEmpty if values.is_empty() => _ = fields.remove("customFields"),
        CustomValues::AsWritten | CustomValues::LeftOutWhenEmpty => {}
    }
}

/// A note.
pub(super) fn note(mut record: Value, account: &Switches) -> Value {
    if let Some(fields) = record.as_object_mut() {
        if account.note_text == NoteText::LeftOut {
            fields.remove("bodyText");
        }
        if account.note_fields == NoteFields::LeftOut {
            fields.retain(|name, _| !["title", "userId"].contains(&name.as_str()));
        }
    }
    record
}

/// A task of a search.
pub(super) fn task_row(mut record: Value, account: &Switches) -> Value {
    if let Some(fields) = record.as_object_mut() {
        if account.task_id == TaskId::Plain
            && let Some(id) = fields.remove("_id")
        {
            fields.insert("id".to_owned(), id);
        }
        if account.task_search == TaskSearch::BySkip {
            fields.remove("searchAfter");
        }
    }
    record
}

/// What a path that does not exist answers.
pub(super) fn nowhere(account: &Switches) -> Answer {
    match account.missing_path {
        MissingPath::Empty => Answer::empty(404),
        MissingPath::Json => Answer::json(404, json!({ "message": "no Route matched with those values" })),
        MissingPath::Html => page(404, "<html><body><h1>404 Not Found</h1></body></html>"),
    }
}

/// The firewall's page, where it lets a request not pass.
pub(super) fn blocked(data: &mut Data, call: &Call, moment: Moment) -> Option<Answer> {
    let blocks = match data.account.ghl.firewall {
        Firewall::Off => false,
        Firewall::Scripts => call.body.as_ref().is_some_and(|body| body.to_string().contains("<script")),
        Firewall::Caller if data.ghl.answered < PATIENCE => false,
        Firewall::Caller => moment.now < *data.ghl.blocked_since.get_or_insert(moment.now) + MINUTE,
    };
    blocks.then(|| page(403, BLOCKED))
}

fn page(status: u16, html: &'static str) -> Answer {
    Answer { status, body: Content::Raw("text/html; charset=UTF-8".into(), html.into()), headers: Vec::new() }
}

/// Refuses what the token has no scope for.
pub(super) fn scope(account: &Switches, method: &str, parts: &[&str]) -> Result<(), Answer> {
    let reads = method == "GET" || parts.last() == Some(&"search");
    let needed = match parts {
        ["locations", _, "tasks", "search"] => MissingScope::Tasks,
        ["locations", _] => MissingScope::Location,
        ["users", ..] => MissingScope::Users,
        ["contacts", ..] if reads => MissingScope::Reading,
        ["contacts", ..] => MissingScope::Writing,
        _ => MissingScope::None,
    };
    if account.token == Token::OauthAgency {
        return Err(super::refusal::wrong_location());
    }
    if needed == MissingScope::None || needed != account.missing_scope {
        return Ok(());
    }
    let message = "The token is not authorized for this scope.";
    Err(match account.scope_refusal {
        ScopeRefusal::Unauthorized => Answer::json(401, json!({ "statusCode": 401, "message": message })),
        ScopeRefusal::Forbidden => {
            Answer::json(403, json!({ "statusCode": 403, "message": message, "error": "Forbidden" }))
        }
    })
}
