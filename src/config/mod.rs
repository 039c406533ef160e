//! `schedules.toml` to typed, validated values; secrets.
//!
//! [`Config::load`] reads the file and what it includes, and either gives plain data that needs no further check, or
//! every mistake at once, each with its file, line, key and remedy. Secrets stay where they are until
//! [`Secret::resolve`] is asked for one.

mod access;
mod child_policy;
mod choice;
mod cron;
mod error;
mod extra_params;
mod include;
mod keys;
mod map;
mod names;
mod pair;
mod policy;
mod problems;
mod read_pair;
mod read_settings;
mod reader;
mod schema;
mod scope;
mod secret;
mod settings;
mod show;
mod source;
mod timeline;
mod triggers;
mod value;
mod web_url;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub use access::{App, GhlAccess};
pub use child_policy::{NotePolicy, NotesFetch, TaskPolicy};
pub use cron::{Cron, CronMistake};
pub use error::{ConfigError, Place, Problem};
pub use extra_params::ExtraParams;
pub use keys::{KEYS, Key, Takes};
pub use map::{Fields, Mapping};
pub use pair::{
    Accounts, Cliengo, CliengoAccount, CliengoAuth, CliengoCapabilities, Ghl, GhlAccount, Pair, Readable, RealAccounts,
    TasksMode,
};
pub use policy::{ConflictPolicy, Direction, Duplicates, FirstSync, Guard, KindPolicy, MatchField, OnDelete};
pub use read_pair::{CLIENGO_URL, GHL_URL};
pub use schema::schema;
pub use scope::Scope;
pub use secret::{Secret, SecretSource};
pub use settings::{
    Daemon, Email, Encryption, Language, Notify, NotifyOn, Report, Retention, Schedule, ScheduledRun, Smtp, Stated,
};
pub use show::{Setting, settings, stated};
pub use timeline::Timeline;
pub use triggers::{Becomes, Triggers};
pub use web_url::WebUrl;

use access::Agencies;
use problems::Problems;
use reader::Table;
use source::{Source, whole_file};
use value::Found;
pub use value::is_loopback_address;

/// How long a run waits for a CRM where the file does not say.
const PATIENCE: Duration = Duration::from_mins(10);

/// Keys of the main file that an included one may not have.
const MAIN_ONLY: [&str; 11] = [
    "include",
    "agency",
    "state_dir",
    "max_parallel",
    "patience",
    "defaults",
    "schedule",
    "daemon",
    "notify",
    "report",
    "retention",
];

/// What the command line says instead of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--state-dir`, relative to the working directory.
    pub state_dir: Option<PathBuf>,
}

/// The text of a configuration, as it was read: the main file, and those that it includes. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documents {
    main: Source,
    included: Vec<Source>,
}

/// A whole configuration, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The main file, as it was named.
    pub path: PathBuf,
    /// The files that it includes.
    pub included: Vec<PathBuf>,
    /// The directory of state files and locks.
    pub state_dir: PathBuf,
    /// Pairs that run at a time. At least 1.
    pub max_parallel: usize,
    /// How long a run waits in all for a CRM that fails, asks to wait, or does not answer.
    pub patience: Duration,
    /// When pairs run, in the order of the file.
    pub schedules: Vec<Schedule>,
    /// How the daemon is reached.
    pub daemon: Daemon,
    /// Who hears of a run.
    pub notify: Notify,
    /// What reports look like and where they go.
    pub report: Report,
    /// How long history is kept.
    pub retention: Retention,
    /// The pairs, by name. At least one.
    pub pairs: Vec<Pair>,
}

impl Config {
    /// Reads the file at `path` and what it includes.
    ///
    /// # Errors
    ///
    /// Every mistake found: unreadable files, TOML that does not parse, unknown keys, wrong values.
    pub fn load(path: &Path, overrides: &Overrides) -> Result<Self, ConfigError> {
        Ok(Self::load_with_documents(path, overrides)?.0)
    }

    /// As [`Config::load`], with the text that it was read from: for a process that is to see the same.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn load_with_documents(path: &Path, overrides: &Overrides) -> Result<(Self, Documents), ConfigError> {
        let main = Source::read(path)?;
        let (config, included) = read(&main, None)?;
        Ok((config.with(overrides), Documents { main, included }))
    }

    /// Reads what was read before; no file is looked at.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn of(documents: &Documents, overrides: &Overrides) -> Result<Self, ConfigError> {
        Ok(read(&documents.main, Some(&documents.included))?.0.with(overrides))
    }

    /// Reads `text` as if it stood in the file `origin`: paths in it are relative to that file's directory.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn parse(text: &str, origin: &Path) -> Result<Self, ConfigError> {
        Ok(read(&Source { path: origin.to_owned(), text: text.to_owned() }, None)?.0)
    }

    fn with(mut self, overrides: &Overrides) -> Self {
        if let Some(state_dir) = &overrides.state_dir {
            self.state_dir.clone_from(state_dir);
        }
        self
    }

    /// Every secret that the file names, wherever it is used.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let notify = &self.notify;
        let password = notify.smtp.as_ref().and_then(|smtp| smtp.login.as_ref()).map(|(_, password)| password);
        let shared = [
            self.daemon.token.as_ref(),
            self.daemon.hooks.as_ref(),
            notify.healthcheck.as_ref(),
            notify.webhook.as_ref(),
            password,
        ];
        let of_pairs = self.pairs.iter().flat_map(|pair| match &pair.accounts {
            Accounts::Sandbox => Vec::new(),
            Accounts::Real(accounts) => {
                std::iter::once(&accounts.cliengo.api_key).chain(accounts.ghl.access.secrets()).collect()
            }
        });
        shared.into_iter().flatten().chain(of_pairs)
    }

    /// The pair of that name.
    #[must_use]
    pub fn pair(&self, name: &str) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.name == name)
    }
}

