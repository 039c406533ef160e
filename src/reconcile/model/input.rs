//! What reconciling is given: everything that it decides from, and nothing that it could ask.
//! Long, since all that a plan rests on stands in one value.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::advice;
use super::look_up::MissedLookUp;
use super::lost::{Astray, Lost};
use super::pending::{FailedOperation, PendingConflict};
use super::plan::{ListingCount, Mode};
use super::subject::Subject;
use crate::config::{KindPolicy, Pair};
use crate::crm::Gone;
use crate::record::{
    Both, ByKind, Capabilities, Effects, Enrolment, Field, Fields, Forms, GhlId, Ids, Kind, Mapped, MatchKey, Moment,
    Record, Side, SideId, Told,
};

/// What one run knows of one pair.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// The pair's policy.
    pub pair: &'a Pair,
    /// Fields that the configuration maps.
    pub mapped: &'a [Mapped],
    /// How the sides are compared.
    pub mode: Mode,
    /// Now, by Cliengo's own clock where it tells; used for `min_age` only.
    pub now: Timestamp,
    /// Whether the pair had no links before.
    pub first_sync: bool,
    /// Whether Cliengo's listings were known to show tags before this run. (`semantics` 14)
    pub tags_were_read: bool,
    /// The fields that Cliengo leaves out of contacts that have no value, as its listing shows.
    pub left_out: BTreeSet<Field>,
    /// Whether an earlier run began the first sync and none came to its end since.
    pub first_sync_goes_on: bool,
    /// What each side can do.
    pub capabilities: Both<Capabilities>,
    /// What was listed.
    pub listings: Both<ByKind<ListingCount>>,
    /// Look-ups that failed, each with what waits for it. (`semantics` 52)
    pub look_ups: Vec<MissedLookUp>,
    /// Linked records of which a field waits for one.
    pub read_in_part: BTreeSet<i64>,
    /// Live links.
    pub links: ByKind<u64>,
    /// Those of which not both records were listed.
    pub unseen: BTreeSet<i64>,
    /// Unlinked contacts whose e-mail and phone the other side was asked for, and whom it does not have: no listing is needed.
    pub known_alone: BTreeSet<SideId>,
    /// Live links of which this run looked at both halves, or at their contact's list: what percentages are of.
    /// (`semantics` 54)
    pub looked_at: ByKind<u64>,
    /// How many tags each side's linked contacts had when both last agreed, where some go.
    pub tags: Both<u64>,
    /// Linked contacts that change detection let through.
    pub contacts: Vec<Linked>,
    /// Linked tasks and notes that change detection let through.
    pub children: Vec<Linked>,
    /// The contacts of those tasks and notes, by link.
    pub parents: BTreeMap<i64, Parent>,
    /// Listed contacts without a link.
    pub unlinked: Both<Vec<Unlinked>>,
    /// Listed tasks and notes without a link.
    pub unlinked_children: Both<Vec<Unlinked>>,
    /// Contacts whose tasks or notes were all listed, of the kinds that are listed per contact.
    pub covered: BTreeSet<(Kind, SideId)>,
    /// Secondaries that are missing in Cliengo. (`semantics` 5)
    pub secondaries: Vec<Linked>,
    /// The secondaries of a primary that is gone, by its link, the oldest first: who takes the place of one that is gone in
    /// Cliengo.
    pub successors: BTreeMap<i64, Vec<Unlinked>>,
    /// What both sides said last of contacts whose counterpart an earlier run deleted, and that are there again.
    pub deleted: BTreeMap<SideId, Both<Record>>,
    /// Linked contacts that GHL has no more, and what tells whether they were merged, by their links.
    pub lost: BTreeMap<i64, Lost>,
    /// By contact of GHL: what may have come to stand under it since somebody merged another one into it.
    pub astray: BTreeMap<SideId, Vec<Astray>>,
    /// By contact: what stands under it and still has the link that it had under another one, which is gone on both sides.
    pub leaving: BTreeMap<SideId, Vec<Astray>>,
    /// Linked contacts that an earlier run held because they seemed to be merged into others, which are not there any more.
    pub suspected: BTreeSet<i64>,
    /// Linked contacts by the keys that matter in this run.
    pub holders: Both<BTreeMap<MatchKey, Vec<Holder>>>,
    /// The sources of creates whose outcome is not known.
    pub pending: BTreeSet<(Kind, SideId)>,
    /// What such a create may have made, where a person is to say: by its source.
    pub candidates: BTreeMap<(Kind, SideId), BTreeSet<SideId>>,
    /// Records whose payload cannot be understood.
    pub unparsable: Vec<Unreadable>,
    /// Records of which their CRM said neither that they are there nor that they are gone. (`semantics` 55)
    pub inconclusive: Vec<Inconclusive>,
    /// Linked contacts that would wait for a person today, each with the reason; nothing where they were looked at before.
    pub linked_before: Option<Vec<(Subject, String)>>,
    /// Contacts whose tasks or notes could not be read, run after run.
    pub unread: Vec<Unread>,
    /// Links of contacts under which a task or note that was kept on one side has changed there since.
    pub kept_news: BTreeSet<i64>,
    /// What happened with linked contacts on one side and is told on the other, by their link.
    pub timeline: BTreeMap<i64, Vec<Moment>>,
    /// Linked contacts of whom it could not be read, with the reason.
    pub untold: BTreeMap<i64, String>,
    /// What the configuration's triggers name, as it is sent; or why it is not there.
    pub effects: Effects,
    /// What contacts were put into, or are to be.
    pub owed: Vec<Owed>,
    /// What was said to be unsupported before.
    pub remembered: BTreeSet<String>,
    /// GHL's tasks by their contact, where Cliengo is told of them. (`semantics` 27)
    pub tasks: BTreeMap<GhlId, Vec<SourceTask>>,
    /// What Cliengo was told of tasks, by their contact's link.
    pub told: BTreeMap<i64, Told>,
    /// The location's zone.
    pub zone: &'a TimeZone,
    /// Operations of earlier runs that failed, by id. (I44)
    pub failed_operations: BTreeMap<String, FailedOperation>,
    /// Conflicts that earlier runs left to a person, by id.
    pub pending_conflicts: BTreeMap<String, PendingConflict>,
    /// Records whose link a person removed, each with both ids of it.
    pub excluded_pairs: BTreeMap<(Kind, SideId), Ids>,
}

