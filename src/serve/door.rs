//! Who may look: whoever shows the token, or, where there is none, whoever asks this machine by its own name.

use std::fmt;
use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use super::Refusal;

/// Keeps the token's hashes, not the token.
pub(super) struct Door {
    /// What `Authorization` may say: the token as a bearer's, or as the password of the user `concord`, for browsers.
    keys: Option<[blake3::Hash; 2]>,
    /// What the forms of the pages carry: a browser shows the token by itself, whoever's page sends it.
    form: Option<String>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door")
    }
}

impl Door {
    pub fn new(token: Option<&SecretString>) -> Self {
        let keys = token.map(|token| {
            let token = token.expose_secret();
            let bearer = format!("Bearer {token}");
            let basic = format!("Basic {}", STANDARD.encode(format!("concord:{token}")));
            [bearer, basic].map(|key| blake3::hash(key.as_bytes()))
        });
        let form = token.map(|token| {
            blake3::derive_key("concord 2026-11 forms of the status page", token.expose_secret().as_bytes())
        });
        Self { keys, form: form.map(|key| blake3::Hash::from_bytes(key).to_hex().to_string()) }
    }

    /// What a form must carry to be one of these pages'; `None` where there is no token.
    pub fn form_key(&self) -> Option<String> {
        self.form.clone()
    }

    /// Lets a request in, or says why not.
    pub fn admit(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some([bearer, basic]) = &self.keys else { return own_name(headers) };
        let shown = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        // Hashes compare in constant time, and hide how much of the token was right.
        let shown = blake3::hash(shown);
        let fits = shown == *bearer || shown == *basic;
        fits.then_some(()).ok_or(Refusal {
            status: StatusCode::UNAUTHORIZED,
            why: "show the token: Authorization: Bearer TOKEN, or as the password of the user concord\n",
        })
    }
}

/// A page of the web whose name was pointed at this machine is not let in: it asks by its own name.
fn own_name(headers: &HeaderMap) -> Result<(), Refusal> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_own = name == "localhost" || address.is_ok_and(|address| address.is_loopback());
    is_own.then_some(()).ok_or(Refusal {
        status: StatusCode::FORBIDDEN,
        why: "ask for it as 127.0.0.1 or localhost, or set daemon.token\n",
    })
}
