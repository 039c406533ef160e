//! Some people alone (`--contact`) where a CRM says nothing clear of one of them, or that one is gone. (`semantics` 20, 22, 55,
//! 57)

use concord::record::Side;
use concord::sandbox::{EditKind, EditOp, Fault, FaultRule, Faults, Sandbox, Stated, When};
use serde_json::{Value, json};

use crate::command::Desk;
use crate::named::{change, edit, linked, pairs};

const PAGE: &str = "<!DOCTYPE html><html><head><title>Attention Required!</title></head></html>";

fn reads(side: Side, path: &str, answer: Stated) -> Faults {
    Faults::rules(vec![FaultRule {
        side: Some(side),
        method: Some("GET".to_owned()),
        path_contains: Some(path.to_owned()),
        when: When::Always,
        fault: Fault::Answer(answer),
    }])
}

fn unclear() -> Vec<Stated> {
    let json = |status, message: &str| Stated::json(status, &json!({ "message": message }));
    vec![
        json(404, "no Route matched with those values"),
        json(403, "User has no access to this contact"),
        json(401, "Unauthorized"),
        json(400, "Bad request"),
        Stated::html(403, PAGE),
        Stated::json(200, &json!({ "ok": true })),
    ]
}

/// The reasons for which the last run held something.
fn held(desk: &Desk) -> Vec<Value> {
    let held = desk.ask(&["held", "--format", "json"]).json();
    held.as_array().unwrap().iter().map(|one| one["reason"].clone()).collect()
}

fn settle(desk: &Desk, settings: &str) {
    let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    std::fs::write(desk.path("schedules.toml"), format!("{text}{settings}")).unwrap();
}

