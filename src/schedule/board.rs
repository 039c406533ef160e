//! What the daemon says of itself: written by its loop, read by whoever asks over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::Due;
use crate::config::Config;

/// A heart that has not beaten for so long has stopped: three beats were missed.
pub const SILENCE: SignedDuration = SignedDuration::from_mins(3);

/// The daemon, as it is now.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Since when it runs.
    pub up_since: Timestamp,
    /// When its heart last beat.
    pub heartbeat: Timestamp,
    /// What it runs by.
    pub config: Arc<Config>,
    /// The pairs that it takes care of.
    pub pairs: Vec<String>,
    /// What runs, by pair, and since when.
    pub running: BTreeMap<String, (Due, Timestamp)>,
    /// Why the last reload was refused, where it was.
    pub refused: Option<String>,
    /// Why the last start could not be written down, where it could not.
    pub unwritable: Option<String>,
}

impl Shown {
    /// Whether its heart beats.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        // A clock that was set back makes a beat of the future: that is no silence.
        now.duration_since(self.heartbeat) <= SILENCE
    }
}

/// Where the daemon is shown.
#[derive(Debug)]
pub struct Board(Mutex<Shown>);

impl Board {
    /// A board that shows this.
    #[must_use]
    pub fn new(shown: Shown) -> Self {
        Self(Mutex::new(shown))
    }

    /// What is shown now.
    #[must_use]
    pub fn shown(&self) -> Shown {
        self.lock().clone()
    }

    /// Changes what is shown.
    pub fn change(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
