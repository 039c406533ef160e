//! One run of one pair: the only room that knows the order of the steps.

mod finished;

pub use finished::*;
