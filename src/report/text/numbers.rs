//! The numbers: what was read, what is created, changed and deleted, and what it took.

use super::super::language::{Label, duration};
use super::super::screen::{Line, Page, Paint, columns};
use super::super::value::Report;
use crate::record::{Kind, Side};

/// Writes the table, the requests, and what came of the run.
pub(super) fn write(page: &mut Page, report: &Report<'_>) {
    page.gap();
    table(page, report);
    page.gap();
    for remark in &report.remarks {
        page.flow(Line::default(), 0, Line::of(remark.clone()));
    }
    if let Some(run) = &report.finished.run {
        let outcomes: Vec<String> =
            report.outcomes.iter().map(|(outcome, count)| report.words.ended(*count, *outcome)).collect();
        let took = duration(run.finished.duration_since(run.started));
        let outcomes = if outcomes.is_empty() { String::new() } else { format!(": {}", outcomes.join(", ")) };
        page.flow(Line::default(), 2, Line::of(format!("{} {took}{outcomes}.", report.label(Label::Took))));
    }
    let requests: Vec<String> =
        report.requests.iter().map(|(side, requests)| format!("{} {requests}", side.title())).collect();
    page.flow(Line::default(), 2, Line::of(format!("{}: {}.", report.requests_label(), requests.join("; "))));
}

fn table(page: &mut Page, report: &Report<'_>) {
    let heads =
        [Label::Listed, Label::Create, Label::Update, Label::Delete].map(|head| report.label(head).to_lowercase());
    let kinds = Kind::ALL.map(|kind| columns(report.words.plural(kind)));
    let names = [Side::Cliengo.title().len() + 2, kinds.into_iter().max().unwrap_or_default() + 1];
    let mut rows = vec![[String::new(), String::new()].into_iter().chain(heads).collect::<Vec<_>>()];
    for row in &report.rows {
        let side = if row.kind == Kind::Contact { row.side.title() } else { "" };
        let mark = if row.incomplete.is_some() { "*" } else { "" };
        let listed = row.listed.map_or_else(|| "-".to_owned(), |count| report.words.number(count) + mark);
        let counts = [row.create, row.update, row.delete];
        let counts = counts.map(|count| if count == 0 { "·".to_owned() } else { report.words.number(count) });
        let names = [side.to_owned(), report.words.plural(row.kind).to_owned(), listed];
        rows.push(names.into_iter().chain(counts).collect());
    }
    let widths: Vec<usize> = (0..6)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| columns(cell)).max().unwrap_or_default())
        .zip(names.into_iter().chain([0; 4]))
        .map(|(widest, least)| widest.max(least))
        .collect();
    for (at, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(place, (cell, width))| {
                let blanks = " ".repeat(width.saturating_sub(columns(cell)));
                if place < 2 { format!("{cell}{blanks}") } else { format!("{blanks}{cell}") }
            })
            .collect();
        let line =
            [cells.get(..2).unwrap_or_default().join(""), cells.get(2..).unwrap_or_default().join("  ")].join(" ");
        page.line(0, &if at == 0 { Line::painted(line, Paint::Dim) } else { Line::of(line) });
    }
    if report.rows.iter().any(|row| row.incomplete.is_some()) {
        page.line(0, &Line::painted(format!("* {}", report.label(Label::NotToTheEnd)), Paint::Dim));
    }
}
