//! Reads `[pair.NAME]` over `[defaults]`.

use std::time::Duration;

use toml::de::DeValue;

use super::access::{self, Agencies};
use super::child_policy::{NotePolicy, NotesFetch, TaskPolicy};
use super::extra_params::ExtraParams;
use super::keys::FILLER_MAILBOXES;
use super::pair::{
    Accounts, Cliengo, CliengoAccount, CliengoAuth, CliengoCapabilities, Ghl, GhlAccount, Pair, Readable, RealAccounts,
    TasksMode,
};
use super::policy::{ConflictPolicy, Direction, Duplicates, FirstSync, Guard, KindPolicy, MatchField, OnDelete};
use super::reader::Table;
use super::secret::secret;
use super::value::Found;
use super::web_url::WebUrl;
use super::{map, scope, timeline, triggers};
use crate::record::{Kind, Side};

/// Cliengo's API.
pub const CLIENGO_URL: &str = "https://api.cliengo.com/1.0";
/// GHL's API.
pub const GHL_URL: &str = "https://services.leadconnectorhq.com";
const GHL_VERSION: &str = "2021-07-28";
const MINUTE: Duration = Duration::from_mins(1);
const WEEK: Duration = Duration::from_hours(7 * 24);

/// Reads a pair; `None` when a mistake was noted that leaves no pair.
pub(super) fn pair(name: &str, mut table: Table<'_>, agencies: &Agencies) -> Option<Pair> {
    // A value that is no boolean is noted; taken as `true`, it brings no further complaints about missing accounts.
    let sandbox = table.take("sandbox").is_some_and(|found| found.boolean().unwrap_or(true));
    let region = table.read("region", region);
    let settle = table.read("settle", Found::duration).unwrap_or(2 * MINUTE);
    let (mut cliengo_table, mut ghl_table) = (table.table("cliengo"), table.table("ghl"));
    let accounts = if sandbox {
        sandbox_accounts(&mut cliengo_table, &mut ghl_table)
    } else {
        real_accounts(&mut cliengo_table, &mut ghl_table, agencies)
    };
    let cliengo = cliengo(cliengo_table, sandbox);
    let ghl = ghl(ghl_table, sandbox);
    let (contacts, placeholder_emails) = contacts(table.table("contacts"));
    let extra = cliengo.capabilities.extra_params;
    let assignees = table.read("assignees", assignees);
    let fields = map::read(table.array_of_tables("map"), Kind::Contact, &contacts, extra);
    let fields = if assignees.is_some() { fields.with_assignee(Kind::Contact, &contacts) } else { fields };
    let triggers = triggers::read(table.table("triggers"), table.array_of_tables("trigger"), &fields);
    let timeline = timeline::read(table.table("timeline"));
    let website = match &accounts {
        Some(Accounts::Real(real)) => Some(real.cliengo.website_id.as_str()),
        _ => None,
    };
    let scope = scope::read(table.table("scope"), website, contacts.direction, &fields);
    let tasks = tasks(table.table("tasks"), assignees.is_some());
    let notes = notes(table.table("notes"));
    let guard = guard(table.table("guard"), sandbox);
    told_as_notes(&table, &cliengo, &notes);
    table.finish();
    Some(Pair {
        name: name.to_owned(),
        region,
        settle,
        accounts: accounts?,
        cliengo,
        ghl,
        contacts,
        tasks,
        notes,
        fields,
        assignees,
        triggers,
        timeline,
        scope,
        placeholder_emails,
        guard,
    })
}

/// `semantics` 27: tasks can be told in notes only where Cliengo's notes are listed.
fn told_as_notes(pair: &Table<'_>, cliengo: &Cliengo, notes: &NotePolicy) {
    if cliengo.tasks == TasksMode::Notes
        && notes.policy.direction == Direction::Off
        && let Some(found) = pair.look(&["cliengo", "tasks"])
    {
        found.reject_unquoted(
            "= \"notes\" needs the notes that `notes.direction = \"off\"` leaves out",
            "let the notes take part, or take \"due_date\" or \"off\"",
        );
    }
}

fn sandbox_accounts(cliengo: &mut Table<'_>, ghl: &mut Table<'_>) -> Option<Accounts> {
    let of_cliengo = ["base_url", "api_key", "website_id"].map(|key| cliengo.take_own(key));
    let of_ghl = ["base_url", "location_id", "token", "oauth"].map(|key| ghl.take_own(key));
    let given: Vec<Found<'_>> = of_cliengo.into_iter().chain(of_ghl).flatten().collect();
    for found in &given {
        found.reject_unquoted(
            "must not be given: a sandbox pair brings both CRMs with it",
            "remove the key, or remove `sandbox = true` to use real accounts",
        );
    }
    given.is_empty().then_some(Accounts::Sandbox)
}

