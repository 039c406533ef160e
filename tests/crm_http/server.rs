//! A scripted HTTP/1.1 server: it can break off, reset and hang, as no framework lets one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use concord::clock::ManualClock;
use concord::crm::cliengo::{Cliengo, CliengoSettings};
use concord::crm::ghl::{Ghl, GhlSettings};
use concord::crm::{Patience, RawRecord, Sink, SinkError};
use concord::record::{Forms, Kind, Region, RemoteId};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::specs::{Exchange, specs};

pub const KEY: &str = "s3cr3t-k3y";
pub const NOW: &str = "2026-11-23T03:00:00Z";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// With its query.
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

impl Seen {
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn query(&self, key: &str) -> Option<String> {
        let (_, query) = self.path.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(&format!("{key}=")).map(str::to_owned))
    }
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    Answer(u16, Vec<(&'static str, String)>, String),
    /// A 200 whose body is these bytes.
    Bytes(Vec<(&'static str, String)>, Vec<u8>),
    /// Promises more bytes than it sends.
    BreakOff(u16, String),
    Reset,
    Hang,
    /// One byte at a time, without an end.
    Drip,
    /// A body that never ends; counts the bytes that were taken of it.
    Endless(Arc<AtomicU64>),
    /// Answers with this JSON after a moment in which others may come.
    Slow(Value),
}

#[expect(clippy::needless_pass_by_value, reason = "made in place by every caller")]
pub fn ok(body: Value) -> Reply {
    Reply::Answer(200, vec![], body.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "made in place by every caller")]
pub fn status(status: u16, body: Value) -> Reply {
    Reply::Answer(status, vec![], body.to_string())
}

pub fn text(status: u16, body: &str) -> Reply {
    Reply::Answer(status, vec![], body.to_owned())
}

type Script = dyn FnMut(&Seen) -> Reply + Send;

pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// How many slow replies are under way, and how many ever were at once.
    busy: Arc<Mutex<(usize, usize)>>,
}

impl Server {
    pub async fn start(script: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Mutex<Box<Script>>> = Arc::new(Mutex::new(Box::new(script)));
        let (log, busy) = (seen.clone(), Arc::new(Mutex::new((0, 0))));
        let under_way = busy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), log.clone(), under_way.clone()));
            }
        });
        Self { url, seen, busy }
    }

    /// A server that gives these replies in turn, the last one for ever.
    pub async fn replying(replies: Vec<Reply>) -> Self {
        let mut replies = replies.into_iter().peekable();
        Self::start(move |_| {
            let reply = replies.next().unwrap();
            if replies.peek().is_none() {
                replies = vec![reply.clone()].into_iter().peekable();
            }
            reply
        })
        .await
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn most_at_once(&self) -> usize {
        self.busy.lock().unwrap().1
    }

    /// What GHL was asked, which a header tells, is what its specification allows.
    fn must_conform(&self) {
        for asked in self.seen().iter().filter(|asked| asked.headers.contains_key("version")) {
            let body = Some(&asked.body).filter(|body| !body.is_null());
            let exchange = Exchange { method: &asked.method, path: &asked.path, body, answer: None };
            assert_eq!(specs().check(&exchange), Ok(()), "{asked:?}");
        }
    }

    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    pub fn cliengo(&self, change: impl FnOnce(&mut CliengoSettings)) -> Cliengo {
        let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
        let mut settings = CliengoSettings::new(&self.url, KEY.into(), "web1", clock);
        settings.requests_per_second = None;
        settings.patience = patience();
        change(&mut settings);
        Cliengo::new(settings).unwrap()
    }

    pub fn ghl(&self, change: impl FnOnce(&mut GhlSettings)) -> Ghl {
        let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
        let mut settings = GhlSettings::new(&self.url, KEY.into(), "Loc1", clock);
        settings.patience = patience();
        change(&mut settings);
        Ghl::new(settings).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.must_conform();
        }
    }
}

