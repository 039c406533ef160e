//! Answers that say little: an id alone, `{"ok":true}`, nothing at all, a refusal without a name. (`semantics` 31)

use concord::record::Side;
use concord::run::OperationOutcome;
use concord::sandbox::{EditOp, Fault, FaultRule, Faults, Stated, When};
use serde_json::json;

use crate::house::{House, Person, Plot, outcomes};

fn account(switches: &str) -> Plot {
    Plot { account: switches.parse().unwrap(), ..Plot::extended() }
}

#[tokio::test]
async fn a_change_that_is_answered_with_next_to_nothing_is_done_and_settled() {
    for answer in ["ok", "no-content"] {
        let house = House::build(&account(&format!("[cliengo]\npatch_answer = \"{answer}\"\n"))).await;
        let person = house.person(1);
        house.good_night().await;
        house.change(Side::Ghl, &person, &json!({ "phone": "+5491155550001", "firstName": "Otra" }));
        let finished = house.good_night().await;
        assert_eq!(house.writes().len(), 1, "{answer}");
        assert!(finished.run.unwrap().outcomes.values().all(|ended| ended.reason.is_none()), "{answer}");
        assert_eq!(house.row(Side::Cliengo, &person)["phone"], "+5491155550001");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_change_in_ghl_that_is_answered_with_next_to_nothing_is_done_and_settled() {
    for body in [r#"{"succeded":true}"#, "", r#"{"ok":true}"#, r#"{"id":"x"}"#] {
        let mut house = House::build(&Plot::extended()).await;
        house.strict = false;
        let person = house.person(1);
        house.good_night().await;
        house.change(Side::Cliengo, &person, &json!({ "phone": "+5491155550001" }));
        let stated = Stated { body: body.to_owned(), after_work: true, ..Stated::json(200, &json!({})) };
        house.sandbox.set_faults(Faults::rules(vec![FaultRule {
            side: Some(Side::Ghl),
            method: Some("PUT".to_owned()),
            path_contains: None,
            when: When::Always,
            fault: Fault::Answer(stated),
        }]));
        house.good_night().await;
        assert_eq!(
            (house.writes().len(), house.row(Side::Ghl, &person)["phone"].clone()),
            (1, json!("+5491155550001"))
        );
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_value_that_was_not_kept_is_noticed_behind_an_answer_that_shows_nothing() {
    let house = House::build(&account("[cliengo]\npatch_answer = \"ok\"\n")).await;
    let person = house.person(1);
    house.good_night().await;
    house.change(Side::Ghl, &person, &json!({ "phone": "+5491155550001" }));
    house.faults("ignore-field=phone@cliengo:WRITE*");
    let finished = house.night().await;
    let reasons: Vec<_> = finished.run.unwrap().outcomes.into_values().filter_map(|ended| ended.reason).collect();
    assert_eq!(reasons, ["stored differently than sent: phone"]);
    house.faults("");
    house.quiet_night().await;
    assert_eq!(house.row(Side::Ghl, &person)["phone"], "+5491155550001", "it goes back over nothing");
}

#[tokio::test]
async fn a_create_is_understood_however_it_is_answered() {
    for answer in ["whole", "whole-bare", "id", "id-bare"] {
        let mut house = House::build(&account(&format!("[ghl]\ncreate_answer = \"{answer}\"\n"))).await;
        house.strict = false;
        house.person(1);
        house.good_night().await;
        let made = house.contact(Side::Cliengo, &json!({ "name": "Nidia Arce", "email": "nidia@example.com" }));
        let there = Person { cliengo: made, ghl: String::new() };
        house.note(Side::Cliengo, &there, "Pidió precio");
        house.task(Side::Cliengo, &there, "Llamar");
        house.tag(Side::Cliengo, EditOp::Create, &there, "nueva");
        let run = house.good_night().await.run.unwrap().id;
        let sizes = ["contacts", "notes", "tasks"].map(|kinds| house.rows(Side::Ghl, kinds).len());
        assert_eq!(sizes, [2, 1, 1], "{answer}");
        house.quiet_night().await;
        // It is known as the run's own.
        house.undo(run).await;
        assert_eq!(house.rows(Side::Ghl, "contacts").len(), 1, "{answer}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_refused_duplicate_ends_in_a_link_or_waits_and_is_not_tried_for_ever() {
    for refusal in ["refused", "refused-without-field", "unprocessable", "allowed", "unique-email", "unique-phone"] {
        for key in ["email", "phone"] {
            let mut house = House::build(&account(&format!("[ghl]\nduplicate = \"{refusal}\"\n"))).await;
            house.strict = false;
            house.person(1);
            house.good_night().await;
            let set = json!({ "name": "Nidia Arce", "email": "nidia@example.com", "phone": "+5491150009911" });
            house.contact(Side::Cliengo, &set);
            // Whom GHL has, and shows neither in its search nor as a duplicate.
            let value = set[key].clone();
            house.contact(Side::Ghl, &json!({ "firstName": "Nidia", key: value }));
            house.faults("lag=9000000");
            let mut sent = 0;
            for _ in 0..12 {
                house.night().await;
                sent += house.writes().iter().filter(|write| write.side == Side::Ghl).count();
            }
            assert!(sent <= 4, "{refusal} by {key}: sent {sent} times");
            assert_eq!(house.rows(Side::Ghl, "contacts").len(), 2, "{refusal} by {key}");
            house.faults("");
            let finished = house.night().await;
            assert!(
                outcomes(&finished).iter().all(|outcome| *outcome == OperationOutcome::Applied),
                "{refusal} by {key}"
            );
        }
    }
}
