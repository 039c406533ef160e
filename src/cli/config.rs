//! `config`: the schema of `schedules.toml`, and the settings in force.

use serde_json::{Value as Json, json};

use super::arguments::{ConfigCommand, Format};
use super::{Session, code, output};
use crate::config::{Overrides, schema, settings};
use crate::report::{on_one_line, printable_json};

pub(super) fn run(session: &Session, command: &ConfigCommand) -> anyhow::Result<u8> {
    match command {
        ConfigCommand::Schema => output::print(&format!("{}\n", serde_json::to_string_pretty(&schema())?))?,
        ConfigCommand::Show { origin, format } => show(session, *origin, *format)?,
    }
    Ok(code::DONE)
}

fn show(session: &Session, with_origin: bool, format: Format) -> anyhow::Result<()> {
    let global = &session.global;
    let mut settings = settings(&global.config, &Overrides { state_dir: global.state_dir.clone() })?;
    if !global.pairs.is_empty() {
        let is_of = |key: &str| match key.strip_prefix("pair.") {
            Some(rest) => global.pairs.iter().any(|pair| rest.starts_with(&format!("{pair}."))),
            None => true,
        };
        settings.retain(|setting| is_of(&setting.key));
    }
    let origin = |origin: &Option<String>| origin.clone().unwrap_or_else(|| "default".to_owned());
    output::print(&match format {
        Format::Json => {
            let document = |setting: &crate::config::Setting| json!({ "id": setting.key, "value": setting.value, "origin": origin(&setting.origin) });
            let documents: Vec<Json> = settings.iter().map(document).collect();
            format!("{}\n", printable_json(&serde_json::to_string_pretty(&documents)?))
        }
        Format::Text => {
            let mut text = String::new();
            for setting in &settings {
                let line = format!("{} = {}", setting.key, toml_of(&setting.value));
                let origin = if with_origin { format!("  # {}", origin(&setting.origin)) } else { String::new() };
                text.push_str(&format!("{}{}\n", on_one_line(&line), on_one_line(&origin)));
            }
            text
        }
    })
}

/// A value as the file would write it.
fn toml_of(value: &Json) -> String {
    match value {
        Json::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("{} = {}", bare(key), toml_of(value))).collect();
            if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
        }
        Json::Array(items) => format!("[{}]", items.iter().map(toml_of).collect::<Vec<_>>().join(", ")),
        plain => plain.to_string(),
    }
}

fn bare(key: &str) -> String {
    let is_bare = !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    if is_bare { key.to_owned() } else { format!("{key:?}") }
}
