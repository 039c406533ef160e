//! What `schedules.toml` promises: defaults, validation, and messages a person can act on.
#![expect(clippy::panic, clippy::expect_used, reason = "a test's own functions fail as its assertions do")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use concord::config::{
    Accounts, Config, ConfigError, ConflictPolicy, Direction, Duplicates, Encryption, ExtraParams, FirstSync,
    GhlAccess, Language, MatchField, NotesFetch, NotifyOn, OnDelete, Overrides, Pair, Readable, ScheduledRun, Secret,
    SecretSource, TasksMode,
};
use concord::record::{Kind, Side};
use secrecy::ExposeSecret as _;

const ORIGIN: &str = "schedules.toml";
const DEMO: &str = "[pair.demo]\nsandbox = true\n";
const REAL: &str = r#"
[pair.acme.cliengo]
api_key = { env = "CLIENGO_API_KEY" }
website_id = "5f3c"

[pair.acme.ghl]
location_id = "C2Qu"
token = { file = "keys/ghl" }
"#;
const DAY: Duration = Duration::from_hours(24);

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new(ORIGIN))
}

fn valid(text: &str) -> Config {
    parse(text).unwrap_or_else(|error| panic!("{error}\nhint: {:?}", error.hint()))
}

fn real(more: &str) -> Pair {
    valid(&format!("{REAL}{more}")).pairs.remove(0)
}

/// The whole text of what is wrong with `text`, with its hint.
fn wrong(text: &str) -> String {
    let error = parse(text).expect_err("the configuration is wrong");
    match error.hint() {
        Some(hint) => format!("{error}\nhint: {hint}"),
        None => error.to_string(),
    }
}

/// The one message about the demo pair with `more` in its file.
fn wrong_demo(more: &str) -> String {
    wrong(&format!("{DEMO}{more}"))
}

fn assert_wrong(text: &str, part: &str) {
    let message = wrong(text);
    assert!(message.contains(part), "expected {part:?} in:\n{message}");
}

// ---- what a valid file means ----

#[test]
fn the_shipped_file_has_one_sandbox_pair() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules.toml");
    let config = Config::load(&shipped, &Overrides::default()).unwrap();
    let names: Vec<&str> = config.pairs.iter().map(|pair| pair.name.as_str()).collect();
    assert_eq!(names, ["demo"]);
    assert!(config.pairs[0].is_sandbox());
    // So that `daemon`, `export` and `status` have something to show on a fresh checkout.
    let schedules: Vec<&str> = config.schedules.iter().map(|schedule| schedule.name.as_str()).collect();
    assert_eq!(schedules, ["nightly"]);
}

#[test]
fn what_the_shipped_file_shows_in_comments_is_valid_and_shows_the_defaults() {
    let shipped = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules.toml")).unwrap();
    let uncommented = |prefixes: &[&str]| {
        let lines = shipped.lines().filter_map(|line| {
            let bare = prefixes.iter().find_map(|prefix| line.strip_prefix(prefix)).unwrap_or(line);
            let is_toml = bare.starts_with('[') || bare.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
            is_toml.then_some(bare)
        });
        valid(&lines.collect::<Vec<_>>().join("\n"))
    };
    let examples = uncommented(&["# "]);
    let with_defaults = uncommented(&["# # ", "# "]);
    assert_eq!(examples.schedules.len(), 1);
    assert_eq!(examples.pairs.len(), 2);
    assert_eq!(examples.pair("acme").unwrap().fingerprint(), with_defaults.pair("acme").unwrap().fingerprint());
    let (plain, shown) = (examples.pair("acme").unwrap(), with_defaults.pair("acme").unwrap());
    assert_eq!((&plain.cliengo, &plain.ghl, plain.settle), (&shown.cliengo, &shown.ghl, shown.settle));
}

#[test]
fn mailboxes_that_everybody_types_are_nobodys_unless_it_is_said_otherwise() {
    let stands_for_nobody = |more: &str, email: &str| {
        real(more).placeholder_emails.iter().any(|pattern| concord::record::fits_pattern(email, pattern))
    };
    for email in ["notiene@gmail.com", "SinCorreo@hotmail.com", "sincorreo@sincorreo.com", "a@a.com", "test@test.com"] {
        assert!(stands_for_nobody("", email), "{email}");
        assert!(!stands_for_nobody("[pair.acme.contacts]\nplaceholder_emails = []\n", email), "{email}");
    }
    for email in ["ana@gmail.com", "notiene@example.com", "test@example.com", "a@ab.com"] {
        assert!(!stands_for_nobody("", email), "{email}");
    }
}

#[test]
fn a_minimal_real_pair_gets_the_documented_defaults() {
    let pair = real("");
    assert_eq!((pair.name.as_str(), pair.region.as_deref(), pair.settle), ("acme", None, Duration::from_mins(2)));
    let Accounts::Real(accounts) = &pair.accounts else { panic!("a real pair") };
    assert_eq!(accounts.cliengo.base_url, "https://api.cliengo.com/1.0");
    assert_eq!(accounts.cliengo.api_key.source, SecretSource::Env("CLIENGO_API_KEY".to_owned()));
    assert_eq!(accounts.ghl.base_url, "https://services.leadconnectorhq.com");
    assert_eq!((pair.cliengo.requests_per_second, pair.cliengo.page_size), (2.0, 50));
    assert_eq!((pair.cliengo.min_age, pair.cliengo.tasks), (Duration::from_mins(15), TasksMode::Auto));
    let capabilities = pair.cliengo.capabilities;
    assert!(capabilities.contact_delete && !capabilities.tag_remove);
    assert!(!capabilities.note_update && !capabilities.note_delete);
    assert_eq!((capabilities.tags_read, capabilities.extra_params), (Readable::Auto, ExtraParams::Off));
    assert_eq!((pair.ghl.version.as_str(), pair.ghl.page_size, pair.ghl.daily_budget), ("2021-07-28", 100, 0.5));
    for kind in Kind::ALL {
        let policy = pair.policy(kind);
        assert_eq!((policy.direction, policy.conflict), (Direction::Both, ConflictPolicy::Take(Side::Ghl)));
        assert_eq!((policy.conflict_fallback, policy.duplicates), (Side::Ghl, Duplicates::Hold));
        assert_eq!(policy.match_by, [MatchField::Email, MatchField::Phone]);
    }
    assert_eq!(pair.contacts.on_delete, OnDelete::Ignore);
    assert_eq!(pair.tasks.policy.on_delete, OnDelete::Propagate);
    assert_eq!(pair.notes.policy.on_delete, OnDelete::Propagate);
    assert_eq!((pair.notes.fetch, pair.notes.rotation, pair.notes.append_edit), (NotesFetch::Auto, 7 * DAY, false));
    assert_eq!(pair.tasks.default_due, 7 * DAY);
    assert_eq!(
        (pair.guard.first_sync, pair.guard.shrink_percent, pair.guard.min_records),
        (FirstSync::Approve, 10.0, 10)
    );
    assert_eq!((pair.guard.delete_percent, pair.guard.delete_count), (10.0, 50));
    assert_eq!((pair.guard.update_percent, pair.guard.update_count), (30.0, 5000));
    assert_eq!((pair.guard.create_percent, pair.guard.create_count), (30.0, 500));
}

