//! `auth ghl`: a person lets this program into GHL (authorization code, PKCE, a redirect to this machine).

use std::io::{BufRead, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::{digest, rand};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::arguments::{AuthCommand, AuthGhlOptions, AuthOptions};
use super::explain::Stopped;
use super::usage::Usage;
use super::{Session, access, clients, code, output, pairs};
use crate::config::{Accounts, Config, GHL_URL, GhlAccess, GhlAccount, Pair};
use crate::crm::ghl::oauth::{Granted, OAuthError};
use crate::crm::ghl::scopes_for;

/// GHL's page on which a person consents.
const AUTHORIZE_URL: &str = "https://marketplace.gohighlevel.com/v2/oauth/chooselocation";
const CALLBACK: &str = "/oauth/callback";
/// How long a person is waited for.
const CONSENT: Duration = Duration::from_mins(10);

pub(super) async fn run(session: &Session, options: &AuthOptions) -> anyhow::Result<u8> {
    let AuthCommand::Ghl(options) = &options.command;
    ghl(session, options).await
}

async fn ghl(session: &Session, options: &AuthGhlOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    let (pair, account) = chosen(session, &config)?;
    clients::check_folder(&config.state_dir, pair)?;
    let (grant, path) = access::grant(session, &config, pair, account)?;
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port))).await?;
    let redirect = format!("http://{}{CALLBACK}", listener.local_addr()?);
    let (state, verifier) = (chance()?, chance()?);
    let url = consent_url(pair, account, &redirect, &state, &verifier)?;
    let code = tokio::select! {
        () = session.stop.cancelled() => return Err(Stopped.into()),
        code = consented(session, options, listener, &url, &state) => code?,
    };
    let user_type = if matches!(account.access, GhlAccess::Agency { .. }) { "Company" } else { "Location" };
    let granted = grant.app().exchange(&code, &redirect, &verifier, user_type).await.map_err(refused)?;
    refuse_other_place(account, &granted)?;
    let kept = grant.keep(granted).await?;
    let what = match &account.access {
        GhlAccess::Agency { name, .. } => format!("agency {name}"),
        GhlAccess::App(_) | GhlAccess::Token(_) => format!("pair {}, location {}", pair.name, account.location_id),
    };
    let missing = scopes_for(pair).into_iter().filter(|scope| !kept.scopes().iter().any(|known| known == scope));
    let missing: Vec<&str> = missing.collect();
    if !missing.is_empty() && !kept.scopes().is_empty() {
        output::complain(&session.say(&format!(
            "warning: the app was not given {}: add them to it in GHL's marketplace, and run this again\n",
            missing.join(", ")
        )));
    }
    if !session.global.quiet {
        let said = format!("{what}: let in; kept encrypted in {}. Next: concord check\n", path.display());
        output::print(&session.say(&said))?;
    }
    Ok(code::DONE)
}

/// The pair whose app is meant: the only one, or the one that is named. An agency's is named by any of its pairs.
fn chosen<'a>(session: &Session, config: &'a Config) -> anyhow::Result<(&'a Pair, &'a GhlAccount)> {
    let with_app = |pair: &&'a Pair| match &pair.accounts {
        Accounts::Real(accounts) if !matches!(accounts.ghl.access, GhlAccess::Token(_)) => true,
        Accounts::Real(_) | Accounts::Sandbox => false,
    };
    let named: Vec<&Pair> = pairs::selected(session, config)?.into_iter().filter(with_app).collect();
    let app = |pair: &'a Pair| match &pair.accounts {
        Accounts::Real(accounts) => Some((pair, &accounts.ghl)),
        Accounts::Sandbox => None,
    };
    let name = |pair: &&Pair| match app_name(pair) {
        Some(agency) => format!("agency-{agency}"),
        None => pair.name.clone(),
    };
    let mut apps: Vec<String> = named.iter().map(name).collect();
    apps.dedup();
    let usage = |message: &str, hint: String| anyhow::Error::new(Usage { message: message.to_owned(), hint });
    match (named.first().copied().and_then(app), apps.as_slice()) {
        (Some(chosen), [_]) => Ok(chosen),
        (Some((first, _)), _) => Err(usage(
            "several pairs are entered through apps, and one is let in at a time",
            format!("name one: concord auth ghl --pair {}", first.name),
        )),
        (None, _) => Err(usage(
            "no pair is entered through an app",
            "write oauth = { client_id = \"…\", client_secret = { env = \"GHL_CLIENT_SECRET\" }, key = { env = \"CONCORD_KEY\" } } in the place of its token".to_owned(),
        )),
    }
}

fn app_name(pair: &Pair) -> Option<&str> {
    match &pair.accounts {
        Accounts::Real(accounts) => match &accounts.ghl.access {
            GhlAccess::Agency { name, .. } => Some(name),
            GhlAccess::App(_) | GhlAccess::Token(_) => None,
        },
        Accounts::Sandbox => None,
    }
}

