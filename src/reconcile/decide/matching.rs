//! Finding the counterpart of a contact that has no link: exactly one on each side, or nobody. (I16)
//! Long, since every way in which contacts of one key can stand to one another is decided here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::one_or_two::{one_or_two, other_name};
use crate::config::{Duplicates, MatchField};
use crate::reconcile::model::{HeldReason, Holder, Input, MatchedBy, Unlinked};
use crate::record::{Both, Field, Ids, MatchKey, PersonName, Side, SideId, Value};

/// What becomes of the unlinked contacts.
#[derive(Debug, Default)]
pub struct Correlated<'a> {
    /// The same person on both sides, and what they were recognised by.
    pub pairs: Vec<(Both<&'a Unlinked>, MatchedBy)>,
    /// On one side only, and to be created on the other.
    pub single: Vec<&'a Unlinked>,
    /// Further Cliengo contacts of a person, each with that person's id in GHL, and what it was recognised by. (`semantics` 5)
    pub secondaries: Vec<(&'a Unlinked, SideId, MatchedBy)>,
    /// Waiting, each with the reason and what a person needs to know.
    pub held: Vec<(&'a Unlinked, HeldReason, String)>,
}

/// Everybody who holds one key.
#[derive(Default)]
struct Group<'a> {
    unlinked: Both<BTreeSet<usize>>,
    linked: Both<Vec<&'a Holder>>,
}

impl Group<'_> {
    /// The id in GHL of the one person that all linked holders are.
    fn linked_person(&self) -> Option<SideId> {
        let holders = Side::BOTH.into_iter().flat_map(|side| self.linked.of(side).iter());
        let people: BTreeSet<Option<SideId>> = holders.map(|holder| holder.ids.tagged(Side::Ghl)).collect();
        let mut people = people.into_iter();
        people.next().flatten().filter(|_| people.next().is_none())
    }

    fn size(&self, side: Side) -> usize {
        self.unlinked.of(side).len() + self.linked.of(side).len()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Open,
    Settled,
}

/// What each unlinked contact is recognised by, in the order of the contacts.
type Keys = Both<Vec<Vec<MatchKey>>>;

struct Matching<'a, 'k> {
    input: &'a Input<'a>,
    keys: &'k Keys,
    fate: Both<Vec<Fate>>,
    done: Correlated<'a>,
}

/// Decides for every unlinked contact: its counterpart, that it has none, or that it waits. (`semantics` 6 to 8)
#[must_use]
pub fn correlate<'a>(input: &'a Input<'a>) -> Correlated<'a> {
    let fate = Both::from_fn(|side| vec![Fate::Open; input.unlinked.of(side).len()]);
    let keys_of = |contact: &Unlinked| contact.record.all_keys().collect();
    let keys = Both::from_fn(|side| input.unlinked.of(side).iter().map(keys_of).collect());
    let mut matching = Matching { input, keys: &keys, fate, done: Correlated::default() };
    matching.set_aside_what_creates_made();
    matching.hold_unready();
    for field in &input.policy(crate::record::Kind::Contact).match_by {
        for (key, group) in matching.groups(*field) {
            matching.decide(key, &group);
        }
    }
    matching.hold_behind_the_first();
    for side in Side::BOTH {
        for (at, contact) in input.unlinked.of(side).iter().enumerate() {
            // A kept survivor that nobody came back for stays as it is.
            if matching.is_open(side, at) && contact.retires.is_none() {
                matching.done.single.push(contact);
            }
        }
    }
    matching.done
}

impl<'a, 'k> Matching<'a, 'k> {
    fn contact(&self, side: Side, at: usize) -> Option<&'a Unlinked> {
        self.input.unlinked.of(side).get(at)
    }

    fn is_open(&self, side: Side, at: usize) -> bool {
        self.fate.of(side).get(at) == Some(&Fate::Open)
    }

    fn settle(&mut self, side: Side, at: usize) {
        if let Some(fate) = self.fate.of_mut(side).get_mut(at) {
            *fate = Fate::Settled;
        }
    }

    fn hold(&mut self, side: Side, at: usize, reason: HeldReason, detail: String) {
        if let Some(contact) = self.contact(side, at) {
            self.settle(side, at);
            self.done.held.push((contact, reason, detail));
        }
    }

    /// Contacts that take no part in matching: without a key, with a create whose outcome is not known, or kept apart by
    /// a person.
    fn hold_unready(&mut self) {
        for side in Side::BOTH {
            for (at, (contact, keys)) in self.input.unlinked.of(side).iter().zip(self.keys.of(side)).enumerate() {
                if !self.is_open(side, at) {
                    continue;
                }
                // Nobody is new by what stands among further addresses alone.
                let has_own = keys.len() > contact.record.also.len();
                if let Some(why) = self.input.unknown_outcome(contact) {
                    self.hold(side, at, HeldReason::UnknownOutcome, why);
                } else if let Some(detail) = self.input.excluded(contact) {
                    self.hold(side, at, HeldReason::Apart, detail);
                } else if !has_own {
                    self.hold(side, at, HeldReason::NoMatchKey, without_key(contact));
                } else if let Some(detail) = self.without_matched_key(keys) {
                    self.hold(side, at, HeldReason::NoMatchKey, detail);
                }
            }
        }
    }

    /// What a create with an unknown outcome may have made has its source on the other side already.
    fn set_aside_what_creates_made(&mut self) {
        for ((_, source), candidates) in &self.input.candidates {
            let other = source.side().other();
            if self.input.unlinked.of(source.side()).iter().any(|contact| contact.id == *source) {
                for (at, contact) in self.input.unlinked.of(other).iter().enumerate() {
                    if candidates.contains(&contact.id) {
                        self.settle(other, at);
                    }
                }
            }
        }
    }

    /// Why a contact that has a key is not known by it: people are matched by the other one alone.
    fn without_matched_key(&self, keys: &[MatchKey]) -> Option<String> {
        let fields = &self.input.policy(crate::record::Kind::Contact).match_by;
        let [field] = fields.as_slice() else { return None };
        let has_it = keys.iter().any(|key| is_key_of(*field, key));
        let name = if *field == MatchField::Email { Field::Email } else { Field::Phone };
        (!has_it).then(|| format!("people are matched by {name} alone, and it has none"))
    }

    /// Everybody by the key of `field`; contacts that an earlier key settled count as company, not as candidates.
    fn groups(&self, field: MatchField) -> BTreeMap<&'k MatchKey, Group<'a>> {
        let mut groups: BTreeMap<&MatchKey, Group<'a>> = BTreeMap::new();
        for side in Side::BOTH {
            for (at, keys) in self.keys.of(side).iter().enumerate() {
                for key in keys.iter().filter(|key| is_key_of(field, key)) {
                    groups.entry(key).or_default().unlinked.of_mut(side).insert(at);
                }
            }
        }
        for (key, group) in &mut groups {
            for side in Side::BOTH {
                let holders = self.input.holders.of(side).get(*key).into_iter().flatten();
                group.linked.of_mut(side).extend(holders);
            }
        }
        groups
    }

    fn decide(&mut self, key: &MatchKey, group: &Group<'a>) {
        let open = Both::from_fn(|side| {
            let candidates = group.unlinked.of(side).iter().copied();
            candidates.filter(|at| self.is_open(side, *at)).collect::<Vec<_>>()
        });
        let opens = open.cliengo.len() + open.ghl.len();
        if opens == 0 || (group.size(Side::Cliengo) + group.size(Side::Ghl)) == 1 {
            return;
        }
        match (group.size(Side::Cliengo), group.size(Side::Ghl), open.cliengo.as_slice(), open.ghl.as_slice()) {
            // Nobody of GHL yet; another key may know somebody.
            (all, 0, people, []) if all == people.len() && self.are_one(key, people) => {}
            (1, 1, [cliengo], [ghl]) => self.pair(key, *cliengo, *ghl),
            (_, 1, people, [ghl]) if self.takes_secondaries() && group.linked.cliengo.is_empty() => {
                self.first_of(key, people, *ghl);
            }
            (cliengo, ghl, _, _) if opens == 1 && cliengo <= 2 && ghl <= 2 => self.company(key, group, &open),
            // However often a person writes again: all of them are further records of the one who is linked.
            (_, _, [], _) | (_, _, _, []) if group.linked_person().is_some() => self.company(key, group, &open),
            _ => self.several(key, group, &open),
        }
    }

    /// One on each side, both unlinked.
    fn pair(&mut self, key: &MatchKey, cliengo: usize, ghl: usize) {
        let (Some(left), Some(right)) = (self.contact(Side::Cliengo, cliengo), self.contact(Side::Ghl, ghl)) else {
            return;
        };
        let differing = matches!(key, MatchKey::Phone(_)) && emails_differ(left, right);
        if differing {
            let advice = one_or_two(&both(left, right), &self.input.pair.name);
            let detail = |other: &Unlinked| {
                format!("its phone is that of {} on the other side, but their e-mails differ{advice}", other.id)
            };
            self.hold(Side::Cliengo, cliengo, HeldReason::EmailPhoneMismatch, detail(right));
            self.hold(Side::Ghl, ghl, HeldReason::EmailPhoneMismatch, detail(left));
        } else if matches!(key, MatchKey::Phone(_)) && left.record.is_named_otherwise(&right.record) {
            // `semantics` 38: a switchboard, a shop, a family.
            self.hold(Side::Cliengo, cliengo, HeldReason::NameMismatch, self.other_name(left, right));
            self.hold(Side::Ghl, ghl, HeldReason::NameMismatch, self.other_name(right, left));
        } else if self.is_young(left) {
            self.hold(Side::Cliengo, cliengo, HeldReason::TooYoung, too_young(left));
            self.hold(Side::Ghl, ghl, HeldReason::TooYoung, format!("its counterpart {} is too new", left.id));
        } else {
            self.settle(Side::Cliengo, cliengo);
            self.settle(Side::Ghl, ghl);
            self.done.pairs.push((Both { cliengo: left, ghl: right }, MatchedBy::of(key)));
        }
    }

    fn takes_secondaries(&self) -> bool {
        self.input.policy(crate::record::Kind::Contact).duplicates == Duplicates::Primary
    }

    /// Whether several contacts of Cliengo's are one person, whose others become secondaries. (`semantics` 5)
    fn are_one(&self, key: &MatchKey, people: &[usize]) -> bool {
        let contacts: Vec<_> = people.iter().filter_map(|at| self.contact(Side::Cliengo, *at)).collect();
        let differ = |one: &&Unlinked| {
            contacts.iter().any(|other| emails_differ(one, other) || one.record.is_named_otherwise(&other.record))
        };
        let is_phone = matches!(key, MatchKey::Phone(_));
        self.takes_secondaries() && !(is_phone && contacts.iter().any(differ))
    }

    /// Of a person whom GHL does not know at all the oldest contact is created there; the others follow when it is linked.
    fn hold_behind_the_first(&mut self) {
        if !self.takes_secondaries() {
            return;
        }
        for field in &self.input.policy(crate::record::Kind::Contact).match_by {
            for group in self.groups(*field).into_values() {
                let open = group.unlinked.cliengo.iter().copied().filter(|at| self.is_open(Side::Cliengo, *at));
                let mut people: Vec<_> = open.filter_map(|at| Some((self.contact(Side::Cliengo, at)?, at))).collect();
                people.sort_by_key(|(contact, _)| (contact.record.created, contact.id.clone()));
                let Some((first, others)) = people.split_first() else { continue };
                for (_, at) in others {
                    let detail =
                        format!("the same person as Cliengo {}: it follows when that one is linked", first.0.id);
                    self.hold(Side::Cliengo, *at, HeldReason::DuplicateOf, detail);
                }
            }
        }
    }

    /// Several of Cliengo's and one of GHL's: the oldest is the primary, the others are secondaries. (`semantics` 5)
    fn first_of(&mut self, key: &MatchKey, people: &[usize], ghl: usize) {
        let Some(right) = self.contact(Side::Ghl, ghl) else { return };
        let (mut fitting, others): (Vec<_>, Vec<_>) = people.iter().copied().partition(|at| {
            let left = self.contact(Side::Cliengo, *at);
            left.is_some_and(|left| {
                let is_other = emails_differ(left, right) || left.record.is_named_otherwise(&right.record);
                !(self.is_young(left) || matches!(key, MatchKey::Phone(_)) && is_other)
            })
        });
        fitting.sort_by_key(|at| self.contact(Side::Cliengo, *at).map(|left| (left.record.created, left.id.clone())));
        let mut fitting = fitting.into_iter();
        match fitting.next() {
            Some(first) => self.pair(key, first, ghl),
            None => self.hold(
                Side::Ghl,
                ghl,
                HeldReason::AmbiguousMatch,
                "several Cliengo contacts have its phone or e-mail, and none of them can be taken yet".to_owned(),
            ),
        }
        for at in fitting {
            if let Some(left) = self.contact(Side::Cliengo, at) {
                self.settle(Side::Cliengo, at);
                self.done.secondaries.push((left, right.id.clone(), MatchedBy::of(key)));
            }
        }
        for at in others {
            let Some(left) = self.contact(Side::Cliengo, at) else { continue };
            if self.is_young(left) {
                self.hold(Side::Cliengo, at, HeldReason::TooYoung, too_young(left));
            } else if !emails_differ(left, right) {
                self.hold(Side::Cliengo, at, HeldReason::NameMismatch, self.other_name(left, right));
            } else {
                self.hold(
                    Side::Cliengo,
                    at,
                    HeldReason::EmailPhoneMismatch,
                    mismatch(&format!("{} {}", right.id.side().title(), right.id)),
                );
            }
        }
    }

    /// One unlinked contact among contacts that have their counterpart already: a further record of that person.
    fn company(&mut self, key: &MatchKey, group: &Group<'a>, open: &Both<Vec<usize>>) {
        let person = group.linked_person().filter(|_| self.takes_secondaries() && group.unlinked.ghl.is_empty());
        for side in Side::BOTH {
            for at in open.of(side).clone() {
                let Some(contact) = self.contact(side, at) else { continue };
                let others = self.others(group, &contact.id);
                let differs = matches!(key, MatchKey::Phone(_)) && self.email_differs_from_company(contact, group);
                let by_phone = matches!(key, MatchKey::Phone(_));
                let (reason, detail) = if differs {
                    (HeldReason::EmailPhoneMismatch, mismatch(&others))
                } else if let Some(detail) = self.other_names(contact, group).filter(|_| by_phone) {
                    (HeldReason::NameMismatch, detail)
                } else if self.is_young(contact) && person.is_some() {
                    (HeldReason::TooYoung, too_young(contact))
                } else if let Some(person) = person.clone().filter(|_| side == Side::Cliengo) {
                    self.settle(side, at);
                    self.done.secondaries.push((contact, person, MatchedBy::of(key)));
                    continue;
                } else {
                    let nobodys = self.nobodys(key, contact, group);
                    (
                        HeldReason::DuplicateOf,
                        format!("the same person as {others}: merge or delete one of them in its CRM{nobodys}"),
                    )
                };
                self.hold(side, at, reason, detail);
            }
        }
    }

    /// Several could be meant: nobody is linked, nobody is created. (I16)
    fn several(&mut self, key: &MatchKey, group: &Group<'a>, open: &Both<Vec<usize>>) {
        for side in Side::BOTH {
            for at in open.of(side).clone() {
                let Some(contact) = self.contact(side, at) else { continue };
                let (others, nobodys) = (self.others(group, &contact.id), self.nobodys(key, contact, group));
                let detail =
                    format!("could be the same person as {others}: merge or correct them in their CRM{nobodys}");
                self.hold(side, at, HeldReason::AmbiguousMatch, detail);
            }
        }
    }

    fn email_differs_from_company(&self, contact: &Unlinked, group: &Group<'a>) -> bool {
        let unlinked = Side::BOTH.into_iter().flat_map(|side| {
            let members = group.unlinked.of(side).iter();
            members.filter_map(move |at| self.contact(side, *at)).collect::<Vec<_>>()
        });
        let mut company = unlinked.filter(|other| other.id != contact.id).peekable();
        let known: BTreeSet<&MatchKey> = Side::BOTH
            .into_iter()
            .flat_map(|side| group.linked.of(side).iter().flat_map(|holder| &holder.emails))
            .collect();
        if known.is_empty() {
            return company.peek().is_some() && company.all(|other| emails_differ(contact, other));
        }
        let own = contact.record.match_keys().into_iter().find(|key| matches!(key, MatchKey::Email(_)));
        own.is_some_and(|own| !known.contains(&own))
    }

    /// What a person is told of a contact whose name shares no word with any of those who have its phone; `None` where one
    /// of them has no name, or shares one.
    fn other_names(&self, contact: &Unlinked, group: &Group<'a>) -> Option<String> {
        let own = contact.record.own_name()?;
        let other = contact.id.side().other();
        let mut named: Vec<(SideId, String)> = Vec::new();
        let is_linked = Side::BOTH.into_iter().any(|side| !group.linked.of(side).is_empty());
        for side in Side::BOTH {
            for at in group.unlinked.of(side) {
                let Some(theirs) = self.contact(side, *at).filter(|theirs| theirs.id != contact.id) else { continue };
                if !contact.record.is_named_otherwise(&theirs.record) {
                    return None;
                }
                named.push((theirs.id.clone(), theirs.record.own_name()?.full()));
            }
            for holder in group.linked.of(side) {
                let keys = contact.record.match_keys();
                if holder.names.is_empty() || keys.iter().any(|key| holder.emails.contains(key)) {
                    return None;
                }
                let id = holder.ids.tagged(other).or_else(|| holder.ids.tagged(side))?;
                named.extend(holder.names.iter().map(|name| (id.clone(), name.clone())));
            }
        }
        let is_other = |name: &str| !own.can_be_one(&PersonName::new(name, ""));
        if named.is_empty() || !named.iter().all(|(_, name)| is_other(name)) {
            return None;
        }
        let (id, name) = named.iter().find(|(id, _)| id.side() == other).or(named.first())?;
        let mut ids = Ids::one(contact.id.clone());
        ids.insert(id.clone());
        Some(other_name(&contact.record, (id, name), &ids, is_linked, &self.input.pair.name))
    }

    fn other_name(&self, own: &Unlinked, other: &Unlinked) -> String {
        let name = other.record.own_name().map(PersonName::full).unwrap_or_default();
        other_name(&own.record, (&other.id, &name), &both(own, other), false, &self.input.pair.name)
    }

    /// What else to do where everybody of one e-mail has a name of their own: it may be what a form was filled with.
    fn nobodys(&self, key: &MatchKey, contact: &Unlinked, group: &Group<'a>) -> &'static str {
        let Some(own) = contact.record.own_name().filter(|_| matches!(key, MatchKey::Email(_))) else { return "" };
        let is_other = |name: &PersonName| !own.shares_a_word(name);
        let is_alone = Side::BOTH.into_iter().all(|side| {
            let unlinked = group.unlinked.of(side).iter().filter_map(|at| self.contact(side, *at));
            let mut unlinked = unlinked.filter(|other| other.id != contact.id);
            let linked = group.linked.of(side).iter().flat_map(|holder| &holder.names);
            unlinked.all(|other| other.record.own_name().is_some_and(is_other))
                && linked.map(|name| PersonName::new(name, "")).all(|name| is_other(&name))
        });
        if is_alone { "; an e-mail that is nobody's own belongs in contacts.placeholder_emails" } else { "" }
    }

    fn others(&self, group: &Group<'a>, own: &SideId) -> String {
        let unlinked = Side::BOTH.into_iter().flat_map(|side| {
            group.unlinked.of(side).iter().filter_map(move |at| self.contact(side, *at)).map(|other| other.id.clone())
        });
        let linked = Side::BOTH
            .into_iter()
            .flat_map(|side| group.linked.of(side).iter().filter_map(move |holder| holder.ids.tagged(side)));
        let names: BTreeSet<SideId> = unlinked.chain(linked).filter(|id| id != own).collect();
        names.iter().map(|id| format!("{} {id}", id.side().title())).collect::<Vec<_>>().join(", ")
    }

    fn is_young(&self, contact: &Unlinked) -> bool {
        is_too_young(self.input, contact)
    }
}

/// Whether a Cliengo contact is so new that a chatbot may still be filling it in (`min_age`). One whose age cannot be told
/// is not old.
#[must_use]
pub fn is_too_young(input: &Input<'_>, contact: &Unlinked) -> bool {
    let min_age = input.pair.cliengo.min_age;
    if contact.id.side() != Side::Cliengo || min_age.is_zero() {
        return false;
    }
    // What is from tomorrow, by a clock that runs ahead, is as new as can be.
    let age = |created| Duration::try_from(input.now.duration_since(created)).unwrap_or_default();
    contact.record.created.is_none_or(|created| age(created) < min_age)
}

fn is_key_of(field: MatchField, key: &MatchKey) -> bool {
    match field {
        MatchField::Email => matches!(key, MatchKey::Email(_)),
        MatchField::Phone => matches!(key, MatchKey::Phone(_)),
    }
}

fn both(one: &Unlinked, other: &Unlinked) -> Ids {
    let mut ids = Ids::one(one.id.clone());
    ids.insert(other.id.clone());
    ids
}

fn mismatch(others: &str) -> String {
    format!("its phone is that of {others}, but their e-mails differ: correct one of them")
}

/// What a person is told of a contact that nothing tells from a duplicate.
fn without_key(contact: &Unlinked) -> String {
    let unusable = [Field::Email, Field::Phone].iter().filter_map(|field| contact.record.unusable(field));
    let unusable: Vec<String> = unusable.collect();
    let why = "neither e-mail nor phone that could tell it from a duplicate";
    if unusable.is_empty() { why.to_owned() } else { format!("{why}: {}", unusable.join("; ")) }
}

/// What a person is told of a contact that is too new.
#[must_use]
pub fn too_young(contact: &Unlinked) -> String {
    match contact.record.created {
        Some(_) => "so new that the chatbot may still be filling it in: the next run takes it".to_owned(),
        None => "its creation date cannot be read, so it may be new: it waits until the date can be read".to_owned(),
    }
}

fn emails_differ(one: &Unlinked, other: &Unlinked) -> bool {
    let email = |contact: &Unlinked| match contact.record.get(&Field::Email) {
        Some(email @ Value::Email(_)) if contact.record.has_own_email() => Some(email.clone()),
        _ => None,
    };
    let (ours, theirs) = (email(one), email(other));
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            let has_both =
                other.record.has_besides(&Field::Email, &ours) || one.record.has_besides(&Field::Email, &theirs);
            !ours.same(&theirs) && !has_both
        }
        _ => false,
    }
}
