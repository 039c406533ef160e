//! What nights cost that nobody has run: requests, hours, days of GHL's quota, processors and memory, for 1,000 to 1,000,000
//! contacts in a pair and for 1 to 5,000 pairs.
//!
//! `cargo run --example capacity` prints the tables; `-- --check` also runs a first and a quiet night of 150 and of 300 contacts
//! against the sandbox, counts their requests, and fails where the model is off by more than 3 %.

#![expect(clippy::print_stdout, reason = "an example's figures are its output")]
#![expect(clippy::cast_precision_loss, reason = "figures for a person")]

use std::error::Error;
use std::ffi::OsString;

use clap::Parser;
use concord::record::Side;
use concord::sandbox::{Options, Sandbox};

type Failure = Box<dyn Error>;

/// Contacts or tasks on a page of either CRM.
const PAGE: u64 = 100;

/// What a night asks about the two accounts themselves, of each CRM.
const FIXED: u64 = 5;

/// What Cliengo is asked a second where nothing else is set, and what GHL allows: 100 in ten seconds.
const CLIENGO_A_SECOND: f64 = 2.0;
const GHL_A_SECOND: f64 = 10.0;

/// What GHL allows a location in a day; `notes.fetch = "auto"` takes at most half of it for one night.
const GHL_A_DAY: u64 = 200_000;

/// Measured (`docs/BENCHMARKS.md`): seconds of a processor for each request of a quiet night.
const CPU_A_REQUEST: f64 = 97e-6;

/// Measured: MiB of one quiet night, and what each contact adds to the state, in bytes.
const PEAK_MIB: f64 = 31.0;
const STATE_A_CONTACT: u64 = 3_000;

/// How far the model may be from what is counted.
const OFF_BY: f64 = 0.03;

#[derive(Parser)]
struct Arguments {
    /// Compares the model with nights that are run
    #[arg(long)]
    check: bool,
}

/// What one quiet night asks.
#[derive(Clone, Copy)]
struct Night {
    cliengo: u64,
    ghl: u64,
}

impl Night {
    /// Of so many contacts on each side: both lists, Cliengo's tasks and both sides' notes of each contact, GHL's tasks at once.
    const fn of(contacts: u64) -> Self {
        let pages = contacts.div_ceil(PAGE) + 1;
        Self { cliengo: pages + 2 * contacts + FIXED, ghl: 2 * pages + contacts + FIXED }
    }

    /// The same, where notes are listed in turn: at most half of GHL's day in one night, and no more of Cliengo's.
    fn in_turn(contacts: u64) -> Self {
        let (all, most) = (Self::of(contacts), GHL_A_DAY / 2);
        if all.ghl <= most {
            return all;
        }
        let notes = most.saturating_sub(all.ghl - contacts);
        Self { cliengo: all.cliengo - contacts + notes, ghl: all.ghl - contacts + notes }
    }

    /// Both CRMs are asked at once: the slower one says how long it takes.
    fn hours(self, cliengo_a_second: f64) -> f64 {
        (self.cliengo as f64 / cliengo_a_second).max(self.ghl as f64 / GHL_A_SECOND) / 3600.0
    }
}

