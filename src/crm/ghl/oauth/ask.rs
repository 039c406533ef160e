//! The requests of OAuth, and what comes back.

use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::OAuthError;
use crate::crm::answer::{BLOCKED, is_page, message, shown};
use crate::crm::http::client;
use crate::crm::transport::{Attempt, bearer, head, whole_body};
use crate::crm::{Patience, Secrets, SetupError};

/// How long a token is good for where GHL does not say.
const LIFE: i64 = 3600;
const FORM: &str = "application/x-www-form-urlencoded";

/// An app of GHL's marketplace, and where it is asked.
pub struct App {
    client: Client,
    base_url: String,
    id: String,
    secret: SecretString,
    patience: Patience,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Tokens as they were given.
pub struct Granted {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    /// In seconds.
    pub(super) life: i64,
    pub(super) scopes: Vec<String>,
    pub(super) location: Option<String>,
    pub(super) company: Option<String>,
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted")
            .field("location", &self.location)
            .field("company", &self.company)
            .finish_non_exhaustive()
    }
}

impl Granted {
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

/// Why no token came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The code or the refresh token is not taken, or no longer.
    Spent(String),
    /// The app's own id and secret are not taken.
    App(String),
    /// GHL said no, in other words.
    No { status: u16, said: String },
    /// Something in front of it answered with a page.
    Blocked(String),
    /// It could not be asked; `may_be_done`: what was asked for may have been done all the same.
    NotNow { why: String, may_be_done: bool },
}

impl From<Refused> for OAuthError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Spent(said) | Refused::App(said) | Refused::No { said, .. } => Self::Refused(said),
            Refused::Blocked(why) | Refused::NotNow { why, .. } => Self::NotNow(why),
        }
    }
}

/// What a 4xx to a request for a token means, or a 2xx that is an error: by OAuth's own codes, else by GHL's words.
fn refused(status: u16, body: &str, said: String) -> Refused {
    if is_page(body) {
        return Refused::Blocked(format!("it answered {status}, {BLOCKED}"));
    }
    let words = body.to_lowercase();
    let speaks_of = |those: &[&str]| those.iter().any(|word| words.contains(word));
    if speaks_of(&["invalid_grant"]) {
        Refused::Spent(said)
    } else if speaks_of(&[
        "invalid_client",
        "unauthorized_client",
        "client_id",
        "client_secret",
        "client authentication",
    ]) {
        Refused::App(said)
    } else if speaks_of(&["refresh token", "refresh_token", "authorization code"]) {
        Refused::Spent(said)
    } else {
        Refused::No { status, said }
    }
}

impl App {
    /// An app that is asked at `base_url`; makes no request.
    ///
    /// # Errors
    /// Where the base URL cannot be used.
    pub fn new(
        base_url: &str,
        allow_http: bool,
        id: &str,
        secret: SecretString,
        patience: Patience,
    ) -> Result<Self, SetupError> {
        let client = client(base_url, allow_http, HeaderMap::new(), &patience)?;
        let base_url = base_url.trim_end_matches('/').to_owned();
        Ok(Self { client, base_url, id: id.to_owned(), secret, patience })
    }

    /// Tokens for the code that a person's consent gave. The verifier is left out where GHL does not take it.
    ///
    /// # Errors
    /// GHL refuses the code, or cannot be asked.
    pub async fn exchange(
        &self,
        code: &SecretString,
        redirect: &str,
        verifier: &str,
        user_type: &str,
    ) -> Result<Granted, OAuthError> {
        let plain = [
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", redirect),
            ("user_type", user_type),
        ];
        let proven: Vec<_> = plain.into_iter().chain([("code_verifier", verifier)]).collect();
        match self.token(&proven).await {
            Err(Refused::Spent(said) | Refused::App(said) | Refused::No { said, .. })
                if said.contains("code_verifier") =>
            {
                Ok(self.token(&plain).await?)
            }
            ended => Ok(ended?),
        }
    }

