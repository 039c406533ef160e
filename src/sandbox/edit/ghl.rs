//! Edits in GHL's own screens.

use serde_json::{Map, Value, json};

use super::{Edit, EditKind, EditOp};
use crate::sandbox::account::ghl::{MergedChildren, PersonDeletes};
use crate::sandbox::data::{Data, GhlContact, GhlNote, GhlTask, Moment, parse_date};
use crate::sandbox::ghl::{child_written, define, set_custom_field, set_field, tags_updated, tidy};

const CONTACT_KEYS: [&str; 25] = [
    "firstName",
    "lastName",
    "name",
    "email",
    "phone",
    "address1",
    "city",
    "state",
    "postalCode",
    "country",
    "website",
    "timezone",
    "source",
    "companyName",
    "gender",
    "dateOfBirth",
    "assignedTo",
    "followers",
    "businessId",
    "dnd",
    "dndSettings",
    "tags",
    "additionalEmails",
    "additionalPhones",
    "customFields",
];
const TASK_KEYS: [&str; 6] = ["title", "body", "description", "dueDate", "completed", "assignedTo"];
const BODY_KEYS: [&str; 2] = ["body", "message"];
const NOTE_KEYS: [&str; 4] = ["body", "message", "title", "userId"];

pub(super) fn apply(data: &mut Data, edit: &mut Edit, moment: Moment) -> Result<(), String> {
    if edit.kind == EditKind::Contact && edit.op == EditOp::Create {
        return create_contact(data, edit, moment);
    }
    let exists = |id: &str| data.ghl.contacts.get(id).is_some();
    let by_email = |email: &str| data.ghl.with_email(email).into_iter().map(str::to_owned).collect();
    let contact = edit.contact_id(exists, by_email)?;
    edit.contact = Some(contact.clone());
    match edit.kind {
        EditKind::Contact if edit.op == EditOp::Merge => {
            edit.check(&["merged"])?;
            let merged = edit.text(&["merged"])?;
            let other = Edit { contact: merged, id: None, ..edit.clone() }.contact_id(exists, by_email)?;
            merge(data, &contact, &other, moment)
        }
        _ if edit.op == EditOp::Merge => Err(edit.is_not_merged()),
        EditKind::Contact => {
            edit.id = Some(contact.clone());
            if edit.op == EditOp::Delete {
                if data.account.ghl.person_deletes == PersonDeletes::Restorable
                    && let Some(deleted) = data.ghl.contacts.get(&contact)
                {
                    data.ghl.bin.insert(contact.clone(), deleted.clone());
                }
                data.ghl.remove_contact(&contact, moment);
                return Ok(());
            }
            change_contact(data, &contact, moment, |data, contact| set_contact(data, contact, edit, moment))
        }
        EditKind::Tag => tag(data, &contact, edit, moment),
        EditKind::Note => note(data, contact, edit, moment),
        EditKind::Task => task(data, contact, edit, moment),
    }
}

fn create_contact(data: &mut Data, edit: &mut Edit, moment: Moment) -> Result<(), String> {
    let created = edit.created(moment)?;
    // GHL restores a deleted contact under its id.
    let id = edit.id.clone().unwrap_or_else(|| data.ghl_id());
    let mut contact = GhlContact {
        id,
        fields: Map::from_iter([("country".to_owned(), json!("AR"))]),
        tags: Vec::new(),
        additional_emails: Vec::new(),
        additional_phones: Vec::new(),
        custom_fields: Vec::new(),
        created,
        updated: created,
    };
    if let Some(restored) = data.ghl.bin.remove(&contact.id) {
        contact = GhlContact { updated: moment.now, ..GhlContact::clone(&restored) };
    }
    set_contact(data, &mut contact, edit, moment)?;
    (edit.id, edit.contact) = (Some(contact.id.clone()), Some(contact.id.clone()));
    data.ghl.save_contact(contact, moment);
    Ok(())
}

