//! Edits as people make them in the CRMs' own screens: the JSON lines of `sandbox edit --script`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::data::{Data, Moment, parse_date};
use crate::record::Side;

mod cliengo;
mod ghl;

pub(super) use ghl::merge;

/// What an edit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EditOp {
    /// Makes a record.
    Create,
    /// Changes fields.
    Update,
    /// Removes a record.
    Delete,
    /// Merges another GHL contact into this one: its tasks, notes and tags move here, its e-mail and phone become further ones.
    Merge,
}

/// What an edit concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EditKind {
    /// A person.
    Contact,
    /// A task of `contact`.
    Task,
    /// A note of `contact`.
    Note,
    /// A tag on `contact`: `create` or `delete` with `set = {"tag": "…"}`.
    Tag,
}

impl EditKind {
    fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Task => "task",
            Self::Note => "note",
            Self::Tag => "tag",
        }
    }
}

/// One edit, as a line of a script has it.
///
/// Keys of `set`, by kind. Contact: the CRM's own write names, `tags`, on Cliengo `lastName` and `leadFields`, on GHL
/// `additionalEmails`, `additionalPhones` and `customFields` by key, as `{"presupuesto": 1}`; `null` clears. Task: `title`,
/// `description` (or `body`), `dueDate`, `completed`, `assignedTo`. Note: `message` (or `body`). A `create` of these
/// takes `createdAt` too, an instant in the past. A `merge` takes `merged`: the id or e-mail of the contact that goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Whose record it is.
    pub side: Side,
    /// What is done.
    pub op: EditOp,
    /// What it is done to.
    pub kind: EditKind,
    /// The contact's id or e-mail; a new contact needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The task's or note's id (or the contact's, where `contact` is not given). With `create` of a GHL contact: the id
    /// under which it is restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The fields to set.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub set: Map<String, Value>,
}

impl std::str::FromStr for Edit {
    type Err = super::SandboxError;

    /// Reads one line of a script.
    fn from_str(line: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(line).map_err(|error| super::SandboxError::Edit(error.to_string()))
    }
}

/// Applies an edit; returns it with the ids of what it concerned.
pub(super) fn apply(data: &mut Data, edit: &Edit, moment: Moment) -> Result<Edit, String> {
    let mut applied = edit.clone();
    match edit.side {
        Side::Cliengo => cliengo::apply(data, &mut applied, moment)?,
        Side::Ghl => ghl::apply(data, &mut applied, moment)?,
    }
    Ok(applied)
}

impl Edit {
    fn what(&self) -> String {
        format!("{} {} {}", self.side, json!(self.op).as_str().unwrap_or_default(), self.kind.name())
    }

    /// Refuses keys of `set` that are not among `known`.
    fn check(&self, known: &[&str]) -> Result<(), String> {
        let creates = self.op == EditOp::Create && self.kind != EditKind::Tag;
        let fits = |key: &str| known.contains(&key) || (creates && key == "createdAt");
        match self.set.keys().find(|key| !fits(key)) {
            Some(key) => Err(format!("{}: unknown key `{key}` in `set`; known: {}", self.what(), known.join(", "))),
            None => Ok(()),
        }
    }

    /// When a created record says that it was made.
    fn created(&self, moment: Moment) -> Result<i64, String> {
        let Some(given) = self.set.get("createdAt") else { return Ok(moment.now) };
        let at = given.as_str().and_then(parse_date);
        at.ok_or_else(|| format!("{}: `createdAt` must be a date, not {given}", self.what()))
    }

    /// The record's id, which an update or delete must have.
    fn record_id(&self) -> Result<&str, String> {
        self.id.as_deref().ok_or_else(|| format!("{}: `id` is missing", self.what()))
    }

    /// The only contact that `contact` (or `id`) names.
    fn contact_id(
        &self,
        exists: impl Fn(&str) -> bool,
        by_email: impl Fn(&str) -> Vec<String>,
    ) -> Result<String, String> {
        let of_contact = self.kind == EditKind::Contact;
        let named = self.contact.as_ref().or(self.id.as_ref().filter(|_| of_contact));
        let named = named.ok_or_else(|| format!("{}: `contact` is missing", self.what()))?;
        if exists(named) {
            return Ok(named.clone());
        }
        let mut found = by_email(named);
        match (found.pop(), found.is_empty()) {
            (Some(id), true) => Ok(id),
            (Some(_), false) => Err(format!("{}: several contacts have the e-mail `{named}`", self.what())),
            (None, _) => Err(format!("{}: no contact has the id or e-mail `{named}`", self.what())),
        }
    }

    fn is_not_merged(&self) -> String {
        format!("{}: only GHL's contacts are merged", self.what())
    }

    fn missing(&self, id: &str) -> String {
        format!("{}: no {} has the id `{id}`", self.what(), self.kind.name())
    }

    fn tag(&self) -> Result<&str, String> {
        self.check(&["tag"])?;
        let tag = self.set.get("tag").and_then(Value::as_str).filter(|tag| !tag.trim().is_empty());
        tag.ok_or_else(|| format!("{}: `set` needs a `tag`", self.what()))
    }

    /// A text of `set`: `None` where the key is absent, an empty text where it is null.
    fn text(&self, keys: &[&str]) -> Result<Option<String>, String> {
        let Some((key, value)) = keys.iter().find_map(|key| self.set.get(*key).map(|value| (key, value))) else {
            return Ok(None);
        };
        match value {
            Value::Null => Ok(Some(String::new())),
            Value::String(text) => Ok(Some(text.clone())),
            other => Err(format!("{}: `{key}` must be a text, not {other}", self.what())),
        }
    }

    fn flag(&self, key: &str) -> Result<Option<bool>, String> {
        match self.set.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(format!("{}: `{key}` must be true or false, not {other}", self.what())),
        }
    }

    fn texts(&self, key: &str) -> Result<Option<Vec<String>>, String> {
        let Some(value) = self.set.get(key) else { return Ok(None) };
        let items = value.as_array().map(|items| items.iter().map(|item| item.as_str().map(str::to_owned)));
        let texts = items.and_then(Iterator::collect::<Option<Vec<String>>>);
        texts.map(Some).ok_or_else(|| format!("{}: `{key}` must be a list of texts", self.what()))
    }

    /// A due date of `set`: absent, cleared, or one that can be read.
    fn due(&self) -> Result<Option<String>, String> {
        match self.text(&["dueDate"])? {
            Some(due) if !due.is_empty() && parse_date(&due).is_none() => {
                Err(format!("{}: `dueDate` must be a date, not `{due}`", self.what()))
            }
            due => Ok(due),
        }
    }
}
