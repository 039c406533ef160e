//! A state that is there and cannot be used is never a pair that was never synchronised, and is never taken over.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use concord::sandbox::Sandbox;
use rusqlite::Connection;

use crate::command::{Desk, mutating, sandbox};

const COMMANDS: [&[&str]; 7] = [
    &["status"],
    &["check"],
    &["check", "--offline"],
    &["plan"],
    &["plan", "--detailed-exitcode"],
    &["sync"],
    &["history"],
];

/// A pair that was synchronised, its CRMs and its state.
async fn synchronised() -> (Sandbox, Desk) {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    let id = desk.ask(&["plan", "--format", "json"]).json()["plan_id"].as_str().unwrap().to_owned();
    let said = desk.ask(&["sync", "--approve", &id]);
    assert!(matches!(said.code, 0 | 3), "{said:?}");
    sandbox.clear_requests();
    (sandbox, desk)
}

/// Every command says which file cannot be used, and writes nothing.
fn is_refused(sandbox: &Sandbox, desk: &Desk, why: &str) {
    for command in COMMANDS {
        let said = desk.ask(command).code(1).tells("acme.db");
        let text = format!("{}{}", said.out, said.err);
        assert!(!text.contains("never synchronised") && !text.contains("the next sync is the first"), "{why}: {text}");
        assert_eq!(mutating(sandbox), 0, "{why}: {command:?} wrote something");
    }
}

fn remove(desk: &Desk) {
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(desk.path(&format!("state/acme.db{ending}")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_cannot_be_used_is_no_first_night_for_any_command() {
    let (sandbox, desk) = synchronised().await;
    let path = desk.path("state/acme.db");
    let whole = std::fs::read(&path).unwrap();
    let garbage = b"no database at all".repeat(999);
    let half = whole.get(..whole.len() / 2).unwrap().to_vec();
    let torn = whole.get(..100).unwrap().to_vec();
    for (why, bytes) in
        [("garbage", garbage), ("cut in half", half), ("cut after its head", torn), ("empty", Vec::new())]
    {
        remove(&desk);
        std::fs::write(&path, &bytes).unwrap();
        is_refused(&sandbox, &desk, why);
        assert!(std::fs::read(&path).unwrap() == bytes, "{why}: it was changed");
    }
    remove(&desk);
    is_refused(&sandbox, &desk, "missing");
    assert!(!path.exists());
    std::fs::create_dir(&path).unwrap();
    is_refused(&sandbox, &desk, "a folder in its place");
    std::fs::remove_dir(&path).unwrap();
    // Put back, it goes on.
    std::fs::write(&path, &whole).unwrap();
    let said = desk.ask(&["sync"]);
    assert!(matches!(said.code, 0 | 3), "{said:?}");
    assert_eq!(mutating(&sandbox), 0);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_a_volume_that_is_not_mounted_is_no_first_night() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    std::fs::create_dir(desk.path("state")).unwrap();
    std::os::unix::fs::symlink("/nowhere/volume/acme.db", desk.path("state/acme.db")).unwrap();
    is_refused(&sandbox, &desk, "the file is a link");
    std::fs::remove_dir_all(desk.path("state")).unwrap();
    std::os::unix::fs::symlink("/nowhere/volume", desk.path("state")).unwrap();
    sandbox.clear_requests();
    for command in [&["status"][..], &["plan"], &["sync"], &["history"]] {
        let said = desk.ask(command).code(1).tells("state").tells("mounted");
        assert!(!said.out.contains("never synchronised"), "{said:?}");
    }
    assert_eq!(mutating(&sandbox), 0);
    assert!(sandbox.requests().is_empty(), "nobody is asked before the state is known");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_programs_database_is_not_taken_over() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    std::fs::create_dir(desk.path("state")).unwrap();
    let path = desk.path("state/acme.db");
    for pragma in ["", "PRAGMA application_id = 77;", "PRAGMA user_version = 3;", "PRAGMA user_version = 99;"] {
        let _ = std::fs::remove_file(&path);
        let theirs = Connection::open(&path).unwrap();
        theirs.execute_batch(&format!("CREATE TABLE meta (key TEXT, value TEXT); {pragma}")).unwrap();
        drop(theirs);
        let before = std::fs::read(&path).unwrap();
        is_refused(&sandbox, &desk, pragma);
        assert!(std::fs::read(&path).unwrap() == before, "{pragma}: it was changed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_state_is_rebuilt_or_begun_again_only_when_somebody_says_so() {
    let (sandbox, desk) = synchronised().await;
    remove(&desk);
    is_refused(&sandbox, &desk, "lost");
    desk.ask(&["plan", "--rebuild"]).code(0);
    desk.ask(&["sync", "--rebuild"]).code(4);
    is_refused(&sandbox, &desk, "the rebuild waits");
    let id = desk.ask(&["plan", "--rebuild", "--format", "json"]).json()["plan_id"].as_str().unwrap().to_owned();
    let said = desk.ask(&["sync", "--rebuild", "--approve", &id]);
    assert!(matches!(said.code, 0 | 3), "{said:?}");
    let said = desk.ask(&["sync"]);
    assert!(matches!(said.code, 0 | 3), "{said:?}");
    assert_eq!(mutating(&sandbox), 0);
    remove(&desk);
    let said = desk.ask(&["sync"]).code(1);
    let witness = said.err.rsplit("remove ").next().unwrap().split(". ").next().unwrap();
    std::fs::remove_file(desk.path(witness)).unwrap();
    desk.ask(&["sync"]).code(4).tells("first sync");
}

/// A process that keeps everybody else out of a database until it is killed.
fn holder(path: &Path) -> Option<Child> {
    let program = "import sqlite3, sys, time\n\
        held = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
        held.execute('PRAGMA locking_mode = EXCLUSIVE')\n\
        held.execute('BEGIN EXCLUSIVE')\n\
        held.execute(\"INSERT INTO meta VALUES ('held', '1')\")\n\
        print('held', flush=True)\n\
        time.sleep(120)\n";
    let mut child = Command::new("python3").args(["-c", program]).arg(path).stdout(Stdio::piped()).spawn().ok()?;
    let mut said = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take()?), &mut said).ok()?;
    (said.trim() == "held").then_some(child)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_another_program_holds_is_said_once_and_is_not_damaged() {
    let (sandbox, desk) = synchronised().await;
    let Some(mut child) = holder(&desk.path("state/acme.db")) else { return };
    for command in [&["status"][..], &["sync"]] {
        let said = desk.ask(command).code(1).tells("another program holds").tells("acme.db");
        let text = format!("{}{}", said.out, said.err);
        assert_eq!(text.matches("another program holds").count(), 1, "{text}");
        for wrong in ["corrupt", "--rebuild", "folder exists", "database is locked"] {
            assert!(!text.contains(wrong), "{wrong}: {text}");
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(mutating(&sandbox), 0);
    desk.ask(&["status"]).code(0);
}
