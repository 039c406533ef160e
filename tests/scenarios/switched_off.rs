//! How each rule is switched off in the code, for `tests/scenarios/switch-off`: here only that the list stays true.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::script::Scenario;
use crate::{folders, root};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    off: Vec<Off>,
}

/// A change that takes a rule out of the code; its scenario must fail then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Off {
    scenario: String,
    file: String,
    find: String,
    replace: String,
}

pub fn check() -> Result<(), String> {
    let text = std::fs::read_to_string(root().join("switched_off.toml")).map_err(|why| why.to_string())?;
    let list: List = toml::from_str(&text).map_err(|why| why.to_string())?;
    let mut wrong = Vec::new();
    for off in &list.off {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(&off.file);
        let found = std::fs::read_to_string(&file).unwrap_or_default().matches(&off.find).count();
        if found != 1 || off.find == off.replace {
            wrong.push(format!("{}: {} holds {found} times {:?}", off.scenario, off.file, off.find));
        }
    }
    let listed: BTreeSet<&str> = list.off.iter().map(|off| off.scenario.as_str()).collect();
    for folder in folders() {
        let scenario = Scenario::read(&folder)?;
        if !scenario.steps.rules.is_empty() && !listed.contains(scenario.name.as_str()) {
            wrong.push(format!("{} is not in switched_off.toml", scenario.name));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
