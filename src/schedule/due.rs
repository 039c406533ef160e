//! Which runs are due: pure, of the time, the schedules and what was started before.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::config::{Schedule, ScheduledRun};

/// A schedule, for one of its pairs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The schedule's name.
    pub schedule: String,
    /// The pair's.
    pub pair: String,
}

/// What is remembered of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Due times up to here do not count: the slot was not known then.
    pub since: Timestamp,
    /// The due times that were started.
    pub started: BTreeSet<Timestamp>,
}

/// The moment for which is asked what is due.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// Since when there has been somebody to ask.
    pub up_since: Timestamp,
    /// What every jitter follows from.
    pub seed: u64,
}

/// A run whose time has come, but for its jitter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose it is.
    pub slot: Slot,
    /// What is run.
    pub run: ScheduledRun,
    /// The instant that the schedule names.
    pub due: Timestamp,
    /// When it starts: `due` and its jitter.
    pub starts: Timestamp,
}

/// The runs that are due and were not started. However many due times were missed, a slot has one: the last.
///
/// A due time counts when it was not started, lies after the slot was first known and, without `catch_up`, after
/// somebody was there to run it. That it was started, and not that it is later than the last, is what is asked: so it
/// never starts twice, and a clock that was set back from a wrong future silences nothing.
#[must_use]
pub fn due(at: &Moment, schedules: &[Schedule], pairs: &[String], past: &BTreeMap<Slot, Past>) -> Vec<Due> {
    let mut found = Vec::new();
    for schedule in schedules {
        let Some(due) = schedule.times.latest(at.now, &schedule.timezone) else { continue };
        if !schedule.catch_up && due < at.up_since {
            continue;
        }
        let within = within(schedule, due);
        for pair in pairs.iter().filter(|pair| schedule.runs(pair)) {
            let slot = Slot { schedule: schedule.name.clone(), pair: pair.clone() };
            let counts = past.get(&slot).is_some_and(|past| due > past.since && !past.started.contains(&due));
            if counts {
                let starts = starts(at.seed, &slot, due, within);
                found.push(Due { slot, run: schedule.run, due, starts });
            }
        }
    }
    found
}

/// When the slot of `pair` runs next after `now`, leaving aside what is due already.
#[must_use]
pub fn next(schedule: &Schedule, pair: &str, now: Timestamp, seed: u64) -> Option<Due> {
    let due = schedule.times.next(now, &schedule.timezone)?;
    let slot = Slot { schedule: schedule.name.clone(), pair: pair.to_owned() };
    let starts = starts(seed, &slot, due, within(schedule, due));
    Some(Due { slot, run: schedule.run, due, starts })
}

/// Of the runs that are due, those to start now: no pair twice at a time, at most `room` of them.
///
/// Of one pair's, the earlier due time goes first; at one instant a full sync goes before a sync, and a sync before a
/// plan. Among pairs, who has waited longest since its last start goes first, so that none is left out for ever.
#[must_use]
pub fn pick(
    due: Vec<Due>,
    now: Timestamp,
    running: &BTreeSet<String>,
    room: usize,
    past: &BTreeMap<Slot, Past>,
) -> Vec<Due> {
    let mut of_pair: BTreeMap<String, Due> = BTreeMap::new();
    for run in due.into_iter().filter(|run| run.starts <= now && !running.contains(&run.slot.pair)) {
        match of_pair.get(&run.slot.pair) {
            Some(first) if turn(first) <= turn(&run) => {}
            _ => {
                of_pair.insert(run.slot.pair.clone(), run);
            }
        }
    }
    let mut picked: Vec<Due> = of_pair.into_values().collect();
    let last = |run: &Due| past.get(&run.slot).and_then(|past| past.started.last().copied());
    picked.sort_by_key(|run| (last(run), run.due));
    picked.truncate(room);
    picked
}

fn turn(run: &Due) -> (Timestamp, u8, &str) {
    let rank = match run.run {
        ScheduledRun::Full => 0,
        ScheduledRun::Sync => 1,
        ScheduledRun::Plan => 2,
    };
    (run.due, rank, &run.slot.schedule)
}

/// The longest jitter of a due time. It leaves half of the time to the next one, so that no due time is overtaken by
/// the one after it before it could start.
fn within(schedule: &Schedule, due: Timestamp) -> Duration {
    let next = schedule.times.next(due, &schedule.timezone);
    let apart = next.and_then(|next| Duration::try_from(next.duration_since(due)).ok());
    apart.map_or(schedule.jitter, |apart| schedule.jitter.min(apart / 2))
}

