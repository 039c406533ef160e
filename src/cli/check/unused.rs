//! Keys that the file states, and that do nothing beside the others.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value as Json;

use super::finding::Finding;
use crate::config::{Config, ConflictPolicy, Direction, OnDelete, Pair, TasksMode};
use crate::reconcile::is_mark;
use crate::record::{Effect, Field, Kind, STATUSES, Side, fold_tag};

/// What the file states, by key.
type Stated = BTreeMap<String, Json>;

/// What is said of a pair, on the day of `today`.
pub(super) fn keys(pair: &Pair, stated: &Stated, today: Date) -> Vec<Finding> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        found.extend(of_kind(pair, kind, stated));
        found.extend(maps(pair, kind, stated));
    }
    found.extend(triggers(pair));
    found.extend([told_tasks(pair), kept_contacts(pair), statuses(pair), since(pair, today)].into_iter().flatten());
    found
}

/// Whom `[notify]` chooses runs for.
pub(super) fn notify(config: &Config, stated: &Stated) -> Option<Finding> {
    let notify = &config.notify;
    let is_heard = notify.webhook.is_some() || notify.email.is_some();
    let is_asked = stated.contains_key("notify.on") && !is_heard;
    is_asked.then(|| {
        let detail = "on chooses what is reported, and nobody receives it: neither webhook nor email is there";
        Finding::warn("notify.on", detail, "add webhook or email under [notify], or take on out")
    })
}

/// Keys of a kind that its other keys leave nothing to do.
fn of_kind(pair: &Pair, kind: Kind, stated: &Stated) -> Vec<Finding> {
    let (name, kinds, policy) = (&pair.name, kind.plural(), pair.policy(kind));
    let mut policies = std::iter::once(policy).chain(pair.fields_of(kind).policies.values());
    let is_by_time = policies.any(|one| one.conflict == ConflictPolicy::Newest);
    let (is_off, goes) = (policy.direction == Direction::Off, policy.direction.word());
    let with = |key: &str| format!("{key} does nothing with {kinds}.direction = \"{goes}\"");
    let rows = [
        ("conflict", policy.direction != Direction::Both, with("conflict")),
        ("conflict_fallback", !is_by_time, "conflict_fallback does nothing without conflict = \"newest\"".to_owned()),
        ("rotation", is_off, with("rotation")),
        ("fetch", is_off, with("fetch")),
        ("default_due", is_off, with("default_due")),
    ];
    let idle = rows
        .into_iter()
        .filter(|(key, is_idle, _)| *is_idle && stated.contains_key(&format!("pair.{name}.{kinds}.{key}")));
    idle.map(|(key, _, detail)| {
        Finding::warn(format!("{name}.{kinds}.{key}"), detail, format!("take {key} out of [pair.{name}.{kinds}]"))
    })
    .collect()
}

/// Maps that go one way, of a kind that goes the other.
fn maps(pair: &Pair, kind: Kind, stated: &Stated) -> Vec<Finding> {
    let (name, kinds, whole) = (&pair.name, kind.plural(), pair.policy(kind).direction);
    let list = if kind == Kind::Contact { format!("pair.{name}.map[") } else { format!("pair.{name}.{kinds}.map[") };
    let mut found = Vec::new();
    for (key, value) in stated.iter().filter(|(key, _)| key.starts_with(&list)) {
        let Some(item) = key.strip_suffix(".direction") else { continue };
        let goes = value.as_str().and_then(Direction::named).unwrap_or(Direction::Off);
        if goes == Direction::Off || whole == Direction::Off || goes.within(whole) != Direction::Off {
            continue;
        }
        let place = ["cliengo", "ghl"].into_iter().find_map(|side| stated.get(&format!("{item}.{side}"))?.as_str());
        let (field, goes, whole) = (place.unwrap_or_default(), goes.word(), whole.word());
        found.push(Finding::warn(
            item.trim_start_matches("pair."),
            format!("the map of {field} does nothing: it goes {goes}, and {kinds}.direction = \"{whole}\""),
            format!("set direction = \"both\" under [pair.{name}.{kinds}], or take the map out"),
        ));
    }
    found
}

