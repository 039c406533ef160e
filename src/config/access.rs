//! How a GHL location is entered: with a private integration token, or through an app (OAuth).

use std::collections::BTreeMap;

use super::names;
use super::reader::Table;
use super::secret::{Secret, secret};
use super::value::Found;

/// How a GHL location is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GhlAccess {
    /// With a private integration token.
    Token(Secret),
    /// Through an app that was installed for this location.
    App(App),
    /// Through an app that was installed for the agency: one credential for many locations.
    Agency {
        /// As in `[agency.NAME]`.
        name: String,
        /// The agency's app.
        app: App,
    },
}

/// An app of GHL's marketplace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its client id.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: Secret,
    /// What the stored tokens are encrypted with.
    pub key: Secret,
    /// Where its users consent; `None`: GHL's own page.
    pub authorize_url: Option<String>,
}

/// The apps of all agencies, by name; `None` stands for one with a mistake.
pub(super) type Agencies = BTreeMap<String, Option<App>>;

impl GhlAccess {
    /// Every secret that it names.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let named = match self {
            Self::Token(token) => [Some(token), None],
            Self::App(app) | Self::Agency { app, .. } => [Some(&app.client_secret), Some(&app.key)],
        };
        named.into_iter().flatten()
    }
}

/// Reads `[agency.NAME]`.
pub(super) fn agencies(agencies: &Table<'_>) -> Agencies {
    let read = |(name, key, table): (&str, Found<'_>, Table<'_>)| {
        if names::is_name(name) {
            return Some((name.to_owned(), app(table)));
        }
        key.reject(
            "must be named with a-z, 0-9, _ and - alone, 64 at most",
            "the name becomes a file name: state/agency-NAME.token",
        );
        None
    };
    agencies.tables_by_name().into_iter().filter_map(read).collect()
}

/// Reads `token` or `oauth`: exactly one of them.
pub(super) fn access(table: &mut Table<'_>, agencies: &Agencies) -> Option<GhlAccess> {
    let (own_token, own_oauth) = (table.take_own("token").is_some(), table.take_own("oauth").is_some());
    // What the pair says itself stands before what the defaults say.
    let oauth = table.take("oauth").filter(|_| own_oauth || !own_token);
    let Some(found) = oauth else {
        let hint = format!(
            "add token = {{ env = \"GHL_TOKEN\" }} under [{}]: a private integration token; or oauth, for an app",
            table.path
        );
        return table.require("token", &hint, secret).map(GhlAccess::Token);
    };
    if let Some(token) = table.take("token").filter(|_| own_token || !own_oauth) {
        token.reject_unquoted("must not stand beside oauth", "leave one of them out: a location is entered in one way");
        return None;
    }
    let mut oauth = Table::of(&found, "a table with client_id, client_secret and key, or with agency")?;
    let Some(agency) = oauth.take("agency") else { return app(oauth).map(GhlAccess::App) };
    oauth.finish();
    let name = agency.text()?;
    if let Some(app) = agencies.get(name) {
        return Some(GhlAccess::Agency { name: name.to_owned(), app: app.clone()? });
    }
    let known: Vec<&str> = agencies.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
    agency.reject(
        &format!("must name an agency; found {name:?}"),
        &format!("[agency.{name}] takes client_id, client_secret and key; the agencies are: {known}"),
    );
    None
}

fn app(mut table: Table<'_>) -> Option<App> {
    let client_id = table.require("client_id", "add the client id of the marketplace app", Found::text);
    let client_secret = table.require("client_secret", "add client_secret = { env = \"GHL_CLIENT_SECRET\" }", secret);
    let key = table.require("key", "add key = { env = \"CONCORD_KEY\" }: it encrypts the stored tokens", secret);
    let authorize_url = table.read("authorize_url", |found| found.url(true));
    table.finish();
    Some(App { client_id: client_id?.to_owned(), client_secret: client_secret?, key: key?, authorize_url })
}
