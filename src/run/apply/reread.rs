//! What is about to be overwritten is read first: nothing is sent where it is no longer what was listed. (I29)

use super::{Applying, changed_meanwhile, ended};
use crate::crm::{Lookup, Shape, Writer};
use crate::reconcile::Operation;
use crate::record::{Action, Kind, RemoteId, Target, Write};
use crate::run::finished::{Ended, OperationOutcome};
use crate::run::session::lock;
use crate::state::StateError;

impl Applying<'_> {
    /// Reads what is about to be overwritten; says the outcome where nothing may be sent. (I29)
    pub(super) async fn read_first<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
    ) -> Result<Option<Ended>, StateError> {
        match write.action {
            Action::Create if write.kind == Kind::Contact => self.meet(crm, operation, write).await,
            Action::Create | Action::Link | Action::Enrol => Ok(None),
            Action::Tag => {
                // Adding and removing single tags overwrites nothing; the listing's payload is the before-image.
                if let Some(Target::Existing(id)) = &write.target {
                    let row = lock(self.stage).row(operation.side, Kind::Contact, id.as_str())?;
                    if let Some(row) = row {
                        lock(self.state).keep_before(self.run, operation.id, &row.payload)?;
                    }
                }
                Ok(None)
            }
            Action::Update | Action::Complete | Action::Delete => self.reread(crm, operation, write).await,
        }
    }

    async fn reread<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
    ) -> Result<Option<Ended>, StateError> {
        let Some(id) = W::Id::of(&operation.ids) else {
            return Ok(Some(self.unable(operation, "the record has no id on that side")));
        };
        let parent = W::Id::of(&operation.parent);
        let payload = match crm.look_up(write.kind, id, parent).await {
            Ok(Lookup::Present(payload)) => payload,
            Ok(Lookup::Gone(_)) if write.action == Action::Delete => {
                return self.gone_already(operation, write, None).map(Some);
            }
            Ok(Lookup::Gone(_)) => return Ok(Some(ended(OperationOutcome::SkippedStale, "it was removed meanwhile"))),
            Err(why) => return Ok(Some(self.unread(operation, &why))),
        };
        let now = match crm.parse(write.kind, &payload, Shape::Single, self.forms) {
            Ok(record) => record,
            Err(why) => {
                return Ok(Some(ended(OperationOutcome::SkippedStale, format!("it cannot be understood: {why}"))));
            }
        };
        if changed_meanwhile(write, &now) {
            return Ok(Some(ended(
                OperationOutcome::SkippedStale,
                "it was changed meanwhile; the next run plans it again",
            )));
        }
        if write.action == Action::Update && crm.requests(write, Some(&payload), self.forms) != operation.requests {
            return Ok(Some(ended(
                OperationOutcome::SkippedStale,
                "what goes along with it was changed meanwhile; the next run plans it again",
            )));
        }
        if write.action == Action::Delete && write.kind == Kind::Contact {
            let ended = self.worked_on(crm, operation, id, &payload).await?;
            if ended.is_some() {
                return Ok(ended);
            }
        }
        lock(self.state).keep_before(self.run, operation.id, &payload)?;
        Ok(None)
    }
}
