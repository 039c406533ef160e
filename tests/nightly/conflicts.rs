//! Both sides changed the same field: who wins, and that the other's value is told.

use std::time::Duration;

use concord::reconcile::{Cause, HeldReason, Mode, Winner};
use concord::record::Side;
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;

use crate::house::{House, Person, Plot, held, said};

async fn linked(settings: &str) -> (House, Person) {
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    let person = house.person(1);
    house.good_night().await;
    (house, person)
}

fn disagree(house: &House, person: &Person, first: Side) {
    house.change(first, person, &json!({ "email": format!("de.{first}@example.com") }));
    house.clock.advance(Duration::from_mins(20));
    let second = first.other();
    house.change(second, person, &json!({ "email": format!("de.{second}@example.com") }));
}

/// The winner's value goes over, the loser's is in the report, and the next night is quiet.
async fn wins(house: &House, person: &Person, winner: Side) {
    let finished = house.good_night().await;
    let [conflict] = finished.plan.conflicts.as_slice() else { panic!("{:?}", finished.plan.conflicts) };
    assert_eq!(conflict.winner, if winner == Side::Ghl { Winner::Ghl } else { Winner::Cliengo });
    assert_eq!(conflict.cliengo, json!("de.cliengo@example.com"));
    assert_eq!(conflict.ghl, json!("de.ghl@example.com"));
    assert_eq!(conflict.base, json!("persona1@example.com"));
    assert_eq!(house.writes().len(), 1, "{:?}", house.sent());
    for side in Side::BOTH {
        assert_eq!(house.row(side, person)["email"], format!("de.{winner}@example.com"));
    }
    house.quiet_night().await;
}

// Watches: I1.
#[tokio::test]
async fn ghl_wins_a_conflict_by_default() {
    let (house, person) = linked("").await;
    disagree(&house, &person, Side::Ghl);
    wins(&house, &person, Side::Ghl).await;
}

#[tokio::test]
async fn cliengo_wins_where_the_policy_says_so() {
    let (house, person) = linked("[pair.house.contacts]\nconflict = \"cliengo\"\n").await;
    disagree(&house, &person, Side::Cliengo);
    wins(&house, &person, Side::Cliengo).await;
}

#[tokio::test]
async fn the_newer_edit_wins_where_the_policy_says_so() {
    for newer in Side::BOTH {
        let (house, person) = linked("[pair.house.contacts]\nconflict = \"newest\"\n").await;
        disagree(&house, &person, newer.other());
        wins(&house, &person, newer).await;
    }
}

// Watches: I9, I53.
#[tokio::test]
async fn edits_within_five_minutes_are_decided_by_the_fallback() {
    let settings = "[pair.house.contacts]\nconflict = \"newest\"\nconflict_fallback = \"cliengo\"\n";
    let (house, person) = linked(settings).await;
    for side in Side::BOTH {
        house.change(side, &person, &json!({ "email": format!("de.{side}@example.com") }));
    }
    wins(&house, &person, Side::Cliengo).await;
}

#[tokio::test]
async fn a_manual_conflict_waits_until_a_person_makes_both_agree() {
    let (house, person) = linked("[pair.house.contacts]\nconflict = \"manual\"\n").await;
    disagree(&house, &person, Side::Ghl);
    for _ in 0..2 {
        let finished = house.quiet_night().await;
        assert_eq!(held(&finished), [HeldReason::ManualConflict]);
        assert_eq!(finished.plan.conflicts[0].winner, Winner::Manual);
        assert!(finished.needs_a_person());
    }
    house.change(Side::Ghl, &person, &json!({ "email": "de.cliengo@example.com" }));
    let settled = house.quiet_night().await;
    assert!(settled.plan.conflicts.is_empty() && !settled.needs_a_person());
}

// Watches: I10, incident 12.
#[tokio::test]
async fn the_same_edit_on_both_sides_sends_nothing() {
    let (house, person) = linked("").await;
    for side in Side::BOTH {
        house.change(side, &person, &json!({ "email": "misma@example.com" }));
    }
    let finished = house.quiet_night().await;
    assert!(finished.plan.conflicts.is_empty());
    // It became the base: a later edit of one side is no conflict.
    house.change(Side::Cliengo, &person, &json!({ "email": "luego@example.com" }));
    let finished = house.good_night().await;
    assert!(finished.plan.conflicts.is_empty());
    assert_eq!(house.row(Side::Ghl, &person)["email"], "luego@example.com");
}

