//! Linked records that change detection let through, with both their halves, and what has to be asked about them.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::Question;
use super::half::{needs_two_looks, notice_rejected, unchanged_if_equal};
use super::{Detected, Gathering};
use crate::reconcile::{Half, Linked, Mode, Now, Rejected};
use crate::record::{Both, Field, Kind, Record, Role, Side, SideId};
use crate::run::error::RunError;
use crate::run::session::lock;
use crate::state::{LinkRow, LinkStatus, State};

/// Linked records that change detection let through.
#[derive(Default)]
pub(super) struct Loaded {
    pub contacts: Vec<Linked>,
    pub children: Vec<Linked>,
    /// Further Cliengo contacts of a person. (`semantics` 5)
    pub secondaries: Vec<Linked>,
}

impl Loaded {
    fn of_mut(&mut self, linked: &Linked, role: Role) -> &mut Vec<Linked> {
        match (linked.kind, role) {
            (Kind::Contact, Role::Primary) => &mut self.contacts,
            (Kind::Contact, Role::Secondary) => &mut self.secondaries,
            _ => &mut self.children,
        }
    }
}

impl Gathering<'_, '_> {
    pub(super) async fn load(&mut self) -> Result<Loaded, RunError> {
        let mut loaded = Loaded::default();
        let Some(state) = self.state else { return Ok(loaded) };
        let mut questions = Vec::new();
        for (link, halves) in std::mem::take(&mut self.touched) {
            let Some(row) = state.link(link)? else { continue };
            if row.status == LinkStatus::Kept && self.has_news(state, link, &halves)? {
                self.kept_news.extend(row.parent);
            }
            let role = row.role;
            if let Some(linked) = self.linked(state, row, &halves, &mut questions)? {
                loaded.of_mut(&linked, role).push(linked);
            }
        }
        let answers = self.ask(questions).await?;
        for linked in loaded.contacts.iter_mut().chain(&mut loaded.children).chain(&mut loaded.secondaries) {
            self.take_answers(state, linked, &answers)?;
        }
        Ok(loaded)
    }

    /// A record whose link takes part tonight, with both its halves; what is to be asked of them goes to `questions`.
    fn linked(
        &mut self,
        state: &State,
        row: LinkRow,
        halves: &Both<Option<Detected>>,
        questions: &mut Vec<Question>,
    ) -> Result<Option<Linked>, RunError> {
        // Outside the scope a contact is looked at for its return only; what is missing of it is not asked for.
        let is_there = |side: &Side| !matches!(halves.of(*side), Some(Detected::Missing(_)));
        let sleeps = row.status == LinkStatus::OutOfScope && row.kind == Kind::Contact;
        if row.status != LinkStatus::Live && !(sleeps && Side::BOTH.iter().all(is_there)) {
            return Ok(None);
        }
        let parent = row.parent.map(|parent| state.link(parent)).transpose()?.flatten();
        if parent.as_ref().is_some_and(|parent| parent.status != LinkStatus::Live) {
            return Ok(None);
        }
        let unseen =
            || Half { base: None, now: Now::Unchanged, rejected: Rejected::default(), unmapped: BTreeSet::new() };
        let mut sides = Both::from_fn(|_| unseen());
        for side in Side::BOTH {
            // `semantics` 22: a child that is missing with its contact is not asked for, and is no child's delete.
            let mut detected = halves.of(side).clone();
            let lacks_contact =
                matches!(detected, Some(Detected::Missing(_))) && self.lacks_contact_of(parent.as_ref(), side)?;
            detected = detected.filter(|_| !lacks_contact);
            *sides.of_mut(side) = self.half(state, &row, side, detected, questions)?;
            if lacks_contact && self.is_back(parent.as_ref(), side) {
                // It may be there under another id.
                sides.of_mut(side).now = Now::Missed;
            }
            if matches!(halves.of(side), Some(Detected::Listed(_))) && !self.is_listed(&row, side.other())? {
                self.halved.insert(row.id);
                sides.of_mut(side).unmapped = self.unmapped_changes(state, &row, side)?;
            }
        }
        let taken_back = if self.job.mode == Mode::Full { state.taken_back(row.id)? } else { BTreeSet::new() };
        let LinkRow { id: link, kind, ids, parent, .. } = row;
        Ok(Some(Linked { link, kind, ids, parent, outside: sleeps, sides, taken_back }))
    }

