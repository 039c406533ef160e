//! Applying: the plan's requests, each journalled before it is sent, parents before children, families side by side.

mod enrol;
mod journal;
mod meet;
mod refused;
mod remove;
mod reread;
mod send;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures::StreamExt;
use tokio::sync::OnceCell;
use tracing::info;

use self::refused::Taken;
use super::applied::Origin;
use super::arrivals::Arrival;
use super::breaker::Breaker;
use super::budget::Budget;
use super::finished::{Ended, OperationOutcome};
use super::foresee::Foreseen;
use super::progress::{Meter, Part};
use super::pull::learned;
use super::session::{Job, lock};
use crate::crm::{CrmError, Learned, Writer, Writers};
use crate::reconcile::{LinkRef, Operation, Plan, Unsupported};
use crate::record::{Action, Both, Field, Fields, Forms, Kind, Record, Side, SideId, Target, Write};
use crate::state::{Stage, State, StateError};

/// What an applied operation made.
#[derive(Clone, Debug, Default)]
struct Made {
    link: Option<i64>,
    id: Option<SideId>,
}

/// Which of an operation's requests it is.
#[derive(Clone, Copy)]
struct Turn {
    first: bool,
    last: bool,
    /// A further part of an operation of which one was refused.
    again: bool,
}

/// What a CRM said of a write.
#[derive(Clone, Copy)]
struct Heard<'a> {
    /// The fields that the answer shows.
    record: &'a Record,
    /// The record as it came, where it did.
    payload: Option<&'a str>,
    /// Where what was created comes from.
    origin: Origin,
}

impl<'a> Heard<'a> {
    /// No answer, or one that shows nothing.
    const fn nothing(record: &'a Record) -> Self {
        Self { record, payload: None, origin: Origin::Created }
    }
}

/// What one request of an operation leads to.
enum Step {
    /// The operation's next request.
    Next,
    /// The operation's end.
    Done(Ended),
}

struct Applying<'a> {
    job: &'a Job<'a>,
    writers: Writers<'a>,
    state: &'a Mutex<State>,
    stage: &'a Mutex<Stage>,
    run: i64,
    forms: &'a Forms,
    learned: Learned,
    made: Mutex<BTreeMap<u32, Made>>,
    /// Creates that were answered with a contact that the CRM had: what depends on them waits for the next run.
    matched: Mutex<BTreeSet<u32>>,
    /// The newest contacts of each side, read once, before the first create there.
    newest: Both<OnceCell<Result<Vec<Arrival>, String>>>,
    ended: Mutex<BTreeMap<u32, Ended>>,
    /// Operations of which a request may have been sent.
    journaled: Mutex<BTreeSet<u32>>,
    /// Operations that failed for a reason of their own record.
    own: Mutex<BTreeSet<u32>>,
    /// Updates of nothing but values that were refused by name: they are not tried again.
    set_aside: Mutex<BTreeSet<u32>>,
    /// What went over without a value that was refused.
    left_out: Mutex<Vec<Unsupported>>,
    /// Updates whose e-mail or phone another contact has.
    taken: Mutex<BTreeMap<u32, Taken>>,
    /// What an undo moved before it was sent.
    foreseen: Mutex<BTreeMap<u32, Foreseen>>,
    breaker: Breaker,
    /// Contacts of which something did not get through.
    missed: Mutex<BTreeSet<String>>,
    budget: &'a Budget,
    meter: Meter<'a>,
}

/// What came of applying a plan.
#[derive(Debug)]
pub(super) struct Done {
    /// By operation.
    pub outcomes: BTreeMap<u32, Ended>,
    /// Of those that failed: for a reason of their own record, and not of the CRM's or ours.
    pub own: BTreeSet<u32>,
    /// Of those that were refused: for a value that is not sent again.
    pub set_aside: BTreeSet<u32>,
    /// What went over without a value that was refused.
    pub left_out: Vec<Unsupported>,
    /// The side that was given up, and why.
    pub broken: Option<(Side, String)>,
    /// Why a side took nothing: its credentials may not write.
    pub unauthorized: Option<String>,
    /// Why it could not go on where the state could not be written: then nothing further is sent.
    pub failure: Option<StateError>,
    /// Whether every operation had its turn: the run was not stopped, and no CRM was given up.
    pub to_its_end: bool,
}

