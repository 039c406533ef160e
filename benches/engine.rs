//! What the engine costs without a CRM: staging, change detection and reconciling, each alone, and the same rows through
//! SQLite's own keyed compare.
//!
//! `cargo bench --bench engine` takes 10,000 contacts, of which none, 1 % and all changed; `-- --records 100000,5000000` others.
//! Of each row, the time that one record takes; of reconciling, one that reached it: change detection let it through.

#![expect(clippy::print_stdout, reason = "a bench's figures are its output")]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Parser;
use concord::config::{Config, Pair};
use concord::reconcile::{Half, Input, Linked, ListingCount, Mode, Now, Rejected, Unlinked, reconcile};
use concord::record::{
    Both, ByKind, Capabilities, Field, Forms, Ids, Kind, KindCapabilities, Record, Role, Side, SideId, Value,
};
use concord::state::{LinkRow, LinkStatus, NewLink, Stage, State, StateError};
use jiff::Timestamp;
use rusqlite::{Connection, params};

type Failure = Box<dyn Error>;

/// So many rows are read at once, and so many links written in one transaction.
const AT_ONCE: u32 = 500;
/// Reconciling holds what it is given: beyond so many it is left out.
const MOST_RECONCILED: usize = 1_000_000;

#[derive(Parser)]
struct Arguments {
    /// Contacts
    #[arg(long, value_delimiter = ',', default_values_t = [10_000])]
    records: Vec<usize>,
    /// How often each is measured; the medians are shown
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// How much of an account changed since it was last agreed.
#[derive(Clone, Copy)]
enum Change {
    Nothing,
    OneInAHundred,
    Everything,
}

impl Change {
    const ALL: [(&str, Self); 3] =
        [("quiet", Self::Nothing), ("1 % changed", Self::OneInAHundred), ("100 % changed", Self::Everything)];

