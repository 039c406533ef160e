//! Conflicts that wait for a person: the choice is shown in the plan, written by the next night, and void when a side
//! changed since.

use concord::config::ConflictPolicy;
use concord::reconcile::{HeldReason, Winner};
use concord::record::{Field, Ids, Side, Take, Value};
use concord::run::Finished;
use concord::sandbox::EditKind;
use concord::state::{ConflictRow, State};
use serde_json::json;

use crate::house::{House, Person, Plot, held, shown};

/// Somebody whose e-mail both sides changed, and a night that left it to a person.
async fn in_conflict() -> (House, Person) {
    let manual = "[pair.house.contacts]\nconflict = \"manual\"\n";
    let house = House::build(&Plot::extended().with_settings(manual)).await;
    let person = house.person(1);
    house.good_night().await;
    for side in Side::BOTH {
        house.change(side, &person, &json!({ "email": format!("de.{side}@example.com") }));
    }
    let finished = house.quiet_night().await;
    assert_eq!(held(&finished), [HeldReason::ManualConflict]);
    assert_eq!(finished.plan.held[0].id, only(&house).id, "the id that `conflicts resolve` takes");
    assert_eq!(finished.plan.held[0].detail, "two values for email");
    (house, person)
}

fn conflicts(house: &House) -> Vec<ConflictRow> {
    State::open_read_only(&house.state_path()).unwrap().unwrap().conflicts().unwrap()
}

fn only(house: &House) -> ConflictRow {
    let rows = conflicts(house);
    let [row] = rows.as_slice() else { panic!("{rows:#?}") };
    row.clone()
}

fn choose(house: &House, take: &Take) {
    assert!(State::open(&house.state_path()).unwrap().choose(&only(house).id, take).unwrap());
}

fn winners(finished: &Finished) -> Vec<Winner> {
    finished.plan.conflicts.iter().map(|conflict| conflict.winner).collect()
}

fn both_have(house: &House, person: &Person, email: &str) {
    for side in Side::BOTH {
        assert_eq!(house.row(side, person)["email"], email, "{side}");
    }
}

#[tokio::test]
async fn a_conflict_waits_with_both_values_under_one_id() {
    let (house, person) = in_conflict().await;
    let first = only(&house);
    house.quiet_night().await;
    let row = only(&house);
    assert_eq!(row, first, "the same id, the same run that saw it first");
    assert_eq!((&row.field, row.take), (&Field::Email, None));
    assert_eq!(row.now.cliengo, Value::email("de.cliengo@example.com"));
    assert_eq!(row.now.ghl, Value::email("de.ghl@example.com"));
    assert_eq!(row.base, Some(Value::email("persona1@example.com")));
    assert_eq!(row.ids.of(Side::Ghl), Some(person.ghl.as_str()));
}

#[tokio::test]
async fn the_chosen_side_is_shown_in_the_plan_and_written_by_the_next_night() {
    for side in Side::BOTH {
        let (house, person) = in_conflict().await;
        choose(&house, &Take::Side(side));
        let planned = house.dry_run().await;
        assert_eq!(shown(&planned), [format!("{} contact update", side.other())]);
        assert_eq!(winners(&planned), [Winner::from(side)]);
        assert!(!planned.needs_a_person());
        house.good_night().await;
        both_have(&house, &person, &format!("de.{side}@example.com"));
        assert_eq!(conflicts(&house), []);
        assert!(house.quiet_night().await.plan.conflicts.is_empty());
    }
}

#[tokio::test]
async fn a_value_of_ones_own_is_written_to_both_sides() {
    let (house, person) = in_conflict().await;
    choose(&house, &Take::Value(Value::email("propia@example.com")));
    let planned = house.dry_run().await;
    assert_eq!(shown(&planned), ["cliengo contact update", "ghl contact update"]);
    assert_eq!(winners(&planned), [Winner::Chosen]);
    house.good_night().await;
    both_have(&house, &person, "propia@example.com");
    assert_eq!(conflicts(&house), []);
    assert!(!house.quiet_night().await.needs_a_person());
}

#[tokio::test]
async fn a_value_that_reached_one_side_only_is_not_overwritten_and_reaches_the_other_the_next_night() {
    for failing in ["ghl:PUT", "cliengo:PATCH"] {
        let (house, person) = in_conflict().await;
        choose(&house, &Take::Value(Value::email("propia@example.com")));
        house.faults(&format!("status=400@{failing}*"));
        house.night().await;
        house.faults("");
        house.good_night().await;
        both_have(&house, &person, "propia@example.com");
        house.quiet_night().await;
        assert_eq!(conflicts(&house), [], "{failing}");
    }
}

