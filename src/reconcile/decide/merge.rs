//! The three-way merge of one field, and of one set of tags. (I3, I9, I10, I12)

use jiff::{SignedDuration, Timestamp};

use crate::config::{ConflictPolicy, KindPolicy};
use crate::record::{Both, Side, Tags, Value, fold_tag};

/// Two timestamps nearer than this do not decide a conflict (`semantics` 16).
const NEWEST_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// The tags that say a counterpart was removed; they belong to one side only.
const MARKS: Both<&str> = Both { cliengo: "removed-from-cliengo", ghl: "removed-from-ghl" };

/// The tag that says that a contact is gone on `side`. It is never synchronised. (`semantics` 21)
#[must_use]
pub fn mark_of(side: Side) -> &'static str {
    MARKS.of(side)
}

/// Whether a tag is a mark, however it is spelt.
#[must_use]
pub fn is_mark(tag: &str) -> bool {
    Side::BOTH.into_iter().any(|side| fold_tag(tag) == mark_of(side))
}

/// One field on one side: as last agreed, and as it is. `None` is unknown.
#[derive(Clone, Copy, Debug)]
pub struct FieldState<'a> {
    /// As last agreed.
    pub base: Option<&'a Value>,
    /// As it is.
    pub now: Option<&'a Value>,
}

impl FieldState<'_> {
    /// Whether both are known and differ: somebody changed it.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        matches!((self.base, self.now), (Some(base), Some(now)) if !base.same(now))
    }

    /// Whether it is known to hold nothing.
    fn is_empty(&self) -> bool {
        self.now.is_some_and(Value::is_empty)
    }
}

/// What becomes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing is news.
    Rest,
    /// Both sides say the same; the bases take it.
    Agree,
    /// This side's value goes to the other.
    Take(Side),
    /// Both changed it; this side's value stands.
    Conflict(Side),
    /// Both changed it; a person is to choose.
    Manual,
}

/// What a field's merge depends on besides its values.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The kind's policy.
    pub policy: &'a KindPolicy,
    /// When each side's record last changed, as that side says.
    pub updated: Both<Option<Timestamp>>,
    /// Whether two clean sides that differ are repaired (`--full`, `semantics` 25).
    pub repair: bool,
}

/// Decides one field. Total: every state of base, Cliengo and GHL has exactly one outcome.
#[must_use]
pub fn decide(states: Both<FieldState<'_>>, rules: &Rules<'_>) -> Decision {
    let takes_part = Side::BOTH.into_iter().any(|side| rules.policy.direction.writes(side));
    let (true, Some(cliengo), Some(ghl)) = (takes_part, states.cliengo.now, states.ghl.now) else {
        return Decision::Rest;
    };
    let (Some(base_cliengo), Some(base_ghl)) = (states.cliengo.base, states.ghl.base) else {
        return decide_without_base(cliengo, ghl, rules);
    };
    let dirty = Both { cliengo: !base_cliengo.same(cliengo), ghl: !base_ghl.same(ghl) };
    match (dirty.cliengo, dirty.ghl) {
        (false, false) if rules.repair && !cliengo.same_for_linking(ghl) => match conflict(rules) {
            // I17: a side that has nothing to say empties nothing.
            Decision::Take(source) if states.of(source).is_empty() => Decision::Rest,
            repair => repair,
        },
        (false, false) => Decision::Rest,
        _ if cliengo.same(ghl) => Decision::Agree,
        (true, false) => directed(Side::Cliengo, states.ghl, rules),
        (false, true) => directed(Side::Ghl, states.cliengo, rules),
        (true, true) => conflict(rules),
    }
}

/// A field that was never agreed upon: equal values agree, a value fills an empty one, two values are a conflict.
fn decide_without_base(cliengo: &Value, ghl: &Value, rules: &Rules<'_>) -> Decision {
    if cliengo.same_for_linking(ghl) {
        return Decision::Agree;
    }
    let source = match (cliengo.is_empty(), ghl.is_empty()) {
        (false, true) => Side::Cliengo,
        (true, false) => Side::Ghl,
        _ => return conflict(rules),
    };
    // I17: an empty side fills nothing; where the direction forbids the filling, both stay as they are.
    if rules.policy.direction.writes(source.other()) { Decision::Take(source) } else { Decision::Agree }
}

