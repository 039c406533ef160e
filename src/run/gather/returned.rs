//! Contacts that were gone and are there again, and those whose survivor is gone as well. (`semantics` 22)

use std::collections::{BTreeMap, BTreeSet};

use super::{Detected, Gathering};
use crate::crm::{CrmError, Lookup, Shape};
use crate::reconcile::Trace;
use crate::record::{Both, Kind, Record, Side, SideId};
use crate::run::error::RunError;
use crate::run::gathered::{Restored, covers};
use crate::run::session::lock;
use crate::state::{LinkRow, LinkStatus, Missing, State};

impl Gathering<'_, '_> {
    /// Kept contacts that a CRM lists again; it is asked, since a listing may lag behind a delete.
    pub(super) async fn restored(&mut self) -> Result<Vec<Restored>, RunError> {
        let mut restored = Vec::new();
        for side in Side::BOTH {
            let listed = lock(self.stage).restored(side)?;
            for (link, id) in listed {
                let id = SideId::new(side, id);
                let children = self.state.map(|state| state.kept_with(link)).transpose()?.unwrap_or_default();
                if self.is_there(link, &id).await? == Some(true)
                    && let Some(lost) = self.lost_with(&id, children).await?
                {
                    restored.push(Restored { link, id, lost });
                }
            }
        }
        Ok(restored)
    }

    /// What both sides said last of unlinked contacts whose counterpart an earlier run deleted: who was restored on one side
    /// alone is made again of what the other one held. (`semantics` 41)
    pub(super) fn deleted(&self) -> Result<BTreeMap<SideId, Both<Record>>, RunError> {
        let mut deleted = BTreeMap::new();
        let Some(state) = self.state else { return Ok(deleted) };
        for contact in Side::BOTH.into_iter().flat_map(|side| self.unlinked.of(side)) {
            let other = contact.id.side().other();
            let Some((payload, trace)) = state.deleted_counterpart(&contact.id)? else { continue };
            let (forms, kind) = (&self.pulled.forms, Kind::Contact);
            let held = match other {
                Side::Cliengo => self.job.cliengo.parse(kind, &payload, Shape::Single, forms),
                Side::Ghl => self.job.ghl.parse(kind, &payload, Shape::Single, forms),
            };
            let trace = serde_json::from_str::<Trace>(&trace);
            let (Ok(held), Ok(trace)) = (held, trace) else { continue };
            let own = Record { fields: trace.other, ..Record::default() };
            let mut both = Both { cliengo: held.clone(), ghl: held };
            *both.of_mut(contact.id.side()) = own;
            deleted.insert(contact.id.clone(), both);
        }
        Ok(deleted)
    }

    /// Contacts that an earlier run missed and whose delete it did not carry out: they are there again, and what did not come
    /// back with them is no delete (`semantics` 22). Where not all of it could be asked for, the mark stays for another run.
    pub(super) async fn returned(&mut self) -> Result<Vec<Restored>, RunError> {
        let mut restored = Vec::new();
        for ((link, side), id) in std::mem::take(&mut self.came_back) {
            let Some(children) = self.children_not_listed(link, &id)? else { continue };
            let Some(lost) = self.lost_with(&id, children).await? else { continue };
            self.returned.push((link, side));
            if !lost.is_empty() {
                restored.push(Restored { link, id, lost });
            }
        }
        Ok(restored)
    }

    /// A contact's linked tasks and notes that this run did not see; `None` where they were not all listed.
    fn children_not_listed(&self, contact: i64, id: &SideId) -> Result<Option<Vec<LinkRow>>, RunError> {
        let side = id.side();
        let mut unseen = self.state.map(|state| state.children(contact)).transpose()?.unwrap_or_default();
        let stage = lock(self.stage);
        let mut covered = true;
        let mut listed = BTreeSet::new();
        for child in unseen.iter().filter(|child| child.status == LinkStatus::Live) {
            let Some(own) = child.ids.of(side) else { continue };
            if stage.has(side, child.kind, own)? {
                listed.insert(child.id);
            } else {
                covered &=
                    *self.pulled.complete.of(side).of(child.kind) || stage.is_covered(side, child.kind, id.as_str())?;
            }
        }
        unseen.retain(|child| child.status == LinkStatus::Live && !listed.contains(&child.id));
        Ok(covered.then_some(unseen))
    }

