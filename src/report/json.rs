//! The plan as a JSON document, with its keys in the order that the contract fixes.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::crm::Usage;
use crate::reconcile::{
    Change, Conflict, Guard, Held, ListingCount, MatchedBy, MissedLookUp, Operation, Plan, Tally, Unsupported,
};
use crate::record::{Action, Both, ByKind, Ids, Kind, Recognised, Request, Side};
use crate::run::{Finished, OperationOutcome, RunRecord, ToGo};

use super::escape::Printable;
use super::totals::{self, Outcomes};

/// The schema that every document names.
const SCHEMA: &str = "concord.plan/1";

/// What there is to print of one pair.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// A plan, and the run that applied it where there was one.
    Finished(&'a Finished),
    /// A pair without a plan.
    Error {
        /// The pair's name.
        pair: &'a str,
        /// Why there is none, without secrets.
        error: &'a str,
    },
}

/// One document; serialised, its keys stand in the contract's order.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    schema: &'static str,
    plan_id: String,
    pair: &'a str,
    mode: crate::reconcile::Mode,
    /// Only in an undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    undoes: Option<i64>,
    first_sync: bool,
    generated_at: String,
    listings: Both<ByKind<ListingDocument<'a>>>,
    /// Only where a look-up failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    look_ups: Vec<LookUpDocument<'a>>,
    summary: SummaryDocument,
    operations: Operations<'a>,
    conflicts: &'a [Conflict],
    held: &'a [Held],
    unsupported: &'a [Unsupported],
    guards: &'a [Guard],
    requests: RequestsDocument,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunDocument>,
}

#[derive(Debug, Serialize)]
struct ListingDocument<'a> {
    count: u64,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    parents_listed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parents: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct LookUpDocument<'a> {
    waits: Vec<String>,
    why: &'a str,
}

#[derive(Debug, Serialize)]
struct SummaryDocument {
    cliengo: ByKind<Tally>,
    ghl: ByKind<Tally>,
    in_sync: u64,
    conflicts: usize,
    held: usize,
    unsupported: usize,
}

/// Made one by one as they are written: there may be millions.
#[derive(Debug)]
struct Operations<'a> {
    planned: &'a [Operation],
    run: Option<&'a RunRecord>,
}

impl Serialize for Operations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.planned.iter().map(|planned| operation(planned, self.run)))
    }
}

#[derive(Debug, Serialize)]
struct OperationDocument<'a> {
    id: u32,
    side: Side,
    kind: Kind,
    action: Action,
    label: &'a str,
    ids: &'a Ids,
    /// Only of a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_by: Option<MatchedBy>,
    /// Only of a link of two contacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_on: Option<&'a Recognised>,
    /// Only of a link whose GHL contact was merged into another one: the id that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_from: Option<&'a str>,
    changes: &'a [Change],
    requests: &'a [Request],
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<OperationOutcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct RequestsDocument {
    cliengo: Requests,
    ghl: LimitedRequests,
}

#[derive(Debug, Serialize)]
struct Requests {
    reads: u64,
    writes: u64,
}

#[derive(Debug, Serialize)]
struct LimitedRequests {
    reads: u64,
    writes: u64,
    /// Null where the CRM did not say.
    daily_remaining: Option<u64>,
}

