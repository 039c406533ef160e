//! GHL's operations, from its official files (`GHL API notes, 7`): nine of them, and v3 where it differs.

use crate::crm::catalogue::Decision::{Declined, Used};
use crate::crm::catalogue::{Document, Listed, Row};
use crate::record::Method::{Delete, Get, Post, Put};
use crate::record::Side;

const READ: &str = "contacts.readonly";
const WRITE: &str = "contacts.write";

const SETTING: &str = "settings of the location that no record depends on";
const NOT_OURS: &str = "settings of the location, which no reconciler may change";
const DEFINES: &str = "defines fields: which there are is for the people of the location to decide";
const OBJECTS: &str = "fields of custom objects; those of contacts are read by location";
const BY_LIST: &str = "the list says the same in fewer requests";
const READ_ONLY: &str = "appointments are read only: Cliengo has none, so that nothing there could be carried back";
const BY_CALENDAR: &str = "lists by calendar; a contact's appointments are read by contact";
const OF_APPOINTMENT: &str = "notes of an appointment, not of a person: Cliengo has no place for them";
const OF_LOCATION: &str = "values of the location, not of a person";
const OWN_USERS: &str = "users are the account's own affair";
const RECURRING: &str = "templates from which GHL makes tasks; the tasks themselves are carried";
const WHOLE_LOCATIONS: &str = "creates, changes or removes whole locations, which no reconciler may do";
const NO_BUSINESSES: &str = "Cliengo has no businesses: what is entered in GHL stays there";
const FOLLOWERS: &str =
    "Cliengo has no followers: those of GHL are told there as text (`ghl = \"followers\"`), and changed in GHL";
const INSTALLED: &str =
    "the configuration names its locations; each one's token says whether the app is installed there";
const LEAVE: &str = "taking somebody out of a campaign is a person's decision";
const TAGS: &str = "a tag is defined when it is first added to a contact; renaming or removing definitions changes contacts that nobody looked at";
const TAG_NAMES: &str = "the contacts themselves name their tags; a tag is defined when it is first added";
const TEMPLATES: &str = "e-mail and SMS templates are no part of what both CRMs keep of a person";

