//! A state that was written under earlier rules keeps its links; who would wait today is said once. (`semantics` 36 to 38)

use concord::reconcile::HeldReason;
use concord::record::{Field, Kind, Side, SideId, Value};
use concord::state::State;
use serde_json::json;

use crate::house::{House, Plot, held};

/// A line that two people share, whom an earlier version linked by it.
async fn linked_by_a_shared_line() -> (House, String, String) {
    let house = House::build(&Plot::extended()).await;
    let phone = "+541143210500";
    let cliengo = house.contact(Side::Cliengo, &json!({ "name": "Laura Benítez", "phone": phone }));
    let ghl = house.contact(Side::Ghl, &json!({ "firstName": "Laura", "lastName": "Benítez", "phone": phone }));
    house.person(2);
    house.good_night().await;
    // As if Cliengo's half had had another name all along.
    let state = State::open(&house.state_path()).unwrap();
    let link = state.link_of(Kind::Contact, &SideId::new(Side::Cliengo, cliengo.as_str())).unwrap().unwrap().id;
    let half = state.base(link, Side::Cliengo).unwrap().unwrap().record;
    state.rewrite(link, Side::Cliengo, &half.with(Field::Name, Value::name("Marcos Ruiz", ""))).unwrap();
    drop(state);
    house.edit_state(&["DELETE FROM unsupported WHERE what LIKE 'pair:match_rules%'"]);
    (house, cliengo, ghl)
}

#[tokio::test]
async fn a_link_that_would_wait_today_stays_and_is_named_in_one_run_alone() {
    let (house, cliengo, ghl) = linked_by_a_shared_line().await;
    let finished = house.night().await;
    assert_eq!(held(&finished), [HeldReason::LinkedBefore]);
    assert!(finished.plan.operations.is_empty() && house.writes().is_empty(), "{:?}", house.sent());
    let said = &finished.plan.held[0];
    assert_eq!((said.ids.of(Side::Cliengo), said.ids.of(Side::Ghl)), (Some(cliengo.as_str()), Some(ghl.as_str())));
    let command = format!("concord links remove {cliengo} {ghl} --pair house");
    assert!(said.detail.contains("Marcos Ruiz") && said.detail.contains(&command), "{}", said.detail);
    assert!(finished.needs_a_person());
    for _ in 0..2 {
        let next = house.quiet_night().await;
        assert!(held(&next).is_empty() && !next.needs_a_person());
    }
    // They are one to the program still: an edit goes over.
    house.edit(
        Side::Ghl,
        concord::sandbox::EditOp::Update,
        concord::sandbox::EditKind::Contact,
        Some(&ghl),
        None,
        &json!({ "phone": "+541143210501" }),
    );
    house.good_night().await;
    assert!(house.rows(Side::Cliengo, "contacts").iter().any(|row| row["phone"] == "+541143210501"));
}

#[tokio::test]
async fn a_dry_run_names_it_and_leaves_it_to_the_run() {
    let (house, ..) = linked_by_a_shared_line().await;
    for _ in 0..2 {
        assert_eq!(held(&house.dry_run().await), [HeldReason::LinkedBefore]);
    }
    assert_eq!(held(&house.night().await), [HeldReason::LinkedBefore]);
}

#[tokio::test]
async fn links_of_todays_rules_are_never_doubted() {
    let house = House::build(&Plot::extended()).await;
    house.person(1);
    house.contact(Side::Cliengo, &json!({ "name": "Laura", "phone": "011 15 5010-7777" }));
    house.contact(Side::Ghl, &json!({ "firstName": "Laura", "phone": "+5491150107777" }));
    house.good_night().await;
    house.edit_state(&["DELETE FROM unsupported WHERE what LIKE 'pair:match_rules%'"]);
    assert!(held(&house.quiet_night().await).is_empty());
}
