//! `conflicts`, `quarantine` and `links`, with the real binary: ids that can be pasted, refusals in words, locks.

use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp, Sandbox};
use concord::state::PairLock;
use serde_json::{Value, json};

use crate::command::{Desk, mutating, sandbox};

const SETTINGS: &str = "[pair.acme.contacts]\nconflict = \"manual\"\n[pair.acme.guard]\nfirst_sync = \"auto\"\n\
    [pair.demo]\nsandbox = true\n";

/// Twelve people, linked, in pair acme; pair demo was never synchronised.
pub async fn linked() -> (Sandbox, Desk) {
    let sandbox = sandbox(12).await;
    let desk = Desk::real(&sandbox);
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    std::fs::write(desk.path("schedules.toml"), format!("{settings}{SETTINGS}")).unwrap();
    desk.ask(&["links", "list"]).code(0).tells("Nothing is linked");
    desk.ask(&["conflicts"]).code(0).tells("No conflict waits");
    desk.ask(&["quarantine"]).code(0).tells("Nothing keeps failing");
    let said = desk.ask(&["sync", "--pair", "acme"]);
    assert!(matches!(said.code, 0 | 3), "{said:?}");
    (sandbox, desk)
}

/// The first linked contact: link, Cliengo's id, GHL's id.
pub fn somebody(desk: &Desk) -> (String, String, String) {
    let links = desk.ask(&["links", "list", "--kind", "contact", "--format", "json"]).code(0).json();
    let link = &links[0];
    let id = |side: &str| link["ids"][side].as_str().unwrap().to_owned();
    (link["id"].to_string(), id("cliengo"), id("ghl"))
}

pub fn change(sandbox: &Sandbox, side: Side, contact: &str, set: &Value) {
    let set = set.as_object().cloned().unwrap();
    let contact = Some(contact.to_owned());
    let edit = Edit { side, op: EditOp::Update, kind: EditKind::Contact, contact, id: None, set };
    sandbox.world().edit(&edit).unwrap();
}

