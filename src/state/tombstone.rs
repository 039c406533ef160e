//! Tombstones: what was deleted does not come back from a listing that lags, by id and never by name. (I25)

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::{Stage, State, StateError};
use crate::record::{Kind, Side, SideId};

/// How long something is buried after a complete listing first lacked it: far longer than any listing lags. Whoever stands
/// under that id later was restored by a person.
const REST: SignedDuration = SignedDuration::from_hours(7 * 24);

impl State {
    /// Remembers that a record was deleted, so that a lagging listing does not bring it back. (I25)
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn bury(&self, kind: Kind, id: &SideId, run: i64, reason: &str) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO tombstone (side, kind, remote_id, run, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![id.side().as_str(), kind.as_str(), id.as_str(), run, reason])?;
        Ok(())
    }

    /// Whether a record was deleted, by us or for good.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_buried(&self, kind: Kind, id: &SideId) -> Result<bool, StateError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM tombstone WHERE side = ?1 AND kind = ?2 AND remote_id = ?3")?;
        Ok(statement.exists([id.side().as_str(), kind.as_str(), id.as_str()])?)
    }

    /// A record that was deleted is there again.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn lift_tombstone(&self, kind: Kind, id: &SideId) -> Result<(), StateError> {
        self.connection
            .prepare_cached("DELETE FROM tombstone WHERE side = ?1 AND kind = ?2 AND remote_id = ?3")?
            .execute(params![id.side().as_str(), kind.as_str(), id.as_str()])?;
        Ok(())
    }

    /// Notes which of the buried were not in a complete listing, and lifts the tombstones of those that rested since. One of
    /// a half that is gone while the other was kept stays: it goes with its link.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn age_tombstones(&self, side: Side, kind: Kind, absent: &[String], now: Timestamp) -> Result<(), StateError> {
        let mut seen_absent = self.connection.prepare_cached(
            "UPDATE tombstone SET absent = ?4 WHERE side = ?1 AND kind = ?2 AND remote_id = ?3 AND absent IS NULL",
        )?;
        for id in absent {
            seen_absent.execute(params![side.as_str(), kind.as_str(), id, now.as_millisecond()])?;
        }
        let rested = now.checked_sub(REST).unwrap_or(Timestamp::MIN).as_millisecond();
        self.connection
            .prepare_cached(
                "DELETE FROM tombstone WHERE side = ?1 AND kind = ?2 AND absent < ?3
                   AND (reason <> 'removed there' OR NOT EXISTS (SELECT 1 FROM link
                     WHERE link.kind = tombstone.kind AND link.status = 'kept'
                       AND CASE ?1 WHEN 'cliengo' THEN link.cliengo_id ELSE link.ghl_id END = tombstone.remote_id))",
            )?
            .execute(params![side.as_str(), kind.as_str(), rested])?;
        Ok(())
    }
}

impl Stage {
    /// Contacts that were deleted and are listed, and whether a complete listing lacked them since. Not those whose other half
    /// was kept: [`Stage::restored`] has them.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn listed_buried(&self, side: Side) -> Result<Vec<(String, bool)>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT t.remote_id, t.absent IS NOT NULL FROM base.tombstone t
             JOIN record r ON r.side = t.side AND r.kind = t.kind AND r.remote_id = t.remote_id
             WHERE t.side = ?1 AND t.kind = 'contact' AND NOT EXISTS
               (SELECT 1 FROM base.shadow s JOIN base.link l ON l.id = s.link AND l.status = 'kept'
                WHERE s.side = t.side AND s.kind = t.kind AND s.remote_id = t.remote_id)
             ORDER BY t.remote_id",
        )?;
        let rows = statement.query_map([side.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// In this run a contact is not buried any more.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn lift(&self, id: &SideId) -> Result<(), StateError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO lifted (side, kind, remote_id) VALUES (?1, 'contact', ?2)")?
            .execute([id.side().as_str(), id.as_str()])?;
        Ok(())
    }
}
