//! An error as a person is told it: a message, a hint, an exit code.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::Path;

use super::arguments::Arguments;
use super::pair_result::NotBegun;
use super::shared::SharedAccount;
use super::usage::Usage;
use super::{code, output};
use crate::config::ConfigError;
use crate::crm::ghl::oauth::OAuthError;
use crate::crm::{CrmError, SetupError};
use crate::export::ExportError;
use crate::notify::NotifyError;
use crate::report::language::Messages;
use crate::report::{Line, Page, Style, visible};
use crate::run::{RunError, SavedPlanError, UndoRefusal};
use crate::sandbox::SandboxError;
use crate::state::{LockError, StateError, newest_copy};

/// A person stopped it before anything was done.
#[derive(Debug, thiserror::Error)]
#[error("stopped; nothing was written")]
pub(super) struct Stopped;

/// What the standard library says of numbers, and what it means.
const LIBRARY_WORDS: [(&str, &str); 4] = [
    ("invalid digit found in string", "it is no whole number"),
    ("number too large to fit in target type", "the number is too large"),
    ("number too small to fit in target type", "the number is too small"),
    ("cannot parse integer from empty string", "it is empty, and no number"),
];

/// A CRM refused what `init` was given: there is no configuration yet that could be checked.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct RefusedAtInit(pub CrmError);

/// Prints what is wrong with the command line: the message, and every way out as a hint.
pub(super) fn print_usage(error: &clap::Error, words: &[OsString]) {
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Nothing can be done where even this cannot be printed.
        let _ = error.print();
        return;
    }
    let (mut message, mut hints, mut command) = (Vec::new(), Vec::new(), Arguments::asked(words));
    let text = LIBRARY_WORDS.iter().fold(error.render().to_string(), |text, (theirs, ours)| text.replace(theirs, ours));
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if let Some(usage) = line.strip_prefix("Usage: ") {
            let words = usage.split(' ').take_while(|word| word.chars().all(|letter| letter.is_ascii_lowercase()));
            command = words.collect::<Vec<_>>().join(" ");
        } else if let Some(tip) = line.trim_start().strip_prefix("tip: ") {
            hints.push(tip.to_owned());
        } else if !line.starts_with("For more information") {
            message.push(line);
        }
    }
    let asks_for_a_run = command.ends_with(" undo") && error.kind() == clap::error::ErrorKind::MissingRequiredArgument;
    hints.push(if asks_for_a_run {
        "the runs and their numbers: concord history".to_owned()
    } else {
        format!("see what it takes: {command} --help")
    });
    let mut stderr = std::io::stderr().lock();
    for line in message {
        let (indent, said) = line.split_at(line.len() - line.trim_start().len());
        let _ = stderr.write_all(flowed(indent, said).as_bytes());
    }
    for hint in hints {
        let _ = stderr.write_all(flowed("hint: ", &hint).as_bytes());
    }
}

/// Prints an error to stderr and says its exit code.
pub(super) fn print(error: &anyhow::Error, words: &dyn Messages) -> u8 {
    let mut stderr = std::io::stderr().lock();
    // What a CRM said may stand in it; tabs are the configuration's own.
    let said = words.say(&format!("{error:#}")).split('\t').map(visible).collect::<Vec<_>>().join("\t");
    // Nothing can be done where stderr is closed.
    let _ = stderr.write_all(flowed("error: ", &said).as_bytes());
    if let Some(hint) = hint(error) {
        let lead = format!("{}: ", words.word("hint"));
        let _ = stderr.write_all(flowed(&lead, &words.say(&hint)).as_bytes());
    }
    exit_code(error)
}

/// On a terminal, in lines that it has room for; elsewhere on one, for programs to find.
fn flowed(lead: &str, said: &str) -> String {
    let columns = output::columns().filter(|_| std::io::stderr().is_terminal());
    let Some(width) = columns else { return format!("{lead}{said}\n") };
    let mut page = Page::new(Style { colour: false, width });
    page.flow(Line::of(lead), 2, Line::of(said));
    page.finish()
}