impl<'a> Input<'a> {
    /// What is known where nothing was listed.
    #[must_use]
    pub fn unlisted(
        pair: &'a Pair,
        forms: &'a Forms,
        mode: Mode,
        now: Timestamp,
        capabilities: Both<Capabilities>,
        links: ByKind<u64>,
    ) -> Self {
        Self {
            pair,
            mapped: &forms.mapped,
            mode,
            now,
            first_sync: false,
            tags_were_read: false,
            left_out: BTreeSet::new(),
            first_sync_goes_on: false,
            capabilities,
            listings: Both::default(),
            look_ups: Vec::new(),
            read_in_part: BTreeSet::new(),
            looked_at: links,
            tags: Both::default(),
            links,
            unseen: BTreeSet::new(),
            known_alone: BTreeSet::new(),
            contacts: Vec::new(),
            children: Vec::new(),
            parents: BTreeMap::new(),
            unlinked: Both::default(),
            unlinked_children: Both::default(),
            covered: BTreeSet::new(),
            secondaries: Vec::new(),
            successors: BTreeMap::new(),
            deleted: BTreeMap::new(),
            lost: BTreeMap::new(),
            astray: BTreeMap::new(),
            leaving: BTreeMap::new(),
            suspected: BTreeSet::new(),
            holders: Both::default(),
            pending: BTreeSet::new(),
            candidates: BTreeMap::new(),
            unparsable: Vec::new(),
            inconclusive: Vec::new(),
            linked_before: None,
            unread: Vec::new(),
            kept_news: BTreeSet::new(),
            timeline: BTreeMap::new(),
            untold: BTreeMap::new(),
            effects: BTreeMap::new(),
            owed: Vec::new(),
            remembered: BTreeSet::new(),
            tasks: BTreeMap::new(),
            told: BTreeMap::new(),
            zone: &forms.zone,
            failed_operations: BTreeMap::new(),
            pending_conflicts: BTreeMap::new(),
            excluded_pairs: BTreeMap::new(),
        }
    }

    /// The policy of `kind`.
    #[must_use]
    pub fn policy(&self, kind: Kind) -> &KindPolicy {
        self.pair.policy(kind)
    }

