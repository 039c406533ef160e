//! When two tasks or notes of one contact are one. (`semantics` 9)

use std::time::Duration;

use crate::reconcile::decide::fit::is_synthetic;
use crate::record::{Field, Record, Value};

/// What two children of one contact must share to be the same: a note's text, a task's title.
pub(super) fn key(record: &Record) -> String {
    let field = if record.get(&Field::Title).is_some() { Field::Title } else { Field::Body };
    record.get(&field).map(Value::shown).unwrap_or_default()
}

/// Whether two of one key say the same besides, as far as both tell.
pub(super) fn says_the_same(one: &Record, other: &Record) -> bool {
    [Field::Body, Field::Completed].iter().all(|field| match (one.get(field), other.get(field)) {
        (Some(one), Some(other)) => one.same(other),
        _ => true,
    })
}

/// Whether two notes are of one text, one of them in the form in which a CRM stored it.
pub(super) fn is_one_text(one: &Record, other: &Record) -> bool {
    one.get(&Field::Title).is_none()
        && matches!((one.get(&Field::Body), other.get(&Field::Body)), (Some(one), Some(other)) if one.is_one_text_with(other))
}

/// Whether two tasks of one title are due at once; notes are. A task without a date is due when its counterpart was
/// given one for it.
pub(super) fn due_at_once(cliengo: &Record, ghl: &Record, exactly: bool, default_due: Duration) -> bool {
    match (cliengo.get(&Field::Due), ghl.get(&Field::Due)) {
        (Some(Value::Due(one)), Some(Value::Due(other))) if exactly => one.timed == other.timed && one.same(other),
        (Some(Value::Due(one)), Some(Value::Due(other))) => one.same(other),
        (Some(Value::Empty), due @ Some(Value::Due(_))) => is_synthetic(cliengo, due, default_due),
        (due @ Some(Value::Due(_)), Some(Value::Empty)) => is_synthetic(ghl, due, default_due),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::record::Due;

    const WEEK: Duration = Duration::from_hours(7 * 24);

    /// A task that was created at noon of the 1st; `""`: it has no date.
    fn task(due: &str) -> Record {
        let due = Due::parse(due, &TimeZone::UTC).map_or(Value::Empty, Value::Due);
        let created = "2026-11-01T12:00:00Z".parse().ok();
        Record { created, ..Record::default().with(Field::Due, due) }
    }

    #[test]
    fn tasks_of_one_title_pair_off_where_their_dates_can_mean_the_same() {
        let cases = [
            // Cliengo's, GHL's, whether they are the same exactly, and whether they can be.
            ("2026-12-24T15:00:00Z", "2026-12-24T15:00:00.000Z", true, true),
            ("2026-12-24", "2026-12-24", true, true),
            ("2026-12-24", "2026-12-24T15:00:00Z", false, true),
            ("2026-12-24T15:00:00Z", "2026-12-24T16:00:00Z", false, false),
            ("2026-12-24", "2026-12-25", false, false),
            // Seven days after its creation: the date that a task without one gets.
            ("", "2026-11-08T12:00:00Z", true, true),
            ("", "2026-11-09T12:00:00Z", false, false),
            ("2026-11-08T12:00:00Z", "", true, true),
            ("2026-11-09T12:00:00Z", "", false, false),
            ("", "", true, true),
        ];
        for (cliengo, ghl, exactly, perhaps) in cases {
            let (one, other) = (task(cliengo), task(ghl));
            let found = [true, false].map(|exactly| due_at_once(&one, &other, exactly, WEEK));
            assert_eq!(found, [exactly, perhaps], "{cliengo:?} and {ghl:?}");
        }
        let note = Record::default();
        assert!(due_at_once(&note, &note, true, WEEK), "notes have no dates");
    }
}
