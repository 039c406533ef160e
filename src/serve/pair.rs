//! `/pairs/NAME`: one pair: how it stands, what waits for a person, with a button for each command, and its last runs.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value as Json;

use super::waiting::{Waiting, waiting};
use super::{Desk, View, look, page};
use crate::reconcile::HeldReason;
use crate::record::{Both, Kind, Side};
use crate::report::language::{Label, Messages, PageLabel};
use crate::report::{Audience, Settling, charts, masked_document, on_one_line, past, runs};
use crate::state::{HeldRow, State};

/// Runs that are shown.
const RUNS: u32 = 30;

/// The page of a pair.
pub(super) fn pair(desk: &Desk, view: &View, name: &str) -> Response {
    let audience = view.audience(name);
    let words = audience.words();
    let Some((_, standing)) = view.pairs.iter().find(|(pair, _)| pair == name) else {
        return missing(words);
    };
    let inner = match standing {
        Err(why) => html! { p.verdict.stop { (words.on_page(PageLabel::Unreadable)) ": " (on_one_line(why)) } },
        Ok(standing) => {
            let read =
                State::glance(&State::path_of(&view.shown.config.state_dir, name)).and_then(|state| match &state {
                    Some(state) => Ok(Some((waiting(view, state)?, past(&state.runs(RUNS)?, &audience)))),
                    None => Ok(None),
                });
            let waits = read.as_ref().ok().and_then(Option::as_ref).map_or(0, |(waiting, _)| waiting.len());
            let links = &standing.links;
            html! {
                p { (page::stands(view, standing, waits, words)) }
                dl.facts {
                    div { dt { (words.on_page(PageLabel::LastRun)) } dd { (page::last_run(standing, &audience)) " " (audience.zone()) } }
                    div { dt { (words.on_page(PageLabel::LastSuccess)) } dd { (standing.last_success.map_or_else(|| words.on_page(PageLabel::Never).to_owned(), |at| audience.time(at))) } }
                    div { dt { (words.on_page(PageLabel::NextRun)) } dd { (page::next_run(standing, &audience)) } }
                    div { dt { (words.on_page(PageLabel::Linked)) } dd {
                        (page::linked(links, words))
                    } }
                    @if let Some(left) = standing.budget_left() {
                        div { dt { (words.on_page(PageLabel::QuotaLeft)) } dd { (words.number(left)) } }
                    }
                }
                @match &read {
                    Err(why) => p.verdict.stop { (words.on_page(PageLabel::Unreadable)) ": " (on_one_line(&why.to_string())) },
                    Ok(None) => p { (words.on_page(PageLabel::NeverRan)) },
                    Ok(Some((waiting, past))) => {
                        h2 { (words.label(Label::NeedsAPerson)) " " span.count { (waiting.len()) } }
                        @if waiting.is_empty() { p { (words.label(Label::NothingNeedsAPerson)) } }
                        @if !waiting.is_empty() && desk.form.is_none() { p.dim { (words.on_page(PageLabel::ButtonsNeedToken)) } }
                        @for person in waiting { (block(desk, view, name, &audience, person)) }
                        h2 { (words.label(Label::History)) }
                        @if past.len() > 1 { (charts(words, past)) }
                        div.scroll tabindex="0" role="region" aria-label=(words.label(Label::History)) {
                            (runs(words, past.iter().rev(), |run| html! {
                                a href=(format!("/pairs/{name}/runs/{run}")) { (words.label(Label::Run)) " " (run) }
                            }))
                        }
                    },
                }
            }
        }
    };
    let body = html! {
        p.crumbs { a href="/" { (words.on_page(PageLabel::AllPairs)) } }
        h1 { bdi { (name) } }
        (inner)
    };
    look::page(StatusCode::OK, words, &format!("{name} · Concord"), &body)
}

/// There is no such page.
pub(super) fn missing(words: &dyn Messages) -> Response {
    let body = html! { h1 { (words.on_page(PageLabel::NoSuchPage)) } p { a href="/" { (words.on_page(PageLabel::AllPairs)) } } };
    look::page(StatusCode::NOT_FOUND, words, "Concord", &body)
}

fn masked(view: &View, document: Json) -> Json {
    if view.shown.config.report.mask { masked_document(&document) } else { document }
}

