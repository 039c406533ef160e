//! Pulling what stands under contacts: which kinds, whose, and as each CRM lists them.

use std::sync::Mutex;

use super::budget::Budget;
use super::error::RunError;
use super::intake::Intake;
use super::only;
use super::parents::{self, Parents};
use super::pulled::Pulled;
use super::session::{Job, lock};
use crate::config::{Direction, OnDelete};
use crate::crm::{CrmError, Learned, Listed, Reader};
use crate::record::{Both, Capabilities, Kind, KindCapabilities, RemoteId, Side};
use crate::state::{Stage, State};

/// What a run lists of each kind, and how.
struct Wanted<'a> {
    job: &'a Job<'a>,
    can: Both<Capabilities>,
}

impl<'a> Wanted<'a> {
    fn of(job: &'a Job<'a>, learned: Learned) -> Self {
        Self { job, can: Both { cliengo: job.cliengo.capabilities(&learned), ghl: job.ghl.capabilities(&learned) } }
    }

    fn can(&self, side: Side, kind: Kind) -> &KindCapabilities {
        self.can.of(side).kinds.of(kind)
    }

    fn is_on(&self, kind: Kind) -> bool {
        self.job.pair.policy(kind).direction != Direction::Off
    }

    /// Whether the kind goes over.
    fn goes(&self, kind: Kind) -> bool {
        self.is_on(kind) && Side::BOTH.into_iter().all(|side| self.can(side, kind).list)
    }

    /// Whether one side's are told on the other, which does not have the kind.
    fn is_told(&self, kind: Kind) -> bool {
        kind == Kind::Task && self.job.pair.projects_tasks()
    }

    /// Whether a side's are listed all at once. A contact is deleted only when they are known, also where they stay there
    /// (`semantics` 22).
    fn at_once(&self, side: Side, kind: Kind) -> bool {
        let contacts = &self.job.pair.contacts;
        let may_delete = contacts.on_delete == OnDelete::Propagate && contacts.direction.writes(side);
        self.can(side, kind).at_once && (self.goes(kind) || may_delete || self.is_told(kind))
    }

    /// The kinds that a side has.
    fn had(&self, side: Side) -> impl Iterator<Item = Kind> {
        Kind::CHILDREN.into_iter().filter(move |kind| self.can(side, *kind).list)
    }

    /// Those of them that it lists contact by contact.
    fn by_contact(&self, side: Side) -> impl Iterator<Item = Kind> {
        self.had(side).filter(move |kind| !self.can(side, *kind).at_once)
    }
}

/// What comes all at once says whose children have news; then the others, contact by contact.
///
/// # Errors
/// As for a whole pull.
pub(super) async fn pull(
    job: &Job<'_>,
    into: &Intake<'_>,
    state: Option<&State>,
    pulled: &mut Pulled,
    budget: &Budget,
) -> Result<(), RunError> {
    let wanted = Wanted::of(job, pulled.learned);
    take_at_once(&wanted, job.cliengo, (into, state), pulled).await?;
    take_at_once(&wanted, job.ghl, (into, state), pulled).await?;
    let parents = if Kind::CHILDREN.into_iter().any(|kind| wanted.goes(kind)) {
        parents::choose(job, into.stage, state, &pulled.forms, budget, &pulled.sought)?
    } else {
        Parents::default()
    };
    let all_go = Side::BOTH.into_iter().all(|side| wanted.by_contact(side).all(|kind| wanted.goes(kind)));
    let lost = if all_go { Parents::default() } else { survivors(job, into.stage, state, pulled)? };
    let whose = |kind: Kind| if wanted.goes(kind) { &parents } else { &lost };
    let of_cliengo = wanted.by_contact(Side::Cliengo).filter(|kind| wanted.goes(*kind) || !lost.cliengo.is_empty());
    let of_ghl = wanted.by_contact(Side::Ghl).filter(|kind| wanted.goes(*kind) || !lost.ghl.is_empty());
    let (cliengo, ghl) = tokio::try_join!(
        list(job, job.cliengo, into, of_cliengo.map(|kind| (kind, &*whose(kind).cliengo))),
        list(job, job.ghl, into, of_ghl.map(|kind| (kind, &*whose(kind).ghl))),
    )?;
    let all = Both::from_fn(|side| everybody(pulled, side));
    for (kind, listed) in cliengo {
        pulled.take(into.stage, Side::Cliengo, kind, &listed, all.cliengo)?;
    }
    for (kind, listed) in ghl {
        pulled.take(into.stage, Side::Ghl, kind, &listed, all.ghl)?;
    }
    if wanted.goes(Kind::Note) && parents.left > 0 {
        pulled.say_quota(&parents);
    }
    pulled.visited = parents;
    Ok(())
}

