//! Rules, each a pure function of facts and policy: what matches, what wins, what fits, who takes part.

mod choice;
pub mod fit;
mod matching;
mod merge;

pub use choice::Choosing;
pub use matching::{correlate, is_too_young, too_young};
pub use merge::{Decision, Rules, Sight, TagNews, conflict, decide, is_mark, mark_of, tag_news};
