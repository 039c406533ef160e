//! Whether an account adds what is written as `extraParams` to what a contact has, or has nothing else afterwards
//! (`Cliengo API notes, 2.5`). No document says; it can be tried on one contact.

use futures::FutureExt;
use serde_json::{Map, Value as Json, json};

use super::Cliengo;
use crate::crm::answer::Answer;
use crate::crm::path::encode;
use crate::crm::{CrmError, Outcome, Writer};
use crate::record::{CliengoId, Method, RemoteId, Request};

/// What an account makes of `extraParams`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtraParamsTried {
    /// They are added to those that are there.
    Merges,
    /// They replace those that are there. The contact has its own again.
    Replaces,
    /// It cannot be told from this contact; why.
    Unclear(String),
    /// They replaced those that were there, and these could not be put back.
    Lost(Vec<(String, String)>),
}

type Fields = Map<String, Json>;

impl Cliengo {
    /// Sends one of a contact's own values once more, as it is, and looks whether the others are still there. Where they are
    /// not, they are put back.
    ///
    /// # Errors
    /// When the contact cannot be read before anything is sent.
    pub async fn try_extra_params(&self, contact: &CliengoId) -> Result<ExtraParamsTried, CrmError> {
        let path = format!("/contacts/{}", encode(contact.as_str()));
        let before = self.lead_fields(&path).await?;
        let mut own = before.iter();
        let (Some((key, value)), Some(_)) = (own.next(), own.next()) else {
            let found = before.len();
            return Ok(ExtraParamsTried::Unclear(format!("it shows {found} extra fields, and two are needed")));
        };
        let one = Fields::from_iter([(key.clone(), value.clone())]);
        if let Outcome::Refused(refusal) = self.set_extra_params(&path, &one).await {
            return Ok(ExtraParamsTried::Unclear(format!("Cliengo {}: {}", refusal.status, refusal.message)));
        }
        // Where it cannot be read, what was there is sent all the same: it changes nothing, or mends everything.
        let after = self.lead_fields(&path).await.unwrap_or_default();
        if lacks(&after, &before).is_empty() {
            return Ok(ExtraParamsTried::Merges);
        }
        self.set_extra_params(&path, &before).await;
        let mended = self.lead_fields(&path).await.unwrap_or_default();
        let lost = lacks(&mended, &before);
        let shown = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Ok(match (lost.is_empty(), after.is_empty()) {
            (true, false) => ExtraParamsTried::Replaces,
            (true, true) => ExtraParamsTried::Unclear("it could not be read after the write".to_owned()),
            (false, _) => ExtraParamsTried::Lost(lost.iter().map(|(key, value)| (key.clone(), shown(value))).collect()),
        })
    }

    /// What a contact has there and says something.
    async fn lead_fields(&self, path: &str) -> Result<Fields, CrmError> {
        let body = match self.http.read(&Request::new(Method::Get, path)).await? {
            Answer::Body(body) => body,
            Answer::No(no) => return Err(self.http.refused(&no)),
        };
        let contact: Json = serde_json::from_str(&body).unwrap_or_default();
        let fields = contact.get("leadFields").and_then(Json::as_object).cloned().unwrap_or_default();
        Ok(fields.into_iter().filter(|(_, value)| !(value.is_null() || value.as_str() == Some(""))).collect())
    }

    async fn set_extra_params(&self, path: &str, fields: &Fields) -> Outcome {
        let request = Request::new(Method::Patch, path).with_body(json!({ "extraParams": fields }));
        self.send(&request, &|| async { false }.boxed()).await
    }
}

/// What of `all` is not there.
fn lacks(there: &Fields, all: &Fields) -> Fields {
    let lost = all.iter().filter(|(key, value)| there.get(*key) != Some(value));
    lost.map(|(key, value)| (key.clone(), value.clone())).collect()
}
