//! A promise in a folder: a configuration, both CRMs as they are at the start, what happens, and golden files of what a
//! person is shown, what is sent and how both sides end. Every one ends with three nights without a request that changes
//! something.
//!
//! `CONCORD_BLESS=1 cargo test --test scenarios [NAME]` writes the golden files again: read them before you keep them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own functions fail as its assertions do"
)]

#[allow(dead_code, reason = "shared with the nights")]
#[path = "../nightly/house.rs"]
mod house;
mod let_in;
#[allow(dead_code, reason = "shared with the nights")]
#[path = "../nightly/mortal.rs"]
mod mortal;
mod names;
mod play;
mod script;
#[path = "../specs/mod.rs"]
mod specs;
#[allow(dead_code, reason = "shared with the nights")]
#[path = "../nightly/story.rs"]
mod story;
#[path = "../switched_off/mod.rs"]
mod switched_off;

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use similar::TextDiff;

use play::Told;
use script::Scenario;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.join("steps.toml").exists()).collect();
    folders.sort();
    folders
}

fn main() {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = folders()
        .into_iter()
        .map(|folder| {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Trial::test(name, move || scenario(&folder).map_err(Failed::from))
        })
        .collect();
    trials.push(Trial::test("every_rule_has_a_scenario", || every_rule_has_a_scenario().map_err(Failed::from)));
    trials
        .push(Trial::test("every_rule_can_be_switched_off", || every_rule_can_be_switched_off().map_err(Failed::from)));
    libtest_mimic::run(&arguments, trials).exit();
}

fn scenario(folder: &Path) -> Result<(), String> {
    let scenario = Scenario::read(folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let told = runtime.block_on(play::play(&scenario))?;
    let bless = std::env::var_os("CONCORD_BLESS").is_some();
    let mut differing = Vec::new();
    for (file, text) in golden(&told)? {
        let path = folder.join("expected").join(file);
        if bless {
            std::fs::create_dir_all(folder.join("expected")).unwrap();
            std::fs::write(&path, text).unwrap();
            continue;
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if expected != text {
            let diff = TextDiff::from_lines(&expected, &text);
            let shown = diff.unified_diff().context_radius(4).header("expected", "now").to_string();
            differing.push(format!("{file}\n{shown}"));
        }
    }
    if differing.is_empty() {
        return Ok(());
    }
    let bless = format!("CONCORD_BLESS=1 cargo test --test scenarios {}", scenario.name);
    Err(format!("{}\n\n{}\nIf this is right: {bless}", scenario.steps.promise, differing.join("\n")))
}

fn golden(told: &Told) -> Result<[(&'static str, String); 4], String> {
    let plans = serde_json::to_string_pretty(&told.plans).map_err(|why| why.to_string())?;
    Ok([
        ("report.txt", told.report.clone()),
        ("plan.json", format!("{plans}\n")),
        ("requests.txt", told.requests.clone()),
        ("end.json", told.end.clone()),
    ])
}

fn every_rule_can_be_switched_off() -> Result<(), String> {
    let (offs, mut wrong) = switched_off::read(&root().join("switched_off.toml"))?;
    let listed: std::collections::BTreeSet<&str> =
        offs.iter().filter(|off| off.test.is_none()).map(|off| off.promise.as_str()).collect();
    for folder in folders() {
        let scenario = Scenario::read(&folder)?;
        if !scenario.steps.rules.is_empty() && !listed.contains(scenario.name.as_str()) {
            wrong.push(format!("{} is not in switched_off.toml", scenario.name));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn every_rule_has_a_scenario() -> Result<(), String> {
    let mut shown = std::collections::BTreeSet::new();
    for folder in folders() {
        shown.extend(Scenario::read(&folder)?.steps.rules);
    }
    let missing: Vec<u8> = (1..=66).filter(|rule| !shown.contains(rule)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("without a scenario: {missing:?}")) }
}
