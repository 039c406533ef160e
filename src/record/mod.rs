//! Canonical records and their forms: pure.

mod side;
pub use side::*;
