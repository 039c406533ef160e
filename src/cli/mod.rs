//! The command line: one file per command. The only room that prints, and the one that turns errors into a message, a
//! hint and an exit code.

mod arguments;
mod check;
mod clients;
mod explain;
mod history;
mod interrupt;
mod memory;
mod output;
mod pairs;
mod plan;
mod sandbox;
mod status;
mod sync;
mod undo;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arguments::{Arguments, Command, Global, LogFormat};
use clap::Parser;
use clap::error::ErrorKind;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Overrides};

/// Exit codes, stable: scripts and schedulers act on them alone.
pub mod code {
    /// Done, or shown.
    pub const DONE: u8 = 0;
    /// Failed: nothing or not all could be attempted.
    pub const FAILED: u8 = 1;
    /// Operations are pending (`plan --detailed-exitcode`).
    pub const PENDING: u8 = 2;
    /// Finished, but a person is needed, or something did not get through.
    pub const PERSON: u8 = 3;
    /// Refused by a guard; nothing was written.
    pub const REFUSED: u8 = 4;
    /// The saved plan is stale; nothing was written.
    pub const STALE: u8 = 5;
    /// The configuration or the command line is wrong; no request was made.
    pub const CONFIGURATION: u8 = 10;
    /// Another run holds the lock.
    pub const LOCKED: u8 = 11;
    /// A CRM refused the credentials.
    pub const CREDENTIALS: u8 = 12;
    /// Interrupted.
    pub const INTERRUPTED: u8 = 130;
}

/// What every command is given.
struct Session {
    global: Global,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    /// For jitter: another one in every process.
    seed: u64,
}

impl Session {
    /// The configuration, read and validated.
    fn config(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.global.config, &Overrides { state_dir: self.global.state_dir.clone() })?)
    }
}

/// Runs the command line and says the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing can be done where even this cannot be printed.
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { code::DONE } else { code::CONFIGURATION };
        }
    };
    memory::keep_from_dumps();
    start_log(&arguments.global);
    // A panic is a failure like any other: exit code 1, and the journal knows what was under way.
    catch_unwind(AssertUnwindSafe(|| run(arguments))).unwrap_or(code::FAILED)
}

fn run(arguments: Arguments) -> u8 {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return explain::print(&anyhow::Error::new(error).context("cannot start")),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let seed = clock.now().as_microsecond().unsigned_abs() ^ (u64::from(std::process::id()) << 32);
    let session = Session { global: arguments.global, clock, stop: CancellationToken::new(), seed };
    let done = runtime.block_on(async {
        interrupt::watch(session.stop.clone());
        match arguments.command {
            Command::Plan(options) => plan::run(&session, &options).await,
            Command::Sync(options) => sync::run(&session, &options).await,
            Command::Undo(options) => undo::run(&session, &options).await,
            Command::Check(options) => check::run(&session, &options).await,
            Command::Status(options) => status::run(&session, &options),
            Command::History(options) => history::run(&session, &options),
            Command::Sandbox(options) => sandbox::run(&session, &options).await,
        }
    });
    done.unwrap_or_else(|error| explain::print(&error))
}

fn start_log(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info,concord=info",
        (false, 2) => "info,concord=debug",
        (false, _) => "debug,concord=trace",
    };
    let filter = EnvFilter::try_from_env("CONCORD_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first one's settings.
    let _ = match global.log_format {
        LogFormat::Text => builder.with_target(false).with_ansi(output::colour_on_stderr(global)).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
