//! Staging files, and that none is left behind.

use std::path::{Path, PathBuf};

use super::session::Job;
use crate::state::StateError;

/// A dry run's staging file, gone with the dry run.
pub(super) struct StagingFile(pub PathBuf);

impl StagingFile {
    pub fn of(job: &Job<'_>) -> Self {
        Self(job.state_dir.join(format!("{}.stage-{}.db", job.pair.name, std::process::id())))
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
