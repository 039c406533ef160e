//! `explain`: all that is known of one person, and what the next run would do.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::arguments::{ExplainOptions, Format};
use super::history::{changes, operation, side_title};
use super::link_standing::{Gone, gone};
use super::{Session, clients, code, masking, output, pairs, waiting, whom};
use crate::config::{Config, Pair};
use crate::reconcile::{HeldReason, Mode};
use crate::record::{Action, Both, Field, Kind, Record, Side, SideId, Value};
use crate::report::{self, Audience, Line, Page, Paint, Report, Style, masked, masked_document, on_one_line, padded};
use crate::run::{self, Finished, Job, RunError};
use crate::state::{HeldRow, LinkRow, LinkStatus, OperationRow, RunRow, State};

/// So many of the last operations are shown.
const MOST: u32 = 100;

/// All that is known of one person in one pair.
struct Known<'a> {
    pair: &'a Pair,
    records: Vec<(SideId, Record)>,
    links: Vec<Linked>,
    history: Vec<(RunRow, OperationRow)>,
    held: Vec<HeldRow>,
    next: Finished,
}

/// A link, with what was last agreed.
struct Linked {
    row: LinkRow,
    /// What an operation of the history says; else what both had in common.
    matched_by: Option<String>,
    /// Whether an operation of the history made it.
    is_told: bool,
    /// The GHL contact that it stood for until that one was merged into the one of today.
    merged_from: Option<String>,
    /// Which half of it is gone, where it was kept without that.
    gone: Option<Gone>,
    cliengo: Option<Record>,
    ghl: Option<Record>,
    /// When what hangs under each half was last listed.
    listed: Both<Option<Timestamp>>,
}

pub(super) async fn run(session: &Session, options: &ExplainOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    whom::check(std::slice::from_ref(&options.who))?;
    let mut found = Vec::new();
    let (mut nobody, mut failed) = (None, Vec::new());
    for pair in pairs::selected(session, &config)? {
        match known(session, &config, pair, &options.who).await {
            Ok(known) => found.push(known),
            Err(error) if matches!(error.downcast_ref(), Some(RunError::Nobody { .. })) => nobody = Some(error),
            Err(error) => failed.push(error.context(pair.name.clone())),
        }
    }
    // One pair that cannot be read hides none of the others.
    for error in failed {
        if found.is_empty() {
            return Err(error);
        }
        session.report_last(error);
    }
    if let (true, Some(error)) = (found.is_empty(), nobody) {
        return Err(error);
    }
    output::print(&match options.format {
        Format::Json => {
            let mut documents = Vec::new();
            for known in &found {
                documents.push(document(&config, known)?);
            }
            match documents.as_slice() {
                [one] => waiting::printed(one)?,
                several => waiting::printed(&several)?,
            }
        }
        Format::Text => {
            let style = output::style(&session.global, false);
            let mut text = Vec::new();
            for known in &found {
                text.push(shown(session, &config, known, style));
            }
            text.join("\n")
        }
    })?;
    Ok(code::DONE)
}

async fn known<'a>(session: &Session, config: &Config, pair: &'a Pair, who: &str) -> anyhow::Result<Known<'a>> {
    let clients = clients::connect(session, config, pair).await?;
    let job = Job { only: vec![who.to_owned()], ..clients.job(session, config, pair, Mode::Incremental) };
    let (next, records) = run::explain(&job).await?;
    let state = State::open_read_only(&State::path_of(&config.state_dir, &pair.name))?;
    let mut known = Known { pair, records, links: Vec::new(), history: Vec::new(), held: Vec::new(), next };
    let Some(state) = state else { return Ok(known) };
    let mut ids: BTreeSet<String> = known.records.iter().map(|(id, _)| id.as_str().to_owned()).collect();
    let mut links: Vec<LinkRow> = Vec::new();
    for (id, _) in &known.records {
        links.extend(state.link_of(Kind::Contact, id)?);
    }
    // Somebody who is gone on both sides is known by the link alone.
    links.extend(state.links_named(who)?.into_iter().filter(|link| link.kind == Kind::Contact));
    links.sort_by_key(|link| link.id);
    links.dedup_by_key(|link| link.id);
    for row in links {
        ids.extend(Side::BOTH.into_iter().filter_map(|side| row.ids.of(side)).map(str::to_owned));
        let agreed = |side: Side| Ok::<_, anyhow::Error>(state.base(row.id, side)?.map(|base| base.record));
        let (cliengo, ghl) = (agreed(Side::Cliengo)?, agreed(Side::Ghl)?);
        let listed = |side: Side| {
            Ok::<_, anyhow::Error>(match row.ids.of(side) {
                Some(id) => state.visited(side, id)?,
                None => None,
            })
        };
        let listed = Both { cliengo: listed(Side::Cliengo)?, ghl: listed(Side::Ghl)? };
        let gone = gone(&state, &row)?;
        known.links.push(Linked {
            row,
            matched_by: None,
            is_told: false,
            merged_from: None,
            gone,
            cliengo,
            ghl,
            listed,
        });
    }
    let ids: Vec<String> = ids.into_iter().collect();
    known.history = state.operations_about(&ids, MOST)?;
    for linked in &mut known.links {
        (linked.matched_by, linked.is_told) = matched_by(linked, &known.history);
        linked.merged_from = merged_from(&linked.row, known.history.iter().map(|(_, row)| row));
    }
    known.held = state.held()?.into_iter().filter(|row| concerns(row, &ids)).collect();
    Ok(known)
}

