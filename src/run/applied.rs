//! An operation that was applied, with what the CRM answered: what there is to settle.

use crate::reconcile::Settle;
use crate::record::{Action, Field, Fields, Ids, Kind, Record, Side, SideId, Value};

/// What settles with an applied operation.
#[derive(Debug)]
pub struct Applied<'a> {
    /// The run.
    pub run: i64,
    /// The written side.
    pub side: Side,
    /// The kind of record.
    pub kind: Kind,
    /// What was done.
    pub action: Action,
    /// The record's ids as planned.
    pub ids: &'a Ids,
    /// What the plan settles, with every `MadeBy` resolved by `resolve`.
    pub settle: &'a Settle,
    /// The fields that were written, with the values that were sent.
    pub sent: &'a Fields,
    /// What stood in the written record, as far as it was known.
    pub before: &'a Fields,
    /// The id of what was created.
    pub created: Option<SideId>,
    /// What the CRM answered.
    pub answer: &'a Record,
    /// The answer as it came, where it is the whole record.
    pub payload: Option<&'a str>,
    /// Where what was created comes from.
    pub origin: Origin,
}

/// Where a record comes from that a create is settled with. (`semantics` 60 and 61)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The CRM answered that this request created it.
    #[default]
    Created,
    /// No answer came, and it was found by reading.
    Adopted,
    /// The CRM had it before: it is a match that the CRM made. Both halves are compared as when they first meet.
    Matched,
}

/// The fields that bases know: a contact's due date is told, and never read (`Cliengo API notes, 3`).
pub(super) fn shadowed<'a>(applied: &'a Applied<'_>) -> impl Iterator<Item = (&'a Field, &'a Value)> {
    applied.sent.iter().filter(|(field, _)| !(applied.kind == Kind::Contact && **field == Field::Due))
}

/// The fields of the answer that were written; what the answer does not carry stands as it was sent.
pub(super) fn written(applied: &Applied<'_>) -> Fields {
    let answered = |field: &Field, sent: &Value| applied.answer.get(field).unwrap_or(sent).clone();
    shadowed(applied).map(|(field, sent)| (field.clone(), answered(field, sent))).collect()
}
