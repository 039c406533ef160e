//! The numbers at the end.

use jiff::SignedDuration;

use crate::record::{Kind, Side};
use crate::run::{Finished, RunRecord};

use super::screen::{Line, Page, Paint};
use super::totals::{self, Outcomes};
use super::waiting::is_incomplete;
use super::words;

/// The widths of the table's columns: side, kind, then numbers.
const COLUMNS: [usize; 6] = [9, 10, 8, 9, 9, 9];

/// Writes the table, the requests, and what came of the run.
pub(super) fn write(page: &mut Page, finished: &Finished) {
    page.gap();
    table(page, finished);
    page.gap();
    in_sync(page, finished);
    if finished.plan.outside > 0 {
        let outside = words::counted_wide(finished.plan.outside, "contact");
        page.line(
            0,
            &Line::of(format!("{outside} outside [pair.{}.scope]: not created on the other side.", finished.plan.pair)),
        );
    }
    match &finished.run {
        None => forecast(page, finished),
        Some(run) => ran(page, finished, run),
    }
    page.line(0, &Line::of(used(finished)));
}

fn table(page: &mut Page, finished: &Finished) {
    let plan = &finished.plan;
    let summary = plan.summary();
    page.line(
        0,
        &Line::painted(cells(["", "", "listed", "create", "update", "delete"].map(str::to_owned)), Paint::Dim),
    );
    for side in Side::BOTH {
        for kind in Kind::ALL {
            let listing = plan.listings.of(side).of(kind);
            let tally = summary.of(side).of(kind);
            let listed = match (listing.complete, is_incomplete(listing)) {
                (true, _) => words::number(listing.count),
                (false, true) => format!("{}*", words::number(listing.count)),
                (false, false) => "-".to_owned(),
            };
            let name = if kind == Kind::Contact { side.title() } else { "" };
            let row = cells([
                name.to_owned(),
                words::plural(kind).to_owned(),
                listed,
                zero_as_dot(tally.create),
                zero_as_dot(tally.update),
                zero_as_dot(tally.delete),
            ]);
            page.line(0, &Line::of(row));
        }
    }
    let any_incomplete =
        Side::BOTH.iter().any(|side| Kind::ALL.iter().any(|kind| is_incomplete(plan.listings.of(*side).of(*kind))));
    if any_incomplete {
        page.line(0, &Line::painted("* not listed to the end", Paint::Dim));
    }
}

/// What agreed before this run. What it links itself is told by its operations; an undo compares nothing.
fn in_sync(page: &mut Page, finished: &Finished) {
    let plan = &finished.plan;
    if plan.undoes.is_some() {
        return;
    }
    if plan.in_sync > 0 {
        page.line(0, &Line::of(format!("{} in sync.", words::counted_wide(plan.in_sync, "record"))));
    }
    if plan.unseen > 0 {
        let unseen = words::counted_wide(plan.unseen, "linked record");
        page.line(0, &Line::of(format!("{unseen} not looked at in this run.")));
    }
}

/// Names to the left, numbers to the right.
fn cells(texts: [String; 6]) -> String {
    let mut row = String::new();
    for (at, (text, width)) in texts.into_iter().zip(COLUMNS).enumerate() {
        let cell = if at < 2 { format!("{text:<width$}") } else { format!("{text:>width$}") };
        row.push_str(&cell);
    }
    row
}

fn zero_as_dot(count: u64) -> String {
    if count == 0 { "·".to_owned() } else { words::number(count) }
}

fn forecast(page: &mut Page, finished: &Finished) {
    let plan = &finished.plan;
    if plan.operations.is_empty() {
        return;
    }
    let cliengo = words::counted_wide(plan.writes(Side::Cliengo), "request");
    let ghl = words::number(plan.writes(Side::Ghl));
    let links = match totals::links(plan) {
        0 => String::new(),
        links => format!(
            "; {} nothing",
            if links == 1 { "1 link sends".to_owned() } else { format!("{} links send", words::number(links as u64)) }
        ),
    };
    page.line(0, &Line::of(format!("Would send {cliengo} to Cliengo, {ghl} to GHL{links}.")));
}

fn ran(page: &mut Page, finished: &Finished, run: &RunRecord) {
    let outcomes = Outcomes::of(&finished.plan, run);
    let took = took(run.finished.duration_since(run.started));
    let some = outcomes.each().into_iter().filter(|(_, count)| *count > 0);
    let said: Vec<String> =
        some.map(|(outcome, count)| format!("{} {}", words::number(count), words::outcome(outcome).1)).collect();
    let said = if said.is_empty() || run.refused { String::new() } else { format!(": {}", said.join(", ")) };
    page.line(0, &Line::of(format!("Took {took}{said}.")));
    if run.recovered > 0 {
        let creates = words::counted_wide(run.recovered, "create");
        page.line(0, &Line::of(format!("{creates} of earlier runs had an unknown outcome; now it is known.")));
    }
}

/// `Requests made: Cliengo 832 reads, 1 write; GHL 826 reads, 0 writes, 199,174 left today.`
fn used(finished: &Finished) -> String {
    let sides = Side::BOTH.map(|side| {
        let usage = finished.usage.of(side);
        let reads = words::counted_wide(usage.reads, "read");
        let writes = words::counted_wide(usage.writes, "write");
        let left = usage.daily_remaining.map(|left| format!(", {} left today", words::number(left)));
        format!("{} {reads}, {writes}{}", side.title(), left.unwrap_or_default())
    });
    format!("Requests made: {}.", sides.join("; "))
}

/// `12 s`, `3 min 12 s`, `1 h 4 min`.
fn took(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => "less than a second".to_owned(),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
