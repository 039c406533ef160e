//! Links: which record on one side is which on the other, whether they take part, and by what they are recognised.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, params};

use super::column::{ids_of, kind_of};
use super::{State, StateError};
use crate::record::{Both, ByKind, Ids, Kind, MatchKey, Record, Role, Side, SideId};

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
    /// The name used in the state and in lists.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Kept => "kept",
            Self::OutOfScope => "out_of_scope",
            Self::Retired => "retired",
        }
    }

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

pub(super) type RawLink = (i64, String, Option<i64>, Option<String>, Option<String>, String, String);

pub(super) fn raw_link(row: &Row<'_>) -> rusqlite::Result<RawLink> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
}

pub(super) fn link_row((id, kind, parent, cliengo, ghl, status, role): RawLink) -> Result<LinkRow, StateError> {
    let ids = ids_of(cliengo, ghl);
    let role = if role == Role::Secondary.as_str() { Role::Secondary } else { Role::Primary };
    Ok(LinkRow { id, kind: kind_of(&kind)?, parent, ids, status: LinkStatus::read(&status), role })
}

/// A side in the column that says which sides have a key.
const fn bit(side: Side) -> i64 {
    match side {
        Side::Cliengo => 1,
        Side::Ghl => 2,
    }
}

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

    /// The links between contacts that a run made and that still count: number and ids.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn links_made_by(&self, run: i64) -> Result<Vec<(i64, Ids)>, StateError> {
        let sql = format!("{LINK} WHERE kind = 'contact' AND run = ?1 AND status <> 'retired' ORDER BY id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows: Vec<RawLink> = statement.query_map([run], raw_link)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(link_row).map(|row| row.map(|row| (row.id, row.ids))).collect()
    }

    /// The link that an id stands in.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn link_of(&self, kind: Kind, id: &SideId) -> Result<Option<LinkRow>, StateError> {
        let conditions: &[&str] = match id.side() {
            Side::Cliengo => &["cliengo_id = ?2"],
            Side::Ghl => &["ghl_id = ?2 AND role = 'primary'", "ghl_id = ?2 AND role = 'secondary'"],
        };
        for condition in conditions {
            let sql = format!("{LINK} WHERE kind = ?1 AND {condition} AND status <> 'retired' ORDER BY id LIMIT 1");
            let mut statement = self.connection.prepare_cached(&sql)?;
            if let Some(row) = statement.query_row([kind.as_str(), id.as_str()], raw_link).optional()? {
                return link_row(row).map(Some);
            }
        }
        Ok(None)
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

    /// How many tags each side's linked contacts had when both last agreed.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub fn tag_counts(&self) -> Result<Both<u64>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(sum(json_array_length(canonical(body), '$.fields.tags.value')), 0) FROM shadow
             JOIN shadow_body ON shadow_body.shadow = shadow.id JOIN link ON link.id = shadow.link
             WHERE shadow.side = ?1 AND shadow.kind = 'contact' AND link.status = 'live' AND link.role = 'primary'",
        )?;
        let mut counts = Both::default();
        for side in Side::BOTH {
            *counts.of_mut(side) = statement.query_row([side.as_str()], |row| row.get::<_, i64>(0))?.unsigned_abs();
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
                 AND first.role = 'primary' AND first.status = 'live' AND first.status <> 'retired') THEN 'live' ELSE 'kept' END
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
        self.drop_keys(link, gone)
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
        self.lift_tombstone(kind, id)?;
        self.connection.prepare_cached("UPDATE shadow SET fingerprint = NULL WHERE link = ?1")?.execute([link])?;
        Ok(())
    }

    /// Retires a link and those of its tasks and notes; their bases go with them.
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

    /// The linked contacts of `side` that hold `key`: link and id.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn holders(&self, side: Side, key: &MatchKey) -> Result<Vec<LinkRow>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT link.id, kind, parent, cliengo_id, ghl_id, status, role FROM match_key JOIN link ON link.id = match_key.link
             WHERE sides & ?1 AND key = ?2 AND status <> 'retired' ORDER BY link.id",
        )?;
        let rows: Vec<RawLink> =
            statement.query_map(params![bit(side), key.indexed()], raw_link)?.collect::<Result<_, _>>()?;
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

    pub(super) fn index_keys(&self, link: i64, side: Side, record: &Record) -> Result<(), StateError> {
        let keys: BTreeSet<String> = record.all_keys().map(|key| key.indexed()).collect();
        if self.keys_of(link, side)? == keys {
            return Ok(());
        }
        self.drop_keys(link, side)?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO match_key VALUES (?1, ?2, ?3) ON CONFLICT (key, link) DO UPDATE SET sides = sides | excluded.sides",
        )?;
        for key in keys {
            statement.execute(params![key, link, bit(side)])?;
        }
        Ok(())
    }

    /// The keys by which one half of a link is recognised.
    pub(super) fn keys_of(&self, link: i64, side: Side) -> Result<BTreeSet<String>, StateError> {
        let mut statement =
            self.connection.prepare_cached("SELECT key FROM match_key WHERE link = ?1 AND sides & ?2")?;
        Ok(statement.query_map(params![link, bit(side)], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Nobody is recognised by one half of a link any more.
    pub(super) fn drop_keys(&self, link: i64, side: Side) -> Result<(), StateError> {
        self.connection
            .prepare_cached("DELETE FROM match_key WHERE link = ?1 AND sides = ?2")?
            .execute(params![link, bit(side)])?;
        self.connection
            .prepare_cached("UPDATE match_key SET sides = sides - ?2 WHERE link = ?1 AND sides & ?2")?
            .execute(params![link, bit(side)])?;
        Ok(())
    }
}