    /// What a mapped field holds; `None` for the others.
    #[must_use]
    pub fn mapped(&self, kind: Kind, field: &Field) -> Option<&'a Mapped> {
        self.mapped.iter().find(|mapped| mapped.kind == kind && mapped.field == *field)
    }

    /// Whether one of the contact's tasks or notes cannot be understood: then not all of them are known. (I30)
    #[must_use]
    pub fn has_unreadable_child(&self, kind: Kind, contact: &SideId) -> bool {
        self.unparsable.iter().any(|record| record.kind == kind && record.parent.as_ref() == Some(contact))
    }

    /// What a person is told of a record whose link was removed by hand; `None` for the others.
    #[must_use]
    pub fn excluded(&self, record: &Unlinked) -> Option<String> {
        self.kept_separate(record.kind, &record.id, record.parent.as_ref())
    }

    /// The same of a record that is known by its id.
    #[must_use]
    pub fn kept_separate(&self, kind: Kind, id: &SideId, contact: Option<&SideId>) -> Option<String> {
        let ids = self.excluded_pairs.get(&(kind, id.clone()))?;
        let other = ids.tagged(id.side().other())?;
        Some(advice::excluded(kind, contact, &other, ids, &self.pair.name))
    }

    /// Whether an edit of a record reaches `side` as a further one: it changes none, and the configuration says so.
    #[must_use]
    pub fn appends(&self, side: Side, kind: Kind) -> bool {
        let can = self.can(side, kind);
        kind == Kind::Note && self.pair.notes.append_edit && can.create && !can.update
    }

    /// Why the counterpart of a record is not created now: a create of it has an unknown outcome. `None`: it is created.
    #[must_use]
    pub fn unknown_outcome(&self, source: &Unlinked) -> Option<String> {
        let key = (source.kind, source.id.clone());
        let candidates = self.candidates.get(&key);
        self.pending.contains(&key).then(|| match candidates {
            Some(candidates) => {
                advice::may_be_one_of(source.kind, &source.id, source.parent.as_ref(), candidates, &self.pair.name)
            }
            None => advice::UNKNOWN.to_owned(),
        })
    }

    /// What `side` can do with `kind`.
    #[must_use]
    pub fn can(&self, side: Side, kind: Kind) -> &crate::record::KindCapabilities {
        self.capabilities.of(side).kinds.of(kind)
    }
}

/// A linked record: both halves, each with its own base.
#[derive(Clone, Debug)]
pub struct Linked {
    /// Its link.
    pub link: i64,
    /// What it is.
    pub kind: Kind,
    /// Its ids.
    pub ids: Ids,
    /// The link of its contact, for tasks and notes.
    pub parent: Option<i64>,
    /// Whether it was outside the scope when it was last looked at.
    pub outside: bool,
    /// Both halves.
    pub sides: Both<Half>,
    /// Fields that an undo took back: both halves differ in them on purpose. (`semantics` 61)
    pub taken_back: BTreeSet<Field>,
}

impl Linked {
    /// Its name for a person, from either side.
    #[must_use]
    pub fn label(&self) -> String {
        let newest = |half: &Half| half.current().map(Record::label).filter(|label| !label.is_empty());
        newest(&self.sides.ghl).or_else(|| newest(&self.sides.cliengo)).unwrap_or_default()
    }

    /// Whether a person changed it on `side` since it was last agreed.
    #[must_use]
    pub fn is_dirty(&self, side: Side) -> bool {
        self.sides.of(side).is_dirty()
    }

    /// Whether a person worked on it on `side` since both halves were last seen, in our fields or in others.
    /// (`semantics` 59)
    #[must_use]
    pub fn is_edited(&self, side: Side) -> bool {
        self.is_dirty(side) || !self.sides.of(side).unmapped.is_empty()
    }

    /// Whether nothing is known of it on `side`.
    #[must_use]
    pub fn is_unknown(&self, side: Side) -> bool {
        matches!(self.sides.of(side).now, Now::Unknown(_) | Now::Missed)
    }
}

/// One side's half of a linked record.
#[derive(Clone, Debug)]
pub struct Half {
    /// As it was last agreed.
    pub base: Option<Record>,
    /// As this run found it.
    pub now: Now,
    /// Fields whose last write was not kept there. (I33)
    pub rejected: Rejected,
    /// What people changed in it, besides our fields, since both halves were last seen; known where the other half is
    /// missing. (`semantics` 59)
    pub unmapped: BTreeSet<String>,
}

/// Fields of one half that a CRM did not keep as they were written.
#[derive(Clone, Debug, Default)]
pub struct Rejected {
    /// Seen in this run: said once.
    pub news: Fields,
    /// What stood there before our write stands there again, in a record that changed since: it was not kept, or a person
    /// put it back.
    pub doubted: BTreeSet<Field>,
    /// What the CRM made of what was written, as this run first sees it: it becomes base, and nothing is said of it.
    /// (`semantics` 41)
    pub stored: Fields,
    /// Known before.
    pub known: BTreeSet<Field>,
}

