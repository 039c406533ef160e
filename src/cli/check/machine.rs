//! What can be looked at without asking anybody: the disk, the lock, the state.

use std::path::Path;

use super::finding::Finding;
use crate::config::Pair;
use crate::notify::without_contacts;
use crate::record::ByKind;
use crate::run::RunError;
use crate::schedule::RunProgress;
use crate::state::{PairLock, State, StateError};

/// Below it a night may end for want of room: state, staging and their journals.
const TIGHT: u64 = 500 << 20;

/// Below it a night is sure to.
const FULL: u64 = 20 << 20;

/// Whether state can be kept, and whether there is room for it.
pub(super) fn state_dir(folder: &Path) -> Vec<Finding> {
    let mut findings = vec![writable(folder)];
    findings.extend(room(folder));
    findings
}

/// The folder, or what stands above it where it is not made yet.
fn standing(folder: &Path) -> &Path {
    let above = folder.ancestors().find(|folder| folder.exists());
    above.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn writable(folder: &Path) -> Finding {
    const ID: &str = "state_dir";
    let standing = standing(folder);
    match tempfile::tempfile_in(standing) {
        Ok(_) if standing == folder => Finding::ok(ID, format!("{} can be written to", folder.display())),
        Ok(_) => Finding::ok(ID, format!("{} is made by the first run", folder.display())),
        Err(why) => Finding::fail(
            ID,
            StateError::File {
                path: folder.to_owned(),
                why: format!("{} cannot be written to: {why}", standing.display()),
            },
        )
        .mended_by("make it writable for the user that runs Concord, or set state_dir to another folder"),
    }
}

#[cfg(unix)]
fn room(folder: &Path) -> Option<Finding> {
    const ID: &str = "disk";
    let disk = rustix::fs::statvfs(standing(folder)).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let detail = format!("{} free for {}", bytes(free), folder.display());
    let hint = "make room there, or set state_dir to another disk";
    Some(match free {
        FULL.. if free >= TIGHT => Finding::ok(ID, detail),
        FULL.. => Finding::warn(ID, detail, hint),
        _ => Finding::fail(ID, StateError::File { path: folder.to_owned(), why: detail }).mended_by(hint),
    })
}

#[cfg(not(unix))]
const fn room(_folder: &Path) -> Option<Finding> {
    None
}

#[cfg(unix)]
fn bytes(count: u64) -> String {
    if count >= 10 << 30 { format!("{} GiB", count >> 30) } else { format!("{} MiB", count >> 20) }
}

/// A pair's lock and state.
pub(super) fn pair(folder: &Path, pair: &Pair) -> Vec<Finding> {
    let mut findings = vec![lock(folder, pair)];
    findings.extend(state(folder, pair));
    findings
}

fn lock(folder: &Path, pair: &Pair) -> Finding {
    let id = format!("{}.lock", pair.name);
    match PairLock::holder(folder, &pair.name) {
        Ok(None) => Finding::ok(id, "no run is at work"),
        Ok(Some(holder)) => Finding::warn(
            id,
            format!("a run is at work ({holder})"),
            "wait until it ends before you start another one; the lock goes with its process",
        ),
        Err(error) => Finding::fail(id, RunError::Lock(error)),
    }
}

fn state(folder: &Path, pair: &Pair) -> Vec<Finding> {
    let id = format!("{}.state", pair.name);
    let state = match State::open_read_only(&State::path_of(folder, &pair.name)) {
        Ok(Some(state)) => state,
        Ok(None) => return vec![Finding::ok(id, "none yet: the next sync is the first")],
        Err(error) => return vec![Finding::fail(id, error)],
    };
    match sound(&state) {
        Err(error) => vec![Finding::fail(id, error)],
        Ok((detail, unknown)) => {
            let older =
                if state.is_copy() { "; written by an older Concord, the next sync brings it up to date" } else { "" };
            let mut findings = vec![Finding::ok(id, format!("{detail}{older}"))];
            findings.extend(last_run(folder, pair, &state));
            if unknown > 0 {
                findings.push(Finding::warn(
                    format!("{}.unknown", pair.name),
                    format!("{unknown} creates have an unknown outcome"),
                    "the next sync looks for them in the CRMs; nothing is sent twice meanwhile",
                ));
            }
            findings
        }
    }
}

/// What is to be said of the last run, where it did not end or did not see everything.
fn last_run(folder: &Path, pair: &Pair, state: &State) -> Option<Finding> {
    let id = format!("{}.last_run", pair.name);
    let looked = || {
        let last = state.runs(1)?.into_iter().next();
        let progress = RunProgress::of(folder, &pair.name, last.as_ref())?;
        Ok::<_, StateError>((last, progress))
    };
    let (last, progress) = match looked() {
        Ok((Some(last), progress)) => (last, progress),
        Ok((None, _)) => return None,
        Err(error) => return Some(Finding::fail(id, error)),
    };
    if progress == RunProgress::CutOff {
        let detail = format!("run {} was cut off: its process ended before it did", last.id);
        let hint = "what it sent is in its journal: the next sync reads back what got no answer, and goes on";
        return Some(Finding::warn(id, detail, hint));
    }
    let unseen = last.summary.as_ref()?.get("unseen")?.as_array()?;
    let lines: Vec<String> = unseen.iter().filter_map(|line| line.as_str()).map(without_contacts).collect();
    let hint = "the next sync asks again; what stays unread is named in the report's Held";
    let detail = || format!("run {} did not see everything: {}", last.id, lines.join("; "));
    (!lines.is_empty()).then(|| Finding::warn(id, detail(), hint))
}

/// Holds the state against itself; what it keeps, and how many creates are open.
fn sound(state: &State) -> Result<(String, usize), StateError> {
    let wrong = state.verify()?;
    if !wrong.is_empty() {
        return Err(StateError::Damaged { path: state.path().to_owned(), why: wrong.join("; ") });
    }
    let ByKind { contact, task, note } = state.link_counts()?;
    let detail = format!("sound; {contact} contacts, {task} tasks, {note} notes linked");
    Ok((detail, state.open_creates()?.len()))
}
