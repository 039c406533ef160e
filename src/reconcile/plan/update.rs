//! One story that both sides tell: field by field, what goes where.

mod conflict;
mod tags;

use std::collections::{BTreeMap, BTreeSet};

use conflict::{Choice, cause_of, dispute, name_unseen, report_conflict, take_choice};
pub use tags::plan_tags;
use tags::{judge_tags, tags_of};

use super::draft::Draft;
use crate::reconcile::decide::fit::{self, Fit};
use crate::reconcile::decide::{self, Decision, Rules, Sight, TagNews, decide};
use crate::reconcile::model::{
    Change, Family, HeldReason, LinkRef, Linked, MatchedBy, Mode, Rejected, Settle, Settlement, Subject, Winner, choose,
};
use crate::record::{Action, Both, Field, GhlPlace, Kind, Mapped, Record, Side, Target, Value, Write};

/// Both sides of one story.
#[derive(Clone, Copy, Debug)]
pub struct Story<'a> {
    /// As last agreed; `None` where it was never.
    pub base: Both<Option<&'a Record>>,
    /// As they are.
    pub now: Both<&'a Record>,
    /// Fields that a side did not keep as they were written.
    pub rejected: Both<Option<&'a Rejected>>,
    /// Fields that an undo took back.
    pub taken_back: Option<&'a BTreeSet<Field>>,
}

impl<'a> Story<'a> {
    /// A story that was never agreed upon.
    #[must_use]
    pub const fn new(cliengo: &'a Record, ghl: &'a Record) -> Self {
        Self {
            base: Both { cliengo: None, ghl: None },
            now: Both { cliengo, ghl },
            rejected: Both { cliengo: None, ghl: None },
            taken_back: None,
        }
    }

    /// A linked record's story; `None` where one half was not seen.
    #[must_use]
    pub fn of(linked: &'a Linked) -> Option<Self> {
        let now = Both { cliengo: linked.sides.cliengo.seen()?, ghl: linked.sides.ghl.seen()? };
        let base = Both::from_fn(|side| linked.sides.of(side).base.as_ref());
        let rejected = Both::from_fn(|side| Some(&linked.sides.of(side).rejected));
        Some(Self { base, now, rejected, taken_back: Some(&linked.taken_back) })
    }
}

impl Story<'_> {
    /// Whether an undo took a field back: both sides differ on purpose, until somebody changes one. (`semantics` 61)
    fn is_taken_back(&self, field: &Field) -> bool {
        self.taken_back.is_some_and(|fields| fields.contains(field))
    }
}

/// What a story comes to, before it is planned.
#[derive(Debug, Default)]
struct Verdicts {
    /// Values that each side is to take: what it will hold, and what the other side's shadow takes then; `None`: nothing,
    /// since the other side is to take it too.
    writes: Both<BTreeMap<Field, (Value, Option<Value>)>>,
    /// What each side's shadow takes at once.
    settled: Both<BTreeMap<Field, Value>>,
    /// Each side's tags.
    tags: Both<Option<TagNews>>,
    /// The conflicts of fields for which a person chose a value.
    chosen: BTreeMap<Field, String>,
}

/// Plans what makes both sides of a linked record equal.
pub fn plan_linked(draft: &mut Draft<'_>, family: &Family, subject: &Subject, link: i64, story: Story<'_>) {
    let verdicts = judge(draft, family, subject, story);
    say_rejected(draft, subject, link, story);
    for side in Side::BOTH {
        let stored = story.rejected.of(side).map(|rejected| rejected.stored.clone());
        draft.settle(link, side, stored.unwrap_or_default());
    }
    for side in Side::BOTH {
        let news: BTreeMap<Field, Value> = verdicts
            .settled
            .of(side)
            .iter()
            .filter(|(field, value)| {
                let base = story.base.of(side).and_then(|base| base.get(field));
                base.is_none_or(|base| !base.same(value))
            })
            .map(|(field, value)| (field.clone(), value.clone()))
            .collect();
        draft.settle(link, side, news);
    }
    plan_writes(draft, family, subject, LinkRef::Existing(link), story, &verdicts);
}

