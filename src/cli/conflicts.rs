//! `conflicts`: fields that both sides changed and that wait for a person's choice.

use serde_json::{Value as Json, json};

use super::arguments::{ConflictsCommand, ConflictsOptions, Format};
use super::usage::Usage;
use super::{Session, clients, code, output, waiting};
use crate::config::{Config, ConflictPolicy, Pair};
use crate::crm::Reader;
use crate::reconcile::{Choosing, Mode};
use crate::record::{Both, Field, Side, Take, Value, typed};
use crate::report::{Column, on_one_line, table};
use crate::run;
use crate::state::{ConflictRow, State};

pub(super) async fn run(session: &Session, options: &ConflictsOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    match &options.command {
        None | Some(ConflictsCommand::List) => list(session, &config, options.format)?,
        Some(ConflictsCommand::Show { id }) => {
            let (pair, row) = waiting::find(session, &config, ("conflict", id), |state| state.conflict(id))?;
            output::print(&match options.format {
                Format::Json => waiting::printed(&document(pair, &row))?,
                Format::Text => shown(session, pair, &row),
            })?;
        }
        Some(ConflictsCommand::Resolve { id, take, value }) => {
            resolve(session, &config, id, (*take, value.as_deref()), options.format).await?;
        }
    }
    Ok(code::DONE)
}

