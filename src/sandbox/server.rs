//! One request from the wire to the wire: log, limits, faults, and the CRM that it is for.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use futures::{StreamExt, stream};
use serde_json::Value;

use super::account;
use super::account::cliengo::{KnownPerson, TooMany};
use super::account::ghl::Clock;
use super::call::{Answer, Call, Content};
use super::cliengo::{self, Manner};
use super::connection::Scissors;
use super::data::http_date;
use super::fault::{self, Fault, Striking};
use super::limit::{Limiter, retry_after};
use super::{LoggedRequest, Options, RateLimit, SandboxError, World, ghl};
use crate::record::Side;

/// The log keeps this many; a server that runs for weeks forgets the oldest.
const LOGGED: usize = 200_000;
const LARGEST_BODY: usize = 8 * 1024 * 1024;
/// How late a slow account answers.
const SLOW: Duration = Duration::from_millis(500);

/// What every request needs.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) world: World,
    pub(super) account: account::Profile,
    pub(super) manner: Manner,
    pub(super) rate_limit: RateLimit,
    pub(super) striking: Mutex<Striking>,
    pub(super) limiter: Mutex<Limiter>,
    pub(super) log: Mutex<VecDeque<LoggedRequest>>,
    pub(super) keep_answers: bool,
}

/// An answer with what the network does to it.
struct Sent {
    answer: Answer,
    wait: Duration,
    slow: Duration,
    /// The pause before each byte.
    drip: Duration,
    /// Seconds by which the `Date` is off; without one, it is empty.
    skew: Option<i64>,
    cut: bool,
    /// A fault had a hand in it.
    struck: bool,
}

impl Sent {
    fn plain(answer: Answer) -> Self {
        Self {
            answer,
            wait: Duration::ZERO,
            slow: Duration::ZERO,
            drip: Duration::ZERO,
            skew: Some(0),
            cut: false,
            struck: false,
        }
    }
}

/// Answers one request. Both CRMs' paths are matched whole, not nested: GHL's trailing slashes and empty 404s are part
/// of what is rehearsed.
pub(super) async fn handle(
    State(servers): State<Arc<[Arc<Server>]>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (account, below) = account_of(parts.uri.path());
    let (Some(server), Some((side, path))) = (servers.get(account), locate(below)) else {
        return nowhere();
    };
    let call = Call {
        side,
        method: parts.method.as_str().to_owned(),
        path,
        query: Query::try_from_uri(&parts.uri).map(|Query(query)| query).unwrap_or_default(),
        body: content(header("content-type").as_deref(), &bytes),
        authorization: header("authorization"),
        version: header("version"),
    };
    let is_json = bytes.is_empty() || call.body.is_some();
    let sent = server.process(call, &parts.uri, is_json);
    if sent.cut {
        scissors.cut();
    }
    respond(server, sent).await
}

/// The body: JSON, or a form as an object of texts.
fn content(kind: Option<&str>, bytes: &[u8]) -> Option<Value> {
    if kind.is_none_or(|kind| !kind.starts_with("application/x-www-form-urlencoded")) {
        return serde_json::from_slice(bytes).ok();
    }
    let uri: Uri = format!("/?{}", std::str::from_utf8(bytes).ok()?).parse().ok()?;
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).ok()?;
    Some(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}

fn nowhere() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// The place of the account that a path belongs to, and the path below it: `/7/ghl/…` is the seventh's, `/ghl/…` the
/// first's.
fn account_of(path: &str) -> (usize, &str) {
    let (first, below) = path.strip_prefix('/').and_then(|path| path.split_once('/')).unwrap_or_default();
    match first.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) {
        Some(at) => (at, path.get(path.len() - below.len() - 1..).unwrap_or_default()),
        None => (0, path),
    }
}

/// The side that a path belongs to, and the path below its base.
fn locate(path: &str) -> Option<(Side, String)> {
    let bases = [("/cliengo/1.0", Side::Cliengo), ("/ghl", Side::Ghl)];
    bases.into_iter().find_map(|(base, side)| {
        let below = path.strip_prefix(base).filter(|below| below.starts_with('/'))?;
        Some((side, below.to_owned()))
    })
}

