//! What a run changed is put back, where it still is as the run left it.

use std::collections::BTreeMap;

use super::{edited, parent_of, stays, still_there, subject_of};
use crate::reconcile::decide::fit::{self, Fit};
use crate::reconcile::model::{Change, Deed, HeldReason, LinkRef, Settle, Still, TagDelta};
use crate::reconcile::plan::draft::Draft;
use crate::record::{Action, Both, Field, Kind, Record, Tags, Target, Value, Write, fold_tag};

/// Puts back what stood in the written fields.
pub(super) fn fields(draft: &mut Draft<'_>, number: u32, deed: &Deed) {
    let subject = subject_of(deed);
    if matches!(deed.now, Still::Gone) {
        return draft.hold(&subject, HeldReason::EditedSince, "it was removed since: nothing is put back");
    }
    let (Some(now), Some(id)) = (still_there(draft, deed), deed.trace.ids.tagged(deed.side)) else { return };
    let Some(before) = &deed.before else {
        return draft.hold(&subject, HeldReason::Unparsable, "what stood there before cannot be understood any more");
    };
    let set = match wanted(draft, deed, now, before) {
        Ok(set) => set,
        Err(field) => return draft.hold(&subject, HeldReason::EditedSince, stays(field)),
    };
    if set.is_empty() {
        return;
    }
    let only_completion = set.keys().all(|field| *field == Field::Completed);
    let complete = only_completion && draft.input.capabilities.of(deed.side).complete_endpoint;
    let changes = set.iter().map(|(field, value)| Change::Value {
        field: field.clone(),
        before: now.get(field).map_or(serde_json::Value::Null, Value::json),
        after: value.json(),
        origin: deed.side,
    });
    let changes = changes.collect();
    let mut settle = Settle { link: deed.link.map(LinkRef::Existing), undoes: vec![deed.id], ..Settle::default() };
    // A run that got no answer did not move the other side's shadow either: its value is no news any more.
    let theirs = deed.trace.other.iter().filter(|(field, _)| !deed.settled && set.contains_key(*field));
    *settle.shadows.of_mut(deed.side.other()) = theirs.map(|(field, value)| (field.clone(), value.clone())).collect();
    let write = Write {
        kind: deed.kind,
        action: if complete { Action::Complete } else { Action::Update },
        target: Some(Target::Existing(id)),
        parent: parent_of(deed),
        set,
        before: now.fields.clone(),
        add_tags: Vec::new(),
        remove_tags: Vec::new(),
    };
    let label = if deed.kind == Kind::Contact { &deed.trace.label } else { &deed.trace.contact };
    draft.add((number, label), &deed.trace.parent, &subject, write, deed.side, changes, settle);
}

/// The fields to write, with what is to stand there; or the field that somebody changed since. What cannot be put back is
/// said.
fn wanted<'a>(
    draft: &mut Draft<'_>,
    deed: &'a Deed,
    now: &Record,
    before: &Record,
) -> Result<BTreeMap<Field, Value>, &'a Field> {
    let stood = |field: &Field| before.get(field).unwrap_or(&Value::Empty);
    let is_back = |field: &Field| now.get(field).is_some_and(|now| now.same(stood(field)));
    let wrote: Vec<(&Field, &Value)> = deed.trace.wrote.iter().filter(|(field, _)| !is_back(field)).collect();
    if let Some(changed) = edited(now, wrote.iter().copied()) {
        return Err(changed);
    }
    let (mut set, mut cannot) = (BTreeMap::new(), Vec::new());
    for (field, _) in wrote {
        if now.get(field).is_none() {
            cannot.push(format!("{} does not show its {field}, so it stays as it is", deed.side.title()));
            continue;
        }
        let source = before.clone().with(field.clone(), stood(field).clone());
        let target = fit::Target {
            side: deed.side,
            capabilities: draft.input.capabilities.of(deed.side),
            kind: deed.kind,
            current: Some(now),
            default_due: draft.input.pair.tasks.default_due,
            mapped: draft.input.mapped(field),
        };
        match target.fit(field, &source) {
            Fit::Write(value) => _ = set.insert(field.clone(), value),
            Fit::Partly(value, why) => {
                set.insert(field.clone(), value);
                cannot.push(why);
            }
            Fit::Same => {}
            Fit::Cannot(why) => cannot.push(why),
        }
    }
    for why in cannot {
        draft.cannot(&subject_of(deed), deed.side, deed.action, why);
    }
    Ok(set)
}

