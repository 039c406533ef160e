//! GHL as its notes describe it: credentials, version header and routes (GHL API notes, 1 to 5).

mod contacts;
mod custom;
mod enrolment;
mod filter;
mod location;
mod manner;
mod notes;
mod oauth;
mod refusal;
mod search;
mod shape;
mod tags;
mod tasks;

pub(super) use contacts::set_field;
pub(super) use custom::set as set_custom_field;
pub(super) use notes::shown as shown_note;
pub(super) use oauth::apps;
pub(super) use refusal::{gone, too_many, unauthorized, unprocessable};
pub(super) use search::{contact_record, task_record};
pub(super) use tags::{define, tidy, updated as tags_updated};

use std::sync::Arc;

use serde_json::{Value, json};

use super::account::ghl::{DateUpdated, MergedContact};
use super::call::{Answer, Answered, Call};
use super::data::{Data, GhlContact, Holder, Moment, scramble};
use refusal::{bad_request, not_found, wrong_location};

const VERSIONS: [&str; 4] = ["2021-07-28", "2021-04-15", "2023-02-21", "v3"];

/// Answers one request; successes carry a `traceId`.
pub(super) fn answer(data: &mut Data, call: &Call, moment: Moment) -> Answer {
    let mut answer = match manner::blocked(data, call, moment) {
        Some(page) => page,
        None => route(data, call, moment).unwrap_or_else(|refusal| refusal),
    };
    let trace = trace_id(data);
    if answer.status < 300
        && let Some(Value::Object(body)) = answer.json_mut()
    {
        body.insert("traceId".to_owned(), json!(trace));
    }
    answer
}

fn trace_id(data: &mut Data) -> String {
    data.ghl.answered += 1;
    let digits = format!("{:016x}{:016x}", scramble(data.identity.seed), scramble(data.ghl.answered));
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

fn route(data: &mut Data, call: &Call, moment: Moment) -> Answered {
    if let Some(answered) = oauth::answer(data, call, moment) {
        return answered;
    }
    let token = call.authorization.as_deref().and_then(|header| header.strip_prefix("Bearer "));
    match token.and_then(|token| oauth::holder(data, token, moment)) {
        Some(Holder::Location) => {}
        Some(Holder::Company) => return Err(wrong_location()),
        None if token == Some(&data.identity.token) => {}
        None => return Err(unauthorized()),
    }
    match call.version.as_deref() {
        None => return Err(bad_request("version header was not found.")),
        Some(version) if !VERSIONS.contains(&version) => return Err(bad_request("version header is invalid.")),
        Some(_) => {}
    }
    data.ghl.index.catch_up(moment.now);
    let parts = call.segments();
    manner::scope(&data.account.ghl, &call.method, &parts)?;
    match (call.method.as_str(), parts.as_slice()) {
        ("POST", ["contacts", "search"]) => search::contacts(data, call),
        ("GET", ["contacts", "search", "duplicate"]) => contacts::duplicate(data, call),
        // The slash belongs to it; without one there is no such path.
        ("POST", ["contacts", ""]) => contacts::create(data, call, moment),
        ("GET", ["contacts", "business", id]) => {
            here(data, call.parameter("locationId").unwrap_or_default())?;
            Ok(location::of_business(data, id, call))
        }
        ("GET", ["contacts", id]) => contacts::read(data, id),
        ("PUT", ["contacts", id]) => contacts::update(data, id, call, moment),
        ("DELETE", ["contacts", id]) => contacts::delete(data, id, moment),
        ("POST", ["contacts", id, "tags"]) => tags::add(data, id, call, moment),
        ("DELETE", ["contacts", id, "tags"]) => tags::remove(data, id, call, moment),
        ("GET", ["contacts", id, "tasks"]) => tasks::list(data, id),
        ("POST", ["contacts", id, "tasks"]) => tasks::create(data, id, call, moment),
        ("GET", ["contacts", id, "tasks", task]) => tasks::read(data, id, task),
        ("PUT", ["contacts", id, "tasks", task]) => tasks::update(data, id, task, call, moment),
        ("PUT", ["contacts", id, "tasks", task, "completed"]) => tasks::complete(data, id, task, call, moment),
        ("DELETE", ["contacts", id, "tasks", task]) => tasks::delete(data, id, task, moment),
        ("GET", ["contacts", id, "notes"]) => notes::list(data, id),
        ("POST", ["contacts", id, "notes"]) => notes::create(data, id, call, moment),
        ("GET", ["contacts", id, "notes", note]) => notes::read(data, id, note),
        ("PUT", ["contacts", id, "notes", note]) => notes::update(data, id, note, call, moment),
        ("DELETE", ["contacts", id, "notes", note]) => notes::delete(data, id, note, moment),
        ("GET", ["contacts", id, "appointments"]) => of_contact(data, id, json!({ "events": [] })),
        ("GET", ["workflows", ""]) => {
            here(data, call.parameter("locationId").unwrap_or_default())?;
            Ok(Answer::ok(enrolment::workflows(data)))
        }
        ("GET", ["campaigns", ""]) => {
            here(data, call.parameter("locationId").unwrap_or_default())?;
            Ok(Answer::ok(enrolment::campaigns(data)))
        }
        ("POST", ["contacts", id, "workflow", workflow]) => enrolment::begin(data, id, workflow),
        ("POST", ["contacts", id, "campaigns", campaign]) => enrolment::add(data, id, campaign),
        ("DELETE", ["contacts", id, "workflow" | "campaigns", _]) => {
            of_contact(data, id, json!({ "succeded": true, "succeeded": true }))
        }
        ("POST", ["locations", id, "tasks", "search"]) => {
            here(data, id)?;
            search::tasks(data, call)
        }
        ("GET", ["locations", id]) => here(data, id).map(|()| location::read(data)),
        ("GET", ["locations", id, "tags"]) => here(data, id).map(|()| location::tags(data)),
        ("GET", ["locations", id, "customFields"]) => here(data, id).map(|()| custom::listed(data)),
        ("GET", ["users", "" | "search"]) => {
            here(data, call.parameter("locationId").unwrap_or_default())?;
            Ok(location::users(data))
        }
        _ => Err(manner::nowhere(&data.account.ghl)),
    }
}

/// Refuses every location but the token's own.
fn here(data: &Data, location: &str) -> Result<(), Answer> {
    if location == data.identity.location_id { Ok(()) } else { Err(wrong_location()) }
}

/// A fixed answer about a contact that must exist.
fn of_contact(data: &Data, id: &str, body: Value) -> Answered {
    find(data, id).map(|_| Answer::ok(body))
}

fn find<'data>(data: &'data Data, id: &str) -> Result<&'data Arc<GhlContact>, Answer> {
    data.ghl.contacts.get(id).ok_or_else(|| not_found(data, "Contact", id))
}

/// Where an id that is gone leads: to the contact it was merged into, in some locations.
fn survivor<'data>(data: &'data Data, id: &'data str) -> &'data str {
    match data.ghl.merged.get(id) {
        Some(survivor) if data.account.ghl.merged_contact == MergedContact::ShowsSurvivor => survivor,
        _ => id,
    }
}

/// A note or a task of a contact was written: in some locations that moves the contact's date.
pub(super) fn child_written(data: &mut Data, contact: &str, moment: Moment) {
    if data.account.ghl.date_updated == DateUpdated::WithChildren {
        data.ghl.touch(contact, moment);
    }
}

fn succeeded() -> Answer {
    Answer::ok(json!({ "succeded": true, "succeeded": true }))
}
