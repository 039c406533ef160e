//! What a second review found: nights that lost, blocked or kept silent.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use concord::config::Direction;
use concord::crm::{Coverage, RawRecord, Reader, Sink, SinkError};
use concord::reconcile::HeldReason;
use concord::record::{CliengoId, Kind, RemoteId, Side};
use concord::run::{Consent, OperationOutcome};
use concord::sandbox::{EditKind, EditOp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, held, outcomes};
use crate::proxy::{Rewrite, before};

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

/// Twelve linked people.
async fn linked(settings: &str) -> (House, Vec<Person>) {
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    let people: Vec<Person> = (1..=12).map(|number| house.person(number)).collect();
    house.good_night().await;
    (house, people)
}

fn contacts(house: &House) -> [usize; 2] {
    Side::BOTH.map(|side| house.rows(side, "contacts").len())
}

async fn put_before_ghl(house: &mut House, rewrite: Rewrite) {
    house.urls.ghl = before(&house.sandbox.ghl_url(), rewrite).await;
}

fn rows<'a>(answer: &'a mut Value, of: &str) -> Option<&'a mut Vec<Value>> {
    answer.get_mut(of).and_then(Value::as_array_mut)
}

/// A GHL that, while the switch is on, does not have this contact, nor what hangs under it.
fn without(contact: &str, hidden: &Arc<AtomicBool>) -> Rewrite {
    let (id, hidden) = (contact.to_owned(), Arc::clone(hidden));
    Arc::new(move |line, mut answer| {
        if !hidden.load(Ordering::SeqCst) {
            return Ok(answer);
        }
        if line.contains(&id) {
            return Err((400, json!({ "error": format!("Contact with id {id} not found"), "status": 400 })));
        }
        if let Some(tasks) = rows(&mut answer, "tasks") {
            tasks.retain(|task| task["contactId"] != id.as_str());
        }
        let lost = rows(&mut answer, "contacts").map_or(0, |contacts| {
            let before = contacts.len();
            contacts.retain(|contact| contact["id"] != id.as_str());
            before - contacts.len()
        });
        if let Some(total) = answer["total"].as_u64().filter(|_| lost > 0) {
            answer["total"] = json!(total - lost as u64);
        }
        Ok(answer)
    })
}

#[tokio::test]
async fn somebody_who_was_removed_on_one_side_and_later_on_the_other_comes_back_as_somebody_new() {
    for gone in Side::BOTH {
        let (house, people) = linked("").await;
        house.remove(gone, &people[0]);
        house.quiet_night().await;
        // The report said that it stays there: so it is removed by hand.
        house.remove(gone.other(), &people[0]);
        house.quiet_night().await;
        let set = json!({ "name": "Persona Prueba1", "firstName": "Persona", "email": "persona1@example.com" });
        let mut set = set.as_object().unwrap().clone();
        set.remove(if gone == Side::Ghl { "name" } else { "firstName" });
        house.contact(gone, &Value::Object(set));
        house.good_night().await;
        assert_eq!(contacts(&house), [12, 12], "removed in {gone} first");
        assert_eq!(held(&house.quiet_night().await), []);
    }
}

/// The first of the people, with a note and a task, is not to be found in GHL until the flag falls; says the note, too.
async fn gone_with_a_note_and_a_task(house: &mut House, people: &[Person]) -> (String, Arc<AtomicBool>) {
    let note = house.note(Side::Cliengo, &people[0], "Pidió precio");
    house.task(Side::Cliengo, &people[0], "Enviar presupuesto");
    // So that no side is emptied without this person.
    house.note(Side::Cliengo, &people[1], "Otra nota");
    house.task(Side::Cliengo, &people[1], "Otra tarea");
    house.good_night().await;
    let hidden = Arc::new(AtomicBool::new(true));
    put_before_ghl(house, without(&people[0].ghl, &hidden)).await;
    (note, hidden)
}

