//! One run of one pair: the only room that knows the order of the steps.
//!
//! pull → gather (sieve, and ask about what is missing) → reconcile → guard → apply → settle.

mod accounts;
mod apply;
mod approval;
mod arrivals;
mod as_it_was;
mod backup;
mod breaker;
mod budget;
mod deed;
mod doubt;
mod error;
mod finished;
mod foresee;
mod gather;
mod known;
mod links;
mod marks;
mod only;
mod opened;
mod parents;
mod progress;
mod pull;
mod recover;
mod rederive;
mod saved;
mod setbacks;
mod settle;
mod tasks;
mod undo;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use apply::Done;
pub use approval::Approval;
use budget::Budget;
pub use error::RunError;
pub use finished::*;
use gather::gather;
pub use links::{ByHand, LinkError, LinkedByHand, link_by_hand};
use opened::Opened;
use progress::Meter;
pub use progress::{Part, Progress};
use pull::{Pulled, pull};
pub use pull::{forms, learned};
pub use saved::{SavedPlan, SavedPlanError, generation};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, error_span, info};
pub use undo::{UndoRefusal, plan_undo, undo};

use crate::clock::Clock;
use crate::config::{Pair, Retention};
use crate::crm::{Reader, Usage, Writers};
use crate::reconcile::{Input, Mode, Plan, reconcile};
use crate::record::{Action, Both, CliengoId, Forms, GhlId, Kind, Record, Side, SideId};
use crate::state::{Stage, State, StateError, Watch};

/// The version of what canonical forms and mapping mean; in the state and in saved plans. (I35)
pub const MAPPING_VERSION: &str = "2";

/// Where the state says how far the first sync came.
const FIRST_SYNC: &str = "first_sync";
const BEGUN: &str = "begun";
const DONE: &str = "done";

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
    fn meter(&self, part: Part, total: Option<u64>) -> Meter<'_> {
        Meter::begin(self.progress, &self.pair.name, part, total)
    }

    /// The pair's state file; a rebuild makes a new one beside it, and an interrupted rebuild goes on with that.
    fn state_path(&self) -> PathBuf {
        match self.mode {
            Mode::Incremental | Mode::Full | Mode::Undo => State::path_of(self.state_dir, &self.pair.name),
            Mode::Rebuild => self.rebuilt_path(),
        }
    }

    /// What the history calls it: a run about some people alone says nothing of the others.
    fn mode_in_history(&self) -> &'static str {
        if self.only.is_empty() { self.mode.as_str() } else { "contact" }
    }

    /// The state file that a rebuild makes.
    fn rebuilt_path(&self) -> PathBuf {
        State::path_of(self.state_dir, &format!("{}.rebuild", self.pair.name))
    }
}

impl Job<'_> {
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
pub async fn plan(job: &Job<'_>) -> Result<Finished, RunError> {
    Ok(plan_in_span(job, false).instrument(span(job)).await?.finished)
}

/// The same, with what `sync --plan` takes.
///
/// # Errors
/// As [`plan`].
pub async fn plan_to_save(job: &Job<'_>) -> Result<(Finished, Option<SavedPlan>), RunError> {
    let Planned { finished, saved, .. } = plan_in_span(job, true).instrument(span(job)).await?;
    Ok((finished, saved))
}

/// What a dry run found.
struct Planned {
    finished: Finished,
    saved: Option<SavedPlan>,
    /// Of a run about some people alone, their contacts as they are now.
    read: Vec<(SideId, Record)>,
}

/// What the next run would do for the people whom the job is about, and their contacts as they are now.
///
/// # Errors
/// As [`plan`], and when neither CRM has one of them.
pub async fn explain(job: &Job<'_>) -> Result<(Finished, Vec<(SideId, Record)>), RunError> {
    let Planned { finished, read, .. } = plan_in_span(job, false).instrument(span(job)).await?;
    Ok((finished, read))
}

