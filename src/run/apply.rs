//! Applying: the plan's requests, each journalled before it is sent, parents before children, families side by side.

mod enrol;
mod journal;
mod meet;
mod refused;
mod remove;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures::StreamExt;
use futures::future::BoxFuture;
use tokio::sync::OnceCell;
use tracing::{info, warn};

use super::arrivals::Arrival;
use super::breaker::Breaker;
use super::budget::Budget;
use super::foresee::Foreseen;
use super::pull::learned;
use super::settle::Origin;
use super::{Ended, Job, Meter, OperationOutcome, Part, held};
use crate::crm::{Answered, CrmError, Learned, Lookup, Outcome, Shape, Writer, Writers};
use crate::reconcile::{LinkRef, Operation, Plan, TagDelta};
use crate::record::{
    Action, Both, CliengoId, Field, Forms, GhlId, Kind, Record, RemoteId, Request, Side, SideId, Target, Value, Write,
};
use crate::state::{IntentState, Stage, State, StateError};

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
    /// Updates whose e-mail or phone another contact has, and which.
    taken: Mutex<BTreeMap<u32, String>>,
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
    /// The side that was given up, and why.
    pub broken: Option<(Side, String)>,
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
    let learned = learned(&held(state), job.pair).unwrap_or_default();
    let writes = plan.operations.iter().filter(|operation| operation.write.is_some()).count();
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
        taken: Mutex::default(),
        foreseen: Mutex::default(),
        breaker: Breaker::default(),
        missed: Mutex::default(),
        budget,
        meter: job.meter(Part::Applying, Some(writes as u64)),
    };
    let failure = applying.all(plan).await.err();
    let broken = applying.breaker.open();
    let to_its_end = failure.is_none() && !job.stop.is_cancelled() && broken.is_none() && !budget.is_spent();
    Done {
        outcomes: applying.ended.into_inner().unwrap_or_else(PoisonError::into_inner),
        own: applying.own.into_inner().unwrap_or_else(PoisonError::into_inner),
        broken,
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
        for operation in plan.operations.iter().filter(|operation| operation.write.is_some()) {
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
        let links: Vec<&Operation> = plan.operations.iter().filter(|operation| operation.write.is_none()).collect();
        held(self.state).atomically(|state| {
            for operation in &links {
                let nothing = (BTreeMap::new(), Record::default());
                let link = self.record(state, operation, &nothing.0, None, Heard::nothing(&nothing.1))?;
                state.end_operation(self.run, operation.id, "applied", None)?;
                held(&self.made).insert(operation.id, Made { link, id: None });
            }
            Ok(())
        })?;
        held(&self.ended).extend(links.into_iter().map(|operation| (operation.id, applied())));
        Ok(())
    }

    async fn family(&self, operations: Vec<&Operation>) -> Result<(), StateError> {
        for operation in operations {
            let tried = self.operation(operation).await;
            let ended = match &tried {
                Ok(ended) => ended.clone(),
                // Whether the CRM did it stands in the journal, and the next run reads it back.
                Err(why) if held(&self.journaled).contains(&operation.id) => {
                    ended(OperationOutcome::Unknown, why.to_string())
                }
                Err(why) => ended(OperationOutcome::Failed, why.to_string()),
            };
            let (side, kind, action) = (operation.side, operation.kind, operation.action.as_str());
            match ended.outcome {
                OperationOutcome::Applied => {
                    info!(operation = operation.id, %side, %kind, action, "applied");
                }
                outcome => {
                    warn!(operation = operation.id, %side, %kind, action, ?outcome, "not applied");
                }
            }
            self.meter.step(1);
            held(&self.ended).insert(operation.id, ended.clone());
            tried?;
            let name = serde_json::to_value(ended.outcome)?;
            let (name, reason) = (name.as_str().unwrap_or_default(), ended.reason.as_deref());
            held(self.state).end_operation(self.run, operation.id, name, reason)?;
        }
        Ok(())
    }

    async fn operation(&self, operation: &Operation) -> Result<Ended, StateError> {
        if self.job.stop.is_cancelled() {
            return Ok(ended(OperationOutcome::NotStarted, "the run was stopped"));
        }
        let Some(write) = &operation.write else { return Ok(applied()) };
        if let Some(needed) = self.unmet(operation, write) {
            let reason = if held(&self.matched).contains(&needed) {
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
            held(&self.missed).extend(contact.of(operation.side).map(str::to_owned));
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
        let known = held(self.stage).well_known_contact(side, &held(&self.missed))?;
        let contact = match (side, known) {
            (Side::Cliengo, Some(id)) => {
                self.job.cliengo.look_up(Kind::Contact, &CliengoId::new(id), None).await.map(drop)
            }
            (Side::Ghl, Some(id)) => self.job.ghl.look_up(Kind::Contact, &GhlId::new(id), None).await.map(drop),
            (_, None) => return self.read_account(side).await,
        };
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
        let made = held(&self.made);
        let targets = [write.target.as_ref(), write.parent.as_ref()].into_iter().flatten();
        let created = targets.filter_map(|target| match target {
            Target::CreatedBy(needed) => Some(*needed),
            Target::Existing(_) => None,
        });
        let links = [operation.settle.link, operation.settle.parent].into_iter().flatten();
        let linked = links.filter_map(|link| match link {
            LinkRef::MadeBy(needed) => Some(needed),
            LinkRef::Existing(_) => None,
        });
        created.chain(linked).find(|needed| !made.contains_key(needed))
    }

    fn resolve(&self, reference: LinkRef) -> Option<i64> {
        match reference {
            LinkRef::Existing(link) => Some(link),
            LinkRef::MadeBy(operation) => held(&self.made).get(&operation).and_then(|made| made.link),
        }
    }

    fn id_of(&self, target: &Target) -> Option<SideId> {
        match target {
            Target::Existing(id) => Some(id.clone()),
            Target::CreatedBy(operation) => held(&self.made).get(operation).and_then(|made| made.id.clone()),
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
        for (at, request) in operation.requests.iter().enumerate() {
            let turn = Turn { first: at == 0, last: at + 1 == operation.requests.len(), again: false };
            if let Step::Done(ended) = self.send(crm, operation, write, request, turn).await? {
                return Ok(ended);
            }
        }
        Ok(applied())
    }

    /// Reads what is about to be overwritten; says the outcome where nothing may be sent. (I29)
    async fn read_first<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
    ) -> Result<Option<Ended>, StateError> {
        match write.action {
            Action::Create if write.kind == Kind::Contact => self.meet(crm, operation, write).await,
            Action::Create | Action::Link | Action::Enrol => Ok(None),
            Action::Tag => {
                // Adding and removing single tags overwrites nothing; the listing's payload is the before-image.
                if let Some(Target::Existing(id)) = &write.target {
                    let row = held(self.stage).row(operation.side, Kind::Contact, id.as_str())?;
                    if let Some(row) = row {
                        held(self.state).keep_before(self.run, operation.id, &row.payload)?;
                    }
                }
                Ok(None)
            }
            Action::Update | Action::Complete | Action::Delete => self.reread(crm, operation, write).await,
        }
    }

    /// The record itself is at fault: trying again does not help unless something changes.
    fn unable(&self, operation: &Operation, why: &str) -> Ended {
        held(&self.own).insert(operation.id);
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

    async fn reread<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
    ) -> Result<Option<Ended>, StateError> {
        let Some(id) = W::Id::of(&operation.ids) else {
            return Ok(Some(self.unable(operation, "the record has no id on that side")));
        };
        let parent = W::Id::of(&operation.parent);
        let payload = match crm.look_up(write.kind, id, parent).await {
            Ok(Lookup::Present(payload)) => payload,
            Ok(Lookup::Gone(_)) if write.action == Action::Delete => {
                self.settle(operation, &write.set, None, Heard::nothing(&Record::default()), None)?;
                return Ok(Some(Ended {
                    outcome: OperationOutcome::Applied,
                    reason: Some("it was gone already".to_owned()),
                }));
            }
            Ok(Lookup::Gone(_)) => return Ok(Some(ended(OperationOutcome::SkippedStale, "it was removed meanwhile"))),
            Err(why) => return Ok(Some(self.unread(operation, &why))),
        };
        let now = match crm.parse(write.kind, &payload, Shape::Single, self.forms) {
            Ok(record) => record,
            Err(why) => {
                return Ok(Some(ended(OperationOutcome::SkippedStale, format!("it cannot be understood: {why}"))));
            }
        };
        if changed_meanwhile(write, &now) {
            return Ok(Some(ended(
                OperationOutcome::SkippedStale,
                "it was changed meanwhile; the next run plans it again",
            )));
        }
        if write.action == Action::Update && crm.requests(write, Some(&payload), self.forms) != operation.requests {
            return Ok(Some(ended(
                OperationOutcome::SkippedStale,
                "what goes along with it was changed meanwhile; the next run plans it again",
            )));
        }
        if write.action == Action::Delete && write.kind == Kind::Contact {
            let ended = self.worked_on(crm, operation, id, &payload).await?;
            if ended.is_some() {
                return Ok(ended);
            }
        }
        held(self.state).keep_before(self.run, operation.id, &payload)?;
        Ok(None)
    }

    /// Journals and sends one request of an operation.
    async fn send<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
        request: &Request,
        turn: Turn,
    ) -> Result<Step, StateError> {
        let request = self.resolved(request);
        let intent = self.journal(operation, write, &request, turn.first)?;
        held(&self.journaled).insert(operation.id);
        let again = || -> BoxFuture<'_, bool> { Box::pin(self.is_untouched(crm, operation, write)) };
        match crm.send(&request, &again).await {
            Outcome::Applied(body) => match crm.answered(write, &body, self.forms) {
                Ok(answer) if turn.last => {
                    let answer = self.read_back(crm, operation, write, answer).await;
                    self.finish(crm, operation, write, intent, answer).map(Step::Done)
                }
                Ok(_) => {
                    held(self.state).close_intent(intent, IntentState::Applied, None, None)?;
                    Ok(Step::Next)
                }
                Err(why) => self.unknown(crm, operation, write, intent, &why.to_string()).await.map(Step::Done),
            },
            Outcome::NotSent(why) => {
                held(self.state).close_intent(intent, IntentState::NotSent, Some(&why), None)?;
                self.owe_again(operation)?;
                self.withdraw(operation)?;
                Ok(Step::Done(ended(OperationOutcome::Failed, why)))
            }
            Outcome::Refused(refusal) if refusal.gone && write.action == Action::Delete => {
                self.settle(operation, &write.set, None, Heard::nothing(&Record::default()), Some(intent))?;
                Ok(Step::Done(Ended {
                    outcome: OperationOutcome::Applied,
                    reason: Some("it was gone already".to_owned()),
                }))
            }
            Outcome::Refused(refusal) => {
                if write.action == Action::Enrol {
                    return self.not_enrolled(operation, intent, &refusal).map(Step::Done);
                }
                if let Some(ended) = self.refused_for(crm, operation, write, intent, &refusal).await? {
                    return Ok(Step::Done(ended));
                }
                held(self.state).close_intent(intent, IntentState::Refused, Some(&refusal.message), None)?;
                self.withdraw(operation)?;
                if turn.first
                    && let Some(ended) = self.without_refused(crm, operation, write, &refusal).await?
                {
                    return Ok(Step::Done(ended));
                }
                if let Some(holder) =
                    refusal.existing.as_ref().filter(|_| !turn.again && write.action == Action::Update)
                {
                    held(&self.taken).insert(operation.id, holder.clone());
                }
                let existing = refusal.existing.map(|id| format!(" (it stands there as {id})")).unwrap_or_default();
                let reason = format!("{} {}: {}{existing}", W::Id::SIDE.title(), refusal.status, refusal.message);
                if refusal.is_page {
                    self.breaker.suspect(operation.side);
                }
                // Who may not ask at all was not refused this record.
                let outcome = if matches!(refusal.status, 401 | 403) && !refusal.is_page {
                    OperationOutcome::Failed
                } else {
                    OperationOutcome::Refused
                };
                Ok(Step::Done(ended(outcome, reason)))
            }
            Outcome::Unknown(why) => self.unknown(crm, operation, write, intent, &why).await.map(Step::Done),
            Outcome::Doubtful(why) => {
                self.breaker.heard(operation.side);
                held(&self.own).insert(operation.id);
                self.unknown(crm, operation, write, intent, &why).await.map(Step::Done)
            }
        }
    }

    /// An answer that shows nothing of what was sent (`{"ok":true}`, an id alone, nothing at all): the record is read once.
    /// Where it cannot be, it counts as it was sent.
    async fn read_back<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
        answer: Answered<W::Id>,
    ) -> Answered<W::Id> {
        if write.action == Action::Enrol {
            return answer;
        }
        let readable = |field: &&Field| !(write.kind == Kind::Contact && **field == Field::Due);
        let mut sent = write.set.keys().filter(readable).peekable();
        if sent.peek().is_none() || sent.any(|field| answer.record.get(field).is_some()) {
            return answer;
        }
        let parent = write.parent.as_ref().and_then(|parent| self.id_of(parent));
        let parent = parent.map(|parent| W::Id::new(parent.as_str()));
        let Some(id) = answer.id.clone().or_else(|| W::Id::of(&operation.ids).cloned()) else { return answer };
        let Ok(Lookup::Present(payload)) = crm.look_up(write.kind, &id, parent.as_ref()).await else { return answer };
        match crm.parse(write.kind, &payload, Shape::Single, self.forms) {
            Ok(record) => {
                let created = crm.answered(write, &payload, self.forms).ok().and_then(|read| read.created);
                Answered { record, payload: Some(payload), created, ..answer }
            }
            Err(_) => answer,
        }
    }

    /// The request with the ids of what earlier operations created.
    fn resolved(&self, request: &Request) -> Request {
        let mut resolved = request.clone();
        for (operation, made) in held(&self.made).iter() {
            if let Some(id) = &made.id {
                resolved.path = resolved.path.replace(&format!("{{op:{operation}}}"), id.as_str());
            }
        }
        resolved
    }

    fn finish<W: Writer + ?Sized>(
        &self,
        crm: &W,
        operation: &Operation,
        write: &Write,
        intent: i64,
        answer: Answered<W::Id>,
    ) -> Result<Ended, StateError> {
        let created = answer.id.map(RemoteId::tagged);
        let known = match (write.action, &created) {
            (Action::Create, Some(id)) => held(self.state).link_of(write.kind, id)?.map(|known| (id, known)),
            _ => None,
        };
        if let Some((id, known)) = known {
            // Cliengo may answer a create with a contact that it has already: no corruption, and no second link.
            let reason =
                format!("{} answered with {id}, which is linked already (link {})", W::Id::SIDE.title(), known.id);
            held(self.state).close_intent(intent, IntentState::Refused, Some(&reason), Some(id.as_str()))?;
            return Ok(ended(OperationOutcome::Refused, reason));
        }
        if let Some(id) = created.as_ref().filter(|_| write.kind == Kind::Contact)
            && self.was_there(crm, id, answer.created)?
        {
            return self.match_made(operation, write, intent, id, &answer.record);
        }
        let heard = Heard { record: &answer.record, payload: answer.payload.as_deref(), origin: Origin::Created };
        self.settle(operation, &write.set, created, heard, Some(intent))?;
        Ok(Ended { outcome: OperationOutcome::Applied, reason: not_as_sent(write, &answer.record) })
    }
}

/// Whether what is about to be overwritten is no longer what was listed. A delete overwrites everything.
fn changed_meanwhile(write: &Write, now: &Record) -> bool {
    let matters = |field: &Field| write.action == Action::Delete || write.set.contains_key(field);
    let moved = write
        .before
        .iter()
        .filter(|(field, _)| matters(field))
        .any(|(field, listed)| now.get(field).is_some_and(|now| !now.same(listed)));
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

/// I33: what the CRM stored instead of what was sent.
fn not_as_sent(write: &Write, answer: &Record) -> Option<String> {
    let differs = |(field, sent): &(&Field, &Value)| answer.get(field).is_some_and(|stored| !stored.same(sent));
    let mut differing: Vec<&str> = write.set.iter().filter(differs).map(|(field, _)| field.as_str()).collect();
    let tags = TagDelta { added: write.add_tags.clone(), removed: write.remove_tags.clone() };
    if !tags.were_kept(answer) {
        differing.push(Field::Tags.as_str());
    }
    (!differing.is_empty()).then(|| format!("stored differently than sent: {}", differing.join(", ")))
}
