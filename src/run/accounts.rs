//! Whose accounts a run concerns: asked, and held against the state, before anything else is believed. (`semantics` 63)

use super::error::RunError;
use super::marks::replaced;
use super::session::Job;
use crate::config::Accounts;
use crate::crm::Account;
use crate::reconcile::{Operation, Plan};
use crate::record::{Action, Both, Kind, Side};
use crate::state::{Identity, PairLock, State, StateError};

/// Asks both accounts who they are. One that the state, or the state that a rebuild replaces, is not bound to ends the run.
///
/// # Errors
/// When one could not be asked, or is another account.
pub(super) async fn ask(job: &Job<'_>, state: Option<&State>) -> Result<Both<Account>, RunError> {
    let (cliengo, ghl) = tokio::try_join!(job.cliengo.account(), job.ghl.account())?;
    let accounts = Both { cliengo, ghl };
    for state in state.into_iter().chain(replaced(job).as_ref()) {
        for side in Side::BOTH {
            state.check_asked(side, &accounts.of(side).id)?;
        }
    }
    Ok(accounts)
}

/// Who both accounts are, with what their records say they belong to, where some were listed.
pub(super) fn identities(accounts: &Both<Account>, of_records: &Both<Option<String>>) -> Both<Identity> {
    Both::from_fn(|side| Identity { asked: accounts.of(side).id.clone(), of_records: of_records.of(side).clone() })
}

/// Refuses accounts that the state is not bound to.
///
/// # Errors
/// When one is another account, or the state cannot be read.
pub(super) fn check(job: &Job<'_>, state: Option<&State>, found: &Both<Identity>) -> Result<(), StateError> {
    for state in state.into_iter().chain(replaced(job).as_ref()) {
        for side in Side::BOTH {
            state.check_account(side, found.of(side))?;
        }
    }
    Ok(())
}

/// Binds the state to both accounts. Inside the caller's transaction.
///
/// # Errors
/// When it is bound to others, or cannot be written.
pub(super) fn bind(state: &State, found: &Both<Identity>) -> Result<(), StateError> {
    Side::BOTH.into_iter().try_for_each(|side| state.bind(side, found.of(side)))
}

/// Takes the locks that are named by the accounts: another pair, or another configuration, that names one of them cannot
/// write at the same time. A sandbox pair's accounts are its own.
///
/// # Errors
/// When another run holds one.
pub(super) fn lock(job: &Job<'_>, accounts: &Both<Account>) -> Result<Vec<PairLock>, RunError> {
    let Accounts::Real(real) = &job.pair.accounts else { return Ok(Vec::new()) };
    let mut locks = Vec::new();
    for side in Side::BOTH {
        let base_url = match side {
            Side::Cliengo => &real.cliengo.base_url,
            Side::Ghl => &real.ghl.base_url,
        };
        let named = |parts: &[&str]| format!("@{side}-{}", short_hash(parts));
        let id = accounts.of(side).id.as_str();
        locks.push(PairLock::take(job.state_dir, &named(&[id]), job.clock.now())?);
        // Other configurations of this machine may keep their states elsewhere. Where they cannot meet, each has its own.
        locks.extend(PairLock::take_on_this_machine(&named(&[base_url, id]), job.clock.now())?);
    }
    Ok(locks)
}

/// The website under which the last create was planned.
const WEBSITE: &str = "learned.website";

/// Refuses a plan that creates contacts under a website that the account does not have. Asked once for each website.
///
/// # Errors
/// When there is no such website.
pub(super) async fn refuse_unknown_website(
    job: &Job<'_>,
    known: Option<String>,
    plan: &Plan,
) -> Result<Option<String>, RunError> {
    let Accounts::Real(real) = &job.pair.accounts else { return Ok(None) };
    let website = &real.cliengo.website_id;
    let creates = |operation: &Operation| {
        (operation.side, operation.kind, operation.action()) == (Side::Cliengo, Kind::Contact, Action::Create)
    };
    if known.as_ref() == Some(website) || !plan.operations.iter().any(creates) {
        return Ok(None);
    }
    job.cliengo.refuse_unknown_place().await?;
    Ok(Some(website.clone()))
}

/// The website that was found there, where one was.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn known_website(state: &State) -> Result<Option<String>, StateError> {
    state.meta(WEBSITE)
}

/// Keeps which website was found there.
///
/// # Errors
/// When it cannot be written.
pub(super) fn keep_website(state: &State, website: &str) -> Result<(), StateError> {
    state.set_meta(WEBSITE, website)
}

fn short_hash(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update(b"\0");
    }
    hasher.finalize().to_hex().as_str().chars().take(16).collect()
}
