//! A change whose answer is lost is not sent again over what somebody did since. (`semantics` 58)

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use concord::reconcile::Winner;
use concord::record::Side;
use concord::run::OperationOutcome;
use concord::sandbox::{Edit, EditKind, EditOp};
use serde_json::{Value, json};

use crate::house::{House, Person, Plot, held, outcomes};
use crate::proxy::{self, Rewrite};

const OURS: &str = "+5491150007701";
const THEIRS: &str = "+5491150007799";

async fn linked(conflict: Side) -> (House, Person) {
    let settings = format!("[pair.house.contacts]\nconflict = \"{conflict}\"\n");
    let house = House::build(&Plot::extended().with_settings(&settings)).await;
    let person = house.person(1);
    house.good_night().await;
    house.quiet_night().await;
    (house, person)
}

/// The first change of a contact on `side` is done and answered with 502, and then somebody sets `set` there; `blind`: from
/// then on the contact cannot be read.
async fn struck(house: &mut House, side: Side, person: &Person, set: Option<Value>, blind: bool) {
    let (world, contact) = (house.sandbox.world(), person.on(side).to_owned());
    let struck = AtomicBool::new(false);
    let rewrite: Rewrite = Arc::new(move |line: &str, answer: Value| {
        let is_change = ["PUT", "PATCH"].iter().any(|method| line.starts_with(method)) && line.contains(&contact);
        if blind
            && struck.load(Ordering::SeqCst)
            && line
                .split_once(' ')
                .is_some_and(|(_, path)| path.split('?').next().is_some_and(|path| path.ends_with(&contact)))
        {
            return Err((400, json!({ "message": "not now" })));
        }
        if !is_change || struck.swap(true, Ordering::SeqCst) {
            return Ok(answer);
        }
        if let Some(Value::Object(set)) = set.clone() {
            let contact = Some(contact.clone());
            world.edit(&Edit { side, op: EditOp::Update, kind: EditKind::Contact, contact, id: None, set }).unwrap();
        }
        Err((502, json!({ "message": "Bad gateway" })))
    });
    let address = proxy::before(house.urls.of(side), rewrite).await;
    *house.urls.of_mut(side) = address;
}

#[tokio::test]
async fn an_edit_between_a_lost_answer_and_the_next_try_wins() {
    for side in Side::BOTH {
        for conflict in Side::BOTH {
            let (mut house, person) = linked(conflict).await;
            house.change(side.other(), &person, &json!({ "phone": OURS }));
            struck(&mut house, side, &person, Some(json!({ "phone": THEIRS })), false).await;
            let finished = house.night().await;
            assert_eq!(outcomes(&finished), [OperationOutcome::SkippedStale], "{side}, {conflict} wins");
            assert_eq!(house.writes().len(), 1, "it is not sent again");
            assert_eq!(house.row(side, &person)["phone"], THEIRS);
            let next = house.good_night().await;
            // Nobody knows whether they saw what was sent: the value that they replace is named, and theirs stands.
            let named: Vec<Winner> = next.plan.conflicts.iter().map(|conflict| conflict.winner).collect();
            assert_eq!(named, [Winner::from(side)], "{side}, {conflict} wins");
            for side in Side::BOTH {
                assert_eq!(house.row(side, &person)["phone"], THEIRS, "{side}, {conflict} wins");
            }
            house.quiet_night().await;
        }
    }
}

#[tokio::test]
async fn a_change_that_arrived_although_its_answer_was_lost_is_not_sent_again() {
    for side in Side::BOTH {
        let (mut house, person) = linked(Side::Ghl).await;
        house.change(side.other(), &person, &json!({ "phone": OURS }));
        struck(&mut house, side, &person, None, false).await;
        let finished = house.good_night().await;
        assert_eq!(house.writes().len(), 1, "{side}");
        let reason = finished.run.unwrap().outcomes.values().next().unwrap().reason.clone().unwrap();
        assert!(reason.contains("found by reading"), "{reason}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_change_that_did_not_arrive_is_sent_again_in_the_same_run() {
    for side in Side::BOTH {
        let (house, person) = linked(Side::Ghl).await;
        house.change(side.other(), &person, &json!({ "phone": OURS }));
        house.faults(&format!("status=502@{side}:WRITE#..2"));
        house.good_night().await;
        assert_eq!(house.row(side, &person)["phone"], OURS);
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn an_edit_between_a_lost_answer_and_the_next_night_wins() {
    for side in Side::BOTH {
        for conflict in Side::BOTH {
            let (mut house, person) = linked(conflict).await;
            let straight = house.urls.clone();
            house.change(side.other(), &person, &json!({ "phone": OURS }));
            struck(&mut house, side, &person, None, true).await;
            assert_eq!(outcomes(&house.night().await), [OperationOutcome::Unknown], "{side}");
            house.urls = straight;
            house.change(side, &person, &json!({ "phone": THEIRS }));
            let next = house.good_night().await;
            // Nobody knows whether they saw what was sent: the value that they replace is named, and theirs stands.
            let named: Vec<Winner> = next.plan.conflicts.iter().map(|conflict| conflict.winner).collect();
            assert_eq!(named, [Winner::from(side)]);
            for side in Side::BOTH {
                assert_eq!(house.row(side, &person)["phone"], THEIRS, "{side}, {conflict} wins");
            }
            assert_eq!(held(&house.quiet_night().await), []);
        }
    }
}

#[tokio::test]
async fn a_delete_that_arrived_although_its_answer_was_lost_is_not_sent_again() {
    for survivor in Side::BOTH {
        let mut house =
            House::build(&Plot::extended().with_settings("[pair.house.contacts]\non_delete = \"propagate\"\n")).await;
        let person = house.person(1);
        house.person(2);
        house.good_night().await;
        house.quiet_night().await;
        house.remove(survivor.other(), &person);
        let lose = |line: &str, answer: Value| {
            if line.starts_with("DELETE") { Err((502, json!({ "message": "Bad gateway" }))) } else { Ok(answer) }
        };
        let rewrite: Rewrite = Arc::new(lose);
        house.urls = concord::record::Both {
            cliengo: proxy::before(&house.urls.cliengo, rewrite.clone()).await,
            ghl: proxy::before(&house.urls.ghl, rewrite).await,
        };
        let finished = house.night().await;
        assert_eq!(outcomes(&finished), [OperationOutcome::Applied], "{survivor}");
        assert_eq!(house.writes().len(), 1, "{survivor}");
        assert_eq!(house.rows(survivor, "contacts").len(), 1, "{survivor}");
    }
}
