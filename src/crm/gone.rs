//! Reading from a refusal that a record is gone: the CRM's own words about it and nothing else, never those of a server in
//! front of it. (I20)

use serde_json::Value as Json;

/// Under which keys both CRMs put what they have to say.
const TEXTS: [&str; 9] = ["message", "error", "msg", "errors", "detail", "details", "reason", "description", "hint"];

/// Under which keys they repeat the status; it may differ from that of the answer.
const STATUS: [&str; 3] = ["statusCode", "status", "code"];

/// What adds nothing to a sentence: articles, and the words around an id.
const FILLERS: [&str; 19] = [
    "a",
    "an",
    "the",
    "this",
    "that",
    "any",
    "with",
    "for",
    "by",
    "of",
    "id",
    "record",
    "requested",
    "error",
    "el",
    "la",
    "un",
    "con",
    "de",
];

/// All that may be left of a sentence, once the record and what adds nothing are taken out. Apostrophes part words.
const ABSENT: [&str; 36] = [
    "not found",
    "was not found",
    "could not be found",
    "cannot be found",
    "can not be found",
    "could not find",
    "cannot find",
    "no such",
    "no found",
    "not exist",
    "does not exist",
    "does not exist anymore",
    "doesn t exist",
    "no longer exists",
    "gone",
    "is gone",
    "deleted",
    "is deleted",
    "was deleted",
    "has been deleted",
    "already deleted",
    "was already deleted",
    "has already been deleted",
    "removed",
    "was removed",
    "has been removed",
    "no encontrado",
    "no fue encontrado",
    "no se encontró",
    "no se encuentra",
    "no existe",
    "ya no existe",
    "eliminado",
    "fue eliminado",
    "ha sido eliminado",
    "borrado",
];

/// What stands beside a sentence and repeats the status in words.
const LABELS: [&str; 5] = ["badrequest", "badrequestexception", "notfoundexception", "notfounderror", "error"];

/// A sentence that says that something is not there any more, and says no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Absence {
    /// Whether it says what kind of record it is about.
    pub names_kind: bool,
    /// Whether it names the very id that was asked for, to the letter.
    pub names_id: bool,
}

/// What a refusal says of a record that is not there any more; nothing where it says anything besides: who has no permission,
/// which route, cache or index lacks it, that another record is not found.
pub(super) fn absences(body: &str, nouns: &[&str], id: &str) -> Vec<Absence> {
    let Ok(Json::Object(object)) = serde_json::from_str(body) else { return Vec::new() };
    // Then a router speaks, not the CRM.
    let is_a_routers = ["path", "url", "route"].iter().any(|key| object.contains_key(*key));
    let is_another_no = STATUS
        .iter()
        .filter_map(|key| object.get(*key)?.as_u64())
        .any(|status| matches!(status, 401 | 403 | 429 | 500..));
    if is_a_routers || is_another_no {
        return Vec::new();
    }
    let mut texts = Vec::new();
    for said in TEXTS.iter().filter_map(|key| object.get(*key)) {
        collect(said, &mut texts);
    }
    texts.retain(|text| !LABELS.contains(&compact(text).as_str()));
    texts.iter().map(|text| absence(text, nouns, id)).collect::<Option<_>>().unwrap_or_default()
}

fn collect(said: &Json, texts: &mut Vec<String>) {
    match said {
        Json::String(text) => texts.push(text.clone()),
        Json::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Json::Object(inner) => TEXTS.iter().filter_map(|key| inner.get(*key)).for_each(|item| collect(item, texts)),
        _ => {}
    }
}

fn compact(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

/// Reads a text as a whole; `None` where it says anything else. A path stays one word, so that an id in a path is not an id
/// that is spoken of.
fn absence(text: &str, nouns: &[&str], id: &str) -> Option<Absence> {
    let mut told = Absence { names_kind: false, names_id: false };
    let mut left = Vec::new();
    for word in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '/'))) {
        if !word.is_empty() && word == id {
            told.names_id = true;
            continue;
        }
        for word in word.split(['-', '_']).filter(|word| !word.is_empty()).map(str::to_lowercase) {
            if nouns.contains(&word.as_str()) {
                told.names_kind = true;
            } else if !FILLERS.contains(&word.as_str()) {
                left.push(word);
            }
        }
    }
    ABSENT.contains(&left.join(" ").as_str()).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> Vec<(bool, bool)> {
        absences(body, &["contact"], "A1").iter().map(|absence| (absence.names_kind, absence.names_id)).collect()
    }

    #[test]
    fn texts_are_found_alone_in_lists_and_in_objects_and_never_in_a_routers_answer() {
        let both = r#"{"message":["Contact not found","A1 was deleted"],"error":"Not Found"}"#;
        assert_eq!(told(both), [(true, false), (false, true), (false, false)]);
        assert_eq!(told(r#"{"error":{"message":"No such contact: 'A1'."},"status":400}"#), [(true, true)]);
        for body in ["", "not found", "<html>", "[]", r#""not found""#, r#"{"error":"not found","path":"/contacts"}"#] {
            assert_eq!(told(body), [], "{body}");
        }
    }

    #[test]
    fn a_text_that_says_anything_besides_says_nothing_of_the_record() {
        for text in [
            "Contact A1 not found in cache, try again later",
            "Contact A1 not found or you do not have permission",
            "Contact A1 is not deleted",
            "Contact A1 may have been deleted",
            "Contact route A1 not found",
            "Contact found with id A1",
            "/contact/A1 not found",
        ] {
            assert_eq!(told(&serde_json::json!({ "message": text }).to_string()), [], "{text}");
        }
        for body in [
            r#"{"message":"Contact A1 not found","error":"Forbidden"}"#,
            r#"{"message":"Contact A1 not found","detail":"replica 2 is rebuilding"}"#,
            r#"{"message":"Contact A1 not found","statusCode":503}"#,
            r#"{"message":["Contact A1 not found","Contact B2 not found"]}"#,
        ] {
            assert_eq!(told(body), [], "{body}");
        }
    }
}
