//! The journal: what is about to be sent, durable before it is sent. (I36)

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Row, params};

use super::column::{kind_of, side_of};
use super::packed::{Pack, Unpacked};
use super::{State, StateError};
use crate::record::{Action, Kind, Request, Side, SideId};

/// What is known of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentState {
    /// About to be sent, or the process died.
    InFlight,
    /// Done.
    Applied,
    /// The CRM said no.
    Refused,
    /// It never reached the CRM.
    NotSent,
    /// It may or may not have been done.
    Unknown,
    /// It was unknown; its record was found and linked.
    Adopted,
    /// It was unknown; the CRM does not have it.
    Absent,
}

impl IntentState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::Applied => "applied",
            Self::Refused => "refused",
            Self::NotSent => "not_sent",
            Self::Unknown => "unknown",
            Self::Adopted => "adopted",
            Self::Absent => "absent",
        }
    }
}

/// A request about to be sent.
#[derive(Clone, Debug)]
pub struct IntentDraft<'a> {
    /// The run.
    pub run: i64,
    /// The operation of its plan.
    pub operation: u32,
    /// Where it goes.
    pub side: Side,
    /// The kind of record.
    pub kind: Kind,
    /// What it does.
    pub action: Action,
    /// The request.
    pub request: &'a Request,
    /// Now.
    pub at: Timestamp,
    /// The record on the other side that a create makes a counterpart of.
    pub source_id: Option<&'a str>,
    /// The contact that a task or note belongs to, on the side it goes to.
    pub parent_id: Option<&'a str>,
    /// What stands without a link under that contact, where a create adds to it.
    pub known: Option<&'a BTreeSet<String>>,
    /// The record that a create makes, as JSON.
    pub sought: Option<String>,
    /// What to settle when it is found, as JSON.
    pub settle: Option<String>,
}

/// A create or a change whose outcome is not known.
#[derive(Clone, Debug)]
pub struct Intent {
    /// Its number.
    pub id: i64,
    /// The operation it belongs to: run and number.
    pub operation: (i64, u32),
    /// Where it went.
    pub side: Side,
    /// The kind of record.
    pub kind: Kind,
    /// What it does.
    pub action: Action,
    /// When it was sent.
    pub at: Timestamp,
    /// The record on the other side that a create makes a counterpart of.
    pub source_id: Option<String>,
    /// The contact that it belongs to, on the side it went to.
    pub parent_id: Option<String>,
    /// What stood there without a link before it was sent; `None`: that was not kept.
    pub known: Option<BTreeSet<String>>,
    /// What it may have made although that says something else, as it was last looked for.
    pub candidates: BTreeSet<String>,
    /// The record that a create was to make, as JSON.
    pub sought: String,
    /// What to settle when it is found, as JSON.
    pub settle: String,
}

const INTENT: &str =
    "SELECT id, run, operation, side, kind, action, at, source_id, parent_id, sought, settle, known, candidates
    FROM intent WHERE state IN ('in_flight', 'unknown')";

fn intent(row: &Row<'_>) -> Result<Intent, StateError> {
    let id = row.get(0)?;
    let (side, kind, action): (String, String, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let (sought, settle): (Option<Unpacked>, Unpacked) = (row.get(9)?, row.get(10)?);
    let ids = |json: Option<String>| json.map(|json| serde_json::from_str(&json)).transpose();
    Ok(Intent {
        id,
        operation: (row.get(1)?, row.get(2)?),
        side: side_of(&side, || format!("intent {id}"))?,
        kind: kind_of(&kind)?,
        action: serde_json::from_value(action.into())?,
        at: Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis(row.get(6)?)).unwrap_or(Timestamp::MIN),
        source_id: row.get(7)?,
        parent_id: row.get(8)?,
        known: ids(row.get(11)?)?,
        candidates: ids(row.get(12)?)?.unwrap_or_default(),
        sought: sought.map(|sought| sought.0).unwrap_or_default(),
        settle: settle.0,
    })
}

