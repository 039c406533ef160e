//! The promises that rehearsals lean on, over real HTTP.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use super::*;
use crate::clock::ManualClock;

/// A running sandbox and a plain client.
pub(super) struct Desk {
    pub(super) sandbox: Sandbox,
    client: Client,
}

impl Desk {
    pub(super) async fn with(options: Options) -> Self {
        Self { sandbox: Sandbox::start(options).await.unwrap(), client: Client::new() }
    }

    async fn empty() -> Self {
        Self::with(Options { contacts: 0, ..Options::default() }).await
    }

    pub(super) async fn try_send(
        &self,
        side: Side,
        method: &str,
        path: &str,
        body: Value,
    ) -> reqwest::Result<Response> {
        let method: Method = method.parse().unwrap();
        let request = match side {
            Side::Cliengo => {
                let join = if path.contains('?') { '&' } else { '?' };
                let key = self.sandbox.api_key();
                self.client.request(method, format!("{}{path}{join}api_key={key}", self.sandbox.cliengo_url()))
            }
            Side::Ghl => {
                let request = self.client.request(method, format!("{}{path}", self.sandbox.ghl_url()));
                request.bearer_auth(self.sandbox.token()).header("Version", "2021-07-28")
            }
        };
        let request = if body.is_null() { request } else { request.json(&body) };
        request.send().await
    }

    async fn send(&self, side: Side, method: &str, path: &str, body: Value) -> (u16, Value) {
        let response = self.try_send(side, method, path, body).await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
    }

    pub(super) async fn cliengo(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.send(Side::Cliengo, method, path, body).await
    }

    pub(super) async fn ghl(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.send(Side::Ghl, method, path, body).await
    }

    pub(super) async fn search(&self, extra: Value) -> Value {
        let mut body = json!({ "locationId": self.sandbox.location_id(), "pageLimit": 100 });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let (status, answer) = self.ghl("POST", "/contacts/search", body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(super) async fn new_cliengo(&self, email: &str) -> String {
        let body = json!({ "websiteId": self.sandbox.website_id(), "name": "Ana Gómez", "email": email });
        id(&self.cliengo("POST", "/contacts", body).await.1)
    }

    pub(super) async fn new_ghl(&self, email: &str) -> String {
        let body = json!({ "locationId": self.sandbox.location_id(), "firstName": "Ana", "email": email });
        let (status, answer) = self.ghl("POST", "/contacts/", body).await;
        assert_eq!(status, 201, "{answer}");
        id(&answer["contact"])
    }
}

pub(super) fn id(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}

pub(super) fn rows<'answer>(answer: &'answer Value, key: &str) -> &'answer Vec<Value> {
    answer[key].as_array().unwrap()
}

#[tokio::test]
async fn cliengo_refuses_an_offset_over_1000_and_ignores_what_it_does_not_know() {
    let desk = Desk::with(Options::default()).await;
    let (status, answer) = desk.cliengo("GET", "/contacts?limit=50&offset=1001", Value::Null).await;
    assert_eq!((status, &answer), (400, &json!({ "message": "Offset cannot be greater than 1000" })));
    assert_eq!(desk.cliengo("GET", "/contacts?offset=1000", Value::Null).await.0, 200);
    let (_, plain) = desk.cliengo("GET", "/contacts?limit=5", Value::Null).await;
    let (_, odd) = desk.cliengo("GET", "/contacts?limit=5&page=3&sort=name&updatedSince=2030-01-01", Value::Null).await;
    assert_eq!(plain, odd);
    let dates: Vec<&str> = rows(&plain, "results").iter().map(|row| row["creationDate"].as_str().unwrap()).collect();
    assert!(dates.is_sorted_by(|one, other| one >= other), "{dates:?}");
    assert_eq!(plain["results"][0]["notes"], json!([]));
}

#[tokio::test]
async fn cliengo_windows_filter_the_creation_date_and_until_is_exclusive() {
    let desk = Desk::empty().await;
    let day = "2026-03-05".parse().unwrap();
    desk.sandbox.world().fill(30, 0, Some((day, 20)), 0, 0).unwrap();
    let total = async |window: &str| {
        let (_, answer) = desk.cliengo("GET", &format!("/contacts?limit=1&{window}"), Value::Null).await;
        answer["paging"]["total"].as_u64().unwrap()
    };
    assert_eq!(total("").await, 30);
    let before = total("until=2026-03-05").await;
    let after = total("since=2026-03-06").await;
    assert_eq!(total("since=2026-03-05&until=2026-03-06").await, 20);
    assert_eq!(before + after, 10);
    let morning = total("since=2026-03-05T00:00:00Z&until=2026-03-05T12:00:00Z").await;
    assert_eq!(morning, 10);
}

