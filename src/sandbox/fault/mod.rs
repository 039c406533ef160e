//! Everything that goes wrong on a network and in a CRM, on demand.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::call::{Answer, Call, Content};
use crate::record::Side;

mod hostile;
mod inject;
mod spec;

pub use spec::GRAMMAR;

pub(super) use inject::{alter, before, call_of, claim};

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, nothing written; Cliengo's and GHL's own carry no `Retry-After`.
    TooMany {
        /// Seconds for a `Retry-After` header.
        retry_after: Option<u64>,
    },
    /// 429 with nothing left of the day's quota.
    DailyExhausted,
    /// This status, nothing written.
    Status(u16),
    /// This status, although the request did its work.
    StatusAfterWrite(u16),
    /// The account's own server error, before or after the work.
    ServerError,
    /// A gateway's 502 page in HTML, nothing written.
    Html,
    /// The answer's JSON ends in the middle.
    TruncatedJson,
    /// A 200 without the array that a listing should have.
    NoArray,
    /// The connection is cut, nothing written.
    ResetBefore,
    /// The request does its work; the connection is cut instead of an answer.
    ResetAfterWrite,
    /// The request does its work; the answer comes that much later.
    Hang(Duration),
    /// The answer's second half comes that much later.
    SlowBody(Duration),
    /// The second half of a page's rows is missing, under an unchanged total.
    ShortListing,
    /// No rows and a total of 0.
    EmptyListing,
    /// The first page once more, whatever offset, skip or cursor was asked for.
    RepeatCursor,
    /// A page whose first row slipped away and whose last row comes twice.
    TornPage,
    /// 401, as when a token has expired.
    ExpiredToken,
    /// 422, although the request did its work.
    CreatedBut422,
    /// Every record lacks this field.
    DropField(String),
    /// A write without this field of its body.
    IgnoreField(String),
    /// The same, but the answer shows the field as if it had been kept.
    ForgetField(String),
    /// The `Date` header is off by that many seconds.
    DateSkew(i64),
    /// A gateway's 404, nothing done.
    Gateway404,
    /// A firewall's 403 page, nothing done.
    Firewall,
    /// 200 with a refusal in words, nothing done.
    Refusal200,
    /// The record that the path names is gone, in the account's words; nothing done.
    Gone,
    /// 302 to a page of this host; without one, to the same path again.
    Redirect(Option<String>),
    /// 400 with a text that repeats the caller's secret, raw and encoded.
    Echo,
    /// So many mebibytes, compressed to a few thousand bytes.
    Bomb(usize),
    /// A text of so many mebibytes in the answer's first record.
    Large(usize),
    /// One byte of the answer each time.
    Drip(Duration),
    /// Latin-1 under the name of UTF-8.
    Charset,
    /// A byte order mark before the answer.
    ByteOrderMark,
    /// Half a surrogate pair in the texts of the answer's first record.
    Surrogate,
    /// A line break and a terminal's colours in the texts of the answer's first record.
    ControlCharacters,
    /// `null` for every list inside a record.
    NullLists,
    /// A page whose last row comes twice; nothing is missing.
    RepeatRow,
    /// A task more, whose contact nobody knows.
    OrphanTask,
    /// A Cliengo create of somebody who is there answers the one who is.
    Unify,
    /// This very answer.
    Answer(Stated),
}

/// An answer that is stated word for word: a wording, a gateway's page, a firewall's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The HTTP status.
    pub status: u16,
    /// Without one, JSON.
    #[serde(default = "json_type")]
    pub content_type: String,
    /// Further headers, in lower case.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    #[serde(default)]
    pub body: String,
    /// Whether the request does its work first.
    #[serde(default)]
    pub after_work: bool,
}

fn json_type() -> String {
    "application/json; charset=utf-8".to_owned()
}

