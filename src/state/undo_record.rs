//! Undo records: what a run did to each record, kept so that it can be undone. (I26)

use rusqlite::{OptionalExtension, Row, params};

use super::column::{kind_of, side_of};
use super::packed::{Pack, Unpacked};
use super::{State, StateError};
use crate::record::{Action, Kind, Side, SideId};

/// A undo record about to be done.
#[derive(Clone, Copy, Debug)]
pub struct UndoRecordDraft<'a> {
    /// The operation it belongs to: run and number.
    pub operation: (i64, u32),
    /// Where.
    pub side: Side,
    /// The kind of record.
    pub kind: Kind,
    /// What is done to it.
    pub action: Action,
    /// The record as its list told it, where it goes with its contact.
    pub image: Option<&'a str>,
    /// Its link, where it has one.
    pub link: Option<i64>,
    /// What an undo needs to know, as JSON.
    pub trace: &'a str,
}

/// What a run did to one record.
#[derive(Clone, Debug)]
pub struct UndoRecordRow {
    /// Its number.
    pub id: i64,
    /// The operation it belongs to.
    pub operation: u32,
    /// Where.
    pub side: Side,
    /// The kind of record.
    pub kind: Kind,
    /// What was done to it.
    pub action: Action,
    /// The record as it was before, as its CRM told it.
    pub image: Option<String>,
    /// Whether it went with its contact; its image is a row of a listing then.
    pub cascaded: bool,
    /// Its link, where it has one.
    pub link: Option<i64>,
    /// What an undo needs to know, as JSON.
    pub trace: String,
    /// The run that took it back.
    pub undone: Option<i64>,
    /// Whether its outcome was known, and became the base.
    pub settled: bool,
}

/// Undo records that may have been done: at least one of their requests was, or nobody knows. A link sends none.
const UNDO_RECORD: &str = "SELECT undo_record.id, undo_record.operation, undo_record.side, undo_record.kind, undo_record.action, coalesce(image, before),
      image IS NOT NULL, link, trace, undone, coalesce(outcome, '') = 'applied'
    FROM undo_record JOIN operation ON operation.run = undo_record.run AND operation.number = undo_record.operation
    WHERE (undo_record.action = 'link' OR EXISTS (SELECT 1 FROM intent WHERE intent.run = undo_record.run AND intent.operation = undo_record.operation
        AND intent.state IN ('applied', 'adopted', 'unknown', 'in_flight')))";

type RawUndoRecord =
    (i64, u32, String, String, String, Option<Unpacked>, bool, Option<i64>, Unpacked, Option<i64>, bool);

fn raw_undo_record(row: &Row<'_>) -> rusqlite::Result<RawUndoRecord> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
        row.get(8)?,
        row.get(9)?,
        row.get(10)?,
    ))
}

fn undo_record_row(raw: RawUndoRecord) -> Result<UndoRecordRow, StateError> {
    let (id, operation, side, kind, action, image, cascaded, link, trace, undone, settled) = raw;
    Ok(UndoRecordRow {
        id,
        operation,
        side: side_of(&side, || format!("undo record {id}"))?,
        kind: kind_of(&kind)?,
        action: serde_json::from_value(action.into())?,
        image: image.map(|image| image.0),
        cascaded,
        link,
        trace: trace.0,
        undone,
        settled,
    })
}

