//! What is done, contact by contact.

use serde_json::Value as Json;

use super::super::diff::word_diff;
use super::super::language::{Label, Noun};
use super::super::screen::{Line, Page, Paint, columns, on_one_line, padded};
use super::super::value::{Person, Report, Step, field};
use super::super::words;
use super::rows::rows;
use crate::reconcile::{Change, Operation};
use crate::record::{Action, Field, Kind, Side};
use crate::run::OperationOutcome;

/// More contacts than this are counted, not shown.
const MOST_CONTACTS: usize = 200;

/// More contacts than this that are only linked are counted, not shown.
const MOST_LINKED: usize = 20;

/// Lines shown of a long text.
const MOST_LINES: usize = 8;

/// Letters from which on two texts are shown as a word diff.
const LONG: usize = 40;

/// Where what is done begins on its line: after the arrow and the side.
const WHAT: usize = 13;

/// Writes every operation that sends something, or as many as can be read.
pub(super) fn write(page: &mut Page, report: &Report<'_>) {
    let mut after_terse = false;
    for person in report.people.iter().take(MOST_CONTACTS) {
        let terse = is_terse(person);
        if !(terse && after_terse) {
            page.gap();
        }
        contact(page, report, person);
        after_terse = terse;
    }
    if let Some(rest) = report.people.get(MOST_CONTACTS..).filter(|rest| !rest.is_empty()) {
        let operations = rest.iter().map(|person| person.operations.len() as u64).sum();
        let contacts = report.words.count(rest.len() as u64, Noun::Kind(Kind::Contact));
        let operations = report.words.count(operations, Noun::Operation);
        page.gap();
        page.fold(0, &Line::of(format!("… {} {contacts}, {operations}", report.label(Label::AndMore))));
    }
}

/// Writes who is only linked: that sends nothing.
pub(super) fn linked(page: &mut Page, report: &Report<'_>) {
    if !report.linked.is_empty() {
        let count = report.words.number(report.linked.len() as u64);
        page.heading(&format!("{} ({count})", report.label(Label::Linked)), Paint::Bold);
        if report.linked.len() <= MOST_LINKED {
            let lines = report.linked.iter().map(|person| {
                let children = report.linked_with(person, false);
                let children = if children.is_empty() { children } else { format!(": {children}") };
                let why = report.matched(person).map(|why| format!(" ({why})")).unwrap_or_default();
                let said = format!("{}{children}{why}", person.record.name);
                (&person.record, Line::of(said).join(links_outcome(report, person)))
            });
            rows(page, report, 2, lines, MOST_LINKED);
        } else {
            page.folded();
        }
    }
    if !report.further.is_empty() {
        let count = report.words.number(report.further.len() as u64);
        page.heading(&format!("{} ({count})", report.label(Label::Further)), Paint::Bold);
        page.flow(Line::of("  "), 2, Line::of(report.label(Label::FurtherMeans)));
        let lines = report.further.iter().map(|(_, record)| (record, Line::of(record.name.clone())));
        rows(page, report, 2, lines, MOST_LINKED);
    }
}

/// Whether a contact takes two lines only; a list of such contacts needs no gaps.
fn is_terse(person: &Person<'_>) -> bool {
    person.links.is_empty()
        && matches!(person.operations.as_slice(), [one] if one.operation.changes.iter().all(|change| is_said(one.operation, change)))
}

fn contact(page: &mut Page, report: &Report<'_>, person: &Person<'_>) {
    let mut line = Line::painted(person.record.name.clone(), Paint::Bold);
    for side in Side::BOTH {
        let creates = person.operations.iter().any(|step| {
            let operation = step.operation;
            (operation.side, operation.kind, operation.action()) == (side, Kind::Contact, Action::Create)
        });
        let missing = if creates { report.label(Label::NewRecord) } else { "-" };
        let id = person.record.ids.iter().find(|id| id.side == side);
        let id = id.map_or_else(|| missing.to_owned(), |id| id.id.clone());
        line = line.paint(format!("  {} ", side.title()), Paint::Dim).then(id);
    }
    page.flow(Line::default(), 2, line);
    if !person.links.is_empty() {
        let lead = Line::of("  ").paint("=", Paint::Dim).then(" ".repeat(WHAT - 3));
        let children = report.linked_with(person, false);
        let linked = report.label(Label::LinkedWord);
        let why = report.matched(person).map(|why| format!(" ({why})")).unwrap_or_default();
        let said = if children.is_empty() { format!("{linked}{why}") } else { format!("{linked}{why}: {children}") };
        page.flow(lead, WHAT, Line::of(said).join(links_outcome(report, person)));
    }
    for step in &person.operations {
        one(page, report, step);
    }
}

/// What came of a contact's links.
fn links_outcome(report: &Report<'_>, person: &Person<'_>) -> Line {
    let missed: Vec<&Step<'_>> = person
        .links
        .iter()
        .filter(|link| link.outcome.is_some_and(|outcome| outcome != OperationOutcome::Applied))
        .collect();
    let shown = missed.first().copied().or_else(|| person.links.first());
    shown.map_or_else(Line::default, |link| outcome(report, link))
}

