//! Reconciling: pure functions of the snapshot, both listings, the policy and the capabilities.

mod guard;
mod plan;

pub use guard::{Guard, GuardName};
pub use plan::*;
