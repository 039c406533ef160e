//! What tells of a contact that GHL has no more whether somebody merged it into another one. (`semantics` 10)

use std::collections::{BTreeMap, BTreeSet};

use super::Gathering;
use crate::reconcile::{Holder, Linked, Lost, Now, Survivor};
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
