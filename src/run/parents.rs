//! Whose notes and tasks a run lists: everybody's while it fits the budget, else those that may have news, and the
//! others in turn (`fetch`, `rotation`, `daily_budget`).

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use tracing::info;

use super::{Job, RunError, held, tasks};
use crate::config::NotesFetch;
use crate::crm::Reader;
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
}

/// Chooses the contacts whose children are listed in this run. A linked contact is chosen on both sides or on none
/// (`semantics` 28).
///
/// # Errors
/// When stage or state cannot be read.
pub(super) fn choose<C: Reader, G: Reader<Id = GhlId>>(
    job: &Job<'_, C, G>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    forms: &Forms,
) -> Result<Parents, RunError> {
    let cliengo = held(stage).contacts(Side::Cliengo)?;
    let ghl = held(stage).contacts(Side::Ghl)?;
    let all = Both { cliengo, ghl };
    let Some(state) = state.filter(|_| !fits(job, all.ghl.len() as u64)) else { return Ok(Parents::of(all)) };
    let mut chosen = Both::<BTreeSet<String>>::default();
    for side in Side::BOTH {
        let turn = in_turn(all.of(side).len(), job.pair.notes.rotation);
        // Tasks that Cliengo is only told of have no shadow to differ from.
        let told = side == Side::Ghl && job.pair.projects_tasks();
        let mut candidates = held(stage).unsettled_contacts(side, !told)?;
        if told {
            candidates.extend(tasks::contacts_to_tell(job, stage, state, forms)?);
        }
        candidates.extend(held(stage).longest_unvisited(side, turn)?);
        for id in candidates {
            let link = state.link_of(Kind::Contact, &SideId::new(side, id.clone()))?;
            if let Some(other) = link.and_then(|link| link.ids.of(side.other()).map(str::to_owned)) {
                chosen.of_mut(side.other()).insert(other);
            }
            chosen.of_mut(side).insert(id);
        }
    }
    let listed = Both::from_fn(|side| {
        all.of(side).iter().filter(|id| chosen.of(side).contains(*id)).cloned().collect::<Vec<_>>()
    });
    info!(cliengo = listed.cliengo.len(), ghl = listed.ghl.len(), "listing the notes of some contacts only");
    Ok(Parents::of(listed))
}

/// Whether everybody's notes are listed.
fn fits<C, G: Reader>(job: &Job<'_, C, G>, contacts: u64) -> bool {
    if job.mode != Mode::Incremental {
        // `semantics` 25: nothing rotates.
        return true;
    }
    match (job.pair.notes.fetch, job.ghl.usage().daily_remaining) {
        (NotesFetch::All, _) | (NotesFetch::Auto, None) => true,
        (NotesFetch::Changed, _) => false,
        (NotesFetch::Auto, Some(remaining)) => {
            #[expect(clippy::cast_precision_loss, reason = "quotas are far below 2^52")]
            let (needed, budget) = (contacts as f64, remaining as f64 * job.pair.ghl.daily_budget);
            needed <= budget
        }
    }
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
}
