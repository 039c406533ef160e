//! Copies of the state before a large run, and the way back to one.

use std::path::PathBuf;

use concord::record::{Action, Side};
use serde_json::json;

use crate::house::{House, Plot, shown};
use crate::story::{Blind, both_sides_tell_the_same, outlines};

fn copies(house: &House) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(house.folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut copies: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().contains(".db.backup-")).collect();
    copies.sort();
    copies
}

#[tokio::test]
async fn a_state_restored_from_the_copy_before_a_large_run_plans_no_deletes_and_no_doubles() {
    let house = House::build(&Plot::extended()).await;
    let people: Vec<_> = (1..=30).map(|number| house.person(number)).collect();
    house.good_night().await;
    house.quiet_night().await;
    assert_eq!(copies(&house), [] as [PathBuf; 0], "neither a first sync nor a quiet night needs a copy");
    for person in &people {
        house.note(Side::Ghl, person, "Pidió precio");
    }
    for (number, person) in people[0..5].iter().enumerate() {
        house.change(Side::Cliengo, person, &json!({ "phone": format!("+549115555777{number}") }));
        house.task(Side::Cliengo, person, "Enviar presupuesto");
    }
    house.contact(Side::Ghl, &json!({ "firstName": "Lara", "email": "lara@example.com" }));
    house.good_night().await;
    let copies = copies(&house);
    assert_eq!(copies.len(), 1);
    let told = outlines(&house);

    // As docs/OPERATIONS.md says.
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", house.state_path().display()));
    }
    std::fs::copy(&copies[0], house.state_path()).unwrap();

    let planned = house.dry_run().await;
    let only_links = planned.plan.operations.iter().all(|operation| operation.action() == Action::Link);
    assert!(only_links && !planned.plan.operations.is_empty(), "{:#?}", shown(&planned));
    house.good_night().await;
    assert_eq!(house.writes(), []);
    house.quiet_night().await;
    assert_eq!(outlines(&house), told);
    assert_eq!(both_sides_tell_the_same(&house, Blind::default()), 31);
}