#[test]
fn a_sandbox_pair_needs_nothing_and_runs_without_waiting() {
    let pair = valid(DEMO).pairs.remove(0);
    assert_eq!(pair.accounts, Accounts::Sandbox);
    assert_eq!((pair.cliengo.min_age, pair.guard.first_sync), (Duration::ZERO, FirstSync::Auto));
    assert!(pair.cliengo.requests_per_second.is_infinite());
    let capabilities = pair.cliengo.capabilities;
    assert!(capabilities.contact_delete && capabilities.tag_remove);
    assert!(capabilities.note_update && capabilities.note_delete);
    assert_eq!((capabilities.tags_read, pair.cliengo.tasks), (Readable::On, TasksMode::Auto));
}

#[test]
fn the_file_itself_has_the_documented_defaults() {
    let config = valid(DEMO);
    assert_eq!((config.state_dir.as_path(), config.max_parallel), (Path::new("state"), 8));
    assert_eq!((config.daemon.listen, config.retention.history_days), (None, 90));
    assert_eq!(config.notify.on, [NotifyOn::Failure, NotifyOn::Held]);
    assert_eq!(
        (config.report.language, config.report.dir.as_ref(), config.report.mask),
        (Language::English, None, false)
    );
}

#[test]
fn every_setting_beside_the_pairs_is_kept() {
    let config = valid(&format!(
        r#"
state_dir = "data"
max_parallel = 2
[[schedule]]
name = "weekly"
cron = "0 0 4 * * 1"
timezone = "America/New_York"
run = "full"
pairs = ["demo"]
jitter = "1m 30s"
catch_up = false
[[schedule]]
name = "daily"
cron = "@daily"
timezone = "UTC"
[daemon]
listen = "127.0.0.1:9464"
[notify]
healthcheck = {{ env = "HC_URL" }}
webhook = {{ credential = "slack" }}
on = ["always"]
[report]
language = "es"
timezone = "America/Montevideo"
dir = "out"
mask = true
[retention]
history_days = 7
{DEMO}"#
    ));
    let [weekly, daily] = config.schedules.as_slice() else { panic!("two schedules") };
    assert_eq!((weekly.cron.as_str(), weekly.timezone.iana_name()), ("0 0 4 * * 1", Some("America/New_York")));
    assert_eq!((weekly.run, weekly.jitter, weekly.catch_up), (ScheduledRun::Full, Duration::from_secs(90), false));
    assert_eq!(weekly.pairs.as_deref(), Some(["demo".to_owned()].as_slice()));
    assert_eq!((daily.run, daily.pairs.as_ref()), (ScheduledRun::Sync, None));
    assert_eq!((daily.jitter, daily.catch_up), (Duration::from_mins(5), true));
    assert_eq!(config.daemon.listen, Some("127.0.0.1:9464".parse().unwrap()));
    assert_eq!(config.notify.webhook.unwrap().source, SecretSource::Credential("slack".to_owned()));
    assert_eq!((config.report.dir.as_deref(), config.report.mask), (Some(Path::new("out")), true));
    assert_eq!(config.report.timezone.unwrap().iana_name(), Some("America/Montevideo"));
    assert_eq!((config.retention.history_days, config.max_parallel), (7, 2));
}

#[test]
fn defaults_stand_below_every_pair_key_by_key() {
    let config = valid(&format!(
        r#"
[defaults]
region = "AR"
[defaults.cliengo]
base_url = "http://127.0.0.1:8080/cliengo/1.0/"
capabilities = {{ note_update = true }}
[defaults.guard]
delete_count = 7
delete_percent = 20
[pair.acme.guard]
delete_percent = 5.5
[pair.acme.cliengo.capabilities]
note_delete = true
{DEMO}region = "MX"
{REAL}"#
    ));
    let acme = config.pair("acme").unwrap();
    assert_eq!((acme.region.as_deref(), config.pair("demo").unwrap().region.as_deref()), (Some("AR"), Some("MX")));
    assert_eq!((acme.guard.delete_percent, acme.guard.delete_count), (5.5, 7));
    assert!(acme.cliengo.capabilities.note_update && acme.cliengo.capabilities.note_delete);
    let Accounts::Real(accounts) = &acme.accounts else { panic!("a real pair") };
    assert_eq!(accounts.cliengo.base_url, "http://127.0.0.1:8080/cliengo/1.0");
    assert_eq!(config.pair("demo").unwrap().accounts, Accounts::Sandbox, "a default account is no sandbox account");
}

