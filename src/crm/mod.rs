//! The two CRMs: what both can be asked, and what they can answer. Wire shapes stop in this room.

mod answer;
pub mod catalogue;
pub mod cliengo;
mod dialect;
mod difference;
mod error;
#[doc(hidden)]
pub mod fuzzing;
pub mod ghl;
mod gone;
mod grants;
mod http;
mod listing;
mod mend;
mod outcome;
mod pace;
mod path;
mod retry;
mod row;
mod secrets;
mod sink;
mod transport;
mod trust;
mod waiting;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use futures::future::BoxFuture;

pub use error::{CrmError, SinkError};
pub use http::SetupError;
use jiff::{SignedDuration, Timestamp};
pub use listing::Newest;
pub use pace::Announced;
pub(crate) use path::is_id;
pub use retry::Patience;
pub use secrets::Secrets;
pub use sink::Sink;
use thiserror::Error;

use crate::config::Mapping;
use crate::record::{
    Capabilities, CliengoId, Effect, Effects, Forms, GhlId, Kind, Likeness, Mapped, Moment, Record, RemoteId, Request,
    User, Write,
};

/// The first 16 bytes of a blake3 hash over a payload without its volatile keys (`semantics` 4).
pub type Fingerprint = [u8; 16];

/// One record as it came over the wire.
#[derive(Clone, Debug)]
pub struct RawRecord<I> {
    /// Its id.
    pub id: I,
    /// The contact that a task or note belongs to.
    pub parent: Option<I>,
    /// The JSON text, untouched.
    pub payload: String,
    /// What change detection compares.
    pub fingerprint: Fingerprint,
}

/// What was listed of one kind.
#[derive(Clone, Debug)]
pub struct Listed<I> {
    /// How many different records came.
    pub count: u64,
    /// What the listing can say about absence.
    pub coverage: Coverage<I>,
    /// The account that the records say they belong to, where they do (Cliengo's `accountId`).
    pub account: Option<String>,
    /// Whether any record carried tags (`semantics` 14).
    pub tags_seen: bool,
    /// Whether every record says where it is filed.
    pub places_told: bool,
    /// Contacts whose tasks or notes were asked for and could not be read, each with the reason.
    pub unread: BTreeMap<I, String>,
    /// Those of them that are gone, as the CRM says.
    pub gone: BTreeSet<I>,
    /// Why the CRM could not be read, where it could not: what came before claims nothing of the account (`semantics` 52).
    pub failed: Option<CrmError>,
    /// Rows without an id, as they came: somebody's, and nobody knows whose. (`semantics` 49)
    pub unidentified: Vec<String>,
}

/// What a listing proves about records that are not in it.
#[derive(Clone, Debug)]
pub enum Coverage<I> {
    /// Every record of the kind was seen.
    Complete(CompleteListing),
    /// Every record of these parents was seen (`semantics` 28).
    Parents(BTreeSet<I>),
    /// Nothing: say why in a person's words.
    Incomplete(String),
}

/// Proof that a listing reached its end, with no page failed, no cursor repeated, no id twice with different content,
/// and its count equal to the total that the CRM gave. Only this room can make one. (I27)
#[derive(Clone, Copy, Debug)]
pub struct CompleteListing(());

impl CompleteListing {
    /// For this room's listing code, at the one place where all conditions were checked.
    pub(in crate::crm) const fn proven() -> Self {
        Self(())
    }
}

/// What a GET by id says of one record.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// It exists; this is its payload, in the shape of a single GET.
    Present(String),
    /// It does not exist any more, in the CRM's own words (`semantics` 20).
    Gone(Gone),
}

/// Positive evidence that a record is gone. Only this room can make one. (I20)
#[derive(Clone, Copy, Debug)]
pub struct Gone(());

impl Gone {
    /// For this room's lookup code, where the CRM's answer said so.
    pub(in crate::crm) const fn witnessed() -> Self {
        Self(())
    }
}

/// In which shape a payload came: it decides whether a missing key is unknown or empty (`semantics` 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A row of a listing.
    Listed,
    /// A GET by id.
    Single,
    /// The answer to a write: what it does not carry is unknown.
    Answer,
}

/// What came of one write request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It never reached the CRM.
    NotSent(String),
    /// The CRM said no, and did nothing.
    Refused(Refusal),
    /// It may or may not have been done.
    Unknown(String),
    /// It said no to this very request, and may have done it all the same: unknown, but the CRM is well.
    Doubtful(String),
    /// Done; this is the answer's body.
    Applied(String),
}

/// A CRM's no.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What it said, shortened, without contact data where that can be told.
    pub message: String,
    /// The record that already stands there, where a duplicate was refused: a match to consider.
    pub existing: Option<String>,
    /// The field that this record has already, in the CRM's word for it.
    pub taken: Option<String>,
    /// Whether it said that the record written to is gone.
    pub gone: bool,
    /// Whether it is a page, as a firewall in front of the CRM answers: nothing is said of the credentials.
    pub is_page: bool,
}

