//! The presence states: base, Cliengo, GHL, each there or not, clean or changed; by direction, policy and capabilities.
//!
//! `CONCORD_BLESS=1 cargo test --test nightly presence` writes the table again: read it before you keep it.

use std::fmt::Write as _;
use std::path::Path;

use concord::reconcile::Plan;
use concord::record::{Kind, Side};
use concord::run::Finished;
use concord::sandbox::{EditKind, EditOp};
use serde_json::{Value, json};

use crate::house::{House, Person, Plot};

/// Whether it is in the base, and what each side has: nothing, as agreed, or changed.
#[derive(Clone, Copy, PartialEq)]
enum Has {
    Nothing,
    Same,
    Changed,
}

struct State {
    base: bool,
    cliengo: Has,
    ghl: Has,
}

const fn state(base: bool, cliengo: Has, ghl: Has) -> State {
    State { base, cliengo, ghl }
}

use Has::{Changed, Nothing, Same};

const STATES: [State; 12] = [
    state(true, Same, Same),
    state(true, Changed, Same),
    state(true, Same, Changed),
    state(true, Changed, Changed),
    state(true, Same, Nothing),
    state(true, Changed, Nothing),
    state(true, Nothing, Same),
    state(true, Nothing, Changed),
    state(true, Nothing, Nothing),
    state(false, Same, Same),
    state(false, Same, Nothing),
    state(false, Nothing, Same),
];

impl State {
    const fn has(&self, side: Side) -> Has {
        match side {
            Side::Cliengo => self.cliengo,
            Side::Ghl => self.ghl,
        }
    }

    fn told(&self) -> String {
        let has = |has: Has, letter: &str| match has {
            Nothing => "-".to_owned(),
            Same => letter.to_owned(),
            Changed => format!("{letter}*"),
        };
        format!("{} {:<2} {:<2}", if self.base { "B" } else { "-" }, has(self.cliengo, "C"), has(self.ghl, "G"))
    }
}

/// One record of each state, and the contact that it is or hangs under.
struct Cast {
    kind: Kind,
    people: Vec<Person>,
    ids: Vec<[String; 2]>,
}

const fn at(side: Side) -> usize {
    match side {
        Side::Cliengo => 0,
        Side::Ghl => 1,
    }
}

fn edit_kind(kind: Kind) -> EditKind {
    match kind {
        Kind::Contact => EditKind::Contact,
        Kind::Task => EditKind::Task,
        Kind::Note => EditKind::Note,
    }
}

fn make(house: &House, kind: Kind, side: Side, number: usize, person: &Person) -> String {
    match kind {
        Kind::Contact => {
            let name = if side == Side::Ghl { "firstName" } else { "name" };
            house.contact(
                side,
                &json!({ name: format!("Estado{number}"), "email": format!("estado{number}@example.com") }),
            )
        }
        Kind::Task => house.task(side, person, &format!("Tarea {number}")),
        Kind::Note => house.note(side, person, &format!("Nota {number}")),
    }
}

fn change(house: &House, cast: &Cast, side: Side, number: usize) {
    let text = format!("cambio{number}{side}");
    let set = match cast.kind {
        Kind::Contact => json!({ "email": format!("{text}@example.com") }),
        Kind::Task => json!({ "title": text }),
        Kind::Note => json!({ "body": text }),
    };
    act(house, cast, EditOp::Update, side, number, &set);
}

fn act(house: &House, cast: &Cast, op: EditOp, side: Side, number: usize, set: &Value) {
    let id = cast.ids[number][at(side)].as_str();
    match cast.kind {
        Kind::Contact => _ = house.edit(side, op, EditKind::Contact, Some(id), None, set),
        kind => _ = house.edit(side, op, edit_kind(kind), Some(cast.people[number].on(side)), Some(id), set),
    }
}

