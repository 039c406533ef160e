//! Links, and both sides' shadows of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::{State, StateError};
use crate::record::{ByKind, Field, Ids, Kind, MatchKey, Record, Role, Side, SideId, Value};

/// Whether a link takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkStatus {
    /// Both sides take part.
    Live,
    /// One side is gone, and the survivor stays as it is.
    Kept,
    /// It left the scope: nothing is written.
    OutOfScope,
    /// Kept for history only.
    Retired,
}

impl LinkStatus {
    fn read(text: &str) -> Self {
        match text {
            "live" => Self::Live,
            "kept" => Self::Kept,
            "out_of_scope" => Self::OutOfScope,
            _ => Self::Retired,
        }
    }
}

/// A link.
#[derive(Clone, Debug)]
pub struct LinkRow {
    /// Its number.
    pub id: i64,
    /// What it links.
    pub kind: Kind,
    /// The link of the contact that a task or note belongs to.
    pub parent: Option<i64>,
    /// The ids on both sides.
    pub ids: Ids,
    /// Whether it takes part.
    pub status: LinkStatus,
    /// What it counts as.
    pub role: Role,
}

/// A link to be made.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// What it links.
    pub kind: Kind,
    /// The link of its contact, for tasks and notes.
    pub parent: Option<i64>,
    /// The ids on both sides.
    pub ids: Ids,
    /// The run that makes it.
    pub run: i64,
    /// What it counts as.
    pub role: Role,
}

/// One side's half of a link, as last agreed.
#[derive(Clone, Debug)]
pub struct ShadowRow {
    /// The record.
    pub record: Record,
    /// The id of its contact on that side, for tasks and notes.
    pub parent_id: Option<String>,
    /// Whether we wrote it since it was last listed: a listing that disagrees may lag.
    pub written: bool,
    /// The run that first missed it.
    pub missed: Option<i64>,
}

/// A shadow, and the payload that it was last agreed with.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// The shadow's number.
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

pub(super) fn kind_of(text: &str) -> Result<Kind, StateError> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| StateError::Row(format!("kind {text:?}")))
}

type RawLink = (i64, String, Option<i64>, Option<String>, Option<String>, String, String);

fn raw_link(row: &Row<'_>) -> rusqlite::Result<RawLink> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
}

fn link_row((id, kind, parent, cliengo, ghl, status, role): RawLink) -> Result<LinkRow, StateError> {
    let mut ids = Ids::default();
    for (side, id) in [(Side::Cliengo, cliengo), (Side::Ghl, ghl)] {
        if let Some(id) = id {
            ids.insert(SideId::new(side, id));
        }
    }
    let role = if role == Role::Secondary.as_str() { Role::Secondary } else { Role::Primary };
    Ok(LinkRow { id, kind: kind_of(&kind)?, parent, ids, status: LinkStatus::read(&status), role })
}

type RawAgreed = (i64, i64, String, String, String, Option<String>, String);

fn raw_agreed(row: &Row<'_>) -> rusqlite::Result<RawAgreed> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
}

fn agreed_row((number, link, side, kind, canonical, payload, moved): RawAgreed) -> Result<Agreed, StateError> {
    Ok(Agreed {
        number,
        link,
        side: if side == Side::Cliengo.as_str() { Side::Cliengo } else { Side::Ghl },
        kind: kind_of(&kind)?,
        record: serde_json::from_str(&canonical)?,
        payload,
        moved: serde_json::from_str(&moved)?,
    })
}

const AGREED: &str = "SELECT shadow.id, link, side, kind, canonical, payload, moved
    FROM shadow JOIN shadow_body ON shadow_body.shadow = shadow.id";

/// Neither half of a link is buried.
const WITH_ITS_CONTACT: &str = "NOT EXISTS (SELECT 1 FROM tombstone t WHERE t.kind = link.kind
    AND (t.side = 'cliengo' AND t.remote_id = link.cliengo_id OR t.side = 'ghl' AND t.remote_id = link.ghl_id))";

const LINK: &str = "SELECT id, kind, parent, cliengo_id, ghl_id, status, role FROM link";

