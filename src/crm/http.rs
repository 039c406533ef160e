//! One HTTP client for both CRMs: paced, patient with reads, careful with writes.
//! Long, since what may be sent again, and what is said of it, is decided in one place.

mod again;
mod token;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use again::End;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, NOT_JSON, No, is_json, is_page, message, message_alone, shown, stated_status};
use super::dialect::Dialect;
use super::grants::Grants;
use super::mend::mended;
use super::outcome::{Judged, judge_write};
use super::pace::{Announced, Pace, StopAsked};
use super::path::{is_straight, pattern};
use super::retry::{Patience, ahead, retry_after};
use super::secrets::Secrets;
use super::transport::{Attempt, Unread, bearer, head, sensitive, whole_body};
use super::trust::trust;
use super::waiting::{Failure, Tries, Waiting};
use super::{Again, CrmError, Outcome, Refusal, Usage};
use crate::clock::Clock;
use crate::record::{Method, Request};

/// Idle connections are dropped before a CRM is likely to drop them: a request sent into a closing one is lost.
const IDLE: Duration = Duration::from_secs(15);

/// What is said where an id would lead a request elsewhere.
const NO_ID: &str = "one of its ids can be no id: nothing is asked about it";

/// Why a CRM's client cannot be made.
#[derive(Debug, Error)]
pub enum SetupError {
    /// Not an absolute URL, or plain HTTP to another machine that nobody allowed.
    #[error("base_url must be https (plain http only to this machine, or with allow_http)")]
    BaseUrl,
    /// The secret or a header holds characters that no header can.
    #[error("the secret or the version holds characters that cannot be sent")]
    Header,
    /// The TLS roots or the resolver could not be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

/// How a request proves whose it is.
pub(super) enum Auth {
    /// `?api_key=`.
    QueryKey(SecretString),
    /// `Authorization: Bearer`.
    Bearer(SecretString),
    /// A token from `GET /jwt?api_key=`, sent raw (`Cliengo API notes, 1.2`).
    Exchanged(SecretString),
    /// `Authorization: Bearer`, with a token that is renewed.
    Granted(Arc<dyn Grants>),
}

impl Auth {
    const fn secret(&self) -> Option<&SecretString> {
        match self {
            Self::QueryKey(secret) | Self::Bearer(secret) | Self::Exchanged(secret) => Some(secret),
            Self::Granted(_) => None,
        }
    }
}

/// What the client needs to know.
pub(super) struct HttpSettings {
    pub base_url: String,
    /// Whether plain HTTP may leave this machine.
    pub allow_http: bool,
    pub auth: Auth,
    /// Where the secret was found, for who has to replace it.
    pub source: Option<String>,
    /// Where it stands which location is asked, where there are locations.
    pub location_source: Option<String>,
    /// All that must never be in a text of this CRM's, beside its own.
    pub secrets: Secrets,
    pub headers: Vec<(&'static str, String)>,
    /// A read that answers as long as the CRM is well: of the account itself.
    pub known_good: Request,
    pub requests_per_second: Option<f64>,
    pub patience: Patience,
    pub clock: Arc<dyn Clock>,
    pub stop: CancellationToken,
    pub seed: u64,
}

/// Sets up what sends requests to `base_url` and nowhere else.
pub(super) fn client(
    base_url: &str,
    allow_http: bool,
    headers: HeaderMap,
    patience: &Patience,
) -> Result<Client, SetupError> {
    let url = Url::parse(base_url).map_err(|_| SetupError::BaseUrl)?;
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && (here || allow_http)) {
        return Err(SetupError::BaseUrl);
    }
    let builder = Client::builder()
        .tls_backend_preconfigured(trust().map_err(|error| SetupError::Client(error.to_string()))?)
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(patience.connect)
        .read_timeout(patience.read)
        .pool_idle_timeout(IDLE)
        .user_agent(concat!("concord/", env!("CARGO_PKG_VERSION")));
    // A proxy for the world outside has no business between two ports of this machine.
    let builder = if here { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| SetupError::Client(error.without_url().to_string()))
}

/// A client for one CRM.
pub(super) struct Http {
    client: Client,
    base_url: String,
    auth: Auth,
    source: Option<String>,
    location_source: Option<String>,
    secrets: Mutex<Secrets>,
    known_good: Request,
    token: tokio::sync::Mutex<Option<SecretString>>,
    /// The granted token that was taken last.
    accepted: Mutex<Option<SecretString>>,
    pub(super) dialect: Dialect,
    patience: Patience,
    pace: Pace,
    waiting: Waiting,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    rng: Mutex<fastrand::Rng>,
    reads: AtomicU64,
    writes: AtomicU64,
    announced: Mutex<Announced>,
    throttled: AtomicU64,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("side", &self.dialect.side).finish_non_exhaustive()
    }
}

