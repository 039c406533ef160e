//! When a record counts as gone: its CRM's own words about its very id, from a CRM that answers for others. (`semantics` 20, 55)

use concord::reconcile::HeldReason;
use concord::record::{Action, Kind, Side};
use concord::run::Finished;
use concord::sandbox::{EditKind, Fault, FaultRule, Faults, Stated, When};
use serde_json::{Value, json};

use crate::house::{House, Person, Plot, count, held};

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

/// Three linked people, each with a note.
async fn linked() -> (House, Vec<Person>) {
    let house = House::build(&Plot::extended().with_settings(PROPAGATE)).await;
    let people: Vec<Person> = (1..=3).map(|number| house.person(number)).collect();
    for person in &people {
        house.note(Side::Ghl, person, "Pidió precio");
    }
    house.good_night().await;
    (house, people)
}

fn reads(side: Side, path: &str, answer: Stated) -> FaultRule {
    FaultRule {
        side: Some(side),
        method: Some("GET".to_owned()),
        path_contains: Some(path.to_owned()),
        when: When::Always,
        fault: Fault::Answer(answer),
    }
}

fn answered(house: &House, side: Side, id: &str, answer: Stated) {
    house.sandbox.set_faults(Faults::rules(vec![reads(side, &format!("/contacts/{id}"), answer)]));
}

/// What is held as inconclusive, by the ids that are named.
fn inconclusive(finished: &Finished) -> Vec<(Kind, String)> {
    let unclear = finished.plan.held.iter().filter(|held| held.reason == HeldReason::Inconclusive);
    unclear.map(|held| (held.kind, held.detail.clone())).collect()
}

fn contacts(house: &House) -> [usize; 2] {
    Side::BOTH.map(|side| house.rows(side, "contacts").len())
}

