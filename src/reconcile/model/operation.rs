//! An operation: one thing to do on one side, as the plan holds it, the run sends it and the report shows it.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::lost::Moved;
use super::names::{enrolment_id, name_of};
use super::settle::{Making, Settle};
use super::subject::{Place, Subject};
use crate::record::{Action, Enrolment, Field, Ids, Kind, MatchKey, Recognised, Request, Role, Side, Value, Write};

/// One thing to do on one side.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its number in the plan, from 1.
    pub id: u32,
    /// Which contact's operations it is among: those of one family are done in order, families side by side.
    pub family: u32,
    /// Where it is done.
    pub side: Side,
    /// To what kind of record.
    pub kind: Kind,
    /// The record's name for a person.
    pub label: String,
    /// The name of the contact that it belongs to (its own, for a contact).
    pub contact: String,
    /// The record's ids, where it exists.
    pub ids: Ids,
    /// The ids of its contact, for tasks and notes.
    pub parent: Ids,
    /// What changes, for a person.
    pub changes: Vec<Change>,
    /// What is sent. The run sends exactly these. (I48)
    pub requests: Vec<Request>,
    /// What is done.
    pub work: Work,
}

/// What an operation does.
#[derive(Clone, Debug)]
pub enum Work {
    /// It remembers that two records that exist are one, and sends nothing.
    Link(Box<Link>),
    /// It writes something, and the snapshot takes this when that was done.
    Write(Box<Write>, Settle),
}

/// Two records that exist and are one.
#[derive(Clone, Debug, Default)]
pub struct Link {
    /// The link that is made.
    pub made: Making,
    /// What it counts as.
    pub role: Role,
    /// It is outside the scope.
    pub outside: bool,
    /// What the two records were recognised by.
    pub matched_by: Option<MatchedBy>,
    /// Of two contacts: the key in the form that was compared, and both names.
    pub matched_on: Option<Box<Recognised>>,
    /// It is one that was there, and goes along with a contact that was merged.
    pub moved: Option<Box<Moved>>,
}

/// What two records were recognised by as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// Contacts of one e-mail.
    Email,
    /// Contacts of one phone.
    Phone,
    /// Notes of one text, under one contact.
    Text,
    /// Tasks of one title and due date, under one contact.
    Title,
    /// The contact that the linked one was merged into in GHL. (`semantics` 10)
    Merge,
}

impl MatchedBy {
    /// What stands under a contact, by that without which there is none.
    #[must_use]
    pub fn child(kind: Kind) -> Self {
        if kind.required() == Some(&Field::Title) { Self::Title } else { Self::Text }
    }

    /// Contacts of this key.
    #[must_use]
    pub const fn of(key: &MatchKey) -> Self {
        match key {
            MatchKey::Email(_) => Self::Email,
            MatchKey::Phone(_) => Self::Phone,
        }
    }
}

impl Operation {
    /// Something to be written. What changes is told from what is written; `origin` is the side that the values come from.
    #[must_use]
    pub fn writing(
        id: u32,
        place: Place,
        subject: &Subject,
        side: Side,
        origin: Side,
        write: Write,
        settle: Settle,
    ) -> Self {
        let changes = Change::of(&write, origin);
        let work = Work::Write(Box::new(write), settle);
        Self { side, changes, ..Self::of(id, place, subject, work) }
    }

    /// Two records that exist and are one.
    #[must_use]
    pub fn linking(id: u32, place: Place, subject: &Subject, link: Link) -> Self {
        Self::of(id, place, subject, Work::Link(Box::new(link)))
    }

    fn of(id: u32, place: Place, subject: &Subject, work: Work) -> Self {
        Self {
            id,
            family: place.family,
            side: Side::Cliengo,
            kind: subject.kind,
            label: subject.label.clone(),
            contact: place.contact,
            ids: subject.ids.clone(),
            parent: place.parent,
            changes: Vec::new(),
            requests: Vec::new(),
            work,
        }
    }

    /// What is done, by its name.
    #[must_use]
    pub fn action(&self) -> Action {
        self.write().map_or(Action::Link, |write| write.action)
    }

    /// Of two records that are one: their link.
    #[must_use]
    pub fn link(&self) -> Option<&Link> {
        if let Work::Link(link) = &self.work { Some(link) } else { None }
    }

    /// Of a link that goes along with a contact that was merged: where from.
    #[must_use]
    pub fn moved(&self) -> Option<&Moved> {
        self.link().and_then(|link| link.moved.as_deref())
    }

    /// What is written, in canonical terms.
    #[must_use]
    pub fn write(&self) -> Option<&Write> {
        if let Work::Write(write, _) = &self.work { Some(write) } else { None }
    }

