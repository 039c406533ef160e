//! `held`: what waits for a person, who knows of it, and the command that settles it.

mod again;
mod block;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::arguments::{Format, HeldCommand, HeldOptions};
use super::usage::Usage;
use super::{Session, code, output, pairs, waiting};
use crate::config::{Config, Pair};
use crate::reconcile::HeldReason;
use crate::record::{Field, Ids, Kind, MatchKey, Record, Side, SideId, Value};
use crate::report::{Audience, masked_document, ways_to_settle};
use crate::state::{Acknowledged, HeldRow, State, StateError};

/// A record that waits, and what a person needs to settle it.
struct Entry<'a> {
    pair: &'a Pair,
    row: HeldRow,
    reason: Option<HeldReason>,
    known: bool,
    /// Where that is opened in a browser.
    links: BTreeMap<Side, String>,
    /// What settles it: each is one command.
    commands: Vec<String>,
    /// The linked records that it collides with, where its own ids name nobody on a side.
    others: Vec<Other>,
    /// Until when a create without an answer rests, before it counts as not done.
    rests: Option<jiff::Timestamp>,
}

/// A linked record that shares an e-mail or a phone with one that waits.
struct Other {
    id: SideId,
    shown: BTreeMap<String, Json>,
}

pub(super) fn run(session: &Session, options: &HeldOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    match &options.command {
        None | Some(HeldCommand::List) => list(session, &config, options.format)?,
        Some(HeldCommand::Show { id }) => show(session, &config, id, options.format)?,
        Some(HeldCommand::Ack { ids, until, note }) => {
            acknowledge(session, &config, ids, (until.as_deref(), note.as_deref()), options.format)?;
        }
        Some(HeldCommand::Retry { ids }) => again::run(session, &config, ids, options.format)?,
        Some(HeldCommand::Unack { ids }) => take_back(session, &config, ids, options.format)?,
    }
    Ok(code::DONE)
}

/// Everything that asks for a person, pair by pair.
fn waiting_for_a_person<'a>(session: &Session, config: &'a Config) -> anyhow::Result<Vec<Entry<'a>>> {
    let mut entries = Vec::new();
    for (pair, state) in waiting::states(session, config)? {
        let audience = Audience::of(config, pair);
        for row in state.held()? {
            let entry = entry(session, pair, &state, &audience, row)?;
            if entry.reason.is_none_or(HeldReason::needs_a_person) {
                entries.push(entry);
            }
        }
    }
    Ok(entries)
}

fn entry<'a>(
    session: &Session,
    pair: &'a Pair,
    state: &State,
    audience: &Audience,
    row: HeldRow,
) -> Result<Entry<'a>, StateError> {
    let reason = HeldReason::named(&row.reason);
    let contact = if row.kind.is_child() { contact_of(state, &row)? } else { row.ids.clone() };
    let link = |side: &Side| Some((*side, audience.link(*side, contact.of(*side)?)?));
    let links = Side::BOTH.iter().filter_map(link).collect();
    let others = if row.kind == Kind::Contact { others(state, &row, reason)? } else { Vec::new() };
    let rests = if reason == Some(HeldReason::UnknownOutcome) { rests(session, pair, state, &row)? } else { None };
    let commands = ways_to_settle(state, &row, reason)?.iter().map(|one| one.command(&pair.name)).collect();
    let known = row.is_known(session.clock.now());
    Ok(Entry { pair, row, reason, known, links, commands, others, rests })
}

/// Whom a contact collides with that has nobody beside it: linked contacts of its e-mail or phone.
fn others(state: &State, row: &HeldRow, reason: Option<HeldReason>) -> Result<Vec<Other>, StateError> {
    let asks = [HeldReason::EmailPhoneMismatch, HeldReason::NameMismatch, HeldReason::DuplicateOf].map(Some);
    let is_alone = Side::BOTH.into_iter().any(|side| row.ids.of(side).is_none());
    let mut found = BTreeMap::new();
    if !is_alone || !asks.contains(&reason) {
        return Ok(Vec::new());
    }
    for key in Side::BOTH.into_iter().flat_map(|side| keys(row.shown.of(side))) {
        for link in
            Side::BOTH.into_iter().map(|side| state.holders(side, &key)).collect::<Result<Vec<_>, _>>()?.concat()
        {
            for id in Side::BOTH.into_iter().filter_map(|side| link.ids.tagged(side)) {
                let Some(base) = state.base(link.id, id.side())? else { continue };
                if row.ids.of(id.side()) != Some(id.as_str()) {
                    found.insert(id, crate::run::shown(&base.record));
                }
            }
        }
    }
    Ok(found.into_iter().map(|(id, shown)| Other { id, shown }).collect())
}