fn real_accounts(cliengo: &mut Table<'_>, ghl: &mut Table<'_>, agencies: &Agencies) -> Option<Accounts> {
    let cliengo = cliengo_account(cliengo);
    let ghl = ghl_account(ghl, agencies);
    Some(Accounts::Real(Box::new(RealAccounts { cliengo: cliengo?, ghl: ghl? })))
}

fn cliengo_account(table: &mut Table<'_>) -> Option<CliengoAccount> {
    let allow_http = table.read("allow_http", Found::boolean).unwrap_or(false);
    let base_url = table.read("base_url", |found| found.url(allow_http)).unwrap_or_else(|| CLIENGO_URL.to_owned());
    let api_key = table.require(
        "api_key",
        &format!("add api_key = {{ env = \"CLIENGO_API_KEY\" }} under [{}]: the account's API key", table.path),
        secret,
    );
    let website_id = table.require(
        "website_id",
        &format!("add website_id = \"…\" under [{}]: the website under which contacts are created", table.path),
        id,
    );
    Some(CliengoAccount { base_url, allow_http, api_key: api_key?, website_id: website_id? })
}

fn ghl_account(table: &mut Table<'_>, agencies: &Agencies) -> Option<GhlAccount> {
    let allow_http = table.read("allow_http", Found::boolean).unwrap_or(false);
    let base_url = table.read("base_url", |found| found.url(allow_http)).unwrap_or_else(|| GHL_URL.to_owned());
    let location_id = table.require(
        "location_id",
        &format!("add location_id = \"…\" under [{}]: the id of the GHL location (sub-account)", table.path),
        |found| Some((id(found)?, found.place())),
    );
    let access = access::access(table, agencies);
    let (location_id, location_place) = location_id?;
    Some(GhlAccount { base_url, allow_http, location_id, location_place, access: access? })
}

fn cliengo(mut table: Table<'_>, sandbox: bool) -> Cliengo {
    let (unpaced, age) = if sandbox { (f64::INFINITY, Duration::ZERO) } else { (2.0, 15 * MINUTE) };
    let cliengo = Cliengo {
        auth: table.read("auth", Found::choice).unwrap_or(CliengoAuth::Query),
        requests_per_second: table.read("requests_per_second", rate).unwrap_or(unpaced),
        page_size: table.read("page_size", |found| small(found, 100)).unwrap_or(50),
        min_age: table.read("min_age", Found::duration).unwrap_or(age),
        placeholder_names: table.read("placeholder_names", placeholder_names).unwrap_or_default(),
        tasks: table.read("tasks", Found::choice).unwrap_or(TasksMode::Auto),
        capabilities: capabilities(table.table("capabilities"), sandbox),
        longest_text: table.read("longest_text", longest_text).unwrap_or(0),
        web_url: table.read("web_url", WebUrl::read).or_else(|| WebUrl::usual(Side::Cliengo, sandbox)),
    };
    table.finish();
    cliengo
}

fn capabilities(mut table: Table<'_>, sandbox: bool) -> CliengoCapabilities {
    let shown = if sandbox { Readable::On } else { Readable::Auto };
    let capabilities = CliengoCapabilities {
        contact_delete: table.read("contact_delete", Found::boolean).unwrap_or(true),
        tags_read: table.read("tags_read", readable).unwrap_or(shown),
        tag_remove: table.read("tag_remove", Found::boolean).unwrap_or(sandbox),
        note_update: table.read("note_update", Found::boolean).unwrap_or(sandbox),
        note_delete: table.read("note_delete", Found::boolean).unwrap_or(sandbox),
        extra_params: table.read("extra_params", Found::choice).unwrap_or(ExtraParams::Off),
    };
    table.finish();
    capabilities
}

fn ghl(mut table: Table<'_>, sandbox: bool) -> Ghl {
    let ghl = Ghl {
        version: table.read("version", version).unwrap_or_else(|| GHL_VERSION.to_owned()),
        page_size: table.read("page_size", |found| small(found, 500)).unwrap_or(100),
        daily_budget: table.read("daily_budget", share).unwrap_or(0.5),
        longest_text: table.read("longest_text", longest_text).unwrap_or(0),
        web_url: table.read("web_url", WebUrl::read).or_else(|| WebUrl::usual(Side::Ghl, sandbox)),
    };
    table.finish();
    ghl
}

