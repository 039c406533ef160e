//! What a run says once is said, at whatever moment the run that was about to say it dies.

use std::collections::BTreeSet;

use concord::clock::Clock;
use concord::record::Side;
use concord::run::Finished;
use serde_json::json;

use crate::house::{House, Person, Plot};
use crate::mortal::{Fate, every};

/// A day of which there is something to say: a conflict, what GHL does not take, and who was removed on one side.
async fn telling_day() -> House {
    let mut house = House::build(&Plot::extended()).await;
    house.abreast = 1;
    let people: Vec<Person> = (1..=4).map(|number| house.person(number)).collect();
    house.good_night().await;
    house.quiet_night().await;
    house.change(Side::Cliengo, &people[0], &json!({ "email": "de.cliengo@example.com" }));
    house.change(Side::Ghl, &people[0], &json!({ "email": "de.ghl@example.com" }));
    house.change(Side::Cliengo, &people[1], &json!({ "phone": "+54 11 4321-0700 int. 29" }));
    house.remove(Side::Ghl, &people[2]);
    house
}

fn said(finished: &Finished) -> BTreeSet<String> {
    let plan = &finished.plan;
    let conflicts = plan.conflicts.iter().map(|one| format!("{} {} {}", one.label, one.cliengo, one.ghl));
    let unsupported = plan.unsupported.iter().map(|one| format!("{} {}", one.label, one.detail));
    let held = plan.held.iter().map(|one| format!("{} {}", one.label, one.detail));
    conflicts.chain(unsupported).chain(held).collect()
}

// Watches: I1.
#[tokio::test]
async fn what_a_run_that_dies_was_about_to_say_is_said_by_the_next_and_no_more() {
    let house = telling_day().await;
    let fate = Fate::never();
    let all = said(&house.mortal_night(&fate).await.unwrap());
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(said(&house.quiet_night().await).is_empty());
    for moment in (0..fate.moments()).step_by(every(1)) {
        let house = telling_day().await;
        let died = house.mortal_night(&Fate::at(moment)).await;
        if died.is_ok_and(|finished| finished.failure().is_none()) {
            continue;
        }
        let (first, second) = (house.night().await, house.night().await);
        let told: BTreeSet<String> = said(&first).into_iter().chain(said(&second)).collect();
        assert_eq!(told, all, "died at moment {moment}");
        assert!(said(&house.quiet_night().await).is_empty(), "died at moment {moment}");
    }
}

#[tokio::test]
async fn who_is_forgotten_is_not_told_of_by_the_run_after_one_that_died() {
    let house = telling_day().await;
    let fate = Fate::never();
    telling_day().await.mortal_night(&fate).await.unwrap();
    let _ = house.mortal_night(&Fate::at(fate.moments() - 4)).await;
    let bytes = || {
        let state = rusqlite::Connection::open(house.state_path()).unwrap();
        let kept =
            state.query_row("SELECT value FROM meta WHERE key = 'unreported'", (), |row| row.get::<_, String>(0));
        kept.unwrap_or_default()
    };
    assert!(bytes().contains("de.cliengo@example.com"));
    let mut state = concord::state::State::open(&house.state_path()).unwrap();
    for number in 1..=4 {
        if let Some(link) = state.link(number).unwrap() {
            state.forget(&link, house.clock.now()).unwrap();
        }
    }
    drop(state);
    assert!(!bytes().contains("example.com"), "{}", bytes());
}
