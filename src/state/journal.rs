//! The journal: what is about to be sent, durable before it is sent. (I36)

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Row, params};

use super::column::{kind_of, side_of};
use super::packed::{Pack, Unpacked};
use super::{State, StateError};
use crate::record::{Action, Kind, Request, Side};

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
    /// The record that a create was to make, as JSON.
    pub sought: String,
    /// What to settle when it is found, as JSON.
    pub settle: String,
}

type RawIntent =
    (i64, (i64, u32), String, String, String, i64, Option<String>, Option<String>, Option<Unpacked>, Unpacked);

const INTENT: &str = "SELECT id, run, operation, side, kind, action, at, source_id, parent_id, sought, settle
    FROM intent WHERE state IN ('in_flight', 'unknown')";

fn raw_intent(row: &Row<'_>) -> rusqlite::Result<RawIntent> {
    let operation = (row.get(1)?, row.get(2)?);
    Ok((
        row.get(0)?,
        operation,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
        row.get(8)?,
        row.get(9)?,
        row.get(10)?,
    ))
}

fn intent(raw: RawIntent) -> Result<Intent, StateError> {
    let (id, operation, side, kind, action, at, source_id, parent_id, sought, settle) = raw;
    Ok(Intent {
        id,
        operation,
        side: side_of(&side, || format!("intent {id}"))?,
        kind: kind_of(&kind)?,
        action: serde_json::from_value(action.into())?,
        at: Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis(at)).unwrap_or(Timestamp::MIN),
        source_id,
        parent_id,
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
                   parent_id, sought, settle) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'in_flight', ?9, ?10, ?11, ?12)",
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
                draft.settle.as_deref().map(Pack)
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
        let rows: Vec<RawIntent> = statement.query_map([], raw_intent)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(intent).collect()
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
