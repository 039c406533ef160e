//! Settling: what the CRMs answered becomes the base. Never what we meant to send. (I32, I40)

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use jiff::Timestamp;

use super::gather::{Gathered, Risen, covers};
use super::pull::Pulled;
use super::saved::generation;
use super::{BEGUN, FIRST_SYNC, deed, held};
use crate::reconcile::{Disputed, LinkRef, Plan, Reading, Settle, Settlement, TagDelta};
use crate::record::{Action, Effect, Field, Ids, Kind, Record, RemoteId, Role, Side, SideId, Value, Write};
use crate::state::{Attempt, ConflictRow, EnrolmentStatus, LinkRow, LinkStatus, NewLink, Stage, State, StateError};

/// What settles with an applied operation.
#[derive(Debug)]
pub struct Applied<'a> {
    /// The run.
    pub run: i64,
    /// The written side.
    pub side: Side,
    /// The kind of record.
    pub kind: Kind,
    /// What was done.
    pub action: Action,
    /// The record's ids as planned.
    pub ids: &'a Ids,
    /// What the plan settles, with every `MadeBy` resolved by `resolve`.
    pub settle: &'a Settle,
    /// The fields that were written, with the values that were sent.
    pub sent: &'a BTreeMap<Field, Value>,
    /// What stood in the written record, as far as it was known.
    pub before: &'a BTreeMap<Field, Value>,
    /// The id of what was created.
    pub created: Option<SideId>,
    /// What the CRM answered.
    pub answer: &'a Record,
    /// The answer as it came, where it is the whole record.
    pub payload: Option<&'a str>,
    /// Where what was created comes from.
    pub origin: Origin,
}

/// Where a record comes from that a create is settled with. (`semantics` 60 and 61)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The CRM answered that this request created it.
    #[default]
    Created,
    /// No answer came, and it was found by reading.
    Adopted,
    /// The CRM had it before: it is a match that the CRM made. Both halves are compared as when they first meet.
    Matched,
}

/// Settles an applied operation and says its link. Call it in the transaction that closes its intent. (I39)
///
/// # Errors
/// When it cannot be written.
pub fn applied(
    state: &State,
    applied: &Applied<'_>,
    resolve: impl Fn(LinkRef) -> Option<i64>,
) -> Result<Option<i64>, StateError> {
    let projection = applied.settle.projects.as_ref();
    let link = match applied.action {
        Action::Create if projection.is_some() => applied.settle.parent.and_then(resolve),
        Action::Create | Action::Link => {
            let made = made(state, applied, resolve)?;
            if applied.kind == Kind::Contact && !(applied.action == Action::Create && applied.origin != Origin::Matched)
            {
                // Whom no create of ours made is put into nothing.
                applied.ids.of(Side::Cliengo).map_or(Ok(()), |contact| state.owe_nothing(contact))?;
            }
            Some(made)
        }
        Action::Enrol => enrolled(state, applied, resolve)?,
        Action::Delete => deleted(state, applied)?,
        Action::Update | Action::Complete | Action::Tag => changed(state, applied, resolve)?,
    };
    if let (Some(link), Some(projection)) = (link, projection) {
        state.tell(link, projection)?;
    }
    for undone in &applied.settle.undoes {
        if applied.settle.tags_follow.is_empty() {
            state.take_back(*undone, applied.run, link)?;
        } else {
            deed::note_remade(state, *undone, applied, link)?;
        }
    }
    Ok(link)
}

/// A contact was put into something. A trigger's tag is no news of GHL's.
fn enrolled(
    state: &State,
    applied: &Applied<'_>,
    resolve: impl Fn(LinkRef) -> Option<i64>,
) -> Result<Option<i64>, StateError> {
    let link = applied.settle.link.and_then(resolve);
    let Some(enrolment) = &applied.settle.enrols else { return Ok(link) };
    state.enrolled(enrolment, EnrolmentStatus::Done)?;
    if let (Some(link), Effect::Tag(tag)) = (link, &enrolment.effect)
        && let Some(row) = state.link(link)?
        && let Some(shadow) = state.shadow(link, Side::Ghl)?.filter(|shadow| shadow.record.get(&Field::Tags).is_some())
    {
        let mut tags = shadow.record.tags();
        tags.insert(tag);
        state.settle_shadow(&row, Side::Ghl, &BTreeMap::from([(Field::Tags, Value::tags(tags))]), true)?;
    }
    Ok(link)
}

