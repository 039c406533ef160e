//! What Cliengo keeps.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::folded;
use super::table::{Row, Table};

/// A contact. `fields` holds the plain ones under the names of the read shape.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CliengoContact {
    pub(crate) id: String,
    pub(crate) website_id: String,
    pub(crate) fields: Map<String, Value>,
    /// As typed: case and blanks are kept.
    pub(crate) tags: Vec<String>,
    /// Whether it ever lost a tag: then the account knows that it has none.
    #[serde(default)]
    pub(crate) had_tags: bool,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

impl CliengoContact {
    /// A plain field's text; empty when it has none.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

/// A contact that was deleted, as it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeletedContact(pub(crate) CliengoContact);

/// A note.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CliengoNote {
    pub(crate) id: String,
    pub(crate) contact_id: String,
    pub(crate) message: String,
    pub(crate) creator_id: String,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

/// A task of the extended profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CliengoTask {
    pub(crate) id: String,
    pub(crate) contact_id: String,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    /// As it was given: an instant or a plain date.
    pub(crate) due_date: Option<String>,
    pub(crate) completed: bool,
    pub(crate) assigned_to: Option<String>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

impl Row for CliengoContact {
    const NAME: &'static str = "cliengo_contact";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
}

impl Row for DeletedContact {
    const NAME: &'static str = "cliengo_deleted";
    fn id(&self) -> &str {
        &self.0.id
    }
    fn created(&self) -> i64 {
        self.0.created
    }
}

impl Row for CliengoNote {
    const NAME: &'static str = "cliengo_note";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn parent(&self) -> Option<&str> {
        Some(&self.contact_id)
    }
}

impl Row for CliengoTask {
    const NAME: &'static str = "cliengo_task";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn parent(&self) -> Option<&str> {
        Some(&self.contact_id)
    }
}

/// The account's records.
#[derive(Clone, Debug)]
pub(crate) struct CliengoData {
    pub(in crate::sandbox) contacts: Table<CliengoContact>,
    pub(in crate::sandbox) notes: Table<CliengoNote>,
    pub(in crate::sandbox) tasks: Table<CliengoTask>,
    /// Contacts that were deleted: some accounts still show them.
    pub(in crate::sandbox) deleted: Table<DeletedContact>,
}

impl CliengoData {
    pub(crate) fn empty() -> Self {
        let (contacts, notes, tasks) = (Table::recorded(), Table::recorded(), Table::recorded());
        Self { contacts, notes, tasks, deleted: Table::recorded() }
    }

    /// Removes a contact with its notes and tasks.
    pub(crate) fn remove_contact(&mut self, id: &str) -> bool {
        let notes: Vec<String> = self.notes.newest_of(id).iter().map(|note| note.id.clone()).collect();
        let tasks: Vec<String> = self.tasks.newest_of(id).iter().map(|task| task.id.clone()).collect();
        for note in notes {
            self.notes.remove(&note);
        }
        for task in tasks {
            self.tasks.remove(&task);
        }
        let removed = self.contacts.remove(id);
        if let Some(contact) = &removed {
            self.deleted.save(DeletedContact(CliengoContact::clone(contact)));
        }
        removed.is_some()
    }

    /// Moves a contact's date, as a child's edit does in some accounts.
    pub(crate) fn touch(&mut self, id: &str, now: i64) {
        if let Some(contact) = self.contacts.get(id) {
            let touched = CliengoContact { updated: now, ..CliengoContact::clone(contact) };
            self.contacts.save(touched);
        }
    }

    /// The contacts that have this e-mail, whatever its case.
    pub(crate) fn with_email(&self, email: &str) -> Vec<String> {
        let wanted = folded(email);
        let matching = self.contacts.all().filter(|contact| folded(contact.text("email")) == wanted);
        matching.map(|contact| contact.id.clone()).collect()
    }
}
