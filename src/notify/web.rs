//! A secret address that is asked or posted to. It never stands in an error or in the log.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, Response, Url};
use secrecy::{ExposeSecret, SecretString};

use super::NotifyError;

/// How long a connection and an answer may take, each.
const PATIENCE: Duration = Duration::from_secs(5);

/// An address, and the client for it.
pub(super) struct Web {
    url: Url,
    client: Client,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Web")
    }
}

impl Web {
    pub fn new(url: &SecretString, key: &'static str) -> Result<Self, NotifyError> {
        let url = Url::parse(url.expose_secret().trim()).map_err(|_| NotifyError::Address { key })?;
        let is_here = url.host_str().is_some_and(is_loopback);
        if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
            return Err(NotifyError::Address { key });
        }
        let builder = Client::builder()
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("concord/", env!("CARGO_PKG_VERSION")));
        let builder = if is_here { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| NotifyError::Setup(error.without_url().to_string()))?;
        Ok(Self { url, client })
    }

    /// Posts `body` to the address, or to what lies `below` it.
    pub async fn ping(&self, below: Option<&str>, body: String) -> Result<(), String> {
        let mut url = self.url.clone();
        if let (Some(below), Ok(mut path)) = (below, url.path_segments_mut()) {
            path.pop_if_empty().push(below);
        }
        judge(self.client.post(url).body(body).send().await)
    }

    /// Posts JSON to the address.
    pub async fn post(&self, body: &serde_json::Value) -> Result<(), String> {
        judge(self.client.post(self.url.clone()).json(body).send().await)
    }
}

fn judge(answer: Result<Response, reqwest::Error>) -> Result<(), String> {
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("it answered {}", answer.status().as_u16())),
        Err(error) => Err(error.without_url().to_string()),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
