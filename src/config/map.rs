//! `[[pair.NAME.map]]`, and the same below `tasks` and `notes`: fields beyond the built-in ones, and rules of their own for single fields. (`semantics` 18)

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use toml::de::DeValue;

use super::choice::Choice;
use super::extra_params::ExtraParams;
use super::policy::{ConflictPolicy, Direction, KindPolicy};
use super::reader::Table;
use super::value::Found;
use crate::record::{FOLLOWERS, Field, Kind, Places, Side, Step, holds_a_user};

/// A field that is mapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// Whose field it is.
    #[serde(skip_serializing_if = "is_contacts")]
    pub kind: Kind,
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

/// Contacts' need no saying.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_contacts(kind: &Kind) -> bool {
    *kind == Kind::Contact
}

/// The mapped fields of one kind, and the rules of every field that has its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fields {
    /// Mapped fields, in the order of the file.
    pub mappings: Vec<Mapping>,
    /// Rules for single fields.
    pub policies: BTreeMap<Field, KindPolicy>,
}

impl Mapping {
    /// Whether GHL has to be asked what the field is: it is one of the location's own.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.ghl.starts_with(CUSTOM)
    }
}

const CUSTOM: &str = "customFields.";
const LEAD: &str = "leadFields.";
/// Who has a contact or a task, on both sides.
const ASSIGNEE: &str = "assignedTo";

impl Fields {
    /// Whether nothing is mapped and no field has rules of its own.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether one is written in this field of Cliengo's.
    #[must_use]
    pub fn writes_in_cliengo(&self, key: &str) -> bool {
        let mut mapped = self.mappings.iter().filter(|mapping| mapping.cliengo == key);
        mapped.any(|mapping| {
            self.policies.get(&mapping.field).is_some_and(|policy| policy.direction.writes(Side::Cliengo))
        })
    }

    /// Whether one holds users.
    #[must_use]
    pub fn hold_users(&self) -> bool {
        self.mappings.iter().any(|mapping| holds_a_user(&mapping.ghl) || mapping.ghl == FOLLOWERS)
    }

    /// The same, and who has the record goes over.
    pub(super) fn with_assignee(mut self, kind: Kind, policy: &KindPolicy) -> Self {
        let field = Field::Mapped(ASSIGNEE.into());
        if !self.mappings.iter().any(|mapping| mapping.field == field) {
            let (cliengo, ghl) = (ASSIGNEE.to_owned(), ASSIGNEE.to_owned());
            let mapping =
                Mapping { kind, field: field.clone(), cliengo, ghl, transform: Vec::new(), values: Vec::new() };
            self.mappings.push(mapping);
            self.policies.insert(field, policy.clone());
        }
        self
    }
}

/// Reads every mapping of a kind.
pub(super) fn read(tables: Vec<Table<'_>>, kind: Kind, policy: &KindPolicy, extra: ExtraParams) -> Fields {
    let mut fields = Fields::default();
    let mut taken = BTreeSet::new();
    for table in tables {
        one(table, kind, policy, extra, &mut fields, &mut taken);
    }
    fields
}