#[rustfmt::skip] // one operation a line
const CONTACTS: &[Row] = &[
    ("search-contacts-advanced", Post, "/contacts/search", READ, Used("every run: lists every contact, page by page")),
    ("get-duplicate-contact", Get, "/contacts/search/duplicate", READ, Used("before every create: who has the e-mail or phone already; and after one without an answer")),
    ("get-all-tasks", Get, "/contacts/{contactId}/tasks", READ, Used("after a create without an answer, and before a contact is deleted: its tasks")),
    ("create-task", Post, "/contacts/{contactId}/tasks", WRITE, Used("creates a task")),
    ("get-task", Get, "/contacts/{contactId}/tasks/{taskId}", READ, Used("a task that a listing lacks, and one that is about to be overwritten or deleted")),
    ("update-task", Put, "/contacts/{contactId}/tasks/{taskId}", WRITE, Used("updates a task")),
    ("delete-task", Delete, "/contacts/{contactId}/tasks/{taskId}", WRITE, Used("removes a task that was deleted in Cliengo")),
    ("update-task-completed", Put, "/contacts/{contactId}/tasks/{taskId}/completed", WRITE, Used("completes or reopens a task")),
    ("get-appointments-for-contact", Get, "/contacts/{contactId}/appointments", READ, Used("with `timeline.appointments`: a contact's appointments, with its notes")),
    ("add-tags", Post, "/contacts/{contactId}/tags", WRITE, Used("adds tags, all of one contact in one request")),
    ("remove-tags", Delete, "/contacts/{contactId}/tags", WRITE, Used("removes tags, all of one contact in one request")),
    ("get-all-notes", Get, "/contacts/{contactId}/notes", READ, Used("lists a contact's notes: no other operation does")),
    ("create-note", Post, "/contacts/{contactId}/notes", WRITE, Used("creates a note")),
    ("get-note", Get, "/contacts/{contactId}/notes/{id}", READ, Used("a note that a listing lacks, and one that is about to be overwritten or deleted")),
    ("update-note", Put, "/contacts/{contactId}/notes/{id}", WRITE, Used("updates a note")),
    ("delete-note", Delete, "/contacts/{contactId}/notes/{id}", WRITE, Used("removes a note that was deleted in Cliengo")),
    ("create-association", Post, "/contacts/bulk/tags/update/{type}", "", Declined("reports errors per contact within a success: a tag by contact says exactly what was done")),
    ("add-remove-contact-from-business", Post, "/contacts/bulk/business", "", Declined("changes many contacts in one request, of which none can be checked beforehand")),
    ("get-contact", Get, "/contacts/{contactId}", READ, Used("a contact that a listing lacks, and one that is about to be overwritten or deleted")),
    ("update-contact", Put, "/contacts/{contactId}", WRITE, Used("updates a contact's fields, in one request")),
    ("delete-contact", Delete, "/contacts/{contactId}", WRITE, Used("removes a contact that was deleted in Cliengo, where `on_delete` says so, and what an undone run created")),
    ("upsert-contact", Post, "/contacts/upsert", WRITE, Declined("drops values without a word where e-mail and phone are two people's (highlevel-api-docs 37, 313, 337); a search and a create say which it was")),
    ("get-contacts-by-businessId", Get, "/contacts/business/{businessId}", READ, Used("members of `scope.ghl_business_id`, where the rows do not say it")),
    ("add-followers-contact", Post, "/contacts/{contactId}/followers", WRITE, Declined(FOLLOWERS)),
    ("remove-followers-contact", Delete, "/contacts/{contactId}/followers", WRITE, Declined(FOLLOWERS)),
    ("add-contact-to-campaign", Post, "/contacts/{contactId}/campaigns/{campaignId}", WRITE, Used("`triggers` and `trigger`: adds a contact to a campaign, once for ever")),
    ("remove-contact-from-campaign", Delete, "/contacts/{contactId}/campaigns/{campaignId}", WRITE, Declined(LEAVE)),
    ("remove-contact-from-every-campaign", Delete, "/contacts/{contactId}/campaigns/removeAll", WRITE, Declined(LEAVE)),
    ("add-contact-to-workflow", Post, "/contacts/{contactId}/workflow/{workflowId}", WRITE, Used("`triggers` and `trigger`: begins a workflow for a contact, once for ever")),
    ("delete-contact-from-workflow", Delete, "/contacts/{contactId}/workflow/{workflowId}", WRITE, Declined("taking somebody out of a workflow is a person's decision")),
    ("create-contact", Post, "/contacts/", WRITE, Used("creates a contact that only Cliengo has")),
    ("get-contacts", Get, "/contacts/", READ, Declined("deprecated, and its cursor repeats pages; the search lists the same")),
];

