//! The plan: everything a run would do, and why the rest waits. One value, shown and applied.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::record::{
    Action, Both, ByKind, Field, Ids, Kind, MatchKey, Projection, Record, Request, Side, SideId, Tags, Value, Write,
};

use super::guard::Guard;

/// How the two sides are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Each side with its own shadow.
    Incremental,
    /// Also the two sides of every link with each other (`semantics` 25).
    Full,
    /// Without a base, because the state was lost (`semantics` 26).
    Rebuild,
    /// Not at all: what an earlier run wrote is taken back (`semantics` 33).
    Undo,
}

impl Mode {
    /// The name used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incremental => "incremental",
            Self::Full => "full",
            Self::Rebuild => "rebuild",
            Self::Undo => "undo",
        }
    }
}

/// What was listed of one side and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingCount {
    /// Records listed.
    pub count: u64,
    /// Whether the listing can say that something is absent.
    pub complete: bool,
    /// Of the kinds that are listed per contact: contacts whose list was read, and contacts in all.
    pub parents: Option<(u64, u64)>,
    /// Why it is not complete.
    pub why: Option<String>,
    /// How much came of what was asked for.
    pub reading: Reading,
}

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

/// How many operations of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Creates.
    pub create: u64,
    /// Updates, tags and completions.
    pub update: u64,
    /// Deletes.
    pub delete: u64,
}

/// A plan for one pair.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The pair's name.
    pub pair: String,
    /// How it was compared.
    pub mode: Mode,
    /// The run whose writes it takes back.
    pub undoes: Option<i64>,
    /// Whether the pair had no links before.
    pub first_sync: bool,
    /// What was listed.
    pub listings: Both<ByKind<ListingCount>>,
    /// Linked records (all kinds) that were looked at and need nothing.
    pub in_sync: u64,
    /// Linked records that this run did not look at, on one side or both; not in the JSON.
    pub unseen: u64,
    /// Contacts that stand on one side only because they are outside the scope; not in the JSON.
    pub outside: u64,
    /// What is to be done, parents before children; `id` counts from 1 in this order.
    pub operations: Vec<Operation>,
    /// Fields with two values, of which one is to stand.
    pub conflicts: Vec<Conflict>,
    /// Records that wait, each with the rule that holds it.
    pub held: Vec<Held>,
    /// What a CRM cannot express; said once.
    pub unsupported: Vec<Unsupported>,
    /// Every guard that has something to count, tripped or not.
    pub guards: Vec<Guard>,
    /// What becomes base without a request; not shown.
    pub settlements: Vec<Settlement>,
    /// Of a masked copy: the id of the plan that it shows.
    pub shown_as: Option<String>,
}

impl Plan {
    /// The hash of pair, mode and operations alone: what an approval names.
    #[must_use]
    pub fn id(&self) -> String {
        if let Some(id) = &self.shown_as {
            return id.clone();
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.pair.as_bytes());
        hasher.update(b"\0");
        hasher.update(self.mode.as_str().as_bytes());
        for operation in &self.operations {
            hasher.update(b"\0");
            hasher.update(operation.canonical().to_string().as_bytes());
        }
        hasher.finalize().to_hex().as_str().chars().take(16).collect()
    }

    /// Operations per side and kind. Links count nothing: they send nothing.
    #[must_use]
    pub fn summary(&self) -> Both<ByKind<Tally>> {
        let mut summary: Both<ByKind<Tally>> = Both::default();
        for operation in &self.operations {
            let tally = summary.of_mut(operation.side).of_mut(operation.kind);
            match operation.action {
                Action::Create => tally.create += 1,
                Action::Update | Action::Complete | Action::Tag => tally.update += 1,
                Action::Delete => tally.delete += 1,
                Action::Link => {}
            }
        }
        summary
    }

    /// The guards that stop this plan.
    pub fn tripped(&self) -> impl Iterator<Item = &Guard> {
        self.guards.iter().filter(|guard| guard.tripped)
    }

    /// How many requests the plan will send to `side`, before-reads aside.
    #[must_use]
    pub fn writes(&self, side: Side) -> u64 {
        let sent = self.operations.iter().filter(|operation| operation.side == side);
        sent.map(|operation| operation.requests.len() as u64).sum()
    }
}

