//! Who takes part: a record that left the scope keeps its link, and nothing is written for it. (`semantics` 11, I22)

use jiff::tz::TimeZone;

use super::carry::Versions;
use crate::config::Scope;
use crate::reconcile::model::{
    BaseUpdate, Children, Family, HeldReason, Input, Link, Linked, Making, MatchedBy, Subject, Unlinked, Verdict,
};
use crate::record::{Both, Field, Fields, Kind, Record, Side, Value};

/// Why a record of `side` is outside the scope; `None`: it takes part. What is not known of a record that is linked
/// changes nothing; one that is not linked takes part only when it is known to.
#[must_use]
pub fn outside(scope: &Scope, side: Side, record: &Record, linked: bool) -> Option<String> {
    for Filed { key, what, is_in } in filed(scope, side, record) {
        match is_in {
            Some(true) => {}
            Some(false) => return Some(format!("its {what} in {} is not in scope.{key}", side.title())),
            None if linked => {}
            None => return Some(format!("{} does not say whether its {what} is in scope.{key}", side.title())),
        }
    }
    let knows_tags = record.get(&Field::Tags).is_some();
    let tagged = || scope.ghl_tags.iter().any(|tag| record.tags().contains(tag));
    if side == Side::Ghl && !scope.ghl_tags.is_empty() && (knows_tags || !linked) && !tagged() {
        return Some("it has none of the tags of scope.ghl_tags in GHL".to_owned());
    }
    let born = record.created.map(|created| created.to_zoned(TimeZone::UTC).date());
    match (scope.since, born) {
        (Some(since), Some(born)) if born < since => {
            Some(format!("it was created in {} before scope.since ({since})", side.title()))
        }
        (Some(since), None) if !linked => {
            Some(format!("{} does not say whether it was created before scope.since ({since})", side.title()))
        }
        _ => None,
    }
}

/// One of the things by which a CRM files a contact, and of which the scope asks.
struct Filed {
    key: &'static str,
    what: &'static str,
    /// Whether it is in the scope by that; `None`: that is not told.
    is_in: Option<bool>,
}

fn filed(scope: &Scope, side: Side, record: &Record) -> Vec<Filed> {
    let place = |places: &[&str]| record.place.as_deref().map(|place| places.contains(&place));
    let mut filed = Vec::new();
    match side {
        Side::Cliengo => {
            let websites: Vec<&str> = scope.cliengo_websites.iter().map(String::as_str).collect();
            if !websites.is_empty() {
                filed.push(Filed { key: "cliengo_websites", what: "website", is_in: place(&websites) });
            }
            if !scope.cliengo_statuses.is_empty() {
                let is_in = record.status.as_deref().map(|status| scope.takes_status(status));
                filed.push(Filed { key: "cliengo_statuses", what: "status", is_in });
            }
        }
        Side::Ghl => {
            let business = scope.ghl_business_id.as_deref();
            filed.extend(business.map(|id| Filed { key: "ghl_business_id", what: "business", is_in: place(&[id]) }));
        }
    }
    filed
}

/// Whether it is not known where a contact is filed, on a side of which the scope asks that.
fn is_untold(scope: &Scope, contact: &Linked) -> bool {
    Side::BOTH.into_iter().any(|side| {
        let record = contact.sides.of(side).current();
        record.is_some_and(|record| filed(scope, side, record).iter().any(|filed| filed.is_in.is_none()))
    })
}

/// Whether an unlinked contact stands outside the scope; and whether it counts as left out: such contacts are counted, not
/// said one by one.
#[must_use]
pub fn leaves_out(input: &Input<'_>, contact: &Unlinked) -> (bool, bool) {
    let side = contact.id.side();
    let is_outside = outside(&input.pair.scope, side, &contact.record, false).is_some();
    (is_outside, is_outside && input.policy(Kind::Contact).direction.writes(side.other()))
}

/// Why the one or the other of two unlinked contacts is outside the scope.
#[must_use]
pub fn pair_outside(input: &Input<'_>, pair: &Both<&Unlinked>) -> Option<String> {
    Side::BOTH.into_iter().find_map(|side| outside(&input.pair.scope, side, &pair.of(side).record, false))
}

/// Whether a linked contact stands outside the scope now, or stood there when it was last seen: what is missing is no
/// delete then (I22), and nobody is in again whom only one side shows. Its link is told when that changed.
#[must_use]
pub fn stands_outside(
    input: &Input<'_>,
    subject: &Subject,
    contact: &Linked,
    children: &Children<'_>,
) -> (bool, Verdict) {
    let mut verdict = Verdict::default();
    let scope = &input.pair.scope;
    let why = Side::BOTH.into_iter().find_map(|side| outside(scope, side, contact.sides.of(side).current()?, true));
    // What was agreed of a half that this run did not see is from when it was inside.
    let unseen = Side::BOTH.into_iter().any(|side| contact.sides.of(side).seen().is_none());
    if why.is_none() && contact.outside && (unseen || is_untold(scope, contact)) {
        return (true, verdict);
    }
    if why.is_some() != contact.outside {
        verdict.base_updates.push(BaseUpdate::Scope { link: contact.link, outside: why.is_some() });
    }
    let Some(why) = why else { return (false, verdict) };
    let changed: Vec<&str> = Side::BOTH
        .into_iter()
        .filter(|side| {
            let side = *side;
            contact.is_dirty(side)
                || children.linked.iter().any(|child| child.is_dirty(side))
                || !children.unlinked_children.of(side).is_empty()
        })
        .map(Side::title)
        .collect();
    if !changed.is_empty() {
        let detail =
            format!("{why}; what changed in {} is not carried over until it is in scope again", changed.join(" and "));
        verdict.hold(subject, HeldReason::OutOfScope, detail);
    }
    (true, verdict)
}

