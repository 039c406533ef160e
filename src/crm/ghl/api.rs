//! GHL's wire shapes (`GHL API notes, 3`): search, GET by id and the answer to a write are three shapes of one record.

use serde_json::Value as Json;

use crate::crm::difference::Rules;
use crate::crm::row::Row;
use crate::crm::wire::{Said, Wire, fits_a_filler, is_placeholder, place, read, tell, tell_due, tell_tags, text_in};
use crate::crm::{Account, Shape, Unparsable};
use crate::record::{Field, Forms, GhlPlace, Holds, Kind, MatchKey, Phone, Record, Value, canonical_email, is_address};

/// Keys that change without the record changing.
pub(super) const VOLATILE: [&str; 6] =
    ["searchAfter", "dateUpdated", "updatedAt", "lastActivity", "contactDetails", "assignedToUserDetails"];

/// How an id is spelt: the task search says `_id`.
pub(super) const ID: [&str; 2] = ["id", "_id"];

/// The record in `{contact: {…}}`, `{task: {…}}` or `{note: {…}}`.
pub(super) fn unwrapped(kind: Kind, body: &str) -> Option<String> {
    let record = Row::read(body)?.raw(kind.as_str())?.get();
    (record != "null").then(|| record.to_owned())
}

/// Makes a payload canonical. A search says null for what is empty, a GET leaves it out (`semantics` 1).
pub(super) fn parse(kind: Kind, payload: &str, shape: Shape, forms: &Forms) -> Result<Record, Unparsable> {
    let wire = Wire::read(kind, payload, shape == Shape::Single)?;
    wire.must_have_id(&ID, shape)?;
    let mut record = Record {
        created: wire.instant(&["dateAdded", "createdAt"]),
        updated: wire.instant(&["dateUpdated", "updatedAt"]),
        ..Record::default()
    };
    match kind {
        Kind::Contact => contact(&mut record, &wire, forms),
        Kind::Task => task(&mut record, &wire, forms),
        Kind::Note => {
            tell(&mut record, Field::Body, wire.text("body")?, Value::markup);
            tell_mapped(&mut record, &wire, forms, Kind::Note);
        }
    }
    Ok(record)
}

fn contact(record: &mut Record, wire: &Wire, forms: &Forms) {
    let said = read(record, Field::Name, name(wire));
    tell(record, Field::Name, said, |(first, last)| Value::name(first, last));
    record.filler_name = fits_a_filler(record, forms);
    let said = read(record, Field::Email, wire.text("email"));
    tell(record, Field::Email, said, Value::email);
    record.placeholder = is_placeholder(wire, forms);
    record.place = match (&forms.members, wire.keys().get("id").and_then(Json::as_str)) {
        (Some(members), Some(id)) if !wire.has("businessId") => members.place(id),
        _ => place(wire, "businessId"),
    };
    let said = read(record, Field::Phone, wire.text("phone"));
    tell(record, Field::Phone, said, |phone| Value::phone(phone, forms.region));
    tell_tags(record, wire.list("tags", |tag| text_in(tag, &[])));
    tell_mapped(record, wire, forms, Kind::Contact);
    if let Ok(Said::Is(emails)) = wire.list("additionalEmails", |item| Some(text_in(item, &["email"]))) {
        let keys = emails.into_iter().flatten().map(|email| canonical_email(&email)).filter(|email| is_address(email));
        record.also.extend(keys.map(MatchKey::Email));
    }
    if let Ok(Said::Is(phones)) = wire.list("additionalPhones", |item| Some(text_in(item, &["phone"]))) {
        let keys = phones.into_iter().flatten().filter_map(|phone| Phone::new(&phone, forms.region).match_key());
        record.also.extend(keys.map(MatchKey::Phone));
    }
}

/// The mapped fields of a kind.
fn tell_mapped(record: &mut Record, wire: &Wire, forms: &Forms, kind: Kind) {
    for mapped in forms.of(kind) {
        let said = match &mapped.ghl {
            GhlPlace::Plain(field) if wire.has(field.searched) => wire.json(field.searched),
            GhlPlace::Plain(field) => wire.json(field.key),
            GhlPlace::Custom(id) => custom(wire, id),
        };
        let said = match said {
            Said::Is(value) => {
                mapped.of_ghl(value).map(Said::Is).map_err(|_| wire.wrong(mapped.field.as_str(), "one value"))
            }
            // A switch that nobody turned on is off: a search says so, and a GET by id leaves it out.
            Said::Empty if mapped.holds == Holds::Flag => Ok(Said::Is(Value::Flag(false))),
            Said::Empty => Ok(Said::Empty),
            Said::Unknown => Ok(Said::Unknown),
        };
        let said = read(record, mapped.field.clone(), said);
        tell(record, mapped.field.clone(), said, |value| value);
    }
}

