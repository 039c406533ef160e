//! A refusal is a refusal, whatever its status: what a 2xx does not do is not taken for done. (`semantics` 51, 57)

use concord::record::Side;
use concord::sandbox::{EditKind, EditOp, Fault, FaultRule, Faults, Stated, When};
use serde_json::{Value, json};

use crate::house::{House, Person, Plot};

/// Answers of a 2xx that did nothing: three that say so, and two that say nothing.
fn refusals() -> Vec<Value> {
    vec![
        json!({ "error": "limit reached" }),
        json!({ "succeded": false, "succeeded": false }),
        json!({ "status": "error" }),
        json!({ "message": "limit reached" }),
        json!({ "ok": true }),
    ]
}

async fn linked(people: u32, settings: &str) -> (House, Person) {
    let mut house = House::build(&Plot::extended().with_settings(settings)).await;
    house.strict = false;
    let person = house.person(1);
    for number in 2..=people {
        house.person(number);
    }
    house.good_night().await;
    (house, person)
}

/// Every matching write is answered so, with nothing done.
fn answer(house: &House, side: Side, method: &str, path: &str, body: &Value) {
    house.sandbox.set_faults(Faults::rules(vec![FaultRule {
        side: Some(side),
        method: Some(method.to_owned()),
        path_contains: Some(path.to_owned()),
        when: When::Always,
        fault: Fault::Answer(Stated::json(200, body)),
    }]));
}

#[tokio::test]
async fn a_tag_that_a_2xx_did_not_store_stays_where_a_person_put_it() {
    for body in refusals() {
        for target in Side::BOTH {
            let (house, person) = linked(2, "").await;
            house.tag(target.other(), EditOp::Create, &person, "vip");
            answer(&house, target, "POST", "/tags", &body);
            let told = house.night().await;
            let is_said = told.run.iter().flat_map(|run| run.outcomes.values()).any(|ended| ended.reason.is_some());
            assert!(is_said, "{target}, {body}: {:?}", told.run);
            house.faults("");
            house.night().await;
            house.night().await;
            let tags = house.row(target.other(), &person)["tags"].to_string();
            assert!(tags.contains("vip"), "{target}, {body}: {tags}");
        }
    }
}

#[tokio::test]
async fn a_contact_that_a_2xx_did_not_remove_is_said_and_removed_later() {
    for body in refusals().into_iter().take(4) {
        for target in Side::BOTH {
            let (house, person) = linked(12, "[pair.house.contacts]\non_delete = \"propagate\"\n").await;
            house.remove(target.other(), &person);
            answer(&house, target, "DELETE", "/contacts/", &body);
            let told = house.night().await;
            assert!(told.needs_a_person(), "{target}, {body}: {:?}", told.run);
            house.faults("");
            house.night().await;
            house.night().await;
            assert_eq!(house.rows(target, "contacts").len(), 11, "{target}, {body}");
        }
    }
}

#[tokio::test]
async fn an_edit_that_a_2xx_did_not_store_is_said_and_sent_again() {
    for body in refusals().into_iter().take(4) {
        for target in Side::BOTH {
            let (house, person) = linked(2, "").await;
            house.change(target.other(), &person, &json!({ "phone": "+5491140009999" }));
            let note = house.note(target.other(), &person, "uno");
            house.good_night().await;
            house.edit_child(
                target.other(),
                EditKind::Note,
                &person,
                &note,
                &json!({ "body": "dos", "message": "dos" }),
            );
            house.change(target.other(), &person, &json!({ "phone": "+5491140008888" }));
            answer(&house, target, if target == Side::Ghl { "PUT" } else { "PATCH" }, "/contacts/", &body);
            let told = house.night().await;
            assert!(told.needs_a_person(), "{target}, {body}");
            house.faults("");
            house.night().await;
            house.night().await;
            assert!(house.row(target, &person)["phone"].to_string().contains("40008888"), "{target}, {body}");
        }
    }
}
