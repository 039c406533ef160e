//! What somebody does to a contact that is about to be deleted, seen or unseen by our fields: it stays. (`semantics` 59)

use std::sync::Arc;

use concord::reconcile::HeldReason;
use concord::record::{Action, Kind, Side};
use concord::run::{Finished, OperationOutcome};
use concord::sandbox::{Edit, EditKind, EditOp};
use serde_json::{Value, json};

use crate::house::{House, Person, Plot, count, held, outcomes};
use crate::proxy::{self, Rewrite};

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

async fn linked() -> (House, Person) {
    let house = House::build(&Plot::extended().with_settings(PROPAGATE)).await;
    let person = house.person(1);
    house.person(2);
    house.good_night().await;
    house.quiet_night().await;
    (house, person)
}

/// Edits in fields that no field of ours shows, by side.
fn unmapped() -> Vec<(Side, Value)> {
    vec![
        (Side::Ghl, json!({ "address1": "Av. Inventada 100" })),
        (Side::Ghl, json!({ "source": "Expo Campo" })),
        (Side::Ghl, json!({ "customFields": { "presupuesto": 1 } })),
        (Side::Ghl, json!({ "additionalPhones": ["+5491155559999"] })),
        (Side::Cliengo, json!({ "leadFields": { "zona": "Norte" } })),
        (Side::Cliengo, json!({ "rating": 4 })),
    ]
}

fn is_there(house: &House, side: Side, person: &Person) -> bool {
    house.rows(side, "contacts").iter().any(|row| row["id"] == person.on(side))
}

/// The survivor is there, and its counterpart is there again.
fn came_back(house: &House, survivor: Side, person: &Person, finished: &Finished) {
    assert!(is_there(house, survivor, person), "the survivor stays");
    assert_eq!(count(finished, Kind::Contact, Action::Delete), 0);
    assert_eq!(count(finished, Kind::Contact, Action::Create), 1, "an edit beats a delete");
    assert_eq!(house.rows(survivor.other(), "contacts").len(), 2);
}

