//! What a plan says besides its operations: fields with two values, records that wait, and what a side cannot express.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::record::{Action, Field, Ids, Kind, Side};

/// Who wins a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Winner {
    /// Cliengo's value.
    Cliengo,
    /// GHL's value.
    Ghl,
    /// Nobody yet: it waits for a person.
    Manual,
    /// A value of a person's own, for both.
    Chosen,
}

impl From<Side> for Winner {
    fn from(side: Side) -> Self {
        match side {
            Side::Cliengo => Self::Cliengo,
            Side::Ghl => Self::Ghl,
        }
    }
}

/// Why a field has two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Both sides changed it since they last agreed.
    BothChanged,
    /// One side never had the other's value: they differ since they were first seen together, or since one did not take it.
    NeverHad,
    /// It cannot be told whether a side changed it, or did not keep what was written.
    Doubted,
}

/// A field with two values, of which one is to stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// Its id, for `concord conflicts`; not in the JSON.
    #[serde(skip)]
    pub id: String,
    /// The kind of record.
    pub kind: Kind,
    /// Its ids.
    pub ids: Ids,
    /// Its name for a person; not in the JSON.
    #[serde(skip)]
    pub label: String,
    /// The field.
    pub field: Field,
    /// The value both had, where it is known.
    pub base: Json,
    /// Cliengo's value.
    pub cliengo: Json,
    /// GHL's value.
    pub ghl: Json,
    /// Whose value stands.
    pub winner: Winner,
    /// Why there are two values.
    pub cause: Cause,
    /// A person's own value, where that stands; not in the JSON: it is the `after` of the operations.
    #[serde(skip)]
    pub chosen: Option<Json>,
    /// Whether the state has it already, so that `concord conflicts` knows its id; not in the JSON.
    #[serde(skip)]
    pub kept: bool,
}

/// Why a record waits. Stable names; new ones may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldReason {
    /// Several records could be its counterpart.
    AmbiguousMatch,
    /// Its match is linked to another record already.
    DuplicateOf,
    /// It is missing, but its e-mail or phone stands on another contact.
    SuspectedMerge,
    /// The GHL contact that it was merged into says something else. Said once: nothing is written over. (`semantics` 10)
    MergedOtherwise,
    /// Its phone matches, but both have an e-mail and they differ.
    EmailPhoneMismatch,
    /// Its phone matches, but the names share no word. (`semantics` 38)
    NameMismatch,
    /// Earlier rules linked it, today's would not; it stays linked. Said once. (`semantics` 36 to 38)
    LinkedBefore,
    /// It has neither e-mail nor phone.
    NoMatchKey,
    /// It is so new that a chatbot may still be filling it in.
    TooYoung,
    /// Its payload cannot be understood.
    Unparsable,
    /// Both sides changed it and a person is to choose.
    ManualConflict,
    /// A create for it has an unknown outcome.
    UnknownOutcome,
    /// What a trigger names is not there.
    NoSuchEffect,
    /// It kept failing and was set aside.
    Quarantined,
    /// It failed, and rests before it is tried again.
    Retrying,
    /// It would be deleted, but one of its tasks or notes changed.
    DirtyChild,
    /// What it depends on was not listed in this run.
    Unlisted,
    /// It was asked for by id, and the CRM said neither that it is there nor that it is gone. (`semantics` 55)
    Inconclusive,
    /// It was removed on one side and stays on the other, as the policy says. Said once.
    RemovedElsewhere,
    /// A value is not among the options of its field.
    Picklist,
    /// A value can mean two things. (`semantics` 50)
    AmbiguousValue,
    /// An edit would destroy links, images or tables of the other side's text. (`semantics` 48)
    MarkupLoss,
    /// An edit would destroy the rest of a text of which its side holds the beginning. (`semantics` 48)
    CutText,
    /// It left the scope; its link sleeps.
    OutOfScope,
    /// A person removed its link.
    Apart,
    /// Somebody changed or removed it since the run that is undone: it stays as it is. (`semantics` 33)
    EditedSince,
    /// The first sync waits for approval.
    FirstSync,
}

impl Held {
    /// Whether a person has to act (exit code 3): one who has acknowledged it knows.
    #[must_use]
    pub const fn needs_a_person(&self) -> bool {
        self.reason.needs_a_person() && !self.known
    }
}

impl HeldReason {
    /// The reason of a name used in JSON; `None`: this version does not know it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    /// The name used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AmbiguousMatch => "ambiguous_match",
            Self::DuplicateOf => "duplicate_of",
            Self::SuspectedMerge => "suspected_merge",
            Self::MergedOtherwise => "merged_otherwise",
            Self::EmailPhoneMismatch => "email_phone_mismatch",
            Self::NameMismatch => "name_mismatch",
            Self::LinkedBefore => "linked_before",
            Self::NoMatchKey => "no_match_key",
            Self::TooYoung => "too_young",
            Self::Unparsable => "unparsable",
            Self::ManualConflict => "manual_conflict",
            Self::UnknownOutcome => "unknown_outcome",
            Self::NoSuchEffect => "no_such_effect",
            Self::Quarantined => "quarantined",
            Self::Retrying => "retrying",
            Self::DirtyChild => "dirty_child",
            Self::Unlisted => "unlisted",
            Self::Inconclusive => "inconclusive",
            Self::RemovedElsewhere => "removed_elsewhere",
            Self::Picklist => "picklist",
            Self::AmbiguousValue => "ambiguous_value",
            Self::MarkupLoss => "markup_loss",
            Self::CutText => "cut_text",
            Self::OutOfScope => "out_of_scope",
            Self::Apart => "apart",
            Self::EditedSince => "edited_since",
            Self::FirstSync => "first_sync",
        }
    }

    /// Whether a person has to act (exit code 3), or it is normal for an account to have such records.
    #[must_use]
    pub const fn needs_a_person(self) -> bool {
        !matches!(
            self,
            Self::DuplicateOf
                | Self::TooYoung
                | Self::NoMatchKey
                | Self::RemovedElsewhere
                | Self::OutOfScope
                | Self::Apart
        )
    }
}

/// A record that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Its id: the same as long as the same record waits for the same reason.
    pub id: String,
    /// The kind of record.
    pub kind: Kind,
    /// Its ids.
    pub ids: Ids,
    /// Its name for a person; not in the JSON.
    #[serde(skip)]
    pub label: String,
    /// The rule that holds it.
    pub reason: HeldReason,
    /// What a person needs to know, and what to do.
    pub detail: String,
    /// Whether a person has acknowledged it.
    pub known: bool,
}

/// What one side cannot express.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unsupported {
    /// The kind of record.
    pub kind: Kind,
    /// The side that cannot.
    pub side: Side,
    /// What it cannot do.
    pub action: Action,
    /// The record's ids.
    pub ids: Ids,
    /// Its name for a person; not in the JSON.
    #[serde(skip)]
    pub label: String,
    /// In a person's words.
    pub detail: String,
}