/// One side changed: its value goes over, or, where its direction is closed, the drift is corrected (`semantics` 17); by a
/// side that has nothing, and had nothing, it is not.
fn directed(source: Side, other: FieldState<'_>, rules: &Rules<'_>) -> Decision {
    if rules.policy.direction.writes(source.other()) {
        Decision::Take(source)
    } else if other.is_empty() {
        Decision::Agree
    } else {
        Decision::Take(source.other())
    }
}

/// Both sides' values count as changed: who wins.
pub fn conflict(rules: &Rules<'_>) -> Decision {
    // One way: the source is right, whatever the policy.
    for source in Side::BOTH {
        if !rules.policy.direction.writes(source) {
            return Decision::Take(source);
        }
    }
    match rules.policy.conflict {
        ConflictPolicy::Take(side) => Decision::Conflict(side),
        ConflictPolicy::Manual => Decision::Manual,
        ConflictPolicy::Newest => Decision::Conflict(newest(rules).unwrap_or(rules.policy.conflict_fallback)),
    }
}

fn newest(rules: &Rules<'_>) -> Option<Side> {
    let (cliengo, ghl) = (rules.updated.cliengo?, rules.updated.ghl?);
    let ahead = cliengo.duration_since(ghl);
    if ahead > NEWEST_TOLERANCE {
        Some(Side::Cliengo)
    } else if -ahead > NEWEST_TOLERANCE {
        Some(Side::Ghl)
    } else {
        None
    }
}

/// What one side's tags ask of the other, and what its base may take at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagNews {
    /// To be added on the other side, as this side spells them.
    pub add: Vec<String>,
    /// To be removed on the other side.
    pub remove: Vec<String>,
    /// Removed here and still on the other side, which cannot remove: kept, and never added back here.
    pub stuck: Vec<String>,
    /// This side's base now: everything but what is to be added or removed.
    pub base: Tags,
}

/// One side's tags: as last agreed, as they are, and the other side's as they are. An unreadable side is `None`.
#[must_use]
pub fn tag_news(base: Option<&Tags>, now: &Tags, other: Option<&Tags>, other_removes: bool) -> TagNews {
    let empty = Tags::default();
    let base = base.unwrap_or(&empty);
    let mut news = TagNews::default();
    let stored = stored_forms(base, now, other);
    for tag in now.minus(base).into_iter().filter(|tag| !is_mark(tag) && !stored.contains(tag)) {
        if !other.is_some_and(|other| other.contains(&tag)) {
            news.add.push(tag);
        }
    }
    news.base = now.clone();
    for tag in base.minus(now).into_iter().filter(|tag| !is_mark(tag)) {
        match other {
            Some(_) if stored.form_of(&tag).is_some() => {}
            Some(other) if !other.contains(&tag) => {}
            Some(_) if other_removes => news.remove.push(tag),
            // `semantics` 40: it is removed once the other side shows its tags again.
            None if other_removes => news.base.insert(&tag),
            _ => news.stuck.push(tag),
        }
    }
    news.add.iter().for_each(|tag| news.base.remove(tag));
    news.remove.iter().for_each(|tag| news.base.insert(tag));
    news
}

