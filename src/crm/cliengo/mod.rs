//! Cliengo: its settings, what it can do, and how it is read and written.
//! Long, since it has all of both traits.

mod api;
mod catalogue;
mod extra_params;
mod gone;
mod lead;
mod list;
mod probe;
mod unmapped;
mod window;
mod write;

pub(super) use catalogue::catalogue;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

pub use extra_params::ExtraParamsTried;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
pub use probe::{Leads, Rights, Sample, Website};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::dialect::Dialect;
use super::http::{Auth, Http, HttpSettings, SetupError};
use super::listing::{Failed, Newest, children};
use super::path::encode;
use super::retry::Patience;
use super::{
    Account, Again, Answered, CrmError, Found, Gone, Learned, Listed, Lookup, Outcome, RawRecord, Reader, Secrets,
    Shape, Sink, Unparsable, Usage, Writer,
};
use crate::clock::Clock;
use crate::config::Mapping;
use crate::record::{
    ByKind, Capabilities, CliengoId, Forms, Kind, KindCapabilities, Likeness, Mapped, MatchKey, Method, Moment,
    NameForm, Record, RemoteId, Request, Side, TagCapabilities, User, Write,
};

/// How Cliengo is told who asks (`Cliengo API notes, 1.2`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CliengoAuth {
    /// `?api_key=`: the one that most sources confirm.
    #[default]
    Query,
    /// `Authorization: Bearer`.
    Bearer,
    /// A JWT from `GET /jwt?api_key=`, sent without `Bearer`.
    Jwt,
}

/// Whether tasks are looked for as a resource (`semantics` 27).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TasksMode {
    /// Where the probe found them.
    #[default]
    Auto,
    /// Yes.
    Resource,
    /// No.
    Off,
}

/// What no probe can settle about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about an account, read by name")]
pub struct CliengoCapabilities {
    /// `DELETE /contacts/{id}` may be used.
    pub contact_delete: bool,
    /// Listings show tags; `None` where that is learned from them.
    pub tags_read: Option<bool>,
    /// `DELETE /contacts/{id}/tags` exists.
    pub tag_remove: bool,
    /// `PUT /contacts/{id}/notes/{id}` exists.
    pub note_update: bool,
    /// `DELETE /contacts/{id}/notes/{id}` exists.
    pub note_delete: bool,
}

impl Default for CliengoCapabilities {
    fn default() -> Self {
        Self { contact_delete: true, tags_read: None, tag_remove: false, note_update: false, note_delete: false }
    }
}

/// What is needed to talk to one Cliengo account.
#[derive(Clone, Debug)]
pub struct CliengoSettings {
    /// `https://api.cliengo.com/1.0`.
    pub base_url: String,
    /// Whether plain HTTP may leave this machine.
    pub allow_http: bool,
    /// How the secret is sent.
    pub auth: CliengoAuth,
    /// The API key.
    pub secret: SecretString,
    /// Where it was found, for who has to replace it.
    pub secret_source: Option<String>,
    /// Further secrets that must never be in a text of this CRM's.
    pub secrets: Secrets,
    /// The website that new contacts belong to.
    pub website_id: String,
    /// At most so many requests a second; no limit where `None`.
    pub requests_per_second: Option<f64>,
    /// Contacts per page. 50 is known to work (`Cliengo API notes, 1.6`).
    pub page_size: u32,
    /// Requests in flight while notes and tasks are listed.
    pub concurrency: usize,
    /// Whether there are tasks.
    pub tasks: TasksMode,
    /// What no probe can settle.
    pub capabilities: CliengoCapabilities,
    /// Where the first date window begins.
    pub epoch: Date,
    /// Timeouts, waits and attempts.
    pub patience: Patience,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Ends waits, and reads in flight.
    pub stop: CancellationToken,
    /// For the jitter of waits.
    pub seed: u64,
}

impl CliengoSettings {
    /// Settings with every default.
    #[must_use]
    pub fn new(base_url: &str, secret: SecretString, website_id: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            base_url: base_url.to_owned(),
            allow_http: false,
            auth: CliengoAuth::default(),
            secret,
            secret_source: None,
            secrets: Secrets::default(),
            website_id: website_id.to_owned(),
            requests_per_second: Some(2.0),
            page_size: 50,
            concurrency: 8,
            tasks: TasksMode::default(),
            capabilities: CliengoCapabilities::default(),
            epoch: Date::constant(2010, 1, 1),
            patience: Patience::default(),
            clock,
            stop: CancellationToken::new(),
            seed: 0,
        }
    }
}

