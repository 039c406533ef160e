//! Contacts that were linked by earlier rules and would wait for a person today. They stay linked, and it is said once.
//! (`semantics` 36 to 38)

use crate::reconcile::model::{BaseUpdate, HeldReason, Input, Verdict, links_command};
use crate::record::{Both, Field, MatchKey, PersonName, Record, Value};

/// The rules by which contacts are matched, as the state remembers that every link was held against them.
pub const MATCH_RULES: &str = "pair:match_rules:38";

/// Why two linked contacts would not be linked by what they show; `None` where they would, or where nothing but time has
/// taken the key that they had in common.
#[must_use]
pub fn why_not_linked_today(contacts: Both<&Record>) -> Option<String> {
    let Both { cliengo, ghl } = contacts;
    let shared: Vec<MatchKey> = cliengo.all_keys().filter(|key| ghl.all_keys().any(|theirs| theirs == *key)).collect();
    if shared.iter().any(|key| matches!(key, MatchKey::Email(_))) {
        return None;
    }
    if !shared.is_empty() {
        let name = |record: &Record| record.own_name().map(PersonName::full).unwrap_or_default();
        let what = || format!("they share a phone alone, but {:?} and {:?} share no word", name(cliengo), name(ghl));
        return cliengo.is_named_otherwise(ghl).then(what);
    }
    match (cliengo.get(&Field::Phone), ghl.get(&Field::Phone)) {
        (Some(Value::Phone(ours)), Some(Value::Phone(theirs))) if ours.is_line_of(theirs) => {
            Some(format!("{:?} and {:?} are one line, but not one extension of it", ours.raw, theirs.raw))
        }
        (Some(Value::Phone(ours)), Some(Value::Phone(theirs))) if ours.digits() == theirs.digits() => {
            cliengo.unusable(&Field::Phone).map(|why| format!("they have one phone in common, but {why}"))
        }
        _ => None,
    }
}

/// Names every such pair in the first run that looks, and never again.
pub fn said_once(input: &Input<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(pairs) = &input.linked_before else { return verdict };
    for (subject, why) in pairs {
        let parts = match links_command("remove", &subject.ids, &input.pair.name) {
            Some(remove) => format!("Two people: {remove}"),
            None => "Two people: remove their link (concord links remove --help)".to_owned(),
        };
        let detail =
            format!("linked by earlier rules; today {why}. They stay linked. One person: nothing to do. {parts}");
        verdict.hold(subject, HeldReason::LinkedBefore, detail);
    }
    verdict.base_updates.push(BaseUpdate::Remember { what: MATCH_RULES.to_owned(), link: None });
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Region;

    fn contact(name: &str, email: &str, phone: &str) -> Record {
        let phone = Value::phone(phone, Some(Region::AR));
        let email = if email.is_empty() { Value::Empty } else { Value::email(email) };
        Record::default().with(Field::Name, Value::name(name, "")).with(Field::Email, email).with(Field::Phone, phone)
    }

    #[test]
    fn only_links_that_would_wait_for_a_person_today_are_doubted() {
        let line = "011 4321-0500";
        let cases = [
            (contact("Laura Benítez", "", line), contact("Marcos Ruiz", "", "+541143210500"), "share no word"),
            (contact("Laura", "", "011 4321-0500 int. 101"), contact("Laura", "", line), "extension"),
            (contact("Laura", "", "1111111111"), contact("Laura", "", "11 1111-1111"), "is not sent"),
            // Of these nothing is to be said.
            (contact("Laura Benítez", "", line), contact("BENITEZ LAURA", "", line), ""),
            (contact("Visitante 8472", "", line), contact("Marcos Ruiz", "", line), ""),
            (contact("Laura", "a@example.com", line), contact("Marcos", "a@example.com", line), ""),
            (contact("Laura", "", line), contact("Marcos", "", "+541150001234"), ""),
            (contact("Laura", "", ""), contact("Marcos", "", ""), ""),
            (contact("Laura", "", "1111111111"), contact("Laura", "", "+541150001234"), ""),
        ];
        for (cliengo, ghl, expected) in cases {
            let why = why_not_linked_today(Both { cliengo: &cliengo, ghl: &ghl });
            let is_right = if expected.is_empty() {
                why.is_none()
            } else {
                why.as_ref().is_some_and(|why| why.contains(expected))
            };
            assert!(is_right, "{cliengo:?} and {ghl:?}: {why:?}");
        }
    }
}
