//! What the daemon serves: a status page, `/healthz` and `/metrics`. Everything is read from the state when it is asked
//! for; nothing can be changed from here.

mod door;
mod health;
mod metrics;
mod page;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use door::Door;
use jiff::Timestamp;
use metrics::Totals;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::schedule::{Board, Shown, Standing};
use crate::state::{Ledger, StateError};

/// What is served, and to whom.
#[derive(Debug)]
pub struct Status {
    board: Arc<Board>,
    clock: Arc<dyn Clock>,
    door: Door,
    totals: Mutex<Totals>,
}

/// A pair, or why nothing can be said of it.
type PairStanding = (String, Result<Standing, String>);

/// The daemon and its pairs, at one moment.
struct View {
    now: Timestamp,
    shown: Shown,
    pairs: Vec<PairStanding>,
}

/// Why a request gets nothing.
struct Refusal {
    status: StatusCode,
    why: &'static str,
}

impl Refusal {
    fn response(self) -> Response {
        let mut response = text(self.status, self.why);
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"Concord: the user is concord\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl Status {
    /// Shows `board` to whoever has the token; to everybody on this machine where there is none.
    #[must_use]
    pub fn new(board: Arc<Board>, clock: Arc<dyn Clock>, token: Option<&SecretString>) -> Self {
        Self { board, clock, door: Door::new(token), totals: Mutex::default() }
    }

    /// Answers on `listener` for as long as the process lives.
    ///
    /// # Errors
    /// When the listener breaks.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let status = Arc::new(self);
        let app = Router::new().fallback(move |request: Request| {
            let (status, asked) = (Arc::clone(&status), status.asked(&request));
            async move {
                let show = match asked {
                    Ok(show) => show,
                    Err(refusal) => return refusal.response(),
                };
                // The files are read on a thread of their own: nobody else waits for the disk.
                let answer = tokio::task::spawn_blocking(move || show(&status)).await;
                answer.unwrap_or_else(|_| text(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be made\n"))
            }
        });
        axum::serve(listener, app).await
    }

    /// What a request asks for, or why it gets nothing.
    fn asked(&self, request: &Request) -> Result<fn(&Self) -> Response, Refusal> {
        self.door.admit(request.headers())?;
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(Refusal { status: StatusCode::METHOD_NOT_ALLOWED, why: "only GET is answered\n" });
        }
        match request.uri().path() {
            "/" => Ok(|status| page::page(&status.view())),
            "/healthz" => Ok(|status| health::health(&status.view())),
            "/metrics" => Ok(|status| {
                let mut totals = status.totals.lock().unwrap_or_else(PoisonError::into_inner);
                metrics::metrics(&status.view(), &mut totals)
            }),
            _ => Err(Refusal { status: StatusCode::NOT_FOUND, why: "there is /, /healthz and /metrics\n" }),
        }
    }

    fn view(&self) -> View {
        let (now, shown) = (self.clock.now(), self.board.shown());
        let ledger = Ledger::open_read_only(&Ledger::path_of(&shown.config.state_dir));
        let of = |pair: &String| {
            let standing = match &ledger {
                Ok(ledger) => Standing::of(&shown.config, pair, now, ledger.as_ref()),
                Err(why) => Err(StateError::Row(why.to_string())),
            };
            (pair.clone(), standing.map_err(|why| why.to_string()))
        };
        View { now, pairs: shown.pairs.iter().map(of).collect(), shown }
    }
}

fn text(status: StatusCode, body: impl Into<Body>) -> Response {
    respond(status, "text/plain; charset=utf-8", body)
}

fn respond(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
