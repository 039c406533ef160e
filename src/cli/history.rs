//! `history`: the runs, or one run in full.

use serde_json::{Value as Json, json};

use super::arguments::{Format, HistoryOptions};
use super::status::CUT_OFF;
use super::usage::Usage;
use super::{Session, code, output, pairs, waiting};
use crate::config::{Config, Pair};
use crate::record::{Action, Field, Kind, Side};
use crate::report::language::Label;
use crate::report::{
    Audience, Column, Line, Page, Paint, elapsed, masked_document, number, on_one_line, printable_json, table,
};
use crate::schedule::RunProgress;
use crate::state::{OperationRow, RunRow, State, StateError};

pub(super) fn run(session: &Session, options: &HistoryOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    let selected = pairs::selected(session, &config)?;
    match (options.run, selected.as_slice()) {
        (None, pairs) => list(session, &config, pairs, options)?,
        (Some(run), [pair]) => show(session, &config, pair, run, options.format)?,
        (Some(run), [_, ..]) => {
            let message = "a run's number is one pair's, and several pairs are selected".to_owned();
            let has_it = |(_, state): &(&Pair, State)| state.run(run).is_ok_and(|found| found.is_some());
            let hint = match waiting::states(session, &config)?.iter().find(|one| has_it(one)) {
                Some((pair, _)) => format!("name the pair: concord history {run} --pair {}", pair.name),
                None => "none of them has it: concord history".to_owned(),
            };
            return Err(Usage { message, hint }.into());
        }
        (Some(_), []) => {}
    }
    Ok(code::DONE)
}

fn list(session: &Session, config: &Config, selected: &[&Pair], options: &HistoryOptions) -> anyhow::Result<()> {
    let mut rows: Vec<(&str, RunRow)> = Vec::new();
    for (pair, state) in waiting::states(session, config)? {
        for row in state.runs(options.limit)? {
            rows.push((pair.name.as_str(), counted(config, pair, &state, row)?));
        }
    }
    // The newest last: that is what a terminal shows.
    rows.sort_by(|(pair, row), (other, theirs)| (row.started, pair, row.id).cmp(&(theirs.started, other, theirs.id)));
    let older = rows.len().saturating_sub(options.limit as usize);
    rows.drain(..older);
    let text = match options.format {
        Format::Json => {
            let rows: Vec<Json> = rows.iter().map(|(pair, row)| document(pair, row)).collect();
            format!("{}\n", printable_json(&serde_json::to_string_pretty(&rows)?))
        }
        Format::Text if rows.is_empty() => session.say("No run yet.\n"),
        Format::Text => listed(session, &reader(config, selected), &rows),
    };
    output::print(&text)
}

/// A run; of one that was cut off, that it was, and what its journal says was done.
fn counted(config: &Config, pair: &Pair, state: &State, row: RunRow) -> Result<RunRow, StateError> {
    let progress = RunProgress::of(&config.state_dir, &pair.name, Some(&row))?;
    if !row.was_cut_off() && progress != RunProgress::CutOff {
        return Ok(row);
    }
    let (operations, applied) = state.journal_counts(row.id)?;
    let summary = json!({ "operations": operations, "outcomes": { "applied": applied } });
    Ok(RunRow { status: CUT_OFF.to_owned(), summary: Some(summary), ..row })
}

/// Who reads of these pairs: the times are those of the one pair, or of everybody.
fn reader(config: &Config, selected: &[&Pair]) -> Audience {
    match selected {
        [pair] => Audience::of(config, pair),
        _ => Audience::of_all(config),
    }
}

