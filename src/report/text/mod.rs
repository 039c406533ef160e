//! The report for a person at a terminal: what matters most first, and no more of anything than can be read.

mod changes;
mod needs;
mod numbers;
mod rows;

use super::language::Label;
use super::screen::{Line, Page, Paint, Style, on_one_line};
use super::value::Report;

/// A longer report says at its end again how things stand: that is what a terminal shows.
const SCREENFUL: usize = 30;

/// The whole report. Ends with a line break.
#[must_use]
pub fn text(report: &Report<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    head(&mut page, report);
    needs::write(&mut page, report);
    numbers::write(&mut page, report);
    changes::write(&mut page, report);
    needs::decided(&mut page, report);
    changes::linked(&mut page, report);
    if page.is_folded() {
        page.gap();
        page.line(0, &Line::painted(format!("{} {}", report.label(Label::InFull), report.in_full()), Paint::Dim));
    }
    if page.lines() > SCREENFUL {
        page.gap();
        verdict(&mut page, report);
    }
    page.finish()
}

/// Of a plan, what is done and what waits: for a few records, where listings and totals say nothing.
#[must_use]
pub fn next(report: &Report<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    changes::write(&mut page, report);
    needs::write(&mut page, report);
    needs::decided(&mut page, report);
    changes::linked(&mut page, report);
    page.finish()
}

/// `demo · sync 12 · done`, when, which plan, and how things stand.
fn head(page: &mut Page, report: &Report<'_>) {
    let pair = on_one_line(&report.finished.plan.pair);
    let title = report.title.iter().map(|fact| format!(" · {fact}")).collect::<String>();
    page.flow(Line::default(), 2, Line::painted(pair, Paint::Bold).then(title));
    let plan = format!("{} {}", report.label(Label::Plan).to_lowercase(), report.plan_id);
    page.flow(Line::default(), 2, Line::painted(format!("{} · {plan}", report.made), Paint::Dim));
    verdict(page, report);
}

fn verdict(page: &mut Page, report: &Report<'_>) {
    page.flow(Line::default(), 2, Line::painted(report.verdict.clone(), Paint::Bold));
    if let Some(command) = report.who_waits() {
        page.flow(Line::default(), 2, Line::of(format!("{} {command}", report.label(Label::WhoWaits))));
    }
    if let Some(command) = report.what_failed() {
        page.flow(Line::default(), 2, Line::of(format!("{} {command}", report.label(Label::WhatFailed))));
    }
}
