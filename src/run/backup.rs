//! A copy of the state before a run that writes much.

use tracing::info;

use crate::reconcile::Plan;
use crate::record::Side;
use crate::state::{State, StateError};
use jiff::Timestamp;

/// More requests than this are a large run, whatever the pair's size: more than anybody reads through.
const MANY: u64 = 100;

/// So is more than one record in ten: what a person would call "everything changed".
const ONE_IN: u64 = 10;

/// Up to this many, an undo is the shorter way back, in a small pair too.
const FEW: u64 = 20;

/// Copies the state before a large run. A first sync has nothing to go back to.
///
/// # Errors
/// When it cannot be copied: then nothing is written.
pub(super) fn before_a_large_run(state: &State, plan: &Plan, now: Timestamp) -> Result<(), StateError> {
    let links = state.link_counts()?;
    let links = links.total();
    let writes = Side::BOTH.into_iter().map(|side| plan.writes(side)).sum();
    if links > 0 && is_large(writes, links) {
        let copy = state.back_up(now)?;
        info!(writes, links, copy = %copy.display(), "copied the state before a large run");
    }
    Ok(())
}

const fn is_large(writes: u64, links: u64) -> bool {
    writes > MANY || (writes > FEW && writes.saturating_mul(ONE_IN) > links)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_large_by_its_writes_or_by_its_share() {
        assert!(is_large(101, 1_000_000) && !is_large(100, 1_000));
        assert!(is_large(21, 200) && !is_large(20, 30) && !is_large(21, 210));
    }
}
