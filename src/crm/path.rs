//! Request paths: what comes from outside is encoded, so that no id and no e-mail can change where a request goes.

use std::fmt::Write as _;

use crate::record::{Kind, Target};

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

/// Longer than any id of either CRM.
const LONGEST_ID: usize = 128;

/// Whether a text can be an id: one segment of a path, whatever a server or a proxy decodes or resolves on the way.
pub(crate) fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | ':');
    (1..=LONGEST_ID).contains(&text.len()) && text.chars().all(fits) && text.chars().any(|c| c != '.')
}

/// Whether a path goes where it seems to: every segment is an id, or nothing at all at its end.
pub(super) fn is_straight(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let segments = path.strip_prefix('/').unwrap_or(path).trim_end_matches('/').split('/');
    segments.into_iter().all(|segment| is_id(&segment.replace("%3A", ":")))
}

/// A target as it stands in a path: its id, or `{op:3}`.
pub(super) fn segment(target: &Target) -> String {
    match target {
        Target::Existing(id) => encode(id.as_str()),
        Target::CreatedBy(_) => target.path_segment(),
    }
}

/// Segments that are part of an interface, not of anybody's data, beside the kinds of record.
const FIXED: [&str; 26] = [
    "account",
    "appointments",
    "business",
    "businesses",
    "campaigns",
    "chatbot",
    "chatbots",
    "completed",
    "conversations",
    "customFields",
    "duplicate",
    "jwt",
    "locationToken",
    "locations",
    "me",
    "messages",
    "oauth",
    "plan",
    "search",
    "sites",
    "status",
    "tags",
    "token",
    "users",
    "workflow",
    "workflows",
];

/// A path as the CRM's manual writes it: `/contacts/{id}/notes`, without a query.
pub(super) fn pattern(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let is_fixed = |segment: &str| {
        segment.is_empty() || FIXED.contains(&segment) || Kind::ALL.into_iter().any(|kind| kind.plural() == segment)
    };
    let segments = path.split('/').map(|segment| if is_fixed(segment) { segment } else { "{id}" });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_leads_elsewhere() {
        for id in [
            "../account",
            "..",
            ".",
            "64aa?api_key=x",
            "..%2f..%2faccount",
            "a/b",
            "",
            "a b",
            "a\nb",
            "ñ",
            "#",
            &"a".repeat(10_000),
        ] {
            assert!(!is_id(id), "{id}");
            assert!(!is_straight(&format!("/contacts/{}/notes", encode(id))), "{id}");
        }
        for id in ["64aa00ff", "C2Qu-4_x", "01234567-89ab-cdef-0123-456789abcdef", "a.b", "urn:1"] {
            assert!(is_id(id) && is_straight(&format!("/contacts/{}/notes?limit=5", encode(id))), "{id}");
        }
        assert!(is_straight("/contacts/") && is_straight("/contacts/search") && is_straight("/account"));
    }

    #[test]
    fn a_pattern_names_nobody() {
        assert_eq!(pattern("/contacts/64aa/notes?limit=5&email=a%40b"), "/contacts/{id}/notes");
        assert_eq!(pattern("/locations/C2Q/tasks/search"), "/locations/{id}/tasks/search");
        assert_eq!(pattern("/contacts/"), "/contacts/");
    }

    #[test]
    fn a_pattern_is_the_path_of_the_manual() {
        for listed in crate::crm::catalogue().iter().filter(|listed| listed.is_used()) {
            let segments =
                listed.path.split('/').map(|segment| if segment.starts_with('{') { "{id}" } else { segment });
            let asked = listed.path.split('/').map(|segment| if segment.starts_with('{') { "x7" } else { segment });
            let asked = asked.collect::<Vec<_>>().join("/");
            assert_eq!(pattern(&asked), segments.collect::<Vec<_>>().join("/"));
        }
    }

    #[test]
    fn a_plus_and_a_slash_are_encoded() {
        assert_eq!(encode("+54 11/ñ@x"), "%2B54%2011%2F%C3%B1%40x");
    }
}
