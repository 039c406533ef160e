//! Contacts that came to a CRM when a create was sent there: what such a create may have made, and somebody edited since.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::{Intent, State, is_made_then, lock};
use crate::crm::{Reader, Shape};
use crate::record::{Kind, MatchKey, Record, RemoteId, Side};
use crate::run::error::RunError;
use crate::run::pulled::Pulled;
use crate::run::session::Job;
use crate::run::staging::each_news;
use crate::state::{Stage, StateError};

/// What the lists of a run show of contacts without a link.
#[derive(Clone, Copy)]
pub(in crate::run) struct Lists<'a> {
    pub stage: &'a Mutex<Stage>,
    pub pulled: &'a Pulled,
}

impl Lists<'_> {
    /// Whether everybody of a side was listed: only then it can be said that a create made nobody.
    pub(super) fn has_all(self, side: Side) -> bool {
        self.pulled.only.is_none() && *self.pulled.complete.of(side).of(Kind::Contact)
    }

    /// The listed contacts without a link that a create may have made, although nothing tells that they are that person: they
    /// came to be at that very time, and their name can be that person's.
    pub(super) fn may_be<R: Reader + ?Sized>(
        self,
        job: &Job<'_>,
        crm: &R,
        state: &Mutex<State>,
        intent: &Intent,
    ) -> Result<BTreeSet<String>, RunError> {
        if intent.kind != Kind::Contact || intent.source_id.is_none() {
            return Ok(BTreeSet::new());
        }
        let sought: Record = serde_json::from_str(&intent.sought).map_err(StateError::from)?;
        let mut arrived: Vec<(String, Record)> = Vec::new();
        self.each(crm, state, |id, record| {
            let fits = record.created.is_some_and(|created| is_made_then(intent, created, crm.clock_ahead()))
                && !sought.is_named_otherwise(&record);
            arrived.extend(fits.then_some((id, record)));
        })?;
        if arrived.is_empty() {
            return Ok(BTreeSet::new());
        }
        // Who shares an e-mail or phone with somebody on the other side, the create's source or not, is recognised by it.
        let known = match intent.side.other() {
            Side::Cliengo => self.keys(job.cliengo, state)?,
            Side::Ghl => self.keys(job.ghl, state)?,
        };
        let is_alone = |record: &Record| record.all_keys().all(|key| !known.contains(&key));
        Ok(arrived.into_iter().filter(|(_, record)| is_alone(record)).map(|(id, _)| id).collect())
    }

    /// What the contacts of a side without a link can be recognised by.
    fn keys<R: Reader + ?Sized>(self, crm: &R, state: &Mutex<State>) -> Result<BTreeSet<MatchKey>, RunError> {
        let mut keys = BTreeSet::new();
        self.each(crm, state, |_, record| keys.extend(record.all_keys()))?;
        Ok(keys)
    }

    fn each<R: Reader + ?Sized>(
        self,
        crm: &R,
        state: &Mutex<State>,
        mut take: impl FnMut(String, Record),
    ) -> Result<(), RunError> {
        each_news(self.stage, (R::Id::SIDE, Kind::Contact), false, |row| {
            let is_linked = row.link.is_some()
                || lock(state).link_of(Kind::Contact, &R::Id::new(row.id.as_str()).tagged())?.is_some();
            if !is_linked && let Ok(record) = crm.parse(Kind::Contact, &row.payload, Shape::Listed, &self.pulled.forms)
            {
                take(row.id, record);
            }
            Ok::<(), RunError>(())
        })
    }
}
