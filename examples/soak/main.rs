//! The long run: nights of random edits and random faults, and whether anything is lost, doubled, or grows.
//!
//! `cargo run --release --example soak` runs 200 nights at 500 contacts. One process has both CRMs, the people who edit in them, and
//! the ledger of what they did; this one runs the nights, so that memory and open files are its own. Ends with an error where
//! something was lost, doubled or grew. Linux only: the figures come from `/proc`.

#![expect(clippy::print_stdout, reason = "an example's figures are its output")]

mod ledger;

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use concord::clock::ManualClock;
use concord::config::{Config, Retention};
use concord::crm::Patience;
use concord::crm::cliengo::{Cliengo, CliengoAuth, CliengoCapabilities, CliengoSettings};
use concord::crm::ghl::{Ghl, GhlSettings};
use concord::reconcile::Mode;
use concord::run::{self, Consent, Finished, Job};
use concord::sandbox::account::cliengo::Key;
use concord::sandbox::{AccountProfile, Options, Sandbox};
use concord::state::{State, Watch};
use ledger::{Ledger, Verdict};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

type Failure = Box<dyn Error>;

const DAY: Duration = Duration::from_hours(24);
const BEGIN: &str = "2026-11-23T06:00:00Z";

/// Nights after which figures are taken.
const SAMPLE: u32 = 20;

/// Memory may move by as much between samples without growing.
const SLACK_MIB: f64 = 8.0;

/// Open files may move by as much: connections that are kept open for the next request come and go.
const SLACK_FILES: usize = 8;

const WRITE_FAULTS: [&str; 14] = [
    "too-many",
    "status=400",
    "status=403",
    "status=409",
    "status=500",
    "status-after-write=500",
    "html",
    "truncated-json",
    "reset-before",
    "reset-after-write",
    "created-but-422",
    "ignore-field=email",
    "forget-field=firstName",
    "forget-field=phone",
];

const READ_FAULTS: [&str; 14] = [
    "too-many",
    "daily-exhausted",
    "status=500",
    "status=404",
    "html",
    "truncated-json",
    "no-array",
    "reset-before",
    "short-listing",
    "empty-listing",
    "repeat-cursor",
    "torn-page",
    "expired-token",
    "drop-field=email",
];

const TRIGGERS: [&str; 6] = ["", "*", "#2", "#3", "#/7", "%0.1"];

#[derive(Parser)]
struct Arguments {
    #[arg(long, default_value_t = 200)]
    nights: u32,
    #[arg(long, default_value_t = 500)]
    contacts: usize,
    /// Edits between two nights
    #[arg(long, default_value_t = 20)]
    edits: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// Both CRMs, and the people who edit in them
    World,
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
    /// The seed of both accounts.
    account: u64,
}

/// What the world is asked for; each order is answered by one line.
#[derive(Serialize, Deserialize)]
enum Order {
    /// A day of edits.
    Day(usize),
    /// A night in which these faults strike.
    Night(String),
    /// Values that a report named in a conflict.
    Hear(Vec<String>),
    Verdict,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    match arguments.part {
        Some(Part::World) => world(&arguments),
        None => soak(&arguments),
    }
}

fn world(arguments: &Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let clock = Arc::new(ManualClock::at(BEGIN.parse()?));
    let rate_window = Duration::from_millis(20);
    let (seed, account) = (arguments.seed, AccountProfile::drawn_whole(arguments.seed));
    let options = Options { contacts: 0, seed, account, rate_window, clock: clock.clone(), ..Options::default() };
    let sandbox = runtime.block_on(Sandbox::start(options))?;
    let world = sandbox.world();
    world.fill(arguments.contacts, arguments.contacts, None, 1, 1)?;
    say(&Crms {
        cliengo: sandbox.cliengo_url(),
        api_key: sandbox.api_key().to_owned(),
        website: sandbox.website_id().to_owned(),
        ghl: sandbox.ghl_url(),
        token: sandbox.token().to_owned(),
        location: sandbox.location_id().to_owned(),
        account: arguments.seed,
    })?;
    let mut rng = fastrand::Rng::with_seed(arguments.seed);
    let mut ledger = Ledger::default();
    for line in std::io::stdin().lines() {
        match serde_json::from_str(&line?)? {
            Order::Day(edits) => {
                ledger.day(&world, edits, &mut rng)?;
                say(&())?;
            }
            Order::Night(faults) => {
                clock.advance(DAY);
                sandbox.set_faults(faults.parse()?);
                sandbox.clear_requests();
                say(&())?;
            }
            Order::Hear(in_conflict) => {
                ledger.hear(in_conflict);
                say(&())?;
            }
            Order::Verdict => say(&ledger.verdict(&world)?)?,
        }
    }
    Ok(())
}

