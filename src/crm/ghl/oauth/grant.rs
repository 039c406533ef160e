//! What GHL granted, as it is kept.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ask::Granted;

/// A token is renewed when nine tenths of its life are over.
const TENTHS: i64 = 9;
/// A refresh token that nobody uses (`GHL API notes, 1`).
const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);

/// A token, what renews it, and what it is good for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    access_token: String,
    refresh_token: String,
    /// When the token in force was given.
    issued: Timestamp,
    expires: Timestamp,
    /// When a person last consented.
    granted: Timestamp,
    /// A renewal that began and whose end is not known.
    renewing: Option<Timestamp>,
    scopes: Vec<String>,
    location: Option<String>,
    company: Option<String>,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("issued", &self.issued).field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl Grant {
    /// What a person just consented to; `None` where it cannot be renewed.
    pub(super) fn first(granted: Granted, now: Timestamp) -> Option<Self> {
        granted.refresh_token.is_some().then(|| Self::passing(granted, now))
    }

    /// One that is asked for again instead of being renewed.
    pub(super) fn passing(granted: Granted, now: Timestamp) -> Self {
        let mut grant = Self::empty(now);
        grant.take(granted, now);
        grant
    }

    const fn empty(now: Timestamp) -> Self {
        Self {
            access_token: String::new(),
            refresh_token: String::new(),
            issued: now,
            expires: now,
            granted: now,
            renewing: None,
            scopes: Vec::new(),
            location: None,
            company: None,
        }
    }

    /// The same, about to be renewed.
    pub(super) fn begun(&self, now: Timestamp) -> Self {
        Self { renewing: self.renewing.or(Some(now)), ..self.clone() }
    }

    /// The same after a renewal.
    pub(super) fn renewed(&self, granted: Granted, now: Timestamp) -> Self {
        let mut grant = self.clone();
        grant.take(granted, now);
        grant
    }

    fn take(&mut self, granted: Granted, now: Timestamp) {
        let life = SignedDuration::from_secs(granted.life);
        self.issued = now;
        self.expires = now.saturating_add(life).unwrap_or(now);
        self.renewing = None;
        self.access_token = granted.access_token;
        // A server that does not rotate gives none.
        if let Some(refresh) = granted.refresh_token {
            self.refresh_token = refresh;
        }
        if !granted.scopes.is_empty() {
            self.scopes = granted.scopes;
        }
        self.location = granted.location.or(self.location.take());
        self.company = granted.company.or(self.company.take());
    }

    pub(super) fn access_token(&self) -> &str {
        &self.access_token
    }

    pub(super) fn refresh_token(&self) -> &str {
        &self.refresh_token
    }

    pub(super) const fn renewing(&self) -> Option<Timestamp> {
        self.renewing
    }

    /// When the token in force ends.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// When it is renewed.
    pub(super) fn renew(&self) -> Timestamp {
        let life = self.expires.duration_since(self.issued).as_secs();
        let most = SignedDuration::from_secs(life / 10 * TENTHS + life % 10 * TENTHS / 10);
        self.issued.saturating_add(most).unwrap_or(self.issued)
    }

    /// When it can no longer be renewed, if nobody does until then.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        self.issued.saturating_add(REFRESH_LIFE).unwrap_or(Timestamp::MAX)
    }

    /// When a person last consented.
    #[must_use]
    pub const fn granted(&self) -> Timestamp {
        self.granted
    }

    /// What it may be used for; empty where GHL does not say.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// The location that it was granted for.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The agency that it was granted by.
    #[must_use]
    pub fn company(&self) -> Option<&str> {
        self.company.as_deref()
    }
}
