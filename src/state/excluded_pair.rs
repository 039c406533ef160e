//! Records whose link a person removed: nobody links or creates them until they are linked by hand.

use jiff::Timestamp;
use rusqlite::params;

use super::column::{ids_of, kind_of};
use super::{LinkRow, State, StateError};
use crate::record::{Ids, Kind, Side};

impl State {
    /// Removes a link with those of its tasks and notes, and deletes nothing: their records are kept apart from here on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn part(&self, link: &LinkRow, now: Timestamp) -> Result<(), StateError> {
        for child in self.children(link.id)? {
            self.end_waiting(child.kind, &child.ids)?;
        }
        self.end_waiting(link.kind, &link.ids)?;
        self.keep_separate(link.kind, &link.ids, now)?;
        self.retire(link.id)
    }

    /// Remembers that two records are two: a person said so.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_separate(&self, kind: Kind, ids: &Ids, now: Timestamp) -> Result<(), StateError> {
        if let (Some(cliengo), Some(ghl)) = (ids.of(Side::Cliengo), ids.of(Side::Ghl)) {
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO excluded_pair VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![kind.as_str(), cliengo, ghl, now.as_millisecond()])?;
        }
        Ok(())
    }

    /// The records that are kept apart, as the ids of the links they had.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn excluded_pairs(&self) -> Result<Vec<(Kind, Ids)>, StateError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT kind, cliengo_id, ghl_id FROM excluded_pair ORDER BY kind, cliengo_id, ghl_id")?;
        let rows: Vec<(String, Option<String>, Option<String>)> =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
        rows.into_iter().map(|(kind, cliengo, ghl)| Ok((kind_of(&kind)?, ids_of(cliengo, ghl)))).collect()
    }

    /// Takes over what a person said for good: who is forgotten, and what is kept apart.
    ///
    /// # Errors
    /// When one of them cannot be read or written.
    pub fn inherit(&self, replaced: &Self) -> Result<(), StateError> {
        for (table, values) in [
            ("excluded_pair", "?1, ?2, ?3, ?4"),
            ("forgotten", "?1, ?2, ?3"),
            ("acknowledged", "?1, ?2, ?3, ?4, ?5, ?6"),
        ] {
            let mut statement = replaced.connection.prepare(&format!("SELECT * FROM {table}"))?;
            let columns = statement.column_count();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let row = (0..columns).map(|at| row.get(at)).collect::<Result<Vec<rusqlite::types::Value>, _>>()?;
                self.connection
                    .prepare_cached(&format!("INSERT OR IGNORE INTO {table} VALUES ({values})"))?
                    .execute(rusqlite::params_from_iter(row))?;
            }
        }
        Ok(())
    }

    /// Lets these records take part again: a person links them by hand.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn welcome(&self, kind: Kind, ids: &Ids) -> Result<(), StateError> {
        for side in Side::BOTH {
            let Some(id) = ids.of(side) else { continue };
            let column = if side == Side::Cliengo { "cliengo_id" } else { "ghl_id" };
            self.connection
                .prepare_cached(&format!("DELETE FROM excluded_pair WHERE kind = ?1 AND {column} = ?2"))?
                .execute([kind.as_str(), id])?;
            self.connection
                .prepare_cached("DELETE FROM tombstone WHERE kind = ?1 AND side = ?2 AND remote_id = ?3")?
                .execute([kind.as_str(), side.as_str(), id])?;
            if kind == Kind::Contact {
                self.connection
                    .prepare_cached("DELETE FROM forgotten WHERE side = ?1 AND remote_id = ?2")?
                    .execute([side.as_str(), id])?;
            }
        }
        Ok(())
    }

    /// Nothing of this record waits any more: no conflict, no operation that failed. What it may have been put into waits on:
    /// without its row it would be sent again by itself.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end_waiting(&self, kind: Kind, ids: &Ids) -> Result<(), StateError> {
        for table in ["failed_operation WHERE action <> 'enrol' AND", "conflict WHERE"] {
            self.connection
                .prepare_cached(&format!("DELETE FROM {table} kind = ?1 AND (cliengo_id = ?2 OR ghl_id = ?3)"))?
                .execute(params![kind.as_str(), ids.of(Side::Cliengo), ids.of(Side::Ghl)])?;
        }
        Ok(())
    }
}