/// Plans the link of two records that were found to be one, and what makes them equal. `retires` is the link that one of
/// them leaves behind.
pub fn plan_pair(
    draft: &mut Draft<'_>,
    family: &Family,
    subject: &Subject,
    story: Story<'_>,
    retires: Option<i64>,
    matched_by: Option<MatchedBy>,
) {
    let verdicts = judge(draft, family, subject, story);
    let is_contact = subject.kind == Kind::Contact;
    let settle = Settle {
        parent: (!is_contact).then_some(family.link),
        shadows: verdicts.settled.clone(),
        retires,
        ..Settle::default()
    };
    let parent = if is_contact { crate::record::Ids::default() } else { family.ids.clone() };
    let made = draft.add_link((family.number, &family.contact), &parent, subject, settle, matched_by);
    plan_writes(draft, family, subject, LinkRef::MadeBy(made), story, &verdicts);
}

fn judge(draft: &mut Draft<'_>, family: &Family, subject: &Subject, story: Story<'_>) -> Verdicts {
    let mut verdicts = Verdicts::default();
    let known: BTreeSet<&Field> = Side::BOTH.into_iter().flat_map(|side| story.now.of(side).fields.keys()).collect();
    for field in known.into_iter().filter(|field| **field != Field::Tags) {
        let sights = Both::from_fn(|side| Sight {
            base: story.base.of(side).and_then(|base| base.get(field)),
            now: story.now.of(side).get(field),
        });
        let rules = Rules {
            policy: draft.input.pair.field_policy(subject.kind, field),
            updated: Both::from_fn(|side| story.now.of(side).updated),
            repair: draft.input.mode == Mode::Full,
        };
        let decision =
            if *field == Field::Due && is_given(draft, story) { Decision::Agree } else { decide(sights, &rules) };
        let decision = again(story, field, sights, &rules).unwrap_or(decision);
        let decision = if is_clean(sights) && story.is_taken_back(field) { Decision::Rest } else { decision };
        let decision = if is_left_out(draft, field, sights) && rules.policy.direction.writes(Side::Cliengo) {
            Decision::Take(Side::Ghl)
        } else {
            decision
        };
        // I1: it cannot be told whether this is an edit; what it would replace is named.
        let decision = match decision {
            Decision::Take(side) if is_doubted(story, side, field) => decide::conflict(&rules),
            other => other,
        };
        let decision = carried(draft, subject, story, field, decision);
        let decision = if *field == Field::Name { without_filler(story, &rules, decision) } else { decision };
        let decision = if is_clean(sights) { held_apart(draft, subject, story, field, decision) } else { decision };
        let objection = match take_choice(draft, subject, story, field, sights, &mut verdicts) {
            Choice::Taken => continue,
            Choice::Cannot(why) => Some(format!("the value chosen for {field} cannot be had: {why}")),
            Choice::Lapsed => Some(format!("your choice for {field} lapsed: a side changed it again")),
            Choice::None => None,
        };
        match decision {
            Decision::Rest => say_unseen(draft, subject, story, field, sights, &mut verdicts),
            Decision::Agree => verdicts.settle_both(field, story),
            Decision::Take(source) => {
                propagate(draft, subject, story, field, source, &mut verdicts);
                if let Some((wanted, _)) = verdicts.writes.of(source.other()).get(field) {
                    name_unseen(draft, subject, story, field, sights, source, wanted);
                }
            }
            Decision::Conflict(winner) => {
                report_conflict(draft, subject, field, sights, (Winner::from(winner), cause_of(sights)), None);
                propagate(draft, subject, story, field, winner, &mut verdicts);
            }
            Decision::Manual => {
                let id = report_conflict(draft, subject, field, sights, (Winner::Manual, cause_of(sights)), None);
                dispute(draft, family, subject, field, sights, &id);
                let detail = [objection, Some(choose(field))].into_iter().flatten().collect::<Vec<_>>();
                draft.hold_as(id, subject, HeldReason::ManualConflict, detail.join("; "));
            }
        }
    }
    if subject.kind == Kind::Contact {
        judge_tags(draft, subject, story, &mut verdicts);
    }
    verdicts
}

/// Some Cliengo accounts leave out what is empty: there, what a contact never showed counts as empty where GHL has a value.
/// It is read by id before it is written.
fn is_left_out(draft: &Draft<'_>, field: &Field, sights: Both<Sight<'_>>) -> bool {
    let Both { cliengo, ghl } = sights;
    draft.input.left_out.contains(field)
        && cliengo.now.is_none()
        && cliengo.base.is_none_or(Value::is_empty)
        && ghl.now.is_some_and(|now| !now.is_empty() && ghl.base.is_none_or(|base| !base.same(now)))
}