/// By what a contact was recognised, as it was shown.
fn keys(shown: &BTreeMap<String, Json>) -> Vec<MatchKey> {
    let text = |name: &str| shown.get(name).and_then(Json::as_str).unwrap_or_default();
    let record = Record::default().with(Field::Email, Value::email(text("email")));
    record.with(Field::Phone, Value::phone(text("phone"), None)).match_keys()
}

fn rests(session: &Session, pair: &Pair, state: &State, row: &HeldRow) -> Result<Option<jiff::Timestamp>, StateError> {
    let is_source = |id: &String| Side::BOTH.into_iter().any(|side| row.ids.of(side) == Some(id.as_str()));
    let open = state.open_creates()?.into_iter().filter(|one| one.kind == row.kind);
    let open = open.filter(|one| one.candidates.is_empty());
    let sent = open.filter(|one| one.source_id.as_ref().is_some_and(is_source)).map(|one| one.at).max();
    let settle = jiff::SignedDuration::try_from(pair.settle).unwrap_or(jiff::SignedDuration::MAX);
    let resting = sent.filter(|sent| session.clock.now().duration_since(*sent).abs() < settle);
    Ok(resting.map(|sent| sent.checked_add(settle).unwrap_or(jiff::Timestamp::MAX)))
}

/// The contact that a linked task or note belongs to.
fn contact_of(state: &State, row: &HeldRow) -> Result<Ids, StateError> {
    for id in Side::BOTH.into_iter().filter_map(|side| row.ids.of(side)) {
        let link = state.links_named(id)?.into_iter().find(|link| link.kind == row.kind);
        let parent = link.and_then(|link| link.parent).map(|parent| state.link(parent)).transpose()?.flatten();
        if let Some(parent) = parent {
            return Ok(parent.ids);
        }
    }
    Ok(Ids::default())
}

