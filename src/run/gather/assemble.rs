//! What was gathered, as what reconciling is given.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use super::loaded::Loaded;
use super::{Gathering, enrolment, unread};
use crate::reconcile::{Input, Linked, Mode, Now, Parent};
use crate::record::{Both, ByKind, Capabilities, Field, GhlId, Kind, RemoteId, Role, Side, SideId};
use crate::run::error::RunError;
use crate::run::gathered::Gathered;
use crate::run::session::{BEGUN, FIRST_SYNC, Job, lock};
use crate::run::tasks::source_tasks;
use crate::state::{Intent, LinkRow, LinkStatus, State};

impl<'j> Gathering<'j, '_> {
    /// How many links of each kind this run looked at: of what is listed by contact, those under contacts whose lists were
    /// read on both sides. (`semantics` 54) Where not all contacts were listed, nobody else's lists were read. (52)
    fn looked_at(&self, links: &ByKind<u64>) -> Result<ByKind<u64>, RunError> {
        let mut looked_at = *links;
        for side in Side::BOTH {
            for kind in Kind::CHILDREN {
                let parents = self.pulled.listings.of(side).of(kind).parents;
                let knows_all = self.pulled.complete.of(side).contact;
                if self.pulled.only.is_some() || parents.is_some_and(|(listed, all)| listed < all || !knows_all) {
                    let covered = lock(self.stage).links_covered(side, kind)?;
                    let least = covered.min(*looked_at.of(kind));
                    *looked_at.of_mut(kind) = least;
                }
            }
        }
        Ok(looked_at)
    }

    /// The links of the kinds of which a field waits.
    fn read_in_part(&self) -> Result<BTreeSet<i64>, RunError> {
        let Some(state) = self.state else { return Ok(BTreeSet::new()) };
        let mut links = BTreeSet::new();
        for kind in Kind::ALL.into_iter().filter(|kind| self.pulled.forms.waits(*kind)) {
            links.extend(state.live_links(kind)?);
        }
        Ok(links)
    }

    /// The contacts of the tasks and notes that are looked at.
    fn parents<'t>(
        &self,
        children: &[Linked],
        told_of: impl Iterator<Item = &'t GhlId>,
    ) -> Result<BTreeMap<i64, Parent>, RunError> {
        let state = self.state;
        let mut parents = BTreeMap::new();
        let mut orphans: BTreeMap<(Side, Kind), u64> = BTreeMap::new();
        if let Some(state) = state {
            for link in children.iter().filter_map(|child| child.parent) {
                remember_parent(state, link, &mut parents)?;
            }
        }
        for child in Side::BOTH.into_iter().flat_map(|side| self.unlinked_children.of(side)) {
            let Some(parent) = &child.parent else { continue };
            let link = state.map(|state| state.link_of(Kind::Contact, parent)).transpose()?.flatten();
            match (link, state) {
                (Some(link), Some(state)) => remember_parent(state, link.id, &mut parents)?,
                // The children of a contact that we deleted may lag behind it.
                (_, Some(state)) if state.is_buried(Kind::Contact, parent)? => {}
                _ if lock(self.stage).has(parent.side(), Kind::Contact, parent.as_str())? => {}
                // `semantics` 56: counted, and no more.
                _ => *orphans.entry((parent.side(), child.kind)).or_default() += 1,
            }
        }
        for ((side, kind), count) in orphans {
            info!(%side, %kind, count, "listed without a listed contact: left alone");
        }
        for contact in told_of {
            let link =
                state.map(|state| state.link_of(Kind::Contact, &contact.clone().tagged())).transpose()?.flatten();
            if let (Some(link), Some(state)) = (link, state) {
                remember_parent(state, link.id, &mut parents)?;
            }
        }
        let moments = &self.pulled.moments;
        for link in moments.told.keys().chain(moments.unread.keys()) {
            if let Some(state) = state {
                remember_parent(state, *link, &mut parents)?;
            }
        }
        Ok(parents)
    }

    pub(super) async fn finish(mut self, loaded: Loaded) -> Result<(Input<'j>, Gathered), RunError> {
        let Loaded { mut contacts, children, secondaries } = loaded;
        self.doubt_hidden(&mut contacts)?;
        let (job, state) = (self.job, self.state);
        let tasks = source_tasks(job, self.stage, &self.pulled.forms)?;
        let parents = self.parents(&children, tasks.keys())?;
        let mut restored = self.restored().await?;
        restored.extend(self.returned().await?);
        let ended = self.ended().await?;
        let mut freed = self.free_survivors()?;
        freed.extend(&ended);
        self.know_the_unclear()?;
        let holders = self.holders(&contacts, &freed)?;
        let (lost, deleted) = (self.lost(&contacts, &holders)?, self.deleted()?);
        let astray = self.astray(&lost)?;
        let leaving = self.leaving(&contacts, &secondaries, &lost)?;
        let suspected = self.suspected()?;
        let successors = self.successors(&contacts)?;
        let covered = self.covered(&contacts, &parents)?;
        let (failed_operations, pending_conflicts) = (self.failed_operations()?, self.pending_conflicts()?);
        let links = state.map(State::link_counts).transpose()?.unwrap_or_default();
        let left_out = self.left_out(&contacts)?;
        let linked_before = self.linked_before()?;
        let (pending, remembered) = (self.pending()?, self.remembered()?);
        let input = Input {
            pair: job.pair,
            mapped: &self.pulled.forms.mapped,
            mode: job.mode,
            now: their_now(job),
            first_sync: !state.map(State::has_contacts).transpose()?.unwrap_or_default(),
            tags_were_read: self.pulled.tags_were_read,
            left_out,
            first_sync_goes_on: match state {
                Some(state) => state.meta(FIRST_SYNC)?.is_some_and(|stands| stands == BEGUN),
                None => false,
            },
            capabilities: self.capabilities(),
            listings: self.pulled.listings.clone(),
            look_ups: self.pulled.look_ups.clone(),
            read_in_part: self.read_in_part()?,
            looked_at: self.looked_at(&links)?,
            links,
            tags: match state {
                Some(state) if job.mode == Mode::Full || lose_tags(&contacts) => state.tag_counts()?,
                _ => Both::default(),
            },
            unseen: &lock(self.stage).unseen()? - &self.pulled.sought.links,
            known_alone: self.pulled.only.as_ref().map(|only| only.alone.clone()).unwrap_or_default(),
            contacts,
            children,
            parents,
            unlinked: self.unlinked,
            unlinked_children: self.unlinked_children,
            covered,
            secondaries,
            successors,
            deleted,
            lost,
            astray,
            leaving,
            suspected,
            holders,
            pending: pending.keys().cloned().collect(),
            candidates: pending.into_iter().filter(|(_, candidates)| !candidates.is_empty()).collect(),
            linked_before,
            unread: unread::of(state, self.pulled)?,
            unparsable: self.unparsable,
            inconclusive: self.inconclusive,
            kept_news: self.kept_news,
            timeline: self.pulled.moments.told.clone(),
            untold: self.pulled.moments.unread.clone(),
            effects: self.pulled.effects.clone(),
            owed: state.map(|state| enrolment::owed(state, self.pulled.only.as_ref())).transpose()?.unwrap_or_default(),
            remembered,
            tasks,
            told: state.map(State::told).transpose()?.unwrap_or_default(),
            zone: &self.pulled.forms.zone,
            failed_operations,
            pending_conflicts,
            excluded_pairs: self.pulled.marks.excluded_pairs.clone(),
        };
        let (halved, without_text) = (self.halved, self.without_text);
        let (missed, absent, returned) = (self.missed, self.absent, self.returned);
        let lifted = self.pulled.sought.lifted.clone();
        Ok((input, Gathered { missed, absent, returned, restored, lifted, ended, halved, without_text }))
    }

    /// What either side can do tonight.
    fn capabilities(&self) -> Both<Capabilities> {
        let mut capabilities = Both {
            cliengo: self.job.cliengo.capabilities(&self.pulled.learned),
            ghl: self.job.ghl.capabilities(&self.pulled.learned),
        };
        // `semantics` 40: where GHL's listing has the key for nobody, tags are unknown tonight, and not none.
        capabilities.ghl.tags.read &= self.pulled.ghl_shows_tags;
        capabilities
    }

    /// The sources of creates whose outcome is not known, each with what it may have made as far as a person is to say.
    fn pending(&self) -> Result<BTreeMap<(Kind, SideId), BTreeSet<SideId>>, RunError> {
        let open = self.state.map(State::open_creates).transpose()?.unwrap_or_default();
        let mut pending: BTreeMap<(Kind, SideId), BTreeSet<SideId>> = BTreeMap::new();
        for Intent { kind, side, source_id, candidates, .. } in open {
            let Some(source) = source_id else { continue };
            let candidates = candidates.into_iter().map(|id| SideId::new(side, id));
            pending.entry((kind, SideId::new(side.other(), source))).or_default().extend(candidates);
        }
        Ok(pending)
    }

    /// What earlier runs said already.
    fn remembered(&self) -> Result<BTreeSet<String>, RunError> {
        let state = self.state.filter(|_| self.job.mode != Mode::Full);
        let mut remembered = state.map(State::remembered).transpose()?.unwrap_or_default();
        if self.pulled.only.is_some() {
            // What a whole kind cannot do is no news of some people.
            let kinds = |side: Side| Kind::CHILDREN.map(|kind| format!("pair:{side}:{kind}"));
            remembered.extend(Side::BOTH.into_iter().flat_map(kinds));
        }
        Ok(remembered)
    }
}