/// One thing to do on one side.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its number in the plan, from 1.
    pub id: u32,
    /// Which contact's operations it is among: those of one family are done in order, families side by side.
    pub family: u32,
    /// Where it is done.
    pub side: Side,
    /// To what kind of record.
    pub kind: Kind,
    /// What is done.
    pub action: Action,
    /// The record's name for a person.
    pub label: String,
    /// The name of the contact that it belongs to (its own, for a contact).
    pub contact: String,
    /// The record's ids, where it exists.
    pub ids: Ids,
    /// The ids of its contact, for tasks and notes.
    pub parent: Ids,
    /// What changes, for a person.
    pub changes: Vec<Change>,
    /// What is sent. The run sends exactly these. (I48)
    pub requests: Vec<Request>,
    /// The same in canonical terms; `None` for a link.
    pub write: Option<Write>,
    /// What the shadows take when it was applied.
    pub settle: Settle,
    /// Of a link: what the two records were recognised by.
    pub matched_by: Option<MatchedBy>,
}

/// What two records were recognised by as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// Contacts of one e-mail.
    Email,
    /// Contacts of one phone.
    Phone,
    /// Notes of one text, under one contact.
    Text,
    /// Tasks of one title and due date, under one contact.
    Title,
}

impl MatchedBy {
    /// Contacts of this key.
    #[must_use]
    pub const fn of(key: &MatchKey) -> Self {
        match key {
            MatchKey::Email(_) => Self::Email,
            MatchKey::Phone(_) => Self::Phone,
        }
    }
}

impl Operation {
    /// The operation as it stands in a plan's JSON, without an outcome.
    #[must_use]
    pub fn canonical(&self) -> Json {
        serde_json::json!({
            "id": self.id,
            "side": self.side,
            "kind": self.kind,
            "action": self.action,
            "label": self.label,
            "ids": self.ids,
            "changes": self.changes,
            "requests": self.requests,
        })
    }
}

/// One change, as a person is shown it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Change {
    /// Tags added and removed.
    Tags {
        /// Always `tags`.
        field: Field,
        /// Added, as the target spells them.
        added: Vec<String>,
        /// Removed.
        removed: Vec<String>,
    },
    /// A field's value.
    Value {
        /// The field.
        field: Field,
        /// What the target holds.
        before: Json,
        /// What it will hold.
        after: Json,
        /// The side that the value comes from.
        origin: Side,
    },
}

/// A link that exists, or that an operation of the same plan makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkRef {
    /// This link.
    Existing(i64),
    /// The one that operation `n` makes.
    MadeBy(u32),
}

/// What the snapshot takes when an operation was applied. The written fields of the written side come from the CRM's
/// answer; everything else that moves stands here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settle {
    /// The link it belongs to; `None` for a create or a link: they make one.
    pub link: Option<LinkRef>,
    /// The link of its contact, where a task's or note's link is made.
    pub parent: Option<LinkRef>,
    /// Fields that become each side's shadow.
    pub shadows: Both<BTreeMap<Field, Value>>,
    /// Tags that both shadows gain and lose: deltas, so that a tag that someone adds meanwhile stays news.
    pub tags: TagDelta,
    /// The link that a recreated record leaves behind.
    pub retires: Option<i64>,
    /// The side whose half is gone: the survivor was marked or made again, or this removes the half; the link is kept.
    pub keeps: Option<Side>,
    /// The link that is made is outside the scope.
    #[serde(default)]
    pub outside: bool,
    /// What the link that is made counts as.
    #[serde(default)]
    pub role: crate::record::Role,
    /// What Cliengo was told of a task: a note that is made for it gets no link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projects: Option<Projection>,
    /// The conflicts whose chosen value it writes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<String>,
    /// The deeds of an earlier run that it takes back. The other side has no part in it: its shadow takes what stands in
    /// `shadows`, and no tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undoes: Vec<i64>,
    /// Tags that follow in an operation of their own: only that one takes the deeds back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags_follow: Vec<String>,
}

/// Tags added and removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagDelta {
    /// Added.
    pub added: Vec<String>,
    /// Removed.
    pub removed: Vec<String>,
}

