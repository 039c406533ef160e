//! What the file says beside the pairs: schedules, daemon, notify, report, retention.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::choice::Choice;
use super::cron::Cron;
use super::secret::Secret;

/// A time at which pairs run.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Its name: `[a-z0-9_-]`, unique.
    pub name: String,
    /// As it is written: five fields, or six with seconds, or an `@name`.
    pub cron: String,
    /// What it means.
    pub times: Cron,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduledRun {
    /// `concord sync`.
    Sync,
    /// `concord plan`: nothing is written.
    Plan,
    /// `concord sync --full`.
    Full,
}

impl ScheduledRun {
    /// The word in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Plan => "plan",
            Self::Full => "full",
        }
    }
}

impl Schedule {
    /// What it says of time: under another one, what is past was never due.
    #[must_use]
    pub fn meaning(&self) -> String {
        format!("{} {}", self.cron, self.timezone.iana_name().unwrap_or_default())
    }

    /// Whether it runs that pair.
    #[must_use]
    pub fn runs(&self, pair: &str) -> bool {
        self.pairs.as_ref().is_none_or(|pairs| pairs.iter().any(|name| name == pair))
    }
}

impl Choice for ScheduledRun {
    const WORDS: &'static [(&'static str, Self)] = &[("sync", Self::Sync), ("plan", Self::Plan), ("full", Self::Full)];
}

/// How `concord daemon` is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Daemon {
    /// Where status, health and metrics are served; `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// What whoever asks must show; always there where `listen` is not loopback.
    pub token: Option<Secret>,
    /// The secret in the path of hooks; `None`: none are taken.
    pub hooks: Option<Secret>,
}

/// Who hears of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// An address pinged at start, success and failure.
    pub healthcheck: Option<Secret>,
    /// An address that gets counts and reasons as JSON.
    pub webhook: Option<Secret>,
    /// The server that takes e-mail; there exactly where `email` is.
    pub smtp: Option<Smtp>,
    /// From whom, and to whom.
    pub email: Option<Email>,
    /// The runs that are told.
    pub on: Vec<NotifyOn>,
}

/// A server that takes e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept private.
    pub encryption: Encryption,
    /// Whom it knows, and by which password; there both or neither.
    pub login: Option<(String, Secret)>,
}

/// How a connection to a mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// From its first byte.
    Tls,
    /// From `STARTTLS` on, which is insisted upon.
    StartTls,
    /// Not at all: on this machine only.
    Off,
}

impl Choice for Encryption {
    const WORDS: &'static [(&'static str, Self)] =
        &[("tls", Self::Tls), ("starttls", Self::StartTls), ("off", Self::Off)];
}

/// From whom e-mail comes, and to whom it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The sender, such as `Concord <concord@example.com>`.
    pub from: String,
    /// Whoever gets it; at least one.
    pub to: Vec<String>,
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
    /// The zone of times; `None`: that of the schedule that runs the pair, else the machine's.
    pub timezone: Option<TimeZone>,
    /// The directory where every run leaves its reports; `None`: none are left.
    pub dir: Option<PathBuf>,
    /// Names, e-mails and phones are masked.
    pub mask: bool,
}

/// A language of reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
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
