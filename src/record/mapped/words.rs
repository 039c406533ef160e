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

    /// The words of which a value can be one, where `value`, in GHL's words, is none of them.
    #[must_use]
    pub fn words_instead_of(&self, value: &str) -> Option<Vec<&str>> {
        let options = self.options();
        let is_known = options.iter().any(|option| folded_case(option.trim()) == folded_case(value.trim()));
        if options.is_empty() || is_known {
            return None;
        }
        Some(options.into_iter().chain(self.values.iter().map(|(cliengo, _)| cliengo.as_str())).collect())
    }
}
