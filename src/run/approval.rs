//! What a person allowed, against what the plan needs. (`semantics` 35)

use std::collections::BTreeSet;

use super::consent::Consent;
use crate::reconcile::{Guard, GuardName, Operation, Plan};
use crate::record::Action;
use crate::state::{State, StateError};

/// A person's consent, held against one plan.
#[derive(Clone, Debug)]
pub struct Approval {
    covers: bool,
    /// The approval that was given, where it is of no plan that this pair knows.
    unfit: Option<String>,
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
        GuardName::FirstSync | GuardName::Emptied => true,
        GuardName::DeletePercent | GuardName::DeleteCount => there && operation.action() == Action::Delete,
        GuardName::TagPercent => there && operation.action() == Action::Tag,
        GuardName::CreatePercent | GuardName::CreateCount => there && operation.action() == Action::Create,
        GuardName::UpdatePercent | GuardName::UpdateCount => {
            there && matches!(operation.action(), Action::Update | Action::Tag | Action::Complete | Action::Enrol)
        }
    }
}

impl Approval {
    /// Reads the consent: it covers this plan, or one of which this plan is a part. One that names neither this plan nor
    /// any that was shown for this pair fits nothing: then nothing is written, whether or not a guard stops the plan.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn of(consent: &Consent, plan: &Plan, state: &State) -> Result<Self, StateError> {
        let mut approval = Self { covers: false, unfit: None, allow_empty: consent.allow_empty.clone() };
        let Some(approved) = &consent.approve else { return Ok(approval) };
        let guarded = guarded(plan);
        if *approved == plan.id() {
            approval.covers = true;
        } else if let Some(known) = state.refused(approved)? {
            let known: BTreeSet<String> = known.into_iter().collect();
            approval.covers = guarded.iter().all(|operation| known.contains(operation));
            approval.unfit = (!approval.covers).then(|| approved.clone());
        } else if !guarded.is_empty() || !state.has_planned(approved)? {
            approval.unfit = Some(approved.clone());
        }
        if approval.unfit.is_none() && plan.tripped().next().is_none() {
            tracing::info!(approved, "nothing stops this plan: the approval was not needed");
        }
        Ok(approval)
    }

    /// The approval that was given and is of no plan, where that is so.
    #[must_use]
    pub fn unfit(&self) -> Option<&str> {
        self.unfit.as_deref()
    }

    /// Whether a guard stops the plan in spite of the consent. An emptied side needs its own word. (I24)
    #[must_use]
    pub fn refuses(&self, plan: &Plan) -> bool {
        let stopped = plan.tripped().any(|guard| {
            let named = format!("{}:{}", guard.side, guard.kind);
            let emptied = guard.guard == GuardName::Emptied;
            !self.covers || emptied && !self.allow_empty.contains(&named)
        });
        stopped || self.unfit.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::{Mode, Work};
    use crate::record::{Both, Ids, Kind, Side};

    fn operation(side: Side, kind: Kind, action: Action, label: &str) -> Operation {
        Operation {
            id: 0,
            family: 0,
            side,
            kind,
            label: label.to_owned(),
            contact: String::new(),
            ids: Ids::default(),
            parent: Ids::default(),
            changes: Vec::new(),
            requests: Vec::new(),
            work: Work::shown(action, kind),
        }
    }

    /// Of each side and kind, every action.
    fn everything() -> Vec<Operation> {
        use Action::{Complete, Create, Delete, Link, Tag, Update};
        let actions = [Create, Update, Tag, Complete, Delete, Link];
        let of = |side, kind| actions.map(|action| operation(side, kind, action, ""));
        let sides = Side::BOTH.into_iter();
        sides.flat_map(|side| Kind::ALL.into_iter().flat_map(move |kind| of(side, kind))).collect()
    }

    fn plan(operations: Vec<Operation>, guards: &[(GuardName, bool)]) -> Plan {
        let guard = |(guard, tripped): &(GuardName, bool)| Guard {
            guard: *guard,
            side: Side::Ghl,
            kind: Kind::Contact,
            value: 2.0,
            limit: 1.0,
            tripped: *tripped,
        };
        Plan {
            pair: "acme".to_owned(),
            mode: Mode::Incremental,
            undoes: None,
            first_sync: false,
            listings: Both::default(),
            in_sync: 0,
            look_ups: Vec::new(),
            unseen: 0,
            outside: 0,
            operations,
            conflicts: Vec::new(),
            held: Vec::new(),
            unsupported: Vec::new(),
            guards: guards.iter().map(guard).collect(),
            base_updates: Vec::new(),
            only: Vec::new(),
            shown_as: None,
        }
    }

    #[test]
    fn what_is_approved_of_a_guard_are_the_operations_that_it_counts() {
        use Action::{Complete, Create, Delete, Tag, Update};
        let cases: [(GuardName, &[Action]); 7] = [
            (GuardName::TagPercent, &[Tag]),
            (GuardName::DeletePercent, &[Delete]),
            (GuardName::DeleteCount, &[Delete]),
            (GuardName::CreatePercent, &[Create]),
            (GuardName::CreateCount, &[Create]),
            (GuardName::UpdatePercent, &[Update, Tag, Complete]),
            (GuardName::UpdateCount, &[Update, Tag, Complete]),
        ];
        for (guard, actions) in cases {
            let expected: Vec<String> =
                actions.iter().map(|action| operation(Side::Ghl, Kind::Contact, *action, "").fingerprint()).collect();
            assert_eq!(guarded(&plan(everything(), &[(guard, true)])), expected, "{guard:?}");
            assert_eq!(guarded(&plan(everything(), &[(guard, false)])), [""; 0], "{guard:?} stops nothing");
        }
        for guard in [GuardName::FirstSync, GuardName::Emptied] {
            assert_eq!(guarded(&plan(everything(), &[(guard, true)])).len(), everything().len(), "{guard:?}");
        }
    }

    #[test]
    fn an_approval_covers_its_plan_and_what_is_left_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("acme.db")).unwrap();
        let delete = |label: &str| operation(Side::Ghl, Kind::Contact, Action::Delete, label);
        let update = |label: &str| operation(Side::Ghl, Kind::Contact, Action::Update, label);
        let guards = [(GuardName::DeleteCount, true), (GuardName::UpdateCount, false)];
        let stopped = |operations: Vec<Operation>| plan(operations, &guards);
        let asked = stopped(vec![delete("Ana"), delete("Beto"), update("Caro")]);
        state.keep_refused(&asked.id(), 1, &guarded(&asked)).unwrap();
        let refuses = |approve: Option<String>, plan: &Plan| {
            let consent = Consent { approve, ..Consent::default() };
            Approval::of(&consent, plan, &state).unwrap().refuses(plan)
        };
        let named = || Some(asked.id());
        assert!(!refuses(named(), &asked));
        assert!(!refuses(named(), &stopped(vec![delete("Beto")])), "a part of it");
        assert!(!refuses(named(), &stopped(vec![delete("Ana"), update("Dora")])), "nobody was asked about updates");
        assert!(refuses(named(), &stopped(vec![delete("Ana"), delete("Dora")])), "one more than was asked about");
        assert!(refuses(None, &asked));
        assert!(refuses(Some("0123456789abcdef".to_owned()), &asked), "a plan that nobody was shown");
        let unknown = stopped(vec![delete("Dora")]);
        assert!(!refuses(Some(unknown.id()), &unknown), "a plan that only `plan` showed");
        let calm = plan(vec![delete("Ana")], &[(GuardName::DeleteCount, false)]);
        assert!(!refuses(None, &calm), "nothing stops it");
        assert!(!refuses(named(), &calm), "a plan that waited, and has nothing left that anybody is asked about");
        assert!(refuses(Some("0123456789abcdef".to_owned()), &calm), "a plan that nobody was shown");
        let run = state.begin_run("incremental", "fedcba9876543210", jiff::Timestamp::UNIX_EPOCH).unwrap();
        assert!(run > 0 && !refuses(Some("fedcba9876543210".to_owned()), &calm), "a plan that an earlier run began");
        assert!(refuses(Some("fedcba9876543210".to_owned()), &asked), "and this one is another");
    }

    #[test]
    fn an_emptied_side_needs_its_own_word_beside_the_approval() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("acme.db")).unwrap();
        let emptied = plan(everything(), &[(GuardName::Emptied, true)]);
        let refuses = |approve: Option<String>, allowed: &[&str]| {
            let allow_empty = allowed.iter().map(|&side| side.to_owned()).collect();
            let consent = Consent { approve, allow_empty, ..Consent::default() };
            Approval::of(&consent, &emptied, &state).unwrap().refuses(&emptied)
        };
        let named = || Some(emptied.id());
        assert!(refuses(named(), &[]));
        assert!(refuses(named(), &["cliengo:contact", "ghl:note"]));
        assert!(!refuses(named(), &["ghl:contact"]));
        assert!(refuses(None, &["ghl:contact"]), "that word alone is no approval");
    }
}
