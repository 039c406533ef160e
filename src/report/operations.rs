//! What is done, contact by contact.

use serde_json::Value as Json;

use crate::reconcile::{Change, Operation};
use crate::record::{Action, Field, Kind, Role, Side};
use crate::run::{Finished, OperationOutcome, RunRecord};

use super::diff::word_diff;
use super::groups::{Group, Linked, groups};
use super::screen::{Line, Page, Paint, columns, on_one_line, padded, visible};
use super::totals::ended;
use super::words;

/// More contacts than this are counted, not shown.
const MOST_CONTACTS: usize = 200;

/// More contacts than this that are only linked are counted, not shown.
const MOST_LINKED: usize = 20;

/// Above so many contacts, what went wrong is gathered once more below them.
const SCREENFUL: usize = 12;

/// Records shown of those that went wrong.
const MOST_TROUBLE: usize = 50;

/// Lines shown of a long text.
const MOST_LINES: usize = 8;

/// Letters from which on two texts are shown as a word diff.
const LONG: usize = 40;

/// Where what is done begins on its line: after the arrow and the side.
const DEED: usize = 13;

/// Writes every operation, or as many as can be read.
pub(super) fn write(page: &mut Page, finished: &Finished) {
    let run = finished.run.as_ref().filter(|run| !run.refused);
    let all = groups(&finished.plan);
    let (busy, linked): (Vec<_>, Vec<_>) = all.into_iter().partition(|group| !group.operations.is_empty());
    let mut after_terse = false;
    for group in busy.iter().take(MOST_CONTACTS) {
        let terse = is_terse(group);
        if !(terse && after_terse) {
            page.gap();
        }
        contact(page, group, run);
        after_terse = terse;
    }
    if let Some(rest) = busy.get(MOST_CONTACTS..).filter(|rest| !rest.is_empty()) {
        let operations = rest.iter().map(|group| group.operations.len()).sum();
        page.gap();
        let contacts = words::counted(rest.len(), "more contact");
        let operations = words::counted(operations, "operation");
        page.line(0, &Line::of(format!("… and {contacts} with {operations}; --format json has them all.")));
    }
    only_linked(page, &linked, run);
    further(page, finished);
    if let Some(run) = run
        && (busy.len() > SCREENFUL || linked.len() > MOST_LINKED)
    {
        trouble(page, finished, run);
    }
}

/// Whether a contact takes two lines only; a list of such contacts needs no gaps.
fn is_terse(group: &Group<'_>) -> bool {
    group.links.is_empty()
        && matches!(group.operations.as_slice(), [one] if one.changes.iter().all(|change| is_said(one, change)))
}

fn contact(page: &mut Page, group: &Group<'_>, run: Option<&RunRecord>) {
    let name = on_one_line(group.name);
    let name = if name.is_empty() { "Contact without a name".to_owned() } else { name };
    let mut line = Line::painted(name, Paint::Bold);
    for side in Side::BOTH {
        let creates = group.operations.iter().any(|operation| {
            (operation.side, operation.kind, operation.action) == (side, Kind::Contact, Action::Create)
        });
        let missing = if creates { "(new)" } else { "-" };
        let id = group.ids.of(side).map_or_else(|| missing.to_owned(), on_one_line);
        line = line.paint(format!("  {} ", side.title()), Paint::Dim).then(id);
    }
    page.line(0, &line);
    if !group.links.is_empty() {
        let lead = Line::of("  ").paint("=", Paint::Dim).then(" ".repeat(DEED - 3));
        page.flow(lead, DEED, Line::of(links(group)).join(links_outcome(group, run)));
    }
    for operation in &group.operations {
        one(page, operation, run);
    }
}

/// `linked with 2 tasks, 3 notes`.
fn links(group: &Group<'_>) -> String {
    let linked = Linked::of(group.links.iter().copied());
    let children = linked.shown(false);
    match (linked.contacts > 0, children.is_empty()) {
        (true, true) => "linked".to_owned(),
        (true, false) => format!("linked with {children}"),
        (false, _) => format!("linked {children}"),
    }
}

/// What came of a contact's links.
fn links_outcome(group: &Group<'_>, run: Option<&RunRecord>) -> Line {
    let Some(run) = run else { return Line::default() };
    let missed = group.links.iter().filter(|link| ended(run, link.id) != OperationOutcome::Applied).count();
    match missed {
        0 => outcome(OperationOutcome::Applied, None),
        some => Line::painted(format!("  · {some} of them not done"), Paint::Yellow),
    }
}

