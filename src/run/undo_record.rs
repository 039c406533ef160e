//! Undo records: what is needed to take an operation back, written down before it is sent. (I26, `semantics` 33)

use super::applied::{Applied, Origin, written};
use crate::reconcile::{LinkRef, Moved, MovedFrom, Operation, Settle, TagDelta, Trace};
use crate::record::{Action, Ids, Kind, Record, Side, SideId, Write};
use crate::state::{LinkRow, Stage, State, StateError, UndoRecordDraft};

/// Writes down what is about to be done: of a contact's delete also everything that goes with it, as it was listed. `target`
/// and `parent` are the ids by then of the record and of its contact.
///
/// # Errors
/// When it cannot be written: then nothing may be sent.
pub(super) fn leave(
    state: &State,
    stage: &Stage,
    run: i64,
    operation: &Operation,
    write: &Write,
    [target, parent]: [Option<SideId>; 2],
) -> Result<(), StateError> {
    let side = operation.side;
    let settle = operation.settle();
    let link = match settle.and_then(Settle::link) {
        Some(LinkRef::Existing(link)) => Some(link),
        _ => None,
    };
    let other = match (write.action, link) {
        (Action::Delete, Some(link)) => known(state, link, side.other())?.fields,
        _ => settle.and_then(Settle::bases).map(|bases| bases.of(side.other()).clone()).unwrap_or_default(),
    };
    let mut trace = Trace {
        ids: operation.ids.clone(),
        parent: operation.parent.clone(),
        label: operation.label.clone(),
        contact: operation.contact.clone(),
        wrote: write.set.clone(),
        tags: TagDelta { added: write.add_tags.clone(), removed: write.remove_tags.clone() },
        other,
        remade: false,
        answer: None,
        adopted: false,
        moved: None,
    };
    trace.ids.extend(target);
    trace.parent.extend(parent);
    let draft = UndoRecordDraft {
        operation: (run, operation.id),
        side,
        kind: write.kind,
        action: write.action,
        image: None,
        link,
        trace: &serde_json::to_string(&trace)?,
    };
    state.add_undo_record(&draft)?;
    match operation.ids.tagged(side) {
        Some(contact) if write.kind == Kind::Contact && write.action == Action::Delete => {
            leave_children(state, stage, (run, operation.id), &contact, operation)
        }
        _ => Ok(()),
    }
}

/// Writes down how a link stood that goes along with a merged contact.
///
/// # Errors
/// When it cannot be written: then it may not go.
pub(super) fn leave_moved(
    state: &State,
    operation: (i64, u32),
    link: &LinkRow,
    (ids, label): (&Ids, &str),
    moved: &Moved,
    secondaries: &[i64],
) -> Result<(), StateError> {
    let side = Side::Ghl;
    let before = MovedFrom {
        ghl: moved.from.as_str().to_owned(),
        role: link.role,
        base: known(state, link.id, side)?.fields,
        secondaries: secondaries.to_vec(),
    };
    let trace = Trace {
        ids: ids.clone(),
        label: label.to_owned(),
        contact: label.to_owned(),
        moved: Some(before),
        ..Trace::default()
    };
    state.add_undo_record(&UndoRecordDraft {
        operation,
        side,
        kind: link.kind,
        action: Action::Link,
        image: None,
        link: Some(link.id),
        trace: &serde_json::to_string(&trace)?,
    })
}

