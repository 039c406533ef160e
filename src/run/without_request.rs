//! What the snapshot takes without a request: before the first write of a run, and after its last. (I32, I40)

use std::collections::BTreeSet;
use std::sync::Mutex;

use jiff::Timestamp;

use super::gathered::{Gathered, Restored, covers};
use super::pulled::Pulled;
use super::saved::generation;
use super::session::{BEGUN, FIRST_SYNC, lock};
use super::settle::keep;
use super::staging::AT_ONCE;
use super::{undo_record, unreported};
use crate::reconcile::{BaseUpdate, OpenedConflict, Plan, Reading};
use crate::record::{Effects, Field, Ids, Kind, Record, RemoteId, Role, Side, SideId, Value};
use crate::state::{ConflictRow, LinkRow, LinkStatus, NewLink, SeenRow, Stage, State, StateError};

/// Marks the contacts that a list lacks, also where nothing else of the run is written.
///
/// # Errors
/// When it cannot be written.
pub(super) fn mark_absent(state: &mut State, gathered: &Gathered, run: i64) -> Result<(), StateError> {
    if gathered.absent.is_empty() {
        return Ok(());
    }
    state.atomically(|state| {
        gathered.absent.iter().try_for_each(|(link, side)| state.set_missed(*link, *side, Some(run)))
    })
}

/// Settles what needs no request, and writes the plan down, before the first write.
///
/// # Errors
/// When it cannot be written: then nothing is sent.
pub(super) fn before(
    state: &mut State,
    plan: &Plan,
    gathered: &Gathered,
    effects: &Effects,
    run: i64,
) -> Result<(), StateError> {
    state.atomically(|state| {
        if plan.first_sync {
            state.set_meta(FIRST_SYNC, BEGUN)?;
        }
        write_down(state, plan, run)?;
        unreported::keep(state, plan, run)?;
        for operation in &plan.operations {
            if let Some(enrolment) = operation.enrols() {
                state.owe(enrolment, &operation.failed_operation_id(&plan.pair), &operation.label, run)?;
            }
        }
        for settlement in &plan.base_updates {
            settle_one(state, settlement, run)?;
        }
        state.name_enrolments(effects)?;
        for (link, side) in &gathered.missed {
            state.set_missed(*link, *side, Some(run))?;
        }
        for look in &gathered.without_text {
            state.remember(look, None, run)?;
        }
        for restored in &gathered.restored {
            restore(state, restored, run)?;
        }
        for id in &gathered.lifted {
            state.lift_tombstone(Kind::Contact, id)?;
        }
        for link in &gathered.ended {
            settle_one(state, &BaseUpdate::Drop { link: *link }, run)?;
        }
        for (link, side) in &gathered.returned {
            state.set_missed(*link, *side, None)?;
        }
        Ok(())
    })
}

/// A contact is there again. What it lost meanwhile is no delete (`semantics` 22): its survivor is made again.
fn restore(state: &State, restored: &Restored, run: i64) -> Result<(), StateError> {
    state.restore(restored.link, Kind::Contact, &restored.id)?;
    for child in &restored.lost {
        if let Some(id) = child.ids.tagged(restored.id.side()) {
            state.bury(child.kind, &id, run, "lost with its contact")?;
        }
        state.retire(child.id)?;
    }
    Ok(())
}

/// Writes the plan's operations into the history, inside the caller's transaction.
///
/// # Errors
/// When they cannot be written.
pub(super) fn write_down(state: &State, plan: &Plan, run: i64) -> Result<(), StateError> {
    plan.operations.iter().try_for_each(|operation| state.plan_operation(run, operation.id, &operation.canonical()))
}

fn conflict_row(in_conflict: &OpenedConflict, run: i64) -> ConflictRow {
    ConflictRow {
        id: in_conflict.id.clone(),
        kind: in_conflict.kind,
        ids: in_conflict.ids.clone(),
        parent: in_conflict.parent.clone(),
        label: in_conflict.label.clone(),
        field: in_conflict.field.clone(),
        base: in_conflict.base.clone(),
        now: in_conflict.now.clone(),
        run,
        since: None,
        take: None,
    }
}