fn main() -> Result<(), Failure> {
    if Arguments::parse().check {
        for contacts in [150, 300] {
            check(contacts)?;
        }
    }
    println!("One pair, a quiet night\n");
    println!(
        "contacts   Cliengo    GHL        hours at 2/s  hours at 50/s  GHL's days  notes in turn: hours  nights  state MiB"
    );
    for contacts in [1_000, 10_000, 50_000, 100_000, 300_000, 1_000_000] {
        let (all, turn) = (Night::of(contacts), Night::in_turn(contacts));
        let notes = (turn.ghl + contacts).saturating_sub(all.ghl).max(1);
        println!(
            "{contacts:<10} {:<10} {:<10} {:<13.1} {:<14.2} {:<11.2} {:<21.1} {:<7} {:.0}",
            all.cliengo,
            all.ghl,
            all.hours(CLIENGO_A_SECOND),
            all.hours(50.0),
            all.ghl as f64 / GHL_A_DAY as f64,
            turn.hours(CLIENGO_A_SECOND),
            contacts.div_ceil(notes),
            (contacts * STATE_A_CONTACT) as f64 / f64::from(1 << 20),
        );
    }
    println!(
        "\nMany pairs of 1,000 contacts, each with accounts of its own, Cliengo at 2 a second, in a window of 8 hours\n"
    );
    println!("pairs  at once  requests    hours of one processor  MiB at once  machines of 2 processors and 4 GiB");
    for pairs in [1_u64, 50, 500, 5_000] {
        let night = Night::of(1_000);
        let requests = pairs * (night.cliengo + night.ghl);
        let at_once = (pairs as f64 * night.hours(CLIENGO_A_SECOND) / 8.0).ceil();
        let processor = requests as f64 * CPU_A_REQUEST / 3600.0;
        let memory = at_once * PEAK_MIB;
        let machines = (processor / (2.0 * 8.0)).max(memory / 4096.0).ceil().max(1.0);
        println!("{pairs:<6} {at_once:<8} {requests:<11} {processor:<23.2} {memory:<12.0} {machines}");
    }
    Ok(())
}

/// Runs a first and a quiet night of so many contacts, and counts what the quiet one asks.
fn check(contacts: usize) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let sandbox = runtime.block_on(Sandbox::start(Options { contacts: 0, ..Options::default() }))?;
    sandbox.world().fill(contacts, contacts, None, 1, 1)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("schedules.toml");
    std::fs::write(&file, configuration(&sandbox, folder.path())?)?;
    let night = || {
        let words: [OsString; 6] = [
            "concord".into(),
            "--config".into(),
            file.clone().into(),
            "sync".into(),
            "--out".into(),
            folder.path().join("report.txt").into(),
        ];
        concord::cli::main(words)
    };
    for _ in 0..2 {
        night();
    }
    let asked = |side: Side| sandbox.requests().iter().filter(|request| request.side == side).count() as u64;
    let before = [asked(Side::Cliengo), asked(Side::Ghl)];
    let code = night();
    let model = Night::of(contacts as u64);
    for ((name, counted), expected) in
        [("Cliengo", asked(Side::Cliengo) - before[0]), ("GHL", asked(Side::Ghl) - before[1])]
            .into_iter()
            .zip([model.cliengo, model.ghl])
    {
        let off = (counted as f64 - expected as f64).abs() / expected as f64;
        println!("{contacts} contacts, {name}: {counted} requests, the model says {expected}");
        if code != 0 || off > OFF_BY {
            return Err(format!("the model is off by {:.1} % (exit code {code})", off * 100.0).into());
        }
    }
    println!();
    Ok(())
}

/// A pair for the sandbox, its secrets in files.
fn configuration(sandbox: &Sandbox, folder: &std::path::Path) -> Result<String, Failure> {
    for (name, secret) in [("key", sandbox.api_key()), ("token", sandbox.token())] {
        let path = folder.join(name);
        std::fs::write(&path, secret)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(format!(
        "[pair.night]\nregion = \"AR\"\nguard = {{ first_sync = \"auto\", create_count = 10000 }}\n\
         [pair.night.cliengo]\nbase_url = \"{}\"\napi_key = {{ file = \"key\" }}\nwebsite_id = \"{}\"\n\
         requests_per_second = 0\nmin_age = \"0s\"\n\
         [pair.night.ghl]\nbase_url = \"{}\"\nlocation_id = \"{}\"\ntoken = {{ file = \"token\" }}\n",
        sandbox.cliengo_url(),
        sandbox.website_id(),
        sandbox.ghl_url(),
        sandbox.location_id(),
    ))
}