/// The path with its query, without the key.
fn loggable(path: &str, uri: &Uri) -> String {
    let pairs = uri.query().unwrap_or_default().split('&');
    let kept: Vec<&str> = pairs.filter(|pair| !pair.is_empty() && !pair.starts_with("api_key=")).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

impl Server {
    /// Opens one account's world.
    pub(super) fn open(options: &Options) -> Result<Self, SandboxError> {
        Ok(Self {
            world: World::open(options)?,
            account: options.account,
            manner: Manner { profile: options.profile, hide_tags: options.hide_tags },
            rate_limit: options.rate_limit,
            striking: Mutex::new(Striking::new(options.faults.clone(), options.seed)),
            limiter: Mutex::new(Limiter::new(options.rate_window, options.daily, options.account.ghl)),
            log: Mutex::new(VecDeque::new()),
            keep_answers: options.keep_answers,
        })
    }

    fn process(&self, call: Call, uri: &Uri, is_json: bool) -> Sent {
        let (side, method, path) = (call.side, call.method.clone(), loggable(&call.path, uri));
        let body = call.body.clone();
        let verdict = (side == Side::Ghl).then(|| {
            let now = self.world.now().as_millisecond();
            self.limiter.lock().unwrap_or_else(PoisonError::into_inner).count(now, self.rate_limit)
        });
        let refused = verdict.as_ref().is_some_and(|verdict| verdict.refused);
        let mut sent = if refused { Sent::plain(self.too_many()) } else { self.answer(call, is_json) };
        if side == Side::Ghl && sent.skew == Some(0) {
            sent.skew = match self.account.ghl.clock {
                Clock::Right => Some(0),
                Clock::Fast => Some(90),
                Clock::Slow => Some(-600),
                Clock::Untold => None,
            };
        }
        if let Some(verdict) = verdict {
            let told: Vec<String> = sent.answer.headers.iter().map(|(name, _)| name.to_string()).collect();
            let missing = verdict.headers.into_iter().filter(|(name, _)| !told.iter().any(|told| told == name));
            let missing: Vec<_> = missing.collect();
            sent.answer.headers.extend(missing);
        }
        let status = if sent.cut { 0 } else { sent.answer.status };
        tracing::trace!(%side, %method, status, "sandbox: answered");
        let answer = match &sent.answer.body {
            Content::Json(answer) if self.keep_answers && !sent.struck => Some(answer.clone()),
            _ => None,
        };
        self.log(LoggedRequest { side, method, path, body, status, answer });
        sent
    }

    /// GHL's 429.
    fn too_many(&self) -> Answer {
        let mut answer = ghl::too_many();
        let wait = retry_after(&self.account.ghl, self.world.now().as_millisecond());
        answer.headers.extend(wait.map(|wait| ("retry-after".into(), wait)));
        answer
    }

    fn log(&self, request: LoggedRequest) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == LOGGED {
            log.pop_front();
        }
        log.push_back(request);
    }

    /// The CRM's answer, or what a fault makes of it.
    fn answer(&self, call: Call, is_json: bool) -> Sent {
        let fault = self.striking.lock().unwrap_or_else(PoisonError::into_inner).strike(&call, self.world.now());
        match fault {
            None => Sent::plain(self.work(&call, is_json)),
            Some(fault) => Sent { struck: true, ..self.struck(&fault, call, is_json) },
        }
    }

    fn struck(&self, fault: &Fault, call: Call, is_json: bool) -> Sent {
        let is_slow = call.side == Side::Cliengo && self.account.cliengo.too_many == TooMany::Slow;
        if *fault == (Fault::TooMany { retry_after: None }) && is_slow {
            return Sent { wait: SLOW, ..Sent::plain(self.work(&call, is_json)) };
        }
        if let Some(answer) = fault::before(fault, &call, &self.account, self.world.now().as_millisecond()) {
            return Sent::plain(answer);
        }
        if *fault == Fault::ResetBefore {
            return Sent { cut: true, ..Sent::plain(Answer::empty(500)) };
        }
        let claimed = match fault {
            Fault::ForgetField(field) => call.body.as_ref().and_then(|body| body.get(field)).cloned(),
            _ => None,
        };
        let call = fault::call_of(fault, call);
        if *fault == Fault::Unify {
            return Sent::plain(self.unified(&call));
        }
        let mut sent = Sent::plain(fault::alter(fault, self.work(&call, is_json), &self.account));
        if let (Fault::ForgetField(field), Some(claimed)) = (fault, claimed) {
            fault::claim(&mut sent.answer, field, claimed);
        }
        match fault {
            Fault::ResetAfterWrite => sent.cut = true,
            Fault::Hang(wait) => sent.wait = *wait,
            Fault::SlowBody(slow) => sent.slow = *slow,
            Fault::Drip(pause) => sent.drip = *pause,
            Fault::DateSkew(seconds) => sent.skew = Some(*seconds),
            _ => {}
        }
        sent
    }

    /// What Cliengo answers where it unifies contacts.
    fn unified(&self, call: &Call) -> Answer {
        let done = self.world.with(|data, moment| {
            let usual = data.account.cliengo.known_person;
            data.account.cliengo.known_person = KnownPerson::Existing;
            let answer = cliengo::answer(data, call, moment, self.manner);
            data.account.cliengo.known_person = usual;
            answer
        });
        done.unwrap_or_else(|_| Answer::empty(500))
    }

    fn work(&self, call: &Call, is_json: bool) -> Answer {
        if !is_json {
            let message = "Unexpected token in JSON";
            return Answer::json(400, serde_json::json!({ "message": message, "statusCode": 400 }));
        }
        let done = self.world.with(|data, moment| match call.side {
            Side::Cliengo => cliengo::answer(data, call, moment, self.manner),
            Side::Ghl => ghl::answer(data, call, moment),
        });
        done.unwrap_or_else(|error| {
            tracing::error!(%error, "sandbox: the world could not be written");
            Answer::json(500, serde_json::json!({ "message": "Internal Server Error", "statusCode": 500 }))
        })
    }
}

