//! Who hears of a run: a monitor that is pinged, a webhook, an e-mail. None of them gets contact data, none of them can
//! fail a run or hold it up.

mod mail;
mod message;
mod told;
mod web;

use std::time::Duration;

use mail::Mail;
use message::Message;
use secrecy::SecretString;
use thiserror::Error;
pub use told::{Counts, Told, without_contacts};
use tracing::warn;
use web::Web;

use crate::config::{ConfigError, Language, Notify, NotifyOn};
use crate::exit_code;

/// How long one of them is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why nobody can be told.
#[derive(Debug, Error)]
pub enum NotifyError {
    /// A secret is missing.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A secret is not what it should be. It is not repeated.
    #[error("`{key}` is no https:// address (http:// is for this machine alone)")]
    Address {
        /// The key that names it.
        key: &'static str,
    },
    /// The client could not be set up.
    #[error("`notify` cannot be set up: {0}")]
    Setup(String),
}

/// How serious an exit code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// All is well.
    Fine,
    /// Something waits for a person: records are held, or a guard wants an approval.
    Held,
    /// It failed.
    Failed,
}

impl Gravity {
    /// The gravity of a run that ended with `code`.
    #[must_use]
    pub const fn of(code: u8) -> Self {
        match code {
            exit_code::DONE => Self::Fine,
            exit_code::PERSON | exit_code::REFUSED | exit_code::PENDING => Self::Held,
            _ => Self::Failed,
        }
    }
}

/// What is told at once: the pairs of one `sync`, or of one due time of a schedule.
#[derive(Clone, Copy, Debug)]
pub struct Round<'a> {
    /// The schedule, or the command.
    pub name: &'a str,
    /// What came of each pair.
    pub pairs: &'a [Told],
}

impl Round<'_> {
    /// The exit code of them all.
    #[must_use]
    pub fn code(&self) -> u8 {
        exit_code::worst(self.pairs.iter().map(|told| told.code))
    }
}

/// Tells whoever the configuration names.
#[derive(Debug, Default)]
pub struct Notifier {
    healthcheck: Option<Web>,
    webhook: Option<Web>,
    mail: Option<Mail>,
    on: Vec<NotifyOn>,
    language: Language,
}

impl Notifier {
    /// Fetches the secrets; `env` looks up an environment variable. Nothing is sent.
    ///
    /// # Errors
    /// When a secret is missing, or is not an address.
    pub fn new(notify: &Notify, language: Language, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, NotifyError> {
        let address = |secret: &Option<crate::config::Secret>, key: &'static str| {
            let url: Option<SecretString> = secret.as_ref().map(|secret| secret.resolve_key(env)).transpose()?;
            url.map(|url| Web::new(&url, key)).transpose()
        };
        let mail = match (&notify.smtp, &notify.email) {
            (Some(smtp), Some(email)) => Some(Mail::new(smtp, email, env)?),
            _ => None,
        };
        Ok(Self {
            healthcheck: address(&notify.healthcheck, "notify.healthcheck")?,
            webhook: address(&notify.webhook, "notify.webhook")?,
            mail,
            on: notify.on.clone(),
            language,
        })
    }

    /// Says that a round begins.
    pub async fn begins(&self) {
        if let Some(monitor) = &self.healthcheck {
            heard("the healthcheck", monitor.ping(Some("start"), String::new())).await;
        }
    }

    /// Says what came of a round. What goes wrong here is a warning.
    pub async fn ended(&self, round: Round<'_>) {
        let message = Message::of(round, self.language);
        let has_notice = round.pairs.iter().any(|told| !told.notices.is_empty());
        let told = self.is_told(round.code()) || has_notice;
        let ping = async {
            if let Some(monitor) = &self.healthcheck {
                let code = (told && round.code() != exit_code::DONE).then(|| round.code().to_string());
                heard("the healthcheck", monitor.ping(code.as_deref(), message.text.clone())).await;
            }
        };
        let post = async {
            if let Some(hook) = self.webhook.as_ref().filter(|_| told) {
                heard("the webhook", hook.post(&message.json)).await;
            }
        };
        let mail = async {
            if let Some(mail) = self.mail.as_ref().filter(|_| told) {
                heard("the mail server", mail.send(&message.subject, &message.text)).await;
            }
        };
        tokio::join!(ping, post, mail);
    }

    fn is_told(&self, code: u8) -> bool {
        let always = self.on.contains(&NotifyOn::Always);
        always
            || match Gravity::of(code) {
                Gravity::Fine => false,
                Gravity::Held => self.on.contains(&NotifyOn::Held),
                Gravity::Failed => self.on.contains(&NotifyOn::Failure),
            }
    }
}

/// Waits for whoever is told, but not for long.
async fn heard(whom: &str, telling: impl Future<Output = Result<(), String>>) {
    match tokio::time::timeout(PATIENCE, telling).await {
        Ok(Ok(())) => {}
        Ok(Err(why)) => warn!("{whom} could not be told: {why}"),
        Err(_) => warn!("{whom} could not be told: no answer came within {} seconds", PATIENCE.as_secs()),
    }
}
