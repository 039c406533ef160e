//! Promises that no single story shows: order, locality, before-images, one link for an id.

use std::collections::BTreeSet;

use concord::record::{CliengoId, GhlId, Ids, Kind, RemoteId as _, Role, Side};
use concord::run::{Consent, RunError};
use concord::sandbox::{EditKind, EditOp};
use concord::state::{NewLink, State};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::house::{DAY, House, Person, Plot};

async fn linked(people: u32) -> (House, Vec<Person>) {
    let house = House::build(&Plot::extended()).await;
    let people: Vec<Person> = (1..=people).map(|number| house.person(number)).collect();
    for person in &people {
        house.tag(Side::Cliengo, EditOp::Create, person, "cliente");
    }
    house.good_night().await;
    house.good_night().await;
    (house, people)
}

fn edit(house: &House, person: &Person) {
    house.change(Side::Cliengo, person, &json!({ "email": "otra@example.com" }));
    house.tag(Side::Ghl, EditOp::Create, person, "vip");
    house.note(Side::Ghl, person, "Una nota");
}

// Watches: I11, incident 18.
#[tokio::test]
async fn one_records_plan_does_not_depend_on_what_happens_to_others() {
    let mut plans = Vec::new();
    for others in [2, 9] {
        let (house, people) = linked(others).await;
        edit(&house, &people[0]);
        if others > 2 {
            for person in &people[3..] {
                house.change(Side::Ghl, person, &json!({ "firstName": "Otro" }));
                house.note(Side::Cliengo, person, "Otra nota");
            }
            house.remove(Side::Ghl, &people[1]);
        }
        let plan = house.dry_run().await.plan;
        let mine = plan.operations.iter().filter(|operation| operation.contact == "Persona Prueba1");
        let requests: Vec<Value> = mine.map(|operation| json!(operation.requests)).collect();
        assert_eq!(requests.len(), 3, "{requests:?}");
        plans.push(requests.into_iter().map(|request| request[0]["body"].clone()).collect::<Vec<_>>());
    }
    assert_eq!(plans[0], plans[1]);
}

// Watches: I8, incident 15.
#[tokio::test]
async fn the_plan_is_the_same_however_many_requests_are_in_flight() {
    let (mut house, people) = linked(9).await;
    for person in &people {
        edit(&house, person);
        house.task(Side::Cliengo, person, "Una tarea");
    }
    for number in 0..6 {
        house.contact(Side::Cliengo, &json!({ "name": "Nueva", "email": format!("nueva{number}@example.com") }));
    }
    let mut ids = Vec::new();
    for abreast in [1, 3, 8] {
        house.abreast = abreast;
        let plan = house.dry_run().await.plan;
        assert!(plan.operations.len() >= 42);
        let families: BTreeSet<u32> = plan.operations.iter().map(|operation| operation.family).collect();
        assert_eq!(families.len(), people.len() + 6, "nobody waits for somebody else's operations");
        ids.push(plan.id());
    }
    assert!(ids.windows(2).all(|two| two[0] == two[1]), "{ids:?}");
}

// Watches: I26.
#[tokio::test]
async fn what_stood_there_before_an_update_and_a_delete_is_kept() {
    let (house, people) = linked(4).await;
    let note = house.note(Side::Cliengo, &people[1], "Una nota que se borra");
    house.good_night().await;
    house.change(Side::Cliengo, &people[0], &json!({ "email": "otra@example.com" }));
    house.tag(Side::Cliengo, EditOp::Create, &people[2], "vip");
    let in_ghl = house.only(Side::Ghl, "notes");
    house.remove_child(Side::Ghl, EditKind::Note, &people[1], &in_ghl);
    let run = house.good_night().await.run.unwrap().id;
    let state = State::open_read_only(&house.state_path()).unwrap().unwrap();
    let before: Vec<Value> = state
        .operations(run)
        .unwrap()
        .into_iter()
        .map(|operation| {
            serde_json::from_str(&operation.before.expect("every one of them overwrites something")).unwrap()
        })
        .collect();
    assert_eq!(before.len(), 3);
    let stood = |wanted: &str| before.iter().any(|payload| payload.to_string().contains(wanted));
    assert!(
        stood("persona1@example.com") && stood("Una nota que se borra") && stood("persona3@example.com"),
        "{before:?}"
    );
    assert!(!house.rows(Side::Cliengo, "notes").iter().any(|row| row["id"] == *note));
}

// Watches: I15.
#[test]
fn an_id_stands_in_one_live_link_of_its_side() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(&folder.path().join("pair.db")).unwrap();
    let link = |cliengo: &str, ghl: &str, role| {
        let ids = Ids { cliengo: Some(CliengoId::new(cliengo)), ghl: Some(GhlId::new(ghl)) };
        state.add_link(&NewLink { kind: Kind::Contact, parent: None, ids, run: 1, role })
    };
    let first = link("c1", "g1", Role::Primary).unwrap();
    assert!(link("c1", "g2", Role::Primary).is_err(), "Cliengo's id is taken");
    assert!(link("c2", "g1", Role::Primary).is_err(), "GHL's id is taken");
    assert!(link("c2", "g1", Role::Secondary).is_ok(), "a further contact of the same person");
    state.retire(first).unwrap();
    assert!(link("c1", "g1", Role::Primary).is_ok(), "a link that ended counts no more");
}

// Watches: I47.
#[tokio::test]
async fn a_saved_plan_is_stale_after_a_week() {
    for (days, is_stale) in [(5, false), (8, true)] {
        let (house, people) = linked(3).await;
        edit(&house, &people[0]);
        let saved = house.saved_plan().await;
        house.clock.advance(DAY * days);
        let consent = Consent { saved: Some(saved), ..Consent::default() };
        let done = house.try_night(&consent, CancellationToken::new()).await;
        assert_eq!(matches!(done, Err(RunError::Stale { .. })), is_stale, "{days} days: {done:?}");
        assert_eq!(house.writes().is_empty(), is_stale);
    }
}
