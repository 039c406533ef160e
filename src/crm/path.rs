//! Request paths: what comes from outside is encoded, so that no id and no e-mail can change where a request goes.

use std::fmt::Write as _;

use crate::record::Target;

/// `text` as it may stand in one segment of a path, or as one value of a query. `+` becomes `%2B`.
pub(super) fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// A target as it stands in a path: its id, or `{op:3}`.
pub(super) fn segment(target: &Target) -> String {
    match target {
        Target::Existing(id) => encode(id.as_str()),
        Target::CreatedBy(_) => target.path_segment(),
    }
}

/// Segments that are part of an interface, not of anybody's data.
const FIXED: [&str; 18] = [
    "account",
    "businesses",
    "campaigns",
    "completed",
    "contacts",
    "customFields",
    "duplicate",
    "jwt",
    "locations",
    "me",
    "notes",
    "search",
    "sites",
    "status",
    "tags",
    "tasks",
    "users",
    "workflow",
];

/// A path as the CRM's manual writes it: `/contacts/{id}/notes`, without a query.
pub(super) fn pattern(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let segments =
        path.split('/').map(|segment| if segment.is_empty() || FIXED.contains(&segment) { segment } else { "{id}" });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_nobody() {
        assert_eq!(pattern("/contacts/64aa/notes?limit=5&email=a%40b"), "/contacts/{id}/notes");
        assert_eq!(pattern("/locations/C2Q/tasks/search"), "/locations/{id}/tasks/search");
        assert_eq!(pattern("/contacts/"), "/contacts/");
    }

    #[test]
    fn a_plus_and_a_slash_are_encoded() {
        assert_eq!(encode("+54 11/ñ@x"), "%2B54%2011%2F%C3%B1%40x");
    }
}
