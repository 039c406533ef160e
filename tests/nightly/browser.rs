//! Pages as a browser shows them: a report from disk, and those of a running daemon. Without Chromium they say what they skip;
//! with `CONCORD_BROWSER` set, as on the gate, they fail instead.

mod driver;

use std::path::PathBuf;

use concord::reconcile::{Change, ListingCount, Mode, Operation, Plan, Settle, Work};
use concord::record::{
    Both, ByKind, CliengoId, Field, Fields, GhlId, Ids, Kind, Method, RemoteId, Request, Side, Target, Write,
};
use concord::report::{Audience, Report, html_foot, html_head, html_report};
use concord::run::Finished;
use concord::sandbox::{Edit, EditKind, EditOp, Sandbox};
use serde_json::{Value, json};

use crate::command::{Desk, sandbox};
use crate::daemon::Daemon;
use driver::{Browser, SCREENS, Screen};

const SETTINGS: &str = "[daemon]\nlisten = \"127.0.0.1:0\"\ntoken = { env = \"PAGE_TOKEN\" }\n\
    [report]\ndir = \"reports\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n\
    [[schedule]]\nname = \"nightly\"\ncron = \"0 3 * * *\"\ntimezone = \"UTC\"\n\
    [pair.acme.contacts]\nconflict = \"manual\"\n[pair.acme.guard]\nfirst_sync = \"auto\"\n";

fn change(sandbox: &Sandbox, side: Side, contact: &str, set: &Value) {
    let set = set.as_object().cloned().unwrap();
    let contact = Some(contact.to_owned());
    sandbox.world().edit(&Edit { side, op: EditOp::Update, kind: EditKind::Contact, contact, id: None, set }).unwrap();
}

/// A pair after some nights: a conflict and ambiguous people wait.
async fn lived() -> (Sandbox, Desk) {
    let sandbox = sandbox(40).await;
    let mut desk = Desk::real(&sandbox);
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    std::fs::write(desk.path("schedules.toml"), format!("{settings}{SETTINGS}")).unwrap();
    desk.environment.push(("PAGE_TOKEN".to_owned(), "open-sesame".to_owned()));
    desk.ask(&["sync"]).code(3);
    let links = desk.ask(&["links", "list", "--kind", "contact", "--format", "json"]).code(0).json();
    let id = |at: usize, side: &str| links[at]["ids"][side].as_str().unwrap().to_owned();
    change(&sandbox, Side::Cliengo, &id(0, "cliengo"), &json!({ "email": "de.cliengo@example.com" }));
    change(&sandbox, Side::Ghl, &id(0, "ghl"), &json!({ "email": "de.ghl@example.com" }));
    for at in 1..12 {
        change(&sandbox, Side::Cliengo, &id(at, "cliengo"), &json!({ "email": format!("nueva.{at}@example.com") }));
    }
    desk.ask(&["sync"]).code(3);
    (sandbox, desk)
}