#[rustfmt::skip] // one operation a line
const LOCATIONS: &[Row] = &[
    ("search-locations", Get, "/locations/search", "locations.readonly", Declined("one location is one pair; the configuration names it")),
    ("get-location", Get, "/locations/{locationId}", "locations.readonly", Used("every run and `check`: that the token opens this location, its country and time zone")),
    ("put-location", Put, "/locations/{locationId}", "locations.write", Declined(WHOLE_LOCATIONS)),
    ("delete-location", Delete, "/locations/{locationId}", "locations.internal-access-only", Declined(WHOLE_LOCATIONS)),
    ("get-location-tags", Get, "/locations/{locationId}/tags", "locations/tags.readonly", Declined(TAG_NAMES)),
    ("create-tag", Post, "/locations/{locationId}/tags", "locations/tags.write", Declined(TAGS)),
    ("get-tag-by-id", Get, "/locations/{locationId}/tags/{tagId}", "", Declined(TAG_NAMES)),
    ("update-tag", Put, "/locations/{locationId}/tags/{tagId}", "", Declined(TAGS)),
    ("delete-tag", Delete, "/locations/{locationId}/tags/{tagId}", "", Declined(TAGS)),
    ("task-search", Post, "/locations/{locationId}/tasks/search", "locations/tasks.readonly", Used("every run: lists the location's tasks, page by page")),
    ("get-recurring-task-by-id", Get, "/locations/{locationId}/recurring-tasks/{id}", "", Declined(RECURRING)),
    ("update-recurring-task", Put, "/locations/{locationId}/recurring-tasks/{id}", "", Declined(RECURRING)),
    ("delete-recurring-task", Delete, "/locations/{locationId}/recurring-tasks/{id}", "", Declined(RECURRING)),
    ("create-recurring-task", Post, "/locations/{locationId}/recurring-tasks", "", Declined(RECURRING)),
    ("get-custom-fields", Get, "/locations/{locationId}/customFields", "locations/customFields.readonly", Used("every run with mapped fields, and `check`: their ids, types and options")),
    ("create-custom-field", Post, "/locations/{locationId}/customFields", "locations/customFields.write", Declined(DEFINES)),
    ("get-custom-field", Get, "/locations/{locationId}/customFields/{id}", "", Declined(BY_LIST)),
    ("update-custom-field", Put, "/locations/{locationId}/customFields/{id}", "", Declined(DEFINES)),
    ("delete-custom-field", Delete, "/locations/{locationId}/customFields/{id}", "", Declined(DEFINES)),
    ("upload-file-customFields", Post, "/locations/{locationId}/customFields/upload", "locations/customFields.write", Declined("files stay where they are: neither CRM can give them to the other")),
    ("get-custom-values", Get, "/locations/{locationId}/customValues", "locations/customValues.readonly", Declined(OF_LOCATION)),
    ("create-custom-value", Post, "/locations/{locationId}/customValues", "locations/customValues.write", Declined(OF_LOCATION)),
    ("get-custom-value", Get, "/locations/{locationId}/customValues/{id}", "", Declined(OF_LOCATION)),
    ("update-custom-value", Put, "/locations/{locationId}/customValues/{id}", "", Declined(OF_LOCATION)),
    ("delete-custom-value", Delete, "/locations/{locationId}/customValues/{id}", "", Declined(OF_LOCATION)),
    ("get-timezones", Get, "/locations/{locationId}/timezones", "locations.readonly", Declined("IANA names are built in")),
    ("GET-all-or-email-sms-templates", Get, "/locations/{locationId}/templates", "locations/templates.readonly", Declined(TEMPLATES)),
    ("DELETE-an-email-sms-template", Delete, "/locations/{locationId}/templates/{id}", "", Declined(TEMPLATES)),
    ("create-location", Post, "/locations/", "locations.write", Declined(WHOLE_LOCATIONS)),
];

#[rustfmt::skip] // one operation a line
const USERS: &[Row] = &[
    ("search-users", Get, "/users/search", "users.readonly", Used("v3, where assignees go over: the list by location is gone there")),
    ("filter-users-by-email", Post, "/users/search/filter-by-email", "users.readonly", Declined("one request a user; the list of all says the same")),
    ("get-user", Get, "/users/{userId}", "users.readonly", Declined(BY_LIST)),
    ("update-user", Put, "/users/{userId}", "users.write", Declined(OWN_USERS)),
    ("delete-user", Delete, "/users/{userId}", "users.write", Declined(OWN_USERS)),
    ("get-user-by-location", Get, "/users/", "users.readonly", Used("who is who where assignees go over; `check`")),
    ("create-user", Post, "/users/", "users.write", Declined(OWN_USERS)),
];

#[rustfmt::skip] // one operation a line
const BUSINESSES: &[Row] = &[
    ("update-business", Put, "/businesses/{businessId}", "businesses.write", Declined(NO_BUSINESSES)),
    ("delete-Business", Delete, "/businesses/{businessId}", "businesses.write", Declined(NO_BUSINESSES)),
    ("get-business", Get, "/businesses/{businessId}", "businesses.readonly", Declined(BY_LIST)),
    ("get-businesses-by-location", Get, "/businesses/", "businesses.readonly", Declined("not in this version: businesses by name")),
    ("create-business", Post, "/businesses/", "businesses.write", Declined(NO_BUSINESSES)),
];

