//! The daemon's loop through days of virtual time: what it starts, when, and what it does about panics, hangs and clocks.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use concord::clock::Clock;
use concord::config::{Config, Overrides};
use concord::notify::{Notifier, Told};
use concord::schedule::{Board, Daemon, Limits, Reload, Settings, Turn, Worker};
use concord::state::Ledger;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// A clock that moves with tokio's, and can be set.
#[derive(Debug)]
struct WallClock {
    began: Instant,
    at: Timestamp,
    set_by: AtomicI64,
}

impl WallClock {
    fn at(start: &str) -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), at: start.parse().unwrap(), set_by: AtomicI64::new(0) })
    }

    fn set_by(&self, seconds: i64) {
        self.set_by.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.began.elapsed()).unwrap();
        let set_by = SignedDuration::from_secs(self.set_by.load(Ordering::SeqCst));
        self.at.checked_add(passed + set_by).unwrap()
    }
}

/// What becomes of a run.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Takes(Duration),
    Panics,
    /// Neither ends nor listens.
    Hangs,
}

/// Runs pairs without any CRM, and writes down when.
#[derive(Clone)]
struct Hands {
    clock: Arc<WallClock>,
    log: Arc<Mutex<Vec<String>>>,
    fate: Arc<dyn Fn(&Turn) -> Fate + Send + Sync>,
}

impl Hands {
    fn note(&self, what: &str, turn: &Turn) {
        let now = self.clock.now().strftime("%d %H:%M");
        self.log.lock().unwrap().push(format!("{now} {what} {} {}", turn.pair, turn.run.as_str()));
    }
}

impl Worker for Hands {
    async fn run(&self, turn: Turn, stop: CancellationToken) -> Told {
        self.note("begins", &turn);
        let code = match (self.fate)(&turn) {
            Fate::Panics => panic!("a run that panics"),
            Fate::Hangs => std::future::pending().await,
            Fate::Takes(time) => {
                tokio::select! {
                    () = sleep(time) => 0,
                    () = stop.cancelled() => 130,
                }
            }
        };
        self.note(if code == 0 { "ends" } else { "stops" }, &turn);
        Told { pair: turn.pair, run: None, code, lines: Vec::new(), counts: None, notices: Vec::new() }
    }
}

/// A folder of states, the time, and what ran in it.
struct Household {
    folder: TempDir,
    clock: Arc<WallClock>,
    hands: Hands,
}

/// A daemon in it.
struct Serving {
    stop: CancellationToken,
    reloads: mpsc::Sender<Reload>,
    board: Arc<Board>,
    task: JoinHandle<()>,
}

impl Serving {
    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

impl Household {
    fn new(start: &str, fate: impl Fn(&Turn) -> Fate + Send + Sync + 'static) -> Self {
        let clock = WallClock::at(start);
        let hands = Hands { clock: clock.clone(), log: Arc::default(), fate: Arc::new(fate) };
        Self { folder: tempfile::tempdir().unwrap(), clock, hands }
    }

    fn settings(&self, toml: &str) -> Settings {
        let path = self.folder.path().join("schedules.toml");
        std::fs::write(&path, toml).unwrap();
        let (config, documents) = Config::load_with_documents(&path, &Overrides::default()).unwrap();
        Settings {
            pairs: config.pairs.iter().map(|pair| pair.name.clone()).collect(),
            config: Arc::new(config),
            documents: Arc::new(documents),
            notifier: Arc::new(Notifier::default()),
        }
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&Ledger::path_of(self.folder.path())).unwrap()
    }

    fn serve(&self, toml: &str) -> Serving {
        let limits = Limits { run: 6 * HOUR, farewell: MINUTE };
        let settings = self.settings(toml);
        let daemon = Daemon::new(settings, self.hands.clone(), self.clock.clone(), self.ledger(), 7, limits).unwrap();
        let (board, stop) = (daemon.board(), CancellationToken::new());
        // Nobody beats: the loop's own timer is enough.
        let (_, beats) = mpsc::channel(1);
        let (reloads, taken) = mpsc::channel(1);
        let task = tokio::spawn(daemon.run(beats, taken, stop.clone()));
        Serving { stop, reloads, board, task }
    }

    /// What ran since this was asked last.
    fn ran(&self) -> Vec<String> {
        std::mem::take(&mut self.hands.log.lock().unwrap())
    }