fn say(answer: &impl Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(answer)?);
    Ok(())
}

/// The world's process.
struct World {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl World {
    fn start(arguments: &Arguments) -> Result<(Self, Crms), Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        for (name, value) in [("--contacts", arguments.contacts.to_string()), ("--seed", arguments.seed.to_string())] {
            command.arg(name).arg(value);
        }
        let mut child = command.arg("world").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let answers = BufReader::new(child.stdout.take().ok_or("the world has no output")?);
        let mut world = Self { child, answers };
        let crms = world.answer()?;
        Ok((world, crms))
    }

    fn ask<T: for<'a> Deserialize<'a>>(&mut self, order: &Order) -> Result<T, Failure> {
        let orders = self.child.stdin.as_mut().ok_or("the world has no input")?;
        writeln!(orders, "{}", serde_json::to_string(order)?)?;
        self.answer()
    }

    fn answer<T: for<'a> Deserialize<'a>>(&mut self) -> Result<T, Failure> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        if line.is_empty() { Err("the world ended early".into()) } else { Ok(serde_json::from_str(&line)?) }
    }
}

/// What becomes of a night.
enum Fate {
    Good,
    Faulty(String),
    /// The process dies before so many commits.
    Dies(u64),
}

impl Fate {
    fn draw(rng: &mut fastrand::Rng) -> Self {
        let faults = match rng.u8(..10) {
            0..3 => return Self::Good,
            3 => return Self::Dies(rng.u64(..60)),
            4 => return Self::Faulty(format!("lag={}", rng.u32(10..60) * 3600)),
            5..8 => (rng.choice(WRITE_FAULTS), "WRITE"),
            _ => (rng.choice(READ_FAULTS), "READ"),
        };
        let side = if rng.bool() { "cliengo" } else { "ghl" };
        let (fault, place) = (faults.0.unwrap_or_default(), faults.1);
        Self::Faulty(format!("{fault}@{side}:{place}{}", rng.choice(TRIGGERS).unwrap_or_default()))
    }

    /// Whether a CRM may say that it stored what it did not.
    fn forgets(&self) -> bool {
        matches!(self, Self::Faulty(faults) if faults.starts_with("forget-field"))
    }
}

/// How many nights ended how.
#[derive(Default)]
struct Ends {
    done: u32,
    refused: u32,
    failed: u32,
    died: u32,
}

struct Nights {
    world: World,
    crms: Crms,
    folder: tempfile::TempDir,
    pair: concord::config::Pair,
    clock: Arc<ManualClock>,
    mode: Mode,
    /// The plan that a guard refused last night: a person looks at it and approves.
    refused: Option<String>,
    ends: Ends,
}

