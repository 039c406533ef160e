//! The rules of a pair: what is merged which way, what deletes do, which limits stop a plan.

use serde::Serialize;

use super::choice::Choice;
use crate::record::Side;

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

impl Direction {
    /// As far as `outer` lets it.
    #[must_use]
    pub const fn within(self, outer: Self) -> Self {
        let cliengo = self.writes(Side::Cliengo) && outer.writes(Side::Cliengo);
        let ghl = self.writes(Side::Ghl) && outer.writes(Side::Ghl);
        match (cliengo, ghl) {
            (true, true) => Self::Both,
            (false, true) => Self::ToGhl,
            (true, false) => Self::ToCliengo,
            (false, false) => Self::Off,
        }
    }
}

impl Direction {
    /// As the file has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, direction)| *direction == self).map_or("", |(word, _)| word)
    }

    /// What a word of the file means.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, direction)| *direction)
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
