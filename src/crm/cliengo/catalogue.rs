//! Cliengo's operations (`Cliengo API notes, 2`): the 24 that it publishes, and what else is known.

use crate::crm::catalogue::Decision::{Declined, Used};
use crate::crm::catalogue::{Document, Listed, Row};
use crate::record::Method::{Delete, Get, Patch, Post, Put};
use crate::record::Side;

const NOT_OURS: &str = "changes the account's own settings, which no reconciler may do";
const SENDS: &str = "may send a message to the person, which Concord never does";
const BY_LIST: &str = "the list says the same in fewer requests";

/// What the reference publishes.
#[rustfmt::skip] // one operation a line
const PUBLISHED: &[Row] = &[
    ("companiesinput", Get, "/account", "", Used("every run and `check`: whose account the key opens")),
    ("users", Get, "/users", "", Used("who is who where assignees go over; `check`")),
    ("usersuserid", Get, "/users/{userId}", "", Declined(BY_LIST)),
    ("websites", Get, "/sites", "", Used("`init` and `check`: the website under which contacts are created")),
    ("websiteswebsiteid", Get, "/sites/{websiteId}", "", Declined(BY_LIST)),
    ("chatbots", Get, "/sites/chatbots", "", Declined("chatbots are no part of what both CRMs keep of a person")),
    ("chatbot", Get, "/sites/{websiteId}/chatbot", "", Declined("chatbots are no part of what both CRMs keep of a person")),
    ("contacts-get", Get, "/contacts", "", Used("every run: lists every contact, by windows of their creation")),
    ("contactid", Get, "/contacts/{contactId}", "", Used("a contact that a listing lacks, and one that is about to be overwritten or deleted")),
    ("contact", Post, "/contacts", "", Used("creates a contact that only GHL has")),
    ("contactscontactid", Patch, "/contacts/{contactId}", "", Used("updates a contact's fields")),
    ("contactscontactidstatus", Put, "/contacts/{contactId}/status", "", Declined("the update of a contact takes its status too: one request for all fields")),
    ("contactscontactid-1", Delete, "/contacts/{contactId}", "", Used("removes a contact that was deleted in GHL, where `on_delete` says so, and what an undone run created")),
    ("contactscontactidtags", Post, "/contacts/{contactId}/tags", "", Used("adds a tag")),
    ("contactcontactidnotes", Get, "/contacts/{contactId}/notes", "", Used("lists a contact's notes")),
    ("contactcontactidnotes-1", Post, "/contacts/{contactId}/notes", "", Used("creates a note")),
    ("contactcontactidmessages", Get, "/contacts/{contactId}/messages", "", Used("with `timeline.conversations`: what was talked with a contact, with its notes")),
    ("contactscontactidmessages", Post, "/contacts/{contactId}/messages", "", Declined(SENDS)),
    ("contactscontactidhistory", Get, "/contacts/{contactId}/history", "", Declined("an audit log without ids: nothing in it can be matched, and GHL has no place for it")),
    ("conversations", Get, "/conversations", "", Declined("names no contact: what a person wrote is read per contact")),
    ("conversations-post", Post, "/conversations", "", Declined(SENDS)),
    ("conversations-getbyid", Get, "/conversations/{conversationId}", "", Declined("names no contact: what a person wrote is read per contact")),
    ("conversations-id-messages-get", Get, "/conversations/{conversationId}/messages", "", Declined("names no contact: what a person wrote is read per contact")),
    ("conversations-count", Get, "/conversations/{websiteId}/count", "", Declined("a count that nothing depends on")),
];

/// What its own front end and other clients send, and what accounts may have beyond the reference.
#[rustfmt::skip] // one operation a line
const FURTHER: &[Row] = &[
    ("account-put", Put, "/account", "", Declined(NOT_OURS)),
    ("account-plan", Get, "/account/plan", "", Declined("the account itself says how many leads its plan has left")),
    ("jwt", Get, "/jwt", "", Used("exchanges the key for a token, under `auth = \"jwt\"`")),
    ("users-me", Get, "/users/me", "", Used("`check`: what the key's user may do")),
    ("sites-post", Post, "/sites", "", Declined(NOT_OURS)),
    ("sites-patch", Patch, "/sites/{websiteId}", "", Declined(NOT_OURS)),
    ("contacts-tags-delete", Delete, "/contacts/{contactId}/tags", "", Used("removes a tag, where `capabilities.tag_remove` says that the account can")),
    ("contacts-notes-put", Put, "/contacts/{contactId}/notes/{noteId}", "", Used("updates a note, where `capabilities.note_update` says that the account can")),
    ("contacts-notes-delete", Delete, "/contacts/{contactId}/notes/{noteId}", "", Used("removes a note, where `capabilities.note_delete` says that the account can")),
    ("contacts-tasks", Get, "/contacts/{contactId}/tasks", "", Used("lists a contact's tasks, where the account has tasks")),
    ("contacts-tasks-post", Post, "/contacts/{contactId}/tasks", "", Used("creates a task, where the account has tasks")),
    ("contacts-tasks-put", Put, "/contacts/{contactId}/tasks/{taskId}", "", Used("updates a task, where the account has tasks")),
    ("contacts-tasks-delete", Delete, "/contacts/{contactId}/tasks/{taskId}", "", Used("removes a task, where the account has tasks")),
];

/// Cliengo's operations.
pub(in crate::crm) fn catalogue() -> impl Iterator<Item = Listed> {
    let document = |rows| Document { api: Side::Cliengo, version: "1.0", rows };
    document(PUBLISHED).operations().chain(document(FURTHER).operations())
}
