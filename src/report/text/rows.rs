//! Records in lines: ids first, so that they can be pasted; then the name, and what is to be said of it.

use super::super::language::Label;
use super::super::screen::{Line, Page, Paint, columns, on_one_line, padded};
use super::super::value::{RecordName, Report};
use crate::record::Side;

/// Writes records with what is said of each, as many as `most`; how many were left out is said.
pub(super) fn rows<'a>(
    page: &mut Page,
    report: &Report<'_>,
    indent: usize,
    rows: impl Iterator<Item = (&'a RecordName, Line)>,
    most: usize,
) {
    let mut rows: Vec<(&RecordName, Line)> = rows.collect();
    let all = rows.len();
    rows.truncate(most);
    let width = |side| rows.iter().map(|(record, _)| columns(&id(record, side))).max().unwrap_or_default();
    let (cliengo, ghl) = (width(Side::Cliengo), width(Side::Ghl));
    let said_at = indent + cliengo + ghl + 4;
    for (record, said) in rows {
        let ids = format!("{}  {}", padded(&id(record, Side::Cliengo), cliengo), padded(&id(record, Side::Ghl), ghl));
        let lead = Line::of(" ".repeat(indent)).then(ids);
        // Where the ids leave no room, what is said stands below them.
        if said_at > page.style.width / 2 && said_at + said.columns() > page.style.width {
            page.line(0, &lead);
            page.flow(Line::of(" ".repeat(indent + 2)), indent + 2, said);
        } else {
            page.flow(lead.then("  "), said_at, said);
        }
    }
    and_more(page, report, indent, all, most);
}

/// `… and 12 more`, where a list was cut.
pub(super) fn and_more(page: &mut Page, report: &Report<'_>, indent: usize, all: usize, shown: usize) {
    if all > shown {
        let rest = report.words.number((all - shown) as u64);
        page.fold(indent, &Line::painted(format!("… {} {rest}", report.label(Label::AndMore)), Paint::Dim));
    }
}

/// The id of `side`, or a dash that keeps its column.
fn id(record: &RecordName, side: Side) -> String {
    record.ids.iter().find(|id| id.side == side).map_or_else(|| "-".to_owned(), |id| on_one_line(&id.id))
}
