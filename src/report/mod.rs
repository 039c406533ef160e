//! Reports: renderers over one plan, or over a finished run. They decide nothing.
//!
//! Whatever a CRM sent is escaped before it is shown ([`visible`], [`printable_json`]), so that a contact's name cannot
//! paint the terminal. Where reports are to name nobody, what is rendered is [`masked`] first.

mod audience;
mod build;
mod csv;
mod diff;
mod difference;
mod escape;
mod groups;
mod html;
mod json;
pub(crate) mod language;
mod markdown;
mod mask;
mod past;
mod screen;
mod settling;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod totals;
mod value;
mod verdict;
mod words;

pub use audience::Audience;
pub use csv::{HEAD as CSV_HEAD, csv, csv_failure};
pub use escape::{in_quotes, on_one_line, printable_json, visible};
pub(crate) use html::{STYLE, charts, hash as policy_hash, runs};
pub use html::{html_failure, html_foot, html_head, html_report};
pub use json::{Document, Entry, json, json_document};
pub(crate) use language::duration as elapsed;
pub use markdown::{markdown, markdown_failure};
pub use mask::{masked, masked_document};
pub(crate) use past::past;
pub use screen::Style;
pub(crate) use screen::{Line, Page, Paint, columns, padded};
pub(crate) use settling::{Settling, may_be_one, ways_to_settle};
pub use table::{Column, table};
pub use text::{next, text};
pub use value::Report;
pub use verdict::{brief, verdict};
pub(crate) use words::number;
