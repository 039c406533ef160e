//! Rules, each a pure function of facts and policy that returns a verdict: what matches, what wins, what fits, who takes part.

pub mod absence;
mod carry;
mod choice;
mod conflict;
pub mod create;
pub mod enrolment;
pub mod fields;
pub mod fit;
pub mod linked_before;
mod matching;
mod merge;
mod one_or_two;
pub mod scope;
pub mod suspected_merge;
mod tags;
pub mod task_mirror;
pub mod telling;
pub mod timeline;
mod whole;

pub use carry::Versions;
pub use choice::Choosing;
pub use matching::{Correlated, correlate, is_too_young, too_young};
pub use merge::{Decision, FieldState, Rules, TagNews, decide, is_mark, tag_news};
pub use task_mirror::untold;
