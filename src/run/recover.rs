//! What became of requests without an answer: creates are resolved by reading, never by sending again (I38); a change
//! that was done is our own, and no edit of a person's.

mod arrived;

use std::collections::BTreeSet;
use std::sync::Mutex;

pub(super) use arrived::Lists;
use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use super::adoption::Adoption;
use super::applied::{Applied, Origin};
use super::error::RunError;
use super::session::{Job, lock};
use super::settle;
use super::undo_record;
use crate::crm::{Found, Lookup, Reader, Shape, Unparsable};
use crate::reconcile::{LinkRef, Settle, is_marked};
use crate::record::{Forms, Kind, Likeness, Record, RemoteId, Side, SideId};
use crate::state::{Intent, IntentState, LinkStatus, State, StateError};

/// How far a CRM's clock may be from ours before a record counts as older than the request that may have made it.
pub(super) const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// How long a request may wait for its turn, where its CRM answers 429, after it was journalled.
const WAITED: SignedDuration = SignedDuration::from_mins(30);

/// What reading said of one unknown create.
enum Resolution<I> {
    /// Exactly one unlinked record is it.
    Adopt(I, String, Shape),
    /// It is not there.
    Absent,
    /// Exactly one unlinked record is it, and was edited since.
    Edited(I),
    /// It cannot be told yet.
    Open(String),
    /// Several could be it, or what stands there says something else: a person says.
    Asked(BTreeSet<String>),
}

/// Resolves the creates that earlier runs left unknown and says how many were found. Those that have not rested for
/// `settle` stay open, and their sources wait. That a contact was not made is said by this run's `lists` alone: by its e-mail
/// and phone nobody is found who was given others since.
///
/// # Errors
/// When the state cannot be written.
pub(super) async fn recover(
    job: &Job<'_>,
    state: &Mutex<State>,
    run: i64,
    forms: &Forms,
    lists: Option<Lists<'_>>,
) -> Result<u64, RunError> {
    let open = lock(state).open_creates()?;
    let settle = SignedDuration::try_from(job.pair.settle).unwrap_or(SignedDuration::MAX);
    let mut recovered = 0;
    let mut asked = Vec::new();
    for intent in open {
        let knows_all = intent.kind != Kind::Contact || lists.is_some_and(|lists| lists.has_all(intent.side));
        // One that lies ahead was sent before the clock was set right: it does not wait until that time has come.
        let rested = knows_all && job.clock.now().duration_since(intent.at).abs() >= settle;
        let resolved = match intent.side {
            Side::Cliengo => {
                let arrived =
                    || lists.map_or(Ok(BTreeSet::new()), |lists| lists.may_be(job, job.cliengo, state, &intent));
                resolve(job.cliengo, state, &intent, run, forms, rested, arrived).await?
            }
            Side::Ghl => {
                let arrived = || lists.map_or(Ok(BTreeSet::new()), |lists| lists.may_be(job, job.ghl, state, &intent));
                resolve(job.ghl, state, &intent, run, forms, rested, arrived).await?
            }
        };
        match resolved {
            Resolved::Found => recovered += 1,
            Resolved::Open(candidates) => asked.extend(candidates.map(|candidates| (intent, candidates))),
            Resolved::NotDone => {}
        }
    }
    let state = lock(state);
    for (intent, mut candidates) in asked {
        // What another create was found to have made is not this one's.
        for id in candidates.clone() {
            if state.link_of(intent.kind, &SideId::new(intent.side, &id))?.is_some() {
                candidates.remove(&id);
            }
        }
        state.keep_candidates(intent.id, &candidates)?;
    }
    Ok(recovered)
}

/// What became of one unknown create.
pub(super) enum Resolved {
    /// It was done, and is settled.
    Found,
    /// It was not done.
    NotDone,
    /// It stays open; what it may have made, where that is known.
    Open(Option<BTreeSet<String>>),
}

/// Reads back what earlier runs changed without an answer, once. What was not done, or cannot be told, is merged as if it
/// had never been tried.
///
/// # Errors
/// When the state cannot be written.
pub(super) async fn recover_changes(
    job: &Job<'_>,
    state: &Mutex<State>,
    run: i64,
    forms: &Forms,
) -> Result<(), RunError> {
    let open = lock(state).open_changes()?;
    for intent in open {
        let changed = match intent.side {
            Side::Cliengo => settle_change(job.cliengo, state, &intent, run, forms).await?,
            Side::Ghl => settle_change(job.ghl, state, &intent, run, forms).await?,
        };
        if changed == Changed::Not {
            lock(state).close_intent(intent.id, IntentState::Absent, None, None)?;
        }
    }
    Ok(())
}

/// What reading said of a change without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    /// It was done.
    Done,
    /// Somebody changed one of its fields since: theirs is an edit like any other, and ours is not sent again.
    Since,
    /// It was not done, or cannot be told.
    Not,
}

