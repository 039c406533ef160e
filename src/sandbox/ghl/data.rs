//! What GHL keeps: the primary store, the duplicate keys, and the search index that stays behind.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::data::{Moment, folded};
use super::super::table::{Row, Table};
use super::index::{Change, Index};
use super::oauth::OAuthData;

/// A contact. `fields` holds the plain ones under their write names; a field without a value is absent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GhlContact {
    pub(crate) id: String,
    pub(crate) fields: Map<String, Value>,
    /// Trimmed and in lower case.
    pub(crate) tags: Vec<String>,
    pub(crate) additional_emails: Vec<String>,
    pub(crate) additional_phones: Vec<String>,
    pub(crate) custom_fields: Vec<CustomValue>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

/// A custom field's value on one contact.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CustomValue {
    pub(crate) id: String,
    pub(crate) value: Value,
}

impl GhlContact {
    /// A plain field's text; empty when it has none.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// First and last name, as far as there are any.
    pub(crate) fn full_name(&self) -> String {
        [self.text("firstName"), self.text("lastName")].join(" ").trim().to_owned()
    }

    fn emails(&self) -> impl Iterator<Item = String> {
        let all = std::iter::once(self.text("email")).chain(self.additional_emails.iter().map(String::as_str));
        all.map(folded).filter(|email| !email.is_empty())
    }

    fn phones(&self) -> impl Iterator<Item = String> {
        let all = std::iter::once(self.text("phone")).chain(self.additional_phones.iter().map(String::as_str));
        all.filter(|phone| !phone.is_empty()).map(str::to_owned)
    }
}

/// A note; `body` may be HTML.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GhlNote {
    pub(crate) id: String,
    pub(crate) contact_id: String,
    pub(crate) body: String,
    pub(crate) user_id: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) color: Option<String>,
    pub(crate) pinned: bool,
    pub(crate) created: i64,
}

/// A task; GHL has none without a due date.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GhlTask {
    pub(crate) id: String,
    pub(crate) contact_id: String,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) assigned_to: Option<String>,
    pub(crate) due: i64,
    pub(crate) completed: bool,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

/// A tag as the location knows it; it outlives its last contact.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GhlTag {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created: i64,
}

impl Row for GhlContact {
    const NAME: &'static str = "ghl_contact";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
}

impl Row for GhlNote {
    const NAME: &'static str = "ghl_note";
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

impl Row for GhlTask {
    const NAME: &'static str = "ghl_task";
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

impl Row for GhlTag {
    const NAME: &'static str = "ghl_tag";
    #[expect(clippy::misnamed_getters, reason = "a tag is known by its name")]
    fn id(&self) -> &str {
        &self.name
    }
    fn created(&self) -> i64 {
        self.created
    }
}

/// The location's records. Contacts and tasks change only through `save_…` and `remove_…`, which keep keys and index.
#[derive(Clone, Debug)]
pub(crate) struct GhlData {
    pub(in crate::sandbox) contacts: Table<GhlContact>,
    pub(in crate::sandbox) notes: Table<GhlNote>,
    pub(in crate::sandbox) tasks: Table<GhlTask>,
    pub(in crate::sandbox) tags: Table<GhlTag>,
    pub(in crate::sandbox) index: Index,
    /// Answers given so far; the trace ids follow from it.
    pub(in crate::sandbox) answered: u64,
    /// Consents and tokens.
    pub(in crate::sandbox) oauth: OAuthData,
    /// When the firewall took against the caller.
    pub(in crate::sandbox) blocked_since: Option<i64>,
    /// Contacts that people deleted, as they were.
    pub(in crate::sandbox) bin: HashMap<String, Arc<GhlContact>>,
    /// Into which contact another was merged.
    pub(in crate::sandbox) merged: HashMap<String, String>,
    emails: HashMap<String, BTreeSet<String>>,
    phones: HashMap<String, BTreeSet<String>>,
}

impl GhlData {
    pub(crate) fn empty() -> Self {
        Self {
            contacts: Table::recorded(),
            notes: Table::recorded(),
            tasks: Table::recorded(),
            tags: Table::recorded(),
            index: Index::empty(),
            answered: 0,
            oauth: OAuthData::default(),
            blocked_since: None,
            bin: HashMap::new(),
            merged: HashMap::new(),
            emails: HashMap::new(),
            phones: HashMap::new(),
        }
    }

    pub(in crate::sandbox) fn save_contact(&mut self, contact: impl Into<Arc<GhlContact>>, moment: Moment) {
        let contact = contact.into();
        self.forget_keys(&contact.id);
        for email in contact.emails() {
            self.emails.entry(email).or_default().insert(contact.id.clone());
        }
        for phone in contact.phones() {
            self.phones.entry(phone).or_default().insert(contact.id.clone());
        }
        self.index.hear(Change::Contact(Arc::clone(&contact)), moment);
        self.contacts.save(contact);
    }

    /// Removes a contact with its notes and tasks, for good.
    pub(in crate::sandbox) fn remove_contact(&mut self, id: &str, moment: Moment) -> bool {
        let notes: Vec<String> = self.notes.newest_of(id).iter().map(|note| note.id.clone()).collect();
        let tasks: Vec<String> = self.tasks.newest_of(id).iter().map(|task| task.id.clone()).collect();
        for note in notes {
            self.notes.remove(&note);
        }
        for task in tasks {
            self.remove_task(&task, moment);
        }
        self.forget_keys(id);
        self.index.hear(Change::ContactGone(id.to_owned()), moment);
        self.contacts.remove(id).is_some()
    }

    pub(in crate::sandbox) fn save_task(&mut self, task: impl Into<Arc<GhlTask>>, moment: Moment) {
        let task = task.into();
        self.index.hear(Change::Task(Arc::clone(&task)), moment);
        self.tasks.save(task);
    }

    pub(in crate::sandbox) fn remove_task(&mut self, id: &str, moment: Moment) -> bool {
        self.index.hear(Change::TaskGone(id.to_owned()), moment);
        self.tasks.remove(id).is_some()
    }

    /// The contacts that have this e-mail, first or additional, whatever its case.
    pub(crate) fn with_email(&self, email: &str) -> Vec<&str> {
        let ids = self.emails.get(&folded(email));
        ids.into_iter().flatten().map(String::as_str).collect()
    }

    /// The contacts that have this number, first or additional.
    pub(crate) fn with_phone(&self, phone: &str) -> Vec<&str> {
        let ids = self.phones.get(phone);
        ids.into_iter().flatten().map(String::as_str).collect()
    }

    /// Moves a contact's date, as a child's edit does in some locations.
    pub(in crate::sandbox) fn touch(&mut self, id: &str, moment: Moment) {
        if let Some(contact) = self.contacts.get(id) {
            let touched = GhlContact { updated: moment.now, ..GhlContact::clone(contact) };
            self.save_contact(touched, moment);
        }
    }

    fn forget_keys(&mut self, id: &str) {
        let Some(old) = self.contacts.get(id) else { return };
        for email in old.emails() {
            if let Some(ids) = self.emails.get_mut(&email) {
                ids.remove(id);
            }
        }
        for phone in old.phones() {
            if let Some(ids) = self.phones.get_mut(&phone) {
                ids.remove(id);
            }
        }
    }
}
