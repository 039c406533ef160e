//! What a run did, as an undo needs to know it, and what became of it since. (`semantics` 33)

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::lost::MovedFrom;
use super::settle::TagDelta;
use crate::record::{Action, Fields, Ids, Kind, Record, Side, SideId, Tags};

/// What a run did to one record, as an undo needs to know it; kept in the state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The record's ids, that of what was created among them once it is known.
    pub ids: Ids,
    /// The ids of its contact, for tasks and notes.
    pub parent: Ids,
    /// Its name for a person.
    pub label: String,
    /// The name of its contact.
    pub contact: String,
    /// What the written side held after it: after a create all that was known, else the written fields.
    pub wrote: Fields,
    /// Tags that were added and removed there.
    pub tags: TagDelta,
    /// The other side's base after it: of an update the same fields, of a delete all that was known.
    pub other: Fields,
    /// An undo made it again, under the id that stands in `ids`; the tags that the deletion removed, in `tags`, are still
    /// to follow.
    #[serde(default)]
    pub remade: bool,
    /// What the CRM answered to a create, as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// No CRM answered that the run created it: it was there, or was found by reading. (`semantics` 61)
    #[serde(default)]
    pub adopted: bool,
    /// Of a link that went along with a merged contact: as it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<MovedFrom>,
}

/// What became of a record since.
#[derive(Clone, Debug)]
pub enum Still {
    /// It is there, like this.
    There(Record),
    /// It is not there any more.
    Gone,
    /// It could not be read.
    Unknown(String),
}

/// One thing that a run did, and its record as it is now.
#[derive(Clone, Debug)]
pub struct UndoRecord {
    /// Its number.
    pub id: i64,
    /// Where it was done.
    pub side: Side,
    /// To what kind of record.
    pub kind: Kind,
    /// What was done.
    pub action: Action,
    /// What was kept of it.
    pub trace: Trace,
    /// Its record's link, where it is one still.
    pub link: Option<i64>,
    /// The link of its contact, where it is one still.
    pub contact_link: Option<i64>,
    /// The record as it was before; `None` where that was not kept or cannot be understood.
    pub before: Option<Record>,
    /// The record as it is now.
    pub now: Still,
    /// What people changed in a record that the run made, besides our fields. (`semantics` 59)
    pub unmapped: BTreeSet<String>,
    /// The tags of the other side's base.
    pub other_tags: Option<Tags>,
    /// Who has the e-mail or phone of a deleted contact now; where that could not be read, why.
    pub taken: Result<Option<SideId>, String>,
    /// Whether the run knew that it was done, and settled it.
    pub settled: bool,
    /// Whether an earlier undo tried to make it again and got no answer.
    pub pending: bool,
    /// Whether it went with its contact.
    pub cascaded: bool,
}

/// A task or note as it stands under its contact now.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: SideId,
    /// The record.
    pub record: Record,
}

/// What is to be taken back, and what became of it.
#[derive(Clone, Debug, Default)]
pub struct Undoing {
    /// The run that did it.
    pub run: i64,
    /// What it did and no undo took back yet, in the order in which it was planned.
    pub undo_records: Vec<UndoRecord>,
    /// The contacts that tasks or notes are to come back under.
    pub contacts: BTreeMap<SideId, Still>,
    /// What stands under contacts that the run made; where that could not be read, why.
    pub under: BTreeMap<SideId, Result<Vec<Listed>, String>>,
    /// The links between contacts that the run made and that still count, with both ids.
    pub links: Vec<(i64, Ids)>,
}
