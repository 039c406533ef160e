//! One run of one pair: the only room that knows the order of the steps.
//!
//! pull → gather (change detection, and ask about what is missing) → reconcile → guard → apply → settle.

mod accounts;
mod adoption;
mod applied;
mod apply;
mod approval;
mod arrivals;
mod as_it_was;
mod backup;
mod breaker;
mod budget;
mod build_plan;
mod children;
mod commit;
mod consent;
mod doubt;
mod error;
mod failed_operations;
mod finished;
mod foresee;
mod gather;
mod gathered;
mod intake;
mod known;
mod links;
mod look_up;
mod marks;
mod newest;
mod only;
mod opened;
mod parents;
mod progress;
mod pull;
mod pulled;
mod recover;
mod rederive;
mod refusal;
mod saved;
mod seek;
mod session;
mod settle;
mod sought;
mod staging;
mod tasks;
mod timeline;
mod unanswered;
mod undo;
mod undo_record;
mod unreported;
mod without_request;

use std::sync::Mutex;

pub use approval::Approval;
use budget::Budget;
use build_plan::{build_plan, write_requests};
use commit::{carry_out, ended, first_sync_is_done, first_sync_was_made, to_go};
pub use consent::Consent;
pub use error::RunError;
pub use finished::*;
use gather::gather;
pub(crate) use known::shown;
pub use links::{ByHand, LinkError, LinkedByHand, foresee_link, link_by_hand};
pub use look_up::forms;
use opened::Opened;
pub use progress::{Part, Progress};
pub use pull::learned;
use pull::pull;
use pulled::Pulled;
pub use refusal::UndoRefusal;
pub use saved::{SavedPlan, SavedPlanError, generation};
pub use session::{FAMILIES, Job, MAPPING_VERSION};
use session::{lock, span};
use staging::StagingFile;
pub use staging::clear_staging;
use tracing::Instrument;
pub use undo::{plan_undo, undo};

use crate::crm::Writers;
use crate::reconcile::Mode;
use crate::record::{Record, SideId};
use crate::state::{Stage, State, StateError, UNREPORTED};

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

async fn plan_in_span(job: &Job<'_>, save: bool) -> Result<Planned, RunError> {
    let path = job.state_path();
    opened::refuse_unfinished_rebuild(job)?;
    let state = match State::open_read_only(&path) {
        // An unfinished rebuild that is damaged is begun again.
        Err(StateError::Damaged { .. }) if job.mode == Mode::Rebuild => None,
        opened => opened?,
    };
    let staging = StagingFile::of(job);
    let stage = Mutex::new(Stage::create(&staging.0, state.as_ref())?);
    let accounts = accounts::ask(job, state.as_ref()).await?;
    let pulled = pull(job, &stage, state.as_ref(), &accounts, &Budget::of(job), None).await?;
    let (input, _) = gather(job, &stage, state.as_ref(), &pulled).await?;
    let mut plan = build_plan(job, state.as_ref(), Some(&stage), &input, &pulled.forms)?;
    drop(input);
    known::look(job, &mut plan, &stage, state.as_ref(), &pulled, 0)?;
    let known = state.as_ref().map(accounts::known_website).transpose()?.flatten();
    accounts::refuse_unknown_website(job, known, &plan).await?;
    let now = job.clock.now();
    let saved = save.then(|| SavedPlan::bind(job.pair, &plan, &stage, state.as_ref(), now)).transpose()?;
    let finished = Finished { plan, generated_at: job.clock.now(), usage: job.usage(), run: None };
    let read = pulled.only.map(|only| only.records).unwrap_or_default();
    Ok(Planned { finished, saved, read })
}

