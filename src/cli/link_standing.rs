//! How a link stands; of one that was kept although a contact of it is gone: which one, who removed it, what makes it again.

use serde_json::Value as Json;

use crate::config::Pair;
use crate::record::{Kind, Role, Side};
use crate::state::{LinkRow, LinkStatus, State};

/// So many of the last operations about a contact are looked at.
const MOST: u32 = 100;

/// `live`, and of a further contact of one person `secondary`.
pub(super) fn status(link: &LinkRow) -> String {
    match (link.status, link.role) {
        (LinkStatus::Live, Role::Secondary) => "secondary".to_owned(),
        (status, _) => status.as_str().replace('_', " "),
    }
}

/// The half of a kept contact that is gone.
pub(super) struct Gone {
    side: Side,
    /// The run that removed it, and whether that was an undo; `None`: somebody did it there.
    by: Option<(i64, bool)>,
}

/// What is gone of a contact whose link is kept, as far as is known.
pub(super) fn gone(state: &State, link: &LinkRow) -> anyhow::Result<Option<Gone>> {
    if link.status != LinkStatus::Kept || link.kind != Kind::Contact {
        return Ok(None);
    }
    for side in Side::BOTH {
        let Some(id) = link.ids.tagged(side) else { continue };
        let history = state.operations_about(&[id.as_str().to_owned()], MOST)?;
        let removed = history.iter().rev().find(|(_, row)| {
            let text = |path: &str| row.document.pointer(path).and_then(Json::as_str);
            let is_it = text(&format!("/ids/{side}")) == Some(id.as_str()) && text("/side") == Some(side.as_str());
            is_it && text("/kind") == Some("contact") && text("/action") == Some("delete")
        });
        let removed = removed.filter(|(_, row)| row.outcome.as_deref() == Some("applied"));
        if let Some((run, _)) = removed {
            return Ok(Some(Gone { side, by: Some((run.id, run.undoes.is_some())) }));
        }
        if state.is_buried(Kind::Contact, &id)? {
            return Ok(Some(Gone { side, by: None }));
        }
    }
    Ok(None)
}

impl Gone {
    /// `its GHL contact was removed by run 3 (undo)`.
    pub(super) fn said(&self) -> String {
        let side = self.side.title();
        match self.by {
            Some((run, true)) => format!("its {side} contact was removed by run {run} (undo)"),
            Some((run, false)) => format!("its {side} contact was removed by run {run}"),
            None => format!("its {side} contact was removed there"),
        }
    }

    /// What that means for the other half.
    pub(super) fn means(&self) -> String {
        format!("It stays in {}, and is not created in {} again.", self.side.other().title(), self.side.title())
    }

    /// The command after which a sync makes it again, where it may.
    pub(super) fn remedy(&self, pair: &Pair, link: &LinkRow) -> Option<String> {
        let may = pair.contacts.direction.writes(self.side);
        may.then(|| format!("If it is to be created again: concord links forget {} --pair {}", link.id, pair.name))
    }
}
