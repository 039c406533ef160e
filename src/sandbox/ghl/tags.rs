//! A contact's tags: always trimmed and in lower case (GHL API notes, 5).

use serde_json::json;

use super::super::account::ghl::{DateUpdated, TagStored};
use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, GhlContact, GhlTag, Moment, folded};
use super::find;
use super::refusal::{Holds, properties, texts};

/// Tags as the location keeps them: none twice, in the given order.
pub(crate) fn tidy(tags: &[String], stored: TagStored) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(tags.len());
    for tag in tags {
        let tag = match stored {
            TagStored::TrimmedLowerCase => folded(tag),
            TagStored::LowerCase => tag.to_lowercase(),
            TagStored::AsSent => tag.clone(),
            TagStored::Cut => folded(tag).chars().take(100).collect(),
        };
        if !tag.trim().is_empty() && !kept.contains(&tag) {
            kept.push(tag);
        }
    }
    kept
}

/// Makes tags known to the location; they stay known when no contact has them any more.
pub(crate) fn define(data: &mut Data, tags: &[String], moment: Moment) {
    for name in tags {
        if data.ghl.tags.get(name).is_none() {
            let tag = GhlTag { id: data.ghl_id(), name: name.clone(), created: moment.now };
            data.ghl.tags.save(tag);
        }
    }
}

fn given(data: &Data, call: &Call) -> Result<Vec<String>, Answer> {
    let body = properties(call, &[("tags", Holds::Texts)], &["tags"])?;
    Ok(tidy(&texts(body.get("tags")), data.account.ghl.tag_stored))
}

/// When a contact whose tags changed was last updated.
pub(crate) fn updated(data: &Data, contact: &GhlContact, moment: Moment) -> i64 {
    if data.account.ghl.date_updated == DateUpdated::Never { contact.updated } else { moment.now }
}

pub(super) fn add(data: &mut Data, id: &str, call: &Call, moment: Moment) -> Answered {
    let mut contact = GhlContact::clone(find(data, id)?);
    let added: Vec<String> = given(data, call)?.into_iter().filter(|tag| !contact.tags.contains(tag)).collect();
    contact.tags.extend(added.iter().cloned());
    let answer = Answer::json(201, json!({ "tags": contact.tags, "tagsAdded": added }));
    if !added.is_empty() {
        define(data, &added, moment);
        contact.updated = updated(data, &contact, moment);
        data.ghl.save_contact(contact, moment);
    }
    Ok(answer)
}

pub(super) fn remove(data: &mut Data, id: &str, call: &Call, moment: Moment) -> Answered {
    let mut contact = GhlContact::clone(find(data, id)?);
    let removed: Vec<String> = given(data, call)?.into_iter().filter(|tag| contact.tags.contains(tag)).collect();
    contact.tags.retain(|tag| !removed.contains(tag));
    let answer = Answer::ok(json!({ "tags": contact.tags, "tagsRemoved": removed }));
    if !removed.is_empty() {
        contact.updated = updated(data, &contact, moment);
        data.ghl.save_contact(contact, moment);
    }
    Ok(answer)
}
