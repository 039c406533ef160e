//! What a review found: full comparisons, approvals, and what one of both CRMs cannot do.

use concord::config::TasksMode;
use concord::reconcile::{GuardName, Mode};
use concord::record::{Action, Kind, Side};
use concord::run::{Consent, OperationOutcome};
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, count, held, outcomes};

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

/// Twelve linked people.
async fn linked(plot: Plot) -> (House, Vec<Person>) {
    let house = House::build(&plot).await;
    let people: Vec<Person> = (1..=12).map(|number| house.person(number)).collect();
    house.good_night().await;
    (house, people)
}

fn task(house: &House, side: Side, person: &Person, due: Option<&str>) {
    let set = json!({ "title": "Enviar presupuesto", "dueDate": due });
    house.edit(side, EditOp::Create, EditKind::Task, Some(person.on(side)), None, &set);
}

#[tokio::test]
async fn a_full_comparison_of_an_untouched_pair_plans_nothing() {
    for plot in [Plot::extended(), Plot::legacy()] {
        let mut house = House::build(&plot).await;
        let person = house.person(1);
        task(&house, Side::Cliengo, &person, None);
        let email = "5491155550000@whatsapp.example";
        house.contact(Side::Cliengo, &json!({ "name": "Eva", "email": email, "phone": "+5491155550000" }));
        house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com", "phone": "consultar" }));
        let kept = json!({ "firstName": "Leo", "email": email, "phone": "+5491155550001" });
        house.contact(Side::Ghl, &kept);
        house.good_night().await;
        house.quiet_night().await;
        house.mode = Mode::Full;
        for _ in 0..2 {
            let full = house.quiet_night().await;
            assert!(full.plan.conflicts.is_empty(), "{:?}", full.plan.conflicts);
        }
    }
}

#[tokio::test]
async fn a_date_without_a_time_is_its_twin_at_nine_in_the_morning_at_first_and_in_a_rebuild() {
    let mut house = House::build(&Plot::extended()).await;
    let person = house.person(1);
    task(&house, Side::Cliengo, &person, Some("2026-12-20"));
    task(&house, Side::Ghl, &person, Some("2026-12-20T12:00:00.000Z"));
    for mode in [Mode::Incremental, Mode::Rebuild] {
        house.mode = mode;
        let finished = house.night().await;
        assert_eq!(count(&finished, Kind::Task, Action::Create), 0, "{mode:?}");
        assert_eq!(count(&finished, Kind::Task, Action::Link), 1, "{mode:?}");
        assert_eq!(house.writes(), [], "{mode:?}");
    }
}

// Watches: I23, incident 12.
#[tokio::test]
async fn an_unrelated_edit_does_not_void_the_approval_of_a_plan_that_a_guard_stopped() {
    let (house, people) = linked(Plot::extended().with_settings(PROPAGATE)).await;
    for person in &people[..6] {
        house.remove(Side::Cliengo, person);
    }
    // A listing that shrank by half is doubted once; then it is believed.
    house.quiet_night().await;
    let refused = house.night().await;
    assert!(refused.is_refused());
    assert!(refused.plan.tripped().any(|guard| guard.guard == GuardName::DeletePercent));
    house.change(Side::Ghl, &people[11], &json!({ "phone": "+5491155550000" }));
    let consent = Consent { approve: Some(refused.plan.id()), ..Consent::default() };
    let approved = house.try_night(&consent, CancellationToken::new()).await.unwrap();
    assert!(!approved.is_refused());
    assert_eq!(Side::BOTH.map(|side| house.rows(side, "contacts").len()), [6, 6]);
    assert_eq!(house.row(Side::Cliengo, &people[11])["phone"], "+5491155550000");
    house.quiet_night().await;
}