/// The fields that shadows know: a contact's due date is told, and never read (`Cliengo API notes, 3`).
fn shadowed<'a>(applied: &'a Applied<'_>) -> impl Iterator<Item = (&'a Field, &'a Value)> {
    applied.sent.iter().filter(|(field, _)| !(applied.kind == Kind::Contact && **field == Field::Due))
}

/// The fields of the answer that were written; what the answer does not carry stands as it was sent.
pub(super) fn written(applied: &Applied<'_>) -> BTreeMap<Field, Value> {
    let answered = |field: &Field, sent: &Value| applied.answer.get(field).unwrap_or(sent).clone();
    shadowed(applied).map(|(field, sent)| (field.clone(), answered(field, sent))).collect()
}

fn made(state: &State, applied: &Applied<'_>, resolve: impl Fn(LinkRef) -> Option<i64>) -> Result<i64, StateError> {
    if let Some(old) = applied.settle.retires {
        let gone = state.link(old)?.and_then(|link| link.ids.tagged(applied.side));
        if let Some(gone) = gone.filter(|_| applied.action == Action::Create) {
            state.bury(applied.kind, &gone, applied.run, "recreated")?;
        }
        state.retire(old)?;
    }
    let mut ids = applied.ids.clone();
    if let Some(created) = &applied.created {
        ids.insert(created.clone());
    }
    let parent = applied.settle.parent.and_then(&resolve);
    let role = applied.settle.role;
    if applied.kind == Kind::Contact {
        leave_secondary(state, &ids)?;
    }
    let id = state.add_link(&NewLink { kind: applied.kind, parent, ids: ids.clone(), run: applied.run, role })?;
    let link = LinkRow { id, kind: applied.kind, parent, ids, status: LinkStatus::Live, role };
    let is_create = applied.action == Action::Create && applied.origin != Origin::Matched;
    for side in Side::BOTH {
        // I15: GHL's half is its primary's.
        if role == Role::Secondary && side == Side::Ghl {
            continue;
        }
        // Of two that first meet nothing is agreed upon.
        let agreed = applied.settle.shadows.of(side).clone();
        let mut fields = if applied.origin == Origin::Matched { BTreeMap::new() } else { agreed };
        let ours = is_create && side == applied.side;
        if ours {
            attempted(state, id, applied)?;
            fields.extend(written(applied));
            first_tags(state, id, applied, &mut fields)?;
        }
        state.settle_shadow(&link, side, &fields, ours)?;
    }
    if applied.settle.outside {
        state.set_scope(id, true)?;
    }
    if let Some(gone) = applied.settle.keeps {
        keep(state, id, gone, applied.run)?;
    }
    Ok(id)
}

/// `semantics` 5: a secondary that becomes the primary leaves its old link.
fn leave_secondary(state: &State, ids: &Ids) -> Result<(), StateError> {
    let Some(id) = ids.tagged(Side::Cliengo) else { return Ok(()) };
    match state.link_of(Kind::Contact, &id)?.filter(|link| link.role == Role::Secondary) {
        Some(link) => state.retire(link.id),
        None => Ok(()),
    }
}

/// Moves the shadows of a link by what was written to one of its records.
///
/// # Errors
/// When they cannot be written.
pub(super) fn changed(
    state: &State,
    applied: &Applied<'_>,
    resolve: impl Fn(LinkRef) -> Option<i64>,
) -> Result<Option<i64>, StateError> {
    let Some(link) = applied.settle.link.and_then(&resolve) else { return Ok(None) };
    let Some(row) = state.link(link)? else { return Ok(None) };
    if let Some(gone) = applied.settle.keeps {
        keep(state, link, gone, applied.run)?;
        return Ok(Some(link));
    }
    remember_taken_back(state, link, applied)?;
    for side in Side::BOTH {
        let ours = side == applied.side;
        let mut fields = applied.settle.shadows.of(side).clone();
        if ours {
            attempted(state, link, applied)?;
            fields.extend(written(applied));
        }
        if applied.action == Action::Tag
            && (ours || applied.settle.undoes.is_empty())
            && let Some((before, now)) = moved_tags(state, link, side, applied)?
        {
            if ours && !applied.settle.tags.were_kept(applied.answer) {
                let attempt = Attempt { before, updated: applied.answer.updated };
                state.attempted(link, side, &Field::Tags, &attempt, true)?;
            }
            fields.insert(Field::Tags, now);
        }
        if !fields.is_empty() {
            state.settle_shadow(&row, side, &fields, ours)?;
        }
    }
    Ok(Some(link))
}

