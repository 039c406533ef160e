//! The daemon's ledger: which due times were started. One small SQLite file beside the pairs' own.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use rusqlite_migration::{M, Migrations};

use super::history::instant;
use super::{APPLICATION_ID, StateError, private_file, private_folder_of};

/// What the daemon's own files are called. No pair's name has a dot, so it is no pair's.
pub const DAEMON: &str = "concord.daemon";

/// How many migrations this program knows.
const SCHEMA: usize = 1;

fn migrations() -> Migrations<'static> {
    Migrations::new(vec![M::up(include_str!("migrations/ledger/001_started.sql"))])
}

/// What the daemon started, and when.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
}

/// A start that has ended, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRow {
    /// Whose turn it was.
    pub schedule: String,
    /// When it was due.
    pub due: Timestamp,
    /// When it began.
    pub at: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Its exit code.
    pub code: u8,
}

impl Ledger {
    /// Where the ledger is kept.
    #[must_use]
    pub fn path_of(directory: &Path) -> PathBuf {
        directory.join(format!("{DAEMON}.db"))
    }

    /// Opens it to write, and makes it where there is none.
    ///
    /// # Errors
    /// When it is damaged, newer, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        private_folder_of(path)?;
        let damaged = |why: String| StateError::Damaged { path: path.to_owned(), why };
        let mut connection = Connection::open(path).map_err(|why| damaged(why.to_string()))?;
        private_file(path)?;
        refuse_newer(&connection, path)?;
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;")
            .map_err(|why| damaged(why.to_string()))?;
        migrations().to_latest(&mut connection).map_err(|why| damaged(why.to_string()))?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        Ok(Self { connection })
    }

    /// Opens it to read only; `None` where no daemon has been at work.
    ///
    /// # Errors
    /// When it is damaged, newer, or cannot be read.
    pub fn open_read_only(path: &Path) -> Result<Option<Self>, StateError> {
        if !path.exists() {
            return Ok(None);
        }
        let damaged = |why: rusqlite::Error| StateError::Damaged { path: path.to_owned(), why: why.to_string() };
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(damaged)?;
        let known = refuse_newer(&connection, path)?;
        connection.execute_batch("PRAGMA busy_timeout = 10000;").map_err(damaged)?;
        Ok((known == SCHEMA).then_some(Self { connection }))
    }

    /// The seed that jitter follows from: `fresh`, the first time it is asked for.
    ///
    /// # Errors
    /// When it can be neither read nor written.
    pub fn seed(&self, fresh: u64) -> Result<u64, StateError> {
        if let Some(seed) = self.known_seed()? {
            return Ok(seed);
        }
        self.connection.execute("INSERT INTO seed VALUES (?1)", [fresh.cast_signed()])?;
        Ok(fresh)
    }

    /// The seed, where there is one yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn known_seed(&self) -> Result<Option<u64>, StateError> {
        let seed: Option<i64> = self.connection.query_row("SELECT seed FROM seed", [], |row| row.get(0)).optional()?;
        Ok(seed.map(i64::cast_unsigned))
    }

    /// From when on the due times of a schedule count for a pair: since it was first seen, or last changed. A moment
    /// that lies in the future is one of a clock that was wrong: then from now on.
    ///
    /// # Errors
    /// When it can be neither read nor written.
    pub fn know(&self, schedule: &str, pair: &str, means: &str, now: Timestamp) -> Result<Timestamp, StateError> {
        let known: Option<(String, i64)> = self
            .connection
            .query_row("SELECT means, since FROM slot WHERE schedule = ?1 AND pair = ?2", [schedule, pair], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        match known {
            Some((meant, since)) if meant == means && since <= now.as_millisecond() => Ok(instant(since)),
            _ => {
                self.connection.execute(
                    "INSERT OR REPLACE INTO slot VALUES (?1, ?2, ?3, ?4)",
                    params![schedule, pair, means, now.as_millisecond()],
                )?;
                Ok(now)
            }
        }
    }

    /// As [`Ledger::know`], without writing.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn since(&self, schedule: &str, pair: &str, means: &str) -> Result<Option<Timestamp>, StateError> {
        let since: Option<i64> = self
            .connection
            .query_row(
                "SELECT since FROM slot WHERE schedule = ?1 AND pair = ?2 AND means = ?3",
                [schedule, pair, means],
                |row| row.get(0),
            )
            .optional()?;
        Ok(since.map(instant))
    }

    /// Writes down that a due time begins. `false`: it began before, and must not again.
    ///
    /// # Errors
    /// When it cannot be written: then nothing may begin.
    pub fn start(&self, schedule: &str, pair: &str, due: Timestamp, at: Timestamp) -> Result<bool, StateError> {
        let written = self.connection.execute(
            "INSERT OR IGNORE INTO started (schedule, pair, due, at) VALUES (?1, ?2, ?3, ?4)",
            params![schedule, pair, due.as_millisecond(), at.as_millisecond()],
        )?;
        Ok(written == 1)
    }

    /// Writes down what came of it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(&self, schedule: &str, pair: &str, due: Timestamp, at: Timestamp, code: u8) -> Result<(), StateError> {
        self.connection.execute(
            "UPDATE started SET ended = ?4, code = ?5 WHERE schedule = ?1 AND pair = ?2 AND due = ?3",
            params![schedule, pair, due.as_millisecond(), at.as_millisecond(), code],
        )?;
        Ok(())
    }

    /// The due times that were started, at most so many of the newest.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn started(&self, schedule: &str, pair: &str, most: u32) -> Result<Vec<Timestamp>, StateError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT due FROM started WHERE schedule = ?1 AND pair = ?2 ORDER BY due DESC LIMIT ?3")?;
        let rows = statement.query_map(params![schedule, pair, most], |row| row.get::<_, i64>(0))?;
        Ok(rows.map(|due| due.map(instant)).collect::<Result<_, _>>()?)
    }

    /// The pair's last start that has ended.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_ended(&self, pair: &str) -> Result<Option<StartRow>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT schedule, due, at, ended, code FROM started WHERE pair = ?1 AND code IS NOT NULL
             ORDER BY at DESC LIMIT 1",
        )?;
        let row = statement.query_row([pair], |row| {
            Ok(StartRow {
                schedule: row.get(0)?,
                due: instant(row.get(1)?),
                at: instant(row.get(2)?),
                ended: instant(row.get(3)?),
                code: row.get(4)?,
            })
        });
        Ok(row.optional()?)
    }

    /// Forgets a slot's starts but for so many of the newest.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget(&self, schedule: &str, pair: &str, most: u32) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "DELETE FROM started WHERE schedule = ?1 AND pair = ?2 AND due < (SELECT due FROM started
                   WHERE schedule = ?1 AND pair = ?2 ORDER BY due DESC LIMIT 1 OFFSET ?3)",
            )?
            .execute(params![schedule, pair, most])?;
        Ok(())
    }
}