impl Nights {
    /// One night; how many operations it planned, `None` where it did not get that far.
    async fn night(&mut self, fate: &Fate) -> Result<Option<usize>, Failure> {
        let faults = if let Fate::Faulty(faults) = fate { faults.clone() } else { "lag=0".to_owned() };
        self.world.ask::<()>(&Order::Night(faults))?;
        self.clock.advance(DAY);
        let (cliengo, ghl) = self.clients()?;
        let left = Arc::new(AtomicU64::new(if let Fate::Dies(commits) = fate { *commits } else { u64::MAX }));
        let dies = Watch(Arc::new(move || {
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        }));
        let job = Job {
            pair: &self.pair,
            cliengo: &cliengo,
            ghl: &ghl,
            state_dir: self.folder.path(),
            clock: &*self.clock,
            mode: self.mode,
            only: Vec::new(),
            families: run::FAMILIES,
            retention: Retention { history_days: 90 },
            stop: CancellationToken::new(),
            watch: Some(dies),
            progress: None,
        };
        let consent = Consent { approve: self.refused.take(), ..Consent::default() };
        let ended = run::sync(&job, concord::crm::Writers { cliengo: &cliengo, ghl: &ghl }, &consent).await;
        match (&ended, fate) {
            (Ok(finished), _) if finished.is_refused() => self.ends.refused += 1,
            (Ok(finished), _) if finished.failure().is_none() => self.ends.done += 1,
            (_, Fate::Dies(_)) => self.ends.died += 1,
            _ => self.ends.failed += 1,
        }
        let Ok(finished) = ended else { return Ok(None) };
        self.refused = finished.is_refused().then(|| finished.plan.id());
        self.world.ask::<()>(&Order::Hear(in_conflict(&finished)))?;
        Ok(Some(finished.plan.operations.len()))
    }

    fn clients(&self) -> Result<(Cliengo, Ghl), Failure> {
        let wait = Duration::from_millis(1);
        let patience = Patience {
            backoff: wait,
            longest: 5 * wait,
            asked: 5 * wait,
            interval: 5 * wait,
            windows: (Duration::ZERO, Duration::from_mins(1)),
            in_all: 50 * wait,
            alone: 10 * wait,
            ..Patience::default()
        };
        let crms = &self.crms;
        let key = SecretString::from(crms.api_key.as_str());
        let mut cliengo = CliengoSettings::new(&crms.cliengo, key, &crms.website, self.clock.clone());
        cliengo.auth = match AccountProfile::drawn_whole(crms.account).cliengo.key {
            Key::Any | Key::Query => CliengoAuth::Query,
            Key::Bearer => CliengoAuth::Bearer,
            Key::Jwt => CliengoAuth::Jwt,
        };
        cliengo.requests_per_second = None;
        cliengo.page_size = 100;
        cliengo.patience = patience;
        cliengo.capabilities = CliengoCapabilities {
            tag_remove: true,
            note_update: true,
            note_delete: true,
            tags_read: Some(true),
            ..CliengoCapabilities::default()
        };
        let token = SecretString::from(crms.token.as_str());
        let mut ghl = GhlSettings::new(&crms.ghl, token, &crms.location, self.clock.clone());
        ghl.patience = patience;
        Ok((Cliengo::new(cliengo)?, Ghl::new(ghl)?))
    }

    /// Nights without faults until nothing is left to do.
    async fn rest(&mut self) -> Result<(), Failure> {
        // What a CRM did not keep was said, and is sent once more by a full night.
        for mode in [Mode::Incremental, Mode::Incremental, Mode::Full, Mode::Full, Mode::Incremental, Mode::Incremental]
        {
            self.mode = mode;
            self.night(&Fate::Good).await?;
            // A Cliengo note's deletion is believed the second night.
            self.mode = Mode::Incremental;
            self.night(&Fate::Good).await?;
        }
        match self.night(&Fate::Good).await? {
            Some(0) => Ok(()),
            planned => Err(format!("the last night is not quiet: {planned:?} operations").into()),
        }
    }
}