#[test]
fn included_files_add_pairs_and_resolve_paths_against_themselves() {
    let directory = tempfile::tempdir().unwrap();
    let main = directory.path().join("schedules.toml");
    fs::create_dir(directory.path().join("pairs")).unwrap();
    fs::write(&main, format!("include = [\"pairs/*.toml\", \"*.toml\"]\n{DEMO}")).unwrap();
    fs::write(directory.path().join("pairs/acme.toml"), REAL).unwrap();
    fs::write(directory.path().join("pairs/.#acme.toml"), "an editor's lock").unwrap();
    fs::write(directory.path().join("pairs/readme.txt"), "not a pair").unwrap();
    let config = Config::load(&main, &Overrides::default()).unwrap();
    let names: Vec<&str> = config.pairs.iter().map(|pair| pair.name.as_str()).collect();
    assert_eq!(names, ["acme", "demo"]);
    let Accounts::Real(accounts) = &config.pair("acme").unwrap().accounts else { panic!("a real pair") };
    let GhlAccess::Token(token) = &accounts.ghl.access else { panic!("{accounts:?}") };
    assert_eq!(token.source, SecretSource::File(directory.path().join("pairs/keys/ghl")));
    assert_eq!(config.state_dir, directory.path().join("state"));

    let elsewhere = Overrides { state_dir: Some(PathBuf::from("elsewhere")) };
    assert_eq!(Config::load(&main, &elsewhere).unwrap().state_dir, Path::new("elsewhere"));
}

#[test]
fn a_pair_may_stand_in_one_file_only() {
    let directory = tempfile::tempdir().unwrap();
    let main = directory.path().join("schedules.toml");
    fs::write(&main, format!("include = [\"more.toml\"]\n{DEMO}")).unwrap();
    fs::write(directory.path().join("more.toml"), format!("state_dir = \"x\"\n{DEMO}")).unwrap();
    let error = Config::load(&main, &Overrides::default()).unwrap_err().to_string();
    let root = directory.path().display();
    assert!(error.contains("the configuration has 2 mistakes"), "{error}");
    assert!(error.contains(&format!("{root}/more.toml:1: `state_dir` belongs in the main file")), "{error}");
    assert!(
        error.contains(&format!("{root}/more.toml:2: `pair.demo` stands in {root}/schedules.toml:2 already")),
        "{error}"
    );
}

#[test]
fn durations_are_written_as_people_write_them() {
    for (text, expected) in [("90s", 90), ("15m", 900), ("1h 30m", 5400), ("7d", 7 * 86_400), ("1w", 7 * 86_400)] {
        let pair = real(&format!("[pair.acme]\nsettle = \"{text}\"\n"));
        assert_eq!(pair.settle, Duration::from_secs(expected), "{text}");
    }
    for text in ["\"soon\"", "120", "\"-5m\"", "\"1 month\"", "\"99999d\"", "\"\""] {
        assert_wrong(&format!("{DEMO}settle = {text}"), "must be a length of time such as \"120s\"");
    }
}

// ---- what a mistake says ----

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    assert_eq!(
        wrong_demo("[pair.demo.guard]\ndelete_percnt = 10 # a third\n"),
        "\
schedules.toml:4: `pair.demo.guard.delete_percnt` is not a known key; the nearest known key is `delete_percent`
  |
4 | delete_percnt …
  | ^^^^^^^^^^^^^
hint: the keys of [pair.demo.guard] are: first_sync, delete_percent, delete_count, update_percent, update_count, \
         create_percent, create_count, shrink_percent, min_records"
    );
}