fn set_contact(data: &mut Data, contact: &mut GhlContact, edit: &Edit, moment: Moment) -> Result<(), String> {
    edit.check(&CONTACT_KEYS)?;
    if let Some(tags) = edit.texts("tags")? {
        contact.tags = tidy(&tags, data.account.ghl.tag_stored);
        define(data, &contact.tags, moment);
    }
    contact.additional_emails =
        edit.texts("additionalEmails")?.unwrap_or(std::mem::take(&mut contact.additional_emails));
    contact.additional_phones =
        edit.texts("additionalPhones")?.unwrap_or(std::mem::take(&mut contact.additional_phones));
    if let Some(custom) = edit.set.get("customFields") {
        set_custom(data, contact, edit, custom)?;
    }
    let apart = ["tags", "additionalEmails", "additionalPhones", "customFields", "createdAt"];
    for (key, value) in edit.set.iter().filter(|(key, _)| !apart.contains(&key.as_str())) {
        set_field(contact, key, value, &data.account.ghl);
    }
    Ok(())
}

fn set_custom(data: &Data, contact: &mut GhlContact, edit: &Edit, custom: &Value) -> Result<(), String> {
    let fields = custom.as_object().ok_or_else(|| format!("{}: `customFields` must be an object", edit.what()))?;
    for (name, value) in fields {
        let unknown = || Err(format!("{}: unknown custom field `{name}`", edit.what()));
        set_custom_field(data, contact, name, value).unwrap_or_else(unknown)?;
    }
    Ok(())
}

fn change_contact(
    data: &mut Data,
    id: &str,
    moment: Moment,
    change: impl FnOnce(&mut Data, &mut GhlContact) -> Result<(), String>,
) -> Result<(), String> {
    let Some(contact) = data.ghl.contacts.get(id) else { return Ok(()) };
    let mut contact = GhlContact::clone(contact);
    contact.updated = moment.now;
    change(data, &mut contact)?;
    data.ghl.save_contact(contact, moment);
    Ok(())
}

fn tag(data: &mut Data, contact: &str, edit: &Edit, moment: Moment) -> Result<(), String> {
    let stored = data.account.ghl.tag_stored;
    let Some(tag) = tidy(&[edit.tag()?.to_owned()], stored).pop() else { return Ok(()) };
    let before = data.ghl.contacts.get(contact).map(|contact| tags_updated(data, contact, moment));
    change_contact(data, contact, moment, |data, contact| {
        contact.updated = before.unwrap_or(contact.updated);
        match edit.op {
            EditOp::Create => {
                define(data, std::slice::from_ref(&tag), moment);
                contact.tags.push(tag);
                contact.tags = tidy(&contact.tags, stored);
            }
            EditOp::Delete if contact.tags.contains(&tag) => contact.tags.retain(|present| *present != tag),
            EditOp::Delete => return Err(format!("{}: the contact has no tag `{tag}`", edit.what())),
            EditOp::Update | EditOp::Merge => return Err(format!("{}: a tag is created or deleted", edit.what())),
        }
        Ok(())
    })
}

fn note(data: &mut Data, contact: String, edit: &mut Edit, moment: Moment) -> Result<(), String> {
    edit.check(&NOTE_KEYS)?;
    child_written(data, &contact, moment);
    let mut note = if edit.op == EditOp::Create {
        let created = edit.created(moment)?;
        let user_id = Some(data.identity.ghl_users[0].clone());
        let (title, color, body) = (None, None, String::new());
        GhlNote { id: data.ghl_id(), contact_id: contact, body, user_id, title, color, pinned: false, created }
    } else {
        let id = edit.record_id()?;
        let found = data.ghl.notes.get(id).filter(|note| note.contact_id == contact);
        GhlNote::clone(found.ok_or_else(|| edit.missing(id))?)
    };
    edit.id = Some(note.id.clone());
    if edit.op == EditOp::Delete {
        data.ghl.notes.remove(&note.id);
        return Ok(());
    }
    note.body = edit.text(&BODY_KEYS)?.unwrap_or(note.body);
    let filled = |text: String| (!text.is_empty()).then_some(text);
    note.title = edit.text(&["title"])?.map_or(note.title, filled);
    note.user_id = edit.text(&["userId"])?.map_or(note.user_id, filled);
    if note.body.is_empty() {
        return Err(format!("{}: `body` is missing", edit.what()));
    }
    data.ghl.notes.save(note);
    Ok(())
}

