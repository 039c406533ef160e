//! Random edits of notes and tasks; `None` where the side or the contact has nothing to edit.

use serde_json::{Value, json};

use super::{Draw, Edit, EditKind, EditOp, one_of};
use crate::record::Side;
use crate::sandbox::data::wire_date;

const DAY: i64 = 86_400_000;

/// The key of a note's text.
fn text_key(side: Side) -> &'static str {
    match side {
        Side::Cliengo => "message",
        Side::Ghl => "body",
    }
}

/// What people write: signs that HTML writes otherwise, letters from right to left, emoji, lines.
const SAID: [&str; 7] = [
    "Llamó el cliente",
    "Pérez & Hijos pidió \"precio\"",
    "¡Gracias! 🌸 👩\u{200d}🔧",
    "مرحبا بكم y שלום",
    "$ 1.500,00 el 3/4; seña 20 %",
    "Usar comillas « » y guión –",
    "Primero\nSegundo",
];

fn note_text(draw: &Draw<'_>) -> Vec<(&'static str, Value)> {
    let text = format!("{}, anotado con el número {}", one_of(&SAID, draw.number), draw.number);
    vec![(text_key(draw.side), json!(text))]
}

pub(super) fn create_note(draw: &Draw<'_>) -> Edit {
    draw.edit(EditOp::Create, EditKind::Note, None, note_text(draw))
}

fn any_note(draw: &Draw<'_>, rng: &mut fastrand::Rng) -> Option<String> {
    let contact = draw.contact();
    let ids: Vec<String> = match draw.side {
        Side::Cliengo => draw.data.cliengo.notes.newest_of(contact).iter().map(|note| note.id.clone()).collect(),
        Side::Ghl => draw.data.ghl.notes.newest_of(contact).iter().map(|note| note.id.clone()).collect(),
    };
    rng.choice(ids).filter(|_| draw.can_do_all())
}

pub(super) fn update_note(draw: &Draw<'_>, rng: &mut fastrand::Rng) -> Option<Edit> {
    let id = any_note(draw, rng)?;
    Some(draw.edit(EditOp::Update, EditKind::Note, Some(&id), note_text(draw)))
}

/// Not on Cliengo: a note there counts as gone only after two nights, and a random edit is to show in the next plan.
pub(super) fn delete_note(draw: &Draw<'_>, rng: &mut fastrand::Rng) -> Option<Edit> {
    if draw.side == Side::Cliengo {
        return None;
    }
    let id = any_note(draw, rng)?;
    Some(draw.edit(EditOp::Delete, EditKind::Note, Some(&id), Vec::new()))
}

pub(super) fn create_task(draw: &Draw<'_>, rng: &mut fastrand::Rng) -> Option<Edit> {
    if !draw.can_do_all() {
        return None;
    }
    let due = draw.now - draw.now.rem_euclid(DAY) + rng.i64(1..20) * DAY + 12 * 3_600_000;
    let title = json!(format!("Tarea nueva {}", draw.number));
    let set = vec![("title", title), ("dueDate", json!(wire_date(due))), ("completed", json!(false))];
    Some(draw.edit(EditOp::Create, EditKind::Task, None, set))
}

/// Id, whether it is done, of one of the contact's tasks that `fits`.
fn any_task(draw: &Draw<'_>, rng: &mut fastrand::Rng, only_open: bool) -> Option<String> {
    let contact = draw.contact();
    let all: Vec<(String, bool)> = match draw.side {
        Side::Cliengo => {
            let tasks = draw.data.cliengo.tasks.newest_of(contact);
            tasks.iter().map(|task| (task.id.clone(), task.completed)).collect()
        }
        Side::Ghl => {
            let tasks = draw.data.ghl.tasks.newest_of(contact);
            tasks.iter().map(|task| (task.id.clone(), task.completed)).collect()
        }
    };
    let fitting: Vec<String> = all.into_iter().filter(|(_, done)| !(only_open && *done)).map(|(id, _)| id).collect();
    rng.choice(fitting).filter(|_| draw.can_do_all())
}

pub(super) fn update_task(draw: &Draw<'_>, rng: &mut fastrand::Rng) -> Option<Edit> {
    let id = any_task(draw, rng, false)?;
    let set = if rng.bool() {
        ("title", json!(format!("Tarea cambiada {}", draw.number)))
    } else {
        // A different minute for every edit: never the date it has.
        let minute = i64::try_from(draw.number % 1440).unwrap_or_default() * 60_000;
        ("dueDate", json!(wire_date(draw.now - draw.now.rem_euclid(DAY) + 30 * DAY + minute)))
    };
    Some(draw.edit(EditOp::Update, EditKind::Task, Some(&id), vec![set]))
}

pub(super) fn complete_task(draw: &Draw<'_>, rng: &mut fastrand::Rng) -> Option<Edit> {
    let id = any_task(draw, rng, true)?;
    Some(draw.edit(EditOp::Update, EditKind::Task, Some(&id), vec![("completed", json!(true))]))
}

pub(super) fn delete_task(draw: &Draw<'_>, rng: &mut fastrand::Rng) -> Option<Edit> {
    let id = any_task(draw, rng, false)?;
    Some(draw.edit(EditOp::Delete, EditKind::Task, Some(&id), Vec::new()))
}
