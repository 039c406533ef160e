//! Right before a contact is deleted: whether somebody worked on it since it was listed. (`semantics` 59)

use jiff::SignedDuration;

use super::{Applying, ended};
use crate::crm::{CrmError, RawRecord, Shape, Writer};
use crate::reconcile::Operation;
use crate::record::{Kind, RemoteId};
use crate::run::finished::{Ended, OperationOutcome};
use crate::run::session::lock;
use crate::state::{StagedRow, StateError};

/// How far a CRM's lists may lag behind what it shows by id, and more (`GHL API notes`, search).
const LAG: SignedDuration = SignedDuration::from_hours(47);

impl Applying<'_> {
    /// Holds a contact, as it is by now, against what was listed of it, and lists what stands under it once more. Says the
    /// outcome where it may not be deleted.
    pub(super) async fn worked_on<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        id: &W::Id,
        payload: &str,
    ) -> Result<Option<Ended>, StateError> {
        let stale = |why: String| {
            let reason = format!("{why} since it was listed: it stays; the next run plans it again");
            Ok(Some(ended(OperationOutcome::SkippedStale, reason)))
        };
        let listed = lock(self.stage).row(W::Id::SIDE, Kind::Contact, id.as_str())?;
        if let Some(listed) = listed {
            let changed = crm.unmapped_changes(Kind::Contact, &listed.payload, payload, false, self.forms);
            if !changed.is_empty() && !self.shows_it_so_for_long(crm, id, payload)? {
                lock(self.state).keep_before(self.run, operation.id, payload)?;
                return stale(format!("its {} was changed", Vec::from_iter(changed).join(", ")));
            }
        }
        let kinds = crm.capabilities(&self.learned).kinds;
        for kind in Kind::CHILDREN.into_iter().filter(|kind| kinds.of(*kind).list) {
            match self.news_under(crm, kind, id).await? {
                Ok(None) => {}
                Ok(Some(news)) => return stale(news),
                Err(why) => return Ok(Some(self.unread(operation, &why))),
            }
        }
        Ok(None)
    }

    /// Whether a contact was refused its deletion for what it showed, two days ago or more, and shows the same still: then
    /// its CRM shows that otherwise in its lists, and nobody worked on it. An edit reaches the lists before.
    fn shows_it_so_for_long<W: Writer + ?Sized>(&self, crm: &W, id: &W::Id, payload: &str) -> Result<bool, StateError> {
        let until = self.job.clock.now() - LAG;
        let shown = lock(self.state).last_shown_to_a_delete(W::Id::SIDE, id.as_str(), until)?;
        Ok(shown.is_some_and(|shown| crm.unmapped_changes(Kind::Contact, &shown, payload, true, self.forms).is_empty()))
    }

    /// What somebody did to a contact's tasks or notes since they were listed, in a person's words.
    async fn news_under<W: Writer + ?Sized>(
        &self,
        crm: &W,
        kind: Kind,
        contact: &W::Id,
    ) -> Result<Result<Option<String>, CrmError>, StateError> {
        let rows = match crm.under(kind, contact).await {
            Ok(rows) => rows,
            Err(why) => return Ok(Err(why)),
        };
        for row in rows {
            let listed = lock(self.stage).row(W::Id::SIDE, kind, row.id.as_str())?;
            let listed = listed.filter(|listed| listed.parent.as_deref() == Some(contact.as_str()));
            match listed {
                Some(listed) if self.is_as_listed(crm, kind, &listed, &row) => {}
                Some(_) => return Ok(Ok(Some(format!("a {kind} under it was changed")))),
                // One that we deleted may be shown for a while.
                None if lock(self.state).is_buried(kind, &row.id.clone().tagged())? => {}
                None => return Ok(Ok(Some(format!("a {kind} was added to it")))),
            }
        }
        Ok(Ok(None))
    }

    /// Whether a task or note is as it was listed. What cannot be understood was changed.
    fn is_as_listed<W: Writer + ?Sized>(
        &self,
        crm: &W,
        kind: Kind,
        listed: &StagedRow,
        now: &RawRecord<W::Id>,
    ) -> bool {
        let read = |payload: &str| crm.parse(kind, payload, Shape::Listed, self.forms);
        let (Ok(before), Ok(current)) = (read(&listed.payload), read(&now.payload)) else { return false };
        before.agrees_with(&current)
            && crm.unmapped_changes(kind, &listed.payload, &now.payload, false, self.forms).is_empty()
    }
}
