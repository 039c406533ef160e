//! A process that dies at a chosen moment: from then on nothing is written to its state and nothing is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use concord::config::Mapping;
use concord::crm::{
    Account, Again, Answered, CrmError, Found, Learned, Listed, Lookup, Newest, Outcome, RawRecord, Reader, Shape,
    Sink, Unparsable, Usage, Writer, Writers,
};
use concord::reconcile::Mode;
use concord::record::{Capabilities, Effect, Effects, Forms, Kind, Mapped, Moment, Record, Request, Write};
use concord::run::{self, Consent, Finished, Job, RunError};
use concord::state::Watch;
use tokio_util::sync::CancellationToken;

use crate::house::{DAY, House};

/// The step of a sweep of which `of` run side by side: a third of the moments, or all with `CONCORD_SWEEP=whole`.
pub fn every(of: usize) -> usize {
    if std::env::var("CONCORD_SWEEP").is_ok_and(|sweep| sweep == "whole") { of } else { 3 * of }
}

/// Counts the moments at which a process can die: before each commit, before each request that changes something, and
/// before its answer is taken in.
#[derive(Clone, Debug)]
pub struct Fate {
    moments: Arc<AtomicU64>,
    last: u64,
    /// The request that is its last one, and whether it is still sent.
    request: Option<(String, bool)>,
}

impl Fate {
    /// Dies at moment number `last`, counted from 0.
    pub fn at(last: u64) -> Self {
        Self { moments: Arc::default(), last, request: None }
    }

    /// Dies at the first request like `POST /notes` (its method, and a part of its path): before it is sent, or before its
    /// answer is taken in.
    #[allow(dead_code, reason = "so die the scenarios' runs")]
    pub fn at_request(like: &str, is_sent: bool) -> Self {
        Self { request: Some((like.to_owned(), is_sent)), ..Self::at(u64::MAX / 2) }
    }

    /// Whether this request is the last one, and is still sent.
    fn is_last(&self, request: &Request) -> Option<bool> {
        let (like, is_sent) = self.request.as_ref()?;
        let (method, part) = like.split_once(' ')?;
        (request.method.as_str() == method && request.path.contains(part)).then_some(*is_sent)
    }

    fn die(&self) {
        self.moments.store(self.last, Ordering::SeqCst);
    }

    /// Never dies, and counts.
    pub fn never() -> Self {
        Self::at(u64::MAX)
    }

    /// How many moments there were.
    pub fn moments(&self) -> u64 {
        self.moments.load(Ordering::SeqCst)
    }

    /// One more moment; whether the process outlives it.
    fn outlives(&self) -> bool {
        self.moments.fetch_add(1, Ordering::SeqCst) < self.last
    }

    /// The moments of the state's commits.
    pub fn watch(&self) -> Watch {
        let fate = self.clone();
        Watch(Arc::new(move || fate.outlives()))
    }
}

/// A CRM's client in a process that may die.
#[derive(Debug)]
pub struct Mortal<C> {
    pub client: C,
    pub fate: Fate,
}

#[async_trait::async_trait]
impl<C: Reader> Reader for Mortal<C> {
    type Id = C::Id;

    fn capabilities(&self, learned: &Learned) -> Capabilities {
        self.client.capabilities(learned)
    }

    async fn account(&self) -> Result<Account, CrmError> {
        self.client.account().await
    }

    async fn resolve(&self, mappings: &[Mapping]) -> Result<Vec<Mapped>, CrmError> {
        self.client.resolve(mappings).await
    }

    async fn members(&self, business: &str) -> Result<std::collections::BTreeSet<String>, CrmError> {
        self.client.members(business).await
    }

    async fn users(&self) -> Result<Vec<concord::record::User>, CrmError> {
        self.client.users().await
    }

    async fn effects(&self, named: &[Effect]) -> Result<Effects, CrmError> {
        self.client.effects(named).await
    }

    async fn moments(&self, contact: &Self::Id, forms: &Forms) -> Result<Vec<Moment>, CrmError> {
        self.client.moments(contact, forms).await
    }

    fn lead(&self, payload: &str) -> Option<String> {
        self.client.lead(payload)
    }

    async fn probe_tasks(&self, contact: &Self::Id) -> Result<Option<bool>, CrmError> {
        self.client.probe_tasks(contact).await
    }

    async fn list_contacts(&self, sink: &dyn Sink<Self::Id>) -> Result<Listed<Self::Id>, CrmError> {
        self.client.list_contacts(sink).await
    }

