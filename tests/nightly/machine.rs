//! Days of edits on both sides, and nights in which everything goes wrong: afterwards no edit is lost without a word, both
//! sides tell the same, and nothing is there twice.
//!
//! `cargo test` tries 256 days and nights of a fixed seed, for a minute at most. Many more:
//! `CONCORD_CASES=5000 CONCORD_SEED=7 cargo test --release --test nightly machine`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use concord::reconcile::{Guard, GuardName, Mode};
use concord::record::{Kind, Side, SideId};
use concord::run::{Consent, Finished};
use concord::sandbox::{EditKind, EditOp};
use concord::state::State;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::house::{DAY, House, Person, Plot};
use crate::matching::people as generator;
use crate::mortal::Fate;
use crate::story::outlines;

const PEOPLE: u32 = 5;

/// A field that people change to a value nobody else has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wandering {
    Name,
    Email,
    Phone,
}

/// What a person does.
#[derive(Clone, Debug)]
enum Deed {
    Change(Wandering),
    Tag,
    Untag,
    Note,
    RemoveNote,
    Task,
    Complete,
    Newcomer,
    Remove,
}

/// What becomes of a night.
#[derive(Clone, Debug)]
enum Night {
    Good,
    Faulty(String),
    Dies(u64),
    Lags(u32),
}

#[derive(Clone, Debug)]
enum Step {
    Deed(Deed, Side, usize),
    Night(Night),
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Cliengo), Just(Side::Ghl)]
}

fn deed() -> impl Strategy<Value = Deed> {
    let field = prop_oneof![Just(Wandering::Name), Just(Wandering::Email), Just(Wandering::Phone)];
    prop_oneof![
        5 => field.prop_map(Deed::Change),
        2 => Just(Deed::Tag),
        1 => Just(Deed::Untag),
        2 => Just(Deed::Note),
        1 => Just(Deed::RemoveNote),
        2 => Just(Deed::Task),
        1 => Just(Deed::Complete),
        2 => Just(Deed::Newcomer),
        1 => Just(Deed::Remove),
    ]
}

const WRITE_FAULTS: [&str; 16] = [
    "too-many",
    "daily-exhausted",
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
    "ignore-field=name",
    "forget-field=phone",
];

const READ_FAULTS: [&str; 15] = [
    "too-many",
    "status=500",
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
    "drop-field=tags",
    "date-skew=-90000",
    "status=404",
];

fn night() -> impl Strategy<Value = Night> {
    let fault = prop_oneof![
        proptest::sample::select(&WRITE_FAULTS[..]).prop_map(|fault| (fault, "WRITE")),
        proptest::sample::select(&READ_FAULTS[..]).prop_map(|fault| (fault, "READ")),
    ];
    let trigger = proptest::sample::select(&["", "*", "#2", "#3", "#/2", "%0.3"][..]);
    let faulty = (fault, side(), trigger)
        .prop_map(|((fault, place), side, trigger)| Night::Faulty(format!("{fault}@{side}:{place}{trigger}")));
    prop_oneof![
        2 => Just(Night::Good),
        5 => faulty,
        3 => (0_u64..90).prop_map(Night::Dies),
        1 => (10_u32..60).prop_map(Night::Lags),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (deed(), side(), 0_usize..8).prop_map(|(deed, side, who)| Step::Deed(deed, side, who)),
        2 => night().prop_map(Step::Night),
    ];
    proptest::collection::vec(step, 4..14)
}

/// A change of a field.
struct Change {
    side: Side,
    value: String,
    /// Whether both sides told the same when it was made: then it disputes nothing.
    agreed: bool,
}

struct Who {
    origin: SideId,
    removed: bool,
}

struct Life {
    house: House,
    people: Vec<Who>,
    changes: BTreeMap<(usize, Wandering), Vec<Change>>,
    /// Texts that must be there in the end: whose, and which.
    texts: BTreeMap<String, usize>,
    notes: Vec<(usize, Side, String, String)>,
    tasks: Vec<(usize, Side, String)>,
    tags: BTreeMap<String, usize>,
    /// Values that a report named in a conflict.
    disputed: BTreeSet<String>,
    /// What answers the guards that stopped the last night.
    consent: Consent,
    number: u32,
    /// Who may still come: names and phones as people write them.
    waiting: Vec<(String, String)>,
}

