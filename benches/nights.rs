//! What a night costs, of the program itself: requests against the minimum, time, memory and state.
//!
//! `cargo bench --bench nights` serves both CRMs in a process of its own and lets the program run a first, a quiet, a
//! 1 %-changed and a full night, for 1,000 and for 10,000 contacts; `-- --contacts 100000` for others, `-- --runs 5` for
//! medians of five, `-- --rate 50` to pace Cliengo, `-- --new` for a GHL account where nobody is yet. Linux only: the figures
//! come from `/proc`; *wire* is all that went over the loopback meanwhile, both ways, headers and acknowledgements included.

#![expect(clippy::print_stdout, reason = "a bench's figures are its output")]

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use concord::sandbox::{Options, Sandbox};
use serde::{Deserialize, Serialize};
use serde_json::Value;

type Failure = Box<dyn Error>;

const CLIENGO_PAGE: u64 = 50;
const GHL_PAGE: u64 = 100;
/// What a quiet night may ask of GHL besides listings (contract, 3).
const FIXED: u64 = 5;
/// How often the program's memory is looked at: its highest mark never falls, so that little is missed.
const LOOK: Duration = Duration::from_millis(3);

#[derive(Parser)]
struct Arguments {
    /// Contacts on each side, with one task and one note each
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000])]
    contacts: Vec<usize>,
    /// How often each night is run; the medians are shown
    #[arg(long, default_value_t = 1)]
    runs: usize,
    /// Requests a second to Cliengo; 0 does not pace
    #[arg(long, default_value_t = 0.0)]
    rate: f64,
    /// GHL has nobody yet: the first sync creates everything there
    #[arg(long)]
    new: bool,
    /// Serves both CRMs and makes the edits that stdin asks for
    #[arg(long)]
    serve: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
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
struct Cost {
    cliengo: u64,
    ghl: u64,
    operations: usize,
    wall_seconds: f64,
    cpu_seconds: f64,
    peak_mib: f64,
    state_mib: f64,
    wire_mib: f64,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    if arguments.serve {
        let contacts = arguments.contacts.first().copied().unwrap_or_default();
        return tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(serve(contacts, arguments.new));
    }
    println!(
        "contacts  night        cliengo  ghl      minimum  operations  wall s   cpu s    µs cpu/request  peak MiB  state MiB  wire MiB"
    );
    for contacts in &arguments.contacts {
        let mut nights: Vec<(&str, Vec<Cost>)> = Vec::new();
        for _ in 0..arguments.runs.max(1) {
            for (at, (name, cost)) in one_round(*contacts, &arguments)?.into_iter().enumerate() {
                match nights.get_mut(at) {
                    Some((_, costs)) => costs.push(cost),
                    None => nights.push((name, vec![cost])),
                }
            }
        }
        for (name, costs) in &nights {
            show(name, costs, *contacts as u64);
        }
    }
    Ok(())
}

