//! What an account's switches do, over real HTTP.

use serde_json::{Value, json};

use super::tests::{Desk, id, rows};
use super::*;

async fn desk(toml: &str) -> Desk {
    let account = toml.parse().unwrap();
    Desk::with(Options { account, contacts: 0, ..Options::default() }).await
}

async fn ghl_says(toml: &str, path: &str) -> (u16, Value) {
    desk(&format!("[ghl]\n{toml}")).await.ghl("GET", path, Value::Null).await
}

#[tokio::test]
async fn ghl_says_gone_in_each_accounts_words() {
    let for_id = |status: u16| (status, json!({ "statusCode": status, "message": "Contact not found for id:X" }));
    let with_id = |status: u16| (status, json!({ "status": status, "error": "Contact with id X not found" }));
    assert_eq!(ghl_says("gone = \"with-id-not-found\"", "/contacts/X").await, with_id(400));
    assert_eq!(ghl_says("gone = \"with-id-not-found-404\"", "/contacts/X").await, with_id(404));
    assert_eq!(ghl_says("gone = \"not-found-for-id\"", "/contacts/X").await, for_id(400));
    assert_eq!(ghl_says("gone = \"not-found-for-id-404\"", "/contacts/X").await, for_id(404));
    assert_eq!(ghl_says("missing_path = \"json\"", "/nowhere").await.0, 404);
    let desk = desk("[ghl]\ngone = \"not-found-for-id\"").await;
    let contact = desk.new_ghl("ana@example.com").await;
    let (status, answer) = desk.ghl("GET", &format!("/contacts/{contact}/notes/N"), Value::Null).await;
    assert_eq!((status, &answer["message"]), (400, &json!("Note not found for id:N")));
}

#[tokio::test]
async fn cliengo_shows_a_deleted_contact_as_each_account_does() {
    for (switch, status, listed) in
        [("not-found", 404, 0), ("gone", 410, 0), ("status-deleted", 200, 0), ("listed", 200, 1)]
    {
        let desk = desk(&format!("[cliengo]\ndeleted = \"{switch}\"")).await;
        let contact = desk.new_cliengo("ana@example.com").await;
        desk.cliengo("DELETE", &format!("/contacts/{contact}"), Value::Null).await;
        let (answered, body) = desk.cliengo("GET", &format!("/contacts/{contact}"), Value::Null).await;
        assert_eq!(answered, status, "{switch}: {body}");
        assert_eq!(body["status"] == "DELETED", status == 200, "{switch}: {body}");
        let (_, list) = desk.cliengo("GET", "/contacts", Value::Null).await;
        assert_eq!(rows(&list, "results").len(), listed, "{switch}");
        assert!(desk.cliengo("GET", &format!("/contacts/{contact}/notes"), Value::Null).await.0 >= 400);
    }
}