/// What nobody can guess: not from a seed.
fn chance() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| anyhow::anyhow!("this machine gives no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn consent_url(
    pair: &Pair,
    account: &GhlAccount,
    redirect: &str,
    state: &str,
    verifier: &str,
) -> anyhow::Result<String> {
    let (app, is_agency) = match &account.access {
        GhlAccess::App(app) => (app, false),
        GhlAccess::Agency { app, .. } => (app, true),
        GhlAccess::Token(_) => anyhow::bail!("pair {} is entered with a token", pair.name),
    };
    let page = match &app.authorize_url {
        Some(page) => page.clone(),
        None if account.base_url == GHL_URL => AUTHORIZE_URL.to_owned(),
        // Who answers in GHL's place has its page too.
        None => format!("{}/oauth/chooselocation", account.base_url),
    };
    let mut scopes = scopes_for(pair);
    if is_agency {
        scopes.insert("oauth.write");
    }
    let scopes: Vec<&str> = scopes.into_iter().collect();
    let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    let mut url = reqwest::Url::parse(&page)?;
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("redirect_uri", redirect),
        ("client_id", &app.client_id),
        ("scope", &scopes.join(" ")),
        ("state", state),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    Ok(url.into())
}

/// What comes back from GHL's page.
#[derive(Debug, Deserialize)]
struct Callback {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

struct Waiting {
    state: String,
    said: mpsc::Sender<Result<SecretString, String>>,
}

/// Shows the address, and waits for the code: from the redirect, or pasted where somebody is at a terminal.
async fn consented(
    session: &Session,
    options: &AuthGhlOptions,
    listener: TcpListener,
    url: &str,
    state: &str,
) -> anyhow::Result<SecretString> {
    let (said, mut heard) = mpsc::channel(4);
    let waiting = Arc::new(Waiting { state: state.to_owned(), said });
    let application = Router::new().route(CALLBACK, get(called_back)).with_state(Arc::clone(&waiting));
    let serving = tokio::spawn(async move { axum::serve(listener, application).await });
    if options.print_url {
        output::print(&format!("{url}\n"))?;
    } else {
        output::complain(&session.say(&format!("Let Concord into GHL on this page:\n{url}\n")));
        open_browser(url);
    }
    if std::io::stdin().is_terminal() && !session.global.no_input {
        output::complain(
            &session.say("On another machine: paste the address that the browser ends on, and press Enter.\n"),
        );
        std::thread::spawn(move || pasted(&waiting));
    }
    let ended = tokio::time::timeout(CONSENT, heard.recv()).await;
    // The page that says so is on its way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    serving.abort();
    match ended {
        Ok(Some(Ok(code))) => Ok(code),
        Ok(Some(Err(why))) => Err(anyhow::Error::new(OAuthError::Refused(why))),
        Ok(None) | Err(_) => anyhow::bail!("nobody consented within ten minutes; nothing was changed"),
    }
}

async fn called_back(
    State(waiting): State<Arc<Waiting>>,
    Query(callback): Query<Callback>,
) -> (StatusCode, Html<&'static str>) {
    match judged(&waiting.state, callback) {
        None => (StatusCode::BAD_REQUEST, Html("This answer belongs to no request of Concord's. Nothing was changed.")),
        Some(ended) => {
            let page = if ended.is_ok() {
                "Concord was let in. This window can be closed."
            } else {
                "Concord was not let in. The terminal says why."
            };
            // Nobody waits any more where this fails.
            let _ = waiting.said.send(ended).await;
            (StatusCode::OK, Html(page))
        }
    }
}

/// The code, or the refusal; `None` where it answers another request than ours.
fn judged(state: &str, callback: Callback) -> Option<Result<SecretString, String>> {
    if callback.state.as_deref() != Some(state) {
        return None;
    }
    let refusal = callback.error_description.or(callback.error);
    match (callback.code, refusal) {
        (Some(code), None) if !code.is_empty() => Some(Ok(SecretString::from(code))),
        (_, Some(why)) => Some(Err(format!("it says: {}", crate::report::visible(&why)))),
        _ => Some(Err("its page came back without a code".to_owned())),
    }
}

/// Reads addresses until one answers our request.
fn pasted(waiting: &Waiting) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let Ok(url) = reqwest::Url::parse(line.trim()) else {
            output::complain("That is no address: copy it whole, from http on.\n");
            continue;
        };
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let callback = Callback {
            code: value("code"),
            state: value("state"),
            error: value("error"),
            error_description: value("error_description"),
        };
        match judged(&waiting.state, callback) {
            Some(ended) => {
                // Nobody waits any more where this fails.
                let _ = waiting.said.blocking_send(ended);
                return;
            }
            None => output::complain("That address answers another request: open the page above once more.\n"),
        }
    }
}

/// The address stands on the terminal too, so that no browser is no mistake.
fn open_browser(url: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = std::process::Command::new(opener);
    command.arg(url).stdin(std::process::Stdio::null());
    let _ = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn();
}

fn refused(why: OAuthError) -> anyhow::Error {
    anyhow::Error::new(why)
}

/// What was consented to must be what the configuration names; else nothing is kept.
fn refuse_other_place(account: &GhlAccount, granted: &Granted) -> anyhow::Result<()> {
    let wanted = &account.location_id;
    match (&account.access, granted.location(), granted.company()) {
        (GhlAccess::Agency { .. }, None, Some(_)) => Ok(()),
        (GhlAccess::Agency { .. }, ..) => Err(anyhow::anyhow!(
            "the app was installed for a location, and this credential is the agency's: choose the agency on GHL's page. Nothing was kept"
        )),
        (_, Some(location), _) if location == wanted => Ok(()),
        (_, Some(location), _) => Err(anyhow::anyhow!(
            "the app was let into the location {location}, and the pair is for {wanted}: choose that one on GHL's page. Nothing was kept"
        )),
        (_, None, _) => Err(anyhow::anyhow!(
            "the app was installed for an agency, and the pair is for one location: write oauth = {{ agency = \"main\" }} and [agency.main]. Nothing was kept"
        )),
    }
}
