//! Some people alone: `plan --contact`, `sync --contact` and `explain` read whom they are given, and judge nobody else.

use concord::record::Side;
use concord::sandbox::Edit;
use concord::sandbox::{EditKind, EditOp, Sandbox};
use serde_json::{Value, json};

use crate::command::{Desk, mutating, sandbox};

pub(crate) async fn linked(people: usize) -> (Sandbox, Desk) {
    let sandbox = sandbox(people).await;
    let desk = Desk::real(&sandbox);
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let settings = format!("{settings}[pair.acme.guard]\nfirst_sync = \"auto\"\n");
    std::fs::write(desk.path("schedules.toml"), settings).unwrap();
    desk.ask(&["sync"]);
    (sandbox, desk)
}

/// The first linked contacts: Cliengo's id and GHL's.
pub(crate) fn pairs(desk: &Desk) -> Vec<(String, String)> {
    let links = desk.ask(&["links", "list", "--kind", "contact", "--format", "json"]).code(0).json();
    let id = |link: &Value, side: &str| link["ids"][side].as_str().unwrap().to_owned();
    let live = links.as_array().unwrap().iter().filter(|link| link["role"] == "primary" && link["status"] == "live");
    live.map(|link| (id(link, "cliengo"), id(link, "ghl"))).collect()
}

pub(crate) fn edit(sandbox: &Sandbox, side: Side, kind: EditKind, op: EditOp, contact: &str, set: &Value) {
    let (contact, set) = (Some(contact.to_owned()), set.as_object().cloned().unwrap());
    sandbox.world().edit(&Edit { side, op, kind, contact, id: None, set }).unwrap();
}