impl Half {
    /// The record as it is now, or as it last was.
    #[must_use]
    pub fn current(&self) -> Option<&Record> {
        match &self.now {
            Now::Changed(record) => Some(record),
            Now::Unchanged | Now::Gone(_) | Now::Missed | Now::Unknown(_) => self.base.as_ref(),
        }
    }

    /// The record where this run saw it.
    #[must_use]
    pub fn seen(&self) -> Option<&Record> {
        match &self.now {
            Now::Changed(record) => Some(record),
            Now::Unchanged => self.base.as_ref(),
            Now::Gone(_) | Now::Missed | Now::Unknown(_) => None,
        }
    }

    /// Whether a person changed it since it was last agreed.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        match (&self.now, &self.base) {
            (Now::Changed(record), Some(base)) => !base.agrees_with(record),
            (Now::Changed(_), None) => true,
            _ => false,
        }
    }
}

/// What this run found of one half.
#[derive(Clone, Debug)]
pub enum Now {
    /// As in its base.
    Unchanged,
    /// Different from its base, at least in its bytes.
    Changed(Record),
    /// Not in a complete listing, and the CRM itself says that it is gone. (I20)
    Gone(Gone),
    /// Not listed, for the first time where one absence is not enough: not known. (`semantics` 20, 53)
    Missed,
    /// Not known: no decision may rest on it.
    Unknown(String),
}

/// A listed record without a link.
#[derive(Clone, Debug)]
pub struct Unlinked {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: SideId,
    /// The contact it belongs to, for tasks and notes.
    pub parent: Option<SideId>,
    /// The record.
    pub record: Record,
    /// The link that it leaves when it is linked again: its other half is gone, and it was kept.
    pub retires: Option<i64>,
}

/// The contact that linked tasks and notes belong to.
#[derive(Clone, Debug)]
pub struct Parent {
    /// Its ids.
    pub ids: Ids,
    /// Its name for a person.
    pub label: String,
}

/// A linked contact that holds a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Its link.
    pub link: i64,
    /// Its ids.
    pub ids: Ids,
    /// The e-mails that either half has.
    pub emails: BTreeSet<MatchKey>,
    /// The names that either half has, fillers aside.
    pub names: BTreeSet<String>,
}

impl Holder {
    /// A holder of whom neither e-mails nor names are known yet.
    #[must_use]
    pub const fn new(link: i64, ids: Ids) -> Self {
        Self { link, ids, emails: BTreeSet::new(), names: BTreeSet::new() }
    }
}

/// A record that was asked for by id, without a clear answer.
#[derive(Clone, Debug)]
pub struct Inconclusive {
    /// What it is.
    pub kind: Kind,
    /// Its ids, as far as they are known.
    pub ids: Ids,
    /// Its name for a person.
    pub label: String,
    /// What was asked, and what was answered.
    pub why: String,
}

/// A contact whose tasks or notes could not be read.
#[derive(Clone, Debug)]
pub struct Unread {
    /// What could not be read of it.
    pub kind: Kind,
    /// Where.
    pub side: Side,
    /// The contact's ids.
    pub ids: Ids,
    /// Its name for a person.
    pub label: String,
    /// In how many runs in a row, this one included.
    pub runs: u64,
    /// Why.
    pub why: String,
}

/// A record whose payload cannot be understood.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// What it is.
    pub kind: Kind,
    /// Its id, and its counterpart's where it is linked.
    pub ids: Ids,
    /// The contact that a task or note belongs to.
    pub parent: Option<SideId>,
    /// What is wrong with it.
    pub why: String,
}

/// An enrolment that an earlier run wrote down.
#[derive(Clone, Debug)]
pub struct Owed {
    /// What it is.
    pub enrolment: Enrolment,
    /// The id of what it is put into, once that was known.
    pub sent: Option<String>,
    /// How far it is.
    pub due: Due,
    /// The contact's link, where both halves are there.
    pub link: Option<i64>,
    /// Its ids.
    pub ids: Ids,
    /// Its name for a person.
    pub label: String,
}

/// How far an enrolment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// It is to be done.
    Open,
    /// No answer came: it may have been done.
    Unknown,
    /// It was done.
    Done,
}

/// A task of GHL.
#[derive(Clone, Debug)]
pub struct SourceTask {
    /// Its id.
    pub id: GhlId,
    /// As it was listed.
    pub record: Record,
    /// Whether it has a counterpart in Cliengo, from a time when tasks were kept there.
    pub linked: bool,
}
