//! What waits from earlier runs although this one saw nothing of it, and what needs nothing any more. (I44)

use super::draft::Draft;
use crate::config::Direction;
use crate::reconcile::model::{BaseUpdate, HeldReason, Input, Subject, Verdict, choose};
use crate::record::{Ids, Kind, Side};

/// What waits although this run saw nothing of it, and what is let go of since it needs nothing any more.
pub fn rest(draft: &Draft<'_>) -> Verdict {
    let input = draft.input;
    let mut verdict = Verdict::default();
    for failed_operation in input.failed_operations.values() {
        match failed_operation.held() {
            _ if draft.met().contains(&failed_operation.id)
                || is_open(draft, &verdict, failed_operation.kind, &failed_operation.ids) => {}
            _ if failed_operation.known || !takes_part(input, failed_operation.kind) => {
                verdict.base_updates.push(BaseUpdate::Lift { id: failed_operation.id.clone() });
            }
            Some((reason, detail)) => {
                verdict.hold(
                    &subject(failed_operation.kind, &failed_operation.ids, &failed_operation.label),
                    reason,
                    detail,
                );
            }
            None => {}
        }
    }
    for pending_conflict in input.pending_conflicts.values() {
        if draft.met().contains(&pending_conflict.id)
            || is_open(draft, &verdict, pending_conflict.kind, &pending_conflict.ids)
        {
            continue;
        }
        if pending_conflict.known || !takes_part(input, pending_conflict.kind) {
            verdict.base_updates.push(BaseUpdate::Agreed { id: pending_conflict.id.clone() });
        } else if pending_conflict.take.is_none() {
            let subject = subject(pending_conflict.kind, &pending_conflict.ids, &pending_conflict.label);
            verdict.hold_as(
                pending_conflict.id.clone(),
                &subject,
                HeldReason::ManualConflict,
                choose(&pending_conflict.field),
            );
        }
    }
    verdict
}

fn subject(kind: Kind, ids: &Ids, label: &str) -> Subject {
    Subject { kind, ids: ids.clone(), label: label.to_owned(), link: None }
}

/// Whether the kind is carried over at all: what waits of one that is not is not needed any more.
fn takes_part(input: &Input<'_>, kind: Kind) -> bool {
    let lists = |side: Side| input.can(side, kind).list;
    input.policy(kind).direction != Direction::Off && Side::BOTH.into_iter().all(lists)
}

/// Whether something else holds the record, or one of its halves is not known.
fn is_open(draft: &Draft<'_>, said: &Verdict, kind: Kind, ids: &Ids) -> bool {
    let is_it = |other: (Kind, &Ids)| other == (kind, ids);
    let by_itself =
        |reason| matches!(reason, HeldReason::Retrying | HeldReason::Quarantined | HeldReason::ManualConflict);
    let mut linked = draft.input.contacts.iter().chain(&draft.input.children);
    draft.held().iter().any(|held| is_it((held.kind, &held.ids)) && !by_itself(held.reason))
        || said.held.iter().any(|held| is_it((held.subject.kind, &held.subject.ids)) && !by_itself(held.reason))
        || linked.any(|linked| {
            let is_unknown = |side: Side| linked.is_unknown(side);
            is_it((linked.kind, &linked.ids)) && Side::BOTH.into_iter().any(is_unknown)
        })
}