/// Triggers that nothing fires, that change nothing, or that stand there twice.
fn triggers(pair: &Pair) -> Vec<Finding> {
    let (name, triggers) = (&pair.name, &pair.triggers);
    let mut found = Vec::new();
    let mut warn = |key: &str, detail: String, hint: String| {
        found.push(Finding::warn(format!("{name}.{key}"), detail, hint));
    };
    if triggers.at_first_sync && triggers.is_empty() {
        let hint = format!("add tag, workflow or campaign under [pair.{name}.triggers], or take at_first_sync out");
        warn("triggers.at_first_sync", "at_first_sync does nothing without a trigger".to_owned(), hint);
    }
    let hint = format!("take another tag in [[pair.{name}.trigger]]");
    let condition = |at: usize| triggers.becomes.get(at).filter(|one| one.field == Field::Tags).map(|one| &one.value);
    for (at, one) in triggers.becomes.iter().enumerate() {
        let given = if let Effect::Tag(tag) = &one.effect { Some(tag) } else { None };
        if let Some(tag) = condition(at).filter(|tag| given.is_some_and(|given| fold_tag(given) == fold_tag(tag))) {
            warn("trigger", format!("the [[trigger]] on the tag {tag:?} gives that very tag"), hint.clone());
        }
        if triggers.becomes.iter().take(at).any(|other| other == one) {
            let detail = format!("two [[trigger]] tables say the same of {:?}", one.value);
            warn("trigger", detail, "take one of them out".to_owned());
        }
    }
    let given = triggers.effects().filter_map(|effect| if let Effect::Tag(tag) = effect { Some(tag) } else { None });
    let named = given.chain((0..triggers.becomes.len()).filter_map(condition));
    if let Some(mark) = named.into_iter().find(|tag| is_mark(tag)) {
        let detail =
            format!("the tag {mark:?} marks who was removed, and is never carried over: it is nobody's condition");
        warn("trigger", detail, hint);
    }
    found
}

fn told_tasks(pair: &Pair) -> Option<Finding> {
    let (name, goes) = (&pair.name, pair.tasks.policy.direction);
    let mode = match pair.cliengo.tasks {
        TasksMode::DueDate => "due_date",
        TasksMode::Notes => "notes",
        TasksMode::Auto | TasksMode::Resource | TasksMode::Off => return None,
    };
    (!goes.writes(Side::Cliengo)).then(|| {
        Finding::warn(
            format!("{name}.cliengo.tasks"),
            format!("tasks = \"{mode}\" does nothing with tasks.direction = \"{}\"", goes.word()),
            format!("set direction = \"both\" under [pair.{name}.tasks], or take tasks out of [pair.{name}.cliengo]"),
        )
    })
}

fn kept_contacts(pair: &Pair) -> Option<Finding> {
    let (name, contacts) = (&pair.name, &pair.contacts);
    let is_kept = contacts.on_delete == OnDelete::Propagate
        && contacts.direction.writes(Side::Cliengo)
        && !pair.cliengo.capabilities.contact_delete;
    is_kept.then(|| {
        Finding::warn(
            format!("{name}.contacts.on_delete"),
            "on_delete = \"propagate\" deletes nobody in Cliengo with contact_delete = false",
            format!("set contact_delete = true under [pair.{name}.cliengo.capabilities], or on_delete = \"mark\""),
        )
    })
}

/// Others may exist: a word that is misspelt leaves everybody out.
fn statuses(pair: &Pair) -> Option<Finding> {
    let is_known = |status: &&String| STATUSES.iter().any(|known| known.eq_ignore_ascii_case(status.trim()));
    let unknown = pair.scope.cliengo_statuses.iter().filter(|status| !is_known(status));
    let unknown: Vec<String> = unknown.map(|status| format!("{status:?}")).collect();
    (!unknown.is_empty()).then(|| {
        Finding::warn(
            format!("{}.scope.cliengo_statuses", pair.name),
            format!("of no status that Cliengo is known to have: {}; nobody may have it", unknown.join(", ")),
            format!("known are {}; correct it under [pair.{}.scope]", STATUSES.join(", "), pair.name),
        )
    })
}

fn since(pair: &Pair, today: Date) -> Option<Finding> {
    let (name, since) = (&pair.name, pair.scope.since.filter(|since| *since > today)?);
    Some(Finding::warn(
        format!("{name}.scope.since"),
        format!("since = \"{since}\" is in the future: nobody takes part until then"),
        format!("correct since under [pair.{name}.scope]"),
    ))
}
