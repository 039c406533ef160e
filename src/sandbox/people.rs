//! Invented people, and how each CRM would have written them down.

use serde_json::{Map, Value, json};

use super::data::{CliengoContact, CliengoNote, CliengoTask, Data, GhlContact, GhlNote, GhlTask, Moment, wire_date};
use super::ghl::{define, tidy};

/// First names as people write them, and as their e-mail does.
const FIRST_NAMES: [(&str, &str); 16] = [
    ("María José", "mariajose"),
    ("Sofía", "sofia"),
    ("Martín", "martin"),
    ("Ángel", "angel"),
    ("Begoña", "begona"),
    ("Joaquín", "joaquin"),
    ("Zoé", "zoe"),
    ("Íñigo", "inigo"),
    ("Lucía", "lucia"),
    ("Julián", "julian"),
    ("Úrsula", "ursula"),
    ("Agustín", "agustin"),
    ("Valentina 🌸", "valentina"),
    ("Tomás", "tomas"),
    ("Florencia", "florencia"),
    ("José Luis", "joseluis"),
];

const LAST_NAMES: [(&str, &str); 14] = [
    ("Núñez", "nunez"),
    ("Gómez", "gomez"),
    ("Pérez", "perez"),
    ("Ibáñez", "ibanez"),
    ("D'Angelo", "dangelo"),
    ("Etchegaray", "etchegaray"),
    ("Muñoz", "munoz"),
    ("García Lorca", "garcialorca"),
    ("Agüero", "aguero"),
    ("Quiñones", "quinones"),
    ("Sáenz Peña", "saenzpena"),
    ("López", "lopez"),
    ("Echeverría", "echeverria"),
    ("Ledesma 🚀", "ledesma"),
];

/// A telephone in Argentina.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phone {
    /// A mobile of Buenos Aires: the eight digits after 11.
    Mobile(u64),
    /// A landline of Rosario: the seven digits after 341.
    Landline(u64),
}

impl Phone {
    /// As GHL keeps it.
    pub(super) fn e164(self) -> String {
        match self {
            Self::Mobile(digits) => format!("+54911{digits:08}"),
            Self::Landline(digits) => format!("+54341{digits:07}"),
        }
    }

    /// As people type it; `style` picks one of the ways.
    pub(super) fn typed(self, style: u64) -> String {
        match self {
            Self::Landline(digits) => format!("(0341) {:03}-{:04}", digits / 10_000, digits % 10_000),
            Self::Mobile(digits) => {
                let (front, back) = (digits / 10_000, digits % 10_000);
                match style % 4 {
                    0 => format!("11 {front:04}-{back:04}"),
                    1 => format!("+54 9 11 {front:04}-{back:04}"),
                    2 => format!("011 15-{front:04}-{back:04}"),
                    _ => format!("+5411{front:04}{back:04}"),
                }
            }
        }
    }
}

/// Somebody who may stand in either CRM.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) first: String,
    pub(super) last: String,
    pub(super) email: String,
    pub(super) phone: Phone,
    /// As a person types them on Cliengo.
    pub(super) tags: Vec<String>,
    pub(super) created: i64,
}

impl Person {
    /// The person with this number: name, e-mail and phone are nobody else's.
    pub(super) fn numbered(number: u64, created: i64, rng: &mut fastrand::Rng) -> Self {
        let (first, first_plain) = rng.choice(FIRST_NAMES).unwrap_or_default();
        let (last, last_plain) = rng.choice(LAST_NAMES).unwrap_or_default();
        // 7919 is prime: neighbours get numbers that look unrelated, and none comes twice.
        let phone = match number % 10 {
            4 => Phone::Landline(4_200_000 + number * 7919 % 800_000),
            _ => Phone::Mobile(50_000_000 + number * 7919 % 10_000_000),
        };
        Self {
            first: first.to_owned(),
            last: last.to_owned(),
            email: format!("{first_plain}.{last_plain}{number}@example.com"),
            phone,
            tags: Vec::new(),
            created,
        }
    }

