//! Who else holds an e-mail or a phone, and whose tasks and notes were listed.

use std::collections::{BTreeMap, BTreeSet};

use super::Gathering;
use crate::reconcile::{Holder, Linked, Now, Parent, Unlinked};
use crate::record::{Both, Field, Forms, Ids, Kind, MatchKey, PersonName, Record, Side, SideId, Value};
use crate::run::error::RunError;
use crate::run::pulled::Pulled;
use crate::run::session::lock;
use crate::state::{LinkStatus, State};

impl Gathering<'_, '_> {
    /// `semantics` 6: a deleted contact that is listed, and of which nobody can tell whether it is there, is company for
    /// whoever shares an e-mail or a phone.
    pub(super) fn know_the_unclear(&mut self) -> Result<(), RunError> {
        for unclear in &self.pulled.sought.unclear {
            for id in Side::BOTH.into_iter().filter_map(|side| unclear.ids.tagged(side)) {
                let Some(row) = lock(self.stage).row(id.side(), Kind::Contact, id.as_str())? else { continue };
                let keys = recognisable(&row.payload, &self.pulled.forms).into_iter();
                self.unreadable_keys.of_mut(id.side()).extend(keys.map(|key| (key, unclear.ids.clone())));
            }
        }
        Ok(())
    }

    /// Who else holds the keys that matter: those of unlinked contacts, and those of contacts that are gone.
    pub(super) fn holders(
        &self,
        contacts: &[Linked],
        freed: &BTreeSet<i64>,
    ) -> Result<Both<BTreeMap<MatchKey, Vec<Holder>>>, RunError> {
        let unlinked = Side::BOTH.into_iter().flat_map(|side| self.unlinked.of(side)).map(|contact| &contact.record);
        let gone = contacts.iter().flat_map(|contact| {
            Side::BOTH.into_iter().filter_map(|side| match contact.sides.of(side).now {
                Now::Gone(_) => contact.sides.of(side).base.as_ref(),
                _ => None,
            })
        });
        let wanted: BTreeSet<MatchKey> = unlinked.chain(gone).flat_map(Record::all_keys).collect();
        let mut holders = self.takers(contacts, &wanted)?;
        let loaded: BTreeMap<i64, &Linked> = contacts.iter().map(|contact| (contact.link, contact)).collect();
        let gone_on = Both::from_fn(|side| {
            let gone = contacts.iter().filter(|contact| matches!(contact.sides.of(side).now, Now::Gone(_)));
            gone.map(|contact| contact.link).collect::<BTreeSet<i64>>()
        });
        for key in wanted {
            for side in Side::BOTH {
                let mut found = holders.of_mut(side).remove(&key).unwrap_or_default();
                if let Some(state) = self.state {
                    for row in state.holders(side, &key)? {
                        found.push(Holder::new(row.id, row.ids));
                    }
                }
                for (theirs, ids) in self.unreadable_keys.of(side) {
                    if *theirs == key && !found.iter().any(|holder| holder.ids.of(side) == ids.of(side)) {
                        found.push(Holder::new(0, ids.clone()));
                    }
                }
                // `semantics` 10: who is gone holds nothing.
                found.retain(|holder| !gone_on.of(side).contains(&holder.link) && !freed.contains(&holder.link));
                found.sort();
                found.dedup();
                if let Some(state) = self.state {
                    for holder in &mut found {
                        holder.emails = state.emails_of(holder.link)?;
                        holder.names = names_of(state, holder.link)?;
                        if let Some(contact) = loaded.get(&holder.link) {
                            add_news(holder, contact);
                        }
                    }
                }
                if !found.is_empty() {
                    holders.of_mut(side).insert(key.clone(), found);
                }
            }
        }
        Ok(holders)
    }

    /// A person whose contact was removed on one side, and who comes back there as a new one, is the survivor's again:
    /// such survivors count as unlinked. Says the links that they leave.
    pub(super) fn free_survivors(&mut self) -> Result<BTreeSet<i64>, RunError> {
        let mut freed = BTreeSet::new();
        let Some(state) = self.state else { return Ok(freed) };
        for side in Side::BOTH {
            let keys: BTreeSet<MatchKey> =
                self.unlinked.of(side).iter().flat_map(|back| back.record.all_keys()).collect();
            for key in keys {
                for link in state.holders(side.other(), &key)? {
                    let Some(id) = link.ids.tagged(side.other()).filter(|_| link.status == LinkStatus::Kept) else {
                        continue;
                    };
                    if !freed.contains(&link.id) && lock(self.stage).has(id.side(), Kind::Contact, id.as_str())? {
                        let record = self.survivor(state, link.id, &id)?;
                        let survivor =
                            Unlinked { kind: Kind::Contact, id, parent: None, record, retires: Some(link.id) };
                        self.unlinked.of_mut(side.other()).push(survivor);
                        freed.insert(link.id);
                    }
                }
            }
        }
        Ok(freed)
    }

