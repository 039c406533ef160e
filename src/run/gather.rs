//! Change detection: what is news, what is missing, and what has to be asked again before anything is decided from it.

mod aside;
mod ask;
mod assemble;
mod company;
mod enrolment;
mod half;
mod hidden;
mod left_out;
mod linked_before;
mod merged;
mod returned;
mod unmapped;
mod unread;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use tracing::{debug, warn};

use ask::Question;
use company::forgotten_keys;
pub(super) use company::recognisable;
use half::{lacking, needs_two_looks, notice_rejected, unchanged_if_equal};

use super::error::RunError;
use super::gathered::Gathered;
use super::pulled::Pulled;
use super::rederive::Remapping;
use super::session::{Job, lock};
use super::staging::each_news;
use crate::crm::{Reader, Shape};
use crate::reconcile::{Half, Inconclusive, Input, Linked, Mode, Now, Rejected, Unlinked, Unreadable};
use crate::record::{Both, Field, Ids, Kind, MatchKey, Record, RemoteId, Role, Side, SideId, Value};
use crate::state::{LinkRow, LinkStatus, Missing, Stage, StagedRow, State};

/// What is known of one half of a touched link.
#[derive(Clone, Debug)]
enum Detected {
    Listed(Record),
    Missing(Missing),
    Unreadable(String),
}

/// Linked records that change detection let through.
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

struct Gathering<'j, 's> {
    job: &'j Job<'j>,
    stage: &'s Mutex<Stage>,
    state: Option<&'s State>,
    pulled: &'j Pulled,
    touched: BTreeMap<i64, Both<Option<Detected>>>,
    /// Contacts of which more than their fields is known: those that have further e-mails or phones.
    with_others: Vec<(SideId, Record)>,
    unlinked: Both<Vec<Unlinked>>,
    unlinked_children: Both<Vec<Unlinked>>,
    unparsable: Vec<Unreadable>,
    inconclusive: Vec<Inconclusive>,
    /// Missing contacts for which GHL answered with another one, which has this id. (`semantics` 10)
    led: BTreeMap<i64, SideId>,
    /// Why a side is not believed that a kind of record is gone, once that was tried; `None`: it is. (`semantics` 55)
    doubts: BTreeMap<(Side, Kind), Option<String>>,
    without_text: Vec<String>,
    /// How many contacts are asked for their tags, which the listing did not tell.
    untold_tags: usize,
    missed: Vec<(i64, Side)>,
    /// Contacts that a list lacks for the first time.
    absent: Vec<(i64, Side)>,
    /// Contacts that an earlier run missed, and that are listed again.
    came_back: BTreeMap<(i64, Side), SideId>,
    /// What an earlier run missed, and is there again for good.
    returned: Vec<(i64, Side)>,
    /// What contacts that cannot be understood can still be recognised by: company for whoever shares it.
    unreadable_keys: Both<Vec<(MatchKey, Ids)>>,
    kept_news: BTreeSet<i64>,
    halved: BTreeSet<i64>,
    /// What Cliengo leaves out where it is empty, once that was looked at.
    left_out: Option<BTreeSet<Field>>,
    /// The bases were derived under another mapping: a dry run derives them again as it reads them.
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
) -> Result<(Input<'j>, Gathered), RunError> {
    let mut gathering = Gathering {
        job,
        stage,
        state,
        pulled,
        touched: BTreeMap::new(),
        with_others: Vec::new(),
        unlinked: Both::default(),
        unlinked_children: Both::default(),
        unparsable: Vec::new(),
        inconclusive: Vec::new(),
        led: BTreeMap::new(),
        doubts: BTreeMap::new(),
        without_text: Vec::new(),
        untold_tags: 0,
        missed: Vec::new(),
        absent: Vec::new(),
        came_back: BTreeMap::new(),
        returned: Vec::new(),
        unreadable_keys: forgotten_keys(pulled),
        kept_news: BTreeSet::new(),
        halved: BTreeSet::new(),
        left_out: None,
        remapping: state.map(|state| Remapping::of(state, job.pair, &pulled.forms)).transpose()?.flatten(),
    };
    lock(stage).seal()?;
    lock(stage).reopen()?;
    gathering.detect_changes(job.cliengo)?;
    gathering.detect_changes(job.ghl)?;
    lock(stage).seal()?;
    gathering.find_returned()?;
    gathering.miss_the_named()?;
    gathering.say_unidentified();
    gathering.widen()?;
    let loaded = gathering.load().await?;
    gathering.finish(loaded).await
}

impl Gathering<'_, '_> {
    fn detect_changes<R: Reader + ?Sized>(&mut self, crm: &R) -> Result<(), RunError> {
        let side = R::Id::SIDE;
        for kind in Kind::ALL {
            let all = self.job.mode == Mode::Full || self.remapping.is_some();
            each_news(self.stage, (side, kind), all, |row| self.sort(crm, side, kind, row))?;
            let doubted = *self.pulled.doubted.of(side).of(kind);
            if kind == Kind::Contact && (doubted || *self.pulled.complete.of(side).of(kind)) {
                self.mark_absent(side)?;
            }
            if !doubted {
                for missing in self.missing(side, kind)? {
                    let halves = self.touched.entry(missing.link).or_default();
                    *halves.of_mut(side) = Some(Detected::Missing(missing));
                }
            }
        }
        Ok(())
    }

