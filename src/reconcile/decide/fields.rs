//! One record on both sides: field by field, what goes where.

use std::collections::{BTreeMap, BTreeSet};

use super::carry::{Merged, Versions, carry, no_update};
use super::conflict::{Choice, cause_of, keep_conflict, name_unseen, report_conflict, take_choice};
use super::create;
use super::enrolment;
use super::fit::{self, Fit};
use super::merge::{self, Decision, FieldState, Rules, decide};
use super::tags::{merge_tags, tags_of, write_tags};
use super::whole;
use crate::reconcile::model::{
    BaseUpdate, Family, HeldReason, Input, Link, LinkRef, Making, MatchedBy, Mode, Settle, Subject, Updating, Verdict,
    Winner, choose, conflict_id,
};
use crate::record::{Action, Both, Field, Fields, GhlPlace, Kind, Side, Target, Value, Write};

/// What makes both sides of a linked record equal.
pub fn linked(
    input: &Input<'_>,
    at: u32,
    family: &Family,
    subject: &Subject,
    link: i64,
    versions: Versions<'_>,
) -> Verdict {
    let mut merged = merge(input, family, subject, versions);
    let mut verdict = Verdict::at(at);
    verdict.and(std::mem::take(&mut merged.said));
    verdict.and(say_rejected(subject, link, versions));
    for side in Side::BOTH {
        let stored = versions.rejected.of(side).map(|rejected| rejected.stored.clone());
        verdict.settle(link, side, stored.unwrap_or_default());
    }
    for side in Side::BOTH {
        let is_news = |(field, value): &(&Field, &Value)| {
            let base = versions.base.of(side).and_then(|base| base.get(field));
            base.is_none_or(|base| !base.same(value))
        };
        let news = merged.settled.of(side).iter().filter(is_news);
        verdict.settle(link, side, news.map(|(field, value)| (field.clone(), value.clone())).collect());
    }
    let writes = write(input, verdict.next(), family, subject, LinkRef::Existing(link), versions, &merged);
    verdict.and(writes);
    if subject.kind == Kind::Contact {
        verdict.and(enrolment::changed(input, verdict.next(), family, subject, versions));
    }
    verdict
}

/// The link of two records that were found to be one, and what makes them equal. `retires` is the link that one of them
/// leaves behind.
pub fn pair(
    input: &Input<'_>,
    at: u32,
    family: &Family,
    subject: &Subject,
    versions: Versions<'_>,
    (retires, matched_by): (Option<i64>, Option<MatchedBy>),
) -> Verdict {
    let mut merged = merge(input, family, subject, versions);
    let mut verdict = Verdict::at(at);
    verdict.and(std::mem::take(&mut merged.said));
    let parent = (subject.kind != Kind::Contact).then_some(family.link);
    // Mostly it is all that a side shows: then it stands there once.
    let of = |side| merged.settled.of(side).clone().shared_with(&versions.now.of(side).fields);
    let made = Making { parent, bases: Both::from_fn(of), retires };
    let link = Link { made, matched_by, ..Link::default() };
    let made = verdict.link(family.place(subject.kind), subject, link);
    let writes = write(input, verdict.next(), family, subject, LinkRef::MadeBy(made), versions, &merged);
    verdict.and(writes);
    verdict
}