/// Reads one change back, and settles what can be. (`semantics` 58)
///
/// # Errors
/// When the state cannot be written.
pub(super) async fn settle_change<R: Reader + ?Sized>(
    crm: &R,
    state: &Mutex<State>,
    intent: &Intent,
    run: i64,
    forms: &Forms,
) -> Result<Changed, RunError> {
    let adoption: Adoption = serde_json::from_str(&intent.settle).map_err(StateError::from)?;
    let parent = intent.parent_id.as_deref().map(R::Id::new);
    let found = match R::Id::of(&adoption.ids) {
        Some(id) => crm.look_up(intent.kind, id, parent.as_ref()).await.ok(),
        None => None,
    };
    let record = match found {
        Some(Lookup::Present(payload)) => crm.parse(intent.kind, &payload, Shape::Single, forms).ok(),
        Some(Lookup::Gone(_)) | None => None,
    };
    let Some(record) = record else { return Ok(Changed::Not) };
    let (changed, adoption, answer) = if adoption.is_done(&record) {
        (Changed::Done, adoption, record)
    } else if let Some((moved, answer)) = adoption.changed_since(&record) {
        (Changed::Since, moved, answer)
    } else {
        return Ok(Changed::Not);
    };
    let settled = lock(state).atomically(|state| {
        let link = match adoption.settle.link() {
            Some(LinkRef::Existing(link)) => state.link(link)?,
            _ => None,
        };
        let takes_part = link.is_some_and(|link| matches!(link.status, LinkStatus::Live | LinkStatus::OutOfScope));
        if takes_part {
            settle_adopted(state, intent, &adoption, run, None, (&answer, None))?;
            if changed == Changed::Since {
                let (run, number) = intent.operation;
                state.end_operation(run, number, "skipped_stale", Some(SINCE))?;
            }
        }
        Ok(takes_part)
    })?;
    Ok(if settled { changed } else { Changed::Not })
}

/// What is said of an operation whose answer was lost, and whose record somebody changed before it could be repeated.
pub(super) const SINCE: &str =
    "no answer came, and somebody changed it since: theirs stays, and the next run carries it over";

/// Settles what was found to be done, and closes its intent.
fn settle_adopted(
    state: &State,
    intent: &Intent,
    adoption: &Adoption,
    run: i64,
    created: Option<SideId>,
    (answer, payload): (&Record, Option<&str>),
) -> Result<(), StateError> {
    let id = created.clone();
    let settled = Applied {
        run,
        side: intent.side,
        kind: intent.kind,
        action: intent.action,
        ids: &adoption.ids,
        settle: &adoption.settle,
        sent: &adoption.sent,
        before: &adoption.before,
        created,
        answer,
        payload,
        origin: Origin::Adopted,
    };
    let link = settle::applied(state, &settled, |reference| match reference {
        LinkRef::Existing(link) => Some(link),
        LinkRef::MadeBy(_) => None,
    })?;
    undo_record::complete(state, intent.operation, &settled, link)?;
    state.close_intent(intent.id, IntentState::Adopted, None, id.as_ref().map(SideId::as_str))?;
    let (run, number) = intent.operation;
    state.end_operation(run, number, "applied", Some("no answer came; it was found by reading"))
}

/// Reads one unknown create back and settles what can be settled. Where nobody is found, `arrived` says who else it may have
/// made.
///
/// # Errors
/// When the state cannot be written.
pub(super) async fn resolve<R: Reader + ?Sized>(
    crm: &R,
    state: &Mutex<State>,
    intent: &Intent,
    run: i64,
    forms: &Forms,
    rested: bool,
    arrived: impl FnOnce() -> Result<BTreeSet<String>, RunError>,
) -> Result<Resolved, RunError> {
    match look(crm, state, intent, forms).await? {
        Resolution::Adopt(id, payload, shape) => {
            let record = crm.parse(intent.kind, &payload, shape, forms);
            let is_done = adopt::<R::Id>(state, intent, run, &id, record)?;
            Ok(if is_done { Resolved::Found } else { Resolved::NotDone })
        }
        // What somebody made of it since is an edit of what was sent.
        Resolution::Edited(id) => {
            let is_done = adopt::<R::Id>(state, intent, run, &id, Ok(Record::default()))?;
            Ok(if is_done { Resolved::Found } else { Resolved::NotDone })
        }
        Resolution::Absent => {
            let arrived = arrived()?;
            if !rested || !arrived.is_empty() {
                return Ok(Resolved::Open(Some(arrived)));
            }
            info!(intent = intent.id, side = %intent.side, kind = %intent.kind, "an unknown create was not done");
            lock(state).close_intent(intent.id, IntentState::Absent, None, None)?;
            Ok(Resolved::NotDone)
        }
        Resolution::Open(why) => {
            warn!(intent = intent.id, side = %intent.side, kind = %intent.kind, why, "an unknown create stays open");
            Ok(Resolved::Open(None))
        }
        Resolution::Asked(candidates) => {
            info!(intent = intent.id, side = %intent.side, kind = %intent.kind, ?candidates, "an unknown create waits for a person");
            Ok(Resolved::Open(Some(candidates)))
        }
    }
}