#[test]
fn a_wrong_type_says_what_was_expected_and_found() {
    assert_eq!(
        wrong_demo("guard = { delete_percent = \"ten\" }"),
        "\
schedules.toml:3: `pair.demo.guard.delete_percent` must be a number from 0 to 100; found text
  |
3 | guard = { delete_percent = \"ten\" …
  |                            ^^^^^"
    );
}

#[test]
fn an_unknown_word_lists_the_words() {
    assert_eq!(
        wrong_demo("[pair.demo.contacts]\nconflict = \"newset\"\n"),
        "\
schedules.toml:4: `pair.demo.contacts.conflict` must be \"ghl\", \"cliengo\", \"newest\" or \"manual\"; found \"newset\"
  |
4 | conflict = \"newset\"
  |            ^^^^^^^^
hint: did you mean \"newest\"?"
    );
}

#[test]
fn a_literal_secret_is_refused_and_not_repeated() {
    let message = wrong(&REAL.replace("{ env = \"CLIENGO_API_KEY\" }", "\"hunter2\""));
    assert_eq!(
        message,
        "\
schedules.toml:3: `pair.acme.cliengo.api_key` must say where the secret is kept, not hold it
hint: write api_key = { env = \"API_KEY\" } for an environment variable, { file = \"PATH\" } for a file, \
         or { credential = \"NAME\" } for a systemd credential"
    );
}

#[test]
fn a_missing_key_names_its_table() {
    assert_eq!(
        wrong(&REAL.replace("location_id = \"C2Qu\"\n", "")),
        "\
schedules.toml:6: `pair.acme.ghl.location_id` is missing
  |
6 | [pair.acme.ghl]
  | ^^^^^^^^^^^^^^^
hint: add location_id = \"…\" under [pair.acme.ghl]: the id of the GHL location (sub-account)"
    );
}

#[test]
fn a_missing_table_is_reported_where_its_pair_begins() {
    let cliengo_alone = REAL.split("[pair.acme.ghl]").next().unwrap_or_default();
    let error = parse(&format!("{DEMO}{cliengo_alone}")).unwrap_err();
    let places: Vec<(Option<usize>, &str)> =
        error.problems().iter().map(|problem| (problem.place.line, problem.place.key.as_str())).collect();
    assert_eq!(places, [(Some(4), "pair.acme.ghl.location_id"), (Some(4), "pair.acme.ghl.token")]);
}

#[test]
fn numbers_are_read_in_every_form_that_toml_has() {
    let pair = real("[pair.acme.guard]\nupdate_count = 1_000\ncreate_count = 0x10\ndelete_percent = 1e1\n");
    assert_eq!((pair.guard.update_count, pair.guard.create_count, pair.guard.delete_percent), (1000, 16, 10.0));
    valid(&format!("\u{feff}{DEMO}"));
    valid(&DEMO.replace('\n', "\r\n"));
}

#[test]
fn several_mistakes_are_told_at_once_from_top_to_bottom() {
    assert_eq!(
        wrong("max_parallel = 0\n[pair.demo]\nsandbox = \"yes\"\nregion = \"Argentina\"\n"),
        "\
the configuration has 3 mistakes

schedules.toml:1: `max_parallel` must be a whole number from 1 to 256; found 0
  |
1 | max_parallel = 0
  |                ^

schedules.toml:3: `pair.demo.sandbox` must be true or false, without quotes; found text
  |
3 | sandbox = \"yes\"
  |           ^^^^^

schedules.toml:4: `pair.demo.region` must be a country as two capital letters (ISO 3166); found \"Argentina\"
  |
4 | region = \"Argentina\"
  |          ^^^^^^^^^^^
hint: such as \"AR\" for Argentina, \"MX\" for Mexico, \"GB\" for the United Kingdom"
    );
}

// Watches: I51.
#[test]
fn a_secret_never_appears_in_a_message() {
    let leaks = [
        REAL.replace("{ env = \"CLIENGO_API_KEY\" }", "hunter2\""),
        REAL.replace("{ env = \"CLIENGO_API_KEY\" }", "\"hunter2"),
        REAL.replace("{ env = \"CLIENGO_API_KEY\" }", "{ value = \"hunter2\" }"),
        REAL.replace("{ env = \"CLIENGO_API_KEY\" }", "{ env = \"hunter-2-hunter2\" }"),
        REAL.replace("{ env = \"CLIENGO_API_KEY\" }", "{ credential = \"/hunter2\" }"),
        REAL.replace("{ env = \"CLIENGO_API_KEY\" }", "[\"hunter2\"]"),
        REAL.replace("api_key = ", "api_kye = \"hunter2\" #"),
        REAL.replace("website_id = ", "base_url = \"https://me:hunter2@api.cliengo.com\" #"),
        REAL.replace("website_id = ", "base_url = \"https://api.cliengo.com/?api_key=hunter2\" #"),
        format!("{REAL}[pair.acme.cliengo.api_key2]\nenv = \"hunter2\""),
        format!("{DEMO}cliengo.api_key = \"hunter2\""),
        format!("{DEMO}[notify]\nwebhook = \"https://hooks.example.com/hunter2\""),
    ];
    for text in leaks {
        let message = wrong(&text);
        assert!(!message.contains("hunter2"), "{text}\n{message}");
        assert!(message.contains("schedules.toml:"), "{message}");
    }
}

#[test]
fn each_kind_of_mistake_is_found() {
    for (more, part) in [
        ("region = \"ar\"", "must be a country as two capital letters (ISO 3166); found \"ar\""),
        ("region = \"UK\"", "\"GB\" for the United Kingdom"),
        ("cliengo.page_size = 101", "must be a whole number from 1 to 100; found 101"),
        ("cliengo.page_size = 10.5", "must be a whole number from 1 to 100; found 10.5"),
        ("cliengo.requests_per_second = -1", "must be 0 (no pace of ours) or more, 1000 at most; found -1"),
        ("cliengo.requests_per_second = nan", "must be 0 (no pace of ours) or more"),
        ("cliengo.capabilities.tags_read = \"yes\"", "must be true, false or \"auto\""),
        ("cliengo.api_key = { env = \"A\" }", "must not be given: a sandbox pair brings both CRMs with it"),
        ("cliengo = 5", "`pair.demo.cliengo` must be a table, written as [pair.demo.cliengo]; found 5"),
        ("ghl.page_size = 501", "must be a whole number from 1 to 500; found 501"),
        ("ghl.web_url = \"https://app.example.com/contacts\"", "a web address with {id}"),
        ("cliengo.web_url = \"javascript:alert({id})\"", "a web address with {id}"),
        ("cliengo.web_url = \"https://app.example.com/{name}/{id}\"", "a web address with {id}"),
        ("ghl.daily_budget = 1.5", "must be a number above 0, 1 at most"),
        ("guard.delete_percent = 101", "must be a number from 0 to 100; found 101"),
        ("guard.delete_count = -1", "must be a whole number, 0 or more; found -1"),
        ("notes.rotation = \"0s\"", "must be longer than zero"),
        ("notes.on_delete = \"mark\"", "must be \"propagate\" or \"ignore\"; found \"mark\""),
        ("tasks.on_delete = \"mark\"", "only contacts take it"),
        ("contacts.match = [\"email\", \"fone\"]", "`pair.demo.contacts.match[2]` must be \"email\" or \"phone\""),
        ("contacts.match = []", "must be a list of at least one of \"email\" and \"phone\""),
        ("contacts.match = [\"email\", \"email\"]", "stands in the list already"),
        ("contacts.rotation = \"1d\"", "`pair.demo.contacts.rotation` is not a known key"),
        ("[pair.Demo]\nsandbox = true", "`pair.Demo` must be named with a-z, 0-9, _ and - alone"),
        ("[pair.\"../x\"]\nsandbox = true", "must be named with a-z"),
        ("[schedules]", "`schedules` is not a known key; the nearest known key is `schedule`"),
        ("[schedule]\nname = \"x\"", "`schedule` must be a list of tables, each written as [[schedule]]"),
        ("[daemon]\nlisten = \"localhost\"", "must be an IP address and a port such as \"127.0.0.1:9464\""),
        ("[report]\ndir = \"~/x\"", "must be a path without `~`"),
        ("[retention]\nhistory_days = 0", "must be a whole number from 1 to 36500"),
        ("[notify]\non = \"always\"", "must be a list of \"always\", \"failure\" and \"held\"; found text"),
        ("[notify]\nwebhook = {}", "must give exactly one of env, file and credential"),
        ("[notify]\nwebhook = { env = \"A\", file = \"B\" }", "must give exactly one of env, file and credential"),
        ("sandbox = true", "this is not TOML: duplicate key"),
    ] {
        assert_wrong(&format!("{DEMO}{more}\n"), part);
    }
}

#[test]
fn addresses_are_encrypted_unless_they_stay_on_this_machine() {
    let with = |address: &str| REAL.replace("location_id", &format!("base_url = \"{address}\"\nlocation_id"));
    for address in ["https://crm.example.com", "http://localhost:1", "http://127.0.0.2", "http://[::1]:80/ghl/"] {
        valid(&with(address));
    }
    for address in ["http://crm.example.com", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "file:///etc"] {
        assert_wrong(&with(address), "must be an https:// address");
    }
    assert_wrong(&with("crm.example.com"), "must begin with https://");
    let stated = |address: &str| with(address).replace("location_id", "allow_http = true\nlocation_id");
    valid(&stated("http://crm.example.com"));
    assert_wrong(&stated("ftp://crm.example.com"), "must be an https:// address");
    assert_wrong(&with("https://me:pw@crm.example.com"), "must hold no user name or password");
}

#[test]
fn a_placeholder_is_not_an_id() {
    assert_wrong(&REAL.replace("C2Qu", "C2Qu…"), "`pair.acme.ghl.location_id` must be an id as the CRM shows it");
    assert_wrong(&REAL.replace("5f3c", "../5f3c"), "`pair.acme.cliengo.website_id` must be an id as the CRM shows it");
}

#[test]
fn a_schedule_is_checked_as_a_whole() {
    let good = "[[schedule]]\nname = \"n\"\ncron = \"0 3 * * *\"\ntimezone = \"UTC\"\n";
    for (from, to, part) in [
        ("name = \"n\"", "", "`schedule[1].name` is missing"),
        ("\"n\"", "\"Nightly run\"", "`schedule[1].name` must be made of a-z, 0-9, _ and -"),
        ("timezone = \"UTC\"", "", "`schedule[1].timezone` is missing"),
        ("\"UTC\"", "\"America/Buenos_Airs\"", "the nearest known zone is \"America/Buenos_Aires\""),
        ("0 3 * * *", "0 3 * *", "must have five fields, six with seconds, or be an @name"),
        ("0 3 * * *", "@", "must have five fields"),
        ("name", "pairs = [\"demo\", \"acme\"]\nname", "`schedule[1].pairs[2]` names no pair: there is no [pair.acme]"),
        ("name", "pairs = []\nname", "`schedule[1].pairs` must name at least one pair"),
        ("name", "run = \"syncs\"\nname", "did you mean \"sync\"?"),
    ] {
        assert_wrong(&format!("{DEMO}{}", good.replacen(from, to, 1)), part);
    }
    assert_wrong(&format!("{DEMO}{good}{good}"), "`schedule[2].name` names a second schedule \"n\"");
}

#[test]
fn a_cron_line_that_never_comes_or_cannot_be_read_is_refused_with_its_line() {
    let line = |cron: &str| format!("{DEMO}[[schedule]]\nname = \"n\"\ncron = \"{cron}\"\ntimezone = \"UTC\"\n");
    assert_eq!(
        wrong(&line("0 0 30 2 *")),
        "\
schedules.toml:5: `schedule[1].cron` never comes: there is no such day
  |
5 | cron = \"0 0 30 2 *\"
  |        ^^^^^^^^^^^^
hint: give a day that exists, or * for every day"
    );
    for cron in ["61 3 * * *", "0 25 * * *", "@reboot", "a b c d e"] {
        assert_wrong(&line(cron), "`schedule[1].cron` has a field that cannot be read");
    }
    for cron in ["0 3 * * *", "30 0 3 * * MON-FRI", "@hourly", "0 0 29 2 *", "0 3 L * *"] {
        assert_eq!(valid(&line(cron)).schedules[0].cron, cron);
    }
}

#[test]
fn two_schedules_that_say_the_same_are_one_too_many() {
    let schedule = |name: &str, cron: &str, more: &str| {
        format!("[[schedule]]\nname = \"{name}\"\ncron = \"{cron}\"\ntimezone = \"UTC\"\n{more}\n")
    };
    let pairs = "[pair.other]\nsandbox = true\n";
    let one = schedule("one", "0 3 * * *", "");
    let twin = format!("{DEMO}{pairs}{one}{}", schedule("two", "0 0 3 * * *", "pairs = [\"other\"]"));
    assert_wrong(&twin, "schedules.toml:12: `schedule[2].cron` says what the schedule \"one\" says already");
    // They meet on one pair, or not at all, or another kind of run waits for its turn.
    let only = schedule("one", "0 3 * * *", "pairs = [\"demo\"]");
    valid(&format!("{DEMO}{pairs}{only}{}", schedule("two", "0 3 * * *", "pairs = [\"other\"]")));
    valid(&format!("{DEMO}{one}{}", schedule("two", "0 3 * * *", "run = \"full\"")));
    valid(&format!("{DEMO}{one}{}", schedule("two", "0 3 * * SUN", "")));
}

#[test]
fn the_daemon_is_reached_from_elsewhere_with_a_token_only() {
    let message = wrong_demo("[daemon]\nlisten = \"0.0.0.0:9464\"\n");
    assert!(message.contains("schedules.toml:4: `daemon.listen` is an address that others reach too"), "{message}");
    assert!(message.contains("token = { env ="), "{message}");
    let open = valid(&format!("[daemon]\ntoken = {{ env = \"T\" }}\nlisten = \"0.0.0.0:9464\"\n{DEMO}"));
    assert_eq!(open.daemon.token.unwrap().source, SecretSource::Env("T".to_owned()));
    for here in ["127.0.0.1:9464", "[::1]:9464"] {
        valid(&format!("[daemon]\nlisten = \"{here}\"\n{DEMO}"));
    }
}

#[test]
fn e_mail_needs_a_server_and_addresses_and_its_password_is_referred_to() {
    let smtp = "smtp = { host = \"smtp.example.com\", username = \"me\", password = { env = \"P\" } }\n";
    let email = "email = { from = \"Concord <c@example.com>\", to = [\"me@example.com\"] }\n";
    let notify = valid(&format!("[notify]\n{smtp}{email}{DEMO}")).notify;
    let server = notify.smtp.unwrap();
    assert_eq!((server.port, server.encryption, server.login.unwrap().0.as_str()), (465, Encryption::Tls, "me"));
    assert_eq!(notify.email.unwrap().to, ["me@example.com"]);
    for (text, part) in [
        (smtp.to_owned(), "`notify.smtp` is given, but no `notify.email`"),
        (email.to_owned(), "`notify.email` is given, but no `notify.smtp`"),
        (format!("{}{email}", smtp.replace("{ env = \"P\" }", "\"hunter2\"")), "must say where the secret is kept"),
        (format!("{}{email}", smtp.replace(", password = { env = \"P\" }", "")), "both username and password"),
        (format!("{}{email}", smtp.replace("username", "encryption = \"off\", username")), "on this machine only"),
        (
            format!("{smtp}{}", email.replace("me@example.com", "nobody")),
            "`notify.email.to[1]` must be an e-mail address",
        ),
        (format!("{smtp}{}", email.replace("\"me@example.com\"", "")), "must name at least one address"),
    ] {
        let message = wrong(&format!("[notify]\n{text}{DEMO}"));
        assert!(message.contains(part) && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn tasks_are_told_in_notes_only_where_notes_take_part() {
    for off in ["notes.direction = \"off\"\ncliengo.tasks = \"due_date\"", "cliengo.tasks = \"notes\""] {
        valid(&format!("{DEMO}{off}"));
    }
    let message = wrong_demo("notes.direction = \"off\"\ncliengo.tasks = \"notes\"");
    assert!(message.contains("`pair.demo.cliengo.tasks` = \"notes\" needs the notes"), "{message}");
    assert!(message.contains("let the notes take part, or take \"due_date\" or \"off\""), "{message}");
}

#[test]
fn what_makes_no_sense_is_refused_in_plain_words() {
    for off in
        ["timeline.appointments = false", "notes.append_edit = true", "[pair.demo.scope]", "cliengo.tasks = \"off\""]
    {
        valid(&format!("{DEMO}{off}"));
    }
    for (more, part) in [
        ("timeline.appointments = 1", "must be true or false"),
        ("tasks.duplicates = \"primary\"", "only contacts take it"),
        ("scope.ghl_tags = []", "must be a list of at least one"),
        ("scope.ghl_business_id = \"b\"", "needs contacts.direction = \"to_cliengo\""),
        ("contacts.placeholder_emails = [\"*\"]", "must be e-mail addresses in which * stands for anything"),
        ("scope.since = \"May\"", "must be a date such as \"2024-01-01\""),
        ("[[pair.demo.map]]\ncliengo = \"a\"\ntransform = [\"trimm\"]", "must be trim, lower"),
        ("[[pair.demo.map]]\ndirection = \"up\"", "`pair.demo.map[1].direction` must be \"both\""),
    ] {
        assert_wrong(&format!("{DEMO}{more}"), part);
    }
}

#[test]
fn a_mistake_in_the_defaults_is_told_once_and_there() {
    let text = format!("[defaults.guard]\ndelete_percent = 200\nfoo = 1\n{DEMO}[pair.demo2]\nsandbox = true\n");
    let error = parse(&text).unwrap_err();
    let keys: Vec<&str> = error.problems().iter().map(|problem| problem.place.key.as_str()).collect();
    assert_eq!(keys, ["defaults.guard.delete_percent", "defaults.guard.foo"]);
}

#[test]
fn a_file_without_a_pair_has_nothing_to_do() {
    assert_eq!(
        wrong("state_dir = \"x\""),
        "schedules.toml: there is no pair, so there is nothing to keep in step\n\
         hint: add one: [pair.demo] with `sandbox = true` needs no account; `concord init` writes an example"
    );
}

#[test]
fn a_file_that_cannot_be_read_says_so() {
    let error = Config::load(Path::new("no/such/schedules.toml"), &Overrides::default()).unwrap_err();
    assert!(error.to_string().starts_with("no/such/schedules.toml: the file cannot be read"), "{error}");
    assert!(error.hint().unwrap().contains("concord init"));
    assert_wrong("[pair.demo\nsandbox = true", "schedules.toml:1: this is not TOML");
    assert_wrong(
        &format!("include = [\"no-such-dir/*.toml\"]\n{DEMO}"),
        "`include[1]` names the directory no-such-dir",
    );
    assert_wrong(&format!("include = [\"*/x.toml\"]\n{DEMO}"), "may have one `*`, as in \"pairs/*.toml\"");
}

// ---- secrets ----

fn token(pair: &Pair) -> Secret {
    let Accounts::Real(accounts) = &pair.accounts else { panic!("a real pair") };
    let GhlAccess::Token(token) = accounts.ghl.access.clone() else { panic!("{accounts:?}") };
    token
}

#[test]
fn a_secret_comes_from_the_environment() {
    let pair = valid(&REAL.replace("{ file = \"keys/ghl\" }", "{ env = \"GHL_TOKEN\" }")).pairs.remove(0);
    let secret = token(&pair);
    let resolved = secret.resolve(&|name| (name == "GHL_TOKEN").then(|| "pit-1\n".to_owned())).unwrap();
    assert_eq!(resolved.expose_secret(), "pit-1");
    assert!(!format!("{resolved:?}").contains("pit-1"));
    let unset = secret.resolve(&|_| None).unwrap_err();
    assert_eq!(
        unset.to_string(),
        "schedules.toml:8: `pair.acme.ghl.token`: the environment variable GHL_TOKEN is not set"
    );
    assert_eq!(
        unset.hint(),
        Some(
            "set GHL_TOKEN where concord is started; what `concord export cron` and `concord export systemd` write reads it from secrets.env, beside the configuration"
        )
    );
    let empty = secret.resolve(&|_| Some(" \n".to_owned())).unwrap_err();
    assert!(empty.to_string().ends_with("the environment variable GHL_TOKEN is empty"), "{empty}");
}

// Watches: I51.
#[cfg(unix)]
#[test]
fn a_secret_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys/ghl");
    let secret = token(&Config::parse(REAL, &directory.path().join(ORIGIN)).unwrap().pairs[0]);
    assert!(secret.resolve(&|_| None).unwrap_err().to_string().contains("cannot be read"));

    fs::create_dir(directory.path().join("keys")).unwrap();
    fs::write(&path, "pit-2\r\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let open = secret.resolve(&|_| None).unwrap_err();
    assert!(open.to_string().contains("can be read by other users"), "{open}");
    assert_eq!(open.hint(), Some(format!("run: chmod 600 {}", path.display()).as_str()));

    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(secret.resolve(&|_| None).unwrap().expose_secret(), "pit-2");
    fs::write(&path, "\n").unwrap();
    assert!(secret.resolve(&|_| None).unwrap_err().to_string().contains("is empty"));
}

#[test]
fn a_credential_comes_from_systemd() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("ghl"), "pit-3").unwrap();
    let text = REAL.replace("{ file = \"keys/ghl\" }", "{ credential = \"ghl\" }");
    let secret = token(&valid(&text).pairs[0]);
    let credentials = directory.path().display().to_string();
    let env = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| credentials.clone());
    assert_eq!(secret.resolve(&env).unwrap().expose_secret(), "pit-3");
    let outside = secret.resolve(&|_| None).unwrap_err();
    assert!(outside.hint().unwrap().contains("LoadCredential=ghl:PATH"), "{outside}");
}

// ---- fingerprints ----

#[test]
fn a_fingerprint_follows_what_decides_a_plan() {
    let plain = real("").fingerprint();
    assert_eq!(plain.len(), 64);
    assert_eq!(plain, real("").fingerprint());
    for same in
        ["[pair.acme]\nsettle = \"1s\"", "[pair.acme.guard]\ndelete_count = 50", "[retention]\nhistory_days = 3"]
    {
        assert_eq!(plain, real(same).fingerprint(), "{same}");
    }
    assert_eq!(plain, valid(&REAL.replace("CLIENGO_API_KEY", "OTHER_KEY")).pairs[0].fingerprint());
    for other in [
        "[pair.acme]\nregion = \"AR\"",
        "[pair.acme.contacts]\nconflict = \"manual\"",
        "[pair.acme.guard]\ndelete_count = 51",
    ] {
        assert_ne!(plain, real(other).fingerprint(), "{other}");
    }
    assert_ne!(plain, valid(&REAL.replace("C2Qu", "Other")).pairs[0].fingerprint());
}

#[test]
fn a_scope_that_a_create_could_not_satisfy_is_refused() {
    let outside = format!("{REAL}\n[pair.acme.scope]\ncliengo_websites = [\"otra\"]\n");
    assert_wrong(&outside, "`pair.acme.scope.cliengo_websites` does not hold cliengo.website_id");
    let one_way = |text: &str| {
        text.replace("[pair.acme.scope]", "[pair.acme.contacts]\ndirection = \"to_ghl\"\n[pair.acme.scope]")
    };
    valid(&one_way(&outside));
    let clients = format!("{REAL}\n[pair.acme.scope]\ncliengo_statuses = [\"CLIENT\"]\n");
    assert_wrong(&clients, "`pair.acme.scope.cliengo_statuses` does not hold \"NEW\"");
    valid(&one_way(&clients));
    let both = clients.replace("[\"CLIENT\"]", "[\" new \", \"Client\"]");
    valid(&both);
    let map = "[[pair.acme.map]]\ncliengo = \"status\"\nghl = \"source\"\n";
    assert_wrong(&format!("{both}{map}"), "does not go with a [[map]] that writes Cliengo's status");
    valid(&format!("{both}{map}direction = \"to_ghl\"\n"));
}

#[test]
fn a_mapping_that_could_not_be_kept_is_refused() {
    let map = |more: &str| format!("{DEMO}[[pair.demo.map]]\n{more}");
    for (more, part) in [
        ("cliengo = \"leadFields.a\"", "is named on one side only"),
        ("cliengo = \"lead\"\nghl = \"city\"", "leadFields.KEY or one of status"),
        ("cliengo = \"status\"\nghl = \"town\"", "customFields.KEY or one of companyName"),
        ("cliengo = \"leadFields.a\"\nghl = \"city\"", "cannot be done"),
        ("cliengo = \"message\"\nghl = \"customFields.a\"", "cannot be done"),
        ("cliengo = \"status\"\nghl = \"customFields.a\"\ntransform = [\"lower\"]", "cannot be turned back"),
        ("cliengo = \"leadFields.a\"\nghl = \"followers\"\ndirection = \"to_ghl\"", "it is only read"),
        ("cliengo = \"assignedTo\"\nghl = \"followers\"\ndirection = \"to_cliengo\"", "maps a user to something"),
        ("cliengo = \"status\"\nghl = \"customFields.a\"\nvalues = { A = \"x\", B = \"x\" }", "become the same word"),
        ("cliengo = \"status\"\nghl = \"customFields.a\"\ntransform = [\"split:,\"]", "split:SEP:N"),
        ("cliengo = \"tags\"\ntransform = [\"trim\"]", "does not go with a built-in field"),
        ("cliengo = \"status\"\nghl = \"customFields.phone\"", "has the name of a built-in field"),
    ] {
        assert_wrong(&map(more), part);
    }
    let twice = "cliengo = \"status\"\nghl = \"city\"\n[[pair.demo.map]]\ncliengo = \"rating\"\nghl = \"city\"";
    assert_wrong(&map(twice), "maps \"city\" a second time");
    valid(&map(
        "cliengo = \"leadFields.a\"\nghl = \"customFields.a\"\ndirection = \"to_ghl\"\ntransform = [\"lower\"]",
    ));
    valid(&map("cliengo = \"tags\"\ndirection = \"to_ghl\""));
}

#[test]
fn a_contact_is_opened_where_the_crm_shows_it_or_where_the_file_says() {
    let pair = real("");
    let cliengo = pair.web_url(Side::Cliengo).unwrap();
    assert_eq!(cliengo.of("", "64b0"), "https://app.cliengo.com/contacts/64b0");
    let ghl = pair.web_url(Side::Ghl).unwrap();
    assert_eq!(ghl.of("C2Qu", "a/b"), "https://app.gohighlevel.com/v2/location/C2Qu/contacts/detail/a%2Fb");
    let own = real("web_url = \"https://crm.agency.example/{location}/{id}\"");
    assert_eq!(own.web_url(Side::Ghl).unwrap().of("L", "1"), "https://crm.agency.example/L/1");
    assert_eq!(own.fingerprint(), real("").fingerprint(), "where a person looks decides no operation");
    assert!(valid(DEMO).pairs[0].web_url(Side::Ghl).is_none(), "an embedded CRM has no pages");
}

/// A location is entered in one way, which is read whole.
#[test]
fn a_location_is_entered_with_a_token_an_app_or_its_agencys_app() {
    let app = "client_id = \"c\", client_secret = { env = \"S\" }, key = { env = \"K\" }";
    let with = |oauth: &str| REAL.replace("token = { file = \"keys/ghl\" }", oauth);
    valid(&with(&format!("oauth = {{ {app} }}")));
    let agency = format!("{}\n[agency.main]\n{}\n", with("oauth = { agency = \"main\" }"), app.replace(", ", "\n"));
    valid(&agency);
    assert_wrong(&with("oauth = { agency = \"mine\" }"), "must name an agency; found \"mine\"");
    assert_wrong(&with("oauth = { client_id = \"c\" }"), "`pair.acme.ghl.oauth.client_secret` is missing");
    assert_wrong(&with(&format!("token = {{ env = \"T\" }}\noauth = {{ {app} }}")), "must not stand beside oauth");
    assert_wrong(&with(&format!("oauth = {{ {app}, agency = \"main\" }}")), "is not a known key");
}

/// What a condition states in Cliengo's word is what GHL shows for it.
#[test]
fn a_condition_names_a_value_in_either_crms_word() {
    let map = "[[pair.demo.map]]\ncliengo = \"status\"\nghl = \"customFields.etapa\"\nvalues = { CLIENT = \"Cliente\", NEW = \"Lead\" }\n\
         direction = \"to_ghl\"\n";
    for (word, meant) in [("CLIENT", "Cliente"), ("client", "Cliente"), ("cliente", "Cliente"), ("Otra", "Otra")] {
        let when =
            format!("[[pair.demo.trigger]]\nwhen = {{ field = \"etapa\", becomes = {word:?} }}\nworkflow = \"w\"\n");
        let pair = valid(&format!("{DEMO}{map}{when}")).pairs.remove(0);
        assert_eq!(pair.triggers.becomes[0].value, meant);
    }
}

#[test]
fn triggers_name_what_a_contact_is_put_into_and_when() {
    let pair = |more: &str| valid(&format!("{DEMO}{more}")).pairs.remove(0);
    let pair = pair(
        "triggers = { tag = \" From-Chatbot\", workflow = \"w\", campaign = \"c\", at_first_sync = true }\n\
         [[pair.demo.map]]\ncliengo = \"leadFields.budget\"\nghl = \"customFields.budget\"\ndirection = \"to_ghl\"\n\
         [[pair.demo.trigger]]\nwhen = { field = \"tags\", becomes = \"hot\" }\nworkflow = \"w\"\n\
         [[pair.demo.trigger]]\nwhen = { field = \"budget\", becomes = \"high\" }\ntag = \"rich\"\n",
    );
    let effects: Vec<String> =
        pair.triggers.effects().map(|effect| format!("{} {}", effect.kind(), effect.name())).collect();
    assert_eq!(effects, ["tag from-chatbot", "workflow w", "campaign c", "workflow w", "tag rich"]);
    assert!(pair.triggers.at_first_sync);
    for (more, part) in [
        ("triggers.workflo = \"w\"", "nearest known key is `workflow`"),
        ("[[pair.demo.trigger]]\nworkflow = \"w\"", "trigger[1].when` is missing"),
        ("[[pair.demo.trigger]]\nwhen = { field = \"tags\", becomes = \"hot\" }", "is missing"),
        (
            "[[pair.demo.trigger]]\nwhen = { field = \"mood\", becomes = \"hot\" }\nworkflow = \"w\"",
            "must be tags or a field that is mapped",
        ),
        (
            "[[pair.demo.trigger]]\nwhen = { field = \"tags\", becomes = \"a\" }\nworkflow = \"w\"\ntag = \"t\"",
            "second thing of one trigger",
        ),
        (
            "[[pair.demo.map]]\ncliengo = \"leadFields.a\"\nghl = \"customFields.a\"\ndirection = \"to_ghl\"\n\
             values = { ALTO = \"BAJO\", BAJO = \"Poco\" }\n\
             [[pair.demo.trigger]]\nwhen = { field = \"a\", becomes = \"bajo\" }\nworkflow = \"w\"",
            "can mean \"BAJO\" and \"Poco\" in GHL",
        ),
        (
            "[[pair.demo.map]]\ncliengo = \"leadFields.a\"\nghl = \"customFields.a\"\ndirection = \"to_ghl\"\n\
             values = { ALTO = \"BAJO\", BAJO = \"Poco\" }\n\
             [[pair.demo.trigger]]\nwhen = { field = \"a\", becomes = \"bajo\" }\nworkflow = \"w\"",
            "take one that means one value: \"ALTO\", \"Poco\"",
        ),
    ] {
        let message = wrong_demo(more);
        assert!(message.contains(part), "{more}: {message}");
    }
}
