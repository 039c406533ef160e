//! Cliengo as it is documented: what it cannot do is said once, and GHL is never turned back because of it.

use concord::reconcile::Unsupported;
use concord::record::{Action, Kind, Side};
use concord::run::Finished;
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;

use crate::house::{House, Person, Plot};

async fn linked() -> (House, Person) {
    let house = House::build(&Plot::legacy()).await;
    let person = house.person(1);
    house.person(2);
    for side in Side::BOTH {
        house.note(side, &person, "Pidió precio");
        house.tag(side, EditOp::Create, &person, "cliente");
    }
    house.good_night().await;
    (house, person)
}

fn said(finished: &Finished) -> Vec<(Kind, Side, Action)> {
    let one = |cannot: &Unsupported| (cannot.kind, cannot.side, cannot.action);
    finished.plan.unsupported.iter().map(one).collect()
}

/// The next night says it, sends nothing and leaves GHL as it is; the nights after it are silent.
async fn is_said_once(house: &House, kind: Kind, action: Action) {
    let ghl = house.dump()["ghl"].clone();
    let first = house.quiet_night().await;
    assert_eq!(said(&first), [(kind, Side::Cliengo, action)]);
    assert!(!first.needs_a_person());
    for _ in 0..3 {
        let later = house.quiet_night().await;
        assert_eq!(said(&later), [], "said once");
    }
    assert_eq!(house.dump()["ghl"], ghl, "GHL keeps what was done there");
}

#[tokio::test]
async fn tasks_are_said_to_have_no_place_in_cliengo_once() {
    let house = House::build(&Plot::legacy()).await;
    let person = house.person(1);
    house.task(Side::Ghl, &person, "Enviar presupuesto");
    let first = house.good_night().await;
    assert_eq!(said(&first), [(Kind::Task, Side::Cliengo, Action::Create)]);
    for number in 0..3 {
        house.task(Side::Ghl, &person, &format!("Tarea {number}"));
        let later = house.quiet_night().await;
        assert_eq!(said(&later), []);
    }
    assert_eq!(house.rows(Side::Ghl, "tasks").len(), 4);
}

#[tokio::test]
async fn a_note_edited_in_ghl_is_said_once_and_stays_edited() {
    let (house, person) = linked().await;
    let note = house.only(Side::Ghl, "notes");
    house.edit_child(Side::Ghl, EditKind::Note, &person, &note, &json!({ "body": "Pidió otro precio" }));
    is_said_once(&house, Kind::Note, Action::Update).await;
}

#[tokio::test]
async fn a_note_deleted_in_ghl_is_said_once_and_is_not_written_there_again() {
    let (house, person) = linked().await;
    let note = house.only(Side::Ghl, "notes");
    house.remove_child(Side::Ghl, EditKind::Note, &person, &note);
    is_said_once(&house, Kind::Note, Action::Delete).await;
    assert_eq!(house.rows(Side::Cliengo, "notes").len(), 1);
}

#[tokio::test]
async fn a_tag_removed_in_ghl_is_said_once_and_is_not_added_there_again() {
    let (house, person) = linked().await;
    house.tag(Side::Ghl, EditOp::Delete, &person, "cliente");
    is_said_once(&house, Kind::Contact, Action::Tag).await;
    assert_eq!(house.row(Side::Cliengo, &person)["tags"], json!(["cliente"]));
    // An edit of the contact does not bring it back either.
    house.change(Side::Cliengo, &person, &json!({ "email": "nueva@example.com" }));
    house.good_night().await;
    assert_eq!(house.row(Side::Ghl, &person)["tags"], json!([]));
    house.quiet_night().await;
}

#[tokio::test]
async fn a_field_emptied_in_ghl_is_said_once_and_is_not_filled_again() {
    for field in ["email", "phone"] {
        let (house, person) = linked().await;
        house.change(Side::Ghl, &person, &json!({ field: null }));
        is_said_once(&house, Kind::Contact, Action::Update).await;
    }
}