/// Plans, guards, applies and settles.
///
/// # Errors
/// When a CRM or the state cannot be read, another run is at work, or a saved plan is stale. What was applied before
/// stays applied and stands in the history.
pub async fn sync(job: &Job<'_>, writers: Writers<'_>, consent: &Consent) -> Result<Finished, RunError> {
    let span = span(job);
    let opened = span.in_scope(|| Opened::open(job))?;
    if !job.only.is_empty() && !first_sync_was_made(&lock(&opened.state))? {
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
    // The reader's own connection: no lock is held while a CRM is waited for. Its pages were checked as it was opened to write.
    let snapshot = State::glance(&opened.path)?;
    let staging = StagingFile::of_the_run(job);
    let stage = Mutex::new(Stage::create(&staging.0, snapshot.as_ref())?);
    let accounts = accounts::ask(job, snapshot.as_ref()).await?;
    let _locks = accounts::lock(job, &accounts)?;
    let budget = Budget::of(job);
    let kept = staging::kept_lists(job, run, &accounts);
    let pulled = pull(job, &stage, snapshot.as_ref(), &accounts, &budget, kept.as_ref()).await;
    staging::close(job, kept, pulled.is_ok());
    let pulled = pulled?;
    bind(state, &pulled)?;
    rederive::rederive(job, state, &pulled.forms)?;
    let recovered = {
        let lists = recover::Lists { stage: &stage, pulled: &pulled };
        recover::recover(job, state, run, &pulled.forms, Some(lists)).await?
    };
    recover::recover_changes(job, state, run, &pulled.forms).await?;
    let (input, gathered) = gather(job, &stage, snapshot.as_ref(), &pulled).await?;
    let mut plan = build_plan(job, Some(&lock(state)), Some(&stage), &input, &pulled.forms)?;
    unreported::say(&lock(state), &mut plan)?;
    let waiting = known::look(job, &mut plan, &stage, snapshot.as_ref(), &pulled, run)?;
    drop(snapshot);
    lock(state).keep_held(&waiting)?;
    if let Some(saved) = &consent.saved {
        let chosen = saved.chosen(job.pair, &plan, &stage, state, started)?;
        plan.keep_only(&chosen, &input);
        write_requests(job, Some(&lock(state)), Some(&stage), &mut plan, &pulled.forms)?;
        saved.check(&plan)?;
    }
    drop(input);
    let known = accounts::known_website(&lock(state))?;
    if let Some(found) = accounts::refuse_unknown_website(job, known, &plan).await? {
        accounts::keep_website(&lock(state), &found)?;
    }
    let plan_id = plan.id();
    lock(state).name_plan(run, &plan_id)?;
    let mut record = RunRecord::begun(run, started, recovered);
    without_request::mark_absent(&mut lock(state), &gathered, run)?;
    let before = |state: &mut State| without_request::before(state, &plan, &gathered, &pulled.effects, run);
    let after = |state: &mut State, done: &apply::Done| {
        failed_operations::note(state, &plan, done, run)?;
        without_request::after(state, &stage, &gathered, &pulled, &done.settles(&plan), run, started)?;
        let saw_all = plan.unreadable().is_none() && pulled.visited.never == 0;
        if done.to_its_end && saw_all { first_sync_is_done(state) } else { Ok(()) }
    };
    carry_out((job, writers), consent, state, &stage, &plan, &pulled.forms, &budget, &mut record, before, after)
        .await?;
    if unanswered::hold(&lock(state), &mut plan, &record)? {
        let waiting = known::look(job, &mut plan, &stage, Some(&lock(state)), &pulled, run)?;
        lock(state).keep_held(&waiting)?;
    }
    record.to_go = to_go(state, &plan, &record, &pulled, &budget)?;
    let mut finished = ended(job, state, plan, record);
    finished.fails(lock(state).remove_meta(UNREPORTED));
    Ok(finished)
}

fn bind(state: &Mutex<State>, pulled: &Pulled) -> Result<(), StateError> {
    lock(state).atomically(|state| {
        accounts::bind(state, &pulled.identities)?;
        if pulled.learned.tags_read {
            state.set_meta("learned.tags_read", "true")?;
        }
        if let Some(nobody) = pulled.nobody_is_member {
            look_up::keep_members(state, nobody)?;
        }
        if let Some(tasks) = pulled.probed_tasks {
            state.set_meta("learned.tasks", if tasks { "true" } else { "false" })?;
        }
        Ok(())
    })
}
