//! By what two contacts are recognised as one person.

use serde::Serialize;

use super::{Both, Field, MatchKey, PersonName, Record};

/// The key that two contacts have in common, in the form that is compared, and both names. (`semantics` 38)
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recognised {
    /// The e-mail or the line, as it is compared.
    pub key: String,
    /// What each is called; empty where a contact has no name, or a channel made it up.
    pub names: Both<String>,
}

impl Recognised {
    /// What a link by this key rests on.
    #[must_use]
    pub fn by(key: &MatchKey, cliengo: &Record, ghl: &Record) -> Self {
        let (MatchKey::Email(text) | MatchKey::Phone(text)) = key;
        let name = |record: &Record| record.own_name().map(PersonName::full).unwrap_or_default();
        let ours = name(cliengo);
        // Whether a channel made it up need not be asked twice.
        let is_one = cliengo.filler_name == ghl.filler_name && cliengo.get(&Field::Name) == ghl.get(&Field::Name);
        let theirs = if is_one { ours.clone() } else { name(ghl) };
        Self { key: text.clone(), names: Both { cliengo: ours, ghl: theirs } }
    }

    /// The first key that both have, and what a link by it rests on; `None` where they have none in common.
    #[must_use]
    pub fn of(cliengo: &Record, ghl: &Record) -> Option<(MatchKey, Self)> {
        let theirs: Vec<MatchKey> = ghl.all_keys().collect();
        let shared = cliengo.all_keys().find(|key| theirs.contains(key))?;
        let on = Self::by(&shared, cliengo, ghl);
        Some((shared, on))
    }

    /// The key, and the names where they are two.
    #[must_use]
    pub fn shown(&self) -> String {
        let Both { cliengo, ghl } = &self.names;
        if cliengo == ghl || cliengo.is_empty() || ghl.is_empty() {
            self.key.clone()
        } else {
            format!("{}, {cliengo} / {ghl}", self.key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Region, Value};

    fn contact(name: &str, email: &str, phone: &str) -> Record {
        let phone = Value::phone(phone, Some(Region::AR));
        Record::default()
            .with(Field::Name, Value::name(name, ""))
            .with(Field::Email, Value::email(email))
            .with(Field::Phone, phone)
    }

    #[test]
    fn the_key_is_said_in_the_form_that_is_compared_and_names_where_they_differ() {
        let ours = contact("Laura Benítez", "", "011 15 5010-7777");
        let (_, on) = Recognised::of(&ours, &contact("BENITEZ LAURA", "", "+5491150107777")).unwrap();
        assert_eq!(on.shown(), "+541150107777, Laura Benítez / BENITEZ LAURA");
        let (key, on) = Recognised::of(&contact("Ana", "mailto:Ana@x.com", ""), &contact("", "ana@x.com", "")).unwrap();
        assert_eq!((key, on.shown().as_str()), (MatchKey::Email("ana@x.com".to_owned()), "ana@x.com"));
        assert!(Recognised::of(&ours, &contact("Laura Benítez", "", "+5491150107778")).is_none());
    }
}
