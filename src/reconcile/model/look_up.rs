//! How much came of what a run asked for; and a look-up that only a part of it depends on, and that failed: that part
//! waits. (`semantics` 52)

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::{Facet, Field, Kind};

/// How much came of what a run asked for, whether or not that was everything there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// All of it.
    #[default]
    Whole,
    /// Not all of it (`semantics` 51).
    Partial,
    /// The CRM could not be read (`semantics` 52).
    Failed,
}

/// A look-up that failed, or whose answer is doubted, and what waits for it. The rest goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissedLookUp {
    /// What waits.
    pub waits: Vec<Waits>,
    /// What was answered.
    pub why: String,
    /// Whether the CRM could not be read, or what it said is not believed.
    pub reading: Reading,
    /// Whether the credentials, or their scope, were refused.
    pub refused: bool,
}

impl MissedLookUp {
    /// In a person's words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let waits: Vec<String> = self.waits.iter().map(Waits::to_string).collect();
        format!("{}: {}", waits.join(", "), self.why)
    }
}

/// What waits until it can be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waits {
    /// A mapped field: it is neither read nor written, and its base stays.
    Field(Kind, Field),
    /// Who is in a business: linked contacts stay in the scope or outside it, and nobody new comes in.
    Members(String),
    /// What happened with contacts on one side and is told on the other.
    Moments(Facet),
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(kind, field) => write!(f, "the field {field} of {kind}s stays as it is"),
            Self::Members(business) => write!(f, "who is in the business {business} stays as it was"),
            Self::Moments(Facet::Talk) => f.write_str("conversations are not copied in this run"),
            Self::Moments(_) => f.write_str("appointments are not copied in this run"),
        }
    }
}