impl Stated {
    /// An answer of JSON, with nothing done.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: json_type(), headers: Vec::new(), body: body.to_string(), after_work: false }
    }

    /// A page, with nothing done.
    #[must_use]
    pub fn html(status: u16, body: &str) -> Self {
        let content_type = "text/html; charset=utf-8".to_owned();
        Self { status, content_type, headers: Vec::new(), body: body.to_owned(), after_work: false }
    }

    /// The same with a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn answer(&self) -> Answer {
        let headers = self.headers.iter().map(|(name, value)| (name.clone().into(), value.clone())).collect();
        let body = Content::Raw(self.content_type.clone().into(), self.body.clone().into_bytes());
        Answer { status: self.status, body, headers }
    }
}

/// At which of the matching calls a fault strikes; calls count from 1, per rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// At this one only.
    Nth(u64),
    /// At each of the first ones.
    First(u64),
    /// At every so-many-th.
    Every(u64),
    /// At this share of them, between 0 and 1, drawn from the sandbox's seed.
    Rate(f64),
    /// At all of them.
    Always,
    /// At those that come within this time of the first matching one.
    For(Duration),
}

/// Which calls a fault strikes.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule {
    /// Only this side's.
    pub side: Option<Side>,
    /// Only this method's; `READ` and `WRITE` are all that only ask, and all that change something.
    pub method: Option<String>,
    /// Only paths, below the CRM's base, that contain this text.
    pub path_contains: Option<String>,
    /// At which of the matching calls.
    pub when: When,
    /// What goes wrong.
    pub fault: Fault,
}

impl FaultRule {
    fn matches(&self, call: &Call) -> bool {
        self.side.is_none_or(|side| side == call.side)
            && self.method.as_ref().is_none_or(|method| is_of(call, method))
            && self.path_contains.as_ref().is_none_or(|part| call.path.contains(part))
    }
}

/// Whether a call is of that method, or a `READ` or a `WRITE`: GHL lists by POST.
fn is_of(call: &Call, method: &str) -> bool {
    let reads = call.method == "GET" || call.path.ends_with("/search");
    match method {
        "READ" => reads,
        "WRITE" => !reads,
        method => method.eq_ignore_ascii_case(&call.method),
    }
}

/// What is to go wrong: rules, and a lag of GHL's searches. Read from `--faults` (see [`Faults::from_str`]).
///
/// [`Faults::from_str`]: std::str::FromStr::from_str
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    rules: Vec<FaultRule>,
    lag: Option<Duration>,
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// These rules; where several strike at one call, the first does.
    #[must_use]
    pub fn rules(rules: Vec<FaultRule>) -> Self {
        Self { rules, lag: None }
    }

    /// The lag of GHL's searches, where the faults name one.
    pub(super) fn lag(&self) -> Option<Duration> {
        self.lag
    }
}

/// A rule with the calls that matched it.
#[derive(Debug)]
struct Counted {
    rule: FaultRule,
    count: u64,
    since: Option<Timestamp>,
}

/// Faults at work.
#[derive(Debug)]
pub(super) struct Striking {
    rules: Vec<Counted>,
    rng: fastrand::Rng,
}

impl Striking {
    pub(super) fn new(faults: Faults, seed: u64) -> Self {
        let rules = faults.rules.into_iter().map(|rule| Counted { rule, count: 0, since: None }).collect();
        Self { rules, rng: fastrand::Rng::with_seed(seed) }
    }

    /// Counts the call on every rule that matches it; the first that strikes wins.
    pub(super) fn strike(&mut self, call: &Call, now: Timestamp) -> Option<Fault> {
        let mut struck = None;
        for Counted { rule, count, since } in &mut self.rules {
            if !rule.matches(call) {
                continue;
            }
            *count += 1;
            let since = *since.get_or_insert(now);
            let strikes = match rule.when {
                When::Nth(nth) => *count == nth,
                When::First(first) => *count <= first,
                When::Every(every) => every > 0 && count.is_multiple_of(every),
                When::Rate(rate) => self.rng.f64() < rate,
                When::Always => true,
                When::For(time) => Duration::try_from(now.duration_since(since)).unwrap_or_default() < time,
            };
            if strikes && struck.is_none() {
                struck = Some(rule.fault.clone());
            }
        }
        struck
    }
}
