//! The judge of GHL's requests and answers is judged: it takes what the recorded account took, and refuses what that one
//! refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own functions fail as its assertions do"
)]

#[path = "api/mod.rs"]
mod api;
#[path = "invariants/mod.rs"]
mod invariants;
#[path = "rooms/mod.rs"]
mod rooms;
#[path = "specs/mod.rs"]
mod specs;
#[path = "switched_off/mod.rs"]
mod switched_off;

use std::collections::BTreeSet;

use concord::crm::catalogue;
use concord::crm::catalogue::Decision;
use concord::record::Side;
use serde_json::{Value, json};
use specs::{Exchange, specs};

fn request(method: &str, path: &str, body: Option<&Value>) -> Result<(), String> {
    specs().check(&Exchange { method, path, body, answer: None })
}

fn sent(method: &str, path: &str, body: &Value) -> Result<(), String> {
    request(method, path, Some(body))
}

fn answered(method: &str, path: &str, body: Option<&Value>, status: u16, answer: &Value) -> Result<(), String> {
    specs().check(&Exchange { method, path, body, answer: Some((status, answer)) })
}

#[test]
fn every_recorded_ghl_exchange_is_valid_but_the_one_that_was_refused_for_its_property() {
    let mut seen = 0;
    for entry in std::fs::read_dir("tests/examples").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("ghl-") {
            continue;
        }
        let example: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let request = &example["request"];
        let status = u16::try_from(example["status"].as_u64().unwrap()).unwrap();
        let (method, path) = (request["method"].as_str().unwrap(), request["path"].as_str().unwrap());
        let body = match request.get("body") {
            // The example of a create that was refused does not say what was sent.
            None if method == "POST" => Some(json!({ "locationId": "Loc0Example00000001" })),
            body => body.cloned(),
        };
        let told = answered(method, path, body.as_ref(), status, &example["response"]);
        if name == "ghl-unknown-property" {
            assert!(told.unwrap_err().contains("'locationId' was unexpected"));
        } else {
            assert_eq!(told, Ok(()), "{name}");
        }
        seen += 1;
    }
    assert_eq!(seen, 10);
}

#[test]
fn what_ghl_refuses_is_refused() {
    let note = "/contacts/C1/notes";
    for (method, path, body, why) in [
        ("PUT", "/contacts/C1", json!({ "companyName": "Sol" }), "companyName"),
        ("PUT", "/contacts/C1", json!({ "gender": "female" }), "gender"),
        ("PUT", "/contacts/C1", json!({ "postalCode": null }), "postalCode"),
        ("PUT", "/contacts/C1", json!({ "customFields": [{ "field_value": "x" }] }), "customFields"),
        ("POST", "/contacts/", json!({ "firstName": "Ana" }), "locationId"),
        ("POST", note, json!({ "body": "x", "locationId": "L1" }), "locationId"),
        ("POST", note, json!({}), "body"),
        ("POST", "/contacts/C1/tasks", json!({ "title": "x", "dueDate": "2026-11-24T12:00:00Z" }), "completed"),
        ("POST", "/contacts/C1/tags", json!({ "tags": "vip" }), "tags"),
        ("POST", "/contacts/search", json!({ "locationId": "L1" }), "pageLimit"),
        ("POST", "/contacts/search", json!({ "locationId": "L1", "pageLimit": 501 }), "501"),
        (
            "POST",
            "/contacts/search",
            json!({ "locationId": "L1", "pageLimit": 100, "page": 2, "searchAfter": [1, "a"] }),
            "searchAfter",
        ),
        ("POST", "/contacts", json!({ "locationId": "L1" }), "no such operation"),
        ("PATCH", "/contacts/C1", json!({}), "no such operation"),
        ("DELETE", "/contacts/C1", json!({}), "takes no body"),
    ] {
        let refused = sent(method, path, &body).unwrap_err();
        assert!(refused.contains(why), "{method} {path}: {refused}");
    }
    assert!(request("GET", "/contacts/search/duplicate?email=a", None).unwrap_err().contains("locationId"));
    assert!(request("GET", "/contacts/C1?locationId=L1", None).unwrap_err().contains("unknown in the query"));
}

