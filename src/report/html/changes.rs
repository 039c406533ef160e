//! What is done, contact by contact, and what finds it.

use std::collections::BTreeSet;
use std::io::{self, Write};

use maud::{Markup, html};

use super::super::difference::{Fate, Piece};
use super::super::language::{Label, Noun};
use super::super::value::{Person, Report, Step, field};
use super::ids;
use crate::reconcile::Change;
use crate::record::{Action, Kind, Side};

/// Contacts that a browser lays out together, when they come into state.
const CHUNK: usize = 40;

/// A longer text is folded.
const LONG: usize = 600;

/// Letters shown of a text at most.
const MOST_LETTERS: usize = 20_000;

/// Writes the changes piece by piece: there may be tens of thousands.
pub(super) fn section(report: &Report<'_>, pair: &str, to: &mut dyn Write) -> io::Result<()> {
    let id = format!("changes-{pair}");
    let title = html! {
        h2 id=(id) { (report.label(Label::Changes)) " " span.count { (report.words.number(report.steps())) } }
        @if report.people.is_empty() { p { (report.label(Label::NoChanges)) } } @else { (filter(report, pair)) }
    };
    write!(to, "<section>{}", title.into_string())?;
    for chunk in report.people.chunks(CHUNK) {
        to.write_all(b"<div class=\"chunk\">")?;
        for one in chunk {
            write!(to, "{}", person(report, one).into_string())?;
        }
        to.write_all(b"</div>")?;
    }
    to.write_all(b"</section>")
}

/// Search and filters; they appear where scripts run.
fn filter(report: &Report<'_>, pair: &str) -> Markup {
    let steps = || report.people.iter().flat_map(|person| &person.operations);
    let fields: BTreeSet<(String, &str)> = steps()
        .flat_map(|step| &step.operation.changes)
        .map(|change| (token(field(change).as_str()), report.words.field(field(change))))
        .collect();
    let outcomes: BTreeSet<(String, &str)> =
        steps().map(|step| (outcome(step).to_owned(), report.outcome(step))).collect();
    let pick = |name: &str, label: Label, any: Label, options: Vec<(String, &str)>| {
        html! {
            div {
                label for=(format!("{name}-{pair}")) { (report.label(label)) }
                select name=(name) id=(format!("{name}-{pair}")) {
                    option value="" { (report.label(any)) }
                    @for (value, said) in options { option value=(value) { (said) } }
                }
            }
        }
    };
    let sides = Side::BOTH.map(|side| (side.as_str().to_owned(), side.title()));
    let kinds = Kind::ALL.map(|kind| (kind.as_str().to_owned(), report.words.plural(kind)));
    let actions = [
        (Action::Create, Label::Create),
        (Action::Update, Label::Update),
        (Action::Delete, Label::Delete),
        (Action::Complete, Label::Complete),
        (Action::Tag, Label::Tags),
    ];
    let actions = actions.map(|(action, label)| (action.as_str().to_owned(), report.label(label)));
    html! {
        form.filter hidden data-shown=(format!("# {}", report.label(Label::Shown))) {
            div {
                label for=(format!("search-{pair}")) { (report.label(Label::Search)) }
                input type="search" name="search" id=(format!("search-{pair}")) autocomplete="off";
            }
            (pick("side", Label::Side, Label::AnySide, sides.to_vec()))
            (pick("kind", Label::Kind, Label::AnyKind, kinds.to_vec()))
            (pick("action", Label::Action, Label::AnyAction, actions.to_vec()))
            (pick("fields", Label::Field, Label::AnyField, fields.into_iter().collect()))
            (pick("outcome", Label::Outcome, Label::AnyOutcome, outcomes.into_iter().collect()))
            button type="reset" { (report.label(Label::Reset)) }
            output aria-live="polite" { (report.words.number(report.steps())) " " (report.label(Label::Shown)) }
        }
    }
}

fn person(report: &Report<'_>, person: &Person<'_>) -> Markup {
    html! {
        section.person {
            header {
                h3 { bdi { (person.record.name) } }
                (ids(&person.record))
                @if !person.links.is_empty() {
                    p.dim {
                        (report.label(Label::Linked)) ": " (report.linked_with(person, true))
                        @if let Some(why) = report.matched(person) { " · " (report.label(Label::Why)) " " (why) }
                    }
                }
            }
            table {
                thead {
                    tr {
                        @for head in [Label::Field, Label::Before, Label::After, Label::From] {
                            th scope="col" { (report.label(head)) }
                        }
                    }
                }
                @for step in &person.operations { (one(report, step)) }
            }
        }
    }
}

fn one(report: &Report<'_>, step: &Step<'_>) -> Markup {
    let operation = step.operation;
    let fields: Vec<String> = operation.changes.iter().map(|change| token(field(change).as_str())).collect();
    html! {
        tbody.step.delete[operation.action() == Action::Delete] data-side=(operation.side) data-kind=(operation.kind)
            data-action=(operation.action().as_str()) data-outcome=(outcome(step)) data-fields=(fields.join(" ")) {
            tr.what {
                th colspan="4" scope="rowgroup" {
                    (operation.side.title()) ": " span.verb { (step.what) }
                    @if !step.label.is_empty() { " “" bdi { (step.label) } "”" }
                    span class=(format!("outcome {}", outcome(step))) {
                        (report.outcome(step))
                        @if let Some(reason) = &step.reason { ": " bdi { (reason) } }
                    }
                }
            }
            @for change in &operation.changes { (row(report, change)) }
        }
    }
}

fn row(report: &Report<'_>, change: &Change) -> Markup {
    let difference = report.difference(change);
    let origin = match change {
        Change::Value { origin, .. } => origin.title(),
        Change::Tags { .. } => "",
    };
    html! {
        tr.fields {
            th scope="row" { (report.words.field(field(change))) }
            td.before { (pieces(report, &difference.before)) }
            td.after { (pieces(report, &difference.after)) }
            td.origin { (origin) }
        }
    }
}

/// A value; a long one is folded, a very long one cut.
fn pieces(report: &Report<'_>, pieces: &[Piece]) -> Markup {
    let letters: usize = pieces.iter().map(|piece| piece.text.chars().count()).sum();
    if letters <= LONG {
        return shown(pieces, letters);
    }
    let cut = letters.saturating_sub(MOST_LETTERS);
    let left_out = report.words.count(cut as u64, Noun::Letter);
    html! {
        details {
            summary { (shown(pieces, LONG / 4)) "…" }
            (shown(pieces, MOST_LETTERS))
            @if cut > 0 { p.dim { (report.words.more_letters(&left_out)) } }
        }
    }
}

/// The first letters of a value, with what goes and what comes.
fn shown(pieces: &[Piece], most: usize) -> Markup {
    let mut left = most;
    html! {
        @for piece in pieces {
            @let text: String = piece.text.chars().take(left).collect();
            @let () = left = left.saturating_sub(text.chars().count());
            @if !text.is_empty() {
                @match piece.fate {
                    Fate::Stays => bdi { (text) },
                    Fate::Goes => del { bdi { (text) } },
                    Fate::Comes => ins { bdi { (text) } },
                    Fate::Absent => span.absent { (text) },
                }
            }
        }
    }
}

fn outcome(step: &Step<'_>) -> &'static str {
    step.outcome.map_or("planned", crate::run::OperationOutcome::as_str)
}

/// A field's name as one word.
fn token(field: &str) -> String {
    field.split_whitespace().collect::<Vec<_>>().join("_")
}
