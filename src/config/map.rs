//! `[[pair.NAME.map]]`: fields beyond the built-in ones, and rules of their own for single fields. (`semantics` 18)

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use toml::de::DeValue;

use super::choice::Choice;
use super::extra_params::ExtraParams;
use super::policy::{ConflictPolicy, Direction, KindPolicy};
use super::reader::Table;
use super::value::Found;
use crate::record::{CLIENGO_FIELDS, Field, GHL_FIELDS, Side, Step};

/// A field that is mapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// Its name in plans and reports.
    pub field: Field,
    /// Where Cliengo has it: a key, or `leadFields.KEY`.
    pub cliengo: String,
    /// Where GHL has it: a key, or `customFields.` with a key, name or id.
    pub ghl: String,
    /// What is done with Cliengo's value.
    pub transform: Vec<Step>,
    /// Cliengo's words and GHL's.
    pub values: Vec<(String, String)>,
}

/// The mapped fields of a pair, and the rules of every field that has its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fields {
    /// Mapped fields, in the order of the file.
    pub mappings: Vec<Mapping>,
    /// Rules for single fields.
    pub policies: BTreeMap<Field, KindPolicy>,
}

const CUSTOM: &str = "customFields.";
const LEAD: &str = "leadFields.";
const BUILT_IN: [Field; 4] = [Field::Name, Field::Email, Field::Phone, Field::Tags];

/// Reads every mapping.
pub(super) fn read(tables: Vec<Table<'_>>, contacts: &KindPolicy, extra: ExtraParams) -> Fields {
    let mut fields = Fields::default();
    let mut taken = BTreeSet::new();
    for table in tables {
        one(table, contacts, extra, &mut fields, &mut taken);
    }
    fields
}

fn one(
    mut table: Table<'_>,
    contacts: &KindPolicy,
    extra: ExtraParams,
    fields: &mut Fields,
    taken: &mut BTreeSet<(Side, String)>,
) -> Option<()> {
    if table.look(&["cliengo"]).is_none() && table.look(&["ghl"]).is_none() {
        table.require("cliengo", "name the field: cliengo = \"…\" and ghl = \"…\"", Found::text);
    }
    let cliengo = table.take("cliengo");
    let ghl = table.take("ghl");
    let chosen = table.take("direction");
    let direction = chosen.as_ref().and_then(Found::choice::<Direction>);
    let conflict = table.read("conflict", Found::choice::<ConflictPolicy>);
    let transform = table.take("transform");
    let steps = transform.as_ref().map(steps);
    let values_given = table.take("values");
    let values = values_given.as_ref().map(|found| values(found)).unwrap_or_default();
    table.finish();
    let names = (cliengo.as_ref().and_then(Found::text), ghl.as_ref().and_then(Found::text));
    let found = cliengo.as_ref().or(ghl.as_ref())?;
    let policy = KindPolicy {
        direction: direction.unwrap_or(contacts.direction).within(contacts.direction),
        conflict: conflict.unwrap_or(contacts.conflict),
        ..contacts.clone()
    };
    for (side, name) in [(Side::Cliengo, names.0), (Side::Ghl, names.1)] {
        let Some(name) = name else { continue };
        if !taken.insert((side, name.to_owned())) {
            found.reject(&format!("maps {name:?} a second time"), "one [[map]] for each field");
            return None;
        }
    }
    if let Some(field) = built_in(names) {
        let Some(more) = transform.as_ref().or(values_given.as_ref()) else {
            fields.policies.insert(field, policy);
            return Some(());
        };
        more.reject("does not go with a built-in field", "leave it out: built-in fields compare by what they mean");
        return None;
    }
    let (Some(from), Some(to)) = names else {
        found.reject(
            "is named on one side only",
            "name it on both sides: cliengo = \"leadFields.budget\" and ghl = \"customFields.budget\"; only name, email, phone and tags stand alone",
        );
        return None;
    };
    let writable = cliengo_field(cliengo.as_ref()?, from)?;
    ghl_field(ghl.as_ref()?, to)?;
    let steps = steps.unwrap_or(Some(Vec::new()))?;
    if policy.direction.writes(Side::Cliengo) {
        let about = chosen.as_ref().unwrap_or(found);
        let lead = from.starts_with(LEAD);
        if lead && extra == ExtraParams::Off || !lead && !writable {
            let says = format!("lets {from:?} be written in Cliengo, which cannot be done");
            let hint = if lead {
                "add direction = \"to_ghl\", or, where you know that extraParams merges, cliengo.capabilities.extra_params = \"merge\""
            } else {
                "add direction = \"to_ghl\": Cliengo only shows this field"
            };
            about.reject(&says, hint);
            return None;
        }
        if let Some(step) = steps.iter().find(|step| !step.is_invertible()) {
            let says = format!("has a step that cannot be turned back ({step:?}), and the field goes both ways");
            about.reject(&says, "add direction = \"to_ghl\", or leave the step out");
            return None;
        }
        let ghl_words: BTreeSet<&String> = values.iter().map(|(_, ghl)| ghl).collect();
        if ghl_words.len() < values.len() {
            about.reject(
                "goes both ways, but two of its values become the same word",
                "add direction = \"to_ghl\", or give each its own word",
            );
            return None;
        }
    }
    let field = Field::Mapped(to.strip_prefix(CUSTOM).unwrap_or(to).into());
    if Field::BUILT_IN.contains(&Field::from(std::sync::Arc::from(field.as_str()))) {
        found.reject("has the name of a built-in field", "use the custom field's key or id instead of its name");
        return None;
    }
    fields.policies.insert(field.clone(), policy);
    fields.mappings.push(Mapping { field, cliengo: from.to_owned(), ghl: to.to_owned(), transform: steps, values });
    Some(())
}