    fn sort<R: Reader + ?Sized>(&mut self, crm: &R, side: Side, kind: Kind, row: StagedRow) -> Result<(), RunError> {
        let by_id = self.pulled.only.is_some()
            && (kind == Kind::Contact || crm.capabilities(&self.pulled.learned).kinds.of(kind).at_once);
        let shape = if by_id { Shape::Single } else { Shape::Listed };
        let mut record = match crm.parse(kind, &row.payload, shape, &self.pulled.forms) {
            Ok(record) => record,
            Err(why) => return self.unreadable(side, kind, row, why.to_string(), false),
        };
        if let Some(why) = lacking(kind, &record, row.link.is_some()) {
            return self.unreadable(side, kind, row, why, true);
        }
        if let Some(why) = record.unreadable.values().next() {
            // `semantics` 49: the rest of it goes on.
            let ids = self.ids_of(&row, side)?;
            let parent = row.parent.clone().map(|parent| SideId::new(side, parent));
            self.unparsable.push(Unreadable { kind, ids, parent, why: why.clone() });
        }
        if let Some(link) = row.link {
            self.complete(link, side, &mut record)?;
        }
        lock(self.stage).note_seen(side, kind, &row.id, &record)?;
        let id = SideId::new(side, row.id);
        // A contact whose fields are as agreed may still have another additional e-mail or phone; and another mapping may
        // read other keys from the same fields.
        if kind == Kind::Contact && (!record.also.is_empty() || self.remapping.is_some()) {
            self.with_others.push((id.clone(), record.clone()));
        }
        if let Some(link) = row.link {
            let halves = self.touched.entry(link).or_default();
            *halves.of_mut(side) = Some(Detected::Listed(record));
        } else {
            let parent = row.parent.map(|parent| SideId::new(side, parent));
            let among = if kind == Kind::Contact { &mut self.unlinked } else { &mut self.unlinked_children };
            let among = among.of_mut(side);
            among.push(Unlinked { kind, id, parent, record, retires: None });
        }
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

    fn ids_of(&self, row: &StagedRow, side: Side) -> Result<Ids, RunError> {
        let known = match (row.link, self.state) {
            (Some(link), Some(state)) => state.link(link)?.map(|row| row.ids),
            _ => None,
        };
        Ok(known.unwrap_or_else(|| Ids::one(SideId::new(side, row.id.clone()))))
    }

    /// I30: a record that cannot be understood, or `lacks` too much, is there, and waits.
    fn unreadable(
        &mut self,
        side: Side,
        kind: Kind,
        mut row: StagedRow,
        why: String,
        lacks: bool,
    ) -> Result<(), RunError> {
        if kind == Kind::Note && row.link.is_none() && self.is_known_without_text(side, &row.id)? {
            if lacks {
                debug!(%side, id = row.id, "a note without a text is left alone");
                return Ok(());
            }
            // It is said still, and the others of its contact go on. (`semantics` 49, 64)
            row.parent = None;
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
            *halves.of_mut(side) = Some(Detected::Unreadable(why.clone()));
        }
        let parent = row.parent.map(|parent| SideId::new(side, parent));
        self.unparsable.push(Unreadable { kind, ids, parent, why });
        Ok(())
    }

    /// A contact that one side misses brings its whole family: what happens to it depends on every child.
    fn widen(&mut self) -> Result<(), RunError> {
        let Some(state) = self.state else { return Ok(()) };
        let missing: Vec<i64> = self
            .touched
            .iter()
            .filter(|(_, halves)| {
                Side::BOTH.into_iter().any(|side| matches!(halves.of(side), Some(Detected::Missing(_))))
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
        for (link, halves) in &touched {
            let link = *link;
            let Some(row) = state.link(link)? else { continue };
            if row.status == LinkStatus::Kept && self.has_news(state, link, halves)? {
                self.kept_news.extend(row.parent);
            }
            // Outside the scope a contact is looked at for its return only; what is missing of it is not asked for.
            let is_there = |side: &Side| !matches!(halves.of(*side), Some(Detected::Missing(_)));
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
                let mut detected = halves.of(side).clone();
                let lacks_contact =
                    matches!(detected, Some(Detected::Missing(_))) && self.lacks_contact_of(parent.as_ref(), side)?;
                detected = detected.filter(|_| !lacks_contact);
                *sides.of_mut(side) = self.half(state, &row, side, detected, &mut questions)?;
                if lacks_contact && self.is_back(parent.as_ref(), side) {
                    // It may be there under another id.
                    sides.of_mut(side).now = Now::Missed;
                }
                if matches!(halves.of(side), Some(Detected::Listed(_))) && !self.is_listed(&row, side.other())? {
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
                    let (half, mut now) = (linked.sides.of_mut(side), now.clone());
                    if side == Side::Cliengo && linked.kind == Kind::Contact {
                        self.empty_what_was_not_kept(half, &attempts, &mut now)?;
                    }
                    notice_rejected(half, &now, &attempts);
                    half.now = unchanged_if_equal(now, half.base.as_ref());
                }
            }
        }
        Ok(loaded)
    }

    /// One side's base, as tonight's mapping reads it.
    fn base(&self, state: &State, link: i64, side: Side) -> Result<Option<Record>, RunError> {
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
