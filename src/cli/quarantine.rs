//! `quarantine`: operations that keep failing, and what becomes of them.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::arguments::{Format, QuarantineCommand, QuarantineOptions};
use super::{Session, code, masking, output, waiting};
use crate::config::{Config, Pair};
use crate::reconcile::RetryState;
use crate::report::{Column, in_quotes, on_one_line, table};
use crate::run::generation;
use crate::state::{FailedOperationRow, State, StateError};

pub(super) fn run(session: &Session, options: &QuarantineOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    match &options.command {
        None | Some(QuarantineCommand::List) => list(session, &config, options.format)?,
        Some(QuarantineCommand::Retry { ids }) => {
            let told = "the next sync tries it again, as if for the first time";
            change(session, &config, ids, (told, options.format), State::lift_failed_operation)?;
        }
        Some(QuarantineCommand::Drop { ids }) => {
            let told = "given up: it is not reported until the record changes";
            change(session, &config, ids, (told, options.format), State::drop_failed_operation)?;
        }
    }
    Ok(code::DONE)
}

fn list(session: &Session, config: &Config, format: Format) -> anyhow::Result<()> {
    let mut rows: Vec<(&Pair, FailedOperationRow, RetryState)> = Vec::new();
    let mut unanswered = BTreeSet::new();
    for (pair, state) in waiting::states(session, config)? {
        let now = generation(Some(&state))?.parse().unwrap_or(0);
        let standing = |row: &FailedOperationRow| RetryState::at(row.attempts, row.dropped, row.due, now);
        unanswered.extend(state.unanswered_operations()?);
        rows.extend(state.failed_operations()?.iter().map(|row| (pair, shown(config, row), standing(row))));
    }
    // What waits for a person comes first.
    let rank = |standing: RetryState| match standing {
        RetryState::Aside => 0,
        RetryState::Due | RetryState::Rests(_) => 1,
        RetryState::Dropped => 2,
    };
    rows.sort_by_key(|(_, _, standing)| rank(*standing));
    let text = match format {
        Format::Json => {
            let document = |(pair, row, standing): &(&Pair, FailedOperationRow, RetryState)| {
                document(pair, row, *standing, unanswered.contains(&row.id))
            };
            let rows: Vec<Json> = rows.iter().map(document).collect();
            waiting::printed(&rows)?
        }
        Format::Text if rows.is_empty() => session.say("Nothing keeps failing.\n"),
        Format::Text => {
            let heads = [
                Column::whole("ID"),
                Column::cut(session.word("PAIR"), 12),
                Column::cut(session.word("STATE"), 14),
                Column::whole(session.word("FAILED")),
                Column::cut(session.word("WHAT"), 22),
                Column::cut(session.word("RECORD"), 22),
                Column::cut(session.word("WHY"), 400),
            ];
            let cells = |(pair, row, standing): &(&Pair, FailedOperationRow, RetryState)| {
                [
                    row.id.clone(),
                    pair.name.clone(),
                    session.say(&told(*standing, unanswered.contains(&row.id))),
                    attempts(row, unanswered.contains(&row.id)).to_string(),
                    session.say(&format!("{} {} in {}", row.action, row.kind, row.side.title())),
                    row.label.clone(),
                    session.say(&row.words),
                ]
            };
            let cells: Vec<[String; 7]> = rows.iter().map(cells).collect();
            let table = table(heads, &cells, output::style(&session.global, false));
            let first = cells.first().map(|[id, pair, ..]| format!("{id} --pair {pair}")).unwrap_or_default();
            let below = format!(
                "Try the first one again with: concord quarantine retry {first}\n\
                 Give it up with: concord quarantine drop {first}\n"
            );
            format!("{table}\n{}", session.say(&below))
        }
    };
    output::print(&text)
}

