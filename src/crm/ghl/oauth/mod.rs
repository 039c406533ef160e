//! Tokens of a GHL app (`GHL API notes, 1`): granted by a person, renewed before they expire, and once after GHL refused one.
//!
//! A refresh token is good for one renewal. So who renews holds the lock of where it is kept, reads it again there, and lets
//! nothing interrupt it until the new one is stored.

mod ask;
mod grant;
mod location;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use ask::{App, Granted};
use futures::FutureExt;
use futures::future::BoxFuture;
pub use grant::Grant;
use jiff::Timestamp;
pub use location::LocationGrant;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::crm::grants::{Entry, Grants, NoGrant};
use ask::Refused;

/// How often a renewal is asked for before the run goes on without it.
const TRIES: u32 = 3;
/// How long another process's renewal is waited for.
const OTHERS: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(50);
/// After a renewal that failed, the old token is used for so long before the next try.
const REST: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// Where a grant is kept between runs.
pub trait GrantStore: fmt::Debug + Send + Sync {
    /// What is kept; `None`: nothing.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&self) -> Result<Option<Vec<u8>>, GrantStoreError>;

    /// Replaces it, as a whole or not at all.
    ///
    /// # Errors
    /// It cannot be written.
    fn write(&self, content: &[u8]) -> Result<(), GrantStoreError>;

    /// The right to replace it, until what is given is dropped; `None`: another one has it.
    ///
    /// # Errors
    /// It cannot be had.
    fn lock(&self, now: Timestamp) -> Result<Option<Box<dyn Send>>, GrantStoreError>;
}

/// Why a grant cannot be read or kept: in words, without secrets.
#[derive(Clone, Debug, Error)]
pub enum GrantStoreError {
    /// The place cannot be used now.
    #[error("{0}")]
    File(String),
    /// What is kept there is of no use any more.
    #[error("{0}")]
    Worthless(String),
}

/// Why a code or a token was not had.
#[derive(Clone, Debug, Error)]
pub enum OAuthError {
    /// GHL said no.
    #[error("GHL gives no token: {0}")]
    Refused(String),
    /// It could not be asked, or what it answered is no token.
    #[error("GHL cannot be asked for a token: {0}")]
    NotNow(String),
    /// It was not kept.
    #[error("the token cannot be kept: {0}")]
    NotKept(#[from] GrantStoreError),
}

/// A grant that is kept, and renewed when it is time. Shared by all that use it.
pub struct OAuth {
    app: App,
    store: Box<dyn GrantStore>,
    clock: Arc<dyn Clock>,
    /// What is finished before the process ends.
    errands: TaskTracker,
    /// Has a person consent again.
    command: String,
    held: tokio::sync::Mutex<Option<Held>>,
}

/// A grant in use, and when it is renewed.
#[derive(Clone)]
struct Held {
    grant: Grant,
    renew: Timestamp,
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth").field("store", &self.store).finish_non_exhaustive()
    }
}

impl OAuth {
    /// A grant kept in `store`. `errands` is waited for before the process ends; `command` has a person consent again.
    #[must_use]
    pub fn new(
        app: App,
        store: Box<dyn GrantStore>,
        clock: Arc<dyn Clock>,
        errands: TaskTracker,
        command: String,
    ) -> Arc<Self> {
        Arc::new(Self { app, store, clock, errands, command, held: tokio::sync::Mutex::default() })
    }

