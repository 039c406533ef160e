//! Names of people. Two names are the same when their joined full names are (`semantics` 12).

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::text::canonical_line;

/// Words that join names, or stand before them: two names that share nothing else share nothing.
const PARTICLES: [&str; 50] = [
    "de", "del", "la", "las", "los", "el", "lo", "y", "e", "da", "das", "do", "dos", "di", "du", "van", "von", "der",
    "den", "san", "santa", "santo", "sr", "sra", "srta", "senor", "senora", "don", "dona", "dr", "dra", "lic", "ing",
    "arq", "prof", "mr", "mrs", "ms", "sa", "srl", "sas", "ltda", "cia", "inc", "llc", "and", "the", "hijos", "hnos",
    "ma",
];

/// What a channel calls somebody whose name it does not know, alone or with a number.
const FILLERS: [&str; 24] = [
    "visitante",
    "visitor",
    "invitado",
    "invitada",
    "guest",
    "usuario",
    "usuaria",
    "user",
    "anonimo",
    "anonima",
    "anonymous",
    "desconocido",
    "desconocida",
    "unknown",
    "sin nombre",
    "no name",
    "sem nome",
    "whatsapp",
    "whatsapp user",
    "usuario de whatsapp",
    "n n",
    "nn",
    "s n",
    "n a",
];

/// The same, but with a number only: alone, they may be a name that a person gave.
const NUMBERED_FILLERS: [&str; 9] =
    ["cliente", "client", "customer", "lead", "contacto", "contact", "prospecto", "consulta", "chat"];

/// A name in the parts its CRM stores: Cliengo's `name` and `lastName`, GHL's `firstName` and `lastName`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonName {
    /// The first name, or the whole name where there is no last.
    pub first: String,
    /// The last name; empty where the CRM has none.
    pub last: String,
    /// Whether the field of the first name holds the last one too. (`semantics` 45)
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// Whether nothing was said of the last name. (`semantics` 40)
    #[serde(skip)]
    pub without_last: bool,
}

impl PersonName {
    /// A name in two parts.
    #[must_use]
    pub fn new(first: &str, last: &str) -> Self {
        Self { first: canonical_line(first), last: canonical_line(last), ..Self::default() }
    }

    /// A name whose first part may end with the last one: it is not appended twice. (`semantics` 45)
    #[must_use]
    pub fn joined(name: &str, last: &str) -> Self {
        let (name, last) = (canonical_line(name), canonical_line(last));
        let (words, ending): (Vec<&str>, Vec<&str>) = (name.split(' ').collect(), last.split(' ').collect());
        let before = words.len().checked_sub(ending.len()).filter(|_| !last.is_empty());
        let parts = before.and_then(|before| words.split_at_checked(before));
        match parts {
            Some((first, end)) if end.iter().map(|word| folded(word)).eq(ending.iter().map(|word| folded(word))) => {
                Self { first: first.join(" "), last, whole: true, without_last: false }
            }
            _ => Self { first: name, last, ..Self::default() },
        }
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
            return Self::new(&self.first, &self.last);
        }
        match self.first.split_once(' ') {
            Some((first, last)) => Self::new(first, last),
            None => Self::new(&self.first, ""),
        }
    }

    /// Whether every part is the one that stood there before or the one that was sent: a write that was kept in part.
    #[must_use]
    pub fn is_between(&self, before: &Self, sent: &Self) -> bool {
        let is_one_of = |part: &str, one: &str, other: &str| part == one || part == other;
        is_one_of(&self.first, &before.first, &sent.first) && is_one_of(&self.last, &before.last, &sent.last)
    }

    /// This full name in the parts of `current`, keeping every part that still fits; where none does, split as for a new
    /// record. (`semantics` 45)
    #[must_use]
    pub fn fitted_to(&self, current: &Self) -> Self {
        let full = self.full();
        let after_first = full.strip_prefix(&current.first).and_then(|rest| rest.strip_prefix(' '));
        let before_last = full.strip_suffix(&current.last).and_then(|rest| rest.strip_suffix(' '));
        match (after_first, before_last) {
            _ if !self.last.is_empty() => Self::new(&self.first, &self.last),
            (Some(last), _) if !current.first.is_empty() => Self::new(&current.first, last),
            (_, Some(first)) if !current.last.is_empty() => Self::new(first, &current.last),
            _ => self.split(),
        }
    }

    /// Whether a channel made it up: digits, a chat's id, "Visitante 8472". (`semantics` 39)
    #[must_use]
    pub fn is_filler(&self) -> bool {
        let full = self.full();
        let folded = folded(&full);
        let plain = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let words: Vec<&str> = plain.collect();
        let is_number =
            |word: &str| word.chars().any(|c| c.is_ascii_digit()) && word.chars().all(|c| c.is_ascii_hexdigit());
        let (numbers, named): (Vec<&str>, Vec<&str>) = match words.split_last() {
            Some((last, named)) if is_number(last) => (vec![*last], named.to_vec()),
            _ => (Vec::new(), words.clone()),
        };
        let named = named.join(" ");
        let is_chat = ["@c.us", "@s.whatsapp.net", "@g.us", "@lid"].iter().any(|chat| folded.ends_with(chat));
        !full.is_empty()
            && (is_chat
                || words.iter().all(|word| word.chars().all(char::is_numeric))
                || FILLERS.contains(&named.as_str())
                || !numbers.is_empty() && NUMBERED_FILLERS.contains(&named.as_str()))
    }

    /// Whether both have a word in common, case, accents and particles aside. (`semantics` 38)
    #[must_use]
    pub fn shares_a_word(&self, other: &Self) -> bool {
        let (ours, theirs) = (words(&self.full()), words(&other.full()));
        ours.iter().any(|word| theirs.contains(word))
    }
}

