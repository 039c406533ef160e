//! Staging files, and that none is left behind.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::session::{Job, lock};
use tracing::info;

use crate::crm::Account;
use crate::record::{Both, Kind, Side};
use crate::state::{KeptLists, Stage, StagedRow, StateError};

/// A run's staging file, gone with the run: it holds customers' data.
pub(super) struct StagingFile(pub PathBuf);

impl StagingFile {
    /// Of a dry run: others may be at work.
    pub fn of(job: &Job<'_>) -> Self {
        Self(job.state_dir.join(format!("{}.stage-{}.db", job.pair.name, std::process::id())))
    }

    /// Of the run that has the lock.
    pub fn of_the_run(job: &Job<'_>) -> Self {
        Self(job.state_dir.join(format!("{}.stage.db", job.pair.name)))
    }
}

impl Drop for StagingFile {
    fn drop(&mut self) {
        for ending in ["db", "empty", "empty-wal", "empty-shm"] {
            // Nothing depends on it: the next run makes its own.
            let _ = std::fs::remove_file(self.0.with_extension(ending));
        }
    }
}

/// What is kept of this run's lists until all are there, and what a run before it kept that was cut off.
pub(super) fn kept_lists(job: &Job<'_>, run: i64, accounts: &Both<Account>) -> Option<KeptLists> {
    if !job.only.is_empty() {
        return None;
    }
    let version = env!("CARGO_PKG_VERSION");
    let like = [version, job.mode.as_str(), &job.pair.fingerprint(), &accounts.cliengo.id, &accounts.ghl.id].join("\n");
    let path = job.state_dir.join(format!("{}.stage.lists", job.pair.name));
    let kept = KeptLists::open(&path, run, &like, job.clock.now());
    if kept.count() > 0 {
        info!(
            lists = kept.count(),
            "the run before was cut off: what it listed within the last hour is not listed again"
        );
    }
    Some(kept)
}

/// The lists are there, or are of no use: they hold customers' data. A run that is stopped leaves them to the next.
pub(super) fn close(job: &Job<'_>, kept: Option<KeptLists>, came: bool) {
    if let Some(kept) = kept.filter(|_| came || !job.stop.is_cancelled()) {
        kept.remove();
    }
}

/// So many rows are read at once.
pub(super) const AT_ONCE: u32 = 500;

/// Takes every staged row that change detection lets through, or, with `all`, every one; never many in memory, and the stage
/// is free for each.
pub(super) fn each_news<E: From<StateError>>(
    stage: &Mutex<Stage>,
    (side, kind): (Side, Kind),
    all: bool,
    mut take: impl FnMut(StagedRow) -> Result<(), E>,
) -> Result<(), E> {
    let mut after = String::new();
    loop {
        let rows = lock(stage).news((side, kind), all, &after, AT_ONCE)?;
        let Some(last) = rows.last() else { return Ok(()) };
        last.id.clone_into(&mut after);
        rows.into_iter().try_for_each(&mut take)?;
    }
}

/// Removes the staging files of dry runs that were killed: they hold customers' data.
pub(super) fn sweep(state_dir: &Path, pair: &str) {
    let left = format!("{pair}.stage-");
    for entry in std::fs::read_dir(state_dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&left) {
            // One that is still in use goes with its process.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Removes the staging files of a pair: they hold customers' data. Call it with the lock held.
///
/// # Errors
/// When one cannot be removed.
pub fn clear_staging(state_dir: &Path, pair: &str) -> Result<(), StateError> {
    let prefix = format!("{pair}.stage");
    for entry in std::fs::read_dir(state_dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let failed = |why: std::io::Error| StateError::File { path: entry.path(), why: why.to_string() };
            std::fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}
