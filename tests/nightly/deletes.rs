//! What follows when somebody removes a record.

use concord::reconcile::{GuardName, HeldReason};
use concord::record::{Action, Kind, Side};
use concord::run::Consent;
use concord::sandbox::EditKind;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, count, held};

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

/// Twelve linked people; the first with a note and a task.
async fn linked(settings: &str) -> (House, Person) {
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    let people: Vec<Person> = (1..=12).map(|number| house.person(number)).collect();
    let person = people[0].clone();
    for side in Side::BOTH {
        house.note(side, &person, "Pidió precio");
        house.task(side, &person, "Enviar presupuesto");
    }
    house.good_night().await;
    (house, person)
}

fn contacts(house: &House) -> [usize; 2] {
    Side::BOTH.map(|side| house.rows(side, "contacts").len())
}

#[tokio::test]
async fn a_removed_contact_survives_on_the_other_side_by_default_and_is_said_once() {
    for gone in Side::BOTH {
        let (house, person) = linked("").await;
        house.remove(gone, &person);
        let first = house.quiet_night().await;
        assert_eq!(held(&first), [HeldReason::RemovedElsewhere]);
        for _ in 0..2 {
            let later = house.quiet_night().await;
            assert_eq!(held(&later), [], "said once");
        }
        // Not even an edit of the survivor brings it back.
        house.change(gone.other(), &person, &json!({ "email": "otra@example.com" }));
        house.note(gone.other(), &person, "Nota del que queda");
        house.quiet_night().await;
        assert_eq!(contacts(&house).iter().sum::<usize>(), 23);
    }
}

// Watches: I19.
#[tokio::test]
async fn a_removed_contact_is_removed_on_the_other_side_where_the_policy_says_so() {
    for gone in Side::BOTH {
        let (house, person) = linked(PROPAGATE).await;
        let rows = ["notes", "tasks"].into_iter().flat_map(|kinds| house.rows(gone, kinds));
        let children: Vec<String> =
            rows.filter_map(|row| row["id"].as_str().or(row["_id"].as_str()).map(str::to_owned)).collect();
        assert_eq!(children.len(), 2);
        house.remove(gone, &person);
        let finished = house.good_night().await;
        let asked = house.sandbox.requests();
        let of_child = |path: &str| children.iter().any(|child| path.contains(child));
        assert!(!asked.iter().any(|request| of_child(&request.path)), "what went with it is not asked for");
        assert_eq!(house.sent(), [format!("{} DELETE /contacts/{} null", gone.other(), person.on(gone.other()))]);
        assert_eq!(count(&finished, Kind::Note, Action::Delete), 0, "its notes and tasks go with it");
        assert_eq!(contacts(&house), [11, 11]);
        house.quiet_night().await;
    }
}

// Watches: I19.
#[tokio::test]
async fn what_went_with_a_contact_is_no_delete_of_its_own_however_often_it_is_missing() {
    for gone in Side::BOTH {
        let (house, person) = linked(PROPAGATE).await;
        house.remove(gone, &person);
        house.faults(&format!("status=400@{gone}:GET:/contacts/{}", person.on(gone)));
        assert_eq!(held(&house.night().await), [HeldReason::Inconclusive], "{gone}");
        house.faults("");
        house.good_night().await;
        assert_eq!(house.sent(), [format!("{} DELETE /contacts/{} null", gone.other(), person.on(gone.other()))]);
        let asked = house
            .sandbox
            .requests()
            .into_iter()
            .filter(|request| request.side == gone && request.path.starts_with("/contacts/"));
        let children = asked.filter(|request| ["/tasks/", "/notes/"].iter().any(|part| request.path.contains(part)));
        assert_eq!(children.map(|request| request.path).collect::<Vec<_>>(), [""; 0], "it went with its contact");
    }
}

// Watches: I20.
#[tokio::test]
async fn a_removed_contact_is_asked_for_by_id_before_the_other_one_is_removed() {
    let (house, person) = linked(PROPAGATE).await;
    house.remove(Side::Ghl, &person);
    house.good_night().await;
    let asked = house.sandbox.requests();
    let path = format!("/contacts/{}", person.ghl);
    assert!(asked.iter().any(|request| request.side == Side::Ghl && request.method == "GET" && request.path == path));
}

// Watches: I19, I21.
#[tokio::test]
async fn a_survivor_that_was_edited_comes_back_with_its_notes_and_tasks() {
    for gone in Side::BOTH {
        let (house, person) = linked(PROPAGATE).await;
        house.remove(gone, &person);
        house.change(gone.other(), &person, &json!({ "email": "editada@example.com" }));
        let finished = house.good_night().await;
        assert_eq!(count(&finished, Kind::Contact, Action::Create), 1);
        let back = house.rows(gone, "contacts").into_iter().find(|row| row["email"] == "editada@example.com").unwrap();
        let id = back["id"].as_str().unwrap();
        assert_eq!(house.children(gone, "notes", id), ["Pidió precio"]);
        assert_eq!(house.children(gone, "tasks", id), ["Enviar presupuesto"]);
        house.quiet_night().await;
        assert_eq!(contacts(&house), [12, 12]);
    }
}