fn concerns(row: &HeldRow, ids: &[String]) -> bool {
    Side::BOTH.into_iter().filter_map(|side| row.ids.of(side)).any(|id| ids.iter().any(|known| known == id))
}

/// What two records were recognised by: what the operation that linked them says, or what they agree in.
fn matched_by(linked: &Linked, history: &[(RunRow, OperationRow)]) -> (Option<String>, bool) {
    let ids = &linked.row.ids;
    let is_it = |row: &OperationRow| {
        let id = |side: Side| row.document.pointer(&format!("/ids/{side}")).and_then(Json::as_str);
        row.document.get("kind").and_then(Json::as_str) == Some("contact")
            && Side::BOTH.into_iter().any(|side| id(side).is_some() && id(side) == ids.of(side))
    };
    let action = |row: &OperationRow| row.document.get("action").and_then(Json::as_str).map(str::to_owned);
    let made =
        history.iter().map(|(_, row)| row).filter(|row| is_it(row)).find_map(|row| match action(row).as_deref() {
            Some("create") => Some(Some("created".to_owned())),
            Some("link") => Some(row.document.get("matched_by").and_then(Json::as_str).map(str::to_owned)),
            _ => None,
        });
    let share = |field: &Field| match (&linked.cliengo, &linked.ghl) {
        (Some(one), Some(other)) => {
            one.get(field).zip(other.get(field)).is_some_and(|(one, other)| !one.is_empty() && one.same(other))
        }
        _ => false,
    };
    let is_told = made.is_some();
    // A link that is no more has no base left to tell by.
    let is_gone = linked.row.status == LinkStatus::Retired;
    let by = match (share(&Field::Email), share(&Field::Phone)) {
        (true, _) => "email",
        (false, true) => "phone",
        (false, false) => "hand",
    };
    (made.flatten().or_else(|| (!is_gone).then(|| by.to_owned())), is_told)
}

/// The GHL contact that a link stood for before it was merged into the one that it stands for now, as the history says.
pub(super) fn merged_from<'a>(link: &LinkRow, history: impl Iterator<Item = &'a OperationRow>) -> Option<String> {
    let ids = serde_json::to_value(&link.ids).ok();
    let is_it = |row: &&OperationRow| row.document.get("ids") == ids.as_ref();
    let from = |row: &OperationRow| Some(row.document.get("merged_from")?.as_str()?.to_owned());
    history.filter(is_it).filter_map(from).last()
}

pub(super) fn fields(record: &Record) -> Map<String, Json> {
    record.fields.iter().map(|(field, value)| (field.to_string(), value.json())).collect()
}

fn document(config: &Config, known: &Known<'_>) -> anyhow::Result<Json> {
    let audience = Audience::of(config, known.pair);
    let records = |side: Side| -> Vec<Json> {
        let theirs = known.records.iter().filter(|(id, _)| id.side() == side);
        theirs
            .map(|(id, record)| {
                let mut document = Map::new();
                document.insert("id".to_owned(), id.as_str().into());
                document.insert("link".to_owned(), json!(audience.link(side, id.as_str())));
                document.extend(fields(record));
                document.into()
            })
            .collect()
    };
    let links: Vec<Json> = known
        .links
        .iter()
        .map(|linked| {
            let base = |record: &Option<Record>| record.as_ref().map(fields);
            json!({
                "id": linked.row.id,
                "status": linked.row.status.as_str(),
                "ids": linked.row.ids,
                "matched_by": linked.matched_by,
                "merged_from": linked.merged_from,
                "base": { "cliengo": base(&linked.cliengo), "ghl": base(&linked.ghl) },
                "notes_listed": {
                    "cliengo": linked.listed.cliengo.map(|at| at.to_string()),
                    "ghl": linked.listed.ghl.map(|at| at.to_string()),
                },
            })
        })
        .collect();
    let history: Vec<Json> = known
        .history
        .iter()
        .map(|(run, row)| {
            let mut document = operation(row, Vec::new());
            if let Some(fields) = document.as_object_mut() {
                fields.insert("run".to_owned(), json!(run.id));
                fields.insert("started".to_owned(), json!(run.started.to_string()));
            }
            document
        })
        .collect();
    let mut document = json!({
        "cliengo": records(Side::Cliengo),
        "ghl": records(Side::Ghl),
        "links": links,
        "history": history,
    });
    if config.report.mask {
        document = masked_document(&document);
    }
    let next = if config.report.mask { masked(&known.next) } else { known.next.clone() };
    if let Some(entries) = document.as_object_mut() {
        entries.insert("next".to_owned(), serde_json::to_value(report::json(&next))?);
        entries.insert("pair".to_owned(), json!(known.pair.name));
    }
    Ok(document)
}

