//! GHL's listings: contacts by cursor, tasks by offset, notes by contact (`GHL API notes, 3`).

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::Ghl;
use super::api::{ID, VOLATILE};
use crate::crm::answer::{Answer, shown};
use crate::crm::listing::Failed;
use crate::crm::path::encode;
use crate::crm::row::Row;
use crate::crm::{CompleteListing, Coverage, CrmError, Listed, RawRecord, Sink};
use crate::record::{GhlId, Kind, Method, RemoteId, Request};

/// How often the whole is listed before its count is given up.
const PASSES: usize = 3;

/// How often it is listed while ids or cursors repeat.
const PASSES_WITH_REPEATS: usize = 2;

/// How often a page without its array is asked for.
const TRIES: usize = 3;

/// Tasks per page; more may be refused (`GHL API notes, 3.3`).
const TASKS: usize = 100;

/// What a task page holds where `limit` was not heeded: a short page of this size is not the last one for certain.
const TASKS_BY_DEFAULT: usize = 25;

#[derive(Deserialize)]
struct Page {
    #[serde(alias = "tasks", alias = "notes")]
    contacts: Option<Vec<Box<RawValue>>>,
    total: Option<usize>,
}

/// What one pass over a listing saw.
#[derive(Default)]
struct Pass {
    ids: HashSet<GhlId>,
    /// A record or a cursor came twice.
    repeated: bool,
    total: Option<usize>,
    account: Option<String>,
    tags_seen: bool,
}

impl Pass {
    fn listed(self, coverage: Coverage<GhlId>) -> Listed<GhlId> {
        Listed {
            count: self.ids.len() as u64,
            coverage,
            account: self.account,
            tags_seen: self.tags_seen,
            unread: BTreeMap::new(),
            failed: None,
        }
    }

    /// Of a list that could not be read to its end.
    fn unread(self, error: CrmError) -> Listed<GhlId> {
        Listed { failed: Some(error.clone()), ..self.listed(Coverage::Incomplete(error.to_string())) }
    }

    /// Takes one page in: every row must be an object with an id.
    fn take(&mut self, kind: Kind, rows: &[Box<RawValue>], sink: &dyn Sink<GhlId>) -> Result<(), Failed> {
        let mut records = Vec::with_capacity(rows.len());
        for raw in rows {
            let (row, id) = identified(kind, raw.get())?;
            if row.raw("deleted").is_some_and(|deleted| deleted.get() == "true") {
                continue;
            }
            self.account = self.account.take().or_else(|| row.text("locationId"));
            self.tags_seen |= row.raw("tags").is_some();
            self.repeated |= !self.ids.insert(id.clone());
            let parent = (kind != Kind::Contact).then(|| row.text("contactId")).flatten().map(GhlId::new);
            records.push(row.record(id, parent, &VOLATILE));
        }
        if !records.is_empty() {
            sink.put(kind, records)?;
        }
        Ok(())
    }
}

/// The rows of a page, and its total where it has one.
fn rows_of(body: &str) -> Option<(Vec<Box<RawValue>>, Option<usize>)> {
    match serde_json::from_str(body) {
        Ok(Page { contacts: Some(rows), total }) => Some((rows, total)),
        _ => None,
    }
}

/// Takes a body in as a listing does; for the fuzzers.
pub(in crate::crm) fn take_page(kind: Kind, body: &str, sink: &dyn Sink<GhlId>) {
    if let Some((rows, _)) = rows_of(body) {
        let _ = Pass::default().take(kind, &rows, sink);
    }
}

fn identified(kind: Kind, text: &str) -> Result<(Row<'_>, GhlId), Failed> {
    let row = Row::read(text).ok_or_else(|| Failed::Void(format!("a {kind} in its list is no object")))?;
    let id = row.first_text(&ID).ok_or_else(|| Failed::Void(format!("a {kind} in its list has no id")))?;
    Ok((row, GhlId::new(id)))
}

impl Ghl {
    /// Lists every contact by `dateAdded`, which never changes, so that edits move nobody across pages.
    pub(super) async fn all_contacts(&self, sink: &dyn Sink<GhlId>) -> Result<Listed<GhlId>, CrmError> {
        let mut repeats = 0;
        let mut why = String::new();
        let mut last = Pass::default();
        for _ in 0..PASSES {
            last = Pass::default();
            match self.contacts_once(&mut last, sink).await {
                Ok(()) => {}
                Err(Failed::Run(error)) => return Err(error),
                Err(Failed::Unread(error)) => return Ok(last.unread(error)),
                Err(Failed::Void(why)) => return Ok(last.listed(Coverage::Incomplete(why))),
            }
            if last.repeated {
                "contacts came twice, or the same page did".clone_into(&mut why);
                repeats += 1;
            } else if last.total == Some(last.ids.len()) {
                return Ok(last.listed(Coverage::Complete(CompleteListing::proven())));
            } else {
                why = match last.total {
                    Some(total) => format!("it counts {total} contacts and listed {}", last.ids.len()),
                    None => "its contact list came without a total".to_owned(),
                };
            }
            if repeats >= PASSES_WITH_REPEATS {
                break;
            }
        }
        Ok(last.listed(Coverage::Incomplete(why)))
    }

