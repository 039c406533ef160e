//! The world that a seed stands for: a small business in Argentina, as untidy as they are.

use serde_json::{Value, json};

use super::data::{CliengoContact, CustomValue, Data, GhlContact};
use super::people::{Person, at, cliengo_note, cliengo_task, ghl_note, ghl_task};

/// 2026-01-01T11:00:00Z; everything seeded lies in the half year after it.
const OPENING: i64 = 1_767_265_200_000;
const DAY: i64 = 86_400_000;
const DAYS: u64 = 170;
/// Below this many people nobody is ambiguous.
const AMBIGUOUS_FROM: usize = 20;
/// People without e-mail and phone.
const KEYLESS: [u64; 3] = [6, 7, 26];

const TAGS: [&str; 6] = ["Seguimiento", " VIP ", "Presupuesto Enviado", "Interesado", "WhatsApp", "Año Nuevo"];

const NOTES: [&str; 10] = [
    "Pidió precio",
    "Llamar el lunes por la tarde",
    "Quiere visitar la sucursal de Rosario",
    "Se envió el presupuesto por correo",
    "Pregunta por las cuotas sin interés",
    "¡Cliente feliz! 🎉",
    "Vive en Avellaneda y trabaja de noche",
    "Prefiere que le escriban por WhatsApp",
    "Ya compró en enero",
    "Recomendada por su hermana Begoña",
];

const TASKS: [&str; 6] = [
    "Enviar presupuesto",
    "Llamar para confirmar la visita",
    "Reclamar seña",
    "Mandar catálogo 📎",
    "Coordinar entrega",
    "Renovar garantía",
];

/// Where a person stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Both,
    Cliengo,
    Ghl,
}

/// Builds the world of `seed` with `people` people in it.
pub(super) fn world(seed: u64, people: usize) -> Data {
    let mut data = Data::empty(seed);
    let mut rng = fastrand::Rng::with_seed(seed);
    let count = u64::try_from(people).unwrap_or_default();
    let plain = if people >= AMBIGUOUS_FROM { count.saturating_sub(2) } else { count };
    for number in 0..plain {
        let person = person(number, count, &mut rng);
        one(&mut data, number, &person);
    }
    if people >= AMBIGUOUS_FROM {
        same_email_twice(&mut data, &person(plain, count, &mut rng));
        same_phone_twice(&mut data, &person(plain + 1, count, &mut rng));
    }
    data
}

fn person(number: u64, count: u64, rng: &mut fastrand::Rng) -> Person {
    // At least three a day, so that date windows have something to split.
    let a_day = (count / DAYS + 1).max(3);
    let days = count.div_ceil(a_day).max(1);
    let day = i64::try_from(number / a_day * DAYS / days).unwrap_or_default();
    let created = OPENING + day * DAY + rng.i64(0..40_000) * 1000;
    let mut person = Person::numbered(number, created, rng);
    let tags = rng.usize(0..4);
    let first = rng.usize(0..TAGS.len());
    person.tags = TAGS.iter().cycle().skip(first).take(tags).map(|tag| (*tag).to_owned()).collect();
    person
}

fn place(number: u64) -> Place {
    match number % 4 {
        0 | 1 => Place::Both,
        2 => Place::Cliengo,
        _ => Place::Ghl,
    }
}

/// Puts one unambiguous person where they belong, with notes and tasks.
fn one(data: &mut Data, number: u64, person: &Person) {
    let place = place(number);
    let cliengo = (place != Place::Ghl).then(|| in_cliengo(data, number, person, place));
    let ghl = (place != Place::Cliengo).then(|| in_ghl(data, number, person, place));
    history(data, number, person, cliengo.as_deref(), ghl.as_deref());
}

/// Whether somebody's e-mail on Cliengo is only a placeholder.
fn has_placeholder(number: u64) -> bool {
    matches!(number % 20, 1 | 2)
}

fn in_cliengo(data: &mut Data, number: u64, person: &Person, place: Place) -> String {
    let mut contact = person.in_cliengo(data);
    let mut set = |name: &str, value: Value| contact.fields.insert(name.to_owned(), value);
    set("phone", json!(person.phone.typed(number / 2)));
    if number.is_multiple_of(3) {
        set("name", json!(person.first));
        set("lastName", json!(person.last));
    } else if number % 3 == 1 {
        set("lastName", json!(""));
    }
    if has_placeholder(number) {
        set("email", json!(person.placeholder()));
        // Written with the digits of the placeholder.
        set("phone", json!(person.phone.typed(1)));
    } else if KEYLESS.contains(&number) {
        set("email", json!(""));
        set("phone", Value::Null);
    } else if place == Place::Both && number % 8 == 5 {
        set("phone", json!(""));
    } else if matches!(number, 10 | 14) {
        set("phone", json!("consultar"));
    }
    if number % 5 == 1 {
        set("rating", json!(3));
        set("city", json!("Rosario"));
        set("utmCampaign", json!("invierno"));
        set("leadFields", json!({ "presupuesto": "450000" }));
    }
    save_cliengo(data, contact)
}

