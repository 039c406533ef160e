//! A saved plan is stale when what it writes has changed, or what lies under it; what happens elsewhere does not touch it.
//! (`semantics` 66)

use concord::record::{Action, Kind, Side};
use concord::run::{Consent, Finished, RunError, SavedPlan};
use concord::sandbox::{EditKind, EditOp};
use rusqlite::Connection;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::command::{Desk, sandbox};
use crate::house::{House, Person, Plot, count};

async fn linked(people: u32) -> (House, Vec<Person>) {
    let house = House::build(&Plot::extended()).await;
    let people = (0..people).map(|number| house.person(number)).collect();
    house.good_night().await;
    (house, people)
}

fn email(house: &House, person: &Person, email: &str) {
    house.change(Side::Ghl, person, &json!({ "email": email }));
}

/// A note on Cliengo.
fn note(house: &House, contact: &str, text: &str) {
    let set = json!({ "body": text });
    house.edit(Side::Cliengo, EditOp::Create, EditKind::Note, Some(contact), None, &set);
}

async fn apply(house: &House, saved: &SavedPlan) -> Result<Finished, RunError> {
    let consent = Consent { saved: Some(saved.clone()), ..Consent::default() };
    house.try_night(&consent, CancellationToken::new()).await
}

async fn is_stale(house: &House, saved: &SavedPlan) -> bool {
    let done = apply(house, saved).await;
    let stale = matches!(done, Err(RunError::Stale { .. }));
    assert_eq!(house.writes().is_empty(), stale, "{done:?}");
    stale
}

#[tokio::test]
async fn what_happens_to_others_does_not_touch_a_saved_plan_and_is_not_applied_with_it() {
    let (house, people) = linked(4).await;
    email(&house, &people[1], "una@example.com");
    let saved = house.saved_plan().await;
    email(&house, &people[0], "otra@example.com");
    house.change(Side::Cliengo, &people[2], &json!({ "name": "Otro Nombre" }));
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com" }));
    house.contact(Side::Cliengo, &json!({ "name": "Zoe", "email": "zoe@example.com" }));
    let done = apply(&house, &saved).await.unwrap();
    assert_eq!(done.plan.id(), saved.plan_id);
    assert_eq!(house.writes().len(), 1, "{:?}", house.sent());
    let rest = house.good_night().await;
    assert_eq!(rest.plan.operations.len(), 4, "{:?}", house.sent());
    house.quiet_night().await;
}

#[tokio::test]
async fn another_run_that_wrote_elsewhere_does_not_touch_a_saved_plan() {
    let (house, people) = linked(4).await;
    email(&house, &people[1], "una@example.com");
    let saved = house.saved_plan().await;
    email(&house, &people[1], "persona1@example.com");
    email(&house, &people[0], "otra@example.com");
    house.good_night().await;
    email(&house, &people[1], "una@example.com");
    assert!(!is_stale(&house, &saved).await);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_plan_that_creates_somebody_with_notes_is_applied_whoever_else_is_new() {
    let (house, _) = linked(1).await;
    let new = house.contact(Side::Cliengo, &json!({ "name": "Zoe", "email": "zoe@example.com" }));
    note(&house, &new, "Llama mañana");
    let saved = house.saved_plan().await;
    for number in 0..5 {
        let email = format!("nueva{number}@example.com");
        let other = house.contact(Side::Cliengo, &json!({ "name": "Nueva Persona", "email": email }));
        note(&house, &other, "Otra nota");
    }
    let done = apply(&house, &saved).await.unwrap();
    assert_eq!(done.plan.id(), saved.plan_id);
    assert_eq!((count(&done, Kind::Contact, Action::Create), count(&done, Kind::Note, Action::Create)), (1, 1));
    house.good_night().await;
    house.quiet_night().await;
}

#[tokio::test]
async fn a_saved_plan_is_stale_when_a_record_that_it_writes_changed_in_anything() {
    for (side, set) in [
        (Side::Ghl, json!({ "email": "otra@example.com" })),
        (Side::Ghl, json!({ "firstName": "Otra" })),
        (Side::Ghl, json!({ "city": "Rosario" })),
        (Side::Cliengo, json!({ "name": "Otro Nombre" })),
        (Side::Cliengo, json!({ "email": "una@example.com" })),
    ] {
        let (house, people) = linked(2).await;
        email(&house, &people[0], "una@example.com");
        let saved = house.saved_plan().await;
        house.change(side, &people[0], &set);
        assert!(is_stale(&house, &saved).await, "{side} {set}");
    }
}

#[tokio::test]
async fn a_saved_plan_is_stale_when_the_base_or_the_configuration_under_it_changed() {
    let (mut house, people) = linked(2).await;
    email(&house, &people[0], "una@example.com");
    let saved = house.saved_plan().await;
    let state = Connection::open(house.state_path()).unwrap();
    concord::state::teach(&state).unwrap();
    let told = "SELECT shadow FROM shadow_body WHERE canonical(body) LIKE '%persona0@example.com%' LIMIT 1";
    let before: String = state
        .query_row(&format!("SELECT canonical(body) FROM shadow_body WHERE shadow = ({told})"), [], |row| row.get(0))
        .unwrap();
    let set = format!("UPDATE shadow_body SET body = ?1 WHERE shadow = ({told})");
    let moved = before.replacen("Prueba0", "Prueba", 1);
    assert_ne!(moved, before);
    state.execute(&set, [&moved]).unwrap();
    assert!(is_stale(&house, &saved).await, "the base");
    state.execute(&set, [&before]).unwrap();
    house.pair.contacts.conflict = concord::config::ConflictPolicy::Take(Side::Cliengo);
    assert!(is_stale(&house, &saved).await, "the configuration");
    house.pair.contacts.conflict = concord::config::ConflictPolicy::Take(Side::Ghl);
    assert!(!is_stale(&house, &saved).await);
    assert!(is_stale(&house, &saved).await, "it was applied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saved_plan_of_an_older_form_is_stale() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    let old = json!([{
        "schema": "concord.saved/1", "pair": "acme", "mode": "incremental", "plan_id": "0123456789abcdef",
        "configuration": "x", "mapping": "1", "generation": "0", "saved_at": "2026-11-23T03:00:00Z"
    }]);
    std::fs::write(desk.path("plan.json"), old.to_string()).unwrap();
    desk.ask(&["sync", "--plan", "plan.json"]).code(5).tells("stale").tells("another version");
}

#[tokio::test]
async fn a_saved_plan_that_was_altered_by_hand_is_refused() {
    let (house, people) = linked(4).await;
    email(&house, &people[1], "una@example.com");
    email(&house, &people[2], "otra@example.com");
    let saved = serde_json::to_value(house.saved_plan().await).unwrap();
    let altered = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut saved = saved.clone();
        change(&mut saved);
        serde_json::from_value::<SavedPlan>(saved).unwrap()
    };
    for saved in [
        altered(&|saved| _ = saved["operations"].as_array_mut().unwrap().pop()),
        altered(&|saved| saved["operations"][0]["does"] = json!("0123456789abcdef01234567")),
        altered(&|saved| saved["plan_id"] = json!("0123456789abcdef")),
    ] {
        assert!(is_stale(&house, &saved).await);
    }
}
