//! Forgetting a person: everything that the state keeps of them goes, and the bytes with it. Their ids stay as a mark, so
//! that no later run takes them in again.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::params;
use serde_json::{Value as Json, json};

use super::column::side_of;
use super::link::{RawLink, link_row, raw_link};
use super::packed::Pack;
use super::{LinkRow, State, StateError, UNREPORTED};
use crate::record::{Ids, Kind, Side, SideId};

/// What was removed of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// The person's ids in both CRMs.
    pub contacts: Vec<SideId>,
    /// Links of the person and of their tasks and notes.
    pub links: usize,
    /// Operations of past runs that were emptied, and the requests journalled for them.
    pub operations: usize,
    /// Whether another process reads the state just now, so that the log beside it keeps the bytes until the next run.
    pub being_read: bool,
}

/// Everything by which a person's traces are recognised.
#[derive(Default)]
struct Traces {
    links: Vec<LinkRow>,
    contacts: BTreeSet<SideId>,
    /// Ids of the person's contacts, tasks and notes, on either side.
    ids: BTreeSet<String>,
}

impl State {
    /// Forgets the person of a contact's link: bases, keys, history, journal, what waits. Call it with the lock held
    /// and outside a transaction; afterwards the bytes are gone from the file.
    ///
    /// # Errors
    /// When it cannot be written: then nothing was forgotten.
    pub fn forget(&mut self, link: &LinkRow, now: Timestamp) -> Result<Forgotten, StateError> {
        // What is deleted is overwritten, in the pages and in what VACUUM leaves behind.
        self.connection.execute_batch("PRAGMA secure_delete = ON")?;
        let forgotten = self.atomically(|state| {
            let traces = state.traces(&link.ids)?;
            let operations = state.empty_history(&traces.ids)?;
            for contact in &traces.contacts {
                state
                    .connection
                    .prepare_cached("INSERT OR REPLACE INTO forgotten VALUES (?1, ?2, ?3)")?
                    .execute(params![contact.side().as_str(), contact.as_str(), now.as_millisecond()])?;
            }
            state.remove_links(&traces)?;
            state.forget_enrolments(&traces.contacts)?;
            let contacts = traces.contacts.into_iter().collect();
            Ok(Forgotten { contacts, links: traces.links.len(), operations, being_read: false })
        })?;
        self.connection.execute_batch("VACUUM")?;
        let busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(Forgotten { being_read: busy != 0, ..forgotten })
    }

    /// Takes links and bases away, with all that waits for a person or a further try.
    fn remove_links(&self, traces: &Traces) -> Result<(), StateError> {
        for id in &traces.ids {
            let about = "?1 IN (cliengo_id, ghl_id, parent_cliengo, parent_ghl)";
            // What got no answer waits on: without its row it would be sent again by itself.
            for table in ["failed_operation WHERE action <> 'enrol' AND", "conflict WHERE"] {
                self.connection.prepare_cached(&format!("DELETE FROM {table} {about}"))?.execute([id])?;
            }
            self.forget_held(id)?;
            // Whoever seemed to be merged into them still did.
            let merged = "UPDATE OR REPLACE unsupported SET what = replace(what, ?1, 'forgotten')
                          WHERE what LIKE 'merged:%' AND instr(what, ?1) > 0";
            self.connection.prepare_cached(merged)?.execute([id])?;
            self.connection.prepare_cached("DELETE FROM visited WHERE contact_id = ?1")?.execute([id])?;
            self.connection
                .prepare_cached("DELETE FROM excluded_pair WHERE ?1 IN (cliengo_id, ghl_id)")?
                .execute([id])?;
        }
        // Children before their contacts: bases, keys, attempts and what was told go with each.
        for link in traces.links.iter().rev() {
            self.connection.prepare_cached("DELETE FROM unsupported WHERE link = ?1")?.execute([link.id])?;
            self.connection.prepare_cached("DELETE FROM link WHERE id = ?1")?.execute([link.id])?;
        }
        Ok(())
    }

    /// Starts a person afresh: link and base go, with those of their tasks and notes; the records and the history stay. The
    /// next run takes them for people that it never met.
    ///
    /// # Errors
    /// When it cannot be written: then nothing changed.
    pub fn start_afresh(&mut self, link: &LinkRow) -> Result<Forgotten, StateError> {
        self.atomically(|state| {
            let traces = state.traces(&link.ids)?;
            state.remove_links(&traces)?;
            state.owe_for_certain(&traces.contacts)?;
            let contacts = traces.contacts.into_iter().collect();
            Ok(Forgotten { contacts, links: traces.links.len(), operations: 0, being_read: false })
        })
    }

