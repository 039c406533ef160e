//! A contact's tags: what each side is to gain and to lose.

use std::collections::BTreeMap;

use super::{Story, Verdicts};
use crate::config::OnDelete;
use crate::reconcile::decide::{TagNews, is_mark, mark_of, tag_news};
use crate::reconcile::model::{Change, Family, LinkRef, Mode, Settle, Subject, TagDelta};
use crate::reconcile::plan::draft::Draft;
use crate::record::{Action, Both, Field, Kind, Record, Side, Tags, Target, Value, Write, canonical_line, fold_tag};

pub(super) fn tags_of(record: &Record) -> Option<Tags> {
    match record.get(&Field::Tags) {
        Some(Value::Tags(tags)) => Some(tags.clone()),
        Some(Value::Empty) => Some(Tags::default()),
        _ => None,
    }
}

pub(super) fn judge_tags(draft: &mut Draft<'_>, subject: &Subject, story: Story<'_>, verdicts: &mut Verdicts) {
    let now = Both::from_fn(|side| tags_of(story.now.of(side)).filter(|_| draft.input.capabilities.of(side).tags.read));
    for side in Side::BOTH {
        let target = side.other();
        let Some(tags) = now.of(side) else { continue };
        let base = story.base.of(side).and_then(tags_of);
        let can = draft.input.capabilities.of(target).tags;
        let open = draft.input.pair.field_policy(Kind::Contact, &Field::Tags).direction.writes(target);
        let mut news = tag_news(base.as_ref(), tags, now.of(target).as_ref(), can.remove && open);
        let is_first_listing = side == Side::Cliengo && !draft.input.tags_were_read;
        let never_read = is_first_listing && base.is_none() && story.base.of(side).is_some();
        if !open || !can.add || never_read {
            // The direction is closed, or the first listing that shows tags: they only become the shadow.
            news = TagNews { shadow: tags.clone(), ..TagNews::default() };
        }
        if open
            && draft.input.mode == Mode::Full
            && !story.is_taken_back(&Field::Tags)
            && story.rejected.of(target).is_some_and(|it| it.known.contains(&Field::Tags))
        {
            let (base, theirs) = (base.unwrap_or_default(), now.of(target).clone().unwrap_or_default());
            let their_base = story.base.of(target).and_then(tags_of).unwrap_or_default();
            tags_again(&mut news, (tags, &base), (&theirs, &their_base), can.remove);
        }
        if !news.stuck.is_empty() {
            let detail = format!("{} cannot remove tags: {} stays there", target.title(), news.stuck.join(", "));
            draft.cannot(subject, target, Action::Tag, detail);
        }
        verdicts.settled.of_mut(side).insert(Field::Tags, Value::tags(news.shadow.clone()));
        *verdicts.tags.of_mut(side) = Some(news);
    }
    for side in Side::BOTH {
        take_mark_off(draft, subject, side, now.of(side).as_ref(), verdicts);
    }
}

/// `semantics` 25: with `--full`, tags that the other side did not take or give up are sent to it once more: those that
/// nobody touched since.
fn tags_again(news: &mut TagNews, (ours, base): (&Tags, &Tags), (theirs, their_base): (&Tags, &Tags), removes: bool) {
    let missing = ours.minus(theirs).into_iter().filter(|tag| base.contains(tag) && !their_base.contains(tag));
    let stayed =
        theirs.minus(ours).into_iter().filter(|tag| removes && their_base.contains(tag) && !base.contains(tag));
    let (add, remove) = (missing.collect::<Vec<_>>(), stayed.collect::<Vec<_>>());
    news.add.extend(add.into_iter().filter(|tag| !is_mark(tag)));
    news.remove.extend(remove.into_iter().filter(|tag| !is_mark(tag)));
}

/// `semantics` 21: both sides are there again, so that the mark says what is not true any more.
fn take_mark_off(draft: &mut Draft<'_>, subject: &Subject, side: Side, tags: Option<&Tags>, verdicts: &mut Verdicts) {
    let policy = draft.input.policy(Kind::Contact);
    let tag = mark_of(side.other());
    if policy.on_delete != OnDelete::Mark || !tags.is_some_and(|tags| tags.contains(tag)) {
        return;
    }
    if policy.direction.writes(side) && draft.input.capabilities.of(side).tags.remove {
        verdicts.tags.of_mut(side.other()).get_or_insert_default().remove.push(tag.to_owned());
    } else {
        let detail = format!("{} cannot remove tags: {tag} stays there, although both are there again", side.title());
        draft.cannot(subject, side, Action::Tag, detail);
    }
}