/// The account behind the credentials.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id: the state file is bound to it.
    pub id: String,
    /// Its name, for a person.
    pub name: String,
    /// ISO alpha-2 country, where it says.
    pub country: Option<String>,
    /// IANA zone, where it says.
    pub zone: Option<String>,
}

/// What was learned of an account and is pinned in the state, so that one failing probe never changes a mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Cliengo answers to task requests (`semantics` 27).
    pub tasks: bool,
    /// Cliengo's listings show tags (`semantics` 14).
    pub tags_read: bool,
    /// Cliengo parts a name that it is sent, and puts a last name in the place of the one that stood there. (`semantics` 12, 41)
    pub parts_names: bool,
}

/// Requests made so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// GETs and searches.
    pub reads: u64,
    /// Everything that changes something.
    pub writes: u64,
    /// Answers that said "too many requests" (429).
    pub throttled: u64,
    /// What the CRM says is left of the day's quota.
    pub daily_remaining: Option<u64>,
}

/// A payload that is not the record it should be: that record is held, counted and reported, never "absent" (I30).
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Unparsable(pub String);

/// What the answer to a write says.
#[derive(Clone, Debug)]
pub struct Answered<I> {
    /// The id of what was created.
    pub id: Option<I>,
    /// The fields that the answer carries.
    pub record: Record,
    /// The record as it came; `None` where the answer is none.
    pub payload: Option<String>,
    /// When the record came to be, where the answer says so to the instant: an older one was not created by this request.
    pub created: Option<Timestamp>,
}

impl<I> Default for Answered<I> {
    fn default() -> Self {
        Self { id: None, record: Record::default(), payload: None, created: None }
    }
}

/// A record found while looking for one whose creation has an unknown outcome.
#[derive(Clone, Debug)]
pub struct Found<I> {
    /// Its id.
    pub id: I,
    /// When it came to be, where that can be told.
    pub created: Option<Timestamp>,
    /// Its payload, in the shape of `shape`.
    pub payload: String,
    /// The shape it came in.
    pub shape: Shape,
    /// How far it is what was sent.
    pub likeness: Likeness,
}

/// Reading a CRM: all that a dry run is given.
#[async_trait]
pub trait Reader: Sync + std::fmt::Debug {
    /// The type of this CRM's ids.
    type Id: RemoteId;

    /// What this side can do, given what was learned of the account.
    fn capabilities(&self, learned: &Learned) -> Capabilities;

    /// The account behind the credentials.
    async fn account(&self) -> Result<Account, CrmError>;

    /// Finds the pair's mapped fields in the account; asks only where one has to be looked up.
    ///
    /// # Errors
    /// When it could not be asked, or there is no such field.
    async fn resolve(&self, mappings: &[Mapping]) -> Result<Vec<Mapped>, CrmError>;

    /// Finds what triggers name in the account, each with what is sent for it, or why it is not there; asks only where one
    /// has to be looked up. A CRM without such things has none.
    ///
    /// # Errors
    /// For quota and a stop.
    async fn effects(&self, named: &[Effect]) -> Result<Effects, CrmError> {
        let _ = named;
        Ok(Effects::new())
    }

    /// The users to whom something can be assigned, without those that were deleted.
    ///
    /// # Errors
    /// When they could not be asked for, or their list is none.
    async fn users(&self) -> Result<Vec<User>, CrmError>;

    /// The contacts of a business. A CRM without businesses has none.
    ///
    /// # Errors
    /// When they could not be asked for, or their list is none.
    async fn members(&self, business: &str) -> Result<BTreeSet<String>, CrmError> {
        let _ = business;
        Ok(BTreeSet::new())
    }

    /// What happened with a contact here and can be told on the other side. A CRM without such things has none.
    ///
    /// # Errors
    /// When it could not be asked.
    async fn moments(&self, contact: &Self::Id, forms: &Forms) -> Result<Vec<Moment>, CrmError> {
        let _ = (contact, forms);
        Ok(Vec::new())
    }

    /// Where a listed contact came from, where this CRM tells it.
    fn lead(&self, payload: &str) -> Option<String> {
        let _ = payload;
        None
    }

    /// Refuses where contacts cannot be created as the configuration says: its website is not there. A CRM without such a
    /// place takes them anyway.
    ///
    /// # Errors
    /// When there is no such place.
    async fn refuse_unknown_place(&self) -> Result<(), CrmError> {
        Ok(())
    }

    /// Whether the account has tasks; asked once, with any existing contact. `None`: it could not be told this time.
    ///
    /// # Errors
    /// For quota and a stop.
    async fn probe_tasks(&self, contact: &Self::Id) -> Result<Option<bool>, CrmError>;

    /// Lists every contact.
    ///
    /// # Errors
    /// For credentials, quota, a stop and the sink. Everything else ends as `Coverage::Incomplete`, and says whether the CRM
    /// could not be read.
    async fn list_contacts(&self, sink: &dyn Sink<Self::Id>) -> Result<Listed<Self::Id>, CrmError>;