#[tokio::test]
async fn cliengo_never_deduplicates_and_deletes_with_notes_and_tasks() {
    let desk = Desk::empty().await;
    let (one, other) = (desk.new_cliengo("ana@example.com").await, desk.new_cliengo("ana@example.com").await);
    assert_ne!(one, other);
    let before = desk.cliengo("GET", &format!("/contacts/{one}"), Value::Null).await.1;
    let (_, note) = desk.cliengo("POST", &format!("/contacts/{one}/notes"), json!({ "message": "Pidió precio" })).await;
    assert!(note["ID"].is_string());
    assert_eq!(desk.cliengo("GET", &format!("/contacts/{one}"), Value::Null).await.1, before);
    desk.cliengo("POST", &format!("/contacts/{one}/tasks"), json!({ "title": "Llamar" })).await;
    let (status, gone) = desk.cliengo("DELETE", &format!("/contacts/{one}"), Value::Null).await;
    assert_eq!((status, gone["id"].as_str().unwrap()), (200, one.as_str()));
    let (status, answer) = desk.cliengo("GET", &format!("/contacts/{one}/notes"), Value::Null).await;
    assert_eq!((status, answer), (404, json!({ "message": "Contact not found" })));
    assert_eq!(desk.sandbox.world().dump().unwrap()["cliengo"]["tasks"], json!([]));
}

#[tokio::test]
async fn cliengo_tags_are_spellings_and_patch_ignores_the_last_name() {
    let desk = Desk::empty().await;
    let contact = desk.new_cliengo("ana@example.com").await;
    for tag in ["VIP", "vip", "VIP"] {
        desk.cliengo("POST", &format!("/contacts/{contact}/tags"), json!({ "tag": tag })).await;
    }
    let patch =
        json!({ "name": "Ana", "lastName": "Paz", "contactMethod": "API", "extraParams": { "presupuesto": "1" } });
    let (_, shown) = desk.cliengo("PATCH", &format!("/contacts/{contact}"), patch).await;
    assert_eq!(shown["tags"], json!(["VIP", "vip"]));
    assert_eq!((&shown["name"], &shown["lastName"]), (&json!("Ana"), &Value::Null));
    assert_eq!((&shown["entryMethod"], &shown["leadFields"]["presupuesto"]), (&json!("API"), &json!("1")));
    let (_, shown) = desk.cliengo("DELETE", &format!("/contacts/{contact}/tags"), json!({ "tag": "vip" })).await;
    assert_eq!(shown["tags"], json!(["VIP"]));
}

#[tokio::test]
async fn legacy_cliengo_has_no_tasks_and_only_adds() {
    let desk = Desk::with(Options { profile: Profile::Legacy, hide_tags: true, ..Options::default() }).await;
    let contact = desk.new_cliengo("ana@example.com").await;
    let (_, note) = desk.cliengo("POST", &format!("/contacts/{contact}/notes"), json!({ "message": "x" })).await;
    let note = note["ID"].as_str().unwrap();
    for (method, path) in [("GET", "tasks"), ("DELETE", "tags"), ("PUT", &format!("notes/{note}"))] {
        let (status, answer) = desk.cliengo(method, &format!("/contacts/{contact}/{path}"), json!({})).await;
        assert_eq!((status, answer), (404, json!({ "message": "Not Found" })), "{method} {path}");
    }
    let (_, shown) = desk.cliengo("GET", &format!("/contacts/{contact}"), Value::Null).await;
    assert!(shown.get("tags").is_none());
}