impl State {
    /// The link of this number.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn link(&self, id: i64) -> Result<Option<LinkRow>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!("{LINK} WHERE id = ?1"))?;
        statement.query_row([id], raw_link).optional()?.map(link_row).transpose()
    }

    /// The links of a contact's tasks and notes that take part.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn children(&self, parent: i64) -> Result<Vec<LinkRow>, StateError> {
        let sql = format!("{LINK} WHERE parent = ?1 AND status IN ('live', 'kept') ORDER BY id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows: Vec<RawLink> = statement.query_map([parent], raw_link)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(link_row).collect()
    }

    /// Lets a contact's link, with those of its tasks and notes, sleep outside the scope, or wakes them up.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_scope(&self, link: i64, outside: bool) -> Result<(), StateError> {
        let (from, to) = if outside { ("live", "out_of_scope") } else { ("out_of_scope", "live") };
        self.connection
            .prepare_cached("UPDATE link SET status = ?3 WHERE (id = ?1 OR parent = ?1) AND status = ?2")?
            .execute(params![link, from, to])?;
        Ok(())
    }

    /// The link that an id stands in.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn link_of(&self, kind: Kind, id: &SideId) -> Result<Option<LinkRow>, StateError> {
        let column = match id.side() {
            Side::Cliengo => "cliengo_id",
            Side::Ghl => "ghl_id",
        };
        let sql = format!("{LINK} WHERE kind = ?1 AND {column} = ?2 AND status <> 'retired' ORDER BY role LIMIT 1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement.query_row([kind.as_str(), id.as_str()], raw_link).optional()?.map(link_row).transpose()
    }

    /// Every link that takes part, of one kind, in order.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn live_links(&self, kind: Kind) -> Result<Vec<i64>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM link WHERE kind = ?1 AND status = 'live' AND role = 'primary' ORDER BY id",
        )?;
        Ok(statement.query_map([kind.as_str()], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// How many links take part, per kind.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn link_counts(&self) -> Result<ByKind<u64>, StateError> {
        let mut counts = ByKind::<u64>::default();
        let mut statement = self.connection.prepare_cached(
            "SELECT kind, count(*) FROM link WHERE status = 'live' AND role = 'primary' GROUP BY kind",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            *counts.of_mut(kind_of(&row.get::<_, String>(0)?)?) = row.get::<_, i64>(1)?.unsigned_abs();
        }
        Ok(counts)
    }

    /// Whether contacts are linked, also outside the scope.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn has_contacts(&self) -> Result<bool, StateError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM link WHERE kind = 'contact' AND status IN ('live', 'out_of_scope')")?;
        Ok(statement.exists([])?)
    }

    /// Makes a link.
    ///
    /// # Errors
    /// When one of its ids is linked already, or it cannot be written.
    pub fn add_link(&self, link: &NewLink) -> Result<i64, StateError> {
        self.connection
            .prepare_cached(
                "INSERT INTO link (kind, parent, cliengo_id, ghl_id, run, role) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                link.kind.as_str(),
                link.parent,
                link.ids.of(Side::Cliengo),
                link.ids.of(Side::Ghl),
                link.run,
                link.role.as_str()
            ])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// The further Cliengo contacts of GHL's contact `ghl` that take part, in order.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn secondaries(&self, ghl: &str) -> Result<Vec<LinkRow>, StateError> {
        let sql = format!(
            "{LINK} WHERE kind = 'contact' AND ghl_id = ?1 AND role = 'secondary' AND status = 'live' ORDER BY id"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows: Vec<RawLink> = statement.query_map([ghl], raw_link)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(link_row).collect()
    }

    /// Lets secondaries sleep while their primary does, and wake up with it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn align_secondaries(&self) -> Result<(), StateError> {
        self.connection.execute(
            "UPDATE link SET status = CASE WHEN EXISTS (
               SELECT 1 FROM link AS first WHERE first.kind = link.kind AND first.ghl_id = link.ghl_id
                 AND first.role = 'primary' AND first.status = 'live') THEN 'live' ELSE 'kept' END
             WHERE role = 'secondary' AND status IN ('live', 'kept')",
            [],
        )?;
        Ok(())
    }

    /// Takes a link whose one half is gone out of the game, with the links of its tasks and notes: the survivors stay as
    /// they are, and nobody is recognised by the half that is gone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, link: i64, gone: Side) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "UPDATE link SET status = 'kept' WHERE (id = ?1 OR parent = ?1) AND status IN ('live', 'out_of_scope')",
            )?
            .execute([link])?;
        self.connection
            .prepare_cached("DELETE FROM match_key WHERE link = ?1 AND side = ?2")?
            .execute(params![link, gone.as_str()])?;
        Ok(())
    }

    /// The links of tasks and notes that were kept with their contact, not for a removal of their own.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn kept_with(&self, contact: i64) -> Result<Vec<LinkRow>, StateError> {
        let sql = format!("{LINK} WHERE parent = ?1 AND status = 'kept' AND {WITH_ITS_CONTACT} ORDER BY id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows: Vec<RawLink> = statement.query_map([contact], raw_link)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(link_row).collect()
    }

    /// Puts a kept link back into the game, with those of the tasks and notes that were kept with it: its other half is
    /// there again.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn restore(&self, link: i64, kind: Kind, id: &SideId) -> Result<(), StateError> {
        self.connection
            .prepare_cached(&format!(
                "UPDATE link SET status = 'live'
                 WHERE (id = ?1 OR parent = ?1 AND {WITH_ITS_CONTACT}) AND status = 'kept'"
            ))?
            .execute([link])?;
        self.connection
            .prepare_cached("DELETE FROM tombstone WHERE side = ?1 AND kind = ?2 AND remote_id = ?3")?
            .execute([id.side().as_str(), kind.as_str(), id.as_str()])?;
        self.connection.prepare_cached("UPDATE shadow SET fingerprint = NULL WHERE link = ?1")?.execute([link])?;
        Ok(())
    }

    /// Retires a link and those of its tasks and notes; their shadows go with them.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn retire(&self, link: i64) -> Result<(), StateError> {
        for table in ["shadow", "match_key"] {
            self.connection
                .prepare_cached(&format!(
                    "DELETE FROM {table} WHERE link = ?1 OR link IN (SELECT id FROM link WHERE parent = ?1)"
                ))?
                .execute([link])?;
        }
        self.connection
            .prepare_cached("UPDATE link SET status = 'retired' WHERE id = ?1 OR parent = ?1")?
            .execute([link])?;
        Ok(())
    }

    /// One side's shadow of a link.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn shadow(&self, link: i64, side: Side) -> Result<Option<ShadowRow>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT canonical, parent_id, written, missed FROM shadow JOIN shadow_body ON shadow_body.shadow = shadow.id
             WHERE link = ?1 AND side = ?2",
        )?;
        let found = statement
            .query_row(params![link, side.as_str()], |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((canonical, parent_id, written, missed)) = found else { return Ok(None) };
        Ok(Some(ShadowRow { record: serde_json::from_str(&canonical)?, parent_id, written: written != 0, missed }))
    }

    /// Sets fields of one side's shadow, makes it where there is none, and drops its fingerprint, so that the next
    /// listing is read again (`semantics` 3). Its payload stays, for the other fields. `written` says that the values come
    /// from our own write.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn settle_shadow(
        &self,
        link: &LinkRow,
        side: Side,
        fields: &BTreeMap<Field, Value>,
        written: bool,
    ) -> Result<(), StateError> {
        let Some(remote_id) = link.ids.of(side) else { return Ok(()) };
        let parent_id = match link.parent {
            Some(parent) => self.link(parent)?.and_then(|parent| parent.ids.of(side).map(str::to_owned)),
            None => None,
        };
        let (mut record, mut moved) =
            self.agreed(link.id, side)?.map(|agreed| (agreed.record, agreed.moved)).unwrap_or_default();
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
                "INSERT INTO shadow_body (shadow, canonical, moved)
                 VALUES ((SELECT id FROM shadow WHERE link = ?1 AND side = ?2), ?3, ?4)
                 ON CONFLICT (shadow) DO UPDATE SET canonical = excluded.canonical, moved = excluded.moved",
            )?
            .execute(params![
                link.id,
                side.as_str(),
                serde_json::to_string(&record)?,
                serde_json::to_string(&moved)?
            ])?;
        if link.kind == Kind::Contact {
            self.index_keys(link.id, side, &record)?;
        }
        Ok(())
    }

    /// Notes that a listing showed just what the shadow holds: its fingerprint and payload are kept.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_seen(
        &self,
        link: i64,
        side: Side,
        fingerprint: &[u8],
        payload: &str,
        record: &Record,
    ) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "UPDATE shadow SET fingerprint = ?3, written = 0, missed = NULL WHERE link = ?1 AND side = ?2",
            )?
            .execute(params![link, side.as_str(), fingerprint])?;
        self.connection
            .prepare_cached(
                "UPDATE shadow_body SET payload = ?3, canonical = ?4, moved = '[]'
                 WHERE shadow = (SELECT id FROM shadow WHERE link = ?1 AND side = ?2)",
            )?
            .execute(params![link, side.as_str(), payload, serde_json::to_string(record)?])?;
        if self.link(link)?.is_some_and(|row| row.kind == Kind::Contact) {
            self.index_keys(link, side, record)?;
        }
        Ok(())
    }

    /// One side's shadow of a link, with its payload.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn agreed(&self, link: i64, side: Side) -> Result<Option<Agreed>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!("{AGREED} WHERE link = ?1 AND side = ?2"))?;
        statement.query_row(params![link, side.as_str()], raw_agreed).optional()?.map(agreed_row).transpose()
    }

    /// So many shadows with their payloads, in order, from the one after `number` on.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn agreed_after(&self, number: i64, most: u32) -> Result<Vec<Agreed>, StateError> {
        let sql = format!("{AGREED} WHERE shadow.id > ?1 ORDER BY shadow.id LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows: Vec<RawAgreed> = statement.query_map(params![number, most], raw_agreed)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(agreed_row).collect()
    }

    /// Puts another canonical form of the same payload in a shadow's place.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn rewrite(&self, link: i64, side: Side, record: &Record) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "UPDATE shadow_body SET canonical = ?3
                 WHERE shadow = (SELECT id FROM shadow WHERE link = ?1 AND side = ?2)",
            )?
            .execute(params![link, side.as_str(), serde_json::to_string(record)?])?;
        let Some(row) = self.link(link)?.filter(|row| row.kind == Kind::Contact) else { return Ok(()) };
        // Nobody is recognised by a half that is gone.
        match row.ids.tagged(side) {
            Some(id) if !self.is_buried(row.kind, &id)? => self.index_keys(link, side, record),
            _ => Ok(()),
        }
    }

    /// Lets every record through the next sieve.
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

    /// The linked contacts of `side` that hold `key`: link and id.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn holders(&self, side: Side, key: &MatchKey) -> Result<Vec<LinkRow>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT link.id, kind, parent, cliengo_id, ghl_id, status, role FROM match_key JOIN link ON link.id = match_key.link
             WHERE side = ?1 AND key = ?2 AND status <> 'retired' ORDER BY link.id",
        )?;
        let rows: Vec<RawLink> =
            statement.query_map([side.as_str(), &key.indexed()], raw_link)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(link_row).collect()
    }

    /// The e-mails by which a linked contact is recognised, on either side.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn emails_of(&self, link: i64) -> Result<BTreeSet<MatchKey>, StateError> {
        let mut statement = self.connection.prepare_cached("SELECT key FROM match_key WHERE link = ?1")?;
        let keys: Vec<String> = statement.query_map([link], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let emails = keys.iter().filter_map(|key| MatchKey::read(key)).filter(|key| matches!(key, MatchKey::Email(_)));
        Ok(emails.collect())
    }

    fn index_keys(&self, link: i64, side: Side, record: &Record) -> Result<(), StateError> {
        self.connection
            .prepare_cached("DELETE FROM match_key WHERE link = ?1 AND side = ?2")?
            .execute(params![link, side.as_str()])?;
        for key in record.match_keys().into_iter().chain(record.also.iter().cloned()) {
            self.connection.prepare_cached("INSERT OR IGNORE INTO match_key VALUES (?1, ?2, ?3)")?.execute(params![
                side.as_str(),
                key.indexed(),
                link
            ])?;
        }
        Ok(())
    }

    /// Whether `what` was already said to be unsupported.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_remembered(&self, what: &str) -> Result<bool, StateError> {
        let mut statement = self.connection.prepare_cached("SELECT 1 FROM unsupported WHERE what = ?1")?;
        Ok(statement.exists([what])?)
    }

    /// Remembers that `what` was said to be unsupported.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self, what: &str, link: Option<i64>, run: i64) -> Result<(), StateError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO unsupported VALUES (?1, ?2, ?3)")?
            .execute(params![what, link, run])?;
        Ok(())
    }

    /// Notes when a contact's children were listed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_visited(&self, side: Side, contact: &str, at: Timestamp) -> Result<(), StateError> {
        self.connection.prepare_cached("INSERT OR REPLACE INTO visited VALUES (?1, ?2, ?3)")?.execute(params![
            side.as_str(),
            contact,
            at.as_millisecond()
        ])?;
        Ok(())
    }

    /// How many records the last run listed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_count(&self, side: Side, kind: Kind) -> Result<Option<u64>, StateError> {
        let mut statement =
            self.connection.prepare_cached("SELECT count FROM listing WHERE side = ?1 AND kind = ?2")?;
        let found = statement.query_row([side.as_str(), kind.as_str()], |row| row.get::<_, i64>(0)).optional()?;
        Ok(found.map(i64::unsigned_abs))
    }

    /// Notes how many records a run listed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_count(&self, side: Side, kind: Kind, count: u64, run: i64) -> Result<(), StateError> {
        self.connection
            .prepare_cached(
                "INSERT INTO listing VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (side, kind) DO UPDATE SET count = excluded.count, run = excluded.run",
            )?
            .execute(params![side.as_str(), kind.as_str(), i64::try_from(count).unwrap_or(i64::MAX), run])?;
        Ok(())
    }
}
