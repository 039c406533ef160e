//! Both versions of one record, and what carrying a value from one to the other comes to.

use std::collections::{BTreeMap, BTreeSet};

use super::fit::{self, Fit, unfit};
use super::merge::{Decision, FieldState, TagNews};
use super::whole;
use crate::reconcile::model::{HeldReason, Input, Linked, Rejected, Subject, Verdict};
use crate::record::{Action, Both, Field, Fields, PersonName, Record, Side, Value};

/// Both versions of one record.
#[derive(Clone, Copy, Debug)]
pub struct Versions<'a> {
    /// As last agreed; `None` where it was never.
    pub base: Both<Option<&'a Record>>,
    /// As they are.
    pub now: Both<&'a Record>,
    /// Fields that a side did not keep as they were written.
    pub rejected: Both<Option<&'a Rejected>>,
    /// Fields that an undo took back.
    pub taken_back: Option<&'a BTreeSet<Field>>,
    /// GHL's half is another contact than the one that was agreed with, which was merged into it: where it was not agreed, it
    /// is nobody's edit. (`semantics` 10)
    pub is_met: bool,
}

impl<'a> Versions<'a> {
    /// Of a record that was never agreed upon.
    #[must_use]
    pub const fn new(cliengo: &'a Record, ghl: &'a Record) -> Self {
        Self {
            base: Both { cliengo: None, ghl: None },
            now: Both { cliengo, ghl },
            rejected: Both { cliengo: None, ghl: None },
            taken_back: None,
            is_met: false,
        }
    }

    /// Of a linked record; `None` where one half was not seen.
    #[must_use]
    pub fn of(linked: &'a Linked) -> Option<Self> {
        let now = Both { cliengo: linked.sides.cliengo.seen()?, ghl: linked.sides.ghl.seen()? };
        let base = Both::from_fn(|side| linked.sides.of(side).base.as_ref());
        let rejected = Both::from_fn(|side| Some(&linked.sides.of(side).rejected));
        Some(Self { base, now, rejected, taken_back: Some(&linked.taken_back), is_met: false })
    }

    /// Whether an undo took a field back: both sides differ on purpose, until somebody changes one. (`semantics` 61)
    pub(super) fn is_taken_back(&self, field: &Field) -> bool {
        self.taken_back.is_some_and(|fields| fields.contains(field))
    }

    /// One field, as last agreed and as it is.
    pub(super) fn states(&self, field: &Field) -> Both<FieldState<'a>> {
        Both::from_fn(|side| FieldState {
            base: self.base.of(side).and_then(|base| base.get(field)),
            now: self.now.of(side).get(field),
        })
    }

    /// Whether a decision would write over what was never agreed with the contact that another one was merged into; to fill
    /// what is empty does not.
    pub(super) fn writes_over(&self, states: Both<FieldState<'_>>, decision: Decision) -> bool {
        let is_open = self.is_met && states.ghl.base.is_none();
        is_open
            && match decision {
                Decision::Conflict(_) => true,
                Decision::Take(source) => {
                    let target = states.of(source.other());
                    target.is_edited() || target.now.is_none_or(|now| !now.is_empty())
                }
                Decision::Rest | Decision::Agree | Decision::Manual => false,
            }
    }

    /// What of the other side's value `side` can hold.
    pub(super) fn fitted(&self, input: &Input<'_>, subject: &Subject, field: &Field, side: Side) -> Fit {
        let target = fit::Target::of(input, side, subject.kind, Some(self.now.of(side)), field);
        if let Some(plain) = self.as_sent(field, side) {
            return target.fit(field, &Record::default().with(field.clone(), plain));
        }
        match (target.fit(field, self.now.of(side.other())), self.with_own_last_name(field, side)) {
            (Fit::Write(_), Some(name)) => Fit::Write(name),
            (fit, _) => fit,
        }
    }

    /// An edit without what its CRM had made of the text that stood there. (`semantics` 41)
    fn as_sent(&self, field: &Field, side: Side) -> Option<Value> {
        let states = self.states(field);
        let (edited, sent) = (states.of(side.other()), states.of(side));
        edited.now?.as_sent(edited.base?, sent.base?)
    }

    /// A last name that the other side could not take stays where only the first name changed there since. (`semantics` 12)
    fn with_own_last_name(&self, field: &Field, side: Side) -> Option<Value> {
        let (states, other) = (self.states(field), side.other());
        let [was, is] = [states.of(other).base?, states.of(other).now?];
        let [own, shown] = [states.of(side).base?, states.of(side).now?];
        let (Value::Name(was), Value::Name(is), Value::Name(own), Value::Name(shown)) = (was, is, own, shown) else {
            return None;
        };
        let first_alone = !is.last.is_empty() && is.last == was.last && is.first != was.first;
        // One name that both part otherwise is one name.
        let differs = was.full() != own.full() && shown.last == own.last && shown.last != is.last;
        let is_kept = if own.last.is_empty() { own.full() == was.first } else { !is.whole };
        (first_alone && differs && is_kept).then(|| Value::Name(PersonName::new(&is.first, &shown.last)))
    }
}

