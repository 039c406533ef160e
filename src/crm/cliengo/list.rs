//! Cliengo's listings: contacts by windows, notes and tasks by contact (`Cliengo API notes, 5.3`).
//! Long, since windows, pages and the proof that nothing is missing belong together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Deserialize;
use serde_json::value::RawValue;
use tracing::info;

use super::Cliengo;
use super::api::{ID, VOLATILE};
use super::gone::{is_deleted_row, says_gone};
use super::window::Window;
use crate::crm::answer::{Answer, shown};
use crate::crm::listing::{Failed, IdHash, Newest, are_few};
use crate::crm::path::encode;
use crate::crm::row::Row;
use crate::crm::wire::count;
use crate::crm::{CompleteListing, Coverage, CrmError, Fingerprint, Listed, RawRecord, Sink, SinkError};
use crate::record::{CliengoId, Kind, Method, RemoteId, Request};

/// Offsets beyond it are refused, whatever the filter (`Cliengo API notes, 1.6`).
const LARGEST_OFFSET: usize = 1000;

/// How often a window, or the whole, is walked before its count is given up.
const WALKS: usize = 3;

/// How many rows that come twice are asked for alone.
const MOST_TWICE: usize = 5;

/// How often a page without its array is asked for.
const TRIES: usize = 3;

/// Where a page lists a contact.
struct Places {
    of_it: Vec<usize>,
    in_all: usize,
}

fn places(page: &Page, id: &CliengoId) -> Places {
    let is_it =
        |raw: &RawValue| Row::read(raw.get()).and_then(|row| row.first_text(&ID)).as_deref() == Some(id.as_str());
    let of_it = page.rows.iter().enumerate().filter(|(_, raw)| is_it(raw)).map(|(at, _)| at).collect();
    Places { of_it, in_all: page.rows.len() }
}

/// A page of contacts.
struct Page {
    rows: Vec<Box<RawValue>>,
    total: Option<usize>,
}

/// Whether two pages hold the same rows, to the letter.
fn are_same(one: &[Box<RawValue>], other: &[Box<RawValue>]) -> bool {
    one.iter().map(|row| row.get()).eq(other.iter().map(|row| row.get()))
}

#[derive(Deserialize)]
struct Envelope {
    results: Option<Vec<Box<RawValue>>>,
    #[serde(default)]
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    #[serde(default, deserialize_with = "count")]
    total: Option<usize>,
}

/// What the whole listing has gathered so far.
struct Gathered<'a> {
    sink: &'a dyn Sink<CliengoId>,
    seen: HashMap<IdHash, Version>,
    account: Option<String>,
    tags_seen: bool,
    /// Rows without an id: they are counted, and nobody knows whose they are.
    unidentified: BTreeSet<String>,
    /// Who came twice on one page, and when they were created.
    repeated: HashMap<CliengoId, Option<Timestamp>>,
}

/// One page, as it was taken in.
struct Taken {
    ids: HashSet<IdHash>,
    unreadable: usize,
    repeated: usize,
}

impl Taken {
    /// How many different rows it had.
    fn different(&self) -> usize {
        self.ids.len() + self.unreadable
    }
}

struct Version {
    fingerprint: Fingerprint,
    updated: Option<Timestamp>,
}

/// How a walk over one window ended.
enum Walked {
    /// It was seen from end to end; these are its contacts, and this is what Cliengo counts.
    Whole(HashSet<IdHash>),
    /// So were these, without a count, and a row came twice that may stand in another's place.
    Twice(HashSet<IdHash>),
    /// It holds more than can be reached.
    TooMany,
    /// Its count did not hold still.
    Torn(String),
}

impl<'a> Gathered<'a> {
    fn into(sink: &'a dyn Sink<CliengoId>) -> Self {
        let (seen, repeated) = (HashMap::new(), HashMap::new());
        Self { sink, seen, account: None, tags_seen: false, unidentified: BTreeSet::new(), repeated }
    }

