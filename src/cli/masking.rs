//! What lists and blocks show of a person where the configuration masks: as a report would.

use serde_json::{Value as Json, json};

use crate::config::Config;
use crate::record::{Both, Field, Kind, Recognised, Record, Side, Value};
use crate::report::masked_document;
use crate::state::ConflictRow;

/// A record's name.
pub(super) fn label(config: &Config, kind: Kind, label: &str) -> String {
    told(config, "label", &json!({ "kind": kind, "label": label }), label)
}

/// A text about a record with that name.
pub(super) fn about(config: &Config, name: &str, text: &str) -> String {
    told(config, "detail", &json!({ "name": name, "detail": text }), text)
}

/// The text of a field.
pub(super) fn of_field(config: &Config, field: &Field, text: &str) -> String {
    told(config, field.as_str(), &json!({ field.as_str(): text }), text)
}

/// A record, each text of it masked. It is for showing alone: two that differ may look the same.
pub(super) fn record(config: &Config, record: &Record) -> Record {
    let mut shown = record.clone();
    if config.report.mask {
        for (field, held) in &record.fields {
            shown.fields.insert(field.clone(), value(config, field, held));
        }
    }
    shown
}

/// A conflict, likewise.
pub(super) fn conflict(config: &Config, row: &ConflictRow) -> ConflictRow {
    let masked = |held: &Value| value(config, &row.field, held);
    let now = Both { cliengo: masked(row.now.of(Side::Cliengo)), ghl: masked(row.now.of(Side::Ghl)) };
    ConflictRow { label: label(config, row.kind, &row.label), base: row.base.as_ref().map(masked), now, ..row.clone() }
}

/// By what two records were recognised, likewise.
pub(super) fn recognised(config: &Config, on: &Recognised) -> Recognised {
    let name = |name: &String| label(config, Kind::Contact, name);
    let names = Both { cliengo: name(&on.names.cliengo), ghl: name(&on.names.ghl) };
    Recognised { key: about(config, "", &on.key), names }
}

fn value(config: &Config, field: &Field, held: &Value) -> Value {
    match held.json() {
        Json::String(text) if config.report.mask => Value::Line(of_field(config, field, &text)),
        _ => held.clone(),
    }
}

fn told(config: &Config, key: &str, document: &Json, plain: &str) -> String {
    if !config.report.mask {
        return plain.to_owned();
    }
    masked_document(document).get(key).and_then(Json::as_str).unwrap_or_default().to_owned()
}
