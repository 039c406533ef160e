//! Answers that are not what they should be: nothing is lost, nothing is doubled, and it is said.

use concord::reconcile::HeldReason;
use concord::record::{Action, Kind, Side};
use concord::run::Consent;
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, count, held};
use crate::story::{Blind, both_sides_tell_the_same, emails};

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";
const CONTACT_LISTS: [(Side, &str); 2] = [(Side::Cliengo, "GET:/contacts"), (Side::Ghl, "POST:/contacts/search")];

async fn linked() -> (House, Person) {
    let house = House::build(&Plot::extended().with_settings(PROPAGATE)).await;
    let people: Vec<Person> = (1..=12).map(|number| house.person(number)).collect();
    for side in Side::BOTH {
        house.note(side, &people[0], "Pidió precio");
        house.task(side, &people[0], "Enviar presupuesto");
    }
    house.good_night().await;
    (house, people[0].clone())
}

/// A night that may fail, and writes nothing.
async fn writes_nothing(house: &House, what: &str) {
    let before = house.dump();
    // Whether it ends in an error or in a plan: nothing may come of it.
    let _ = house.try_night(&Consent::default(), CancellationToken::new()).await;
    assert_eq!(house.writes(), [], "{what}");
    assert_eq!(house.dump(), before, "{what}");
}

// Watches: I27.
#[tokio::test]
async fn rows_without_an_id_make_a_listing_incomplete_and_delete_nothing() {
    for (side, list) in CONTACT_LISTS {
        let (house, _) = linked().await;
        house.faults(&format!("drop-field=id@{side}:{list}*"));
        let finished = house.quiet_night().await;
        let listing = finished.plan.listings.of(side).of(Kind::Contact);
        assert!(!listing.complete, "{listing:?}");
        assert!(listing.why.as_ref().is_some_and(|why| why.contains("id")), "{listing:?}");
        house.faults("");
        house.quiet_night().await;
    }
}

// Watches: I11, I30, incident 4.
#[tokio::test]
async fn a_contact_with_a_field_of_the_wrong_type_is_held_and_its_counterpart_stays() {
    for side in Side::BOTH {
        let (mut house, person) = linked().await;
        house.strict = false;
        house.change(side, &person, &json!({ "email": 42 }));
        for _ in 0..2 {
            let finished = house.quiet_night().await;
            assert_eq!(held(&finished), [HeldReason::Unparsable]);
            assert!(finished.needs_a_person());
        }
        house.change(side, &person, &json!({ "email": "sana@example.com" }));
        house.good_night().await;
        assert_eq!(house.row(side.other(), &person)["email"], "sana@example.com");
        house.quiet_night().await;
    }
}

// Watches: I30.
#[tokio::test]
async fn a_new_contact_with_a_field_of_the_wrong_type_is_held_and_not_created() {
    for side in Side::BOTH {
        let (mut house, _) = linked().await;
        house.strict = false;
        house.contact(side, &json!({ "email": 42, "phone": "+5491155550000" }));
        assert_eq!(held(&house.quiet_night().await), [HeldReason::Unparsable]);
    }
}

// Watches: I13.
#[tokio::test]
async fn a_field_that_the_listing_leaves_out_is_unknown_and_not_cleared() {
    for (side, list) in CONTACT_LISTS {
        for field in ["email", "phone", "tags"] {
            let (house, person) = linked().await;
            house.tag(side, EditOp::Create, &person, "cliente");
            house.good_night().await;
            house.faults(&format!("drop-field={field}@{side}:{list}*"));
            house.quiet_night().await;
            house.faults("");
            house.quiet_night().await;
        }
    }
}

// Watches: incident 1.
#[tokio::test]
async fn lists_of_notes_and_tasks_that_cannot_be_read_delete_nothing() {
    let lists = [
        (Side::Cliengo, "GET:/notes"),
        (Side::Ghl, "GET:/notes"),
        (Side::Cliengo, "GET:/tasks"),
        (Side::Ghl, "POST:/tasks/search"),
    ];
    for (side, list) in lists {
        for fault in
            ["html", "truncated-json", "no-array", "status=500", "status=404", "drop-field=id", "drop-field=_id"]
        {
            let (house, _) = linked().await;
            house.faults(&format!("{fault}@{side}:{list}*"));
            for _ in 0..3 {
                writes_nothing(&house, &format!("{fault} on {side} {list}")).await;
            }
            house.faults("");
            house.quiet_night().await;
        }
    }
}

// Watches: I20.
#[tokio::test]
async fn a_lookup_that_fails_is_no_evidence_that_a_contact_is_gone() {
    for side in Side::BOTH {
        for fault in ["html", "status=500", "status=403", "status=400"] {
            let (house, person) = linked().await;
            house.remove(side, &person);
            house.faults(&format!("{fault}@{side}:GET:/contacts/{}*", person.on(side)));
            writes_nothing(&house, &format!("{fault} on a look-up in {side}")).await;
        }
    }
}