impl Http {
    /// Sets the client up; makes no request.
    pub fn new(settings: HttpSettings, dialect: Dialect) -> Result<Self, SetupError> {
        let mut headers = HeaderMap::new();
        for (name, value) in settings.headers {
            headers.insert(name, HeaderValue::from_str(&value).map_err(|_| SetupError::Header)?);
        }
        if let Auth::Bearer(token) = &settings.auth {
            bearer(token).ok_or(SetupError::Header)?;
        }
        let patience = settings.patience;
        let client = client(&settings.base_url, settings.allow_http, headers, &patience)?;
        Ok(Self {
            client,
            base_url: settings.base_url.trim_end_matches('/').to_owned(),
            secrets: Mutex::new(settings.secrets.with(settings.auth.secret())),
            accepted: Mutex::default(),
            auth: settings.auth,
            source: settings.source,
            location_source: settings.location_source,
            known_good: settings.known_good,
            token: tokio::sync::Mutex::default(),
            dialect,
            patience,
            pace: Pace::new(settings.requests_per_second, patience.interval, settings.stop.clone()),
            waiting: Waiting::new(patience.in_all),
            clock: settings.clock,
            stop: settings.stop,
            rng: Mutex::new(fastrand::Rng::with_seed(settings.seed)),
            reads: AtomicU64::default(),
            writes: AtomicU64::default(),
            announced: Mutex::default(),
            throttled: AtomicU64::default(),
        })
    }

    /// The time, as the caller tells it.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Requests made so far.
    pub fn usage(&self) -> Usage {
        Usage {
            reads: self.reads.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            throttled: self.throttled.load(Ordering::Relaxed),
            daily_remaining: self.pace.daily_remaining(),
        }
    }

