//! For whom a report is written: the language, the time zone, and where the accounts are opened in a browser.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::language::{Messages, messages};
use super::screen::on_one_line;
use crate::config::{Accounts, Config, Language, Pair, WebUrl};
use crate::record::{Both, Side};

/// For whom a report is written.
#[derive(Clone, Debug)]
pub struct Audience {
    language: Language,
    zone: TimeZone,
    accounts: Both<Account>,
}

/// An account, as a person knows it.
#[derive(Clone, Debug, Default)]
struct Account {
    /// Its website or location; `None` for an embedded CRM.
    id: Option<String>,
    web_url: Option<WebUrl>,
}

impl Audience {
    /// Whoever reads reports of `pair`, as the configuration says.
    #[must_use]
    pub fn of(config: &Config, pair: &Pair) -> Self {
        let scheduled = || config.schedules.iter().find(|schedule| schedule.runs(&pair.name));
        let zone = config.report.timezone.clone().or_else(|| Some(scheduled()?.timezone.clone()));
        let accounts = Both::from_fn(|side| Account { id: account(pair, side), web_url: pair.web_url(side).cloned() });
        Self { language: config.report.language, zone: zone.unwrap_or_else(TimeZone::system), accounts }
    }

    /// Whoever reads of several pairs at once.
    #[must_use]
    pub fn of_all(config: &Config) -> Self {
        let mut zones = config.schedules.iter().map(|schedule| &schedule.timezone);
        let first = zones.next().filter(|first| zones.all(|zone| zone == *first));
        let zone = config.report.timezone.clone().or_else(|| first.cloned()).unwrap_or_else(TimeZone::system);
        Self { language: config.report.language, zone, accounts: Both::default() }
    }

    /// Somebody who reads English and UTC, and has no accounts to open.
    #[must_use]
    pub fn plain() -> Self {
        Self { language: Language::English, zone: TimeZone::UTC, accounts: Both::default() }
    }

    pub(crate) fn words(&self) -> &'static dyn Messages {
        messages(self.language)
    }

    /// A sentence that was made in English, in this reader's language.
    #[must_use]
    pub fn say(&self, english: &str) -> String {
        self.words().say(english)
    }

    /// A time in this reader's zone.
    pub(crate) fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// A time in this reader's zone, to the second.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        self.local(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// A due date in this reader's zone; what is no time is left as it is.
    pub(crate) fn moment(&self, text: &str) -> String {
        let at = text.parse::<Timestamp>();
        at.map_or_else(|_| on_one_line(text), |at| self.words().short_moment(&self.local(at)))
    }

    /// When a day begins for this reader.
    #[must_use]
    pub fn beginning_of(&self, day: jiff::civil::Date) -> Option<Timestamp> {
        day.to_zoned(self.zone.clone()).ok().map(|at| at.timestamp())
    }

    /// The name of this reader's zone.
    #[must_use]
    pub fn zone(&self) -> String {
        self.zone
            .iana_name()
            .map_or_else(|| self.local(Timestamp::UNIX_EPOCH).strftime("%Z").to_string(), str::to_owned)
    }

    pub(super) fn account(&self, side: Side) -> Option<&str> {
        self.accounts.of(side).id.as_deref()
    }

    /// Where a contact is opened in a browser.
    #[must_use]
    pub fn link(&self, side: Side, contact: &str) -> Option<String> {
        let account = self.accounts.of(side);
        Some(account.web_url.as_ref()?.of(account.id.as_deref().unwrap_or_default(), contact))
    }
}

fn account(pair: &Pair, side: Side) -> Option<String> {
    let Accounts::Real(accounts) = &pair.accounts else { return None };
    Some(match side {
        Side::Cliengo => accounts.cliengo.website_id.clone(),
        Side::Ghl => accounts.ghl.location_id.clone(),
    })
}
