//! The cases of `tests/cases`: what real accounts hold, each with the right value, over whole nights.

mod answers;
mod identity;
mod operations;
mod text;
mod values;

use std::path::Path;

use concord::config::Config;
use concord::reconcile::HeldReason;
use concord::record::{Action, Kind, Side};
use concord::run::Finished;
use concord::sandbox::{EditKind, EditOp};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::house::{House, Person, Plot, count};

#[derive(Clone, Debug, Deserialize)]
struct Case {
    case: String,
    given: Json,
    right: Json,
    why: String,
}

/// What a case's night came to, where it is not right.
type Wrong = Vec<String>;

fn cases(file: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Plays every case whose kind is among `kinds`; all others fail.
async fn play<F>(file: &str, kinds: &[&str], check: impl Fn(Case) -> F)
where
    F: Future<Output = Wrong>,
{
    let mut wrong = Vec::new();
    for case in cases(file).into_iter().filter(|case| kinds.contains(&kind(&case.case))) {
        let (name, why) = (case.case.clone(), case.why.clone());
        let found = check(case).await;
        wrong.extend(found.into_iter().map(|found| format!("{name}: {found} ({why})")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn kind(name: &str) -> &str {
    name.split('/').next().unwrap_or_default()
}

/// Every kind of a file is played by some test.
fn all_kinds_are_played(file: &str, kinds: &[&[&str]]) {
    let played: Vec<&str> = kinds.iter().flat_map(|kinds| kinds.iter().copied()).collect();
    for case in cases(file) {
        assert!(played.contains(&kind(&case.case)), "{} is played by no test", case.case);
    }
}

/// A kind whose cases are played in another place: how many there are, and by which tests.
struct Elsewhere {
    kind: &'static str,
    cases: usize,
    tests: &'static [&'static str],
}

impl Elsewhere {
    const fn of(kind: &'static str, cases: usize, tests: &'static [&'static str]) -> Self {
        Self { kind, cases, tests }
    }
}

/// Every case of a file is played: here, or by tests that are named. One more in the file is one more to be played.
fn all_are_played(file: &str, here: &[&[&str]], elsewhere: &[Elsewhere]) {
    let here: Vec<&str> = here.iter().flat_map(|kinds| kinds.iter().copied()).collect();
    let mut counted = std::collections::BTreeMap::<String, usize>::new();
    for case in cases(file) {
        *counted.entry(kind(&case.case).to_owned()).or_default() += 1;
    }
    for (kind, count) in &counted {
        let named = elsewhere.iter().find(|elsewhere| elsewhere.kind == kind).map(|elsewhere| elsewhere.cases);
        assert!(
            here.contains(&kind.as_str()) || named == Some(*count),
            "{kind}: {count} cases, and {named:?} are played"
        );
    }
    for test in elsewhere.iter().flat_map(|elsewhere| elsewhere.tests) {
        let (target, path) = test.split_once(' ').unwrap();
        let (module, name) = path.rsplit_once("::").unwrap();
        let source = format!("{}/tests/{target}/{}.rs", env!("CARGO_MANIFEST_DIR"), module.replace("::", "/"));
        let text = std::fs::read_to_string(&source).unwrap_or_default();
        assert!(text.contains(&format!("fn {name}(")), "there is no test {test}");
    }
}

/// A house with a policy and a country.
async fn house(given: &Json, more: &str) -> House {
    let region = given["region"].as_str().unwrap_or("AR");
    let conflict = given["conflict"].as_str().map(|side| format!("[pair.house.contacts]\nconflict = \"{side}\"\n"));
    let text = format!("[pair.house]\nsandbox = true\nregion = \"{region}\"\n{}{more}", conflict.unwrap_or_default());
    let pair = Config::parse(&text, Path::new("schedules.toml")).unwrap().pairs.remove(0);
    House::furnish(&Plot::extended(), pair).await
}

/// A contact as a case gives it; its notes are written too.
fn place(house: &House, side: Side, given: &Json) -> String {
    let mut set = given.as_object().unwrap().clone();
    let notes = set.remove("notes");
    if let (Side::Ghl, Some(full)) = (side, set.remove("full name")) {
        set.insert("name".to_owned(), full);
    }
    for (list, item) in [("additionalEmails", "email"), ("additionalPhones", "phone")] {
        if let Some(Json::Array(items)) = set.get(list) {
            let plain: Vec<Json> = items.iter().map(|entry| entry[item].clone()).collect();
            set.insert(list.to_owned(), plain.into());
        }
    }
    let id = house.contact(side, &Json::Object(set));
    for note in notes.iter().flat_map(|notes| notes.as_array().into_iter().flatten()) {
        house.edit(side, EditOp::Create, EditKind::Note, Some(&id), None, &json!({ "body": note }));
    }
    id
}

/// One contact or several.
fn all(given: &Json) -> Vec<&Json> {
    match given {
        Json::Array(items) => items.iter().collect(),
        Json::Null => Vec::new(),
        one => vec![one],
    }
}

fn contact(house: &House, side: Side, id: &str) -> Json {
    house.rows(side, "contacts").into_iter().find(|row| row["id"] == id).unwrap_or(Json::Null)
}

fn full_name(row: &Json) -> String {
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    format!("{} {}", text("firstName"), text("lastName")).trim().to_owned()
}

fn digits(text: &Json) -> String {
    text.as_str().unwrap_or_default().chars().filter(char::is_ascii_digit).collect()
}

/// What a person is told in words of a night.
fn told(finished: &Finished) -> String {
    let held = finished.plan.held.iter().map(|held| format!("{:?} {} {}", held.reason, held.label, held.detail));
    let cannot = finished.plan.unsupported.iter().map(|one| format!("{} {}", one.label, one.detail));
    let conflicts = finished
        .plan
        .conflicts
        .iter()
        .map(|one| format!("{} {} cliengo {} ghl {}", one.label, one.field, one.cliengo, one.ghl));
    held.chain(cannot).chain(conflicts).collect::<Vec<_>>().join("\n")
}

fn needs(wrong: &mut Wrong, right: bool, found: impl FnOnce() -> String) {
    if !right {
        wrong.push(found());
    }
}

fn is(wrong: &mut Wrong, what: &str, found: &Json, right: &Json) {
    let blank = |value: &Json| value.is_null() || *value == "";
    needs(wrong, found == right || blank(found) && blank(right), || format!("{what} is {found}, not {right}"));
}

/// As many nights in which nothing is written.
async fn quiet(house: &House, nights: u64, wrong: &mut Wrong) {
    for _ in 0..nights {
        house.night().await;
        let sent = house.sent();
        needs(wrong, sent.is_empty(), || format!("a night that should be quiet sent {sent:?}"));
    }
}

/// Whether the contacts of both sides were linked in a night.
fn is_linked(finished: &Finished) -> bool {
    count(finished, Kind::Contact, Action::Link) > 0
}

fn is_held(finished: &Finished, reason: HeldReason) -> bool {
    finished.plan.held.iter().any(|held| held.reason == reason)
}

fn person(cliengo: &str, ghl: &str) -> Person {
    Person { cliengo: cliengo.to_owned(), ghl: ghl.to_owned() }
}
