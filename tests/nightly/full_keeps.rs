//! What a full sync leaves alone: it repairs, and it destroys nothing. (`semantics` 17, 25, 37, 42)

use concord::config::Direction;
use concord::reconcile::Mode;
use concord::record::{Field, Region, Side, Value as Agreed};
use concord::sandbox::{EditKind, EditOp};
use concord::state::State;
use serde_json::{Value, json};

use crate::house::{House, Person, Plot, said};

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

#[tokio::test]
async fn where_neither_can_take_what_the_other_says_it_is_said_of_the_one_that_says_something() {
    let (mut house, person) = furnished("[pair.house.contacts]\nconflict = \"manual\"\n").await;
    house.change(Side::Cliengo, &person, &json!({ "phone": "+54 11 4321-0700 int. 101" }));
    house.change(Side::Ghl, &person, &json!({ "phone": "" }));
    house.night().await;
    house.mode = Mode::Full;
    let finished = house.quiet_night().await;
    let [said] = said(&finished)[..] else { panic!("{:?}", said(&finished)) };
    assert!(said.contains("which GHL does not take"), "{said}");
}

#[tokio::test]
async fn two_sides_that_differ_although_nobody_changed_anything_are_repaired_by_a_full_night_alone() {
    const OTHER: &str = "+5491155557777";
    let cases = [
        ("ghl", Direction::Both, Side::Ghl),
        ("cliengo", Direction::Both, Side::Cliengo),
        ("ghl", Direction::ToGhl, Side::Cliengo),
        ("cliengo", Direction::ToCliengo, Side::Ghl),
    ];
    for (policy, direction, right) in cases {
        let (mut house, person) = furnished(&format!("[pair.house.contacts]\nconflict = \"{policy}\"\n")).await;
        house.pair.contacts.direction = direction;
        house.good_night().await;
        house.change(Side::Ghl, &person, &json!({ "phone": OTHER }));
        let state = State::open(&house.state_path()).unwrap();
        for base in state.agreed_after(0, 2).unwrap().into_iter().filter(|base| base.side == Side::Ghl) {
            let other = Agreed::phone(OTHER, Some(Region::AR));
            state.rewrite(base.link, base.side, &base.record.with(Field::Phone, other)).unwrap();
        }
        drop(state);
        house.quiet_night().await;
        let before = row(&house, right)["phone"].clone();
        house.mode = Mode::Full;
        house.good_night().await;
        assert_eq!(Side::BOTH.map(|side| row(&house, side)["phone"].clone()), [before.clone(), before], "{policy}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_winner_that_has_nothing_empties_nothing() {
    let (mut house, person) = furnished("[pair.house.contacts]\nconflict = \"cliengo\"\n").await;
    house.pair.contacts.direction = Direction::ToGhl;
    house.change(Side::Cliengo, &person, &json!({ "phone": "" }));
    house.good_night().await;
    house.pair.contacts.direction = Direction::Both;
    house.quiet_night().await;
    house.mode = Mode::Full;
    house.quiet_night().await;
    assert_eq!(row(&house, Side::Ghl)["phone"], "+5491140000001");
}

#[tokio::test]
async fn of_a_due_date_that_a_task_was_given_for_its_counterpart_nothing_is_said() {
    let (mut house, person) = furnished("").await;
    let (op, kind) = (EditOp::Create, EditKind::Task);
    house.edit(Side::Cliengo, op, kind, Some(&person.cliengo), None, &json!({ "title": "Llamar" }));
    house.good_night().await;
    house.mode = Mode::Full;
    assert_eq!(said(&house.quiet_night().await), [""; 0]);
    assert_eq!(house.rows(Side::Cliengo, "tasks")[0]["due_date"], Value::Null);
}
