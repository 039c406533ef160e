//! The real daemon: its signals, lock, reloads, what it serves, and what it catches up with.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use concord::sandbox::Sandbox;
use concord::state::{DAEMON, Ledger, PairLock, State};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::command::{Desk, mutating, sandbox};
use crate::notified::listener;
use crate::story::outlines_of;

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// What a process says, and whether it has said all.
type Saying = Arc<(Mutex<(Vec<String>, bool)>, Condvar)>;

/// A daemon under way; killed when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    said: Saying,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    pub(crate) fn start(desk: &Desk) -> Self {
        Self::start_with(desk, &[])
    }

    pub(crate) fn start_with(desk: &Desk, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
        command.current_dir(desk.folder.path()).env_remove("CONCORD_CONFIG").env("NO_COLOR", "1").arg("daemon");
        command.envs(desk.environment.iter().cloned()).envs(environment.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let said = Saying::default();
        let heard = said.clone();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                heard.0.lock().unwrap().0.push(line);
                heard.1.notify_all();
            }
            heard.0.lock().unwrap().1 = true;
            heard.1.notify_all();
        });
        Self { child, said }
    }

    /// Waits until it has said `part` so many times; the last such line.
    pub(crate) fn says_times(&self, part: &str, times: usize) -> String {
        let lines = self.said.0.lock().unwrap();
        let count = |lines: &[String]| lines.iter().filter(|line| line.contains(part)).count();
        let waiting = |state: &mut (Vec<String>, bool)| count(&state.0) < times && !state.1;
        let (lines, waited) = self.said.1.wait_timeout_while(lines, PATIENCE, waiting).unwrap();
        assert!(!waited.timed_out() && count(&lines.0) >= times, "no {part:?} in {:#?}", lines.0);
        lines.0.iter().rfind(|line| line.contains(part)).unwrap().clone()
    }

    pub(crate) fn says(&self, part: &str) -> String {
        self.says_times(part, 1)
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn code(mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap()
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.said.0.lock().unwrap().0.clone()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        let line = self.says("status on http://");
        let from = line.find("http://").unwrap();
        line[from..].split('/').nth(2).unwrap().to_owned()
    }

    async fn get(&self, path: &str) -> (u16, String) {
        self.get_with(path, None).await
    }

    async fn get_with(&self, path: &str, header: Option<(&str, &str)>) -> (u16, String) {
        let mut request = reqwest::Client::new().get(format!("http://{}{path}", self.address()));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

const EVERY_SECOND: &str =
    "[[schedule]]\nname = \"often\"\ncron = \"* * * * * *\"\ntimezone = \"UTC\"\njitter = \"0s\"\n";
const NIGHTLY: &str = "[[schedule]]\nname = \"nightly\"\ncron = \"0 3 * * *\"\ntimezone = \"UTC\"\njitter = \"0s\"\n";
pub(crate) const LISTEN: &str = "[daemon]\nlisten = \"127.0.0.1:0\"\n";
const DEMO: &str = "[pair.demo]\nsandbox = true\n";

/// As if a daemon had known the schedule for so long, and had run it so long ago.
fn known(desk: &Desk, pair: &str, days: i64) {
    std::fs::create_dir_all(desk.path("state")).unwrap();
    let ledger = Ledger::open(&Ledger::path_of(&desk.path("state"))).unwrap();
    ledger.know("nightly", pair, "0 3 * * * UTC", days_ago(days)).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "the daemon under test reads the machine's clock")]
fn days_ago(days: i64) -> Timestamp {
    Timestamp::now().checked_sub(SignedDuration::from_hours(24 * days)).unwrap()
}

fn runs(desk: &Desk, pair: &str) -> usize {
    let state = State::open_read_only(&State::path_of(&desk.path("state"), pair)).unwrap();
    state.map_or(0, |state| state.runs(1_000).unwrap().len())
}

#[test]
fn the_schedule_is_run_and_sigterm_ends_it_with_0() {
    let desk = Desk::with(&format!("{EVERY_SECOND}{DEMO}"));
    let daemon = Daemon::start(&desk);
    daemon.says_times("run ended", 2);
    daemon.signal("TERM");
    daemon.says("stopped");
    assert_eq!(daemon.code(), 0);
    assert!(runs(&desk, "demo") >= 2);
    let said = desk.run(&["status", "--format", "json"]).json();
    assert_eq!(said[0]["next_run"]["schedule"], "often");
}

#[test]
fn a_run_missed_while_down_is_caught_up_once_and_a_daemon_that_comes_back_does_not_repeat_it() {
    let desk = Desk::with(&format!("{NIGHTLY}{DEMO}"));
    known(&desk, "demo", 5);
    let daemon = Daemon::start(&desk);
    daemon.says("run begins");
    daemon.says("run ended");
    daemon.signal("INT");
    assert_eq!(daemon.code(), 0);
    assert_eq!(runs(&desk, "demo"), 1);
    let daemon = Daemon::start(&desk);
    daemon.says("ready");
    daemon.signal("TERM");
    assert_eq!(daemon.code(), 0);
    assert_eq!(runs(&desk, "demo"), 1);
}

#[test]
fn a_first_start_makes_up_for_nothing() {
    let desk = Desk::with(&format!("{NIGHTLY}{LISTEN}{DEMO}"));
    let daemon = Daemon::start(&desk);
    daemon.says("status on");
    daemon.signal("TERM");
    assert_eq!(daemon.code(), 0);
    assert_eq!(runs(&desk, "demo"), 0);
}

// Watches: I41.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_in_the_middle_of_a_run_finishes_what_is_in_flight_and_nothing_is_lost_or_doubled() {
    let crm = sandbox(30).await;
    let (desk, daemon) = in_the_middle(&crm).await;
    daemon.signal("TERM");
    let (code, said) = tokio::task::block_in_place(move || {
        daemon.says("run ended");
        daemon.says("stopped");
        let said = daemon.all();
        (daemon.code(), said)
    });
    assert_eq!(code, 0, "{said:#?}");
    let state = State::open_read_only(&State::path_of(&desk.path("state"), "acme")).unwrap().unwrap();
    let run = state.runs(1).unwrap().remove(0);
    assert!(run.finished.is_some(), "the run was closed: {said:#?}");
    drop(state);
    assert_eq!(settled(&desk, &crm), undisturbed().await);
}