/// A custom field's value; one that the list does not have is empty, and of a list that is null nothing is known.
fn custom<'a>(wire: &'a Wire, id: &str) -> Said<&'a Json> {
    match wire.json("customFields") {
        Said::Empty if wire.has("customFields") => Said::Unknown,
        Said::Is(Json::Array(fields)) => {
            let is_it = |field: &&Json| field.get("id").and_then(Json::as_str) == Some(id);
            fields.iter().find(is_it).and_then(|field| field.get("value")).map_or(Said::Empty, Said::Is)
        }
        Said::Is(_) => Said::Unknown,
        said => said,
    }
}

/// Both parts, in the case they were written in: some shapes lower `firstName` and keep `firstNameRaw`.
fn name(wire: &Wire) -> Result<Said<(&str, &str)>, Unparsable> {
    let part = |raw: &str, key: &str| if wire.has(raw) { wire.text(raw) } else { wire.text(key) };
    let (first, last) = (part("firstNameRaw", "firstName")?, part("lastNameRaw", "lastName")?);
    Ok(match (first, last) {
        (Said::Unknown, _) | (_, Said::Unknown) => Said::Unknown,
        (Said::Empty, Said::Empty) => Said::Empty,
        (Said::Is(first), Said::Is(last)) => Said::Is((first, last)),
        (Said::Is(first), Said::Empty) => Said::Is((first, "")),
        (Said::Empty, Said::Is(last)) => Said::Is(("", last)),
    })
}

fn task(record: &mut Record, wire: &Wire, forms: &Forms) {
    let said = read(record, Field::Title, wire.text("title"));
    tell(record, Field::Title, said, Value::line);
    let said = read(record, Field::Body, wire.text("body"));
    tell(record, Field::Body, said, Value::markup);
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

/// A search calls `address` what the other shapes call `address1` (`GHL API notes, 3.2`). A search shows `null` for what a
/// contact does not have, the other shapes leave it out.
const CONTACT: Rules = Rules {
    ignored: &[
        "id",
        "_id",
        "locationId",
        "searchAfter",
        "dateAdded",
        "dateUpdated",
        "updatedAt",
        "createdAt",
        "lastActivity",
        "traceId",
        "createdBy",
        "lastUpdatedBy",
        "firstName",
        "lastName",
        "firstNameRaw",
        "lastNameRaw",
        "firstNameLowerCase",
        "lastNameLowerCase",
        "fullNameLowerCase",
        "contactName",
        "name",
        "email",
        "emailLowerCase",
        "validEmail",
        "validEmailDate",
        "phone",
        "phoneLabel",
        "tags",
    ],
    edited: &[
        "address1",
        "city",
        "state",
        "postalCode",
        "website",
        "source",
        "companyName",
        "businessId",
        "assignedTo",
        "followers",
        "dnd",
        "dateOfBirth",
        "additionalEmails",
        "additionalPhones",
        "customFields",
    ],
    spelt: &[("address", "address1")],
};

const TASK: Rules = Rules {
    ignored: &[
        "id",
        "_id",
        "locationId",
        "contactId",
        "searchAfter",
        "dateAdded",
        "dateUpdated",
        "createdAt",
        "updatedAt",
        "contactDetails",
        "assignedToUserDetails",
        "title",
        "body",
        "dueDate",
        "completed",
        "status",
        "statusGroup",
    ],
    edited: &["assignedTo"],
    spelt: &[],
};

const NOTE: Rules = Rules {
    ignored: &["id", "_id", "contactId", "locationId", "dateAdded", "dateUpdated", "body", "bodyText", "relations"],
    edited: &["title", "color", "pinned"],
    spelt: &[],
};

/// Reads the location.
pub(super) fn account(body: &str) -> Option<Account> {
    let body: Json = serde_json::from_str(body).ok()?;
    let location = body.get("location")?;
    let text = |key: &str| location.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Account {
        id: text("id")?,
        name: text("name").unwrap_or_default(),
        country: text("country"),
        zone: text("timezone"),
    })
}
