//! What a run leaves behind, and who can read it: no key anywhere, nobody's name in a log, files for their owner alone.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use concord::clock::{Clock, ManualClock};
use concord::record::Side;
use concord::run::{self, Consent, Job};
use concord::sandbox::{Edit, EditKind, EditOp, Options, Sandbox};
use futures::FutureExt;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::command::{Desk, Said};
use crate::house::{House, Plot};

/// Every file below `folder`, with its content.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            let mut bytes = std::fs::read(entry.path()).unwrap();
            bytes.extend(unpacked(&entry.path()).into_bytes());
            found.push((entry.path().display().to_string(), bytes));
        }
    }
    found
}

/// What stands packed in a state file, in plain text; nothing of any other file.
pub(crate) fn unpacked(path: &Path) -> String {
    if path.extension().is_none_or(|extension| extension != "db") {
        return String::new();
    }
    let state = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    concord::state::teach(&state).unwrap();
    let columns = [
        ("shadow_body", "body, listed"),
        ("operation", "document, before"),
        ("intent", "request, sought, settle"),
        ("undo_record", "trace, image"),
    ];
    let mut text = String::new();
    for column in columns.iter().flat_map(|(table, of)| of.split(", ").map(move |column| (table, column))) {
        let (table, column) = column;
        let sql = format!("SELECT coalesce(group_concat(unpacked({column})), '') FROM {table}");
        // Another program's database has no such table.
        text += &state.query_row(&sql, [], |row| row.get::<_, String>(0)).unwrap_or_default();
    }
    text
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// What must be found nowhere: the secrets as they are, and the token that one of them is exchanged for.
async fn secrets(sandbox: &Sandbox) -> Vec<String> {
    let url = format!("{}/jwt?api_key={}", sandbox.cliengo_url(), sandbox.api_key());
    let answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    vec![sandbox.api_key().to_owned(), sandbox.token().to_owned(), answer["jwt"].as_str().unwrap().to_owned()]
}

/// Changes what both sides tell of somebody, so that there is something to send and something to pending conflict.
fn edits(sandbox: &Sandbox) {
    sandbox.world().random_edits(12, &mut fastrand::Rng::with_seed(3)).unwrap();
}

// Watches: I51.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_is_in_anything_that_any_command_leaves_behind() {
    for auth in ["query", "bearer", "jwt"] {
        let sandbox = Sandbox::start(Options { contacts: 8, ..Options::default() }).await.unwrap();
        let secrets = secrets(&sandbox).await;
        let mut desk = Desk::real(&sandbox);
        let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
        let settings = settings.replace("requests_per_second", &format!("auth = \"{auth}\"\nrequests_per_second"));
        std::fs::write(desk.path("schedules.toml"), settings).unwrap();
        desk.environment.push(("RUST_BACKTRACE".to_owned(), "full".to_owned()));
        let mut said = Vec::new();
        let mut ask = |desk: &Desk, arguments: &[&str]| said.push(desk.ask(arguments));
        ask(&desk, &["check", "-vvv"]);
        ask(&desk, &["plan", "-vvv", "--format", "json", "--out", "plan.json", "--save", "saved.json"]);
        ask(&desk, &["sync", "-vvv", "--log-format", "json"]);
        let plan: Value = serde_json::from_slice(&std::fs::read(desk.path("plan.json")).unwrap()).unwrap();
        ask(&desk, &["sync", "-vvv", "--approve", plan["plan_id"].as_str().unwrap(), "--format", "json"]);
        for faults in
            ["status=500#3", "html@cliengo,truncated-json@ghl#2", "status=400@ghl:WRITE*", "status=401@ghl:WRITE*"]
        {
            edits(&sandbox);
            sandbox.set_faults(faults.parse().unwrap());
            ask(&desk, &["sync", "-vvv", "--log-format", "json"]);
        }
        sandbox.set_faults("status=401*".parse().unwrap());
        ask(&desk, &["check", "--format", "json"]);
        ask(&desk, &["sync", "-v"]);
        sandbox.set_faults("".parse().unwrap());
        edits(&sandbox);
        desk.environment.push(("CONCORD_LOG".to_owned(), "trace".to_owned()));
        ask(&desk, &["sync"]);
        ask(&desk, &["plan", "--full", "--out", "report.txt"]);
        ask(&desk, &["status"]);
        ask(&desk, &["history", "--format", "json"]);
        ask(&desk, &["history", "2", "--format", "json"]);
        assert!(said.iter().any(|said| said.code == 12), "the keys were refused once");
        assert!(said.iter().any(|said| said.err.contains("DEBUG")), "the log was as loud as it can be");
        for secret in &secrets {
            for Said { out, err, .. } in &said {
                assert!(!out.contains(secret) && !err.contains(secret), "{auth}: {secret} in {out}\n{err}");
            }
            for (path, bytes) in files(desk.folder.path()) {
                assert!(!holds(&bytes, secret), "{auth}: {secret} in {path}");
            }
        }
    }
}

