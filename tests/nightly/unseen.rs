//! A night that did not see everything is not a good night: it says so, run after run, and names whose lists failed twice.
//! (`semantics` 51)

use std::sync::Arc;
use std::time::Duration;

use concord::reconcile::{HeldReason, Reading};
use concord::record::Side;
use concord::run::Finished;
use concord::sandbox::{Fault, FaultRule, Faults, Stated, When};
use serde_json::{Value, json};

use crate::house::{House, Person, Plot, held, shown};
use crate::proxy;

const BLOCKED: &str = "<!DOCTYPE html><html><body><h1>Sorry, you have been blocked</h1></body></html>";

async fn linked(people: u32) -> (House, Vec<Person>) {
    let mut house = House::build(&Plot::extended()).await;
    house.strict = false;
    house.persistent = Duration::from_millis(2);
    let people: Vec<Person> = (1..=people).map(|number| house.person(number)).collect();
    house.good_night().await;
    house.quiet_night().await;
    (house, people)
}

fn notes_of(side: Side, person: &Person, fault: Fault) -> Faults {
    let path_contains = Some(format!("/contacts/{}/notes", person.on(side)));
    Faults::rules(vec![FaultRule { side: Some(side), method: None, path_contains, when: When::Always, fault }])
}

fn lines(finished: &Finished) -> Vec<String> {
    concord::report::brief(finished, &concord::report::Audience::plain()).lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_list_that_counts_more_than_it_gives_is_said_in_plan_report_and_history() {
    for (side, path) in [(Side::Cliengo, "/paging/total"), (Side::Ghl, "/total")] {
        let (mut house, _) = linked(4).await;
        let more: proxy::Rewrite = Arc::new(move |line, mut body| {
            let is_list = line.contains("/contacts?") || line.contains("/contacts/search");
            if let Some(total) = body.pointer_mut(path).filter(|_| is_list) {
                *total = json!(40);
            }
            Ok(body)
        });
        let url = house.urls.of(side).clone();
        *house.urls.of_mut(side) = proxy::before(&url, more).await;
        let planned = house.dry_run().await;
        assert!(planned.needs_a_person());
        let finished = house.night().await;
        let listing = &finished.plan.listings.of(side).contact;
        assert_eq!((listing.complete, listing.reading), (false, Reading::Partial), "{side}");
        assert!(finished.needs_a_person() && finished.failure().is_none(), "{side}");
        let told = lines(&finished);
        assert_eq!(told[0], "house: Nothing to do; not everything could be read.", "{side}");
        let cause = format!("{} contacts not read to the end: ", side.title());
        assert_eq!(told.iter().filter(|line| line.starts_with(&cause)).count(), 1, "{told:#?}");
        let last = concord::state::State::open_read_only(&house.state_path()).unwrap().unwrap().runs(1).unwrap();
        let summary = last[0].summary.clone().unwrap();
        assert!(summary["unseen"][0].as_str().unwrap().starts_with(&cause), "{summary}");
        *house.urls.of_mut(side) = url;
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn one_contacts_notes_that_cannot_be_read_are_that_contacts_and_it_is_named_the_second_time() {
    for side in Side::BOTH {
        let (house, people) = linked(4).await;
        house.note(side, &people[0], "No se lee");
        house.note(side, &people[1], "Llegó a todos");
        house.sandbox.set_faults(notes_of(side, &people[0], Fault::Answer(Stated::html(403, BLOCKED))));
        let first = house.night().await;
        assert_eq!(shown(&first), [format!("{} note create", side.other())], "{side}");
        assert!(first.needs_a_person() && first.failure().is_none(), "{side}");
        assert_eq!(held(&first), [], "{side}");
        let second = house.night().await;
        assert_eq!(held(&second), [HeldReason::Unlisted], "{side}");
        let named = &second.plan.held[0];
        assert_eq!(named.ids.of(side), Some(people[0].on(side)), "{side}");
        assert!(named.detail.contains("2 runs in a row") && named.detail.contains("403"), "{}", named.detail);
        assert!(house.night().await.plan.held[0].detail.contains("3 runs in a row"));
        house.faults("");
        house.good_night().await;
        house.quiet_night().await;
        house.sandbox.set_faults(notes_of(side, &people[0], Fault::Status(500)));
        assert_eq!(held(&house.night().await), [], "{side}: it counts again from the first");
    }
}

#[tokio::test]
async fn what_rotation_leaves_for_another_night_is_no_gap() {
    let settings = "[pair.house.notes]\nfetch = \"changed\"\nrotation = \"4d\"\n";
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    for number in 1..=8 {
        house.person(number);
    }
    house.good_night().await;
    for _ in 0..3 {
        let finished = house.night().await;
        assert!(finished.plan.listings.ghl.note.parents.is_some_and(|(listed, all)| listed < all), "it rotates");
        assert!(!finished.needs_a_person(), "{:#?}", lines(&finished));
        assert!(finished.plan.unseen_in_words().is_empty());
    }
}

#[tokio::test]
async fn what_was_not_looked_at_is_not_in_sync() {
    let (house, people) = linked(4).await;
    house.note(Side::Ghl, &people[0], "Una nota");
    house.good_night().await;
    assert_eq!(house.quiet_night().await.plan.in_sync, 5);
    house.sandbox.set_faults(notes_of(Side::Ghl, &people[0], Fault::Status(500)));
    let finished = house.night().await;
    assert_eq!((finished.plan.in_sync, finished.plan.unseen), (4, 1));
    let document: Value = serde_json::to_value(concord::report::json(&finished)).unwrap();
    assert_eq!(document["summary"]["in_sync"], 4);
    assert!(document["listings"]["ghl"]["note"]["why"].as_str().unwrap().contains("500"), "{document}");
}
