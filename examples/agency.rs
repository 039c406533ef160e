//! An agency's night: hundreds of pairs in one `sync`, and what that takes of memory, files and time.
//!
//! `cargo run --release --example agency` serves 500 accounts of each CRM from one process and syncs them from another:
//! `concord sync` as it is, with a main file, `[defaults]` and a file for each pair. It fails above 200 MiB.
//! Linux only: the figures come from `/proc`.

#![expect(clippy::print_stdout, reason = "an example's figures are its output")]

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use clap::{Parser, Subcommand};
use concord::sandbox::{Account, Options, Sandbox};
use serde::{Deserialize, Serialize};

type Failure = Box<dyn Error>;

/// What one process may take at most.
const MOST_MIB: f64 = 200.0;

/// How many files it may hold open at a time, so that the figure is not this machine's own limit.
const OPEN_FILES: u32 = 512;

#[derive(Parser)]
struct Arguments {
    /// Pairs, each with accounts of its own
    #[arg(long, default_value_t = 500)]
    pairs: usize,
    /// People in each
    #[arg(long, default_value_t = 20)]
    contacts: usize,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// Serves every account and writes the configuration into a folder
    Serve { folder: PathBuf },
    /// Syncs every pair, and tells what it took
    Sync { folder: PathBuf },
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
    }
}

fn nights(arguments: &Arguments) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut server = this(arguments, "serve", folder.path())?;
    // It says so when it listens.
    line(&mut server)?;
    println!(
        "{} pairs of {} contacts, one server, at most {OPEN_FILES} open files\n",
        arguments.pairs, arguments.contacts
    );
    println!("night   exit code  wall s  cpu s   peak MiB");
    let mut peaks = Vec::new();
    for night in ["first", "quiet"] {
        let begun = Instant::now();
        let mut child = this(arguments, "sync", folder.path())?;
        let cost: Cost = serde_json::from_str(&line(&mut child)?)?;
        child.wait()?;
        let wall = begun.elapsed().as_secs_f64();
        println!("{night:<7} {:<10} {wall:<7.1} {:<7.1} {:.1}", cost.code, cost.cpu_seconds, cost.peak_mib);
        let report = fs::read_to_string(folder.path().join("report.txt"))?;
        println!("        {}", report.lines().next().unwrap_or_default());
        if !matches!(cost.code, 0 | 3) {
            return Err(format!("exit code {}", cost.code).into());
        }
        peaks.push(cost.peak_mib);
    }
    server.kill()?;
    server.wait()?;
    match peaks.into_iter().find(|peak| *peak > MOST_MIB) {
        Some(peak) => Err(format!("{peak:.1} MiB, above {MOST_MIB}").into()),
        None => Ok(()),
    }
}

fn this(arguments: &Arguments, part: &str, folder: &Path) -> Result<Child, Failure> {
    let words: [OsString; 6] = [
        "--pairs".into(),
        arguments.pairs.to_string().into(),
        "--contacts".into(),
        arguments.contacts.to_string().into(),
        part.into(),
        folder.into(),
    ];
    let program = std::env::current_exe()?;
    let mut command = if part == "sync" {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -n {OPEN_FILES} && exec \"$0\" \"$@\"")).arg(program);
        shell
    } else {
        Command::new(program)
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
        configure(folder, &sandbox.accounts()?)?;
        println!("listening");
        std::future::pending::<Result<(), Failure>>().await
    })
}

/// A main file with what all pairs share, a file for each pair, and each secret in a file for its owner alone.
fn configure(folder: &Path, accounts: &[Account]) -> Result<(), Failure> {
    fs::create_dir_all(folder.join("pairs/keys"))?;
    fs::set_permissions(folder.join("pairs/keys"), fs::Permissions::from_mode(0o700))?;
    let main = "include = [\"pairs/*.toml\"]\n\n[defaults]\nregion = \"AR\"\nguard.first_sync = \"auto\"\n\
         cliengo = { requests_per_second = 1000, min_age = \"0s\" }\n";
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
    let words: [OsString; 6] = [
        "concord".into(),
        "--config".into(),
        folder.join("schedules.toml").into(),
        "sync".into(),
        "--out".into(),
        folder.join("report.txt").into(),
    ];
    let code = concord::cli::main(words);
    let cost = Cost { code, peak_mib: peak_mib()?, cpu_seconds: cpu_seconds()? };
    println!("{}", serde_json::to_string(&cost)?);
    Ok(())
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
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak")?;
    let kib: f64 = peak.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