/// Who the key belongs to: read without any contact, task or note.
const ACCOUNT: &str = "/account";

/// Reads a body as each answer that is no record could be read; for the fuzzers.
pub(super) fn read_anything(body: &str) {
    list::take_page(body);
    let _ = (api::account(body), api::id_of(body));
}

/// A Cliengo account.
pub struct Cliengo {
    http: Http,
    website_id: String,
    page_size: u32,
    concurrency: usize,
    tasks: TasksMode,
    capabilities: CliengoCapabilities,
    epoch: Date,
}

impl fmt::Debug for Cliengo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cliengo").field("http", &self.http).finish_non_exhaustive()
    }
}

impl Cliengo {
    /// Sets the client up; makes no request.
    ///
    /// # Errors
    /// Where the base URL or the secret cannot be used.
    pub fn new(settings: CliengoSettings) -> Result<Self, SetupError> {
        let auth = match settings.auth {
            CliengoAuth::Query => Auth::QueryKey(settings.secret),
            CliengoAuth::Bearer => Auth::Bearer(settings.secret),
            CliengoAuth::Jwt => Auth::Exchanged(settings.secret),
        };
        let http = HttpSettings {
            base_url: settings.base_url,
            allow_http: settings.allow_http,
            auth,
            source: settings.secret_source,
            location_source: None,
            secrets: settings.secrets,
            headers: Vec::new(),
            known_good: Request::new(Method::Get, ACCOUNT),
            requests_per_second: settings.requests_per_second,
            patience: settings.patience,
            clock: settings.clock,
            stop: settings.stop,
            seed: settings.seed,
        };
        Ok(Self {
            http: Http::new(http, DIALECT)?,
            website_id: settings.website_id,
            page_size: settings.page_size.max(1),
            concurrency: settings.concurrency,
            tasks: settings.tasks,
            capabilities: settings.capabilities,
            epoch: settings.epoch,
        })
    }

    async fn contact(&self, id: &CliengoId) -> Result<Lookup, CrmError> {
        let request = Request::new(Method::Get, format!("/contacts/{}", encode(id.as_str())));
        match self.http.read(&request).await? {
            Answer::Body(body) if api::id_of(&body).as_deref() == Some(id.as_str()) => {
                let gone = gone::is_deleted(&body);
                Ok(if gone { Lookup::Gone(Gone::witnessed()) } else { Lookup::Present(body) })
            }
            Answer::Body(_) => Err(self.http.protocol("asked for one contact, it answered something else")),
            Answer::No(no) if gone::says_gone(&no, id.as_str()) => Ok(Lookup::Gone(Gone::witnessed())),
            Answer::No(no) => Err(self.http.refused(&no)),
        }
    }

    /// Looks for a child in its contact's list; Cliengo has no request for one (`Cliengo API notes, 2.7`).
    async fn child(&self, kind: Kind, id: &CliengoId, parent: &CliengoId) -> Result<Lookup, CrmError> {
        match self.children_of(kind, parent).await {
            Ok(records) => Ok(records
                .into_iter()
                .find(|record| record.id == *id)
                .map_or_else(|| Lookup::Gone(Gone::witnessed()), |record| Lookup::Present(record.payload))),
            Err(failed) => match self.contact(parent).await? {
                gone @ Lookup::Gone(_) => Ok(gone),
                Lookup::Present(_) => Err(self.error(failed)),
            },
        }
    }

    fn error(&self, failed: Failed) -> CrmError {
        match failed {
            Failed::Run(error) | Failed::Unread(error) | Failed::Gone(error) => error,
            Failed::Void(why) => self.http.protocol(why),
        }
    }
}

#[async_trait::async_trait]
impl Reader for Cliengo {
    type Id = CliengoId;

