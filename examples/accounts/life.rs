//! The life of one drawn account: days of edits, nights in which something may go wrong, and what stands in the end.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use concord::clock::{Clock, ManualClock};
use concord::config::{Config, Pair, Retention};
use concord::crm::Patience;
use concord::crm::cliengo::{Cliengo, CliengoAuth, CliengoCapabilities, CliengoSettings};
use concord::crm::ghl::{Ghl, GhlSettings};
use concord::reconcile::{GuardName, Mode};
use concord::record::{Kind, Side};
use concord::run::{self, Consent, Finished, Job};
use concord::sandbox::account::cliengo::{Key, Tasks};
use concord::sandbox::account::ghl::MissingScope;
use concord::sandbox::{AccountProfile, Options, Profile, Sandbox};
use concord::state::State;
use secrecy::SecretString;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::judge::{Findings, Links};
use super::people::{OnDelete, People};

const DAY: Duration = Duration::from_hours(24);
const BEGIN: &str = "2026-11-23T06:00:00Z";

const WRITE_FAULTS: [&str; 13] = [
    "too-many",
    "status=400",
    "status=403",
    "status=409",
    "status=500",
    "status-after-write=500",
    "server-error",
    "html",
    "truncated-json",
    "reset-before",
    "reset-after-write",
    "created-but-422",
    "too-many=0",
];

const READ_FAULTS: [&str; 13] = [
    "too-many",
    "daily-exhausted",
    "status=500",
    "status=404",
    "status=403",
    "html",
    "truncated-json",
    "no-array",
    "reset-before",
    "short-listing",
    "empty-listing",
    "repeat-cursor",
    "torn-page",
];

const TRIGGERS: [&str; 5] = ["", "*", "#2", "#/7", "%0.1"];

/// How long a life is.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub nights: u32,
    pub people: u32,
    pub edits: usize,
}

/// What became of it.
#[derive(Debug, Default)]
pub struct Verdict {
    /// How the account differs from a plain one.
    pub switches: Vec<String>,
    pub lost: Vec<String>,
    pub doubled: Vec<String>,
    /// Two people who were taken for one, and texts under somebody else.
    pub strangers: Vec<String>,
    /// Runs that ended with 0 although the sides differ and no report says so.
    pub untrue: Vec<String>,
    /// Both could hold it, and it is not on both; or the last run still wrote.
    pub unsettled: Vec<String>,
    pub leaked: Vec<String>,
    /// Differences in the end that a report named.
    pub excused: usize,
    /// How the runs ended.
    pub exits: BTreeMap<u8, u32>,
    /// The program declined to work with this account.
    pub declined: bool,
}

impl Verdict {
    pub fn is_good(&self) -> bool {
        [&self.lost, &self.doubled, &self.strangers, &self.untrue, &self.unsettled, &self.leaked]
            .iter()
            .all(|list| list.is_empty())
    }

    /// What is wrong, one line each.
    pub fn lines(&self) -> Vec<String> {
        let lists = [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("under a stranger", &self.strangers),
            ("untrue", &self.untrue),
            ("unsettled", &self.unsettled),
            ("leaked", &self.leaked),
        ];
        lists.into_iter().flat_map(|(name, list)| list.iter().map(move |what| format!("{name}: {what}"))).collect()
    }
}

struct Life {
    sandbox: Sandbox,
    account: AccountProfile,
    extended: bool,
    pair: Pair,
    clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
    people: People,
    /// What a person approves after a guard stopped a run.
    consent: Consent,
    verdict: Verdict,
    /// What is told of each night as it goes.
    loud: bool,
}

/// Lives a life on such an account; all else follows from the seed.
pub async fn live(account: AccountProfile, seed: u64, span: Span, loud: bool) -> Result<Verdict, Failure> {
    let mut rng = fastrand::Rng::with_seed(seed ^ 0xACC0);
    let mut life = Life::begin(account, seed, span, loud, &mut rng).await?;
    let no_faults = "";
    life.night(no_faults).await?;
    for _ in 0..span.nights {
        let now = life.clock.now();
        let linked = life.links()?.into_iter().flat_map(|(cliengo, ghl)| [cliengo, ghl]).collect();
        life.people.day(&life.sandbox.world(), span.edits, now, &linked, &mut rng)?;
        let faults = draw(&mut rng);
        life.night(&faults).await?;
    }
    life.rest().await?;
    life.finish()
}

/// What goes wrong in a night; half of the time nothing.
fn draw(rng: &mut fastrand::Rng) -> String {
    let (is_good, reads, side) = (rng.bool(), rng.bool(), if rng.bool() { "cliengo" } else { "ghl" });
    let (fault, place) = if reads { (rng.choice(READ_FAULTS), "READ") } else { (rng.choice(WRITE_FAULTS), "WRITE") };
    let trigger = rng.choice(TRIGGERS).unwrap_or_default();
    if is_good { String::new() } else { format!("{}@{side}:{place}{trigger}", fault.unwrap_or_default()) }
}

