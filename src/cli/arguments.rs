//! What the command line takes.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::reconcile::Mode;

/// Keeps Cliengo and GoHighLevel telling the same story about every customer.
#[derive(Debug, Parser)]
#[command(
    name = "concord",
    version,
    after_help = "Exit codes: 0 done · 1 failed · 2 operations pending (plan --detailed-exitcode) · 3 a person is needed\n\
    \x20           4 refused by a guard · 5 saved plan stale · 10 configuration · 11 locked · 12 credentials · 130 interrupted"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// The configuration
    #[arg(long, global = true, value_name = "PATH", env = "CONCORD_CONFIG", default_value = "schedules.toml")]
    pub config: PathBuf,
    /// Where state is kept, instead of what the configuration says
    #[arg(long, global = true, value_name = "PATH")]
    pub state_dir: Option<PathBuf>,
    /// Only this pair; may be given again
    #[arg(long = "pair", global = true, value_name = "NAME")]
    pub pairs: Vec<String>,
    /// The form of the log on stderr
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// Say more on stderr; again for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Print nothing on exit code 0, at most ten lines otherwise
    #[arg(long, global = true)]
    pub quiet: bool,
    /// Colours
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub color: Color,
    /// No progress on stderr
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Never ask, even on a terminal
    #[arg(long, global = true)]
    pub no_input: bool,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for a person
    Text,
    /// One JSON object per line
    Json,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The form of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For a person
    #[default]
    Text,
    /// For a program
    Json,
}

/// How the sides are compared.
pub(super) fn mode(full: bool, rebuild: bool) -> Mode {
    match (full, rebuild) {
        (_, true) => Mode::Rebuild,
        (true, false) => Mode::Full,
        (false, false) => Mode::Incremental,
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what a sync would do; nothing is written
    Plan(PlanOptions),
    /// Make both CRMs agree
    Sync(SyncOptions),
    /// Validate the configuration, and ask both CRMs
    Check(CheckOptions),
    /// Show each pair: last run, links, what waits
    Status(ListOptions),
    /// Show the runs, or one run in full
    History(HistoryOptions),
    /// Take back what a run wrote, on both sides
    Undo(UndoOptions),
    /// The embedded CRMs: serve, edit, reset, dump
    Sandbox(SandboxOptions),
}

/// `plan`
#[derive(Debug, Args)]
pub(super) struct PlanOptions {
    /// Compare everything, also the two sides of every link with each other
    #[arg(long)]
    pub full: bool,
    /// The state was lost or is damaged: link both sides anew, as in a first sync
    #[arg(long, conflicts_with = "full")]
    pub rebuild: bool,
    /// The form of the report
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Write the report to a file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Save the plan for `sync --plan`
    #[arg(long, value_name = "FILE", conflicts_with = "rebuild")]
    pub save: Option<PathBuf>,
    /// Exit with 2 when operations are pending, 3 when a person is needed
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// `sync`
#[derive(Debug, Args)]
pub(super) struct SyncOptions {
    /// Compare everything, also the two sides of every link with each other
    #[arg(long)]
    pub full: bool,
    /// The state was lost or is damaged: link both sides anew, delete nothing; needs --approve. The old state is set aside
    #[arg(long, conflicts_with = "full")]
    pub rebuild: bool,
    /// Apply exactly the plan that `plan --save` wrote; refuse it when stale
    #[arg(long, value_name = "FILE", conflicts_with_all = ["full", "rebuild"])]
    pub plan: Option<PathBuf>,
    /// Let this one plan pass the guards that stopped it
    #[arg(long, value_name = "PLAN_ID")]
    pub approve: Option<String>,
    /// With --approve: this side may be empty, e.g. ghl:contact
    #[arg(long, value_name = "SIDE:KIND", value_parser = side_and_kind)]
    pub allow_empty: Vec<String>,
    /// The form of the report
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Write the report to a file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

fn side_and_kind(given: &str) -> Result<String, String> {
    use crate::record::{Kind, Side};
    let known: Vec<String> =
        Side::BOTH.iter().flat_map(|side| Kind::ALL.iter().map(move |kind| format!("{side}:{kind}"))).collect();
    if known.iter().any(|name| name == given) {
        Ok(given.to_owned())
    } else {
        Err(format!("one of {}", known.join(", ")))
    }
}

/// `check`
#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    /// Only the configuration; no request
    #[arg(long)]
    pub offline: bool,
    /// The form of the result
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `status`
#[derive(Debug, Args)]
pub(super) struct ListOptions {
    /// The form of the result
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `history`
#[derive(Debug, Args)]
pub(super) struct HistoryOptions {
    /// A run, to show in full
    #[arg(value_name = "RUN")]
    pub run: Option<i64>,
    /// The form of the result
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `undo`
#[derive(Debug, Args)]
pub(super) struct UndoOptions {
    /// The run, as `history` numbers it
    #[arg(value_name = "RUN")]
    pub run: i64,
    /// Show what it would do; nothing is written
    #[arg(long, conflicts_with_all = ["approve", "allow_empty"])]
    pub dry_run: bool,
    /// Let this one plan pass the guards that stopped it
    #[arg(long, value_name = "PLAN_ID")]
    pub approve: Option<String>,
    /// With --approve: this side may be empty, e.g. ghl:contact
    #[arg(long, value_name = "SIDE:KIND", value_parser = side_and_kind)]
    pub allow_empty: Vec<String>,
    /// The form of the report
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Write the report to a file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `sandbox`
#[derive(Debug, Args)]
pub(super) struct SandboxOptions {
    #[command(subcommand)]
    pub command: SandboxCommand,
}

/// The sandbox's commands.
#[derive(Debug, Subcommand)]
pub(super) enum SandboxCommand {
    /// Serve both CRMs until interrupted
    Serve(ServeOptions),
    /// Change records as people would, in a sandbox pair's own CRMs
    Edit(EditOptions),
    /// Put a sandbox pair's CRMs back to their seed
    Reset,
    /// Print everything in a sandbox pair's CRMs as JSON
    Dump,
}

/// `sandbox serve`
#[derive(Debug, Args)]
pub(super) struct ServeOptions {
    /// People to make up
    #[arg(long, default_value_t = 40)]
    pub contacts: usize,
    /// The seed that all of them follow from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8410")]
    pub listen: SocketAddr,
    /// Which Cliengo: legacy (as documented) or extended
    #[arg(long, default_value = "extended")]
    pub profile: String,
    /// GHL's limits: real or off
    #[arg(long, default_value = "real")]
    pub rate_limit: String,
    /// What goes wrong, e.g. "html@ghl#3,toomany%0.05"
    #[arg(long, default_value = "")]
    pub faults: String,
    /// Keep the CRMs in this file; without it they are gone with the process
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
}

/// `sandbox edit`
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct EditOptions {
    /// Make this many edits at random
    #[arg(long, value_name = "N")]
    pub random: Option<usize>,
    /// Make the edits of this file, one JSON object per line
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
}
