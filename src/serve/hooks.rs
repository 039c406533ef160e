//! What CRMs send when something happens there: a hint whom to look at, never data. (`GHL API notes, 6`; `Cliengo API notes, 2.10`)

use std::fmt;

use aws_lc_rs::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm};
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::text;
use crate::config::{Accounts, Pair};
use crate::record::{Side, is_address};
use crate::schedule::{Hint, Shown};

/// No hook says more than this.
const LARGEST: usize = 256 * 1024;

/// The keys with which GHL signs, the same for all its apps (`GHL API notes, 6`): the header, and the key in DER.
const KEYS: [(&str, &dyn VerificationAlgorithm, &str); 2] = [
    ("x-ghl-signature", &ED25519, "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg="),
    (
        "x-wh-signature",
        &RSA_PKCS1_2048_8192_SHA256,
        "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAokvo/r9tVgcfZ5DysOSCFrm602qYV0MaAiNnX9O8KxMbiyRKWeL9JpCpVpt4XHIc\
         BOK4u3cLSqJGOLaPuXw6dO0t6Q/ZVdAV5Phz+ZtzPL16iCGeK9po6D6JHBpbi989mmzMryUnQJezlYJ3DVfBcsedpinheNnyYeFXolrJvcsj\
         DtfAeRx5ByHQmTnSdFUzuAnC9/GepgLT9SM4nCpvuxmZMxrJt5Rw+VUaQ9B8JSvbMPpez4peKaJPZHBbU3OdeCVx5klVXXZQGNHOs8gF3kvo\
         V5rTnXV0IknLBXlcKKAQLZcY/Q9rG6Ifi9c+5vqlvHPCUJFT5XUGG5RKgOKUJ062fRtN+rLYZUV+BjafxQauvC8wSWeYja63VSUruvmNj8xk\
         x2zE/Juc+yjLjTXpIocmaiFeAO6fUtNjDeFVkhf5LNb59vECyrHD2SQIrhgXpO4Q3dVNA5rw576PwTzNh/AMfHKIjE4xQA1SZuYJmNnmVZLI\
         ZBlQAF9Ntd03rfadZ+yDiOXCCs9FkHibELhCHULgCsnuDJHcrGNd5/Ddm5hxGQ0ASitgHeMZ0kcIOwKDOzOU53lDza6/Y09T7sYJPQe7z0cv\
         j7aE4B+Ax1ZoZGPzpJlZtGXCsu9aTEGEnKzmsFqwcSsnw3JB31IGKAykT1hhTiaCeIY/OwwwNUY2yvcCAwEAAQ==",
    ),
];

/// Takes hooks under a secret path, and hands on whom they name.
pub struct Hooks {
    /// The hash of the secret, and not the secret.
    key: blake3::Hash,
    hints: mpsc::Sender<Hint>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooks")
    }
}

impl Hooks {
    /// Hooks under this secret; who is named goes to `hints`.
    #[must_use]
    pub fn new(secret: &SecretString, hints: mpsc::Sender<Hint>) -> Self {
        Self { key: blake3::hash(secret.expose_secret().as_bytes()), hints }
    }

    /// Whether a path is a hook's.
    pub(super) fn has(path: &str) -> bool {
        path.starts_with("/hooks/")
    }

    /// Takes one hook in.
    pub(super) async fn take(&self, shown: &Shown, request: Request) -> Response {
        let answer = match self.admitted(shown, request.uri().path()) {
            Some(_) if *request.method() != Method::POST => {
                (StatusCode::METHOD_NOT_ALLOWED, "hooks are sent by POST\n")
            }
            Some((pair, side)) => self.read(pair, side, request).await,
            // A wrong secret, pair or side look the same.
            None => (StatusCode::NOT_FOUND, "there is no such hook\n"),
        };
        text(answer.0, answer.1)
    }

