//! Commands that a person is offered: whole, and nothing in them is taken by a shell for something else.

use std::collections::BTreeSet;

use super::findings::HeldReason;
use super::names::held_id;
use crate::record::{Effect, Ids, Kind, Side, SideId};

/// So many records are offered as the one that a create made.
pub const MOST_CANDIDATES: usize = 4;

/// What a person is told of a record whose create has an unknown outcome.
pub const UNKNOWN: &str = "an earlier run tried to create its counterpart and got no answer; it is read back first";

/// `links add` or `links remove` with both ids; `None` where one of them cannot be pasted.
#[must_use]
pub fn links_command(what: &str, ids: &Ids, pair: &str) -> Option<String> {
    let (cliengo, ghl) = (ids.of(Side::Cliengo)?, ids.of(Side::Ghl)?);
    let all_plain = [cliengo, ghl, pair].into_iter().all(is_plain);
    all_plain.then(|| format!("concord links {what} {cliengo} {ghl} --pair {pair}"))
}

/// Whether a shell takes it for nothing but itself, and a command for no flag.
#[must_use]
pub fn is_plain(word: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    !word.is_empty() && !word.starts_with('-') && word.chars().all(plain)
}

/// What a person is told of a record whose link with `other` was removed by hand.
pub(super) fn excluded(kind: Kind, contact: Option<&SideId>, other: &SideId, ids: &Ids, pair: &str) -> String {
    let what = format!("its link with {} {other} was removed, by hand or by an undo", other.side().title());
    let contact = contact.map(|contact| format!(" --kind {kind} --contact {contact}"));
    match links_command("add", ids, pair) {
        Some(command) => format!("{what}. To link them again: {command}{}", contact.unwrap_or_default()),
        None => what,
    }
}

/// What a person is told of what somebody was to be put into, and cannot be because of `why`.
#[must_use]
pub fn still_owed(effect: &Effect, why: &str) -> String {
    let (kind, name) = (effect.kind(), effect.name());
    format!("it was to be put into the {kind} {name}, which was not done yet: {why}")
}

/// What a person is told of an enrolment without an answer, and how the person settles it: no listing shows who was put into it.
#[must_use]
pub fn unanswered(effect: &Effect, id: &str) -> String {
    let (kind, name) = (effect.kind(), effect.name());
    format!(
        "no answer came when it was put into the {kind} {name}, and GHL does not tell whether it was. If it was not: \
         concord quarantine retry {id}. If it was: concord quarantine drop {id}"
    )
}

/// What a person is told of a record whose create has an unknown outcome, where these may be what it made: somebody edited one
/// since, or several read as it was sent.
pub(super) fn may_be_one_of(
    kind: Kind,
    source: &SideId,
    contact: Option<&SideId>,
    candidates: &BTreeSet<SideId>,
    pair: &str,
) -> String {
    let side = source.side().other().title();
    let offered: Vec<&SideId> = candidates.iter().take(MOST_CANDIDATES).collect();
    let names = offered.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let what = format!(
        "an earlier run tried to create its counterpart in {side} and got no answer; what it made may be {names}"
    );
    let under = contact.map(|contact| format!(" --kind {kind} --contact {contact}")).unwrap_or_default();
    let links = offered.into_iter().filter_map(|candidate| {
        let mut ids = Ids::one(source.clone());
        ids.insert(candidate.clone());
        Some(format!("if it is {candidate}: {}{under}", links_command("add", &ids, pair)?))
    });
    let id = held_id(pair, kind, &Ids::one(source.clone()), HeldReason::UnknownOutcome);
    let again = format!("if it was not done: concord held retry {id} --pair {pair}");
    std::iter::once(what).chain(links).chain([again]).collect::<Vec<_>>().join("; ")
}
