//! Why a run could not be made or finished.

use thiserror::Error;

use super::refusal::UndoRefusal;
use crate::crm::CrmError;
use crate::state::{LockError, StateError};

/// Why a run could not be made or finished. What was applied before stays applied, and stands in the history.
#[derive(Debug, Error)]
pub enum RunError {
    /// A CRM could not be read.
    #[error(transparent)]
    Crm(#[from] CrmError),
    /// The state could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// Another run is at work.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The saved plan is not the plan that the CRMs' present state gives.
    #[error("the saved plan {saved} is stale: {why}")]
    Stale {
        /// The saved plan's id.
        saved: String,
        /// What moved.
        why: String,
    },
    /// Whom a person named is in neither CRM.
    #[error("neither CRM of pair {pair} has {}{looked}", asked.join(", "))]
    Nobody {
        /// The pair.
        pair: String,
        /// The ids, e-mails or phones that were given.
        asked: Vec<String>,
        /// How far it was looked where a CRM cannot be asked; empty where it was.
        looked: String,
    },
    /// Some people alone were to be synchronised before everybody was seen once.
    #[error("pair {pair} has had no first sync, and that one is of everybody; nothing was written")]
    FirstSyncFirst {
        /// The pair.
        pair: String,
    },
    /// A run cannot be undone.
    #[error(transparent)]
    Undo(#[from] UndoRefusal),
    /// A part of the program ended before it should.
    #[error("a part of the run ended unexpectedly: {0}")]
    Broken(String),
}
