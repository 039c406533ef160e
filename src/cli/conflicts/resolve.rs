//! `conflicts resolve`: what the next sync would write is shown before the choice is written down.

use serde_json::{Value as Json, json};

use super::super::arguments::Format;
use super::super::terminal::{Terminal, say};
use super::super::usage::Usage;
use super::super::{Session, clients, masking, output, waiting};
use super::{choice, document, quoted};
use crate::config::{Config, ConflictPolicy, Pair};
use crate::crm::Reader;
use crate::reconcile::{Choosing, Mode};
use crate::record::{Both, Field, Side, Take, Value, typed};
use crate::report::{Column, on_one_line, table};
use crate::run;
use crate::state::{ConflictRow, State};

/// What a person gave: a side, or a value as it was typed.
pub(super) enum Given {
    Side(Side),
    Text(String),
}

pub(super) async fn run(
    session: &Session,
    config: &Config,
    id: &str,
    given: Option<Given>,
    (dry_run, format): (bool, Format),
) -> anyhow::Result<()> {
    let (pair, row) = waiting::find(session, config, ("conflict", id), |state| state.conflict(id))?;
    let terminal = Terminal::attached(session, "concord conflicts resolve --help");
    let asks = given.is_none();
    let given = match (given, &terminal) {
        (Some(given), _) => given,
        (None, Some(terminal)) => match ask(session, config, terminal, pair, &masking::conflict(config, &row)).await? {
            Some(given) => given,
            None => return output::print(&session.say("Nothing was chosen.\n")),
        },
        (None, None) => {
            let message = format!("conflict {id} can be asked for on a terminal alone: give --take or --value");
            let hint =
                format!("both values, and the commands that choose: concord conflicts show {id} --pair {}", pair.name);
            return Err(Usage { message, hint }.into());
        }
    };
    let take = chosen(session, config, pair, &row, given).await?;
    let (when, next_sync) = waiting::next_sync(session, config, pair)?;
    let row = ConflictRow { take: Some(take.clone()), ..row };
    let shown = masking::conflict(config, &row);
    let preview = preview(session, pair, (&row, &shown), &take);
    if let Some(terminal) = terminal.filter(|_| asks && !dry_run) {
        say(&session.say(&preview));
        if terminal.choice_or_leave("Is this your choice?", &["yes".to_owned(), "no".to_owned()]).await? != 0 {
            return output::print(&session.say("Nothing was chosen.\n"));
        }
    }
    if !dry_run {
        keep(session, config, pair, &row, &take)?;
    }
    output::print(&match format {
        Format::Json => {
            let mut document = document(pair, &shown);
            if let Some(entries) = document.as_object_mut() {
                entries.insert("dry_run".to_owned(), dry_run.into());
                entries.insert("writes".to_owned(), writes((&row, &shown), &take));
                entries.insert("next_sync".to_owned(), next_sync);
            }
            waiting::printed(&document)?
        }
        Format::Text if dry_run => output::fitted(&session.say(&format!(
            "{preview}Nothing was chosen: the same command without --dry-run writes the choice down.\n"
        ))),
        Format::Text => output::fitted(&session.say(&format!(
            "{}{} is chosen. Nothing was sent yet: the next sync writes it, unless a side changes it before.\n{when}\n",
            if asks { "" } else { preview.as_str() },
            choice(Some(&take)),
        ))),
    })
}

/// Both values next to each other, and the question which of them it is. `None`: none of them yet.
async fn ask(
    session: &Session,
    config: &Config,
    terminal: &Terminal<'_>,
    pair: &Pair,
    row: &ConflictRow,
) -> anyhow::Result<Option<Given>> {
    say(&session.say(&format!("{}\n", super::facts(session, config, pair, row))));
    let item = |side: Side| format!("{}: {}", side.title(), on_one_line(&quoted(session, Some(row.now.of(side)))));
    let items =
        [item(Side::Cliengo), item(Side::Ghl), "a value of your own".to_owned(), "leave it undecided".to_owned()];
    Ok(match terminal.choice_or_leave("Which value is right?", &items).await? {
        0 => Some(Given::Side(Side::Cliengo)),
        1 => Some(Given::Side(Side::Ghl)),
        2 => Some(Given::Text(
            terminal.line(&format!("{} (blank: empty)", session.words().field(&row.field)), "").await?,
        )),
        _ => None,
    })
}

