//! An undo moves the snapshot before it sends, as if the request had been done already.
//!
//! The other side still has what the run carried over from there. Should the answer be lost, a later night would take what
//! it finds for a person's edit, or for a person's delete, and carry it over to the source. Moved beforehand, what was done
//! is no news, and what was not done agrees with the source: neither sends anything.

use super::applied::{Applied, Origin};
use super::settle;
use super::undo_record;
use crate::reconcile::{LinkRef, Operation, Settle};
use crate::record::{Fields, Record, Write};
use crate::state::{LinkStatus, State, StateError};

/// What was moved for a request whose outcome is not known yet.
#[derive(Clone, Debug)]
pub(super) enum Foreseen {
    /// The link sleeps: its half is about to be removed.
    Asleep(i64),
    /// The written side's base; these fields stood there.
    Moved(i64, Fields),
}

/// Moves the snapshot for an operation of an undo, in the transaction that journals its first request.
///
/// # Errors
/// When it cannot be written: then nothing may be sent.
pub(super) fn foresee(
    state: &State,
    operation: &Operation,
    write: &Write,
    run: i64,
) -> Result<Option<Foreseen>, StateError> {
    let Some(settle) = operation.settle().filter(|settle| !settle.undoes().is_empty()) else { return Ok(None) };
    let Some(LinkRef::Existing(link)) = settle.link() else { return Ok(None) };
    // Tags of what was made again are no news to a source that is gone; moved too early, they would be a removal there.
    if undo_record::is_remade(state, settle.undoes())? {
        return Ok(None);
    }
    match settle {
        Settle::Unmake { gone, .. } if state.link(link)?.is_some_and(|row| row.status == LinkStatus::Live) => {
            settle::keep(state, link, *gone, run)?;
            Ok(Some(Foreseen::Asleep(link)))
        }
        Settle::Update(_) | Settle::Tag(_) => {
            let stood = state.base(link, operation.side)?.map(|base| base.record.fields).unwrap_or_default();
            let stood = stood.into_iter().filter(|(field, _)| write.set.contains_key(field)).collect();
            let applied = Applied {
                run,
                side: operation.side,
                kind: operation.kind,
                action: write.action,
                ids: &operation.ids,
                settle,
                sent: &write.set,
                before: &write.before,
                created: None,
                answer: &Record::default(),
                payload: None,
                origin: Origin::default(),
            };
            settle::changed(state, &applied, |_| Some(link))?;
            Ok(Some(Foreseen::Moved(link, stood)))
        }
        _ => Ok(None),
    }
}

/// The request was not done: the snapshot goes back. Tags stay moved, since some of them may have been; what was not agrees
/// with the source anyway.
///
/// # Errors
/// When it cannot be written.
pub(super) fn withdraw(state: &State, operation: &Operation, foreseen: Foreseen) -> Result<(), StateError> {
    match foreseen {
        Foreseen::Asleep(link) => match operation.ids.tagged(operation.side) {
            Some(id) => state.restore(link, operation.kind, &id),
            None => Ok(()),
        },
        Foreseen::Moved(link, stood) => match state.link(link)? {
            Some(row) if !stood.is_empty() => state.settle_base(&row, operation.side, &stood, true),
            _ => Ok(()),
        },
    }
}