    /// Takes one page in.
    fn take(&mut self, rows: &[Box<RawValue>], window: Window) -> Result<Taken, Failed> {
        let mut taken = Taken { ids: HashSet::with_capacity(rows.len()), unreadable: 0, repeated: 0 };
        let mut fresh = Vec::new();
        for raw in rows {
            let row = Row::read(raw.get());
            let Some((row, id)) = row.and_then(|row| row.first_text(&ID).map(|id| (row, CliengoId::new(id)))) else {
                taken.unreadable += 1;
                self.unidentified.insert(raw.get().to_owned());
                continue;
            };
            if row.instant("creationDate").is_some_and(|created| !window.admits(created)) {
                return Err(Failed::Void("it ignores the date filter of its contact list".to_owned()));
            }
            self.account = self.account.take().or_else(|| row.text("accountId"));
            self.tags_seen |= row.raw("tags").is_some_and(|tags| tags.get() != "null");
            if !taken.ids.insert(IdHash::of(&id)) {
                taken.repeated += 1;
                self.repeated.insert(id.clone(), row.instant("creationDate"));
            }
            // Some accounts go on listing whom somebody deleted: counted, and nobody.
            if is_deleted_row(&row) {
                continue;
            }
            let record = row.record(id, None, &VOLATILE);
            if self.is_news(&record, row.instant("lastUpdateDate")) {
                fresh.push(record);
            }
        }
        if taken.repeated > 0 {
            info!(rows = taken.repeated, "Cliengo lists rows twice: each counts once");
        }
        if !fresh.is_empty() {
            self.sink.put(Kind::Contact, fresh)?;
        }
        Ok(taken)
    }

    /// Whether a row is new, or newer than what was seen under its id.
    fn is_news(&mut self, record: &RawRecord<CliengoId>, updated: Option<Timestamp>) -> bool {
        let id = IdHash::of(&record.id);
        let is_newer = |seen: &Version| seen.fingerprint != record.fingerprint && updated > seen.updated;
        let news = self.seen.get(&id).is_none_or(is_newer);
        if news {
            self.seen.insert(id, Version { fingerprint: record.fingerprint, updated });
        }
        news
    }
}

impl Cliengo {
    /// Lists every contact: the whole list at once where that fits, else by windows.
    pub(super) async fn all_contacts(&self, sink: &dyn Sink<CliengoId>) -> Result<Listed<CliengoId>, CrmError> {
        let mut gathered = Gathered::into(sink);
        let mut failed = None;
        let coverage = match self.whole_list(&mut gathered).await {
            Ok(Ok(())) => match are_few(gathered.unidentified.len(), gathered.seen.len() + gathered.unidentified.len())
            {
                Ok(()) => Coverage::Complete(CompleteListing::proven()),
                Err(why) => Coverage::Incomplete(why),
            },
            Ok(Err(why)) | Err(Failed::Void(why)) => Coverage::Incomplete(why),
            Err(Failed::Unread(error) | Failed::Gone(error)) => {
                failed = Some(error.clone());
                Coverage::Incomplete(error.to_string())
            }
            Err(Failed::Run(error)) => return Err(error),
        };
        Ok(Listed {
            count: (gathered.seen.len() + gathered.unidentified.len()) as u64,
            coverage,
            account: gathered.account,
            tags_seen: gathered.tags_seen,
            places_told: true,
            unread: BTreeMap::new(),
            gone: BTreeSet::new(),
            failed,
            unidentified: gathered.unidentified.into_iter().collect(),
        })
    }