    const fn has(self, number: usize) -> bool {
        match self {
            Self::Nothing => false,
            Self::OneInAHundred => number.is_multiple_of(100),
            Self::Everything => true,
        }
    }
}

/// What a night that far changed costs, of each part.
#[derive(Default)]
struct Cost {
    stage: Option<Duration>,
    detect: Option<Duration>,
    insert: Option<Duration>,
    except: Option<Duration>,
    join: Option<Duration>,
    reconcile: Option<Duration>,
    news: usize,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let (pair, forms) = (pair()?, forms());
    println!(
        "{:>9} {:<14} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>10}   (µs a record)",
        "records", "", "news", "stage", "detect", "insert", "EXCEPT", "join", "reconcile"
    );
    for records in arguments.records {
        let folder = tempfile::tempdir()?;
        let state = folder.path().join("state.db");
        remember(&mut State::open(&state)?, records)?;
        let times = 0..arguments.runs.max(1);
        for (name, change) in Change::ALL {
            let runs = times.clone().map(|_| night(&state, (&pair, &forms), (records, change)));
            show(records, name, &runs.collect::<Result<Vec<_>, _>>()?);
        }
        let runs = times.filter(|_| records <= MOST_RECONCILED).map(|_| first(&pair, &forms, records));
        show(records, "first sync", &runs.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(())
}

fn pair() -> Result<Pair, Failure> {
    let text = "[pair.engine.cliengo]\napi_key = { env = \"A\" }\nwebsite_id = \"5f3c0000000000000000000a\"\n\
                [pair.engine.ghl]\ntoken = { env = \"B\" }\nlocation_id = \"C2QujeCh8ZnC7al2InWR\"\n";
    Config::parse(text, Path::new("schedules.toml"))?.pairs.pop().ok_or_else(|| "no pair".into())
}

fn forms() -> Forms {
    Forms {
        region: None,
        zone: jiff::tz::TimeZone::UTC,
        placeholders: Vec::new(),
        placeholder_names: Vec::new(),
        mapped: Vec::new(),
        waiting: BTreeSet::new(),
        members: None,
    }
}

fn id_of(side: Side, number: usize) -> SideId {
    let side_of_it = match side {
        Side::Cliengo => "64b0c0ffee00",
        Side::Ghl => "C0oEanaG",
    };
    SideId::new(side, format!("{side_of_it}{number:012}"))
}

fn ids(number: usize) -> Ids {
    let mut ids = Ids::default();
    ids.extend(Side::BOTH.map(|side| id_of(side, number)));
    ids
}

fn contact(number: usize, edited: bool) -> Record {
    let last = if edited { "Gómez" } else { "Ñandú" };
    // A contact without a date counts as new.
    Record { created: Some(Timestamp::UNIX_EPOCH), ..Record::default() }
        .with(Field::Name, Value::name("Ana", last))
        .with(Field::Email, Value::email(&format!("ana.{number}@example.com")))
        .with(Field::Phone, Value::phone(&format!("+5491155{:06}", number % 1_000_000), None))
}

/// A contact as GHL lists it, and its fingerprint.
fn listed(number: usize, edited: bool) -> (String, [u8; 16]) {
    let last = if edited { "Gómez" } else { "Ñandú" };
    let id = id_of(Side::Ghl, number);
    let payload = format!(
        "{{\"id\":\"{id}\",\"locationId\":\"C2QujeCh8ZnC7al2InWR\",\"firstName\":\"Ana\",\"lastName\":\"{last}\",\
         \"email\":\"ana.{number}@example.com\",\"phone\":\"+5491155{:06}\",\"tags\":[\"vip\"],\
         \"dateAdded\":\"2026-01-01T00:00:00.000Z\",\"dateUpdated\":\"2026-01-01T00:00:00.000Z\"}}",
        number % 1_000_000
    );
    let mut fingerprint = [0; 16];
    blake3::Hasher::new().update(payload.as_bytes()).finalize_xof().fill(&mut fingerprint);
    (payload, fingerprint)
}

/// A state in which so many contacts are linked and were listed.
fn remember(state: &mut State, records: usize) -> Result<(), Failure> {
    let numbers: Vec<usize> = (0..records).collect();
    for part in numbers.chunks(AT_ONCE as usize) {
        state.atomically(|state| part.iter().try_for_each(|number| remember_one(state, *number)))?;
    }
    Ok(state.checkpoint()?)
}

fn remember_one(state: &State, number: usize) -> Result<(), StateError> {
    let (kind, role) = (Kind::Contact, Role::Primary);
    let id = state.add_link(&NewLink { kind, parent: None, ids: ids(number), run: 1, role })?;
    let link = LinkRow { id, kind, parent: None, ids: ids(number), status: LinkStatus::Live, role };
    let (record, (payload, fingerprint)) = (contact(number, false), listed(number, false));
    for side in Side::BOTH {
        state.settle_base(&link, side, &record.fields, false)?;
    }
    state.set_seen(&link, Side::Ghl, &fingerprint, &payload, &record)
}

fn night(state: &Path, (pair, forms): (&Pair, &Forms), (records, change): (usize, Change)) -> Result<Cost, Failure> {
    let mut cost = Cost::default();
    let snapshot = State::glance(state)?;
    let stage = Stage::create(&state.with_extension("stage"), snapshot.as_ref())?;
    let rows: Vec<(String, String, [u8; 16])> = (0..records)
        .map(|number| {
            let (payload, fingerprint) = listed(number, change.has(number));
            (id_of(Side::Ghl, number).as_str().to_owned(), payload, fingerprint)
        })
        .collect();
    cost.stage = Some(time(|| {
        for (id, payload, fingerprint) in &rows {
            stage.put(Side::Ghl, Kind::Contact, id, None, payload, fingerprint)?;
        }
        Ok(stage.seal()?)
    })?);
    cost.detect = Some(time(|| {
        let mut after = String::new();
        loop {
            let news = stage.news((Side::Ghl, Kind::Contact), false, &after, AT_ONCE)?;
            cost.news += news.len();
            let Some(last) = news.into_iter().next_back() else { break };
            after = last.id;
        }
        let missing = stage.missing(Side::Ghl, Kind::Contact, true)?;
        if missing.is_empty() { Ok(()) } else { Err("nothing is missing".into()) }
    })?);
    compare_by_key(&state.with_extension("keys"), &rows, &mut cost)?;
    drop(rows);
    if records <= MOST_RECONCILED {
        let mut input = input(pair, forms, records);
        let changed = (0..records).filter(|number| change.has(*number));
        input.contacts = changed.map(linked).collect();
        let mut plan = None;
        cost.reconcile = Some(time(|| {
            plan = Some(reconcile(&input));
            Ok(())
        })?);
        let operations = plan.map_or(0, |plan| plan.operations.len());
        if operations != cost.news {
            return Err(format!("{operations} operations for {} changes", cost.news).into());
        }
    }
    Ok(cost)
}

/// The same rows as two tables of keys and fingerprints: filled, and compared by SQLite alone, which then knows the keys only.
fn compare_by_key(path: &Path, rows: &[(String, String, [u8; 16])], cost: &mut Cost) -> Result<(), Failure> {
    let _ = std::fs::remove_file(path);
    let database = Connection::open(path)?;
    database.execute_batch(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -3000;
         CREATE TABLE kept (id TEXT PRIMARY KEY, fingerprint BLOB NOT NULL) STRICT, WITHOUT ROWID;
         CREATE TABLE listed (id TEXT PRIMARY KEY, fingerprint BLOB NOT NULL) STRICT, WITHOUT ROWID;",
    )?;
    let fill = |table: &str, agreed: bool| -> Result<(), Failure> {
        database.execute_batch("BEGIN")?;
        let mut insert = database.prepare(&format!("INSERT INTO {table} VALUES (?1, ?2)"))?;
        for (number, (id, _, fingerprint)) in rows.iter().enumerate() {
            let agreed = agreed.then(|| listed(number, false).1);
            insert.execute(params![id, agreed.as_ref().unwrap_or(fingerprint)])?;
        }
        Ok(database.execute_batch("COMMIT")?)
    };
    fill("kept", true)?;
    cost.insert = Some(time(|| fill("listed", false))?);
    let count = |sql: &str| {
        time(|| {
            let found = database.query_row(sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs();
            if found == cost.news as u64 { Ok(()) } else { Err(format!("{found} and not {}", cost.news).into()) }
        })
    };
    let except =
        count("SELECT count(*) FROM (SELECT id, fingerprint FROM listed EXCEPT SELECT id, fingerprint FROM kept)")?;
    let join = count(
        "SELECT count(*) FROM listed LEFT JOIN kept ON kept.id = listed.id
         WHERE kept.fingerprint IS NULL OR kept.fingerprint <> listed.fingerprint",
    )?;
    (cost.except, cost.join) = (Some(except), Some(join));
    Ok(())
}

/// A first sync of people who stand on both sides.
fn first(pair: &Pair, forms: &Forms, records: usize) -> Result<Cost, Failure> {
    let mut input = input(pair, forms, 0);
    input.first_sync = true;
    for side in Side::BOTH {
        let alone = |number| Unlinked {
            kind: Kind::Contact,
            id: id_of(side, number),
            parent: None,
            record: contact(number, false),
            retires: None,
        };
        *input.unlinked.of_mut(side) = (0..records).map(alone).collect();
    }
    let mut plan = None;
    let took = time(|| {
        plan = Some(reconcile(&input));
        Ok(())
    })?;
    let links = plan.map_or(0, |plan| plan.operations.len());
    if links == records {
        Ok(Cost { reconcile: Some(took), news: records, ..Cost::default() })
    } else {
        Err(format!("{links} links of {records} people").into())
    }
}

fn input<'a>(pair: &'a Pair, forms: &'a Forms, records: usize) -> Input<'a> {
    let able =
        || KindCapabilities { list: true, create: true, update: true, delete: true, ..KindCapabilities::default() };
    let capabilities = || Capabilities { kinds: ByKind::from_fn(|_| able()), ..Capabilities::default() };
    let links = ByKind { contact: records as u64, ..ByKind::default() };
    let both = Both::from_fn(|_| capabilities());
    let mut input = Input::unlisted(pair, forms, Mode::Incremental, Timestamp::MAX, both, links);
    for side in Side::BOTH {
        input.listings.of_mut(side).contact =
            ListingCount { count: records as u64, complete: true, ..ListingCount::default() };
    }
    input
}

/// A linked contact that somebody edited in GHL.
fn linked(number: usize) -> Linked {
    let half = |edited: bool| Half {
        base: Some(contact(number, false)),
        now: if edited { Now::Changed(contact(number, true)) } else { Now::Unchanged },
        rejected: Rejected::default(),
        unmapped: BTreeSet::new(),
    };
    Linked {
        link: i64::try_from(number).unwrap_or_default(),
        kind: Kind::Contact,
        ids: ids(number),
        parent: None,
        outside: false,
        sides: Both { cliengo: half(false), ghl: half(true) },
        taken_back: BTreeSet::new(),
    }
}

fn time(work: impl FnOnce() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "figures for a person")]
fn show(records: usize, name: &str, costs: &[Cost]) {
    let Some(news) = costs.first().map(|cost| cost.news) else { return };
    let each = |part: fn(&Cost) -> Option<Duration>, among: usize| {
        let mut found: Vec<Duration> = costs.iter().filter_map(part).collect();
        found.sort_unstable();
        let middle = found.get(found.len() / 2).filter(|_| among > 0);
        middle.map_or_else(|| "-".to_owned(), |middle| format!("{:.2}", middle.as_secs_f64() * 1e6 / among as f64))
    };
    println!(
        "{records:>9} {name:<14} {news:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>10}",
        each(|cost| cost.stage, records),
        each(|cost| cost.detect, records),
        each(|cost| cost.insert, records),
        each(|cost| cost.except, records),
        each(|cost| cost.join, records),
        each(|cost| cost.reconcile, news)
    );
}
