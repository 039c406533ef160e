//! GHL through an app (OAuth): a person consents once, and every night renews what came of it, once and never twice.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use concord::clock::{Clock, ManualClock};
use concord::crm::ghl::oauth::{App, GrantStore, GrantStoreError, LocationGrant, OAuth};
use concord::crm::ghl::{Access, Ghl, GhlSettings};
use concord::crm::{CrmError, Patience, Reader};
use concord::sandbox::{Options, Sandbox};
use jiff::Timestamp;
use secrecy::SecretString;
use tokio_util::task::TaskTracker;

use crate::command::{Desk, Said, sandbox};

/// A pair for `sandbox` that is entered through the app that locations install, or the agency's.
pub fn desk(sandbox: &Sandbox, is_agency: bool) -> Desk {
    let mut desk = Desk::real(sandbox);
    let [location, agency] = sandbox.apps();
    let (id, secret) = if is_agency { agency } else { location };
    let app =
        format!("client_id = \"{id}\"\nclient_secret = {{ env = \"TEST_SECRET\" }}\nkey = {{ env = \"TEST_SEAL\" }}\n");
    let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let inline = app.trim_end().replace('\n', ", ");
    let oauth = if is_agency { "oauth = { agency = \"main\" }".to_owned() } else { format!("oauth = {{ {inline} }}") };
    let mut text = text.replace("token = { env = \"TEST_TOKEN\" }", &oauth);
    if is_agency {
        text.push_str(&format!("[agency.main]\n{app}"));
    }
    std::fs::write(desk.path("schedules.toml"), text).unwrap();
    desk.environment.push(("TEST_SECRET".to_owned(), secret));
    desk.environment.push(("TEST_SEAL".to_owned(), "a key that seals".to_owned()));
    desk
}

/// What a person does: opens the page, consents, and is sent back.
pub async fn consent(desk: &Desk, change: impl Fn(&str) -> String) -> (Said, BTreeMap<String, String>) {
    consent_to(desk, "", change).await
}

/// The same, where the app does not have one of the scopes that are asked for.
pub async fn consent_to(
    desk: &Desk,
    without: &str,
    change: impl Fn(&str) -> String,
) -> (Said, BTreeMap<String, String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
    command.current_dir(desk.folder.path()).env("NO_COLOR", "1").args(["auth", "ghl", "--print-url", "--port", "0"]);
    command.envs(desk.environment.iter().cloned()).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    tokio::task::block_in_place(|| out.read_line(&mut line)).unwrap();
    let url: reqwest::Url = line.trim().parse().unwrap_or_else(|why| panic!("{why}: {line:?}"));
    let asked = url.query_pairs().into_owned().collect();
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = if without.is_empty() { url.to_string() } else { url.as_str().replace(without, "") };
    let page = browser.get(url).send().await.unwrap();
    let back = page.headers()["location"].to_str().unwrap().to_owned();
    let answer = browser.get(change(&back)).send().await.unwrap();
    if answer.status() == 400 {
        // An answer to somebody else's request ends nothing; the right one does.
        browser.get(&back).send().await.unwrap();
    }
    let output = tokio::task::block_in_place(|| child.wait_with_output()).unwrap();
    (Said::from(output), asked)
}

pub async fn let_in(desk: &Desk) {
    consent(desk, str::to_owned).await.0.code(0);
}