/// `semantics` 41: tags that are here what this side stored of ones that the other side has: an answer need not have shown it.
/// Only long ones, and ones with marks in the place of letters: a person may well take a shorter tag instead.
fn stored_forms(base: &Tags, now: &Tags, other: Option<&Tags>) -> Tags {
    const LONG: usize = 40;
    let fresh: Tags = now.minus(base).into_iter().collect();
    let there = base.minus(now).into_iter().filter(|tag| other.is_some_and(|other| other.contains(tag)));
    let forms = there.filter_map(|tag| fresh.form_of(&tag).map(str::to_owned));
    forms.filter(|form| form.contains('?') || form.chars().count() >= LONG).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn tags(list: &[&str]) -> Tags {
        list.iter().collect()
    }

    #[test]
    fn a_tag_added_here_goes_there_and_a_tag_removed_here_is_removed_there() {
        let news = tag_news(Some(&tags(&["a", "b"])), &tags(&["b", "VIP"]), Some(&tags(&["a", "b"])), true);
        assert_eq!((news.add, news.remove), (vec!["VIP".to_owned()], vec!["a".to_owned()]));
        assert!(news.base.same(&tags(&["a", "b"])));
    }

    #[test]
    fn a_removal_that_the_other_side_cannot_make_never_comes_back() {
        let news = tag_news(Some(&tags(&["a", "b"])), &tags(&["b"]), Some(&tags(&["a", "b"])), false);
        assert_eq!(news.stuck, vec!["a".to_owned()]);
        assert!(news.base.same(&tags(&["b"])));
        let back = tag_news(Some(&tags(&["a", "b"])), &tags(&["a", "b"]), Some(&tags(&["b"])), true);
        assert_eq!(back.add, Vec::<String>::new());
    }

    // Watches: I53.
    #[test]
    fn five_minutes_apart_are_not_enough_to_tell_which_edit_is_newer() {
        let policy = |fallback| KindPolicy {
            conflict: ConflictPolicy::Newest,
            conflict_fallback: fallback,
            ..Config::parse("[pair.p]\nsandbox = true\n", "s.toml".as_ref()).unwrap().pairs.remove(0).contacts
        };
        for newer in Side::BOTH {
            for (seconds, told) in [(299, false), (300, false), (301, true)] {
                let mut updated = Both::from_fn(|_| Some(Timestamp::UNIX_EPOCH));
                *updated.of_mut(newer) = Timestamp::from_second(seconds).ok();
                let policy = policy(newer.other());
                let winner = if told { newer } else { newer.other() };
                assert_eq!(
                    conflict(&Rules { policy: &policy, updated, repair: false }),
                    Decision::Conflict(winner),
                    "{newer} by {seconds} s"
                );
            }
        }
    }

    #[test]
    fn a_tag_that_is_only_stored_in_another_form_is_neither_removed_there_nor_added() {
        let long = "cliente muy importante de la sucursal del centro de la ciudad";
        for (sent, stored) in [(long, &long[..44]), ("vip \u{1f525}", "vip ?")] {
            let news = tag_news(Some(&tags(&[sent])), &tags(&[stored]), Some(&tags(&[sent])), true);
            assert!(news.add.is_empty() && news.remove.is_empty(), "{news:?}");
        }
        // A shorter one may well be a person's.
        let news =
            tag_news(Some(&tags(&["cliente nuevo"])), &tags(&["cliente nu"]), Some(&tags(&["cliente nuevo"])), true);
        assert_eq!((news.add, news.remove), (vec!["cliente nu".to_owned()], vec!["cliente nuevo".to_owned()]));
    }

    #[test]
    fn a_full_sync_repairs_one_way_and_empties_nothing() {
        let mut pair = Config::parse("[pair.p]\nsandbox = true\n", "s.toml".as_ref()).unwrap().pairs.remove(0);
        pair.contacts.direction = crate::config::Direction::ToGhl;
        let rules = Rules { policy: &pair.contacts, updated: Both::default(), repair: true };
        let clean = |value| FieldState { base: Some(value), now: Some(value) };
        let (ours, theirs) = (Value::line("uno"), Value::line("otro"));
        for (source, decision) in [(&ours, Decision::Take(Side::Cliengo)), (&Value::Empty, Decision::Rest)] {
            assert_eq!(decide(Both { cliengo: clean(source), ghl: clean(&theirs) }, &rules), decision);
        }
    }

    #[test]
    fn both_sides_adding_one_tag_is_no_request() {
        let news = tag_news(Some(&tags(&[])), &tags(&["Vip"]), Some(&tags(&["vip"])), true);
        assert!(news.add.is_empty() && news.base.same(&tags(&["vip"])));
    }

    #[test]
    fn both_sides_removing_one_tag_is_no_request_and_nothing_is_stuck() {
        for other_removes in [true, false] {
            let news = tag_news(Some(&tags(&["a", "b"])), &tags(&["b"]), Some(&tags(&["b"])), other_removes);
            assert!(news.remove.is_empty() && news.stuck.is_empty() && news.base.same(&tags(&["b"])));
        }
    }
}
