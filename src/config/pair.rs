//! One pair: a Cliengo account and a GHL location that are kept alike.

use std::time::Duration;

use serde::Serialize;

use super::access::GhlAccess;
use super::child_policy::{NotePolicy, TaskPolicy};
use super::choice::Choice;
use super::error::Place;
use super::extra_params::ExtraParams;
use super::map::{Fields, Mapping};
use super::policy::{Direction, Guard, KindPolicy};
use super::scope::Scope;
use super::secret::Secret;
use super::timeline::Timeline;
use super::triggers::Triggers;
use super::web_url::WebUrl;
use crate::record::{Field, Kind, Side};

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
    /// Fields beyond the built-in ones, and rules for single fields.
    pub fields: Fields,
    /// Users of Cliengo and of GHL who are one person, by e-mail, name or id; `None`: nobody asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignees: Option<Vec<(String, String)>>,
    /// What contacts are put into in GHL.
    #[serde(skip_serializing_if = "Triggers::is_empty")]
    pub triggers: Triggers,
    /// What is told in notes on the other side.
    #[serde(skip_serializing_if = "Timeline::is_empty")]
    pub timeline: Timeline,
    /// Who takes part.
    pub scope: Scope,
    /// E-mails that are fillers and neither match nor travel: patterns in which `*` stands for anything.
    pub placeholder_emails: Vec<String>,
    /// The limits above which a plan is not applied.
    pub guard: Guard,
}

impl Pair {
    /// Where a person opens a contact of `side` in a browser.
    #[must_use]
    pub fn web_url(&self, side: Side) -> Option<&WebUrl> {
        match side {
            Side::Cliengo => self.cliengo.web_url.as_ref(),
            Side::Ghl => self.ghl.web_url.as_ref(),
        }
    }

    /// Whether both CRMs are the embedded ones.
    #[must_use]
    pub const fn is_sandbox(&self) -> bool {
        matches!(self.accounts, Accounts::Sandbox)
    }

    /// Whether Cliengo, which keeps no tasks, is told of GHL's (`semantics` 27).
    #[must_use]
    pub const fn projects_tasks(&self) -> bool {
        matches!(self.cliengo.tasks, TasksMode::DueDate | TasksMode::Notes)
            && self.tasks.policy.direction.writes(Side::Cliengo)
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

    /// The same, to change.
    pub const fn policy_mut(&mut self, kind: Kind) -> &mut KindPolicy {
        match kind {
            Kind::Contact => &mut self.contacts,
            Kind::Task => &mut self.tasks.policy,
            Kind::Note => &mut self.notes.policy,
        }
    }

    /// The rules of one field, where they are its own, else those of its kind.
    #[must_use]
    pub fn field_policy(&self, kind: Kind, field: &Field) -> &KindPolicy {
        self.fields_of(kind).policies.get(field).unwrap_or(self.policy(kind))
    }

    /// How many letters of a note's or task's text a side takes; 0: all.
    #[must_use]
    pub const fn longest_text(&self, side: Side) -> u32 {
        match side {
            Side::Cliengo => self.cliengo.longest_text,
            Side::Ghl => self.ghl.longest_text,
        }
    }

    /// The mapped fields of a kind.
    #[must_use]
    pub const fn fields_of(&self, kind: Kind) -> &Fields {
        match kind {
            Kind::Contact => &self.fields,
            Kind::Task => &self.tasks.fields,
            Kind::Note => &self.notes.fields,
        }
    }

    /// Every mapping, of every kind that takes part.
    #[must_use]
    pub fn mappings(&self) -> Vec<Mapping> {
        let takes_part = |kind: &Kind| *kind == Kind::Contact || self.policy(*kind).direction != Direction::Off;
        let kinds = Kind::ALL.into_iter().filter(takes_part);
        kinds.flat_map(|kind| self.fields_of(kind).mappings.iter().cloned()).collect()
    }

    /// Whether a field holds users, so that both sides' are listed.
    #[must_use]
    pub fn maps_users(&self) -> bool {
        Kind::ALL.into_iter().any(|kind| self.fields_of(kind).hold_users())
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
    /// Whether that may be plain HTTP to another machine.
    #[serde(skip)]
    pub allow_http: bool,
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
    /// Whether that may be plain HTTP to another machine.
    #[serde(skip)]
    pub allow_http: bool,
    /// The location.
    pub location_id: String,
    /// Where that stands.
    #[serde(skip)]
    pub location_place: Place,
    /// How it is entered.
    #[serde(skip)]
    pub access: GhlAccess,
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
    /// Names that are fillers beside the built-in ones, as patterns in which `*` stands for anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub placeholder_names: Vec<String>,
    /// How tasks are kept there.
    pub tasks: TasksMode,
    /// What no probe can settle.
    pub capabilities: CliengoCapabilities,
    /// How many letters of a note's or task's text it takes; 0: all.
    #[serde(skip_serializing_if = "is_none_said")]
    pub longest_text: u32,
    /// Where a person opens a contact; `None`: nowhere, as in a sandbox.
    #[serde(skip)]
    pub web_url: Option<WebUrl>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_none_said(longest: &u32) -> bool {
    *longest == 0
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
    /// How many letters of a note's or task's text it takes; 0: all.
    #[serde(skip_serializing_if = "is_none_said")]
    pub longest_text: u32,
    /// Where a person opens a contact; `None`: nowhere, as in a sandbox.
    #[serde(skip)]
    pub web_url: Option<WebUrl>,
}
