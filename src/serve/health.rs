//! `/healthz`: 200 while the heart beats and no pair has failed or is overdue; else 503, and why. What a run did not see is
//! said, and no reason to start the daemon again.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::{View, respond};

pub(super) fn health(view: &View) -> Response {
    let alive = view.shown.is_alive(view.now);
    let mut overdue = Vec::new();
    let mut failed = Vec::new();
    let mut unseen = Vec::new();
    for (pair, standing) in &view.pairs {
        match standing {
            Ok(standing) => {
                if let Some((schedule, due)) = &standing.overdue {
                    overdue.push(json!({ "id": pair, "schedule": schedule, "due": due.to_string() }));
                }
                let lines = standing.unseen();
                if !lines.is_empty() {
                    unseen.push(json!({ "id": pair, "why": lines }));
                }
                if let Some(why) = &standing.failed {
                    failed.push(json!({ "id": pair, "why": why }));
                }
            }
            Err(why) => failed.push(json!({ "id": pair, "why": why })),
        }
    }
    let well = alive && overdue.is_empty() && failed.is_empty() && view.shown.unwritable.is_none();
    let body = json!({
        "status": match (well, unseen.is_empty()) {
            (true, true) => "ok",
            (true, false) => "incomplete",
            (false, _) => "failing",
        },
        "heartbeat": view.shown.heartbeat.to_string(),
        "alive": alive,
        "overdue": overdue,
        "failed": failed,
        "unseen": unseen,
        "unwritable": view.shown.unwritable,
        "reload_refused": view.shown.refused,
    });
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    respond(status, "application/json", format!("{body}\n"))
}