/// An edit of a mapped field that the other side does not show is not sent: it could go over anything. It is said once; what
/// that side takes only when it creates a contact becomes base, the rest goes over when it is shown again.
fn say_unseen(
    draft: &mut Draft<'_>,
    subject: &Subject,
    story: Story<'_>,
    field: &Field,
    sights: Both<Sight<'_>>,
    verdicts: &mut Verdicts,
) {
    let edited = Side::BOTH.into_iter().find(|side| sights.of(*side).is_edited());
    let (Some(source), Some(mapped)) = (edited, draft.input.mapped(field)) else { return };
    let (side, policy) = (source.other(), draft.input.pair.field_policy(subject.kind, field));
    if sights.of(side).now.is_some() || !policy.direction.writes(side) {
        return;
    }
    let takes_it_once = side == Side::Ghl && matches!(&mapped.ghl, GhlPlace::Plain(field) if field.create_only);
    if takes_it_once {
        let detail = format!("{} takes a {field} only when the contact is created", side.title());
        draft.cannot(subject, side, Action::Update, detail);
        let now = story.now.of(source).get(field).cloned();
        verdicts.settled.of_mut(source).extend(now.map(|now| (field.clone(), now)));
        return;
    }
    let what = format!("unseen:{side}:{}:{field}", subject.link.unwrap_or_default());
    if !draft.input.remembered.contains(&what) {
        let detail =
            format!("{} does not show its {field}: the edit stays in {} until it does", side.title(), source.title());
        draft.cannot(subject, side, Action::Update, detail);
        draft.settlements.push(Settlement::Remember { what, link: subject.link });
    }
}

/// I33: what was not kept is said once and becomes base; the other side keeps what was written.
fn say_rejected(draft: &mut Draft<'_>, subject: &Subject, link: i64, story: Story<'_>) {
    for side in Side::BOTH {
        for (field, shown) in story.rejected.of(side).iter().flat_map(|rejected| &rejected.news) {
            let detail = format!(
                "{} did not keep the {field} that was written; it is not sent again until it changes, or with --full",
                side.title()
            );
            draft.cannot(subject, side, Action::Update, detail);
            let fields = BTreeMap::from([(field.clone(), shown.clone())]);
            draft.settlements.push(Settlement::Rejected { link, side, field: field.clone() });
            draft.settle(link, side, fields);
        }
    }
}

/// `semantics` 25: with `--full`, what a side did not keep is sent to it once more, as long as nobody changed it since.
fn again(story: Story<'_>, field: &Field, sights: Both<Sight<'_>>, rules: &Rules<'_>) -> Option<Decision> {
    let side = Side::BOTH
        .into_iter()
        .find(|side| story.rejected.of(*side).is_some_and(|rejected| rejected.known.contains(field)))?;
    let differ = match (story.now.cliengo.get(field), story.now.ghl.get(field)) {
        (Some(cliengo), Some(ghl)) => !cliengo.same_for_linking(ghl),
        _ => false,
    };
    let repairs = rules.repair && differ && is_clean(sights) && rules.policy.direction.writes(side);
    repairs.then_some(Decision::Take(side.other()))
}

/// No conflict, where it is none: a value that the other side has among its further ones agrees (`semantics` 43), and one that
/// cannot be carried there replaces nothing (`semantics` 37, 42).
fn carried(draft: &Draft<'_>, subject: &Subject, story: Story<'_>, field: &Field, decision: Decision) -> Decision {
    if !matches!(field, Field::Email | Field::Phone) {
        return decision;
    }
    let has_besides = |source: Side| {
        let value = story.now.of(source).get(field);
        value.is_some_and(|value| story.now.of(source.other()).has_besides(field, value))
    };
    let holds_nothing = |side: Side| story.now.of(side).get(field).is_some_and(Value::is_empty);
    match decision {
        Decision::Take(source) if has_besides(source) => Decision::Agree,
        Decision::Conflict(winner) if holds_nothing(winner) => match fitted(draft, subject, story, field, winner) {
            Fit::Cannot(_) => Decision::Take(winner.other()),
            _ => decision,
        },
        Decision::Conflict(_) | Decision::Manual if Side::BOTH.into_iter().any(has_besides) => Decision::Agree,
        Decision::Conflict(winner) => match fitted(draft, subject, story, field, winner.other()) {
            Fit::Same | Fit::Cannot(_) => Decision::Take(winner),
            Fit::Write(_) | Fit::Partly(..) => decision,
        },
        other => other,
    }
}

