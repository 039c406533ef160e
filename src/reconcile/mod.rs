//! Reconciling: pure functions of the snapshot, both listings, the policy and the capabilities.
//!
//! No I/O, no clock, no async, no randomness: the same [`Input`] always makes the same [`Plan`]. (I8)

mod decide;
mod guard;
mod model;
mod part;
mod plan;
mod undo;

pub use decide::linked_before::{MATCH_RULES, why_not_linked_today};
pub use decide::telling::is_marked;
pub use decide::{Choosing, Decision, FieldState, Rules, TagNews, decide, is_mark, tag_news, untold};
pub use model::*;
pub use plan::reconcile;
pub use undo::undo;
