//! What a person can do about what waits: each is one command, whether a screen shows it or a page has a button for it.

use std::collections::BTreeSet;

use crate::reconcile::{HeldReason, MOST_CANDIDATES, is_plain};
use crate::record::{Kind, Side};
use crate::state::{FailedOperationRow, HeldRow, Intent, State, StateError};

/// So many pairs of records are offered as one.
const MOST_OFFERED: usize = 4;

/// What settles something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settling {
    /// A side's value is taken where both changed.
    Take { conflict: String, side: Side },
    /// Two contacts are one person.
    Link { cliengo: String, ghl: String },
    /// A task or note is what a create made of another one.
    LinkMade { kind: Kind, cliengo: String, ghl: String, contact: String },
    /// A create was not done: the next run does it.
    CreateAgain(String),
    /// Two contacts are two people.
    Separate { cliengo: String, ghl: String },
    /// A link is forgotten: the next run matches its records again.
    Forget(i64),
    /// What failed is tried again.
    Retry(String),
    /// What failed is given up.
    Drop(String),
    /// It stays as it is.
    Acknowledge(Vec<String>),
    /// The next run looks again.
    Sync,
    /// What an undo of a run would do.
    PreviewUndo(i64),
    /// A run is taken back.
    Undo(i64),
}

impl Settling {
    /// What stands behind `concord`. Each is whole: nothing in it is to be filled in, and no shell takes a part of it for
    /// something else.
    pub(crate) fn arguments(&self, pair: &str) -> Vec<String> {
        let text = |word: &&str| (*word).to_owned();
        let mut arguments: Vec<String> = match self {
            Self::Take { conflict, side } => {
                ["conflicts", "resolve", conflict, "--take", side.as_str()].iter().map(text).collect()
            }
            Self::Link { cliengo, ghl } => ["links", "add", cliengo, ghl].iter().map(text).collect(),
            Self::LinkMade { kind, cliengo, ghl, contact } => {
                ["links", "add", cliengo, ghl, "--kind", kind.as_str(), "--contact", contact].iter().map(text).collect()
            }
            Self::CreateAgain(id) => ["held", "retry", id].iter().map(text).collect(),
            Self::Separate { cliengo, ghl } => ["links", "remove", cliengo, ghl].iter().map(text).collect(),
            Self::Forget(link) => vec!["links".to_owned(), "forget".to_owned(), link.to_string()],
            Self::Retry(id) => ["quarantine", "retry", id].iter().map(text).collect(),
            Self::Drop(id) => ["quarantine", "drop", id].iter().map(text).collect(),
            Self::Acknowledge(ids) => ["held", "ack"].iter().map(text).chain(ids.iter().cloned()).collect(),
            Self::Sync => vec!["sync".to_owned()],
            Self::PreviewUndo(run) => vec!["undo".to_owned(), run.to_string(), "--dry-run".to_owned()],
            Self::Undo(run) => vec!["undo".to_owned(), run.to_string()],
        };
        arguments.extend(["--pair".to_owned(), pair.to_owned()]);
        arguments
    }

    /// As a person types it.
    pub(crate) fn command(&self, pair: &str) -> String {
        format!("concord {}", self.arguments(pair).join(" "))
    }
}

/// What settles one record that waits.
///
/// # Errors
/// When the state cannot be read.
pub(crate) fn ways_to_settle(
    state: &State,
    row: &HeldRow,
    reason: Option<HeldReason>,
) -> Result<Vec<Settling>, StateError> {
    Ok(match reason {
        Some(HeldReason::ManualConflict) => {
            Side::BOTH.map(|side| Settling::Take { conflict: row.id.clone(), side }).into()
        }
        Some(HeldReason::Quarantined | HeldReason::Retrying) => {
            let failed =
                state.failed_operations()?.into_iter().filter(|one| one.kind == row.kind && one.ids == row.ids);
            failed.map(|one| Settling::Retry(one.id)).collect()
        }
        Some(HeldReason::UnknownOutcome) => match enrolment(state, row)? {
            Some(one) => vec![Settling::Retry(one.id.clone()), Settling::Drop(one.id)],
            None => made_or_not(state, row)?,
        },
        Some(HeldReason::SuspectedMerge) => link_of(state, row)?.map(Settling::Forget).into_iter().collect(),
        Some(HeldReason::Unlisted | HeldReason::Inconclusive | HeldReason::FirstSync) => vec![Settling::Sync],
        _ => Vec::new(),
    })
}

