//! The real binary: exit codes, documents, and what it says of mistakes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp, Options, Sandbox};
use concord::state::PairLock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::story::outlines_of;

/// A folder with a configuration, in which the binary runs.
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    pub(crate) environment: Vec<(String, String)>,
}

impl Desk {
    pub(crate) fn with(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("schedules.toml"), configuration).unwrap();
        Self { folder, environment: Vec::new() }
    }

    pub(crate) fn demo() -> Self {
        Self::with("[pair.demo]\nsandbox = true\n")
    }

    /// A pair for `sandbox` as for real accounts; the secrets come from the environment.
    pub(crate) fn real(sandbox: &Sandbox) -> Self {
        let mut desk = Self::with(&format!(
            "patience = \"1s\"\n\
             [pair.acme]\nregion = \"AR\"\n\
             [pair.acme.cliengo]\nbase_url = \"{}\"\napi_key = {{ env = \"TEST_KEY\" }}\nwebsite_id = \"{}\"\n\
             requests_per_second = 1000\nmin_age = \"0s\"\n\
             [pair.acme.ghl]\nbase_url = \"{}\"\nlocation_id = \"{}\"\ntoken = {{ env = \"TEST_TOKEN\" }}\n",
            sandbox.cliengo_url(),
            sandbox.website_id(),
            sandbox.ghl_url(),
            sandbox.location_id(),
        ));
        desk.environment = vec![
            ("TEST_KEY".to_owned(), sandbox.api_key().to_owned()),
            ("TEST_TOKEN".to_owned(), sandbox.token().to_owned()),
        ];
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
        command.current_dir(self.folder.path()).env_remove("CONCORD_CONFIG").env("NO_COLOR", "1").args(arguments);
        Said::from(command.envs(self.environment.iter().cloned()).output().unwrap())
    }

    /// Starts the binary, and does not wait for it.
    pub(crate) fn start(&self, arguments: &[&str]) -> std::process::Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
        command.current_dir(self.folder.path()).env_remove("CONCORD_CONFIG").args(arguments);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.envs(self.environment.iter().cloned()).spawn().unwrap()
    }

    /// The same, while a sandbox of this process answers.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Said {
        tokio::task::block_in_place(|| self.run(arguments))
    }
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Said {
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "{self:#?}");
        self
    }

    pub(crate) fn tells(self, part: &str) -> Self {
        assert!(self.err.contains(part) || self.out.contains(part), "no {part:?} in {self:#?}");
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

pub async fn sandbox(contacts: usize) -> Sandbox {
    Sandbox::start(Options { contacts, ..Options::default() }).await.unwrap()
}

pub fn mutating(sandbox: &Sandbox) -> usize {
    let all = sandbox.requests();
    all.iter().filter(|request| request.method != "GET" && !request.path.ends_with("/search")).count()
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_one() {
    let desk = Desk::with("[pair.demo]\nsandbox = true\n\n[pair.demo.contacts]\nconflikt = \"ghl\"\n");
    desk.run(&["sync"]).code(10).tells("conflikt").tells("5").tells("`conflict`");
    assert!(!desk.path("state").join("demo.db").exists());
}

#[test]
fn a_configuration_that_is_not_there_is_refused() {
    let desk = Desk::demo();
    desk.run(&["plan", "--config", "nowhere.toml"]).code(10).tells("nowhere.toml");
}

// Watches: I50.
#[test]
fn a_flag_or_command_that_is_not_known_is_refused_with_10() {
    let desk = Desk::demo();
    desk.run(&["sync", "--frobnicate"]).code(10).tells("--frobnicate");
    desk.run(&["frobnicate"]).code(10);
    desk.run(&["plan", "--pair", "acme"]).code(10).tells("demo");
    desk.run(&["sync", "--allow-empty", "ghl:people"]).code(10).tells("ghl:contact");
    desk.run(&["--help"]).code(0);
    desk.run(&["--version"]).code(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_secret_is_refused_before_any_request() {
    let sandbox = sandbox(4).await;
    let mut desk = Desk::real(&sandbox);
    desk.environment.retain(|(name, _)| name != "TEST_TOKEN");
    for command in ["sync", "plan"] {
        desk.ask(&[command]).code(10).tells("TEST_TOKEN");
    }
    assert!(sandbox.requests().is_empty());
}

// Watches: I50.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_credentials_end_with_12_and_are_not_printed() {
    let sandbox = sandbox(4).await;
    for wrong in 0..2 {
        let mut desk = Desk::real(&sandbox);
        "wrong-and-secret".clone_into(&mut desk.environment[wrong].1);
        for command in ["sync", "plan"] {
            let said = desk.ask(&[command]).code(12).tells("refused the credentials");
            assert!(!format!("{said:?}").contains("wrong-and-secret"), "{said:?}");
        }
    }
    assert_eq!(mutating(&sandbox), 0);
}

// Watches: I17, incident 8.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_pairs_first_sync_waits_for_its_approval() {
    let sandbox = sandbox(12).await;
    let desk = Desk::real(&sandbox);
    let planned = desk.ask(&["plan", "--format", "json"]).code(0).json();
    let refused = desk.ask(&["sync", "--format", "json"]).code(4).json();
    assert_eq!(mutating(&sandbox), 0);
    assert_eq!(planned["plan_id"], refused["plan_id"]);
    assert_eq!(refused["run"]["refused"], json!(true));
    desk.ask(&["sync"]).code(4).tells("--approve");
    desk.ask(&["sync", "--approve", "0000000000000000"]).code(4);
    assert_eq!(mutating(&sandbox), 0);
    let id = refused["plan_id"].as_str().unwrap();
    let said = desk.ask(&["sync", "--approve", id, "--format", "json"]);
    let applied = said.code(0).json();
    assert!(applied["operations"].as_array().unwrap().iter().all(|operation| operation["outcome"] == "applied"));
    assert!(mutating(&sandbox) > 0);
    let before = mutating(&sandbox);
    desk.ask(&["sync"]).code(0);
    assert_eq!(mutating(&sandbox), before);
}

// Watches: I43, incident 26.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_is_told_that_another_one_holds_the_lock() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    let lock = PairLock::take(&desk.path("state"), "acme", jiff::Timestamp::UNIX_EPOCH).unwrap();
    desk.ask(&["sync"]).code(11).tells("process");
    assert!(sandbox.requests().is_empty());
    // A dry run may go on meanwhile.
    desk.ask(&["plan"]).code(0);
    drop(lock);
    desk.ask(&["sync"]).code(4);
}

#[test]
fn a_corrupt_state_file_is_refused_and_left_as_it_is() {
    let desk = Desk::demo();
    std::fs::create_dir(desk.path("state")).unwrap();
    let garbage = b"this is no database, whatever its name says".repeat(300);
    std::fs::write(desk.path("state/demo.db"), &garbage).unwrap();
    for command in ["sync", "plan", "status"] {
        desk.run(&[command]).code(1).tells("demo.db").tells("concord plan --rebuild --pair demo");
        assert!(std::fs::read(desk.path("state/demo.db")).unwrap() == garbage, "{command} changed it");
    }
}

#[test]
fn a_newer_state_file_is_refused_and_left_as_it_is() {
    let desk = Desk::demo();
    desk.run(&["sync", "--quiet"]);
    let state = desk.path("state/demo.db");
    rusqlite::Connection::open(&state).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&state).unwrap();
    for command in ["sync", "plan"] {
        desk.run(&[command]).code(1).tells("newer");
        assert!(std::fs::read(&state).unwrap() == before, "{command} changed it");
    }
}

