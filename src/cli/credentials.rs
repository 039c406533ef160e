//! What lets a pair in, how old it is, and when it ends: said in time, before a night fails of it.

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use tracing::warn;

use super::environment::environment;
use super::{Session, access};
use crate::config::{Accounts, Config, GhlAccess, Pair, RealAccounts};
use crate::state::{CredentialUses, credential_uses, note_credentials};

/// So long before something ends it is said.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
/// So old a key should not become.
const OLD: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Whoever was told is not told again for so long.
const AGAIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// One credential of a pair.
pub(super) struct Credential {
    /// `cliengo` or `ghl`.
    pub name: &'static str,
    /// Since when it is in use, or until when it is good.
    pub detail: String,
    /// What should be done about it, where something should.
    pub due: Option<Due>,
}

/// What should be done about a credential.
pub(super) struct Due {
    /// What is the matter.
    pub what: String,
    /// What mends it.
    pub hint: String,
}

/// The credentials of a pair, as far as they can be read.
pub(super) fn of(session: &Session, config: &Config, pair: &Pair) -> Vec<Credential> {
    let Accounts::Real(accounts) = &pair.accounts else { return Vec::new() };
    let now = session.clock.now();
    let uses = credential_uses(&config.state_dir, &pair.name);
    let mut found: Vec<Credential> =
        keys(accounts).iter().map(|(name, secret)| key(name, secret, &uses, now)).collect();
    if !matches!(accounts.ghl.access, GhlAccess::Token(_)) {
        found.extend(grant(session, config, pair, accounts, now));
    }
    found
}

/// The keys that a person makes and replaces.
fn keys(accounts: &RealAccounts) -> Vec<(&'static str, String)> {
    let token = if let GhlAccess::Token(token) = &accounts.ghl.access { Some(("ghl", token)) } else { None };
    let named = [("cliengo", &accounts.cliengo.api_key)].into_iter().chain(token);
    // What is missing is said elsewhere.
    let read = |(name, secret): (&'static str, &crate::config::Secret)| {
        Some((name, secret.resolve_key(&environment).ok()?.expose_secret().to_owned()))
    };
    named.filter_map(read).collect()
}

fn key(name: &'static str, secret: &str, uses: &CredentialUses, now: Timestamp) -> Credential {
    let what = if name == "ghl" { "GHL's token" } else { "Cliengo's key" };
    let Some(used) = uses.get(name).filter(|used| used.is(secret)) else {
        return Credential { name, detail: format!("{what} is new: no sync has used it yet"), due: None };
    };
    let day = used.since.strftime("%F");
    let age = now.duration_since(used.since);
    let due = (age >= OLD).then(|| Due {
        what: format!("{what} is in use since {day}, {} days", age.as_hours() / 24),
        hint: "make a new one, put it in the place of the old one, run `concord check`, then withdraw the old one"
            .to_owned(),
    });
    Credential { name, detail: format!("{what} is in use since {day}"), due }
}

/// The app's grant. That nobody consented yet is said elsewhere.
fn grant(
    session: &Session,
    config: &Config,
    pair: &Pair,
    accounts: &RealAccounts,
    now: Timestamp,
) -> Option<Credential> {
    let (oauth, _) = access::grant(session, config, pair, &accounts.ghl).ok()?;
    let grant = oauth.kept().ok()??;
    let ends = grant.ends();
    let day = ends.strftime("%F");
    let due = (ends.duration_since(now) <= SOON).then(|| Due {
        what: format!("GHL's app can be renewed until {day} only: no run did for a long time"),
        hint: format!("run a sync before that day, or: {}", oauth.command()),
    });
    let detail = format!("GHL's app was let in on {}; unused it ends on {day}", grant.granted().strftime("%F"));
    Some(Credential { name: "ghl", detail, due })
}

/// Notes what a sync uses, and says what is to be told of it now.
pub(super) fn notices(session: &Session, config: &Config, pair: &Pair) -> Vec<String> {
    let Accounts::Real(accounts) = &pair.accounts else { return Vec::new() };
    let now = session.clock.now();
    let uses = credential_uses(&config.state_dir, &pair.name);
    let is_new = |name: &str| {
        let told = uses.get(name).and_then(|used| used.told);
        told.is_none_or(|told| now.duration_since(told) >= AGAIN)
    };
    let due: Vec<(&str, String)> = of(session, config, pair)
        .into_iter()
        .filter(|credential| is_new(credential.name))
        .filter_map(|credential| Some((credential.name, credential.due?)))
        .map(|(name, due)| (name, format!("{}: {}; {}", pair.name, due.what, due.hint)))
        .collect();
    let keys = keys(accounts);
    let secrets: Vec<(&str, &str)> = keys.iter().map(|(name, secret)| (*name, secret.as_str())).collect();
    let told: Vec<String> = due.iter().map(|(name, _)| (*name).to_owned()).collect();
    if let Err(why) = note_credentials(&config.state_dir, &pair.name, now, &secrets, &told) {
        warn!("since when the keys of {} are in use is not written down: {why}", pair.name);
    }
    due.into_iter().map(|(_, line)| line).collect()
}