/// The runs as a table, and what they came to together.
fn listed(session: &Session, audience: &Audience, rows: &[(&str, RunRow)]) -> String {
    let heads = [
        Column::whole(session.word("RUN")),
        Column::cut(session.word("PAIR"), 12),
        Column::whole(session.word("STARTED")),
        Column::whole(session.word("TOOK")),
        Column::whole(session.word("MODE")),
        Column::whole(session.word("STATUS")),
        Column::cut(session.word("RESULT"), 400),
    ];
    let cells = |(pair, row): &(&str, RunRow)| {
        let took = row.finished.map_or_else(|| "-".to_owned(), |at| elapsed(at.duration_since(row.started)));
        let (mode, status) = (session.say(&row.mode), session.say(&row.status.replace('_', " ")));
        let id = row.id.to_string();
        [id, (*pair).to_owned(), audience.time(row.started), took, mode, status, came_to(row, |part| session.say(part))]
    };
    let cells: Vec<[String; 7]> = rows.iter().map(cells).collect();
    let table = table(heads, &cells, output::style(&session.global, false));
    let below = format!("{}\nTimes are in {}.\n", totals(rows), audience.zone());
    format!("{table}\n{}", session.say(&below))
}

/// `12 runs: 11 done, 1 failed; 340 operations applied.`
fn totals(rows: &[(&str, RunRow)]) -> String {
    let mut by_status: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for (_, row) in rows {
        *by_status.entry(row.status.as_str()).or_default() += 1;
    }
    let applied = |row: &RunRow| row.summary.as_ref()?.pointer("/outcomes/applied")?.as_u64();
    let applied: u64 = rows.iter().filter_map(|(_, row)| applied(row)).sum();
    let by_status: Vec<String> = by_status
        .into_iter()
        .map(|(status, count)| format!("{} {}", number(count), status.replace('_', " ")))
        .collect();
    let counted = |count: u64, noun: &str| format!("{} {noun}{}", number(count), if count == 1 { "" } else { "s" });
    let runs = counted(rows.len() as u64, "run");
    format!("{runs}: {}; {} applied.", by_status.join(", "), counted(applied, "operation"))
}

fn document(pair: &str, row: &RunRow) -> Json {
    json!({
        "id": row.id,
        "pair": pair,
        "mode": row.mode,
        "started": row.started.to_string(),
        "finished": row.finished.map(|at| at.to_string()),
        "status": row.status,
        "plan_id": row.plan_id,
        "summary": row.summary,
        "undoes": row.undoes,
    })
}

/// What a run came to, in a few words of the reader's language.
fn came_to(row: &RunRow, say: impl Fn(&str) -> String) -> String {
    let Some(summary) = &row.summary else { return say("did not end") };
    if row.status == CUT_OFF {
        let of = |path: &str| summary.pointer(path).and_then(Json::as_u64).unwrap_or_default();
        return say(&format!("did not end; applied {} of {}", of("/outcomes/applied"), of("/operations")));
    }
    let count = |key: &str| summary.get(key).and_then(Json::as_u64).filter(|count| *count > 0);
    let outcomes = summary.get("outcomes").and_then(Json::as_object).into_iter().flatten();
    let outcomes = outcomes.filter_map(|(name, count)| Some(format!("{} {}", count.as_u64()?, name.replace('_', " "))));
    let mut parts: Vec<String> = outcomes.collect();
    if parts.is_empty() {
        parts.extend(count("operations").map(|operations| format!("{operations} planned")));
    }
    parts.extend(count("held").map(|held| format!("{held} held")));
    parts.extend(
        count("conflicts").map(|count| format!("{count} {}", if count == 1 { "conflict" } else { "conflicts" })),
    );
    parts.extend(row.undoes.map(|run| format!("takes back run {run}")));
    parts.extend(summary.get("error").and_then(Json::as_str).map(str::to_owned));
    if parts.is_empty() {
        parts.push("nothing to write".to_owned());
    }
    parts.iter().map(|part| say(part)).collect::<Vec<_>>().join(", ")
}

/// The run itself: its number, when it began and how long it took, and what it came to.
fn head(page: &mut Page, audience: &Audience, pair: &str, row: &RunRow) {
    let took = row
        .finished
        .map(|at| format!(", {}", audience.say(&format!("took {}", elapsed(at.duration_since(row.started))))))
        .unwrap_or_default();
    let when = format!("{} {}{took}", audience.time(row.started), audience.zone());
    let lead = format!("{:<4} ", row.id);
    let (mode, status) = (audience.say(&row.mode), audience.say(&row.status.replace('_', " ")));
    page.flow(Line::of(lead), 5, Line::of(format!("{pair}, {mode}, {status}; {when}")));
    page.flow(Line::of("     "), 5, Line::of(came_to(row, |part| audience.say(&on_one_line(part)))));
    if !row.plan_id.is_empty() {
        page.line(5, &Line::of(format!("plan {}", row.plan_id)));
    }
}

