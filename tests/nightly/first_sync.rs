//! The first night of a pair, and the two after it.

use std::collections::BTreeSet;
use std::time::Duration;

use concord::record::{Action, Kind, Side};

use crate::house::{House, Plot, count, held};
use crate::story::{Blind, both_sides_tell_the_same, emails};

const PEOPLE: usize = 40;

async fn three_nights(plot: Plot, blind: Blind) -> House {
    let house = House::build(&plot.with_people(PEOPLE)).await;
    let first = house.good_night().await;
    assert!(first.plan.first_sync);
    assert!(count(&first, Kind::Contact, Action::Link) > 10, "{}", count(&first, Kind::Contact, Action::Link));
    assert!(count(&first, Kind::Contact, Action::Create) > 10);
    assert!(first.plan.operations.iter().all(|planned| planned.action() != Action::Delete));
    assert!(house.writes().iter().all(|write| write.method != "DELETE"));
    let linked = both_sides_tell_the_same(&house, blind);
    assert!(linked > 30, "{linked}");
    for side in Side::BOTH {
        let doubled: Vec<_> = emails(&house, side).into_iter().filter(|(_, count)| *count > 1).collect();
        // The seed's own double stands on Cliengo; nobody else is there twice.
        assert!(doubled.len() <= usize::from(side == Side::Cliengo), "{side}: {doubled:?}");
    }
    house.quiet_night().await;
    house.quiet_night().await;
    house
}

// Watches: I5, I17.
#[tokio::test]
async fn a_first_sync_links_merges_and_creates_and_then_is_quiet() {
    three_nights(Plot::extended(), Blind::default()).await;
}

// Watches: I32.
#[tokio::test]
async fn a_first_sync_of_the_documented_cliengo_is_followed_by_quiet_nights() {
    three_nights(Plot::legacy(), Blind { tasks: true, ..Blind::default() }).await;
}

// Watches: I32, incident 29.
#[tokio::test]
async fn a_first_sync_is_followed_by_quiet_nights_although_searches_lag() {
    let lag = Duration::from_millis(400);
    three_nights(Plot { lag, ..Plot::extended() }, Blind::default()).await;
    three_nights(Plot { lag, ..Plot::legacy() }, Blind { tasks: true, ..Blind::default() }).await;
}

// Watches: I42, incident 25.
#[tokio::test]
async fn a_first_sync_is_followed_by_quiet_nights_although_searches_lag_a_day_behind() {
    three_nights(Plot { lag: Duration::from_hours(30), ..Plot::extended() }, Blind::default()).await;
}

#[tokio::test]
async fn a_cliengo_that_hides_its_tags_gets_ghls_once() {
    let plot = Plot { hide_tags: true, ..Plot::legacy() };
    let house = three_nights(plot, Blind { tasks: true, tags: true }).await;
    assert!(
        house.dump()["cliengo"]["contacts"].as_array().unwrap().iter().any(|row| row["tags"] != serde_json::json!([]))
    );
}

// Watches: I6, incident 35.
#[tokio::test]
async fn other_seeds_converge_as_well() {
    for seed in [2, 3] {
        three_nights(Plot { seed, ..Plot::extended() }, Blind::default()).await;
    }
}

#[tokio::test]
async fn what_a_first_sync_holds_is_the_same_every_night() {
    let house = House::build(&Plot::extended().with_people(PEOPLE)).await;
    let first: BTreeSet<_> = held(&house.good_night().await).into_iter().collect();
    let second: BTreeSet<_> = held(&house.quiet_night().await).into_iter().collect();
    assert_eq!(first, second);
}

#[tokio::test]
async fn a_full_night_after_a_sync_has_nothing_to_repair() {
    for plot in [Plot::extended(), Plot::legacy()] {
        let mut house = House::build(&plot.with_people(PEOPLE)).await;
        house.good_night().await;
        house.mode = concord::reconcile::Mode::Full;
        house.quiet_night().await;
        house.quiet_night().await;
    }
}