/// Whom a seed draws, each of a line of their own that both CRMs can hold.
fn drawn(seed: u64) -> Vec<(String, String)> {
    // Whose last digits are the same in every way of writing it: an Argentine `15` stands in the middle.
    let is_plain = |phone: &str| {
        let is_typed = phone.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c));
        is_typed && phone.starts_with('+') && !phone.contains("15-") && !phone.contains(" 15")
    };
    let is_one = |class: &str| class.starts_with("one person") && class != generator::WITHOUT_KEY;
    let pairs = generator::draw(seed, 2).into_iter().filter(|pair| is_one(pair.class));
    let one_each = pairs.filter_map(|pair| pair.cliengo.into_iter().next());
    one_each.filter(|one| is_plain(&one.phone)).map(|one| (one.name, one.phone)).collect()
}

/// Names and words that people have, and that one CRM writes otherwise than another.
const NAMES: [&str; 5] = ["Nombre", "Zoé 🌸 ", "D'Angelo & ", "ليلى ", "María de la Paz "];
const SAID: [&str; 4] = ["", " Pérez & \"Hijos\" 🌸", " مرحبا", " «hoy» – 20 %"];

fn one_of<'texts>(texts: &[&'texts str], number: u32) -> &'texts str {
    texts[usize::try_from(number).unwrap() % texts.len()]
}

fn who_tag(number: usize) -> String {
    format!("quien{number}")
}

impl Life {
    async fn begin(account: u64) -> Self {
        let settings = "[pair.house.contacts]\non_delete = \"propagate\"\n";
        let mut house = House::build(&Plot::drawn(account).with_settings(settings)).await;
        house.abreast = 1;
        house.strict = false;
        house.patient = Duration::from_secs(2);
        let mut people = Vec::new();
        for number in 1..=PEOPLE {
            let person = house.person(number);
            house.tag(Side::Ghl, EditOp::Create, &person, &who_tag(people.len()));
            people.push(Who { origin: SideId::new(Side::Ghl, person.ghl), removed: false });
        }
        // Some accounts show no tags before a contact has one; the first listing that does is only the base (`semantics` 14).
        house.good_night().await;
        house.good_night().await;
        Self {
            house,
            people,
            changes: BTreeMap::new(),
            texts: BTreeMap::new(),
            notes: Vec::new(),
            tasks: Vec::new(),
            tags: BTreeMap::new(),
            disputed: BTreeSet::new(),
            consent: Consent::default(),
            number: 0,
            waiting: drawn(account),
        }
    }

    fn next(&mut self) -> u32 {
        self.number += 1;
        self.number
    }

    /// Where somebody stands on a side: by the links, since that is what a person would follow.
    fn id_of(&self, who: usize, side: Side) -> Option<String> {
        let origin = &self.people[who].origin;
        let id = if origin.side() == side {
            origin.as_str().to_owned()
        } else {
            let state = State::open_read_only(&self.house.state_path()).ok()??;
            state.link_of(Kind::Contact, origin).ok()??.ids.of(side)?.to_owned()
        };
        self.row(side, &id).map(|_| id)
    }

    fn row(&self, side: Side, id: &str) -> Option<Value> {
        self.house.rows(side, "contacts").into_iter().find(|row| row["id"] == *id)
    }

