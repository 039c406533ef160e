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
mod loaded;
mod merged;
mod returned;
mod unmapped;
mod unread;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use tracing::{debug, warn};

use company::forgotten_keys;
pub(super) use company::recognisable;
use half::lacking;

use super::error::RunError;
use super::gathered::Gathered;
use super::pulled::Pulled;
use super::rederive::Remapping;
use super::session::{Job, lock};
use super::staging::each_news;
use crate::crm::{Reader, Shape};
use crate::reconcile::{Inconclusive, Input, Mode, Unlinked, Unreadable};
use crate::record::{Both, Field, Ids, Kind, MatchKey, Record, RemoteId, Side, SideId, Value};
use crate::state::{Missing, Stage, StagedRow, State};

/// What is known of one half of a touched link.
#[derive(Clone, Debug)]
enum Detected {
    Listed(Record),
    Missing(Missing),
    Unreadable(String),
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
}
