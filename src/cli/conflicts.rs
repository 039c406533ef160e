//! `conflicts`: fields that both sides changed and that wait for a person's choice.

mod resolve;

use serde_json::{Value as Json, json};

use resolve::Given;

use super::arguments::{ConflictsCommand, ConflictsOptions, Format};
use super::{Session, code, masking, output, waiting};
use crate::config::{Config, Pair};
use crate::record::{Side, Take, Value};
use crate::report::{Audience, Column, in_quotes, on_one_line, table};
use crate::state::ConflictRow;

pub(super) async fn run(session: &Session, options: &ConflictsOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    match &options.command {
        None | Some(ConflictsCommand::List) => list(session, &config, options.format)?,
        Some(ConflictsCommand::Show { id }) => {
            let (pair, row) = waiting::find(session, &config, ("conflict", id), |state| state.conflict(id))?;
            let row = masking::conflict(&config, &row);
            output::print(&match options.format {
                Format::Json => waiting::printed(&document(pair, &row))?,
                Format::Text => session.say(&shown(session, &config, pair, &row)),
            })?;
        }
        Some(ConflictsCommand::Resolve { id, take, value, dry_run }) => {
            let given = match (take, value) {
                (Some(side), _) => Some(Given::Side(*side)),
                (None, Some(text)) => Some(Given::Text(text.clone())),
                (None, None) => None,
            };
            resolve::run(session, &config, id, given, (*dry_run, options.format)).await?;
        }
    }
    Ok(code::DONE)
}

fn list(session: &Session, config: &Config, format: Format) -> anyhow::Result<()> {
    let mut rows: Vec<(&Pair, ConflictRow)> = Vec::new();
    for (pair, state) in waiting::states(session, config)? {
        rows.extend(state.conflicts()?.iter().map(|row| (pair, masking::conflict(config, row))));
    }
    let text = match format {
        Format::Json => {
            let rows: Vec<Json> = rows.iter().map(|(pair, row)| document(pair, row)).collect();
            waiting::printed(&rows)?
        }
        Format::Text if rows.is_empty() => session.say("No conflict waits.\n"),
        Format::Text => {
            let heads = [
                Column::whole("ID"),
                Column::cut(session.word("PAIR"), 12),
                Column::cut(session.word("RECORD"), 20),
                Column::cut(session.word("FIELD"), 12),
                Column::cut("CLIENGO", 22),
                Column::cut("GHL", 22),
                Column::cut(session.word("CHOICE"), 60),
            ];
            let cells = |(pair, row): &(&Pair, ConflictRow)| {
                [
                    row.id.clone(),
                    pair.name.clone(),
                    row.label.clone(),
                    session.words().field(&row.field).to_owned(),
                    row.now.cliengo.shown(),
                    row.now.ghl.shown(),
                    session.say(&choice(row.take.as_ref())),
                ]
            };
            let waits = rows.iter().find(|(_, row)| row.take.is_none());
            let see = match waits {
                Some((pair, row)) => format!(
                    "See both values and the commands that choose: concord conflicts show {} --pair {}\n",
                    row.id, pair.name
                ),
                None => "Each has its choice: the next sync writes them.\n".to_owned(),
            };
            let rows: Vec<[String; 7]> = rows.iter().map(cells).collect();
            let table = table(heads, &rows, output::style(&session.global, false));
            format!("{table}\n{}", session.say(&see))
        }
    };
    output::print(&text)
}

fn choice(take: Option<&Take>) -> String {
    match take {
        None => "waits".to_owned(),
        Some(Take::Side(side)) => format!("{}'s", side.title()),
        Some(Take::Value(value)) => format!("\"{}\"", on_one_line(&value.shown())),
    }
}

fn document(pair: &Pair, row: &ConflictRow) -> Json {
    let choice = match &row.take {
        None => Json::Null,
        Some(Take::Side(side)) => json!({ "take": side }),
        Some(Take::Value(value)) => json!({ "take": "value", "value": value.json() }),
    };
    json!({
        "id": row.id,
        "pair": pair.name,
        "kind": row.kind,
        "ids": row.ids,
        "label": row.label,
        "field": row.field,
        "base": row.base.as_ref().map(Value::json),
        "cliengo": row.now.cliengo.json(),
        "ghl": row.now.ghl.json(),
        "run": row.run,
        "since": row.since.map(|at| at.to_string()),
        "choice": choice,
    })
}

fn quoted(session: &Session, value: Option<&Value>) -> String {
    match value.map(Value::shown) {
        None => session.say("not known"),
        Some(shown) if shown.is_empty() => session.say("(empty)"),
        Some(shown) => format!("\"{shown}\""),
    }
}

/// What it is about, and both values.
fn facts(session: &Session, config: &Config, pair: &Pair, row: &ConflictRow) -> String {
    let id = |side: Side| row.ids.of(side).unwrap_or("-");
    let audience = Audience::of(config, pair);
    let since = row.since.map(|at| format!(", {} {}", audience.time(at), audience.zone())).unwrap_or_default();
    let heads = [Column::whole(""), Column::whole("ID"), Column::cut(session.word("VALUE"), 4000)];
    let line = |what: &str, id: &str, value: Option<&Value>| [what.to_owned(), id.to_owned(), quoted(session, value)];
    let rows = [
        line("Cliengo", id(Side::Cliengo), Some(&row.now.cliengo)),
        line("GHL", id(Side::Ghl), Some(&row.now.ghl)),
        line(session.word("before"), "", row.base.as_ref()),
    ];
    let table = table(heads, &rows, output::style(&session.global, false));
    let what = format!("{}  {} of {} {} in pair {}", row.id, row.field, row.kind, in_quotes(&row.label), pair.name);
    format!("{what}\nsince run {}{since}\n{table}", row.run)
}

fn shown(session: &Session, config: &Config, pair: &Pair, row: &ConflictRow) -> String {
    let then = match &row.take {
        None => {
            let choose =
                |side: &str| format!("concord conflicts resolve {} --take {side} --pair {}", row.id, pair.name);
            format!("Take Cliengo's: {}\nTake GHL's: {}", choose("cliengo"), choose("ghl"))
        }
        take @ Some(_) => format!("Chosen: {}. The next sync writes it.", choice(take.as_ref())),
    };
    format!("{}{then}\n", facts(session, config, pair, row))
}