fn outcome(report: &Report<'_>, step: &Step<'_>) -> Line {
    let Some(outcome) = step.outcome else { return Line::default() };
    let (mark, _, paint) = words::outcome(outcome);
    let line = Line::of("  ").paint(format!("{mark} {}", report.words.outcome(outcome)), paint);
    match &step.reason {
        Some(reason) => line.then(format!(": {reason}")),
        None => line,
    }
}

/// One operation, with what changes and what came of it.
fn one(page: &mut Page, report: &Report<'_>, step: &Step<'_>) {
    let operation = step.operation;
    let lead = Line::of("  ").paint("→", Paint::Dim).then(format!(" {}", padded(operation.side.title(), WHAT - 4)));
    page.flow(lead, WHAT, what(step).join(outcome(report, step)));
    let shown: Vec<&Change> = operation.changes.iter().filter(|change| !is_said(operation, change)).collect();
    let name = |change: &Change| report.words.field(field(change)).to_owned();
    let width = shown.iter().map(|change| columns(&name(change))).max().unwrap_or_default();
    for change in shown {
        let lead = Line::of(" ".repeat(WHAT + 2)).paint(padded(&name(change), width + 2), Paint::Dim);
        let said = change_line(report, operation.action(), change);
        page.flow_at_most(lead, WHAT + 2 + width + 2, said, MOST_LINES);
    }
}

/// `create note`, `change tags +"vip"`.
fn what(step: &Step<'_>) -> Line {
    let operation = step.operation;
    let paint = if operation.action() == Action::Delete { Paint::Red } else { Paint::Plain };
    let line = Line::painted(step.what.clone(), paint);
    if operation.action() == Action::Tag {
        let tags = operation.changes.iter().map(|change| match change {
            Change::Tags { added, removed, .. } => tag_marks(added, removed),
            Change::Value { .. } => Line::default(),
        });
        return tags.fold(line.then(" "), Line::join);
    }
    let shown_below = operation.kind == Kind::Note && operation.action() == Action::Create && body_is_shown(operation);
    if step.label.is_empty() || shown_below { line } else { line.then(format!(" {}", step.shown_label())) }
}

fn body_is_shown(operation: &Operation) -> bool {
    operation.changes.iter().any(|change| *field(change) == Field::Body && !is_said(operation, change))
}

/// Whether the line above says the change already.
fn is_said(operation: &Operation, change: &Change) -> bool {
    match change {
        Change::Tags { added, removed, .. } => {
            operation.action() == Action::Tag || (added.is_empty() && removed.is_empty())
        }
        Change::Value { field: Field::Completed, .. } if operation.action() == Action::Complete => true,
        Change::Value { after, before, .. } => match operation.action() {
            // A task that is not done is a matter of course.
            Action::Create => after.is_null() || *after == false || after.as_str() == Some(&operation.label),
            Action::Delete => before.is_null() || before.as_str() == Some(&operation.label),
            _ => false,
        },
    }
}

fn change_line(report: &Report<'_>, action: Action, change: &Change) -> Line {
    match change {
        Change::Tags { added, removed, .. } => tag_marks(added, removed),
        Change::Value { field, before, after, .. } => match action {
            Action::Create => Line::of(quoted(report, field, after)),
            Action::Delete => Line::of(quoted(report, field, before)),
            _ => replaced(report, field, (before, after)),
        },
    }
}

/// `"+5411…" → "+5411…"`, or a word diff where the texts are long.
fn replaced(report: &Report<'_>, field: &Field, (before, after): (&Json, &Json)) -> Line {
    if let (Json::String(before), Json::String(after)) = (before, after)
        && [before, after].iter().any(|text| text.contains('\n') || text.chars().count() > LONG)
        && !before.is_empty()
    {
        return word_diff(before, after);
    }
    Line::of(quoted(report, field, before)).paint(" → ", Paint::Dim).then(quoted(report, field, after))
}

/// A value as a person is shown it: a text in quotes, unless it has lines of its own.
pub(super) fn quoted(report: &Report<'_>, field: &Field, value: &Json) -> String {
    let shown = report.value(field, value);
    let is_text = value.is_string() && *field != Field::Due && !shown.contains('\n');
    if is_text { format!("\"{shown}\"") } else { shown }
}

fn tag_marks(added: &[String], removed: &[String]) -> Line {
    let added = added.iter().map(|tag| ("+", tag, Paint::Green));
    let all = added.chain(removed.iter().map(|tag| ("-", tag, Paint::Red)));
    all.enumerate().fold(Line::default(), |line, (at, (mark, tag, paint))| {
        let gap = if at > 0 { " " } else { "" };
        line.then(gap).paint(format!("{mark}\"{}\"", on_one_line(tag)), paint)
    })
}
