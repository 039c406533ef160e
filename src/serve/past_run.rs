//! `/pairs/NAME/runs/ID`: one run: its report where one was left, what it did, and the way back.

use std::path::PathBuf;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value as Json;

use super::{Desk, View, look, pair, respond};
use crate::record::Side;
use crate::report::language::{Label, Messages, PageLabel};
use crate::report::{Settling, masked_document, on_one_line, past};
use crate::state::{OperationRow, RunRow, State};

/// Operations that are shown; the report has all.
const SHOWN: usize = 500;

/// The page of a run.
pub(super) fn past_run(desk: &Desk, view: &View, name: &str, id: i64) -> Response {
    let audience = view.audience(name);
    let words = audience.words();
    let Some((run, operations)) = read(view, name, id) else { return pair::missing(words) };
    let shown = past(std::slice::from_ref(&run), &audience);
    let undoable = run.status != "running" && run.undoes.is_none();
    let body = html! {
        p.crumbs { a href="/" { (words.on_page(PageLabel::AllPairs)) } " · " a href=(format!("/pairs/{name}")) { (name) } }
        h1 { (words.label(Label::Run)) " " (id) }
        @for run in &shown {
            dl.facts {
                div { dt { (words.label(Label::Made)) } dd { (run.at) } }
                div { dt { (words.label(Label::Outcome)) } dd { (run.status) } }
                div { dt { (words.label(Label::Operations)) } dd { (words.number(run.applied + run.missed)) } }
                div { dt { (words.label(Label::Failures)) } dd { (words.number(run.missed)) } }
                div { dt { (words.label(Label::Requests)) } dd { (words.number(run.requests)) } }
            }
        }
        @if report_of(view, name, id).is_some_and(|file| file.exists()) {
            p { a href=(format!("/pairs/{name}/runs/{id}/report")) { (words.on_page(PageLabel::FullReport)) } }
        }
        h2 { (words.label(Label::Changes)) }
        (changes(view, words, &operations))
        @if undoable {
            h2 { (words.on_page(PageLabel::PreviewUndo)) }
            p { (words.on_page(PageLabel::UndoAsks)) }
            (pair::offer(desk, name, words, &Settling::PreviewUndo(id), PageLabel::PreviewUndo))
        }
    };
    look::page(StatusCode::OK, words, &format!("{name}, {} {id} · Concord", words.label(Label::Run)), &body)
}

/// The report that a run left, as it was written: it carries its own policy.
pub(super) fn report(view: &View, name: &str, id: i64) -> Response {
    let Some(page) = report_of(view, name, id).and_then(|file| std::fs::read(file).ok()) else {
        return pair::missing(view.audience(name).words());
    };
    let mut response = respond(StatusCode::OK, "text/html; charset=utf-8", page);
    let policy = HeaderValue::from_static("frame-ancestors 'none'; connect-src 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn report_of(view: &View, name: &str, id: i64) -> Option<PathBuf> {
    let config = &view.shown.config;
    view.shown.pairs.iter().find(|pair| *pair == name)?;
    Some(config.report.dir.as_ref()?.join(name).join(id.to_string()).join("report.html"))
}

/// A run of a pair of this daemon's.
pub(super) fn read(view: &View, name: &str, id: i64) -> Option<(RunRow, Vec<OperationRow>)> {
    view.shown.pairs.iter().find(|pair| *pair == name)?;
    let state = State::glance(&State::path_of(&view.shown.config.state_dir, name)).ok()??;
    Some((state.run(id).ok()??, state.operations(id).ok()?))
}

fn changes(view: &View, words: &dyn Messages, operations: &[OperationRow]) -> Markup {
    let heads = [
        words.on_page(PageLabel::Record),
        words.label(Label::Side),
        words.label(Label::Action),
        words.label(Label::Kind),
        words.label(Label::Field),
        words.label(Label::Before),
        words.label(Label::After),
        words.label(Label::Outcome),
    ];
    let hidden = operations.len().saturating_sub(SHOWN);
    html! {
        @if operations.is_empty() { p { (words.label(Label::NoChanges)) } } @else {
            div.scroll tabindex="0" role="region" aria-label=(words.label(Label::Changes)) {
                table.pairs {
                    thead { tr { @for head in heads { th scope="col" { (head) } } } }
                    tbody { @for operation in operations.iter().take(SHOWN) { (rows(view, words, operation)) } }
                }
            }
            @if hidden > 0 { p.dim { "+ " (words.number(hidden as u64)) } }
        }
    }
}

/// A row for each change of an operation, or one for the operation.
fn rows(view: &View, words: &dyn Messages, operation: &OperationRow) -> Markup {
    let mask = view.shown.config.report.mask;
    let document = if mask { masked_document(&operation.document) } else { operation.document.clone() };
    let text = |json: Option<&Json>| match json {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => on_one_line(text),
        Some(other) => on_one_line(&other.to_string()),
    };
    let of = |key: &str| text(document.get(key));
    let changes = document.get("changes").and_then(Json::as_array).cloned().unwrap_or_default();
    let first = html! {
        th scope="row" { bdi { (of("label")) } }
        td { (Side::BOTH.iter().find(|side| side.as_str() == of("side")).map_or("", |side| side.title())) }
        td { (words.say(&of("action"))) }
        td { (words.say(&of("kind"))) }
    };
    let outcome = html! {
        td {
            (words.say(operation.outcome.as_deref().unwrap_or("-")))
            @if let Some(reason) = &operation.reason { ": " (words.say(&on_one_line(reason))) }
        }
    };
    html! {
        @if changes.is_empty() { tr { (first) td {} td {} td {} (outcome) } }
        @for change in &changes {
            @let (before, after) = match change.get("add") {
                Some(add) => (text(change.get("remove")), text(Some(add))),
                None => (text(change.get("before")), text(change.get("after"))),
            };
            tr { (first) td { (words.say(&text(change.get("field")))) } td { bdi { (before) } } td { bdi { (after) } } (outcome) }
        }
    }
}