/// `semantics` 39: a name that a channel made up never replaces a real one, and gives way to it.
fn without_filler(story: Story<'_>, rules: &Rules<'_>, decision: Decision) -> Decision {
    let is_filler = |side: Side| {
        let record = story.now.of(side);
        record.own_name().is_none() && record.get(&Field::Name).is_some_and(|name| !name.is_empty())
    };
    let Some(filler) = Side::BOTH.into_iter().find(|side| is_filler(*side)) else { return decision };
    match decision {
        Decision::Take(source) if source != filler => decision,
        Decision::Take(_) | Decision::Conflict(_) | Decision::Manual
            if story.now.of(filler.other()).own_name().is_some() =>
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
fn is_doubted(story: Story<'_>, side: Side, field: &Field) -> bool {
    story.rejected.of(side).is_some_and(|rejected| rejected.doubted.contains(field))
}

/// Whether neither side changed since both were last agreed.
fn is_clean(sights: Both<Sight<'_>>) -> bool {
    Side::BOTH.into_iter().all(|side| match (sights.of(side).base, sights.of(side).now) {
        (Some(base), Some(now)) => base.same(now),
        _ => false,
    })
}

/// `semantics` 25: two clean sides that differ are repaired, unless it is only that the one cannot hold what the other
/// has: that is said again, and is no conflict.
fn held_apart(
    draft: &mut Draft<'_>,
    subject: &Subject,
    story: Story<'_>,
    field: &Field,
    decision: Decision,
) -> Decision {
    let Decision::Conflict(winner) = decision else { return decision };
    let side = winner.other();
    // `semantics` 41: what a CRM made of what it was sent is never carried back.
    let values = (story.now.of(winner).get(field), story.now.of(side).get(field));
    if matches!(values, (Some(stored), Some(sent)) if stored.is_stored_form_of(sent)) {
        return Decision::Rest;
    }
    match fitted(draft, subject, story, field, side) {
        Fit::Write(_) | Fit::Partly(..) => decision,
        Fit::Same => Decision::Rest,
        Fit::Cannot(cannot) => {
            draft.cannot(subject, side, Action::Update, cannot);
            Decision::Rest
        }
    }
}

/// What of the other side's value `side` can hold.
fn fitted(draft: &Draft<'_>, subject: &Subject, story: Story<'_>, field: &Field, side: Side) -> Fit {
    target(draft, subject, story, field, side).fit(field, story.now.of(side.other()))
}

fn target<'a>(draft: &Draft<'a>, subject: &Subject, story: Story<'a>, field: &Field, side: Side) -> fit::Target<'a> {
    fit::Target {
        side,
        capabilities: draft.input.capabilities.of(side),
        kind: subject.kind,
        current: Some(story.now.of(side)),
        default_due: draft.input.pair.tasks.default_due,
        mapped: draft.input.mapped(field),
    }
}

/// The one's due date is what the other, which has none, was given for a counterpart: when two tasks become one, and
/// as long as nobody changed it (`semantics` 15).
fn is_given(draft: &Draft<'_>, story: Story<'_>) -> bool {
    let default_due = draft.input.pair.tasks.default_due;
    let untouched = Side::BOTH.into_iter().all(|side| {
        let (base, now) =
            (story.base.of(side).and_then(|base| base.get(&Field::Due)), story.now.of(side).get(&Field::Due));
        match (base, now) {
            (Some(base), Some(now)) => base.same(now),
            _ => story.base.of(side).is_none(),
        }
    });
    untouched
        && Side::BOTH.into_iter().any(|side| {
            let due = story.now.of(side.other()).get(&Field::Due);
            fit::is_synthetic(story.now.of(side), due, default_due)
        })
}

impl Verdicts {
    fn settle_both(&mut self, field: &Field, story: Story<'_>) {
        for side in Side::BOTH {
            if let Some(value) = story.now.of(side).get(field) {
                self.settled.of_mut(side).insert(field.clone(), value.clone());
            }
        }
    }
}

/// Sends `source`'s value over, as far as the other side can hold it.
fn propagate(
    draft: &mut Draft<'_>,
    subject: &Subject,
    story: Story<'_>,
    field: &Field,
    source: Side,
    verdicts: &mut Verdicts,
) {
    let side = source.other();
    let Some(listed) = story.now.of(source).get(field) else { return };
    let objection = draft.input.mapped(field).filter(|_| side == Side::Ghl).and_then(|mapped| mapped.objection(listed));
    if let Some(objection) = objection {
        return draft.hold(subject, unfit(draft.input.mapped(field), listed), objection);
    }
    if let Some(loss) = markup_loss(story, field, side) {
        return draft.hold(subject, HeldReason::MarkupLoss, loss);
    }
    let can_update = draft.input.can(side, subject.kind).update;
    let (wanted, cannot) = match fitted(draft, subject, story, field, side) {
        Fit::Write(wanted) => (Some(wanted), None),
        Fit::Partly(wanted, cannot) => (Some(wanted), Some(cannot)),
        Fit::Same => (None, None),
        Fit::Cannot(cannot) => (None, Some(cannot)),
    };
    if let Some(cannot) = cannot {
        draft.cannot(subject, side, Action::Update, cannot);
    }
    match wanted {
        Some(wanted) if can_update => {
            verdicts.writes.of_mut(side).insert(field.clone(), (wanted, Some(listed.clone())));
        }
        Some(_) => {
            let detail =
                format!("{} has no {} update: the edit stays in {}", side.title(), subject.kind, source.title());
            draft.cannot(subject, side, Action::Update, detail);
            verdicts.settle_both(field, story);
        }
        None => verdicts.settle_both(field, story),
    }
}

/// Why a mapped value waits that its field does not take.
pub(super) fn unfit(mapped: Option<&Mapped>, value: &Value) -> HeldReason {
    if mapped.is_some_and(|mapped| mapped.is_ambiguous(value)) {
        HeldReason::AmbiguousValue
    } else {
        HeldReason::Picklist
    }
}

/// `semantics` 48: plain text does not replace links, images, tables or attachments.
fn markup_loss(story: Story<'_>, field: &Field, side: Side) -> Option<String> {
    let (Some(Value::Body(theirs)), Some(wanted)) =
        (story.now.of(side).get(field), story.now.of(side.other()).get(field))
    else {
        return None;
    };
    let is_same = matches!(wanted, Value::Body(wanted) if wanted.same(theirs));
    (theirs.is_rich() && !is_same).then(|| {
        format!(
            "the text in {0} has links, images, tables or attachments that the edit in {1} would destroy: make the edit in {0}, \
             or take it back in {1}",
            side.title(),
            side.other().title()
        )
    })
}

fn plan_writes(
    draft: &mut Draft<'_>,
    family: &Family,
    subject: &Subject,
    link: LinkRef,
    story: Story<'_>,
    verdicts: &Verdicts,
) {
    for side in Side::BOTH {
        let Some(id) = subject.ids.tagged(side) else { continue };
        let writes = verdicts.writes.of(side);
        let current = story.now.of(side);
        if !writes.is_empty() {
            plan_update(draft, family, subject, link, side, id.clone(), current, writes, &verdicts.chosen);
        }
        if let Some(news) = verdicts.tags.of(side.other()) {
            plan_tags(draft, family, subject, link, side, &Target::Existing(id), news, tags_of(current).as_ref());
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of an update, each of its own type")]
fn plan_update(
    draft: &mut Draft<'_>,
    family: &Family,
    subject: &Subject,
    link: LinkRef,
    side: Side,
    id: crate::record::SideId,
    current: &Record,
    writes: &BTreeMap<Field, (Value, Option<Value>)>,
    chosen: &BTreeMap<Field, String>,
) {
    let only_completion = writes.keys().all(|field| *field == Field::Completed);
    let complete = only_completion && draft.input.capabilities.of(side).complete_endpoint;
    let changes = writes
        .iter()
        .map(|(field, (wanted, _))| Change::Value {
            field: field.clone(),
            before: current.get(field).map_or(serde_json::Value::Null, Value::json),
            after: wanted.json(),
            origin: side.other(),
        })
        .collect();
    let mut settle = Settle { link: Some(link), ..Settle::default() };
    *settle.shadows.of_mut(side.other()) =
        writes.iter().filter_map(|(field, (_, listed))| Some((field.clone(), listed.clone()?))).collect();
    settle.chosen = chosen.iter().filter(|(field, _)| writes.contains_key(field)).map(|(_, id)| id.clone()).collect();
    let is_contact = subject.kind == Kind::Contact;
    let write = Write {
        kind: subject.kind,
        action: if complete { Action::Complete } else { Action::Update },
        target: Some(Target::Existing(id)),
        parent: (!is_contact).then(|| family.targets.of(side).clone()),
        set: writes.iter().map(|(field, (wanted, _))| (field.clone(), wanted.clone())).collect(),
        before: current.fields.clone(),
        add_tags: Vec::new(),
        remove_tags: Vec::new(),
    };
    let parent = if is_contact { crate::record::Ids::default() } else { family.ids.clone() };
    draft.add((family.number, &family.contact), &parent, subject, write, side, changes, settle);
}