fn in_conflict(finished: &Finished) -> Vec<String> {
    let conflicts = finished.plan.conflicts.iter().flat_map(|conflict| [&conflict.cliengo, &conflict.ghl]);
    conflicts.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

fn soak(arguments: &Arguments) -> Result<(), Failure> {
    let (world, crms) = World::start(arguments)?;
    let settings = "[pair.soak]\nsandbox = true\nregion = \"AR\"\nguard.create_count = 1000000\n";
    let pair = Config::parse(settings, Path::new("soak.toml"))?.pairs.pop().ok_or("no pair")?;
    let mut nights = Nights {
        world,
        crms,
        folder: tempfile::tempdir()?,
        pair,
        clock: Arc::new(ManualClock::at(BEGIN.parse()?)),
        mode: Mode::Incremental,
        refused: None,
        ends: Ends::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut rng = fastrand::Rng::with_seed(arguments.seed ^ 0x50AC);
    let begun = Instant::now();
    println!(
        "{} nights, {} contacts, {} edits a day, seed {}\n",
        arguments.nights, arguments.contacts, arguments.edits, arguments.seed
    );
    println!("| night | memory MiB | open files | state MiB | seconds |\n| --: | --: | --: | --: | --: |");
    let mut samples = Vec::new();
    runtime.block_on(async {
        nights.night(&Fate::Good).await?;
        let mut may_have_lied = false;
        for night in 1..=arguments.nights {
            // What a CRM only said that it kept is found by the next listing: until then nobody else may have changed it.
            if !may_have_lied {
                nights.world.ask::<()>(&Order::Day(arguments.edits))?;
            }
            let fate = Fate::draw(&mut rng);
            let went_through = nights.ends.done;
            nights.night(&fate).await?;
            may_have_lied = fate.forgets() || may_have_lied && nights.ends.done == went_through;
            if night.is_multiple_of(SAMPLE) {
                samples.push(sample(night, &nights, begun)?);
            }
        }
        nights.rest().await
    })?;
    let Ends { done, refused, failed, died } = nights.ends;
    println!("\nNights that went through {done}, refused by a guard {refused}, failed {failed}, died {died}.");
    let verdict: Verdict = nights.world.ask(&Order::Verdict)?;
    conclude(&verdict, &samples)
}

/// Memory and open files of this process.
struct Sample {
    memory: f64,
    files: usize,
}

#[expect(clippy::cast_precision_loss, reason = "figures for a person")]
fn sample(night: u32, nights: &Nights, begun: Instant) -> Result<Sample, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no memory")?;
    let memory = resident.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0;
    let files = std::fs::read_dir("/proc/self/fd")?.count();
    let state = std::fs::metadata(State::path_of(nights.folder.path(), &nights.pair.name))?.len();
    let state = state as f64 / 1024.0 / 1024.0;
    println!("| {night} | {memory:.1} | {files} | {state:.1} | {:.0} |", begun.elapsed().as_secs_f64());
    Ok(Sample { memory, files })
}

fn conclude(verdict: &Verdict, samples: &[Sample]) -> Result<(), Failure> {
    println!(
        "{} edits; {} contacts, {} notes, {} tasks on each side in the end; {} values named in conflicts.\n\n\
         **{} lost, {} doubled.**",
        verdict.edits,
        verdict.contacts,
        verdict.notes,
        verdict.tasks,
        verdict.in_conflict,
        verdict.lost.len(),
        verdict.doubled.len(),
    );
    for what in verdict.lost.iter().chain(&verdict.doubled).take(20) {
        println!("- {what}");
    }
    let (first, second) = samples.split_at(samples.len() / 2);
    let memory = |samples: &[Sample]| samples.iter().map(|sample| sample.memory).fold(0.0, f64::max);
    let files = |samples: &[Sample]| samples.iter().map(|sample| sample.files).max().unwrap_or_default();
    let more_files = files(second) > files(first) + SLACK_FILES;
    let grew = !first.is_empty() && (memory(second) > memory(first) + SLACK_MIB || more_files);
    println!(
        "Of memory at most {:.1} MiB in the first half and {:.1} in the second; of open files {} and {}.",
        memory(first),
        memory(second),
        files(first),
        files(second)
    );
    if grew || !verdict.lost.is_empty() || !verdict.doubled.is_empty() {
        return Err("something was lost, doubled, or grew".into());
    }
    Ok(())
}
