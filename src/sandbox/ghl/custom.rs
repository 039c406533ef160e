//! The location's custom fields and what they take, and its custom values (GHL API notes, 3.5).

use serde_json::{Map, Value, json};

use super::super::call::{Answer, Answered, Call};
use super::super::data::{CustomValue, Data, GhlContact, GhlResource, Identity, Moment, What, is_blank};
use super::refusal::{Holds, Property, invalid, not_found, properties, texts};
use super::resource::{self, gone};

/// Name, type and options, by key. The first is the one that the seed fills in.
const FIELDS: [(&str, &str, &str, &[&str]); 4] = [
    ("presupuesto", "Presupuesto", "MONETORY", &[]),
    ("origen", "Origen", "SINGLE_OPTIONS", &["Web", "WhatsApp", "Feria"]),
    ("intereses", "Intereses", "MULTIPLE_OPTIONS", &["Casa", "Campo", "Oficina"]),
    ("visita", "Fecha de visita", "DATE", &[]),
];

const TAKEN: [Property; 8] = [
    ("name", Holds::Text),
    ("dataType", Holds::Text),
    ("placeholder", Holds::Text),
    ("acceptedFormat", Holds::Texts),
    ("isMultipleFile", Holds::Flag),
    ("maxNumberOfFiles", Holds::Number),
    ("textBoxListOptions", Holds::List),
    ("position", Holds::Number),
];

fn ids(identity: &Identity) -> impl Iterator<Item = (&String, &(&str, &str, &str, &[&str]))> {
    std::iter::once(&identity.budget_field).chain(&identity.custom_fields).zip(&FIELDS)
}

/// Id and definition of every field: the seed's unless somebody changed them, then the others.
fn all(data: &Data) -> Vec<(String, Map<String, Value>)> {
    let seeded = ids(&data.identity).filter(|(id, _)| data.ghl.resources.get(id).is_none());
    let seeded = seeded.map(|(id, (key, name, kind, options))| {
        let fields = json!({ "name": name, "dataType": kind, "fieldKey": key, "options": options });
        (id.clone(), fields.as_object().cloned().unwrap_or_default())
    });
    seeded.chain(resource::all(data, What::CustomField).map(|row| (row.id.clone(), row.fields.clone()))).collect()
}

fn shown(data: &Data, id: &str, fields: &Map<String, Value>, position: usize) -> Value {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut field = json!({
        "id": id, "name": text("name"), "model": "contact", "fieldKey": format!("contact.{}", text("fieldKey")),
        "placeholder": text("placeholder"), "dataType": text("dataType"), "position": position,
        "locationId": data.identity.location_id,
    });
    let options = texts(fields.get("options"));
    if let Some(field) = field.as_object_mut().filter(|_| !options.is_empty()) {
        field.insert("picklistOptions".to_owned(), json!(options));
    }
    field
}

/// `GET /locations/{id}/customFields`.
fn listed(data: &Data, model: &str) -> Answer {
    let of_contacts = model != "opportunity";
    let fields = all(data).into_iter().filter(|_| of_contacts).enumerate();
    let fields: Vec<Value> = fields.map(|(position, (id, fields))| shown(data, &id, &fields, position)).collect();
    Answer::ok(json!({ "customFields": fields }))
}

/// Answers `/locations/{id}/customFields…`.
pub(super) fn answer(data: &mut Data, call: &Call, rest: &[&str], moment: Moment) -> Option<Answered> {
    Some(match (call.method.as_str(), rest) {
        ("GET", []) => Ok(listed(data, call.parameter("model").unwrap_or_default())),
        ("POST", []) => create(data, call, moment),
        ("GET", [id]) => one(data, id),
        ("PUT", [id]) => update(data, id, call, moment).and_then(|()| one(data, id)),
        ("DELETE", [id]) => {
            own(data, id, moment).and_then(|()| resource::remove(data, What::CustomField, id)).map(|()| gone())
        }
        _ => return None,
    })
}

fn one(data: &Data, id: &str) -> Answered {
    let found = all(data).into_iter().enumerate().find(|(_, (known, _))| known == id);
    let (position, (_, fields)) = found.ok_or_else(|| not_found(data, "Custom field", id))?;
    Ok(Answer::ok(json!({ "customField": shown(data, id, &fields, position) })))
}

/// The options of a body: texts, or objects with a label.
fn options(body: &Map<String, Value>) -> Vec<String> {
    let given = body.get("textBoxListOptions").and_then(Value::as_array).into_iter().flatten();
    let label = |option: &Value| option.as_str().or_else(|| option.get("label")?.as_str()).map(str::to_owned);
    given.filter_map(label).collect()
}

fn create(data: &mut Data, call: &Call, moment: Moment) -> Answered {
    let allowed: Vec<Property> = TAKEN.into_iter().chain([("model", Holds::Text)]).collect();
    let body = properties(call, &allowed, &["name", "dataType"])?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    let key: String = name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let mut fields = body.clone();
    fields.insert("fieldKey".to_owned(), json!(key));
    fields.insert("options".to_owned(), json!(options(body)));
    let row = resource::make(data, What::CustomField, None, fields, moment);
    let mut answer = one(data, &row.id)?;
    answer.status = 201;
    Ok(answer)
}

