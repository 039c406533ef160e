//! A contact's tags: what each side is to gain and to lose.

use std::collections::BTreeSet;

use super::carry::{Merged, Versions};
use super::merge::{TagNews, is_mark, mark_of, tag_news};
use crate::reconcile::model::{Family, Input, LinkRef, Mode, Settle, Subject, TagDelta, Tagging, Verdict};
use crate::record::{Action, Both, Field, Kind, Record, Side, Tags, Target, Value, Write, canonical_line, fold_tag};

/// The tags of a record; `None` where it does not show them.
pub(super) fn tags_of(record: &Record) -> Option<Tags> {
    match record.get(&Field::Tags) {
        Some(Value::Tags(tags)) => Some(tags.clone()),
        Some(Value::Empty) => Some(Tags::default()),
        _ => None,
    }
}

/// What both sides' tags ask of one another.
pub(super) fn merge_tags(input: &Input<'_>, subject: &Subject, versions: Versions<'_>) -> Merged {
    let mut merged = Merged::default();
    let now = Both::from_fn(|side| tags_of(versions.now.of(side)).filter(|_| input.capabilities.of(side).tags.read));
    for side in Side::BOTH {
        let target = side.other();
        let Some(tags) = now.of(side) else { continue };
        let base = versions.base.of(side).and_then(tags_of);
        let can = input.capabilities.of(target).tags;
        let open = input.pair.field_policy(Kind::Contact, &Field::Tags).direction.writes(target);
        let is_first_listing = side == Side::Cliengo && !input.tags_were_read;
        // Nobody can know whether a tag still stands where none was ever shown. (`semantics` 14)
        let never_shows = target == Side::Cliengo && !input.tags_were_read && now.of(target).is_none();
        let removes = can.remove && !never_shows;
        let mut news = tag_news(base.as_ref(), tags, now.of(target).as_ref(), removes && open);
        let never_read = is_first_listing && base.is_none() && versions.base.of(side).is_some();
        if !open || !can.add || never_read {
            // The direction is closed, or the first listing that shows tags: they only become the base.
            news = TagNews { base: tags.clone(), ..TagNews::default() };
        }
        if open
            && input.mode == Mode::Full
            && !versions.is_taken_back(&Field::Tags)
            && versions.rejected.of(target).is_some_and(|it| it.known.contains(&Field::Tags))
        {
            let (base, theirs) = (base.unwrap_or_default(), now.of(target).clone().unwrap_or_default());
            let their_base = versions.base.of(target).and_then(tags_of).unwrap_or_default();
            tags_again(&mut news, (tags, &base), (&theirs, &their_base), removes);
        }
        if !news.stuck.is_empty() {
            let (title, stuck) = (target.title(), news.stuck.join(", "));
            let detail = if never_shows && can.remove {
                format!("{title} does not show its tags, so none is removed there: {stuck} may stay")
            } else {
                format!("{title} cannot remove tags: {stuck} stays there")
            };
            merged.said.cannot(subject, target, Action::Tag, detail);
        }
        merged.settled.of_mut(side).insert(Field::Tags, Value::tags(news.base.clone()));
        *merged.tags.of_mut(side) = Some(news);
    }
    for side in Side::BOTH {
        let was_known = versions.base.of(side).and_then(tags_of).is_some();
        settle_moves(&mut merged.tags, side, was_known);
    }
    for side in Side::BOTH {
        match mark_to_remove(input, side, now.of(side).as_ref()) {
            Some(Ok(mark)) => {
                merged.tags.of_mut(side.other()).get_or_insert_default().remove.push(mark.to_owned());
            }
            Some(Err(detail)) => merged.said.cannot(subject, side, Action::Tag, detail),
            None => {}
        }
    }
    merged
}

/// A tag never goes one way and comes back the other in one run. Where `side` was known to lack it, somebody put it on there,
/// and it stays; where nothing was known of that side's tags, it is what the other side gave up.
fn settle_moves(tags: &mut Both<Option<TagNews>>, side: Side, was_known: bool) {
    let folded = |tags: &[String]| tags.iter().map(|tag| fold_tag(tag)).collect::<BTreeSet<_>>();
    let gained = tags.of(side).as_ref().map(|news| folded(&news.add)).unwrap_or_default();
    let given_up = tags.of(side.other()).as_ref().map(|news| folded(&news.remove)).unwrap_or_default();
    let both = &gained & &given_up;
    if was_known {
        if let Some(news) = tags.of_mut(side.other()) {
            news.remove.retain(|tag| !both.contains(&fold_tag(tag)));
        }
    } else if let Some(news) = tags.of_mut(side) {
        news.add.retain(|tag| !both.contains(&fold_tag(tag)));
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

/// `semantics` 21: both sides are there again, so that the mark says what is not true any more, whatever `on_delete` is now.
/// Why it stays, where `side` cannot remove it.
fn mark_to_remove(input: &Input<'_>, side: Side, tags: Option<&Tags>) -> Option<Result<&'static str, String>> {
    let policy = input.policy(Kind::Contact);
    let tag = mark_of(side.other());
    if !tags.is_some_and(|tags| tags.contains(tag)) {
        return None;
    }
    if policy.direction.writes(side) && input.capabilities.of(side).tags.remove {
        Some(Ok(tag))
    } else {
        Some(Err(format!("{} cannot remove tags: {tag} stays there, although both are there again", side.title())))
    }
}

/// One operation for all tags that `side` is to gain and lose.
#[expect(clippy::too_many_arguments, reason = "the parts of a tag operation, each of its own type")]
pub fn write_tags(
    input: &Input<'_>,
    at: u32,
    family: &Family,
    subject: &Subject,
    link: LinkRef,
    (side, target): (Side, Target),
    news: &TagNews,
    current: Option<&Tags>,
) -> Verdict {
    let mut verdict = Verdict::at(at);
    if news.add.is_empty() && news.remove.is_empty() {
        return verdict;
    }
    let lowercase = input.capabilities.of(side).tags.lowercase;
    let spelt = |tag: &String| if lowercase { fold_tag(tag) } else { canonical_line(tag) };
    let add = news.add.iter().map(spelt).collect();
    let spellings = |tag: &String| current.map_or_else(|| vec![tag.clone()], |tags| tags.spellings(tag));
    let write = Write::tags(target, add, news.remove.iter().flat_map(spellings).collect());
    let tags = TagDelta { added: news.add.clone(), removed: news.remove.clone() };
    let tagging = Tagging { link: Some(link), tags, ..Tagging::default() };
    verdict.write(
        input,
        family.place(Kind::Contact),
        subject,
        side,
        side.other(),
        (write, Settle::Tag(Box::new(tagging))),
    );
    verdict
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