fn contacts(mut table: Table<'_>) -> (KindPolicy, Vec<String>) {
    let policy = policy(&mut table, Kind::Contact);
    let placeholders = table.read("placeholder_emails", placeholders).unwrap_or_else(filler_mailboxes);
    table.finish();
    (policy, placeholders)
}

/// What stands for nobody where the configuration does not say.
fn filler_mailboxes() -> Vec<String> {
    FILLER_MAILBOXES.split('"').filter(|text| text.contains('@')).map(str::to_owned).collect()
}

fn placeholders(found: &Found<'_>) -> Option<Vec<String>> {
    let patterns = found.texts()?;
    for pattern in &patterns {
        let says_something = pattern.chars().any(char::is_alphanumeric);
        if !(pattern.contains('@') && says_something) {
            found.reject(
                &format!("must be e-mail addresses in which * stands for anything; found {pattern:?}"),
                "such as \"*@whatsapp.example\" or \"sin-email@*\"",
            );
            return None;
        }
    }
    Some(patterns.into_iter().map(str::to_owned).collect())
}

fn placeholder_names(found: &Found<'_>) -> Option<Vec<String>> {
    let patterns = found.texts()?;
    for pattern in &patterns {
        if !pattern.chars().any(char::is_alphanumeric) {
            let says = format!("must be names in which * stands for anything; found {pattern:?}");
            found.reject(&says, "such as \"Chat *\" or \"Consulta web\"");
            return None;
        }
    }
    Some(patterns.into_iter().map(str::to_owned).collect())
}

/// Users of both sides by name.
fn assignees(found: &Found<'_>) -> Option<Vec<(String, String)>> {
    let says = "a table such as { \"ana@acme.example\" = \"ana.g@acme.example\" }: a user of Cliengo and one of GHL";
    let DeValue::Table(table) = found.value else { return found.expect(says) };
    let pairs = table.iter().map(|(cliengo, ghl)| match ghl.get_ref() {
        DeValue::String(ghl) => Some((cliengo.get_ref().to_string(), ghl.to_string())),
        _ => found.expect(says),
    });
    pairs.collect()
}

fn tasks(mut table: Table<'_>, assigned: bool) -> TaskPolicy {
    let policy = policy(&mut table, Kind::Task);
    let fields = map::read(table.array_of_tables("map"), Kind::Task, &policy, ExtraParams::Off);
    let fields = if assigned { fields.with_assignee(Kind::Task, &policy) } else { fields };
    let default_due = table.read("default_due", Found::duration).unwrap_or(WEEK);
    table.finish();
    TaskPolicy { policy, default_due, fields }
}

fn notes(mut table: Table<'_>) -> NotePolicy {
    let policy = policy(&mut table, Kind::Note);
    let fields = map::read(table.array_of_tables("map"), Kind::Note, &policy, ExtraParams::Off);
    let notes = NotePolicy {
        fields,
        policy,
        fetch: table.read("fetch", Found::choice).unwrap_or(NotesFetch::Auto),
        rotation: table.read("rotation", Found::period).unwrap_or(WEEK),
        append_edit: table.read("append_edit", Found::boolean).unwrap_or(false),
    };
    table.finish();
    notes
}

fn policy(table: &mut Table<'_>, kind: Kind) -> KindPolicy {
    // Losing a person's history costs more than a stale contact, so contacts are deleted on request only.
    let on_delete_omitted = if kind == Kind::Contact { OnDelete::Ignore } else { OnDelete::Propagate };
    KindPolicy {
        direction: table.read("direction", Found::choice).unwrap_or(Direction::Both),
        conflict: table.read("conflict", Found::choice).unwrap_or(ConflictPolicy::Take(Side::Ghl)),
        conflict_fallback: table.read("conflict_fallback", Found::choice).unwrap_or(Side::Ghl),
        on_delete: table.read("on_delete", |found| on_delete(found, kind)).unwrap_or(on_delete_omitted),
        match_by: table.read("match", match_by).unwrap_or_else(|| vec![MatchField::Email, MatchField::Phone]),
        duplicates: table.read("duplicates", |found| duplicates(found, kind)).unwrap_or(Duplicates::Hold),
    }
}