/// `semantics` 11: they are one person, and nothing is written for them; what differs is merged when they come back.
#[must_use]
pub fn link_outside(
    at: u32,
    family: &Family,
    subject: &Subject,
    versions: Versions<'_>,
    why: &str,
    (retires, matched_by): (Option<i64>, MatchedBy),
) -> Verdict {
    let same = |side: Side, field: &Field, value: &Value| {
        let theirs = versions.now.of(side.other()).get(field);
        *field != Field::Tags && theirs.is_some_and(|theirs| value.same_for_linking(theirs))
    };
    let agreed = |side: Side| -> Fields {
        let fields = versions.now.of(side).fields.iter().filter(|(field, value)| same(side, field, value));
        fields.map(|(field, value)| (field.clone(), value.clone())).collect()
    };
    let made = Making { parent: None, bases: Both::from_fn(agreed), retires };
    let link = Link { made, outside: true, matched_by: Some(matched_by), ..Link::default() };
    let mut verdict = Verdict::at(at);
    let differs = |(field, value): (&Field, &Value)| *field != Field::Tags && !same(Side::Cliengo, field, value);
    if versions.now.cliengo.fields.iter().any(differs) {
        verdict.hold(subject, HeldReason::OutOfScope, format!("{why}: linked, and left as it is"));
    }
    verdict.link(family.place(Kind::Contact), subject, link);
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Tags, Value};

    fn tagged(tag: &str) -> Record {
        Record::default().with(Field::Tags, Value::tags([tag].iter().collect::<Tags>()))
    }

    fn takes_part(scope: &Scope, side: Side, record: &Record, linked: bool) -> bool {
        outside(scope, side, record, linked).is_none()
    }

    #[test]
    fn each_key_filters_its_own_side() {
        let tags = Scope { ghl_tags: vec!["From-Chatbot".to_owned()], ..Scope::default() };
        assert!(takes_part(&tags, Side::Ghl, &tagged(" from-chatbot"), false));
        assert!(!takes_part(&tags, Side::Ghl, &tagged("vip"), true));
        assert!(takes_part(&tags, Side::Cliengo, &tagged("vip"), false));
        let at = |place: &str| Record { place: Some(place.to_owned()), ..Record::default() };
        let websites = Scope { cliengo_websites: vec!["a".to_owned()], ..Scope::default() };
        assert!(takes_part(&websites, Side::Cliengo, &at("a"), false));
        assert!(!takes_part(&websites, Side::Cliengo, &at(""), true));
        assert!(takes_part(&websites, Side::Ghl, &at("b"), false));
        let stands = |status: &str| Record { status: Some(status.into()), ..Record::default() };
        let statuses = Scope { cliengo_statuses: vec!["Client".to_owned()], ..Scope::default() };
        assert!(takes_part(&statuses, Side::Cliengo, &stands("CLIENT "), false));
        assert!(!takes_part(&statuses, Side::Cliengo, &stands("ACTIVE"), true));
        assert!(!takes_part(&statuses, Side::Cliengo, &stands(""), true));
        assert!(takes_part(&statuses, Side::Cliengo, &Record::default(), true));
        assert!(!takes_part(&statuses, Side::Cliengo, &Record::default(), false));
        assert!(takes_part(&statuses, Side::Ghl, &Record::default(), false));
    }

    #[test]
    fn the_day_of_since_takes_part_and_the_day_before_does_not() {
        let scope = Scope { since: Some("2024-01-01".parse().unwrap()), ..Scope::default() };
        let born = |at: &str| Record { created: Some(at.parse().unwrap()), ..Record::default() };
        for side in Side::BOTH {
            assert!(takes_part(&scope, side, &born("2024-01-01T00:00:00Z"), false));
            assert!(!takes_part(&scope, side, &born("2023-12-31T23:59:59Z"), true));
        }
    }

    #[test]
    fn what_is_not_known_keeps_a_link_and_creates_nobody() {
        let unknown = Record::default();
        for scope in [
            Scope { ghl_tags: vec!["a".to_owned()], ..Scope::default() },
            Scope { ghl_business_id: Some("a".to_owned()), ..Scope::default() },
            Scope { since: Some("2024-01-01".parse().unwrap()), ..Scope::default() },
        ] {
            assert!(takes_part(&scope, Side::Ghl, &unknown, true));
            assert!(!takes_part(&scope, Side::Ghl, &unknown, false));
        }
    }
}