// Watches: I14.
#[tokio::test]
async fn one_way_to_ghl_corrects_ghl_and_never_writes_cliengo() {
    let (house, person) = linked("[pair.house.contacts]\ndirection = \"to_ghl\"\n").await;
    house.change(Side::Ghl, &person, &json!({ "email": "deriva@example.com" }));
    house.contact(Side::Ghl, &json!({ "firstName": "Sola", "email": "sola@example.com" }));
    house.good_night().await;
    assert_eq!(house.sent(), [format!(r#"ghl PUT /contacts/{} {{"email":"persona1@example.com"}}"#, person.ghl)]);
    house.quiet_night().await;
    house.contact(Side::Cliengo, &json!({ "name": "Nueva", "email": "nueva@example.com" }));
    house.good_night().await;
    assert_eq!(house.rows(Side::Ghl, "contacts").len(), 3);
    assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 2);
}

// Watches: I14.
#[tokio::test]
async fn one_way_to_cliengo_corrects_cliengo_and_never_writes_ghl() {
    let (house, person) = linked("[pair.house.contacts]\ndirection = \"to_cliengo\"\n").await;
    house.change(Side::Cliengo, &person, &json!({ "email": "deriva@example.com" }));
    house.contact(Side::Cliengo, &json!({ "name": "Sola", "email": "sola@example.com" }));
    house.good_night().await;
    let expected = format!(r#"cliengo PATCH /contacts/{} {{"email":"persona1@example.com"}}"#, person.cliengo);
    assert_eq!(house.sent(), [expected]);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_kind_that_is_off_is_left_alone_on_both_sides() {
    let off = "[pair.house.notes]\ndirection = \"off\"\n[pair.house.tasks]\ndirection = \"off\"\n";
    let (house, person) = linked(off).await;
    for side in Side::BOTH {
        house.note(side, &person, &format!("Nota de {side}"));
        house.task(side, &person, &format!("Tarea de {side}"));
    }
    house.quiet_night().await;
    house.change(Side::Ghl, &person, &json!({ "email": "nueva@example.com" }));
    house.good_night().await;
    assert_eq!(house.writes().len(), 1);
}

/// The one conflict of a night after which both sides tell the same.
async fn names_what_it_replaces(house: &House, winner: Winner, cliengo: &str, ghl: &str) {
    let finished = house.good_night().await;
    let [conflict] = finished.plan.conflicts.as_slice() else { panic!("{:?}", finished.plan.conflicts) };
    assert_eq!((conflict.winner, &conflict.cliengo, &conflict.ghl), (winner, &json!(cliengo), &json!(ghl)));
    house.quiet_night().await;
}

// Watches: I1.
#[tokio::test]
async fn a_later_edit_names_the_value_that_its_side_had_not_kept() {
    for fault in ["ignore-field", "forget-field"] {
        let (house, person) = linked("").await;
        house.change(Side::Cliengo, &person, &json!({ "name": "Renata Ruiz" }));
        house.faults(&format!("{fault}=firstName@ghl:WRITE"));
        house.night().await;
        house.faults("");
        house.night().await;
        house.quiet_night().await;
        house.change(Side::Ghl, &person, &json!({ "firstName": "Renata", "lastName": "Paz" }));
        names_what_it_replaces(&house, Winner::Ghl, "Renata Ruiz", "Renata Paz").await;
        assert_eq!(house.row(Side::Cliengo, &person)["name"], "Renata Paz");
        // From here on both have seen the same: an edit replaces what its side knew.
        for (side, field, value) in [(Side::Cliengo, "name", "Eva"), (Side::Ghl, "lastName", "Sosa")] {
            house.change(side, &person, &json!({ field: value }));
            assert!(house.good_night().await.plan.conflicts.is_empty());
        }
    }
}

// Watches: I1.
#[tokio::test]
async fn a_later_edit_names_the_value_that_could_not_be_carried_over() {
    let house = House::build(&Plot::extended()).await;
    let person = house.person(1);
    house.change(Side::Cliengo, &person, &json!({ "name": "Ana", "lastName": "Gil" }));
    house.change(Side::Ghl, &person, &json!({ "firstName": "Ana", "lastName": "Gil" }));
    house.good_night().await;
    house.change(Side::Ghl, &person, &json!({ "lastName": "Paz" }));
    let told = house.good_night().await.plan.unsupported;
    assert!(told.iter().any(|told| told.detail.contains("cannot change a last name")), "{told:?}");
    house.change(Side::Cliengo, &person, &json!({ "name": "Eva", "lastName": "Sosa" }));
    names_what_it_replaces(&house, Winner::Cliengo, "Eva Sosa", "Ana Paz").await;
}

#[tokio::test]
async fn what_nobody_entered_is_replaced_without_a_word() {
    let house = House::build(&Plot::extended()).await;
    let (email, phone) = ("5491155550000@whatsapp.example", "+5491155550000");
    let cliengo = house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": email, "phone": phone }));
    let person = Person { cliengo, ghl: house.contact(Side::Ghl, &json!({ "firstName": "Ana", "phone": phone })) };
    let (op, kind) = (EditOp::Create, EditKind::Task);
    let task = house.edit(Side::Cliengo, op, kind, Some(&person.cliengo), None, &json!({ "title": "Llamar" }));
    house.good_night().await;
    // In place of the address that a channel made of the phone, and of the date that GHL's task was given.
    house.change(Side::Ghl, &person, &json!({ "email": "ana@example.com" }));
    let due = json!({ "dueDate": "2026-12-24T15:00:00.000Z" });
    house.edit_child(Side::Cliengo, kind, &person, &task, &due);
    let finished = house.good_night().await;
    assert!(finished.plan.conflicts.is_empty(), "{:?}", finished.plan.conflicts);
    assert_eq!(house.row(Side::Cliengo, &person)["email"], "ana@example.com");
    assert_eq!(house.rows(Side::Ghl, "tasks")[0]["dueDate"], due["dueDate"]);
    house.quiet_night().await;
}

/// A CRM that shows again what stood there before our write, in a record that somebody changed since: it did not keep it, or
/// they put it back. Either way no value goes without a word.
// Watches: I1.
#[tokio::test]
async fn what_stands_there_again_beside_another_edit_is_a_conflict() {
    for forgets in [true, false] {
        let (house, person) = linked("").await;
        let before = house.row(Side::Ghl, &person)["phone"].clone();
        house.change(Side::Cliengo, &person, &json!({ "phone": "+5491160000001" }));
        if forgets {
            house.faults("forget-field=phone@ghl:WRITE");
        }
        house.night().await;
        house.faults("");
        house.change(Side::Ghl, &person, &json!({ "firstName": "Otra", "phone": before }));
        let finished = house.good_night().await;
        let [conflict] = finished.plan.conflicts.as_slice() else { panic!("{:?}", finished.plan.conflicts) };
        assert_eq!((&conflict.cliengo, &conflict.ghl), (&json!("+5491160000001"), &before));
        assert_eq!((conflict.winner, conflict.cause), (Winner::Ghl, Cause::Doubted));
        house.quiet_night().await;
    }
}

// Watches: I33.
#[tokio::test]
async fn what_stands_there_again_alone_was_put_back() {
    let (house, person) = linked("").await;
    let before = house.row(Side::Ghl, &person)["phone"].clone();
    house.change(Side::Cliengo, &person, &json!({ "phone": "+5491160000001" }));
    house.good_night().await;
    house.change(Side::Ghl, &person, &json!({ "phone": before }));
    let finished = house.good_night().await;
    assert!(finished.plan.conflicts.is_empty(), "{:?}", finished.plan.conflicts);
    assert_eq!(house.row(Side::Cliengo, &person)["phone"], before);
    house.quiet_night().await;
}

// Watches: I1.
#[tokio::test]
async fn a_full_night_does_not_send_what_was_not_kept_over_a_later_edit() {
    let (mut house, person) = linked("").await;
    house.change(Side::Cliengo, &person, &json!({ "email": "nueva@example.com" }));
    house.faults("ignore-field=email@ghl:WRITE");
    house.night().await;
    house.faults("");
    house.night().await;
    house.change(Side::Ghl, &person, &json!({ "email": "otra@example.com" }));
    house.mode = Mode::Full;
    names_what_it_replaces(&house, Winner::Ghl, "nueva@example.com", "otra@example.com").await;
    assert_eq!(house.row(Side::Cliengo, &person)["email"], "otra@example.com");
}

// Watches: I33.
#[tokio::test]
async fn the_winner_of_a_conflict_that_was_not_kept_is_not_turned_back() {
    let (house, person) = linked("").await;
    disagree(&house, &person, Side::Cliengo);
    house.faults("forget-field=email@cliengo:WRITE");
    assert_eq!(house.night().await.plan.conflicts.len(), 1);
    house.faults("");
    let told = house.night().await.plan.unsupported;
    assert!(told.iter().any(|told| told.detail.contains("Cliengo did not keep the email")), "{told:?}");
    assert_eq!(house.row(Side::Ghl, &person)["email"], "de.ghl@example.com");
    house.quiet_night().await;
}

// Watches: I33.
#[tokio::test]
async fn a_task_that_is_opened_again_the_next_day_is_opened_on_both_sides() {
    let (house, person) = linked("").await;
    let task = house.task(Side::Ghl, &person, "Llamar");
    house.good_night().await;
    let complete = |side, id: &str, done: bool| {
        house.edit(
            side,
            EditOp::Update,
            EditKind::Task,
            Some(person.on(side)),
            Some(id),
            &json!({ "completed": done }),
        );
    };
    complete(Side::Ghl, &task, true);
    house.good_night().await;
    let theirs = house.rows(Side::Cliengo, "tasks").remove(0);
    let id = theirs["id"].as_str().or(theirs["_id"].as_str()).unwrap().to_owned();
    assert_eq!(theirs["completed"], true);
    complete(Side::Cliengo, &id, false);
    let finished = house.good_night().await;
    assert!(finished.plan.conflicts.is_empty(), "{:?}", finished.plan.conflicts);
    assert_eq!(house.rows(Side::Ghl, "tasks")[0]["completed"], false);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_phone_that_cannot_be_sent_is_not_emptied_because_the_other_one_is_empty() {
    for winner in Side::BOTH {
        let (house, person) = linked(&format!("[pair.house.contacts]\nconflict = \"{winner}\"\n")).await;
        let typed = "+54 11 4321-0700 int. 101";
        house.change(winner, &person, &json!({ "phone": "" }));
        house.change(winner.other(), &person, &json!({ "phone": typed }));
        let finished = house.quiet_night().await;
        assert!(said(&finished)[0].contains("has an extension"), "{:?}", said(&finished));
        assert_eq!(finished.plan.conflicts, [], "{winner}");
        assert_eq!(house.row(winner.other(), &person)["phone"], typed);
    }
}

#[tokio::test]
async fn a_name_that_a_channel_made_up_is_no_conflict_and_one_that_replaces_another_goes_over() {
    let (house, person) = linked("").await;
    house.change(Side::Cliengo, &person, &json!({ "name": "Visitante 77" }));
    house.change(Side::Ghl, &person, &json!({ "lastName": "Ruiz" }));
    let finished = house.good_night().await;
    assert_eq!(
        (finished.plan.conflicts.len(), house.row(Side::Cliengo, &person)["name"].as_str()),
        (0, Some("Persona Ruiz"))
    );
    let visitor = house.contact(Side::Cliengo, &json!({ "name": "Visitante 12", "email": "visita@example.com" }));
    house.good_night().await;
    house.change(Side::Cliengo, &Person { cliengo: visitor, ..person }, &json!({ "name": "Visitante 99" }));
    house.good_night().await;
    let rows = house.rows(Side::Ghl, "contacts");
    assert_eq!(rows.iter().find(|row| row["email"] == "visita@example.com").unwrap()["lastName"], "99");
}

#[tokio::test]
async fn a_name_that_is_emptied_in_ghl_stays_empty_and_is_said_once() {
    let (house, person) = linked("").await;
    house.change(Side::Ghl, &person, &json!({ "firstName": "", "lastName": "" }));
    assert_eq!(said(&house.quiet_night().await), ["Cliengo cannot empty a name"]);
    assert_eq!(said(&house.quiet_night().await), [""; 0]);
}
