//! GHL's listings: contacts by cursor, tasks by cursor or offset, notes by contact (`GHL API notes, 3`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use tracing::info;

use super::Ghl;
use super::api::{ID, VOLATILE};
use super::gone::says_gone;
use crate::crm::answer::{Answer, No, shown};
use crate::crm::listing::{Failed, IdHash, are_few};
use crate::crm::path::encode;
use crate::crm::row::Row;
use crate::crm::wire::count;
use crate::crm::{CompleteListing, Coverage, CrmError, Fingerprint, Listed, RawRecord, Sink};
use crate::record::{GhlId, Kind, Method, RemoteId, Request};

/// How often the whole is listed before its count is given up.
const PASSES: usize = 3;

/// How often it is listed while cursors repeat, or tasks do.
const PASSES_WITH_REPEATS: usize = 2;

/// How often a page without its array is asked for.
const TRIES: usize = 3;

/// Rows per page that every location takes; more may be refused (`GHL API notes, 3.2 and 3.3`).
const SAFE_PAGE: usize = 100;

/// What a task page holds where `limit` was not heeded, or not taken.
const TASKS_BY_DEFAULT: usize = 25;

/// Short pages of these sizes may be all that is given at once, and not the last ones.
const ROUND: [usize; 4] = [10, 20, TASKS_BY_DEFAULT, 50];

/// A total that says no more than "so many at least" (`GHL API notes, 3.2`).
const LARGEST_TOTAL: usize = 10_000;

#[derive(Deserialize)]
struct Page {
    #[serde(alias = "tasks", alias = "notes")]
    contacts: Option<Vec<Box<RawValue>>>,
    #[serde(default, deserialize_with = "count")]
    total: Option<usize>,
}

/// What is remembered of a row, should it come again.
struct Version {
    fingerprint: Fingerprint,
    updated: Option<Timestamp>,
}

/// What one pass over a listing saw.
#[derive(Default)]
struct Pass {
    /// Every row, also of what was deleted.
    ids: HashMap<IdHash, Version>,
    deleted: usize,
    unidentified: BTreeSet<String>,
    /// Records that came twice.
    repeated: usize,
    /// The list does not go on: a page or a cursor came twice.
    stuck: bool,
    total: Option<usize>,
    account: Option<String>,
    tags_seen: bool,
    /// A row did not say of which business it is.
    place_untold: bool,
}

impl Pass {
    /// Of a list that could not be read to its end.
    fn unread(self, error: &CrmError) -> Listed<GhlId> {
        Listed { failed: Some(error.clone()), ..self.listed(Coverage::Incomplete(error.to_string())) }
    }

    /// How many different rows came.
    fn rows(&self) -> usize {
        self.ids.len() + self.unidentified.len()
    }

    /// The listing, seen to its end.
    fn whole(self, kind: Kind) -> Listed<GhlId> {
        if self.repeated > 0 {
            info!(%kind, rows = self.repeated, "GHL lists rows twice: each counts once");
        }
        match are_few(self.unidentified.len(), self.rows()) {
            Ok(()) => self.listed(Coverage::Complete(CompleteListing::proven())),
            Err(why) => self.listed(Coverage::Incomplete(why)),
        }
    }

    fn listed(self, coverage: Coverage<GhlId>) -> Listed<GhlId> {
        Listed {
            count: (self.rows() - self.deleted) as u64,
            coverage,
            account: self.account,
            tags_seen: self.tags_seen,
            places_told: !self.place_untold,
            unidentified: self.unidentified.into_iter().collect(),
            unread: BTreeMap::new(),
            gone: BTreeSet::new(),
            failed: None,
        }
    }

