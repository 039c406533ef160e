//! What `status` and `check` say of a pair is so: while a run is under way, after one that was killed, after one that failed, and
//! after one that did not see everything.

use concord::state::{PairLock, State};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::command::{Desk, sandbox};

fn state_of(desk: &Desk) -> State {
    State::open(&State::path_of(&desk.path("state"), "demo")).unwrap()
}

/// A run in the history of pair demo that ended so.
fn ended(state: &State, status: &str, summary: &Value) {
    let run = state.begin_run("incremental", "", Timestamp::UNIX_EPOCH).unwrap();
    state.finish_run(run, status, summary, Timestamp::UNIX_EPOCH).unwrap();
}

#[test]
fn a_run_that_was_killed_is_cut_off_and_one_under_way_is_not() {
    let zone = "America/Argentina/Buenos_Aires";
    let desk = Desk::with(&format!("[report]\ntimezone = \"{zone}\"\n[pair.demo]\nsandbox = true\n"));
    let state = state_of(&desk);
    ended(&state, "done", &json!({ "operations": 0, "held": 0 }));
    state.begin_run("incremental", "", Timestamp::UNIX_EPOCH).unwrap();
    desk.run(&["status"]).code(1).tells("run 2 cut off").tells("FAILED: run 2 was cut off");
    let told = desk.run(&["status", "--format", "json"]).code(1).json();
    assert_eq!(told[0]["last_run"]["status"], "cut_off", "{told}");
    desk.run(&["check", "--offline"]).code(0).tells("run 2 was cut off");
    let lock = PairLock::take(&desk.path("state"), "demo", Timestamp::UNIX_EPOCH).unwrap();
    let said = desk.run(&["status"]).code(0).tells(&format!("run 2 running since 1969-12-31 21:00:00 {zone}"));
    assert!(!said.out.contains("cut off"), "{said:?}");
    drop(lock);
    desk.run(&["sync"]).code(3);
    desk.run(&["status"]).code(0).tells("run 3 done");
}

#[test]
fn what_waits_is_counted_by_the_last_run_that_came_to_a_plan() {
    let desk = Desk::demo();
    let state = state_of(&desk);
    let planned = json!({ "operations": 3, "outcomes": { "applied": 1 }, "held": 2, "held_by": { "quarantined": 1 }, "conflicts": 1 });
    ended(&state, "done", &planned);
    let said = desk.run(&["status"]).code(0).tells("pending 2, held 2, conflicts 1; in quarantine: 1");
    assert!(!said.out.contains("as of"), "{said:?}");
    ended(&state, "failed", &json!({ "error": "Cliengo cannot be read: it answered 503" }));
    let said = desk.run(&["status"]).code(1).tells("pending 2, held 2, conflicts 1 (as of run 1)");
    assert!(said.out.contains("FAILED: Cliengo cannot be read: it answered 503"), "{said:?}");
}

#[test]
fn what_a_run_did_not_see_is_said_and_quiet_says_only_who_is_not_well() {
    let desk = Desk::demo();
    let state = state_of(&desk);
    let line = "Cliengo contacts not read to the end: it counts 40 and listed 14";
    ended(&state, "done", &json!({ "operations": 0, "held": 0, "unseen": [line] }));
    desk.run(&["status"]).code(0).tells(&format!("NOT ALL SEEN: {line}"));
    assert_eq!(desk.run(&["status", "--format", "json"]).code(0).json()[0]["unseen"], json!([line]));
    desk.run(&["check", "--offline"]).code(0).tells("run 1 did not see everything");
    assert_eq!(desk.run(&["status", "--quiet"]).code(0).out, "");
    ended(&state, "failed", &json!({ "error": "Cliengo cannot be read: it answered 503" }));
    let said = desk.run(&["status", "--quiet"]).code(1);
    assert_eq!(said.out.lines().count(), 1, "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dry_run_says_with_its_exit_code_what_the_night_will_do() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    desk.ask(&["plan"]).code(0).tells("--approve");
    desk.ask(&["plan", "--detailed-exitcode"]).code(4);
    desk.ask(&["sync"]).code(4);
}
