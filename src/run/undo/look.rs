//! What became of everything that a run did: each record is asked for by id, each contact that it made also for what
//! stands under it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;

use super::super::adoption::Adoption;
use super::super::error::RunError;
use super::super::session::{Job, LOOKUPS, lock};
use super::super::undo_record;
use super::newcomers::{bearable, look_for_newcomers};
use crate::crm::{Lookup, Reader, Shape};
use crate::reconcile::{Listed, Still, Trace, UndoRecord, Undoing};
use crate::record::{Action, Both, Capabilities, Field, Forms, Kind, Record, RemoteId, Side, SideId, Tags, Value};
use crate::state::{LinkStatus, Stage, State, StateError, UndoRecordRow};

/// Something to ask a CRM.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    /// One record, and the contact it stands under.
    Record(Kind, SideId, Option<SideId>),
    /// The tasks or notes of a contact.
    Under(SideId, Kind),
}

/// What it answered.
enum Answer {
    Record(Kind, SideId, Still),
    Under(SideId, Result<Vec<Listed>, String>),
}

struct Looking<'a> {
    job: &'a Job<'a>,
    state: &'a State,
    stage: &'a Mutex<Stage>,
    forms: &'a Forms,
    pending: BTreeSet<i64>,
}

/// Looks up everything that is to be taken back. What comes is staged too: a delete keeps what it deletes from there.
///
/// # Errors
/// When a CRM refuses the credentials or the state cannot be read. A record that cannot be read is unknown.
pub(super) async fn look(
    job: &Job<'_>,
    state: &State,
    stage: &Mutex<Stage>,
    forms: &Forms,
    capabilities: &Both<Capabilities>,
    run: i64,
    rows: Vec<UndoRecordRow>,
) -> Result<Undoing, RunError> {
    let looking = Looking { job, state, stage, forms, pending: pending(state)? };
    let known = left(state, rows)?;
    let questions = questions(&known, capabilities);
    let asked = futures::stream::iter(questions).map(|question| looking.ask(question));
    let answers: Vec<Answer> = asked.buffer_unordered(LOOKUPS).try_collect().await?;
    let mut undoing = Undoing { run, links: state.links_made_by(run)?, ..Undoing::default() };
    let mut records = BTreeMap::new();
    for answer in answers {
        match answer {
            Answer::Record(kind, id, still) => _ = records.insert((kind, id), still),
            Answer::Under(contact, found) => merge(&mut undoing.under, contact, found),
        }
    }
    for (row, trace) in known {
        undoing.undo_records.push(looking.undo_record(&row, trace, &records)?);
    }
    let began = state.run(run)?.map_or(Timestamp::MIN, |row| row.started);
    look_for_newcomers(job, forms, began, &mut undoing.undo_records).await?;
    let contacts = records.into_iter().filter(|((kind, _), _)| *kind == Kind::Contact);
    undoing.contacts = contacts.map(|((_, id), still)| (id, still)).collect();
    Ok(undoing)
}

/// What no undo took back yet. What went with a contact that an undo made again goes under the new one.
fn left(state: &State, rows: Vec<UndoRecordRow>) -> Result<Vec<(UndoRecordRow, Trace)>, StateError> {
    let traced = rows.into_iter().map(|row| Ok((serde_json::from_str::<Trace>(&row.trace)?, row)));
    let traced = traced.collect::<Result<Vec<_>, StateError>>()?;
    let mut homes: BTreeMap<u32, i64> = BTreeMap::new();
    for (trace, row) in &traced {
        let is_home = row.kind == Kind::Contact && row.action == Action::Delete;
        if is_home && (row.undone.is_some() || trace.remade) {
            homes.extend(row.link.map(|link| (row.operation, link)));
        }
    }
    let mut left = Vec::new();
    for (mut trace, row) in traced.into_iter().filter(|(_, row)| row.undone.is_none()) {
        let home = homes.get(&row.operation).filter(|_| row.kind != Kind::Contact);
        if let Some(home) = home.map(|link| state.link(*link)).transpose()?.flatten() {
            trace.parent.extend(home.ids.tagged(row.side));
        }
        left.push((row, trace));
    }
    Ok(left)
}

/// The undo records that an earlier undo tried to take back with a create that got no answer.
fn pending(state: &State) -> Result<BTreeSet<i64>, StateError> {
    let mut pending = BTreeSet::new();
    for intent in state.open_creates()? {
        let adoption: Adoption = serde_json::from_str(&intent.settle)?;
        pending.extend(adoption.settle.undoes());
    }
    Ok(pending)
}