/// Removes the tags that were added, and adds those that were removed, where nobody did so since.
pub(super) fn tags(draft: &mut Draft<'_>, number: u32, deed: &Deed) {
    let subject = subject_of(deed);
    if matches!(deed.now, Still::Gone) {
        return draft.hold(&subject, HeldReason::EditedSince, "it was removed since: nothing is put back");
    }
    let (Some(now), Some(id)) = (still_there(draft, deed), deed.trace.ids.tagged(deed.side)) else { return };
    let capabilities = draft.input.capabilities.of(deed.side).tags;
    let shown = match now.get(&Field::Tags) {
        Some(Value::Tags(tags)) => Some(tags.clone()),
        Some(_) => Some(Tags::default()),
        None => None,
    };
    let has = |tag: &String| shown.as_ref().is_none_or(|tags| tags.contains(tag));
    let mut remove: Vec<String> = deed.trace.tags.added.iter().filter(|tag| has(tag)).cloned().collect();
    let lacks = |tag: &&String| !shown.as_ref().is_some_and(|tags| tags.contains(tag));
    let spelt = |tag: &String| if capabilities.lowercase { fold_tag(tag) } else { tag.clone() };
    let add: Vec<String> = deed.trace.tags.removed.iter().filter(lacks).map(spelt).collect();
    if !remove.is_empty() && !capabilities.remove {
        let detail = format!("{} cannot remove tags: {} stays", deed.side.title(), remove.join(", "));
        draft.cannot(&subject, deed.side, Action::Tag, detail);
        remove.clear();
    }
    if add.is_empty() && remove.is_empty() {
        return;
    }
    let spellings = |tag: &String| shown.as_ref().map_or_else(|| vec![tag.clone()], |tags| tags.spellings(tag));
    let write = Write {
        kind: Kind::Contact,
        action: Action::Tag,
        target: Some(Target::Existing(id)),
        parent: None,
        set: BTreeMap::new(),
        before: now.fields.clone(),
        add_tags: add.clone(),
        remove_tags: remove.iter().flat_map(spellings).collect(),
    };
    let changes = vec![Change::Tags { field: Field::Tags, added: add.clone(), removed: write.remove_tags.clone() }];
    let settle = Settle {
        link: deed.link.map(LinkRef::Existing),
        shadows: other_tags(deed),
        tags: TagDelta { added: add, removed: remove },
        undoes: vec![deed.id],
        ..Settle::default()
    };
    draft.add((number, &deed.trace.label), &deed.trace.parent, &subject, write, deed.side, changes, settle);
}

/// The other side's shadow of the tags, as the run would have left it, had it got an answer.
fn other_tags(deed: &Deed) -> Both<BTreeMap<Field, Value>> {
    let mut shadows: Both<BTreeMap<Field, Value>> = Both::default();
    // Of what was made again the run left nothing on the other side.
    if let Some(stood) = deed.other_tags.as_ref().filter(|_| !deed.settled && !deed.trace.remade) {
        let mut tags = stood.clone();
        deed.trace.tags.added.iter().filter(|tag| !stood.contains(tag)).for_each(|tag| tags.insert(tag));
        deed.trace.tags.removed.iter().for_each(|tag| tags.remove(tag));
        if !tags.same(stood) {
            shadows.of_mut(deed.side.other()).insert(Field::Tags, Value::tags(tags));
        }
    }
    shadows
}
