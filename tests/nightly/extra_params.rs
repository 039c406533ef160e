//! `check --probe`: whether an account adds extra parameters to what a contact has, or replaces it, is tried on one contact.

use concord::record::Side;
use concord::sandbox::account::cliengo::ExtraParams;
use concord::sandbox::{AccountProfile, Edit, EditKind, EditOp, Options, Sandbox};
use serde_json::{Value, json};

use crate::command::{Desk, Said, mutating};

async fn account(extra_params: ExtraParams) -> (Sandbox, Desk) {
    let mut account = AccountProfile::default();
    account.cliengo.extra_params = extra_params;
    let sandbox = Sandbox::start(Options { account, contacts: 1, ..Options::default() }).await.unwrap();
    let desk = Desk::real(&sandbox);
    (sandbox, desk)
}

fn lead(sandbox: &Sandbox, fields: &Value) -> String {
    let set = json!({ "name": "Ana Paz", "email": "ana@example.com", "leadFields": fields });
    let set = set.as_object().cloned().unwrap();
    let edit = Edit { side: Side::Cliengo, op: EditOp::Create, kind: EditKind::Contact, contact: None, id: None, set };
    sandbox.world().edit(&edit).unwrap().id.unwrap()
}

fn fields_of(sandbox: &Sandbox, id: &str) -> Value {
    let dump = sandbox.world().dump().unwrap();
    let rows = dump["cliengo"]["contacts"].as_array().unwrap().clone();
    let row = rows.into_iter().find(|row| row["id"] == id).unwrap();
    row.pointer("/fields/leadFields").or_else(|| row.get("leadFields")).cloned().unwrap()
}

fn finding(said: &Said) -> Value {
    let findings: Value = serde_json::from_str(&said.out).unwrap();
    let all = findings.as_array().unwrap().clone();
    all.into_iter().find(|one| one["id"] == "acme.cliengo.extra_params").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_account_makes_of_extra_params_is_tried_on_a_named_contact_that_keeps_its_own() {
    let own = json!({ "barrio": "Centro", "origen": "Feria", "presupuesto": "90000" });
    for (does, word, writes) in [(ExtraParams::Merged, "merge", 1), (ExtraParams::Replaced, "replace", 2)] {
        let (sandbox, desk) = account(does).await;
        let ana = lead(&sandbox, &own);
        let said = desk.ask(&["check", "--probe", &ana, "--format", "json"]).code(0);
        let finding = finding(&said);
        assert_eq!(finding["result"], "warn", "{finding}");
        assert!(finding["hint"].as_str().unwrap().contains(&format!("extra_params = \"{word}\"")), "{finding}");
        assert_eq!((fields_of(&sandbox, &ana), mutating(&sandbox)), (own.clone(), writes));
        let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
        let set = format!("[pair.acme.cliengo]\ncapabilities = {{ extra_params = \"{word}\" }}\n");
        std::fs::write(desk.path("schedules.toml"), text.replacen("[pair.acme.cliengo]\n", &set, 1)).unwrap();
        let said = desk.ask(&["check", "--probe", &ana, "--format", "json"]).code(0);
        assert_eq!(self::finding(&said)["result"], "ok", "{}", said.out);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_that_tells_nothing_and_one_that_is_not_there_are_said_and_nothing_is_sent() {
    let (sandbox, desk) = account(ExtraParams::Replaced).await;
    let ana = lead(&sandbox, &json!({ "barrio": "Centro" }));
    let said = desk.ask(&["check", "--probe", &ana, "--format", "json"]).code(0);
    assert!(finding(&said)["detail"].as_str().unwrap().contains("1 extra fields, and two are needed"), "{}", said.out);
    let said = desk.ask(&["check", "--probe", "6fffffffffffffffffffffff", "--format", "json"]).code(1);
    assert_eq!(finding(&said)["result"], "fail");
    assert_eq!(mutating(&sandbox), 0);
    desk.ask(&["check", "--probe", &ana, "--offline"]).code(10);
}
