//! What of GHL's records no field of ours shows, and people edit all the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::api;
use crate::crm::difference::{Comparable, Rules};
use crate::crm::wire::text_in;
use crate::record::{Forms, GhlPlace, Kind};

/// The keys, besides those of our fields, in which two payloads of one record differ. `alike`: both came in one shape.
pub(super) fn changes(kind: Kind, before: &str, now: &str, alike: bool, forms: &Forms) -> BTreeSet<String> {
    let rules = api::rules(kind);
    match (read(kind, rules, before, forms), read(kind, rules, now, forms)) {
        (Some(before), Some(now)) => before.differences(&now, rules, alike),
        _ => BTreeSet::new(),
    }
}

fn read(kind: Kind, rules: &Rules, payload: &str, forms: &Forms) -> Option<Comparable> {
    let is_ours = |key: &str| {
        forms.of(kind).any(|mapped| match &mapped.ghl {
            GhlPlace::Plain(field) => field.key == key || field.searched == key,
            GhlPlace::Custom(_) => false,
        })
    };
    let mut payload = Comparable::read(rules, payload, is_ours)?;
    payload.reduce("customFields", |fields| unmapped(&fields, forms));
    payload.reduce("dateOfBirth", |date| date.as_str().map(|date| date.chars().take(10).collect::<String>().into()));
    for (list, key) in [("additionalEmails", "email"), ("additionalPhones", "phone")] {
        payload.reduce(list, |items| Some(items.as_array()?.iter().filter_map(|item| text_in(item, &[key])).collect()));
    }
    Some(payload)
}

/// The values of the custom fields that are not mapped, by id: their order says nothing.
fn unmapped(fields: &Json, forms: &Forms) -> Option<Json> {
    let is_mapped = |id: &str| forms.mapped.iter().any(|mapped| mapped.ghl == GhlPlace::Custom(id.to_owned()));
    let value = |field: &Json| {
        let id = field.get("id")?.as_str().filter(|id| !is_mapped(id))?;
        let value = ["value", "field_value", "fieldValue"].iter().find_map(|key| field.get(*key))?;
        Some((id.to_owned(), value.clone()))
    };
    let values: BTreeMap<String, Json> = fields.as_array()?.iter().filter_map(value).collect();
    (!values.is_empty()).then(|| values.into_iter().collect())
}