fn run_of(desk: &Desk) -> PathBuf {
    let runs = std::fs::read_dir(desk.path("reports/acme")).unwrap();
    runs.map(|entry| entry.unwrap().path()).max_by_key(|path| path.file_name().unwrap().to_owned()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_opened_from_disk_searched_and_filtered_and_shuts_nobody_out() {
    let Some(browser) = Browser::open().await else { return };
    let (_sandbox, desk) = lived().await;
    browser.go(&format!("file://{}", run_of(&desk).join("report.html").display())).await;
    let shown = "return [...document.querySelectorAll('.step')].filter(step => step.checkVisibility({ contentVisibilityAuto: false })).length";
    let all = browser.run(shown).await.as_u64().unwrap();
    assert!(all >= 11, "{all}");
    let search = |words: &str| {
        format!(
            "const search = document.querySelector('form.filter [name=search]'); search.value = '{words}';\
             search.dispatchEvent(new Event('input', {{ bubbles: true }}))"
        )
    };
    let settled = "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))";
    browser.run(&search("NUEVA.7")).await;
    browser.run(settled).await;
    assert_eq!(browser.run(shown).await, json!(1), "one person has this address");
    browser.run(&search("nobody has this")).await;
    browser.run(settled).await;
    assert_eq!(browser.run(shown).await, json!(0));
    browser.run("document.querySelector('form.filter').reset()").await;
    browser.run(settled).await;
    assert_eq!(browser.run(shown).await, json!(all));
    browser.run("const side = document.querySelector('form.filter select[name=side]'); side.value = side.options[1].value; side.dispatchEvent(new Event('input', { bubbles: true }))").await;
    browser.run(settled).await;
    browser.run("document.querySelector('form.filter').reset()").await;
    browser
        .run("for (const details of document.querySelectorAll('details')) details.querySelector('summary').click()")
        .await;
    let mut faults = Vec::new();
    for screen in SCREENS {
        faults.extend(browser.faults(screen).await);
    }
    faults.extend(browser.errors().await);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_and_an_ambiguous_person_are_settled_on_the_daemons_page_and_an_undo_is_shown_first() {
    let Some(browser) = Browser::open().await else { return };
    let (_sandbox, desk) = lived().await;
    let daemon = Daemon::start(&desk);
    let home = format!("http://{}/", tokio::task::block_in_place(|| daemon.address()));
    browser.with_token("open-sesame").await;
    let mut faults = Vec::new();
    for path in ["", "pairs/acme", "pairs/acme/runs/2", "pairs/acme/runs/2/report"] {
        browser.go(&format!("{home}{path}")).await;
        for screen in SCREENS {
            faults.extend(browser.faults(screen).await.into_iter().map(|fault| format!("/{path}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    let press = |part: &str| {
        format!(
            "const form = [...document.forms].find(form => form.command && form.command.value.includes('{part}'));\
             if (!form) return false; form.querySelector('button').click(); return true"
        )
    };
    let said = "return document.querySelector('pre').textContent";
    // A conflict.
    let id = desk.ask(&["conflicts", "--format", "json"]).json()[0]["id"].as_str().unwrap().to_owned();
    browser.go(&format!("{home}pairs/acme")).await;
    assert_eq!(browser.run(&press(&format!("resolve {id} --take ghl"))).await, json!(true));
    assert!(browser.run(said).await.as_str().unwrap().contains("GHL's is chosen"), "{}", browser.run(said).await);
    assert_eq!(desk.ask(&["conflicts", "--format", "json"]).json()[0]["choice"]["take"], "ghl");
    // One who may be two.
    browser.go(&format!("{home}pairs/acme")).await;
    assert_eq!(browser.run(&press("links add")).await, json!(true));
    assert!(browser.run(said).await.as_str().unwrap().contains("linked"), "{}", browser.run(said).await);
    // Somebody stays as they are, and a button that is out of date does nothing.
    browser.go(&format!("{home}pairs/acme")).await;
    let stale = browser.run("return document.documentElement.outerHTML").await;
    assert!(stale.as_str().unwrap().contains("held ack"));
    assert_eq!(browser.run(&press("held ack")).await, json!(true));
    assert!(browser.run(said).await.as_str().unwrap().contains("acknowledged"));
    // An undo is looked at before it is done.
    browser.go(&format!("{home}pairs/acme/runs/2")).await;
    assert_eq!(browser.run(&press("undo 2 --dry-run")).await, json!(true));
    assert!(browser.run(said).await.as_str().unwrap().contains("undo of run 2"), "{}", browser.run(said).await);
    assert_eq!(browser.run(&press("undo 2 --pair")).await, json!(true));
    assert_eq!(desk.ask(&["history", "--format", "json"]).json()[2]["undoes"], 2);
    let errors = browser.errors().await;
    assert!(errors.is_empty(), "{errors:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_another_page_or_for_what_is_not_offered_does_nothing() {
    let (_sandbox, desk) = lived().await;
    let daemon = Daemon::start(&desk);
    let home = format!("http://{}", tokio::task::block_in_place(|| daemon.address()));
    let http = reqwest::Client::new();
    let post = |body: String, token: Option<&str>| {
        let mut request = http.post(format!("{home}/pairs/acme/do")).body(body);
        request = request.header("content-type", "application/x-www-form-urlencoded");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        async { request.send().await.unwrap().status().as_u16() }
    };
    let page = http.get(format!("{home}/pairs/acme")).header("authorization", "Bearer open-sesame");
    let page = page.send().await.unwrap().text().await.unwrap();
    let key = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let before = std::fs::read(desk.path("state/acme.db")).unwrap();
    assert_eq!(post("form=x&command=concord+sync+--pair+acme".to_owned(), Some("open-sesame")).await, 403);
    for command in [
        "concord+sync+--full+--pair+acme",
        "concord+links+forget+1+--for-good+--pair+acme",
        "rm",
        "concord+undo+99+--pair+acme",
    ] {
        assert_eq!(post(format!("form={key}&command={command}"), Some("open-sesame")).await, 409, "{command}");
    }
    assert_eq!(post(format!("form={key}"), Some("open-sesame")).await, 400);
    assert_eq!(post(format!("form={key}&command=concord+undo+2+--pair+acme"), None).await, 401);
    assert!(std::fs::read(desk.path("state/acme.db")).unwrap() == before, "nothing was done");
}

/// A dry run with so many updates.
fn large(changes: u32) -> Finished {
    let listed =
        ByKind::from_fn(|_| ListingCount { count: u64::from(changes), complete: true, ..ListingCount::default() });
    let update = |id: u32| {
        let contact = Ids {
            cliengo: Some(CliengoId::new(format!("64b0c0ffee00000000{id:06}"))),
            ghl: Some(GhlId::new(format!("C0oEanaGomez{id:07}"))),
        };
        let before = json!("+541133261332");
        let phone = Change::Value { field: Field::Phone, before, after: json!("+541155550000"), origin: Side::Cliengo };
        let after = json!(format!("Ana {id}"));
        let name = Change::Value { field: Field::Name, before: json!("Ana"), after, origin: Side::Cliengo };
        let target = (Target::Existing(contact.ghl.clone().unwrap().tagged()), None);
        let write = Write::update(Kind::Contact, target, Fields::new(), &Fields::new(), false);
        Operation {
            family: 0,
            id,
            side: Side::Ghl,
            kind: Kind::Contact,
            label: "Ana Gómez".to_owned(),
            contact: "Ana Gómez".to_owned(),
            ids: contact,
            parent: Ids::default(),
            changes: vec![phone, name],
            requests: vec![Request::new(Method::Put, format!("/contacts/C0oEanaGomez{id:07}"))],
            work: Work::Write(Box::new(write), Settle::Update(Box::default())),
        }
    };
    Finished {
        plan: Plan {
            outside: 0,
            pair: "demo".to_owned(),
            mode: Mode::Incremental,
            undoes: None,
            first_sync: false,
            listings: Both { cliengo: listed.clone(), ghl: listed },
            in_sync: 0,
            look_ups: Vec::new(),
            unseen: 0,
            operations: (1..=changes).map(update).collect(),
            conflicts: Vec::new(),
            held: Vec::new(),
            unsupported: Vec::new(),
            guards: Vec::new(),
            base_updates: Vec::new(),
            only: Vec::new(),
            shown_as: None,
        },
        generated_at: "2026-11-23T03:00:11.25Z".parse().unwrap(),
        usage: Both::default(),
        run: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_changes_are_opened_and_filtered_and_the_time_is_printed() {
    let Some(browser) = Browser::open().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    let (finished, audience) = (large(20_000), Audience::plain());
    let mut page = Vec::new();
    html_head(&audience, &[], &mut page).unwrap();
    html_report(&Report::of(&finished, &audience), &mut page).unwrap();
    html_foot(&mut page).unwrap();
    std::fs::write(&file, page).unwrap();
    browser.go(&format!("file://{}", file.display())).await;
    let filtered = browser
        .run(
            "const form = document.querySelector('form.filter'); let began;\
             requestAnimationFrame(() => { began = performance.now(); });\
             form.elements.search.value = 'Ana 17';\
             form.elements.search.dispatchEvent(new Event('input', { bubbles: true }));\
             return new Promise(done => requestAnimationFrame(() => done(\
               [performance.now() - began, [...document.querySelectorAll('.step')].filter(step => !step.hidden).length])))",
        )
        .await;
    println!("20,000 changes: filtered in {} ms of script", filtered[0]);
    let fits = (1..=20_000).filter(|id: &u32| id.to_string().contains("17")).count();
    assert_eq!(filtered[1], fits, "{filtered}");
    assert!(browser.errors().await.is_empty());
}

/// Pictures for the documents: `CONCORD_PICTURES=docs/pictures cargo test --test nightly browser::pictures -- --ignored`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes pictures into the folder that CONCORD_PICTURES names"]
async fn pictures() {
    let folder = PathBuf::from(std::env::var_os("CONCORD_PICTURES").expect("CONCORD_PICTURES names a folder"));
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let browser = Browser::open().await.expect("chromedriver");
    let (_sandbox, desk) = lived().await;
    let daemon = Daemon::start(&desk);
    let home = format!("http://{}/", tokio::task::block_in_place(|| daemon.address()));
    browser.with_token("open-sesame").await;
    for (name, path) in [("pairs", ""), ("pair", "pairs/acme")] {
        browser.go(&format!("{home}{path}")).await;
        for (kind, screen) in
            [("light", Screen { width: 1440, dark: false }), ("phone", Screen { width: 360, dark: true })]
        {
            browser.on(screen).await;
            browser.picture(&folder.join(format!("{name}-{kind}.png"))).await;
        }
    }
    browser.go(&format!("file://{}", run_of(&desk).join("report.html").display())).await;
    for (kind, screen) in [
        ("light", Screen { width: 1440, dark: false }),
        ("dark", Screen { width: 1440, dark: true }),
        ("phone", Screen { width: 360, dark: false }),
    ] {
        browser.on(screen).await;
        browser.picture(&folder.join(format!("report-{kind}.png"))).await;
    }
}
