//! Volume, and what a dry run leaves alone.

use concord::record::{Kind, Side};
use jiff::civil::date;

use crate::house::{House, Plot};

/// 2,500 Cliengo contacts, 1,200 of them in one day, and 1,200 GHL contacts.
async fn a_large_house(plot: Plot) -> House {
    let house = House::build(&plot.with_settings("[pair.house.guard]\ncreate_count = 10000\n")).await;
    house.sandbox.world().fill(2_500, 1_200, Some((date(2026, 3, 14), 1_200)), 0, 0).unwrap();
    house
}

async fn everybody_is_listed_and_two_nights_are_quiet(plot: Plot) {
    let house = a_large_house(plot).await;
    let first = house.good_night().await;
    for (side, expected) in [(Side::Cliengo, 2_500), (Side::Ghl, 1_200)] {
        let listing = first.plan.listings.of(side).of(Kind::Contact);
        assert!(listing.complete, "{side}: {:?}", listing.why);
        assert_eq!(listing.count, expected, "{side}");
    }
    for _ in 0..2 {
        let quiet = house.quiet_night().await;
        for side in Side::BOTH {
            let listing = quiet.plan.listings.of(side).of(Kind::Contact);
            assert!(listing.complete && listing.count == 2_500, "{side}: {listing:?}");
        }
    }
}

// Watches: I27, incident 6.
#[tokio::test]
async fn thousands_of_contacts_are_all_listed_and_quiet_nights_write_nothing() {
    everybody_is_listed_and_two_nights_are_quiet(Plot::extended()).await;
}

#[tokio::test]
async fn thousands_of_contacts_are_all_listed_with_the_documented_cliengo_too() {
    everybody_is_listed_and_two_nights_are_quiet(Plot::legacy()).await;
}

// Watches: I46.
#[tokio::test]
async fn a_plan_before_any_sync_writes_nothing_and_leaves_no_file() {
    let house = House::build(&Plot::extended().with_people(40)).await;
    let plan = house.dry_run().await;
    assert!(!plan.plan.operations.is_empty());
    assert_eq!(house.writes(), []);
    assert_eq!(house.files(), []);
}

// Watches: I46, incident 31.
#[tokio::test]
async fn a_plan_writes_nothing_and_leaves_the_states_bytes_as_they_were() {
    let house = House::build(&Plot::extended().with_people(40)).await;
    house.good_night().await;
    house.sandbox.world().random_edits(10, &mut fastrand::Rng::with_seed(9)).unwrap();
    let (files, world) = (house.files(), house.dump());
    let first = house.dry_run().await;
    assert!(!first.plan.operations.is_empty());
    assert_eq!(house.writes(), []);
    assert!(house.files() == files, "a byte of the state changed");
    assert_eq!(house.dump(), world);
    let again = house.dry_run().await;
    assert_eq!(again.plan.id(), first.plan.id(), "the same plan for the same world");
}

// Watches: I48, incident 28.
#[tokio::test]
async fn a_plan_shows_exactly_the_requests_that_the_sync_sends() {
    let house = House::build(&Plot::extended().with_people(40)).await;
    house.good_night().await;
    house.sandbox.world().random_edits(12, &mut fastrand::Rng::with_seed(21)).unwrap();
    let planned = house.dry_run().await;
    let synced = house.good_night().await;
    assert_eq!(planned.plan.id(), synced.plan.id());
    let requests = planned.plan.operations.iter().map(|operation| operation.requests.len()).sum::<usize>();
    assert_eq!(house.writes().len(), requests);
}
