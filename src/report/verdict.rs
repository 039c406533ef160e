//! One sentence that says how things stand, and the few lines that cron may mail.

use std::collections::BTreeMap;

use crate::reconcile::{GuardName, HeldReason, Mode, Plan};
use crate::record::{Kind, Side};
use crate::run::{Finished, OperationOutcome, RunRecord};

use super::screen::on_one_line;
use super::totals::{self, Outcomes};
use super::waiting::is_incomplete;
use super::words;

/// The last line of a report: how things stand, and the command that goes on.
#[must_use]
pub fn verdict(finished: &Finished) -> String {
    let plan = &finished.plan;
    match &finished.run {
        Some(run) if run.failure.is_some() => failed(plan, run),
        Some(run) if run.refused => stopped(plan),
        Some(run) => done(plan, run),
        None if plan.tripped().next().is_some() => stopped(plan),
        None if plan.operations.is_empty() => nothing_to_do(plan),
        None => format!("{} planned. Apply them with: {}", operations(plan), apply(plan)),
    }
}

/// The report in at most ten lines, without contact data: for cron, which mails what is printed.
#[must_use]
pub fn brief(finished: &Finished) -> String {
    let plan = &finished.plan;
    let mut lines = vec![format!("{}: {}", on_one_line(&plan.pair), verdict(finished))];
    let (tripped, run) = (plan.tripped(), finished.run.as_ref().filter(|run| !run.refused));
    lines.extend(tripped.filter(|guard| guard.guard != GuardName::FirstSync).take(3).map(words::guard));
    if let Some(run) = run {
        let some = Outcomes::of(plan, run).each().into_iter();
        let missed: Vec<String> = some
            .filter(|(outcome, count)| *outcome != OperationOutcome::Applied && *count > 0)
            .map(|(outcome, count)| format!("{} {}", words::number(count), words::outcome(outcome).1))
            .collect();
        lines.extend((!missed.is_empty()).then(|| format!("Not done: {}", missed.join(", "))));
    }
    lines.extend(held(plan));
    lines.extend(incomplete(plan));
    let more = match run {
        Some(run) => format!("In full: concord history {} --pair {}", run.id, on_one_line(&plan.pair)),
        None if plan.undoes.is_some() => format!("In full: {} --dry-run", words::apply_command(plan)),
        None => format!("In full: concord plan --pair {}", on_one_line(&plan.pair)),
    };
    lines.push(more);
    lines.join("\n") + "\n"
}

fn done(plan: &Plan, run: &RunRecord) -> String {
    let outcomes = Outcomes::of(plan, run);
    if outcomes.planned() == 0 {
        return nothing_to_do(plan);
    }
    let missed = outcomes.planned() - outcomes.applied;
    let mut said = Vec::new();
    if missed > 0 {
        said.push(format!("{} did not get through", words::number(missed)));
    }
    if totals::waiting(plan) > 0 {
        said.push(need(totals::waiting(plan)));
    }
    let rest = if said.is_empty() { String::new() } else { format!("; {}", said.join(", ")) };
    format!("Applied {} of {}{rest}.", words::number(outcomes.applied), operations(plan))
}

fn failed(plan: &Plan, run: &RunRecord) -> String {
    let why = on_one_line(run.failure.as_deref().unwrap_or_default());
    let applied = words::number(Outcomes::of(plan, run).applied);
    let rest = match plan.undoes {
        Some(run) => format!("undo run {run} again for the rest"),
        None => "the next run goes on from there".to_owned(),
    };
    format!("The run failed: {why}. Applied {applied} of {}; {rest}.", operations(plan))
}

fn nothing_to_do(plan: &Plan) -> String {
    let waiting = totals::waiting(plan);
    let incomplete =
        Side::BOTH.iter().any(|side| Kind::ALL.iter().any(|kind| is_incomplete(plan.listings.of(*side).of(*kind))));
    if let Some(run) = plan.undoes {
        let left = if waiting > 0 { format!("; {}", need(waiting)) } else { String::new() };
        return format!("Nothing to take back of run {run}{left}.");
    }
    let differ = plan.held.len() + plan.unsupported.len() + plan.conflicts.len();
    if waiting > 0 {
        format!("Nothing to do; {}.", need(waiting))
    } else if incomplete {
        "Nothing to do, as far as could be listed.".to_owned()
    } else if differ > 0 {
        format!("Nothing to do; {} cannot or need not be carried over.", words::counted(differ, "record"))
    } else {
        "Nothing to do: both sides agree.".to_owned()
    }
}

fn stopped(plan: &Plan) -> String {
    let approve = words::approve_command(plan, &plan.id());
    let guards = plan.tripped().filter(|guard| guard.guard != GuardName::FirstSync).count();
    let planned = operations(plan);
    match guards {
        0 if plan.mode == Mode::Rebuild => format!("{planned} planned. Approve this rebuild with: {approve}"),
        0 => format!("{planned} planned. Approve this first sync with: {approve}"),
        1 => format!("{planned} planned, stopped by a guard. Approve with: {approve}"),
        several => format!("{planned} planned, stopped by {several} guards. Approve with: {approve}"),
    }
}

/// The command; a rebuild always wants its plan named.
fn apply(plan: &Plan) -> String {
    match plan.mode {
        Mode::Rebuild => words::approve_command(plan, &plan.id()),
        _ => words::apply_command(plan),
    }
}

fn operations(plan: &Plan) -> String {
    words::counted(plan.operations.len(), "operation")
}

fn need(waiting: usize) -> String {
    format!(
        "{} a person",
        if waiting == 1 {
            "1 record needs".to_owned()
        } else {
            format!("{} records need", words::number(waiting as u64))
        }
    )
}

/// The reasons that ask for a person, with their counts.
fn held(plan: &Plan) -> Option<String> {
    let mut counts: BTreeMap<HeldReason, usize> = BTreeMap::new();
    for record in plan.held.iter().filter(|held| held.reason.needs_a_person()) {
        *counts.entry(record.reason).or_default() += 1;
    }
    let said: Vec<String> = counts
        .into_iter()
        .map(|(reason, count)| format!("{} ({})", words::held(reason).0.to_lowercase(), words::number(count as u64)))
        .collect();
    (!said.is_empty()).then(|| format!("Held: {}", said.join(", ")))
}

fn incomplete(plan: &Plan) -> Option<String> {
    let mut lists = Vec::new();
    for side in Side::BOTH {
        for kind in Kind::ALL {
            if is_incomplete(plan.listings.of(side).of(kind)) {
                lists.push(format!("{} {}", side.title(), words::plural(kind)));
            }
        }
    }
    (!lists.is_empty()).then(|| format!("Not listed to the end: {}", lists.join(", ")))
}
