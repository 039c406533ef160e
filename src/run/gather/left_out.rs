//! What a side leaves out of its answers where it is empty.

use std::collections::BTreeSet;

use super::Gathering;
use crate::reconcile::Linked;
use crate::record::{Field, Side};
use crate::run::error::RunError;
use crate::run::session::held;

impl Gathering<'_, '_> {
    /// The fields that Cliengo shows of those who have a value, and of nobody who has none; asked for where there is news.
    pub(super) fn left_out(&self, contacts: &[Linked]) -> Result<BTreeSet<Field>, RunError> {
        let mut left_out = BTreeSet::new();
        if contacts.is_empty() && self.unlinked.cliengo.is_empty() {
            return Ok(left_out);
        }
        let shown = |key: &str| held(self.stage).shown(Side::Cliengo, key);
        for (field, key) in [(Field::Name, "name"), (Field::Email, "email"), (Field::Phone, "phone")] {
            let (some, none) = shown(key)?;
            // A last name may stand alone: beside it a whole name would say it twice (`semantics` 45).
            let is_whole = field != Field::Name || !held(self.stage).last_names_stand_alone()?;
            if some > 0 && none == 0 && is_whole {
                left_out.insert(field);
            }
        }
        Ok(left_out)
    }
}
