//! A name does not rewrite what the operator reads: no control characters, no forged lines, no formulas.

use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp, Sandbox};
use serde_json::{Value, json};

use crate::command::{Desk, Said, sandbox};

const NAMES: [&str; 9] = [
    "Ana \u{1b}[31mROJO\u{1b}[0m",
    "Eva \u{1b}]0;x\u{7} Ríos",
    "Max\rall is well",
    "Sol\n\n  exit 4 forged",
    "Noe\u{8}\u{8}X",
    "Bea \u{202e}gnirts\u{2066}",
    "=HYPERLINK(\"http://mal.example\";\"ver\")",
    "+541155550000;cmd",
    "-2+3+cmd|' /C calc'!A0",
];

fn write(sandbox: &Sandbox, op: EditOp, kind: EditKind, contact: Option<&str>, set: &Value) {
    let set = set.as_object().cloned().unwrap();
    let contact = contact.map(str::to_owned);
    sandbox.world().edit(&Edit { side: Side::Cliengo, op, kind, contact, id: None, set }).unwrap();
}

fn email(number: usize) -> String {
    format!("hostil{number}@example.com")
}

/// Each name as a contact's, a tag's and a note's.
fn populate(sandbox: &Sandbox) {
    for (number, name) in NAMES.iter().enumerate() {
        let set = json!({ "name": name, "email": email(number), "createdAt": "2026-01-01T00:00:00Z" });
        write(sandbox, EditOp::Create, EditKind::Contact, None, &set);
        write(sandbox, EditOp::Create, EditKind::Tag, Some(&email(number)), &json!({ "tag": name }));
        write(sandbox, EditOp::Create, EditKind::Note, Some(&email(number)), &json!({ "body": name }));
    }
}

fn must_be_harmless(arguments: &[&str], said: &Said) {
    for text in [&said.out, &said.err] {
        let steers =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert_eq!(text.chars().find(|c| steers(*c)), None, "{arguments:?}\n{text}");
        // In a note's own text lines are lines; they stand further in than anything that the program says itself.
        let forged = text.lines().find(|line| {
            let said = line.trim_start();
            let is_far_in = line.len() - said.len() >= 4;
            !is_far_in && (said.starts_with("exit 4 forged") || said.starts_with("all is well"))
        });
        assert_eq!(forged, None, "{arguments:?}\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_paints_the_terminal_forges_a_line_or_is_a_formula() {
    let sandbox = sandbox(0).await;
    let desk = Desk::real(&sandbox);
    populate(&sandbox);
    let ask = |arguments: &[&str]| {
        let said = desk.ask(arguments);
        must_be_harmless(arguments, &said);
        said
    };
    let plan = ask(&["plan", "--format", "json"]).json();
    let first = ask(&["sync", "-vvv", "--approve", plan["plan_id"].as_str().unwrap()]);
    assert_eq!(first.code, 0, "{first:#?}");
    for (number, name) in NAMES.iter().enumerate() {
        let set = json!({ "name": format!("{name} bis") });
        write(&sandbox, EditOp::Update, EditKind::Contact, Some(&email(number)), &set);
    }
    for arguments in [
        &["plan"][..],
        &["plan", "-v"],
        &["plan", "--format", "json"],
        &["plan", "--format", "markdown"],
        &["sync", "--quiet"],
        &["history"],
        &["history", "1"],
        &["history", "1", "-v"],
        &["history", "2", "--format", "json"],
        &["links"],
        &["links", "list", "--format", "json"],
        &["conflicts"],
        &["quarantine"],
        &["status"],
        &["check"],
        &["undo", "2", "--dry-run"],
    ] {
        let said = ask(arguments);
        if arguments.contains(&"json") {
            said.json();
        }
    }
    write(&sandbox, EditOp::Update, EditKind::Contact, Some(&email(6)), &json!({ "name": "=1+1|cmd" }));
    let csv = desk.ask(&["plan", "--format", "csv"]).out;
    let cells = csv.lines().flat_map(|line| line.split("\",\"").flat_map(|part| part.split(",\"").collect::<Vec<_>>()));
    let formula =
        cells.map(|cell| cell.trim_matches('"')).find(|cell| cell.starts_with(['=', '@']) || cell.starts_with("-2+3"));
    assert_eq!(formula, None, "{csv}");
}
