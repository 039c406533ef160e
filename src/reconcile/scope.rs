//! Who takes part: a record that left the scope keeps its link, and nothing is written for it. (`semantics` 11, I22)

use jiff::tz::TimeZone;

use super::children::{Brood, is_dirty};
use super::draft::{Draft, Subject};
use super::input::Linked;
use super::plan::{HeldReason, Settlement};
use crate::config::Scope;
use crate::record::{Record, Side};

/// Why a record of `side` is outside the scope; `None`: it takes part. What is not known of a record that is linked
/// changes nothing; one that is not linked takes part only when it is known to.
#[must_use]
pub fn outside(scope: &Scope, side: Side, record: &Record, linked: bool) -> Option<String> {
    let places: Vec<&str> = match side {
        Side::Cliengo => scope.cliengo_websites.iter().map(String::as_str).collect(),
        Side::Ghl => scope.ghl_business_id.iter().map(String::as_str).collect(),
    };
    let (key, what) = match side {
        Side::Cliengo => ("cliengo_websites", "website"),
        Side::Ghl => ("ghl_business_id", "business"),
    };
    if !places.is_empty() && record.place.as_deref().map_or(!linked, |place| !places.contains(&place)) {
        return Some(format!("its {what} in {} is not in scope.{key}", side.title()));
    }
    let knows_tags = record.get(&crate::record::Field::Tags).is_some();
    let tagged = || scope.ghl_tags.iter().any(|tag| record.tags().contains(tag));
    if side == Side::Ghl && !scope.ghl_tags.is_empty() && (knows_tags || !linked) && !tagged() {
        return Some("it has none of the tags of scope.ghl_tags in GHL".to_owned());
    }
    let born = record.created.map(|created| created.to_zoned(TimeZone::UTC).date());
    match (scope.since, born) {
        (Some(since), Some(born)) if born < since => {
            Some(format!("it was created in {} before scope.since ({since})", side.title()))
        }
        _ => None,
    }
}

/// Whether a linked contact stands outside the scope now; its link is told when that changed.
pub fn stands_outside(draft: &mut Draft<'_>, subject: &Subject, contact: &Linked, brood: &Brood<'_>) -> bool {
    let scope = &draft.input.pair.scope;
    let why = Side::BOTH.into_iter().find_map(|side| outside(scope, side, contact.sides.of(side).seen()?, true));
    if why.is_some() != contact.outside {
        draft.settlements.push(Settlement::Scope { link: contact.link, outside: why.is_some() });
    }
    let Some(why) = why else { return false };
    let changed: Vec<&str> = Side::BOTH
        .into_iter()
        .filter(|side| {
            let side = *side;
            contact.sides.of(side).is_dirty()
                || brood.linked.iter().any(|child| is_dirty(child, side))
                || !brood.loose.of(side).is_empty()
        })
        .map(Side::title)
        .collect();
    if !changed.is_empty() {
        let detail =
            format!("{why}; what changed in {} is not carried over until it is in scope again", changed.join(" and "));
        draft.hold(subject, HeldReason::OutOfScope, detail);
    }
    true
}