async fn respond(server: &Server, sent: Sent) -> Response {
    if !sent.wait.is_zero() {
        tokio::time::sleep(sent.wait).await;
    }
    let (content_type, bytes) = match sent.answer.body {
        Content::Empty => (None, Bytes::new()),
        Content::Json(value) => (Some("application/json; charset=utf-8".into()), encode(&value)),
        Content::Raw(content_type, bytes) => (Some(content_type), Bytes::from(bytes)),
    };
    let mut response = Response::new(match (sent.slow.is_zero(), sent.drip.is_zero()) {
        (true, true) => Body::from(bytes),
        (false, _) => dripping(&bytes, sent.slow),
        (true, false) => byte_by_byte(bytes, sent.drip),
    });
    if let Ok(status) = sent.answer.status.try_into() {
        *response.status_mut() = status;
    }
    let now = server.world.now().as_millisecond();
    let headers = response.headers_mut();
    for (name, value) in sent.answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_ref()), HeaderValue::from_str(&value)) {
            headers.insert(name, value);
        }
    }
    if let Some(Ok(content_type)) = content_type.map(|kind: Cow<'static, str>| HeaderValue::from_str(&kind)) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    if !headers.contains_key(header::DATE)
        && let Ok(date) =
            HeaderValue::from_str(&sent.skew.map_or_else(String::new, |skew| http_date(now + skew * 1000)))
    {
        headers.insert(header::DATE, date);
    }
    response
}

fn encode(value: &Value) -> Bytes {
    serde_json::to_vec(value).map(Bytes::from).unwrap_or_default()
}

/// Each byte after a `pause`.
fn byte_by_byte(bytes: Bytes, pause: Duration) -> Body {
    Body::from_stream(stream::iter(0..bytes.len()).then(move |at| {
        let byte = bytes.slice(at..=at);
        async move {
            tokio::time::sleep(pause).await;
            Ok::<_, std::convert::Infallible>(byte)
        }
    }))
}

/// The first half at once, the second after `pause`.
fn dripping(bytes: &Bytes, pause: Duration) -> Body {
    let (first, second) = (bytes.slice(..bytes.len() / 2), bytes.slice(bytes.len() / 2..));
    let halves = [(first, Duration::ZERO), (second, pause)];
    Body::from_stream(stream::iter(halves).then(|(half, wait)| async move {
        tokio::time::sleep(wait).await;
        Ok::<_, std::convert::Infallible>(half)
    }))
}
