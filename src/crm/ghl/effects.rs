//! The location's workflows and campaigns, by name and id (`GHL API notes, 3.1`).

use serde_json::Value as Json;

use super::Ghl;
use crate::crm::CrmError;
use crate::crm::answer::Answer;
use crate::crm::path::encode;
use crate::record::{Effect, Effects, Method, NoEffect, Request};

/// The shortest id that GHL makes.
const SHORTEST_ID: usize = 15;

impl Ghl {
    /// What is sent for each of `named`, or why it is not there. Each list is read once, and only where one is named.
    pub(super) async fn effects_named(&self, named: &[Effect]) -> Result<Effects, CrmError> {
        let is_workflow = |effect: &&Effect| matches!(effect, Effect::Workflow(_));
        let is_campaign = |effect: &&Effect| matches!(effect, Effect::Campaign(_));
        let mut effects: Effects = Effects::new();
        for effect in named.iter().filter(|effect| matches!(effect, Effect::Tag(_))) {
            effects.insert(effect.clone(), Ok(effect.name().to_owned()));
        }
        let (workflows, campaigns): (Vec<_>, Vec<_>) =
            (named.iter().filter(is_workflow).collect(), named.iter().filter(is_campaign).collect());
        for (list, effects_of_list) in [("workflows", workflows), ("campaigns", campaigns)] {
            if effects_of_list.is_empty() {
                continue;
            }
            let known = self.named_things(list).await?;
            for effect in effects_of_list {
                effects.insert(effect.clone(), found(effect, list, &known));
            }
        }
        Ok(effects)
    }

    /// Id and name of each, or why they cannot be listed.
    async fn named_things(&self, list: &str) -> Result<Result<Vec<(String, String)>, String>, CrmError> {
        let request = Request::new(Method::Get, format!("/{list}/?locationId={}", encode(&self.location_id)));
        let body = match self.http.read(&request).await {
            Ok(Answer::Body(body)) => body,
            Ok(Answer::No(no)) => return Ok(Err(self.http.refused(&no).to_string())),
            Err(why @ (CrmError::Quota { .. } | CrmError::Stopped { .. })) => return Err(why),
            Err(why) => return Ok(Err(why.to_string())),
        };
        let body: Json = serde_json::from_str(&body).unwrap_or_default();
        let Some(rows) = body.get(list).and_then(Json::as_array) else {
            return Ok(Err(format!("GHL's {list} came without their list")));
        };
        let text = |row: &Json, key: &str| row.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let id = |row: &Json| if row.get("id").is_some() { text(row, "id") } else { text(row, "_id") };
        Ok(Ok(rows.iter().map(|row| (id(row), text(row, "name"))).filter(|(id, _)| !id.is_empty()).collect()))
    }
}

fn found(effect: &Effect, list: &str, known: &Result<Vec<(String, String)>, String>) -> Result<String, NoEffect> {
    let name = effect.name();
    let known = match known {
        Ok(known) => known,
        // An id needs no list.
        Err(_) if is_id(name) => return Ok(name.to_owned()),
        Err(why) => return Err(NoEffect::Unread(unread(effect, why))),
    };
    if let Some((id, _)) = known.iter().find(|(id, _)| id == name) {
        return Ok(id.clone());
    }
    let same = |(_, other): &&(String, String)| other.trim().eq_ignore_ascii_case(name.trim());
    let mut named = known.iter().filter(same);
    match (named.next(), named.next()) {
        (Some((id, _)), None) => Ok(id.clone()),
        (Some(_), Some(_)) => {
            Err(NoEffect::NotThere(format!("GHL has several {list} of the name {name:?}: give the id of one")))
        }
        (None, _) => {
            let names: Vec<&str> = known.iter().map(|(_, name)| name.as_str()).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            Err(NoEffect::NotThere(format!("GHL has no {} {name:?}; it has: {names}", effect.kind())))
        }
    }
}

/// What it means that a list could not be read: which one a name stands for is not guessed.
fn unread(effect: &Effect, why: &str) -> String {
    let (kind, name) = (effect.kind(), effect.name());
    format!("GHL's {kind}s could not be read ({why}): nobody is put into the {kind} {name:?} until a run can read them")
}

fn is_id(name: &str) -> bool {
    name.len() >= SHORTEST_ID && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
}
