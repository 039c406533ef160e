//! What an account tells of itself before anything is listed: for `init` and `check`. Everything here is a GET.

use serde_json::{Map, Value as Json};

use super::{Cliengo, api};
use crate::crm::answer::Answer;
use crate::crm::wire::user_in;
use crate::crm::{Account, Announced, CrmError};
use crate::record::{CliengoId, Method, RemoteId, Request, User};

/// A website of the account; contacts are created under one (`Cliengo API notes, 2.4`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Website {
    /// Its id.
    pub id: String,
    /// Its title, for a person.
    pub title: String,
    /// Whether it was deleted: it is listed all the same.
    pub is_deleted: bool,
}

/// How much of the plan's leads is used up (`Cliengo API notes, 2.2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leads {
    /// Contacts so far.
    pub used: u64,
    /// Contacts that the plan has room for.
    pub limit: u64,
}

/// What the user whom the key stands for may see (`Cliengo API notes, 2.3`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// As Cliengo spells them: `admin`, `clients_read_assigned`, …; empty where it tells none.
    pub permissions: Vec<String>,
    /// The websites that the user is held to; empty: all.
    pub websites: Vec<String>,
}

impl Rights {
    /// Why lists may leave contacts out without a word, where they may.
    #[must_use]
    pub fn blind_spot(&self) -> Option<&'static str> {
        let may = |permission: &str| self.permissions.iter().any(|one| one == permission);
        let all = ["admin", "reseller_admin", "clients_read"].into_iter().any(may);
        if may("clients_read_assigned") && !all {
            Some("its user sees only the contacts assigned to them")
        } else if !self.websites.is_empty() {
            Some("its user sees the contacts of some websites only")
        } else {
            None
        }
    }
}

/// One contact of the account, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How many it counts.
    pub total: Option<u64>,
    /// A contact.
    pub contact: Option<CliengoId>,
    /// Whether that contact's row shows tags.
    pub shows_tags: bool,
}

impl Cliengo {
    /// The account behind the key, and its leads where it tells of them.
    ///
    /// # Errors
    /// When it could not be asked.
    pub async fn profile(&self) -> Result<(Account, Option<Leads>), CrmError> {
        let body = self.get("/account").await?;
        let account = api::account(&body).ok_or_else(|| self.http.protocol("its account has no id"))?;
        let told: Map<String, Json> = serde_json::from_str(&body).unwrap_or_default();
        let number = |key: &str| told.get(key).and_then(Json::as_u64);
        let leads = number("leadCount").zip(number("leadLimit")).map(|(used, limit)| Leads { used, limit });
        Ok((account, leads))
    }

    /// The account's websites.
    ///
    /// # Errors
    /// When they could not be asked for, or their list is none.
    pub async fn websites(&self) -> Result<Vec<Website>, CrmError> {
        Ok(self.listed_websites().await?.0)
    }

    /// The account's websites, and whether these are all of them.
    async fn listed_websites(&self) -> Result<(Vec<Website>, bool), CrmError> {
        let (rows, is_whole) = self.list("/sites").await?;
        let website = |row: &Json| {
            let text = |key: &str| row.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
            Some(Website {
                id: text("id").or_else(|| text("_id"))?.to_owned(),
                title: text("title").or_else(|| text("url")).unwrap_or_default().to_owned(),
                is_deleted: row.get("deleted").and_then(Json::as_bool).unwrap_or(false),
            })
        };
        Ok((rows.iter().filter_map(website).collect(), is_whole))
    }

