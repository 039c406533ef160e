//! The location's custom fields and what they take (GHL API notes, 3.5).

use serde_json::{Value, json};

use super::super::call::Answer;
use super::super::data::{CustomValue, Data, GhlContact, Identity, is_blank};
use super::refusal::invalid;

/// Name, type and options, by key. The first is the one that the seed fills in.
const FIELDS: [(&str, &str, &str, &[&str]); 4] = [
    ("presupuesto", "Presupuesto", "MONETORY", &[]),
    ("origen", "Origen", "SINGLE_OPTIONS", &["Web", "WhatsApp", "Feria"]),
    ("intereses", "Intereses", "MULTIPLE_OPTIONS", &["Casa", "Campo", "Oficina"]),
    ("visita", "Fecha de visita", "DATE", &[]),
];

fn ids(identity: &Identity) -> impl Iterator<Item = (&String, &(&str, &str, &str, &[&str]))> {
    std::iter::once(&identity.budget_field).chain(&identity.custom_fields).zip(&FIELDS)
}

/// `GET /locations/{id}/customFields`.
pub(super) fn listed(data: &Data) -> Answer {
    let identity = &data.identity;
    let fields: Vec<Value> = ids(identity)
        .enumerate()
        .map(|(position, (id, (key, name, kind, options)))| {
            let mut field = json!({
                "id": id, "name": name, "model": "contact", "fieldKey": format!("contact.{key}"), "placeholder": "",
                "dataType": kind, "position": position, "locationId": identity.location_id,
            });
            if let Some(field) = field.as_object_mut().filter(|_| !options.is_empty()) {
                field.insert("picklistOptions".to_owned(), json!(options));
            }
            field
        })
        .collect();
    Answer::ok(json!({ "customFields": fields }))
}

/// Sets one value, named by id, key or full key; a blank one takes it away. `None` where there is no such field.
pub(crate) fn set(
    identity: &Identity,
    contact: &mut GhlContact,
    named: &str,
    value: &Value,
) -> Option<Result<(), String>> {
    let is_it = |id: &str, key: &str| named == id || named.strip_prefix("contact.").unwrap_or(named) == key;
    let (id, (key, _, kind, options)) = ids(identity).find(|(id, (key, ..))| is_it(id, key))?;
    contact.custom_fields.retain(|custom| custom.id != *id);
    if is_blank(value) {
        return Some(Ok(()));
    }
    let one_of = |value: &Value| value.as_str().is_some_and(|text| options.contains(&text));
    let fits = match *kind {
        "MONETORY" => value.is_number() || value.as_str().is_some_and(|text| text.parse::<f64>().is_ok()),
        "SINGLE_OPTIONS" => one_of(value),
        "MULTIPLE_OPTIONS" => value.as_array().is_some_and(|chosen| chosen.iter().all(one_of)),
        _ => value.is_string(),
    };
    if !fits {
        return Some(Err(format!("customFields: {value} does not fit {key} ({kind})")));
    }
    contact.custom_fields.push(CustomValue { id: id.clone(), value: value.clone() });
    Some(Ok(()))
}

/// Custom values of a body merge by id; a key is taken for its id.
pub(super) fn merge(data: &Data, contact: &mut GhlContact, given: &Value) -> Result<(), Answer> {
    for item in given.as_array().into_iter().flatten() {
        let named = item.get("id").or_else(|| item.get("key")).and_then(Value::as_str).unwrap_or_default();
        let written = ["field_value", "fieldValue", "value"].into_iter().find_map(|key| item.get(key));
        match set(&data.identity, contact, named, written.unwrap_or(&Value::Null)) {
            Some(done) => done.map_err(|why| invalid(&why))?,
            None => return Err(invalid("customFields: invalid custom field id")),
        }
    }
    Ok(())
}
