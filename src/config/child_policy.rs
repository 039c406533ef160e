//! The rules that tasks and notes have beside those of every kind.

use std::time::Duration;

use serde::Serialize;

use super::choice::Choice;
use super::map::Fields;
use super::policy::KindPolicy;

/// The rules for tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskPolicy {
    /// Those that every kind has.
    pub policy: KindPolicy,
    /// When a task without a date is due, counted from its creation.
    pub default_due: Duration,
    /// Fields beyond the built-in ones, and rules for single fields.
    #[serde(skip_serializing_if = "Fields::is_empty")]
    pub fields: Fields,
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
    /// Fields beyond the built-in ones, and rules for single fields.
    #[serde(skip_serializing_if = "Fields::is_empty")]
    pub fields: Fields,
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
