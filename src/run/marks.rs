//! What a person said for good: who is forgotten, and which records are kept apart. A rebuild keeps to it too.

use std::collections::{BTreeMap, BTreeSet};

use super::error::RunError;
use super::session::Job;
use crate::reconcile::Mode;
use crate::record::{Ids, Kind, Side, SideId};
use crate::state::{State, StateError};

/// Records that a run leaves out.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// Contacts that are not even staged.
    pub forgotten: BTreeSet<SideId>,
    /// Records that are neither linked nor created, each with both ids of the link they had.
    pub excluded_pairs: BTreeMap<(Kind, SideId), Ids>,
}

impl Marks {
    /// Reads them from the state, and for a rebuild also from the one that it replaces.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(super) fn of(job: &Job<'_>, state: Option<&State>) -> Result<Self, RunError> {
        let mut marks = Self::default();
        if let Some(state) = state {
            marks.read(state)?;
        }
        if let Some(replaced) = replaced(job) {
            marks.read(&replaced)?;
        }
        Ok(marks)
    }

    fn read(&mut self, state: &State) -> Result<(), StateError> {
        self.forgotten.extend(state.forgotten()?);
        for (kind, ids) in state.excluded_pairs()? {
            for id in Side::BOTH.into_iter().filter_map(|side| ids.tagged(side)) {
                self.excluded_pairs.insert((kind, id), ids.clone());
            }
        }
        Ok(())
    }
}

/// The state that a rebuild replaces; a lost or damaged one says nothing any more.
pub(super) fn replaced(job: &Job<'_>) -> Option<State> {
    let path = State::path_of(job.state_dir, &job.pair.name);
    (job.mode == Mode::Rebuild).then(|| State::open_read_only(&path).ok().flatten()).flatten()
}