fn show(session: &Session, config: &Config, pair: &Pair, run: i64, format: Format) -> anyhow::Result<()> {
    let state = State::open_read_only(&State::path_of(&config.state_dir, &pair.name))?;
    let found = state.as_ref().map(|state| state.run(run)).transpose()?.flatten();
    let (Some(state), Some(row)) = (state, found) else {
        let message = format!("pair {} has no run {run}", pair.name);
        return Err(Usage { message, hint: format!("list them: concord history --pair {}", pair.name) }.into());
    };
    let row = counted(config, pair, &state, row)?;
    let mut operations = state.operations(run)?;
    let images = |row: &OperationRow| state.images_under(run, row.number);
    let text = match format {
        Format::Json => {
            let mut document = document(&pair.name, &row);
            let mut told = Vec::new();
            for row in &operations {
                let document = operation(row, images(row)?);
                told.push(if config.report.mask { masked_document(&document) } else { document });
            }
            if let Some(fields) = document.as_object_mut() {
                fields.insert("operations".to_owned(), told.into());
            }
            format!("{}\n", printable_json(&serde_json::to_string_pretty(&document)?))
        }
        Format::Text => {
            if config.report.mask {
                operations.iter_mut().for_each(mask);
            }
            let mut page = Page::new(output::style(&session.global, false));
            let audience = Audience::of(config, pair);
            head(&mut page, &audience, &pair.name, &row);
            for row in &operations {
                written(&mut page, &audience, row, session.global.verbose > 0);
                for (kind, image) in images(row)? {
                    let image = if config.report.mask { masked_document(&image_of(&image)).to_string() } else { image };
                    was(&mut page, &audience.say(&format!("{kind} with it was")), &image, session.global.verbose > 0);
                }
            }
            page.finish()
        }
    };
    output::print(&text)
}

/// Names nobody, as the reports.
fn mask(row: &mut OperationRow) {
    let before = row.before.as_deref().map(image_of);
    let told = json!({ "document": row.document, "reason": row.reason, "before_image": before });
    let Json::Object(mut shown) = masked_document(&told) else { return };
    let mut take = |key: &str| shown.remove(key).unwrap_or_default();
    row.document = take("document");
    row.reason = take("reason").as_str().map(str::to_owned);
    row.before = before.map(|_| take("before_image").to_string());
}

/// A record as its CRM told it.
fn image_of(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_default()
}

/// `images` are the tasks and notes that went with a deleted contact, as they were.
pub(super) fn operation(row: &OperationRow, images: Vec<(Kind, String)>) -> Json {
    let mut document = row.document.clone();
    if let Some(fields) = document.as_object_mut() {
        fields.insert("outcome".to_owned(), json!(row.outcome));
        fields.insert("reason".to_owned(), json!(row.reason));
        let before = row.before.as_deref().map(image_of);
        fields.insert("before_image".to_owned(), json!(before));
        if !images.is_empty() {
            let image = |(kind, text): (Kind, String)| json!({ "kind": kind, "before_image": image_of(&text) });
            fields.insert("deleted_with_it".to_owned(), images.into_iter().map(image).collect());
        }
    }
    document
}

