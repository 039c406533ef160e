//! One request and its answer, as far as it got.
//!
//! No text that leaves this file holds a URL, a key or a token: reqwest's errors are taken apart, never shown.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

/// No answer of either CRM comes near, unpacked; a body beyond it is no answer, and is not read on.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// What is said where no answer came.
const LATE: &str = "no answer in time";

/// What came of sending a request once.
pub(super) enum Attempt {
    /// An answer; its body, or why there is none.
    Answered { status: u16, body: Result<String, Unread>, retry_after: Option<Duration> },
    /// It never left; `brief` where waiting is not likely to mend that.
    NotSent { why: String, brief: bool },
    /// It never left, and waiting mends nothing.
    Hopeless(String),
    /// It may have arrived.
    Lost(String),
    /// The exchange for a token was refused.
    NoToken(String),
    /// No token is granted until a person consents again: with `command`.
    NoGrant { why: String, remedy: String },
}

impl Attempt {
    /// It never left, for a reason that may pass.
    pub fn not_sent(why: impl Into<String>) -> Self {
        Self::NotSent { why: why.into(), brief: false }
    }
}

/// Why an answer has no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Unread {
    /// It ended too early.
    #[error("its answer broke off")]
    BrokeOff,
    /// It came too slowly.
    #[error("its answer did not come to an end in time")]
    Late,
    /// More than any answer holds.
    #[error("its answer is larger than 64 MiB")]
    TooLarge,
    /// Bytes in another encoding: they must become no names.
    #[error("its answer is not in UTF-8")]
    NotText,
}

impl Unread {
    /// Whether asking again may help.
    pub const fn passes(self) -> bool {
        matches!(self, Self::BrokeOff)
    }
}

/// A header value that is never shown.
pub(super) fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `Bearer` and the token; `None` where it cannot stand in a header.
pub(super) fn bearer(token: &SecretString) -> Option<HeaderValue> {
    sensitive(&format!("Bearer {}", token.expose_secret()))
}

/// Sends, and waits until `deadline` for the head of the answer.
pub(super) async fn head(builder: RequestBuilder, deadline: Instant) -> Result<Response, Attempt> {
    match timeout_at(deadline, builder.send()).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(Attempt::Lost(LATE.to_owned())),
    }
}

/// The body as text, or why it is none.
pub(super) async fn whole_body(response: Response, deadline: Instant) -> Result<String, Unread> {
    timeout_at(deadline, text_of(response)).await.unwrap_or(Err(Unread::Late))
}

async fn text_of(mut response: Response) -> Result<String, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Unread::BrokeOff)? {
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let text = String::from_utf8(body).map_err(|_| Unread::NotText)?;
    // JSON in UTF-16 is such text too, half of it zeros.
    if text.contains('\0') {
        return Err(Unread::NotText);
    }
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Sorts a failure: what never connected was not sent, all else may have arrived.
fn failed(error: &reqwest::Error) -> Attempt {
    if error.is_builder() {
        return Attempt::NotSent { why: "the request could not be built".to_owned(), brief: true };
    }
    if error.is_connect() {
        return unconnected(&innermost(error));
    }
    if error.is_timeout() {
        return Attempt::Lost(LATE.to_owned());
    }
    Attempt::Lost("the connection broke".to_owned())
}

/// Sorts why there is no connection, by the words of the system and of the TLS library.
fn unconnected(why: &str) -> Attempt {
    let said = why.to_lowercase();
    if said.contains("certificate") {
        let mend = "check base_url, this machine's clock, and its list of trusted roots (ca-certificates)";
        return Attempt::Hopeless(format!("its certificate is not trusted ({why}); {mend}"));
    }
    let unknown = ["name or service not known", "nodename nor servname", "no address associated", "no such host"];
    if unknown.iter().any(|words| said.contains(words)) {
        return Attempt::NotSent { why: "there is no such host; check base_url".to_owned(), brief: true };
    }
    Attempt::not_sent(format!("no connection: {why}"))
}

/// The innermost cause: the system's or the TLS library's own words. The outer ones would name the URL.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(inner) {
        cause = Some(inner);
    }
    cause.map_or_else(|| "refused".to_owned(), ToString::to_string)
}

/// The cause of an error. An I/O error that wraps another one does not call it its source.
fn inner<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a (dyn std::error::Error + 'static)> {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.map(|wrapped| wrapped as &(dyn std::error::Error + 'static)).or_else(|| error.source())
}
