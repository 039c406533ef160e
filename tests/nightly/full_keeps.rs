//! What a full sync leaves alone: it repairs, and it destroys nothing. (`semantics` 17, 25, 37, 42)

use concord::reconcile::Mode;
use concord::record::Side;
use serde_json::{Value, json};

use crate::house::{House, Person, Plot};

async fn furnished(settings: &str) -> (House, Person) {
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    let person = house.person(1);
    (house, person)
}

fn row(house: &House, side: Side) -> Value {
    house.rows(side, "contacts").swap_remove(0)
}

#[tokio::test]
async fn a_one_way_source_that_has_nothing_empties_nothing() {
    let settings = "[[pair.house.map]]\ncliengo = \"leadFields.ciudad\"\nghl = \"city\"\ndirection = \"to_ghl\"\n";
    let (mut house, person) = furnished(settings).await;
    house.change(Side::Cliengo, &person, &json!({ "leadFields": { "ciudad": "" } }));
    house.change(Side::Ghl, &person, &json!({ "city": "Rosario" }));
    house.good_night().await;
    house.mode = Mode::Full;
    house.quiet_night().await;
    assert_eq!(row(&house, Side::Ghl)["city"], "Rosario");
    house.mode = Mode::Incremental;
    house.change(Side::Ghl, &person, &json!({ "city": "Funes" }));
    house.quiet_night().await;
    assert_eq!(row(&house, Side::Ghl)["city"], "Funes");
}

#[tokio::test]
async fn what_a_person_typed_and_cannot_be_sent_stays() {
    for policy in ["ghl", "newest", "manual"] {
        let (mut house, person) = furnished(&format!("[pair.house.contacts]\nconflict = \"{policy}\"\n")).await;
        house.good_night().await;
        house.change(Side::Cliengo, &person, &json!({ "phone": "+54 11 4321-0700 int. 101" }));
        house.quiet_night().await;
        house.mode = Mode::Full;
        let finished = house.quiet_night().await;
        assert_eq!(row(&house, Side::Cliengo)["phone"], "+54 11 4321-0700 int. 101", "{policy}");
        assert!(
            finished.plan.held.is_empty() && finished.plan.unsupported.len() == 1,
            "{policy}: {:?}",
            finished.plan.held
        );
    }
}

#[tokio::test]
async fn what_was_emptied_in_ghl_and_cliengo_cannot_empty_is_not_filled_again() {
    for policy in ["cliengo", "manual"] {
        let (mut house, person) = furnished(&format!("[pair.house.contacts]\nconflict = \"{policy}\"\n")).await;
        house.good_night().await;
        house.change(Side::Ghl, &person, &json!({ "email": null }));
        house.quiet_night().await;
        house.mode = Mode::Full;
        house.quiet_night().await;
        assert_eq!(row(&house, Side::Ghl)["email"], Value::Null, "{policy}");
        assert_ne!(row(&house, Side::Cliengo)["email"], Value::Null, "{policy}");
    }
}
