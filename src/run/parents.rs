//! Whose notes and tasks a run lists: everybody's while it fits the budget, else those that may have news, and the
//! others in turn (`fetch`, `rotation`, `daily_budget`).

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use tracing::info;

use super::budget::Budget;
use super::error::RunError;
use super::session::{Job, lock};
use super::sought::Sought;
use super::tasks;
use crate::config::{Direction, NotesFetch};
use crate::reconcile::Mode;
use crate::record::{Both, CliengoId, Forms, GhlId, Kind, RemoteId, Side, SideId};
use crate::state::{Stage, State};

/// One run a day is what the rotation is counted in.
const DAY: Duration = Duration::from_hours(24);

/// The contacts whose children are listed.
#[derive(Debug, Default)]
pub(super) struct Parents {
    /// Cliengo's.
    pub cliengo: Vec<CliengoId>,
    /// GHL's.
    pub ghl: Vec<GhlId>,
    /// How many of both are left for another run, though they were to be listed: the day's quota is too small.
    pub left: u64,
    /// How many of both were never listed, and are not now either.
    pub never: u64,
}

/// Chooses the contacts whose children are listed in this run. A linked contact is chosen on both sides or on none
/// (`semantics` 28). Where not all who are to be listed can be, those go first who waited longest (`semantics` 65). Those
/// of `sought` that are there are added.
///
/// # Errors
/// When stage or state cannot be read.
pub(super) fn choose(
    job: &Job<'_>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    forms: &Forms,
    budget: &Budget,
    sought: &Sought,
) -> Result<Parents, RunError> {
    let mut parents = among_listed(job, stage, state, forms, budget)?;
    add_left_out(&mut parents, stage, state, sought)?;
    Ok(parents)
}

fn among_listed(
    job: &Job<'_>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    forms: &Forms,
    budget: &Budget,
) -> Result<Parents, RunError> {
    let mut parents = Parents::everybody(stage)?;
    let affordable = budget.allows_everybody(job, parents.ghl.len() as u64);
    let (news, mut wanted) = match state {
        Some(state) if rotates(job, affordable) => {
            let news = with_news(job, stage, state, forms)?;
            let mut wanted = news.clone();
            for side in Side::BOTH {
                let turn = in_turn(parents.count(side), job.pair.notes.rotation);
                let turn = lock(stage).longest_unvisited(side, turn)?;
                add(state, side, turn, &mut wanted)?;
            }
            (news.ghl, wanted)
        }
        _ if affordable => return Ok(parents),
        _ => (BTreeSet::new(), parents.names()),
    };
    let left = match (budget.contacts(job), state) {
        (Some(most), _) if wanted.ghl.len() > most => keep_at_most(stage, state, &news, &mut wanted, most)?,
        // What the night can afford is spent.
        (Some(most), Some(state)) if job.pair.notes.fetch == NotesFetch::Auto && !affordable => {
            let order = lock(stage).longest_unvisited(Side::Ghl, usize::MAX)?.into_iter();
            let others = order.filter(|id| !wanted.ghl.contains(id)).take(most - wanted.ghl.len()).collect();
            add(state, Side::Ghl, others, &mut wanted)?;
            0
        }
        _ => 0,
    };
    parents.cliengo.retain(|id| wanted.cliengo.contains(id.as_str()));
    parents.ghl.retain(|id| wanted.ghl.contains(id.as_str()));
    let mut never = 0;
    let notes = job.pair.notes.policy.direction != Direction::Off;
    for side in Side::BOTH.into_iter().filter(|_| notes) {
        let unvisited = lock(stage).unvisited(side)?.into_iter();
        never += unvisited.filter(|id| !wanted.of(side).contains(id)).count() as u64;
    }
    info!(cliengo = parents.cliengo.len(), ghl = parents.ghl.len(), left, "listing the notes of some contacts only");
    Ok(Parents { left, never, ..parents })
}

/// Adds linked contacts that no listing shows and that are there when asked for by id, with their counterparts: what stands
/// under them does not wait for the list. (`semantics` 51; I42; `GHL API notes, 4`)
fn add_left_out(
    parents: &mut Parents,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    sought: &Sought,
) -> Result<(), RunError> {
    if sought.left_out.is_empty() {
        return Ok(());
    }
    let mut chosen: BTreeSet<SideId> = parents.all().collect();
    for id in &sought.left_out {
        let side = id.side();
        let counterpart = counterpart(state, side, id.as_str())?.map(|id| SideId::new(side.other(), id));
        for id in [Some(id.clone()), counterpart].into_iter().flatten() {
            let is_seen = sought.is_there(&id) || lock(stage).has(id.side(), Kind::Contact, id.as_str())?;
            if is_seen && chosen.insert(id.clone()) {
                parents.add(id);
            }
        }
    }
    Ok(())
}

/// Whether only those are listed who may have news, and the others in turn. (`semantics` 25)
fn rotates(job: &Job<'_>, affordable: bool) -> bool {
    job.mode == Mode::Incremental
        && match job.pair.notes.fetch {
            NotesFetch::All => false,
            NotesFetch::Changed => true,
            NotesFetch::Auto => !affordable,
        }
}

/// Those who may have news; of a linked contact both halves.
fn with_news(
    job: &Job<'_>,
    stage: &Mutex<Stage>,
    state: &State,
    forms: &Forms,
) -> Result<Both<BTreeSet<String>>, RunError> {
    let mut news = Both::default();
    for side in Side::BOTH {
        // Tasks that Cliengo is only told of have no base to differ from.
        let told = side == Side::Ghl && job.pair.projects_tasks();
        let mut candidates = lock(stage).unsettled_contacts(side, !told)?;
        if told {
            candidates.extend(tasks::contacts_to_tell(job, stage, state, forms)?);
        }
        add(state, side, candidates, &mut news)?;
    }
    Ok(news)
}

