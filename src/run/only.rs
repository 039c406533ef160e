//! Only whom a person names, by id, e-mail or phone: they are read by id, and everybody else is neither read nor judged.

use std::collections::BTreeSet;

use super::error::RunError;
use super::intake::Intake;
use super::pulled::Found;
use super::session::{Job, lock};
use crate::crm::{CrmError, Lookup, RawRecord, Shape, Sink};
use crate::reconcile::Inconclusive;
use crate::record::{
    Both, Field, Forms, GhlId, Ids, Kind, MatchKey, Record, RemoteId, Side, SideId, Value, canonical_email,
};
use crate::state::{HeldRow, State};

/// A contact as it was read.
struct Read {
    id: SideId,
    payload: String,
    record: Record,
    is_linked: bool,
}

/// Finds everybody who is named and reads their contacts.
///
/// # Errors
/// When a CRM cannot be asked, or there is nobody of a name.
pub(super) async fn find(
    job: &Job<'_>,
    into: &Intake<'_>,
    state: Option<&State>,
    forms: &Forms,
) -> Result<Found, RunError> {
    let mut search = Search { job, state, forms, seen: BTreeSet::new(), read: Vec::new(), found: Found::default() };
    let mut nobody = Vec::new();
    for name in &job.only {
        let known = search.known(name)?;
        let before = search.read.len() + search.found.gone.len();
        if known.is_empty() {
            search.ask(name).await?;
        }
        search.follow(known).await?;
        let is_found = search.read.len() + search.found.gone.len() > before
            || search.seen.iter().any(|id| id.as_str() == name.as_str());
        if !is_found {
            nobody.push(name.clone());
        }
    }
    if !nobody.is_empty() {
        return Err(RunError::Nobody { pair: job.pair.name.clone(), asked: nobody });
    }
    search.counterparts().await?;
    let Search { read, mut found, .. } = search;
    for one in read {
        let is_placed = !found.unplaced.iter().any(|unplaced| unplaced.ids == Ids::one(one.id.clone()));
        if is_placed {
            put(into, &one.id, &one.payload)?;
        }
        found.records.push((one.id, one.record));
    }
    Ok(found)
}

fn put(into: &Intake<'_>, id: &SideId, payload: &str) -> Result<(), RunError> {
    let fingerprint = blake3::hash(payload.as_bytes());
    lock(into.stage).put(id.side(), Kind::Contact, id.as_str(), None, payload, fingerprint.as_bytes())?;
    Ok(())
}

struct Search<'a, 'j> {
    job: &'a Job<'j>,
    state: Option<&'a State>,
    forms: &'a Forms,
    seen: BTreeSet<SideId>,
    read: Vec<Read>,
    found: Found,
}

impl Search<'_, '_> {
    /// Whom the state knows by this name: linked contacts, and those that wait.
    fn known(&self, name: &str) -> Result<Vec<SideId>, RunError> {
        let Some(state) = self.state else { return Ok(Vec::new()) };
        let mut known = Vec::new();
        for link in state.links_named(name)?.into_iter().filter(|link| link.kind == Kind::Contact) {
            known.extend(Side::BOTH.into_iter().filter_map(|side| link.ids.tagged(side)));
        }
        let keys = keys_of(name, self.forms);
        for (side, key) in Side::BOTH.into_iter().flat_map(|side| keys.iter().map(move |key| (side, key))) {
            let links = state.holders(side, key)?;
            known.extend(links.iter().flat_map(|link| Side::BOTH.into_iter().filter_map(|side| link.ids.tagged(side))));
        }
        known.extend(waiting(state, |row, side| {
            row.ids.of(side) == Some(name) || keys.iter().any(|key| shows(row, side, key, self.forms))
        })?);
        Ok(known)
    }

