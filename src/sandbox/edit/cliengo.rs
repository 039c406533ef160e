//! Edits in Cliengo's own screens.

use serde_json::{Map, json};

use super::{Edit, EditKind, EditOp};
use crate::sandbox::account::cliengo::Switches;
use crate::sandbox::cliengo::{child_written, stored_tag};
use crate::sandbox::data::{CliengoContact, CliengoNote, CliengoTask, Data, Moment};

const CONTACT_KEYS: [&str; 24] = [
    "name",
    "lastName",
    "email",
    "phone",
    "status",
    "subStatus",
    "rating",
    "message",
    "entryMethod",
    "medium",
    "utmSource",
    "utmMedium",
    "utmCampaign",
    "utmTerm",
    "utmContent",
    "landingUrl",
    "conversionUrl",
    "referalUrl",
    "assignedTo",
    "dueDate",
    "city",
    "leadFields",
    "tags",
    "websiteId",
];
const TASK_KEYS: [&str; 6] = ["title", "description", "body", "dueDate", "completed", "assignedTo"];
const NOTE_KEYS: [&str; 2] = ["message", "body"];

pub(super) fn apply(data: &mut Data, edit: &mut Edit, moment: Moment) -> Result<(), String> {
    if edit.kind == EditKind::Contact && edit.op == EditOp::Create {
        return create_contact(data, edit, moment);
    }
    if edit.op == EditOp::Merge {
        return Err(edit.is_not_merged());
    }
    let contacts = &data.cliengo.contacts;
    let contact = edit.contact_id(|id| contacts.get(id).is_some(), |email| data.cliengo.with_email(email))?;
    edit.contact = Some(contact.clone());
    let account = data.account.cliengo;
    match edit.kind {
        EditKind::Contact => {
            edit.id = Some(contact.clone());
            if edit.op == EditOp::Delete {
                data.cliengo.remove_contact(&contact);
                return Ok(());
            }
            change_contact(data, &contact, moment, |contact| set_contact(contact, edit, &account))
        }
        EditKind::Tag => tag(data, &contact, edit, moment),
        EditKind::Note => note(data, contact, edit, moment),
        EditKind::Task => task(data, contact, edit, moment),
    }
}

fn create_contact(data: &mut Data, edit: &mut Edit, moment: Moment) -> Result<(), String> {
    let created = edit.created(moment)?;
    let fields = Map::from_iter([("status".to_owned(), json!("NEW")), ("entryMethod".to_owned(), json!("CHATBOT"))]);
    let mut contact = CliengoContact {
        id: data.cliengo_id(),
        website_id: data.identity.website_id.clone(),
        fields,
        tags: Vec::new(),
        had_tags: false,
        created,
        updated: created,
    };
    set_contact(&mut contact, edit, &data.account.cliengo)?;
    (edit.id, edit.contact) = (Some(contact.id.clone()), Some(contact.id.clone()));
    data.cliengo.contacts.save(contact);
    Ok(())
}

fn set_contact(contact: &mut CliengoContact, edit: &Edit, account: &Switches) -> Result<(), String> {
    edit.check(&CONTACT_KEYS)?;
    if let Some(tags) = edit.texts("tags")? {
        contact.tags = tags.iter().map(|tag| stored_tag(tag, account)).collect();
    }
    if let Some(website) = edit.text(&["websiteId"])? {
        contact.website_id = website;
    }
    let plain = edit.set.iter().filter(|(key, _)| !["tags", "websiteId", "createdAt"].contains(&key.as_str()));
    for (key, value) in plain {
        contact.fields.insert(key.clone(), value.clone());
    }
    Ok(())
}

fn change_contact(
    data: &mut Data,
    id: &str,
    moment: Moment,
    change: impl FnOnce(&mut CliengoContact) -> Result<(), String>,
) -> Result<(), String> {
    let Some(contact) = data.cliengo.contacts.get(id) else { return Ok(()) };
    let mut contact = CliengoContact::clone(contact);
    change(&mut contact)?;
    contact.updated = moment.now;
    data.cliengo.contacts.save(contact);
    Ok(())
}

fn tag(data: &mut Data, contact: &str, edit: &Edit, moment: Moment) -> Result<(), String> {
    let tag = stored_tag(edit.tag()?, &data.account.cliengo);
    change_contact(data, contact, moment, |contact| {
        match edit.op {
            EditOp::Create if !contact.tags.contains(&tag) => contact.tags.push(tag),
            EditOp::Create => {}
            EditOp::Delete if contact.tags.contains(&tag) => {
                contact.tags.retain(|present| *present != tag);
                contact.had_tags = true;
            }
            EditOp::Delete => return Err(format!("{}: the contact has no tag `{tag}`", edit.what())),
            EditOp::Update | EditOp::Merge => return Err(format!("{}: a tag is created or deleted", edit.what())),
        }
        Ok(())
    })
}

fn note(data: &mut Data, contact: String, edit: &mut Edit, moment: Moment) -> Result<(), String> {
    edit.check(&NOTE_KEYS)?;
    child_written(data, &contact, moment);
    let message = edit.text(&NOTE_KEYS)?;
    let mut note = if edit.op == EditOp::Create {
        let created = edit.created(moment)?;
        let creator_id = data.identity.cliengo_users[0].clone();
        let message = String::new();
        CliengoNote { id: data.cliengo_id(), contact_id: contact, message, creator_id, created, updated: created }
    } else {
        let id = edit.record_id()?;
        let found = data.cliengo.notes.get(id).filter(|note| note.contact_id == contact);
        let mut note = CliengoNote::clone(found.ok_or_else(|| edit.missing(id))?);
        note.updated = moment.now;
        note
    };
    edit.id = Some(note.id.clone());
    if edit.op == EditOp::Delete {
        data.cliengo.notes.remove(&note.id);
        return Ok(());
    }
    note.message = message.unwrap_or(note.message);
    if note.message.is_empty() {
        return Err(format!("{}: `message` is missing", edit.what()));
    }
    data.cliengo.notes.save(note);
    Ok(())
}

fn task(data: &mut Data, contact: String, edit: &mut Edit, moment: Moment) -> Result<(), String> {
    edit.check(&TASK_KEYS)?;
    child_written(data, &contact, moment);
    let mut task = if edit.op == EditOp::Create {
        let created = edit.created(moment)?;
        CliengoTask {
            id: data.cliengo_id(),
            contact_id: contact,
            title: String::new(),
            description: None,
            due_date: None,
            completed: false,
            assigned_to: None,
            created,
            updated: created,
        }
    } else {
        let id = edit.record_id()?;
        let found = data.cliengo.tasks.get(id).filter(|task| task.contact_id == contact);
        let mut task = CliengoTask::clone(found.ok_or_else(|| edit.missing(id))?);
        task.updated = moment.now;
        task
    };
    edit.id = Some(task.id.clone());
    if edit.op == EditOp::Delete {
        data.cliengo.tasks.remove(&task.id);
        return Ok(());
    }
    let filled = |text: String| (!text.is_empty()).then_some(text);
    task.title = edit.text(&["title"])?.unwrap_or(task.title);
    task.description = edit.text(&["description", "body"])?.map_or(task.description, filled);
    task.due_date = edit.due()?.map_or(task.due_date, filled);
    task.assigned_to = edit.text(&["assignedTo"])?.map_or(task.assigned_to, filled);
    task.completed = edit.flag("completed")?.unwrap_or(task.completed);
    if task.title.is_empty() {
        return Err(format!("{}: `title` is missing", edit.what()));
    }
    data.cliengo.tasks.save(task);
    Ok(())
}
