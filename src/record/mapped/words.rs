//! The words that a field knows: what stands in a configuration is held against them before a run.

use super::{Holds, Mapped, STATUSES};
use crate::record::Side;
use crate::record::text::folded_case;

impl Mapped {
    /// The words of its table that are no value of the field on their side, with those that are.
    #[must_use]
    pub fn unknown_words(&self) -> Vec<(Side, &str, Vec<&str>)> {
        let mut unknown = Vec::new();
        let has = |known: &[&str], word: &str| known.iter().any(|known| folded_case(known) == folded_case(word));
        let statuses = if self.cliengo == "status" { STATUSES.to_vec() } else { Vec::new() };
        let options = self.options();
        for (cliengo, ghl) in &self.values {
            for (side, word, known) in [(Side::Cliengo, cliengo, &statuses), (Side::Ghl, ghl, &options)] {
                if !known.is_empty() && !has(known, word) {
                    unknown.push((side, word.as_str(), known.clone()));
                }
            }
        }
        unknown
    }

    /// The values that GHL takes, where they are counted.
    fn options(&self) -> Vec<&str> {
        match &self.holds {
            Holds::Option(options) | Holds::Options(options) => options.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether GHL takes any word for it.
    #[must_use]
    pub fn takes_any_word(&self) -> bool {
        self.options().is_empty()
    }

    /// The words that are known of the field, where `value`, in GHL's words, is none of them.
    #[must_use]
    pub fn words_instead_of(&self, value: &str) -> Option<Vec<&str>> {
        let (cliengos, ghls): (Vec<&str>, Vec<&str>) =
            self.values.iter().map(|(cliengo, ghl)| (cliengo.as_str(), ghl.as_str())).unzip();
        let statuses = if self.cliengo == "status" { STATUSES.as_slice() } else { &[] };
        let known = if self.takes_any_word() { [ghls.as_slice(), statuses].concat() } else { self.options() };
        let is_known = known.iter().any(|known| folded_case(known.trim()) == folded_case(value.trim()));
        if known.is_empty() || is_known {
            return None;
        }
        let further = cliengos.into_iter().filter(|word| !known.contains(word));
        Some(known.iter().copied().chain(further).collect())
    }
}
