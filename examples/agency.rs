//! An agency's night: hundreds of pairs in one `sync`, and what that takes of memory, files and time.
//!
//! `cargo run --release --example agency` serves 500 accounts of each CRM from one process and syncs them from another:
//! `concord sync` as it is, with a main file, `[defaults]` and a file for each pair; then it looks at a daemon that has nothing to
//! do for them. It fails above 200 MiB. `-- --pairs 50 --parallel 50 --contacts 200 --rate 20` has 50 at work at once, each as
//! fast as Cliengo is asked for it: how much longer they take together than one alone must.
//! Linux only: the figures come from `/proc`.

#![expect(clippy::print_stdout, reason = "an example's figures are its output")]

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use concord::sandbox::{Account, Options, Sandbox};
use serde::{Deserialize, Serialize};
use serde_json::Value;

type Failure = Box<dyn Error>;

/// What one process may take at most.
const MOST_MIB: f64 = 200.0;

/// How many files each pair at work may hold open, so that the figure is not this machine's own limit.
const OPEN_FILES: usize = 64;

#[derive(Parser)]
struct Arguments {
    /// Pairs, each with accounts of its own
    #[arg(long, default_value_t = 500)]
    pairs: usize,
    /// People in each
    #[arg(long, default_value_t = 20)]
    contacts: usize,
    /// Pairs at work at once
    #[arg(long, default_value_t = 8)]
    parallel: usize,
    /// Requests a second to each Cliengo account
    #[arg(long, default_value_t = 1000.0)]
    rate: f64,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// Serves every account and writes the configuration into a folder
    Serve { folder: PathBuf },
    /// Syncs every pair, and tells what it took
    Sync { folder: PathBuf },
    /// Waits for schedules that are not due, until its input ends
    Wait { folder: PathBuf },
}

/// What one sync took.
#[derive(Serialize, Deserialize)]
struct Cost {
    code: u8,
    peak_mib: f64,
    cpu_seconds: f64,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    match &arguments.part {
        None => nights(&arguments),
        Some(Part::Serve { folder }) => serve(&arguments, folder),
        Some(Part::Sync { folder }) => sync(folder),
        Some(Part::Wait { folder }) => wait(folder),
    }
}

fn nights(arguments: &Arguments) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut server = this(arguments, "serve", folder.path())?;
    // It says so when it listens.
    line(&mut server)?;
    println!(
        "{} pairs of {} contacts, {} at a time, one server, at most {} open files\n",
        arguments.pairs,
        arguments.contacts,
        arguments.parallel,
        OPEN_FILES * arguments.parallel
    );
    println!("night   exit code  wall s  × one alone  cpu s   peak MiB");
    let mut peaks = Vec::new();
    for night in ["first", "quiet"] {
        let begun = Instant::now();
        let mut child = this(arguments, "sync", folder.path())?;
        let cost: Cost = serde_json::from_str(&line(&mut child)?)?;
        child.wait()?;
        let wall = begun.elapsed().as_secs_f64();
        let alone = slowest(folder.path(), arguments.rate)?;
        let times = wall / alone;
        println!(
            "{night:<7} {:<10} {wall:<7.1} {times:<12.2} {:<7.1} {:.1}",
            cost.code, cost.cpu_seconds, cost.peak_mib
        );
        if !matches!(cost.code, 0 | 3) {
            return Err(format!("exit code {}", cost.code).into());
        }
        peaks.push(cost.peak_mib);
    }
    println!("\nwaiting daemon: {:.1} MiB", waiting(arguments, folder.path())?);
    server.kill()?;
    server.wait()?;
    match peaks.into_iter().find(|peak| *peak > MOST_MIB) {
        Some(peak) => Err(format!("{peak:.1} MiB, above {MOST_MIB}").into()),
        None => Ok(()),
    }
}

/// How long the pair that asks Cliengo most must take at this rate, in seconds.
fn slowest(folder: &Path, rate: f64) -> Result<f64, Failure> {
    let report: Value = serde_json::from_slice(&fs::read(folder.join("report.json"))?)?;
    let count = |pair: &Value, what: &str| pair.pointer(&format!("/requests/cliengo/{what}")).and_then(Value::as_f64);
    let asked = |pair: &Value| Some(count(pair, "reads")? + count(pair, "writes")?);
    let most = report.as_array().into_iter().flatten().filter_map(asked).max_by(f64::total_cmp);
    Ok(most.ok_or("no pair says what it asked")? / rate)
}

/// What a daemon holds of pairs whose schedules are not due, in MiB.
fn waiting(arguments: &Arguments, folder: &Path) -> Result<f64, Failure> {
    let mut daemon = this(arguments, "wait", folder)?;
    let status = format!("/proc/{}/status", daemon.id());
    #[expect(clippy::disallowed_methods, reason = "it looks at a process of its own, and blocks nobody")]
    std::thread::sleep(Duration::from_secs(5));
    let held = mib_of(&fs::read_to_string(status)?, "VmRSS:");
    daemon.kill()?;
    daemon.wait()?;
    held
}

