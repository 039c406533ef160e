//! What a review found: records that could not be read, answers that did not come, people who came back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use concord::reconcile::HeldReason;
use concord::record::{Action, Kind, Side};
use concord::run::{Consent, Finished, OperationOutcome};
use concord::sandbox::EditKind;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, count, held, outcomes};
use crate::proxy::{Rewrite, before, number_for};

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

/// Twelve linked people.
async fn linked(plot: Plot) -> (House, Vec<Person>) {
    let house = House::build(&plot).await;
    let people: Vec<Person> = (1..=12).map(|number| house.person(number)).collect();
    house.good_night().await;
    (house, people)
}

async fn put_before(house: &mut House, side: Side, rewrite: Rewrite) {
    let url = match side {
        Side::Cliengo => house.sandbox.cliengo_url(),
        Side::Ghl => house.sandbox.ghl_url(),
    };
    *house.urls.of_mut(side) = before(&url, rewrite).await;
}

fn posts(house: &House, side: Side, end: &str) -> usize {
    let writes = house.writes();
    let is_one = |path: &str| path.trim_end_matches('/').ends_with(end);
    writes.iter().filter(|write| write.side == side && write.method == "POST" && is_one(&write.path)).count()
}

fn contacts(house: &House) -> [usize; 2] {
    Side::BOTH.map(|side| house.rows(side, "contacts").len())
}

fn reaches(finished: &Finished, outcome: OperationOutcome) -> bool {
    outcomes(finished).contains(&outcome)
}

#[tokio::test]
async fn a_note_of_unknown_outcome_beside_an_equal_one_of_a_person_ends_without_an_error_or_a_second_request() {
    let (house, people) = linked(Plot::extended().with_settings("[pair.house.notes]\ndirection = \"to_ghl\"\n")).await;
    let person = &people[0];
    house.note(Side::Cliengo, person, "Pidió precio");
    let path = format!("/contacts/{}/notes", person.ghl);
    let unreadable: Vec<String> = (2..40).map(|nth| format!("status=500@ghl:GET:{path}#{nth}")).collect();
    house.faults(&format!("reset-after-write@ghl:POST:{path},{}", unreadable.join(",")));
    let first = house.night().await;
    assert!(reaches(&first, OperationOutcome::Unknown), "{:?}", outcomes(&first));
    assert_eq!(posts(&house, Side::Ghl, "/notes"), 1);
    house.faults("");
    house.note(Side::Ghl, person, "Pidió precio");
    for _ in 0..4 {
        let later = house.try_night(&Consent::default(), CancellationToken::new()).await.unwrap();
        assert_eq!(posts(&house, Side::Ghl, "/notes"), 0);
        assert!(!reaches(&later, OperationOutcome::Failed), "{:?}", later.run);
    }
}

