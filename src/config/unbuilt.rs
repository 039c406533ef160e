//! What the file may say already and this version does not do yet: it is checked as the rest, and refused where it is
//! switched on. To build one: take its row out of [`NOT_YET`] and keep what is read here.

use toml::de::DeValue;

use super::choice::Choice;
use super::policy::{ConflictPolicy, Direction};
use super::reader::Table;
use super::secret::secret;
use super::value::Found;

/// What switches a feature on.
enum Switch {
    /// The key is `true`.
    True,
    /// The key is this word.
    Word(&'static str),
    /// The table or list holds anything.
    Filled,
}

/// The keys below a pair whose feature is not built.
const NOT_YET: &[(&[&str], Switch)] = &[
    (&["cliengo", "tasks"], Switch::Word("due_date")),
    (&["cliengo", "tasks"], Switch::Word("notes")),
    (&["cliengo", "capabilities", "extra_params"], Switch::Word("merge")),
    (&["cliengo", "capabilities", "extra_params"], Switch::Word("replace")),
    (&["ghl", "oauth"], Switch::Filled),
    (&["notes", "append_edit"], Switch::True),
    (&["timeline", "appointments"], Switch::True),
    (&["timeline", "conversations"], Switch::True),
    (&["triggers"], Switch::Filled),
    (&["map"], Switch::Filled),
];

/// Notes every feature that the pair switches on and that is not built.
pub(super) fn refuse(pair: &Table<'_>) {
    for (path, switch) in NOT_YET {
        let Some(found) = pair.look(path) else { continue };
        let said = match (switch, found.value) {
            (Switch::True, DeValue::Boolean(true)) => "= true ".to_owned(),
            (Switch::Word(word), DeValue::String(text)) if text == word => format!("= \"{word}\" "),
            (Switch::Filled, DeValue::Table(table)) if !table.is_empty() => String::new(),
            (Switch::Filled, DeValue::Array(items)) if !items.is_empty() => String::new(),
            _ => continue,
        };
        found.reject_unquoted(
            &format!("{said}is not in this version yet"),
            "leave it out for now; a later version takes it as it is written",
        );
    }
}

/// Checks the tables that no built feature reads.
pub(super) fn read(pair: &mut Table<'_>) {
    timeline(pair.table("timeline"));
    triggers(pair.table("triggers"));
    pair.array_of_tables("map").into_iter().for_each(mapping);
}

/// Checks `oauth`.
pub(super) fn oauth(found: &Found<'_>) -> Option<()> {
    let mut table = found.as_table("a table with client_id, client_secret and key")?;
    table.require("client_id", "add the client id of the marketplace app", Found::text);
    table.require("client_secret", "add client_secret = { env = \"GHL_CLIENT_SECRET\" }", secret);
    table.require("key", "add key = { env = \"CONCORD_KEY\" }: it encrypts the stored refresh token", secret);
    table.finish();
    Some(())
}

fn timeline(mut table: Table<'_>) {
    table.read("appointments", Found::boolean);
    table.read("conversations", Found::boolean);
    table.finish();
}

fn triggers(mut table: Table<'_>) {
    table.read("tag", Found::text);
    table.read("workflow", Found::text);
    table.read("campaign", Found::text);
    table.finish();
}

fn mapping(mut table: Table<'_>) {
    // A built-in field is named by one side alone.
    if table.look(&["cliengo"]).is_none() && table.look(&["ghl"]).is_none() {
        table.require("cliengo", "name the field: cliengo = \"…\" and ghl = \"…\"", Found::text);
    }
    table.read("cliengo", Found::text);
    table.read("ghl", Found::text);
    table.read("direction", Found::choice::<Direction>);
    table.read("conflict", Found::choice::<ConflictPolicy>);
    table.read("transform", transforms);
    table.read("values", |found| found.as_table("a table of words and what they become"));
    table.finish();
}

/// A step of a mapping's transform, by its name before the first colon.
#[derive(Clone, Copy)]
struct Step {
    takes_argument: bool,
}

impl Choice for Step {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("trim", Self { takes_argument: false }),
        ("lower", Self { takes_argument: false }),
        ("upper", Self { takes_argument: false }),
        ("number", Self { takes_argument: false }),
        ("boolean", Self { takes_argument: false }),
        ("date", Self { takes_argument: true }),
        ("first", Self { takes_argument: true }),
        ("join", Self { takes_argument: true }),
        ("split", Self { takes_argument: true }),
    ];
}

fn transforms(found: &Found<'_>) -> Option<()> {
    const EXPECTED: &str = "trim, lower, upper, number, boolean, date:FORMAT, first:FIELD…, join:SEP or split:SEP:N";
    for step in found.list(&format!("a list of {EXPECTED}"))? {
        let text = step.text()?;
        let (name, argument) = text.split_once(':').map_or((text, None), |(name, argument)| (name, Some(argument)));
        let known = Step::WORDS.iter().find(|(word, _)| *word == name);
        if known.is_none_or(|(_, step)| step.takes_argument != argument.is_some()) {
            return step.expect(EXPECTED);
        }
    }
    Some(())
}
