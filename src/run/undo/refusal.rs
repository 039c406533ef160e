//! Runs that cannot be undone, and why.

use serde_json::Value as Json;

use crate::reconcile::Mode;
use crate::run::error::RunError;
use crate::run::refusal::UndoRefusal;
use crate::state::{RunRow, State, StateError, UndoRecordRow};

/// What a run did; at least a part of it no undo took back yet.
///
/// # Errors
/// Where there is nothing that could be undone.
pub(super) fn what_to_undo(state: &State, pair: &str, run: i64) -> Result<Vec<UndoRecordRow>, RunError> {
    let row = state.run(run)?.ok_or_else(|| UndoRefusal::NoSuchRun { pair: pair.to_owned(), run })?;
    if row.mode == Mode::Undo.as_str() {
        return Err(UndoRefusal::IsUndo { run, of: row.undoes.unwrap_or_default() }.into());
    }
    if row.status == "running" {
        return Err(UndoRefusal::Running { run }.into());
    }
    let undo_records = state.undo_records(run)?;
    if undo_records.is_empty() {
        return Err(why_nothing(state, &row)?.into());
    }
    if undo_records.iter().all(|undo_record| undo_record.undone.is_some()) {
        return Err(UndoRefusal::Undone { run, by: state.undone_by(run)?.unwrap_or_default() }.into());
    }
    Ok(undo_records)
}

fn why_nothing(state: &State, row: &RunRow) -> Result<UndoRefusal, StateError> {
    let run = row.id;
    let operations = state.operations(run)?;
    let planned = row.summary.as_ref().and_then(|summary| summary.get("operations")?.as_u64()).unwrap_or(0);
    let sent = |document: &Json| document.get("requests").and_then(Json::as_array).is_some_and(|sent| !sent.is_empty());
    let is_applied = |outcome: Option<&str>| outcome == Some("applied");
    Ok(if operations.is_empty() && planned > 0 && row.status != "refused" {
        UndoRefusal::Dropped { run }
    } else if operations.iter().any(|row| is_applied(row.outcome.as_deref()) && sent(&row.document)) {
        UndoRefusal::NotKept { run }
    } else {
        UndoRefusal::WroteNothing { run }
    })
}
