//! E-mail by SMTP.

use std::fmt;
use std::time::Duration;

use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::ExposeSecret;

use super::NotifyError;
use crate::config::{Email, Encryption, Smtp};

/// How long each command of the conversation may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A mail server, and who writes to whom.
pub(super) struct Mail {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mail")
    }
}

impl Mail {
    pub fn new(smtp: &Smtp, email: &Email, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, NotifyError> {
        type Server = AsyncSmtpTransport<Tokio1Executor>;
        let setup = |why: &dyn fmt::Display| NotifyError::Setup(why.to_string());
        let builder = match smtp.encryption {
            Encryption::Tls => Server::relay(&smtp.host).map_err(|why| setup(&why))?,
            Encryption::StartTls => Server::starttls_relay(&smtp.host).map_err(|why| setup(&why))?,
            Encryption::Off => Server::builder_dangerous(&smtp.host),
        };
        let mut builder = builder.port(smtp.port).timeout(Some(PATIENCE));
        if let Some((username, password)) = &smtp.login {
            let password = password.resolve(env)?;
            let credentials = Credentials::new(username.clone(), password.expose_secret().to_owned());
            builder = builder.credentials(credentials);
        }
        let mailbox = |text: &String| text.parse::<Mailbox>().map_err(|why| setup(&why));
        let to = email.to.iter().map(mailbox).collect::<Result<_, _>>()?;
        Ok(Self { server: builder.build(), from: mailbox(&email.from)?, to })
    }

    pub async fn send(&self, subject: &str, text: &str) -> Result<(), String> {
        let mut letter = Message::builder().from(self.from.clone()).subject(subject);
        for to in &self.to {
            letter = letter.to(to.clone());
        }
        let letter = letter.body(text.to_owned()).map_err(|why| why.to_string())?;
        self.server.send(letter).await.map_err(|why| why.to_string())?;
        Ok(())
    }
}
