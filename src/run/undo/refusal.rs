//! Runs that cannot be undone, and why.

use serde_json::Value as Json;
use thiserror::Error;

use crate::reconcile::Mode;
use crate::run::RunError;
use crate::state::{DeedRow, RunRow, State, StateError};

/// Why a run cannot be undone. No request was made.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum UndoRefusal {
    /// There is none of that number.
    #[error("pair {pair} has no run {run}")]
    NoSuchRun {
        /// The pair.
        pair: String,
        /// The number that was asked for.
        run: i64,
    },
    /// It is at work, or died.
    #[error("run {run} has not ended")]
    Running {
        /// Its number.
        run: i64,
    },
    /// It sent nothing.
    #[error("run {run} wrote nothing: there is nothing to undo")]
    WroteNothing {
        /// Its number.
        run: i64,
    },
    /// It is an undo itself.
    #[error("run {run} is itself the undo of run {of}")]
    IsUndo {
        /// Its number.
        run: i64,
        /// The run that it undid.
        of: i64,
    },
    /// All of it was undone.
    #[error("run {run} was undone already, by run {by}")]
    Undone {
        /// Its number.
        run: i64,
        /// The undo.
        by: i64,
    },
    /// It is older than what is kept.
    #[error("what run {run} wrote is not known any more: it is older than [retention] history_days")]
    Dropped {
        /// Its number.
        run: i64,
    },
    /// A version of Concord made it that kept too little.
    #[error("run {run} was made by a version of Concord that kept too little to undo it")]
    NotKept {
        /// Its number.
        run: i64,
    },
}

/// What a run did; at least a part of it no undo took back yet.
///
/// # Errors
/// Where there is nothing that could be undone.
pub(super) fn what_to_undo(state: &State, pair: &str, run: i64) -> Result<Vec<DeedRow>, RunError> {
    let row = state.run(run)?.ok_or_else(|| UndoRefusal::NoSuchRun { pair: pair.to_owned(), run })?;
    if row.mode == Mode::Undo.as_str() {
        return Err(UndoRefusal::IsUndo { run, of: row.undoes.unwrap_or_default() }.into());
    }
    if row.status == "running" {
        return Err(UndoRefusal::Running { run }.into());
    }
    let deeds = state.deeds(run)?;
    if deeds.is_empty() {
        return Err(why_nothing(state, &row)?.into());
    }
    if deeds.iter().all(|deed| deed.undone.is_some()) {
        return Err(UndoRefusal::Undone { run, by: state.undone_by(run)?.unwrap_or_default() }.into());
    }
    Ok(deeds)
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