/// A first, a quiet, a 1 %-changed and a full night, one after the other.
fn one_round(contacts: usize, asked: &Arguments) -> Result<Vec<(&'static str, Cost)>, Failure> {
    let mut server = Command::new(std::env::current_exe()?)
        .args(["--serve", "--contacts", &contacts.to_string()])
        .args(asked.new.then_some("--new"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut answers = BufReader::new(server.stdout.take().ok_or("the server has no output")?);
    let mut orders = server.stdin.take().ok_or("the server has no input")?;
    let crms: Crms = serde_json::from_str(&line(&mut answers)?)?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("schedules.toml"), configuration(&crms, asked.rate))?;
    let one = |arguments: &[&str]| night(folder.path(), &crms, arguments);
    let mut nights = vec![("first", one(&["sync"])?), ("quiet", one(&["sync"])?)];
    writeln!(orders, "{}", (contacts / 100).max(1))?;
    line(&mut answers)?;
    nights.push(("1 % changed", one(&["sync"])?));
    nights.push(("full", one(&["sync", "--full"])?));
    drop(orders);
    server.wait()?;
    Ok(nights)
}

fn configuration(crms: &Crms, rate: f64) -> String {
    format!(
        "[pair.night]\nregion = \"AR\"\n\
         [pair.night.guard]\nfirst_sync = \"auto\"\ncreate_count = 10000000\ncreate_percent = 100\nupdate_percent = 100\n\
         [pair.night.cliengo]\nbase_url = \"{}\"\napi_key = {{ env = \"NIGHT_KEY\" }}\nwebsite_id = \"{}\"\n\
         requests_per_second = {rate}\nmin_age = \"0s\"\n\
         [pair.night.cliengo.capabilities]\ntag_remove = true\nnote_update = true\nnote_delete = true\n\
         [pair.night.notes]\nfetch = \"all\"\n\
         [pair.night.ghl]\nbase_url = \"{}\"\nlocation_id = \"{}\"\ntoken = {{ env = \"NIGHT_TOKEN\" }}\n",
        crms.cliengo, crms.website, crms.ghl, crms.location
    )
}

fn line(from: &mut impl BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    if line.is_empty() { Err("the server ended early".into()) } else { Ok(line.trim().to_owned()) }
}

/// Runs the program once, and looks at it until it ends.
fn night(folder: &Path, crms: &Crms, arguments: &[&str]) -> Result<Cost, Failure> {
    let (begun, wire) = (Instant::now(), loopback()?);
    let mut child: Child = Command::new(env!("CARGO_BIN_EXE_concord"))
        .current_dir(folder)
        .args(arguments)
        .args(["--format", "json", "--out", "report.json"])
        .env("NIGHT_KEY", &crms.api_key)
        .env("NIGHT_TOKEN", &crms.token)
        .stdout(Stdio::null())
        .spawn()?;
    let (process, mut peak_kib, mut ticks) = (format!("/proc/{}", child.id()), 0.0_f64, 0.0_f64);
    let status = loop {
        if let Some(peak) = peak_of(&process) {
            peak_kib = peak_kib.max(peak);
        }
        ticks = ticks_of(&process).unwrap_or_default().max(ticks);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        #[expect(clippy::disallowed_methods, reason = "it looks at a process of its own, and blocks nobody")]
        std::thread::sleep(LOOK);
    };
    let (wall_seconds, wire) = (begun.elapsed().as_secs_f64(), loopback()?.saturating_sub(wire));
    if !matches!(status.code(), Some(0 | 3)) {
        return Err(format!("the night ended with {status}").into());
    }
    let report: Value = serde_json::from_slice(&std::fs::read(folder.join("report.json"))?)?;
    let requests = |side: &str| {
        let told = report
            .pointer(&format!("/pairs/0/requests/{side}"))
            .or_else(|| report.pointer(&format!("/requests/{side}")));
        let of = |key: &str| told.and_then(|told| told.get(key)).and_then(Value::as_u64).unwrap_or_default();
        told.and_then(Value::as_u64).unwrap_or_else(|| of("reads") + of("writes"))
    };
    let operations = report.pointer("/pairs/0/operations").or_else(|| report.get("operations"));
    let state = std::fs::metadata(folder.join("state/night.db"))?.len();
    Ok(Cost {
        cliengo: requests("cliengo"),
        ghl: requests("ghl"),
        operations: operations.and_then(Value::as_array).map_or(0, Vec::len),
        wall_seconds,
        cpu_seconds: ticks / 100.0,
        peak_mib: peak_kib / 1024.0,
        state_mib: mib(state),
        wire_mib: mib(wire),
    })
}

/// What the loopback has received since the machine started, in bytes.
fn loopback() -> Result<u64, Failure> {
    let devices = std::fs::read_to_string("/proc/net/dev")?;
    let line = devices.lines().find_map(|line| line.trim().strip_prefix("lo:")).ok_or("no loopback")?;
    Ok(line.split_whitespace().next().ok_or("no count")?.parse()?)
}

#[expect(clippy::cast_precision_loss, reason = "figures for a person")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The highest mark of a process' memory, in KiB; `None` once it ended.
fn peak_of(process: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().trim_end_matches("kB").trim().parse().ok()
}

/// User and system time of a process, in the kernel's hundredths of a second; also of one that ended and was not waited for.
fn ticks_of(process: &str) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    Some(ticks(11)? + ticks(12)?)
}

/// Contract, 3: pages, notes of every contact, tasks of every Cliengo contact, and at most five fixed requests.
fn minimum(contacts: u64) -> u64 {
    contacts.div_ceil(CLIENGO_PAGE) + 2 * contacts + 2 * contacts.div_ceil(GHL_PAGE) + contacts + FIXED
}

#[expect(clippy::cast_precision_loss, reason = "figures for a person")]
fn show(name: &str, costs: &[Cost], contacts: u64) {
    let median = |of: &dyn Fn(&Cost) -> f64| {
        let mut all: Vec<f64> = costs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or_default()
    };
    let requests = median(&|cost| (cost.cliengo + cost.ghl) as f64);
    println!(
        "{contacts:<9} {name:<12} {:<8} {:<8} {:<8} {:<11} {:<8.2} {:<8.2} {:<15.0} {:<9.1} {:<10.1} {:.1}",
        median(&|cost| cost.cliengo as f64),
        median(&|cost| cost.ghl as f64),
        minimum(contacts),
        median(&|cost| cost.operations as f64),
        median(&|cost| cost.wall_seconds),
        median(&|cost| cost.cpu_seconds),
        median(&|cost| cost.cpu_seconds) * 1e6 / requests.max(1.0),
        median(&|cost| cost.peak_mib),
        median(&|cost| cost.state_mib),
        median(&|cost| cost.wire_mib),
    );
}

async fn serve(contacts: usize, is_new: bool) -> Result<(), Failure> {
    let sandbox = Sandbox::start(Options { contacts: 0, ..Options::default() }).await?;
    sandbox.world().fill(contacts, if is_new { 0 } else { contacts }, None, 1, 1)?;
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
