//! Records that a side is known to have: asked for by id before the CRM is believed that another one is gone.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row};

use super::StateError;
use super::stage::Stage;
use crate::record::{Kind, Side};

impl Stage {
    /// Records that a side is known to have, each with its contact: one that it listed in this run and that differs in
    /// nothing from its base, where there is such a one; or else a few under contacts whose list was not read.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn well_known(&self, side: Side, kind: Kind) -> Result<Vec<(String, Option<String>)>, StateError> {
        if kind == Kind::Contact {
            return Ok(self.well_known_contact(side, &BTreeSet::new())?.map(|id| (id, None)).into_iter().collect());
        }
        let with_parent = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let mut listed = self.connection.prepare_cached(
            "SELECT r.remote_id, r.parent_id FROM record r
             JOIN record c ON c.side = r.side AND c.kind = 'contact' AND c.remote_id = r.parent_id
             LEFT JOIN base.shadow s ON s.side = r.side AND s.kind = r.kind AND s.remote_id = r.remote_id
             WHERE r.side = ?1 AND r.kind = ?2 AND NOT EXISTS
               (SELECT 1 FROM base.tombstone t WHERE t.side = r.side AND t.kind = r.kind AND t.remote_id = r.remote_id)
             ORDER BY coalesce(s.fingerprint = r.fingerprint, 0) DESC, r.remote_id LIMIT 1",
        )?;
        if let Some(found) = listed.query_row([side.as_str(), kind.as_str()], with_parent).optional()? {
            return Ok(vec![found]);
        }
        let mut unread = self.connection.prepare_cached(
            "SELECT s.remote_id, c.remote_id FROM base.shadow s
             JOIN base.link l ON l.id = s.link AND l.status = 'live'
             JOIN base.shadow p ON p.link = l.parent AND p.side = s.side
             JOIN record c ON c.side = p.side AND c.kind = 'contact' AND c.remote_id = p.remote_id
             WHERE s.side = ?1 AND s.kind = ?2 AND (s.side = 'cliengo' OR s.kind <> 'task') AND NOT EXISTS
               (SELECT 1 FROM covered v WHERE v.side = s.side AND v.kind = s.kind AND v.parent_id = c.remote_id)
             ORDER BY s.remote_id LIMIT 3",
        )?;
        Ok(unread.query_map([side.as_str(), kind.as_str()], with_parent)?.collect::<Result<_, _>>()?)
    }
}