#[tokio::test]
async fn a_survivor_with_a_new_note_is_held_and_not_removed() {
    let (house, person) = linked(PROPAGATE).await;
    house.remove(Side::Cliengo, &person);
    house.note(Side::Ghl, &person, "Llamó después");
    let finished = house.quiet_night().await;
    assert_eq!(held(&finished), [HeldReason::DirtyChild]);
    assert_eq!(contacts(&house), [11, 12]);
}

#[tokio::test]
async fn a_survivor_with_a_task_that_nothing_is_known_of_is_held_and_not_removed() {
    let (house, person) = linked(PROPAGATE).await;
    let task = house.only(Side::Ghl, "tasks");
    house.remove(Side::Cliengo, &person);
    house.remove_child(Side::Ghl, EditKind::Task, &person, &task);
    house.faults(&format!("status=400@ghl:GET:/contacts/{}/tasks/{task}*", person.ghl));
    for _ in 0..2 {
        assert_eq!(held(&house.quiet_night().await), [HeldReason::Unlisted], "whether its list lags cannot be told");
    }
    assert_eq!(contacts(&house), [11, 12]);
    house.faults("");
    assert_eq!(held(&house.quiet_night().await), [HeldReason::Unlisted], "missing for the first time");
    assert_eq!(held(&house.good_night().await), []);
    assert_eq!(contacts(&house), [11, 11]);
}

#[tokio::test]
async fn what_was_removed_on_both_sides_needs_nothing_and_is_not_asked_for_again() {
    let (house, person) = linked(PROPAGATE).await;
    let keeper = house.person(13);
    for side in Side::BOTH {
        house.note(side, &keeper, "Va a desaparecer");
        house.task(side, &keeper, "Va a desaparecer");
    }
    house.good_night().await;
    let mut gone = vec![person.cliengo.clone(), person.ghl.clone()];
    for side in Side::BOTH {
        house.remove(side, &person);
        for (kinds, kind) in [("notes", EditKind::Note), ("tasks", EditKind::Task)] {
            let id = house.only(side, kinds);
            house.remove_child(side, kind, &keeper, &id);
            gone.push(id);
        }
    }
    // A Cliengo note's deletion is believed the second night.
    for _ in 0..2 {
        assert_eq!(held(&house.quiet_night().await), []);
    }
    house.quiet_night().await;
    let asked = house.sandbox.requests();
    let again: Vec<_> = asked.iter().filter(|request| gone.iter().any(|id| request.path.contains(id))).collect();
    assert!(again.is_empty(), "{again:#?}");
    assert_eq!(contacts(&house), [12, 12]);
}

#[tokio::test]
async fn a_contact_that_was_merged_into_another_one_is_held() {
    let (house, person) = linked(PROPAGATE).await;
    let other =
        Person { cliengo: String::new(), ghl: house.rows(Side::Ghl, "contacts")[5]["id"].as_str().unwrap().to_owned() };
    house.remove(Side::Ghl, &person);
    house.change(Side::Ghl, &other, &json!({ "additionalEmails": ["persona1@example.com"] }));
    let finished = house.quiet_night().await;
    assert_eq!(held(&finished), [HeldReason::SuspectedMerge]);
    assert_eq!(contacts(&house), [12, 11]);
}

// Watches: I21, incident 16.
#[tokio::test]
async fn an_edited_task_or_note_comes_back_where_its_twin_was_removed() {
    for gone in Side::BOTH {
        let (house, person) = linked("").await;
        let side = gone.other();
        let (task, note) = (house.only(side, "tasks"), house.only(side, "notes"));
        house.remove_child(gone, EditKind::Task, &person, &house.only(gone, "tasks"));
        house.remove_child(gone, EditKind::Note, &person, &house.only(gone, "notes"));
        house.edit_child(side, EditKind::Task, &person, &task, &json!({ "title": "Título editado" }));
        house.edit_child(side, EditKind::Note, &person, &note, &json!({ "body": "Nota editada" }));
        house.good_night().await;
        // A Cliengo note's deletion is believed the second night.
        house.good_night().await;
        house.quiet_night().await;
        assert_eq!(house.children(gone, "tasks", person.on(gone)), ["Título editado"], "{gone}");
        assert_eq!(house.children(gone, "notes", person.on(gone)), ["Nota editada"], "{gone}");
        assert_eq!(house.rows(side, "tasks").len() + house.rows(side, "notes").len(), 2);
    }
}