    /// What the headers of the last answer announced.
    pub fn announced(&self) -> Announced {
        *self.announced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads, and asks again for everything that may pass: 408, 425, 429, 5xx, timeouts, resets, bodies that are no JSON.
    pub async fn read(&self, request: &Request) -> Result<Answer, CrmError> {
        if !is_straight(&request.path) {
            return Err(self.protocol(NO_ID));
        }
        if let Some(why) = self.waiting.given_up() {
            return Err(self.unavailable(why));
        }
        let mut tries = Tries::none();
        loop {
            tries.send(&self.waiting);
            let attempt = tokio::select! {
                () = self.stop.cancelled() => Err(StopAsked),
                attempt = self.attempt(request, &self.reads) => attempt,
            };
            let failure = match self.judge_read(request, attempt.map_err(|StopAsked| self.stopped())?) {
                Ok(answer) => {
                    if answer.is_ok() {
                        self.waiting.heard();
                    }
                    return answer;
                }
                Err(failure) => failure,
            };
            match self.wait(request, &mut tries, &failure).await {
                Ok(()) => {}
                Err(End::Stopped) => return Err(self.stopped()),
                Err(End::GaveUp(why)) => return Err(self.unavailable(why)),
            }
        }
    }

    /// Reads, and asks only once: for what may not be there at all.
    pub async fn read_once(&self, request: &Request) -> Result<Answer, CrmError> {
        let attempt = self.attempt(request, &self.reads).await.map_err(|StopAsked| self.stopped())?;
        match self.judge_read(request, attempt) {
            Ok(answer) => answer,
            Err(failure) => Err(self.unavailable(failure.message)),
        }
    }

    /// Writes, and repeats only what is safe to repeat. (I37) What may have been done is repeated where `again` says so.
    pub async fn write(&self, request: &Request, repeatable: bool, again: Again<'_>) -> Outcome {
        if !is_straight(&request.path) {
            return Outcome::NotSent(NO_ID.to_owned());
        }
        if let Some(why) = self.waiting.given_up() {
            return Outcome::NotSent(why);
        }
        let mut tries = Tries::none();
        let mut last = Outcome::NotSent("the run was asked to stop".to_owned());
        loop {
            tries.send(&self.waiting);
            // A write that is under way is finished; a stop only keeps the next one from starting.
            let attempt = tokio::select! {
                biased;
                attempt = self.attempt(request, &self.writes) => attempt,
                () = self.farewell() => Ok(Attempt::Lost("no answer came in time after the run was asked to stop".to_owned())),
            };
            let Ok(attempt) = attempt else { return last };
            let failure = match judge_write(&self.dialect, request, repeatable, attempt) {
                Judged::Final(outcome) => {
                    if matches!(outcome, Outcome::Applied(_) | Outcome::Refused(_)) {
                        self.waiting.heard();
                    }
                    return self.named_refusal(request, outcome);
                }
                Judged::Again { outcome, failure } => {
                    let was_maybe_done = matches!(last, Outcome::Unknown(_) | Outcome::Doubtful(_));
                    last = match outcome {
                        Outcome::NotSent(why) if was_maybe_done => Outcome::Unknown(why),
                        outcome => outcome,
                    };
                    failure
                }
            };
            let out_of_quota = failure.throttled && self.pace.daily_remaining() == Some(0);
            if out_of_quota {
                return last;
            }
            match (self.wait(request, &mut tries, &failure).await, &last) {
                (Ok(()), _) => {}
                (Err(End::GaveUp(why)), Outcome::NotSent(_)) => return Outcome::NotSent(why),
                (Err(_), _) => return last,
            }
            if matches!(last, Outcome::Unknown(_) | Outcome::Doubtful(_)) && !again().await {
                return last;
            }
        }
    }

    /// Ends when a write under way has been waited for long enough after the stop.
    async fn farewell(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(self.patience.farewell).await;
    }

    /// Judges one attempt at a read: an answer, an error that ends it, or why it is asked again.
    fn judge_read(&self, request: &Request, attempt: Attempt) -> Result<Result<Answer, CrmError>, Failure> {
        let (status, body, retry_after) = match attempt {
            Attempt::NoToken(said) => return Ok(Err(self.credentials(request, None, &said))),
            Attempt::NoGrant { why, remedy } => {
                return Ok(Err(CrmError::NoGrant { side: self.dialect.side, message: why, remedy }));
            }
            Attempt::Hopeless(why) => return Ok(Err(self.unavailable(why))),
            Attempt::NotSent { why, brief } => return Err(Failure { brief, ..Failure::unanswered(why) }),
            Attempt::Lost(why) => return Err(Failure::unanswered(why)),
            Attempt::Answered { status, body, retry_after } => (status, body, retry_after),
        };
        let text = body.as_deref().unwrap_or_default();
        let status = stated_status(status, text);
        let said = if matches!(status, 200..300) { String::new() } else { message(text) };
        let again = |why: String| Err(Failure::answered(why, retry_after));
        match status {
            429 if self.pace.daily_remaining() == Some(0) => Ok(Err(CrmError::Quota { side: self.dialect.side })),
            429 => Err(Failure { throttled: true, ..Failure::answered("it answered 429", retry_after) }),
            408 | 425 | 500.. => again(format!("it answered {status}")),
            200..300 => self.judge_body(request, status, body),
            _ if (self.dialect.passes)(status, &said) => again(format!("it answered {status}")),
            403 if is_page(text) => Ok(Err(CrmError::Blocked { side: self.dialect.side, status })),
            _ if (self.dialect.refuses_credentials)(status, &said) => {
                Ok(Err(self.credentials(request, Some(status), text)))
            }
            300..400 => Ok(Err(self.protocol(format!("it answered {status}, a redirect")))),
            _ => Ok(Ok(Answer::No(No { status, body: body.unwrap_or_default() }))),
        }
    }

    fn judge_body(
        &self,
        request: &Request,
        status: u16,
        body: Result<String, Unread>,
    ) -> Result<Result<Answer, CrmError>, Failure> {
        match body {
            Ok(body) if is_json(&body) => match message_alone(&body) {
                Some(said) if (self.dialect.refuses_credentials)(status, &said) => {
                    Ok(Err(self.credentials(request, Some(status), &body)))
                }
                _ => Ok(Ok(Answer::Body(body))),
            },
            Ok(_) => Err(Failure::answered(NOT_JSON, None)),
            Err(why) if why.passes() => Err(Failure::answered(why.to_string(), None)),
            Err(why) => Ok(Err(self.unavailable(why.to_string()))),
        }
    }

    async fn send(
        &self,
        request: &Request,
        token: Option<&SecretString>,
        counter: &AtomicU64,
    ) -> Result<Attempt, StopAsked> {
        let key = if let Auth::QueryKey(key) = &self.auth { Some(key) } else { None };
        let url = match self.url(&request.path, key) {
            Ok(url) => url,
            Err(attempt) => return Ok(attempt),
        };
        let mut builder = match request.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
            Method::Put => self.client.put(url),
            Method::Patch => self.client.patch(url),
            Method::Delete => self.client.delete(url),
        };
        let authorization = match (&self.auth, token) {
            (Auth::Bearer(token), _) | (Auth::Granted(_), Some(token)) => bearer(token),
            (_, Some(token)) => sensitive(token.expose_secret()),
            _ => None,
        };
        if let Some(authorization) = authorization {
            builder = builder.header(AUTHORIZATION, authorization);
        }
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        let turn = self.pace.turn().await?;
        counter.fetch_add(1, Ordering::Relaxed);
        let attempt = self.cleaned(self.receive(builder).await);
        drop(turn);
        let path = request.path.split('?').next().unwrap_or_default();
        let (side, method) = (self.dialect.side, request.method.as_str());
        match &attempt {
            Attempt::Answered { status, .. } => tracing::debug!(%side, method, path, status, "answered"),
            Attempt::NotSent { why, .. }
            | Attempt::Hopeless(why)
            | Attempt::Lost(why)
            | Attempt::NoToken(why)
            | Attempt::NoGrant { why, .. } => {
                tracing::debug!(%side, method, path, why, "no answer");
            }
        }
        Ok(attempt)
    }

