//! One row of a listing, read only as far as a listing needs: its keys, not the tree below them.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Fingerprint, RawRecord};
use crate::record::RemoteId;

/// A key, borrowed where it holds no escapes.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl Borrow<str> for Key<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A JSON object whose values are untouched text, keys in order.
pub(super) struct Row<'a> {
    text: &'a str,
    keys: BTreeMap<Key<'a>, &'a RawValue>,
}

impl<'a> Row<'a> {
    /// Reads a row; `None` where it is no object.
    pub fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok().map(|keys| Self { text, keys })
    }

    /// The untouched value of `key`.
    pub fn raw(&self, key: &str) -> Option<&'a RawValue> {
        self.keys.get(key).copied()
    }

    /// A string that is not empty.
    pub fn text(&self, key: &str) -> Option<String> {
        let raw = self.raw(key)?;
        serde_json::from_str::<String>(raw.get()).ok().filter(|text| !text.is_empty())
    }

    /// The first of `keys` that holds a string.
    pub fn first_text(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| self.text(key))
    }

    /// An instant, where one can be read.
    pub fn instant(&self, key: &str) -> Option<Timestamp> {
        self.text(key)?.parse().ok()
    }

    /// Hashes the keys and values, in the order of the keys, without the `volatile` ones.
    pub fn fingerprint(&self, volatile: &[&str]) -> Fingerprint {
        let mut hasher = blake3::Hasher::new();
        for (key, value) in self.keys.iter().filter(|(key, _)| !volatile.contains(&&*key.0)) {
            // JSON text holds no zero byte, so the parts cannot run into each other.
            hasher.update(key.0.as_bytes()).update(&[0]).update(value.get().as_bytes()).update(&[0]);
        }
        let mut fingerprint = Fingerprint::default();
        hasher.finalize_xof().fill(&mut fingerprint);
        fingerprint
    }

    /// The row as a record.
    pub fn record<I: RemoteId>(&self, id: I, parent: Option<I>, volatile: &[&str]) -> RawRecord<I> {
        RawRecord { id, parent, payload: self.text.to_owned(), fingerprint: self.fingerprint(volatile) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_and_what_is_volatile_leave_a_fingerprint_alone() {
        let one = Row::read(r#"{"id":"a","name":"Ana","lastUpdateDate":"2026-01-01T00:00:00Z"}"#).unwrap();
        let two = Row::read(r#"{"lastUpdateDate":"2026-02-02T00:00:00Z","name":"Ana","id":"a"}"#).unwrap();
        let three = Row::read(r#"{"id":"a","name":"Anb"}"#).unwrap();
        assert_eq!(one.fingerprint(&["lastUpdateDate"]), two.fingerprint(&["lastUpdateDate"]));
        assert_ne!(one.fingerprint(&["lastUpdateDate"]), three.fingerprint(&["lastUpdateDate"]));
        assert_ne!(one.fingerprint(&[]), two.fingerprint(&[]));
    }

    #[test]
    fn what_is_no_object_is_no_row() {
        assert!(Row::read("[1]").is_none() && Row::read("null").is_none() && Row::read("\"x\"").is_none());
    }
}