    /// Gathers every contact there is, or says why that cannot be said.
    async fn whole_list(&self, gathered: &mut Gathered<'_>) -> Result<Result<(), String>, Failed> {
        match self.walk(Window::All, gathered).await? {
            Walked::Whole(_) | Walked::Twice(_) => return Ok(Ok(())),
            Walked::Torn(why) => return Ok(Err(why)),
            Walked::TooMany => {}
        }
        // A frozen end, beyond today in every zone of the world.
        let now = self.http.clock().now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let end = now.checked_add(2.days()).unwrap_or(now);
        let mut why = String::new();
        for _ in 0..WALKS {
            let ids = match self.split(Window::Days(self.epoch, end), gathered).await? {
                Ok(ids) => ids,
                Err(why) => return Ok(Err(why)),
            };
            let first = self.page(Window::All, 0).await?;
            let listed = ids.len() + gathered.unidentified.len();
            // Where it tells no total, each window was walked to its end.
            match first.total.filter(|_| !self.may_count_pages(&first)) {
                Some(total) if total != listed && !self.counts_twice(total, listed, gathered, &ids).await? => {
                    why = format!("it counts {total} contacts and listed {listed}");
                }
                _ => return Ok(Ok(())),
            }
        }
        Ok(Err(why))
    }

    /// Walks a window, and the halves of every one that holds more than can be reached. One that cannot be listed to its end
    /// keeps no other from being listed.
    async fn split(
        &self,
        window: Window,
        gathered: &mut Gathered<'_>,
    ) -> Result<Result<HashSet<IdHash>, String>, Failed> {
        let (mut ids, mut void) = (HashSet::new(), None);
        let mut pending = vec![window];
        while let Some(window) = pending.pop() {
            match self.walk(window, gathered).await? {
                Walked::Whole(some) | Walked::Twice(some) => ids.extend(some),
                Walked::Torn(why) => _ = void.get_or_insert(why),
                Walked::TooMany => {
                    if let Some(halves) = window.halves() {
                        pending.extend(halves);
                    } else {
                        self.reach(window, gathered).await?;
                        void.get_or_insert(format!("{window} are more than can be listed"));
                    }
                }
            }
        }
        Ok(void.map_or(Ok(ids), Err))
    }

    /// Gathers what can be reached of a window that holds more.
    async fn reach(&self, window: Window, gathered: &mut Gathered<'_>) -> Result<(), Failed> {
        let mut offset = 0;
        loop {
            let page = self.page(window, offset).await?;
            gathered.take(&page.rows, window)?;
            if page.rows.is_empty() || offset == LARGEST_OFFSET {
                return Ok(());
            }
            offset = (offset + page.rows.len()).min(LARGEST_OFFSET);
        }
    }

    /// Walks one window until two counts of it agree: the CRM's, on every page, and that of the contacts that came. Where it
    /// tells no count and a row comes twice, until a walk shows nobody new: that is no gap. (`semantics` 56)
    async fn walk(&self, window: Window, gathered: &mut Gathered<'_>) -> Result<Walked, Failed> {
        let (mut torn, mut known) = (String::new(), None::<HashSet<IdHash>>);
        for _ in 0..WALKS {
            match self.walk_once(window, gathered).await? {
                Walked::Torn(why) => torn = why,
                Walked::Twice(ids) => {
                    let before = known.get_or_insert_default();
                    let shows_nobody_new = ids.is_subset(before);
                    before.extend(ids);
                    if shows_nobody_new {
                        break;
                    }
                }
                walked => return Ok(walked),
            }
        }
        Ok(known.map_or(Walked::Torn(torn), Walked::Whole))
    }