#[tokio::test]
async fn every_wording_that_a_crm_has_for_a_contact_that_is_gone_removes_its_counterpart() {
    let wordings: [(Side, u16, fn(&str) -> Value); 9] = [
        (Side::Ghl, 400, |id| json!({ "error": format!("Contact with id {id} not found"), "status": 400 })),
        (Side::Ghl, 400, |id| json!({ "statusCode": 400, "message": format!("Contact not found for id:{id}") })),
        (Side::Ghl, 404, |id| json!({ "message": [format!("Contact with id '{id}' Not Found.")] })),
        (Side::Ghl, 404, |id| json!({ "statusCode": 404, "message": format!("Contact not found for id:{id}") })),
        (Side::Cliengo, 404, |_| json!({ "message": "Contact not found" })),
        (Side::Cliengo, 410, |_| json!({ "message": "Contact was deleted" })),
        (Side::Cliengo, 410, |id| json!({ "message": "Gone", "id": id })),
        (Side::Cliengo, 200, |id| json!({ "id": id, "name": "Persona", "status": "DELETED" })),
        (Side::Cliengo, 200, |id| json!({ "id": id, "status": "deleted" })),
    ];
    for (gone, status, body) in wordings {
        let (house, people) = linked().await;
        house.remove(gone, &people[0]);
        let id = people[0].on(gone);
        answered(&house, gone, id, Stated::json(status, &body(id)));
        let finished = house.good_night().await;
        assert_eq!(count(&finished, Kind::Contact, Action::Delete), 1, "{gone} {status} {}", body(id));
        assert_eq!((held(&finished), contacts(&house)), (vec![], [2, 2]), "{gone} {status}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn what_a_gateway_or_a_wrong_path_answers_is_held_and_deletes_nothing() {
    let pages: [(u16, Value); 6] = [
        (404, json!({ "message": "no Route matched with those values" })),
        (404, json!({ "error": "not_found", "path": "/contacts" })),
        (404, json!({ "message": "Not Found" })),
        (400, json!({ "message": "Contact with id OTHER0000000000000000 not found" })),
        (403, json!({ "message": "Forbidden" })),
        (500, json!({ "message": "Internal error" })),
    ];
    let pages = pages.iter().map(|(status, body)| Stated::json(*status, body));
    let html = Stated::html(404, "<html><body><h1>404 Not Found</h1><hr>nginx</body></html>");
    let answers: Vec<Stated> = pages.chain([html, Stated::html(404, "")]).collect();
    for gone in Side::BOTH {
        let (house, people) = linked().await;
        house.remove(gone, &people[0]);
        for answer in &answers {
            answered(&house, gone, people[0].on(gone), answer.clone());
            let finished = house.night().await;
            assert_eq!(house.sent(), [""; 0], "{gone}: {answer:?}");
            let unclear = inconclusive(&finished);
            assert_eq!(unclear.len(), 1, "{gone}: {answer:?} {:?}", finished.plan.held);
            assert!(unclear[0].0 == Kind::Contact && unclear[0].1.contains(people[0].on(gone)), "{unclear:?}");
        }
        // Nothing was forgotten meanwhile.
        house.faults("");
        let finished = house.good_night().await;
        assert_eq!((count(&finished, Kind::Contact, Action::Delete), contacts(&house)), (1, [2, 2]), "{gone}");
    }
}

#[tokio::test]
async fn what_only_resembles_gone_is_held_and_deletes_nothing() {
    let cliengo: [fn(&str) -> String; 6] = [
        |_| "Contact route not found".to_owned(),
        |_| "The contact endpoint was not found".to_owned(),
        |_| "Contact 64b0000000000000000000ff not found".to_owned(),
        |_| "Contact not found in cache, try again later".to_owned(),
        |_| "Contact not found or you do not have permission".to_owned(),
        |id| format!("The owner of contact {id} was deleted"),
    ];
    let ghl: [fn(&str) -> String; 6] = [
        |id| format!("No permission: contact {id} not found for this user role"),
        |id| format!("User not found for contact {id}"),
        |id| format!("token not found while reading Contact with id {id}"),
        |id| format!("Contact with id {id} could not be loaded: database not found"),
        |id| format!("Contact with id {id} not found in index"),
        |id| format!("Pipeline of contact with id {id} does not exist"),
    ];
    for (gone, texts) in [(Side::Cliengo, cliengo), (Side::Ghl, ghl)] {
        let (house, people) = linked().await;
        house.remove(gone, &people[0]);
        let id = people[0].on(gone);
        for text in texts {
            answered(&house, gone, id, Stated::json(404, &json!({ "message": text(id), "statusCode": 404 })));
            let finished = house.night().await;
            assert_eq!((house.sent(), inconclusive(&finished).len()), (vec![], 1), "{gone}: {}", text(id));
        }
    }
}

#[tokio::test]
async fn nobody_is_gone_for_a_crm_that_says_so_of_those_whom_it_lists() {
    let bodies: [(Side, fn(&str) -> Value); 2] = [
        (Side::Ghl, |id| json!({ "error": format!("Contact with id {id} not found"), "status": 400 })),
        (Side::Cliengo, |_| json!({ "message": "Contact not found" })),
    ];
    for (gone, body) in bodies {
        let (house, people) = linked().await;
        house.remove(gone, &people[0]);
        house.remove(gone, &people[1]);
        let say = |person: &Person| {
            let id = person.on(gone);
            let status = if gone == Side::Ghl { 400 } else { 404 };
            reads(gone, &format!("/contacts/{id}"), Stated::json(status, &body(id)))
        };
        let mut rules: Vec<FaultRule> = people.iter().map(say).collect();
        // Its lists of tasks and notes still come.
        for kinds in ["/notes", "/tasks"] {
            let fault = Fault::DropField("nothing".to_owned());
            rules.insert(0, FaultRule { path_contains: Some(kinds.to_owned()), fault, ..rules[0].clone() });
        }
        house.sandbox.set_faults(Faults::rules(rules));
        let finished = house.night().await;
        assert_eq!(house.sent(), [""; 0], "{gone}");
        assert_eq!(inconclusive(&finished).len(), 2, "{gone} {:?}", finished.plan.held);
        let asked = house.sandbox.requests();
        let path = format!("/contacts/{}", people[2].on(gone));
        let control = asked.iter().filter(|asked| asked.side == gone && asked.method == "GET" && asked.path == path);
        assert_eq!(control.count(), 1, "the contact that is there is asked for once");
    }
}

#[tokio::test]
async fn a_night_without_anything_gone_asks_for_nobody() {
    let (house, people) = linked().await;
    house.night().await;
    let asked = house.sandbox.requests();
    let by_id = |id: &str| asked.iter().any(|asked| asked.path == format!("/contacts/{id}"));
    assert!(!people.iter().any(|person| by_id(&person.cliengo) || by_id(&person.ghl)));
}

#[tokio::test]
async fn who_is_listed_as_deleted_is_deleted_and_nobody_new() {
    let (house, people) = linked().await;
    let (url, gone) = (house.urls.cliengo.clone(), people[0].cliengo.clone());
    let deleted = gone.clone();
    let mut house = house;
    house.urls.cliengo = crate::proxy::before(
        &url,
        std::sync::Arc::new(move |_, mut answer| {
            for row in answer.get_mut("results").and_then(Value::as_array_mut).into_iter().flatten() {
                if row["id"] == deleted.as_str() {
                    row["status"] = json!("DELETED");
                }
            }
            if answer["id"] == deleted.as_str() {
                answer["status"] = json!("DELETED");
            }
            Ok(answer)
        }),
    )
    .await;
    let finished = house.good_night().await;
    assert_eq!(count(&finished, Kind::Contact, Action::Delete), 1);
    assert_eq!(house.rows(Side::Ghl, "contacts").len(), 2);
    assert!(finished.plan.listings.cliengo.contact.complete, "{:?}", finished.plan.listings.cliengo.contact);
    house.quiet_night().await;
}

#[tokio::test]
async fn every_wording_that_ghl_has_for_a_note_that_is_gone_removes_it_in_cliengo() {
    let wordings: [fn(&str) -> Value; 3] = [
        |id| json!({ "error": format!("Note with id {id} not found"), "status": 400 }),
        |id| json!({ "statusCode": 400, "message": format!("Note not found for id:{id}") }),
        |id| json!({ "message": [format!("note \"{id}\" does not exist")] }),
    ];
    for body in wordings {
        let (house, people) = linked().await;
        let notes = house.rows(Side::Ghl, "notes");
        let of = |person: &Person| {
            notes.iter().find(|row| row["contactId"] == person.ghl.as_str()).unwrap()["id"].as_str().unwrap().to_owned()
        };
        let id = of(&people[0]);
        house.remove_child(Side::Ghl, EditKind::Note, &people[0], &id);
        let wrong = Stated::json(404, &json!({ "message": "no Route matched with those values" }));
        house.sandbox.set_faults(Faults::rules(vec![reads(Side::Ghl, &format!("/notes/{id}"), wrong)]));
        let first = house.night().await;
        assert_eq!((house.sent(), inconclusive(&first).len()), (vec![], 1));
        house.sandbox.set_faults(Faults::rules(vec![reads(
            Side::Ghl,
            &format!("/notes/{id}"),
            Stated::json(400, &body(&id)),
        )]));
        house.good_night().await;
        assert_eq!(house.rows(Side::Cliengo, "notes").len(), 2, "{}", body(&id));
    }
}

#[tokio::test]
async fn nothing_is_gone_for_a_crm_that_says_so_of_every_note_or_task() {
    for kind in ["note", "task"] {
        let (mut house, people) = linked().await;
        for person in &people {
            house.task(Side::Ghl, person, "Llamar");
        }
        house.good_night().await;
        let contact = people[0].ghl.clone();
        let before = [Side::Cliengo, Side::Ghl].map(|side| house.rows(side, &format!("{kind}s")).len());
        let plain = house.urls.ghl.clone();
        // Its lists lack what is under one contact, and by its id everything of this kind is said to be gone.
        let rewrite = move |line: &str, mut answer: Value| {
            let id = line.rsplit_once(&format!("/{kind}s/")).filter(|_| line.starts_with("GET ")).map(|(_, id)| id);
            if let Some(id) = id {
                return Err((400, json!({ "error": format!("{kind} with id {id} not found"), "status": 400 })));
            }
            if let Some(rows) = answer.get_mut(format!("{kind}s")).and_then(Value::as_array_mut) {
                rows.retain(|row| row["contactId"] != contact.as_str());
            }
            Ok(answer)
        };
        house.urls.ghl = crate::proxy::before(&plain, std::sync::Arc::new(rewrite)).await;
        house.night().await;
        let finished = house.night().await;
        assert_eq!(house.sent(), [""; 0], "{kind}");
        assert_eq!(inconclusive(&finished).len(), 1, "{kind} {:?}", finished.plan.held);
        house.urls.ghl = plain;
        house.good_night().await;
        let after = [Side::Cliengo, Side::Ghl].map(|side| house.rows(side, &format!("{kind}s")).len());
        assert_eq!(after, before, "{kind}");
    }
}