#[tokio::test]
async fn both_sides_refuse_strangers_in_their_own_words() {
    let desk = Desk::empty().await;
    let (cliengo, ghl) = (desk.sandbox.cliengo_url(), desk.sandbox.ghl_url());
    let answer = desk.client.get(format!("{cliengo}/account?api_key=nobody")).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let key = desk.sandbox.api_key();
    let jwt: Value = serde_json::from_slice(
        &desk.client.get(format!("{cliengo}/jwt?api_key={key}")).send().await.unwrap().bytes().await.unwrap(),
    )
    .unwrap();
    for header in [format!("Bearer {key}"), jwt["jwt"].as_str().unwrap().to_owned()] {
        let request = desk.client.get(format!("{cliengo}/account")).header("Authorization", header);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    let location = format!("{ghl}/locations/{}", desk.sandbox.location_id());
    let request = desk.client.get(&location).header("Version", "2021-07-28");
    assert_eq!(request.bearer_auth("pit-stranger").send().await.unwrap().status(), 401);
    let request = desk.client.get(&location).bearer_auth(desk.sandbox.token());
    assert_eq!(request.send().await.unwrap().status(), 400);
    assert_eq!(desk.ghl("GET", "/locations/elsewhere", Value::Null).await.0, 403);
    let lost = desk.try_send(Side::Ghl, "POST", "/contacts", json!({})).await.unwrap();
    assert_eq!((lost.status().as_u16(), lost.bytes().await.unwrap().len()), (404, 0));
}

#[tokio::test]
async fn ghl_refuses_duplicates_by_email_whatever_its_case_and_by_phone() {
    let desk = Desk::empty().await;
    let first = desk.new_ghl("MJ.Nunez@example.com").await;
    desk.ghl("PUT", &format!("/contacts/{first}"), json!({ "phone": "011 4321-1234" })).await;
    let location = desk.sandbox.location_id();
    for (field, value) in [("email", "mj.nunez@EXAMPLE.com"), ("phone", "+541143211234")] {
        let (status, answer) = desk.ghl("POST", "/contacts/", json!({ "locationId": location, field: value })).await;
        assert_eq!((status, &answer["meta"]["contactId"]), (400, &json!(first)), "{answer}");
        assert_eq!(answer["meta"]["matchingField"], field);
    }
    let path =
        format!("/contacts/search/duplicate?locationId={location}&email=nobody@example.com&number=%2B541143211234");
    let (_, found) = desk.ghl("GET", &path, Value::Null).await;
    assert_eq!((&found["matchingField"], &found["contact"]["id"]), (&json!("phone"), &json!(first)));
    let path = format!("/contacts/search/duplicate?locationId={location}&email=nobody@example.com");
    assert_eq!(desk.ghl("GET", &path, Value::Null).await.1["contact"], Value::Null);
}

#[tokio::test]
async fn ghl_refuses_properties_it_does_not_know_and_nulls_it_does_not_take() {
    let desk = Desk::empty().await;
    let contact = desk.new_ghl("ana@example.com").await;
    let path = format!("/contacts/{contact}");
    let (status, answer) = desk.ghl("PUT", &path, json!({ "locationId": "x" })).await;
    assert_eq!((status, &answer["message"]), (422, &json!(["property locationId should not exist"])));
    for body in [json!({ "companyName": "x" }), json!({ "gender": "x" }), json!({ "country": null })] {
        assert_eq!(desk.ghl("PUT", &path, body.clone()).await.0, 422, "{body}");
    }
    let (status, answer) = desk.ghl("PUT", &path, json!({ "email": null, "phone": null })).await;
    assert_eq!((status, answer["contact"].get("email")), (200, None));
    let task = json!({ "title": "Llamar", "dueDate": "2026-07-20T10:00:00Z" });
    assert_eq!(desk.ghl("POST", &format!("{path}/tasks"), task).await.0, 422);
    assert_eq!(desk.ghl("POST", "/contacts/search", json!({ "locationId": "x" })).await.0, 422);
}

#[tokio::test]
async fn ghl_lower_cases_tags_and_put_replaces_them() {
    let desk = Desk::empty().await;
    let contact = desk.new_ghl("ana@example.com").await;
    let path = format!("/contacts/{contact}");
    let (_, answer) = desk.ghl("POST", &format!("{path}/tags"), json!({ "tags": [" VIP ", "Año", "vip"] })).await;
    assert_eq!((&answer["tags"], &answer["tagsAdded"]), (&json!(["vip", "año"]), &json!(["vip", "año"])));
    let (_, answer) = desk.ghl("DELETE", &format!("{path}/tags"), json!({ "tags": ["VIP"] })).await;
    assert_eq!((&answer["tags"], &answer["tagsRemoved"]), (&json!(["año"]), &json!(["vip"])));
    let (_, answer) = desk.ghl("PUT", &path, json!({ "tags": ["Nuevo"] })).await;
    assert_eq!(answer["contact"]["tags"], json!(["nuevo"]));
    let known = desk.ghl("GET", &format!("/locations/{}/tags", desk.sandbox.location_id()), Value::Null).await.1;
    assert_eq!(rows(&known, "tags").len(), 3);
}

#[tokio::test]
async fn ghl_cascades_a_delete_and_says_gone_with_400() {
    let desk = Desk::empty().await;
    let contact = desk.new_ghl("ana@example.com").await;
    let path = format!("/contacts/{contact}");
    let task = json!({ "title": "Llamar", "dueDate": "2026-07-20", "completed": false });
    let (status, answer) = desk.ghl("POST", &format!("{path}/tasks"), task).await;
    assert_eq!((status, &answer["task"]["dueDate"]), (201, &json!("2026-07-20T00:00:00.000Z")));
    let (_, note) = desk.ghl("POST", &format!("{path}/notes"), json!({ "body": "<p>Llamar el&nbsp;lunes</p>" })).await;
    assert_eq!(note["note"]["bodyText"], "Llamar el lunes");
    assert_eq!(desk.ghl("DELETE", &path, Value::Null).await.0, 200);
    let (status, answer) = desk.ghl("GET", &path, Value::Null).await;
    assert_eq!(
        (status, answer),
        (400, json!({ "error": format!("Contact with id {contact} not found"), "status": 400 }))
    );
    let search = format!("/locations/{}/tasks/search", desk.sandbox.location_id());
    assert_eq!(desk.ghl("POST", &search, json!({ "limit": 100 })).await.1["tasks"], json!([]));
    assert_eq!(desk.sandbox.world().dump().unwrap()["ghl"]["notes"], json!([]));
}

#[tokio::test]
async fn ghl_search_walks_everybody_once_by_cursor_in_either_direction() {
    let desk = Desk::empty().await;
    desk.sandbox.world().fill(0, 25, None, 0, 1).unwrap();
    for direction in ["asc", "desc"] {
        for field in ["dateAdded", "dateUpdated"] {
            let (mut seen, mut cursor) = (BTreeSet::new(), json!({}));
            for _ in 0..4 {
                let mut ask = json!({ "pageLimit": 10, "sort": [{ "field": field, "direction": direction }] });
                ask.as_object_mut().unwrap().extend(cursor.as_object().unwrap().clone());
                let page = desk.search(ask).await;
                assert_eq!(page["total"], 25);
                let Some(last) = rows(&page, "contacts").last() else { break };
                cursor = json!({ "searchAfter": last["searchAfter"] });
                assert!(rows(&page, "contacts").iter().all(|row| seen.insert(id(row))));
            }
            assert_eq!(seen.len(), 25, "{field} {direction}");
        }
    }
    let search = format!("/locations/{}/tasks/search", desk.sandbox.location_id());
    assert_eq!(rows(&desk.ghl("POST", &search, json!({})).await.1, "tasks").len(), 25);
    assert_eq!(desk.ghl("POST", &search, json!({ "limit": 101 })).await.0, 422);
}

#[tokio::test]
async fn ghl_searches_stay_behind_by_the_lag_but_ids_and_people_do_not() {
    let clock = Arc::new(ManualClock::at("2026-11-23T03:00:00Z".parse().unwrap()));
    let lag = Duration::from_secs(20);
    let desk = Desk::with(Options { contacts: 0, lag, clock: clock.clone(), ..Options::default() }).await;
    let contact = desk.new_ghl("ana@example.com").await;
    assert_eq!(desk.search(json!({})).await["total"], 0);
    assert_eq!(desk.ghl("GET", &format!("/contacts/{contact}"), Value::Null).await.0, 200);
    clock.advance(lag);
    assert_eq!(desk.search(json!({})).await["total"], 1);
    desk.ghl("PUT", &format!("/contacts/{contact}"), json!({ "firstName": "Api" })).await;
    let edit =
        format!(r#"{{"side":"ghl","op":"update","kind":"contact","contact":"{contact}","set":{{"firstName":"Ui"}}}}"#);
    desk.sandbox.world().edit(&edit.parse().unwrap()).unwrap();
    assert_eq!(desk.search(json!({})).await["contacts"][0]["firstName"], "Ui");
    clock.advance(lag * 2);
    assert_eq!(desk.search(json!({})).await["contacts"][0]["firstName"], "Ui");
}

#[tokio::test]
async fn ghl_refuses_the_101st_request_in_ten_seconds_without_retry_after() {
    let clock = Arc::new(ManualClock::at("2026-11-23T03:00:00Z".parse().unwrap()));
    let options = Options { contacts: 0, rate_limit: RateLimit::Real, clock: clock.clone(), ..Options::default() };
    let desk = Desk::with(options).await;
    let path = format!("/locations/{}", desk.sandbox.location_id());
    for _ in 0..100 {
        assert_eq!(desk.ghl("GET", &path, Value::Null).await.0, 200);
    }
    let refused = desk.try_send(Side::Ghl, "GET", &path, Value::Null).await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers().get("retry-after")), (429, None));
    assert_eq!(refused.headers()["x-ratelimit-remaining"], "0");
    assert_eq!(refused.headers()["x-ratelimit-daily-remaining"], "199900");
    clock.advance(Duration::from_secs(10));
    assert_eq!(desk.ghl("GET", &path, Value::Null).await.0, 200);
}

