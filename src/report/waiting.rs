//! What needs eyes: conflicts, held records, what a CRM cannot express, guards, incomplete listings.

use std::collections::{BTreeMap, BTreeSet};

use crate::reconcile::{Cause, Conflict, Guard, GuardName, Held, HeldReason, ListingCount, Plan, Unsupported, Winner};
use crate::record::{Action, Ids, Kind, Side};

use super::operations::{and_more, value};
use super::screen::{Line, Page, Paint, columns, on_one_line, padded};
use super::words;
use crate::run::Finished;

/// Records shown of each group.
const MOST_RECORDS: usize = 20;

/// Records shown where they only illustrate.
const SOME_RECORDS: usize = 5;

/// Lines shown of a long value.
const MOST_LINES: usize = 6;

/// The column in which a conflict's values begin.
const VALUES: usize = 11;

/// A record on a line: its ids first, then its name and what is to be said of it.
struct Row<'a> {
    ids: &'a Ids,
    said: String,
}

/// Writes every section that has something to say.
pub(super) fn write(page: &mut Page, finished: &Finished, plan_id: &str) {
    let plan = &finished.plan;
    conflicts(page, &plan.conflicts);
    held(page, &plan.held);
    unsupported(page, &plan.unsupported, plan.undoes.is_some());
    incomplete(page, plan);
    guards(page, plan, plan_id, finished.run.is_some() && !finished.is_refused());
}

fn conflicts(page: &mut Page, conflicts: &[Conflict]) {
    let mut by_cause: BTreeMap<Cause, Vec<&Conflict>> = BTreeMap::new();
    for conflict in conflicts {
        by_cause.entry(conflict.cause).or_default().push(conflict);
    }
    for (cause, conflicts) in by_cause {
        page.heading(&format!("Conflicts ({}): {}", conflicts.len(), words::cause(cause)), Paint::Yellow);
        let mut last: Option<(Kind, &Ids)> = None;
        for conflict in conflicts.iter().take(MOST_RECORDS) {
            if last != Some((conflict.kind, &conflict.ids)) {
                let row = Row { ids: &conflict.ids, said: words::named(conflict.kind, &conflict.label) };
                rows(page, 2, std::iter::once(row));
                last = Some((conflict.kind, &conflict.ids));
            }
            conflict_values(page, conflict);
        }
        and_more(page, 2, conflicts.len(), MOST_RECORDS);
    }
}

fn conflict_values(page: &mut Page, conflict: &Conflict) {
    let stands = |side| {
        let wins = matches!((conflict.winner, side), (Winner::Cliengo, Side::Cliengo) | (Winner::Ghl, Side::Ghl));
        if wins { Line::of("  ").paint("← stands", Paint::Green) } else { Line::default() }
    };
    let indent = 4 + VALUES + 9;
    let name = conflict.field.as_str();
    for (first, who, words) in [
        (name, Side::Cliengo.title(), value(&conflict.cliengo).join(stands(Side::Cliengo))),
        ("", Side::Ghl.title(), value(&conflict.ghl).join(stands(Side::Ghl))),
        ("", "before", value(&conflict.base)),
    ] {
        if who == "before" && conflict.base.is_null() {
            continue;
        }
        let lead = Line::of("    ").then(padded(first, VALUES)).paint(padded(who, 9), Paint::Dim);
        page.flow_at_most(lead, indent, words, MOST_LINES);
    }
    if conflict.winner == Winner::Manual {
        let lead = Line::of(" ".repeat(4 + VALUES));
        let command = format!("concord conflicts resolve {} --take cliengo|ghl|VALUE", conflict.id);
        page.line(0, &lead.paint("waits for you", Paint::Yellow).then(format!(": {command}")));
    }
    if let Some(chosen) = &conflict.chosen {
        let lead = Line::of(" ".repeat(4 + VALUES)).paint(padded("yours", 9), Paint::Dim);
        let stands = Line::of("  ").paint("← stands", Paint::Green);
        page.flow_at_most(lead, indent, value(chosen).join(stands), MOST_LINES);
    }
}

