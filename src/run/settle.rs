//! Settling: what the CRMs answered becomes the base. Never what we meant to send. (I32, I40)

use super::applied::{Applied, Origin, shadowed, written};
use super::undo_record;
use crate::reconcile::{Link, LinkRef, Making, Moved, Remade, Settle, TagDelta};
use crate::record::{Effect, Enrolment, Field, Fields, Ids, Kind, Role, Side, Tags, Value};
use crate::state::{Attempt, EnrolmentStatus, LinkRow, LinkStatus, NewLink, State, StateError};

/// Where the state says that Cliengo parts names.
pub(super) const PARTS_NAMES: &str = "learned.parts_names";

/// Settles an applied write and says its link. Call it in the transaction that closes its intent. (I39)
///
/// # Errors
/// When it cannot be written.
pub fn applied(
    state: &State,
    applied: &Applied<'_>,
    resolve: impl Fn(LinkRef) -> Option<i64>,
) -> Result<Option<i64>, StateError> {
    learn_of_names(state, applied)?;
    let link = match applied.settle {
        Settle::Create { made, remade, .. } => Some(created(state, applied, made, remade.as_deref(), resolve)?),
        Settle::Tell { contact, .. } => resolve(*contact),
        Settle::Update(_) | Settle::Tag(_) | Settle::Mark { .. } => changed(state, applied, resolve)?,
        Settle::Delete { link } => deleted(state, applied, *link)?,
        Settle::Unmake { link, gone, .. } => unmade(state, applied, *link, *gone)?,
        Settle::Enrol { link, enrolment } => enrolled(state, resolve(*link), enrolment)?,
    };
    if let (Some(link), Some(projection)) = (link, applied.settle.projects()) {
        state.tell(link, projection)?;
    }
    for undone in applied.settle.undoes() {
        if applied.settle.tags_follow().is_empty() {
            state.take_back(*undone, applied.run, link)?;
        } else {
            undo_record::note_remade(state, *undone, applied, link)?;
        }
    }
    Ok(link)
}

/// A contact was put into something. A trigger's tag is no news of GHL's.
fn enrolled(state: &State, link: Option<i64>, enrolment: &Enrolment) -> Result<Option<i64>, StateError> {
    state.enrolled(enrolment, EnrolmentStatus::Done)?;
    if let (Some(link), Effect::Tag(tag)) = (link, &enrolment.effect)
        && let Some(row) = state.link(link)?
        && let Some(base) = state.base(link, Side::Ghl)?.filter(|base| base.record.get(&Field::Tags).is_some())
    {
        let mut tags = base.record.tags();
        tags.insert(tag);
        state.settle_base(&row, Side::Ghl, &Fields::from([(Field::Tags, Value::tags(tags))]), true)?;
    }
    Ok(link)
}

/// Settles a link of two records that exist, and says its number.
///
/// # Errors
/// When it cannot be written.
pub fn linked(
    state: &State,
    (run, number): (i64, u32),
    (kind, ids, label): (Kind, &Ids, &str),
    link: &Link,
    resolve: impl Fn(LinkRef) -> Option<i64>,
) -> Result<i64, StateError> {
    if let Some(moved) = &link.moved {
        return goes_along(state, (run, number), (ids, label), link, moved);
    }
    if let Some(old) = link.made.retires {
        state.retire(old)?;
    }
    let parent = link.made.parent.and_then(resolve);
    let row = add(state, NewLink { kind, parent, ids: ids.clone(), run, role: link.role })?;
    // I15: GHL's half is its primary's.
    for side in Side::BOTH.into_iter().filter(|side| link.role == Role::Primary || *side == Side::Cliengo) {
        state.settle_base(&row, side, link.made.bases.of(side), false)?;
    }
    if link.outside {
        state.set_scope(row.id, true)?;
    }
    owe_nothing(state, kind, ids)?;
    Ok(row.id)
}

