//! What each fault makes of an answer, over real HTTP.

use reqwest::Response;
use serde_json::{Value, json};

use super::tests::Desk;
use super::*;

/// Ana with a task and a tag in GHL, and in Cliengo; then the faults.
async fn desk(faults: &str) -> (Desk, String) {
    let desk = Desk::with(Options { contacts: 0, ..Options::default() }).await;
    let ana = desk.new_ghl("ana@example.com").await;
    let task = json!({ "title": "Llamar", "dueDate": "2026-12-01T10:00:00Z", "completed": false });
    desk.ghl("POST", &format!("/contacts/{ana}/tasks"), task).await;
    desk.new_cliengo("ana@example.com").await;
    desk.sandbox.set_faults(faults.parse().unwrap());
    (desk, ana)
}

async fn listed(faults: &str) -> Response {
    let (desk, _) = desk(faults).await;
    desk.try_send(Side::Cliengo, "GET", "/contacts", Value::Null).await.unwrap()
}

async fn bytes(faults: &str) -> Vec<u8> {
    listed(faults).await.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn refusals_come_instead_of_any_work() {
    for (fault, status) in [("gateway-404", 404), ("firewall", 403), ("refusal-200", 200), ("gone", 400), ("echo", 400)]
    {
        let (desk, ana) = desk(&format!("{fault}@ghl")).await;
        let response = desk.try_send(Side::Ghl, "GET", &format!("/contacts/{ana}"), Value::Null).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{fault}");
        let said = response.text().await.unwrap();
        assert_eq!(said.contains(&ana), fault == "gone", "{said}");
        assert_eq!(said.contains(desk.sandbox.token()), fault == "echo", "{said}");
        assert_eq!(desk.ghl("GET", &format!("/contacts/{ana}"), Value::Null).await.0, 200, "{fault} has passed");
    }
    assert_eq!(listed("too-many=past").await.headers()["retry-after"], "Wed, 21 Oct 2015 07:28:00 GMT");
}

#[tokio::test]
async fn a_redirect_leads_elsewhere_or_round_in_circles() {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let (desk, _) = desk("redirect=elsewhere.example#1,redirect#2").await;
    let url = format!("{}/contacts?api_key={}", desk.sandbox.cliengo_url(), desk.sandbox.api_key());
    for leads in ["https://elsewhere.example/login", "/cliengo/1.0/contacts"] {
        let response = client.get(&url).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["location"].to_str().unwrap()), (302, leads));
    }
}

#[tokio::test]
async fn values_that_nobody_can_read_reach_the_wire() {
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    assert!(holds(&bytes("surrogate").await, b"Ana G\xc3\xb3mez\\ud83d\""));
    assert!(holds(&bytes("charset").await, b"Ana G\xf3mez"));
    assert!(bytes("byte-order-mark").await.starts_with(b"\xef\xbb\xbf{"));
    assert!(holds(&bytes("control-characters").await, b"\\u001b[2J\\r\\nApplied"));
    assert!(holds(&bytes("null-lists").await, b"\"tags\":null"));
    assert_eq!(bytes("large=3").await.len() >> 20, 3);
    let (desk, _) = desk("bomb=20").await;
    let client = reqwest::Client::builder().gzip(false).build().unwrap();
    let url = format!("{}/contacts?api_key={}", desk.sandbox.cliengo_url(), desk.sandbox.api_key());
    let packed = client.get(url).send().await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert!(packed.bytes().await.unwrap().len() < 200_000);
}

#[tokio::test]
async fn a_listing_has_a_row_twice_or_one_of_nobody() {
    let rows = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).unwrap()["results"].as_array().unwrap().len();
    assert_eq!(rows(bytes("repeat-row").await), 2);
    let (desk, ana) = desk("orphan-task@ghl:tasks/search").await;
    let search = format!("/locations/{}/tasks/search", desk.sandbox.location_id());
    let (_, found) = desk.ghl("POST", &search, json!({})).await;
    let owners: Vec<&Value> = found["tasks"].as_array().unwrap().iter().map(|task| &task["contactId"]).collect();
    assert_eq!(owners, [&json!(ana), &json!("n0b0dyn0b0dyn0b0dy00")]);
}

#[tokio::test]
async fn a_create_of_somebody_who_is_there_is_unified() {
    let (desk, _) = desk("unify@cliengo:POST").await;
    let body = json!({ "websiteId": desk.sandbox.website_id(), "name": "Otra", "email": "ana@example.com" });
    let (_, first) = desk.cliengo("POST", "/contacts", body.clone()).await;
    assert_eq!(first["name"], "Ana Gómez");
    let (_, second) = desk.cliengo("POST", "/contacts", body).await;
    assert_ne!(first["id"], second["id"], "the fault has passed");
}

#[tokio::test]
async fn a_body_drips_byte_by_byte() {
    let response = listed("drip=0.001").await;
    assert!(response.json::<Value>().await.unwrap()["results"].is_array());
}
