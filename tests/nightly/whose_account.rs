//! Whose accounts a state belongs to: both are asked, and nothing is believed of another one. (`semantics` 63)

use std::sync::Arc;

use concord::record::Side;
use concord::run::{Consent, RunError};
use concord::state::{State, StateError};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::command::{Desk, mutating, sandbox};
use crate::house::{House, Plot};
use crate::proxy;

/// What Cliengo tells of itself, and what its rows tell; `None`: as the sandbox does; `Some(None)`: nothing.
#[derive(Clone, Copy, Default)]
struct Tells {
    account: Option<&'static str>,
    rows: Option<Option<&'static str>>,
}

/// Puts a Cliengo before the house that tells this.
async fn cliengo_tells(house: &mut House, tells: Tells) {
    let rewrite = move |line: &str, mut value: Value| {
        if line.starts_with("GET") && line.contains("/account") {
            if let Some(account) = tells.account {
                value["id"] = json!(account);
            }
        } else if let (Some(id), Some(rows)) = (tells.rows, value["results"].as_array_mut()) {
            for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                match id {
                    Some(id) => row.insert("accountId".to_owned(), json!(id)),
                    None => row.remove("accountId"),
                };
            }
        }
        Ok(value)
    };
    house.urls.cliengo = proxy::before(&house.sandbox.cliengo_url(), Arc::new(rewrite)).await;
}

fn is_refused(result: &Result<concord::run::Finished, RunError>) -> bool {
    matches!(result, Err(RunError::State(StateError::OtherAccount { side: Side::Cliengo, .. })))
}

/// What a night, a dry run and an undo come to; none of them writes anything.
async fn is_another_account(house: &House) -> bool {
    let night = house.try_night(&Consent::default(), CancellationToken::new()).await;
    assert!(!is_refused(&night) || house.writes().is_empty(), "{:?}", house.sent());
    let dry = house.try_dry_run().await;
    assert_eq!(is_refused(&night), is_refused(&dry), "a dry run says what the night will do");
    is_refused(&night)
}

// Watches: I52.
#[tokio::test]
async fn a_key_of_another_account_ends_the_run_before_anything_is_written() {
    let plot = Plot::extended().with_settings("contacts.on_delete = \"propagate\"\n");
    let mut house = House::build(&plot).await;
    for number in 0..12 {
        house.person(number);
    }
    house.contact(Side::Ghl, &json!({ "firstName": "Zoe", "email": "zoe@example.com" }));
    house.good_night().await;
    let before = house.dump();
    for tells in [
        Tells { account: Some("another"), rows: Some(Some("another")) },
        Tells { account: Some("another"), rows: Some(None) },
        Tells { account: Some("another"), rows: None },
        Tells { account: None, rows: Some(Some("another")) },
    ] {
        cliengo_tells(&mut house, tells).await;
        assert!(is_another_account(&house).await);
        let lists = |path: &str| path.starts_with("/contacts");
        let listed = house.sandbox.requests().iter().any(|asked| asked.side == Side::Cliengo && lists(&asked.path));
        assert_eq!(listed, tells.account.is_none(), "another account's records are not even listed");
    }
    cliengo_tells(&mut house, Tells { account: Some("another"), rows: None }).await;
    assert!(is_refused(&house.try_undo(1, &Consent::default(), CancellationToken::new()).await));
    assert!(is_refused(&house.try_plan_undo(1).await));
    assert_eq!(house.dump(), before);
    cliengo_tells(&mut house, Tells::default()).await;
    house.quiet_night().await;
}

// Watches: I52.
#[tokio::test]
async fn records_may_tell_no_account_or_always_another_one_than_the_account_tells() {
    for rows in [Some(None), Some(Some("of-its-records"))] {
        let mut house = House::build(&Plot::extended()).await;
        house.person(1);
        cliengo_tells(&mut house, Tells { account: None, rows }).await;
        house.good_night().await;
        house.quiet_night().await;
        cliengo_tells(&mut house, Tells { account: Some("another"), rows }).await;
        assert!(is_another_account(&house).await);
        cliengo_tells(&mut house, Tells { account: None, rows: Some(Some("a-third")) }).await;
        assert_eq!(is_another_account(&house).await, rows != Some(None), "what was never told is told now");
    }
}

/// Leaves the state as the version before bound it: by what records told alone.
fn bound_by_records(house: &House, id: &str) {
    let state = Connection::open(house.state_path()).unwrap();
    state.execute("DELETE FROM meta WHERE key LIKE 'account.cliengo%'", []).unwrap();
    state.execute("INSERT INTO meta VALUES ('account.cliengo', ?1)", [id]).unwrap();
}

