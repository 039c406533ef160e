//! A field that everybody had, and that a list hides tonight: nobody has it any more, or all the same. (`semantics` 40, 52)

use super::Gathering;
use crate::reconcile::{Inconclusive, Linked, Now};
use crate::record::{Field, Ids, Kind, Side, Value};
use crate::run::error::RunError;
use crate::run::session::lock;

/// How a list hides a field.
#[derive(Clone, Copy, PartialEq)]
enum Hiding {
    /// It shows it of nobody.
    Blank,
    /// It shows one value of everybody.
    Same,
}

impl Gathering<'_, '_> {
    /// What a list hides is unknown: it is neither emptied nor written, and it is said.
    pub(super) fn doubt_hidden(&mut self, contacts: &mut [Linked]) -> Result<(), RunError> {
        for side in Side::BOTH {
            let name = if side == Side::Cliengo { "name" } else { "firstName" };
            for (field, key) in [(Field::Name, name), (Field::Email, "email"), (Field::Phone, "phone")] {
                for hiding in [Hiding::Blank, Hiding::Same] {
                    let is_it = |contact: &Linked| is_hidden(contact, side, &field, hiding);
                    let count = contacts.iter().filter(|contact| is_it(contact)).count();
                    let is_many = count as u64 >= self.job.pair.guard.min_records;
                    if !is_many || !self.is_everybodys(side, &field, key, hiding)? {
                        continue;
                    }
                    for contact in contacts.iter_mut().filter(|contact| is_it(contact)) {
                        if let Now::Changed(record) = &mut contact.sides.of_mut(side).now {
                            record.fields.remove(&field);
                        }
                    }
                    let why = said(side, &field, hiding, count);
                    let (ids, label) = (Ids::default(), String::new());
                    self.inconclusive.push(Inconclusive { kind: Kind::Contact, ids, label, why });
                }
            }
        }
        Ok(())
    }

    fn is_everybodys(&self, side: Side, field: &Field, key: &str, hiding: Hiding) -> Result<bool, RunError> {
        let stage = lock(self.stage);
        Ok(match hiding {
            // A name may have parts under other keys.
            Hiding::Blank => *field != Field::Name && stage.shown(side, key)?.0 == 0,
            Hiding::Same => stage.different(side, key)? == 1,
        })
    }
}

/// Whether a contact had a value, and shows none, or another one.
fn is_hidden(contact: &Linked, side: Side, field: &Field, hiding: Hiding) -> bool {
    let half = contact.sides.of(side);
    let was = half.base.as_ref().and_then(|base| base.get(field)).filter(|value| !value.is_empty());
    let now = if let Now::Changed(record) = &half.now { record.get(field) } else { None };
    let (Some(was), Some(now)) = (was, now) else { return false };
    match hiding {
        Hiding::Blank => *now == Value::Empty,
        Hiding::Same => !now.is_empty() && !now.same(was),
    }
}

fn said(side: Side, field: &Field, hiding: Hiding, count: usize) -> String {
    let side = side.title();
    match hiding {
        Hiding::Blank => format!(
            "{side} shows nobody's {field} tonight, and {count} contacts had one: it is taken for hidden, not for empty"
        ),
        Hiding::Same => format!(
            "{side} shows one {field} of everybody tonight, and {count} contacts had others: it is taken for hidden"
        ),
    }
}
