//! A run in a process of its own: its panic, its hanging and its memory are its own too.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::config::{Documents, ScheduledRun};
use crate::exit_code;
use crate::notify::Told;

/// The hidden command that runs a [`Turn`].
pub const COMMAND: &str = "turn";
/// A run says a few lines; more is a mistake, and not kept.
const LARGEST: u64 = 1024 * 1024;

/// What a run is given: one line of JSON on its stdin. When its stdin ends, it is to stop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Turn {
    /// The pair.
    pub pair: String,
    /// What is run.
    pub run: ScheduledRun,
    /// Whom it is about; nobody named: everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// The configuration as the daemon read it, whatever the file says by now.
    pub documents: Arc<Documents>,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A run. The largest first sync takes hours; a day is a hang.
    pub run: Duration,
    /// A run that was asked to stop, before it is killed.
    pub farewell: Duration,
}

/// What the daemon allows.
pub const LIMITS: Limits = Limits { run: Duration::from_hours(24), farewell: Duration::from_mins(1) };

/// Runs pairs.
pub trait Worker: Clone + Send + 'static {
    /// Runs a pair to its end, or until `stop`: then it finishes what is in flight and starts nothing further.
    fn run(&self, turn: Turn, stop: CancellationToken) -> impl Future<Output = Told> + Send;
}

/// Runs each pair in a process of this same program.
#[derive(Clone, Debug)]
pub struct Processes {
    /// What the daemon's own command line said of state, log and colours.
    pub arguments: Vec<OsString>,
}

impl Worker for Processes {
    async fn run(&self, turn: Turn, stop: CancellationToken) -> Told {
        let pair = turn.pair.clone();
        match self.process(&turn, stop).await {
            Ok(told) => told,
            Err(why) => Told::died(&pair, &why),
        }
    }
}

impl Processes {
    async fn process(&self, turn: &Turn, stop: CancellationToken) -> Result<Told, String> {
        let order = serde_json::to_string(turn).map_err(|why| why.to_string())?;
        let mut child = self.spawn().map_err(|why| format!("it could not be started: {why}"))?;
        let (Some(mut orders), Some(answer)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("it has no pipes".to_owned());
        };
        let (mut said, mut answer) = (Vec::new(), answer.take(LARGEST));
        let talk = async {
            // One that is gone already says so by its end.
            let _ = orders.write_all(format!("{order}\n").as_bytes()).await;
            stop.cancelled().await;
            drop(orders);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = talk => {}
            _ = answer.read_to_end(&mut said) => {}
        }
        let status = child.wait().await.map_err(|why| why.to_string())?;
        serde_json::from_slice(&said).map_err(|_| ending(status))
    }

    fn spawn(&self) -> std::io::Result<Child> {
        let mut command = Command::new(own_program()?);
        command
            .args(&self.arguments)
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            // What systemd tells and hears is between it and the daemon.
            .env_remove("NOTIFY_SOCKET")
            .env_remove("WATCHDOG_USEC");
        // Ctrl-C at a terminal is the daemon's to hear; it tells its runs.
        #[cfg(unix)]
        command.process_group(0);
        command.spawn()
    }
}

/// This program, also when its file was replaced by a newer one meanwhile.
pub(crate) fn own_program() -> std::io::Result<std::path::PathBuf> {
    let itself = std::path::Path::new("/proc/self/exe");
    if itself.exists() { Ok(itself.to_owned()) } else { std::env::current_exe() }
}

fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            return format!("signal {signal}");
        }
    }
    match status.code() {
        Some(code) => format!("exit code {code}, and nothing said"),
        None => "no exit code".to_owned(),
    }
}

/// A run that ends in any case: of itself, or because it took too long.
pub(super) async fn contained<W: Worker>(worker: W, turn: Turn, stop: CancellationToken, limits: Limits) -> Told {
    let pair = turn.pair.clone();
    let run = worker.run(turn, stop.clone());
    tokio::pin!(run);
    tokio::select! {
        told = &mut run => return told,
        () = sleep(limits.run) => {}
    }
    warn!(pair, "the run is stopped: it took longer than {} hours", limits.run.as_secs() / 3_600);
    stop.cancel();
    // Its end comes too late to count; that it is over is what is waited for.
    let _ = timeout(limits.farewell, run).await;
    let why = format!("the run was stopped: it took longer than {} hours", limits.run.as_secs() / 3_600);
    Told::failed(&pair, exit_code::FAILED, &why)
}