// Watches: I52.
#[tokio::test]
async fn a_state_that_was_bound_by_its_records_alone_is_bound_to_the_account_as_well() {
    let mut house = House::build(&Plot::extended()).await;
    house.person(1);
    let rows = Some(Some("of-its-records"));
    cliengo_tells(&mut house, Tells { account: None, rows }).await;
    house.good_night().await;
    bound_by_records(&house, "of-its-records");
    cliengo_tells(&mut house, Tells { account: None, rows: Some(None) }).await;
    assert!(is_another_account(&house).await, "nothing tells that it is the same");
    cliengo_tells(&mut house, Tells { account: None, rows }).await;
    house.quiet_night().await;
    let state = State::open_read_only(&house.state_path()).unwrap().unwrap();
    assert!(state.bound_account(Side::Cliengo).unwrap().is_some());
    drop(state);
    cliengo_tells(&mut house, Tells { account: Some("another"), rows }).await;
    assert!(is_another_account(&house).await);
}

#[tokio::test]
async fn a_location_that_answers_with_another_id_is_not_believed() {
    let mut house = House::build(&Plot::extended()).await;
    house.person(1);
    house.good_night().await;
    let rewrite = |line: &str, mut value: Value| {
        if line.contains("/locations/") && !value["location"].is_null() {
            value["location"]["id"] = json!("another");
        }
        Ok(value)
    };
    house.urls.ghl = proxy::before(&house.sandbox.ghl_url(), Arc::new(rewrite)).await;
    let night = house.try_night(&Consent::default(), CancellationToken::new()).await;
    assert!(matches!(night, Err(RunError::Crm(_))), "{night:?}");
    assert_eq!(house.writes(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_bound_what_answered_and_what_to_do_is_said_and_the_exit_code_is_1() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    let id = desk.ask(&["plan", "--format", "json"]).json()["plan_id"].as_str().unwrap().to_owned();
    desk.ask(&["sync", "--approve", &id]);
    let state = Connection::open(desk.path("state/acme.db")).unwrap();
    state.execute("UPDATE meta SET value = 'bound-before' WHERE key = 'account.cliengo.asked'", []).unwrap();
    drop(state);
    for command in ["sync", "plan", "check"] {
        let said = desk.ask(&[command]).code(1).tells("bound-before").tells("nothing was");
        said.tells("credentials of that account");
    }
}

/// While one run holds the accounts, another one that names either of them has to wait, whatever its configuration.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_configurations_that_name_the_same_accounts_never_run_at_once() {
    let sandbox = sandbox(4).await;
    let (one, other) = (Desk::real(&sandbox), Desk::real(&sandbox));
    sandbox.set_faults("hang=3@ghl:POST:/contacts/search*".parse().unwrap());
    let mut first = one.start(&["sync"]);
    while !sandbox.requests().iter().any(|asked| asked.path.starts_with("/contacts")) {
        tokio::task::yield_now().await;
    }
    other.ask(&["sync"]).code(11).tells("@");
    // A dry run may go on meanwhile.
    first.kill().unwrap();
    first.wait().unwrap();
    sandbox.set_faults("".parse().unwrap());
    other.ask(&["sync"]).code(4);
}

/// Who is only in GHL is to be created in Cliengo, under a website that the account does not have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_website_that_the_account_does_not_have_stops_the_run_before_anything_is_written() {
    let sandbox = sandbox(12).await;
    let desk = Desk::real(&sandbox);
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let wrong = settings.replace(sandbox.website_id(), "5f3c00000000000000000bad");
    let wrong = wrong.replace("region = \"AR\"", "region = \"AR\"\nguard.first_sync = \"auto\"");
    std::fs::write(desk.path("schedules.toml"), &wrong).unwrap();
    for command in ["plan", "sync"] {
        desk.ask(&[command]).code(1).tells("5f3c00000000000000000bad").tells(sandbox.website_id());
        assert_eq!(mutating(&sandbox), 0, "{command} wrote something");
    }
    std::fs::write(desk.path("schedules.toml"), wrong.replace("5f3c00000000000000000bad", sandbox.website_id()))
        .unwrap();
    let asks = || sandbox.requests().iter().filter(|asked| asked.path == "/sites").count();
    let before = asks();
    let said = desk.ask(&["sync"]);
    assert!(matches!(said.code, 0 | 3), "{said:?}");
    assert_eq!(asks() - before, 1);
}

#[tokio::test]
async fn rows_of_another_location_end_the_night() {
    let mut house = House::build(&Plot::extended()).await;
    house.strict = false;
    let person = house.person(1);
    house.good_night().await;
    house.change(Side::Cliengo, &person, &json!({ "email": "otra@example.com" }));
    let url = house.urls.ghl.clone();
    let other: proxy::Rewrite = Arc::new(|line, mut body| {
        let rows = body["contacts"].as_array_mut().filter(|_| line.contains("/contacts/search"));
        for row in rows.into_iter().flatten() {
            row["locationId"] = json!("OTHERLOC000000000000");
        }
        Ok(body)
    });
    house.urls.ghl = proxy::before(&url, other).await;
    let night = house.try_night(&Consent::default(), CancellationToken::new()).await;
    assert!(matches!(night, Err(RunError::State(StateError::OtherAccount { side: Side::Ghl, .. }))), "{night:?}");
    assert_eq!(house.writes(), []);
    house.urls.ghl = url;
    house.good_night().await;
    assert_eq!(house.row(Side::Ghl, &person)["email"], "otra@example.com");
}
