//! What people changed in a record besides our fields, since both of its halves were last seen. (`semantics` 59)

use std::collections::BTreeSet;

use super::Gathering;
use crate::reconcile::Trace;
use crate::record::Side;
use crate::run::error::RunError;
use crate::run::session::lock;
use crate::state::{LinkRow, State};

impl Gathering<'_, '_> {
    /// Whether this run's listing shows one half of a link.
    pub(super) fn is_listed(&self, link: &LinkRow, side: Side) -> Result<bool, RunError> {
        let Some(id) = link.ids.of(side) else { return Ok(false) };
        Ok(lock(self.stage).has(side, link.kind, id)?)
    }

    /// The keys that differ from the last listing that showed both halves; of what was created since, from the answer to
    /// its creation.
    pub(super) fn unmapped_changes(
        &self,
        state: &State,
        link: &LinkRow,
        side: Side,
    ) -> Result<BTreeSet<String>, RunError> {
        let Some(id) = link.ids.of(side) else { return Ok(BTreeSet::new()) };
        let Some(row) = lock(self.stage).row(side, link.kind, id)? else { return Ok(BTreeSet::new()) };
        let (before, alike) = match state.last_listed(link.id, side)? {
            Some(payload) => (payload, true),
            None => match created_as(state, link.id, side)? {
                Some(answer) => (answer, false),
                None => return Ok(BTreeSet::new()),
            },
        };
        let (kind, now, forms) = (link.kind, row.payload.as_str(), &self.pulled.forms);
        Ok(match side {
            Side::Cliengo => self.job.cliengo.unmapped_changes(kind, &before, now, alike, forms),
            Side::Ghl => self.job.ghl.unmapped_changes(kind, &before, now, alike, forms),
        })
    }
}

/// What a CRM answered when one half of a link was created.
fn created_as(state: &State, link: i64, side: Side) -> Result<Option<String>, RunError> {
    let Some(trace) = state.trace_of_create(link, side)? else { return Ok(None) };
    let trace: Trace = serde_json::from_str(&trace).map_err(crate::state::StateError::from)?;
    Ok(trace.answer)
}
