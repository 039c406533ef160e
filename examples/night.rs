//! What a night costs: requests against the minimum, time, and memory of our own process.
//!
//! `cargo run --release --example night -- --contacts 10000` serves both CRMs in one process, rate limits off, and runs
//! a first, a quiet and a 1 %-changed night, each in a process of its own, so that its figures are its own.
//! Linux only: the figures come from `/proc`.

#![expect(clippy::print_stdout, reason = "an example's figures are its output")]

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use clap::{Parser, Subcommand};
use concord::clock::{Clock, SystemClock};
use concord::config::{Config, Retention};
use concord::crm::cliengo::{Cliengo, CliengoCapabilities, CliengoSettings};
use concord::crm::ghl::{Ghl, GhlSettings};
use concord::reconcile::Mode;
use concord::record::Side;
use concord::run::{self, Consent, Finished, Job};
use concord::sandbox::{Options, Sandbox};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

type Failure = Box<dyn Error>;

const CLIENGO_PAGE: u64 = 50;
const GHL_PAGE: u64 = 100;
/// What a quiet night may ask of GHL besides listings (contract, 3).
const FIXED: u64 = 5;

#[derive(Parser)]
struct Arguments {
    /// Contacts on each side, with one task and one note each
    #[arg(long, default_value_t = 10_000)]
    contacts: usize,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// Serves both CRMs and makes edits that stdin asks for
    Serve,
    /// Runs one night against the CRMs that are described here
    Night { crms: String, state: PathBuf },
}

/// Where both CRMs are.
#[derive(Serialize, Deserialize)]
struct Crms {
    cliengo: String,
    api_key: String,
    website: String,
    ghl: String,
    token: String,
    location: String,
}

/// What one night cost.
#[derive(Serialize, Deserialize)]
struct Cost {
    cliengo: (u64, u64),
    ghl: (u64, u64),
    operations: usize,
    held: usize,
    wall_seconds: f64,
    cpu_seconds: f64,
    peak_mib: f64,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    match &arguments.part {
        None => nights(arguments.contacts),
        Some(Part::Serve) => runtime()?.block_on(serve(arguments.contacts)),
        Some(Part::Night { crms, state }) => runtime()?.block_on(night(crms, state)),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn nights(contacts: usize) -> Result<(), Failure> {
    let mut server = spawn(contacts, &["serve"])?;
    let mut answers = BufReader::new(server.stdout.take().ok_or("the server has no output")?);
    let mut orders = server.stdin.take().ok_or("the server has no input")?;
    let crms = line(&mut answers)?;
    let folder = tempfile::tempdir()?;
    let state = folder.path().to_str().ok_or("the temporary folder's name is no text")?.to_owned();
    println!("{contacts} contacts on each side, one task and one note each; rate limits off\n");
    println!(
        "night       cliengo r/w       ghl r/w           minimum r         operations  wall s  cpu s  µs cpu/request  peak MiB"
    );
    let one = |name: &str| -> Result<(), Failure> {
        let mut child = spawn(contacts, &["night", &crms, &state])?;
        let cost: Cost = serde_json::from_str(&line(&mut BufReader::new(child.stdout.take().ok_or("no output")?))?)?;
        child.wait()?;
        show(name, &cost, contacts as u64);
        Ok(())
    };
    one("first")?;
    one("quiet")?;
    writeln!(orders, "{}", (contacts / 100).max(1))?;
    line(&mut answers)?;
    one("1 % changed")?;
    one("quiet again")?;
    drop(orders);
    server.wait()?;
    Ok(())
}

fn spawn(contacts: usize, part: &[&str]) -> Result<Child, Failure> {
    let this = std::env::current_exe()?;
    let mut command = Command::new(this);
    command.arg("--contacts").arg(contacts.to_string()).args(part);
    Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
}

fn line(from: &mut impl BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    if line.is_empty() { Err("the other process ended early".into()) } else { Ok(line.trim().to_owned()) }
}

/// Contract, 3: pages, notes of every contact, tasks of every Cliengo contact, and at most five fixed requests.
fn minimum(contacts: u64) -> (u64, u64) {
    let cliengo = contacts.div_ceil(CLIENGO_PAGE) + 2 * contacts;
    let ghl = 2 * (contacts.div_ceil(GHL_PAGE)) + contacts + FIXED;
    (cliengo, ghl)
}

#[expect(clippy::cast_precision_loss, reason = "figures for a person")]
fn show(name: &str, cost: &Cost, contacts: u64) {
    let (cliengo, ghl) = minimum(contacts);
    let requests = cost.cliengo.0 + cost.cliengo.1 + cost.ghl.0 + cost.ghl.1;
    println!(
        "{name:<11} {:<17} {:<17} {:<17} {:<11} {:<7.1} {:<6.1} {:<15.0} {:.1}",
        format!("{}/{}", cost.cliengo.0, cost.cliengo.1),
        format!("{}/{}", cost.ghl.0, cost.ghl.1),
        format!("{cliengo} + {ghl}"),
        cost.operations,
        cost.wall_seconds,
        cost.cpu_seconds,
        cost.cpu_seconds * 1e6 / requests.max(1) as f64,
        cost.peak_mib,
    );
}

async fn serve(contacts: usize) -> Result<(), Failure> {
    let sandbox = Sandbox::start(Options { contacts: 0, ..Options::default() }).await?;
    sandbox.world().fill(contacts, contacts, None, 1, 1)?;
    let crms = Crms {
        cliengo: sandbox.cliengo_url(),
        api_key: sandbox.api_key().to_owned(),
        website: sandbox.website_id().to_owned(),
        ghl: sandbox.ghl_url(),
        token: sandbox.token().to_owned(),
        location: sandbox.location_id().to_owned(),
    };
    println!("{}", serde_json::to_string(&crms)?);
    let world = sandbox.world();
    tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let count = line.trim().parse().unwrap_or(0);
            let made = world.random_edits(count, &mut fastrand::Rng::with_seed(7)).map(|edits| edits.len());
            println!("{}", made.map_or_else(|error| error.to_string(), |made| made.to_string()));
        }
    })
    .await?;
    sandbox.stop().await;
    Ok(())
}

