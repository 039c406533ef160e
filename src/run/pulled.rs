//! What was pulled from both CRMs, and what of it is believed.

use std::collections::BTreeSet;
use std::sync::Mutex;

use tracing::{info, warn};

use super::error::RunError;
use super::look_up::FoundMembers;
use super::marks::Marks;
use super::parents::Parents;
use super::session::lock;
use super::sought::Sought;
use super::timeline::Moments;
use crate::crm::{Coverage, Learned, Listed};
use crate::reconcile::{Inconclusive, ListingCount, MissedLookUp, Reading};
use crate::record::{Both, ByKind, Effects, Forms, Ids, Kind, Record, RemoteId, Side, SideId};
use crate::state::{Identity, Stage};

/// What was pulled, besides the records in the stage.
#[derive(Debug)]
pub(super) struct Pulled {
    /// How the pair's values become canonical.
    pub forms: Forms,
    /// What was learned of the accounts.
    pub learned: Learned,
    /// Whether an earlier run had learned already that Cliengo's listings show tags.
    pub tags_were_read: bool,
    /// Whether GHL's listing shows tags of anybody, be they none.
    pub ghl_shows_tags: bool,
    /// Whose records they are.
    pub identities: Both<Identity>,
    /// What was listed.
    pub listings: Both<ByKind<ListingCount>>,
    /// Kinds whose listing can say that something is absent, over all records.
    pub complete: Both<ByKind<bool>>,
    /// Kinds that shrank so sharply that nothing of them counts as absent.
    pub doubted: Both<ByKind<bool>>,
    /// What the probe for tasks said, where it was made: it is pinned.
    pub probed_tasks: Option<bool>,
    /// Rows without an id, as they came.
    pub unidentified: Vec<(Side, Kind, String)>,
    /// The contacts whose notes and tasks were asked for.
    pub visited: Parents,
    /// Linked contacts that were not listed, and were asked for by id.
    pub sought: Sought,
    /// What a person said for good.
    pub marks: Marks,
    /// Contacts that a person had forgotten, as they were listed: they are not staged.
    pub forgotten: Vec<(SideId, String)>,
    /// Contacts whose tasks or notes could not be read.
    pub unread: Vec<Unread>,
    /// Whom alone the run is about, where a person named them.
    pub only: Option<Found>,
    /// What happened with contacts on one side and is told on the other.
    pub moments: Moments,
    /// Look-ups that failed, each with what waits for it. (`semantics` 52)
    pub look_ups: Vec<MissedLookUp>,
    /// Whether the business that the scope names has nobody, as was answered; `None`: it was not asked, or not of everybody.
    pub nobody_is_member: Option<bool>,
    /// What the pair's triggers name, as it is sent.
    pub effects: Effects,
}

/// A contact whose tasks or notes could not be read.
#[derive(Clone, Debug)]
pub(super) struct Unread {
    /// The contact.
    pub contact: SideId,
    /// What could not be read of it.
    pub kind: Kind,
    /// Why.
    pub why: String,
}

impl Pulled {
    /// Before anything was listed.
    pub(super) fn nothing(forms: Forms, learned: Learned, identities: Both<Identity>, marks: Marks) -> Self {
        Self {
            forms,
            learned,
            tags_were_read: learned.tags_read,
            ghl_shows_tags: true,
            identities,
            listings: Both::default(),
            complete: Both::default(),
            doubted: Both::default(),
            probed_tasks: None,
            unidentified: Vec::new(),
            visited: Parents::default(),
            sought: Sought::default(),
            marks,
            forgotten: Vec::new(),
            unread: Vec::new(),
            only: None,
            moments: Moments::default(),
            look_ups: Vec::new(),
            nobody_is_member: None,
            effects: Effects::new(),
        }
    }

    /// Takes over who is of the business.
    pub(super) fn follow(&mut self, found: Option<FoundMembers>) {
        let Some(found) = found else { return };
        self.forms.members = Some(found.members);
        self.nobody_is_member = Some(found.is_nobody);
        self.look_ups.extend(found.missed);
    }