/// Whether tags went from contacts of either side since they were last agreed.
fn lose_tags(contacts: &[Linked]) -> bool {
    let halves = contacts.iter().flat_map(|contact| Side::BOTH.map(|side| contact.sides.of(side)));
    halves.into_iter().any(|half| match (&half.base, &half.now) {
        (Some(base), Now::Changed(now)) => {
            now.get(&Field::Tags).is_some() && !base.tags().minus(&now.tags()).is_empty()
        }
        _ => false,
    })
}

/// A clock that is further off than this is said.
const SAID_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A `Date` that is further off than this is not believed.
const LARGEST_SKEW: SignedDuration = SignedDuration::from_hours(1);

/// Now by Cliengo's clock: it says when its contacts came to be.
fn their_now(job: &Job<'_>) -> Timestamp {
    // A header tells whole seconds.
    let ahead = job.cliengo.clock_ahead().filter(|ahead| ahead.abs().as_secs() > 1).unwrap_or_default();
    if ahead.abs() > SAID_SKEW {
        let believed = ahead.abs() <= LARGEST_SKEW;
        warn!(
            seconds_ahead = ahead.as_secs(),
            believed,
            "Cliengo's clock and this machine's differ; the age of its contacts is measured by its own where that is believed"
        );
    }
    let ours = job.clock.now();
    if ahead.abs() <= LARGEST_SKEW { ours.checked_add(ahead).unwrap_or(ours) } else { ours }
}

/// Adds a live contact to those whose tasks and notes are planned.
fn remember_parent(state: &State, link: i64, parents: &mut BTreeMap<i64, Parent>) -> Result<(), RunError> {
    if parents.contains_key(&link) {
        return Ok(());
    }
    let takes_part = |row: &LinkRow| row.status == LinkStatus::Live && row.role == Role::Primary;
    let Some(row) = state.link(link)?.filter(takes_part) else { return Ok(()) };
    let mut label = String::new();
    for side in [Side::Ghl, Side::Cliengo] {
        if label.is_empty() {
            label = state.base(link, side)?.map(|base| base.record.label()).unwrap_or_default();
        }
    }
    parents.insert(link, Parent { ids: row.ids, label });
    Ok(())
}
