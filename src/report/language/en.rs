//! English.

use super::super::words;
use super::{Label, Messages, Noun, PageLabel, Sentence, pages, sentences};
use crate::reconcile::{Cause, Guard, HeldReason, MatchedBy};
use crate::record::{Action, Field, Kind, Side};
use crate::run::OperationOutcome;

/// English.
#[derive(Debug)]
pub(super) struct English;

impl Messages for English {
    fn tag(&self) -> &'static str {
        "en"
    }

    fn say(&self, english: &str) -> String {
        english.to_owned()
    }

    fn word(&self, english: &'static str) -> &'static str {
        english
    }

    fn sentence(&self, sentence: Sentence<'_>) -> String {
        sentences::english(sentence)
    }

    fn on_page(&self, label: PageLabel) -> &'static str {
        pages::english(label)
    }

    fn group_mark(&self) -> char {
        ','
    }

    fn decimal_mark(&self) -> char {
        '.'
    }

    fn moment_pattern(&self) -> &'static str {
        "%Y-%m-%d %H:%M:%S"
    }

    fn noun(&self, noun: Noun) -> (&'static str, &'static str) {
        match noun {
            Noun::Kind(kind) => (kind.as_str(), kind.plural()),
            Noun::Record => ("record", "records"),
            Noun::Operation => ("operation", "operations"),
            Noun::Read => ("read", "reads"),
            Noun::Write => ("write", "writes"),
            Noun::Create => ("create", "creates"),
            Noun::Letter => ("character", "characters"),
        }
    }

    fn field<'a>(&self, field: &'a Field) -> &'a str {
        field.as_str()
    }

    fn action(&self, action: Action, kind: Kind) -> String {
        match action {
            Action::Tag => "change tags".to_owned(),
            other => format!("{} {kind}", other.as_str()),
        }
    }

    fn outcome(&self, outcome: OperationOutcome) -> &'static str {
        words::outcome(outcome).1
    }

    fn consequence(&self, outcome: OperationOutcome, undo: bool) -> &'static str {
        if undo { words::consequence_in_an_undo(outcome) } else { words::consequence(outcome) }
    }

    fn held(&self, reason: HeldReason) -> (&'static str, &'static str) {
        words::held(reason)
    }

    fn guard(&self, guard: &Guard) -> String {
        words::guard(guard)
    }

    fn cannot(&self, side: Side, kind: Kind, action: Action) -> String {
        words::cannot(side, kind, action)
    }

    fn run_title(&self, run: i64, undoes: Option<i64>) -> String {
        match undoes {
            Some(undone) => format!("run {run}, undo of run {undone}"),
            None => format!("sync {run}"),
        }
    }

    fn undo_title(&self, undoes: i64) -> String {
        format!("undo of run {undoes}")
    }

    fn incomplete(&self, listing: &str, parents: Option<(&str, &str)>, why: Option<&str>) -> String {
        let parents = parents.map(|(read, all)| format!(", of {read} of {all} contacts")).unwrap_or_default();
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        format!("{listing} read{parents}; the list did not reach its end{why}")
    }

    fn requests(&self, reads: &str, writes: &str, left: Option<&str>) -> String {
        let left = left.map(|left| format!(", {left} left today")).unwrap_or_default();
        format!("{reads}, {writes}{left}")
    }

    fn outside(&self, contacts: &str, pair: &str) -> String {
        format!("{contacts} outside [pair.{pair}.scope]: not created on the other side.")
    }

    fn recovered(&self, creates: &str) -> String {
        format!("{creates} of earlier runs had an unknown outcome; now it is known.")
    }

    fn unseen(&self, records: &str) -> String {
        format!("{records} linked records were not looked at in this run.")
    }

    fn matched_by(&self, by: MatchedBy) -> &'static str {
        match by {
            MatchedBy::Email => "same e-mail",
            MatchedBy::Phone => "same phone",
            MatchedBy::Text => "same text",
            MatchedBy::Title => "same title and due date",
            MatchedBy::Merge => "merged into it in GHL:",
        }
    }

    fn cause(&self, cause: Cause) -> &'static str {
        words::cause(cause)
    }

    fn more_letters(&self, letters: &str) -> String {
        format!("… {letters} more; the JSON has the whole text")
    }

    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::Title => "Concord report",
            Label::DryRun => "dry run: nothing was written",
            Label::FirstSync => "first sync",
            Label::Full => "full comparison",
            Label::Rebuild => "rebuild: the state was lost",
            Label::Refused => "stopped before writing",
            Label::Failed => "failed",
            Label::Done => "done",
            Label::Account => "Account",
            Label::Made => "Made",
            Label::Plan => "Plan",
            Label::Took => "Took",
            Label::Sandbox => "sandbox",
            Label::EverythingRead => "Everything was read.",
            Label::NotEverythingRead => "Not everything was read.",
            Label::NothingDeleted => "What is missing from these does not count as deleted: no deletes are derived.",
            Label::OnlyThese => "Only whom --contact names was read; nothing is said of anybody else.",
            Label::NeedsAPerson => "Needs a decision",
            Label::NothingNeedsAPerson => "Nothing needs a decision.",
            Label::WhoWaits => "Both sides of each, and what settles it:",
            Label::WhatFailed => "What failed, and when it is tried again:",
            Label::PassedGuards => "Beyond the limits, and approved",
            Label::StoppedByGuards => "Stopped before writing",
            Label::WouldStop => "Would stop before writing",
            Label::ApprovedGuards => "Approved: a person approved exactly this plan.",
            Label::ApproveWith => "Nothing is written until you approve exactly this plan:",
            Label::SettleWith => "Settle it with:",
            Label::Listed => "Listed",
            Label::Create => "Create",
            Label::Update => "Update",
            Label::Delete => "Delete",
            Label::Requests => "Requests",
            Label::RequestsPlanned => "Requests, with the writes that are planned",
            Label::InSync => "need nothing",
            Label::OneInSync => "needs nothing",
            Label::Changes => "Changes by contact",
            Label::NoChanges => "There is nothing to change.",
            Label::Field => "Field",
            Label::Before => "Before",
            Label::After => "After",
            Label::From => "From",
            Label::Rule => "Rule",
            Label::Kept => "kept",
            Label::NotKept => "not kept",
            Label::Chosen => "your choice",
            Label::NotDecided => "not decided",
            Label::Conflicts => "Conflicts",
            Label::ConflictsMean => "The two sides differ; the value that was not kept stays here and in the history.",
            Label::Held => "Held",
            Label::Unsupported => "Unsupported",
            Label::UnsupportedMeans => words::UNSUPPORTED,
            Label::UnsupportedInAnUndo => words::UNSUPPORTED_IN_AN_UNDO,
            Label::Linked => "Linked without a change",
            Label::Further => "Further contacts of one person",
            Label::FurtherMeans => {
                "Linked to a person in GHL who already has a contact in Cliengo. Nothing is written to them, nor because of them."
            }
            Label::NotDone => "Not done",
            Label::History => "The last runs",
            Label::Empty => "(empty)",
            Label::Yes => "yes",
            Label::No => "no",
            Label::NoName => "without a name",
            Label::Search => "Search",
            Label::AnySide => "Both sides",
            Label::AnyKind => "All kinds",
            Label::AnyAction => "All actions",
            Label::AnyField => "All fields",
            Label::AnyOutcome => "All outcomes",
            Label::Side => "Side",
            Label::Kind => "Kind",
            Label::Action => "Action",
            Label::Outcome => "Outcome",
            Label::Planned => "planned",
            Label::Shown => "operations shown",
            Label::Reset => "Show all",
            Label::Run => "Run",
            Label::Duration => "Duration",
            Label::Failures => "Not applied",
            Label::NotSeen => "Lists not read to the end",
            Label::Pairs => "Pairs",
            Label::Error => "This pair has no report:",
            Label::SkipToChanges => "Skip to the changes",
            Label::Numbers => "Numbers",
            Label::Reopen => "reopen task",
            Label::Complete => "Complete",
            Label::Tags => "Tags",
            Label::Operations => "Operations",
            Label::InFull => "In full:",
            Label::AndMore => "and another",
            Label::NotToTheEnd => "the list did not reach its end",
            Label::LinkedWord => "linked",
            Label::NewRecord => "(new)",
            Label::Why => "linked by",
        }
    }
}
