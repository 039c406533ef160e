//! The words that everything else of `reconcile` is written in: what is known, and what is to be done.

mod advice;
mod base_update;
mod family;
mod findings;
mod gaps;
mod guard;
mod input;
mod look_up;
mod lost;
mod names;
mod operation;
mod pending;
mod plan;
mod settle;
mod subject;
mod undoing;
mod verdict;

pub use advice::*;
pub use base_update::*;
pub use family::*;
pub use findings::*;
pub use guard::*;
pub use input::*;
pub use look_up::*;
pub use lost::*;
pub use names::{conflict_id, enrolment_id, held_id, name_of};
pub use operation::*;
pub use pending::*;
pub use plan::*;
pub use settle::*;
pub use subject::*;
pub use undoing::*;
pub use verdict::*;