/// An operation: what came of it, what changed, what was sent, and what stood there before.
fn written(page: &mut Page, audience: &Audience, row: &OperationRow, in_full: bool) {
    let text = |key: &str| row.document.get(key).and_then(Json::as_str).unwrap_or_default();
    let (side, action, kind) = (text("side"), text("action"), text("kind"));
    page.gap();
    let outcome = audience.say(row.outcome.as_deref().unwrap_or("planned"));
    let done = audience.say(&format!("{action} {kind}"));
    let what = format!("{outcome}  {}  {done}  {}", side_title(side), on_one_line(text("label")));
    let id = row.document.pointer(&format!("/ids/{side}")).and_then(Json::as_str).unwrap_or_default();
    page.flow(Line::of(format!("{:<4} ", row.number)), 5, Line::of(format!("{what}  {id}")));
    if let Some(reason) = &row.reason {
        page.flow(Line::of("     "), 5, Line::of(audience.say(&on_one_line(reason))));
    }
    for change in changes(&row.document, audience) {
        page.flow_at_most(Line::of("       "), 9, Line::of(change), most(in_full));
    }
    for request in row.document.get("requests").and_then(Json::as_array).into_iter().flatten() {
        let part = |key: &str| request.get(key).and_then(Json::as_str).unwrap_or_default();
        let body = request.get("body").map(|body| format!(" {}", spaced(body))).unwrap_or_default();
        let sent = format!("{} {}{body}", part("method"), part("path"));
        page.flow_at_most(Line::of("       "), 9, Line::painted(sent, Paint::Dim), most(in_full));
    }
    if let Some(before) = row.before.as_ref().filter(|_| in_full || action == "delete") {
        was(page, &audience.say("was"), before, in_full);
    }
}

/// A side as people call it.
pub(super) fn side_title(side: &str) -> &str {
    Side::BOTH.into_iter().find(|known| known.as_str() == side).map_or(side, |side| side.title())
}

/// A record as its CRM told it.
fn was(page: &mut Page, which: &str, image: &str, in_full: bool) {
    let image = serde_json::from_str(image).map_or_else(|_| on_one_line(image), |image| spaced(&image));
    page.flow_at_most(Line::of(format!("       {which} ")), 9, Line::painted(image, Paint::Dim), most(in_full));
}

/// JSON on one line, with blanks at which it may be wrapped.
fn spaced(value: &Json) -> String {
    let text = |value: &Json| on_one_line(&value.to_string());
    match value {
        Json::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| format!("{}: {}", text(&key.as_str().into()), spaced(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        plain => text(plain),
    }
}

/// Long values are cut, and that is said; with `-v` and as JSON they are whole.
const fn most(in_full: bool) -> usize {
    if in_full { usize::MAX } else { 4 }
}

/// What an operation changed; of what it created, what was given to it.
pub(super) fn changes(document: &Json, audience: &Audience) -> Vec<String> {
    let is_create = document.get("action").and_then(Json::as_str) == Some(Action::Create.as_str());
    let changes = document.get("changes").and_then(Json::as_array).into_iter().flatten();
    // A task that nobody completed yet says nothing by that.
    let is_said = |change: &&Json| !is_create || !matches!(change.get("after"), Some(Json::Null | Json::Bool(false)));
    changes.filter(is_said).map(|change| changed(change, is_create, audience)).collect()
}

/// `phone "+54…" → "+54…"`, or `tags +"vip" -"old"`.
fn changed(change: &Json, is_create: bool, audience: &Audience) -> String {
    let name = change.get("field").and_then(Json::as_str).unwrap_or_default();
    let field = audience.say(name);
    let tags = |key: &str, sign: char| {
        let tags = change.get(key).and_then(Json::as_array).into_iter().flatten();
        tags.map(|tag| format!("{sign}{}", on_one_line(&tag.to_string()))).collect::<Vec<_>>()
    };
    if change.get("after").is_none() && (change.get("added").is_some() || change.get("removed").is_some()) {
        return format!("{field} {}", [tags("added", '+'), tags("removed", '-')].concat().join(" "));
    }
    let value = |key: &str| match change.get(key) {
        None | Some(Json::Null) => audience.say("(empty)"),
        Some(Json::Bool(value)) => audience.words().label(if *value { Label::Yes } else { Label::No }).to_owned(),
        Some(Json::String(text)) if name == Field::Due.as_str() => audience.moment(text),
        Some(value) => on_one_line(&value.to_string()),
    };
    if is_create && change.get("before").is_none_or(Json::is_null) {
        return format!("{field} {}", value("after"));
    }
    format!("{field} {} → {}", value("before"), value("after"))
}