fn lose_in_ghl(house: &House, person: &Person, is_lost: impl Fn(&Value) -> bool) {
    for (kind, kinds) in [(EditKind::Note, "notes"), (EditKind::Task, "tasks")] {
        for row in house.rows(Side::Ghl, kinds).iter().filter(|row| is_lost(row)) {
            if let Some(id) = row["id"].as_str().or_else(|| row["_id"].as_str()) {
                house.remove_child(Side::Ghl, kind, person, id);
            }
        }
    }
}

// Watches: I20.
#[tokio::test]
async fn what_a_restored_contact_lost_is_made_again_and_takes_nothing_with_it() {
    let (mut house, people) = linked("").await;
    let person = &people[0];
    let kept = house.note(Side::Cliengo, person, "Pidió turno");
    let (note, hidden) = gone_with_a_note_and_a_task(&mut house, &people).await;
    let first = house.quiet_night().await;
    assert_eq!(held(&first), [HeldReason::RemovedElsewhere]);
    assert!(!first.is_refused());
    // GHL restores a contact without its notes and tasks (`GHL API notes, 5`); here one note survives.
    lose_in_ghl(&house, person, |row| row["body"] == "Pidió precio" || row["title"] == "Enviar presupuesto");
    hidden.store(false, Ordering::SeqCst);
    for _ in 0..3 {
        let finished = house.night().await;
        assert!(
            house.writes().iter().all(|write| write.method != "DELETE"),
            "{:?} {:?}",
            house.sent(),
            held(&finished)
        );
    }
    for side in Side::BOTH {
        assert_eq!(house.children(side, "notes", person.on(side)), ["Pidió precio", "Pidió turno"], "{side}");
        assert_eq!(house.children(side, "tasks", person.on(side)), ["Enviar presupuesto"], "{side}");
    }
    house.edit_child(Side::Cliengo, EditKind::Note, person, &note, &json!({ "message": "Pidió otro precio" }));
    house.edit_child(Side::Cliengo, EditKind::Note, person, &kept, &json!({ "message": "Pidió otro turno" }));
    house.good_night().await;
    assert_eq!(house.children(Side::Ghl, "notes", &person.ghl), ["Pidió otro precio", "Pidió otro turno"]);
    house.quiet_night().await;
}

// Watches: I20.
#[tokio::test]
async fn what_was_lost_with_a_contact_whose_delete_waited_is_made_again_when_it_is_restored() {
    for waits in ["an edit", "a refusal"] {
        let (mut house, people) = linked("[pair.house.contacts]\non_delete = \"propagate\"\n").await;
        house.strict = false;
        let person = &people[0];
        let (_, hidden) = gone_with_a_note_and_a_task(&mut house, &people).await;
        if waits == "an edit" {
            house.note(Side::Cliengo, person, "Llamó otra vez");
        } else {
            house.faults("status=400@cliengo:DELETE*");
        }
        house.night().await;
        house.faults("");
        assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 12, "{waits}: {:?}", house.sent());
        lose_in_ghl(&house, person, |row| row["contactId"] == person.ghl.as_str());
        hidden.store(false, Ordering::SeqCst);
        for _ in 0..4 {
            house.night().await;
            assert!(house.writes().iter().all(|write| write.method != "DELETE"), "{waits}: {:?}", house.sent());
        }
        for side in Side::BOTH {
            let notes = house.children(side, "notes", person.on(side));
            assert!(notes.contains(&"Pidió precio".to_owned()), "{waits} {side}: {notes:?}");
            assert_eq!(house.children(side, "tasks", person.on(side)), ["Enviar presupuesto"], "{waits} {side}");
        }
    }
}