    /// Tokens for a refresh token, which is used up by it.
    pub(super) async fn renew(&self, refresh_token: &str) -> Result<Granted, Refused> {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// A location's token for its agency's.
    pub(super) async fn location_token(
        &self,
        company_token: &str,
        company: &str,
        location: &str,
    ) -> Result<Granted, Refused> {
        let refuse = |why: &str| Refused::NotNow { why: why.to_owned(), may_be_done: false };
        let token = SecretString::from(company_token);
        let authorization = bearer(&token).ok_or_else(|| refuse("the agency's token cannot be sent"))?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization);
        headers.insert("version", reqwest::header::HeaderValue::from_static("2021-07-28"));
        let form = [("companyId", company), ("locationId", location)];
        self.post("/oauth/locationToken", &form, headers).await
    }

    /// The wait after so many failures.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        self.patience.backoff.saturating_mul(1 << failures.min(8)).min(self.patience.longest)
    }

    async fn token(&self, form: &[(&str, &str)]) -> Result<Granted, Refused> {
        let who = [("client_id", self.id.as_str()), ("client_secret", self.secret.expose_secret())];
        let form: Vec<(&str, &str)> = who.into_iter().chain(form.iter().copied()).collect();
        self.post("/oauth/token", &form, HeaderMap::new()).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)], headers: HeaderMap) -> Result<Granted, Refused> {
        let not_now = |why: String| Refused::NotNow { why, may_be_done: true };
        let url = format!("{}{path}", self.base_url);
        let request = self.client.post(url).headers(headers).header(CONTENT_TYPE, FORM).body(encoded(form));
        let deadline = Instant::now() + self.patience.total;
        let response = head(request, deadline).await.map_err(unanswered)?;
        let status = response.status().as_u16();
        let body = whole_body(response, deadline).await;
        tracing::debug!(path, status, "asked for a token");
        let body = body.map_err(|why| not_now(why.to_string()))?;
        // What was sent may stand in what was answered.
        let sent: Vec<SecretString> = form.iter().map(|(_, value)| SecretString::from(*value)).collect();
        let said = Secrets::of(&sent).hide(&shown(&body)).into_owned();
        let said =
            if said.is_empty() { format!("it answered {status}") } else { format!("it answered {status}: {said}") };
        match status {
            200..300 => granted(&body).ok_or_else(|| match refused(status, &body, said) {
                spent_or_app @ (Refused::Spent(_) | Refused::App(_)) => spent_or_app,
                _ => not_now("its answer holds no token".to_owned()),
            }),
            425 | 429 => Err(Refused::NotNow { why: said, may_be_done: false }),
            408 | 500.. => Err(not_now(said)),
            401 if message(&body).contains("timed out") => Err(not_now(said)),
            _ => Err(refused(status, &body, said)),
        }
    }
}

fn unanswered(attempt: Attempt) -> Refused {
    let may_be_done = !matches!(attempt, Attempt::NotSent { .. } | Attempt::Hopeless(_));
    let why = match attempt {
        Attempt::NotSent { why, .. } | Attempt::Hopeless(why) | Attempt::Lost(why) => why,
        Attempt::NoToken(_) | Attempt::NoGrant { .. } | Attempt::Answered { .. } => "no answer came".to_owned(),
    };
    Refused::NotNow { why, may_be_done }
}

fn encoded(form: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse("form:/") else { return String::new() };
    url.query_pairs_mut().extend_pairs(form);
    url.query().unwrap_or_default().to_owned()
}

fn granted(body: &str) -> Option<Granted> {
    let body: Json = serde_json::from_str(body).ok()?;
    let text = |key: &str| body.get(key).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let life = body.get("expires_in").and_then(|life| match life {
        Json::String(text) => text.parse().ok(),
        life => life.as_i64(),
    });
    Some(Granted {
        access_token: text("access_token")?,
        refresh_token: text("refresh_token"),
        life: life.filter(|life| *life > 0).unwrap_or(LIFE),
        scopes: text("scope").iter().flat_map(|scopes| scopes.split_whitespace()).map(str::to_owned).collect(),
        location: text("locationId"),
        company: text("companyId"),
    })
}
