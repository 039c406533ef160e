//! An operation of unknown outcome, kept so that a later run can settle it when it is found to be done.

use crate::reconcile::{LinkRef, Settle, TagDelta};
use crate::record::{Field, Fields, Ids, Record, Side, Value, Write};

/// Both sides' fields that an operation of unknown outcome settles when it is found to be done.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Adoption {
    /// What settles.
    pub settle: Settle,
    /// The ids as planned.
    pub ids: Ids,
    /// The fields that were sent.
    pub sent: Fields,
    /// What stood there before.
    #[serde(default)]
    pub before: Fields,
}

impl Adoption {
    /// The settlement of an operation, resolved so that a later run can finish it.
    #[must_use]
    pub fn of(settle: &Settle, ids: Ids, write: &Write, resolve: impl Fn(LinkRef) -> Option<i64>) -> Self {
        let mut settle = settle.clone();
        for link in settle.links_mut() {
            *link = resolve(*link).map_or(*link, LinkRef::Existing);
        }
        let overwritten = write.before.iter().filter(|(field, _)| write.set.contains_key(field));
        let before = overwritten.map(|(field, value)| (field.clone(), value.clone())).collect();
        Self { settle, ids, sent: write.set.clone(), before }
    }

    /// Whether a record shows all that a change was to bring. A mark says nothing of itself: it is seen the next time.
    #[must_use]
    pub fn is_done(&self, record: &Record) -> bool {
        let tags = if let Settle::Tag(tagging) = &self.settle { Some(&tagging.tags) } else { None };
        let shows = |(field, sent): (&Field, &Value)| self.is_kept(record, field, sent);
        (tags.is_some() || !self.sent.is_empty())
            && self.sent.iter().all(shows)
            && tags.is_none_or(|tags| record.get(&Field::Tags).is_some() && tags.were_kept(record))
    }

    /// Whether a record shows what was sent, be it in the form in which its CRM stored it. (`semantics` 41)
    fn is_kept(&self, record: &Record, field: &Field, sent: &Value) -> bool {
        let is_before = |now: &Value| self.before.get(field).is_some_and(|before| now.same_as_far_as_said(before));
        record
            .get(field)
            .is_some_and(|now| now.same_as_far_as_said(sent) || now.is_stored_form_of(sent) && !is_before(now))
    }

    /// Where somebody changed one of the written fields since: the settlement of those that are no longer as they were, and
    /// what the record shows of ours. What somebody wrote since is an edit of what stood there before: whether they saw what
    /// was sent is not known, so a report names it. (`semantics` 58)
    #[must_use]
    pub fn changed_since(self, record: &Record) -> Option<(Self, Record)> {
        let is_ours = |field: &Field, sent: &Value| self.is_kept(record, field, sent);
        let is_as_before = |field: &Field| match (record.get(field), self.before.get(field)) {
            (Some(now), Some(before)) => now.same_as_far_as_said(before),
            (Some(now), None) => now.is_empty(),
            (None, _) => true,
        };
        let moved = |(field, sent): &(&Field, &Value)| is_ours(field, sent) || !is_as_before(field);
        let sent: Fields = self.sent.iter().filter(moved).map(|(field, sent)| (field.clone(), sent.clone())).collect();
        if sent.iter().all(|(field, sent)| is_ours(field, sent)) {
            return None;
        }
        let shown = record.fields.iter().filter(|(field, _)| sent.get(field).is_some_and(|sent| is_ours(field, sent)));
        let answer = Record {
            fields: shown.map(|(field, value)| (field.clone(), value.clone())).collect(),
            updated: record.updated,
            ..Record::default()
        };
        let mut settle = self.settle;
        if let Settle::Tag(tagging) = &mut settle {
            tagging.tags = TagDelta::default();
        }
        if let Some(bases) = settle.bases_mut() {
            for side in Side::BOTH {
                bases.of_mut(side).retain(|field, _| sent.contains_key(field));
            }
        }
        let sent = sent.into_iter().filter(|(field, _)| answer.fields.contains_key(field)).collect();
        Some((Self { settle, sent, ..self }, answer))
    }
}
