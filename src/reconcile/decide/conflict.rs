//! Where both sides tell of one field, and not the same: what the report names, what a person is asked, and what they chose.

use super::carry::{Merged, Versions, carry};
use super::fit::{self, Fit, is_synthetic};
use super::merge::FieldState;
use super::whole::is_cut_of;
use crate::config::{ConflictPolicy, Direction};
use crate::reconcile::model::{
    BaseUpdate, Cause, Conflict, Family, Input, OpenedConflict, Subject, Verdict, Winner, conflict_id,
};
use crate::record::{Both, Field, Ids, Kind, Record, Side, Value};

/// Names a conflict, and who wins it.
pub(super) fn report_conflict(
    input: &Input<'_>,
    subject: &Subject,
    field: &Field,
    states: Both<FieldState<'_>>,
    (winner, cause): (Winner, Cause),
    chosen: Option<&Value>,
) -> Verdict {
    let json = |value: Option<&Value>| value.map_or(serde_json::Value::Null, Value::json);
    let mut verdict = Verdict::default();
    verdict.conflicts.push(Conflict {
        id: conflict_id(&input.pair.name, subject.kind, &subject.ids, field),
        kind: subject.kind,
        ids: subject.ids.clone(),
        label: subject.label.clone(),
        field: field.clone(),
        base: json(states.ghl.base.or(states.cliengo.base)),
        cliengo: json(states.cliengo.now),
        ghl: json(states.ghl.now),
        winner,
        cause,
        chosen: chosen.map(Value::json),
        kept: false,
    });
    verdict
}

/// Why a field has these two values.
pub(super) fn cause_of(states: Both<FieldState<'_>>) -> Cause {
    let [cliengo, ghl] = [states.cliengo, states.ghl];
    if cliengo.is_edited() && ghl.is_edited() {
        Cause::BothChanged
    } else if cliengo.base.is_none() || ghl.base.is_none() {
        Cause::NeverHad
    } else {
        Cause::Doubted
    }
}

/// Keeps a conflict for a person to decide.
pub(super) fn keep_conflict(
    input: &Input<'_>,
    family: &Family,
    subject: &Subject,
    field: &Field,
    states: Both<FieldState<'_>>,
) -> Verdict {
    let mut verdict = report_conflict(input, subject, field, states, (Winner::Manual, cause_of(states)), None);
    let (Some(cliengo), Some(ghl)) = (states.cliengo.now, states.ghl.now) else { return verdict };
    let id = conflict_id(&input.pair.name, subject.kind, &subject.ids, field);
    verdict.met.insert(id.clone());
    verdict.base_updates.push(BaseUpdate::OpenedConflict(Box::new(OpenedConflict {
        id,
        kind: subject.kind,
        ids: subject.ids.clone(),
        parent: if subject.kind == Kind::Contact { Ids::default() } else { family.ids.clone() },
        label: subject.label.clone(),
        field: field.clone(),
        base: states.ghl.base.or(states.cliengo.base).cloned(),
        now: Both { cliengo: cliengo.clone(), ghl: ghl.clone() },
    })));
    verdict
}

/// What became of a person's choice for a field.
pub(super) enum Choice {
    /// There is none, or it is done.
    None,
    /// It is planned.
    Taken(Box<Merged>),
    /// A side changed since: it is void.
    Lapsed,
    /// A side cannot hold it.
    Cannot(String),
}

