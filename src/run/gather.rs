//! The sieve: what is news, what is missing, and what has to be asked again before anything is decided from it.

mod ask;
mod company;
mod enrolment;
mod left_out;
mod unmapped;
mod unread;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use tracing::{debug, info, warn};

use ask::Question;
pub(super) use company::recognisable;

use super::pull::Pulled;
use super::rederive::Remapping;
use super::tasks::source_tasks;
use super::{BEGUN, FIRST_SYNC, Job, RunError, held};
use crate::crm::{Reader, Shape};
use crate::reconcile::{Half, Inconclusive, Input, Linked, Mode, Now, Parent, Rejected, Unlinked, Unreadable};
use crate::record::{Both, ByKind, Field, Ids, Kind, MatchKey, Record, RemoteId, Role, Side, SideId, Value};
use crate::state::{Attempt, LinkRow, LinkStatus, Missing, Stage, StagedRow, State};

/// What a listing showed of one record: kept so that its fingerprint can be settled with it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which side.
    pub side: Side,
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// The record.
    pub record: Record,
    /// Its fingerprint.
    pub fingerprint: Vec<u8>,
    /// Its payload.
    pub payload: String,
}

/// What was gathered.
#[derive(Debug)]
pub struct Gathered<'a> {
    /// What reconciling is given.
    pub input: Input<'a>,
    /// What the sieve let through, as listed.
    pub seen: Vec<Seen>,
    /// Shadows that were missed for the first time, where one absence is not enough.
    pub missed: Vec<(i64, Side)>,
    /// Shadows that an earlier run missed and that are there again: two absences count only in a row.
    pub returned: Vec<(i64, Side)>,
    /// Kept contacts whose half that was gone is there again, as the CRM itself says.
    pub risen: Vec<Risen>,
    /// Kept contacts whose survivor is gone as well.
    pub ended: BTreeSet<i64>,
    /// Links of which one half was not seen: what the other shows is not agreed upon. (`semantics` 59)
    pub halved: BTreeSet<i64>,
    /// Looks at notes without a text, to be remembered.
    pub without_text: Vec<String>,
}

/// A kept contact whose half that was gone is there again.
#[derive(Debug)]
pub struct Risen {
    /// Its link.
    pub link: i64,
    /// The id that is there again.
    pub id: SideId,
    /// Its tasks and notes that did not come back with it.
    pub lost: Vec<LinkRow>,
}

/// What is known of one half of a touched link.
#[derive(Clone, Debug)]
enum Sighting {
    Listed(Record),
    Missing(Missing),
    Unreadable(String),
}

/// Linked records that the sieve let through.
#[derive(Default)]
struct Loaded {
    contacts: Vec<Linked>,
    children: Vec<Linked>,
    /// Further Cliengo contacts of a person. (`semantics` 5)
    secondaries: Vec<Linked>,
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

/// Why a CRM is not believed that something is gone, where it is not.
#[derive(Clone, Debug)]
struct Doubt(Option<String>);

struct Gathering<'j, 's> {
    job: &'j Job<'j>,
    stage: &'s Mutex<Stage>,
    state: Option<&'s State>,
    pulled: &'j Pulled,
    touched: BTreeMap<i64, Both<Option<Sighting>>>,
    seen: Vec<Seen>,
    unlinked: Both<Vec<Unlinked>>,
    loose: Both<Vec<Unlinked>>,
    unparsable: Vec<Unreadable>,
    inconclusive: Vec<Inconclusive>,
    /// Whether a side is believed that something is gone, once that was tried; and why not. (`semantics` 55)
    doubts: Both<Option<Doubt>>,
    without_text: Vec<String>,
    /// How many contacts are asked for their tags, which the listing did not tell.
    untold_tags: usize,
    missed: Vec<(i64, Side)>,
    /// What contacts that cannot be understood can still be recognised by: company for whoever shares it.
    unreadable_keys: Both<Vec<(MatchKey, Ids)>>,
    kept_news: BTreeSet<i64>,
    halved: BTreeSet<i64>,
    /// The shadows were derived under another mapping: a dry run derives them again as it reads them.
    remapping: Option<Remapping<'j>>,
}

/// Gathers what reconciling needs from stage and state, and asks the CRMs about what is missing or doubtful.
///
/// # Errors
/// When the state cannot be read. A CRM that cannot be asked leaves its record unknown.
pub(super) async fn gather<'j>(
    job: &'j Job<'j>,
    stage: &Mutex<Stage>,
    state: Option<&State>,
    pulled: &'j Pulled,
) -> Result<Gathered<'j>, RunError> {
    let mut gathering = Gathering {
        job,
        stage,
        state,
        pulled,
        touched: BTreeMap::new(),
        seen: Vec::new(),
        unlinked: Both::default(),
        loose: Both::default(),
        unparsable: Vec::new(),
        inconclusive: Vec::new(),
        doubts: Both::default(),
        without_text: Vec::new(),
        untold_tags: 0,
        missed: Vec::new(),
        unreadable_keys: forgotten_keys(pulled),
        kept_news: BTreeSet::new(),
        halved: BTreeSet::new(),
        remapping: match state {
            Some(state) => Remapping::of(state, job.pair, &pulled.forms)?,
            None => None,
        },
    };
    held(stage).seal()?;
    gathering.sieve(job.cliengo)?;
    gathering.sieve(job.ghl)?;
    gathering.miss_the_named()?;
    gathering.say_unidentified();
    gathering.widen()?;
    let loaded = gathering.load().await?;
    gathering.finish(loaded).await
}

