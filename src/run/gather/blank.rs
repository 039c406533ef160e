//! A field that everybody had, and that nobody has tonight. (`semantics` 40, 52)

use super::Gathering;
use crate::reconcile::{Inconclusive, Linked, Now};
use crate::record::{Field, Ids, Kind, Side, Value};
use crate::run::error::RunError;
use crate::run::session::lock;

/// What tells who a contact is, and how both CRMs call it.
const KEYS: [(Field, &str); 2] = [(Field::Email, "email"), (Field::Phone, "phone")];

impl Gathering<'_, '_> {
    /// Where a list shows nobody's e-mail or phone any more, it was hidden: it is unknown, and nobody's is emptied.
    pub(super) fn doubt_blank(&mut self, contacts: &mut [Linked]) -> Result<(), RunError> {
        for side in Side::BOTH {
            for (field, key) in &KEYS {
                let emptied = contacts.iter().filter(|contact| is_emptied(contact, side, field)).count();
                let is_many = emptied as u64 >= self.job.pair.guard.min_records;
                if !is_many || lock(self.stage).shown(side, key)?.0 > 0 {
                    continue;
                }
                for contact in contacts.iter_mut().filter(|contact| is_emptied(contact, side, field)) {
                    if let Now::Changed(record) = &mut contact.sides.of_mut(side).now {
                        record.fields.remove(field);
                    }
                }
                let side = side.title();
                let why = format!(
                    "{side} shows nobody's {field} tonight, and {emptied} contacts had one: it is taken for hidden, not for empty"
                );
                self.inconclusive.push(Inconclusive {
                    kind: Kind::Contact,
                    ids: Ids::default(),
                    label: String::new(),
                    why,
                });
            }
        }
        Ok(())
    }
}

fn is_emptied(contact: &Linked, side: Side, field: &Field) -> bool {
    let half = contact.sides.of(side);
    let had = half.base.as_ref().and_then(|base| base.get(field)).is_some_and(|value| !value.is_empty());
    had && matches!(&half.now, Now::Changed(record) if record.get(field) == Some(&Value::Empty))
}
