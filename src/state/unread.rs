//! Contacts whose tasks or notes could not be read, run after run. (`semantics` 51)

use rusqlite::{OptionalExtension, params};

use super::{State, StateError};
use crate::record::{Kind, SideId};

impl State {
    /// In how many runs in a row the contact's tasks or notes could not be read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn unread(&self, kind: Kind, contact: &SideId) -> Result<u64, StateError> {
        let mut statement =
            self.connection.prepare_cached("SELECT runs FROM unread WHERE side = ?1 AND kind = ?2 AND contact = ?3")?;
        let key = params![contact.side().as_str(), kind.as_str(), contact.as_str()];
        let found = statement.query_row(key, |row| row.get::<_, i64>(0)).optional()?;
        Ok(found.unwrap_or_default().unsigned_abs())
    }

    /// Whether anybody's tasks or notes could not be read in an earlier run, and not since.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn has_unread(&self) -> Result<bool, StateError> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM unread")?.exists([])?)
    }

    /// Notes that they could not be read once more.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn count_unread(&self, kind: Kind, contact: &SideId) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "INSERT INTO unread VALUES (?1, ?2, ?3, 1) ON CONFLICT (side, kind, contact) DO UPDATE SET runs = runs + 1",
            )?
            .execute(params![contact.side().as_str(), kind.as_str(), contact.as_str()])?;
        Ok(())
    }

    /// Notes that they could be read again.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end_unread(&self, kind: Kind, contact: &SideId) -> Result<(), StateError> {
        self.connection
            .prepare_cached("DELETE FROM unread WHERE side = ?1 AND kind = ?2 AND contact = ?3")?
            .execute(params![contact.side().as_str(), kind.as_str(), contact.as_str()])?;
        Ok(())
    }
}
