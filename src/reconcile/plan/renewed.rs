//! Tasks and notes that a CRM shows under another id than before. (`semantics` 9: the count matters)

use super::alike::{due_at_once, key, says_the_same};
use crate::reconcile::decide::{Versions, fields};
use crate::reconcile::model::{Children, Family, Input, Linked, MatchedBy, Now, Subject, Unlinked, Verdict};
use crate::record::{Kind, Record, Side};

/// A linked task or note that a side does not list under its id any more, and lists under another one.
#[derive(Clone, Copy, Debug)]
pub struct Renewed<'a> {
    linked: &'a Linked,
    side: Side,
    now: &'a Unlinked,
}

/// Finds them among the children of one contact.
pub fn find<'a>(input: &Input<'_>, children: &Children<'a>) -> Vec<Renewed<'a>> {
    let mut found: Vec<Renewed<'_>> = Vec::new();
    for linked in &children.linked {
        for side in Side::BOTH {
            let (half, other) = (linked.sides.of(side), linked.sides.of(side.other()));
            let is_missing = matches!(half.now, Now::Gone(_) | Now::Missed) && !matches!(other.now, Now::Gone(_));
            let Some(base) = half.base.as_ref().filter(|_| is_missing) else { continue };
            let is_taken = |child: &Unlinked| found.iter().any(|one| one.now.id == child.id);
            let is_it = |child: &&&Unlinked| {
                child.kind == linked.kind
                    && !is_taken(child)
                    && input.excluded(child).is_none()
                    && is_one(linked.kind, base, &child.record)
            };
            if let Some(now) = children.unlinked_children.of(side).iter().find(is_it) {
                found.push(Renewed { linked, side, now });
                break;
            }
        }
    }
    found
}

/// Whether a task or note is the one that was there, as far as it says.
pub fn is_one(kind: Kind, base: &Record, now: &Record) -> bool {
    let is_all_it_says = || due_at_once(base, now, true, std::time::Duration::ZERO) && says_the_same(base, now);
    key(base) == key(now) && (MatchedBy::child(kind) == MatchedBy::Text || is_all_it_says())
}

impl<'a> Renewed<'a> {
    /// The link that it had.
    pub fn link(&self) -> i64 {
        self.linked.link
    }

    /// The record under its new id.
    pub fn now(&self) -> &'a Unlinked {
        self.now
    }

    /// It is linked under its new id.
    pub fn relink(&self, input: &Input<'_>, at: u32, family: &Family) -> Verdict {
        let Some(other) = self.linked.sides.of(self.side.other()).current() else { return Verdict::at(at) };
        let mut ids = self.linked.ids.clone();
        ids.insert(self.now.id.clone());
        let subject = Subject { kind: self.linked.kind, ids, label: self.now.record.label(), link: None };
        let versions = match self.side {
            Side::Cliengo => Versions::new(&self.now.record, other),
            Side::Ghl => Versions::new(other, &self.now.record),
        };
        let matched_by = MatchedBy::child(self.linked.kind);
        fields::pair(input, at, family, &subject, versions, (Some(self.linked.link), Some(matched_by)))
    }
}
