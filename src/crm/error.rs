//! Why a CRM could not be read.

use thiserror::Error;

use super::answer::BLOCKED;
use crate::record::Side;

/// Why a CRM could not be read.
#[derive(Clone, Debug, Error)]
pub enum CrmError {
    /// The credentials or their scope were refused.
    #[error("{} refused the credentials: {message}", side.title())]
    Credentials {
        /// Which CRM.
        side: Side,
        /// What it said.
        message: String,
        /// The same without what the request needs: for a refusal that is one record's own.
        said: String,
    },
    /// It gives no token until a person did something.
    #[error("{} cannot be entered: {message}", side.title())]
    NoGrant {
        /// Which CRM.
        side: Side,
        /// Why, without secrets.
        message: String,
        /// What mends it.
        remedy: String,
    },
    /// Something in front of it answered with a page instead: nothing is said of the credentials, nor of any record.
    #[error("{} cannot be read: it answered {status}, {BLOCKED}", side.title())]
    Blocked {
        /// Which CRM.
        side: Side,
        /// The HTTP status.
        status: u16,
    },
    /// It could not be reached, or kept failing for as long as a run waits.
    #[error("{} cannot be read: {message}", side.title())]
    Unavailable {
        /// Which CRM.
        side: Side,
        /// What happened, without secrets.
        message: String,
    },
    /// It answered something that its interface does not say.
    #[error("{} cannot be read: its answer cannot be understood: {message}", side.title())]
    Protocol {
        /// Which CRM.
        side: Side,
        /// What was expected and what came.
        message: String,
        /// The id of another record that came instead of the one that was asked for.
        instead: Option<String>,
    },
    /// A field that the configuration maps is not there.
    #[error("{} has no custom field {name:?}; it has: {known}", side.title())]
    NoSuchField {
        /// Which CRM.
        side: Side,
        /// As the configuration names it.
        name: String,
        /// The keys there are.
        known: String,
    },
    /// Several fields have the name that the configuration maps.
    #[error("{} has several custom fields of the name {name:?}: {fields}", side.title())]
    SeveralFields {
        /// Which CRM.
        side: Side,
        /// As the configuration names them.
        name: String,
        /// The id of each, and its key.
        fields: String,
    },
    /// Two mappings are of one field, under two of its names.
    #[error("{} has one custom field for {one:?} and {other:?}: map it once", side.title())]
    SameField {
        /// Which CRM.
        side: Side,
        /// As the configuration names it first.
        one: String,
        /// As it names it again.
        other: String,
    },
    /// The website under which contacts are to be created is not there.
    #[error("Cliengo has no website {id}; it has: {known}")]
    NoSuchWebsite {
        /// As the configuration names it.
        id: String,
        /// The websites there are.
        known: String,
    },
    /// A field that holds no text is mapped to be written.
    #[error("{}'s custom field {name:?} holds files, a signature or a list of boxes, and is never written", side.title())]
    ReadOnlyField {
        /// Which CRM.
        side: Side,
        /// As the configuration names it.
        name: String,
    },
    /// The day's quota is used up.
    #[error("{}'s daily quota is used up", side.title())]
    Quota {
        /// Which CRM.
        side: Side,
    },
    /// The run was asked to stop.
    #[error("stopped while reading {}", side.title())]
    Stopped {
        /// Which CRM.
        side: Side,
    },
    /// A page could not be stored.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl CrmError {
    /// Whether it is the same whoever is asked for: the run ends.
    #[must_use]
    pub const fn is_everybodys(&self) -> bool {
        !matches!(
            self,
            Self::Credentials { .. } | Self::Blocked { .. } | Self::Unavailable { .. } | Self::Protocol { .. }
        )
    }

    /// The same, where the CRM is known to take the credentials for others: it refuses one record. (`semantics` 57)
    #[must_use]
    pub fn of_one_record(self) -> Self {
        match self {
            Self::Credentials { side, said, .. } => Self::Protocol { side, message: said, instead: None },
            error => error,
        }
    }

    /// The id of the record that came instead of the one that was asked for.
    #[must_use]
    pub fn instead(&self) -> Option<&str> {
        if let Self::Protocol { instead, .. } = self { instead.as_deref() } else { None }
    }
}

/// Why a page could not be stored.
#[derive(Clone, Debug, Error)]
#[error("cannot store a page of the listing: {0}")]
pub struct SinkError(pub String);
