//! Runs of the past, as a reader sees them.

use serde_json::Value as Json;

use super::Audience;
use super::language::{Label, PageLabel};
use crate::state::RunRow;

/// A run of the past.
#[derive(Debug)]
pub(crate) struct Past {
    pub run: i64,
    /// When it began, in the reader's zone.
    pub at: String,
    pub status: &'static str,
    pub applied: u64,
    /// Operations that were not applied.
    pub missed: u64,
    pub requests: u64,
    pub seconds: u64,
    /// Lists that were not read to the end.
    pub not_seen: u64,
}

/// These runs, which come newest first, in the order of time.
pub(crate) fn past(runs: &[RunRow], audience: &Audience) -> Vec<Past> {
    runs.iter().rev().map(|run| past_run(run, audience)).collect()
}

fn past_run(run: &RunRow, audience: &Audience) -> Past {
    let summary = |path: &[&str]| {
        let found = path.iter().try_fold(run.summary.as_ref()?, |value, key| value.get(key));
        found.and_then(Json::as_u64)
    };
    let count = |path: &[&str]| summary(path).unwrap_or_default();
    let applied = count(&["outcomes", "applied"]);
    let requests = ["cliengo", "ghl"].iter().flat_map(|side| ["reads", "writes"].map(|sort| (side, sort)));
    let took = run.finished.map_or(0, |finished| finished.duration_since(run.started).as_secs());
    let words = audience.words();
    let status = match run.status.as_str() {
        _ if run.was_cut_off() => words.on_page(PageLabel::NotEnded),
        "done" => words.label(Label::Done),
        "refused" => words.label(Label::Refused),
        "running" => words.on_page(PageLabel::NotEnded),
        _ => words.label(Label::Failed),
    };
    Past {
        run: run.id,
        at: words.short_moment(&audience.local(run.started)),
        status,
        applied,
        missed: count(&["operations"]).saturating_sub(applied),
        requests: requests.map(|(side, sort)| count(&["requests", side, sort])).sum(),
        seconds: took.unsigned_abs(),
        not_seen: count(&["incomplete"]),
    }
}
