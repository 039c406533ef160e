//! The harness: both CRMs, a pair, a folder for its state, and a clock that is moved by hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use concord::clock::{Clock, ManualClock};
use concord::config::{Config, Pair, Readable, Retention};
use concord::crm::cliengo::{Cliengo, CliengoAuth, CliengoCapabilities, CliengoSettings};
use concord::crm::ghl::{Access, Ghl, GhlSettings};
use concord::crm::{Patience, Reader, Secrets, Writers};
use concord::reconcile::{HeldReason, Mode};
use concord::record::{Action, Both, CliengoId, GhlId, Kind, Side};
use concord::run::{self, Consent, Finished, Job, OperationOutcome, RunError, SavedPlan};
use concord::sandbox::account::cliengo::Key;
use concord::sandbox::{AccountProfile, Edit, EditKind, EditOp, Options, Profile, Sandbox};
use concord::state::State;
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::specs::{Exchange, specs};

pub const DAY: Duration = Duration::from_hours(24);

/// How a house is furnished.
#[derive(Clone, Debug)]
pub struct Plot {
    pub profile: Profile,
    /// People of the seed; none where a test brings its own.
    pub people: usize,
    pub seed: u64,
    pub lag: Duration,
    pub hide_tags: bool,
    /// GHL's requests per day, where they are few.
    pub daily: Option<u64>,
    /// How both accounts behave.
    pub account: AccountProfile,
    /// Further TOML below `[pair.house]`.
    pub settings: String,
}

impl Plot {
    /// No people; Cliengo with everything it may be able to do.
    pub fn extended() -> Self {
        Self {
            profile: Profile::Extended,
            people: 0,
            seed: 1,
            lag: Duration::ZERO,
            hide_tags: false,
            daily: None,
            account: AccountProfile::default(),
            settings: String::new(),
        }
    }

    /// No people; Cliengo as it is documented.
    pub fn legacy() -> Self {
        let settings = "[pair.house.cliengo.capabilities]\ntags_read = \"auto\"\ntag_remove = false\nnote_update = false\nnote_delete = false\n";
        Self { profile: Profile::Legacy, settings: settings.to_owned(), ..Self::extended() }
    }

    /// No people; accounts as a seed draws them, on which both sides can agree on everything.
    pub fn drawn(seed: u64) -> Self {
        Self { account: AccountProfile::drawn_whole(seed), ..Self::extended() }
    }

    pub fn with_people(self, people: usize) -> Self {
        Self { people, ..self }
    }

    pub fn with_settings(mut self, toml: &str) -> Self {
        self.settings.push_str(toml);
        self
    }
}

/// A request that changes something.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub side: Side,
    pub method: String,
    pub path: String,
    pub body: Value,
    pub status: u16,
}

/// Somebody who stands on both sides.
#[derive(Clone, Debug)]
pub struct Person {
    pub cliengo: String,
    pub ghl: String,
}

impl Person {
    pub fn on(&self, side: Side) -> &str {
        match side {
            Side::Cliengo => &self.cliengo,
            Side::Ghl => &self.ghl,
        }
    }
}

/// Both CRMs, a pair, and what is needed to run its nights.
pub struct House {
    pub sandbox: Sandbox,
    pub pair: Pair,
    pub clock: Arc<ManualClock>,
    /// The clock of the machine that runs the nights: another one where it disagrees with the CRMs'.
    pub ours: Arc<dyn Clock>,
    pub mode: Mode,
    /// Whom a night is about; nobody named: everybody.
    pub only: Vec<String>,
    /// Where both are spoken to: a test may put a proxy there.
    pub urls: Both<String>,
    /// How many requests of one sort may be under way: 1 makes every night the same to the byte.
    pub abreast: usize,
    /// How long an answer is waited for.
    pub patient: Duration,
    /// How long a CRM that fails is waited for in all, by one night.
    pub persistent: Duration,
    /// How long of that for one request that alone fails.
    pub alone: Duration,
    /// How long a pause may be that a CRM asks for.
    pub asked: Duration,
    /// Whether GHL answers as its specification says: not where a test makes it tell nonsense.
    pub strict: bool,
    /// How long history is kept.
    pub retention: Retention,
    /// How GHL is entered, where that is not with its token.
    pub entered: Option<Access>,
    folder: TempDir,
    /// How the Cliengo account takes its key.
    key: Key,
}

