//! A CRM that keeps failing is left alone, and the next night goes on where this one stopped.

use concord::record::Side;
use concord::run::OperationOutcome;
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

#[tokio::test]
async fn five_failures_in_a_row_stop_the_run_and_the_next_one_goes_on() {
    for (fault, outcome) in [
        ("status=503@ghl:PUT*", OperationOutcome::Unknown),
        ("status=403@ghl:PUT*", OperationOutcome::Failed),
        ("reset-before@ghl:PUT*", OperationOutcome::Unknown),
    ] {
        let (house, people) = with_news().await;
        house.faults(fault);
        let finished = house.night().await;
        let ended = outcomes(&finished);
        assert_eq!(ended.iter().filter(|ended| **ended == outcome).count(), 5, "{fault}: {ended:?}");
        let left = ended.iter().filter(|ended| **ended == OperationOutcome::NotStarted).count();
        assert_eq!((left, tried(&house)), (7, 5), "{fault}");
        assert!(finished.needs_a_person());
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
