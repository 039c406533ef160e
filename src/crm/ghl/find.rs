//! Asking GHL's primary store for one record: by id, by its e-mail or phone, or as what a create may have made.

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::gone::says_gone;
use super::{Ghl, api};
use crate::crm::answer::Answer;
use crate::crm::listing::Failed;
use crate::crm::path::encode;
use crate::crm::row::Row;
use crate::crm::{CrmError, Found, Gone, Lookup, RawRecord, Shape};
use crate::record::{Field, Forms, GhlId, Kind, Likeness, Method, Record, RemoteId, Request, Side, Value};

impl Ghl {
    /// GET by id. Gone is only what GHL says was not found, by this id. (I20)
    pub(super) async fn one(&self, kind: Kind, id: &GhlId, parent: Option<&GhlId>) -> Result<Lookup, CrmError> {
        let path = match (kind, parent) {
            (Kind::Contact, _) => format!("/contacts/{}", encode(id.as_str())),
            (_, Some(parent)) => {
                format!("/contacts/{}/{}/{}", encode(parent.as_str()), kind.plural(), encode(id.as_str()))
            }
            (_, None) => return Err(self.http.protocol(format!("a {kind} can only be looked up with its contact"))),
        };
        match self.http.read(&Request::new(Method::Get, path)).await? {
            Answer::Body(body) => match api::unwrapped(kind, &body).map(|record| (id_of(&record), record)) {
                Some((Some(own), record)) if own == *id => {
                    Ok(if is_tombstone(&record) { Lookup::Gone(Gone::witnessed()) } else { Lookup::Present(record) })
                }
                other => Err(something_else(kind, other.and_then(|(other, _)| other))),
            },
            Answer::No(no) if says_gone(&no, kind, id.as_str()) => Ok(Lookup::Gone(Gone::witnessed())),
            Answer::No(no) => Err(self.http.refused(&no)),
        }
    }

    /// The contact that has this e-mail, or else this phone.
    pub(super) async fn duplicate_of(&self, record: &Record) -> Result<Option<GhlId>, CrmError> {
        let email = match record.get(&Field::Email) {
            Some(Value::Email(email)) if record.has_own_email() => Some(format!("email={}", encode(email))),
            _ => None,
        };
        let number = match record.get(&Field::Phone) {
            Some(Value::Phone(phone)) => phone.e164.as_deref().map(|e164| format!("number={}", encode(e164))),
            _ => None,
        };
        for key in [email, number].into_iter().flatten() {
            let location = encode(&self.location_id);
            let path = format!("/contacts/search/duplicate?locationId={location}&{key}");
            let body = match self.http.read(&Request::new(Method::Get, path)).await? {
                Answer::Body(body) => body,
                Answer::No(no) => return Err(self.http.refused(&no)),
            };
            // Null is the answer "none"; an answer without the key is none at all.
            match Row::read(&body).as_ref().and_then(|row| row.raw("contact")).map(RawValue::get) {
                Some("null") => {}
                Some(contact) => {
                    let id = id_of(contact);
                    return id.map(Some).ok_or_else(|| self.http.protocol("a duplicate was found without its id"));
                }
                None => return Err(self.http.protocol("the search for a duplicate came without `contact`")),
            }
        }
        Ok(None)
    }

    /// What a contact's create may have made.
    pub(super) async fn created_contact(&self, record: &Record, forms: &Forms) -> Result<Vec<Found<GhlId>>, CrmError> {
        let Some(id) = self.duplicate_of(record).await? else { return Ok(Vec::new()) };
        match self.one(Kind::Contact, &id, None).await? {
            Lookup::Gone(_) => Ok(Vec::new()),
            Lookup::Present(payload) => {
                let theirs = api::parse(Kind::Contact, &payload, Shape::Single, forms)
                    .map_err(|error| self.http.protocol(error.to_string()))?;
                // `semantics` 7: who only shares the phone is somebody else.
                let found =
                    Found { id, created: theirs.created, payload, shape: Shape::Single, likeness: Likeness::Same };
                Ok(if record.is_same_person(&theirs) { vec![found] } else { Vec::new() })
            }
        }
    }

    /// The children in their contact's own list.
    pub(super) async fn primary_children(&self, kind: Kind, parent: &GhlId) -> Result<Vec<RawRecord<GhlId>>, CrmError> {
        self.children_of(kind, parent).await.map_err(|failed| match failed {
            Failed::Run(error) | Failed::Unread(error) | Failed::Gone(error) => error,
            Failed::Void(why) => self.http.protocol(why),
        })
    }

    /// What a child's create may have made: those in its contact's own list.
    pub(super) async fn created_children(
        &self,
        kind: Kind,
        parent: &GhlId,
        record: &Record,
        since: Timestamp,
        forms: &Forms,
    ) -> Result<Vec<Found<GhlId>>, CrmError> {
        let mut found = Vec::new();
        for raw in self.primary_children(kind, parent).await? {
            // One that cannot be read could be the one that is looked for.
            let theirs = api::parse(kind, &raw.payload, Shape::Single, forms)
                .map_err(|error| self.http.protocol(error.to_string()))?;
            let Some(likeness) = record.compared_with_made(kind, &theirs, since) else {
                return Err(self.http.protocol(format!("a {kind} of its list cannot be understood")));
            };
            let (created, payload, shape) = (theirs.created, raw.payload, Shape::Single);
            found.push(Found { id: raw.id, created, payload, shape, likeness });
        }
        Ok(found)
    }
}

/// Of an answer that is not the record that was asked for: a contact that was merged may be answered with another one.
fn something_else(kind: Kind, other: Option<GhlId>) -> CrmError {
    let message = format!("asked for one {kind}, it answered something else");
    CrmError::Protocol { side: Side::Ghl, message, instead: other.map(|other| other.as_str().to_owned()) }
}

/// Whether a record only says that it was deleted (`GHL API notes, 3.3`).
fn is_tombstone(record: &str) -> bool {
    Row::read(record).and_then(|row| row.raw("deleted")).is_some_and(|deleted| deleted.get() == "true")
}

fn id_of(record: &str) -> Option<GhlId> {
    Row::read(record)?.first_text(&api::ID).map(GhlId::new)
}