/// Who is in both CRMs: full names, e-mails, phones, in every spelling stored, and the texts of notes.
fn people(sandbox: &Sandbox) -> BTreeSet<String> {
    let dump = sandbox.world().dump().unwrap();
    let mut private = BTreeSet::new();
    for side in ["cliengo", "ghl"] {
        for row in dump[side]["contacts"].as_array().unwrap() {
            let text = |key: &str| row[key].as_str().unwrap_or_default().trim().to_owned();
            for first in ["name", "firstName"] {
                private.insert(format!("{} {}", text(first), text("lastName")).trim().to_owned());
            }
            private.extend([text("email"), text("phone"), text("phone").replace(['+', ' ', '-'], "")]);
        }
        for row in dump[side]["notes"].as_array().unwrap() {
            private.extend(["body", "message"].iter().filter_map(|key| row[*key].as_str()).map(str::to_owned));
        }
    }
    // A first name alone is a word like any other.
    private.retain(|text| text.chars().count() >= 8);
    private
}

// Watches: I51.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_named_in_a_log_above_debug_or_in_an_error() {
    let sandbox = Sandbox::start(Options { contacts: 30, ..Options::default() }).await.unwrap();
    let desk = Desk::real(&sandbox);
    let mut private = people(&sandbox);
    let mut logs = String::new();
    for form in ["text", "json"] {
        let id = desk.ask(&["plan", "--format", "json"]).json()["plan_id"].as_str().unwrap().to_owned();
        logs += &desk.ask(&["sync", "-v", "--log-format", form, "--approve", &id]).err;
        for faults in [
            "status=500#3",
            "status=400@ghl:WRITE*",
            "no-array@ghl,torn-page@cliengo",
            "reset-after-write@ghl:WRITE",
            "status=401*",
        ] {
            edits(&sandbox);
            private.extend(people(&sandbox));
            sandbox.set_faults(faults.parse().unwrap());
            logs += &desk.ask(&["sync", "-v", "--log-format", form]).err;
            sandbox.set_faults("".parse().unwrap());
        }
    }
    assert!(private.len() > 60 && logs.contains("not applied") && logs.contains("run ends"), "{logs}");
    for private in private {
        assert!(!logs.contains(&private), "{private:?} in {logs}");
    }
}

/// A clock that goes off.
#[derive(Debug)]
struct Bomb(ManualClock, AtomicU32);

impl Clock for Bomb {
    fn now(&self) -> jiff::Timestamp {
        let left = self.1.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(left.is_ok(), "the clock went off");
        self.0.now()
    }
}

// Watches: I51.
#[tokio::test]
async fn a_panic_in_the_middle_of_a_run_leaves_no_key_and_the_next_run_goes_on() {
    let house = House::build(&Plot::extended().with_people(6)).await;
    let secrets = secrets(&house.sandbox).await;
    let mut panics = 0;
    for ticks in 0..40 {
        let stop = CancellationToken::new();
        let (cliengo, ghl) = house.clients(&stop);
        let bomb = Bomb(ManualClock::at(house.clock.now()), AtomicU32::new(ticks));
        let job = Job { clock: &bomb, ..house.job(&cliengo, &ghl, stop) };
        let ended = AssertUnwindSafe(run::sync(
            &job,
            concord::crm::Writers { cliengo: &cliengo, ghl: &ghl },
            &Consent::default(),
        ))
        .catch_unwind()
        .await;
        panics += usize::from(ended.is_err());
        // What a panic could say is what can be formatted: all that the run holds, and what it panicked with.
        let payload = ended.err().and_then(|payload| payload.downcast::<String>().ok());
        let told = format!("{job:?} {cliengo:?} {ghl:?} {payload:?}");
        assert!(secrets.iter().all(|secret| !told.contains(secret)), "{told}");
        for (path, bytes) in files(house.folder()) {
            assert!(secrets.iter().all(|secret| !holds(&bytes, secret)), "a key in {path}");
        }
    }
    assert!(panics > 2, "{panics} panics");
    house.good_night().await;
    house.good_night().await;
    house.quiet_night().await;
}

