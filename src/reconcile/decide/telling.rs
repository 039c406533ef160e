//! Notes that tell of something on the other side: tasks, appointments, talk, where a lead came from. They are known by their
//! mark, and, where a CRM cut it off, by what was told.

use crate::reconcile::model::{Children, Telling, Unlinked};
use crate::record::{Facet, Field, Kind, Record, Side, Told, Value, all_told, id_told_of};

/// Less of a cut text may be a person's own note.
const ENOUGH: usize = 100;

/// What begins the mark of each: `[ghl-task:ID]`, `[ghl-task:ID done]`.
const MARKS: [(Facet, &str); 5] = [
    (Facet::Task, "[ghl-task:"),
    (Facet::Done, "[ghl-task:"),
    (Facet::Appointment, "[ghl-appointment:"),
    (Facet::Talk, "[cliengo-talk:"),
    (Facet::Lead, "[cliengo-lead:"),
];

/// What stands at the end of the mark of a task that is done.
const DONE: &str = " done";

/// The last line of a note that tells of it.
#[must_use]
pub fn mark(facet: Facet, id: &str) -> String {
    let begin = MARKS.into_iter().find(|(of, _)| *of == facet).map_or("[", |(_, begin)| begin);
    let end = if facet == Facet::Done { DONE } else { "" };
    format!("{begin}{id}{end}]")
}

/// What a note of `side` says that it tells of.
fn marked(side: Side, note: &Record) -> Option<(Facet, String)> {
    let text = note.get(&Field::Body)?.shown();
    MARKS.into_iter().filter(|(facet, _)| told_on(*facet) == Some(side)).find_map(|(facet, begin)| {
        let (_, rest) = text.rsplit_once(begin)?;
        let (id, _) = rest.split_once(']')?;
        let id = match (facet, id.strip_suffix(DONE)) {
            (Facet::Done, id) => id?,
            (Facet::Task, Some(_)) => return None,
            (_, _) => id,
        };
        Some((facet, id.to_owned()))
    })
}

/// Whether a note of `side` says that it tells of something on the other side.
#[must_use]
pub fn is_marked(side: Side, note: &Record) -> bool {
    marked(side, note).is_some()
}

/// What a note tells of, where it does; `told` is what its contact was told.
#[must_use]
pub fn of<'a>(note: &'a Unlinked, told: Option<&Told>) -> Option<Telling<'a>> {
    if note.kind != Kind::Note {
        return None;
    }
    let side = note.id.side();
    let by_memory = || {
        let mut here = told.into_iter().flatten().filter(|((facet, _), _)| told_on(*facet) == Some(side));
        let found = here.find(|(_, said)| is_what_was_told(&note.record, said, true));
        found.map(|((facet, key), _)| (*facet, id_told_of(key).to_owned()))
    };
    let (facet, id) = marked(side, &note.record).or_else(by_memory)?;
    Some(Telling { note, facet, id })
}

/// The side on which it is told as a note.
pub const fn told_on(facet: Facet) -> Option<Side> {
    match facet {
        Facet::Appointment | Facet::Task | Facet::Done => Some(Side::Cliengo),
        Facet::Talk | Facet::Lead => Some(Side::Ghl),
        Facet::Due => None,
    }
}

/// Whether a note reads as it was told, or as its CRM stored that (`semantics` 41); one that is `unmarked` with enough of it
/// left.
#[must_use]
pub fn is_what_was_told(note: &Record, said: &str, unmarked: bool) -> bool {
    let (Some(stands), said) = (note.get(&Field::Body), Value::body(said)) else { return false };
    let has_enough = || {
        let (length, all) = (stands.shown().chars().count(), said.shown().chars().count());
        length >= ENOUGH || length * 10 >= all * 8
    };
    stands.same(&said) || stands.is_stored_form_of(&said) && (!unmarked || has_enough())
}

/// Whether a person wrote into one of `side`'s: it is nothing that was told, now or earlier. (I21)
#[must_use]
pub fn is_any_edited(children: &Children<'_>, side: Side, told: Option<&Told>) -> bool {
    let here = children.telling.iter().filter(|one| one.note.id.side() == side);
    let is_told = |one: &Telling<'_>| {
        let mut said = told.into_iter().flat_map(|told| all_told(told, one.facet, &one.id));
        said.any(|said| is_what_was_told(&one.note.record, said, false))
    };
    here.into_iter().any(|one| !is_told(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_off_a_note_without_its_mark_leaves_most_of_it_or_a_hundred_letters() {
        let words = "abcdefghijklmnopqrstuvwxyz".repeat(8);
        // Letters told, letters left, and whether it is what was told: without its mark, and with it.
        for (told, left, unmarked) in [(50, 40, true), (50, 39, false), (200, 100, true), (200, 99, false)] {
            let note = Record::default().with(Field::Body, Value::body(&words[..left]));
            assert_eq!(is_what_was_told(&note, &words[..told], true), unmarked, "{left} of {told}");
            assert!(is_what_was_told(&note, &words[..told], false), "{left} of {told}, with its mark");
        }
    }
}