async fn night(crms: &str, state: &std::path::Path) -> Result<(), Failure> {
    let crms: Crms = serde_json::from_str(crms)?;
    let config =
        Config::parse("[pair.night]\nsandbox = true\n[pair.night.guard]\ncreate_count = 1000000\n", "night".as_ref())?;
    let pair = config.pair("night").ok_or("no pair")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let key = SecretString::from(crms.api_key);
    let mut settings = CliengoSettings::new(&crms.cliengo, key, &crms.website, Arc::clone(&clock));
    settings.requests_per_second = None;
    settings.capabilities = CliengoCapabilities {
        tag_remove: true,
        note_update: true,
        note_delete: true,
        ..CliengoCapabilities::default()
    };
    let cliengo = Cliengo::new(settings)?;
    let token = SecretString::from(crms.token);
    let ghl = Ghl::new(GhlSettings::new(&crms.ghl, token, &crms.location, Arc::clone(&clock)))?;
    let job = Job {
        pair,
        cliengo: &cliengo,
        ghl: &ghl,
        state_dir: state,
        clock: &*clock,
        mode: Mode::Incremental,
        only: Vec::new(),
        families: concord::run::FAMILIES,
        retention: Retention { history_days: 90 },
        stop: CancellationToken::new(),
        watch: None,
        progress: None,
    };
    let begun = Instant::now();
    let finished = run::sync(&job, concord::crm::Writers { cliengo: &cliengo, ghl: &ghl }, &Consent::default()).await?;
    println!("{}", serde_json::to_string(&cost(&finished, begun.elapsed().as_secs_f64())?)?);
    Ok(())
}

fn cost(finished: &Finished, wall_seconds: f64) -> Result<Cost, Failure> {
    let requests = |side: Side| (finished.usage.of(side).reads, finished.usage.of(side).writes);
    Ok(Cost {
        cliengo: requests(Side::Cliengo),
        ghl: requests(Side::Ghl),
        operations: finished.plan.operations.len(),
        held: finished.plan.held.len(),
        wall_seconds,
        cpu_seconds: cpu_seconds()?,
        peak_mib: peak_mib()?,
    })
}

/// User and system time of this process, in the kernel's hundredths of a second.
fn cpu_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').map(|(_, rest)| rest).ok_or("no stat")?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((ticks(11) + ticks(12)) / 100.0)
}

fn peak_mib() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak")?;
    let kib: f64 = peak.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