    /// The app.
    #[must_use]
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// What has a person consent again.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// What is kept; `None`: nobody has consented yet.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn kept(&self) -> Result<Option<Grant>, GrantStoreError> {
        let Some(content) = self.store.read()? else { return Ok(None) };
        let grant = serde_json::from_slice(&content);
        let worthless = |_| GrantStoreError::Worthless("what is kept is no token of this program's".to_owned());
        grant.map(Some).map_err(worthless)
    }

    /// Keeps what a person consented to.
    ///
    /// # Errors
    /// It cannot be kept.
    pub async fn keep(&self, granted: Granted) -> Result<Grant, OAuthError> {
        let lock = self.locked().await.map_err(|why| match why {
            NoGrant::Person { why, .. } | NoGrant::NotNow(why) | NoGrant::Hopeless(why) => GrantStoreError::File(why),
        })?;
        let grant = Grant::first(granted, self.clock.now())
            .ok_or_else(|| OAuthError::NotNow("its answer came without a refresh token".to_owned()))?;
        self.write(&grant)?;
        *self.held.lock().await = None;
        drop(lock);
        Ok(grant)
    }

    /// The grant in force; one with another token than `refused`.
    async fn grant(self: &Arc<Self>, refused: Option<&SecretString>) -> Result<Grant, NoGrant> {
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| self.is_good(&held.grant, held.renew, refused)) {
            return Ok(held.grant.clone());
        }
        let kept = self.kept_or_consent()?;
        let fresh = if self.is_good(&kept, kept.renew(), refused) {
            Held { renew: kept.renew(), grant: kept }
        } else {
            let (this, refused) = (Arc::clone(self), refused.cloned());
            // A run that ends meanwhile must not lose the one new refresh token there is.
            let renewal = self.errands.spawn(async move { this.renewed(refused.as_ref()).await });
            renewal.await.unwrap_or_else(|_| Err(NoGrant::NotNow("the renewal of its token broke off".to_owned())))?
        };
        *held = Some(fresh.clone());
        Ok(fresh.grant)
    }

    fn is_good(&self, grant: &Grant, renew: Timestamp, refused: Option<&SecretString>) -> bool {
        self.clock.now() < renew && refused.is_none_or(|refused| refused.expose_secret() != grant.access_token())
    }

    fn kept_or_consent(&self) -> Result<Grant, NoGrant> {
        let kept = self.kept().map_err(|why| match why {
            GrantStoreError::File(why) => NoGrant::Hopeless(why),
            GrantStoreError::Worthless(why) => self.consent(why),
        })?;
        kept.ok_or_else(|| self.consent("no token is kept yet: nobody has let this program in".to_owned()))
    }

    fn consent(&self, why: String) -> NoGrant {
        NoGrant::Person { why, remedy: format!("run: {}", self.command) }
    }

    /// The right to renew. Another process that has it is waited for.
    async fn locked(&self) -> Result<Box<dyn Send>, NoGrant> {
        let late = tokio::time::Instant::now() + OTHERS;
        loop {
            match self.store.lock(self.clock.now()) {
                Ok(Some(lock)) => return Ok(lock),
                Ok(None) if tokio::time::Instant::now() < late => tokio::time::sleep(LOOK).await,
                Ok(None) => return Err(NoGrant::NotNow("another process is renewing its token".to_owned())),
                Err(why) => return Err(NoGrant::Hopeless(why.to_string())),
            }
        }
    }

    async fn renewed(&self, refused: Option<&SecretString>) -> Result<Held, NoGrant> {
        let _lock = self.locked().await?;
        // Another process may have renewed it since.
        let kept = self.kept_or_consent()?;
        if self.is_good(&kept, kept.renew(), refused) {
            return Ok(Held { renew: kept.renew(), grant: kept });
        }
        let began = kept.begun(self.clock.now());
        if began != kept {
            self.write(&began).map_err(|why| NoGrant::Hopeless(why.to_string()))?;
        }
        let mut unanswered = kept.renewing();
        let asked = self.ask_patiently(&began, &mut unanswered).await;
        if asked.is_err() && unanswered.is_none() && began != kept {
            // It was answered, and nothing came of it: the next run has no renewal to doubt.
            self.write(&kept).map_err(|why| NoGrant::Hopeless(why.to_string()))?;
        }
        match asked {
            Ok(granted) => {
                let grant = began.renewed(granted, self.clock.now());
                if let Err(why) = self.write(&grant) {
                    let command = &self.command;
                    tracing::error!(%why, "GHL's renewed token could not be kept; it serves this process alone. Before the next run: {command}");
                }
                Ok(Held { renew: grant.renew(), grant })
            }
            Err(why) => self.without_renewal(&kept, refused, unanswered, why),
        }
    }

    /// `unanswered` is when a renewal began of which nothing was heard.
    async fn ask_patiently(&self, grant: &Grant, unanswered: &mut Option<Timestamp>) -> Result<Granted, Refused> {
        let mut failures = 0;
        loop {
            match self.app.renew(grant.refresh_token()).await {
                Err(Refused::NotNow { why, may_be_done }) => {
                    failures += 1;
                    if may_be_done {
                        unanswered.get_or_insert_with(|| self.clock.now());
                    }
                    if failures == TRIES {
                        return Err(Refused::NotNow { why, may_be_done });
                    }
                    tokio::time::sleep(self.app.pause(failures)).await;
                }
                ended => return ended,
            }
        }
    }

    /// While the old token lasts, a renewal that failed costs nothing yet.
    fn without_renewal(
        &self,
        kept: &Grant,
        refused: Option<&SecretString>,
        unanswered: Option<Timestamp>,
        why: Refused,
    ) -> Result<Held, NoGrant> {
        let now = self.clock.now();
        let not_renewed = |why: String| format!("its token could not be renewed: {why}");
        let why = match why {
            Refused::NotNow { why, .. } => NoGrant::NotNow(not_renewed(why)),
            Refused::Blocked(why) => NoGrant::Hopeless(not_renewed(why)),
            Refused::Spent(said) => self.consent(spent(unanswered, &said)),
            Refused::App(said) => NoGrant::Person { why: not_the_app(&said), remedy: CORRECT_THE_APP.to_owned() },
            Refused::No { status: 401 | 403, said } => self
                .consent(format!("it refuses to renew its token and does not say why ({said}). Nothing was written")),
            Refused::No { said, .. } => NoGrant::Hopeless(not_renewed(said)),
        };
        if self.is_good(kept, kept.expires(), refused) {
            let (NoGrant::Person { why, .. } | NoGrant::NotNow(why) | NoGrant::Hopeless(why)) = &why;
            tracing::warn!("GHL: {why}; the token in use is good until {}", kept.expires());
            let renew = now.saturating_add(REST).unwrap_or(now).min(kept.expires());
            return Ok(Held { grant: kept.clone(), renew });
        }
        Err(why)
    }

    fn write(&self, grant: &Grant) -> Result<(), GrantStoreError> {
        let content = serde_json::to_vec(grant).map_err(|why| GrantStoreError::File(why.to_string()))?;
        self.store.write(&content)
    }
}

/// What is done where an app's id and secret are not taken.
const CORRECT_THE_APP: &str = "correct client_id and client_secret as the app's page in GHL's marketplace shows them, and try it with: concord check";

fn not_the_app(said: &str) -> String {
    format!(
        "it does not take the app's client_id and client_secret ({said}); the token is not in question. Nothing was written"
    )
}

/// What it means that a refresh token is no longer taken.
fn spent(unanswered: Option<Timestamp>, said: &str) -> String {
    let cause = match unanswered {
        Some(at) => format!("a renewal that began at {at} got no answer, and used it up"),
        None => "another copy of this program used it up, or the app was taken out of the account".to_owned(),
    };
    format!("its token can no longer be renewed ({said}): {cause}. Nothing was written")
}

impl Grants for Arc<OAuth> {
    fn token<'a>(&'a self, refused: Option<&'a SecretString>) -> BoxFuture<'a, Result<Entry, NoGrant>> {
        async move {
            let grant = self.grant(refused).await?;
            let behind_it = vec![SecretString::from(grant.refresh_token())];
            Ok(Entry { token: SecretString::from(grant.access_token()), behind_it })
        }
        .boxed()
    }
}