/// What every line of the log carries. Its level is an error's: whatever of a run is logged at all has it.
fn span(job: &Job<'_>) -> Span {
    error_span!("run", pair = job.pair.name, run = tracing::field::Empty)
}

async fn plan_in_span(job: &Job<'_>, save: bool) -> Result<Planned, RunError> {
    let path = job.state_path();
    opened::refuse_unfinished_rebuild(job)?;
    let state = match State::open_read_only(&path) {
        // An unfinished rebuild that is damaged is begun anew.
        Err(StateError::Damaged { .. } | StateError::Older { .. }) if job.mode == Mode::Rebuild => None,
        opened => opened?,
    };
    let staging = StagingFile::of(job);
    let stage = Mutex::new(Stage::create(&staging.0, state.as_ref())?);
    let accounts = accounts::ask(job, state.as_ref()).await?;
    let pulled = pull(job, &stage, state.as_ref(), &accounts, &Budget::of(job)).await?;
    let gathered = gather(job, &stage, state.as_ref(), &pulled).await?;
    let mut plan = draw(job, state.as_ref(), Some(&stage), &gathered.input, &pulled.forms)?;
    known::look(job, &mut plan, &stage, state.as_ref(), &pulled, 0)?;
    let known = state.as_ref().map(accounts::known_website).transpose()?.flatten();
    accounts::refuse_unknown_website(job, known, &plan).await?;
    let now = job.clock.now();
    let saved = save.then(|| SavedPlan::bind(job.pair, &plan, &stage, state.as_ref(), now)).transpose()?;
    let finished = Finished { plan, generated_at: job.clock.now(), usage: job.usage(), run: None };
    drop(gathered);
    let read = pulled.only.map(|only| only.records).unwrap_or_default();
    Ok(Planned { finished, saved, read })
}

/// A dry run's staging file, gone with the dry run.
struct StagingFile(PathBuf);

