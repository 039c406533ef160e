//! GHL as its notes describe it: credentials, version header and routes (GHL API notes, 1 to 5).

mod business;
mod calendar;
mod contacts;
mod custom;
mod enrolment;
mod filter;
mod location;
mod manner;
mod many;
mod notes;
mod oauth;
mod refusal;
mod resource;
mod search;
mod shape;
mod tags;
mod tasks;
mod users;

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
    match parts.as_slice() {
        ["contacts", rest @ ..] => of_contacts(data, call, rest, moment),
        ["locations", rest @ ..] => of_location(data, call, rest, moment),
        ["users", rest @ ..] => users::answer(data, call, rest, moment),
        ["businesses", rest @ ..] => business::answer(data, call, rest, moment),
        ["calendars", rest @ ..] => calendar::answer(data, call, rest, moment),
        ["workflows" | "campaigns", rest @ ..] => enrolment::answer(data, call, &parts, rest),
        _ => None,
    }
    .unwrap_or_else(|| Err(manner::nowhere(&data.account.ghl)))
}

fn of_contacts(data: &mut Data, call: &Call, rest: &[&str], moment: Moment) -> Option<Answered> {
    Some(match (call.method.as_str(), rest) {
        ("POST", ["search"]) => search::contacts(data, call),
        ("GET", ["search", "duplicate"]) => contacts::duplicate(data, call),
        // The slash belongs to it; without one there is no such path.
        ("POST", [""]) => contacts::create(data, call, moment),
        ("GET", [""]) => many::has_list(data, call).and_then(|()| many::listed(data, call)),
        ("POST", ["upsert"]) => many::upsert(data, call, moment),
        ("POST", ["bulk", "tags", "update", how]) => many::tags(data, how, call, moment),
        ("POST", ["bulk", "business"]) => business::assign(data, call, moment),
        ("GET", ["business", id]) => business::contacts(data, id, call),
        ("GET", [id]) => contacts::read(data, id),
        ("PUT", [id]) => contacts::update(data, id, call, moment),
        ("DELETE", [id]) => contacts::delete(data, id, moment),
        ("POST", [id, "tags"]) => tags::add(data, id, call, moment),
        ("DELETE", [id, "tags"]) => tags::remove(data, id, call, moment),
        ("POST" | "DELETE", [id, "followers"]) => many::followers(data, id, call, moment),
        ("GET", [id, "appointments"]) => calendar::of_contact(data, id),
        (_, [id, "tasks", rest @ ..]) => return of_tasks(data, call, id, rest, moment),
        (_, [id, "notes", rest @ ..]) => return of_notes(data, call, id, rest, moment),
        ("POST", [id, "workflow", workflow]) => enrolment::begin(data, id, workflow),
        ("POST", [id, "campaigns", campaign]) => enrolment::add(data, id, campaign),
        ("DELETE", [id, "workflow" | "campaigns", _]) => find(data, id).map(|_| succeeded()),
        _ => return None,
    })
}

fn of_tasks(data: &mut Data, call: &Call, id: &str, rest: &[&str], moment: Moment) -> Option<Answered> {
    Some(match (call.method.as_str(), rest) {
        ("GET", []) => tasks::list(data, id),
        ("POST", []) => tasks::create(data, id, call, moment),
        ("GET", [task]) => tasks::read(data, id, task),
        ("PUT", [task]) => tasks::update(data, id, task, call, moment),
        ("PUT", [task, "completed"]) => tasks::complete(data, id, task, call, moment),
        ("DELETE", [task]) => tasks::delete(data, id, task, moment),
        _ => return None,
    })
}

fn of_notes(data: &mut Data, call: &Call, id: &str, rest: &[&str], moment: Moment) -> Option<Answered> {
    Some(match (call.method.as_str(), rest) {
        ("GET", []) => notes::list(data, id),
        ("POST", []) => notes::create(data, id, call, moment),
        ("GET", [note]) => notes::read(data, id, note),
        ("PUT", [note]) => notes::update(data, id, note, call, moment),
        ("DELETE", [note]) => notes::delete(data, id, note, moment),
        _ => return None,
    })
}

fn of_location(data: &mut Data, call: &Call, rest: &[&str], moment: Moment) -> Option<Answered> {
    match (call.method.as_str(), rest) {
        ("GET", ["search"]) => Some(location::searched(data, call)),
        (_, [id, rest @ ..]) => match here(data, id) {
            Ok(()) => location::answer(data, call, rest, moment),
            Err(elsewhere) => Some(Err(elsewhere)),
        },
        (_, []) => None,
    }
}

/// Refuses every location but the token's own.
fn here(data: &Data, location: &str) -> Result<(), Answer> {
    if location == data.identity.location_id { Ok(()) } else { Err(wrong_location()) }
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
