//! What a record was when it was last seen: what of it would be lost by a write goes along. (`semantics` 50)

use crate::reconcile::Operation;
use crate::record::{Action, Write};
use crate::state::{Stage, State, StateError};

/// The payload of the record that `write` changes, or in whose place it makes a new one; `None` where there is none.
pub(super) fn as_it_was(
    state: Option<&State>,
    stage: Option<&Stage>,
    operation: &Operation,
    write: &Write,
) -> Result<Option<String>, StateError> {
    let side = operation.side;
    if write.action == Action::Create {
        let Some(state) = state else { return Ok(None) };
        if let Some(undo_record) = operation.undoes().first() {
            return state.image(*undo_record);
        }
        // Where the source has a link, its other half is gone, and this makes it again.
        let link = operation.ids.tagged(side.other()).map(|id| state.link_of(write.kind, &id)).transpose()?.flatten();
        return link.map_or(Ok(None), |link| state.last_listed(link.id, side));
    }
    let Some(id) = operation.ids.tagged(side) else { return Ok(None) };
    let staged = stage.map(|stage| stage.row(side, write.kind, id.as_str())).transpose()?.flatten();
    match (staged, state) {
        (Some(row), _) => Ok(Some(row.payload)),
        (None, Some(state)) => {
            let link = state.link_of(write.kind, &id)?;
            link.map_or(Ok(None), |link| state.last_listed(link.id, side))
        }
        (None, None) => Ok(None),
    }
}
