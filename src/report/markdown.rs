//! The report as Markdown, for a ticket or a message.

use std::io::{self, Write};

use super::audience::Audience;
use super::difference::{Fate, Piece};
use super::escape::visible;
use super::language::{Label, Noun};
use super::value::{ConflictLine, HeldGroup, Person, RecordName, Report, Step, field};
use crate::reconcile::{Change, Winner};
use crate::record::Side;

/// Letters shown of a long text.
const MOST_LETTERS: usize = 2000;

/// Writes the report of one pair.
///
/// # Errors
/// Those of `to`.
pub fn markdown(report: &Report<'_>, to: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { report, to };
    page.head()?;
    page.needs()?;
    page.numbers()?;
    page.changes()?;
    page.conflicts()?;
    page.held(|group| !group.asks, Label::Held)?;
    page.unsupported()?;
    page.linked()
}

/// Writes why a pair has no report.
///
/// # Errors
/// Those of `to`.
pub fn markdown_failure(pair: &str, error: &str, audience: &Audience, to: &mut dyn Write) -> io::Result<()> {
    let words = audience.words();
    writeln!(to, "# {}: {}\n", words.label(Label::Title), escaped(pair))?;
    writeln!(to, "{} {}\n", words.label(Label::Error), cell(&visible(error)))
}

struct Page<'a> {
    report: &'a Report<'a>,
    to: &'a mut dyn Write,
}

