//! What a night costs in instructions, counted by valgrind: the same on every machine, however busy it is. The program is the
//! one that the tests run, without optimisation; both CRMs answer from this process and are not counted.
//!
//! Made again with `CONCORD_BLESS=1 cargo test --test nightly instructions::`.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp, Options, Sandbox};
use serde_json::{Value, json};

use crate::command::Desk;

/// Contacts on each side, with one task and one note each; and twice as many.
const CONTACTS: usize = 25;

/// So many of them differ in one field on the changed night.
const CHANGED_SHARE: usize = 10;

const RECORDED: &str = "tests/nightly/instructions.json";

const NIGHTS: [&str; 3] = ["first", "quiet", "changed"];

/// The compilers and the counter: others make another program of the same source.
fn made_with() -> Option<String> {
    let first_line = |program: &str, flag: &str| {
        let said = Command::new(program).arg(flag).stderr(Stdio::null()).output().ok()?;
        Some(String::from_utf8_lossy(&said.stdout).lines().next()?.trim().to_owned())
    };
    let parts =
        [first_line("rustc", "--version")?, first_line("cc", "--version")?, first_line("valgrind", "--version")?];
    Some(format!("{}; {}", std::env::consts::ARCH, parts.join("; ")))
}

/// Runs one night under valgrind and says how many instructions it took.
fn counted(desk: &Desk) -> u64 {
    let out = desk.path("counted");
    let run = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(format!("--log-file={}", out.display()))
        .arg(env!("CARGO_BIN_EXE_concord"))
        .args(["sync", "--format", "json", "--out", "report.json"])
        .current_dir(desk.folder.path())
        .env_remove("CONCORD_CONFIG")
        .envs(desk.environment.iter().cloned())
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let told = std::fs::read_to_string(out).unwrap();
    assert_eq!(run.status.code(), Some(0), "{}\n{told}", String::from_utf8_lossy(&run.stderr));
    let counted =
        told.lines().find_map(|line| line.split_once("refs:")).map(|(_, count)| count.trim().replace(',', ""));
    counted.unwrap().parse().unwrap()
}

fn desk(sandbox: &Sandbox) -> Desk {
    let mut desk = Desk::real(sandbox);
    let path = desk.path("schedules.toml");
    let plain = std::fs::read_to_string(&path).unwrap().replace("patience = \"1s\"\n", "");
    let limits =
        "[pair.acme.guard]\nfirst_sync = \"auto\"\ncreate_count = 10000\ncreate_percent = 100\nupdate_percent = 100\n";
    std::fs::write(&path, plain + limits).unwrap();
    desk.environment.push(("NO_COLOR".to_owned(), "1".to_owned()));
    desk
}

/// A first, a quiet, and a changed night of an account of that size.
async fn nights(contacts: usize) -> BTreeMap<&'static str, u64> {
    let sandbox = Sandbox::start(Options { contacts: 0, ..Options::default() }).await.unwrap();
    sandbox.world().fill(contacts, contacts, None, 1, 1).unwrap();
    let desk = desk(&sandbox);
    let mut counts = BTreeMap::new();
    for night in NIGHTS {
        if night == "changed" {
            change(&sandbox, contacts / CHANGED_SHARE);
        }
        counts.insert(night, tokio::task::block_in_place(|| counted(&desk)));
    }
    counts
}

fn change(sandbox: &Sandbox, contacts: usize) {
    let world = sandbox.world().dump().unwrap();
    for (number, contact) in world["ghl"]["contacts"].as_array().unwrap().iter().take(contacts).enumerate() {
        let id = contact["id"].as_str().map(str::to_owned);
        let set = json!({ "email": format!("otra{number}@fill.example") }).as_object().cloned().unwrap();
        let edit = Edit { side: Side::Ghl, op: EditOp::Update, kind: EditKind::Contact, contact: id, id: None, set };
        sandbox.world().edit(&edit).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_night_of_twice_as_many_contacts_takes_twice_the_instructions_and_no_more_than_recorded() {
    let Some(made_with) = made_with() else {
        println!("not checked: valgrind, cc or rustc is not here");
        return;
    };
    let (none, once, twice) = tokio::join!(nights(0), nights(CONTACTS), nights(2 * CONTACTS));
    // What any night takes, of nobody, is no part of the comparison: starting, the trust store, the state.
    for night in NIGHTS {
        let [none, once, twice] = [&none, &once, &twice].map(|counts| counts[night]);
        let (once, twice) = (once - none, twice - none);
        println!("{night}: {none} of nobody; {once} more of {CONTACTS} contacts, {twice} of {}", 2 * CONTACTS);
        assert!(twice * 100 <= once * 215, "{night}: {twice} is more than twice {once}");
    }
    let counts = json!({ "made_with": made_with, "contacts": 2 * CONTACTS, "instructions": twice });
    if std::env::var_os("CONCORD_BLESS").is_some() {
        std::fs::write(RECORDED, format!("{counts:#}\n")).unwrap();
        return;
    }
    let recorded = std::fs::read_to_string(RECORDED).unwrap();
    let recorded: Value = serde_json::from_str(&recorded).unwrap();
    if recorded["made_with"] != counts["made_with"] {
        let other = &recorded["made_with"];
        println!("linear, and not compared with what is recorded: that was made with {other}, this with {made_with}");
        return;
    }
    for night in NIGHTS {
        let (before, now) = (recorded["instructions"][night].as_u64().unwrap(), twice[night]);
        let apart = now.abs_diff(before) * 100;
        let again = "if that is meant, record it again (docs/BENCHMARKS.md)";
        assert!(apart <= before * 3, "{night}: {now} instructions, and {before} are recorded: {again}");
    }
}