#[rustfmt::skip] // one operation a line
const CALENDARS: &[Row] = &[
    ("get-groups", Get, "/calendars/groups", "calendars/groups.readonly", Declined(SETTING)),
    ("create-calendar-group", Post, "/calendars/groups", "calendars/groups.write", Declined(NOT_OURS)),
    ("validate-groups-slug", Post, "/calendars/groups/validate-slug", "calendars/groups.write", Declined(NOT_OURS)),
    ("delete-group", Delete, "/calendars/groups/{groupId}", "calendars/groups.write", Declined(NOT_OURS)),
    ("edit-group", Put, "/calendars/groups/{groupId}", "calendars/groups.write", Declined(NOT_OURS)),
    ("disable-group", Put, "/calendars/groups/{groupId}/status", "calendars/groups.write", Declined(NOT_OURS)),
    ("create-appointment", Post, "/calendars/events/appointments", "calendars/events.write", Declined(READ_ONLY)),
    ("edit-appointment", Put, "/calendars/events/appointments/{eventId}", "calendars/events.write", Declined(READ_ONLY)),
    ("get-appointment", Get, "/calendars/events/appointments/{eventId}", "calendars/events.readonly", Declined(BY_CALENDAR)),
    ("get-calendar-events", Get, "/calendars/events", "calendars/events.readonly", Declined(BY_CALENDAR)),
    ("get-blocked-slots", Get, "/calendars/blocked-slots", "calendars/events.readonly", Declined(BY_CALENDAR)),
    ("create-block-slot", Post, "/calendars/events/block-slots", "calendars/events.write", Declined(READ_ONLY)),
    ("edit-block-slot", Put, "/calendars/events/block-slots/{eventId}", "calendars/events.write", Declined(READ_ONLY)),
    ("get-slots", Get, "/calendars/{calendarId}/free-slots", "calendars.readonly", Declined(BY_CALENDAR)),
    ("update-calendar", Put, "/calendars/{calendarId}", "calendars.write", Declined(NOT_OURS)),
    ("get-calendar", Get, "/calendars/{calendarId}", "calendars.readonly", Declined(SETTING)),
    ("delete-calendar", Delete, "/calendars/{calendarId}", "calendars.write", Declined(NOT_OURS)),
    ("delete-event", Delete, "/calendars/events/{eventId}", "calendars/events.write", Declined(READ_ONLY)),
    ("get-appointment-notes", Get, "/calendars/appointments/{appointmentId}/notes", "calendars/events.readonly", Declined(OF_APPOINTMENT)),
    ("create-appointment-note", Post, "/calendars/appointments/{appointmentId}/notes", "calendars/events.write", Declined(OF_APPOINTMENT)),
    ("update-appointment-note", Put, "/calendars/appointments/{appointmentId}/notes/{noteId}", "calendars/events.write", Declined(OF_APPOINTMENT)),
    ("delete-appointment-note", Delete, "/calendars/appointments/{appointmentId}/notes/{noteId}", "calendars/events.write", Declined(OF_APPOINTMENT)),
    ("get-calendar-resource", Get, "/calendars/resources/{resourceType}/{id}", "calendars/resources.readonly", Declined(SETTING)),
    ("update-calendar-resource", Put, "/calendars/resources/{resourceType}/{id}", "calendars/resources.write", Declined(NOT_OURS)),
    ("delete-calendar-resource", Delete, "/calendars/resources/{resourceType}/{id}", "calendars/resources.write", Declined(NOT_OURS)),
    ("fetch-calendar-resources", Get, "/calendars/resources/{resourceType}", "calendars/resources.readonly", Declined(SETTING)),
    ("create-calendar-resource", Post, "/calendars/resources/{resourceType}", "calendars/resources.write", Declined(NOT_OURS)),
    ("get-event-notification", Get, "/calendars/{calendarId}/notifications", "calendars/events.readonly", Declined(SETTING)),
    ("create-event-notification", Post, "/calendars/{calendarId}/notifications", "calendars/events.write", Declined(NOT_OURS)),
    ("find-event-notification", Get, "/calendars/{calendarId}/notifications/{notificationId}", "calendars/events.readonly", Declined(SETTING)),
    ("update-event-notification", Put, "/calendars/{calendarId}/notifications/{notificationId}", "calendars/events.write", Declined(NOT_OURS)),
    ("delete-event-notification", Delete, "/calendars/{calendarId}/notifications/{notificationId}", "calendars/events.write", Declined(NOT_OURS)),
    ("getAllSchedules", Get, "/calendars/schedules/search", "calendars.readonly", Declined(SETTING)),
    ("getScheduleById", Get, "/calendars/schedules/{id}", "calendars.readonly", Declined(SETTING)),
    ("updateSchedule", Put, "/calendars/schedules/{id}", "calendars.write", Declined(NOT_OURS)),
    ("deleteSchedule", Delete, "/calendars/schedules/{id}", "calendars.write", Declined(NOT_OURS)),
    ("createSchedule", Post, "/calendars/schedules", "calendars.write", Declined(NOT_OURS)),
    ("add-calendar-to-schedule", Put, "/calendars/schedules/{id}/associations/{calendarId}", "calendars.write", Declined(NOT_OURS)),
    ("remove-calendar-from-schedule", Delete, "/calendars/schedules/{id}/associations/{calendarId}", "calendars.write", Declined(NOT_OURS)),
    ("get-calendars", Get, "/calendars/", "calendars.readonly", Declined(SETTING)),
    ("create-calendar", Post, "/calendars/", "calendars.write", Declined(NOT_OURS)),
];

