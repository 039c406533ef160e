//! How rules and invariants are switched off in the code, for `tests/switch-off`: here only that the lists stay true.

use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    off: Vec<Off>,
}

/// A change that takes a promise out of the code; its test must fail then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Off {
    /// A rule's scenario, or an invariant.
    pub promise: String,
    /// The test target, and the test in it; a scenario is its own.
    pub test: Option<String>,
    file: String,
    find: String,
    replace: String,
}

/// Reads a list, and says which of its entries no longer fit the code.
pub fn read(list: &Path) -> Result<(Vec<Off>, Vec<String>), String> {
    let text = std::fs::read_to_string(list).map_err(|why| why.to_string())?;
    let list: List = toml::from_str(&text).map_err(|why| why.to_string())?;
    let mut wrong = Vec::new();
    for off in &list.off {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(&off.file);
        let found = std::fs::read_to_string(&file).unwrap_or_default().matches(&off.find).count();
        if found != 1 || off.find == off.replace {
            wrong.push(format!("{}: {} holds {found} times {:?}", off.promise, off.file, off.find));
        }
    }
    Ok((list.off, wrong))
}