// Watches: I44.
#[tokio::test]
async fn contacts_that_ghl_refuses_every_night_keep_nobody_else_from_being_created() {
    let mut house = House::build(&Plot::extended()).await;
    house.abreast = 1;
    house.person(1);
    house.good_night().await;
    for number in 0..7 {
        let set = json!({ "name": format!("Sin Arroba{number}"), "email": format!("sin{number}@example.com") });
        house.contact(Side::Cliengo, &set);
    }
    house.contact(Side::Cliengo, &json!({ "name": "Con Arroba", "email": "con@example.com" }));
    for _ in 0..2 {
        house.faults("status=400@ghl:WRITE:/contacts/#..7");
        let finished = house.night().await;
        assert!(finished.needs_a_person());
    }
    assert_eq!(contacts(&house), [9, 2], "{:?}", house.sent());
}

// Watches: I44.
#[tokio::test]
async fn records_that_cannot_be_read_before_they_are_written_keep_nobody_else_waiting() {
    let (mut house, people) = linked("").await;
    house.abreast = 1;
    for (number, person) in people.iter().enumerate() {
        house.change(Side::Cliengo, person, &json!({ "name": format!("Nombre Nuevo{number}") }));
    }
    let bad: BTreeSet<String> = people[..7].iter().map(|person| person.ghl.clone()).collect();
    let odd: Rewrite = Arc::new(move |line, answer| match line.strip_prefix("GET /ghl/contacts/") {
        Some(id) if bad.contains(id) => Err((404, json!({}))),
        _ => Ok(answer),
    });
    put_before_ghl(&mut house, odd).await;
    house.strict = false;
    let ended = outcomes(&house.night().await);
    let applied = ended.iter().filter(|ended| **ended == OperationOutcome::Applied).count();
    assert_eq!(applied, 5, "{ended:?}");
}

// Watches: I24.
#[tokio::test]
async fn tasks_that_are_switched_off_do_not_make_every_night_refused() {
    let (mut house, people) = linked(PROPAGATE).await;
    for title in ["Llamar", "Visitar"] {
        house.task(Side::Ghl, &people[0], title);
    }
    house.good_night().await;
    house.pair.tasks.policy.direction = Direction::Off;
    for _ in 0..2 {
        let finished = house.quiet_night().await;
        assert!(!finished.is_refused(), "{:?}", finished.plan.guards);
    }
}

// Watches: I1.
#[tokio::test]
async fn an_edit_whose_counterpart_was_not_listed_is_said_and_carried_over_later() {
    let (mut house, people) = linked("").await;
    let (torn, id) = (Arc::new(AtomicBool::new(true)), people[0].ghl.clone());
    let tearing = Arc::clone(&torn);
    // It counts one more than it lists.
    let rewrite: Rewrite = Arc::new(move |_, mut answer| {
        if let Some(contacts) = rows(&mut answer, "contacts").filter(|_| tearing.load(Ordering::SeqCst)) {
            contacts.retain(|contact| contact["id"] != id.as_str());
        }
        Ok(answer)
    });
    put_before_ghl(&mut house, rewrite).await;
    house.change(Side::Cliengo, &people[0], &json!({ "email": "nueva@example.com" }));
    let finished = house.quiet_night().await;
    assert!(!finished.plan.listings.ghl.contact.complete);
    assert!(finished.needs_a_person(), "an edit did not get through");
    assert!(held(&finished).contains(&HeldReason::Unlisted), "{:?}", finished.plan.held);
    torn.store(false, Ordering::SeqCst);
    house.good_night().await;
    assert_eq!(house.row(Side::Ghl, &people[0])["email"], "nueva@example.com");
}

#[tokio::test]
async fn a_new_note_beside_a_list_that_cannot_be_read_waits_and_is_said() {
    for side in Side::BOTH {
        let (house, people) = linked("").await;
        house.note(side.other(), &people[0], "Pidió precio");
        house.faults(&format!("status=500@{side}:GET:/contacts/{}/notes*", people[0].on(side)));
        let finished = house.quiet_night().await;
        assert_eq!(held(&finished), [HeldReason::Unlisted], "{side}");
        house.faults("");
        house.good_night().await;
        assert_eq!(house.rows(side, "notes").len(), 1);
        house.quiet_night().await;
    }
}