/// The exit code of an error.
pub(super) fn exit_code(error: &anyhow::Error) -> u8 {
    let is_configuration =
        error.is::<ConfigError>() || error.is::<Usage>() || error.is::<SavedPlanError>() || error.is::<ExportError>();
    let is_configuration = is_configuration || error.is::<SharedAccount>();
    let is_setup = matches!(error.downcast_ref::<SetupError>(), Some(SetupError::BaseUrl | SetupError::Header));
    if is_configuration || is_setup {
        return code::CONFIGURATION;
    }
    if error.is::<RefusedAtInit>() {
        return code::CREDENTIALS;
    }
    if error.is::<Stopped>() || error.is::<NotBegun>() {
        return code::INTERRUPTED;
    }
    if let Some(OAuthError::Refused(_)) = error.downcast_ref::<OAuthError>() {
        return code::CREDENTIALS;
    }
    if let Some(NotifyError::Config(_) | NotifyError::Address { .. }) = error.downcast_ref::<NotifyError>() {
        return code::CONFIGURATION;
    }
    match error.downcast_ref::<SandboxError>() {
        Some(
            SandboxError::Faults { .. }
            | SandboxError::Account(_)
            | SandboxError::Unknown { .. }
            | SandboxError::Edit(_),
        ) => {
            return code::CONFIGURATION;
        }
        Some(_) => return code::FAILED,
        None => {}
    }
    match error.downcast_ref::<RunError>() {
        Some(RunError::Crm(CrmError::Credentials { .. } | CrmError::NoGrant { .. })) => code::CREDENTIALS,
        Some(RunError::Crm(CrmError::Stopped { .. })) => code::INTERRUPTED,
        Some(RunError::Lock(LockError::Held { .. })) => code::LOCKED,
        Some(RunError::Stale { .. }) => code::STALE,
        Some(RunError::FirstSyncFirst { .. }) => code::REFUSED,
        Some(RunError::Undo(_) | RunError::Crm(CrmError::ReadOnlyField { .. })) => code::CONFIGURATION,
        _ => code::FAILED,
    }
}

/// What a person can do about an error.
pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(config) = error.downcast_ref::<ConfigError>() {
        return config.hint().map(str::to_owned);
    }
    if let Some(usage) = error.downcast_ref::<Usage>() {
        return Some(usage.hint.clone());
    }
    if error.is::<RefusedAtInit>() {
        return Some("nothing was written. Give the right key, token or location, and its scopes".to_owned());
    }
    if let Some(export) = error.downcast_ref::<ExportError>() {
        return Some(export.hint().to_owned());
    }
    if error.is::<SharedAccount>() {
        return Some("remove all but one of these pairs from the configuration".to_owned());
    }
    if error.is::<SavedPlanError>() {
        return Some("make one with: concord plan --save plan.json".to_owned());
    }
    if let Some(setup) = error.downcast_ref::<SetupError>() {
        return Some(setup_hint(setup).to_owned());
    }
    if let Some(sandbox) = error.downcast_ref::<SandboxError>() {
        return Some(sandbox_hint(sandbox).to_owned());
    }
    match error.downcast_ref::<NotifyError>() {
        Some(NotifyError::Config(config)) => return config.hint().map(str::to_owned),
        Some(NotifyError::Address { .. }) => return Some("put the whole address there, with https://".to_owned()),
        _ => {}
    }
    if let Some(OAuthError::Refused(_)) = error.downcast_ref::<OAuthError>() {
        return Some(
            "check client_id and client_secret, and that the app has the redirect that --help names; nothing was kept"
                .to_owned(),
        );
    }
    if error.downcast_ref::<std::io::Error>().is_some_and(|why| why.kind() == std::io::ErrorKind::AddrInUse) {
        return Some("another program has that port; end it, or give another port".to_owned());
    }
    let state = match error.downcast_ref::<RunError>() {
        Some(RunError::State(state)) => Some(state),
        Some(RunError::Crm(CrmError::NoGrant { remedy, .. })) => return Some(remedy.clone()),
        Some(RunError::Undo(refusal)) => return Some(undo_hint(refusal)),
        Some(other) => return run_hint(other).map(str::to_owned),
        None => error.downcast_ref::<StateError>(),
    };
    if let Some(state) = state {
        Some(state_hint(state))
    } else {
        let cause = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
        cause.and_then(file_hint).map(str::to_owned)
    }
}

