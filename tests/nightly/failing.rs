//! A run that fails in the middle tells what it did; a damaged state is never overwritten.

use concord::reconcile::Mode;
use concord::record::{Kind, Side};
use concord::run::{Consent, OperationOutcome, RunError};
use concord::state::StateError;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, outcomes};
use crate::mortal::Fate;
use crate::story::outlines;

async fn linked() -> (House, Vec<Person>) {
    let mut house = House::build(&Plot::extended()).await;
    house.abreast = 1;
    let people: Vec<Person> = (1..=6).map(|number| house.person(number)).collect();
    house.good_night().await;
    house.good_night().await;
    (house, people)
}

/// The report of a run whose state can no longer be written, from some moment on while it applies.
// Watches: I36, I49.
#[tokio::test]
async fn a_run_whose_state_fails_sends_nothing_more_and_reports_what_it_did() {
    let mut seen = 0;
    for moment in 8..40 {
        let (house, people) = linked().await;
        for (number, person) in people.iter().enumerate() {
            house.change(Side::Cliengo, person, &json!({ "name": format!("Otra {number}") }));
        }
        let Ok(finished) = house.mortal_night(&Fate::at(moment)).await else { continue };
        let Some(why) = finished.failure() else { continue };
        seen += 1;
        assert!(!why.is_empty());
        let ended = outcomes(&finished);
        let applied = ended.iter().filter(|ended| **ended == OperationOutcome::Applied).count();
        assert!(house.writes().len() <= applied + 1, "moment {moment}: {ended:?} {:?}", house.sent());
        let told: Value = serde_json::to_value(concord::report::json(&finished)).unwrap();
        let sum: u64 = told["run"]["outcomes"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        assert_eq!(sum, finished.plan.operations.len() as u64);
        assert_eq!(told["run"]["error"], why);
        assert!(
            concord::report::verdict(&finished, &concord::report::Audience::plain()).starts_with("The run failed: ")
        );
    }
    assert!(seen > 10, "{seen} runs failed while they applied");
}

/// What happens to the bytes of a file.
type Damage = fn(Vec<u8>) -> Vec<u8>;

fn damages() -> [(&'static str, Damage); 4] {
    [
        ("cut off", |bytes| bytes[..bytes.len() / 2].to_vec()),
        ("overwritten in the middle", |mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle..middle + 20_000].fill(0);
            bytes
        }),
        ("something else", |_| b"name,email\nAna,ana@example.com\n".repeat(500)),
        ("without its beginning", |bytes| bytes[100..].to_vec()),
    ]
}

#[tokio::test]
async fn a_damaged_state_stops_the_run_and_a_rebuild_sets_it_aside() {
    for (name, damage) in damages() {
        let (mut house, people) = linked().await;
        house.remove(Side::Cliengo, &people[0]);
        let told = outlines(&house);
        let path = house.state_path();
        let damaged = damage(std::fs::read(&path).unwrap());
        std::fs::write(&path, &damaged).unwrap();
        for dry in [true, false] {
            let failed = if dry {
                house.try_dry_run().await
            } else {
                house.try_night(&Consent::default(), CancellationToken::new()).await
            };
            let is_damaged = matches!(failed, Err(RunError::State(StateError::Damaged { .. })));
            assert!(is_damaged, "{name}: {:?}", failed.map(|finished| finished.plan.operations));
        }
        assert_eq!(std::fs::read(&path).unwrap(), damaged, "{name}: left as it is");
        house.mode = Mode::Rebuild;
        let asked = house.night().await;
        assert!(asked.is_refused(), "{name}");
        assert_eq!(std::fs::read(&path).unwrap(), damaged, "{name}: only the approval moves it");
        let approve = Some(asked.plan.id());
        let consent = Consent { approve, ..Consent::default() };
        let rebuilt = house.try_night(&consent, CancellationToken::new()).await.unwrap();
        assert!(!rebuilt.is_refused(), "{name}");
        let kept = house.files().into_iter().find(|(file, _)| file.contains(".aside-")).unwrap();
        assert_eq!(kept.1, damaged, "{name}: kept under {}", kept.0);
        assert_eq!(outlines(&house)[1], told[1], "{name}: GHL lost nobody");
        house.mode = Mode::Incremental;
        house.good_night().await;
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn an_unfinished_rebuild_that_is_damaged_is_begun_anew() {
    let (mut house, _) = linked().await;
    let unfinished = house.folder().join("house.rebuild.db");
    std::fs::write(&unfinished, "no database").unwrap();
    house.mode = Mode::Rebuild;
    let planned = house.dry_run().await;
    assert_eq!(planned.plan.summary().ghl.contact.create, 0);
    let consent = Consent { approve: Some(planned.plan.id()), ..Consent::default() };
    let rebuilt = house.try_night(&consent, CancellationToken::new()).await.unwrap();
    assert!(!rebuilt.is_refused());
    let files = house.files();
    assert!(files.iter().any(|(name, bytes)| name.contains("rebuild.db.aside-") && bytes == b"no database"));
    house.mode = Mode::Incremental;
    house.quiet_night().await;
    assert_eq!(house.rows(Side::Ghl, &format!("{}s", Kind::Contact)).len(), 6);
}
