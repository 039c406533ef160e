//! How far a run is, told as it goes. It decides nothing: a run that nobody watches is the same run.

use std::fmt;

use crate::record::{Kind, Side};

/// A part of a run that takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// One side's records of a kind are listed. A step is a record; where they are listed contact by contact, a contact.
    Listing(Side, Kind),
    /// The plan is applied. A step is an operation.
    Applying,
}

/// Hears how far the runs of several pairs are.
pub trait Progress: fmt::Debug + Send + Sync {
    /// `pair` begins with `part`, which takes `total` steps where that can be told; it may turn out to be more or fewer.
    fn begins(&self, pair: &str, part: Part, total: Option<u64>);

    /// So many steps of it were made.
    fn moves(&self, pair: &str, part: Part, steps: u64);

    /// It ended, well or not.
    fn ends(&self, pair: &str, part: Part);
}

/// One part, told from its making to its dropping.
#[derive(Debug)]
pub(super) struct Meter<'a> {
    progress: Option<&'a dyn Progress>,
    pair: &'a str,
    part: Part,
}

impl<'a> Meter<'a> {
    pub fn begin(progress: Option<&'a dyn Progress>, pair: &'a str, part: Part, total: Option<u64>) -> Self {
        if let Some(progress) = progress {
            progress.begins(pair, part, total);
        }
        Self { progress, pair, part }
    }

    pub fn step(&self, steps: u64) {
        if let Some(progress) = self.progress {
            progress.moves(self.pair, self.part, steps);
        }
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        if let Some(progress) = self.progress {
            progress.ends(self.pair, self.part);
        }
    }
}
