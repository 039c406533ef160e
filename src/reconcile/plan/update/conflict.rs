//! Where both sides tell of one field, and not the same: what the report names, what a person is asked, and what they chose.

use super::{Story, Verdicts, propagate, target};
use crate::config::{ConflictPolicy, Direction};
use crate::reconcile::decide::Sight;
use crate::reconcile::decide::fit::{Fit, is_synthetic};
use crate::reconcile::model::{Cause, Conflict, Disputed, Family, Settlement, Subject, Winner, conflict_id};
use crate::reconcile::plan::draft::Draft;
use crate::record::{Both, Field, Ids, Kind, Record, Side, Value};

pub(super) fn report_conflict(
    draft: &mut Draft<'_>,
    subject: &Subject,
    field: &Field,
    sights: Both<Sight<'_>>,
    (winner, cause): (Winner, Cause),
    chosen: Option<&Value>,
) -> String {
    let json = |value: Option<&Value>| value.map_or(serde_json::Value::Null, Value::json);
    let id = conflict_id(&draft.input.pair.name, subject.kind, &subject.ids, field);
    draft.conflicts.push(Conflict {
        id: id.clone(),
        kind: subject.kind,
        ids: subject.ids.clone(),
        label: subject.label.clone(),
        field: field.clone(),
        base: json(sights.ghl.base.or(sights.cliengo.base)),
        cliengo: json(sights.cliengo.now),
        ghl: json(sights.ghl.now),
        winner,
        cause,
        chosen: chosen.map(Value::json),
    });
    id
}

/// Why a field has these two values.
pub(super) fn cause_of(sights: Both<Sight<'_>>) -> Cause {
    let [cliengo, ghl] = [sights.cliengo, sights.ghl];
    if cliengo.is_edited() && ghl.is_edited() {
        Cause::BothChanged
    } else if cliengo.base.is_none() || ghl.base.is_none() {
        Cause::NeverHad
    } else {
        Cause::Doubted
    }
}

/// Keeps a conflict for a person to decide.
pub(super) fn dispute(
    draft: &mut Draft<'_>,
    family: &Family,
    subject: &Subject,
    field: &Field,
    sights: Both<Sight<'_>>,
    id: &str,
) {
    let (Some(cliengo), Some(ghl)) = (sights.cliengo.now, sights.ghl.now) else { return };
    draft.met.insert(id.to_owned());
    draft.settlements.push(Settlement::Disputed(Box::new(Disputed {
        id: id.to_owned(),
        kind: subject.kind,
        ids: subject.ids.clone(),
        parent: if subject.kind == Kind::Contact { Ids::default() } else { family.ids.clone() },
        label: subject.label.clone(),
        field: field.clone(),
        base: sights.ghl.base.or(sights.cliengo.base).cloned(),
        now: Both { cliengo: cliengo.clone(), ghl: ghl.clone() },
    })));
}

/// What became of a person's choice for a field.
pub(super) enum Choice {
    /// There is none, or it is done.
    None,
    /// It is planned.
    Taken,
    /// A side changed since: it is void.
    Lapsed,
    /// A side cannot hold it.
    Cannot(String),
}

/// Plans what a person chose, where the conflict is still the one that was shown.
pub(super) fn take_choice(
    draft: &mut Draft<'_>,
    subject: &Subject,
    story: Story<'_>,
    field: &Field,
    sights: Both<Sight<'_>>,
    verdicts: &mut Verdicts,
) -> Choice {
    let input = draft.input;
    let policy = input.pair.field_policy(subject.kind, field);
    let asks = policy.conflict == ConflictPolicy::Manual && policy.direction == Direction::Both;
    let (true, false, Some(cliengo), Some(ghl)) = (asks, input.disputes.is_empty(), sights.cliengo.now, sights.ghl.now)
    else {
        return Choice::None;
    };
    let id = conflict_id(&input.pair.name, subject.kind, &subject.ids, field);
    let Some(dispute) = input.disputes.get(&id).filter(|dispute| dispute.take.is_some() && !cliengo.same(ghl)) else {
        return Choice::None;
    };
    let Some(value) = dispute.chosen(Both { cliengo, ghl }) else { return Choice::Lapsed };
    let had_by = Side::BOTH.into_iter().find(|side| sights.of(*side).now.is_some_and(|now| now.same(value)));
    if let Some(source) = had_by {
        report_conflict(draft, subject, field, sights, (Winner::from(source), cause_of(sights)), None);
        propagate(draft, subject, story, field, source, verdicts);
    } else if let Err(why) = impose(draft, subject, story, field, value, verdicts) {
        return Choice::Cannot(why);
    } else {
        report_conflict(draft, subject, field, sights, (Winner::Chosen, cause_of(sights)), Some(value));
    }
    draft.met.insert(id.clone());
    verdicts.chosen.insert(field.clone(), id);
    Choice::Taken
}

/// Lets both sides take a value that neither has. Neither shadow moves for the other's write: until both were done, the
/// choice stands.
fn impose(
    draft: &Draft<'_>,
    subject: &Subject,
    story: Story<'_>,
    field: &Field,
    value: &Value,
    verdicts: &mut Verdicts,
) -> Result<(), String> {
    if let Some(objection) = draft.input.mapped(field).and_then(|mapped| mapped.objection(value)) {
        return Err(objection);
    }
    let mut wanted = Vec::new();
    for side in Side::BOTH {
        let other: &Record = story.now.of(side.other());
        let source = other.clone().with(field.clone(), value.clone());
        match target(draft, subject, story, field, side).fit(field, &source) {
            Fit::Same => {}
            Fit::Write(value) if draft.input.can(side, subject.kind).update => wanted.push((side, value)),
            Fit::Write(_) => return Err(format!("{} has no {} update", side.title(), subject.kind)),
            Fit::Partly(_, why) | Fit::Cannot(why) => return Err(why),
        }
    }
    for (side, value) in wanted {
        verdicts.writes.of_mut(side).insert(field.clone(), (value, None));
    }
    Ok(())
}

/// I1: an edit on `source` that replaces what that side never had, since it did not keep it or cannot hold it, stands; and what it
/// replaces is named.
pub(super) fn name_unseen(
    draft: &mut Draft<'_>,
    subject: &Subject,
    story: Story<'_>,
    field: &Field,
    sights: Both<Sight<'_>>,
    source: Side,
    wanted: &Value,
) {
    let is_later = sights.of(source).is_edited() && !sights.of(source.other()).is_edited();
    let (Some(known), theirs) = (story.base.of(source), story.now.of(source.other())) else { return };
    let (Some(before), Some(replaced)) = (known.get(field), theirs.get(field)) else { return };
    let was_entered = match field {
        Field::Due => !is_synthetic(known, Some(replaced), draft.input.pair.tasks.default_due),
        Field::Email => !theirs.has_placeholder_email(),
        _ => true,
    };
    let is_known =
        replaced.is_empty() || before.same_for_linking(replaced) || replaced.not_kept(before, wanted).is_some();
    if is_later && was_entered && !is_known {
        let sights = Both::from_fn(|side| Sight { base: Some(before), now: sights.of(side).now });
        report_conflict(draft, subject, field, sights, (Winner::from(source), Cause::NeverHad), None);
    }
}
