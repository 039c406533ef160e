//! The command line: one file per command. The only room that prints, and the one that turns errors into a message, a
//! hint and an exit code.

mod access;
mod arguments;
mod auth;
mod check;
mod clients;
mod completions;
mod config;
mod conflicts;
mod credentials;
mod daemon;
mod delivery;
mod environment;
mod explain;
mod export;
mod held;
mod history;
mod init;
mod interrupt;
mod kept_reports;
mod link_standing;
mod links;
mod man;
mod masking;
mod memory;
mod operations;
mod output;
mod pair_result;
mod pairs;
mod person;
mod plan;
mod progress;
mod quarantine;
mod sandbox;
mod shard;
mod shared;
mod status;
mod sync;
mod terminal;
mod told;
mod turn;
mod undo;
mod usage;
mod waiting;
mod whom;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arguments::{Arguments, Command, Global, LogFormat};
use clap::Parser;
use clap::error::ErrorKind;
use progress::Bars;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Language, Overrides};
use crate::crm::Secrets;
pub use crate::exit_code as code;
use crate::report::language::{Messages, messages};

/// How long the end of the process waits for what must be finished.
const ERRANDS: Duration = Duration::from_secs(90);

/// What every command is given.
struct Session {
    global: Global,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    /// For jitter: another one in every process.
    seed: u64,
    progress: Bars,
    /// What must be in no text that comes from outside; read when it is first needed.
    secrets: OnceLock<Secrets>,
    /// What lets pairs in through apps.
    grants: access::Grants,
    /// The language of the person, once it is known.
    language: OnceLock<Language>,
    /// What hid nothing else, and is said when all else is.
    last: Mutex<Vec<anyhow::Error>>,
}

impl Session {
    /// The configuration, read and validated.
    fn config(&self) -> anyhow::Result<Config> {
        let config = Config::load(&self.global.config, &Overrides { state_dir: self.global.state_dir.clone() })?;
        self.speak(config.report.language);
        Ok(config)
    }

    /// Reports an error once the command has printed what it could; the exit code is this error's, where it is worse.
    fn report_last(&self, error: anyhow::Error) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    }

    /// What was to be reported last; the exit code of it all.
    fn ended(&self, code: u8) -> u8 {
        let last = std::mem::take(&mut *self.last.lock().unwrap_or_else(PoisonError::into_inner));
        let mut said = BTreeSet::new();
        // A command may look twice.
        let news = last.iter().filter(|error| said.insert(format!("{error:#}")));
        let codes: Vec<u8> = news.map(|error| explain::print(error, self.words())).collect();
        code::worst(codes.into_iter().chain([code]))
    }

    /// What is said from now on is said in this language.
    fn speak(&self, language: Language) {
        // The first one stays: a command reads one configuration.
        let _ = self.language.set(language);
    }

    fn words(&self) -> &'static dyn Messages {
        messages(self.language.get().copied().unwrap_or_default())
    }

    /// A sentence that was made in English, in the person's language.
    fn say(&self, english: &str) -> String {
        self.words().say(english)
    }

    /// A word or a heading that stands alone.
    fn word(&self, english: &'static str) -> &'static str {
        self.words().word(english)
    }
}

/// Runs the command line and says the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let words: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&words) {
        Ok(arguments) => arguments,
        Err(error) => {
            if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
                // Nothing can be done where even this cannot be printed.
                let _ = error.print();
                return code::DONE;
            }
            explain::print_usage(&error, &words);
            return code::CONFIGURATION;
        }
    };
    memory::keep_from_dumps();
    let bars = Bars::new(&arguments.global);
    // The daemon says what it does unasked: nobody watches it, and its log is all there is.
    start_log(&arguments.global, bars.clone(), matches!(arguments.command, Command::Daemon));
    // A panic is a failure like any other: exit code 1, and the journal knows what was under way.
    catch_unwind(AssertUnwindSafe(|| run(arguments, bars))).unwrap_or(code::FAILED)
}

/// Why these words are no command line of ours; nothing is run. `None`: they are one, or ask for help.
#[must_use]
pub fn refusal(arguments: impl IntoIterator<Item = OsString>) -> Option<String> {
    let refused = Arguments::try_parse_from(arguments).err()?;
    let helps = matches!(refused.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    (!helps).then(|| refused.to_string())
}

fn run(arguments: Arguments, progress: Bars) -> u8 {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return explain::print(&anyhow::Error::new(error).context("cannot start"), messages(Language::English));
        }
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let seed = clock.now().as_microsecond().unsigned_abs() ^ (u64::from(std::process::id()) << 32);
    let session = Session {
        global: arguments.global,
        clock,
        stop: CancellationToken::new(),
        seed,
        progress,
        secrets: OnceLock::new(),
        grants: access::Grants::default(),
        language: OnceLock::new(),
        last: Mutex::default(),
    };
    let done = runtime.block_on(async {
        interrupt::watch(session.stop.clone());
        match arguments.command {
            Command::Init(options) => init::run(&session, &options).await,
            Command::Plan(options) => plan::run(&session, &options).await,
            Command::Sync(options) => sync::run(&session, &options).await,
            Command::Undo(options) => undo::run(&session, &options).await,
            Command::Auth(options) => auth::run(&session, &options).await,
            Command::Check(options) => check::run(&session, &options).await,
            Command::Daemon => daemon::run(&session).await,
            Command::Turn => turn::run(&session).await,
            Command::Status(options) => status::run(&session, &options),
            Command::History(options) => history::run(&session, &options),
            Command::Config(options) => config::run(&session, &options.command),
            Command::Explain(options) => person::run(&session, &options).await,
            Command::Held(options) => held::run(&session, &options),
            Command::Conflicts(options) => conflicts::run(&session, &options).await,
            Command::Quarantine(options) => quarantine::run(&session, &options),
            Command::Links(options) => links::run(&session, &options).await,
            Command::Export(options) => export::run(&session, &options),
            Command::Operations(options) => operations::run(&session, &options),
            Command::Sandbox(options) => sandbox::run(&session, &options).await,
            Command::Completions(options) => completions::run(&options),
            Command::Man(options) => man::run(&options),
        }
    });
    // A token that is being renewed is kept first: what it replaces is used up.
    session.grants.errands.close();
    let _ = runtime.block_on(async { tokio::time::timeout(ERRANDS, session.grants.errands.wait()).await });
    // A question that nobody answers any more is not waited for.
    runtime.shutdown_background();
    session.ended(done.unwrap_or_else(|error| explain::print(&error, session.words())))
}

fn start_log(global: &Global, bars: Bars, says_what_it_does: bool) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) if says_what_it_does => "warn,concord=info",
        (false, 0) => "warn",
        (false, 1) => "info,concord=info,tokio_cron_scheduler=warn",
        (false, 2) => "info,concord=debug,tokio_cron_scheduler=warn",
        (false, _) => "debug,concord=trace",
    };
    let filter = EnvFilter::try_from_env("CONCORD_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(bars);
    // Where stderr is closed there is nobody to tell.
    let builder = builder.log_internal_errors(false);
    // A second start in one process (tests) keeps the first one's settings.
    let _ = match global.log_format {
        LogFormat::Text => builder.with_target(false).with_ansi(output::colour_on_stderr(global)).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_span_list(false).try_init(),
    };
}