fn merge(input: &Input<'_>, family: &Family, subject: &Subject, versions: Versions<'_>) -> Merged {
    let mut merged = Merged::default();
    let mut otherwise: Vec<String> = Vec::new();
    let known: BTreeSet<&Field> = Side::BOTH.into_iter().flat_map(|side| versions.now.of(side).fields.keys()).collect();
    for field in known.into_iter().filter(|field| **field != Field::Tags) {
        let states = versions.states(field);
        let (decision, said) = decide_field(input, subject, versions, field, states);
        merged.said.and(said);
        let objection = match take_choice(input, subject, versions, field, states) {
            Choice::Taken(chosen) => {
                merged.and(*chosen);
                continue;
            }
            Choice::Cannot(why) => Some(format!("the value chosen for {field} cannot be had: {why}")),
            Choice::Lapsed => Some(format!("your choice for {field} lapsed: a side changed it again")),
            Choice::None => None,
        };
        if versions.writes_over(states, decision) {
            otherwise.push(field.to_string());
            merged.and(Merged::agreed(field, versions));
            continue;
        }
        match decision {
            Decision::Rest => merged.and(say_unseen(input, subject, versions, field, states)),
            Decision::Agree => merged.and(Merged::agreed(field, versions)),
            Decision::Take(source) => {
                let carried = carry(input, subject, versions, field, source);
                if let Some((wanted, _)) = carried.writes.of(source.other()).get(field) {
                    merged.said.and(name_unseen(input, subject, versions, field, states, (source, wanted)));
                }
                merged.and(carried);
            }
            Decision::Conflict(winner) => {
                let won = (Winner::from(winner), cause_of(states));
                merged.said.and(report_conflict(input, subject, field, states, won, None));
                merged.and(carry(input, subject, versions, field, winner));
            }
            Decision::Manual => {
                merged.said.and(keep_conflict(input, family, subject, field, states));
                let id = conflict_id(&input.pair.name, subject.kind, &subject.ids, field);
                let detail = [objection, Some(choose(field))].into_iter().flatten().collect::<Vec<_>>();
                merged.said.hold_as(id, subject, HeldReason::ManualConflict, detail.join("; "));
            }
        }
    }
    if !otherwise.is_empty() {
        let fields = otherwise.join(", ");
        let detail = format!(
            "the contact that it was merged into in GHL says otherwise than Cliengo: {fields}. Both stay as they are until somebody \
             changes one"
        );
        merged.said.hold(subject, HeldReason::MergedOtherwise, detail);
    }
    if subject.kind == Kind::Contact {
        merged.and(merge_tags(input, subject, versions));
    }
    merged
}

/// The three-way merge's decision, and what else is known of the field.
fn decide_field(
    input: &Input<'_>,
    subject: &Subject,
    versions: Versions<'_>,
    field: &Field,
    states: Both<FieldState<'_>>,
) -> (Decision, Verdict) {
    let rules = Rules {
        policy: input.pair.field_policy(subject.kind, field),
        updated: Both::from_fn(|side| versions.now.of(side).updated),
        repair: input.mode == Mode::Full,
    };
    let decision =
        if *field == Field::Due && is_given(input, versions) { Decision::Agree } else { decide(states, &rules) };
    let decision = again(versions, field, states, &rules).unwrap_or(decision);
    let decision = if is_clean(states) && versions.is_taken_back(field) { Decision::Rest } else { decision };
    let decision = if is_left_out(input, field, states) && rules.policy.direction.writes(Side::Cliengo) {
        Decision::Take(Side::Ghl)
    } else {
        decision
    };
    // I1: it cannot be told whether this is an edit; what it would replace is named.
    let decision = match decision {
        Decision::Take(side) if is_doubted(versions, side, field) => merge::conflict(&rules),
        other => other,
    };
    let decision = if is_one_text(states) { Decision::Agree } else { decision };
    let decision = carried(input, subject, versions, field, decision);
    let decision =
        whole::keep(field, states, rules.policy, decision, |side| versions.fitted(input, subject, field, side));
    let decision = if *field == Field::Name { without_filler(versions, &rules, decision) } else { decision };
    if is_clean(states) {
        kept_different(input, subject, versions, field, decision)
    } else {
        (decision, Verdict::default())
    }
}

/// Whether two texts that were never agreed upon are one: a CRM stored it in another form.
fn is_one_text(states: Both<FieldState<'_>>) -> bool {
    let was_never_agreed = states.cliengo.base.is_none() && states.ghl.base.is_none();
    matches!((states.cliengo.now, states.ghl.now), (Some(ours), Some(theirs)) if was_never_agreed && ours.is_one_text_with(theirs))
}