/// One of the seed's becomes one of those that were written.
fn own(data: &mut Data, id: &str, moment: Moment) -> Result<(), Answer> {
    let known = all(data).into_iter().find(|(known, _)| known == id);
    let (_, fields) = known.ok_or_else(|| not_found(data, "Custom field", id))?;
    if data.ghl.resources.get(id).is_none() {
        resource::put(data, id.to_owned(), What::CustomField, None, fields, moment);
    }
    Ok(())
}

/// A field's type cannot change later.
fn update(data: &mut Data, id: &str, call: &Call, moment: Moment) -> Result<(), Answer> {
    let allowed: Vec<Property> =
        TAKEN.into_iter().filter(|(name, _)| *name != "dataType").chain([("model", Holds::Text)]).collect();
    let mut body = properties(call, &allowed, &["name"])?.clone();
    let options = options(&body);
    if !options.is_empty() {
        body.insert("options".to_owned(), json!(options));
    }
    own(data, id, moment)?;
    resource::change(data, What::CustomField, id, body, moment).map(drop)
}

/// Sets one value, named by id, key or full key; a blank one takes it away. `None` where there is no such field.
pub(crate) fn set(data: &Data, contact: &mut GhlContact, named: &str, value: &Value) -> Option<Result<(), String>> {
    let text = |fields: &Map<String, Value>, name: &str| {
        fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let key_of = named.strip_prefix("contact.").unwrap_or(named);
    let is_it = |id: &str, fields: &Map<String, Value>| named == id || key_of == text(fields, "fieldKey");
    let (id, fields) = all(data).into_iter().find(|(id, fields)| is_it(id, fields))?;
    let (key, kind, options) = (text(&fields, "fieldKey"), text(&fields, "dataType"), texts(fields.get("options")));
    contact.custom_fields.retain(|custom| custom.id != id);
    if is_blank(value) {
        return Some(Ok(()));
    }
    let one_of = |value: &Value| value.as_str().is_some_and(|text| options.iter().any(|option| option == text));
    let fits = match kind.as_str() {
        "MONETORY" | "NUMERICAL" => value.is_number() || value.as_str().is_some_and(|text| text.parse::<f64>().is_ok()),
        "SINGLE_OPTIONS" | "RADIO" => one_of(value),
        "MULTIPLE_OPTIONS" | "CHECKBOX" => value.as_array().is_some_and(|chosen| chosen.iter().all(one_of)),
        _ => value.is_string(),
    };
    if !fits {
        return Some(Err(format!("customFields: {value} does not fit {key} ({kind})")));
    }
    contact.custom_fields.push(CustomValue { id, value: value.clone() });
    Some(Ok(()))
}

/// Custom values of a body merge by id; a key is taken for its id.
pub(super) fn merge(data: &Data, contact: &mut GhlContact, given: &Value) -> Result<(), Answer> {
    for item in given.as_array().into_iter().flatten() {
        let named = item.get("id").or_else(|| item.get("key")).and_then(Value::as_str).unwrap_or_default();
        let written = ["field_value", "fieldValue", "value"].into_iter().find_map(|key| item.get(key));
        match set(data, contact, named, written.unwrap_or(&Value::Null)) {
            Some(done) => done.map_err(|why| invalid(&why))?,
            None => return Err(invalid("customFields: invalid custom field id")),
        }
    }
    Ok(())
}

/// Answers `/locations/{id}/customValues…`: words that the location's texts fill in.
pub(super) fn values(data: &mut Data, call: &Call, rest: &[&str], moment: Moment) -> Option<Answered> {
    let location = data.identity.location_id.clone();
    let shown = |row: &GhlResource| {
        json!({ "id": row.id, "name": row.text("name"), "value": row.text("value"), "locationId": location,
            "fieldKey": format!("{{{{ custom_values.{} }}}}", row.text("name").to_lowercase().replace(' ', "_")) })
    };
    let allowed = [("name", Holds::Text), ("value", Holds::Text)];
    let body = |call: &Call| properties(call, &allowed, &["name", "value"]).cloned();
    let wrapped = |row: &GhlResource| json!({ "customValue": shown(row) });
    Some(match (call.method.as_str(), rest) {
        ("GET", []) => {
            let rows: Vec<Value> = resource::all(data, What::CustomValue).map(|row| shown(row)).collect();
            Ok(Answer::ok(json!({ "customValues": rows })))
        }
        ("POST", []) => body(call).map(|body| {
            let row = resource::make(data, What::CustomValue, None, body, moment);
            Answer::json(201, wrapped(&row))
        }),
        ("GET", [id]) => resource::find(data, What::CustomValue, id).map(|row| Answer::ok(wrapped(row))),
        ("PUT", [id]) => body(call)
            .and_then(|body| resource::change(data, What::CustomValue, id, body, moment))
            .map(|row| Answer::ok(wrapped(&row))),
        ("DELETE", [id]) => resource::remove(data, What::CustomValue, id).map(|()| gone()),
        _ => return None,
    })
}
