//! What a contact is put into in GHL when it is time: a tag, a workflow, a campaign.

use serde::{Deserialize, Serialize};

use super::Field;

/// What a contact is put into. By name as the configuration has it, by id as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It gets a tag.
    Tag(String),
    /// It begins a workflow.
    Workflow(String),
    /// It is added to a campaign.
    Campaign(String),
}

impl Effect {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Tag(_) => "tag",
            Self::Workflow(_) => "workflow",
            Self::Campaign(_) => "campaign",
        }
    }

    /// Whether GHL shows who has it: a tag, but neither who is in a workflow nor who is in a campaign.
    #[must_use]
    pub const fn can_be_read(&self) -> bool {
        matches!(self, Self::Tag(_))
    }

    /// Its name or id.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Tag(name) | Self::Workflow(name) | Self::Campaign(name) => name,
        }
    }

    /// The same by another name.
    #[must_use]
    pub fn named(&self, name: String) -> Self {
        match self {
            Self::Tag(_) => Self::Tag(name),
            Self::Workflow(_) => Self::Workflow(name),
            Self::Campaign(_) => Self::Campaign(name),
        }
    }

    /// How it stands in a plan's changes.
    #[must_use]
    pub fn field(&self) -> Field {
        match self {
            Self::Tag(_) => Field::Mapped("tag".into()),
            Self::Workflow(_) => Field::Mapped("workflow".into()),
            Self::Campaign(_) => Field::Mapped("campaign".into()),
        }
    }

    /// The one that a write is about.
    #[must_use]
    pub fn of(field: &Field, name: String) -> Option<Self> {
        match field.as_str() {
            "tag" => Some(Self::Tag(name)),
            "workflow" => Some(Self::Workflow(name)),
            "campaign" => Some(Self::Campaign(name)),
            _ => None,
        }
    }
}

/// An effect on one contact: at most once, for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Enrolment {
    /// The contact's id in Cliengo.
    pub contact: String,
    /// What it is put into, as the configuration names it.
    pub effect: Effect,
}