    /// Takes one page in. A row that comes twice counts once, and the newer one stands.
    fn take(&mut self, kind: Kind, rows: &[Box<RawValue>], sink: &dyn Sink<GhlId>) -> Result<(), Failed> {
        let mut records = Vec::with_capacity(rows.len());
        for raw in rows {
            let Ok((row, id)) = identified(kind, raw.get()) else {
                self.unidentified.insert(raw.get().to_owned());
                continue;
            };
            self.account = self.account.take().or_else(|| row.text("locationId"));
            self.tags_seen |= row.raw("tags").is_some();
            self.place_untold |= row.raw("businessId").is_none();
            let parent = (kind != Kind::Contact).then(|| row.text("contactId")).flatten().map(GhlId::new);
            let record = row.record(id.clone(), parent, &VOLATILE);
            let updated = row.instant("dateUpdated").or_else(|| row.instant("updatedAt"));
            let id = IdHash::of(&id);
            let seen = self.ids.get(&id);
            self.repeated += usize::from(seen.is_some());
            if seen.is_some_and(|seen| seen.fingerprint == record.fingerprint || updated <= seen.updated) {
                continue;
            }
            let is_first = self.ids.insert(id, Version { fingerprint: record.fingerprint, updated }).is_none();
            if row.raw("deleted").is_some_and(|deleted| deleted.get() == "true") {
                self.deleted += usize::from(is_first);
                continue;
            }
            records.push(record);
        }
        if !records.is_empty() {
            sink.put(kind, records)?;
        }
        Ok(())
    }
}

/// The rows of a page, and its total where it has one.
type Rows = (Vec<Box<RawValue>>, Option<usize>);

