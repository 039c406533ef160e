//! The JSON Schema of `schedules.toml`, for editors: made from the table of keys.

use serde_json::{Map, Value as Json, json};

use super::keys::{KEYS, Key, Takes};

/// A key, and those below it.
#[derive(Default)]
struct Node {
    key: Option<&'static Key>,
    below: Vec<(&'static str, Node)>,
}

impl Node {
    fn at(&mut self, path: &'static str, key: &'static Key) {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let name = name.trim_end_matches("[]");
        let place = self.below.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            self.below.push((name, Self::default()));
            self.below.len() - 1
        });
        let Some((_, node)) = self.below.get_mut(place) else { return };
        match rest {
            Some(rest) => node.at(rest, key),
            None => node.key = Some(key),
        }
    }

    /// The table that this is.
    fn table(&self) -> Json {
        if let [("*", each)] = self.below.as_slice() {
            return json!({ "type": "object", "additionalProperties": each.schema() });
        }
        let properties: Map<String, Json> =
            self.below.iter().map(|(name, node)| ((*name).to_owned(), node.schema())).collect();
        json!({ "type": "object", "properties": properties, "additionalProperties": false })
    }

    fn schema(&self) -> Json {
        let Some(key) = self.key else { return self.table() };
        let mut schema = match key.takes {
            Takes::Table if key.path == "defaults" => json!({ "$ref": "#/$defs/pair" }),
            Takes::Table if key.path == "pair.*" => json!({ "$ref": "#/$defs/pair" }),
            Takes::Table => self.table(),
            Takes::Tables => json!({ "type": "array", "items": self.table() }),
            Takes::Text | Takes::Path => json!({ "type": "string" }),
            Takes::Duration => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" }),
            Takes::Boolean => json!({ "type": "boolean" }),
            Takes::Whole => json!({ "type": "integer", "minimum": 0 }),
            Takes::Number => json!({ "type": "number", "minimum": 0 }),
            Takes::Choice(choices) => json!({ "enum": choices }),
            Takes::Choices(choices) => json!({ "type": "array", "items": { "enum": choices } }),
            Takes::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Takes::Secret => json!({ "$ref": "#/$defs/secret" }),
            Takes::Readable => json!({ "enum": [true, false, "auto"] }),
            Takes::Names => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        };
        if let Some(fields) = schema.as_object_mut() {
            fields.insert("description".to_owned(), key.says.into());
            if let Some(default) = default_of(key) {
                fields.insert("default".to_owned(), default);
            }
        }
        schema
    }
}

/// A default as JSON: TOML writes the values that stand in the table the same way, but for empty tables.
fn default_of(key: &Key) -> Option<Json> {
    serde_json::from_str(key.default).ok()
}