#[tokio::test]
async fn a_recreated_contact_of_unknown_outcome_that_cannot_be_read_back_waits_and_is_not_sent_again() {
    for fault in ["reset-before", "reset-after-write"] {
        let (mut house, people) = linked(Plot::extended().with_settings(PROPAGATE)).await;
        // The look before the create is answered, the look after it never.
        let looks = std::sync::atomic::AtomicUsize::new(0);
        let blind: Rewrite = Arc::new(move |line, value| {
            let is_look = line.contains("since=");
            let is_later = is_look && looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0;
            if is_later { Err((500, json!({}))) } else { Ok(value) }
        });
        put_before(&mut house, Side::Cliengo, blind).await;
        house.remove(Side::Cliengo, &people[0]);
        house.change(Side::Ghl, &people[0], &json!({ "email": "editada@example.com" }));
        // Refused before it was done, or done without an answer: neither is known.
        house.faults(&format!("{fault}@cliengo:POST:/contacts"));
        let first = house.night().await;
        assert_eq!(posts(&house, Side::Cliengo, "/contacts"), 1);
        assert!(reaches(&first, OperationOutcome::Unknown), "{:?}", outcomes(&first));
        house.faults("");
        let second = house.night().await;
        assert_eq!(posts(&house, Side::Cliengo, "/contacts"), 0, "{fault}");
        assert!(
            fault == "reset-after-write" || held(&second).contains(&HeldReason::UnknownOutcome),
            "{:?}",
            held(&second)
        );
        house.urls.cliengo = house.sandbox.cliengo_url();
        for _ in 0..3 {
            house.night().await;
        }
        assert_eq!(contacts(&house), [12, 12], "{fault}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_contact_with_an_unreadable_phone_still_stands_for_its_email() {
    let house = House::build(&Plot::extended()).await;
    house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com", "phone": 1_150_001_111 }));
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com" }));
    for _ in 0..2 {
        house.night().await;
        assert_eq!(house.writes().iter().filter(|write| write.method == "POST").count(), 0, "{:?}", house.sent());
    }
    assert_eq!(contacts(&house), [1, 1]);
}

#[tokio::test]
async fn an_unreadable_note_may_be_the_twin_of_any_note_so_none_is_created_beside_it() {
    for side in Side::BOTH {
        let (mut house, people) = linked(Plot::extended()).await;
        put_before(&mut house, side, number_for("Ilegible")).await;
        for written in Side::BOTH {
            house.note(written, &people[0], "Ilegible");
        }
        for _ in 0..2 {
            house.night().await;
            assert_eq!(posts(&house, side, "/notes"), 0, "{side}: {:?}", house.sent());
        }
        for side in Side::BOTH {
            assert_eq!(house.rows(side, "notes").len(), 1);
        }
    }
}

#[tokio::test]
async fn an_unreadable_note_keeps_no_task_and_nobody_elses_note_waiting() {
    for side in Side::BOTH {
        let (mut house, people) = linked(Plot::extended()).await;
        put_before(&mut house, side, number_for("Ilegible")).await;
        house.note(side, &people[0], "Ilegible");
        house.note(side.other(), &people[1], "Pidió precio");
        house.task(side.other(), &people[0], "Llamar");
        house.night().await;
        assert_eq!(house.children(side, "notes", people[1].on(side)), ["Pidió precio"], "{side}");
        assert_eq!(house.children(side, "tasks", people[0].on(side)), ["Llamar"], "{side}");
    }
}

#[tokio::test]
async fn a_survivor_with_a_new_note_that_cannot_be_read_is_not_removed() {
    let (mut house, people) = linked(Plot::extended().with_settings(PROPAGATE)).await;
    put_before(&mut house, Side::Cliengo, number_for("Ilegible")).await;
    house.remove(Side::Ghl, &people[0]);
    house.note(Side::Cliengo, &people[0], "Ilegible");
    for _ in 0..3 {
        house.night().await;
        assert_eq!(house.writes(), []);
    }
    assert_eq!(contacts(&house), [12, 11]);
}

// Watches: incident 17.
#[tokio::test]
async fn the_tasks_of_a_kept_contact_do_not_make_later_nights_refused_as_emptied() {
    let house = House::build(&Plot::extended()).await;
    let people: Vec<Person> = (1..=12).map(|number| house.person(number)).collect();
    for title in ["Llamar", "Enviar presupuesto", "Visitar"] {
        for side in Side::BOTH {
            house.task(side, &people[0], title);
        }
    }
    house.good_night().await;
    house.remove(Side::Ghl, &people[0]);
    let first = house.night().await;
    if first.is_refused() {
        let allow_empty = first.plan.tripped().map(|guard| format!("{}:{}", guard.side, guard.kind)).collect();
        let consent = Consent { approve: Some(first.plan.id()), allow_empty, ..Consent::default() };
        let approved = house.try_night(&consent, CancellationToken::new()).await.unwrap();
        assert!(!approved.is_refused());
    }
    for _ in 0..3 {
        let later = house.quiet_night().await;
        assert!(!later.is_refused(), "{:?}", later.plan.guards);
    }
    assert_eq!(contacts(&house), [12, 11]);
}

#[tokio::test]
async fn a_kept_contact_that_is_restored_under_its_id_is_live_again() {
    let (mut house, people) = linked(Plot::extended()).await;
    let person = people[0].clone();
    let (gone, id) = (Arc::new(AtomicBool::new(true)), person.ghl.clone());
    let hidden = Arc::clone(&gone);
    let rewrite: Rewrite = Arc::new(move |line, mut value| {
        if !hidden.load(Ordering::SeqCst) {
            return Ok(value);
        }
        if line.contains(&id) {
            return Err((400, json!({ "message": format!("Contact with id {id} not found"), "statusCode": 400 })));
        }
        if let Some(rows) = value.get_mut("contacts").and_then(Value::as_array_mut) {
            let before = rows.len();
            rows.retain(|row| row["id"] != id.as_str());
            if rows.len() < before
                && let Some(total) = value["total"].as_u64()
            {
                value["total"] = json!(total - 1);
            }
        }
        Ok(value)
    });
    put_before(&mut house, Side::Ghl, rewrite).await;
    let first = house.quiet_night().await;
    assert_eq!(held(&first), [HeldReason::RemovedElsewhere], "{:?}", first.plan.listings.ghl.contact);
    house.quiet_night().await;
    gone.store(false, Ordering::SeqCst);
    house.night().await;
    let settled = house.quiet_night().await;
    assert_eq!(held(&settled), []);
    house.change(Side::Ghl, &person, &json!({ "email": "vuelve@example.com" }));
    house.good_night().await;
    assert_eq!(house.row(Side::Cliengo, &person)["email"], "vuelve@example.com");
    house.change(Side::Cliengo, &person, &json!({ "phone": "+5491155550000" }));
    house.good_night().await;
    assert_eq!(house.row(Side::Ghl, &person)["phone"], "+5491155550000");
    house.quiet_night().await;
    assert_eq!(contacts(&house), [12, 12]);
}

// Watches: incident 14.
#[tokio::test]
async fn a_person_who_comes_back_as_a_new_contact_is_linked_to_the_one_that_was_kept() {
    let (house, people) = linked(Plot::extended()).await;
    house.remove(Side::Cliengo, &people[0]);
    house.quiet_night().await;
    let set = json!({ "name": "Persona Prueba1", "email": "persona1@example.com", "phone": "+5491140000001" });
    let back = Person { cliengo: house.contact(Side::Cliengo, &set), ghl: people[0].ghl.clone() };
    house.night().await;
    assert_eq!(held(&house.quiet_night().await), []);
    house.change(Side::Ghl, &back, &json!({ "email": "vuelve@example.com" }));
    house.good_night().await;
    assert_eq!(house.row(Side::Cliengo, &back)["email"], "vuelve@example.com");
    assert_eq!(contacts(&house), [12, 12]);
}

#[tokio::test]
async fn two_people_of_one_phone_who_are_removed_together_were_not_merged() {
    let (house, people) = linked(Plot::extended().with_settings(PROPAGATE)).await;
    for person in &people[..2] {
        for side in Side::BOTH {
            house.change(side, person, &json!({ "phone": "+5491155550000" }));
        }
    }
    house.quiet_night().await;
    for person in &people[..2] {
        house.remove(Side::Ghl, person);
    }
    // A listing that shrank by more than a tenth is doubted once; then it is believed.
    house.quiet_night().await;
    let finished = house.night().await;
    assert!(!held(&finished).contains(&HeldReason::SuspectedMerge), "{:?}", finished.plan.held);
    assert_eq!(count(&finished, Kind::Contact, Action::Delete), 2, "{:?}", finished.plan.held);
    assert_eq!(contacts(&house), [10, 10]);
    house.quiet_night().await;
}

#[tokio::test]
async fn an_edited_note_that_was_kept_holds_the_delete_of_its_contact() {
    let plot = Plot::legacy().with_settings(PROPAGATE);
    let (house, people) = linked(plot).await;
    let person = &people[0];
    let note = house.note(Side::Cliengo, person, "Pidió precio");
    house.good_night().await;
    house.remove_child(Side::Ghl, EditKind::Note, person, &house.only(Side::Ghl, "notes"));
    house.quiet_night().await;
    house.edit_child(Side::Cliengo, EditKind::Note, person, &note, &json!({ "message": "Pidió otro precio" }));
    house.remove(Side::Ghl, person);
    for _ in 0..3 {
        let finished = house.quiet_night().await;
        assert_eq!(held(&finished), [HeldReason::DirtyChild]);
    }
    assert_eq!(contacts(&house), [12, 11]);
}

#[tokio::test]
async fn further_cliengo_records_of_a_linked_person_are_all_duplicates() {
    let house = House::build(&Plot::extended()).await;
    house.person(1);
    house.good_night().await;
    for name in ["Persona", "Persona otra vez"] {
        house.contact(Side::Cliengo, &json!({ "name": name, "email": "persona1@example.com" }));
    }
    for _ in 0..2 {
        assert_eq!(held(&house.quiet_night().await), [HeldReason::DuplicateOf; 2]);
    }
}
