//! What a location has besides people, their notes and tasks, and tags: everything that its screens and its API let
//! somebody add (GHL API notes, 3.5). Kept as it was written; each room shows its own.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::call::Answer;
use super::super::data::{Data, GhlResource, Moment, What};
use super::refusal::not_found;

/// All of one sort, oldest first.
pub(super) fn all(data: &Data, what: What) -> impl Iterator<Item = &Arc<GhlResource>> {
    let resources = &data.ghl.resources;
    let rows = resources.order().iter().filter_map(|(_, id)| resources.get(id));
    rows.filter(move |row| row.what == what && !row.removed)
}

/// One of them, or "gone" in the location's words.
pub(super) fn find<'data>(data: &'data Data, what: What, id: &str) -> Result<&'data Arc<GhlResource>, Answer> {
    let row = data.ghl.resources.get(id).filter(|row| row.what == what && !row.removed);
    row.ok_or_else(|| not_found(data, what.title(), id))
}

/// Adds one.
pub(super) fn make(
    data: &mut Data,
    what: What,
    parent: Option<&str>,
    fields: Map<String, Value>,
    moment: Moment,
) -> Arc<GhlResource> {
    let id = data.ghl_id();
    put(data, id, what, parent, fields, moment)
}

/// Adds one under an id of its own.
pub(super) fn put(
    data: &mut Data,
    id: String,
    what: What,
    parent: Option<&str>,
    fields: Map<String, Value>,
    moment: Moment,
) -> Arc<GhlResource> {
    let parent = parent.map(str::to_owned);
    let row = GhlResource { id, what, fields, parent, created: moment.now, updated: moment.now, removed: false };
    let row = Arc::new(row);
    data.ghl.resources.save(Arc::clone(&row));
    row
}

/// Sets what a body names, and leaves the rest.
pub(super) fn change(
    data: &mut Data,
    what: What,
    id: &str,
    fields: Map<String, Value>,
    moment: Moment,
) -> Result<Arc<GhlResource>, Answer> {
    let mut row = GhlResource::clone(find(data, what, id)?);
    row.fields.extend(fields);
    row.updated = moment.now;
    let row = Arc::new(row);
    data.ghl.resources.save(Arc::clone(&row));
    Ok(row)
}

/// Takes one away.
pub(super) fn remove(data: &mut Data, what: What, id: &str) -> Result<(), Answer> {
    let mut row = GhlResource::clone(find(data, what, id)?);
    row.removed = true;
    data.ghl.resources.save(row);
    Ok(())
}

/// What was taken away from the location itself: one spelling is enough there.
pub(super) fn gone() -> Answer {
    Answer::ok(json!({ "succeded": true }))
}