fn in_ghl(data: &mut Data, number: u64, person: &Person, place: Place) -> String {
    let mut contact = person.in_ghl(data);
    if KEYLESS.contains(&number) {
        contact.fields.remove("email");
        contact.fields.remove("phone");
    } else if place == Place::Both && (has_placeholder(number) || number % 8 == 4) {
        contact.fields.remove("email");
    } else if place == Place::Both && number.is_multiple_of(8) {
        contact.fields.remove("phone");
    } else if number % 8 == 1 {
        contact.fields.insert("email".to_owned(), json!(person.email.replace("example", "Example")));
    }
    if number % 6 == 5 {
        contact.tags.push("cliente".to_owned());
        super::ghl::define(data, &contact.tags, at(person.created));
    }
    if number % 5 == 1 {
        let id = data.identity.budget_field.clone();
        contact.custom_fields.push(CustomValue { id, value: json!(450_000) });
        contact.fields.insert("city".to_owned(), json!("Rosario"));
    }
    save_ghl(data, contact)
}

fn save_cliengo(data: &mut Data, contact: CliengoContact) -> String {
    let id = contact.id.clone();
    data.cliengo.contacts.save(contact);
    id
}

fn save_ghl(data: &mut Data, contact: GhlContact) -> String {
    let (id, created) = (contact.id.clone(), contact.created);
    data.ghl.save_contact(contact, at(created));
    id
}

/// One of `texts`; another one for each `turn` of the same person.
fn text<'texts>(texts: &[&'texts str], number: u64, turn: u64) -> &'texts str {
    let place = usize::try_from(number + turn).unwrap_or_default() % texts.len().max(1);
    texts.get(place).copied().unwrap_or_default()
}

/// Notes and tasks: some on both sides, some only on one.
fn history(data: &mut Data, number: u64, person: &Person, cliengo: Option<&str>, ghl: Option<&str>) {
    let start = person.created;
    for turn in 0..number % 4 {
        let created = start + (i64::try_from(turn).unwrap_or_default() + 1) * 3_600_000;
        let note = text(&NOTES, number, turn);
        on_both(cliengo, ghl, |side| match side {
            (Some(id), _) => cliengo_note(data, id, note, created),
            (_, Some(id)) => ghl_note(data, id, note, turn.is_multiple_of(2), created + 5_000),
            _ => {}
        });
    }
    for turn in 0..number % 3 {
        let created = start + (i64::try_from(turn).unwrap_or_default() + 1) * 5_400_000;
        let due = start - start % DAY + 7 * DAY + 13 * 3_600_000;
        let title = text(&TASKS, number, turn);
        on_both(cliengo, ghl, |side| match side {
            (Some(id), _) => cliengo_task(data, id, title, Some(due), created),
            (_, Some(id)) => ghl_task(data, id, title, due, created + 5_000),
            _ => {}
        });
    }
    one_sided(data, number, start, cliengo, ghl);
}

/// Calls `write` for each side that has the person.
fn on_both(cliengo: Option<&str>, ghl: Option<&str>, mut write: impl FnMut((Option<&str>, Option<&str>))) {
    write((cliengo, None));
    write((None, ghl));
}

fn one_sided(data: &mut Data, number: u64, start: i64, cliengo: Option<&str>, ghl: Option<&str>) {
    let later = start + 2 * DAY;
    if let Some(id) = cliengo {
        if number.is_multiple_of(3) {
            cliengo_note(data, id, "Escribió desde el chat del sitio", later);
        }
        if number.is_multiple_of(7) {
            cliengo_task(data, id, "Averiguar el barrio", None, later);
        }
        if number == 0 {
            for call in 0..3 {
                cliengo_note(data, id, "No contesta", later + (call + 1) * 3_600_000);
            }
        }
    }
    if let Some(id) = ghl {
        if number.is_multiple_of(5) {
            ghl_note(data, id, "Atendida en el local, volver a llamar", true, later);
        }
        if number % 4 == 1 {
            ghl_task(data, id, "Pedir referencias", later + 3 * DAY, later);
        }
        if number == 0 {
            for call in 0..2 {
                ghl_note(data, id, "No contesta", false, later + (call + 1) * 3_600_000);
            }
        }
    }
}

/// Two Cliengo contacts and one GHL contact with one e-mail: which of the two it is, only a person can tell.
fn same_email_twice(data: &mut Data, person: &Person) {
    for again in 0..2 {
        let mut contact = person.in_cliengo(data);
        contact.created += again * 2 * DAY;
        contact.updated += again * 2 * DAY;
        save_cliengo(data, contact);
    }
    let contact = person.in_ghl(data);
    save_ghl(data, contact);
}

/// Two GHL contacts and one Cliengo contact with one phone.
fn same_phone_twice(data: &mut Data, person: &Person) {
    let mut contact = person.in_cliengo(data);
    contact.fields.insert("email".to_owned(), Value::Null);
    contact.fields.insert("phone".to_owned(), json!(person.phone.typed(1)));
    save_cliengo(data, contact);
    for name in ["casa", "trabajo"] {
        let mut contact = person.in_ghl(data);
        contact.fields.insert("email".to_owned(), json!(format!("{name}.{}", person.email)));
        save_ghl(data, contact);
    }
}