const fn setup_hint(error: &SetupError) -> &'static str {
    match error {
        SetupError::BaseUrl => "give base_url as https://…, or leave it out",
        SetupError::Header => "look for a blank, a quote or a line break in the secret: it must be the key alone",
        SetupError::Client(_) => "this machine needs its list of TLS roots (the package ca-certificates)",
    }
}

const fn sandbox_hint(error: &SandboxError) -> &'static str {
    match error {
        SandboxError::Listen { .. } => "another program listens there; take another one: --listen 127.0.0.1:0",
        SandboxError::Folder { .. } | SandboxError::Store(_) => "check that the folder exists, is yours, and has room",
        SandboxError::Record(_) => "put it back to its seed: concord sandbox reset",
        SandboxError::Edit(_) => "see what is there, with its ids: concord sandbox dump",
        SandboxError::Faults { .. } => "such as --faults 'status=503%0.05,reset-after-write@ghl:POST#2'",
        SandboxError::Account(_) => "every switch with a value: concord sandbox serve --account 1",
        SandboxError::Unknown { .. } => "see what it takes: concord sandbox serve --help",
    }
}

fn file_hint(error: &std::io::Error) -> Option<&'static str> {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some("make room there, and run it again"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            Some("it must be writable for the user that runs this; give another path, or change its owner")
        }
        ErrorKind::NotFound | ErrorKind::NotADirectory => Some("check the path"),
        _ => None,
    }
}

const fn run_hint(error: &RunError) -> Option<&'static str> {
    match error {
        RunError::Crm(CrmError::Credentials { .. } | CrmError::NoGrant { .. }) => {
            Some("nothing was written. Correct the key or token, or its scopes, and try it with: concord check")
        }
        RunError::Crm(CrmError::Blocked { .. }) => Some(
            "the key is not in question: ask the CRM's support why this machine's address is blocked; nothing was written",
        ),
        RunError::Crm(CrmError::Quota { .. }) => Some("run again after the quota's daily reset; nothing is lost"),
        RunError::Crm(CrmError::Unavailable { .. } | CrmError::Protocol { .. }) => {
            Some("nothing was deleted or overwritten because of it; the next run tries again")
        }
        RunError::Crm(CrmError::ReadOnlyField { .. }) => {
            Some("add direction = \"to_cliengo\" under its [[pair.NAME.map]], or leave the mapping out")
        }
        RunError::Crm(CrmError::NoSuchField { .. }) => {
            Some("correct the name under [[pair.NAME.map]], or make the field in GHL")
        }
        RunError::Crm(CrmError::SeveralFields { .. }) => {
            Some("name the id of the right one under [[pair.NAME.map]], as ghl = \"customFields.ID\"")
        }
        RunError::Crm(CrmError::SameField { .. }) => Some("take one of the two out of [[pair.NAME.map]]"),
        RunError::Crm(CrmError::NoSuchWebsite { .. }) => Some("set website_id to one of these; nothing was written"),
        RunError::Crm(CrmError::Stopped { .. }) => Some("what was done is written down; run it again to go on"),
        RunError::Crm(CrmError::Sink(_)) => {
            Some("check that the state's folder is writable and has room; run it again")
        }
        RunError::Lock(LockError::Held { .. }) => {
            Some("wait until it ends; the lock goes with its process, so there is nothing to clean up")
        }
        RunError::Lock(LockError::File { .. }) => {
            Some("the state's folder must be writable and have room; --state-dir PATH takes another one")
        }
        RunError::Stale { .. } => Some("make it again, then apply it: concord plan --save plan.json"),
        RunError::Nobody { .. } => Some("look for the person in the CRM, or among who is linked: concord links list"),
        RunError::FirstSyncFirst { .. } => Some("see what the first sync would do: concord plan"),
        RunError::Broken(_) => Some("nothing is lost; run it again, and with -vv for a report of this mistake of ours"),
        RunError::Undo(_) | RunError::State(_) => None,
    }
}

