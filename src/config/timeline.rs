//! `[pair.NAME.timeline]`: what happens on one side and is told on the other in notes.

use serde::Serialize;

use super::reader::Table;
use super::value::Found;

/// What is told in notes on the other side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// GHL's appointments, on Cliengo.
    pub appointments: bool,
    /// Cliengo's conversations, on GHL: one note for each day of talk.
    pub conversations: bool,
    /// Where a lead came from, on GHL.
    pub attribution: bool,
}

impl Timeline {
    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads the table.
pub(super) fn read(mut table: Table<'_>) -> Timeline {
    let timeline = Timeline {
        appointments: table.read("appointments", Found::boolean).unwrap_or(false),
        conversations: table.read("conversations", Found::boolean).unwrap_or(false),
        attribution: table.read("attribution", Found::boolean).unwrap_or(false),
    };
    table.finish();
    timeline
}
