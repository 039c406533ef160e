//! Two pairs on one account copy each other's records for ever: neither runs. (`semantics` 63)

use std::sync::Arc;

use concord::sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::command::{Desk, mutating};
use crate::proxy;

async fn sandbox(seed: u64) -> Sandbox {
    Sandbox::start(Options { contacts: 4, seed, ..Options::default() }).await.unwrap()
}

/// A pair of this Cliengo and that location; the key is in the variable of that name.
fn pair(name: &str, cliengo: (&Sandbox, &str, &str), ghl: (&Sandbox, &str)) -> String {
    let (of_cliengo, cliengo_url, key) = cliengo;
    format!(
        "[pair.{name}]\nregion = \"AR\"\nguard.first_sync = \"auto\"\n[pair.{name}.cliengo]\nbase_url = \"{cliengo_url}\"\n\
         api_key = {{ env = \"{key}\" }}\nwebsite_id = \"{}\"\nrequests_per_second = 1000\nmin_age = \"0s\"\n\
         [pair.{name}.ghl]\nbase_url = \"{}\"\nlocation_id = \"{}\"\ntoken = {{ env = \"{}\" }}\n",
        of_cliengo.website_id(),
        ghl.0.ghl_url(),
        ghl.0.location_id(),
        ghl.1,
    )
}

fn desk(pairs: &[String], one: &Sandbox, two: &Sandbox) -> Desk {
    let mut desk = Desk::with(&pairs.concat());
    for (name, value) in [
        ("KEY_ONE", one.api_key()),
        ("KEY_ONE_AGAIN", one.api_key()),
        ("KEY_TWO", two.api_key()),
        ("TOKEN_ONE", one.token()),
        ("TOKEN_TWO", two.token()),
    ] {
        desk.environment.push((name.to_owned(), value.to_owned()));
    }
    desk
}

fn is_refused(desk: &Desk, sandboxes: [&Sandbox; 2], commands: &[&[&str]]) {
    for command in commands {
        desk.ask(command).code(10).tells("acme").tells("beta");
        assert_eq!(sandboxes.map(mutating), [0, 0], "{command:?} wrote something");
    }
}

const LOOKS: [&[&str]; 3] = [&["check"], &["plan"], &["sync"]];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pairs_on_one_location_are_a_mistake_of_the_configuration() {
    let (one, two) = (sandbox(1).await, sandbox(2).await);
    let (url, by_name) = (one.cliengo_url(), one.cliengo_url().replace("127.0.0.1", "localhost"));
    for (cliengo, other_url, key) in
        [(&one, &url, "KEY_ONE"), (&one, &by_name, "KEY_ONE"), (&two, &two.cliengo_url(), "KEY_TWO")]
    {
        let acme = pair("acme", (&one, &url, "KEY_ONE"), (&one, "TOKEN_ONE"));
        let beta = pair("beta", (cliengo, other_url, key), (&one, "TOKEN_ONE"));
        let desk = desk(&[acme, beta], &one, &two);
        is_refused(&desk, [&one, &two], &LOOKS);
        is_refused(&desk, [&one, &two], &[&["check", "--offline"], &["sync", "--pair", "acme"]]);
    }
    assert!(one.requests().is_empty() && two.requests().is_empty(), "it stands in the file: nobody was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pairs_with_one_cliengo_key_are_a_mistake_wherever_each_finds_it() {
    let (one, two) = (sandbox(1).await, sandbox(2).await);
    let (url, by_name) = (one.cliengo_url(), one.cliengo_url().replace("127.0.0.1", "localhost"));
    for (other_url, key) in [(&url, "KEY_ONE"), (&by_name, "KEY_ONE"), (&url, "KEY_ONE_AGAIN")] {
        let acme = pair("acme", (&one, &url, "KEY_ONE"), (&one, "TOKEN_ONE"));
        let beta = pair("beta", (&one, other_url, key), (&two, "TOKEN_TWO"));
        let desk = desk(&[acme, beta], &one, &two);
        is_refused(&desk, [&one, &two], &LOOKS);
        is_refused(&desk, [&one, &two], &[&["check", "--offline"]]);
    }
    assert!(one.requests().is_empty() && two.requests().is_empty(), "the keys are equal: nobody was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_keys_that_open_one_cliengo_account_are_found_out_before_either_pair_writes() {
    let (one, two) = (sandbox(1).await, sandbox(2).await);
    let id = one.world().dump().unwrap()["cliengo"]["account_id"].as_str().unwrap().to_owned();
    let claims = Arc::new(move |line: &str, mut value: Value| {
        if line.contains("/account") {
            value["id"] = json!(id);
        }
        Ok(value)
    });
    let disguised = proxy::before(&two.cliengo_url(), claims).await;
    let acme = pair("acme", (&one, &one.cliengo_url(), "KEY_ONE"), (&one, "TOKEN_ONE"));
    let beta = pair("beta", (&two, &disguised, "KEY_TWO"), (&two, "TOKEN_TWO"));
    let both = desk(&[acme.clone(), beta], &one, &two);
    is_refused(&both, [&one, &two], &LOOKS);
    // One of them ran before the other one was added.
    let alone = desk(&[acme], &one, &two);
    std::fs::remove_dir_all(both.path("state")).ok();
    let said = alone.ask(&["sync"]);
    assert!(matches!(said.code, 0 | 3), "{said:?}");
    one.clear_requests();
    std::fs::rename(alone.path("state"), both.path("state")).unwrap();
    is_refused(&both, [&one, &two], &LOOKS);
    is_refused(&both, [&one, &two], &[&["sync", "--pair", "beta"], &["plan", "--pair", "beta"]]);
}

#[test]
fn several_sandbox_pairs_have_accounts_of_their_own() {
    let desk = Desk::with("[pair.acme]\nsandbox = true\n[pair.beta]\nsandbox = true\n");
    desk.run(&["sync", "--quiet"]).code(3);
    desk.run(&["check"]).code(0);
}
