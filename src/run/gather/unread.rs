//! Whose tasks and notes could not be read, and since when. (`semantics` 51)

use crate::reconcile::{Reading, Unread};
use crate::record::{Ids, Kind};
use crate::run::error::RunError;
use crate::run::pulled::Pulled;
use crate::state::State;

/// The contacts whose tasks or notes could not be read in this run, where that is theirs and not the CRM's.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn of(state: Option<&State>, pulled: &Pulled) -> Result<Vec<Unread>, RunError> {
    let Some(state) = state else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for unread in &pulled.unread {
        let (side, kind) = (unread.contact.side(), unread.kind);
        if pulled.listings.of(side).of(kind).reading == Reading::Failed {
            continue;
        }
        let link = state.link_of(Kind::Contact, &unread.contact)?;
        let label = match &link {
            Some(link) => state.base(link.id, side)?.map(|base| base.record.label()).unwrap_or_default(),
            None => String::new(),
        };
        found.push(Unread {
            kind,
            side,
            ids: link.map_or_else(|| Ids::one(unread.contact.clone()), |link| link.ids),
            label,
            runs: state.unread(kind, &unread.contact)? + 1,
            why: unread.why.clone(),
        });
    }
    Ok(found)
}
