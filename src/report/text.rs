//! The report for a person at a terminal: one for a dry run and for a run.

use crate::reconcile::Mode;
use crate::run::Finished;

use super::json::to_the_second;
use super::screen::{Line, Page, Paint, Style, on_one_line};
use super::verdict::verdict;
use super::{operations, summary, waiting};

/// The whole report. Ends with the verdict and a line break.
#[must_use]
pub fn text(finished: &Finished, style: Style) -> String {
    let plan = &finished.plan;
    let plan_id = plan.id();
    let mut page = Page::new(style);
    page.line(0, &title(finished, &plan_id));
    operations::write(&mut page, finished);
    waiting::write(&mut page, finished, &plan_id);
    summary::write(&mut page, finished);
    page.gap();
    page.line(0, &Line::painted(verdict(finished), Paint::Bold));
    page.finish()
}

/// `demo · dry run, first sync · plan 3fa1… · 2026-11-23T03:00:11Z`.
fn title(finished: &Finished, plan_id: &str) -> Line {
    let plan = &finished.plan;
    let mut what = match &finished.run {
        None => "dry run".to_owned(),
        Some(run) => {
            let name = if plan.undoes.is_some() { "run" } else { "sync" };
            format!("{name} {}{}", run.id, if run.refused { ", refused" } else { "" })
        }
    };
    match plan.undoes {
        Some(run) => what = format!("{what}, undo of run {run}"),
        None if plan.mode != Mode::Incremental => what = format!("{what}, {}", plan.mode.as_str()),
        None => {}
    }
    if plan.first_sync {
        what.push_str(", first sync");
    }
    let made = to_the_second(finished.generated_at);
    Line::painted(on_one_line(&plan.pair), Paint::Bold).then(format!(" · {what} · plan {plan_id} · {made}"))
}