    /// The contacts that were forgotten.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn forgotten(&self) -> Result<BTreeSet<SideId>, StateError> {
        let mut statement = self.connection.prepare_cached("SELECT side, remote_id FROM forgotten")?;
        let rows: Vec<(String, String)> =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        let contact = |(name, id): (String, String)| Ok(SideId::new(side_of(&name, || format!("forgotten {id}"))?, id));
        rows.into_iter().map(contact).collect()
    }

    /// All links of a person: also those of further Cliengo contacts, and those kept for history only. Contacts stand
    /// before their tasks and notes.
    fn traces(&self, ids: &Ids) -> Result<Traces, StateError> {
        let mut traces = Traces::default();
        let mut open: Vec<SideId> = Side::BOTH.into_iter().filter_map(|side| ids.tagged(side)).collect();
        while let Some(id) = open.pop() {
            if !traces.contacts.insert(id.clone()) {
                continue;
            }
            let column = if id.side() == Side::Cliengo { "cliengo_id" } else { "ghl_id" };
            for link in self.links_where(&format!("kind = 'contact' AND {column} = ?1"), id.as_str())? {
                open.extend(Side::BOTH.into_iter().filter_map(|side| link.ids.tagged(side)));
                if !traces.links.iter().any(|known| known.id == link.id) {
                    traces.links.push(link);
                }
            }
        }
        for contact in traces.links.clone() {
            let children = self.links_where("parent = CAST(?1 AS INTEGER)", &contact.id.to_string())?;
            traces.links.extend(children);
        }
        let all = traces.links.iter().flat_map(|link| Side::BOTH.into_iter().filter_map(|side| link.ids.of(side)));
        traces.ids = all.map(str::to_owned).collect();
        traces.ids.extend(traces.contacts.iter().map(|id| id.as_str().to_owned()));
        Ok(traces)
    }

    fn links_where(&self, condition: &str, value: &str) -> Result<Vec<LinkRow>, StateError> {
        let sql = format!(
            "SELECT id, kind, parent, cliengo_id, ghl_id, status, role FROM link WHERE {condition} ORDER BY id"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let rows: Vec<RawLink> = statement.query_map([value], raw_link)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(link_row).collect()
    }

    /// Empties the operations that are about any of these ids, and the requests journalled for them.
    fn empty_history(&self, ids: &BTreeSet<String>) -> Result<usize, StateError> {
        let mut emptied = 0;
        let mut statement = self.connection.prepare("SELECT id FROM run ORDER BY id")?;
        let runs: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for run in runs {
            let mut numbers: BTreeSet<u32> = BTreeSet::new();
            for operation in self.operations(run)? {
                // Parents come before their children, whose paths may name them by number alone.
                if concerns(&operation.document, ids, &numbers) {
                    numbers.insert(operation.number);
                    let part = |key: &str| operation.document.get(key).cloned().unwrap_or(Json::Null);
                    let left = json!({
                        "id": part("id"), "side": part("side"), "kind": part("kind"), "action": part("action"),
                        "label": "", "ids": part("ids"), "changes": [], "requests": [], "forgotten": true,
                    });
                    self.connection
                        .prepare_cached(
                            "UPDATE operation SET document = ?3, before = NULL, reason = NULL
                             WHERE run = ?1 AND number = ?2",
                        )?
                        .execute(params![run, operation.number, Pack(&left.to_string())])?;
                }
            }
            for number in &numbers {
                self.empty_intents("run = ?1 AND operation = ?2", params![run, number])?;
                self.connection
                    .prepare_cached("DELETE FROM undo_record WHERE run = ?1 AND operation = ?2")?
                    .execute(params![run, number])?;
            }
            emptied += numbers.len();
        }
        for id in ids {
            self.empty_unreported(id)?;
            self.empty_intents("?1 IN (source_id, parent_id, remote_id)", [id])?;
            // What is forgotten cannot be taken back.
            self.connection
                .prepare_cached("DELETE FROM undo_record WHERE instr(unpacked(trace), ?1) > 0")?
                .execute([id])?;
        }
        Ok(emptied)
    }

    /// What runs that were cut off were about to say of a record is not said.
    fn empty_unreported(&self, id: &str) -> Result<(), StateError> {
        let Some(kept) = self.meta(UNREPORTED)? else { return Ok(()) };
        let mut kept: Json = serde_json::from_str(&kept)?;
        for said in kept.as_object_mut().into_iter().flat_map(|kept| kept.values_mut()).filter_map(Json::as_array_mut) {
            said.retain(|one| !one.to_string().contains(id));
        }
        self.set_meta(UNREPORTED, &kept.to_string())
    }

    /// Empties journalled requests. One that is open is closed: what it may have made is not looked for any more.
    fn empty_intents(&self, condition: &str, values: impl rusqlite::Params) -> Result<(), StateError> {
        let sql = format!(
            "UPDATE intent SET request = '{{}}', request_hash = '', detail = NULL, sought = NULL, settle = NULL, known = NULL,
               candidates = NULL,
               state = CASE WHEN state IN ('in_flight', 'unknown') THEN 'absent' ELSE state END WHERE {condition}"
        );
        self.connection.prepare_cached(&sql)?.execute(values)?;
        Ok(())
    }
}

/// Whether an operation is about any of these ids, or hangs on one of these operations of its run.
fn concerns(document: &Json, ids: &BTreeSet<String>, operations: &BTreeSet<u32>) -> bool {
    let named = document.get("ids").and_then(Json::as_object).into_iter().flat_map(|ids| ids.values());
    if named.filter_map(Json::as_str).any(|id| ids.contains(id)) {
        return true;
    }
    let requests = document.get("requests").and_then(Json::as_array).into_iter().flatten();
    requests.filter_map(|request| request.get("path")?.as_str()).any(|path| {
        path.split(['/', '?', '&', '=']).any(|segment| {
            let made_by = segment.strip_prefix("{op:").and_then(|rest| rest.strip_suffix('}')?.parse().ok());
            ids.contains(segment) || made_by.is_some_and(|number: u32| operations.contains(&number))
        })
    })
}

/// Whether a record belongs to a forgotten contact, or is one.
#[must_use]
pub fn is_forgotten(forgotten: &BTreeSet<SideId>, kind: Kind, id: &SideId, parent: Option<&SideId>) -> bool {
    if kind.is_child() { parent.is_some_and(|parent| forgotten.contains(parent)) } else { forgotten.contains(id) }
}
