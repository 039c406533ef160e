//! What one CRM means by its answers, where HTTP does not say.

use super::answer::No;
use crate::record::{Request, Side};

/// What one CRM means by its statuses, where HTTP does not say.
pub(super) struct Dialect {
    /// Which CRM.
    pub side: Side,
    /// Whether an answer refuses the credentials rather than the request.
    pub refuses_credentials: fn(status: u16, message: &str) -> bool,
    /// Whether a refusal is really the moment's fault.
    pub passes: fn(status: u16, message: &str) -> bool,
    /// Whether the request may have been done in spite of this status.
    pub unclear: fn(&Request, status: u16) -> bool,
    /// Whether an answer says that the record in the request's path is gone.
    pub gone: fn(&Request, &No) -> bool,
    /// The scope that a request needs, where there are scopes.
    pub scope: fn(&Request) -> Option<&'static str>,
}
