//! A scenario as it is written down: `schedules.toml`, `start.jsonl` and `steps.toml` in a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use concord::sandbox::{AccountProfile, Edit};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A scenario's folder.
pub struct Scenario {
    pub folder: PathBuf,
    pub name: String,
    pub start: Vec<Named>,
    pub steps: Steps,
}

/// `steps.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// The rules of docs/RULES.md that it shows.
    pub rules: Vec<u8>,
    /// What it shows, in the words of someone who runs the tool.
    pub promise: String,
    /// `extended` or `legacy`.
    pub profile: String,
    /// How long GHL's searches lag behind, such as `30h`.
    pub lag: Option<String>,
    /// Cliengo's listings show no tags.
    #[serde(default)]
    pub hide_tags: bool,
    /// People of the seed.
    #[serde(default)]
    pub people: usize,
    /// GHL's requests per day, where they are few.
    pub daily: Option<u64>,
    /// How the accounts behave, such as `ghl = { name_stored = "cut" }`.
    #[serde(default)]
    pub account: AccountProfile,
    /// How GHL is entered, where that is not with a token of its own: through its `app`, or its `agency`'s.
    pub let_in: Option<String>,
    /// A CRM that fails is waited for as long as really, and no other request is tried meanwhile.
    #[serde(default)]
    pub patient: bool,
    /// A fault that lasts: what is so whatever else goes wrong, on the quiet nights too.
    #[serde(default)]
    pub always: String,
    #[serde(default, rename = "step")]
    pub all: Vec<Step>,
}

/// One step; exactly one of the first keys is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// A person's edit.
    pub edit: Option<Value>,
    /// `sync`, `plan`, `full`, `rebuild`, `undo` or `undo, dry`; each a day after the last. `plan, saved` keeps its plan, and
    /// `apply` runs that one.
    pub run: Option<String>,
    /// With an undo: the number of the run that is undone.
    pub of: Option<i64>,
    /// What goes wrong from here on; empty: nothing any more. `answer=FILE` is a file of the scenario's folder.
    pub fault: Option<String>,
    /// Time that passes, such as `2h`.
    pub wait: Option<String>,
    /// The configuration from here on; one that is refused is told, and the one before stays.
    pub config: Option<String>,
    /// What lasts from here on, in place of the `always` before: what a CRM lists of what nobody can edit here, say.
    pub always: Option<String>,
    /// What a person says to all that got no answer or kept failing: `retry` or `drop`.
    pub quarantine: Option<String>,
    /// `state`: the state file is lost.
    pub lose: Option<String>,
    /// With `edit`: what later steps call the record.
    #[serde(rename = "as")]
    pub name: Option<String>,
    /// With `run`: approves the plan of the run before.
    #[serde(default)]
    pub approve: bool,
    /// With `run = "sync"`: the process dies at its first request like `before POST /notes`, or `after POST /notes`, when it was
    /// sent and its answer is not taken in yet.
    pub dies: Option<String>,
    /// With `run`: an edit while the notes are being listed, the contacts already are.
    pub meanwhile: Option<Value>,
    /// With `run`: time that passes while the notes are being listed, such as `6m`.
    pub passes: Option<String>,
    /// With `run`: sides and kinds that may be empty.
    #[serde(default)]
    pub allow_empty: Vec<String>,
}

/// An edit, and the name that its record is called by.
pub struct Named {
    pub edit: Value,
    pub name: Option<String>,
}

impl Scenario {
    pub fn read(folder: &Path) -> Result<Self, String> {
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|why| format!("{name}: {why}"));
        let steps: Steps = toml::from_str(&text("steps.toml")?).map_err(|why| format!("steps.toml: {why}"))?;
        let mut start = Vec::new();
        for (at, line) in text("start.jsonl")?.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let mut edit: Map<String, Value> =
                serde_json::from_str(line).map_err(|why| format!("start.jsonl, line {}: {why}", at + 1))?;
            edit.entry("op").or_insert_with(|| "create".into());
            let name = edit.remove("as").and_then(|name| name.as_str().map(str::to_owned));
            start.push(Named { edit: Value::Object(edit), name });
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { folder: folder.to_owned(), name, start, steps })
    }
}

/// The edit, with every `$name` replaced by the id it stands for.
pub fn resolved(edit: &Value, ids: &BTreeMap<String, String>) -> Result<Edit, String> {
    let mut edit = edit.clone();
    resolve(&mut edit, ids)?;
    serde_json::from_value(edit).map_err(|why| why.to_string())
}

/// A fault, with every `$name` in it replaced by the id it stands for; longer names first.
pub fn named(fault: &str, ids: &BTreeMap<String, String>) -> String {
    ids.iter().rev().fold(fault.to_owned(), |fault, (name, id)| fault.replace(&format!("${name}"), id))
}

fn resolve(value: &mut Value, ids: &BTreeMap<String, String>) -> Result<(), String> {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('$') {
                let known = || ids.keys().cloned().collect::<Vec<_>>().join(", ");
                *text =
                    ids.get(name).cloned().ok_or_else(|| format!("no record is called {name}; known: {}", known()))?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| resolve(item, ids)),
        Value::Object(keys) => keys.values_mut().try_for_each(|item| resolve(item, ids)),
        _ => Ok(()),
    }
}
