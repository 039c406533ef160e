//! What applying writes down: each request before it is sent, and what came of it.

use std::collections::BTreeSet;

use super::{Applying, Heard, Made};
use crate::reconcile::{Operation, Work};
use crate::record::{Action, Fields, Kind, Record, Request, SideId, Write};
use crate::run::adoption::Adoption;
use crate::run::applied::{Applied, Origin};
use crate::run::finished::{Ended, OperationOutcome};
use crate::run::foresee::{self, foresee};
use crate::run::session::lock;
use crate::run::settle;
use crate::run::undo_record;
use crate::state::{EnrolmentStatus, IntentDraft, IntentState, Stage, State, StateError};

impl Applying<'_> {
    /// Writes a request down before it is sent, with the `first` one also what an undo needs.
    pub(super) fn journal(
        &self,
        operation: &Operation,
        write: &Write,
        request: &Request,
        first: bool,
    ) -> Result<i64, StateError> {
        let create = write.action == Action::Create;
        let parent = write.parent.as_ref().and_then(|parent| self.id_of(parent));
        // What an undo changes has moved the snapshot already.
        let settles = create || write.action != Action::Delete && operation.undoes().is_empty();
        let mut ids = operation.ids.clone();
        ids.extend(write.target.as_ref().and_then(|target| self.id_of(target)));
        let settle = operation.settle().filter(|_| settles);
        let adoption = settle.map(|settle| Adoption::of(settle, ids, write, |link| self.resolve(link)));
        let sought = Record { fields: write.set.clone(), ..Record::default() };
        let stage = lock(self.stage);
        let stands_there = match &parent {
            Some(parent) if create && write.kind.is_child() => Some(unlinked(&stage, write.kind, parent)?),
            _ => None,
        };
        let draft = IntentDraft {
            run: self.run,
            operation: operation.id,
            side: operation.side,
            kind: write.kind,
            action: write.action,
            request,
            at: self.job.clock.now(),
            source_id: create.then(|| operation.ids.of(operation.side.other())).flatten(),
            parent_id: parent.as_ref().map(SideId::as_str),
            known: stands_there.as_ref(),
            sought: create.then(|| serde_json::to_string(&sought)).transpose()?,
            settle: adoption.map(|adoption| serde_json::to_string(&adoption)).transpose()?,
        };
        let known = [write.target.as_ref(), write.parent.as_ref()].map(|target| target.and_then(|id| self.id_of(id)));
        let (intent, foreseen) = lock(self.state).atomically(|state| {
            let mut foreseen = None;
            if let Some(enrolment) = operation.enrols() {
                state.enrolled(enrolment, EnrolmentStatus::Sent)?;
            } else if first {
                undo_record::leave(state, &stage, self.run, operation, write, known)?;
                foreseen = foresee(state, operation, write, self.run)?;
            }
            Ok((state.open_intent(&draft)?, foreseen))
        })?;
        lock(&self.foreseen).extend(foreseen.map(|foreseen| (operation.id, foreseen)));
        Ok(intent)
    }

    /// Puts back what was moved for a request that was not done.
    pub(super) fn withdraw(&self, operation: &Operation) -> Result<(), StateError> {
        let foreseen = lock(&self.foreseen).remove(&operation.id);
        foreseen.map_or(Ok(()), |foreseen| foresee::withdraw(&lock(self.state), operation, foreseen))
    }

    /// Settles an applied operation and closes its intent in one transaction. (I39)
    pub(super) fn settle(
        &self,
        operation: &Operation,
        sent: &Fields,
        created: Option<SideId>,
        heard: Heard<'_>,
        intent: Option<i64>,
    ) -> Result<(), StateError> {
        let id = created.clone();
        let link = lock(self.state).atomically(|state| {
            let link = self.record(state, operation, sent, created, heard)?;
            if let Some(intent) = intent {
                state.close_intent(intent, IntentState::Applied, None, id.as_ref().map(SideId::as_str))?;
            }
            Ok(link)
        })?;
        match heard.origin {
            Origin::Matched => _ = lock(&self.matched).insert(operation.id),
            Origin::Created | Origin::Adopted => _ = lock(&self.made).insert(operation.id, Made { link, id }),
        }
        Ok(())
    }

    /// Settles the delete of what was not there any more.
    pub(super) fn gone_already(
        &self,
        operation: &Operation,
        write: &Write,
        intent: Option<i64>,
    ) -> Result<Ended, StateError> {
        self.settle(operation, &write.set, None, Heard::nothing(&Record::default()), intent)?;
        Ok(Ended { outcome: OperationOutcome::Applied, reason: Some("it was gone already".to_owned()) })
    }

    /// Moves the snapshot by one applied operation, inside the caller's transaction. Says the link it is about.
    pub(super) fn record(
        &self,
        state: &State,
        operation: &Operation,
        sent: &Fields,
        created: Option<SideId>,
        heard: Heard<'_>,
    ) -> Result<Option<i64>, StateError> {
        let (write, settle) = match &operation.work {
            Work::Write(write, settle) => (write, settle),
            Work::Link(link) => {
                let record = (operation.kind, &operation.ids, operation.label.as_str());
                return settle::linked(state, (self.run, operation.id), record, link, |reference| {
                    self.resolve(reference)
                })
                .map(Some);
            }
        };
        let settled = Applied {
            run: self.run,
            side: operation.side,
            kind: operation.kind,
            action: write.action,
            ids: &operation.ids,
            settle,
            sent,
            before: &write.before,
            created,
            answer: heard.record,
            payload: heard.payload,
            origin: heard.origin,
        };
        let link = settle::applied(state, &settled, |reference| self.resolve(reference))?;
        if write.action != Action::Enrol {
            undo_record::complete(state, (self.run, operation.id), &settled, link)?;
        }
        Ok(link)
    }

    /// What depends on a create that was found by reading may go on.
    pub(super) fn remember_found(&self, operation: &Operation) -> Result<(), StateError> {
        let Some(source) = operation.ids.tagged(operation.side.other()) else { return Ok(()) };
        let link = lock(self.state).link_of(operation.kind, &source)?;
        if let Some(link) = link {
            let id = link.ids.tagged(operation.side);
            lock(&self.made).insert(operation.id, Made { link: Some(link.id), id });
        }
        Ok(())
    }
}

/// What the run listed under a contact that has no link.
fn unlinked(stage: &Stage, kind: Kind, parent: &SideId) -> Result<BTreeSet<String>, StateError> {
    let listed = stage.under(parent.side(), kind, parent.as_str())?;
    Ok(listed.into_iter().filter(|row| row.link.is_none()).map(|row| row.id).collect())
}