#[rustfmt::skip] // one operation a line
const CAMPAIGNS: &[Row] =
    &[("get-campaigns", Get, "/campaigns/", "campaigns.readonly", Used("every run with a campaign in its triggers, and `check`: its id"))];

#[rustfmt::skip] // one operation a line
const WORKFLOWS: &[Row] =
    &[("get-workflow", Get, "/workflows/", "workflows.readonly", Used("every run with a workflow in its triggers, and `check`: its id"))];

#[rustfmt::skip] // one operation a line
const CUSTOM_FIELDS: &[Row] = &[
    ("get-custom-field-by-id", Get, "/custom-fields/{id}", "locations/customFields.readonly", Declined(OBJECTS)),
    ("update-custom-field", Put, "/custom-fields/{id}", "locations/customFields.write", Declined(DEFINES)),
    ("delete-custom-field", Delete, "/custom-fields/{id}", "locations/customFields.write", Declined(DEFINES)),
    ("get-custom-fields-by-object-key", Get, "/custom-fields/object-key/{objectKey}", "locations/customFields.readonly", Declined(OBJECTS)),
    ("create-custom-field-folder", Post, "/custom-fields/folder", "locations/customFields.write", Declined(DEFINES)),
    ("update-custom-field-folder", Put, "/custom-fields/folder/{id}", "locations/customFields.write", Declined(DEFINES)),
    ("delete-custom-field-folder", Delete, "/custom-fields/folder/{id}", "locations/customFields.write", Declined(DEFINES)),
    ("create-custom-field", Post, "/custom-fields/", "locations/customFields.write", Declined(DEFINES)),
];

#[rustfmt::skip] // one operation a line
const OAUTH_TOKENS: &[Row] = &[
    ("get-access-token", Post, "/oauth/token", "", Used("`auth ghl`: tokens for a person's consent; and a run whose token ends: the next one")),
    ("get-location-access-token", Post, "/oauth/locationToken", "oauth.write", Used("a run of a pair that is entered through its agency: the location's token")),
    ("get-installed-location", Get, "/oauth/installedLocations", "oauth.readonly", Declined(INSTALLED)),
];

/// Operations whose path is not among the older ones.
#[rustfmt::skip] // one operation a line
const V3: &[Row] = &[
    ("remove-contact-from-every-campaign", Delete, "/contacts/{contactId}/campaigns/remove-all", WRITE, Declined(LEAVE)),
    ("get-location-permissions", Get, "/locations/{locationId}/permissions", "locations/write", Declined(SETTING)),
    ("update-location-permissions", Put, "/locations/{locationId}/permissions", "locations/write", Declined(NOT_OURS)),
    ("get-conversation-channel", Get, "/locations/{locationId}/conversationChannels/{type}", "locations.readonly", Declined(SETTING)),
    ("get-location-access-token", Post, "/oauth/location-token", "oauth.write", Declined("the older path serves both versions (GHL API notes, 10)")),
    ("get-installed-location", Get, "/oauth/installed-locations", "oauth.readonly", Declined(INSTALLED)),
];

/// GHL's operations.
pub(in crate::crm) fn catalogue() -> impl Iterator<Item = Listed> {
    let current = [CONTACTS, LOCATIONS, USERS, BUSINESSES, CAMPAIGNS, WORKFLOWS, CUSTOM_FIELDS, OAUTH_TOKENS];
    let documents = current.map(|rows| ("2021-07-28", rows)).into_iter().chain([("2021-04-15", CALENDARS), ("v3", V3)]);
    documents.flat_map(|(version, rows)| Document { api: Side::Ghl, version, rows }.operations())
}
