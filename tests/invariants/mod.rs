//! `docs/INVARIANTS.md`: which tests watch over what is told from the tests' own marks, and from the guards that can be
//! switched off. `CONCORD_BLESS=1 cargo test --test conformance invariants` writes it into the document.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::switched_off;

const DOCUMENT: &str = "docs/INVARIANTS.md";
const INVARIANTS: usize = 53;
const INCIDENTS: usize = 36;

/// What stands before the promises that the test below watches over, such as `I20, incident 5.`
const MARKS: [&str; 2] = ["// Watches: ", "# Watches: "];

/// Each promise, and the tests that watch over it: those that fail where its guard is switched off are told.
type Watched = BTreeMap<String, BTreeMap<String, bool>>;

fn mark_of(line: &str) -> Option<impl Iterator<Item = String>> {
    let promises = MARKS.iter().find_map(|mark| line.strip_prefix(mark))?.strip_suffix('.')?;
    Some(promises.split(", ").map(str::to_owned))
}

/// Adds the marks of a folder: of a test those above it, of a scenario those in its steps.
fn add_marks(folder: &Path, watched: &mut Watched) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_marks(&path, watched);
        } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "toml") {
            let mut marked: Vec<String> = Vec::new();
            for line in std::fs::read_to_string(&path).unwrap().lines().map(str::trim_start) {
                marked.extend(mark_of(line).into_iter().flatten());
                let test = if path.ends_with("steps.toml") {
                    folder.file_name().and_then(|name| name.to_str())
                } else {
                    line.split_once("fn ").and_then(|(_, after)| after.split('(').next())
                };
                for promise in test.into_iter().flat_map(|_| std::mem::take(&mut marked)) {
                    watched.entry(promise).or_default().insert(test.unwrap().to_owned(), false);
                }
            }
            assert!(marked.is_empty(), "{}: a mark without its test", path.display());
        }
    }
}

fn watched() -> Watched {
    let mut watched = Watched::new();
    for folder in ["src", "tests"] {
        add_marks(Path::new(folder), &mut watched);
    }
    let (offs, _) = switched_off::read(Path::new("tests/nightly/switched_off.toml")).unwrap();
    for off in offs.into_iter().filter(|off| is_invariant(&off.promise)) {
        let test = off.test.unwrap();
        let name = test.rsplit([':', ' ']).next().unwrap().to_owned();
        watched.entry(off.promise).or_default().insert(name, true);
    }
    watched
}

fn is_invariant(promise: &str) -> bool {
    promise.strip_prefix('I').is_some_and(|number| number.parse::<usize>().is_ok())
}

/// The row with the tests of its promise; what is said after a semicolon stays.
fn row(line: &str, watched: &Watched) -> Option<String> {
    let mut cells: Vec<String> = line.strip_prefix("| ")?.split(" | ").map(str::to_owned).collect();
    let name = cells.first()?;
    let promise = if name.parse::<usize>().is_ok() { format!("incident {name}") } else { name.clone() };
    let tests = watched.get(&promise)?;
    let shown = tests.iter().map(|(test, fails)| if *fails { format!("**`{test}`**") } else { format!("`{test}`") });
    let said = cells.get(2)?.split_once("; ").map(|(_, said)| format!("; {said}"));
    let end = said.unwrap_or_else(|| if cells.len() == 3 { " |".to_owned() } else { String::new() });
    cells[2] = format!("{}{end}", shown.collect::<Vec<_>>().join(", "));
    Some(format!("| {}", cells.join(" | ")))
}

#[test]
fn the_document_says_what_the_marks_of_the_tests_say() {
    let watched = watched();
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let lines: Vec<String> =
        document.lines().map(|line| row(line, &watched).unwrap_or_else(|| line.to_owned())).collect();
    let made = format!("{}\n", lines.join("\n"));
    if std::env::var_os("CONCORD_BLESS").is_some() {
        std::fs::write(DOCUMENT, &made).unwrap();
    }
    let old = "it is old: CONCORD_BLESS=1 cargo test --test conformance invariants writes it";
    assert_eq!(std::fs::read_to_string(DOCUMENT).unwrap(), made, "{old}");
}

#[test]
fn every_invariant_and_every_incident_has_its_row_and_tests() {
    let names = (1..=INVARIANTS).map(|number| format!("I{number}"));
    let names: Vec<String> = names.chain((1..=INCIDENTS).map(|number| number.to_string())).collect();
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let rows = document.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let rows: Vec<&str> = rows.filter(|name| name.chars().any(|c| c.is_ascii_digit())).collect();
    assert_eq!(rows, names);
    let promises = names.into_iter().map(|name| if is_invariant(&name) { name } else { format!("incident {name}") });
    assert_eq!(watched().into_keys().collect::<BTreeSet<_>>(), promises.collect(), "what the marks name");
}