/// `semantics` 61: what an undo took back is not done again by comparing both sides; written again, it is past.
fn remember_taken_back(state: &State, link: i64, applied: &Applied<'_>) -> Result<(), StateError> {
    let tags = (applied.action == Action::Tag).then_some(&Field::Tags);
    for field in applied.sent.keys().chain(tags) {
        if applied.settle.undoes.is_empty() {
            state.settled_again(link, field)?;
        } else {
            state.took_back(link, field)?;
        }
    }
    Ok(())
}

/// I33: remembers what stood in the written fields, so that a CRM that goes back to it is not taken for a person.
fn attempted(state: &State, link: i64, applied: &Applied<'_>) -> Result<(), StateError> {
    let shadow = state.shadow(link, applied.side)?.map(|shadow| shadow.record).unwrap_or_default();
    for (field, sent) in shadowed(applied) {
        let before = applied.before.get(field).or_else(|| shadow.get(field)).cloned().unwrap_or(Value::Empty);
        let stored = applied.answer.get(field).is_none_or(|answered| answered.not_kept(&before, sent).is_none());
        let attempt = Attempt { before, updated: applied.answer.updated };
        state.attempted(link, applied.side, field, &attempt, !stored)?;
    }
    Ok(())
}

/// I33: the tags that a create carried, as far as its answer shows them. One that was not kept is no removal.
fn first_tags(
    state: &State,
    link: i64,
    applied: &Applied<'_>,
    fields: &mut BTreeMap<Field, Value>,
) -> Result<(), StateError> {
    let Some(Value::Tags(sent)) = fields.get(&Field::Tags).cloned() else { return Ok(()) };
    let kept = match applied.answer.get(&Field::Tags) {
        None => sent.clone(),
        Some(_) => sent.iter().flat_map(|tag| applied.answer.tags().spellings(tag)).collect(),
    };
    if !kept.same(&sent) {
        let attempt = Attempt { before: Value::Empty, updated: applied.answer.updated };
        state.attempted(link, applied.side, &Field::Tags, &attempt, true)?;
    }
    fields.insert(Field::Tags, Value::tags(kept));
    Ok(())
}

/// The tags of one shadow, and the same with the operation's additions and removals: a delta, so that what a person did
/// meanwhile stays news.
fn moved_tags(
    state: &State,
    link: i64,
    side: Side,
    applied: &Applied<'_>,
) -> Result<Option<(Value, Value)>, StateError> {
    // A side whose tags were never read has no shadow of them: the other side's is the ledger (`semantics` 14).
    let Some(shadow) = state.shadow(link, side)?.filter(|shadow| shadow.record.get(&Field::Tags).is_some()) else {
        return Ok(None);
    };
    let answered = match applied.answer.get(&Field::Tags) {
        Some(Value::Tags(tags)) if side == applied.side => Some(tags.clone()),
        _ => None,
    };
    let before = shadow.record.tags();
    let mut tags = before.clone();
    for tag in &applied.settle.tags.added {
        let stored = answered.as_ref().map(|answered| answered.spellings(tag));
        match stored {
            Some(spellings) => spellings.iter().for_each(|spelling| tags.insert(spelling)),
            None => tags.insert(tag),
        }
    }
    for tag in &applied.settle.tags.removed {
        // I33: one that the CRM still has did not go.
        if !answered.as_ref().is_some_and(|answered| answered.contains(tag)) {
            tags.remove(tag);
        }
    }
    Ok(Some((Value::tags(before), Value::tags(tags))))
}

