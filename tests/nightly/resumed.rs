//! A pull that is cut off: the next run goes on where it stood, if that is less than an hour ago.

use std::collections::BTreeSet;
use std::time::Duration;

use concord::record::Side;
use serde_json::json;

use crate::house::{House, Person, Plot};

/// Twelve people with a note each, of whom a run has listed some when it dies.
async fn killed_while_it_lists() -> (House, Vec<Person>, BTreeSet<String>) {
    let mut house = House::build(&Plot::extended()).await;
    house.strict = false;
    let people: Vec<Person> = (1..=12).map(|number| house.person(number)).collect();
    for (number, person) in people.iter().enumerate() {
        house.note(Side::Cliengo, person, &format!("Nota {number}"));
    }
    house.good_night().await;
    house.note(Side::Ghl, &people[0], "Llamó a la tarde");
    house.faults("hang=60@ghl:GET:/notes#6");
    let cut_off = tokio::time::timeout(Duration::from_secs(3), house.night()).await;
    assert!(cut_off.is_err(), "it was still listing");
    let listed = asked(&house);
    assert!(listed.len() > 12, "Cliengo's, and some of GHL's: {listed:?}");
    house.faults("");
    (house, people, listed)
}

/// Whose notes were asked for and told.
fn asked(house: &House) -> BTreeSet<String> {
    let requests = house.sandbox.requests();
    let of_notes = requests.iter().filter(|asked| asked.path.ends_with("/notes") && asked.method == "GET");
    of_notes.filter(|asked| asked.status == 200).map(|asked| format!("{} {}", asked.side, asked.path)).collect()
}

fn is_kept(house: &House) -> bool {
    house.state_path().with_file_name("house.stage.lists").exists()
}

#[tokio::test]
async fn a_pull_that_was_killed_goes_on_where_it_stood() {
    let (house, people, listed) = killed_while_it_lists().await;
    assert!(is_kept(&house));
    house.at_once().await;
    let again: Vec<String> = asked(&house).intersection(&listed).cloned().collect();
    // The answers that were under way when it died.
    assert!(again.len() <= 1 && asked(&house).len() + listed.len() >= 24, "asked for again: {again:?}");
    assert!(!is_kept(&house), "what it listed is gone with the run");
    assert_eq!(house.children(Side::Cliengo, "notes", people[0].on(Side::Cliengo)).len(), 2);
    house.quiet_night().await;
    assert_eq!(asked(&house).len(), 24, "the next run lists everybody");
}

#[tokio::test]
async fn what_was_listed_a_day_ago_or_before_another_run_is_listed_again() {
    let (house, _, _) = killed_while_it_lists().await;
    house.good_night().await;
    assert_eq!(asked(&house).len(), 24);

    let (mut house, people, _) = killed_while_it_lists().await;
    house.change(Side::Ghl, &people[3], &json!({ "firstName": "Nadia" }));
    house.only = vec![people[3].ghl.clone()];
    house.at_once().await;
    house.only = Vec::new();
    house.at_once().await;
    assert_eq!(asked(&house).len(), 24);
    assert!(!is_kept(&house));
}
