//! What one run is given: the pair, its CRMs, the time, and what a person allows.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tracing::{Span, error_span};

use super::progress::{Meter, Part, Progress};
use crate::clock::Clock;
use crate::config::{Pair, Retention};
use crate::crm::{CrmError, Lookup, Reader, Usage};
use crate::reconcile::Mode;
use crate::record::{Both, CliengoId, GhlId, Kind, RemoteId, SideId};
use crate::state::{State, Watch};

/// The version of what canonical forms and mapping mean; in the state and in saved plans. (I35)
pub const MAPPING_VERSION: &str = "4";

/// Where the state says how far the first sync came.
pub(super) const FIRST_SYNC: &str = "first_sync";

pub(super) const BEGUN: &str = "begun";

pub(super) const DONE: &str = "done";

/// How many contacts are written at a time where nothing else is said.
pub const FAMILIES: usize = 8;

/// What one run of one pair is given.
#[derive(Debug)]
pub struct Job<'a> {
    /// The pair.
    pub pair: &'a Pair,
    /// Cliengo.
    pub cliengo: &'a dyn Reader<Id = CliengoId>,
    /// GHL.
    pub ghl: &'a dyn Reader<Id = GhlId>,
    /// Where state, staging and lock are.
    pub state_dir: &'a Path,
    /// The time.
    pub clock: &'a dyn Clock,
    /// How the sides are compared.
    pub mode: Mode,
    /// Whom alone the run is about, by id, e-mail or phone; nobody named: everybody.
    pub only: Vec<String>,
    /// How many contacts are written at a time, each with its tasks and notes; the pace is the CRM's.
    pub families: usize,
    /// How long history is kept.
    pub retention: Retention,
    /// Cancelled when the run is to stop: nothing further is started.
    pub stop: CancellationToken,
    /// Asked before every commit of the state; `None` but in tests.
    pub watch: Option<Watch>,
    /// Hears how far the run is; `None`: nobody.
    pub progress: Option<&'a dyn Progress>,
}

impl Job<'_> {
    /// Tells of a part of the run for as long as the meter lives.
    pub(super) fn meter(&self, part: Part, total: Option<u64>) -> Meter<'_> {
        Meter::begin(self.progress, &self.pair.name, part, total)
    }

    /// The pair's state file; a rebuild makes a new one beside it, and an interrupted rebuild goes on with that.
    pub(super) fn state_path(&self) -> PathBuf {
        match self.mode {
            Mode::Incremental | Mode::Full | Mode::Undo => State::path_of(self.state_dir, &self.pair.name),
            Mode::Rebuild => self.rebuilt_path(),
        }
    }

    /// What the history calls it: a run about some people alone says nothing of the others.
    pub(super) fn mode_in_history(&self) -> &'static str {
        if self.only.is_empty() { self.mode.as_str() } else { "contact" }
    }

    /// The state file that a rebuild makes.
    pub(super) fn rebuilt_path(&self) -> PathBuf {
        State::path_of(self.state_dir, &format!("{}.rebuild", self.pair.name))
    }
}

impl Job<'_> {
    /// Asks a record's CRM for it by id; of a task or a note under its contact.
    pub(super) async fn look_up(&self, kind: Kind, id: &SideId, parent: Option<&str>) -> Result<Lookup, CrmError> {
        match id {
            SideId::Cliengo(id) => self.cliengo.look_up(kind, id, parent.map(CliengoId::new).as_ref()).await,
            SideId::Ghl(id) => self.ghl.look_up(kind, id, parent.map(GhlId::new).as_ref()).await,
        }
    }

    pub(super) fn usage(&self) -> Both<Usage> {
        Both { cliengo: self.cliengo.usage(), ghl: self.ghl.usage() }
    }
}

/// How many records are asked for by id at a time.
pub(super) const LOOKUPS: usize = 4;

/// Locks a mutex; a panic elsewhere does not make what it holds unusable: SQLite rolls back by itself.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What every line of the log carries. Its level is an error's: whatever of a run is logged at all has it.
pub(super) fn span(job: &Job<'_>) -> Span {
    error_span!("run", pair = job.pair.name, run = tracing::field::Empty)
}
