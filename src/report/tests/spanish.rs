//! What is made in English is said in Spanish: every sentence that the scenarios and the code come to.

use std::path::PathBuf;

use super::forms::reader;
use super::*;

/// Words that no Spanish sentence has.
const ENGLISH: [&str; 33] = [
    "the", "of", "is", "was", "and", "not", "for", "with", "this", "that", "its", "it", "are", "were", "be", "been",
    "from", "an", "which", "by", "or", "to", "has", "have", "had", "cannot", "there", "than", "but", "nothing", "they",
    "who", "at",
];

/// Whether a line holds an English sentence: outside what is quoted, and outside commands and keys.
pub(super) fn is_english(line: &str) -> bool {
    let bare: String = line.split(['"', '`']).step_by(2).collect();
    let bare = bare.split("concord ").next().unwrap_or_default();
    let words =
        bare.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '.' && letter != '\'');
    words.filter(|word| ENGLISH.contains(&word.trim_matches('.').to_lowercase().as_str())).count() >= 2
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every text under one of these names, anywhere in a document.
fn texts(document: &Json, names: &[&str], found: &mut Vec<String>) {
    match document {
        Json::Object(entries) => {
            for (name, value) in entries {
                match value {
                    Json::String(text) if names.contains(&name.as_str()) => found.push(text.clone()),
                    value => texts(value, names, found),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| texts(item, names, found)),
        _ => {}
    }
}

/// What a CRM says in the scenarios, in its own words.
const THEIRS: [&str; 2] = ["email must be an email", "This location does not allow duplicated contacts."];

#[test]
fn why_something_is_held_or_not_done_is_said_in_spanish_for_every_scenario() {
    let reader = reader("es");
    let (mut found, mut english) = (Vec::new(), Vec::new());
    for scenario in std::fs::read_dir(root().join("tests/scenarios")).unwrap() {
        let plan = scenario.unwrap().path().join("expected/plan.json");
        let Ok(text) = std::fs::read_to_string(&plan) else { continue };
        texts(&serde_json::from_str(&text).unwrap(), &["detail", "why", "reason"], &mut found);
    }
    for text in &found {
        let said = reader.say(text);
        if is_english(&THEIRS.iter().fold(said.clone(), |said, theirs| said.replace(theirs, ""))) {
            english.push(format!("{text}\n    {said}"));
        }
    }
    english.sort();
    english.dedup();
    assert!(found.len() > 50, "{}", found.len());
    assert!(english.is_empty(), "{}", english.join("\n"));
}

#[test]
fn fields_that_stand_in_a_list_are_named_in_spanish() {
    let said = reader("es").say("without its email, phone, which GHL refused: no");
    assert_eq!(said, "sin su e-mail, teléfono, que GHL rechazó: no");
}

/// Rooms whose sentences a person reads; what is in none of them is a log, a document or a query.
const ROOMS: [&str; 10] = [
    "src/reconcile",
    "src/run",
    "src/crm/error.rs",
    "src/crm/http.rs",
    "src/crm/outcome.rs",
    "src/crm/transport.rs",
    "src/crm/ghl/list.rs",
    "src/crm/cliengo/list.rs",
    "src/cli/check",
    "src/cli/explain.rs",
];

/// What nobody is told, and sentences with a word in a hole that only the scenarios fill.
const ELSEWHERE: [&str; 4] =
    ["name or service not known", "its phone is that of {}", "no answer came when it was put", "it was to be put into"];

fn sources(place: &std::path::Path, found: &mut Vec<PathBuf>) {
    if place.is_file() {
        found.push(place.to_owned());
        return;
    }
    for entry in std::fs::read_dir(place).unwrap() {
        sources(&entry.unwrap().path(), found);
    }
}

/// The sentences of a source file, without its tests, its comments and what it logs.
fn sentences(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut sentences = Vec::new();
    let (mut rest, mut before) = (code.as_str(), String::new());
    while let Some((outside, quoted)) = rest.split_once('"') {
        before.push_str(outside);
        // A letter alone, such as '"'.
        if outside.ends_with('\'') || outside.ends_with('\\') {
            rest = quoted;
            continue;
        }
        let end = quoted.match_indices('"').map(|(at, _)| at).find(|at| !quoted[..*at].ends_with('\\'));
        let (text, after) = quoted.split_at(end.unwrap_or(quoted.len()));
        let call = before.rsplit(';').next().unwrap_or_default();
        let is_logged = ["warn!(", "info!(", "debug!(", "error!(", "reason = "].iter().any(|word| call.contains(word));
        if !is_logged {
            let joined = text.split("\\\n").map(str::trim_start).collect::<String>();
            sentences.push(joined.replace("\\\"", "\"").replace("{{", "").replace("}}", ""));
        }
        rest = after.strip_prefix('"').unwrap_or_default();
        before.push('"');
    }
    sentences
}

/// A sentence with values in its holes, in every way that could be meant.
fn filled(sentence: &str) -> Vec<String> {
    let mut filled = vec![String::new()];
    let mut rest = sentence;
    while let Some((text, after)) = rest.split_once('{') {
        let after = after.split_once('}').map_or("", |(_, after)| after);
        let values: &[&str] = if filled.len() < 500 {
            &["GHL", "note", "7", "\"x\"", "", "contacts", "records", "once"]
        } else {
            &["GHL"]
        };
        filled =
            filled.iter().flat_map(|begun| values.iter().map(move |value| format!("{begun}{text}{value}"))).collect();
        rest = after;
    }
    filled.into_iter().map(|begun| begun + rest).collect()
}

#[test]
fn every_sentence_of_the_code_is_in_the_catalogue() {
    let reader = reader("es");
    let catalogue = include_str!("../language/es.po");
    let holes = |text: &str| {
        let parts = text.split('{').enumerate();
        let parts =
            parts.map(|(at, part)| if at == 0 { part } else { part.split_once('}').map_or("", |(_, after)| after) });
        parts.collect::<Vec<_>>().join("{}").replace("\\\"", "\"")
    };
    let known = holes(catalogue);
    let (mut missing, mut seen) = (Vec::new(), 0);
    for room in ROOMS {
        let mut files = Vec::new();
        sources(&root().join(room), &mut files);
        for file in files {
            for sentence in sentences(&std::fs::read_to_string(&file).unwrap()) {
                if !is_english(&sentence) || ELSEWHERE.iter().any(|begin| sentence.starts_with(begin)) {
                    continue;
                }
                seen += 1;
                // A part of a sentence has no entry of its own.
                let is_part = known.contains(holes(&sentence).trim_matches([' ', '.', ',', ';', ':']));
                if !is_part && filled(&sentence).iter().all(|one| is_english(&reader.say(one))) {
                    missing.push(format!("{}: {sentence}", file.strip_prefix(root()).unwrap().display()));
                }
            }
        }
    }
    assert!(seen > 200, "{seen}");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn an_entry_says_in_spanish_what_it_says_in_english() {
    let mut entry = (String::new(), String::new());
    let mut wrong = Vec::new();
    let names = |text: &str| {
        let held = text.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name.to_owned()));
        held.collect::<std::collections::BTreeSet<_>>()
    };
    for line in include_str!("../language/es.po").lines() {
        if let Some(english) = line.strip_prefix("msgid ") {
            entry.0 = english.to_owned();
        } else if let Some(spanish) = line.strip_prefix("msgstr ") {
            entry.1 = spanish.to_owned();
            // The form of a kind is filled by the kind.
            let unknown =
                names(&entry.1).into_iter().filter(|name| !name.contains("kind") && !names(&entry.0).contains(name));
            let lost =
                names(&entry.0).into_iter().filter(|name| !name.contains("kind") && !names(&entry.1).contains(name));
            wrong.extend(unknown.chain(lost).map(|name| format!("{{{name}}} in {}", entry.0)));
            if entry.0.contains("}{") {
                wrong.push(format!("nothing stands between two values: {}", entry.0));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
