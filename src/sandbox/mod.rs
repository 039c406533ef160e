//! Both CRMs, embedded: server, store, quirks, faults, seed data.
//!
//! The wire shapes here are written from the API notes and shared with no client, so that one misreading cannot hide on
//! both ends.

pub mod account;
mod call;
mod cliengo;
mod connection;
mod data;
mod disk;
mod edit;
mod fault;
mod fill;
mod ghl;
mod limit;
mod people;
mod random;
mod seed;
mod server;
mod world;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_account;
#[cfg(test)]
mod tests_faults;
#[cfg(test)]
mod tests_world;

pub use account::Profile as AccountProfile;
pub use edit::{Edit, EditKind, EditOp};
pub use fault::{Fault, FaultRule, Faults, GRAMMAR as FAULT_GRAMMAR, Stated, When};
pub use world::World;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, SystemClock};
use crate::record::Side;
use data::Identity;
use server::Server;

/// How long a stopping sandbox waits for answers under way.
const STOPPING: Duration = Duration::from_secs(2);

/// Which Cliengo is embedded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// As documented: no tasks, notes and tags can only be added.
    Legacy,
    /// With tasks, and with notes and tags that can be changed and removed (contract, section 5).
    #[default]
    Extended,
}

impl FromStr for Profile {
    type Err = SandboxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "legacy" => Ok(Self::Legacy),
            "extended" => Ok(Self::Extended),
            other => Err(SandboxError::Unknown { what: "profile", given: other.to_owned(), known: "legacy, extended" }),
        }
    }
}

/// Whether GHL's rate limits are enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateLimit {
    /// 100 per 10 seconds and 200,000 per day, then 429 without `Retry-After` (GHL API notes, 2).
    Real,
    /// Never; the headers tell of limits that nobody reaches.
    #[default]
    Off,
}

impl FromStr for RateLimit {
    type Err = SandboxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "real" => Ok(Self::Real),
            "off" => Ok(Self::Off),
            other => Err(SandboxError::Unknown { what: "rate limit", given: other.to_owned(), known: "real, off" }),
        }
    }
}

/// Where the world is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Store {
    /// In an `SQLite` file, between commands; seeded when it is first opened.
    File(PathBuf),
    /// In memory, until the last handle is gone.
    #[default]
    Memory,
}

/// How a sandbox is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the world is kept.
    pub store: Store,
    /// People to seed; a file that already holds a world keeps its own.
    pub contacts: usize,
    /// All seeded data follow from it.
    pub seed: u64,
    /// How many accounts of each CRM one process serves, each with a world, limits and faults of its own. At least 1.
    /// The second's seed is the first's plus one, and so on; only the first is kept in `store`.
    pub accounts: usize,
    /// The address to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// How both accounts behave.
    pub account: AccountProfile,
    /// Which Cliengo.
    pub profile: Profile,
    /// GHL's limits.
    pub rate_limit: RateLimit,
    /// GHL's requests per day, whatever `rate_limit` says; `None`: as that says.
    pub daily: Option<u64>,
    /// The window in which GHL counts requests, as its answers announce it.
    pub rate_window: Duration,
    /// How long GHL's searches stay behind its primary store.
    pub lag: Duration,
    /// Cliengo contacts carry no `tags`.
    pub hide_tags: bool,
    /// What is to go wrong.
    pub faults: Faults,
    /// The log has the answers too; a long-running server would not have the memory for them.
    pub keep_answers: bool,
    /// The time on both CRMs.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            store: Store::Memory,
            contacts: 40,
            seed: 1,
            accounts: 1,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            account: AccountProfile::default(),
            profile: Profile::Extended,
            rate_limit: RateLimit::Off,
            daily: None,
            rate_window: Duration::from_secs(10),
            lag: Duration::ZERO,
            hide_tags: false,
            faults: Faults::none(),
            keep_answers: false,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Why the sandbox cannot do what it is asked to.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address cannot be listened on.
    #[error("the sandbox cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The store's folder cannot be made.
    #[error("the sandbox cannot make {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `SQLite` refuses.
    #[error("the sandbox's store failed")]
    Store(#[from] rusqlite::Error),
    /// The store holds something that is no record.
    #[error("the sandbox's store holds a record that cannot be read")]
    Record(#[from] serde_json::Error),
    /// An edit that makes no sense.
    #[error("{0}")]
    Edit(String),
    /// An account's profile that makes no sense.
    #[error("the account's profile cannot be read: {0}")]
    Account(String),
    /// A part of `--faults` that makes no sense.
    #[error("fault `{part}`: {why}")]
    Faults {
        /// The part.
        part: String,
        /// What is wrong with it.
        why: String,
    },
    /// A name that is none of the known ones.
    #[error("unknown {what} `{given}`; known: {known}")]
    Unknown {
        /// What it should name.
        what: &'static str,
        /// What was given.
        given: String,
        /// What could be given.
        known: &'static str,
    },
}

/// A request that the sandbox answered.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedRequest {
    /// Whose API.
    pub side: Side,
    /// GET, POST, …
    pub method: String,
    /// Path and query below the API's base, without `api_key`.
    pub path: String,
    /// The body, where it was JSON.
    pub body: Option<Value>,
    /// The answer's status; 0 where the connection was cut instead.
    pub status: u16,
    /// The answer, where it was JSON, no fault had a hand in it, and [`Options::keep_answers`] is on.
    pub answer: Option<Value>,
}

