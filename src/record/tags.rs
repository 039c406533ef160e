//! Tags: sets that compare trimmed and without case, and remember every spelling stored.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::text::canonical_line;

/// A tag as it is compared: trimmed, NFC, lower case.
#[must_use]
pub fn fold_tag(tag: &str) -> String {
    canonical_line(&tag.to_lowercase())
}

/// A contact's tags, by what they mean; each with the spellings that its CRM stores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Tags(BTreeMap<String, BTreeSet<String>>);

impl Tags {
    /// The tags that are in `self` and not in `other`, one spelling each.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Vec<String> {
        self.0
            .iter()
            .filter(|(folded, _)| !other.0.contains_key(*folded))
            .filter_map(|(_, spellings)| spellings.first().cloned())
            .collect()
    }

    /// Whether the tag is there, in any spelling.
    #[must_use]
    pub fn contains(&self, tag: &str) -> bool {
        self.0.contains_key(&fold_tag(tag))
    }

    /// Every spelling stored of `tag`.
    #[must_use]
    pub fn spellings(&self, tag: &str) -> Vec<String> {
        self.0.get(&fold_tag(tag)).into_iter().flatten().cloned().collect()
    }

    /// Adds a tag.
    pub fn insert(&mut self, tag: &str) {
        let folded = fold_tag(tag);
        if !folded.is_empty() {
            self.0.entry(folded).or_default().insert(tag.to_owned());
        }
    }

    /// Removes a tag in every spelling.
    pub fn remove(&mut self, tag: &str) {
        self.0.remove(&fold_tag(tag));
    }

    /// Whether both hold the same tags, whatever their spelling.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.0.keys().eq(other.0.keys())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One spelling of each, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.values().filter_map(BTreeSet::first).map(String::as_str)
    }
}

impl<S: AsRef<str>> FromIterator<S> for Tags {
    fn from_iter<I: IntoIterator<Item = S>>(tags: I) -> Self {
        let mut set = Self::default();
        tags.into_iter().for_each(|tag| set.insert(tag.as_ref()));
        set
    }
}

impl From<Vec<String>> for Tags {
    fn from(tags: Vec<String>) -> Self {
        tags.into_iter().collect()
    }
}

impl From<Tags> for Vec<String> {
    fn from(tags: Tags) -> Self {
        tags.0.into_values().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Watches: I12, incident 29.
    #[test]
    fn order_case_and_outer_blanks_are_not_differences() {
        let one: Tags = ["Seguimiento", " VIP "].into_iter().collect();
        let other: Tags = ["vip", "seguimiento"].into_iter().collect();
        assert!(one.same(&other));
        assert_eq!(one.minus(&other), Vec::<String>::new());
    }

    #[test]
    fn a_removal_knows_every_spelling_that_is_stored() {
        let tags: Tags = ["VIP", "vip", "Vip "].into_iter().collect();
        assert_eq!(tags.spellings("vip").len(), 3);
    }
}
