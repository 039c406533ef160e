//! What contacts were put into in GHL, and what is owed to them still.

use crate::reconcile::{Due, Owed};
use crate::record::{Ids, Kind, Side};
use crate::run::pulled::Found;
use crate::state::{EnrolmentStatus, LinkStatus, State, StateError};

/// Every enrolment, of `only` some people where they alone are looked at, with the contact that it is about, as far as both halves are there.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn owed(state: &State, only: Option<&Found>) -> Result<Vec<Owed>, StateError> {
    let mut owed = Vec::new();
    for row in state.enrolments()? {
        let due = match row.status {
            EnrolmentStatus::Owed => Due::Open,
            // A dry run may look at it while it is under way.
            EnrolmentStatus::Sent | EnrolmentStatus::Unknown => Due::Unknown,
            EnrolmentStatus::Done => Due::Done,
        };
        let contact = row.enrolment.contact();
        let link = if due == Due::Done { None } else { state.link_of(Kind::Contact, &contact)? };
        let link = link.filter(|link| {
            link.status == LinkStatus::Live && Side::BOTH.into_iter().all(|side| link.ids.of(side).is_some())
        });
        let ids = link.as_ref().map_or_else(|| Ids::one(contact), |link| link.ids.clone());
        if only.is_some_and(|only| !only.has(&ids)) {
            continue;
        }
        let link = link.map(|link| link.id);
        owed.push(Owed { enrolment: row.enrolment, sent: row.sent, due, link, ids, label: row.label });
    }
    Ok(owed)
}