    /// Lists what stands under `parents`, several requests in flight; everybody's where none is named and the CRM lists that
    /// kind at once. A parent whose listing failed is not in the coverage.
    ///
    /// # Errors
    /// As `list_contacts`.
    async fn list_children(
        &self,
        kind: Kind,
        parents: &[Self::Id],
        sink: &dyn Sink<Self::Id>,
    ) -> Result<Listed<Self::Id>, CrmError>;

    /// Makes a payload canonical.
    ///
    /// # Errors
    /// When the payload is not such a record.
    fn parse(&self, kind: Kind, payload: &str, shape: Shape, forms: &Forms) -> Result<Record, Unparsable>;

    /// What changed between two payloads of one record that no field shows, by key: an address, an owner, a custom field
    /// that is not mapped. `alike` where both came in the same shape; else only what both shapes show is compared. Pure.
    fn unmapped_changes(&self, kind: Kind, before: &str, now: &str, alike: bool, forms: &Forms) -> BTreeSet<String>;

    /// Asks for one record by id; where a CRM has no such request for a kind, its contact's list is read.
    ///
    /// # Errors
    /// For everything that is neither "here it is" nor "this id is gone": that is no evidence. (I20)
    async fn look_up(&self, kind: Kind, id: &Self::Id, parent: Option<&Self::Id>) -> Result<Lookup, CrmError>;

    /// The tasks or notes of one contact, from the primary store.
    ///
    /// # Errors
    /// When they could not be read to the end.
    async fn under(&self, kind: Kind, contact: &Self::Id) -> Result<Vec<RawRecord<Self::Id>>, CrmError>;

    /// The record that already stands where `record` is to be created, as the primary store says (`semantics` 6).
    /// A CRM without such a request answers `None` without making one.
    ///
    /// # Errors
    /// When it could not be asked.
    async fn find_existing(&self, record: &Record) -> Result<Option<Self::Id>, CrmError>;

    /// The contacts that were created since, with some that were before, from the primary store. `None` without a request
    /// where a CRM is asked by key: [`Self::find_existing`].
    ///
    /// # Errors
    /// When they could not be read to the end.
    async fn list_created(&self, since: Timestamp) -> Result<Option<Vec<RawRecord<Self::Id>>>, CrmError>;

    /// A page of the newest contacts, behind the first `offset` ones: for a CRM that cannot be asked by key. None elsewhere.
    ///
    /// # Errors
    /// When it could not be read.
    async fn newest(&self, offset: usize) -> Result<Newest<Self::Id>, CrmError>;

    /// What an unknown create of `record` may have made, from the primary store (`semantics` 31): contacts of the same person, and
    /// every task or note of the contact, each with how far it is what was sent.
    ///
    /// # Errors
    /// When it could not be read to its end.
    async fn find_created(
        &self,
        kind: Kind,
        parent: Option<&Self::Id>,
        record: &Record,
        since: Timestamp,
        forms: &Forms,
    ) -> Result<Vec<Found<Self::Id>>, CrmError>;

    /// The requests that `write` becomes, in order. `listed` is the record as it came: what of it has to be repeated, so that
    /// it is not lost. Pure: a plan shows them, a run sends the same.
    fn requests(&self, write: &Write, listed: Option<&str>, forms: &Forms) -> Vec<Request>;

    /// Requests made so far.
    fn usage(&self) -> Usage;

    /// How far its clock is ahead of ours, where its last answer said what time it is.
    fn clock_ahead(&self) -> Option<SignedDuration>;
}

/// Asked before a request is repeated that may have been done: whether what it is to change is still as it was.
pub type Again<'a> = &'a (dyn Fn() -> BoxFuture<'a, bool> + Sync);

/// Both CRMs to write to: only a run that applies is given them. (I46)
#[derive(Clone, Copy, Debug)]
pub struct Writers<'a> {
    /// Cliengo.
    pub cliengo: &'a dyn Writer<Id = CliengoId>,
    /// GHL.
    pub ghl: &'a dyn Writer<Id = GhlId>,
}

/// Writing to a CRM: only a run that applies has one. (I46)
#[async_trait]
pub trait Writer: Reader {
    /// Sends one request of a plan and classifies what came of it. Retries only what is safe to repeat; one that may have
    /// been done, only where `again` says so. (`semantics` 58)
    async fn send(&self, request: &Request, again: Again<'_>) -> Outcome;

    /// Reads the answer of an applied request.
    ///
    /// # Errors
    /// When a create's answer has no id, or the body is not what it should be.
    fn answered(&self, write: &Write, body: &str, forms: &Forms) -> Result<Answered<Self::Id>, Unparsable>;
}

/// Every operation: Cliengo's, then GHL's, in the order of their documents.
#[must_use]
pub fn catalogue() -> Vec<catalogue::Listed> {
    cliengo::catalogue().chain(ghl::catalogue()).collect()
}