/// Adds contacts of `side`; of a linked one both halves.
fn add(state: &State, side: Side, contacts: Vec<String>, chosen: &mut Both<BTreeSet<String>>) -> Result<(), RunError> {
    for id in contacts {
        chosen.of_mut(side.other()).extend(counterpart(Some(state), side, &id)?);
        chosen.of_mut(side).insert(id);
    }
    Ok(())
}

/// Keeps `most` of GHL's contacts, and of Cliengo's their counterparts and those that have none. Says how many are left out.
fn keep_at_most(
    stage: &Mutex<Stage>,
    state: Option<&State>,
    news: &BTreeSet<String>,
    wanted: &mut Both<BTreeSet<String>>,
    most: usize,
) -> Result<u64, RunError> {
    let before = wanted.cliengo.len() + wanted.ghl.len();
    let order = lock(stage).longest_unvisited(Side::Ghl, usize::MAX)?.into_iter();
    let kept = first_of(order.filter(|id| wanted.ghl.contains(id)), news, most);
    let mut cliengo = BTreeSet::new();
    for id in std::mem::take(&mut wanted.cliengo) {
        if counterpart(state, Side::Cliengo, &id)?.is_none_or(|ghl| kept.contains(&ghl)) {
            cliengo.insert(id);
        }
    }
    *wanted = Both { cliengo, ghl: kept };
    Ok((before - wanted.cliengo.len() - wanted.ghl.len()) as u64)
}

/// The first `most`, those with news before the others; but a quarter is for whoever has none, so that everybody's turn comes.
fn first_of(order: impl Iterator<Item = String>, news: &BTreeSet<String>, most: usize) -> BTreeSet<String> {
    let (news, others): (Vec<String>, Vec<String>) = order.partition(|id| news.contains(id));
    let for_others = others.len().min((most / 4).max(most.saturating_sub(news.len())));
    news.into_iter().take(most - for_others).chain(others.into_iter().take(for_others)).collect()
}

/// The other half of a linked contact.
fn counterpart(state: Option<&State>, side: Side, id: &str) -> Result<Option<String>, RunError> {
    let Some(state) = state else { return Ok(None) };
    let link = state.link_of(Kind::Contact, &SideId::new(side, id))?;
    Ok(link.and_then(|link| link.ids.of(side.other()).map(str::to_owned)))
}

/// So many a night that everybody is visited once within the rotation.
fn in_turn(contacts: usize, rotation: Duration) -> usize {
    let nights = usize::try_from(rotation.as_secs() / DAY.as_secs()).unwrap_or(usize::MAX).max(1);
    contacts.div_ceil(nights)
}

impl Parents {
    /// These contacts.
    pub(super) fn of(ids: Both<Vec<String>>) -> Self {
        Self {
            cliengo: ids.cliengo.into_iter().map(CliengoId::new).collect(),
            ghl: ids.ghl.into_iter().map(GhlId::new).collect(),
            ..Self::default()
        }
    }

    /// Everybody who is listed.
    pub(super) fn everybody(stage: &Mutex<Stage>) -> Result<Self, RunError> {
        let stage = lock(stage);
        Ok(Self { cliengo: stage.contacts()?, ghl: stage.contacts()?, ..Self::default() })
    }

    /// How many there are on `side`.
    pub(super) fn count(&self, side: Side) -> usize {
        match side {
            Side::Cliengo => self.cliengo.len(),
            Side::Ghl => self.ghl.len(),
        }
    }

    fn names(&self) -> Both<BTreeSet<String>> {
        let cliengo = self.cliengo.iter().map(|id| id.as_str().to_owned()).collect();
        Both { cliengo, ghl: self.ghl.iter().map(|id| id.as_str().to_owned()).collect() }
    }

    fn all(&self) -> impl Iterator<Item = SideId> {
        let cliengo = self.cliengo.iter().cloned().map(SideId::Cliengo);
        cliengo.chain(self.ghl.iter().cloned().map(SideId::Ghl))
    }

    fn add(&mut self, id: SideId) {
        match id {
            SideId::Cliengo(id) => self.cliengo.push(id),
            SideId::Ghl(id) => self.ghl.push(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_turn_within_the_rotation() {
        let week = Duration::from_hours(7 * 24);
        assert_eq!(in_turn(10_000, week), 1_429);
        assert!(in_turn(10_000, week) * 7 >= 10_000);
        assert_eq!(in_turn(5, Duration::from_hours(1)), 5);
        assert_eq!(in_turn(0, week), 0);
    }

    #[test]
    fn whoever_has_news_goes_first_and_a_quarter_is_for_the_others() {
        let first = |order: &[&str], news: &[&str], most| -> Vec<String> {
            let news = news.iter().map(ToString::to_string).collect();
            first_of(order.iter().map(ToString::to_string), &news, most).into_iter().collect()
        };
        assert_eq!(first(&["a", "b", "c", "d", "e", "f"], &["c", "d", "e", "f"], 4), ["a", "c", "d", "e"]);
        assert_eq!(first(&["a", "b", "c", "d"], &["d"], 3), ["a", "b", "d"]);
        assert_eq!(first(&["a", "b", "c", "d"], &[], 3), ["a", "b", "c"]);
        assert_eq!(first(&["a", "b"], &["a", "b"], 1), ["a"]);
    }
}
