//! The plan with its requests.

use std::sync::Mutex;

use super::as_it_was::as_it_was;
use super::session::{Job, lock};
use crate::reconcile::{Input, Plan, reconcile};
use crate::record::{Forms, Side};
use crate::state::{Stage, State, StateError};

/// Reconciles, and writes down what each operation will send.
pub(super) fn build_plan(
    job: &Job<'_>,
    state: Option<&State>,
    stage: Option<&Mutex<Stage>>,
    input: &Input<'_>,
    forms: &Forms,
) -> Result<Plan, StateError> {
    let mut plan = reconcile(input);
    plan.only.clone_from(&job.only);
    write_requests(job, state, stage, &mut plan, forms)?;
    Ok(plan)
}

/// Writes down what each operation will send.
pub(super) fn write_requests(
    job: &Job<'_>,
    state: Option<&State>,
    stage: Option<&Mutex<Stage>>,
    plan: &mut Plan,
    forms: &Forms,
) -> Result<(), StateError> {
    let stage = stage.map(lock);
    for operation in &mut plan.operations {
        if let Some(write) = operation.write() {
            let was = as_it_was(state, stage.as_deref(), operation, write)?;
            operation.requests = match operation.side {
                Side::Cliengo => job.cliengo.requests(write, was.as_deref(), forms),
                Side::Ghl => job.ghl.requests(write, was.as_deref(), forms),
            };
        }
    }
    Ok(())
}
