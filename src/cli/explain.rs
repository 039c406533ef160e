//! An error as a person is told it: a message, a hint, an exit code.

use std::io::Write;

use super::code;
use crate::config::ConfigError;
use crate::crm::CrmError;
use crate::report::visible;
use crate::run::{RunError, SavedPlanError, UndoRefusal};
use crate::sandbox::SandboxError;
use crate::state::{LockError, StateError};

/// A mistake on the command line.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Usage {
    pub message: String,
    pub hint: String,
}

/// Prints an error to stderr and says its exit code.
pub(super) fn print(error: &anyhow::Error) -> u8 {
    let mut stderr = std::io::stderr().lock();
    // What a CRM said may stand in it; tabs are the configuration's own.
    let said = format!("{error:#}").split('\t').map(visible).collect::<Vec<_>>().join("\t");
    // Nothing can be done where stderr is closed.
    let _ = writeln!(stderr, "error: {said}");
    if let Some(hint) = hint(error) {
        let _ = writeln!(stderr, "hint: {hint}");
    }
    exit_code(error)
}

/// The exit code of an error.
pub(super) fn exit_code(error: &anyhow::Error) -> u8 {
    let is_configuration = error.is::<ConfigError>() || error.is::<Usage>() || error.is::<SavedPlanError>();
    if is_configuration {
        return code::CONFIGURATION;
    }
    match error.downcast_ref::<SandboxError>() {
        Some(SandboxError::Faults { .. } | SandboxError::Unknown { .. } | SandboxError::Edit(_)) => {
            return code::CONFIGURATION;
        }
        Some(_) => return code::FAILED,
        None => {}
    }
    match error.downcast_ref::<RunError>() {
        Some(RunError::Crm(CrmError::Credentials { .. })) => code::CREDENTIALS,
        Some(RunError::Crm(CrmError::Stopped { .. })) => code::INTERRUPTED,
        Some(RunError::Lock(LockError::Held { .. })) => code::LOCKED,
        Some(RunError::Stale { .. }) => code::STALE,
        Some(RunError::Undo(_)) => code::CONFIGURATION,
        _ => code::FAILED,
    }
}

/// What a person can do about an error.
pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(config) = error.downcast_ref::<ConfigError>() {
        return config.hint().map(str::to_owned);
    }
    if let Some(usage) = error.downcast_ref::<Usage>() {
        return Some(usage.hint.clone());
    }
    let state = match error.downcast_ref::<RunError>() {
        Some(RunError::State(state)) => Some(state),
        Some(other) => return run_hint(other).map(str::to_owned),
        None => error.downcast_ref::<StateError>(),
    };
    state.and_then(state_hint).map(str::to_owned)
}

const fn run_hint(error: &RunError) -> Option<&'static str> {
    match error {
        RunError::Crm(CrmError::Credentials { .. }) => {
            Some("check the key or token and its scopes; nothing was written")
        }
        RunError::Crm(CrmError::Quota { .. }) => Some("run again after the quota's daily reset; nothing is lost"),
        RunError::Crm(CrmError::Unavailable { .. } | CrmError::Protocol { .. }) => {
            Some("nothing was deleted or overwritten because of it; the next run tries again")
        }
        RunError::Lock(LockError::Held { .. }) => {
            Some("wait until it ends; the lock goes with its process, so there is nothing to clean up")
        }
        RunError::Stale { .. } => Some("make it anew: concord plan --save FILE"),
        RunError::Undo(refusal) => Some(undo_hint(refusal)),
        _ => None,
    }
}

const fn undo_hint(refusal: &UndoRefusal) -> &'static str {
    match refusal {
        UndoRefusal::NoSuchRun { .. } | UndoRefusal::WroteNothing { .. } => {
            "the runs and their numbers: concord history"
        }
        UndoRefusal::Running { .. } => {
            "wait until it ends; if it died, undo it without --dry-run, which closes it first"
        }
        UndoRefusal::IsUndo { .. } => {
            "an undo is not undone: `concord sync --full` compares both sides, and carries over again what differs"
        }
        UndoRefusal::Undone { .. } => "what it did and when: concord history RUN",
        UndoRefusal::Dropped { .. } => {
            "change the records by hand; keep more with [retention] history_days, or go back to a copy of the state"
        }
        UndoRefusal::NotKept { .. } => {
            "change the records by hand: `concord history RUN --format json` has what stood there"
        }
    }
}

const fn state_hint(error: &StateError) -> Option<&'static str> {
    match error {
        StateError::Newer { .. } => {
            Some("run the newer Concord, or restore a copy of the state made before the upgrade")
        }
        StateError::Damaged { .. } => Some(
            "it was left as it is. Restore a copy of it, or link both sides anew: `concord plan --rebuild` shows it, `concord sync --rebuild` does it, deletes nothing and sets the file aside",
        ),
        StateError::OtherAccount { .. } => {
            Some("give this account a pair of its own, or move the state file away to begin anew")
        }
        StateError::File { .. } => Some("check that the folder exists, is yours, and has room"),
        StateError::Sqlite(_) | StateError::Row(_) => None,
    }
}