fn this(arguments: &Arguments, part: &str, folder: &Path) -> Result<Child, Failure> {
    let words: [OsString; 10] = [
        "--pairs".into(),
        arguments.pairs.to_string().into(),
        "--contacts".into(),
        arguments.contacts.to_string().into(),
        "--parallel".into(),
        arguments.parallel.to_string().into(),
        "--rate".into(),
        arguments.rate.to_string().into(),
        part.into(),
        folder.into(),
    ];
    let program = std::env::current_exe()?;
    let mut command = if part == "serve" {
        Command::new(program)
    } else {
        let limit = format!("ulimit -n {} && exec \"$0\" \"$@\"", OPEN_FILES * arguments.parallel);
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(limit).arg(program);
        shell
    };
    Ok(command.args(words).stdout(Stdio::piped()).spawn()?)
}

fn line(child: &mut Child) -> Result<String, Failure> {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().ok_or("no output")?).read_line(&mut line)?;
    if line.is_empty() { Err("the other process ended early".into()) } else { Ok(line.trim().to_owned()) }
}

fn serve(arguments: &Arguments, folder: &Path) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let options = Options { accounts: arguments.pairs, contacts: arguments.contacts, ..Options::default() };
        let sandbox = Sandbox::start(options).await?;
        configure(arguments, folder, &sandbox.accounts()?)?;
        println!("listening");
        std::future::pending::<Result<(), Failure>>().await
    })
}

/// A main file with what all pairs share, a file for each pair, and each secret in a file for its owner alone.
fn configure(arguments: &Arguments, folder: &Path, accounts: &[Account]) -> Result<(), Failure> {
    fs::create_dir_all(folder.join("pairs/keys"))?;
    fs::set_permissions(folder.join("pairs/keys"), fs::Permissions::from_mode(0o700))?;
    let (parallel, rate) = (arguments.parallel, arguments.rate);
    let main = format!(
        "include = [\"pairs/*.toml\"]\nmax_parallel = {parallel}\n\n[defaults]\nregion = \"AR\"\nguard.first_sync = \"auto\"\n\
         cliengo = {{ requests_per_second = {rate}, min_age = \"0s\" }}\n\n\
         [[schedule]]\nname = \"yearly\"\ncron = \"0 0 1 1 *\"\ntimezone = \"UTC\"\nrun = \"sync\"\ncatch_up = false\n"
    );
    fs::write(folder.join("schedules.toml"), main)?;
    for (account, number) in accounts.iter().zip(1..) {
        let Account { cliengo_url, api_key, website_id, ghl_url, token, location_id } = account;
        let name = format!("location-{number:03}");
        let pair = format!(
            "[pair.{name}.cliengo]\nbase_url = \"{cliengo_url}\"\napi_key = {{ file = \"keys/{name}.cliengo\" }}\n\
             website_id = \"{website_id}\"\n\n\
             [pair.{name}.ghl]\nbase_url = \"{ghl_url}\"\nlocation_id = \"{location_id}\"\n\
             token = {{ file = \"keys/{name}.ghl\" }}\n"
        );
        fs::write(folder.join(format!("pairs/{name}.toml")), pair)?;
        for (ending, secret) in [("cliengo", api_key), ("ghl", token)] {
            let path = folder.join(format!("pairs/keys/{name}.{ending}"));
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            std::io::Write::write_all(&mut file, secret.as_bytes())?;
        }
    }
    Ok(())
}

fn sync(folder: &Path) -> Result<(), Failure> {
    let out = ["--format".into(), "json".into(), "--out".into(), folder.join("report.json").into()];
    let code = concord::cli::main(command(folder, "sync").into_iter().chain(out));
    let cost = Cost { code, peak_mib: peak_mib()?, cpu_seconds: cpu_seconds()? };
    println!("{}", serde_json::to_string(&cost)?);
    Ok(())
}

fn wait(folder: &Path) -> Result<(), Failure> {
    match concord::cli::main(command(folder, "daemon")) {
        0 => Ok(()),
        code => Err(format!("exit code {code}").into()),
    }
}

fn command(folder: &Path, name: &str) -> [OsString; 4] {
    ["concord".into(), "--config".into(), folder.join("schedules.toml").into(), name.into()]
}

/// User and system time of this process, in the kernel's hundredths of a second.
fn cpu_seconds() -> Result<f64, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').map(|(_, rest)| rest).ok_or("no stat")?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((ticks(11) + ticks(12)) / 100.0)
}

fn peak_mib() -> Result<f64, Failure> {
    mib_of(&fs::read_to_string("/proc/self/status")?, "VmHWM:")
}

/// A line of a process' status that counts KiB, in MiB.
fn mib_of(status: &str, name: &str) -> Result<f64, Failure> {
    let held = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
    let kib: f64 = held.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