/// What merging comes to, before it is written.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// Values that each side is to take: what it will hold, and what the other side's base takes then; `None`: nothing,
    /// since the other side is to take it too.
    pub writes: Both<BTreeMap<Field, (Value, Option<Value>)>>,
    /// What each side's base takes at once.
    pub settled: Both<Fields>,
    /// Each side's tags.
    pub tags: Both<Option<TagNews>>,
    /// The conflicts of fields for which a person chose a value.
    pub chosen: BTreeMap<Field, String>,
    /// What is said of it.
    pub said: Verdict,
}

impl Merged {
    /// Nothing to carry; this is said.
    pub fn saying(said: Verdict) -> Self {
        Self { said, ..Self::default() }
    }

    /// Both sides agree on what they show of a field.
    pub fn agreed(field: &Field, versions: Versions<'_>) -> Self {
        let mut merged = Self::default();
        for side in Side::BOTH {
            if let Some(value) = versions.now.of(side).get(field) {
                merged.settled.of_mut(side).insert(field.clone(), value.clone());
            }
        }
        merged
    }

    /// Takes what merging a further field, or the tags, comes to.
    pub fn and(&mut self, further: Self) {
        let Self { writes, settled, tags, chosen, said } = further;
        for (side, (writes, settled)) in
            Side::BOTH.into_iter().zip([(writes.cliengo, settled.cliengo), (writes.ghl, settled.ghl)])
        {
            self.writes.of_mut(side).extend(writes);
            self.settled.of_mut(side).extend(settled);
        }
        self.tags.cliengo = tags.cliengo.or(self.tags.cliengo.take());
        self.tags.ghl = tags.ghl.or(self.tags.ghl.take());
        self.chosen.extend(chosen);
        self.said.and(said);
    }
}

/// Sends `source`'s value over, as far as the other side can hold it.
pub(super) fn carry(
    input: &Input<'_>,
    subject: &Subject,
    versions: Versions<'_>,
    field: &Field,
    source: Side,
) -> Merged {
    let side = source.other();
    let Some(listed) = versions.now.of(source).get(field) else { return Merged::default() };
    let mapped = input.mapped(subject.kind, field);
    if let Some(objection) = mapped.and_then(|mapped| mapped.objection(side, listed)) {
        return Merged::saying(Verdict::held(subject, unfit(mapped, listed), objection));
    }
    if let Some(loss) = whole::loss(field, versions.states(field), side) {
        return Merged::saying(Verdict::held(subject, HeldReason::CutText, loss));
    }
    if let Some(loss) = markup_loss(versions, field, side) {
        return Merged::saying(Verdict::held(subject, HeldReason::MarkupLoss, loss));
    }
    let (wanted, cannot) = match versions.fitted(input, subject, field, side) {
        Fit::Write(wanted) => (Some(wanted), None),
        Fit::Partly(wanted, cannot) => (Some(wanted), Some(cannot)),
        Fit::Same => (None, None),
        Fit::Cannot(cannot) => (None, Some(cannot)),
    };
    let no_update = no_update(input, subject, side);
    let mut merged = match &wanted {
        Some(_) if no_update.is_none() => Merged::default(),
        _ => Merged::agreed(field, versions),
    };
    if let Some(cannot) = cannot {
        merged.said.cannot(subject, side, Action::Update, cannot);
    }
    match (wanted, no_update) {
        (Some(wanted), None) => {
            merged.writes.of_mut(side).insert(field.clone(), (wanted, Some(listed.clone())));
        }
        (Some(_), Some(detail)) => merged.said.cannot(subject, side, Action::Update, detail),
        (None, _) => {}
    }
    merged
}

/// What is said where a side cannot change records of this kind.
pub(super) fn no_update(input: &Input<'_>, subject: &Subject, side: Side) -> Option<String> {
    let can_update =
        input.can(side, subject.kind).update || subject.link.is_some() && input.appends(side, subject.kind);
    let (title, source) = (side.title(), side.other().title());
    (!can_update).then(|| format!("{title} has no {} update: the edit stays in {source}", subject.kind))
}

/// `semantics` 48: plain text does not replace links, images, tables or attachments.
fn markup_loss(versions: Versions<'_>, field: &Field, side: Side) -> Option<String> {
    let (Some(Value::Body(theirs)), Some(wanted)) =
        (versions.now.of(side).get(field), versions.now.of(side.other()).get(field))
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