/// Named as in reports.
fn shown(config: &Config, row: &FailedOperationRow) -> FailedOperationRow {
    let label = masking::label(config, row.kind, &row.label);
    FailedOperationRow { label, words: masking::about(config, &row.label, &row.words), ..row.clone() }
}

/// What got no answer was sent once; it counts as often as it takes to wait for a person.
const fn attempts(row: &FailedOperationRow, is_unanswered: bool) -> u32 {
    if is_unanswered { 1 } else { row.attempts }
}

fn told(standing: RetryState, is_unanswered: bool) -> String {
    match standing {
        RetryState::Aside if is_unanswered => "no answer".to_owned(),
        RetryState::Due => "tried next".to_owned(),
        RetryState::Rests(1) => "in 2 runs".to_owned(),
        RetryState::Rests(runs) => format!("in {} runs", runs + 1),
        RetryState::Aside => "quarantined".to_owned(),
        RetryState::Dropped => "given up".to_owned(),
    }
}

fn document(pair: &Pair, row: &FailedOperationRow, standing: RetryState, is_unanswered: bool) -> Json {
    let (state, rests) = match standing {
        RetryState::Aside if is_unanswered => ("unknown", None),
        RetryState::Due => ("retrying", Some(0)),
        RetryState::Rests(runs) => ("retrying", Some(runs)),
        RetryState::Aside => ("quarantined", None),
        RetryState::Dropped => ("dropped", None),
    };
    json!({
        "id": row.id,
        "pair": pair.name,
        "state": state,
        "kind": row.kind,
        "side": row.side,
        "action": row.action,
        "ids": row.ids,
        "label": row.label,
        "attempts": attempts(row, is_unanswered),
        "reason": row.words,
        "run": row.run,
        "runs_until_retry": rests,
    })
}

/// How often it was tried, and what came of it.
fn tries(row: &FailedOperationRow, is_unanswered: bool) -> String {
    let words = on_one_line(&row.words);
    if is_unanswered {
        format!("It was sent once and got no answer: {words}")
    } else {
        format!("It failed {} times; the last answer: {words}", row.attempts)
    }
}

/// Does something with each of `ids`, once all of them are known.
fn change(
    session: &Session,
    config: &Config,
    ids: &[String],
    (told, format): (&str, Format),
    change: impl Fn(&State, &str) -> Result<bool, StateError>,
) -> anyhow::Result<()> {
    let mut found = Vec::new();
    for id in ids {
        let (pair, row) =
            waiting::find(session, config, ("quarantined operation", id), |state| state.failed_operation(id))?;
        found.push((pair, shown(config, &row)));
    }
    let mut documents = Vec::new();
    let mut text = String::new();
    for (pair, row) in found {
        let (_lock, state) = waiting::locked(session, config, pair)?;
        let is_unanswered = state.unanswered_operations()?.contains(&row.id);
        change(&state, &row.id)?;
        state.checkpoint()?;
        let is_dropped = state.failed_operation(&row.id)?.is_some();
        let (when, next) = waiting::next_sync(session, config, pair)?;
        text.push_str(&format!(
            "{}  {} {} {} in {}: {told}.\n    {}\n",
            row.id,
            row.action,
            row.kind,
            in_quotes(&row.label),
            row.side.title(),
            tries(&row, is_unanswered),
        ));
        text.push_str(&if is_dropped {
            format!("    Take it up again with: concord quarantine retry {} --pair {}\n", row.id, pair.name)
        } else {
            format!("    {when}\n")
        });
        let standing = if is_dropped { RetryState::Dropped } else { RetryState::Due };
        let mut document = document(pair, &row, standing, is_unanswered);
        if let Some(entries) = document.as_object_mut() {
            entries.insert("dropped".to_owned(), is_dropped.into());
            entries.insert("next_sync".to_owned(), next);
        }
        documents.push(document);
    }
    match format {
        Format::Json => output::print(&waiting::printed(&documents)?),
        Format::Text => output::print(&output::fitted(&session.say(&text))),
    }
}
