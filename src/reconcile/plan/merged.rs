//! Contacts that somebody merged into another one in GHL: where that is proven, the link goes along. (`semantics` 10)

use std::collections::{BTreeMap, BTreeSet};

use super::children::plan_children;
use super::renewed::is_one;
use crate::config::Duplicates;
use crate::reconcile::decide::{Versions, fields, scope, suspected_merge};
use crate::reconcile::model::{
    BaseUpdate, Children, Family, Input, Link, LinkRef, Linked, Lost, Making, MatchedBy, Moved, Now, Place, Subject,
    Survivor, Unlinked, Verdict, Work,
};
use crate::record::{Both, Field, Fields, Ids, Kind, MatchKey, Record, Role, Side, SideId, Value};

/// A merge that is proven, and what follows from it.
#[derive(Debug)]
pub struct Merge<'a> {
    lost: &'a Linked,
    survivor: &'a Survivor,
    /// Its tasks and notes that came along under another id, by their links.
    renewed: BTreeMap<i64, &'a Unlinked>,
    end: End,
}

/// What becomes of the link of a contact that was merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It goes along.
    Moves,
    /// The survivor is linked already: the Cliengo contact is a further one of that person.
    IsFurther,
    /// The survivor is linked already, and a person is to say what follows.
    Waits,
}

/// The merges that are proven, by the link of the contact that is gone.
pub fn find<'a>(input: &'a Input<'_>) -> BTreeMap<i64, Merge<'a>> {
    let mut found = BTreeMap::new();
    let mut taken: BTreeSet<&SideId> = BTreeSet::new();
    for (link, lost) in &input.lost {
        let contact = input.contacts.iter().find(|contact| contact.link == *link);
        let Some(contact) = contact.filter(|contact| contact.sides.cliengo.seen().is_some()) else { continue };
        let mut proven = lost.survivors.iter().filter_map(|one| Some((one, came_along(input, contact, lost, one)?)));
        let (Some((survivor, renewed)), None) = (proven.next(), proven.next()) else { continue };
        let duplicates = input.policy(Kind::Contact).duplicates;
        let end = match duplicates {
            _ if !survivor.is_linked && !taken.contains(&survivor.id) => End::Moves,
            Duplicates::Primary => End::IsFurther,
            Duplicates::Hold => End::Waits,
        };
        if end == End::Moves && !is_free(input, contact, survivor) {
            continue;
        }
        taken.insert(&survivor.id);
        found.insert(*link, Merge { lost: contact, survivor, renewed, end });
    }
    found
}

/// Whether a contact was merged into this one: it has its e-mail or phone, or is what GHL answers with, and its tasks and notes
/// stand there, under their own ids or others. Says which have another. At least half of them do: the others may have been
/// edited or removed since. One that had none proves nothing by its e-mail.
fn came_along<'a>(
    input: &'a Input<'_>,
    contact: &'a Linked,
    lost: &Lost,
    survivor: &Survivor,
) -> Option<BTreeMap<i64, &'a Unlinked>> {
    let base = contact.sides.ghl.base.as_ref()?;
    let cliengo = contact.ids.tagged(Side::Cliengo)?;
    let parted = input.excluded_pairs.get(&(Kind::Contact, cliengo));
    if parted.is_some_and(|ids| ids.tagged(Side::Ghl).as_ref() == Some(&survivor.id)) {
        return None;
    }
    let theirs: BTreeSet<MatchKey> = survivor.record.all_keys().collect();
    let shared: Vec<MatchKey> = base.all_keys().filter(|key| theirs.contains(key)).collect();
    let by_email = shared.iter().any(|key| matches!(key, MatchKey::Email(_)));
    let is_led = lost.led_to.as_ref() == Some(&survivor.id);
    // `semantics` 38: a family's phone.
    if !is_led && !by_email && (shared.is_empty() || survivor.record.is_named_otherwise(base)) {
        return None;
    }
    if lost.children.is_empty() && (!is_led || shared.is_empty()) {
        return None;
    }
    let (mut renewed, mut missing) = (BTreeMap::<i64, &Unlinked>::new(), 0);
    for (link, stands) in &lost.children {
        match stands {
            Some(stands) if *stands == survivor.id => continue,
            Some(_) => return None,
            None => {}
        }
        let child = input.children.iter().find(|child| child.link == *link)?;
        let known = child.sides.ghl.base.as_ref()?;
        let is_it = |one: &&Unlinked| {
            one.kind == child.kind
                && one.parent.as_ref() == Some(&survivor.id)
                && renewed.values().all(|taken| taken.id != one.id)
                && is_one(child.kind, known, &one.record)
        };
        match input.unlinked_children.ghl.iter().find(is_it) {
            Some(now) => drop(renewed.insert(*link, now)),
            None => missing += 1,
        }
    }
    (missing * 2 <= lost.children.len()).then_some(renewed)
}

/// Whether nothing else may be the counterpart of a survivor without a link, and the scope has both.
fn is_free(input: &Input<'_>, contact: &Linked, survivor: &Survivor) -> bool {
    let keys: BTreeSet<MatchKey> = survivor.record.all_keys().collect();
    let claims = |other: &Unlinked| other.record.all_keys().any(|key| keys.contains(&key));
    let is_pending = input.pending.contains(&(Kind::Contact, survivor.id.clone()));
    let is_outside = |side: Side, record: &Record| scope::outside(&input.pair.scope, side, record, true).is_some();
    !is_pending
        && !input.unlinked.cliengo.iter().any(claims)
        && !is_outside(Side::Ghl, &survivor.record)
        && !contact.sides.cliengo.seen().is_some_and(|record| is_outside(Side::Cliengo, record))
}

