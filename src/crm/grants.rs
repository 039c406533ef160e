//! Tokens that are granted for a while and renewed: what [`super::http`] asks of who keeps them.

use futures::future::BoxFuture;
use secrecy::SecretString;

/// Who gives tokens out.
pub(super) trait Grants: Send + Sync {
    /// The token in force; another one than `refused`, which the CRM no longer takes.
    fn token<'a>(&'a self, refused: Option<&'a SecretString>) -> BoxFuture<'a, Result<SecretString, NoGrant>>;
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