    /// Asks the CRMs for somebody whom the state does not know.
    async fn ask(&mut self, name: &str) -> Result<(), RunError> {
        let (email, phone) = (Value::email(name), Value::phone(name, self.forms.region));
        let keys = keys_of(name, self.forms);
        if let Some(key) = keys.first() {
            let record = match key {
                MatchKey::Email(_) => Record::default().with(Field::Email, email),
                MatchKey::Phone(_) => Record::default().with(Field::Phone, phone),
            };
            let found = self.job.ghl.find_existing(&record).await?;
            return self.follow(found.map(RemoteId::tagged).into_iter().collect()).await;
        }
        // Each CRM's ids have a form of their own; the likelier one is asked first.
        let is_cliengos = name.len() == 24 && name.chars().all(|letter| letter.is_ascii_hexdigit());
        let sides = if is_cliengos { [Side::Cliengo, Side::Ghl] } else { [Side::Ghl, Side::Cliengo] };
        let mut failed = None;
        for side in sides {
            match self.follow(vec![SideId::new(side, name)]).await {
                Ok(()) if self.read.iter().any(|one| one.id.as_str() == name) => return Ok(()),
                Ok(()) => {}
                Err(error @ RunError::Crm(CrmError::Credentials { .. } | CrmError::Stopped { .. })) => {
                    return Err(error);
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        self.seen.retain(|id| id.as_str() != name);
        failed.map_or(Ok(()), Err)
    }

    /// Reads these contacts, and those that they are linked with.
    async fn follow(&mut self, mut open: Vec<SideId>) -> Result<(), RunError> {
        while let Some(id) = open.pop() {
            if !self.seen.insert(id.clone()) {
                continue;
            }
            let link = self.state.map(|state| state.link_of(Kind::Contact, &id)).transpose()?.flatten();
            let is_linked = link.is_some();
            open.extend(link.iter().flat_map(|link| Side::BOTH.into_iter().filter_map(|side| link.ids.tagged(side))));
            match self.job.look_up(Kind::Contact, &id, None).await? {
                Lookup::Gone(_) if is_linked => self.found.gone.push(id),
                Lookup::Gone(_) => {}
                Lookup::Present(payload) => {
                    let parsed = match id.side() {
                        Side::Cliengo => self.job.cliengo.parse(Kind::Contact, &payload, Shape::Single, self.forms),
                        Side::Ghl => self.job.ghl.parse(Kind::Contact, &payload, Shape::Single, self.forms),
                    };
                    // What cannot be understood is held by the plan, as in every run.
                    let record = parsed.unwrap_or_default();
                    self.read.push(Read { id, payload, record, is_linked });
                }
            }
        }
        Ok(())
    }

    /// Looks for the other halves of those that have no link.
    async fn counterparts(&mut self) -> Result<(), RunError> {
        let lone = |read: &[Read]| -> Vec<(SideId, Record)> {
            read.iter().filter(|one| !one.is_linked).map(|one| (one.id.clone(), one.record.clone())).collect()
        };
        for (id, record) in lone(&self.read).into_iter().filter(|(id, _)| id.side() == Side::Cliengo) {
            if self.is_met(&id, &record) {
                continue;
            }
            match self.job.ghl.find_existing(&record).await? {
                Some(theirs) => self.follow(vec![theirs.tagged()]).await?,
                None => _ = self.found.alone.insert(id),
            }
        }
        for (id, record) in lone(&self.read).into_iter().filter(|(id, _)| id.side() == Side::Ghl) {
            let keys = record.match_keys();
            if let Some(state) = self.state {
                let alike = waiting(state, |row, side| keys.iter().any(|key| shows(row, side, key, self.forms)))?;
                self.follow(alike).await?;
            }
            let mut is_held = self.is_met(&id, &record);
            for key in &keys {
                is_held |= self
                    .state
                    .is_some_and(|state| state.holders(Side::Cliengo, key).is_ok_and(|holders| !holders.is_empty()));
            }
            // Cliengo cannot be asked for an e-mail or a phone (`Cliengo API notes, 2.5`).
            if !is_held && !keys.is_empty() {
                let why = "whether Cliengo has this person already is told by a whole listing only: the next sync of \
                           everybody takes it";
                let (ids, label) = (Ids::one(id), record.label());
                self.found.unplaced.push(Inconclusive { kind: Kind::Contact, ids, label, why: why.to_owned() });
            }
        }
        Ok(())
    }

    /// Whether somebody who shares an e-mail or a phone was read on the other side.
    fn is_met(&self, id: &SideId, record: &Record) -> bool {
        let keys = record.match_keys();
        let mut others = self.read.iter().filter(|other| other.id.side() != id.side());
        others.any(|other| other.record.all_keys().any(|key| keys.contains(&key)))
    }
}

/// The contacts that wait and are like this.
fn waiting(state: &State, is_like: impl Fn(&HeldRow, Side) -> bool) -> Result<Vec<SideId>, RunError> {
    let mut found = Vec::new();
    for row in state.held()?.into_iter().filter(|row| row.kind == Kind::Contact) {
        if Side::BOTH.into_iter().any(|side| is_like(&row, side)) {
            found.extend(Side::BOTH.into_iter().filter_map(|side| row.ids.tagged(side)));
        }
    }
    Ok(found)
}

/// Whether a contact that waits was shown with this e-mail or phone.
fn shows(row: &HeldRow, side: Side, key: &MatchKey, forms: &Forms) -> bool {
    let text = |name: &str| row.shown.of(side).get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let record = Record::default()
        .with(Field::Email, Value::email(text("email")))
        .with(Field::Phone, Value::phone(text("phone"), forms.region));
    record.match_keys().contains(key)
}

/// The e-mail or the phone that a person gave; none where it is an id.
fn keys_of(name: &str, forms: &Forms) -> Vec<MatchKey> {
    if name.contains('@') {
        return vec![MatchKey::Email(canonical_email(name))];
    }
    let is_number = name.chars().all(|letter| letter.is_ascii_digit() || " +-().".contains(letter));
    let digits = name.chars().filter(char::is_ascii_digit).count();
    if !is_number || digits < 6 {
        return Vec::new();
    }
    Record::default().with(Field::Phone, Value::phone(name, forms.region)).match_keys()
}

/// GHL's tasks of these contacts: its list of all tasks is everybody's.
///
/// # Errors
/// When they cannot be read.
pub(super) async fn tasks(
    job: &Job<'_>,
    into: &Intake<'_>,
    sink: &dyn Sink<GhlId>,
    contacts: &[GhlId],
) -> Result<u64, RunError> {
    let mut count = 0;
    for contact in contacts {
        let rows: Vec<RawRecord<GhlId>> = job.ghl.under(Kind::Task, contact).await?;
        count += rows.len() as u64;
        sink.put(Kind::Task, rows).map_err(CrmError::Sink)?;
        lock(into.stage).cover(Side::Ghl, Kind::Task, contact.as_str())?;
    }
    Ok(count)
}

/// The contacts on both sides, from the stage.
pub(super) fn contacts(into: &Intake<'_>) -> Result<Both<Vec<String>>, RunError> {
    let stage = lock(into.stage);
    Ok(Both { cliengo: stage.contacts(Side::Cliengo)?, ghl: stage.contacts(Side::Ghl)? })
}