    /// The same, to be changed.
    pub fn write_mut(&mut self) -> Option<&mut Write> {
        if let Work::Write(write, _) = &mut self.work { Some(write) } else { None }
    }

    /// What the snapshot takes when it was written.
    #[must_use]
    pub fn settle(&self) -> Option<&Settle> {
        if let Work::Write(_, settle) = &self.work { Some(settle) } else { None }
    }

    /// The undo records of an earlier run that it takes back.
    #[must_use]
    pub fn undoes(&self) -> &[i64] {
        self.settle().map(Settle::undoes).unwrap_or_default()
    }

    /// What the contact is put into.
    #[must_use]
    pub fn enrols(&self) -> Option<&Enrolment> {
        self.settle().and_then(Settle::enrols)
    }

    /// The operation as it stands in a plan's JSON, without an outcome.
    #[must_use]
    pub fn canonical(&self) -> Json {
        let mut document = serde_json::json!({
            "id": self.id,
            "side": self.side,
            "kind": self.kind,
            "action": self.action(),
            "label": self.label,
            "ids": self.ids,
            "changes": self.changes,
            "requests": self.requests,
        });
        if let (Some(moved), Some(entries)) = (self.moved(), document.as_object_mut()) {
            entries.insert("matched_by".to_owned(), serde_json::json!(MatchedBy::Merge));
            entries.insert("merged_from".to_owned(), moved.from.as_str().into());
        }
        document
    }

    /// The id under which it waits where it fails: the same as long as the same is to be done to the same record.
    #[must_use]
    pub fn failed_operation_id(&self, pair: &str) -> String {
        if let Some(enrolment) = self.enrols() {
            return enrolment_id(pair, enrolment);
        }
        let (side, other) = (self.side, self.side.other());
        let record = self.ids.of(side).or_else(|| self.ids.of(other)).unwrap_or_default();
        // Cliengo is told of several tasks of one contact.
        let told =
            self.settle().and_then(Settle::projects).map(|told| format!("{}:{}", told.facet.as_str(), told.task));
        let told = told.unwrap_or_default();
        name_of(&["setback", pair, side.as_str(), self.kind.as_str(), self.action().as_str(), record, &told])
    }

    /// The operation without its number and requests, which another night may give to another operation: what two nights
    /// are compared by.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut document = self.canonical();
        if let Some(fields) = document.as_object_mut() {
            fields.remove("id");
            fields.remove("requests");
        }
        blake3::hash(document.to_string().as_bytes()).to_hex().as_str().chars().take(24).collect()
    }
}

/// One change, as a person is shown it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Change {
    /// Tags added and removed.
    Tags {
        /// Always `tags`.
        field: Field,
        /// Added, as the target spells them.
        added: Vec<String>,
        /// Removed.
        removed: Vec<String>,
    },
    /// A field's value.
    Value {
        /// The field.
        field: Field,
        /// What the target holds.
        before: Json,
        /// What it will hold.
        after: Json,
        /// The side that the value comes from.
        origin: Side,
    },
}

impl Change {
    /// What a write changes, field by field, and its tags.
    #[must_use]
    pub fn of(write: &Write, origin: Side) -> Vec<Self> {
        let stood = |field: &Field| write.before.get(field).map_or(Json::Null, Value::json);
        let value = |(field, value): (&Field, &Value)| Self::Value {
            field: field.clone(),
            before: stood(field),
            after: value.json(),
            origin,
        };
        let mut changes: Vec<Self> = write.set.iter().map(value).collect();
        if !(write.add_tags.is_empty() && write.remove_tags.is_empty()) {
            let (added, removed) = (write.add_tags.clone(), write.remove_tags.clone());
            changes.push(Self::Tags { field: Field::Tags, added, removed });
        }
        changes
    }
}

#[cfg(test)]
impl Work {
    /// Of a plan that is only shown: what is written does not matter.
    #[must_use]
    pub fn shown(action: Action, kind: Kind) -> Self {
        use crate::record::{Fields, Target};
        let target = (Target::CreatedBy(0), None);
        let nothing = Fields::new();
        let write = match action {
            Action::Link => return Self::Link(Box::default()),
            Action::Create => Write::create(kind, None, nothing),
            Action::Update | Action::Complete => {
                Write::update(kind, target, nothing.clone(), &nothing, action == Action::Complete)
            }
            Action::Delete => Write::delete(kind, target, &nothing),
            Action::Tag => Write::tags(target.0, Vec::new(), Vec::new()),
            Action::Enrol => Write::enrol(target.0, &crate::record::Effect::Tag(String::new())),
        };
        Self::Write(Box::new(write), Settle::Update(Box::default()))
    }
}
