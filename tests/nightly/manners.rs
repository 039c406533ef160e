//! How the program behaves in a shell: help, completions, manual, logs, progress, pipes, wrong flags, full disks.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command::{Desk, Said, mutating, sandbox};

const COMMANDS: [&str; 18] = [
    "init",
    "plan",
    "sync",
    "check",
    "daemon",
    "status",
    "history",
    "explain",
    "held",
    "config",
    "conflicts",
    "quarantine",
    "links",
    "undo",
    "export",
    "sandbox",
    "completions",
    "man",
];

#[test]
fn every_command_has_examples_in_its_help() {
    let desk = Desk::demo();
    desk.run(&["--help"]).code(0).tells("Examples:").tells("Exit codes:");
    for command in COMMANDS {
        let said = desk.run(&[command, "--help"]).code(0);
        let examples = said.out.split("Examples:").nth(1).unwrap_or_else(|| panic!("{command} has none"));
        assert!(examples.contains(&format!("concord {command}")), "{examples}");
        assert!(examples.lines().all(|line| line.chars().count() <= 80), "{examples}");
    }
}

#[test]
fn completions_and_manual_know_every_command() {
    let desk = Desk::demo();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = desk.run(&["completions", shell]).code(0);
        assert!(COMMANDS.iter().all(|command| said.out.contains(command)), "{shell}");
    }
    let page = desk.run(&["man"]).code(0);
    assert!(page.out.contains(".TH concord 1"), "{}", page.out);
    desk.run(&["man", "--out", "pages/man1"]).code(0);
    for command in COMMANDS.iter().map(|command| format!("concord-{command}.1")).chain(["concord.1".to_owned()]) {
        assert!(desk.path("pages/man1").join(&command).exists(), "no {command}");
    }
    assert!(desk.path("pages/man1/concord-sandbox-serve.1").exists());
}