impl State {
    /// Writes a undo record down before it is done.
    ///
    /// # Errors
    /// When it cannot be written: then it may not be done.
    pub fn add_undo_record(&self, draft: &UndoRecordDraft<'_>) -> Result<(), StateError> {
        let (run, operation) = draft.operation;
        self.connection
            .prepare_cached(
                "INSERT INTO undo_record (run, operation, side, kind, action, image, link, trace)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                run,
                operation,
                draft.side.as_str(),
                draft.kind.as_str(),
                draft.action.as_str(),
                draft.image.map(Pack),
                draft.link,
                Pack(draft.trace)
            ])?;
        Ok(())
    }

    /// The trace of an operation's own undo record, with the undo record's number.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn trace_of(&self, (run, operation): (i64, u32)) -> Result<Option<(i64, String)>, StateError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, trace FROM undo_record WHERE run = ?1 AND operation = ?2 AND image IS NULL")?;
        Ok(statement
            .query_row(params![run, operation], |row| Ok((row.get(0)?, row.get::<_, Unpacked>(1)?.0)))
            .optional()?)
    }

    /// The trace of the create that made one half of a link.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn trace_of_create(&self, link: i64, side: Side) -> Result<Option<String>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT trace FROM undo_record WHERE link = ?1 AND side = ?2 AND action = 'create' ORDER BY id DESC LIMIT 1",
        )?;
        let found = statement.query_row(params![link, side.as_str()], |row| row.get::<_, Unpacked>(0));
        Ok(found.optional()?.map(|trace| trace.0))
    }

    /// What a contact was that a run deleted on the other side of this one, with the trace of the delete.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn deleted_counterpart(&self, id: &SideId) -> Result<Option<(String, String)>, StateError> {
        let column = if id.side() == Side::Cliengo { "cliengo_id" } else { "ghl_id" };
        let sql = format!(
            "SELECT max(id) FROM link WHERE kind = 'contact' AND {column} = ?1 AND role = 'primary' AND status = 'retired'"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let Some(link) = statement.query_row([id.as_str()], |row| row.get::<_, Option<i64>>(0))? else {
            return Ok(None);
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT before, trace FROM undo_record
             JOIN operation ON operation.run = undo_record.run AND operation.number = undo_record.operation
             WHERE link = ?1 AND undo_record.side = ?2 AND undo_record.kind = 'contact' AND undo_record.action = 'delete'
               AND outcome = 'applied' AND image IS NULL AND undone IS NULL ORDER BY undo_record.id DESC LIMIT 1",
        )?;
        let found = statement.query_row(params![link, id.side().other().as_str()], |row| {
            Ok((row.get::<_, Option<Unpacked>>(0)?, row.get::<_, Unpacked>(1)?))
        });
        Ok(found.optional()?.and_then(|(before, trace)| Some((before?.0, trace.0))))
    }

    /// The trace of one undo record.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn trace(&self, undo_record: i64) -> Result<Option<String>, StateError> {
        let mut statement = self.connection.prepare_cached("SELECT trace FROM undo_record WHERE id = ?1")?;
        Ok(statement.query_row([undo_record], |row| row.get::<_, Unpacked>(0)).optional()?.map(|trace| trace.0))
    }

    /// Completes a undo record with what the CRM made of it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn complete_undo_record(&self, undo_record: i64, link: Option<i64>, trace: &str) -> Result<(), StateError> {
        self.connection
            .prepare_cached("UPDATE undo_record SET link = coalesce(?2, link), trace = ?3 WHERE id = ?1")?
            .execute(params![undo_record, link, Pack(trace)])?;
        Ok(())
    }

    /// Notes that a run took a undo record back. `link` is that of what was made again: what went with it goes under it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn take_back(&self, undo_record: i64, run: i64, link: Option<i64>) -> Result<(), StateError> {
        self.connection
            .prepare_cached("UPDATE undo_record SET undone = ?2, link = coalesce(?3, link) WHERE id = ?1")?
            .execute(params![undo_record, run, link])?;
        Ok(())
    }

    /// What a run did, or may have done, in the order in which it was planned.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn undo_records(&self, run: i64) -> Result<Vec<UndoRecordRow>, StateError> {
        let sql = format!("{UNDO_RECORD} AND undo_record.run = ?1 ORDER BY undo_record.operation, undo_record.id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows: Vec<RawUndoRecord> = statement.query_map([run], raw_undo_record)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(undo_record_row).collect()
    }

    /// The record as it was before a undo record, as its CRM told it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn image(&self, undo_record: i64) -> Result<Option<String>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(image, before) FROM undo_record
             JOIN operation ON operation.run = undo_record.run AND operation.number = undo_record.operation WHERE undo_record.id = ?1",
        )?;
        let found = statement.query_row([undo_record], |row| row.get::<_, Option<Unpacked>>(0));
        Ok(found.optional()?.flatten().map(|image| image.0))
    }

    /// The records that went with their contact in one operation, as they were: kind and payload.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn images_under(&self, run: i64, operation: u32) -> Result<Vec<(Kind, String)>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT kind, image FROM undo_record WHERE run = ?1 AND operation = ?2 AND image IS NOT NULL ORDER BY id",
        )?;
        let rows: Vec<(String, Unpacked)> = statement
            .query_map(params![run, operation], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        rows.into_iter().map(|(kind, image)| Ok((kind_of(&kind)?, image.0))).collect()
    }

    /// Notes which run another one takes back.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn name_undone(&self, run: i64, undoes: i64) -> Result<(), StateError> {
        self.connection.execute("UPDATE run SET undoes = ?2 WHERE id = ?1", [run, undoes])?;
        Ok(())
    }

    /// The last run that took `run` back, or a part of it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn undone_by(&self, run: i64) -> Result<Option<i64>, StateError> {
        let mut statement = self.connection.prepare_cached("SELECT max(id) FROM run WHERE undoes = ?1")?;
        Ok(statement.query_row([run], |row| row.get(0))?)
    }
}
