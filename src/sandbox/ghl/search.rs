//! The two searches that list the whole location, from the index (GHL API notes, 3.2 and 3.3).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::account::ghl::{CompletedTasks, DeletedTasks, LargePage, SearchTotal, TaskLimit, TaskSearch};
use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, GhlContact, GhlTask, Identity, wire_date};
use super::filter::{Filter, holds, parse};
use super::refusal::{Holds, Property, bad_request, invalid, properties, texts};
use super::{here, manner, shape};

const LARGEST_PAGE: usize = 500;
const LARGEST_WINDOW: usize = 10_000;
const USUAL_PAGE: usize = 100;
const DEFAULT_TASK_PAGE: usize = 25;

const CONTACTS: [Property; 7] = [
    ("locationId", Holds::Text),
    ("pageLimit", Holds::Number),
    ("page", Holds::Number),
    ("searchAfter", Holds::List),
    ("sort", Holds::List),
    ("filters", Holds::List),
    ("query", Holds::Text),
];

const TASKS: [Property; 8] = [
    ("contactId", Holds::Texts),
    ("completed", Holds::Flag),
    ("assignedTo", Holds::Texts),
    ("query", Holds::Text),
    ("limit", Holds::Number),
    ("skip", Holds::Number),
    ("searchAfter", Holds::List),
    ("businessId", Holds::Text),
];

/// Plain fields of the search shape and the write names they come from; `null` where a contact has none.
const FIELDS: [(&str, &str); 17] = [
    ("firstName", "firstName"),
    ("lastName", "lastName"),
    ("email", "email"),
    ("phone", "phone"),
    ("address", "address1"),
    ("city", "city"),
    ("state", "state"),
    ("postalCode", "postalCode"),
    ("country", "country"),
    ("website", "website"),
    ("timezone", "timezone"),
    ("source", "source"),
    ("companyName", "companyName"),
    ("businessName", "companyName"),
    ("businessId", "businessId"),
    ("assignedTo", "assignedTo"),
    ("dateOfBirth", "dateOfBirth"),
];

/// The order of a contact search.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sort {
    by_update: bool,
    ascending: bool,
}

impl Sort {
    fn key(self, contact: &GhlContact) -> i64 {
        if self.by_update { contact.updated } else { contact.created }
    }
}

fn sort(body: &Map<String, Value>) -> Result<Sort, Answer> {
    let Some(first) = body.get("sort").and_then(Value::as_array).and_then(|sorts| sorts.first()) else {
        return Ok(Sort { by_update: false, ascending: false });
    };
    let by_update = match first.get("field").and_then(Value::as_str) {
        Some("dateAdded") => false,
        Some("dateUpdated") => true,
        other => return Err(bad_request(&format!("Invalid sort field {}", other.unwrap_or_default()))),
    };
    match first.get("direction").and_then(Value::as_str) {
        Some("asc") => Ok(Sort { by_update, ascending: true }),
        Some("desc") => Ok(Sort { by_update, ascending: false }),
        _ => Err(bad_request("sort direction must be asc or desc")),
    }
}

/// A contact as the search shows it: what it does not have is `null`.
pub(crate) fn contact_record(contact: &GhlContact, identity: &Identity, cursor: i64) -> Value {
    let mut record = Map::new();
    for (shown, field) in FIELDS {
        record.insert(shown.to_owned(), contact.fields.get(field).cloned().unwrap_or_default());
    }
    let lowered = |text: &str| if text.is_empty() { Value::Null } else { json!(text.to_lowercase()) };
    let fixed = [
        ("id", json!(contact.id)),
        ("locationId", json!(identity.location_id)),
        ("contactName", lowered(&contact.full_name())),
        ("firstNameLowerCase", lowered(contact.text("firstName"))),
        ("lastNameLowerCase", lowered(contact.text("lastName"))),
        ("type", json!("lead")),
        ("phoneLabel", Value::Null),
        ("validEmail", Value::Null),
        ("tags", json!(contact.tags)),
        ("followers", shape::followers(contact)),
        ("opportunities", json!([])),
        ("dnd", contact.fields.get("dnd").cloned().unwrap_or(json!(false))),
        ("dndSettings", contact.fields.get("dndSettings").cloned().unwrap_or_else(|| json!({}))),
        ("inboundDndSettings", contact.fields.get("inboundDndSettings").cloned().unwrap_or_else(|| json!({}))),
        ("attributionSource", json!({})),
        ("lastAttributionSource", json!({})),
        ("customFields", shape::custom_fields(contact)),
        ("additionalEmails", shape::additional_emails(contact)),
        ("additionalPhones", shape::additional_phones(contact)),
        ("dateAdded", json!(wire_date(contact.created))),
        ("dateUpdated", json!(wire_date(contact.updated))),
        ("searchAfter", json!([cursor, contact.id])),
    ];
    for (name, value) in fixed {
        record.insert(name.to_owned(), value);
    }
    Value::Object(record)
}