fn shown(session: &Session, config: &Config, known: &Known<'_>, style: Style) -> String {
    let audience = Audience::of(config, known.pair);
    let mut page = Page::new(style);
    page.line(0, &Line::of(format!("{} {}", session.word("pair"), known.pair.name)));
    for (id, _) in &known.records {
        let link = audience.link(id.side(), id.as_str()).map(|link| format!("  {link}")).unwrap_or_default();
        page.line(0, &Line::of(format!("{}  {}{link}", on_one_line(id.as_str()), id.side().title())));
    }
    page.gap();
    page.line(0, &Line::of(format!("{}:", session.word("Now"))));
    compared(&mut page, session, config, known);
    if known.links.is_empty() {
        page.gap();
        page.line(0, &Line::of(session.word("Not linked.")));
    }
    for linked in &known.links {
        let id = |side: Side| linked.row.ids.of(side).unwrap_or("-");
        page.gap();
        page.line(0, &Line::of(format!("{}  {}", linked.row.id, session.say(&standing(linked)))));
        page.line(4, &Line::of(format!("Cliengo {}  GHL {}", id(Side::Cliengo), id(Side::Ghl))));
        if let Some(gone) = &linked.gone {
            let remedy = gone.remedy(known.pair, &linked.row).map(|remedy| format!(" {}", session.say(&remedy)));
            let means = format!("{}{}", session.say(&gone.means()), remedy.unwrap_or_default());
            page.flow(Line::of("    "), 4, Line::of(means));
        }
        let when = |side: Side| linked.listed.of(side).map(|at| format!("{} {}", side.title(), audience.time(at)));
        let when: Vec<String> = Side::BOTH.into_iter().filter_map(when).collect();
        if !when.is_empty() {
            page.line(4, &Line::of(format!("{}: {}", session.word("its notes last listed"), when.join("  "))));
        }
        if let Some(from) = &linked.merged_from {
            page.line(4, &Line::of(session.say(&was_merged(from, id(Side::Ghl)))));
        }
    }
    page.gap();
    for row in &known.held {
        let why = HeldReason::named(&row.reason).map_or(row.reason.as_str(), |reason| session.words().held(reason).0);
        let shows = format!(
            "{}: {why}. {}",
            session.word("held"),
            session.say(&format!("See: concord held show {} --pair {}", row.id, known.pair.name))
        );
        page.flow(Line::of(format!("{}  ", row.id)), 4, Line::of(shows));
    }
    page.gap();
    page.line(0, &Line::of(format!("{}:", session.word("The last runs"))));
    operations(&mut page, config, known, &audience);
    let text = page.finish();
    let next = if config.report.mask { masked(&known.next) } else { known.next.clone() };
    let report = report::next(&Report::of(&next, &audience), style);
    let report = if report.trim().is_empty() { session.say("Nothing to write for this person.\n") } else { report };
    format!("{text}\n{}:\n{report}", session.word("The next run"))
}

/// The GHL contact that a link stood for before a merge, looked up in the history.
pub(super) fn merged_from_elsewhere(state: &State, link: &LinkRow) -> anyhow::Result<Option<String>> {
    let ids: Vec<String> = link.ids.of(Side::Ghl).map(str::to_owned).into_iter().collect();
    let history = state.operations_about(&ids, MOST)?;
    Ok(merged_from(link, history.iter().map(|(_, row)| row)))
}

/// What is said of a link that went along with a contact that somebody merged into another one in GHL.
pub(super) fn was_merged(from: &str, into: &str) -> String {
    format!("GHL {from} was merged into {into}: the link went along")
}

