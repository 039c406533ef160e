//! Undoing a run: what it did is looked up, planned in reverse, and applied as any plan is. (`semantics` 33)

mod look;
mod newcomers;
mod refusal;

use std::sync::Mutex;

use look::look;
use refusal::what_to_undo;

use super::apply::Done;
use super::budget::Budget;
use super::build_plan::write_requests;
use super::commit::{carry_out, ended, first_sync_is_done};
use super::consent::Consent;
use super::error::RunError;
use super::finished::{Finished, RunRecord};
use super::look_up::forms_of;
use super::opened::{Opened, refuse_unfinished_rebuild};
use super::pull::{self, learned};
use super::refusal::UndoRefusal;
use super::session::{Job, lock, span};
use super::staging::StagingFile;
use super::{accounts, recover, without_request};
use crate::crm::{Account, Writers};
use crate::reconcile::{Input, Plan, undo as plan_reverse};
use crate::record::{Both, Forms, Kind};
use crate::state::{Stage, State, UndoRecordRow};
use tracing::Instrument;

/// Shows what an undo would do: no mutating request, the state only read. (I46)
///
/// # Errors
/// When the run cannot be undone, or a CRM or the state cannot be read.
pub async fn plan_undo(job: &Job<'_>, undoes: i64) -> Result<Finished, RunError> {
    plan_in_span(job, undoes).instrument(span(job)).await
}

async fn plan_in_span(job: &Job<'_>, undoes: i64) -> Result<Finished, RunError> {
    let none = || UndoRefusal::NoSuchRun { pair: job.pair.name.clone(), run: undoes };
    refuse_unfinished_rebuild(job)?;
    let state = State::open_read_only(&job.state_path())?.ok_or_else(none)?;
    let undo_records = what_to_undo(&state, &job.pair.name, undoes)?;
    let staging = StagingFile::of(job);
    let stage = Mutex::new(Stage::create(&staging.0, Some(&state))?);
    let (_, forms) = prove(job, &state).await?;
    let plan = draw(job, &state, &stage, undoes, undo_records, &forms).await?;
    Ok(Finished { plan, generated_at: job.clock.now(), usage: job.usage(), run: None })
}

/// Takes back what a run did, as a run of its own.
///
/// # Errors
/// When the run cannot be undone, a CRM or the state cannot be read, or another run is at work. What was applied before
/// stays applied and stands in the history; to undo the same run again takes up the rest.
pub async fn undo(job: &Job<'_>, writers: Writers<'_>, undoes: i64, consent: &Consent) -> Result<Finished, RunError> {
    if !State::is_there(&job.state_path())? {
        return Err(UndoRefusal::NoSuchRun { pair: job.pair.name.clone(), run: undoes }.into());
    }
    let span = span(job);
    let opened = span.in_scope(|| Opened::open(job))?;
    what_to_undo(&lock(&opened.state), &job.pair.name, undoes)?;
    let run = span.in_scope(|| opened.begin(job))?;
    let done = undo_locked((job, writers), undoes, consent, &opened, run).instrument(span.clone()).await;
    span.in_scope(|| opened.close(job, run, done))
}

async fn undo_locked(
    (job, writers): (&Job<'_>, Writers<'_>),
    undoes: i64,
    consent: &Consent,
    opened: &Opened,
    run: i64,
) -> Result<Finished, RunError> {
    let state = &opened.state;
    lock(state).name_undone(run, undoes)?;
    let none = || UndoRefusal::NoSuchRun { pair: job.pair.name.clone(), run: undoes };
    let snapshot = State::open_read_only(&opened.path)?.ok_or_else(none)?;
    let (found, forms) = prove(job, &snapshot).await?;
    let _locks = accounts::lock(job, &found)?;
    let budget = Budget::of(job);
    drop(snapshot);
    lock(state).atomically(|state| accounts::bind(state, &accounts::identities(&found, &Both::default())))?;
    let recovered = recover_creates(job, opened, run, &found, &forms).await?;
    recover::recover_changes(job, state, run, &forms).await?;
    let snapshot = State::open_read_only(&opened.path)?.ok_or_else(none)?;
    let staging = StagingFile::of_the_run(job);
    let stage = Mutex::new(Stage::create(&staging.0, Some(&snapshot))?);
    // What was recovered may be a part of it.
    let undo_records = snapshot.undo_records(undoes)?;
    let plan = draw(job, &snapshot, &stage, undoes, undo_records, &forms).await?;
    accounts::refuse_unknown_website(job, accounts::known_website(&snapshot)?, &plan).await?;
    drop(snapshot);
    lock(state).name_plan(run, &plan.id())?;
    let mut record = RunRecord::begun(run, opened.started, recovered);
    let before = |state: &mut State| {
        state.atomically(|state| {
            without_request::write_down(state, &plan, run)?;
            plan.base_updates.iter().try_for_each(|settlement| without_request::settle_one(state, settlement, run))
        })
    };
    let after = |state: &mut State, done: &Done| {
        state.atomically(without_request::next_generation)?;
        if done.to_its_end { first_sync_is_done(state) } else { Ok(()) }
    };
    carry_out((job, writers), consent, state, &stage, &plan, &forms, &budget, &mut record, before, after).await?;
    Ok(ended(job, state, plan, record))
}

/// Reads back what earlier runs created without an answer. Where a contact is among it, everybody is listed: that it was not
/// made is said by nothing else. (`semantics` 31)
async fn recover_creates(
    job: &Job<'_>,
    opened: &Opened,
    run: i64,
    found: &Both<Account>,
    forms: &Forms,
) -> Result<u64, RunError> {
    let state = &opened.state;
    if lock(state).open_creates()?.iter().all(|open| open.kind != Kind::Contact) {
        return recover::recover(job, state, run, forms, None).await;
    }
    let snapshot = State::glance(&opened.path)?;
    let staging = StagingFile::of_the_run(job);
    let stage = Mutex::new(Stage::create(&staging.0, snapshot.as_ref())?);
    let pulled = pull::contacts(job, &stage, snapshot.as_ref(), found, forms).await?;
    let lists = recover::Lists { stage: &stage, pulled: &pulled };
    recover::recover(job, state, run, forms, Some(lists)).await
}

/// Both accounts, which the state is bound to, and how values become canonical.
async fn prove(job: &Job<'_>, state: &State) -> Result<(Both<Account>, Forms), RunError> {
    let found = accounts::ask(job, Some(state)).await?;
    accounts::check(job, Some(state), &accounts::identities(&found, &Both::default()))?;
    let forms = forms_of(job, &found.ghl).await?;
    Ok((found, forms))
}

async fn draw(
    job: &Job<'_>,
    state: &State,
    stage: &Mutex<Stage>,
    undoes: i64,
    undo_records: Vec<UndoRecordRow>,
    forms: &Forms,
) -> Result<Plan, RunError> {
    // An undo probes nothing.
    let learned = learned(state, job.pair)?;
    let capabilities = Both { cliengo: job.cliengo.capabilities(&learned), ghl: job.ghl.capabilities(&learned) };
    let undoing = look(job, state, stage, forms, &capabilities, undoes, undo_records).await?;
    lock(stage).seal()?;
    let links = state.link_counts()?;
    let input = Input::unlisted(job.pair, forms, job.mode, job.clock.now(), capabilities, links);
    let mut plan = plan_reverse(&input, &undoing);
    write_requests(job, Some(state), Some(stage), &mut plan, forms)?;
    Ok(plan)
}