/// A pair that asks nobody.
pub(crate) fn unattended(crm: &Sandbox) -> Desk {
    let desk = Desk::real(crm);
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let settings = settings.replace("region = \"AR\"", "settle = \"0s\"\nregion = \"AR\"\nguard.first_sync = \"auto\"");
    std::fs::write(desk.path("schedules.toml"), format!("{settings}{NIGHTLY}")).unwrap();
    desk
}

/// What both sides tell after a first sync that nobody disturbs.
async fn undisturbed() -> [Vec<String>; 2] {
    let crm = sandbox(30).await;
    settled(&unattended(&crm), &crm)
}

/// A pair whose first sync takes a while, with a daemon that is in the middle of it.
async fn in_the_middle(crm: &Sandbox) -> (Desk, Daemon) {
    let desk = unattended(crm);
    known(&desk, "acme", 2);
    let daemon = Daemon::start(&desk);
    while mutating(crm) < 5 {
        tokio::task::yield_now().await;
    }
    (desk, daemon)
}

/// Syncs by hand until there is nothing left to do; what both sides tell then.
fn settled(desk: &Desk, crm: &Sandbox) -> [Vec<String>; 2] {
    for _ in 0..3 {
        let said = desk.ask(&["sync"]);
        assert!(matches!(said.code, 0 | 3), "{said:?}");
    }
    outlines_of(&crm.world().dump().unwrap())
}

