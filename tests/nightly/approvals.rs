//! An approval that fits no plan is said, and nothing is written. (`semantics` 35)

use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp, Sandbox};
use serde_json::json;

use crate::command::{Desk, mutating, sandbox};

const NO_PLAN: &str = "0123456789abcdef";

fn change_an_email(sandbox: &Sandbox, email: &str) {
    let contact = sandbox.world().dump().unwrap()["ghl"]["contacts"][0]["id"].as_str().map(str::to_owned);
    let set = json!({ "email": email }).as_object().cloned().unwrap();
    let edit = Edit { side: Side::Ghl, op: EditOp::Update, kind: EditKind::Contact, contact, id: None, set };
    sandbox.world().edit(&edit).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_that_fits_no_plan_is_said_and_nothing_is_written() {
    let sandbox = sandbox(12).await;
    let desk = Desk::real(&sandbox);
    let says = |arguments: &[&str]| {
        let said = desk.ask(arguments).code(4).tells(NO_PLAN).tells("fits no plan");
        assert_eq!(mutating(&sandbox), 0, "{arguments:?} wrote something");
        said
    };
    // Another plan waits.
    let id = desk.ask(&["plan", "--format", "json"]).json()["plan_id"].as_str().unwrap().to_owned();
    says(&["sync", "--approve", NO_PLAN]).tells(&id);
    says(&["sync", "--approve", NO_PLAN, "--quiet"]);
    assert_eq!(says(&["sync", "--approve", NO_PLAN, "--format", "json"]).json()["run"]["refused"], json!(true));
    let said = desk.ask(&["sync", "--approve", &id]);
    assert!(matches!(said.code, 0 | 3), "{said:?}");
    // Nothing needs an approval.
    sandbox.clear_requests();
    change_an_email(&sandbox, "una@example.com");
    says(&["sync", "--approve", NO_PLAN]);
    says(&["sync", "--approve", NO_PLAN, "--quiet"]);
    // One that was of a plan and has nothing left to stop stands in nobody's way.
    let said = desk.ask(&["sync", "--approve", &id]);
    assert!(matches!(said.code, 0 | 3), "{said:?}");
    assert!(mutating(&sandbox) > 0);
}

#[test]
fn a_script_with_a_line_that_cannot_be_applied_changes_nothing_and_names_the_line() {
    let desk = Desk::demo();
    let before = desk.run(&["sandbox", "dump"]).code(0).out;
    let good = r#"{"side":"ghl","op":"create","kind":"contact","set":{"firstName":"Ana","email":"ana@example.com"}}"#;
    for bad in [
        "no JSON",
        r#"{"side":"ghl","op":"update","kind":"contact","contact":"nobody@example.com","set":{"firstName":"Zoe"}}"#,
        r#"{"side":"ghl","op":"update","kind":"contact","contact":"ana@example.com","set":{"shoe":"44"}}"#,
    ] {
        std::fs::write(desk.path("edits.jsonl"), format!("{good}\n\n{bad}\n{good}\n")).unwrap();
        desk.run(&["sandbox", "edit", "--script", "edits.jsonl"]).code(10).tells("edits.jsonl line 3").tells("no line");
        assert!(desk.run(&["sandbox", "dump"]).code(0).out == before, "{bad}: something was changed");
    }
}