fn deleted(state: &State, applied: &Applied<'_>) -> Result<Option<i64>, StateError> {
    if let Some(gone) = applied.settle.keeps {
        // An undo removes what a run made: its source is there still.
        if let Some(id) = applied.ids.tagged(gone) {
            state.bury(applied.kind, &id, applied.run, "undone")?;
        }
        if let Some(LinkRef::Existing(link)) = applied.settle.link {
            keep(state, link, gone, applied.run)?;
        }
        return Ok(None);
    }
    let Some(LinkRef::Existing(link)) = applied.settle.link else { return Ok(None) };
    for side in Side::BOTH {
        if let Some(id) = applied.ids.tagged(side) {
            state.bury(applied.kind, &id, applied.run, "deleted")?;
        }
    }
    state.retire(link)?;
    Ok(None)
}

/// Settles what needs no request, and writes the plan down, before the first write.
///
/// # Errors
/// When it cannot be written: then nothing is sent.
pub(super) fn before(state: &mut State, plan: &Plan, gathered: &Gathered<'_>, run: i64) -> Result<(), StateError> {
    state.atomically(|state| {
        if plan.first_sync {
            state.set_meta(FIRST_SYNC, BEGUN)?;
        }
        write_down(state, plan, run)?;
        for operation in &plan.operations {
            if let Some(enrolment) = &operation.settle.enrols {
                state.owe(enrolment, &operation.setback_id(&plan.pair), &operation.label, run)?;
            }
        }
        for settlement in &plan.settlements {
            settle_one(state, settlement, run)?;
        }
        for (link, side) in &gathered.missed {
            state.set_missed(*link, *side, Some(run))?;
        }
        for look in &gathered.without_text {
            state.remember(look, None, run)?;
        }
        for risen in &gathered.risen {
            rise(state, risen, run)?;
        }
        for link in &gathered.ended {
            settle_one(state, &Settlement::Drop { link: *link }, run)?;
        }
        for (link, side) in &gathered.returned {
            state.set_missed(*link, *side, None)?;
        }
        Ok(())
    })
}

