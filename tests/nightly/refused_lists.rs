//! Some contacts' lists that are refused as if the credentials were at fault are those contacts' own; where nobody's is given,
//! it is the credentials'. (`semantics` 57)

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use concord::crm::CrmError;
use concord::exit_code;
use concord::record::{Action, Kind, Side};
use concord::run::{Consent, RunError};
use concord::sandbox::{Fault, FaultRule, Faults, Stated, When};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, count};
use crate::proxy;

async fn linked() -> (House, Vec<Person>) {
    let mut house = House::build(&Plot::extended()).await;
    house.strict = false;
    let people: Vec<Person> = (1..=4).map(|number| house.person(number)).collect();
    house.good_night().await;
    (house, people)
}

fn refused(side: Side, path: &str, status: u16, said: &Value) -> Faults {
    let fault = Fault::Answer(Stated::json(status, said));
    Faults::rules(vec![FaultRule {
        side: Some(side),
        method: None,
        path_contains: Some(path.to_owned()),
        when: When::Always,
        fault,
    }])
}

#[tokio::test]
async fn one_contacts_lists_that_are_refused_stop_nobody_elses() {
    let words = [
        (403, json!({ "statusCode": 403, "message": "User has no access to this contact" })),
        (403, json!({ "message": "Forbidden" })),
        (401, json!({ "message": "Unauthorized" })),
    ];
    for (side, kind) in [(Side::Cliengo, "tasks"), (Side::Cliengo, "notes"), (Side::Ghl, "notes")] {
        let (house, people) = linked().await;
        for (number, (status, said)) in words.iter().enumerate() {
            house.change(side, &people[1], &json!({ "email": format!("otra{number}@example.com") }));
            let path = format!("/contacts/{}/{kind}", people[0].on(side));
            house.sandbox.set_faults(refused(side, &path, *status, said));
            let finished = house.good_night().await;
            assert_eq!(count(&finished, Kind::Contact, Action::Update), 1, "{side} {kind} {said}: the others go on");
            assert_eq!(finished.exit_code(), exit_code::PERSON, "{side} {kind} {said}");
            let unseen = finished.plan.unseen_in_words().join("\n");
            assert!(unseen.contains(&format!("it answered {status}")) && !unseen.contains("scope"), "{unseen}");
        }
    }
}

#[tokio::test]
async fn lists_that_are_refused_for_everybody_are_the_credentials_matter() {
    for (side, kind) in [(Side::Cliengo, "tasks"), (Side::Cliengo, "notes"), (Side::Ghl, "notes")] {
        let (house, _) = linked().await;
        house.sandbox.set_faults(refused(side, &format!("/{kind}"), 403, &json!({ "message": "Forbidden" })));
        let night = house.try_night(&Consent::default(), CancellationToken::new()).await;
        assert!(matches!(night, Err(RunError::Crm(CrmError::Credentials { .. }))), "{side} {kind}: {night:?}");
        assert_eq!(house.writes(), [], "{side} {kind}");
    }
}

#[tokio::test]
async fn credentials_that_are_withdrawn_while_lists_are_read_end_the_night() {
    for side in Side::BOTH {
        let (mut house, people) = linked().await;
        house.abreast = 1;
        house.sandbox.set_faults(refused(
            side,
            &format!("/contacts/{}", people[3].on(side)),
            401,
            &json!({ "message": "Unauthorized" }),
        ));
        assert_eq!(house.night().await.exit_code(), exit_code::PERSON, "{side}: a contact that nobody may see");
        house.faults("");
        let lists = AtomicUsize::new(0);
        let withdrawn: proxy::Rewrite = Arc::new(move |line, body| {
            let is_list = line.contains("/notes");
            let before = if is_list { lists.fetch_add(1, Relaxed) } else { lists.load(Relaxed) };
            if before >= 2 { Err((401, json!({ "message": "Unauthorized" }))) } else { Ok(body) }
        });
        let url = house.urls.of(side).clone();
        *house.urls.of_mut(side) = proxy::before(&url, withdrawn).await;
        let night = house.try_night(&Consent::default(), CancellationToken::new()).await;
        assert!(matches!(night, Err(RunError::Crm(CrmError::Credentials { .. }))), "{side}: {night:?}");
    }
}