/// A text without case and accents.
fn folded(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).collect::<String>().to_lowercase()
}

/// The words that a name is known by; where there are only particles and initials, these.
fn words(name: &str) -> Vec<String> {
    let folded = folded(name);
    let all = || folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let is_name = |word: &&str| !PARTICLES.contains(word) && word.chars().nth(1).is_some();
    let names: Vec<String> = all().filter(is_name).map(str::to_owned).collect();
    if names.is_empty() { all().map(str::to_owned).collect() } else { names }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(full: &str) -> PersonName {
        PersonName::new(full, "")
    }

    #[test]
    fn one_name_is_the_same_however_it_is_split() {
        assert_eq!(name("María José Núñez").full(), PersonName::new("María  José", "Núñez").full());
    }

    #[test]
    fn a_changed_full_name_keeps_the_part_that_still_fits_and_is_split_where_none_does() {
        let current = PersonName::new("María José", "Núñez");
        assert_eq!(name("María José Gómez").fitted_to(&current), PersonName::new("María José", "Gómez"));
        assert_eq!(name("Ana Núñez").fitted_to(&current), PersonName::new("Ana", "Núñez"));
        assert_eq!(name("Luis Paz").fitted_to(&current), PersonName::new("Luis", "Paz"));
        assert_eq!(name("Pilar de la Cruz").fitted_to(&current), PersonName::new("Pilar", "de la Cruz"));
        assert_eq!(name("Cher").fitted_to(&current), PersonName::new("Cher", ""));
    }

    #[test]
    fn a_last_name_that_stands_in_the_name_already_is_not_appended_again() {
        for (first, last, full) in [
            ("Joaquín Ordóñez", "Ordóñez", "Joaquín Ordóñez"),
            ("María Luz Peña Ruiz", "Peña Ruiz", "María Luz Peña Ruiz"),
            ("JOAQUIN ORDONEZ", "Ordóñez", "JOAQUIN Ordóñez"),
            ("Joaquín", "Ordóñez", "Joaquín Ordóñez"),
            ("Ordóñez", "Ordóñez", "Ordóñez"),
            ("Joaquín", "", "Joaquín"),
            ("Anaruiz", "Ruiz", "Anaruiz Ruiz"),
        ] {
            assert_eq!(PersonName::joined(first, last).full(), full);
        }
    }

    #[test]
    fn fillers_are_told_from_names() {
        for filler in [
            "5491155520101",
            "+54 9 11 5552-0101",
            "5491155520101@c.us",
            "5491155520101@s.whatsapp.net",
            "Visitante 8472",
            "VISITANTE",
            "Visitor 12",
            "Visitor #a8f3c2",
            "Usuario de WhatsApp",
            "Anónimo",
            "Sin nombre",
            "Cliente 123",
            "s/n",
            ".",
        ] {
            assert!(name(filler).is_filler(), "{filler}");
        }
        for person in ["Ana Gómez", "Cliente", "Visitación Ruiz", "Guestrin", "Juan 23", "Ana", "李雷", "Dada", ""]
        {
            assert!(!name(person).is_filler(), "{person}");
        }
    }

    #[test]
    fn names_share_a_word_whatever_its_case_accents_and_order() {
        for (one, other) in [
            ("Laura Benítez", "Laura Benitez"),
            ("BENÍTEZ LAURA INÉS", "Laura Benítez"),
            ("Sáenz-Peña, Belén", "Ma. Belén Sáenz Peña"),
            ("Ferretería Sosa", "Mirta Sosa"),
            ("J. P.", "j p"),
        ] {
            assert!(name(one).shares_a_word(&name(other)), "{one} and {other}");
        }
        for (one, other) in [
            ("Laura Benítez", "Óscar Quiroga"),
            ("María de la Cruz", "Ana de la Torre"),
            ("Sra. Díaz", "Sra. Paz"),
            ("A. Gómez", "A. Paz"),
            ("Los Hnos. Ruiz S.A.", "Los Hnos. Paz S.A."),
        ] {
            assert!(!name(one).shares_a_word(&name(other)), "{one} and {other}");
        }
    }
}
