//! A field that everybody had, and that nobody has tonight, or all the same. (`semantics` 40, 52)

use std::collections::BTreeMap;

use super::Gathering;
use crate::reconcile::{Inconclusive, Linked, Now};
use crate::record::{Field, Ids, Kind, Side, Value};
use crate::run::error::RunError;
use crate::run::session::lock;

/// What tells who a contact is.
const TELLING: [Field; 3] = [Field::Name, Field::Email, Field::Phone];

/// What of it may be empty, and how both CRMs call it.
const KEYS: [(Field, &str); 2] = [(Field::Email, "email"), (Field::Phone, "phone")];

impl Gathering<'_, '_> {
    /// Where a list shows one and the same new value of many, it is hidden behind it: it is unknown, and nobody's is written.
    pub(super) fn doubt_the_same(&mut self, contacts: &mut [Linked]) {
        for side in Side::BOTH {
            for field in &TELLING {
                let mut counts: BTreeMap<String, usize> = BTreeMap::new();
                for value in contacts.iter().filter_map(|contact| taken_value(contact, side, field)) {
                    *counts.entry(value).or_default() += 1;
                }
                counts.retain(|_, count| *count as u64 >= self.job.pair.guard.min_records);
                for (value, count) in counts {
                    let took =
                        |contact: &&mut Linked| taken_value(contact, side, field).as_deref() == Some(value.as_str());
                    for contact in contacts.iter_mut().filter(took) {
                        if let Now::Changed(record) = &mut contact.sides.of_mut(side).now {
                            record.fields.remove(field);
                        }
                    }
                    let side = side.title();
                    let why = format!(
                        "{side} shows one {field} of {count} contacts tonight, which had others: it is taken for hidden"
                    );
                    self.everybodys(why);
                }
            }
        }
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
                    if let Now::Changed(record) = &mut contact.sides.of_mut(side).now {
                        record.fields.remove(field);
                    }
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

/// The value that a contact shows instead of another one.
fn taken_value(contact: &Linked, side: Side, field: &Field) -> Option<String> {
    let half = contact.sides.of(side);
    let was = half.base.as_ref().and_then(|base| base.get(field)).filter(|value| !value.is_empty())?;
    let Now::Changed(record) = &half.now else { return None };
    let now = record.get(field).filter(|value| !value.is_empty() && !value.same(was))?;
    Some(now.shown())
}
