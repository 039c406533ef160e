//! Which secrets a schedule's runs ask for.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{ExportError, Scheduler, no_place};
use crate::config::{Accounts, Config, Pair, Secret, SecretSource};

/// The secrets of some runs, by where they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Secrets {
    /// Environment variables.
    pub variables: BTreeSet<String>,
    /// Credentials of systemd.
    pub credentials: BTreeSet<String>,
    /// Files.
    pub files: BTreeSet<PathBuf>,
}

impl Secrets {
    /// What every run asks for.
    pub(super) fn shared(config: &Config) -> Self {
        let mut secrets = Self::default();
        let notify = &config.notify;
        let password = notify.smtp.as_ref().and_then(|smtp| smtp.login.as_ref()).map(|(_, password)| password);
        let addresses = [notify.healthcheck.as_ref(), notify.webhook.as_ref()];
        addresses.into_iter().chain([password]).flatten().for_each(|secret| secrets.add(secret));
        secrets
    }

    /// What runs of one pair ask for.
    pub(super) fn of_pair(pair: &Pair) -> Self {
        let mut secrets = Self::default();
        if let Accounts::Real(accounts) = &pair.accounts {
            secrets.add(&accounts.cliengo.api_key);
            accounts.ghl.access.secrets().for_each(|secret| secrets.add(secret));
        }
        secrets
    }

    /// What a process that runs these pairs asks for; `None`: every pair.
    pub(super) fn of_process(config: &Config, pairs: Option<&[String]>) -> Self {
        let mut secrets = Self::shared(config);
        let chosen = |pair: &&Pair| pairs.is_none_or(|pairs| pairs.contains(&pair.name));
        for pair in config.pairs.iter().filter(chosen) {
            let Self { variables, credentials, files } = Self::of_pair(pair);
            secrets.variables.extend(variables);
            secrets.credentials.extend(credentials);
            secrets.files.extend(files);
        }
        secrets
    }

    /// What the daemon asks for.
    pub(super) fn of_daemon(config: &Config) -> Self {
        let mut secrets = Self::of_process(config, None);
        config.daemon.token.iter().for_each(|secret| secrets.add(secret));
        secrets
    }

    /// Refuses credentials whose names would mean something else in a file of the scheduler's.
    pub(super) fn check_names(&self, scheduler: Scheduler) -> Result<(), ExportError> {
        let fits = |name: &str| name.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter));
        match self.credentials.iter().find(|name| !fits(name)) {
            None => Ok(()),
            Some(name) => {
                let hint = "name it with letters, digits and . _ - alone";
                Err(no_place(scheduler, format!("the credential \"{name}\""), hint))
            }
        }
    }

    fn add(&mut self, secret: &Secret) {
        match &secret.source {
            SecretSource::Env(name) => self.variables.insert(name.clone()),
            SecretSource::Credential(name) => self.credentials.insert(name.clone()),
            // Whoever reads the export stands elsewhere.
            SecretSource::File(path) => self.files.insert(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
        };
    }
}
