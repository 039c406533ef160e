//! Many simple people at once, for volumes.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::data::Data;
use super::people::{Person, Phone, at, cliengo_note, cliengo_task, ghl_note, ghl_task};

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000;
const DAY: i64 = 86_400_000;
const DAYS: i64 = 180;

/// How many people, and what they carry.
pub(super) struct Wanted {
    pub(super) cliengo: usize,
    pub(super) ghl: usize,
    pub(super) burst_day: Option<(Date, usize)>,
    pub(super) notes_each: usize,
    pub(super) tasks_each: usize,
}

/// Adds them; the first ones stand on both sides.
pub(super) fn people(data: &mut Data, wanted: &Wanted) {
    let base = data.next();
    let total = wanted.cliengo.max(wanted.ghl);
    for place in 0..total {
        let number = base + u64::try_from(place).unwrap_or_default();
        let person = Person {
            first: "Persona".to_owned(),
            last: format!("Número {number}"),
            email: format!("persona{number}@fill.example"),
            phone: Phone::Mobile(40_000_000 + number % 10_000_000),
            tags: Vec::new(),
            created: created(wanted, place, total),
        };
        if place < wanted.cliengo {
            in_cliengo(data, wanted, &person);
        }
        if place < wanted.ghl {
            in_ghl(data, wanted, &person);
        }
    }
}

/// Spread over the half year; those of the burst over their day.
fn created(wanted: &Wanted, place: usize, total: usize) -> i64 {
    let within = |place: usize, count: usize, span: i64| {
        let (place, count) = (i64::try_from(place).unwrap_or_default(), i64::try_from(count).unwrap_or(1).max(1));
        place * (span / count)
    };
    match wanted.burst_day {
        Some((day, count)) if place < count => {
            let midnight = day.to_zoned(TimeZone::UTC).map_or(START, |at| at.timestamp().as_millisecond());
            midnight + within(place, count, DAY) / 1000 * 1000
        }
        _ => START + within(place, total, DAYS * DAY) / 1000 * 1000,
    }
}

fn note(turn: usize) -> String {
    format!("Nota {}", turn + 1)
}

fn task(turn: usize) -> String {
    format!("Tarea {}", turn + 1)
}

fn in_cliengo(data: &mut Data, wanted: &Wanted, person: &Person) {
    let mut contact = person.in_cliengo(data);
    contact.fields.insert("phone".to_owned(), serde_json::json!(person.phone.e164()));
    let id = contact.id.clone();
    data.cliengo.contacts.save(contact);
    for turn in 0..wanted.notes_each {
        cliengo_note(data, &id, &note(turn), person.created + 60_000);
    }
    for turn in 0..wanted.tasks_each {
        cliengo_task(data, &id, &task(turn), Some(START + 200 * DAY), person.created + 60_000);
    }
}

fn in_ghl(data: &mut Data, wanted: &Wanted, person: &Person) {
    let contact = person.in_ghl(data);
    let id = contact.id.clone();
    data.ghl.save_contact(contact, at(person.created));
    for turn in 0..wanted.notes_each {
        ghl_note(data, &id, &note(turn), false, person.created + 60_000);
    }
    for turn in 0..wanted.tasks_each {
        ghl_task(data, &id, &task(turn), START + 200 * DAY, person.created + 60_000);
    }
}
