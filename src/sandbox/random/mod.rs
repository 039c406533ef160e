//! Edits that a working day could bring.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use super::Profile;
use super::data::{Data, Moment, folded, wire_date};
use super::edit::{self, Edit, EditKind, EditOp};
use super::people::Phone;
use crate::record::Side;

mod child;
mod contact;

/// Somebody who certainly is the same on both sides.
#[derive(Clone, Debug)]
struct Linked {
    cliengo: String,
    ghl: String,
}

impl Linked {
    fn on(&self, side: Side) -> &str {
        match side {
            Side::Cliengo => &self.cliengo,
            Side::Ghl => &self.ghl,
        }
    }
}

/// What one edit is made from.
struct Draw<'world> {
    data: &'world Data,
    linked: &'world Linked,
    side: Side,
    /// Cliengo has tasks, and notes and tags can be changed and removed.
    extended: bool,
    /// Never given before: makes texts, e-mails and phones unlike all others.
    number: u64,
    now: i64,
}

impl Draw<'_> {
    fn contact(&self) -> &str {
        self.linked.on(self.side)
    }

    fn edit(&self, op: EditOp, kind: EditKind, id: Option<&str>, set: Vec<(&str, Value)>) -> Edit {
        let set: Map<String, Value> = set.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let contact = Some(self.contact().to_owned());
        Edit { side: self.side, op, kind, contact, id: id.map(str::to_owned), set }
    }

    /// Whether this side's notes can be changed, tags be removed, and (on Cliengo) tasks exist at all.
    fn can_do_all(&self) -> bool {
        self.extended || self.side == Side::Ghl
    }
}

/// Applies `count` edits and returns them.
pub(super) fn apply(
    data: &mut Data,
    count: usize,
    profile: Profile,
    rng: &mut fastrand::Rng,
    moment: Moment,
) -> Result<Vec<Edit>, String> {
    let mut pool = VecDeque::new();
    let mut applied = Vec::with_capacity(count);
    while applied.len() < count {
        let number = data.next();
        if pool.is_empty() {
            let mut people = certain(data);
            rng.shuffle(&mut people);
            pool.extend(people);
        }
        let next = if rng.u8(..100) < 12 { None } else { pool.pop_front() };
        let edit = match next {
            None => newcomer(number, moment.now, rng),
            Some(linked) => {
                let side = if rng.bool() { Side::Cliengo } else { Side::Ghl };
                let extended = profile == Profile::Extended;
                change(&Draw { data, linked: &linked, side, extended, number, now: moment.now }, rng)
            }
        };
        applied.push(edit::apply(data, &edit, moment)?);
    }
    Ok(applied)
}

/// The people whose e-mail occurs exactly once on each side, and is no placeholder.
fn certain(data: &Data) -> Vec<Linked> {
    let mut by_email: BTreeMap<String, [Vec<&str>; 2]> = BTreeMap::new();
    for contact in data.cliengo.contacts.all() {
        by_email.entry(folded(contact.text("email"))).or_default()[0].push(&contact.id);
    }
    for contact in data.ghl.contacts.all() {
        for email in std::iter::once(contact.text("email")).chain(contact.additional_emails.iter().map(String::as_str))
        {
            by_email.entry(folded(email)).or_default()[1].push(&contact.id);
        }
    }
    let is_real = |email: &str| {
        let local = email.split('@').next().unwrap_or_default();
        !local.is_empty() && local.chars().any(|character| !character.is_ascii_digit())
    };
    let certain = by_email.into_iter().filter_map(|(email, ids)| match (ids[0].as_slice(), ids[1].as_slice()) {
        ([cliengo], [ghl]) if is_real(&email) => {
            Some(Linked { cliengo: (*cliengo).to_owned(), ghl: (*ghl).to_owned() })
        }
        _ => None,
    });
    certain.collect()
}

/// Draws what may happen to a contact; where it has nothing of the kind, a rename or a note always does.
fn change(draw: &Draw<'_>, rng: &mut fastrand::Rng) -> Edit {
    let drawn = match rng.u8(..40) {
        0 => Some(contact::email(draw)),
        1..=6 => Some(contact::phone(draw, rng)),
        7..=10 => Some(contact::rename(draw)),
        11..=16 => Some(contact::add_tag(draw, rng)),
        17..=19 => contact::remove_tag(draw, rng),
        20..=26 => Some(child::create_note(draw)),
        27..=28 => child::update_note(draw, rng),
        29..=30 => child::delete_note(draw, rng),
        31..=33 => child::create_task(draw, rng),
        34..=35 => child::update_task(draw, rng),
        36..=37 => child::complete_task(draw, rng),
        _ => child::delete_task(draw, rng),
    };
    match drawn {
        Some(edit) => edit,
        None if rng.bool() => child::create_note(draw),
        None => contact::rename(draw),
    }
}

/// Somebody new on one side, an hour old.
fn newcomer(number: u64, now: i64, rng: &mut fastrand::Rng) -> Edit {
    let phone = unused_phone(number);
    let side = if rng.bool() { Side::Cliengo } else { Side::Ghl };
    let name = one_of(&FIRST_NAMES, number);
    let last = format!("Quiroga {number}");
    let mut set = Map::from_iter([
        ("email".to_owned(), json!(format!("nahuel.quiroga{number}@nuevo.example"))),
        ("createdAt".to_owned(), json!(wire_date(now - 3_600_000))),
    ]);
    match side {
        Side::Cliengo => {
            set.insert("name".to_owned(), json!(format!("{name} {last}")));
            set.insert("phone".to_owned(), json!(typed(phone, number)));
        }
        Side::Ghl => {
            set.insert("firstName".to_owned(), json!(name));
            set.insert("lastName".to_owned(), json!(last));
            set.insert("phone".to_owned(), json!(phone.e164()));
        }
    }
    Edit { side, op: EditOp::Create, kind: EditKind::Contact, contact: None, id: None, set }
}

/// Given names as people have them.
const FIRST_NAMES: [&str; 6] = ["Renata", "Ñusta", "D'Angelo", "Zoé 🌸", "ليلى", "María de la Paz"];

/// One of `texts`; another one for each `number`.
fn one_of<'texts>(texts: &[&'texts str], number: u64) -> &'texts str {
    let place = usize::try_from(number).unwrap_or_default() % texts.len().max(1);
    texts.get(place).copied().unwrap_or_default()
}

/// A number as people type it, and as chats hand it on.
fn typed(phone: Phone, style: u64) -> String {
    match style % 7 {
        4 => format!("{}@c.us", phone.e164().trim_start_matches('+')),
        5 => format!("{} (WhatsApp)", phone.typed(1)),
        6 => format!("00{}", phone.e164().trim_start_matches('+')),
        style => phone.typed(style),
    }
}

/// A number that neither the seed nor a fill gives out.
fn unused_phone(number: u64) -> Phone {
    Phone::Mobile(60_000_000 + number % 10_000_000)
}