/// `1 new, 5 known`.
fn counts(entries: &[Entry<'_>]) -> String {
    let known = entries.iter().filter(|entry| entry.known).count();
    format!("{} new, {known} known", entries.len() - known)
}

fn list(session: &Session, config: &Config, format: Format) -> anyhow::Result<()> {
    let entries = waiting_for_a_person(session, config)?;
    output::print(&match format {
        Format::Json => {
            let documents: Vec<Json> = entries.iter().map(|entry| document(config, entry)).collect();
            waiting::printed(&documents)?
        }
        Format::Text if entries.is_empty() => {
            session.say(&format!("{}: as of the last run, no record needs a person.\n", counts(&[])))
        }
        Format::Text => {
            let blocks = block::blocks(session, config, &entries);
            format!("{}\n\n{blocks}", session.say(&counts(&entries)))
        }
    })
}

fn show(session: &Session, config: &Config, id: &str, format: Format) -> anyhow::Result<()> {
    let (pair, row) = waiting::find(session, config, ("held record", id), |state| state.held_record(id))?;
    let Some(state) = State::open_read_only(&State::path_of(&config.state_dir, &pair.name))? else { return Ok(()) };
    let audience = Audience::of(config, pair);
    let person = row.person.clone();
    let mut entries = Vec::new();
    for row in state.held()?.into_iter().filter(|row| row.person == person) {
        entries.push(entry(session, pair, &state, &audience, row)?);
    }
    output::print(&match format {
        Format::Json => {
            let own = entries.iter().find(|entry| entry.row.id == id);
            waiting::printed(&own.map(|entry| document(config, entry)))?
        }
        Format::Text => block::blocks(session, config, &entries),
    })
}

fn document(config: &Config, entry: &Entry<'_>) -> Json {
    let row = &entry.row;
    let acknowledged = row.acknowledged.as_ref();
    let until = acknowledged.and_then(|acknowledged| Some(acknowledged.until.as_ref()?.0.clone()));
    let document = json!({
        "id": row.id,
        "pair": entry.pair.name,
        "person": row.person,
        "kind": row.kind,
        "ids": row.ids,
        "label": row.label,
        "reason": row.reason,
        "detail": row.detail,
        "known": entry.known,
        "until": until,
        "note": acknowledged.and_then(|acknowledged| acknowledged.note.clone()),
        "cliengo": row.shown.cliengo,
        "ghl": row.shown.ghl,
        "links": entry.links,
        "commands": entry.commands,
        "run": row.run,
        "since": row.since.map(|at| at.to_string()),
    });
    if config.report.mask { masked_document(&document) } else { document }
}

/// A day that `--until` takes, where reports are read.
fn in_a_week(audience: &Audience, now: jiff::Timestamp) -> String {
    let day = now.checked_add(jiff::SignedDuration::from_hours(7 * 24)).unwrap_or(now);
    format!("in a week: --until {}", audience.local(day).date())
}

/// The day on which they ask for somebody again, and the instant at which it begins where reports are read.
fn day(audience: &Audience, given: &str, now: jiff::Timestamp) -> anyhow::Result<(String, jiff::Timestamp)> {
    let refused = || {
        let message = format!("--until takes a day as year, month and day, not {given:?}");
        anyhow::Error::new(Usage { message, hint: in_a_week(audience, now) })
    };
    let date: Date = given.parse().map_err(|_| refused())?;
    let begins = audience.beginning_of(date).ok_or_else(refused)?;
    Ok((date.to_string(), begins))
}

fn acknowledge(
    session: &Session,
    config: &Config,
    ids: &[String],
    (until, note): (Option<&str>, Option<&str>),
    format: Format,
) -> anyhow::Result<()> {
    let mut found = Vec::new();
    for id in ids {
        let (pair, row) = waiting::find(session, config, ("held record", id), |state| state.held_record(id))?;
        let until = until.map(|until| day(&Audience::of(config, pair), until, session.clock.now())).transpose()?;
        if let Some((day, _)) = until.as_ref().filter(|(_, begins)| *begins <= session.clock.now()) {
            let message = format!("{day} is not in the future, so nothing would be acknowledged");
            let hint = in_a_week(&Audience::of(config, pair), session.clock.now());
            return Err(Usage { message, hint }.into());
        }
        found.push((pair, row, until));
    }
    let mut changed = Vec::new();
    for (pair, row, until) in found {
        let (_lock, state) = waiting::locked(session, config, pair)?;
        let acknowledged = Acknowledged { fingerprint: row.fingerprint.clone(), until, note: note.map(str::to_owned) };
        state.acknowledge(&row.id, &acknowledged, session.clock.now())?;
        state.checkpoint()?;
        changed.push((pair, HeldRow { acknowledged: Some(acknowledged), ..row }));
    }
    let until = |row: &HeldRow| match row.acknowledged.as_ref().and_then(|known| known.until.as_ref()) {
        Some((day, _)) => format!("until {day}, or until its content changes"),
        None => "until its content changes".to_owned(),
    };
    said(session, config, &changed, format, |row| {
        format!(
            "acknowledged {}; it no longer makes exit code 3. Take it back with: concord held unack {}",
            until(row),
            row.id
        )
    })
}

fn take_back(session: &Session, config: &Config, ids: &[String], format: Format) -> anyhow::Result<()> {
    let mut found = Vec::new();
    for id in ids {
        found.push(waiting::find(session, config, ("held record", id), |state| state.held_record(id))?);
    }
    let mut changed = Vec::new();
    for (pair, row) in found {
        let (_lock, state) = waiting::locked(session, config, pair)?;
        state.unacknowledge(&row.id)?;
        state.checkpoint()?;
        changed.push((pair, HeldRow { acknowledged: None, ..row }));
    }
    said(session, config, &changed, format, |_| "new again; it makes exit code 3".to_owned())
}

/// What was changed, a line for each, and how the pairs' waiting records are counted now.
fn said(
    session: &Session,
    config: &Config,
    changed: &[(&Pair, HeldRow)],
    format: Format,
    what: impl Fn(&HeldRow) -> String,
) -> anyhow::Result<()> {
    if format == Format::Json {
        let now = session.clock.now();
        let document = |(pair, row): &(&Pair, HeldRow)| {
            let acknowledged = row.acknowledged.as_ref();
            json!({
                "id": row.id,
                "pair": pair.name,
                "person": row.person,
                "known": row.is_known(now),
                "until": acknowledged.and_then(|known| Some(known.until.as_ref()?.0.clone())),
                "note": acknowledged.and_then(|known| known.note.clone()),
            })
        };
        return output::print(&waiting::printed(&changed.iter().map(document).collect::<Vec<_>>())?);
    }
    let mut text = String::new();
    for (_, row) in changed {
        text.push_str(&format!("{}  {}: {}\n", row.id, block::name(session, config, row), session.say(&what(row))));
    }
    let entries = waiting_for_a_person(session, config)?;
    let pairs = pairs::selected(session, config)?;
    let of = if pairs.len() == 1 { String::new() } else { format!(" in {} pairs", pairs.len()) };
    let counts = session.say(&format!("{}{of}", counts(&entries)));
    output::print(&output::fitted(&format!("{text}{counts}\n")))
}
