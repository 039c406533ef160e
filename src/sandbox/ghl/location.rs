//! The location's own record, its tags, templates and recurring tasks (GHL API notes, 3.5).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::account::ghl::Duplicate;
use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, GhlContact, GhlResource, GhlTag, Moment, What, wire_date};
use super::refusal::{Holds, bad_request, not_found, properties};
use super::resource::{self, gone};
use super::tags::tidy;
use super::{custom, search};

pub(super) fn read(data: &Data) -> Answer {
    let identity = &data.identity;
    let unique = match data.account.ghl.duplicate {
        Duplicate::Allowed => &[][..],
        Duplicate::UniqueEmail => &["email"],
        Duplicate::UniquePhone => &["phone"],
        Duplicate::Refused | Duplicate::RefusedWithoutField | Duplicate::Unprocessable => &["email", "phone"],
    };
    Answer::ok(json!({ "location": {
        "id": identity.location_id,
        "companyId": identity.company_id,
        "name": "Sucursal Centro",
        "country": "AR",
        "timezone": "America/Argentina/Buenos_Aires",
        "settings": { "allowDuplicateContact": unique.is_empty(), "contactUniqueIdentifiers": unique },
    } }))
}

/// `GET /locations/search`: the company's, of which there is one.
pub(super) fn searched(data: &Data, call: &Call) -> Answered {
    let identity = &data.identity;
    if call.parameter("companyId").is_some_and(|company| company != identity.company_id) {
        return Err(super::refusal::wrong_location());
    }
    Ok(Answer::ok(json!({ "locations": [{
        "id": identity.location_id, "name": "Sucursal Centro", "country": "AR",
        "timezone": "America/Argentina/Buenos_Aires",
    }] })))
}

/// Answers `/locations/{id}/…`.
pub(super) fn answer(data: &mut Data, call: &Call, rest: &[&str], moment: Moment) -> Option<Answered> {
    Some(match (call.method.as_str(), rest) {
        ("GET", []) => Ok(read(data)),
        ("POST", ["tasks", "search"]) => search::tasks(data, call),
        (_, ["customFields", rest @ ..]) => custom::answer(data, call, rest, moment)?,
        (_, ["customValues", rest @ ..]) => custom::values(data, call, rest, moment)?,
        (_, ["tags", rest @ ..]) => tags(data, call, rest, moment)?,
        (_, ["recurring-tasks", rest @ ..]) => recurring(data, call, rest, moment)?,
        ("GET", ["timezones"]) => {
            Ok(Answer::ok(json!({ "timeZones": ["America/Argentina/Buenos_Aires", "America/Montevideo", "UTC"] })))
        }
        ("GET", ["templates"]) => match call.parameter("originId") {
            Some(_) => Ok(Answer::ok(json!({ "templates": [], "totalCount": 0 }))),
            None => Err(bad_request("originId must be a string")),
        },
        _ => return None,
    })
}

fn tags(data: &mut Data, call: &Call, rest: &[&str], moment: Moment) -> Option<Answered> {
    let location = data.identity.location_id.clone();
    let shown = |tag: &GhlTag| json!({ "id": tag.id, "name": tag.name, "locationId": location });
    let one = |tag: &GhlTag| Answer::ok(json!({ "tag": shown(tag) }));
    let name = |data: &Data| {
        let body = properties(call, &[("name", Holds::Text)], &["name"])?;
        let given = [body.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()];
        let kept = tidy(&given, data.account.ghl.tag_stored);
        kept.into_iter().next().ok_or_else(|| bad_request("name should not be empty"))
    };
    Some(match (call.method.as_str(), rest) {
        ("GET", []) => {
            let tags: Vec<Value> = data.ghl.tags.all().map(|tag| shown(tag)).collect();
            Ok(Answer::ok(json!({ "tags": tags })))
        }
        ("POST", []) => name(data).and_then(|name| {
            if data.ghl.tags.get(&name).is_some() {
                return Err(bad_request("The tag name is already exist."));
            }
            let tag = GhlTag { id: data.ghl_id(), name, created: moment.now };
            data.ghl.tags.save(tag.clone());
            Ok(one(&tag))
        }),
        ("GET", [id]) => tag(data, id).map(|tag| one(&tag)),
        ("PUT", [id]) => tag(data, id).and_then(|tag| {
            let renamed = GhlTag { name: name(data)?, ..GhlTag::clone(&tag) };
            retag(data, &tag.name, Some(&renamed.name), moment);
            data.ghl.tags.remove(&tag.name);
            data.ghl.tags.save(renamed.clone());
            Ok(one(&renamed))
        }),
        ("DELETE", [id]) => tag(data, id).map(|tag| {
            retag(data, &tag.name, None, moment);
            data.ghl.tags.remove(&tag.name);
            gone()
        }),
        _ => return None,
    })
}

