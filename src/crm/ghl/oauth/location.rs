//! One location's token, from its agency's: one credential for many locations.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::OAuth;
use super::ask::Refused;
use super::grant::Grant;
use crate::crm::grants::{Entry, Grants, NoGrant};

/// A location that is entered through its agency.
pub struct LocationGrant {
    agency: Arc<OAuth>,
    location: String,
    held: tokio::sync::Mutex<Option<(Entry, Timestamp)>>,
}

impl fmt::Debug for LocationGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocationGrant").field("location", &self.location).finish_non_exhaustive()
    }
}

impl LocationGrant {
    /// The location's token is asked for when it is first needed.
    #[must_use]
    pub fn new(agency: Arc<OAuth>, location: &str) -> Self {
        Self { agency, location: location.to_owned(), held: tokio::sync::Mutex::default() }
    }

    async fn token_of_agency(&self) -> Result<(Entry, Timestamp), NoGrant> {
        let grant = self.agency.grant(None).await?;
        let first = self.ask(&grant).await;
        if !matches!(first, Err(Refused::No { status: 401, .. } | Refused::Spent(_))) {
            return self.judged(first);
        }
        let refused = SecretString::from(grant.access_token());
        let fresh = self.agency.grant(Some(&refused)).await?;
        self.judged(self.ask(&fresh).await)
    }

    async fn ask(&self, grant: &Grant) -> Result<(Entry, Timestamp), Refused> {
        let company = grant.company().unwrap_or_default();
        let granted = self.agency.app().location_token(grant.access_token(), company, &self.location).await?;
        let location = Grant::passing(granted, self.agency.clock.now());
        let behind_it = [grant.access_token(), grant.refresh_token()].map(SecretString::from).into();
        Ok((Entry { token: SecretString::from(location.access_token()), behind_it }, location.renew()))
    }

    fn judged(&self, asked: Result<(Entry, Timestamp), Refused>) -> Result<(Entry, Timestamp), NoGrant> {
        let location = &self.location;
        asked.map_err(|why| match why {
            Refused::NotNow { why, .. } => NoGrant::NotNow(format!("no token for the location could be had: {why}")),
            Refused::Blocked(why) => NoGrant::Hopeless(format!("no token for the location could be had: {why}")),
            Refused::App(said) | Refused::Spent(said) | Refused::No { said, .. } => self.agency.consent(format!(
                "the agency's app gets no token for the location {location} ({said}); install the app in that location, or let it in again"
            )),
        })
    }
}

impl Grants for LocationGrant {
    fn token<'a>(&'a self, refused: Option<&'a SecretString>) -> BoxFuture<'a, Result<Entry, NoGrant>> {
        async move {
            let mut held = self.held.lock().await;
            let is_other =
                |entry: &Entry| refused.is_none_or(|refused| refused.expose_secret() != entry.token.expose_secret());
            if let Some((entry, renew)) = held.as_ref()
                && self.agency.clock.now() < *renew
                && is_other(entry)
            {
                return Ok(entry.clone());
            }
            let (entry, renew) = self.token_of_agency().await?;
            *held = Some((entry.clone(), renew));
            Ok(entry)
        }
        .boxed()
    }
}
