//! The plan while it is being made: it takes one verdict after the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::reconcile::guard::evaluate;
use crate::reconcile::model::{Held, Input, Plan, Verdict, Waiting, held_id};
use crate::record::{Enrolment, SideId};

/// The plan while it is being made.
#[derive(Debug)]
pub struct Draft<'a> {
    /// What it is made from.
    pub input: &'a Input<'a>,
    /// All that was decided.
    verdict: Verdict,
    held: Vec<Held>,
    /// Contacts without a counterpart that are outside the scope.
    pub outside: u64,
    /// How often a record waits for one reason, by the id of the first.
    places: BTreeMap<String, u32>,
}

impl<'a> Draft<'a> {
    /// An empty plan.
    #[must_use]
    pub fn new(input: &'a Input<'a>) -> Self {
        Self { input, verdict: Verdict::at(1), held: Vec::new(), outside: 0, places: BTreeMap::new() }
    }

    /// The number that the next operation will have.
    #[must_use]
    pub fn next(&self) -> u32 {
        self.verdict.next()
    }

    /// Takes a verdict that was told [`Self::next`].
    pub fn take(&mut self, mut verdict: Verdict) {
        for Waiting { id, subject, reason, detail } in std::mem::take(&mut verdict.held) {
            let own = || held_id(&self.input.pair.name, subject.kind, &subject.ids, reason);
            let id = id.unwrap_or_else(own);
            let place = self.places.entry(id.clone()).or_default();
            *place += 1;
            let id = if *place == 1 { id } else { format!("{id}-{place}") };
            let (kind, ids, label) = (subject.kind, subject.ids, subject.label);
            self.held.push(Held { id, kind, ids, label, reason, detail, known: false });
        }
        self.verdict.and(verdict);
    }

    /// What waits so far.
    #[must_use]
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// What waited since an earlier run and was come across.
    #[must_use]
    pub const fn met(&self) -> &BTreeSet<String> {
        &self.verdict.met
    }

    /// What contacts are put into because of this plan.
    #[must_use]
    pub const fn enrolled(&self) -> &BTreeSet<Enrolment> {
        &self.verdict.enrolled
    }

    /// Whether a contact stays alone, since its person was removed on the other side.
    #[must_use]
    pub fn is_alone(&self, id: &SideId) -> bool {
        self.verdict.alone.contains(id)
    }

    /// The plan that it came to, held against its guards.
    #[must_use]
    pub fn finish(self) -> Plan {
        let (input, verdict) = (self.input, self.verdict);
        let links = input.links.total();
        let unseen = input.unseen.difference(&verdict.busy).count() as u64;
        let is_else = |link: &&i64| !verdict.busy.contains(link) && !input.unseen.contains(link);
        let read_in_part = input.read_in_part.iter().filter(is_else).count() as u64;
        let mut plan = Plan {
            pair: input.pair.name.clone(),
            mode: input.mode,
            undoes: None,
            first_sync: input.first_sync,
            listings: input.listings.clone(),
            look_ups: input.look_ups.clone(),
            in_sync: links.saturating_sub(unseen + read_in_part + verdict.busy.len() as u64),
            unseen,
            outside: self.outside,
            operations: verdict.operations,
            conflicts: verdict.conflicts,
            held: self.held,
            unsupported: verdict.unsupported,
            guards: Vec::new(),
            base_updates: verdict.base_updates,
            only: Vec::new(),
            shown_as: None,
        };
        plan.guards = evaluate(&plan, input);
        plan
    }
}
