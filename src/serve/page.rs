//! `/`: how the pairs stand, for a person; what needs somebody comes first.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::{PairStanding, View, look, pair};
use crate::record::{ByKind, Kind};
use crate::report::language::{Label, Messages, Noun};
use crate::report::{Audience, on_one_line};
use crate::schedule::Standing;
use crate::state::State;

pub(super) fn page(view: &View) -> Response {
    let shown = &view.shown;
    let audience = Audience::of_all(&shown.config);
    let words = audience.words();
    let mut pairs: Vec<&PairStanding> = view.pairs.iter().collect();
    pairs.sort_by_key(|(pair, standing)| {
        standing.as_ref().is_ok_and(|standing| is_well(standing) && waits(view, pair) == 0)
    });
    let heads = [
        Label::Pair,
        Label::Stands,
        Label::LastRun,
        Label::NextRun,
        Label::Operations,
        Label::Waits,
        Label::QuotaLeft,
        Label::LinkedWord,
    ];
    let body = html! {
        h1 { "Concord" }
        @if !shown.is_alive(view.now) { p.verdict.stop { (words.label(Label::HeartStopped)) } }
        @if let Some(why) = &shown.refused { p.verdict.warn { (words.label(Label::ReloadRefused)) ": " (on_one_line(why)) } }
        @if let Some(why) = &shown.unwritable { p.verdict.stop { (words.label(Label::StartUnwritten)) ": " (on_one_line(why)) } }
        dl.facts {
            div { dt { (words.label(Label::UpSince)) } dd { (audience.time(shown.up_since)) " " (audience.zone()) } }
            div { dt { (words.label(Label::Heartbeat)) } dd { (audience.time(shown.heartbeat)) } }
            div { dt { (words.label(Label::AtWork)) } dd { (shown.running.len()) } }
        }
        h2 { (words.label(Label::Pairs)) }
        div.scroll tabindex="0" role="region" aria-label=(words.label(Label::Pairs)) {
            table.pairs {
                thead { tr { @for head in heads { th scope="col" { (words.label(head)) } } } }
                tbody { @for (pair, standing) in pairs { (row(view, pair, standing)) } }
            }
        }
    };
    look::page(StatusCode::OK, words, "Concord", &body)
}

fn is_well(standing: &Standing) -> bool {
    standing.failed.is_none()
        && standing.overdue.is_none()
        && standing.unseen().is_empty()
        && standing.count("held") == 0
}

/// How many people wait in a pair. One whose state cannot be read says so elsewhere.
fn waits(view: &View, name: &str) -> usize {
    let state = State::glance(&State::path_of(&view.shown.config.state_dir, name)).ok().flatten();
    state.and_then(|state| pair::waiting(view, &state).ok()).map_or(0, |waiting| waiting.len())
}

/// How a pair in which so many people wait stands, in one line.
pub(super) fn stands(view: &View, standing: &Standing, waits: usize, words: &dyn Messages) -> Markup {
    if let Some((run, since)) = view.shown.running.get(&standing.pair) {
        return html! { (words.label(Label::AtWork)) ": " (run.run.as_str()) ", " (since) };
    }
    match (&standing.failed, &standing.overdue, standing.unseen().as_slice()) {
        (Some(why), _, _) => html! { span.bad { (words.label(Label::Failed)) ": " (on_one_line(why)) } },
        (None, Some((schedule, due)), _) => {
            html! { span.bad { (words.label(Label::Overdue)) ": " (schedule) ", " (due) } }
        }
        (None, None, []) if waits > 0 => html! { span.warn { (words.label(Label::NeedsAPerson)) } },
        (None, None, []) => html! { span.good { (words.label(Label::Well)) } },
        (None, None, lines) => {
            html! { span.bad { (words.label(Label::NotAllSeen)) ": " (on_one_line(&lines.join("; "))) } }
        }
    }
}

fn row(view: &View, pair: &str, standing: &Result<Standing, String>) -> Markup {
    let link = html! { th scope="row" { a href=(format!("/pairs/{pair}")) { (pair) } } };
    let audience = view.audience(pair);
    let words = audience.words();
    let standing = match standing {
        Ok(standing) => standing,
        Err(why) => {
            return html! { tr { (link) td.bad colspan="7" { (words.label(Label::Unreadable)) ": " (on_one_line(why)) } } };
        }
    };
    let waits = waits(view, pair);
    html! {
        tr {
            (link)
            td { (stands(view, standing, waits, words)) }
            td { (last_run(standing, &audience)) }
            td { (next_run(standing, &audience)) }
            td { (words.number(standing.count("operations"))) }
            td { (words.number(waits as u64)) }
            td { (standing.budget_left().map_or_else(|| "-".to_owned(), |left| words.number(left))) }
            td { (linked(&standing.links, words)) }
        }
    }
}

/// `35 contacts, 48 tasks, 66 notes`.
pub(super) fn linked(links: &ByKind<u64>, words: &dyn Messages) -> String {
    Kind::ALL.map(|kind| words.count(*links.of(kind), Noun::Kind(kind))).join(", ")
}

pub(super) fn last_run(standing: &Standing, audience: &Audience) -> String {
    let run = standing.last_run.as_ref();
    run.map_or_else(
        || audience.words().label(Label::Never).to_owned(),
        |run| format!("{}: {}", run.id, audience.time(run.started)),
    )
}

pub(super) fn next_run(standing: &Standing, audience: &Audience) -> String {
    let next = standing.next.as_ref();
    next.map_or_else(
        || audience.words().label(Label::NoSchedule).to_owned(),
        |run| format!("{}, {}: {}", run.slot.schedule, run.run.as_str(), audience.time(run.starts)),
    )
}