/// A link that is there goes along with a contact that was merged into another one, and so do its tasks and notes.
/// (`semantics` 10)
fn goes_along(
    state: &State,
    operation: (i64, u32),
    (ids, label): (&Ids, &str),
    link: &Link,
    moved: &Moved,
) -> Result<i64, StateError> {
    let (Some(row), Some(to)) = (state.link(moved.link)?, ids.of(Side::Ghl)) else { return Ok(moved.link) };
    let secondaries = match row.role {
        Role::Primary => state.secondaries(moved.from.as_str())?.into_iter().map(|further| further.id).collect(),
        Role::Secondary => Vec::new(),
    };
    undo_record::leave_moved(state, operation, &row, (ids, label), moved, &secondaries)?;
    state.end_waiting(row.kind, &row.ids)?;
    state.move_link(&row, to, link.role, &secondaries)?;
    for (child, id) in &moved.renewed {
        state.renew(*child, id)?;
    }
    state.bury(row.kind, &moved.from, operation.0, "merged into another one")?;
    let row = LinkRow { ids: ids.clone(), role: link.role, ..row };
    for side in Side::BOTH.into_iter().filter(|side| link.role == Role::Primary || *side == Side::Cliengo) {
        state.settle_base(&row, side, link.made.bases.of(side), false)?;
    }
    Ok(row.id)
}

/// Whom no create of ours made is put into nothing.
fn owe_nothing(state: &State, kind: Kind, ids: &Ids) -> Result<(), StateError> {
    let mut contacts = Side::BOTH.into_iter().filter(|_| kind == Kind::Contact).filter_map(|side| ids.tagged(side));
    contacts.try_for_each(|contact| state.owe_nothing(&contact))
}

fn add(state: &State, new: NewLink) -> Result<LinkRow, StateError> {
    if new.kind == Kind::Contact {
        leave_secondary(state, &new.ids)?;
    }
    let id = state.add_link(&new)?;
    let NewLink { kind, parent, ids, role, .. } = new;
    Ok(LinkRow { id, kind, parent, ids, status: LinkStatus::Live, role })
}

fn created(
    state: &State,
    applied: &Applied<'_>,
    made: &Making,
    remade: Option<&Remade>,
    resolve: impl Fn(LinkRef) -> Option<i64>,
) -> Result<i64, StateError> {
    if let Some(old) = made.retires {
        if let Some(gone) = state.link(old)?.and_then(|link| link.ids.tagged(applied.side)) {
            state.bury(applied.kind, &gone, applied.run, "recreated")?;
        }
        state.retire(old)?;
    }
    let mut ids = applied.ids.clone();
    ids.extend(applied.created.clone());
    let parent = made.parent.and_then(resolve);
    let (kind, run, role) = (applied.kind, applied.run, Role::Primary);
    let link = add(state, NewLink { kind, parent, ids, run, role })?;
    let is_match = applied.origin == Origin::Matched;
    for side in Side::BOTH {
        // Of two that first meet nothing is agreed upon.
        let mut fields = if is_match { Fields::new() } else { made.bases.of(side).clone() };
        let ours = !is_match && side == applied.side;
        if ours {
            attempted(state, link.id, applied)?;
            fields.extend(written(applied));
            first_tags(state, link.id, applied, &mut fields)?;
        }
        state.settle_base(&link, side, &fields, ours)?;
    }
    if let Some(remade) = remade {
        keep(state, link.id, remade.gone, run)?;
    }
    if is_match {
        owe_nothing(state, kind, applied.ids)?;
    }
    Ok(link.id)
}

/// `semantics` 5: a secondary that becomes the primary leaves its old link.
fn leave_secondary(state: &State, ids: &Ids) -> Result<(), StateError> {
    let Some(id) = ids.tagged(Side::Cliengo) else { return Ok(()) };
    match state.link_of(Kind::Contact, &id)?.filter(|link| link.role == Role::Secondary) {
        Some(link) => state.retire(link.id),
        None => Ok(()),
    }
}