#[test]
fn the_json_document_has_the_contracts_keys_in_order() {
    let desk = Desk::demo();
    let said = desk.run(&["plan", "--format", "json"]).code(0);
    let keys = ["schema", "plan_id", "pair", "mode", "first_sync", "generated_at", "listings", "summary", "operations"];
    let mut from = 0;
    for key in keys.into_iter().chain(["conflicts", "held", "unsupported", "guards", "requests"]) {
        let at = said.out[from..].find(&format!("\n  \"{key}\":")).unwrap_or_else(|| panic!("no {key} in its place"));
        from += at + 1;
    }
    let plan = said.json();
    assert_eq!(plan["schema"], "concord.plan/1");
    assert!(plan.get("run").is_none());
    let synced = desk.run(&["sync", "--format", "json"]).code(3).json();
    assert_eq!(synced["plan_id"], plan["plan_id"]);
    assert!(synced["operations"].as_array().unwrap().iter().all(|operation| operation["outcome"] == "applied"));
    assert_eq!(synced["run"]["refused"], json!(false));
    let again = desk.run(&["sync", "--format", "json"]).code(3).json();
    assert_eq!(again["operations"], json!([]));
    assert_eq!((&again["requests"]["cliengo"]["writes"], &again["requests"]["ghl"]["writes"]), (&json!(0), &json!(0)));
}