/// The value that is chosen.
fn value<'a>(row: &'a ConflictRow, take: &'a Take) -> &'a Value {
    match take {
        Take::Side(side) => row.now.of(*side),
        Take::Value(value) => value,
    }
}

/// What the next sync writes, as documents have it.
fn writes((row, shown): (&ConflictRow, &ConflictRow), take: &Take) -> Json {
    let (after, told) = (value(row, take), value(shown, take).json());
    let write = |side: Side| {
        let before = shown.now.of(side).json();
        (!row.now.of(side).same(after))
            .then(|| json!({ "side": side, "id": row.ids.of(side), "before": before, "after": told }))
    };
    Side::BOTH.into_iter().filter_map(write).collect()
}

/// Each side as it is, and as the next sync leaves it.
fn preview(session: &Session, pair: &Pair, (row, shown): (&ConflictRow, &ConflictRow), take: &Take) -> String {
    let (after, told) = (value(row, take), quoted(session, Some(value(shown, take))));
    let line = |side: Side| {
        let then = if row.now.of(side).same(after) { session.say("is kept") } else { told.clone() };
        [side.title().to_owned(), quoted(session, Some(shown.now.of(side))), then]
    };
    let heads = [
        Column::whole(""),
        Column::cut(session.word("NOW"), 4000),
        Column::cut(session.word("AFTER THE NEXT SYNC"), 4000),
    ];
    let table = table(heads, &Side::BOTH.map(line), output::style(&session.global, false));
    format!("{}  {} of {} {:?} in pair {}\n{table}", row.id, row.field, row.kind, shown.label, pair.name)
}

/// Writes the choice down, where the conflict is still as it was shown.
fn keep(session: &Session, config: &Config, pair: &Pair, row: &ConflictRow, take: &Take) -> anyhow::Result<()> {
    let (_lock, state) = waiting::locked(session, config, pair)?;
    // A run may have ended it meanwhile.
    let same = state.conflict(&row.id)?.is_some_and(|now| now.now == row.now);
    if !same || !state.choose(&row.id, take)? {
        let message = format!("conflict {} changed meanwhile; nothing was chosen", row.id);
        return Err(Usage { message, hint: "look again: concord conflicts list".to_owned() }.into());
    }
    Ok(state.checkpoint()?)
}

/// The choice, where both sides can hold it.
async fn chosen(
    session: &Session,
    config: &Config,
    pair: &Pair,
    row: &ConflictRow,
    given: Given,
) -> anyhow::Result<Take> {
    let refuse = |message: String| {
        let hint = format!("both values: concord conflicts show {} --pair {}", row.id, pair.name);
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
    let asks = matches!(given, Given::Text(_)) || matches!(row.field, Field::Mapped(_));
    let forms = if asks { Some(run::forms(&job).await?) } else { None };
    let take = match (given, &forms) {
        (Given::Side(side), _) => Take::Side(side),
        (Given::Text(text), Some(forms)) => Take::Value(typed(row.kind, &row.field, &text, forms).map_err(refuse)?),
        (Given::Text(text), None) => return Err(refuse(format!("{text:?} cannot be read"))),
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
        mapped: forms.as_ref().and_then(|forms| forms.mapped(row.kind, &row.field)),
    };
    match choosing.objection(&take) {
        Some(why) => Err(refuse(format!("{} cannot be taken for {}: {why}", choice(Some(&take)), row.field))),
        None => Ok(take),
    }
}