fn only_linked(page: &mut Page, groups: &[Group<'_>], run: Option<&RunRecord>) {
    if groups.is_empty() {
        return;
    }
    page.gap();
    let all = Linked::of(groups.iter().flat_map(|group| group.links.iter().copied()));
    let title = format!("Linked as they stand: {}", all.shown(true));
    page.line(0, &Line::painted(title, Paint::Bold));
    if groups.len() > MOST_LINKED {
        return;
    }
    let ids = Side::BOTH.map(|side| groups.iter().map(|group| columns(&words::id_or_dash(&group.ids, side))).max());
    let [cliengo, ghl] = ids.map(Option::unwrap_or_default);
    for group in groups {
        let first = padded(&words::id_or_dash(&group.ids, Side::Cliengo), cliengo);
        let second = padded(&words::id_or_dash(&group.ids, Side::Ghl), ghl);
        let with = Linked::of(group.links.iter().copied()).shown(false);
        let with = if with.is_empty() { with } else { format!(": {with}") };
        let said = format!("{first}  {second}  {}{with}", on_one_line(group.name));
        page.line(2, &Line::of(said).join(links_outcome(group, run)));
    }
}

/// Further Cliengo contacts of a person in GHL.
fn further(page: &mut Page, finished: &Finished) {
    let all = finished.plan.operations.iter().filter(|operation| operation.settle.role == Role::Secondary);
    let all: Vec<&Operation> = all.collect();
    if all.is_empty() {
        return;
    }
    page.gap();
    let title = format!("Further contacts of one person: {}", words::counted(all.len(), "contact"));
    page.line(0, &Line::painted(title, Paint::Bold));
    page.flow(Line::of("  "), 2, Line::of("Linked to a person in GHL who has a contact in Cliengo already. Nothing is written to them, nor because of them."));
    let [cliengo, ghl] = Side::BOTH
        .map(|side| all.iter().map(|one| columns(&words::id_or_dash(&one.ids, side))).max().unwrap_or_default());
    for one in all.iter().take(MOST_LINKED) {
        let first = padded(&words::id_or_dash(&one.ids, Side::Cliengo), cliengo);
        let second = padded(&words::id_or_dash(&one.ids, Side::Ghl), ghl);
        page.line(2, &Line::of(format!("{first}  {second}  {}", on_one_line(&one.label))));
    }
    and_more(page, 2, all.len(), MOST_LINKED);
}

/// One operation, with what changes and what came of it.
fn one(page: &mut Page, operation: &Operation, run: Option<&RunRecord>) {
    let lead = Line::of("  ").paint("→", Paint::Dim).then(format!(" {}", padded(operation.side.title(), DEED - 4)));
    let mut said = deed(operation);
    let reason = run.and_then(|run| run.outcomes.get(&operation.id)).and_then(|ended| ended.reason.as_deref());
    if let Some(run) = run {
        said = said.join(outcome(ended(run, operation.id), reason));
    }
    page.flow(lead, DEED, said);
    let shown: Vec<&Change> = operation.changes.iter().filter(|change| !is_said(operation, change)).collect();
    let width = shown.iter().map(|change| field(change).as_str().len()).max().unwrap_or_default();
    for change in shown {
        change_line(page, operation.action, change, width);
    }
}

/// `create note`, `add tags "vip"`.
fn deed(operation: &Operation) -> Line {
    let paint = if operation.action == Action::Delete { Paint::Red } else { Paint::Plain };
    let verb = match operation.action {
        Action::Tag => return tags(operation),
        Action::Complete if reopens(operation) => "reopen",
        Action::Complete => "complete",
        other => other.as_str(),
    };
    let label = on_one_line(&operation.label);
    let line = Line::painted(format!("{verb} {}", operation.kind), paint);
    let told_below = operation.kind == Kind::Note && operation.action == Action::Create && body_is_shown(operation);
    if operation.kind == Kind::Contact || label.is_empty() || told_below {
        return line;
    }
    line.then(format!(" \"{label}\""))
}

fn tags(operation: &Operation) -> Line {
    let mut said = Vec::new();
    for change in &operation.changes {
        if let Change::Tags { added, removed, .. } = change {
            for (verb, tags) in [("add", added), ("remove", removed)] {
                if !tags.is_empty() {
                    let noun = if tags.len() == 1 { "tag" } else { "tags" };
                    said.push(format!("{verb} {noun} {}", quoted_list(tags)));
                }
            }
        }
    }
    Line::of(if said.is_empty() { "change tags".to_owned() } else { said.join("; ") })
}

fn outcome(outcome: OperationOutcome, reason: Option<&str>) -> Line {
    let (mark, word, paint) = words::outcome(outcome);
    let line = Line::of("  ").paint(format!("{mark} {word}"), paint);
    match reason {
        Some(reason) => line.then(format!(": {}", on_one_line(reason))),
        None => line,
    }
}

const fn field(change: &Change) -> &Field {
    match change {
        Change::Tags { field, .. } | Change::Value { field, .. } => field,
    }
}

fn reopens(operation: &Operation) -> bool {
    operation.changes.iter().any(|change| matches!(change, Change::Value { after: Json::Bool(false), .. }))
}

fn body_is_shown(operation: &Operation) -> bool {
    operation.changes.iter().any(|change| *field(change) == Field::Body && !is_said(operation, change))
}

/// Whether the line above says the change already.
fn is_said(operation: &Operation, change: &Change) -> bool {
    match change {
        Change::Tags { added, removed, .. } => {
            operation.action == Action::Tag || (added.is_empty() && removed.is_empty())
        }
        Change::Value { field: Field::Completed, .. } if operation.action == Action::Complete => true,
        Change::Value { after, before, .. } => match operation.action {
            // A task that is not done is a matter of course.
            Action::Create => after.is_null() || *after == false || after.as_str() == Some(&operation.label),
            Action::Delete => before.is_null() || before.as_str() == Some(&operation.label),
            _ => false,
        },
    }
}

fn change_line(page: &mut Page, action: Action, change: &Change, width: usize) {
    let name = field(change).as_str();
    let indent = DEED + 2 + width + 2;
    let lead = Line::of(" ".repeat(DEED + 2)).paint(padded(name, width + 2), Paint::Dim);
    let words = match change {
        Change::Tags { added, .. } if action == Action::Create => Line::of(quoted_list(added)),
        Change::Tags { added, removed, .. } => tag_marks(added, removed),
        Change::Value { before, after, .. } => match action {
            Action::Create => value(after),
            Action::Delete => value(before),
            _ => replaced(before, after, page.style.colour),
        },
    };
    page.flow_at_most(lead, indent, words, MOST_LINES);
}

/// `"+5411…" → "+5411…"`, or a word diff where the texts are long.
fn replaced(before: &Json, after: &Json, colour: bool) -> Line {
    if let (Json::String(before), Json::String(after)) = (before, after)
        && [before, after].iter().any(|text| text.contains('\n') || text.chars().count() > LONG)
        && !before.is_empty()
    {
        return word_diff(before, after, colour);
    }
    value(before).paint(" → ", Paint::Dim).join(value(after))
}

/// A value as a person is shown it.
pub(super) fn value(value: &Json) -> Line {
    match value {
        Json::Null => Line::painted("(empty)", Paint::Dim),
        Json::Bool(true) => Line::of("yes"),
        Json::Bool(false) => Line::of("no"),
        Json::String(text) if text.contains('\n') => Line::of(visible(text)),
        Json::String(text) => Line::of(format!("\"{}\"", visible(text))),
        Json::Array(items) => {
            let texts: Vec<String> =
                items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect();
            Line::of(quoted_list(&texts))
        }
        other => Line::of(visible(&other.to_string())),
    }
}

fn quoted_list(texts: &[String]) -> String {
    texts.iter().map(|text| format!("\"{}\"", on_one_line(text))).collect::<Vec<_>>().join(", ")
}

fn tag_marks(added: &[String], removed: &[String]) -> Line {
    let mut line = Line::default();
    for (mark, tags, paint) in [("+", added, Paint::Green), ("-", removed, Paint::Red)] {
        for tag in tags {
            line = line.paint(format!("{mark}\"{}\"", on_one_line(tag)), paint).then(" ");
        }
    }
    line
}

/// What did not get through, by outcome: the ids first, then what it was, then why.
fn trouble(page: &mut Page, finished: &Finished, run: &RunRecord) {
    for sort in [
        OperationOutcome::Refused,
        OperationOutcome::Failed,
        OperationOutcome::Unknown,
        OperationOutcome::SkippedStale,
        OperationOutcome::NotStarted,
    ] {
        let of_sort: Vec<&Operation> =
            finished.plan.operations.iter().filter(|operation| ended(run, operation.id) == sort).collect();
        if of_sort.is_empty() {
            continue;
        }
        let (mark, word, paint) = words::outcome(sort);
        page.heading(&format!("{mark} {} {word}", words::number(of_sort.len() as u64)), paint);
        let consequence = match finished.plan.undoes {
            Some(_) => words::consequence_in_an_undo(sort),
            None => words::consequence(sort),
        };
        page.flow(Line::of("  "), 2, Line::of(consequence));
        for operation in of_sort.iter().take(MOST_TROUBLE) {
            let ids = Side::BOTH.map(|side| words::id_or_dash(&operation.ids, side)).join("  ");
            let what = format!("{} {}", operation.action.as_str(), words::named(operation.kind, &operation.label));
            let reason = run.outcomes.get(&operation.id).and_then(|ended| ended.reason.as_deref());
            let reason = reason.map(|reason| format!(": {}", on_one_line(reason))).unwrap_or_default();
            page.line(2, &Line::of(format!("{ids}  {} {what}{reason}", operation.side.title())));
        }
        and_more(page, 2, of_sort.len(), MOST_TROUBLE);
    }
}

/// `… and 12 more`, where a list was cut.
pub(super) fn and_more(page: &mut Page, indent: usize, all: usize, shown: usize) {
    if all > shown {
        let rest = words::number((all - shown) as u64);
        page.line(indent, &Line::painted(format!("… and {rest} more; --format json has them all"), Paint::Dim));
    }
}
