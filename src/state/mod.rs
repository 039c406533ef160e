//! The pair's memory: one SQLite file with both sides' bases, links, journal and history, and a staging file.
//!
//! Only this room speaks SQL. What it hands out is canonical records and plain values.

mod account;
mod attempt;
mod backup;
mod base;
mod body;
mod column;
mod conflict;
mod credentials;
mod enrolment;
mod excluded_pair;
mod failed_operation;
mod forget;
mod held;
mod history;
mod journal;
mod kept_list;
mod ledger;
mod link;
mod list;
mod listing;
mod lock;
mod moved;
mod open;
mod packed;
mod retention;
mod sealed;
mod seen;
mod shown;
mod stage;
mod told;
mod tombstone;
mod undo_record;
mod unread;
mod verify;
mod witness;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use account::Identity;
pub use attempt::Attempt;
pub use backup::newest_copy;
pub use base::{Agreed, BaseRow};
pub use conflict::ConflictRow;
pub use credentials::{CredentialUse, CredentialUses, credential_uses, note_credentials};
pub use enrolment::{EnrolmentRow, EnrolmentStatus};
pub use failed_operation::FailedOperationRow;
pub use forget::{Forgotten, is_forgotten};
pub use held::{Acknowledged, HeldRow};
pub use history::{OperationRow, RunRow};
use jiff::Timestamp;
pub use journal::{Intent, IntentDraft, IntentState};
pub use kept_list::{KeptLists, KeptRow};
pub use ledger::{DAEMON, Ledger, StartRow};
pub use link::{LinkRow, LinkStatus, NewLink};
pub use list::NamedLink;
pub use lock::{LockError, PairLock};
pub use packed::teach;
use rusqlite::{Connection, OptionalExtension, Transaction};
use rusqlite_migration::{M, Migrations};
pub use sealed::{SealedError, SealedFile};
pub use seen::SeenRow;
pub use stage::{Missing, Stage, StagedRow};
use thiserror::Error;
pub use undo_record::{UndoRecordDraft, UndoRecordRow};

use crate::record::Side;

/// Marks a file as Concord's: "Conc" in ASCII.
const APPLICATION_ID: i32 = 0x436f_6e63;

/// Why the state cannot be used.
#[derive(Debug, Error)]
pub enum StateError {
    /// Written by a newer Concord.
    #[error("the state file {path} was written by a newer Concord (schema {found}, this one knows {known})")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// Ours.
        known: usize,
    },
    /// Not a state file, or damaged.
    #[error("the state file {path} cannot be used: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        why: String,
    },
    /// It belongs to other accounts.
    #[error(
        "the state file {path} belongs to {title} account {bound}, but this is {title} account {found}; nothing was written",
        title = side.title()
    )]
    OtherAccount {
        /// The file.
        path: PathBuf,
        /// Which CRM.
        side: Side,
        /// The account it is bound to.
        bound: String,
        /// The account that answered.
        found: String,
    },
    /// It is not there, though the pair was synchronised before.
    #[error(
        "the state file {path} is {what}, but this pair was synchronised before: {evidence} is there; nothing was written"
    )]
    Lost {
        /// The file.
        path: PathBuf,
        /// Missing, or empty.
        what: &'static str,
        /// What says that there was one.
        evidence: PathBuf,
    },
    /// A rebuild was interrupted before its end.
    #[error("a rebuild of this pair was interrupted, and {path} holds how far it came; nothing was written")]
    Unfinished {
        /// The state that it was building.
        path: PathBuf,
    },
    /// Another program keeps everybody else out of the file.
    #[error("another program holds the state file {path}, so it cannot be used now; nothing was written")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// SQLite refused.
    #[error("cannot read or write the state: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file system refused.
    #[error("cannot use {path}: {why}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A row that this program wrote cannot be read back.
    #[error("the state holds a record that cannot be read: {0}")]
    Row(String),
}

impl StateError {
    /// The same, with the name of the state file that it concerns, where SQLite refused all of it.
    #[must_use]
    pub fn of(self, path: &Path) -> Self {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseCorrupt, DatabaseLocked, NotADatabase};
        let concerns_the_file = |error: &rusqlite::Error| {
            let code = error.sqlite_error_code();
            matches!(code, Some(DatabaseBusy | DatabaseCorrupt | DatabaseLocked | NotADatabase))
        };
        match self {
            Self::Sqlite(error) if concerns_the_file(&error) => open::cannot_use(path, &error),
            other => other,
        }
    }

    /// Whether there was no room left to write to.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull))
    }
}

impl From<LockError> for StateError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::File { path, why } => Self::File { path, why },
            LockError::Held { path, holder } => Self::File { path, why: format!("it is held by {holder}") },
        }
    }
}

impl From<serde_json::Error> for StateError {
    fn from(error: serde_json::Error) -> Self {
        Self::Row(error.to_string())
    }
}

/// Gives a state file a name of its own, so that nothing overwrites it.
///
/// # Errors
/// When a file cannot be renamed.
pub fn set_aside(path: &Path, now: Timestamp) -> Result<(), StateError> {
    let aside = format!(".aside-{}", now.strftime("%Y%m%dT%H%M%SZ"));
    for ending in ["", "-wal", "-shm"] {
        rename(&with_ending(path, ending), &with_ending(&with_ending(path, &aside), ending))?;
    }
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<(), StateError> {
    match std::fs::rename(from, to) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
            Err(StateError::File { path: from.to_owned(), why: why.to_string() })
        }
        _ => Ok(()),
    }
}

fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up(include_str!("migrations/001_snapshot.sql")),
        M::up(include_str!("migrations/002_journal.sql")),
        M::up(include_str!("migrations/003_attempt.sql")),
        M::up(include_str!("migrations/004_moved.sql")),
        M::up(include_str!("migrations/005_told.sql")),
        M::up(include_str!("migrations/006_buried.sql")),
        M::up(include_str!("migrations/007_deed.sql")),
        M::up(include_str!("migrations/008_waiting.sql")),
        M::up(include_str!("migrations/009_listed.sql")),
        M::up(include_str!("migrations/010_unread.sql")),
        M::up(include_str!("migrations/011_taken_back.sql")),
        M::up(include_str!("migrations/012_held.sql")),
        M::up(include_str!("migrations/013_enrolment.sql")),
        M::up(include_str!("migrations/014_names.sql")),
        M::up_with_hook("", |transaction: &Transaction<'_>| {
            teach(transaction)?;
            Ok(transaction.execute_batch(include_str!("migrations/015_packed.sql"))?)
        }),
        M::up_with_hook("", |transaction: &Transaction<'_>| {
            teach(transaction)?;
            Ok(transaction.execute_batch(include_str!("migrations/016_body.sql"))?)
        }),
        M::up(include_str!("migrations/017_sent.sql")),
        M::up(include_str!("migrations/018_candidates.sql")),
    ])
}

/// How many migrations this program knows.
const SCHEMA: usize = 18;

/// Says before every commit whether it may be made: what a test lets a run die of.
#[derive(Clone)]
pub struct Watch(pub Arc<dyn Fn() -> bool + Send + Sync>);

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// A pair's state file.
#[derive(Debug)]
pub struct State {
    connection: Connection,
    path: PathBuf,
    /// Whether it is a copy in memory: what is written to it is forgotten.
    is_copy: bool,
}

impl State {
    /// Where the state of `pair` is kept.
    #[must_use]
    pub fn path_of(directory: &Path, pair: &str) -> PathBuf {
        directory.join(format!("{pair}.db"))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes everything back into the one file, so that a copy of it is whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn checkpoint(&self) -> Result<(), StateError> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Asks `watch` before every commit whether it may be made. Where it says no, nothing is written any more: as if the
    /// process had died there.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn watch(&self, watch: Watch) -> Result<(), StateError> {
        Ok(self.connection.commit_hook(Some(move || !watch.0()))?)
    }

    /// Closes the state and puts its file in the place of `path`. What stands there is set aside under a name of its
    /// own, never overwritten.
    ///
    /// # Errors
    /// When a file cannot be renamed.
    pub fn take_the_place_of(self, path: &Path, now: Timestamp) -> Result<(), StateError> {
        let own = self.path.clone();
        drop(self.connection);
        set_aside(path, now)?;
        for ending in ["", "-wal", "-shm"] {
            rename(&with_ending(&own, ending), &with_ending(path, ending))?;
        }
        Ok(())
    }

    /// Runs `work` in one transaction: all of it, or none.
    ///
    /// # Errors
    /// Whatever `work` failed with; then nothing was changed.
    pub fn atomically<T>(&mut self, work: impl FnOnce(&Self) -> Result<T, StateError>) -> Result<T, StateError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        match work(self) {
            Ok(done) => {
                self.connection.execute_batch("COMMIT")?;
                Ok(done)
            }
            Err(error) => {
                // The first error is the one to report; a failed rollback leaves the transaction to the closing.
                let _ = self.connection.execute_batch("ROLLBACK");
                Err(error)
            }
        }
    }

    /// What was noted under `key`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn meta(&self, key: &str) -> Result<Option<String>, StateError> {
        let found = self.connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0));
        Ok(found.optional()?)
    }

    /// Notes `value` under `key`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_meta(&self, key: &str, value: &str) -> Result<(), StateError> {
        self.connection
            .prepare_cached("INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")?
            .execute([key, value])?;
        Ok(())
    }

    /// Keeps nothing under `key`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remove_meta(&self, key: &str) -> Result<(), StateError> {
        self.connection.prepare_cached("DELETE FROM meta WHERE key = ?1")?.execute([key])?;
        Ok(())
    }
}

/// Where [`State::meta`] keeps what runs were about to say whose reports are not there.
pub const UNREPORTED: &str = "unreported";

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Makes the folder of a state file, for its owner alone: it holds customers' data.
pub(crate) fn private_folder_of(path: &Path) -> Result<(), StateError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    if folder.is_dir() {
        return Ok(());
    }
    let made = {
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
        }
        #[cfg(not(unix))]
        {
            std::fs::create_dir_all(folder)
        }
    };
    made.map_err(|why| StateError::File { path: folder.to_owned(), why: why.to_string() })
}

/// Leaves a file to its owner alone, from its first moment on: makes it, empty, where there is none. (I51)
pub(crate) fn private_file(path: &Path) -> Result<(), StateError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let mut options = std::fs::OpenOptions::new();
        let made = match options.write(true).create_new(true).mode(0o600).open(path) {
            Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => {
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
            }
            other => other.map(drop),
        };
        made.map_err(|why| StateError::File { path: path.to_owned(), why: why.to_string() })?;
    }
    let _ = path;
    Ok(())
}

/// Whether everybody on this machine may put files into the folder.
pub(crate) fn is_open_to_everybody(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & 0o002 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_migrations_fit_each_other_and_their_count() {
        migrations().validate().unwrap();
        let mut connection = Connection::open_in_memory().unwrap();
        migrations().to_latest(&mut connection).unwrap();
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(usize::try_from(version).unwrap(), SCHEMA);
    }

    #[test]
    fn a_file_that_is_not_a_state_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.db");
        std::fs::write(&path, b"this is not a database, it is a letter to my aunt").unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(State::open(&path), Err(StateError::Damaged { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_state_of_a_newer_concord_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.db");
        State::open(&path).unwrap().connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(State::open(&path), Err(StateError::Newer { found: 99, .. })));
    }
}
