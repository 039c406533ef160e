//! GHL's tasks where Cliengo is told of them. (`semantics` 27)

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use super::error::RunError;
use super::session::Job;
use super::staging::each_news;
use crate::config::TasksMode;
use crate::crm::Shape;
use crate::reconcile::{SourceTask, untold};
use crate::record::{Forms, GhlId, Kind, RemoteId, Side, SideId};
use crate::state::{Stage, State, StateError};

/// Every task of GHL's by its contact; none where Cliengo is not told.
///
/// # Errors
/// When the stage cannot be read.
pub(super) fn source_tasks(
    job: &Job<'_>,
    stage: &Mutex<Stage>,
    forms: &Forms,
) -> Result<BTreeMap<GhlId, Vec<SourceTask>>, RunError> {
    let mut tasks: BTreeMap<GhlId, Vec<SourceTask>> = BTreeMap::new();
    if !job.pair.projects_tasks() {
        return Ok(tasks);
    }
    each_news(stage, (Side::Ghl, Kind::Task), true, |row| {
        // One that cannot be understood is held already.
        let shape = if job.only.is_empty() { Shape::Listed } else { Shape::Single };
        let parsed = job.ghl.parse(Kind::Task, &row.payload, shape, forms);
        if let (Some(contact), Ok(record)) = (row.parent, parsed) {
            let task = SourceTask { id: GhlId::new(row.id), record, linked: row.link.is_some() };
            tasks.entry(GhlId::new(contact)).or_default().push(task);
        }
        Ok::<_, StateError>(())
    })?;
    Ok(tasks)
}

/// The GHL contacts under which Cliengo is to get a note: their notes are listed first (`semantics` 28).
///
/// # Errors
/// When stage or state cannot be read.
pub(super) fn contacts_to_tell(
    job: &Job<'_>,
    stage: &Mutex<Stage>,
    state: &State,
    forms: &Forms,
) -> Result<BTreeSet<String>, RunError> {
    if job.pair.cliengo.tasks != TasksMode::Notes {
        return Ok(BTreeSet::new());
    }
    let told = state.told()?;
    let mut contacts = BTreeSet::new();
    for (contact, tasks) in source_tasks(job, stage, forms)? {
        let link = state.link_of(Kind::Contact, &SideId::Ghl(contact.clone()))?;
        let told = link.and_then(|link| told.get(&link.id)).cloned().unwrap_or_default();
        if tasks.iter().any(|task| untold(task, &told).is_some()) {
            contacts.insert(contact.to_string());
        }
    }
    Ok(contacts)
}
