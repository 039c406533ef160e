//! What waits since earlier runs, as this run finds it.

use std::collections::BTreeMap;

use super::Gathering;
use crate::reconcile::{FailedOperation, PendingConflict, RetryState};
use crate::record::{Ids, Kind, Side};
use crate::run::error::RunError;
use crate::run::saved::generation;
use crate::run::session::lock;

impl Gathering<'_, '_> {
    /// Operations that failed, each with what becomes of it tonight. (I44)
    pub(super) fn failed_operations(&self) -> Result<BTreeMap<String, FailedOperation>, RunError> {
        let Some(state) = self.state else { return Ok(BTreeMap::new()) };
        let generation = generation(self.state)?.parse().unwrap_or(0);
        let mut failed_operations = BTreeMap::new();
        for row in state.failed_operations()?.into_iter().filter(|row| self.concerns(&row.ids, &row.parent)) {
            let failed_operation = FailedOperation {
                id: row.id.clone(),
                kind: row.kind,
                known: !self.pulled.forms.waits(row.kind) && self.is_known(row.kind, &row.ids, &row.parent)?,
                ids: row.ids,
                label: row.label,
                fingerprint: row.fingerprint,
                attempts: row.attempts,
                words: row.words,
                standing: RetryState::at(row.attempts, row.dropped, row.due, generation),
            };
            failed_operations.insert(row.id, failed_operation);
        }
        Ok(failed_operations)
    }

    /// Conflicts that wait for a person, or whose choice is to be carried out.
    pub(super) fn pending_conflicts(&self) -> Result<BTreeMap<String, PendingConflict>, RunError> {
        let Some(state) = self.state else { return Ok(BTreeMap::new()) };
        let mut pending_conflicts = BTreeMap::new();
        for row in state.conflicts()?.into_iter().filter(|row| self.concerns(&row.ids, &row.parent)) {
            let pending_conflict = PendingConflict {
                id: row.id.clone(),
                kind: row.kind,
                known: !self.pulled.forms.is_waiting(row.kind, &row.field)
                    && self.is_known(row.kind, &row.ids, &row.parent)?,
                ids: row.ids,
                label: row.label,
                field: row.field,
                seen: row.now,
                take: row.take,
            };
            pending_conflicts.insert(row.id, pending_conflict);
        }
        Ok(pending_conflicts)
    }

    /// Whether the run is about this record.
    fn concerns(&self, ids: &Ids, parent: &Ids) -> bool {
        self.pulled.only.as_ref().is_none_or(|only| only.has(ids) || only.has(parent))
    }

    /// Whether this run listed the record on both sides, or knows that it is not there.
    fn is_known(&self, kind: Kind, ids: &Ids, parent: &Ids) -> Result<bool, RunError> {
        for side in Side::BOTH {
            let listed = ids.of(side).map(|id| lock(self.stage).has(side, kind, id)).transpose()?.unwrap_or(false);
            if !listed && !self.says_absent(side, kind, parent)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the listing says what is absent of `kind` under that contact.
    fn says_absent(&self, side: Side, kind: Kind, parent: &Ids) -> Result<bool, RunError> {
        let complete = self.pulled.complete.of(side);
        if *complete.of(kind) {
            return Ok(true);
        }
        let Some(contact) = parent.of(side).filter(|_| kind != Kind::Contact) else { return Ok(false) };
        let stage = lock(self.stage);
        let is_gone = *complete.of(Kind::Contact) && !stage.has(side, Kind::Contact, contact)?;
        Ok(is_gone || stage.is_covered(side, kind, contact)?)
    }
}