fn stands(sandbox: &Sandbox, side: Side, id: &str) -> bool {
    let dump = sandbox.world().dump().unwrap();
    dump[side.as_str()]["contacts"].as_array().unwrap().iter().any(|row| row["id"] == id || row["_id"] == id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_whom_a_crm_says_nothing_clear_is_held_and_the_others_go_on() {
    let (sandbox, desk) = linked(6).await;
    let people = pairs(&desk);
    let [ana, bruno] = &people[..2] else { panic!("{people:?}") };
    for side in Side::BOTH {
        let id = if side == Side::Cliengo { &ana.0 } else { &ana.1 };
        for (number, answer) in unclear().into_iter().enumerate() {
            let email = format!("bruno{number}.{side}@example.com");
            change(&sandbox, Side::Ghl, &bruno.1, &json!({ "email": email }));
            sandbox.set_faults(reads(side, &format!("/contacts/{id}"), answer.clone()));
            let said = desk.ask(&["sync", "--contact", &ana.0, "--contact", &bruno.0]).code(3);
            assert!(said.out.contains("did not say clearly") && said.out.contains(&email), "{answer:?}: {said:#?}");
            assert_eq!(held(&desk), ["inconclusive"], "{answer:?}");
        }
    }
    sandbox.set_faults(Faults::none());
    desk.ask(&["sync", "--contact", &ana.0, "--contact", &bruno.0]).code(0);
    assert_eq!(held(&desk), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_alone_is_held_and_a_crm_that_answers_nobody_ends_the_run() {
    let (sandbox, desk) = linked(6).await;
    let (ana, _) = &pairs(&desk)[0];
    let denied = Stated::json(401, &json!({ "message": "Unauthorized" }));
    sandbox.set_faults(reads(Side::Cliengo, &format!("/contacts/{ana}"), denied.clone()));
    desk.ask(&["sync", "--contact", ana]).code(3).tells("did not say clearly");
    sandbox.set_faults(reads(Side::Cliengo, "/contacts/", denied));
    desk.ask(&["sync", "--contact", ana]).code(12).tells("refused the credentials");
    let nowhere = Stated::json(404, &json!({ "message": "no Route matched with those values" }));
    sandbox.set_faults(reads(Side::Cliengo, "/contacts/", nowhere));
    desk.ask(&["sync", "--contact", ana]).code(1).tells("no Route matched");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_nobody_has_is_refused_and_the_pair_has_not_failed() {
    let (_sandbox, desk) = linked(6).await;
    desk.ask(&["sync", "--contact", "64b0c0ffee0000000000ffff"]).code(1).tells("neither CRM");
    let said = desk.ask(&["status"]).code(0);
    assert!(!said.out.contains("FAILED"), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_knows_of_an_unclear_answer_has_not_seen_it_either() {
    let (sandbox, desk) = linked(6).await;
    let (ana, _) = &pairs(&desk)[0];
    edit(&sandbox, Side::Cliengo, EditKind::Contact, EditOp::Delete, ana, &json!({}));
    sandbox.set_faults(reads(Side::Cliengo, &format!("/contacts/{ana}"), Stated::html(403, PAGE)));
    desk.ask(&["sync"]).code(3);
    let held = desk.ask(&["held", "--format", "json"]).json();
    desk.ask(&["held", "ack", held[0]["id"].as_str().unwrap()]).code(0);
    desk.ask(&["sync", "--quiet"]).code(3).tells("asked for by id without a clear answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_email_that_ghl_does_not_clearly_know_is_held_and_the_others_go_on() {
    let (sandbox, desk) = linked(6).await;
    let (_, bruno) = &pairs(&desk)[1];
    change(&sandbox, Side::Ghl, bruno, &json!({ "email": "bruno.nuevo@example.com" }));
    let nowhere = Stated::json(404, &json!({ "message": "no Route matched with those values" }));
    sandbox.set_faults(reads(Side::Ghl, "/contacts/search/duplicate", nowhere));
    let said = desk.ask(&["sync", "--contact", "nueva@example.com", "--contact", bruno]).code(3);
    assert!(said.out.contains("nueva@example.com") && said.out.contains("bruno.nuevo@example.com"), "{said:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_is_gone_on_one_side_follows_the_rules_of_every_run() {
    for side in Side::BOTH {
        let (sandbox, desk) = linked(12).await;
        settle(&desk, "[pair.acme.contacts]\non_delete = \"propagate\"\n");
        desk.ask(&["sync"]).code(0);
        let (cliengo, ghl) = &pairs(&desk)[0];
        let (gone, survivor) = if side == Side::Cliengo { (cliengo, ghl) } else { (ghl, cliengo) };
        edit(&sandbox, side, EditKind::Contact, EditOp::Delete, gone, &json!({}));
        // `semantics` 55: where others are gone in the same words, nobody is.
        let words = Stated::json(404, &json!({ "message": "Contact not found" }));
        sandbox.set_faults(reads(Side::Cliengo, "/contacts/", words));
        if side == Side::Cliengo {
            desk.ask(&["sync", "--contact", survivor]).code(3).tells("which should be there");
            assert!(stands(&sandbox, side.other(), survivor));
        }
        sandbox.set_faults(Faults::none());
        desk.ask(&["sync", "--contact", survivor]).code(0).tells("delete contact");
        assert!(!stands(&sandbox, side.other(), survivor), "{side}");
        desk.ask(&["sync"]).code(0).tells("Nothing to do");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_new_under_a_survivor_keeps_it_and_a_kind_that_is_off_is_listed_first() {
    let (sandbox, desk) = linked(12).await;
    settle(
        &desk,
        "[pair.acme.contacts]\non_delete = \"propagate\"\n[pair.acme.notes]\ndirection = \"off\"\n\
         [pair.acme.tasks]\ndirection = \"off\"\n",
    );
    let people = pairs(&desk);
    let [(ana, ana_ghl), (bruno, bruno_ghl)] = &people[..2] else { panic!("{people:?}") };
    for id in [ana, bruno] {
        edit(&sandbox, Side::Cliengo, EditKind::Contact, EditOp::Delete, id, &json!({}));
    }
    edit(&sandbox, Side::Ghl, EditKind::Note, EditOp::Create, ana_ghl, &json!({ "body": "Llamar el lunes" }));
    desk.ask(&["sync", "--contact", ana_ghl, "--contact", bruno_ghl]).code(3).tells("is new or changed in GHL");
    assert!(stands(&sandbox, Side::Ghl, ana_ghl) && !stands(&sandbox, Side::Ghl, bruno_ghl));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_of_whom_contact_names_is_created_in_ghl() {
    let (sandbox, desk) = linked(6).await;
    let (ana, _) = &pairs(&desk)[0];
    let task = json!({ "title": "Llamar", "dueDate": "2026-12-01T12:00:00.000Z" });
    edit(&sandbox, Side::Cliengo, EditKind::Task, EditOp::Create, ana, &task);
    desk.ask(&["sync", "--contact", ana]).code(0).tells("create task");
    desk.ask(&["sync"]).code(0).tells("Nothing to do");
}
