//! Calendars, and the appointments in them (GHL API notes, 3.1; the specification's calendars).

use serde_json::{Map, Value, json};

use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, GhlResource, Moment, What, parse_date, wire_date};
use super::refusal::{Holds, Property, invalid, not_found, properties};
use super::resource;
use super::{find, here};

const HOUR: i64 = 3_600_000;

const TAKEN: [Property; 15] = [
    ("title", Holds::Text),
    ("calendarId", Holds::Text),
    ("startTime", Holds::Date),
    ("endTime", Holds::Date),
    ("appointmentStatus", Holds::Text),
    ("assignedUserId", Holds::Text),
    ("address", Holds::Text),
    ("description", Holds::Text),
    ("meetingLocationType", Holds::Text),
    ("meetingLocationId", Holds::Text),
    ("overrideLocationConfig", Holds::Flag),
    ("ignoreDateRange", Holds::Flag),
    ("toNotify", Holds::Flag),
    ("ignoreFreeSlotValidation", Holds::Flag),
    ("rrule", Holds::Text),
];

/// How the one who writes wants it written, and nothing of the appointment itself.
const MANNERS: [&str; 5] =
    ["overrideLocationConfig", "ignoreDateRange", "toNotify", "ignoreFreeSlotValidation", "meetingLocationId"];

/// The location's one calendar.
fn calendar(data: &Data) -> Value {
    json!({
        "id": id_of_calendar(data), "locationId": data.identity.location_id, "name": "Visitas", "isActive": true,
        "calendarType": "event", "slug": "visitas", "slotDuration": 60, "slotDurationUnit": "mins",
    })
}

fn id_of_calendar(data: &Data) -> String {
    format!("cal{}", data.identity.location_id)
}

/// Answers `/calendars/…`.
pub(super) fn answer(data: &mut Data, call: &Call, rest: &[&str], moment: Moment) -> Option<Answered> {
    let location = call.parameter("locationId").unwrap_or_default();
    Some(match (call.method.as_str(), rest) {
        ("GET", [""]) => here(data, location).map(|()| Answer::ok(json!({ "calendars": [calendar(data)] }))),
        ("GET", ["groups"]) => here(data, location).map(|()| Answer::ok(json!({ "groups": [] }))),
        ("GET", ["events"]) => here(data, location).and_then(|()| between(data, call)),
        ("GET", ["blocked-slots"]) => here(data, location).map(|()| Answer::ok(json!({ "events": [] }))),
        ("POST", ["events", "appointments"]) => create(data, call, moment),
        ("GET", ["events", "appointments", id]) => {
            resource::find(data, What::Appointment, id).map(|row| Answer::ok(json!({ "event": event(data, row) })))
        }
        ("PUT", ["events", "appointments", id]) => update(data, id, call, moment),
        ("DELETE", ["events", id]) => {
            resource::remove(data, What::Appointment, id).map(|()| Answer::json(201, json!({ "succeeded": true })))
        }
        (_, ["appointments", appointment, "notes", note @ ..]) => notes(data, appointment, note, call, moment)?,
        ("GET", [id, "free-slots"]) => known(data, id).and_then(|()| free(call)),
        ("GET", [id]) => known(data, id).map(|()| Answer::ok(json!({ "calendar": calendar(data) }))),
        _ => return None,
    })
}

fn known(data: &Data, id: &str) -> Result<(), Answer> {
    if id == id_of_calendar(data) { Ok(()) } else { Err(not_found(data, "Calendar", id)) }
}

/// An appointment as the calendar shows it.
fn event(data: &Data, row: &GhlResource) -> Value {
    let mut fields = row.fields.clone();
    let user = row.fields.get("assignedUserId").cloned().unwrap_or_else(|| json!(data.identity.ghl_users[0]));
    for (name, value) in [
        ("id", json!(row.id)),
        ("locationId", json!(data.identity.location_id)),
        ("contactId", json!(row.parent)),
        ("groupId", json!("")),
        ("assignedUserId", user.clone()),
        ("users", json!([user])),
        ("dateAdded", json!(wire_date(row.created))),
        ("dateUpdated", json!(wire_date(row.updated))),
    ] {
        fields.insert(name.to_owned(), value);
    }
    fields.remove("meetingLocationType");
    Value::Object(fields)
}

/// `GET /contacts/{id}/appointments`.
pub(super) fn of_contact(data: &Data, contact: &str) -> Answered {
    find(data, contact)?;
    let rows = resource::all(data, What::Appointment).filter(|row| row.parent.as_deref() == Some(contact));
    let events = rows.map(|row| {
        let mut event = event(data, row);
        if let Some(fields) = event.as_object_mut() {
            let notes = fields.remove("description");
            fields.extend(notes.map(|notes| ("notes".to_owned(), notes)));
            fields.remove("rrule");
        }
        event
    });
    Ok(Answer::ok(json!({ "events": events.collect::<Vec<_>>() })))
}

