//! One half of a link, as a listing shows it: whether it is whole, changed, or not kept as it was written.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::reconcile::{Half, Now};
use crate::record::{Field, Kind, Record, Side, Value};
use crate::run::gathered::covers;
use crate::state::Attempt;

/// How far a CRM's own times of one write may be apart (`GHL API notes, 5`).
const OWN_WRITE: SignedDuration = SignedDuration::from_secs(5);

/// I33: a CRM that shows again what stood there before our write did not keep it. That is no edit: the base takes it, so
/// that it does not go back over what was written. In a record that was changed since, a person may have put it back: if
/// nothing else in it explains the change, they did.
pub(super) fn notice_rejected(half: &mut Half, now: &Now, attempts: &BTreeMap<Field, Attempt>) {
    let (Now::Changed(record), Some(base)) = (now, &mut half.base) else { return };
    let differing = |(field, value): (&Field, &Value)| base.get(field).is_some_and(|base| !base.same(value));
    let is_alone = record.fields.iter().filter(|shown| differing(*shown)).count() == 1;
    for (field, attempt) in attempts {
        let (Some(shown), Some(written)) = (record.get(field), base.get(field)) else { continue };
        let since = attempt.updated.zip(record.updated).map(|(ours, now)| now.duration_since(ours));
        let touched_since = since.is_some_and(|since| since > OWN_WRITE);
        let is_cut = since.is_some() && !touched_since && shown.is_beginning_of(written);
        // A person may have rounded a number, too.
        let is_form = shown.is_stored_form_of(written) && !(touched_since && matches!(shown, Value::Number(_)));
        if (is_form || is_cut) && !shown.same(&attempt.before) {
            half.rejected.stored.insert(field.clone(), shown.clone());
            continue;
        }
        let Some(instead) = shown.not_kept(&attempt.before, written) else { continue };
        match shown {
            // Of two values each is what stood before the other.
            Value::Flag(_) if touched_since => {}
            _ if touched_since && is_alone => {}
            // An empty field wins nothing by doubt.
            Value::Empty => half.rejected.news.extend([(field.clone(), instead)]),
            _ if touched_since => half.rejected.doubted.extend([field.clone()]),
            _ => half.rejected.news.extend([(field.clone(), instead)]),
        }
    }
    base.fields.extend(half.rejected.stored.clone());
    base.fields.extend(half.rejected.news.iter().map(|(field, instead)| (field.clone(), instead.clone())));
}

/// Why nothing can be done with a record, of which too little can be read; `None`: enough can. (`semantics` 40, 49)
pub(super) fn lacking(kind: Kind, record: &Record, is_linked: bool) -> Option<String> {
    let mut needed = kind.needed(is_linked).iter();
    if kind == Kind::Contact {
        // What was not said may be nothing at all.
        return needed.find_map(|field| record.unreadable.get(field).cloned());
    }
    let missing = needed.find(|field| record.get(field).is_none())?;
    let unreadable = record.unreadable.get(missing).cloned();
    let what = if *missing == Field::Body { "text" } else { missing.as_str() };
    Some(unreadable.unwrap_or_else(|| format!("the {kind} came without its {what}")))
}

/// What could not be read keeps a record from being as it was: nothing is written over it. Further e-mails and phones are
/// looked at too: what is among them agrees. (`semantics` 43)
pub(super) fn unchanged_if_equal(now: Now, base: Option<&Record>) -> Now {
    match (now, base) {
        (Now::Changed(record), Some(base))
            if record.unreadable.is_empty()
                && covers(base, &record)
                && (&base.place, &base.status) == (&record.place, &record.status)
                && base.also == record.also =>
        {
            Now::Unchanged
        }
        (now, _) => now,
    }
}

/// Whether one absence is not enough: where a list per contact, or one without a total, is all there is. GHL's list of a
/// contact's notes is believed.
pub(super) fn needs_two_looks(kind: Kind, side: Side) -> bool {
    kind.is_child() && (side, kind) != (Side::Ghl, Kind::Note)
}
