//! From a pair's settings to clients of both CRMs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};

use super::environment::environment;
use super::usage::Usage;
use super::{Session, access};
use crate::config::{self, Accounts, CliengoAccount, Config, GhlAccount, Pair, Readable};
use crate::crm::cliengo::{Cliengo, CliengoAuth, CliengoCapabilities, CliengoSettings, TasksMode};
use crate::crm::ghl::{Access, Ghl, GhlSettings};
use crate::crm::{Patience, Secrets, Writers};
use crate::reconcile::Mode;
use crate::run::{self, Job};
use crate::sandbox::{Options, Sandbox, Store};
use crate::state::{is_open_to_everybody, private_file, private_folder_of};

/// How long a command that somebody watches waits for a CRM in all.
pub(super) const HASTE: Duration = Duration::from_secs(20);

/// Shorter parts of an address are words.
const LONG_PART: usize = 11;

/// Both CRMs of a pair, ready to be asked.
pub(super) struct Clients {
    pub cliengo: Cliengo,
    pub ghl: Ghl,
    /// Keeps the embedded CRMs of a sandbox pair running.
    #[expect(dead_code, reason = "holding it is what keeps it running")]
    pub sandbox: Option<Sandbox>,
}

impl Clients {
    /// What a run that applies is given besides.
    pub(super) const fn writers(&self) -> Writers<'_> {
        Writers { cliengo: &self.cliengo, ghl: &self.ghl }
    }

    /// What a run of the pair is given.
    pub(super) fn job<'a>(&'a self, session: &'a Session, config: &'a Config, pair: &'a Pair, mode: Mode) -> Job<'a> {
        Job {
            pair,
            cliengo: &self.cliengo,
            ghl: &self.ghl,
            state_dir: &config.state_dir,
            clock: &*session.clock,
            mode,
            only: Vec::new(),
            families: run::FAMILIES,
            watch: None,
            progress: Some(&session.progress),
            retention: config.retention,
            stop: session.stop.clone(),
        }
    }
}

/// Where a sandbox pair keeps its CRMs between commands.
pub(super) fn sandbox_store(state_dir: &Path, pair: &str) -> PathBuf {
    state_dir.join(format!("{pair}.sandbox.db"))
}

/// The embedded CRMs of a sandbox pair, in a folder of the owner's alone, as all state.
pub(super) fn sandbox_options(session: &Session, state_dir: &Path, pair: &str) -> anyhow::Result<Options> {
    let store = sandbox_store(state_dir, pair);
    private_folder_of(&store)?;
    private_file(&store)?;
    Ok(Options { store: Store::File(store), clock: Arc::clone(&session.clock), ..Options::default() })
}

/// Connects to both CRMs of a pair. No request is made yet.
pub(super) async fn connect(session: &Session, config: &Config, pair: &Pair) -> anyhow::Result<Clients> {
    match &pair.accounts {
        Accounts::Sandbox => {
            let sandbox = Sandbox::start(sandbox_options(session, &config.state_dir, &pair.name)?).await?;
            let cliengo = CliengoSettings::new(
                &sandbox.cliengo_url(),
                SecretString::from(sandbox.api_key()),
                sandbox.website_id(),
                Arc::clone(&session.clock),
            );
            let ghl = GhlSettings::new(
                &sandbox.ghl_url(),
                SecretString::from(sandbox.token()),
                sandbox.location_id(),
                Arc::clone(&session.clock),
            );
            build(session, config, pair, cliengo, ghl, Some(sandbox))
        }
        Accounts::Real(accounts) => {
            let (cliengo, ghl) = (&accounts.cliengo, &accounts.ghl);
            let (cliengo, ghl) = (cliengo_settings(session, pair, cliengo)?, ghl_settings(session, config, pair, ghl)?);
            build(session, config, pair, cliengo, ghl, None)
        }
    }
}

/// Reads a pair's secrets, to say early what is missing.
pub(super) fn check_secrets(session: &Session, config: &Config, pair: &Pair) -> anyhow::Result<()> {
    if let Accounts::Real(accounts) = &pair.accounts {
        cliengo_settings(session, pair, &accounts.cliengo)?;
        ghl_settings(session, config, pair, &accounts.ghl)?;
    }
    Ok(())
}

/// Refuses a folder in which everybody may put a state of their own.
pub(super) fn check_folder(state_dir: &Path, pair: &Pair) -> anyhow::Result<()> {
    if pair.is_sandbox() || !is_open_to_everybody(state_dir) {
        return Ok(());
    }
    let folder = state_dir.display();
    let message = format!("everybody may write to {folder}, where the state is to be kept");
    Err(Usage { message, hint: format!("run: chmod 700 {folder}; or name another folder: state_dir, --state-dir") }
        .into())
}