fn number(body: &Map<String, Value>, name: &str) -> Option<usize> {
    body.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok())
}

/// Every indexed contact in the asked order.
fn sorted(data: &Data, sort: Sort) -> Vec<&Arc<GhlContact>> {
    let index = &data.ghl.index.contacts;
    let mut all: Vec<_> = index.order().iter().filter_map(|(_, id)| index.get(id)).collect();
    if sort.by_update {
        all.sort_by(|one, other| (one.updated, &one.id).cmp(&(other.updated, &other.id)));
    }
    if !sort.ascending {
        all.reverse();
    }
    all
}

fn cursor(body: &Map<String, Value>) -> Result<Option<(i64, &str)>, Answer> {
    let Some(given) = body.get("searchAfter").and_then(Value::as_array).filter(|given| !given.is_empty()) else {
        return Ok(None);
    };
    match given.as_slice() {
        [at, id] => match (at.as_i64(), id.as_str()) {
            (Some(at), Some(id)) => Ok(Some((at, id))),
            _ => Err(bad_request("Invalid searchAfter")),
        },
        _ => Err(bad_request("Invalid searchAfter")),
    }
}

/// `POST /contacts/search`.
pub(super) fn contacts(data: &Data, call: &Call) -> Answered {
    let body = properties(call, &CONTACTS, &["locationId", "pageLimit"])?;
    here(data, body.get("locationId").and_then(Value::as_str).unwrap_or_default())?;
    let asked = number(body, "pageLimit").unwrap_or_default();
    let (largest, limit) = match data.account.ghl.large_page {
        LargePage::Taken => (LARGEST_PAGE, asked),
        LargePage::Refused => (USUAL_PAGE, asked),
        LargePage::Cut => (LARGEST_PAGE, asked.min(USUAL_PAGE)),
    };
    if !(1..=largest).contains(&asked) {
        return Err(invalid(&format!("pageLimit must not be greater than {largest}")));
    }
    let cursor = cursor(body)?;
    let page = number(body, "page");
    if cursor.is_some() && page.is_some() {
        return Err(bad_request("page and searchAfter cannot be used together"));
    }
    let skip = page.unwrap_or(1).saturating_sub(1).saturating_mul(limit);
    if skip.saturating_add(limit) > LARGEST_WINDOW {
        return Err(bad_request("page * pageLimit must not be greater than 10000, use searchAfter"));
    }
    let sort = sort(body)?;
    let filter = parse(body.get("filters"), body.get("query"))?;
    let (page, total) = select(data, sort, &filter, cursor, skip, limit);
    let record =
        |contact: &GhlContact| manner::contact(contact_record(contact, &data.identity, sort.key(contact)), data);
    let records: Vec<Value> = page.into_iter().map(|contact| record(contact)).collect();
    let total = match data.account.ghl.search_total {
        SearchTotal::Number => json!(total),
        SearchTotal::Text => json!(total.to_string()),
        SearchTotal::OfAll => json!(data.ghl.index.contacts.len()),
        SearchTotal::Capped => json!(total.min(LARGEST_WINDOW)),
    };
    Ok(Answer::ok(json!({ "contacts": records, "total": total })))
}

/// One page, and how many contacts match in all.
fn select<'data>(
    data: &'data Data,
    sort: Sort,
    filter: &Filter,
    cursor: Option<(i64, &str)>,
    skip: usize,
    limit: usize,
) -> (Vec<&'data Arc<GhlContact>>, usize) {
    let index = &data.ghl.index.contacts;
    if !sort.by_update && filter.is_empty() {
        // The table's own order answers a full listing without looking at every contact for each page.
        let order = index.order();
        let before = |at: i64, id: &str| cursor.is_some_and(|cursor| (at, id) < cursor);
        let through = |at: i64, id: &str| cursor.is_some_and(|cursor| (at, id) <= cursor);
        let found: Vec<_> = if sort.ascending {
            let rest = order.get(order.partition_point(|(at, id)| through(*at, id))..).unwrap_or_default();
            rest.iter().skip(skip).take(limit).filter_map(|(_, id)| index.get(id)).collect()
        } else {
            let end = cursor.map_or(order.len(), |_| order.partition_point(|(at, id)| before(*at, id)));
            let rest = order.get(..end).unwrap_or_default();
            rest.iter().rev().skip(skip).take(limit).filter_map(|(_, id)| index.get(id)).collect()
        };
        return (found, order.len());
    }
    let mut all = sorted(data, sort);
    all.retain(|contact| holds(filter, contact));
    let total = all.len();
    let start = cursor.map_or(skip, |cursor| {
        all.partition_point(|contact| {
            let place = (sort.key(contact), contact.id.as_str());
            if sort.ascending { place <= cursor } else { place >= cursor }
        })
    });
    (all.into_iter().skip(start).take(limit).collect(), total)
}

