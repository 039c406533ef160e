//! GoHighLevel: its settings, what it can do, and how it is read and written.

mod api;
mod appointments;
mod business;
mod catalogue;
mod custom;
mod effects;
mod find;
mod gone;
mod kept;
mod list;
pub mod oauth;
mod probe;
mod scope;
mod unmapped;
mod write;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

pub(super) use catalogue::catalogue;
use jiff::{SignedDuration, Timestamp};
use oauth::{LocationGrant, OAuth};
pub use scope::scopes_for;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::dialect::Dialect;
use super::http::{Auth, Http, HttpSettings, SetupError};
use super::listing::{Newest, children};
use super::path::encode;
use super::retry::Patience;
use super::{
    Account, Again, Answered, CrmError, Found, Learned, Listed, Lookup, Outcome, RawRecord, Reader, Secrets, Shape,
    Sink, Unparsable, Usage, Writer,
};
use crate::clock::Clock;
use crate::config::Mapping;
use crate::record::{
    ByKind, Capabilities, Effect, Effects, Field, Forms, GhlId, Kind, KindCapabilities, Mapped, Method, Moment,
    NameForm, Record, Request, Side, TagCapabilities, User, Write,
};

/// What is needed to talk to one GHL location.
#[derive(Clone, Debug)]
pub struct GhlSettings {
    /// `https://services.leadconnectorhq.com`.
    pub base_url: String,
    /// Whether plain HTTP may leave this machine.
    pub allow_http: bool,
    /// The location (sub-account).
    pub location_id: String,
    /// How the location is entered.
    pub access: Access,
    /// Where it was found, for who has to replace it.
    pub secret_source: Option<String>,
    /// Where it stands which location that is, for who has to correct it.
    pub location_source: Option<String>,
    /// Further secrets that must never be in a text of this CRM's.
    pub secrets: Secrets,
    /// The `Version` header: `2021-07-28`.
    pub version: String,
    /// Contacts per page.
    pub page_size: u32,
    /// Requests in flight while notes are listed.
    pub concurrency: usize,
    /// At most so many requests a second, below what GHL announces; usually `None`.
    pub requests_per_second: Option<f64>,
    /// Timeouts, waits and attempts.
    pub patience: Patience,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Ends waits, and reads in flight.
    pub stop: CancellationToken,
    /// For the jitter of waits.
    pub seed: u64,
}

impl GhlSettings {
    /// Settings with every default.
    #[must_use]
    pub fn new(base_url: &str, token: SecretString, location_id: &str, clock: Arc<dyn Clock>) -> Self {
        Self::entered(base_url, Access::Token(token), location_id, clock)
    }

    /// The same, for a location that is entered in another way.
    #[must_use]
    pub fn entered(base_url: &str, access: Access, location_id: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            base_url: base_url.to_owned(),
            allow_http: false,
            location_id: location_id.to_owned(),
            access,
            secret_source: None,
            location_source: None,
            secrets: Secrets::default(),
            version: "2021-07-28".to_owned(),
            page_size: 100,
            concurrency: 8,
            requests_per_second: None,
            patience: Patience::default(),
            clock,
            stop: CancellationToken::new(),
            seed: 0,
        }
    }
}

/// How a location is entered.
#[derive(Clone, Debug)]
pub enum Access {
    /// With a private integration token.
    Token(SecretString),
    /// Through an app that was installed for it.
    App(Arc<OAuth>),
    /// Through an app that was installed for its agency.
    Agency(Arc<LocationGrant>),
}

/// A GHL location.
pub struct Ghl {
    http: Http,
    location_id: String,
    manner: write::Manner,
    page_size: u32,
    concurrency: usize,
}

impl fmt::Debug for Ghl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ghl").field("http", &self.http).finish_non_exhaustive()
    }
}

impl Ghl {
    /// Sets the client up; makes no request.
    ///
    /// # Errors
    /// Where the base URL, the token or the version cannot be used.
    pub fn new(settings: GhlSettings) -> Result<Self, SetupError> {
        let manner = write::Manner::of(settings.location_id.clone(), &settings.version);
        let http = HttpSettings {
            base_url: settings.base_url,
            allow_http: settings.allow_http,
            auth: match settings.access {
                Access::Token(token) => Auth::Bearer(token),
                Access::App(grant) => Auth::Granted(Arc::new(grant)),
                Access::Agency(grant) => Auth::Granted(grant),
            },
            source: settings.secret_source,
            location_source: settings.location_source,
            secrets: settings.secrets,
            headers: vec![("version", settings.version)],
            known_good: location(&settings.location_id),
            requests_per_second: settings.requests_per_second,
            patience: settings.patience,
            clock: settings.clock,
            stop: settings.stop,
            seed: settings.seed,
        };
        Ok(Self {
            manner,
            http: Http::new(http, DIALECT)?,
            location_id: settings.location_id,
            page_size: settings.page_size.max(1),
            concurrency: settings.concurrency,
        })
    }
}

/// Asks for the location: read without any contact, task or note.
fn location(id: &str) -> Request {
    Request::new(Method::Get, format!("/locations/{}", encode(id)))
}

/// Reads a body as each answer that is no record could be read; for the fuzzers.
pub(super) fn read_anything(body: &str, sink: &dyn Sink<GhlId>) {
    for kind in Kind::ALL {
        list::take_page(kind, body, sink);
        let _ = api::unwrapped(kind, body);
    }
    let _ = (api::account(body), custom::fields_of(body));
}

#[async_trait::async_trait]
impl Reader for Ghl {
    type Id = GhlId;

