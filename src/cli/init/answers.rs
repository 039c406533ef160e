//! What `init` needs to know: from flags, else from the person; and what the CRMs say to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use jiff::tz::TimeZone;
use secrecy::ExposeSecret;

use super::super::terminal::{Terminal, say};
use super::judged::{check_name, is_location, is_region, is_token, loads};
use super::quoted::quoted;
use super::secrets::{Kept, Place};
use crate::cli::Session;
use crate::cli::arguments::InitOptions;
use crate::cli::usage::Usage;
use crate::cli::{explain, output};
use crate::crm::cliengo::{Cliengo, CliengoSettings, Website};
use crate::crm::ghl::{Ghl, GhlSettings};
use crate::crm::{Account, CrmError, Reader};
use crate::report::{Line, Page, number, on_one_line};
use crate::run::RunError;

/// Everything that the file says.
#[derive(Debug)]
pub(super) struct Answers {
    /// The pair's name.
    pub name: String,
    /// The two accounts; `None`: both CRMs embedded.
    pub accounts: Option<RealAccounts>,
    /// When it runs.
    pub cron: String,
    /// The zone of `cron`.
    pub zone: String,
}

/// Two accounts that both answered.
#[derive(Debug)]
pub(super) struct RealAccounts {
    pub cliengo_url: String,
    pub cliengo_key: Kept,
    pub cliengo_name: String,
    pub website: Website,
    pub ghl_url: String,
    pub ghl_token: Kept,
    pub location: Account,
    pub region: Option<String>,
}

impl Answers {
    /// Environment variables that every run needs.
    pub fn variables(&self) -> Vec<&str> {
        let secrets = self.accounts.iter().flat_map(|accounts| [&accounts.cliengo_key, &accounts.ghl_token]);
        let names = secrets.filter_map(|kept| match &kept.place {
            Place::Environment(name) => Some(name.as_str()),
            Place::Known(_) | Place::New(_) => None,
        });
        names.collect()
    }

    /// The files that the secrets were written to.
    pub fn new_files(&self) -> Vec<String> {
        let secrets = self.accounts.iter().flat_map(|accounts| [&accounts.cliengo_key, &accounts.ghl_token]);
        let files = secrets.filter_map(|kept| match &kept.place {
            Place::New(file) => Some(file.display().to_string()),
            Place::Known(_) | Place::Environment(_) => None,
        });
        files.collect()
    }

    /// Writes the secrets that were typed or piped in.
    pub fn keep_secrets(&self) -> anyhow::Result<()> {
        let mut secrets = self.accounts.iter().flat_map(|accounts| [&accounts.cliengo_key, &accounts.ghl_token]);
        secrets.try_for_each(Kept::keep)
    }
}

/// Gathers the answers; every one that a CRM can judge is judged at once.
pub(super) async fn gather(
    session: &Session,
    options: &InitOptions,
    terminal: Option<&Terminal<'_>>,
) -> anyhow::Result<Answers> {
    if terminal.is_none() && !options.sandbox {
        refuse_gaps(session, options)?;
    }
    if options.location_id.as_deref().is_some_and(is_token) {
        let message = "--location-id was given what looks like the token: it begins with pit-".to_owned();
        return Err(Usage { message, hint: "copy it from GHL: Settings, Business Profile".to_owned() }.into());
    }
    if let Some(id) = options.location_id.as_deref().filter(|id| !is_location(id)) {
        let message = format!("--location-id {id:?} cannot be a location's id: letters, digits, - and _ alone");
        return Err(Usage { message, hint: "copy it from GHL: Settings, Business Profile".to_owned() }.into());
    }
    let wants_sandbox = match terminal.filter(|_| !options.sandbox && !has_account_flag(options)) {
        Some(terminal) => {
            let kinds = ["two accounts of yours".to_owned(), "a sandbox: both CRMs embedded, to try it out".to_owned()];
            terminal.choice("What is to be kept in step?", &kinds).await? == 1
        }
        None => options.sandbox,
    };
    let name = name(session, terminal, if wants_sandbox { "demo" } else { "main" }).await?;
    if wants_sandbox {
        return Ok(Answers { name, accounts: None, cron: options.cron.clone(), zone: "UTC".to_owned() });
    }
    let mut asking = Asking { session, options, terminal, name: &name };
    let (cliengo_key, cliengo, cliengo_name) = asking.cliengo().await?;
    let website = asking.website(&cliengo).await?;
    let (ghl_token, location) = asking.ghl().await?;
    let region = asking.region(&location).await?;
    let zone = location.zone.clone().filter(|zone| TimeZone::get(zone).is_ok()).unwrap_or_else(|| "UTC".to_owned());
    let cron = asking.cron(&zone).await?;
    let accounts = RealAccounts {
        cliengo_url: options.cliengo_url.clone(),
        cliengo_key,
        cliengo_name,
        website,
        ghl_url: options.ghl_url.clone(),
        ghl_token,
        location,
        region,
    };
    Ok(Answers { name, accounts: Some(accounts), cron, zone })
}

