//! What somebody on duty reads in the morning: each line says what is so, and the command that goes on.

use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp, Sandbox};
use concord::state::State;
use serde_json::{Value, json};

use crate::command::{Desk, sandbox};
use crate::terminal::Terminal;
use crate::waiting_commands::{change, linked, somebody};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_waits_for_approval_is_named_by_status() {
    let sandbox = sandbox(3).await;
    let desk = Desk::real(&sandbox);
    desk.ask(&["sync"]).code(4);
    desk.ask(&["status"]).code(0).tells("WAITS FOR APPROVAL").tells("concord plan --pair acme");
    let id = desk.ask(&["plan", "--format", "json"]).json()["plan_id"].as_str().unwrap().to_owned();
    let said = desk.ask(&["sync", "--approve", "zzz"]).code(10).tells("16 hexadecimal digits");
    assert!(said.out.is_empty(), "{said:#?}");
    let said = desk.ask(&["sync", "--approve", &id]);
    assert!(matches!(said.code, 0 | 3), "{said:#?}");
    let said = desk.ask(&["status"]).code(0);
    assert!(!said.out.contains("WAITS FOR APPROVAL"), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_did_not_get_through_is_followed_by_the_command_that_shows_it() {
    let (sandbox, desk) = linked().await;
    let (_, cliengo, _) = somebody(&desk);
    change(&sandbox, Side::Cliengo, &cliengo, &json!({ "email": "nueva@example.com" }));
    sandbox.set_faults("status=400@ghl:PUT:/contacts/*".parse().unwrap());
    let said = desk.ask(&["sync", "--pair", "acme"]).code(3);
    assert!(said.out.contains("tried again: concord quarantine --pair acme"), "{said:#?}");
    desk.ask(&["quarantine", "--pair", "acme"]).code(0).tells("tried next");
    change(&sandbox, Side::Cliengo, &cliengo, &json!({ "email": "otra@example.com" }));
    let said = desk.ask(&["sync", "--pair", "acme", "--quiet"]).code(3);
    assert!(said.out.contains("tried again: concord quarantine --pair acme"), "{said:#?}");
    assert!(said.out.lines().count() <= 10, "{said:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_without_an_answer_says_until_when_it_rests() {
    let (sandbox, desk) = linked().await;
    let (_, cliengo, _) = somebody(&desk);
    let set = json!({ "message": "Llamar el lunes" }).as_object().cloned().unwrap();
    let (side, kind, contact) = (Side::Cliengo, EditKind::Note, Some(cliengo));
    sandbox.world().edit(&Edit { side, op: EditOp::Create, kind, contact, id: None, set }).unwrap();
    sandbox.set_faults("status=500@ghl:POST:/notes".parse().unwrap());
    desk.ask(&["sync", "--pair", "acme"]).code(3);
    sandbox.set_faults("".parse().unwrap());
    desk.ask(&["sync", "--pair", "acme"]).code(3);
    let said = desk.ask(&["held", "--pair", "acme"]).code(0).tells("rests until").tells("(settle = 120s)");
    assert!(said.out.contains("then: concord sync --pair acme"), "{said:#?}");
    assert!(!said.out.contains("settle it: concord sync"), "{said:#?}");
}

#[test]
fn a_run_that_was_killed_is_cut_off_wherever_it_is_told_and_its_journal_is_counted() {
    let desk = Desk::demo();
    let state = State::open(&State::path_of(&desk.path("state"), "demo")).unwrap();
    let run = state.begin_run("incremental", "", jiff::Timestamp::UNIX_EPOCH).unwrap();
    for number in 1..=3 {
        state.plan_operation(run, number, &json!({ "side": "ghl", "kind": "contact", "action": "update" })).unwrap();
    }
    state.end_operation(run, 1, "applied", None).unwrap();
    for _ in 0..2 {
        desk.run(&["history"]).code(0).tells("cut off").tells("applied 1 of 3").tells("1 operation applied");
        desk.run(&["history", "1"]).code(0).tells("cut off").tells("applied 1 of 3");
        assert_eq!(desk.run(&["history", "--format", "json"]).code(0).json()[0]["status"], "cut_off");
        // A later run closes it; that changes nothing of what it was.
        state.close_abandoned().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_link_is_no_longer_linked_and_one_by_hand_is_not_said_to_be_matched() {
    let (_sandbox, desk) = linked().await;
    let (link, cliengo, ghl) = somebody(&desk);
    desk.ask(&["links", "remove", &link]).code(0);
    desk.ask(&["explain", &cliengo, "--pair", "acme"]).code(0).tells("no longer linked");
    let said = desk.ask(&["links", "show", &link]).code(0).tells("no longer linked");
    assert!(!said.out.contains("\"\""), "{said:#?}");
    desk.ask(&["links", "add", &cliengo, &ghl, "--pair", "acme"]).code(0);
}

#[test]
fn the_history_of_several_pairs_has_the_zone_of_their_schedules() {
    let zone = "America/Argentina/Buenos_Aires";
    let schedule = |name: &str| {
        format!(
            "[[schedule]]\nname = \"{name}\"\ncron = \"0 3 * * *\"\ntimezone = \"{zone}\"\nrun = \"sync\"\npairs = [\"{name}\"]\n"
        )
    };
    let pairs = "[pair.one]\nsandbox = true\n[pair.two]\nsandbox = true\n";
    let desk = Desk::with(&format!("{}{}{pairs}", schedule("one"), schedule("two")));
    let state = State::open(&State::path_of(&desk.path("state"), "one")).unwrap();
    state.begin_run("incremental", "", jiff::Timestamp::UNIX_EPOCH).unwrap();
    desk.run(&["history"]).code(0).tells(&format!("Times are in {zone}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_conflicts_ends_with_one_that_waits_and_a_blank_line_chooses_nothing() {
    let (sandbox, desk) = linked().await;
    let (_, cliengo, ghl) = somebody(&desk);
    change(&sandbox, Side::Cliengo, &cliengo, &json!({ "email": "de.cliengo@example.com" }));
    change(&sandbox, Side::Ghl, &ghl, &json!({ "email": "de.ghl@example.com" }));
    desk.ask(&["sync", "--pair", "acme"]).code(3);
    let id = desk.ask(&["conflicts", "--format", "json"]).json()[0]["id"].as_str().unwrap().to_owned();
    for answer in ["", "q"] {
        let mut person = Terminal::run(&desk, &["conflicts", "resolve", &id]);
        person.answer("Number", answer).await;
        person.until("Nothing was chosen").await;
        assert_eq!(person.ends().await, 0, "{}", person.shown);
    }
    let mut person = Terminal::run(&desk, &["conflicts", "resolve", &id]);
    person.answer("Number", "2").await;
    person.answer("Number", "").await;
    person.until("Nothing was chosen").await;
    assert_eq!(person.ends().await, 0, "{}", person.shown);
    desk.ask(&["conflicts"]).code(0).tells(&format!("concord conflicts show {id}"));
    desk.ask(&["conflicts", "resolve", &id, "--take", "ghl"]).code(0);
    let said = desk.ask(&["conflicts"]).code(0).tells("Each has its choice");
    assert!(!said.out.contains("conflicts show"), "{said:#?}");
}

#[test]
fn a_crm_that_is_down_is_told_with_the_pair_s_name() {
    let desk = Desk::with(
        "patience = \"1s\"\n[pair.acme.cliengo]\nbase_url = \"http://127.0.0.1:9\"\napi_key = { env = \"K\" }\nwebsite_id = \"w\"\n\
         [pair.acme.ghl]\nbase_url = \"http://127.0.0.1:9\"\nlocation_id = \"l\"\ntoken = { env = \"K\" }\n",
    );
    let desk = Desk { environment: vec![("K".to_owned(), "key".to_owned())], ..desk };
    let said = desk.run(&["plan"]).code(1);
    assert!(said.err.contains("error: acme: ") || said.out.contains("acme"), "{said:#?}");
}

#[test]
fn a_damaged_state_is_told_with_its_newest_copy() {
    let desk = Desk::with("[pair.one]\nsandbox = true\n[pair.two]\nsandbox = true\n");
    std::fs::create_dir(desk.path("state")).unwrap();
    for name in ["one.db", "one.db.backup-20261124T030000Z", "one.db.backup-20261125T030000Z"] {
        std::fs::write(desk.path(&format!("state/{name}")), "no database").unwrap();
    }
    let command = "cp -p state/one.db.backup-20261125T030000Z state/one.db";
    desk.run(&["status"]).code(1).tells(command);
    desk.run(&["sync", "--quiet"]).code(1).tells(command);
    std::fs::write(desk.path("state/one.db-wal"), "left").unwrap();
    desk.run(&["status"]).code(1).tells("once state/one.db-wal is moved away");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_contact_collides_with_stands_beside_it() {
    let (sandbox, desk) = linked().await;
    let links = desk.ask(&["links", "list", "--kind", "contact", "--format", "json"]).json();
    let (ghl, phone, name) = links
        .as_array()
        .unwrap()
        .iter()
        .find_map(|link| {
            let shown = desk.ask(&["links", "show", &link["id"].to_string(), "--format", "json"]).json();
            let text = |field: &str| Some(shown["shadows"]["ghl"][field].as_str()?.to_owned());
            text("email")?;
            Some((link["ids"]["ghl"].as_str()?.to_owned(), text("phone")?, text("name")?))
        })
        .unwrap();
    let set = json!({ "name": name, "email": "otra.persona@example.com", "phone": phone });
    create(&sandbox, &set);
    desk.ask(&["sync", "--pair", "acme"]).code(3);
    let said = desk.ask(&["held", "--pair", "acme"]).code(0);
    assert!(said.out.contains("Same phone, other e-mail"), "{said:#?}");
    assert!(said.out.contains(&format!("{ghl} (linked)")), "{said:#?}");
    assert!(said.out.contains(&format!("/contacts/detail/{ghl}")), "{said:#?}");
}

/// A new contact of Cliengo's.
fn create(sandbox: &Sandbox, set: &Value) {
    let set = set.as_object().cloned().unwrap();
    let edit = Edit { side: Side::Cliengo, op: EditOp::Create, kind: EditKind::Contact, contact: None, id: None, set };
    sandbox.world().edit(&edit).unwrap();
}
