//! The records of a location.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::folded;
use super::table::Row;

/// A contact. `fields` holds the plain ones under their write names; a field without a value is absent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GhlContact {
    pub(crate) id: String,
    pub(crate) fields: Map<String, Value>,
    /// Trimmed and in lower case.
    pub(crate) tags: Vec<String>,
    pub(crate) additional_emails: Vec<String>,
    pub(crate) additional_phones: Vec<String>,
    pub(crate) custom_fields: Vec<CustomValue>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

/// A custom field's value on one contact.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CustomValue {
    pub(crate) id: String,
    pub(crate) value: Value,
}

impl GhlContact {
    /// A plain field's text; empty when it has none.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// First and last name, as far as there are any.
    pub(crate) fn full_name(&self) -> String {
        [self.text("firstName"), self.text("lastName")].join(" ").trim().to_owned()
    }

    pub(super) fn emails(&self) -> impl Iterator<Item = String> {
        let all = std::iter::once(self.text("email")).chain(self.additional_emails.iter().map(String::as_str));
        all.map(folded).filter(|email| !email.is_empty())
    }

    pub(super) fn phones(&self) -> impl Iterator<Item = String> {
        let all = std::iter::once(self.text("phone")).chain(self.additional_phones.iter().map(String::as_str));
        all.filter(|phone| !phone.is_empty()).map(str::to_owned)
    }
}

/// A note; `body` may be HTML.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GhlNote {
    pub(crate) id: String,
    pub(crate) contact_id: String,
    pub(crate) body: String,
    pub(crate) user_id: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) color: Option<String>,
    pub(crate) pinned: bool,
    pub(crate) created: i64,
}

/// A task; GHL has none without a due date.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GhlTask {
    pub(crate) id: String,
    pub(crate) contact_id: String,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) assigned_to: Option<String>,
    pub(crate) due: i64,
    pub(crate) completed: bool,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

/// A tag as the location knows it; it outlives its last contact.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GhlTag {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created: i64,
}

impl Row for GhlContact {
    const NAME: &'static str = "ghl_contact";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
}

impl Row for GhlNote {
    const NAME: &'static str = "ghl_note";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn parent(&self) -> Option<&str> {
        Some(&self.contact_id)
    }
}

impl Row for GhlTask {
    const NAME: &'static str = "ghl_task";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn parent(&self) -> Option<&str> {
        Some(&self.contact_id)
    }
}

impl Row for GhlTag {
    const NAME: &'static str = "ghl_tag";
    #[expect(clippy::misnamed_getters, reason = "a tag is known by its name")]
    fn id(&self) -> &str {
        &self.name
    }
    fn created(&self) -> i64 {
        self.created
    }
}