/// Where one pair's accounts are, and how they are entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The base of Cliengo's API.
    pub cliengo_url: String,
    /// Cliengo's key.
    pub api_key: String,
    /// The website on which Cliengo contacts are created.
    pub website_id: String,
    /// The base of GHL's API.
    pub ghl_url: String,
    /// GHL's token.
    pub token: String,
    /// GHL's location.
    pub location_id: String,
}

/// Both CRMs, running. Stops when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    identity: Identity,
    /// The first account's.
    server: Arc<Server>,
    /// Every account's.
    servers: Arc<[Arc<Server>]>,
    stopping: CancellationToken,
    serving: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Opens the world and listens.
    ///
    /// # Errors
    /// The store cannot be opened, or the address not be listened on.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let server = Arc::new(Server::open(&options)?);
        let identity = server.world.with(|data, _| data.identity.clone())?;
        let mut servers = vec![Arc::clone(&server)];
        for seed in (options.seed..).take(options.accounts.max(1)).skip(1) {
            let further = Options { seed, store: Store::Memory, ..options.clone() };
            servers.push(Arc::new(Server::open(&further)?));
        }
        let servers: Arc<[Arc<Server>]> = servers.into();
        let refused = |source| SandboxError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let application = Router::new().fallback(server::handle).with_state(Arc::clone(&servers));
        let service = application.into_make_service_with_connect_info::<connection::Scissors>();
        let stopping = CancellationToken::new();
        let stop = stopping.clone().cancelled_owned();
        let serving = axum::serve(connection::Door(listener), service).with_graceful_shutdown(stop);
        let serving = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "sandbox: stopped serving");
            }
        });
        Ok(Self { address, identity, server, servers, stopping, serving: Some(serving) })
    }

    /// The base of Cliengo's API.
    #[must_use]
    pub fn cliengo_url(&self) -> String {
        format!("http://{}/cliengo/1.0", self.address)
    }

    /// The base of GHL's API.
    #[must_use]
    pub fn ghl_url(&self) -> String {
        format!("http://{}/ghl", self.address)
    }

    /// Cliengo's key.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.identity.api_key
    }

    /// GHL's token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.identity.token
    }

    /// GHL's location.
    #[must_use]
    pub fn location_id(&self) -> &str {
        &self.identity.location_id
    }

    /// GHL's company, to which the location belongs.
    #[must_use]
    pub fn company_id(&self) -> &str {
        &self.identity.company_id
    }

    /// Id and secret of the app that locations install, and of the one that agencies do.
    #[must_use]
    pub fn apps(&self) -> [(String, String); 2] {
        ghl::apps(&self.identity)
    }

    /// From now on no access token of an app is good any more; refresh tokens still are.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn revoke_tokens(&self) -> Result<(), SandboxError> {
        self.server.world.with(|data, _| data.ghl.oauth.revoke())
    }

    /// From now on no token of an app is good any more: as where another program renewed it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn use_up_tokens(&self) -> Result<(), SandboxError> {
        self.server.world.with(|data, _| data.ghl.oauth.use_up())
    }

    /// The website on which Cliengo contacts are created.
    #[must_use]
    pub fn website_id(&self) -> &str {
        &self.identity.website_id
    }

    /// Every account that is served: the first at `http://ADDRESS/cliengo/1.0`, the second at
    /// `http://ADDRESS/2/cliengo/1.0`, and so on.
    ///
    /// # Errors
    /// A store cannot be read.
    pub fn accounts(&self) -> Result<Vec<Account>, SandboxError> {
        let numbered = self.servers.iter().zip(1_usize..);
        let account = |(server, number): (&Arc<Server>, usize)| {
            let base = match number {
                1 => format!("http://{}", self.address),
                _ => format!("http://{}/{number}", self.address),
            };
            let identity = server.world.with(|data, _| data.identity.clone())?;
            Ok(Account {
                cliengo_url: format!("{base}/cliengo/1.0"),
                api_key: identity.api_key,
                website_id: identity.website_id,
                ghl_url: format!("{base}/ghl"),
                token: identity.token,
                location_id: identity.location_id,
            })
        };
        numbered.map(account).collect()
    }

    /// What was asked of the first account so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.server.log.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Forgets what was asked so far.
    pub fn clear_requests(&self) {
        self.server.log.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Replaces the faults; their counts start again. A `lag` in them replaces the searches' lag.
    pub fn set_faults(&self, faults: Faults) {
        if let Some(lag) = faults.lag() {
            self.server.world.set_lag(lag);
        }
        let striking = fault::Striking::new(faults, self.identity.seed);
        *self.server.striking.lock().unwrap_or_else(PoisonError::into_inner) = striking;
    }

    /// A handle to the same world, for edits and dumps without HTTP.
    #[must_use]
    pub fn world(&self) -> World {
        self.server.world.clone()
    }

    /// Stops listening; answers under way get two seconds.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        if let Some(mut serving) = self.serving.take()
            && tokio::time::timeout(STOPPING, &mut serving).await.is_err()
        {
            serving.abort();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
