//! What people mistype, and what they read: the cause in their own words, and nothing asked for it.

use concord::sandbox::{Options, Sandbox};

use crate::command::{Desk, sandbox};

const NOBODY: [&str; 7] = ["", " ", "Agustín", "Agustín López", "../../etc", "a/b?c=d", "*"];

#[tokio::test(flavor = "multi_thread")]
async fn whom_nobody_can_be_is_refused_before_anybody_is_asked() {
    let sandbox = sandbox(2).await;
    let desk = Desk::real(&sandbox);
    for name in NOBODY {
        for arguments in [vec!["explain", name], vec!["plan", "--contact", name], vec!["sync", "--contact", name]] {
            let said = desk.ask(&arguments).code(10).tells("hint: who is linked, with their ids: concord links list");
            let cause = if name.trim().is_empty() { "the text is empty" } else { "names are not searched" };
            assert!(said.err.contains(cause), "{said:#?}");
        }
    }
    assert!(sandbox.requests().is_empty(), "{:?}", sandbox.requests());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_location_is_named_with_its_line_and_no_scope_is_blamed() {
    let sandbox = sandbox(1).await;
    let mut desk = Desk::real(&sandbox);
    let path = desk.path("schedules.toml");
    let right = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, right.replace(sandbox.location_id(), "Elsewhere1")).unwrap();
    let said = desk.ask(&["plan"]).code(12).tells("`pair.acme.ghl.location_id` = \"Elsewhere1\", schedules.toml:12");
    assert!(!said.err.contains("needs the scope"), "{said:#?}");
    std::fs::write(&path, right).unwrap();
    desk.environment[1].1 = "mistyped".to_owned();
    let said = desk.ask(&["plan"]).code(12).tells("GHL refused the credentials").tells("TEST_TOKEN");
    assert!(!said.err.contains("needs the scope") && !said.err.contains("location_id"), "{said:#?}");
}

