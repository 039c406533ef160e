//! What was deleted stays deleted while listings lag, and is a person again when somebody restores it.

use concord::exit_code;
use concord::reconcile::HeldReason;
use concord::record::Side;
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;

use crate::house::{House, Person, Plot, held};

async fn deleted_by_us() -> (House, Person) {
    let house =
        House::build(&Plot::extended().with_settings("[pair.house.contacts]\non_delete = \"propagate\"\n")).await;
    let people: Vec<Person> = (1..=4).map(|number| house.person(number)).collect();
    house.good_night().await;
    (house, people[0].clone())
}

// Watches: I25, incident 25.
#[tokio::test]
async fn what_we_deleted_does_not_come_back_from_a_listing_that_lags_for_days() {
    let (house, person) = deleted_by_us().await;
    house.faults("lag=400000");
    house.remove(Side::Cliengo, &person);
    house.good_night().await;
    for _ in 0..8 {
        house.quiet_night().await;
    }
    assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 3);
    assert_eq!(house.rows(Side::Ghl, "contacts").len(), 3);
}

// Watches: I25, incident 14.
#[tokio::test]
async fn somebody_who_is_restored_under_the_old_id_after_a_week_is_a_person_again() {
    let (house, person) = deleted_by_us().await;
    house.remove(Side::Cliengo, &person);
    house.good_night().await;
    for _ in 0..9 {
        house.quiet_night().await;
    }
    let set = json!({ "firstName": "Vuelve", "email": "persona1@example.com" });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Contact, None, Some(&person.ghl), &set);
    house.good_night().await;
    house.quiet_night().await;
    let emails: Vec<_> = house.rows(Side::Cliengo, "contacts").into_iter().map(|row| row["email"].clone()).collect();
    assert!(emails.contains(&json!("persona1@example.com")), "{emails:?}");
    assert_eq!(emails.len(), 4);
}

// Watches: I25.
#[tokio::test]
async fn what_is_still_listed_although_it_was_deleted_is_never_taken_for_restored() {
    let (house, person) = deleted_by_us().await;
    house.remove(Side::Cliengo, &person);
    house.good_night().await;
    // A CRM that goes on listing what it deleted: the row stands there again before any listing lacked it.
    let set = json!({ "firstName": "Fantasma", "email": "persona1@example.com" });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Contact, None, Some(&person.ghl), &set);
    for _ in 0..12 {
        house.quiet_night().await;
    }
    assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 3);
}

#[tokio::test]
async fn somebody_who_was_deleted_on_both_sides_and_restored_under_the_old_id_the_next_day_comes_back_with_the_notes() {
    let (house, person) = deleted_by_us().await;
    house.remove(Side::Ghl, &person);
    house.good_night().await;
    let set = json!({ "firstName": "Vuelve", "email": "persona1@example.com" });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Contact, None, Some(&person.ghl), &set);
    house.note(Side::Ghl, &person, "Volvió");
    let finished = house.good_night().await;
    assert_eq!(finished.exit_code(), exit_code::DONE);
    assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 4);
    assert_eq!(house.rows(Side::Cliengo, "notes").len(), 1);
    house.change(Side::Ghl, &person, &json!({ "email": "otra@example.com" }));
    house.good_night().await;
    let rows = house.rows(Side::Cliengo, "contacts");
    assert!(rows.iter().any(|row| row["email"] == "otra@example.com"), "{rows:#?}");
    house.quiet_night().await;
}

#[tokio::test]
async fn somebody_who_stands_on_one_side_alone_after_a_delete_is_named() {
    let (house, person) = deleted_by_us().await;
    house.remove(Side::Cliengo, &person);
    house.good_night().await;
    let set = json!({ "firstName": "Fantasma", "email": "persona1@example.com" });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Contact, None, Some(&person.ghl), &set);
    for _ in 0..2 {
        let finished = house.quiet_night().await;
        assert_eq!(finished.exit_code(), exit_code::PERSON);
        assert_eq!(held(&finished), [HeldReason::Inconclusive]);
        assert_eq!(finished.plan.held[0].ids.of(Side::Ghl), Some(person.ghl.as_str()));
    }
}

#[tokio::test]
async fn the_night_that_finds_a_kept_contact_again_says_that_the_next_one_looks_at_it() {
    for on_delete in ["ignore", "mark"] {
        let settings = format!("[pair.house.contacts]\non_delete = \"{on_delete}\"\n");
        let house = House::build(&Plot::extended().with_settings(&settings)).await;
        let people: Vec<Person> = (1..=4).map(|number| house.person(number)).collect();
        house.good_night().await;
        house.remove(Side::Ghl, &people[0]);
        house.good_night().await;
        house.quiet_night().await;
        let set = json!({ "firstName": "Vuelve", "email": "persona1@example.com" });
        house.edit(Side::Ghl, EditOp::Create, EditKind::Contact, None, Some(&people[0].ghl), &set);
        let first = house.night().await;
        assert_eq!(first.exit_code(), exit_code::PERSON, "{on_delete}");
        assert!(first.plan.unseen_in_words()[0].contains("there again"), "{:?}", first.plan.unseen_in_words());
        house.good_night().await;
        assert_eq!(house.quiet_night().await.exit_code(), exit_code::DONE, "{on_delete}");
    }
}

#[tokio::test]
async fn somebody_who_is_restored_on_both_sides_the_day_after_is_one_person_again() {
    let (house, person) = deleted_by_us().await;
    house.remove(Side::Cliengo, &person);
    house.good_night().await;
    let set = json!({ "firstName": "Vuelve", "email": "persona1@example.com" });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Contact, None, Some(&person.ghl), &set);
    let cliengo = house.contact(Side::Cliengo, &json!({ "name": "Vuelve", "email": "persona1@example.com" }));
    let person = Person { cliengo, ..person };
    for side in Side::BOTH {
        house.note(side, &person, "Una nota de siempre");
    }
    let finished = house.good_night().await;
    assert_eq!(finished.exit_code(), exit_code::DONE, "{:?}", finished.plan.held);
    house.quiet_night().await;
    for side in Side::BOTH {
        assert_eq!((house.rows(side, "contacts").len(), house.rows(side, "notes").len()), (4, 1), "{side}");
    }
    house.change(Side::Ghl, &person, &json!({ "email": "otra@example.com" }));
    house.good_night().await;
    assert_eq!(house.row(Side::Cliengo, &person)["email"], "otra@example.com");
}

#[tokio::test]
async fn nobody_is_created_beside_somebody_of_whom_it_cannot_be_told_whether_the_delete_was_done() {
    let (house, person) = deleted_by_us().await;
    house.remove(Side::Cliengo, &person);
    house.good_night().await;
    let set = json!({ "firstName": "Fantasma", "phone": "+5491140009999" });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Contact, None, Some(&person.ghl), &set);
    house.contact(Side::Cliengo, &json!({ "name": "Otra Familia", "phone": "+5491140009999" }));
    for _ in 0..2 {
        let finished = house.quiet_night().await;
        assert!(held(&finished).contains(&HeldReason::Inconclusive), "{:?}", finished.plan.held);
        assert_eq!(finished.plan.held.len(), 2);
    }
}
