//! Random edits of a contact's own fields and tags.

use serde_json::json;

use super::{Draw, Edit, EditKind, EditOp, FIRST_NAMES, one_of, typed, unused_phone};
use crate::record::Side;
use crate::sandbox::data::folded;

const TAGS: [&str; 4] = ["Campaña", "Volver a llamar", "Feria", "Descuento"];

pub(super) fn email(draw: &Draw<'_>) -> Edit {
    let email = format!("correo.nuevo{}@nuevo.example", draw.number);
    draw.edit(EditOp::Update, EditKind::Contact, None, vec![("email", json!(email))])
}

pub(super) fn phone(draw: &Draw<'_>, rng: &mut fastrand::Rng) -> Edit {
    let phone = unused_phone(draw.number);
    let written = match draw.side {
        Side::Cliengo => typed(phone, rng.u64(..7)),
        Side::Ghl => phone.e164(),
    };
    draw.edit(EditOp::Update, EditKind::Contact, None, vec![("phone", json!(written))])
}

/// Another first name; the last name stays, since Cliengo cannot always take one.
pub(super) fn rename(draw: &Draw<'_>) -> Edit {
    let first = format!("{}{}", one_of(&FIRST_NAMES, draw.number), draw.number);
    let set = match draw.side {
        Side::Ghl => ("firstName", json!(first)),
        Side::Cliengo => {
            let contact = draw.data.cliengo.contacts.get(draw.contact());
            let whole = contact.filter(|contact| contact.text("lastName").is_empty());
            let rest = whole.and_then(|contact| contact.text("name").split_once(' ')).map(|(_, rest)| rest);
            ("name", json!(rest.map_or_else(|| first.clone(), |rest| format!("{first} {rest}"))))
        }
    };
    draw.edit(EditOp::Update, EditKind::Contact, None, vec![set])
}

pub(super) fn add_tag(draw: &Draw<'_>, rng: &mut fastrand::Rng) -> Edit {
    let name = rng.choice(TAGS).unwrap_or_default();
    draw.edit(EditOp::Create, EditKind::Tag, None, vec![("tag", json!(format!("{name} {}", draw.number)))])
}

/// Removes a tag that the side has in one spelling only; `None` where there is none.
pub(super) fn remove_tag(draw: &Draw<'_>, rng: &mut fastrand::Rng) -> Option<Edit> {
    // A removal must be expressible on Cliengo too, whichever side it starts on.
    if !draw.extended {
        return None;
    }
    let tags = match draw.side {
        Side::Cliengo => &draw.data.cliengo.contacts.get(draw.contact())?.tags,
        Side::Ghl => &draw.data.ghl.contacts.get(draw.contact())?.tags,
    };
    let spellings = |tag: &str| tags.iter().filter(|other| folded(other) == folded(tag)).count();
    let single: Vec<&String> = tags.iter().filter(|tag| spellings(tag) == 1).collect();
    let tag = rng.choice(single)?;
    Some(draw.edit(EditOp::Delete, EditKind::Tag, None, vec![("tag", json!(tag))]))
}