/// Whether two records are linked, and by what they were recognised.
fn standing(linked: &Linked) -> String {
    if linked.row.status == LinkStatus::Retired {
        return "former link: no longer linked".to_owned();
    }
    if let Some(gone) = &linked.gone {
        return format!("kept link: {}", gone.said());
    }
    let by = match linked.matched_by.as_deref() {
        Some("email") => "e-mail",
        Some("created") => "creation: Concord made one from the other",
        Some("merge") => "merge: GHL's contact was merged into this one",
        Some(other) => other,
        None => "hand",
    };
    if linked.is_told || by == "hand" {
        format!("link, matched by {by}")
    } else {
        format!("link, by hand or before the history begins; both had the same {by}")
    }
}

/// Every field: once where all agree, else as each side has it and as it was last agreed.
fn compared(page: &mut Page, session: &Session, config: &Config, known: &Known<'_>) {
    let on = |side: Side| known.records.iter().filter(move |(id, _)| id.side() == side).map(|(_, record)| record);
    let agreed = known.links.iter().find_map(|linked| linked.ghl.as_ref().or(linked.cliengo.as_ref()));
    let mut places: Vec<(&str, Vec<&Record>)> =
        Side::BOTH.iter().map(|side| (side.title(), on(*side).collect())).collect();
    places.push((session.word("last agreed"), agreed.into_iter().collect()));
    places.retain(|(_, records)| !records.is_empty());
    let names: BTreeSet<&Field> = known.records.iter().flat_map(|(_, record)| record.fields.keys()).collect();
    let width = names.iter().map(|field| session.words().field(field).chars().count()).max().unwrap_or_default();
    for field in names {
        let values: Vec<(&str, String)> =
            places.iter().map(|(who, records)| (*who, value(config, field, records))).collect();
        let first = values.first().map(|(_, value)| value.as_str()).unwrap_or_default();
        let lead = format!("  {}  ", padded(session.words().field(field), width));
        if values.iter().all(|(_, value)| value == first) {
            page.flow(Line::of(lead), width + 4, Line::of(first));
            continue;
        }
        for (at, (who, value)) in values.iter().enumerate() {
            let lead = if at == 0 { lead.clone() } else { " ".repeat(width + 4) };
            let shown = if value.is_empty() { session.word("(empty)") } else { value };
            page.flow(Line::of(lead).paint(padded(who, 13), Paint::Dim), width + 17, Line::of(shown));
        }
    }
}

fn value(config: &Config, field: &Field, records: &[&Record]) -> String {
    let mut values: Vec<String> = Vec::new();
    for shown in records.iter().filter_map(|record| record.get(field)).map(in_words) {
        let shown = on_one_line(shown.trim());
        if !shown.is_empty() && !values.contains(&shown) {
            values.push(shown);
        }
    }
    masking::of_field(config, field, &values.join(" | "))
}

/// A value as it is shown; a tag that has a blank or a comma in it, in quotes.
fn in_words(value: &Value) -> String {
    let Value::Tags(tags) = value else { return value.shown() };
    let quoted = |tag: &str| if tag.contains([' ', ',']) { format!("\"{tag}\"") } else { tag.to_owned() };
    tags.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

fn operations(page: &mut Page, config: &Config, known: &Known<'_>, audience: &Audience) {
    if known.history.is_empty() {
        page.line(0, &Line::of(audience.say("Nothing was written.")));
    }
    for (run, row) in &known.history {
        let document = if config.report.mask { masked_document(&row.document) } else { row.document.clone() };
        let text = |key: &str| document.get(key).and_then(Json::as_str).unwrap_or_default();
        let reason = row
            .reason
            .iter()
            .filter(|_| !config.report.mask)
            .map(|reason| format!(": {}", audience.say(&on_one_line(reason))));
        let label =
            if text("kind") == "contact" { String::new() } else { format!(" \"{}\"", on_one_line(text("label"))) };
        let done = format!("{} {}", text("action"), text("kind"));
        // A link is in neither CRM.
        let what = if text("action") == Action::Link.as_str() {
            format!("{}{label}", audience.say(&done))
        } else {
            audience.say(&format!("{done}{label} in {}", side_title(text("side"))))
        };
        let outcome = audience.say(&row.outcome.as_deref().unwrap_or("not started").replace('_', " "));
        let lead = format!("{:<4} {}  ", run.id, audience.time(run.started));
        page.flow(Line::of(lead), 5, Line::of(format!("{what}: {outcome}{}", reason.collect::<String>())));
        for change in changes(&document, audience) {
            page.flow_at_most(Line::of("       "), 9, Line::of(change), 4);
        }
    }
}