    /// Contacts that a list lacks are marked, whatever becomes of them in this run.
    pub(super) fn mark_absent(&mut self, side: Side) -> Result<(), RunError> {
        let missing = lock(self.stage).missing(side, Kind::Contact, true)?;
        // Who is there all the same is read with tasks and notes: what is missing of those is a delete.
        let is_new = |contact: &&Missing| {
            contact.missed.is_none() && !self.pulled.sought.is_there(&SideId::new(side, contact.id.as_str()))
        };
        self.absent.extend(missing.iter().filter(is_new).map(|contact| (contact.link, side)));
        Ok(())
    }

    /// Who and what an earlier run missed, and is listed again.
    pub(super) fn find_returned(&mut self) -> Result<(), RunError> {
        for side in Side::BOTH {
            for (link, kind, id) in lock(self.stage).returned(side)? {
                if kind.is_child() {
                    self.returned.push((link, side));
                } else {
                    self.came_back.insert((link, side), SideId::new(side, id));
                }
            }
        }
        Ok(())
    }

    /// What did not come back with a contact: a CRM may restore it without its tasks and notes. `None` where not all of
    /// them could be asked for: then the contact waits for another run.
    async fn lost_with(&mut self, id: &SideId, children: Vec<LinkRow>) -> Result<Option<Vec<LinkRow>>, RunError> {
        let mut lost = Vec::new();
        for child in children {
            let Some(own) = child.ids.tagged(id.side()) else { continue };
            let why = match self.look(child.kind, &own, Some(id)).await {
                Ok(Lookup::Present(_)) => continue,
                Ok(Lookup::Gone(_)) => match self.doubt(id.side(), child.kind, Some(id)).await? {
                    None => {
                        lost.push(child);
                        continue;
                    }
                    Some(doubt) => doubt,
                },
                Err(CrmError::Stopped { .. }) => return Ok(None),
                Err(why) => why.to_string(),
            };
            self.inconclusive(child.kind, &own, child.ids, String::new(), &why);
            return Ok(None);
        }
        Ok(Some(lost))
    }

    /// Kept contacts whose survivor is gone as well, as its CRM says: nobody is recognised by them any more.
    pub(super) async fn ended(&mut self) -> Result<BTreeSet<i64>, RunError> {
        let mut ended = BTreeSet::new();
        for side in Side::BOTH.into_iter().filter(|side| self.pulled.complete.of(*side).contact) {
            let missing = lock(self.stage).lost_survivors(side)?;
            for (link, id) in missing {
                if self.is_there(link, &SideId::new(side, id)).await? == Some(false) {
                    ended.insert(link);
                }
            }
        }
        Ok(ended)
    }

    /// Whether a task's or note's contact was not listed on that side, or not by an earlier run.
    pub(super) fn lacks_contact_of(&self, parent: Option<&LinkRow>, side: Side) -> Result<bool, RunError> {
        let Some(parent) = parent else { return Ok(false) };
        let Some(contact) = parent.ids.of(side) else { return Ok(false) };
        if self.is_back(Some(parent), side) {
            return Ok(true);
        }
        let is_there = self.pulled.sought.is_there(&SideId::new(side, contact));
        Ok(!is_there && !lock(self.stage).has(side, Kind::Contact, contact)?)
    }

    /// Whether a contact is there again that an earlier run missed.
    pub(super) fn is_back(&self, contact: Option<&LinkRow>, side: Side) -> bool {
        contact.is_some_and(|contact| self.came_back.contains_key(&(contact.id, side)))
    }

    /// Whether a kept record's survivor differs from what it was when it was kept.
    pub(super) fn has_news(&self, state: &State, link: i64, halves: &Both<Option<Detected>>) -> Result<bool, RunError> {
        for side in Side::BOTH {
            if let Some(Detected::Listed(record)) = halves.of(side) {
                return Ok(self.base(state, link, side)?.is_none_or(|base| !covers(&base, record)));
            }
        }
        Ok(false)
    }
}
