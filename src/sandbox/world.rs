//! A handle to the world: edits as people make them, dumps, and the way back to the seed.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::account::{self, ghl::SearchLag};
use super::data::{Data, Moment};
use super::disk::{self, Disk};
use super::edit::{self, Edit};
use super::ghl::{contact_record, shown_note, task_record};
use super::{Options, Profile, SandboxError, Store, cliengo, fill, random, seed};
use crate::clock::Clock;

/// Both accounts and everything in them. Clones are handles to the same world.
#[derive(Clone, Debug)]
pub struct World {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    seed: u64,
    contacts: usize,
    profile: Profile,
    account: account::Profile,
    /// Milliseconds by which GHL's searches stay behind.
    lag: AtomicI64,
}

#[derive(Debug)]
struct State {
    data: Data,
    disk: Option<Disk>,
}

impl World {
    /// Opens the world of these options: what the file holds, else a new one from the seed.
    ///
    /// # Errors
    /// The file cannot be opened, or holds something else.
    pub fn open(options: &Options) -> Result<Self, SandboxError> {
        let mut disk = match &options.store {
            Store::Memory => None,
            Store::File(path) => Some(Disk::open(path)?),
        };
        let kept = match &disk {
            Some(disk) => disk.load()?,
            None => None,
        };
        let mut data = if let Some(data) = kept {
            data
        } else {
            let mut data = seed::world(options.seed, options.contacts);
            match &mut disk {
                Some(disk) => disk.commit(&mut data, true)?,
                None => disk::forget(&mut data),
            }
            data
        };
        data.account = options.account;
        let world = Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State { data, disk }),
                clock: Arc::clone(&options.clock),
                seed: options.seed,
                contacts: options.contacts,
                profile: options.profile,
                account: options.account,
                lag: AtomicI64::new(0),
            }),
        };
        world.set_lag(options.faults.lag().unwrap_or(options.lag.max(lag_of(options.account.ghl.search_lag))));
        Ok(world)
    }

    /// Changes a record as a person would in that CRM's own screens: dates move, and GHL's searches show it at once.
    /// Returns the edit as applied, with the ids of contact and record.
    ///
    /// # Errors
    /// The edit names a record that is not there, or a field that the side does not have.
    pub fn edit(&self, edit: &Edit) -> Result<Edit, SandboxError> {
        self.with(|data, moment| edit::apply(data, edit, moment.at_once()))?.map_err(SandboxError::Edit)
    }

    /// Applies every edit, or none: says the place of the first that cannot be applied, and why.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn edits(&self, edits: &[Edit]) -> Result<Result<Vec<Edit>, (usize, String)>, SandboxError> {
        self.with(|data, moment| {
            let before = data.clone();
            let applied = edits
                .iter()
                .enumerate()
                .map(|(at, edit)| edit::apply(data, edit, moment.at_once()).map_err(|why| (at, why)));
            let applied = applied.collect::<Result<Vec<_>, _>>();
            if applied.is_err() {
                *data = before;
            }
            applied
        })
    }

    /// Applies `count` edits that a working day could bring, and returns them. They concern people who are certainly
    /// the same on both sides, each person once while there are enough, and new ones; each changes something.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn random_edits(&self, count: usize, rng: &mut fastrand::Rng) -> Result<Vec<Edit>, SandboxError> {
        let profile = self.shared.profile;
        self.with(|data, moment| random::apply(data, count, profile, rng, moment.at_once()))?
            .map_err(SandboxError::Edit)
    }

    /// Adds many simple people at once: the first `min(cliengo, ghl)` are the same on both sides, with equal e-mail,
    /// phone, name, notes and tasks. `burst_day`: that many of Cliengo's were created on that one day.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn fill(
        &self,
        cliengo: usize,
        ghl: usize,
        burst_day: Option<(jiff::civil::Date, usize)>,
        notes_each: usize,
        tasks_each: usize,
    ) -> Result<(), SandboxError> {
        let wanted = fill::Wanted { cliengo, ghl, burst_day, notes_each, tasks_each };
        self.with(|data, _| fill::people(data, &wanted))
    }

    /// Merges one GHL contact into another as a person does there: its tags and children move, and its id is gone or shows
    /// the survivor.
    ///
    /// # Errors
    /// One of the two is not there.
    pub fn merge(&self, survivor: &str, other: &str) -> Result<(), SandboxError> {
        self.with(|data, moment| edit::merge(data, survivor, other, moment.at_once()))?.map_err(SandboxError::Edit)
    }

    /// The whole state of both sides, in a fixed order, as the listings would show it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn dump(&self) -> Result<Value, SandboxError> {
        self.with(|data, _| dump(data))
    }

    /// Goes back to the seed: everything done since is gone.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn reset(&self) -> Result<(), SandboxError> {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { data, disk } = &mut *state;
        *data = seed::world(self.shared.seed, self.shared.contacts);
        data.account = self.shared.account;
        if let Some(disk) = disk {
            return disk.commit(data, true);
        }
        disk::forget(data);
        Ok(())
    }

    /// Runs `work` on the state, alone, and writes what it changed.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Data, Moment) -> T) -> Result<T, SandboxError> {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { data, disk } = &mut *state;
        if let Some(disk) = disk
            && disk.changed_elsewhere()?
            && let Some(newer) = disk.load()?
        {
            *data = newer;
            data.account = self.shared.account;
        }
        let outcome = work(data, self.moment());
        match disk {
            Some(disk) => disk.commit(data, false)?,
            None => disk::forget(data),
        }
        Ok(outcome)
    }

    pub(super) fn now(&self) -> jiff::Timestamp {
        self.shared.clock.now()
    }

    pub(super) fn set_lag(&self, lag: Duration) {
        self.shared.lag.store(i64::try_from(lag.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    fn moment(&self) -> Moment {
        let lag = self.shared.lag.load(Ordering::SeqCst);
        let behind = self.shared.account.ghl.search_lag == SearchLag::TwentyRequests;
        Moment { now: self.now().as_millisecond(), lag, lag_requests: if behind { 20 } else { 0 } }
    }
}

/// The time by which a location's searches stay behind.
fn lag_of(lag: SearchLag) -> Duration {
    match lag {
        SearchLag::None | SearchLag::TwentyRequests => Duration::ZERO,
        SearchLag::TwoSeconds => Duration::from_secs(2),
        SearchLag::WholeRun => Duration::from_hours(3),
    }
}

fn dump(data: &Data) -> Value {
    let (cliengo, ghl, identity) = (&data.cliengo, &data.ghl, &data.identity);
    let contact_of = |id: &str| ghl.contacts.get(id).map(Arc::as_ref);
    json!({
        "cliengo": {
            "account_id": identity.account_id,
            "contacts": cliengo.contacts.all()
                .map(|contact| cliengo::shown_contact(contact, identity, false)).collect::<Vec<_>>(),
            "notes": cliengo.notes.all().map(|note| json!(note.as_ref())).collect::<Vec<_>>(),
            "tasks": cliengo.tasks.all().map(|task| json!(task.as_ref())).collect::<Vec<_>>(),
        },
        "ghl": {
            "location_id": identity.location_id,
            "contacts": ghl.contacts.all()
                .map(|contact| contact_record(contact, identity, contact.created)).collect::<Vec<_>>(),
            "notes": ghl.notes.all().map(|note| shown_note(note)).collect::<Vec<_>>(),
            "tasks": ghl.tasks.all()
                .map(|task| task_record(task, contact_of(&task.contact_id), identity)).collect::<Vec<_>>(),
            "tags": ghl.tags.all().map(|tag| json!(tag.name)).collect::<Vec<_>>(),
        },
    })
}