    fn begun(&self) -> Vec<String> {
        self.ran().into_iter().filter(|line| line.contains("begins")).collect()
    }

    /// Exit codes of what ended.
    fn code(&self, pair: &str) -> Option<u8> {
        self.ledger().last_ended(pair).unwrap().map(|row| row.code)
    }
}

fn schedule(name: &str, cron: &str, more: &str) -> String {
    format!(
        "[[schedule]]\nname = \"{name}\"\ncron = \"{cron}\"\ntimezone = \"America/Argentina/Buenos_Aires\"\njitter = \"0s\"\n{more}"
    )
}

const PAIRS: &str = "[pair.one]\nsandbox = true\n[pair.two]\nsandbox = true\n[pair.three]\nsandbox = true\n";
const ONLY_ONE: &str = "pairs = [\"one\"]\n";

fn takes(minutes: u32) -> impl Fn(&Turn) -> Fate + Send + Sync + 'static {
    move |_| Fate::Takes(minutes * MINUTE)
}

#[tokio::test(start_paused = true)]
async fn every_night_runs_once_at_its_time() {
    let house = Household::new("2026-11-24T05:30:00Z", takes(10));
    let serving = house.serve(&format!("{}{PAIRS}", schedule("nightly", "0 3 * * *", ONLY_ONE)));
    sleep(3 * DAY).await;
    let expected =
        ["24", "25", "26"].map(|day| [format!("{day} 06:00 begins one sync"), format!("{day} 06:10 ends one sync")]);
    assert_eq!(house.ran(), expected.concat());
    assert_eq!(house.code("one"), Some(0));
    serving.end().await;
}