/// Some Cliengo accounts leave out what is empty: there, what a contact never showed counts as empty where GHL has a value.
/// It is read by id before it is written.
fn is_left_out(input: &Input<'_>, field: &Field, states: Both<FieldState<'_>>) -> bool {
    let Both { cliengo, ghl } = states;
    input.left_out.contains(field)
        && cliengo.now.is_none()
        && cliengo.base.is_none_or(Value::is_empty)
        && ghl.now.is_some_and(|now| !now.is_empty() && ghl.base.is_none_or(|base| !base.same(now)))
}

/// An edit of a mapped field that the other side does not show is not sent: it could go over anything. It is said once; what
/// that side takes only when it creates a contact becomes base, the rest goes over when it is shown again.
fn say_unseen(
    input: &Input<'_>,
    subject: &Subject,
    versions: Versions<'_>,
    field: &Field,
    states: Both<FieldState<'_>>,
) -> Merged {
    let mut merged = Merged::default();
    let edited = Side::BOTH.into_iter().find(|side| states.of(*side).is_edited());
    let (Some(source), Some(mapped)) = (edited, input.mapped(subject.kind, field)) else { return merged };
    let (side, policy) = (source.other(), input.pair.field_policy(subject.kind, field));
    if states.of(side).now.is_some() || !policy.direction.writes(side) {
        return merged;
    }
    let takes_it_once = side == Side::Ghl && matches!(&mapped.ghl, GhlPlace::Plain(field) if field.create_only);
    if takes_it_once {
        let detail = format!("{} takes a {field} only when the {} is created", side.title(), subject.kind);
        merged.said.cannot(subject, side, Action::Update, detail);
        let now = versions.now.of(source).get(field).cloned();
        merged.settled.of_mut(source).extend(now.map(|now| (field.clone(), now)));
        return merged;
    }
    let what = format!("unseen:{side}:{}:{field}", subject.link.unwrap_or_default());
    if !input.remembered.contains(&what) {
        let detail =
            format!("{} does not show its {field}: the edit stays in {} until it does", side.title(), source.title());
        merged.said.cannot(subject, side, Action::Update, detail);
        merged.said.base_updates.push(BaseUpdate::Remember { what, link: subject.link });
    }
    merged
}

/// I33: what was not kept is said once and becomes base; the other side keeps what was written.
fn say_rejected(subject: &Subject, link: i64, versions: Versions<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    for side in Side::BOTH {
        for (field, shown) in versions.rejected.of(side).iter().flat_map(|rejected| &rejected.news) {
            let detail = format!(
                "{} did not keep the {field} that was written; it is not sent again until it changes, or with --full",
                side.title()
            );
            verdict.cannot(subject, side, Action::Update, detail);
            verdict.base_updates.push(BaseUpdate::Rejected { link, side, field: field.clone() });
            verdict.settle(link, side, Fields::from([(field.clone(), shown.clone())]));
        }
    }
    verdict
}

/// `semantics` 25: with `--full`, what a side did not keep is sent to it once more, as long as nobody changed it since.
fn again(versions: Versions<'_>, field: &Field, states: Both<FieldState<'_>>, rules: &Rules<'_>) -> Option<Decision> {
    let side = Side::BOTH
        .into_iter()
        .find(|side| versions.rejected.of(*side).is_some_and(|rejected| rejected.known.contains(field)))?;
    let differ = match (versions.now.cliengo.get(field), versions.now.ghl.get(field)) {
        (Some(cliengo), Some(ghl)) => !cliengo.same_for_linking(ghl),
        _ => false,
    };
    let repairs = rules.repair && differ && is_clean(states) && rules.policy.direction.writes(side);
    repairs.then_some(Decision::Take(side.other()))
}