fn held(page: &mut Page, held: &[Held]) {
    if held.is_empty() {
        return;
    }
    let mut by_reason: BTreeMap<HeldReason, Vec<&Held>> = BTreeMap::new();
    for record in held {
        by_reason.entry(record.reason).or_default().push(record);
    }
    let mut reasons: Vec<_> = by_reason.into_iter().collect();
    // What asks for a person comes first.
    reasons.sort_by_key(|(reason, _)| !reason.needs_a_person());
    page.heading(&format!("Held ({})", words::number(held.len() as u64)), Paint::Yellow);
    for (at, (reason, records)) in reasons.into_iter().enumerate() {
        if at > 0 {
            page.gap();
        }
        let (title, meaning) = words::held(reason);
        let rule = words::rule(reason).map_or_else(String::new, |rule| format!(" · rule {rule}"));
        let title = format!("{title} ({}){rule}", words::number(records.len() as u64));
        page.line(2, &Line::painted(title, Paint::Bold));
        page.flow(Line::of("    "), 4, Line::of(meaning));
        let shown = records.iter().take(MOST_RECORDS);
        rows(page, 4, shown.map(|record| Row { ids: &record.ids, said: said_of(record) }));
        and_more(page, 4, records.len(), MOST_RECORDS);
    }
}

fn said_of(record: &Held) -> String {
    let name = words::named(record.kind, &record.label);
    if record.detail.is_empty() { name } else { format!("{name}: {}", on_one_line(&record.detail)) }
}

fn unsupported(page: &mut Page, unsupported: &[Unsupported], undoes: bool) {
    if unsupported.is_empty() {
        return;
    }
    let mut groups: BTreeMap<(Side, Kind, Action), Vec<&Unsupported>> = BTreeMap::new();
    for record in unsupported {
        groups.entry((record.side, record.kind, record.action)).or_default().push(record);
    }
    page.heading(&format!("Unsupported ({})", words::number(unsupported.len() as u64)), Paint::Yellow);
    page.flow(Line::of("  "), 2, Line::of(if undoes { words::UNSUPPORTED_IN_AN_UNDO } else { words::UNSUPPORTED }));
    for ((side, kind, action), records) in groups {
        let title = format!("{} ({})", words::cannot(side, kind, action), words::number(records.len() as u64));
        page.line(2, &Line::painted(title, Paint::Bold));
        // What a CRM does not have at all is of no record in particular.
        let whole = records.iter().filter(|record| record.ids == Ids::default());
        for record in whole {
            page.flow(Line::of("    "), 4, Line::of(on_one_line(&record.detail)));
        }
        let records: Vec<_> = records.into_iter().filter(|record| record.ids != Ids::default()).collect();
        // One detail for all is said once.
        let shared = records.first().map(|first| first.detail.as_str()).filter(|detail| {
            records.len() > 1 && !detail.is_empty() && records.iter().all(|record| record.detail == *detail)
        });
        if let Some(detail) = shared {
            page.flow(Line::of("    "), 4, Line::of(on_one_line(detail)));
        }
        rows(
            page,
            4,
            records.iter().take(SOME_RECORDS).map(|record| {
                let name = words::named(record.kind, &record.label);
                let own = Some(&record.detail).filter(|detail| shared.is_none() && !detail.is_empty());
                let said = own.map_or_else(|| name.clone(), |detail| format!("{name}: {}", on_one_line(detail)));
                Row { ids: &record.ids, said }
            }),
        );
        and_more(page, 4, records.len(), SOME_RECORDS);
    }
}

