//! What was written to single fields, and whether the CRM kept it. (I33)

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::params;

use super::{State, StateError};
use crate::record::{Field, Side, Value};

/// A write to one field.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What stood there before.
    pub before: Value,
    /// When the CRM says that the record changed with it.
    pub updated: Option<Timestamp>,
}

impl State {
    /// Notes that a field was written; `rejected` where the answer already shows that it was not kept.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn attempted(
        &self,
        link: i64,
        side: Side,
        field: &Field,
        attempt: &Attempt,
        rejected: bool,
    ) -> Result<(), StateError> {
        self.connection.prepare_cached("INSERT OR REPLACE INTO attempt VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(
            params![
                link,
                side.as_str(),
                field.as_str(),
                serde_json::to_string(&attempt.before)?,
                attempt.updated.map(|at| at.to_string()),
                i64::from(rejected)
            ],
        )?;
        Ok(())
    }

    /// Our last write to each field, where it is not known yet whether it was kept.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn attempts(&self, link: i64, side: Side) -> Result<BTreeMap<Field, Attempt>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT field, before, updated FROM attempt WHERE link = ?1 AND side = ?2 AND rejected = 0",
        )?;
        let mut rows = statement.query(params![link, side.as_str()])?;
        let mut attempts = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let field: std::sync::Arc<str> = row.get::<_, String>(0)?.into();
            let updated: Option<String> = row.get(2)?;
            let attempt = Attempt {
                before: serde_json::from_str(&row.get::<_, String>(1)?)?,
                updated: updated.and_then(|at| at.parse().ok()),
            };
            attempts.insert(Field::from(field), attempt);
        }
        Ok(attempts)
    }

    /// The fields whose last write was not kept.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn rejected(&self, link: i64, side: Side) -> Result<BTreeSet<Field>, StateError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT field FROM attempt WHERE link = ?1 AND side = ?2 AND rejected = 1")?;
        let names: Vec<String> =
            statement.query_map(params![link, side.as_str()], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(names.into_iter().map(|name| Field::from(std::sync::Arc::<str>::from(name))).collect())
    }

    /// Notes that a write was not kept.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn reject(&self, link: i64, side: Side, field: &Field) -> Result<(), StateError> {
        self.connection
            .prepare_cached("UPDATE attempt SET rejected = 1 WHERE link = ?1 AND side = ?2 AND field = ?3")?
            .execute(params![link, side.as_str(), field.as_str()])?;
        Ok(())
    }

    /// A listing shows what was written to these fields: those attempts are done.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn kept_what_was_written<'a>(
        &self,
        link: i64,
        side: Side,
        fields: impl Iterator<Item = &'a Field>,
    ) -> Result<(), StateError> {
        let mut statement = self
            .connection
            .prepare_cached("DELETE FROM attempt WHERE link = ?1 AND side = ?2 AND field = ?3 AND rejected = 0")?;
        for field in fields {
            statement.execute(params![link, side.as_str(), field.as_str()])?;
        }
        Ok(())
    }

    /// Notes that an undo took a field back: both sides differ in it on purpose.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn took_back(&self, link: i64, field: &Field) -> Result<(), StateError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO taken_back VALUES (?1, ?2)")?
            .execute(params![link, field.as_str()])?;
        Ok(())
    }

    /// A field of a link was settled again: what an undo took back is past.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn settled_again(&self, link: i64, field: &Field) -> Result<(), StateError> {
        self.connection
            .prepare_cached("DELETE FROM taken_back WHERE link = ?1 AND field = ?2")?
            .execute(params![link, field.as_str()])?;
        Ok(())
    }

    /// The fields of a link that an undo took back, and that nobody changed since.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn taken_back(&self, link: i64) -> Result<BTreeSet<Field>, StateError> {
        let mut statement = self.connection.prepare_cached("SELECT field FROM taken_back WHERE link = ?1")?;
        let fields: Vec<String> = statement.query_map([link], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(fields.into_iter().map(|field| Field::from(std::sync::Arc::<str>::from(field))).collect())
    }
}