/// Every secret that the configuration names and that can be read now, to be kept out of what a CRM says.
fn known_secrets(config: &Config) -> Secrets {
    let found = config.secrets().filter_map(|secret| secret.resolve(&environment).ok());
    let all: Vec<SecretString> = found.flat_map(|secret| secret_parts(secret.expose_secret())).collect();
    Secrets::of(&all)
}

/// A secret, or of an address what is secret about it: not its host.
fn secret_parts(secret: &str) -> Vec<SecretString> {
    let Some((_, address)) = secret.split_once("://") else { return vec![SecretString::from(secret.trim())] };
    let path = address.split_once('/').map_or("", |(_, path)| path);
    let long = path.split(['/', '?', '&', '=']).filter(|part| part.len() > LONG_PART);
    std::iter::once(path).chain(long).map(SecretString::from).collect()
}

fn cliengo_settings(session: &Session, pair: &Pair, account: &CliengoAccount) -> anyhow::Result<CliengoSettings> {
    let secret = account.api_key.resolve_key(&environment)?;
    let mut settings = CliengoSettings::new(&account.base_url, secret, &account.website_id, Arc::clone(&session.clock));
    settings.allow_http = account.allow_http;
    settings.secret_source = Some(account.api_key.source.to_string());
    settings.auth = match pair.cliengo.auth {
        config::CliengoAuth::Query => CliengoAuth::Query,
        config::CliengoAuth::Bearer => CliengoAuth::Bearer,
        config::CliengoAuth::Jwt => CliengoAuth::Jwt,
    };
    Ok(settings)
}

fn ghl_settings(session: &Session, config: &Config, pair: &Pair, account: &GhlAccount) -> anyhow::Result<GhlSettings> {
    let access = access::of(session, config, pair, account)?;
    let clock = Arc::clone(&session.clock);
    let mut settings = GhlSettings::entered(&account.base_url, access, &account.location_id, clock);
    settings.allow_http = account.allow_http;
    settings.secret_source = Some(access::source(&config.state_dir, pair, account));
    let (place, id) = (&account.location_place, &account.location_id);
    settings.location_source = Some(format!("`{}` = \"{id}\", {place}", place.key));
    Ok(settings)
}

/// Cliengo's client alone, for a pair of real accounts; it waits for so long in all.
pub(super) fn cliengo(session: &Session, pair: &Pair, in_all: Duration) -> anyhow::Result<Cliengo> {
    let Accounts::Real(accounts) = &pair.accounts else { anyhow::bail!("a sandbox pair's accounts are its own") };
    let patience = Patience { in_all, ..Patience::default() };
    cliengo_client(session, pair, cliengo_settings(session, pair, &accounts.cliengo)?, patience)
}

fn build(
    session: &Session,
    config: &Config,
    pair: &Pair,
    mut cliengo: CliengoSettings,
    mut ghl: GhlSettings,
    sandbox: Option<Sandbox>,
) -> anyhow::Result<Clients> {
    let patience = Patience { in_all: config.patience, ..Patience::default() };
    let secrets = session.secrets.get_or_init(|| known_secrets(config));
    let token = if let Access::Token(token) = &ghl.access { Some(token) } else { None };
    cliengo.secrets = secrets.with([&cliengo.secret].into_iter().chain(token));
    ghl.secrets = cliengo.secrets.clone();
    ghl.patience = patience;
    ghl.version.clone_from(&pair.ghl.version);
    ghl.page_size = pair.ghl.page_size;
    ghl.stop = session.stop.clone();
    ghl.seed = session.seed.rotate_left(17);
    Ok(Clients {
        cliengo: cliengo_client(session, pair, cliengo, patience)?,
        ghl: Ghl::new(ghl).context("cannot prepare the GHL client")?,
        sandbox,
    })
}

fn cliengo_client(
    session: &Session,
    pair: &Pair,
    mut cliengo: CliengoSettings,
    patience: Patience,
) -> anyhow::Result<Cliengo> {
    cliengo.patience = patience;
    let rate = pair.cliengo.requests_per_second;
    cliengo.requests_per_second = rate.is_finite().then_some(rate);
    cliengo.page_size = pair.cliengo.page_size;
    cliengo.tasks = match pair.cliengo.tasks {
        config::TasksMode::Auto => TasksMode::Auto,
        config::TasksMode::Resource => TasksMode::Resource,
        config::TasksMode::DueDate | config::TasksMode::Notes | config::TasksMode::Off => TasksMode::Off,
    };
    let capabilities = &pair.cliengo.capabilities;
    cliengo.capabilities = CliengoCapabilities {
        contact_delete: capabilities.contact_delete,
        tags_read: match capabilities.tags_read {
            Readable::Auto => None,
            Readable::On => Some(true),
            Readable::Off => Some(false),
        },
        tag_remove: capabilities.tag_remove,
        note_update: capabilities.note_update,
        note_delete: capabilities.note_delete,
    };
    cliengo.stop = session.stop.clone();
    cliengo.seed = session.seed;
    Cliengo::new(cliengo).context("cannot prepare the Cliengo client")
}
