//! A listing that failed is not an empty one: nothing is deleted because of it, what was answered is told, and what does not
//! depend on it goes on. (`semantics` 52)

use std::collections::BTreeSet;
use std::time::Duration;

use concord::reconcile::{GuardName, Reading};
use concord::record::{Kind, Side};
use concord::run::{Consent, Finished, RunError};
use concord::sandbox::{EditKind, EditOp, Fault, FaultRule, Faults, Stated, When};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, shown};
use crate::story::outlines;

const MAINTENANCE: &str = "<html><body>maintenance</body></html>";

/// People who are linked, and a news from either side.
async fn linked(people: u32, settings: &str) -> (House, Vec<Person>) {
    let mut house = House::build(&Plot::extended().with_settings(settings)).await;
    house.strict = false;
    house.persistent = Duration::from_millis(2);
    let people: Vec<Person> = (1..=people).map(|number| house.person(number)).collect();
    house.note(Side::Ghl, &people[0], "Llamar el lunes");
    house.task(Side::Ghl, &people[0], "Presupuesto");
    house.good_night().await;
    house.quiet_night().await;
    (house, people)
}

fn at(side: Side, method: &str, path: &str, fault: Fault) -> Faults {
    let (side, method, path) = (Some(side), Some(method.to_owned()), Some(path.to_owned()));
    Faults::rules(vec![FaultRule { side, method, path_contains: path, when: When::Always, fault }])
}

/// The contact list of a side answers so.
fn listing(side: Side, fault: Fault) -> Faults {
    match side {
        Side::Cliengo => at(side, "GET", "/contacts", fault),
        Side::Ghl => at(side, "POST", "/contacts/search", fault),
    }
}

fn told(finished: &Finished) -> String {
    concord::report::brief(finished, &concord::report::Audience::plain())
}