#[tokio::test]
async fn a_listing_with_rows_missing_deletes_nothing_and_is_said_to_be_incomplete() {
    let faults = ["short-listing", "torn-page", "no-array", "truncated-json", "html"];
    for (side, path) in [(Side::Cliengo, "GET:/contacts"), (Side::Ghl, "POST:/contacts/search")] {
        for fault in faults {
            let (house, _) = linked(PROPAGATE).await;
            house.contact(
                side.other(),
                &json!({ "firstName": "Nueva", "email": "nueva@example.com" }).pick(side.other()),
            );
            house.faults(&format!("{fault}@{side}:{path}*"));
            let finished = house.try_night(&Consent::default(), CancellationToken::new()).await;
            assert_eq!(house.writes(), [], "{fault} on {side}");
            match finished {
                Ok(finished) => {
                    let listing = finished.plan.listings.of(side).of(Kind::Contact);
                    assert!(!listing.complete && listing.why.is_some(), "{fault} on {side}: {listing:?}");
                }
                // `semantics` 52: where nobody could be listed, the CRM could not be read.
                Err(error) => assert!(error.to_string().contains("cannot be read"), "{fault} on {side}: {error}"),
            }
            house.faults("");
            house.good_night().await;
            assert_eq!(contacts(&house), [13, 13], "{fault} on {side}");
        }
    }
}

/// A new contact's fields in the names of its side.
trait Pick {
    fn pick(self, side: Side) -> serde_json::Value;
}

impl Pick for serde_json::Value {
    fn pick(mut self, side: Side) -> Self {
        if side == Side::Cliengo
            && let Some(fields) = self.as_object_mut()
            && let Some(name) = fields.remove("firstName")
        {
            fields.insert("name".to_owned(), name);
        }
        self
    }
}

// Watches: I24, incident 3, incident 9.
#[tokio::test]
async fn an_emptied_side_is_refused_even_when_approved_unless_it_is_allowed_to_be_empty() {
    for side in Side::BOTH {
        let (house, _) = linked(PROPAGATE).await;
        for row in house.rows(side, "contacts") {
            let id = row["id"].as_str().unwrap().to_owned();
            house.remove(side, &Person { ghl: id.clone(), cliengo: id });
        }
        let refused = house.night().await;
        assert!(refused.is_refused());
        assert!(refused.plan.tripped().any(|guard| guard.guard == GuardName::Emptied && guard.side == side));
        assert_eq!(house.writes(), []);
        let mut consent = Consent { approve: Some(refused.plan.id()), ..Consent::default() };
        let approved = house.try_night(&consent, CancellationToken::new()).await.unwrap();
        assert!(approved.is_refused(), "an approval alone does not empty a side");
        consent.approve = Some(approved.plan.id());
        consent.allow_empty = approved.plan.tripped().map(|guard| format!("{}:{}", guard.side, guard.kind)).collect();
        let allowed = house.try_night(&consent, CancellationToken::new()).await.unwrap();
        assert!(!allowed.is_refused());
    }
}

#[tokio::test]
async fn a_list_of_nobody_is_not_believed_while_somebody_of_it_answers() {
    for (side, path) in [(Side::Cliengo, "GET:/contacts"), (Side::Ghl, "POST:/contacts/search")] {
        let (house, _) = linked(PROPAGATE).await;
        house.faults(&format!("empty-listing@{side}:{path}*"));
        for _ in 0..3 {
            let finished = house.night().await;
            assert!(!finished.is_refused() && finished.needs_a_person());
            assert!(!finished.plan.listings.of(side).of(Kind::Contact).complete);
        }
        assert_eq!(contacts(&house), [12, 12]);
        assert!(house.writes().iter().all(|write| write.method != "DELETE"));
    }
}

// Watches: I23, incident 8.
#[tokio::test]
async fn too_many_deletes_are_refused_until_that_plan_is_approved() {
    let (house, _) = linked(PROPAGATE).await;
    for row in house.rows(Side::Cliengo, "contacts").iter().take(6) {
        let id = row["id"].as_str().unwrap().to_owned();
        house.remove(Side::Cliengo, &Person { ghl: String::new(), cliengo: id });
    }
    // A listing that shrank by half is doubted once; then it is believed.
    house.quiet_night().await;
    let refused = house.night().await;
    assert!(refused.is_refused());
    assert!(refused.plan.tripped().any(|guard| guard.guard == GuardName::DeletePercent));
    assert_eq!(house.writes(), []);
    let wrong = Consent { approve: Some("0123456789abcdef".to_owned()), ..Consent::default() };
    assert!(house.try_night(&wrong, CancellationToken::new()).await.unwrap().is_refused());
    let consent = Consent { approve: Some(refused.plan.id()), ..Consent::default() };
    assert!(!house.try_night(&consent, CancellationToken::new()).await.unwrap().is_refused());
    assert_eq!(contacts(&house), [6, 6]);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_note_that_was_shortened_and_could_not_be_changed_in_cliengo_is_made_again_as_it_is_now() {
    let house = House::build(&Plot::legacy().with_settings(PROPAGATE)).await;
    let person = house.person(1);
    house.note(Side::Cliengo, &person, "Pidió precio de dos");
    house.good_night().await;
    let note = house.only(Side::Ghl, "notes");
    house.edit_child(Side::Ghl, EditKind::Note, &person, &note, &json!({ "body": "Pidió precio" }));
    house.night().await;
    house.remove(Side::Cliengo, &person);
    house.change(Side::Ghl, &person, &json!({ "phone": "+5491155550001" }));
    house.good_night().await;
    let back = house.only(Side::Cliengo, "contacts");
    assert_eq!(house.children(Side::Cliengo, "notes", &back), ["Pidió precio"]);
    house.quiet_night().await;
}
