//! What a location and its token tell before anything is listed: for `init` and `check`. GETs and searches only.

use serde_json::{Value as Json, json};

use super::Ghl;
use crate::crm::answer::Answer;
use crate::crm::path::encode;
use crate::crm::wire::user_in;
use crate::crm::{Announced, CrmError};
use crate::record::{Method, Request, User};

impl Ghl {
    /// How many contacts the location counts. Needs the scope `contacts.readonly`.
    ///
    /// # Errors
    /// When it could not be asked.
    pub async fn count_contacts(&self) -> Result<Option<u64>, CrmError> {
        let body = json!({ "locationId": self.location_id, "pageLimit": 1 });
        let answer = self.ask(Request::new(Method::Post, "/contacts/search").with_body(body)).await?;
        Ok(answer.get("total").and_then(Json::as_u64))
    }

    /// Asks for one task of the location. Needs the scope `locations/tasks.readonly`.
    ///
    /// # Errors
    /// When it could not be asked.
    pub async fn can_list_tasks(&self) -> Result<(), CrmError> {
        let path = format!("/locations/{}/tasks/search", encode(&self.location_id));
        self.ask(Request::new(Method::Post, path).with_body(json!({ "limit": 1, "skip": 0 }))).await.map(drop)
    }

    /// The location's users (`GHL API notes, 3.5`). Needs the scope `users.readonly`; v3 knows the search alone.
    pub(super) async fn staff(&self) -> Result<Vec<User>, CrmError> {
        let location = encode(&self.location_id);
        let path = if self.manner.is_v3() {
            let answer = self.ask(Request::new(Method::Get, format!("/locations/{location}"))).await?;
            let company = answer.pointer("/location/companyId").and_then(Json::as_str).unwrap_or_default();
            format!("/users/search?companyId={}&locationId={location}&limit=100&skip=0", encode(company))
        } else {
            format!("/users/?locationId={location}")
        };
        let answer = self.ask(Request::new(Method::Get, path)).await?;
        let users = answer.get("users").and_then(Json::as_array);
        let users = users.ok_or_else(|| self.http.protocol("the users came without their list"))?;
        Ok(users.iter().filter_map(user_in).collect())
    }

    /// What the headers of the last answer announced.
    #[must_use]
    pub fn announced(&self) -> Announced {
        self.http.announced()
    }

    async fn ask(&self, request: Request) -> Result<Json, CrmError> {
        match self.http.read(&request).await? {
            Answer::Body(body) => {
                serde_json::from_str(&body).map_err(|_| self.http.protocol("it answered something that is not JSON"))
            }
            Answer::No(no) => Err(self.http.refused(&no)),
        }
    }
}
