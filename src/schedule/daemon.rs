//! The daemon's loop: it starts what is due, takes in what came of it, and ends when it is asked to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::hints::{self, Hint, Hints};
use super::round::Round;
use super::worker::{Limits, Turn, Worker, contained};
use super::{Board, Due, Moment, Past, Shown, Slot, due, next, pick, systemd};
use crate::clock::Clock;
use crate::config::{Config, Documents, Schedule, ScheduledRun};
use crate::notify::{Gravity, Notifier, Told};
use crate::state::{Ledger, StateError};

/// What is due is looked for at least this often, whatever the heartbeat does.
const SAFETY: Duration = Duration::from_mins(5);
/// A clock that moved by so much more or less than time did was set.
const JUMP: SignedDuration = SignedDuration::from_mins(2);
/// How many starts of a slot the ledger keeps.
const KEPT: u32 = 5_000;
/// How many of them are looked at.
const LOOKED_AT: u32 = 1_000;

/// How many hints may come while the loop is busy.
const HINTS: usize = 256;

/// What the daemon runs by; another one after a reload.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The configuration.
    pub config: Arc<Config>,
    /// Its text, for the runs.
    pub documents: Arc<Documents>,
    /// The pairs to take care of.
    pub pairs: Vec<String>,
    /// Who hears of a run.
    pub notifier: Arc<Notifier>,
}

/// What a reload brings: what the daemon runs by from now on, or why it goes on as before.
pub type Reload = Result<Settings, String>;

/// A due time of a schedule.
type RoundKey = (String, Timestamp);

/// Starts what is due, and knows what runs.
#[derive(Debug)]
pub struct Daemon<W> {
    worker: W,
    clock: Arc<dyn Clock>,
    ledger: Ledger,
    limits: Limits,
    settings: Settings,
    seed: u64,
    up_since: Timestamp,
    past: BTreeMap<Slot, Past>,
    runs: JoinSet<Told>,
    running: HashMap<Id, Due>,
    /// The pairs that look at whom a hook named.
    looking: HashMap<Id, String>,
    hints: Hints,
    hinted: (mpsc::Sender<Hint>, mpsc::Receiver<Hint>),
    rounds: BTreeMap<RoundKey, Round>,
    tellings: JoinSet<()>,
    stop_runs: CancellationToken,
    board: Arc<Board>,
    last_beat: Instant,
    last_look: (Timestamp, Instant),
    last_status: String,
}

impl<W: Worker> Daemon<W> {
    /// Makes ready; nothing is started yet. `fresh` is the seed of a ledger that has none.
    ///
    /// # Errors
    /// When the ledger cannot be read or written.
    pub fn new(
        settings: Settings,
        worker: W,
        clock: Arc<dyn Clock>,
        ledger: Ledger,
        fresh: u64,
        limits: Limits,
    ) -> Result<Self, StateError> {
        let now = clock.now();
        let board = Board::new(Shown {
            up_since: now,
            heartbeat: now,
            config: Arc::clone(&settings.config),
            pairs: settings.pairs.clone(),
            running: BTreeMap::new(),
            refused: None,
            unwritable: None,
        });
        Ok(Self {
            worker,
            limits,
            seed: ledger.seed(fresh)?,
            past: remembered(&ledger, &settings, now)?,
            ledger,
            settings,
            up_since: now,
            clock,
            runs: JoinSet::new(),
            running: HashMap::new(),
            looking: HashMap::new(),
            hints: Hints::default(),
            hinted: mpsc::channel(HINTS),
            rounds: BTreeMap::new(),
            tellings: JoinSet::new(),
            stop_runs: CancellationToken::new(),
            board: Arc::new(board),
            last_beat: Instant::now(),
            last_look: (now, Instant::now()),
            last_status: String::new(),
        })
    }

