//! What tells of a contact that GHL has no more whether somebody merged it into another one. (`semantics` 10)

use std::collections::{BTreeMap, BTreeSet};

use super::Gathering;
use crate::reconcile::{Astray, Holder, Linked, Lost, Now, SeemedMerged, Survivor};
use crate::record::{Both, Kind, MatchKey, Role, Side, SideId};
use crate::run::error::RunError;
use crate::run::session::lock;
use crate::state::{LinkStatus, State};

impl Gathering<'_, '_> {
    /// The linked contacts that GHL has no more, or for which it answers with another one.
    pub(super) fn lost(
        &self,
        contacts: &[Linked],
        holders: &Both<BTreeMap<MatchKey, Vec<Holder>>>,
    ) -> Result<BTreeMap<i64, Lost>, RunError> {
        let mut lost = BTreeMap::new();
        let Some(state) = self.state else { return Ok(lost) };
        for contact in contacts {
            let led_to = self.led.get(&contact.link).cloned();
            let is_gone = matches!(contact.sides.ghl.now, Now::Gone(_)) || led_to.is_some();
            let Some(base) = contact.sides.ghl.base.as_ref().filter(|_| is_gone) else { continue };
            let keys: BTreeSet<MatchKey> = base.all_keys().collect();
            let held = keys.iter().flat_map(|key| holders.ghl.get(key).into_iter().flatten());
            let mut ids: BTreeSet<SideId> = held.filter_map(|holder| holder.ids.tagged(Side::Ghl)).collect();
            let unlinked = self.unlinked.ghl.iter().filter(|one| one.record.all_keys().any(|key| keys.contains(&key)));
            ids.extend(unlinked.map(|one| one.id.clone()).chain(led_to.clone()));
            let mut survivors = Vec::new();
            for id in ids.into_iter().filter(|id| contact.ids.tagged(Side::Ghl).as_ref() != Some(id)) {
                survivors.extend(self.may_have_survived(state, id)?);
            }
            lost.insert(contact.link, Lost { children: self.stand(state, contact.link)?, led_to, survivors });
        }
        Ok(lost)
    }

    /// A contact that is listed, with its link where that is live; one whose link sleeps is none.
    fn may_have_survived(&self, state: &State, id: SideId) -> Result<Option<Survivor>, RunError> {
        if !lock(self.stage).has(id.side(), Kind::Contact, id.as_str())? {
            return Ok(None);
        }
        Ok(match state.link_of(Kind::Contact, &id)? {
            None => {
                let seen = lock(self.stage).seen(id.side(), Kind::Contact, id.as_str())?;
                seen.map(|record| Survivor { id, record, is_linked: false })
            }
            Some(row) if row.status == LinkStatus::Live && row.role == Role::Primary => {
                Some(Survivor { record: self.survivor(state, row.id, &id)?, id, is_linked: true })
            }
            Some(_) => None,
        })
    }

    /// What hung under linked contacts that GHL did not list, and of which this run does not know what became, by the contacts that
    /// have something new, and their e-mail or phone: they may have been merged into these.
    pub(super) fn astray(&self, lost: &BTreeMap<i64, Lost>) -> Result<BTreeMap<SideId, Vec<Astray>>, RunError> {
        let mut astray: BTreeMap<SideId, Vec<Astray>> = BTreeMap::new();
        let Some(state) = self.state else { return Ok(astray) };
        let unlisted = lock(self.stage).missing(Side::Ghl, Kind::Contact, true)?.into_iter();
        let unlisted = unlisted.filter(|one| !self.pulled.sought.is_there(&SideId::new(Side::Ghl, one.id.as_str())));
        let unlisted: BTreeSet<i64> = unlisted.map(|one| one.link).filter(|link| !lost.contains_key(link)).collect();
        if unlisted.is_empty() {
            return Ok(astray);
        }
        let parents: BTreeSet<&SideId> =
            self.unlinked_children.ghl.iter().filter_map(|child| child.parent.as_ref()).collect();
        for parent in parents {
            let Some(contact) = lock(self.stage).seen(Side::Ghl, Kind::Contact, parent.as_str())? else { continue };
            let mut links = BTreeSet::new();
            for key in contact.all_keys() {
                links.extend(state.holders(Side::Ghl, &key)?.into_iter().map(|row| row.id));
            }
            for link in links.intersection(&unlisted) {
                astray.entry(parent.clone()).or_default().extend(self.hung_under(state, *link)?);
            }
        }
        Ok(astray)
    }

