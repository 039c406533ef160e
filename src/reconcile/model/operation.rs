//! An operation: one thing to do on one side, as the plan holds it, the run sends it and the report shows it.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::names::{enrolment_id, name_of};
use super::subject::{Place, Subject};
use crate::record::{
    Action, Both, Enrolment, Field, Fields, Ids, Kind, MatchKey, Projection, Recognised, Record, Request, Role, Side,
    Tags, Value, Write,
};

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
    /// What is done.
    pub action: Action,
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
    /// The same in canonical terms; `None` for a link.
    pub write: Option<Box<Write>>,
    /// What the shadows take when it was applied.
    pub settle: Settle,
    /// Of a link: what the two records were recognised by.
    pub matched_by: Option<MatchedBy>,
    /// Of a link of two contacts: the key in the form that was compared, and both names.
    pub matched_on: Option<Box<Recognised>>,
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
}

impl MatchedBy {
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
    pub fn write(
        id: u32,
        place: Place,
        subject: &Subject,
        side: Side,
        origin: Side,
        write: Write,
        settle: Settle,
    ) -> Self {
        let (action, changes) = (write.action, Change::of(&write, origin));
        Self { side, action, changes, write: Some(Box::new(write)), ..Self::link(id, place, subject, settle, None) }
    }

    /// Two records that exist and are one.
    #[must_use]
    pub fn link(id: u32, place: Place, subject: &Subject, settle: Settle, matched_by: Option<MatchedBy>) -> Self {
        Self {
            id,
            family: place.family,
            side: Side::Cliengo,
            kind: subject.kind,
            action: Action::Link,
            label: subject.label.clone(),
            contact: place.contact,
            ids: subject.ids.clone(),
            parent: place.parent,
            changes: Vec::new(),
            requests: Vec::new(),
            write: None,
            settle,
            matched_by,
            matched_on: None,
        }
    }

    /// The operation as it stands in a plan's JSON, without an outcome.
    #[must_use]
    pub fn canonical(&self) -> Json {
        serde_json::json!({
            "id": self.id,
            "side": self.side,
            "kind": self.kind,
            "action": self.action,
            "label": self.label,
            "ids": self.ids,
            "changes": self.changes,
            "requests": self.requests,
        })
    }

    /// The id under which it waits where it fails: the same as long as the same is to be done to the same record.
    #[must_use]
    pub fn failed_operation_id(&self, pair: &str) -> String {
        if let Some(enrolment) = &self.settle.enrols {
            return enrolment_id(pair, enrolment);
        }
        let (side, other) = (self.side, self.side.other());
        let record = self.ids.of(side).or_else(|| self.ids.of(other)).unwrap_or_default();
        // Cliengo is told of several tasks of one contact.
        let told = self.settle.projects.as_ref().map(|told| format!("{}:{}", told.facet.as_str(), told.task));
        let told = told.unwrap_or_default();
        name_of(&["setback", pair, side.as_str(), self.kind.as_str(), self.action.as_str(), record, &told])
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

/// A link that exists, or that an operation of the same plan makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkRef {
    /// This link.
    Existing(i64),
    /// The one that operation `n` makes.
    MadeBy(u32),
}

/// What the snapshot takes when an operation was applied. The written fields of the written side come from the CRM's
/// answer; everything else that moves stands here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settle {
    /// The link it belongs to; `None` for a create or a link: they make one.
    pub link: Option<LinkRef>,
    /// The link of its contact, where a task's or note's link is made.
    pub parent: Option<LinkRef>,
    /// Fields that become each side's shadow.
    pub shadows: Both<Fields>,
    /// Tags that both shadows gain and lose: deltas, so that a tag that someone adds meanwhile stays news.
    pub tags: TagDelta,
    /// The link that a recreated record leaves behind.
    pub retires: Option<i64>,
    /// The side whose half is gone: the survivor was marked or made again, or this removes the half; the link is kept.
    pub keeps: Option<Side>,
    /// The link that is made is outside the scope.
    #[serde(default)]
    pub outside: bool,
    /// What the link that is made counts as.
    #[serde(default)]
    pub role: Role,
    /// What Cliengo was told of a task: a note that is made for it gets no link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projects: Option<Box<Projection>>,
    /// What the contact is put into: written down for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrols: Option<Box<Enrolment>>,
    /// The conflicts whose chosen value it writes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<String>,
    /// The undo records of an earlier run that it takes back. The other side has no part in it: its shadow takes what stands in
    /// `shadows`, and no tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undoes: Vec<i64>,
    /// Tags that follow in an operation of their own: only that one takes the undo records back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags_follow: Vec<String>,
}

impl Settle {
    /// Of something that is changed or removed under a link.
    #[must_use]
    pub fn under(link: LinkRef) -> Self {
        Self { link: Some(link), ..Self::default() }
    }

    /// Of a link that is made, with what both shadows take.
    #[must_use]
    pub fn making(parent: Option<LinkRef>, shadows: Both<Fields>, retires: Option<i64>) -> Self {
        Self { parent, shadows, retires, ..Self::default() }
    }
}

/// Tags added and removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagDelta {
    /// Added.
    pub added: Vec<String>,
    /// Removed.
    pub removed: Vec<String>,
}

impl TagDelta {
    /// Whether an answer that tells the tags shows every one of these as it was sent.
    #[must_use]
    pub fn were_kept(&self, answer: &Record) -> bool {
        let tags = match answer.get(&Field::Tags) {
            Some(Value::Tags(tags)) => tags.clone(),
            Some(Value::Empty) => Tags::default(),
            _ => return true,
        };
        self.added.iter().all(|tag| tags.contains(tag)) && !self.removed.iter().any(|tag| tags.contains(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_shows_whether_every_tag_was_kept_as_it_was_sent() {
        let told = |added: &[&str], removed: &[&str], answer: Option<&[&str]>| {
            let owned = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
            let shown = answer.map(|tags| Value::tags(tags.iter().collect::<Tags>()));
            let answer = shown.map_or_else(Record::default, |tags| Record::default().with(Field::Tags, tags));
            TagDelta { added: owned(added), removed: owned(removed) }.were_kept(&answer)
        };
        assert!(told(&["vip"], &["old"], Some(&["vip", "other"])));
        assert!(!told(&["vip", "new"], &[], Some(&["vip"])), "one was not taken");
        assert!(!told(&["vip"], &["old"], Some(&["vip", "old"])), "one was not given up");
        assert!(!told(&["vip"], &[], Some(&[])), "none is there");
        assert!(told(&[], &["old"], Some(&[])));
        assert!(told(&["vip"], &["old"], None), "an answer without tags says nothing");
    }
}
