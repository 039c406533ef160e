//! What is said of records that could not be read, and of kinds that a side does not have.

use std::collections::{BTreeMap, BTreeSet};

use super::merged::Merge;
use crate::config::{Direction, TasksMode};
use crate::reconcile::decide::absence;
use crate::reconcile::model::{BaseUpdate, Half, HeldReason, Inconclusive, Input, Now, Subject, Unread, Verdict};
use crate::record::{Action, Ids, Kind, Record, Side};

/// Secondaries that are gone in Cliengo, or have become somebody else's: their links go. (`semantics` 5)
pub fn dropped_secondaries(input: &Input<'_>) -> Verdict {
    let ended = input.secondaries.iter().filter_map(|secondary| match &secondary.sides.cliengo {
        Half { now: Now::Gone(_), .. } => Some(BaseUpdate::Drop { link: secondary.link }),
        Half { now: Now::Changed(now), base: Some(base), .. } if is_another_person(now, base) => {
            Some(BaseUpdate::Unlink { link: secondary.link })
        }
        _ => None,
    });
    let mut verdict = Verdict::default();
    verdict.base_updates.extend(ended);
    verdict
}

/// Whether a contact says that it is somebody else now: another name, and none of the keys that it had.
fn is_another_person(now: &Record, was: &Record) -> bool {
    !now.match_keys().is_empty() && now.is_named_otherwise(was) && !now.can_still_be(was)
}

/// Whatever could not be read or understood waits, and is named.
pub fn unreadable(input: &Input<'_>, merges: &BTreeMap<i64, Merge<'_>>) -> Verdict {
    let mut verdict = Verdict::default();
    for unreadable in &input.unparsable {
        let subject = Subject { kind: unreadable.kind, ids: unreadable.ids.clone(), label: String::new(), link: None };
        verdict.hold(&subject, HeldReason::Unparsable, unreadable.why.clone());
    }
    // `semantics` 55: neither there nor gone; nothing rests on it, and it is said.
    let ended = input.contacts.iter().filter(|contact| absence::is_gone_on_both(input, contact));
    let ended: BTreeSet<&Ids> = ended.map(|contact| &contact.ids).collect();
    let is_known = |asked: &&Inconclusive| {
        let merged = merges.values().any(|merge| merge.is_of(asked.kind, &asked.ids));
        merged || asked.kind == Kind::Contact && ended.contains(&asked.ids)
    };
    for asked in input.inconclusive.iter().filter(|asked| !is_known(asked)) {
        let subject = Subject { kind: asked.kind, ids: asked.ids.clone(), label: asked.label.clone(), link: None };
        verdict.hold(&subject, HeldReason::Inconclusive, asked.why.clone());
    }
    // `semantics` 51: whose tasks or notes could not be read in two runs in a row is named.
    for unread in input.unread.iter().filter(|unread| unread.runs > 1) {
        let Unread { kind, side, ids, label, runs, why } = unread;
        let subject = Subject { kind: Kind::Contact, ids: ids.clone(), label: label.clone(), link: None };
        let detail = format!("its {kind}s in {} could not be read in {runs} runs in a row: {why}", side.title());
        verdict.hold(&subject, HeldReason::Unlisted, detail);
    }
    verdict
}

/// A kind that one side does not have at all is said once for the pair, not for each record.
pub fn missing_kinds(input: &Input<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    for kind in Kind::CHILDREN {
        for side in Side::BOTH {
            let takes_part = input.policy(kind).direction != Direction::Off;
            let what = format!("pair:{side}:{kind}");
            let told_otherwise = kind == Kind::Task && input.pair.projects_tasks();
            let is_known = input.listings.of(side).of(kind).why.is_none();
            let has_none = is_known && !input.can(side, kind).list;
            if takes_part && !told_otherwise && has_none && !input.remembered.contains(&what) {
                let subject = Subject { kind, ids: Ids::default(), label: String::new(), link: None };
                let is_off = (side, kind) == (Side::Cliengo, Kind::Task) && input.pair.cliengo.tasks == TasksMode::Off;
                let detail = if is_off {
                    "Cliengo's tasks are switched off (tasks = \"off\"): tasks stay where they are".to_owned()
                } else {
                    format!("{} has no {kind}s: they stay in {}", side.title(), side.other().title())
                };
                verdict.cannot(&subject, side, Action::Create, detail);
                verdict.base_updates.push(BaseUpdate::Remember { what, link: None });
            }
        }
    }
    verdict
}