    /// Sends, and takes the answer in, up to the largest body.
    async fn receive(&self, builder: RequestBuilder) -> Attempt {
        let deadline = Instant::now() + self.patience.total;
        let response = match head(builder, deadline).await {
            Ok(response) => response,
            Err(attempt) => return attempt,
        };
        let status = response.status().as_u16();
        if status == 429 {
            self.throttled.fetch_add(1, Ordering::Relaxed);
        }
        let headers = response.headers();
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let date = headers.get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
        let announced = Announced {
            max: number("x-ratelimit-max"),
            remaining: number("x-ratelimit-remaining"),
            interval: number("x-ratelimit-interval-milliseconds")
                .map(Duration::from_millis)
                .and_then(|window| self.patience.window(window)),
            daily: number("x-ratelimit-limit-daily"),
            daily_remaining: number("x-ratelimit-daily-remaining"),
            ahead: date.and_then(|date| ahead(date, self.clock.now())),
        }
        .believable();
        self.pace.observe(announced);
        *self.announced.lock().unwrap_or_else(PoisonError::into_inner) = announced;
        let now = self.clock.now();
        let their_now = announced.ahead.and_then(|ahead| now.checked_add(ahead).ok()).unwrap_or(now);
        let retry_after = headers
            .get(reqwest::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after(value, their_now));
        Attempt::Answered { status, body: whole_body(response, deadline).await, retry_after }
    }