    /// Refuses a website that the account says it does not have: nobody can be created under it. Where the account does not
    /// tell its websites, the first create will.
    pub(super) async fn refuse_unknown_website(&self) -> Result<(), CrmError> {
        let (websites, is_whole) = match self.listed_websites().await {
            Ok(listed) => listed,
            Err(why @ (CrmError::Stopped { .. } | CrmError::Quota { .. })) => return Err(why),
            Err(why) => {
                tracing::warn!(%why, "the account's websites could not be listed");
                return Ok(());
            }
        };
        let live = || websites.iter().filter(|website| !website.is_deleted);
        if !is_whole || live().any(|website| website.id == self.website_id) {
            return Ok(());
        }
        let known = live().map(|website| format!("{} ({})", website.id, website.title)).collect::<Vec<_>>().join(", ");
        Err(CrmError::NoSuchWebsite { id: self.website_id.clone(), known })
    }

    /// The account's users (`Cliengo API notes, 2.3`).
    pub(super) async fn staff(&self) -> Result<Vec<User>, CrmError> {
        Ok(self.rows("/users").await?.iter().filter_map(user_in).collect())
    }

    /// What the user whom the key stands for may see.
    ///
    /// # Errors
    /// When it could not be asked.
    pub async fn rights(&self) -> Result<Rights, CrmError> {
        let told: Map<String, Json> = serde_json::from_str(&self.get("/users/me").await?).unwrap_or_default();
        let texts = |key: &str| {
            let list = told.get(key).and_then(Json::as_array);
            list.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
        };
        Ok(Rights { permissions: texts("permissions"), websites: texts("allowedWebsiteIds") })
    }

    /// The newest contact, and how many there are.
    ///
    /// # Errors
    /// When they could not be asked for, or the list is none.
    pub async fn sample(&self) -> Result<Sample, CrmError> {
        let body = self.get("/contacts?limit=1").await?;
        let body: Json = serde_json::from_str(&body).unwrap_or_default();
        let rows = body.get("results").and_then(Json::as_array);
        let row = rows.ok_or_else(|| self.http.protocol("its contact list came without its array"))?.first();
        Ok(Sample {
            total: body.pointer("/paging/total").and_then(Json::as_u64),
            contact: row.and_then(|row| api::id_of(&row.to_string())).map(CliengoId::new),
            shows_tags: row.and_then(|row| row.get("tags")).is_some_and(|tags| !tags.is_null()),
        })
    }

    /// What the headers of the last answer announced.
    #[must_use]
    pub fn announced(&self) -> Announced {
        self.http.announced()
    }

    async fn get(&self, path: &str) -> Result<String, CrmError> {
        match self.http.read(&Request::new(Method::Get, path)).await? {
            Answer::Body(body) => Ok(body),
            Answer::No(no) => Err(self.http.refused(&no)),
        }
    }

    /// The rows of a short list.
    async fn rows(&self, path: &str) -> Result<Vec<Json>, CrmError> {
        Ok(self.list(path).await?.0)
    }

    /// The rows of a short list, bare or in an envelope, and whether they are as many as it counts.
    async fn list(&self, path: &str) -> Result<(Vec<Json>, bool), CrmError> {
        match serde_json::from_str(&self.get(path).await?) {
            Ok(Json::Array(rows)) => Ok((rows, true)),
            Ok(Json::Object(mut envelope)) => match envelope.remove("results") {
                Some(Json::Array(rows)) => {
                    let total = envelope.get("paging").and_then(|paging| paging.get("total")?.as_u64());
                    let is_whole = total.is_none_or(|total| total <= rows.len() as u64);
                    Ok((rows, is_whole))
                }
                _ => Err(self.http.protocol(format!("{path} came without its list"))),
            },
            _ => Err(self.http.protocol(format!("{path} came without its list"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_sees_only_some_contacts_has_a_blind_spot() {
        let rights = |permissions: &[&str], websites: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            Rights { permissions: owned(permissions), websites: owned(websites) }
        };
        assert!(rights(&["clients_read_assigned"], &[]).blind_spot().is_some());
        assert!(rights(&["admin"], &["5f3c"]).blind_spot().is_some());
        assert!(rights(&["clients_read_assigned", "clients_read"], &[]).blind_spot().is_none());
        // What is not told is no reason to worry.
        assert!(rights(&[], &[]).blind_spot().is_none());
    }
}