impl State {
    /// Journals a request before it is sent.
    ///
    /// # Errors
    /// When it cannot be made durable: then nothing may be sent.
    pub fn open_intent(&self, draft: &IntentDraft<'_>) -> Result<i64, StateError> {
        let request = serde_json::to_string(draft.request)?;
        let hash = blake3::hash(request.as_bytes()).to_hex();
        self.connection
            .prepare_cached(
                "INSERT INTO intent (run, operation, side, kind, action, request, request_hash, at, state, source_id,
                   parent_id, sought, settle, known)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'in_flight', ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                draft.run,
                draft.operation,
                draft.side.as_str(),
                draft.kind.as_str(),
                draft.action.as_str(),
                Pack(&request),
                hash.as_str(),
                draft.at.as_millisecond(),
                draft.source_id,
                draft.parent_id,
                draft.sought.as_deref().map(Pack),
                draft.settle.as_deref().map(Pack),
                draft.known.map(serde_json::to_string).transpose()?
            ])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Records what came of a request, in the transaction that settles it. (I39)
    ///
    /// # Errors
    /// When it cannot be written: the intent then stays open.
    pub fn close_intent(
        &self,
        id: i64,
        state: IntentState,
        detail: Option<&str>,
        remote_id: Option<&str>,
    ) -> Result<(), StateError> {
        self.connection
            .prepare_cached("UPDATE intent SET state = ?2, detail = ?3, remote_id = ?4 WHERE id = ?1")?
            .execute(params![id, state.as_str(), detail, remote_id])?;
        Ok(())
    }

    /// The creates whose outcome is not known, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn open_creates(&self) -> Result<Vec<Intent>, StateError> {
        self.intents(&format!("{INTENT} AND action = 'create' ORDER BY id"))
    }

    /// The updates, completions and tags whose outcome is not known, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn open_changes(&self) -> Result<Vec<Intent>, StateError> {
        self.intents(&format!(
            "{INTENT} AND action IN ('update', 'complete', 'tag') AND settle IS NOT NULL ORDER BY id"
        ))
    }

    fn intents(&self, sql: &str) -> Result<Vec<Intent>, StateError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut intents = Vec::new();
        while let Some(row) = rows.next()? {
            intents.push(intent(row)?);
        }
        Ok(intents)
    }

    /// Keeps what an open create may have made, for a person to say.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_candidates(&self, intent: i64, candidates: &BTreeSet<String>) -> Result<(), StateError> {
        let candidates = (!candidates.is_empty()).then(|| serde_json::to_string(candidates)).transpose()?;
        self.connection
            .prepare_cached("UPDATE intent SET candidates = ?2 WHERE id = ?1 AND candidates IS NOT ?2")?
            .execute(params![intent, candidates])?;
        Ok(())
    }

    /// A person says that no counterpart of a record was created: the next run creates it. Whether that was open.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn was_not_done(&self, kind: Kind, source: &SideId) -> Result<bool, StateError> {
        let is_its = |one: &Intent| {
            (one.kind, one.side, one.source_id.as_deref()) == (kind, source.side().other(), Some(source.as_str()))
        };
        let open: Vec<Intent> = self.open_creates()?.into_iter().filter(is_its).collect();
        for intent in &open {
            self.close_intent(intent.id, IntentState::Absent, Some("a person said so"), None)?;
        }
        let failed = self.failed_operations()?.into_iter().filter(|one| {
            one.kind == kind
                && one.action == Action::Create.as_str()
                && one.ids.tagged(source.side()).as_ref() == Some(source)
        });
        for failed in failed {
            self.lift_failed_operation(&failed.id)?;
        }
        Ok(!open.is_empty())
    }

    /// Closes what a run that died left open, other than creates: what they changed is read back.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn close_abandoned(&self) -> Result<(), StateError> {
        self.connection.execute_batch(
            "UPDATE intent SET state = 'unknown' WHERE state = 'in_flight' AND action <> 'create';
             UPDATE run SET status = 'failed' WHERE status = 'running';",
        )?;
        Ok(())
    }
}