    fn capabilities(&self, _learned: &Learned) -> Capabilities {
        let kind = |at_once, clearable: &[Field]| KindCapabilities {
            list: true,
            at_once,
            create: true,
            update: true,
            delete: true,
            clearable: clearable.iter().cloned().collect(),
        };
        Capabilities {
            kinds: ByKind {
                contact: kind(true, &[Field::Name, Field::Email, Field::Phone]),
                task: kind(true, &[]),
                note: kind(false, &[]),
            },
            tags: TagCapabilities { read: true, add: true, remove: true, lowercase: true, with_create: true },
            name: NameForm::FirstAndLast,
            complete_endpoint: true,
            due_required: true,
            cascades: true,
        }
    }

    async fn account(&self) -> Result<Account, CrmError> {
        match self.http.read(&location(&self.location_id)).await? {
            Answer::Body(body) => match api::account(&body) {
                Some(location) if location.id == self.location_id => Ok(location),
                Some(other) => {
                    let (asked, answered) = (&self.location_id, other.id);
                    Err(self.http.protocol(format!("asked for location {asked}, it answered {answered}")))
                }
                None => Err(self.http.protocol("its location has no id")),
            },
            Answer::No(no) => Err(self.http.refused(&no)),
        }
    }

    async fn users(&self) -> Result<Vec<User>, CrmError> {
        self.staff().await
    }

    async fn resolve(&self, mappings: &[Mapping]) -> Result<Vec<Mapped>, CrmError> {
        self.resolved(mappings).await
    }

    async fn members(&self, business: &str) -> Result<BTreeSet<String>, CrmError> {
        self.contacts_of(business).await
    }

    async fn effects(&self, named: &[Effect]) -> Result<Effects, CrmError> {
        self.effects_named(named).await
    }

    async fn moments(&self, contact: &GhlId, forms: &Forms) -> Result<Vec<Moment>, CrmError> {
        self.appointments(contact, forms).await
    }

    async fn probe_tasks(&self, _contact: &GhlId) -> Result<Option<bool>, CrmError> {
        Ok(Some(true))
    }

    async fn list_contacts(&self, sink: &dyn Sink<GhlId>) -> Result<Listed<GhlId>, CrmError> {
        self.all_contacts(sink).await
    }

    async fn list_children(
        &self,
        kind: Kind,
        parents: &[GhlId],
        sink: &dyn Sink<GhlId>,
    ) -> Result<Listed<GhlId>, CrmError> {
        if parents.is_empty() && kind == Kind::Task {
            return self.all_tasks(sink).await;
        }
        let one = |contact| async move { self.children_of(kind, &contact).await };
        children(kind, parents, self.concurrency, sink, one, |contact| async move {
            self.one(Kind::Contact, &contact, None).await.map(drop)
        })
        .await
    }

    fn parse(&self, kind: Kind, payload: &str, shape: Shape, forms: &Forms) -> Result<Record, Unparsable> {
        api::parse(kind, payload, shape, forms)
    }

    fn unmapped_changes(&self, kind: Kind, before: &str, now: &str, alike: bool, forms: &Forms) -> BTreeSet<String> {
        unmapped::changes(kind, before, now, alike, forms)
    }

    async fn look_up(&self, kind: Kind, id: &GhlId, parent: Option<&GhlId>) -> Result<Lookup, CrmError> {
        self.one(kind, id, parent).await
    }

    async fn under(&self, kind: Kind, contact: &GhlId) -> Result<Vec<RawRecord<GhlId>>, CrmError> {
        self.primary_children(kind, contact).await
    }

    async fn find_existing(&self, record: &Record) -> Result<Option<GhlId>, CrmError> {
        self.duplicate_of(record).await
    }

    async fn list_created(&self, _since: Timestamp) -> Result<Option<Vec<RawRecord<GhlId>>>, CrmError> {
        Ok(None)
    }

    async fn newest(&self, _offset: usize) -> Result<Newest<GhlId>, CrmError> {
        Ok(Newest { rows: 0, records: Vec::new() })
    }

    async fn find_created(
        &self,
        kind: Kind,
        parent: Option<&GhlId>,
        record: &Record,
        since: Timestamp,
        forms: &Forms,
    ) -> Result<Vec<Found<GhlId>>, CrmError> {
        match (kind, parent) {
            (Kind::Contact, _) => self.created_contact(record, forms).await,
            (_, Some(parent)) => self.created_children(kind, parent, record, since, forms).await,
            (_, None) => Err(self.http.protocol(format!("a {kind} can only be looked for with its contact"))),
        }
    }

    fn requests(&self, write: &Write, was: Option<&str>, forms: &Forms) -> Vec<Request> {
        write::requests(&self.manner, write, was, forms)
    }

    fn usage(&self) -> Usage {
        self.http.usage()
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        self.http.announced().ahead
    }
}

#[async_trait::async_trait]
impl Writer for Ghl {
    async fn send(&self, request: &Request, again: Again<'_>) -> Outcome {
        let is_tag = request.path.ends_with("/tags");
        self.http.write(request, request.method != Method::Post || is_tag, again).await
    }

    fn answered(&self, write: &Write, body: &str, forms: &Forms) -> Result<Answered<GhlId>, Unparsable> {
        write::answered(write, body, forms)
    }
}

/// What GHL's statuses mean (`GHL API notes, 4`).
const DIALECT: Dialect = Dialect {
    side: Side::Ghl,
    refuses_credentials: |status, _| matches!(status, 401 | 403),
    passes: |status, message| status == 401 && message.contains("Command timed out"),
    // Such a create may still have been done (GHL issue 64).
    unclear: |request, status| status == 422 && request.method == Method::Post && request.path == "/contacts/",
    gone: gone::ends,
    scope: scope::needed,
};
