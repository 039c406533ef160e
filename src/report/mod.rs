//! Reports: renderers over one plan, or over a finished run. They decide nothing.
//!
//! Whatever a CRM sent is escaped before it is shown ([`text`]), so that a contact's name cannot paint the terminal.

mod diff;
mod groups;
mod json;
mod operations;
mod screen;
mod summary;
#[cfg(test)]
mod tests;
mod text;
mod totals;
mod verdict;
mod waiting;
mod words;

pub use json::{Document, Entry, json, json_text};
pub use screen::Style;
pub(crate) use screen::{Line, Page, Paint, on_one_line, padded};
pub use text::text;
pub use verdict::{brief, verdict};
pub(crate) use words::number;