// Watches: I51.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_is_written_is_its_owners_alone_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    fn modes(folder: &Path) -> Vec<(String, u32)> {
        let mode = std::fs::metadata(folder).unwrap().permissions().mode() & 0o777;
        let mut found = vec![(folder.display().to_string(), mode)];
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let mode = std::fs::metadata(&entry).unwrap().permissions().mode() & 0o777;
            if entry.is_dir() { found.extend(modes(&entry)) } else { found.push((entry.display().to_string(), mode)) }
        }
        found
    }
    let sandbox = Sandbox::start(Options { contacts: 6, ..Options::default() }).await.unwrap();
    for desk in [Desk::real(&sandbox), Desk::demo()] {
        for command in ["plan --save kept/saved.json --out kept/plan.txt", "sync --out kept/report.txt", "sync --full"]
        {
            std::fs::create_dir_all(desk.path("kept")).unwrap();
            std::fs::set_permissions(desk.path("kept"), PermissionsExt::from_mode(0o700)).unwrap();
            let line = format!("umask 000; exec {} {command}", env!("CARGO_BIN_EXE_concord"));
            let mut shell = Command::new("sh");
            shell.args(["-c", &line]).current_dir(desk.folder.path()).envs(desk.environment.iter().cloned());
            let ended = tokio::task::block_in_place(|| shell.output().unwrap());
            assert!(matches!(ended.status.code(), Some(0 | 3 | 4)), "{ended:?}");
            for folder in ["state", "kept"] {
                for (path, mode) in modes(&desk.path(folder)) {
                    let expected = if Path::new(&path).is_dir() { 0o700 } else { 0o600 };
                    assert_eq!(mode, expected, "{path} after {command}: {mode:o}");
                }
            }
        }
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_that_others_can_read_and_a_folder_that_everybody_can_write_are_refused_before_any_request() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::start(Options { contacts: 2, ..Options::default() }).await.unwrap();
    let desk = Desk::real(&sandbox);
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let by_file = settings.replace("{ env = \"TEST_TOKEN\" }", "{ file = \"token\" }");
    std::fs::write(desk.path("schedules.toml"), by_file).unwrap();
    std::fs::write(desk.path("token"), format!("{}\n", sandbox.token())).unwrap();
    let allow = |name: &str, mode| std::fs::set_permissions(desk.path(name), PermissionsExt::from_mode(mode)).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o660] {
        allow("token", mode);
        for command in ["plan", "sync", "check"] {
            desk.ask(&[command]).code(10).tells("chmod 600");
        }
    }
    allow("token", 0o600);
    std::fs::create_dir(desk.path("state")).unwrap();
    allow("state", 0o777);
    for command in ["plan", "sync", "check"] {
        desk.ask(&[command]).code(10).tells("chmod 700");
    }
    assert!(sandbox.requests().is_empty());
    allow("state", 0o700);
    desk.ask(&["plan"]).code(0);
}

