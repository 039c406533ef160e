//! What lets a pair in: whether it may do what the configuration asks for, how old it is, and when it ends.

use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp};
use serde_json::{Value, json};

use crate::command::{Desk, Said, sandbox};
use crate::let_in::{consent_to, desk};

fn finding<'a>(findings: &'a Value, id: &str) -> &'a Value {
    let all = findings.as_array().unwrap();
    all.iter().find(|finding| finding["id"] == id).unwrap_or_else(|| panic!("no {id} in {findings:#}"))
}

fn check(desk: &Desk) -> (i32, Value) {
    let said: Said = desk.ask(&["check", "--format", "json"]);
    (said.code, said.json())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_names_the_scopes_that_the_app_was_not_given_before_a_night_needs_them() {
    let sandbox = sandbox(2).await;
    let desk = desk(&sandbox, false);
    consent_to(&desk, "contacts.write+", str::to_owned).await.0.code(0).tells("the app was not given contacts.write");
    let (code, findings) = check(&desk);
    assert_eq!(code, 12);
    let granted = finding(&findings, "acme.ghl.granted");
    assert!(granted["detail"].as_str().unwrap().contains("contacts.write"), "{granted}");
    assert!(granted["hint"].as_str().unwrap().contains("concord auth ghl --pair acme"), "{granted}");
    consent_to(&desk, "", str::to_owned).await.0.code(0);
    let (_, findings) = check(&desk);
    assert_eq!(finding(&findings, "acme.ghl.granted")["result"], "ok");
    assert!(finding(&findings, "acme.ghl.credential")["detail"].as_str().unwrap().contains("unused it ends on"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_nobody_replaced_for_ninety_days_is_said_and_a_new_one_begins_anew() {
    let sandbox = sandbox(2).await;
    let mut desk = Desk::real(&sandbox);
    desk.ask(&["sync"]).code(4);
    let (_, findings) = check(&desk);
    assert_eq!(finding(&findings, "acme.ghl.credential")["result"], "ok");
    let path = desk.path("state/acme.credentials");
    let mut uses: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    uses["ghl"]["since"] = json!("2026-01-01T03:00:00Z");
    std::fs::write(&path, uses.to_string()).unwrap();
    let (_, findings) = check(&desk);
    let old = finding(&findings, "acme.ghl.credential");
    assert_eq!(old["result"], "warn");
    assert!(old["detail"].as_str().unwrap().contains("GHL's token is in use since 2026-01-01"), "{old}");
    assert_eq!(finding(&findings, "acme.cliengo.credential")["result"], "ok");
    desk.ask(&["status"]).tells("KEYS: GHL's token is in use since 2026-01-01");
    desk.ask(&["sync"]);
    let uses: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(
        uses["ghl"]["told"].is_string() && uses["cliengo"]["told"].is_null(),
        "whoever listens was told once: {uses}"
    );
    for (name, value) in &mut desk.environment {
        if name == "TEST_TOKEN" {
            *value = "pit-another".to_owned();
        }
    }
    let (_, findings) = check(&desk);
    assert_eq!(finding(&findings, "acme.ghl.credential")["result"], "ok");
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(!kept.contains(sandbox.token()) && !kept.contains(sandbox.api_key()), "no secret stands there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn version_3_has_its_own_key_for_the_value_of_a_custom_field() {
    let sandbox = sandbox(0).await;
    let desk = Desk::real(&sandbox);
    let edit = Edit {
        side: Side::Cliengo,
        op: EditOp::Create,
        kind: EditKind::Contact,
        contact: None,
        id: None,
        set: json!({ "name": "Ana Paz", "email": "ana@acme.example", "leadFields": { "presupuesto": "1500" } })
            .as_object()
            .unwrap()
            .clone(),
    };
    sandbox.world().edit(&edit).unwrap();
    let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let text = text.replace("location_id", "version = \"v3\"\nlocation_id");
    let more = "[pair.acme.guard]\nfirst_sync = \"auto\"\n\
        [[pair.acme.map]]\ncliengo = \"leadFields.presupuesto\"\nghl = \"customFields.Presupuesto\"\ndirection = \"to_ghl\"\n";
    std::fs::write(desk.path("schedules.toml"), text + more).unwrap();
    desk.ask(&["sync"]).code(0);
    let made = sandbox.requests().into_iter().find(|request| request.path == "/contacts/" && request.method == "POST");
    let body = made.unwrap().body.unwrap();
    assert!(body["customFields"][0].get("fieldValue").is_some(), "{body}");
    desk.ask(&["plan", "--detailed-exitcode"]).code(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_finds_what_triggers_name_and_says_what_is_not_there() {
    let sandbox = sandbox(0).await;
    let desk = Desk::real(&sandbox);
    let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let with = |workflow: &str| {
        let triggers = format!("[pair.acme.triggers]\nworkflow = \"{workflow}\"\ncampaign = \"Novedades\"\n");
        std::fs::write(desk.path("schedules.toml"), format!("{text}{triggers}")).unwrap();
    };
    with("Bienvenida");
    let (code, findings) = check(&desk);
    assert_eq!(code, 0, "{findings:#}");
    let found = finding(&findings, "acme.ghl.triggers")["detail"].as_str().unwrap().to_owned();
    assert!(found.contains("workflow Bienvenida (") && found.contains("campaign Novedades ("), "{found}");
    with("Bienvenidos");
    let (code, findings) = check(&desk);
    assert_eq!(code, 1);
    let missing = finding(&findings, "acme.ghl.triggers")["detail"].as_str().unwrap();
    assert!(missing.contains("it has: Bienvenida, Recordatorio"), "{missing}");
}