impl Life {
    async fn begin(
        account: AccountProfile,
        seed: u64,
        span: Span,
        loud: bool,
        rng: &mut fastrand::Rng,
    ) -> Result<Self, Failure> {
        let extended = rng.u8(..4) > 0 && account.cliengo.tasks == Tasks::Resource;
        let on_delete = rng.choice([OnDelete::Propagate, OnDelete::Propagate, OnDelete::Ignore, OnDelete::Mark]);
        let on_delete = on_delete.unwrap_or(OnDelete::Propagate);
        let clock = Arc::new(ManualClock::at(BEGIN.parse()?));
        let sandbox = Sandbox::start(Options {
            contacts: 0,
            seed,
            account,
            profile: if extended { Profile::Extended } else { Profile::Legacy },
            rate_window: Duration::from_millis(20),
            clock: clock.clone(),
            ..Options::default()
        })
        .await?;
        let (world, now) = (sandbox.world(), clock.now());
        let people = People::begin(&world, span.people, extended, &account, on_delete, now, seed)?;
        let duplicates = if seed.is_multiple_of(2) { "hold" } else { "primary" };
        let settings = format!(
            "[pair.drawn]\nsandbox = true\nregion = \"AR\"\ncontacts.on_delete = \"{}\"\ncontacts.duplicates = \"{duplicates}\"\n",
            on_delete.as_str()
        );
        let pair = Config::parse(&settings, Path::new("drawn.toml"))?.pairs.pop().ok_or("no pair")?;
        let mut switches = account.differences();
        switches.push(format!("extended = {extended}, on_delete = {}, duplicates = {duplicates}", on_delete.as_str()));
        Ok(Self {
            sandbox,
            account,
            extended,
            pair,
            clock,
            folder: tempfile::tempdir()?,
            people,
            consent: Consent::default(),
            verdict: Verdict { switches, ..Verdict::default() },
            loud,
        })
    }

    /// One run, a day later; how many operations it planned.
    async fn night(&mut self, faults: &str) -> Result<Option<usize>, Failure> {
        self.sandbox.set_faults(faults.parse()?);
        self.clock.advance(DAY);
        self.sandbox.clear_requests();
        self.people.night_begins(&self.sandbox.world(), faults)?;
        let (cliengo, ghl) = self.clients()?;
        let job = Job {
            pair: &self.pair,
            cliengo: &cliengo,
            ghl: &ghl,
            state_dir: self.folder.path(),
            clock: &*self.clock,
            mode: Mode::Incremental,
            only: Vec::new(),
            families: 1,
            retention: Retention { history_days: 90 },
            stop: CancellationToken::new(),
            watch: None,
            progress: None,
        };
        let consent = std::mem::take(&mut self.consent);
        let ended = run::sync(&job, concord::crm::Writers { cliengo: &cliengo, ghl: &ghl }, &consent).await;
        let (code, planned) = match &ended {
            Ok(finished) => (exit(finished), Some(finished.plan.operations.len())),
            Err(_) => (1, None),
        };
        *self.verdict.exits.entry(code).or_default() += 1;
        let told = match &ended {
            Ok(finished) => {
                if finished.is_refused() {
                    self.consent = consent_to(finished);
                }
                let report = concord::report::json(finished);
                let report = serde_json::to_value(report)?;
                self.people.hear(&self.sandbox.world(), &report)?;
                report.to_string()
            }
            Err(why) => why.to_string(),
        };
        if self.loud {
            self.say(faults, code, &told, ended.as_ref().ok());
        }
        self.secrets(&told);
        let links = self.links()?;
        self.people.night_over(&self.sandbox.world(), &links, code == 0, ended.as_ref().is_ok_and(saw_all))?;
        if code == 0 {
            let Findings { apart, .. } = self.people.findings(&self.sandbox.world(), &links)?;
            self.verdict.untrue.extend(apart.into_iter().map(|what| format!("after `{faults}`: {what}")));
        }
        Ok(planned)
    }

    /// Who is linked with whom, as the state has it.
    fn links(&self) -> Result<Links, Failure> {
        let path = State::path_of(self.folder.path(), &self.pair.name);
        if !path.exists() {
            return Ok(Links::new());
        }
        let state = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let sql =
            "SELECT cliengo_id, ghl_id FROM link WHERE kind = 'contact' AND role = 'primary' AND status <> 'retired'
                   AND cliengo_id IS NOT NULL AND ghl_id IS NOT NULL";
        let mut statement = state.prepare(sql)?;
        let links = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<Links, _>>()?;
        Ok(links)
    }

    #[expect(clippy::print_stdout, reason = "what `--seed` shows")]
    fn say(&self, faults: &str, code: u8, told: &str, finished: Option<&Finished>) {
        println!("--- {} faults `{faults}`: exit {code}", self.clock.now());
        match finished {
            None => println!("    {told}"),
            Some(finished) => {
                for operation in &finished.plan.operations {
                    let outcome = finished.run.as_ref().and_then(|run| run.outcomes.get(&operation.id));
                    let what = (operation.side, operation.kind, operation.action().as_str(), &operation.label);
                    println!("    {what:?} {outcome:?}");
                }
                let failure = finished.failure();
                println!("    held {:?}\n    unsupported {:?}", finished.plan.held, finished.plan.unsupported);
                println!(
                    "    conflicts {:?}\n    listings {:?} {failure:?}",
                    finished.plan.conflicts, finished.plan.listings
                );
            }
        }
        for asked in self.sandbox.requests().iter().filter(|asked| asked.status >= 400 || asked.method != "GET") {
            let body = asked.body.as_ref().map(Value::to_string).unwrap_or_default();
            println!("    {} {} {} {} {body}", asked.side, asked.method, asked.path, asked.status);
        }
    }

