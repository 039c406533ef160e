//! Reads what the file says beside the pairs.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::civil::date;
use jiff::tz::TimeZone;

use super::choice::nearest;
use super::cron::{Cron, CronMistake};
use super::names::is_name;
use super::reader::Table;
use super::secret::secret;
use super::settings::{
    Daemon, Email, Encryption, Language, Notify, NotifyOn, Report, Retention, Schedule, ScheduledRun, Smtp, Stated,
};
use super::value::Found;

const NIGHTLY: &str = "such as \"0 3 * * *\" for every night at three, or \"@daily\"";
/// The zones of most accounts that keep one offset the whole year round.
const USUAL_ZONES: [&str; 5] =
    ["America/Argentina/Buenos_Aires", "America/La_Paz", "America/Bogota", "America/Mexico_City", "America/Phoenix"];

/// Reads `[[schedule]]`; `pairs` are the names it may run.
pub(super) fn schedules(root: &mut Table<'_>, pairs: &BTreeSet<String>) -> Vec<Schedule> {
    let mut names = BTreeSet::new();
    let mut schedules: Vec<Schedule> = Vec::new();
    for table in root.array_of_tables("schedule") {
        let line = table.look(&["cron"]);
        let Some(schedule) = schedule(table, pairs, &mut names) else { continue };
        let twin = schedules.iter().find(|other| collide(other, &schedule));
        if let (Some(twin), Some(line)) = (twin, line) {
            line.reject(
                &format!("says what the schedule \"{}\" says already, for the same pairs", twin.name),
                "remove one of the two, or give them different times, pairs or `run`",
            );
        }
        schedules.push(schedule);
    }
    schedules
}

/// Whether two schedules ask for the same run of a pair at every instant. Where only some instants fall together, one
/// waits for the other.
fn collide(one: &Schedule, other: &Schedule) -> bool {
    let share_a_pair = match (&one.pairs, &other.pairs) {
        (Some(one), Some(other)) => one.iter().any(|pair| other.contains(pair)),
        _ => true,
    };
    share_a_pair && one.run == other.run && one.times == other.times && one.timezone == other.timezone
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
    let (cron, times) = cron?;
    Some(Schedule { name: name?, cron, times, timezone: timezone?, run, pairs: chosen, jitter, catch_up, stated })
}

/// Reads `[daemon]`.
pub(super) fn daemon(mut table: Table<'_>) -> Daemon {
    let token = table.read("token", secret);
    let (has_token, listens) = (table.look(&["token"]).is_some(), table.look(&["listen"]).is_some());
    let listen = table.read("listen", |found| match found.text()?.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() || has_token => Some(address),
        Ok(_) => {
            found.reject(
                "is an address that others reach too, and there is no `daemon.token`",
                "listen on 127.0.0.1, or add token = { env = \"CONCORD_DAEMON_TOKEN\" }: whoever asks must show it then",
            );
            None
        }
        Err(_) => found.expect("an IP address and a port such as \"127.0.0.1:9464\""),
    });
    let hooks = table.read("hooks", |found| {
        if !listens {
            found.reject_unquoted(
                "needs `daemon.listen`, where hooks arrive",
                "add listen = \"127.0.0.1:9464\", behind whatever takes https from outside",
            );
        }
        secret(found)
    });
    table.finish();
    Daemon { listen, token, hooks }
}

/// Reads `[notify]`.
pub(super) fn notify(mut table: Table<'_>) -> Notify {
    let notify = Notify {
        healthcheck: table.read("healthcheck", secret),
        webhook: table.read("webhook", secret),
        smtp: table.read("smtp", smtp),
        email: table.read("email", email),
        on: table.read("on", Found::choices).unwrap_or_else(|| vec![NotifyOn::Failure, NotifyOn::Held]),
    };
    match (table.look(&["smtp"]), table.look(&["email"])) {
        (Some(smtp), None) => smtp.reject_unquoted(
            "is given, but no `notify.email`",
            "add email = { from = \"concord@example.com\", to = [\"you@example.com\"] }",
        ),
        (None, Some(email)) => email.reject_unquoted(
            "is given, but no `notify.smtp`",
            "add smtp = { host = \"smtp.example.com\", username = \"…\", password = { env = \"SMTP_PASSWORD\" } }",
        ),
        _ => {}
    }
    table.finish();
    notify
}

fn smtp(found: &Found<'_>) -> Option<Smtp> {
    let mut table = Table::of(found, "a table with host, and username and password where the server asks for them")?;
    let host = table.require("host", "add host = \"smtp.example.com\"", |found| found.text().map(str::to_owned));
    let encryption = table.read("encryption", |found| encryption(found, host.as_deref())).unwrap_or(Encryption::Tls);
    let port = table.read("port", |found| found.whole(1..=65_535)).and_then(|port| u16::try_from(port).ok());
    let (user, username) = (table.take("user"), table.take("username"));
    let username = user.or(username).and_then(|found| found.text().map(str::to_owned));
    let password = table.read("password", secret);
    if username.is_some() != password.is_some() {
        found.reject_unquoted("must give both username and password, or neither", "add the one that is missing");
    }
    table.finish();
    let usual = match encryption {
        Encryption::Tls => 465,
        Encryption::StartTls => 587,
        Encryption::Off => 25,
    };
    Some(Smtp { host: host?, port: port.unwrap_or(usual), encryption, login: username.zip(password) })
}

