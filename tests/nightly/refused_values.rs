//! A value that a CRM refuses costs that value, and nothing else of its record.

use concord::record::Side;
use concord::sandbox::{Fault, FaultRule, Faults, Stated, When};
use serde_json::json;

use crate::house::{House, Plot};

fn refuses(method: &str, message: &str) -> Faults {
    let answer =
        Stated::json(422, &json!({ "message": [message], "error": "Unprocessable Entity", "statusCode": 422 }));
    let rule = FaultRule {
        fault: Fault::Answer(answer),
        side: Some(Side::Ghl),
        method: Some(method.to_owned()),
        path_contains: Some("/contacts/".to_owned()),
        when: When::Nth(1),
    };
    Faults::rules(vec![rule])
}

#[tokio::test]
async fn a_field_that_is_refused_by_name_is_left_out_and_the_rest_is_sent_once_more() {
    let house = House::build(&Plot::extended()).await;
    let person = house.person(1);
    house.good_night().await;
    house.sandbox.set_faults(refuses("PUT", "email must be an email"));
    house.change(Side::Cliengo, &person, &json!({ "email": "rara@example.com", "phone": "+5491155550000" }));
    let finished = house.good_night().await;
    let row = house.row(Side::Ghl, &person);
    assert_eq!((&row["phone"], &row["email"]), (&json!("+5491155550000"), &json!("persona1@example.com")));
    let reasons: Vec<_> =
        finished.run.iter().flat_map(|run| run.outcomes.values()).map(|ended| &ended.reason).collect();
    assert!(reasons[0].as_ref().unwrap().contains("without its email, which GHL refused"), "{reasons:?}");
    for _ in 0..3 {
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn values_that_three_people_pass_on_in_a_ring_are_settled_in_one_night() {
    let house = House::build(&Plot::extended()).await;
    let people: Vec<_> = (1..=3).map(|number| house.person(number)).collect();
    house.good_night().await;
    let phones: Vec<_> = people.iter().map(|person| house.row(Side::Ghl, person)["phone"].clone()).collect();
    for (at, person) in people.iter().enumerate() {
        house.change(Side::Cliengo, person, &json!({ "phone": phones[(at + 1) % 3] }));
    }
    house.good_night().await;
    for (at, person) in people.iter().enumerate() {
        assert_eq!(house.row(Side::Ghl, person)["phone"], phones[(at + 1) % 3]);
    }
    house.quiet_night().await;
}
