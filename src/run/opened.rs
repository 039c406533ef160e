//! What every run that writes begins and ends with: the lock, the state, and its place in the history.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use super::{Finished, Job, RunError, held, sweep};
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
    pub fn open<C, G>(job: &Job<'_, C, G>) -> Result<Self, RunError> {
        let started = job.clock.now();
        let lock = PairLock::take(job.state_dir, &job.pair.name, started)?;
        sweep(job.state_dir, &job.pair.name);
        let path = job.state_path();
        let state = match State::open(&path) {
            Err(StateError::Damaged { .. }) if job.mode == Mode::Rebuild => {
                set_aside(&path, started)?;
                State::open(&path)?
            }
            opened => opened?,
        };
        if let Some(watch) = &job.watch {
            state.watch(watch.clone())?;
        }
        state.close_abandoned()?;
        Ok(Self { path, state: Mutex::new(state), started, _lock: lock })
    }

    /// Gives the run its place in the history.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin<C, G>(&self, job: &Job<'_, C, G>) -> Result<i64, RunError> {
        let run = held(&self.state).begin_run(job.mode.as_str(), "", self.started)?;
        info!(pair = job.pair.name, run, mode = job.mode.as_str(), "run begins");
        Ok(run)
    }

    /// Ends the run: drops what is too old, and leaves one whole file. A rebuilt state takes the place of the lost one.
    ///
    /// # Errors
    /// Those of the run. What goes wrong here stands in a finished run as its failure.
    pub fn close<C, G>(
        self,
        job: &Job<'_, C, G>,
        run: i64,
        mut done: Result<Finished, RunError>,
    ) -> Result<Finished, RunError> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = &done {
            // A stale plan is a refusal, not a failure: nothing went wrong.
            let status = if matches!(error, RunError::Stale { .. }) { "refused" } else { "failed" };
            let summary = serde_json::json!({ "error": error.to_string() });
            // The first error is the one to report.
            let _ = state.finish_run(run, status, &summary, job.clock.now());
        }
        let mut closed = if done.is_ok() { prune(job, &state, self.started) } else { Ok(()) };
        closed = closed.and(state.checkpoint());
        let is_rebuilt = done.as_ref().is_ok_and(|finished| !finished.is_refused() && finished.failure().is_none());
        if job.mode == Mode::Rebuild && is_rebuilt && closed.is_ok() {
            closed = state.take_the_place_of(&State::path_of(job.state_dir, &job.pair.name), self.started);
        }
        if let Ok(finished) = &mut done {
            finished.fails(closed);
        }
        done
    }
}

/// `[retention]`: drops what is older than it says.
fn prune<C, G>(job: &Job<'_, C, G>, state: &State, now: Timestamp) -> Result<(), StateError> {
    let days = SignedDuration::from_hours(24 * i64::from(job.retention.history_days));
    let dropped = state.drop_history(now.checked_sub(days).unwrap_or(Timestamp::MIN))?;
    if dropped > 0 {
        info!(pair = job.pair.name, operations = dropped, "dropped old history");
    }
    // A file that stays large is whole all the same.
    if let Err(why) = state.compact() {
        warn!(pair = job.pair.name, %why, "the state could not be made smaller");
    }
    Ok(())
}
