//! Who is there, or gone, although no row of a listing says so.

use std::collections::BTreeMap;

use super::company::recognisable;
use super::{Detected, Gathering};
use crate::reconcile::Unreadable;
use crate::record::{Ids, Kind, Side, SideId};
use crate::run::error::RunError;
use crate::run::session::lock;
use crate::state::Missing;

impl Gathering<'_, '_> {
    /// `semantics` 49: a row without an id is somebody. Whoever shares its e-mail or phone waits.
    pub(super) fn say_unidentified(&mut self) {
        for (side, kind, row) in &self.pulled.unidentified {
            let keys = recognisable(row, &self.pulled.forms).into_iter().filter(|_| *kind == Kind::Contact);
            self.unreadable_keys.of_mut(*side).extend(keys.map(|key| (key, Ids::default())));
            let fields: BTreeMap<String, serde_json::Value> = serde_json::from_str(row).unwrap_or_default();
            let parent = fields.get("contactId").and_then(serde_json::Value::as_str);
            let parent = parent.map(|parent| SideId::new(*side, parent));
            let why = format!("a row of {}'s list of {kind}s has no id", side.title());
            self.unparsable.push(Unreadable { kind: *kind, ids: Ids::default(), parent, why });
        }
    }

    /// The linked records that were not listed, as far as that says something: of a listing that is not complete, contacts that
    /// are there all the same. (`semantics` 51)
    pub(super) fn missing(&self, side: Side, kind: Kind) -> Result<Vec<Missing>, RunError> {
        let complete = *self.pulled.complete.of(side).of(kind);
        let left_out = kind == Kind::Contact && !complete;
        let mut missing = lock(self.stage).missing(side, kind, complete || left_out)?;
        missing.retain(|missing| !left_out || self.pulled.sought.is_there(&SideId::new(side, missing.id.as_str())));
        Ok(missing)
    }

    /// Of the people whom a run is about, who was asked for by id and is gone.
    pub(super) fn miss_the_named(&mut self) -> Result<(), RunError> {
        self.inconclusive.extend(self.pulled.sought.unclear.iter().cloned());
        let (Some(only), Some(state)) = (&self.pulled.only, self.state) else { return Ok(()) };
        self.inconclusive.extend(only.unplaced.iter().chain(&only.unclear).cloned());
        for id in &only.gone {
            let Some(link) = state.link_of(Kind::Contact, id)? else { continue };
            let (link, side, id) = (link.id, id.side(), id.as_str().to_owned());
            let missing = Missing { link, id, parent: None, missed: None, written: false };
            *self.touched.entry(link).or_default().of_mut(side) = Some(Detected::Missing(missing));
        }
        Ok(())
    }

    /// `semantics` 40: beside a note without a text nothing is created, since it may be the counterpart; one that had none
    /// in two earlier runs has none: some CRMs write such notes themselves.
    pub(super) fn is_known_without_text(&mut self, side: Side, id: &str) -> Result<bool, RunError> {
        let looks = [1, 2].map(|look| format!("without text {look}:{side}:{id}"));
        for look in looks {
            if !self.state.map(|state| state.is_remembered(&look)).transpose()?.unwrap_or_default() {
                self.without_text.push(look);
                return Ok(false);
            }
        }
        Ok(true)
    }
}
