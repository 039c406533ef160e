//! The numbers, and what asks for nobody.

use maud::{Markup, html};

use super::super::language::Label;
use super::super::value::{NumberRow, Report};
use super::{named, needs};
use crate::reconcile::Winner;

pub(super) fn numbers(report: &Report<'_>) -> Markup {
    let listed = |row: &NumberRow| match row.listed {
        None => "-".to_owned(),
        Some(count) => report.words.number(count) + if row.incomplete.is_some() { "*" } else { "" },
    };
    html! {
        section {
            h2 { (report.label(Label::Numbers)) }
            div.scroll tabindex="0" role="region" aria-label=(report.label(Label::Numbers)) {
                table.numbers {
                    thead {
                        tr {
                            td {}
                            @for head in [Label::Listed, Label::Create, Label::Update, Label::Delete] { th scope="col" { (report.label(head)) } }
                        }
                    }
                    tbody {
                        @for row in &report.rows {
                            tr {
                                th scope="row" { (row.side.title()) " " (report.words.plural(row.kind)) }
                                td { (listed(row)) }
                                @for count in [row.create, row.update, row.delete] { td { (report.words.number(count)) } }
                            }
                        }
                    }
                }
            }
            @for remark in &report.remarks { p { (remark) } }
            @for (side, requests) in &report.requests {
                p { (report.requests_label()) ": " (side.title()) " " (requests) }
            }
            @if !report.outcomes.is_empty() {
                p {
                    (report.label(Label::Outcome)) ": "
                    @for (at, (outcome, count)) in report.outcomes.iter().enumerate() {
                        @if at > 0 { ", " }
                        (report.words.ended(*count, *outcome))
                    }
                }
            }
        }
    }
}

/// Conflicts that a rule or a person decided.
pub(super) fn conflicts(report: &Report<'_>) -> Markup {
    let decided: Vec<_> = report.conflicts.iter().filter(|line| line.conflict.winner != Winner::Manual).collect();
    html! {
        @if !decided.is_empty() {
            section {
                h2 { (report.label(Label::Conflicts)) " " span.count { (decided.len()) } }
                p { (report.label(Label::ConflictsMean)) }
                ul.records { @for line in decided { li { (needs::conflict(report, line)) } } }
            }
        }
    }
}

/// What is held without asking for somebody, what a CRM cannot do, and who is only linked.
pub(super) fn further(report: &Report<'_>) -> Markup {
    let quiet: Vec<_> = report.held.iter().filter(|group| !group.asks).collect();
    let undoes = report.finished.plan.undoes.is_some();
    let means = if undoes { Label::UnsupportedInAnUndo } else { Label::UnsupportedMeans };
    let folded = |title: Label, count: usize, body: Markup| {
        html! {
            @if count > 0 {
                details.more {
                    summary { (report.label(title)) " " span.count { (report.words.number(count as u64)) } }
                    (body)
                }
            }
        }
    };
    html! {
        section {
            (folded(Label::Held, quiet.iter().map(|group| group.records.len()).sum(), html! {
                @for group in &quiet { (needs::held(report, group)) }
            }))
            (folded(Label::Unsupported, report.unsupported.iter().map(|group| group.records.len()).sum(), html! {
                p { (report.label(means)) }
                @for group in &report.unsupported {
                    h3 { (group.title) " " span.count { (group.records.len()) } }
                    ul.records { @for line in &group.records { li { (named(&line.record)) ": " bdi { (line.detail) } } } }
                }
            }))
            (folded(Label::Linked, report.linked.len(), html! {
                ul.records {
                    @for person in &report.linked {
                        li {
                            (named(&person.record)) (report.linked_with(person, true))
                            @if let Some(why) = report.matched(person) { " · " (report.label(Label::Why)) " " (why) }
                            @if let Some(step) = person.links.first() { " · " (report.outcome(step)) }
                        }
                    }
                }
            }))
            (folded(Label::Further, report.further.len(), html! {
                p { (report.label(Label::FurtherMeans)) }
                ul.records { @for (_, record) in &report.further { li { (named(record)) } } }
            }))
        }
    }
}
