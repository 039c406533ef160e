//! What each side can do, per kind: data that the CRMs fill in and the merge reads.

use std::collections::BTreeSet;

use super::{ByKind, Field};

/// What one side can do with one kind of record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "five independent facts about a CRM, read by name")]
pub struct KindCapabilities {
    /// Whether this side has the kind at all. `false`: it takes no part, on either side.
    pub list: bool,
    /// Whether everybody's are listed at once, page by page; else each contact's with a request of its own.
    pub at_once: bool,
    /// Creates records.
    pub create: bool,
    /// Changes fields of existing records.
    pub update: bool,
    /// Removes records.
    pub delete: bool,
    /// Fields that can be emptied by an update.
    pub clearable: BTreeSet<Field>,
}

/// What one side can do with tags on a contact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "five independent facts about a CRM, read by name")]
pub struct TagCapabilities {
    /// A listing shows them.
    pub read: bool,
    /// They can be added.
    pub add: bool,
    /// They can be removed.
    pub remove: bool,
    /// They are stored in lower case.
    pub lowercase: bool,
    /// A contact's create request takes them; else they follow in requests of their own.
    pub with_create: bool,
}

/// How a side stores a person's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameForm {
    /// First and last name, both writable (GHL).
    #[default]
    FirstAndLast,
    /// One writable `name`, and a last name that can be read only (Cliengo).
    NameAndReadOnlyLast,
    /// One writable `name`, which the side parts into a first and a last name itself.
    Parted,
}

/// What one side can do: a table, so that a rule asks what a side can do, and not which CRM it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Per kind.
    pub kinds: ByKind<KindCapabilities>,
    /// Tags on contacts.
    pub tags: TagCapabilities,
    /// The form of names.
    pub name: NameForm,
    /// A task's completion has its own endpoint.
    pub complete_endpoint: bool,
    /// A task must have a due date.
    pub due_required: bool,
    /// Deleting a contact deletes its tasks and notes.
    pub cascades: bool,
}
