//! What was gathered, and is to be settled without a request.

use std::collections::BTreeSet;

use crate::record::{Field, Record, Side, SideId, Value};
use crate::state::LinkRow;

/// What was gathered besides what reconciling is given.
#[derive(Debug)]
pub struct Gathered {
    /// Bases that were missed for the first time, where one absence is not enough.
    pub missed: Vec<(i64, Side)>,
    /// Contacts that a list lacks for the first time: should their delete wait, and they come back, what is missing with them
    /// is no delete. (`semantics` 22)
    pub absent: Vec<(i64, Side)>,
    /// Bases that an earlier run missed and that are there again: two absences count only in a row.
    pub returned: Vec<(i64, Side)>,
    /// Kept contacts whose half that was gone is there again, as the CRM itself says.
    pub restored: Vec<Restored>,
    /// Deleted contacts that are there again.
    pub lifted: Vec<SideId>,
    /// Kept contacts whose survivor is gone as well.
    pub ended: BTreeSet<i64>,
    /// Links of which one half was not seen: what the other shows is not agreed upon. (`semantics` 59)
    pub halved: BTreeSet<i64>,
    /// Looks at notes without a text, to be remembered.
    pub without_text: Vec<String>,
}

/// A contact whose half that was gone, or not listed, is there again.
#[derive(Debug)]
pub struct Restored {
    /// Its link.
    pub link: i64,
    /// The id that is there again.
    pub id: SideId,
    /// Its tasks and notes that did not come back with it.
    pub lost: Vec<LinkRow>,
}

/// Whether `base` holds everything that `record` says.
pub(super) fn covers(base: &Record, record: &Record) -> bool {
    let holds = |(field, value): (&Field, &Value)| base.get(field).is_some_and(|held| held.same(value));
    record.fields.iter().all(holds)
}