/// A contact is there again. What it lost meanwhile is no delete (`semantics` 22): its survivor is made again.
fn rise(state: &State, risen: &Risen, run: i64) -> Result<(), StateError> {
    state.restore(risen.link, Kind::Contact, &risen.id)?;
    for child in &risen.lost {
        if let Some(id) = child.ids.tagged(risen.id.side()) {
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

/// One half is gone and the survivor stays.
pub(super) fn keep(state: &State, link: i64, gone: Side, run: i64) -> Result<(), StateError> {
    if let Some((kind, id)) = state.link(link)?.and_then(|row| Some((row.kind, row.ids.tagged(gone)?))) {
        state.bury(kind, &id, run, "removed there")?;
    }
    state.keep(link, gone)
}

fn conflict_row(disputed: &Disputed, run: i64) -> ConflictRow {
    ConflictRow {
        id: disputed.id.clone(),
        kind: disputed.kind,
        ids: disputed.ids.clone(),
        parent: disputed.parent.clone(),
        label: disputed.label.clone(),
        field: disputed.field.clone(),
        base: disputed.base.clone(),
        now: disputed.now.clone(),
        run,
        since: None,
        take: None,
    }
}

/// Settles what needs no request, inside the caller's transaction.
///
/// # Errors
/// When it cannot be written.
pub(super) fn settle_one(state: &State, settlement: &Settlement, run: i64) -> Result<(), StateError> {
    match settlement {
        Settlement::Fields { link, side, fields } => match state.link(*link)? {
            Some(row) => {
                fields.keys().try_for_each(|field| state.settled_again(*link, field))?;
                state.settle_shadow(&row, *side, fields, false)
            }
            None => Ok(()),
        },
        Settlement::Keep { link, gone } => keep(state, *link, *gone, run),
        Settlement::Rejected { link, side, field } => state.reject(*link, *side, field),
        Settlement::Scope { link, outside } => state.set_scope(*link, *outside),
        Settlement::Drop { link } => {
            if let Some(row) = state.link(*link)? {
                // GHL's contact is not gone with a secondary.
                let gone = Side::BOTH.into_iter().filter(|side| row.role == Role::Primary || *side == Side::Cliengo);
                for id in gone.filter_map(|side| row.ids.tagged(side)) {
                    state.bury(row.kind, &id, run, "gone on both sides")?;
                }
            }
            state.retire(*link)
        }
        Settlement::Told { link, projection } => state.tell(*link, projection),
        Settlement::Remember { what, link } => state.remember(what, *link, run),
        Settlement::Disputed(disputed) => state.keep_conflict(&conflict_row(disputed, run)),
        Settlement::Agreed { id } => state.end_conflict(id),
        Settlement::Lift { id } => state.lift_setback(id).map(drop),
        Settlement::Owe { enrolment, id, label } => state.owe(enrolment, id, label, run),
        Settlement::OweNoMore { enrolment } => state.owe_no_more(enrolment),
        Settlement::Alone { id, fields } => {
            let (kind, ids) = (Kind::Contact, Ids::one(id.clone()));
            let number = state.add_link(&NewLink { kind, parent: None, ids: ids.clone(), run, role: Role::Primary })?;
            let status = LinkStatus::Live;
            let link = LinkRow { id: number, kind, parent: None, ids, status, role: Role::Primary };
            state.settle_shadow(&link, id.side(), fields, false)?;
            keep(state, number, id.side().other(), run)
        }
        Settlement::Part { link, deed } => {
            if let Some(row) = link.map(|link| state.link(link)).transpose()?.flatten() {
                let now = state.run(run)?.map_or(Timestamp::UNIX_EPOCH, |row| row.started);
                state.part(&row, now)?;
            }
            state.take_back(*deed, run, None)
        }
    }
}

/// Keeps the fingerprints of everything that the shadows now hold just as it was listed, so that the next sieve does
/// not let it through.
///
/// # Errors
/// When it cannot be written.
pub(super) fn after(
    state: &mut State,
    stage: &Mutex<Stage>,
    gathered: &Gathered<'_>,
    pulled: &Pulled,
    settles: &Settles,
    run: i64,
    now: Timestamp,
) -> Result<(), StateError> {
    state.atomically(|state| {
        for conflict in &settles.chosen {
            state.end_conflict(conflict)?;
        }
        for seen in &gathered.seen {
            let id = SideId::new(seen.side, seen.id.clone());
            let Some(link) = state.link_of(seen.kind, &id)? else { continue };
            let Some(shadow) = state.shadow(link.id, seen.side)? else { continue };
            if link.role == Role::Secondary {
                state.set_seen(link.id, seen.side, &seen.fingerprint, &seen.payload, &seen.record)?;
                continue;
            }
            let agrees =
                |(field, value): &(&Field, &Value)| shadow.record.get(field).is_some_and(|base| base.same(value));
            let agreed = seen.record.fields.iter().filter(agrees).map(|(field, _)| field);
            state.kept_what_was_written(link.id, seen.side, agreed)?;
            // A record that was read by id has another shape than its row.
            let by_id = pulled.only.is_some() && seen.kind != Kind::Note;
            if by_id || gathered.halved.contains(&link.id) {
                continue;
            }
            // What cannot be read is said again until it can be.
            if seen.record.unreadable.is_empty() && covers(&shadow.record, &seen.record) {
                state.set_seen(
                    link.id,
                    seen.side,
                    &seen.fingerprint,
                    &seen.payload,
                    &merged(&shadow.record, &seen.record),
                )?;
            } else {
                state.set_listed(link.id, seen.side, &seen.payload)?;
            }
        }
        state.align_secondaries()?;
        visit(state, stage, &pulled.visited.cliengo, pulled, &settles.unfinished, now)?;
        visit(state, stage, &pulled.visited.ghl, pulled, &settles.unfinished, now)?;
        note_unread(state, pulled)?;
        for side in Side::BOTH {
            for kind in Kind::ALL {
                let listing = pulled.listings.of(side).of(kind);
                if listing.complete {
                    let absent = held(stage).absent_buried(side, kind)?;
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
    let asked = pulled.visited.cliengo.iter().map(|id| id.clone().tagged());
    let asked: Vec<SideId> = asked.chain(pulled.visited.ghl.iter().map(|id| id.clone().tagged())).collect();
    for kind in [Kind::Task, Kind::Note] {
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
        let was_asked = unread.contains(&id) || held(stage).is_covered(I::SIDE, Kind::Note, contact.as_str())?;
        if was_asked && !unfinished.contains(&id) {
            state.set_visited(I::SIDE, contact.as_str(), now)?;
        }
    }
    Ok(())
}

/// The shadow with what the listing says of times and further keys, and in the listing's spelling: a tag that is to go
/// goes in every spelling that is stored.
fn merged(shadow: &Record, listed: &Record) -> Record {
    let mut fields = shadow.fields.clone();
    let same = |field: &Field, value: &Value| shadow.get(field).is_some_and(|held| held.same(value));
    let spelt = listed.fields.iter().filter(|(field, value)| same(field, value));
    fields.extend(spelt.map(|(field, value)| (field.clone(), value.clone())));
    Record { fields, ..listed.clone() }
}

/// Both sides' fields that an operation of unknown outcome settles when it is found to be done.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Adoption {
    /// What settles.
    pub settle: Settle,
    /// The ids as planned.
    pub ids: Ids,
    /// The fields that were sent.
    pub sent: BTreeMap<Field, Value>,
    /// What stood there before.
    #[serde(default)]
    pub before: BTreeMap<Field, Value>,
}

impl Adoption {
    /// The settlement of an operation, resolved so that a later run can finish it.
    #[must_use]
    pub fn of(settle: &Settle, ids: Ids, write: &Write, link: Option<i64>, parent: Option<i64>) -> Self {
        let [link, parent] = [link, parent].map(|link| link.map(LinkRef::Existing));
        let settle = Settle { link, parent, ..settle.clone() };
        let overwritten = write.before.iter().filter(|(field, _)| write.set.contains_key(field));
        let before = overwritten.map(|(field, value)| (field.clone(), value.clone())).collect();
        Self { settle, ids, sent: write.set.clone(), before }
    }

    /// Whether a record shows all that a change was to bring. A mark says nothing of itself: it is seen the next time.
    #[must_use]
    pub fn is_done(&self, record: &Record) -> bool {
        let tags = &self.settle.tags;
        let has_tags = !(tags.added.is_empty() && tags.removed.is_empty());
        let shows = |(field, sent): (&Field, &Value)| record.get(field).is_some_and(|now| now.same(sent));
        (has_tags || !self.sent.is_empty())
            && self.sent.iter().all(shows)
            && (!has_tags || record.get(&Field::Tags).is_some() && tags.were_kept(record))
    }

    /// Where somebody changed one of the written fields since: the settlement of those that are no longer as they were, and
    /// what the record shows of ours. What somebody wrote since is news against what was sent. (`semantics` 58)
    #[must_use]
    pub fn changed_since(self, record: &Record) -> Option<(Self, Record)> {
        let is_ours = |field: &Field, sent: &Value| record.get(field).is_some_and(|now| now.same(sent));
        let is_as_before = |field: &Field| match (record.get(field), self.before.get(field)) {
            (Some(now), Some(before)) => now.same(before),
            (Some(now), None) => now.is_empty(),
            (None, _) => true,
        };
        let moved = |(field, sent): &(&Field, &Value)| is_ours(field, sent) || !is_as_before(field);
        let sent: BTreeMap<Field, Value> =
            self.sent.iter().filter(moved).map(|(field, sent)| (field.clone(), sent.clone())).collect();
        if sent.iter().all(|(field, sent)| is_ours(field, sent)) {
            return None;
        }
        let shown = record.fields.iter().filter(|(field, _)| sent.get(*field).is_some_and(|sent| is_ours(field, sent)));
        let answer = Record {
            fields: shown.map(|(field, value)| (field.clone(), value.clone())).collect(),
            updated: record.updated,
            ..Record::default()
        };
        let mut settle = Settle { tags: TagDelta::default(), ..self.settle };
        for side in Side::BOTH {
            settle.shadows.of_mut(side).retain(|field, _| sent.contains_key(field));
        }
        Some((Self { settle, sent, ..self }, answer))
    }
}
