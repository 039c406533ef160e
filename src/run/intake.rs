//! Where listings go, page by page, and who is not taken in.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::error::RunError;
use super::progress::{Meter, Part};
use super::session::{Job, lock};
use crate::clock::Clock;
use crate::crm::{RawRecord, Sink, SinkError};
use crate::record::{Kind, RemoteId, Side, SideId};
use crate::state::{KeptLists, KeptRow, Stage, State, is_forgotten};

/// Takes in one listing.
pub(super) struct StageSink<'a> {
    pub into: &'a Intake<'a>,
    pub side: Side,
    pub meter: Meter<'a>,
    /// Whether it is told in contacts that were asked for, not in records.
    pub by_contact: bool,
}

/// Where listings go, and who is not taken in.
pub(super) struct Intake<'a> {
    pub(super) stage: &'a Mutex<Stage>,
    pub forgotten: &'a BTreeSet<SideId>,
    /// What was listed of the forgotten.
    pub listed: Mutex<Vec<(SideId, String)>>,
    /// What goes on where a run is cut off, and the time.
    pub kept: Option<(&'a KeptLists, &'a dyn Clock)>,
}

impl Job<'_> {
    /// A sink for everything of a kind; what it held last time is about what it will hold.
    pub(super) fn whole<'a>(
        &'a self,
        into: &'a Intake<'a>,
        state: Option<&State>,
        side: Side,
        kind: Kind,
    ) -> Result<StageSink<'a>, RunError> {
        let about = state.map(|state| state.last_count(side, kind)).transpose()?.flatten();
        let meter = self.meter(Part::Listing(side, kind), about);
        Ok(StageSink { into, side, meter, by_contact: false })
    }

    /// A sink for what stands under so many contacts.
    pub(super) fn by_contact<'a>(
        &'a self,
        into: &'a Intake<'a>,
        side: Side,
        kind: Kind,
        contacts: usize,
    ) -> StageSink<'a> {
        let meter = self.meter(Part::Listing(side, kind), Some(contacts as u64));
        StageSink { into, side, meter, by_contact: true }
    }
}

impl<I: RemoteId> Sink<I> for StageSink<'_> {
    fn put(&self, kind: Kind, records: Vec<RawRecord<I>>) -> Result<(), SinkError> {
        if !self.by_contact {
            self.meter.step(records.len() as u64);
        }
        let stage = lock(self.into.stage);
        for record in records {
            let (id, above) = (record.id.clone().tagged(), record.parent.clone().map(RemoteId::tagged));
            if is_forgotten(self.into.forgotten, kind, &id, above.as_ref()) {
                if kind == Kind::Contact {
                    lock(&self.into.listed).push((id, record.payload));
                }
                continue;
            }
            let parent = record.parent.as_ref().map(RemoteId::as_str);
            stage
                .put(self.side, kind, record.id.as_str(), parent, &record.payload, &record.fingerprint)
                .map_err(|error| SinkError(error.to_string()))?;
        }
        Ok(())
    }

    fn recall(&self, kind: Kind, parent: &I) -> Option<Vec<RawRecord<I>>> {
        let rows = self.into.kept?.0.recall(self.side, kind, parent.as_str())?.into_iter();
        let record = |KeptRow { id, fingerprint, payload }| RawRecord {
            id: I::new(id),
            parent: Some(parent.clone()),
            payload,
            fingerprint,
        };
        Some(rows.map(record).collect())
    }

    fn listed(&self, kind: Kind, parent: &I, records: &[RawRecord<I>]) {
        let Some((kept, clock)) = self.into.kept else { return };
        if !self.into.forgotten.contains(&parent.clone().tagged()) {
            let rows = records.iter().map(|row| (row.id.as_str(), row.fingerprint, row.payload.as_str()));
            kept.keep((self.side, kind, parent.as_str()), rows, clock.now());
        }
    }

    fn asked(&self, _kind: Kind) {
        if self.by_contact {
            self.meter.step(1);
        }
    }
}
