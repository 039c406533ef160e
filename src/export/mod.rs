//! The schedules in the words of a scheduler that somebody already runs: systemd, cron or Kubernetes.
//!
//! Pure: from the configuration to the text of files. What a scheduler cannot say is an error; what only a default asks
//! for and it cannot do is a comment in the file.

mod cron_job;
mod crontab;
mod kubernetes;
mod pattern;
mod secrets;
mod systemd;

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use crontab::crontab;
pub use kubernetes::{Cluster, kubernetes};
pub use systemd::systemd;

use crate::config::{Config, Schedule, ScheduledRun};
use pattern::Pattern;

/// What is exported, and from where it will be run. Paths are absolute.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Its main file.
    pub file: &'a Path,
    /// The program.
    pub program: &'a Path,
    /// Where state is kept.
    pub state_dir: &'a Path,
    /// Whether `--state-dir` says so, rather than the file.
    pub state_dir_given: bool,
    /// The day on which this is asked: clocks that are put forward are looked for from then on.
    pub now: Timestamp,
}

/// A file of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, without a folder.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// Who is to run the schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// Services and timers.
    Systemd,
    /// A crontab.
    Cron,
    /// `CronJob`s.
    Kubernetes,
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Systemd => "systemd",
            Self::Cron => "cron",
            Self::Kubernetes => "Kubernetes",
        })
    }
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Nothing is scheduled.
    #[error("{} has no [[schedule]], so there is nothing to export", path.display())]
    NoSchedule {
        /// The configuration.
        path: PathBuf,
    },
    /// A schedule asks for what the scheduler cannot do.
    #[error("{scheduler} cannot express {what} (schedule \"{schedule}\")")]
    Inexpressible {
        /// Who cannot.
        scheduler: Scheduler,
        /// What it cannot.
        what: String,
        /// In which schedule.
        schedule: String,
        /// What to write instead.
        hint: String,
    },
    /// Something beside the schedules that the scheduler has no place for.
    #[error("{scheduler} has no place for {what}")]
    NoPlace {
        /// Who has none.
        scheduler: Scheduler,
        /// What for.
        what: String,
        /// What to write instead.
        hint: String,
    },
}

impl ExportError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::NoSchedule { .. } => {
                "add [[schedule]] with name = \"nightly\", cron = \"0 3 * * *\" and a timezone to the file"
            }
            Self::Inexpressible { hint, .. } | Self::NoPlace { hint, .. } => hint,
        }
    }
}

/// The schedules, at least one.
fn schedules<'a>(setup: &Setup<'a>) -> Result<&'a [Schedule], ExportError> {
    match setup.config.schedules.as_slice() {
        [] => Err(ExportError::NoSchedule { path: setup.file.to_owned() }),
        schedules => Ok(schedules),
    }
}

fn inexpressible(scheduler: Scheduler, schedule: &Schedule, what: impl Into<String>, hint: &str) -> ExportError {
    let (what, hint) = (what.into(), hint.to_owned());
    ExportError::Inexpressible { scheduler, what, schedule: schedule.name.clone(), hint }
}

fn no_place(scheduler: Scheduler, what: impl Into<String>, hint: impl Into<String>) -> ExportError {
    ExportError::NoPlace { scheduler, what: what.into(), hint: hint.into() }
}

/// The schedule's line, taken apart.
fn pattern(scheduler: Scheduler, schedule: &Schedule) -> Result<Pattern, ExportError> {
    Pattern::parse(&schedule.cron).map_err(|part| {
        let hint = "write it with numbers, names, lists, ranges and steps, or let `concord daemon` run it";
        inexpressible(scheduler, schedule, format!("the cron line's {part}"), hint)
    })
}

/// Refuses a time of day that clocks skip in spring: these schedulers leave that day out, and the daemon does not.
fn refuse_skipped_hour(
    scheduler: Scheduler,
    schedule: &Schedule,
    pattern: &Pattern,
    now: Timestamp,
) -> Result<(), ExportError> {
    match pattern.put_forward(&schedule.timezone, now) {
        None => Ok(()),
        Some(missing) => {
            let what = format!(
                "that a time which does not exist runs once: on {} clocks in {} skip {:02}:{:02}, and so would it",
                missing.date(),
                zone(schedule),
                missing.hour(),
                missing.minute(),
            );
            Err(inexpressible(
                scheduler,
                schedule,
                what,
                "take a time before or after that hour, such as \"30 3 * * *\"",
            ))
        }
    }
}

/// The zone's IANA name.
fn zone(schedule: &Schedule) -> &str {
    schedule.timezone.iana_name().unwrap_or("UTC")
}

/// The command and its flags, without the pairs.
const fn command(run: ScheduledRun) -> &'static [&'static str] {
    match run {
        ScheduledRun::Sync => &["sync", "--quiet"],
        ScheduledRun::Full => &["sync", "--full", "--quiet"],
        // 2 where something is pending: else nobody would hear of a dry run.
        ScheduledRun::Plan => &["plan", "--detailed-exitcode", "--quiet"],
    }
}

/// The whole command of a schedule on this machine, as words.
fn words(setup: &Setup<'_>, schedule: &Schedule) -> Vec<String> {
    let mut words = base(setup);
    words.extend(command(schedule.run).iter().map(|word| (*word).to_owned()));
    for pair in schedule.pairs.iter().flatten() {
        words.extend(["--pair".to_owned(), pair.clone()]);
    }
    words
}

/// The program, its configuration, and its state where the file does not say it.
fn base(setup: &Setup<'_>) -> Vec<String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut words = vec![text(setup.program), "--config".to_owned(), text(setup.file)];
    if setup.state_dir_given {
        words.extend(["--state-dir".to_owned(), text(setup.state_dir)]);
    }
    words
}

/// The folder of the configuration.
fn folder<'a>(setup: &Setup<'a>) -> &'a Path {
    setup.file.parent().unwrap_or(Path::new("/"))
}

/// Refuses paths that would have to be quoted differently by each reader of the file.
fn plain(scheduler: Scheduler, path: &Path) -> Result<&str, ExportError> {
    let refused = || {
        let what = format!("the path {}", path.display());
        no_place(scheduler, what, "use a path of letters, digits and / . _ - @ + alone, without blanks")
    };
    let text = path.to_str().ok_or_else(refused)?;
    let fits = |letter: char| letter.is_alphanumeric() || "/._-@+".contains(letter);
    if text.chars().all(fits) { Ok(text) } else { Err(refused()) }
}

/// Every path of a setup, refused where one is not plain.
fn check_paths(scheduler: Scheduler, setup: &Setup<'_>) -> Result<(), ExportError> {
    let report = setup.config.report.dir.as_deref();
    [setup.program, setup.file, setup.state_dir].into_iter().chain(report).try_for_each(|path| {
        plain(scheduler, path)?;
        Ok(())
    })
}