/// The whole schema.
#[must_use]
pub fn schema() -> Json {
    let mut root = Node::default();
    for key in KEYS {
        root.at(key.path, key);
    }
    let pairs = root.below.iter().find(|(name, _)| *name == "pair").and_then(|(_, pairs)| pairs.below.first());
    let pair = pairs.map(|(_, each)| each.table()).unwrap_or_default();
    let source = |name: &str, says: &str| {
        json!({
            "type": "object",
            "properties": { name: { "type": "string", "description": says } },
            "required": [name],
            "additionalProperties": false,
        })
    };
    let mut schema = root.table();
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        fields.insert("title".to_owned(), "schedules.toml of Concord".into());
        let secret = [
            source("env", "an environment variable"),
            source("file", "a file that its owner alone reads"),
            source("credential", "a credential of systemd's"),
        ];
        fields.insert("$defs".to_owned(), json!({ "pair": pair, "secret": { "oneOf": secret } }));
    }
    schema
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::config::{Config, reader};

    /// Every table there is, so that the reader asks for all its keys.
    const EVERYTHING: &str = "
        [[schedule]]
        name = \"nightly\"
        cron = \"0 3 * * *\"
        timezone = \"UTC\"
        [daemon]
        [notify]
        smtp = { host = \"localhost\" }
        email = { from = \"a@example.com\", to = [\"b@example.com\"] }
        [report]
        [retention]
        [agency.main]
        client_id = \"x\"
        client_secret = { env = \"X\" }
        key = { env = \"X\" }
        [pair.one]
        [pair.one.cliengo]
        api_key = { env = \"X\" }
        website_id = \"5f3c0000000000000000000a\"
        [pair.one.ghl]
        location_id = \"C2QujeCh8ZnC7al2InWR\"
        oauth = { client_id = \"x\", client_secret = { env = \"X\" }, key = { env = \"X\" } }
        [[pair.one.map]]
        cliengo = \"leadFields.budget\"
        ghl = \"customFields.budget\"
        direction = \"to_ghl\"
        [[pair.one.tasks.map]]
        cliengo = \"assignedTo\"
        ghl = \"assignedTo\"
        [[pair.one.notes.map]]
        cliengo = \"creatorId\"
        ghl = \"userId\"
        direction = \"to_ghl\"
        [[pair.one.trigger]]
        when = { field = \"tags\", becomes = \"hot\" }
        workflow = \"x\"
        [pair.two]
        [pair.two.cliengo]
        api_key = { env = \"Y\" }
        website_id = \"5f3c0000000000000000000b\"
        [pair.two.ghl]
        location_id = \"C2QujeCh8ZnC7al2InWS\"
        oauth = { agency = \"main\" }
    ";

    #[test]
    fn the_table_has_the_keys_that_the_reader_reads_and_no_others() {
        let (config, asked) = reader::asked(|| Config::parse(EVERYTHING, Path::new("schedules.toml")));
        config.unwrap();
        let general = |path: &String| {
            let path =
                path.replace("pair.one", "pair.*").replace("pair.two", "pair.*").replace("agency.main", "agency.*");
            let path: String = path.chars().filter(|letter| !letter.is_ascii_digit()).collect();
            path.replace("schedule.", "schedule[].").replace(".map.", ".map[].")
        };
        let secret = |path: &String| [".env", ".file", ".credential"].iter().any(|end| path.ends_with(end));
        let read: BTreeSet<String> = asked.iter().map(general).filter(|path| !secret(path)).collect();
        let known: BTreeSet<String> =
            KEYS.iter().map(|key| key.path.to_owned()).filter(|path| !path.ends_with('*')).collect();
        let missing: Vec<&String> =
            read.difference(&known).filter(|path| !["pair", "agency"].contains(&path.as_str())).collect();
        let dead: Vec<&String> = known.difference(&read).collect();
        assert!(missing.is_empty() && dead.is_empty(), "add to src/config/keys.rs: {missing:?}; take out: {dead:?}");
    }

    #[test]
    fn the_schema_is_of_every_key_and_knows_each_default() {
        let schema = schema();
        let page = &schema["$defs"]["pair"]["properties"]["cliengo"]["properties"]["page_size"];
        assert_eq!((&page["type"], &page["default"]), (&json!("integer"), &json!(50)));
        assert_eq!(schema["properties"]["pair"]["additionalProperties"]["$ref"], json!("#/$defs/pair"));
        assert_eq!(
            schema["properties"]["schedule"]["items"]["properties"]["run"]["enum"],
            json!(["sync", "plan", "full"])
        );
        assert_eq!(schema["additionalProperties"], json!(false));
        for key in KEYS {
            assert!(!key.says.is_empty() && (key.default.is_empty() || default_of(key).is_some()), "{}", key.path);
        }
    }

    /// The table of `docs/CONFIGURATION.md`, as the keys say.
    fn table() -> String {
        let mut text = String::from("| key | takes | left out | what it is for |\n| --- | --- | --- | --- |\n");
        for key in KEYS.iter().filter(|key| !matches!(key.takes, Takes::Table | Takes::Tables)) {
            let choices =
                |choices: &[&str]| choices.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
            let takes = match key.takes {
                Takes::Choice(known) => choices(known),
                Takes::Choices(known) => format!("a list of {}", choices(known)),
                Takes::Text => "text".to_owned(),
                Takes::Path => "a path".to_owned(),
                Takes::Duration => "a duration".to_owned(),
                Takes::Boolean => "`true`, `false`".to_owned(),
                Takes::Whole => "a whole number".to_owned(),
                Takes::Number => "a number".to_owned(),
                Takes::Texts => "a list of texts".to_owned(),
                Takes::Secret => "where the secret is".to_owned(),
                Takes::Readable => "`true`, `false`, `auto`".to_owned(),
                Takes::Names => "texts by name".to_owned(),
                Takes::Table | Takes::Tables => String::new(),
            };
            let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
            text.push_str(&format!("| `{}` | {takes} | {default} | {} |\n", key.path, key.says));
        }
        text
    }

    /// `CONCORD_BLESS=1` writes both files again.
    #[test]
    fn the_documentation_and_the_shipped_schema_are_made_from_the_table() {
        let schema = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
        let bless = std::env::var_os("CONCORD_BLESS").is_some();
        let documentation = std::fs::read_to_string("docs/CONFIGURATION.md").unwrap();
        let (before, _) = documentation.split_once("| key |").unwrap();
        let expected = format!("{before}{}", table());
        if bless {
            std::fs::write("docs/CONFIGURATION.md", &expected).unwrap();
            std::fs::write("schedules.schema.json", &schema).unwrap();
        }
        assert_eq!(std::fs::read_to_string("docs/CONFIGURATION.md").unwrap(), expected, "bless it");
        assert_eq!(std::fs::read_to_string("schedules.schema.json").unwrap(), schema, "bless it");
    }
}
