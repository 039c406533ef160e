//! Workflows and campaigns: what there is, and who is put into it. Nothing tells afterwards who was (GHL API notes, 3.1).

use serde_json::{Value, json};

use super::super::call::{Answer, Answered, Call};
use super::super::data::{Data, Identity};
use super::refusal::bad_request;
use super::{find, here, succeeded};

/// Name and id of each workflow.
pub(in crate::sandbox) fn workflow_ids(identity: &Identity) -> [(&'static str, String); 2] {
    let id = |number: u32| format!("{number:08x}-{}", identity.location_id.to_lowercase());
    [("Bienvenida", id(1)), ("Recordatorio", id(2))]
}

/// Name and id of each campaign.
pub(in crate::sandbox) fn campaign_ids(identity: &Identity) -> [(&'static str, String); 1] {
    [("Novedades", format!("c0{}", identity.location_id))]
}

/// Answers `/workflows/` and `/campaigns/`.
pub(super) fn answer(data: &Data, call: &Call, parts: &[&str], rest: &[&str]) -> Option<Answered> {
    let listed = match (call.method.as_str(), parts.first(), rest) {
        ("GET", Some(&"workflows"), [""]) => workflows(data),
        ("GET", Some(&"campaigns"), [""]) => campaigns(data),
        _ => return None,
    };
    Some(here(data, call.parameter("locationId").unwrap_or_default()).map(|()| Answer::ok(listed)))
}

fn workflows(data: &Data) -> Value {
    let rows = workflow_ids(&data.identity).into_iter().map(|(name, id)| {
        json!({ "id": id, "name": name, "status": "published", "version": 1, "createdAt": "2025-11-06T00:00:00.000Z",
            "updatedAt": "2025-11-06T00:00:00.000Z", "locationId": data.identity.location_id })
    });
    json!({ "workflows": rows.collect::<Vec<_>>() })
}

fn campaigns(data: &Data) -> Value {
    let rows = campaign_ids(&data.identity).into_iter().map(
        |(name, id)| json!({ "id": id, "name": name, "status": "published", "locationId": data.identity.location_id }),
    );
    json!({ "campaigns": rows.collect::<Vec<_>>() })
}

pub(super) fn begin(data: &Data, contact: &str, workflow: &str) -> Answered {
    find(data, contact)?;
    if !workflow_ids(&data.identity).iter().any(|(_, id)| id == workflow) {
        return Err(bad_request("The workflow id is invalid."));
    }
    Ok(succeeded())
}

pub(super) fn add(data: &Data, contact: &str, campaign: &str) -> Answered {
    find(data, contact)?;
    if !campaign_ids(&data.identity).iter().any(|(_, id)| id == campaign) {
        return Err(bad_request("The campaign id is invalid."));
    }
    Ok(Answer::json(201, json!({ "succeded": true, "succeeded": true })))
}
