//! What reports say, in each language. A language is an implementation of [`Messages`]: the compiler sees to it that none
//! lacks a message.

mod catalogue;
mod en;
mod es;
mod pages;
mod sentences;

use std::fmt::Debug;

use jiff::{SignedDuration, Zoned};
pub(crate) use pages::PageLabel;
pub(crate) use sentences::Sentence;

use crate::config::Language;
use crate::reconcile::{Cause, Guard, HeldReason, MatchedBy};
use crate::record::{Action, Field, Kind, Side};
use crate::run::OperationOutcome;

/// Everything that a report says in a language.
pub(crate) trait Messages: Debug + Sync {
    /// The language's tag, as HTML names it.
    fn tag(&self) -> &'static str;
    /// A sentence that was made in English: why a record is held, what a CRM answered, what a command says.
    fn say(&self, english: &str) -> String;
    /// A word or a heading that stands alone, which is English.
    fn word(&self, english: &'static str) -> &'static str;
    /// A text in which nothing varies.
    fn label(&self, label: Label) -> &'static str;
    /// How things stand, in a sentence.
    fn sentence(&self, sentence: Sentence<'_>) -> String;
    /// A text of the daemon's pages.
    fn on_page(&self, label: PageLabel) -> &'static str;
    /// What stands between groups of three digits.
    fn group_mark(&self) -> char;
    /// What stands before the decimals.
    fn decimal_mark(&self) -> char;
    /// One of a noun, and several.
    fn noun(&self, noun: Noun) -> (&'static str, &'static str);
    /// The pattern of a time to the second.
    fn moment_pattern(&self) -> &'static str;
    /// What a field is called.
    fn field<'a>(&self, field: &'a Field) -> &'a str;
    /// What is done to a record: `create note`.
    fn action(&self, action: Action, kind: Kind) -> String;
    /// What came of an operation, in a word or two.
    fn outcome(&self, outcome: OperationOutcome) -> &'static str;
    /// The same of several operations.
    fn outcomes(&self, outcome: OperationOutcome) -> &'static str {
        self.outcome(outcome)
    }
    /// What an outcome means for the record; `undo`: no later run takes it up.
    fn consequence(&self, outcome: OperationOutcome, undo: bool) -> &'static str;
    /// Why a record is held, and what that means and asks for.
    fn held(&self, reason: HeldReason) -> (&'static str, &'static str);
    /// What a guard found.
    fn guard(&self, guard: &Guard) -> String;
    /// What a side cannot do: `GHL, on update of contacts`.
    fn cannot(&self, side: Side, kind: Kind, action: Action) -> String;
    /// `sync 12`, `run 12, undo of run 7`.
    fn run_title(&self, run: i64, undoes: Option<i64>) -> String;
    /// `undo of run 7`.
    fn undo_title(&self, undoes: i64) -> String;
    /// The list of one kind did not reach its end.
    fn incomplete(&self, listing: &str, parents: Option<(&str, &str)>, why: Option<&str>) -> String;
    /// Requests made, or planned, on one side.
    fn requests(&self, reads: &str, writes: &str, left: Option<&str>) -> String;
    /// Contacts outside the scope.
    fn outside(&self, contacts: &str, pair: &str) -> String;
    /// Creates of earlier runs whose outcome is known now.
    fn recovered(&self, creates: &str) -> String;
    /// Linked records that this run did not look at.
    fn unseen(&self, records: &str) -> String;
    /// Why two records are taken for one.
    fn matched_by(&self, by: MatchedBy) -> &'static str;
    /// Why a field has two values.
    fn cause(&self, cause: Cause) -> &'static str;
    /// How much of a text is not shown.
    fn more_letters(&self, letters: &str) -> String;
}

/// The messages of a language.
pub(crate) fn messages(language: Language) -> &'static dyn Messages {
    match language {
        Language::English => &en::English,
        Language::Spanish => &es::Spanish,
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noun {
    /// A record of a kind.
    Kind(Kind),
    /// Any record.
    Record,
    /// An operation.
    Operation,
    /// A reading request.
    Read,
    /// A writing request.
    Write,
    /// A create.
    Create,
    /// A letter.
    Letter,
}

/// A text in which nothing varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    Title,
    DryRun,
    FirstSync,
    Full,
    Rebuild,
    Refused,
    Failed,
    Done,
    Account,
    Made,
    Plan,
    Took,
    Sandbox,
    EverythingRead,
    NotEverythingRead,
    NothingDeleted,
    OnlyThese,
    NeedsAPerson,
    NothingNeedsAPerson,
    WhoWaits,
    WhatFailed,
    StoppedByGuards,
    WouldStop,
    PassedGuards,
    ApprovedGuards,
    ApproveWith,
    SettleWith,
    Listed,
    Create,
    Update,
    Delete,
    Requests,
    RequestsPlanned,
    InSync,
    OneInSync,
    Changes,
    NoChanges,
    Field,
    Before,
    After,
    From,
    Rule,
    Kept,
    NotKept,
    Chosen,
    NotDecided,
    Conflicts,
    ConflictsMean,
    Held,
    Unsupported,
    UnsupportedMeans,
    UnsupportedInAnUndo,
    Linked,
    Further,
    FurtherMeans,
    NotDone,
    History,
    Empty,
    Yes,
    No,
    NoName,
    Search,
    AnySide,
    AnyKind,
    AnyAction,
    AnyField,
    AnyOutcome,
    Side,
    Kind,
    Action,
    Outcome,
    Planned,
    Shown,
    Reset,
    Run,
    Duration,
    Failures,
    NotSeen,
    Pairs,
    Error,
    SkipToChanges,
    Numbers,
    Reopen,
    Complete,
    Tags,
    Operations,
    InFull,
    AndMore,
    NotToTheEnd,
    LinkedWord,
    NewRecord,
    Why,
}

impl dyn Messages + '_ {
    /// `1,802`.
    pub(crate) fn number(&self, count: u64) -> String {
        let digits = count.to_string();
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push(self.group_mark());
            }
            grouped.push(digit);
        }
        grouped
    }

    /// A number with at most two decimals.
    pub(crate) fn amount(&self, value: f64) -> String {
        let shown = format!("{value:.2}");
        shown.trim_end_matches('0').trim_end_matches('.').replace('.', &self.decimal_mark().to_string())
    }

    /// `1 note`, `3 notes`.
    pub(crate) fn count(&self, count: u64, noun: Noun) -> String {
        let (one, several) = self.noun(noun);
        format!("{} {}", self.number(count), if count == 1 { one } else { several })
    }

    /// `2 applied`.
    pub(crate) fn ended(&self, count: u64, outcome: OperationOutcome) -> String {
        let word = if count == 1 { self.outcome(outcome) } else { self.outcomes(outcome) };
        format!("{} {word}", self.number(count))
    }

    /// `contacts`.
    pub(crate) fn plural(&self, kind: Kind) -> &'static str {
        self.noun(Noun::Kind(kind)).1
    }

    /// A time with the name of its zone.
    pub(crate) fn moment(&self, at: &Zoned) -> String {
        let zone = at.time_zone().iana_name().map_or_else(|| at.strftime("%:z").to_string(), str::to_owned);
        format!("{} {zone}", at.strftime(self.moment_pattern()))
    }

    /// A time with its zone in short, for a value among others.
    pub(crate) fn short_moment(&self, at: &Zoned) -> String {
        format!("{} {}", at.strftime(self.moment_pattern()), at.strftime("%Z"))
    }
}

/// `12 s`, `3 min 12 s`, `1 h 4 min`: the same in every language.
pub(crate) fn duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => "< 1 s".to_owned(),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
