//! Tokens that are granted for a while and renewed: what [`super::http`] asks of who keeps them.

use futures::future::BoxFuture;
use secrecy::SecretString;

/// Who gives tokens out.
pub(super) trait Grants: Send + Sync {
    /// The token in force; another one than `refused`, which the CRM no longer takes.
    fn token<'a>(&'a self, refused: Option<&'a SecretString>) -> BoxFuture<'a, Result<Entry, NoGrant>>;
}

/// A token, and what else of it no text may show: what renews it, and what it was had for. (`semantics` 64)
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub token: SecretString,
    pub behind_it: Vec<SecretString>,
}

/// Why there is no token.
#[derive(Clone, Debug)]
pub(super) enum NoGrant {
    /// A person has to do this first.
    Person { why: String, remedy: String },
    /// It may be had later.
    NotNow(String),
    /// Waiting mends nothing.
    Hopeless(String),
}
