//! What changed in a record that no field of ours shows: one payload held against another. (`semantics` 59)

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

/// How a CRM's payloads of one kind are compared.
pub(super) struct Rules {
    /// Keys that change by themselves, that fields of ours show, or that follow from those.
    pub ignored: &'static [&'static str],
    /// Keys that people fill in: a shape that leaves one out says that it is empty.
    pub edited: &'static [&'static str],
    /// Keys that a search spells otherwise: its spelling, and that of the other shapes.
    pub spelt: &'static [(&'static str, &'static str)],
}

/// A payload without what says nothing: keys that are ignored, and values that are empty.
pub(super) struct Comparable {
    keys: BTreeMap<String, Json>,
    shown: BTreeSet<String>,
}

impl Comparable {
    /// Reads a payload; `None` where it is no object. Keys that `ours` names are fields of ours by configuration.
    pub fn read(rules: &Rules, payload: &str, ours: impl Fn(&str) -> bool) -> Option<Self> {
        let all: Map<String, Json> = serde_json::from_str(payload).ok()?;
        let spelling = |key: String| {
            let known = rules.spelt.iter().find(|(searched, _)| *searched == key);
            known.map_or(key, |(_, written)| (*written).to_owned())
        };
        let matters = |key: &String| !rules.ignored.contains(&key.as_str()) && !ours(key);
        let keys: BTreeMap<String, Json> =
            all.into_iter().filter(|(key, _)| matters(key)).map(|(key, value)| (spelling(key), value)).collect();
        let shown = keys.keys().cloned().collect();
        let filled = keys.into_iter().filter_map(|(key, value)| Some((key, plain(value)?))).collect();
        Some(Self { keys: filled, shown })
    }

    /// Puts another value in the place of a key's.
    pub fn reduce(&mut self, key: &str, change: impl FnOnce(Json) -> Option<Json>) {
        if let Some(value) = self.keys.remove(key).and_then(change) {
            self.keys.insert(key.to_owned(), value);
        }
    }

    /// The keys in which two payloads differ. Of two shapes, only what both show and what people fill in can be compared.
    pub fn differences(&self, now: &Self, rules: &Rules, alike: bool) -> BTreeSet<String> {
        let comparable = |key: &&String| {
            alike || rules.edited.contains(&key.as_str()) || self.shown.contains(*key) && now.shown.contains(*key)
        };
        let all: BTreeSet<&String> = self.keys.keys().chain(now.keys.keys()).collect();
        let differ = |key: &&String| self.keys.get(*key) != now.keys.get(*key);
        all.into_iter().filter(comparable).filter(differ).cloned().collect()
    }
}

/// A value in one spelling; `None` where it is empty. A number is as good as a text, and what one shape leaves out is
/// false.
fn plain(value: Json) -> Option<Json> {
    match value {
        Json::Null | Json::Bool(false) => None,
        Json::Number(number) => Some(Json::String(number.to_string())),
        Json::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()).map(Json::String),
        Json::Array(items) => {
            let items: Vec<Json> = items.into_iter().filter_map(plain).collect();
            (!items.is_empty()).then_some(Json::Array(items))
        }
        Json::Object(keys) => {
            let keys: Map<String, Json> =
                keys.into_iter().filter_map(|(key, value)| Some((key, plain(value)?))).collect();
            (!keys.is_empty()).then_some(Json::Object(keys))
        }
        truth @ Json::Bool(true) => Some(truth),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules =
        Rules { ignored: &["id", "dateUpdated"], edited: &["city", "address1"], spelt: &[("address", "address1")] };

    fn read(payload: &str) -> Comparable {
        Comparable::read(&RULES, payload, |key| key == "ours").unwrap()
    }

    fn changed(before: &str, now: &str, alike: bool) -> Vec<String> {
        read(before).differences(&read(now), &RULES, alike).into_iter().collect()
    }

    #[test]
    fn what_is_empty_ours_or_moves_by_itself_is_no_difference() {
        let before = r#"{"id":"a","city":null,"tags":[],"dnd":false,"rating":3,"ours":1,"dateUpdated":"1"}"#;
        let now = r#"{"id":"b","dateUpdated":"2","rating":"3","ours":2,"score":{}}"#;
        assert_eq!(changed(before, now, true), [""; 0]);
    }

    #[test]
    fn another_spelling_of_a_search_is_the_same_key() {
        assert_eq!(changed(r#"{"address":"Av. 1"}"#, r#"{"address1":"Av. 1"}"#, false), [""; 0]);
        assert_eq!(changed(r#"{"address":null}"#, r#"{"address1":"Av. 1"}"#, false), ["address1"]);
    }

    #[test]
    fn of_two_shapes_only_what_both_show_or_people_fill_in_can_differ() {
        let (before, now) = (r#"{"type":"lead"}"#, r#"{"type":"customer","score":1,"city":"Rosario"}"#);
        assert_eq!(changed(before, now, false), ["city", "type"]);
        assert_eq!(changed(before, now, true), ["city", "score", "type"]);
    }
}
