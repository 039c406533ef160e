//! A state that the version before wrote goes on where it was: it opens, says the same of what it kept, and its quiet night
//! writes nothing. `old_state/` has been through four nights, a conflict that waits, a link that a person removed, an undo, and an
//! update without an answer.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;

use crate::command::Desk;

/// The plan that the version before made of the undo of run 4, in this very state.
const UNDO_OF_RUN_4: &str = "aa1efbed40fe08e4";

pub(crate) fn desk() -> Desk {
    let desk = Desk::with(include_str!("old_state/schedules.toml"));
    std::fs::create_dir(desk.path("state")).unwrap();
    for name in ["demo.db", "demo.sandbox.db"] {
        let packed = std::fs::File::open(Path::new("tests/nightly/old_state").join(format!("{name}.gz"))).unwrap();
        let mut bytes = Vec::new();
        GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
        std::fs::write(desk.path("state").join(name), bytes).unwrap();
    }
    desk
}

#[test]
fn a_state_of_the_version_before_opens_and_its_quiet_night_writes_nothing() {
    let desk = desk();
    let crms = desk.run(&["sandbox", "dump"]).code(0).out;
    // The update without an answer was made: it is read back, not sent again.
    desk.run(&["sync"]).code(3).tells("Nothing to do");
    assert_eq!(desk.run(&["sandbox", "dump"]).code(0).out, crms);
    desk.run(&["conflicts"]).code(0).tells("mhjntggdtq");
    desk.run(&["sync", "--full"]).code(3);
    let runs = desk.run(&["history", "--format", "json"]).code(0).json();
    assert!(runs.to_string().contains("\"id\":11"), "{runs}");
}

#[test]
fn a_state_of_the_version_before_says_the_same_undo_under_the_same_id() {
    let desk = desk();
    let before = std::fs::read(desk.path("state/demo.db")).unwrap();
    let plan = desk.run(&["undo", "4", "--dry-run", "--format", "json"]).json();
    assert_eq!(plan["plan_id"], UNDO_OF_RUN_4);
    assert_eq!(plan["operations"].as_array().unwrap().len(), 15);
    // A dry run only reads: what writes brings the file up to date.
    assert!(std::fs::read(desk.path("state/demo.db")).unwrap() == before);
}

#[test]
fn whatever_only_reads_reads_a_state_of_the_version_before_and_leaves_its_bytes() {
    let desk = desk();
    let before = std::fs::read(desk.path("state/demo.db")).unwrap();
    let planned = desk.run(&["plan", "--format", "json"]).code(0).json();
    desk.run(&["status"]).code(0).tells("linked:");
    desk.run(&["conflicts"]).code(0).tells("mhjntggdtq");
    desk.run(&["history"]).code(0).tells("takes back run");
    desk.run(&["held"]).code(0);
    desk.run(&["links", "show", "1"]).code(0).tells("Last agreed");
    desk.run(&["check", "--offline"]).code(0).tells("written by an older Concord");
    assert!(std::fs::read(desk.path("state/demo.db")).unwrap() == before, "what only reads changed it");
    let applied = desk.run(&["sync", "--format", "json"]).json();
    assert_eq!((&applied["plan_id"], &applied["operations"]), (&planned["plan_id"], &planned["operations"]));
}
