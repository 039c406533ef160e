//! `check`: what it looks at, what it says of what is wrong, and that it writes nothing.

use concord::sandbox::Sandbox;
use concord::state::PairLock;
use serde_json::{Value, json};

use crate::command::{Desk, Said, mutating, sandbox};
use crate::old_states;

/// The line about `id`.
fn finding(said: &Said, id: &str) -> Value {
    let all = said.json();
    let found = all.as_array().unwrap().iter().find(|finding| finding["id"] == id).cloned();
    found.unwrap_or_else(|| panic!("no {id} in {all:#}"))
}

fn detail(said: &Said, id: &str) -> String {
    finding(said, id)["detail"].as_str().unwrap().to_owned()
}

fn set(desk: &Desk, from: &str, to: &str) {
    let path = desk.path("schedules.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

const CHECK: [&str; 3] = ["check", "--format", "json"];

fn asked(sandbox: &Sandbox) -> usize {
    sandbox.requests().len()
}

// Watches: I46.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_says_what_a_first_sync_would_match_and_writes_nothing() {
    let sandbox = sandbox(40).await;
    let desk = Desk::real(&sandbox);
    let said = desk.ask(&CHECK).code(0);
    for finding in said.json().as_array().unwrap() {
        assert!(finding["id"].is_string() && finding["detail"].is_string(), "{finding}");
        assert!(["ok", "warn"].contains(&finding["result"].as_str().unwrap()), "{finding}");
    }
    assert_eq!(mutating(&sandbox), 0);
    assert!(!desk.path("state/acme.db").exists());
    let plan = desk.ask(&["plan", "--format", "json"]).code(0).json();
    let count = |list: &str, is: &dyn Fn(&Value) -> bool| {
        plan[list].as_array().unwrap().iter().filter(|one| one["kind"] == "contact" && is(one)).count()
    };
    let links = count("operations", &|one| one["action"] == "link");
    let into = |side: &str| count("operations", &|one| one["action"] == "create" && one["side"] == side);
    let ambiguous = count("held", &|one| one["reason"] == "ambiguous_match" || one["reason"] == "email_phone_mismatch");
    assert!(links > 0 && ambiguous > 0, "the seed has both");
    let told = detail(&said, "acme.first_sync");
    let expected = [
        format!("{links} matched"),
        format!("{ambiguous} ambiguous"),
        format!("{} only in Cliengo", into("ghl")),
        format!("{} only in GHL", into("cliengo")),
        "without e-mail and phone".to_owned(),
    ];
    for part in expected {
        assert!(told.contains(&part), "no {part:?} in {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_tells_both_accounts_what_they_can_and_what_a_night_costs() {
    let sandbox = sandbox(12).await;
    let desk = Desk::real(&sandbox);
    let said = desk.ask(&CHECK).code(0);
    for (id, part) in [
        ("state_dir", "made by the first run"),
        ("disk", "free"),
        ("acme.secrets", "all there"),
        ("acme.lock", "no run is at work"),
        ("acme.state", "the next sync is the first"),
        ("acme.cliengo", "Demo"),
        ("acme.cliengo.leads", "of 1,000,000 leads"),
        ("acme.cliengo.website", "demo.example.com"),
        ("acme.cliengo.user", "2 users"),
        ("acme.cliengo.can", "cannot remove tags, edit notes, delete notes"),
        ("acme.ghl", "Sucursal Centro"),
        ("acme.ghl.scopes", "contacts.write"),
        ("acme.ghl.users", "2 in this location"),
        ("acme.ghl.limits", "left today"),
        ("acme.ghl.fields", "none is mapped"),
        ("acme.clock", "within a minute"),
        ("acme.tonight", "reads of Cliengo"),
    ] {
        assert!(detail(&said, id).contains(part), "no {part:?} in {}", detail(&said, id));
    }
    // After a first sync the state is looked into, and nobody is matched any more.
    let id = desk.ask(&["sync", "--format", "json"]).code(4).json()["plan_id"].as_str().unwrap().to_owned();
    desk.ask(&["sync", "--approve", &id]).code(0);
    let before = (mutating(&sandbox), std::fs::read(desk.path("state/acme.db")).unwrap());
    let said = desk.ask(&CHECK).code(0);
    assert!(detail(&said, "acme.state").contains("sound"), "{said:?}");
    assert!(detail(&said, "acme.first_sync").contains("behind you"), "{said:?}");
    assert!(
        (mutating(&sandbox), std::fs::read(desk.path("state/acme.db")).unwrap()) == before,
        "check wrote something"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_forecast_is_what_the_night_then_reads() {
    let sandbox = sandbox(30).await;
    let desk = Desk::real(&sandbox);
    set(&desk, "region = \"AR\"", "region = \"AR\"\nguard.first_sync = \"auto\"");
    assert!(matches!(desk.ask(&["sync", "--quiet"]).code, 0 | 3));
    let told = detail(&desk.ask(&CHECK), "acme.tonight");
    let numbers: Vec<u64> = told.split(' ').filter_map(|word| word.parse().ok()).collect();
    let read = desk.ask(&["sync", "--format", "json"]).json()["requests"].clone();
    for (side, forecast) in [("cliengo", numbers[0]), ("ghl", numbers[1])] {
        let read = read[side]["reads"].as_u64().unwrap();
        // GHL's fixed reads are counted at their most.
        assert!(forecast >= read && forecast <= read + 6, "{side}: {told}, and it read {read}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_that_the_notes_do_not_fit_is_said_before_the_night() {
    let sandbox = sandbox(30).await;
    let desk = Desk::real(&sandbox);
    set(&desk, "token = ", "daily_budget = 0.0000002\ntoken = ");
    let said = desk.ask(&CHECK).code(0);
    assert_eq!(finding(&said, "acme.tonight")["result"], "warn");
    assert!(detail(&said, "acme.tonight").contains("in turn"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_scope_is_named_with_exit_code_12() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    for (fault, scope) in [
        ("status=401@ghl:POST:/tasks/search*", "locations/tasks.readonly"),
        ("status=401@ghl:POST:/contacts/search*", "contacts.readonly"),
    ] {
        sandbox.set_faults(fault.parse().unwrap());
        let said = desk.ask(&CHECK).code(12);
        let finding = finding(&said, "acme.ghl.scopes");
        assert!(finding["hint"].as_str().unwrap().contains(scope), "{finding}");
    }
    // Users are not needed: that scope may be missing.
    sandbox.set_faults("status=401@ghl:GET:/users*".parse().unwrap());
    let said = desk.ask(&CHECK).code(0);
    assert!(detail(&said, "acme.ghl.users").contains("users.readonly"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_key_ends_with_12_and_the_other_side_is_still_looked_at() {
    let sandbox = sandbox(4).await;
    let mut desk = Desk::real(&sandbox);
    "wrong-and-secret".clone_into(&mut desk.environment[0].1);
    let said = desk.ask(&CHECK).code(12);
    assert_eq!(finding(&said, "acme.cliengo")["result"], "fail");
    assert_eq!(finding(&said, "acme.ghl")["result"], "ok");
    assert!(!format!("{said:?}").contains("wrong-and-secret"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mapped_field_that_ghl_does_not_have_is_named_with_those_it_has() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    let path = desk.path("schedules.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let map = |ghl: &str| {
        format!(
            "[[pair.acme.map]]\ncliengo = \"leadFields.{ghl}\"\nghl = \"customFields.{ghl}\"\ndirection = \"to_ghl\"\n"
        )
    };
    std::fs::write(&path, format!("{text}{}{}{}", map("color"), map("presupuesto"), map("altura"))).unwrap();
    let said = desk.ask(&CHECK).code(1);
    let finding = finding(&said, "acme.ghl.fields");
    assert!(finding["detail"].as_str().unwrap().contains("color, altura"), "{finding}");
    assert!(finding["hint"].as_str().unwrap().contains("presupuesto"), "{finding}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_is_mapped_under_two_of_its_names_is_named_and_nothing_is_written() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    let path = desk.path("schedules.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let map = |cliengo: &str, ghl: &str| {
        format!("[[pair.acme.map]]\ncliengo = \"{cliengo}\"\nghl = \"customFields.{ghl}\"\ndirection = \"to_ghl\"\n")
    };
    let maps = [map("leadFields.presupuesto", "presupuesto"), map("utmCampaign", "contact.presupuesto")].concat();
    std::fs::write(&path, format!("{text}{maps}")).unwrap();
    let said = desk.ask(&CHECK).code(1);
    let finding = finding(&said, "acme.ghl.fields");
    assert!(finding["detail"].as_str().unwrap().contains("map it once"), "{finding}");
    desk.ask(&["sync", "--pair", "acme"]).code(1).tells("map it once");
    assert_eq!(crate::command::mutating(&sandbox), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_website_that_is_not_there_is_named_with_those_that_are() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    set(&desk, sandbox.website_id(), "5f3c0000000000000000000a");
    let said = desk.ask(&CHECK).code(1);
    let finding = finding(&said, "acme.cliengo.website");
    assert_eq!(finding["result"], "fail");
    let hint = finding["hint"].as_str().unwrap();
    assert!(hint.contains(sandbox.website_id()) && !hint.contains("old.example.com"), "{hint}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_that_are_apart_are_a_warning() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    sandbox.set_faults("date-skew=7200@ghl*".parse().unwrap());
    let said = desk.ask(&CHECK).code(0);
    assert_eq!(finding(&said, "acme.clock")["result"], "warn");
    assert!(detail(&said, "acme.clock").contains("GHL's is 7"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_secret_of_one_pair_is_said_and_nobody_is_asked() {
    let sandbox = sandbox(4).await;
    let mut desk = Desk::real(&sandbox);
    let path = desk.path("schedules.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let other = text.replace("acme", "other").replace("TEST_TOKEN", "OTHER_TOKEN").replace("TEST_KEY", "OTHER_KEY");
    let other = other.replace(sandbox.location_id(), "OtherLocation0000001");
    let (_, other) = other.split_once('\n').unwrap();
    std::fs::write(&path, format!("{text}{other}")).unwrap();
    desk.environment.push(("OTHER_KEY".to_owned(), "0a1b2c3d-0000-4000-8000-000000000000".to_owned()));
    let said = desk.ask(&CHECK).code(10);
    assert_eq!(finding(&said, "other.secrets")["result"], "fail");
    assert_eq!(finding(&said, "acme.secrets")["result"], "ok");
    assert_eq!(asked(&sandbox), 0);
    std::fs::write(&path, &text).unwrap();
    desk.ask(&CHECK).code(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offline_asks_nobody_and_looks_at_lock_and_state() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    let lock = PairLock::take(&desk.path("state"), "acme", jiff::Timestamp::UNIX_EPOCH).unwrap();
    let said = desk.ask(&["check", "--offline", "--format", "json"]).code(0);
    assert_eq!(finding(&said, "acme.lock")["result"], "warn");
    assert!(detail(&said, "acme.lock").contains("process"));
    drop(lock);
    std::fs::write(desk.path("state/acme.db"), "no database, whatever its name says".repeat(300)).unwrap();
    let said = desk.ask(&["check", "--offline", "--format", "json"]).code(1);
    assert_eq!(finding(&said, "acme.lock")["result"], "ok");
    assert!(finding(&said, "acme.state")["hint"].as_str().unwrap().contains("--rebuild"));
    assert_eq!(asked(&sandbox), 0);
}

#[test]
fn a_state_whose_rows_refer_to_nothing_is_found_though_every_page_can_be_read() {
    let desk = Desk::demo();
    desk.run(&["sync", "--quiet"]).code(3);
    desk.run(&["check", "--offline"]).code(0).tells("sound");
    let state = rusqlite::Connection::open(desk.path("state/demo.db")).unwrap();
    state.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM run WHERE id = 1;").unwrap();
    drop(state);
    desk.run(&["check", "--offline"]).code(1).tells("one that").tells("hint:");
}

#[test]
fn a_state_from_before_an_upgrade_is_no_failure_and_no_reason_to_rebuild() {
    let desk = old_states::desk();
    let said = desk.run(&["check", "--offline"]).code(0).tells("older Concord");
    assert!(!said.out.contains("--rebuild"), "{said:?}");
}

#[test]
fn a_state_directory_that_cannot_be_used_is_named_with_what_to_do() {
    let desk = Desk::demo();
    std::fs::write(desk.path("state"), "a file where a folder should be").unwrap();
    for command in [&["check", "--offline"][..], &["sync"], &["plan"]] {
        desk.run(command).code(1).tells("state").tells("hint:");
    }
    assert_eq!(std::fs::read_to_string(desk.path("state")).unwrap(), "a file where a folder should be");
}

#[test]
fn the_table_fits_the_terminal_and_ids_stand_first() {
    let mut desk = Desk::demo();
    for columns in [80, 120] {
        desk.environment = vec![("COLUMNS".to_owned(), columns.to_string())];
        let said = desk.run(&["check"]).code(0);
        for line in said.out.lines() {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
        assert!(said.out.lines().any(|line| line.starts_with("demo.ghl.scopes ")), "{}", said.out);
    }
    let quiet = desk.run(&["check", "--quiet"]).code(0);
    assert_eq!(json!([quiet.out, quiet.err]), json!(["", ""]));
}

/// A custom field of the location by this name; its id.
async fn custom_field(sandbox: &Sandbox, name: &str) -> String {
    let url = format!("{}/locations/{}/customFields", sandbox.ghl_url(), sandbox.location_id());
    let request = reqwest::Client::new().post(url).bearer_auth(sandbox.token()).header("Version", "2021-07-28");
    let body = json!({ "name": name, "dataType": "TEXT" }).to_string();
    let answer = request.header("Content-Type", "application/json").body(body).send().await.unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    answer["customField"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_custom_fields_of_the_name_that_is_mapped_are_refused_with_both_ids_and_an_id_settles_it() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    let (one, other) = (custom_field(&sandbox, "Zona").await, custom_field(&sandbox, "Zona").await);
    let map = "[[pair.acme.map]]\ncliengo = \"leadFields.zona\"\nghl = \"customFields.Zona\"\ndirection = \"to_ghl\"\n";
    let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    std::fs::write(desk.path("schedules.toml"), format!("{text}{map}")).unwrap();
    let writes = mutating(&sandbox);
    let said = desk.ask(&CHECK).code(1);
    let fields = finding(&said, "acme.ghl.fields");
    assert!([&one, &other].iter().all(|id| fields["detail"].as_str().unwrap().contains(*id)), "{fields}");
    assert!(fields["hint"].as_str().unwrap().contains("customFields.ID"), "{fields}");
    let synced = desk.ask(&["sync"]).code(1);
    assert!(synced.err.contains(&one) && synced.err.contains(&other), "{synced:?}");
    assert_eq!(mutating(&sandbox), writes, "nothing is written to either");
    set(&desk, "customFields.Zona", &format!("customFields.{other}"));
    desk.ask(&CHECK).code(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_warns_of_settings_that_do_nothing() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let with = |more: &str| std::fs::write(desk.path("schedules.toml"), format!("{text}{more}")).unwrap();
    let trigger = "when = { field = \"tags\", becomes = \"hot\" }\ntag = \"llamar\"\n";
    let map = "[[pair.acme.tasks.map]]\ncliengo = \"assignedTo\"\nghl = \"assignedTo\"\n";
    for (more, id, part) in [
        (
            "[pair.acme.notes]\ndirection = \"off\"\n[pair.acme.timeline]\nattribution = true\n",
            "timeline",
            "attribution",
        ),
        (
            "[pair.acme.notes]\ndirection = \"to_ghl\"\n[pair.acme.timeline]\nappointments = true\nconversations = true\n",
            "timeline",
            "appointments would become notes",
        ),
        (
            "[pair.acme.contacts]\ndirection = \"to_cliengo\"\n[pair.acme.triggers]\ntag = \"x\"\n",
            "triggers",
            "[triggers] never",
        ),
        (
            &format!("[pair.acme.contacts]\ndirection = \"off\"\n[[pair.acme.trigger]]\n{trigger}"),
            "triggers",
            "[[trigger]] never",
        ),
        (
            "[pair.acme.notes]\ndirection = \"to_ghl\"\nappend_edit = true\n",
            "notes.append_edit",
            "does nothing with notes.direction",
        ),
        (&format!("{map}[pair.acme.tasks]\ndirection = \"off\"\n"), "tasks.map", "tasks.direction"),
    ] {
        with(more);
        let said = desk.ask(&["check", "--offline", "--format", "json"]).code(0);
        let found = finding(&said, &format!("acme.{id}"));
        assert!(found["result"] == "warn" && found["detail"].as_str().unwrap().contains(part), "{found}");
        assert!(found["hint"].is_string(), "{found}");
    }
    with(
        "[pair.acme.notes]\nappend_edit = true\n[pair.acme.timeline]\nappointments = true\n[pair.acme.triggers]\ntag = \"x\"\n",
    );
    let said = desk.ask(&["check", "--offline", "--format", "json"]).code(0).json();
    assert!(said.as_array().unwrap().iter().all(|one| one["result"] == "ok"), "{said:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_names_words_that_no_value_can_be_and_a_business_that_has_nobody() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let map = "[[pair.acme.map]]\ncliengo = \"status\"\nghl = \"customFields.origen\"\ndirection = \"to_ghl\"\n\
        values = { NUEVO = \"Web\", CLIENT = \"Radio\" }\n\
        [[pair.acme.trigger]]\nwhen = { field = \"origen\", becomes = \"Diario\" }\ntag = \"llamar\"\n";
    std::fs::write(desk.path("schedules.toml"), format!("{text}{map}")).unwrap();
    let said = desk.ask(&CHECK).code(1);
    let all = said.json();
    let words = all.as_array().unwrap().iter().filter(|one| one["id"] == "acme.values.origen");
    let words: Vec<&str> = words.map(|one| one["detail"].as_str().unwrap()).collect();
    assert!(words.len() == 2 && words[0].contains("\"Radio\" is no value of origen in GHL"), "{words:?}");
    assert!(words[1].contains("\"NUEVO\" is no value of origen in Cliengo, which has: NEW"), "{words:?}");
    let condition = detail(&said, "acme.trigger.origen");
    assert!(condition.contains("\"Diario\" is no value of it, which has: Web, WhatsApp, Feria"), "{condition}");
    let text_field = map.replace("customFields.origen", "city").replace("\"origen\"", "\"city\"");
    std::fs::write(desk.path("schedules.toml"), format!("{text}{text_field}")).unwrap();
    let waits = finding(&desk.ask(&CHECK), "acme.trigger.city");
    assert!(waits["result"] == "warn" && waits["detail"].as_str().unwrap().contains("Radio, Web"), "{waits}");
    let scope = "[pair.acme.contacts]\ndirection = \"to_cliengo\"\n[pair.acme.scope]\nghl_business_id = \"63a0000000000000000000aa\"\n";
    std::fs::write(desk.path("schedules.toml"), format!("{text}{scope}")).unwrap();
    let business = finding(&desk.ask(&CHECK), "acme.ghl.business");
    assert!(
        business["result"] == "warn" && business["hint"].as_str().unwrap().contains("ghl_business_id"),
        "{business}"
    );
}