/// The built-in field that a mapping names, alone or on both sides.
fn built_in(names: (Option<&str>, Option<&str>)) -> Option<Field> {
    let named = |name: &str| BUILT_IN.into_iter().find(|field| field.as_str() == name);
    match names {
        (Some(one), Some(other)) if one == other => named(one),
        (Some(one), None) | (None, Some(one)) => named(one),
        _ => None,
    }
}

/// Whether a Cliengo field exists and can be written.
fn cliengo_field(found: &Found<'_>, name: &str) -> Option<bool> {
    if name.strip_prefix(LEAD).is_some_and(|key| !key.is_empty() && !key.contains('.')) {
        return Some(true);
    }
    if let Some((_, writable)) = CLIENGO_FIELDS.into_iter().find(|(known, _)| *known == name) {
        return Some(writable);
    }
    let known = CLIENGO_FIELDS.map(|(known, _)| known).join(", ");
    found.expect(&format!("leadFields.KEY or one of {known}"))
}

fn ghl_field(found: &Found<'_>, name: &str) -> Option<()> {
    let custom = name.strip_prefix(CUSTOM).is_some_and(|key| !key.trim().is_empty());
    if custom || GHL_FIELDS.iter().any(|known| known.key == name) {
        return Some(());
    }
    let known = GHL_FIELDS.map(|known| known.key).join(", ");
    found.expect(&format!("customFields.KEY or one of {known}"))
}

fn values(found: &Found<'_>) -> Vec<(String, String)> {
    let DeValue::Table(table) = found.value else {
        found.expect::<()>("a table of words and what they become");
        return Vec::new();
    };
    let mut values = Vec::new();
    for (from, to) in table {
        match to.get_ref() {
            DeValue::String(to) => values.push((from.get_ref().to_string(), to.to_string())),
            _ => _ = found.expect::<()>("a table of words and what they become, all in quotes"),
        }
    }
    values
}

/// A step of a mapping's transform, by its name before the first colon.
#[derive(Clone, Copy)]
struct Name {
    takes_argument: bool,
}

impl Choice for Name {
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

const STEPS: &str = "trim, lower, upper, number, boolean, date:FORMAT, first:FIELD…, join:SEP or split:SEP:N";

fn steps(found: &Found<'_>) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for item in found.list(&format!("a list of {STEPS}"))? {
        let text = item.text()?;
        let (name, argument) = text.split_once(':').map_or((text, None), |(name, argument)| (name, Some(argument)));
        let known = Name::WORDS.iter().find(|(word, _)| *word == name);
        if known.is_none_or(|(_, known)| known.takes_argument != argument.is_some()) {
            return item.expect(STEPS);
        }
        match step(name, argument.unwrap_or_default()) {
            Some(step) => steps.push(step),
            None => return item.expect("split:SEP:N, with N from 1, such as \"split:,:1\""),
        }
    }
    Some(steps)
}

fn step(name: &str, argument: &str) -> Option<Step> {
    Some(match name {
        "trim" => Step::Trim,
        "lower" => Step::Lower,
        "upper" => Step::Upper,
        "number" => Step::Number,
        "boolean" => Step::Boolean,
        "date" => Step::Date(argument.to_owned()),
        "first" => Step::First(argument.split([':', ',']).map(|field| field.trim().to_owned()).collect()),
        "join" => Step::Join(argument.to_owned()),
        _ => {
            let (separator, nth) = argument.rsplit_once(':')?;
            Step::Split(separator.to_owned(), nth.parse().ok().filter(|nth| *nth > 0)?)
        }
    })
}
