//! What may be told of a run to others: counts and reasons, no contact data.

use super::pair_result::PairResult;
use super::{code, explain};
use crate::config::{Config, ConfigError, Pair};
use crate::crm::CrmError;
use crate::notify::Told;
use crate::report::Audience;
use crate::run::{Finished, RunError};
use crate::state::StateError;

/// What a pair's run came to; `exit` says with which code a finished one ends.
pub(super) fn told(config: &Config, pair: &Pair, result: &PairResult, exit: impl Fn(&Finished) -> u8) -> Told {
    match result {
        Ok(finished) => Told::finished(finished, exit(finished), &Audience::of(config, pair)),
        Err(error) => failed(&pair.name, error),
    }
}

/// Of a pair whose run could not be made.
pub(super) fn failed(pair: &str, error: &anyhow::Error) -> Told {
    Told::failed(pair, explain::exit_code(error), &reason(error))
}

/// Why, in words of our own: what a CRM answered may name somebody.
fn reason(error: &anyhow::Error) -> String {
    if let Some(error) = error.downcast_ref::<RunError>() {
        return match error {
            RunError::Crm(error) => crm(error),
            RunError::State(error) => state(error),
            RunError::Lock(_) | RunError::Stale { .. } | RunError::Undo(_) | RunError::FirstSyncFirst { .. } => {
                error.to_string()
            }
            RunError::Nobody { .. } => "neither CRM has whom it was to be about".to_owned(),
            RunError::Broken(_) => "a part of the program ended unexpectedly".to_owned(),
        };
    }
    if let Some(error) = error.downcast_ref::<StateError>() {
        return state(error);
    }
    if error.is::<ConfigError>() {
        return error.to_string();
    }
    match explain::exit_code(error) {
        code::FAILED => format!("failed: {error}"),
        _ => error.to_string(),
    }
}

fn crm(error: &CrmError) -> String {
    match error {
        CrmError::Credentials { side, .. } | CrmError::NoGrant { side, .. } => {
            format!("{} refused the credentials", side.title())
        }
        CrmError::Unavailable { side, .. } => format!("{} cannot be read", side.title()),
        CrmError::Protocol { side, .. } => format!("{} gave an answer that cannot be understood", side.title()),
        CrmError::Blocked { .. }
        | CrmError::NoSuchField { .. }
        | CrmError::SeveralFields { .. }
        | CrmError::SameField { .. }
        | CrmError::ReadOnlyField { .. }
        | CrmError::NoSuchWebsite { .. }
        | CrmError::Quota { .. }
        | CrmError::Stopped { .. } => error.to_string(),
        CrmError::Sink(_) => "a page could not be stored".to_owned(),
    }
}

fn state(error: &StateError) -> String {
    match error {
        StateError::Row(_) => "the state holds a record that cannot be read".to_owned(),
        other => other.to_string(),
    }
}