    async fn walk_once(&self, window: Window, gathered: &mut Gathered<'_>) -> Result<Walked, Failed> {
        let (mut ids, mut unreadable, mut repeated) = (HashSet::new(), 0, 0);
        let first = self.page(window, 0).await?;
        let mut total = first.total;
        if total.is_some_and(|total| total > LARGEST_OFFSET + first.rows.len()) && !first.rows.is_empty() {
            gathered.take(&first.rows, window)?;
            return Ok(Walked::TooMany);
        }
        if self.may_count_pages(&first) && !self.page_of(window, first.rows.len(), 1).await?.rows.is_empty() {
            // There is more than it counted: its total is that of each page.
            total = None;
        }
        let (mut offset, mut received, mut page) = (0, 0, first);
        let (mut pages_of_known, mut before) = (0, Vec::new());
        loop {
            if total.is_some() && page.total != total {
                // A count of as many as the page holds, and of fewer than have come, is no count of the whole.
                let counts_page = page.total == Some(page.rows.len()) && page.rows.len() < offset;
                if !counts_page {
                    return Ok(Walked::Torn(format!("the count of {window} changed while it was listed")));
                }
                total = None;
            }
            let came = page.rows.len();
            let taken = gathered.take(&page.rows, window)?;
            // A row that comes twice takes no place.
            received += taken.different();
            unreadable += taken.unreadable;
            repeated += taken.repeated;
            let may_count_page = taken.repeated > 0 && offset == 0 && total == Some(came);
            let known = ids.len();
            ids.extend(taken.ids);
            // One such page may have been pushed down by newcomers; where another follows, offsets mean nothing.
            let brings_nobody = offset > 0
                && came > 0
                && ids.len() == known
                && (taken.unreadable == 0 || are_same(&page.rows, &before));
            pages_of_known = if brings_nobody { pages_of_known + 1 } else { 0 };
            if pages_of_known > 1 {
                return Ok(Walked::Torn(format!("the pages of {window} show the same contacts again and again")));
            }
            if may_count_page && self.counts_twice(came, received, gathered, &ids).await? {
                // It may count this page alone, and the row that came twice with it: only the end of the list says more.
                total = None;
            }
            if came == 0 || total.is_some_and(|total| received >= total) {
                break;
            }
            // A server that gives fewer rows than asked for may leave the last offset beyond the limit: step back.
            let next = received.min(LARGEST_OFFSET);
            if next == offset {
                return Ok(Walked::Torn(format!("{window} end before their count is reached")));
            }
            offset = next;
            before = page.rows;
            page = self.page(window, offset).await?;
            received = offset;
            if offset == LARGEST_OFFSET && total.is_none() && !page.rows.is_empty() {
                return Ok(Walked::TooMany);
            }
        }
        let listed = ids.len() + unreadable;
        match total {
            Some(total) if total != listed && !self.counts_twice(total, listed, gathered, &ids).await? => {
                Ok(Walked::Torn(format!("it counts {total} for {window} and listed {listed}")))
            }
            None if repeated > 0 && !self.counts_twice(listed + repeated, listed, gathered, &ids).await? => {
                Ok(Walked::Twice(ids))
            }
            _ => Ok(Walked::Whole(ids)),
        }
    }

