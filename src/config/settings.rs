//! What the file says beside the pairs: schedules, daemon, notify, report, retention.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::choice::Choice;
use super::secret::Secret;

/// A time at which pairs run.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Its name: `[a-z0-9_-]`, unique.
    pub name: String,
    /// Five fields, or six with seconds, or an `@name`; checked for its number of fields only.
    pub cron: String,
    /// The zone in which `cron` is read.
    pub timezone: TimeZone,
    /// What is run.
    pub run: ScheduledRun,
    /// The pairs it runs, each of them in the configuration; `None`: every pair.
    pub pairs: Option<Vec<String>>,
    /// A start is delayed by up to this much.
    pub jitter: Duration,
    /// A due time missed while down runs once at start.
    pub catch_up: bool,
    /// What of these the file says itself: a scheduler that cannot do it must not leave that out in silence.
    pub stated: Stated,
}

/// Which keys of a schedule stand in the file, rather than being a default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// `jitter`
    pub jitter: bool,
    /// `catch_up`
    pub catch_up: bool,
}

/// What a schedule runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduledRun {
    /// `concord sync`.
    Sync,
    /// `concord plan`: nothing is written.
    Plan,
    /// `concord sync --full`.
    Full,
}

impl Choice for ScheduledRun {
    const WORDS: &'static [(&'static str, Self)] = &[("sync", Self::Sync), ("plan", Self::Plan), ("full", Self::Full)];
}

/// How `concord daemon` is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Daemon {
    /// Where status, health and metrics are served; `None`: nowhere.
    pub listen: Option<SocketAddr>,
}

/// Who hears of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// An address pinged at start, success and failure.
    pub healthcheck: Option<Secret>,
    /// An address that gets counts and reasons as JSON.
    pub webhook: Option<Secret>,
    /// The runs that are told.
    pub on: Vec<NotifyOn>,
}

/// Which runs are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyOn {
    /// Every run.
    Always,
    /// Runs that failed.
    Failure,
    /// Runs that left something for a person.
    Held,
}

impl Choice for NotifyOn {
    const WORDS: &'static [(&'static str, Self)] =
        &[("always", Self::Always), ("failure", Self::Failure), ("held", Self::Held)];
}

/// What reports look like and where they go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Their language.
    pub language: Language,
    /// The directory where every run leaves its reports; `None`: none are left.
    pub dir: Option<PathBuf>,
    /// Names, e-mails and phones are masked.
    pub mask: bool,
}

/// A language of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Spanish.
    Spanish,
}

impl Choice for Language {
    const WORDS: &'static [(&'static str, Self)] = &[("en", Self::English), ("es", Self::Spanish)];
}

/// How long history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Before-images and finished operations older than this many days are dropped. At least 1.
    pub history_days: u32,
}
