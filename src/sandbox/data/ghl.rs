//! What GHL keeps: the primary store, the duplicate keys, and the search index that stays behind.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::ghl_record::{GhlContact, GhlNote, GhlTag, GhlTask};
use super::ghl_resource::GhlResource;
use super::index::{Change, Index};
use super::table::Table;
use super::tokens::Tokens;
use super::{Moment, folded};

/// The location's records. Contacts and tasks change only through `save_…` and `remove_…`, which keep keys and index.
#[derive(Clone, Debug)]
pub(crate) struct GhlData {
    pub(in crate::sandbox) contacts: Table<GhlContact>,
    pub(in crate::sandbox) notes: Table<GhlNote>,
    pub(in crate::sandbox) tasks: Table<GhlTask>,
    pub(in crate::sandbox) tags: Table<GhlTag>,
    pub(in crate::sandbox) resources: Table<GhlResource>,
    pub(in crate::sandbox) index: Index,
    /// Answers given so far; the trace ids follow from it.
    pub(in crate::sandbox) answered: u64,
    /// Consents and tokens.
    pub(in crate::sandbox) oauth: Tokens,
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
            resources: Table::recorded(),
            index: Index::empty(),
            answered: 0,
            oauth: Tokens::default(),
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
