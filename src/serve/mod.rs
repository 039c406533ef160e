//! What the daemon serves: pages of its pairs and their runs, `/healthz` and `/metrics`. Everything is read from the state
//! when it is asked for. What waits is settled by running the command that the page shows, for whoever has the token. A hook is a
//! hint whom to look at.

mod commands;
mod door;
mod health;
mod hooks;
mod look;
mod metrics;
mod page;
mod pair;
mod past_run;
mod settle;
mod waiting;

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::{Form, Router};
pub use commands::{Commands, Ended};
use door::Door;
pub use hooks::Hooks;
use jiff::Timestamp;
use metrics::Totals;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::report::Audience;
use crate::schedule::{Board, Shown, Standing};
use crate::state::{Ledger, StateError};

/// What is served, and to whom.
#[derive(Debug)]
pub struct Status {
    board: Arc<Board>,
    clock: Arc<dyn Clock>,
    door: Door,
    desk: Desk,
    commands: Arc<dyn Commands>,
    hooks: Option<Hooks>,
    totals: Mutex<Totals>,
}

/// What the pages may offer.
#[derive(Debug)]
struct Desk {
    /// What the forms of this daemon's pages carry, and nobody else's can; `None`: nothing is settled from here.
    form: Option<String>,
}

/// A pair, or why nothing can be said of it.
type PairStanding = (String, Result<Standing, String>);

/// The daemon and its pairs, at one moment.
struct View {
    now: Timestamp,
    shown: Shown,
    pairs: Vec<PairStanding>,
}

impl View {
    /// Whoever reads of this pair.
    fn audience(&self, pair: &str) -> Audience {
        let config = &self.shown.config;
        let pair = config.pairs.iter().find(|known| known.name == pair);
        pair.map_or_else(|| Audience::of_all(config), |pair| Audience::of(config, pair))
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
enum Asked {
    Page,
    Health,
    Metrics,
    Pair(String),
    Run(String, i64),
    Report(String, i64),
    Settle(String),
}

impl Asked {
    /// What a path names.
    fn of(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        Some(match parts.as_slice() {
            [""] => Self::Page,
            ["healthz"] => Self::Health,
            ["metrics"] => Self::Metrics,
            ["pairs", pair] => Self::Pair((*pair).to_owned()),
            ["pairs", pair, "do"] => Self::Settle((*pair).to_owned()),
            ["pairs", pair, "runs", run] => Self::Run((*pair).to_owned(), run.parse().ok()?),
            ["pairs", pair, "runs", run, "report"] => Self::Report((*pair).to_owned(), run.parse().ok()?),
            _ => return None,
        })
    }
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
    /// Shows `board` to whoever has the token, and lets them run what the pages offer by `commands`; shows it to everybody on
    /// this machine where there is no token, and then offers nothing.
    #[must_use]
    pub fn new(
        board: Arc<Board>,
        clock: Arc<dyn Clock>,
        token: Option<&SecretString>,
        commands: Arc<dyn Commands>,
    ) -> Self {
        let door = Door::new(token);
        let desk = Desk { form: door.form_key() };
        Self { board, clock, door, desk, commands, hooks: None, totals: Mutex::default() }
    }

    /// The same, and takes hooks.
    #[must_use]
    pub fn with_hooks(self, hooks: Option<Hooks>) -> Self {
        Self { hooks, ..self }
    }

    /// Answers on `listener` for as long as the process lives.
    ///
    /// # Errors
    /// When the listener breaks.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let status = Arc::new(self);
        let app = Router::new().fallback(move |request: Request| {
            let status = Arc::clone(&status);
            async move {
                // A CRM shows no token: the secret is in the path.
                if let (Some(hooks), true) = (&status.hooks, Hooks::has(request.uri().path())) {
                    return hooks.take(&status.board.shown(), request).await;
                }
                match status.asked(&request) {
                    Err(refusal) => refusal.response(),
                    Ok(Asked::Settle(pair)) => status.settled(pair, request).await,
                    // The files are read on a thread of their own: nobody else waits for the disk.
                    Ok(asked) => on_a_thread(move || status.shown(&asked)).await,
                }
            }
        });
        axum::serve(listener, app).await
    }

    /// What a request asks for, or why it gets nothing.
    fn asked(&self, request: &Request) -> Result<Asked, Refusal> {
        self.door.admit(request.headers())?;
        let why = "there is /, /pairs/NAME, /healthz and /metrics\n";
        let asked = Asked::of(request.uri().path()).ok_or(Refusal { status: StatusCode::NOT_FOUND, why })?;
        let fits = match asked {
            Asked::Settle(_) => *request.method() == Method::POST,
            _ => matches!(*request.method(), Method::GET | Method::HEAD),
        };
        let why = "pages are asked for with GET; only the buttons of a page send anything\n";
        fits.then_some(asked).ok_or(Refusal { status: StatusCode::METHOD_NOT_ALLOWED, why })
    }

    fn shown(&self, asked: &Asked) -> Response {
        let view = self.view();
        match asked {
            Asked::Page | Asked::Settle(_) => page::page(&view),
            Asked::Health => health::health(&view),
            Asked::Metrics => {
                let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
                metrics::metrics(&view, &mut totals)
            }
            Asked::Pair(pair) => pair::pair(&self.desk, &view, pair),
            Asked::Run(pair, run) => past_run::past_run(&self.desk, &view, pair, *run),
            Asked::Report(pair, run) => past_run::report(&view, pair, *run),
        }
    }

    /// Runs what a form asks for, where the page offers it.
    async fn settled(self: Arc<Self>, pair: String, request: Request) -> Response {
        let Ok(Form(form)) = Form::<settle::Form>::from_request(request, &()).await else {
            return text(StatusCode::BAD_REQUEST, "this is no form of these pages; nothing was done\n");
        };
        let (status, name) = (Arc::clone(&self), pair.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let view = status.view();
            settle::asked(&status.desk, &view, &name, &form).map(|settling| (view, settling))
        });
        match asked.await {
            Ok(Ok((view, settling))) => {
                settle::settle(Arc::clone(&self.commands), &self.desk, &view, &pair, &settling).await
            }
            Ok(Err(refused)) => *refused,
            Err(_) => broken(),
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

async fn on_a_thread(show: impl FnOnce() -> Response + Send + 'static) -> Response {
    tokio::task::spawn_blocking(show).await.unwrap_or_else(|_| broken())
}

fn broken() -> Response {
    text(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be made\n")
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
    let policy = "default-src 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