/// What settles a create without an answer: that one of these is what it made, or that it was not done; the next run, where
/// it has not been looked for yet.
fn made_or_not(state: &State, row: &HeldRow) -> Result<Vec<Settling>, StateError> {
    let is_its = |one: &Intent| one.kind == row.kind && one.source_id.as_deref() == row.ids.of(one.side.other());
    let Some(intent) = state.open_creates()?.into_iter().find(|one| is_its(one) && !one.candidates.is_empty()) else {
        return Ok(vec![Settling::Sync]);
    };
    let source = intent.source_id.as_deref().unwrap_or_default();
    let offered = intent.candidates.iter().take(MOST_CANDIDATES).filter(|id| is_plain(id) && is_plain(source));
    let links = offered.map(|made| {
        let (cliengo, ghl) = if intent.side == Side::Ghl { (source, made.as_str()) } else { (made.as_str(), source) };
        let (cliengo, ghl) = (cliengo.to_owned(), ghl.to_owned());
        match &intent.parent_id {
            Some(contact) => Settling::LinkMade { kind: row.kind, cliengo, ghl, contact: contact.clone() },
            None => Settling::Link { cliengo, ghl },
        }
    });
    Ok(links.chain([Settling::CreateAgain(row.id.clone())]).collect())
}

/// The link of a contact that waits. An id of it may stand in another link too.
fn link_of(state: &State, row: &HeldRow) -> Result<Option<i64>, StateError> {
    let named = Side::BOTH.into_iter().find_map(|side| row.ids.of(side));
    let links = named.map(|id| state.links_named(id)).transpose()?.unwrap_or_default();
    Ok(links.into_iter().find(|link| link.kind == row.kind && link.ids == row.ids).map(|link| link.id))
}

/// What waits of a contact that may have been put into something.
fn enrolment(state: &State, row: &HeldRow) -> Result<Option<FailedOperationRow>, StateError> {
    let is_of =
        |side: Side, one: &FailedOperationRow| one.ids.of(side).is_some() && one.ids.of(side) == row.ids.of(side);
    let is_it = |one: &FailedOperationRow| one.action == "enrol" && Side::BOTH.into_iter().any(|side| is_of(side, one));
    Ok(state.failed_operations()?.into_iter().find(|one| !one.dropped && is_it(one)))
}

/// The contacts of one person's waiting records that may be one, in Cliengo and in GHL, where that is what is asked.
pub(crate) fn may_be_one(records: &[(&HeldRow, Option<HeldReason>)]) -> Vec<(String, String)> {
    let asks = |(row, reason): &&(&HeldRow, Option<HeldReason>)| {
        let matching = [HeldReason::AmbiguousMatch, HeldReason::EmailPhoneMismatch, HeldReason::NameMismatch].map(Some);
        row.kind == Kind::Contact && matching.contains(reason)
    };
    let ids = |side: Side| -> BTreeSet<&str> {
        records.iter().filter(asks).filter_map(|(row, _)| row.ids.of(side)).filter(|id| is_plain(id)).collect()
    };
    let ghl = ids(Side::Ghl);
    let both = ids(Side::Cliengo).into_iter().flat_map(|cliengo| ghl.iter().map(move |ghl| (cliengo, *ghl)));
    both.take(MOST_OFFERED).map(|(cliengo, ghl)| (cliengo.to_owned(), ghl.to_owned())).collect()
}
