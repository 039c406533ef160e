//! What a side leaves out of its answers where it is empty.

use std::collections::{BTreeMap, BTreeSet};

use super::Gathering;
use crate::reconcile::{Half, Linked, Now};
use crate::record::{Field, Record, Side, Value};
use crate::run::error::RunError;
use crate::run::session::lock;
use crate::state::Attempt;

/// What may be left out, and how Cliengo calls it.
const KEYS: [(Field, &str); 3] = [(Field::Name, "name"), (Field::Email, "email"), (Field::Phone, "phone")];

impl Gathering<'_, '_> {
    /// The fields that Cliengo leaves out where they are empty; asked for where there is news.
    pub(super) fn left_out(&mut self, contacts: &[Linked]) -> Result<BTreeSet<Field>, RunError> {
        if contacts.is_empty() && self.unlinked.cliengo.is_empty() {
            return Ok(BTreeSet::new());
        }
        self.leaves_out().cloned()
    }

    /// Whether Cliengo's listing does not show a field that an earlier run wrote, and leaves out what is empty.
    pub(super) fn hides_a_write(
        &mut self,
        side: Side,
        base: Option<&Record>,
        record: &Record,
    ) -> Result<bool, RunError> {
        let unshown = |field: &Field| is_unshown(field, base, record);
        Ok(side == Side::Cliengo
            && KEYS.iter().any(|(field, _)| unshown(field))
            && self.leaves_out()?.iter().any(unshown))
    }

    /// I33: a field that an earlier run wrote, and that is left out where it is empty, is empty. Elsewhere what is not shown
    /// is unknown.
    pub(super) fn empty_what_was_not_kept(
        &mut self,
        half: &Half,
        attempts: &BTreeMap<Field, Attempt>,
        now: &mut Now,
    ) -> Result<(), RunError> {
        let Now::Changed(record) = now else { return Ok(()) };
        let unshown: Vec<&Field> =
            attempts.keys().filter(|field| is_unshown(field, half.base.as_ref(), record)).collect();
        if !unshown.is_empty() {
            let left_out = self.leaves_out()?;
            let empty = unshown.into_iter().filter(|field| left_out.contains(*field));
            record.fields.extend(empty.map(|field| (field.clone(), Value::Empty)));
        }
        Ok(())
    }

    /// The fields that Cliengo shows of those who have a value, and of nobody who has none.
    fn leaves_out(&mut self) -> Result<&BTreeSet<Field>, RunError> {
        if let Some(known) = self.left_out.take() {
            return Ok(self.left_out.insert(known));
        }
        let mut left_out = BTreeSet::new();
        let shown = |key: &str| lock(self.stage).shown(Side::Cliengo, key);
        for (field, key) in KEYS {
            let (some, none) = shown(key)?;
            // A last name may stand alone: beside it a whole name would say it twice (`semantics` 45).
            let is_whole = field != Field::Name || !lock(self.stage).last_names_stand_alone()?;
            if some > 0 && none == 0 && is_whole {
                left_out.insert(field);
            }
        }
        Ok(self.left_out.insert(left_out))
    }
}

/// Whether a value that was agreed is not shown.
fn is_unshown(field: &Field, base: Option<&Record>, record: &Record) -> bool {
    record.get(field).is_none() && base.and_then(|base| base.get(field)).is_some_and(|known| !known.is_empty())
}
