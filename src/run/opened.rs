//! What every run that writes begins and ends with: the lock, the state, and its place in the history.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use super::error::RunError;
use super::finished::Finished;
use super::finished::requests;
use super::marks::replaced;
use super::session::{BEGUN, DONE, FIRST_SYNC, Job, lock};
use super::staging::sweep;
use crate::reconcile::Mode;
use crate::state::{PairLock, State, StateError, set_aside};

/// A pair that no other run can touch.
pub(super) struct Opened {
    pub path: PathBuf,
    pub state: Mutex<State>,
    pub started: Timestamp,
    _lock: PairLock,
}

impl Opened {
    /// Takes the lock, opens the state, and closes what a run that died left open.
    ///
    /// # Errors
    /// When another run is at work, or the state cannot be used.
    pub fn open(job: &Job<'_>) -> Result<Self, RunError> {
        let started = job.clock.now();
        // Before a folder or a lock is made: what should be there may be a volume that is not mounted.
        State::is_there(&job.state_path())?;
        let lock = PairLock::take(job.state_dir, &job.pair.name, started)?;
        sweep(job.state_dir, &job.pair.name);
        refuse_unfinished_rebuild(job)?;
        let path = job.state_path();
        let state = match State::open(&path) {
            Err(StateError::Damaged { .. }) if job.mode == Mode::Rebuild => {
                set_aside(&path, started)?;
                State::open(&path)?
            }
            opened => opened?,
        };
        if let Some(replaced) = replaced(job) {
            state.inherit(&replaced)?;
            state.inherit_enrolments(&replaced)?;
        }
        if let Some(watch) = &job.watch {
            state.watch(watch.clone())?;
        }
        state.close_abandoned().map_err(|why| why.of(&path))?;
        state.close_abandoned_enrolments().map_err(|why| why.of(&path))?;
        Ok(Self { path, state: Mutex::new(state), started, _lock: lock })
    }

    /// Gives the run its place in the history.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(&self, job: &Job<'_>) -> Result<i64, RunError> {
        let run = lock(&self.state).begin_run(job.mode_in_history(), "", self.started);
        let run = run.map_err(|why| why.of(&self.path))?;
        tracing::Span::current().record("run", run);
        info!(mode = job.mode_in_history(), "run begins");
        Ok(run)
    }

    /// Ends the run: drops what is too old, and leaves one whole file. A rebuilt state takes the place of the lost one.
    ///
    /// # Errors
    /// Those of the run. What goes wrong here stands in a finished run as its failure.
    pub fn close(self, job: &Job<'_>, run: i64, mut done: Result<Finished, RunError>) -> Result<Finished, RunError> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = &done {
            // A stale plan is a refusal, not a failure, and so is a name that nobody has: nothing went wrong.
            let is_refusal = matches!(error, RunError::Stale { .. } | RunError::Nobody { .. });
            let status = if is_refusal { "refused" } else { "failed" };
            let said = match error {
                // Who is asked for may have been forgotten for good.
                RunError::Nobody { .. } => "neither CRM has whom it was to be about".to_owned(),
                error => error.to_string(),
            };
            let summary = serde_json::json!({ "error": said, "requests": requests(&job.usage()) });
            // The first error is the one to report.
            let _ = state.finish_run(run, status, &summary, job.clock.now());
        }
        let mut closed = match &done {
            Ok(finished) => prune(job, &state, finished.plan.first_sync && !finished.is_refused(), self.started),
            Err(_) => Ok(()),
        };
        closed = closed.and(state.checkpoint());
        let is_rebuilt = done.as_ref().is_ok_and(|finished| !finished.is_refused() && finished.failure().is_none());
        // One that was interrupted has linked only some: it is gone on with, and is no base for a sync.
        let is_rebuilt = is_rebuilt && state.meta(FIRST_SYNC)?.as_deref() == Some(DONE);
        if job.mode == Mode::Rebuild && is_rebuilt {
            closed = closed
                // What was owed is owed still: that its contact was linked again says nothing of it.
                .and_then(|()| replaced(job).map_or(Ok(()), |replaced| state.inherit_enrolments(&replaced)))
                .and_then(|()| state.take_the_place_of(&State::path_of(job.state_dir, &job.pair.name), self.started));
        }
        if let Ok(finished) = &mut done {
            finished.fails(closed);
        }
        done
    }
}

/// Refuses to go on with the state as it was before a rebuild that was interrupted: what that wrote would be news.
///
/// # Errors
/// When there is one.
pub(super) fn refuse_unfinished_rebuild(job: &Job<'_>) -> Result<(), StateError> {
    if job.mode == Mode::Rebuild {
        return Ok(());
    }
    let path = job.rebuilt_path();
    // One that cannot be read has nothing to go on with.
    let Ok(Some(half_built)) = State::glance(&path) else { return Ok(()) };
    match half_built.meta(FIRST_SYNC)?.as_deref() {
        Some(BEGUN) => Err(StateError::Unfinished { path }),
        _ => Ok(()),
    }
}

/// `[retention]`: drops what is older than it says.
fn prune(job: &Job<'_>, state: &State, is_filled: bool, now: Timestamp) -> Result<(), StateError> {
    let days = SignedDuration::from_hours(24 * i64::from(job.retention.history_days));
    let dropped = state.drop_history(now.checked_sub(days).unwrap_or(Timestamp::MIN))?;
    if dropped > 0 {
        info!(operations = dropped, "dropped old history");
    }
    // A file that stays large is whole all the same.
    if let Err(why) = state.compact(is_filled) {
        warn!(%why, "the state could not be made smaller");
    }
    Ok(())
}