    /// Where it is shown.
    #[must_use]
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&self.board)
    }

    /// Runs the schedules until `stop`, then lets what runs finish what is in flight. The first look, at once, is what
    /// catches up.
    pub async fn run(
        mut self,
        mut beats: mpsc::Receiver<()>,
        mut reloads: mpsc::Receiver<Reload>,
        stop: CancellationToken,
    ) {
        systemd::ready();
        let (schedules, pairs) = (self.settings.config.schedules.len(), self.settings.pairs.len());
        info!(schedules, pairs, "ready");
        let pulse = systemd::pulse();
        while !stop.is_cancelled() {
            self.notice_jumps();
            let waiting = self.start_what_is_due();
            self.look_at_whom_hooks_named();
            self.close_rounds(&waiting);
            self.show();
            let until_next = self.until_next();
            tokio::select! {
                () = stop.cancelled() => {}
                Some(()) = beats.recv() => self.beat(),
                Some(reload) = reloads.recv() => self.reload(reload),
                Some(hint) = self.hinted.1.recv() => self.take(hint),
                Some(ended) = self.runs.join_next_with_id() => self.ended(ended),
                Some(_) = self.tellings.join_next() => {}
                () = sleep(until_next) => {}
                () = pulsing(pulse) => self.pulse(),
            }
        }
        self.drain(pulse).await;
    }

    /// Where hooks say whom to look at.
    #[must_use]
    pub fn hints(&self) -> mpsc::Sender<Hint> {
        self.hinted.0.clone()
    }

    fn take(&mut self, hint: Hint) {
        let pair = hint.pair.clone();
        if !self.hints.add(hint, self.clock.now()) {
            warn!(pair, "too many hooks at once: whom this one named is left to the nightly run");
        }
    }

    /// Starts a run of those alone whom hooks named, of each pair that has some and does not run.
    fn look_at_whom_hooks_named(&mut self) {
        let now = self.clock.now();
        while self.at_work().len() < self.settings.config.max_parallel {
            let at_work = self.at_work();
            let Some((pair, only)) = self.hints.take(now, |pair| at_work.contains(pair)) else { return };
            if !self.settings.pairs.contains(&pair) {
                continue;
            }
            info!(pair, people = only.len(), "a hook named somebody: run begins");
            let documents = Arc::clone(&self.settings.documents);
            let turn = Turn { pair: pair.clone(), run: ScheduledRun::Sync, only, documents };
            let contained = contained(self.worker.clone(), turn, self.stop_runs.child_token(), self.limits);
            let task = self.runs.spawn(contained);
            self.looking.insert(task.id(), pair);
        }
    }

    /// The pairs that run, for whatever reason.
    fn at_work(&self) -> BTreeSet<String> {
        self.running.values().map(|run| run.slot.pair.clone()).chain(self.looking.values().cloned()).collect()
    }

    fn beat(&mut self) {
        self.last_beat = Instant::now();
        let now = self.clock.now();
        self.board.change(|shown| shown.heartbeat = now);
    }

    /// systemd restarts a daemon whose heart stands still.
    fn pulse(&self) {
        let silence = Duration::try_from(super::SILENCE).unwrap_or_default();
        if self.last_beat.elapsed() <= silence {
            systemd::alive();
        }
    }

    /// Takes what was read again, or keeps what was read before. What runs goes on either way.
    fn reload(&mut self, reload: Reload) {
        systemd::reloading();
        let known = reload.and_then(|settings| {
            let past = remembered(&self.ledger, &settings, self.clock.now());
            past.map(|past| (settings, past)).map_err(|why| why.to_string())
        });
        match known {
            Ok((settings, past)) => {
                info!(schedules = settings.config.schedules.len(), pairs = settings.pairs.len(), "reloaded");
                self.past = past;
                self.board.change(|shown| {
                    shown.config = Arc::clone(&settings.config);
                    shown.pairs.clone_from(&settings.pairs);
                    shown.refused = None;
                });
                self.settings = settings;
            }
            Err(why) => {
                error!("the reload is refused, what was read before stays: {why}");
                self.board.change(|shown| shown.refused = Some(why));
            }
        }
        systemd::ready();
    }

    /// Starts what is due and may start. Gives the rounds of which something is still to start.
    fn start_what_is_due(&mut self) -> BTreeSet<RoundKey> {
        let now = self.clock.now();
        let at = Moment { now, up_since: self.up_since, seed: self.seed };
        let found = due(&at, &self.settings.config.schedules, &self.settings.pairs, &self.past);
        let running = self.at_work();
        let room = self.settings.config.max_parallel.saturating_sub(running.len());
        let picked = pick(found.clone(), now, &running, room, &self.past);
        let mut waiting: BTreeMap<&Slot, RoundKey> = found.iter().map(|run| (&run.slot, key(run))).collect();
        for run in &picked {
            if self.start(run, now) {
                waiting.remove(&run.slot);
            }
        }
        waiting.into_values().collect()
    }

    /// Starts a run, once that is written down. `false` where it cannot be: it is tried again at the next look.
    fn start(&mut self, run: &Due, now: Timestamp) -> bool {
        let Slot { schedule, pair } = &run.slot;
        let is_new = match self.ledger.start(schedule, pair, run.due, now) {
            Ok(is_new) => is_new,
            Err(why) => {
                error!(pair, schedule, "a run cannot be written down, so it does not start: {why}");
                self.board.change(|shown| shown.unwritable = Some(why.to_string()));
                return false;
            }
        };
        self.past.entry(run.slot.clone()).or_insert_with(|| Past::new(now, [])).note(run.due);
        if !is_new {
            return true;
        }
        info!(pair, schedule, due = %run.due, run = run.run.as_str(), "run begins");
        self.board.change(|shown| {
            shown.unwritable = None;
            shown.running.insert(pair.clone(), (run.clone(), now));
        });
        self.rounds.entry(key(run)).or_insert_with(|| Round::begin(&self.settings.notifier));
        let turn = Turn {
            pair: pair.clone(),
            run: run.run,
            only: Vec::new(),
            documents: Arc::clone(&self.settings.documents),
        };
        let contained = contained(self.worker.clone(), turn, self.stop_runs.child_token(), self.limits);
        let task = self.runs.spawn(contained);
        self.running.insert(task.id(), run.clone());
        true
    }

    fn ended(&mut self, ended: Result<(Id, Told), JoinError>) {
        let (id, told) = match ended {
            Ok((id, told)) => (id, Some(told)),
            Err(why) => (why.id(), None),
        };
        if let Some(pair) = self.looking.remove(&id) {
            hints::looked(&pair, told);
            return;
        }
        let Some(run) = self.running.remove(&id) else { return };
        let Slot { schedule, pair } = &run.slot;
        let told = told.unwrap_or_else(|| Told::died(pair, "a part of the daemon panicked"));
        let now = self.clock.now();
        self.board.change(|shown| {
            shown.running.remove(pair);
        });
        if let Err(why) = self.ledger.end(schedule, pair, run.due, now, told.code) {
            warn!(pair, schedule, "what came of a run cannot be written down: {why}");
        }
        let lines = told.lines.join(" / ");
        match Gravity::of(told.code) {
            Gravity::Failed => error!(pair, schedule, code = told.code, "run ended: {lines}"),
            Gravity::Held | Gravity::Fine => info!(pair, schedule, code = told.code, "run ended: {lines}"),
        }
        if let Some(round) = self.rounds.get_mut(&key(&run)) {
            round.note(told);
        }
    }

    /// Tells of the rounds of which nothing runs and nothing is still to start.
    fn close_rounds(&mut self, waiting: &BTreeSet<RoundKey>) {
        let at_work: BTreeSet<RoundKey> = self.running.values().map(key).collect();
        let is_over = |key: &RoundKey| !at_work.contains(key) && !waiting.contains(key);
        let over: Vec<RoundKey> = self.rounds.keys().filter(|key| is_over(key)).cloned().collect();
        for key in over {
            if let Some(round) = self.rounds.remove(&key) {
                self.tellings.spawn(round.end(key.0));
            }
        }
    }

    /// How long nothing can become due.
    fn until_next(&self) -> Duration {
        let now = self.clock.now();
        let at = Moment { now, up_since: self.up_since, seed: self.seed };
        let schedules = &self.settings.config.schedules;
        let delayed = due(&at, schedules, &self.settings.pairs, &self.past).into_iter().map(|run| run.starts);
        let coming = schedules.iter().filter_map(|schedule| schedule.times.next(now, &schedule.timezone));
        let hinted = self.hints.next().filter(|at| *at > now);
        let first = delayed.filter(|starts| *starts > now).chain(coming).chain(hinted).min();
        let until = first.and_then(|first| Duration::try_from(first.duration_since(now)).ok()).unwrap_or(SAFETY);
        until.clamp(Duration::from_millis(1), SAFETY)
    }

    /// Says when the clock was set. Nothing starts twice because of it, and nothing is silenced.
    fn notice_jumps(&mut self) {
        let (now, instant) = (self.clock.now(), Instant::now());
        let (last, last_instant) = self.last_look;
        self.last_look = (now, instant);
        let passed = SignedDuration::try_from(instant.duration_since(last_instant)).unwrap_or_default();
        let jump = now.duration_since(last) - passed;
        if jump.abs() < JUMP {
            return;
        }
        warn!("the clock was set by {jump:#}: it is {now} now. A due time that was started is not started again");
        match remembered(&self.ledger, &self.settings, now) {
            Ok(past) => self.past = past,
            Err(why) => warn!("the ledger cannot be read: {why}"),
        }
    }

    /// What systemd shows.
    fn show(&mut self) {
        let pairs: BTreeSet<&str> = self.running.values().map(|run| run.slot.pair.as_str()).collect();
        let at_work = match pairs.len() {
            0 => "idle".to_owned(),
            1..=5 => format!("at work: {}", pairs.into_iter().collect::<Vec<_>>().join(", ")),
            many => format!("at work: {many} pairs"),
        };
        let next = self.next_run().map(|run| format!("; next: {} at {}", run.slot.schedule, run.due));
        let status = at_work + &next.unwrap_or_default();
        if status != self.last_status {
            systemd::status(&status);
            self.last_status = status;
        }
    }

    fn next_run(&self) -> Option<Due> {
        let now = self.clock.now();
        let of = |schedule: &Schedule| {
            let pair = self.settings.pairs.iter().find(|pair| schedule.runs(pair))?;
            next(schedule, pair, now, self.seed)
        };
        self.settings.config.schedules.iter().filter_map(of).min_by_key(|run| run.due)
    }

    /// Lets what runs finish what is in flight, and tells of it.
    async fn drain(mut self, pulse: Option<Duration>) {
        systemd::stopping();
        info!(running = self.running.len() + self.looking.len(), "stopping");
        self.stop_runs.cancel();
        let farewell = sleep(self.limits.farewell);
        tokio::pin!(farewell);
        while !self.runs.is_empty() {
            tokio::select! {
                Some(ended) = self.runs.join_next_with_id() => self.ended(ended),
                () = &mut farewell => {
                    warn!("what still runs is killed: it did not stop in time; the next runs go on from there");
                    break;
                }
                () = pulsing(pulse) => systemd::alive(),
            }
        }
        self.runs.shutdown().await;
        self.close_rounds(&BTreeSet::new());
        while self.tellings.join_next().await.is_some() {}
        info!("stopped");
    }
}

fn key(run: &Due) -> RoundKey {
    (run.slot.schedule.clone(), run.due)
}

async fn pulsing(pulse: Option<Duration>) {
    match pulse {
        Some(pulse) => sleep(pulse).await,
        None => std::future::pending().await,
    }
}

/// What the ledger knows of every slot.
fn remembered(ledger: &Ledger, settings: &Settings, now: Timestamp) -> Result<BTreeMap<Slot, Past>, StateError> {
    let mut past = BTreeMap::new();
    for schedule in &settings.config.schedules {
        for pair in settings.pairs.iter().filter(|pair| schedule.runs(pair)) {
            let name = &schedule.name;
            ledger.forget(name, pair, KEPT)?;
            let since = ledger.know(name, pair, &schedule.meaning(), now)?;
            let slot = Slot { schedule: name.clone(), pair: pair.clone() };
            past.insert(slot, Past::new(since, ledger.started(name, pair, LOOKED_AT)?));
        }
    }
    Ok(past)
}
