//! Contacts that no list shows and that are there when asked for by id: what happens with them and under them is seen, and a
//! list that leaves out many is said. (`semantics` 51, 52)

use std::sync::Arc;

use concord::exit_code;
use concord::record::{Action, Kind, Side};
use concord::run::Finished;
use serde_json::{Value, json};

use crate::house::{House, Person, Plot, count};
use crate::proxy;

const SETTINGS: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

async fn linked() -> (House, Vec<Person>) {
    let house = House::build(&Plot::extended().with_settings(SETTINGS)).await;
    let people: Vec<Person> = (1..=12).map(|number| house.person(number)).collect();
    for (person, number) in people.iter().zip(1..=3) {
        house.note(Side::Ghl, person, &format!("Nota {number}"));
        house.task(Side::Ghl, person, &format!("Tarea {number}"));
    }
    house.good_night().await;
    house.quiet_night().await;
    (house, people)
}

/// A side whose list of contacts leaves some out, and counts the others.
async fn hide(house: &mut House, side: Side, people: &[Person]) {
    let hidden: Vec<String> = people.iter().map(|person| person.on(side).to_owned()).collect();
    let (rows, total) = match side {
        Side::Cliengo => ("/results", "/paging/total"),
        Side::Ghl => ("/contacts", "/total"),
    };
    let rewrite: proxy::Rewrite = Arc::new(move |line, mut body| {
        let is_list = line.contains("/contacts?") || line.contains("/contacts/search");
        let Some(Value::Array(listed)) = body.pointer_mut(rows).filter(|_| is_list) else { return Ok(body) };
        let before = listed.len();
        listed.retain(|row| !hidden.iter().any(|id| row["id"] == **id));
        let fewer = (before - listed.len()) as u64;
        if let Some(total) = body.pointer_mut(total) {
            *total = json!(total.as_u64().unwrap() - fewer);
        }
        Ok(body)
    });
    let url = house.urls.of(side).clone();
    *house.urls.of_mut(side) = proxy::before(&url, rewrite).await;
}

fn brief(finished: &Finished) -> String {
    concord::report::brief(finished, &concord::report::Audience::plain())
}

#[tokio::test]
async fn what_happens_under_a_contact_that_no_list_shows_and_that_is_there_goes_over() {
    for side in Side::BOTH {
        let (mut house, people) = linked().await;
        hide(&mut house, side, &people[..1]).await;
        house.note(side, &people[0], "Llamó hoy");
        house.task(side, &people[0], "Llamar");
        let finished = house.good_night().await;
        let other = people[0].on(side.other());
        assert_eq!(house.children(side.other(), "notes", other), ["Llamó hoy", "Nota 1"], "{side}");
        assert_eq!(house.children(side.other(), "tasks", other), ["Llamar", "Tarea 1"], "{side}");
        assert_eq!(finished.plan.unseen, 0, "{side}: all was looked at");
        assert_eq!(finished.exit_code(), exit_code::DONE, "{side}");
        let note = house.rows(side.other(), "notes").into_iter().find(|note| note.to_string().contains("Llamó hoy"));
        let note = crate::house::id_of(&note.unwrap());
        house.remove_child(side.other(), concord::sandbox::EditKind::Note, &people[0], &note);
        house.night().await;
        house.night().await;
        assert_eq!(house.children(side, "notes", people[0].on(side)), ["Nota 1"], "{side}: a delete goes too");
        assert_eq!(house.quiet_night().await.plan.unseen, 0, "{side}");
    }
}

#[tokio::test]
async fn a_list_that_leaves_out_many_who_are_there_is_said_night_after_night_and_their_edits_go() {
    for side in Side::BOTH {
        let (mut house, people) = linked().await;
        hide(&mut house, side, &people[..6]).await;
        for _ in 0..3 {
            let finished = house.quiet_night().await;
            assert_eq!(finished.exit_code(), exit_code::PERSON, "{side}");
            let cause = format!("{} contacts not read to the end: ", side.title());
            assert!(brief(&finished).contains(&cause), "{}", brief(&finished));
        }
        house.note(side, &people[0], "Llamó hoy");
        house.change(side, &people[1], &json!({ "email": "otra@example.com" }));
        let finished = house.good_night().await;
        assert_eq!(count(&finished, Kind::Note, Action::Create), 1, "{side}");
        assert_eq!(count(&finished, Kind::Contact, Action::Update), 1, "{side}");
        assert_eq!(finished.exit_code(), exit_code::PERSON, "{side}");
        assert!(brief(&finished).contains("6 others are there"), "{}", brief(&finished));
    }
}

#[tokio::test]
async fn an_empty_list_that_was_seen_to_lag_trips_no_guard_of_what_was_never_asked_for() {
    for side in Side::BOTH {
        let (mut house, people) = linked().await;
        hide(&mut house, side, &people).await;
        for full in [false, true] {
            house.mode = if full { concord::reconcile::Mode::Full } else { concord::reconcile::Mode::Incremental };
            let finished = house.quiet_night().await;
            assert_eq!(finished.plan.tripped().count(), 0, "{side}: {:#?}", finished.plan.guards);
            assert_eq!(finished.exit_code(), exit_code::PERSON, "{side}");
            assert!(!brief(&finished).contains("--allow-empty"), "{}", brief(&finished));
        }
    }
}

#[tokio::test]
async fn where_only_some_contacts_were_listed_the_others_notes_count_as_nobodys() {
    for side in Side::BOTH {
        let (mut house, people) = linked().await;
        hide(&mut house, side, &people[..7]).await;
        for mode in [concord::reconcile::Mode::Full, concord::reconcile::Mode::Incremental] {
            house.mode = mode;
            let finished = house.quiet_night().await;
            assert_eq!(finished.plan.tripped().count(), 0, "{side}: {:#?}", finished.plan.guards);
            assert_eq!(finished.exit_code(), exit_code::PERSON, "{side}");
        }
    }
}
