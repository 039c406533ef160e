//! What waits from earlier nights and this night sees nothing of: kept, told, or let go where nothing needs it any more.

use concord::config::{ConflictPolicy, Direction};
use concord::reconcile::HeldReason;
use concord::record::Side;
use concord::sandbox::EditKind;
use concord::state::State;
use serde_json::json;

use crate::house::{House, Person, Plot, held};

async fn linked() -> (House, Person) {
    let house = House::build(&Plot::extended()).await;
    let person = house.person(1);
    house.note(Side::Cliengo, &person, "Pidió precio");
    house.good_night().await;
    (house, person)
}

fn edit_note(house: &House, side: Side, person: &Person, text: &str) {
    let note = house.only(side, "notes");
    house.edit_child(side, EditKind::Note, person, &note, &json!({ "body": text }));
}

/// So many failed operations and open conflicts are kept.
fn kept(house: &House) -> (usize, usize) {
    let state = State::open_read_only(&house.state_path()).unwrap().unwrap();
    (state.failed_operations().unwrap().len(), state.conflicts().unwrap().len())
}

/// A note whose update GHL refused until it was set aside.
async fn set_aside() -> (House, Person) {
    let (house, person) = linked().await;
    edit_note(&house, Side::Cliengo, &person, "Pidió otro precio");
    house.faults("status=400@ghl:PUT:/notes/*");
    for _ in 0..9 {
        house.night().await;
    }
    house.faults("");
    assert_eq!(held(&house.quiet_night().await), [HeldReason::Quarantined]);
    (house, person)
}

/// A note that both sides changed, left to a person.
async fn in_conflict() -> (House, Person) {
    let (mut house, person) = linked().await;
    house.pair.notes.policy.conflict = ConflictPolicy::Manual;
    for side in Side::BOTH {
        edit_note(&house, side, &person, &format!("Pidió precio, dice {side}"));
    }
    assert_eq!(held(&house.quiet_night().await), [HeldReason::ManualConflict]);
    (house, person)
}

#[tokio::test]
async fn what_waits_is_kept_while_its_record_cannot_be_listed() {
    for side in Side::BOTH {
        let waiting = [
            (set_aside().await, (1, 0), HeldReason::Quarantined),
            (in_conflict().await, (0, 1), HeldReason::ManualConflict),
        ];
        for ((house, person), expected, reason) in waiting {
            house.faults(&format!("status=400@{side}:GET:/contacts/{}/notes*", person.on(side)));
            house.quiet_night().await;
            assert_eq!(kept(&house), expected, "{side}");
            house.faults("");
            assert_eq!(held(&house.quiet_night().await), [reason], "{side}");
        }
    }
}

#[tokio::test]
async fn what_waits_of_a_kind_that_takes_no_part_any_more_is_let_go() {
    for waiting in [set_aside().await, in_conflict().await] {
        let (mut house, _) = waiting;
        house.pair.notes.policy.direction = Direction::Off;
        assert_eq!(held(&house.quiet_night().await), []);
        assert_eq!(kept(&house), (0, 0));
    }
}

#[tokio::test]
async fn what_waits_is_let_go_once_both_agree_although_somebody_else_is_held() {
    for waiting in [set_aside().await, in_conflict().await] {
        let (house, person) = waiting;
        house.contact(Side::Cliengo, &json!({ "name": "Sin clave" }));
        for side in Side::BOTH {
            edit_note(&house, side, &person, "Pidió el precio");
        }
        assert_eq!(held(&house.quiet_night().await), [HeldReason::NoMatchKey]);
        assert_eq!(kept(&house), (0, 0));
    }
}

#[tokio::test]
async fn what_waits_of_somebody_who_leaves_the_scope_is_kept_and_not_said_twice() {
    let (mut house, person) = linked().await;
    let pair = house.pair.clone();
    house.change(Side::Cliengo, &person, &json!({ "email": "nueva@example.com" }));
    house.faults("status=400@ghl:PUT:/contacts/*");
    for _ in 0..9 {
        house.night().await;
    }
    house.faults("");
    house.pair.scope.since = Some("2027-01-01".parse().unwrap());
    assert_eq!(held(&house.quiet_night().await), [HeldReason::OutOfScope]);
    assert_eq!(kept(&house), (1, 0));
    house.pair = pair;
    assert_eq!(held(&house.quiet_night().await), [HeldReason::Quarantined]);
}
