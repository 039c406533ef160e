//! Conflicts that wait for a person, and what was chosen.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use super::column::{ids_of, kind_of};
use super::{State, StateError};
use crate::record::{Both, Field, Ids, Kind, Side, Take, Value};

/// A field that both sides changed, and that a person is to decide.
#[derive(Clone, Debug, PartialEq)]
pub struct ConflictRow {
    /// Its id.
    pub id: String,
    /// The kind of record.
    pub kind: Kind,
    /// Its ids.
    pub ids: Ids,
    /// The ids of its contact, for tasks and notes.
    pub parent: Ids,
    /// Its name for a person.
    pub label: String,
    /// The field.
    pub field: Field,
    /// The value that both had, where it is known.
    pub base: Option<Value>,
    /// Both values.
    pub now: Both<Value>,
    /// The run that saw it first.
    pub run: i64,
    /// When that run began.
    pub since: Option<Timestamp>,
    /// What a person chose.
    pub take: Option<Take>,
}

const CONFLICT: &str =
    "SELECT conflict.id, kind, cliengo_id, ghl_id, parent_cliengo, parent_ghl, label, field, base, cliengo,
    ghl, conflict.run, run.started, choice FROM conflict LEFT JOIN run ON run.id = conflict.run";

type RawConflict =
    (String, String, Ids, Ids, String, String, Option<String>, String, String, i64, Option<i64>, Option<String>);

fn raw(row: &Row<'_>) -> rusqlite::Result<RawConflict> {
    let ids = ids_of(row.get(2)?, row.get(3)?);
    let parent = ids_of(row.get(4)?, row.get(5)?);
    Ok((
        row.get(0)?,
        row.get(1)?,
        ids,
        parent,
        row.get(6)?,
        row.get(7)?,
        row.get(8)?,
        row.get(9)?,
        row.get(10)?,
        row.get(11)?,
        row.get(12)?,
        row.get(13)?,
    ))
}

fn conflict(raw: RawConflict) -> Result<ConflictRow, StateError> {
    let (id, kind, ids, parent, label, field, base, cliengo, ghl, run, since, choice) = raw;
    Ok(ConflictRow {
        id,
        kind: kind_of(&kind)?,
        ids,
        parent,
        label,
        field: Field::from(std::sync::Arc::<str>::from(field)),
        base: base.map(|base| serde_json::from_str(&base)).transpose()?,
        now: Both { cliengo: serde_json::from_str(&cliengo)?, ghl: serde_json::from_str(&ghl)? },
        run,
        since: since.and_then(|at| Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis(at)).ok()),
        take: choice.map(|choice| serde_json::from_str(&choice)).transpose()?,
    })
}

impl State {
    /// Every conflict that waits or whose choice was not carried out yet, the oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn conflicts(&self) -> Result<Vec<ConflictRow>, StateError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{CONFLICT} ORDER BY conflict.run, conflict.id"))?;
        let rows: Vec<RawConflict> = statement.query_map([], raw)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(conflict).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn conflict(&self, id: &str) -> Result<Option<ConflictRow>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!("{CONFLICT} WHERE conflict.id = ?1"))?;
        statement.query_row([id], raw).optional()?.map(conflict).transpose()
    }

    /// Keeps a conflict that waits, as it is now. A choice that was made for other values is void.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_conflict(&self, row: &ConflictRow) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "INSERT INTO conflict VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, NULL)
                 ON CONFLICT (id) DO UPDATE SET label = excluded.label, base = excluded.base, choice = NULL,
                   run = CASE WHEN (cliengo, ghl) = (excluded.cliengo, excluded.ghl) THEN run ELSE excluded.run END,
                   cliengo = excluded.cliengo, ghl = excluded.ghl",
            )?
            .execute(params![
                row.id,
                row.kind.as_str(),
                row.ids.of(Side::Cliengo),
                row.ids.of(Side::Ghl),
                row.parent.of(Side::Cliengo),
                row.parent.of(Side::Ghl),
                row.label,
                row.field.as_str(),
                row.base.as_ref().map(serde_json::to_string).transpose()?,
                serde_json::to_string(&row.now.cliengo)?,
                serde_json::to_string(&row.now.ghl)?,
                row.run
            ])?;
        Ok(())
    }

    /// Keeps what a person chose. Whether there is such a conflict.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn choose(&self, id: &str, take: &Take) -> Result<bool, StateError> {
        let choice = serde_json::to_string(take)?;
        let done =
            self.connection.prepare_cached("UPDATE conflict SET choice = ?2 WHERE id = ?1")?.execute([id, &choice])?;
        Ok(done > 0)
    }

    /// A conflict is none any more.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end_conflict(&self, id: &str) -> Result<(), StateError> {
        self.connection.prepare_cached("DELETE FROM conflict WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}