impl House {
    pub async fn build(plot: &Plot) -> Self {
        let text = format!("[pair.house]\nsandbox = true\nregion = \"AR\"\n{}", plot.settings);
        let pair = Config::parse(&text, Path::new("schedules.toml")).unwrap().pairs.remove(0);
        Self::furnish(plot, pair).await
    }

    /// A house for a pair that was read elsewhere.
    pub async fn furnish(plot: &Plot, pair: Pair) -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-23T06:00:00Z".parse().unwrap()));
        let sandbox = Sandbox::start(Options {
            contacts: plot.people,
            seed: plot.seed,
            profile: plot.profile,
            lag: plot.lag,
            hide_tags: plot.hide_tags,
            daily: plot.daily,
            account: plot.account,
            keep_answers: true,
            rate_window: Duration::from_millis(20),
            clock: clock.clone(),
            ..Options::default()
        });
        let sandbox = sandbox.await.unwrap();
        Self {
            urls: Both { cliengo: sandbox.cliengo_url(), ghl: sandbox.ghl_url() },
            sandbox,
            pair,
            ours: clock.clone(),
            clock,
            mode: Mode::Incremental,
            only: Vec::new(),
            abreast: 8,
            patient: Duration::from_secs(5),
            persistent: Duration::from_millis(500),
            alone: Duration::from_millis(8),
            asked: Duration::from_millis(20),
            strict: plot.account == AccountProfile::default(),
            retention: Retention { history_days: 90 },
            entered: None,
            folder: tempfile::tempdir().unwrap(),
            key: plot.account.cliengo.key,
        }
    }

    pub fn state_path(&self) -> PathBuf {
        State::path_of(self.folder.path(), &self.pair.name)
    }

    /// What an earlier version would have left there.
    pub fn edit_state(&self, statements: &[&str]) {
        let state = rusqlite::Connection::open(self.state_path()).unwrap();
        for statement in statements {
            state.execute(statement, ()).unwrap();
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The state and what lies beside it, by name, with its bytes. A reader of SQLite's may leave an empty log behind.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = std::fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
            .collect();
        files.retain(|(name, bytes)| !(name.ends_with(".db-shm") || name.ends_with(".db-wal") && bytes.is_empty()));
        files.sort();
        files
    }

    pub fn clients(&self, stop: &CancellationToken) -> (Cliengo, Ghl) {
        let patience = Patience {
            connect: Duration::from_secs(5),
            read: self.patient,
            total: self.patient,
            backoff: Duration::from_millis(1),
            longest: Duration::from_millis(50),
            asked: self.asked,
            interval: Duration::from_millis(5),
            windows: (Duration::ZERO, Duration::from_secs(1)),
            in_all: self.persistent,
            alone: self.alone,
            farewell: Duration::from_secs(20),
        };
        let secret = SecretString::from(self.sandbox.api_key());
        let website = self.sandbox.website_id();
        let mut cliengo = CliengoSettings::new(&self.urls.cliengo, secret, website, self.ours.clone());
        let known = &self.pair.cliengo.capabilities;
        cliengo.auth = match self.key {
            Key::Any | Key::Query => CliengoAuth::Query,
            Key::Bearer => CliengoAuth::Bearer,
            Key::Jwt => CliengoAuth::Jwt,
        };
        cliengo.requests_per_second = None;
        cliengo.page_size = 100;
        cliengo.concurrency = self.abreast;
        cliengo.patience = patience;
        cliengo.stop = stop.clone();
        cliengo.capabilities = CliengoCapabilities {
            contact_delete: known.contact_delete,
            tags_read: match known.tags_read {
                Readable::Auto => None,
                Readable::On => Some(true),
                Readable::Off => Some(false),
            },
            tag_remove: known.tag_remove,
            note_update: known.note_update,
            note_delete: known.note_delete,
        };
        let token = SecretString::from(self.sandbox.token());
        let secrets = Secrets::of([&cliengo.secret, &token]);
        let location = self.sandbox.location_id();
        let access = self.entered.clone().unwrap_or(Access::Token(token));
        let mut ghl = GhlSettings::entered(&self.urls.ghl, access, location, self.ours.clone());
        ghl.concurrency = self.abreast;
        ghl.patience = patience;
        ghl.stop = stop.clone();
        // As the command does: each CRM's texts are searched for the other's secret, too.
        (cliengo.secrets, ghl.secrets) = (secrets.clone(), secrets);
        (Cliengo::new(cliengo).unwrap(), Ghl::new(ghl).unwrap())
    }

    /// A night that may fail, with a person's consent, and a way to stop it. The log begins again.
    pub async fn try_night(&self, consent: &Consent, stop: CancellationToken) -> Result<Finished, RunError> {
        self.clock.advance(DAY);
        self.try_at_once(consent, stop).await
    }

    async fn try_at_once(&self, consent: &Consent, stop: CancellationToken) -> Result<Finished, RunError> {
        self.forget_requests();
        let (cliengo, ghl) = self.clients(&stop);
        run::sync(&self.job(&cliengo, &ghl, stop), Writers { cliengo: &cliengo, ghl: &ghl }, consent).await
    }

    /// A run at the very moment of the last one.
    pub async fn at_once(&self) -> Finished {
        self.try_at_once(&Consent::default(), CancellationToken::new()).await.unwrap()
    }

    /// A night, a day after the last one.
    pub async fn night(&self) -> Finished {
        self.try_night(&Consent::default(), CancellationToken::new()).await.unwrap()
    }

    /// A night whose every operation is applied.
    pub async fn good_night(&self) -> Finished {
        let finished = self.night().await;
        let missed: Vec<_> = finished
            .run
            .iter()
            .flat_map(|run| &run.outcomes)
            .filter(|(_, ended)| ended.outcome != OperationOutcome::Applied)
            .collect();
        assert!(missed.is_empty() && !finished.is_refused(), "{missed:#?} {:?}", finished.plan.guards);
        finished
    }

    /// A night that sends nothing; also its plan is empty.
    pub async fn quiet_night(&self) -> Finished {
        let finished = self.night().await;
        assert_eq!(self.writes(), [], "a quiet night writes nothing");
        assert_eq!(shown(&finished), [""; 0], "a quiet night plans nothing");
        self.state_is_whole();
        finished
    }

    /// Whatever a night went through, what always holds of links still does.
    pub fn state_is_whole(&self) {
        if let Some(state) = State::open_read_only(&self.state_path()).unwrap() {
            assert_eq!(state.verify().unwrap(), [""; 0]);
        }
    }

    pub async fn dry_run(&self) -> Finished {
        self.try_dry_run().await.unwrap()
    }

    /// A dry run's plan, as `plan --save` keeps it.
    pub async fn saved_plan(&self) -> SavedPlan {
        let stop = CancellationToken::new();
        let (cliengo, ghl) = self.clients(&stop);
        run::plan_to_save(&self.job(&cliengo, &ghl, stop)).await.unwrap().1.unwrap()
    }

    pub async fn try_dry_run(&self) -> Result<Finished, RunError> {
        self.forget_requests();
        let stop = CancellationToken::new();
        let (cliengo, ghl) = self.clients(&stop);
        run::plan(&self.job(&cliengo, &ghl, stop)).await
    }

    /// An undo, a day after the last night. The log begins again.
    pub async fn try_undo(&self, run: i64, consent: &Consent, stop: CancellationToken) -> Result<Finished, RunError> {
        self.clock.advance(DAY);
        self.forget_requests();
        let (cliengo, ghl) = self.clients(&stop);
        let job = Job { mode: Mode::Undo, ..self.job(&cliengo, &ghl, stop) };
        run::undo(&job, Writers { cliengo: &cliengo, ghl: &ghl }, run, consent).await
    }

    /// The same, where nothing stands in its way.
    pub async fn undo(&self, run: i64) -> Finished {
        self.try_undo(run, &Consent::default(), CancellationToken::new()).await.unwrap()
    }

    pub async fn try_plan_undo(&self, run: i64) -> Result<Finished, RunError> {
        self.forget_requests();
        let stop = CancellationToken::new();
        let (cliengo, ghl) = self.clients(&stop);
        let job = Job { mode: Mode::Undo, ..self.job(&cliengo, &ghl, stop) };
        run::plan_undo(&job, run).await
    }

    pub fn job<'a>(
        &'a self,
        cliengo: &'a dyn Reader<Id = CliengoId>,
        ghl: &'a dyn Reader<Id = GhlId>,
        stop: CancellationToken,
    ) -> Job<'a> {
        let (pair, clock) = (&self.pair, &*self.ours);
        Job {
            pair,
            cliengo,
            ghl,
            state_dir: self.folder(),
            clock,
            mode: self.mode,
            only: self.only.clone(),
            families: self.abreast,
            retention: self.retention,
            stop,
            watch: None,
            progress: None,
        }
    }

    /// Begins the log again. What was asked of GHL, and what it answered, is as the specification says.
    pub fn forget_requests(&self) {
        self.must_conform();
        self.sandbox.clear_requests();
    }

    fn must_conform(&self) {
        let asked = self.sandbox.requests();
        let broken = asked.iter().filter(|asked| asked.side == Side::Ghl).filter_map(|asked| {
            let (method, path, body) = (&asked.method, &asked.path, asked.body.as_ref());
            let answer = asked.answer.as_ref().filter(|_| self.strict).map(|answer| (asked.status, answer));
            specs().check(&Exchange { method, path, body, answer }).err()
        });
        let broken: std::collections::BTreeSet<String> = broken.collect();
        assert!(broken.is_empty(), "{broken:#?}");
    }

    /// What was sent since the last night or dry run began.
    pub fn writes(&self) -> Vec<Written> {
        let all = self.sandbox.requests().into_iter();
        let mutating = all.filter(|request| request.method != "GET" && !request.path.ends_with("/search"));
        mutating
            .map(|request| Written {
                side: request.side,
                method: request.method,
                path: request.path,
                body: request.body.unwrap_or_default(),
                status: request.status,
            })
            .collect()
    }

    /// The same in one line each: `ghl PUT /contacts/… {…}`.
    pub fn sent(&self) -> Vec<String> {
        let writes = self.writes();
        writes.iter().map(|write| format!("{} {} {} {}", write.side, write.method, write.path, write.body)).collect()
    }

    pub fn faults(&self, spec: &str) {
        self.sandbox.set_faults(spec.parse().unwrap());
    }

    /// A person's edit; the id of what it concerned. A minute passes first.
    pub fn edit(
        &self,
        side: Side,
        op: EditOp,
        kind: EditKind,
        contact: Option<&str>,
        id: Option<&str>,
        set: &Value,
    ) -> String {
        self.clock.advance(Duration::from_mins(1));
        let edit = Edit {
            side,
            op,
            kind,
            contact: contact.map(str::to_owned),
            id: id.map(str::to_owned),
            set: set.as_object().cloned().unwrap_or_default(),
        };
        self.sandbox.world().edit(&edit).unwrap().id.unwrap_or_default()
    }

    /// A person's edit once a night lists notes on both sides.
    pub async fn edit_meanwhile(&self, edit: &Edit) -> Result<Edit, concord::sandbox::SandboxError> {
        self.lists_notes().await;
        self.sandbox.world().edit(edit)
    }

    /// Until a night lists notes on both sides: its contacts are listed by then.
    pub async fn lists_notes(&self) {
        let lists = |side: Side| {
            self.sandbox.requests().iter().any(|asked| asked.side == side && asked.path.ends_with("/notes"))
        };
        while !(lists(Side::Cliengo) && lists(Side::Ghl)) {
            tokio::task::yield_now().await;
        }
    }

    /// A contact on one side, an hour old.
    pub fn contact(&self, side: Side, set: &Value) -> String {
        let created = self.clock.now().checked_sub(jiff::SignedDuration::from_hours(1)).unwrap();
        let mut set = set.clone();
        set.as_object_mut().unwrap().entry("createdAt").or_insert_with(|| json!(created.to_string()));
        self.edit(side, EditOp::Create, EditKind::Contact, None, None, &set)
    }

    pub fn change(&self, side: Side, person: &Person, set: &Value) {
        self.edit(side, EditOp::Update, EditKind::Contact, Some(person.on(side)), None, set);
    }

    pub fn remove(&self, side: Side, person: &Person) {
        self.edit(side, EditOp::Delete, EditKind::Contact, Some(person.on(side)), None, &Value::Null);
    }

    /// Somebody who is the same on both sides.
    pub fn person(&self, number: u32) -> Person {
        let email = format!("persona{number}@example.com");
        let phone = format!("+54911400{number:05}");
        let name = format!("Persona Prueba{number}");
        let cliengo = self.contact(Side::Cliengo, &json!({ "name": name, "email": email, "phone": phone }));
        let last = format!("Prueba{number}");
        let set = json!({ "firstName": "Persona", "lastName": last, "email": email, "phone": phone });
        Person { cliengo, ghl: self.contact(Side::Ghl, &set) }
    }

    pub fn note(&self, side: Side, person: &Person, text: &str) -> String {
        self.edit(side, EditOp::Create, EditKind::Note, Some(person.on(side)), None, &json!({ "body": text }))
    }

    pub fn task(&self, side: Side, person: &Person, title: &str) -> String {
        let set = json!({ "title": title, "dueDate": "2026-12-24T15:00:00.000Z" });
        self.edit(side, EditOp::Create, EditKind::Task, Some(person.on(side)), None, &set)
    }

    pub fn edit_child(&self, side: Side, kind: EditKind, person: &Person, id: &str, set: &Value) {
        self.edit(side, EditOp::Update, kind, Some(person.on(side)), Some(id), set);
    }

    pub fn remove_child(&self, side: Side, kind: EditKind, person: &Person, id: &str) {
        self.edit(side, EditOp::Delete, kind, Some(person.on(side)), Some(id), &Value::Null);
    }

    pub fn tag(&self, side: Side, op: EditOp, person: &Person, tag: &str) {
        self.edit(side, op, EditKind::Tag, Some(person.on(side)), None, &json!({ "tag": tag }));
    }

    pub fn dump(&self) -> Value {
        self.sandbox.world().dump().unwrap()
    }

    pub fn rows(&self, side: Side, kinds: &str) -> Vec<Value> {
        self.dump()[side.as_str()][kinds].as_array().unwrap().clone()
    }

    /// The id of the only task or note of a side.
    pub fn only(&self, side: Side, kinds: &str) -> String {
        let rows = self.rows(side, kinds);
        let [row] = rows.as_slice() else { panic!("{} {kinds} in {side}", rows.len()) };
        id_of(row)
    }

    /// One contact as its side has it now.
    pub fn row(&self, side: Side, person: &Person) -> Value {
        self.rows(side, "contacts").into_iter().find(|row| row["id"] == person.on(side)).unwrap()
    }

    /// The texts of one contact's notes, or the titles of its tasks, as stored, sorted.
    pub fn children(&self, side: Side, kinds: &str, contact: &str) -> Vec<String> {
        let mut texts: Vec<String> = self
            .rows(side, kinds)
            .iter()
            .filter(|row| row["contact_id"] == contact || row["contactId"] == contact)
            .map(|row| text_of(row, &["title", "message", "body"]))
            .collect();
        texts.sort();
        texts
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.must_conform();
        }
    }
}

