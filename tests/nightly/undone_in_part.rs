//! What an undo leaves as it is, and that it says why.

use concord::clock::Clock;
use concord::reconcile::{Change, HeldReason, Mode};
use concord::record::Side;
use concord::run::Finished;
use concord::sandbox::{EditKind, EditOp};
use serde_json::{Value, json};

use crate::house::{House, Person, Plot, held, id_of, said, shown};

async fn linked(plot: Plot) -> (House, Person) {
    let house = House::build(&plot).await;
    let person = house.person(1);
    house.good_night().await;
    (house, person)
}

/// A night that applies all that it plans; its run.
async fn run_of_a_night(house: &House) -> i64 {
    house.good_night().await.run.unwrap().id
}

/// Why what is held, in words.
fn reasons(finished: &Finished) -> Vec<(HeldReason, &str)> {
    finished.plan.held.iter().map(|held| (held.reason, held.detail.as_str())).collect()
}

/// The contact of a side with this e-mail.
fn with_email(house: &House, side: Side, email: &str) -> Option<String> {
    house.rows(side, "contacts").iter().find(|row| row["email"] == email).map(id_of)
}

#[tokio::test]
async fn a_record_that_was_removed_since_gets_nothing_back() {
    for side in Side::BOTH {
        let (house, person) = linked(Plot::extended()).await;
        house.change(side, &person, &json!({ "email": "nueva@example.com" }));
        house.tag(side, EditOp::Create, &person, "vip");
        let run = run_of_a_night(&house).await;
        house.remove(side.other(), &person);
        let undone = house.undo(run).await;
        let why = (HeldReason::EditedSince, "it was removed since: nothing is put back");
        assert_eq!(reasons(&undone), [why; 2]);
        assert_eq!(house.writes(), []);
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_waits_and_is_undone_later() {
    for side in Side::BOTH {
        let (house, person) = linked(Plot::extended()).await;
        house.change(side, &person, &json!({ "email": "nueva@example.com" }));
        house.tag(side, EditOp::Create, &person, "vip");
        let run = run_of_a_night(&house).await;
        let other = side.other();
        house.faults(&format!("status=400@{other}:GET:/contacts/{}*", person.on(other)));
        let waits = house.undo(run).await;
        assert_eq!((held(&waits), house.writes()), (vec![HeldReason::Unlisted; 2], vec![]));
        assert!(waits.plan.held[0].detail.starts_with("it could not be read: "), "{:?}", waits.plan.held);
        house.faults("");
        house.undo(run).await;
        assert_eq!(house.row(other, &person)["email"], "persona1@example.com");
        assert_eq!(house.row(other, &person)["tags"], json!([]));
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn what_somebody_put_back_already_is_not_written_and_not_said() {
    for side in Side::BOTH {
        let (house, person) = linked(Plot::extended()).await;
        house.tag(side, EditOp::Create, &person, "cliente");
        run_of_a_night(&house).await;
        house.change(side, &person, &json!({ "email": "nueva@example.com" }));
        house.tag(side, EditOp::Create, &person, "vip");
        house.tag(side, EditOp::Delete, &person, "cliente");
        let run = run_of_a_night(&house).await;
        house.change(side.other(), &person, &json!({ "email": "persona1@example.com" }));
        house.tag(side.other(), EditOp::Delete, &person, "vip");
        house.tag(side.other(), EditOp::Create, &person, "cliente");
        let undone = house.undo(run).await;
        assert_eq!((house.writes(), reasons(&undone), said(&undone)), (vec![], vec![], vec![]));
    }
}

/// An undo of an e-mail, a phone and a tag in Cliengo while it does not show one of them.
async fn undone_without(hidden: &str) -> (Finished, Value) {
    let (house, person) = linked(Plot::extended()).await;
    house.change(Side::Ghl, &person, &json!({ "email": "nueva@example.com", "phone": "+5491155557777" }));
    house.tag(Side::Ghl, EditOp::Create, &person, "vip");
    let run = run_of_a_night(&house).await;
    house.faults(&format!("drop-field={hidden}@cliengo:READ*"));
    let undone = house.undo(run).await;
    (undone, house.row(Side::Cliengo, &person))
}

#[tokio::test]
async fn a_field_that_is_not_shown_stays_as_it_is() {
    let (undone, row) = undone_without("email").await;
    assert_eq!(said(&undone), ["Cliengo does not show its email, so it stays as it is"]);
    assert_eq!((&row["email"], &row["tags"]), (&json!("nueva@example.com"), &json!([])));
    assert_eq!(row["phone"], "+5491140000001");
}

#[tokio::test]
async fn tags_are_taken_back_without_being_seen() {
    let (undone, row) = undone_without("tags").await;
    assert_eq!((said(&undone), reasons(&undone)), (vec![], vec![]));
    assert_eq!((&row["email"], &row["tags"]), (&json!("persona1@example.com"), &json!([])));
}

#[tokio::test]
async fn tags_that_cannot_be_removed_stay_and_those_that_were_removed_come_back() {
    let (house, person) = linked(Plot::legacy()).await;
    house.tag(Side::Ghl, EditOp::Create, &person, "vip");
    let run = run_of_a_night(&house).await;
    let undone = house.undo(run).await;
    assert_eq!((house.writes(), said(&undone)), (vec![], vec!["Cliengo cannot remove tags: vip stays"]));
    house.quiet_night().await;
    house.tag(Side::Cliengo, EditOp::Delete, &person, "vip");
    let run = run_of_a_night(&house).await;
    assert_eq!(house.row(Side::Ghl, &person)["tags"], json!([]));
    let undone = house.undo(run).await;
    assert_eq!(shown(&undone), ["ghl contact tag"]);
    assert_eq!(house.row(Side::Ghl, &person)["tags"], json!(["vip"]));
    house.quiet_night().await;
}

#[tokio::test]
async fn a_name_whose_last_name_was_changed_since_stays_as_it_is() {
    let house = House::build(&Plot::extended()).await;
    let email = "ana@example.com";
    let cliengo = house.contact(Side::Cliengo, &json!({ "name": "Ana", "lastName": "Gil", "email": email }));
    let ghl = house.contact(Side::Ghl, &json!({ "firstName": "Ana", "lastName": "Gil", "email": email }));
    let person = Person { cliengo, ghl };
    house.good_night().await;
    house.change(Side::Ghl, &person, &json!({ "firstName": "Eva" }));
    let run = run_of_a_night(&house).await;
    house.change(Side::Cliengo, &person, &json!({ "lastName": "Paz" }));
    let undone = house.undo(run).await;
    assert_eq!(held(&undone), [HeldReason::EditedSince]);
    assert_eq!(house.writes(), []);
}

/// Somebody whom a night made on the other side, with a note and a task; the run, and the id there.
async fn made(plot: Plot, side: Side) -> (House, i64, Person) {
    let (house, _) = linked(plot).await;
    let name = if side == Side::Ghl { "firstName" } else { "name" };
    let source = house.contact(side, &json!({ name: "Lara", "email": "lara@example.com" }));
    let person = Person { cliengo: source.clone(), ghl: source };
    for text in ["Pidió precio", "Llamó dos veces"] {
        house.note(side, &person, text);
    }
    house.task(side, &person, "Llamar");
    let run = run_of_a_night(&house).await;
    let there = with_email(&house, side.other(), "lara@example.com").unwrap();
    (house, run, Person { cliengo: there.clone(), ghl: there })
}

#[tokio::test]
async fn a_contact_that_a_run_made_stays_where_somebody_changed_it_or_its_note() {
    for side in Side::BOTH {
        for is_note in [true, false] {
            let (house, run, there) = made(Plot::extended(), side).await;
            let other = side.other();
            if is_note {
                let note = id_of(&house.rows(other, "notes")[1]);
                house.edit_child(other, EditKind::Note, &there, &note, &json!({ "body": "A mano" }));
            } else {
                house.change(other, &there, &json!({ "email": "a.mano@example.com" }));
            }
            let undone = house.undo(run).await;
            assert_eq!((held(&undone), house.writes()), (vec![HeldReason::EditedSince], vec![]));
            let why = if is_note { "a task or note under it is new or was changed since" } else { "its email was" };
            assert!(undone.plan.held[0].detail.starts_with(why), "{:?}", undone.plan.held);
        }
    }
}

#[tokio::test]
async fn a_contact_that_a_run_made_stays_where_what_hangs_under_it_cannot_be_read() {
    for side in Side::BOTH {
        let (house, run, there) = made(Plot::extended(), side).await;
        let other = side.other();
        house.faults(&format!("status=400@{other}:GET:/contacts/{}/notes*", there.on(other)));
        let undone = house.undo(run).await;
        assert_eq!((held(&undone), house.writes()), (vec![HeldReason::Unlisted], vec![]));
        assert!(undone.plan.held[0].detail.contains("could not be read ("), "{:?}", undone.plan.held);
        house.faults("");
        house.undo(run).await;
        assert_eq!(with_email(&house, other, "lara@example.com"), None);
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn what_was_undone_is_not_made_again_in_weeks() {
    for side in Side::BOTH {
        let (house, run, _) = made(Plot::extended(), side).await;
        let undone = house.undo(run).await;
        assert_eq!(shown(&undone), [format!("{} contact delete", side.other())]);
        assert_eq!(undone.plan.operations[0].contact, "Lara");
        for _ in 0..12 {
            house.quiet_night().await;
        }
    }
}

#[tokio::test]
async fn a_note_that_was_undone_is_not_made_again_in_weeks() {
    for side in Side::BOTH {
        let (house, person) = linked(Plot::extended()).await;
        house.note(side, &person, "Pidió precio");
        let run = run_of_a_night(&house).await;
        let undone = house.undo(run).await;
        assert_eq!(shown(&undone), [format!("{} note delete", side.other())]);
        assert_eq!(undone.plan.operations[0].contact, "Persona Prueba1");
        for _ in 0..12 {
            house.quiet_night().await;
        }
    }
}

#[tokio::test]
async fn a_contact_that_may_not_be_deleted_stays_with_all_under_it() {
    let settings = "[pair.house.cliengo.capabilities]\ncontact_delete = false\n";
    let (house, run, _) = made(Plot::extended().with_settings(settings), Side::Ghl).await;
    let undone = house.undo(run).await;
    assert_eq!(said(&undone), ["Cliengo cannot delete a contact: it stays, with its tasks and notes"]);
    assert_eq!(house.writes(), []);
    house.quiet_night().await;
}

#[tokio::test]
async fn what_may_have_been_made_is_not_undone_before_it_is_known() {
    let (house, person) = linked(Plot::extended()).await;
    house.note(Side::Ghl, &person, "Pidió precio");
    house.faults("reset-before@cliengo:POST:/notes");
    let run = house.night().await.run.unwrap().id;
    house.faults(&format!("status=503@cliengo:GET:/contacts/{}/notes*", person.cliengo));
    let undone = house.undo(run).await;
    assert_eq!((held(&undone), house.writes()), (vec![HeldReason::UnknownOutcome], vec![]));
}

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

/// Somebody whom a night deleted on the other side, with two notes and a task.
async fn deleted(side: Side) -> (House, i64, Person) {
    let (house, person) = linked(Plot::extended().with_settings(PROPAGATE)).await;
    let second = house.person(2);
    for (person, text) in [(&person, "Pidió precio"), (&person, "Llamó dos veces"), (&second, "Queda")] {
        house.note(side, person, text);
    }
    house.task(side, &person, "Llamar");
    house.tag(side, EditOp::Create, &person, "cliente");
    house.good_night().await;
    house.quiet_night().await;
    house.remove(side, &person);
    let run = run_of_a_night(&house).await;
    assert_eq!(house.rows(side.other(), "contacts").len(), 1);
    (house, run, person)
}

// Watches: I38.
#[tokio::test]
async fn an_undo_whose_create_never_arrived_is_finished_by_the_next_one() {
    for side in Side::BOTH {
        let (house, run, _) = deleted(side).await;
        house.faults(&format!("reset-before@{}:POST:/contacts", side.other()));
        let cut_off = house.undo(run).await;
        assert_eq!(house.rows(side.other(), "contacts").len(), 1, "{side}: {:?}", cut_off.run);
        house.faults("");
        house.undo(run).await;
        assert_eq!(house.rows(side.other(), "contacts").len(), 2, "{side}");
        house.quiet_night().await;
    }
}

// Watches: I18.
#[tokio::test]
async fn who_was_deleted_is_not_made_again_where_somebody_has_that_email_or_phone_now() {
    for side in Side::BOTH {
        for key in [json!({ "email": "persona1@example.com" }), json!({ "phone": "+5491140000001" })] {
            let (house, run, _) = deleted(side).await;
            let mut newcomer = key.clone();
            newcomer["createdAt"] = json!(house.clock.now().to_string());
            let holder = house.contact(side.other(), &newcomer);
            let undone = house.undo(run).await;
            let detail = format!("contact {holder} has its e-mail or phone now: it is not made again");
            assert_eq!(reasons(&undone), [(HeldReason::DuplicateOf, detail.as_str())], "{key}");
            assert_eq!((house.writes(), said(&undone)), (vec![], vec![]));
        }
    }
}

#[tokio::test]
async fn who_was_deleted_is_made_again_beside_a_double_from_before_and_one_that_cannot_be_read() {
    let (house, person) = linked(Plot::extended().with_settings(PROPAGATE)).await;
    house.person(2);
    house.good_night().await;
    // Before the run by more than clocks may differ.
    let before = house.clock.now().checked_sub(jiff::SignedDuration::from_hours(48)).unwrap().to_string();
    house.contact(Side::Cliengo, &json!({ "name": "Doble", "email": "persona1@example.com", "createdAt": before }));
    house.remove(Side::Ghl, &person);
    let run = run_of_a_night(&house).await;
    let unreadable = house.contact(Side::Cliengo, &json!({ "name": "Ilegible", "email": "otra@example.com" }));
    let unreadable = Person { cliengo: unreadable, ghl: String::new() };
    house.change(Side::Cliengo, &unreadable, &json!({ "phone": { "number": 42 } }));
    let undone = house.undo(run).await;
    assert_eq!(shown(&undone), ["cliengo contact create"]);
    assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 4);
}

#[tokio::test]
async fn who_was_deleted_waits_where_it_cannot_be_read_who_came_since() {
    for (side, fault) in [(Side::Ghl, "no-array@cliengo:READ*"), (Side::Cliengo, "status=400@ghl:GET:/duplicate*")] {
        let (house, run, _) = deleted(side).await;
        house.faults(fault);
        let undone = house.undo(run).await;
        assert_eq!((held(&undone), house.writes()), (vec![HeldReason::Unlisted], vec![]));
        let detail = &undone.plan.held[0].detail;
        assert!(detail.starts_with("who has its e-mail or phone now could not be read: "), "{detail}");
    }
}

#[tokio::test]
async fn who_was_deleted_comes_back_with_what_went_and_what_cannot_come_is_counted() {
    for side in Side::BOTH {
        let (house, run, person) = deleted(side).await;
        let undone = house.undo(run).await;
        let title = side.other().title();
        let made = &undone.plan.operations[0];
        assert_eq!(
            (made.ids.of(side), made.ids.of(side.other())),
            (Some(person.on(side)), None),
            "who is made has no id"
        );
        let tags = |change: &Change| matches!(change, Change::Tags { added, .. } if added.as_slice() == ["cliente"]);
        let changes = undone.plan.operations.iter().flat_map(|made| &made.changes);
        assert_eq!(changes.filter(|change| tags(change)).count(), 1, "shown once");
        let [told] = said(&undone)[..] else { panic!("{:?}", said(&undone)) };
        let begins = format!(
            "{title} does not bring a deleted contact back: it is made again as a new one, with 1 task and 2 notes as they \
             were."
        );
        assert!(told.starts_with(&begins), "{told}");
        assert_eq!(house.rows(side.other(), "notes").len(), 3);
    }
}

/// The tags of the contact that an undo made again in Cliengo.
fn tags_of_remade(house: &House) -> Value {
    let rows = house.rows(Side::Cliengo, "contacts");
    rows.iter().find(|row| row["email"] == "persona1@example.com").unwrap()["tags"].clone()
}

#[tokio::test]
async fn tags_of_who_was_made_again_follow_in_the_next_undo_where_they_were_refused() {
    let (house, run, _) = deleted(Side::Ghl).await;
    house.faults("status=400@cliengo:POST:/tags");
    house.undo(run).await;
    house.faults("");
    house.quiet_night().await;
    let undone = house.undo(run).await;
    assert_eq!(shown(&undone), ["cliengo contact tag"]);
    assert_eq!(tags_of_remade(&house), json!(["cliente"]));
    house.quiet_night().await;
}

#[tokio::test]
async fn tags_that_are_refused_again_are_not_removed_where_they_stood() {
    for fault in ["status=400", "reset-before", "reset-after-write"] {
        let (house, run, person) = deleted(Side::Ghl).await;
        for fault in ["status=400", fault] {
            house.faults(&format!("{fault}@cliengo:POST:/tags*"));
            house.undo(run).await;
        }
        house.faults("");
        let set = json!({ "firstName": "Persona", "email": "persona1@example.com", "tags": ["cliente"] });
        house.edit(Side::Ghl, EditOp::Create, EditKind::Contact, None, Some(&person.ghl), &set);
        for _ in 0..9 {
            house.night().await;
        }
        house.quiet_night().await;
        assert_eq!(house.row(Side::Ghl, &person)["tags"], json!(["cliente"]), "{fault}");
    }
}

#[tokio::test]
async fn who_is_restored_without_a_tag_after_an_undo_loses_it_on_both_sides() {
    let (house, run, person) = deleted(Side::Ghl).await;
    house.undo(run).await;
    assert_eq!(tags_of_remade(&house), json!(["cliente"]));
    let set = json!({ "firstName": "Persona", "email": "persona1@example.com" });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Contact, None, Some(&person.ghl), &set);
    for _ in 0..9 {
        house.night().await;
    }
    house.quiet_night().await;
    assert_eq!(house.row(Side::Ghl, &person)["tags"], json!([]));
    assert_eq!(tags_of_remade(&house), json!([]));
}

#[tokio::test]
async fn who_cannot_be_read_is_not_made_again() {
    for side in Side::BOTH {
        let (house, run, person) = deleted(side).await;
        let other = side.other();
        house.faults(&format!("status=400@{other}:GET:/contacts/{}*", person.on(other)));
        let undone = house.undo(run).await;
        assert_eq!((house.writes(), held(&undone), said(&undone)), (vec![], vec![HeldReason::Unlisted], vec![]));
        let (house, run, person) = deleted_task(side).await;
        // The contact is asked for first.
        house.faults(&format!("status=400@{other}:GET:/contacts/{}#2", person.on(other)));
        let undone = house.undo(run).await;
        assert_eq!((house.writes(), held(&undone)), (vec![], vec![HeldReason::Unlisted]));
    }
}

#[tokio::test]
async fn who_was_brought_back_already_is_not_made_again() {
    let (house, run, person) = deleted(Side::Cliengo).await;
    let set = json!({ "firstName": "Persona", "email": "persona1@example.com" });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Contact, None, Some(&person.ghl), &set);
    let undone = house.undo(run).await;
    assert_eq!((house.writes(), reasons(&undone), said(&undone)), (vec![], vec![], vec![]));
}

#[tokio::test]
async fn a_mapped_field_of_a_contact_in_cliengo_has_to_be_set_by_hand() {
    let map = "[[pair.house.map]]\ncliengo = \"leadFields.origen\"\nghl = \"customFields.origen\"\n\
               direction = \"to_ghl\"\n";
    let house = House::build(&Plot::extended().with_settings(&format!("{PROPAGATE}{map}"))).await;
    let person = house.person(1);
    house.person(2);
    house.change(Side::Cliengo, &person, &json!({ "leadFields": { "origen": "Web" } }));
    house.good_night().await;
    house.quiet_night().await;
    house.remove(Side::Ghl, &person);
    let run = run_of_a_night(&house).await;
    let undone = house.undo(run).await;
    let told = said(&undone);
    assert!(told.iter().any(|told| told.contains("origen (Web) has to be set by hand")), "{told:?}");
    assert!(with_email(&house, Side::Cliengo, "persona1@example.com").is_some());
}

/// A task that a night deleted on the other side.
async fn deleted_task(side: Side) -> (House, i64, Person) {
    let (house, person) = linked(Plot::extended()).await;
    let task = house.task(side, &person, "Llamar");
    house.good_night().await;
    house.remove_child(side, EditKind::Task, &person, &task);
    // Rule 53: gone after two looks.
    house.quiet_night().await;
    let run = run_of_a_night(&house).await;
    assert_eq!(house.rows(side.other(), "tasks"), [] as [Value; 0]);
    (house, run, person)
}

#[tokio::test]
async fn a_task_whose_contact_is_gone_or_cannot_be_read_is_not_made_again() {
    for side in Side::BOTH {
        let (house, run, person) = deleted_task(side).await;
        let other = side.other();
        // The contact is asked for first.
        house.faults(&format!("status=400@{other}:GET:/contacts/{}#1", person.on(other)));
        let unread = house.undo(run).await;
        assert_eq!(held(&unread), [HeldReason::Unlisted]);
        assert!(unread.plan.held[0].detail.starts_with("its contact could not be read: "), "{:?}", unread.plan.held);
        house.faults("");
        house.remove(other, &person);
        let gone = house.undo(run).await;
        let why = (HeldReason::EditedSince, "its contact was removed since: it is not made again");
        assert_eq!(reasons(&gone), [why]);
        assert_eq!(house.writes(), []);
    }
}

#[tokio::test]
async fn a_task_that_an_undo_may_have_made_again_is_looked_for_first() {
    for side in Side::BOTH {
        let (house, run, _) = deleted_task(side).await;
        let other = side.other();
        let silent: Vec<String> = (2..=12).map(|call| format!("status=503@{other}:GET:/tasks#{call}")).collect();
        house.faults(&format!("reset-after-write@{other}:POST:/tasks#1,{}", silent.join(",")));
        house.undo(run).await;
        assert_eq!(house.rows(other, "tasks").len(), 1);
        house.faults("");
        let _ =
            house.try_undo(run, &concord::run::Consent::default(), tokio_util::sync::CancellationToken::new()).await;
        assert_eq!(house.rows(other, "tasks").len(), 1);
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn what_was_undone_stays_undone_on_a_full_night() {
    for side in Side::BOTH {
        let (mut house, person) = linked(Plot::extended()).await;
        let task = house.task(side, &person, "Llamar");
        house.good_night().await;
        let due = json!({ "dueDate": "2026-12-28T15:00:00.000Z" });
        house.edit_child(side, EditKind::Task, &person, &task, &due);
        let run = run_of_a_night(&house).await;
        let undone = house.undo(run).await;
        assert_eq!(shown(&undone), [format!("{} task update", side.other())]);
        assert_eq!(undone.plan.operations[0].contact, "Persona Prueba1");
        house.quiet_night().await;
        // Rule 61: what undo took back is not done again by a full comparison.
        house.mode = Mode::Full;
        house.quiet_night().await;
        let due = |side: Side| house.rows(side, "tasks")[0][due_key(side)].as_str().unwrap()[..10].to_owned();
        assert_eq!((due(side), due(side.other())), ("2026-12-28".to_owned(), "2026-12-24".to_owned()));
    }
}

/// What a side calls the date of a task.
const fn due_key(side: Side) -> &'static str {
    match side {
        Side::Cliengo => "due_date",
        Side::Ghl => "dueDate",
    }
}

#[tokio::test]
async fn a_mapped_field_of_a_contact_in_ghl_comes_back_with_it() {
    let map = "[[pair.house.map]]\ncliengo = \"leadFields.origen\"\nghl = \"customFields.origen\"\n\
               direction = \"to_ghl\"\n";
    let house = House::build(&Plot::extended().with_settings(&format!("{PROPAGATE}{map}"))).await;
    let person = house.person(1);
    house.person(2);
    house.change(Side::Cliengo, &person, &json!({ "leadFields": { "origen": "Web" } }));
    house.good_night().await;
    house.remove(Side::Cliengo, &person);
    let run = run_of_a_night(&house).await;
    let undone = house.undo(run).await;
    assert!(!said(&undone).iter().any(|said| said.contains("origen")), "{:?}", said(&undone));
    let rows = house.rows(Side::Ghl, "contacts");
    let back = rows.iter().find(|row| row["email"] == "persona1@example.com").unwrap();
    assert_eq!(back["customFields"][0]["value"], "Web");
}
