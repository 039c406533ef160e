//! A plan in a file, for `sync --plan`: bound to what it was made from. (I47)

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{MAPPING_VERSION, RunError};
use crate::config::Pair;
use crate::reconcile::Mode;
use crate::state::State;

/// The form of the file.
const SCHEMA: &str = "concord.saved/1";

/// How long a saved plan may wait: whoever read it a week ago approved another week's customers.
const KEEPS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a saved plan is held to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    schema: String,
    /// The pair.
    pub pair: String,
    /// How the sides were compared.
    pub mode: Mode,
    /// The plan.
    pub plan_id: String,
    configuration: String,
    mapping: String,
    generation: String,
    saved_at: Timestamp,
}

/// Why a file is no saved plan.
#[derive(Debug, Error)]
#[error("{path} is not a plan that `concord plan --save` wrote: {why}")]
pub struct SavedPlanError {
    path: PathBuf,
    why: String,
}

/// How often the snapshot was moved; `0` where there is none.
///
/// # Errors
/// When the state cannot be read.
pub fn generation(state: Option<&State>) -> Result<String, crate::state::StateError> {
    let found = state.map(|state| state.meta("generation")).transpose()?.flatten();
    Ok(found.unwrap_or_else(|| "0".to_owned()))
}

impl SavedPlan {
    /// Binds a plan to the pair's configuration and the present snapshot.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn bind(pair: &Pair, state_dir: &Path, mode: Mode, plan_id: String, now: Timestamp) -> Result<Self, RunError> {
        let state = State::open_read_only(&State::path_of(state_dir, &pair.name))?;
        Ok(Self {
            schema: SCHEMA.to_owned(),
            pair: pair.name.clone(),
            mode,
            plan_id,
            configuration: pair.fingerprint(),
            mapping: MAPPING_VERSION.to_owned(),
            generation: generation(state.as_ref())?,
            saved_at: now,
        })
    }

    /// Reads the saved plans of a file: one per pair.
    ///
    /// # Errors
    /// When it cannot be read or is not such a file.
    pub fn read(path: &Path) -> Result<Vec<Self>, SavedPlanError> {
        let failed = |why: String| SavedPlanError { path: path.to_owned(), why };
        let text = std::fs::read_to_string(path).map_err(|why| failed(why.to_string()))?;
        Self::parse(&text, path)
    }

    /// Reads `text` as if it stood in the file `origin`.
    ///
    /// # Errors
    /// When it is not such a file.
    pub fn parse(text: &str, origin: &Path) -> Result<Vec<Self>, SavedPlanError> {
        let failed = |why: String| SavedPlanError { path: origin.to_owned(), why };
        let plans: Vec<Self> = serde_json::from_str(text).map_err(|why| failed(why.to_string()))?;
        match plans.iter().find(|plan| plan.schema != SCHEMA) {
            Some(plan) => Err(failed(format!("its form is {:?}, this Concord knows {SCHEMA:?}", plan.schema))),
            None => Ok(plans),
        }
    }

    /// Refuses a plan that is not the one the present state of both CRMs gives.
    pub(super) fn check(&self, pair: &Pair, plan_id: &str, state: &State, now: Timestamp) -> Result<(), RunError> {
        let stale = |why: &str| Err(RunError::Stale { saved: self.plan_id.clone(), why: why.to_owned() });
        if now.duration_since(self.saved_at) > KEEPS {
            return stale("it was saved more than a week ago");
        }
        if self.configuration != pair.fingerprint() {
            return stale("the pair's configuration changed since it was saved");
        }
        if self.mapping != MAPPING_VERSION {
            return stale("it was saved by another version of Concord");
        }
        if self.generation != generation(Some(state))? {
            return stale("another run wrote since it was saved");
        }
        if self.plan_id != plan_id {
            return stale("records changed since it was saved");
        }
        Ok(())
    }
}
