//! What the command line takes.
//! Long, since every flag of every command stands here, as its help shows it.

mod examples;
mod waiting;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use examples::{
    AUTH, CHECK, COMPLETIONS, CONFIG, CONFLICTS, DAEMON, EXPLAIN, EXPORT, HELD, HISTORY, INIT, LINKS, MAN, OPERATIONS,
    PLAN, QUARANTINE, SANDBOX, STATUS, SYNC, UNDO, WHOLE,
};
pub(super) use waiting::{
    ConflictsCommand, ConflictsOptions, HeldCommand, HeldOptions, LinksCommand, LinksOptions, QuarantineCommand,
    QuarantineOptions,
};

use super::shard::Shard;
use crate::config::Language;
use crate::reconcile::Mode;
use crate::record::Kind;

/// Keeps contacts, tags, tasks and notes of Cliengo and GoHighLevel (GHL) in step.
#[derive(Debug, Parser)]
#[command(
    name = "concord",
    version,
    after_help = WHOLE
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// The command that these words ask for, as far as there is one: `concord held ack`.
    pub(super) fn asked(words: &[OsString]) -> String {
        let mut command = Self::command();
        let mut asked = command.get_name().to_owned();
        for word in words.iter().skip(1).filter_map(|word| word.to_str()) {
            let Some(next) = command.find_subcommand(word).filter(|next| !next.is_hide_set()).cloned() else { break };
            asked.push_str(&format!(" {word}"));
            command = next;
        }
        asked
    }
}

/// Under which the flags stand that every command takes.
const EVERYWHERE: &str = "Everywhere";

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// The configuration
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "PATH", env = "CONCORD_CONFIG", default_value = "schedules.toml")]
    pub config: PathBuf,
    /// Where state is kept, instead of what the configuration says
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "PATH")]
    pub state_dir: Option<PathBuf>,
    /// Only this pair; may be given again
    #[arg(long = "pair", global = true, help_heading = EVERYWHERE, value_name = "NAME")]
    pub pairs: Vec<String>,
    /// The form of the log on stderr
    #[arg(long, global = true, help_heading = EVERYWHERE, value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// Say more on stderr; again for more
    #[arg(short, long, global = true, help_heading = EVERYWHERE, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Print nothing on exit code 0, at most ten lines otherwise
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub quiet: bool,
    /// Colours
    #[arg(long, global = true, help_heading = EVERYWHERE, value_enum, default_value = "auto")]
    pub color: Color,
    /// No progress on stderr
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub no_progress: bool,
    /// Never ask, even on a terminal
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub no_input: bool,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    // Lines for a person
    Text,
    // One JSON object per line
    Json,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    // On a terminal, unless `NO_COLOR` is set
    Auto,
    // Always
    Always,
    // Never
    Never,
}

