//! `history`: the runs, or one run in full.

use serde_json::{Value as Json, json};

use super::arguments::{Format, HistoryOptions};
use super::explain::Usage;
use super::{Session, code, output, pairs};
use crate::config::{Config, Pair};
use crate::record::Kind;
use crate::report::{masked_document, on_one_line, printable_json};
use crate::state::{OperationRow, RunRow, State};

/// How many runs are listed.
const MOST: u32 = 50;

pub(super) fn run(session: &Session, options: &HistoryOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    let selected = pairs::selected(session, &config)?;
    match (options.run, selected.as_slice()) {
        (None, pairs) => list(&config, pairs, options.format)?,
        (Some(run), [pair]) => show(&config, pair, run, options.format)?,
        (Some(_), _) => {
            let message = "a run's number is one pair's".to_owned();
            return Err(Usage { message, hint: "add --pair NAME".to_owned() }.into());
        }
    }
    Ok(code::DONE)
}

fn list(config: &Config, selected: &[&Pair], format: Format) -> anyhow::Result<()> {
    let mut rows: Vec<(&str, RunRow)> = Vec::new();
    for pair in selected {
        if let Some(state) = State::open_read_only(&State::path_of(&config.state_dir, &pair.name))? {
            rows.extend(state.runs(MOST)?.into_iter().map(|row| (pair.name.as_str(), row)));
        }
    }
    let text = match format {
        Format::Json => {
            let rows: Vec<Json> = rows.iter().map(|(pair, row)| document(pair, row)).collect();
            format!("{}\n", serde_json::to_string_pretty(&rows)?)
        }
        Format::Text if rows.is_empty() => "no run yet\n".to_owned(),
        Format::Text => rows.iter().map(|(pair, row)| sentence(pair, row)).collect(),
    };
    output::print(&text)
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

fn sentence(pair: &str, row: &RunRow) -> String {
    let count = |key: &str| row.summary.as_ref().and_then(|summary| summary.get(key)?.as_u64());
    let what = match (count("operations"), row.summary.as_ref().and_then(|summary| summary.get("error")?.as_str())) {
        (_, Some(error)) => error.to_owned(),
        (Some(operations), None) => format!("{operations} operations, {} held", count("held").unwrap_or(0)),
        (None, None) => "did not end".to_owned(),
    };
    let undoes = row.undoes.map(|run| format!(", takes back run {run}")).unwrap_or_default();
    format!("{:<5} {pair}  {}  {:<11}  {:<8} {what}{undoes}\n", row.id, row.started, row.mode, row.status)
}

fn show(config: &Config, pair: &Pair, run: i64, format: Format) -> anyhow::Result<()> {
    let state = State::open_read_only(&State::path_of(&config.state_dir, &pair.name))?;
    let found = state.as_ref().map(|state| state.run(run)).transpose()?.flatten();
    let (Some(state), Some(row)) = (state, found) else {
        let message = format!("pair {} has no run {run}", pair.name);
        return Err(Usage { message, hint: format!("list them: concord history --pair {}", pair.name) }.into());
    };
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
            let lines: String = operations.iter().map(line).collect();
            format!("{}{lines}", sentence(&pair.name, &row))
        }
    };
    output::print(&text)
}

/// Names nobody, as the reports.
fn mask(row: &mut OperationRow) {
    let told = json!({ "document": row.document, "reason": row.reason });
    let Json::Object(mut shown) = masked_document(&told) else { return };
    let mut take = |key: &str| shown.remove(key).unwrap_or_default();
    row.document = take("document");
    row.reason = take("reason").as_str().map(str::to_owned);
}

/// `images` are the tasks and notes that went with a deleted contact, as they were.
fn operation(row: &OperationRow, images: Vec<(Kind, String)>) -> Json {
    let mut document = row.document.clone();
    if let Some(fields) = document.as_object_mut() {
        fields.insert("outcome".to_owned(), json!(row.outcome));
        fields.insert("reason".to_owned(), json!(row.reason));
        let before = row.before.as_ref().map(|text| serde_json::from_str::<Json>(text).unwrap_or(Json::Null));
        fields.insert("before_image".to_owned(), json!(before));
        if !images.is_empty() {
            let image = |(kind, text): (Kind, String)| json!({ "kind": kind, "before_image": serde_json::from_str::<Json>(&text).unwrap_or(Json::Null) });
            fields.insert("deleted_with_it".to_owned(), images.into_iter().map(image).collect());
        }
    }
    document
}

fn line(row: &OperationRow) -> String {
    let text = |key: &str| row.document.get(key).and_then(Json::as_str).unwrap_or("-");
    let label = on_one_line(text("label").lines().next().unwrap_or_default());
    let reason = row.reason.as_deref().map(|reason| format!("  ({})", on_one_line(reason))).unwrap_or_default();
    let mut lines = format!(
        "  {:<4} {:<12} {:<8} {:<8} {:<8} {label}{reason}\n",
        row.number,
        row.outcome.as_deref().unwrap_or("planned"),
        text("side"),
        text("action"),
        text("kind"),
    );
    for request in row.document.get("requests").and_then(Json::as_array).into_iter().flatten() {
        let part = |key: &str| request.get(key).and_then(Json::as_str).unwrap_or_default();
        let body =
            request.get("body").map(|body| format!(" {}", printable_json(&body.to_string()))).unwrap_or_default();
        lines.push_str(&format!("       {} {}{body}\n", part("method"), on_one_line(part("path"))));
    }
    lines
}
