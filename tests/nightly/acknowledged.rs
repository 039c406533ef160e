//! `held`: who waits is shown once for each person, and whoever was acknowledged asks for nobody until something changes.

use std::collections::BTreeSet;

use concord::record::Side;
use concord::sandbox::{EditKind, EditOp};
use concord::state::{Acknowledged, State};
use serde_json::{Value, json};

use crate::command::Desk;
use crate::house::{House, Plot};

/// Two contacts in Cliengo and one in GHL that share an e-mail: nobody can tell who is who.
fn ambiguous(house: &House, number: u32) -> String {
    let email = format!("persona{number}@example.com");
    let contact = |name: &str| house.contact(Side::Cliengo, &json!({ "name": name, "email": email }));
    let first = contact(&format!("Ana Uno {number}"));
    contact(&format!("Ana Dos {number}"));
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "lastName": format!("Tres {number}"), "email": email }));
    first
}

/// A desk at which the house's state lies.
fn desk(house: &House) -> Desk {
    let folder = house.folder().display();
    Desk::with(&format!("state_dir = \"{folder}\"\n[pair.house]\nsandbox = true\nregion = \"AR\"\n"))
}

fn listed(desk: &Desk) -> Vec<Value> {
    desk.ask(&["held", "--format", "json"]).code(0).json().as_array().unwrap().clone()
}

fn acknowledge_all(desk: &Desk) {
    let ids: Vec<String> = listed(desk).iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    let mut command = vec!["held", "ack"];
    command.extend(ids.iter().map(String::as_str));
    desk.ask(&command).code(0).tells("0 new, ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_nights_ask_for_somebody_on_the_first_and_when_somebody_new_waits() {
    let house = House::build(&Plot::extended()).await;
    for number in 1..=5 {
        ambiguous(&house, number);
    }
    let desk = desk(&house);
    assert_eq!(listed(&desk), Vec::<Value>::new(), "nothing was looked at yet");
    for night in 1..=30 {
        if night == 20 {
            ambiguous(&house, 6);
        }
        let finished = house.night().await;
        let asks = matches!(night, 1 | 2 | 20 | 21);
        assert_eq!(finished.exit_code(), if asks { 3 } else { 0 }, "night {night}");
        match night {
            2 => {
                let held = listed(&desk);
                let people: BTreeSet<&str> = held.iter().map(|one| one["person"].as_str().unwrap()).collect();
                assert_eq!((held.len(), people.len()), (finished.plan.held.len(), 5));
                assert!(
                    held.iter().all(|one| one["known"] == false && one["until"].is_null() && one["note"].is_null())
                );
                desk.ask(&["held"]).code(0).tells("15 new, 0 known").tells("concord links add ");
                acknowledge_all(&desk);
            }
            20 => {
                let shown = desk.ask(&["held"]).code(0).out;
                assert!(shown.starts_with("3 new, 15 known\n"), "{shown}");
                assert!(shown.contains("Ana Uno 6"), "{shown}");
            }
            21 => acknowledge_all(&desk),
            _ => {}
        }
    }
    assert!(listed(&desk).iter().all(|one| one["known"] == true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_new_again_when_its_content_changes_or_the_day_has_come() {
    let house = House::build(&Plot::extended()).await;
    let first = ambiguous(&house, 1);
    let desk = desk(&house);
    assert!(house.night().await.needs_a_person());
    acknowledge_all(&desk);
    assert!(!house.night().await.needs_a_person());
    assert!(!house.dry_run().await.needs_a_person(), "a dry run knows it too");
    let set = json!({ "name": "Ana Una" });
    house.edit(Side::Cliengo, EditOp::Update, EditKind::Contact, Some(&first), None, &set);
    let changed = house.night().await;
    assert_eq!(changed.plan.held.iter().filter(|held| !held.known).count(), 1, "only what changed is news");
    assert!(changed.needs_a_person());
    // The day is the house's own: a command takes the machine's.
    let mut state = State::open(&house.state_path()).unwrap();
    let until = house.ours.now() + jiff::SignedDuration::from_hours(48);
    for row in state.held().unwrap() {
        let day = Some(("2026-11-25".to_owned(), until));
        let known = Acknowledged { fingerprint: row.fingerprint, until: day, note: None };
        state.acknowledge(&row.id, &known, house.ours.now()).unwrap();
    }
    state.keep_held(&state.held().unwrap()).unwrap();
    drop(state);
    assert!(!house.night().await.needs_a_person());
    house.clock.advance(crate::house::DAY * 3);
    assert!(house.night().await.needs_a_person(), "the day has come");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledgement_takes_a_day_and_a_note_and_is_taken_back() {
    let house = House::build(&Plot::extended()).await;
    ambiguous(&house, 1);
    let desk = desk(&house);
    house.night().await;
    let id = listed(&desk)[0]["id"].as_str().unwrap().to_owned();
    desk.ask(&["held", "ack", "nobody"]).code(10).tells("concord held list");
    desk.ask(&["held", "ack", &id, "--until", "tomorrow"]).code(10).tells("in a week: --until 20");
    desk.ask(&["held", "ack", &id, "--until", "2001-01-01"]).code(10).tells("not in the future");
    let ack = ["held", "ack", &id, "--until", "2190-01-31", "--note", "asked Ana", "--format", "json"];
    let said = desk.ask(&ack).code(0).json();
    assert_eq!(
        (&said[0]["known"], &said[0]["until"], &said[0]["note"]),
        (&json!(true), &json!("2190-01-31"), &json!("asked Ana"))
    );
    let one = listed(&desk).into_iter().find(|one| one["id"] == json!(id)).unwrap();
    assert_eq!((&one["until"], &one["note"]), (&json!("2190-01-31"), &json!("asked Ana")));
    desk.ask(&["held", "show", &id]).code(0).tells("known until 2190-01-31 (asked Ana)").tells("persona1@example.com");
    desk.ask(&["held", "unack", &id]).code(0).tells("3 new, 0 known");
    assert!(listed(&desk).iter().all(|one| one["known"] == false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_that_waits_for_a_choice_has_one_id_in_held_and_in_conflicts() {
    let house = House::build(&Plot::extended().with_settings("[pair.house.contacts]\nconflict = \"manual\"\n")).await;
    let person = house.person(1);
    house.good_night().await;
    house.change(Side::Cliengo, &person, &json!({ "email": "de.cliengo@example.com", "phone": "+5491155551111" }));
    house.change(Side::Ghl, &person, &json!({ "email": "de.ghl@example.com", "phone": "+5491155552222" }));
    assert!(house.night().await.needs_a_person());
    let desk = desk(&house);
    let ids = |command: &str| -> BTreeSet<String> {
        let list = desk.ask(&[command, "--format", "json"]).code(0).json();
        list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((ids("held"), ids("held").len()), (ids("conflicts"), 2));
    let people: BTreeSet<String> = listed(&desk).iter().map(|one| one["person"].to_string()).collect();
    assert_eq!(people.len(), 1);
    desk.ask(&["held"]).code(0).tells("de.cliengo@example.com").tells("--take cliengo\n");
    acknowledge_all(&desk);
    assert!(!house.night().await.needs_a_person(), "conflicts that are known ask for nobody");
    // A tag is no part of what waits.
    house.tag(Side::Ghl, EditOp::Create, &person, "vip");
    assert!(!house.night().await.needs_a_person());
    house.change(Side::Ghl, &person, &json!({ "phone": "+5491155553333" }));
    let news = house.night().await;
    assert_eq!(news.plan.held.iter().filter(|held| !held.known).count(), 1);
}