    /// The secondaries of each contact that is gone, as far as they were listed, the oldest first: who takes the place of one
    /// that is gone in Cliengo.
    pub(super) fn successors(&self, contacts: &[Linked]) -> Result<BTreeMap<i64, Vec<Unlinked>>, RunError> {
        let mut successors = BTreeMap::new();
        let Some(state) = self.state else { return Ok(successors) };
        let is_gone =
            |contact: &&Linked| Side::BOTH.into_iter().any(|side| matches!(contact.sides.of(side).now, Now::Gone(_)));
        for lost in contacts.iter().filter(is_gone) {
            let mut next = Vec::new();
            for row in state.secondaries(lost.ids.of(Side::Ghl).unwrap_or_default())? {
                let Some(id) = row.ids.tagged(Side::Cliengo) else { continue };
                if lock(self.stage).has(Side::Cliengo, Kind::Contact, id.as_str())? {
                    let record = self.survivor(state, row.id, &id)?;
                    next.push(Unlinked { kind: Kind::Contact, id, parent: None, record, retires: None });
                }
            }
            next.sort_by_key(|contact| (contact.record.created, contact.id.clone()));
            successors.insert(lost.link, next);
        }
        Ok(successors)
    }

    /// A listed contact of a link as it is now.
    pub(super) fn survivor(&self, state: &State, link: i64, id: &SideId) -> Result<Record, RunError> {
        match lock(self.stage).seen(id.side(), Kind::Contact, id.as_str())? {
            Some(seen) => Ok(seen),
            None => Ok(self.base(state, link, id.side())?.unwrap_or_default()),
        }
    }

    /// Linked contacts that took one of these keys since they were last agreed, an additional one too.
    fn takers(
        &self,
        contacts: &[Linked],
        wanted: &BTreeSet<MatchKey>,
    ) -> Result<Both<BTreeMap<MatchKey, Vec<Holder>>>, RunError> {
        let mut takers: Both<BTreeMap<MatchKey, Vec<Holder>>> = Both::default();
        let mut note = |side: Side, record: &Record, holder: &Holder| {
            for key in record.all_keys().filter(|key| wanted.contains(key)) {
                takers.of_mut(side).entry(key).or_default().push(holder.clone());
            }
        };
        for contact in contacts {
            let holder = Holder::new(contact.link, contact.ids.clone());
            for side in Side::BOTH {
                if let Now::Changed(record) = &contact.sides.of(side).now {
                    note(side, record, &holder);
                }
            }
        }
        let Some(state) = self.state else { return Ok(takers) };
        for (id, record) in &self.with_others {
            if let Some(row) = state.link_of(Kind::Contact, id)? {
                note(id.side(), record, &Holder::new(row.id, row.ids));
            }
        }
        Ok(takers)
    }

    pub(super) fn covered(
        &self,
        contacts: &[Linked],
        parents: &BTreeMap<i64, Parent>,
    ) -> Result<BTreeSet<(Kind, SideId)>, RunError> {
        let linked = contacts.iter().map(|contact| &contact.ids).chain(parents.values().map(|parent| &parent.ids));
        let linked = linked.flat_map(|ids| Side::BOTH.into_iter().filter_map(|side| ids.tagged(side)));
        let unlinked = Side::BOTH.into_iter().flat_map(|side| self.unlinked.of(side)).map(|contact| contact.id.clone());
        let stage = lock(self.stage);
        let mut covered = BTreeSet::new();
        for id in linked.chain(unlinked) {
            for kind in Kind::CHILDREN {
                if stage.is_covered(id.side(), kind, id.as_str())? {
                    covered.insert((kind, id.clone()));
                }
            }
        }
        Ok(covered)
    }
}

/// What a linked contact shows tonight: one that was just linked by hand has no base yet.
fn add_news(holder: &mut Holder, contact: &Linked) {
    for side in Side::BOTH {
        let Now::Changed(record) = &contact.sides.of(side).now else { continue };
        holder.emails.extend(record.match_keys().into_iter().filter(|key| matches!(key, MatchKey::Email(_))));
        holder.names.extend(record.own_name().map(PersonName::full));
    }
}

/// The names of both halves of a link, as last agreed.
fn names_of(state: &State, link: i64) -> Result<BTreeSet<String>, RunError> {
    let mut names = BTreeSet::new();
    for side in Side::BOTH {
        let base = state.base(link, side)?;
        names.extend(base.and_then(|base| base.record.own_name().map(PersonName::full)));
    }
    Ok(names)
}

/// What a contact whose payload cannot be understood can still be recognised by: both CRMs call these fields so, and a
/// number is as good as a text here.
pub(in crate::run) fn recognisable(payload: &str, forms: &Forms) -> Vec<MatchKey> {
    let fields: BTreeMap<String, serde_json::Value> = serde_json::from_str(payload).unwrap_or_default();
    let text = |name: &str| match fields.get(name) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let record = Record::default()
        .with(Field::Email, Value::email(&text("email")))
        .with(Field::Phone, Value::phone(&text("phone"), forms.region));
    record.match_keys()
}

/// I16: who was forgotten is nobody that Concord knows, and still company for whoever shares an e-mail or a phone.
pub(super) fn forgotten_keys(pulled: &Pulled) -> Both<Vec<(MatchKey, Ids)>> {
    let mut keys: Both<Vec<(MatchKey, Ids)>> = Both::default();
    for (id, payload) in &pulled.forgotten {
        let theirs = recognisable(payload, &pulled.forms);
        keys.of_mut(id.side()).extend(theirs.into_iter().map(|key| (key, Ids::one(id.clone()))));
    }
    keys
}
