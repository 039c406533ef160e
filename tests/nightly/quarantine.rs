//! What keeps failing: tried again with pauses, set aside, and let in again; nobody else waits for it. (I44)

use concord::reconcile::HeldReason;
use concord::record::{Kind, Side};
use concord::run::Finished;
use concord::sandbox::EditOp;
use concord::state::{FailedOperationRow, State};
use serde_json::json;

use crate::house::{House, Person, Plot, held};

/// Two people who are linked.
async fn linked() -> (House, Person, Person) {
    let house = House::build(&Plot::extended()).await;
    let (ana, eva) = (house.person(1), house.person(2));
    house.good_night().await;
    (house, ana, eva)
}

fn failed_operations(house: &House) -> Vec<FailedOperationRow> {
    State::open_read_only(&house.state_path()).unwrap().unwrap().failed_operations().unwrap()
}

fn only_failed_operation(house: &House) -> FailedOperationRow {
    let rows = failed_operations(house);
    let [row] = rows.as_slice() else { panic!("{rows:#?}") };
    row.clone()
}

/// How often the night wrote to that contact of GHL.
fn tried(house: &House, person: &Person) -> usize {
    house.writes().iter().filter(|write| write.path == format!("/contacts/{}", person.ghl)).count()
}

/// GHL refuses the update of Ana's contact, night after night; Eva has news every day.
async fn set_aside(house: &House, ana: &Person, eva: &Person) -> Vec<(usize, Vec<HeldReason>)> {
    house.change(Side::Cliengo, ana, &json!({ "email": "nueva@example.com" }));
    house.faults(&format!("status=400@ghl:PUT:/contacts/{}*", ana.ghl));
    let mut nights = Vec::new();
    for night in 0..10 {
        house.change(Side::Cliengo, eva, &json!({ "email": format!("eva{night}@example.com") }));
        let finished = house.night().await;
        assert!(finished.needs_a_person(), "each report tells it");
        assert_eq!(house.row(Side::Ghl, eva)["email"], format!("eva{night}@example.com"), "nobody else waits");
        nights.push((tried(house, ana), held(&finished)));
    }
    nights
}

// Watches: I44.
#[tokio::test]
async fn what_keeps_failing_is_tried_again_after_1_2_and_4_runs_and_then_set_aside_and_nobody_waits_for_it() {
    let (house, ana, eva) = linked().await;
    let nights = set_aside(&house, &ana, &eva).await;
    let tries: Vec<usize> = nights.iter().map(|(tries, _)| *tries).collect();
    assert_eq!(tries, [1, 1, 0, 1, 0, 0, 0, 1, 0, 0]);
    let rests = [vec![], vec![], vec![HeldReason::Retrying], vec![]];
    assert_eq!(nights.iter().map(|(_, held)| held.clone()).take(4).collect::<Vec<_>>(), rests);
    assert_eq!(nights[9].1, [HeldReason::Quarantined]);
    let row = only_failed_operation(&house);
    assert_eq!((row.attempts, row.kind, row.side, row.action.as_str()), (4, Kind::Contact, Side::Ghl, "update"));
    assert!(row.words.contains("400"), "the CRM's own words: {}", row.words);
    // The dry run tells the same, with the command that lets it in again.
    let shown = house.dry_run().await;
    assert_eq!(held(&shown), [HeldReason::Quarantined]);
    assert!(shown.plan.held[0].detail.contains(&format!("concord quarantine retry {}", row.id)));
}

// Watches: I44.
#[tokio::test]
async fn what_was_set_aside_comes_out_by_itself_when_the_record_changes() {
    let (house, ana, eva) = linked().await;
    set_aside(&house, &ana, &eva).await;
    house.faults("");
    assert_eq!(held(&house.quiet_night().await), [HeldReason::Quarantined]);
    house.change(Side::Cliengo, &ana, &json!({ "email": "otra@example.com" }));
    house.good_night().await;
    assert_eq!(house.row(Side::Ghl, &ana)["email"], "otra@example.com");
    assert_eq!(failed_operations(&house), []);
    assert!(!house.quiet_night().await.needs_a_person());
}

#[tokio::test]
async fn what_was_set_aside_is_gone_when_a_person_makes_both_sides_agree() {
    let (house, ana, eva) = linked().await;
    set_aside(&house, &ana, &eva).await;
    house.faults("");
    house.change(Side::Ghl, &ana, &json!({ "email": "nueva@example.com" }));
    let finished = house.quiet_night().await;
    assert!(!finished.needs_a_person(), "{:?}", finished.plan.held);
    assert_eq!(failed_operations(&house), []);
}

