//! A plan in a file, for `sync --plan`: bound to what it was made from. (I47, `semantics` 66)

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::error::RunError;
use super::session::{MAPPING_VERSION, lock};
use crate::config::Pair;
use crate::reconcile::{LinkRef, Mode, Operation, Plan, Settle};
use crate::record::Side;
use crate::state::{Stage, State, StateError};

/// The form of the file.
const SCHEMA: &str = "concord.saved/2";

/// The form before, which did not say what each operation rests on: such a plan is stale.
const FORMER: &str = "concord.saved/1";

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
    /// Of the former form.
    #[serde(default, skip_serializing)]
    generation: Option<String>,
    #[serde(default)]
    operations: Vec<SavedOperation>,
    saved_at: Timestamp,
}

/// One operation of a saved plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedOperation {
    /// What it does.
    does: String,
    /// The records and the base that it was decided from.
    rests_on: String,
}

/// Why a file is no saved plan.
#[derive(Debug, Error)]
#[error("{path} is no plan that was saved: {why}")]
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
    /// Binds a plan to the pair's configuration, and each operation to the records and the base that it rests on.
    ///
    /// # Errors
    /// When stage or state cannot be read.
    pub(super) fn bind(
        pair: &Pair,
        plan: &Plan,
        stage: &Mutex<Stage>,
        state: Option<&State>,
        now: Timestamp,
    ) -> Result<Self, StateError> {
        let bound = |operation| bound(operation, stage, state);
        Ok(Self {
            schema: SCHEMA.to_owned(),
            pair: pair.name.clone(),
            mode: plan.mode,
            plan_id: plan.id(),
            configuration: pair.fingerprint(),
            mapping: MAPPING_VERSION.to_owned(),
            generation: None,
            operations: plan.operations.iter().map(bound).collect::<Result<_, _>>()?,
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
        let is_json = serde_json::from_str::<serde_json::Value>(text).is_ok();
        let plans: Vec<Self> = serde_json::from_str(text).map_err(|why| {
            failed(if is_json {
                "it is JSON, but not what --save writes (a report by --format json or --out is none)".to_owned()
            } else {
                format!("it is no JSON from line {}, column {} on", why.line(), why.column())
            })
        })?;
        match plans.iter().find(|plan| plan.schema != SCHEMA && plan.schema != FORMER) {
            Some(plan) => Err(failed(format!("its form is {:?}, this Concord knows {SCHEMA:?}", plan.schema))),
            None => Ok(plans),
        }
    }

    /// The operations of tonight's plan that are those of this one, by number.
    ///
    /// # Errors
    /// When this one is stale: too old, made under other settings, or when a record that it writes, or the base under it,
    /// changed. What happened elsewhere does not touch it.
    pub(super) fn chosen(
        &self,
        pair: &Pair,
        plan: &Plan,
        stage: &Mutex<Stage>,
        state: &Mutex<State>,
        now: Timestamp,
    ) -> Result<BTreeSet<u32>, RunError> {
        self.refuse_other_times(pair, now)?;
        let mut tonight: BTreeMap<SavedOperation, Vec<u32>> = BTreeMap::new();
        for operation in &plan.operations {
            tonight.entry(bound(operation, stage, Some(&lock(state)))?).or_default().push(operation.id);
        }
        let mut chosen = BTreeSet::new();
        for operation in &self.operations {
            let Some(numbers) = tonight.get_mut(operation).filter(|numbers| !numbers.is_empty()) else {
                let planned = tonight.keys().any(|other| other.does == operation.does);
                return self.stale(if planned {
                    "a record that it writes, or what both sides agreed on of it, changed since it was saved"
                } else {
                    "records changed since it was saved: not all of its operations are planned any more"
                });
            };
            chosen.insert(numbers.remove(0));
        }
        Ok(chosen)
    }

    /// Refuses what is left of tonight's plan where it is not this one, to the byte.
    ///
    /// # Errors
    /// When it is another one.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), RunError> {
        if plan.id() == self.plan_id { Ok(()) } else { self.stale("records changed since it was saved") }
    }

    fn refuse_other_times(&self, pair: &Pair, now: Timestamp) -> Result<(), RunError> {
        if self.schema != SCHEMA || self.mapping != MAPPING_VERSION {
            return self.stale("it was saved by another version of Concord");
        }
        if now.duration_since(self.saved_at) > KEEPS {
            return self.stale("it was saved more than a week ago");
        }
        if self.configuration != pair.fingerprint() {
            return self.stale("the pair's configuration changed since it was saved");
        }
        Ok(())
    }

    fn stale<T>(&self, why: &str) -> Result<T, RunError> {
        Err(RunError::Stale { saved: self.plan_id.clone(), why: why.to_owned() })
    }
}

/// An operation, with the payloads of its records as they were listed and what both sides agreed on of them.
fn bound(operation: &Operation, stage: &Mutex<Stage>, state: Option<&State>) -> Result<SavedOperation, StateError> {
    let mut hasher = blake3::Hasher::new();
    for id in Side::BOTH.into_iter().filter_map(|side| operation.ids.tagged(side)) {
        let row = lock(stage).row(id.side(), operation.kind, id.as_str())?;
        hasher.update(id.as_str().as_bytes());
        hasher.update(row.map(|row| row.fingerprint).unwrap_or_default().as_slice());
    }
    if let (Some(state), Some(LinkRef::Existing(link))) = (state, operation.settle().and_then(Settle::link)) {
        for side in Side::BOTH {
            let agreed = state.base(link, side)?.map(|base| base.record);
            hasher.update(serde_json::to_string(&agreed)?.as_bytes());
        }
    }
    Ok(SavedOperation { does: operation.fingerprint(), rests_on: hasher.finalize().to_hex().to_string() })
}
