//! `status`: each pair in a line.

use serde::Serialize;

use super::arguments::{Format, ListOptions};
use super::{Session, code, output, pairs};
use crate::config::{Config, Pair};
use crate::reconcile::ATTEMPTS;
use crate::record::ByKind;
use crate::state::{RunRow, State};

/// One pair.
#[derive(Debug, Serialize)]
struct Line {
    id: String,
    last_run: Option<LastRun>,
    links: ByKind<u64>,
    unknown_creates: usize,
    conflicts_waiting: usize,
    quarantined: usize,
}

#[derive(Debug, Serialize)]
struct LastRun {
    run: i64,
    started: String,
    finished: Option<String>,
    status: String,
    summary: Option<serde_json::Value>,
}

pub(super) fn run(session: &Session, options: &ListOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    let selected = pairs::selected(session, &config)?;
    let lines = selected.into_iter().map(|pair| line(&config, pair)).collect::<anyhow::Result<Vec<_>>>()?;
    let text = match options.format {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&lines)?),
        Format::Text => lines.iter().map(sentence).collect(),
    };
    output::print(&text)?;
    let failed = lines.iter().filter_map(|line| line.last_run.as_ref()).any(|run| run.status == "failed");
    Ok(if failed { code::FAILED } else { code::DONE })
}

fn line(config: &Config, pair: &Pair) -> anyhow::Result<Line> {
    let state = State::open_read_only(&State::path_of(&config.state_dir, &pair.name))?;
    let Some(state) = state else {
        return Ok(Line {
            id: pair.name.clone(),
            last_run: None,
            links: ByKind::default(),
            unknown_creates: 0,
            conflicts_waiting: 0,
            quarantined: 0,
        });
    };
    Ok(Line {
        id: pair.name.clone(),
        last_run: state.runs(1)?.into_iter().next().map(last_run),
        links: state.link_counts()?,
        unknown_creates: state.open_creates()?.len(),
        conflicts_waiting: state.conflicts()?.iter().filter(|row| row.take.is_none()).count(),
        quarantined: state.setbacks()?.iter().filter(|row| !row.dropped && row.attempts >= ATTEMPTS).count(),
    })
}

fn last_run(row: RunRow) -> LastRun {
    LastRun {
        run: row.id,
        started: row.started.to_string(),
        finished: row.finished.map(|at| at.to_string()),
        status: row.status,
        summary: row.summary,
    }
}

fn sentence(line: &Line) -> String {
    let Some(run) = &line.last_run else { return format!("{}  never synchronised\n", line.id) };
    let count = |key: &str| run.summary.as_ref().and_then(|summary| summary.get(key)?.as_u64()).unwrap_or(0);
    let links = &line.links;
    let mut text = format!(
        "{}  run {} {}, {}; linked: {} contacts, {} tasks, {} notes; held {}, conflicts {}",
        line.id,
        run.run,
        run.status,
        run.finished.as_deref().unwrap_or("not finished"),
        links.contact,
        links.task,
        links.note,
        count("held"),
        count("conflicts"),
    );
    if line.unknown_creates > 0 {
        text.push_str(&format!("; creates with an unknown outcome: {}", line.unknown_creates));
    }
    for (count, what) in [(line.conflicts_waiting, "waiting for your choice"), (line.quarantined, "set aside")] {
        if count > 0 {
            text.push_str(&format!("; {what}: {count}"));
        }
    }
    text.push('\n');
    text
}