/// What stands under one contact, of all kinds; one that could not be read spoils them.
fn merge(
    under: &mut BTreeMap<SideId, Result<Vec<Listed>, String>>,
    contact: SideId,
    found: Result<Vec<Listed>, String>,
) {
    let known = under.entry(contact).or_insert_with(|| Ok(Vec::new()));
    match (known.as_mut(), found) {
        (Ok(known), Ok(mut found)) => known.append(&mut found),
        (Ok(_), Err(why)) => *known = Err(why),
        (Err(_), _) => {}
    }
}

/// The contact that a undo record is about, or that its task or note stands under.
fn contact_of(row: &UndoRecordRow, trace: &Trace) -> Option<SideId> {
    if row.kind == Kind::Contact { trace.ids.tagged(row.side) } else { trace.parent.tagged(row.side) }
}

/// Each record once. What hangs under a contact that the run made, or went with one that it deleted, is not asked for.
fn questions(known: &[(UndoRecordRow, Trace)], capabilities: &Both<Capabilities>) -> BTreeSet<Question> {
    let whole = |(row, _): &&(UndoRecordRow, Trace)| {
        row.kind == Kind::Contact && matches!(row.action, Action::Create | Action::Delete)
    };
    let whole: BTreeSet<SideId> =
        known.iter().filter(whole).filter_map(|(row, trace)| contact_of(row, trace)).collect();
    let mut questions = BTreeSet::new();
    for (row, trace) in known {
        let contact = contact_of(row, trace);
        if let Some(id) = contact.as_ref().filter(|id| whole.contains(id)) {
            questions.insert(Question::Record(Kind::Contact, id.clone(), None));
            if row.kind == Kind::Contact && row.action == Action::Create {
                let kinds = Kind::CHILDREN.into_iter();
                let listed = kinds.filter(|kind| capabilities.of(row.side).kinds.of(*kind).list);
                questions.extend(listed.map(|kind| Question::Under(id.clone(), kind)));
            }
            continue;
        }
        let parent = contact.filter(|_| row.kind != Kind::Contact);
        if let Some(id) = trace.ids.tagged(row.side) {
            questions.insert(Question::Record(row.kind, id, parent.clone()));
        }
        if let Some(parent) = parent.filter(|_| row.action == Action::Delete) {
            questions.insert(Question::Record(Kind::Contact, parent, None));
        }
    }
    questions
}