    fn admitted<'s>(&self, shown: &'s Shown, path: &str) -> Option<(&'s Pair, Side)> {
        let mut parts = path.strip_prefix("/hooks/")?.split('/');
        let (pair, side, secret, more) = (parts.next()?, parts.next()?, parts.next()?, parts.next());
        let side = Side::BOTH.into_iter().find(|known| known.as_str() == side)?;
        // Hashes compare in constant time.
        let is_ours = blake3::hash(decoded(secret).as_bytes()) == self.key && more.is_none();
        let is_taken_care_of = shown.pairs.iter().any(|known| known == pair);
        shown.config.pair(pair).filter(|_| is_ours && is_taken_care_of).map(|pair| (pair, side))
    }

    async fn read(&self, pair: &Pair, side: Side, request: Request) -> (StatusCode, &'static str) {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, LARGEST).await else {
            return (StatusCode::PAYLOAD_TOO_LARGE, "no hook is that large\n");
        };
        if side == Side::Ghl && !is_signed(&parts.headers, &body) {
            warn!(pair = pair.name, "a hook with a wrong signature was refused");
            return (StatusCode::UNAUTHORIZED, "the signature is not GHL's\n");
        }
        let Ok(told) = serde_json::from_slice::<Json>(&body) else {
            return (StatusCode::BAD_REQUEST, "that is no JSON\n");
        };
        if is_elsewhere(pair, side, &told) {
            warn!(pair = pair.name, "a hook of another GHL location was refused");
            return (StatusCode::BAD_REQUEST, "that is of another location\n");
        }
        let Some(who) = named(side, &told) else {
            info!(
                pair = pair.name,
                side = side.as_str(),
                "a hook named nobody: the nightly run sees what it was about"
            );
            return (StatusCode::ACCEPTED, "it names nobody: left to the nightly run\n");
        };
        let after = if side == Side::Cliengo { pair.cliengo.min_age } else { std::time::Duration::ZERO };
        let after = SignedDuration::try_from(after).unwrap_or_default();
        match self.hints.try_send(Hint { pair: pair.name.clone(), who, after }) {
            Ok(()) => (StatusCode::ACCEPTED, "looked at soon\n"),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "too many at once: left to the nightly run\n"),
        }
    }
}

/// `%2F` as what it stands for.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let hex = others.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let (byte, behind) = match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => (byte, others.get(2..).unwrap_or_default()),
            None => (*first, others),
        };
        bytes.push(byte);
        rest = behind;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether the signatures that came are GHL's; a hook without one has the secret of its path alone.
fn is_signed(headers: &HeaderMap, body: &[u8]) -> bool {
    let sent = |(header, algorithm, key): &(&str, &'static dyn VerificationAlgorithm, &str)| {
        let signature = headers.get(*header)?.to_str().unwrap_or_default().trim();
        // GHL's word for none.
        (signature != "N/A").then(|| verifies(*algorithm, key, signature, body))
    };
    // The first one that is there counts: the newer one.
    KEYS.iter().find_map(sent).unwrap_or(true)
}

fn verifies(algorithm: &'static dyn VerificationAlgorithm, key: &str, signature: &str, body: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (STANDARD.decode(key), STANDARD.decode(signature)) else { return false };
    UnparsedPublicKey::new(algorithm, key).verify(body, &signature).is_ok()
}

/// Whether it says that it is of another location than the pair's.
fn is_elsewhere(pair: &Pair, side: Side, told: &Json) -> bool {
    let Accounts::Real(accounts) = &pair.accounts else { return false };
    let said = told.get("locationId").or_else(|| told.pointer("/location/id")).and_then(Json::as_str);
    side == Side::Ghl && said.is_some_and(|said| said != accounts.ghl.location_id)
}

