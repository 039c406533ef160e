//! The house's own order, read from `src`: rooms import only rooms below them, and a file is a room with one reason to change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

mod source;

use source::House;

/// Lines that a file may have before its first lines have to say why it is longer.
const LINES: usize = 450;

#[test]
fn no_room_imports_in_a_circle() {
    let circles = House::read("src").circles();
    assert!(circles.is_empty(), "entries of one folder that import one another:\n{circles:#?}");
}

#[test]
fn a_file_above_450_lines_says_why_in_its_first_lines() {
    let long: Vec<String> = House::read("src")
        .files()
        .filter(|(_, text)| {
            text.lines().count() > LINES && !text.lines().take(6).any(|line| line.contains("Long, since"))
        })
        .map(|(path, text)| format!("{}: {}", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn few_functions_of_reconcile_take_the_draft_to_change_it() {
    let house = House::read("src/reconcile");
    let taking = house.files().map(|(_, text)| text.matches(": &mut Draft<").count()).sum::<usize>();
    assert!(taking <= 15, "{taking} functions take `&mut Draft`");
}