const fn has_account_flag(options: &InitOptions) -> bool {
    has_key(options) || has_token(options) || options.website_id.is_some() || options.location_id.is_some()
}

const fn has_key(options: &InitOptions) -> bool {
    options.cliengo_key_stdin || options.cliengo_key_env.is_some() || options.cliengo_key_file.is_some()
}

const fn has_token(options: &InitOptions) -> bool {
    options.ghl_token_stdin || options.ghl_token_env.is_some() || options.ghl_token_file.is_some()
}

/// Without a terminal, what was not given cannot be asked for: all of it is said at once.
fn refuse_gaps(session: &Session, options: &InitOptions) -> Result<(), Usage> {
    let needed = [
        (!session.global.pairs.is_empty(), "--pair NAME"),
        (has_key(options), "--cliengo-key-env NAME (or -file, -stdin)"),
        (options.location_id.is_some(), "--location-id ID"),
        (has_token(options), "--ghl-token-env NAME (or -file, -stdin)"),
    ];
    let missing: Vec<&str> = needed.into_iter().filter(|(given, _)| !given).map(|(_, flag)| flag).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Usage {
        message: format!("nobody can be asked here, and this is missing: {}", missing.join("; ")),
        hint: "give these flags, run it on a terminal, or try --sandbox, which needs none".to_owned(),
    })
}

async fn name(session: &Session, terminal: Option<&Terminal<'_>>, usual: &str) -> anyhow::Result<String> {
    match (session.global.pairs.as_slice(), terminal) {
        ([name], _) => Ok(check_name(name).map(|()| name.clone())?),
        ([_, _, ..], _) => {
            let hint = "init writes one pair; further ones are added to the file".to_owned();
            Err(Usage { message: "several --pair".to_owned(), hint }.into())
        }
        ([], None) => Ok(usual.to_owned()),
        ([], Some(terminal)) => loop {
            let name = terminal.line("A name for the pair", usual).await?;
            match check_name(&name) {
                Ok(()) => return Ok(name),
                Err(_) => say(&session.say("  a-z, 0-9, _ and - alone: the name becomes a file name\n")),
            }
        },
    }
}

/// Why a CRM did not answer; nobody can check a configuration that is not written yet.
fn refused(error: CrmError) -> anyhow::Error {
    match error {
        CrmError::Credentials { .. } => explain::RefusedAtInit(error).into(),
        error => RunError::Crm(error).into(),
    }
}

/// Asks about the two accounts of one pair.
struct Asking<'a> {
    session: &'a Session,
    options: &'a InitOptions,
    terminal: Option<&'a Terminal<'a>>,
    name: &'a str,
}

