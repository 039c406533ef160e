//! A write in canonical terms, and the HTTP request it becomes.

use serde::{Deserialize, Serialize};

use super::{Effect, Fields, Kind, SideId, Value};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Makes the missing counterpart.
    Create,
    /// Changes fields.
    Update,
    /// Removes the counterpart of what was removed on the other side.
    Delete,
    /// Opens or completes a task through its own endpoint.
    Complete,
    /// Adds and removes tags.
    Tag,
    /// Puts a contact into a workflow or a campaign, or gives it a trigger's tag: at most once, for ever.
    Enrol,
    /// Remembers that two existing records are one; sends nothing.
    Link,
}

impl Action {
    /// The name used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Complete => "complete",
            Self::Tag => "tag",
            Self::Enrol => "enrol",
            Self::Link => "link",
        }
    }
}

/// A record that exists, or that an earlier operation of the same plan makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// It exists under this id.
    Existing(SideId),
    /// Operation number `n` of the plan creates it: stands as `{op:n}` in a path.
    CreatedBy(u32),
}

impl Target {
    /// How the target stands in a request path: the id, or `{op:3}`.
    #[must_use]
    pub fn path_segment(&self) -> String {
        match self {
            Self::Existing(id) => id.as_str().to_owned(),
            Self::CreatedBy(operation) => format!("{{op:{operation}}}"),
        }
    }
}

/// One change on one side, in canonical terms: what a CRM's `requests` turns into HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// What kind of record.
    pub kind: Kind,
    /// What is done to it. Never `Link`.
    pub action: Action,
    /// The record; `None` for a create.
    pub target: Option<Target>,
    /// The contact that a task or note belongs to; `None` for contacts.
    pub parent: Option<Target>,
    /// The fields to write, with the values the target is to hold. `Value::Empty` clears.
    pub set: Fields,
    /// What the target holds now, in these and the other fields known; empty for a create.
    pub before: Fields,
    /// Tags to add, as the target spells them.
    pub add_tags: Vec<String>,
    /// Tags to remove, in every spelling the target holds.
    pub remove_tags: Vec<String>,
}

impl Write {
    /// Whether this is a change of a record that has another id.
    #[must_use]
    pub fn changes_another_than(&self, id: &str) -> bool {
        matches!(self.action, Action::Update | Action::Complete | Action::Tag)
            && matches!(&self.target, Some(Target::Existing(target)) if target.as_str() != id)
    }

    fn of(kind: Kind, action: Action, target: Option<Target>, parent: Option<Target>) -> Self {
        let (set, before) = (Fields::new(), Fields::new());
        Self { kind, action, target, parent, set, before, add_tags: Vec::new(), remove_tags: Vec::new() }
    }

    /// A new record, under its contact where it is a task or note.
    #[must_use]
    pub fn create(kind: Kind, parent: Option<Target>, set: Fields) -> Self {
        Self { set, ..Self::of(kind, Action::Create, None, parent) }
    }

    /// Fields of a record that stands there as in `before`; `completes`: through the endpoint for completing tasks.
    #[must_use]
    pub fn update(
        kind: Kind,
        (target, parent): (Target, Option<Target>),
        set: Fields,
        before: &Fields,
        completes: bool,
    ) -> Self {
        let action = if completes { Action::Complete } else { Action::Update };
        Self { set, before: before.clone(), ..Self::of(kind, action, Some(target), parent) }
    }

    /// Tags of a contact, as the target spells them.
    #[must_use]
    pub fn tags(target: Target, add_tags: Vec<String>, remove_tags: Vec<String>) -> Self {
        Self { add_tags, remove_tags, ..Self::of(Kind::Contact, Action::Tag, Some(target), None) }
    }

    /// A contact that is put into something.
    #[must_use]
    pub fn enrol(target: Target, effect: &Effect) -> Self {
        let set = Fields::from([(effect.field(), Value::line(effect.name()))]);
        Self { set, ..Self::of(Kind::Contact, Action::Enrol, Some(target), None) }
    }

    /// The removal of a record that stands there as in `before`.
    #[must_use]
    pub fn delete(kind: Kind, (target, parent): (Target, Option<Target>), before: &Fields) -> Self {
        Self { before: before.clone(), ..Self::of(kind, Action::Delete, Some(target), parent) }
    }
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, searches, adds tags.
    Post,
    /// Changes.
    Put,
    /// Changes some fields.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// As it stands on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// One request as it is shown in a plan and sent by its run: path below the CRM's base URL, without secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, with its query, below the base URL. May hold `{op:N}` until operation N has an id.
    pub path: String,
    /// The JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<serde_json::Value>,
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), body: None }
    }

    /// The same request with a JSON body.
    #[must_use]
    pub fn with_body(mut self, body: serde_json::Value) -> Self {
        self.body = Some(body);
        self
    }
}