/// Lines with both ids first, in columns, so that they can be pasted.
fn rows<'a>(page: &mut Page, indent: usize, rows: impl Iterator<Item = Row<'a>>) {
    let rows: Vec<Row<'a>> = rows.collect();
    let width = |side| rows.iter().map(|row| columns(&words::id_or_dash(row.ids, side))).max().unwrap_or_default();
    let (cliengo, ghl) = (width(Side::Cliengo), width(Side::Ghl));
    for row in &rows {
        let first = padded(&words::id_or_dash(row.ids, Side::Cliengo), cliengo);
        let second = padded(&words::id_or_dash(row.ids, Side::Ghl), ghl);
        page.line(indent, &Line::of(format!("{first}  {second}  {}", row.said)));
    }
}

fn incomplete(page: &mut Page, plan: &Plan) {
    let mut found: Vec<(Side, Kind, &ListingCount)> = Vec::new();
    for side in Side::BOTH {
        for kind in Kind::ALL {
            let listing = plan.listings.of(side).of(kind);
            if is_incomplete(listing) {
                found.push((side, kind, listing));
            }
        }
    }
    if found.is_empty() {
        return;
    }
    page.heading("Incomplete listings", Paint::Yellow);
    for (side, kind, listing) in found {
        let parents = listing
            .parents
            .filter(|(listed, all)| listed < all)
            .map(|(listed, all)| format!(", of {} of {} contacts", words::number(listed), words::number(all)));
        let why = listing.why.as_deref().map(|why| format!(": {}", on_one_line(why))).unwrap_or_default();
        let listed = words::counted_wide(listing.count, kind.as_str());
        let parents = parents.unwrap_or_default();
        page.flow(Line::of("  "), 4, Line::of(format!("{}: {listed} listed{parents}{why}", side.title())));
    }
    page.flow(
        Line::of("  "),
        2,
        Line::of("What is missing from these does not count as deleted: no deletes are derived."),
    );
}

/// Whether a listing did not reach its end. A kind that takes no part is not listed at all.
pub(super) fn is_incomplete(listing: &ListingCount) -> bool {
    !listing.complete && *listing != ListingCount::default()
}

/// The guards that the plan trips. In a run that went on in spite of them, a person let exactly this plan pass.
fn guards(page: &mut Page, plan: &Plan, plan_id: &str, passed: bool) {
    let mut tripped: Vec<&Guard> = plan.tripped().collect();
    // Said once, whatever it was evaluated for.
    let mut first_sync = false;
    tripped.retain(|guard| guard.guard != GuardName::FirstSync || !std::mem::replace(&mut first_sync, true));
    if tripped.is_empty() {
        return;
    }
    page.heading(&format!("Guards ({})", tripped.len()), if passed { Paint::Yellow } else { Paint::Red });
    let table = format!("[pair.{}.guard]", on_one_line(&plan.pair));
    let mut listed = BTreeSet::new();
    for guard in tripped {
        let mark = if passed { ("!", Paint::Yellow) } else { ("✗", Paint::Red) };
        let line = Line::of("  ").paint(mark.0, mark.1).then(" ");
        page.flow(line, 4, Line::of(words::guard(guard)));
        if let Some(key) = words::guard_key(guard.guard) {
            page.line(4, &Line::painted(format!("{table} {key}"), Paint::Dim));
        }
        // A percentage and a count of the same operations: their records once.
        if !listed.insert((guard.side, guard.kind, words::guarded(guard.guard))) {
            continue;
        }
        let counted: Vec<_> = plan
            .operations
            .iter()
            .filter(|operation| (operation.side, operation.kind) == (guard.side, guard.kind))
            .filter(|operation| words::guarded(guard.guard).contains(&operation.action))
            .collect();
        let shown = counted.iter().take(SOME_RECORDS);
        rows(page, 6, shown.map(|counted| Row { ids: &counted.ids, said: words::named(counted.kind, &counted.label) }));
        and_more(page, 6, counted.len(), SOME_RECORDS);
    }
    if passed {
        return page.line(2, &Line::of("Approved: you let exactly this plan pass."));
    }
    page.line(2, &Line::of("Nothing is written until you let exactly this plan pass:"));
    page.line(4, &Line::painted(words::approve_command(plan, plan_id), Paint::Bold));
}