#[tokio::test]
async fn a_cut_connection_is_an_error_for_the_client_whether_or_not_it_wrote() {
    let desk = Desk::empty().await;
    for (fault, written) in [("reset-before", 0), ("reset-after-write", 1)] {
        desk.sandbox.set_faults(format!("{fault}@cliengo:POST:/contacts#1").parse().unwrap());
        let body = json!({ "websiteId": desk.sandbox.website_id(), "email": "ana@example.com" });
        let error = desk.try_send(Side::Cliengo, "POST", "/contacts", body).await.unwrap_err();
        assert!(error.is_request() || error.is_body(), "{error:?}");
        let (_, listed) = desk.cliengo("GET", "/contacts", Value::Null).await;
        assert_eq!(listed["paging"]["total"], written, "{fault}");
    }
    let cut: Vec<u16> = desk.sandbox.requests().iter().map(|request| request.status).collect();
    assert_eq!(cut, [0, 200, 0, 200]);
    assert!(desk.sandbox.requests().iter().all(|request| !request.path.contains("api_key")));
}

#[tokio::test]
async fn faults_strike_where_the_rule_says() {
    let desk = Desk::with(Options { contacts: 12, ..Options::default() }).await;
    let whole = desk.search(json!({})).await;
    let count = rows(&whole, "contacts").len();
    desk.sandbox.set_faults("short-listing@ghl#1,torn-page@ghl#2,empty-listing@ghl#3".parse().unwrap());
    assert_eq!(rows(&desk.search(json!({})).await, "contacts").len(), count / 2);
    let torn = desk.search(json!({})).await;
    assert_eq!(torn["contacts"][count - 1], torn["contacts"][count - 2]);
    assert_eq!(desk.search(json!({})).await["total"], 0);
    assert_eq!(rows(&desk.search(json!({})).await, "contacts").len(), count);
    desk.sandbox.set_faults(
        "too-many=3@cliengo,html@cliengo#2,truncated-json@cliengo#3,drop-field=tags@cliengo#4".parse().unwrap(),
    );
    let limited = desk.try_send(Side::Cliengo, "GET", "/contacts", Value::Null).await.unwrap();
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "3"));
    let page = desk.try_send(Side::Cliengo, "GET", "/contacts", Value::Null).await.unwrap();
    assert!(page.status().is_server_error() && page.text().await.unwrap().starts_with("<html>"));
    assert_eq!(desk.cliengo("GET", "/contacts", Value::Null).await, (200, Value::Null));
    let (_, untagged) = desk.cliengo("GET", "/contacts", Value::Null).await;
    assert!(untagged["results"][0].get("tags").is_none());
    desk.sandbox.set_faults("created-but-422@ghl:POST:/contacts/".parse().unwrap());
    let body = json!({ "locationId": desk.sandbox.location_id(), "email": "ana@example.com" });
    assert_eq!(desk.ghl("POST", "/contacts/", body).await.0, 422);
    assert_eq!(desk.search(json!({})).await["total"], count + 1);
}

#[tokio::test]
async fn a_slow_body_and_a_hang_still_bring_the_answer() {
    let desk = Desk::with(Options {
        contacts: 4,
        faults: "slow-body=0.05,hang=0.05#2".parse().unwrap(),
        ..Options::default()
    })
    .await;
    for _ in 0..2 {
        assert_eq!(desk.cliengo("GET", "/contacts", Value::Null).await.1["paging"]["total"], 3);
    }
    desk.sandbox.stop().await;
}