/// No conflict, where it is none: a value that the other side has among its further ones agrees (`semantics` 43), and one that
/// cannot be carried there replaces nothing (`semantics` 37, 42).
fn carried(
    input: &Input<'_>,
    subject: &Subject,
    versions: Versions<'_>,
    field: &Field,
    decision: Decision,
) -> Decision {
    if !matches!(field, Field::Email | Field::Phone) {
        return decision;
    }
    let has_besides = |source: Side| {
        let value = versions.now.of(source).get(field);
        value.is_some_and(|value| versions.now.of(source.other()).has_besides(field, value))
    };
    let holds_nothing = |side: Side| versions.now.of(side).get(field).is_some_and(Value::is_empty);
    match decision {
        Decision::Take(source) if has_besides(source) => Decision::Agree,
        Decision::Conflict(_) | Decision::Manual if Side::BOTH.into_iter().any(has_besides) => Decision::Agree,
        Decision::Conflict(winner) if holds_nothing(winner) => match versions.fitted(input, subject, field, winner) {
            Fit::Cannot(_) => Decision::Take(winner.other()),
            _ => decision,
        },
        Decision::Conflict(winner) => match versions.fitted(input, subject, field, winner.other()) {
            Fit::Same | Fit::Cannot(_) => Decision::Take(winner),
            Fit::Write(_) | Fit::Partly(..) => decision,
        },
        other => other,
    }
}

/// `semantics` 39: a name that a channel made up never replaces a real one, and gives way to it.
fn without_filler(versions: Versions<'_>, rules: &Rules<'_>, decision: Decision) -> Decision {
    let is_filler = |side: Side| {
        let record = versions.now.of(side);
        record.get(&Field::Name).is_some_and(|name| match name {
            Value::Name(name) => record.own_name().is_none() || name.begins_with_filler(),
            other => !other.is_empty(),
        })
    };
    let Some(filler) = Side::BOTH.into_iter().find(|side| is_filler(*side)) else { return decision };
    match decision {
        Decision::Take(source) if source != filler => decision,
        Decision::Take(_) | Decision::Conflict(_) | Decision::Manual
            if versions.now.of(filler.other()).own_name().is_some() =>
        {
            if rules.policy.direction.writes(filler) {
                Decision::Take(filler.other())
            } else {
                Decision::Agree
            }
        }
        other => other,
    }
}

/// Whether what `side` shows may only be what it did not keep.
fn is_doubted(versions: Versions<'_>, side: Side, field: &Field) -> bool {
    versions.rejected.of(side).is_some_and(|rejected| rejected.doubted.contains(field))
}

/// Whether neither side changed since both were last agreed.
fn is_clean(states: Both<FieldState<'_>>) -> bool {
    Side::BOTH.into_iter().all(|side| match (states.of(side).base, states.of(side).now) {
        (Some(base), Some(now)) => base.same(now),
        _ => false,
    })
}

/// `semantics` 25: two clean sides that differ are repaired, unless it is only that one of them cannot hold what the other
/// has, a clear among it: that is said again, and is no conflict. Nothing is emptied.
fn kept_different(
    input: &Input<'_>,
    subject: &Subject,
    versions: Versions<'_>,
    field: &Field,
    decision: Decision,
) -> (Decision, Verdict) {
    let nothing = Verdict::default();
    let winner = match decision {
        Decision::Conflict(winner) => winner,
        Decision::Manual => Side::Ghl,
        Decision::Rest | Decision::Agree | Decision::Take(_) => return (decision, nothing),
    };
    let side = winner.other();
    // `semantics` 41: what a CRM made of what it was sent is never carried back.
    let values = (versions.now.of(winner).get(field), versions.now.of(side).get(field));
    if matches!(values, (Some(stored), Some(sent)) if stored.is_stored_form_of(sent)) {
        return (Decision::Rest, nothing);
    }
    match [side, winner].map(|target| versions.fitted(input, subject, field, target)) {
        [Fit::Same, _] => (Decision::Rest, nothing),
        // Nobody emptied anything: the one that has nothing could not take what the other has.
        [Fit::Cannot(_), Fit::Cannot(cannot) | Fit::Partly(_, cannot)] if values.0.is_some_and(Value::is_empty) => {
            (Decision::Rest, Verdict::unsupported(subject, winner, Action::Update, cannot))
        }
        [Fit::Cannot(cannot), _] => (Decision::Rest, Verdict::unsupported(subject, side, Action::Update, cannot)),
        // What a person left there, and could not be sent, is not written over.
        [_, Fit::Cannot(cannot) | Fit::Partly(_, cannot)] => {
            (Decision::Rest, Verdict::unsupported(subject, winner, Action::Update, cannot))
        }
        _ if values.0.is_some_and(Value::is_empty) => (Decision::Rest, nothing),
        _ => match no_update(input, subject, winner) {
            Some(cannot) => (Decision::Rest, Verdict::unsupported(subject, winner, Action::Update, cannot)),
            None => (decision, nothing),
        },
    }
}

