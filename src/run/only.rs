//! Only whom a person names, by id, e-mail or phone: they are read by id, and everybody else is neither read nor judged.

use std::collections::BTreeSet;

use super::error::RunError;
use super::intake::Intake;
use super::newest::{Newest, PAGES_FOR_A_CREATE, PAGES_FOR_A_NAME, not_read};
use super::parents::Parents;
use super::pulled::Found;
use super::session::{Job, lock};
use crate::config::OnDelete;
use crate::crm::{CrmError, Lookup, Shape, is_id};
use crate::reconcile::Inconclusive;
use crate::record::{Both, Field, Forms, Ids, Kind, MatchKey, Record, RemoteId, Side, SideId, Value, canonical_email};
use crate::state::{HeldRow, LinkRow, State};

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
    let found = Found::default();
    let forgotten = into.forgotten;
    let (seen, newest) = (BTreeSet::new(), Newest::default());
    let mut search =
        Search { job, state, forms, forgotten, seen, newest, read: Vec::new(), unclear: Vec::new(), found };
    let mut nobody = Vec::new();
    for name in &job.only {
        let known = search.known(name)?;
        let before = search.heard();
        if known.is_empty() {
            search.ask(name).await?;
        }
        search.follow(known.clone()).await?;
        if search.heard() == before && !search.has_met(name, &known) {
            nobody.push(name.clone());
        }
    }
    if !nobody.is_empty() {
        return Err(RunError::Nobody { pair: job.pair.name.clone(), asked: nobody, looked: search.newest.said() });
    }
    search.counterparts(into).await?;
    search.blame(into).await?;
    let Search { read, unclear, mut found, .. } = search;
    found.unclear = unclear.into_iter().map(|one| one.said).collect();
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

/// Somebody of whom a CRM said nothing clear.
struct Unclear {
    side: Side,
    error: CrmError,
    said: Inconclusive,
}

/// So many others are asked for before a CRM is blamed.
const WITNESSES: usize = 3;

struct Search<'a, 'j> {
    job: &'a Job<'j>,
    state: Option<&'a State>,
    forms: &'a Forms,
    /// Whom a person had forgotten for good: they are not taken in by another way either.
    forgotten: &'a BTreeSet<SideId>,
    seen: BTreeSet<SideId>,
    newest: Newest,
    read: Vec<Read>,
    unclear: Vec<Unclear>,
    found: Found,
}

impl Search<'_, '_> {
    /// Of how many something was heard.
    fn heard(&self) -> usize {
        self.read.len() + self.found.gone.len() + self.unclear.len()
    }