/// A record's id, as its side calls it.
pub fn id_of(row: &Value) -> String {
    row["id"].as_str().or_else(|| row["_id"].as_str()).unwrap_or_else(|| panic!("{row}")).to_owned()
}

/// The first of `keys` that holds a text, without HTML.
pub fn text_of(row: &Value, keys: &[&str]) -> String {
    let found = keys.iter().find_map(|key| row[*key].as_str().filter(|text| !text.is_empty()));
    crate::story::plain(found.unwrap_or_default())
}

/// Each operation in a line: `ghl contact update`.
pub fn shown(finished: &Finished) -> Vec<String> {
    let operations = finished.plan.operations.iter();
    operations.map(|planned| format!("{} {} {}", planned.side, planned.kind, planned.action().as_str())).collect()
}

/// How many operations of a sort.
pub fn count(finished: &Finished, kind: Kind, action: Action) -> usize {
    finished.plan.operations.iter().filter(|planned| planned.kind == kind && planned.action() == action).count()
}

pub fn held(finished: &Finished) -> Vec<HeldReason> {
    finished.plan.held.iter().map(|held| held.reason).collect()
}

/// What a side cannot do, in words.
pub fn said(finished: &Finished) -> Vec<&str> {
    finished.plan.unsupported.iter().map(|one| one.detail.as_str()).collect()
}

/// What each operation came to, in the plan's order.
pub fn outcomes(finished: &Finished) -> Vec<OperationOutcome> {
    finished.run.iter().flat_map(|run| run.outcomes.values()).map(|ended| ended.outcome).collect()
}
