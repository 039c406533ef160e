//! A CRM that keeps failing is left alone, and the next night goes on where this one stopped. A refusal is its record's.

use std::time::Duration;

use concord::record::Side;
use concord::run::OperationOutcome;
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

/// Whom the night tried to write to.
fn tried(house: &House) -> usize {
    let paths: std::collections::BTreeSet<String> = house.writes().into_iter().map(|write| write.path).collect();
    paths.len()
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

#[tokio::test]
async fn a_crm_that_fails_while_it_is_written_to_is_left_alone_and_the_next_run_goes_on() {
    for fault in ["status=503@ghl:/contacts/*", "reset-before@ghl:/contacts/*"] {
        let (house, people) = without_children(PEOPLE).await;
        house.faults(&format!("{}, {}", fault.replace("ghl:", "ghl:GET:"), fault.replace("ghl:", "ghl:PUT:")));
        let finished = house.night().await;
        let ended = outcomes(&finished);
        let failed = ended.iter().filter(|ended| **ended == OperationOutcome::Failed).count();
        let left = ended.iter().filter(|ended| **ended == OperationOutcome::NotStarted).count();
        assert_eq!((failed, left, tried(&house)), (5, 7, 0), "{fault}: {ended:?}");
        let why = finished.failure().unwrap();
        assert!(why.starts_with("GHL cannot be read: "), "{why}");
        house.faults("");
        house.good_night().await;
        for (number, person) in people.iter().enumerate() {
            assert_eq!(house.row(Side::Ghl, person)["firstName"], format!("Nombre Nuevo{number}"), "{fault}");
        }
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_refusal_is_no_failure_and_stops_nobody_else() {
    let (house, _) = with_news().await;
    house.faults("status=400@ghl:PUT#..9");
    let ended = outcomes(&house.night().await);
    assert_eq!(ended.iter().filter(|ended| **ended == OperationOutcome::Refused).count(), 9, "{ended:?}");
    assert_eq!(ended.iter().filter(|ended| **ended == OperationOutcome::Applied).count(), 3, "{ended:?}");
}

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

#[tokio::test]
async fn a_firewall_that_refuses_everything_stops_the_run() {
    let page = "<html><body>Attention Required!</body></html>";
    let (house, _) = without_children(PEOPLE).await;
    let rule = |method: &str| FaultRule {
        side: Some(Side::Ghl),
        method: Some(method.to_owned()),
        path_contains: Some("/contacts/".to_owned()),
        when: When::Always,
        fault: Fault::Answer(Stated::html(403, page)),
    };
    house.sandbox.set_faults(Faults::rules(vec![rule("GET"), rule("PUT")]));
    let finished = house.night().await;
    let ended = outcomes(&finished);
    let left = ended.iter().filter(|ended| **ended == OperationOutcome::NotStarted).count();
    assert!(left >= 7, "{ended:?}");
    assert!(finished.failure().unwrap().contains("403"), "{:?}", finished.failure());
}