impl Asking<'_> {
    /// Says what a CRM told.
    fn tell(&self, what: &str) {
        if !self.session.global.quiet {
            let mut page = Page::new(output::style(&self.session.global, false));
            page.flow(Line::of("  "), 4, Line::of(on_one_line(&self.session.say(what))));
            say(&page.finish());
        }
    }

    /// The terminal, where an answer may be given once more.
    fn again<'b>(&'b self, given: bool, error: &anyhow::Error) -> Option<&'b Terminal<'b>> {
        let terminal = self.terminal.filter(|_| !given && !error.is::<explain::Stopped>())?;
        // A mistyped answer is the usual cause, whatever it led to.
        let hint = explain::hint(error).map(|hint| format!("\n  {hint}")).unwrap_or_default();
        say(&output::fitted(&self.session.say(&format!("  {error:#}{hint}\n"))));
        Some(terminal)
    }

    /// The file in which a typed secret is kept; one that is there is not written over unasked.
    fn secret_file(&self, whose: &str) -> Result<PathBuf, Usage> {
        let beside = self.session.global.config.parent().unwrap_or(Path::new(""));
        let folder = self.options.secrets_dir.clone().unwrap_or_else(|| beside.join("secrets"));
        let path = folder.join(format!("{}.{whose}", self.name));
        if path.exists() && !self.options.force {
            let message = format!("{} is there already, and was left as it is", path.display());
            let hint = "use it with the flag that ends in -file, or write over it with --force".to_owned();
            return Err(Usage { message, hint });
        }
        Ok(path)
    }

    /// The secret that flags tell of.
    fn given(&self, whose: &str, from: Given<'_>) -> anyhow::Result<Option<Kept>> {
        match from {
            Given { environment: Some(name), flag, .. } => {
                Kept::from_environment(&format!("{flag}-env"), name).map(Some)
            }
            Given { file: Some(path), flag, .. } => Kept::from_file(&format!("{flag}-file"), path).map(Some),
            Given { stdin: true, .. } => Kept::from_stdin(self.secret_file(whose)?).map(Some),
            Given { .. } => Ok(None),
        }
    }

    /// A typed secret, or `$NAME` for one that stands in the environment.
    async fn typed(&self, terminal: &Terminal<'_>, question: &str, whose: &str) -> anyhow::Result<Kept> {
        let file = self.secret_file(whose)?;
        loop {
            let secret =
                terminal.secret(&format!("{question} (not shown; or $NAME of an environment variable)")).await?;
            match secret.expose_secret().strip_prefix('$') {
                Some(name) => match Kept::from_environment(&format!("${name}"), name) {
                    Ok(kept) => return Ok(kept),
                    Err(error) => say(&self.session.say(&format!("  {error}\n"))),
                },
                None if secret.expose_secret().is_empty() => say(&self.session.say("  it is empty\n")),
                None => return Ok(Kept { secret, place: Place::New(file) }),
            }
        }
    }

    /// Cliengo's key, and the account that it opens.
    async fn cliengo(&mut self) -> anyhow::Result<(Kept, Cliengo, String)> {
        let from = Given {
            flag: "--cliengo-key",
            environment: self.options.cliengo_key_env.as_deref(),
            file: self.options.cliengo_key_file.as_deref(),
            stdin: self.options.cliengo_key_stdin,
        };
        let mut kept = self.given("cliengo", from)?;
        let was_given = kept.is_some();
        loop {
            let key = match (kept.take(), self.terminal) {
                (Some(kept), _) => kept,
                (None, Some(terminal)) => self.typed(terminal, "Cliengo's API key", "cliengo").await?,
                (None, None) => anyhow::bail!("there is no key"),
            };
            match self.open_cliengo(&key).await {
                Ok((cliengo, name)) => return Ok((key, cliengo, name)),
                Err(error) if self.again(was_given, &error).is_some() => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn open_cliengo(&self, key: &Kept) -> anyhow::Result<(Cliengo, String)> {
        let clock = Arc::clone(&self.session.clock);
        let mut settings = CliengoSettings::new(&self.options.cliengo_url, key.secret.clone(), "", clock);
        settings.stop = self.session.stop.clone();
        settings.seed = self.session.seed;
        let cliengo = Cliengo::new(settings).context("cannot use Cliengo's key")?;
        let (account, leads) = cliengo.profile().await.map_err(refused)?;
        let leads = leads
            .map(|leads| format!("; {} of {} leads used", number(leads.used), number(leads.limit)))
            .unwrap_or_default();
        // Nothing depends on it.
        let users = cliengo.users().await.map(|users| format!("; {} users", users.len())).unwrap_or_default();
        self.tell(&format!("Cliengo answers: {} ({}){leads}{users}", account.name, account.id));
        if let Some(blind_spot) = cliengo.rights().await.ok().and_then(|rights| rights.blind_spot()) {
            self.tell(&format!("careful: {blind_spot}; make a key for a user who sees every contact"));
        }
        Ok((cliengo, account.name))
    }

    /// The website under which contacts are created.
    async fn website(&self, cliengo: &Cliengo) -> anyhow::Result<Website> {
        let websites = match (cliengo.websites().await, &self.options.website_id) {
            (Ok(websites), _) => websites,
            // A key may be refused its websites and still be good for contacts.
            (Err(CrmError::Credentials { .. }), Some(id)) => {
                return Ok(Website { id: id.clone(), title: String::new(), is_deleted: false });
            }
            (Err(error), _) => return Err(refused(error)),
        };
        let websites: Vec<Website> = websites.into_iter().filter(|website| !website.is_deleted).collect();
        let shown: Vec<String> =
            websites.iter().map(|one| on_one_line(&format!("{}  {}", one.id, one.title))).collect();
        let chosen = match (&self.options.website_id, websites.as_slice(), self.terminal) {
            (Some(id), _, _) => websites.iter().find(|website| website.id == *id).ok_or_else(|| Usage {
                message: format!("the Cliengo account has no website {id}"),
                hint: format!("--website-id takes one of: {}", shown.join(", ")),
            })?,
            (None, [], _) => {
                let hint = "make one in Cliengo: contacts are created under a website".to_owned();
                return Err(Usage { message: "the Cliengo account has no website".to_owned(), hint }.into());
            }
            (None, [only], _) => only,
            (None, _, Some(terminal)) => {
                let place = terminal.choice("Under which website are contacts created in Cliengo?", &shown).await?;
                websites.get(place).context("there is no such website")?
            }
            (None, _, None) => {
                let hint = format!("give --website-id ID, one of: {}", shown.join(", "));
                return Err(Usage { message: "the Cliengo account has several websites".to_owned(), hint }.into());
            }
        };
        self.tell(&format!("website: {} ({})", chosen.title, chosen.id));
        Ok(chosen.clone())
    }

    /// GHL's token, and the location that it opens.
    async fn ghl(&mut self) -> anyhow::Result<(Kept, Account)> {
        let from = Given {
            flag: "--ghl-token",
            environment: self.options.ghl_token_env.as_deref(),
            file: self.options.ghl_token_file.as_deref(),
            stdin: self.options.ghl_token_stdin,
        };
        let kept = self.given("ghl", from)?;
        let was_given = kept.is_some() && self.options.location_id.is_some();
        loop {
            let location = match (&self.options.location_id, self.terminal) {
                (Some(id), _) => id.clone(),
                (None, Some(terminal)) => self.location(terminal).await?,
                (None, None) => anyhow::bail!("there is no location"),
            };
            let token = match (kept.clone(), self.terminal) {
                (Some(kept), _) => kept,
                (None, Some(terminal)) => self.typed(terminal, "GHL's private integration token", "ghl").await?,
                (None, None) => anyhow::bail!("there is no token"),
            };
            match self.open_ghl(&location, &token).await {
                Ok(account) => return Ok((token, account)),
                Err(error) if self.again(was_given, &error).is_some() => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn location(&self, terminal: &Terminal<'_>) -> anyhow::Result<String> {
        loop {
            let id = terminal.line("GHL's location id (Settings, Business Profile)", "").await?;
            let why = match id.as_str() {
                id if is_token(id) => {
                    "this looks like the token, which is asked for next; the location's id is in Settings, Business Profile"
                }
                id if is_location(id) => return Ok(id.to_owned()),
                _ => "letters, digits, - and _ alone, as GHL shows it",
            };
            say(&output::fitted(&self.session.say(&format!("  {why}\n"))));
        }
    }

    async fn open_ghl(&self, location: &str, token: &Kept) -> anyhow::Result<Account> {
        let clock = Arc::clone(&self.session.clock);
        let mut settings = GhlSettings::new(&self.options.ghl_url, token.secret.clone(), location, clock);
        settings.stop = self.session.stop.clone();
        settings.seed = self.session.seed.rotate_left(17);
        settings.location_source = self.options.location_id.as_ref().map(|id| format!("--location-id {id}"));
        let ghl = Ghl::new(settings).context("cannot use GHL's token")?;
        let account = ghl.account().await.map_err(refused)?;
        let place = [account.country.as_deref(), account.zone.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        let place = if place.is_empty() { String::new() } else { format!("; {}", place.join(", ")) };
        let contacts = ghl.count_contacts().await.map_err(refused)?;
        let contacts = contacts.map(|count| format!("; {} contacts", number(count))).unwrap_or_default();
        // Nothing depends on them.
        let users = ghl.users().await.map(|users| format!("; {} users", users.len())).unwrap_or_default();
        let left = ghl
            .usage()
            .daily_remaining
            .map(|left| format!("; {} requests left today", number(left)))
            .unwrap_or_default();
        self.tell(&format!("GHL answers: {} ({}){place}{contacts}{users}{left}", account.name, account.id));
        Ok(account)
    }

    /// The country of phones without one; `None`: nobody knows it.
    async fn region(&self, location: &Account) -> anyhow::Result<Option<String>> {
        let usual = location.country.clone().filter(|country| is_region(country));
        let Some(terminal) = self.terminal.filter(|_| self.options.region.is_none()) else {
            return Ok(self.options.region.clone().or(usual));
        };
        let usual = usual.unwrap_or_default();
        loop {
            let region = terminal.line("The country of phones that come without one (such as AR)", &usual).await?;
            if region.is_empty() {
                return Ok(None);
            }
            if is_region(&region) {
                return Ok(Some(region));
            }
            say(&self.session.say("  two capital letters, such as AR, MX or ES\n"));
        }
    }

    /// When it runs.
    async fn cron(&self, zone: &str) -> anyhow::Result<String> {
        let Some(terminal) = self.terminal else { return Ok(self.options.cron.clone()) };
        loop {
            let cron = terminal.line(&format!("When to run, as a cron line in {zone}"), &self.options.cron).await?;
            let schedule = format!("name = \"x\"\ncron = {}\ntimezone = \"UTC\"\nrun = \"sync\"\n", quoted(&cron));
            if loads(&format!("[[schedule]]\n{schedule}[pair.x]\nsandbox = true\n")) {
                return Ok(cron);
            }
            say(&self
                .session
                .say("  five fields: minute, hour, day, month, day of the week; 0 3 * * * is every night at three\n"));
        }
    }
}

/// Where a flag says that a secret is.
#[derive(Clone, Copy)]
struct Given<'a> {
    /// Without its last word.
    flag: &'static str,
    environment: Option<&'a str>,
    file: Option<&'a Path>,
    stdin: bool,
}