/// Every line fits a terminal, and the first of each but the head's begins with its id.
fn fits(text: &str, ids: &[&str]) {
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    for id in ids {
        assert!(text.lines().any(|line| line.split_whitespace().next() == Some(id)), "{id} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_is_listed_shown_and_resolved_and_the_next_sync_writes_the_choice() {
    let (sandbox, desk) = linked().await;
    let (_, cliengo, ghl) = somebody(&desk);
    change(&sandbox, Side::Cliengo, &cliengo, &json!({ "email": "de.cliengo@example.com" }));
    change(&sandbox, Side::Ghl, &ghl, &json!({ "email": "de.ghl@example.com" }));
    desk.ask(&["sync", "--pair", "acme"]).code(3).tells("concord conflicts show");
    let before = std::fs::read(desk.path("state/acme.db")).unwrap();
    let list = desk.ask(&["conflicts", "list", "--format", "json"]).code(0).json();
    let one = &list[0];
    assert_eq!((list.as_array().unwrap().len(), &one["field"]), (1, &json!("email")));
    assert_eq!((&one["cliengo"], &one["ghl"]), (&json!("de.cliengo@example.com"), &json!("de.ghl@example.com")));
    let id = one["id"].as_str().unwrap();
    fits(&desk.ask(&["conflicts"]).code(0).tells("waits").out, &[id]);
    desk.ask(&["conflicts", "show", id]).code(0).tells("de.cliengo@example.com").tells(&ghl);
    assert_eq!(desk.ask(&["conflicts", "show", id, "--format", "json"]).code(0).json()["id"], one["id"]);
    desk.ask(&["conflicts", "show", "0000000000"]).code(10).tells("conflicts list");
    desk.ask(&["conflicts", "resolve", id, "--value", "no address"]).code(10).tells("no e-mail address");
    desk.ask(&["conflicts", "resolve", id, "--value", ""]).code(10).tells("cannot empty");
    desk.ask(&["conflicts", "resolve", id, "--take", "ghl", "--pair", "demo"]).code(10).tells("pair acme");
    let lock = PairLock::take(&desk.path("state"), "acme", jiff::Timestamp::UNIX_EPOCH).unwrap();
    desk.ask(&["conflicts", "resolve", id, "--take", "ghl"]).code(11).tells("process");
    drop(lock);
    assert!(std::fs::read(desk.path("state/acme.db")).unwrap() == before, "nothing but a choice is written down");
    let (writes, quiet) = (mutating(&sandbox), desk.ask(&["conflicts", "resolve", id, "--take", "ghl"]).code(0));
    quiet.tells("GHL's is chosen").tells("concord sync --pair acme");
    assert_eq!(mutating(&sandbox), writes);
    desk.ask(&["conflicts"]).code(0).tells("GHL's");
    desk.ask(&["plan", "--pair", "acme", "--detailed-exitcode"]).code(2).tells("← kept");
    desk.ask(&["sync", "--pair", "acme"]).code(0);
    assert_eq!(desk.ask(&["conflicts", "--format", "json"]).code(0).json(), json!([]));
    let row = |side: &str, id: &str| {
        let rows = sandbox.world().dump().unwrap()[side]["contacts"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["id"] == *id).unwrap()["email"].clone()
    };
    assert_eq!(row("cliengo", &cliengo), json!("de.ghl@example.com"));
    assert_eq!(row("ghl", &ghl), json!("de.ghl@example.com"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_failing_is_listed_with_the_crms_words_given_up_and_tried_again() {
    let (sandbox, desk) = linked().await;
    let (_, cliengo, ghl) = somebody(&desk);
    change(&sandbox, Side::Cliengo, &cliengo, &json!({ "email": "nueva@example.com" }));
    sandbox.set_faults(format!("status=400@ghl:PUT:/contacts/{ghl}*").parse().unwrap());
    for _ in 0..2 {
        desk.ask(&["sync", "--pair", "acme"]).code(3);
    }
    // It rests now: nothing is sent, and the report tells it.
    desk.ask(&["sync", "--pair", "acme"]).code(3).tells("failed 2 times");
    let list = desk.ask(&["quarantine", "list", "--format", "json"]).code(0).json();
    let one = &list[0];
    assert_eq!((&one["state"], &one["attempts"], &one["pair"]), (&json!("retrying"), &json!(2), &json!("acme")));
    assert!(one["reason"].as_str().unwrap().contains("400"), "{one}");
    let id = one["id"].as_str().unwrap();
    fits(&desk.ask(&["quarantine"]).code(0).tells("update contact in GHL").out, &[id]);
    for command in ["retry", "drop"] {
        desk.ask(&["quarantine", command, id, "--pair", "demo"]).code(10).tells("pair acme").tells("--pair acme");
        desk.ask(&["quarantine", command, "0000000000"]).code(10).tells("quarantine list");
        desk.ask(&["quarantine", command]).code(10);
    }
    let lock = PairLock::take(&desk.path("state"), "acme", jiff::Timestamp::UNIX_EPOCH).unwrap();
    desk.ask(&["quarantine", "drop", id]).code(11).tells("process");
    desk.ask(&["quarantine", "list"]).code(0).tells(id);
    drop(lock);
    desk.ask(&["quarantine", "drop", id]).code(0).tells("given up");
    desk.ask(&["quarantine"]).code(0).tells("given up");
    desk.ask(&["sync", "--pair", "acme"]).code(0);
    desk.ask(&["quarantine", "retry", id]).code(0).tells("tries it again");
    assert_eq!(desk.ask(&["quarantine", "--format", "json"]).code(0).json(), json!([]));
    sandbox.set_faults("".parse().unwrap());
    desk.ask(&["sync", "--pair", "acme"]).code(0);
    assert!(sandbox.world().dump().unwrap()["ghl"].to_string().contains("nueva@example.com"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_are_listed_shown_removed_and_made_again() {
    let (sandbox, desk) = linked().await;
    let (link, cliengo, ghl) = somebody(&desk);
    let list = desk.ask(&["links", "--format", "json"]).code(0).json();
    let notes = list.as_array().unwrap().iter().filter(|link| link["kind"] == "note").count();
    let listed = desk.ask(&["links", "list", "--kind", "note", "--format", "json"]).json();
    assert!(notes > 0 && listed.as_array().unwrap().len() == notes);
    desk.ask(&["links", "list", "--kind", "person"]).code(10).tells("contact, task, note");
    fits(&desk.ask(&["links", "list"]).code(0).out, &[&link]);
    for id in [&link, &cliengo, &ghl] {
        let said = desk.ask(&["links", "show", id]).code(0).tells(&cliengo).tells("phone");
        assert!(said.out.lines().all(|line| line.chars().count() <= 100), "{}", said.out);
        assert_eq!(desk.ask(&["links", "show", id, "--format", "json"]).json()["id"].to_string(), link);
    }
    desk.ask(&["links", "show", "nobody"]).code(10).tells("links list");
    desk.ask(&["links", "add", &cliengo, &ghl]).code(10).tells("--pair");
    let again = ["links", "add", &cliengo, &ghl, "--pair", "acme"];
    desk.ask(&again).code(10).tells("linked already").tells(&format!("concord links remove {link}"));
    let lock = PairLock::take(&desk.path("state"), "acme", jiff::Timestamp::UNIX_EPOCH).unwrap();
    desk.ask(&["links", "remove", &link]).code(11).tells("process");
    desk.ask(&["links", "forget", &link]).code(11);
    desk.ask(&again).code(11);
    drop(lock);
    let writes = mutating(&sandbox);
    desk.ask(&["links", "remove", &link]).code(0).tells("kept separate").tells(&format!("links add {cliengo} {ghl}"));
    desk.ask(&["links", "remove", &link]).code(10).tells("removed already");
    desk.ask(&["sync", "--pair", "acme"]).code(0).tells("Kept separate");
    change(&sandbox, Side::Cliengo, &cliengo, &json!({ "phone": "+5491155550099" }));
    let made = desk.ask(&[again.as_slice(), &["--format", "json"]].concat()).code(0).json();
    assert_eq!(made["ids"]["ghl"], json!(ghl));
    assert_eq!(made["next"]["conflicts"][0]["field"], json!("phone"), "{made}");
    assert_eq!(mutating(&sandbox), writes, "linking writes nothing");
    desk.ask(&["sync", "--pair", "acme"]).code(3).tells("concord conflicts show");
    desk.ask(&["check", "--offline"]).code(0).tells("acme.state").tells("sound");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_started_afresh_is_matched_by_the_next_sync_and_both_records_stay() {
    let (sandbox, desk) = linked().await;
    let (link, cliengo, ghl) = somebody(&desk);
    let before = sandbox.world().dump().unwrap();
    desk.ask(&["links", "forget", &link, "--dry-run"]).code(0).tells("would go").tells("concord links forget");
    desk.ask(&["links", "show", &ghl]).code(0);
    desk.ask(&["links", "forget", &link]).code(0).tells("starts afresh");
    desk.ask(&["links", "show", &ghl]).code(10);
    desk.ask(&["sync", "--pair", "acme"]).code(0).tells("Linked without a change");
    assert_eq!(sandbox.world().dump().unwrap(), before, "nothing was written: both agree");
    desk.ask(&["links", "show", &ghl]).code(0).tells(&cliengo);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgetting_a_person_leaves_nothing_of_them_and_names_the_copies_it_cannot_reach() {
    let (sandbox, desk) = linked().await;
    let (link, cliengo, ghl) = somebody(&desk);
    change(&sandbox, Side::Cliengo, &cliengo, &json!({ "email": "inolvidable@example.com" }));
    desk.ask(&["sync", "--pair", "acme"]).code(0);
    std::fs::copy(desk.path("state/acme.db"), desk.path("state/acme.db.copy")).unwrap();
    let children = desk.ask(&["links", "show", &link, "--format", "json"]).json()["links"].clone();
    if let Some(child) = children[0]["id"].as_i64() {
        desk.ask(&["links", "forget", &child.to_string()]).code(10).tells(&format!("contact's link is {link}"));
    }
    let history = desk.ask(&["history", "--pair", "acme", "--format", "json"]).json().as_array().unwrap().len();
    let said =
        desk.ask(&["links", "forget", &ghl, "--for-good"]).code(0).tells("acme.db.copy").tells("Nothing was deleted");
    assert!(!said.out.contains("inolvidable"));
    desk.ask(&["sync", "--pair", "acme"]).code(0);
    desk.ask(&["sync", "--pair", "acme", "--contact", &ghl]).code(1);
    for file in ["acme.db", "acme.db-wal", "acme.stage.db"] {
        let bytes = std::fs::read(desk.path("state").join(file)).unwrap_or_default();
        assert!(!bytes.windows(11).any(|window| window == b"inolvidable"), "{file}");
    }
    let after = desk.ask(&["history", "--pair", "acme", "--format", "json"]).json().as_array().unwrap().len();
    assert_eq!(after, history + 2, "the runs themselves stay");
    assert!(desk.ask(&["links", "show", &ghl]).code == 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_whose_links_are_not_what_they_must_be_fails_the_check() {
    let (_sandbox, mut desk) = linked().await;
    desk.environment.push(("COLUMNS".to_owned(), "120".to_owned()));
    desk.ask(&["check", "--offline"]).code(0).tells("sound");
    let state = rusqlite::Connection::open(desk.path("state/acme.db")).unwrap();
    state.execute("UPDATE link SET ghl_id = NULL WHERE kind = 'contact' AND id = 1", []).unwrap();
    drop(state);
    desk.ask(&["check", "--offline"]).code(1).tells("lacks one of its ids").tells("hint");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspected_merge_is_settled_by_the_command_that_is_shown_with_it() {
    let (sandbox, desk) = linked().await;
    let (link, cliengo, ghl) = somebody(&desk);
    let dump = sandbox.world().dump().unwrap();
    let row = dump["cliengo"]["contacts"].as_array().unwrap().iter().find(|row| row["id"] == cliengo.as_str()).unwrap();
    let again = json!({ "name": row["name"], "email": row["email"], "phone": row["phone"] });
    let edit = |op: EditOp, contact: Option<&str>, set: &Value| {
        let (contact, set) = (contact.map(str::to_owned), set.as_object().cloned().unwrap());
        let edit = Edit { side: Side::Cliengo, op, kind: EditKind::Contact, contact, id: None, set };
        sandbox.world().edit(&edit).unwrap().id
    };
    edit(EditOp::Delete, Some(&cliengo), &json!({}));
    let new = edit(EditOp::Create, None, &again).unwrap();
    desk.ask(&["sync", "--pair", "acme"]).code(3);
    let held = desk.ask(&["held", "--pair", "acme", "--format", "json"]).json();
    let merged = held.as_array().unwrap().iter().find(|one| one["reason"] == "suspected_merge").unwrap();
    let command = format!("concord links forget {link} --pair acme");
    assert_eq!(merged["commands"], json!([command]), "{merged:#}");
    desk.ask(&["held", "--pair", "acme"]).tells(&command);
    desk.ask(&command.split(' ').skip(1).collect::<Vec<_>>()).code(0);
    desk.ask(&["sync", "--pair", "acme"]);
    let shown = desk.ask(&["links", "show", &ghl, "--pair", "acme", "--format", "json"]).code(0).out;
    assert!(shown.contains(&new), "{shown}");
}