#[tokio::test]
async fn a_contact_list_that_cannot_be_read_ends_the_run_with_what_was_answered() {
    let answers = || {
        [
            (Fault::Status(503), "503"),
            (Fault::Answer(Stated::html(502, MAINTENANCE)), "502"),
            (Fault::Answer(Stated::html(200, MAINTENANCE)), "not JSON"),
            (Fault::ResetBefore, "connection"),
            (Fault::NoArray, "without"),
            (Fault::Answer(Stated::json(200, &json!({ "message": "Something went wrong, try later" }))), "try later"),
            (Fault::Answer(Stated::json(200, &json!({ "status": "error" }))), "without"),
            (Fault::Answer(Stated::html(403, MAINTENANCE)), "403"),
        ]
    };
    for side in Side::BOTH {
        let (house, people) = linked(3, "").await;
        house.change(side.other(), &people[1], &json!({ "email": "otra@example.com" }));
        let before = outlines(&house);
        for (fault, said) in answers() {
            house.sandbox.set_faults(listing(side, fault));
            for dry in [true, false] {
                let failed = if dry {
                    house.try_dry_run().await
                } else {
                    house.try_night(&Consent::default(), CancellationToken::new()).await
                };
                let Err(RunError::Crm(why)) = failed else { panic!("{side} {said}: it went on") };
                let why = why.to_string();
                assert!(why.contains(said) && why.starts_with(side.title()), "{side} {said}: {why}");
                assert_eq!(house.writes(), [], "{side} {said}");
            }
        }
        assert_eq!(outlines(&house), before);
        house.faults("");
        house.good_night().await;
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn thirty_nights_of_an_outage_delete_nothing_and_lose_nothing() {
    for side in Side::BOTH {
        let settings = "[pair.house.contacts]\non_delete = \"propagate\"\n";
        let (house, people) = linked(3, settings).await;
        house.change(side.other(), &people[1], &json!({ "email": "otra@example.com" }));
        for night in 0..30 {
            let fault = if night % 2 == 0 { Fault::Status(503) } else { Fault::ResetBefore };
            let rule = FaultRule { side: Some(side), method: None, path_contains: None, when: When::Always, fault };
            house.sandbox.set_faults(Faults::rules(vec![rule]));
            let failed = house.try_night(&Consent::default(), CancellationToken::new()).await;
            assert!(matches!(failed, Err(RunError::Crm(_))), "night {night}");
            assert_eq!(house.writes(), [], "night {night}");
        }
        house.faults("");
        house.good_night().await;
        house.quiet_night().await;
        assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 3);
        assert_eq!(house.rows(Side::Ghl, "contacts").len(), 3);
    }
}

#[tokio::test]
async fn where_ghls_tasks_cannot_be_read_contacts_and_notes_go_on() {
    let (house, people) = linked(3, "").await;
    house.change(Side::Cliengo, &people[1], &json!({ "name": "Otra" }));
    house.note(Side::Cliengo, &people[2], "Pidió precios");
    house.task(Side::Cliengo, &people[2], "Enviar catálogo");
    let before = house.rows(Side::Ghl, "tasks");
    house.sandbox.set_faults(at(Side::Ghl, "POST", "/tasks/search", Fault::Status(503)));
    let planned = house.dry_run().await;
    assert!(planned.failure().is_some_and(|why| why.contains("503")), "{:?}", planned.failure());
    let finished = house.night().await;
    assert_eq!(shown(&finished), ["ghl contact update", "ghl note create"]);
    assert_eq!(finished.failure().unwrap(), "GHL cannot be read: it answered 503; its tasks stay as they are");
    assert_eq!(house.rows(Side::Ghl, "tasks"), before);
    let listing = &finished.plan.listings.ghl.task;
    assert_eq!((listing.complete, listing.reading), (false, Reading::Failed));
    assert_eq!(finished.plan.tripped().count(), 0);
    assert!(told(&finished).starts_with("house: GHL cannot be read: it answered 503"), "{}", told(&finished));
    house.faults("");
    house.good_night().await;
    assert_eq!(house.rows(Side::Ghl, "tasks").len(), before.len() + 1);
    house.quiet_night().await;
}

#[tokio::test]
async fn where_nobodys_notes_can_be_read_contacts_and_tasks_go_on() {
    for side in Side::BOTH {
        let (house, people) = linked(3, "").await;
        house.change(Side::Cliengo, &people[1], &json!({ "name": "Otra" }));
        house.note(side.other(), &people[2], "Pidió precios");
        house.task(Side::Cliengo, &people[2], "Enviar catálogo");
        house.sandbox.set_faults(at(side, "GET", "/notes", Fault::Status(500)));
        let finished = house.night().await;
        assert_eq!(shown(&finished), ["ghl contact update", "ghl task create"], "{side}");
        let why = finished.failure().unwrap();
        assert!(why.starts_with(&format!("{} cannot be read: it answered 500", side.title())), "{why}");
        house.faults("");
        house.good_night().await;
        house.quiet_night().await;
        assert_eq!(house.rows(Side::Cliengo, "notes").len(), 2, "{side}");
        assert_eq!(house.rows(Side::Ghl, "notes").len(), 2, "{side}");
    }
}

#[tokio::test]
async fn a_crm_that_goes_down_while_notes_are_listed_is_not_asked_for_everybody() {
    let (mut house, _) = linked(40, "").await;
    house.abreast = 1;
    // What lists the contacts themselves has another path.
    house.sandbox.set_faults(at(Side::Cliengo, "GET", "/contacts/", Fault::Status(503)));
    let finished = house.night().await;
    assert!(finished.failure().is_some_and(|why| why.contains("503")), "{:?}", finished.failure());
    let asked = house.sandbox.requests();
    let asked = asked.iter().filter(|asked| asked.side == Side::Cliengo && asked.path.ends_with("/notes"));
    let asked: BTreeSet<&str> = asked.map(|asked| asked.path.as_str()).collect();
    assert_eq!(asked.len(), 10);
}

#[tokio::test]
async fn an_index_that_lists_nobody_is_asked_for_one_by_id_before_it_is_believed() {
    let settings = "[pair.house.contacts]\non_delete = \"propagate\"\n";
    for (people, side) in [(3, Side::Ghl), (3, Side::Cliengo), (12, Side::Ghl), (12, Side::Cliengo)] {
        let (house, _) = linked(people, settings).await;
        for night in 0..3 {
            house.sandbox.set_faults(listing(side, Fault::EmptyListing));
            let finished = house.night().await;
            let listing = finished.plan.listings.of(side).of(Kind::Contact);
            assert_eq!((listing.complete, listing.reading), (false, Reading::Partial), "{side}, night {night}");
            assert_eq!((house.writes().len(), finished.plan.tripped().count()), (0, 0), "{side}, night {night}");
            assert!(finished.needs_a_person() && finished.failure().is_none());
            let said = told(&finished);
            assert!(said.contains("lags behind") && !said.contains("--allow-empty"), "{said}");
        }
        house.faults("");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_side_whose_contacts_are_gone_indeed_still_waits_for_a_person() {
    for people in [3, 12] {
        let (house, everybody) = linked(people, "").await;
        everybody.iter().for_each(|person| house.remove(Side::Ghl, person));
        let finished = house.night().await;
        let guards: Vec<GuardName> = finished.plan.tripped().map(|guard| guard.guard).collect();
        assert!(guards.contains(&GuardName::Emptied), "{guards:?}");
        assert!(finished.is_refused() && house.writes().is_empty());
    }
}

#[tokio::test]
async fn ghls_task_index_that_lists_nothing_is_doubted_too() {
    let (house, people) = linked(3, "").await;
    house.task(Side::Ghl, &people[1], "Visita");
    house.good_night().await;
    house.sandbox.set_faults(at(Side::Ghl, "POST", "/tasks/search", Fault::EmptyListing));
    let finished = house.night().await;
    assert_eq!(finished.plan.listings.ghl.task.reading, Reading::Partial);
    assert_eq!((house.writes().len(), finished.plan.tripped().count()), (0, 0));
    house.faults("");
    house.quiet_night().await;
    // And what a person did remove still goes.
    let gone = house.rows(Side::Ghl, "tasks").iter().find(|task| task["title"] == "Visita").map(crate::house::id_of);
    house.edit(Side::Ghl, EditOp::Delete, EditKind::Task, Some(&people[1].ghl), gone.as_deref(), &Value::Null);
    for _ in 0..3 {
        house.night().await;
    }
    assert_eq!(house.children(Side::Cliengo, "tasks", &people[1].cliengo), [""; 0]);
}
