//! A mistake on the command line.

/// A mistake on the command line.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Usage {
    pub message: String,
    pub hint: String,
}
