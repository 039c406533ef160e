//! Opening a state: what is under its name, and whether that is this pair's state.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, MAIN_DB, Name, OpenFlags};

use super::{
    APPLICATION_ID, SCHEMA, State, StateError, migrations, private_file, private_folder_of, teach, with_ending,
};

/// What is under a state's name, before SQLite looks at it.
enum Found {
    Nothing,
    /// No byte: what a run leaves that died as it made the file.
    Empty,
    File,
}

/// What all connections of the process may keep at hand together, in bytes. What one of them may keep is no limit: SQLite, as it is
/// built in, lends each what the others leave. (<https://sqlite.org/malloc.html>, 3.3 and 5)
pub(super) const AT_HAND: &str = "PRAGMA soft_heap_limit = 4194304;";

impl State {
    /// Opens the state to write, makes it where there is none, and brings an older one up to date.
    ///
    /// # Errors
    /// When it is damaged, newer, another program's, lost, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let found = found(path)?;
        private_folder_of(path)?;
        let refused = |why: rusqlite::Error| cannot_use(path, &why);
        if !matches!(found, Found::File) {
            private_file(path)?;
        }
        let mut connection = Connection::open(path).map_err(refused)?;
        connection.execute_batch("PRAGMA busy_timeout = 10000;").map_err(refused)?;
        match found {
            Found::File => refuse_others(&connection, path)?,
            Found::Nothing | Found::Empty => {
                connection.execute_batch("PRAGMA page_size = 8192;").map_err(refused)?;
                connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(refused)?;
            }
        }
        // Only now that it is ours: whatever else is there keeps its bytes and its rights.
        private_file(path)?;
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
            .map_err(refused)?;
        connection.execute_batch(AT_HAND).map_err(refused)?;
        check_pages(&connection, path)?;
        teach(&connection)?;
        bring_up_to_date(&mut connection, path)?;
        Ok(Self { connection, path: path.to_owned(), is_copy: false })
    }

    /// Opens the state to read only. `None` where there is none yet. Its bytes stay as they are. (I46)
    ///
    /// # Errors
    /// When it is damaged, newer, another program's, lost, or cannot be read.
    pub fn open_read_only(path: &Path) -> Result<Option<Self>, StateError> {
        let Some(state) = Self::glance(path)? else { return Ok(None) };
        check_pages(&state.connection, path)?;
        Ok(Some(state))
    }

    /// As [`State::open_read_only`], without reading every page: for who looks often and decides nothing by it.
    ///
    /// # Errors
    /// As [`State::open_read_only`].
    pub fn glance(path: &Path) -> Result<Option<Self>, StateError> {
        if !Self::is_there(path)? {
            return Ok(None);
        }
        let refused = |why: rusqlite::Error| cannot_use(path, &why);
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(refused)?;
        connection.execute_batch("PRAGMA busy_timeout = 3000;").map_err(refused)?;
        connection.execute_batch(AT_HAND).map_err(refused)?;
        refuse_others(&connection, path)?;
        let known: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(refused)?;
        teach(&connection)?;
        let state = Self { connection, path: path.to_owned(), is_copy: false };
        // An older one is brought up to date in memory: what only reads leaves the file to what writes.
        if usize::try_from(known).unwrap_or(0) < SCHEMA { Ok(Some(state.copied()?)) } else { Ok(Some(state)) }
    }

    /// A copy in memory, up to date: what is written to it is forgotten with it.
    ///
    /// # Errors
    /// When the state cannot be read or brought up to date.
    pub fn copied(&self) -> Result<Self, StateError> {
        let mut connection = Connection::open_in_memory()?;
        self.copy_into(&mut connection, MAIN_DB)?;
        connection.execute_batch("PRAGMA foreign_keys = ON;")?;
        teach(&connection)?;
        bring_up_to_date(&mut connection, &self.path)?;
        Ok(Self { connection, path: self.path.clone(), is_copy: true })
    }

    /// Copies everything into the empty database `name` of `other`.
    pub(super) fn copy_into(&self, other: &mut Connection, name: impl Name) -> Result<(), StateError> {
        let refused = |why: rusqlite::Error| cannot_use(&self.path, &why);
        let backup = Backup::new_with_names(&self.connection, MAIN_DB, other, name).map_err(refused)?;
        match backup.step(-1).map_err(refused)? {
            StepResult::Done => Ok(()),
            _ => Err(StateError::Busy { path: self.path.clone() }),
        }
    }

    /// Whether it is a copy in memory.
    #[must_use]
    pub const fn is_copy(&self) -> bool {
        self.is_copy
    }

    /// Whether there is a state at `path`. One that should be there is an error, never a pair that was never synchronised.
    ///
    /// # Errors
    /// When something else is there, when it cannot be told, or when the state was lost.
    pub fn is_there(path: &Path) -> Result<bool, StateError> {
        Ok(matches!(found(path)?, Found::File))
    }

    /// Where it is kept that the pair has a state: a file that outlives the state's own loss.
    fn witness_of(path: &Path) -> PathBuf {
        path.with_extension("bound")
    }

    /// Keeps beside the state that there is one. What is lost later is then never taken for a first sync.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_witness(&self) -> Result<(), StateError> {
        let witness = Self::witness_of(&self.path);
        if witness.exists() {
            return Ok(());
        }
        private_file(&witness)?;
        let text = "This pair was synchronised: its state is the .db file of the same name. While this file is here, a state that is missing counts as lost, not as new.\n";
        std::fs::write(&witness, text).map_err(|why| StateError::File { path: witness, why: why.to_string() })
    }
}