    /// `semantics` 51: who was to be listed and is left for another run was not seen.
    pub fn say_quota(&mut self, parents: &Parents) {
        let listing = &mut self.listings.ghl.note;
        let (listed, all) = listing.parents.unwrap_or((parents.ghl.len() as u64, 0));
        listing.reading = listing.reading.max(Reading::Partial);
        listing.why = Some(format!(
            "GHL's daily quota allowed {listed} of {all} contacts in this run; the others follow in the next"
        ));
    }

    pub fn take<I: RemoteId>(
        &mut self,
        stage: &Mutex<Stage>,
        side: Side,
        kind: Kind,
        listed: &Listed<I>,
        parents: u64,
    ) -> Result<(), RunError> {
        let stage = lock(stage);
        let mut count = ListingCount { count: listed.count, reading: reading(listed), ..ListingCount::default() };
        match &listed.coverage {
            Coverage::Complete(_) => {
                count.complete = true;
                self.unidentified.extend(listed.unidentified.iter().map(|row| (side, kind, row.clone())));
                *self.complete.of_mut(side).of_mut(kind) = true;
            }
            Coverage::Parents(covered) => {
                cover(&stage, side, kind, covered)?;
                let listed = covered.len() as u64;
                count.complete = listed == parents;
                count.parents = Some((listed, parents));
                if listed < parents {
                    count.why = Some(format!("read for {listed} of {parents} contacts"));
                }
            }
            Coverage::Incomplete(why) => {
                warn!(%side, %kind, why, "incomplete listing");
                count.why = Some(why.clone());
            }
        }
        if let Some(why) = listed.unread.values().next() {
            let contacts = if listed.unread.len() == 1 { "contact" } else { "contacts" };
            count.why = Some(format!("{} {contacts} could not be read: {why}", listed.unread.len()));
        }
        if let Some(error) = &listed.failed {
            count.why = Some(error.to_string());
        }
        self.unread.extend(listed.unread.iter().map(|(contact, why)| {
            let (contact, why) = (contact.clone().tagged(), why.clone());
            Unread { contact, kind, why }
        }));
        info!(%side, %kind, count = count.count, complete = count.complete, "listed");
        *self.listings.of_mut(side).of_mut(kind) = count;
        Ok(())
    }
}

/// How much came of what was asked for.
fn reading<I>(listed: &Listed<I>) -> Reading {
    if listed.failed.is_some() {
        Reading::Failed
    } else if matches!(listed.coverage, Coverage::Incomplete(_)) || !listed.unread.is_empty() {
        Reading::Partial
    } else {
        Reading::Whole
    }
}

fn cover<I: RemoteId>(stage: &Stage, side: Side, kind: Kind, parents: &BTreeSet<I>) -> Result<(), RunError> {
    for parent in parents {
        stage.cover(side, kind, parent.as_str())?;
    }
    Ok(())
}

/// Whom a run is about, where a person named them.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Their contacts, as they were read.
    pub records: Vec<(SideId, Record)>,
    /// Linked contacts of theirs that their CRM says are gone.
    pub gone: Vec<SideId>,
    /// Whose counterpart only a whole listing can tell, or could not be told.
    pub unplaced: Vec<Inconclusive>,
    /// Of whom their CRM said neither that they are there nor that they are gone.
    pub unclear: Vec<Inconclusive>,
    /// Whom the other CRM, asked for their e-mail and phone, does not have.
    pub alone: BTreeSet<SideId>,
}

impl Found {
    /// Whether a record, or its contact, is theirs.
    pub(super) fn has(&self, ids: &Ids) -> bool {
        let is_theirs = |id: &SideId| self.gone.contains(id) || self.records.iter().any(|(theirs, _)| theirs == id);
        Side::BOTH.into_iter().filter_map(|side| ids.tagged(side)).any(|id| is_theirs(&id))
    }
}
