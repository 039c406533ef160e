//! What the commands for what waits share: the pairs' states to read, a pair's state to write, and whose an id is.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::usage::Usage;
use super::{Session, pairs};
use crate::config::{Config, Pair};
use crate::report::{Audience, printable_json};
use crate::run::RunError;
use crate::schedule;
use crate::state::{Ledger, PairLock, State, StateError};

/// The states of the selected pairs, read only; a pair that was never synchronised has none. One that cannot be read
/// hides none of the others: it is reported last.
pub(super) fn states<'a>(session: &Session, config: &'a Config) -> anyhow::Result<Vec<(&'a Pair, State)>> {
    let (states, unreadable) = readable(session, config)?;
    for error in unreadable {
        if states.is_empty() {
            return Err(error.into());
        }
        session.report_last(error.into());
    }
    Ok(states)
}

type Readable<'a> = (Vec<(&'a Pair, State)>, Vec<StateError>);

fn readable<'a>(session: &Session, config: &'a Config) -> anyhow::Result<Readable<'a>> {
    let (mut states, mut unreadable) = (Vec::new(), Vec::new());
    for pair in pairs::selected(session, config)? {
        match State::open_read_only(&State::path_of(&config.state_dir, &pair.name)) {
            Ok(state) => states.extend(state.map(|state| (pair, state))),
            Err(error) => unreadable.push(error),
        }
    }
    Ok((states, unreadable))
}

/// A pair's state to write, and the lock that keeps every run away from it.
pub(super) fn locked(session: &Session, config: &Config, pair: &Pair) -> anyhow::Result<(PairLock, State)> {
    let lock = PairLock::take(&config.state_dir, &pair.name, session.clock.now()).map_err(RunError::from)?;
    Ok((lock, State::open(&State::path_of(&config.state_dir, &pair.name))?))
}

/// What `find` finds in the state of a selected pair. Of another pair, or of none, it is refused in words.
pub(super) fn find<'a, T>(
    session: &Session,
    config: &'a Config,
    (what, id): (&str, &str),
    find: impl Fn(&State) -> Result<Option<T>, StateError>,
) -> anyhow::Result<(&'a Pair, T)> {
    let (states, unreadable) = readable(session, config)?;
    for (pair, state) in states {
        if let Some(found) = find(&state)? {
            return Ok((pair, found));
        }
    }
    // It may be of one that cannot be read.
    if let Some(error) = unreadable.into_iter().next() {
        return Err(error.into());
    }
    let selected = pairs::selected(session, config)?;
    for pair in config.pairs.iter().filter(|pair| !selected.iter().any(|other| other.name == pair.name)) {
        // Whatever is wrong with another pair's state is none of this command's business.
        let state = State::open_read_only(&State::path_of(&config.state_dir, &pair.name)).ok().flatten();
        if state.is_some_and(|state| find(&state).ok().flatten().is_some()) {
            let message = format!("{what} {id} is of pair {}", pair.name);
            return Err(Usage { message, hint: format!("say so: --pair {}", pair.name) }.into());
        }
    }
    let names: Vec<&str> = selected.iter().map(|pair| pair.name.as_str()).collect();
    let message = format!("there is no {what} {id} in {}", names.join(", "));
    let command = match what {
        "link" => "links",
        "conflict" => "conflicts",
        "held record" => "held",
        _ => "quarantine",
    };
    let pair = if let [pair] = selected.as_slice() { format!(" --pair {}", pair.name) } else { String::new() };
    let hint = match what {
        "link" => format!(
            "a link has a number; a record's id in either CRM and a contact's e-mail name it too: concord links list{pair}"
        ),
        _ => format!(
            "an id that only a dry run has shown is known after the next sync. See the ids: concord {command} list{pair}"
        ),
    };
    Err(Usage { message, hint }.into())
}

/// When the next run of `pair` begins that may write, in a sentence; and for documents.
pub(super) fn next_sync(session: &Session, config: &Config, pair: &Pair) -> anyhow::Result<(String, Json)> {
    let ledger = Ledger::open_read_only(&Ledger::path_of(&config.state_dir))?;
    let next = schedule::next_sync(config, &pair.name, session.clock.now(), ledger.as_ref())?;
    let Some(next) = next else {
        let text = format!("No schedule runs pair {0}. Run it with: concord sync --pair {0}", pair.name);
        return Ok((text, Json::Null));
    };
    let audience = Audience::of(config, pair);
    let when = format!("{} {}", audience.time(next.starts), audience.zone());
    let text = format!("Its next sync is due at {when} (schedule {}).", next.slot.schedule);
    Ok((text, json!({ "schedule": next.slot.schedule, "starts": next.starts.to_string() })))
}

/// A document as it is printed: nothing in it steers a terminal.
pub(super) fn printed(document: &impl Serialize) -> anyhow::Result<String> {
    Ok(format!("{}\n", printable_json(&serde_json::to_string_pretty(document)?)))
}
