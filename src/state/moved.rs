//! Links that go along when a person merges GHL's contact into another one, and back again. (`semantics` 10)

use rusqlite::{OptionalExtension, params};

use super::{LinkRow, LinkStatus, State, StateError};
use crate::record::{Role, Side, SideId};

impl State {
    /// Lets a contact's link stand for another contact of GHL's: nothing is agreed upon with that one yet. Its tasks and notes
    /// stand under it, and keep what they agreed on. `secondaries` are further links of the person that go along.
    ///
    /// # Errors
    /// When that contact has a primary link already, or it cannot be written.
    pub fn move_link(&self, link: &LinkRow, to: &str, role: Role, secondaries: &[i64]) -> Result<(), StateError> {
        self.connection.prepare_cached("UPDATE link SET ghl_id = ?2, role = ?3 WHERE id = ?1")?.execute(params![
            link.id,
            to,
            role.as_str()
        ])?;
        for secondary in secondaries {
            self.connection
                .prepare_cached("UPDATE link SET ghl_id = ?2 WHERE id = ?1")?
                .execute(params![secondary, to])?;
        }
        self.drop_keys(link.id, Side::Ghl)?;
        for table in ["shadow", "attempt"] {
            self.connection
                .prepare_cached(&format!("DELETE FROM {table} WHERE link = ?1 AND side = 'ghl'"))?
                .execute([link.id])?;
        }
        self.connection
            .prepare_cached(
                "UPDATE shadow SET parent_id = ?2, fingerprint = NULL
                 WHERE side = 'ghl' AND link IN (SELECT id FROM link WHERE parent = ?1)",
            )?
            .execute(params![link.id, to])?;
        Ok(())
    }

    /// Lets a task's or note's link stand for the same record under the id that it has now; what was agreed stays.
    ///
    /// # Errors
    /// When that id is linked already, or it cannot be written.
    pub fn renew(&self, link: i64, id: &SideId) -> Result<(), StateError> {
        let column = if id.side() == Side::Cliengo { "cliengo_id" } else { "ghl_id" };
        self.connection
            .prepare_cached(&format!("UPDATE link SET {column} = ?2 WHERE id = ?1"))?
            .execute(params![link, id.as_str()])?;
        self.connection
            .prepare_cached(
                "UPDATE shadow SET remote_id = ?3, fingerprint = NULL, missed = NULL WHERE link = ?1 AND side = ?2",
            )?
            .execute(params![link, id.side().as_str(), id.as_str()])?;
        Ok(())
    }

    /// The live link that an undo record is of, with its trace.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn moved_record(&self, undo_record: i64) -> Result<Option<(LinkRow, String)>, StateError> {
        let mut statement = self.connection.prepare_cached("SELECT link FROM undo_record WHERE id = ?1")?;
        let link: Option<i64> = statement.query_row([undo_record], |row| row.get(0)).optional()?.flatten();
        let row = link.map(|link| self.link(link)).transpose()?.flatten();
        let row = row.filter(|row| row.status == LinkStatus::Live);
        Ok(row.zip(self.trace(undo_record)?))
    }
}
