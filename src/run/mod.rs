//! One run of one pair: the only room that knows the order of the steps.
//!
//! pull → gather (sieve, and ask about what is missing) → reconcile → guard → apply → settle.

mod apply;
mod approval;
mod breaker;
mod error;
mod finished;
mod gather;
mod parents;
mod pull;
mod recover;
mod rederive;
mod saved;
mod settle;
mod tasks;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use approval::Approval;
pub use error::RunError;
pub use finished::*;
use gather::{Gathered, gather};
use jiff::Timestamp;
use pull::{Pulled, pull};
pub use saved::{SavedPlan, SavedPlanError};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::clock::Clock;
use crate::config::Pair;
use crate::crm::{Reader, Usage, Writer};
use crate::reconcile::{Mode, Plan, reconcile};
use crate::record::{Both, CliengoId, Forms, GhlId, Side};
use crate::state::{PairLock, Stage, State, StateError, Watch, set_aside};

/// The version of what canonical forms and mapping mean; in the state and in saved plans. (I35)
pub const MAPPING_VERSION: &str = "1";

/// How many contacts are written at a time where nothing else is said.
pub const FAMILIES: usize = 8;

/// What one run of one pair is given.
#[derive(Debug)]
pub struct Job<'a, C, G> {
    /// The pair.
    pub pair: &'a Pair,
    /// Cliengo.
    pub cliengo: &'a C,
    /// GHL.
    pub ghl: &'a G,
    /// Where state, staging and lock are.
    pub state_dir: &'a Path,
    /// The time.
    pub clock: &'a dyn Clock,
    /// How the sides are compared.
    pub mode: Mode,
    /// How many contacts are written at a time, each with its tasks and notes; the pace is the CRM's.
    pub families: usize,
    /// Cancelled when the run is to stop: nothing further is started.
    pub stop: CancellationToken,
    /// Asked before every commit of the state; `None` but in tests.
    pub watch: Option<Watch>,
}

impl<C, G> Job<'_, C, G> {
    /// The pair's state file; a rebuild makes a new one beside it, and an interrupted rebuild goes on with that.
    fn state_path(&self) -> PathBuf {
        match self.mode {
            Mode::Incremental | Mode::Full => State::path_of(self.state_dir, &self.pair.name),
            Mode::Rebuild => State::path_of(self.state_dir, &format!("{}.rebuild", self.pair.name)),
        }
    }
}

impl<C: Reader, G: Reader> Job<'_, C, G> {
    fn usage(&self) -> Both<Usage> {
        Both { cliengo: self.cliengo.usage(), ghl: self.ghl.usage() }
    }
}

/// What a person allows this run to do.
#[derive(Clone, Debug, Default)]
pub struct Consent {
    /// The plan that may pass the guards that stop it.
    pub approve: Option<String>,
    /// Sides and kinds that may be empty, as `ghl:contact`.
    pub allow_empty: Vec<String>,
    /// The saved plan that is to be applied, and nothing else.
    pub saved: Option<SavedPlan>,
}

