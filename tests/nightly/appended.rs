//! Where Cliengo changes no note, an edit reaches it as a further one, if the configuration says so (`notes.append_edit`).

use concord::record::Side;
use concord::sandbox::EditKind;
use serde_json::json;

use crate::house::{House, Person, Plot, said, shown};
use crate::mortal::{Fate, every};

const APPEND: &str = "[pair.house.notes]\nappend_edit = true\n";
const DELETES: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

/// A person with one note of GHL's on both sides, and the note's id.
async fn noted(plot: &Plot) -> (House, Person, String) {
    let mut house = House::build(&plot.clone().with_settings(APPEND)).await;
    house.abreast = 1;
    let person = house.person(1);
    let note = house.note(Side::Ghl, &person, "Llamar el lunes");
    house.good_night().await;
    house.quiet_night().await;
    (house, person, note)
}

fn change(house: &House, person: &Person, note: &str, text: &str) {
    house.edit_child(Side::Ghl, EditKind::Note, person, note, &json!({ "body": text }));
}

#[tokio::test]
async fn an_edit_is_a_further_note_with_the_new_text_once() {
    let (house, person, note) = noted(&Plot::legacy()).await;
    let cliengo = |house: &House| house.children(Side::Cliengo, "notes", &person.cliengo);
    change(&house, &person, &note, "Llamar el martes");
    let planned = house.dry_run().await;
    assert_eq!((shown(&planned), said(&planned)), (vec!["cliengo note create".to_owned()], vec![]));
    assert_eq!(planned.plan.operations[0].requests[0].body, Some(json!({ "message": "Llamar el martes" })));
    house.good_night().await;
    for _ in 0..3 {
        house.quiet_night().await;
    }
    change(&house, &person, &note, "Llamar el jueves");
    house.good_night().await;
    assert_eq!(cliengo(&house), ["Llamar el jueves", "Llamar el lunes", "Llamar el martes"]);
    assert_eq!(house.children(Side::Ghl, "notes", &person.ghl), ["Llamar el jueves"], "nothing is carried back");
    for _ in 0..3 {
        house.quiet_night().await;
    }
    house.remove_child(Side::Ghl, EditKind::Note, &person, &note);
    house.night().await;
    house.night().await;
    assert_eq!(cliengo(&house).len(), 3, "what cannot be deleted stays");
    assert!(house.children(Side::Ghl, "notes", &person.ghl).is_empty());
    house.quiet_night().await;
}

#[tokio::test]
async fn where_notes_can_be_changed_they_are() {
    let (house, person, note) = noted(&Plot::extended()).await;
    change(&house, &person, &note, "Llamar el martes");
    assert_eq!(shown(&house.good_night().await), ["cliengo note update"]);
    assert_eq!(house.children(Side::Cliengo, "notes", &person.cliengo), ["Llamar el martes"]);
    house.quiet_night().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_one() {
    for fault in ["reset-after-write@cliengo:POST:/notes", "server-error@cliengo:POST:/notes"] {
        let (house, person, note) = noted(&Plot::legacy()).await;
        change(&house, &person, &note, "Llamar el martes");
        house.faults(fault);
        house.night().await;
        house.faults("");
        house.night().await;
        house.night().await;
        let texts = house.children(Side::Cliengo, "notes", &person.cliengo);
        assert_eq!(texts, ["Llamar el lunes", "Llamar el martes"], "{fault}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_run_that_dies_at_any_moment_appends_it_once() {
    let (house, person, note) = noted(&Plot::legacy()).await;
    change(&house, &person, &note, "Llamar el martes");
    let fate = Fate::never();
    house.mortal_night(&fate).await.unwrap();
    for moment in (0..fate.moments()).step_by(every(1)) {
        let (house, person, note) = noted(&Plot::legacy()).await;
        change(&house, &person, &note, "Llamar el martes");
        _ = house.mortal_night(&Fate::at(moment)).await;
        for _ in 0..3 {
            house.night().await;
        }
        let texts = house.children(Side::Cliengo, "notes", &person.cliengo);
        assert_eq!(texts, ["Llamar el lunes", "Llamar el martes"], "died at moment {moment}");
        assert_eq!(house.children(Side::Ghl, "notes", &person.ghl), ["Llamar el martes"]);
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn an_undo_keeps_both_texts_and_the_next_nights_append_nothing_again() {
    let (house, person, note) = noted(&Plot::legacy()).await;
    change(&house, &person, &note, "Llamar el martes");
    let run = house.good_night().await.run.unwrap().id;
    let undone = house.undo(run).await;
    assert!(said(&undone).iter().any(|said| said.contains("delete")), "{:?}", said(&undone));
    for _ in 0..3 {
        house.night().await;
    }
    assert_eq!(house.children(Side::Cliengo, "notes", &person.cliengo).len(), 2);
    assert_eq!(house.children(Side::Ghl, "notes", &person.ghl), ["Llamar el martes"]);
    house.quiet_night().await;
}

#[tokio::test]
async fn the_older_texts_are_no_reason_to_keep_a_contact_that_was_removed() {
    let (house, person, note) = noted(&Plot::legacy().with_settings(DELETES)).await;
    change(&house, &person, &note, "Llamar el martes");
    house.good_night().await;
    house.remove(Side::Ghl, &person);
    house.night().await;
    house.night().await;
    assert!(house.rows(Side::Cliengo, "contacts").is_empty(), "{:#?}", house.rows(Side::Cliengo, "contacts"));
    house.quiet_night().await;
}
