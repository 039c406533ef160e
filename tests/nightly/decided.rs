//! What a person decides is shown before it is written down, and afterwards it is said what the next run does with it.

use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp, Sandbox};
use serde_json::json;

use crate::command::{Desk, mutating};
use crate::terminal::Terminal;
use crate::waiting_commands::{change, linked, somebody};

const SCHEDULE: &str = "[[schedule]]\nname = \"nightly\"\ncron = \"0 3 * * *\"\ntimezone = \"America/Argentina/Buenos_Aires\"\nrun = \"sync\"\n";

fn with_a_schedule(desk: &Desk) {
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    std::fs::write(desk.path("schedules.toml"), format!("{settings}{SCHEDULE}")).unwrap();
}

/// Somebody whose two e-mails wait for a choice: the conflict's id.
async fn undecided() -> (Sandbox, Desk, String) {
    let (sandbox, desk) = linked().await;
    with_a_schedule(&desk);
    let (_, cliengo, ghl) = somebody(&desk);
    change(&sandbox, Side::Cliengo, &cliengo, &json!({ "email": "de.cliengo@example.com" }));
    change(&sandbox, Side::Ghl, &ghl, &json!({ "email": "de.ghl@example.com" }));
    desk.ask(&["sync", "--pair", "acme"]).code(3);
    let id = desk.ask(&["conflicts", "--format", "json"]).json()[0]["id"].as_str().unwrap().to_owned();
    (sandbox, desk, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_choice_shows_what_it_writes_on_each_side_and_when_before_it_counts() {
    let (_sandbox, desk, id) = undecided().await;
    let before = std::fs::read(desk.path("state/acme.db")).unwrap();
    let resolve = ["conflicts", "resolve", &id];
    desk.ask(&resolve).code(10).tells("--take").tells(&format!("concord conflicts show {id}"));
    let dry = desk.ask(&[resolve.as_slice(), &["--take", "ghl", "--dry-run"]].concat()).code(0);
    let dry = dry.tells("AFTER THE NEXT SYNC").tells("Nothing was chosen");
    let of = |side: &str| dry.out.lines().find(|line| line.starts_with(side)).unwrap().to_owned();
    assert!(of("Cliengo").contains("\"de.cliengo@example.com\"") && of("Cliengo").ends_with("\"de.ghl@example.com\""));
    assert!(of("GHL").ends_with("is kept"), "{}", dry.out);
    assert!(std::fs::read(desk.path("state/acme.db")).unwrap() == before, "a preview writes nothing down");
    let own = [resolve.as_slice(), &["--value", "otra@example.com", "--format", "json"]].concat();
    let chosen = desk.ask(&own).code(0).json();
    let after: Vec<_> = chosen["writes"].as_array().unwrap().iter().map(|write| &write["after"]).collect();
    assert_eq!(after, [&json!("otra@example.com"); 2], "{chosen}");
    assert_eq!(chosen["next_sync"]["schedule"], "nightly");
    let taken = desk.ask(&[resolve.as_slice(), &["--take", "cliengo"]].concat()).code(0).tells("Nothing was sent yet");
    taken.tells("03:00:00 America/Argentina/Buenos_Aires (schedule nightly)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_terminal_both_values_stand_next_to_each_other_and_the_choice_is_asked_for() {
    let (sandbox, desk, id) = undecided().await;
    let writes = mutating(&sandbox);
    let mut left = Terminal::run(&desk, &["conflicts", "resolve", &id]);
    left.until("1  Cliengo: \"de.cliengo@example.com\"").await;
    left.until("2  GHL: \"de.ghl@example.com\"").await;
    left.answer("leave it undecided", "4").await;
    assert_eq!(left.ends().await, 0, "{}", left.shown);
    assert_eq!(desk.ask(&["conflicts", "--format", "json"]).json()[0]["choice"], json!(null));
    let mut chosen = Terminal::run(&desk, &["conflicts", "resolve", &id]);
    chosen.answer("Which value is right?", "2").await;
    chosen.until("AFTER THE NEXT SYNC").await;
    chosen.answer("Is this your choice?", "1").await;
    chosen.until("GHL's is chosen").await;
    assert_eq!(chosen.ends().await, 0, "{}", chosen.shown);
    assert_eq!(desk.ask(&["conflicts", "--format", "json"]).json()[0]["choice"], json!({ "take": "ghl" }));
    assert_eq!(mutating(&sandbox), writes);
    // Where nobody is to be asked, it is as without a terminal.
    let mut quiet = Terminal::run(&desk, &["conflicts", "resolve", &id, "--no-input"]);
    assert_eq!(quiet.ends().await, 10, "{}", quiet.shown);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_by_hand_is_shown_with_its_consequences_before_it_is_made() {
    let (sandbox, desk) = linked().await;
    let (link, cliengo, ghl) = somebody(&desk);
    desk.ask(&["links", "remove", &link]).code(0);
    change(&sandbox, Side::Cliengo, &cliengo, &json!({ "phone": "+5491155550099" }));
    let before = std::fs::read(desk.path("state/acme.db")).unwrap();
    let add = ["links", "add", cliengo.as_str(), &ghl, "--pair", "acme"];
    let dry = desk.ask(&[add.as_slice(), &["--dry-run"]].concat()).code(0).tells("Nothing was linked yet");
    let shown = dry.tells("+5491155550099").tells(&format!("concord links add {cliengo} {ghl} --pair acme"));
    assert!(std::fs::read(desk.path("state/acme.db")).unwrap() == before, "{shown:?}");
    let foreseen = desk.ask(&[add.as_slice(), &["--dry-run", "--format", "json"]].concat()).code(0).json();
    let made = desk.ask(&[add.as_slice(), &["--format", "json"]].concat()).code(0).json();
    assert_eq!(foreseen["next"], made["next"]);
    assert_eq!((&foreseen["dry_run"], &made["dry_run"]), (&json!(true), &json!(false)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_says_what_is_tried_again_and_when() {
    let (sandbox, desk) = linked().await;
    let (_, cliengo, ghl) = somebody(&desk);
    change(&sandbox, Side::Cliengo, &cliengo, &json!({ "email": "nueva@example.com" }));
    sandbox.set_faults(format!("status=400@ghl:PUT:/contacts/{ghl}*").parse().unwrap());
    for _ in 0..2 {
        desk.ask(&["sync", "--pair", "acme"]).code(3);
    }
    let id = desk.ask(&["quarantine", "--format", "json"]).json()[0]["id"].as_str().unwrap().to_owned();
    let said = desk.ask(&["quarantine", "drop", &id]).code(0).tells("given up");
    let said = said.tells(&format!("concord quarantine retry {id} --pair acme"));
    assert!(said.out.contains("400"), "{said:?}");
    let said = desk.ask(&["quarantine", "retry", &id]).code(0).tells("update contact").tells("It failed 2 times");
    said.tells("concord sync --pair acme");
    with_a_schedule(&desk);
    desk.ask(&["sync", "--pair", "acme"]).code(3);
    let id = desk.ask(&["quarantine", "--format", "json"]).json()[0]["id"].as_str().unwrap().to_owned();
    let retried = desk.ask(&["quarantine", "retry", &id, "--format", "json"]).code(0).json();
    assert_eq!(retried[0]["next_sync"]["schedule"], "nightly", "{retried}");
    assert_eq!((&retried[0]["action"], &retried[0]["state"]), (&json!("update"), &json!("retrying")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_names_the_link_that_did_the_harm_and_the_command_that_ends_it() {
    let sandbox = crate::command::sandbox(0).await;
    let desk = Desk::real(&sandbox);
    let person = |side: Side, set: serde_json::Value| {
        let set = set.as_object().cloned().unwrap();
        let (op, kind) = (concord::sandbox::EditOp::Create, concord::sandbox::EditKind::Contact);
        sandbox.world().edit(&concord::sandbox::Edit { side, op, kind, contact: None, id: None, set }).unwrap()
    };
    // One phone, of a mother and her son.
    let phone = "+5491155550077";
    person(Side::Cliengo, json!({ "name": "Ana Paz", "phone": phone, "email": "ana@example.com" }));
    person(Side::Ghl, json!({ "firstName": "Ana", "lastName": "Paz", "phone": phone }));
    let planned = desk.ask(&["plan", "--format", "json"]).json();
    let id = planned["plan_id"].as_str().unwrap();
    let run = desk.ask(&["sync", "--approve", id, "--format", "json"]).code(0).json();
    assert_eq!(run["summary"]["ghl"]["contact"]["update"], 1, "{run}");
    let (link, ..) = somebody(&desk);
    let number = run["run"]["id"].to_string();
    let remedy = format!("concord links remove {link} --pair acme");
    desk.ask(&["undo", &number, "--dry-run"]).tells("they stay linked").tells(&remedy);
    desk.ask(&["undo", &number]).tells(&remedy);
    let words: Vec<&str> = remedy.split(' ').skip(1).collect();
    desk.ask(&words).code(0);
    let after = desk.ask(&["sync", "--format", "json"]).json();
    assert_eq!(after["operations"], json!([]), "neither gets what is the other's again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_calls_whom_it_leaves_linked_by_their_own_names_in_one_list() {
    let sandbox = crate::command::sandbox(0).await;
    let desk = Desk::real(&sandbox);
    let (create, contact, task) = (EditOp::Create, EditKind::Contact, EditKind::Task);
    let edit = |side: Side, kind: EditKind, contact: Option<String>, set: serde_json::Value| {
        let set = set.as_object().cloned().unwrap();
        sandbox.world().edit(&Edit { side, op: create, kind, contact, id: None, set }).unwrap()
    };
    for (number, name) in ["Begoña Paz", "Ana Gil"].into_iter().enumerate() {
        let (first, last) = name.split_once(' ').unwrap();
        let email = format!("persona{number}@example.com");
        edit(Side::Cliengo, contact, None, json!({ "name": name, "email": email }));
        edit(Side::Ghl, contact, None, json!({ "firstName": first, "lastName": last, "email": email }));
        let side = Side::BOTH[number];
        edit(side, task, Some(email), json!({ "title": "Pedir referencias", "dueDate": "2027-03-01T15:00:00Z" }));
    }
    let planned = desk.ask(&["plan", "--format", "json"]).json();
    let run = desk.ask(&["sync", "--approve", planned["plan_id"].as_str().unwrap(), "--format", "json"]).json();
    let undo = desk.ask(&["undo", &run["run"]["id"].to_string(), "--dry-run", "--format", "json"]).json();
    let stay: Vec<_> =
        undo["unsupported"].as_array().unwrap().iter().filter(|entry| entry["action"] == "link").collect();
    assert_eq!((stay.len(), &stay[0]["side"]), (2, &stay[1]["side"]), "{undo}");
    let said = desk.ask(&["undo", &run["run"]["id"].to_string(), "--dry-run"]);
    for name in ["Begoña Paz", "Ana Gil"] {
        assert!(said.out.contains(&format!("{name}: run 1 linked")), "{}", said.out);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_an_undo_removed_is_called_removed_and_the_command_beside_it_makes_them_again() {
    let sandbox = crate::command::sandbox(0).await;
    let desk = Desk::real(&sandbox);
    let nora = json!({ "name": "Nora Gil", "email": "nora@example.com" }).as_object().cloned().unwrap();
    let (side, op, kind) = (Side::Cliengo, EditOp::Create, EditKind::Contact);
    let made = sandbox.world().edit(&Edit { side, op, kind, contact: None, id: None, set: nora }).unwrap();
    let planned = desk.ask(&["plan", "--format", "json"]).json();
    desk.ask(&["sync", "--approve", planned["plan_id"].as_str().unwrap()]).code(0);
    desk.ask(&["undo", "1"]).code(0);
    let (link, ..) = somebody(&desk);
    let remedy = format!("concord links forget {link} --pair acme");
    for command in [["explain", "nora@example.com"].as_slice(), &["links", "show", &link]] {
        let said = desk.ask(command).code(0);
        let text = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "its GHL contact was removed by run 2 (undo)",
            "It stays in Cliengo, and is not created in GHL again.",
            &remedy,
        ] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
        assert!(!text.contains("both have") && !text.contains("matched by"), "{text}");
    }
    // Not even when somebody changes them.
    change(&sandbox, Side::Cliengo, made.id.as_ref().unwrap(), &json!({ "phone": "+5491155550099" }));
    for command in [["sync", "--format", "json"].as_slice(), &["sync", "--full", "--format", "json"]] {
        assert_eq!(desk.ask(command).code(0).json()["operations"], json!([]));
    }
    let words: Vec<&str> = remedy.split(' ').skip(1).collect();
    desk.ask(&words).code(0);
    let again = desk.ask(&["plan", "--format", "json"]).json();
    assert_eq!(again["summary"]["ghl"]["contact"]["create"], 1, "{again}");
}