#[test]
fn what_ghl_takes_is_taken() {
    for (method, path, body) in [
        ("PUT", "/contacts/C1", json!({ "email": null, "phone": null, "dateOfBirth": "1990-09-25" })),
        ("PUT", "/contacts/C1", json!({ "customFields": [{ "id": "F1", "field_value": 1500.5 }] })),
        ("PUT", "/contacts/C1", json!({ "customFields": [{ "id": "F1", "field_value": ["Casa"] }] })),
        ("PUT", "/contacts/C1/tasks/T1/completed", json!({ "completed": true })),
        ("DELETE", "/contacts/C1/tags", json!({ "tags": ["vip"] })),
        ("POST", "/contacts/search", json!({ "locationId": "L1", "pageLimit": 500, "searchAfter": [1, "a"] })),
    ] {
        assert_eq!(sent(method, path, &body), Ok(()), "{method} {path}");
    }
}

#[test]
fn an_answer_with_a_wrong_type_an_unknown_key_or_an_unknown_status_is_seen() {
    for (status, answer) in [
        (200, json!({ "note": { "id": 7 } })),
        (200, json!({ "note": { "id": "N1", "colour": "red" } })),
        (200, json!({ "nota": {} })),
        (201, json!({ "note": { "id": "N1" } })),
        (404, json!({ "reason": "gone" })),
    ] {
        let path = "/contacts/C1/notes/N1";
        assert!(answered("GET", path, None, status, &answer).is_err(), "{status} {answer}");
    }
}

/// Method and path of every operation in the official files of a folder, with their version.
fn official(folder: &str) -> BTreeSet<(String, String)> {
    let mut operations = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for (path, methods) in file["paths"].as_object().unwrap() {
            let verbs = methods.as_object().unwrap().keys().filter(|verb| *verb != "parameters");
            operations.extend(verbs.map(|verb| (verb.to_uppercase(), path.clone())));
        }
    }
    operations
}

#[test]
fn every_operation_of_the_official_files_has_a_decision_and_no_other_is_claimed() {
    let (older, v3) = (official("tests/specs/ghl/apps"), official("tests/specs/ghl/apps/v3"));
    assert_eq!(older.len(), 127);
    let of = |is_v3: bool| -> BTreeSet<_> {
        let listed =
            catalogue().into_iter().filter(|listed| listed.api == Side::Ghl && (listed.version == "v3") == is_v3);
        listed.map(|listed| (listed.method.as_str().to_owned(), listed.path.to_owned())).collect()
    };
    assert_eq!(of(false), older);
    assert_eq!(of(true), v3.difference(&older).cloned().collect());
}

#[test]
fn the_catalogue_in_the_documents_is_what_the_program_knows() {
    let path = "docs/OPERATIONS-CATALOGUE.md";
    let mut text = "# Operations: what Concord does with each\n\n\
        Made by `CONCORD_BLESS=1 cargo test --test conformance catalogue` from the data behind `concord operations`: every operation of Cliengo's and of GHL's nine official files that concern people, and of v3 where it differs.\n"
        .to_owned();
    let mut heading = String::new();
    for listed in catalogue() {
        let title = format!(
            "\n## {}, {}\n\n| operation | scope | used | for what, or why not |\n| --- | --- | --- | --- |\n",
            listed.api.title(),
            listed.version
        );
        if title != heading {
            text.push_str(&title);
            heading = title;
        }
        let (used, why) = match listed.decision {
            Decision::Used(why) => ("yes", why),
            Decision::Declined(why) => ("no", why),
        };
        let scope = if listed.scope.is_empty() { String::new() } else { format!("`{}`", listed.scope) };
        text.push_str(&format!("| `{} {}` | {scope} | {used} | {why} |\n", listed.method.as_str(), listed.path));
    }
    if std::env::var_os("CONCORD_BLESS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
}