    /// What belonged to contacts that are gone on both sides and stands under others tonight, by these: both CRMs made one of two.
    /// (`semantics` 9, 10)
    pub(super) fn leaving(
        &self,
        contacts: &[Linked],
        secondaries: &[Linked],
        lost: &BTreeMap<i64, Lost>,
    ) -> Result<BTreeMap<SideId, Vec<Astray>>, RunError> {
        let mut leaving: BTreeMap<SideId, Vec<Astray>> = BTreeMap::new();
        let Some(state) = self.state else { return Ok(leaving) };
        let is_gone = |contact: &Linked, side: Side| matches!(contact.sides.of(side).now, Now::Gone(_));
        let became_another = |contact: &Linked| lost.get(&contact.link).is_some_and(|lost| lost.led_to.is_some());
        let both = contacts.iter().filter(|contact| is_gone(contact, Side::Ghl) || became_another(contact));
        for contact in both.chain(secondaries).filter(|contact| is_gone(contact, Side::Cliengo)) {
            for child in state.children(contact.link)?.into_iter().filter(|child| child.status == LinkStatus::Live) {
                for id in Side::BOTH.into_iter().filter_map(|side| child.ids.tagged(side)) {
                    let stands = lock(self.stage).row(id.side(), child.kind, id.as_str())?.and_then(|row| row.parent);
                    let seen = lock(self.stage).seen(id.side(), child.kind, id.as_str())?;
                    let base = seen.map_or_else(|| self.base(state, child.id, id.side()), |seen| Ok(Some(seen)))?;
                    if let Some((parent, base)) = stands.zip(base) {
                        let parent = SideId::new(id.side(), parent);
                        leaving.entry(parent).or_default().push(Astray { kind: child.kind, base });
                    }
                }
            }
        }
        Ok(leaving)
    }

    /// The links of contacts that seemed to be merged into others, which are not listed any more: of those that are, tonight's
    /// listing tells.
    pub(super) fn suspected(&self) -> Result<BTreeSet<i64>, RunError> {
        let remembered = self.state.map(State::remembered).transpose()?.unwrap_or_default();
        let mut suspected = BTreeSet::new();
        for SeemedMerged { link, into } in remembered.iter().filter_map(|what| SeemedMerged::read(what)) {
            if !lock(self.stage).has(into.side(), Kind::Contact, into.as_str())? {
                suspected.insert(link);
            }
        }
        Ok(suspected)
    }

    /// What hung under a contact, and is not listed under its id.
    fn hung_under(&self, state: &State, contact: i64) -> Result<Vec<Astray>, RunError> {
        let mut hung = Vec::new();
        for child in state.children(contact)?.into_iter().filter(|child| child.status == LinkStatus::Live) {
            let Some(id) = child.ids.of(Side::Ghl) else { continue };
            let is_listed = lock(self.stage).has(Side::Ghl, child.kind, id)?;
            let base = if is_listed { None } else { self.base(state, child.id, Side::Ghl)? };
            hung.extend(base.map(|base| Astray { kind: child.kind, base }));
        }
        Ok(hung)
    }

    /// Under which contact each linked task and note of a contact is listed tonight.
    fn stand(&self, state: &State, contact: i64) -> Result<Vec<(i64, Option<SideId>)>, RunError> {
        let mut stand = Vec::new();
        for child in state.children(contact)?.into_iter().filter(|child| child.status == LinkStatus::Live) {
            let Some(id) = child.ids.of(Side::Ghl) else { continue };
            let row = lock(self.stage).row(Side::Ghl, child.kind, id)?;
            stand.push((child.id, row.and_then(|row| row.parent).map(|parent| SideId::new(Side::Ghl, parent))));
        }
        Ok(stand)
    }
}
