//! Guards: what a plan may do at most before a person has to approve it (`semantics` 34).

use super::decide::is_mark;
use super::model::{Change, Guard, GuardName, Input, Mode, Plan, Reading, Tally};
use crate::config::{Direction, FirstSync, Guard as Limits};
use crate::record::{Kind, Side};

/// A percentage trips only above so many (`semantics` 34).
const DELETE_FLOOR: u64 = 5;
const UPDATE_FLOOR: u64 = 50;
const CREATE_FLOOR: u64 = 50;

/// Below `min_records` links, percentages mean nothing and so many deletes are allowed.
const FEW_DELETES: u64 = 3;

/// A side and kind that lists nothing trips from so many links on.
const EMPTIED_FROM: u64 = 2;

/// Evaluates every guard on the whole plan, before any write, in a dry run too. (I23)
#[must_use]
pub fn evaluate(plan: &Plan, input: &Input<'_>) -> Vec<Guard> {
    let mut guards = Vec::new();
    if waits_for_approval(input) {
        guards.push(Guard {
            guard: GuardName::FirstSync,
            side: Side::Cliengo,
            kind: Kind::Contact,
            value: precise(plan.operations.len() as u64),
            limit: 0.0,
            tripped: !plan.operations.is_empty(),
        });
    }
    let summary = plan.summary();
    for side in Side::BOTH {
        guards.extend(tags_lost(plan, input, side));
        for kind in Kind::ALL {
            // `semantics` 54: what was not looked at says nothing of how much goes.
            let links = *input.looked_at.of(kind);
            guards.extend(emptied(input, side, kind, links));
            guards.extend(counted(input, *summary.of(side).of(kind), side, kind, links));
        }
    }
    guards
}

fn waits_for_approval(input: &Input<'_>) -> bool {
    let is_doubted = |side: Side| {
        let listing = input.listings.of(side).of(Kind::Contact);
        listing.count == 0 && listing.complete && listing.reading != Reading::Whole
    };
    let asks = input.pair.guard.first_sync == FirstSync::Approve || Side::BOTH.into_iter().any(is_doubted);
    input.mode == Mode::Rebuild || input.first_sync && asks
}

/// `semantics` 53: a side that loses more than its share of tags, or all of them.
fn tags_lost(plan: &Plan, input: &Input<'_>, side: Side) -> Option<Guard> {
    let removed = plan.operations.iter().filter(|operation| operation.side == side).flat_map(|operation| {
        operation.changes.iter().flat_map(|change| match change {
            Change::Tags { removed, .. } => removed.as_slice(),
            Change::Value { .. } => &[],
        })
    });
    share_lost(input, side, removed.filter(|tag| !is_mark(tag)).count() as u64)
}

fn share_lost(input: &Input<'_>, side: Side, lost: u64) -> Option<Guard> {
    let known = *input.tags.of(side);
    if lost == 0 || known == 0 {
        return None;
    }
    let limits = &input.pair.guard;
    let value = precise(lost) * 100.0 / precise(known.max(lost));
    let is_share =
        value > limits.delete_percent && lost > DELETE_FLOOR && *input.links.of(Kind::Contact) >= limits.min_records;
    let is_all = lost >= known && lost > FEW_DELETES;
    let (guard, limit) = (GuardName::TagPercent, limits.delete_percent);
    Some(Guard { guard, side, kind: Kind::Contact, value, limit, tripped: is_share || is_all })
}

/// I24: a listing of nothing while the base has two or more. Both sides empty is fine. Where contacts are listed in turn,
/// of those that were looked at (`semantics` 54).
fn emptied(input: &Input<'_>, side: Side, kind: Kind, links: u64) -> Option<Guard> {
    let listing = |side: Side| input.listings.of(side).of(kind);
    let empty = |side: Side| listing(side).count == 0;
    // What is switched off is not listed everywhere, and nothing is written because of it.
    let takes_part = input.policy(kind).direction != Direction::Off;
    let lists = takes_part && Side::BOTH.into_iter().all(|side| input.can(side, kind).list);
    // `semantics` 52: a listing that failed, or that lags, is not an empty one. One that was to be of some contacts only, and
    // came whole, is (54).
    let is_share = listing(side).parents.is_some() && listing(side).reading == Reading::Whole;
    let is_believed = listing(side).complete || is_share;
    (lists && is_believed && links >= EMPTIED_FROM && empty(side) && !empty(side.other())).then_some(Guard {
        guard: GuardName::Emptied,
        side,
        kind,
        value: precise(links),
        limit: precise(EMPTIED_FROM - 1),
        tripped: true,
    })
}