fn patience() -> Patience {
    let millis = Duration::from_millis;
    Patience {
        connect: millis(500),
        read: millis(300),
        total: millis(400),
        backoff: millis(1),
        longest: Duration::from_secs(2),
        asked: Duration::from_secs(2),
        interval: millis(20),
        windows: (Duration::ZERO, Duration::from_secs(1)),
        in_all: millis(60),
        alone: millis(8),
        farewell: millis(100),
    }
}

async fn serve(
    mut stream: TcpStream,
    script: Arc<Mutex<Box<Script>>>,
    log: Arc<Mutex<Vec<Seen>>>,
    busy: Arc<Mutex<(usize, usize)>>,
) {
    let mut buffer = Vec::new();
    while let Some(seen) = receive(&mut stream, &mut buffer).await {
        log.lock().unwrap().push(seen.clone());
        let mut reply = (script.lock().unwrap())(&seen);
        if let Reply::Slow(body) = reply {
            {
                let mut busy = busy.lock().unwrap();
                busy.0 += 1;
                busy.1 = busy.1.max(busy.0);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            busy.lock().unwrap().0 -= 1;
            reply = ok(body);
        }
        match reply {
            Reply::Answer(status, headers, body) => {
                if answer(&mut stream, status, headers, body.as_bytes()).await.is_err() {
                    return;
                }
            }
            Reply::Bytes(headers, body) => {
                if answer(&mut stream, 200, headers, &body).await.is_err() {
                    return;
                }
            }
            Reply::BreakOff(status, body) => {
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len() + 100);
                let _ = stream.write_all(answer.as_bytes()).await;
                return;
            }
            Reply::Endless(taken) => return endless(&mut stream, &taken).await,
            Reply::Drip => return drip(&mut stream).await,
            Reply::Reset | Reply::Slow(_) => return,
            Reply::Hang => {
                tokio::time::sleep(Duration::from_secs(5)).await;
                return;
            }
        }
    }
}

async fn answer(
    stream: &mut TcpStream,
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: &[u8],
) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.extend([name, ": ", &value, "\r\n"]);
    }
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).await
}

async fn endless(stream: &mut TcpStream, taken: &AtomicU64) {
    let blanks = vec![b' '; 1 << 20];
    let head = b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut sent = stream.write_all(head).await;
    while sent.is_ok() {
        let chunk = [format!("{:x}\r\n", blanks.len()).as_bytes(), &blanks, b"\r\n"].concat();
        sent = stream.write_all(&chunk).await;
        taken.fetch_add(blanks.len() as u64, Ordering::SeqCst);
    }
}

async fn drip(stream: &mut TcpStream) {
    let mut sent = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 100000\r\n\r\n").await;
    while sent.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        sent = stream.write_all(b" ").await;
    }
}

async fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Seen> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let (method, path) = (first.next()?, first.next()?);
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    buffer.drain(..end + 4);
    while buffer.len() < length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body: Vec<u8> = buffer.drain(..length).collect();
    let body = if body.is_empty() { json!(null) } else { serde_json::from_slice(&body).unwrap() };
    Some(Seen { method, path, headers, body })
}

/// A sink that keeps everything, by id.
#[derive(Default)]
pub struct Kept<I>(pub Mutex<BTreeMap<I, RawRecord<I>>>);

impl<I: RemoteId> Kept<I> {
    pub fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl<I: RemoteId> Sink<I> for Kept<I> {
    fn put(&self, _: Kind, records: Vec<RawRecord<I>>) -> Result<(), SinkError> {
        self.0.lock().unwrap().extend(records.into_iter().map(|record| (record.id.clone(), record)));
        Ok(())
    }
}

pub fn forms() -> Forms {
    let zone = jiff::tz::TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
    Forms {
        region: Some(Region::AR),
        zone,
        placeholders: Vec::new(),
        placeholder_names: Vec::new(),
        mapped: Vec::new(),
        waiting: BTreeSet::new(),
        members: None,
    }
}

/// What may have been done may be sent again: nobody changed it.
pub const ALWAYS: concord::crm::Again<'static> = &|| Box::pin(async { true });
