//! Working days that nobody planned: every edit is carried over, and nothing is doubled.

use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp};

use crate::house::{House, Plot, shown};
use crate::story::{Blind, both_sides_tell_the_same, emails};

/// A Cliengo note's deletion is believed the second night only (`semantics` 20).
fn waits_a_night(edit: &Edit) -> bool {
    let is_looked_at_twice = edit.kind == EditKind::Task || edit.kind == EditKind::Note && edit.side == Side::Cliengo;
    edit.op == EditOp::Delete && is_looked_at_twice
}

/// Whether the documented Cliengo can follow.
fn can_be_followed(edit: &Edit) -> bool {
    let to_cliengo = edit.side == Side::Ghl;
    match edit.kind {
        EditKind::Task => false,
        EditKind::Note => !(to_cliengo && edit.op != EditOp::Create),
        EditKind::Contact | EditKind::Tag => true,
    }
}

async fn working_days(plot: Plot, seed: u64, legacy: bool) {
    let lagging = !plot.lag.is_zero();
    let house = House::build(&plot.with_people(60)).await;
    house.good_night().await;
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..4 {
        let edits = house.sandbox.world().random_edits(15, &mut rng).unwrap();
        let planned = house.dry_run().await;
        // Under a contact that no search shows yet, a removed task waits until one does.
        let sure = |edit: &&Edit| !lagging && !waits_a_night(edit) && (!legacy || can_be_followed(edit));
        for edit in edits.iter().filter(sure) {
            let id = edit.id.as_deref().or(edit.contact.as_deref());
            let concerned = planned.plan.operations.iter().any(|operation| {
                let ids = [&operation.ids, &operation.parent];
                ids.iter().any(|ids| ids.of(edit.side) == id || ids.of(edit.side) == edit.contact.as_deref())
            });
            assert!(concerned, "seed {seed}: nothing is planned for {edit:?} in {:#?}", shown(&planned));
        }
        house.good_night().await;
        if lagging || edits.iter().any(waits_a_night) {
            house.good_night().await;
        }
        if lagging {
            house.good_night().await;
        }
        house.quiet_night().await;
    }
    if !legacy {
        both_sides_tell_the_same(&house, Blind::default());
    }
    for side in Side::BOTH {
        let doubled = emails(&house, side).into_iter().filter(|(_, count)| *count > 1).count();
        assert!(doubled <= usize::from(side == Side::Cliengo), "{side}: somebody is there twice");
    }
}

// Watches: I2, I5, incident 36.
#[tokio::test]
async fn every_random_edit_is_planned_applied_and_then_quiet() {
    for seed in 1..3 {
        working_days(Plot::extended(), seed, false).await;
    }
}

#[tokio::test]
async fn every_random_edit_that_the_documented_cliengo_can_follow_is_applied() {
    for seed in 1..3 {
        working_days(Plot::legacy(), seed, true).await;
    }
}

// Watches: I6, I32, I42, incident 21.
#[tokio::test]
async fn random_edits_are_neither_turned_back_nor_doubled_where_searches_lag_a_day_behind() {
    let lag = std::time::Duration::from_hours(30);
    for seed in 4..6 {
        working_days(Plot { lag, ..Plot::extended() }, seed, false).await;
    }
}

#[tokio::test]
async fn working_days_go_one_way_where_the_pair_says_so() {
    let off = |kind: &str| format!("[pair.house.{kind}]\ndirection = \"to_ghl\"\n");
    let settings = off("contacts") + &off("tasks") + &off("notes");
    let house = House::build(&Plot::extended().with_people(60).with_settings(&settings)).await;
    house.good_night().await;
    let mut rng = fastrand::Rng::with_seed(11);
    for _ in 0..3 {
        house.sandbox.world().random_edits(15, &mut rng).unwrap();
        for _ in 0..2 {
            house.good_night().await;
            assert!(house.writes().iter().all(|write| write.side == Side::Ghl), "{:#?}", house.sent());
        }
        house.quiet_night().await;
    }
}
