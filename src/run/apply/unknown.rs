//! Requests that may have been done: what they are about is read, and is not sent again over what somebody did since.
//! (`semantics` 31 and 58)

use std::collections::BTreeSet;

use tracing::warn;

use super::{Applying, Heard, changed_meanwhile, ended};
use crate::crm::{Lookup, Refusal, Shape, Writer};
use crate::reconcile::{Operation, TagDelta};
use crate::record::{Action, Kind, Record, RemoteId, Write};
use crate::run::error::RunError;
use crate::run::finished::{Ended, OperationOutcome};
use crate::run::recover::{self, Changed, Resolved};
use crate::run::session::lock;
use crate::state::{IntentState, StateError};

impl Applying<'_> {
    /// Whether a request that may have been done may be sent again: what it is to change is there, and is as it was.
    pub(super) async fn is_untouched<W: Writer + ?Sized>(&self, crm: &W, operation: &Operation, write: &Write) -> bool {
        let Some((now, payload)) = self.as_it_is(crm, write).await else { return false };
        match write.action {
            Action::Create | Action::Link | Action::Enrol => false,
            Action::Tag => {
                let tags = TagDelta { added: write.add_tags.clone(), removed: write.remove_tags.clone() };
                !tags.were_kept(&now)
            }
            Action::Update | Action::Complete => {
                write.set.keys().all(|field| match (now.get(field), write.before.get(field)) {
                    (Some(now), Some(before)) => now.same_as_far_as_said(before),
                    (Some(now), None) => now.is_empty(),
                    (None, _) => true,
                })
            }
            Action::Delete => {
                let id = write.target.as_ref().and_then(|target| self.id_of(target));
                let Some(id) = id.filter(|_| !changed_meanwhile(write, &now)) else { return false };
                let id = W::Id::new(id.as_str());
                write.kind != Kind::Contact || matches!(self.worked_on(crm, operation, &id, &payload).await, Ok(None))
            }
        }
    }

    /// The record that a request is about, by id.
    async fn as_it_is<W: Writer + ?Sized>(&self, crm: &W, write: &Write) -> Option<(Record, String)> {
        let id = write.target.as_ref().and_then(|target| self.id_of(target))?;
        let parent = write.parent.as_ref().and_then(|parent| self.id_of(parent));
        let parent = parent.map(|parent| W::Id::new(parent.as_str()));
        match crm.look_up(write.kind, &W::Id::new(id.as_str()), parent.as_ref()).await {
            Ok(Lookup::Present(payload)) => {
                let record = crm.parse(write.kind, &payload, Shape::Single, self.forms).ok()?;
                Some((record, payload))
            }
            Ok(Lookup::Gone(_)) | Err(_) => None,
        }
    }

    /// No answer, or none that can be understood. What was to be done is looked for at once; what cannot be told now is read
    /// back by a later run, and a create is never sent again before that.
    pub(super) async fn unknown<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
        intent: i64,
        why: &str,
    ) -> Result<Ended, StateError> {
        lock(self.state).close_intent(intent, IntentState::Unknown, Some(why), None)?;
        let found =
            || Ended { outcome: OperationOutcome::Applied, reason: Some(format!("{why}; it was found by reading")) };
        match write.action {
            Action::Create => {
                if self.is_made(crm, operation, intent).await? {
                    return Ok(found());
                }
            }
            Action::Delete => {
                if self.is_gone(crm, write).await {
                    self.settle(operation, &write.set, None, Heard::nothing(&Record::default()), Some(intent))?;
                    return Ok(found());
                }
            }
            Action::Update | Action::Complete | Action::Tag => {
                let open = lock(self.state).open_changes()?.into_iter().find(|open| open.id == intent);
                let Some(open) = open else { return Ok(ended(OperationOutcome::Unknown, why)) };
                match recover::settle_change(crm, self.state, &open, self.run, self.forms).await {
                    Ok(Changed::Done) => return Ok(found()),
                    Ok(Changed::Since) => return Ok(ended(OperationOutcome::SkippedStale, recover::SINCE)),
                    Ok(Changed::Not) => {}
                    Err(RunError::State(error)) => return Err(error),
                    Err(error) => warn!(%error, "an unknown change could not be read back"),
                }
            }
            Action::Enrol => return self.enrolment_unknown(operation, why),
            Action::Link => {}
        }
        Ok(ended(OperationOutcome::Unknown, why))
    }

    /// Looks for what an open create may have made, and adopts it.
    async fn is_made<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        intent: i64,
    ) -> Result<bool, StateError> {
        let open = lock(self.state).open_creates()?.into_iter().find(|open| open.id == intent);
        let Some(open) = open else { return Ok(false) };
        match recover::resolve(crm, self.state, &open, self.run, self.forms, false, || Ok(BTreeSet::new())).await {
            Ok(Resolved::Found) => {
                self.remember_found(operation)?;
                Ok(true)
            }
            Ok(Resolved::NotDone | Resolved::Open(_)) => Ok(false),
            Err(RunError::State(error)) => Err(error),
            Err(error) => {
                warn!(%error, "an unknown create could not be read back");
                Ok(false)
            }
        }
    }

    /// A task or note that was refused with 422, as GHL refuses what it made all the same: under its contact it can be seen at
    /// once, before a later run makes it again.
    pub(super) async fn made_although_refused<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
        intent: i64,
        refusal: &Refusal,
    ) -> Result<Option<Ended>, StateError> {
        if refusal.status != 422 || write.action != Action::Create || write.kind == Kind::Contact {
            return Ok(None);
        }
        lock(self.state).close_intent(intent, IntentState::Unknown, Some(&refusal.message), None)?;
        let is_made = self.is_made(crm, operation, intent).await?;
        let reason = || format!("it was refused ({}), and was found by reading", refusal.message);
        Ok(is_made.then(|| Ended { outcome: OperationOutcome::Applied, reason: Some(reason()) }))
    }

    async fn is_gone<W: Writer + ?Sized>(&self, crm: &W, write: &Write) -> bool {
        let Some(id) = write.target.as_ref().and_then(|target| self.id_of(target)) else { return false };
        let parent = write.parent.as_ref().and_then(|parent| self.id_of(parent));
        let parent = parent.map(|parent| W::Id::new(parent.as_str()));
        matches!(crm.look_up(write.kind, &W::Id::new(id.as_str()), parent.as_ref()).await, Ok(Lookup::Gone(_)))
    }
}