/// The one's due date is what the other, which has none, was given for a counterpart: when two tasks become one, and
/// as long as nobody changed it (`semantics` 15).
fn is_given(input: &Input<'_>, versions: Versions<'_>) -> bool {
    let default_due = input.pair.tasks.default_due;
    let untouched = Side::BOTH.into_iter().all(|side| {
        let (base, now) =
            (versions.base.of(side).and_then(|base| base.get(&Field::Due)), versions.now.of(side).get(&Field::Due));
        match (base, now) {
            (Some(base), Some(now)) => base.same(now),
            _ => versions.base.of(side).is_none(),
        }
    });
    untouched
        && Side::BOTH.into_iter().any(|side| {
            let due = versions.now.of(side.other()).get(&Field::Due);
            fit::is_synthetic(versions.now.of(side), due, default_due)
        })
}

fn write(
    input: &Input<'_>,
    at: u32,
    family: &Family,
    subject: &Subject,
    link: LinkRef,
    versions: Versions<'_>,
    merged: &Merged,
) -> Verdict {
    let mut verdict = Verdict::at(at);
    for side in Side::BOTH {
        let Some(id) = subject.ids.tagged(side) else { continue };
        let target = Target::Existing(id);
        let writes = merged.writes.of(side);
        let current = versions.now.of(side);
        if let (LinkRef::Existing(link), false, true) = (link, writes.is_empty(), input.appends(side, subject.kind)) {
            let source = versions.now.of(side.other());
            verdict.and(create::instead(input, verdict.next(), family, subject, (link, side, source), &merged.chosen));
        } else if !writes.is_empty() {
            let only_completion = writes.keys().all(|field| *field == Field::Completed);
            let completes = only_completion && input.capabilities.of(side).complete_endpoint;
            let set = writes.iter().map(|(field, (wanted, _))| (field.clone(), wanted.clone())).collect();
            let place = (target.clone(), family.parent(subject.kind, side));
            let write = Write::update(subject.kind, place, set, &current.fields, completes);
            let settle = settle(link, side, writes, &merged.chosen);
            verdict.write(input, family.place(subject.kind), subject, side, side.other(), (write, settle));
        }
        if let Some(news) = merged.tags.of(side.other()) {
            let stand = tags_of(current);
            verdict.and(write_tags(input, verdict.next(), family, subject, link, (side, target), news, stand.as_ref()));
        }
    }
    verdict
}

/// What the bases take of an update, besides what is written.
fn settle(
    link: LinkRef,
    side: Side,
    writes: &BTreeMap<Field, (Value, Option<Value>)>,
    chosen: &BTreeMap<Field, String>,
) -> Settle {
    let mut update = Updating { link: Some(link), ..Updating::default() };
    *update.bases.of_mut(side.other()) =
        writes.iter().filter_map(|(field, (_, listed))| Some((field.clone(), listed.clone()?))).collect();
    update.chosen = chosen.iter().filter(|(field, _)| writes.contains_key(field)).map(|(_, id)| id.clone()).collect();
    Settle::Update(Box::new(update))
}
