//! GHL's tasks where Cliengo is only told of them: as notes, or as a due date.

use concord::config::Config;
use concord::reconcile::Mode;
use concord::record::Side;
use concord::run::{Consent, OperationOutcome};
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, outcomes, shown};

fn told_as(word: &str) -> Plot {
    Plot::extended().with_settings(&format!("[pair.house.cliengo]\ntasks = \"{word}\"\n"))
}

/// The mode that the configuration names from here on.
fn change_mode(house: &mut House, word: &str) {
    let text = format!("[pair.house]\nsandbox = true\nregion = \"AR\"\n[pair.house.cliengo]\ntasks = \"{word}\"\n");
    house.pair = Config::parse(&text, std::path::Path::new("schedules.toml")).unwrap().pairs.remove(0);
}

/// One linked person whose task was told in a note.
async fn told() -> (House, Person, String) {
    let house = House::build(&told_as("notes")).await;
    let person = house.person(1);
    let task = house.task(Side::Ghl, &person, "Visitar");
    house.good_night().await;
    assert_eq!(notes(&house, &person).len(), 1);
    (house, person, task)
}

fn notes(house: &House, person: &Person) -> Vec<String> {
    house.children(Side::Cliengo, "notes", &person.cliengo)
}

#[tokio::test]
async fn a_note_that_tells_of_a_task_is_never_a_note_in_ghl_and_is_not_told_again_when_it_is_removed() {
    let (house, person, _) = told().await;
    house.quiet_night().await;
    assert_eq!(house.rows(Side::Ghl, "notes").len(), 0);
    let note = house.only(Side::Cliengo, "notes");
    house.remove_child(Side::Cliengo, EditKind::Note, &person, &note);
    house.quiet_night().await;
    house.quiet_night().await;
    assert_eq!(house.children(Side::Ghl, "tasks", &person.ghl), ["Visitar"]);
}

#[tokio::test]
async fn a_note_that_is_removed_before_any_night_saw_it_is_not_told_again() {
    let (house, person, _) = told().await;
    house.remove_child(Side::Cliengo, EditKind::Note, &person, &house.only(Side::Cliengo, "notes"));
    house.quiet_night().await;
    house.quiet_night().await;
}

#[tokio::test]
async fn what_a_note_tells_is_remembered_after_a_rebuild_although_the_note_is_removed() {
    let (mut house, person, _) = told().await;
    std::fs::remove_file(house.state_path()).unwrap();
    house.mode = Mode::Rebuild;
    let planned = house.dry_run().await;
    let consent = Consent { approve: Some(planned.plan.id()), ..Consent::default() };
    assert!(!house.try_night(&consent, CancellationToken::new()).await.unwrap().is_refused());
    house.mode = Mode::Incremental;
    house.quiet_night().await;
    house.remove_child(Side::Cliengo, EditKind::Note, &person, &house.only(Side::Cliengo, "notes"));
    house.quiet_night().await;
    house.quiet_night().await;
}

#[tokio::test]
async fn a_task_is_not_told_while_the_notes_that_may_tell_of_it_cannot_be_listed() {
    let house = House::build(&told_as("notes")).await;
    let person = house.person(1);
    house.good_night().await;
    house.task(Side::Ghl, &person, "Visitar");
    house.faults(&format!("status=400@cliengo:GET:/contacts/{}/notes*", person.cliengo));
    house.quiet_night().await;
    house.faults("");
    house.good_night().await;
    assert_eq!(notes(&house, &person).len(), 1);
}

#[tokio::test]
async fn new_words_of_a_task_are_said_once_and_of_one_that_is_done_never() {
    let (house, person, task) = told().await;
    let change = |set| house.edit_child(Side::Ghl, EditKind::Task, &person, &task, &set);
    change(json!({ "title": "Visitar el lunes" }));
    for said in [1, 0] {
        assert_eq!(house.quiet_night().await.plan.unsupported.len(), said);
    }
    change(json!({ "completed": true }));
    house.good_night().await;
    change(json!({ "title": "Visitar el martes" }));
    assert_eq!(house.quiet_night().await.plan.unsupported, []);
}

#[tokio::test]
async fn a_due_date_goes_with_its_own_contacts_update_in_cliengo_and_with_no_other() {
    let house = House::build(&told_as("due_date")).await;
    let (first, second) = (house.person(1), house.person(2));
    house.good_night().await;
    house.change(Side::Ghl, &first, &json!({ "email": "una@example.com" }));
    house.change(Side::Cliengo, &second, &json!({ "email": "otra@example.com" }));
    house.tag(Side::Ghl, EditOp::Create, &second, "vip");
    house.task(Side::Ghl, &second, "Visitar");
    house.good_night().await;
    assert_eq!(house.row(Side::Cliengo, &first)["dueDate"], json!(null));
    assert!(house.row(Side::Cliengo, &second)["dueDate"].is_string());
    house.quiet_night().await;
}

