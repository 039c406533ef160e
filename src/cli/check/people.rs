//! What real people's data will cost: whom a run will hold, or send without a value, told beforehand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use super::finding::Finding;
use crate::cli::clients::Clients;
use crate::config::Pair;
use crate::crm::{RawRecord, Reader, Shape, Sink, SinkError};
use crate::record::{Field, Forms, Kind, MatchKey, Record, Region, Side, Value};
use crate::report::number;

/// So many ids are named of each kind.
const NAMED: usize = 3;

/// The first page of a listing, and no more.
struct FirstPage<I>(Mutex<Vec<RawRecord<I>>>);

impl<I: Send> Sink<I> for FirstPage<I> {
    fn put(&self, _: Kind, records: Vec<RawRecord<I>>) -> Result<(), SinkError> {
        if let Ok(mut page) = self.0.lock() {
            page.extend(records);
        }
        Err(SinkError("one page is enough".to_owned()))
    }
}

/// A contact that was looked at.
struct Seen {
    name: String,
    record: Record,
}

/// How many contacts of the first page of each side share a phone, have an extension, a value that cannot be used, or a name
/// that a channel made up.
pub(super) async fn told(pair: &Pair, clients: &Clients) -> Finding {
    let forms = Forms {
        region: pair.region.as_deref().and_then(|region| region.to_ascii_uppercase().parse::<Region>().ok()),
        zone: jiff::tz::TimeZone::UTC,
        placeholders: pair.placeholder_emails.clone(),
        placeholder_names: pair.cliengo.placeholder_names.clone(),
        mapped: Vec::new(),
        waiting: BTreeSet::new(),
        members: None,
    };
    let cliengo = page(&clients.cliengo, Side::Cliengo, &forms).await;
    let ghl = page(&clients.ghl, Side::Ghl, &forms).await;
    say(format!("{}.people", pair.name), &[cliengo, ghl])
}

async fn page<R: Reader>(crm: &R, side: Side, forms: &Forms) -> Vec<Seen>
where
    R::Id: ToString,
{
    let sink = FirstPage(Mutex::new(Vec::new()));
    // The page is kept, and the listing ends with it; what cannot be read has its own lines.
    let _ = crm.list_contacts(&sink).await;
    let rows = sink.0.into_inner().unwrap_or_default();
    let read = rows.into_iter().filter_map(|row| {
        let record = crm.parse(Kind::Contact, &row.payload, Shape::Listed, forms).ok()?;
        Some(Seen { name: format!("{} {}", side.title(), row.id), record })
    });
    read.collect()
}

fn say(id: String, sides: &[Vec<Seen>]) -> Finding {
    let all = || sides.iter().flatten();
    let phone = |seen: &Seen| match seen.record.get(&Field::Phone) {
        Some(Value::Phone(phone)) => Some(phone.clone()),
        _ => None,
    };
    let mut sharing: BTreeSet<&str> = BTreeSet::new();
    for side in sides {
        let mut here: BTreeMap<MatchKey, Vec<&Seen>> = BTreeMap::new();
        for seen in side {
            if let Some(key) = phone(seen).and_then(|phone| phone.match_key()) {
                here.entry(MatchKey::Phone(key)).or_default().push(seen);
            }
        }
        let shared = here.values().filter(|all| all.len() > 1);
        sharing.extend(shared.flatten().map(|seen| seen.name.as_str()));
    }
    let named = |is: &dyn Fn(&Seen) -> bool| -> BTreeSet<&str> {
        all().filter(|seen| is(seen)).map(|seen| seen.name.as_str()).collect()
    };
    let has_name = |seen: &Seen| seen.record.get(&Field::Name).is_some_and(|name| !name.is_empty());
    let found = [
        ("share a phone with another contact of their side", sharing),
        ("have a phone with an extension", named(&|seen| phone(seen).is_some_and(|phone| phone.extension.is_some()))),
        ("have a phone that cannot be used", named(&|seen| seen.record.unusable(&Field::Phone).is_some())),
        ("have an e-mail that cannot be used", named(&|seen| seen.record.unusable(&Field::Email).is_some())),
        ("have a name that a channel made up", named(&|seen| has_name(seen) && seen.record.own_name().is_none())),
    ];
    let count = number(all().count() as u64);
    let told: Vec<String> = found.iter().filter(|(_, who)| !who.is_empty()).map(|(what, who)| one(what, who)).collect();
    let looked = format!("of {count} contacts, the first page of each side");
    if told.is_empty() {
        return Finding::ok(id, format!("{looked}: none shares a phone or has a value that cannot be used"));
    }
    let hint = "shared phones link only names that fit, and what cannot be used is neither matched nor sent: `concord plan` \
                names everybody (rules 36 to 39 and 42 in docs/RULES.md)";
    Finding::warn(id, format!("{looked}: {}", told.join("; ")), hint)
}

fn one(what: &str, who: &BTreeSet<&str>) -> String {
    let some: Vec<&str> = who.iter().take(NAMED).copied().collect();
    let more = if who.len() > NAMED { ", …" } else { "" };
    format!("{} {what} ({}{more})", number(who.len() as u64), some.join(", "))
}
