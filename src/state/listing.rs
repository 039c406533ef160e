//! What earlier runs listed, whose children they listed last, and what they said to be unsupported.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{State, StateError};
use crate::record::{Kind, Side};

impl State {
    /// All that was said to be unsupported.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn remembered(&self) -> Result<BTreeSet<String>, StateError> {
        let mut statement = self.connection.prepare_cached("SELECT what FROM unsupported")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Whether `what` was said to be unsupported.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_remembered(&self, what: &str) -> Result<bool, StateError> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM unsupported WHERE what = ?1")?.exists([what])?)
    }

    /// Remembers that `what` was said to be unsupported.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self, what: &str, link: Option<i64>, run: i64) -> Result<(), StateError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO unsupported VALUES (?1, ?2, ?3)")?
            .execute(params![what, link, run])?;
        Ok(())
    }

    /// Notes when a contact's children were listed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_visited(&self, side: Side, contact: &str, at: Timestamp) -> Result<(), StateError> {
        self.connection.prepare_cached("INSERT OR REPLACE INTO visited VALUES (?1, ?2, ?3)")?.execute(params![
            side.as_str(),
            contact,
            at.as_millisecond()
        ])?;
        Ok(())
    }

    /// When a contact's children were last listed; `None`: never.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn visited(&self, side: Side, contact: &str) -> Result<Option<Timestamp>, StateError> {
        let mut statement =
            self.connection.prepare_cached("SELECT at FROM visited WHERE side = ?1 AND contact_id = ?2")?;
        let at = statement.query_row([side.as_str(), contact], |row| row.get::<_, i64>(0)).optional()?;
        Ok(at.and_then(|at| Timestamp::from_millisecond(at).ok()))
    }

    /// How many records the last run listed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_count(&self, side: Side, kind: Kind) -> Result<Option<u64>, StateError> {
        let mut statement =
            self.connection.prepare_cached("SELECT count FROM listing WHERE side = ?1 AND kind = ?2")?;
        let found = statement.query_row([side.as_str(), kind.as_str()], |row| row.get::<_, i64>(0)).optional()?;
        Ok(found.map(i64::unsigned_abs))
    }

    /// Notes how many records a run listed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_count(&self, side: Side, kind: Kind, count: u64, run: i64) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "INSERT INTO listing VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (side, kind) DO UPDATE SET count = excluded.count, run = excluded.run",
            )?
            .execute(params![side.as_str(), kind.as_str(), i64::try_from(count).unwrap_or(i64::MAX), run])?;
        Ok(())
    }
}
