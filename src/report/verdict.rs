//! One sentence that says how things stand, and the few lines that cron may mail.

use std::collections::BTreeMap;

use crate::reconcile::{GuardName, HeldReason, Mode, Plan, Reading};
use crate::record::{Kind, Side};
use crate::run::{Finished, OperationOutcome, RunRecord, ToGo};

use super::screen::on_one_line;
use super::totals::{self, Outcomes, is_incomplete};
use super::words;

/// How many causes are told at most: with the first line and the last one, ten lines.
const CAUSES: usize = 8;

/// The last line of a report: how things stand, and the command that goes on.
#[must_use]
pub fn verdict(finished: &Finished) -> String {
    let plan = &finished.plan;
    let rest = match &finished.run {
        Some(run) if run.failure.is_some() => return failed(plan, run),
        Some(RunRecord { unfit_approval: Some(approved), .. }) => unfit(plan, approved),
        Some(run) if run.refused => stopped(plan),
        Some(run) => done(plan, run),
        None if plan.tripped().next().is_some() => stopped(plan),
        None if plan.operations.is_empty() => nothing_to_do(plan),
        None => format!("{} planned. Apply them with: {}", operations(plan), apply(plan)),
    };
    let rest = match finished.run.as_ref().and_then(|run| run.to_go) {
        Some(to_go) => format!("{rest} {}", goes_on(to_go)),
        None => rest,
    };
    match plan.unreadable() {
        Some(why) => format!("{}. {rest}", on_one_line(&why)),
        None => rest,
    }
}

/// `semantics` 65: how far a first sync is that the day's quota spreads over several runs.
fn goes_on(to_go: ToGo) -> String {
    let (linked, contacts, runs) = (to_go.linked, to_go.contacts, to_go.runs);
    let runs = format!("{} more {}", words::number(runs), if runs == 1 { "run" } else { "runs" });
    format!(
        "{} of {} contacts are linked; at GHL's daily quota the first sync takes about {runs}.",
        words::number(linked),
        words::number(contacts)
    )
}

/// The report in at most ten lines, without contact data: for cron, which mails what is printed. After the first, a line for
/// each cause.
#[must_use]
pub fn brief(finished: &Finished) -> String {
    let plan = &finished.plan;
    let run = finished.run.as_ref().filter(|run| !run.refused);
    let mut causes: Vec<String> =
        plan.tripped().filter(|guard| guard.guard != GuardName::FirstSync).map(words::guard).collect();
    if let Some(run) = run {
        let some = Outcomes::of(plan, run).each().into_iter();
        let missed = some.filter(|(outcome, count)| *outcome != OperationOutcome::Applied && *count > 0);
        causes.extend(
            missed.map(|(outcome, count)| format!("Not done: {} {}", words::number(count), words::outcome(outcome).1)),
        );
    }
    causes.extend(plan.unseen_in_words().iter().map(|line| on_one_line(line)));
    causes.extend(held(plan));
    if causes.len() > CAUSES {
        let more = causes.len() - (CAUSES - 1);
        causes.truncate(CAUSES - 1);
        causes.push(format!("And {more} more"));
    }
    let more = match run {
        Some(run) => format!("In full: concord history {} --pair {}", run.id, on_one_line(&plan.pair)),
        None if plan.undoes.is_some() => format!("In full: {} --dry-run", words::apply_command(plan)),
        None => format!("In full: concord plan --pair {}", on_one_line(&plan.pair)),
    };
    let first = format!("{}: {}", on_one_line(&plan.pair), verdict(finished));
    [vec![first], causes, vec![more]].concat().join("\n") + "\n"
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
    said.extend(partly_read(plan));
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
    let waits = (waiting > 0).then(|| need(waiting));
    let news: Vec<String> = waits.into_iter().chain(partly_read(plan)).collect();
    if !news.is_empty() {
        format!("Nothing to do; {}.", news.join(", "))
    } else if incomplete {
        "Nothing to do, as far as could be listed.".to_owned()
    } else if differ > 0 {
        format!("Nothing to do; {} cannot or need not be carried over.", words::counted(differ, "record"))
    } else {
        "Nothing to do: both sides agree.".to_owned()
    }
}

/// That a run did not see all that it asked for; a CRM that could not be read at all is named before.
fn partly_read(plan: &Plan) -> Option<String> {
    let partly = plan.gaps().any(|(_, _, listing)| listing.reading == Reading::Partial);
    partly.then(|| "not everything could be read".to_owned())
}

/// `semantics` 35: an approval of another plan is said, and not taken for one of this.
fn unfit(plan: &Plan, approved: &str) -> String {
    let approved = on_one_line(approved);
    let now = if plan.tripped().next().is_some() { words::approve_command(plan, &plan.id()) } else { apply(plan) };
    format!(
        "The approval {approved} fits no plan any more, so nothing was written. {} planned now. Apply them with: {now}",
        operations(plan)
    )
}

fn stopped(plan: &Plan) -> String {
    let approve = words::approve_command(plan, &plan.id());
    let guards: Vec<_> = plan.tripped().filter(|guard| guard.guard != GuardName::FirstSync).collect();
    let planned = operations(plan);
    let Some(first) = guards.first().map(|guard| words::guard(guard)) else {
        let what = if plan.mode == Mode::Rebuild { "rebuild" } else { "first sync" };
        return format!("{planned} planned. Approve this {what} with: {approve}");
    };
    let more = if guards.len() > 1 { format!(" (and {} more)", guards.len() - 1) } else { String::new() };
    format!("Stopped before writing: {first}{more}. {planned} planned. Approve with: {approve}")
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

/// The reasons that ask for a person, with their counts. What was not seen is a cause of its own.
fn held(plan: &Plan) -> Vec<String> {
    let mut counts: BTreeMap<HeldReason, usize> = BTreeMap::new();
    let seen = plan.held.iter().filter(|held| held.reason != HeldReason::Inconclusive);
    for record in seen.filter(|held| held.needs_a_person()) {
        *counts.entry(record.reason).or_default() += 1;
    }
    let said = counts.into_iter().map(|(reason, count)| {
        format!("Held: {} ({})", words::held(reason).0.to_lowercase(), words::number(count as u64))
    });
    said.collect()
}
