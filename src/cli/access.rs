//! Which grant lets a pair into GHL, and where it is kept: one for each app, shared by all pairs that use it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use super::Session;
use super::environment::environment;
use crate::config::{App, Config, GhlAccess, GhlAccount, Pair};
use crate::crm::Patience;
use crate::crm::ghl::Access;
use crate::crm::ghl::oauth::{self, GrantStore, GrantStoreError, LocationGrant, OAuth};
use crate::state::{SealedError, SealedFile};

/// The grants in use, by where they are kept.
#[derive(Debug, Default)]
pub(super) struct Grants {
    open: Mutex<BTreeMap<PathBuf, Arc<OAuth>>>,
    /// What is finished before the process ends.
    pub errands: TaskTracker,
}

/// A sealed file, as a place for a grant.
#[derive(Debug)]
struct Kept(SealedFile);

impl GrantStore for Kept {
    fn read(&self) -> Result<Option<Vec<u8>>, GrantStoreError> {
        self.0.read().map_err(|why| match why {
            SealedError::File { .. } => GrantStoreError::File(why.to_string()),
            SealedError::Damaged { .. } | SealedError::Key { .. } => GrantStoreError::Worthless(why.to_string()),
        })
    }

    fn write(&self, content: &[u8]) -> Result<(), GrantStoreError> {
        self.0.write(content).map_err(|why| GrantStoreError::File(why.to_string()))
    }

    fn lock(&self, now: Timestamp) -> Result<Option<Box<dyn Send>>, GrantStoreError> {
        let lock = self.0.lock(now).map_err(|why| GrantStoreError::File(why.to_string()))?;
        Ok(lock.map(|lock| Box::new(lock) as Box<dyn Send>))
    }
}

/// How a pair's location is entered. Nothing is asked yet.
pub(super) fn of(session: &Session, config: &Config, pair: &Pair, account: &GhlAccount) -> anyhow::Result<Access> {
    Ok(match &account.access {
        GhlAccess::Token(token) => Access::Token(token.resolve_key(&environment)?),
        GhlAccess::App(_) => Access::App(grant(session, config, pair, account)?.0),
        GhlAccess::Agency { .. } => {
            let (agency, _) = grant(session, config, pair, account)?;
            Access::Agency(Arc::new(LocationGrant::new(agency, &account.location_id)))
        }
    })
}

/// The grant of a pair's app, and the file that it is kept in.
pub(super) fn grant(
    session: &Session,
    config: &Config,
    pair: &Pair,
    account: &GhlAccount,
) -> anyhow::Result<(Arc<OAuth>, PathBuf)> {
    let (name, app) = match &account.access {
        GhlAccess::Token(_) => anyhow::bail!("pair {} is entered with a token", pair.name),
        GhlAccess::App(app) => (format!("{}.token", pair.name), app),
        GhlAccess::Agency { name, app } => (format!("agency-{name}.token"), app),
    };
    let path = config.state_dir.join(&name);
    let mut open = session.grants.open.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(grant) = open.get(&path) {
        return Ok((Arc::clone(grant), path));
    }
    let store = Kept(SealedFile::new(&config.state_dir, &name, app.key.resolve(&environment)?));
    let command = format!("concord auth ghl --pair {}", pair.name);
    let app = asked_at(config, account, app)?;
    let clock = Arc::clone(&session.clock);
    let grant = OAuth::new(app, Box::new(store), clock, session.grants.errands.clone(), command);
    open.insert(path.clone(), Arc::clone(&grant));
    Ok((grant, path))
}

fn asked_at(config: &Config, account: &GhlAccount, app: &App) -> anyhow::Result<oauth::App> {
    let secret = app.client_secret.resolve_key(&environment)?;
    let patience = Patience { in_all: config.patience, ..Patience::default() };
    Ok(oauth::App::new(&account.base_url, account.allow_http, &app.client_id, secret, patience)?)
}

/// Where a person would look for what lets a pair in.
pub(super) fn source(state_dir: &Path, pair: &Pair, account: &GhlAccount) -> String {
    match &account.access {
        GhlAccess::Token(token) => token.source.to_string(),
        GhlAccess::App(_) => format!("the file {}", state_dir.join(format!("{}.token", pair.name)).display()),
        GhlAccess::Agency { name, .. } => {
            format!("the file {}", state_dir.join(format!("agency-{name}.token")).display())
        }
    }
}