// Watches: I41.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_is_killed_takes_its_run_to_a_clean_end() {
    let crm = sandbox(30).await;
    let (desk, mut daemon) = in_the_middle(&crm).await;
    daemon.child.kill().unwrap();
    // Its run hears that nobody is there any more, and lets go of the pair.
    let lock = loop {
        match PairLock::take(&desk.path("state"), "acme", Timestamp::UNIX_EPOCH) {
            Ok(lock) => break lock,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let state = State::open_read_only(&State::path_of(&desk.path("state"), "acme")).unwrap().unwrap();
    assert!(state.runs(1).unwrap()[0].finished.is_some(), "the run was closed, not cut off");
    drop((lock, state));
    assert_eq!(settled(&desk, &crm), undisturbed().await);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_process_is_killed_is_a_failed_run_and_the_daemon_goes_on() {
    let crm = sandbox(30).await;
    let (desk, daemon) = in_the_middle(&crm).await;
    let id = daemon.child.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let run = children.split_whitespace().next().unwrap();
    assert!(Command::new("kill").args(["-KILL", run]).status().unwrap().success());
    let line = tokio::task::block_in_place(|| daemon.says("run ended"));
    assert!(line.contains("signal 9") && line.contains("code=1"), "{line}");
    desk.ask(&["status"]).code(1).tells("FAILED: run 1 was cut off");
    daemon.signal("TERM");
    assert_eq!(tokio::task::block_in_place(move || daemon.code()), 0);
}

#[test]
fn a_reload_takes_a_good_file_and_refuses_a_broken_one_and_the_old_one_goes_on() {
    let desk = Desk::with(&format!("{NIGHTLY}{DEMO}"));
    let daemon = Daemon::start(&desk);
    // Listening for signals by then: the ledger is made after the configuration was read.
    daemon.says("ready");
    std::fs::write(desk.path("schedules.toml"), format!("{EVERY_SECOND}{DEMO}")).unwrap();
    daemon.signal("HUP");
    daemon.says("reloaded");
    daemon.says("run ended");
    std::fs::write(desk.path("schedules.toml"), "[pair.demo]\nsandbox = maybe\n").unwrap();
    daemon.signal("HUP");
    daemon.says("the reload is refused");
    let before = daemon.all().iter().filter(|line| line.contains("run ended")).count();
    // The runs are given what was read before, whatever the file says.
    let line = daemon.says_times("run ended", before + 2);
    assert!(line.contains("code=3"), "{line}");
    std::fs::write(desk.path("schedules.toml"), format!("state_dir = \"other\"\n{EVERY_SECOND}{DEMO}")).unwrap();
    daemon.signal("HUP");
    daemon.says("state_dir");
    daemon.signal("TERM");
    assert_eq!(daemon.code(), 0);
}

// Watches: I43.
#[test]
fn a_second_daemon_on_the_same_state_is_refused_with_11() {
    let desk = Desk::with(&format!("{NIGHTLY}{DEMO}"));
    let lock = PairLock::take(&desk.path("state"), DAEMON, Timestamp::UNIX_EPOCH).unwrap();
    desk.run(&["daemon"]).code(11).tells("concord.daemon.lock");
    drop(lock);
    let first = Daemon::start(&desk);
    first.says("ready");
    desk.run(&["daemon"]).code(11).tells(&format!("process {}", first.child.id()));
    first.signal("TERM");
    assert_eq!(first.code(), 0);
}

#[test]
fn a_port_in_use_is_named_and_ends_with_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let desk = Desk::with(&format!("{NIGHTLY}{DEMO}[daemon]\nlisten = \"{address}\"\n"));
    desk.run(&["daemon"]).code(1).tells(&address.to_string()).tells("another program has that port");
}

#[test]
fn a_state_directory_that_cannot_be_written_is_named_and_ends_with_1() {
    let desk = Desk::with(&format!("state_dir = \"notes.txt/state\"\n{NIGHTLY}{DEMO}"));
    std::fs::write(desk.path("notes.txt"), "a file, where a folder should be").unwrap();
    desk.run(&["daemon"]).code(1).tells("notes.txt/state");
}

#[test]
fn what_the_daemon_needs_is_asked_for_before_it_starts() {
    Desk::with(DEMO).run(&["daemon"]).code(10).tells("[[schedule]]").tells("add one");
    let desk = Desk::with(&format!("{NIGHTLY}{DEMO}[notify]\nwebhook = {{ env = \"NO_SUCH_HOOK\" }}\n"));
    desk.run(&["daemon"]).code(10).tells("NO_SUCH_HOOK");
    let desk = Desk::with(&format!("{NIGHTLY}{DEMO}[daemon]\nlisten = \"0.0.0.0:0\"\n"));
    desk.run(&["daemon"]).code(10).tells("daemon.token");
    Desk::with(DEMO).run(&["turn"]).code(10).tells("run every pair by hand with: concord sync");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_pair_fails_while_the_others_go_on_and_health_page_and_metrics_say_so() {
    let pairs = "[pair.broken]\nsandbox = true\n";
    let desk = Desk::with(&format!("{EVERY_SECOND}{LISTEN}{DEMO}{pairs}"));
    std::fs::create_dir(desk.path("state")).unwrap();
    std::fs::write(desk.path("state/broken.db"), "no database".repeat(999)).unwrap();
    let daemon = Daemon::start(&desk);
    tokio::task::block_in_place(|| {
        daemon.says("pair=\"broken\"");
        daemon.says_times("pair=\"demo\" schedule=\"often\" code=3", 2);
    });
    let (status, body) = daemon.get("/healthz").await;
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &health["status"], &health["alive"]), (503, &json!("failing"), &json!(true)));
    assert_eq!(health["failed"][0]["id"], "broken", "{health}");
    assert_eq!(health["failed"].as_array().unwrap().len(), 1, "{health}");
    let (status, page) = daemon.get("/").await;
    assert_eq!(status, 200);
    assert!(page.contains("broken.db") && page.contains("href=\"/pairs/demo\"") && !page.contains("<script"), "{page}");
    let (status, metrics) = daemon.get("/metrics").await;
    assert_eq!(status, 200);
    let sample = |name: &str| {
        let line = metrics.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {metrics}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(sample("concord_runs_total{pair=\"demo\",status=\"done\"}") >= 2.0);
    let created =
        "concord_operations_total{pair=\"demo\",side=\"ghl\",kind=\"contact\",action=\"create\",outcome=\"applied\"}";
    assert!(metrics.contains(&format!("{created} 7\n")), "{metrics}");
    assert!(sample("concord_requests_total{pair=\"demo\",side=\"cliengo\",access=\"read\"}") > 70.0);
    assert!(sample("concord_throttled_total{pair=\"demo\",side=\"ghl\"}") >= 0.0);
    assert!(sample("concord_quota_left{pair=\"demo\",side=\"ghl\"}") > 0.0);
    assert!(sample("concord_held{pair=\"demo\",reason=\"ambiguous_match\"}") > 0.0);
    assert!(sample("concord_lag_seconds{pair=\"demo\"}") < 300.0);
    assert!(metrics.contains("concord_pair_readable{pair=\"broken\"} 0\n"), "{metrics}");
    // Asked twice, a run is counted once.
    let (_, again) = daemon.get("/metrics").await;
    assert!(again.contains(&format!("{created} 7\n")), "{again}");
    assert_eq!(daemon.get("/elsewhere").await.0, 404);
    daemon.signal("TERM");
    assert_eq!(tokio::task::block_in_place(move || daemon.code()), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_notified_hears_once_of_all_the_pairs_of_a_due_time() {
    let ((monitor, pings), (hook, posts)) = (listener().await, listener().await);
    let notify = "[notify]\nhealthcheck = { env = \"HC_URL\" }\nwebhook = { env = \"HOOK_URL\" }\non = [\"always\"]\n";
    let mut desk = Desk::with(&format!("{NIGHTLY}{notify}{DEMO}[pair.other]\nsandbox = true\n"));
    desk.environment = vec![("HC_URL".to_owned(), monitor), ("HOOK_URL".to_owned(), hook)];
    known(&desk, "demo", 2);
    known(&desk, "other", 2);
    let daemon = Daemon::start(&desk);
    let code = tokio::task::block_in_place(move || {
        daemon.says_times("run ended", 2);
        daemon.signal("TERM");
        daemon.says("stopped");
        daemon.code()
    });
    assert_eq!(code, 0);
    let paths: Vec<String> = pings.lock().unwrap().iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(paths, ["/start", "/3"]);
    let posts = posts.lock().unwrap();
    let said: Value = serde_json::from_str(&posts[0].1).unwrap();
    let told = &said["concord"];
    assert_eq!((posts.len(), &told["name"], &told["pairs"]), (1, &json!("nightly"), &json!(2)));
    assert!(said["text"].as_str().unwrap().contains("other: Applied"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_that_did_not_see_everything_is_said_by_health_page_and_metrics_and_restarts_nothing() {
    let desk = Desk::with(&format!("{NIGHTLY}{LISTEN}{DEMO}"));
    let state = concord::state::State::open(&desk.path("state").join("demo.db")).unwrap();
    let now = concord::clock::Clock::now(&concord::clock::SystemClock);
    let run = state.begin_run("incremental", "", now).unwrap();
    let line = "GHL notes not read to the end: 1 contact could not be read";
    state.finish_run(run, "done", &json!({ "held": 0, "unseen": [line] }), now).unwrap();
    let daemon = Daemon::start(&desk);
    let (status, body) = daemon.get("/healthz").await;
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &health["status"]), (200, &json!("incomplete")), "{health}");
    assert_eq!(health["unseen"], json!([{ "id": "demo", "why": [line] }]));
    assert!(daemon.get("/").await.1.contains(&format!("not all seen: {line}")));
    assert!(daemon.get("/metrics").await.1.contains("concord_unseen{pair=\"demo\"} 1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_is_well_is_200_and_a_stranger_is_not_let_in() {
    let desk = Desk::with(&format!("{NIGHTLY}{LISTEN}{DEMO}"));
    let daemon = Daemon::start(&desk);
    let (status, body) = daemon.get("/healthz").await;
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &health["status"]), (200, &json!("ok")), "{health}");
    // A name of the web that points to this machine is a stranger's.
    assert_eq!(daemon.get_with("/", Some(("host", "evil.example"))).await.0, 403);
    drop(daemon);
    let mut desk =
        Desk::with(&format!("{NIGHTLY}[daemon]\nlisten = \"0.0.0.0:0\"\ntoken = {{ env = \"DAEMON_TOKEN\" }}\n{DEMO}"));
    desk.environment = vec![("DAEMON_TOKEN".to_owned(), "open-sesame".to_owned())];
    let daemon = Daemon::start(&desk);
    for path in ["/", "/healthz", "/metrics"] {
        assert_eq!(daemon.get(path).await.0, 401, "{path}");
        assert_eq!(daemon.get_with(path, Some(("authorization", "Bearer open"))).await.0, 401, "{path}");
        assert_eq!(daemon.get_with(path, Some(("authorization", "Bearer open-sesame"))).await.0, 200, "{path}");
        // concord:open-sesame, as a browser sends it.
        let basic = ("authorization", "Basic Y29uY29yZDpvcGVuLXNlc2FtZQ==");
        assert_eq!(daemon.get_with(path, Some(basic)).await.0, 200, "{path}");
    }
    let said = daemon.all().join("\n");
    assert!(!said.contains("open-sesame"));
}

#[cfg(target_os = "linux")]
#[test]
fn systemd_hears_of_readiness_the_watchdog_and_the_end() {
    let desk = Desk::with(&format!("{NIGHTLY}{DEMO}"));
    let path = desk.path("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "200000")];
    let daemon = Daemon::start_with(&desk, &environment);
    let hears = |part: &str| {
        let mut told = String::new();
        while !told.contains(part) {
            let mut buffer = [0; 4096];
            let length = socket.recv(&mut buffer).unwrap();
            told = String::from_utf8(buffer[..length].to_vec()).unwrap();
        }
        told
    };
    hears("READY=1");
    hears("WATCHDOG=1");
    daemon.signal("HUP");
    assert!(hears("RELOADING=1").contains("MONOTONIC_USEC="));
    hears("READY=1");
    daemon.signal("TERM");
    hears("STOPPING=1");
    assert_eq!(daemon.code(), 0);
}

#[test]
fn a_pair_that_missed_its_night_is_overdue_and_status_ends_with_1() {
    let desk = Desk::with(&format!("{NIGHTLY}{DEMO}"));
    desk.run(&["status"]).code(0).tells("never synchronised");
    known(&desk, "demo", 3);
    let said = desk.run(&["status", "--format", "json"]).code(1).json();
    assert_eq!(said[0]["overdue"]["schedule"], "nightly");
    desk.run(&["status"]).code(1).tells("OVERDUE").tells("next sync (nightly)");
    desk.run(&["sync", "--quiet"]).code(3);
    let said = desk.run(&["status", "--format", "json"]).code(0).json();
    assert_eq!(said[0]["overdue"], Value::Null);
    assert!(said[0]["held"].as_u64().unwrap() > 0 && said[0]["budget_left"].as_u64().unwrap() > 0, "{said}");
    std::fs::write(desk.path("state/demo.db"), "no database".repeat(999)).unwrap();
    desk.run(&["status"]).code(1).tells("demo.db");
}