fn bring_up_to_date(connection: &mut Connection, path: &Path) -> Result<(), StateError> {
    migrations().to_latest(connection).map_err(|why| match why {
        rusqlite_migration::Error::RusqliteError { err, .. } => cannot_use(path, &err),
        why => StateError::Damaged { path: path.to_owned(), why: why.to_string() },
    })
}

fn found(path: &Path) -> Result<Found, StateError> {
    let file = |path: &Path, why: String| StateError::File { path: path.to_owned(), why };
    if let Some(link) = broken_link(path) {
        let why = "it is a link, and what it points to is not there (is its volume mounted?)".to_owned();
        return Err(file(&link, why));
    }
    let found = match std::fs::metadata(path) {
        Ok(found) if found.is_file() => found.len(),
        Ok(found) => {
            let what = if found.is_dir() { "a folder" } else { "no ordinary file" };
            return Err(file(path, format!("it is {what}, and no state file")));
        }
        Err(why) if why.kind() == ErrorKind::NotFound => return lost(path, "missing").map(|()| Found::Nothing),
        Err(why) => return Err(file(path, why.to_string())),
    };
    if found == 0 { lost(path, "empty").map(|()| Found::Empty) } else { Ok(Found::File) }
}

/// The first part of the path that is a link to nothing.
fn broken_link(path: &Path) -> Option<PathBuf> {
    let is_broken = |part: &&Path| {
        let is_link = std::fs::symlink_metadata(part).is_ok_and(|found| found.is_symlink());
        is_link && std::fs::metadata(part).is_err_and(|why| why.kind() == ErrorKind::NotFound)
    };
    path.ancestors().filter(|part| !part.as_os_str().is_empty()).find(is_broken).map(Path::to_owned)
}

/// Refuses to begin where something says that there was a state: what a run keeps beside it, a log that SQLite would drop
/// with all that is in it, or a rebuild that waits.
fn lost(path: &Path, what: &'static str) -> Result<(), StateError> {
    let has_bytes = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|found| found.len() > 0);
    let evidence = [State::witness_of(path), with_ending(path, "-wal"), path.with_extension("rebuild.db")];
    match evidence.into_iter().find(has_bytes) {
        Some(evidence) => Err(StateError::Lost { path: path.to_owned(), what, evidence }),
        None => Ok(()),
    }
}

/// Reads every page: a file that was cut off or overwritten in the middle is found before anything rests on it.
fn check_pages(connection: &Connection, path: &Path) -> Result<(), StateError> {
    let said: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|why| cannot_use(path, &why))?;
    // Not one of them is needed again soon.
    connection.execute_batch("PRAGMA shrink_memory")?;
    if said == "ok" { Ok(()) } else { Err(StateError::Damaged { path: path.to_owned(), why: said }) }
}

/// What a refusal to open or read a state file means. A disk that is full or read-only, or another program that holds the
/// file, is no damage, and no reason to give the file up.
pub(super) fn cannot_use(path: &Path, error: &rusqlite::Error) -> StateError {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, PermissionDenied, ReadOnly, SystemIoFailure,
    };
    let (path, why) = (path.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked) => StateError::Busy { path },
        Some(DiskFull) => StateError::File { path, why: FULL.to_owned() },
        // SQLite's own shared memory is a file too: where it cannot grow, that is all that is said.
        Some(SystemIoFailure) if has_no_room(&path) => StateError::File { path, why: FULL.to_owned() },
        Some(CannotOpen | PermissionDenied | ReadOnly | SystemIoFailure) => StateError::File { path, why },
        _ => StateError::Damaged { path, why },
    }
}

/// How a full disk is named.
const FULL: &str = "the disk is full";

/// Less than SQLite needs for its smallest step.
#[cfg(unix)]
fn has_no_room(path: &Path) -> bool {
    let disk = path.parent().and_then(|folder| rustix::fs::statvfs(folder).ok());
    disk.is_some_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < 64 << 10)
}

#[cfg(not(unix))]
const fn has_no_room(_path: &Path) -> bool {
    false
}

/// Refuses another program's file, and one of a newer Concord.
fn refuse_others(connection: &Connection, path: &Path) -> Result<(), StateError> {
    let refused = |why: rusqlite::Error| cannot_use(path, &why);
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0)).map_err(refused);
    let application = number("PRAGMA application_id")?;
    let unmarked = application == 0 && number(OURS)? > 0;
    if application != i64::from(APPLICATION_ID) && !unmarked {
        return Err(StateError::Damaged { path: path.to_owned(), why: "it is another program's database".to_owned() });
    }
    let found = usize::try_from(number("PRAGMA user_version")?).unwrap_or(0);
    if found > SCHEMA {
        return Err(StateError::Newer { path: path.to_owned(), found, known: SCHEMA });
    }
    Ok(())
}

/// Whether tables of ours are in a file that does not say whose it is: a run that died as it made the file left it so.
const OURS: &str = "SELECT count(*) = 4 FROM sqlite_master
    WHERE type = 'table' AND name IN ('meta', 'link', 'shadow', 'tombstone')";