    /// No secret may stand in what a person is shown.
    fn secrets(&mut self, told: &str) {
        for secret in [self.sandbox.api_key(), self.sandbox.token()] {
            if told.contains(secret) {
                self.verdict.leaked.push("a secret stands in a report".to_owned());
            }
        }
    }

    fn clients(&self) -> Result<(Cliengo, Ghl), Failure> {
        let wait = Duration::from_millis(1);
        let patience = Patience {
            backoff: wait,
            longest: 10 * wait,
            asked: 20 * wait,
            interval: 5 * wait,
            windows: (Duration::ZERO, Duration::from_secs(1)),
            in_all: 200 * wait,
            alone: 8 * wait,
            ..Patience::default()
        };
        let sandbox = &self.sandbox;
        let key = SecretString::from(sandbox.api_key());
        let mut cliengo = CliengoSettings::new(&sandbox.cliengo_url(), key, sandbox.website_id(), self.clock.clone());
        cliengo.auth = match self.account.cliengo.key {
            Key::Any | Key::Query => CliengoAuth::Query,
            Key::Bearer => CliengoAuth::Bearer,
            Key::Jwt => CliengoAuth::Jwt,
        };
        cliengo.requests_per_second = None;
        cliengo.patience = patience;
        cliengo.capabilities = CliengoCapabilities {
            tag_remove: self.extended,
            note_update: self.extended,
            note_delete: self.extended,
            ..CliengoCapabilities::default()
        };
        let token = SecretString::from(sandbox.token());
        let mut ghl = GhlSettings::new(&sandbox.ghl_url(), token, sandbox.location_id(), self.clock.clone());
        ghl.patience = patience;
        Ok((Cliengo::new(cliengo)?, Ghl::new(ghl)?))
    }

    /// Three runs without faults: then both sides agree, and the next one writes nothing.
    async fn rest(&mut self) -> Result<(), Failure> {
        for _ in 0..3 {
            self.night("").await?;
        }
        let approves = self.consent.approve.is_some();
        let planned = self.night("").await?;
        if approves {
            // A guard stopped the last one: a person approved, and one more is needed.
            self.night("").await?;
        }
        let writes = self.sandbox.requests().iter().filter(|asked| is_write(&asked.method, &asked.path)).count();
        if writes > 0 || planned.is_none() {
            self.verdict.unsettled.push(format!("the last run planned {planned:?} and wrote {writes} times"));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Verdict, Failure> {
        let links = self.links()?;
        let Findings { lost, doubled, strangers, apart, excused } =
            self.people.findings(&self.sandbox.world(), &links)?;
        self.verdict.excused = excused.len();
        // Without the scope to read or to write, the program says so every night and is done.
        let scope = self.account.ghl.missing_scope;
        let lacks = matches!(
            scope,
            MissingScope::Reading | MissingScope::Writing | MissingScope::Tasks | MissingScope::Location
        );
        self.verdict.declined = lacks && !self.verdict.exits.contains_key(&0);
        if self.verdict.declined {
            self.verdict.unsettled.clear();
        } else {
            self.verdict.unsettled.extend(apart);
        }
        self.verdict.lost = lost;
        self.verdict.doubled = doubled;
        self.verdict.strangers = strangers;
        for entry in std::fs::read_dir(self.folder.path())? {
            let bytes = std::fs::read(entry?.path())?;
            for secret in [self.sandbox.api_key(), self.sandbox.token()] {
                if bytes.windows(secret.len()).any(|window| window == secret.as_bytes()) {
                    self.verdict.leaked.push("a secret stands in the state".to_owned());
                }
            }
        }
        Ok(self.verdict)
    }
}

fn is_write(method: &str, path: &str) -> bool {
    method != "GET" && !path.ends_with("/search")
}

/// A run's exit code, as `concord sync` has it.
fn exit(finished: &Finished) -> u8 {
    if finished.failure().is_some() {
        1
    } else if finished.is_refused() {
        4
    } else if finished.needs_a_person() {
        3
    } else {
        0
    }
}

/// Whether nothing that was listed is left open. (`semantics` 20, 30)
fn saw_all(finished: &Finished) -> bool {
    let listings = &finished.plan.listings;
    Side::BOTH.into_iter().all(|side| Kind::ALL.into_iter().all(|kind| listings.of(side).of(kind).why.is_none()))
}

/// A person looks at the plan that a guard stopped, and approves it; never that a side is empty.
fn consent_to(finished: &Finished) -> Consent {
    let emptied = finished.plan.tripped().any(|guard| guard.guard == GuardName::Emptied);
    Consent { approve: (!emptied).then(|| finished.plan.id()), ..Consent::default() }
}