#[tokio::test]
async fn a_choice_is_void_when_a_side_changed_since_and_that_is_said() {
    for side in Side::BOTH {
        let (house, person) = in_conflict().await;
        choose(&house, &Take::Side(Side::Ghl));
        house.change(side, &person, &json!({ "email": "luego@example.com" }));
        let finished = house.quiet_night().await;
        assert_eq!(held(&finished), [HeldReason::ManualConflict]);
        assert!(finished.plan.held[0].detail.contains("lapsed"), "{}", finished.plan.held[0].detail);
        let row = only(&house);
        assert_eq!((row.take, row.now.of(side)), (None, &Value::email("luego@example.com")));
        // It is said once; the conflict waits as any other.
        assert!(!house.quiet_night().await.plan.held[0].detail.contains("lapsed"));
    }
}

#[tokio::test]
async fn a_choice_that_was_carried_out_never_acts_again() {
    let (house, person) = in_conflict().await;
    choose(&house, &Take::Side(Side::Ghl));
    house.good_night().await;
    // Somebody thinks again: back to what Cliengo had.
    house.change(Side::Cliengo, &person, &json!({ "email": "de.cliengo@example.com" }));
    house.good_night().await;
    both_have(&house, &person, "de.cliengo@example.com");
}

#[tokio::test]
async fn a_conflict_that_people_settle_in_a_crm_waits_no_more() {
    let (house, person) = in_conflict().await;
    house.change(Side::Ghl, &person, &json!({ "email": "de.cliengo@example.com" }));
    assert!(!house.quiet_night().await.needs_a_person());
    assert_eq!(conflicts(&house), []);
}

#[tokio::test]
async fn the_choice_for_one_field_leaves_the_other_waiting() {
    let (house, person) = in_conflict().await;
    let id = only(&house).id;
    for (side, phone) in [(Side::Cliengo, "+5491155550001"), (Side::Ghl, "+5491155550002")] {
        house.change(side, &person, &json!({ "phone": phone }));
    }
    house.quiet_night().await;
    assert_eq!(conflicts(&house).len(), 2);
    assert!(State::open(&house.state_path()).unwrap().choose(&id, &Take::Side(Side::Cliengo)).unwrap());
    let finished = house.good_night().await;
    both_have(&house, &person, "de.cliengo@example.com");
    assert_eq!(held(&finished), [HeldReason::ManualConflict]);
    assert_eq!(only(&house).field, Field::Phone);
}

/// Somebody's task or note whose text both sides changed, and a night that left it to a person.
async fn in_conflict_child(kind: EditKind, settings: &str) -> (House, Person) {
    let (kinds, key) = if kind == EditKind::Task { ("tasks", "title") } else { ("notes", "body") };
    let settings = format!("[pair.house.{kinds}]\nconflict = \"manual\"\n{settings}");
    let house = House::build(&Plot::extended().with_settings(&settings)).await;
    let person = house.person(1);
    match kind {
        EditKind::Task => house.task(Side::Ghl, &person, "Llamar"),
        _ => house.note(Side::Ghl, &person, "Llamar"),
    };
    house.good_night().await;
    for side in Side::BOTH {
        let set = json!({ key: format!("Llamar, dice {side}") });
        house.edit_child(side, kind, &person, &house.only(side, kinds), &set);
    }
    assert_eq!(held(&house.quiet_night().await), [HeldReason::ManualConflict]);
    (house, person)
}

#[tokio::test]
async fn a_conflict_below_a_contact_says_whose_it_is() {
    let (house, _) = in_conflict().await;
    assert_eq!(only(&house).parent, Ids::default());
    let (house, person) = in_conflict_child(EditKind::Task, "").await;
    let row = only(&house);
    assert_eq!(Side::BOTH.map(|side| row.parent.of(side)), Side::BOTH.map(|side| Some(person.on(side))));
}

#[tokio::test]
async fn a_choice_is_not_taken_where_nobody_is_asked_any_more() {
    let (mut house, person) = in_conflict().await;
    choose(&house, &Take::Side(Side::Cliengo));
    house.pair.contacts.conflict = ConflictPolicy::Take(Side::Ghl);
    assert_eq!(winners(&house.good_night().await), [Winner::Ghl]);
    both_have(&house, &person, "de.ghl@example.com");
    assert_eq!(conflicts(&house), []);
}

#[tokio::test]
async fn a_value_that_one_side_cannot_take_is_written_to_neither_and_that_is_said() {
    let (house, person) =
        in_conflict_child(EditKind::Note, "[pair.house.cliengo.capabilities]\nnote_update = false\n").await;
    choose(&house, &Take::Value(Value::body("Llamar el lunes")));
    let finished = house.quiet_night().await;
    let detail = &finished.plan.held[0].detail;
    assert!(detail.contains("cannot be had: Cliengo has no note update"), "{detail}");
    assert_eq!(house.children(Side::Ghl, "notes", &person.ghl), ["Llamar, dice ghl"]);
}
