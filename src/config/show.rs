//! The settings in force, each with where it comes from; secrets as their source.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, Key, Takes};
use super::problems::Problems;
use super::reader::Table;
use super::source::Source;
use super::value::Found;
use super::{Config, ConfigError, Documents, Overrides, document};

/// A setting in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its key, such as `pair.acme.cliengo.page_size`.
    pub key: String,
    /// Its value; a secret is told by its source.
    pub value: Json,
    /// The file and line that say it; `None`: nobody does, and it is the default.
    pub origin: Option<String>,
}

/// What a sandbox pair is where nothing is said, and another pair is not.
const OF_A_SANDBOX: &[(&str, &str)] = &[
    ("cliengo.requests_per_second", "0"),
    ("cliengo.min_age", "\"0s\""),
    ("cliengo.capabilities.tags_read", "true"),
    ("cliengo.capabilities.tag_remove", "true"),
    ("cliengo.capabilities.note_update", "true"),
    ("cliengo.capabilities.note_delete", "true"),
    ("guard.first_sync", "\"auto\""),
];

/// Everything that is set, or has a default, in the configuration at `path`.
///
/// # Errors
/// As [`Config::load`].
pub fn settings(path: &Path, overrides: &Overrides) -> Result<Vec<Setting>, ConfigError> {
    let (config, documents) = Config::load_with_documents(path, overrides)?;
    let Documents { main, included } = &documents;
    let problems = Problems::default();
    let text = document(main)?;
    let root = Table::file(text.get_ref(), main, &problems);
    let mut settings = Vec::new();
    for key in KEYS.iter().filter(|key| !key.path.contains('*')) {
        general(&root, key, &mut settings);
    }
    if let Some(state_dir) = &overrides.state_dir {
        for setting in settings.iter_mut().filter(|setting| setting.key == "state_dir") {
            setting.value = state_dir.display().to_string().into();
            setting.origin = Some("--state-dir".to_owned());
        }
    }
    for agency in named(&root, "agency") {
        for key in KEYS.iter().filter(|key| key.path.starts_with("agency.*.")) {
            below(&root, "agency", &agency, key, false, &mut settings);
        }
    }
    let mut files: Vec<(toml::Spanned<DeTable<'_>>, &Source)> = vec![(document(main)?, main)];
    for source in included {
        files.push((document(source)?, source));
    }
    for pair in &config.pairs {
        for (text, source) in &files {
            let file = Table::file(text.get_ref(), source, &problems);
            if !named(&file, "pair").contains(&pair.name) {
                continue;
            }
            for key in KEYS.iter().filter(|key| key.path.starts_with("pair.*.")) {
                below(&root_of(&file, &root), "pair", &pair.name, key, pair.is_sandbox(), &mut settings);
            }
        }
    }
    Ok(settings)
}

/// What the file states, by key: also of each `[[map]]`, and nothing of what `[defaults]` says for all pairs.
///
/// # Errors
/// As [`Config::load`].
pub fn stated(path: &Path) -> Result<BTreeMap<String, Json>, ConfigError> {
    let (_, Documents { main, included }) = Config::load_with_documents(path, &Overrides::default())?;
    let problems = Problems::default();
    let mut settings = Vec::new();
    for source in std::iter::once(&main).chain(&included) {
        let text = document(source)?;
        let file = Table::file(text.get_ref(), source, &problems);
        for key in KEYS.iter().filter(|key| !key.path.contains('*')) {
            general(&file, key, &mut settings);
        }
        for name in named(&file, "pair") {
            for key in KEYS.iter().filter(|key| key.path.starts_with("pair.*.")) {
                match key.path.split_once("[].") {
                    Some((list, rest)) => of_items(&file, &list.replace('*', &name), rest, key, &mut settings),
                    None => below(&file, "pair", &name, key, false, &mut settings),
                }
            }
        }
    }
    let stated = settings.into_iter().filter(|setting| setting.origin.is_some());
    Ok(stated.map(|setting| (setting.key, setting.value)).collect())
}

/// The file's own tables; defaults stand in the main file alone.
fn root_of<'a>(file: &Table<'a>, main: &Table<'a>) -> (Table<'a>, Table<'a>) {
    (file.clone(), main.clone())
}

