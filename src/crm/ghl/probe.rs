//! What a location and its token tell before anything is listed: for `init` and `check`. GETs and searches only.

use serde_json::{Value as Json, json};

use super::Ghl;
use crate::crm::answer::Answer;
use crate::crm::path::encode;
use crate::crm::{Announced, CrmError};
use crate::record::{Method, Request};

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

    /// How many users the location has (`GHL API notes, 3.6`). Needs the scope `users.readonly`.
    ///
    /// # Errors
    /// When they could not be asked for.
    pub async fn users(&self) -> Result<usize, CrmError> {
        let path = format!("/users/?locationId={}", encode(&self.location_id));
        let answer = self.ask(Request::new(Method::Get, path)).await?;
        let users = answer.get("users").and_then(Json::as_array);
        let is_deleted = |user: &&Json| user.get("deleted").and_then(Json::as_bool).unwrap_or(false);
        users
            .map(|users| users.iter().filter(|user| !is_deleted(user)).count())
            .ok_or_else(|| self.http.protocol("the users came without their list"))
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
