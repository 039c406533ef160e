//! The catalogue: every operation of both APIs as data, with what Concord does with it or why it does not.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::record::{Method, Side};

/// One operation of a CRM's interface.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// Its id in the CRM's own documents.
    pub id: &'static str,
    /// Whose it is.
    pub api: Side,
    /// The version of the interface under which it stands there.
    pub version: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path, as in the CRM's own documents.
    pub path: &'static str,
    /// The scope that a token needs; empty where the documents name none.
    pub scope: &'static str,
    /// What is done with it.
    pub decision: Decision,
}

/// What Concord does with an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is sent: when, and for what.
    Used(&'static str),
    /// It is never sent: why.
    Declined(&'static str),
}

impl Listed {
    /// Whether it is sent.
    #[must_use]
    pub const fn is_used(&self) -> bool {
        matches!(self.decision, Decision::Used(_))
    }

    /// Whether a request's path, without its query, is this operation's.
    #[must_use]
    pub fn takes(&self, method: &str, path: &str) -> bool {
        let (ours, theirs): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        let same = |(ours, theirs): (&&str, &&str)| ours == theirs || ours.starts_with('{') && !theirs.is_empty();
        self.method.as_str() == method && ours.len() == theirs.len() && ours.iter().zip(&theirs).all(same)
    }
}

impl Serialize for Listed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(8))?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("api", &self.api)?;
        map.serialize_entry("version", self.version)?;
        map.serialize_entry("method", self.method.as_str())?;
        map.serialize_entry("path", self.path)?;
        map.serialize_entry("scope", self.scope)?;
        map.serialize_entry("used", &self.is_used())?;
        match self.decision {
            Decision::Used(why) => map.serialize_entry("where", why)?,
            Decision::Declined(why) => map.serialize_entry("reason", why)?,
        }
        map.end()
    }
}

/// The operations of one document, which share api and version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document {
    pub api: Side,
    pub version: &'static str,
    pub rows: &'static [Row],
}

/// Id, method, path, scope and decision.
pub(super) type Row = (&'static str, Method, &'static str, &'static str, Decision);

impl Document {
    pub(super) fn operations(&self) -> impl Iterator<Item = Listed> + use<> {
        let Self { api, version, rows } = *self;
        rows.iter().map(move |&(id, method, path, scope, decision)| Listed {
            id,
            api,
            version,
            method,
            path,
            scope,
            decision,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::catalogue;

    #[test]
    fn a_request_is_found_by_method_and_path() {
        let found = |method: &str, path: &str| {
            let found: Vec<_> = catalogue().into_iter().filter(|listed| listed.takes(method, path)).collect();
            found.iter().map(|listed| listed.id).collect::<Vec<_>>()
        };
        assert_eq!(found("PUT", "/contacts/abc/tasks/def/completed"), ["update-task-completed"]);
        assert_eq!(found("POST", "/contacts/"), ["create-contact"], "GHL's has a slash at its end");
        assert_eq!(found("POST", "/contacts"), ["contact"]);
        assert_eq!(found("GET", "/nowhere"), [""; 0]);
    }

    #[test]
    fn no_operation_is_without_a_decision() {
        for listed in catalogue() {
            let (Decision::Used(why) | Decision::Declined(why)) = listed.decision;
            assert!(why.len() >= 10 && !why.ends_with('.'), "{}: {why}", listed.id);
        }
    }
}