impl<'j> Gathering<'j, '_> {
    fn sieve<R: Reader + ?Sized>(&mut self, crm: &R) -> Result<(), RunError> {
        let side = R::Id::SIDE;
        for kind in Kind::ALL {
            let all = self.job.mode == Mode::Full || self.remapping.is_some();
            let rows = held(self.stage).news(side, kind, all)?;
            for row in rows {
                self.sort(crm, side, kind, row)?;
            }
            let doubted = *self.pulled.doubted.of(side).of(kind);
            if !doubted {
                let complete = *self.pulled.complete.of(side).of(kind);
                for missing in held(self.stage).missing(side, kind, complete)? {
                    let halves = self.touched.entry(missing.link).or_default();
                    *halves.of_mut(side) = Some(Sighting::Missing(missing));
                }
            }
        }
        Ok(())
    }

    fn sort<R: Reader + ?Sized>(&mut self, crm: &R, side: Side, kind: Kind, row: StagedRow) -> Result<(), RunError> {
        let by_id = self.pulled.only.is_some() && (kind == Kind::Contact || (side, kind) == (Side::Ghl, Kind::Task));
        let shape = if by_id { Shape::Single } else { Shape::Listed };
        let record = match crm.parse(kind, &row.payload, shape, &self.pulled.forms) {
            Ok(record) => record,
            Err(why) => return self.unreadable(side, kind, row, why.to_string()),
        };
        let mut record = record;
        if let Some(why) = lacking(kind, &record, row.link.is_some()) {
            return self.unreadable(side, kind, row, why);
        }
        if let Some(why) = record.unreadable.values().next() {
            // `semantics` 49: the rest of it goes on.
            let ids = self.ids_of(&row, side)?;
            let parent = row.parent.clone().map(|parent| SideId::new(side, parent));
            self.unparsable.push(Unreadable { kind, ids, parent, why: why.clone() });
        }
        if let Some(link) = row.link {
            self.complete(link, side, &mut record)?;
            let halves = self.touched.entry(link).or_default();
            *halves.of_mut(side) = Some(Sighting::Listed(record.clone()));
        } else {
            let id = SideId::new(side, row.id.clone());
            let parent = row.parent.clone().map(|parent| SideId::new(side, parent));
            let among = if kind == Kind::Contact { &mut self.unlinked } else { &mut self.loose };
            among.of_mut(side).push(Unlinked { kind, id, parent, record: record.clone(), retires: None });
        }
        self.seen.push(Seen { side, kind, id: row.id, record, fingerprint: row.fingerprint, payload: row.payload });
        Ok(())
    }

    /// `semantics` 40: what a row says nothing of is not taken away by it.
    pub(super) fn complete(&self, link: i64, side: Side, record: &mut Record) -> Result<(), RunError> {
        let name = match record.get(&Field::Name) {
            Some(Value::Name(name)) if name.without_last => Some(name.clone()),
            _ => None,
        };
        if name.is_none() && record.unsaid.is_empty() {
            return Ok(());
        }
        let base = self.state.map(|state| self.base(state, link, side)).transpose()?.flatten();
        let Some(base) = base else { return Ok(()) };
        if let (Some(name), Some(Value::Name(known))) = (name, base.get(&Field::Name))
            && !known.last.is_empty()
        {
            record.fields.insert(Field::Name, Value::joined_name(&name.first, &known.last));
        }
        for field in std::mem::take(&mut record.unsaid) {
            if base.get(&field).is_some_and(|known| !known.is_empty()) {
                record.fields.remove(&field);
            }
        }
        Ok(())
    }

    /// Of the people whom a run is about, who was asked for by id and is gone.
    fn miss_the_named(&mut self) -> Result<(), RunError> {
        let (Some(only), Some(state)) = (&self.pulled.only, self.state) else { return Ok(()) };
        self.inconclusive.extend(only.unplaced.iter().cloned());
        for id in &only.gone {
            let Some(link) = state.link_of(Kind::Contact, id)? else { continue };
            let missing = Missing { link: link.id, id: id.as_str().to_owned(), parent: None, missed: None };
            *self.touched.entry(link.id).or_default().of_mut(id.side()) = Some(Sighting::Missing(missing));
        }
        Ok(())
    }

    /// `semantics` 49: a row without an id is somebody. Whoever shares its e-mail or phone waits.
    fn say_unidentified(&mut self) {
        for (side, kind, row) in &self.pulled.unidentified {
            let keys = recognisable(row, &self.pulled.forms).into_iter().filter(|_| *kind == Kind::Contact);
            self.unreadable_keys.of_mut(*side).extend(keys.map(|key| (key, Ids::default())));
            let fields: BTreeMap<String, serde_json::Value> = serde_json::from_str(row).unwrap_or_default();
            let parent = fields.get("contactId").and_then(serde_json::Value::as_str);
            let parent = parent.map(|parent| SideId::new(*side, parent));
            let why = format!("a row of {}'s list of {kind}s has no id", side.title());
            self.unparsable.push(Unreadable { kind: *kind, ids: Ids::default(), parent, why });
        }
    }

    fn ids_of(&self, row: &StagedRow, side: Side) -> Result<Ids, RunError> {
        let known = match (row.link, self.state) {
            (Some(link), Some(state)) => state.link(link)?.map(|row| row.ids),
            _ => None,
        };
        Ok(known.unwrap_or_else(|| Ids::one(SideId::new(side, row.id.clone()))))
    }

    /// I30: a record that cannot be understood is there, and waits.
    fn unreadable(&mut self, side: Side, kind: Kind, row: StagedRow, why: String) -> Result<(), RunError> {
        if kind == Kind::Note && row.link.is_none() && self.is_known_without_text(side, &row.id)? {
            debug!(%side, id = row.id, "a note without a text is left alone");
            return Ok(());
        }
        warn!(%side, %kind, id = row.id, why, "a record cannot be understood");
        let ids = self.ids_of(&row, side)?;
        if kind == Kind::Contact {
            let keys = recognisable(&row.payload, &self.pulled.forms);
            let own = Ids::one(SideId::new(side, row.id.clone()));
            self.unreadable_keys.of_mut(side).extend(keys.into_iter().map(|key| (key, own.clone())));
        }
        if let Some(link) = row.link {
            let halves = self.touched.entry(link).or_default();
            *halves.of_mut(side) = Some(Sighting::Unreadable(why.clone()));
        }
        let parent = row.parent.map(|parent| SideId::new(side, parent));
        self.unparsable.push(Unreadable { kind, ids, parent, why });
        Ok(())
    }

    /// `semantics` 40: beside a note without a text nothing is created, since it may be the counterpart; one that had none
    /// in two earlier runs has none: some CRMs write such notes themselves.
    fn is_known_without_text(&mut self, side: Side, id: &str) -> Result<bool, RunError> {
        let looks = [1, 2].map(|look| format!("without text {look}:{side}:{id}"));
        for look in looks {
            if !self.state.map(|state| state.is_remembered(&look)).transpose()?.unwrap_or_default() {
                self.without_text.push(look);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A contact that one side misses brings its whole family: what happens to it depends on every child.
    fn widen(&mut self) -> Result<(), RunError> {
        let Some(state) = self.state else { return Ok(()) };
        let missing: Vec<i64> = self
            .touched
            .iter()
            .filter(|(_, halves)| {
                Side::BOTH.into_iter().any(|side| matches!(halves.of(side), Some(Sighting::Missing(_))))
            })
            .map(|(link, _)| *link)
            .collect();
        for link in missing {
            for child in state.children(link)? {
                self.touched.entry(child.id).or_default();
            }
        }
        Ok(())
    }

    async fn load(&mut self) -> Result<Loaded, RunError> {
        let mut loaded = Loaded::default();
        let Some(state) = self.state else { return Ok(loaded) };
        let mut questions = Vec::new();
        let touched = std::mem::take(&mut self.touched);
        let is_missing = |link: Option<i64>, side: Side| {
            let halves = link.and_then(|link| touched.get(&link));
            halves.is_some_and(|halves| matches!(halves.of(side), Some(Sighting::Missing(_))))
        };
        for (link, halves) in &touched {
            let link = *link;
            let Some(row) = state.link(link)? else { continue };
            if row.status == LinkStatus::Kept && self.has_news(state, link, halves)? {
                self.kept_news.extend(row.parent);
            }
            // Outside the scope a contact is looked at for its return only; what is missing of it is not asked for.
            let is_there = |side: &Side| !matches!(halves.of(*side), Some(Sighting::Missing(_)));
            let sleeps = row.status == LinkStatus::OutOfScope && row.kind == Kind::Contact;
            if row.status != LinkStatus::Live && !(sleeps && Side::BOTH.iter().all(is_there)) {
                continue;
            }
            let parent = row.parent.map(|parent| state.link(parent)).transpose()?.flatten();
            if parent.as_ref().is_some_and(|parent| parent.status != LinkStatus::Live) {
                continue;
            }
            let mut sides = Both::from_fn(|_| Half {
                base: None,
                now: Now::Unchanged,
                rejected: Rejected::default(),
                unmapped: BTreeSet::new(),
            });
            for side in Side::BOTH {
                // `semantics` 22: a child that is missing with its contact is not asked for, and is no child's delete.
                let mut sighting = halves.of(side).clone().filter(|_| !is_missing(row.parent, side));
                if matches!(sighting, Some(Sighting::Missing(_))) && self.lacks_contact_of(parent.as_ref(), side)? {
                    sighting = None;
                }
                *sides.of_mut(side) = self.half(state, &row, side, sighting, &mut questions)?;
                if matches!(halves.of(side), Some(Sighting::Listed(_))) && !self.is_listed(&row, side.other())? {
                    self.halved.insert(link);
                    sides.of_mut(side).unmapped = self.unmapped_changes(state, &row, side)?;
                }
            }
            let taken_back = if self.job.mode == Mode::Full { state.taken_back(link)? } else { BTreeSet::new() };
            let (kind, ids, parent) = (row.kind, row.ids, row.parent);
            let linked = Linked { link, kind, ids, parent, outside: sleeps, sides, taken_back };
            loaded.of_mut(&linked, row.role).push(linked);
        }
        let answers = self.ask(questions).await?;
        for linked in loaded.contacts.iter_mut().chain(&mut loaded.children).chain(&mut loaded.secondaries) {
            for side in Side::BOTH {
                if let Some(now) = answers.get(&(linked.link, side)) {
                    let attempts = state.attempts(linked.link, side)?;
                    let half = linked.sides.of_mut(side);
                    notice_rejected(half, now, &attempts);
                    half.now = unchanged_if_equal(now.clone(), half.base.as_ref());
                }
            }
        }
        Ok(loaded)
    }

    /// Whether a task's or note's contact was not listed on that side.
    fn lacks_contact_of(&self, parent: Option<&LinkRow>, side: Side) -> Result<bool, RunError> {
        let Some(contact) = parent.and_then(|parent| parent.ids.of(side)) else { return Ok(false) };
        Ok(!held(self.stage).has(side, Kind::Contact, contact)?)
    }

    /// One side's shadow, as tonight's mapping reads it.
    fn base(&self, state: &State, link: i64, side: Side) -> Result<Option<Record>, RunError> {
        Ok(match &self.remapping {
            Some(remapping) => state.agreed(link, side)?.map(|agreed| remapping.rederived(self.job, &agreed)),
            None => state.shadow(link, side)?.map(|shadow| shadow.record),
        })
    }

    /// Whether a kept record's survivor differs from what it was when it was kept.
    fn has_news(&self, state: &State, link: i64, halves: &Both<Option<Sighting>>) -> Result<bool, RunError> {
        for side in Side::BOTH {
            if let Some(Sighting::Listed(record)) = halves.of(side) {
                return Ok(self.base(state, link, side)?.is_none_or(|base| !covers(&base, record)));
            }
        }
        Ok(false)
    }

    fn half(
        &mut self,
        state: &State,
        row: &LinkRow,
        side: Side,
        sighting: Option<Sighting>,
        questions: &mut Vec<Question>,
    ) -> Result<Half, RunError> {
        let base = self.base(state, row.id, side)?;
        let written = state.shadow(row.id, side)?.is_some_and(|shadow| shadow.written);
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
        let now = match sighting {
            Some(Sighting::Listed(record)) => {
                let differs = base.as_ref().is_none_or(|base| !base.agrees_with(&record));
                let doubtful = if differs && written {
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
            Some(Sighting::Missing(missing)) if needs_two_looks(row.kind, side) && missing.missed.is_none() => {
                // `semantics` 20 and 53: gone when two lists, in different runs, do not have it.
                self.missed.push((row.id, side));
                Now::Unknown("missing for the first time".to_owned())
            }
            Some(Sighting::Missing(missing)) => {
                questions.push(question(&missing.id, missing.parent.as_deref(), true));
                Now::Unknown("missing, and asked for by id".to_owned())
            }
            Some(Sighting::Unreadable(why)) => Now::Unknown(why),
            None => match row.ids.of(side) {
                Some(id) if held(self.stage).has(side, row.kind, id)? => Now::Unchanged,
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

    /// How many links of each kind this run looked at: of what is listed by contact, those under contacts whose lists were
    /// read on both sides. (`semantics` 54)
    fn looked_at(&self, links: &ByKind<u64>) -> Result<ByKind<u64>, RunError> {
        let mut looked_at = *links;
        for side in Side::BOTH {
            for kind in [Kind::Task, Kind::Note] {
                if self.pulled.listings.of(side).of(kind).parents.is_some_and(|(listed, all)| listed < all) {
                    let covered = held(self.stage).links_covered(side, kind)?;
                    let least = covered.min(*looked_at.of(kind));
                    *looked_at.of_mut(kind) = least;
                }
            }
        }
        Ok(looked_at)
    }

    async fn finish(mut self, loaded: Loaded) -> Result<Gathered<'j>, RunError> {
        let Loaded { contacts, children, secondaries } = loaded;
        let (job, state) = (self.job, self.state);
        let mut parents = BTreeMap::new();
        let mut orphans: BTreeMap<(Side, Kind), u64> = BTreeMap::new();
        if let Some(state) = state {
            for link in children.iter().filter_map(|child| child.parent) {
                remember_parent(state, link, &mut parents)?;
            }
        }
        for child in Side::BOTH.into_iter().flat_map(|side| self.loose.of(side)) {
            let Some(parent) = &child.parent else { continue };
            let link = state.map(|state| state.link_of(Kind::Contact, parent)).transpose()?.flatten();
            match (link, state) {
                (Some(link), Some(state)) => remember_parent(state, link.id, &mut parents)?,
                // The children of a contact that we deleted may lag behind it.
                (_, Some(state)) if state.is_buried(Kind::Contact, parent)? => {}
                _ if held(self.stage).has(parent.side(), Kind::Contact, parent.as_str())? => {}
                // `semantics` 56: counted, and no more.
                _ => *orphans.entry((parent.side(), child.kind)).or_default() += 1,
            }
        }
        for ((side, kind), count) in orphans {
            info!(%side, %kind, count, "listed without a listed contact: left alone");
        }
        let tasks = source_tasks(job, self.stage, &self.pulled.forms)?;
        for contact in tasks.keys() {
            let link =
                state.map(|state| state.link_of(Kind::Contact, &contact.clone().tagged())).transpose()?.flatten();
            if let (Some(link), Some(state)) = (link, state) {
                remember_parent(state, link.id, &mut parents)?;
            }
        }
        let risen = self.risen().await?;
        let ended = self.ended().await?;
        let mut freed = self.free_survivors()?;
        freed.extend(&ended);
        let holders = self.holders(&contacts, &freed)?;
        let successors = self.successors(&contacts)?;
        let covered = self.covered(&contacts, &parents)?;
        let (setbacks, disputes) = (self.setbacks()?, self.disputes()?);
        let links = state.map(State::link_counts).transpose()?.unwrap_or_default();
        let left_out = self.left_out(&contacts)?;
        let mut input = Input {
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
            capabilities: Both {
                cliengo: job.cliengo.capabilities(&self.pulled.learned),
                ghl: job.ghl.capabilities(&self.pulled.learned),
            },
            listings: self.pulled.listings.clone(),
            looked_at: self.looked_at(&links)?,
            links,
            tags: match state {
                Some(state) if job.mode == Mode::Full || lose_tags(&contacts) => state.tag_counts()?,
                _ => Both::default(),
            },
            unseen: held(self.stage).unseen()?,
            contacts,
            children,
            parents,
            unlinked: self.unlinked,
            loose: self.loose,
            covered,
            secondaries,
            successors,
            holders,
            pending: BTreeSet::new(),
            unread: unread::of(state, self.pulled)?,
            unparsable: self.unparsable,
            inconclusive: self.inconclusive,
            kept_news: self.kept_news,
            effects: self.pulled.effects.clone(),
            owed: state.map(|state| enrolment::owed(state, self.pulled.only.as_ref())).transpose()?.unwrap_or_default(),
            remembered: BTreeSet::new(),
            tasks,
            told: state.map(State::told).transpose()?.unwrap_or_default(),
            zone: &self.pulled.forms.zone,
            setbacks,
            disputes,
            apart: self.pulled.marks.apart.clone(),
        };
        if let Some(state) = state {
            for intent in state.open_creates()? {
                input.pending.extend(intent.source_id.map(|id| (intent.kind, SideId::new(intent.side.other(), id))));
            }
            if job.mode != Mode::Full {
                input.remembered = state.remembered()?;
            }
        }
        if self.pulled.only.is_some() {
            // What a whole kind cannot do is no news of some people.
            let kinds = |side: Side| [Kind::Task, Kind::Note].map(|kind| format!("pair:{side}:{kind}"));
            input.remembered.extend(Side::BOTH.into_iter().flat_map(kinds));
        }
        let mut returned = Vec::new();
        for side in Side::BOTH {
            returned.extend(held(self.stage).returned(side)?.into_iter().map(|link| (link, side)));
        }
        let (halved, without_text) = (self.halved, self.without_text);
        Ok(Gathered { input, seen: self.seen, missed: self.missed, returned, risen, ended, halved, without_text })
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

/// So many contacts are asked for tags that a listing did not tell.
const MOST_UNTOLD: usize = 50;

/// Whether one absence is not enough: where a list per contact, or one without a total, is all there is.
fn needs_two_looks(kind: Kind, side: Side) -> bool {
    match kind {
        Kind::Contact => false,
        Kind::Task => true,
        Kind::Note => side == Side::Cliengo,
    }
}

/// Why nothing can be done with a record, of which too little can be read; `None`: enough can. (`semantics` 40, 49)
fn lacking(kind: Kind, record: &Record, is_linked: bool) -> Option<String> {
    let needed: &[Field] = match (kind, is_linked) {
        // A person could be doubled where it cannot be told who it is.
        (Kind::Contact, false) => {
            let keys = [Field::Name, Field::Email, Field::Phone];
            return keys.iter().find_map(|field| record.unreadable.get(field).cloned());
        }
        (Kind::Note, _) => &[Field::Body],
        (Kind::Task, false) => &[Field::Title, Field::Due, Field::Completed],
        (Kind::Contact | Kind::Task, true) => &[],
    };
    let missing = needed.iter().find(|field| record.get(field).is_none())?;
    let unreadable = record.unreadable.get(missing).cloned();
    let what = if kind == Kind::Note { "text" } else { missing.as_str() };
    Some(unreadable.unwrap_or_else(|| format!("the {kind} came without its {what}")))
}

/// I16: who was forgotten is nobody that Concord knows, and still company for whoever shares an e-mail or a phone.
fn forgotten_keys(pulled: &Pulled) -> Both<Vec<(MatchKey, Ids)>> {
    let mut keys: Both<Vec<(MatchKey, Ids)>> = Both::default();
    for (id, payload) in &pulled.forgotten {
        let theirs = recognisable(payload, &pulled.forms);
        keys.of_mut(id.side()).extend(theirs.into_iter().map(|key| (key, Ids::one(id.clone()))));
    }
    keys
}

/// How far a CRM's own times of one write may be apart (`GHL API notes, 5`).
const OWN_WRITE: SignedDuration = SignedDuration::from_secs(5);

/// I33: a CRM that shows again what stood there before our write did not keep it. That is no edit: the base takes it, so
/// that it does not go back over what was written. In a record that was changed since, a person may have put it back: if
/// nothing else in it explains the change, they did.
fn notice_rejected(half: &mut Half, now: &Now, attempts: &BTreeMap<Field, Attempt>) {
    let (Now::Changed(record), Some(base)) = (now, &mut half.base) else { return };
    let differing = |(field, value): (&Field, &Value)| base.get(field).is_some_and(|base| !base.same(value));
    let is_alone = record.fields.iter().filter(|shown| differing(*shown)).count() == 1;
    for (field, attempt) in attempts {
        let (Some(shown), Some(written)) = (record.get(field), base.get(field)) else { continue };
        let touched_since = match (attempt.updated, record.updated) {
            (Some(ours), Some(now)) => now.duration_since(ours) > OWN_WRITE,
            _ => false,
        };
        if shown.is_stored_form_of(written) && !shown.same(&attempt.before) {
            half.rejected.stored.insert(field.clone(), shown.clone());
            continue;
        }
        let Some(instead) = shown.not_kept(&attempt.before, written) else { continue };
        match shown {
            // Of two values each is what stood before the other.
            Value::Flag(_) if touched_since => {}
            _ if touched_since && is_alone => {}
            // An empty field wins nothing by doubt.
            Value::Empty => half.rejected.news.extend([(field.clone(), instead)]),
            _ if touched_since => half.rejected.doubted.extend([field.clone()]),
            _ => half.rejected.news.extend([(field.clone(), instead)]),
        }
    }
    base.fields.extend(half.rejected.stored.clone());
    base.fields.extend(half.rejected.news.iter().map(|(field, instead)| (field.clone(), instead.clone())));
}

/// The id of a child's contact on one side.
fn parent_id(state: &State, row: &LinkRow, side: Side) -> Result<Option<String>, RunError> {
    let parent = row.parent.map(|parent| state.link(parent)).transpose()?.flatten();
    Ok(parent.and_then(|parent| parent.ids.of(side).map(str::to_owned)))
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
            label = state.shadow(link, side)?.map(|shadow| shadow.record.label()).unwrap_or_default();
        }
    }
    parents.insert(link, Parent { ids: row.ids, label });
    Ok(())
}

/// What could not be read keeps a record from being as it was: nothing is written over it.
fn unchanged_if_equal(now: Now, base: Option<&Record>) -> Now {
    match (now, base) {
        (Now::Changed(record), Some(base))
            if record.unreadable.is_empty() && covers(base, &record) && base.place == record.place =>
        {
            Now::Unchanged
        }
        (now, _) => now,
    }
}

/// Whether `base` holds everything that `record` says.
pub(super) fn covers(base: &Record, record: &Record) -> bool {
    let holds = |(field, value): (&Field, &Value)| base.get(field).is_some_and(|held| held.same(value));
    record.fields.iter().all(holds)
}