/// What a CRM deletes along with a contact. (I19)
fn leave_children(
    state: &State,
    stage: &Stage,
    operation: (i64, u32),
    contact: &SideId,
    planned: &Operation,
) -> Result<(), StateError> {
    let side = contact.side();
    for kind in Kind::CHILDREN {
        for row in stage.under(side, kind, contact.as_str())? {
            let id = SideId::new(side, row.id);
            // Deleted before, and listed still.
            if state.is_buried(kind, &id)? {
                continue;
            }
            let link = state.link_of(kind, &id)?;
            let other = link.as_ref().map(|link| known(state, link.id, side.other())).transpose()?;
            let own = link.as_ref().map(|link| known(state, link.id, side)).transpose()?;
            let trace = Trace {
                ids: link.as_ref().map_or_else(|| Ids::one(id), |link| link.ids.clone()),
                parent: planned.ids.clone(),
                label: own.map(|own| own.label()).unwrap_or_default(),
                contact: planned.contact.clone(),
                other: other.map(|other| other.fields).unwrap_or_default(),
                ..Trace::default()
            };
            state.add_undo_record(&UndoRecordDraft {
                operation,
                side,
                kind,
                action: Action::Delete,
                image: Some(&row.payload),
                link: link.map(|link| link.id),
                trace: &serde_json::to_string(&trace)?,
            })?;
        }
    }
    Ok(())
}

fn known(state: &State, link: i64, side: Side) -> Result<Record, StateError> {
    Ok(state.base(link, side)?.map(|base| base.record).unwrap_or_default())
}

/// Completes an operation's undo record with what its CRM answered, in the transaction that settles it. `link` is the link that
/// the operation made or moved.
///
/// # Errors
/// When it cannot be written.
pub(super) fn complete(
    state: &State,
    operation: (i64, u32),
    applied: &Applied<'_>,
    link: Option<i64>,
) -> Result<(), StateError> {
    let Some((undo_record, trace)) = state.trace_of(operation)? else { return Ok(()) };
    let mut trace: Trace = serde_json::from_str(&trace)?;
    trace.ids.extend(applied.created.clone());
    trace.wrote.extend(written(applied));
    trace.adopted |= applied.origin != Origin::Created;
    trace.answer = applied.payload.map(str::to_owned).filter(|_| applied.action == Action::Create);
    // What is told of a task has no link of its own.
    let link = link.filter(|_| applied.settle.projects().is_none());
    if let (Action::Create, Some(link)) = (applied.action, link) {
        trace.wrote.extend(known(state, link, applied.side)?.fields);
    }
    state.complete_undo_record(undo_record, link, &serde_json::to_string(&trace)?)
}

/// Notes that an undo made again what a run deleted, in the transaction that settles it. Its tags are still to follow: if
/// they do not, the next undo finds the undo record as one that took them off.
///
/// # Errors
/// When it cannot be written.
pub(super) fn note_remade(
    state: &State,
    undo_record: i64,
    applied: &Applied<'_>,
    link: Option<i64>,
) -> Result<(), StateError> {
    let Some(trace) = state.trace(undo_record)? else { return Ok(()) };
    let mut trace: Trace = serde_json::from_str(&trace)?;
    trace.ids.extend(applied.created.clone());
    trace.tags.removed = applied.settle.tags_follow().to_vec();
    trace.remade = true;
    state.complete_undo_record(undo_record, link, &serde_json::to_string(&trace)?)
}

/// Whether one of the undo records is of a record that an undo made again.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn is_remade(state: &State, undo_records: &[i64]) -> Result<bool, StateError> {
    for undo_record in undo_records {
        let trace = state.trace(*undo_record)?.map(|trace| serde_json::from_str::<Trace>(&trace)).transpose()?;
        if trace.is_some_and(|trace| trace.remade) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A link that went along with a merged contact, and how it stood before; `None` where it is another one by now.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn moved(state: &State, undo_record: i64) -> Result<Option<(LinkRow, MovedFrom)>, StateError> {
    let Some((row, trace)) = state.moved_record(undo_record)? else { return Ok(None) };
    let trace: Trace = serde_json::from_str(&trace)?;
    let Some(before) = trace.moved.filter(|_| row.ids == trace.ids) else { return Ok(None) };
    // Restored since, and linked again.
    let is_back = state.link_of(row.kind, &SideId::new(Side::Ghl, before.ghl.as_str()))?.is_some();
    Ok((!is_back).then_some((row, before)))
}