    async fn list_children(
        &self,
        kind: Kind,
        parents: &[Self::Id],
        sink: &dyn Sink<Self::Id>,
    ) -> Result<Listed<Self::Id>, CrmError> {
        self.client.list_children(kind, parents, sink).await
    }

    fn parse(&self, kind: Kind, payload: &str, shape: Shape, forms: &Forms) -> Result<Record, Unparsable> {
        self.client.parse(kind, payload, shape, forms)
    }

    fn unmapped_changes(
        &self,
        kind: Kind,
        before: &str,
        now: &str,
        alike: bool,
        forms: &Forms,
    ) -> std::collections::BTreeSet<String> {
        self.client.unmapped_changes(kind, before, now, alike, forms)
    }

    async fn look_up(&self, kind: Kind, id: &Self::Id, parent: Option<&Self::Id>) -> Result<Lookup, CrmError> {
        self.client.look_up(kind, id, parent).await
    }

    async fn under(&self, kind: Kind, contact: &Self::Id) -> Result<Vec<RawRecord<Self::Id>>, CrmError> {
        self.client.under(kind, contact).await
    }

    async fn find_existing(&self, record: &Record) -> Result<Option<Self::Id>, CrmError> {
        self.client.find_existing(record).await
    }

    async fn list_created(&self, since: jiff::Timestamp) -> Result<Option<Vec<RawRecord<Self::Id>>>, CrmError> {
        self.client.list_created(since).await
    }

    async fn newest(&self, offset: usize) -> Result<Newest<Self::Id>, CrmError> {
        self.client.newest(offset).await
    }

    async fn find_created(
        &self,
        kind: Kind,
        parent: Option<&Self::Id>,
        record: &Record,
        since: jiff::Timestamp,
        forms: &Forms,
    ) -> Result<Vec<Found<Self::Id>>, CrmError> {
        self.client.find_created(kind, parent, record, since, forms).await
    }

    fn requests(&self, write: &Write, listed: Option<&str>, forms: &Forms) -> Vec<Request> {
        self.client.requests(write, listed, forms)
    }

    fn clock_ahead(&self) -> Option<jiff::SignedDuration> {
        self.client.clock_ahead()
    }

    fn usage(&self) -> Usage {
        self.client.usage()
    }
}

#[async_trait::async_trait]
impl<C: Writer> Writer for Mortal<C> {
    async fn send(&self, request: &Request, again: Again<'_>) -> Outcome {
        let last = self.fate.is_last(request);
        if last == Some(false) {
            self.fate.die();
        }
        if !self.fate.outlives() {
            return Outcome::NotSent("the process died".to_owned());
        }
        let outcome = self.client.send(request, again).await;
        if last == Some(true) {
            self.fate.die();
        }
        if self.fate.outlives() { outcome } else { Outcome::Unknown("the process died".to_owned()) }
    }

    fn answered(&self, write: &Write, body: &str, forms: &Forms) -> Result<Answered<Self::Id>, Unparsable> {
        self.client.answered(write, body, forms)
    }
}

impl House {
    /// A night, a day after the last one, in a process that may die.
    pub async fn mortal_night(&self, fate: &Fate) -> Result<Finished, RunError> {
        self.clock.advance(DAY);
        self.forget_requests();
        let stop = CancellationToken::new();
        let (cliengo, ghl) = self.clients(&stop);
        let cliengo = Mortal { client: cliengo, fate: fate.clone() };
        let ghl = Mortal { client: ghl, fate: fate.clone() };
        let job = Job { watch: Some(fate.watch()), ..self.job(&cliengo, &ghl, stop) };
        run::sync(&job, Writers { cliengo: &cliengo, ghl: &ghl }, &Consent::default()).await
    }

    /// An undo in such a process.
    pub async fn mortal_undo(&self, undoes: i64, fate: &Fate) -> Result<Finished, RunError> {
        self.clock.advance(DAY);
        self.forget_requests();
        let stop = CancellationToken::new();
        let (cliengo, ghl) = self.clients(&stop);
        let cliengo = Mortal { client: cliengo, fate: fate.clone() };
        let ghl = Mortal { client: ghl, fate: fate.clone() };
        let job = Job { watch: Some(fate.watch()), mode: Mode::Undo, ..self.job(&cliengo, &ghl, stop) };
        run::undo(&job, Writers { cliengo: &cliengo, ghl: &ghl }, undoes, &Consent::default()).await
    }
}