/// The form of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    // For a person
    #[default]
    Text,
    // For a program
    Json,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    // For a person at a terminal
    #[default]
    Text,
    // For a program
    Json,
    // For a ticket or a message
    Markdown,
    // For a browser: one page that needs nothing else
    Html,
    // For a spreadsheet: a row for each field
    Csv,
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
    /// Write a first schedules.toml: asks, or takes flags
    #[command(after_help = INIT)]
    Init(InitOptions),
    /// Show what a sync would do; nothing is written
    #[command(after_help = PLAN)]
    Plan(PlanOptions),
    /// Make both CRMs agree
    #[command(after_help = SYNC)]
    Sync(SyncOptions),
    /// Let Concord into GHL through an app (OAuth)
    #[command(after_help = AUTH)]
    Auth(AuthOptions),
    /// Validate the configuration, and ask both CRMs
    #[command(after_help = CHECK)]
    Check(CheckOptions),
    /// Run the schedules until SIGTERM; SIGHUP reloads
    #[command(after_help = DAEMON)]
    Daemon,
    /// Show each pair: last run, next run, links, what waits
    #[command(after_help = STATUS)]
    Status(ListOptions),
    /// Show the runs, or one run in full
    #[command(after_help = HISTORY)]
    History(HistoryOptions),
    /// All that is known of one person, and what the next run would do
    #[command(after_help = EXPLAIN)]
    Explain(ExplainOptions),
    /// What waits for a person: both sides, why, and what settles it
    #[command(after_help = HELD)]
    Held(HeldOptions),
    /// Fields that both sides changed and that wait for your choice
    #[command(after_help = CONFLICTS)]
    Conflicts(ConflictsOptions),
    /// Operations that keep failing
    #[command(after_help = QUARANTINE)]
    Quarantine(QuarantineOptions),
    /// Who is linked with whom
    #[command(after_help = LINKS)]
    Links(LinksOptions),
    /// The schema of schedules.toml, and the settings in force
    #[command(after_help = CONFIG)]
    Config(ConfigOptions),
    /// Write the schedules for systemd, cron or Kubernetes
    #[command(after_help = EXPORT)]
    Export(ExportOptions),
    /// Take back what a run wrote, on both sides
    #[command(after_help = UNDO)]
    Undo(UndoOptions),
    /// Every operation of both APIs: used for what, or why not
    #[command(after_help = OPERATIONS)]
    Operations(ListOptions),
    /// The embedded CRMs: serve, edit, reset, dump
    #[command(after_help = SANDBOX)]
    Sandbox(SandboxOptions),
    /// Print what a shell needs to complete commands and flags
    #[command(after_help = COMPLETIONS)]
    Completions(CompletionsOptions),
    /// Print the manual page, or write a page for each command
    #[command(after_help = MAN)]
    Man(ManOptions),
    /// One pair's run, for the daemon
    #[command(hide = true)]
    Turn,
}

/// A language of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Spoken {
    /// English
    En,
    /// Spanish
    Es,
}

impl From<Spoken> for Language {
    fn from(spoken: Spoken) -> Self {
        match spoken {
            Spoken::En => Self::English,
            Spoken::Es => Self::Spanish,
        }
    }
}

/// `init`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line, read by name")]
pub(super) struct InitOptions {
    /// A pair with both CRMs embedded: no account, no network
    #[arg(long, conflicts_with_all = ["cliengo_key_env", "cliengo_key_file", "cliengo_key_stdin", "website_id", "location_id", "ghl_token_env", "ghl_token_file", "ghl_token_stdin"])]
    pub sandbox: bool,
    /// Cliengo's API key is in this environment variable, tonight and every night
    #[arg(long, value_name = "NAME", group = "cliengo_key")]
    pub cliengo_key_env: Option<String>,
    /// Cliengo's API key is in this file (mode 0600)
    #[arg(long, value_name = "PATH", group = "cliengo_key")]
    pub cliengo_key_file: Option<PathBuf>,
    /// Cliengo's API key is the next line of stdin; it is kept in a file of mode 0600
    #[arg(long, group = "cliengo_key")]
    pub cliengo_key_stdin: bool,
    /// The Cliengo website under which contacts are created; omitted: the only one there is
    #[arg(long, value_name = "ID")]
    pub website_id: Option<String>,
    /// The GHL location (sub-account)
    #[arg(long, value_name = "ID")]
    pub location_id: Option<String>,
    /// GHL's private integration token is in this environment variable
    #[arg(long, value_name = "NAME", group = "ghl_token")]
    pub ghl_token_env: Option<String>,
    /// GHL's private integration token is in this file (mode 0600)
    #[arg(long, value_name = "PATH", group = "ghl_token")]
    pub ghl_token_file: Option<PathBuf>,
    /// GHL's private integration token is the next line of stdin; it is kept in a file of mode 0600
    #[arg(long, group = "ghl_token")]
    pub ghl_token_stdin: bool,
    /// The country of phones without one, such as AR; omitted: the GHL location's
    #[arg(long, value_name = "CODE")]
    pub region: Option<String>,
    /// When it runs, as a cron line with five fields
    #[arg(long, value_name = "CRON", default_value = "0 3 * * *")]
    pub cron: String,
    /// The language of reports, pages and notices, and of these questions
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<Spoken>,
    /// Where secrets that are typed or piped in are kept; omitted: `secrets`, beside the configuration
    #[arg(long, value_name = "DIR")]
    pub secrets_dir: Option<PathBuf>,
    /// Write over a configuration that is there; the old one is moved to another name
    #[arg(long)]
    pub force: bool,
    /// Another address of Cliengo's API
    #[arg(long, value_name = "URL", hide = true, default_value = crate::config::CLIENGO_URL)]
    pub cliengo_url: String,
    /// Another address of GHL's API
    #[arg(long, value_name = "URL", hide = true, default_value = crate::config::GHL_URL)]
    pub ghl_url: String,
}