fn one(
    mut table: Table<'_>,
    kind: Kind,
    whole: &KindPolicy,
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
        direction: direction.unwrap_or(whole.direction).within(whole.direction),
        conflict: conflict.unwrap_or(whole.conflict),
        ..whole.clone()
    };
    is_first_of(found, names, taken)?;
    let places = Places::of(kind);
    if let Some(field) = built_in(&places, names) {
        let Some(more) = transform.as_ref().or(values_given.as_ref()) else {
            fields.policies.insert(field, policy);
            return Some(());
        };
        more.reject("does not go with a built-in field", "leave it out: built-in fields compare by what they mean");
        return None;
    }
    let (Some(from), Some(to)) = names else {
        reject_one_sided(found, kind, &places);
        return None;
    };
    let writable = cliengo_field(cliengo.as_ref()?, kind, &places, from)?;
    let is_read_only = ghl_field(ghl.as_ref()?, kind, &places, to)?;
    people(found, from, to, transform.as_ref().or(values_given.as_ref()))?;
    let steps = steps.unwrap_or(Some(Vec::new()))?;
    if is_read_only && policy.direction.writes(Side::Ghl) {
        let about = chosen.as_ref().unwrap_or(found);
        let hint = "add direction = \"to_cliengo\": who follows a contact is changed in GHL alone";
        about.reject(&format!("lets {to:?} be written in GHL, where it is only read"), hint);
        return None;
    }
    if policy.direction.writes(Side::Cliengo) {
        let about = chosen.as_ref().unwrap_or(found);
        let lead = from.starts_with(LEAD);
        if lead && extra == ExtraParams::Off || !lead && !writable {
            reject_read_only(about, from, lead);
            return None;
        }
        can_be_turned_back(about, policy.direction, &steps, &values)?;
    }
    let field = name_of(found, kind, to)?;
    fields.policies.insert(field.clone(), policy);
    fields.mappings.push(Mapping {
        kind,
        field,
        cliengo: from.to_owned(),
        ghl: to.to_owned(),
        transform: steps,
        values,
    });
    Some(())
}

/// That no other `[[map]]` has a field of these.
fn is_first_of(
    found: &Found<'_>,
    names: (Option<&str>, Option<&str>),
    taken: &mut BTreeSet<(Side, String)>,
) -> Option<()> {
    for (side, name) in [(Side::Cliengo, names.0), (Side::Ghl, names.1)] {
        let Some(name) = name else { continue };
        if !taken.insert((side, name.to_owned())) {
            found.reject(&format!("maps {name:?} a second time"), "one [[map]] for each field");
            return None;
        }
    }
    Some(())
}

fn reject_one_sided(found: &Found<'_>, kind: Kind, places: &Places) {
    let alone = places.built_in.iter().map(|(field, ..)| field.as_str()).collect::<Vec<_>>().join(", ");
    let such = if kind == Kind::Contact { "leadFields.budget" } else { ASSIGNEE };
    let and = if kind == Kind::Contact { "customFields.budget" } else { ASSIGNEE };
    found.reject(
        "is named on one side only",
        &format!("name it on both sides: cliengo = {such:?} and ghl = {and:?}; only {alone} stand alone"),
    );
}

fn reject_read_only(about: &Found<'_>, from: &str, lead: bool) {
    let hint = if lead {
        "add direction = \"to_ghl\", or, where you know that extraParams merges, cliengo.capabilities.extra_params = \"merge\""
    } else {
        "add direction = \"to_ghl\": Cliengo only shows this field"
    };
    about.reject(&format!("lets {from:?} be written in Cliengo, which cannot be done"), hint);
}

