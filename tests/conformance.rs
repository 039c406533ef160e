//! The judge of GHL's requests and answers is judged: it takes what the recorded account took, and refuses what that one
//! refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own functions fail as its assertions do"
)]

#[path = "specs/mod.rs"]
mod specs;

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
