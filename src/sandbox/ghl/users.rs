//! Users of the location: the two of the seed, and whoever was added (GHL API notes, 3.5).

use serde_json::{Map, Value, json};

use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, Moment, USERS, What, folded};
use super::business::page;
use super::here;
use super::refusal::{Holds, Property, not_found, properties, texts, wrong_location};
use super::resource;

const TAKEN: [Property; 15] = [
    ("companyId", Holds::Text),
    ("firstName", Holds::Text),
    ("lastName", Holds::Text),
    ("email", Holds::Text),
    ("password", Holds::Text),
    ("phone", Holds::Text),
    ("type", Holds::Text),
    ("role", Holds::Text),
    ("locationIds", Holds::Texts),
    ("permissions", Holds::Object),
    ("scopes", Holds::List),
    ("scopesAssignedToOnly", Holds::List),
    ("profilePhoto", Holds::Text),
    ("twilioPhone", Holds::Object),
    ("platformLanguage", Holds::Text),
];

const NEEDED: [&str; 8] = ["companyId", "firstName", "lastName", "email", "password", "type", "role", "locationIds"];

/// Id and fields of everybody: the seed's people unless somebody changed them, then the others.
fn all(data: &Data) -> Vec<(String, Map<String, Value>)> {
    let people = data.identity.ghl_users.iter().zip(USERS).filter(|(id, _)| data.ghl.resources.get(id).is_none());
    let people = people.map(|(id, (first, last, email))| {
        let fields =
            json!({ "firstName": first, "lastName": last, "email": email, "type": "account", "role": "admin" });
        (id.clone(), fields.as_object().cloned().unwrap_or_default())
    });
    people.chain(resource::all(data, What::User).map(|row| (row.id.clone(), row.fields.clone()))).collect()
}

fn shown(data: &Data, id: &str, fields: &Map<String, Value>) -> Map<String, Value> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let locations = Some(texts(fields.get("locationIds"))).filter(|ids| !ids.is_empty());
    let locations = locations.unwrap_or_else(|| vec![data.identity.location_id.clone()]);
    let mut record = Map::from_iter([
        ("id".to_owned(), json!(id)),
        ("name".to_owned(), json!(format!("{} {}", text("firstName"), text("lastName")).trim())),
        ("firstName".to_owned(), json!(text("firstName"))),
        ("lastName".to_owned(), json!(text("lastName"))),
        ("email".to_owned(), json!(text("email"))),
        ("roles".to_owned(), json!({ "type": text("type"), "role": text("role"), "locationIds": locations })),
    ]);
    record.extend(fields.get("phone").map(|phone| ("phone".to_owned(), phone.clone())));
    record
}

fn listed(data: &Data, call: &Call, wanted: impl Fn(&Map<String, Value>) -> bool) -> Answer {
    let all: Vec<Value> = all(data)
        .into_iter()
        .filter(|(_, fields)| wanted(fields))
        .map(|(id, fields)| {
            let mut record = shown(data, &id, &fields);
            record.insert("deleted".to_owned(), json!(false));
            Value::Object(record)
        })
        .collect();
    let count = all.len();
    Answer::ok(json!({ "users": page(call, 100, all.into_iter()).collect::<Vec<_>>(), "count": count }))
}

/// Refuses every company but the token's own.
fn of_ours(data: &Data, company: &str) -> Result<(), Answer> {
    if company == data.identity.company_id { Ok(()) } else { Err(wrong_location()) }
}

/// Answers `/users/…`.
pub(super) fn answer(data: &mut Data, call: &Call, rest: &[&str], moment: Moment) -> Option<Answered> {
    let location = call.parameter("locationId");
    Some(match (call.method.as_str(), rest) {
        ("GET", [""]) => here(data, location.unwrap_or_default()).map(|()| listed(data, call, |_| true)),
        ("GET", ["search"]) => {
            let company = call.parameter("companyId").map_or(Ok(()), |company| of_ours(data, company));
            let place = location.map_or(Ok(()), |location| here(data, location));
            let query = folded(call.parameter("query").unwrap_or_default());
            company.and(place).map(|()| {
                listed(data, call, |fields| folded(&Value::Object(fields.clone()).to_string()).contains(&query))
            })
        }
        ("POST", ["search", "filter-by-email"]) => by_email(data, call),
        ("POST", [""]) => create(data, call, moment),
        ("GET", [id]) => found(data, id).map(|fields| Answer::ok(Value::Object(shown(data, id, &fields)))),
        ("PUT", [id]) => update(data, id, call, moment),
        ("DELETE", [id]) => remove(data, id, moment),
        _ => return None,
    })
}

fn found(data: &Data, id: &str) -> Result<Map<String, Value>, Answer> {
    let known = all(data).into_iter().find(|(known, _)| known == id);
    known.map(|(_, fields)| fields).ok_or_else(|| not_found(data, "User", id))
}

fn by_email(data: &Data, call: &Call) -> Answered {
    let allowed = [
        ("companyId", Holds::Text),
        ("emails", Holds::Text),
        ("deleted", Holds::Flag),
        ("skip", Holds::Text),
        ("limit", Holds::Text),
        ("projection", Holds::Text),
    ];
    let body = properties(call, &allowed, &["companyId", "emails"])?;
    of_ours(data, body.get("companyId").and_then(Value::as_str).unwrap_or_default())?;
    let emails = body.get("emails").and_then(Value::as_str).unwrap_or_default();
    let emails: Vec<String> = emails.split(',').map(folded).collect();
    let is_one = |fields: &Map<String, Value>| {
        fields.get("email").and_then(Value::as_str).is_some_and(|email| emails.contains(&folded(email)))
    };
    Ok(listed(data, call, is_one))
}

/// What is kept of a body: never a password.
fn kept(body: &Map<String, Value>) -> Map<String, Value> {
    let shown = body.iter().filter(|(name, _)| !["password", "companyId"].contains(&name.as_str()));
    shown.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn create(data: &mut Data, call: &Call, moment: Moment) -> Answered {
    let body = properties(call, &TAKEN, &NEEDED)?;
    of_ours(data, body.get("companyId").and_then(Value::as_str).unwrap_or_default())?;
    let row = resource::make(data, What::User, None, kept(body), moment);
    Ok(Answer::json(201, Value::Object(shown(data, &row.id, &row.fields))))
}

/// One of the seed's becomes one of those that were written.
fn own(data: &mut Data, id: &str, moment: Moment) -> Result<(), Answer> {
    let fields = found(data, id)?;
    if data.ghl.resources.get(id).is_none() {
        resource::put(data, id.to_owned(), What::User, None, fields, moment);
    }
    Ok(())
}

fn update(data: &mut Data, id: &str, call: &Call, moment: Moment) -> Answered {
    let body = kept(properties(call, &TAKEN, &[])?);
    own(data, id, moment)?;
    let row = resource::change(data, What::User, id, body, moment)?;
    Ok(Answer::ok(Value::Object(shown(data, id, &row.fields))))
}

fn remove(data: &mut Data, id: &str, moment: Moment) -> Answered {
    own(data, id, moment)?;
    resource::remove(data, What::User, id)?;
    Ok(Answer::ok(json!({ "succeded": true, "message": "Queued deleting user with e-mail and name" })))
}