fn between(data: &Data, call: &Call) -> Answered {
    let at = |name: &str| call.parameter(name).and_then(|text| text.parse::<i64>().ok());
    let (Some(from), Some(to)) = (at("startTime"), at("endTime")) else {
        return Err(invalid("startTime and endTime must be numbers"));
    };
    let starts = |row: &GhlResource| parse_date(row.text("startTime")).unwrap_or_default();
    let rows = resource::all(data, What::Appointment).filter(|row| (from..=to).contains(&starts(row)));
    Ok(Answer::ok(json!({ "events": rows.map(|row| event(data, row)).collect::<Vec<_>>() })))
}

/// One free hour a day, at noon.
fn free(call: &Call) -> Answered {
    let at = |name: &str| call.parameter(name).and_then(|text| text.parse::<i64>().ok());
    let (Some(from), Some(to)) = (at("startDate"), at("endDate")) else {
        return Err(invalid("startDate and endDate must be numbers"));
    };
    let noons = (0..31).map(|day| from - from.rem_euclid(24 * HOUR) + (24 * day + 12) * HOUR);
    let days = noons.filter(|noon| (from..=to).contains(noon)).map(|noon| {
        let date = wire_date(noon);
        let day = date.split('T').next().unwrap_or_default().to_owned();
        (day, json!({ "slots": [date] }))
    });
    Ok(Answer::ok(Value::Object(days.collect())))
}

/// The fields of a body, as they are kept.
fn kept(body: &Map<String, Value>) -> Map<String, Value> {
    let plain = body.iter().filter(|(name, _)| !MANNERS.contains(&name.as_str()));
    plain.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn create(data: &mut Data, call: &Call, moment: Moment) -> Answered {
    let own = [("locationId", Holds::Text), ("contactId", Holds::Text)];
    let allowed: Vec<Property> = TAKEN.into_iter().chain(own).collect();
    let body = properties(call, &allowed, &["calendarId", "locationId", "contactId", "startTime"])?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    here(data, text("locationId"))?;
    known(data, text("calendarId"))?;
    let contact = find(data, text("contactId"))?.id.clone();
    let mut fields = kept(body);
    fields.retain(|name, _| !["locationId", "contactId"].contains(&name.as_str()));
    fields.entry("title").or_insert_with(|| json!("Visita"));
    fields.entry("appointmentStatus").or_insert_with(|| json!("confirmed"));
    let end = parse_date(text("startTime")).map(|start| wire_date(start + HOUR));
    fields.entry("endTime").or_insert_with(|| json!(end));
    let row = resource::make(data, What::Appointment, Some(&contact), fields, moment);
    Ok(Answer::ok(written(data, &row)))
}

fn update(data: &mut Data, id: &str, call: &Call, moment: Moment) -> Answered {
    let fields = kept(properties(call, &TAKEN, &[])?);
    let row = resource::change(data, What::Appointment, id, fields, moment)?;
    Ok(Answer::ok(written(data, &row)))
}

/// An appointment as those who write it are answered.
fn written(data: &Data, row: &GhlResource) -> Value {
    const SHOWN: [&str; 8] = [
        "calendarId",
        "startTime",
        "endTime",
        "title",
        "appointmentStatus",
        "assignedUserId",
        "address",
        "meetingLocationType",
    ];
    let mut fields: Map<String, Value> = row.fields.clone();
    fields.retain(|name, _| SHOWN.contains(&name.as_str()));
    fields.insert("id".to_owned(), json!(row.id));
    fields.insert("locationId".to_owned(), json!(data.identity.location_id));
    fields.insert("contactId".to_owned(), json!(row.parent));
    Value::Object(fields)
}

fn notes(data: &mut Data, appointment: &str, note: &[&str], call: &Call, moment: Moment) -> Option<Answered> {
    let taken = [("body", Holds::Text), ("userId", Holds::Text)];
    let body = |call: &Call| properties(call, &taken, &["body"]).cloned();
    let contact = match resource::find(data, What::Appointment, appointment) {
        Ok(row) => row.parent.clone(),
        Err(gone) => return Some(Err(gone)),
    };
    let shown = |row: &GhlResource| {
        json!({ "id": row.id, "body": row.text("body"), "userId": row.text("userId"),
            "dateAdded": wire_date(row.created), "contactId": contact })
    };
    Some(match (call.method.as_str(), note) {
        ("GET", []) => {
            let rows =
                resource::all(data, What::AppointmentNote).filter(|row| row.parent.as_deref() == Some(appointment));
            Ok(Answer::ok(json!({ "notes": rows.map(|row| shown(row)).collect::<Vec<_>>(), "hasMore": false })))
        }
        ("POST", []) => body(call).map(|body| {
            let row = resource::make(data, What::AppointmentNote, Some(appointment), body, moment);
            Answer::json(201, json!({ "note": shown(&row) }))
        }),
        ("PUT", [id]) => body(call)
            .and_then(|body| resource::change(data, What::AppointmentNote, id, body, moment))
            .map(|row| Answer::ok(json!({ "note": shown(&row) }))),
        ("DELETE", [id]) => {
            resource::remove(data, What::AppointmentNote, id).map(|()| Answer::ok(json!({ "success": true })))
        }
        _ => return None,
    })
}