fn encryption(found: &Found<'_>, host: Option<&str>) -> Option<Encryption> {
    let encryption = found.choice()?;
    let is_here = host
        .is_some_and(|host| host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()));
    if encryption == Encryption::Off && !is_here {
        found.reject("may be \"off\" for a server on this machine only", "write \"tls\" or \"starttls\"");
        return None;
    }
    Some(encryption)
}

fn email(found: &Found<'_>) -> Option<Email> {
    let mut table = Table::of(found, "a table with from and to")?;
    let from = table.require("from", "add from = \"concord@example.com\"", mailbox);
    let to = table.require("to", "add to = [\"you@example.com\"]", |found| {
        let items = found.list("a list of e-mail addresses")?;
        if items.is_empty() {
            found.reject("must name at least one address", "leave `email` and `smtp` out to send no e-mail");
            return None;
        }
        items.iter().map(mailbox).collect::<Option<Vec<String>>>()
    });
    table.finish();
    Some(Email { from: from?, to: to? })
}

fn mailbox(found: &Found<'_>) -> Option<String> {
    let text = found.text()?;
    if text.parse::<lettre::message::Mailbox>().is_ok() {
        return Some(text.to_owned());
    }
    found.expect("an e-mail address such as \"you@example.com\" or \"You <you@example.com>\"")
}

/// Reads `[report]`.
pub(super) fn report(mut table: Table<'_>) -> Report {
    let report = Report {
        language: table.read("language", Found::choice).unwrap_or(Language::English),
        timezone: table.read("timezone", timezone),
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

fn cron(found: &Found<'_>) -> Option<(String, Cron)> {
    let text = found.text()?.trim();
    let named = text.strip_prefix('@').is_some_and(|name| name.chars().all(|letter| letter.is_ascii_alphabetic()));
    let fields = text.split_whitespace().count();
    if (named && text.len() > 1) || (!text.starts_with('@') && matches!(fields, 5 | 6)) {
        return match Cron::parse(text) {
            Ok(times) => Some((text.to_owned(), times)),
            Err(CronMistake::Never) => {
                found.reject("never comes: there is no such day", "give a day that exists, or * for every day");
                None
            }
            Err(CronMistake::Field(why)) => {
                found.reject(&format!("has a field that cannot be read: {}", why.trim_end_matches('.')), NIGHTLY);
                None
            }
        };
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
    let hint = match (offset(name), nearest(name, known.iter().map(String::as_str))) {
        (Some(hours), _) => match of_offset(hours, &known) {
            Some(zone) => format!("a zone of that offset is \"{zone}\""),
            None => "such as \"America/Argentina/Buenos_Aires\"".to_owned(),
        },
        (None, Some((zone, _))) => format!("the nearest known zone is \"{zone}\""),
        (None, None) => "such as \"America/Argentina/Buenos_Aires\"".to_owned(),
    };
    found.reject(&format!("must be a time zone by its IANA name; \"{name}\" is not known"), &hint);
    None
}

/// The hours of `GMT-3`, `UTC+02:00` or `-03:00`, east of Greenwich.
fn offset(name: &str) -> Option<i32> {
    let name = name.to_uppercase();
    let offset = ["GMT", "UTC", "UT", "Z"].iter().find_map(|zone| name.strip_prefix(zone)).unwrap_or(&name);
    let digits = offset.trim_start().strip_prefix(['+', '-'])?;
    let hours: i32 = digits.strip_suffix(":00").or(digits.strip_suffix("00")).unwrap_or(digits).trim().parse().ok()?;
    Some(if offset.trim_start().starts_with('-') { -hours } else { hours })
}

/// A zone that is so far from Greenwich the whole year round, rather one that many accounts are in.
fn of_offset(hours: i32, known: &[String]) -> Option<&str> {
    let is_it = |name: &&str| {
        TimeZone::get(name).is_ok_and(|zone| {
            let mut seasons = [date(2026, 1, 1), date(2026, 7, 1)].into_iter();
            seasons.all(|day| {
                let midnight = zone.to_zoned(day.at(0, 0, 0, 0));
                midnight.is_ok_and(|midnight| midnight.offset().seconds() == hours * 3600)
            })
        })
    };
    let names = known.iter().map(String::as_str).filter(|name| name.contains('/') && !name.starts_with("Etc/"));
    let american = names.clone().filter(|name| name.starts_with("America/"));
    USUAL_ZONES.into_iter().chain(american).chain(names).find(is_it)
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
