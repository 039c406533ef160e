//! What a person allowed, against what the plan needs. (`semantics` 35)

use std::collections::BTreeSet;

use super::Consent;
use crate::reconcile::{Guard, GuardName, Operation, Plan};
use crate::record::Action;
use crate::state::{State, StateError};

/// A person's consent, held against one plan.
#[derive(Clone, Debug)]
pub struct Approval {
    covers: bool,
    allow_empty: Vec<String>,
}

/// The operations that the tripped guards are about, in a form that two nights can be compared by.
pub(super) fn guarded(plan: &Plan) -> Vec<String> {
    let is_guarded = |operation: &&Operation| plan.tripped().any(|guard| concerns(guard, operation));
    plan.operations.iter().filter(is_guarded).map(Operation::fingerprint).collect()
}

fn concerns(guard: &Guard, operation: &Operation) -> bool {
    let there = (guard.side, guard.kind) == (operation.side, operation.kind);
    match guard.guard {
        GuardName::FirstSync | GuardName::Emptied | GuardName::ShrinkPercent => true,
        GuardName::DeletePercent | GuardName::DeleteCount => there && operation.action == Action::Delete,
        GuardName::CreatePercent | GuardName::CreateCount => there && operation.action == Action::Create,
        GuardName::UpdatePercent | GuardName::UpdateCount => {
            there && matches!(operation.action, Action::Update | Action::Tag | Action::Complete)
        }
    }
}

impl Approval {
    /// Reads the consent: it covers this plan, or one of which this plan is a part.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn of(consent: &Consent, plan: &Plan, state: &State) -> Result<Self, StateError> {
        let covers = match &consent.approve {
            None => false,
            Some(approved) if *approved == plan.id() => true,
            Some(approved) => state.refused(approved)?.is_some_and(|known| {
                let known: BTreeSet<String> = known.into_iter().collect();
                guarded(plan).iter().all(|operation| known.contains(operation))
            }),
        };
        Ok(Self { covers, allow_empty: consent.allow_empty.clone() })
    }

    /// Whether a guard stops the plan in spite of the consent. An emptied side needs its own word. (I24)
    #[must_use]
    pub fn refuses(&self, plan: &Plan) -> bool {
        plan.tripped().any(|guard| {
            let named = format!("{}:{}", guard.side, guard.kind);
            let emptied = guard.guard == GuardName::Emptied;
            !self.covers || emptied && !self.allow_empty.contains(&named)
        })
    }
}
