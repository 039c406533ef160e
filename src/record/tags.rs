//! Tags: sets that compare trimmed and without case, and remember every spelling stored.

use serde::{Deserialize, Serialize};

use super::stored::is_form_of;
use super::text::{canonical_line, folded_case};

/// A tag in lower case: trimmed, NFC.
#[must_use]
pub fn fold_tag(tag: &str) -> String {
    canonical_line(&tag.to_lowercase())
}

/// What says how a picture is drawn, as a letter or in colour: `❤` and `❤️` are one.
const DRAWN: [char; 2] = ['\u{fe0e}', '\u{fe0f}'];

/// A tag as it is compared: its case folded, each picture however it is drawn.
fn key(tag: &str) -> String {
    canonical_line(&folded_case(&tag.replace(DRAWN, "")))
}

/// A contact's tags, by what they mean; each with the spellings that its CRM stores. A list in order, since maps take room for
/// eleven where two stand, in millions of contacts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Tags(Vec<(String, String)>);

impl Tags {
    /// The spellings of each.
    fn each(&self) -> impl Iterator<Item = &[(String, String)]> {
        self.0.chunk_by(|(one, _), (other, _)| one == other)
    }

    /// What each is compared by, in order.
    fn folded(&self) -> impl Iterator<Item = &str> {
        self.each().filter_map(|spellings| spellings.first()).map(|(folded, _)| folded.as_str())
    }

    fn has(&self, folded: &str) -> bool {
        self.0.binary_search_by(|(own, _)| own.as_str().cmp(folded)).is_ok()
    }

    /// The tags that are in `self` and not in `other`, one spelling each.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Vec<String> {
        let firsts = self.each().filter_map(|spellings| spellings.first());
        firsts.filter(|(folded, _)| !other.has(folded)).map(|(_, spelling)| spelling.clone()).collect()
    }

    /// Whether the tag is there, in any spelling.
    #[must_use]
    pub fn contains(&self, tag: &str) -> bool {
        self.has(&key(tag))
    }

    /// Every spelling stored of `tag`.
    #[must_use]
    pub fn spellings(&self, tag: &str) -> Vec<String> {
        let folded = key(tag);
        self.0.iter().filter(|(own, _)| *own == folded).map(|(_, spelling)| spelling.clone()).collect()
    }

    /// The tag that a CRM made of `sent` when it stored it: cut, or with marks for what it does not know. (`semantics` 41)
    #[must_use]
    pub fn form_of(&self, sent: &str) -> Option<&str> {
        let sent = fold_tag(sent);
        self.iter().find(|stored| is_form_of(&fold_tag(stored), &sent))
    }

    /// Adds a tag.
    pub fn insert(&mut self, tag: &str) {
        let spelt = (key(tag), tag.to_owned());
        if spelt.0.is_empty() {
            return;
        }
        if let Err(at) = self.0.binary_search(&spelt) {
            self.0.reserve_exact(1);
            self.0.insert(at, spelt);
        }
    }

    /// Removes a tag in every spelling.
    pub fn remove(&mut self, tag: &str) {
        let folded = key(tag);
        self.0.retain(|(own, _)| *own != folded);
    }

    /// Whether both hold the same tags, whatever their spelling.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.folded().eq(other.folded())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One spelling of each, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.each().filter_map(|spellings| spellings.first()).map(|(_, spelling)| spelling.as_str())
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
        tags.0.into_iter().map(|(_, spelling)| spelling).collect()
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
    fn a_tag_is_one_in_capitals_and_in_small_letters() {
        for (one, other) in
            [("straße", "STRASSE"), ("ẞ", "ß"), ("ΟΔΟΣ", "οδος"), ("ﬁn", "FIN"), ("İzmir", "i\u{307}zmir")]
        {
            let tags: Tags = [one].into_iter().collect();
            assert!(tags.contains(other) && tags.same(&[other].into_iter().collect()), "{one} {other}");
            assert_eq!(key(&key(one)), key(one));
        }
        assert!(!["sınır"].into_iter().collect::<Tags>().contains("sinir"));
        assert_eq!(fold_tag("Straße"), "straße", "it is sent as it is spelt");
    }

    #[test]
    fn a_picture_is_one_tag_however_it_is_drawn() {
        let one: Tags = ["❤", "🏳\u{fe0f}\u{200d}🌈 Club"].into_iter().collect();
        let other: Tags = ["❤\u{fe0f}", "🏳\u{200d}🌈 club"].into_iter().collect();
        assert!(one.same(&other) && one.contains("❤\u{fe0e}"));
        assert_eq!(key(&key("1\u{fe0f}\u{200d}👩")), key("1\u{fe0f}\u{200d}👩"));
        assert_eq!(fold_tag("❤\u{fe0f} VIP"), "❤\u{fe0f} vip", "it is sent as it is drawn");
    }

    #[test]
    fn a_tag_is_found_again_in_the_form_in_which_a_crm_stores_it() {
        let long = "cliente muy importante ".repeat(6);
        let tags: Tags = [&long.to_uppercase()[..100], "vip ?", "otro"].into_iter().collect();
        assert_eq!(tags.form_of(&long).map(fold_tag), Some(fold_tag(&long[..100])));
        assert_eq!((tags.form_of("VIP 🔥"), tags.form_of("otra")), (Some("vip ?"), None));
    }

    #[test]
    fn a_removal_knows_every_spelling_that_is_stored() {
        let tags: Tags = ["VIP", "vip", "Vip "].into_iter().collect();
        assert_eq!(tags.spellings("vip").len(), 3);
        assert_eq!(tags.iter().collect::<Vec<_>>(), ["VIP"]);
    }

    #[test]
    fn tags_stand_in_their_order_each_spelling_once() {
        let mut tags: Tags = ["nuevo", "VIP", "vip", "VIP", " ", "Alta"].into_iter().collect();
        assert_eq!(Vec::from(tags.clone()), ["Alta", "nuevo", "VIP", "vip"]);
        assert!(tags.contains("ALTA") && !tags.contains("al"));
        tags.remove("Vip");
        assert_eq!(tags.minus(&["NUEVO"].into_iter().collect()), ["Alta"]);
        assert!(tags.same(&["alta", "Nuevo"].into_iter().collect()) && !tags.same(&["alta"].into_iter().collect()));
    }
}