// Watches: I50.
#[test]
fn every_mistake_on_the_command_line_ends_with_10_and_says_what_to_do() {
    let desk = Desk::demo();
    let mistakes: [&[&str]; 18] = [
        &["frobnicate"],
        &["snyc"],
        &["sync", "--ful"],
        &["sync", "--full", "--rebuild"],
        &["sync", "--plan"],
        &["sync", "--plan", "nowhere.json"],
        &["sync", "--format", "yaml"],
        &["sync", "--allow-empty", "ghl:people"],
        &["plan", "--pair", "nobody"],
        &["plan", "--color", "blue"],
        &["plan", "--config", "nowhere.toml"],
        &["history", "last"],
        &["history", "99"],
        &["undo"],
        &["completions", "cobol"],
        &["sandbox", "edit"],
        &["sandbox", "edit", "--random", "many"],
        &["sandbox", "serve", "--faults", "gremlins"],
    ];
    for mistake in mistakes {
        let said = desk.run(mistake);
        assert_eq!(said.code, 10, "{mistake:?}: {said:?}");
        assert!(said.err.starts_with("error: ") && said.err.contains("\nhint: "), "{mistake:?}: {}", said.err);
        assert_eq!(said.out, "", "{mistake:?}");
    }
    desk.run(&["sync", "--ful"]).tells("--full").tells("concord sync --help");
    assert!(!desk.path("state/demo.db").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let desk = Desk::demo();
    for arguments in [&["plan"][..], &["--help"], &["man"], &["completions", "zsh"], &["sandbox", "dump"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
        command.current_dir(desk.folder.path()).env_remove("CONCORD_CONFIG").args(arguments).arg("--no-progress");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn every_line_of_a_json_log_is_json_with_pair_and_run() {
    let desk = Desk::demo();
    let said = desk.run(&["sync", "-vv", "--log-format", "json"]).code(3);
    let lines: Vec<Value> = said.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_run: Vec<&Value> =
        lines.iter().filter(|line| line["target"].as_str().unwrap().starts_with("concord::run")).collect();
    assert!(of_run.iter().any(|line| line["message"] == "listed"), "{}", said.err);
    assert!(of_run.iter().any(|line| line["message"] == "applied"), "{}", said.err);
    for line in of_run {
        assert_eq!((&line["span"]["pair"], &line["span"]["run"]), (&Value::from("demo"), &Value::from(1)), "{line}");
    }
}

#[test]
fn where_there_is_no_terminal_progress_is_plain_lines_or_nothing() {
    let desk = Desk::demo();
    let said = desk.run(&["sync"]).code(3);
    assert!(said.err.lines().any(|line| line.starts_with("demo: Cliengo contacts ")), "{}", said.err);
    assert!(said.err.lines().any(|line| line.starts_with("demo: operations ")), "{}", said.err);
    assert!(!said.err.contains('\u{1b}') && !said.err.contains('\r'), "{}", said.err);
    assert_eq!(desk.run(&["plan", "--no-progress"]).code(0).err, "");
    assert_eq!(desk.run(&["plan", "--quiet"]).code(0).err, "");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_shows_bars_with_rate_and_time_left_and_keeps_none() {
    let desk = Desk::demo();
    let mut person = crate::terminal::Terminal::run(&desk, &["sync"]);
    person.until("operations").await;
    person.until("left").await;
    assert_eq!(person.ends().await, 3);
    assert!(person.shown.contains("/s"), "{}", person.shown);
    let mut person = crate::terminal::Terminal::run(&desk, &["plan", "--no-progress"]);
    assert_eq!(person.ends().await, 0);
    assert!(!person.shown.contains("notes, by contact"), "{}", person.shown);
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for_and_says_nothing_alone() {
    let desk = Desk::demo();
    let plain = desk.run(&["plan", "--no-progress"]).code(0).out;
    assert!(!plain.contains('\u{1b}'));
    assert!(desk.run(&["plan", "--color", "always", "--no-progress"]).code(0).out.contains('\u{1b}'));
    assert!(!desk.run(&["plan", "--color", "never", "--no-progress"]).code(0).out.contains('\u{1b}'));
}

#[test]
fn history_fits_the_terminal_begins_with_ids_and_shows_a_run_in_full() {
    let mut desk = Desk::demo();
    desk.environment = vec![("COLUMNS".to_owned(), "80".to_owned())];
    assert_eq!(desk.run(&["history"]).code(0).out, "No run yet.\n");
    desk.run(&["sync"]).code(3);
    desk.run(&["sandbox", "edit", "--random", "20"]).code(0);
    desk.run(&["sync"]).code(3);
    let list = desk.run(&["history"]).code(0).out;
    let (table, totals) = list.split_once("\n\n").unwrap();
    let ids: Vec<&str> =
        table.lines().filter(|line| !line.starts_with(' ')).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(ids, ["RUN", "1", "2"], "the newest last");
    assert!(totals.starts_with("2 runs: 2 done; ") && totals.contains("Times are in "), "{totals}");
    let newest = desk.run(&["history", "--limit", "1", "--format", "json"]).code(0).json();
    assert_eq!((newest.as_array().unwrap().len(), newest[0]["id"].as_i64()), (1, Some(2)));
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
    let documents = desk.run(&["history", "--format", "json"]).code(0).json();
    assert_eq!(documents.as_array().unwrap().iter().map(|run| run["id"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    let run = desk.run(&["history", "2", "--format", "json"]).code(0).json();
    let shown = desk.run(&["history", "2"]).code(0).out;
    let operations = run["operations"].as_array().unwrap();
    assert!(!operations.is_empty());
    for operation in operations {
        let line = format!("\n{:<4} {}  ", operation["id"].as_u64().unwrap(), operation["outcome"].as_str().unwrap());
        assert!(shown.contains(&line), "no {line:?} in {shown}");
        for request in operation["requests"].as_array().unwrap() {
            assert!(shown.contains(request["method"].as_str().unwrap()), "{shown}");
        }
        if operation["action"] == "update" {
            assert!(operation["before_image"].is_object(), "{operation}");
        }
    }
    assert!(shown.contains(" → "), "{shown}");
}

/// A small disk of its own, where this machine lets a test have one.
#[cfg(target_os = "linux")]
struct Disk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl Disk {
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    fn mount(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "concord-test"]).arg(folder.path()).output();
        if mount.is_ok_and(|done| done.status.success()) {
            return Some(Self(folder));
        }
        println!("skipped: this test needs the right to mount a tmpfs");
        None
    }

    fn path(&self) -> &std::path::Path {
        self.0.path()
    }

    fn remount(&self, options: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(self.path()).status();
        assert!(done.unwrap().success());
    }
}

#[cfg(target_os = "linux")]
impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

// Watches: I41.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_ends_with_1_names_it_and_leaves_nothing_half_written() {
    let Some(disk) = Disk::mount("size=16m,mode=700") else { return };
    let sandbox = sandbox(60).await;
    let mut desk = Desk::real(&sandbox);
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let settings = settings.replace("region = \"AR\"", "region = \"AR\"\nsettle = \"0s\"\nguard.first_sync = \"auto\"");
    std::fs::write(desk.path("schedules.toml"), settings).unwrap();
    desk.environment.push(("NO_COLOR".to_owned(), "1".to_owned()));
    let state = disk.path().to_str().unwrap().to_owned();
    let sync =
        |desk: &Desk, more: &[&str]| -> Said { desk.ask(&[&["sync", "--state-dir", &state][..], more].concat()) };
    // Less and less room: the disk is full at another step each time, from the first page to the last write.
    let mut failed = 0;
    for kibibytes in [40, 200, 400, 600, 800, 1000, 1200] {
        disk.remount(&format!("size={kibibytes}k"));
        let said = sync(&desk, &[]);
        if said.code == 1 {
            failed += 1;
            let told = format!("{}{}", said.out, said.err).to_lowercase();
            assert!(told.contains("full") || told.contains("no space left"), "{kibibytes} KiB: {said:?}");
        } else {
            assert!(matches!(said.code, 0 | 3), "{kibibytes} KiB: {said:?}");
        }
    }
    assert!(failed > 1, "the disk was never full");
    disk.remount("size=64m");
    for _ in 0..3 {
        let said = sync(&desk, &[]);
        assert!(matches!(said.code, 0 | 3), "{said:?}");
    }
    // Where an undisturbed first sync ends, this one ended too: nothing lost, nothing twice.
    let undisturbed = crate::command::sandbox(60).await;
    let mut other = Desk::real(&undisturbed);
    other.environment.push(("NO_COLOR".to_owned(), "1".to_owned()));
    std::fs::write(
        other.path("schedules.toml"),
        std::fs::read_to_string(desk.path("schedules.toml"))
            .unwrap()
            .replace(&sandbox.cliengo_url(), &undisturbed.cliengo_url())
            .replace(&sandbox.ghl_url(), &undisturbed.ghl_url()),
    )
    .unwrap();
    for _ in 0..3 {
        other.ask(&["sync"]);
    }
    let ends = [&sandbox, &undisturbed].map(|sandbox| crate::story::outlines_of(&sandbox.world().dump().unwrap()));
    assert_eq!(ends[0], ends[1]);
    assert!(mutating(&sandbox) > 0);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_directory_that_is_read_only_is_named_and_nothing_is_sent() {
    let Some(disk) = Disk::mount("ro,mode=700") else { return };
    let sandbox = sandbox(8).await;
    let desk = Desk::real(&sandbox);
    let state = disk.path().to_str().unwrap().to_owned();
    for command in ["sync", "plan", "check"] {
        desk.ask(&[command, "--state-dir", &state]).code(1).tells(&state).tells("hint:");
    }
    assert_eq!(mutating(&sandbox), 0);
}
