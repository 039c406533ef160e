//! One pair: a Cliengo account and a GHL location that are kept alike.

use std::time::Duration;

use serde::Serialize;

use super::choice::Choice;
use super::secret::Secret;
use crate::record::{Kind, Side};

/// A Cliengo account and a GHL location that are kept alike, and how.
///
/// Serializes to what decides the operations of a plan (see [`Pair::fingerprint`]): pace, timing and secrets are left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// Its name: `[a-z0-9_-]`, since it becomes a file name. Unique.
    pub name: String,
    /// The country of phones written without one, ISO 3166 alpha-2; `None`: the GHL location's.
    pub region: Option<String>,
    /// How long an unknown outcome rests before it is read back.
    #[serde(skip)]
    pub settle: Duration,
    /// The two accounts.
    pub accounts: Accounts,
    /// How Cliengo is spoken to.
    pub cliengo: Cliengo,
    /// How GHL is spoken to.
    pub ghl: Ghl,
    /// The rules for contacts.
    pub contacts: KindPolicy,
    /// The rules for tasks.
    pub tasks: TaskPolicy,
    /// The rules for notes.
    pub notes: NotePolicy,
    /// The limits above which a plan is not applied.
    pub guard: Guard,
}

impl Pair {
    /// Whether both CRMs are the embedded ones.
    #[must_use]
    pub const fn is_sandbox(&self) -> bool {
        matches!(self.accounts, Accounts::Sandbox)
    }

    /// The rules that every kind has.
    #[must_use]
    pub const fn policy(&self, kind: Kind) -> &KindPolicy {
        match kind {
            Kind::Contact => &self.contacts,
            Kind::Task => &self.tasks.policy,
            Kind::Note => &self.notes.policy,
        }
    }

    /// A hex digest of what decides the operations of a plan: a saved plan with another one is stale.
    ///
    /// Secrets, request rates, page sizes and waiting times may change without it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"concord.pair/1\n");
        // Field order is declaration order and no map is involved, so equal pairs give equal bytes. Serializing plain
        // data cannot fail; were it to, the digest of the debug form still changes with every setting.
        match serde_json::to_vec(self) {
            Ok(canonical) => hasher.update(&canonical),
            Err(_) => hasher.update(format!("{self:?}").as_bytes()),
        };
        hasher.finalize().to_hex().to_string()
    }
}

/// Which two accounts a pair connects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Accounts {
    /// Both CRMs embedded: started with the run, with their own keys.
    Sandbox,
    /// Accounts at the real CRMs.
    Real(Box<RealAccounts>),
}

/// The two accounts of a real pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RealAccounts {
    /// The Cliengo account.
    pub cliengo: CliengoAccount,
    /// The GHL location.
    pub ghl: GhlAccount,
}

/// A Cliengo account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CliengoAccount {
    /// The API's address, without a slash at its end.
    pub base_url: String,
    /// The API key.
    #[serde(skip)]
    pub api_key: Secret,
    /// The website under which contacts are created.
    pub website_id: String,
}

/// A GHL location (sub-account).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GhlAccount {
    /// The API's address, without a slash at its end.
    pub base_url: String,
    /// The location.
    pub location_id: String,
    /// The private integration token.
    #[serde(skip)]
    pub token: Secret,
}

/// How Cliengo is spoken to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cliengo {
    /// How the API key is sent.
    #[serde(skip)]
    pub auth: CliengoAuth,
    /// Requests in a second, above 0; `f64::INFINITY`: no limit.
    #[serde(skip)]
    pub requests_per_second: f64,
    /// Records on a page, from 1 to 100.
    #[serde(skip)]
    pub page_size: u32,
    /// Younger contacts are left for the next run.
    pub min_age: Duration,
    /// How tasks are kept there.
    pub tasks: TasksMode,
    /// What no probe can settle.
    pub capabilities: CliengoCapabilities,
}

/// How Cliengo's API key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CliengoAuth {
    /// As a query parameter.
    Query,
    /// As a bearer token.
    Bearer,
    /// Exchanged for a session token.
    Jwt,
}

impl Choice for CliengoAuth {
    const WORDS: &'static [(&'static str, Self)] =
        &[("query", Self::Query), ("bearer", Self::Bearer), ("jwt", Self::Jwt)];
}

/// How tasks are kept on Cliengo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TasksMode {
    /// As a resource where a probe finds one, else not at all.
    Auto,
    /// As a resource of their own.
    Resource,
    /// As the contact's due date, one way.
    DueDate,
    /// As notes, one way.
    Notes,
    /// Not at all.
    Off,
}

impl Choice for TasksMode {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("resource", Self::Resource),
        ("due_date", Self::DueDate),
        ("notes", Self::Notes),
        ("off", Self::Off),
    ];
}

/// What a Cliengo account can do that no probe can settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about an account, read by name")]
pub struct CliengoCapabilities {
    /// Contacts can be deleted.
    pub contact_delete: bool,
    /// Listings show tags.
    pub tags_read: Readable,
    /// Tags can be removed.
    pub tag_remove: bool,
    /// Notes can be changed.
    pub note_update: bool,
    /// Notes can be deleted.
    pub note_delete: bool,
    /// What a write does to a contact's extra parameters.
    pub extra_params: ExtraParams,
}

/// Whether listings show something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Readable {
    /// From the first listing on that has it.
    Auto,
    /// They do.
    On,
    /// They do not.
    Off,
}

