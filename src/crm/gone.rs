//! Reading from a refusal that a record is gone: the CRM's own words about it and nothing else, never those of a server in
//! front of it. (I20)

use serde_json::Value as Json;

/// What passes with any answer and says nothing of a record, by its key.
const PASSING: [&str; 9] =
    ["traceid", "requestid", "correlationid", "timestamp", "time", "date", "datetime", "version", "apiversion"];

/// What a flag may say of a record that is not there; any other says something besides.
const MAY_BE_TRUE: [&str; 7] = ["error", "iserror", "failed", "notfound", "deleted", "isdeleted", "gone"];
const MAY_BE_FALSE: [&str; 10] =
    ["success", "succeeded", "succeded", "ok", "status", "found", "exists", "retry", "retryable", "isretryable"];

/// What a code calls a record of any kind.
const ANYTHING: [&str; 7] = ["", "resource", "record", "entity", "document", "object", "item"];

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
const LABELS: [&str; 7] = ["", "badrequest", "http", "aboutblank", "fail", "failed", "failure"];

/// A sentence that says that something is not there any more, and says no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Absence {
    /// Whether it says what kind of record it is about.
    pub names_kind: bool,
    /// Whether it names the very id that was asked for, to the letter.
    pub names_id: bool,
}

/// What a refusal says of a record that is not there any more; nothing where it says anything besides, under whatever key: who
/// has no permission, which route, cache or index lacks it, that it may be tried again, that another record is not found.
pub(super) fn absences(body: &str, nouns: &[&str], id: &str) -> Vec<Absence> {
    let Ok(said @ Json::Object(_)) = serde_json::from_str(body) else { return Vec::new() };
    let mut refusal = Refusal { nouns, id, told: Vec::new() };
    if refusal.is_plain("", &said) { refusal.told } else { Vec::new() }
}

/// A refusal that is read to its last word.
struct Refusal<'a> {
    nouns: &'a [&'a str],
    id: &'a str,
    told: Vec<Absence>,
}

impl Refusal<'_> {
    /// Whether this part says that the record is absent, or nothing at all.
    fn is_plain(&mut self, key: &str, said: &Json) -> bool {
        let name = compact(key);
        match said {
            Json::Null => true,
            Json::Bool(true) => MAY_BE_TRUE.contains(&name.as_str()),
            Json::Bool(false) => MAY_BE_FALSE.contains(&name.as_str()),
            Json::Number(number) => PASSING.contains(&name.as_str()) || is_harmless_status(&name, number.as_u64()),
            Json::String(text) => self.is_plain_text(key, &name, text),
            Json::Array(items) => items.iter().all(|item| self.is_plain(key, item)),
            Json::Object(inner) => inner.iter().all(|(key, said)| self.is_plain(key, said)),
        }
    }

    fn is_plain_text(&mut self, key: &str, name: &str, text: &str) -> bool {
        let is_own = name == "id" || self.nouns.iter().any(|noun| name.strip_suffix("id") == Some(noun));
        if is_own {
            return text == self.id;
        }
        if PASSING.contains(&name) || key.ends_with("Id") || key.ends_with("_id") {
            return true;
        }
        if let Ok(number) = text.trim().parse() {
            return is_harmless_status(name, Some(number));
        }
        let absence = absence(text, self.nouns, self.id);
        self.told.extend(absence);
        absence.is_some() || self.is_label(text)
    }

    /// Whether it repeats the status in words, or what kind of record it is about.
    fn is_label(&self, text: &str) -> bool {
        let text = compact(text);
        let text = text.strip_suffix("exception").or_else(|| text.strip_suffix("error")).unwrap_or(&text);
        let of = text.strip_suffix("notfound").unwrap_or(text);
        LABELS.contains(&text) || ANYTHING.contains(&of) || self.nouns.contains(&of)
    }
}

/// Whether a number repeats the status; it may differ from that of the answer.
fn is_harmless_status(name: &str, number: Option<u64>) -> bool {
    (name.ends_with("code") || name.ends_with("status")) && !matches!(number, None | Some(401 | 403 | 429 | 500..))
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
        assert_eq!(told(both), [(false, false), (true, false), (false, true)]);
        assert_eq!(told(r#"{"error":{"message":"No such contact: 'A1'."},"status":400}"#), [(true, true)]);
        for body in ["", "not found", "<html>", "[]", r#""not found""#, r#"{"error":"not found","path":"/contacts"}"#] {
            assert_eq!(told(body), [], "{body}");
        }
    }

    #[test]
    fn what_passes_with_any_answer_takes_nothing_from_it() {
        for beside in [
            r#""statusCode":404,"error":"Not Found","traceId":"7f0c","timestamp":"2026-11-30T02:00:00Z""#,
            r#""status":"404","success":false,"data":null,"id":"A1","locationId":"L1""#,
            r#""error":true,"code":"CONTACT_NOT_FOUND","name":"ContactNotFoundException","type":"about:blank""#,
            r#""error":{"code":"RESOURCE_NOT_FOUND","status":404,"errors":[]},"entity":"contact""#,
        ] {
            let body = format!(r#"{{"message":"Contact A1 not found",{beside}}}"#);
            assert!(told(&body).contains(&(true, true)), "{body}: {:?}", told(&body));
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
            r#"{"message":"Contact A1 not found","code":"PERMISSION_DENIED"}"#,
            r#"{"message":"Contact A1 not found","error":{"code":"RATE_LIMITED"}}"#,
            r#"{"message":"Contact A1 not found","type":"timeout"}"#,
            r#"{"message":"Contact A1 not found","name":"TimeoutError"}"#,
            r#"{"message":"Contact A1 not found","canonicalCode":"UNAVAILABLE"}"#,
            r#"{"message":"Contact A1 not found","errorCode":503}"#,
            r#"{"message":"Contact A1 not found","statusCode":"403"}"#,
            r#"{"message":"Contact A1 not found","retry":true}"#,
            r#"{"message":"Contact A1 not found","maintenance":true}"#,
            r#"{"message":"Contact A1 not found","retryAfter":30}"#,
            r#"{"message":"Contact A1 not found","deleted":false}"#,
            r#"{"message":"Contact A1 not found","id":"B2"}"#,
            r#"{"message":"Contact A1 not found","contactId":"B2"}"#,
        ] {
            assert_eq!(told(body), [], "{body}");
        }
    }
}
