//! A field that everybody had, and that nobody has tonight, or all the same. (`semantics` 40, 52)

use super::Gathering;
use crate::reconcile::{Inconclusive, Linked, Now};
use crate::record::{Field, Ids, Kind, Side, Value};
use crate::run::error::RunError;
use crate::run::session::lock;

/// What may be empty of many, and how both CRMs call it.
const KEYS: [(Field, &str); 2] = [(Field::Email, "email"), (Field::Phone, "phone")];

impl Gathering<'_, '_> {
    /// Where a list shows one and the same value of everybody, it is hidden behind it: it is unknown, and written nowhere.
    pub(super) fn doubt_the_same(&mut self, contacts: &mut [Linked]) -> Result<(), RunError> {
        for side in Side::BOTH {
            let name = if side == Side::Cliengo { "name" } else { "firstName" };
            for (field, key) in [(Field::Name, name), (Field::Email, "email"), (Field::Phone, "phone")] {
                let changed = contacts.iter().filter(|contact| is_changed(contact, side, &field)).count();
                let is_many = changed as u64 >= self.job.pair.guard.min_records;
                if !is_many || lock(self.stage).different(side, key)? != 1 {
                    continue;
                }
                for contact in contacts.iter_mut().filter(|contact| is_changed(contact, side, &field)) {
                    hide(contact, side, &field);
                }
                let side = side.title();
                let why = format!(
                    "{side} shows one {field} of everybody tonight, and {changed} contacts had others: it is taken for hidden"
                );
                self.everybodys(why);
            }
        }
        Ok(())
    }

    fn everybodys(&mut self, why: String) {
        let (ids, label) = (Ids::default(), String::new());
        self.inconclusive.push(Inconclusive { kind: Kind::Contact, ids, label, why });
    }

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
                    hide(contact, side, field);
                }
                let side = side.title();
                let why = format!(
                    "{side} shows nobody's {field} tonight, and {emptied} contacts had one: it is taken for hidden, not for empty"
                );
                self.everybodys(why);
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

/// Whether a contact shows another value than it had.
fn is_changed(contact: &Linked, side: Side, field: &Field) -> bool {
    let half = contact.sides.of(side);
    let was = half.base.as_ref().and_then(|base| base.get(field)).filter(|value| !value.is_empty());
    let now = if let Now::Changed(record) = &half.now { record.get(field) } else { None };
    matches!((was, now), (Some(was), Some(now)) if !now.is_empty() && !now.same(was))
}

fn hide(contact: &mut Linked, side: Side, field: &Field) {
    if let Now::Changed(record) = &mut contact.sides.of_mut(side).now {
        record.fields.remove(field);
    }
}