#[derive(Debug, Serialize)]
struct RunDocument {
    id: i64,
    started: String,
    finished: String,
    outcomes: Outcomes,
    recovered: u64,
    refused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_go: Option<ToGo>,
    /// Only where the run could not go on to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Printed<'a> {
    Document(Box<Document<'a>>),
    Error { pair: &'a str, error: &'a str },
}

/// The document of a plan, or of a finished run.
#[must_use]
pub fn json(finished: &Finished) -> Document<'_> {
    let plan = &finished.plan;
    let run = finished.run.as_ref();
    let summary = plan.summary();
    Document {
        schema: SCHEMA,
        plan_id: plan.id(),
        pair: &plan.pair,
        mode: plan.mode,
        undoes: plan.undoes,
        first_sync: plan.first_sync,
        generated_at: to_the_second(finished.generated_at),
        listings: Both::from_fn(|side| ByKind::from_fn(|kind| listing(plan.listings.of(side).of(kind)))),
        look_ups: plan.look_ups.iter().map(look_up).collect(),
        summary: SummaryDocument {
            cliengo: summary.cliengo,
            ghl: summary.ghl,
            in_sync: plan.in_sync,
            conflicts: plan.conflicts.len(),
            held: plan.held.len(),
            unsupported: plan.unsupported.len(),
        },
        operations: Operations { planned: &plan.operations, run },
        conflicts: &plan.conflicts,
        held: &plan.held,
        unsupported: &plan.unsupported,
        guards: &plan.guards,
        requests: requests(plan, &finished.usage, run.is_some()),
        run: run.map(|run| run_document(plan, run)),
    }
}

/// Writes what is printed: one document, or an array where there are several pairs. Ends with a line break.
///
/// # Errors
/// When it cannot be written.
pub fn json_document(entries: &[Entry<'_>], to: &mut dyn Write) -> io::Result<()> {
    let printed: Vec<Printed<'_>> = entries
        .iter()
        .map(|entry| match *entry {
            Entry::Finished(finished) => Printed::Document(Box::new(json(finished))),
            Entry::Error { pair, error } => Printed::Error { pair, error },
        })
        .collect();
    let mut to = Printable(to);
    match printed.as_slice() {
        [one] => serde_json::to_writer_pretty(&mut to, one)?,
        several => serde_json::to_writer_pretty(&mut to, several)?,
    }
    to.write_all(b"\n")
}

fn listing(listing: &ListingCount) -> ListingDocument<'_> {
    ListingDocument {
        count: listing.count,
        complete: listing.complete,
        parents_listed: listing.parents.map(|(listed, _)| listed),
        parents: listing.parents.map(|(_, all)| all),
        why: listing.why.as_deref().filter(|_| !listing.complete),
    }
}

fn look_up(missed: &MissedLookUp) -> LookUpDocument<'_> {
    LookUpDocument { waits: missed.waits.iter().map(ToString::to_string).collect(), why: &missed.why }
}

fn operation<'a>(planned: &'a Operation, run: Option<&'a RunRecord>) -> OperationDocument<'a> {
    OperationDocument {
        id: planned.id,
        side: planned.side,
        kind: planned.kind,
        action: planned.action(),
        label: &planned.label,
        ids: &planned.ids,
        matched_by: planned.link().and_then(|link| link.matched_by),
        matched_on: planned.link().and_then(|link| link.matched_on.as_deref()),
        merged_from: planned.moved().map(|moved| moved.from.as_str()),
        changes: &planned.changes,
        requests: &planned.requests,
        outcome: run.map(|run| totals::ended(run, planned.id)),
        reason: run.and_then(|run| run.outcomes.get(&planned.id)).and_then(|ended| ended.reason.as_deref()),
    }
}

/// A plan says what it would write; a run, what it wrote.
fn requests(plan: &Plan, usage: &Both<Usage>, ran: bool) -> RequestsDocument {
    let writes = |side| if ran { usage.of(side).writes } else { plan.writes(side) };
    RequestsDocument {
        cliengo: Requests { reads: usage.cliengo.reads, writes: writes(Side::Cliengo) },
        ghl: LimitedRequests {
            reads: usage.ghl.reads,
            writes: writes(Side::Ghl),
            daily_remaining: usage.ghl.daily_remaining,
        },
    }
}

fn run_document(plan: &Plan, run: &RunRecord) -> RunDocument {
    RunDocument {
        id: run.id,
        started: to_the_second(run.started),
        finished: to_the_second(run.finished),
        outcomes: Outcomes::of(plan, run),
        recovered: run.recovered,
        refused: run.refused,
        to_go: run.to_go,
        error: run.failure.clone(),
    }
}

/// RFC 3339 in UTC, without fractions.
pub(super) fn to_the_second(instant: Timestamp) -> String {
    format!("{instant:.0}")
}