fn list(session: &Session, config: &Config, format: Format) -> anyhow::Result<()> {
    let mut rows: Vec<(&Pair, ConflictRow)> = Vec::new();
    for (pair, state) in waiting::states(session, config)? {
        rows.extend(state.conflicts()?.into_iter().map(|row| (pair, row)));
    }
    let text = match format {
        Format::Json => {
            let rows: Vec<Json> = rows.iter().map(|(pair, row)| document(pair, row)).collect();
            waiting::printed(&rows)?
        }
        Format::Text if rows.is_empty() => "No conflict waits.\n".to_owned(),
        Format::Text => {
            let heads = [
                Column::whole("ID"),
                Column::cut("PAIR", 12),
                Column::cut("RECORD", 20),
                Column::cut("FIELD", 12),
                Column::cut("CLIENGO", 22),
                Column::cut("GHL", 22),
                Column::cut("CHOICE", 60),
            ];
            let cells = |(pair, row): &(&Pair, ConflictRow)| {
                [
                    row.id.clone(),
                    pair.name.clone(),
                    row.label.clone(),
                    row.field.to_string(),
                    row.now.cliengo.shown(),
                    row.now.ghl.shown(),
                    choice(row.take.as_ref()),
                ]
            };
            let rows: Vec<[String; 7]> = rows.iter().map(cells).collect();
            let table = table(heads, &rows, output::style(&session.global, false));
            {
                let first = rows.first().map(|[id, ..]| id.clone()).unwrap_or_default();
                format!("{table}\nSee both values and the commands that choose: concord conflicts show {first}\n")
            }
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

fn shown(session: &Session, pair: &Pair, row: &ConflictRow) -> String {
    let id = |side: Side| row.ids.of(side).unwrap_or("-");
    let quoted = |value: Option<&Value>| match value.map(Value::shown) {
        None => "not known".to_owned(),
        Some(shown) if shown.is_empty() => "(empty)".to_owned(),
        Some(shown) => format!("\"{shown}\""),
    };
    let since = row.since.map(|at| format!(", {at:.0}")).unwrap_or_default();
    let heads = [Column::whole(""), Column::whole("ID"), Column::cut("VALUE", 4000)];
    let line = |what: &str, id: &str, value: Option<&Value>| [what.to_owned(), id.to_owned(), quoted(value)];
    let rows = [
        line("Cliengo", id(Side::Cliengo), Some(&row.now.cliengo)),
        line("GHL", id(Side::Ghl), Some(&row.now.ghl)),
        line("before", "", row.base.as_ref()),
    ];
    let table = table(heads, &rows, output::style(&session.global, false));
    let what = format!("{}  {} of {} {:?} in pair {}", row.id, row.field, row.kind, row.label, pair.name);
    let then = match &row.take {
        None => {
            let choose =
                |side: &str| format!("concord conflicts resolve {} --take {side} --pair {}", row.id, pair.name);
            format!("Take Cliengo's: {}\nTake GHL's: {}", choose("cliengo"), choose("ghl"))
        }
        take @ Some(_) => format!("Chosen: {}. The next sync writes it.", choice(take.as_ref())),
    };
    format!("{what}, since run {}{since}\n{table}{then}\n", row.run)
}

async fn resolve(
    session: &Session,
    config: &Config,
    id: &str,
    take: (Option<Side>, Option<&str>),
    format: Format,
) -> anyhow::Result<()> {
    let (pair, row) = waiting::find(session, config, ("conflict", id), |state| state.conflict(id))?;
    let take = chosen(session, config, pair, &row, take).await?;
    let (_lock, state) = waiting::locked(session, config, pair)?;
    // A run may have ended it meanwhile.
    let same = state.conflict(id)?.is_some_and(|now| now.now == row.now);
    if !same || !state.choose(id, &take)? {
        let message = format!("conflict {id} changed meanwhile");
        return Err(Usage { message, hint: "look again: concord conflicts list".to_owned() }.into());
    }
    state.checkpoint()?;
    let row = ConflictRow { take: Some(take), ..row };
    output::print(&match format {
        Format::Json => waiting::printed(&document(pair, &row))?,
        Format::Text => format!(
            "{id}  {} of {:?}: {} is chosen. The next sync writes it, unless a side changes it again before.\n\
             See it first with: concord plan --pair {}\n",
            row.field,
            row.label,
            choice(row.take.as_ref()),
            pair.name
        ),
    })
}

/// The choice, where both sides can hold it.
async fn chosen(
    session: &Session,
    config: &Config,
    pair: &Pair,
    row: &ConflictRow,
    (side, value): (Option<Side>, Option<&str>),
) -> anyhow::Result<Take> {
    let value = value.unwrap_or_default();
    let refuse = |message: String| {
        let hint = format!("both values: concord conflicts show {}", row.id);
        anyhow::Error::new(Usage { message, hint })
    };
    if pair.field_policy(row.kind, &row.field).conflict != ConflictPolicy::Manual {
        return Err(refuse(format!(
            "the policy for {} is not \"manual\" any more: the next sync decides it",
            row.field
        )));
    }
    let clients = clients::connect(session, config, pair).await?;
    let job = clients.job(session, config, pair, Mode::Incremental);
    // How a value is read depends on the location; a side's own value was read already.
    let asks = side.is_none() || matches!(row.field, Field::Mapped(_));
    let forms = if asks { Some(run::forms(&job).await?) } else { None };
    let take = match (side, &forms) {
        (Some(side), _) => Take::Side(side),
        (None, Some(forms)) => Take::Value(typed(&row.field, value, forms).map_err(refuse)?),
        (None, None) => return Err(refuse(format!("{value:?} cannot be read"))),
    };
    let state = State::open_read_only(&State::path_of(&config.state_dir, &pair.name))?;
    let learned = state.map(|state| run::learned(&state, pair)).transpose()?.unwrap_or_default();
    let choosing = Choosing {
        pair,
        kind: row.kind,
        field: &row.field,
        now: &row.now,
        capabilities: &Both {
            cliengo: clients.cliengo.capabilities(&learned),
            ghl: clients.ghl.capabilities(&learned),
        },
        mapped: forms.as_ref().and_then(|forms| forms.mapped(&row.field)),
    };
    match choosing.objection(&take) {
        Some(why) => Err(refuse(format!("{} cannot be taken for {}: {why}", choice(Some(&take)), row.field))),
        None => Ok(take),
    }
}