impl TagDelta {
    /// Whether an answer that tells the tags shows every one of these as it was sent.
    #[must_use]
    pub fn were_kept(&self, answer: &Record) -> bool {
        let tags = match answer.get(&Field::Tags) {
            Some(Value::Tags(tags)) => tags.clone(),
            Some(Value::Empty) => Tags::default(),
            _ => return true,
        };
        self.added.iter().all(|tag| tags.contains(tag)) && !self.removed.iter().any(|tag| tags.contains(tag))
    }
}

/// What the snapshot takes without any request.
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// Fields of one side's shadow: both sides agree, or a side's news needs no answer.
    Fields {
        /// The link.
        link: i64,
        /// The side whose shadow moves.
        side: Side,
        /// The fields and their listed values.
        fields: BTreeMap<Field, Value>,
    },
    /// One side is gone and the survivor stays as it is.
    Keep {
        /// The link.
        link: i64,
        /// The side that is gone.
        gone: Side,
    },
    /// A CRM did not keep what was written to a field. (I33)
    Rejected {
        /// The link.
        link: i64,
        /// The side that did not keep it.
        side: Side,
        /// The field.
        field: Field,
    },
    /// A contact left the scope, or came back.
    Scope {
        /// Its link.
        link: i64,
        /// Whether it is outside now.
        outside: bool,
    },
    /// Both sides are gone.
    Drop {
        /// The link.
        link: i64,
    },
    /// Something that Cliengo was told of a task.
    Told {
        /// The contact's link.
        link: i64,
        /// What it was told.
        projection: Projection,
    },
    /// Something unsupported was said, and is not said again.
    Remember {
        /// What, in a form of its own.
        what: String,
        /// The link it belongs to.
        link: Option<i64>,
    },
    /// A conflict that waits for a person.
    Disputed(Box<Disputed>),
    /// A conflict is none any more.
    Agreed {
        /// Its id.
        id: String,
    },
    /// A contact stays alone: its person was removed on the other side. It counts as the survivor of a link.
    Alone {
        /// Its id.
        id: SideId,
        /// Its fields, as listed.
        fields: BTreeMap<Field, Value>,
    },
    /// An undo parts two records that its run did not make, and leaves both as they are. (`semantics` 61)
    Part {
        /// Their link, where they have one still.
        link: Option<i64>,
        /// What the run did.
        deed: i64,
    },
    /// An operation that failed before is not needed any more.
    Lift {
        /// Its id.
        id: String,
    },
}

/// A conflict that waits for a person, as it is kept for `conflicts`.
#[derive(Clone, Debug, PartialEq)]
pub struct Disputed {
    /// Its id.
    pub id: String,
    /// The kind of record.
    pub kind: Kind,
    /// Its ids.
    pub ids: Ids,
    /// The ids of its contact, for tasks and notes.
    pub parent: Ids,
    /// Its name for a person.
    pub label: String,
    /// The field.
    pub field: Field,
    /// The value that both had, where it is known.
    pub base: Option<Value>,
    /// Both values.
    pub now: Both<Value>,
}

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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    /// Its phone matches, but both have an e-mail and they differ.
    EmailPhoneMismatch,
    /// Its phone matches, but the names share no word. (`semantics` 38)
    NameMismatch,
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
    /// It left the scope; its link sleeps.
    OutOfScope,
    /// A person removed its link.
    Apart,
    /// Somebody changed or removed it since the run that is undone: it stays as it is. (`semantics` 33)
    EditedSince,
    /// The first sync waits for approval.
    FirstSync,
}

impl HeldReason {
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_shows_whether_every_tag_was_kept_as_it_was_sent() {
        let told = |added: &[&str], removed: &[&str], answer: Option<&[&str]>| {
            let owned = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
            let shown = answer.map(|tags| Value::tags(tags.iter().collect::<Tags>()));
            let answer = shown.map_or_else(Record::default, |tags| Record::default().with(Field::Tags, tags));
            TagDelta { added: owned(added), removed: owned(removed) }.were_kept(&answer)
        };
        assert!(told(&["vip"], &["old"], Some(&["vip", "other"])));
        assert!(!told(&["vip", "new"], &[], Some(&["vip"])), "one was not taken");
        assert!(!told(&["vip"], &["old"], Some(&["vip", "old"])), "one was not given up");
        assert!(!told(&["vip"], &[], Some(&[])), "none is there");
        assert!(told(&[], &["old"], Some(&[])));
        assert!(told(&["vip"], &["old"], None), "an answer without tags says nothing");
    }
}