#[test]
fn a_sandbox_pair_syncs_is_edited_and_syncs_again() {
    let desk = Desk::demo();
    desk.run(&["plan", "--detailed-exitcode"]).code(2);
    // 3: the seed's ambiguous people wait for a person.
    desk.run(&["sync"]).code(3);
    desk.run(&["plan", "--detailed-exitcode"]).code(3);
    let edits = desk.run(&["sandbox", "edit", "--random", "20"]).code(0);
    assert_eq!(edits.out.lines().count(), 20);
    desk.run(&["plan", "--detailed-exitcode"]).code(2);
    desk.run(&["sync"]).code(3);
    desk.run(&["sync"]).code(3);
    desk.run(&["plan", "--detailed-exitcode"]).code(3);
    desk.run(&["status"]).code(0).tells("demo");
    desk.run(&["history"]).code(0);
    desk.run(&["history", "1"]).code(0);
    desk.run(&["check", "--offline"]).code(0);
}

// Watches: I47, incident 13, incident 34.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saved_plan_is_applied_exactly_and_refused_when_it_is_stale() {
    let sandbox = sandbox(12).await;
    let desk = Desk::real(&sandbox);
    let id = desk.ask(&["plan", "--format", "json"]).json()["plan_id"].as_str().unwrap().to_owned();
    desk.ask(&["sync", "--approve", &id]).code(0);
    desk.ask(&["plan", "--detailed-exitcode"]).code(0);
    change_an_email(&sandbox, "una@example.com");
    let saved = desk.ask(&["plan", "--detailed-exitcode", "--save", "plan.json", "--format", "json"]).code(2);
    change_an_email(&sandbox, "otra@example.com");
    let before = mutating(&sandbox);
    desk.ask(&["sync", "--plan", "plan.json"]).code(5).tells("stale");
    assert_eq!(mutating(&sandbox), before);
    change_an_email(&sandbox, "una@example.com");
    let applied = desk.ask(&["sync", "--plan", "plan.json", "--format", "json"]).code(0).json();
    assert_eq!(applied["plan_id"], saved.json()["plan_id"]);
    desk.ask(&["sync", "--plan", "plan.json"]).code(5);
    std::fs::write(desk.path("plan.json"), "{}").unwrap();
    desk.ask(&["sync", "--plan", "plan.json"]).code(10).tells("plan.json");
}

