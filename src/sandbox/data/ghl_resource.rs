//! What a GHL location has besides people, their notes and tasks, and tags, as it is kept.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::table::Row;

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    Business,
    CustomField,
    CustomValue,
    Appointment,
    AppointmentNote,
    RecurringTask,
    User,
}

impl What {
    /// As "gone" names it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Business => "Business",
            Self::CustomField => "Custom field",
            Self::CustomValue => "Custom value",
            Self::Appointment => "Appointment",
            Self::AppointmentNote => "Note",
            Self::RecurringTask => "Recurring task",
            Self::User => "User",
        }
    }
}

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GhlResource {
    pub(crate) id: String,
    pub(crate) what: What,
    pub(crate) fields: Map<String, Value>,
    /// The contact of an appointment, the appointment of a note.
    pub(crate) parent: Option<String>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    /// It comes with the seed, and somebody took it away.
    pub(crate) removed: bool,
}

impl GhlResource {
    /// A field's text; empty when it has none.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Row for GhlResource {
    const NAME: &'static str = "ghl_resource";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn parent(&self) -> Option<&str> {
        self.parent.as_deref()
    }
}