// Watches: I33.
#[tokio::test]
async fn tags_that_ghl_did_not_keep_of_a_create_stay_where_they_came_from() {
    let house = House::build(&Plot::extended()).await;
    let made = house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com" }));
    let ana = Person { cliengo: made, ghl: String::new() };
    house.tag(Side::Cliengo, EditOp::Create, &ana, "vip");
    house.faults("ignore-field=tags@ghl:POST:/contacts/#2");
    for _ in 0..3 {
        house.night().await;
        house.faults("");
    }
    assert_eq!(contacts(&house), [1, 1]);
    assert_eq!(house.row(Side::Cliengo, &ana)["tags"], json!(["vip"]), "{:?}", house.sent());
}

// Watches: I1.
#[tokio::test]
async fn an_edit_after_an_update_without_an_answer_is_no_conflict_with_our_own_write() {
    for source in Side::BOTH {
        let policy = format!("[pair.house.contacts]\nconflict = \"{}\"\n", source.other());
        let (house, people) = linked(&policy).await;
        let person = &people[0];
        house.change(source, person, &json!({ "email": "nueva@example.com" }));
        let method = if source == Side::Ghl { "PATCH" } else { "PUT" };
        house.faults(&format!("reset-after-write@{}:{method}:/contacts/#..5", source.other()));
        assert_eq!(outcomes(&house.night().await), [OperationOutcome::Applied], "it was found by reading");
        house.faults("");
        house.change(source, person, &json!({ "email": "otra@example.com" }));
        let finished = house.good_night().await;
        assert!(finished.plan.conflicts.is_empty(), "{:?}", finished.plan.conflicts);
        for side in Side::BOTH {
            assert_eq!(house.row(side, person)["email"], "otra@example.com", "{side}");
        }
        house.quiet_night().await;
    }
}

// Watches: I20.
#[tokio::test]
async fn tasks_that_are_gone_with_a_contact_that_a_torn_listing_lacks_are_no_deletes_of_their_own() {
    let (mut house, people) = linked("").await;
    let person = &people[0];
    house.task(Side::Cliengo, person, "Enviar presupuesto");
    house.good_night().await;
    house.remove(Side::Ghl, person);
    // The count is one too high, and of a task under a contact that is gone GHL says only that the task is.
    let rewrite: Rewrite = Arc::new(|line, mut answer| {
        if let Some((_, task)) = line.split_once("/tasks/").filter(|_| line.starts_with("GET ")) {
            return Err((400, json!({ "error": format!("Task with id {task} not found"), "status": 400 })));
        }
        if let Some(total) = answer["total"].as_u64() {
            answer["total"] = json!(total + 1);
        }
        Ok(answer)
    });
    put_before_ghl(&mut house, rewrite).await;
    let finished = house.night().await;
    assert!(!finished.plan.listings.ghl.contact.complete);
    assert_eq!(house.sent(), [""; 0]);
    house.urls.ghl = house.sandbox.ghl_url();
    house.quiet_night().await;
    assert_eq!(house.children(Side::Cliengo, "tasks", &person.cliengo), ["Enviar presupuesto"]);
}

/// Keeps the ids of what is listed.
#[derive(Default)]
struct Ids(Mutex<BTreeSet<String>>);

impl Sink<CliengoId> for Ids {
    fn put(&self, _: Kind, records: Vec<RawRecord<CliengoId>>) -> Result<(), SinkError> {
        self.0.lock().unwrap().extend(records.into_iter().map(|record| record.id.as_str().to_owned()));
        Ok(())
    }
}

