//! Staging: both listings of one run, and change detection that lets only news through.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::column::kind_of;
use super::open::AT_HAND;
use super::{State, StateError};
use crate::record::{Kind, RemoteId, Side};

/// Both listings of one run, in a file of their own, beside a read-only view of the snapshot.
#[derive(Debug)]
pub struct Stage {
    pub(super) connection: Connection,
}

/// One staged record.
#[derive(Clone, Debug)]
pub struct StagedRow {
    /// Its id.
    pub id: String,
    /// The id of its contact, for tasks and notes.
    pub parent: Option<String>,
    /// As it came over the wire.
    pub payload: String,
    /// What change detection compares.
    pub fingerprint: Vec<u8>,
    /// The link whose base this id has; `None`: it is new.
    pub link: Option<i64>,
}

/// A linked record that a listing did not show.
#[derive(Clone, Debug)]
pub struct Missing {
    /// Its link.
    pub link: i64,
    /// Its id.
    pub id: String,
    /// The id of its contact, for tasks and notes.
    pub parent: Option<String>,
    /// The run that first missed it.
    pub missed: Option<i64>,
    /// Whether its values come from an answer to a write, and no listing has shown them yet.
    pub written: bool,
}

const TABLES: &str = "
    CREATE TABLE record (
      side TEXT NOT NULL, kind TEXT NOT NULL, remote_id TEXT NOT NULL,
      parent_id TEXT, fingerprint BLOB NOT NULL, body INTEGER NOT NULL,
      PRIMARY KEY (side, kind, remote_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE body (number INTEGER PRIMARY KEY, payload TEXT NOT NULL) STRICT;
    CREATE TABLE covered (
      side TEXT NOT NULL, kind TEXT NOT NULL, parent_id TEXT NOT NULL,
      PRIMARY KEY (side, kind, parent_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE seen (
      number INTEGER PRIMARY KEY,
      side TEXT NOT NULL, kind TEXT NOT NULL, remote_id TEXT NOT NULL, canonical TEXT NOT NULL, unreadable TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX seen_key ON seen (side, kind, remote_id);
    CREATE TABLE lifted (
      side TEXT NOT NULL, kind TEXT NOT NULL, remote_id TEXT NOT NULL,
      PRIMARY KEY (side, kind, remote_id)
    ) STRICT, WITHOUT ROWID;";

/// What is buried, without what was found to be there again.
const BURIED: &str = "
    CREATE TEMP VIEW buried AS SELECT t.side, t.kind, t.remote_id FROM base.tombstone t WHERE NOT EXISTS
      (SELECT 1 FROM main.lifted l WHERE l.side = t.side AND l.kind = t.kind AND l.remote_id = t.remote_id);";

fn staged(row: &Row<'_>) -> rusqlite::Result<StagedRow> {
    Ok(StagedRow {
        id: row.get(0)?,
        parent: row.get(1)?,
        payload: row.get(2)?,
        fingerprint: row.get(3)?,
        link: row.get(4)?,
    })
}

/// Of a base: no list of tonight has it. Asked first, two indexes answer it, and only what is missing is read itself.
const NOT_LISTED: &str =
    "NOT EXISTS (SELECT 1 FROM record r WHERE r.side = s.side AND r.kind = s.kind AND r.remote_id = s.remote_id)";

/// Rows with their links. A payload is read of those alone that are asked for.
const STAGED: &str =
    "SELECT r.remote_id, r.parent_id, (SELECT payload FROM body WHERE number = r.body), r.fingerprint, s.link
    FROM record r
    LEFT JOIN base.shadow s ON s.side = r.side AND s.kind = r.kind AND s.remote_id = r.remote_id";

impl Stage {
    /// Makes an empty staging file at `path` beside `state`, which is only read. A state that does not
    /// exist yet counts as empty.
    ///
    /// # Errors
    /// When a file cannot be made or read.
    pub fn create(path: &Path, state: Option<&State>) -> Result<Self, StateError> {
        super::private_folder_of(path)?;
        remove_database(path)?;
        super::private_file(path)?;
        let mut connection = Connection::open(path)?;
        connection.execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
        // The file is one run's: it is not locked again for every question.
        connection.execute_batch(&format!("PRAGMA main.locking_mode = EXCLUSIVE; {AT_HAND} {TABLES}"))?;
        match state {
            Some(state) if state.is_copy() => {
                connection.execute_batch("ATTACH DATABASE ':memory:' AS base")?;
                state.copy_into(&mut connection, c"base")?;
            }
            Some(state) => attach(&connection, state.path())?,
            None => {
                let empty = path.with_extension("empty");
                remove_database(&empty)?;
                State::open(&empty)?.checkpoint()?;
                attach(&connection, &empty)?;
            }
        }
        connection.execute_batch(BURIED)?;
        connection.execute_batch("BEGIN")?;
        Ok(Self { connection })
    }

    /// Ends the writing: what is read from here on sees the snapshot as it is then, not as it was when staging began. Pages that
    /// were at hand for the writing are given back.
    ///
    /// # Errors
    /// When the pages cannot be written.
    pub fn seal(&self) -> Result<(), StateError> {
        Ok(self.connection.execute_batch("COMMIT; PRAGMA shrink_memory")?)
    }

    /// Stores a listed record; the last of one id stands.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(
        &self,
        side: Side,
        kind: Kind,
        id: &str,
        parent: Option<&str>,
        payload: &str,
        fingerprint: &[u8],
    ) -> Result<(), StateError> {
        let body = self.connection.prepare_cached("INSERT INTO body (payload) VALUES (?1)")?.insert([payload])?;
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![side.as_str(), kind.as_str(), id, parent, fingerprint, body])?;
        Ok(())
    }

    /// Notes that every record of this parent was listed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn cover(&self, side: Side, kind: Kind, parent: &str) -> Result<(), StateError> {
        self.connection.prepare_cached("INSERT OR IGNORE INTO covered VALUES (?1, ?2, ?3)")?.execute(params![
            side.as_str(),
            kind.as_str(),
            parent
        ])?;
        Ok(())
    }

    /// Whether every record of this parent was listed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_covered(&self, side: Side, kind: Kind, parent: &str) -> Result<bool, StateError> {
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM covered WHERE side = ?1 AND kind = ?2 AND parent_id = ?3")?;
        Ok(statement.exists([side.as_str(), kind.as_str(), parent])?)
    }

    /// The ids of the listed contacts, without those that we deleted ourselves.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn contacts<I: RemoteId>(&self) -> Result<Vec<I>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT remote_id FROM record r WHERE side = ?1 AND kind = 'contact' AND NOT EXISTS
               (SELECT 1 FROM buried t WHERE t.side = r.side AND t.kind = r.kind AND t.remote_id = r.remote_id)
             ORDER BY remote_id",
        )?;
        let id = |row: &Row<'_>| row.get::<_, String>(0).map(I::new);
        Ok(statement.query_map([I::SIDE.as_str()], id)?.collect::<Result<_, _>>()?)
    }

    /// How many live links stand under contacts whose list was read.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub fn links_covered(&self, side: Side, kind: Kind) -> Result<u64, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM base.link l
             JOIN base.shadow p ON p.link = l.parent AND p.side = ?1
             JOIN covered c ON c.side = p.side AND c.kind = l.kind AND c.parent_id = p.remote_id
             WHERE l.kind = ?2 AND l.status = 'live' AND l.role = 'primary'",
        )?;
        Ok(statement.query_row([side.as_str(), kind.as_str()], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    /// A listed contact that is known well: one that differs in nothing from its base, where there is such a one. None of
    /// `except`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn well_known_contact(&self, side: Side, except: &BTreeSet<String>) -> Result<Option<String>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.remote_id FROM record r
             LEFT JOIN base.shadow s ON s.side = r.side AND s.kind = r.kind AND s.remote_id = r.remote_id
             WHERE r.side = ?1 AND r.kind = 'contact' AND NOT EXISTS
               (SELECT 1 FROM buried t WHERE t.side = r.side AND t.kind = r.kind AND t.remote_id = r.remote_id)
             ORDER BY coalesce(s.fingerprint = r.fingerprint, 0) DESC, r.remote_id",
        )?;
        let known = statement.query_map([side.as_str()], |row| row.get::<_, String>(0))?;
        let mut others = known.filter(|id| id.as_ref().map_or(true, |id| !except.contains(id)));
        Ok(others.next().transpose()?)
    }

    /// The listed contacts that may have news of their own or in their tasks: new or different ones, those whose
    /// counterpart was not listed, and, `with_tasks`, those with a task that is new, different or missing.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn unsettled_contacts(&self, side: Side, with_tasks: bool) -> Result<Vec<String>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.remote_id FROM record r
             LEFT JOIN base.shadow s ON s.side = r.side AND s.kind = r.kind AND s.remote_id = r.remote_id
             LEFT JOIN base.shadow o ON o.link = s.link AND o.side <> s.side
             LEFT JOIN record p ON p.side = o.side AND p.kind = o.kind AND p.remote_id = o.remote_id
             WHERE r.side = ?1 AND r.kind = 'contact' AND (s.fingerprint IS NULL OR s.fingerprint <> r.fingerprint
               OR p.remote_id IS NULL OR r.remote_id IN (
                 SELECT t.parent_id FROM record t
                 LEFT JOIN base.shadow ts ON ts.side = t.side AND ts.kind = t.kind AND ts.remote_id = t.remote_id
                 WHERE ?2 AND t.side = r.side AND t.kind = 'task'
                   AND (ts.fingerprint IS NULL OR ts.fingerprint <> t.fingerprint))
               OR r.side = 'ghl' AND r.remote_id IN (
                 SELECT ts.parent_id FROM base.shadow ts
                 LEFT JOIN record t ON t.side = ts.side AND t.kind = ts.kind AND t.remote_id = ts.remote_id
                 WHERE ?2 AND ts.side = 'ghl' AND ts.kind = 'task' AND t.remote_id IS NULL))",
        )?;
        Ok(statement.query_map(params![side.as_str(), with_tasks], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The listed contacts whose children were not listed for the longest time, at most so many.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn longest_unvisited(&self, side: Side, most: usize) -> Result<Vec<String>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.remote_id FROM record r
             LEFT JOIN base.visited v ON v.side = r.side AND v.contact_id = r.remote_id
             WHERE r.side = ?1 AND r.kind = 'contact' ORDER BY coalesce(v.at, 0), r.remote_id LIMIT ?2",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        Ok(statement.query_map(params![side.as_str(), most], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The listed contacts whose children were never listed.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn unvisited(&self, side: Side) -> Result<Vec<String>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.remote_id FROM record r
             LEFT JOIN base.visited v ON v.side = r.side AND v.contact_id = r.remote_id
             WHERE r.side = ?1 AND r.kind = 'contact' AND v.at IS NULL ORDER BY r.remote_id",
        )?;
        Ok(statement.query_map([side.as_str()], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// What change detection lets through: records that differ from their base, and records without one, and contacts that
    /// stood outside the scope: they may be in again just as they were. What we deleted ourselves does not come back (I25).
    /// With `all`, everything comes through. At most `most`, by id from the one after `after` on.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn news(
        &self,
        (side, kind): (Side, Kind),
        all: bool,
        after: &str,
        most: u32,
    ) -> Result<Vec<StagedRow>, StateError> {
        let sql = format!(
            "{STAGED} WHERE r.side = ?1 AND r.kind = ?2 AND r.remote_id > ?4
               AND (?3 OR s.fingerprint IS NULL OR s.fingerprint <> r.fingerprint OR (r.kind = 'contact' AND EXISTS
                 (SELECT 1 FROM base.link l WHERE l.id = s.link AND l.status = 'out_of_scope')))
               AND NOT EXISTS (SELECT 1 FROM buried t
                 WHERE t.side = r.side AND t.kind = r.kind AND t.remote_id = r.remote_id)
             ORDER BY r.remote_id LIMIT ?5"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement
            .query_map(params![side.as_str(), kind.as_str(), all, after, most], staged)?
            .collect::<Result<_, _>>()?)
    }

    /// One listed record.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn row(&self, side: Side, kind: Kind, id: &str) -> Result<Option<StagedRow>, StateError> {
        let sql = format!("{STAGED} WHERE r.side = ?1 AND r.kind = ?2 AND r.remote_id = ?3");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([side.as_str(), kind.as_str(), id], staged).optional()?)
    }

    /// The listed tasks or notes of one contact.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn under(&self, side: Side, kind: Kind, parent: &str) -> Result<Vec<StagedRow>, StateError> {
        let sql = format!("{STAGED} WHERE r.side = ?1 AND r.kind = ?2 AND r.parent_id = ?3 ORDER BY r.remote_id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_map([side.as_str(), kind.as_str(), parent], staged)?.collect::<Result<_, _>>()?)
    }

    /// Whether a record was listed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn has(&self, side: Side, kind: Kind, id: &str) -> Result<bool, StateError> {
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM record WHERE side = ?1 AND kind = ?2 AND remote_id = ?3")?;
        Ok(statement.exists([side.as_str(), kind.as_str(), id])?)
    }

    /// The linked records of live links that were not listed: with `complete`, all; else those whose contact's was read.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn missing(&self, side: Side, kind: Kind, complete: bool) -> Result<Vec<Missing>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT s.link, s.remote_id, s.parent_id, s.missed, s.written FROM base.shadow s
             WHERE s.side = ?1 AND s.kind = ?2 AND {NOT_LISTED}
               AND EXISTS (SELECT 1 FROM base.link l WHERE l.id = s.link AND l.status = 'live') AND (?3 OR EXISTS
                 (SELECT 1 FROM covered c WHERE c.side = s.side AND c.kind = s.kind AND c.parent_id = s.parent_id))
             ORDER BY s.link"
        ))?;
        let rows = statement.query_map(params![side.as_str(), kind.as_str(), complete], |row| {
            let (link, id, parent) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Missing { link, id, parent, missed: row.get(3)?, written: row.get(4)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The links of which this run did not list both records: nothing can be said of whether they agree.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn unseen(&self) -> Result<BTreeSet<i64>, StateError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT s.link FROM base.shadow s INDEXED BY shadow_remote WHERE s.side = ?1 AND {NOT_LISTED} AND EXISTS
               (SELECT 1 FROM base.link l WHERE l.id = s.link AND l.status = 'live' AND l.role = 'primary')"
        ))?;
        let mut unseen = BTreeSet::new();
        for side in Side::BOTH {
            unseen.extend(statement.query_map([side.as_str()], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?);
        }
        Ok(unseen)
    }

    /// The buried ones that are not listed.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn absent_buried(&self, side: Side, kind: Kind) -> Result<Vec<String>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT t.remote_id FROM base.tombstone t
             LEFT JOIN record r ON r.side = t.side AND r.kind = t.kind AND r.remote_id = t.remote_id
             WHERE t.side = ?1 AND t.kind = ?2 AND t.absent IS NULL AND r.remote_id IS NULL ORDER BY t.remote_id",
        )?;
        Ok(statement.query_map([side.as_str(), kind.as_str()], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Kept links whose half that was gone is listed again: link, kind, id.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn restored(&self, side: Side) -> Result<Vec<(i64, String)>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT s.link, s.remote_id FROM base.tombstone t
             CROSS JOIN base.shadow s ON s.side = t.side AND s.kind = t.kind AND s.remote_id = t.remote_id
             CROSS JOIN base.link l ON l.id = s.link AND l.status = 'kept' AND l.kind = 'contact'
             CROSS JOIN record r ON r.side = s.side AND r.kind = s.kind AND r.remote_id = s.remote_id
             WHERE t.side = ?1 ORDER BY s.link",
        )?;
        Ok(statement.query_map([side.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// Kept contacts whose survivor is not listed any more: link and id.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn lost_survivors(&self, side: Side) -> Result<Vec<(i64, String)>, StateError> {
        let mut statement = self.connection.prepare_cached(
            &format!(
                "SELECT s.link, s.remote_id FROM base.link l
                 CROSS JOIN base.shadow s ON s.link = l.id AND s.side = ?1
                 WHERE l.status = 'kept' AND l.kind = 'contact' AND {NOT_LISTED} AND NOT EXISTS
                   (SELECT 1 FROM base.tombstone t WHERE t.side = s.side AND t.kind = s.kind AND t.remote_id = s.remote_id)
                 ORDER BY s.link"
            ),
        )?;
        Ok(statement.query_map([side.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// Linked records of `side` that an earlier run missed and that are listed again.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn returned(&self, side: Side) -> Result<Vec<(i64, Kind, String)>, StateError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT s.link, s.kind, s.remote_id FROM base.shadow s NOT INDEXED
             CROSS JOIN record r ON r.side = s.side AND r.kind = s.kind AND r.remote_id = s.remote_id
             WHERE s.side = ?1 AND s.missed IS NOT NULL ORDER BY s.link",
        )?;
        let rows = statement.query_map([side.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let rows: Vec<(i64, String, String)> = rows.collect::<Result<_, _>>()?;
        rows.into_iter().map(|(link, kind, id)| Ok((link, kind_of(&kind)?, id))).collect()
    }
}

fn attach(connection: &Connection, base: &Path) -> Result<(), StateError> {
    connection.execute("ATTACH DATABASE ?1 AS base", [format!("file:{}?mode=ro", uri_path(base))])?;
    Ok(())
}

fn uri_path(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

fn remove_database(path: &Path) -> Result<(), StateError> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let name = super::with_ending(path, ending);
        match std::fs::remove_file(&name) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
                return Err(StateError::File { path: name, why: why.to_string() });
            }
            _ => {}
        }
    }
    Ok(())
}
