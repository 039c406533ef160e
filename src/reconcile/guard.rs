//! Guards: what a plan may do at most before a person has to approve it (`semantics` 34).

use serde::Serialize;

use super::input::Input;
use super::plan::{Mode, Plan, Tally};
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

/// What a guard looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardName {
    /// A first sync waits for approval.
    FirstSync,
    /// A side lists nothing although its base has two or more.
    Emptied,
    /// A listing shrank.
    ShrinkPercent,
    /// Deletes, as a share of the links.
    DeletePercent,
    /// Deletes.
    DeleteCount,
    /// Updates, tags and completions, as a share of the links.
    UpdatePercent,
    /// Updates, tags and completions.
    UpdateCount,
    /// Creates, as a share of the links.
    CreatePercent,
    /// Creates.
    CreateCount,
}

/// One guard, evaluated on a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Guard {
    /// What was looked at.
    pub guard: GuardName,
    /// Where.
    pub side: Side,
    /// Of what kind.
    pub kind: Kind,
    /// What was found.
    pub value: f64,
    /// What is allowed; exactly this passes.
    pub limit: f64,
    /// Whether it stops the plan.
    pub tripped: bool,
}

impl GuardName {
    /// The name used in JSON, which is also the configuration's key where there is one.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstSync => "first_sync",
            Self::Emptied => "emptied",
            Self::ShrinkPercent => "shrink_percent",
            Self::DeletePercent => "delete_percent",
            Self::DeleteCount => "delete_count",
            Self::UpdatePercent => "update_percent",
            Self::UpdateCount => "update_count",
            Self::CreatePercent => "create_percent",
            Self::CreateCount => "create_count",
        }
    }
}

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
        for kind in Kind::ALL {
            let links = *input.links.of(kind);
            guards.extend(emptied(input, side, kind, links));
            guards.extend(counted(input, *summary.of(side).of(kind), side, kind, links));
        }
    }
    guards
}

fn waits_for_approval(input: &Input<'_>) -> bool {
    input.mode == Mode::Rebuild || input.first_sync && input.pair.guard.first_sync == FirstSync::Approve
}

/// I24: a listing of nothing while the base has two or more. Both sides empty is fine.
fn emptied(input: &Input<'_>, side: Side, kind: Kind, links: u64) -> Option<Guard> {
    let empty = |side: Side| input.listings.of(side).of(kind).count == 0;
    // What is switched off is not listed everywhere, and nothing is written because of it.
    let takes_part = input.policy(kind).direction != Direction::Off;
    let lists = takes_part && Side::BOTH.into_iter().all(|side| input.can(side, kind).list);
    let was_listed = input.listings.of(side).of(kind).parents.is_none_or(|(listed, all)| listed == all);
    (lists && was_listed && links >= EMPTIED_FROM && empty(side) && !empty(side.other())).then_some(Guard {
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
