//! Links that earlier rules made, held once against those of today.

use super::Gathering;
use crate::reconcile::{MATCH_RULES, Subject, why_not_linked_today};
use crate::record::{Both, Kind, Side};
use crate::run::error::RunError;

impl Gathering<'_, '_> {
    /// The linked contacts that would wait for a person today; `None` where they were looked at before, or where a run is
    /// about some people alone.
    pub(super) fn linked_before(&self) -> Result<Option<Vec<(Subject, String)>>, RunError> {
        let Some(state) = self.state.filter(|_| self.pulled.only.is_none()) else { return Ok(None) };
        if state.is_remembered(MATCH_RULES)? {
            return Ok(None);
        }
        let mut found = Vec::new();
        for link in state.live_links(Kind::Contact)? {
            let (cliengo, ghl) = (self.base(state, link, Side::Cliengo)?, self.base(state, link, Side::Ghl)?);
            let (Some(cliengo), Some(ghl)) = (cliengo, ghl) else { continue };
            let Some(why) = why_not_linked_today(Both { cliengo: &cliengo, ghl: &ghl }) else { continue };
            let Some(row) = state.link(link)? else { continue };
            let label = if ghl.label().is_empty() { cliengo.label() } else { ghl.label() };
            found.push((Subject { kind: Kind::Contact, ids: row.ids, label, link: Some(link) }, why));
        }
        Ok(Some(found))
    }
}