/// The contact that a hook is about: its id, or of a lead its e-mail or phone. Nothing else of it is read.
fn named(side: Side, told: &Json) -> Option<String> {
    let text = |path: &str| told.pointer(path).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty());
    let is_id = |text: &&str| {
        text.len() <= 64 && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
    };
    // A note's, a task's and an appointment's own id stands where a contact's does.
    let kind = text("/type").unwrap_or("Contact");
    let own: &[&str] = if side == Side::Cliengo || kind.starts_with("Contact") { &["/id", "/_id"] } else { &[] };
    let of_contact = ["/contactId", "/contact_id", "/contact/id", "/lead/id"];
    let id = of_contact.iter().chain(own).find_map(|path| text(path).filter(is_id));
    let of_lead = |key: &str| {
        ["", "/contact", "/lead"]
            .iter()
            .find_map(|place| text(&format!("{place}/{key}")))
            .filter(|_| side == Side::Cliengo)
    };
    let email = of_lead("email").filter(|text| is_address(text));
    id.or(email).or(of_lead("phone").filter(|text| is_number(text))).map(str::to_owned)
}

/// Whether a text can be a phone as `--contact` takes one.
fn is_number(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_digit() || " +-().".contains(letter);
    text.len() <= 32 && text.chars().all(is_part) && text.chars().filter(char::is_ascii_digit).count() >= 6
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_hook_only_whom_it_is_about_is_read() {
        for (side, told, who) in [
            (
                Side::Ghl,
                json!({ "type": "ContactUpdate", "id": "C0oEKxTxx1bz7036v71B", "email": "a@b.example" }),
                Some("C0oEKxTxx1bz7036v71B"),
            ),
            (Side::Ghl, json!({ "type": "NoteCreate", "id": "note1", "contactId": "C1" }), Some("C1")),
            (Side::Ghl, json!({ "type": "TaskCreate", "id": "task1" }), None),
            (Side::Ghl, json!({ "contact_id": "C2" }), Some("C2")),
            (Side::Ghl, json!({ "contactId": "../other" }), None),
            (
                Side::Cliengo,
                json!({ "id": "64b0000000000000000000aa", "websiteId": "w" }),
                Some("64b0000000000000000000aa"),
            ),
            (Side::Cliengo, json!({ "websiteId": "w", "email": "ana@acme.example" }), Some("ana@acme.example")),
            (Side::Cliengo, json!({ "email": "", "phone": " +54 9 11 3326-1332" }), Some("+54 9 11 3326-1332")),
            (Side::Cliengo, json!({ "lead": { "phone": "a las 5" } }), None),
            (Side::Ghl, json!({ "phone": "+5491133261332" }), None),
            (Side::Cliengo, json!({ "websiteId": "w", "message": "Hola" }), None),
            (Side::Cliengo, json!(["id"]), None),
        ] {
            assert_eq!(named(side, &told).as_deref(), who, "{told}");
        }
    }

    #[test]
    fn a_signature_is_checked_where_one_is_sent() {
        let headers =
            |name: &'static str, value: &str| HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
        assert!(is_signed(&HeaderMap::new(), b"{}"), "the path's secret alone");
        assert!(is_signed(&headers("x-ghl-signature", "N/A"), b"{}"));
        for header in ["x-ghl-signature", "x-wh-signature"] {
            for value in ["", "AAAA", "no base64"] {
                assert!(!is_signed(&headers(header, value), b"{}"), "{header}: {value}");
            }
        }
        let ours = Ed25519KeyPair::generate().unwrap();
        let mut der = STANDARD.decode("MCowBQYDK2VwAyEA").unwrap();
        der.extend(ours.public_key().as_ref());
        let (key, signature) = (STANDARD.encode(der), STANDARD.encode(ours.sign(b"{}")));
        assert!(verifies(&ED25519, &key, &signature, b"{}") && !verifies(&ED25519, &key, &signature, b"{ }"));
        for (_, algorithm, key) in KEYS {
            let parsed = UnparsedPublicKey::new(algorithm, STANDARD.decode(key).unwrap()).parse();
            assert!(parsed.is_ok(), "GHL's own keys can be read");
        }
    }

    #[test]
    fn a_part_of_a_path_is_read_as_it_is_meant() {
        assert_eq!(decoded("a%2Fb%20c%"), "a/b c%");
        assert_eq!(decoded("%zz%C3%A9"), "%zzé");
    }
}
