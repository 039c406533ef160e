//! `held retry`: a person says of a create without an answer that it was not done.

use serde_json::json;

use super::{block, output, waiting};
use crate::cli::Session;
use crate::cli::arguments::Format;
use crate::cli::usage::Usage;
use crate::config::{Config, Pair};
use crate::reconcile::HeldReason;
use crate::record::Side;
use crate::state::{HeldRow, State};

/// Once all of `ids` are known to wait for that: the next sync creates what each is the source of.
pub(super) fn run(session: &Session, config: &Config, ids: &[String], format: Format) -> anyhow::Result<()> {
    let mut found = Vec::new();
    for id in ids {
        let (pair, row) = waiting::find(session, config, ("held record", id), |state| state.held_record(id))?;
        if HeldReason::named(&row.reason) != Some(HeldReason::UnknownOutcome) || !is_open(config, pair, &row)? {
            let message = format!("{id} waits for no create that got no answer");
            let hint = format!("see what it waits for: concord held show {id} --pair {}", pair.name);
            return Err(Usage { message, hint }.into());
        }
        found.push((pair, row));
    }
    let (mut documents, mut text) = (Vec::new(), String::new());
    for (pair, row) in found {
        let (_lock, state) = waiting::locked(session, config, pair)?;
        for source in Side::BOTH.into_iter().filter_map(|side| row.ids.tagged(side)) {
            state.was_not_done(row.kind, &source)?;
        }
        state.checkpoint()?;
        let (when, next) = waiting::next_sync(session, config, pair)?;
        let name = block::name(session, config, &row);
        let said = session.say("it was not done: the next sync creates its counterpart");
        text.push_str(&format!("{}  {name}: {said}.\n    {}\n", row.id, session.say(&when)));
        documents.push(json!({ "id": row.id, "pair": pair.name, "kind": row.kind, "ids": row.ids, "next_sync": next }));
    }
    output::print(&match format {
        Format::Json => waiting::printed(&documents)?,
        Format::Text => output::fitted(&text),
    })
}

/// Whether a create of it is open.
fn is_open(config: &Config, pair: &Pair, row: &HeldRow) -> anyhow::Result<bool> {
    let state = State::open_read_only(&State::path_of(&config.state_dir, &pair.name))?;
    let open = state.map(|state| state.open_creates()).transpose()?.unwrap_or_default();
    Ok(open.iter().any(|one| one.kind == row.kind && one.source_id.as_deref() == row.ids.of(one.side.other())))
}