fn tokens_asked(sandbox: &Sandbox) -> Vec<String> {
    let all = sandbox.requests().into_iter().filter(|request| request.path == "/oauth/token");
    all.map(|request| request.body.unwrap()["grant_type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_lets_the_program_in_once_and_the_nights_need_nobody() {
    let sandbox = sandbox(3).await;
    let desk = desk(&sandbox, false);
    desk.ask(&["sync"]).code(12).tells("nobody has let this program in").tells("run: concord auth ghl --pair acme");
    assert!(
        sandbox.requests().iter().all(|request| !request.path.starts_with("/contacts")),
        "nothing is asked without"
    );
    let (said, asked) = consent(&desk, str::to_owned).await;
    said.code(0);
    assert_eq!(asked["code_challenge_method"], "S256");
    assert!(
        asked["scope"].contains("contacts.write") && asked["scope"].contains("locations/tasks.readonly"),
        "{asked:?}"
    );
    assert!(asked["redirect_uri"].starts_with("http://127.0.0.1:"), "{asked:?}");
    desk.ask(&["check"]).tells("acme.ghl");
    desk.ask(&["plan"]).code(0);
    assert_eq!(tokens_asked(&sandbox), ["authorization_code"], "the token of the consent serves for a day");
    let kept = std::fs::read_to_string(desk.path("state/acme.token")).unwrap();
    assert!(!kept.contains("access-") && !kept.contains("refresh-"), "{kept}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(desk.path("state/acme.token")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_with_another_state_lets_nobody_in() {
    let sandbox = sandbox(1).await;
    let desk = desk(&sandbox, false);
    let forged = |back: &str| format!("{}x", back.replace("code=", "code=forged"));
    consent(&desk, forged).await.0.code(0);
    assert_eq!(tokens_asked(&sandbox), ["authorization_code"], "the forged code was never sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consent_for_another_location_is_kept_nowhere() {
    let sandbox = sandbox(1).await;
    let desk = desk(&sandbox, false);
    let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    std::fs::write(desk.path("schedules.toml"), text.replace(sandbox.location_id(), "AnotherLocation00000")).unwrap();
    let (said, _) = consent(&desk, str::to_owned).await;
    said.code(1).tells("choose that one on GHL's page").tells("AnotherLocation00000");
    assert!(!desk.path("state/acme.token").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_refused_in_mid_run_is_renewed_once_and_loses_no_request() {
    let sandbox = sandbox(3).await;
    let desk = desk(&sandbox, false);
    let_in(&desk).await;
    sandbox.revoke_tokens().unwrap();
    desk.ask(&["plan"]).code(0);
    assert_eq!(tokens_asked(&sandbox), ["authorization_code", "refresh_token"]);
    desk.ask(&["plan"]).code(0);
    assert_eq!(tokens_asked(&sandbox).len(), 2, "what was renewed is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_never_spend_one_refresh_token() {
    let sandbox = sandbox(3).await;
    let desk = desk(&sandbox, false);
    let_in(&desk).await;
    sandbox.revoke_tokens().unwrap();
    let mut both = [desk.start(&["plan"]), desk.start(&["plan"])];
    let codes = both.each_mut().map(|child| tokio::task::block_in_place(|| child.wait()).unwrap().code());
    assert_eq!(codes, [Some(0), Some(0)]);
    assert_eq!(tokens_asked(&sandbox), ["authorization_code", "refresh_token"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_that_another_copy_used_is_told_with_the_command_that_mends_it() {
    let sandbox = sandbox(1).await;
    let desk = desk(&sandbox, false);
    let_in(&desk).await;
    sandbox.use_up_tokens().unwrap();
    let said = desk.ask(&["sync"]).code(12).tells("another copy of this program used it up");
    assert!(said.err.contains("run: concord auth ghl --pair acme"), "{said:#?}");
    assert!(!said.err.contains("refresh-"), "{said:#?}");
    let_in(&desk).await;
    desk.ask(&["plan"]).code(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_another_key_nothing_is_read_and_nothing_is_lost() {
    let sandbox = sandbox(1).await;
    let mut desk = desk(&sandbox, false);
    let_in(&desk).await;
    let kept = std::fs::read(desk.path("state/acme.token")).unwrap();
    for (name, value) in &mut desk.environment {
        if name == "TEST_SEAL" {
            *value = "another".to_owned();
        }
    }
    let said = desk.ask(&["plan"]).code(12).tells("cannot be opened with the key that the configuration gives");
    said.tells("run: concord auth ghl --pair acme");
    assert_eq!(std::fs::read(desk.path("state/acme.token")).unwrap(), kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_credential_of_an_agency_lets_every_location_in() {
    let sandbox = sandbox(3).await;
    let desk = desk(&sandbox, true);
    let_in(&desk).await;
    assert!(desk.path("state/agency-main.token").exists());
    desk.ask(&["plan"]).code(0);
    sandbox.revoke_tokens().unwrap();
    desk.ask(&["plan"]).code(0);
    assert_eq!(tokens_asked(&sandbox), ["authorization_code", "refresh_token"]);
    let asked = sandbox.requests().into_iter().filter(|request| request.path == "/oauth/locationToken");
    assert!(asked.clone().all(|request| request.body.unwrap()["locationId"] == sandbox.location_id()));
    assert_eq!(asked.filter(|request| request.status == 200).count(), 2, "one for each run");
}

/// What is kept, in memory; a process that died keeps nothing any more.
#[derive(Clone, Debug, Default)]
struct Memory(Arc<Mutex<(Option<Vec<u8>>, usize)>>);

impl Memory {
    /// The process dies after so many more writes.
    fn dies_after(&self, writes: usize) {
        self.0.lock().unwrap().1 = writes;
    }
}

impl GrantStore for Memory {
    fn read(&self) -> Result<Option<Vec<u8>>, GrantStoreError> {
        Ok(self.0.lock().unwrap().0.clone())
    }

    fn write(&self, content: &[u8]) -> Result<(), GrantStoreError> {
        let mut kept = self.0.lock().unwrap();
        if kept.1 > 0 {
            *kept = (Some(content.to_vec()), kept.1 - 1);
        }
        Ok(())
    }

    fn lock(&self, _: Timestamp) -> Result<Option<Box<dyn Send>>, GrantStoreError> {
        Ok(Some(Box::new(())))
    }
}

/// A sandbox, a clock, and what is kept between processes.
struct Stage {
    sandbox: Sandbox,
    clock: Arc<ManualClock>,
    kept: Memory,
}

impl Stage {
    async fn set() -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-23T06:00:00Z".parse().unwrap()));
        let options = Options { contacts: 1, clock: clock.clone(), ..Options::default() };
        let stage = Self { sandbox: Sandbox::start(options).await.unwrap(), clock, kept: Memory::default() };
        stage.kept.dies_after(usize::MAX);
        let grant = stage.process();
        let code = stage.code().await;
        let granted = grant.app().exchange(&code, "http://127.0.0.1:1/oauth/callback", "v", "Location").await.unwrap();
        grant.keep(granted).await.unwrap();
        stage
    }

    async fn code(&self) -> SecretString {
        let [(id, _), _] = self.sandbox.apps();
        let page =
            format!("{}/oauth/chooselocation?client_id={id}&redirect_uri=http://x&state=s", self.sandbox.ghl_url());
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let back = browser.get(page).send().await.unwrap().headers()["location"].to_str().unwrap().to_owned();
        let back: reqwest::Url = back.parse().unwrap();
        SecretString::from(back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned())
    }

    fn patience() -> Patience {
        let (short, brief) = (Duration::from_secs(2), Duration::from_millis(1));
        Patience {
            connect: short,
            read: short,
            total: short,
            backoff: brief,
            in_all: Duration::from_millis(50),
            ..Patience::default()
        }
    }

    /// A process that begins now.
    fn process(&self) -> Arc<OAuth> {
        self.process_of(Box::new(self.kept.clone()))
    }

    fn process_of(&self, store: Box<dyn GrantStore>) -> Arc<OAuth> {
        let [(id, secret), _] = self.sandbox.apps();
        let app = App::new(&self.sandbox.ghl_url(), false, &id, SecretString::from(secret), Self::patience()).unwrap();
        let command = "concord auth ghl --pair acme".to_owned();
        OAuth::new(app, store, self.clock.clone(), TaskTracker::new(), command)
    }

    fn ghl(&self, access: Access) -> Ghl {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let mut settings = GhlSettings::entered(&self.sandbox.ghl_url(), access, self.sandbox.location_id(), clock);
        settings.patience = Self::patience();
        Ghl::new(settings).unwrap()
    }

    async fn account(&self) -> Result<String, CrmError> {
        self.ghl(Access::App(self.process())).account().await.map(|account| account.id)
    }

    fn fault(&self, faults: &str) {
        self.sandbox.set_faults(faults.parse().unwrap());
    }
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires_and_its_refresh_token_is_good_once() {
    let stage = Stage::set().await;
    for _ in 0..3 {
        stage.clock.advance(Duration::from_hours(23));
        assert_eq!(stage.account().await.unwrap(), stage.sandbox.location_id());
        assert_eq!(stage.account().await.unwrap(), stage.sandbox.location_id());
    }
    assert_eq!(tokens_asked(&stage.sandbox).len(), 1 + 3);
    assert!(stage.sandbox.requests().iter().all(|request| request.status < 400), "nothing was refused on the way");
}

#[tokio::test]
async fn a_process_that_died_between_renewal_and_keeping_is_told_of_when_the_old_token_ends() {
    let stage = Stage::set().await;
    stage.clock.advance(Duration::from_hours(22));
    // The beginning of the renewal is kept, its end is not.
    stage.kept.dies_after(1);
    stage.account().await.unwrap();
    stage.kept.dies_after(usize::MAX);
    assert!(stage.account().await.is_ok(), "the old token is good for two hours more");
    stage.clock.advance(Duration::from_hours(3));
    match stage.account().await {
        Err(CrmError::NoGrant { message, remedy, .. }) => {
            assert!(message.contains("a renewal that began at 2026-11-24T04:00:00Z got no answer"), "{message}");
            assert_eq!(remedy, "run: concord auth ghl --pair acme");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_renewal_whose_answer_was_lost_costs_nothing_while_the_old_token_lasts() {
    let stage = Stage::set().await;
    stage.clock.advance(Duration::from_hours(22));
    stage.fault("reset-after-write@ghl:POST:/oauth/token#1");
    assert!(stage.account().await.is_ok());
    stage.clock.advance(Duration::from_hours(3));
    assert!(
        matches!(stage.account().await, Err(CrmError::NoGrant { message, .. }) if message.contains("got no answer"))
    );
}

#[tokio::test]
async fn a_renewal_that_fails_for_a_moment_is_asked_for_again() {
    let stage = Stage::set().await;
    stage.clock.advance(Duration::from_hours(25));
    stage.fault("status=503@ghl:POST:/oauth/token#..2");
    assert!(stage.account().await.is_ok());
}

#[tokio::test]
async fn one_process_renews_once_for_all_its_requests() {
    let stage = Stage::set().await;
    stage.clock.advance(Duration::from_hours(25));
    let grant = stage.process();
    let ghl: Vec<Ghl> = (0..8).map(|_| stage.ghl(Access::App(Arc::clone(&grant)))).collect();
    let asked = futures::future::join_all(ghl.iter().map(Ghl::account)).await;
    assert!(asked.iter().all(Result::is_ok), "{asked:?}");
    assert_eq!(tokens_asked(&stage.sandbox), ["authorization_code", "refresh_token"]);
}

#[tokio::test]
async fn a_location_without_the_agencys_app_is_told_by_its_id() {
    let stage = Stage::set().await;
    let [_, (id, secret)] = stage.sandbox.apps();
    let app = App::new(&stage.sandbox.ghl_url(), false, &id, SecretString::from(secret), Stage::patience()).unwrap();
    let page = format!("{}/oauth/chooselocation?client_id={id}&redirect_uri=http://x&state=s", stage.sandbox.ghl_url());
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let back: reqwest::Url =
        browser.get(page).send().await.unwrap().headers()["location"].to_str().unwrap().parse().unwrap();
    let code = SecretString::from(back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned());
    let command = "concord auth ghl --pair acme".to_owned();
    let agency = OAuth::new(app, Box::new(Memory::default()), stage.clock.clone(), TaskTracker::new(), command);
    let granted = agency.app().exchange(&code, "http://x", "v", "Company").await.unwrap();
    let store = Memory::default();
    store.dies_after(usize::MAX);
    let app = App::new(
        &stage.sandbox.ghl_url(),
        false,
        &id,
        SecretString::from(stage.sandbox.apps()[1].1.clone()),
        Stage::patience(),
    )
    .unwrap();
    let agency =
        OAuth::new(app, Box::new(store), stage.clock.clone(), TaskTracker::new(), "concord auth ghl".to_owned());
    agency.keep(granted).await.unwrap();
    let elsewhere = Access::Agency(Arc::new(LocationGrant::new(Arc::clone(&agency), "SomewhereElse0000000")));
    match stage.ghl(elsewhere).account().await {
        Err(CrmError::NoGrant { message, .. }) => assert!(message.contains("SomewhereElse0000000"), "{message}"),
        other => panic!("{other:?}"),
    }
    let here = Access::Agency(Arc::new(LocationGrant::new(agency, stage.sandbox.location_id())));
    assert!(stage.ghl(here).account().await.is_ok());
}

/// What is kept where another process renews it while this one waits for its turn.
#[derive(Debug)]
struct Overtaken {
    kept: Memory,
    renewed: Vec<u8>,
}

impl GrantStore for Overtaken {
    fn read(&self) -> Result<Option<Vec<u8>>, GrantStoreError> {
        self.kept.read()
    }

    fn write(&self, content: &[u8]) -> Result<(), GrantStoreError> {
        self.kept.write(content)
    }

    fn lock(&self, now: Timestamp) -> Result<Option<Box<dyn Send>>, GrantStoreError> {
        self.kept.write(&self.renewed)?;
        self.kept.lock(now)
    }
}

#[tokio::test]
async fn who_waited_for_another_to_renew_spends_no_second_refresh_token() {
    let stage = Stage::set().await;
    let before = stage.kept.read().unwrap().unwrap();
    stage.clock.advance(Duration::from_hours(25));
    stage.account().await.unwrap();
    let kept = Memory::default();
    kept.dies_after(usize::MAX);
    kept.write(&before).unwrap();
    let renewed = stage.kept.read().unwrap().unwrap();
    let late = stage.process_of(Box::new(Overtaken { kept, renewed }));
    stage.ghl(Access::App(late)).account().await.unwrap();
    assert_eq!(tokens_asked(&stage.sandbox), ["authorization_code", "refresh_token"]);
}
