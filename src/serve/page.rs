//! `/`: how the pairs stand, for a person; what needs somebody comes first.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::waiting::waiting;
use super::{PairStanding, View, look};
use crate::record::{ByKind, Kind};
use crate::report::language::{Label, Messages, Noun, PageLabel};
use crate::report::{Audience, on_one_line};
use crate::schedule::Standing;
use crate::state::State;

pub(super) fn page(view: &View) -> Response {
    let shown = &view.shown;
    let audience = Audience::of_all(&shown.config);
    let words = audience.words();
    let mut pairs: Vec<(&PairStanding, usize)> = view.pairs.iter().map(|pair| (pair, waits(view, &pair.0))).collect();
    pairs.sort_by_key(|((_, standing), waits)| standing.as_ref().is_ok_and(is_well) && *waits == 0);
    let heads = [
        words.on_page(PageLabel::Pair),
        words.on_page(PageLabel::Stands),
        words.on_page(PageLabel::LastRun),
        words.on_page(PageLabel::NextRun),
        words.label(Label::Operations),
        words.label(Label::NeedsAPerson),
        words.on_page(PageLabel::QuotaLeft),
        words.on_page(PageLabel::Linked),
    ];
    let body = html! {
        h1 { "Concord" }
        @if !shown.is_alive(view.now) { p.verdict.stop { (words.on_page(PageLabel::HeartStopped)) } }
        @if let Some(why) = &shown.refused { p.verdict.warn { (words.on_page(PageLabel::ReloadRefused)) ": " (words.say(&on_one_line(why))) } }
        @if let Some(why) = &shown.unwritable { p.verdict.stop { (words.on_page(PageLabel::StartUnwritten)) ": " (words.say(&on_one_line(why))) } }
        dl.facts {
            div { dt { (words.on_page(PageLabel::UpSince)) } dd { (audience.time(shown.up_since)) " " (audience.zone()) } }
            div { dt { (words.on_page(PageLabel::Heartbeat)) } dd { (audience.time(shown.heartbeat)) } }
            div { dt { (words.on_page(PageLabel::AtWork)) } dd { (shown.running.len()) } }
        }
        h2 { (words.label(Label::Pairs)) }
        div.scroll tabindex="0" role="region" aria-label=(words.label(Label::Pairs)) {
            table.pairs.cards {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody { @for ((pair, standing), waits) in pairs { (row(view, heads, pair, standing, waits)) } }
            }
        }
    };
    look::page(StatusCode::OK, words, "Concord", &body)
}

fn is_well(standing: &Standing) -> bool {
    standing.failed.is_none() && standing.overdue.is_none() && standing.unseen().is_empty()
}

/// How many people wait in a pair. One whose state cannot be read says so elsewhere.
fn waits(view: &View, name: &str) -> usize {
    let state = State::glance(&State::path_of(&view.shown.config.state_dir, name)).ok().flatten();
    state.and_then(|state| waiting(view, &state).ok()).map_or(0, |waiting| waiting.len())
}

/// How a pair in which so many people wait stands, in one line.
pub(super) fn stands(view: &View, standing: &Standing, waits: usize, words: &dyn Messages) -> Markup {
    if let Some((run, since)) = view.shown.running.get(&standing.pair) {
        return html! { (words.on_page(PageLabel::AtWork)) ": " (run.run.as_str()) ", " (since) };
    }
    match (&standing.failed, &standing.overdue, standing.unseen().as_slice()) {
        (Some(why), _, _) => html! { span.bad { (words.label(Label::Failed)) ": " (words.say(&on_one_line(why))) } },
        (None, Some((schedule, due)), _) => {
            html! { span.bad { (words.on_page(PageLabel::Overdue)) ": " (schedule) ", " (due) } }
        }
        (None, None, []) if waits > 0 => html! { span.warn { (words.label(Label::NeedsAPerson)) } },
        (None, None, []) => html! { span.good { (words.on_page(PageLabel::Well)) } },
        (None, None, lines) => {
            html! { span.bad { (words.on_page(PageLabel::NotAllSeen)) ": " (words.say(&on_one_line(&lines.join("; ")))) } }
        }
    }
}

fn row(view: &View, heads: [&str; 8], pair: &str, standing: &Result<Standing, String>, waits: usize) -> Markup {
    let link = html! { th scope="row" { a href=(format!("/pairs/{pair}")) { (pair) } } };
    let audience = view.audience(pair);
    let words = audience.words();
    let standing = match standing {
        Ok(standing) => standing,
        Err(why) => {
            return html! { tr { (link) td.bad colspan="7" { (words.on_page(PageLabel::Unreadable)) ": " (words.say(&on_one_line(why))) } } };
        }
    };
    let left = standing.budget_left().map_or_else(|| "-".to_owned(), |left| words.number(left));
    let cells = [
        stands(view, standing, waits, words),
        html! { (last_run(standing, &audience)) },
        html! { (next_run(standing, &audience)) },
        html! { (words.number(standing.count("operations"))) },
        html! { (words.number(waits as u64)) },
        html! { (left) },
        html! { (linked(&standing.links, words)) },
    ];
    html! {
        tr {
            (link)
            // On a phone, where a row is a card, each cell says of what it is.
            @for (head, cell) in heads.iter().skip(1).zip(cells) { td data-head=(head) { (cell) } }
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
        || audience.words().on_page(PageLabel::Never).to_owned(),
        |run| format!("{}: {}", run.id, audience.time(run.started)),
    )
}

pub(super) fn next_run(standing: &Standing, audience: &Audience) -> String {
    let next = standing.next.as_ref();
    next.map_or_else(
        || audience.words().on_page(PageLabel::NoSchedule).to_owned(),
        |run| format!("{}, {}: {}", run.slot.schedule, run.run.as_str(), audience.time(run.starts)),
    )
}