impl<'a> Merge<'a> {
    /// What stands under another id now, and is nobody's news.
    pub fn renewed(&self) -> impl Iterator<Item = &'a SideId> {
        self.renewed.values().map(|child| &child.id)
    }

    /// The ids that the link has from now on, where it goes along.
    pub fn ids(&self) -> Option<Ids> {
        (self.end == End::Moves).then(|| self.both())
    }

    /// Whether it says what became of the record with these ids.
    pub fn is_of(&self, kind: Kind, ids: &Ids) -> bool {
        kind == Kind::Contact && *ids == self.lost.ids
    }

    fn both(&self) -> Ids {
        let mut ids = self.lost.ids.clone();
        ids.insert(self.survivor.id.clone());
        ids
    }

    fn moved(&self) -> Option<Box<Moved>> {
        let from = self.lost.ids.tagged(Side::Ghl)?;
        let renewed = self.renewed.iter().map(|(link, child)| (*link, child.id.clone())).collect();
        Some(Box::new(Moved { link: self.lost.link, from, renewed }))
    }

    /// What follows: nothing is deleted, made, or written over because of it.
    pub fn follow(&self, input: &Input<'_>, at: u32, children: &Children<'_>) -> Verdict {
        let link = self.lost.link;
        let mut verdict = match self.end {
            End::Moves => self.goes_along(input, at, children),
            End::IsFurther => self.is_further(at),
            End::Waits => self.waits(input),
        };
        verdict.busy.insert(link);
        verdict.busy.extend(children.linked.iter().map(|child| child.link));
        verdict
    }

    fn subject(&self, ids: Ids) -> Subject {
        Subject { kind: Kind::Contact, ids, label: self.lost.label(), link: Some(self.lost.link) }
    }

    /// The survivor had no link: it takes the lost contact's place, with what was agreed as far as it says the same.
    fn goes_along(&self, input: &Input<'_>, at: u32, children: &Children<'_>) -> Verdict {
        let (ids, now) = (self.both(), &self.survivor.record);
        let subject = self.subject(ids.clone());
        let Some(family) = Family::existing(at, LinkRef::MadeBy(at), &ids, &subject.label) else {
            return Verdict::at(at);
        };
        let Some(cliengo) = self.lost.sides.cliengo.seen() else { return Verdict::at(at) };
        let agreed = self.lost.sides.ghl.base.as_ref().map(|base| still_agreed(base, now)).unwrap_or_default();
        let versions = Versions {
            base: Both { cliengo: self.lost.sides.cliengo.base.as_ref(), ghl: Some(&agreed) },
            taken_back: Some(&self.lost.taken_back),
            is_met: true,
            ..Versions::new(cliengo, now)
        };
        let mut planned = fields::pair(input, at, &family, &subject, versions, (None, Some(MatchedBy::Merge)));
        if let Some(Work::Link(link)) = planned.operations.first_mut().map(|operation| &mut operation.work) {
            let mut bases = agreed.fields.clone();
            bases.extend(std::mem::take(&mut link.made.bases.ghl));
            link.made.bases.ghl = bases;
            link.moved = self.moved();
        }
        planned.alone.insert(self.survivor.id.clone());
        let moved: Vec<Linked> = children.linked.iter().map(|child| self.under_its_new_id(child)).collect();
        let children = Children { linked: moved.iter().collect(), ..children.clone() };
        plan_children(input, planned, &family, &children)
    }

    fn under_its_new_id(&self, child: &Linked) -> Linked {
        let mut child = child.clone();
        if let Some(now) = self.renewed.get(&child.link) {
            child.ids.insert(now.id.clone());
            child.sides.ghl.now = Now::Changed(now.record.clone());
        }
        child
    }

    /// `semantics` 5: nothing is written because of a further contact of a person, nor of what hangs under it.
    fn is_further(&self, at: u32) -> Verdict {
        let subject = self.subject(self.both());
        let cliengo = self.lost.sides.cliengo.seen().map(|record| record.fields.clone()).unwrap_or_default();
        let made = Making { parent: None, bases: Both { cliengo, ghl: Fields::new() }, retires: None };
        let (role, matched_by) = (Role::Secondary, Some(MatchedBy::Merge));
        let link = Link { made, role, matched_by, moved: self.moved(), ..Link::default() };
        let mut verdict = Verdict::at(at);
        verdict.link(Place::of_contact(at, &subject), &subject, link);
        verdict
    }

    fn waits(&self, input: &Input<'_>) -> Verdict {
        let (id, pair) = (&self.survivor.id, &input.pair.name);
        let detail = format!(
            "merged into {id} in GHL, with its tasks and notes; that one is linked to another contact in Cliengo. Nothing is \
             deleted: merge or delete one of both in Cliengo, or set duplicates = \"primary\" in [pair.{pair}.contacts]"
        );
        let mut verdict = suspected_merge::waits(&self.subject(self.lost.ids.clone()), self.lost.link, id, detail);
        let renewed = self.renewed.iter().map(|(link, now)| BaseUpdate::Renew { link: *link, id: now.id.clone() });
        verdict.base_updates.extend(renewed);
        verdict
    }
}

/// What was agreed with the lost contact, as far as the survivor says the same: what it says otherwise is no edit of anybody's.
fn still_agreed(base: &Record, now: &Record) -> Record {
    let mut agreed = base.clone();
    agreed.fields.retain(|field, value| now.get(field).is_some_and(|now| *field == Field::Tags || now.same(value)));
    if agreed.get(&Field::Tags).is_some() {
        let mut tags = base.tags();
        base.tags().minus(&now.tags()).iter().for_each(|tag| tags.remove(tag));
        agreed.fields.insert(Field::Tags, Value::tags(tags));
    }
    agreed
}
