//! A contact's tags: always trimmed and in lower case (GHL API notes, 5).

use serde_json::json;

use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, Moment, folded};
use super::data::{GhlContact, GhlTag};
use super::find;
use super::refusal::{Holds, properties, texts};

/// Tags as GHL keeps them: folded, none twice, in the given order.
pub(crate) fn tidy(tags: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(tags.len());
    for tag in tags {
        let tag = folded(tag);
        if !tag.is_empty() && !kept.contains(&tag) {
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

fn given(call: &Call) -> Result<Vec<String>, Answer> {
    let body = properties(call, &[("tags", Holds::Texts)], &["tags"])?;
    Ok(tidy(&texts(body.get("tags"))))
}

pub(super) fn add(data: &mut Data, id: &str, call: &Call, moment: Moment) -> Answered {
    let mut contact = GhlContact::clone(find(data, id)?);
    let added: Vec<String> = given(call)?.into_iter().filter(|tag| !contact.tags.contains(tag)).collect();
    contact.tags.extend(added.iter().cloned());
    let answer = Answer::json(201, json!({ "tags": contact.tags, "tagsAdded": added }));
    if !added.is_empty() {
        define(data, &added, moment);
        contact.updated = moment.now;
        data.ghl.save_contact(contact, moment);
    }
    Ok(answer)
}

pub(super) fn remove(data: &mut Data, id: &str, call: &Call, moment: Moment) -> Answered {
    let mut contact = GhlContact::clone(find(data, id)?);
    let removed: Vec<String> = given(call)?.into_iter().filter(|tag| contact.tags.contains(tag)).collect();
    contact.tags.retain(|tag| !removed.contains(tag));
    let answer = Answer::ok(json!({ "tags": contact.tags, "tagsRemoved": removed }));
    if !removed.is_empty() {
        contact.updated = moment.now;
        data.ghl.save_contact(contact, moment);
    }
    Ok(answer)
}
