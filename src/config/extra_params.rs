//! What a write does to a contact's extra parameters.

use serde::Serialize;

use super::choice::Choice;

/// What a write does to a contact's extra parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExtraParams {
    /// They are not written.
    Off,
    /// A write adds to them.
    Merge,
    /// A write replaces them all.
    Replace,
}

impl Choice for ExtraParams {
    const WORDS: &'static [(&'static str, Self)] =
        &[("off", Self::Off), ("merge", Self::Merge), ("replace", Self::Replace)];
}