#[tokio::test]
async fn cliengo_unifies_a_known_person_as_each_account_does() {
    for (switch, status) in [("existing", 200), ("existing-created", 201), ("conflict", 409)] {
        let desk = desk(&format!("[cliengo]\nknown_person = \"{switch}\"")).await;
        let first = desk.new_cliengo("ana@example.com").await;
        let body = json!({ "websiteId": desk.sandbox.website_id(), "name": "Otra", "email": "ANA@example.com" });
        let (answered, body) = desk.cliengo("POST", "/contacts", body).await;
        assert_eq!(answered, status);
        assert!(status == 409 || id(&body) == first, "{body}");
        assert_eq!(desk.sandbox.world().dump().unwrap()["cliengo"]["contacts"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_task_search_pages_as_each_account_does() {
    for (switch, status) in [("either", 200), ("by-skip", 200), ("by-search-after", 201)] {
        let desk = desk(&format!("[ghl]\ntask_search = \"{switch}\"\ndeleted_tasks = \"listed\"")).await;
        let contact = desk.new_ghl("ana@example.com").await;
        let mut tasks = Vec::new();
        for title in ["una", "dos", "tres"] {
            let body = json!({ "title": title, "dueDate": "2026-12-01T10:00:00Z", "completed": false });
            let (_, task) = desk.ghl("POST", &format!("/contacts/{contact}/tasks"), body).await;
            tasks.push(id(&task["task"]));
        }
        desk.ghl("DELETE", &format!("/contacts/{contact}/tasks/{}", tasks[0]), Value::Null).await;
        let search = format!("/locations/{}/tasks/search", desk.sandbox.location_id());
        let (answered, first) = desk.ghl("POST", &search, json!({ "limit": 2 })).await;
        assert_eq!(answered, status, "{first}");
        let next = match rows(&first, "tasks")[1].get("searchAfter") {
            Some(cursor) => json!({ "limit": 2, "searchAfter": cursor }),
            None => json!({ "limit": 2, "skip": 2 }),
        };
        assert_eq!(next.get("skip").is_some(), switch == "by-skip");
        let (_, rest) = desk.ghl("POST", &search, next).await;
        let seen: Vec<Value> = [rows(&first, "tasks").as_slice(), rows(&rest, "tasks")].concat();
        assert_eq!(seen.len(), 3, "{switch}: {seen:?}");
        assert_eq!(seen.iter().filter(|row| row["deleted"] == true).count(), 1);
    }
}

#[tokio::test]
async fn a_search_stays_behind_until_the_twentieth_request() {
    let desk = desk("[ghl]\nsearch_lag = \"twenty-requests\"").await;
    desk.new_ghl("ana@example.com").await;
    let mut asked = 1;
    while rows(&desk.search(json!({})).await, "contacts").is_empty() {
        asked += 1;
        assert!(asked < 30);
    }
    assert_eq!(asked, 20);
}

#[tokio::test]
async fn an_unusual_contact_list_is_as_unusual_as_stated() {
    let listed = async |switch: &str| {
        let desk = desk(&format!("[cliengo]\nunusual = \"{switch}\"")).await;
        for name in ["ana", "beto"] {
            desk.new_cliengo(&format!("{name}@example.com")).await;
        }
        let response = desk.try_send(Side::Cliengo, "GET", "/contacts", Value::Null).await.unwrap();
        response.text().await.unwrap()
    };
    assert!(listed("lone-surrogate").await.contains("Hola \\ud83d ¿"));
    assert!(listed("unreadable-date").await.contains("\"creationDate\":\"ayer\""));
    assert!(listed("null-list").await.contains("\"tags\":null"));
    let counted = async |switch: &str| {
        let list: Value = serde_json::from_str(&listed(switch).await).unwrap();
        (rows(&list, "results").len(), list["paging"]["total"].as_u64().unwrap())
    };
    assert_eq!(counted("repeated-row").await, (3, 2));
    assert_eq!(counted("unreadable-row").await, (3, 3));
}

#[tokio::test]
async fn a_merge_moves_children_and_says_where_the_other_went() {
    for (children, contact) in [("keep-ids", "gone"), ("new-ids", "shows-survivor")] {
        let desk = desk(&format!("[ghl]\nmerged_children = \"{children}\"\nmerged_contact = \"{contact}\"")).await;
        let (ana, other) = (desk.new_ghl("ana@example.com").await, desk.new_ghl("ana.otra@example.com").await);
        let (_, note) = desk.ghl("POST", &format!("/contacts/{other}/notes"), json!({ "body": "Hola" })).await;
        let line = json!({ "side": "ghl", "op": "merge", "kind": "contact", "contact": ana, "set": { "merged": "ana.otra@example.com" } });
        desk.sandbox.world().edit(&line.to_string().parse().unwrap()).unwrap();
        let (_, notes) = desk.ghl("GET", &format!("/contacts/{ana}/notes"), Value::Null).await;
        assert_eq!(notes["notes"][0]["id"] == note["note"]["id"], children == "keep-ids");
        let (status, found) = desk.ghl("GET", &format!("/contacts/{other}"), Value::Null).await;
        assert_eq!(status == 200, contact == "shows-survivor");
        assert!(status == 400 || id(&found["contact"]) == ana);
        let (_, whole) = desk.ghl("GET", &format!("/contacts/{ana}"), Value::Null).await;
        assert_eq!(whole["contact"]["additionalEmails"], json!([{ "email": "ana.otra@example.com" }]));
    }
}
