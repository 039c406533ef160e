//! `init`: by flags and on a terminal, against a sandbox that stands for the real accounts.

use std::io::Write as _;
use std::process::{Command, Stdio};

use concord::sandbox::Sandbox;
use serde_json::Value;

use crate::command::{Desk, Said, mutating, sandbox};

/// A desk with nothing on it but secrets in the environment.
fn bare(sandbox: &Sandbox) -> Desk {
    let desk = Desk::real(sandbox);
    std::fs::remove_file(desk.path("schedules.toml")).unwrap();
    desk
}

/// Flags for the accounts of `sandbox`, without its secrets.
fn flags(sandbox: &Sandbox) -> Vec<String> {
    let flags =
        ["--no-input", "--pair", "acme", "--cliengo-url", &sandbox.cliengo_url(), "--ghl-url", &sandbox.ghl_url()];
    flags.map(str::to_owned).to_vec()
}

fn with<'a>(flags: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    ["init"].into_iter().chain(flags.iter().map(String::as_str)).chain(more.iter().copied()).collect()
}

fn written(desk: &Desk) -> String {
    std::fs::read_to_string(desk.path("schedules.toml")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn init_by_flags_writes_a_file_that_checks_and_plans() {
    let sandbox = sandbox(12).await;
    let desk = bare(&sandbox);
    let flags = flags(&sandbox);
    let accounts = ["--website-id", sandbox.website_id(), "--location-id", sandbox.location_id()];
    let secrets = ["--cliengo-key-env", "TEST_KEY", "--ghl-token-env", "TEST_TOKEN"];
    let said = desk.ask(&with(&flags, &[accounts, secrets].concat())).code(0);
    for command in ["concord check", "concord plan", "concord sync", "TEST_KEY and TEST_TOKEN"] {
        assert!(said.out.contains(command), "{said:?}");
    }
    let told = said.tells("Sucursal Centro").tells("demo.example.com").tells("users").tells("left today");
    let text = written(&desk);
    for secret in [sandbox.api_key(), sandbox.token()] {
        assert!(!text.contains(secret) && !format!("{told:?}").contains(secret), "a secret was shown");
    }
    assert!(text.contains("timezone = \"America/Argentina/Buenos_Aires\""), "{text}");
    assert!(text.contains("region = \"AR\""), "{text}");
    assert_eq!(mutating(&sandbox), 0);
    desk.ask(&["check"]).code(0);
    desk.ask(&["plan", "--detailed-exitcode"]).code(4);
    for scheduler in ["cron", "systemd", "kubernetes"] {
        desk.ask(&["export", scheduler]).code(0);
    }
}

// Watches: I51.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_from_stdin_are_kept_in_files_of_their_owner_alone() {
    let sandbox = sandbox(4).await;
    let mut desk = bare(&sandbox);
    desk.environment.clear();
    let flags = flags(&sandbox);
    let more = [
        "--cliengo-key-stdin",
        "--ghl-token-stdin",
        "--location-id",
        sandbox.location_id(),
        "--website-id",
        sandbox.website_id(),
    ];
    let piped = format!("{}\n{}\n", sandbox.api_key(), sandbox.token());
    piped_to(&desk, &with(&flags, &more), &piped).code(0);
    for (file, secret) in [("secrets/acme.cliengo", sandbox.api_key()), ("secrets/acme.ghl", sandbox.token())] {
        assert_eq!(std::fs::read_to_string(desk.path(file)).unwrap().trim(), secret);
        assert!(written(&desk).contains(&format!("{{ file = \"{file}\" }}")), "{}", written(&desk));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(desk.path(file)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    desk.ask(&["check"]).code(0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(desk.path("unlinked_children"), sandbox.token()).unwrap();
        std::fs::set_permissions(desk.path("unlinked_children"), std::fs::Permissions::from_mode(0o644)).unwrap();
        let unlinked_children =
            ["--config", "other.toml", "--location-id", "x", "--ghl-token-file", "unlinked_children"];
        let key = ["--cliengo-key-file", "secrets/acme.cliengo", "--website-id", sandbox.website_id()];
        desk.ask(&with(&flags, &[&unlinked_children[..], &key].concat())).code(10).tells("chmod 600");
    }
    // The files are never written over unasked.
    std::fs::remove_file(desk.path("schedules.toml")).unwrap();
    piped_to(&desk, &with(&flags, &more), &piped).code(10).tells("acme.cliengo");
    assert!(!desk.path("schedules.toml").exists());
}

fn piped_to(desk: &Desk, arguments: &[&str], text: &str) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
    command.current_dir(desk.folder.path()).env_remove("CONCORD_CONFIG").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    tokio::task::block_in_place(|| {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Said::from(child.wait_with_output().unwrap())
    })
}

#[test]
fn a_configuration_that_is_there_is_left_alone_without_force_and_set_aside_with_it() {
    let desk = Desk::demo();
    let before = written(&desk);
    desk.run(&["init", "--sandbox", "--pair", "other"]).code(10).tells("schedules.toml").tells("--force");
    assert_eq!(written(&desk), before);
    desk.run(&["init", "--sandbox", "--pair", "other", "--force"]).code(0).tells("concord plan");
    assert!(written(&desk).contains("[pair.other]"));
    let aside = std::fs::read_dir(desk.folder.path()).unwrap().flatten();
    let aside = aside.map(|entry| entry.path()).find(|path| path.to_string_lossy().contains(".aside-")).unwrap();
    assert_eq!(std::fs::read_to_string(aside).unwrap(), before);
    desk.run(&["check", "--offline"]).code(0);
    desk.run(&["sync", "--quiet"]).code(3);
}

#[test]
fn what_is_missing_is_said_at_once_where_nobody_can_be_asked() {
    let desk = Desk::demo();
    std::fs::remove_file(desk.path("schedules.toml")).unwrap();
    let said = desk.run(&["init"]).code(10).tells("--pair").tells("--cliengo-key-env");
    said.tells("--location-id").tells("--ghl-token-env").tells("hint:");
    desk.run(&["init", "--sandbox", "--pair", "No Good"]).code(10).tells("hint:");
    desk.run(&["init", "--sandbox", "--pair", "demo", "--cron", "every night"]).code(10).tells("cron");
    desk.run(&["init", "--sandbox", "--website-id", "x"]).code(10).tells("hint:");
    let missing =
        ["init", "--pair", "acme", "--location-id", "x", "--ghl-token-env", "NOT_SET", "--cliengo-key-env", "NOT_SET"];
    desk.run(&missing).code(10).tells("NOT_SET");
    desk.run(&[
        "init",
        "--pair",
        "acme",
        "--location-id",
        "pit-1234",
        "--ghl-token-env",
        "X",
        "--cliengo-key-env",
        "X",
    ])
    .code(10)
    .tells("looks like the token");
    assert!(!desk.path("schedules.toml").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_a_crm_refuses_write_nothing() {
    let sandbox = sandbox(4).await;
    let mut desk = bare(&sandbox);
    let flags = flags(&sandbox);
    let secrets = ["--cliengo-key-env", "TEST_KEY", "--ghl-token-env", "TEST_TOKEN"];
    let here = ["--location-id", sandbox.location_id()];
    // There are two websites to choose from, and one that was deleted.
    let said = desk.ask(&with(&flags, &[&secrets[..], &here].concat())).code(10).tells(sandbox.website_id());
    assert!(said.err.contains("landing.example.com") && !said.err.contains("old.example.com"), "{said:?}");
    let nowhere = ["--website-id", "000000000000000000000000"];
    desk.ask(&with(&flags, &[&secrets[..], &here, &nowhere].concat())).code(10).tells(sandbox.website_id());
    let website = ["--website-id", sandbox.website_id()];
    let elsewhere = ["--location-id", "AnotherLocation00000"];
    desk.ask(&with(&flags, &[&secrets[..], &website, &elsewhere].concat())).code(12).tells("GHL refused");
    "wrong-and-secret".clone_into(&mut desk.environment[0].1);
    let said = desk.ask(&with(&flags, &[&secrets[..], &website, &here].concat())).code(12).tells("Cliengo refused");
    assert!(!format!("{said:?}").contains("wrong-and-secret"));
    assert!(!desk.path("schedules.toml").exists());
    assert_eq!(mutating(&sandbox), 0);
}

// Watches: I51.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn init_on_a_terminal_asks_tries_each_answer_and_shows_no_secret() {
    let sandbox = sandbox(12).await;
    let mut desk = bare(&sandbox);
    desk.environment.clear();
    let (cliengo, ghl) = (sandbox.cliengo_url(), sandbox.ghl_url());
    let mut person = crate::terminal::Terminal::run(&desk, &["init", "--cliengo-url", &cliengo, "--ghl-url", &ghl]);
    person.answer("Number", "1").await;
    person.answer("A name", "Not Good").await;
    person.answer("A name", "acme").await;
    person.answer("Cliengo's API key", "mistyped").await;
    person.until("refused the credentials").await;
    person.answer("Cliengo's API key", sandbox.api_key()).await;
    person.until("Cliengo answers: Demo").await;
    person.until("landing.example.com").await;
    person.answer("Number", "7").await;
    person.answer("Number", "1").await;
    person.answer("location id", "pit-00000000-0000-0000-0000-000000000000").await;
    person.until("this looks like the token").await;
    person.answer("location id", sandbox.location_id()).await;
    person.answer("private integration token", sandbox.token()).await;
    person.until("GHL answers: Sucursal Centro").await;
    person.answer("country", "Argentina").await;
    person.answer("country", "").await;
    person.answer("cron line in America/Argentina/Buenos_Aires", "every night").await;
    person.answer("cron line in America/Argentina/Buenos_Aires", "30 2 * * *").await;
    assert_eq!(person.ends().await, 0, "{}", person.shown);
    let end = person.shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in ["and beside it schedules.schema.json", "The keys are in secrets/acme.cliengo, secrets/acme.ghl"] {
        assert!(end.contains(said), "{end}");
    }
    for secret in [sandbox.api_key(), sandbox.token(), "mistyped"] {
        assert!(!person.shown.contains(secret), "{}", person.shown);
    }
    assert!(written(&desk).contains("cron = \"30 2 * * *\""), "{}", written(&desk));
    assert_eq!(std::fs::read_to_string(desk.path("secrets/acme.ghl")).unwrap().trim(), sandbox.token());
    assert!(written(&desk).contains(&format!("website_id = \"{}\"", sandbox.website_id())), "{}", written(&desk));
    assert_eq!(mutating(&sandbox), 0);
    let findings = desk.ask(&["check", "--format", "json"]).code(0).json();
    assert!(findings.as_array().unwrap().iter().all(|finding: &Value| finding["result"] != "fail"), "{findings}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_at_a_question_ends_it_and_writes_nothing() {
    let sandbox = sandbox(4).await;
    let desk = bare(&sandbox);
    let mut person = crate::terminal::Terminal::run(&desk, &["init", "--pair", "acme", "--location-id", "x"]);
    person.until("Cliengo's API key").await;
    person.until(": ").await;
    person.types("\u{3}").await;
    assert_eq!(person.ends().await, 130, "{}", person.shown);
    assert!(person.shown.contains("nothing was written"), "{}", person.shown);
    assert_eq!(std::fs::read_dir(desk.folder.path()).unwrap().count(), 0);
}
