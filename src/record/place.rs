//! Where both CRMs have the fields that the configuration can map, kind by kind.

use super::{Field, Kind};

/// A field of GHL's record itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainField {
    /// As it is written, and as the configuration names it.
    pub key: &'static str,
    /// As a search spells it.
    pub searched: &'static str,
    /// Whether PUT takes null for it.
    pub clearable: bool,
    /// Whether only POST takes it (`semantics` 18).
    pub create_only: bool,
    /// Whether neither takes it: it is only read.
    pub read_only: bool,
}

const fn plain(key: &'static str, clearable: bool) -> PlainField {
    PlainField { key, searched: key, clearable, create_only: false, read_only: false }
}

const fn once(key: &'static str) -> PlainField {
    PlainField { create_only: true, ..plain(key, false) }
}

const fn shown(key: &'static str) -> PlainField {
    PlainField { read_only: true, ..plain(key, false) }
}

/// The fields of one kind that can be mapped, besides custom fields and `leadFields`.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// Cliengo's, and whether its update takes them.
    pub cliengo: &'static [(&'static str, bool)],
    /// GHL's.
    pub ghl: &'static [PlainField],
    /// Those that need no mapping, as Cliengo and as GHL call them: they may be given rules of their own.
    pub built_in: &'static [(Field, &'static str, &'static str)],
}

/// Contacts (`Cliengo API notes, 2.5 and 3`; `GHL API notes, 3.1`).
const CONTACT: Places = Places {
    cliengo: &[
        ("status", true),
        ("subStatus", true),
        ("rating", true),
        ("assignedTo", true),
        ("message", false),
        ("entryMethod", false),
        ("medium", false),
        ("utmCampaign", false),
        ("utmContent", false),
        ("utmMedium", false),
        ("utmSource", false),
        ("utmTerm", false),
        ("conversionUrl", false),
        ("landingUrl", false),
        ("referalUrl", false),
        ("websiteName", false),
        ("age", false),
        ("city", false),
        ("geoip.city", false),
    ],
    ghl: &[
        once("companyName"),
        once("gender"),
        PlainField { searched: "address", ..plain("address1", true) },
        plain("city", true),
        plain("state", true),
        plain("postalCode", false),
        plain("country", false),
        plain("website", true),
        plain("timezone", true),
        plain("source", true),
        plain("dateOfBirth", true),
        plain("assignedTo", true),
        plain("dnd", false),
        shown(FOLLOWERS),
    ],
    built_in: &[
        (Field::Name, "name", "name"),
        (Field::Email, "email", "email"),
        (Field::Phone, "phone", "phone"),
        (Field::Tags, "tags", "tags"),
    ],
};

/// Tasks. Whether GHL's PUT takes null for who has one is not known (`GHL API notes, 3.3`).
const TASK: Places = Places {
    cliengo: &[("assignedTo", true), ("creationDate", false), ("lastUpdate", false)],
    ghl: &[plain("assignedTo", false)],
    built_in: &[
        (Field::Title, "title", "title"),
        (Field::Body, "description", "body"),
        (Field::Due, "dueDate", "dueDate"),
        (Field::Completed, "completed", "completed"),
    ],
};

/// Notes. Who wrote one, and its title, are written with it and then kept (`GHL API notes, 3.4`).
const NOTE: Places = Places {
    cliengo: &[("creatorId", false), ("creationDate", false), ("lastUpdate", false)],
    ghl: &[once("userId"), once("title")],
    built_in: &[(Field::Body, "message", "body")],
};

impl Places {
    /// Those of a kind.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Contact => CONTACT,
            Kind::Task => TASK,
            Kind::Note => NOTE,
        }
    }

    /// GHL's field of this name.
    #[must_use]
    pub fn ghl(&self, key: &str) -> Option<PlainField> {
        self.ghl.iter().copied().find(|field| field.key == key)
    }
}

/// GHL's field of those who follow a contact: Cliengo has none, and is told of them as text.
pub const FOLLOWERS: &str = "followers";

/// Whether a field, as either CRM calls it, holds the id of a user.
#[must_use]
pub fn holds_a_user(key: &str) -> bool {
    matches!(key, "assignedTo" | "creatorId" | "userId")
}
