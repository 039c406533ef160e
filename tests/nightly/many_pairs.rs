//! An agency's many locations in one configuration, by the real binary: one pair's trouble is that pair's alone.

use std::process::{Command, Stdio};

use concord::sandbox::{Account, Options, Sandbox};
use concord::state::State;
use serde_json::json;

use crate::command::Desk;

/// Accounts for so many pairs, all served by one sandbox.
async fn accounts(number: usize) -> Sandbox {
    Sandbox::start(Options { contacts: 4, accounts: number, ..Options::default() }).await.unwrap()
}

/// A main file with defaults, and a file for each pair, named `a`, `b` and so on.
fn agency(sandbox: &Sandbox, main: &str) -> Desk {
    let mut desk = Desk::with(&format!(
        "include = [\"pairs/*.toml\"]\n{main}\n\
         [defaults]\nregion = \"AR\"\nguard.first_sync = \"auto\"\n\
         cliengo = {{ requests_per_second = 1000, min_age = \"0s\" }}\n"
    ));
    std::fs::create_dir(desk.path("pairs")).unwrap();
    for (account, name) in sandbox.accounts().unwrap().into_iter().zip('a'..='z') {
        let Account { cliengo_url, api_key, website_id, ghl_url, token, location_id } = account;
        let text = format!(
            "[pair.{name}.cliengo]\nbase_url = \"{cliengo_url}\"\napi_key = {{ env = \"KEY_{name}\" }}\n\
             website_id = \"{website_id}\"\n\
             [pair.{name}.ghl]\nbase_url = \"{ghl_url}\"\nlocation_id = \"{location_id}\"\n\
             token = {{ env = \"TOKEN_{name}\" }}\n"
        );
        std::fs::write(desk.path(&format!("pairs/{name}.toml")), text).unwrap();
        desk.environment.push((format!("KEY_{name}"), api_key));
        desk.environment.push((format!("TOKEN_{name}"), token));
    }
    desk
}

fn is_synced(desk: &Desk, pair: &str) -> bool {
    let state = State::open_read_only(&State::path_of(&desk.path("state"), pair)).ok().flatten();
    state.is_some_and(|state| state.runs(1).unwrap().iter().any(|run| run.status == "done"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairs_of_many_files_share_defaults_and_one_server_and_each_has_its_own_accounts() {
    let sandbox = accounts(3).await;
    let desk = agency(&sandbox, "max_parallel = 2");
    let said = desk.ask(&["sync", "--format", "json"]).code(0).json();
    let pairs: Vec<&str> = said.as_array().unwrap().iter().map(|plan| plan["pair"].as_str().unwrap()).collect();
    assert_eq!(pairs, ["a", "b", "c"], "in the order of their names, whichever was done first");
    assert_ne!(said[0]["operations"], said[1]["operations"], "each account has people of its own");
    let text = desk.ask(&["sync"]).code(0);
    assert_eq!(text.out, "3 pairs: 3 done.\n", "who has no news has no report");
    desk.ask(&["plan", "--pair", "b"]).code(0).tells("b · dry run");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_secret_is_the_failure_of_its_own_pair() {
    let sandbox = accounts(3).await;
    let mut desk = agency(&sandbox, "");
    desk.environment.retain(|(name, _)| name != "TOKEN_b");
    let said = desk.ask(&["sync", "--format", "json"]).code(10).tells("TOKEN_b");
    let document = said.json();
    assert!(document[1]["error"].as_str().unwrap().contains("TOKEN_b"), "{}", document[1]);
    assert_eq!(document[1].as_object().unwrap().len(), 2, "{}", document[1]);
    for (place, pair) in [(0, "a"), (2, "c")] {
        assert_eq!(document[place]["run"]["refused"], json!(false));
        assert!(is_synced(&desk, pair));
    }
    assert!(!desk.path("state/b.db").exists());
    desk.ask(&["sync", "--pair", "a"]).code(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_every_pair_lacks_a_secret_nothing_is_asked_and_no_document_is_printed() {
    let sandbox = accounts(2).await;
    let mut desk = agency(&sandbox, "");
    desk.environment.clear();
    let said = desk.ask(&["sync", "--format", "json"]).code(10).tells("KEY_a").tells("KEY_b");
    assert_eq!(said.out, "");
    assert!(sandbox.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_pairs_a_summary_is_told_first_and_failures_last() {
    let sandbox = accounts(3).await;
    let desk = agency(&sandbox, "");
    std::fs::create_dir(desk.path("state")).unwrap();
    std::fs::write(desk.path("state/a.db"), "no database".repeat(999)).unwrap();
    let said = desk.ask(&["sync"]).code(1);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], "3 pairs: 2 done, 1 failed.");
    let listed: Vec<&str> = lines[2..5].iter().map(|line| &line[..1]).collect();
    assert_eq!(listed, ["b", "c", "a"], "who failed stands last: {lines:?}");
    assert!(lines[2].contains("Applied"), "{lines:?}");
    assert!(said.out.find("b · sync 1").unwrap() < said.out.find("c · sync 1").unwrap());
    assert!(said.err.starts_with("error: a: the state file"), "{}", said.err);
    assert!(said.err.contains("hint: "), "{}", said.err);
    desk.ask(&["sync", "--out", "report.txt"]).code(1);
    let report = std::fs::read_to_string(desk.path("report.txt")).unwrap();
    assert!(report.starts_with("3 pairs: 2 done, 1 failed.\n"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_failures_quiet_prints_ten_lines() {
    let sandbox = accounts(14).await;
    let mut desk = agency(&sandbox, "");
    desk.environment.retain(|(name, _)| name.ends_with("_a") || name.ends_with("_b"));
    let said = desk.ask(&["sync", "--quiet"]).code(10);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), 10, "{said:?}");
    assert_eq!(lines[0], "14 pairs: 2 done, 12 wrongly configured.");
    assert_eq!(lines[9], "And 4 more: concord status");
    assert_eq!(said.err, "");
    let said = desk.ask(&["sync", "--quiet", "--pair", "a", "--pair", "b"]).code(0);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_that_hangs_keeps_its_own_place_only() {
    let sandbox = accounts(6).await;
    // The first account's alone.
    sandbox.set_faults("hang=3600@cliengo*".parse().unwrap());
    let desk = agency(&sandbox, "max_parallel = 2");
    let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
    command.current_dir(desk.folder.path()).arg("sync").envs(desk.environment.iter().cloned());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !["b", "c", "d", "e", "f"].iter().all(|pair| is_synced(&desk, pair)) {
        assert!(child.try_wait().unwrap().is_none(), "it waits for the pair that hangs");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!is_synced(&desk, "a"));
}

#[test]
fn a_sandbox_of_no_accounts_is_refused() {
    let desk = Desk::with("[pair.demo]\nsandbox = true\n");
    let said = desk.run(&["sandbox", "serve", "--accounts", "0"]).code(10);
    assert!(said.err.contains("--accounts"), "{said:?}");
}
