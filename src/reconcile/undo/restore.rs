//! What a run changed is put back, where it still is as the run left it.

use super::common::{edited, parent_of, place_of, stays, still_there, subject_of};
use crate::reconcile::decide::fit::{self, Fit};
use crate::reconcile::model::{HeldReason, Input, LinkRef, Settle, TagDelta, Tagging, UndoRecord, Updating, Verdict};
use crate::record::{Action, Both, Field, Fields, Record, SideId, Tags, Target, Value, Write, fold_tag};

/// The record as it stands, under its id; else what is said of it.
fn stands(undo_record: &UndoRecord) -> Result<(&Record, SideId), Box<Verdict>> {
    let Some(now) = still_there(undo_record)? else {
        let detail = "it was removed since: nothing is put back";
        return Err(Box::new(Verdict::held(&subject_of(undo_record), HeldReason::EditedSince, detail)));
    };
    let id = undo_record.trace.ids.tagged(undo_record.side).ok_or_else(Box::<Verdict>::default)?;
    Ok((now, id))
}

/// Puts back what stood in the written fields.
pub(super) fn fields(input: &Input<'_>, (family, at): (u32, u32), undo_record: &UndoRecord) -> Verdict {
    let subject = subject_of(undo_record);
    let (now, id) = match stands(undo_record) {
        Ok(stands) => stands,
        Err(verdict) => return *verdict,
    };
    let Some(before) = &undo_record.before else {
        let detail = "what stood there before cannot be understood any more";
        return Verdict::held(&subject, HeldReason::Unparsable, detail);
    };
    let (set, cannot) = match wanted(input, undo_record, now, before) {
        Ok(wanted) => wanted,
        Err(field) => return Verdict::held(&subject, HeldReason::EditedSince, stays(field)),
    };
    let mut verdict = Verdict::at(at);
    for why in cannot {
        verdict.cannot(&subject, undo_record.side, undo_record.action, why);
    }
    if set.is_empty() {
        return verdict;
    }
    let only_completion = set.keys().all(|field| *field == Field::Completed);
    let completes = only_completion && input.capabilities.of(undo_record.side).complete_endpoint;
    // A run that got no answer did not move the other side's base either: its value is no news any more.
    let theirs = undo_record.trace.other.iter().filter(|(field, _)| !undo_record.settled && set.contains_key(field));
    let mut bases: Both<Fields> = Both::default();
    *bases.of_mut(undo_record.side.other()) = theirs.map(|(field, value)| (field.clone(), value.clone())).collect();
    let link = undo_record.link.map(LinkRef::Existing);
    let settle =
        Settle::Update(Box::new(Updating { link, bases, undoes: vec![undo_record.id], ..Updating::default() }));
    let target = (Target::Existing(id), parent_of(undo_record));
    let write = Write::update(undo_record.kind, target, set, &now.fields, completes);
    verdict.write(input, place_of(family, undo_record), &subject, undo_record.side, undo_record.side, (write, settle));
    verdict
}

/// The fields to write, with what is to stand there; or the field that somebody changed since. With
/// what cannot be put back.
fn wanted<'a>(
    input: &Input<'_>,
    undo_record: &'a UndoRecord,
    now: &Record,
    before: &Record,
) -> Result<(Fields, Vec<String>), &'a Field> {
    let stood = |field: &Field| before.get(field).unwrap_or(&Value::Empty);
    let is_back = |field: &Field| now.get(field).is_some_and(|now| now.same(stood(field)));
    let wrote: Vec<(&Field, &Value)> = undo_record.trace.wrote.iter().filter(|(field, _)| !is_back(field)).collect();
    if let Some(changed) = edited(now, wrote.iter().copied()) {
        return Err(changed);
    }
    let (mut set, mut cannot) = (Fields::new(), Vec::new());
    for (field, _) in wrote {
        if now.get(field).is_none() {
            cannot.push(format!("{} does not show its {field}, so it stays as it is", undo_record.side.title()));
            continue;
        }
        let source = before.clone().with(field.clone(), stood(field).clone());
        match fit::Target::of(input, undo_record.side, undo_record.kind, Some(now), field).fit(field, &source) {
            Fit::Write(value) => _ = set.insert(field.clone(), value),
            Fit::Partly(value, why) => {
                set.insert(field.clone(), value);
                cannot.push(why);
            }
            Fit::Same => {}
            Fit::Cannot(why) => cannot.push(why),
        }
    }
    Ok((set, cannot))
}

/// Removes the tags that were added, and adds those that were removed, where nobody did so since.
pub(super) fn tags(input: &Input<'_>, (family, at): (u32, u32), undo_record: &UndoRecord) -> Verdict {
    let subject = subject_of(undo_record);
    let (now, id) = match stands(undo_record) {
        Ok(stands) => stands,
        Err(verdict) => return *verdict,
    };
    let capabilities = input.capabilities.of(undo_record.side).tags;
    let shown = match now.get(&Field::Tags) {
        Some(Value::Tags(tags)) => Some(tags.clone()),
        Some(_) => Some(Tags::default()),
        None => None,
    };
    let has = |tag: &String| shown.as_ref().is_none_or(|tags| tags.contains(tag));
    let mut remove: Vec<String> = undo_record.trace.tags.added.iter().filter(|tag| has(tag)).cloned().collect();
    let lacks = |tag: &&String| !shown.as_ref().is_some_and(|tags| tags.contains(tag));
    let spelt = |tag: &String| if capabilities.lowercase { fold_tag(tag) } else { tag.clone() };
    let add: Vec<String> = undo_record.trace.tags.removed.iter().filter(lacks).map(spelt).collect();
    let mut verdict = Verdict::at(at);
    if !remove.is_empty() && !capabilities.remove {
        let detail = format!("{} cannot remove tags: {} stays", undo_record.side.title(), remove.join(", "));
        verdict.cannot(&subject, undo_record.side, Action::Tag, detail);
        remove.clear();
    }
    if add.is_empty() && remove.is_empty() {
        return verdict;
    }
    let spellings = |tag: &String| shown.as_ref().map_or_else(|| vec![tag.clone()], |tags| tags.spellings(tag));
    let write = Write {
        before: now.fields.clone(),
        ..Write::tags(Target::Existing(id), add.clone(), remove.iter().flat_map(spellings).collect())
    };
    let settle = Settle::Tag(Box::new(Tagging {
        link: undo_record.link.map(LinkRef::Existing),
        tags: TagDelta { added: add, removed: remove },
        bases: other_tags(undo_record),
        undoes: vec![undo_record.id],
    }));
    let place = place_of(family, undo_record);
    verdict.write(input, place, &subject, undo_record.side, undo_record.side, (write, settle));
    verdict
}

/// The other side's base of the tags, as the run would have left it, had it got an answer.
fn other_tags(undo_record: &UndoRecord) -> Both<Fields> {
    let mut bases: Both<Fields> = Both::default();
    // Of what was made again the run left nothing on the other side.
    if let Some(stood) = undo_record.other_tags.as_ref().filter(|_| !undo_record.settled && !undo_record.trace.remade) {
        let mut tags = stood.clone();
        undo_record.trace.tags.added.iter().filter(|tag| !stood.contains(tag)).for_each(|tag| tags.insert(tag));
        undo_record.trace.tags.removed.iter().for_each(|tag| tags.remove(tag));
        if !tags.same(stood) {
            bases.of_mut(undo_record.side.other()).insert(Field::Tags, Value::tags(tags));
        }
    }
    bases
}
