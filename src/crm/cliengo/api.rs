//! Cliengo's wire shapes (`Cliengo API notes, 2 and 3`).

use serde_json::{Map, Value as Json};

use crate::crm::difference::Rules;
use crate::crm::path::is_id;
use crate::crm::row::Row;
use crate::crm::wire::{Said, Wire, fits_a_filler, is_placeholder, place, read, tell, tell_due, tell_tags, text_in};
use crate::crm::{Account, Shape, Unparsable};
use crate::record::{Field, Forms, Kind, Record, Value};

/// Keys that change without the record changing.
pub(super) const VOLATILE: [&str; 2] = ["lastUpdateDate", "lastUpdate"];

/// How an id is spelt: notes say `ID`.
pub(super) const ID: [&str; 3] = ["id", "ID", "_id"];

/// The id of a record, or of the answer to its creation.
pub(super) fn id_of(body: &str) -> Option<String> {
    Row::read(body)?.first_text(&ID).filter(|id| is_id(id))
}

/// Makes a payload canonical. Null and blank are empty, a missing key is unknown (`semantics` 1).
pub(super) fn parse(kind: Kind, payload: &str, shape: Shape, forms: &Forms) -> Result<Record, Unparsable> {
    let wire = Wire::read(kind, payload, false)?;
    wire.must_have_id(&ID, shape)?;
    let mut record = Record {
        created: wire.latest_instant("creationDate", forms),
        updated: wire.instant(&["lastUpdateDate", "lastUpdate"]),
        ..Record::default()
    };
    match kind {
        Kind::Contact => contact(&mut record, &wire, shape, forms),
        Kind::Task => task(&mut record, &wire, forms),
        Kind::Note => {
            tell(&mut record, Field::Body, wire.text("message")?, Value::body);
            tell_mapped(&mut record, &wire, forms, Kind::Note);
        }
    }
    Ok(record)
}

fn contact(record: &mut Record, wire: &Wire, shape: Shape, forms: &Forms) {
    let said = read(record, Field::Name, name(wire, shape));
    tell(record, Field::Name, said, |(first, last)| Value::joined_name(first, last));
    if let Some(Value::Name(name)) = record.fields.get_mut(&Field::Name) {
        name.without_last = !wire.has("lastName");
    }
    record.filler_name = fits_a_filler(record, forms);
    let said = read(record, Field::Email, wire.text("email"));
    tell(record, Field::Email, said, Value::email);
    record.placeholder = is_placeholder(wire, forms);
    record.place = place(wire, "websiteId");
    record.status = place(wire, "status").map(String::into_boxed_str);
    let said = read(record, Field::Phone, wire.text("phone"));
    tell(record, Field::Phone, said, |phone| Value::phone(phone, forms.region));
    tell_mapped(record, wire, forms, Kind::Contact);
    tell_tags(record, wire.list("tags", |tag| text_in(tag, &["name", "tag", "title"])));
}

/// The mapped fields of a kind.
fn tell_mapped(record: &mut Record, wire: &Wire, forms: &Forms, kind: Kind) {
    for mapped in forms.of(kind) {
        let said = match mapped.of_cliengo(wire.keys()) {
            Ok(value) => Ok(value.map_or(Said::Unknown, Said::Is)),
            Err(_) => Err(wire.wrong(mapped.told_by(wire.keys()), "one value")),
        };
        if let Said::Is(value) = read(record, mapped.field.clone(), said) {
            record.fields.insert(mapped.field.clone(), value);
            record.unsaid.extend((!mapped.is_said(wire.keys())).then(|| mapped.field.clone()));
        }
    }
}

/// A listing leaves `lastName` out where there is none; the answer to a PATCH may leave it out where there is one.
fn name(wire: &Wire, shape: Shape) -> Result<Said<(&str, &str)>, Unparsable> {
    if shape == Shape::Answer && !wire.has("lastName") {
        return Ok(Said::Unknown);
    }
    let last = match wire.text("lastName")? {
        Said::Is(last) => last,
        Said::Empty | Said::Unknown => "",
    };
    Ok(match wire.text("name")? {
        Said::Unknown => Said::Unknown,
        Said::Empty => Said::Is(("", last)),
        Said::Is(first) => Said::Is((first, last)),
    })
}

fn task(record: &mut Record, wire: &Wire, forms: &Forms) {
    let said = read(record, Field::Title, wire.text("title"));
    tell(record, Field::Title, said, Value::line);
    let said = read(record, Field::Body, wire.text("description"));
    tell(record, Field::Body, said, Value::body);
    tell_due(record, wire, forms);
    let said = read(record, Field::Completed, wire.flag("completed"));
    tell(record, Field::Completed, said, Value::Flag);
    tell_mapped(record, wire, forms, Kind::Task);
}

/// What of a payload our fields show, and what people edit besides.
pub(super) const fn rules(kind: Kind) -> &'static Rules {
    match kind {
        Kind::Contact => &CONTACT,
        Kind::Task => &TASK,
        Kind::Note => &NOTE,
    }
}

/// What hangs under a contact is embedded in some answers and not in others (`Cliengo API notes, 2.7 and 3`): it is listed
/// by itself.
const CONTACT: Rules = Rules {
    ignored: &[
        "id",
        "ID",
        "_id",
        "accountId",
        "accountName",
        "websiteName",
        "creationDate",
        "lastUpdateDate",
        "lastUpdate",
        "name",
        "lastName",
        "email",
        "phone",
        "tags",
        "notes",
        "calls",
        "logs",
        "messages",
        "history",
        "duplicatedContact",
        "mediumTranslate",
    ],
    edited: &[
        "websiteId",
        "status",
        "subStatus",
        "rating",
        "assignedTo",
        "dueDate",
        "message",
        "entryMethod",
        "sellPrice",
        "sellSuscription",
        "cancelReason",
        "leadFields",
    ],
    spelt: &[],
};

const TASK: Rules = Rules {
    ignored: &["id", "ID", "_id", "creationDate", "lastUpdate", "title", "description", "dueDate", "completed"],
    edited: &["assignedTo"],
    spelt: &[],
};

const NOTE: Rules = Rules {
    ignored: &["id", "ID", "_id", "creationDate", "lastUpdate", "message", "creatorId"],
    edited: &[],
    spelt: &[],
};

/// Reads the account. Its `timeZone` is an offset, not a zone; its country may be any code.
pub(super) fn account(body: &str) -> Option<Account> {
    let body: Map<String, Json> = serde_json::from_str(body).ok()?;
    // Bare in the documents, in an envelope where Cliengo's own front-end reads (`Cliengo API notes, 1.6`).
    let enveloped = ["results", "account", "data"].iter().find_map(|key| body.get(*key)?.as_object());
    let account = if body.contains_key("id") { &body } else { enveloped.unwrap_or(&body) };
    let text = |key: &str| account.get(key).and_then(Json::as_str).map(str::to_owned);
    let is_alpha_2 = |code: &String| code.len() == 2 && code.chars().all(|c| c.is_ascii_uppercase());
    Some(Account {
        id: text("id").filter(|id| !id.is_empty())?,
        name: text("name").unwrap_or_default(),
        country: text("countryId").filter(is_alpha_2),
        zone: None,
    })
}
