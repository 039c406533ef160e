//! `[pair.NAME.triggers]` and `[[pair.NAME.trigger]]`: what a contact is put into in GHL, and when.

use std::collections::BTreeSet;

use serde::Serialize;

use super::map::Fields;
use super::reader::Table;
use super::value::Found;
use crate::record::{Effect, Field, folded_case};

/// What contacts are put into in GHL, once each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Triggers {
    /// When a contact is first created from Cliengo.
    pub created: Vec<Effect>,
    /// Whether also those that a first sync creates.
    pub at_first_sync: bool,
    /// When a field or a tag becomes something.
    pub becomes: Vec<Becomes>,
}

/// What happens when a field or a tag becomes something, on either side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Becomes {
    /// The field.
    pub field: Field,
    /// The value, or the tag.
    pub value: String,
    /// What the contact is put into.
    pub effect: Effect,
}

impl Triggers {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.created.is_empty() && self.becomes.is_empty()
    }

    /// All that contacts may be put into.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.created.iter().chain(self.becomes.iter().map(|one| &one.effect))
    }
}

/// Reads both tables.
pub(super) fn read(mut created: Table<'_>, further: Vec<Table<'_>>, fields: &Fields) -> Triggers {
    let triggers = Triggers {
        created: effects(&mut created),
        at_first_sync: created.read("at_first_sync", Found::boolean).unwrap_or(false),
        becomes: further.into_iter().filter_map(|table| becomes(table, fields)).collect(),
    };
    created.finish();
    triggers
}

fn effects(table: &mut Table<'_>) -> Vec<Effect> {
    let tag = table.read("tag", tag).map(Effect::Tag);
    let workflow = table.read("workflow", name).map(Effect::Workflow);
    let campaign = table.read("campaign", name).map(Effect::Campaign);
    [tag, workflow, campaign].into_iter().flatten().collect()
}

fn name(found: &Found<'_>) -> Option<String> {
    found.text().map(str::to_owned)
}

/// GHL keeps tags in lower case.
fn tag(found: &Found<'_>) -> Option<String> {
    found.text().map(crate::record::fold_tag)
}

fn becomes(mut table: Table<'_>, fields: &Fields) -> Option<Becomes> {
    let when =
        table.require("when", "add when = { field = \"tags\", becomes = \"hot\" }", |found| condition(found, fields));
    let mut effects = effects(&mut table);
    if effects.len() != 1 {
        let hint = "add workflow = \"…\", campaign = \"…\" or tag = \"…\": one of them in each [[trigger]]";
        if effects.is_empty() {
            table.require("workflow", hint, name);
        } else if let Some(found) = table.look(&[effects.get(1).map_or("tag", Effect::kind)]) {
            found.reject_unquoted("is the second thing of one trigger", hint);
        }
        effects.clear();
    }
    table.finish();
    let (field, value) = when?;
    Some(Becomes { field, value, effect: effects.pop()? })
}

fn condition(found: &Found<'_>, fields: &Fields) -> Option<(Field, String)> {
    let mut table = Table::of(found, "a table such as { field = \"tags\", becomes = \"hot\" }")?;
    let field = table.require("field", "add field = \"tags\", or a field that is mapped", |found| field(found, fields));
    let value = table.require("becomes", "add becomes = \"…\": the tag or the value", |found| match &field {
        Some(field) => value(found, field, fields),
        None => name(found),
    });
    table.finish();
    Some((field?, value?))
}

/// The value as GHL says it. Where a table translates the field's words, either CRM's word will do.
fn value(found: &Found<'_>, field: &Field, fields: &Fields) -> Option<String> {
    let word = found.text()?;
    let mapping = fields.mappings.iter().find(|one| one.field == *field);
    let values = mapping.map(|mapping| mapping.values.as_slice()).unwrap_or_default();
    let meant = meanings(values, word);
    match (meant.first(), meant.len()) {
        (Some(ghl), 1) => Some((*ghl).clone()),
        (Some(_), _) => {
            let meant = meant.iter().map(|ghl| format!("{ghl:?}")).collect::<Vec<_>>().join(" and ");
            found.reject(
                &format!("can mean {meant} in GHL: {word:?} is a word of either CRM, for another value"),
                &format!("take one that means one value: {}", words(values)),
            );
            None
        }
        (None, _) => Some(word.to_owned()),
    }
}

/// What a word of either CRM means, in GHL's.
fn meanings<'a>(values: &'a [(String, String)], word: &str) -> BTreeSet<&'a String> {
    let is_it = |known: &String| folded_case(known.trim()) == folded_case(word.trim());
    values.iter().filter(|(cliengo, ghl)| is_it(cliengo) || is_it(ghl)).map(|(_, ghl)| ghl).collect()
}

/// The words of a table that mean one value.
fn words(values: &[(String, String)]) -> String {
    let all: BTreeSet<&String> = values.iter().flat_map(|(cliengo, ghl)| [cliengo, ghl]).collect();
    let clear = all.into_iter().filter(|word| meanings(values, word).len() == 1);
    clear.map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
}

/// `tags`, a built-in field, or a mapped one by its place on either side.
fn field(found: &Found<'_>, fields: &Fields) -> Option<Field> {
    let name = found.text()?;
    let built_in = [Field::Tags, Field::Name, Field::Email, Field::Phone];
    let mapped = fields.mappings.iter().find(|one| {
        let last = |path: &str| path.rsplit('.').next() == Some(name);
        one.field.as_str() == name || one.cliengo == name || one.ghl == name || last(&one.cliengo) || last(&one.ghl)
    });
    let known = built_in.into_iter().find(|field| field.as_str() == name).or(mapped.map(|one| one.field.clone()));
    if known.is_none() {
        let mapped: Vec<&str> = fields.mappings.iter().map(|one| one.field.as_str()).collect();
        let mapped = if mapped.is_empty() { "none is mapped".to_owned() } else { mapped.join(", ") };
        found.reject(
            &format!("must be tags or a field that is mapped; found {name:?}"),
            &format!("map it with [[map]], or take one of: tags, name, email, phone; mapped: {mapped}"),
        );
    }
    known
}
