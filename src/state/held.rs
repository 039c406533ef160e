//! What waits for a person, as the last run saw it, and what a person has acknowledged of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value as Json;

use super::column::{ids_of, kind_of};
use super::history::instant;
use super::{State, StateError};
use crate::record::{Both, Ids, Kind, Side};

/// A record that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldRow {
    /// Its id.
    pub id: String,
    /// The kind of record.
    pub kind: Kind,
    /// Its ids.
    pub ids: Ids,
    /// Its name for a person.
    pub label: String,
    /// Why it waits, by the name used in JSON.
    pub reason: String,
    /// What a person needs to know.
    pub detail: String,
    /// The same for all records of one person.
    pub person: String,
    /// Of its content: what changed is news again.
    pub fingerprint: String,
    /// Both records, field by field.
    pub shown: Both<BTreeMap<String, Json>>,
    /// The run that saw it first.
    pub run: i64,
    /// When that run began.
    pub since: Option<Timestamp>,
    /// What a person has acknowledged of it.
    pub acknowledged: Option<Acknowledged>,
}

/// That a person knows of a record that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Of the content that was acknowledged.
    pub fingerprint: String,
    /// Until this day, as it was given, and the instant at which it begins.
    pub until: Option<(String, Timestamp)>,
    /// What the person noted.
    pub note: Option<String>,
}

impl Acknowledged {
    /// Whether it still says something of a record with this content.
    #[must_use]
    pub fn covers(&self, fingerprint: &str, now: Timestamp) -> bool {
        self.fingerprint == fingerprint && self.until.as_ref().is_none_or(|(_, until)| now < *until)
    }
}

impl HeldRow {
    /// Whether a person has acknowledged it as it is.
    #[must_use]
    pub fn is_known(&self, now: Timestamp) -> bool {
        self.acknowledged.as_ref().is_some_and(|acknowledged| acknowledged.covers(&self.fingerprint, now))
    }
}

const HELD: &str = "SELECT held.id, kind, cliengo_id, ghl_id, label, reason, detail, person, held.fingerprint, shown,
      held.run, run.started, acknowledged.fingerprint, until, until_at, note
    FROM held LEFT JOIN acknowledged ON acknowledged.id = held.id LEFT JOIN run ON run.id = held.run";

struct Raw(HeldRow, String, String);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let (until, at): (Option<String>, Option<i64>) = (row.get(13)?, row.get(14)?);
    let acknowledged = match row.get::<_, Option<String>>(12)? {
        Some(fingerprint) => Some(Acknowledged { fingerprint, until: until.zip(at.map(instant)), note: row.get(15)? }),
        None => None,
    };
    let held = HeldRow {
        id: row.get(0)?,
        // Read below, where it can be refused.
        kind: Kind::Contact,
        ids: ids_of(row.get(2)?, row.get(3)?),
        label: row.get(4)?,
        reason: row.get(5)?,
        detail: row.get(6)?,
        person: row.get(7)?,
        fingerprint: row.get(8)?,
        shown: Both::default(),
        run: row.get(10)?,
        since: row.get::<_, Option<i64>>(11)?.map(instant),
        acknowledged,
    };
    Ok(Raw(held, row.get(1)?, row.get(9)?))
}

fn held(Raw(held, kind, shown): Raw) -> Result<HeldRow, StateError> {
    Ok(HeldRow { kind: kind_of(&kind)?, shown: serde_json::from_str(&shown)?, ..held })
}

impl State {
    /// Everything that waits, in the order of the last plan.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn held(&self) -> Result<Vec<HeldRow>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!("{HELD} ORDER BY place"))?;
        let rows: Vec<Raw> = statement.query_map([], raw)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(held).collect()
    }

    /// One record that waits.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn held_record(&self, id: &str) -> Result<Option<HeldRow>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!("{HELD} WHERE held.id = ?1"))?;
        statement.query_row([id], raw).optional()?.map(held).transpose()
    }

    /// Keeps what waits in the place of what waited. Who waited already keeps the run that saw it first.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_held(&mut self, rows: &[HeldRow]) -> Result<(), StateError> {
        let since: BTreeMap<String, i64> = {
            let mut statement = self.connection.prepare_cached("SELECT id, run FROM held")?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?
        };
        self.atomically(|state| {
            state.connection.execute("DELETE FROM held", [])?;
            for (place, row) in rows.iter().enumerate() {
                state
                    .connection
                    .prepare_cached("INSERT INTO held VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?
                    .execute(params![
                        row.id,
                        i64::try_from(place).unwrap_or(i64::MAX),
                        row.kind.as_str(),
                        row.ids.of(Side::Cliengo),
                        row.ids.of(Side::Ghl),
                        row.label,
                        row.reason,
                        row.detail,
                        row.person,
                        row.fingerprint,
                        serde_json::to_string(&row.shown)?,
                        since.get(&row.id).copied().unwrap_or(row.run)
                    ])?;
            }
            Ok(())
        })
    }

    /// What was acknowledged, by the id of what waits.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn acknowledged(&self) -> Result<BTreeMap<String, Acknowledged>, StateError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id, fingerprint, until, until_at, note FROM acknowledged")?;
        let rows = statement.query_map([], |row| {
            let until = row.get::<_, Option<String>>(2)?.zip(row.get::<_, Option<i64>>(3)?.map(instant));
            Ok((row.get(0)?, Acknowledged { fingerprint: row.get(1)?, until, note: row.get(4)? }))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that a person knows of a record that waits, as it is now.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn acknowledge(&self, id: &str, acknowledged: &Acknowledged, now: Timestamp) -> Result<(), StateError> {
        let (until, at) = acknowledged.until.as_ref().map(|(day, at)| (day, at.as_millisecond())).unzip();
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO acknowledged VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![id, acknowledged.fingerprint, until, at, acknowledged.note, now.as_millisecond()])?;
        Ok(())
    }

    /// A record that waits is news again. Whether it was acknowledged.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn unacknowledge(&self, id: &str) -> Result<bool, StateError> {
        Ok(self.connection.prepare_cached("DELETE FROM acknowledged WHERE id = ?1")?.execute([id])? > 0)
    }

    /// Keeps nothing of what waits about this record.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn forget_held(&self, id: &str) -> Result<(), StateError> {
        let about = "SELECT id FROM held WHERE ?1 IN (cliengo_id, ghl_id) OR instr(detail, ?1) > 0";
        self.connection.prepare_cached(&format!("DELETE FROM acknowledged WHERE id IN ({about})"))?.execute([id])?;
        self.connection.prepare_cached(&format!("DELETE FROM held WHERE id IN ({about})"))?.execute([id])?;
        Ok(())
    }
}
