//! Values that are one word of a fixed list.

use crate::record::Side;

/// A value that is written as one of a few words.
pub(super) trait Choice: Copy + 'static {
    /// The words and what they mean, in the order in which a message lists them.
    const WORDS: &'static [(&'static str, Self)];
}

impl Choice for Side {
    const WORDS: &'static [(&'static str, Self)] = &[("ghl", Self::Ghl), ("cliengo", Self::Cliengo)];
}

/// Of `known`, the word most like `word`, and how alike they are from 0 to 1.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<(&'k str, f64)> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (candidate, strsim::normalized_damerau_levenshtein(&word, &candidate.to_lowercase())))
        .max_by(|left, right| left.1.total_cmp(&right.1))
}

/// `"a", "b" or "c"`.
pub(super) fn listed<'k>(words: impl IntoIterator<Item = &'k str>) -> String {
    let mut quoted: Vec<String> = words.into_iter().map(|word| format!("\"{word}\"")).collect();
    let Some(last) = quoted.pop() else { return String::new() };
    if quoted.is_empty() { last } else { format!("{} or {last}", quoted.join(", ")) }
}