    async fn contacts_once(&self, pass: &mut Pass, sink: &dyn Sink<GhlId>) -> Result<(), Failed> {
        let mut cursors: HashSet<String> = HashSet::new();
        let mut body = json!({
            "locationId": self.location_id,
            "pageLimit": self.page_size,
            "sort": [{ "field": "dateAdded", "direction": "asc" }],
        });
        loop {
            let request = Request::new(Method::Post, "/contacts/search").with_body(body.clone());
            let (rows, total) = self.page(Kind::Contact, &request).await?;
            pass.total = total.or(pass.total);
            pass.take(Kind::Contact, &rows, sink)?;
            let is_short = rows.len() < self.page_size as usize;
            // A short page ends the list, unless the total says that GHL gives fewer than were asked for.
            if rows.is_empty() || (is_short && total.is_none_or(|total| pass.ids.len() >= total)) {
                return Ok(());
            }
            let cursor = rows.last().and_then(|row| Row::read(row.get())?.raw("searchAfter").map(RawValue::get));
            let cursor = cursor.ok_or_else(|| Failed::Void("a contact in its list has no cursor".to_owned()))?;
            if !cursors.insert(cursor.to_owned()) {
                pass.repeated = true;
                return Ok(());
            }
            let after = serde_json::from_str::<serde_json::Value>(cursor);
            if let (Some(body), Ok(after)) = (body.as_object_mut(), after) {
                body.insert("searchAfter".to_owned(), after);
            }
        }
    }

    /// Lists every task of the location. There is no total: the end is a short page, and nothing may come twice
    /// (`semantics` 29).
    pub(super) async fn all_tasks(&self, sink: &dyn Sink<GhlId>) -> Result<Listed<GhlId>, CrmError> {
        let mut last = Pass::default();
        for _ in 0..PASSES_WITH_REPEATS {
            last = Pass::default();
            match self.tasks_once(&mut last, sink).await {
                Ok(()) => {}
                Err(Failed::Run(error)) => return Err(error),
                Err(Failed::Unread(error)) => return Ok(last.unread(error)),
                Err(Failed::Void(why)) => return Ok(last.listed(Coverage::Incomplete(why))),
            }
            if !last.repeated {
                return Ok(last.listed(Coverage::Complete(CompleteListing::proven())));
            }
        }
        Ok(last.listed(Coverage::Incomplete("tasks came twice: the list moved while it was read".to_owned())))
    }

    async fn tasks_once(&self, pass: &mut Pass, sink: &dyn Sink<GhlId>) -> Result<(), Failed> {
        let path = format!("/locations/{}/tasks/search", encode(&self.location_id));
        let mut skip = 0;
        loop {
            let request = Request::new(Method::Post, path.clone()).with_body(json!({ "limit": TASKS, "skip": skip }));
            let (rows, _) = self.page(Kind::Task, &request).await?;
            pass.take(Kind::Task, &rows, sink)?;
            let came = rows.len();
            if came == 0 || pass.repeated || (came < TASKS && came != TASKS_BY_DEFAULT) {
                return Ok(());
            }
            skip += came;
        }
    }

    async fn page(&self, kind: Kind, request: &Request) -> Result<(Vec<Box<RawValue>>, Option<usize>), Failed> {
        let mut said = String::new();
        for _ in 0..TRIES {
            let body = match self.http.read(request).await? {
                Answer::Body(body) => body,
                Answer::No(no) => return Err(self.http.refused(&no).into()),
            };
            if let Some(page) = rows_of(&body) {
                return Ok(page);
            }
            said = shown(&body);
        }
        Err(Failed::Unread(self.http.without_rows(&format!("{kind}s"), &said)))
    }

    /// All notes or tasks of one contact, or an error: they come all at once (`GHL API notes, 3.3 and 3.4`).
    pub(super) async fn children_of(&self, kind: Kind, parent: &GhlId) -> Result<Vec<RawRecord<GhlId>>, Failed> {
        let request = Request::new(Method::Get, format!("/contacts/{}/{kind}s", encode(parent.as_str())));
        let (rows, _) = self.page(kind, &request).await?;
        let mut records: HashMap<GhlId, RawRecord<GhlId>> = HashMap::new();
        for raw in &rows {
            let (row, id) = identified(kind, raw.get())?;
            let record = row.record(id.clone(), Some(parent.clone()), &VOLATILE);
            if records.get(&id).is_some_and(|seen| seen.fingerprint != record.fingerprint) {
                return Err(Failed::Void(format!("a {kind} came twice, and not the same")));
            }
            records.insert(id, record);
        }
        let mut records: Vec<_> = records.into_values().collect();
        records.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(records)
    }
}