/// Moves the bases of a link by what was written to one of its records.
///
/// # Errors
/// When they cannot be written.
pub(super) fn changed(
    state: &State,
    applied: &Applied<'_>,
    resolve: impl Fn(LinkRef) -> Option<i64>,
) -> Result<Option<i64>, StateError> {
    let Some(link) = applied.settle.link().and_then(resolve) else { return Ok(None) };
    let Some(row) = state.link(link)? else { return Ok(None) };
    if let Settle::Mark { gone, .. } = applied.settle {
        keep(state, link, *gone, applied.run)?;
        return Ok(Some(link));
    }
    remember_taken_back(state, link, applied)?;
    for side in Side::BOTH {
        let ours = side == applied.side;
        let mut fields = applied.settle.bases().map(|bases| bases.of(side).clone()).unwrap_or_default();
        if ours {
            attempted(state, link, applied)?;
            fields.extend(written(applied));
        }
        if let Settle::Tag(tagging) = applied.settle
            && (ours || tagging.undoes.is_empty())
            && let Some((before, now)) = moved_tags(state, link, side, applied, &tagging.tags)?
        {
            if ours && !tagging.tags.were_kept(applied.answer) {
                let attempt = Attempt { before, updated: applied.answer.updated };
                state.attempted(link, side, &Field::Tags, &attempt, true)?;
            }
            fields.insert(Field::Tags, now);
        }
        if !fields.is_empty() {
            state.settle_base(&row, side, &fields, ours)?;
        }
    }
    Ok(Some(link))
}

/// `semantics` 61: what an undo took back is not done again by comparing both sides; written again, it is past.
fn remember_taken_back(state: &State, link: i64, applied: &Applied<'_>) -> Result<(), StateError> {
    let tags = matches!(applied.settle, Settle::Tag(_)).then_some(&Field::Tags);
    for field in applied.sent.keys().chain(tags) {
        if applied.settle.undoes().is_empty() {
            state.settled_again(link, field)?;
        } else {
            state.took_back(link, field)?;
        }
    }
    Ok(())
}

/// Notes where a side made a last name of a part of the name that it was sent: from then on it is sent whole names.
/// (`semantics` 12, 41)
fn learn_of_names(state: &State, applied: &Applied<'_>) -> Result<(), StateError> {
    if let (Some(Value::Name(sent)), Some(Value::Name(shown))) =
        (applied.sent.get(&Field::Name), applied.answer.get(&Field::Name))
        && !shown.last.is_empty()
        && shown.last != sent.last
        && sent.first.strip_suffix(&shown.last).is_some_and(|first| first.ends_with(' '))
    {
        state.set_meta(PARTS_NAMES, "true")?;
    }
    Ok(())
}

/// I33: remembers what stood in the written fields, so that a CRM that goes back to it is not taken for a person.
fn attempted(state: &State, link: i64, applied: &Applied<'_>) -> Result<(), StateError> {
    let base = state.base(link, applied.side)?.map(|base| base.record).unwrap_or_default();
    for (field, sent) in shadowed(applied) {
        let before = applied.before.get(field).or_else(|| base.get(field)).cloned().unwrap_or(Value::Empty);
        let stored = applied.answer.get(field).is_none_or(|answered| answered.not_kept(&before, sent).is_none());
        let attempt = Attempt { before, updated: applied.answer.updated };
        state.attempted(link, applied.side, field, &attempt, !stored)?;
    }
    Ok(())
}

/// I33: the tags that a create carried, as far as its answer shows them. One that was not kept is no removal.
fn first_tags(state: &State, link: i64, applied: &Applied<'_>, fields: &mut Fields) -> Result<(), StateError> {
    let Some(Value::Tags(sent)) = fields.get(&Field::Tags).cloned() else { return Ok(()) };
    let kept = if applied.answer.get(&Field::Tags).is_some() {
        let answered = applied.answer.tags();
        sent.iter().flat_map(|tag| stored_as(&answered, tag)).collect()
    } else {
        sent.clone()
    };
    if !kept.same(&sent) {
        let attempt = Attempt { before: Value::Empty, updated: applied.answer.updated };
        state.attempted(link, applied.side, &Field::Tags, &attempt, true)?;
    }
    fields.insert(Field::Tags, Value::tags(kept));
    Ok(())
}

