//! Names for ids, so that a golden file reads as a story: `ana@ghl`, `note:no-contesta@cliengo`.

use std::collections::BTreeMap;

use concord::record::Side;
use serde_json::Value;

use crate::house::text_of;

/// Every record's name, by id and the other way round.
#[derive(Default)]
pub struct Names {
    pub ids: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
}

impl Names {
    pub fn give(&mut self, name: &str, id: &str) {
        self.names.insert(id.to_owned(), name.to_owned());
        self.ids.insert(name.to_owned(), id.to_owned());
    }

    /// Names whatever has none yet: by its first words and its side.
    pub fn name_all(&mut self, dump: &Value) {
        for side in Side::BOTH {
            for (kinds, prefix) in [("contacts", ""), ("tasks", "task:"), ("notes", "note:")] {
                for row in dump[side.as_str()][kinds].as_array().into_iter().flatten() {
                    let Some(id) = id_of(row).filter(|id| !self.names.contains_key(id)) else { continue };
                    let words = match kinds {
                        "contacts" => slug(&text_of(row, &["firstName", "name", "email", "phone"]), 1),
                        _ => slug(&text_of(row, &["title", "message", "body"]), 3),
                    };
                    let name = format!("{prefix}{words}@{side}");
                    let free = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name}#{n}") });
                    let free = free.into_iter().find(|name| !self.ids.contains_key(name)).unwrap_or_default();
                    self.give(&free, &id);
                }
            }
        }
    }

    /// `text` with every id replaced by its name.
    pub fn told(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id, name))
    }
}

pub fn id_of(row: &Value) -> Option<String> {
    ["id", "_id", "ID"].iter().find_map(|key| row[*key].as_str()).map(str::to_owned)
}

fn slug(text: &str, words: usize) -> String {
    let letters = |c: char| if c.is_alphanumeric() { c.to_lowercase().next().unwrap_or(c) } else { ' ' };
    let plain: String = text.chars().map(letters).collect();
    plain.split_whitespace().take(words).collect::<Vec<_>>().join("-")
}
