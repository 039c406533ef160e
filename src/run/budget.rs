//! What a run may ask of GHL's daily quota, and when it has to leave the rest to the next one (`daily_budget`,
//! `semantics` 65).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::session::Job;
use crate::record::Side;

/// Requests that one operation may take: a look before it, the write, and what reads it back.
const OF_AN_OPERATION: u64 = 4;

/// Where everybody's notes are listed, at least one of so many requests stays for writing.
const FOR_WRITING: u64 = 10;

/// And at least so many, or half of what is left where that is less: a small quota is not spent on looking alone.
const WRITING: u64 = 100;

/// A run's share of what was left of GHL's day when it began.
#[derive(Debug)]
pub(super) struct Budget {
    /// What it began with; `None`: GHL tells of no quota.
    whole: Option<u64>,
    /// What stays for others.
    floor: u64,
    /// Operations on GHL that are under way.
    under_way: AtomicU64,
    /// Whether something was left for another run.
    is_spent: AtomicBool,
}

impl Budget {
    /// The budget as GHL's first answers in this run told it.
    pub(super) fn of(job: &Job<'_>) -> Self {
        let remaining = job.ghl.usage().daily_remaining;
        #[expect(clippy::cast_precision_loss, reason = "quotas are far below 2^52")]
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a quota is within it")]
        let share = |remaining: u64| (remaining as f64 * job.pair.ghl.daily_budget) as u64;
        Self {
            whole: remaining.map(share),
            floor: remaining.map_or(0, |remaining| remaining.saturating_sub(share(remaining))),
            under_way: AtomicU64::default(),
            is_spent: AtomicBool::default(),
        }
    }

    /// How many requests of it are left; `None`: as many as it takes.
    pub(super) fn left(&self, job: &Job<'_>) -> Option<u64> {
        self.whole?;
        job.ghl.usage().daily_remaining.map(|remaining| remaining.saturating_sub(self.floor))
    }

    /// Whether so many contacts' notes can all be listed, with something left to write.
    pub(super) fn allows_everybody(&self, job: &Job<'_>, contacts: u64) -> bool {
        let for_writing = |left: u64| (left / FOR_WRITING).max(WRITING).min(left / 2);
        self.left(job).is_none_or(|left| contacts.saturating_add(for_writing(left)) <= left)
    }

    /// How many contacts' notes are listed where not everybody's can be: half of what is left is for writing.
    pub(super) fn contacts(&self, job: &Job<'_>) -> Option<usize> {
        self.left(job).map(|left| usize::try_from(left / 2).unwrap_or(usize::MAX).max(1))
    }

    /// Whether an operation on `side` can be begun; where it can, [`Budget::done`] is to follow.
    pub(super) fn admits(&self, job: &Job<'_>, side: Side) -> bool {
        if side == Side::Cliengo {
            return true;
        }
        let before = self.under_way.fetch_add(1, Ordering::SeqCst);
        let needed = before.saturating_add(1).saturating_mul(OF_AN_OPERATION);
        let admits = self.left(job).is_none_or(|left| left >= needed);
        if !admits {
            self.done(side);
            self.is_spent.store(true, Ordering::SeqCst);
        }
        admits
    }

    /// An operation that was admitted is over.
    pub(super) fn done(&self, side: Side) {
        if side == Side::Ghl {
            self.under_way.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Whether something was left for another run.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent.load(Ordering::SeqCst)
    }

    /// In how many runs like this one so many requests can be made, at least one.
    pub(super) fn runs_for(&self, requests: u64) -> u64 {
        // About half of a run is spent on looking.
        let writes = self.whole.map_or(u64::MAX, |whole| (whole / 2).max(1));
        requests.div_ceil(writes).max(1)
    }
}