#[tokio::test]
async fn a_second_with_more_contacts_than_can_be_listed_hides_nobody_of_other_days() {
    let house = House::build(&Plot::extended()).await;
    let born = |at: &str, number: u32| json!({ "name": format!("P{number}"), "email": format!("p{number}@example.com"), "createdAt": at });
    let earlier = house.contact(Side::Cliengo, &born("2025-03-01T12:00:00Z", 1));
    for number in 10..1_120 {
        house.contact(Side::Cliengo, &born("2026-02-03T04:05:06Z", number));
    }
    let later = house.contact(Side::Cliengo, &born("2026-02-05T12:00:00Z", 2));
    // Of every window that is split, the first page is seen: so many newer ones that it is on none.
    for number in 2_000..2_101 {
        house.contact(Side::Cliengo, &born("2026-02-05T12:30:00Z", number));
    }
    let ids = Ids::default();
    let (cliengo, _) = house.clients(&CancellationToken::new());
    let listed = cliengo.list_contacts(&ids).await.unwrap();
    assert!(matches!(listed.coverage, Coverage::Incomplete(_)), "{:?}", listed.coverage);
    let ids = ids.0.lock().unwrap();
    assert!(ids.contains(&earlier) && ids.contains(&later), "{} of 1213", ids.len());
    assert_eq!(ids.len(), 1_203, "all but ten of that second, whom no request reaches");
}