/// The first night links what is in the base; then everything else of the states happens.
async fn stage(settings: &str, kind: Kind) -> (House, Cast) {
    const LOOSE: &str =
        "[pair.house.guard]\ndelete_percent = 100\ndelete_count = 99\nshrink_percent = 100\nmin_records = 1\n";
    let house = House::build(&Plot::extended().with_settings(&format!("{settings}{LOOSE}"))).await;
    let parents = if kind == Kind::Contact { 0 } else { STATES.len() };
    let mut people: Vec<Person> = (0..parents).map(|number| house.person(u32::try_from(number).unwrap() + 1)).collect();
    let mut ids = vec![[String::new(), String::new()]; STATES.len()];
    let nobody = Person { cliengo: String::new(), ghl: String::new() };
    for (number, _) in STATES.iter().enumerate().filter(|(_, state)| state.base) {
        let person = people.get(number).unwrap_or(&nobody).clone();
        for side in Side::BOTH {
            ids[number][at(side)] = make(&house, kind, side, number, &person);
        }
    }
    house.good_night().await;
    if kind == Kind::Contact {
        people = vec![nobody; STATES.len()];
    }
    let mut cast = Cast { kind, people, ids };
    for (number, state) in STATES.iter().enumerate() {
        for side in Side::BOTH {
            match (state.base, state.has(side)) {
                (true, Nothing) => act(&house, &cast, EditOp::Delete, side, number, &Value::Null),
                (true, Changed) => change(&house, &cast, side, number),
                (false, Same) => cast.ids[number][at(side)] = make(&house, kind, side, number, &cast.people[number]),
                _ => {}
            }
        }
    }
    (house, cast)
}

/// What a plan says of one record.
fn said(plan: &Plan, ids: &[String; 2]) -> Vec<String> {
    let is_it = |record: &concord::record::Ids| {
        Side::BOTH.into_iter().any(|side| record.of(side).is_some_and(|id| id == ids[at(side)]))
    };
    let operations = plan.operations.iter().filter(|one| is_it(&one.ids)).map(|one| match one.action() {
        concord::record::Action::Link => "link".to_owned(),
        action => format!("{} {}", action.as_str(), one.side),
    });
    let conflicts =
        plan.conflicts.iter().filter(|one| is_it(&one.ids)).map(|one| format!("conflict: {:?}", one.winner));
    let held = plan.held.iter().filter(|one| is_it(&one.ids)).map(|one| format!("held: {:?}", one.reason));
    let cannot = plan.unsupported.iter().filter(|one| is_it(&one.ids));
    let cannot = cannot.map(|one| format!("unsupported: {} {}", one.action.as_str(), one.side));
    operations.chain(conflicts).chain(held).chain(cannot).collect()
}

fn row(nights: &[Finished], ids: &[String; 2]) -> String {
    let each = nights.iter().map(|night| said(&night.plan, ids).join(", "));
    let each: Vec<String> = each.map(|said| if said.is_empty() { "nothing".to_owned() } else { said }).collect();
    if each.iter().all(|said| *said == each[0]) { each[0].clone() } else { each.join("; next night: ") }
}

async fn table(kind: Kind, direction: &str, on_delete: &str, able: bool) -> String {
    let capabilities = format!(
        "[pair.house.cliengo]\ncapabilities = {{ contact_delete = {able}, note_update = {able}, note_delete = {able} }}\n"
    );
    let policy = format!("[pair.house.{kind}s]\ndirection = \"{direction}\"\non_delete = \"{on_delete}\"\n");
    let (house, cast) = stage(&format!("{capabilities}{policy}"), kind).await;
    let nights = [house.night().await, house.night().await];
    house.quiet_night().await;
    let can = if able { "" } else { ", Cliengo deletes no contacts, and neither edits nor deletes notes" };
    let mut text = format!("{kind}, direction = {direction}, on_delete = {on_delete}{can}\n");
    for (state, ids) in STATES.iter().zip(&cast.ids) {
        writeln!(text, "  {}  {}", state.told(), row(&nights, ids)).unwrap();
    }
    text
}

// Watches: I9.
#[tokio::test]
async fn every_presence_state_has_the_outcome_of_the_table() {
    let mut text = "B: in the base · C: in Cliengo · G: in GHL · *: changed since · -: not there\n".to_owned();
    for kind in Kind::ALL {
        let policies: &[&str] =
            if kind == Kind::Contact { &["propagate", "ignore", "mark"] } else { &["propagate", "ignore"] };
        for direction in ["both", "to_ghl", "to_cliengo"] {
            for on_delete in policies {
                for able in [true, false] {
                    // A task's capabilities do not vary.
                    if able || kind != Kind::Task {
                        text.push('\n');
                        text.push_str(&table(kind, direction, on_delete, able).await);
                    }
                }
            }
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables/presence_states.txt");
    if std::env::var_os("CONCORD_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == text, "{}", similar::TextDiff::from_lines(&expected, &text).unified_diff());
}