/// The same for one slot and due time whenever it is asked, also after a restart.
fn starts(seed: u64, slot: &Slot, due: Timestamp, within: Duration) -> Timestamp {
    let whole = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    if whole == 0 {
        return due;
    }
    let text = format!("{seed} {} {} {due}", slot.schedule, slot.pair);
    let hash = blake3::hash(text.as_bytes());
    let mut first = [0; 8];
    for (byte, hashed) in first.iter_mut().zip(hash.as_bytes()) {
        *byte = *hashed;
    }
    let milliseconds = i64::try_from(u64::from_le_bytes(first) % whole).unwrap_or_default();
    due.checked_add(SignedDuration::from_millis(milliseconds)).unwrap_or(due)
}

/// How many of a slot's starts are held in memory.
const REMEMBERED: usize = 1_000;

impl Past {
    /// Takes note of a start.
    pub fn note(&mut self, due: Timestamp) {
        self.started.insert(due);
        if self.started.len() > REMEMBERED {
            self.started.pop_first();
        }
    }

    /// What is remembered at first.
    #[must_use]
    pub fn new(since: Timestamp, started: impl IntoIterator<Item = Timestamp>) -> Self {
        let mut newest: Vec<Timestamp> = started.into_iter().collect();
        newest.sort_by_key(|due| Reverse(*due));
        Self { since, started: newest.into_iter().take(REMEMBERED).collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn schedules(toml: &str) -> Vec<Schedule> {
        let text = format!("[pair.one]\nsandbox = true\n[pair.two]\nsandbox = true\n{toml}");
        Config::parse(&text, Path::new("schedules.toml")).unwrap().schedules
    }

    fn nightly(more: &str) -> Vec<Schedule> {
        schedules(&format!(
            "[[schedule]]\nname = \"nightly\"\ncron = \"0 3 * * *\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n{more}"
        ))
    }

    fn slot(schedule: &str, pair: &str) -> Slot {
        Slot { schedule: schedule.to_owned(), pair: pair.to_owned() }
    }

    /// A small world: what is remembered, and who asks.
    struct World {
        schedules: Vec<Schedule>,
        past: BTreeMap<Slot, Past>,
        up_since: Timestamp,
    }

    impl World {
        fn new(schedules: Vec<Schedule>, since: &str) -> Self {
            let since = at(since);
            let slots = schedules.iter().flat_map(|schedule| {
                let runs = ["one", "two"].into_iter().filter(|pair| schedule.runs(pair));
                runs.map(|pair| (slot(&schedule.name, pair), Past::new(since, []))).collect::<Vec<_>>()
            });
            Self { past: slots.collect(), schedules, up_since: since }
        }

        fn due(&self, now: &str) -> Vec<Due> {
            let moment = Moment { now: at(now), up_since: self.up_since, seed: 7 };
            due(&moment, &self.schedules, &["one".to_owned(), "two".to_owned()], &self.past)
        }

        /// What starts now, written down as started: `nightly/one 2026-…`.
        fn start(&mut self, now: &str, running: &[&str], room: usize) -> Vec<String> {
            let running = running.iter().map(|pair| (*pair).to_owned()).collect();
            let picked = pick(self.due(now), at(now), &running, room, &self.past);
            for run in &picked {
                self.past.get_mut(&run.slot).unwrap().note(run.due);
            }
            picked.iter().map(|run| format!("{}/{} {}", run.slot.schedule, run.slot.pair, run.due)).collect()
        }
    }

    const ONE: &str = "pairs = [\"one\"]\njitter = \"0s\"\n";

    #[test]
    fn a_schedule_runs_once_at_its_time_and_not_before() {
        let mut world = World::new(nightly(ONE), "2026-11-23T12:00:00Z");
        assert_eq!(world.start("2026-11-24T05:59:59Z", &[], 8), [""; 0]);
        assert_eq!(world.start("2026-11-24T06:00:00Z", &[], 8), ["nightly/one 2026-11-24T06:00:00Z"]);
        assert_eq!(world.start("2026-11-24T06:00:30Z", &[], 8), [""; 0]);
        assert_eq!(world.start("2026-11-25T06:10:00Z", &[], 8), ["nightly/one 2026-11-25T06:00:00Z"]);
    }

    #[test]
    fn many_missed_runs_are_caught_up_as_one() {
        let mut world = World::new(nightly(ONE), "2026-11-01T12:00:00Z");
        world.up_since = at("2026-11-24T15:00:00Z");
        assert_eq!(world.start("2026-11-24T15:00:00Z", &[], 8), ["nightly/one 2026-11-24T06:00:00Z"]);
        assert_eq!(world.start("2026-11-24T15:01:00Z", &[], 8), [""; 0]);
    }

    #[test]
    fn without_catch_up_a_missed_run_stays_missed() {
        let mut world = World::new(nightly(&format!("{ONE}catch_up = false\n")), "2026-11-01T12:00:00Z");
        world.up_since = at("2026-11-24T15:00:00Z");
        assert_eq!(world.start("2026-11-24T15:00:00Z", &[], 8), [""; 0]);
        assert_eq!(world.start("2026-11-25T06:00:10Z", &[], 8), ["nightly/one 2026-11-25T06:00:00Z"]);
    }

    #[test]
    fn what_was_due_before_a_schedule_was_known_is_not_made_up_for() {
        let mut world = World::new(nightly(ONE), "2026-11-24T15:00:00Z");
        assert_eq!(world.start("2026-11-24T15:00:00Z", &[], 8), [""; 0]);
    }

    #[test]
    fn a_clock_that_is_set_back_starts_nothing_twice() {
        let mut world = World::new(nightly(ONE), "2026-11-20T12:00:00Z");
        world.start("2026-11-23T06:00:00Z", &[], 8);
        world.start("2026-11-24T06:30:00Z", &[], 8);
        for now in ["2026-11-24T05:30:00Z", "2026-11-24T06:00:00Z", "2026-11-24T06:30:00Z", "2026-11-23T07:00:00Z"] {
            assert_eq!(world.start(now, &[], 8), [""; 0], "{now}");
        }
        assert_eq!(world.start("2026-11-25T06:00:00Z", &[], 8), ["nightly/one 2026-11-25T06:00:00Z"]);
    }

    #[test]
    fn a_clock_that_was_years_ahead_does_not_silence_the_nights_after_it_is_mended() {
        let mut world = World::new(nightly(ONE), "2026-11-20T12:00:00Z");
        assert_eq!(world.start("2031-01-01T12:00:00Z", &[], 8), ["nightly/one 2031-01-01T06:00:00Z"]);
        assert_eq!(world.start("2026-11-24T06:00:00Z", &[], 8), ["nightly/one 2026-11-24T06:00:00Z"]);
    }

    #[test]
    fn a_clock_that_jumps_forward_runs_the_last_of_what_it_jumped_over() {
        let mut world = World::new(nightly(ONE), "2026-11-20T12:00:00Z");
        world.start("2026-11-21T06:00:00Z", &[], 8);
        assert_eq!(world.start("2026-11-24T04:00:00Z", &[], 8), ["nightly/one 2026-11-23T06:00:00Z"]);
        assert_eq!(world.start("2026-11-24T06:00:00Z", &[], 8), ["nightly/one 2026-11-24T06:00:00Z"]);
    }

    #[test]
    fn jitter_is_the_same_whenever_it_is_asked_and_differs_between_pairs_and_nights() {
        let world = World::new(nightly("jitter = \"5m\"\n"), "2026-11-20T12:00:00Z");
        let first = world.due("2026-11-24T06:00:00Z");
        let again = world.due("2026-11-24T06:30:00Z");
        assert_eq!(first, again);
        let [one, two] = first.as_slice() else { panic!("{first:?}") };
        assert_ne!(one.starts, two.starts);
        let other_night = world.due("2026-11-25T06:00:00Z");
        assert_ne!(other_night[0].starts.duration_since(other_night[0].due), one.starts.duration_since(one.due));
        for run in first.iter().chain(&other_night) {
            let waited = run.starts.duration_since(run.due);
            assert!(waited >= SignedDuration::ZERO && waited < SignedDuration::from_mins(5), "{run:?}");
        }
        let early = pick(first.clone(), one.due, &BTreeSet::new(), 8, &world.past);
        assert!(early.iter().all(|run| run.starts <= one.due), "nothing starts before its jitter: {early:?}");
    }

    #[test]
    fn jitter_never_lets_a_due_time_be_overtaken_by_the_next() {
        let minutely = schedules(
            "[[schedule]]\nname = \"often\"\ncron = \"* * * * *\"\ntimezone = \"UTC\"\npairs = [\"one\"]\njitter = \"5m\"\n",
        );
        let mut world = World::new(minutely, "2026-11-24T11:59:30Z");
        for minute in 0..30 {
            let now = format!("2026-11-24T12:{minute:02}:30Z");
            assert_eq!(world.start(&now, &[], 8).len(), 1, "{now}");
        }
    }

    #[test]
    fn a_pair_that_is_at_work_is_not_started_again_and_then_runs_once() {
        let hourly = "[[schedule]]\nname = \"hourly\"\ncron = \"0 * * * *\"\ntimezone = \"UTC\"\njitter = \"0s\"\n";
        let mut world = World::new(schedules(hourly), "2026-11-24T11:30:00Z");
        assert_eq!(world.start("2026-11-24T12:00:00Z", &[], 8).len(), 2);
        assert_eq!(world.start("2026-11-24T13:00:00Z", &["one"], 8), ["hourly/two 2026-11-24T13:00:00Z"]);
        assert_eq!(world.start("2026-11-24T15:10:00Z", &["one", "two"], 8), [""; 0]);
        let late = world.start("2026-11-24T15:20:00Z", &["two"], 8);
        assert_eq!(late, ["hourly/one 2026-11-24T15:00:00Z"], "three missed hours are one run");
    }

    #[test]
    fn at_most_so_many_pairs_start_and_who_waited_longest_goes_first() {
        let hourly = "[[schedule]]\nname = \"hourly\"\ncron = \"0 * * * *\"\ntimezone = \"UTC\"\njitter = \"0s\"\n";
        let mut world = World::new(schedules(hourly), "2026-11-24T11:30:00Z");
        let mut turns = Vec::new();
        for hour in 12..16 {
            turns.extend(world.start(&format!("2026-11-24T{hour}:00:00Z"), &[], 1));
        }
        let pairs: Vec<&str> = turns.iter().map(|turn| turn.split([' ', '/']).nth(1).unwrap()).collect();
        assert_eq!(pairs, ["one", "two", "one", "two"]);
    }

    #[test]
    fn at_one_instant_a_full_sync_goes_before_a_sync_and_that_before_a_plan() {
        let three = ["plan", "sync", "full"].map(|run| {
            format!(
                "[[schedule]]\nname = \"a-{run}\"\ncron = \"0 3 * * *\"\ntimezone = \"UTC\"\nrun = \"{run}\"\n{ONE}"
            )
        });
        let mut world = World::new(schedules(&three.concat()), "2026-11-23T12:00:00Z");
        let mut order = Vec::new();
        for minute in 0..4 {
            order.extend(world.start(&format!("2026-11-24T03:0{minute}:00Z"), &[], 8));
        }
        let names: Vec<&str> = order.iter().map(|turn| turn.split('/').next().unwrap()).collect();
        assert_eq!(names, ["a-full", "a-sync", "a-plan"]);
    }

    #[test]
    fn a_night_in_new_york_is_run_once_at_both_changes_of_the_clock() {
        let toml = "[[schedule]]\nname = \"night\"\ncron = \"30 2 * * *\"\ntimezone = \"America/New_York\"\n";
        let mut world = World::new(schedules(&format!("{toml}{ONE}")), "2026-03-07T12:00:00Z");
        let mut starts = Vec::new();
        let mut now = at("2026-03-07T12:00:00Z");
        while now < at("2026-03-09T12:00:00Z") {
            starts.extend(world.start(&now.to_string(), &[], 8));
            now = now.checked_add(SignedDuration::from_mins(1)).unwrap();
        }
        assert_eq!(starts, ["night/one 2026-03-08T07:00:00Z", "night/one 2026-03-09T06:30:00Z"]);
        let toml = toml.replace("30 2", "30 1");
        let mut world = World::new(schedules(&format!("{toml}{ONE}")), "2026-10-31T12:00:00Z");
        starts.clear();
        now = at("2026-10-31T12:00:00Z");
        while now < at("2026-11-02T12:00:00Z") {
            starts.extend(world.start(&now.to_string(), &[], 8));
            now = now.checked_add(SignedDuration::from_mins(1)).unwrap();
        }
        assert_eq!(starts, ["night/one 2026-11-01T05:30:00Z", "night/one 2026-11-02T06:30:00Z"]);
    }
}