async fn look<R: Reader + ?Sized>(
    crm: &R,
    state: &Mutex<State>,
    intent: &Intent,
    forms: &Forms,
) -> Result<Resolution<R::Id>, RunError> {
    let sought: Record = serde_json::from_str(&intent.sought).map_err(StateError::from)?;
    let parent = intent.parent_id.as_deref().map(R::Id::new);
    let since = intent.at.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
    let found = match crm.find_created(intent.kind, parent.as_ref(), &sought, since, forms).await {
        Ok(found) => found,
        Err(why) => {
            // Nothing is left under a contact that is gone.
            let gone = match parent.as_ref().filter(|_| intent.kind != Kind::Contact) {
                Some(parent) => matches!(crm.look_up(Kind::Contact, parent, None).await, Ok(Lookup::Gone(_))),
                None => false,
            };
            return Ok(if gone { Resolution::Absent } else { Resolution::Open(why.to_string()) });
        }
    };
    let mut candidates = Vec::new();
    let mut edited = Vec::new();
    for candidate in found {
        if lock(state).link_of(intent.kind, &candidate.id.clone().tagged())?.is_some() {
            continue;
        }
        if matches!(candidate.likeness, Likeness::Same | Likeness::Stored) {
            if candidate.created.is_none_or(|created| created >= since) {
                candidates.push(candidate);
            }
        } else if may_be_edited(intent, &candidate, crm.clock_ahead())? && !tells(crm, intent, &candidate, forms) {
            edited.push(candidate);
        }
    }
    // What reads as it was sent is it, whatever else its CRM could have made of that.
    if candidates.iter().any(|candidate| candidate.likeness == Likeness::Same) {
        candidates.retain(|candidate| candidate.likeness == Likeness::Same);
    }
    let ids = |found: &[Found<R::Id>]| found.iter().map(|one| one.id.as_str().to_owned()).collect();
    Ok(match (candidates.as_slice(), edited.as_slice()) {
        ([], []) => Resolution::Absent,
        ([], [only]) if only.likeness == Likeness::Edited => Resolution::Edited(only.id.clone()),
        ([], _) => Resolution::Asked(ids(&edited)),
        ([only], _) => Resolution::Adopt(only.id.clone(), only.payload.clone(), only.shape),
        (_, _) => Resolution::Asked(ids(&candidates)),
    })
}

/// Whether a task or note that says something else may be what a create made, and was edited since: it was made at that very
/// time, or, where that is not known, is new there and resembles what was sent.
fn may_be_edited<I: RemoteId>(
    intent: &Intent,
    found: &Found<I>,
    ahead: Option<SignedDuration>,
) -> Result<bool, StateError> {
    let adoption: Adoption = serde_json::from_str(&intent.settle)?;
    let can_be_linked = intent.source_id.is_some() && matches!(adoption.settle, Settle::Create { remade: None, .. });
    let stood_there = intent.known.as_ref().is_some_and(|known| known.contains(found.id.as_str()));
    let fits = match found.created {
        Some(created) => is_made_then(intent, created, ahead),
        None => matches!(found.likeness, Likeness::Edited | Likeness::Resembles),
    };
    Ok(can_be_linked && !stood_there && fits)
}

/// Whether something came to be at the time when a create was sent, by our clock or by its CRM's.
fn is_made_then(intent: &Intent, created: Timestamp, ahead: Option<SignedDuration>) -> bool {
    let since = created.duration_since(intent.at);
    let fits = |since: SignedDuration| -SKEW <= since && since <= SKEW + WAITED;
    fits(since) || since.checked_sub(ahead.unwrap_or_default()).is_some_and(fits)
}

/// Whether a note tells of something on the other side: no create of a note made it.
fn tells<R: Reader + ?Sized>(crm: &R, intent: &Intent, found: &Found<R::Id>, forms: &Forms) -> bool {
    let record = crm.parse(intent.kind, &found.payload, found.shape, forms);
    record.is_ok_and(|record| is_marked(intent.side, &record))
}

pub(super) fn adopt<I: RemoteId>(
    state: &Mutex<State>,
    intent: &Intent,
    run: i64,
    id: &I,
    record: Result<Record, Unparsable>,
) -> Result<bool, RunError> {
    let adoption: Adoption = serde_json::from_str(&intent.settle).map_err(StateError::from)?;
    let answer = record.unwrap_or_default();
    let adopted = lock(state).atomically(|state| {
        // Equal records pair off by count, so its source may have been linked by a run meanwhile.
        let source = adoption.ids.tagged(intent.side.other());
        let linked = source.map(|source| state.link_of(intent.kind, &source)).transpose()?.flatten();
        let retires = if let Settle::Create { made, .. } = &adoption.settle { made.retires } else { None };
        if linked.is_some_and(|link| Some(link.id) != retires) {
            state.close_intent(intent.id, IntentState::Adopted, Some("its source was linked meanwhile"), None)?;
            return Ok(false);
        }
        settle_adopted(state, intent, &adoption, run, Some(id.clone().tagged()), (&answer, None))?;
        Ok(true)
    })?;
    info!(intent = intent.id, side = %intent.side, kind = %intent.kind, id = id.as_str(), adopted, "an unknown create was done");
    Ok(adopted)
}