    fn capabilities(&self, learned: &Learned) -> Capabilities {
        let settled = self.capabilities;
        let tasks = learned.tasks && self.tasks != TasksMode::Off;
        let kind = |list, update, delete| KindCapabilities {
            list,
            at_once: false,
            create: list,
            update,
            delete,
            // What `null` and `""` do is undocumented, so nothing is ever cleared (`semantics` 2).
            clearable: BTreeSet::new(),
        };
        Capabilities {
            kinds: ByKind {
                contact: kind(true, true, settled.contact_delete),
                task: kind(tasks, tasks, tasks),
                note: kind(true, settled.note_update, settled.note_delete),
            },
            tags: TagCapabilities {
                read: settled.tags_read.unwrap_or(learned.tags_read),
                add: true,
                remove: settled.tag_remove,
                lowercase: false,
                with_create: false,
            },
            name: if learned.parts_names { NameForm::Parted } else { NameForm::NameAndReadOnlyLast },
            complete_endpoint: false,
            due_required: false,
            cascades: true,
        }
    }

    async fn account(&self) -> Result<Account, CrmError> {
        match self.http.read(&Request::new(Method::Get, ACCOUNT)).await? {
            Answer::Body(body) => api::account(&body).ok_or_else(|| self.http.protocol("its account has no id")),
            Answer::No(no) => Err(self.http.refused(&no)),
        }
    }

    async fn users(&self) -> Result<Vec<User>, CrmError> {
        self.staff().await
    }

    async fn resolve(&self, _mappings: &[Mapping]) -> Result<Vec<Mapped>, CrmError> {
        // GHL's fields decide what a mapped field holds.
        Ok(Vec::new())
    }

    async fn refuse_unknown_place(&self) -> Result<(), CrmError> {
        self.refuse_unknown_website().await
    }

    async fn moments(&self, contact: &CliengoId, forms: &Forms) -> Result<Vec<Moment>, CrmError> {
        self.days_of_talk(contact, forms).await
    }

    fn lead(&self, payload: &str) -> Option<String> {
        lead::lead(payload)
    }