#[tokio::test]
async fn an_edit_of_a_field_that_is_not_mapped_beats_a_delete() {
    for (survivor, set) in unmapped() {
        let (house, person) = linked().await;
        house.change(survivor, &person, &set);
        house.remove(survivor.other(), &person);
        let finished = house.good_night().await;
        came_back(&house, survivor, &person, &finished);
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_value_that_lists_always_show_otherwise_stops_a_delete_for_two_days_and_no_longer() {
    let mut house = House::build(&Plot::extended().with_settings(PROPAGATE)).await;
    house.strict = false;
    let (person, _) = (house.person(1), house.person(2));
    house.change(Side::Cliengo, &person, &json!({ "message": "Hola, ¿cuánto sale?" }));
    let cut: Rewrite = Arc::new(|line, mut answer| {
        if line.starts_with("GET /cliengo/1.0/contacts?") {
            let rows = answer["results"].as_array_mut().unwrap();
            rows.iter_mut().for_each(|row| row["message"] = json!("Hola…"));
        }
        Ok(answer)
    });
    house.urls.cliengo = proxy::before(&house.sandbox.cliengo_url(), cut).await;
    house.good_night().await;
    house.remove(Side::Ghl, &person);
    for night in 1..=2 {
        let finished = house.night().await;
        assert_eq!(outcomes(&finished), [OperationOutcome::SkippedStale], "night {night}");
        assert!(is_there(&house, Side::Cliengo, &person), "night {night}");
    }
    house.good_night().await;
    assert!(!is_there(&house, Side::Cliengo, &person));
    house.quiet_night().await;
}

#[tokio::test]
async fn an_edit_since_our_own_write_beats_a_delete() {
    for (survivor, set) in unmapped() {
        let (house, person) = linked().await;
        house.change(survivor.other(), &person, &json!({ "phone": "+5491155550001" }));
        house.good_night().await;
        house.change(survivor, &person, &set);
        house.remove(survivor.other(), &person);
        let finished = house.good_night().await;
        came_back(&house, survivor, &person, &finished);
    }
}

#[tokio::test]
async fn an_edit_since_a_first_sync_that_wrote_beats_a_delete() {
    for (survivor, set) in unmapped() {
        let house = House::build(&Plot::extended().with_settings(PROPAGATE)).await;
        let person = house.person(1);
        house.person(2);
        house.tag(survivor.other(), EditOp::Create, &person, "vip");
        house.good_night().await;
        house.change(survivor, &person, &set);
        house.remove(survivor.other(), &person);
        let finished = house.good_night().await;
        came_back(&house, survivor, &person, &finished);
    }
}

#[tokio::test]
async fn our_own_write_is_no_edit_that_beats_a_delete() {
    for survivor in Side::BOTH {
        let (house, person) = linked().await;
        house.change(survivor.other(), &person, &json!({ "phone": "+5491155550001" }));
        house.tag(survivor.other(), EditOp::Create, &person, "vip");
        house.good_night().await;
        house.remove(survivor.other(), &person);
        let finished = house.good_night().await;
        assert_eq!(count(&finished, Kind::Contact, Action::Delete), 1, "{survivor}");
        assert!(!is_there(&house, survivor, &person));
        house.quiet_night().await;
    }
}

/// Somebody whom the last night created on `side`.
async fn created(side: Side) -> (House, Person) {
    let (house, _) = linked().await;
    let name = if side == Side::Cliengo { "firstName" } else { "name" };
    let source = house.contact(side.other(), &json!({ name: "Nueva", "email": "nueva@example.com" }));
    house.good_night().await;
    let rows = house.rows(side, "contacts");
    let made = rows.iter().find(|row| row["email"] == "nueva@example.com").unwrap()["id"].as_str().unwrap().to_owned();
    let (cliengo, ghl) = if side == Side::Ghl { (source, made) } else { (made, source) };
    (house, Person { cliengo, ghl })
}

#[tokio::test]
async fn an_edit_of_a_contact_that_the_last_night_created_beats_a_delete() {
    for (survivor, set) in unmapped() {
        let (house, person) = created(survivor).await;
        house.change(survivor, &person, &set);
        house.remove(survivor.other(), &person);
        let finished = house.good_night().await;
        assert!(is_there(&house, survivor, &person), "{set}");
        assert_eq!(count(&finished, Kind::Contact, Action::Create), 1, "{set}");
    }
}

#[tokio::test]
async fn a_contact_that_the_last_night_created_and_nobody_touched_goes_with_its_source() {
    for survivor in Side::BOTH {
        let (house, person) = created(survivor).await;
        house.remove(survivor.other(), &person);
        house.good_night().await;
        assert!(!is_there(&house, survivor, &person), "{survivor}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn an_edit_that_was_seen_in_a_night_without_the_other_side_is_not_forgotten() {
    for (survivor, set) in unmapped() {
        let (house, person) = linked().await;
        house.change(survivor, &person, &set);
        house.remove(survivor.other(), &person);
        // That night it cannot be told whether it is gone.
        house.faults(&format!("status=500@{}:GET:/contacts/{}*", survivor.other(), person.on(survivor.other())));
        house.night().await;
        house.faults("");
        let finished = house.good_night().await;
        came_back(&house, survivor, &person, &finished);
    }
}

fn meanwhile(side: Side, op: EditOp, kind: EditKind, person: &Person, set: &Value) -> Edit {
    let contact = Some(person.on(side).to_owned());
    Edit { side, op, kind, contact, id: None, set: set.as_object().cloned().unwrap_or_default() }
}

#[tokio::test]
async fn a_task_or_note_that_is_added_after_the_listing_keeps_its_contact() {
    for survivor in Side::BOTH {
        for kind in [EditKind::Note, EditKind::Task] {
            let (house, person) = linked().await;
            house.remove(survivor.other(), &person);
            let set = match kind {
                EditKind::Note => json!({ "body": "Llamó recién" }),
                _ => json!({ "title": "Volver a llamar", "dueDate": "2026-12-24T15:00:00.000Z" }),
            };
            let edit = meanwhile(survivor, EditOp::Create, kind, &person, &set);
            let (finished, edited) = tokio::join!(house.night(), house.edit_meanwhile(&edit));
            edited.unwrap();
            assert_eq!(outcomes(&finished), [OperationOutcome::SkippedStale], "{survivor} {kind:?}");
            assert_eq!(house.writes(), []);
            let next = house.night().await;
            assert_eq!(held(&next), [HeldReason::DirtyChild], "{survivor} {kind:?}");
            assert!(is_there(&house, survivor, &person));
            let kinds = if kind == EditKind::Note { "notes" } else { "tasks" };
            assert_eq!(house.children(survivor, kinds, person.on(survivor)).len(), 1);
        }
    }
}

#[tokio::test]
async fn a_note_that_is_edited_after_the_listing_keeps_its_contact() {
    for survivor in Side::BOTH {
        let (house, person) = linked().await;
        for side in Side::BOTH {
            house.note(side, &person, "Pidió precio");
        }
        house.good_night().await;
        let note = house.only(survivor, "notes");
        house.remove(survivor.other(), &person);
        let set = json!({ "body": "Pidió otro precio" });
        let edit = Edit { id: Some(note), ..meanwhile(survivor, EditOp::Update, EditKind::Note, &person, &set) };
        let (finished, edited) = tokio::join!(house.night(), house.edit_meanwhile(&edit));
        edited.unwrap();
        assert_eq!(outcomes(&finished), [OperationOutcome::SkippedStale], "{survivor}");
        assert!(is_there(&house, survivor, &person));
        assert_eq!(held(&house.night().await), [HeldReason::DirtyChild], "{survivor}");
    }
}

#[tokio::test]
async fn a_field_that_is_edited_after_the_listing_keeps_its_contact() {
    for (survivor, set) in unmapped() {
        let (house, person) = linked().await;
        house.remove(survivor.other(), &person);
        let edit = meanwhile(survivor, EditOp::Update, EditKind::Contact, &person, &set);
        let (finished, edited) = tokio::join!(house.night(), house.edit_meanwhile(&edit));
        edited.unwrap();
        assert_eq!(outcomes(&finished), [OperationOutcome::SkippedStale], "{survivor} {set}");
        let finished = house.good_night().await;
        came_back(&house, survivor, &person, &finished);
    }
}

#[tokio::test]
async fn a_contact_whose_tasks_or_notes_cannot_be_listed_again_is_not_deleted() {
    for survivor in Side::BOTH {
        let (house, person) = linked().await;
        house.remove(survivor.other(), &person);
        house.faults(&format!("status=403@{survivor}:GET:/contacts/{}/notes#2", person.on(survivor)));
        house.night().await;
        assert_eq!(house.writes(), [], "{survivor}");
        assert!(is_there(&house, survivor, &person));
        house.faults("");
        house.good_night().await;
        assert!(!is_there(&house, survivor, &person));
    }
}

#[tokio::test]
async fn an_undo_leaves_a_contact_in_which_somebody_edited_any_field() {
    for (side, set) in unmapped() {
        let (house, person) = created(side).await;
        house.change(side, &person, &set);
        let undone = house.undo(3).await;
        assert_eq!(held(&undone), [HeldReason::EditedSince], "{set}");
        let key = set.as_object().unwrap().keys().next().unwrap().clone();
        assert!(undone.plan.held[0].detail.contains(&key), "{}", undone.plan.held[0].detail);
        assert_eq!(house.writes(), [], "{set}");
        assert!(is_there(&house, side, &person));
    }
}

#[tokio::test]
async fn an_undo_removes_a_contact_that_nobody_edited() {
    for side in Side::BOTH {
        let (house, person) = created(side).await;
        let undone = house.undo(3).await;
        assert_eq!(outcomes(&undone), [OperationOutcome::Applied], "{side}");
        assert!(!is_there(&house, side, &person));
        house.quiet_night().await;
    }
}
