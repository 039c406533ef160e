//! `daemon`: the schedules, until it is asked to end.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use super::arguments::{Color, Global, LogFormat};
use super::environment::environment;
use super::usage::Usage;
use super::{Session, clients, code, pairs};
use crate::config::{self, Config, Overrides};
use crate::notify::Notifier;
use crate::run::RunError;
use crate::schedule::{Board, Daemon, Heartbeat, LIMITS, Processes, Reload, Settings, own_program};
use crate::serve::{Commands, Ended, Hooks, Status};
use crate::state::{DAEMON, Ledger, PairLock};

pub(super) async fn run(session: &Session) -> anyhow::Result<u8> {
    let settings = load(session)?;
    let config = Arc::clone(&settings.config);
    let reach = config.daemon.clone();
    let token = reach.token.as_ref().map(|token| token.resolve(&environment)).transpose()?;
    let hooks = reach.hooks.as_ref().map(|hooks| hooks.resolve(&environment)).transpose()?;
    // One daemon per folder of states; the lock goes with the process.
    let _lock = PairLock::take(&config.state_dir, DAEMON, session.clock.now()).map_err(RunError::Lock)?;
    let listener = match reach.listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let ledger = Ledger::open(&Ledger::path_of(&config.state_dir))?;
    let worker = Processes { arguments: arguments(&session.global) };
    let daemon = Daemon::new(settings, worker, Arc::clone(&session.clock), ledger, session.seed, LIMITS)?;
    let board = daemon.board();
    let hooks = hooks.map(|secret| Hooks::new(&secret, daemon.hints()));
    let (heartbeat, beats) = Heartbeat::start().await.context("the heartbeat cannot be started")?;
    if let Some(listener) = listener {
        serve(session, &board, listener, token.as_ref(), hooks)?;
    }
    // Before systemd hears that all is ready: a signal that nobody handles would end the process.
    let hangups = Hangups::listen().context("cannot listen for SIGHUP")?;
    let (send, reloads) = mpsc::channel(1);
    let work = daemon.run(beats, reloads, session.stop.clone());
    tokio::select! {
        () = work => {}
        never = reload_on(hangups, session, &config, &send) => match never {},
    }
    heartbeat.stop().await;
    Ok(code::DONE)
}

/// Reads and checks all that a daemon needs, secrets too: what is missing is said now, and not at three in the morning.
fn load(session: &Session) -> anyhow::Result<Settings> {
    let overrides = Overrides { state_dir: session.global.state_dir.clone() };
    let (config, documents) = Config::load_with_documents(&session.global.config, &overrides)?;
    let selected = pairs::selected(session, &config)?;
    if config.schedules.is_empty() {
        let message =
            format!("there is no [[schedule]] in {}, so the daemon has nothing to run", config.path.display());
        let hint = "add one: name = \"nightly\", cron = \"0 3 * * *\", timezone = \"America/Argentina/Buenos_Aires\"";
        return Err(Usage { message, hint: hint.to_owned() }.into());
    }
    for pair in &selected {
        clients::check_secrets(session, &config, pair)?;
        clients::check_folder(&config.state_dir, pair)?;
    }
    let notifier = Notifier::new(&config.notify, config.report.language, &environment)?;
    let pairs = selected.iter().map(|pair| pair.name.clone()).collect();
    Ok(Settings { pairs, config: Arc::new(config), documents: Arc::new(documents), notifier: Arc::new(notifier) })
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}, which `daemon.listen` names"))
}

fn serve(
    session: &Session,
    board: &Arc<Board>,
    listener: TcpListener,
    token: Option<&SecretString>,
    hooks: Option<Hooks>,
) -> anyhow::Result<()> {
    let address = listener.local_addr().context("cannot listen")?;
    info!("status on http://{address}/, /healthz and /metrics");
    let mut arguments = arguments(&session.global);
    arguments.extend(["--config".into(), session.global.config.clone().into(), "--color".into(), "never".into()]);
    let commands = Arc::new(OwnCommands { arguments });
    let status = Status::new(Arc::clone(board), Arc::clone(&session.clock), token, commands).with_hooks(hooks);
    tokio::spawn(async move {
        if let Err(why) = status.serve(listener).await {
            error!("the status is not served any more: {why}");
        }
    });
    Ok(())
}

/// Commands of this same program, as a person would type them.
#[derive(Debug)]
struct OwnCommands {
    arguments: Vec<OsString>,
}

#[async_trait]
impl Commands for OwnCommands {
    async fn run(&self, arguments: Vec<String>) -> std::io::Result<Ended> {
        let mut command = tokio::process::Command::new(own_program()?);
        command.args(&self.arguments).args(arguments).env("NO_COLOR", "1").stdin(Stdio::null());
        command.env_remove("NOTIFY_SOCKET").env_remove("WATCHDOG_USEC");
        #[cfg(unix)]
        command.process_group(0);
        let output = command.output().await?;
        let said = [output.stdout, output.stderr].concat();
        Ok(Ended { code: output.status.code(), said: String::from_utf8_lossy(&said).into_owned() })
    }
}

/// What a run is told of this command line. The configuration goes to it as it was read.
fn arguments(global: &Global) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    if let Some(state_dir) = &global.state_dir {
        arguments.extend(["--state-dir".into(), state_dir.clone().into()]);
    }
    if global.log_format == LogFormat::Json {
        arguments.extend(["--log-format".into(), "json".into()]);
    }
    match global.color {
        Color::Auto => {}
        Color::Always => arguments.extend(["--color".into(), "always".into()]),
        Color::Never => arguments.extend(["--color".into(), "never".into()]),
    }
    arguments.extend(std::iter::repeat_n("--verbose".into(), usize::from(global.verbose)));
    if global.quiet {
        arguments.push("--quiet".into());
    }
    arguments
}

fn stays(old: &Config, new: &Config) -> anyhow::Result<()> {
    if old.state_dir != new.state_dir {
        let message = "`state_dir` cannot change while the daemon runs".to_owned();
        return Err(Usage { message, hint: "restart it".to_owned() }.into());
    }
    let source = |secret: &Option<config::Secret>| secret.as_ref().map(|secret| secret.source.clone());
    let reach = |daemon: &config::Daemon| (daemon.listen, source(&daemon.token), source(&daemon.hooks));
    if reach(&old.daemon) != reach(&new.daemon) {
        warn!("`daemon.listen`, `daemon.token` and `daemon.hooks` take effect at the next start");
    }
    Ok(())
}

async fn reload_on(
    mut hangups: Hangups,
    session: &Session,
    old: &Config,
    reloads: &mpsc::Sender<Reload>,
) -> std::convert::Infallible {
    loop {
        hangups.next().await;
        let loaded = load(session).and_then(|settings| stays(old, &settings.config).map(|()| settings));
        // The loop takes it until it ends, and then nothing is to be reloaded.
        let _ = reloads.send(loaded.map_err(|why| format!("{why:#}"))).await;
    }
}

/// SIGHUP, where there are signals.
struct Hangups {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Hangups {
    #[cfg(unix)]
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { signal: signal(SignalKind::hangup())? })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        if self.signal.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "as where there are signals")]
    fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        std::future::pending::<()>().await;
    }
}