/// What a write does to a contact's extra parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExtraParams {
    /// They are not written.
    Off,
    /// A write adds to them.
    Merge,
    /// A write replaces them all.
    Replace,
}

impl Choice for ExtraParams {
    const WORDS: &'static [(&'static str, Self)] =
        &[("off", Self::Off), ("merge", Self::Merge), ("replace", Self::Replace)];
}

/// How GHL is spoken to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ghl {
    /// The `Version` header.
    pub version: String,
    /// Records on a page, from 1 to 500.
    #[serde(skip)]
    pub page_size: u32,
    /// The share of the day's quota that one run may use: above 0, at most 1.
    #[serde(skip)]
    pub daily_budget: f64,
}

/// The rules that every kind of record has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KindPolicy {
    /// Which way changes go.
    pub direction: Direction,
    /// What a field becomes that changed on both sides.
    pub conflict: ConflictPolicy,
    /// Whose value stands where `Newest` cannot tell.
    pub conflict_fallback: Side,
    /// What follows a delete.
    pub on_delete: OnDelete,
    /// The keys by which unlinked records are recognised, in order. At least one.
    pub match_by: Vec<MatchField>,
    /// What becomes of a second record of the same person.
    pub duplicates: Duplicates,
}

/// Which way changes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Both ways.
    Both,
    /// From Cliengo to GHL.
    ToGhl,
    /// From GHL to Cliengo.
    ToCliengo,
    /// No way: the kind takes no part.
    Off,
}

impl Direction {
    /// Whether changes are written to `side`.
    #[must_use]
    pub const fn writes(self, side: Side) -> bool {
        match self {
            Self::Both => true,
            Self::ToGhl => matches!(side, Side::Ghl),
            Self::ToCliengo => matches!(side, Side::Cliengo),
            Self::Off => false,
        }
    }
}

impl Choice for Direction {
    const WORDS: &'static [(&'static str, Self)] =
        &[("both", Self::Both), ("to_ghl", Self::ToGhl), ("to_cliengo", Self::ToCliengo), ("off", Self::Off)];
}

/// What a field becomes that changed on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConflictPolicy {
    /// This side's value.
    Take(Side),
    /// The newer value, where both times are known and differ enough.
    Newest,
    /// Nothing, until a person decides.
    Manual,
}

impl Choice for ConflictPolicy {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("ghl", Self::Take(Side::Ghl)),
        ("cliengo", Self::Take(Side::Cliengo)),
        ("newest", Self::Newest),
        ("manual", Self::Manual),
    ];
}

/// What follows a delete on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDelete {
    /// A delete on the other side.
    Propagate,
    /// A tag on the surviving contact. Contacts only.
    Mark,
    /// Nothing.
    Ignore,
}

impl Choice for OnDelete {
    const WORDS: &'static [(&'static str, Self)] =
        &[("propagate", Self::Propagate), ("mark", Self::Mark), ("ignore", Self::Ignore)];
}

/// A key by which unlinked records are recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchField {
    /// The e-mail address.
    Email,
    /// The phone number.
    Phone,
}

impl Choice for MatchField {
    const WORDS: &'static [(&'static str, Self)] = &[("email", Self::Email), ("phone", Self::Phone)];
}

/// What becomes of a second record of the same person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Duplicates {
    /// It waits for a person.
    Hold,
    /// It is linked as a secondary.
    Primary,
}

impl Choice for Duplicates {
    const WORDS: &'static [(&'static str, Self)] = &[("hold", Self::Hold), ("primary", Self::Primary)];
}

/// The rules for tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskPolicy {
    /// Those that every kind has.
    pub policy: KindPolicy,
    /// When a task without a date is due, counted from its creation.
    pub default_due: Duration,
}

/// The rules for notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotePolicy {
    /// Those that every kind has.
    pub policy: KindPolicy,
    /// Whose notes a run lists.
    pub fetch: NotesFetch,
    /// Within this time every contact's notes are listed once, where not all are listed each run. Above zero.
    pub rotation: Duration,
    /// Where a side cannot edit a note, the new text is appended as a further note.
    pub append_edit: bool,
}

/// Whose notes a run lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NotesFetch {
    /// Every contact's.
    All,
    /// Those of contacts that changed, and of some others in turn.
    Changed,
    /// All while it fits the budget, else as `Changed`.
    Auto,
}

impl Choice for NotesFetch {
    const WORDS: &'static [(&'static str, Self)] =
        &[("all", Self::All), ("changed", Self::Changed), ("auto", Self::Auto)];
}

/// The limits above which a plan is not applied, per side and kind. Percentages are from 0 to 100.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Guard {
    /// Whether the first sync waits for a person.
    pub first_sync: FirstSync,
    /// Deletes, in percent of the links.
    pub delete_percent: f64,
    /// Deletes.
    pub delete_count: u64,
    /// Updates, in percent of the links.
    pub update_percent: f64,
    /// Updates.
    pub update_count: u64,
    /// Creates, in percent of the links.
    pub create_percent: f64,
    /// Creates.
    pub create_count: u64,
    /// How much a listing may shrink against the last run's before its absences are doubted.
    pub shrink_percent: f64,
    /// The number of links from which on percentages count.
    pub min_records: u64,
}

/// Whether the first sync of a pair waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FirstSync {
    /// It does.
    Approve,
    /// It does not.
    Auto,
}

impl Choice for FirstSync {
    const WORDS: &'static [(&'static str, Self)] = &[("approve", Self::Approve), ("auto", Self::Auto)];
}
