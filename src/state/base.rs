//! Both sides' bases of a link: what each was when both last agreed.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, params};

use super::body::{Body, Joined};
use super::column::{kind_of, side_of};
use super::link::LinkRow;
use super::packed::{Pack, Unpacked};
use super::{State, StateError};
use crate::record::{Field, Fields, Kind, Record, Side};

/// One side's half of a link, as last agreed.
#[derive(Clone, Debug)]
pub struct BaseRow {
    /// The record.
    pub record: Record,
    /// The id of its contact on that side, for tasks and notes.
    pub parent_id: Option<String>,
    /// Whether we wrote it since it was last listed: a listing that disagrees may lag.
    pub written: bool,
    /// The run that first missed it.
    pub missed: Option<i64>,
}

/// A base, and the payload that it was last agreed with.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// The base's number.
    pub number: i64,
    /// Its link.
    pub link: i64,
    /// Whose half it is.
    pub side: Side,
    /// What it is.
    pub kind: Kind,
    /// The record.
    pub record: Record,
    /// As it was listed then; `None` before it was listed for the first time.
    pub payload: Option<String>,
    /// Fields that were settled since: the payload says nothing of them.
    pub moved: BTreeSet<Field>,
}

type RawAgreed = (i64, i64, String, String, Body, String);

fn raw_agreed(row: &Row<'_>) -> rusqlite::Result<RawAgreed> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn agreed_row((number, link, side, kind, body, moved): RawAgreed) -> Result<Agreed, StateError> {
    Ok(Agreed {
        number,
        link,
        side: side_of(&side, || format!("base {number}"))?,
        kind: kind_of(&kind)?,
        record: body.record()?,
        payload: body.payload,
        moved: serde_json::from_str(&moved)?,
    })
}

const AGREED: &str = "SELECT shadow.id, link, side, kind, body, moved
    FROM shadow JOIN shadow_body ON shadow_body.shadow = shadow.id";