/// Locks a mutex; a panic elsewhere does not make what it holds unusable: SQLite rolls back by itself.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the plan and applies nothing: no mutating request, the state only read. (I46)
///
/// # Errors
/// When a CRM or the state cannot be read.
pub async fn plan<C, G>(job: &Job<'_, C, G>) -> Result<Finished, RunError>
where
    C: Reader<Id = CliengoId>,
    G: Reader<Id = GhlId>,
{
    let path = job.state_path();
    let state = match State::open_read_only(&path) {
        // An unfinished rebuild that is damaged is begun anew.
        Err(StateError::Damaged { .. }) if job.mode == Mode::Rebuild => None,
        opened => opened?,
    };
    let staging = StagingFile::new(job.state_dir.join(format!("{}.stage-{}.db", job.pair.name, std::process::id())));
    let stage = Mutex::new(Stage::create(&staging.0, state.as_ref())?);
    let pulled = pull(job, &stage, state.as_ref()).await?;
    check_accounts(state.as_ref(), &pulled)?;
    let gathered = gather(job, &stage, state.as_ref(), &pulled).await?;
    let plan = draw(job, &gathered, &pulled.forms);
    Ok(Finished { plan, generated_at: job.clock.now(), usage: job.usage(), run: None })
}

/// A dry run's staging file, gone with the dry run.
struct StagingFile(PathBuf);

impl StagingFile {
    fn new(path: PathBuf) -> Self {
        Self(path)
    }
}

impl Drop for StagingFile {
    fn drop(&mut self) {
        for ending in ["db", "empty", "empty-wal", "empty-shm"] {
            // Nothing depends on it: the next run makes its own.
            let _ = std::fs::remove_file(self.0.with_extension(ending));
        }
    }
}

/// Removes the staging files of dry runs that were killed: they hold customers' data.
fn sweep(state_dir: &Path, pair: &str) {
    let left = format!("{pair}.stage-");
    for entry in std::fs::read_dir(state_dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&left) {
            // One that is still in use goes with its process.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Plans, guards, applies and settles.
///
/// # Errors
/// When a CRM or the state cannot be read, another run is at work, or a saved plan is stale. What was applied before
/// stays applied and stands in the history.
pub async fn sync<C, G>(job: &Job<'_, C, G>, consent: &Consent) -> Result<Finished, RunError>
where
    C: Writer<Id = CliengoId>,
    G: Writer<Id = GhlId>,
{
    let started = job.clock.now();
    let _lock = PairLock::take(job.state_dir, &job.pair.name, started)?;
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
    let state = Mutex::new(state);
    held(&state).close_abandoned()?;
    let run = held(&state).begin_run(job.mode.as_str(), "", started)?;
    info!(pair = job.pair.name, run, mode = job.mode.as_str(), "run begins");
    let mut done = sync_locked(job, consent, &path, &state, run, started).await;
    let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Err(error) = &done {
        // A stale plan is a refusal, not a failure: nothing went wrong.
        let status = if matches!(error, RunError::Stale { .. }) { "refused" } else { "failed" };
        let summary = serde_json::json!({ "error": error.to_string() });
        // The first error is the one to report.
        let _ = state.finish_run(run, status, &summary, job.clock.now());
    }
    let mut closed = state.checkpoint();
    let is_rebuilt = done.as_ref().is_ok_and(|finished| !finished.is_refused() && finished.failure().is_none());
    if job.mode == Mode::Rebuild && is_rebuilt && closed.is_ok() {
        closed = state.take_the_place_of(&State::path_of(job.state_dir, &job.pair.name), started);
    }
    if let Ok(finished) = &mut done {
        finished.fails(closed);
    }
    done
}

async fn sync_locked<C, G>(
    job: &Job<'_, C, G>,
    consent: &Consent,
    path: &Path,
    state: &Mutex<State>,
    run: i64,
    started: Timestamp,
) -> Result<Finished, RunError>
where
    C: Writer<Id = CliengoId>,
    G: Writer<Id = GhlId>,
{
    // The reader's own connection: no lock is held while a CRM is waited for.
    let snapshot = State::open_read_only(path)?;
    let staging = job.state_dir.join(format!("{}.stage.db", job.pair.name));
    let stage = Mutex::new(Stage::create(&staging, snapshot.as_ref())?);
    let pulled = pull(job, &stage, snapshot.as_ref()).await?;
    check_accounts(snapshot.as_ref(), &pulled)?;
    bind(state, &pulled)?;
    rederive::rederive(job, state, &pulled.forms)?;
    let recovered = recover::recover(job, state, run, &pulled.forms).await?;
    let gathered = gather(job, &stage, snapshot.as_ref(), &pulled).await?;
    drop(snapshot);
    let plan = draw(job, &gathered, &pulled.forms);
    let plan_id = plan.id();
    held(state).name_plan(run, &plan_id)?;
    if let Some(saved) = &consent.saved {
        saved.check(job.pair, &plan_id, &held(state), started)?;
    }
    let mut record = RunRecord {
        id: run,
        started,
        finished: started,
        outcomes: std::collections::BTreeMap::new(),
        recovered,
        refused: false,
        failure: None,
    };
    let approval = Approval::of(consent, &plan, &held(state))?;
    if approval.refuses(&plan) {
        record.refused = true;
        held(state).keep_refused(&plan_id, run, &approval::guarded(&plan))?;
    } else {
        settle::before(&mut held(state), &plan, &gathered, run)?;
        let (outcomes, failure) = apply::apply(job, state, &stage, run, &plan, &pulled.forms).await;
        record.outcomes = outcomes;
        let settled = match failure {
            Some(failure) => Err(failure),
            None => settle::after(&mut held(state), &stage, &gathered, &pulled, run, started),
        };
        record.failure = settled.err().map(|why| why.to_string());
    }
    record.finished = job.clock.now();
    let mut finished = Finished { plan, generated_at: started, usage: job.usage(), run: Some(record) };
    let (status, summary) = finished.summary();
    let kept = held(state).finish_run(run, status, &summary, job.clock.now());
    finished.fails(kept);
    info!(pair = job.pair.name, run, status, "run ends");
    Ok(finished)
}

/// Reconciles, and writes down what each operation will send.
fn draw<C: Reader, G: Reader>(job: &Job<'_, C, G>, gathered: &Gathered<'_>, forms: &Forms) -> Plan {
    let mut plan = reconcile(&gathered.input);
    for operation in &mut plan.operations {
        if let Some(write) = &operation.write {
            operation.requests = match operation.side {
                Side::Cliengo => job.cliengo.requests(write, forms),
                Side::Ghl => job.ghl.requests(write, forms),
            };
        }
    }
    plan
}

fn check_accounts(state: Option<&State>, pulled: &Pulled) -> Result<(), StateError> {
    let Some(state) = state else { return Ok(()) };
    for side in Side::BOTH {
        let (Some(bound), Some(found)) = (state.meta(&format!("account.{side}"))?, pulled.accounts.of(side)) else {
            continue;
        };
        if bound != *found {
            return Err(StateError::OtherAccount {
                path: state.path().to_owned(),
                side: side.title().to_owned(),
                bound,
                found: found.clone(),
            });
        }
    }
    Ok(())
}

fn bind(state: &Mutex<State>, pulled: &Pulled) -> Result<(), StateError> {
    held(state).atomically(|state| {
        for side in Side::BOTH {
            if let Some(account) = pulled.accounts.of(side) {
                state.bind(side, account)?;
            }
        }
        if pulled.learned.tags_read {
            state.set_meta("learned.tags_read", "true")?;
        }
        if let Some(tasks) = pulled.probed_tasks {
            state.set_meta("learned.tasks", if tasks { "true" } else { "false" })?;
        }
        Ok(())
    })
}