impl Page<'_> {
    fn head(&mut self) -> io::Result<()> {
        let report = self.report;
        writeln!(self.to, "# {}: {}\n", report.label(Label::Title), escaped(&report.finished.plan.pair))?;
        writeln!(self.to, "**{}**\n", escaped(&report.title.join(" · ")))?;
        writeln!(self.to, "{}\n", escaped(&report.verdict))?;
        for (name, fact) in &report.facts {
            writeln!(self.to, "- {name}: {}", escaped(fact))?;
        }
        for (side, requests) in &report.requests {
            writeln!(self.to, "- {}: {} {requests}", report.requests_label(), side.title())?;
        }
        let outcomes: Vec<String> =
            report.outcomes.iter().map(|(outcome, count)| report.words.ended(*count, *outcome)).collect();
        if !outcomes.is_empty() {
            writeln!(self.to, "- {}: {}", report.label(Label::Outcome), outcomes.join(", "))?;
        }
        let incomplete: Vec<&str> = report.rows.iter().filter_map(|row| row.incomplete.as_deref()).collect();
        if incomplete.is_empty() {
            return writeln!(self.to, "\n{}", report.label(Label::EverythingRead));
        }
        self.heading(report.label(Label::NotEverythingRead))?;
        for why in incomplete {
            writeln!(self.to, "- {}", escaped(why))?;
        }
        writeln!(self.to, "\n{}", report.label(Label::NothingDeleted))
    }

    /// What waits for a person: guards first, then each record with the command that settles it.
    fn needs(&mut self) -> io::Result<()> {
        let report = self.report;
        if !report.guards.is_empty() {
            self.heading(report.guards_title())?;
            for guard in &report.guards {
                let key = guard.key.as_ref().map(|key| format!(" (`{key}`)")).unwrap_or_default();
                writeln!(self.to, "- {}{key}", escaped(&guard.said))?;
            }
            match &report.approve {
                Some(command) => {
                    writeln!(self.to, "\n{}\n\n```sh\n{command}\n```", report.label(Label::ApproveWith))?;
                }
                None if report.is_approved() => writeln!(self.to, "\n{}", report.label(Label::ApprovedGuards))?,
                None => {}
            }
        }
        self.held(|group| group.asks, Label::NeedsAPerson)
    }

    fn held(&mut self, which: impl Fn(&HeldGroup<'_>) -> bool, title: Label) -> io::Result<()> {
        let report = self.report;
        let groups: Vec<_> = report.held.iter().filter(|group| which(group)).collect();
        if groups.is_empty() {
            return Ok(());
        }
        self.heading(report.label(title))?;
        for group in groups {
            let rule = group.rule.map(|rule| format!(" · {} {rule}", report.label(Label::Rule))).unwrap_or_default();
            let count = report.words.number(group.records.len() as u64);
            writeln!(self.to, "\n### {} ({count}){rule}\n\n{}\n", group.title, escaped(group.meaning))?;
            for line in &group.records {
                let detail =
                    if line.detail.is_empty() { String::new() } else { format!(": {}", escaped(&line.detail)) };
                let command = line.command.as_ref().map(|command| format!(" `{command}`")).unwrap_or_default();
                writeln!(self.to, "- {}{detail}{command}", named(&line.record))?;
            }
        }
        Ok(())
    }

    fn numbers(&mut self) -> io::Result<()> {
        let report = self.report;
        self.heading(report.label(Label::Numbers))?;
        let heads = [Label::Listed, Label::Create, Label::Update, Label::Delete].map(|head| report.label(head));
        writeln!(self.to, "\n| | {} |\n| --- | ---: | ---: | ---: | ---: |", heads.join(" | "))?;
        for row in &report.rows {
            let mark = if row.incomplete.is_some() { "\\*" } else { "" };
            let listed = row.listed.map_or_else(|| "-".to_owned(), |count| report.words.number(count));
            let [create, update, delete] = [row.create, row.update, row.delete].map(|count| report.words.number(count));
            let kind = report.words.plural(row.kind);
            writeln!(self.to, "| {} {kind} | {listed}{mark} | {create} | {update} | {delete} |", row.side.title())?;
        }
        for remark in &report.remarks {
            writeln!(self.to, "\n{}", escaped(remark))?;
        }
        Ok(())
    }

    fn changes(&mut self) -> io::Result<()> {
        let report = self.report;
        self.heading(report.label(Label::Changes))?;
        if report.people.is_empty() {
            writeln!(self.to, "\n{}", report.label(Label::NoChanges))?;
        }
        let heads =
            [Label::Side, Label::Action, Label::Field, Label::Before, Label::After, Label::From, Label::Outcome];
        let heads = heads.map(|head| report.label(head)).join(" | ");
        for person in &report.people {
            writeln!(self.to, "\n### {}\n", named(&person.record))?;
            self.links_of(person)?;
            writeln!(self.to, "| {heads} |\n| --- | --- | --- | --- | --- | --- | --- |")?;
            for step in &person.operations {
                self.step(step)?;
            }
        }
        Ok(())
    }

    fn links_of(&mut self, person: &Person<'_>) -> io::Result<()> {
        if person.links.is_empty() {
            return Ok(());
        }
        let why = self.report.matched(person);
        let why = why.map(|why| format!(" · {} {}", self.report.label(Label::Why), cell(&why))).unwrap_or_default();
        let with = format!("{}{why}", self.report.linked_with(person, true));
        writeln!(self.to, "{}: {with}\n", self.report.label(Label::Linked))
    }

    /// A row for each field; what is done, and what came of it, on the first.
    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let report = self.report;
        let label = if step.label.is_empty() { String::new() } else { format!(" \"{}\"", cell(&step.label)) };
        let reason = step.reason.as_deref().map(|reason| format!(": {}", cell(reason))).unwrap_or_default();
        let mut side = step.operation.side.title();
        let mut what = format!("{}{label}", step.what);
        let mut outcome = format!("{}{reason}", report.outcome(step));
        if step.operation.changes.is_empty() {
            return writeln!(self.to, "| {side} | {what} | | | | | {outcome} |");
        }
        for change in &step.operation.changes {
            let difference = report.difference(change);
            let origin = match change {
                Change::Value { origin, .. } => origin.title(),
                Change::Tags { .. } => "",
            };
            let (before, after) = (self.pieces(&difference.before), self.pieces(&difference.after));
            let field = cell(report.words.field(field(change)));
            writeln!(self.to, "| {side} | {what} | {field} | {before} | {after} | {origin} | {outcome} |")?;
            (side, what, outcome) = ("", String::new(), String::new());
        }
        Ok(())
    }

    fn pieces(&self, pieces: &[Piece]) -> String {
        let mut left = MOST_LETTERS;
        let mut text = String::new();
        for piece in pieces {
            let shown: String = piece.text.chars().take(left).collect();
            left -= shown.chars().count();
            // Marks that touch are none.
            text.push_str(if text.ends_with(['*', '~']) && piece.fate != Fate::Stays { " " } else { "" });
            text.push_str(&match piece.fate {
                Fate::Stays => cell(&shown),
                Fate::Goes => marked(&shown, "~~"),
                Fate::Comes => marked(&shown, "**"),
                Fate::Absent => format!("*{shown}*"),
            });
        }
        let all: usize = pieces.iter().map(|piece| piece.text.chars().count()).sum();
        if all > MOST_LETTERS {
            let letters = self.report.words.count((all - MOST_LETTERS) as u64, Noun::Letter);
            text.push_str(&format!(" {}", self.report.words.more_letters(&letters)));
        }
        text
    }

    fn conflicts(&mut self) -> io::Result<()> {
        let report = self.report;
        if report.conflicts.is_empty() {
            return Ok(());
        }
        self.heading(report.label(Label::Conflicts))?;
        writeln!(self.to, "\n{}\n", report.label(Label::ConflictsMean))?;
        report.conflicts.iter().try_for_each(|line| self.conflict(line))
    }

    fn conflict(&mut self, line: &ConflictLine<'_>) -> io::Result<()> {
        let (report, conflict) = (self.report, line.conflict);
        writeln!(self.to, "- {}, {}", named(&line.record), cell(report.words.field(&conflict.field)))?;
        for (side, value) in [(Side::Cliengo, &conflict.cliengo), (Side::Ghl, &conflict.ghl)] {
            let fate = match conflict.winner {
                Winner::Manual => Label::NotDecided,
                winner if winner == Winner::from(side) => Label::Kept,
                _ => Label::NotKept,
            };
            let value = cell(&report.value(&conflict.field, value));
            writeln!(self.to, "  - {}: {value} ({})", side.title(), report.label(fate))?;
        }
        if !conflict.base.is_null() {
            let value = cell(&report.value(&conflict.field, &conflict.base));
            writeln!(self.to, "  - {}: {value}", report.label(Label::Before))?;
        }
        if let Some(chosen) = &conflict.chosen {
            let value = cell(&report.value(&conflict.field, chosen));
            writeln!(self.to, "  - {}: {value}", report.label(Label::Chosen))?;
        }
        if let Some(command) = &line.command {
            writeln!(self.to, "  - {} `{command}`", report.label(Label::SettleWith))?;
        }
        Ok(())
    }

    fn unsupported(&mut self) -> io::Result<()> {
        let report = self.report;
        if report.unsupported.is_empty() {
            return Ok(());
        }
        self.heading(report.label(Label::Unsupported))?;
        let undoes = report.finished.plan.undoes.is_some();
        let means = if undoes { Label::UnsupportedInAnUndo } else { Label::UnsupportedMeans };
        writeln!(self.to, "\n{}", report.label(means))?;
        for group in &report.unsupported {
            let count = report.words.number(group.records.len() as u64);
            writeln!(self.to, "\n### {} ({count})\n", group.title)?;
            for line in &group.records {
                writeln!(self.to, "- {}: {}", named(&line.record), escaped(&line.detail))?;
            }
        }
        Ok(())
    }

    fn linked(&mut self) -> io::Result<()> {
        let report = self.report;
        if !report.linked.is_empty() {
            self.heading(report.label(Label::Linked))?;
            writeln!(self.to)?;
        }
        for person in &report.linked {
            let outcome = person.links.first().map(|step| report.outcome(step)).unwrap_or_default();
            writeln!(self.to, "- {} ({}; {outcome})", named(&person.record), report.linked_with(person, true))?;
        }
        if !report.further.is_empty() {
            self.heading(report.label(Label::Further))?;
            writeln!(self.to, "\n{}\n", report.label(Label::FurtherMeans))?;
        }
        report.further.iter().try_for_each(|(_, record)| writeln!(self.to, "- {}", named(record)))
    }

    fn heading(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.to, "\n## {}", title.trim_end_matches('.'))
    }
}

/// A record's name, and its ids as links into both CRMs.
fn named(record: &RecordName) -> String {
    let ids: Vec<String> = record
        .ids
        .iter()
        .map(|id| match &id.link {
            Some(link) => format!("{} [{}]({link})", id.side.title(), escaped(&id.id)),
            None => format!("{} {}", id.side.title(), escaped(&id.id)),
        })
        .collect();
    let ids = if ids.is_empty() { String::new() } else { format!(" ({})", ids.join(", ")) };
    format!("{}{ids}", cell(&record.name))
}

/// `**gone**`: the marks touch the words, or they are none.
fn marked(text: &str, mark: &str) -> String {
    let core = text.trim();
    let (lead, tail) = text.split_once(core).unwrap_or_default();
    if core.is_empty() { cell(text) } else { format!("{}{mark}{}{mark}{}", cell(lead), cell(core), cell(tail)) }
}

/// Text of somebody else's on one line of a table or a list.
fn cell(text: &str) -> String {
    escaped(text).replace('\n', "<br>")
}

/// Text of somebody else's, which means nothing to Markdown.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '#' => shown.extend(['\\', letter]),
            other => shown.push(other),
        }
    }
    shown
}
