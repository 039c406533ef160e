//! What a rule comes to: everything that goes into the plan because of it.

use std::collections::BTreeSet;

use super::base_update::BaseUpdate;
use super::findings::{Conflict, HeldReason, Unsupported};
use super::input::Input;
use super::operation::{Link, MatchedBy, Operation, Work};
use super::pending::RetryState;
use super::settle::Settle;
use super::subject::{Place, Subject};
use crate::record::{Action, Enrolment, Fields, Kind, MatchKey, Recognised, Record, Side, SideId, Write};

/// A record that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The id that names it elsewhere too, where it has one.
    pub id: Option<String>,
    /// The record.
    pub subject: Subject,
    /// The rule that holds it.
    pub reason: HeldReason,
    /// What a person needs to know.
    pub detail: String,
}

/// What a rule comes to. Its operations are numbered on from those that stand in the plan before it.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The number of its first operation.
    at: u32,
    /// What is to be done, in order.
    pub operations: Vec<Operation>,
    /// Fields with two values.
    pub conflicts: Vec<Conflict>,
    /// Who waits.
    pub held: Vec<Waiting>,
    /// What cannot be expressed.
    pub unsupported: Vec<Unsupported>,
    /// What becomes base without a request.
    pub base_updates: Vec<BaseUpdate>,
    /// Links that are not in sync.
    pub busy: BTreeSet<i64>,
    /// Contacts that stay alone: nothing else is planned for them.
    pub alone: BTreeSet<SideId>,
    /// What waited since an earlier run and was come across, by id.
    pub met: BTreeSet<String>,
    /// Enrolments that were come to.
    pub enrolled: BTreeSet<Enrolment>,
}

impl Verdict {
    /// Nothing yet; the first operation will have this number.
    #[must_use]
    pub fn at(at: u32) -> Self {
        Self { at, ..Self::default() }
    }

    /// One record waits.
    #[must_use]
    pub fn held(subject: &Subject, reason: HeldReason, detail: impl Into<String>) -> Self {
        let mut verdict = Self::default();
        verdict.hold(subject, reason, detail);
        verdict
    }

    /// One thing cannot be expressed.
    #[must_use]
    pub fn unsupported(subject: &Subject, side: Side, action: Action, detail: impl Into<String>) -> Self {
        let mut verdict = Self::default();
        verdict.cannot(subject, side, action, detail);
        verdict
    }

    /// The number that the next operation will have.
    #[must_use]
    pub fn next(&self) -> u32 {
        self.at.saturating_add(u32::try_from(self.operations.len()).unwrap_or(u32::MAX))
    }

    /// Takes what follows from a further rule, which was told [`Self::next`].
    pub fn and(&mut self, further: Self) {
        self.operations.extend(further.operations);
        self.conflicts.extend(further.conflicts);
        self.held.extend(further.held);
        self.unsupported.extend(further.unsupported);
        self.base_updates.extend(further.base_updates);
        self.busy.extend(further.busy);
        self.alone.extend(further.alone);
        self.met.extend(further.met);
        self.enrolled.extend(further.enrolled);
    }

    /// Adds what is to be written, and says the operation's number; `None` where it waits, because it failed before.
    /// `origin` is the side that the values come from.
    pub fn write(
        &mut self,
        input: &Input<'_>,
        place: Place,
        subject: &Subject,
        side: Side,
        origin: Side,
        (write, settle): (Write, Settle),
    ) -> Option<u32> {
        self.add(input, subject, Operation::writing(self.next(), place, subject, side, origin, write, settle))
    }

    /// Adds an operation and says its number; `None` where it waits, because it failed before.
    pub fn add(&mut self, input: &Input<'_>, subject: &Subject, operation: Operation) -> Option<u32> {
        self.busy.extend(subject.link);
        if self.waits(input, &operation, subject) { None } else { Some(self.push(operation)) }
    }

    /// Adds a link: two records that exist and are one.
    pub fn link(&mut self, place: Place, subject: &Subject, link: Link) -> u32 {
        self.push(Operation::linking(self.next(), place, subject, link))
    }

    /// The same, with what its link of two contacts rests on.
    #[must_use]
    pub fn recognised(mut self, cliengo: &Record, ghl: &Record) -> Self {
        let theirs: Vec<MatchKey> = ghl.all_keys().collect();
        for operation in self.operations.iter_mut().filter(|operation| operation.kind == Kind::Contact) {
            let Work::Link(link) = &mut operation.work else { continue };
            let of = |key: &MatchKey| link.matched_by == Some(MatchedBy::of(key));
            let key = cliengo.all_keys().find(|key| of(key) && theirs.contains(key));
            link.matched_on = key.map(|key| Box::new(Recognised::by(&key, cliengo, ghl)));
        }
        self
    }

    fn push(&mut self, operation: Operation) -> u32 {
        let id = operation.id;
        self.operations.push(operation);
        id
    }

    /// Whether an operation waits because it failed before. What changed since is another operation, and does not.
    fn waits(&mut self, input: &Input<'_>, operation: &Operation, subject: &Subject) -> bool {
        if input.failed_operations.is_empty() {
            return false;
        }
        let Some(failed_operation) = input.failed_operations.get(&operation.failed_operation_id(&input.pair.name))
        else {
            return false;
        };
        self.met.insert(failed_operation.id.clone());
        if failed_operation.fingerprint != operation.fingerprint() || failed_operation.standing == RetryState::Due {
            return false;
        }
        if let Some((reason, detail)) = failed_operation.held() {
            self.hold(subject, reason, detail);
        }
        true
    }

    /// Lets a record wait.
    pub fn hold(&mut self, subject: &Subject, reason: HeldReason, detail: impl Into<String>) {
        self.busy.extend(subject.link);
        self.held.push(Waiting { id: None, subject: subject.clone(), reason, detail: detail.into() });
    }

    /// Lets a record wait under an id that names it elsewhere too.
    pub fn hold_as(&mut self, id: String, subject: &Subject, reason: HeldReason, detail: impl Into<String>) {
        self.busy.extend(subject.link);
        self.held.push(Waiting { id: Some(id), subject: subject.clone(), reason, detail: detail.into() });
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

    /// Lets one side's base take fields without a request.
    pub fn settle(&mut self, link: i64, side: Side, fields: Fields) {
        if !fields.is_empty() {
            self.base_updates.push(BaseUpdate::Fields { link, side, fields });
        }
    }
}
