//! Who came since the run that is undone, before any night saw them: somebody whom it deleted may be there again. (I18)

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::arrivals::{Arrival, arrivals};
use super::super::error::RunError;
use super::super::recover::SKEW;
use super::super::session::Job;
use crate::crm::{CrmError, RawRecord, Reader};
use crate::reconcile::{Still, UndoRecord};
use crate::record::{Action, Forms, Kind, MatchKey, RemoteId, Side};

/// Asks for each contact that was deleted, and that no linked contact took the place of, who has its e-mail or phone.
///
/// # Errors
/// When a CRM refuses the credentials. What cannot be read is unknown.
pub(super) async fn look_for_newcomers(
    job: &Job<'_>,
    forms: &Forms,
    began: Timestamp,
    undo_records: &mut [UndoRecord],
) -> Result<(), RunError> {
    let since = began.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
    let (cliengo, ghl): (Vec<_>, Vec<_>) = undo_records
        .iter_mut()
        .filter(|undo_record| is_open(undo_record))
        .partition(|undo_record| undo_record.side == Side::Cliengo);
    look(job.cliengo, forms, since, cliengo).await?;
    look(job.ghl, forms, since, ghl).await
}

/// Whether it would be made again as far as is known.
fn is_open(undo_record: &UndoRecord) -> bool {
    let is_deleted =
        undo_record.kind == Kind::Contact && undo_record.action == Action::Delete && !undo_record.trace.remade;
    is_deleted && !undo_record.pending && matches!((&undo_record.now, &undo_record.taken), (Still::Gone, Ok(None)))
}

async fn look<R: Reader + ?Sized>(
    crm: &R,
    forms: &Forms,
    since: Timestamp,
    undo_records: Vec<&mut UndoRecord>,
) -> Result<(), RunError> {
    if undo_records.is_empty() {
        return Ok(());
    }
    let listed = match crm.list_created(since).await {
        Ok(listed) => Ok(listed.map(|rows| newcomers(crm, forms, since, &rows))),
        Err(why) => Err(bearable(why)?),
    };
    for undo_record in undo_records {
        let Some(before) = &undo_record.before else { continue };
        let own = undo_record.trace.ids.tagged(R::Id::SIDE);
        undo_record.taken = match &listed {
            Ok(Some(newcomers)) => {
                let has_key = |keys: &BTreeSet<MatchKey>| before.match_keys().iter().any(|key| keys.contains(key));
                let other = newcomers.iter().find(|other| own.as_ref() != Some(&other.id) && has_key(&other.keys));
                Ok(other.map(|other| other.id.clone()))
            }
            Ok(None) => match crm.find_existing(before).await {
                Ok(found) => Ok(found.map(RemoteId::tagged).filter(|id| own.as_ref() != Some(id))),
                Err(why) => Err(bearable(why)?),
            },
            Err(why) => Err(why.clone()),
        };
    }
    Ok(())
}

/// Whoever came since; also who cannot be read.
fn newcomers<R: Reader + ?Sized>(crm: &R, forms: &Forms, since: Timestamp, rows: &[RawRecord<R::Id>]) -> Vec<Arrival> {
    let mut arrivals = arrivals(crm, forms, rows);
    arrivals.retain(|arrival| arrival.created.is_none_or(|created| created >= since));
    arrivals
}

/// What makes one record unknown, unless nothing more can be asked at all.
pub(super) fn bearable(why: CrmError) -> Result<String, RunError> {
    match why {
        CrmError::Credentials { .. }
        | CrmError::NoGrant { .. }
        | CrmError::Quota { .. }
        | CrmError::Stopped { .. }
        | CrmError::Sink(_) => Err(why.into()),
        CrmError::Blocked { .. }
        | CrmError::Unavailable { .. }
        | CrmError::Protocol { .. }
        | CrmError::NoSuchField { .. }
        | CrmError::SeveralFields { .. }
        | CrmError::SameField { .. }
        | CrmError::ReadOnlyField { .. }
        | CrmError::NoSuchWebsite { .. } => Ok(why.to_string()),
    }
}