/// That what GHL has can be said in Cliengo's words.
fn can_be_turned_back(
    about: &Found<'_>,
    direction: Direction,
    steps: &[Step],
    values: &[(String, String)],
) -> Option<()> {
    if let Some(step) = steps.iter().find(|step| !step.is_invertible()) {
        let goes = if direction.writes(Side::Ghl) { "both ways" } else { "to Cliengo" };
        let says = format!("has a step that cannot be turned back ({step:?}), and the field goes {goes}");
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
    Some(())
}

/// What the field is called in plans and reports: as GHL's.
fn name_of(found: &Found<'_>, kind: Kind, to: &str) -> Option<Field> {
    let name = to.strip_prefix(CUSTOM).unwrap_or(to);
    let is_built_in = |name: &str| Field::BUILT_IN.contains(&Field::from(std::sync::Arc::from(name)));
    // A note's title is none of a task's.
    let name = if kind != Kind::Contact && is_built_in(name) { format!("{kind}.{name}") } else { name.to_owned() };
    if is_built_in(&name) {
        found.reject("has the name of a built-in field", "use the custom field's key or id instead of its name");
        return None;
    }
    Some(Field::Mapped(name.as_str().into()))
}

/// The built-in field that a mapping names, alone or on both sides.
fn built_in(places: &Places, names: (Option<&str>, Option<&str>)) -> Option<Field> {
    let is = |given: Option<&str>, field: &Field, name: &str| {
        given.is_none_or(|given| given == name || given == field.as_str())
    };
    let named = |(field, cliengo, ghl): &&(Field, &str, &str)| is(names.0, field, cliengo) && is(names.1, field, ghl);
    let any = names.0.is_some() || names.1.is_some();
    places.built_in.iter().filter(|_| any).find(named).map(|(field, ..)| field.clone())
}

/// Who has a record is carried over as people, not as text.
fn people(found: &Found<'_>, cliengo: &str, ghl: &str, more: Option<&Found<'_>>) -> Option<()> {
    if holds_a_user(cliengo) != holds_a_user(ghl) {
        found.reject(
            "maps a user to something that is none",
            "users go to users: assignedTo to assignedTo, and a note's creatorId to userId",
        );
        return None;
    }
    match more.filter(|_| holds_a_user(ghl) || ghl == FOLLOWERS) {
        Some(more) => {
            more.reject(
                "does not go with users",
                "leave it out: they are the same by their e-mail, or by [pair.NAME.assignees]",
            );
            None
        }
        None => Some(()),
    }
}

/// Whether a Cliengo field exists and can be written.
fn cliengo_field(found: &Found<'_>, kind: Kind, places: &Places, name: &str) -> Option<bool> {
    let lead = name.strip_prefix(LEAD).filter(|_| kind == Kind::Contact);
    if lead.is_some_and(|key| !key.is_empty() && !key.contains('.')) {
        return Some(true);
    }
    if let Some((_, writable)) = places.cliengo.iter().find(|(known, _)| *known == name) {
        return Some(*writable);
    }
    let known = places.cliengo.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
    let lead = if kind == Kind::Contact { "leadFields.KEY or " } else { "" };
    found.expect(&format!("{lead}one of {known}"))
}

/// Whether a GHL field, which has to exist, is only read.
fn ghl_field(found: &Found<'_>, kind: Kind, places: &Places, name: &str) -> Option<bool> {
    let custom = name.strip_prefix(CUSTOM).filter(|_| kind == Kind::Contact).is_some_and(|key| !key.trim().is_empty());
    if let Some(is_read_only) = places.ghl(name).map(|field| field.read_only).or(custom.then_some(false)) {
        return Some(is_read_only);
    }
    let known = places.ghl.iter().map(|known| known.key).collect::<Vec<_>>().join(", ");
    let custom = if kind == Kind::Contact { "customFields.KEY or " } else { "" };
    found.expect(&format!("{custom}one of {known}"))
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
            None if name == "date" => {
                return item.expect("a format that names day, month and year, such as \"date:%d/%m/%Y\"");
            }
            None => return item.expect("split:SEP:N, with N from 1, such as \"split:,:1\""),
        }
    }
    Some(steps)
}

/// Whether a day that is written in this format can be read again.
fn is_date_format(format: &str) -> bool {
    let noon = jiff::civil::date(2026, 12, 24).at(12, 0, 0, 0);
    let written = jiff::fmt::strtime::format(format, noon);
    written.is_ok_and(|text| jiff::civil::Date::strptime(format, text).is_ok_and(|day| day == noon.date()))
}

fn step(name: &str, argument: &str) -> Option<Step> {
    Some(match name {
        "trim" => Step::Trim,
        "lower" => Step::Lower,
        "upper" => Step::Upper,
        "number" => Step::Number,
        "boolean" => Step::Boolean,
        "date" => Step::Date(Some(argument).filter(|format| is_date_format(format))?.to_owned()),
        "first" => Step::First(argument.split([':', ',']).map(|field| field.trim().to_owned()).collect()),
        "join" => Step::Join(argument.to_owned()),
        _ => {
            let (separator, nth) = argument.rsplit_once(':')?;
            Step::Split(separator.to_owned(), nth.parse().ok().filter(|nth| *nth > 0)?)
        }
    })
}
