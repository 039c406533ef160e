//! `POST /pairs/NAME/do`: runs a command that the page offers, and shows what it said.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use maud::html;
use serde::Deserialize;
use tracing::info;

use super::commands::{Commands, Ended};
use super::waiting::waiting;
use super::{Desk, View, look, pair, past_run};
use crate::report::language::PageLabel;
use crate::report::{Settling, on_one_line, visible};
use crate::state::State;

/// What a form says.
#[derive(Debug, Deserialize)]
pub(super) struct Form {
    /// What only this daemon's own pages carry.
    form: String,
    /// What is to be run, as the page shows it.
    command: String,
}

/// What a form asks for, where its page has offered that and still does: nothing else is ever run.
pub(super) fn asked(desk: &Desk, view: &View, name: &str, form: &Form) -> Result<Settling, Box<Response>> {
    let audience = view.audience(name);
    let words = audience.words();
    if desk.form.as_ref().is_none_or(|own| blake3::hash(own.as_bytes()) != blake3::hash(form.form.as_bytes())) {
        let body = html! { h1 { "Concord" } p { (words.on_page(PageLabel::NoForm)) } p { a href="/" { (words.on_page(PageLabel::AllPairs)) } } };
        return Err(Box::new(look::page(StatusCode::FORBIDDEN, words, "Concord", &body)));
    }
    let offered = offered(view, name, form).into_iter().find(|settling| settling.command(name) == form.command);
    offered.ok_or_else(|| {
        let body = html! {
            h1 { bdi { (name) } }
            p { (words.on_page(PageLabel::NotOffered)) }
            p { a href=(format!("/pairs/{name}")) { (words.on_page(PageLabel::Back)) } }
        };
        Box::new(look::page(StatusCode::CONFLICT, words, "Concord", &body))
    })
}

fn offered(view: &View, name: &str, form: &Form) -> Vec<Settling> {
    if !view.shown.pairs.iter().any(|pair| pair == name) {
        return Vec::new();
    }
    let state = State::glance(&State::path_of(&view.shown.config.state_dir, name)).ok().flatten();
    let waiting = state.and_then(|state| waiting(view, &state).ok()).unwrap_or_default();
    let mut offered: Vec<Settling> =
        waiting.into_iter().flat_map(|person| person.offers).map(|(settling, _)| settling).collect();
    // The number of the run is the form's; whether there is such a run is the state's.
    let run = form.command.strip_prefix("concord undo ").and_then(|rest| rest.split(' ').next()?.parse::<i64>().ok());
    if let Some((run, _)) = run.and_then(|run| past_run::read(view, name, run)) {
        offered.extend([Settling::PreviewUndo(run.id), Settling::Undo(run.id)]);
    }
    offered
}

/// Runs it, and shows what came of it. Whoever leaves the page does not end the command.
pub(super) async fn settle(
    commands: Arc<dyn Commands>,
    desk: &Desk,
    view: &View,
    name: &str,
    settling: &Settling,
) -> Response {
    let arguments = settling.arguments(name);
    info!(pair = name, "the page runs: concord {}", arguments.join(" "));
    let ran = tokio::spawn(async move { commands.run(arguments).await }).await;
    let ended = ran.unwrap_or_else(|why| Err(std::io::Error::other(why)));
    let audience = view.audience(name);
    let words = audience.words();
    let ended =
        ended.unwrap_or_else(|why| Ended { code: None, said: words.say(&format!("it could not be run: {why}")) });
    let code = ended.code.map_or_else(|| "-".to_owned(), |code| code.to_string());
    let previewed = match settling {
        Settling::PreviewUndo(run) if ended.code.is_some_and(|code| [0, 2, 3, 4].contains(&code)) => Some(*run),
        _ => None,
    };
    let body = html! {
        p.crumbs { a href="/" { (words.on_page(PageLabel::AllPairs)) } " · " a href=(format!("/pairs/{name}")) { (name) } }
        h1 { bdi { (name) } }
        p { (words.on_page(PageLabel::CommandRan)) ":" }
        code.command { (on_one_line(&settling.command(name))) }
        p { (words.on_page(PageLabel::ExitCode)) " " strong { (code) } "." }
        pre tabindex="0" { (visible(&ended.said)) }
        @if let Some(run) = previewed {
            (pair::offer(desk, name, words, &Settling::Undo(run), PageLabel::UndoNow))
        }
        p { a href=(format!("/pairs/{name}")) { (words.on_page(PageLabel::Back)) } }
    };
    look::page(StatusCode::OK, words, &format!("{name} · Concord"), &body)
}