fn refuse_newer(connection: &Connection, path: &Path) -> Result<usize, StateError> {
    let damaged = |why: rusqlite::Error| StateError::Damaged { path: path.to_owned(), why: why.to_string() };
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(damaged)?;
    let found = usize::try_from(found).unwrap_or(0);
    if found > SCHEMA {
        return Err(StateError::Newer { path: path.to_owned(), found, known: SCHEMA });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_due_time_is_started_once_even_by_two_openings_of_the_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let path = Ledger::path_of(folder.path());
        let (due, now) = (at("2026-11-24T06:00:00Z"), at("2026-11-24T06:01:00Z"));
        assert!(Ledger::open(&path).unwrap().start("nightly", "acme", due, now).unwrap());
        let again = Ledger::open(&path).unwrap();
        assert!(!again.start("nightly", "acme", due, now).unwrap());
        assert!(again.start("nightly", "other", due, now).unwrap());
        assert_eq!(again.started("nightly", "acme", 10).unwrap(), [due]);
        assert_eq!(again.last_ended("acme").unwrap(), None);
        again.end("nightly", "acme", due, now, 3).unwrap();
        assert_eq!(again.last_ended("acme").unwrap().unwrap().code, 3);
    }

    #[test]
    fn a_schedule_counts_from_when_it_was_first_seen_or_changed() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&Ledger::path_of(folder.path())).unwrap();
        let (first, later) = (at("2026-11-24T06:00:00Z"), at("2026-11-25T06:00:00Z"));
        assert_eq!(ledger.know("nightly", "acme", "0 3 * * * UTC", first).unwrap(), first);
        assert_eq!(ledger.know("nightly", "acme", "0 3 * * * UTC", later).unwrap(), first);
        assert_eq!(ledger.know("nightly", "acme", "0 4 * * * UTC", later).unwrap(), later);
        // What a clock that was wrong wrote down does not silence the schedule for years.
        assert_eq!(ledger.know("nightly", "acme", "0 4 * * * UTC", first).unwrap(), first);
    }

    #[test]
    fn the_seed_stays_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&Ledger::path_of(folder.path())).unwrap();
        assert_eq!(ledger.known_seed().unwrap(), None);
        assert_eq!(ledger.seed(u64::MAX).unwrap(), u64::MAX);
        assert_eq!(ledger.seed(1).unwrap(), u64::MAX);
    }
}
