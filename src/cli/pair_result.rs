//! What came of one pair.

use crate::run::Finished;

/// What a pair's run came to.
pub(super) type PairResult = anyhow::Result<Finished>;

/// Why a pair was left alone.
#[derive(Debug, thiserror::Error)]
#[error("not begun: interrupted before its turn")]
pub(super) struct NotBegun;
