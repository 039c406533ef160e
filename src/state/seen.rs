//! What change detection let through, as it was read: it stands beside the staged rows until it is settled, so that a first
//! sync holds none of it in memory.

use rusqlite::{OptionalExtension, Row, params};

use super::StateError;
use super::column::{kind_of, side_of};
use super::stage::Stage;
use crate::record::{Kind, Record, Side};

/// What a listing showed of one record: kept so that its fingerprint can be settled with it.
#[derive(Clone, Debug)]
pub struct SeenRow {
    /// Its place among all that were seen.
    pub number: i64,
    /// Which side.
    pub side: Side,
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// The record.
    pub record: Record,
    /// Its fingerprint.
    pub fingerprint: Vec<u8>,
    /// Its payload.
    pub payload: String,
}

fn record(canonical: &str, unreadable: &str) -> Result<Record, StateError> {
    Ok(Record { unreadable: serde_json::from_str(unreadable)?, ..serde_json::from_str(canonical)? })
}

type Raw = (i64, String, String, String, String, String, Vec<u8>, String);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?))
}

fn seen((number, side, kind, id, canonical, unreadable, fingerprint, payload): Raw) -> Result<SeenRow, StateError> {
    Ok(SeenRow {
        number,
        side: side_of(&side, || format!("seen {number}"))?,
        kind: kind_of(&kind)?,
        id,
        record: record(&canonical, &unreadable)?,
        fingerprint,
        payload,
    })
}

impl Stage {
    /// Begins to write again: [`Stage::seal`] ends it.
    ///
    /// # Errors
    /// When it is not sealed.
    pub fn reopen(&self) -> Result<(), StateError> {
        Ok(self.connection.execute_batch("BEGIN")?)
    }

    /// Keeps what a staged row reads as.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_seen(&self, side: Side, kind: Kind, id: &str, record: &Record) -> Result<(), StateError> {
        let mut statement = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO seen (side, kind, remote_id, canonical, unreadable) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let (canonical, unreadable) = (serde_json::to_string(record)?, serde_json::to_string(&record.unreadable)?);
        statement.execute(params![side.as_str(), kind.as_str(), id, canonical, unreadable])?;
        Ok(())
    }

    /// What one staged row reads as, where change detection let it through.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn seen(&self, side: Side, kind: Kind, id: &str) -> Result<Option<Record>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT canonical, unreadable FROM seen WHERE side = ?1 AND kind = ?2 AND remote_id = ?3",
        )?;
        let found = statement.query_row([side.as_str(), kind.as_str(), id], |row| Ok((row.get(0)?, row.get(1)?)));
        let found: Option<(String, String)> = found.optional()?;
        found.map(|(canonical, unreadable)| record(&canonical, &unreadable)).transpose()
    }

    /// So many of what was seen, in order, from the one after `number` on.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn seen_after(&self, number: i64, most: u32) -> Result<Vec<SeenRow>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT s.number, s.side, s.kind, s.remote_id, s.canonical, s.unreadable, r.fingerprint, b.payload
             FROM seen s
             JOIN record r ON r.side = s.side AND r.kind = s.kind AND r.remote_id = s.remote_id
             JOIN body b ON b.number = r.body
             WHERE s.number > ?1 ORDER BY s.number LIMIT ?2",
        )?;
        let rows: Vec<Raw> = statement.query_map(params![number, most], raw)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(seen).collect()
    }
}
