//! What a guard found on a plan.

use serde::Serialize;

use crate::record::{Kind, Side};

/// What a guard looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardName {
    /// A first sync waits for approval.
    FirstSync,
    /// A side lists nothing although its base has two or more.
    Emptied,
    /// Deletes, as a share of the links.
    DeletePercent,
    /// Deletes.
    DeleteCount,
    /// Tags taken off contacts, as a share of all that the side has.
    TagPercent,
    /// Updates, tags and completions, as a share of the links.
    UpdatePercent,
    /// Updates, tags and completions.
    UpdateCount,
    /// Creates, as a share of the links.
    CreatePercent,
    /// Creates.
    CreateCount,
}

/// One guard, evaluated on a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Guard {
    /// What was looked at.
    pub guard: GuardName,
    /// Where.
    pub side: Side,
    /// Of what kind.
    pub kind: Kind,
    /// What was found.
    pub value: f64,
    /// What is allowed; exactly this passes.
    pub limit: f64,
    /// Whether it stops the plan.
    pub tripped: bool,
}