impl StagingFile {
    fn of(job: &Job<'_>) -> Self {
        Self(job.state_dir.join(format!("{}.stage-{}.db", job.pair.name, std::process::id())))
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

/// Removes the staging files of a pair: they hold customers' data. Call it with the lock held.
///
/// # Errors
/// When one cannot be removed.
pub fn clear_staging(state_dir: &Path, pair: &str) -> Result<(), StateError> {
    let prefix = format!("{pair}.stage");
    for entry in std::fs::read_dir(state_dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let failed = |why: std::io::Error| StateError::File { path: entry.path(), why: why.to_string() };
            std::fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

/// Plans, guards, applies and settles.
///
/// # Errors
/// When a CRM or the state cannot be read, another run is at work, or a saved plan is stale. What was applied before
/// stays applied and stands in the history.
pub async fn sync(job: &Job<'_>, writers: Writers<'_>, consent: &Consent) -> Result<Finished, RunError> {
    let span = span(job);
    let opened = span.in_scope(|| Opened::open(job))?;
    if !job.only.is_empty() && !first_sync_was_made(&held(&opened.state))? {
        return Err(RunError::FirstSyncFirst { pair: job.pair.name.clone() });
    }
    let run = span.in_scope(|| opened.begin(job))?;
    let done = sync_locked((job, writers), consent, &opened, run).instrument(span.clone()).await;
    span.in_scope(|| opened.close(job, run, done))
}

async fn sync_locked(
    (job, writers): (&Job<'_>, Writers<'_>),
    consent: &Consent,
    opened: &Opened,
    run: i64,
) -> Result<Finished, RunError> {
    let (state, started) = (&opened.state, opened.started);
    // The reader's own connection: no lock is held while a CRM is waited for.
    let snapshot = State::open_read_only(&opened.path)?;
    let staging = job.state_dir.join(format!("{}.stage.db", job.pair.name));
    let stage = Mutex::new(Stage::create(&staging, snapshot.as_ref())?);
    let accounts = accounts::ask(job, snapshot.as_ref()).await?;
    let _locks = accounts::lock(job, &accounts)?;
    let budget = Budget::of(job);
    let pulled = pull(job, &stage, snapshot.as_ref(), &accounts, &budget).await?;
    bind(state, &pulled)?;
    rederive::rederive(job, state, &pulled.forms)?;
    let recovered = recover::recover(job, state, run, &pulled.forms).await?;
    recover::recover_changes(job, state, run, &pulled.forms).await?;
    let gathered = gather(job, &stage, snapshot.as_ref(), &pulled).await?;
    let mut plan = draw(job, Some(&held(state)), Some(&stage), &gathered.input, &pulled.forms)?;
    let waiting = known::look(job, &mut plan, &stage, snapshot.as_ref(), &pulled, run)?;
    drop(snapshot);
    held(state).keep_held(&waiting)?;
    if let Some(saved) = &consent.saved {
        let chosen = saved.chosen(job.pair, &plan, &stage, state, started)?;
        plan.keep_only(&chosen, &gathered.input);
        write_requests(job, Some(&held(state)), Some(&stage), &mut plan, &pulled.forms)?;
        saved.check(&plan)?;
    }
    let known = accounts::known_website(&held(state))?;
    if let Some(found) = accounts::refuse_unknown_website(job, known, &plan).await? {
        accounts::keep_website(&held(state), &found)?;
    }
    let plan_id = plan.id();
    held(state).name_plan(run, &plan_id)?;
    let mut record = RunRecord::begun(run, started, recovered);
    let before = |state: &mut State| settle::before(state, &plan, &gathered, run);
    let after = |state: &mut State, done: &Done| {
        setbacks::note(state, &plan, done, run)?;
        settle::after(state, &stage, &gathered, &pulled, &done.settles(&plan), run, started)?;
        let saw_all = plan.unreadable().is_none() && pulled.visited.never == 0;
        if done.to_its_end && saw_all { first_sync_is_done(state) } else { Ok(()) }
    };
    carry_out((job, writers), consent, state, &stage, &plan, &pulled.forms, &budget, &mut record, before, after)
        .await?;
    record.to_go = to_go(state, &plan, &record, &pulled, &budget)?;
    Ok(ended(job, state, plan, record))
}

/// Holds a plan against its guards and a person's consent, and applies it where it passes. `before` writes it down,
/// `after` settles what needs no request, and is told whether every operation had its turn.
#[expect(clippy::too_many_arguments, reason = "what a plan is applied with, each of its own type")]
async fn carry_out(
    (job, writers): (&Job<'_>, Writers<'_>),
    consent: &Consent,
    state: &Mutex<State>,
    stage: &Mutex<Stage>,
    plan: &Plan,
    forms: &Forms,
    budget: &Budget,
    record: &mut RunRecord,
    before: impl FnOnce(&mut State) -> Result<(), StateError>,
    after: impl FnOnce(&mut State, &Done) -> Result<(), StateError>,
) -> Result<(), RunError> {
    let approval = Approval::of(consent, plan, &held(state))?;
    if approval.refuses(plan) {
        record.refused = true;
        record.unfit_approval = approval.unfit().map(str::to_owned);
        held(state).keep_refused(&plan.id(), record.id, &approval::guarded(plan))?;
        return Ok(());
    }
    if job.mode != Mode::Rebuild && !job.pair.is_sandbox() {
        held(state).keep_witness()?;
    }
    backup::before_a_large_run(&held(state), plan, record.started)?;
    before(&mut held(state))?;
    let mut done = apply::apply((job, writers), state, stage, record.id, plan, forms, budget).await;
    let settled = match done.failure.take() {
        Some(failure) => Err(failure),
        None => after(&mut held(state), &done),
    };
    record.outcomes = done.outcomes;
    let given_up = done.broken.map(|(_, why)| format!("{why}; what was left is planned again"));
    record.failure = settled.err().map(|why| why.to_string()).or(given_up);
    Ok(())
}

/// Whether everybody was seen once: before that, some people alone would be a part of a first sync that nobody approved.
fn first_sync_was_made(state: &State) -> Result<bool, StateError> {
    Ok(state.has_contacts()? && state.meta(FIRST_SYNC)?.as_deref() != Some(BEGUN))
}

/// A first sync that came to its end is over, whatever was refused in it.
fn first_sync_is_done(state: &State) -> Result<(), StateError> {
    match state.meta(FIRST_SYNC)?.as_deref() {
        Some(BEGUN) => state.set_meta(FIRST_SYNC, DONE),
        _ => Ok(()),
    }
}

/// `semantics` 65: how far a first sync is that the day's quota spreads over several runs.
fn to_go(
    state: &Mutex<State>,
    plan: &Plan,
    record: &RunRecord,
    pulled: &Pulled,
    budget: &Budget,
) -> Result<Option<ToGo>, StateError> {
    let goes_on = held(state).meta(FIRST_SYNC)?.as_deref() == Some(BEGUN);
    let is_short = budget.is_spent() || pulled.visited.left > 0;
    if !goes_on || !is_short || record.refused || record.failure.is_some() {
        return Ok(None);
    }
    let linked = held(state).link_counts()?.contact;
    let left = plan.operations.iter().filter(|operation| {
        let ended = record.outcomes.get(&operation.id);
        ended.is_none_or(|ended| ended.outcome != OperationOutcome::Applied)
    });
    let (mut contacts, mut requests) = (linked, pulled.visited.never);
    for operation in left {
        let is_new = (operation.kind, operation.action) == (Kind::Contact, Action::Create);
        contacts += u64::from(is_new);
        requests += if operation.side == Side::Ghl { 1 + 2 * u64::from(is_new) } else { 0 };
    }
    Ok(Some(ToGo { linked, contacts, runs: budget.runs_for(requests) }))
}

/// The finished run, written into the history.
fn ended(job: &Job<'_>, state: &Mutex<State>, plan: Plan, mut record: RunRecord) -> Finished {
    let (run, started) = (record.id, record.started);
    record.finished = job.clock.now();
    let mut finished = Finished { plan, generated_at: started, usage: job.usage(), run: Some(record) };
    let (status, summary) = finished.summary();
    let kept = held(state).finish_run(run, status, &summary, job.clock.now());
    finished.fails(kept);
    info!(status, "run ends");
    finished
}

/// Reconciles, and writes down what each operation will send.
fn draw(
    job: &Job<'_>,
    state: Option<&State>,
    stage: Option<&Mutex<Stage>>,
    input: &Input<'_>,
    forms: &Forms,
) -> Result<Plan, StateError> {
    let mut plan = reconcile(input);
    plan.only.clone_from(&job.only);
    write_requests(job, state, stage, &mut plan, forms)?;
    Ok(plan)
}

/// Writes down what each operation will send.
fn write_requests(
    job: &Job<'_>,
    state: Option<&State>,
    stage: Option<&Mutex<Stage>>,
    plan: &mut Plan,
    forms: &Forms,
) -> Result<(), StateError> {
    let stage = stage.map(held);
    for operation in &mut plan.operations {
        if let Some(write) = &operation.write {
            let was = as_it_was::as_it_was(state, stage.as_deref(), operation, write)?;
            operation.requests = match operation.side {
                Side::Cliengo => job.cliengo.requests(write, was.as_deref(), forms),
                Side::Ghl => job.ghl.requests(write, was.as_deref(), forms),
            };
        }
    }
    Ok(())
}

fn bind(state: &Mutex<State>, pulled: &Pulled) -> Result<(), StateError> {
    held(state).atomically(|state| {
        accounts::bind(state, &pulled.identities)?;
        if pulled.learned.tags_read {
            state.set_meta("learned.tags_read", "true")?;
        }
        if let Some(tasks) = pulled.probed_tasks {
            state.set_meta("learned.tasks", if tasks { "true" } else { "false" })?;
        }
        Ok(())
    })
}
