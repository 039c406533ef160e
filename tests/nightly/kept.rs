//! Every guard of an invariant or a rule can be taken out of the code, and the rules' tests exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::switched_off;

const INVARIANTS: usize = 53;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all functions in the sources and tests, and of all scenarios.
fn known(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.join("steps.toml").exists() {
            names.insert(path.file_name().unwrap().to_string_lossy().into_owned());
        } else if path.is_dir() {
            known(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let functions = text.split("fn ").skip(1).filter_map(|after| after.split('(').next());
            names.extend(functions.map(str::to_owned));
        }
    }
}

#[test]
fn the_guard_of_every_invariant_can_be_switched_off() {
    let (offs, wrong) = switched_off::read(&root().join("tests/nightly/switched_off.toml")).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let listed: BTreeSet<&str> = offs.iter().filter(|off| off.test.is_some()).map(|off| off.promise.as_str()).collect();
    let missing: Vec<String> =
        (1..=INVARIANTS).map(|number| format!("I{number}")).filter(|name| !listed.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The rules that were found on real accounts; those before have scenarios (`every_rule_has_a_scenario`).
const FOUND: std::ops::RangeInclusive<usize> = 36..=68;

/// What `docs/RULES.md` says of each rule: from its number to the next one or to the next heading.
fn told(document: &str) -> BTreeMap<usize, String> {
    let mut told: BTreeMap<usize, String> = BTreeMap::new();
    let mut at = None;
    for line in document.lines() {
        let numbered = line.split_once(". **").and_then(|(number, _)| number.parse().ok());
        at = if line.starts_with("## ") { None } else { numbered.or(at) };
        if let Some(number) = at {
            told.entry(number).or_default().push_str(line);
        }
    }
    told
}

#[test]
fn every_rule_of_real_accounts_is_told_names_tests_that_exist_and_can_be_switched_off() {
    let mut names = BTreeSet::new();
    known(&root().join("tests"), &mut names);
    known(&root().join("src"), &mut names);
    let lists = ["tests/nightly/switched_off.toml", "tests/scenarios/switched_off.toml"];
    let promises: BTreeSet<String> = lists
        .iter()
        .flat_map(|list| switched_off::read(&root().join(list)).unwrap().0)
        .map(|off| off.promise)
        .collect();
    let told = told(&std::fs::read_to_string(root().join("docs/RULES.md")).unwrap());
    for number in FOUND {
        let rule = told.get(&number).unwrap_or_else(|| panic!("rule {number} is not in docs/RULES.md"));
        assert!(rule.contains("**built**"), "{rule}");
        let (_, tests) = rule.rsplit_once("cenario").or_else(|| rule.rsplit_once("Test")).expect(rule);
        let tests: Vec<&str> = tests.split('`').skip(1).step_by(2).filter(|test| !test.contains('/')).collect();
        let modules = |test: &str| root().join(format!("tests/nightly/{test}.rs")).exists();
        let missing: Vec<_> = tests.iter().filter(|test| !names.contains(**test) && !modules(test)).collect();
        assert!(missing.is_empty(), "rule {number}: {missing:?}");
        let (alone, scenario) = (format!("rule {number}"), format!("rule_{number}_"));
        let is_off = promises.iter().any(|promise| *promise == alone || promise.starts_with(&scenario));
        assert!(is_off, "rule {number} cannot be switched off");
    }
}