fn named(root: &Table<'_>, key: &str) -> Vec<String> {
    let Some(found) = root.look(&[key]) else { return Vec::new() };
    match found.value {
        DeValue::Table(table) => table.keys().map(|name| name.get_ref().to_string()).collect(),
        _ => Vec::new(),
    }
}

/// Where a key of a pair or an agency is looked for.
trait Layers {
    fn find(&self, path: &[&str]) -> Option<(Json, String)>;
}

impl Layers for Table<'_> {
    fn find(&self, path: &[&str]) -> Option<(Json, String)> {
        self.look(path).map(|found| told(&found))
    }
}

impl Layers for (Table<'_>, Table<'_>) {
    fn find(&self, path: &[&str]) -> Option<(Json, String)> {
        let defaults: Vec<&str> = std::iter::once("defaults").chain(path.iter().skip(2).copied()).collect();
        let (file, main) = self;
        file.look(path).or_else(|| main.look(&defaults)).map(|found| told(&found))
    }
}

/// A setting beside the pairs.
fn general(root: &Table<'_>, key: &Key, settings: &mut Vec<Setting>) {
    if let Some((list, rest)) = key.path.split_once("[].") {
        of_items(root, list, rest, key, settings);
    } else if !matches!(key.takes, Takes::Table | Takes::Tables) {
        let path: Vec<&str> = key.path.split('.').collect();
        let is_optional = key.path.starts_with("notify.smtp") && root.look(&["notify", "smtp"]).is_none();
        if !is_optional {
            add(root, &path, key.path.to_owned(), key, false, settings);
        }
    }
}

/// A setting of each table of a list, numbered from 1.
fn of_items(root: &Table<'_>, list: &str, rest: &str, key: &Key, settings: &mut Vec<Setting>) {
    let Some(found) = root.look(&list.split('.').collect::<Vec<_>>()) else { return };
    let Some(items) = found.list("") else { return };
    for (at, item) in items.iter().enumerate() {
        let Some(table) = Table::of(item, "") else { continue };
        let name = format!("{list}[{}].{rest}", at + 1);
        add(&table, &rest.split('.').collect::<Vec<_>>(), name, key, false, settings);
    }
}

/// A setting of a pair or an agency.
fn below(layers: &impl Layers, kind: &str, name: &str, key: &Key, sandbox: bool, settings: &mut Vec<Setting>) {
    if matches!(key.takes, Takes::Table) || key.path.contains("[]") {
        return;
    }
    let rest: Vec<&str> = key.path.split('.').skip(2).collect();
    let path: Vec<&str> = [kind, name].into_iter().chain(rest).collect();
    add(layers, &path, path.join("."), key, sandbox, settings);
}

fn add(layers: &impl Layers, path: &[&str], name: String, key: &Key, sandbox: bool, settings: &mut Vec<Setting>) {
    if let Some((value, origin)) = layers.find(path) {
        settings.push(Setting { key: name, value, origin: Some(origin) });
        return;
    }
    let of_sandbox = OF_A_SANDBOX.iter().find(|(end, _)| sandbox && key.path == format!("pair.*.{end}"));
    let is_address = sandbox && (key.path.ends_with("_url") || key.path.ends_with("allow_http"));
    let default = of_sandbox.map_or(key.default, |(_, default)| default);
    if let Some(value) = serde_json::from_str(default).ok().filter(|_| !is_address) {
        settings.push(Setting { key: name, value, origin: None });
    }
}

/// A value and where it stands. A table with one of the ways to find a secret is told as that.
fn told(found: &Found<'_>) -> (Json, String) {
    let place = found.place();
    let origin =
        place.line.map_or_else(|| place.file.display().to_string(), |line| format!("{}:{line}", place.file.display()));
    (json(found.value), origin)
}

fn json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or_else(|_| number.as_str().into(), Json::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or_else(|_| number.as_str().into(), Json::from),
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Datetime(at) => at.to_string().into(),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}
