//! Reading from a refusal that a record is gone: the CRM's own words about it, never those of a server in front of it.
//! (I20)

use serde_json::Value as Json;

/// Under which keys both CRMs put what they have to say.
const TEXTS: [&str; 4] = ["message", "error", "msg", "errors"];

/// How it is said that something is not there any more. Apostrophes part words.
const ABSENT: [&str; 15] = [
    "not found",
    "not be found",
    "not find",
    "not exist",
    "doesn t exist",
    "no longer exist",
    "was deleted",
    "is deleted",
    "been deleted",
    "already deleted",
    "contact deleted",
    "been removed",
    "no encontrado",
    "no existe",
    "fue eliminado",
];

/// The texts of a refusal; none where it is no JSON object, or tells of a path: then a router speaks, not the CRM.
pub(super) fn texts(body: &str) -> Vec<String> {
    let Ok(Json::Object(object)) = serde_json::from_str(body) else { return Vec::new() };
    if ["path", "url", "route"].iter().any(|key| object.contains_key(*key)) {
        return Vec::new();
    }
    let mut texts = Vec::new();
    for said in TEXTS.iter().filter_map(|key| object.get(*key)) {
        collect(said, &mut texts);
    }
    texts
}

fn collect(said: &Json, texts: &mut Vec<String>) {
    match said {
        Json::String(text) => texts.push(text.clone()),
        Json::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Json::Object(inner) => TEXTS.iter().filter_map(|key| inner.get(*key)).for_each(|item| collect(item, texts)),
        _ => {}
    }
}

/// A text in its words. A path stays one word, so that an id in a path is not an id that is spoken of.
pub(super) struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    pub fn of(text: &'a str) -> Self {
        let parts = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '/')));
        Self(parts.filter(|word| !word.is_empty()).collect())
    }

    /// Whether an id is among them, to the letter.
    pub fn name(&self, id: &str) -> bool {
        self.0.contains(&id)
    }

    /// Whether a noun is among them.
    pub fn have(&self, noun: &str) -> bool {
        self.0.iter().any(|word| word.eq_ignore_ascii_case(noun))
    }

    /// Whether they say that something is not there any more.
    pub fn say_absent(&self) -> bool {
        let said = self.0.join(" ").to_lowercase();
        ABSENT.iter().any(|phrase| said.contains(phrase))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_alone_in_lists_and_in_objects_and_never_in_a_routers_answer() {
        assert_eq!(texts(r#"{"message":["a","b"],"error":"c"}"#), ["a", "b", "c"]);
        assert_eq!(texts(r#"{"error":{"message":"a"},"status":400}"#), ["a"]);
        for body in ["", "not found", "<html>", "[]", r#""a""#, r#"{"error":"a","path":"/contacts"}"#] {
            assert_eq!(texts(body), [""; 0], "{body}");
        }
    }
}