    /// Whatever an account without tasks says of them, it is one without tasks (`semantics` 27).
    async fn probe_tasks(&self, contact: &CliengoId) -> Result<Option<bool>, CrmError> {
        match self.http.read_once(&list::children_request(Kind::Task, contact)).await {
            Ok(Answer::Body(body)) => Ok(Some(list::are_tasks(&body))),
            Ok(Answer::No(_))
            | Err(CrmError::Credentials { .. } | CrmError::Protocol { .. } | CrmError::Blocked { .. }) => {
                Ok(Some(false))
            }
            Err(CrmError::Unavailable { message, .. }) => {
                tracing::info!(
                    message,
                    "whether Cliengo has tasks could not be told; it is asked again in the next run"
                );
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn list_contacts(&self, sink: &dyn Sink<CliengoId>) -> Result<Listed<CliengoId>, CrmError> {
        self.all_contacts(sink).await
    }

    async fn list_children(
        &self,
        kind: Kind,
        parents: &[CliengoId],
        sink: &dyn Sink<CliengoId>,
    ) -> Result<Listed<CliengoId>, CrmError> {
        let one = |parent| async move { self.children_of(kind, &parent).await };
        children(
            kind,
            parents,
            self.concurrency,
            sink,
            one,
            |contact| async move { self.contact(&contact).await.map(drop) },
        )
        .await
    }

    fn parse(&self, kind: Kind, payload: &str, shape: Shape, forms: &Forms) -> Result<Record, Unparsable> {
        api::parse(kind, payload, shape, forms)
    }

    fn unmapped_changes(&self, kind: Kind, before: &str, now: &str, alike: bool, forms: &Forms) -> BTreeSet<String> {
        unmapped::changes(kind, before, now, alike, forms)
    }

    async fn look_up(&self, kind: Kind, id: &CliengoId, parent: Option<&CliengoId>) -> Result<Lookup, CrmError> {
        match (kind, parent) {
            (Kind::Contact, _) => self.contact(id).await,
            (_, Some(parent)) => self.child(kind, id, parent).await,
            (_, None) => Err(self.http.protocol(format!("a {kind} can only be looked up with its contact"))),
        }
    }

    async fn under(&self, kind: Kind, contact: &CliengoId) -> Result<Vec<RawRecord<CliengoId>>, CrmError> {
        self.children_of(kind, contact).await.map_err(|failed| self.error(failed))
    }

    async fn find_existing(&self, _record: &Record) -> Result<Option<CliengoId>, CrmError> {
        // Cliengo has no such request (`Cliengo API notes, 2.5`).
        Ok(None)
    }

    async fn list_created(&self, since: Timestamp) -> Result<Option<Vec<RawRecord<CliengoId>>>, CrmError> {
        self.contacts_since(since).await.map(Some).map_err(|failed| self.error(failed))
    }

    async fn newest(&self, offset: usize) -> Result<Newest<CliengoId>, CrmError> {
        self.newest_contacts(offset).await.map_err(|failed| self.error(failed))
    }

    async fn find_created(
        &self,
        kind: Kind,
        parent: Option<&CliengoId>,
        record: &Record,
        since: Timestamp,
        forms: &Forms,
    ) -> Result<Vec<Found<CliengoId>>, CrmError> {
        let listed = match (kind, parent) {
            (Kind::Contact, _) => self.contacts_since(since).await,
            (_, Some(parent)) => self.children_of(kind, parent).await,
            (_, None) => return Err(self.http.protocol(format!("a {kind} can only be looked for with its contact"))),
        };
        let mut found = Vec::new();
        for raw in listed.map_err(|failed| self.error(failed))? {
            let theirs = match api::parse(kind, &raw.payload, Shape::Listed, forms) {
                Ok(theirs) => theirs,
                Err(why) if could_be(record, &raw.payload) => return Err(self.http.protocol(why.to_string())),
                Err(_) => continue,
            };
            match record.compared_with_made(kind, &theirs, since) {
                Some(Likeness::Other) if kind == Kind::Contact => {}
                Some(likeness) => {
                    let (created, payload, shape) = (theirs.created, raw.payload, Shape::Listed);
                    found.push(Found { id: raw.id, created, payload, shape, likeness });
                }
                // One of which too little can be read could be the one that is looked for.
                None if kind != Kind::Contact || could_be(record, &raw.payload) => {
                    return Err(self.http.protocol(format!("a {kind} of its list cannot be understood")));
                }
                None => {}
            }
        }
        Ok(found)
    }

    fn requests(&self, write: &Write, listed: Option<&str>, forms: &Forms) -> Vec<Request> {
        write::requests(&self.website_id, write, listed, forms)
    }

    fn usage(&self) -> Usage {
        self.http.usage()
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        self.http.announced().ahead
    }
}

#[async_trait::async_trait]
impl Writer for Cliengo {
    async fn send(&self, request: &Request, again: Again<'_>) -> Outcome {
        let is_tag = request.path.ends_with("/tags");
        self.http.write(request, request.method != Method::Post || is_tag, again).await
    }

    fn answered(&self, write: &Write, body: &str, forms: &Forms) -> Result<Answered<CliengoId>, Unparsable> {
        write::answered(write, body, forms)
    }
}

/// Whether a payload that cannot be understood names the e-mail or the phone of `record`, as far as can be told.
fn could_be(record: &Record, payload: &str) -> bool {
    let text: String = payload.to_lowercase().chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
    let names = |part: &str| !part.is_empty() && text.contains(part);
    record.match_keys().into_iter().any(|key| match key {
        MatchKey::Email(email) => names(&email.replace(['-', '.'], "")),
        MatchKey::Phone(phone) => {
            let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
            names(digits.get(digits.len().saturating_sub(7)..).unwrap_or_default())
        }
    })
}

const DIALECT: Dialect = Dialect {
    side: Side::Cliengo,
    // Neither the status that goes with "You couldn't be authenticated" nor its wording is documented: it may be a 200
    // (`Cliengo API notes, 1.4`).
    refuses_credentials: |status, message| {
        matches!(status, 401 | 403) || (status < 500 && speaks_of_credentials(message))
    },
    passes: |_, _| false,
    unclear: |_, _| false,
    gone: gone::ends,
    scope: |_| None,
};

/// Whether a message is about who asks, in any wording that was seen or is likely.
fn speaks_of_credentials(message: &str) -> bool {
    let said = message.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let names_one = any(&["api_key", "api key", "apikey", "api-key", "token", "jwt", "credential"]);
    let finds_fault = any(&[
        "invalid",
        "not valid",
        "inválid",
        "expired",
        "expirad",
        "wrong",
        "incorrect",
        "missing",
        "required",
        "revoked",
        "unknown",
        "disabled",
        "malformed",
        "not found",
        "no such",
    ]);
    any(&["authenticat", "autentica", "unauthori", "not authori", "no autorizad", "access denied"])
        || (names_one && finds_fault)
}