fn guard(mut table: Table<'_>, sandbox: bool) -> Guard {
    let first_sync = if sandbox { FirstSync::Auto } else { FirstSync::Approve };
    let guard = Guard {
        first_sync: table.read("first_sync", Found::choice).unwrap_or(first_sync),
        delete_percent: table.read("delete_percent", Found::percent).unwrap_or(10.0),
        delete_count: table.read("delete_count", count).unwrap_or(50),
        update_percent: table.read("update_percent", Found::percent).unwrap_or(30.0),
        update_count: table.read("update_count", count).unwrap_or(5000),
        create_percent: table.read("create_percent", Found::percent).unwrap_or(30.0),
        create_count: table.read("create_count", count).unwrap_or(500),
        shrink_percent: table.read("shrink_percent", Found::percent).unwrap_or(10.0),
        min_records: table.read("min_records", count).unwrap_or(10),
    };
    table.finish();
    guard
}

/// The countries whose phones are known. To ask the library for them reads all its tables: 6 MB, for nights that parse no phone.
const COUNTRIES: &str = "\
    AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA \
    CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR \
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP \
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR \
    MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO \
    RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT \
    TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

fn region(found: &Found<'_>) -> Option<String> {
    let code = found.text()?;
    if COUNTRIES.split(' ').any(|country| country == code) {
        return Some(code.to_owned());
    }
    found.reject(
        &format!("must be a country as two capital letters (ISO 3166); found {code:?}"),
        "such as \"AR\" for Argentina, \"MX\" for Mexico, \"GB\" for the United Kingdom",
    );
    None
}

/// An id that a CRM gave: it becomes a part of paths, and one with `…` in it is a placeholder.
fn id(found: &Found<'_>) -> Option<String> {
    let id = found.text()?;
    if id.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter)) {
        return Some(id.to_owned());
    }
    found.expect("an id as the CRM shows it (letters, digits, - and _)")
}

fn version(found: &Found<'_>) -> Option<String> {
    let version = found.text()?;
    if version.chars().all(|letter| letter.is_ascii_graphic()) {
        return Some(version.to_owned());
    }
    found.expect("an API version such as \"2021-07-28\"")
}

fn rate(found: &Found<'_>) -> Option<f64> {
    let rate = found.number("0 (no pace of ours) or more, 1000 at most", |number| (0.0..=1000.0).contains(&number))?;
    Some(if rate > 0.0 { rate } else { f64::INFINITY })
}

fn share(found: &Found<'_>) -> Option<f64> {
    found.number("a number above 0, 1 at most (0.5 is half of the day's quota)", |number| number > 0.0 && number <= 1.0)
}

fn count(found: &Found<'_>) -> Option<u64> {
    found.whole(0..=u64::MAX)
}

fn small(found: &Found<'_>, most: u32) -> Option<u32> {
    found.whole(1..=u64::from(most)).and_then(|number| u32::try_from(number).ok())
}

/// Enough for where the rest stands, and for something of the text.
fn longest_text(found: &Found<'_>) -> Option<u32> {
    found.whole(100..=1_000_000).and_then(|number| u32::try_from(number).ok())
}

fn readable(found: &Found<'_>) -> Option<Readable> {
    match found.value {
        DeValue::Boolean(true) => Some(Readable::On),
        DeValue::Boolean(false) => Some(Readable::Off),
        DeValue::String(text) if text == "auto" => Some(Readable::Auto),
        _ => found.expect("true, false or \"auto\""),
    }
}

fn on_delete(found: &Found<'_>, kind: Kind) -> Option<OnDelete> {
    let choice = found.choice()?;
    if choice == OnDelete::Mark && kind != Kind::Contact {
        found.reject(
            "must be \"propagate\" or \"ignore\"; found \"mark\"",
            "\"mark\" puts a tag on a contact: only contacts take it",
        );
        return None;
    }
    Some(choice)
}

fn duplicates(found: &Found<'_>, kind: Kind) -> Option<Duplicates> {
    let choice = found.choice()?;
    if choice == Duplicates::Primary && kind != Kind::Contact {
        found.reject(
            "must be \"hold\"; found \"primary\"",
            "\"primary\" links further Cliengo contacts of one person: only contacts take it",
        );
        return None;
    }
    Some(choice)
}

fn match_by(found: &Found<'_>) -> Option<Vec<MatchField>> {
    let keys = found.choices()?;
    if keys.is_empty() {
        return found.expect("a list of at least one of \"email\" and \"phone\"");
    }
    Some(keys)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rlibphonenumber::PHONE_NUMBER_UTIL;

    use super::*;

    #[test]
    fn the_countries_are_those_whose_phones_are_known() {
        let known = PHONE_NUMBER_UTIL.get_supported_regions().map(|region| region.to_string());
        let known: BTreeSet<String> = known.filter(|code| code.len() == 2).collect();
        assert_eq!(COUNTRIES.split(' ').map(str::to_owned).collect::<BTreeSet<_>>(), known);
    }
}
