//! Every form of a report says the same.

use super::super::words;
use super::super::{Audience, CSV_HEAD, Report, csv, markdown};
use super::*;
use crate::config::Config;

/// A run with everything that a report can have to say.
pub(super) fn everything() -> Finished {
    let mut finished = mixed_run();
    let other = much_to_look_at().plan;
    let plan = &mut finished.plan;
    plan.conflicts = other.conflicts;
    plan.held = other.held;
    plan.unsupported = other.unsupported;
    plan.listings = other.listings;
    plan.guards = guarded().plan.guards;
    plan.outside = 3;
    finished
}

/// Somebody in Buenos Aires with real accounts.
pub(super) fn reader(language: &str) -> Audience {
    let text = format!(
        "[report]\nlanguage = \"{language}\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n\
         [pair.demo.cliengo]\napi_key = {{ env = \"A\" }}\nwebsite_id = \"5f3c0000000000000000000a\"\n\
         [pair.demo.ghl]\ntoken = {{ env = \"B\" }}\nlocation_id = \"C2QujeCh8ZnC7al2InWR\"\n"
    );
    let config = Config::parse(&text, std::path::Path::new("schedules.toml")).unwrap();
    Audience::of(&config, &config.pairs[0])
}

fn written(finished: &Finished, write: impl Fn(&Report<'_>, &mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let audience = reader("en");
    let mut text = Vec::new();
    write(&Report::of(finished, &audience), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// A report in every form, by name.
fn forms(finished: &Finished) -> Vec<(&'static str, String)> {
    vec![
        ("text", text(finished, Style { colour: false, width: 10_000 })),
        ("json", json_text(&[Entry::Finished(finished)]).unwrap()),
        ("markdown", written(finished, markdown)),
        ("csv", CSV_HEAD.to_owned() + &written(finished, csv)),
    ]
}

/// The words of a text, without what a form puts around or between them.
fn bare(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.chars().filter(|letter| letter.is_alphanumeric() || "+@".contains(*letter)).collect()
}

#[test]
fn each_form_carries_every_operation_held_record_conflict_unsupported_entry_guard_and_warning() {
    let finished = everything();
    let plan = &finished.plan;
    let mut parts: Vec<String> = Vec::new();
    for operation in &plan.operations {
        parts.push(operation.action.as_str().replace("tag", "tags"));
        parts.extend(operation.ids.of(Side::Cliengo).map(str::to_owned));
        let ended = &finished.run.as_ref().unwrap().outcomes[&operation.id];
        parts.extend(ended.reason.clone());
        for change in &operation.changes {
            match change {
                Change::Tags { added, removed, .. } => parts.extend(added.iter().chain(removed).cloned()),
                // A long text is shown by what changes in it.
                Change::Value { field: Field::Body, .. } => parts.extend(["martes".to_owned(), "lunes".to_owned()]),
                Change::Value { before: Json::String(before), .. } if operation.action == Action::Delete => {
                    parts.push(before.clone());
                }
                Change::Value { field: Field::Due, .. } => parts.push("2026-11-27".to_owned()),
                Change::Value { after: Json::String(after), .. } => parts.push(after.clone()),
                Change::Value { .. } => {}
            }
        }
    }
    for held in &plan.held {
        parts.extend([held.detail.clone()]);
        parts.extend(held.ids.of(Side::Ghl).map(str::to_owned));
        parts.extend(held.ids.of(Side::Cliengo).map(str::to_owned));
    }
    for conflict in &plan.conflicts {
        let values = [&conflict.base, &conflict.cliengo, &conflict.ghl];
        parts.extend(values.iter().filter_map(|value| value.as_str()).map(str::to_owned));
    }
    parts.extend(plan.unsupported.iter().map(|entry| entry.detail.clone()));
    parts.extend(plan.guards.iter().filter(|guard| guard.tripped).map(|guard| words::amount(guard.value)));
    parts.extend(plan.listings.ghl.note.why.clone());
    for (form, shown) in forms(&finished) {
        let shown = bare(&shown);
        for part in &parts {
            assert!(shown.contains(&bare(part)), "{form} lacks {part:?}");
        }
    }
}

#[test]
fn a_ticket_has_links_into_both_crms_local_times_and_the_commands() {
    let shown = written(&everything(), markdown);
    golden("everything.md", &shown);
    assert!(shown.contains("[64b0c0ffee0000000000a001](https://app.cliengo.com/contacts/64b0c0ffee0000000000a001)"));
    assert!(shown.contains("2026-11-23 00:00:00 America/Argentina/Buenos_Aires"), "{shown}");
    assert!(shown.contains("`concord conflicts show 5f6a7b8c9d --pair demo`"));
    golden("nothing_to_do.md", &written(&finished(vec![]), markdown));
}

#[test]
fn a_spreadsheet_has_a_row_for_each_field_and_every_row_has_every_column() {
    let shown = CSV_HEAD.to_owned() + &written(&everything(), csv);
    golden("everything.csv", &shown.replace('\r', ""));
    let columns = CSV_HEAD.matches(',').count();
    for line in shown.split("\r\n").filter(|line| !line.is_empty()) {
        let outside_quotes = line.split('"').step_by(2).collect::<String>();
        assert_eq!(outside_quotes.matches(',').count(), columns, "{line}");
    }
}

#[test]
fn a_report_in_spanish_has_spanish_headings_dates_and_numbers() {
    let (finished, audience) = (everything(), reader("es"));
    let mut shown = Vec::new();
    markdown(&Report::of(&finished, &audience), &mut shown).unwrap();
    let shown = String::from_utf8(shown).unwrap();
    for part in ["Informe de Concord", "23/11/2026 00:00:00", "1.802 registros", "límite 10 %", "11,95 %", "teléfono"]
    {
        assert!(shown.contains(part), "no {part:?} in {shown}");
    }
}

/// What a hostile account holds.
pub(super) fn hostile() -> Finished {
    let evil = "<script>alert(1)</script> | `rm` **x** \u{202e}zemóG\u{1b}[31m\r\nFAKE ROW 🎉 مرحبا";
    let mut finished = finished(vec![operation(
        Side::Ghl,
        Kind::Contact,
        Action::Update,
        (evil, ids(evil, evil)),
        evil,
        vec![
            change(Field::Name, json!(evil), json!(format!("{evil} {}", "palabra ".repeat(20))), Side::Cliengo),
            tags(&[evil], &[evil]),
        ],
    )]);
    finished.plan.held = vec![held(Kind::Contact, ids(evil, evil), evil, HeldReason::AmbiguousMatch, evil)];
    finished.run = Some(run(&finished, &[(1, OperationOutcome::Refused, evil)]));
    finished
}

#[test]
fn hostile_names_mean_nothing_in_any_form() {
    let finished = hostile();
    for (form, shown) in forms(&finished) {
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{form}");
    }
    let shown = written(&finished, markdown);
    assert!(!shown.contains("<script>") && !shown.lines().any(|line| line.starts_with("FAKE")), "{shown}");
    assert!(!shown.contains("| `rm`") && !shown.contains("concord links add <"), "{shown}");
    let sheet = written(&finished, csv);
    assert_eq!(sheet.split("\r\n").filter(|line| !line.is_empty()).count(), 4, "{sheet}");
}