#[tokio::test]
async fn a_first_sync_that_was_interrupted_goes_on_the_next_night() {
    let house = House::build(&Plot::extended()).await;
    for number in 1..=12 {
        house.person(number);
    }
    for number in 100..200 {
        house.contact(Side::Cliengo, &json!({ "name": "Sola", "email": format!("sola{number}@example.com") }));
    }
    let stop = CancellationToken::new();
    let consent = Consent::default();
    let stopping = async {
        while house.writes().len() < 5 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let (finished, ()) = tokio::join!(house.try_night(&consent, stop.clone()), stopping);
    assert!(outcomes(&finished.unwrap()).contains(&OperationOutcome::NotStarted));
    house.good_night().await;
    assert_eq!(contacts(&house), [112, 112]);
    house.quiet_night().await;
    // From then on it is a night like any other.
    for number in 300..400 {
        house.contact(Side::Cliengo, &json!({ "name": "Tardía", "email": format!("tarde{number}@example.com") }));
    }
    assert!(house.night().await.is_refused());
}

// Watches: I38.
#[tokio::test]
async fn somebody_else_of_the_same_phone_is_not_taken_for_a_create_without_an_answer() {
    let (house, _) = linked("").await;
    let ana = json!({ "name": "Ana", "email": "ana@example.com", "phone": "+5491155550000" });
    house.contact(Side::Cliengo, &ana);
    house.faults("reset-before@ghl:POST:/contacts/#2");
    assert!(outcomes(&house.night().await).contains(&OperationOutcome::Unknown));
    house.faults("");
    // Her daughter, in GHL, before the next night.
    let eva = json!({ "firstName": "Eva", "email": "eva@example.com", "phone": "+5491155550000", "createdAt": null });
    let mut eva = eva.as_object().unwrap().clone();
    eva.insert("createdAt".to_owned(), json!(concord::clock::Clock::now(&*house.clock).to_string()));
    house.contact(Side::Ghl, &Value::Object(eva));
    for _ in 0..2 {
        let finished = house.night().await;
        let reasons: BTreeSet<HeldReason> = held(&finished).into_iter().collect();
        assert_eq!(reasons, BTreeSet::from([HeldReason::EmailPhoneMismatch]), "{:?}", finished.plan.held);
    }
    let emails: BTreeSet<String> =
        house.rows(Side::Cliengo, "contacts").iter().map(|row| row["email"].to_string()).collect();
    assert!(emails.contains("\"ana@example.com\""), "{emails:?}");
}

#[tokio::test]
async fn a_removed_contact_is_removed_on_the_other_side_although_notes_or_tasks_are_switched_off() {
    for kinds in ["notes", "tasks"] {
        for gone in Side::BOTH {
            let (house, people) = linked(&format!("{PROPAGATE}[pair.house.{kinds}]\ndirection = \"off\"\n")).await;
            house.remove(gone, &people[0]);
            house.good_night().await;
            assert_eq!(contacts(&house), [11, 11], "{kinds} off, removed in {gone}");
            assert_eq!(held(&house.quiet_night().await), []);
            // What hangs under the survivor is nowhere else: it is kept, with its contact.
            let kind = if kinds == "notes" { EditKind::Note } else { EditKind::Task };
            let text = json!({ "title": "Sola", "dueDate": "2026-12-24T15:00:00.000Z" });
            let text = if kinds == "notes" { json!({ "body": "Sola" }) } else { text };
            house.edit(gone.other(), EditOp::Create, kind, Some(people[1].on(gone.other())), None, &text);
            house.remove(gone, &people[1]);
            let finished = house.quiet_night().await;
            assert_eq!(held(&finished), [HeldReason::DirtyChild], "{kinds} off, removed in {gone}");
        }
    }
}

#[tokio::test]
async fn a_note_of_unknown_outcome_under_a_contact_that_is_gone_does_not_wait_for_ever() {
    let (house, people) = linked("").await;
    let person = &people[0];
    house.note(Side::Cliengo, person, "Pidió precio");
    let path = format!("/contacts/{}/notes", person.ghl);
    let unreadable: Vec<String> = (2..40).map(|nth| format!("status=500@ghl:GET:{path}#{nth}")).collect();
    house.faults(&format!("reset-after-write@ghl:POST:{path},{}", unreadable.join(",")));
    assert!(outcomes(&house.night().await).contains(&OperationOutcome::Unknown));
    house.faults("");
    house.remove(Side::Ghl, person);
    house.night().await;
    let set = json!({ "firstName": "Persona", "lastName": "Prueba1", "email": "persona1@example.com" });
    let back = Person { cliengo: person.cliengo.clone(), ghl: house.contact(Side::Ghl, &set) };
    for _ in 0..3 {
        house.night().await;
    }
    assert_eq!(house.children(Side::Ghl, "notes", &back.ghl), ["Pidió precio"]);
    assert_eq!(held(&house.quiet_night().await), []);
}

#[tokio::test]
async fn an_id_whose_owner_came_back_as_somebody_new_is_seen_again_when_it_is_restored() {
    let (house, people) = linked("").await;
    house.remove(Side::Ghl, &people[0]);
    house.quiet_night().await;
    let set = json!({ "firstName": "Persona", "lastName": "Prueba1", "email": "persona1@example.com" });
    house.contact(Side::Ghl, &set);
    for _ in 0..10 {
        house.night().await;
    }
    let set = json!({ "firstName": "Vuelve", "email": "vuelve@example.com" });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Contact, None, Some(&people[0].ghl), &set);
    house.good_night().await;
    assert_eq!(contacts(&house), [13, 13]);
    house.quiet_night().await;
}

#[tokio::test]
async fn somebody_who_wrote_twice_before_anybody_of_ghl_knew_is_created_once_where_one_of_them_is_the_primary() {
    let house =
        House::build(&Plot::extended().with_settings("[pair.house.contacts]\nduplicates = \"primary\"\n")).await;
    for name in ["Ana", "Ana otra vez", "Ana de nuevo"] {
        house.contact(Side::Cliengo, &json!({ "name": name, "email": "ana@example.com" }));
    }
    let first = house.good_night().await;
    assert!(!first.needs_a_person(), "{:?}", first.plan.held);
    assert_eq!(contacts(&house), [3, 1]);
    assert_eq!(house.rows(Side::Ghl, "contacts")[0]["firstName"], "Ana");
    house.good_night().await;
    assert_eq!(house.writes(), []);
    assert_eq!(held(&house.quiet_night().await), []);
}
