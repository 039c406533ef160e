//! What a CRM sends to the daemon: a hint whom to look at within a minute, and nothing else.

use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp, Sandbox};
use concord::state::State;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::command::{Desk, mutating, sandbox};
use crate::daemon::{Daemon, LISTEN, unattended};

const SECRET: &str = "camino-secreto/7f";

fn hooked(crm: &Sandbox) -> Desk {
    let mut desk = unattended(crm);
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let hooks = "hooks = { env = \"TEST_HOOKS\" }\n";
    std::fs::write(desk.path("schedules.toml"), format!("{settings}{LISTEN}{hooks}")).unwrap();
    desk.environment.push(("TEST_HOOKS".to_owned(), SECRET.to_owned()));
    desk
}

fn edit(crm: &Sandbox, side: Side, op: EditOp, id: Option<&str>, set: &Value) -> String {
    let set = set.as_object().cloned().unwrap();
    let (contact, id) = (id.map(str::to_owned), None);
    let edit = Edit { side, op, kind: EditKind::Contact, contact, id, set };
    crm.world().edit(&edit).unwrap().id.unwrap_or_default()
}

fn row(crm: &Sandbox, side: Side, email: &str) -> Option<Value> {
    let rows = crm.world().dump().unwrap()[side.as_str()]["contacts"].as_array().unwrap().clone();
    rows.into_iter().find(|row| row["email"] == email || row["fields"]["email"] == email)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_has_whom_it_names_looked_at_and_says_nothing_else() {
    let crm = sandbox(2).await;
    let desk = hooked(&crm);
    for _ in 0..2 {
        desk.ask(&["sync"]);
    }
    let daemon = Daemon::start(&desk);
    let address = tokio::task::block_in_place(|| daemon.address());
    let client = Client::new();
    let to = |method: Method, path: &str| client.request(method, format!("http://{address}/hooks/{path}"));
    let status = async |request: RequestBuilder| request.send().await.unwrap().status();
    let ours = |side: &str| format!("acme/{side}/camino-secreto%2F7f");
    // Nobody learns from an answer which part was wrong.
    for wrong in ["acme/ghl/guess", "other/ghl/camino-secreto%2F7f", "acme/hubspot/camino-secreto%2F7f", "acme/ghl"] {
        assert_eq!(status(to(Method::POST, wrong).body("{}")).await, StatusCode::NOT_FOUND, "{wrong}");
    }
    assert_eq!(status(to(Method::GET, &ours("ghl"))).await, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(status(to(Method::POST, &ours("ghl")).body("no json")).await, StatusCode::BAD_REQUEST);
    let elsewhere = json!({ "type": "ContactUpdate", "id": "C1", "locationId": "another" });
    assert_eq!(status(to(Method::POST, &ours("ghl")).json(&elsewhere)).await, StatusCode::BAD_REQUEST);
    let forged = to(Method::POST, &ours("ghl")).header("X-GHL-Signature", "AAAA").json(&json!({ "id": "C1" }));
    assert_eq!(status(forged).await, StatusCode::UNAUTHORIZED);

    let before = runs(&desk);
    crm.clear_requests();
    let lead =
        edit(&crm, Side::Cliengo, EditOp::Create, None, &json!({ "name": "Ana Paz", "email": "ana@example.com" }));
    let note = Edit {
        side: Side::Cliengo,
        op: EditOp::Create,
        kind: EditKind::Note,
        contact: Some(lead.clone()),
        id: None,
        set: json!({ "body": "Quiere precio" }).as_object().cloned().unwrap(),
    };
    crm.world().edit(&note).unwrap();
    // What a hook says besides the id is not believed.
    let said = json!({ "id": lead, "email": "otra@example.com", "name": "Otra" });
    assert_eq!(status(to(Method::POST, &ours("cliengo")).json(&said)).await, StatusCode::ACCEPTED);
    let unknown = json!({ "type": "NoteCreate", "contactId": "nobodyThere", "locationId": crm.location_id() });
    for _ in 0..3 {
        assert_eq!(status(to(Method::POST, &ours("ghl")).json(&unknown)).await, StatusCode::ACCEPTED);
    }
    tokio::task::block_in_place(|| daemon.says("the run for a hook ended"));
    let there = row(&crm, Side::Ghl, "ana@example.com").expect("she is in GHL within a minute");
    assert!(there.to_string().contains("Paz") && row(&crm, Side::Ghl, "otra@example.com").is_none());
    assert_eq!(
        (runs(&desk) - before, mutating(&crm)),
        (2, 2),
        "nobody is named in vain, then her contact and her note"
    );
    let listed = crm.requests().iter().filter(|asked| asked.path.ends_with("/contacts/search")).count();
    assert_eq!(listed, 0, "nobody else is read");
    daemon.signal("TERM");
    tokio::task::block_in_place(move || daemon.code());
    crm.clear_requests();
    desk.ask(&["sync"]);
    assert_eq!(mutating(&crm), 0, "the nightly run finds nothing left");
}

fn runs(desk: &Desk) -> usize {
    let state = State::open_read_only(&State::path_of(&desk.path("state"), "acme")).unwrap().unwrap();
    state.runs(1_000).unwrap().iter().filter(|run| run.finished.is_some()).count()
}

#[test]
fn hooks_need_somewhere_to_arrive() {
    let desk = Desk::with("[daemon]\nhooks = { env = \"X\" }\n[pair.demo]\nsandbox = true\n");
    desk.run(&["check", "--offline"]).code(10).tells("`daemon.hooks` needs `daemon.listen`");
}
