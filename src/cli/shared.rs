//! Two pairs on one account copy each other's records for ever: they are found before either of them runs. (`semantics` 63)
//!
//! Two on one GHL location stand in the configuration. That two keys open one Cliengo account shows only in their values,
//! in what the states are bound to, and in what the account answers.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use secrecy::{ExposeSecret, SecretString};

use super::environment::environment;
use super::{Session, clients};
use crate::config::{Accounts, Config, Pair, RealAccounts};
use crate::crm::Reader;
use crate::record::Side;
use crate::state::State;

/// How long an account is waited for here: its own run waits as long as it takes.
const BRIEFLY: Duration = Duration::from_secs(30);

/// Why a pair does not run.
#[derive(Clone, Debug, thiserror::Error)]
#[error("pairs {} are on the same Cliengo account{}: each would copy what the other one wrote. Nothing was written", .pairs.join(" and "), .what)]
pub(super) struct SharedAccount {
    pairs: Vec<String>,
    what: String,
}

/// What is known of the Cliengo account of a pair.
struct Claim<'a> {
    pair: &'a Pair,
    real: &'a RealAccounts,
    is_selected: bool,
    key: Option<SecretString>,
    account: Option<String>,
}

/// Pairs of the selection that share an account with another pair, by name. Nobody is asked anything.
pub(super) fn by_what_is_known(
    session: &Session,
    config: &Config,
    selected: &[&Pair],
) -> BTreeMap<String, SharedAccount> {
    shared(&claims(session, config, selected))
}

/// The same; selected pairs that were never synchronised are asked for their account.
pub(super) async fn by_asking(
    session: &Session,
    config: &Config,
    selected: &[&Pair],
) -> BTreeMap<String, SharedAccount> {
    let mut claims = claims(session, config, selected);
    let known = shared(&claims);
    if claims.len() < 2 || !known.is_empty() {
        return known;
    }
    let unknown = claims.iter_mut().filter(|claim| claim.is_selected && claim.account.is_none());
    let asked = futures::stream::iter(unknown).for_each_concurrent(config.max_parallel.max(1), |claim| async move {
        claim.account = account(session, config, claim.pair).await;
    });
    asked.await;
    shared(&claims)
}

/// Who answers; `None` where nobody does: that is for the pair's own run to say.
async fn account(session: &Session, config: &Config, pair: &Pair) -> Option<String> {
    clients::check_secrets(session, config, pair).ok()?;
    let cliengo = clients::cliengo(session, pair, BRIEFLY).ok()?;
    Some(cliengo.account().await.ok()?.id)
}

fn claims<'a>(session: &Session, config: &'a Config, selected: &[&Pair]) -> Vec<Claim<'a>> {
    let real = config.pairs.iter().filter_map(|pair| match &pair.accounts {
        Accounts::Real(real) => Some((pair, real)),
        Accounts::Sandbox => None,
    });
    let mut claims: Vec<Claim<'_>> = real
        .map(|(pair, real)| Claim {
            pair,
            real,
            is_selected: selected.iter().any(|selected| selected.name == pair.name),
            key: None,
            account: None,
        })
        .collect();
    if claims.len() < 2 || session.stop.is_cancelled() {
        return Vec::new();
    }
    for claim in &mut claims {
        // A secret that is missing and a state that cannot be read are for the pair's own run to say.
        claim.key = claim.real.cliengo.api_key.resolve_key(&environment).ok();
        let state = State::glance(&State::path_of(&config.state_dir, &claim.pair.name)).ok().flatten();
        claim.account = state.and_then(|state| state.bound_account(Side::Cliengo).ok().flatten());
    }
    claims
}

fn shared(claims: &[Claim<'_>]) -> BTreeMap<String, SharedAccount> {
    let mut by_key: BTreeMap<&str, Vec<&Claim<'_>>> = BTreeMap::new();
    let mut by_account: BTreeMap<&str, Vec<&Claim<'_>>> = BTreeMap::new();
    for claim in claims {
        if let Some(key) = &claim.key {
            by_key.entry(key.expose_secret()).or_default().push(claim);
        }
        if let Some(account) = &claim.account {
            by_account.entry(account).or_default().push(claim);
        }
    }
    let mut found = BTreeMap::new();
    for together in by_key.values().filter(|together| is_one_account(together)) {
        note(&mut found, together, " (their keys are equal)");
    }
    for (account, together) in by_account.iter().filter(|(_, together)| together.len() > 1) {
        note(&mut found, together, &format!(" {account}"));
    }
    found
}

/// Whether equal keys are of one account. One variable that both name may hold another key when the other one runs.
fn is_one_account(together: &[&Claim<'_>]) -> bool {
    let source = |claim: &Claim<'_>| claim.real.cliengo.api_key.source.clone();
    let differ = together.iter().any(|claim| Some(source(claim)) != together.first().map(|first| source(first)));
    let selected = together.iter().filter(|claim| claim.is_selected).count();
    together.len() > 1 && (differ || selected > 1)
}

fn note(found: &mut BTreeMap<String, SharedAccount>, together: &[&Claim<'_>], what: &str) {
    let pairs: Vec<String> = together.iter().map(|claim| claim.pair.name.clone()).collect();
    for claim in together.iter().filter(|claim| claim.is_selected) {
        let shared = SharedAccount { pairs: pairs.clone(), what: what.to_owned() };
        found.entry(claim.pair.name.clone()).or_insert(shared);
    }
}
