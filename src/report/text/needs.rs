//! What needs eyes: what could not be read, guards, decisions, what was not done; and, further down, what was decided.

use std::collections::BTreeSet;

use super::super::language::Label;
use super::super::screen::{Line, Page, Paint, padded};
use super::super::value::{ConflictLine, HeldGroup, Report};
use super::super::words;
use super::changes::quoted;
use super::rows::{and_more, rows};
use crate::reconcile::Winner;
use crate::record::{Ids, Side};
use crate::run::OperationOutcome;

/// Records shown of each group.
const MOST_RECORDS: usize = 20;

/// Records shown where they only illustrate.
const SOME_RECORDS: usize = 5;

/// Records shown of those that were not done.
const MOST_MISSED: usize = 50;

/// Lines shown of a long value.
const MOST_LINES: usize = 6;

/// The column in which a conflict's values begin.
const VALUES: usize = 11;

/// Above so many contacts, what went wrong is gathered before them.
const SCREENFUL: usize = 12;

/// Writes everything that asks for a person.
pub(super) fn write(page: &mut Page, report: &Report<'_>) {
    incomplete(page, report);
    guards(page, report);
    conflicts(page, report, |line| line.conflict.winner == Winner::Manual);
    held(page, report, Label::NeedsAPerson, |group| group.asks);
    if report.people.len() > SCREENFUL || report.linked.len() > MOST_RECORDS {
        not_done(page, report);
    }
}

/// Writes what asks for nobody: decided conflicts, what is held and may stay so, what a CRM cannot do.
pub(super) fn decided(page: &mut Page, report: &Report<'_>) {
    conflicts(page, report, |line| line.conflict.winner != Winner::Manual);
    held(page, report, Label::Held, |group| !group.asks);
    unsupported(page, report);
}

fn incomplete(page: &mut Page, report: &Report<'_>) {
    let found: Vec<&str> = report.rows.iter().filter_map(|row| row.incomplete.as_deref()).collect();
    if found.is_empty() {
        return;
    }
    page.heading(report.label(Label::NotEverythingRead).trim_end_matches('.'), Paint::Yellow);
    for why in found {
        page.flow(Line::of("  "), 4, Line::of(why));
    }
    page.flow(Line::of("  "), 2, Line::of(report.label(Label::NothingDeleted)));
}

/// The guards that the plan trips, with some of what they counted.
fn guards(page: &mut Page, report: &Report<'_>) {
    if report.guards.is_empty() {
        return;
    }
    let passed = report.is_approved();
    let (mark, paint) = if passed { ("!", Paint::Yellow) } else { ("✗", Paint::Red) };
    page.heading(&format!("{} ({})", report.guards_title(), report.guards.len()), paint);
    let mut listed = BTreeSet::new();
    for line in &report.guards {
        page.flow(Line::of("  ").paint(mark, paint).then(" "), 4, Line::of(line.said.clone()));
        if let Some(key) = &line.key {
            page.line(4, &Line::painted(key.clone(), Paint::Dim));
        }
        // A percentage and a count of the same operations: their records once.
        let (guard, counted) = (line.guard, words::guarded(line.guard.guard));
        if !listed.insert((guard.side, guard.kind, counted)) {
            continue;
        }
        let steps = report.people.iter().flat_map(|person| &person.operations).filter(|step| {
            (step.operation.side, step.operation.kind) == (guard.side, guard.kind)
                && counted.contains(&step.operation.action())
        });
        rows(page, report, 6, steps.map(|step| (&step.record, Line::of(step.record.name.clone()))), SOME_RECORDS);
    }
    if let Some(command) = &report.approve {
        page.flow(Line::of("  "), 2, Line::of(report.label(Label::ApproveWith)));
        page.line(4, &Line::painted(command.clone(), Paint::Bold));
    } else if passed {
        page.flow(Line::of("  "), 2, Line::of(report.label(Label::ApprovedGuards)));
    }
}

fn conflicts(page: &mut Page, report: &Report<'_>, which: impl Fn(&ConflictLine<'_>) -> bool) {
    let mut causes: Vec<_> =
        report.conflicts.iter().filter(|line| which(line)).map(|line| line.conflict.cause).collect();
    causes.sort_unstable();
    causes.dedup();
    for cause in causes {
        let of_cause = || report.conflicts.iter().filter(|line| which(line) && line.conflict.cause == cause);
        let title =
            format!("{} ({}): {}", report.label(Label::Conflicts), of_cause().count(), report.words.cause(cause));
        page.heading(&title, Paint::Yellow);
        let mut last: Option<&Ids> = None;
        for line in of_cause().take(MOST_RECORDS) {
            if last != Some(&line.conflict.ids) {
                let record = std::iter::once((&line.record, Line::of(line.record.name.clone())));
                rows(page, report, 2, record, MOST_RECORDS);
                last = Some(&line.conflict.ids);
            }
            conflict(page, report, line);
        }
        and_more(page, report, 2, of_cause().count(), MOST_RECORDS);
    }
}

