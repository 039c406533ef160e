//! `[report] dir`: every run leaves its reports there, for its owner alone, for as long as its history is kept.
//!
//! What cannot be written is a warning: the run itself is over, and its exit code stays.

use std::io;
use std::path::Path;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use tracing::warn;

use super::{Session, delivery, output};
use crate::config::{Config, Pair};
use crate::report::{self, Audience, Entry, Report};
use crate::run::Finished;
use crate::state::private_folder_of;

const PAGE: &str = "report.html";
const DOCUMENT: &str = "report.json";
const SHEET: &str = "changes.csv";

/// Leaves the reports of a run, as they are shown, and drops those that are old. A dry run leaves none.
pub(super) fn leave(session: &Session, config: &Config, pair: &Pair, finished: &Finished) {
    let (Some(dir), Some(run)) = (&config.report.dir, &finished.run) else { return };
    let folder = dir.join(&pair.name);
    if let Err(why) = write(config, pair, finished, &folder.join(run.id.to_string())) {
        warn!(
            "the reports of run {} of {} could not be written: {why:#}; the run itself is not affected",
            run.id, pair.name
        );
    }
    let kept = SignedDuration::from_hours(24 * i64::from(config.retention.history_days));
    if let Ok(until) = session.clock.now().checked_sub(kept)
        && let Err(why) = drop_older(&folder, until)
    {
        warn!("old reports in {} could not be removed: {why}", folder.display());
    }
}

fn write(config: &Config, pair: &Pair, finished: &Finished, folder: &Path) -> anyhow::Result<()> {
    let audience = Audience::of(config, pair);
    let past = delivery::past_runs(config, pair);
    let report = Report::of(finished, &audience).with_past(&past);
    private_folder_of(&folder.join(PAGE)).with_context(|| format!("cannot make {}", folder.display()))?;
    output::write_whole_by(&folder.join(PAGE), |to| {
        report::html_head(&audience, &[], to)?;
        report::html_report(&report, to)?;
        report::html_foot(to)
    })?;
    output::write_whole_by(&folder.join(DOCUMENT), |to| report::json_document(&[Entry::Finished(finished)], to))?;
    output::write_whole_by(&folder.join(SHEET), |to| {
        to.write_all(report::CSV_HEAD.as_bytes())?;
        report::csv(&report, to)
    })
}

/// Removes the reports of runs that were written before `until`. Whatever else lies in their folders stays.
fn drop_older(folder: &Path, until: Timestamp) -> io::Result<()> {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let run = entry?;
        let is_run = run.file_name().to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        let written = std::fs::metadata(run.path().join(DOCUMENT)).and_then(|file| file.modified());
        let Some(written) = written.ok().filter(|_| is_run).and_then(|at| Timestamp::try_from(at).ok()) else {
            continue;
        };
        if written < until {
            for name in [PAGE, SHEET, DOCUMENT] {
                match std::fs::remove_file(run.path().join(name)) {
                    Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
                    _ => {}
                }
            }
            // One that holds something else stays.
            let _ = std::fs::remove_dir(run.path());
        }
    }
    Ok(())
}