/// Applies a plan.
pub(super) async fn apply(
    (job, writers): (&Job<'_>, Writers<'_>),
    state: &Mutex<State>,
    stage: &Mutex<Stage>,
    run: i64,
    plan: &Plan,
    forms: &Forms,
    budget: &Budget,
) -> Done {
    // What was learned was written down before.
    let learned = learned(&lock(state), job.pair).unwrap_or_default();
    let writes = plan.operations.iter().filter(|operation| operation.write().is_some()).count();
    let applying = Applying {
        job,
        writers,
        state,
        stage,
        run,
        forms,
        learned,
        made: Mutex::default(),
        matched: Mutex::default(),
        newest: Both::default(),
        ended: Mutex::default(),
        journaled: Mutex::default(),
        own: Mutex::default(),
        set_aside: Mutex::default(),
        left_out: Mutex::default(),
        taken: Mutex::default(),
        foreseen: Mutex::default(),
        breaker: Breaker::default(),
        missed: Mutex::default(),
        budget,
        meter: job.meter(Part::Applying, Some(writes as u64)),
    };
    let failure = applying.all(plan).await.err();
    let (broken, unauthorized) = (applying.breaker.open(), applying.breaker.unauthorized());
    let to_its_end = failure.is_none() && !job.stop.is_cancelled() && broken.is_none() && !budget.is_spent();
    Done {
        outcomes: applying.ended.into_inner().unwrap_or_else(PoisonError::into_inner),
        own: applying.own.into_inner().unwrap_or_else(PoisonError::into_inner),
        set_aside: applying.set_aside.into_inner().unwrap_or_else(PoisonError::into_inner),
        left_out: applying.left_out.into_inner().unwrap_or_else(PoisonError::into_inner),
        broken,
        unauthorized,
        failure,
        to_its_end,
    }
}

fn ended(outcome: OperationOutcome, reason: impl Into<String>) -> Ended {
    Ended { outcome, reason: Some(reason.into()) }
}

fn applied() -> Ended {
    Ended { outcome: OperationOutcome::Applied, reason: None }
}

