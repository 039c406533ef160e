//! What a listing shows of a field, and of whom it shows nothing.

use super::StateError;
use super::stage::Stage;
use crate::record::Side;

impl Stage {
    /// How many of a side's contacts show a text under `key`, and how many show that there is none.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn shown(&self, side: Side, key: &str) -> Result<(i64, i64), StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FILTER (WHERE value <> ''), count(*) FILTER (WHERE value = '') FROM (
               SELECT CASE json_type(payload, ?2) WHEN 'null' THEN '' WHEN 'text' THEN json_extract(payload, ?2) END AS value
               FROM record JOIN body ON body.number = record.body
               WHERE side = ?1 AND kind = 'contact' AND json_valid(payload))",
        )?;
        Ok(statement.query_row([side.as_str(), &format!("$.{key}")], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// How many different texts a side's contacts show under `key`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn different(&self, side: Side, key: &str) -> Result<i64, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(DISTINCT json_extract(payload, ?2)) FROM record JOIN body ON body.number = record.body
             WHERE side = ?1 AND kind = 'contact' AND json_valid(payload) AND json_type(payload, ?2) = 'text'
               AND json_extract(payload, ?2) <> ''",
        )?;
        Ok(statement.query_row([side.as_str(), &format!("$.{key}")], |row| row.get(0))?)
    }

    /// Whether any of Cliengo's contacts shows a last name and no name.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn last_names_stand_alone(&self) -> Result<bool, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT 1 FROM record JOIN body ON body.number = record.body
             WHERE side = 'cliengo' AND kind = 'contact' AND json_valid(payload)
               AND json_type(payload, '$.lastName') = 'text' AND json_extract(payload, '$.lastName') <> ''
               AND coalesce(json_extract(payload, '$.name'), '') = ''",
        )?;
        Ok(statement.exists([])?)
    }
}