fn counted(input: &Input<'_>, tally: Tally, side: Side, kind: Kind, links: u64) -> Vec<Guard> {
    let limits: &Limits = &input.pair.guard;
    let few_links = links < limits.min_records;
    let mut guards = Vec::new();
    let mut add = |guard, value: f64, limit: f64, tripped| {
        guards.push(Guard { guard, side, kind, value, limit, tripped });
    };
    let percent = |count: u64| if links == 0 { 0.0 } else { precise(count) * 100.0 / precise(links) };
    // `semantics` 24: also where it was interrupted, and was let pass before.
    let first = input.first_sync || input.first_sync_goes_on;
    let sorts = [
        (GuardName::DeletePercent, tally.delete, limits.delete_percent, DELETE_FLOOR, true),
        (GuardName::UpdatePercent, tally.update, limits.update_percent, UPDATE_FLOOR, !first),
        (GuardName::CreatePercent, tally.create, limits.create_percent, CREATE_FLOOR, !first),
    ];
    for (guard, count, limit, floor, applies) in sorts {
        if count > 0 && applies && !few_links {
            let value = percent(count);
            add(guard, value, limit, value > limit && count > floor);
        }
    }
    let allowed = if few_links { limits.delete_count.min(FEW_DELETES) } else { limits.delete_count };
    let counts = [
        (GuardName::DeleteCount, tally.delete, allowed),
        (GuardName::UpdateCount, tally.update, limits.update_count),
        (GuardName::CreateCount, tally.create, limits.create_count),
    ];
    for (guard, count, limit) in counts {
        if count > 0 {
            add(guard, precise(count), precise(limit), count > limit);
        }
    }
    guards
}