/// A task as the search shows it: with `_id`, dates and its contact's name.
pub(crate) fn task_record(task: &GhlTask, contact: Option<&GhlContact>, identity: &Identity) -> Value {
    let name = |field: &str| contact.and_then(|contact| contact.fields.get(field)).cloned().unwrap_or_default();
    let (added, updated) = (wire_date(task.created), wire_date(task.updated));
    json!({
        "_id": task.id,
        "locationId": identity.location_id,
        "title": task.title,
        "body": task.body,
        "dueDate": wire_date(task.due),
        "completed": task.completed,
        "contactId": task.contact_id,
        "contactDetails": { "firstName": name("firstName"), "lastName": name("lastName") },
        "assignedTo": task.assigned_to,
        "deleted": false,
        "dateAdded": added,
        "dateUpdated": updated,
        "createdAt": added,
        "updatedAt": updated,
        "searchAfter": [task.created, task.id],
    })
}

/// The order of the task search: newest first.
fn place(task: &GhlTask) -> (i64, &str) {
    (task.created, task.id.as_str())
}

/// `POST /locations/{id}/tasks/search`: newest first, no total.
pub(super) fn tasks(data: &Data, call: &Call) -> Answered {
    let empty = Map::new();
    let body = if call.body.is_some() { properties(call, &TASKS, &[])? } else { &empty };
    let account = &data.account.ghl;
    if account.task_search == TaskSearch::BySkip && body.contains_key("searchAfter") {
        return Err(invalid("property searchAfter should not exist"));
    }
    let largest = if account.task_limit == TaskLimit::Hundred { USUAL_PAGE } else { LARGEST_PAGE };
    let limit = number(body, "limit").unwrap_or(DEFAULT_TASK_PAGE);
    if !(1..=largest).contains(&limit) {
        return Err(invalid(&format!("limit must not be greater than {largest}")));
    }
    let cursor = cursor(body)?;
    let skip = if account.task_search == TaskSearch::BySearchAfter { None } else { number(body, "skip") };
    let index = &data.ghl.index;
    let wanted = wanted(data, body);
    let mut found: Vec<(&Arc<GhlTask>, bool)> = index.tasks.all().map(|task| (task, false)).collect();
    if account.deleted_tasks == DeletedTasks::Listed {
        found.extend(index.deleted_tasks.iter().map(|task| (task, true)));
    }
    found.retain(|(task, _)| wanted(task) && cursor.is_none_or(|after| place(task) < after));
    found.sort_by(|(one, _), (other, _)| place(other).cmp(&place(one)));
    let page = found.into_iter().skip(skip.unwrap_or(0)).take(limit);
    let records: Vec<Value> = page
        .map(|(task, is_deleted)| {
            let contact = index.contacts.get(&task.contact_id).map(Arc::as_ref);
            let mut record = task_record(task, contact, &data.identity);
            if let Some(deleted) = record.get_mut("deleted") {
                *deleted = json!(is_deleted);
            }
            manner::task_row(record, account)
        })
        .collect();
    let status = if account.task_search == TaskSearch::BySearchAfter { 201 } else { 200 };
    Ok(Answer::json(status, json!({ "tasks": records })))
}

/// Whether a task is one that a search asks for.
fn wanted(data: &Data, body: &Map<String, Value>) -> impl Fn(&GhlTask) -> bool {
    let (of, assigned) = (texts(body.get("contactId")), texts(body.get("assignedTo")));
    let leaves_out = data.account.ghl.completed_tasks == CompletedTasks::LeftOut;
    let completed = body.get("completed").and_then(Value::as_bool).or(leaves_out.then_some(false));
    let query = body.get("query").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    move |task: &GhlTask| {
        let owner = task.assigned_to.as_deref().unwrap_or_default();
        (of.is_empty() || of.contains(&task.contact_id))
            && (assigned.is_empty() || assigned.iter().any(|user| user == owner))
            && completed.is_none_or(|completed| task.completed == completed)
            && (query.is_empty() || task.title.to_lowercase().contains(&query))
    }
}
