//! What is dropped of the history, and the room it leaves.

use jiff::Timestamp;
use rusqlite::params;

use super::{State, StateError};

/// The file is rewritten when more than a quarter of it is free: seldom, and never for a trifle.
const FREE_SHARE: i64 = 4;

/// So many free pages (8 KiB each) are a trifle.
const FREE_PAGES: i64 = 512;

/// The runs whose operations go: ended before a day, not the newest one, and without a create that nobody knows about.
const OLD_RUNS: &str = "SELECT id FROM run
    WHERE started < ?1 AND status <> 'running' AND id < (SELECT max(id) FROM run)
      AND NOT EXISTS (SELECT 1 FROM intent WHERE intent.run = run.id AND intent.action = 'create'
        AND intent.state IN ('in_flight', 'unknown'))";

impl State {
    /// Drops the operations of runs that began before `until`, with their before-images and what was sent. The runs stay
    /// in the list with their counts. Says how many operations went.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn drop_history(&self, until: Timestamp) -> Result<usize, StateError> {
        let sql = format!("SELECT 1 FROM operation WHERE run IN ({OLD_RUNS})");
        if !self.connection.prepare_cached(&sql)?.exists(params![until.as_millisecond()])? {
            return Ok(0);
        }
        let mut dropped = 0;
        for table in ["undo_record", "intent", "refused_plan", "operation"] {
            let sql = format!("DELETE FROM {table} WHERE run IN ({OLD_RUNS})");
            dropped = self.connection.prepare_cached(&sql)?.execute(params![until.as_millisecond()])?;
        }
        Ok(dropped)
    }

    /// Gives back the room of what was dropped, or that a first sync (`is_filled`) left between its rows, where it is worth it.
    /// Says whether it did.
    ///
    /// # Errors
    /// When the file cannot be rewritten.
    pub fn compact(&self, is_filled: bool) -> Result<bool, StateError> {
        let count = |pragma: &str| self.connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
        let (free, all) = (count("PRAGMA freelist_count")?, count("PRAGMA page_count")?);
        // Rows that come in no order leave their pages two thirds full.
        let is_worth_it = if is_filled { all > FREE_PAGES } else { free >= FREE_PAGES && free > all / FREE_SHARE };
        if is_worth_it {
            self.connection.execute_batch("VACUUM")?;
        }
        Ok(is_worth_it)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use serde_json::json;

    use super::*;
    use crate::record::{Action, Kind, Method, Request, Side};
    use crate::state::{IntentDraft, IntentState, UndoRecordDraft};

    fn run(state: &State, at: Timestamp, outcome: IntentState) -> i64 {
        let run = state.begin_run("incremental", "plan", at).unwrap();
        state.plan_operation(run, 1, &json!({ "label": "Ana" })).unwrap();
        let mut letters = fastrand::Rng::with_seed(1);
        let before: String = (0..9000).map(|_| letters.alphanumeric()).collect();
        state.keep_before(run, 1, &before).unwrap();
        let request = Request::new(Method::Post, "/contacts/");
        let draft = IntentDraft {
            run,
            operation: 1,
            side: Side::Ghl,
            kind: Kind::Contact,
            action: Action::Create,
            request: &request,
            at,
            source_id: None,
            parent_id: None,
            known: None,
            sought: Some("{}".to_owned()),
            settle: Some("{}".to_owned()),
        };
        let intent = state.open_intent(&draft).unwrap();
        let undo_record = UndoRecordDraft {
            operation: (run, 1),
            side: Side::Ghl,
            kind: Kind::Contact,
            action: Action::Create,
            image: None,
            link: None,
            trace: "{}",
        };
        state.add_undo_record(&undo_record).unwrap();
        state.close_intent(intent, outcome, None, None).unwrap();
        state.finish_run(run, "done", &json!({ "operations": 1 }), at).unwrap();
        run
    }

    #[test]
    fn old_operations_go_but_for_those_that_are_still_needed() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("acme.db")).unwrap();
        let day = |day: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
        let old = run(&state, day(0), IntentState::Applied);
        let open = run(&state, day(1), IntentState::Unknown);
        let young = run(&state, day(50), IntentState::Applied);
        assert_eq!(state.drop_history(day(40)).unwrap(), 1);
        let left = |run: i64| (state.operations(run).unwrap().len(), state.undo_records(run).unwrap().len());
        assert_eq!((left(old), left(open), left(young)), ((0, 0), (1, 1), (1, 1)));
        assert_eq!(state.open_creates().unwrap().len(), 1, "what nobody knows about is still looked for");
        assert_eq!(state.runs(10).unwrap().len(), 3, "the list of runs stays");
        state.drop_history(day(90)).unwrap();
        assert_eq!(left(young), (1, 1), "the newest run is never dropped");
    }

    #[test]
    fn the_file_is_rewritten_when_much_of_it_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("acme.db")).unwrap();
        assert!(!state.compact(false).unwrap());
        for _ in 0..600 {
            run(&state, Timestamp::UNIX_EPOCH, IntentState::Applied);
        }
        state.checkpoint().unwrap();
        let size = || std::fs::metadata(state.path()).unwrap().len();
        let full = size();
        state.drop_history(Timestamp::MAX).unwrap();
        assert!(state.compact(false).unwrap());
        state.checkpoint().unwrap();
        assert!(size() < full / 4, "{} of {full}", size());
        assert!(!state.compact(false).unwrap());
    }
}