fn rows_of(body: &str) -> Option<Rows> {
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

/// The cursor of the last row, where it carries one.
fn cursor_of(rows: &[Box<RawValue>]) -> Option<Json> {
    let row = Row::read(rows.last()?.get())?;
    serde_json::from_str(row.raw("searchAfter")?.get()).ok().filter(|cursor: &Json| !cursor.is_null())
}

fn put(body: &mut Json, key: &str, value: Option<Json>) {
    if let (Some(body), Some(value)) = (body.as_object_mut(), value) {
        body.insert(key.to_owned(), value);
    }
}

impl Ghl {
    /// Lists every contact by `dateAdded`, which never changes, so that edits move nobody across pages.
    pub(super) async fn all_contacts(&self, sink: &dyn Sink<GhlId>) -> Result<Listed<GhlId>, CrmError> {
        let mut stuck = 0;
        let mut why = String::new();
        let mut last = Pass::default();
        for _ in 0..PASSES {
            last = Pass::default();
            match self.contacts_once(&mut last, sink).await {
                Ok(()) => {}
                Err(Failed::Run(error)) => return Err(error),
                Err(Failed::Unread(error) | Failed::Gone(error)) => return Ok(last.unread(&error)),
                Err(Failed::Void(why)) => return Ok(last.listed(Coverage::Incomplete(why))),
            }
            let listed = last.rows();
            if last.stuck {
                "the same page of contacts came twice".clone_into(&mut why);
                stuck += 1;
            } else if last.total.is_some_and(|total| total == listed || total == LARGEST_TOTAL && listed > total) {
                return Ok(last.whole(Kind::Contact));
            } else {
                why = match last.total {
                    Some(total) => format!("it counts {total} contacts and listed {listed}"),
                    None => "its contact list came without a total".to_owned(),
                };
            }
            if stuck >= PASSES_WITH_REPEATS {
                break;
            }
        }
        Ok(last.listed(Coverage::Incomplete(why)))
    }

    async fn contacts_once(&self, pass: &mut Pass, sink: &dyn Sink<GhlId>) -> Result<(), Failed> {
        let mut cursors: HashSet<String> = HashSet::new();
        let mut size = self.page_size as usize;
        let mut after = None;
        loop {
            let mut body = json!({
                "locationId": self.location_id,
                "pageLimit": size,
                "sort": [{ "field": "dateAdded", "direction": "asc" }],
            });
            put(&mut body, "searchAfter", after.clone());
            let request = Request::new(Method::Post, "/contacts/search").with_body(body);
            let (rows, total) = match self.page(Kind::Contact, &request).await? {
                Ok(page) => page,
                Err(_) if size > SAFE_PAGE => {
                    size = SAFE_PAGE;
                    continue;
                }
                Err(no) => return Err(self.http.refused(&no).into()),
            };
            pass.total = total.or(pass.total);
            pass.take(Kind::Contact, &rows, sink)?;
            let is_short = rows.len() < size;
            // A short page ends the list, unless the total says that GHL gives fewer than were asked for.
            if rows.is_empty() || (is_short && total.is_none_or(|total| pass.rows() >= total)) {
                return Ok(());
            }
            let Some(cursor) = cursor_of(&rows) else {
                return Err(Failed::Void("a contact in its list has no cursor".to_owned()));
            };
            if !cursors.insert(cursor.to_string()) {
                pass.stuck = true;
                return Ok(());
            }
            after = Some(cursor);
        }
    }

    /// Lists every task of the location. There is no total: the end is a short page, and what comes twice is listed again
    /// (`semantics` 29).
    pub(super) async fn all_tasks(&self, sink: &dyn Sink<GhlId>) -> Result<Listed<GhlId>, CrmError> {
        let mut last = Pass::default();
        let mut before: Option<BTreeSet<IdHash>> = None;
        for _ in 0..PASSES_WITH_REPEATS {
            last = Pass::default();
            match self.tasks_once(&mut last, sink).await {
                Ok(()) => {}
                Err(Failed::Run(error)) => return Err(error),
                Err(Failed::Unread(error) | Failed::Gone(error)) => return Ok(last.unread(&error)),
                Err(Failed::Void(why)) => return Ok(last.listed(Coverage::Incomplete(why))),
            }
            let ids = (last.repeated > 0).then(|| last.ids.keys().copied().collect());
            // A row that comes twice for ever, in a list that does not move, is odd and no more (`semantics` 56).
            if !last.stuck && (ids.is_none() || before == ids) {
                return Ok(last.whole(Kind::Task));
            }
            before = ids;
        }
        Ok(last.listed(Coverage::Incomplete("tasks came twice: the list moved while it was read".to_owned())))
    }

    /// Pages by the cursor of the last row where rows carry one, else by `skip` (`GHL API notes, 3.3 and 10`).
    async fn tasks_once(&self, pass: &mut Pass, sink: &dyn Sink<GhlId>) -> Result<(), Failed> {
        let path = format!("/locations/{}/tasks/search", encode(&self.location_id));
        let mut limit = (self.page_size as usize).min(SAFE_PAGE);
        let (mut skip, mut after, mut takes_cursors) = (0, None, true);
        loop {
            let mut body = json!({ "limit": limit });
            match &after {
                Some(cursor) => put(&mut body, "searchAfter", Some(Json::clone(cursor))),
                None => put(&mut body, "skip", Some(skip.into())),
            }
            let request = Request::new(Method::Post, path.clone()).with_body(body);
            let rows = match self.page(Kind::Task, &request).await? {
                Ok((rows, _)) => rows,
                Err(_) if after.is_some() => {
                    (after, takes_cursors) = (None, false);
                    continue;
                }
                Err(_) if limit > TASKS_BY_DEFAULT => {
                    limit = TASKS_BY_DEFAULT;
                    continue;
                }
                Err(no) => return Err(self.http.refused(&no).into()),
            };
            let known = pass.rows();
            pass.take(Kind::Task, &rows, sink)?;
            let came = rows.len();
            if came > 0 && pass.rows() == known {
                if after.is_some() {
                    // The cursor has no effect.
                    pass.repeated = pass.repeated.saturating_sub(came);
                    (after, takes_cursors) = (None, false);
                    continue;
                }
                pass.stuck = true;
            }
            if came == 0 || pass.stuck || (came < limit && !ROUND.contains(&came)) {
                return Ok(());
            }
            skip += came;
            after = cursor_of(&rows).filter(|_| takes_cursors);
        }
    }

    /// One page, or the refusal of it.
    async fn page(&self, kind: Kind, request: &Request) -> Result<Result<Rows, No>, Failed> {
        let mut said = String::new();
        for _ in 0..TRIES {
            let body = match self.http.read(request).await? {
                Answer::Body(body) => body,
                Answer::No(no) => return Ok(Err(no)),
            };
            if let Some(page) = rows_of(&body) {
                return Ok(Ok(page));
            }
            said = shown(&body);
        }
        Err(Failed::Unread(self.http.without_rows(&format!("{kind}s"), &said)))
    }

    /// All notes or tasks of one contact, or an error: they come all at once (`GHL API notes, 3.3 and 3.4`).
    pub(super) async fn children_of(&self, kind: Kind, parent: &GhlId) -> Result<Vec<RawRecord<GhlId>>, Failed> {
        let request = Request::new(Method::Get, format!("/contacts/{}/{}", encode(parent.as_str()), kind.plural()));
        let (rows, _) = match self.page(kind, &request).await? {
            Ok(page) => page,
            Err(no) if says_gone(&no, Kind::Contact, parent.as_str()) => {
                return Err(Failed::Gone(self.http.refused(&no)));
            }
            Err(no) => return Err(self.http.refused(&no).into()),
        };
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