impl Looking<'_> {
    async fn ask(&self, question: Question) -> Result<Answer, RunError> {
        match question {
            Question::Record(kind, id, parent) => {
                let parent = parent.as_ref().map(SideId::as_str);
                let still = match &id {
                    SideId::Cliengo(id) => self.record(self.job.cliengo, kind, id, parent).await?,
                    SideId::Ghl(id) => self.record(self.job.ghl, kind, id, parent).await?,
                };
                Ok(Answer::Record(kind, id, still))
            }
            Question::Under(contact, kind) => {
                let found = match &contact {
                    SideId::Cliengo(id) => self.under(self.job.cliengo, kind, id).await?,
                    SideId::Ghl(id) => self.under(self.job.ghl, kind, id).await?,
                };
                Ok(Answer::Under(contact, found))
            }
        }
    }

    async fn record<R: Reader + ?Sized>(
        &self,
        crm: &R,
        kind: Kind,
        id: &R::Id,
        parent: Option<&str>,
    ) -> Result<Still, RunError> {
        let contact = parent.map(R::Id::new);
        let payload = match crm.look_up(kind, id, contact.as_ref()).await {
            Ok(Lookup::Present(payload)) => payload,
            Ok(Lookup::Gone(_)) => return Ok(Still::Gone),
            Err(why) => return Ok(Still::Unknown(bearable(why)?)),
        };
        lock(self.stage).put(R::Id::SIDE, kind, id.as_str(), parent, &payload, &[])?;
        Ok(match crm.parse(kind, &payload, Shape::Single, self.forms) {
            Ok(record) => Still::There(record),
            Err(why) => Still::Unknown(why.to_string()),
        })
    }

    async fn under<R: Reader + ?Sized>(
        &self,
        crm: &R,
        kind: Kind,
        contact: &R::Id,
    ) -> Result<Result<Vec<Listed>, String>, RunError> {
        let rows = match crm.under(kind, contact).await {
            Ok(rows) => rows,
            Err(why) => return Ok(Err(bearable(why)?)),
        };
        let mut listed = Vec::new();
        for row in rows {
            lock(self.stage).put(R::Id::SIDE, kind, row.id.as_str(), Some(contact.as_str()), &row.payload, &[])?;
            match crm.parse(kind, &row.payload, Shape::Listed, self.forms) {
                Ok(record) => listed.push(Listed { kind, id: row.id.tagged(), record }),
                Err(why) => return Ok(Err(why.to_string())),
            }
        }
        Ok(Ok(listed))
    }

    fn undo_record(
        &self,
        row: &UndoRecordRow,
        trace: Trace,
        records: &BTreeMap<(Kind, SideId), Still>,
    ) -> Result<UndoRecord, RunError> {
        let side = row.side;
        let parent = trace.parent.tagged(side);
        let is_homeless = parent.as_ref().is_some_and(|id| {
            row.kind != Kind::Contact && matches!(records.get(&(Kind::Contact, id.clone())), Some(Still::Gone))
        });
        // What went with its contact is gone with it, whatever its CRM answers for it; what hangs under one that the run
        // made is looked at there.
        let known = trace.ids.tagged(side).and_then(|id| records.get(&(row.kind, id))).filter(|_| !is_homeless);
        let now = known.cloned().unwrap_or(Still::Gone);
        let link = row.link.map(|link| self.state.link(link)).transpose()?.flatten();
        let link = link.filter(|link| link.status != LinkStatus::Retired).map(|link| link.id);
        let went_elsewhere = row.action == Action::Link && undo_record::moved(self.state, row.id)?.is_none();
        let link = link.filter(|_| !went_elsewhere);
        let contact_link = parent.map(|id| self.state.link_of(Kind::Contact, &id)).transpose()?.flatten();
        let before = row.image.as_deref().and_then(|image| self.before(row, image));
        let taken = match (&before, row.kind, row.action) {
            (Some(before), Kind::Contact, Action::Delete) => self.taken(before, &trace, side)?,
            _ => None,
        };
        let unmapped = match &now {
            Still::There(_) => self.unmapped_changes(row, &trace)?,
            Still::Gone | Still::Unknown(_) => BTreeSet::new(),
        };
        Ok(UndoRecord {
            id: row.id,
            side,
            kind: row.kind,
            action: row.action,
            link,
            contact_link: contact_link.map(|link| link.id),
            before,
            now,
            unmapped,
            other_tags: link.map(|link| self.tags(link, side.other())).transpose()?.flatten(),
            taken: Ok(taken),
            settled: row.settled,
            pending: self.pending.contains(&row.id),
            cascaded: row.cascaded,
            trace,
        })
    }

    /// What differs, besides our fields, from what the CRM answered when the run made the record.
    fn unmapped_changes(&self, row: &UndoRecordRow, trace: &Trace) -> Result<BTreeSet<String>, StateError> {
        let (Some(answer), Some(id)) = (&trace.answer, trace.ids.tagged(row.side)) else { return Ok(BTreeSet::new()) };
        let Some(staged) = lock(self.stage).row(row.side, row.kind, id.as_str())? else { return Ok(BTreeSet::new()) };
        Ok(match row.side {
            Side::Cliengo => self.job.cliengo.unmapped_changes(row.kind, answer, &staged.payload, false, self.forms),
            Side::Ghl => self.job.ghl.unmapped_changes(row.kind, answer, &staged.payload, false, self.forms),
        })
    }

    fn before(&self, row: &UndoRecordRow, image: &str) -> Option<Record> {
        let is_row = row.cascaded || row.action == Action::Tag;
        let shape = if is_row { Shape::Listed } else { Shape::Single };
        match row.side {
            Side::Cliengo => self.job.cliengo.parse(row.kind, image, shape, self.forms).ok(),
            Side::Ghl => self.job.ghl.parse(row.kind, image, shape, self.forms).ok(),
        }
    }

    fn tags(&self, link: i64, side: Side) -> Result<Option<Tags>, StateError> {
        let base = self.state.base(link, side)?;
        Ok(base.and_then(|base| match base.record.get(&Field::Tags) {
            Some(Value::Tags(tags)) => Some(tags.clone()),
            Some(_) => Some(Tags::default()),
            None => None,
        }))
    }

    /// The linked contact that has the e-mail or phone of a deleted one by now.
    fn taken(&self, before: &Record, trace: &Trace, side: Side) -> Result<Option<SideId>, StateError> {
        for key in before.match_keys() {
            for holder in self.state.holders(side, &key)? {
                let id = holder.ids.tagged(side);
                // Who stays alone beside a removed contact (rule 61) was there before, and is nobody's newcomer.
                let is_linked = holder.ids.tagged(side.other()).is_some();
                if is_linked && id.is_some() && id != trace.ids.tagged(side) {
                    return Ok(id);
                }
            }
        }
        Ok(None)
    }
}