#[tokio::test]
async fn refused_credentials_end_the_run_and_write_nothing() {
    for side in Side::BOTH {
        let (house, person) = linked().await;
        house.change(Side::Ghl, &person, &json!({ "email": "nueva@example.com" }));
        house.faults(&format!("expired-token@{side}*"));
        let failed = house.try_night(&Consent::default(), CancellationToken::new()).await.unwrap_err();
        assert!(failed.to_string().contains("refused the credentials"), "{failed}");
        assert_eq!(house.writes(), []);
        house.faults("");
        house.good_night().await;
        assert_eq!(house.writes().len(), 1);
    }
}

// Watches: I45.
#[tokio::test]
async fn a_429_is_waited_out_and_asked_again() {
    let house = House::build(&Plot::extended().with_people(24)).await;
    // Fewer in all than one request is tried, so that no order of answers can use up the tries of one.
    house.faults("too-many@cliengo:GET#..4,too-many@cliengo:POST#..4");
    house.good_night().await;
    house.faults("");
    house.quiet_night().await;
    both_sides_tell_the_same(&house, Blind::default());
}

/// Everything at once, for some nights; then a calm one, and all is as it should be.
async fn weathers(seed: u64) {
    let house = House::build(&Plot { seed, ..Plot::extended() }.with_people(40)).await;
    house.good_night().await;
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..4 {
        house.sandbox.world().random_edits(12, &mut rng).unwrap();
        house.faults(
            "reset-after-write%0.02,status-after-write=502%0.02,status=503%0.02,too-many@cliengo%0.02,reset-before%0.02,\
             html%0.01,truncated-json%0.02",
        );
        let _ = house.try_night(&Consent::default(), CancellationToken::new()).await;
        assert!(
            house.writes().iter().all(|write| write.body.get("tags").is_none()
                || write.path.ends_with("/tags")
                || write.method == "POST")
        );
    }
    house.faults("");
    for _ in 0..3 {
        house.night().await;
    }
    house.quiet_night().await;
    both_sides_tell_the_same(&house, Blind::default());
    for side in Side::BOTH {
        let doubled: Vec<_> = emails(&house, side).into_iter().filter(|(_, count)| *count > 1).collect();
        assert!(doubled.len() <= usize::from(side == Side::Cliengo), "seed {seed}, {side}: {doubled:?}");
    }
}

// Watches: I6, I40.
#[tokio::test]
async fn nights_with_every_sort_of_fault_lose_and_double_nothing() {
    for seed in 1..3 {
        weathers(seed).await;
    }
}

#[tokio::test]
async fn a_contact_that_cliengo_no_longer_lists_but_still_answers_for_is_not_removed() {
    let (house, person) = linked().await;
    house.remove(Side::Ghl, &person);
    house.faults("empty-listing@ghl:POST:/contacts/search*");
    let finished = house.night().await;
    assert!(finished.is_refused() || count(&finished, Kind::Contact, Action::Delete) == 0);
    assert_eq!(house.writes(), []);
}

#[tokio::test]
async fn an_emptied_note_list_of_one_contact_deletes_no_note_that_still_answers() {
    let (house, person) = linked().await;
    house.faults(&format!("empty-listing@ghl:GET:/contacts/{}/notes*", person.ghl));
    house.quiet_night().await;
    house.quiet_night().await;
    house.faults("");
    house.quiet_night().await;
    assert_eq!(house.children(Side::Cliengo, "notes", &person.cliengo), ["Pidió precio"]);
}

#[tokio::test]
async fn a_note_missing_from_cliengo_for_one_night_only_is_kept() {
    let (house, person) = linked().await;
    house.faults(&format!("empty-listing@cliengo:GET:/contacts/{}/notes*", person.cliengo));
    house.quiet_night().await;
    house.faults("");
    house.quiet_night().await;
    house.quiet_night().await;
    assert_eq!(house.children(Side::Ghl, "notes", &person.ghl), ["Pidió precio"]);
    // Nor does a later night count together with the first one.
    house.faults(&format!("empty-listing@cliengo:GET:/contacts/{}/notes*", person.cliengo));
    house.quiet_night().await;
}

// Watches: incident 4.
#[tokio::test]
async fn a_task_listed_without_its_title_waits_and_is_carried_over_when_it_has_one() {
    let (house, person) = linked().await;
    let task = house.only(Side::Ghl, "tasks");
    house.edit_child(Side::Ghl, EditKind::Task, &person, &task, &json!({ "title": "Otro título" }));
    house.faults("drop-field=title@ghl:POST:/tasks/search*");
    house.quiet_night().await;
    house.faults("");
    house.good_night().await;
    assert_eq!(house.writes().len(), 1);
    assert_eq!(house.writes()[0].body, json!({ "title": "Otro título" }));
}
