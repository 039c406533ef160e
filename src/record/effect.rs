//! What a contact is put into in GHL when it is time: a tag, a workflow, a campaign.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Field, Ids, Side, SideId};

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

/// Why nobody can be put into what a trigger names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoEffect {
    /// GHL has none of the name, or several.
    NotThere(String),
    /// What GHL has could not be read.
    Unread(String),
}

/// What triggers name: what is sent for it, or why it is not there.
pub type Effects = BTreeMap<Effect, Result<String, NoEffect>>;

impl NoEffect {
    /// In a person's words.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::NotThere(why) | Self::Unread(why) => why,
        }
    }
}

/// An effect on one contact: at most once, for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Enrolment {
    /// The contact's id in Cliengo; of one that was new from GHL, its id there behind [`FROM_GHL`].
    contact: String,
    /// What it is put into, as the configuration names it.
    pub effect: Effect,
}

/// What stands before the id of a contact that Cliengo did not have yet. No id has a colon.
const FROM_GHL: &str = "ghl:";

impl Enrolment {
    /// Of a contact by the id that it had first.
    #[must_use]
    pub fn of(contact: &SideId, effect: Effect) -> Self {
        Self { contact: Self::key(contact), effect }
    }

    /// The same as it is kept.
    #[must_use]
    pub fn kept(contact: String, effect: Effect) -> Self {
        Self { contact, effect }
    }

    /// Under what a contact's are kept.
    #[must_use]
    pub fn key(contact: &SideId) -> String {
        let before = if contact.side() == Side::Ghl { FROM_GHL } else { "" };
        format!("{before}{}", contact.as_str())
    }

    /// The same of this one.
    #[must_use]
    pub fn contact_key(&self) -> &str {
        &self.contact
    }

    /// The contact, by the id that it had first.
    #[must_use]
    pub fn contact(&self) -> SideId {
        match self.contact.strip_prefix(FROM_GHL) {
            Some(id) => SideId::new(Side::Ghl, id),
            None => SideId::new(Side::Cliengo, self.contact.as_str()),
        }
    }

    /// Whether it is about the contact of these ids.
    #[must_use]
    pub fn is_of(&self, ids: &Ids) -> bool {
        let contact = self.contact();
        ids.of(contact.side()) == Some(contact.as_str())
    }
}