#[tokio::test]
async fn a_person_lets_it_be_tried_again() {
    let (house, ana, eva) = linked().await;
    set_aside(&house, &ana, &eva).await;
    house.faults("");
    let id = only_failed_operation(&house).id;
    assert!(State::open(&house.state_path()).unwrap().lift_failed_operation(&id).unwrap());
    house.good_night().await;
    assert_eq!(house.row(Side::Ghl, &ana)["email"], "nueva@example.com");
    assert!(!house.quiet_night().await.needs_a_person());
}

#[tokio::test]
async fn what_a_person_gave_up_is_silent_until_it_changes() {
    let (house, ana, eva) = linked().await;
    set_aside(&house, &ana, &eva).await;
    house.faults("");
    let id = only_failed_operation(&house).id;
    assert!(State::open(&house.state_path()).unwrap().drop_failed_operation(&id).unwrap());
    for _ in 0..2 {
        let finished = house.quiet_night().await;
        assert!(held(&finished).is_empty() && !finished.needs_a_person());
    }
    assert!(only_failed_operation(&house).dropped);
    house.change(Side::Cliengo, &ana, &json!({ "email": "otra@example.com" }));
    house.good_night().await;
    assert_eq!(house.row(Side::Ghl, &ana)["email"], "otra@example.com");
}

// Watches: I44.
#[tokio::test]
async fn a_crm_that_is_too_busy_unreachable_or_closed_to_us_is_no_attempt() {
    for fault in ["too-many", "daily-exhausted", "reset-before", "status=403", "status=503"] {
        let (house, ana, _) = linked().await;
        house.change(Side::Cliengo, &ana, &json!({ "email": "nueva@example.com" }));
        house.faults(&format!("{fault}@ghl:PUT*"));
        for _ in 0..6 {
            assert!(house.night().await.needs_a_person(), "{fault}");
            assert_eq!(failed_operations(&house), [], "{fault}");
        }
        house.faults("");
        house.good_night().await;
        assert_eq!(house.row(Side::Ghl, &ana)["email"], "nueva@example.com", "{fault}");
    }
}

// Watches: I44.
#[tokio::test]
async fn an_answer_that_is_no_answer_is_an_attempt_where_others_get_through() {
    let (house, ana, eva) = linked().await;
    house.change(Side::Cliengo, &ana, &json!({ "email": "nueva@example.com" }));
    house.faults(&format!("status=500@ghl:PUT:/contacts/{}*", ana.ghl));
    let mut last: Option<Finished> = None;
    for night in 0..9 {
        house.change(Side::Cliengo, &eva, &json!({ "email": format!("eva{night}@example.com") }));
        last = Some(house.night().await);
        assert_eq!(house.row(Side::Ghl, &eva)["email"], format!("eva{night}@example.com"));
    }
    assert_eq!(held(&last.unwrap()), [HeldReason::Quarantined]);
}

#[tokio::test]
async fn a_contact_that_cannot_be_created_is_set_aside_with_its_notes_and_both_are_created_once_it_can() {
    let (house, ana, _) = linked().await;
    let id = house.contact(Side::Ghl, &json!({ "firstName": "Nora", "email": "nora@example.com" }));
    let nora = Person { cliengo: String::new(), ghl: id };
    house.note(Side::Ghl, &nora, "Pidió precio");
    house.tag(Side::Ghl, EditOp::Create, &nora, "vip");
    house.faults("status=400@cliengo:POST:/contacts*");
    for _ in 0..9 {
        house.night().await;
    }
    let quiet = house.quiet_night().await;
    assert_eq!(
        held(&quiet),
        [HeldReason::Quarantined],
        "its note and its tag wait with it, and are not said one by one"
    );
    house.faults("");
    assert!(
        State::open(&house.state_path()).unwrap().lift_failed_operation(&only_failed_operation(&house).id).unwrap()
    );
    house.good_night().await;
    house.good_night().await;
    house.quiet_night().await;
    assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 3);
    assert_eq!(house.rows(Side::Cliengo, "notes").len(), 1);
    assert_eq!(failed_operations(&house), []);
    assert_ne!(house.row(Side::Cliengo, &ana)["id"], json!(null));
}
