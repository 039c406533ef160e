//! `check` says beforehand what real people's data will cost.

use concord::sandbox::Edit;
use serde_json::Value;

use crate::command::{Desk, mutating, sandbox};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_counts_shared_phones_extensions_fillers_and_what_cannot_be_used_and_names_some() {
    let sandbox = sandbox(0).await;
    for set in [
        r#"{"name":"Laura Benítez","phone":"+54 11 4321-0000"}"#,
        r#"{"name":"Óscar Quiroga","phone":"011 4321-0000"}"#,
        r#"{"name":"Alma Ferreyra","email":"alma@example.com","phone":"011 4321-0600 int. 101"}"#,
        r#"{"name":"Hilda Paredes","email":"luz@gmail,com","phone":"4444"}"#,
        r#"{"name":"Visitante 8472","email":"v@example.com"}"#,
    ] {
        let line = format!(r#"{{"side":"cliengo","op":"create","kind":"contact","set":{set}}}"#);
        sandbox.world().edit(&line.parse::<Edit>().unwrap()).unwrap();
    }
    let desk = Desk::real(&sandbox);
    let said = desk.ask(&["check", "--format", "json"]).code(0).json();
    let found = said.as_array().unwrap().iter().find(|finding| finding["id"] == "acme.people").unwrap();
    let detail = found["detail"].as_str().unwrap();
    assert_eq!(found["result"], Value::from("warn"));
    for part in [
        "of 5 contacts, the first page of each side",
        "2 share a phone with another contact of their side (Cliengo ",
        "1 have a phone with an extension",
        "1 have a phone that cannot be used",
        "1 have an e-mail that cannot be used",
        "1 have a name that a channel made up",
    ] {
        assert!(detail.contains(part), "{part} is not in {detail}");
    }
    assert_eq!(mutating(&sandbox), 0);
}