    fn cleaned(&self, attempt: Attempt) -> Attempt {
        match attempt {
            Attempt::Answered { status, body, retry_after } => {
                Attempt::Answered { status, body: body.map(|text| self.clean(status, &text)), retry_after }
            }
            other => other,
        }
    }

    fn known_secrets(&self) -> Secrets {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A body as anything else here may see it: readable, and without secrets. In records they are withheld as a whole; in all
    /// else so are their pieces. (`semantics` 49, 64)
    fn clean(&self, status: u16, text: &str) -> String {
        let text = mended(text);
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let clean = if matches!(status, 200..300) { secrets.withhold(&text) } else { secrets.hide(&text) };
        clean.into_owned()
    }

    fn url(&self, path: &str, key: Option<&SecretString>) -> Result<Url, Attempt> {
        let mut url = Url::parse(&format!("{}{path}", self.base_url))
            .map_err(|_| Attempt::Hopeless("the request's path is no path".to_owned()))?;
        if let Some(key) = key {
            url.query_pairs_mut().append_pair("api_key", key.expose_secret());
        }
        Ok(url)
    }

    /// An answer that the CRM's interface does not say.
    pub fn protocol(&self, message: impl Into<String>) -> CrmError {
        CrmError::Protocol { side: self.dialect.side, message: message.into(), instead: None }
    }

    /// A list without its rows: that it is a 2xx makes it no list.
    pub fn without_rows(&self, key: &str, said: &str) -> CrmError {
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        self.protocol(format!("its list came without `{key}`{said}"))
    }

    /// A refusal where an answer was expected.
    pub fn refused(&self, no: &No) -> CrmError {
        let said = shown(&no.body);
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        self.protocol(format!("it answered {}{said}", no.status))
    }

    fn credentials(&self, request: &Request, status: Option<u16>, body: &str) -> CrmError {
        // A refusal may come as a 2xx, in which pieces of secrets are left.
        let said = shown(&self.known_secrets().hide(body));
        let message = self.named(request, &said);
        let said = match (status, said.is_empty()) {
            (None, _) => said,
            (Some(status), true) => format!("it answered {status}"),
            (Some(status), false) => format!("it answered {status}: {said}"),
        };
        CrmError::Credentials { side: self.dialect.side, message, said }
    }

    /// A refusal with the request that was refused, the scope that it needs, and where the secret came from.
    fn named(&self, request: &Request, said: &str) -> String {
        let mut named = if said.is_empty() { String::new() } else { format!("{said}: ") };
        named.push_str(&format!("{} {}", request.method.as_str(), pattern(&request.path)));
        let said = said.to_lowercase();
        // Who refuses the token itself, or the account, says nothing of scopes.
        if let Some(scope) = (self.dialect.scope)(request).filter(|_| said.is_empty() || said.contains("scope")) {
            named.push_str(&format!(" needs the scope {scope}"));
        }
        if let Some(source) = &self.source {
            named.push_str(&format!("; its secret comes from {source}"));
        }
        if let Some(source) = self.location_source.as_ref().filter(|_| said.contains("location")) {
            named.push_str(&format!("; or the location is another one: {source}"));
        }
        named
    }

    /// The same for a write.
    fn named_refusal(&self, request: &Request, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Refused(refusal) if matches!(refusal.status, 401 | 403) && !refusal.is_page => {
                let message = self.named(request, &self.known_secrets().hide(&refusal.message));
                Outcome::Refused(Refusal { message, ..refusal })
            }
            outcome => outcome,
        }
    }

    fn unavailable(&self, message: String) -> CrmError {
        CrmError::Unavailable { side: self.dialect.side, message }
    }

    fn stopped(&self) -> CrmError {
        CrmError::Stopped { side: self.dialect.side }
    }
}
