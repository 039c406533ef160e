//! What of a record has to be sent again, so that a write does not lose it. (`semantics` 50)

use serde_json::{Map, Value as Json};

use crate::record::{Action, Kind};

/// What a PUT of a note may drop (`GHL API notes, 3.4`); what a note that is made again had.
const NOTE: [&str; 2] = ["title", "userId"];

/// What a contact that is made again had, besides the fields of the configuration.
const CONTACT: [&str; 9] =
    ["dnd", "dndSettings", "address1", "city", "state", "postalCode", "website", "source", "companyName"];

/// A search calls `address` what the other shapes call `address1` (`GHL API notes, 3.2`).
const SEARCHED: (&str, &str) = ("address1", "address");

/// Adds to the body of a write what stood in the record as it `was`, and is not written.
pub(super) fn complete(kind: Kind, action: Action, body: &mut Map<String, Json>, was: Option<&str>) {
    let keys: &[&str] = match (kind, action) {
        (Kind::Note, _) => &NOTE,
        (Kind::Contact, Action::Create) => &CONTACT,
        _ => return,
    };
    let Some(was) = was.and_then(|was| serde_json::from_str::<Map<String, Json>>(was).ok()) else { return };
    for key in keys {
        let searched = (*key == SEARCHED.0).then(|| was.get(SEARCHED.1)).flatten();
        if let Some(value) = was.get(*key).or(searched).filter(|value| says_something(value)) {
            body.entry(*key).or_insert_with(|| value.clone());
        }
    }
}

fn says_something(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(is) => *is,
        Json::String(text) => !text.trim().is_empty(),
        Json::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}