    /// What its CRM said of each half that was asked for.
    fn take_answers(
        &mut self,
        state: &State,
        linked: &mut Linked,
        answers: &BTreeMap<(i64, Side), Now>,
    ) -> Result<(), RunError> {
        for side in Side::BOTH {
            if let Some(now) = answers.get(&(linked.link, side)) {
                let attempts = state.attempts(linked.link, side)?;
                let (half, mut now) = (linked.sides.of_mut(side), now.clone());
                if side == Side::Cliengo && linked.kind == Kind::Contact {
                    self.empty_what_was_not_kept(half, &attempts, &mut now)?;
                }
                notice_rejected(half, &now, &attempts);
                half.now = unchanged_if_equal(now, half.base.as_ref());
            }
        }
        Ok(())
    }

    /// One side's base, as tonight's mapping reads it.
    pub(super) fn base(&self, state: &State, link: i64, side: Side) -> Result<Option<Record>, RunError> {
        Ok(match &self.remapping {
            Some(remapping) => state.agreed(link, side)?.map(|agreed| remapping.read(self.job, &agreed)),
            None => state.base(link, side)?.map(|base| base.record),
        })
    }

    fn half(
        &mut self,
        state: &State,
        row: &LinkRow,
        side: Side,
        detected: Option<Detected>,
        questions: &mut Vec<Question>,
    ) -> Result<Half, RunError> {
        let base = self.base(state, row.id, side)?;
        let written = state.base(row.id, side)?.is_some_and(|base| base.written);
        let label = base.as_ref().map(Record::label).unwrap_or_default();
        let question = |id: &str, parent: Option<&str>, missing: bool| Question {
            link: row.id,
            kind: row.kind,
            id: SideId::new(side, id),
            parent: parent.map(|parent| SideId::new(side, parent)),
            ids: row.ids.clone(),
            label: label.clone(),
            missing,
        };
        let now = match detected {
            Some(Detected::Listed(record)) => {
                let differs = base.as_ref().is_none_or(|base| !base.agrees_with(&record));
                let is_hidden =
                    written && row.kind == Kind::Contact && self.hides_a_write(side, base.as_ref(), &record)?;
                let doubtful = if is_hidden || differs && written {
                    // I42: a listing that disagrees with our own write may lag; the record itself does not.
                    Some("written by an earlier run, and read back")
                } else if self.asks_for_tags(side, row.kind, base.as_ref(), &record) {
                    Some("its tags were not told, and are asked for")
                } else {
                    None
                };
                if let Some(why) = doubtful {
                    let parent = parent_id(state, row, side)?;
                    questions.extend(row.ids.of(side).map(|id| question(id, parent.as_deref(), false)));
                    Now::Unknown(why.to_owned())
                } else {
                    unchanged_if_equal(Now::Changed(record), base.as_ref())
                }
            }
            Some(Detected::Missing(missing)) if needs_two_looks(row.kind, side) && missing.missed.is_none() => {
                // `semantics` 20 and 53: gone when two lists, in different runs, do not have it.
                self.missed.push((row.id, side));
                Now::Missed
            }
            Some(Detected::Missing(missing)) => {
                questions.push(question(&missing.id, missing.parent.as_deref(), true));
                Now::Unknown("missing, and asked for by id".to_owned())
            }
            Some(Detected::Unreadable(why)) => Now::Unknown(why),
            None => match row.ids.of(side) {
                Some(id) if lock(self.stage).has(side, row.kind, id)? => Now::Unchanged,
                _ => Now::Unknown("not listed in this run".to_owned()),
            },
        };
        let known = if self.job.mode == Mode::Full { state.rejected(row.id, side)? } else { BTreeSet::new() };
        Ok(Half { base, now, rejected: Rejected { known, ..Rejected::default() }, unmapped: BTreeSet::new() })
    }

    /// `semantics` 40: tags that were there and are not told are asked for by id, of some contacts; where a whole listing does
    /// not tell them, they are unknown.
    fn asks_for_tags(&mut self, side: Side, kind: Kind, base: Option<&Record>, record: &Record) -> bool {
        let reads = match side {
            Side::Cliengo => self.job.cliengo.capabilities(&self.pulled.learned),
            Side::Ghl => self.job.ghl.capabilities(&self.pulled.learned),
        };
        let untold = kind == Kind::Contact
            && reads.tags.read
            && record.get(&Field::Tags).is_none()
            && base.is_some_and(|base| !base.tags().is_empty());
        self.untold_tags += usize::from(untold);
        untold && self.untold_tags <= MOST_UNTOLD
    }
}

/// So many contacts are asked for tags that a listing did not tell.
const MOST_UNTOLD: usize = 50;

/// The id of a child's contact on one side.
fn parent_id(state: &State, row: &LinkRow, side: Side) -> Result<Option<String>, RunError> {
    let parent = row.parent.map(|parent| state.link(parent)).transpose()?.flatten();
    Ok(parent.and_then(|parent| parent.ids.of(side).map(str::to_owned)))
}
