//! The plan: everything a run would do, and why the rest waits. One value, shown and applied.

use serde::{Deserialize, Serialize};

use super::base_update::BaseUpdate;
use super::findings::{Conflict, Held, Unsupported, Winner};
use super::guard::Guard;
use super::look_up::{MissedLookUp, Reading};
use super::operation::Operation;
use crate::record::{Action, Both, ByKind, Side};

/// How the two sides are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Each side with its own base.
    Incremental,
    /// Also the two sides of every link with each other (`semantics` 25).
    Full,
    /// Without a base, because the state was lost (`semantics` 26).
    Rebuild,
    /// Not at all: what an earlier run wrote is taken back (`semantics` 33).
    Undo,
}

impl Mode {
    /// The name used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incremental => "incremental",
            Self::Full => "full",
            Self::Rebuild => "rebuild",
            Self::Undo => "undo",
        }
    }
}

/// What was listed of one side and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingCount {
    /// Records listed.
    pub count: u64,
    /// Whether the listing can say that something is absent.
    pub complete: bool,
    /// Of the kinds that are listed per contact: contacts whose list was read, and contacts in all.
    pub parents: Option<(u64, u64)>,
    /// Why it is not complete.
    pub why: Option<String>,
    /// How much came of what was asked for.
    pub reading: Reading,
}

/// How many operations of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Creates.
    pub create: u64,
    /// Updates, tags, completions and enrolments.
    pub update: u64,
    /// Deletes.
    pub delete: u64,
}

/// A plan for one pair.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The pair's name.
    pub pair: String,
    /// How it was compared.
    pub mode: Mode,
    /// The run whose writes it takes back.
    pub undoes: Option<i64>,
    /// Whether the pair had no links before.
    pub first_sync: bool,
    /// What was listed.
    pub listings: Both<ByKind<ListingCount>>,
    /// Look-ups that failed, each with what waits for it.
    pub look_ups: Vec<MissedLookUp>,
    /// Linked records (all kinds) that were looked at and need nothing.
    pub in_sync: u64,
    /// Linked records that this run did not look at, on one side or both; not in the JSON.
    pub unseen: u64,
    /// Contacts that stand on one side only because they are outside the scope; not in the JSON.
    pub outside: u64,
    /// What is to be done, parents before children; `id` counts from 1 in this order.
    pub operations: Vec<Operation>,
    /// Fields with two values, of which one is to stand.
    pub conflicts: Vec<Conflict>,
    /// Records that wait, each with the rule that holds it.
    pub held: Vec<Held>,
    /// What a CRM cannot express; said once.
    pub unsupported: Vec<Unsupported>,
    /// Every guard that has something to count, tripped or not.
    pub guards: Vec<Guard>,
    /// What becomes base without a request; not shown.
    pub base_updates: Vec<BaseUpdate>,
    /// Whom alone it is about, as they were named; nobody: everybody. Not in the JSON.
    pub only: Vec<String>,
    /// Of a masked copy: the id of the plan that it shows.
    pub shown_as: Option<String>,
}

impl Plan {
    /// Fields that wait for a person's choice, but for those that a person has acknowledged.
    pub fn undecided(&self) -> impl Iterator<Item = &Conflict> {
        let is_known = |id: &str| self.held.iter().any(|held| held.known && held.id == id);
        self.conflicts.iter().filter(move |conflict| conflict.winner == Winner::Manual && !is_known(&conflict.id))
    }

    /// The hash of pair, mode and operations alone: what an approval names.
    #[must_use]
    pub fn id(&self) -> String {
        if let Some(id) = &self.shown_as {
            return id.clone();
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.pair.as_bytes());
        hasher.update(b"\0");
        hasher.update(self.mode.as_str().as_bytes());
        for operation in &self.operations {
            hasher.update(b"\0");
            hasher.update(operation.canonical().to_string().as_bytes());
        }
        hasher.finalize().to_hex().as_str().chars().take(16).collect()
    }

    /// Operations per side and kind. Links count nothing: they send nothing.
    #[must_use]
    pub fn summary(&self) -> Both<ByKind<Tally>> {
        let mut summary: Both<ByKind<Tally>> = Both::default();
        for operation in &self.operations {
            let tally = summary.of_mut(operation.side).of_mut(operation.kind);
            match operation.action() {
                Action::Create => tally.create += 1,
                Action::Update | Action::Complete | Action::Tag | Action::Enrol => tally.update += 1,
                Action::Delete => tally.delete += 1,
                Action::Link => {}
            }
        }
        summary
    }

    /// The guards that stop this plan.
    pub fn tripped(&self) -> impl Iterator<Item = &Guard> {
        self.guards.iter().filter(|guard| guard.tripped)
    }

    /// How many requests the plan will send to `side`, before-reads aside.
    #[must_use]
    pub fn writes(&self, side: Side) -> u64 {
        let sent = self.operations.iter().filter(|operation| operation.side == side);
        sent.map(|operation| operation.requests.len() as u64).sum()
    }
}
