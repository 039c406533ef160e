//! `status`: each pair in a line, or as many as a terminal needs.

use jiff::Timestamp;
use serde::Serialize;

use super::arguments::{Format, ListOptions};
use super::delivery::QUIET_LINES;
use super::{Session, code, credentials, explain, output, pairs};
use crate::config::Config;
use crate::record::ByKind;
use crate::report::{self, Audience, Page, number};
use crate::schedule::{Decisions, Due, RunProgress, Standing};
use crate::state::{Ledger, RunRow};

/// The status of a run whose process ended before it did.
pub(super) const CUT_OFF: &str = "cut_off";

/// One pair.
#[derive(Debug, Serialize)]
struct Line {
    id: String,
    last_run: Option<LastRun>,
    last_success: Option<String>,
    next_run: Option<NextRun>,
    overdue: Option<Overdue>,
    failed: Option<String>,
    unseen: Vec<String>,
    links: ByKind<u64>,
    /// The run that counted what follows.
    as_of: Option<i64>,
    pending: u64,
    unknown_creates: usize,
    conflicts: u64,
    held: u64,
    quarantine: u64,
    decisions: Decisions,
    budget_left: Option<u64>,
    /// What should be done about keys and tokens.
    credentials: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LastRun {
    run: i64,
    started: String,
    finished: Option<String>,
    status: String,
    summary: Option<serde_json::Value>,
}

#[derive(Debug, Serialize)]
struct NextRun {
    schedule: String,
    run: &'static str,
    due: String,
    starts: String,
}

#[derive(Debug, Serialize)]
struct Overdue {
    schedule: String,
    due: String,
}

pub(super) fn run(session: &Session, options: &ListOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    let selected = pairs::selected(session, &config)?;
    let ledger = Ledger::open_read_only(&Ledger::path_of(&config.state_dir))?;
    let now = session.clock.now();
    // One pair whose state cannot be read hides none of the others.
    let (mut lines, mut unreadable) = (Vec::new(), Vec::new());
    for pair in selected {
        match Standing::of(&config, &pair.name, now, ledger.as_ref()) {
            Ok(standing) => {
                let due = credentials::of(session, &config, pair).into_iter().filter_map(|credential| credential.due);
                let credentials = due.map(|due| format!("{}; {}", due.what, due.hint)).collect();
                lines.push(Line { credentials, ..Line::of(standing) });
            }
            Err(why) => unreadable.push(why),
        }
    }
    let is_well = |line: &Line| line.failed.is_none() && line.overdue.is_none();
    let text = match options.format {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&lines)?),
        // Nothing of who is well.
        Format::Text if session.global.quiet => {
            let ill = lines.iter().filter(|line| !is_well(line)).take(QUIET_LINES);
            ill.map(|line| format!("{}  {}\n", line.id, sentence(line, &reader(&config, &line.id), now))).collect()
        }
        Format::Text => {
            let mut page = Page::new(output::style(&session.global, false));
            for line in &lines {
                let said = report::Line::of(sentence(line, &reader(&config, &line.id), now));
                let lead = report::Line::of(format!("{}  ", line.id));
                // Where nobody says how wide a line may be, a pair is one line: scripts read it.
                match output::columns() {
                    Some(_) => page.flow(lead, 4, said),
                    None => page.line(0, &lead.join(said)),
                }
            }
            page.finish()
        }
    };
    output::print(&text)?;
    let is_well = unreadable.is_empty() && lines.iter().all(is_well);
    for why in unreadable {
        explain::print(&anyhow::Error::new(why), session.words());
    }
    Ok(if is_well { code::DONE } else { code::FAILED })
}

impl Line {
    /// Whether the last run was stopped before it wrote.
    fn awaits_approval(&self) -> bool {
        self.last_run.as_ref().is_some_and(|run| run.status == "refused") && self.pending > 0
    }

