//! `/`: how things stand, for a person. No script, nothing from elsewhere, every text escaped.

use axum::http::StatusCode;
use axum::response::Response;

use super::{PairStanding, View, respond};
use crate::schedule::Standing;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color-scheme:light dark}\
    table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem .3rem 0;vertical-align:top;border-bottom:1px solid #8884}\
    .bad{font-weight:bold}";

pub(super) fn page(view: &View) -> Response {
    let shown = &view.shown;
    // What needs somebody comes first.
    let mut pairs: Vec<&PairStanding> = view.pairs.iter().collect();
    pairs.sort_by_key(|(_, standing)| standing.as_ref().is_ok_and(is_well));
    let rows: String = pairs.into_iter().map(|(pair, standing)| row(view, pair, standing)).collect();
    let alive = if shown.is_alive(view.now) { "beats" } else { "has stopped" };
    let notes: String = [
        shown.refused.as_ref().map(|why| format!("The last reload was refused, and what was read before stays: {why}")),
        shown.unwritable.as_ref().map(|why| format!("A run could not be written down, so it did not start: {why}")),
    ]
    .into_iter()
    .flatten()
    .map(|note| format!("<p class=bad>{}</p>", escaped(&note)))
    .collect();
    let body = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>Concord</title><style>{STYLE}</style><h1>Concord</h1>\
         <p>Up since {}; its heart {alive} (last at {}). {} at work.</p>{notes}\
         <table><thead><tr><th>Pair<th>Now<th>Last run<th>Last success<th>Next run<th>Linked<th>Pending<th>Conflicts<th>Held</thead>\
         <tbody>{rows}</tbody></table></html>\n",
        escaped(&shown.up_since.to_string()),
        escaped(&shown.heartbeat.to_string()),
        shown.running.len(),
    );
    respond(StatusCode::OK, "text/html; charset=utf-8", body)
}

fn is_well(standing: &Standing) -> bool {
    standing.failed.is_none() && standing.overdue.is_none() && standing.unseen().is_empty()
}

fn row(view: &View, pair: &str, standing: &Result<Standing, String>) -> String {
    let standing = match standing {
        Ok(standing) => standing,
        Err(why) => {
            return format!("<tr><td>{}<td class=bad colspan=8>{}", escaped(pair), escaped(why));
        }
    };
    let running = view.shown.running.get(pair).map(|(run, since)| format!("{} since {since}", run.run.as_str()));
    let now = match (&standing.failed, &standing.overdue, running) {
        (_, _, Some(running)) => escaped(&running),
        (Some(why), _, _) => format!("<span class=bad>failed: {}</span>", escaped(why)),
        (_, Some((schedule, due)), _) => {
            format!("<span class=bad>overdue: {} of {due}</span>", escaped(schedule))
        }
        _ if !standing.unseen().is_empty() => {
            format!("<span class=bad>not all seen: {}</span>", escaped(&standing.unseen().join("; ")))
        }
        _ => "well".to_owned(),
    };
    let last = standing.last_run.as_ref().map(|run| format!("{} {}, {}", run.id, run.status, run.started));
    let next =
        standing.next.as_ref().map(|run| format!("{} ({}) at {}", run.run.as_str(), run.slot.schedule, run.starts));
    let links = &standing.links;
    let cells = [
        now,
        escaped(&last.unwrap_or_else(|| "never".to_owned())),
        standing.last_success.map_or_else(|| "never".to_owned(), |at| at.to_string()),
        escaped(&next.unwrap_or_else(|| "in no schedule".to_owned())),
        format!("{} contacts, {} tasks, {} notes", links.contact, links.task, links.note),
        standing.pending().to_string(),
        standing.count("conflicts").to_string(),
        standing.count("held").to_string(),
    ];
    let cells: String = cells.iter().map(|cell| format!("<td>{cell}")).collect();
    format!("<tr><td>{}{cells}", escaped(pair))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
