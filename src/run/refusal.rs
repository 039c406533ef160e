//! Why a run cannot be undone.

use thiserror::Error;

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