/// Plans one operation for all tags that `side` is to gain and lose.
#[expect(clippy::too_many_arguments, reason = "the parts of a tag operation, each of its own type")]
pub fn plan_tags(
    draft: &mut Draft<'_>,
    family: &Family,
    subject: &Subject,
    link: LinkRef,
    side: Side,
    target: &Target,
    news: &TagNews,
    current: Option<&Tags>,
) {
    if news.add.is_empty() && news.remove.is_empty() {
        return;
    }
    let lowercase = draft.input.capabilities.of(side).tags.lowercase;
    let spelt = |tag: &String| if lowercase { fold_tag(tag) } else { canonical_line(tag) };
    let add: Vec<String> = news.add.iter().map(spelt).collect();
    let remove: Vec<String> = news
        .remove
        .iter()
        .flat_map(|tag| current.map_or_else(|| vec![tag.clone()], |tags| tags.spellings(tag)))
        .collect();
    let write = Write {
        kind: Kind::Contact,
        action: Action::Tag,
        target: Some(target.clone()),
        parent: None,
        set: BTreeMap::new(),
        before: BTreeMap::new(),
        add_tags: add.clone(),
        remove_tags: remove.clone(),
    };
    let changes = vec![Change::Tags { field: Field::Tags, added: add.clone(), removed: remove.clone() }];
    let settle = Settle {
        link: Some(link),
        tags: TagDelta { added: news.add.clone(), removed: news.remove.clone() },
        ..Settle::default()
    };
    draft.add((family.number, &family.contact), &crate::record::Ids::default(), subject, write, side, changes, settle);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(list: &[&str]) -> Tags {
        list.iter().collect()
    }

    /// What is sent once more to a side that can remove tags or not.
    fn again(ours: [&[&str]; 2], theirs: [&[&str]; 2], removes: bool) -> [Vec<String>; 2] {
        let ([ours, base], [theirs, their_base]) = (ours.map(tags), theirs.map(tags));
        let mut news = TagNews::default();
        tags_again(&mut news, (&ours, &base), (&theirs, &their_base), removes);
        [news.add, news.remove]
    }

    #[test]
    fn a_tag_that_was_not_taken_is_sent_once_more_unless_somebody_touched_it() {
        let nothing: [Vec<String>; 2] = Default::default();
        // Each side's tags as they are, and as last agreed.
        assert_eq!(again([&["vip"], &["vip"]], [&[], &[]], true), [vec!["vip".to_owned()], vec![]]);
        assert_eq!(again([&["vip"], &[]], [&[], &[]], true), nothing, "new here: ordinary news");
        assert_eq!(again([&["vip"], &["vip"]], [&[], &["vip"]], true), nothing, "removed there since");
        assert_eq!(again([&["vip"], &["vip"]], [&["vip"], &[]], true), nothing, "there already");
        assert_eq!(again([&["removed-from-ghl"], &["removed-from-ghl"]], [&[], &[]], true), nothing, "a mark");
    }

    #[test]
    fn a_tag_that_was_not_given_up_is_removed_once_more_unless_somebody_touched_it() {
        let nothing: [Vec<String>; 2] = Default::default();
        assert_eq!(again([&[], &[]], [&["vip"], &["vip"]], true), [vec![], vec!["vip".to_owned()]]);
        assert_eq!(again([&[], &[]], [&["vip"], &["vip"]], false), nothing, "it cannot");
        assert_eq!(again([&[], &[]], [&["vip"], &[]], true), nothing, "new there: ordinary news");
        assert_eq!(again([&[], &["vip"]], [&["vip"], &["vip"]], true), nothing, "removed here: ordinary news");
        assert_eq!(again([&[], &[]], [&["removed-from-ghl"], &["removed-from-ghl"]], true), nothing, "a mark");
    }
}