#[tokio::test]
async fn the_first_listing_that_shows_tags_adds_and_removes_none() {
    for at_first in [true, false] {
        let house = House::build(&Plot::legacy()).await;
        house.faults("drop-field=tags@cliengo*");
        let person = house.person(1);
        house.person(2);
        if !at_first {
            house.good_night().await;
        }
        house.tag(Side::Ghl, EditOp::Create, &person, "vip");
        house.good_night().await;
        assert_eq!(house.sent(), [format!(r#"cliengo POST /contacts/{}/tags {{"tag":"vip"}}"#, person.cliengo)]);
        house.change(Side::Cliengo, &person, &json!({ "tags": ["old1", "old2"] }));
        house.quiet_night().await;
        house.faults("");
        house.quiet_night().await;
        assert_eq!(house.row(Side::Ghl, &person)["tags"], json!(["vip"]));
        assert_eq!(house.row(Side::Cliengo, &person)["tags"], json!(["old1", "old2"]));
    }
}

#[tokio::test]
async fn the_first_listing_that_shows_tags_of_somebody_who_was_made_there_adds_none() {
    let house = House::build(&Plot::legacy()).await;
    house.faults("drop-field=tags@cliengo*");
    let ghl = house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com" }));
    house.tag(Side::Ghl, EditOp::Create, &Person { cliengo: String::new(), ghl: ghl.clone() }, "vip");
    house.good_night().await;
    let person = Person { cliengo: house.only(Side::Cliengo, "contacts"), ghl };
    house.change(Side::Cliengo, &person, &json!({ "tags": ["vip", "old"] }));
    house.faults("");
    house.quiet_night().await;
    assert_eq!(house.row(Side::Ghl, &person)["tags"], json!(["vip"]));
}

#[tokio::test]
async fn a_full_comparison_lists_the_notes_of_every_contact() {
    let plot = Plot::extended().with_settings("[pair.house.notes]\nfetch = \"changed\"\n");
    let (mut house, people) = linked(plot).await;
    house.quiet_night().await;
    house.mode = Mode::Full;
    house.quiet_night().await;
    let asked = house.sandbox.requests();
    for side in Side::BOTH {
        for person in &people {
            let path = format!("/contacts/{}/notes", person.on(side));
            let is_asked = asked.iter().any(|request| request.side == side && request.path.ends_with(&path));
            assert!(is_asked, "{side} {path}");
        }
    }
}

#[tokio::test]
async fn a_first_name_cleared_in_ghl_is_said_once_and_fails_no_night() {
    for plot in [Plot::legacy(), Plot::extended()] {
        let house = House::build(&plot).await;
        let set = json!({ "name": "Ana", "lastName": "Zeta", "email": "ana@example.com" });
        let cliengo = house.contact(Side::Cliengo, &set);
        let set = json!({ "firstName": "Ana", "lastName": "Zeta", "email": "ana@example.com" });
        let person = Person { cliengo, ghl: house.contact(Side::Ghl, &set) };
        house.good_night().await;
        house.change(Side::Ghl, &person, &json!({ "firstName": null }));
        let first = house.night().await;
        assert!(!outcomes(&first).contains(&OperationOutcome::Failed), "{:?}", first.run);
        assert_eq!(first.plan.unsupported.len(), 1, "{:?}", first.plan.unsupported);
        for _ in 0..2 {
            let later = house.quiet_night().await;
            assert!(!later.needs_a_person(), "{:?}", held(&later));
            assert_eq!(later.plan.unsupported.len(), 0, "said once");
        }
    }
}

#[tokio::test]
async fn a_contact_removed_in_a_cliengo_without_tasks_is_removed_in_ghl() {
    let (house, people) = linked(Plot::legacy().with_settings(PROPAGATE)).await;
    house.remove(Side::Cliengo, &people[0]);
    let mut reasons = Vec::new();
    for _ in 0..3 {
        reasons.push(held(&house.night().await));
    }
    assert_eq!(Side::BOTH.map(|side| house.rows(side, "contacts").len()), [11, 11], "{reasons:?}");
    house.quiet_night().await;
}

#[tokio::test]
async fn tasks_that_were_off_are_looked_for_again() {
    let (mut house, people) = linked(Plot::extended()).await;
    house.pair.cliengo.tasks = TasksMode::Off;
    house.night().await;
    house.night().await;
    house.pair.cliengo.tasks = TasksMode::Auto;
    house.task(Side::Ghl, &people[0], "Enviar presupuesto");
    for _ in 0..2 {
        house.night().await;
    }
    assert_eq!(house.children(Side::Cliengo, "tasks", &people[0].cliengo), ["Enviar presupuesto"]);
    house.quiet_night().await;
}

#[tokio::test]
async fn an_account_that_did_not_say_whether_it_has_tasks_is_not_one_without() {
    for fault in ["status=503", "html", "reset-before"] {
        let mut house = House::build(&Plot::extended()).await;
        house.pair.cliengo.tasks = TasksMode::Auto;
        let person = house.person(1);
        house.task(Side::Ghl, &person, "Enviar presupuesto");
        house.faults(&format!("{fault}@cliengo:GET:/tasks"));
        let night = house.night().await;
        let said = format!("{:?} {:?}", night.plan.unsupported, night.plan.listings.cliengo.task);
        assert!(night.plan.unsupported.is_empty() && said.contains("could not be told"), "{fault}: {said}");
        house.faults("");
        house.night().await;
        assert_eq!(house.children(Side::Cliengo, "tasks", &person.cliengo), ["Enviar presupuesto"], "{fault}");
        house.quiet_night().await;
    }
}