/// What a person chose, where the conflict is still the one that was shown.
pub(super) fn take_choice(
    input: &Input<'_>,
    subject: &Subject,
    versions: Versions<'_>,
    field: &Field,
    states: Both<FieldState<'_>>,
) -> Choice {
    let policy = input.pair.field_policy(subject.kind, field);
    let asks = policy.conflict == ConflictPolicy::Manual && policy.direction == Direction::Both;
    let (true, false, Some(cliengo), Some(ghl)) =
        (asks, input.pending_conflicts.is_empty(), states.cliengo.now, states.ghl.now)
    else {
        return Choice::None;
    };
    let id = conflict_id(&input.pair.name, subject.kind, &subject.ids, field);
    let Some(pending_conflict) = input
        .pending_conflicts
        .get(&id)
        .filter(|pending_conflict| pending_conflict.take.is_some() && !cliengo.same(ghl))
    else {
        return Choice::None;
    };
    let Some(value) = pending_conflict.chosen(Both { cliengo, ghl }) else { return Choice::Lapsed };
    let had_by = Side::BOTH.into_iter().find(|side| states.of(*side).now.is_some_and(|now| now.same(value)));
    let (mut merged, winner, chosen) = match had_by {
        Some(source) => (carry(input, subject, versions, field, source), Winner::from(source), None),
        None => match impose(input, subject, versions, field, value) {
            Ok(merged) => (merged, Winner::Chosen, Some(value)),
            Err(why) => return Choice::Cannot(why),
        },
    };
    merged.said.and(report_conflict(input, subject, field, states, (winner, cause_of(states)), chosen));
    merged.said.met.insert(id.clone());
    merged.chosen.insert(field.clone(), id);
    Choice::Taken(Box::new(merged))
}

/// Lets both sides take a value that neither has. Neither base moves for the other's write: until both were done, the
/// choice stands.
fn impose(
    input: &Input<'_>,
    subject: &Subject,
    versions: Versions<'_>,
    field: &Field,
    value: &Value,
) -> Result<Merged, String> {
    let mapped = input.mapped(subject.kind, field);
    let mut objections = Side::BOTH.into_iter().filter_map(|side| mapped?.objection(side, value));
    if let Some(objection) = objections.next() {
        return Err(objection);
    }
    let mut merged = Merged::default();
    for side in Side::BOTH {
        let other: &Record = versions.now.of(side.other());
        let source = other.clone().with(field.clone(), value.clone());
        let target = fit::Target::of(input, side, subject.kind, Some(versions.now.of(side)), field);
        match target.fit(field, &source) {
            Fit::Same => {}
            Fit::Write(value) | Fit::Partly(value @ Value::Body(_), _) if input.can(side, subject.kind).update => {
                merged.writes.of_mut(side).insert(field.clone(), (value, None));
            }
            Fit::Write(_) => return Err(format!("{} has no {} update", side.title(), subject.kind)),
            Fit::Partly(_, why) | Fit::Cannot(why) => return Err(why),
        }
    }
    Ok(merged)
}

/// I1: an edit on `source` that replaces what that side never had, since it did not keep it or cannot hold it, stands; and what it
/// replaces is named.
pub(super) fn name_unseen(
    input: &Input<'_>,
    subject: &Subject,
    versions: Versions<'_>,
    field: &Field,
    states: Both<FieldState<'_>>,
    (source, wanted): (Side, &Value),
) -> Verdict {
    let is_later = states.of(source).is_edited() && !states.of(source.other()).is_edited();
    let (Some(known), theirs) = (versions.base.of(source), versions.now.of(source.other())) else {
        return Verdict::default();
    };
    let (Some(before), Some(replaced)) = (known.get(field), theirs.get(field)) else { return Verdict::default() };
    let was_entered = match field {
        Field::Due => !is_synthetic(known, Some(replaced), input.pair.tasks.default_due),
        Field::Email => !theirs.has_placeholder_email(),
        _ => true,
    };
    let is_known = replaced.is_empty()
        || before.same_for_linking(replaced)
        || replaced.not_kept(before, wanted).is_some()
        || is_cut_of(replaced, before, source);
    if !is_later || !was_entered || is_known {
        return Verdict::default();
    }
    let states = Both::from_fn(|side| FieldState { base: Some(before), now: states.of(side).now });
    report_conflict(input, subject, field, states, (Winner::from(source), Cause::NeverHad), None)
}
