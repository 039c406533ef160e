//! What a run says once is kept until its report is there: what a run that was cut off was about to say, the next one says.
//! (I1)

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::reconcile::{Conflict, Held, HeldReason, Plan, Unsupported, Winner, conflict_id};
use crate::record::Side;
use crate::state::{OperationRow, State, StateError, UNREPORTED};

/// Each with what its JSON leaves out.
#[derive(Default, Serialize, Deserialize)]
struct Unreported {
    /// The first run of which no report is there.
    since: i64,
    conflicts: Vec<(Conflict, String, Option<Json>)>,
    unsupported: Vec<(Unsupported, String)>,
    held: Vec<(Held, String)>,
}

/// Keeps what `plan` says once, inside the caller's transaction.
///
/// # Errors
/// When it cannot be written.
pub(super) fn keep(state: &State, plan: &Plan, run: i64) -> Result<(), StateError> {
    let conflicts = plan.conflicts.iter().filter(|conflict| conflict.winner != Winner::Manual);
    let held = plan.held.iter().filter(|held| is_said_once(held.reason));
    let unreported = Unreported {
        since: read(state)?.map_or(run, |known| known.since),
        conflicts: conflicts.map(|one| (one.clone(), one.label.clone(), one.chosen.clone())).collect(),
        unsupported: plan.unsupported.iter().map(|one| (one.clone(), one.label.clone())).collect(),
        held: held.map(|one| (one.clone(), one.label.clone())).collect(),
    };
    if unreported.conflicts.is_empty() && unreported.unsupported.is_empty() && unreported.held.is_empty() {
        return Ok(());
    }
    state.set_meta(UNREPORTED, &serde_json::to_string(&unreported)?)
}

/// Adds to `plan` what earlier runs were about to say. A conflict only where its winner was written: otherwise it is still
/// there.
///
/// # Errors
/// When it cannot be read.
pub(super) fn say(state: &State, plan: &mut Plan) -> Result<(), StateError> {
    let Some(known) = read(state)? else { return Ok(()) };
    let mut written = Vec::new();
    for run in state.runs_after(known.since.saturating_sub(1))? {
        written.extend(state.operations(run.id)?.into_iter().filter(|row| row.outcome.as_deref() == Some("applied")));
    }
    let mut conflicts = Vec::new();
    for (conflict, label, chosen) in known.conflicts {
        let id = conflict_id(&plan.pair, conflict.kind, &conflict.ids, &conflict.field);
        let is_it = |now: &Conflict| now.id == id && (&now.cliengo, &now.ghl) == (&conflict.cliengo, &conflict.ghl);
        if !plan.conflicts.iter().any(is_it) && written.iter().any(|row| settles(row, &conflict)) {
            conflicts.push(Conflict { id, label, chosen, ..conflict });
        }
    }
    plan.conflicts.splice(0..0, conflicts);
    for (unsupported, label) in known.unsupported {
        let unsupported = Unsupported { label, ..unsupported };
        if !plan.unsupported.contains(&unsupported) {
            plan.unsupported.push(unsupported);
        }
    }
    for (held, label) in known.held {
        if !plan.held.iter().any(|now| now.id == held.id) {
            plan.held.push(Held { label, ..held });
        }
    }
    Ok(())
}

const fn is_said_once(reason: HeldReason) -> bool {
    matches!(reason, HeldReason::RemovedElsewhere | HeldReason::LinkedBefore)
}

fn read(state: &State) -> Result<Option<Unreported>, StateError> {
    // What another version kept in another form is not understood, and no reason not to run.
    Ok(state.meta(UNREPORTED)?.and_then(|kept| serde_json::from_str(&kept).ok()))
}

/// Whether an operation wrote the winner of a conflict.
fn settles(row: &OperationRow, conflict: &Conflict) -> bool {
    let side = match conflict.winner {
        Winner::Cliengo => Some(Side::Ghl),
        Winner::Ghl => Some(Side::Cliengo),
        Winner::Manual | Winner::Chosen => None,
    };
    let is = |key: &str, value: Json| row.document.get(key) == Some(&value);
    let changes = row.document.get("changes").and_then(Json::as_array).into_iter().flatten();
    let mut fields = changes.filter_map(|change| change.get("field")?.as_str());
    is("kind", serde_json::json!(conflict.kind))
        && is("ids", serde_json::json!(conflict.ids))
        && side.is_none_or(|side| is("side", serde_json::json!(side)))
        && fields.any(|field| field == conflict.field.as_str())
}
