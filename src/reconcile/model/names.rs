//! Names for what waits: the same in every run and on every machine.

use super::findings::HeldReason;
use crate::record::{Enrolment, Field, Ids, Kind, Side};

/// Letters of ids: no digits, which a masked report would take for a phone, and no vowels, which would make words.
const LETTERS: &[u8; 16] = b"bcdfghjklmnpqrst";

/// Ten letters that name `parts`, in every run and on every machine.
#[must_use]
pub fn name_of(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes()).update(b"\0");
    }
    let half = |byte: u8| LETTERS.get(usize::from(byte & 15)).copied().map_or('b', char::from);
    hasher.finalize().as_bytes().iter().take(5).flat_map(|byte| [half(byte >> 4), half(*byte)]).collect()
}

/// The id of a conflict: the same as long as the two records are linked.
#[must_use]
pub fn conflict_id(pair: &str, kind: Kind, ids: &Ids, field: &Field) -> String {
    let id = |side: Side| ids.of(side).unwrap_or_default();
    name_of(&["conflict", pair, kind.as_str(), id(Side::Cliengo), id(Side::Ghl), field.as_str()])
}

/// The id of a held record: the same as long as it waits for the same reason.
#[must_use]
pub fn held_id(pair: &str, kind: Kind, ids: &Ids, reason: HeldReason) -> String {
    let id = |side: Side| ids.of(side).unwrap_or_default();
    name_of(&["held", pair, kind.as_str(), id(Side::Cliengo), id(Side::Ghl), &format!("{reason:?}")])
}

/// The id under which an enrolment waits: the same before and after its contact is linked.
#[must_use]
pub fn enrolment_id(pair: &str, enrolment: &Enrolment) -> String {
    let (contact, effect) = (enrolment.contact_key(), &enrolment.effect);
    name_of(&["enrolment", pair, contact, effect.kind(), effect.name()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::SideId;

    #[test]
    fn an_id_is_the_same_in_every_version_and_no_word_or_number() {
        let mut ids = Ids::one(SideId::new(Side::Cliengo, "65f0".to_owned()));
        ids.insert(SideId::new(Side::Ghl, "ocQH".to_owned()));
        // What waits in a state is found by these.
        assert_eq!(conflict_id("ventas", Kind::Contact, &ids, &Field::Email), "pbgnrdpccj");
        assert_ne!(conflict_id("ventas", Kind::Contact, &ids, &Field::Phone), "pbgnrdpccj");
    }
}