    /// What a chatbot fills in for an e-mail when it only knows the phone.
    pub(super) fn placeholder(&self) -> String {
        format!("{}@whatsapp.example", self.phone.e164().trim_start_matches('+'))
    }

    /// The person in Cliengo, with the whole name in `name`.
    pub(super) fn in_cliengo(&self, data: &mut Data) -> CliengoContact {
        let plain = [
            ("name", json!(format!("{} {}", self.first, self.last))),
            ("email", json!(self.email)),
            ("phone", json!(self.phone.typed(0))),
            ("status", json!("NEW")),
            ("entryMethod", json!("CHATBOT")),
            ("message", json!("Quiero un presupuesto")),
        ];
        CliengoContact {
            id: data.cliengo_id(),
            website_id: data.identity.website_id.clone(),
            fields: fields(plain),
            tags: self.tags.clone(),
            had_tags: false,
            created: self.created,
            updated: self.created + 70_000,
        }
    }

    /// The person in GHL.
    pub(super) fn in_ghl(&self, data: &mut Data) -> GhlContact {
        let plain = [
            ("firstName", json!(self.first)),
            ("lastName", json!(self.last)),
            ("email", json!(self.email)),
            ("phone", json!(self.phone.e164())),
            ("country", json!("AR")),
        ];
        let tags = tidy(&self.tags, data.account.ghl.tag_stored);
        define(data, &tags, at(self.created));
        GhlContact {
            id: data.ghl_id(),
            fields: fields(plain),
            tags,
            additional_emails: Vec::new(),
            additional_phones: Vec::new(),
            custom_fields: Vec::new(),
            created: self.created + 414_324,
            updated: self.created + 417_939,
        }
    }
}

fn fields<const COUNT: usize>(plain: [(&str, Value); COUNT]) -> Map<String, Value> {
    plain.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// That instant, with searches up to date.
pub(super) fn at(now: i64) -> Moment {
    Moment { now, lag: 0, lag_requests: 0 }
}

/// Writes a note into Cliengo.
pub(super) fn cliengo_note(data: &mut Data, contact: &str, text: &str, created: i64) {
    let note = CliengoNote {
        id: data.cliengo_id(),
        contact_id: contact.to_owned(),
        message: text.to_owned(),
        creator_id: data.identity.cliengo_users[0].clone(),
        created,
        updated: created,
    };
    data.cliengo.notes.save(note);
}

/// Writes a note into GHL, `html` as its editor does.
pub(super) fn ghl_note(data: &mut Data, contact: &str, text: &str, html: bool, created: i64) {
    let body = match text.rsplit_once(' ') {
        Some((front, end)) if html => format!("<p>{front}&nbsp;{end}</p>"),
        None if html => format!("<p>{text}</p>"),
        _ => text.to_owned(),
    };
    let note = GhlNote {
        id: data.ghl_id(),
        contact_id: contact.to_owned(),
        body,
        user_id: html.then(|| data.identity.ghl_users[0].clone()),
        title: None,
        color: None,
        pinned: false,
        created,
    };
    data.ghl.notes.save(note);
}

/// Writes a task into Cliengo.
pub(super) fn cliengo_task(data: &mut Data, contact: &str, title: &str, due: Option<i64>, created: i64) {
    let task = CliengoTask {
        id: data.cliengo_id(),
        contact_id: contact.to_owned(),
        title: title.to_owned(),
        description: None,
        due_date: due.map(wire_date),
        completed: false,
        assigned_to: None,
        created,
        updated: created,
    };
    data.cliengo.tasks.save(task);
}

/// Writes a task into GHL.
pub(super) fn ghl_task(data: &mut Data, contact: &str, title: &str, due: i64, created: i64) {
    let task = GhlTask {
        id: data.ghl_id(),
        contact_id: contact.to_owned(),
        title: title.to_owned(),
        body: None,
        assigned_to: None,
        due,
        completed: false,
        created,
        updated: created,
    };
    data.ghl.save_task(task, at(created));
}