/// How many contacts there are whose children could be listed.
fn everybody(pulled: &Pulled, side: Side) -> u64 {
    let forgotten = pulled.forgotten.iter().filter(|(id, _)| id.side() == side).count() as u64;
    let left_out = pulled.sought.left_out.iter().filter(|id| id.side() == side).count() as u64;
    let nobodys = forgotten + pulled.sought.buried.of(side);
    pulled.listings.of(side).contact.count.saturating_sub(nobodys) + left_out
}

/// What a side lists all at once.
async fn take_at_once<R: Reader + ?Sized>(
    wanted: &Wanted<'_>,
    crm: &R,
    (into, state): (&Intake<'_>, Option<&State>),
    pulled: &mut Pulled,
) -> Result<(), RunError> {
    let side = R::Id::SIDE;
    for kind in Kind::CHILDREN.into_iter().filter(|kind| wanted.at_once(side, *kind)) {
        let sink = wanted.job.whole(into, state, side, kind)?;
        let listed = crm.list_children(kind, &[], &sink).await?;
        pulled.take(into.stage, side, kind, &listed, 0)?;
    }
    Ok(())
}

/// Lists the children of some contacts, one kind after the other.
async fn list<'a, R: Reader + ?Sized>(
    job: &Job<'_>,
    crm: &R,
    into: &Intake<'_>,
    whose: impl Iterator<Item = (Kind, &'a [R::Id])>,
) -> Result<Vec<(Kind, Listed<R::Id>)>, CrmError> {
    let mut listed = Vec::new();
    for (kind, contacts) in whose {
        listed.push((
            kind,
            crm.list_children(kind, contacts, &job.by_contact(into, R::Id::SIDE, kind, contacts.len())).await?,
        ));
    }
    Ok(listed)
}

/// The tasks and notes of those whom a run is about: each contact's own, also where a CRM lists everybody's at once.
///
/// # Errors
/// As for a whole pull.
pub(super) async fn pull_theirs(
    job: &Job<'_>,
    into: &Intake<'_>,
    state: Option<&State>,
    pulled: &mut Pulled,
) -> Result<(), RunError> {
    let parents = Parents::everybody(into.stage)?;
    let counts = Both::from_fn(|side| parents.count(side) as u64);
    let gone = pulled.only.iter().flat_map(|only| only.gone.iter().cloned()).collect::<Vec<_>>();
    let lost = only::survivors(job, into, state, &gone)?;
    let wanted = Wanted::of(job, pulled.learned);
    let whose = |kind: Kind| if wanted.is_on(kind) { &parents } else { &lost };
    let of_ghl = |kind: Kind| if wanted.is_told(kind) { &parents.ghl } else { &whose(kind).ghl };
    let cliengo = wanted.had(Side::Cliengo).map(|kind| (kind, &*whose(kind).cliengo));
    let ghl = wanted.had(Side::Ghl).map(|kind| (kind, &**of_ghl(kind)));
    for (kind, listed) in list(job, job.cliengo, into, cliengo.filter(|(_, whose)| !whose.is_empty())).await? {
        pulled.take(into.stage, Side::Cliengo, kind, &listed, counts.cliengo)?;
    }
    for (kind, listed) in list(job, job.ghl, into, ghl.filter(|(_, whose)| !whose.is_empty())).await? {
        pulled.take(into.stage, Side::Ghl, kind, &listed, counts.ghl)?;
    }
    for side in Side::BOTH {
        pulled.listings.of_mut(side).contact.count = *counts.of(side);
    }
    pulled.visited = parents;
    Ok(())
}

/// `semantics` 22: before a contact may be deleted its tasks and notes are listed, also of a kind that is switched off: the
/// listed counterparts of contacts that are missing.
fn survivors(job: &Job<'_>, stage: &Mutex<Stage>, state: Option<&State>, pulled: &Pulled) -> Result<Parents, RunError> {
    let mut lost = Both::<Vec<String>>::default();
    let Some(state) = state.filter(|_| job.pair.contacts.on_delete == OnDelete::Propagate) else {
        return Ok(Parents::default());
    };
    for side in Side::BOTH.into_iter().filter(|side| pulled.complete.of(*side).contact) {
        let other = side.other();
        let missing = lock(stage).missing(side, Kind::Contact, true)?;
        for missing in missing {
            let link = state.link(missing.link)?;
            if let Some(survivor) = link.and_then(|link| link.ids.of(other).map(str::to_owned))
                && lock(stage).has(other, Kind::Contact, &survivor)?
            {
                lost.of_mut(other).push(survivor);
            }
        }
    }
    Ok(Parents::of(lost))
}