#[expect(clippy::cast_precision_loss, reason = "counts of records are far below 2^52")]
fn precise(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::{Config, Pair};
    use crate::reconcile::model::ListingCount;
    use crate::record::{Both, ByKind, Capabilities, Forms};

    fn pair(settings: &str) -> Pair {
        let text = format!("[pair.guards]\nsandbox = true\n{settings}");
        Config::parse(&text, "schedules.toml".as_ref()).unwrap().pairs.remove(0)
    }

    fn forms() -> Forms {
        Forms {
            region: None,
            zone: jiff::tz::TimeZone::UTC,
            placeholders: Vec::new(),
            placeholder_names: Vec::new(),
            mapped: Vec::new(),
            waiting: BTreeSet::new(),
            members: None,
        }
    }

    fn input<'a>(pair: &'a Pair, forms: &'a Forms) -> Input<'a> {
        let mut capabilities = Both::from_fn(|_| Capabilities::default());
        for side in Side::BOTH {
            capabilities.of_mut(side).kinds.note.list = true;
        }
        let now = jiff::Timestamp::UNIX_EPOCH;
        Input::unlisted(pair, forms, Mode::Incremental, now, capabilities, ByKind::default())
    }

    /// The guards that stop so many links with this tally.
    fn stopped(input: &Input<'_>, links: u64, tally: Tally) -> Vec<GuardName> {
        let guards = counted(input, tally, Side::Ghl, Kind::Contact, links);
        guards.into_iter().filter(|guard| guard.tripped).map(|guard| guard.guard).collect()
    }

    #[test]
    fn what_is_exactly_allowed_passes_and_one_more_does_not() {
        use GuardName::{CreateCount, CreatePercent, DeleteCount, DeletePercent, UpdateCount, UpdatePercent};
        let limits = "guard.delete_percent = 10\nguard.update_percent = 10\nguard.create_percent = 10\n\
            guard.delete_count = 200\nguard.update_count = 200\nguard.create_count = 200\nguard.min_records = 20\n";
        let deletes = |delete| Tally { delete, ..Tally::default() };
        let updates = |update| Tally { update, ..Tally::default() };
        let creates = |create| Tally { create, ..Tally::default() };
        let cases: [(u64, Tally, &[GuardName]); 18] = [
            // Percentages: the limit itself passes, and a floor of 5 deletes, 50 updates, 50 creates.
            (100, deletes(10), &[]),
            (100, deletes(11), &[DeletePercent]),
            (20, deletes(5), &[]),
            (20, deletes(6), &[DeletePercent]),
            (1000, updates(100), &[]),
            (1000, updates(101), &[UpdatePercent]),
            (100, updates(50), &[]),
            (100, updates(51), &[UpdatePercent]),
            (1000, creates(100), &[]),
            (1000, creates(101), &[CreatePercent]),
            (100, creates(51), &[CreatePercent]),
            // Counts.
            (10_000, deletes(200), &[]),
            (10_000, deletes(201), &[DeleteCount]),
            (10_000, updates(201), &[UpdateCount]),
            (10_000, creates(201), &[CreateCount]),
            // Below `min_records` only counts, and three deletes.
            (19, deletes(3), &[]),
            (19, deletes(4), &[DeleteCount]),
            (19, updates(100), &[]),
        ];
        let (pair, forms) = (pair(limits), forms());
        let input = input(&pair, &forms);
        for (links, tally, expected) in cases {
            assert_eq!(stopped(&input, links, tally), expected, "{links} links, {tally:?}");
        }
    }

    #[test]
    fn tags_stop_where_more_than_their_share_and_five_go_or_all_of_more_than_three() {
        let (pair, forms) = (pair("guard.delete_percent = 10\nguard.min_records = 20\n"), forms());
        // Links, tags that a side has, and how many of them go; none says nothing at all.
        let cases = [
            (20, 100, 10, Some(false)),
            (20, 100, 11, Some(true)),
            (20, 10, 5, Some(false)),
            (20, 10, 6, Some(true)),
            (19, 100, 99, Some(false)),
            (19, 100, 100, Some(true)),
            (20, 3, 3, Some(false)),
            (20, 4, 4, Some(true)),
            (20, 4, 5, Some(true)),
            (20, 100, 0, None),
            (20, 0, 6, None),
        ];
        for (links, known, lost, expected) in cases {
            let mut input = input(&pair, &forms);
            *input.links.of_mut(Kind::Contact) = links;
            *input.tags.of_mut(Side::Ghl) = known;
            let tripped = share_lost(&input, Side::Ghl, lost).map(|guard| guard.tripped);
            assert_eq!(tripped, expected, "{links} links, {lost} of {known} tags");
        }
    }

    #[test]
    fn a_percentage_that_a_person_lifted_stops_nothing_of_a_first_sync() {
        let (pair, forms) = (pair("guard.create_percent = 10\n"), forms());
        let input = input(&pair, &forms);
        let many = Tally { create: 60, ..Tally::default() };
        for (first_sync, first_sync_goes_on, stops) in [(false, false, 1), (true, false, 0), (false, true, 0)] {
            let input = Input { first_sync, first_sync_goes_on, ..input.clone() };
            let tripped = stopped(&input, 100, many).len();
            assert_eq!(tripped, stops, "{first_sync} {first_sync_goes_on}");
        }
    }

    #[test]
    fn a_side_that_lists_nothing_stops_only_where_it_was_listed_and_had_two_or_more() {
        let forms = forms();
        let count = |count, parents: Option<(u64, u64)>| {
            let complete = parents.is_none_or(|(listed, all)| listed == all);
            ListingCount { count, complete, parents, ..ListingCount::default() }
        };
        let trips = |settings: &str, links, [cliengo, ghl]: [ListingCount; 2]| {
            let pair = pair(settings);
            let mut input = input(&pair, &forms);
            (input.listings.cliengo.note, input.listings.ghl.note) = (cliengo, ghl);
            emptied(&input, Side::Cliengo, Kind::Note, links).is_some()
        };
        let nothing = || [count(0, None), count(2, None)];
        assert!(trips("", 2, nothing()));
        assert!(!trips("", 1, nothing()), "one may vanish");
        assert!(!trips("", 2, [count(0, None), count(0, None)]), "both sides are empty");
        assert!(!trips("", 2, [count(1, None), count(2, None)]), "it lists one");
        assert!(trips("", 2, [count(0, Some((1, 2))), count(2, None)]), "so many of those that were asked");
        assert!(trips("", 2, [count(0, Some((2, 2))), count(2, None)]));
        let lags = ListingCount { complete: false, ..count(0, None) };
        assert!(!trips("", 2, [lags, count(2, None)]), "it failed, or lags");
        assert!(!trips("[pair.guards.notes]\ndirection = \"off\"\n", 2, nothing()), "notes are off");
    }
}
