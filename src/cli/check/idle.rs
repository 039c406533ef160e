//! Settings that do nothing, or that nothing in the accounts can meet: the file is well-formed, and still not what somebody wanted.

use super::finding::Finding;
use crate::config::{Becomes, Direction, Pair, TasksMode};
use crate::crm::CrmError;
use crate::crm::ghl::Ghl;
use crate::record::{Field, Kind, Mapped, Side};

/// What the configuration alone tells.
pub(super) fn settings(pair: &Pair) -> Vec<Finding> {
    let found = [timeline(pair), triggers(pair), append_edit(pair), tasks_map(pair)];
    found.into_iter().flatten().collect()
}

fn timeline(pair: &Pair) -> Option<Finding> {
    let (wanted, notes) = (pair.timeline, pair.notes.policy.direction);
    let told = [
        ("appointments", wanted.appointments, Side::Cliengo),
        ("conversations", wanted.conversations, Side::Ghl),
        ("attribution", wanted.attribution, Side::Ghl),
    ];
    let idle = told.into_iter().filter(|(_, is_wanted, side)| *is_wanted && !notes.writes(*side));
    let idle: Vec<&str> = idle.map(|(name, ..)| name).collect();
    if idle.is_empty() {
        return None;
    }
    let name = &pair.name;
    Some(Finding::warn(
        format!("{name}.timeline"),
        format!("{} would become notes, and notes.direction = \"{}\" writes none there", idle.join(", "), notes.word()),
        format!("set direction = \"both\" under [pair.{name}.notes], or take the keys out of [pair.{name}.timeline]"),
    ))
}

fn triggers(pair: &Pair) -> Option<Finding> {
    let (name, contacts) = (&pair.name, pair.contacts.direction);
    let (created, becomes) = (!pair.triggers.created.is_empty(), !pair.triggers.becomes.is_empty());
    let idle: Vec<&str> = [
        ("[triggers]", created && !contacts.writes(Side::Ghl)),
        ("[[trigger]]", becomes && contacts == Direction::Off),
    ]
    .into_iter()
    .filter_map(|(table, is_idle)| is_idle.then_some(table))
    .collect();
    if idle.is_empty() {
        return None;
    }
    Some(Finding::warn(
        format!("{name}.triggers"),
        format!("{} never fires: contacts.direction = \"{}\"", idle.join(", "), contacts.word()),
        format!("set direction = \"both\" under [pair.{name}.contacts], or take the table out"),
    ))
}

fn append_edit(pair: &Pair) -> Option<Finding> {
    let notes = pair.notes.policy.direction;
    let can_matter = notes.writes(Side::Cliengo) && !pair.cliengo.capabilities.note_update;
    if !pair.notes.append_edit || can_matter {
        return None;
    }
    let detail = if notes.writes(Side::Cliengo) {
        "append_edit does nothing with note_update = true: both CRMs change notes".to_owned()
    } else {
        format!(
            "append_edit does nothing with notes.direction = \"{}\": only Cliengo cannot change notes, and none is written there",
            notes.word()
        )
    };
    let name = &pair.name;
    Some(Finding::warn(
        format!("{name}.notes.append_edit"),
        detail,
        format!("take append_edit out of [pair.{name}.notes]"),
    ))
}

fn tasks_map(pair: &Pair) -> Option<Finding> {
    // Who has a task goes along with `assignees`, and nobody wrote that down as a mapping.
    let of_people = |field: &Field| pair.assignees.is_some() && field.as_str() == "assignedTo";
    if pair.tasks.fields.mappings.iter().all(|mapping| of_people(&mapping.field)) {
        return None;
    }
    let why = match (pair.tasks.policy.direction, pair.cliengo.tasks) {
        (Direction::Off, _) => "tasks.direction = \"off\"",
        (_, TasksMode::Off) => "cliengo.tasks = \"off\"",
        (_, TasksMode::Notes) => "cliengo.tasks = \"notes\"",
        (_, TasksMode::DueDate) => "cliengo.tasks = \"due_date\"",
        (_, TasksMode::Auto | TasksMode::Resource) => return None,
    };
    let name = &pair.name;
    Some(Finding::warn(
        format!("{name}.tasks.map"),
        format!("[[pair.{name}.tasks.map]] does nothing with {why}: no field of a task goes over"),
        format!("take [[pair.{name}.tasks.map]] out, or set tasks = \"auto\" under [pair.{name}.cliengo]"),
    ))
}

/// Whether GHL has somebody in the business that the scope names.
pub(super) async fn business(pair: &Pair, ghl: &Ghl) -> Option<Finding> {
    let business = pair.scope.ghl_business_id.as_ref()?;
    let (id, hint) = (
        format!("{}.ghl.business", pair.name),
        format!(
            "correct ghl_business_id under [pair.{}.scope]: it is in the address of the business in GHL",
            pair.name
        ),
    );
    Some(match ghl.has_members(business).await {
        Ok(true) => Finding::ok(id, format!("business {business} has contacts")),
        Ok(false) => {
            Finding::warn(id, format!("GHL has no contact in business {business}: nobody of GHL is in the scope"), hint)
        }
        Err(error @ CrmError::Credentials { .. }) => Finding::fail(id, error),
        Err(error) => Finding::warn(id, format!("the contacts of business {business} cannot be read: {error}"), hint),
    })
}

/// Words that no value of their field can be.
pub(super) fn words(pair: &Pair, resolved: &[Mapped]) -> Vec<Finding> {
    let name = &pair.name;
    let mut findings = Vec::new();
    for mapped in resolved.iter().filter(|mapped| !mapped.values.is_empty() && !mapped.holds.needs_users()) {
        for (side, word, known) in mapped.unknown_words() {
            findings.push(Finding::warn(
                format!("{name}.values.{}", mapped.field),
                format!(
                    "{word:?} is no value of {} in {}, which has: {}",
                    mapped.field,
                    side.title(),
                    known.join(", ")
                ),
                format!("correct values under [[pair.{name}.map]]: Cliengo's word stands left, GHL's right"),
            ));
        }
    }
    findings.extend(pair.triggers.becomes.iter().filter_map(|one| condition(name, one, resolved)));
    findings
}

/// A condition that no value can meet.
fn condition(pair: &str, condition: &Becomes, resolved: &[Mapped]) -> Option<Finding> {
    let is_it = |mapped: &&Mapped| mapped.kind == Kind::Contact && mapped.field == condition.field;
    let mapped = resolved.iter().find(is_it)?;
    let words = mapped.words_instead_of(&condition.value)?.join(", ");
    let (field, value) = (&condition.field, &condition.value);
    let (id, hint) = (format!("{pair}.trigger.{field}"), format!("correct becomes in [[pair.{pair}.trigger]]"));
    Some(if mapped.takes_any_word() {
        let what =
            format!("the [[trigger]] on {field} waits for {value:?}, and no word that is known of it is that: {words}");
        Finding::warn(id, what, hint)
    } else {
        let what = format!("the [[trigger]] on {field} never fires: {value:?} is no value of it, which has: {words}");
        Finding::fail(id, anyhow::anyhow!(what)).mended_by(hint)
    })
}