fn conflict(page: &mut Page, report: &Report<'_>, line: &ConflictLine<'_>) {
    let conflict = line.conflict;
    let value = |value| Line::of(quoted(report, &conflict.field, value));
    let fate = |side: Side| match conflict.winner {
        Winner::Manual => Line::default(),
        winner if winner == Winner::from(side) => {
            Line::of("  ").paint(format!("← {}", report.label(Label::Kept)), Paint::Green)
        }
        _ => Line::of("  ").paint(format!("({})", report.label(Label::NotKept)), Paint::Dim),
    };
    let kept = || Line::of("  ").paint(format!("← {}", report.label(Label::Kept)), Paint::Green);
    let name = report.words.field(&conflict.field);
    let before = report.label(Label::Before).to_lowercase();
    let yours = report.label(Label::Chosen);
    let mut lines = vec![
        (name, Side::Cliengo.title(), value(&conflict.cliengo).join(fate(Side::Cliengo))),
        ("", Side::Ghl.title(), value(&conflict.ghl).join(fate(Side::Ghl))),
    ];
    lines.extend((!conflict.base.is_null()).then(|| ("", before.as_str(), value(&conflict.base))));
    lines.extend(conflict.chosen.as_ref().map(|chosen| ("", yours, value(chosen).join(kept()))));
    for (first, who, said) in lines {
        let lead = Line::of("    ").then(padded(first, VALUES)).paint(padded(who, 9), Paint::Dim).then(" ");
        page.flow_at_most(lead, 4 + VALUES + 10, said, MOST_LINES);
    }
    if let Some(command) = &line.command {
        page.line(
            4 + VALUES,
            &Line::painted(report.label(Label::SettleWith), Paint::Yellow).then(format!(" {command}")),
        );
    }
}

fn held(page: &mut Page, report: &Report<'_>, title: Label, which: impl Fn(&HeldGroup<'_>) -> bool) {
    let groups: Vec<_> = report.held.iter().filter(|group| which(group)).collect();
    let all: usize = groups.iter().map(|group| group.records.len()).sum();
    if all == 0 {
        return;
    }
    page.heading(&format!("{} ({})", report.label(title), report.words.number(all as u64)), Paint::Yellow);
    for (at, group) in groups.into_iter().enumerate() {
        if at > 0 {
            page.gap();
        }
        let rule = group.rule.map(|rule| format!(" · {} {rule}", report.label(Label::Rule).to_lowercase()));
        let count = report.words.number(group.records.len() as u64);
        page.line(2, &Line::painted(format!("{} ({count}){}", group.title, rule.unwrap_or_default()), Paint::Bold));
        page.flow(Line::of("    "), 4, Line::of(group.meaning));
        let lines = group.records.iter().map(|line| {
            let detail = if line.detail.is_empty() { String::new() } else { format!(": {}", line.detail) };
            (&line.record, Line::of(format!("{}{detail}", line.record.name)))
        });
        rows(page, report, 4, lines, MOST_RECORDS);
        // One command for all of them is said once.
        let commands: BTreeSet<&str> = group.records.iter().filter_map(|line| line.command.as_deref()).collect();
        for command in commands.into_iter().take(MOST_RECORDS) {
            page.line(4, &Line::of(format!("{} ", report.label(Label::SettleWith))).paint(command, Paint::Bold));
        }
    }
}

fn unsupported(page: &mut Page, report: &Report<'_>) {
    if report.unsupported.is_empty() {
        return;
    }
    let all: usize = report.unsupported.iter().map(|group| group.records.len()).sum();
    page.heading(&format!("{} ({})", report.label(Label::Unsupported), report.words.number(all as u64)), Paint::Yellow);
    let undoes = report.finished.plan.undoes.is_some();
    let means = if undoes { Label::UnsupportedInAnUndo } else { Label::UnsupportedMeans };
    page.flow(Line::of("  "), 2, Line::of(report.label(means)));
    for group in &report.unsupported {
        let count = report.words.number(group.records.len() as u64);
        page.line(2, &Line::painted(format!("{} ({count})", group.title), Paint::Bold));
        // What a CRM does not have at all is of no record in particular.
        let (whole, records): (Vec<_>, Vec<_>) =
            group.records.iter().partition(|line| line.entry.ids == Ids::default());
        // One detail for all is said once.
        let shared = records.first().map(|first| first.detail.as_str()).filter(|detail| {
            records.len() > 1 && !detail.is_empty() && records.iter().all(|line| line.detail == *detail)
        });
        for detail in whole.into_iter().map(|line| line.detail.as_str()).chain(shared) {
            page.flow(Line::of("    "), 4, Line::of(detail));
        }
        let lines = records.iter().map(|line| {
            let own = Some(&line.detail).filter(|detail| shared.is_none() && !detail.is_empty());
            let own = own.map(|detail| format!(": {detail}")).unwrap_or_default();
            (&line.record, Line::of(format!("{}{own}", line.record.name)))
        });
        rows(page, report, 4, lines, SOME_RECORDS);
    }
}

/// What did not get through, by outcome: what that means, then each with its reason.
fn not_done(page: &mut Page, report: &Report<'_>) {
    let undo = report.finished.plan.undoes.is_some();
    let missed = report.outcomes.iter().filter(|(outcome, _)| *outcome != OperationOutcome::Applied);
    for (sort, count) in missed {
        let (mark, _, paint) = words::outcome(*sort);
        page.heading(&format!("{mark} {}", report.words.ended(*count, *sort)), paint);
        page.flow(Line::of("  "), 2, Line::of(report.words.consequence(*sort, undo)));
        let people = report.people.iter().chain(&report.linked);
        let steps = people.flat_map(|person| person.operations.iter().chain(&person.links));
        let lines = steps.filter(|step| step.outcome == Some(*sort)).map(|step| {
            let reason = step.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let name = if step.label.is_empty() { step.record.name.clone() } else { step.shown_label() };
            let said = format!("{} {} {name}{reason}", step.operation.side.title(), step.what);
            (&step.record, Line::of(said))
        });
        rows(page, report, 2, lines, MOST_MISSED);
    }
}
