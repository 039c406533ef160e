//! Thirty nights of ten edits each, by people on both sides who do not know of each other.

use std::collections::BTreeMap;

use concord::record::{Field, Side};
use concord::sandbox::{EditKind, EditOp};
use serde_json::{Value, json};

use crate::house::{House, Person, Plot};
use crate::story::{Blind, both_sides_tell_the_same, emails};

const NIGHTS: usize = 30;
const PEOPLE: u32 = 24;

/// The edits of one day that one person's contact gets; the fields that both sides changed differently are told.
struct Day<'a> {
    house: &'a House,
    people: &'a mut Vec<Person>,
    rng: &'a mut fastrand::Rng,
    /// Who changed which field to what today.
    changed: BTreeMap<(String, &'static str), BTreeMap<&'static str, String>>,
    notes: BTreeMap<String, Vec<(Side, String)>>,
    legacy: bool,
    count: usize,
}

impl Day<'_> {
    fn anybody(&mut self) -> Person {
        self.people[self.rng.usize(..self.people.len())].clone()
    }

    fn side(&mut self) -> Side {
        Side::BOTH[self.rng.usize(..2)]
    }

    fn text(&mut self) -> String {
        self.count += 1;
        format!("{}{}", self.count, self.rng.u32(..))
    }

    /// A field of a contact. What the documented Cliengo cannot follow is left to its own tests.
    fn change(&mut self, side: Side, person: &Person) {
        let text = self.text();
        let (field, value) = match self.rng.u8(..3) {
            0 => ("email", format!("correo{text}@example.com")),
            1 => ("phone", format!("+549115{:07}", self.rng.u32(..10_000_000))),
            _ => ("name", format!("Nombre{text} Apellido")),
        };
        let set = match (field, side) {
            ("name", Side::Ghl) => json!({ "firstName": format!("Nombre{text}"), "lastName": "Apellido" }),
            _ => json!({ field: value }),
        };
        self.house.change(side, person, &set);
        self.changed.entry((person.ghl.clone(), field)).or_default().insert(side.as_str(), value);
    }

    fn note(&mut self, side: Side, person: &Person) {
        let text = self.text();
        let id = self.house.note(side, person, &format!("Nota {text}"));
        self.notes.entry(person.ghl.clone()).or_default().push((side, id));
    }

    fn edit(&mut self) {
        let (side, person) = (self.side(), self.anybody());
        match self.rng.u8(..10) {
            0..4 => self.change(side, &person),
            4 => {
                // Both sides at once: equal fields agree, others are a conflict.
                self.change(Side::Cliengo, &person);
                self.change(Side::Ghl, &person);
            }
            5 => {
                let tag = format!("etiqueta{}", self.text());
                self.house.tag(side, EditOp::Create, &person, &tag);
            }
            6 if !self.legacy => {
                let title = format!("Tarea {}", self.text());
                self.house.task(side, &person, &title);
            }
            7 if !self.legacy => {
                let notes = self.notes.remove(&person.ghl).unwrap_or_default();
                match notes.first() {
                    Some((side, id)) => self.house.remove_child(*side, EditKind::Note, &person, id),
                    None => self.note(side, &person),
                }
            }
            _ => self.note(side, &person),
        }
    }
}

async fn thirty_nights(plot: Plot, legacy: bool, seed: u64) {
    let house = House::build(&plot).await;
    let mut people: Vec<Person> = (1..=PEOPLE).map(|number| house.person(number)).collect();
    house.good_night().await;
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut count, mut conflicts) = (0, 0);
    for night in 0..NIGHTS {
        let mut day = Day {
            house: &house,
            people: &mut people,
            rng: &mut rng,
            changed: BTreeMap::new(),
            notes: BTreeMap::new(),
            legacy,
            count,
        };
        for _ in 0..10 {
            day.edit();
        }
        count = day.count;
        let in_conflict: Vec<_> = day
            .changed
            .iter()
            .filter(|(_, sides)| sides.len() == 2 && sides["cliengo"] != sides["ghl"])
            .map(|(key, sides)| (key.clone(), sides.clone()))
            .collect();
        let finished = house.good_night().await;
        for ((ghl, field), sides) in in_conflict {
            let told = finished.plan.conflicts.iter().find(|conflict| {
                conflict.ids.of(Side::Ghl) == Some(ghl.as_str()) && conflict.field == conflict_field(field)
            });
            let told =
                told.unwrap_or_else(|| panic!("seed {seed}, night {night}: nobody is told of {field}: {sides:?}"));
            assert_eq!(
                (&told.cliengo, &told.ghl),
                (&Value::from(sides["cliengo"].as_str()), &Value::from(sides["ghl"].as_str()))
            );
            conflicts += 1;
        }
    }
    // A Cliengo note's deletion is believed the second night.
    house.good_night().await;
    house.good_night().await;
    house.quiet_night().await;
    assert!(conflicts > 5, "{conflicts} conflicts");
    let linked = both_sides_tell_the_same(&house, Blind { tasks: legacy, ..Blind::default() });
    assert_eq!(linked, PEOPLE as usize);
    for side in Side::BOTH {
        assert_eq!(house.rows(side, "contacts").len(), PEOPLE as usize, "{side}: nobody is there twice");
        assert!(emails(&house, side).values().all(|count| *count == 1), "{side}");
    }
}

// Watches: I1, I2, incident 35.
#[tokio::test]
async fn three_hundred_edits_over_thirty_nights_end_equal_and_every_conflict_is_told() {
    thirty_nights(Plot::extended(), false, 7).await;
}

#[tokio::test]
async fn three_hundred_edits_over_thirty_nights_end_equal_with_the_documented_cliengo() {
    thirty_nights(Plot::legacy(), true, 8).await;
}

fn conflict_field(name: &str) -> Field {
    Field::from(std::sync::Arc::<str>::from(name))
}
