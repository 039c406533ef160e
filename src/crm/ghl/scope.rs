//! Which scope of a private integration a request needs (`GHL API notes, 1`).

use std::collections::BTreeSet;

use crate::config::{Direction, Pair};
use crate::crm::catalogue::Listed;
use crate::record::{Effect, Kind, Method, Request, Side};

/// The scope, as GHL spells it.
pub(super) fn needed(request: &Request) -> Option<&'static str> {
    let path = request.path.split('?').next().unwrap_or_default();
    let mut segments = path.trim_matches('/').split('/');
    let (first, below) = (segments.next()?, segments.nth(1));
    let reads = request.method == Method::Get || path.ends_with("/search");
    Some(match (first, below, reads) {
        ("contacts", _, true) => "contacts.readonly",
        ("contacts", _, false) => "contacts.write",
        ("locations", None, _) => "locations.readonly",
        ("locations", Some("tasks"), _) => "locations/tasks.readonly",
        ("locations", Some("customFields"), true) => "locations/customFields.readonly",
        ("locations", Some("customFields"), false) => "locations/customFields.write",
        ("locations", Some("tags"), true) => "locations/tags.readonly",
        ("locations", Some("tags"), false) => "locations/tags.write",
        ("users", ..) => "users.readonly",
        ("businesses", ..) => "businesses.readonly",
        ("workflows", ..) => "workflows.readonly",
        ("campaigns", ..) => "campaigns.readonly",
        _ => return None,
    })
}

/// The scopes that a pair's runs need, as far as the configuration tells.
#[must_use]
pub fn scopes_for(pair: &Pair) -> BTreeSet<&'static str> {
    let used = super::catalogue().filter(Listed::is_used);
    used.map(|listed| listed.scope).filter(|scope| !scope.is_empty() && is_needed(scope, pair)).collect()
}

fn is_needed(scope: &str, pair: &Pair) -> bool {
    match scope {
        "contacts.write" => Kind::ALL.into_iter().any(|kind| pair.policy(kind).direction.writes(Side::Ghl)),
        "locations/tasks.readonly" => pair.tasks.policy.direction != Direction::Off,
        "locations/customFields.readonly" => {
            pair.fields.mappings.iter().any(|mapping| mapping.ghl.starts_with("customFields."))
        }
        "workflows.readonly" => pair.triggers.effects().any(|effect| matches!(effect, Effect::Workflow(_))),
        "campaigns.readonly" => pair.triggers.effects().any(|effect| matches!(effect, Effect::Campaign(_))),
        "users.readonly" => pair.maps_users(),
        // An agency's own are no location's.
        "oauth.write" | "oauth.readonly" => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_names_the_scope_it_needs() {
        for (method, path, scope) in [
            (Method::Post, "/contacts/search", "contacts.readonly"),
            (Method::Get, "/contacts/search/duplicate?locationId=L", "contacts.readonly"),
            (Method::Get, "/contacts/A/notes", "contacts.readonly"),
            (Method::Post, "/contacts/", "contacts.write"),
            (Method::Delete, "/contacts/A/tags", "contacts.write"),
            (Method::Post, "/locations/L/tasks/search", "locations/tasks.readonly"),
            (Method::Get, "/locations/L", "locations.readonly"),
            (Method::Get, "/locations/L/customFields?model=contact", "locations/customFields.readonly"),
            (Method::Get, "/users/?locationId=L", "users.readonly"),
        ] {
            assert_eq!(needed(&Request::new(method, path)), Some(scope), "{path}");
        }
    }
}
