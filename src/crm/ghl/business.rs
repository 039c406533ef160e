//! Who is a member of a business (`GHL API notes, 3.1`).

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Ghl;
use super::api::ID;
use crate::crm::CrmError;
use crate::crm::answer::Answer;
use crate::crm::path::encode;
use crate::record::{Method, Request};

/// Rows of a page.
const PAGE: usize = 100;

impl Ghl {
    /// Whether anybody is in a business: one that the location does not have is empty, or is refused.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn has_members(&self, business: &str) -> Result<bool, CrmError> {
        Ok(!self.page_of_business(business, 1, 0).await?.is_empty())
    }

    async fn page_of_business(&self, business: &str, limit: usize, skip: usize) -> Result<Vec<String>, CrmError> {
        let (business, location) = (encode(business), encode(&self.location_id));
        let path = format!("/contacts/business/{business}?locationId={location}&limit={limit}&skip={skip}");
        let body = match self.http.read(&Request::new(Method::Get, path)).await? {
            Answer::Body(body) => body,
            Answer::No(no) => return Err(self.http.refused(&no)),
        };
        let body: Json = serde_json::from_str(&body).unwrap_or_default();
        let Some(rows) = body.get("contacts").and_then(Json::as_array) else {
            return Err(self.http.protocol("the contacts of a business came without their list"));
        };
        let id = |row: &Json| ID.iter().find_map(|key| row.get(*key)?.as_str()).map(str::to_owned);
        Ok(rows.iter().filter_map(id).collect())
    }

    /// The ids of all contacts of a business, page by page until one brings nobody new.
    pub(super) async fn contacts_of(&self, business: &str) -> Result<BTreeSet<String>, CrmError> {
        let mut members = BTreeSet::new();
        loop {
            let skip = members.len();
            members.extend(self.page_of_business(business, PAGE, skip).await?);
            // A limit that is not heeded gives less than a page before the last one.
            if members.len() == skip {
                return Ok(members);
            }
        }
    }
}
