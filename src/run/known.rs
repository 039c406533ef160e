//! What waits for a person: whose it is, what both sides show of it, and whether a person has acknowledged it as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::Value as Json;

use super::error::RunError;
use super::pulled::{self, Pulled};
use super::session::{Job, lock};
use crate::crm::Shape;
use crate::reconcile::{Held, HeldReason, Plan, name_of};
use crate::record::{Both, Field, Forms, Ids, Kind, MatchKey, Record, Side, SideId};
use crate::state::{HeldRow, Stage, State};

/// What is said of these differs from run to run, though nothing changed.
const TOLD_AFRESH: &[HeldReason] = &[
    HeldReason::Retrying,
    HeldReason::Unlisted,
    HeldReason::Inconclusive,
    HeldReason::TooYoung,
    HeldReason::UnknownOutcome,
    HeldReason::FirstSync,
];

/// Fields that a person is shown first of a contact, a task or a note.
const COMPARED: &[Field] =
    &[Field::Name, Field::Email, Field::Phone, Field::Title, Field::Due, Field::Completed, Field::Body];

/// One record that waits, as this run found it.
struct Found {
    records: Both<Option<Record>>,
    /// What it is recognised by, and the contacts that it belongs to.
    marks: Vec<String>,
    /// Whether both halves that it has could be read.
    is_whole: bool,
}