/// A record's name, masked where the configuration says so.
fn name_of(view: &View, row: &HeldRow, words: &dyn Messages) -> String {
    let label = if row.label.is_empty() { words.label(Label::NoName) } else { &row.label };
    let document = masked(view, serde_json::json!({ "kind": row.kind, "label": label }));
    on_one_line(document.get("label").and_then(Json::as_str).unwrap_or_default())
}

/// One person: both sides next to each other, why, where to look, and what settles it.
fn block(desk: &Desk, view: &View, pair: &str, audience: &Audience, person: &Waiting) -> Markup {
    let words = audience.words();
    let title = person.records.first().map(|(row, _)| name_of(view, row, words)).unwrap_or_default();
    let mut links: BTreeSet<(Side, String)> = BTreeSet::new();
    for (row, _) in person.records.iter().filter(|(row, _)| row.kind == Kind::Contact) {
        links.extend(Side::BOTH.iter().filter_map(|side| Some((*side, audience.link(*side, row.ids.of(*side)?)?))));
    }
    let state = if person.known { PageLabel::KnownAlready } else { PageLabel::NewWaiting };
    html! {
        section.person {
            h3 { bdi { (title) } " " span.count { (words.on_page(state)) } }
            @for (reason, rows) in &by_reason(person) {
                @if let Some(reason) = reason {
                    p { strong { (words.held(*reason).0) } ": " (words.held(*reason).1) }
                }
                ul.records {
                    @for row in rows {
                        @let detail = masked(view, serde_json::json!({ "detail": row.detail }));
                        li { bdi.dim { (words.say(&on_one_line(detail.get("detail").and_then(Json::as_str).unwrap_or_default()))) } }
                    }
                }
            }
            (both_sides(view, words, person))
            @if !links.is_empty() {
                p { @for (side, link) in &links { a href=(link) target="_blank" rel="noopener noreferrer" { (side.title()) ": " (title) } " " } }
            }
            @for (settling, label) in &person.offers { (offer(desk, pair, words, settling, *label)) }
        }
    }
}

/// A person's records by why they wait: each reason is said once.
fn by_reason(person: &Waiting) -> Vec<(Option<HeldReason>, Vec<&HeldRow>)> {
    let mut groups: Vec<(Option<HeldReason>, Vec<&HeldRow>)> = Vec::new();
    for (row, reason) in &person.records {
        match groups.iter_mut().find(|(known, _)| known == reason) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((*reason, vec![row])),
        }
    }
    groups
}

/// A command, and a button that runs it where somebody has shown the token.
pub(super) fn offer(desk: &Desk, pair: &str, words: &dyn Messages, settling: &Settling, label: PageLabel) -> Markup {
    let command = settling.command(pair);
    html! {
        div {
            @if let Some(form) = &desk.form {
                form method="post" action=(format!("/pairs/{pair}/do")) {
                    input type="hidden" name="form" value=(form);
                    input type="hidden" name="command" value=(command);
                    button type="submit" { (words.on_page(label)) }
                }
            } @else { span { (words.on_page(label)) ":" } }
            code { (command) }
        }
    }
}

/// Field by field, Cliengo's next to GHL's.
fn both_sides(view: &View, words: &dyn Messages, person: &Waiting) -> Markup {
    let mut fields: BTreeMap<String, Both<Vec<String>>> = BTreeMap::new();
    for (row, _) in &person.records {
        for side in Side::BOTH {
            let shown = masked(view, serde_json::to_value(row.shown.of(side)).unwrap_or_default());
            for (field, value) in shown.as_object().into_iter().flatten() {
                let value = on_one_line(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                let values = fields.entry(field.clone()).or_default().of_mut(side);
                if !value.is_empty() && !values.contains(&value) {
                    values.push(value);
                }
            }
        }
    }
    let cell = |values: &[String]| html! { td { @for (at, value) in values.iter().enumerate() { @if at > 0 { br; } bdi { (value) } } } };
    html! {
        @if !fields.is_empty() {
            div.scroll tabindex="0" role="region" aria-label=(words.label(Label::Field)) {
                table.pairs {
                    thead { tr { th scope="col" { (words.label(Label::Field)) } @for side in Side::BOTH { th scope="col" { (side.title()) } } } }
                    tbody { @for (field, values) in &fields { tr { th scope="row" { (words.say(field)) } (cell(&values.cliengo)) (cell(&values.ghl)) } } }
                }
            }
        }
    }
}
