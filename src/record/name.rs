//! Names of people. Two names are the same when their joined full names are (`semantics` 12).

use serde::{Deserialize, Serialize};

use super::text::canonical_line;

/// A name in the parts its CRM stores: Cliengo's `name` and `lastName`, GHL's `firstName` and `lastName`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonName {
    /// The first name, or the whole name where there is no last.
    pub first: String,
    /// The last name; empty where the CRM has none.
    pub last: String,
}

impl PersonName {
    /// A name in two parts.
    #[must_use]
    pub fn new(first: &str, last: &str) -> Self {
        Self { first: canonical_line(first), last: canonical_line(last) }
    }

    /// The joined full name: what is compared and shown.
    #[must_use]
    pub fn full(&self) -> String {
        canonical_line(&format!("{} {}", self.first, self.last))
    }

    /// Whether there is no name at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty() && self.last.is_empty()
    }

    /// The name in two parts for a new record: as stored, or split at its first blank.
    #[must_use]
    pub fn split(&self) -> Self {
        if !self.last.is_empty() {
            return self.clone();
        }
        match self.first.split_once(' ') {
            Some((first, last)) => Self::new(first, last),
            None => self.clone(),
        }
    }

    /// Whether every part is the one that stood there before or the one that was sent: a write that was kept in part.
    #[must_use]
    pub fn is_between(&self, before: &Self, sent: &Self) -> bool {
        let is_one_of = |part: &str, one: &str, other: &str| part == one || part == other;
        is_one_of(&self.first, &before.first, &sent.first) && is_one_of(&self.last, &before.last, &sent.last)
    }

    /// This full name in the parts of `current`, keeping every part that still fits; never a guess.
    #[must_use]
    pub fn fitted_to(&self, current: &Self) -> Self {
        let full = self.full();
        let after_first = full.strip_prefix(&current.first).and_then(|rest| rest.strip_prefix(' '));
        let before_last = full.strip_suffix(&current.last).and_then(|rest| rest.strip_suffix(' '));
        match (after_first, before_last) {
            _ if !self.last.is_empty() => self.clone(),
            (Some(last), _) if !current.first.is_empty() => Self::new(&current.first, last),
            (_, Some(first)) if !current.last.is_empty() => Self::new(first, &current.last),
            _ => Self::new(&full, ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_the_same_however_it_is_split() {
        assert_eq!(PersonName::new("María José Núñez", "").full(), PersonName::new("María  José", "Núñez").full());
    }

    #[test]
    fn a_changed_full_name_keeps_the_part_that_still_fits() {
        let current = PersonName::new("María José", "Núñez");
        assert_eq!(PersonName::new("María José Gómez", "").fitted_to(&current), PersonName::new("María José", "Gómez"));
        assert_eq!(PersonName::new("Ana Núñez", "").fitted_to(&current), PersonName::new("Ana", "Núñez"));
        assert_eq!(PersonName::new("Luis Paz", "").fitted_to(&current), PersonName::new("Luis Paz", ""));
    }
}
