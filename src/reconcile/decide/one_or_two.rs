//! What a person is told of two contacts who may be one, and the commands that settle it.

use crate::reconcile::model::links_command;
use crate::record::{Ids, PersonName, Record, SideId};

/// Of two who share a phone alone.
pub(super) fn other_name(
    own: &Record,
    (other, name): (&SideId, &str),
    ids: &Ids,
    is_linked: bool,
    pair: &str,
) -> String {
    let ours = own.own_name().map(PersonName::full).unwrap_or_default();
    let but = why_two(own.own_name(), &PersonName::new(name, ""));
    let what = format!("its phone is that of {} {other}, but {ours:?} and {name:?} {but}", other.side().title());
    match links_command("remove", ids, pair) {
        Some(remove) if is_linked => {
            format!("{what}. One person: merge or delete one of them in its CRM. Two people: {remove}")
        }
        Some(_) => format!("{what}{}", one_or_two(ids, pair)),
        None => format!("{what}: correct one of them in its CRM"),
    }
}

/// Why the names of two who share a phone alone are not one person's.
pub(super) fn why_two(one: Option<&PersonName>, other: &PersonName) -> &'static str {
    let shares_one = one.is_some_and(|one| one.shares_a_word(other));
    if shares_one { "seem two people's names" } else { "share no word" }
}

/// The end of the sentence: what settles it.
pub(super) fn one_or_two(ids: &Ids, pair: &str) -> String {
    match (links_command("add", ids, pair), links_command("remove", ids, pair)) {
        (Some(add), Some(remove)) => format!(". One person: {add}. Two people: {remove}"),
        _ => ": correct one of them in its CRM".to_owned(),
    }
}
