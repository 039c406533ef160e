//! How a pair stands: its last run, its next one, and whether it is overdue. Read from the state; nothing is kept.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value as Json;

use super::{Due, LIMITS, Moment, Past, Slot, due, next};
use crate::config::{Config, Schedule, ScheduledRun};
use crate::exit_code;
use crate::notify::{Gravity, without_contacts};
use crate::reconcile::{HeldReason, Mode};
use crate::record::ByKind;
use crate::state::{Ledger, PairLock, RunRow, State, StateError};

/// A due time is overdue when a run has not succeeded so long after it, and after its jitter.
pub const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// A pair, as it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The pair.
    pub pair: String,
    /// Its last run that may write; dry runs leave none.
    pub last_run: Option<RunRow>,
    /// How far that one is.
    pub progress: RunProgress,
    /// The last sync that came as far as a plan: what waits is counted in it.
    pub planned: Option<RunRow>,
    /// When its last run that went to its end began.
    pub last_success: Option<Timestamp>,
    /// What is linked.
    pub links: ByKind<u64>,
    /// Records that need a decision: those that nobody has acknowledged, and those that somebody has.
    pub decisions: Decisions,
    /// Creates whose outcome is not known.
    pub unknown_creates: usize,
    /// Its next run by the schedules; what is due already goes first.
    pub next: Option<Due>,
    /// The schedule, and its due time, that has had no successful run since.
    pub overdue: Option<(String, Timestamp)>,
    /// Why its last run failed, where it did, without contact data.
    pub failed: Option<String>,
}

/// Records that need a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decisions {
    /// Nobody has acknowledged these, or their content has changed since.
    pub new: u64,
    /// Somebody knows of these.
    pub known: u64,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunProgress {
    /// It ended, or there was none.
    #[default]
    Ended,
    /// It is under way.
    Running,
    /// Its process ended before it did.
    CutOff,
}

impl Standing {
    /// How `pair` stands at `now`. `ledger` is that of the daemon, where one has been at work.
    ///
    /// # Errors
    /// When the state or the ledger cannot be read.
    pub fn of(config: &Config, pair: &str, now: Timestamp, ledger: Option<&Ledger>) -> Result<Self, StateError> {
        let path = State::path_of(&config.state_dir, pair);
        let state = State::glance(&path)?;
        Self::read(config, pair, now, ledger, state.as_ref()).map_err(|why| why.of(&path))
    }

    fn read(
        config: &Config,
        pair: &str,
        now: Timestamp,
        ledger: Option<&Ledger>,
        state: Option<&State>,
    ) -> Result<Self, StateError> {
        let mut standing = Self {
            pair: pair.to_owned(),
            last_run: None,
            progress: RunProgress::Ended,
            planned: None,
            last_success: None,
            links: ByKind::default(),
            decisions: Decisions::default(),
            unknown_creates: 0,
            next: next_of(config, pair, now, ledger, |_| true)?,
            overdue: None,
            failed: None,
        };
        let mut done = Done::default();
        if let Some(state) = state {
            done = Done::of(state)?;
            standing.last_run = state.runs(1)?.into_iter().next();
            standing.progress = RunProgress::of(&config.state_dir, pair, standing.last_run.as_ref())?;
            standing.planned = state.last_planned()?;
            standing.links = state.link_counts()?;
            standing.decisions = Decisions::of(state, now)?;
            standing.unknown_creates = state.open_creates()?.len();
        }
        standing.last_success = done.any;
        standing.failed = failure(standing.last_run.as_ref(), standing.progress, pair, ledger)?;
        for schedule in config.schedules.iter().filter(|schedule| schedule.runs(pair)) {
            if let Some(due) = missed(schedule, pair, now, ledger, &done, standing.last_run.as_ref())? {
                standing.overdue.get_or_insert((schedule.name.clone(), due));
            }
        }
        Ok(standing)
    }

    /// A count of the last plan's summary.
    #[must_use]
    pub fn count(&self, key: &str) -> u64 {
        self.counted(&[key]).and_then(Json::as_u64).unwrap_or(0)
    }

