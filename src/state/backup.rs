//! Copies of the whole state, made by SQLite itself while it is open.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::MAIN_DB;

use super::{State, StateError, private_file};

/// How many copies are kept: the state before each of the last three large runs.
const KEPT: usize = 3;

/// What a copy is called while it is being made: it is not one yet.
const UNFINISHED: &str = ".unfinished";

impl State {
    /// Copies the state to `NAME.db.backup-TIME` beside it, whole or not at all, and removes all copies but the newest
    /// three.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn back_up(&self, now: Timestamp) -> Result<PathBuf, StateError> {
        let copy = super::with_ending(&self.path, &format!(".backup-{}", now.strftime("%Y%m%dT%H%M%SZ")));
        let unfinished = super::with_ending(&copy, UNFINISHED);
        let failed =
            |path: &Path, why: std::io::Error| StateError::File { path: path.to_owned(), why: why.to_string() };
        // An empty file of the owner's alone first: nobody else may read it while it fills.
        match std::fs::remove_file(&unfinished) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => return Err(failed(&unfinished, why)),
            _ => private_file(&unfinished)?,
        }
        self.connection.backup(MAIN_DB, &unfinished, None)?;
        std::fs::rename(&unfinished, &copy).map_err(|why| failed(&copy, why))?;
        self.drop_old_copies().map_err(|why| failed(&copy, why))?;
        Ok(copy)
    }

    fn drop_old_copies(&self) -> std::io::Result<()> {
        let (Some(folder), Some(name)) = (self.path.parent(), self.path.file_name()) else { return Ok(()) };
        let ours = format!("{}.backup-", name.to_string_lossy());
        let mut copies = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(&ours) && name.contains(UNFINISHED) {
                std::fs::remove_file(entry.path())?;
            } else if name.starts_with(&ours) {
                copies.push(entry.path());
            }
        }
        // Their names sort as their times do.
        copies.sort();
        let old = copies.len().saturating_sub(KEPT);
        copies.into_iter().take(old).try_for_each(std::fs::remove_file)
    }
}

/// The newest copy that lies beside the state at `path`.
#[must_use]
pub fn newest_copy(path: &Path) -> Option<PathBuf> {
    let ours = format!("{}.backup-", path.file_name()?.to_string_lossy());
    let entries = std::fs::read_dir(path.parent()?).ok()?.flatten().map(|entry| entry.path());
    let is_copy = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with(&ours) && !name.contains(UNFINISHED)
    };
    entries.filter(is_copy).max()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn the_three_newest_copies_are_kept_each_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("acme.db")).unwrap();
        let mut copies = Vec::new();
        for day in 0..5 {
            state.set_meta("day", &day.to_string()).unwrap();
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
            std::fs::write(folder.path().join("acme.db.backup-19700101T000000Z.unfinished"), b"half").unwrap();
            copies.push(state.back_up(now).unwrap());
        }
        let there: Vec<bool> = copies.iter().map(|copy| copy.exists()).collect();
        assert_eq!(there, [false, false, true, true, true]);
        let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(!files.map(|name| name.to_string_lossy().into_owned()).any(|name| name.contains("unfinished")));
        let copy = State::open_read_only(&copies[3]).unwrap().unwrap();
        assert_eq!(copy.meta("day").unwrap().as_deref(), Some("3"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&copies[4]).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