fn undo_hint(refusal: &UndoRefusal) -> String {
    let hint = match refusal {
        UndoRefusal::NoSuchRun { .. } | UndoRefusal::WroteNothing { .. } => {
            "the runs and their numbers: concord history"
        }
        UndoRefusal::Running { .. } => {
            "wait until it ends; if it died, undo it without --dry-run, which closes it first"
        }
        UndoRefusal::IsUndo { .. } => {
            "an undo is not undone: `concord sync --full` compares both sides, and carries over again what differs"
        }
        UndoRefusal::Undone { by, .. } => return format!("what it did and when: concord history {by}"),
        UndoRefusal::Dropped { .. } => {
            "change the records by hand; keep more with [retention] history_days, or go back to a copy of the state"
        }
        UndoRefusal::NotKept { run } => {
            return format!("change the records by hand; what stood there: concord history {run} --format json");
        }
    };
    hint.to_owned()
}

fn state_hint(error: &StateError) -> String {
    let pair = |path: &Path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.split('.').next().unwrap_or_default().to_owned()
    };
    let hint = match error {
        StateError::Newer { .. } => "run the newer Concord, or restore a copy of the state made before the upgrade",
        StateError::Damaged { path, .. } => {
            let (pair, restore) = (pair(path), restore(path));
            return format!(
                "it was left as it is. {restore}; or link both sides again, which deletes nothing: concord plan --rebuild --pair {pair}"
            );
        }
        StateError::Lost { path, evidence, .. } => {
            let (pair, evidence) = (pair(path), evidence.display());
            return format!(
                "mount its volume, or restore a copy of it. To begin as if there had been none, remove {evidence}. To link both sides again, which deletes nothing: concord plan --rebuild --pair {pair}"
            );
        }
        StateError::Unfinished { path } => {
            let (pair, path) = (pair(path), path.display());
            return format!(
                "to give it up and use the state as it was before, remove {path}. To go on with it: concord sync --rebuild --pair {pair}"
            );
        }
        StateError::Busy { path } => {
            return format!(
                "end that program, or wait until it is done: `fuser {}` says which one it is",
                path.display()
            );
        }
        StateError::OtherAccount { .. } => {
            "give the credentials of that account again; another account needs a pair of its own, as in docs/examples"
        }
        StateError::File { path, .. } if path.is_dir() => {
            return format!("move {} away, or keep the state elsewhere: state_dir, --state-dir PATH", path.display());
        }
        StateError::File { .. } => "check that the folder exists, is yours, and has room",
        error if error.is_disk_full() => {
            "make room where the state is (state_dir), and run it again: what was not finished is not half there"
        }
        StateError::Sqlite(_) | StateError::Row(_) => {
            "check that the state's folder is writable; `concord check --offline` looks into the state"
        }
    };
    hint.to_owned()
}

/// How the newest copy of a damaged state is put in its place. What the damaged file left beside it would be read into it.
fn restore(path: &Path) -> String {
    let Some(copy) = newest_copy(path) else { return "Restore a copy of it".to_owned() };
    let (copy, shown) = (copy.display(), path.display());
    let wal = path.with_extension("db-wal");
    let first = if wal.exists() { format!(", once {} is moved away", wal.display()) } else { String::new() };
    format!("Restore its newest copy{first}: cp -p {copy} {shown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_in_which_a_run_ends_early_says_what_to_do() {
        let errors = [
            RunError::Crm(CrmError::Stopped { side: crate::record::Side::Ghl }),
            RunError::Crm(CrmError::Sink(crate::crm::SinkError("disk".to_owned()))),
            RunError::Lock(LockError::File { path: "x".into(), why: "full".to_owned() }),
            RunError::Broken("x".to_owned()),
            RunError::State(StateError::Row("x".to_owned())),
        ];
        for error in errors {
            let error = anyhow::Error::new(error).context("while a pair runs");
            assert!(hint(&error).is_some(), "{error:#}");
        }
    }
}