/// Settles what needs no request, inside the caller's transaction.
///
/// # Errors
/// When it cannot be written.
pub(super) fn settle_one(state: &State, settlement: &BaseUpdate, run: i64) -> Result<(), StateError> {
    match settlement {
        BaseUpdate::Fields { link, side, fields } => match state.link(*link)? {
            Some(row) => {
                fields.keys().try_for_each(|field| state.settled_again(*link, field))?;
                state.settle_base(&row, *side, fields, false)
            }
            None => Ok(()),
        },
        BaseUpdate::Keep { link, gone } => keep(state, *link, *gone, run),
        BaseUpdate::Rejected { link, side, field } => state.reject(*link, *side, field),
        BaseUpdate::Scope { link, outside } => state.set_scope(*link, *outside),
        BaseUpdate::Drop { link } => {
            if let Some(row) = state.link(*link)? {
                // GHL's contact is not gone with a secondary.
                let gone = Side::BOTH.into_iter().filter(|side| row.role == Role::Primary || *side == Side::Cliengo);
                for id in gone.filter_map(|side| row.ids.tagged(side)) {
                    state.bury(row.kind, &id, run, "gone on both sides")?;
                }
            }
            state.retire(*link)
        }
        BaseUpdate::Unlink { link } => state.retire(*link),
        BaseUpdate::Renew { link, id } => state.renew(*link, id),
        BaseUpdate::MoveBack { undo_record } => move_back(state, *undo_record, run),
        BaseUpdate::Told { link, projection } => state.tell(*link, projection),
        BaseUpdate::Remember { what, link } => state.remember(what, *link, run),
        BaseUpdate::OpenedConflict(in_conflict) => state.keep_conflict(&conflict_row(in_conflict, run)),
        BaseUpdate::Agreed { id } => state.end_conflict(id),
        BaseUpdate::Lift { id } => state.lift_failed_operation(id).map(drop),
        BaseUpdate::Owe { enrolment, id, label } => state.owe(enrolment, id, label, run),
        BaseUpdate::OweNoMore { enrolment } => state.owe_no_more(enrolment),
        BaseUpdate::Alone { id, fields } => {
            let (kind, ids) = (Kind::Contact, Ids::one(id.clone()));
            let number = state.add_link(&NewLink { kind, parent: None, ids: ids.clone(), run, role: Role::Primary })?;
            let status = LinkStatus::Live;
            let link = LinkRow { id: number, kind, parent: None, ids, status, role: Role::Primary };
            state.settle_base(&link, id.side(), fields, false)?;
            keep(state, number, id.side().other(), run)
        }
        BaseUpdate::Part { link, undo_record } => {
            if let Some(row) = link.map(|link| state.link(link)).transpose()?.flatten() {
                let now = state.run(run)?.map_or(Timestamp::UNIX_EPOCH, |row| row.started);
                state.part(&row, now)?;
            }
            state.take_back(*undo_record, run, None)
        }
    }
}

/// The contact that is gone stands in its link again. Its tasks and notes stay where they stand; and whom a person took back is
/// not followed another time. (`semantics` 61)
fn move_back(state: &State, undo_record: i64, run: i64) -> Result<(), StateError> {
    let Some((row, before)) = undo_record::moved(state, undo_record)? else { return Ok(()) };
    let now = state.run(run)?.map_or(Timestamp::UNIX_EPOCH, |row| row.started);
    state.end_waiting(row.kind, &row.ids)?;
    state.keep_separate(row.kind, &row.ids, now)?;
    let mut ids = row.ids.clone();
    let gone = SideId::new(Side::Ghl, before.ghl.as_str());
    ids.insert(gone.clone());
    state.lift_tombstone(row.kind, &gone)?;
    state.move_link(&row, gone.as_str(), before.role, &before.secondaries)?;
    let row = LinkRow { ids, role: before.role, ..row };
    state.settle_base(&row, Side::Ghl, &before.base, false)?;
    state.take_back(undo_record, run, None)
}

/// Keeps the fingerprints of everything that the bases now hold just as it was listed, so that the next change detection does
/// not let it through.
///
/// # Errors
/// When it cannot be written.
pub(super) fn after(
    state: &mut State,
    stage: &Mutex<Stage>,
    gathered: &Gathered,
    pulled: &Pulled,
    settles: &Settles,
    run: i64,
    now: Timestamp,
) -> Result<(), StateError> {
    state.atomically(|state| {
        for conflict in &settles.chosen {
            state.end_conflict(conflict)?;
        }
        let mut last = 0;
        loop {
            let seen = lock(stage).seen_after(last, AT_ONCE)?;
            let Some(newest) = seen.last() else { break };
            last = newest.number;
            seen.iter().try_for_each(|seen| settle_seen(state, seen, gathered, pulled))?;
        }
        state.align_secondaries()?;
        visit(state, stage, &pulled.visited.cliengo, pulled, &settles.unfinished, now)?;
        visit(state, stage, &pulled.visited.ghl, pulled, &settles.unfinished, now)?;
        note_unread(state, pulled)?;
        for side in Side::BOTH {
            for kind in Kind::ALL {
                let listing = pulled.listings.of(side).of(kind);
                if listing.complete {
                    let absent = lock(stage).absent_buried(side, kind)?;
                    state.age_tombstones(side, kind, &absent, now)?;
                }
                // What was read of some people counts nobody.
                if listing.complete || *pulled.doubted.of(side).of(kind) {
                    state.set_count(side, kind, listing.count, run)?;
                }
            }
        }
        next_generation(state)
    })
}

