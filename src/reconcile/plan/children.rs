//! Tasks and notes, each under its contact.

use std::collections::BTreeMap;
use std::time::Duration;

use super::create::plan_child;
use super::draft::Draft;
use super::update::{Story, plan_linked, plan_pair};
use super::{missing, task_mirror};
use crate::reconcile::decide::fit::is_synthetic;
use crate::reconcile::model::{Children, Family, HeldReason, Linked, MatchedBy, Subject, Unlinked};
use crate::record::{Both, Field, Ids, Kind, Record, Side, Value};

/// Plans everything under one contact that both sides have, or will have.
pub fn plan_children(draft: &mut Draft<'_>, family: &Family, brood: &Children<'_>) {
    for linked in &brood.linked {
        plan_one(draft, family, linked);
    }
    for kind in [Kind::Task, Kind::Note] {
        let both_list = Side::BOTH.into_iter().all(|side| draft.input.can(side, kind).list);
        if both_list {
            pair_off(draft, family, brood, kind);
        }
    }
    task_mirror::plan(draft, family, brood);
}

fn plan_one(draft: &mut Draft<'_>, family: &Family, linked: &Linked) {
    let subject =
        Subject { kind: linked.kind, ids: linked.ids.clone(), label: linked.label(), link: Some(linked.link) };
    match Story::of(linked) {
        Some(story) => plan_linked(draft, family, &subject, linked.link, story),
        None => missing::plan_child(draft, family, &subject, linked),
    }
}

/// `semantics` 9: equal keys pair off in order of creation; only the surplus is created.
fn pair_off(draft: &mut Draft<'_>, family: &Family, brood: &Children<'_>, kind: Kind) {
    let mut piles: BTreeMap<String, Both<Vec<&Unlinked>>> = BTreeMap::new();
    for side in Side::BOTH {
        for child in brood.loose.of(side).iter().filter(|child| child.kind == kind) {
            if let Some(detail) = draft.input.apart(kind, &child.id) {
                draft.hold(&Subject::of(child), HeldReason::Apart, detail);
                continue;
            }
            piles.entry(key(&child.record)).or_default().of_mut(side).push(child);
        }
    }
    let default_due = draft.input.pair.tasks.default_due;
    let mut surplus = Both::<Vec<&Unlinked>>::default();
    for (_, mut pile) in piles {
        for side in Side::BOTH {
            pile.of_mut(side).sort_by_key(|child| (child.record.created, child.id.clone()));
        }
        // The very instant first, then what a date without a time, or none, can mean.
        for exactly in [true, false] {
            let mut left = Vec::new();
            for cliengo in std::mem::take(&mut pile.cliengo) {
                let is_it = |ghl: &&Unlinked| due_at_once(&cliengo.record, &ghl.record, exactly, default_due);
                match pile.ghl.iter().position(is_it) {
                    Some(at) => link_children(draft, family, cliengo, pile.ghl.remove(at)),
                    None => left.push(cliengo),
                }
            }
            pile.cliengo = left;
        }
        surplus.cliengo.append(&mut pile.cliengo);
        surplus.ghl.append(&mut pile.ghl);
    }
    create_surplus(draft, family, kind, &surplus);
}

fn create_surplus(draft: &mut Draft<'_>, family: &Family, kind: Kind, surplus: &Both<Vec<&Unlinked>>) {
    for side in Side::BOTH {
        let other = side.other();
        // What a create with an unknown outcome may have made on this side has its source on the other one already.
        let may_be_ours = surplus.of(other).iter().any(|child| draft.input.pending.contains(&(kind, child.id.clone())));
        if may_be_ours {
            continue;
        }
        let mut children = surplus.of(side).clone();
        children.sort_by_key(|child| (child.record.created, child.id.clone()));
        // A side that could not list this contact's children may hold the counterparts: nothing is created there.
        let is_listed = family.is_listed(draft.input, other, kind);
        for child in children {
            if is_listed {
                plan_child(draft, family, child, None);
            } else if draft.input.policy(kind).direction.writes(other) {
                hold_unlisted(draft, child, other);
            }
        }
    }
}

fn hold_unlisted(draft: &mut Draft<'_>, child: &Unlinked, other: Side) {
    let subject =
        Subject { kind: child.kind, ids: Ids::one(child.id.clone()), label: child.record.label(), link: None };
    let detail =
        format!("the {}s of its contact in {} could not be read: it may be there already", child.kind, other.title());
    draft.hold(&subject, HeldReason::Unlisted, detail);
}

fn link_children(draft: &mut Draft<'_>, family: &Family, cliengo: &Unlinked, ghl: &Unlinked) {
    let mut ids = Ids::one(cliengo.id.clone());
    ids.insert(ghl.id.clone());
    let subject = Subject { kind: cliengo.kind, ids, label: ghl.record.label(), link: None };
    let story = Story::new(&cliengo.record, &ghl.record);
    let matched_by = if cliengo.kind == Kind::Task { MatchedBy::Title } else { MatchedBy::Text };
    plan_pair(draft, family, &subject, story, None, Some(matched_by));
}

/// What two children of one contact must share to be the same: a note's text, a task's title.
fn key(record: &Record) -> String {
    let field = if record.get(&Field::Title).is_some() { Field::Title } else { Field::Body };
    record.get(&field).map(Value::shown).unwrap_or_default()
}

/// Whether two tasks of one title are due at once; notes are. A task without a date is due when its counterpart was
/// given one for it.
fn due_at_once(cliengo: &Record, ghl: &Record, exactly: bool, default_due: Duration) -> bool {
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