// Watches: I51.
#[cfg(target_os = "linux")]
#[test]
fn a_crash_leaves_no_copy_of_the_memory() {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::ExitStatusExt;
    let folder = tempfile::tempdir().unwrap();
    let line = format!(
        "ulimit -S -c \"$(ulimit -H -c)\"; exec {} sandbox serve --contacts 1 --listen 127.0.0.1:0",
        env!("CARGO_BIN_EXE_concord")
    );
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(folder.path()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let killed = Command::new("sh").args(["-c", &format!("kill -ABRT {}", child.id())]).status().unwrap();
    assert!(killed.success());
    let ended = child.wait().unwrap();
    assert_eq!((ended.signal(), ended.core_dumped()), (Some(6), false));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

// Watches: I51.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_masked_report_names_nobody_and_can_be_approved_by_the_same_id() {
    let sandbox = Sandbox::start(Options { contacts: 30, ..Options::default() }).await.unwrap();
    let desk = Desk::real(&sandbox);
    let open = desk.ask(&["plan", "--format", "json"]).json()["plan_id"].clone();
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    std::fs::write(desk.path("schedules.toml"), format!("{settings}[report]\nmask = true\n")).unwrap();
    let mut private = people(&sandbox);
    let masked = desk.ask(&["plan", "--format", "json"]);
    assert_eq!(masked.json()["plan_id"], open);
    let id = open.as_str().unwrap();
    let mut told = vec![masked.out, desk.ask(&["plan"]).tells(id).out, desk.ask(&["sync"]).code(4).tells(id).out];
    told.push(desk.ask(&["sync", "--approve", id]).out);
    for _ in 0..3 {
        edits(&sandbox);
        private.extend(people(&sandbox));
        told.push(desk.ask(&["plan", "--format", "json"]).out);
        told.push(desk.ask(&["sync"]).out);
    }
    for number in ["2", "3", "4"] {
        told.push(desk.ask(&["history", number]).code(0).out);
        told.push(desk.ask(&["history", number, "--format", "json"]).code(0).out);
    }
    let told = told.join("\n");
    // Notes stay, but for whom they name.
    private.retain(|text| text.split_whitespace().count() < 4);
    let notes: BTreeSet<String> = texts_of_notes(&sandbox);
    for private in private.difference(&notes) {
        assert!(!told.contains(private), "{private:?} in {told}");
    }
    for shown in ["***@", "+54***", "*** "] {
        assert!(told.contains(shown), "no {shown} in {told}");
    }
}

fn texts_of_notes(sandbox: &Sandbox) -> BTreeSet<String> {
    let dump = sandbox.world().dump().unwrap();
    let rows = ["cliengo", "ghl"].into_iter().flat_map(|side| dump[side]["notes"].as_array().unwrap().clone());
    rows.filter_map(|row| row["body"].as_str().or(row["message"].as_str()).map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_cannot_steer_the_terminal_of_whoever_reads_it() {
    let sandbox = Sandbox::start(Options { contacts: 4, ..Options::default() }).await.unwrap();
    let desk = Desk::real(&sandbox);
    let evil =
        ["\u{1b}[31mRojo\u{7}", "\u{202e}evil\u{2066}", "\u{9b}2J<script>alert(1)</script>", "=HYPERLINK(\"x\")"];
    for (number, name) in evil.into_iter().enumerate() {
        let set = json!({ "firstName": name, "email": format!("evil{number}@example.com"), "createdAt": "2026-01-01T00:00:00Z" });
        let set = set.as_object().cloned().unwrap();
        let (side, op, kind) = (Side::Ghl, EditOp::Create, EditKind::Contact);
        let made = sandbox.world().edit(&Edit { side, op, kind, contact: None, id: None, set }).unwrap();
        let set = json!({ "body": format!("{name}\nnota") }).as_object().cloned().unwrap();
        let note = Edit { side, op, kind: EditKind::Note, contact: made.id, id: None, set };
        sandbox.world().edit(&note).unwrap();
    }
    let planned = desk.ask(&["plan", "--format", "json"]);
    let id = planned.json()["plan_id"].as_str().unwrap().to_owned();
    assert!(planned.json().to_string().contains("\"evil\""), "nothing invisible is carried over");
    let mut said = vec![planned, desk.ask(&["plan"]), desk.ask(&["sync", "--approve", &id, "-vvv"])];
    said.push(desk.ask(&["history", "1"]));
    said.push(desk.ask(&["history", "1", "--format", "json"]));
    for Said { out, err, .. } in said {
        let steers = |letter: char| {
            (letter.is_control() && !matches!(letter, '\n' | '\t'))
                || ('\u{202a}'..='\u{202e}').contains(&letter)
                || ('\u{2066}'..='\u{2069}').contains(&letter)
        };
        let found = out.lines().chain(err.lines()).find(|line| line.contains(steers));
        assert_eq!(found, None);
        assert!(
            out.contains("=HYPERLINK") && out.contains("<script>"),
            "text and JSON are no tables and no pages: {out}"
        );
    }
}
