//! Whether the account adds what is written as `extraParams`, or replaces what is there: tried on a contact that somebody names.

use super::finding::Finding;
use crate::cli::clients::Clients;
use crate::config::{ExtraParams, Pair};
use crate::crm::cliengo::ExtraParamsTried;
use crate::record::{CliengoId, RemoteId as _};
use crate::run::RunError;

/// Tries it, and says which word the configuration should have.
pub(super) async fn tried(pair: &Pair, clients: &Clients, contact: &str) -> Finding {
    let id = format!("{}.cliengo.extra_params", pair.name);
    let set = pair.cliengo.capabilities.extra_params;
    let says = |detail: String, word: &str, right: ExtraParams| {
        if set == right {
            Finding::ok(id.clone(), detail)
        } else {
            let hint = format!("set extra_params = \"{word}\" among the capabilities of [pair.{}.cliengo]", pair.name);
            Finding::warn(id.clone(), detail, hint)
        }
    };
    match clients.cliengo.try_extra_params(&CliengoId::new(contact)).await {
        Err(error) => Finding::fail(id, RunError::Crm(error)),
        Ok(ExtraParamsTried::Merges) => {
            let detail = format!("the account adds extra parameters to those of a contact (tried on {contact})");
            says(detail, "merge", ExtraParams::Merge)
        }
        Ok(ExtraParamsTried::Replaces) => {
            let detail = format!("the account replaces those of a contact by extra parameters (tried on {contact})");
            says(detail, "replace", ExtraParams::Replace)
        }
        Ok(ExtraParamsTried::Unclear(why)) => {
            Finding::warn(id, format!("not told: {why}"), "name another contact, one with two extra fields or more")
        }
        Ok(ExtraParamsTried::Lost(fields)) => {
            let fields: Vec<String> = fields.into_iter().map(|(key, value)| format!("{key} = {value:?}")).collect();
            let detail = format!("the account replaces extra parameters, and did not take these of {contact} back");
            Finding::warn(id, detail, format!("write them in Cliengo by hand: {}", fields.join(", ")))
        }
    }
}
