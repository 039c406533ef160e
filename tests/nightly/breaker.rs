//! A CRM that keeps failing is left alone, and the next night goes on where this one stopped. A refusal is its record's.

use std::time::Duration;

use concord::record::Side;
use concord::run::{Finished, OperationOutcome};
use concord::sandbox::{Fault, FaultRule, Faults, Stated, When};
use serde_json::json;

use crate::house::{House, Person, Plot, outcomes};

const PEOPLE: u32 = 12;

/// Twelve people who are linked, each with a news from Cliengo. One request at a time, so that the count is exact.
async fn with_news() -> (House, Vec<Person>) {
    let mut house = House::build(&Plot::extended()).await;
    house.abreast = 1;
    let people: Vec<Person> = (1..=PEOPLE).map(|number| house.person(number)).collect();
    house.good_night().await;
    for (number, person) in people.iter().enumerate() {
        house.change(Side::Cliengo, person, &json!({ "name": format!("Nombre Nuevo{number}") }));
    }
    (house, people)
}

/// Linked people with a news from Cliengo each; of GHL nothing is read by id but what is about to be written.
async fn without_children(people: u32) -> (House, Vec<Person>) {
    let alone = "[pair.house.notes]\ndirection = \"off\"\n[pair.house.tasks]\ndirection = \"off\"\n";
    let mut house = House::build(&Plot::extended().with_settings(alone)).await;
    house.abreast = 1;
    house.strict = false;
    house.persistent = Duration::from_millis(2);
    let people: Vec<Person> = (1..=people).map(|number| house.person(number)).collect();
    house.good_night().await;
    for (number, person) in people.iter().enumerate() {
        house.change(Side::Cliengo, person, &json!({ "name": format!("Nombre Nuevo{number}") }));
    }
    (house, people)
}

/// A night in which everything of GHL fails once it was written to.
async fn night_that_breaks(house: &House, fault: &Fault) -> Finished {
    let breaks = async {
        while !house.writes().iter().any(|write| write.method == "PUT") {
            tokio::task::yield_now().await;
        }
        let (side, fault) = (Some(Side::Ghl), fault.clone());
        let rule = FaultRule { side, method: None, path_contains: None, when: When::Always, fault };
        house.sandbox.set_faults(Faults::rules(vec![rule]));
    };
    tokio::join!(house.night(), breaks).0
}

// Watches: I44.
#[tokio::test]
async fn a_crm_that_fails_while_it_is_written_to_is_left_alone_and_the_next_run_goes_on() {
    let page = Stated::html(403, "<html><body>Attention Required!</body></html>");
    for fault in [Fault::Status(503), Fault::ResetBefore, Fault::Answer(page)] {
        let (house, people) = without_children(PEOPLE).await;
        let finished = night_that_breaks(&house, &fault).await;
        let ended = outcomes(&finished);
        let is_left = |ended: &&OperationOutcome| **ended == OperationOutcome::NotStarted;
        let left = ended.iter().filter(is_left).count();
        assert!((4..=6).contains(&left), "{fault:?}: {ended:?}");
        assert!(finished.failure().unwrap().starts_with("GHL cannot be read: "), "{:?}", finished.failure());
        house.faults("");
        for _ in 0..2 {
            house.night().await;
        }
        for (number, person) in people.iter().enumerate() {
            let row = house.row(Side::Ghl, person);
            let name = format!("{} {}", row["firstName"].as_str().unwrap(), row["lastName"].as_str().unwrap());
            assert!(name.starts_with(&format!("Nombre Nuevo{number}")), "{fault:?}: {name}");
        }
        house.quiet_night().await;
    }
}

// Watches: I11, I44.
#[tokio::test]
async fn a_refusal_is_no_failure_and_stops_nobody_else() {
    let (house, _) = with_news().await;
    house.faults("status=400@ghl:PUT#..9");
    let ended = outcomes(&house.night().await);
    assert_eq!(ended.iter().filter(|ended| **ended == OperationOutcome::Refused).count(), 9, "{ended:?}");
    assert_eq!(ended.iter().filter(|ended| **ended == OperationOutcome::Applied).count(), 3, "{ended:?}");
}

// Watches: I44.
#[tokio::test]
async fn a_crm_that_reads_and_takes_no_write_is_given_up_after_twenty() {
    let (house, people) = without_children(30).await;
    house.faults("status=503@ghl:PUT*");
    let finished = house.night().await;
    let ended = outcomes(&finished);
    let unknown = ended.iter().filter(|ended| **ended == OperationOutcome::Unknown).count();
    assert_eq!((ended.len(), unknown), (people.len(), 20), "{ended:?}");
    assert!(finished.failure().unwrap().contains("took none of 20 writes"), "{:?}", finished.failure());
}

// Watches: I44.
#[tokio::test]
async fn a_dozen_records_that_a_firewall_refuses_stop_nobody_else() {
    let page = "<!DOCTYPE html><html><body><h1>Sorry, you have been blocked</h1></body></html>";
    let (house, people) = without_children(PEOPLE).await;
    let rule = |method: &str, path: String| FaultRule {
        side: Some(Side::Ghl),
        method: Some(method.to_owned()),
        path_contains: Some(path),
        when: When::Always,
        fault: Fault::Answer(Stated::html(403, page)),
    };
    house.sandbox.set_faults(Faults::rules(
        people.iter().take(11).map(|person| rule("PUT", format!("/contacts/{}", person.ghl))).collect(),
    ));
    let finished = house.night().await;
    let ended = outcomes(&finished);
    let refused = ended.iter().filter(|ended| **ended == OperationOutcome::Refused).count();
    let applied = ended.iter().filter(|ended| **ended == OperationOutcome::Applied).count();
    assert_eq!((refused, applied), (11, 1), "{ended:?}");
    assert!(finished.failure().is_none() && finished.needs_a_person());
    house.faults("");
    house.good_night().await;
    house.quiet_night().await;
}

// Watches: I44.
#[tokio::test]
async fn a_token_that_may_read_and_not_write_is_a_refused_scope_however_few_writes_there_are() {
    let scope =
        Stated::json(401, &json!({ "statusCode": 401, "message": "The token is not authorized for this scope." }));
    let rule = |path: &str, answer: &Stated| FaultRule {
        side: Some(Side::Ghl),
        method: Some("PUT".to_owned()),
        path_contains: Some(path.to_owned()),
        when: When::Always,
        fault: Fault::Answer(answer.clone()),
    };
    for people in [1, 3, 30] {
        let (house, _) = without_children(people).await;
        house.sandbox.set_faults(Faults::rules(vec![rule("/contacts/", &scope)]));
        let finished = house.night().await;
        let failure = finished.failure().unwrap();
        assert_eq!(finished.exit_code(), 12, "{failure}");
        assert!(failure.contains("may read there and not write") && failure.contains("concord check"), "{failure}");
        house.faults("");
        house.night().await;
        house.quiet_night().await;
    }
    // One that some writes are granted is not told so, nor is a parameter that is missing.
    let (house, people) = without_children(3).await;
    house.sandbox.set_faults(Faults::rules(vec![rule(&format!("/contacts/{}", people[0].ghl), &scope)]));
    assert_eq!(house.night().await.exit_code(), 3);
    let (house, _) = without_children(1).await;
    let missing = Stated::json(401, &json!({ "message": "E01 - Una o varias variables no fueron enviadas" }));
    house.sandbox.set_faults(Faults::rules(vec![rule("/contacts/", &missing)]));
    assert_eq!(house.night().await.exit_code(), 3);
}
