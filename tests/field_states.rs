//! Every state of one field: {absent, 0, 1} in the base, in Cliengo and in GHL, for every direction and policy.
//!
//! The outcomes stand in `tests/tables/field_states.txt`, to be read as a table. After a change that is meant:
//! `CONCORD_BLESS=1 cargo test --test field_states`, and look at the difference.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's own functions fail as its assertions do")]

use concord::config::{Config, ConflictPolicy, Direction, KindPolicy};
use concord::reconcile::{Decision, FieldState, Rules, decide};
use concord::record::{Both, Side, Value};

const DIRECTIONS: [(&str, Direction); 4] = [
    ("both", Direction::Both),
    ("to_ghl", Direction::ToGhl),
    ("to_cliengo", Direction::ToCliengo),
    ("off", Direction::Off),
];

const POLICIES: [(&str, ConflictPolicy); 4] = [
    ("ghl", ConflictPolicy::Take(Side::Ghl)),
    ("cliengo", ConflictPolicy::Take(Side::Cliengo)),
    ("newest", ConflictPolicy::Newest),
    ("manual", ConflictPolicy::Manual),
];

fn values() -> [(&'static str, Value); 3] {
    [("-", Value::Empty), ("0", Value::line("0")), ("1", Value::line("1"))]
}

fn policy(direction: Direction, conflict: ConflictPolicy) -> KindPolicy {
    let config = Config::parse("[pair.table]\nsandbox = true\n", "schedules.toml".as_ref()).unwrap();
    KindPolicy { direction, conflict, ..config.pairs[0].contacts.clone() }
}

fn outcome(base: Option<&Value>, cliengo: &Value, ghl: &Value, policy: &KindPolicy) -> Decision {
    let rules = Rules { policy, updated: Both::default(), repair: false };
    decide(Both { cliengo: FieldState { base, now: Some(cliengo) }, ghl: FieldState { base, now: Some(ghl) } }, &rules)
}

fn word(decision: Decision) -> String {
    match decision {
        Decision::Rest => "rest".to_owned(),
        Decision::Agree => "agree".to_owned(),
        Decision::Take(side) => format!("{side} goes over"),
        Decision::Conflict(side) => format!("conflict, {side} stands"),
        Decision::Manual => "conflict, a person chooses".to_owned(),
    }
}

// Watches: I9, I10, incident 15.
#[test]
fn every_state_of_a_field_has_the_outcome_of_the_table() {
    let mut table = String::from("base cliengo ghl  direction   policy    outcome\n");
    let values = values();
    let bases: Vec<(&str, Option<&Value>)> =
        std::iter::once(("?", None)).chain(values.iter().map(|(name, value)| (*name, Some(value)))).collect();
    for (base_name, base) in &bases {
        for (cliengo_name, cliengo) in &values {
            for (ghl_name, ghl) in &values {
                for (direction_name, direction) in DIRECTIONS {
                    for (policy_name, conflict) in POLICIES {
                        let decided = word(outcome(*base, cliengo, ghl, &policy(direction, conflict)));
                        table.push_str(&format!(
                            "{base_name:<4} {cliengo_name:<7} {ghl_name:<4} {direction_name:<11} {policy_name:<9} {decided}\n"
                        ));
                    }
                }
            }
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tables/field_states.txt");
    if std::env::var_os("CONCORD_BLESS").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    assert_eq!(table, std::fs::read_to_string(path).unwrap(), "bless with CONCORD_BLESS=1, and read the difference");
}

// Watches: I7.
#[test]
fn swapped_sides_and_policies_give_the_mirrored_outcome() {
    let mirror_direction = |direction| match direction {
        Direction::ToGhl => Direction::ToCliengo,
        Direction::ToCliengo => Direction::ToGhl,
        same => same,
    };
    let mirror_conflict = |conflict| match conflict {
        ConflictPolicy::Take(side) => ConflictPolicy::Take(side.other()),
        same => same,
    };
    let mirror = |decision| match decision {
        Decision::Take(side) => Decision::Take(side.other()),
        Decision::Conflict(side) => Decision::Conflict(side.other()),
        same => same,
    };
    for base in [None, Some(Value::Empty), Some(Value::line("0"))] {
        for (_, cliengo) in &values() {
            for (_, ghl) in &values() {
                for (_, direction) in DIRECTIONS.iter().take(3) {
                    for (_, conflict) in POLICIES {
                        let mut mirrored = policy(mirror_direction(*direction), mirror_conflict(conflict));
                        mirrored.conflict_fallback = mirrored.conflict_fallback.other();
                        let there = outcome(base.as_ref(), cliengo, ghl, &policy(*direction, conflict));
                        let back = outcome(base.as_ref(), ghl, cliengo, &mirrored);
                        assert_eq!(mirror(there), back, "{base:?} {cliengo:?} {ghl:?} {direction:?} {conflict:?}");
                    }
                }
            }
        }
    }
}

// Watches: I3.
#[test]
fn a_clean_side_never_wins_over_one_that_a_person_changed_where_both_may_write() {
    for (_, conflict) in POLICIES {
        let policy = policy(Direction::Both, conflict);
        for (_, base) in &values() {
            for (_, edited) in values().iter().filter(|(_, edited)| !edited.same(base)) {
                assert_eq!(outcome(Some(base), edited, base, &policy), Decision::Take(Side::Cliengo));
                assert_eq!(outcome(Some(base), base, edited, &policy), Decision::Take(Side::Ghl));
            }
        }
    }
}
