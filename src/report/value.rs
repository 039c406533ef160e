//! The report as one value, in the reader's words: what every form of it is written from, so that none says something that
//! another does not.

use serde_json::Value as Json;

use super::audience::Audience;
use super::language::{Label, Messages, Noun};
use super::past::Past;
use super::screen::visible;
use super::totals;
use crate::reconcile::{Change, Conflict, Guard, Held, HeldReason, Mode, Operation, Unsupported};
use crate::record::{Action, Field, Kind, Side};
use crate::run::{Finished, OperationOutcome};

/// A plan, or a finished run, for one reader.
#[derive(Debug)]
pub struct Report<'a> {
    pub(super) audience: &'a Audience,
    pub(super) words: &'static dyn Messages,
    pub(super) finished: &'a Finished,
    /// What was done, and how: `dry run`, `first sync`.
    pub(super) title: Vec<String>,
    pub(super) plan_id: String,
    /// When it was made, in the reader's zone.
    pub(super) made: String,
    /// How things stand, and the command that goes on.
    pub(super) verdict: String,
    /// Accounts, time, plan.
    pub(super) facts: Vec<(String, String)>,
    pub(super) rows: Vec<NumberRow>,
    pub(super) remarks: Vec<String>,
    pub(super) requests: Vec<(Side, String)>,
    /// What came of the operations, where a run was made.
    pub(super) outcomes: Vec<(OperationOutcome, u64)>,
    pub(super) guards: Vec<GuardLine<'a>>,
    /// The command that approves what the guards stopped.
    pub(super) approve: Option<String>,
    /// By reason, what needs a person first.
    pub(super) held: Vec<HeldGroup<'a>>,
    pub(super) conflicts: Vec<ConflictLine<'a>>,
    pub(super) unsupported: Vec<UnsupportedGroup<'a>>,
    /// For whom something is sent.
    pub(super) people: Vec<Person<'a>>,
    /// Who is only linked.
    pub(super) linked: Vec<Person<'a>>,
    /// The last runs, the oldest first.
    pub(super) past: Vec<Past>,
    /// Further contacts of a person who has one.
    pub(super) further: Vec<(&'a Operation, RecordName)>,
}

/// What was read of one side and kind, and what is done to it.
#[derive(Debug)]
pub(super) struct NumberRow {
    pub side: Side,
    pub kind: Kind,
    /// How many were read; `None`: this kind takes no part.
    pub listed: Option<u64>,
    /// Why the list did not reach its end, where it did not.
    pub incomplete: Option<String>,
    pub create: u64,
    pub update: u64,
    pub delete: u64,
}

/// A record's name and ids, with links into both CRMs.
#[derive(Clone, Debug, Default)]
pub(super) struct RecordName {
    pub name: String,
    pub ids: Vec<RecordId>,
}

#[derive(Clone, Debug)]
pub(super) struct RecordId {
    pub side: Side,
    pub id: String,
    /// Where the contact, or that of the record, is opened.
    pub link: Option<String>,
}

/// A guard that the plan trips.
#[derive(Debug)]
pub(super) struct GuardLine<'a> {
    pub guard: &'a Guard,
    pub said: String,
    /// Its key in the configuration.
    pub key: Option<String>,
}

/// Held records with one reason.
#[derive(Debug)]
pub(super) struct HeldGroup<'a> {
    pub reason: HeldReason,
    /// Whether they ask for a person; what is acknowledged does not.
    pub asks: bool,
    pub title: &'static str,
    pub meaning: &'static str,
    pub rule: Option<u8>,
    pub records: Vec<HeldLine<'a>>,
}

#[derive(Debug)]
pub(super) struct HeldLine<'a> {
    pub held: &'a Held,
    pub record: RecordName,
    pub detail: String,
    /// The command that settles it, where one does.
    pub command: Option<String>,
}

/// A field on which the sides differ.
#[derive(Debug)]
pub(super) struct ConflictLine<'a> {
    pub conflict: &'a Conflict,
    pub record: RecordName,
    /// What shows both values, where a person is to choose.
    pub command: Option<String>,
}

/// What a side cannot do to records of one kind.
#[derive(Debug)]
pub(super) struct UnsupportedGroup<'a> {
    pub title: String,
    pub records: Vec<UnsupportedLine<'a>>,
}

#[derive(Debug)]
pub(super) struct UnsupportedLine<'a> {
    pub entry: &'a Unsupported,
    pub record: RecordName,
    pub detail: String,
}

/// A contact and what is done for it.
#[derive(Debug)]
pub(super) struct Person<'a> {
    pub record: RecordName,
    pub operations: Vec<Step<'a>>,
    pub links: Vec<Step<'a>>,
}

/// An operation, as it is shown.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub operation: &'a Operation,
    pub record: RecordName,
    /// `create note`.
    pub what: String,
    /// The record's own name, where it is not the contact.
    pub label: String,
    /// What came of it, where a run was made.
    pub outcome: Option<OperationOutcome>,
    pub reason: Option<String>,
}