    fn of(standing: Standing) -> Self {
        Self {
            unseen: standing.unseen(),
            pending: standing.pending(),
            conflicts: standing.count("conflicts"),
            held: standing.count("held"),
            quarantine: standing.quarantined(),
            decisions: standing.decisions,
            budget_left: standing.budget_left(),
            last_success: standing.last_success.map(|at| at.to_string()),
            next_run: standing.next.as_ref().map(next_run),
            overdue: standing.overdue.map(|(schedule, due)| Overdue { schedule, due: due.to_string() }),
            failed: standing.failed,
            links: standing.links,
            unknown_creates: standing.unknown_creates,
            as_of: standing.planned.as_ref().map(|planned| planned.id),
            last_run: standing.last_run.map(|row| last_run(row, standing.progress)),
            id: standing.pair,
            credentials: Vec::new(),
        }
    }
}

fn last_run(row: RunRow, progress: RunProgress) -> LastRun {
    LastRun {
        run: row.id,
        started: row.started.to_string(),
        finished: row.finished.map(|at| at.to_string()),
        status: if progress == RunProgress::CutOff { CUT_OFF.to_owned() } else { row.status },
        summary: row.summary,
    }
}

fn next_run(next: &Due) -> NextRun {
    NextRun {
        schedule: next.slot.schedule.clone(),
        run: next.run.as_str(),
        due: next.due.to_string(),
        starts: next.starts.to_string(),
    }
}

/// Whose times a pair's are.
fn reader(config: &Config, pair: &str) -> Audience {
    config.pair(pair).map_or_else(|| Audience::of_all(config), |pair| Audience::of(config, pair))
}

/// How a pair stands, in its own zone.
fn sentence(line: &Line, audience: &Audience, now: Timestamp) -> String {
    let local = |at: &str| match at.parse::<Timestamp>() {
        Ok(at) => format!("{} {}", audience.time(at), audience.zone()),
        Err(_) => at.to_owned(),
    };
    let mut parts = Vec::new();
    match &line.last_run {
        None => parts.push("never synchronised".to_owned()),
        Some(run) => {
            parts.push(match (run.status.as_str(), &run.finished) {
                (CUT_OFF, _) => format!("run {} cut off, began {}", run.run, local(&run.started)),
                (status, Some(finished)) => format!("run {} {status}, {}", run.run, local(finished)),
                (status, None) => format!("run {} {status} since {}", run.run, local(&run.started)),
            });
            let ByKind { contact, task, note } = line.links;
            parts.push(format!("linked: {contact} contacts, {task} tasks, {note} notes"));
            let waiting = format!("pending {}, held {}, conflicts {}", line.pending, line.held, line.conflicts);
            let as_of = line.as_of.filter(|as_of| *as_of != run.run);
            parts.push(as_of.map_or(waiting.clone(), |as_of| format!("{waiting} (as of run {as_of})")));
        }
    }
    let Decisions { new, known } = line.decisions;
    parts.extend(line.awaits_approval().then(|| {
        format!(
            "WAITS FOR APPROVAL: nothing was written; see the plan and what stopped it: concord plan --pair {}",
            line.id
        )
    }));
    parts.extend((new + known > 0).then(|| format!("need a decision: {new} new, {known} known")));
    let some = |count: u64, what: &str| (count > 0).then(|| format!("{what}: {count}"));
    parts.extend(some(line.quarantine, "in quarantine"));
    parts.extend(some(line.unknown_creates as u64, "creates with an unknown outcome"));
    parts.extend(line.budget_left.map(|left| format!("GHL requests left at the last run: {}", number(left))));
    parts.extend(line.next_run.as_ref().map(|next| {
        let is_due = next.starts.parse::<Timestamp>().is_ok_and(|starts| starts <= now);
        let when = if is_due { "is due since" } else { "at" };
        format!("next {} ({}) {when} {}", next.run, next.schedule, local(&next.starts))
    }));
    parts.extend(
        line.overdue
            .as_ref()
            .map(|missed| format!("OVERDUE: {} of {} has had no successful run", missed.schedule, local(&missed.due))),
    );
    if !line.unseen.is_empty() {
        parts.push(format!("NOT ALL SEEN: {}", line.unseen.join("; ")));
    }
    parts.extend(line.credentials.iter().map(|due| format!("KEYS: {due}")));
    parts.extend(line.failed.as_ref().map(|why| format!("FAILED: {why}")));
    parts.iter().map(|part| audience.say(part)).collect::<Vec<_>>().join("; ")
}