/// Looks at everything that waits in `plan`: notes there what is known, and says what is to be kept of it.
///
/// # Errors
/// When the stage or the state cannot be read.
pub(super) fn look(
    job: &Job<'_>,
    plan: &mut Plan,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    pulled: &Pulled,
    run: i64,
) -> Result<Vec<HeldRow>, RunError> {
    let before: BTreeMap<String, HeldRow> = match state {
        Some(state) => state.held()?.into_iter().map(|row| (row.id.clone(), row)).collect(),
        None => BTreeMap::new(),
    };
    for conflict in &mut plan.conflicts {
        conflict.kept = before.contains_key(&conflict.id);
    }
    let acknowledged = state.map(State::acknowledged).transpose()?.unwrap_or_default();
    let found: Vec<Found> =
        plan.held.iter().map(|record| find(job, record, stage, state, &pulled.forms)).collect::<Result<_, _>>()?;
    let people = people(&plan.pair, &plan.held, &found);
    let mut rows = Vec::new();
    let now = job.clock.now();
    let conflicts: BTreeMap<String, String> =
        plan.conflicts.iter().map(|one| (one.id.clone(), format!("{}\0{}", one.cliengo, one.ghl))).collect();
    for ((record, found), person) in plan.held.iter_mut().zip(found).zip(people) {
        let earlier = before.get(&record.id);
        let fingerprint = match (conflicts.get(&record.id), earlier) {
            (Some(values), _) => name_of(&["conflict", values]),
            // What this run did not read is as it was.
            (None, Some(earlier)) if !found.is_whole || record.reason == HeldReason::ManualConflict => {
                earlier.fingerprint.clone()
            }
            (None, _) => fingerprint(record, &found),
        };
        record.known = acknowledged.get(&record.id).is_some_and(|known| known.covers(&fingerprint, now));
        let mut shown = Both::from_fn(|side| found.records.of(side).as_ref().map(shown).unwrap_or_default());
        if let (false, Some(earlier)) = (found.is_whole, earlier) {
            shown = earlier.shown.clone();
        }
        rows.push(HeldRow {
            id: record.id.clone(),
            kind: record.kind,
            ids: record.ids.clone(),
            label: record.label.clone(),
            reason: record.reason.as_str().to_owned(),
            detail: record.detail.clone(),
            person,
            fingerprint,
            shown,
            run,
            since: None,
            acknowledged: None,
        });
    }
    if let (Some(only), Some(state)) = (&pulled.only, state) {
        let known: BTreeSet<String> = rows.iter().map(|row| row.id.clone()).collect();
        for row in before.into_values().filter(|row| !known.contains(&row.id)) {
            if !is_about(only, state, &row)? {
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

/// Whether a run about some people alone is about the one who waits; whoever it is not about waits as before.
fn is_about(only: &pulled::Found, state: &State, row: &HeldRow) -> Result<bool, RunError> {
    let mut theirs = only.has(&row.ids);
    for id in Side::BOTH.into_iter().filter_map(|side| row.ids.tagged(side)) {
        if let Some(contact) = contact_of(Some(state), row.kind, &id)? {
            theirs |= only.has(&Ids::one(SideId::new(id.side(), contact)));
        }
    }
    Ok(theirs)
}

/// The record on both sides, and what says whose it is.
fn find(
    job: &Job<'_>,
    record: &Held,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    forms: &Forms,
) -> Result<Found, RunError> {
    let mut found = Found { records: Both::default(), marks: Vec::new(), is_whole: true };
    for side in Side::BOTH {
        let Some(id) = record.ids.of(side) else { continue };
        let row = lock(stage).row(side, record.kind, id)?;
        let contact = match (record.kind, row.as_ref().and_then(|row| row.parent.clone())) {
            (Kind::Contact, _) => Some(id.to_owned()),
            (_, Some(parent)) => Some(parent),
            (kind, None) => contact_of(state, kind, &SideId::new(side, id))?,
        };
        found.marks.extend(contact.map(|contact| format!("{side}:{contact}")));
        let Some(row) = row else {
            found.is_whole = false;
            continue;
        };
        let parsed = match side {
            Side::Cliengo => job.cliengo.parse(record.kind, &row.payload, Shape::Listed, forms),
            Side::Ghl => job.ghl.parse(record.kind, &row.payload, Shape::Listed, forms),
        };
        if let (Ok(parsed), Kind::Contact) = (&parsed, record.kind) {
            found.marks.extend(parsed.match_keys().iter().map(MatchKey::indexed));
        }
        *found.records.of_mut(side) = parsed.ok();
    }
    Ok(found)
}

/// The contact that a linked task or note belongs to.
fn contact_of(state: Option<&State>, kind: Kind, id: &SideId) -> Result<Option<String>, RunError> {
    let Some(state) = state else { return Ok(None) };
    let link = state.links_named(id.as_str())?.into_iter().find(|link| link.kind == kind);
    let parent = link.and_then(|link| link.parent).map(|parent| state.link(parent)).transpose()?.flatten();
    Ok(parent.and_then(|parent| parent.ids.of(id.side()).map(str::to_owned)))
}

/// Whose each record is: the same for all that share an e-mail, a phone or a contact.
fn people(pair: &str, held: &[Held], found: &[Found]) -> Vec<String> {
    let mut of_mark: BTreeMap<&str, usize> = BTreeMap::new();
    let mut above: Vec<usize> = (0..held.len()).collect();
    let root = |above: &[usize], mut at: usize| {
        while let Some(next) = above.get(at).copied().filter(|next| *next != at) {
            at = next;
        }
        at
    };
    for (at, found) in found.iter().enumerate() {
        for mark in &found.marks {
            let other = *of_mark.entry(mark).or_insert(at);
            let (one, other) = (root(&above, at), root(&above, other));
            if let Some(place) = above.get_mut(one.max(other)) {
                *place = one.min(other);
            }
        }
    }
    let mut least: BTreeMap<usize, &str> = BTreeMap::new();
    for (at, record) in held.iter().enumerate() {
        let id = least.entry(root(&above, at)).or_insert(&record.id);
        *id = (*id).min(&record.id);
    }
    let of = |at: usize| least.get(&root(&above, at)).copied().unwrap_or_default();
    (0..held.len()).map(|at| name_of(&["person", pair, of(at)])).collect()
}

/// Of what a person was shown. A linked record's two values of a field count in either order: what one side takes from
/// the other is no news.
fn fingerprint(record: &Held, found: &Found) -> String {
    let detail = if TOLD_AFRESH.contains(&record.reason) { "" } else { record.detail.as_str() };
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let is_linked = Side::BOTH.into_iter().all(|side| record.ids.of(side).is_some());
    for side in Side::BOTH {
        let fields = found.records.of(side).iter().flat_map(|record| &record.fields);
        // Tags travel whatever else waits.
        for (field, value) in fields.filter(|(field, _)| !is_linked || **field != Field::Tags) {
            if !value.is_empty() {
                values.entry(field.to_string()).or_default().push(value.json().to_string());
            }
        }
    }
    for values in values.values_mut() {
        values.sort();
        values.dedup();
    }
    name_of(&["content", record.reason.as_str(), detail, &format!("{values:?}")])
}

/// What a person compares.
pub(crate) fn shown(record: &Record) -> BTreeMap<String, Json> {
    let of = |field: &Field| Some((field.to_string(), record.get(field).filter(|value| !value.is_empty())?.json()));
    COMPARED.iter().filter_map(of).collect()
}