#[tokio::test]
async fn a_run_of_one_person_tells_cliengo_of_the_persons_tasks() {
    for (mode, change) in [("due_date", "cliengo contact update"), ("notes", "cliengo note create")] {
        let mut house = House::build(&told_as(mode)).await;
        let (person, other) = (house.person(1), house.person(2));
        house.good_night().await;
        house.task(Side::Ghl, &person, "Visitar");
        house.task(Side::Ghl, &other, "Llamar");
        house.only = vec![person.cliengo.clone()];
        assert_eq!(shown(&house.good_night().await), [change], "{mode}");
        if mode == "due_date" {
            assert!(house.row(Side::Cliengo, &person)["dueDate"].is_string());
        }
        house.quiet_night().await;
        house.only.clear();
        assert_eq!(shown(&house.good_night().await), [change], "{mode}: the other's");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn what_is_told_without_an_answer_is_found_again_and_told_once() {
    for fault in ["reset-after-write@cliengo:POST:/notes", "status-after-write=500@cliengo:POST:/notes"] {
        let house = House::build(&told_as("notes")).await;
        let person = house.person(1);
        house.good_night().await;
        house.task(Side::Ghl, &person, "Visitar");
        house.faults(fault);
        house.night().await;
        house.faults("");
        house.night().await;
        house.quiet_night().await;
        assert_eq!(notes(&house, &person).len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn what_never_arrived_is_told_the_next_night() {
    let house = House::build(&told_as("notes")).await;
    let person = house.person(1);
    house.good_night().await;
    house.task(Side::Ghl, &person, "Visitar");
    house.faults("reset-before@cliengo:POST:/notes");
    assert_eq!(outcomes(&house.night().await), [OperationOutcome::Unknown]);
    house.faults("");
    house.good_night().await;
    house.quiet_night().await;
    assert_eq!(notes(&house, &person).len(), 1);
}

#[tokio::test]
async fn with_the_notes_of_some_contacts_only_a_new_task_is_told_all_the_same() {
    let settings =
        "[pair.house.cliengo]\ntasks = \"notes\"\n[pair.house.notes]\nfetch = \"changed\"\nrotation = \"90d\"\n";
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    let people: Vec<Person> = (1..=9).map(|number| house.person(number)).collect();
    house.good_night().await;
    house.quiet_night().await;
    let last = &people[8];
    let task = house.task(Side::Ghl, last, "Visitar");
    house.good_night().await;
    assert_eq!(notes(&house, last).len(), 1);
    house.quiet_night().await;
    house.edit_child(Side::Ghl, EditKind::Task, last, &task, &json!({ "completed": true }));
    house.good_night().await;
    assert_eq!(notes(&house, last).len(), 2);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_task_that_has_a_counterpart_is_not_told_of() {
    let mut house = House::build(&told_as("resource")).await;
    let person = house.person(1);
    let task = house.task(Side::Ghl, &person, "Visitar");
    house.good_night().await;
    change_mode(&mut house, "notes");
    house.quiet_night().await;
    house.edit_child(Side::Ghl, EditKind::Task, &person, &task, &json!({ "title": "Visitar el lunes" }));
    assert_eq!(house.quiet_night().await.plan.unsupported, []);
    assert_eq!(notes(&house, &person), [""; 0]);
}

#[tokio::test]
async fn another_mode_deletes_and_doubles_nothing() {
    let (mut house, person, _) = told().await;
    change_mode(&mut house, "off");
    house.quiet_night().await;
    change_mode(&mut house, "due_date");
    house.good_night().await;
    assert!(house.row(Side::Cliengo, &person)["dueDate"].is_string());
    change_mode(&mut house, "resource");
    house.good_night().await;
    assert_eq!(house.children(Side::Cliengo, "tasks", &person.cliengo), ["Visitar"]);
    for mode in ["notes", "due_date", "off", "resource", "auto"] {
        change_mode(&mut house, mode);
        house.quiet_night().await;
        house.quiet_night().await;
    }
    assert_eq!(notes(&house, &person).len(), 1);
    assert_eq!(house.children(Side::Ghl, "tasks", &person.ghl), ["Visitar"]);
    assert_eq!(house.rows(Side::Ghl, "notes").len(), 0);
}

#[tokio::test]
async fn a_due_date_goes_neither_with_an_update_in_ghl_nor_with_a_notes() {
    let house = House::build(&told_as("due_date")).await;
    let (first, second) = (house.person(1), house.person(2));
    let note = house.note(Side::Ghl, &second, "Pidió precio");
    house.good_night().await;
    house.change(Side::Cliengo, &first, &json!({ "email": "otra@example.com" }));
    house.edit_child(Side::Ghl, EditKind::Note, &second, &note, &json!({ "body": "Pidió otro precio" }));
    let task = house.task(Side::Ghl, &first, "Visitar");
    house.task(Side::Ghl, &second, "Llamar");
    house.good_night().await;
    for person in [&first, &second] {
        assert!(house.row(Side::Cliengo, person)["dueDate"].is_string(), "{:?}", house.sent());
    }
    assert_eq!(house.sent().len(), 4, "{:?}", house.sent());
    // What it was told before is said.
    house.edit_child(Side::Ghl, EditKind::Task, &first, &task, &json!({ "dueDate": "2026-12-31T15:00:00.000Z" }));
    let finished = house.good_night().await;
    let change = serde_json::to_string(&finished.plan.operations[0].changes).unwrap();
    assert!(change.contains("2026-12-24") && change.contains("2026-12-31"), "{change}");
}

#[tokio::test]
async fn each_of_several_notes_is_known_after_a_rebuild_for_what_it_tells_of() {
    let (mut house, person, _) = told().await;
    let task = house.task(Side::Ghl, &person, "Llamar");
    house.good_night().await;
    std::fs::remove_file(house.state_path()).unwrap();
    house.mode = Mode::Rebuild;
    let planned = house.dry_run().await;
    let consent = Consent { approve: Some(planned.plan.id()), ..Consent::default() };
    house.try_night(&consent, CancellationToken::new()).await.unwrap();
    house.mode = Mode::Incremental;
    for said in [0, 0] {
        assert_eq!(house.quiet_night().await.plan.unsupported.len(), said);
    }
    house.edit_child(Side::Ghl, EditKind::Task, &person, &task, &json!({ "title": "Llamar el lunes" }));
    for said in [1, 0] {
        assert_eq!(house.quiet_night().await.plan.unsupported.len(), said);
    }
}
