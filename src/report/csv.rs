//! The report as CSV: a row for each field that changes, and one for whatever else the plan has to say.
//!
//! A spreadsheet calculates a cell that begins as a formula; a name that somebody chose must not be one.

use std::io::{self, Write};

use serde_json::Value as Json;

use super::escape::{on_one_line, visible};
use super::value::{HeldGroup, Report, Step, field};
use super::words;
use crate::reconcile::{Change, Winner};
use crate::record::{Ids, Side};

/// The columns, in their order.
pub const HEAD: &str =
    "run,pair,kind,ids,label,field,before,after,origin,rule,status,side,action,cliengo_id,ghl_id,contact,detail\r\n";

/// Signs that make a spreadsheet calculate a cell, the wide ones of East Asian keyboards too.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];

/// Writes the rows of one pair, without the head.
///
/// # Errors
/// Those of `to`.
pub fn csv(report: &Report<'_>, to: &mut dyn Write) -> io::Result<()> {
    let mut sheet = Sheet { run: report.finished.run.as_ref().map(|run| run.id), pair: &report.finished.plan.pair, to };
    for person in report.people.iter().chain(&report.linked) {
        for step in person.links.iter().chain(&person.operations) {
            sheet.operation(step)?;
        }
    }
    for (operation, _) in &report.further {
        let row =
            Row { status: "further_contact", ..Row::of(operation.kind.as_str(), &operation.ids, &operation.label) };
        sheet.row(&Row { side: Some(operation.side), action: operation.action().as_str(), ..row })?;
    }
    sheet.conflicts(report)?;
    report.held.iter().try_for_each(|group| sheet.held(group))?;
    for line in report.unsupported.iter().flat_map(|group| &group.records) {
        let (entry, detail) = (line.entry, line.detail.as_str());
        let row = Row::of(entry.kind.as_str(), &entry.ids, &entry.label);
        let (side, action) = (Some(entry.side), entry.action.as_str());
        sheet.row(&Row { side, action, detail, status: "unsupported", ..row })?;
    }
    sheet.warnings(report)
}

/// Writes why a pair has no report.
///
/// # Errors
/// Those of `to`.
pub fn csv_failure(pair: &str, error: &str, to: &mut dyn Write) -> io::Result<()> {
    Sheet { run: None, pair, to }.row(&Row { status: "failed", detail: error, ..Row::default() })
}

/// One row, before it is quoted.
#[derive(Default)]
struct Row<'a> {
    kind: &'a str,
    ids: Option<&'a Ids>,
    label: &'a str,
    field: &'a str,
    before: String,
    after: String,
    origin: Option<Side>,
    rule: Option<u8>,
    status: &'a str,
    side: Option<Side>,
    action: &'a str,
    contact: &'a str,
    detail: &'a str,
}

impl<'a> Row<'a> {
    fn of(kind: &'a str, ids: &'a Ids, label: &'a str) -> Self {
        Self { kind, ids: Some(ids), label, ..Self::default() }
    }
}

struct Sheet<'a> {
    run: Option<i64>,
    pair: &'a str,
    to: &'a mut dyn Write,
}