    /// Whether somebody of this name was read already: people may be named twice.
    fn has_met(&self, name: &str, known: &[SideId]) -> bool {
        let keys = keys_of(name, self.forms);
        known.iter().any(|id| self.seen.contains(id))
            || self.seen.iter().any(|id| id.as_str() == name)
            || self.read.iter().any(|one| one.record.all_keys().any(|key| keys.contains(&key)))
    }

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
        if known.is_empty() {
            // An id that somebody merged away in GHL is known by the link that went along.
            let links = state.merged_away(name)?.into_iter();
            known.extend(links.flat_map(|ids| Side::BOTH.into_iter().filter_map(move |side| ids.tagged(side))));
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
            match self.job.ghl.find_existing(&record).await {
                Ok(found) => self.follow(found.map(RemoteId::tagged).into_iter().collect()).await?,
                Err(error) if error.is_everybodys() => return Err(error.into()),
                Err(error) => self.did_not_tell(Side::Ghl, name, not_told(&error), error),
            }
            return self.ask_newest(name, &keys).await;
        }
        // A number that can be no phone is nobody's.
        if !is_id(name) {
            return Ok(());
        }
        // Each CRM's ids have a form of their own; the likelier one is asked first.
        let is_cliengos = name.len() == 24 && name.chars().all(|letter| letter.is_ascii_hexdigit());
        let sides = if is_cliengos { [Side::Cliengo, Side::Ghl] } else { [Side::Ghl, Side::Cliengo] };
        let before = self.unclear.len();
        for side in sides {
            self.follow(vec![SideId::new(side, name)]).await?;
            if self.read.iter().any(|one| one.id.as_str() == name) {
                self.unclear.truncate(before);
                return Ok(());
            }
        }
        // What the likelier one did not tell is the matter.
        self.unclear.truncate(before + 1);
        self.seen.retain(|id| id.as_str() != name);
        Ok(())
    }

    /// Looks for somebody among Cliengo's newest contacts: a lead that a hook names is one of them.
    async fn ask_newest(&mut self, name: &str, keys: &[MatchKey]) -> Result<(), RunError> {
        let is_known =
            |one: &Read| one.id.side() == Side::Cliengo && one.record.all_keys().any(|key| keys.contains(&key));
        if self.read.iter().any(is_known) {
            return Ok(());
        }
        match self.newest.search(self.job, self.forms, keys, PAGES_FOR_A_NAME).await {
            Ok(found) => return self.follow(found).await,
            Err(error) if error.is_everybodys() => return Err(error.into()),
            Err(error) => self.did_not_tell(Side::Cliengo, name, not_read(&error), error),
        }
        Ok(())
    }

    /// A CRM did not say whether it has whom a person named.
    fn did_not_tell(&mut self, side: Side, name: &str, why: String, error: CrmError) {
        let said = Inconclusive { kind: Kind::Contact, ids: Ids::default(), label: name.to_owned(), why };
        self.unclear.push(Unclear { side, error, said });
    }

    /// Reads these contacts, and those that they are linked with.
    async fn follow(&mut self, mut open: Vec<SideId>) -> Result<(), RunError> {
        while let Some(id) = open.pop() {
            if self.forgotten.contains(&id) || !self.seen.insert(id.clone()) {
                continue;
            }
            let link = self.state.map(|state| state.link_of(Kind::Contact, &id)).transpose()?.flatten();
            let is_linked = link.is_some();
            let ids = link.as_ref().map_or_else(|| Ids::one(id.clone()), |link| link.ids.clone());
            open.extend(link.iter().flat_map(|link| Side::BOTH.into_iter().filter_map(|side| link.ids.tagged(side))));
            match self.job.look_up(Kind::Contact, &id, None).await {
                Err(error) if error.is_everybodys() => return Err(error.into()),
                // `semantics` 55, 57: neither here nor gone. The others go on.
                Err(error) => {
                    let label = self.label(link.as_ref(), id.side())?;
                    let why = error.clone().of_one_record().to_string();
                    let said = Inconclusive::of(Kind::Contact, &id, ids, label, &why);
                    self.unclear.push(Unclear { side: id.side(), error, said });
                }
                Ok(Lookup::Gone(_)) if is_linked => self.found.gone.push(id),
                Ok(Lookup::Gone(_)) => {}
                Ok(Lookup::Present(payload)) => {
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

    fn label(&self, link: Option<&LinkRow>, side: Side) -> Result<String, RunError> {
        let (Some(state), Some(link)) = (self.state, link) else { return Ok(String::new()) };
        Ok(state.base(link.id, side)?.map(|base| base.record.label()).unwrap_or_default())
    }

    /// `semantics` 57: where nobody of a side could be read, somebody else tells whether it is the CRM that cannot be.
    async fn blame(&self, into: &Intake<'_>) -> Result<(), RunError> {
        for side in Side::BOTH {
            let Some(first) = self.unclear.iter().find(|one| one.side == side) else { continue };
            let mut ids = self.read.iter().map(|one| &one.id).chain(&self.found.gone);
            if ids.any(|id| id.side() == side) {
                continue;
            }
            let others = lock(into.stage).missing(side, Kind::Contact, true)?.into_iter();
            let others = others.map(|other| SideId::new(side, other.id)).filter(|id| !self.seen.contains(id));
            let mut answers = false;
            for other in others.take(WITNESSES) {
                answers = match self.job.look_up(Kind::Contact, &other, None).await {
                    Ok(_) => true,
                    Err(error) if error.is_everybodys() => return Err(error.into()),
                    Err(_) => false,
                };
                if answers {
                    break;
                }
            }
            if !answers {
                return Err(first.error.clone().into());
            }
        }
        Ok(())
    }

    /// Looks for the other halves of those that have no link.
    async fn counterparts(&mut self, into: &Intake<'_>) -> Result<(), RunError> {
        let lone = |read: &[Read]| -> Vec<(SideId, Record)> {
            read.iter().filter(|one| !one.is_linked).map(|one| (one.id.clone(), one.record.clone())).collect()
        };
        for (id, record) in lone(&self.read).into_iter().filter(|(id, _)| id.side() == Side::Cliengo) {
            if self.is_met(&id, &record) {
                continue;
            }
            match self.job.ghl.find_existing(&record).await {
                Ok(Some(theirs)) => self.follow(vec![theirs.tagged()]).await?,
                Ok(None) => _ = self.found.alone.insert(id),
                Err(error) if error.is_everybodys() => return Err(error.into()),
                Err(error) => {
                    let (ids, label, why) = (Ids::one(id), record.label(), not_told(&error));
                    self.found.unplaced.push(Inconclusive { kind: Kind::Contact, ids, label, why });
                }
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
            if !is_held && !keys.is_empty() {
                self.among_cliengos(into, id, &record).await?;
            }
        }
        Ok(())
    }

    /// Looks for a contact of GHL among Cliengo's newest ones: who is none of them all has no counterpart.
    async fn among_cliengos(&mut self, into: &Intake<'_>, id: SideId, record: &Record) -> Result<(), RunError> {
        let keys: Vec<MatchKey> = record.all_keys().collect();
        let why = match self.newest.search(self.job, self.forms, &keys, PAGES_FOR_A_CREATE).await {
            Ok(found) if !found.is_empty() => return self.follow(found).await,
            Ok(_) => self.newest.doubt(&lock(into.stage).missing(Side::Cliengo, Kind::Contact, true)?),
            Err(error) if error.is_everybodys() => return Err(error.into()),
            Err(error) => Some(not_read(&error)),
        };
        match why {
            None => _ = self.found.alone.insert(id),
            Some(why) => {
                let (kind, ids, label) = (Kind::Contact, Ids::one(id), record.label());
                self.found.unplaced.push(Inconclusive { kind, ids, label, why });
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

/// What is said where GHL did not tell whether it has somebody.
fn not_told(error: &CrmError) -> String {
    let why = error.clone().of_one_record();
    format!("GHL was asked for this e-mail or phone and did not say clearly whether it has it: {why}")
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

/// The contacts that may be deleted because their other half is gone: what stands under them is listed before, also of a kind
/// that is switched off. (`semantics` 22)
pub(super) fn survivors(
    job: &Job<'_>,
    into: &Intake<'_>,
    state: Option<&State>,
    gone: &[SideId],
) -> Result<Parents, RunError> {
    let mut lost = Both::<Vec<String>>::default();
    let Some(state) = state.filter(|_| job.pair.contacts.on_delete == OnDelete::Propagate) else {
        return Ok(Parents::default());
    };
    for id in gone {
        let other = id.side().other();
        let link = state.link_of(Kind::Contact, id)?;
        if let Some(survivor) = link.and_then(|link| link.ids.of(other).map(str::to_owned))
            && lock(into.stage).has(other, Kind::Contact, &survivor)?
        {
            lost.of_mut(other).push(survivor);
        }
    }
    Ok(Parents::of(lost))
}