/// Somebody who is linked, with a last name of its own on both sides.
async fn with_last_names(cliengo: [&str; 2], ghl: [&str; 2]) -> (House, Person) {
    let house = House::build(&Plot::legacy()).await;
    let email = "ana@example.com";
    let cliengo = json!({ "name": cliengo[0], "lastName": cliengo[1], "email": email });
    let ghl = json!({ "firstName": ghl[0], "lastName": ghl[1], "email": email });
    let cliengo = house.contact(Side::Cliengo, &cliengo);
    let person = Person { cliengo, ghl: house.contact(Side::Ghl, &ghl) };
    house.good_night().await;
    (house, person)
}

#[tokio::test]
async fn a_last_name_edited_in_ghl_is_said_once_where_cliengo_keeps_one() {
    let (house, person) = with_last_names(["Ana", "Gómez"], ["Ana", "Gómez"]).await;
    house.change(Side::Ghl, &person, &json!({ "lastName": "Paz" }));
    is_said_once(&house, Kind::Contact, Action::Update).await;
    house.change(Side::Ghl, &person, &json!({ "firstName": "Eva" }));
    house.night().await;
    assert_eq!(house.sent(), [format!(r#"cliengo PATCH /contacts/{} {{"name":"Eva"}}"#, person.cliengo)]);
    house.quiet_night().await;
    assert_eq!(house.row(Side::Ghl, &person)["lastName"], "Paz");
    // A first name that changes in Cliengo brings no last name along that nobody touched.
    house.change(Side::Cliengo, &person, &json!({ "name": "Evita" }));
    house.night().await;
    let row = house.row(Side::Ghl, &person);
    assert_eq!((&row["firstName"], &row["lastName"]), (&json!("Evita"), &json!("Paz")), "{:?}", house.sent());
    for _ in 0..3 {
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn one_name_that_both_part_otherwise_is_carried_as_one() {
    let (house, person) = with_last_names(["Zoe de la", "Cruz"], ["Zoe", "de la Cruz"]).await;
    house.change(Side::Cliengo, &person, &json!({ "name": "Eva" }));
    house.good_night().await;
    let row = house.row(Side::Ghl, &person);
    assert_eq!((&row["firstName"], &row["lastName"]), (&json!("Eva"), &json!("Cruz")));
    house.quiet_night().await;
}

#[tokio::test]
async fn notes_and_tags_still_cross_from_ghl() {
    let (house, person) = linked().await;
    house.note(Side::Ghl, &person, "Llamó hoy");
    house.tag(Side::Ghl, EditOp::Create, &person, "vip");
    house.good_night().await;
    let mut sent = house.sent();
    sent.sort();
    let path = format!("cliengo POST /contacts/{}", person.cliengo);
    assert_eq!(sent, [format!(r#"{path}/notes {{"message":"Llamó hoy"}}"#), format!(r#"{path}/tags {{"tag":"vip"}}"#)]);
    house.quiet_night().await;
}

#[tokio::test]
async fn what_people_do_in_cliengo_reaches_ghl_in_full() {
    let (house, person) = linked().await;
    let note = house.only(Side::Cliengo, "notes");
    house.edit_child(Side::Cliengo, EditKind::Note, &person, &note, &json!({ "message": "Pidió otro precio" }));
    house.tag(Side::Cliengo, EditOp::Delete, &person, "cliente");
    house.good_night().await;
    assert_eq!(house.children(Side::Ghl, "notes", &person.ghl), ["Pidió otro precio"]);
    assert_eq!(house.row(Side::Ghl, &person)["tags"], json!([]));
    house.quiet_night().await;
}

#[tokio::test]
async fn tags_that_cliengo_hides_are_added_once_and_never_taken_away() {
    let house = House::build(&Plot { hide_tags: true, ..Plot::legacy() }).await;
    let person = house.person(1);
    house.tag(Side::Cliengo, EditOp::Create, &person, "de cliengo");
    house.good_night().await;
    house.tag(Side::Ghl, EditOp::Create, &person, "vip");
    house.good_night().await;
    assert_eq!(house.sent(), [format!(r#"cliengo POST /contacts/{}/tags {{"tag":"vip"}}"#, person.cliengo)]);
    house.quiet_night().await;
    house.tag(Side::Ghl, EditOp::Delete, &person, "vip");
    is_said_once(&house, Kind::Contact, Action::Tag).await;
    assert_eq!(house.row(Side::Ghl, &person)["tags"], json!([]));
    assert_eq!(house.row(Side::Cliengo, &person)["tags"], json!(["de cliengo", "vip"]));
}