impl Sheet<'_> {
    fn operation(&mut self, step: &Step<'_>) -> io::Result<()> {
        let operation = step.operation;
        let row = || Row {
            side: Some(operation.side),
            action: operation.action().as_str(),
            contact: &operation.contact,
            status: step.outcome.map_or("planned", |outcome| outcome.as_str()),
            detail: step.reason.as_deref().unwrap_or_default(),
            ..Row::of(operation.kind.as_str(), &operation.ids, &operation.label)
        };
        if operation.changes.is_empty() {
            return self.row(&row());
        }
        for change in &operation.changes {
            let field = field(change).as_str();
            match change {
                Change::Value { before, after, origin, .. } => {
                    let (before, after) = (plain(before), plain(after));
                    self.row(&Row { field, before, after, origin: Some(*origin), ..row() })?;
                }
                Change::Tags { added, removed, .. } => {
                    for tag in added {
                        self.row(&Row { field, after: tag.clone(), ..row() })?;
                    }
                    for tag in removed {
                        self.row(&Row { field, before: tag.clone(), ..row() })?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Both values of each conflict: the one that is there, and the one that wins.
    fn conflicts(&mut self, report: &Report<'_>) -> io::Result<()> {
        for line in &report.conflicts {
            let conflict = line.conflict;
            for (side, value) in [(Side::Cliengo, &conflict.cliengo), (Side::Ghl, &conflict.ghl)] {
                let status = match conflict.winner {
                    Winner::Manual => "conflict_waits",
                    winner if winner == Winner::from(side) => "conflict_kept",
                    _ => "conflict_not_kept",
                };
                self.row(&Row {
                    field: conflict.field.as_str(),
                    before: plain(&conflict.base),
                    after: plain(value),
                    origin: Some(side),
                    status,
                    detail: line.command.as_deref().unwrap_or_default(),
                    ..Row::of(conflict.kind.as_str(), &conflict.ids, &conflict.label)
                })?;
            }
        }
        Ok(())
    }

    fn held(&mut self, group: &HeldGroup<'_>) -> io::Result<()> {
        let reason = serde_json::to_value(group.reason).ok();
        let reason = reason.as_ref().and_then(Json::as_str).unwrap_or_default();
        for line in &group.records {
            self.row(&Row {
                field: reason,
                rule: group.rule,
                status: "held",
                detail: &line.detail,
                ..Row::of(line.held.kind.as_str(), &line.held.ids, &line.held.label)
            })?;
        }
        Ok(())
    }

    fn warnings(&mut self, report: &Report<'_>) -> io::Result<()> {
        for line in &report.guards {
            self.row(&Row {
                kind: line.guard.kind.as_str(),
                field: words::guard_key(line.guard.guard).unwrap_or("emptied"),
                before: line.guard.limit.to_string(),
                after: line.guard.value.to_string(),
                side: Some(line.guard.side),
                status: "guard",
                detail: &line.said,
                ..Row::default()
            })?;
        }
        for row in &report.rows {
            if let Some(why) = &row.incomplete {
                let kind = row.kind.as_str();
                self.row(&Row { kind, side: Some(row.side), status: "incomplete", detail: why, ..Row::default() })?;
            }
        }
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>) -> io::Result<()> {
        let id = |side| row.ids.and_then(|ids| ids.of(side)).unwrap_or_default();
        let known = Side::BOTH.iter().filter(|side| !id(**side).is_empty());
        let ids: Vec<String> = known.map(|side| format!("{side}:{}", id(*side))).collect();
        let side = |side: Option<Side>| side.map_or("", Side::as_str).to_owned();
        let cells = [
            self.run.map_or_else(String::new, |run| run.to_string()),
            on_one_line(self.pair),
            row.kind.to_owned(),
            on_one_line(&ids.join(" ")),
            on_one_line(row.label),
            on_one_line(row.field),
            visible(&row.before),
            visible(&row.after),
            side(row.origin),
            row.rule.map_or_else(String::new, |rule| rule.to_string()),
            row.status.to_owned(),
            side(row.side),
            row.action.to_owned(),
            on_one_line(id(Side::Cliengo)),
            on_one_line(id(Side::Ghl)),
            on_one_line(row.contact),
            on_one_line(row.detail),
        ];
        let cells: Vec<String> = cells.into_iter().map(|cell| quoted(&harmless(cell))).collect();
        write!(self.to, "{}\r\n", cells.join(","))
    }
}

/// A value as a cell: a text as it is, nothing for what is empty.
fn plain(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A cell that no spreadsheet calculates. A phone in E.164 is only a number.
fn harmless(cell: String) -> String {
    if cell.starts_with(FORMULA) && !is_phone(&cell) { format!("'{cell}") } else { cell }
}

fn is_phone(cell: &str) -> bool {
    let digits = cell.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_formula_and_a_phone_stays_a_phone() {
        for (cell, expected) in [
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+SUM(A1)", "'+SUM(A1)"),
            ("-1", "'-1"),
            ("@cmd", "'@cmd"),
            ("＝SUM(A1)", "'＝SUM(A1)"),
            ("＠cmd", "'＠cmd"),
            ("\ncmd", "\"'\ncmd\""),
            ("+5491155550000", "+5491155550000"),
            ("+549 115", "'+549 115"),
            ("Ana, \"la jefa\"", "\"Ana, \"\"la jefa\"\"\""),
            ("Ana", "Ana"),
        ] {
            assert_eq!(quoted(&harmless(cell.to_owned())), expected);
        }
    }
}