#[test]
fn a_pair_that_is_named_twice_is_one_pair() {
    let desk = Desk::demo();
    let said = desk.run(&["status", "--pair", "demo", "--pair", "demo"]).code(0);
    assert_eq!(said.out.matches("never synchronised").count(), 1, "{said:#?}");
    desk.run(&["sync", "--quiet", "--pair", "demo", "--pair", "demo"]).code(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_the_place_of_a_secret_is_called_a_folder() {
    let sandbox = sandbox(1).await;
    let desk = Desk::real(&sandbox);
    let path = desk.path("schedules.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("{ env = \"TEST_KEY\" }", "{ file = \"secrets\" }")).unwrap();
    std::fs::create_dir(desk.path("secrets")).unwrap();
    let said = desk.ask(&["plan"]).code(10).tells("secrets is a folder, not a file").tells("name the file in it");
    assert!(!said.err.contains("chmod"), "{said:#?}");
}

#[test]
fn a_damaged_state_hides_nothing_of_the_other_pairs() {
    let desk = Desk::with("[pair.one]\nsandbox = true\n[pair.two]\nsandbox = true\n");
    desk.run(&["sync", "--quiet"]).code(3);
    std::fs::write(desk.path("state/one.db"), "no database").unwrap();
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(desk.path(&format!("state/one.db{suffix}")));
    }
    let listed = desk.run(&["links", "list", "--format", "json", "--pair", "two"]).code(0).json();
    let id = listed[0]["ids"]["ghl"].as_str().unwrap().to_owned();
    for (arguments, shown) in [
        (vec!["history"], "two"),
        (vec!["held"], "pair two"),
        (vec!["links", "list"], id.as_str()),
        (vec!["explain", id.as_str()], id.as_str()),
    ] {
        let said = desk.run(&arguments).code(1).tells("one.db");
        assert!(said.out.contains(shown), "{arguments:?}: {said:#?}");
    }
    let said = desk.run(&["plan", "--rebuild", "--quiet"]);
    assert!(!said.err.contains("needs no rebuild"), "{said:#?}");
    desk.run(&["plan", "--rebuild"]).tells("two: the state is sound and needs no rebuild");
}

#[test]
fn a_zone_by_its_offset_is_answered_with_one_of_that_offset() {
    let schedule = |zone: &str| {
        format!(
            "[[schedule]]\nname = \"n\"\ncron = \"0 3 * * *\"\ntimezone = \"{zone}\"\nrun = \"sync\"\n[pair.demo]\nsandbox = true\n"
        )
    };
    for (zone, meant) in [
        ("GMT-3", "America/Argentina/Buenos_Aires"),
        ("UTC-03:00", "America/Argentina/Buenos_Aires"),
        ("UTC-5", "America/Bogota"),
        ("GMT-6", "America/Mexico_City"),
    ] {
        let desk = Desk::with(&schedule(zone));
        desk.run(&["status"]).code(10).tells(&format!("a zone of that offset is \"{meant}\""));
    }
    let desk = Desk::with("[pair.demo]\nsandbox = true\n[pair.demo.contacts]\nconflict = \"oldest\"\n");
    let said = desk.run(&["status"]).code(10).tells("found \"oldest\"");
    assert!(!said.err.contains("did you mean"), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_that_can_be_none_is_refused_at_the_flag() {
    let sandbox = Sandbox::start(Options { contacts: 1, ..Options::default() }).await.unwrap();
    let mut desk = Desk::with("");
    std::fs::remove_file(desk.path("schedules.toml")).unwrap();
    desk.environment = vec![("KEY".to_owned(), sandbox.api_key().to_owned()), ("TOKEN".to_owned(), "t".to_owned())];
    let flags =
        ["--cliengo-key-env", "KEY", "--ghl-token-env", "TOKEN", "--pair", "main", "--location-id", "mal token"];
    desk.ask(&[&["init"], &flags[..]].concat()).code(10).tells("cannot be a location's id");
    assert!(sandbox.requests().is_empty());
}

#[test]
fn a_mistake_in_the_configuration_is_told_by_its_name_and_what_it_takes() {
    let schedule = |cron: &str| {
        format!(
            "[[schedule]]\nname = \"n\"\ncron = \"{cron}\"\ntimezone = \"UTC\"\nrun = \"sync\"\n[pair.demo]\nsandbox = true\n"
        )
    };
    for (cron, part) in [
        ("61 3 * * *", "the minute is \"61\", and takes 0 to 59"),
        ("0 3 * * LUN", "the day of the week is \"LUN\", and takes 0 to 7, or SUN to SAT"),
        ("0 0 3 * 13 *", "the month is \"13\", and takes 1 to 12"),
        ("@nightly", "known are @yearly"),
    ] {
        let said = Desk::with(&schedule(cron)).run(&["status"]).code(10).tells(part);
        assert!(!said.err.contains("Component") && !said.err.contains("CronPattern"), "{said:#?}");
    }
    let twice = "[pair.demo]\nsandbox = true\nsandbox = true\n";
    Desk::with(twice).run(&["status"]).code(10).tells("duplicate key `sandbox`");
    let account = |pair: &str| {
        format!(
            "[pair.main.cliengo]\n{pair}api_key = {{ env = \"K\" }}\nwebsite_id = \"w\"\n\
             [pair.main.ghll]\nlocation_id = \"l\"\ntoken = {{ env = \"K\" }}\n"
        )
    };
    let said = Desk::with(&account("")).run(&["status"]).code(10);
    let at = |part: &str| said.err.find(part).unwrap_or_else(|| panic!("{part} in {said:#?}"));
    assert!(at("ghll` is not a known key") < at("` is missing"), "{said:#?}");
    for (address, part) in [
        ("127.0.0.1:8410", "must begin with http://"),
        ("localhost:8410", "must begin with http://"),
        ("api.cliengo.com/1.0", "must begin with https://"),
    ] {
        let desk = Desk::with(&account(&format!("base_url = \"{address}\"\n")));
        desk.run(&["status"]).code(10).tells(part);
    }
    let desk = Desk::demo();
    desk.run(&["--config", ".", "status"]).code(10).tells("this is a folder").tells("--config ./schedules.toml");
    desk.run(&["status", "--pair", "Demo"]).code(10).tells("did you mean --pair demo?");
}

#[test]
fn a_mistake_on_the_command_line_is_told_in_plain_words_before_any_work() {
    let desk = Desk::demo();
    for arguments in [["history", "x"], ["undo", "x"], ["history", "99999999999999999999"]] {
        let said = desk.run(&arguments).code(10).tells("number");
        assert!(!said.err.contains("digit found") && !said.err.contains("target type"), "{said:#?}");
    }
    for flag in ["--out", "--save"] {
        let said =
            desk.run(&["plan", flag, "nowhere/x"]).code(1).tells("cannot write to nowhere: there is no such folder");
        assert!(said.out.is_empty() && !said.err.contains(".tmp"), "{said:#?}");
    }
    desk.run(&["plan", "--out", "."]).code(10).tells("it is a folder");
    desk.run(&["plan", "--format", "json", "--out", "report.json"]);
    desk.run(&["sync", "--plan", "report.json"]).code(10).tells("not what --save writes");
    std::fs::create_dir_all(desk.path("other/demo.db")).unwrap();
    let said = desk.run(&["status", "--state-dir", "other"]).code(1).tells("it is a folder");
    assert!(said.err.contains("move other/demo.db away"), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_acknowledged_until_a_day_and_a_link_is_found_by_e_mail() {
    let desk = Desk::demo();
    desk.run(&["sync", "--quiet"]).code(3);
    let held = desk.run(&["held", "--format", "json"]).code(0).json();
    let id = held[0]["id"].as_str().unwrap();
    let said = desk.run(&["held", "ack", id, "--until", "mañana"]).code(10).tells("in a week: --until 20");
    let day = said.err.split("--until ").last().unwrap().trim().to_owned();
    desk.run(&["held", "ack", id, "--until", &day]).code(0).tells(&format!("concord held unack {id}"));
    let links = desk.run(&["links", "list", "--kind", "contact", "--format", "json"]).json();
    let shown = links.as_array().unwrap().iter().find_map(|link| {
        let shown = desk.run(&["links", "show", &link["id"].to_string(), "--format", "json"]).json();
        Some((link["id"].clone(), shown["shadows"]["ghl"]["email"].as_str()?.to_owned()))
    });
    let (number, email) = shown.unwrap();
    let forgotten = desk.run(&["links", "forget", &email, "--dry-run", "--format", "json"]).code(0);
    assert!(forgotten.out.contains(&number.to_string()), "{forgotten:#?}");
    desk.run(&["links", "forget", "nobody@example.com"]).code(10).tells("a link has a number");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rehearsal_prints_asks_nothing_more_and_is_not_paced() {
    let sandbox = sandbox(3).await;
    let mut desk = Desk::with("");
    std::fs::remove_file(desk.path("schedules.toml")).unwrap();
    desk.environment = vec![
        ("CLIENGO_API_KEY".to_owned(), sandbox.api_key().to_owned()),
        ("GHL_TOKEN".to_owned(), sandbox.token().to_owned()),
    ];
    let (cliengo, ghl) = (sandbox.cliengo_url(), sandbox.ghl_url());
    let flags = ["--cliengo-url", &cliengo, "--ghl-url", &ghl, "--location-id", sandbox.location_id()];
    let more =
        ["--cliengo-key-env", "CLIENGO_API_KEY", "--ghl-token-env", "GHL_TOKEN", "--website-id", sandbox.website_id()];
    let init = [&["init", "--no-input", "--pair", "rehearsal"], &flags[..], &more[..]].concat();
    let mut wrong = Desk::with("");
    std::fs::remove_file(wrong.path("schedules.toml")).unwrap();
    wrong.environment.clone_from(&desk.environment);
    wrong.environment[1].1 = "mistyped".to_owned();
    let said = wrong.ask(&init).code(12).tells("Give the right key, token or location");
    assert!(!said.err.contains("concord check"), "{said:#?}");
    desk.ask(&init).code(0);
    let written = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    assert!(written.contains("\nrequests_per_second = 0 "), "{written}");
    desk.ask(&["plan", "--quiet"]);
}

#[test]
fn in_spanish_no_word_of_them_is_english() {
    let desk = Desk::with(
        "[report]\nlanguage = \"es\"\n[pair.demo]\nsandbox = true\n[pair.real.cliengo]\napi_key = { file = \"secrets/k\" }\n\
         website_id = \"w\"\n[pair.real.ghl]\nlocation_id = \"l\"\ntoken = { env = \"NOT_SET\" }\n",
    );
    desk.run(&["sync", "--quiet", "--pair", "demo"]).code(3);
    let status = desk.run(&["status", "--pair", "demo"]).code(0);
    assert!(status.out.contains("requieren una decisión: 6 nuevos, 0 conocidos"), "{status:#?}");
    let missing = desk.run(&["plan", "--pair", "real"]).code(10);
    assert!(missing.err.contains("no se puede leer el archivo secrets/k"), "{missing:#?}");
    let unknown = desk.run(&["held", "ack", "xx", "--pair", "demo"]).code(10);
    assert!(!unknown.err.contains("an id that only") && !unknown.err.contains("See the ids"), "{unknown:#?}");
    let nobody = desk.run(&["explain", "Agustín", "--pair", "demo"]).code(10);
    assert!(nobody.err.contains("no se busca por nombre"), "{nobody:#?}");
}

#[test]
fn an_undo_without_a_run_points_to_the_runs() {
    let desk = Desk::demo();
    let said = desk.run(&["undo", "--dry-run"]).code(10).tells("hint: the runs and their numbers: concord history");
    assert!(!said.err.contains("--help"), "{said:#?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_edited_in_the_sandbox_is_said_in_sentences_on_a_terminal_and_as_a_script_elsewhere() {
    let desk = Desk::demo();
    desk.ask(&["sync", "--quiet"]);
    let mut person = crate::terminal::Terminal::run(&desk, &["sandbox", "edit", "--random", "3"]);
    assert_eq!(person.ends().await, 0, "{}", person.shown);
    assert!(!person.shown.contains('{') && person.shown.contains("concord plan --pair demo"), "{}", person.shown);
    assert!([" in GHL ", " in Cliengo "].iter().any(|side| person.shown.contains(side)), "{}", person.shown);
    let lines = desk.ask(&["sandbox", "edit", "--random", "3"]).code(0).out;
    assert_eq!(lines.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count(), 3);
}