fn change_an_email(sandbox: &Sandbox, email: &str) {
    let contact = sandbox.world().dump().unwrap()["ghl"]["contacts"][0]["id"].as_str().map(str::to_owned);
    let set = json!({ "email": email }).as_object().cloned().unwrap();
    let edit = Edit { side: Side::Ghl, op: EditOp::Update, kind: EditKind::Contact, contact, id: None, set };
    sandbox.world().edit(&edit).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_cannot_be_read_is_said_and_the_run_still_ends() {
    let sandbox = sandbox(12).await;
    let desk = Desk::real(&sandbox);
    sandbox.set_faults("no-array@ghl:POST:/contacts/search*".parse().unwrap());
    for command in ["plan", "sync"] {
        let said = desk.ask(&[command, "--format", "json"]).code(1).json();
        assert_eq!(said["pair"], "acme");
        assert!(said["error"].as_str().unwrap().starts_with("GHL cannot be read: "), "{said}");
        desk.ask(&[command]).code(1).tells("GHL cannot be read: ");
    }
    desk.ask(&["status"]).code(1).tells("FAILED: GHL cannot be read: ");
    assert_eq!(mutating(&sandbox), 0);
}

#[test]
fn quiet_prints_nothing_when_all_is_well_and_few_lines_otherwise() {
    let desk = Desk::demo();
    let said = desk.run(&["sync", "--quiet"]).code(3);
    assert!((1..=10).contains(&said.out.lines().count()), "{said:?}");
    let mut calm = Desk::demo();
    calm.environment.push(("CONCORD_CONFIG".to_owned(), path_text(&calm.path("schedules.toml"))));
    let said = calm.run(&["check", "--offline", "--quiet"]).code(0);
    assert_eq!(said.out, "");
}

fn path_text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn one_pairs_failure_does_not_stop_the_others() {
    let desk = Desk::with("[pair.broken]\nsandbox = true\n[pair.demo]\nsandbox = true\n");
    std::fs::create_dir(desk.path("state")).unwrap();
    std::fs::write(desk.path("state/broken.db"), "no database".repeat(999)).unwrap();
    let said = desk.run(&["sync", "--format", "json"]).code(1);
    let both = said.json();
    assert_eq!(both[0]["pair"], "broken");
    assert!(both[0]["error"].is_string(), "{}", both[0]);
    assert_eq!(both[1]["pair"], "demo");
    assert!(both[1]["run"].is_object());
}

/// A sync that is killed as soon as so many writes arrived.
async fn sync_and_kill(desk: &Desk, sandbox: &Sandbox, writes: usize) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
    command.current_dir(desk.folder.path()).env_remove("CONCORD_CONFIG").arg("sync");
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let before = mutating(sandbox);
    let mut child = command.envs(desk.environment.iter().cloned()).spawn().unwrap();
    while mutating(sandbox) < before + writes {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        tokio::time::sleep(std::time::Duration::from_micros(200)).await;
    }
    // SIGKILL, where there are signals.
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

// Watches: I41, incident 22.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_sync_that_is_killed_ten_times_ends_where_an_undisturbed_one_does() {
    let mut ends = Vec::new();
    for kills in [0, 10] {
        let sandbox = sandbox(60).await;
        let mut desk = Desk::real(&sandbox);
        let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
        let settings =
            settings.replace("region = \"AR\"", "region = \"AR\"\nsettle = \"0s\"\nguard.first_sync = \"auto\"");
        std::fs::write(desk.path("schedules.toml"), settings).unwrap();
        desk.environment.push(("NO_COLOR".to_owned(), "1".to_owned()));
        for kill in 0..kills {
            assert!(sync_and_kill(&desk, &sandbox, 3 + kill * 3 % 11).await, "each of them was still at work");
        }
        for _ in 0..3 {
            let said = desk.ask(&["sync"]);
            assert!(matches!(said.code, 0 | 3), "{said:?}");
        }
        let planned = desk.ask(&["plan", "--format", "json"]).json();
        assert_eq!(planned["operations"], json!([]));
        ends.push(outlines_of(&sandbox.world().dump().unwrap()));
    }
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn an_undo_takes_a_run_back_by_its_number_and_waits_for_an_approval_where_a_guard_says_so() {
    let desk = Desk::demo();
    desk.run(&["undo", "1"]).code(10).tells("pair demo has no run 1").tells("concord history");
    assert!(!desk.path("state/demo.db").exists());
    desk.run(&["sync"]).code(3);
    for number in ["99", "first", ""] {
        let said = desk.run(&["undo", number, "--format", "json"]).code(10);
        assert!(said.out.is_empty(), "{said:?}");
    }
    desk.run(&["undo"]).code(10);
    let before = outlines_of(&desk.run(&["sandbox", "dump"]).json());
    let planned = desk.run(&["undo", "1", "--dry-run", "--format", "json"]).code(4).json();
    assert_eq!((&planned["mode"], &planned["undoes"]), (&json!("undo"), &json!(1)));
    let refused = desk.run(&["undo", "1"]).code(4).tells("concord undo 1 --pair demo --approve");
    assert_eq!(outlines_of(&desk.run(&["sandbox", "dump"]).json()), before, "{refused:?}");
    let id = planned["plan_id"].as_str().unwrap();
    let undone = desk.run(&["undo", "1", "--approve", id, "--format", "json"]).json();
    assert_eq!(undone["plan_id"], planned["plan_id"]);
    let applied = undone["operations"].as_array().unwrap().iter().all(|operation| operation["outcome"] == "applied");
    assert!(applied && undone["run"]["outcomes"]["applied"].as_u64().unwrap() > 20, "{undone:#}");
    desk.run(&["history"]).code(0).tells("takes back run 1");
    let run = undone["run"]["id"].to_string();
    desk.run(&["undo", &run]).code(10).tells("is itself the undo of run 1").tells("concord sync --full");
    let next = desk.run(&["sync", "--format", "json"]).json();
    assert_eq!(next["operations"], json!([]));
}

#[test]
fn an_undo_of_several_pairs_is_refused_and_names_the_flag() {
    let desk = Desk::with("[pair.demo]\nsandbox = true\n[pair.other]\nsandbox = true\n");
    desk.run(&["undo", "1"]).code(10).tells("--pair");
    desk.run(&["undo", "1", "--pair", "other"]).code(10).tells("pair other has no run 1");
}