/// `plan`
#[derive(Debug, Args)]
pub(super) struct PlanOptions {
    /// Compare everything, also the two sides of every link with each other
    #[arg(long)]
    pub full: bool,
    /// The state was lost or is damaged: link both sides again, as in a first sync
    #[arg(long, conflicts_with = "full")]
    pub rebuild: bool,
    /// Only this person, by id, e-mail or phone, with their tasks and notes; may be given again
    #[arg(long, value_name = "ID|E-MAIL", conflicts_with_all = ["full", "rebuild", "save"])]
    pub contact: Vec<String>,
    /// The form of the report
    #[arg(long, value_enum, default_value = "text")]
    pub format: ReportFormat,
    /// Write the report to a file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Save the plan for `sync --plan`
    #[arg(long, value_name = "FILE", conflicts_with = "rebuild")]
    pub save: Option<PathBuf>,
    /// Only part K of N of the pairs, from 0/N on: each pair is in one part, and in the same one every time
    #[arg(long, value_name = "K/N", value_parser = Shard::parse)]
    pub shard: Option<Shard>,
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
    /// The state was lost or is damaged: link both sides again, delete nothing; needs --approve. The old state is moved to NAME.db.aside-TIME
    #[arg(long, conflicts_with = "full")]
    pub rebuild: bool,
    /// Only this person, by id, e-mail or phone, with their tasks and notes; may be given again. Exits with 4 before the
    /// first sync, which is of everybody
    #[arg(long, value_name = "ID|E-MAIL", conflicts_with_all = ["full", "rebuild", "plan"])]
    pub contact: Vec<String>,
    /// Apply exactly the plan that `plan --save` wrote; refuse it when stale
    #[arg(long, value_name = "FILE", conflicts_with_all = ["full", "rebuild"])]
    pub plan: Option<PathBuf>,
    /// Let this one plan pass the guards that stopped it
    #[arg(long, value_name = "PLAN_ID", value_parser = plan_id)]
    pub approve: Option<String>,
    /// With --approve: this side may be empty, e.g. ghl:contact
    #[arg(long, value_name = "SIDE:KIND", value_parser = side_and_kind)]
    pub allow_empty: Vec<String>,
    /// Only part K of N of the pairs, from 0/N on: each pair is in one part, and in the same one every time
    #[arg(long, value_name = "K/N", value_parser = Shard::parse)]
    pub shard: Option<Shard>,
    /// The form of the report
    #[arg(long, value_enum, default_value = "text")]
    pub format: ReportFormat,
    /// Write the report to a file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

fn plan_id(given: &str) -> Result<String, String> {
    let is_id = given.len() == 16 && given.chars().all(|letter| letter.is_ascii_hexdigit());
    let said = "it is no plan's id: one has 16 hexadecimal digits, and stands in the second line of a plan";
    if is_id { Ok(given.to_ascii_lowercase()) } else { Err(said.to_owned()) }
}

fn side_and_kind(given: &str) -> Result<String, String> {
    use crate::record::Side;
    let known: Vec<String> =
        Side::BOTH.iter().flat_map(|side| Kind::ALL.iter().map(move |kind| format!("{side}:{kind}"))).collect();
    if known.iter().any(|name| name == given) {
        Ok(given.to_owned())
    } else {
        Err(format!("one of {}", known.join(", ")))
    }
}

/// `auth`
#[derive(Debug, Args)]
pub(super) struct AuthOptions {
    #[command(subcommand)]
    pub command: AuthCommand,
}

/// Who is entered.
#[derive(Debug, Subcommand)]
pub(super) enum AuthCommand {
    /// Consent on GHL's page; what it gives is kept encrypted, and renewed by the runs
    #[command(after_help = AUTH)]
    Ghl(AuthGhlOptions),
}

/// `auth ghl`
#[derive(Debug, Args)]
pub(super) struct AuthGhlOptions {
    /// Print the address of GHL's page instead of opening a browser
    #[arg(long)]
    pub print_url: bool,
    /// The port to which GHL's page sends you back; the app has http://127.0.0.1:PORT/oauth/callback as a redirect
    #[arg(long, value_name = "PORT", default_value_t = 9465)]
    pub port: u16,
}

/// `check`
#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    /// Only the configuration; no request
    #[arg(long)]
    pub offline: bool,
    /// Writes one extra field of this Cliengo contact once more, as it is, and tells whether the account adds or replaces
    #[arg(long, value_name = "CLIENGO_ID", conflicts_with = "offline")]
    pub probe: Option<String>,
    /// The form of the result
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `status`, `operations`
#[derive(Debug, Args)]
pub(super) struct ListOptions {
    /// The form of the result
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `config`
#[derive(Debug, Args)]
pub(super) struct ConfigOptions {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What is shown of the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// The JSON Schema of schedules.toml: editors complete and check by it
    Schema,
    /// The settings in force; a secret is told by its source
    Show {
        /// Where each comes from: file and line, or the default
        #[arg(long)]
        origin: bool,
        /// The form of the result
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
}

/// `explain`
#[derive(Debug, Args)]
pub(super) struct ExplainOptions {
    /// The id of the person's contact in either CRM, or an e-mail or phone
    #[arg(value_name = "ID|E-MAIL|PHONE", allow_hyphen_values = true)]
    pub who: String,
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
    /// List so many runs, the newest of them last
    #[arg(long, value_name = "N", default_value_t = 50, conflicts_with = "run")]
    pub limit: u32,
    /// The form of the result
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `export`
#[derive(Debug, Args)]
pub(super) struct ExportOptions {
    /// Who is to run the schedules
    #[arg(value_enum)]
    pub scheduler: Scheduler,
    /// Write the files into this folder; without it they are printed
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write over files that are there and differ
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Kubernetes: the container image
    #[arg(long, value_name = "NAME", default_value = concat!("concord:", env!("CARGO_PKG_VERSION")))]
    pub image: String,
    /// Kubernetes: one `CronJob` for each schedule, whose N pods share its pairs, instead of one for each pair
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub shards: Option<u16>,
}

/// Who runs schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Scheduler {
    /// A hardened service and a timer for each schedule
    Systemd,
    /// Lines of a crontab
    Cron,
    /// A `CronJob` and a volume for each pair
    Kubernetes,
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
    #[arg(long, value_name = "PLAN_ID", value_parser = plan_id)]
    pub approve: Option<String>,
    /// With --approve: this side may be empty, e.g. ghl:contact
    #[arg(long, value_name = "SIDE:KIND", value_parser = side_and_kind)]
    pub allow_empty: Vec<String>,
    /// The form of the report
    #[arg(long, value_enum, default_value = "text")]
    pub format: ReportFormat,
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
    #[command(after_help = crate::sandbox::FAULT_GRAMMAR)]
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
    /// How many accounts of each CRM, each with people of its own: a rehearsal of many pairs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "store")]
    pub accounts: u16,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8410")]
    pub listen: SocketAddr,
    /// How both accounts behave: a seed draws every switch, a file of TOML states them; what was drawn is printed
    #[arg(long, value_name = "SEED|FILE")]
    pub account: Option<String>,
    /// Which Cliengo: legacy (as documented) or extended
    #[arg(long, default_value = "extended")]
    pub profile: String,
    /// GHL's limits: real or off
    #[arg(long, default_value = "real")]
    pub rate_limit: String,
    /// What goes wrong, such as "html@ghl#3,too-many%0.05"; all of it stands below
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

/// `completions`
#[derive(Debug, Args)]
pub(super) struct CompletionsOptions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `man`
#[derive(Debug, Args)]
pub(super) struct ManOptions {
    /// Write a page for each command into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
