//! What needs a person: guards, decisions, and what was not done.

use maud::{Markup, html};

use super::super::language::Label;
use super::super::value::{ConflictLine, HeldGroup, Report, Step};
use super::{ids, named};
use crate::reconcile::Winner;
use crate::record::Side;
use crate::run::OperationOutcome;

/// Records of a group that are open to see; the others are folded.
const OPEN: usize = 20;

pub(super) fn section(report: &Report<'_>) -> Markup {
    let waiting: Vec<&HeldGroup<'_>> = report.held.iter().filter(|group| group.asks).collect();
    let undecided: Vec<&ConflictLine<'_>> =
        report.conflicts.iter().filter(|line| line.conflict.winner == Winner::Manual).collect();
    let missed: Vec<(OperationOutcome, u64)> =
        report.outcomes.iter().copied().filter(|(outcome, _)| *outcome != OperationOutcome::Applied).collect();
    let nothing = waiting.is_empty() && undecided.is_empty() && missed.is_empty() && report.guards.is_empty();
    html! {
        section {
            h2 { (report.label(Label::NeedsAPerson)) }
            @if nothing { p { (report.label(Label::NothingNeedsAPerson)) } }
            (guards(report))
            @if !undecided.is_empty() {
                h3 { (report.label(Label::Conflicts)) " " span.count { (undecided.len()) } }
                ul.records { @for line in undecided { li { (conflict(report, line)) } } }
            }
            @for group in waiting { (held(report, group)) }
            @for (outcome, _) in missed { (not_done(report, outcome)) }
        }
    }
}

fn guards(report: &Report<'_>) -> Markup {
    let tone = if report.approve.is_some() { "panel stop" } else { "panel" };
    html! {
        @if !report.guards.is_empty() {
            section class=(tone) {
                h3 { (report.guards_title()) }
                ul.records {
                    @for guard in &report.guards {
                        li { (guard.said) @if let Some(key) = &guard.key { " " code { (key) } } }
                    }
                }
                @if let Some(command) = &report.approve {
                    p { (report.label(Label::ApproveWith)) }
                    code.command { (command) }
                } @else if report.is_approved() {
                    p { (report.label(Label::ApprovedGuards)) }
                }
            }
        }
    }
}

/// Held records with one reason, each with what settles it.
pub(super) fn held(report: &Report<'_>, group: &HeldGroup<'_>) -> Markup {
    let (open, folded) = group.records.split_at(group.records.len().min(OPEN));
    let lines = |lines: &[super::super::value::HeldLine<'_>]| {
        html! {
            ul.records {
                @for line in lines {
                    li {
                        (named(&line.record))
                        @if !line.detail.is_empty() { br; bdi { (line.detail) } }
                        @if let Some(command) = &line.command { br; code.command { (command) } }
                    }
                }
            }
        }
    };
    html! {
        section {
            h3 {
                (group.title) " " span.count {
                    (report.words.number(group.records.len() as u64))
                    @if let Some(rule) = group.rule { " · " (report.label(Label::Rule)) " " (rule) }
                }
            }
            p { (group.meaning) }
            (lines(open))
            @if !folded.is_empty() {
                details { summary { "+ " (report.words.number(folded.len() as u64)) } (lines(folded)) }
            }
        }
    }
}

/// A conflict: both values, which of them is kept, and what settles it.
pub(super) fn conflict(report: &Report<'_>, line: &ConflictLine<'_>) -> Markup {
    let conflict = line.conflict;
    let fate = |side: Side| match conflict.winner {
        Winner::Manual => (Label::NotDecided, "dim"),
        winner if winner == Winner::from(side) => (Label::Kept, "kept"),
        _ => (Label::NotKept, "lost"),
    };
    html! {
        (named(&line.record)) " " span.dim { "· " (report.words.field(&conflict.field)) }
        ul.records {
            @for (side, value) in [(Side::Cliengo, &conflict.cliengo), (Side::Ghl, &conflict.ghl)] {
                @let (label, class) = fate(side);
                li { (side.title()) ": " bdi { (report.value(&conflict.field, value)) } " " span class=(class) { "(" (report.label(label)) ")" } }
            }
            @if !conflict.base.is_null() {
                li.dim { (report.label(Label::Before)) ": " bdi { (report.value(&conflict.field, &conflict.base)) } }
            }
            @if let Some(chosen) = &conflict.chosen {
                li { (report.label(Label::Chosen)) ": " bdi { (report.value(&conflict.field, chosen)) } }
            }
        }
        @if let Some(command) = &line.command { (report.label(Label::SettleWith)) " " code.command { (command) } }
    }
}

/// What did not get through with one outcome, and what that means.
fn not_done(report: &Report<'_>, outcome: OperationOutcome) -> Markup {
    let all = report
        .people
        .iter()
        .flat_map(|person| person.operations.iter().chain(&person.links).map(move |step| (person, step)));
    let of_sort: Vec<_> = all.filter(|(_, step)| step.outcome == Some(outcome)).collect();
    let undo = report.finished.plan.undoes.is_some();
    let line = |person: &super::super::value::Person<'_>, step: &Step<'_>| {
        html! {
            li {
                strong { bdi { (person.record.name) } } ": " (step.operation.side.title()) ", " (step.what) " " bdi { (step.label) } " " (ids(&person.record))
                @if let Some(reason) = &step.reason { br; bdi { (reason) } }
            }
        }
    };
    html! {
        section {
            h3 { (report.label(Label::NotDone)) ": " (report.words.outcome(outcome)) " " span.count { (of_sort.len()) } }
            p { (report.words.consequence(outcome, undo)) }
            ul.records { @for (person, step) in of_sort.iter().take(OPEN) { (line(person, step)) } }
            @if of_sort.len() > OPEN {
                details {
                    summary { "+ " (of_sort.len() - OPEN) }
                    ul.records { @for (person, step) in of_sort.iter().skip(OPEN) { (line(person, step)) } }
                }
            }
        }
    }
}