impl Report<'_> {
    /// A text in which nothing varies.
    pub(super) fn label(&self, label: Label) -> &'static str {
        self.words.label(label)
    }

    /// What the requests are: those made, or those of a plan.
    pub(super) fn requests_label(&self) -> &'static str {
        let is_plan = self.finished.run.is_none();
        self.label(if is_plan { Label::RequestsPlanned } else { Label::Requests })
    }

    /// Whether the plan was applied in spite of its guards.
    pub(super) fn is_approved(&self) -> bool {
        self.finished.run.as_ref().is_some_and(|run| !run.refused)
    }

    /// What stands above the guards that were tripped.
    pub(super) fn guards_title(&self) -> &'static str {
        self.label(match &self.finished.run {
            Some(_) if self.is_approved() => Label::PassedGuards,
            Some(_) => Label::StoppedByGuards,
            None => Label::WouldStop,
        })
    }

    /// The command that shows who waits for a person, once a run has kept them.
    pub(super) fn who_waits(&self) -> Option<String> {
        let is_kept = self.finished.run.as_ref().is_some_and(|run| !run.refused);
        let plan = &self.finished.plan;
        (is_kept && totals::waiting(plan) > 0).then(|| format!("concord held --pair {}", visible(&plan.pair)))
    }

    /// The command that shows what failed and when it is tried again.
    pub(super) fn what_failed(&self) -> Option<String> {
        let run = self.finished.run.as_ref()?;
        totals::failed_command(&self.finished.plan, run)
    }

    /// A value in the reader's words.
    pub(super) fn value(&self, field: &Field, value: &Json) -> String {
        match value {
            Json::Null => self.label(Label::Empty).to_owned(),
            Json::Bool(true) => self.label(Label::Yes).to_owned(),
            Json::Bool(false) => self.label(Label::No).to_owned(),
            Json::String(text) if *field == Field::Due => self.audience.moment(text),
            Json::String(text) => visible(text),
            Json::Array(items) => {
                let texts: Vec<String> = items
                    .iter()
                    .map(|item| visible(&item.as_str().map_or_else(|| item.to_string(), str::to_owned)))
                    .collect();
                texts.join(", ")
            }
            other => visible(&other.to_string()),
        }
    }

    /// What came of an operation, in a word.
    pub(super) fn outcome(&self, step: &Step<'_>) -> &'static str {
        step.outcome.map_or(self.label(Label::Planned), |outcome| self.words.outcome(outcome))
    }

    /// How many operations are shown by contact.
    pub(super) fn steps(&self) -> u64 {
        self.people.iter().map(|person| person.operations.len() as u64).sum()
    }

    /// By what the two records of a contact were recognised as one, where this plan links them.
    pub(super) fn matched(&self, person: &Person<'_>) -> Option<String> {
        let contact = person.links.iter().find(|step| step.operation.kind == Kind::Contact)?;
        let link = contact.operation.link()?;
        let by = link.matched_by.map(|by| self.words.matched_by(by))?;
        let recognised = link.matched_on.as_ref().map(|on| on.shown());
        let from = link.moved.as_ref().map(|moved| moved.from.as_str().to_owned());
        let on = recognised.or(from).map(|on| format!(" {}", visible(&on)));
        Some(format!("{by}{}", on.unwrap_or_default()))
    }

    /// The command that shows everything.
    pub(super) fn in_full(&self) -> String {
        let plan = &self.finished.plan;
        let pair = visible(&plan.pair);
        match (&self.finished.run, plan.undoes, plan.mode) {
            (Some(run), _, _) => format!("concord history {} --pair {pair}", run.id),
            (None, Some(undone), _) => {
                format!("concord undo {undone} --pair {pair} --dry-run --format html --out {pair}.html")
            }
            (None, None, Mode::Full) => format!("concord plan --pair {pair} --full --format html --out {pair}.html"),
            (None, None, Mode::Rebuild) => {
                format!("concord plan --pair {pair} --rebuild --format html --out {pair}.html")
            }
            (None, None, _) => format!("concord plan --pair {pair} --format html --out {pair}.html"),
        }
    }

    /// `1 contact, 2 tasks, 3 notes`: what was linked of a contact; or of its tasks and notes alone.
    pub(super) fn linked_with(&self, person: &Person<'_>, with_contact: bool) -> String {
        let kinds = if with_contact { Kind::ALL.as_slice() } else { Kind::CHILDREN.as_slice() };
        let counts = kinds.iter().map(|kind| {
            let of_kind = person.links.iter().filter(|step| step.operation.kind == *kind).count();
            (of_kind as u64, *kind)
        });
        let some = counts.filter(|(count, _)| *count > 0);
        some.map(|(count, kind)| self.words.count(count, Noun::Kind(kind))).collect::<Vec<_>>().join(", ")
    }
}

impl Step<'_> {
    /// The record's own name in quotes, where it is not the contact.
    pub(super) fn shown_label(&self) -> String {
        if self.label.is_empty() { String::new() } else { format!("\"{}\"", self.label) }
    }
}

/// The field that a change is of.
pub(super) const fn field(change: &Change) -> &Field {
    match change {
        Change::Tags { field, .. } | Change::Value { field, .. } => field,
    }
}

/// A task that is opened again is completed with "no".
pub(super) fn reopens(operation: &Operation) -> bool {
    operation.action() == Action::Complete
        && operation.changes.iter().any(|change| matches!(change, Change::Value { after: Json::Bool(false), .. }))
}