#[tokio::test(start_paused = true)]
async fn six_fields_start_at_their_second_though_the_heart_beats_once_a_minute() {
    let house = Household::new("2026-11-24T05:30:00Z", takes(1));
    let serving = house.serve(&format!("{}{PAIRS}", schedule("odd", "17 31 * * * *", ONLY_ONE)));
    sleep(2 * MINUTE).await;
    let row = house.ledger().last_ended("one").unwrap();
    assert_eq!(row, None, "it takes a minute");
    let started = house.ledger().started("odd", "one", 9).unwrap();
    assert_eq!(started, ["2026-11-24T05:31:17Z".parse().unwrap()]);
    serving.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_while_down_runs_once_at_the_next_start() {
    let house = Household::new("2026-11-20T05:30:00Z", takes(10));
    let toml = format!("{}{PAIRS}", schedule("nightly", "0 3 * * *", ONLY_ONE));
    let serving = house.serve(&toml);
    sleep(DAY).await;
    serving.end().await;
    assert_eq!(house.begun(), ["20 06:00 begins one sync"]);
    sleep(4 * DAY).await;
    let serving = house.serve(&toml);
    sleep(HOUR / 4).await;
    assert_eq!(house.begun(), ["25 05:30 begins one sync"], "four missed nights are one run");
    sleep(HOUR).await;
    assert_eq!(house.begun(), ["25 06:00 begins one sync"]);
    serving.end().await;
}

#[tokio::test(start_paused = true)]
async fn without_catch_up_nothing_missed_is_run() {
    let house = Household::new("2026-11-20T05:30:00Z", takes(10));
    let toml = format!("{}{PAIRS}", schedule("nightly", "0 3 * * *", &format!("{ONLY_ONE}catch_up = false\n")));
    let serving = house.serve(&toml);
    sleep(DAY).await;
    serving.end().await;
    house.ran();
    sleep(4 * DAY).await;
    let serving = house.serve(&toml);
    sleep(HOUR / 4).await;
    assert_eq!(house.begun(), [""; 0]);
    sleep(HOUR).await;
    assert_eq!(house.begun(), ["25 06:00 begins one sync"]);
    serving.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_dies_right_after_a_start_does_not_start_it_again() {
    let house = Household::new("2026-11-24T05:59:00Z", takes(30));
    let toml = format!("{}{PAIRS}", schedule("nightly", "0 3 * * *", ONLY_ONE));
    let serving = house.serve(&toml);
    sleep(2 * MINUTE).await;
    // As by SIGKILL: nothing is drained, nothing is written any more.
    serving.task.abort();
    assert_eq!(house.begun(), ["24 06:00 begins one sync"]);
    let serving = house.serve(&toml);
    sleep(HOUR).await;
    assert_eq!(house.begun(), [""; 0]);
    serving.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_panics_is_a_failed_run_and_nothing_else_stops() {
    let house = Household::new("2026-11-24T05:30:00Z", |turn| match turn.pair.as_str() {
        "one" => Fate::Panics,
        _ => Fate::Takes(MINUTE),
    });
    let serving = house.serve(&format!("{}{PAIRS}", schedule("nightly", "0 3 * * *", "")));
    sleep(2 * DAY).await;
    assert_eq!((house.code("one"), house.code("two"), house.code("three")), (Some(1), Some(0), Some(0)));
    let begun = house.begun();
    assert_eq!(begun.iter().filter(|line| line.contains("one")).count(), 2, "it is tried the next night: {begun:?}");
    assert_eq!(begun.len(), 6);
    serving.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_hangs_is_stopped_after_its_limit_and_the_others_go_on() {
    let house = Household::new("2026-11-24T05:30:00Z", |turn| match turn.pair.as_str() {
        "one" => Fate::Hangs,
        _ => Fate::Takes(MINUTE),
    });
    let serving = house.serve(&format!("{}{PAIRS}", schedule("nightly", "0 3 * * *", "")));
    sleep(DAY).await;
    let begun = house.begun();
    assert_eq!(begun.len(), 3, "{begun:?}");
    assert_eq!((house.code("one"), house.code("two")), (Some(1), Some(0)));
    assert!(serving.board.shown().running.is_empty());
    sleep(DAY).await;
    assert_eq!(house.begun().len(), 3, "the pair is free again the next night");
    serving.end().await;
}

// Watches: I43.
#[tokio::test(start_paused = true)]
async fn a_pair_never_runs_twice_at_a_time_and_missed_turns_become_one() {
    let house = Household::new("2026-11-24T05:30:00Z", takes(150));
    let serving = house.serve(&format!("{}{PAIRS}", schedule("hourly", "0 * * * *", ONLY_ONE)));
    sleep(6 * HOUR).await;
    let expected = [
        "24 06:00 begins one sync",
        "24 08:30 ends one sync",
        "24 08:30 begins one sync",
        "24 11:00 ends one sync",
        "24 11:00 begins one sync",
    ];
    assert_eq!(house.ran(), expected);
    serving.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_schedules_at_one_instant_take_turns_the_full_sync_first() {
    let house = Household::new("2026-11-24T05:30:00Z", takes(10));
    let sync = schedule("a-sync", "0 3 * * *", ONLY_ONE);
    let full = schedule("b-full", "0 3 * * TUE", &format!("run = \"full\"\n{ONLY_ONE}"));
    let serving = house.serve(&format!("{sync}{full}{PAIRS}"));
    sleep(HOUR).await;
    let expected =
        ["24 06:00 begins one full", "24 06:10 ends one full", "24 06:10 begins one sync", "24 06:20 ends one sync"];
    assert_eq!(house.ran(), expected);
    serving.end().await;
}

#[tokio::test(start_paused = true)]
async fn at_most_max_parallel_pairs_run_at_a_time_and_all_get_their_turn() {
    let house = Household::new("2026-11-24T05:30:00Z", takes(10));
    let serving = house.serve(&format!("max_parallel = 2\n{}{PAIRS}", schedule("nightly", "0 3 * * *", "")));
    sleep(HOUR).await;
    let expected = [
        "24 06:00 begins one sync",
        "24 06:00 begins three sync",
        "24 06:10 ends one sync",
        "24 06:10 begins two sync",
        "24 06:20 ends two sync",
    ];
    let mut ran = house.ran();
    ran.retain(|line| line != "24 06:10 ends three sync");
    assert_eq!(ran, expected);
    serving.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_or_forward_neither_doubles_nor_silences_a_night() {
    let house = Household::new("2026-11-24T05:30:00Z", takes(10));
    let serving = house.serve(&format!("{}{PAIRS}", schedule("nightly", "0 3 * * *", ONLY_ONE)));
    sleep(HOUR).await;
    assert_eq!(house.begun(), ["24 06:00 begins one sync"]);
    house.clock.set_by(-3_600);
    sleep(HOUR).await;
    assert_eq!(house.begun(), [""; 0], "it is 06:00 again, and that night was run");
    house.clock.set_by(40 * 365 * 86_400);
    sleep(10 * MINUTE).await;
    assert_eq!(house.begun().len(), 1, "forty years of nights are one run");
    house.clock.set_by(-40 * 365 * 86_400);
    sleep(DAY).await;
    assert_eq!(house.begun(), ["25 06:00 begins one sync"]);
    serving.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_what_runs_finish_what_is_in_flight_and_starts_nothing_more() {
    let house = Household::new("2026-11-24T05:30:00Z", takes(180));
    let serving = house.serve(&format!("{}{PAIRS}", schedule("hourly", "0 * * * *", "")));
    sleep(HOUR).await;
    serving.end().await;
    let ran = house.ran();
    assert_eq!(ran.iter().filter(|line| line.contains("06:30 stops")).count(), 3, "{ran:?}");
    assert_eq!(house.code("two"), Some(130));
    sleep(DAY).await;
    assert_eq!(house.ran(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_ever_for_a_run_that_hangs() {
    let house = Household::new("2026-11-24T05:30:00Z", |_| Fate::Hangs);
    let serving = house.serve(&format!("{}{PAIRS}", schedule("hourly", "0 * * * *", ONLY_ONE)));
    sleep(HOUR).await;
    let asked = Instant::now();
    serving.end().await;
    assert_eq!(asked.elapsed(), MINUTE);
}

#[tokio::test(start_paused = true)]
async fn a_reload_brings_new_schedules_and_what_runs_goes_on() {
    let house = Household::new("2026-11-24T05:30:00Z", takes(60));
    let serving = house.serve(&format!("{}{PAIRS}", schedule("nightly", "0 3 * * *", ONLY_ONE)));
    sleep(HOUR).await;
    assert_eq!(house.ran(), ["24 06:00 begins one sync"]);
    // Its time has passed already: a schedule that was not there then has missed nothing.
    let toml = format!("{}{PAIRS}", schedule("nightly", "15 3 * * *", "pairs = [\"one\", \"two\"]\n"));
    serving.reloads.send(Ok(house.settings(&toml))).await.unwrap();
    sleep(HOUR).await;
    assert_eq!(house.ran(), ["24 07:00 ends one sync"]);
    sleep(DAY).await;
    let begun = house.begun();
    assert_eq!(begun, ["25 06:15 begins two sync", "25 06:15 begins one sync"], "who never ran goes first");
    serving.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_be_written_down_does_not_start_and_starts_once_it_can() {
    let house = Household::new("2026-11-24T05:30:00Z", takes(10));
    let serving = house.serve(&format!("{}{PAIRS}", schedule("nightly", "0 3 * * *", ONLY_ONE)));
    sleep(MINUTE).await;
    let path = Ledger::path_of(house.folder.path());
    let trouble = rusqlite::Connection::open(&path).unwrap();
    // A full disk, as SQLite sees it: no page more may be written.
    trouble
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON started BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
        )
        .unwrap();
    sleep(HOUR).await;
    assert_eq!(house.begun(), [""; 0]);
    assert!(serving.board.shown().unwritable.unwrap().contains("full"));
    trouble.execute_batch("DROP TRIGGER full").unwrap();
    sleep(10 * MINUTE).await;
    assert_eq!(house.begun().len(), 1);
    assert_eq!(serving.board.shown().unwritable, None);
    serving.end().await;
}

#[test]
fn the_text_of_a_configuration_is_enough_to_read_it_again_whatever_the_file_says_by_then() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pairs")).unwrap();
    std::fs::write(folder.path().join("pairs/two.toml"), "[pair.two]\nsandbox = true\n").unwrap();
    let path = folder.path().join("schedules.toml");
    let main = format!("include = [\"pairs/*.toml\"]\n{}[pair.one]\nsandbox = true\n", schedule("n", "@daily", ""));
    std::fs::write(&path, main).unwrap();
    let overrides = Overrides { state_dir: Some(Path::new("elsewhere").to_owned()) };
    let (config, documents) = Config::load_with_documents(&path, &overrides).unwrap();
    std::fs::write(&path, "nonsense").unwrap();
    std::fs::remove_dir_all(folder.path().join("pairs")).unwrap();
    let carried = serde_json::from_str(&serde_json::to_string(&documents).unwrap()).unwrap();
    assert_eq!(Config::of(&carried, &overrides).unwrap(), config);
    assert_eq!(config.pairs.len(), 2);
}