impl Applying<'_> {
    async fn all(&self, plan: &Plan) -> Result<(), StateError> {
        self.links(plan)?;
        let mut families: BTreeMap<u32, Vec<&Operation>> = BTreeMap::new();
        for operation in plan.operations.iter().filter(|operation| operation.write().is_some()) {
            families.entry(operation.family).or_default().push(operation);
        }
        let work = futures::stream::iter(families.into_values()).map(|family| self.family(family));
        let mut done = work.buffer_unordered(self.job.families.max(1));
        let mut failure = None;
        while let Some(family) = done.next().await {
            failure = failure.or(family.err());
        }
        if failure.is_none() && self.breaker.open().is_none() {
            failure = self.exchange(plan).await.err();
        }
        failure.map_or(Ok(()), Err)
    }

    /// Links send nothing, and hang on nothing but other links: all of them at once, in one transaction.
    fn links(&self, plan: &Plan) -> Result<(), StateError> {
        let links: Vec<&Operation> = plan.operations.iter().filter(|operation| operation.write().is_none()).collect();
        lock(self.state).atomically(|state| {
            for operation in &links {
                let nothing = (Fields::new(), Record::default());
                let link = self.record(state, operation, &nothing.0, None, Heard::nothing(&nothing.1))?;
                state.end_operation(self.run, operation.id, "applied", None)?;
                lock(&self.made).insert(operation.id, Made { link, id: None });
            }
            Ok(())
        })?;
        lock(&self.ended).extend(links.into_iter().map(|operation| (operation.id, applied())));
        Ok(())
    }

    async fn family(&self, operations: Vec<&Operation>) -> Result<(), StateError> {
        for operation in operations {
            let tried = self.operation(operation).await;
            let ended = match &tried {
                Ok(ended) => ended.clone(),
                // Whether the CRM did it stands in the journal, and the next run reads it back.
                Err(why) if lock(&self.journaled).contains(&operation.id) => {
                    ended(OperationOutcome::Unknown, why.to_string())
                }
                Err(why) => ended(OperationOutcome::Failed, why.to_string()),
            };
            let (side, kind, action) = (operation.side, operation.kind, operation.action().as_str());
            match ended.outcome {
                OperationOutcome::Applied => {
                    info!(operation = operation.id, %side, %kind, action, "applied");
                }
                outcome => {
                    info!(operation = operation.id, %side, %kind, action, ?outcome, "not applied");
                }
            }
            self.meter.step(1);
            lock(&self.ended).insert(operation.id, ended.clone());
            tried?;
            let name = serde_json::to_value(ended.outcome)?;
            let (name, reason) = (name.as_str().unwrap_or_default(), ended.reason.as_deref());
            lock(self.state).end_operation(self.run, operation.id, name, reason)?;
        }
        Ok(())
    }

    async fn operation(&self, operation: &Operation) -> Result<Ended, StateError> {
        if self.job.stop.is_cancelled() {
            return Ok(ended(OperationOutcome::NotStarted, "the run was stopped"));
        }
        let Some(write) = operation.write() else { return Ok(applied()) };
        if let Some(needed) = self.unmet(operation, write) {
            let reason = if lock(&self.matched).contains(&needed) {
                format!(
                    "{} had its contact already: the next run compares the tasks, notes and tags of both first",
                    operation.side.title()
                )
            } else {
                format!("operation {needed}, which it depends on, was not applied")
            };
            return Ok(ended(OperationOutcome::NotStarted, reason));
        }
        if let Some((side, _)) = self.breaker.open() {
            return Ok(ended(
                OperationOutcome::NotStarted,
                format!("{} kept failing; the run stopped before more is left half done", side.title()),
            ));
        }
        if !self.budget.admits(self.job, operation.side) {
            return Ok(ended(
                OperationOutcome::NotStarted,
                "GHL's quota of today leaves no more to this run (daily_budget): the next one goes on",
            ));
        }
        let ended = match operation.side {
            Side::Cliengo => self.write(self.writers.cliengo, operation, write).await,
            Side::Ghl => self.write(self.writers.ghl, operation, write).await,
        };
        self.budget.done(operation.side);
        let ended = ended?;
        self.breaker.note(operation.side, ended.outcome);
        if ended.outcome != OperationOutcome::Applied {
            let contact = if operation.kind == Kind::Contact { &operation.ids } else { &operation.parent };
            lock(&self.missed).extend(contact.of(operation.side).map(str::to_owned));
        }
        if self.breaker.asks(operation.side) {
            let failed = self.read_known_good(operation.side).await?;
            self.breaker.judge(operation.side, failed);
        }
        Ok(ended)
    }

    /// Why nothing that is known good can be read: neither a contact that the CRM listed in this run, and of which nothing
    /// failed yet, nor the account. `None`: the CRM is well. (`semantics` 57)
    async fn read_known_good(&self, side: Side) -> Result<Option<String>, StateError> {
        let known = lock(self.stage).well_known_contact(side, &lock(&self.missed))?;
        let Some(id) = known else { return self.read_account(side).await };
        let contact = self.job.look_up(Kind::Contact, &SideId::new(side, id), None).await.map(drop);
        // The run ends by itself where it was asked to.
        if matches!(contact, Ok(()) | Err(CrmError::Stopped { .. })) { Ok(None) } else { self.read_account(side).await }
    }

    async fn read_account(&self, side: Side) -> Result<Option<String>, StateError> {
        let read = match side {
            Side::Cliengo => self.job.cliengo.account().await.map(drop),
            Side::Ghl => self.job.ghl.account().await.map(drop),
        };
        Ok(read.err().filter(|why| !matches!(why, CrmError::Stopped { .. })).map(|why| why.to_string()))
    }

    /// The operation that this one needs and that was not applied.
    fn unmet(&self, operation: &Operation, write: &Write) -> Option<u32> {
        let made = lock(&self.made);
        let targets = [write.target.as_ref(), write.parent.as_ref()].into_iter().flatten();
        let created = targets.filter_map(|target| match target {
            Target::CreatedBy(needed) => Some(*needed),
            Target::Existing(_) => None,
        });
        let links = operation.settle().into_iter().flat_map(|settle| [settle.link(), settle.parent()]).flatten();
        let linked = links.filter_map(|link| match link {
            LinkRef::MadeBy(needed) => Some(needed),
            LinkRef::Existing(_) => None,
        });
        created.chain(linked).find(|needed| !made.contains_key(needed))
    }

    fn resolve(&self, reference: LinkRef) -> Option<i64> {
        match reference {
            LinkRef::Existing(link) => Some(link),
            LinkRef::MadeBy(operation) => lock(&self.made).get(&operation).and_then(|made| made.link),
        }
    }

    fn id_of(&self, target: &Target) -> Option<SideId> {
        match target {
            Target::Existing(id) => Some(id.clone()),
            Target::CreatedBy(operation) => lock(&self.made).get(operation).and_then(|made| made.id.clone()),
        }
    }

    async fn write<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
    ) -> Result<Ended, StateError> {
        if let Some(ended) = self.read_first(crm, operation, write).await? {
            return Ok(ended);
        }
        if operation.requests.is_empty() {
            return Ok(self.unable(operation, "there is no request that expresses it"));
        }
        if let Some(ended) = self.without_refused_before(crm, operation, write).await? {
            return Ok(ended);
        }
        for (at, request) in operation.requests.iter().enumerate() {
            let turn = Turn { first: at == 0, last: at + 1 == operation.requests.len(), again: false };
            if let Step::Done(ended) = self.send(crm, operation, write, request, turn).await? {
                return Ok(ended);
            }
        }
        Ok(applied())
    }

    /// The record itself is at fault: trying again does not help unless something changes.
    fn unable(&self, operation: &Operation, why: &str) -> Ended {
        lock(&self.own).insert(operation.id);
        ended(OperationOutcome::Failed, why)
    }

    /// What is to be written to could not be read first. An answer that is none concerns this record alone.
    fn unread(&self, operation: &Operation, why: &CrmError) -> Ended {
        if matches!(why, CrmError::Protocol { .. } | CrmError::Blocked { .. }) {
            self.breaker.heard(operation.side);
            return self.unable(operation, &why.to_string());
        }
        ended(OperationOutcome::Failed, why.to_string())
    }
}

/// Whether what is about to be overwritten is no longer what was listed. A delete overwrites everything.
fn changed_meanwhile(write: &Write, now: &Record) -> bool {
    let matters = |field: &Field| write.action == Action::Delete || write.set.contains_key(field);
    let moved = write
        .before
        .iter()
        .filter(|(field, _)| matters(field))
        .any(|(field, listed)| now.get(field).is_some_and(|now| !now.same_as_far_as_said(listed)));
    // What the list left out, and the record itself shows.
    let hidden =
        |field: &Field| write.action == Action::Update && !write.before.is_empty() && !write.before.contains_key(field);
    let mut shown = write
        .set
        .iter()
        .filter(|(field, _)| hidden(field))
        .filter_map(|(field, wanted)| Some((wanted, now.get(field)?)));
    moved || shown.any(|(wanted, now)| !now.is_empty() && !now.same(wanted))
}