/// What an answer shows of a tag that was sent: as it was sent, or else as the CRM stored it. (`semantics` 41)
fn stored_as(answered: &Tags, sent: &str) -> Vec<String> {
    let spellings = answered.spellings(sent);
    if spellings.is_empty() { answered.form_of(sent).map(str::to_owned).into_iter().collect() } else { spellings }
}

/// The tags of one base, and the same with the operation's additions and removals: a delta, so that what a person did
/// meanwhile stays news.
fn moved_tags(
    state: &State,
    link: i64,
    side: Side,
    applied: &Applied<'_>,
    moved: &TagDelta,
) -> Result<Option<(Value, Value)>, StateError> {
    // A side whose tags were never read has no base of them: the other side's is the ledger (`semantics` 14).
    let Some(base) = state.base(link, side)?.filter(|base| base.record.get(&Field::Tags).is_some()) else {
        return Ok(None);
    };
    let answered = match applied.answer.get(&Field::Tags) {
        Some(Value::Tags(tags)) if side == applied.side => Some(tags.clone()),
        Some(Value::Empty) if side == applied.side => Some(Tags::default()),
        _ => None,
    };
    let before = base.record.tags();
    let mut tags = before.clone();
    for tag in &moved.added {
        match answered.as_ref().map(|answered| stored_as(answered, tag)) {
            Some(spellings) => spellings.iter().for_each(|spelling| tags.insert(spelling)),
            None => tags.insert(tag),
        }
    }
    for tag in &moved.removed {
        // I33: one that the CRM still has did not go.
        if !answered.as_ref().is_some_and(|answered| answered.contains(tag)) {
            tags.remove(tag);
        }
    }
    Ok(Some((Value::tags(before), Value::tags(tags))))
}

/// An undo removes what a run made: its source is there still.
fn unmade(state: &State, applied: &Applied<'_>, link: Option<LinkRef>, gone: Side) -> Result<Option<i64>, StateError> {
    if let Some(id) = applied.ids.tagged(gone) {
        state.bury(applied.kind, &id, applied.run, "undone")?;
    }
    match link {
        Some(LinkRef::Existing(link)) if state.link(link)?.is_some() => keep(state, link, gone, applied.run)?,
        _ => stay_alone(state, applied, gone)?,
    }
    Ok(None)
}

/// `semantics` 33: whose link a person took away since is not made again either.
fn stay_alone(state: &State, applied: &Applied<'_>, gone: Side) -> Result<(), StateError> {
    let Some(source) = applied.ids.tagged(gone.other()).filter(|_| applied.kind == Kind::Contact) else {
        return Ok(());
    };
    if state.link_of(Kind::Contact, &source)?.is_some() {
        return Ok(());
    }
    let (kind, run, ids) = (applied.kind, applied.run, applied.ids.clone());
    let row = add(state, NewLink { kind, parent: None, ids, run, role: Role::Primary })?;
    state.settle_base(&row, gone.other(), applied.before, false)?;
    keep(state, row.id, gone, run)
}

fn deleted(state: &State, applied: &Applied<'_>, link: LinkRef) -> Result<Option<i64>, StateError> {
    let LinkRef::Existing(link) = link else { return Ok(None) };
    for side in Side::BOTH {
        if let Some(id) = applied.ids.tagged(side) {
            state.bury(applied.kind, &id, applied.run, "deleted")?;
        }
    }
    state.retire(link)?;
    Ok(None)
}

/// One half is gone and the survivor stays.
pub(super) fn keep(state: &State, link: i64, gone: Side, run: i64) -> Result<(), StateError> {
    if let Some((kind, id)) = state.link(link)?.and_then(|row| Some((row.kind, row.ids.tagged(gone)?))) {
        state.bury(kind, &id, run, "removed there")?;
    }
    state.keep(link, gone)
}