pub(crate) fn change(sandbox: &Sandbox, side: Side, contact: &str, set: &Value) {
    edit(sandbox, side, EditKind::Contact, EditOp::Update, contact, set);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_whom_contact_names_is_read_and_written() {
    let (sandbox, desk) = linked(24).await;
    let people = pairs(&desk);
    let [(ana, ana_ghl), (_, bruno_ghl)] = &people[..2] else { panic!("{people:?}") };
    change(&sandbox, Side::Ghl, ana_ghl, &json!({ "email": "ana.nueva@example.com" }));
    change(&sandbox, Side::Ghl, bruno_ghl, &json!({ "email": "bruno.nuevo@example.com" }));
    edit(&sandbox, Side::Ghl, EditKind::Note, EditOp::Create, ana_ghl, &json!({ "body": "Llamar el lunes" }));
    let before = sandbox.requests().len();
    let plan = desk.ask(&["plan", "--contact", ana_ghl, "--format", "json"]).code(0).json();
    let asked = sandbox.requests().len() - before;
    assert!(asked <= 12, "a few requests, not {asked}");
    let operations = plan["operations"].as_array().unwrap();
    assert!(!operations.is_empty());
    assert!(operations.iter().all(|one| !one.to_string().contains(bruno_ghl.as_str())), "{plan:#}");
    assert_eq!(
        plan["listings"]["ghl"]["contact"],
        json!({ "count": 1, "complete": false, "why": "only whom --contact names was read" })
    );
    assert_eq!(operations[0]["changes"][0]["after"], json!("ana.nueva@example.com"));
    let writes = mutating(&sandbox);
    desk.ask(&["sync", "--contact", ana]).code(0).tells("Applied 2 of 2");
    assert!(mutating(&sandbox) > writes);
    let said = desk.ask(&["sync", "--contact", ana]).code(0).tells("Nothing to do for whom --contact names");
    assert!(!said.out.contains("did not reach its end"), "whom it is not about is no gap: {said:?}");
    said.tells("nothing is said of anybody else");
    // By the new e-mail, which the state knows; and whoever was left alone is taken by the next sync of everybody.
    desk.ask(&["plan", "--contact", "ana.nueva@example.com"]).code(0);
    let rest = desk.ask(&["plan", "--format", "json"]).json();
    let rest = rest["operations"].to_string();
    assert!(rest.contains("bruno.nuevo@example.com") && !rest.contains("ana.nueva@example.com"), "{rest}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_of_that_name_ends_with_1_and_a_first_sync_is_of_everybody() {
    let sandbox = sandbox(6).await;
    let desk = Desk::real(&sandbox);
    desk.ask(&["sync", "--contact", "64b0c0ffee0000000000ffff"]).code(4).tells("first sync").tells("concord plan");
    desk.ask(&["plan", "--contact", "64b0c0ffee0000000000ffff"]).code(1).tells("64b0c0ffee0000000000ffff");
    desk.ask(&["plan", "--contact", "nadie@example.com"]).code(1).tells("nadie@example.com");
    desk.ask(&["explain", "nadie@example.com"]).code(1);
    desk.ask(&["explain", "+5491100000000"]).code(1);
    desk.ask(&["plan", "--contact", "x", "--full"]).code(10);
    assert_eq!(mutating(&sandbox), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explain_tells_both_records_their_link_what_was_done_and_what_comes_next() {
    let (sandbox, desk) = linked(12).await;
    let people = pairs(&desk);
    let (cliengo, ghl) = &people[0];
    change(&sandbox, Side::Ghl, ghl, &json!({ "email": "ana.nueva@example.com" }));
    desk.ask(&["sync"]);
    change(&sandbox, Side::Ghl, ghl, &json!({ "firstName": "Anita" }));
    let told = desk.ask(&["explain", cliengo, "--format", "json"]).code(0).json();
    assert_eq!((&told["cliengo"][0]["id"], &told["ghl"][0]["id"]), (&json!(cliengo), &json!(ghl)));
    assert_eq!(told["ghl"][0]["email"], json!("ana.nueva@example.com"));
    let link = &told["links"][0];
    assert_eq!(link["ids"], json!({ "cliengo": cliengo, "ghl": ghl }));
    assert!(["email", "phone", "created", "hand"].contains(&link["matched_by"].as_str().unwrap()), "{link}");
    assert_eq!(link["base"]["ghl"]["email"], json!("ana.nueva@example.com"));
    let history = told["history"].as_array().unwrap();
    let update = history.iter().find(|one| one["changes"].to_string().contains("ana.nueva@example.com")).unwrap();
    assert_eq!(update["outcome"], json!("applied"));
    assert!(update["requests"].as_array().is_some_and(|requests| !requests.is_empty()));
    assert!(told["next"]["operations"].to_string().contains("Anita"), "{told:#}");
    for who in ["ana.nueva@example.com", ghl.as_str()] {
        let shown = desk.ask(&["explain", who]).code(0).out;
        for part in [cliengo.as_str(), ghl, "matched by", "ana.nueva@example.com", "Anita"] {
            assert!(shown.contains(part), "no {part} in {shown}");
        }
    }
    for who in [cliengo, ghl] {
        let shown = desk.ask(&["explain", who]).code(0).out;
        assert!(!shown.contains("did not reach its end") && shown.contains("The last runs:"), "{shown}");
    }
    assert!(link["notes_listed"]["ghl"].is_string(), "{link}");
    let phone = told["cliengo"][0]["phone"].as_str().or(told["ghl"][0]["phone"].as_str());
    if let Some(phone) = phone {
        assert_eq!(desk.ask(&["explain", phone, "--format", "json"]).code(0).json()["ghl"][0]["id"], json!(ghl));
    }
}

/// A lead that no run has seen yet.
fn lead(sandbox: &Sandbox, set: &Value) {
    let set = set.as_object().cloned().unwrap();
    let lead = Edit { side: Side::Cliengo, op: EditOp::Create, kind: EditKind::Contact, contact: None, id: None, set };
    sandbox.world().edit(&lead).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_that_is_new_in_cliengo_is_found_by_its_email_or_phone_among_the_newest() {
    let (sandbox, desk) = linked(24).await;
    lead(&sandbox, &json!({ "name": "Nora Nueva", "email": "nora@example.com" }));
    lead(&sandbox, &json!({ "name": "Tel Nuevo", "phone": "+5491133261999" }));
    for name in ["Nora@Example.com", "+54 9 11 3326-1999"] {
        let before = sandbox.requests().len();
        let plan = desk.ask(&["plan", "--contact", name, "--format", "json"]).code(0).json();
        let asked = sandbox.requests().len() - before;
        assert!(asked <= 12, "a few requests, not {asked}");
        let operations = plan["operations"].as_array().unwrap();
        assert_eq!((operations.len(), &operations[0]["action"]), (1, &json!("create")), "{name}: {plan:#}");
        desk.ask(&["sync", "--contact", name]).code(0).tells("Applied 1 of 1");
        desk.ask(&["sync", "--contact", name]).code(0).tells("Nothing to do");
    }
    // One person by two names.
    lead(&sandbox, &json!({ "name": "Dora Doble", "email": "dora@example.com", "phone": "+5491133261888" }));
    let twice = ["sync", "--contact", "dora@example.com", "--contact", "+54 9 11 3326-1888"];
    desk.ask(&twice).code(0).tells("Applied 1 of 1");
    desk.ask(&twice).code(0).tells("Nothing to do");
    let said = desk.ask(&["sync", "--contact", "nadie@example.com"]).code(1);
    assert!(said.err.contains("Cliengo cannot be searched by e-mail or phone: its "), "{said:?}");
    assert!(said.err.contains("contacts were read"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_new_on_both_sides_is_linked_in_a_run_of_that_person_and_nobody_is_doubled() {
    let (sandbox, desk) = linked(24).await;
    lead(&sandbox, &json!({ "name": "Nora Nueva", "email": "nora@example.com" }));
    let set = json!({ "firstName": "Nora", "lastName": "Nueva", "email": "nora@example.com" });
    let set = set.as_object().cloned().unwrap();
    let theirs = Edit { side: Side::Ghl, op: EditOp::Create, kind: EditKind::Contact, contact: None, id: None, set };
    sandbox.world().edit(&theirs).unwrap();
    let plan = desk.ask(&["plan", "--contact", "nora@example.com", "--format", "json"]).code(0).json();
    let operations = plan["operations"].as_array().unwrap();
    assert_eq!((operations.len(), &operations[0]["action"]), (1, &json!("link")), "{plan:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_among_the_newest_ends_after_a_few_pages_and_says_how_far_it_looked() {
    let (sandbox, desk) = linked(240).await;
    let before = sandbox.requests().len();
    let said = desk.ask(&["sync", "--contact", "nadie@example.com"]).code(1);
    assert!(said.err.contains("its 200 newest contacts were read, back to 20"), "{said:?}");
    let pages = sandbox.requests().into_iter().skip(before).filter(|sent| sent.path.contains("offset=")).count();
    assert_eq!(pages, 4, "no more pages than that");
}

/// Somebody whom GHL alone has, since today.
fn newcomer(sandbox: &Sandbox, set: &Value) -> String {
    let set = set.as_object().cloned().unwrap();
    let theirs = Edit { side: Side::Ghl, op: EditOp::Create, kind: EditKind::Contact, contact: None, id: None, set };
    sandbox.world().edit(&theirs).unwrap().id.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_new_in_ghl_is_made_or_linked_in_a_run_of_that_person_as_in_a_run_of_everybody() {
    let (sandbox, desk) = linked(24).await;
    let nora = newcomer(&sandbox, &json!({ "firstName": "Nora", "lastName": "Nueva", "email": "nora@example.com" }));
    let dora = newcomer(&sandbox, &json!({ "firstName": "Dora", "lastName": "Doble", "email": "dora@example.com" }));
    lead(&sandbox, &json!({ "name": "Dora Doble", "email": "dora@example.com" }));
    for (id, action) in [(&nora, "create"), (&dora, "link")] {
        let plan = desk.ask(&["plan", "--contact", id, "--format", "json"]).code(0).json();
        let operations = plan["operations"].as_array().unwrap();
        assert_eq!((operations.len(), &operations[0]["action"]), (1, &json!(action)), "{plan:#}");
        desk.ask(&["sync", "--contact", id]).code(0).tells("Applied 1 of 1");
        desk.ask(&["sync", "--contact", id]).code(0).tells("Nothing to do");
    }
    let tomorrow = desk.ask(&["plan", "--format", "json"]).json();
    assert_eq!(tomorrow["operations"], json!([]), "nobody is doubled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_new_in_ghl_waits_where_not_all_of_cliengo_could_be_read() {
    let (sandbox, desk) = linked(24).await;
    let nora = newcomer(&sandbox, &json!({ "firstName": "Nora", "lastName": "Nueva", "email": "nora@example.com" }));
    // Its list lacks somebody who is linked: it may lack Nora as well.
    let (cliengo, _) = &pairs(&desk)[0];
    edit(&sandbox, Side::Cliengo, EditKind::Contact, EditOp::Delete, cliengo, &json!({}));
    let said = desk.ask(&["sync", "--contact", &nora]).code(3).tells("the next sync of everybody takes it");
    assert!(!said.out.contains("create contact"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_can_be_no_phone_is_nobodys() {
    let (_sandbox, desk) = linked(6).await;
    for name in ["+541100000000", "+54 11 0000-0000", "(11) 0000.0000"] {
        for command in [["sync", "--contact", name].as_slice(), &["plan", "--contact", name], &["explain", name]] {
            let said = desk.ask(command).code(1);
            assert!(said.err.contains(&format!("neither CRM of pair acme has {name}")), "{said:?}");
        }
    }
}