    /// What the last run did not see of what it asked for, a line for each cause without contact data
    /// (`semantics` 51).
    #[must_use]
    pub fn unseen(&self) -> Vec<String> {
        let lines = self.last(&["unseen"]).and_then(Json::as_array);
        lines.into_iter().flatten().filter_map(Json::as_str).map(without_contacts).collect()
    }

    /// Records that wait, by reason, as the last plan counted them.
    pub fn held_by(&self) -> impl Iterator<Item = (&str, u64)> {
        let held = self.counted(&["held_by"]).and_then(Json::as_object);
        held.into_iter().flatten().map(|(reason, count)| (reason.as_str(), count.as_u64().unwrap_or(0)))
    }

    /// Operations of the last plan that did not get through; all of them where it was refused.
    #[must_use]
    pub fn pending(&self) -> u64 {
        let applied = self.counted(&["outcomes", "applied"]).and_then(Json::as_u64).unwrap_or(0);
        self.count("operations").saturating_sub(applied)
    }

    /// Records that were set aside, as the last plan counted them.
    #[must_use]
    pub fn quarantined(&self) -> u64 {
        self.counted(&["held_by", "quarantined"]).and_then(Json::as_u64).unwrap_or(0)
    }

    /// What GHL said is left of the day's quota, at the last run.
    #[must_use]
    pub fn budget_left(&self) -> Option<u64> {
        self.last(&["requests", "ghl", "daily_remaining"])?.as_u64()
    }

    /// Of the last run that has ended: one under way has nothing to tell yet.
    fn last(&self, path: &[&str]) -> Option<&Json> {
        let ended = self.last_run.as_ref().filter(|run| run.summary.is_some()).or(self.planned.as_ref());
        within(ended?, path)
    }

    fn counted(&self, path: &[&str]) -> Option<&Json> {
        within(self.planned.as_ref()?, path)
    }
}

impl Decisions {
    fn of(state: &State, now: Timestamp) -> Result<Self, StateError> {
        let mut decisions = Self::default();
        for row in state.held()? {
            // A reason that this version does not know is somebody's to look at.
            if HeldReason::named(&row.reason).is_none_or(HeldReason::needs_a_person) {
                *(if row.is_known(now) { &mut decisions.known } else { &mut decisions.new }) += 1;
            }
        }
        Ok(decisions)
    }
}

fn within<'a>(run: &'a RunRow, path: &[&str]) -> Option<&'a Json> {
    path.iter().try_fold(run.summary.as_ref()?, |value, key| value.get(key))
}

impl RunProgress {
    /// How far the last run of `pair` is. One that is written down as running, while nobody holds the pair's lock, was cut off.
    ///
    /// # Errors
    /// When the lock cannot be looked at.
    pub fn of(state_dir: &Path, pair: &str, last: Option<&RunRow>) -> Result<Self, StateError> {
        if last.is_none_or(|last| last.status != RUNNING) {
            return Ok(Self::Ended);
        }
        let held = PairLock::holder(state_dir, pair)?;
        Ok(if held.is_some() { Self::Running } else { Self::CutOff })
    }
}

/// The status of a run that has not ended, in the history.
const RUNNING: &str = "running";

/// When runs that went to their end began.
#[derive(Default)]
struct Done {
    any: Option<Timestamp>,
    full: Option<Timestamp>,
}

impl Done {
    fn of(state: &State) -> Result<Self, StateError> {
        let by_mode = state.last_done()?;
        let of = |mode: Mode| by_mode.get(mode.as_str()).copied();
        let full = of(Mode::Full).max(of(Mode::Rebuild));
        Ok(Self { any: full.max(of(Mode::Incremental)), full })
    }
}