fn tag(data: &Data, id: &str) -> Result<Arc<GhlTag>, Answer> {
    data.ghl.tags.all().find(|tag| tag.id == id).cloned().ok_or_else(|| not_found(data, "Tag", id))
}

/// Contacts have what the location makes of a tag: another name, or it no longer.
fn retag(data: &mut Data, old: &str, new: Option<&str>, moment: Moment) {
    let theirs = data.ghl.contacts.all().filter(|contact| contact.tags.iter().any(|tag| tag == old));
    let theirs: Vec<Arc<GhlContact>> = theirs.cloned().collect();
    for contact in theirs {
        let mut contact = GhlContact::clone(&contact);
        contact.tags.retain(|tag| tag != old);
        contact.tags.extend(new.filter(|new| !contact.tags.iter().any(|tag| tag == new)).map(str::to_owned));
        data.ghl.save_contact(contact, moment);
    }
}

/// Tasks that come again; the tasks themselves are not made here.
fn recurring(data: &mut Data, call: &Call, rest: &[&str], moment: Moment) -> Option<Answered> {
    const TAKEN: [(&str, Holds); 6] = [
        ("title", Holds::Text),
        ("description", Holds::Text),
        ("contactIds", Holds::Texts),
        ("owners", Holds::Texts),
        ("rruleOptions", Holds::Object),
        ("ignoreTaskCreation", Holds::Flag),
    ];
    let location = data.identity.location_id.clone();
    let wrapped = |row: &GhlResource| {
        let fields = &row.fields;
        let mut task = Map::from_iter([
            ("id".to_owned(), json!(row.id)),
            ("title".to_owned(), json!(row.text("title"))),
            ("description".to_owned(), json!(row.text("description"))),
            ("locationId".to_owned(), json!(location)),
            ("createdAt".to_owned(), json!(wire_date(row.created))),
            ("updatedAt".to_owned(), json!(wire_date(row.updated))),
            ("rruleOptions".to_owned(), fields.get("rruleOptions").cloned().unwrap_or_default()),
            ("totalOccurrence".to_owned(), json!(0)),
            ("deleted".to_owned(), json!(false)),
        ]);
        let first = |name: &str| fields.get(name).and_then(|list| list.get(0)).cloned();
        task.extend(first("contactIds").map(|contact| ("contactId".to_owned(), contact)));
        task.extend(first("owners").map(|owner| ("assignedTo".to_owned(), owner)));
        json!({ "recurringTask": task })
    };
    Some(match (call.method.as_str(), rest) {
        ("POST", []) => properties(call, &TAKEN, &["title", "rruleOptions"]).cloned().map(|body| {
            let row = resource::make(data, What::RecurringTask, None, body, moment);
            Answer::json(201, wrapped(&row))
        }),
        ("GET", [id]) => resource::find(data, What::RecurringTask, id).map(|row| Answer::ok(wrapped(row))),
        ("PUT", [id]) => properties(call, &TAKEN, &[])
            .cloned()
            .and_then(|body| resource::change(data, What::RecurringTask, id, body, moment))
            .map(|row| Answer::ok(wrapped(&row))),
        ("DELETE", [id]) => {
            resource::remove(data, What::RecurringTask, id).map(|()| Answer::ok(json!({ "id": id, "success": true })))
        }
        _ => return None,
    })
}
