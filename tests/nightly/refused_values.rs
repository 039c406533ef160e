//! A value that a CRM refuses costs that value, and nothing else of its record.

use concord::reconcile::Mode;
use concord::record::Side;
use concord::run::{Finished, OperationOutcome};
use concord::sandbox::{EditKind, EditOp, Fault, FaultRule, Faults, Stated, When};
use serde_json::{Value, json};

use crate::house::{House, Plot, outcomes};

fn refuses(method: &str, message: &str) -> Faults {
    let said = json!({ "message": [message], "error": "Unprocessable Entity", "statusCode": 422 });
    answers(Side::Ghl, method, 422, &said, 1)
}

/// The so manieth such request about contacts is answered so.
fn answers(side: Side, method: &str, status: u16, body: &Value, nth: u64) -> Faults {
    let rule = FaultRule {
        fault: Fault::Answer(Stated::json(status, body)),
        side: Some(side),
        method: Some(method.to_owned()),
        path_contains: Some("/contacts".to_owned()),
        when: When::Nth(nth),
    };
    Faults::rules(vec![rule])
}

fn reasons(finished: &Finished) -> Vec<String> {
    let ended = finished.run.iter().flat_map(|run| run.outcomes.values());
    ended.filter_map(|ended| ended.reason.clone()).collect()
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

#[tokio::test]
async fn a_refusal_that_does_not_name_who_has_the_value_is_settled_as_one_that_does() {
    let account = "[ghl]\nduplicate = \"unprocessable\"\n".parse().unwrap();
    let house = House::build(&Plot { account, ..Plot::extended() }).await;
    let people: Vec<_> = (1..=2).map(|number| house.person(number)).collect();
    house.good_night().await;
    let [ana, pedro] = [0, 1].map(|at| house.row(Side::Ghl, &people[at]));
    for (person, other) in people.iter().zip([&pedro, &ana]) {
        house.change(Side::Cliengo, person, &json!({ "email": other["email"], "phone": other["phone"] }));
    }
    house.good_night().await;
    let [now_ana, now_pedro] = [0, 1].map(|at| house.row(Side::Ghl, &people[at]));
    assert_eq!((&now_ana["email"], &now_ana["phone"]), (&pedro["email"], &pedro["phone"]));
    assert_eq!((&now_pedro["email"], &now_pedro["phone"]), (&ana["email"], &ana["phone"]));
    for _ in 0..3 {
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_phone_that_another_contact_keeps_costs_the_phone_and_the_name_goes_over() {
    let house = House::build(&Plot::extended()).await;
    let (ana, pedro) = (house.person(1), house.person(2));
    house.good_night().await;
    let before = house.row(Side::Ghl, &ana)["phone"].clone();
    let phone = house.row(Side::Ghl, &pedro)["phone"].clone();
    house.change(Side::Cliengo, &ana, &json!({ "name": "Ana Lima Paz", "phone": phone }));
    let finished = house.good_night().await;
    let row = house.row(Side::Ghl, &ana);
    assert_eq!((&row["firstName"], &row["phone"]), (&json!("Ana"), &before), "{:?}", house.sent());
    assert_eq!(house.sent().len(), 2, "{:?}", house.sent());
    assert!(reasons(&finished)[0].contains("without its phone, which GHL refused"), "{:?}", reasons(&finished));
    for _ in 0..3 {
        house.quiet_night().await;
    }
}

/// What the report says that a side cannot, in words.
fn said(finished: &Finished) -> Vec<&str> {
    finished.plan.unsupported.iter().map(|one| one.detail.as_str()).collect()
}

#[tokio::test]
async fn what_goes_over_without_a_refused_value_says_in_the_report_which_once() {
    let house = House::build(&Plot::extended()).await;
    let (ana, pedro) = (house.person(1), house.person(2));
    house.good_night().await;
    let phone = house.row(Side::Ghl, &pedro)["phone"].clone();
    house.change(Side::Cliengo, &ana, &json!({ "email": "nueva@example.com", "phone": phone }));
    let finished = house.good_night().await;
    assert_eq!(house.row(Side::Ghl, &ana)["email"], "nueva@example.com");
    let [once] = said(&finished)[..] else { panic!("{:?}", said(&finished)) };
    assert!(
        once.starts_with("GHL refused its phone, and it is not sent again until it changes, or with --full"),
        "{once}"
    );
    let finished = house.quiet_night().await;
    assert!(said(&finished).is_empty(), "{:?}", said(&finished));
}

#[tokio::test]
async fn of_a_refusal_that_names_no_field_the_value_that_nobody_has_goes_over() {
    let account = "[ghl]\nduplicate = \"refused-without-field\"\n".parse().unwrap();
    let house = House::build(&Plot { account, ..Plot::extended() }).await;
    let (ana, pedro) = (house.person(1), house.person(2));
    house.good_night().await;
    let before = house.row(Side::Ghl, &ana)["phone"].clone();
    let phone = house.row(Side::Ghl, &pedro)["phone"].clone();
    house.change(Side::Cliengo, &ana, &json!({ "email": "nueva@example.com", "phone": phone }));
    let finished = house.good_night().await;
    let row = house.row(Side::Ghl, &ana);
    assert_eq!((&row["email"], &row["phone"]), (&json!("nueva@example.com"), &before), "{:?}", reasons(&finished));
    assert_eq!(house.sent().len(), 2, "{:?}", house.sent());
    for _ in 0..3 {
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_phone_whose_holder_could_not_be_changed_tonight_goes_over_with_the_next_night() {
    let house = House::build(&Plot::extended()).await;
    let (ana, pedro) = (house.person(1), house.person(2));
    house.good_night().await;
    let phone = house.row(Side::Ghl, &pedro)["phone"].clone();
    house.change(Side::Cliengo, &ana, &json!({ "phone": phone }));
    house.change(Side::Cliengo, &pedro, &json!({ "phone": "+5491155550009" }));
    house.faults(&format!("status=400@ghl:PUT:/contacts/{}*", pedro.ghl));
    house.night().await;
    house.faults("");
    for _ in 0..2 {
        house.night().await;
    }
    assert_eq!(house.row(Side::Ghl, &ana)["phone"], phone);
    assert_eq!(house.row(Side::Ghl, &pedro)["phone"], "+5491155550009");
    house.quiet_night().await;
}

#[tokio::test]
async fn two_who_exchange_email_and_phone_are_settled_in_one_night_and_it_is_said() {
    let house = House::build(&Plot::extended()).await;
    let people = [house.person(1), house.person(2)];
    house.good_night().await;
    let rows: Vec<Value> = people.iter().map(|person| house.row(Side::Ghl, person)).collect();
    let keys = |row: &Value| (row["email"].clone(), row["phone"].clone());
    for (person, theirs) in people.iter().zip(rows.iter().rev()) {
        house.change(Side::Cliengo, person, &json!({ "email": theirs["email"], "phone": theirs["phone"] }));
    }
    let finished = house.good_night().await;
    for (person, theirs) in people.iter().zip(rows.iter().rev()) {
        assert_eq!(keys(&house.row(Side::Ghl, person)), keys(theirs), "{:?}", house.sent());
    }
    assert_eq!(outcomes(&finished), [OperationOutcome::Applied; 2]);
    let said = reasons(&finished);
    assert!(
        said.iter().any(|reason| reason.contains("emptied first, as two contacts exchange values: email, phone")),
        "{said:?}"
    );
    house.quiet_night().await;
}

#[tokio::test]
async fn a_field_is_known_by_its_name_however_the_refusal_is_put() {
    for (side, method, body) in [
        (Side::Cliengo, "PATCH", json!({ "errors": [{ "field": "email", "message": "bad" }] })),
        (Side::Cliengo, "PATCH", json!({ "error": { "email": ["invalid"] } })),
        (
            Side::Cliengo,
            "PATCH",
            json!({ "message": "Validation failed", "errors": [{ "path": ["email"], "msg": "no" }] }),
        ),
        (Side::Cliengo, "PATCH", json!({ "code": "X", "error": "INVALID_EMAIL" })),
        (Side::Ghl, "PUT", json!({ "statusCode": 400, "message": "The number passed is not valid" })),
        (Side::Ghl, "PUT", json!({ "statusCode": 400, "message": "phoneNumber is not valid" })),
    ] {
        let house = House::build(&Plot::extended()).await;
        let person = house.person(1);
        house.good_night().await;
        house.sandbox.set_faults(answers(side, method, 400, &body, 1));
        let [email, phone] = ["rara@example.com", "+5491155550000"];
        house.change(side.other(), &person, &json!({ "email": email, "phone": phone }));
        let finished = house.good_night().await;
        let row = house.row(side, &person);
        match side {
            Side::Cliengo => {
                assert_eq!((&row["email"], &row["phone"]), (&json!("persona1@example.com"), &json!(phone)), "{body}");
            }
            Side::Ghl => {
                assert_eq!((&row["email"], &row["phone"]), (&json!(email), &json!("+5491140000001")), "{body}");
            }
        }
        assert!(reasons(&finished)[0].contains("refused"), "{:?}", reasons(&finished));
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_new_contact_whose_field_is_refused_with_422_is_made_without_it_in_the_next_night() {
    let house = House::build(&Plot::extended()).await;
    let _ = house.person(1);
    house.good_night().await;
    house.quiet_night().await;
    let asked = house.sandbox.requests();
    let searches = asked.iter().filter(|asked| asked.method == "POST" && asked.path.contains("/contacts")).count();
    let searches = u64::try_from(searches).unwrap();
    let luz = json!({ "name": "Luz Gil", "email": "luz@example.com", "phone": "+5491155557777" });
    house.contact(Side::Cliengo, &luz);
    let said = json!({ "message": ["phone must be a valid phone number"], "statusCode": 422 });
    house.sandbox.set_faults(answers(Side::Ghl, "POST", 422, &said, searches + 1));
    let finished = house.night().await;
    assert_eq!(outcomes(&finished), [OperationOutcome::Unknown]);
    house.faults("");
    let finished = house.good_night().await;
    assert!(reasons(&finished)[0].contains("without its phone, which GHL refused"), "{:?}", reasons(&finished));
    let made = house.rows(Side::Ghl, "contacts").into_iter().find(|row| row["email"] == "luz@example.com").unwrap();
    assert_eq!((&made["firstName"], made["phone"].as_str()), (&json!("Luz"), None), "{:?}", house.sent());
    for _ in 0..2 {
        house.quiet_night().await;
    }
    assert_eq!(house.rows(Side::Ghl, "contacts").len(), 2);
}

#[tokio::test]
async fn a_refused_value_that_is_the_only_news_is_said_once_and_sent_again_with_full_alone() {
    let mut house = House::build(&Plot::extended().with_settings("[pair.house.contacts]\nconflict = \"ghl\"\n")).await;
    house.strict = false;
    let person = house.person(1);
    house.good_night().await;
    house.sandbox.set_faults(refuses("PUT", "phone must be a valid phone number"));
    house.change(Side::Cliengo, &person, &json!({ "phone": "+5491177001234" }));
    let finished = house.night().await;
    assert_eq!(outcomes(&finished), vec![OperationOutcome::Refused]);
    assert!(reasons(&finished)[0].contains("it is not sent again until it changes"), "{:?}", reasons(&finished));
    house.faults("");
    for _ in 0..2 {
        house.quiet_night().await;
    }
    house.mode = Mode::Full;
    house.good_night().await;
    for side in Side::BOTH {
        assert_eq!(house.row(side, &person)["phone"], "+5491177001234");
    }
}

#[tokio::test]
async fn of_two_who_take_one_phone_the_second_goes_without_it() {
    let mut house = House::build(&Plot::extended()).await;
    house.strict = false;
    let people = [house.person(1), house.person(2)];
    house.good_night().await;
    for person in &people {
        house.change(Side::Cliengo, person, &json!({ "phone": "+5491177001234" }));
    }
    house.night().await;
    house.quiet_night().await;
    let phones = people.iter().filter(|person| house.row(Side::Ghl, person)["phone"] == "+5491177001234");
    assert_eq!(phones.count(), 1);
}

#[tokio::test]
async fn a_tasks_text_that_is_refused_by_name_costs_the_text_alone() {
    let mut house = House::build(&Plot::extended()).await;
    house.strict = false;
    let person = house.person(1);
    house.good_night().await;
    let said = json!({ "message": ["body must be shorter than or equal to 65535 characters"], "statusCode": 422 });
    let rule = FaultRule {
        fault: Fault::Answer(Stated::json(422, &said)),
        side: Some(Side::Ghl),
        method: Some("POST".to_owned()),
        path_contains: Some(format!("/contacts/{}/tasks", person.ghl)),
        when: When::Nth(1),
    };
    house.sandbox.set_faults(Faults::rules(vec![rule]));
    let set = json!({ "title": "Llamar", "description": "largo", "dueDate": "2027-01-20T10:00:00.000Z" });
    house.edit(Side::Cliengo, EditOp::Create, EditKind::Task, Some(&person.cliengo), None, &set);
    let finished = house.night().await;
    assert!(reasons(&finished)[0].contains("without its body"), "{:?}", reasons(&finished));
    let tasks = house.rows(Side::Ghl, "tasks");
    assert_eq!((tasks.len(), &tasks[0]["title"]), (1, &json!("Llamar")));
    house.quiet_night().await;
}