/// Reads the main file and those it includes, or those that were `kept` of them; and gives the latter.
fn read(main: &Source, kept: Option<&[Source]>) -> Result<(Config, Vec<Source>), ConfigError> {
    let problems = Problems::default();
    let main_document = document(main)?;
    let mut root = Table::file(main_document.get_ref(), main, &problems);
    let named = root.take("include");
    let sources = match kept {
        Some(kept) => kept.to_vec(),
        None => include::included(named.as_ref(), main, &problems),
    };
    let documents: Vec<_> = sources.iter().filter_map(|source| noted(document(source), source, &problems)).collect();

    let state_dir = root.read("state_dir", Found::path).unwrap_or_else(|| main.resolve("state"));
    let max_parallel = root.read("max_parallel", |found| found.whole(1..=256));
    let patience = root.read("patience", Found::duration);
    let defaults = root.table("defaults");
    let mut tables = vec![root.table("pair")];
    tables.extend(
        documents
            .iter()
            .map(|(document, source)| pairs_of_included(Table::file(document.get_ref(), source, &problems))),
    );
    let agencies = access::agencies(&root.table("agency"));
    let (names, pairs) = pairs(&tables, &defaults, &agencies);

    let config = Config {
        path: main.path.clone(),
        included: sources.iter().map(|source| source.path.clone()).collect(),
        state_dir,
        max_parallel: max_parallel.and_then(|number| usize::try_from(number).ok()).unwrap_or(8),
        patience: patience.unwrap_or(PATIENCE),
        schedules: read_settings::schedules(&mut root, &names),
        daemon: read_settings::daemon(root.table("daemon")),
        notify: read_settings::notify(root.table("notify")),
        report: read_settings::report(root.table("report")),
        retention: read_settings::retention(root.table("retention")),
        pairs,
    };
    root.finish();
    problems.result()?;
    if config.pairs.is_empty() {
        return Err(ConfigError::one(
            whole_file(&main.path),
            "there is no pair, so there is nothing to keep in step",
            "add one: [pair.demo] with `sandbox = true` needs no account; `concord init` writes an example",
        ));
    }
    drop(documents);
    Ok((config, sources))
}

/// The TOML of a file, with places.
fn document(source: &Source) -> Result<Spanned<DeTable<'_>>, ConfigError> {
    DeTable::parse(&source.text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        // The line is not quoted: half a string may be a secret. A key's name is none.
        let named = source.text.get(span.clone()).filter(|_| error.message() == "duplicate key");
        let named = named.map(|key| format!(" `{}`", key.trim())).unwrap_or_default();
        ConfigError::one(
            source.place(&span, ""),
            format!("this is not TOML: {}{named}", error.message()),
            "text stands in quotes, a table begins with [name], and each key stands once; see https://toml.io",
        )
    })
}

fn noted<'a, T>(result: Result<T, ConfigError>, source: &'a Source, problems: &Problems) -> Option<(T, &'a Source)> {
    match result {
        Ok(value) => Some((value, source)),
        Err(error) => {
            problems.note_all(&error);
            None
        }
    }
}

fn pairs_of_included(mut file: Table<'_>) -> Table<'_> {
    for key in MAIN_ONLY {
        if let Some(found) = file.take(key) {
            found.reject_unquoted("belongs in the main file", "an included file holds [pair.NAME] tables alone");
        }
    }
    let pairs = file.table("pair");
    file.finish();
    pairs
}

/// Reads the pairs of all files: their names, and those without a mistake, by name.
fn pairs(tables: &[Table<'_>], defaults: &Table<'_>, agencies: &Agencies) -> (BTreeSet<String>, Vec<Pair>) {
    let mut first: BTreeMap<String, Place> = BTreeMap::new();
    let mut locations: BTreeMap<&str, &str> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (name, key, table) in tables.iter().flat_map(Table::tables_by_name) {
        if !names::is_name(name) {
            key.reject(
                "must be named with a-z, 0-9, _ and - alone, 64 at most",
                "the name becomes a file name: state/NAME.db",
            );
        } else if let Some(place) = first.get(name) {
            key.reject(&format!("stands in {place} already"), "give each pair a name of its own");
        } else {
            first.insert(name.to_owned(), key.place());
            let table = table.over(defaults);
            refuse_shared_location(name, &table, &mut locations);
            pairs.extend(read_pair::pair(name, table, agencies));
        }
    }
    pairs.sort_by(|left, right| left.name.cmp(&right.name));
    (first.into_keys().collect(), pairs)
}

/// `semantics` 63: two pairs on one location copy each other's records for ever.
fn refuse_shared_location<'a>(name: &'a str, pair: &Table<'a>, locations: &mut BTreeMap<&'a str, &'a str>) {
    let sandbox = pair.look(&["sandbox"]).is_some_and(|found| matches!(found.value, DeValue::Boolean(true)));
    let Some(found) = pair.look(&["ghl", "location_id"]).filter(|_| !sandbox) else { return };
    let DeValue::String(location) = found.value else { return };
    if let Some(other) = locations.insert(location, name) {
        found.reject(
            &format!("of pair {name} is that of pair {other} as well: each would copy what the other one wrote"),
            "a location belongs to one pair: remove the other one, or give each its own location_id",
        );
    }
}