impl State {
    /// One side's base of a link.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn base(&self, link: i64, side: Side) -> Result<Option<BaseRow>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT body, parent_id, written, missed FROM shadow JOIN shadow_body ON shadow_body.shadow = shadow.id
             WHERE link = ?1 AND side = ?2",
        )?;
        let found = statement
            .query_row(params![link, side.as_str()], |row| {
                Ok((row.get::<_, Body>(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((body, parent_id, written, missed)) = found else { return Ok(None) };
        Ok(Some(BaseRow { record: body.record()?, parent_id, written: written != 0, missed }))
    }

    /// Sets fields of one side's base, makes it where there is none, and drops its fingerprint, so that the next
    /// listing is read again (`semantics` 3). Its payload stays, for the other fields. `written` says that the values come
    /// from our own write.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn settle_base(&self, link: &LinkRow, side: Side, fields: &Fields, written: bool) -> Result<(), StateError> {
        let Some(remote_id) = link.ids.of(side) else { return Ok(()) };
        let parent_id = match link.parent {
            Some(parent) => self.link(parent)?.and_then(|parent| parent.ids.of(side).map(str::to_owned)),
            None => None,
        };
        let agreed = self.agreed(link.id, side)?.map(|agreed| (agreed.record, agreed.payload, agreed.moved));
        let (mut record, payload, mut moved) = agreed.unwrap_or_default();
        moved.extend(fields.keys().cloned());
        record.fields.extend(fields.iter().map(|(field, value)| (field.clone(), value.clone())));
        self.connection
            .prepare_cached(
                "INSERT INTO shadow (link, side, kind, remote_id, parent_id, written) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (link, side) DO UPDATE SET remote_id = excluded.remote_id, parent_id = excluded.parent_id,
                   fingerprint = NULL, written = max(written, excluded.written)",
            )?
            .execute(params![link.id, side.as_str(), link.kind.as_str(), remote_id, parent_id, i64::from(written)])?;
        self.connection
            .prepare_cached(
                "INSERT INTO shadow_body (shadow, body, moved)
                 VALUES ((SELECT id FROM shadow WHERE link = ?1 AND side = ?2), ?3, ?4)
                 ON CONFLICT (shadow) DO UPDATE SET body = excluded.body, moved = excluded.moved",
            )?
            .execute(params![
                link.id,
                side.as_str(),
                Joined::of(&record, payload.as_deref())?,
                serde_json::to_string(&moved)?
            ])?;
        if link.kind == Kind::Contact {
            self.index_keys(link.id, side, &record)?;
        }
        Ok(())
    }

    /// Notes that a listing showed just what the base holds: its fingerprint and payload are kept.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_seen(
        &self,
        link: &LinkRow,
        side: Side,
        fingerprint: &[u8],
        payload: &str,
        record: &Record,
    ) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "UPDATE shadow SET fingerprint = ?3, written = 0, missed = NULL WHERE link = ?1 AND side = ?2",
            )?
            .execute(params![link.id, side.as_str(), fingerprint])?;
        self.connection
            .prepare_cached(
                "UPDATE shadow_body SET body = ?3, moved = '[]', listed = NULL
                 WHERE shadow = (SELECT id FROM shadow WHERE link = ?1 AND side = ?2)",
            )?
            .execute(params![link.id, side.as_str(), Joined::of(record, Some(payload))?])?;
        if link.kind == Kind::Contact {
            self.index_keys(link.id, side, record)?;
        }
        Ok(())
    }

    /// Keeps a payload that was listed while both halves were, although the base does not hold all of it yet.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_listed(&self, link: i64, side: Side, payload: &str) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "UPDATE shadow_body SET listed = ?3
                 WHERE shadow = (SELECT id FROM shadow WHERE link = ?1 AND side = ?2)",
            )?
            .execute(params![link, side.as_str(), Pack(payload)])?;
        Ok(())
    }

    /// One half of a link as it was listed when both halves last were.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_listed(&self, link: i64, side: Side) -> Result<Option<String>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT listed, body FROM shadow_body JOIN shadow ON shadow.id = shadow_body.shadow
             WHERE link = ?1 AND side = ?2",
        )?;
        let found = statement.query_row(params![link, side.as_str()], |row| {
            let listed: Option<Unpacked> = row.get(0)?;
            Ok(match listed {
                Some(listed) => Some(listed.0),
                None => row.get::<_, Body>(1)?.payload,
            })
        });
        Ok(found.optional()?.flatten())
    }

    /// One side's base of a link, with its payload.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn agreed(&self, link: i64, side: Side) -> Result<Option<Agreed>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!("{AGREED} WHERE link = ?1 AND side = ?2"))?;
        statement.query_row(params![link, side.as_str()], raw_agreed).optional()?.map(agreed_row).transpose()
    }

    /// So many bases with their payloads, in order, from the one after `number` on.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn agreed_after(&self, number: i64, most: u32) -> Result<Vec<Agreed>, StateError> {
        let sql = format!("{AGREED} WHERE shadow.id > ?1 ORDER BY shadow.id LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows: Vec<RawAgreed> = statement.query_map(params![number, most], raw_agreed)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(agreed_row).collect()
    }

    /// Puts another canonical form of the same payload in a base's place.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn rewrite(&self, link: i64, side: Side, record: &Record) -> Result<(), StateError> {
        let payload = self.agreed(link, side)?.and_then(|agreed| agreed.payload);
        self.connection
            .prepare_cached(
                "UPDATE shadow_body SET body = ?3
                 WHERE shadow = (SELECT id FROM shadow WHERE link = ?1 AND side = ?2)",
            )?
            .execute(params![link, side.as_str(), Joined::of(record, payload.as_deref())?])?;
        let Some(row) = self.link(link)?.filter(|row| row.kind == Kind::Contact) else { return Ok(()) };
        // Nobody is recognised by a half that is gone.
        match row.ids.tagged(side) {
            Some(id) if !self.is_buried(row.kind, &id)? => self.index_keys(link, side, record),
            _ => Ok(()),
        }
    }

    /// Lets every record through the next change detection.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget_fingerprints(&self) -> Result<(), StateError> {
        self.connection.execute("UPDATE shadow SET fingerprint = NULL", [])?;
        Ok(())
    }

    /// Notes the run that first missed a record, or that it is there again.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_missed(&self, link: i64, side: Side, run: Option<i64>) -> Result<(), StateError> {
        self.connection
            .prepare_cached("UPDATE shadow SET missed = ?3 WHERE link = ?1 AND side = ?2")?
            .execute(params![link, side.as_str(), run])?;
        Ok(())
    }
}