fn failure(
    last: Option<&RunRow>,
    progress: RunProgress,
    pair: &str,
    ledger: Option<&Ledger>,
) -> Result<Option<String>, StateError> {
    if let Some(last) = last.filter(|_| progress == RunProgress::CutOff) {
        let id = last.id;
        let what = "what it sent is in its journal, and the next run reads back what got no answer";
        return Ok(Some(format!("run {id} was cut off: its process ended before it did; {what}")));
    }
    if let Some(last) = last.filter(|last| last.status == "failed") {
        let why = last.summary.as_ref().and_then(|summary| summary.get("error")?.as_str());
        let why = why.and_then(|why| why.lines().next()).unwrap_or("the run did not end");
        return Ok(Some(without_contacts(why)));
    }
    // What fails before it begins is in no history: a secret that is missing, a process that died.
    let Some(ended) = ledger.map(|ledger| ledger.last_ended(pair)).transpose()?.flatten() else { return Ok(None) };
    let code = ended.code;
    // A run that its process did not outlive stands in the history as if it still ran.
    let until = |last: &RunRow| if last.status == RUNNING { ended.ended } else { ended.at };
    let is_last = last.is_none_or(|last| last.started < until(last));
    let failed = Gravity::of(code) == Gravity::Failed && code != exit_code::LOCKED && is_last;
    Ok(failed.then(|| format!("schedule {} ended with exit code {code}", ended.schedule)))
}

fn missed(
    schedule: &Schedule,
    pair: &str,
    now: Timestamp,
    ledger: Option<&Ledger>,
    done: &Done,
    last: Option<&RunRow>,
) -> Result<Option<Timestamp>, StateError> {
    let success = match schedule.run {
        ScheduledRun::Sync => done.any,
        ScheduledRun::Full => done.full,
        // A dry run leaves nothing to be judged by.
        ScheduledRun::Plan => return Ok(None),
    };
    let jitter = SignedDuration::try_from(schedule.jitter).unwrap_or_default();
    let Ok(before) = now.checked_sub(GRACE + jitter) else { return Ok(None) };
    let Some(due) = schedule.times.latest(before, &schedule.timezone) else { return Ok(None) };
    let known = ledger.map(|ledger| ledger.since(&schedule.name, pair, &schedule.meaning())).transpose()?.flatten();
    let counts = match known {
        Some(since) => due > since,
        // No daemon knows of it: cron or systemd may run it, once there has been a first time.
        None => done.any.is_some(),
    };
    // One that has run for longer than any may is none.
    let longest = SignedDuration::try_from(LIMITS.run).unwrap_or_default();
    let is_at_work = last.is_some_and(|last| {
        last.status == RUNNING && last.started >= due && now.duration_since(last.started) < longest
    });
    let has_run = success.is_some_and(|success| success >= due);
    Ok((counts && !has_run && !is_at_work).then_some(due))
}

/// The next run of `pair` by the schedules that may write; what is due already goes first.
///
/// # Errors
/// When the ledger cannot be read.
pub fn next_sync(
    config: &Config,
    pair: &str,
    now: Timestamp,
    ledger: Option<&Ledger>,
) -> Result<Option<Due>, StateError> {
    next_of(config, pair, now, ledger, |schedule| schedule.run != ScheduledRun::Plan)
}

fn next_of(
    config: &Config,
    pair: &str,
    now: Timestamp,
    ledger: Option<&Ledger>,
    counts: impl Fn(&Schedule) -> bool,
) -> Result<Option<Due>, StateError> {
    let known = ledger.map(Ledger::known_seed).transpose()?.flatten();
    let seed = known.unwrap_or_default();
    let mut coming = Vec::new();
    for schedule in config.schedules.iter().filter(|schedule| schedule.runs(pair) && counts(schedule)) {
        let next = next(schedule, pair, now, seed);
        // Without a daemon there is no jitter to tell of.
        coming.extend(next.map(|next| if known.is_some() { next } else { Due { starts: next.due, ..next } }));
        let Some(ledger) = ledger else { continue };
        let Some(since) = ledger.since(&schedule.name, pair, &schedule.meaning())? else { continue };
        let slot = Slot { schedule: schedule.name.clone(), pair: pair.to_owned() };
        let past = [(slot, Past::new(since, ledger.started(&schedule.name, pair, 100)?))].into();
        let at = Moment { now, up_since: now, seed };
        coming.extend(due(&at, std::slice::from_ref(schedule), &[pair.to_owned()], &past));
    }
    Ok(coming.into_iter().min_by_key(|run| (run.due, run.slot.schedule.clone())))
}
