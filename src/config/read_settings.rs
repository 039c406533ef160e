//! Reads what the file says beside the pairs.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::choice::nearest;
use super::names::is_name;
use super::reader::Table;
use super::secret::secret;
use super::settings::{Daemon, Language, Notify, NotifyOn, Report, Retention, Schedule, ScheduledRun, Stated};
use super::value::Found;

const NIGHTLY: &str = "such as \"0 3 * * *\" for every night at three, or \"@daily\"";

/// Reads `[[schedule]]`; `pairs` are the names it may run.
pub(super) fn schedules(root: &mut Table<'_>, pairs: &BTreeSet<String>) -> Vec<Schedule> {
    let mut names = BTreeSet::new();
    let tables = root.array_of_tables("schedule");
    tables.into_iter().filter_map(|table| schedule(table, pairs, &mut names)).collect()
}

fn schedule(mut table: Table<'_>, pairs: &BTreeSet<String>, names: &mut BTreeSet<String>) -> Option<Schedule> {
    let name = table.require("name", "add name = \"nightly\"", |found| new_name(found, names));
    let cron = table.require("cron", &format!("add cron = \"0 3 * * *\": {NIGHTLY}"), cron);
    let timezone = table.require(
        "timezone",
        "add timezone = \"America/Argentina/Buenos_Aires\", or the zone you live in: cron times are read in it",
        timezone,
    );
    let run = table.read("run", Found::choice).unwrap_or(ScheduledRun::Sync);
    let chosen = table.read("pairs", |found| chosen_pairs(found, pairs));
    let stated = Stated { jitter: table.look(&["jitter"]).is_some(), catch_up: table.look(&["catch_up"]).is_some() };
    let jitter = table.read("jitter", Found::duration).unwrap_or(Duration::from_mins(5));
    let catch_up = table.read("catch_up", Found::boolean).unwrap_or(true);
    table.finish();
    Some(Schedule { name: name?, cron: cron?, timezone: timezone?, run, pairs: chosen, jitter, catch_up, stated })
}

/// Reads `[daemon]`.
pub(super) fn daemon(mut table: Table<'_>) -> Daemon {
    let listen = table.read("listen", |found| match found.text()?.parse::<SocketAddr>() {
        Ok(address) => Some(address),
        Err(_) => found.expect("an IP address and a port such as \"127.0.0.1:9464\""),
    });
    table.finish();
    Daemon { listen }
}

/// Reads `[notify]`.
pub(super) fn notify(mut table: Table<'_>) -> Notify {
    let notify = Notify {
        healthcheck: table.read("healthcheck", secret),
        webhook: table.read("webhook", secret),
        on: table.read("on", Found::choices).unwrap_or_else(|| vec![NotifyOn::Failure, NotifyOn::Held]),
    };
    table.finish();
    notify
}

/// Reads `[report]`.
pub(super) fn report(mut table: Table<'_>) -> Report {
    let report = Report {
        language: table.read("language", Found::choice).unwrap_or(Language::English),
        dir: table.read("dir", Found::path),
        mask: table.read("mask", Found::boolean).unwrap_or(false),
    };
    table.finish();
    report
}

/// Reads `[retention]`.
pub(super) fn retention(mut table: Table<'_>) -> Retention {
    let days = table.read("history_days", |found| found.whole(1..=36_500));
    table.finish();
    Retention { history_days: days.and_then(|days| u32::try_from(days).ok()).unwrap_or(90) }
}

fn new_name(found: &Found<'_>, names: &mut BTreeSet<String>) -> Option<String> {
    let name = found.text()?;
    if !is_name(name) {
        return found.expect("made of a-z, 0-9, _ and -");
    }
    if !names.insert(name.to_owned()) {
        found.reject(&format!("names a second schedule \"{name}\""), "give each schedule a name of its own");
        return None;
    }
    Some(name.to_owned())
}

/// The number of fields only: what they say is read by the room that runs schedules.
fn cron(found: &Found<'_>) -> Option<String> {
    let text = found.text()?.trim();
    let named = text.strip_prefix('@').is_some_and(|name| name.chars().all(|letter| letter.is_ascii_alphabetic()));
    let fields = text.split_whitespace().count();
    if (named && text.len() > 1) || (!text.starts_with('@') && matches!(fields, 5 | 6)) {
        return Some(text.to_owned());
    }
    found.reject("must have five fields, six with seconds, or be an @name", NIGHTLY);
    None
}

fn timezone(found: &Found<'_>) -> Option<TimeZone> {
    let name = found.text()?;
    if let Ok(zone) = TimeZone::get(name) {
        return Some(zone);
    }
    let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
    let hint = match nearest(name, known.iter().map(String::as_str)) {
        Some((zone, _)) => format!("the nearest known zone is \"{zone}\""),
        None => "such as \"America/Argentina/Buenos_Aires\"".to_owned(),
    };
    found.reject(&format!("must be a time zone by its IANA name; \"{name}\" is not known"), &hint);
    None
}

fn chosen_pairs(found: &Found<'_>, pairs: &BTreeSet<String>) -> Option<Vec<String>> {
    let items = found.list("a list of pair names")?;
    if items.is_empty() {
        found.reject("must name at least one pair", "leave `pairs` out to run every pair");
        return None;
    }
    let mut chosen = Vec::new();
    for item in items {
        let name = item.text()?;
        if !pairs.contains(name) {
            let known: Vec<&str> = pairs.iter().map(String::as_str).collect();
            item.reject(
                &format!("names no pair: there is no [pair.{name}]"),
                &format!("the pairs are: {}", known.join(", ")),
            );
        } else if !chosen.iter().any(|other| other == name) {
            chosen.push(name.to_owned());
        }
    }
    Some(chosen)
}
