//! What of Cliengo's records no field of ours shows, and people edit all the same.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::api;
use crate::crm::difference::{Comparable, Rules};
use crate::record::{Forms, Kind};

/// The keys, besides those of our fields, in which two payloads of one record differ. `alike`: both came in one shape.
pub(super) fn changes(kind: Kind, before: &str, now: &str, alike: bool, forms: &Forms) -> BTreeSet<String> {
    let rules = api::rules(kind);
    match (read(kind, rules, before, forms), read(kind, rules, now, forms)) {
        (Some(before), Some(now)) => before.differences(&now, rules, alike),
        _ => BTreeSet::new(),
    }
}

fn read(kind: Kind, rules: &Rules, payload: &str, forms: &Forms) -> Option<Comparable> {
    let is_ours = |path: &str| forms.of(kind).any(|mapped| mapped.cliengo == path);
    let mut payload = Comparable::read(rules, payload, is_ours)?;
    payload.reduce("leadFields", |fields| match fields {
        Json::Object(mut fields) => {
            fields.retain(|key, _| !is_ours(&format!("leadFields.{key}")));
            (!fields.is_empty()).then_some(Json::Object(fields))
        }
        other => Some(other),
    });
    Some(payload)
}
