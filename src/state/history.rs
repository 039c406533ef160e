//! History: every run, and every operation of it with its before-image and outcome.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value as Json;

use super::packed::{Pack, Unpacked};
use super::{State, StateError};
use crate::record::{Ids, Side};

/// A run of the past.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Its number.
    pub id: i64,
    /// How it compared.
    pub mode: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None`: it runs, or it died.
    pub finished: Option<Timestamp>,
    /// The plan it applied.
    pub plan_id: String,
    /// `running`, `done`, `refused` or `failed`.
    pub status: String,
    /// Counts, as JSON.
    pub summary: Option<Json>,
    /// The run whose writes it takes back.
    pub undoes: Option<i64>,
}

impl RunRow {
    /// Whether its process ended before it did, and a later run closed it.
    #[must_use]
    pub fn was_cut_off(&self) -> bool {
        self.finished.is_none() && self.status == "failed"
    }
}

/// An operation of the past.
#[derive(Clone, Debug)]
pub struct OperationRow {
    /// Its number in the plan.
    pub number: u32,
    /// As it stood in the plan's JSON.
    pub document: Json,
    /// The record as it was before, as its CRM told it.
    pub before: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

pub(super) fn instant(milliseconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis(milliseconds)).unwrap_or(Timestamp::MIN)
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: row.get(0)?,
        mode: row.get(1)?,
        started: instant(row.get(2)?),
        finished: row.get::<_, Option<i64>>(3)?.map(instant),
        plan_id: row.get(4)?,
        status: row.get(5)?,
        summary: row.get::<_, Option<String>>(6)?.and_then(|text| serde_json::from_str(&text).ok()),
        undoes: row.get(7)?,
    })
}

const RUN: &str = "SELECT id, mode, started, finished, plan_id, status, summary, undoes FROM run";

impl State {
    /// Begins a run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin_run(&self, mode: &str, plan_id: &str, now: Timestamp) -> Result<i64, StateError> {
        self.connection.execute(
            "INSERT INTO run (mode, started, plan_id, status) VALUES (?1, ?2, ?3, 'running')",
            params![mode, now.as_millisecond(), plan_id],
        )?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Names the plan of a run that began before it had one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn name_plan(&self, run: i64, plan_id: &str) -> Result<(), StateError> {
        self.connection.execute("UPDATE run SET plan_id = ?2 WHERE id = ?1", params![run, plan_id])?;
        Ok(())
    }

    /// Ends a run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish_run(&self, run: i64, status: &str, summary: &Json, now: Timestamp) -> Result<(), StateError> {
        self.connection.execute(
            "UPDATE run SET finished = ?2, status = ?3, summary = ?4 WHERE id = ?1",
            params![run, now.as_millisecond(), status, summary.to_string()],
        )?;
        Ok(())
    }

    /// Writes a planned operation down.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn plan_operation(&self, run: i64, number: u32, document: &Json) -> Result<(), StateError> {
        self.connection
            .prepare_cached("INSERT INTO operation (run, number, document) VALUES (?1, ?2, ?3)")?
            .execute(params![run, number, Pack(&document.to_string())])?;
        Ok(())
    }

    /// Keeps the record as it was before it is overwritten. (I26)
    ///
    /// # Errors
    /// When it cannot be written: then nothing may be overwritten.
    pub fn keep_before(&self, run: i64, number: u32, payload: &str) -> Result<(), StateError> {
        self.connection
            .prepare_cached("UPDATE operation SET before = ?3 WHERE run = ?1 AND number = ?2")?
            .execute(params![run, number, Pack(payload)])?;
        Ok(())
    }

    /// Writes down what came of an operation.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end_operation(&self, run: i64, number: u32, outcome: &str, reason: Option<&str>) -> Result<(), StateError> {
        self.connection
            .prepare_cached("UPDATE operation SET outcome = ?3, reason = ?4 WHERE run = ?1 AND number = ?2")?
            .execute(params![run, number, outcome, reason])?;
        Ok(())
    }

    /// What a contact showed by id when it was not deleted for it, the last time that was in a run begun by `until`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_shown_to_a_delete(&self, side: Side, id: &str, until: Timestamp) -> Result<Option<String>, StateError> {
        let sql = "SELECT unpacked(before) FROM operation JOIN run ON run.id = operation.run
              WHERE outcome = 'skipped_stale' AND before IS NOT NULL AND started <= ?3
                AND unpacked(document) ->> '$.action' = 'delete' AND unpacked(document) ->> '$.kind' = 'contact'
                AND unpacked(document) ->> ('$.ids.' || ?1) = ?2
              ORDER BY run DESC LIMIT 1";
        let shown = params![side.as_str(), id, until.as_millisecond()];
        Ok(self.connection.prepare_cached(sql)?.query_row(shown, |row| row.get(0)).optional()?)
    }

    /// How many operations a run planned, and of how many its journal says that they were applied.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub fn journal_counts(&self, run: i64) -> Result<(u64, u64), StateError> {
        let sql = "SELECT count(*), count(CASE WHEN outcome = 'applied' THEN 1 END) FROM operation WHERE run = ?1";
        let count = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()));
        Ok(self.connection.query_row(sql, [run], count)?)
    }

    /// The runs, newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn runs(&self, most: u32) -> Result<Vec<RunRow>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!("{RUN} ORDER BY id DESC LIMIT ?1"))?;
        Ok(statement.query_map([most], run_row)?.collect::<Result<_, _>>()?)
    }

    /// The last sync that came as far as a plan: its summary says what waits. An undo's says nothing of the pair.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_planned(&self) -> Result<Option<RunRow>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{RUN} WHERE mode NOT IN ('undo', 'contact') AND json_extract(summary, '$.held') IS NOT NULL ORDER BY id DESC LIMIT 1"
        ))?;
        Ok(statement.query_row([], run_row).optional()?)
    }

    /// The ended runs after number `id`, oldest first, up to the first that has not ended.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn runs_after(&self, id: i64) -> Result<Vec<RunRow>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{RUN} WHERE id > ?1 AND id < (SELECT ifnull(min(id), 9223372036854775807) FROM run WHERE status = 'running')
             ORDER BY id"
        ))?;
        Ok(statement.query_map([id], run_row)?.collect::<Result<_, _>>()?)
    }

    /// When the last run of each mode began that went to its end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_done(&self) -> Result<BTreeMap<String, Timestamp>, StateError> {
        let mut statement =
            self.connection.prepare_cached("SELECT mode, max(started) FROM run WHERE status = 'done' GROUP BY mode")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, instant(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One run.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn run(&self, id: i64) -> Result<Option<RunRow>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!("{RUN} WHERE id = ?1"))?;
        Ok(statement.query_row([id], run_row).optional()?)
    }

    /// Every operation of a run.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn operations(&self, run: i64) -> Result<Vec<OperationRow>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT number, document, before, outcome, reason FROM operation WHERE run = ?1 ORDER BY number",
        )?;
        let rows = statement.query_map([run], |row| {
            let document: Unpacked = row.get(1)?;
            let before: Option<Unpacked> = row.get(2)?;
            Ok(OperationRow {
                number: row.get(0)?,
                document: serde_json::from_str(&document.0).unwrap_or(Json::Null),
                before: before.map(|before| before.0),
                outcome: row.get(3)?,
                reason: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The operations about any of these records, each with its run, the oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn operations_about(&self, ids: &[String], most: u32) -> Result<Vec<(RunRow, OperationRow)>, StateError> {
        let named =
            (1..=ids.len()).map(|at| format!("instr(unpacked(document), ?{at}) > 0")).collect::<Vec<_>>().join(" OR ");
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql =
            format!("SELECT run, number FROM operation WHERE {named} ORDER BY run DESC, number DESC LIMIT {most}");
        let mut statement = self.connection.prepare(&sql)?;
        let mut found: Vec<(i64, u32)> = statement
            .query_map(rusqlite::params_from_iter(ids), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        // What a run put under a contact that it made itself names that contact by its operation.
        let mut under = self
            .connection
            .prepare("SELECT run, number FROM operation WHERE run = ?1 AND instr(unpacked(document), ?2) > 0")?;
        for (run, number) in found.clone() {
            let children = under
                .query_map(params![run, format!("/contacts/{{op:{number}}}")], |row| Ok((row.get(0)?, row.get(1)?)))?;
            found.extend(children.collect::<Result<Vec<_>, _>>()?);
        }
        found.sort_unstable();
        found.dedup();
        let mut operations = Vec::new();
        for (run, number) in found {
            let row = self.operations(run)?.into_iter().find(|row| row.number == number);
            operations.extend(self.run(run)?.zip(row));
        }
        Ok(operations)
    }

    /// The ids of the links that went along when the contact of this id was merged into another one, as the history says.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn merged_away(&self, id: &str) -> Result<Vec<Ids>, StateError> {
        let mut statement = self.connection.prepare(
            "SELECT json_extract(unpacked(document), '$.ids') FROM operation
             WHERE instr(unpacked(document), '\"merged_from\"') > 0
               AND json_extract(unpacked(document), '$.kind') = 'contact'
               AND json_extract(unpacked(document), '$.merged_from') = ?1",
        )?;
        let rows: Vec<String> = statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        rows.iter().map(|ids| Ok(serde_json::from_str(ids)?)).collect()
    }

    /// Keeps the guarded operations of a plan that a guard stopped, for an approval to name (`semantics` 35).
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_refused(&self, plan_id: &str, run: i64, guarded: &[String]) -> Result<(), StateError> {
        self.connection.execute(
            "INSERT OR REPLACE INTO refused_plan VALUES (?1, ?2, ?3)",
            params![plan_id, run, serde_json::to_string(guarded)?],
        )?;
        Ok(())
    }

    /// Whether an earlier run, begun or ended, had this plan.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn has_planned(&self, plan_id: &str) -> Result<bool, StateError> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM run WHERE plan_id = ?1")?.exists([plan_id])?)
    }

    /// The guarded operations of a plan that a guard stopped.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn refused(&self, plan_id: &str) -> Result<Option<Vec<String>>, StateError> {
        let found: Option<String> = self
            .connection
            .query_row("SELECT guarded FROM refused_plan WHERE plan_id = ?1", [plan_id], |row| row.get(0))
            .optional()?;
        Ok(found.map(|text| serde_json::from_str(&text)).transpose()?)
    }
}