fn task(data: &mut Data, contact: String, edit: &mut Edit, moment: Moment) -> Result<(), String> {
    edit.check(&TASK_KEYS)?;
    child_written(data, &contact, moment);
    let due = edit.due()?.and_then(|due| parse_date(&due));
    let mut task = if edit.op == EditOp::Create {
        let created = edit.created(moment)?;
        GhlTask {
            id: data.ghl_id(),
            contact_id: contact,
            title: String::new(),
            body: None,
            assigned_to: None,
            due: due.ok_or_else(|| format!("{}: `dueDate` is missing", edit.what()))?,
            completed: false,
            created,
            updated: created,
        }
    } else {
        let id = edit.record_id()?;
        let found = data.ghl.tasks.get(id).filter(|task| task.contact_id == contact);
        let mut task = GhlTask::clone(found.ok_or_else(|| edit.missing(id))?);
        task.updated = moment.now;
        task
    };
    edit.id = Some(task.id.clone());
    if edit.op == EditOp::Delete {
        data.ghl.remove_task(&task.id, moment);
        return Ok(());
    }
    let filled = |text: String| (!text.is_empty()).then_some(text);
    task.due = due.unwrap_or(task.due);
    task.title = edit.text(&["title"])?.unwrap_or(task.title);
    task.body = edit.text(&["body", "description"])?.map_or(task.body, filled);
    task.assigned_to = edit.text(&["assignedTo"])?.map_or(task.assigned_to, filled);
    task.completed = edit.flag("completed")?.unwrap_or(task.completed);
    if task.title.is_empty() {
        return Err(format!("{}: `title` is missing", edit.what()));
    }
    data.ghl.save_task(task, moment);
    Ok(())
}

/// A person merges `other` into `survivor`.
pub(in crate::sandbox) fn merge(data: &mut Data, survivor: &str, other: &str, moment: Moment) -> Result<(), String> {
    let found =
        |id: &str| data.ghl.contacts.get(id).cloned().ok_or_else(|| format!("ghl merge: no contact has the id `{id}`"));
    if survivor == other {
        return Err(format!("ghl merge: `{other}` cannot be merged into itself"));
    }
    let (mut whole, lost) = (GhlContact::clone(&*found(survivor)?), found(other)?);
    let notes: Vec<GhlNote> = data.ghl.notes.newest_of(other).into_iter().map(|note| GhlNote::clone(note)).collect();
    let tasks: Vec<GhlTask> = data.ghl.tasks.newest_of(other).into_iter().map(|task| GhlTask::clone(task)).collect();
    data.ghl.remove_contact(other, moment);
    let keeps = data.account.ghl.merged_children == MergedChildren::KeepIds;
    for mut note in notes {
        note.id = if keeps { note.id } else { data.ghl_id() };
        survivor.clone_into(&mut note.contact_id);
        data.ghl.notes.save(note);
    }
    for mut task in tasks {
        task.id = if keeps { task.id } else { data.ghl_id() };
        survivor.clone_into(&mut task.contact_id);
        data.ghl.save_task(task, moment);
    }
    whole.tags.extend(lost.tags.iter().cloned());
    whole.tags = tidy(&whole.tags, data.account.ghl.tag_stored);
    for (key, extra) in [("email", &mut whole.additional_emails), ("phone", &mut whole.additional_phones)] {
        let value = lost.text(key).to_owned();
        if !value.is_empty() && !extra.contains(&value) {
            extra.push(value);
        }
    }
    whole.updated = moment.now;
    data.ghl.merged.insert(other.to_owned(), survivor.to_owned());
    data.ghl.save_contact(whole, moment);
    Ok(())
}