/// Keeps of a listed record what its base holds.
fn settle_seen(state: &State, seen: &SeenRow, gathered: &Gathered, pulled: &Pulled) -> Result<(), StateError> {
    let id = SideId::new(seen.side, seen.id.clone());
    let Some(link) = state.link_of(seen.kind, &id)? else { return Ok(()) };
    let Some(base) = state.base(link.id, seen.side)? else { return Ok(()) };
    // What a field that waits holds is news to the run that can read it.
    if pulled.forms.waits(seen.kind) {
        return Ok(());
    }
    if link.role == Role::Secondary {
        return state.set_seen(&link, seen.side, &seen.fingerprint, &seen.payload, &seen.record);
    }
    let agrees = |(field, value): &(&Field, &Value)| base.record.get(field).is_some_and(|base| base.same(value));
    let agreed = seen.record.fields.iter().filter(agrees).map(|(field, _)| field);
    state.kept_what_was_written(link.id, seen.side, agreed)?;
    // A record that was read by id has another shape than its row.
    let by_id = pulled.only.is_some() && seen.kind != Kind::Note;
    if by_id || gathered.halved.contains(&link.id) {
        return Ok(());
    }
    // What cannot be read is said again until it can be.
    if seen.record.unreadable.is_empty() && covers(&base.record, &seen.record) {
        let merged = merged(&base.record, &seen.record);
        state.set_seen(&link, seen.side, &seen.fingerprint, &seen.payload, &merged)
    } else {
        state.set_listed(link.id, seen.side, &seen.payload)
    }
}

/// The snapshot was moved: plans that were saved before are stale. (I47)
///
/// # Errors
/// When it cannot be written.
pub(super) fn next_generation(state: &State) -> Result<(), StateError> {
    let next: u64 = generation(Some(state))?.parse().unwrap_or(0) + 1;
    state.set_meta("generation", &next.to_string())
}

/// `semantics` 51: counts the runs in a row in which a contact's tasks or notes could not be read. A CRM that cannot be read
/// at all says nothing of any contact.
fn note_unread(state: &State, pulled: &Pulled) -> Result<(), StateError> {
    if pulled.unread.is_empty() && !state.has_unread()? {
        return Ok(());
    }
    let asked = pulled.visited.cliengo.iter().map(|id| id.clone().tagged());
    let asked: Vec<SideId> = asked.chain(pulled.visited.ghl.iter().map(|id| id.clone().tagged())).collect();
    for kind in Kind::CHILDREN {
        let unread: BTreeSet<&SideId> =
            pulled.unread.iter().filter(|unread| unread.kind == kind).map(|unread| &unread.contact).collect();
        for contact in &asked {
            if pulled.listings.of(contact.side()).of(kind).reading == Reading::Failed {
                continue;
            }
            if unread.contains(contact) {
                state.count_unread(kind, contact)?;
            } else {
                state.end_unread(kind, contact)?;
            }
        }
    }
    Ok(())
}

/// What of an applied plan settles besides its operations.
#[derive(Debug, Default)]
pub(super) struct Settles {
    /// The conflicts whose chosen value was written wherever it was to be.
    pub chosen: Vec<String>,
    /// Contacts of which an operation is left for another run: their turn is not over.
    pub unfinished: BTreeSet<SideId>,
}

/// Notes whose notes were asked for. Who could not be read has had a turn too, and must not be before all others the next
/// night (`semantics` 54); who was not reached, or of whom something is left for another run, has not (`semantics` 65).
fn visit<I: RemoteId>(
    state: &State,
    stage: &Mutex<Stage>,
    contacts: &[I],
    pulled: &Pulled,
    unfinished: &BTreeSet<SideId>,
    now: Timestamp,
) -> Result<(), StateError> {
    let notes = pulled.unread.iter().filter(|unread| unread.kind == Kind::Note);
    let unread: BTreeSet<&SideId> = notes.map(|unread| &unread.contact).collect();
    for contact in contacts {
        let id = contact.clone().tagged();
        let was_asked = unread.contains(&id) || lock(stage).is_covered(I::SIDE, Kind::Note, contact.as_str())?;
        if was_asked && !unfinished.contains(&id) {
            state.set_visited(I::SIDE, contact.as_str(), now)?;
        }
    }
    Ok(())
}

/// The base with what the listing says of times and further keys, and in the listing's spelling: a tag that is to go
/// goes in every spelling that is stored.
fn merged(base: &Record, listed: &Record) -> Record {
    let mut fields = base.fields.clone();
    let same = |field: &Field, value: &Value| base.get(field).is_some_and(|held| held.same(value));
    let spelt = listed.fields.iter().filter(|(field, value)| same(field, value));
    fields.extend(spelt.map(|(field, value)| (field.clone(), value.clone())));
    Record { fields, ..listed.clone() }
}
