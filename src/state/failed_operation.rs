//! Operations that failed, from one run to the next. (I44)

use rusqlite::{OptionalExtension, Row, params};

use super::column::{ids_of, kind_of, side_of};
use super::{State, StateError};
use crate::record::{Ids, Kind, Side};

/// An operation that failed for a reason of its own record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedOperationRow {
    /// Its id.
    pub id: String,
    /// The kind of record.
    pub kind: Kind,
    /// Where it was to be done.
    pub side: Side,
    /// What was to be done.
    pub action: String,
    /// The record's ids, as planned.
    pub ids: Ids,
    /// The ids of its contact, for tasks and notes.
    pub parent: Ids,
    /// Its name for a person.
    pub label: String,
    /// The operation's fingerprint.
    pub fingerprint: String,
    /// How often it failed.
    pub attempts: u32,
    /// What the CRM said last.
    pub words: String,
    /// The run that failed last.
    pub run: i64,
    /// The generation of the snapshot from which it is tried again.
    pub due: u64,
    /// Whether a person gave it up.
    pub dropped: bool,
}

const FAILED_OPERATION: &str =
    "SELECT id, kind, side, action, cliengo_id, ghl_id, parent_cliengo, parent_ghl, label, fingerprint,
    attempts, words, run, due, dropped FROM failed_operation";

fn failed_operation(row: &Row<'_>) -> rusqlite::Result<Result<FailedOperationRow, StateError>> {
    let (id, kind, side): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (kind, side) = match (kind_of(&kind), side_of(&side, || format!("failed operation {id}"))) {
        (Ok(kind), Ok(side)) => (kind, side),
        (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
    };
    Ok(Ok(FailedOperationRow {
        id,
        kind,
        side,
        action: row.get(3)?,
        ids: ids_of(row.get(4)?, row.get(5)?),
        parent: ids_of(row.get(6)?, row.get(7)?),
        label: row.get(8)?,
        fingerprint: row.get(9)?,
        attempts: row.get(10)?,
        words: row.get(11)?,
        run: row.get(12)?,
        due: row.get::<_, i64>(13)?.unsigned_abs(),
        dropped: row.get::<_, i64>(14)? != 0,
    }))
}

impl State {
    /// Every operation that failed and may be tried again or waits, by kind, side and id.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn failed_operations(&self) -> Result<Vec<FailedOperationRow>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!("{FAILED_OPERATION} ORDER BY dropped, run, id"))?;
        let rows: Vec<Result<FailedOperationRow, StateError>> =
            statement.query_map([], failed_operation)?.collect::<Result<_, _>>()?;
        rows.into_iter().collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn failed_operation(&self, id: &str) -> Result<Option<FailedOperationRow>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!("{FAILED_OPERATION} WHERE id = ?1"))?;
        statement.query_row([id], failed_operation).optional()?.transpose()
    }

    /// Keeps an operation that failed, in the place of what was known of it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_failed_operation(&self, row: &FailedOperationRow) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO failed_operation VALUES
                   (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                row.id,
                row.kind.as_str(),
                row.side.as_str(),
                row.action,
                row.ids.of(Side::Cliengo),
                row.ids.of(Side::Ghl),
                row.parent.of(Side::Cliengo),
                row.parent.of(Side::Ghl),
                row.label,
                row.fingerprint,
                row.attempts,
                row.words,
                row.run,
                i64::try_from(row.due).unwrap_or(i64::MAX),
                i64::from(row.dropped)
            ])?;
        Ok(())
    }

    /// Forgets that an operation failed: it is tried again as if for the first time. Whether there was one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn lift_failed_operation(&self, id: &str) -> Result<bool, StateError> {
        Ok(self.connection.prepare_cached("DELETE FROM failed_operation WHERE id = ?1")?.execute([id])? > 0)
    }

    /// Gives an operation up. Whether there was one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn drop_failed_operation(&self, id: &str) -> Result<bool, StateError> {
        Ok(self.connection.prepare_cached("UPDATE failed_operation SET dropped = 1 WHERE id = ?1")?.execute([id])? > 0)
    }
}
