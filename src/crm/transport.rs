//! One request and its answer, as far as it got.
//!
//! No text that leaves this file holds a URL, a key or a token: reqwest's errors are taken apart, never shown.

use std::error::Error as _;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// No answer of either CRM comes near, unpacked; a body beyond it is no answer, and is not read on.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// What came of sending a request once.
pub(super) enum Attempt {
    /// An answer; its body, or why there is none.
    Answered { status: u16, body: Result<String, &'static str>, retry_after: Option<Duration> },
    /// It never left.
    NotSent(String),
    /// It may have arrived.
    Lost(String),
    /// The exchange for a token was refused.
    NoToken(String),
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

/// The body as text, or why it is none.
pub(super) async fn whole_body(mut response: Response) -> Result<String, &'static str> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| "its answer broke off")? {
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err("its answer is larger than 64 MiB");
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).map_err(|_| "its answer is not text")
}

/// Sorts a failure: what never connected was not sent, all else may have arrived.
pub(super) fn failed(error: &reqwest::Error) -> Attempt {
    if error.is_builder() {
        return Attempt::NotSent("the request could not be built".to_owned());
    }
    if error.is_connect() {
        return Attempt::NotSent(format!("no connection: {}", innermost(error)));
    }
    if error.is_timeout() {
        return Attempt::Lost("no answer in time".to_owned());
    }
    Attempt::Lost("the connection broke".to_owned())
}

/// The innermost cause: the system's or the TLS library's own words. The outer ones would name the URL.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    cause.map_or_else(|| "refused".to_owned(), ToString::to_string)
}
