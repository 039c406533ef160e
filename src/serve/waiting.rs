//! Who waits in a pair for a person, and what settles it.

use std::collections::BTreeMap;

use super::View;
use crate::reconcile::HeldReason;
use crate::record::Side;
use crate::report::language::PageLabel;
use crate::report::{Settling, may_be_one, ways_to_settle};
use crate::state::{HeldRow, State, StateError};

/// A person who waits.
pub(super) struct Waiting {
    /// The records that wait, and why.
    pub records: Vec<(HeldRow, Option<HeldReason>)>,
    /// Whether all of it is acknowledged.
    pub known: bool,
    /// What settles it, and what a button for that says.
    pub offers: Vec<(Settling, PageLabel)>,
}

/// What waits in a pair, those with news first.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn waiting(view: &View, state: &State) -> Result<Vec<Waiting>, StateError> {
    let mut people: BTreeMap<String, Vec<(HeldRow, Option<HeldReason>)>> = BTreeMap::new();
    for row in state.held()? {
        let reason = HeldReason::named(&row.reason);
        if reason.is_none_or(HeldReason::needs_a_person) {
            people.entry(row.person.clone()).or_default().push((row, reason));
        }
    }
    let mut waiting = Vec::new();
    for records in people.into_values() {
        let offers = offers(view, state, &records)?;
        let known = records.iter().all(|(row, _)| row.is_known(view.now));
        waiting.push(Waiting { records, known, offers });
    }
    waiting.sort_by_key(|person| person.known);
    Ok(waiting)
}

fn offers(
    view: &View,
    state: &State,
    records: &[(HeldRow, Option<HeldReason>)],
) -> Result<Vec<(Settling, PageLabel)>, StateError> {
    let mut offers = Vec::new();
    for (row, reason) in records {
        for settling in ways_to_settle(state, row, *reason)? {
            let label = match &settling {
                Settling::Take { side: Side::Cliengo, .. } => PageLabel::TakeCliengo,
                Settling::Take { side: Side::Ghl, .. } => PageLabel::TakeGhl,
                Settling::Forget(_) => PageLabel::MatchAgain,
                Settling::Retry(_) => PageLabel::TryAgain,
                Settling::LinkMade { .. } | Settling::Link { .. } => PageLabel::MadeThis,
                Settling::CreateAgain(_) => PageLabel::NotDone,
                Settling::Drop(_) => PageLabel::GiveUp,
                _ => PageLabel::RunNow,
            };
            if !offers.contains(&(settling.clone(), label)) {
                offers.push((settling, label));
            }
        }
    }
    let rows: Vec<_> = records.iter().map(|(row, reason)| (row, *reason)).collect();
    for (cliengo, ghl) in may_be_one(&rows) {
        offers.push((Settling::Link { cliengo: cliengo.clone(), ghl: ghl.clone() }, PageLabel::OneLink));
        offers.push((Settling::Separate { cliengo, ghl }, PageLabel::TwoPeople));
    }
    let new = records.iter().filter(|(row, _)| !row.is_known(view.now)).map(|(row, _)| row.id.clone());
    let new: Vec<String> = new.collect();
    if !new.is_empty() {
        offers.push((Settling::Acknowledge(new), PageLabel::LeaveIt));
    }
    Ok(offers)
}