    fn told(&self, who: usize, side: Side, field: Wandering) -> Option<String> {
        let row = self.row(side, &self.id_of(who, side)?)?;
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let told = match field {
            Wandering::Name if side == Side::Ghl => format!("{} {}", text("firstName"), text("lastName")),
            Wandering::Name => format!("{} {}", text("name"), text("lastName")),
            Wandering::Email => text("email"),
            Wandering::Phone => {
                let digits: Vec<char> = text("phone").chars().filter(char::is_ascii_digit).collect();
                digits[digits.len().saturating_sub(8)..].iter().collect()
            }
        };
        Some(told.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn edit(&self, side: Side, op: EditOp, kind: EditKind, contact: &str, id: Option<&str>, set: &Value) -> String {
        self.house.edit(side, op, kind, Some(contact), id, set)
    }

    fn act(&mut self, deed: &Deed, side: Side, who: usize) {
        let who = who % self.people.len();
        if matches!(deed, Deed::Newcomer) {
            return self.newcomer(side);
        }
        let Some(id) = self.id_of(who, side) else { return };
        let number = self.next();
        match deed {
            Deed::Newcomer => {}
            Deed::Change(field) => self.change(*field, side, who, &id, number),
            Deed::Tag => {
                let tag = format!("marca{number}");
                self.edit(side, EditOp::Create, EditKind::Tag, &id, None, &json!({ "tag": tag }));
                self.tags.insert(tag, who);
            }
            Deed::Untag => {
                let mine = self.tags.iter().find(|(_, whose)| **whose == who).map(|(tag, _)| tag.clone());
                let Some(tag) = mine else { return };
                let is_there = self.row(side, &id).is_some_and(|row| row["tags"].to_string().contains(&tag));
                if is_there {
                    self.edit(side, EditOp::Delete, EditKind::Tag, &id, None, &json!({ "tag": tag }));
                    self.tags.remove(&tag);
                }
            }
            Deed::Note => {
                let text = format!("Nota {number}.");
                let key = if side == Side::Cliengo { "message" } else { "body" };
                let note = self.edit(
                    side,
                    EditOp::Create,
                    EditKind::Note,
                    &id,
                    None,
                    &json!({ key: format!("{text}{}", one_of(&SAID, number)) }),
                );
                self.texts.insert(text.clone(), who);
                self.notes.push((who, side, note, text));
            }
            Deed::RemoveNote => {
                let Some(at) = self.notes.iter().position(|note| note.0 == who && note.1 == side) else { return };
                let (_, _, note, text) = self.notes.remove(at);
                if self.house.rows(side, "notes").iter().any(|row| row["id"] == *note || row["ID"] == *note) {
                    self.edit(side, EditOp::Delete, EditKind::Note, &id, Some(&note), &json!({}));
                }
                self.texts.remove(&text);
            }
            Deed::Task => {
                let title = format!("Tarea {number}.");
                let set = json!({ "title": title, "dueDate": "2027-01-10T12:00:00.000Z" });
                let task = self.edit(side, EditOp::Create, EditKind::Task, &id, None, &set);
                self.texts.insert(title, who);
                self.tasks.push((who, side, task));
            }
            Deed::Complete => {
                let Some((_, _, task)) = self.tasks.iter().find(|task| task.0 == who && task.1 == side) else { return };
                if self.house.rows(side, "tasks").iter().any(|row| row["id"] == **task || row["_id"] == **task) {
                    self.edit(side, EditOp::Update, EditKind::Task, &id, Some(task), &json!({ "completed": true }));
                }
            }
            Deed::Remove => {
                self.house.edit(side, EditOp::Delete, EditKind::Contact, Some(&id), None, &json!({}));
                self.people[who].removed = true;
            }
        }
    }

    fn change(&mut self, field: Wandering, side: Side, who: usize, id: &str, number: u32) {
        let (key, value) = match field {
            Wandering::Name if side == Side::Ghl => ("firstName", format!("{}{number}", one_of(&NAMES, number))),
            Wandering::Name => ("name", format!("{}{number}", one_of(&NAMES, number))),
            Wandering::Email => ("email", format!("correo{number}@example.com")),
            Wandering::Phone => ("phone", format!("600{number:05}")),
        };
        let mut set = json!({ key: value });
        if field == Wandering::Phone {
            let is_chat = side == Side::Cliengo && number.is_multiple_of(2);
            set[key] = json!(if is_chat { format!("54911{value}@c.us") } else { format!("+54911{value}") });
        }
        if key == "firstName" {
            set["lastName"] = Value::Null;
        }
        let agreed = self.told(who, side, field) == self.told(who, side.other(), field);
        self.house.edit(side, EditOp::Update, EditKind::Contact, Some(id), None, &set);
        self.changes.entry((who, field)).or_default().push(Change { side, value, agreed });
    }

    fn newcomer(&mut self, side: Side) {
        let number = self.next();
        let key = if side == Side::Ghl { "firstName" } else { "name" };
        let (name, phone) = self.waiting.pop().unwrap_or_else(|| (format!("Nombre {number}"), String::new()));
        let email = format!("alguien{number}@example.com");
        let id = self.house.contact(side, &json!({ key: name, "email": email, "phone": phone }));
        let there = Person { cliengo: id.clone(), ghl: id.clone() };
        self.house.tag(side, EditOp::Create, &there, &who_tag(self.people.len()));
        self.people.push(Who { origin: SideId::new(side, id), removed: false });
    }

    async fn night(&mut self, night: &Night) {
        let finished = match night {
            Night::Good => self.sleep().await,
            Night::Faulty(spec) => {
                self.house.faults(spec);
                let finished = self.sleep().await;
                self.house.faults("");
                finished
            }
            Night::Dies(moment) => self.house.mortal_night(&Fate::at(*moment)).await.ok(),
            Night::Lags(hours) => {
                self.house.faults(&format!("lag={}", hours * 3600));
                self.sleep().await
            }
        };
        self.read(finished);
    }

    /// A night, which approves what the one before was refused.
    async fn sleep(&mut self) -> Option<Finished> {
        let consent = std::mem::take(&mut self.consent);
        self.house.try_night(&consent, CancellationToken::new()).await.ok()
    }

    /// Reads the report as a person would.
    fn read(&mut self, finished: Option<Finished>) {
        self.answer();
        let Some(finished) = finished else { return };
        let document = serde_json::to_value(concord::report::json(&finished)).unwrap();
        let counts = document["run"]["outcomes"].as_object().unwrap();
        let sum: u64 = counts.values().filter_map(Value::as_u64).sum();
        assert_eq!(sum, finished.plan.operations.len() as u64, "planned is the sum of the outcomes");
        if finished.is_refused() {
            // Whoever is told that a side is empty looks there first.
            let is_empty = |guard: &&Guard| self.house.rows(guard.side, &format!("{}s", guard.kind)).is_empty();
            let emptied = finished.plan.tripped().filter(|guard| guard.guard == GuardName::Emptied).filter(is_empty);
            let allow_empty = emptied.map(|guard| format!("{}:{}", guard.side, guard.kind)).collect();
            self.consent = Consent { approve: Some(finished.plan.id()), allow_empty, ..Consent::default() };
        }
        for conflict in &finished.plan.conflicts {
            for value in [&conflict.cliengo, &conflict.ghl] {
                self.disputed.insert(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
        }
    }

    /// Nobody edits what a run creates, so whatever may be that is somebody's own.
    fn answer(&self) {
        let Ok(state) = State::open(&self.house.state_path()) else { return };
        for intent in state.open_creates().unwrap().into_iter().filter(|intent| !intent.candidates.is_empty()) {
            let source = SideId::new(intent.side.other(), intent.source_id.unwrap());
            state.was_not_done(intent.kind, &source).unwrap();
        }
    }

    /// Quiet days until nothing is left to do.
    async fn rest(&mut self) -> Result<(), TestCaseError> {
        self.house.faults("lag=0");
        self.house.clock.advance(DAY);
        for _ in 0..4 {
            self.night(&Night::Good).await;
        }
        // What a CRM did not keep was said, and is sent once more.
        self.house.mode = Mode::Full;
        for _ in 0..2 {
            self.night(&Night::Good).await;
        }
        self.house.mode = Mode::Incremental;
        self.night(&Night::Good).await;
        let last = self.sleep().await.ok_or_else(|| TestCaseError::fail("the last night failed"))?;
        prop_assert!(self.house.writes().is_empty(), "the last night is quiet: {:?}", self.house.sent());
        prop_assert!(last.plan.operations.is_empty());
        self.is_whole(&last)
    }

    fn is_whole(&self, last: &Finished) -> Result<(), TestCaseError> {
        let [cliengo, ghl] = outlines(&self.house).map(|told| self.of_those_who_stayed(told));
        let (held, unsupported) = (&last.plan.held, &last.plan.unsupported);
        prop_assert_eq!(cliengo, ghl, "both sides tell the same: {:#?} {:#?}", held, unsupported);
        for side in Side::BOTH {
            self.nobody_is_there_twice(side)?;
        }
        for ((who, field), changes) in &self.changes {
            if !self.people[*who].removed {
                self.nothing_is_lost(*who, *field, changes)?;
            }
        }
        Ok(())
    }

    fn of_those_who_stayed(&self, told: Vec<String>) -> Vec<String> {
        let removed: Vec<String> = (0..self.people.len())
            .filter(|who| self.people[*who].removed)
            .map(|who| format!("\"{}\"", who_tag(who)))
            .collect();
        told.into_iter().filter(|told| !removed.iter().any(|tag| told.contains(tag))).collect()
    }

    fn nobody_is_there_twice(&self, side: Side) -> Result<(), TestCaseError> {
        let told = &outlines(&self.house)[usize::from(side == Side::Ghl)];
        for (who, person) in self.people.iter().enumerate() {
            let count = told.iter().filter(|told| told.contains(&format!("\"{}\"", who_tag(who)))).count();
            let enough = count == 1 || person.removed && count == 0;
            prop_assert!(enough, "{} stands {count} times in {side}: {told:#?}", who_tag(who));
        }
        let everything = told.join("\n");
        for (text, who) in &self.texts {
            let count = everything.matches(text.as_str()).count();
            let enough = count == 1 || self.people[*who].removed && count == 0;
            prop_assert!(enough, "{text:?} stands {count} times in {side}: {told:#?}");
        }
        for (tag, who) in self.tags.iter().filter(|(_, who)| !self.people[**who].removed) {
            prop_assert!(everything.contains(&format!("\"{tag}\"")), "{tag} of {who} is not in {side}: {told:#?}");
        }
        Ok(())
    }

    /// The last change of a side stands in the end, or a report named it in a conflict.
    fn nothing_is_lost(&self, who: usize, field: Wandering, changes: &[Change]) -> Result<(), TestCaseError> {
        let told = self.told(who, Side::Ghl, field).unwrap_or_default();
        for side in Side::BOTH {
            let Some(at) = changes.iter().rposition(|change| change.side == side) else { continue };
            let value = &changes[at].value;
            let stands = told == *value;
            // Whoever changed it later on the other side saw it there.
            let replaced = changes[at + 1..].iter().any(|later| later.agreed);
            let said = self.disputed.iter().any(|disputed| disputed.contains(value.as_str()));
            prop_assert!(stands || replaced || said, "{value} of {} is lost: {told}", who_tag(who));
        }
        Ok(())
    }
}

/// A life on the accounts of a seed.
async fn live(account: u64, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut life = Life::begin(account).await;
    for step in &steps {
        match step {
            Step::Deed(deed, side, who) => life.act(deed, *side, *who),
            Step::Night(night) => life.night(night).await,
        }
    }
    life.rest().await
}

fn setting(name: &str, default: u32) -> u32 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// A share of the cases; those that run side by side have seeds of their own.
fn lives(share: u8) -> Result<(), String> {
    let many = std::env::var_os("CONCORD_CASES").is_some();
    let until = Instant::now() + Duration::from_mins(1);
    let mut seed = [u8::try_from(setting("CONCORD_SEED", 1)).unwrap_or(u8::MAX); 32];
    seed[0] = share;
    let config = Config {
        cases: setting("CONCORD_CASES", 256) / u32::from(SHARES),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/nightly/machine.seeds"))),
        max_shrink_time: 120_000,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let done = runner.run(&(0_u64..1_000_000, steps()), |(account, steps)| {
        if !many && Instant::now() > until {
            return Ok(());
        }
        runtime.block_on(live(account, steps))
    });
    done.map_err(|why| format!("share {share}: {why}"))
}

/// Mostly they wait for the disk.
const SHARES: u8 = 8;

// Watches: I1, I38, I49.
#[test]
fn whatever_happens_no_edit_is_lost_and_nothing_is_doubled() {
    let failed: Vec<String> = std::thread::scope(|scope| {
        let shares: Vec<_> = (0..SHARES).map(|share| scope.spawn(move || lives(share))).collect();
        shares.into_iter().filter_map(|share| share.join().unwrap().err()).collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