    /// Whether a total is greater than what was listed because rows come twice, and not because a row stands in another's
    /// place: who comes twice of itself does so also where its second alone is asked for.
    async fn counts_twice(
        &self,
        total: usize,
        listed: usize,
        gathered: &Gathered<'_>,
        ids: &HashSet<IdHash>,
    ) -> Result<bool, Failed> {
        let repeated: Vec<_> = gathered.repeated.iter().filter(|(id, _)| ids.contains(&IdHash::of(*id))).collect();
        if !(listed..=listed + repeated.len()).contains(&total) || repeated.len() > MOST_TWICE {
            return Ok(false);
        }
        for (id, created) in repeated {
            let Some(created) = created else { return Ok(false) };
            let second = Window::Instants(*created, *created + SignedDuration::from_secs(1));
            let day = created.to_zoned(jiff::tz::TimeZone::UTC).date();
            let count = match self.times(second, id).await? {
                // Some accounts cut an instant to its day: there, no second has anybody.
                0 => self.times(Window::Days(day, day.tomorrow().unwrap_or(day)), id).await?,
                count => count,
            };
            if count < 2 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// How often the first page of a window lists a contact. A page that lists others too may have lost one of them itself:
    /// then each of the contact's two places is asked for alone.
    async fn times(&self, window: Window, id: &CliengoId) -> Result<usize, Failed> {
        let places = places(&self.page(window, 0).await?, id);
        let [first, second, ..] = places.of_it[..] else { return Ok(places.of_it.len()) };
        if places.of_it.len() == places.in_all {
            return Ok(places.in_all);
        }
        let mut times = 0;
        for place in [first, second] {
            times += self::places(&self.page_of(window, place, 1).await?, id).of_it.len();
        }
        Ok(times)
    }

    /// Whether a total may be that of the page alone: a full page counts as many as it holds.
    fn may_count_pages(&self, page: &Page) -> bool {
        let came = page.rows.len();
        came >= self.page_size as usize && page.total == Some(came)
    }

    async fn page(&self, window: Window, offset: usize) -> Result<Page, Failed> {
        self.page_of(window, offset, self.page_size).await
    }

    async fn page_of(&self, window: Window, offset: usize, limit: u32) -> Result<Page, Failed> {
        let path = format!("/contacts?limit={limit}&offset={offset}{}", window.query());
        let request = Request::new(Method::Get, path);
        let mut said = String::new();
        for _ in 0..TRIES {
            let body = match self.http.read(&request).await? {
                Answer::Body(body) => body,
                Answer::No(no) => return Err(self.http.refused(&no).into()),
            };
            if let Some(page) = page_of(&body) {
                return Ok(page);
            }
            said = shown(&body);
        }
        Err(Failed::Unread(self.http.without_rows("results", &said)))
    }

    /// The contacts created since a day before `since`, newest first.
    pub(super) async fn contacts_since(&self, since: Timestamp) -> Result<Vec<RawRecord<CliengoId>>, Failed> {
        let kept = Kept::default();
        let mut gathered = Gathered::into(&kept);
        let day = |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).date();
        let now = day(self.http.clock().now());
        let window = Window::Days(day(since), now.checked_add(2.days()).unwrap_or(now));
        self.split(window, &mut gathered).await?.map_err(Failed::Void)?;
        Ok(kept.into_records())
    }

    /// One page of all contacts, which come newest first (`Cliengo API notes, 1.6`).
    pub(super) async fn newest_contacts(&self, offset: usize) -> Result<Newest<CliengoId>, Failed> {
        let page = self.page(Window::All, offset).await?;
        let kept = Kept::default();
        Gathered::into(&kept).take(&page.rows, Window::All)?;
        Ok(Newest { rows: page.rows.len(), records: kept.into_records() })
    }

    /// Asks for what stands behind the first `received` rows of a list below a contact.
    pub(super) fn further(&self, first: &Request, received: usize) -> Request {
        Request::new(Method::Get, format!("{}?limit={}&offset={received}", first.path, self.page_size))
    }

    /// All notes or tasks of one contact, or an error: never a part of them.
    pub(super) async fn children_of(
        &self,
        kind: Kind,
        parent: &CliengoId,
    ) -> Result<Vec<RawRecord<CliengoId>>, Failed> {
        let mut records: HashMap<CliengoId, RawRecord<CliengoId>> = HashMap::new();
        let (mut received, mut request) = (0, children_request(kind, parent));
        loop {
            let body = match self.http.read(&request).await? {
                Answer::Body(body) => body,
                Answer::No(no) if says_gone(&no, parent.as_str()) => {
                    return Err(Failed::Gone(self.http.refused(&no)));
                }
                Answer::No(no) => return Err(self.http.refused(&no).into()),
            };
            let (rows, total) = enveloped(&body)
                .ok_or_else(|| Failed::Unread(self.http.without_rows(&format!("{kind}s"), &shown(&body))))?;
            let (came, known) = (rows.len(), records.len());
            received += came;
            for row in rows {
                let record = child(row.get(), parent).ok_or_else(|| Failed::Void(format!("a {kind} has no id")))?;
                let torn = records.get(&record.id).is_some_and(|seen| seen.fingerprint != record.fingerprint);
                if torn {
                    return Err(Failed::Void(format!("a {kind} came twice, and not the same")));
                }
                records.insert(record.id.clone(), record);
            }
            match total {
                Some(_) if received > came && came > 0 && records.len() == known => {
                    return Err(Failed::Void(format!("its pages show the same {kind}s again and again")));
                }
                Some(total) if total > received && came > 0 => {
                    request = self.further(&children_request(kind, parent), received);
                }
                Some(total) if total != records.len() => {
                    return Err(Failed::Void(format!("it counts {total} {kind}s and listed {}", records.len())));
                }
                _ => break,
            }
        }
        let mut records: Vec<_> = records.into_values().collect();
        records.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(records)
    }
}

/// A page of contacts; `None` where it has no rows.
fn page_of(body: &str) -> Option<Page> {
    match serde_json::from_str(body) {
        Ok(Envelope { results: Some(rows), paging }) => {
            Some(Page { rows, total: paging.and_then(|paging| paging.total) })
        }
        _ => None,
    }
}

/// Takes a body in as both sorts of listing do; for the fuzzers.
pub(in crate::crm) fn take_page(body: &str) {
    if let Some(page) = page_of(body) {
        let kept = Kept::default();
        let mut gathered = Gathered::into(&kept);
        let _ = gathered.take(&page.rows, Window::All);
    }
    let parent = CliengoId::new("parent");
    for row in enveloped(body).into_iter().flat_map(|(rows, _)| rows) {
        let _ = child(row.get(), &parent);
    }
}

/// The list of a contact's notes or tasks.
pub(super) fn children_request(kind: Kind, parent: &CliengoId) -> Request {
    Request::new(Method::Get, format!("/contacts/{}/{}", encode(parent.as_str()), kind.plural()))
}

/// The rows of a list below a contact and its total, in any of the envelopes that may come (`Cliengo API notes, 2.7`).
pub(super) fn enveloped(body: &str) -> Option<(Vec<&RawValue>, Option<usize>)> {
    if let Ok(rows) = serde_json::from_str(body) {
        return Some((rows, None));
    }
    let envelope = Row::read(body)?;
    let keys = Kind::CHILDREN.map(Kind::plural).into_iter().chain(["messages", "data"]);
    let rows = std::iter::once("results").chain(keys).find_map(|key| envelope.raw(key))?;
    let paging = envelope.raw("paging").and_then(|paging| serde_json::from_str::<Paging>(paging.get()).ok());
    Some((serde_json::from_str(rows.get()).ok()?, paging.and_then(|paging| paging.total)))
}

/// Whether an answer is a list of tasks: one of something else, or a bare word, is none.
pub(super) fn are_tasks(body: &str) -> bool {
    let is_task = |row: &&RawValue| {
        Row::read(row.get()).is_some_and(|row| {
            let says = ["dueDate", "completed", "description"].iter().any(|key| row.raw(key).is_some());
            says && row.first_text(&ID).is_some() && row.text("title").is_some()
        })
    };
    enveloped(body).is_some_and(|(rows, _)| rows.iter().all(is_task))
}

fn child(text: &str, parent: &CliengoId) -> Option<RawRecord<CliengoId>> {
    let row = Row::read(text)?;
    let id = row.first_text(&ID)?;
    Some(row.record(CliengoId::new(id), Some(parent.clone()), &VOLATILE))
}

/// A sink that keeps what it is given.
#[derive(Default)]
struct Kept(Mutex<HashMap<CliengoId, RawRecord<CliengoId>>>);

impl Kept {
    fn into_records(self) -> Vec<RawRecord<CliengoId>> {
        let kept = self.0.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut records: Vec<_> = kept.into_values().collect();
        records.sort_by(|one, other| one.id.cmp(&other.id));
        records
    }
}

impl Sink<CliengoId> for Kept {
    fn put(&self, _: Kind, records: Vec<RawRecord<CliengoId>>) -> Result<(), SinkError> {
        let mut kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.extend(records.into_iter().map(|record| (record.id.clone(), record)));
        Ok(())
    }
}
