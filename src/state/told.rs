//! What Cliengo was told of GHL's tasks. (`semantics` 27)

use std::collections::BTreeMap;

use rusqlite::params;

use super::{State, StateError};
use crate::record::{Facet, Projection, Told};

impl State {
    /// Remembers what Cliengo was told.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn tell(&self, link: i64, projection: &Projection) -> Result<(), StateError> {
        self.connection.prepare_cached("INSERT OR REPLACE INTO told VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            link,
            projection.facet.as_str(),
            projection.task,
            projection.said
        ])?;
        Ok(())
    }

    /// What Cliengo was told, by the contact's link.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn told(&self) -> Result<BTreeMap<i64, Told>, StateError> {
        let mut statement = self.connection.prepare_cached("SELECT link, facet, task, said FROM told")?;
        let mut rows = statement.query([])?;
        let mut told: BTreeMap<i64, Told> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let facet: String = row.get(1)?;
            let known = Facet::ALL.into_iter().find(|known| known.as_str() == facet);
            let facet = known.ok_or_else(|| StateError::Row(format!("Cliengo was told {facet:?}")))?;
            told.entry(row.get(0)?).or_default().insert((facet, row.get(2)?), row.get(3)?);
        }
        Ok(told)
    }
}
