//! The plan while it is being made.

use std::collections::{BTreeMap, BTreeSet};

use crate::reconcile::guard::evaluate;
use crate::reconcile::model::{
    Change, Conflict, Held, HeldReason, Input, MatchedBy, Operation, Plan, Settle, Settlement, Standing, Subject,
    Unsupported, held_id,
};
use crate::record::{Action, Field, Ids, Side, SideId, Value, Write};

/// The plan while it is being made.
#[derive(Debug)]
pub struct Draft<'a> {
    /// What it is made from.
    pub input: &'a Input<'a>,
    /// Operations, in order.
    pub operations: Vec<Operation>,
    /// Conflicts.
    pub conflicts: Vec<Conflict>,
    /// What waits.
    pub held: Vec<Held>,
    /// What cannot be expressed.
    pub unsupported: Vec<Unsupported>,
    /// What becomes base without a request.
    pub settlements: Vec<Settlement>,
    /// Contacts without a counterpart that are outside the scope.
    pub outside: u64,
    /// Links that are not in sync.
    pub busy: BTreeSet<i64>,
    /// Contacts that stay alone, since their person was removed on the other side: nothing else is planned for them.
    pub alone: BTreeSet<SideId>,
    /// What waited since an earlier run and was come across, by id.
    pub met: BTreeSet<String>,
    families: u32,
    /// How often a record waits for one reason, by the id of the first.
    places: BTreeMap<String, u32>,
}

impl<'a> Draft<'a> {
    /// An empty plan.
    #[must_use]
    pub fn new(input: &'a Input<'a>) -> Self {
        Self {
            input,
            operations: Vec::new(),
            conflicts: Vec::new(),
            held: Vec::new(),
            unsupported: Vec::new(),
            settlements: Vec::new(),
            outside: 0,
            busy: BTreeSet::new(),
            alone: BTreeSet::new(),
            met: BTreeSet::new(),
            families: 0,
            places: BTreeMap::new(),
        }
    }

    /// The number of a further family.
    pub fn next_family(&mut self) -> u32 {
        self.families += 1;
        self.families
    }

    /// The number that the next operation will have.
    #[must_use]
    pub fn next_id(&self) -> u32 {
        u32::try_from(self.operations.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Adds an operation and says its number; `None` where it waits, because it failed before.
    #[expect(clippy::too_many_arguments, reason = "the parts of an operation, each of its own type")]
    pub fn add(
        &mut self,
        family: (u32, &str),
        parent: &Ids,
        subject: &Subject,
        write: Write,
        side: Side,
        changes: Vec<Change>,
        settle: Settle,
    ) -> Option<u32> {
        self.busy.extend(subject.link);
        let operation = self.operation(family, parent, subject, write.action, side, changes, Some(write), settle);
        if waits(self, &operation, subject) { None } else { Some(self.push(operation)) }
    }

    /// Adds a link: two records that exist and are one.
    pub fn add_link(
        &mut self,
        family: (u32, &str),
        parent: &Ids,
        subject: &Subject,
        settle: Settle,
        matched_by: Option<MatchedBy>,
    ) -> u32 {
        let link = self.operation(family, parent, subject, Action::Link, Side::Cliengo, Vec::new(), None, settle);
        self.push(Operation { matched_by, ..link })
    }

    fn push(&mut self, operation: Operation) -> u32 {
        let id = operation.id;
        self.operations.push(operation);
        id
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of an operation, each of its own type")]
    fn operation(
        &self,
        (family, contact): (u32, &str),
        parent: &Ids,
        subject: &Subject,
        action: Action,
        side: Side,
        changes: Vec<Change>,
        write: Option<Write>,
        settle: Settle,
    ) -> Operation {
        Operation {
            id: self.next_id(),
            family,
            side,
            kind: subject.kind,
            action,
            label: subject.label.clone(),
            contact: contact.to_owned(),
            ids: subject.ids.clone(),
            parent: parent.clone(),
            changes,
            requests: Vec::new(),
            write,
            settle,
            matched_by: None,
        }
    }

    /// Lets a record wait.
    pub fn hold(&mut self, subject: &Subject, reason: HeldReason, detail: impl Into<String>) {
        let id = held_id(&self.input.pair.name, subject.kind, &subject.ids, reason);
        self.hold_as(id, subject, reason, detail);
    }

    /// Lets a record wait under an id that names it elsewhere too.
    pub fn hold_as(&mut self, id: String, subject: &Subject, reason: HeldReason, detail: impl Into<String>) {
        self.busy.extend(subject.link);
        let place = self.places.entry(id.clone()).or_default();
        *place += 1;
        self.held.push(Held {
            id: if *place == 1 { id } else { format!("{id}-{place}") },
            kind: subject.kind,
            ids: subject.ids.clone(),
            label: subject.label.clone(),
            reason,
            detail: detail.into(),
            known: false,
        });
    }

    /// Says that a side cannot express something.
    pub fn cannot(&mut self, subject: &Subject, side: Side, action: Action, detail: impl Into<String>) {
        self.unsupported.push(Unsupported {
            kind: subject.kind,
            side,
            action,
            ids: subject.ids.clone(),
            label: subject.label.clone(),
            detail: detail.into(),
        });
    }

    /// Lets one side's shadow take fields without a request.
    pub fn settle(&mut self, link: i64, side: Side, fields: BTreeMap<Field, Value>) {
        if !fields.is_empty() {
            self.settlements.push(Settlement::Fields { link, side, fields });
        }
    }

    /// The plan that it came to, held against its guards.
    #[must_use]
    pub fn finish(self) -> Plan {
        let input = self.input;
        let links = input.links.contact + input.links.task + input.links.note;
        let unseen = input.unseen.difference(&self.busy).count() as u64;
        let mut plan = Plan {
            pair: input.pair.name.clone(),
            mode: input.mode,
            undoes: None,
            first_sync: input.first_sync,
            listings: input.listings.clone(),
            in_sync: links.saturating_sub(unseen + self.busy.len() as u64),
            unseen,
            outside: self.outside,
            operations: self.operations,
            conflicts: self.conflicts,
            held: self.held,
            unsupported: self.unsupported,
            guards: Vec::new(),
            settlements: self.settlements,
            shown_as: None,
        };
        plan.guards = evaluate(&plan, input);
        plan
    }
}

/// Whether an operation waits because it failed before. What changed since is another operation, and does not.
fn waits(draft: &mut Draft<'_>, operation: &Operation, subject: &Subject) -> bool {
    let input = draft.input;
    if input.setbacks.is_empty() {
        return false;
    }
    let Some(setback) = input.setbacks.get(&operation.setback_id(&input.pair.name)) else { return false };
    draft.met.insert(setback.id.clone());
    if setback.fingerprint != operation.fingerprint() || setback.standing == Standing::Due {
        return false;
    }
    if let Some((reason, detail)) = setback.held() {
        draft.hold(subject, reason, detail);
    }
    true
}
